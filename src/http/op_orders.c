// SPDX-License-Identifier: Apache-2.0
/* http/op_orders.c - orders, returns, cancellations.
 *
 * An order's facts get a fingerprint here (tb_order_facts): the same facts again are the
 * same order, whatever the spelling of the JSON or the Idempotency-Key.                  */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/membership/membership.h"
#include "core/order/order.h"
#include "http/app_int.h"

static const char *const states[] = {"paid", "part_returned", "returned", "cancelled"};

/* ---- fingerprints ------------------------------------------------------------------------------ */

/* What is fed is one stream of bytes with lengths; full buffers are chained. */
struct print {
    struct tb_hash_key key;
    uint64_t h;
    size_t n;
    uint8_t bytes[1024];
};

static void print_flush(struct print *p)
{
    struct tb_hash_key k = {p->key.k0 ^ p->h, p->key.k1 + p->h};
    p->h = tb_siphash(&k, p->bytes, p->n);
    p->n = 0;
}

static void print_bytes(struct print *p, const void *bytes, size_t n)
{
    const uint8_t *from = bytes;
    while (n > 0) {
        size_t room = sizeof p->bytes - p->n;
        size_t part = n < room ? n : room;
        memcpy(p->bytes + p->n, from, part);
        p->n += part;
        from += part;
        n -= part;
        if (p->n == sizeof p->bytes)
            print_flush(p);
    }
}

static void print_text(struct print *p, struct tb_str s)
{
    print_bytes(p, &s.n, sizeof s.n);
    print_bytes(p, s.p, s.n);
}

static uint64_t print_end(struct print *p)
{
    print_flush(p);
    return p->h ? p->h : 1;
}

uint64_t tb_order_facts(const struct tb_hash_key *key, const struct tb_cmd_order *in,
                        bool occurred_given)
{
    struct print p;
    const struct tb_str texts[] = {in->key,   in->receipt,   in->till,
                                   in->store, in->associate, in->touchpoint, in->currency};
    int64_t numbers[] = {in->profile,   in->channel,  occurred_given ? in->occurred_ms : 0,
                         in->line_n,    in->tender_n, in->identifier_n};
    p.key = *key;
    p.h = 1;
    p.n = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(texts); i++)
        print_text(&p, texts[i]);
    print_bytes(&p, numbers, sizeof numbers);
    for (uint32_t i = 0; i < in->identifier_n; i++) {
        uint64_t id[3] = {in->identifier[i].ns, in->identifier[i].key[0], in->identifier[i].key[1]};
        print_bytes(&p, id, sizeof id);
    }
    for (uint32_t i = 0; i < in->line_n; i++) {
        const struct tb_order_line_input *l = &in->line[i];
        int64_t line[3] = {l->quantity, l->net, l->gross == l->net ? 0 : l->gross};
        print_text(&p, l->sku);
        print_bytes(&p, line, sizeof line);
    }
    for (uint32_t i = 0; i < in->tender_n; i++) {
        int64_t tender[2] = {in->tender[i].kind, in->tender[i].amount};
        print_bytes(&p, tender, sizeof tender);
    }
    return print_end(&p);
}

uint64_t tb_return_facts(const struct tb_hash_key *key, const struct tb_cmd_return *in,
                         bool occurred_given)
{
    struct print p;
    int64_t numbers[] = {occurred_given ? in->occurred_ms : 0, in->line_n};
    p.key = *key;
    p.h = 2;
    p.n = 0;
    print_text(&p, in->order);
    print_text(&p, in->key);
    print_bytes(&p, numbers, sizeof numbers);
    for (uint32_t i = 0; i < in->line_n; i++) {
        int64_t line[3] = {in->line[i].line, in->line[i].quantity, in->line[i].net};
        print_text(&p, in->line[i].sku);
        print_bytes(&p, line, sizeof line);
    }
    return print_end(&p);
}

/* ---- an order -------------------------------------------------------------------------------------- */

struct order_note {
    struct tb_str key;
};

