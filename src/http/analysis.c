// SPDX-License-Identifier: Apache-2.0
/* The period that is asked about, answers that are kept, running one. See analysis.h. */
#include "http/analysis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "border/zone.h"

#define REPORT_BYTES (2u << 20)
#define QUERY_MS 60000u
#define KEPT 32u
#define KEPT_TIMES 20
#define DAYS_USUAL 90

/* ---- which there are ---------------------------------------------------------------------------------- */

static const struct report {
    uint32_t op;
    tb_analysis_fn *fn;
    const char *chosen; /* the query's name of a code; NULL = none */
} reports[] = {
    {TB_API_REPORT_FUNNEL, tb_analysis_funnel, NULL},
    {TB_API_REPORT_COHORTS, tb_analysis_cohorts, NULL},
    {TB_API_REPORT_POINTS, tb_analysis_points, "unit"},
    {TB_API_REPORT_COUPON_DAYS, tb_analysis_coupons, "unit"},
    {TB_API_REPORT_SCANS, tb_analysis_scans, "batch"},
};

static const struct report *report_of(uint32_t op)
{
    const struct report *found = NULL;
    for (uint32_t i = 0; i < TB_COUNT_OF(reports); i++)
        if (reports[i].op == op)
            found = &reports[i];
    tb_assert(found != NULL);
    return found;
}

/* ---- answers that are kept -------------------------------------------------------------------------------- */

struct kept {
    uint32_t tenant; /* 0 = free */
    uint32_t op;
    struct tb_analysis a;
    int64_t made_ns;
    int64_t took_ns;
    uint8_t *body;
    size_t n;
};

struct tb_analysis_kept {
    struct kept one[KEPT];
};

struct tb_analysis_kept *tb_analysis_kept_create(void)
{
    return calloc(1, sizeof(struct tb_analysis_kept));
}

void tb_analysis_kept_destroy(struct tb_analysis_kept *k)
{
    for (uint32_t i = 0; k != NULL && i < KEPT; i++)
        free(k->one[i].body);
    free(k);
}

static int64_t mono_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_fresh(const struct kept *k, int64_t now_ns)
{
    return k->tenant != 0 && now_ns - k->made_ns <= k->took_ns * KEPT_TIMES;
}

static bool is_same(const struct kept *k, uint32_t tenant, uint32_t op, const struct tb_analysis *a)
{
    return k->tenant == tenant && k->op == op && k->a.from_ms == a->from_ms && k->a.to_ms == a->to_ms &&
           strcmp(k->a.chosen, a->chosen) == 0;
}

/* The answer to the same question, or the place of the oldest. */
static struct kept *place_of(struct tb_analysis_kept *all, uint32_t tenant, uint32_t op, const struct tb_analysis *a)
{
    struct kept *oldest = &all->one[0];
    for (uint32_t i = 0; i < KEPT; i++) {
        struct kept *k = &all->one[i];
        if (is_same(k, tenant, op, a))
            return k;
        if (k->made_ns < oldest->made_ns)
            oldest = k;
    }
    return oldest;
}

/* A copy of the bytes for the reply; NULL: no memory. */
static void *copy_of(const uint8_t *p, size_t n)
{
    void *copy = malloc(n);
    if (copy != NULL)
        memcpy(copy, p, n);
    return copy;
}

static void keep(struct kept *k, const struct tb_report *r, uint32_t op, const struct tb_analysis *a, int64_t begun_ns)
{
    free(k->body);
    *k = (struct kept){.tenant = r->tenant, .op = op, .a = *a, .made_ns = mono_ns(), .n = r->b.n};
    k->took_ns = k->made_ns - begun_ns;
    k->body = copy_of(r->b.p, r->b.n);
    if (k->body == NULL)
        *k = (struct kept){0};
}

/* ---- the period --------------------------------------------------------------------------------------------- */

static void read_query(struct tb_report *r, const struct report *what, struct tb_analysis *a)
{
    a->from_day = tb_report_date(r->call, "from", INT32_MIN);
    a->to_day = tb_report_date(r->call, "to", INT32_MIN);
    memcpy(a->chosen, "''", 3);
    if (what->chosen != NULL)
        tb_report_chosen(r, what->chosen, a->chosen);
}

