// SPDX-License-Identifier: Apache-2.0
/* http/op_cohorts.c - who came back: buyers by the month of their first order (analysis.h).
 *
 * An order counts while it is neither cancelled nor wholly returned, in the month of the tenant's zone in which it
 * was placed, for the person to whom its profile belongs now. Orders are read once, in slices of their numbers, in
 * any order of time: a buyer is a set of months and the earliest of them.
 * Memory   4 bytes a profile, 16 a person of the cell; given back with the answer.                       */
#include <stdio.h>
#include <stdlib.h>

#include "http/analysis.h"

#define SLICE 500000     /* numbers of orders in one statement */
#define NUMBERS_MAX (INT64_C(1) << 28) /* profiles, persons: 5 GB at most, far beyond a cell */

struct buyer {
    uint64_t months; /* a bit each, from the first that is asked about */
    int32_t first;   /* month of the first order; 0 = none */
    uint32_t orders;
};

struct cohorts {
    uint32_t *person; /* of a profile */
    struct buyer *buyer;
    int64_t profiles;
    int64_t persons;
    int32_t month;   /* the first that is asked about: years * 12 + month - 1 */
    uint32_t months;
};

static int32_t month_of(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    return d.year * 12 + d.month - 1;
}

struct ends {
    int64_t v[2];
};

static bool on_ends(void *user, const struct tb_value *v, uint32_t n)
{
    struct ends *e = user;
    tb_assert(n == 2);
    e->v[0] = tb_report_number(&v[0]);
    e->v[1] = tb_report_number(&v[1]);
    return false;
}

static bool on_profile(void *user, const struct tb_value *v, uint32_t n)
{
    struct cohorts *c = user;
    int64_t profile = tb_report_number(&v[0]);
    int64_t person = tb_report_number(&v[1]);
    (void)n;
    if (profile > 0 && profile <= c->profiles && person > 0 && person <= c->persons)
        c->person[profile] = (uint32_t)person;
    return true;
}

static bool on_order(void *user, const struct tb_value *v, uint32_t n)
{
    struct cohorts *c = user;
    int64_t profile = tb_report_number(&v[0]);
    int32_t month = month_of((int32_t)tb_report_number(&v[1]));
    (void)n;
    if (profile <= 0 || profile > c->profiles || c->person[profile] == 0)
        return true; /* younger than the list of profiles: in the next answer */
    struct buyer *b = &c->buyer[c->person[profile]];
    b->orders++;
    if (b->first == 0 || month < b->first)
        b->first = month;
    if (month >= c->month && month < c->month + (int32_t)c->months)
        b->months |= UINT64_C(1) << (month - c->month);
    return true;
}

static void read_orders(struct tb_report *r, struct cohorts *c)
{
    struct ends e = {{0, 0}};
    tb_report_each(r, on_profile, c, "SELECT profile, person FROM profiles WHERE tenant = %u", r->tenant);
    tb_report_each(r, on_ends, &e, "SELECT (SELECT min(order_no) FROM orders), (SELECT max(order_no) FROM orders)");
    for (int64_t at = e.v[0]; at <= e.v[1] && e.v[1] > 0 && !r->failed; at += SLICE)
        tb_report_each(r, on_order, c,
                       "SELECT profile, day FROM orders WHERE order_no >= %lld AND order_no < %lld AND tenant = %u "
                       "AND state < 2 AND profile IS NOT NULL",
                       (long long)at, (long long)at + SLICE, r->tenant);
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

struct cohort {
    int64_t buyers;
    int64_t again; /* with a second order, ever */
    int64_t active[TB_ANALYSIS_COHORTS_MAX]; /* so many months after the first order */
};

static void fill(const struct cohorts *c, struct cohort *cohort)
{
    for (int64_t p = 1; p <= c->persons; p++) {
        const struct buyer *b = &c->buyer[p];
        int32_t at = b->first - c->month;
        if (b->first == 0 || at < 0 || at >= (int32_t)c->months)
            continue;
        cohort[at].buyers++;
        cohort[at].again += b->orders > 1;
        for (uint64_t left = b->months; left != 0; left &= left - 1)
            cohort[at].active[__builtin_ctzll(left) - at]++;
    }
}

static void out_month(struct tb_json_out *o, int32_t month)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%04d-%02d", month / 12, month % 12 + 1);
    tb_json_out_key_str(o, "month", (struct tb_str){text, (uint32_t)n});
}

static void out_cohorts(struct tb_json_out *o, const struct cohorts *c, const struct cohort *cohort)
{
    int64_t buyers = 0, again = 0;
    tb_json_out_key_open(o, "cohorts", '[');
    for (uint32_t i = 0; i < c->months; i++) {
        tb_json_out_open(o, '{');
        out_month(o, c->month + (int32_t)i);
        tb_json_out_key_i64(o, "buyers", cohort[i].buyers);
        tb_json_out_key_i64(o, "again", cohort[i].again);
        tb_json_out_key_open(o, "active", '[');
        for (uint32_t k = 0; i + k < c->months; k++)
            tb_json_out_i64(o, cohort[i].active[k]);
        tb_json_out_close(o, ']');
        tb_json_out_close(o, '}');
        buyers += cohort[i].buyers;
        again += cohort[i].again;
    }
    tb_json_out_close(o, ']');
    tb_json_out_key_i64(o, "buyers", buyers);
    tb_json_out_key_i64(o, "again", again);
}

void tb_analysis_cohorts(struct tb_report *r, const struct tb_analysis *a)
{
    struct ends e = {{0, 0}};
    struct cohorts c = {.month = month_of(a->from_day)};
    c.months = (uint32_t)(month_of(a->to_day - 1) - c.month + 1);
    if (c.months > TB_ANALYSIS_COHORTS_MAX) {
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_INVALID_VALUE, "to", "At most 60 months.");
        return;
    }
    tb_report_each(r, on_ends, &e, "SELECT max(profile), max(person) FROM profiles");
    c.profiles = e.v[0];
    c.persons = e.v[1];
    r->failed = r->failed || c.profiles > NUMBERS_MAX || c.persons > NUMBERS_MAX;
    if (r->failed)
        return;
    c.person = calloc((size_t)c.profiles + 1, sizeof *c.person);
    c.buyer = calloc((size_t)c.persons + 1, sizeof *c.buyer);
    struct cohort *cohort = calloc(c.months, sizeof *cohort);
    tb_assert(c.person != NULL && c.buyer != NULL && cohort != NULL);
    read_orders(r, &c);
    fill(&c, cohort);
    out_cohorts(&r->o, &c, cohort);
    free(cohort);
    free(c.buyer);
    free(c.person);
}
