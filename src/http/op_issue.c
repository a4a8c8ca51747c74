// SPDX-License-Identifier: Apache-2.0
/* http/op_issue.c - coupons to an audience and by code; how many a campaign means; what it did for whom.
 *
 * A run is answered at once and goes on by itself: GET shows how far it is. Not here: one coupon of one member
 * (op_coupons.c), batches of unique codes (op_codes.c), campaigns (op_promotion.c).                  */
#include <string.h>

#include "base/num.h"
#include "core/checkout/checkout.h"
#include "core/expr/expr.h"
#include "core/issue/issue.h"
#include "core/promotion/book.h"
#include "http/app_int.h"

const char *const tb_words_issue_state[] = {"running", "done", "stopped", "out_of_stock", "limit", "over"};
_Static_assert(TB_COUNT_OF(tb_words_issue_state) == TB_ISSUE_STATES, "every state has its word");
static const char *const skips[TB_ISSUE_SKIPS] = {"no_consent", "not_enrolled", "has_hers", "full"};
static const char *const arms[TB_ARMS] = {"shown", "held_out"};

/* ---- runs ------------------------------------------------------------------------------------------ */

static void issue_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_issue *in = w->input;
    in->put.code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->audience = tb_may_str(o, "audience", TB_EXPR_SOURCE_MAX);
    in->campaign = tb_may_str(o, "campaign", TB_CODE_MAX);
    in->purpose = tb_may_str(o, "purpose", TB_CODE_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
    in->limit = tb_may_i64(o, "limit", 0, TB_AMOUNT_MAX, 0);
}

static void stop_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_issue *in = w->input;
    in->verb = TB_ISSUE_STOP;
    in->put.code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

static void stop_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_bool(o, "stopped", tb_wire_u64(tb_work_answer(w), 4) != 0);
    tb_json_out_close(o, '}');
}

static void count_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_issue *in = w->input;
    in->verb = TB_ISSUE_COUNT;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX - 9);
    in->purpose = tb_may_str(o, "purpose", TB_CODE_MAX);
}

static void count_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "campaign", ((const struct tb_cmd_issue *)w->input)->campaign);
    tb_json_out_key_i64(o, "count", (int64_t)tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

static void issue_get_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_object(w, o, TB_KIND_ISSUE);
}

static void audience_get_read(struct tb_work *w, struct tb_json_object *o)
{
    static const char prefix[] = "audience:";
    struct tb_cmd_object_get *in = w->input;
    struct tb_str code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX - 9);
    char *text = tb_arena_alloc(w->arena, sizeof prefix + code.n);
    in->kind = TB_KIND_ISSUE;
    if (text == NULL) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
        return;
    }
    memcpy(text, prefix, sizeof prefix - 1);
    memcpy(text + sizeof prefix - 1, code.p, code.n);
    in->code = (struct tb_str){text, (uint32_t)(sizeof prefix - 1 + code.n)};
}

static void out_figures(struct tb_json_out *o, const struct tb_issue *i, int64_t cursor_of)
{
    tb_json_out_key_i64(o, "persons", cursor_of);
    tb_json_out_key_i64(o, "looked", i->looked);
    tb_json_out_key_i64(o, "matched", i->matched);
    tb_json_out_key_i64(o, "eligible", i->eligible);
    tb_json_out_key_i64(o, "consented", i->consented);
    tb_json_out_key_i64(o, "held_out", i->held_out);
}

static void out_issue(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_issue *i = v->head;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(v, i->c.code));
    tb_json_out_key_i64(o, "version", i->c.version);
    tb_out_text(o, "name", tb_view_text(v, i->c.name));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, i->unit);
    tb_out_code(w, o, "campaign", TB_KIND_CAMPAIGN, i->campaign);
    tb_out_text(o, "audience", tb_view_text(v, i->audience));
    tb_out_code(w, o, "purpose", TB_KIND_PURPOSE, i->purpose);
    tb_out_text(o, "reason", tb_view_text(v, i->reason));
    tb_out_word(o, "state", tb_words_issue_state, TB_ISSUE_STATES, i->state);
    tb_out_time(o, "started_at", i->started_ms);
    tb_out_time(o, "ended_at", i->ended_ms);
    out_figures(o, i, (int64_t)i->last);
    if (i->unit != 0) {
        tb_json_out_key_i64(o, "limit", i->limit);
        tb_json_out_key_i64(o, "issued", i->issued);
        tb_json_out_key_open(o, "skipped", '{');
        for (uint32_t k = 0; k < TB_ISSUE_SKIPS; k++)
            tb_json_out_key_i64(o, skips[k], i->skipped[k]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, '}');
}

