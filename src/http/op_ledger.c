// SPDX-License-Identifier: Apache-2.0
/* http/op_ledger.c - moving value by hand, and the books. */
#include "base/num.h"
#include "core/ledger/ledger.h"
#include "http/app_int.h"

static void adjust_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_adjust *in = w->input;
    tb_read_who(w, o, TB_STR("member"), &in->member);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), -TB_AMOUNT_MAX, TB_AMOUNT_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void hold_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_hold *in = w->input;
    tb_read_who(w, o, TB_STR("member"), &in->member);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
    in->lifetime_ms = tb_may_i64(o, "lifetime_s", 1, INT64_C(90) * 86400, 900) * 1000;
}

static void hold_post_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_hold_post *in = w->input;
    bool final = true;
    in->hold = tb_path_id(w, o, TB_STR("hold"), TB_ID_HOLD, TB_CODE_UNKNOWN_HOLD);
    in->amount = tb_may_i64(o, "amount", 1, TB_AMOUNT_MAX, 0);
    (void)tb_json_may_bool(o, TB_STR("final"), &final);
    in->final = final;
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void hold_void_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_hold_void *in = w->input;
    in->hold = tb_path_id(w, o, TB_STR("hold"), TB_ID_HOLD, TB_CODE_UNKNOWN_HOLD);
}

static void transfer_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_transfer *in = w->input;
    tb_read_who(w, o, TB_STR("from"), &in->from);
    tb_read_who(w, o, TB_STR("to"), &in->to);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void reverse_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_reverse *in = w->input;
    in->transfer = tb_path_id(w, o, TB_STR("transfer"), TB_ID_TRANSFER, TB_CODE_UNKNOWN_TRANSFER);
    in->amount = tb_may_i64(o, "amount", 1, TB_AMOUNT_MAX, 0);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void release_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_release *in = w->input;
    tb_read_who(w, o, TB_STR("member"), &in->member);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
}

/* ---- answers: fields 1 2 3 5 mean the same everywhere ------------------------------------------------- */

struct seen {
    struct tb_work *w;
    struct tb_json_out *o;
    bool has[10];
    uint64_t v[10];
};

static struct seen seen_of(struct tb_work *w, struct tb_json_out *o)
{
    struct seen s = {.w = w, .o = o};
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    while (tb_wire_step(&f))
        if (f.field < TB_COUNT_OF(s.v)) {
            s.has[f.field] = true;
            s.v[f.field] = f.v;
        }
    return s;
}

static void out_amount(const struct seen *s, uint32_t field, const char *key)
{
    if (s->has[field])
        tb_json_out_key_i64(s->o, key, tb_unzigzag(s->v[field]));
}

/* A request that waits for another person instead of a transfer. */
static void out_asked(const struct seen *s)
{
    tb_out_id(s->w, s->o, "request", TB_ID_REQUEST, s->v[7]);
    if (s->has[9])
        tb_out_time(s->o, "deadline", (int64_t)s->v[9]);
}

/* The object begins as all of these do: {what, member, amount, available .. */
static struct seen open_moved(struct tb_work *w, struct tb_json_out *o, const char *what, enum tb_id_kind kind)
{
    struct seen s = seen_of(w, o);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, what, kind, s.v[1]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, s.v[5]);
    out_amount(&s, 2, "amount");
    out_amount(&s, 3, "available");
    return s;
}

static void moved_write(struct tb_work *w, struct tb_json_out *o)
{
    struct seen s = open_moved(w, o, "transfer", TB_ID_TRANSFER);
    out_amount(&s, 6, "available_to");
    out_asked(&s);
    tb_json_out_close(o, '}');
}

static void adjust_write(struct tb_work *w, struct tb_json_out *o)
{
    struct seen s = open_moved(w, o, "transfer", TB_ID_TRANSFER);
    if (s.has[4])
        tb_json_out_key_i64(o, "shortfall", (int64_t)s.v[4]);
    out_asked(&s);
    tb_json_out_close(o, '}');
}

static void hold_write(struct tb_work *w, struct tb_json_out *o)
{
    struct seen s = open_moved(w, o, "hold", TB_ID_HOLD);
    tb_out_time(o, "deadline", (int64_t)s.v[4]);
    tb_json_out_close(o, '}');
}

