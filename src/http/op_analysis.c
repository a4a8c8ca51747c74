// SPDX-License-Identifier: Apache-2.0
/* http/op_analysis.c - funnel, points, coupons and scans over a period (analysis.h); cohorts: op_cohorts.c. */
#include <stdio.h>
#include <stdlib.h>

#include "http/analysis.h"

static bool chose(const struct tb_analysis *a)
{
    return a->chosen[1] != '\'';
}

/* ---- funnel ------------------------------------------------------------------------------------------------ */

enum step { CONTACTS = 0, MEMBERS, BUYERS, REGULARS, JOINED, FIRST_ORDERS, STEPS };
static const char *const step_names[STEPS] = {"contacts", "members", "buyers", "regulars", "joined", "first_orders"};

struct funnel {
    const struct tb_analysis *a;
    enum step first; /* the steps that the statement counts */
    uint32_t n;
    int64_t (*day)[STEPS];
};

/* A quarter of an hour, then a number a step. */
static bool on_quarter(void *user, const struct tb_value *v, uint32_t n)
{
    struct funnel *f = user;
    const struct tb_analysis *a = f->a;
    tb_assert(n == f->n + 1);
    int32_t day = tb_zone_day_of(a->zone, tb_report_number(&v[0]) * TB_ANALYSIS_QUARTER_MS);
    if (day < a->from_day || day >= a->to_day)
        return true; /* a zone whose midnight is not on a quarter: its neighbour's */
    for (uint32_t i = 0; i < f->n; i++)
        f->day[day - a->from_day][f->first + i] += tb_report_number(&v[i + 1]);
    return true;
}

static void count(struct tb_report *r, struct funnel *f)
{
    const long long from = f->a->from_ms, to = f->a->to_ms;
    f->first = CONTACTS;
    f->n = 4;
    tb_report_each(r, on_quarter, f,
                   "SELECT p.first_seen_ms / %d, count(*), sum(CASE WHEN p.enrolled_ms > 0 THEN 1 ELSE 0 END), "
                   "sum(CASE WHEN p.enrolled_ms > 0 AND p.orders > 0 THEN 1 ELSE 0 END), "
                   "sum(CASE WHEN p.enrolled_ms > 0 AND t.regular_orders > 0 AND p.orders >= t.regular_orders "
                   "THEN 1 ELSE 0 END) FROM persons p JOIN tenants t ON t.tenant = p.tenant "
                   "WHERE p.tenant = %u AND p.first_seen_ms >= %lld AND p.first_seen_ms < %lld GROUP BY 1",
                   TB_ANALYSIS_QUARTER_MS, r->tenant, from, to);
    f->first = JOINED;
    f->n = 1;
    tb_report_each(r, on_quarter, f,
                   "SELECT enrolled_ms / %d, count(*) FROM persons WHERE tenant = %u AND enrolled_ms >= %lld "
                   "AND enrolled_ms < %lld GROUP BY 1",
                   TB_ANALYSIS_QUARTER_MS, r->tenant, from, to);
    f->first = FIRST_ORDERS;
    tb_report_each(r, on_quarter, f,
                   "SELECT first_order_ms / %d, count(*) FROM persons WHERE tenant = %u AND orders > 0 AND "
                   "first_order_ms >= %lld AND first_order_ms < %lld GROUP BY 1",
                   TB_ANALYSIS_QUARTER_MS, r->tenant, from, to);
}

static void out_steps(struct tb_json_out *o, const int64_t n[STEPS])
{
    for (uint32_t i = 0; i < STEPS; i++)
        tb_json_out_key_i64(o, step_names[i], n[i]);
}