/* "quantity": pieces, or "quantity_milli": thousandths */
int64_t tb_read_quantity(struct tb_json_object *o, bool needed)
{
    int64_t n = 0;
    if (tb_json_may_i64(o, TB_STR("quantity_milli"), 1, TB_AMOUNT_MAX / 1000, &n)) {
        if (tb_json_has(o, TB_STR("quantity")))
            tb_json_refuse(o, TB_STR("quantity"), TB_PROBLEM_INVALID_VALUE,
                           "Give quantity or quantity_milli, not both.");
        return n;
    }
    if (needed || tb_json_has(o, TB_STR("quantity")))
        n = tb_json_need_i64(o, TB_STR("quantity"), 1, TB_AMOUNT_MAX / 1000000);
    return n * 1000;
}

static void read_lines(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in)
{
    struct tb_json_array lines = tb_json_need_array(o, TB_STR("lines"), 1, TB_ORDER_LINES_MAX);
    struct tb_order_line_input *line = TB_NEW_ARRAY(w->arena, struct tb_order_line_input, lines.n + 1);
    struct tb_json_object item;
    if (line == NULL) {
        tb_refusal_set(w->refusal, TB_PROBLEM_JSON_TOO_LARGE, NULL, NULL);
        return;
    }
    in->line = line;
    while (tb_json_next_object(&lines, &item)) {
        line->sku = tb_json_need_str(&item, TB_STR("sku"), 1, TB_CODE_MAX);
        line->quantity = tb_read_quantity(&item, true);
        line->net = tb_json_need_i64(&item, TB_STR("net"), 0, TB_AMOUNT_MAX);
        line->gross = tb_may_i64(&item, "gross", 0, TB_AMOUNT_MAX, 0);
        tb_json_end(&item);
        line++;
        in->line_n++;
    }
}

static void read_tenders(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!tb_json_may_array(o, TB_STR("tenders"), 1, TB_ORDER_TENDERS_MAX, &list))
        return;
    struct tb_order_tender_input *tender =
        TB_NEW_ARRAY(w->arena, struct tb_order_tender_input, list.n + 1);
    in->tender = tender;
    while (tender != NULL && tb_json_next_object(&list, &item)) {
        tender->kind = tb_json_need_enum(&item, TB_STR("kind"), tb_words_tender, TB_TENDER_KINDS);
        tender->amount = tb_json_need_i64(&item, TB_STR("amount"), 0, TB_AMOUNT_MAX);
        tb_json_end(&item);
        tender++;
        in->tender_n++;
    }
}

/* {"store","till","number"} -> "store/till/number" */
void tb_read_receipt(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in)
{
    struct tb_json_object r;
    struct tb_buf b;
    if (!tb_json_may_object(o, TB_STR("receipt"), &r))
        return;
    struct tb_str store = tb_json_need_str(&r, TB_STR("store"), 1, TB_CODE_MAX);
    struct tb_str till = tb_json_need_str(&r, TB_STR("till"), 1, TB_CODE_MAX);
    struct tb_str number = tb_json_need_str(&r, TB_STR("number"), 1, 60);
    tb_json_end(&r);
    size_t cap = (size_t)store.n + till.n + number.n + 2;
    void *region = tb_arena_alloc(w->arena, cap);
    tb_buf_init(&b, region, region ? cap : 0);
    tb_buf_str(&b, store);
    tb_buf_byte(&b, '/');
    tb_buf_str(&b, till);
    tb_buf_byte(&b, '/');
    tb_buf_str(&b, number);
    in->receipt = tb_buf_as_str(&b);
    in->till = till;
    if (in->receipt.n > 3 * TB_CODE_MAX)
        tb_json_refuse(o, TB_STR("receipt"), TB_PROBLEM_TOO_LONG, NULL);
}

