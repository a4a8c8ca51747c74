// SPDX-License-Identifier: Apache-2.0
/* http/op_backtests.c - starting a back-test of a campaign's newest version, following it, its results so far. */
#include <stdlib.h>

#include "http/backtests.h"
#include "http/report.h"

#define BODY_BYTES (1u << 20)
#define REPLY_BYTES 4096u
#define LIST_MAX 50

/* ---- starting one ------------------------------------------------------------------------------------------- */

struct ask_note {
    int32_t from_day;
    int32_t to_day;
    bool today;
};

static void ask_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_get *in = w->input;
    struct ask_note *note = TB_NEW(w->arena, struct ask_note);
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->version = (uint32_t)tb_may_i64(o, "offer_version", 1, UINT32_MAX, 0);
    int32_t from = tb_json_need_date(o, TB_STR("from"));
    int32_t to = tb_json_need_date(o, TB_STR("to"));
    bool today = tb_may_bool(o, "today");
    if (w->refusal->problem == TB_PROBLEM_NONE && (to <= from || to - from > TB_BACKTEST_DAYS_MAX))
        tb_json_refuse(o, TB_STR("to"), TB_PROBLEM_INVALID_VALUE, "Behind from, at most 400 days.");
    if (note == NULL)
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
    else
        *note = (struct ask_note){from, to, today};
    w->note = note;
}

static void ask_start(struct tb_work *w, struct tb_str body, uint32_t offer_version)
{
    const struct ask_note *note = w->note;
    const struct tb_cmd_campaign_get *in = w->input;
    struct tb_call *call = w->call;
    struct tb_json_out o;
    struct tb_buf b;
    uint64_t id = 0;
    struct tb_backtest_ask ask = {.tenant = w->tenant,
                                  .actor = (uint32_t)call->who.key,
                                  .campaign = in->campaign,
                                  .offer_version = offer_version,
                                  .from_day = note->from_day,
                                  .to_day = note->to_day,
                                  .today = note->today,
                                  .body = body};
    enum tb_backtest_start started = tb_backtests_ask(w->app->backtests, &ask, &id);
    if (started == TB_BACKTEST_BUSY) {
        tb_work_refuse(w, TB_CODE_BUSY, "");
        return;
    }
    tb_work_done(w);
    if (started == TB_BACKTEST_NO_JOURNAL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    tb_call_buf(call, &b, REPLY_BYTES);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    (void)tb_backtests_print(w->app->backtests, ask.tenant, ask.campaign, id, NULL, &o);
    tb_json_out_close(&o, '}');
    tb_call_reply(call, &b);
}

/* The version as GET prints it is what is tested: the same names, the same reader as a put. */
static void ask_after(struct tb_work *w)
{
    struct tb_arena large;
    struct tb_arena *own = w->arena;
    struct tb_json_out o;
    struct tb_buf b;
    struct tb_view offer;
    size_t room = tb_work_answer(w).n * 4 + (64u << 10);
    void *scratch = malloc(room);
    void *region = malloc(BODY_BYTES);
    tb_assert(scratch != NULL && region != NULL);
    tb_arena_init(&large, scratch, room);
    tb_buf_init(&b, region, BODY_BYTES);
    tb_json_out_init(&o, &b);
    w->arena = &large;
    tb_facts_enter();
    tb_work_campaign_get.write(w, &o);
    tb_facts_leave();
    w->arena = own;
    if (b.overflowed || !tb_view_read(TB_KIND_OFFER, tb_wire_str(tb_work_answer(w), 2), &large, &offer))
        tb_work_refuse(w, TB_CODE_TOO_LARGE, "");
    else if (!tb_work_fetching(w, ask_after)) /* with what was missing it runs again */
        ask_start(w, tb_buf_as_str(&b), ((const struct tb_offer_version *)offer.head)->version);
    free(region);
    free(scratch);
}

const struct tb_work_op tb_work_backtest = {
    TB_OP_CAMPAIGN_GET, sizeof(struct tb_cmd_campaign_get), ask_read, NULL, ask_after, 0};

/* ---- ending one ----------------------------------------------------------------------------------------------- */

static uint64_t id_of(const struct tb_call *call)
{
    int64_t id;
    return tb_str_to_i64(call->param[1], &id) && id > 0 ? (uint64_t)id : UINT64_MAX;
}

void tb_op_backtest_stop(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_out o;
    struct tb_buf b;
    uint32_t tenant = (uint32_t)call->who.tenant;
    if (!tb_backtests_cancel(app->backtests, tenant, call->param[0], id_of(call))) {
        tb_call_refuse(call, TB_PROBLEM_NOT_FOUND, NULL, NULL);
        return;
    }
    tb_call_buf(call, &b, REPLY_BYTES);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    (void)tb_backtests_print(app->backtests, tenant, call->param[0], id_of(call), NULL, &o);
    tb_json_out_close(&o, '}');
    tb_call_reply(call, &b);
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

#define BACKTEST_COLUMNS                                                                                           \
    "b.backtest AS id, c.code AS \"campaign$s\", b.offer_version AS offer_version, b.from_day AS \"from$d\", "     \
    "b.to_day AS \"to$d\", b.started_ms AS \"started_at$t\", b.at_ms AS \"ended_at$t\", k.code AS \"by$s\", "      \
    "k.name AS \"by_name$s\", b.orders AS orders, b.in_force AS in_force, b.members AS members, "                  \
    "b.saving AS saving, b.cost AS cost"
#define BACKTEST_FROM                                                                                              \
    "FROM campaign_backtests b JOIN campaigns c ON c.campaign = b.campaign LEFT JOIN api_keys k ON k.key_no = b.actor "

void tb_report_backtests(struct tb_report *r)
{
    char campaign[TB_CODE_MAX + 3];
    tb_report_quoted(r->call->param[0], campaign);
    (void)tb_backtests_print(r->app->backtests, r->tenant, r->call->param[0], 0, "current", &r->o);
    tb_report_rows(r, "items",
                   "SELECT " BACKTEST_COLUMNS " " BACKTEST_FROM
                   "WHERE b.tenant = %u AND c.code = %s ORDER BY b.backtest DESC LIMIT %d",
                   r->tenant, campaign, LIST_MAX);
}

static bool on_one(void *user, const struct tb_value *v, uint32_t n)
{
    (void)v;
    (void)n;
    *(bool *)user = true;
    return false;
}

void tb_report_backtest(struct tb_report *r)
{
    char campaign[TB_CODE_MAX + 3];
    bool there = false;
    const long long id = (long long)id_of(r->call);
    tb_report_quoted(r->call->param[0], campaign);
    if (id <= 0) {
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_FOUND, NULL, NULL);
        return;
    }
    if (tb_backtests_print(r->app->backtests, r->tenant, r->call->param[0], (uint64_t)id, NULL, &r->o)) {
        tb_backtests_print_result(r->app->backtests, r->tenant, r->call->param[0], (uint64_t)id, &r->o);
        return;
    }
    tb_report_each(r, on_one, &there,
                   "SELECT b.backtest " BACKTEST_FROM "WHERE b.tenant = %u AND b.backtest = %lld AND c.code = %s",
                   r->tenant, id, campaign);
    if (!there) {
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_FOUND, NULL, NULL);
        return;
    }
    tb_report_columns(r,
                      "SELECT " BACKTEST_COLUMNS ", 'done' AS \"state$s\", 1000000 AS progress_ppm, "
                      "b.result AS \"result$j\" " BACKTEST_FROM
                      "WHERE b.tenant = %u AND b.backtest = %lld AND c.code = %s", r->tenant, id, campaign);
}