void tb_analysis_funnel(struct tb_report *r, const struct tb_analysis *a)
{
    struct tb_json_out *o = &r->o;
    const uint32_t days = (uint32_t)(a->to_day - a->from_day);
    struct funnel f = {.a = a, .day = calloc(days, sizeof *f.day)};
    int64_t all[STEPS] = {0};
    tb_assert(f.day != NULL);
    tb_report_columns(r, "SELECT regular_orders FROM tenants WHERE tenant = %u", r->tenant);
    count(r, &f);
    for (uint32_t d = 0; d < days; d++)
        for (uint32_t i = 0; i < STEPS; i++)
            all[i] += f.day[d][i];
    tb_json_out_key_open(o, "steps", '{');
    out_steps(o, all);
    tb_json_out_close(o, '}');
    tb_json_out_key_open(o, "days", '[');
    for (uint32_t d = 0; d < days; d++) {
        tb_json_out_open(o, '{');
        tb_json_out_key(o, "day");
        tb_json_out_date(o, a->from_day + (int32_t)d);
        out_steps(o, f.day[d]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    free(f.day);
}

/* ---- points -------------------------------------------------------------------------------------------------- */

enum moved { EARNED = 0, REVERSED, SPENT, EXPIRED, ADJUSTED, MOVES };
static const char *const move_names[MOVES] = {"earned", "reversed", "spent", "expired", "adjusted"};

struct points {
    const struct tb_analysis *a;
    struct tb_json_out *o;
    int64_t opening;
    int64_t closing;
    int64_t sum[MOVES];
};

static int64_t net_of(const int64_t m[MOVES])
{
    return m[EARNED] - m[REVERSED] - m[SPENT] - m[EXPIRED] + m[ADJUSTED];
}

/* A day and what moved on it, in the order of the days. */
static bool on_day(void *user, const struct tb_value *v, uint32_t n)
{
    struct points *p = user;
    int64_t m[MOVES];
    tb_assert(n == MOVES + 1);
    for (uint32_t i = 0; i < MOVES; i++)
        m[i] = tb_report_number(&v[i + 1]);
    const int64_t day = tb_report_number(&v[0]);
    if (day < p->a->from_day) {
        p->opening += net_of(m);
        p->closing = p->opening;
        return true;
    }
    tb_json_out_open(p->o, '{');
    tb_json_out_key(p->o, "day");
    tb_json_out_date(p->o, (int32_t)day);
    tb_json_out_key_i64(p->o, "opening", p->closing);
    for (uint32_t i = 0; i < MOVES; i++) {
        tb_json_out_key_i64(p->o, move_names[i], m[i]);
        p->sum[i] += m[i];
    }
    p->closing += net_of(m);
    tb_json_out_key_i64(p->o, "closing", p->closing);
    tb_json_out_close(p->o, '}');
    return true;
}

struct unit_read {
    int64_t unit;
};

static bool on_unit(void *user, const struct tb_value *v, uint32_t n)
{
    (void)n;
    ((struct unit_read *)user)->unit = tb_report_number(&v[0]);
    return false;
}

void tb_analysis_points(struct tb_report *r, const struct tb_analysis *a)
{
    struct tb_json_out *o = &r->o;
    struct unit_read u = {0};
    struct points p = {.a = a, .o = o};
    if (chose(a))
        tb_report_each(r, on_unit, &u, "SELECT unit FROM units WHERE tenant = %u AND code = %s", r->tenant, a->chosen);
    else
        tb_report_each(r, on_unit, &u, "SELECT unit FROM units WHERE tenant = %u AND kind = 0 ORDER BY unit LIMIT 1",
                       r->tenant);
    if (u.unit == 0 && chose(a) && !r->failed)
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_FOUND, "unit", NULL);
    tb_report_rows(r, "units",
                   "SELECT code AS \"unit$s\", name AS \"name$s\", kind AS kind FROM units WHERE tenant = %u AND "
                   "kind < 3 ORDER BY unit LIMIT 200", r->tenant);
    tb_report_columns(r, "SELECT code AS \"unit$s\", name AS \"name$s\", kind AS kind, face_ppm AS face_ppm "
                         "FROM units WHERE unit = %lld", (long long)u.unit);
    tb_json_out_key_open(o, "days", '[');
    tb_report_each(r, on_day, &p, "SELECT day, earned, reversed, spent, expired, adjusted FROM roll_forward "
                                  "WHERE unit = %lld AND day < %d ORDER BY day", (long long)u.unit, a->to_day);
    tb_json_out_close(o, ']');
    tb_json_out_key_i64(o, "opening", p.opening);
    for (uint32_t i = 0; i < MOVES; i++)
        tb_json_out_key_i64(o, move_names[i], p.sum[i]);
    tb_json_out_key_i64(o, "closing", p.closing);
    /* in one statement, so of one moment: every day there is, and what the tenant's own accounts say members have */
    tb_report_columns(r, "SELECT (SELECT coalesce(sum(earned - reversed - spent - expired + adjusted), 0) "
                         "FROM roll_forward WHERE unit = %lld) AS rolled, (SELECT coalesce(sum(debits - credits), 0) "
                         "FROM trial_balance WHERE unit = %lld) AS booked", (long long)u.unit, (long long)u.unit);
}

/* ---- coupons ---------------------------------------------------------------------------------------------------- */

#define COUPON_FIGURES                                                                                             \
    "count(*) AS claimed, sum(CASE WHEN c.state = 1 THEN 1 ELSE 0 END) AS used, "                                  \
    "sum(CASE WHEN c.state = 2 OR (c.state = 0 AND c.due_ms <= %lld) THEN 1 ELSE 0 END) AS expired, "              \
    "sum(CASE WHEN c.state = 3 THEN 1 ELSE 0 END) AS voided, "                                                     \
    "sum(CASE WHEN c.state = 0 AND (c.due_ms IS NULL OR c.due_ms > %lld) THEN 1 ELSE 0 END) AS open "

/* Coupons by the day on which they were claimed, and what has become of them. A coupon that was given on counts
 * once: as the receiver's. */
void tb_analysis_coupons(struct tb_report *r, const struct tb_analysis *a)
{
    const long long now = tb_now_ms();
    char of[TB_CODE_MAX + 32] = "";
    if (chose(a))
        (void)snprintf(of, sizeof of, " AND u.code = %s", a->chosen);
    tb_report_rows(r, "templates",
                   "SELECT u.code AS \"unit$s\", u.name AS \"name$s\", " COUPON_FIGURES "FROM coupons c JOIN units u "
                   "ON u.unit = c.unit WHERE c.tenant = %u AND c.issued_day >= %d AND c.issued_day < %d AND "
                   "c.state <> 4 GROUP BY u.unit, u.code, u.name ORDER BY 3 DESC, u.unit LIMIT 500",
                   now, now, r->tenant, a->from_day, a->to_day);
    tb_report_rows(r, "days",
                   "SELECT c.issued_day AS \"day$d\", " COUPON_FIGURES "FROM coupons c JOIN units u ON u.unit = c.unit "
                   "WHERE c.tenant = %u AND c.issued_day >= %d AND c.issued_day < %d AND c.state <> 4%s "
                   "GROUP BY c.issued_day ORDER BY c.issued_day",
                   now, now, r->tenant, a->from_day, a->to_day, of);
}

/* ---- scans ------------------------------------------------------------------------------------------------------- */

struct scans {
    const struct tb_analysis *a;
    int64_t hour[7][24]; /* Monday first */
    int64_t (*day)[3];
    int64_t all[3];
};
static const char *const scan_names[3] = {"scans", "firsts", "outside_region"};

static bool on_scans(void *user, const struct tb_value *v, uint32_t n)
{
    struct scans *s = user;
    const struct tb_analysis *a = s->a;
    int64_t at = tb_report_number(&v[0]) * TB_ANALYSIS_QUARTER_MS;
    int32_t day = tb_zone_day_of(a->zone, at);
    tb_assert(n == 4);
    if (day < a->from_day || day >= a->to_day)
        return true;
    int64_t hour = (at + tb_zone_offset_ms(a->zone, at)) / 3600000 % 24;
    for (uint32_t i = 0; i < 3; i++) {
        s->day[day - a->from_day][i] += tb_report_number(&v[i + 1]);
        s->all[i] += tb_report_number(&v[i + 1]);
    }
    s->hour[tb_weekday(day)][hour] += tb_report_number(&v[1]);
    return true;
}

static void out_scans(struct tb_json_out *o, const struct scans *s)
{
    for (uint32_t i = 0; i < 3; i++)
        tb_json_out_key_i64(o, scan_names[i], s->all[i]);
    tb_json_out_key_open(o, "hours", '[');
    for (uint32_t day = 0; day < 7; day++)
        for (uint32_t hour = 0; hour < 24; hour++) {
            if (s->hour[day][hour] == 0)
                continue;
            tb_json_out_open(o, '{');
            tb_json_out_key_i64(o, "weekday", day + 1);
            tb_json_out_key_i64(o, "hour", hour);
            tb_json_out_key_i64(o, "scans", s->hour[day][hour]);
            tb_json_out_close(o, '}');
        }
    tb_json_out_close(o, ']');
    tb_json_out_key_open(o, "days", '[');
    for (int32_t d = 0; d < s->a->to_day - s->a->from_day; d++) {
        tb_json_out_open(o, '{');
        tb_json_out_key(o, "day");
        tb_json_out_date(o, s->a->from_day + d);
        for (uint32_t i = 0; i < 3; i++)
            tb_json_out_key_i64(o, scan_names[i], s->day[d][i]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

void tb_analysis_scans(struct tb_report *r, const struct tb_analysis *a)
{
    struct scans s = {.a = a, .day = calloc((size_t)(a->to_day - a->from_day), sizeof *s.day)};
    char of[TB_CODE_MAX + 96] = "";
    const uint32_t t = r->tenant;
    const long long from = a->from_ms, to = a->to_ms;
    tb_assert(s.day != NULL);
    if (chose(a))
        (void)snprintf(of, sizeof of, " AND c.batch = (SELECT batch FROM code_batches WHERE tenant = %u AND code = %s)",
                       t, a->chosen);
    tb_report_each(r, on_scans, &s,
                   "SELECT c.at_ms / %d, count(*), sum(CASE WHEN c.verdict = 4 THEN 1 ELSE 0 END), "
                   "sum(c.outside_region) FROM code_scans c WHERE c.tenant = %u AND c.at_ms >= %lld AND "
                   "c.at_ms < %lld%s GROUP BY 1", TB_ANALYSIS_QUARTER_MS, t, from, to, of);
    out_scans(&r->o, &s);
    free(s.day);
    tb_report_rows(r, "places",
                   "SELECT s.code AS \"code$s\", s.name AS \"name$s\", s.region AS \"region$s\", "
                   "s.latitude_e7 AS latitude_e7, s.longitude_e7 AS longitude_e7, count(*) AS scans, "
                   "sum(c.outside_region) AS outside_region FROM code_scans c JOIN stores s ON s.store = c.store "
                   "WHERE c.tenant = %u AND c.at_ms >= %lld AND c.at_ms < %lld%s "
                   "GROUP BY s.store, s.code, s.name, s.region, s.latitude_e7, s.longitude_e7 "
                   "ORDER BY 6 DESC, s.store LIMIT 500", t, from, to, of);
    tb_report_rows(r, "regions",
                   "SELECT c.region AS \"region$s\", count(*) AS scans, sum(c.outside_region) AS outside_region "
                   "FROM code_scans c WHERE c.tenant = %u AND c.at_ms >= %lld AND c.at_ms < %lld AND "
                   "c.region IS NOT NULL%s GROUP BY c.region ORDER BY 2 DESC, 1 LIMIT 200", t, from, to, of);
    tb_report_rows(r, "batches",
                   "SELECT code AS \"code$s\", name AS \"name$s\" FROM code_batches WHERE tenant = %u "
                   "ORDER BY batch DESC LIMIT 200", t);
}