void tb_read_buyer(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in)
{
    struct tb_json_object m;
    uint64_t profile = 0;
    if (tb_json_may_object(o, TB_STR("member"), &m)) {
        struct tb_str id = tb_json_need_str(&m, TB_STR("id"), 1, 32);
        tb_json_end(&m);
        if (w->refusal->problem == TB_PROBLEM_NONE &&
            !tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &profile))
            tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, "member");
        if (tb_json_has(o, TB_STR("identifiers")))
            tb_json_refuse(o, TB_STR("identifiers"), TB_PROBLEM_INVALID_VALUE,
                           "Give member or identifiers, not both.");
        in->profile = (uint32_t)profile;
        return;
    }
    in->identifier = tb_read_identifiers(w, o, &in->identifier_n);
}

static void order_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_order *in = w->input;
    struct order_note *note = TB_NEW(w->arena, struct order_note);
    bool given;
    in->key = tb_json_need_str(o, TB_STR("order"), 1, TB_ORDER_KEY_MAX);
    tb_read_receipt(w, o, in);
    tb_read_buyer(w, o, in);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    in->associate = tb_may_str(o, "associate", TB_CODE_MAX);
    in->touchpoint = tb_may_str(o, "touchpoint", TB_CODE_MAX);
    in->occurred_ms = tb_read_occurred(w, o, &given);
    (void)tb_json_may_str(o, TB_STR("currency"), 3, 3, &in->currency);
    read_lines(w, o, in);
    read_tenders(w, o, in);
    in->input_hash = tb_order_facts(&w->app->hash_key, in, given);
    if (note != NULL)
        note->key = in->key;
    w->note = note;
}

