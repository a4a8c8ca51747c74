// SPDX-License-Identifier: Apache-2.0
/* http/op_coupons.c - a member's coupons: claim, issue, void, give away, list; by staff and by herself.
 *
 * A coupon outside is "cpn_..": its lot. Templates are units (op_config.c); what a coupon is good for is said by
 * the campaigns that take it (op_promotion.c). Not here: using one (op_checkout.c). */
#include "base/num.h"
#include "core/promotion/commands.h"
#include "http/app_int.h"

#define CLAIM_CODE_MAX TB_CODE_MAX
#define CALLER_MAX 128u

static const char *const states[] = {"usable", "early", "locked", "expired"};

/* What may be a word may be a unique code as well: it is deciphered, and core tries the word first. Who guesses is
 * whom the caller names, else the member; she who is signed in names nobody. */
static void read_claim_code(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_coupon_claim *in)
{
    char code[1][TB_SERIAL_SYMBOLS];
    bool herself = (w->roles & 1u << TB_API_ROLE_MEMBER) != 0;
    struct tb_str who = herself ? TB_STR_NONE : tb_may_str(o, "caller", CALLER_MAX);
    if (who.n == 0 && w->param != NULL)
        who = w->param[0];
    in->caller = who.n ? tb_siphash(&w->app->hash_key, who.p, who.n) : 0;
    if (in->claim_code.n == 0 || tb_serial_spell(in->claim_code, code[0]) != TB_SERIAL_READ)
        return;
    struct tb_serial serial;
    struct tb_serial_coder own, *c = tb_coder_begin(w, &own);
    tb_serial_decode(c, (const char(*)[TB_SERIAL_SYMBOLS])code, 1, &serial);
    tb_coder_end(c, &own);
    in->serial = (struct tb_code_ref){serial.batch, serial.serial};
}

static void claim_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_claim *in = w->input;
    tb_path_who(w, o, &in->member);
    bool by_unit = tb_json_may_str(o, TB_STR("unit"), 1, TB_CODE_MAX, &in->unit);
    bool by_code = tb_json_may_str(o, TB_STR("claim_code"), 1, CLAIM_CODE_MAX, &in->claim_code);
    read_claim_code(w, o, in);
    if (by_unit == by_code)
        tb_json_refuse(o, by_unit ? TB_STR("claim_code") : TB_STR("unit"),
                       by_unit ? TB_PROBLEM_INVALID_VALUE : TB_PROBLEM_MISSING_FIELD,
                       "Give the template's unit or its claim_code.");
}

static void issue_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_issue *in = w->input;
    tb_path_who(w, o, &in->member);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

/* The coupon of the path; of a bulk line: of its field. */
static uint64_t read_coupon(struct tb_work *w, struct tb_json_object *o)
{
    uint64_t lot = 0;
    struct tb_str text = tb_path_text(w, o, 1, TB_STR("coupon"), 32);
    if (w->refusal->problem == TB_PROBLEM_NONE &&
        !tb_id_parse(&w->app->hash_key, TB_ID_COUPON, w->tenant, text, &lot))
        tb_work_no(w, TB_CODE_UNKNOWN_COUPON, "coupon");
    return lot;
}

static void void_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_void *in = w->input;
    tb_path_who(w, o, &in->member);
    in->lot = read_coupon(w, o);
    in->restock = tb_may_bool(o, "restock");
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void give_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_give *in = w->input;
    tb_path_who(w, o, &in->from);
    in->lot = read_coupon(w, o);
    tb_read_who(w, o, TB_STR("to"), &in->to);
}

/* Of an answer {1 lot, 2 unit, 3 expiry, 4 usable from, 5 person}. */
static void coupon_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[6];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "coupon", TB_ID_COUPON, v[1]);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, v[2]);
    tb_out_time(o, "expires_at", (int64_t)v[3]);
    tb_out_time(o, "usable_from", (int64_t)v[4]);
    if (v[5] != 0)
        tb_out_id(w, o, "member", TB_ID_MEMBER, v[5]);
    tb_json_out_close(o, '}');
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_list *in = w->input;
    tb_path_who(w, o, &in->member);
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str answer = tb_work_answer(w);
    struct tb_wire body = tb_wire_of(answer);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(answer, 5));
    tb_json_out_key_open(o, "coupons", '[');
    while (tb_wire_step(&body)) {
        uint64_t v[7];
        if (body.field != 1)
            continue;
        tb_wire_numbers(body.s, v, TB_COUNT_OF(v));
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "coupon", TB_ID_COUPON, v[1]);
        tb_json_out_key_str(o, "unit", tb_wire_str(body.s, 7));
        tb_json_out_key_str(o, "name", tb_wire_str(body.s, 8));
        tb_out_word(o, "state", states, TB_COUNT_OF(states), v[3]);
        tb_out_time(o, "expires_at", (int64_t)v[4]);
        tb_out_time(o, "usable_from", (int64_t)v[5]);
        tb_json_out_key(o, "issued_on");
        tb_json_out_date(o, (int32_t)tb_unzigzag(v[6]));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

TB_WORK(coupon_claim, TB_OP_COUPON_CLAIM, tb_cmd_coupon_claim, claim_read, coupon_write);
TB_WORK(coupon_issue, TB_OP_COUPON_ISSUE, tb_cmd_coupon_issue, issue_read, coupon_write);
TB_WORK(coupon_void, TB_OP_COUPON_VOID, tb_cmd_coupon_void, void_read, coupon_write);
TB_WORK(coupon_give, TB_OP_COUPON_GIVE, tb_cmd_coupon_give, give_read, coupon_write);
TB_WORK(coupon_list, TB_OP_COUPON_LIST, tb_cmd_coupon_list, list_read, list_write);
