// SPDX-License-Identifier: Apache-2.0
/* http/op_reports_marketing.c - item codes, coupons and campaigns in figures (report.h). */
#include <stdio.h>

#include "http/report.h"

/* ---- item codes ------------------------------------------------------------------------------------------------ */

static void code_scans(struct tb_report *r, const char *of)
{
    const uint32_t t = r->tenant;
    int64_t off = tb_report_offset_ms(r);
    int64_t from = (tb_report_day(off) - 29) * TB_DAY_MS - off;
    tb_report_rows(r, "days", "SELECT (c.at_ms + %lld) / 86400000 AS \"day$d\", count(*) AS scans, "
                    "sum(CASE WHEN c.verdict = 4 THEN 1 ELSE 0 END) AS scanned FROM code_scans c "
                    "WHERE c.tenant = %u AND c.at_ms >= %lld%s GROUP BY 1 ORDER BY 1",
         (long long)off, t, (long long)from, of);
    tb_report_rows(r, "hours", "SELECT (c.at_ms + %lld) / 3600000 %% 24 AS hour, count(*) AS scans FROM code_scans c "
                     "WHERE c.tenant = %u AND c.at_ms >= %lld%s GROUP BY 1 ORDER BY 1",
         (long long)off, t, (long long)from, of);
    tb_report_rows(r, "places", "SELECT s.code AS \"code$s\", s.name AS \"name$s\", s.region AS \"region$s\", "
                      "s.latitude_e7 AS latitude_e7, s.longitude_e7 AS longitude_e7, count(*) AS scans, "
                      "sum(c.outside_region) AS outside_region "
                      "FROM code_scans c JOIN stores s ON s.store = c.store WHERE c.tenant = %u AND c.at_ms >= %lld%s "
                      "GROUP BY s.store, s.code, s.name, s.region, s.latitude_e7, s.longitude_e7 "
                      "ORDER BY 6 DESC LIMIT 200",
         t, (long long)from, of);
    tb_report_rows(r, "regions",
                       "SELECT c.region AS \"region$s\", count(*) AS scans, "
                       "sum(c.outside_region) AS outside_region FROM code_scans c "
                       "WHERE c.tenant = %u AND c.at_ms >= %lld AND c.region <> ''%s "
                       "GROUP BY c.region ORDER BY 2 DESC LIMIT 100",
         t, (long long)from, of);
}

void tb_report_codes(struct tb_report *r)
{
    char batch[TB_CODE_MAX + 3], of[160] = "";
    const uint32_t t = r->tenant;
    tb_report_chosen(r, "batch", batch);
    if (batch[1] != '\'')
        (void)snprintf(of, sizeof of, " AND c.batch = (SELECT batch FROM code_batches WHERE tenant = %u AND code = %s)",
                       t, batch);
    tb_report_as_of(r);
    tb_report_rows(r, "batches", "SELECT code AS \"code$s\", name AS \"name$s\", scene AS scene, level AS level, "
                       "codes AS count, created_ms AS \"created_at$t\", scans AS scans, scanned AS scanned, "
                       "redeemed AS redeemed, outside_region AS outside_region, alarms AS alarms "
                       "FROM code_batches WHERE tenant = %u ORDER BY batch DESC LIMIT 200", t);
    code_scans(r, of);
    tb_report_rows(r, "alarms", "SELECT c.at_ms AS \"at$t\", b.code AS \"batch$s\", p.code AS \"product$s\", "
                      "p.name AS \"product_name$s\", h.code AS \"package_batch$s\", g.serial AS package_serial, "
                      "c.scans AS scans, c.persons AS persons, c.region AS \"region$s\", "
                      "d.region AS \"bound_region$s\" FROM code_alarms c JOIN code_batches b ON b.batch = c.batch "
                      "LEFT JOIN products p ON p.product = c.product "
                      "LEFT JOIN code_packages g ON g.package = c.package "
                      "LEFT JOIN code_batches h ON h.batch = g.batch "
                      "LEFT JOIN code_bindings d ON d.binding = c.binding "
                      "WHERE c.tenant = %u%s ORDER BY c.seq DESC LIMIT 100", t, of);
}