static void out_amounts(struct tb_work *w, struct tb_json_out *o, const char *key, bool clawed)
{
    struct tb_wire body = tb_wire_of(tb_work_answer(w));
    tb_json_out_key_open(o, key, '[');
    while (tb_wire_step(&body)) {
        if (body.field != 4)
            continue;
        uint64_t v[5];
        tb_wire_numbers(body.s, v, TB_COUNT_OF(v));
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "unit", TB_KIND_UNIT, v[1]);
        tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
        tb_json_out_key_i64(o, "available", tb_unzigzag(v[3]));
        tb_json_out_key_i64(o, clawed ? "shortfall" : "pending", (int64_t)v[4]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_tier(struct tb_work *w, struct tb_json_out *o, uint64_t scheme, uint64_t tier)
{
    const struct tb_known *k = scheme ? tb_work_object(w, TB_KIND_TIER_SCHEME, scheme) : NULL;
    if (k == NULL || tier == 0 || tier > k->part_n)
        return;
    tb_json_out_key_open(o, "tier", '{');
    tb_json_out_key_str(o, "scheme", k->code);
    tb_json_out_key_str(o, "code", k->part[tier - 1]);
    tb_json_out_close(o, '}');
}

static void out_person(struct tb_work *w, struct tb_json_out *o, uint64_t person, bool is_new)
{
    if (person == 0)
        return;
    tb_json_out_key_open(o, "member", '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, person);
    tb_json_out_key_bool(o, "new", is_new);
    tb_json_out_close(o, '}');
}

/* The fields of an order that was placed, within an open object. */
void tb_out_order_result(struct tb_work *w, struct tb_json_out *o, struct tb_str key)
{
    uint64_t v[8];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    if (key.n)
        tb_json_out_key_str(o, "order", key);
    tb_out_id(w, o, "id", TB_ID_ORDER, v[1]);
    out_person(w, o, v[2], v[7] != 0);
    out_amounts(w, o, "earned", false);
    out_tier(w, o, v[6], v[5]);
    tb_json_out_key_bool(o, "repeated", v[3] != 0);
}

static void order_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct order_note *note = w->note;
    tb_json_out_open(o, '{');
    tb_out_order_result(w, o, note != NULL ? note->key : TB_STR_NONE);
    tb_json_out_close(o, '}');
}

static struct tb_str order_text(const struct tb_view *v, uint32_t at, uint32_t n)
{
    if ((uint64_t)at + n > v->n[TB_ORDER_BYTES])
        return TB_STR_NONE;
    return (struct tb_str){(const char *)v->section[TB_ORDER_BYTES] + at, n};
}

/* ---- returns ----------------------------------------------------------------------------------------- */

static void return_line(struct tb_json_object *item, struct tb_return_line_input *line)
{
    int64_t index = TB_LINE_BY_SKU;
    line->sku = tb_may_str(item, "sku", TB_CODE_MAX);
    bool by_index = tb_json_may_i64(item, TB_STR("line"), 0, TB_ORDER_LINES_MAX - 1, &index);
    if (by_index == (line->sku.n > 0))
        tb_json_refuse(item, TB_STR("line"),
                       by_index ? TB_PROBLEM_INVALID_VALUE : TB_PROBLEM_MISSING_FIELD,
                       "Give line (its index in the order) or sku.");
    line->line = (uint32_t)index;
    line->quantity = tb_read_quantity(item, true);
    line->net = tb_may_i64(item, "net", 0, TB_AMOUNT_MAX, TB_NET_SHARE);
    tb_json_end(item);
}

void tb_read_return_lines(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_return *in)
{
    struct tb_json_object item;
    struct tb_json_array lines = tb_json_need_array(o, TB_STR("lines"), 1, TB_ORDER_LINES_MAX);
    struct tb_return_line_input *line =
        TB_NEW_ARRAY(w->arena, struct tb_return_line_input, lines.n + 1);
    in->line = line;
    while (line != NULL && tb_json_next_object(&lines, &item)) {
        return_line(&item, line++);
        in->line_n++;
    }
}

/* An order's code read out of its block, for a request whose path has its id; then the request itself. */
static void by_code(struct tb_work *w)
{
    struct tb_app *app = w->app;
    struct tb_call *call = w->call;
    struct tb_str packed = tb_wire_str(tb_work_answer(w), 2);
    struct tb_view v;
    void *region;
    char *code = NULL;
    if (tb_view_read_apart(TB_KIND_ORDER, packed, &region, &v)) {
        const struct tb_order *order = v.head;
        struct tb_str text = order_text(&v, order->key_at, order->key_n);
        code = tb_arena_alloc(w->arena, text.n + 1u);
        if (code != NULL)
            memcpy(code, text.p, text.n);
        call->param[0] = (struct tb_str){code, text.n};
    }
    free(region);
    tb_work_done(w);
    if (code == NULL)
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
    else
        tb_work_run(app, call);
}

void tb_op_order_acts(void *app, struct tb_call *call)
{
    static const struct tb_work_op find = {TB_OP_ORDER_GET, sizeof(struct tb_cmd_order_get), NULL, NULL, NULL, 0};
    uint64_t no;
    if (!tb_id_parse(&((struct tb_app *)app)->hash_key, TB_ID_ORDER, (uint32_t)call->who.tenant, call->param[0], &no)) {
        tb_work_run(app, call);
        return;
    }
    struct tb_cmd_order_get *in = TB_NEW(call->req->arena, struct tb_cmd_order_get);
    struct tb_work *w = in ? tb_work_new(app, call, &find) : NULL;
    if (in == NULL)
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
    if (w == NULL)
        return;
    in->no = no;
    w->job.command = (struct tb_command){TB_OP_ORDER_GET, w->tenant, (uint32_t)call->who.key, in};
    tb_work_submit(w, by_code);
}

static void return_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_return *in = w->input;
    bool given;
    in->order = tb_path_text(w, o, 0, TB_STR("order"), TB_ORDER_KEY_MAX);
    in->key = tb_json_need_str(o, TB_STR("return"), 1, TB_ORDER_KEY_MAX);
    in->occurred_ms = tb_read_occurred(w, o, &given);
    tb_read_return_lines(w, o, in);
    in->gifts_kept = tb_may_bool(o, "gifts_kept");
    in->input_hash = tb_return_facts(&w->app->hash_key, in, given);
    struct order_note *note = TB_NEW(w->arena, struct order_note);
    if (note != NULL)
        note->key = in->order;
    w->note = note;
}

static void return_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct order_note *note = w->note;
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    if (note != NULL)
        tb_json_out_key_str(o, "order", note->key);
    tb_out_id(w, o, "id", TB_ID_ORDER, tb_wire_u64(body, 1));
    tb_out_id(w, o, "return_id", TB_ID_RETURN, tb_wire_u64(body, 9));
    out_person(w, o, tb_wire_u64(body, 2), false);
    tb_json_out_key_i64(o, "net", tb_wire_i64(body, 8));
    out_amounts(w, o, "clawed_back", true);
    tb_json_out_key_bool(o, "repeated", tb_wire_u64(body, 3) != 0);
    tb_out_unwound(w, o);
    tb_json_out_close(o, '}');
}

