// SPDX-License-Identifier: Apache-2.0
/* http/analysis.h - reports over a period that may read whole tables: funnel, cohorts, points, coupons, scans.
 *
 * They run on a side thread of their own, so that one that takes seconds keeps no other report waiting. What they
 * cost is bounded by keeping: an answer is given again, with its as_of, until it is KEPT_TIMES as old as it took
 * to make, so that all who look together use at most a twentieth of a core. Measured: docs/design/0019-analysis.md.
 *
 * Where the figures come from, and what one answer reads:
 *   points    roll_forward, a day of a unit each row, kept by the engine itself: the days asked about
 *   funnel    persons, three times
 *   cohorts   profiles and orders once, in slices of the orders' numbers
 *   coupons   coupons, twice
 *   scans     code_scans, three times
 * Invariant   what the caller chooses is judged before anything is read. A day is the tenant's; where a table has
 *             instants only, they are counted by quarter hours in SQL and put in their day and hour here, so days
 *             with 23 or 25 hours are right too.
 * Threads     the analysis thread alone. Not here: what is true now (op_reports.c).                     */
#ifndef TB_HTTP_ANALYSIS_H
#define TB_HTTP_ANALYSIS_H

#include "base/civil.h"
#include "http/report.h"

#define TB_ANALYSIS_DAYS_MAX 1830 /* five years */
#define TB_ANALYSIS_QUARTER_MS 900000
#define TB_ANALYSIS_COHORTS_MAX 60u /* months */

struct tb_analysis {
    const struct tb_zone *zone;
    int32_t from_day;
    int32_t to_day; /* up to, not including */
    int64_t from_ms;
    int64_t to_ms;
    char chosen[TB_CODE_MAX + 3]; /* a code between quotes of SQL; "''" = none */
};
/* The members of the answer behind as_of, from and to. */
typedef void tb_analysis_fn(struct tb_report *r, const struct tb_analysis *a);

tb_analysis_fn tb_analysis_funnel, tb_analysis_cohorts, tb_analysis_points, tb_analysis_coupons, tb_analysis_scans;

/* Answers that were made; NULL: no memory. */
struct tb_analysis_kept;
TB_MUST_USE struct tb_analysis_kept *tb_analysis_kept_create(void);
void tb_analysis_kept_destroy(struct tb_analysis_kept *k); /* NULL is fine */

void tb_op_analysis(void *app, struct tb_call *call);

#endif