/* ---- coupons ---------------------------------------------------------------------------------------------------- */

void tb_report_coupons(struct tb_report *r)
{
    const uint32_t t = r->tenant;
    tb_report_as_of(r);
    tb_report_rows(r, "items",
                   "SELECT u.code AS \"unit$s\", u.name AS \"name$s\", "
                   "sum(CASE WHEN c.state <> 4 THEN 1 ELSE 0 END) AS issued, "
                   "sum(CASE WHEN c.state = 1 THEN 1 ELSE 0 END) AS used, "
                   "sum(CASE WHEN c.state = 2 OR (c.state = 0 AND c.due_ms <= %lld) THEN 1 ELSE 0 END) AS expired, "
                   "sum(CASE WHEN c.state = 3 THEN 1 ELSE 0 END) AS voided, "
                   "sum(CASE WHEN c.state = 4 THEN 1 ELSE 0 END) AS given, "
                   "sum(CASE WHEN c.state = 0 AND (c.due_ms IS NULL OR c.due_ms > %lld) THEN 1 ELSE 0 END) AS open "
                   "FROM coupons c JOIN units u ON u.unit = c.unit WHERE c.tenant = %u "
                   "GROUP BY u.unit, u.code, u.name ORDER BY u.unit",
                   (long long)tb_now_ms(), (long long)tb_now_ms(), t);
}

/* ---- campaigns -------------------------------------------------------------------------------------------------- */

void tb_report_campaigns(struct tb_report *r)
{
    char campaign[TB_CODE_MAX + 3], of[160] = "";
    const uint32_t t = r->tenant;
    tb_report_chosen(r, "campaign", campaign);
    int64_t off = tb_report_offset_ms(r);
    int64_t from = (tb_report_day(off) - 29) * TB_DAY_MS - off;
    if (campaign[1] != '\'')
        (void)snprintf(of, sizeof of,
                       " AND c.campaign = (SELECT campaign FROM campaigns WHERE tenant = %u AND code = %s)", t,
                       campaign);
    tb_report_as_of(r);
    tb_report_columns(r, "SELECT coalesce(sum(c.uses), 0) AS uses, coalesce(sum(c.amount), 0) AS amount, "
                         "coalesce(sum(c.shown), 0) AS shown, coalesce(sum(c.held_out), 0) AS held_out, "
                         "count(DISTINCT CASE WHEN c.uses > 0 THEN c.profile END) AS buyers "
                         "FROM campaign_uses c WHERE c.tenant = %u AND c.at_ms >= %lld%s",
                      t, (long long)from, of);
    tb_report_rows(r, "days", "SELECT (c.at_ms + %lld) / 86400000 AS \"day$d\", sum(c.uses) AS uses, "
                              "sum(c.amount) AS amount, sum(c.shown) AS shown, sum(c.held_out) AS held_out "
                              "FROM campaign_uses c WHERE c.tenant = %u AND c.at_ms >= %lld%s GROUP BY 1 ORDER BY 1",
                   (long long)off, t, (long long)from, of);
    tb_report_rows(r, "stores", "SELECT s.code AS \"code$s\", s.name AS \"name$s\", count(*) AS orders, "
                                "sum(c.saving - c.saving_back) AS saving, sum(o.net - o.returned_net) AS net "
                                "FROM order_effects c JOIN orders o ON o.order_no = c.order_no "
                                "JOIN stores s ON s.store = o.store WHERE c.tenant = %u AND o.occurred_ms >= %lld "
                                "AND c.ended = 0%s GROUP BY s.store, s.code, s.name ORDER BY 4 DESC LIMIT 50",
                   t, (long long)from, of);
}