/* The last DAYS_USUAL when nothing is said, of cohorts a year; today is among them. */
static void set_days(struct tb_report *r, uint32_t op, struct tb_analysis *a)
{
    if (a->to_day == INT32_MIN)
        a->to_day = tb_zone_day_of(a->zone, tb_now_ms()) + 1;
    if (a->from_day == INT32_MIN)
        a->from_day = a->to_day - (op == TB_API_REPORT_COHORTS ? 365 : DAYS_USUAL);
    if (a->to_day <= a->from_day || a->to_day - a->from_day > TB_ANALYSIS_DAYS_MAX || a->from_day < 0)
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_INVALID_VALUE, "to", "Behind from, at most five years.");
    a->from_ms = tb_zone_day_start_ms(a->zone, a->from_day);
    a->to_ms = tb_zone_day_start_ms(a->zone, a->to_day);
}

/* ---- running one ---------------------------------------------------------------------------------------------- */

static void head(struct tb_report *r, const struct tb_analysis *a)
{
    tb_json_out_open(&r->o, '{');
    tb_report_as_of(r);
    tb_json_out_key(&r->o, "from");
    tb_json_out_date(&r->o, a->from_day);
    tb_json_out_key(&r->o, "to");
    tb_json_out_date(&r->o, a->to_day);
}

/* The answer's bytes, owned by the caller; NULL: refused, or r says what failed. */
static void *make(struct tb_report *r, struct tb_analysis_kept *all, const struct report *what, struct tb_analysis *a,
                  size_t *n)
{
    a->zone = tb_report_zone(r);
    if (a->zone == NULL)
        return NULL;
    set_days(r, what->op, a);
    if (r->call->refusal.problem != TB_PROBLEM_NONE)
        return NULL;
    struct kept *k = place_of(all, r->tenant, what->op, a);
    int64_t begun = mono_ns();
    if (!is_same(k, r->tenant, what->op, a) || !is_fresh(k, begun)) {
        uint8_t *region = malloc(REPORT_BYTES);
        tb_assert(region != NULL);
        tb_buf_init(&r->b, region, REPORT_BYTES);
        tb_json_out_init(&r->o, &r->b);
        head(r, a);
        what->fn(r, a);
        tb_json_out_close(&r->o, '}');
        if (!r->failed && !r->b.overflowed && r->call->refusal.problem == TB_PROBLEM_NONE)
            keep(k, r, what->op, a, begun);
        else
            k = NULL;
        free(region);
    }
    if (k == NULL || k->body == NULL)
        return NULL;
    *n = k->n;
    return copy_of(k->body, k->n);
}

static void answer(struct tb_report *r, struct tb_analysis_kept *kept)
{
    const struct report *what = report_of(r->call->req->op);
    const struct tb_state_ops *ops = r->app->o.state != NULL ? r->app->o.state->ops : NULL;
    struct tb_analysis a = {0};
    size_t n = 0;
    void *body = NULL;
    read_query(r, what, &a);
    if (!tb_call_ok(r->call))
        return;
    if (ops != NULL && ops->reader_open(r->app->o.state, &r->reader, &r->fault) == TB_STATE_DONE) {
        body = make(r, kept, what, &a, &n);
        ops->reader_close(r->reader);
    }
    if (!tb_call_ok(r->call))
        free(body);
    else if (body != NULL)
        tb_http_reply_owned(r->call->req, r->call->op->status, TB_JSON, body, n);
    else
        tb_http_refuse_code(r->call->req, r->b.overflowed ? TB_PROBLEM_ANSWER_TOO_LARGE : TB_PROBLEM_UNAVAILABLE,
                            NULL);
}

static void run(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_report *r = malloc(sizeof *r);
    tb_assert(r != NULL);
    *r = (struct tb_report){
        .app = app, .call = call, .tenant = (uint32_t)call->who.tenant, .limit_ms = QUERY_MS};
    answer(r, app->kept);
    free(r);
}

void tb_op_analysis(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->analysis, run, call);
}