static void hold_post_write(struct tb_work *w, struct tb_json_out *o)
{
    struct seen s = seen_of(w, o);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "transfer", TB_ID_TRANSFER, s.v[1]);
    out_amount(&s, 2, "amount");
    out_amount(&s, 3, "available");
    out_amount(&s, 4, "left");
    tb_json_out_close(o, '}');
}

/* ---- the books -------------------------------------------------------------------------------------------- */

static void trial_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_trial_balance *in = w->input;
    int32_t today = (int32_t)(w->now_ms / TB_DAY_MS);
    (void)o;
    in->unit = tb_call_query_str(w->call, TB_STR("unit"), TB_CODE_MAX);
    struct tb_str from = tb_call_query_str(w->call, TB_STR("from"), 10);
    struct tb_str to = tb_call_query_str(w->call, TB_STR("to"), 10);
    in->from_day = today - 30;
    in->to_day = today + 1;
    if (in->unit.n == 0)
        tb_refusal_set(w->refusal, TB_PROBLEM_MISSING_FIELD, "unit", NULL);
    if (from.n > 0 && !tb_date_parse(from, &in->from_day))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "from", "A date, YYYY-MM-DD.");
    if (to.n > 0 && !tb_date_parse(to, &in->to_day))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "to", "A date, YYYY-MM-DD.");
}

static void out_book_account(struct tb_json_out *o, struct tb_str s)
{
    static const char *const names[TB_TENANT_ACCOUNTS] = {"issuer",   "spent", "expired", "adjust",
                                                          "clearing", "fund",  "held"};
    tb_json_out_open(o, '{');
    tb_out_word(o, "account", names, TB_TENANT_ACCOUNTS, tb_wire_u64(s, 1));
    tb_json_out_key_i64(o, "credits", tb_wire_i64(s, 2));
    tb_json_out_key_i64(o, "debits", tb_wire_i64(s, 3));
    tb_json_out_close(o, '}');
}

static void out_book_day(struct tb_json_out *o, struct tb_str s)
{
    static const char *const names[] = {"opening", "earned",  "reversed", "spent",
                                        "expired", "adjusted", "closing"};
    tb_json_out_open(o, '{');
    tb_json_out_key(o, "day");
    tb_json_out_date(o, (int32_t)tb_wire_i64(s, 1));
    for (uint32_t i = 0; i < TB_COUNT_OF(names); i++)
        tb_json_out_key_i64(o, names[i], tb_wire_i64(s, 2 + i));
    tb_json_out_close(o, '}');
}

static void trial_write(struct tb_work *w, struct tb_json_out *o)
{
    static const char *const lists[] = {"accounts", "days"};
    tb_json_out_open(o, '{');
    for (uint32_t k = 0; k < 2; k++) {
        struct tb_wire f = tb_wire_of(tb_work_answer(w));
        tb_json_out_key_open(o, lists[k], '[');
        while (tb_wire_step(&f)) {
            if (f.field == 1 && k == 0)
                out_book_account(o, f.s);
            if (f.field == 2 && k == 1)
                out_book_day(o, f.s);
        }
        tb_json_out_close(o, ']');
    }
    tb_json_out_close(o, '}');
}

const struct tb_work_op tb_work_adjust = {
    TB_OP_ADJUST, sizeof(struct tb_cmd_adjust), adjust_read, adjust_write, NULL, TB_STATUS_ASKS};
TB_WORK(hold, TB_OP_HOLD, tb_cmd_hold, hold_read, hold_write);
TB_WORK(hold_post, TB_OP_HOLD_POST, tb_cmd_hold_post, hold_post_read, hold_post_write);
TB_WORK(hold_void, TB_OP_HOLD_VOID, tb_cmd_hold_void, hold_void_read, moved_write);
TB_WORK(transfer, TB_OP_TRANSFER, tb_cmd_transfer, transfer_read, moved_write);
const struct tb_work_op tb_work_reverse = {
    TB_OP_REVERSE, sizeof(struct tb_cmd_reverse), reverse_read, moved_write, NULL, TB_STATUS_ASKS};
TB_WORK(release, TB_OP_RELEASE, tb_cmd_release, release_read, moved_write);
TB_WORK(trial_balance, TB_OP_TRIAL_BALANCE, tb_cmd_trial_balance, trial_read, trial_write);
