// SPDX-License-Identifier: Apache-2.0
/* http/op_codes.c - item codes: batches, binding, packing, scans.
 *
 * A code comes in as its symbols in any spelling, or as the address that a phone read off
 * the label (its last segment counts). It is deciphered here; core sees numbers alone. A
 * mistyped code is told so without asking the cell: the check symbol is no secret.         */
#include <string.h>

#include "base/num.h"
#include "core/code/code.h"
#include "core/play/play.h"
#include "http/app_int.h"

#define CODE_TEXT_MAX 512u /* an address */
#define CALLER_MAX 128u
#define CHILDREN_MAX 1000u

/* ---- codes ----------------------------------------------------------------------------------- */

/* "https://shop.example/01/06901234567892/21/4ZQ9..?utm=x" -> "4ZQ9.." */
static struct tb_str last_segment(struct tb_str s)
{
    uint32_t end = 0;
    while (end < s.n && s.p[end] != '?' && s.p[end] != '#')
        end++;
    while (end > 0 && s.p[end - 1] == '/')
        end--;
    uint32_t from = end;
    while (from > 0 && s.p[from - 1] != '/')
        from--;
    return (struct tb_str){s.p + from, end - from};
}

static bool spell(struct tb_work *w, const char *field, struct tb_str text, char code[TB_SERIAL_SYMBOLS])
{
    static const char *const why[] = {
        [TB_SERIAL_SYMBOL] = "Characters that no code has.",
        [TB_SERIAL_LENGTH] = "A code has 15 symbols.",
        [TB_SERIAL_CHECK] = "The code is mistyped.",
    };
    enum tb_serial_answer a = tb_serial_spell(last_segment(text), code);
    if (a != TB_SERIAL_READ)
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, field, why[a]);
    return a == TB_SERIAL_READ;
}

static struct tb_code_ref decode(struct tb_work *w, const char *field, struct tb_str text)
{
    char code[1][TB_SERIAL_SYMBOLS];
    struct tb_serial serial;
    struct tb_serial_coder own, *c;
    if (text.n == 0 || !spell(w, field, text, code[0]))
        return (struct tb_code_ref){0, 0};
    c = tb_coder_begin(w, &own);
    tb_serial_decode(c, (const char(*)[TB_SERIAL_SYMBOLS])code, 1, &serial);
    tb_coder_end(c, &own);
    return (struct tb_code_ref){serial.batch, serial.serial};
}

struct tb_code_ref tb_item_code(struct tb_work *w, const char *field, struct tb_str text)
{
    return decode(w, field, text);
}

static struct tb_code_ref need_code(struct tb_work *w, struct tb_json_object *o, const char *name)
{
    return decode(w, name, tb_json_need_str(o, tb_str_of(name), 1, CODE_TEXT_MAX));
}

/* ---- ranges -------------------------------------------------------------------------------------- */

/* {"batch","from","n"} or {"parent": code} */
static void read_target(struct tb_work *w, struct tb_json_object *o, struct tb_code_target *t)
{
    struct tb_str parent = tb_may_str(o, "parent", CODE_TEXT_MAX);
    t->batch = tb_may_str(o, "batch", TB_CODE_MAX);
    t->from = (uint64_t)tb_may_i64(o, "from", 0, UINT32_MAX, 0);
    t->n = (uint64_t)tb_may_i64(o, "n", 1, UINT32_MAX, 0);
    if (parent.n > 0)
        t->parent = decode(w, "parent", parent);
    if ((parent.n > 0) == (t->n > 0))
        tb_refusal_set(w->refusal, TB_PROBLEM_MISSING_FIELD, "n", "Either batch, from and n, or parent.");
}

static void bind_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_codes_bind *in = w->input;
    read_target(w, o, &in->target);
    in->product = tb_may_str(o, "product", TB_CODE_MAX);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    in->associate = tb_may_str(o, "associate", TB_CODE_MAX);
    in->region = tb_may_str(o, "region", TB_NAME_MAX);
    in->campaign = tb_may_str(o, "campaign", TB_CODE_FIELD_MAX);
    in->lot = tb_may_str(o, "lot", TB_CODE_FIELD_MAX);
    in->activate = tb_may_bool(o, "activate");
}