static void cancel_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_order_cancel *in = w->input;
    in->order = tb_path_text(w, o, 0, TB_STR("order"), TB_ORDER_KEY_MAX);
    in->input_hash = tb_siphash(&w->app->hash_key, in->order.p, in->order.n);
    struct order_note *note = TB_NEW(w->arena, struct order_note);
    if (note != NULL)
        note->key = in->order;
    w->note = note;
}

/* ---- one order ------------------------------------------------------------------------------------------ */

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_order_get *in = w->input;
    (void)o;
    if (!tb_id_parse(&w->app->hash_key, TB_ID_ORDER, w->tenant, w->param[0], &in->no))
        in->order = tb_path_text(w, o, 0, TB_STR("order"), TB_ORDER_KEY_MAX);
}

/* GET /v1/me/orders/{order}: her own, whatever the path says. */
static void mine_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_order_get *in = w->input;
    (void)o;
    in->of = (uint32_t)w->call->who.person;
    if (!tb_id_parse(&w->app->hash_key, TB_ID_ORDER, w->tenant, w->param[1], &in->no)) /* [0] is herself */
        tb_work_no(w, TB_CODE_UNKNOWN_ORDER, "order");
}

/* The next product's name in the answer; "" when there is none. */
static struct tb_str next_name(struct tb_wire *f)
{
    while (tb_wire_step(f))
        if (f->field == 3)
            return f->s;
    return TB_STR_NONE;
}

static void out_quantity(struct tb_json_out *o, const char *whole, const char *milli, int64_t q)
{
    if (q % 1000 == 0)
        tb_json_out_key_i64(o, whole, q / 1000);
    else
        tb_json_out_key_i64(o, milli, q);
}