static void out_coupon_code(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_coupon_code *c = v->head;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(v, c->c.code));
    tb_json_out_key_i64(o, "version", c->c.version);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, c->unit);
    tb_json_out_key_bool(o, "unique", c->unique != 0);
    tb_json_out_key_bool(o, "disabled", c->disabled != 0);
    tb_json_out_key_i64(o, "uses_max", c->uses_max);
    tb_json_out_key_i64(o, "member_max", c->member_max);
    tb_out_time(o, "from", c->from_ms);
    tb_out_time(o, "until", c->until_ms);
    tb_json_out_key_i64(o, "uses", c->uses);
    tb_json_out_close(o, '}');
}

static void out_object(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v)
{
    if (kind == TB_KIND_ISSUE)
        out_issue(w, o, v);
    else
        out_coupon_code(w, o, v);
}

static void object_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct tb_cmd_object_get *in = w->input;
    (void)tb_work_out_object(w, o, in->kind, tb_wire_str(tb_work_answer(w), 1), out_object);
}

static void issue_list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, TB_KIND_ISSUE);
}

static void code_list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, TB_KIND_COUPON_CODE);
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_out_list(w, o, ((const struct tb_cmd_object_list *)w->input)->kind, out_object);
}

/* ---- codes ------------------------------------------------------------------------------------------- */

static void code_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_coupon_code_put *in = w->input;
    tb_read_put(w, o, &in->put);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->unique = tb_may_bool(o, "unique");
    in->disabled = tb_may_bool(o, "disabled");
    in->uses_max = tb_may_i64(o, "uses_max", 0, TB_AMOUNT_MAX, 0);
    in->member_max = tb_may_i64(o, "member_max", 0, TB_AMOUNT_MAX, 0);
    (void)tb_json_may_time(o, TB_STR("from"), &in->from_ms);
    (void)tb_json_may_time(o, TB_STR("until"), &in->until_ms);
}

static void code_get_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_object(w, o, TB_KIND_COUPON_CODE);
}

/* ---- figures of a campaign ------------------------------------------------------------------------------ */

static void figures_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_figures *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

/* The book; *found false: there is none. False: no room. */
static bool view_book(struct tb_work *w, struct tb_view *v, bool *found)
{
    struct tb_str packed = tb_wire_str(tb_work_answer(w), 1);
    *found = packed.n > 0;
    if (!*found || tb_view_read(TB_KIND_CAMPAIGN_BOOK, packed, w->arena, v))
        return true;
    tb_work_no(w, TB_CODE_TOO_LARGE, "");
    return false;
}

static void uplift_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_view v;
    bool found;
    if (!view_book(w, &v, &found))
        return;
    const struct tb_campaign_book none = {0};
    const struct tb_campaign_book *book = found ? v.head : &none;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "campaign", ((const struct tb_cmd_campaign_figures *)w->input)->campaign);
    tb_json_out_key_i64(o, "holdout_ppm", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_key_open(o, "arms", '[');
    for (uint32_t i = 0; i < TB_ARMS; i++) {
        const struct tb_book_arm *arm = &book->arm[i];
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "arm", tb_str_of(arms[i]));
        tb_json_out_key_i64(o, "exposures", (int64_t)tb_wire_u64(body, 3 + i));
        tb_json_out_key_i64(o, "persons", arm->persons);
        tb_json_out_key_i64(o, "buyers", arm->buyers);
        tb_json_out_key_i64(o, "orders", arm->orders);
        tb_json_out_key_i64(o, "net", arm->net);
        tb_json_out_key_i64(o, "cost", arm->cost);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

/* "2026-09": the month's first day; false: it is none. */
static bool month_of(struct tb_str s, int32_t *day)
{
    int64_t year, month;
    struct tb_str y = {s.p, 4};
    struct tb_str m = {s.p + 5, 2};
    if (s.n != 7 || s.p[4] != '-' || !tb_str_to_i64(y, &year) || !tb_str_to_i64(m, &month) || year < 1970 ||
        month < 1 || month > 12)
        return false;
    *day = tb_days_from_date((struct tb_date){(int32_t)year, (int32_t)month, 1});
    return true;
}

struct months {
    int32_t from;
    int32_t until; /* that month too */
};

static void settlement_read(struct tb_work *w, struct tb_json_object *o)
{
    struct months *m = TB_NEW(w->arena, struct months);
    struct tb_str from = tb_call_query_str(w->call, TB_STR("from"), 7);
    struct tb_str until = tb_call_query_str(w->call, TB_STR("until"), 7);
    figures_read(w, o);
    tb_assert(m != NULL);
    *m = (struct months){INT32_MIN, INT32_MAX};
    if (from.n > 0 && !month_of(from, &m->from))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "from", "A month is YYYY-MM.");
    if (until.n > 0 && !month_of(until, &m->until))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "until", "A month is YYYY-MM.");
    w->note = m;
}