static void move_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_codes_move *in = w->input;
    read_target(w, o, &in->target);
    in->verb = TB_CODE_ACTIVATE + tb_json_need_enum(o, TB_STR("verb"), tb_words_code_verb + 1, 4);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void reached_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "codes", (int64_t)tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

/* ---- packing --------------------------------------------------------------------------------------- */

/* "children": codes, or ranges {"batch","from","n"}; one or the other. */
static const struct tb_code_children *read_children(struct tb_work *w, struct tb_json_object *o, uint32_t *n)
{
    struct tb_json_array codes;
    struct tb_json_array ranges;
    struct tb_json_object r;
    struct tb_str text;
    bool by_code = tb_json_may_array(o, TB_STR("children"), 1, CHILDREN_MAX, &codes);
    bool by_range = tb_json_may_array(o, TB_STR("ranges"), 1, CHILDREN_MAX, &ranges);
    uint32_t most = (by_code ? codes.n : 0) + (by_range ? ranges.n : 0);
    struct tb_code_children *c = TB_NEW_ARRAY(w->arena, struct tb_code_children, most + 1);
    *n = 0;
    if (c == NULL) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "children");
        return NULL;
    }
    while (by_code && *n < most && tb_json_next_str(&codes, 1, CODE_TEXT_MAX, &text)) {
        struct tb_code_ref ref = decode(w, "children", text);
        c[(*n)++] = (struct tb_code_children){ref.batch, ref.serial, 1, 0};
    }
    while (by_range && *n < most && tb_json_next_object(&ranges, &r)) {
        uint32_t batch =
            tb_work_id(w, TB_KIND_CODE_BATCH, tb_json_need_str(&r, TB_STR("batch"), 1, TB_CODE_MAX));
        c[*n].batch = batch == UINT32_MAX ? 0 : batch;
        c[*n].from = (uint32_t)tb_json_need_i64(&r, TB_STR("from"), 0, UINT32_MAX - 1);
        c[*n].n = (uint32_t)tb_json_need_i64(&r, TB_STR("n"), 1, UINT32_MAX);
        tb_json_end(&r);
        (*n)++;
    }
    return c;
}

static void pack_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_codes_pack *in = w->input;
    in->parent = need_code(w, o, "parent");
    in->child = read_children(w, o, &in->child_n);
}

static void unpack_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_codes_unpack *in = w->input;
    in->parent = need_code(w, o, "parent");
    in->child = read_children(w, o, &in->child_n);
}

static void receive_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_codes_receive *in = w->input;
    in->parent = need_code(w, o, "parent");
    in->store = tb_json_need_str(o, TB_STR("store"), 1, TB_CODE_MAX);
    in->associate = tb_may_str(o, "associate", TB_CODE_MAX);
}

static void package_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "children", (int64_t)tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

static void replace_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_replace *in = w->input;
    in->old = need_code(w, o, "old");
    in->fresh = need_code(w, o, "new");
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void nothing_write(struct tb_work *w, struct tb_json_out *o)
{
    (void)w;
    tb_json_out_open(o, '{');
    tb_json_out_close(o, '}');
}

/* ---- scans ------------------------------------------------------------------------------------------- */

static void scan_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_scan *in = w->input;
    bool given;
    in->code = need_code(w, o, "code");
    if (tb_json_has(o, TB_STR("identifiers")))
        in->identifier = tb_read_identifiers(w, o, &in->identifier_n);
    struct tb_str caller = tb_may_str(o, "caller", CALLER_MAX);
    if (caller.n > 0)
        in->caller = tb_siphash(&w->app->hash_key, caller.p, caller.n);
    else if (in->identifier_n > 0)
        in->caller = in->identifier[0].key[0];
    in->occurred_ms = tb_read_occurred(w, o, &given);
    in->touchpoint = tb_may_str(o, "touchpoint", TB_CODE_MAX);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    in->region = tb_may_str(o, "region", TB_NAME_MAX);
}