static void out_order_lines(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_order_line *line = v->section[TB_ORDER_LINE];
    struct tb_wire names = tb_wire_of(tb_work_answer(w));
    tb_json_out_key_open(o, "lines", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_LINE]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "sku",
                            line[i].product ? tb_work_name(w, TB_KIND_PRODUCT, line[i].product)
                                            : order_text(v, line[i].sku_at, line[i].sku_n));
        struct tb_str name = next_name(&names);
        if (name.n > 0)
            tb_json_out_key_str(o, "name", name);
        out_quantity(o, "quantity", "quantity_milli", line[i].quantity);
        tb_json_out_key_i64(o, "net", line[i].net);
        if (line[i].returned_quantity != 0) {
            out_quantity(o, "returned_quantity", "returned_quantity_milli",
                         line[i].returned_quantity);
            tb_json_out_key_i64(o, "returned_net", line[i].returned_net);
        }
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    const struct tb_order_tender *tender = v->section[TB_ORDER_TENDER];
    tb_json_out_key_open(o, "tenders", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_TENDER]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "kind", tb_words_tender, TB_TENDER_KINDS, tender[i].kind);
        tb_json_out_key_i64(o, "amount", tender[i].amount);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_order_history(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_order_earn *earn = v->section[TB_ORDER_EARN];
    tb_json_out_key_open(o, "earned", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_EARN]; i++) {
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "unit", TB_KIND_UNIT, earn[i].unit);
        tb_json_out_key_i64(o, "amount", earn[i].amount);
        tb_json_out_key_i64(o, "clawed_back", earn[i].clawed);
        tb_json_out_key_i64(o, "shortfall", earn[i].shortfall);
        tb_out_code(w, o, "rule", TB_KIND_RULE, earn[i].rule);
        tb_json_out_key_i64(o, "rule_version", earn[i].rule_version);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    const struct tb_order_return *r = v->section[TB_ORDER_RETURN];
    tb_json_out_key_open(o, "returns", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_RETURN]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "id", TB_ID_RETURN, r[i].no);
        tb_json_out_key_i64(o, "net", r[i].net);
        tb_out_time(o, "occurred_at", r[i].occurred_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* What a priced order got off, and by which offer. */
static void out_order_offers(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_order_effect *e = v->section[TB_ORDER_EFFECT];
    const struct tb_order_price *p = v->section[TB_ORDER_PRICE];
    if (v->n[TB_ORDER_PRICE] == 0)
        return;
    tb_json_out_key_i64(o, "shipping", p->shipping);
    tb_json_out_key_open(o, "offers", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_EFFECT]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "id", TB_ID_OFFER, e[i].offer);
        tb_out_code(w, o, "campaign", TB_KIND_CAMPAIGN, e[i].campaign);
        tb_json_out_key_i64(o, "version", e[i].version);
        tb_json_out_key_i64(o, "saving", e[i].saving);
        tb_json_out_key_i64(o, "saving_back", e[i].saving_back);
        if (e[i].coupon != 0)
            tb_out_id(w, o, "coupon", TB_ID_COUPON, e[i].coupon);
        tb_out_code(w, o, "gift_product", TB_KIND_PRODUCT, e[i].gift_product);
        tb_out_code(w, o, "gift_unit", TB_KIND_UNIT, e[i].gift_unit);
        if (e[i].gift_units != 0)
            tb_json_out_key_i64(o, "gift_units", e[i].gift_units);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* Gift cards that were sold on its receipt. */
static void out_order_cards(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_order_card *c = v->section[TB_ORDER_CARD];
    if (v->n[TB_ORDER_CARD] == 0)
        return;
    tb_json_out_key_open(o, "cards", '[');
    for (uint32_t i = 0; i < v->n[TB_ORDER_CARD]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "card", TB_ID_CARD, c[i].card);
        tb_out_code(w, o, "unit", TB_KIND_UNIT, c[i].unit);
        tb_json_out_key_i64(o, "amount", c[i].amount);
        tb_out_word(o, "tender", tb_words_tender, TB_TENDER_KINDS, c[i].tender);
        tb_json_out_key_bool(o, "returned", c[i].returned != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    tb_json_out_open(o, '{');
    if (!tb_view_read(TB_KIND_ORDER, tb_wire_str(body, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return;
    }
    const struct tb_order *order = v.head;
    tb_json_out_key_str(o, "order", order_text(&v, order->key_at, order->key_n));
    tb_out_id(w, o, "id", TB_ID_ORDER, tb_wire_u64(body, 1));
    tb_out_word(o, "state", states, TB_COUNT_OF(states), order->state);
    out_person(w, o, order->profile, false);
    tb_out_code(w, o, "store", TB_KIND_STORE, order->store);
    tb_out_code(w, o, "associate", TB_KIND_ASSOCIATE, order->associate);
    tb_out_code(w, o, "touchpoint", TB_KIND_TOUCHPOINT, order->touchpoint);
    tb_out_time(o, "occurred_at", order->occurred_ms);
    tb_out_time(o, "received_at", order->received_ms);
    tb_json_out_key_i64(o, "net", order->net);
    tb_json_out_key_i64(o, "returned_net", order->returned_net);
    out_order_lines(w, o, &v);
    out_order_history(w, o, &v);
    out_order_offers(w, o, &v);
    out_order_cards(w, o, &v);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}

TB_WORK(order, TB_OP_ORDER, tb_cmd_order, order_read, order_write);
TB_WORK(return, TB_OP_RETURN, tb_cmd_return, return_read, return_write);
TB_WORK(cancel, TB_OP_ORDER_CANCEL, tb_cmd_order_cancel, cancel_read, return_write);
TB_WORK(order_get, TB_OP_ORDER_GET, tb_cmd_order_get, get_read, get_write);
TB_WORK(my_order, TB_OP_ORDER_GET, tb_cmd_order_get, mine_read, get_write);