static void out_month(struct tb_json_out *o, int32_t day)
{
    uint8_t region[16];
    struct tb_buf b;
    struct tb_date d = tb_date_from_days(day);
    tb_buf_init(&b, region, sizeof region);
    tb_buf_printf(&b, "%04d-%02d", d.year, d.month);
    tb_json_out_key_str(o, "month", tb_buf_as_str(&b));
}

/* Sums by payer, over the months asked for; the first share of a payer stands for it. */
static void out_totals(struct tb_json_out *o, const struct tb_view *v, const struct months *m)
{
    const struct tb_book_share *s = v->section[TB_BOOK_SHARE];
    uint32_t n = v->n[TB_BOOK_SHARE];
    for (uint32_t i = 0; i < n; i++) {
        bool first = s[i].month >= m->from && s[i].month <= m->until;
        for (uint32_t k = 0; k < i && first; k++)
            first = !(s[k].month >= m->from && s[k].payer.at == s[i].payer.at);
        if (!first)
            continue;
        int64_t amount = 0;
        for (uint32_t k = i; k < n; k++)
            amount += s[k].payer.at == s[i].payer.at && s[k].month <= m->until ? s[k].amount : 0;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "payer", tb_view_text(v, s[i].payer));
        tb_json_out_key_i64(o, "amount", amount);
        tb_json_out_close(o, '}');
    }
}

static void settlement_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view v = {0};
    bool found;
    if (!view_book(w, &v, &found))
        return;
    const struct months *m = w->note;
    const struct tb_book_share *s = found ? v.section[TB_BOOK_SHARE] : NULL;
    uint32_t n = found ? v.n[TB_BOOK_SHARE] : 0;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "campaign", ((const struct tb_cmd_campaign_figures *)w->input)->campaign);
    tb_json_out_key_open(o, "shares", '[');
    for (uint32_t i = 0; i < n; i++) {
        if (s[i].month < m->from || s[i].month > m->until)
            continue;
        tb_json_out_open(o, '{');
        out_month(o, s[i].month);
        tb_json_out_key_str(o, "payer", tb_view_text(&v, s[i].payer));
        tb_json_out_key_i64(o, "amount", s[i].amount);
        tb_json_out_key_i64(o, "orders", s[i].orders);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_key_open(o, "totals", '[');
    if (found)
        out_totals(o, &v, m);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

/* ---- what was shown --------------------------------------------------------------------------------------- */

static void show_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_work_quote.read(w, o);
}

static void show_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 1));
    tb_json_out_key_i64(o, "open", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_close(o, '}');
}

TB_WORK(issue_put, TB_OP_ISSUE, tb_cmd_issue, issue_read, tb_work_out_put);
TB_WORK(issue_stop, TB_OP_ISSUE, tb_cmd_issue, stop_read, stop_write);
TB_WORK(issue_get, TB_OP_OBJECT_GET, tb_cmd_object_get, issue_get_read, object_write);
TB_WORK(issue_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, issue_list_read, list_write);
TB_WORK(audience_count, TB_OP_ISSUE, tb_cmd_issue, count_read, count_write);
TB_WORK(audience_get, TB_OP_OBJECT_GET, tb_cmd_object_get, audience_get_read, object_write);
TB_WORK(coupon_code_put, TB_OP_COUPON_CODE_PUT, tb_cmd_coupon_code_put, code_read, tb_work_out_put);
TB_WORK(coupon_code_get, TB_OP_OBJECT_GET, tb_cmd_object_get, code_get_read, object_write);
TB_WORK(coupon_code_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, code_list_read, list_write);
TB_WORK(campaign_uplift, TB_OP_CAMPAIGN_FIGURES, tb_cmd_campaign_figures, figures_read, uplift_write);
TB_WORK(campaign_settlement, TB_OP_CAMPAIGN_FIGURES, tb_cmd_campaign_figures, settlement_read, settlement_write);
TB_WORK(quote_shown, TB_OP_SHOW, tb_cmd_quote, show_read, show_write);