static const char *const awards[TB_AWARDS] = {"no_campaign", "given",        "taken", "nobody",
                                              "outside",     "not_eligible", "limit", "refused"};

/* What the scan gave, or why nothing; nothing at all when no campaign is about the code. */
static void out_award(struct tb_work *w, struct tb_json_out *o, struct tb_str body)
{
    uint64_t why = tb_wire_u64(body, 21);
    struct tb_wire f = tb_wire_of(body);
    if (why == 0)
        return;
    tb_out_word(o, "award", awards, TB_AWARDS, why);
    tb_out_code(w, o, "game", TB_KIND_GAME, tb_wire_u64(body, 22));
    tb_json_out_key_open(o, "given", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 23)
            continue;
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        tb_out_id(w, o, "lot", TB_ID_LOT, tb_wire_u64(f.s, 3));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void scan_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[21];
    struct tb_str body = tb_work_answer(w);
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_word(o, "verdict", tb_words_scan, TB_SCAN_VERDICTS, v[1]);
    tb_out_word(o, "scene", tb_words_scene, TB_CODE_SCENES, v[19]);
    if (v[2] != 0) {
        tb_json_out_key_open(o, "member", '{');
        tb_out_id(w, o, "id", TB_ID_MEMBER, v[2]);
        tb_json_out_key_bool(o, "new", v[4] != 0);
        tb_json_out_close(o, '}');
    }
    tb_out_code(w, o, "product", TB_KIND_PRODUCT, v[10]);
    tb_out_text(o, "campaign", tb_wire_str(body, 11));
    if (v[8] != 0) {
        tb_json_out_key_open(o, "first", '{');
        tb_out_time(o, "at", (int64_t)v[5]);
        tb_out_code(w, o, "store", TB_KIND_STORE, v[6]);
        tb_out_code(w, o, "touchpoint", TB_KIND_TOUCHPOINT, v[7]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_key_i64(o, "scans", (int64_t)v[8]);
    tb_json_out_key_bool(o, "redeemed", v[14] != 0);
    tb_out_code(w, o, "credited_store", TB_KIND_STORE, v[12]);
    tb_out_code(w, o, "credited_associate", TB_KIND_ASSOCIATE, v[13]);
    tb_json_out_key_bool(o, "outside_region", v[15] != 0);
    out_award(w, o, body);
    tb_json_out_close(o, '}');
}

/* By a member who is signed in: herself, now; she is not told what the brand watches. */
static void my_scan_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_scan *in = w->input;
    struct tb_who who = {0};
    in->code = need_code(w, o, "code");
    tb_path_who(w, o, &who);
    in->member = who.profile;
    in->caller = tb_siphash(&w->app->hash_key, w->param[0].p, w->param[0].n);
    in->occurred_ms = w->now_ms;
    in->touchpoint = tb_may_str(o, "touchpoint", TB_CODE_MAX);
    in->region = tb_may_str(o, "region", TB_NAME_MAX);
}

static void my_scan_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[21];
    struct tb_str body = tb_work_answer(w);
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_word(o, "verdict", tb_words_scan, TB_SCAN_VERDICTS, v[1]);
    tb_out_word(o, "scene", tb_words_scene, TB_CODE_SCENES, v[19]);
    tb_out_code(w, o, "product", TB_KIND_PRODUCT, v[10]);
    tb_out_text(o, "campaign", tb_wire_str(body, 11));
    if (v[8] != 0)
        tb_out_time(o, "first_at", (int64_t)v[5]);
    tb_json_out_key_i64(o, "scans", (int64_t)v[8]);
    tb_json_out_key_bool(o, "redeemed", v[14] != 0);
    out_award(w, o, body);
    tb_json_out_close(o, '}');
}

static void redeem_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_redeem *in = w->input;
    in->code = need_code(w, o, "code");
    if (tb_json_has(o, TB_STR("member")))
        tb_read_who(w, o, TB_STR("member"), &in->who);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_get *in = w->input;
    in->code = decode(w, "code", tb_path_text(w, o, 0, TB_STR("code"), CODE_TEXT_MAX));
}

static void out_packages(struct tb_work *w, struct tb_json_out *o, struct tb_str body)
{
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_key_open(o, "packed_in", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 12)
            continue;
        tb_json_out_open(o, '{');
        tb_out_item_code(w, o, "code", tb_wire_u64(f.s, 2), tb_wire_u64(f.s, 3));
        tb_out_code(w, o, "received_by", TB_KIND_STORE, tb_wire_u64(f.s, 4));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    static const char *const states[] = {"blank", "bound", "active", "scanned", "redeemed"};
    struct tb_str body = tb_work_answer(w);
    uint64_t v[22];
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_code(w, o, "batch", TB_KIND_CODE_BATCH, v[1]);
    tb_json_out_key_i64(o, "serial", (int64_t)v[2]);
    tb_out_word(o, "state", states, TB_COUNT_OF(states), v[15] ? 4 : v[14] ? 3 : v[3]);
    tb_json_out_key_bool(o, "frozen", (v[4] & TB_CODE_IS_FROZEN) != 0);
    tb_json_out_key_bool(o, "void", (v[4] & TB_CODE_IS_VOID) != 0);
    tb_out_code(w, o, "product", TB_KIND_PRODUCT, v[6]);
    tb_out_code(w, o, "store", TB_KIND_STORE, v[7]);
    tb_out_code(w, o, "associate", TB_KIND_ASSOCIATE, v[8]);
    tb_out_text(o, "region", tb_wire_str(body, 9));
    tb_out_text(o, "campaign", tb_wire_str(body, 10));
    tb_out_text(o, "lot", tb_wire_str(body, 11));
    out_packages(w, o, body);
    tb_json_out_key_i64(o, "children", (int64_t)v[13]);
    if (v[14] != 0) {
        tb_json_out_key_open(o, "first", '{');
        tb_out_time(o, "at", (int64_t)v[16]);
        tb_out_id(w, o, "member", TB_ID_MEMBER, v[17]);
        tb_out_code(w, o, "store", TB_KIND_STORE, v[18]);
        tb_out_code(w, o, "touchpoint", TB_KIND_TOUCHPOINT, v[19]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_key_i64(o, "scans", (int64_t)v[20]);
    tb_json_out_key_bool(o, "by_others", v[21] != 0);
    tb_json_out_close(o, '}');
}

static void batch_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_batch_put *in = w->input;
    tb_read_put(w, o, &in->put);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->scene = tb_json_need_enum(o, TB_STR("scene"), tb_words_scene, TB_CODE_SCENES);
    in->level = tb_may_i64(o, "level", 0, TB_CODE_LEVELS_MAX - 1, 0);
    in->count = tb_json_need_i64(o, TB_STR("count"), 1, UINT32_MAX);
    in->divert_scans = tb_may_i64(o, "divert_scans", 0, 1000000, 0);
    in->divert_persons = tb_may_i64(o, "divert_persons", 0, TB_CODE_OUTSIDE_PERSONS, 0);
    in->divert_days = tb_may_i64(o, "divert_days", 0, 366, 0);
}

static void batch_get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_code_batch_get *in = w->input;
    in->batch = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->from = UINT64_MAX; /* figures alone */
}

static void batch_get_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view view;
    if (!tb_view_read(TB_KIND_CODE_BATCH, tb_wire_str(tb_work_answer(w), 2), w->arena, &view)) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
        return;
    }
    const struct tb_code_batch *b = view.head;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(&view, b->c.code));
    tb_json_out_key_i64(o, "version", b->c.version);
    tb_out_text(o, "name", tb_view_text(&view, b->c.name));
    tb_out_word(o, "scene", tb_words_scene, TB_CODE_SCENES, b->scene);
    tb_json_out_key_i64(o, "level", b->level);
    tb_json_out_key_i64(o, "count", (int64_t)b->count);
    tb_json_out_key_i64(o, "divert_scans", b->divert_scans);
    tb_json_out_key_i64(o, "divert_persons", b->divert_persons);
    tb_json_out_key_i64(o, "divert_days", b->divert_days);
    tb_out_time(o, "created_at", b->created_ms);
    tb_json_out_key_i64(o, "scans", (int64_t)b->scans);
    tb_json_out_key_i64(o, "scanned", (int64_t)b->firsts);
    tb_json_out_key_i64(o, "redeemed", (int64_t)b->redeemed);
    tb_json_out_key_i64(o, "outside_region", (int64_t)b->outside);
    tb_json_out_key_i64(o, "alarms", (int64_t)b->alarms);
    tb_json_out_close(o, '}');
}

/* The codes of from .. from + limit - 1. note: the first of them. */
#define LIST_MAX 1000

struct listed {
    int64_t from;
    int64_t limit;
};

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    struct listed *l = TB_NEW(w->arena, struct listed);
    struct tb_str from = tb_call_query_str(w->call, TB_STR("from"), 10);
    struct tb_str limit = tb_call_query_str(w->call, TB_STR("limit"), 4);
    batch_get_read(w, o);
    tb_assert(l != NULL);
    *l = (struct listed){0, 100};
    if (from.n > 0 && (!tb_str_to_i64(from, &l->from) || l->from < 0))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "from", NULL);
    if (limit.n > 0 && (!tb_str_to_i64(limit, &l->limit) || l->limit < 1 || l->limit > LIST_MAX))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "limit", NULL);
    w->note = l;
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view view;
    struct tb_serial_coder own, *c;
    const struct listed *l = w->note;
    struct tb_str body = tb_work_answer(w);
    if (!tb_view_read(TB_KIND_CODE_BATCH, tb_wire_str(body, 2), w->arena, &view)) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
        return;
    }
    int64_t count = (int64_t)((const struct tb_code_batch *)view.head)->count;
    int64_t until = l->from + l->limit < count ? l->from + l->limit : count;
    c = tb_coder_begin(w, &own);
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "codes", '[');
    for (int64_t at = l->from; at < until; at++) {
        char code[1][TB_SERIAL_SYMBOLS];
        struct tb_serial serial = {(uint32_t)tb_wire_u64(body, 1), (uint32_t)at};
        tb_serial_print(c, &serial, 1, code);
        tb_json_out_str(o, (struct tb_str){code[0], TB_SERIAL_SYMBOLS});
    }
    tb_json_out_close(o, ']');
    if (until < count && until > l->from)
        tb_json_out_key_i64(o, "next", until);
    tb_json_out_close(o, '}');
    tb_coder_end(c, &own);
}

TB_WORK(code_batch_put, TB_OP_CODE_BATCH_PUT, tb_cmd_code_batch_put, batch_read, tb_work_out_put);
TB_WORK(code_batch_get, TB_OP_CODE_BATCH_GET, tb_cmd_code_batch_get, batch_get_read, batch_get_write);
TB_WORK(codes_list, TB_OP_CODE_BATCH_GET, tb_cmd_code_batch_get, list_read, list_write);
TB_WORK(codes_bind, TB_OP_CODES_BIND, tb_cmd_codes_bind, bind_read, reached_write);
TB_WORK(codes_move, TB_OP_CODES_MOVE, tb_cmd_codes_move, move_read, reached_write);
TB_WORK(codes_pack, TB_OP_CODES_PACK, tb_cmd_codes_pack, pack_read, package_write);
TB_WORK(codes_unpack, TB_OP_CODES_UNPACK, tb_cmd_codes_unpack, unpack_read, package_write);
TB_WORK(codes_receive, TB_OP_CODES_RECEIVE, tb_cmd_codes_receive, receive_read, package_write);
TB_WORK(code_replace, TB_OP_CODE_REPLACE, tb_cmd_code_replace, replace_read, nothing_write);
TB_WORK(code_scan, TB_OP_CODE_SCAN, tb_cmd_code_scan, scan_read, scan_write);
TB_WORK(my_scan, TB_OP_CODE_SCAN, tb_cmd_code_scan, my_scan_read, my_scan_write);
TB_WORK(code_redeem, TB_OP_CODE_REDEEM, tb_cmd_code_redeem, redeem_read, nothing_write);
TB_WORK(code_get, TB_OP_CODE_GET, tb_cmd_code_get, get_read, get_write);
