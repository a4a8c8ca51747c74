// SPDX-License-Identifier: Apache-2.0
/* http/op_reports.c - questions about many, for the pages; each answer says as of which instant it is
 * true (report.h). Not here: codes, coupons and campaigns (op_reports_marketing.c),
 * members (op_reports_members.c).
 *
 * Limits      REPORT_BYTES an answer. Tables of persons are read whole:
 *             right for some hundred thousand persons; beyond that they want indices.        */
#include <stdio.h>
#include <stdlib.h>

#include "http/report.h"

#define REPORT_BYTES (2u << 20)

/* ---- today -------------------------------------------------------------------------------------------- */

static void today_sums(struct tb_report *r, const char *key, int64_t day, int64_t off)
{
    const uint32_t t = r->tenant;
    int64_t from = day * TB_DAY_MS - off;
    int64_t to = from + TB_DAY_MS;
    tb_json_out_key_open(&r->o, key, '{');
    tb_report_columns(r, "SELECT count(*) AS orders, coalesce(sum(net), 0) AS net, count(DISTINCT profile) AS buyers "
               "FROM orders WHERE tenant = %u AND day = %lld AND state <> 3", t, (long long)day);
    tb_report_columns(r, "SELECT count(*) AS returns, coalesce(sum(net), 0) AS returned FROM returns "
               "WHERE tenant = %u AND day = %lld", t, (long long)day);
    tb_report_columns(r, "SELECT count(*) AS contacts, coalesce(sum(is_new), 0) AS found FROM contacts "
               "WHERE tenant = %u AND at_ms >= %lld AND at_ms < %lld", t, (long long)from, (long long)to);
    tb_report_columns(r, "SELECT count(*) AS joined FROM persons "
               "WHERE tenant = %u AND enrolled_ms >= %lld AND enrolled_ms < %lld",
            t, (long long)from, (long long)to);
    tb_json_out_close(&r->o, '}');
}

static void today_series(struct tb_report *r, int64_t day, int64_t off)
{
    const uint32_t t = r->tenant;
    int64_t first = day - 29;
    int64_t from = first * TB_DAY_MS - off;
    tb_report_rows(r, "days",
        "SELECT day AS \"day$d\", count(*) AS orders, sum(net) AS net, sum(returned_net) AS returned FROM "
        "orders WHERE tenant = %u AND day >= %lld AND day <= %lld AND state <> 3 GROUP BY day ORDER BY day",
        t, (long long)first, (long long)day);
    tb_report_rows(r, "contact_days",
        "SELECT (at_ms + %lld) / 86400000 AS \"day$d\", count(*) AS contacts, sum(is_new) AS found FROM "
        "contacts WHERE tenant = %u AND at_ms >= %lld GROUP BY 1 ORDER BY 1",
        (long long)off, t, (long long)from);
    tb_report_rows(r, "join_days",
        "SELECT (enrolled_ms + %lld) / 86400000 AS \"day$d\", count(*) AS joined FROM persons WHERE tenant = "
        "%u AND enrolled_ms >= %lld GROUP BY 1 ORDER BY 1",
        (long long)off, t, (long long)from);
    tb_report_rows(r, "touchpoints",
        "SELECT p.kind AS kind, count(*) AS contacts, sum(c.is_new) AS found FROM contacts c JOIN "
        "touchpoints p ON p.touchpoint = c.touchpoint WHERE c.tenant = %u AND c.at_ms >= %lld GROUP BY "
        "p.kind ORDER BY 2 DESC",
        t, (long long)((day - 6) * TB_DAY_MS - off));
    tb_report_rows(r, "hours",
        "SELECT (occurred_ms + %lld) / 3600000 %% 24 AS hour, count(*) AS orders, sum(net) AS net FROM "
        "orders WHERE tenant = %u AND day = %lld AND state <> 3 GROUP BY 1 ORDER BY 1",
        (long long)off, t, (long long)day);
}

static void today(struct tb_report *r)
{
    const uint32_t t = r->tenant;
    int64_t off = tb_report_offset_ms(r);
    int64_t day = (tb_now_ms() + off) / TB_DAY_MS;
    tb_report_as_of(r);
    tb_json_out_key(&r->o, "day");
    tb_json_out_date(&r->o, (int32_t)day);
    today_sums(r, "today", day, off);
    today_sums(r, "yesterday", day - 1, off);
    tb_json_out_key_open(&r->o, "counts", '{');
    tb_report_columns(r, "SELECT persons, followers, members, buyers, regulars, anonymous_cards, devices, frozen, "
        "regular_orders FROM tenants WHERE tenant = %u",
        t);
    tb_report_columns(r,
        "SELECT count(*) AS member_buyers FROM persons WHERE tenant = %u AND enrolled_ms > 0 AND orders > 0",
        t);
    tb_report_columns(r, "SELECT count(*) AS member_regulars FROM persons p JOIN tenants t ON t.tenant = p.tenant "
               "WHERE p.tenant = %u AND p.enrolled_ms > 0 AND t.regular_orders > 0 "
               "AND p.orders >= t.regular_orders", t);
    tb_json_out_close(&r->o, '}');
    today_series(r, day, off);
    tb_report_rows(r, "liability",
        "SELECT u.code AS \"unit$s\", u.name AS \"name$s\", u.kind AS kind, u.face_ppm AS face_ppm, "
        "coalesce(sum(b.available), 0) AS available, coalesce(sum(b.held), 0) AS held, "
        "coalesce(sum(b.pending), 0) AS pending FROM units u LEFT JOIN balances b ON b.unit = u.unit WHERE "
        "u.tenant = %u GROUP BY u.unit, u.code, u.name, u.kind, u.face_ppm ORDER BY u.unit",
        t);
}

/* ---- orders ----------------------------------------------------------------------------------------------- */

#define ORDER_COLUMNS                                                                                              \
    "o.order_no AS \"id$o\", o.code AS \"order$s\", o.state AS state, o.net AS net, o.returned_net AS returned, "  \
    "o.line_n AS lines, o.occurred_ms AS \"occurred_at$t\", s.code AS \"store$s\", s.name AS \"store_name$s\", "   \
    "a.code AS \"associate$s\", a.name AS \"associate_name$s\", o.profile AS \"member$m\" FROM orders o "          \
    "LEFT JOIN stores s ON s.store = o.store LEFT JOIN associates a ON a.associate = o.associate "

/* Of one member: a path parameter, or herself. */
static void member_orders(struct tb_report *r)
{
    uint64_t profile = 0;
    int64_t after = tb_report_after(r), limit = tb_report_limit(r);
    struct tb_str id = r->call->param[0];
    if (!tb_id_parse(&r->app->hash_key, TB_ID_MEMBER, r->tenant, id, &profile))
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_FOUND, "member", NULL);
    tb_report_as_of(r);
    tb_report_rows(r, "items",
         "SELECT " ORDER_COLUMNS "WHERE o.tenant = %u AND o.profile IN (SELECT profile FROM profiles WHERE person = "
         "(SELECT person FROM profiles WHERE profile = %llu AND tenant = %u)) "
         "ORDER BY o.occurred_ms DESC, o.order_no DESC LIMIT %lld OFFSET %lld",
         r->tenant, (unsigned long long)profile, r->tenant, (long long)limit, (long long)after);
}

/* When, where and by what she was recognised: what nobody tells her she could not object to. */
static void my_visits(struct tb_report *r)
{
    uint64_t profile = 0;
    int64_t after = tb_report_after(r), limit = tb_report_limit(r);
    if (!tb_id_parse(&r->app->hash_key, TB_ID_MEMBER, r->tenant, r->call->param[0], &profile))
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_FOUND, "member", NULL);
    tb_report_as_of(r);
    tb_report_rows(r, "items",
         "SELECT c.seq AS sequence, c.at_ms AS \"at$t\", n.code AS \"ns$s\", p.kind AS kind, "
         "p.code AS \"touchpoint$s\", p.name AS \"touchpoint_name$s\", s.code AS \"store$s\", "
         "s.name AS \"store_name$s\" FROM contacts c JOIN profiles f ON f.profile = c.profile "
         "JOIN namespaces n ON n.namespace = f.namespace "
         "LEFT JOIN touchpoints p ON p.touchpoint = c.touchpoint LEFT JOIN stores s ON s.store = c.store "
         "WHERE c.tenant = %u AND f.person = (SELECT person FROM profiles WHERE profile = %llu AND tenant = %u) "
         "ORDER BY c.at_ms DESC, c.seq DESC, c.part DESC LIMIT %lld OFFSET %lld",
         r->tenant, (unsigned long long)profile, r->tenant, (long long)limit, (long long)after);
}

static void orders(struct tb_report *r)
{
    static const char *const states[] = {"any", "paid", "part_returned", "returned", "cancelled", NULL};
    char store[TB_CODE_MAX + 3], associate[TB_CODE_MAX + 3], where[320] = "";
    uint32_t state = tb_report_word(r, "state", states);
    int64_t after = tb_report_after(r), limit = tb_report_limit(r);
    int n = 0;
    tb_report_chosen(r, "store", store);
    tb_report_chosen(r, "associate", associate);
    if (state > 0)
        n += snprintf(where + n, sizeof where - (size_t)n, " AND o.state = %u", state - 1);
    if (store[1] != '\'')
        n += snprintf(where + n, sizeof where - (size_t)n, " AND s.code = %s", store);
    if (associate[1] != '\'')
        (void)snprintf(where + n, sizeof where - (size_t)n, " AND a.code = %s", associate);
    tb_report_as_of(r);
    tb_report_rows(r, "items",
        "SELECT "
        ORDER_COLUMNS
        "WHERE o.tenant = %u%s ORDER BY o.order_no DESC LIMIT %lld OFFSET %lld",
        r->tenant, where, (long long)limit, (long long)after);
}

/* ---- stores and associates --------------------------------------------------------------------------------- */

static void stores(struct tb_report *r)
{
    const uint32_t t = r->tenant;
    int64_t off = tb_report_offset_ms(r);
    int64_t first = (tb_now_ms() + off) / TB_DAY_MS - 29;
    tb_report_as_of(r);
    tb_report_rows(r, "items",
         "SELECT s.code AS \"code$s\", s.name AS \"name$s\", s.region AS \"region$s\", s.latitude_e7 AS latitude_e7, "
         "s.longitude_e7 AS longitude_e7, s.trade_radius_m AS trade_radius_m, s.closed AS \"closed$b\", "
         "coalesce(o.orders, 0) AS orders, coalesce(o.net, 0) AS net, coalesce(o.buyers, 0) AS buyers, "
         "coalesce(m.members, 0) AS members FROM stores s "
         "LEFT JOIN (SELECT store, count(*) AS orders, sum(net - returned_net) AS net, "
         "count(DISTINCT profile) AS buyers FROM orders "
         "WHERE tenant = %u AND day >= %lld AND state <> 3 GROUP BY store) o ON o.store = s.store "
         "LEFT JOIN (SELECT last_store, count(*) AS members FROM persons WHERE tenant = %u AND enrolled_ms > 0 "
         "GROUP BY last_store) m ON m.last_store = s.store WHERE s.tenant = %u ORDER BY s.store",
         t, (long long)first, t, t);
}

static void associates(struct tb_report *r)
{
    const uint32_t t = r->tenant;
    int64_t off = tb_report_offset_ms(r);
    int64_t first = (tb_now_ms() + off) / TB_DAY_MS - 29;
    tb_report_as_of(r);
    tb_report_rows(r, "items",
         "SELECT a.code AS \"code$s\", a.name AS \"name$s\", s.code AS \"store$s\", s.name AS \"store_name$s\", "
         "a.left_store AS \"left$b\", coalesce(o.orders, 0) AS orders, coalesce(o.net, 0) AS net, "
         "coalesce(o.customers, 0) AS customers, coalesce(h.orders, 0) AS store_orders, coalesce(h.net, 0) AS "
         "store_net, coalesce(h.buyers, 0) AS store_buyers FROM associates a LEFT JOIN stores s ON s.store = a.store "
         "LEFT JOIN (SELECT store, count(*) AS orders, sum(net - returned_net) AS net, count(DISTINCT profile) AS "
         "buyers FROM orders WHERE tenant = %u AND day >= %lld AND state <> 3 GROUP BY store) h ON h.store = a.store "
         "LEFT JOIN (SELECT associate, count(*) AS orders, sum(net - returned_net) AS net, "
         "count(DISTINCT profile) AS customers FROM orders WHERE tenant = %u AND day >= %lld AND state <> 3 "
         "GROUP BY associate) o ON o.associate = a.associate WHERE a.tenant = %u "
         "ORDER BY 7 DESC, a.associate LIMIT 500",
         t, (long long)first, t, (long long)first, t);
}

/* ---- who changed what --------------------------------------------------------------------------------------- */

static void changes(struct tb_report *r)
{
    static const char *const groups[] = {"all", "settings", "people", "value", NULL};
    static const char *const group_sql[] = {
        "(h.command BETWEEN 10 AND 23 OR h.command IN (42, 43, 45, 48, 190) OR h.command BETWEEN 70 AND 75)",
        "h.command BETWEEN 10 AND 23", "h.command IN (42, 43, 45, 48)",
        "(h.command BETWEEN 70 AND 75 OR h.command = 190)"};
    uint32_t group = tb_report_word(r, "group", groups);
    int64_t before = tb_call_query_i64(r->call, TB_STR("before"), 1, INT64_MAX, INT64_MAX);
    int64_t limit = tb_report_limit(r);
    tb_report_as_of(r);
    tb_report_rows(r, "items",
         "SELECT h.seq AS number, h.tenant_seq AS sequence, h.at_ms AS \"at$t\", h.command AS \"command$c\", "
         "h.member AS \"member$m\", h.body AS \"actor$a\", q.asked_by AS asked_by FROM history h "
         "LEFT JOIN requests q ON q.decided_seq = h.seq AND q.tenant = h.tenant "
         "WHERE h.tenant = %u AND %s AND h.seq < %lld ORDER BY h.seq DESC LIMIT %lld",
         r->tenant, group_sql[group], (long long)before, (long long)limit);
    tb_report_rows(r, "actors",
        "SELECT key_no AS number, code AS \"code$s\", name AS \"name$s\" FROM api_keys WHERE tenant = %u",
        r->tenant);
}

/* ---- running one ---------------------------------------------------------------------------------------------- */

static tb_report_fn *report_of(uint32_t op)
{
    switch (op) {
    case TB_API_REPORT_TODAY:
        return today;
    case TB_API_REPORT_MEMBERS:
        return tb_report_members;
    case TB_API_REPORT_ORDERS:
        return orders;
    case TB_API_LIST_MEMBER_ORDERS:
    case TB_API_LIST_MY_ORDERS:
        return member_orders;
    case TB_API_LIST_MY_VISITS:
        return my_visits;
    case TB_API_REPORT_STORES:
        return stores;
    case TB_API_REPORT_ASSOCIATES:
        return associates;
    case TB_API_REPORT_CHANGES:
        return changes;
    case TB_API_REPORT_CODES:
        return tb_report_codes;
    case TB_API_REPORT_COUPONS:
        return tb_report_coupons;
    case TB_API_REPORT_CAMPAIGNS:
        return tb_report_campaigns;
    case TB_API_LIST_CAMPAIGN_BACKTESTS:
        return tb_report_backtests;
    case TB_API_GET_CAMPAIGN_BACKTEST:
        return tb_report_backtest;
    default:
        break;
    }
    return NULL;
}

static bool report_open(struct tb_report *r, struct tb_app *app, struct tb_call *call)
{
    *r = (struct tb_report){.app = app, .call = call, .tenant = (uint32_t)call->who.tenant};
    return app->o.state != NULL &&
           app->o.state->ops->reader_open(app->o.state, &r->reader, &r->fault) == TB_STATE_DONE;
}

static void run(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_report *r = malloc(sizeof *r);
    uint8_t *region = malloc(REPORT_BYTES);
    tb_report_fn *fn = report_of(call->req->op);
    tb_assert(r != NULL && region != NULL && fn != NULL);
    if (!report_open(r, app, call)) {
        tb_http_refuse_code(call->req, TB_PROBLEM_UNAVAILABLE, NULL);
        free(region);
        free(r);
        return;
    }
    tb_buf_init(&r->b, region, REPORT_BYTES);
    tb_json_out_init(&r->o, &r->b);
    tb_json_out_open(&r->o, '{');
    fn(r);
    tb_json_out_close(&r->o, '}');
    app->o.state->ops->reader_close(r->reader);
    if (!tb_call_ok(call))
        free(region);
    else if (r->failed || r->b.overflowed) {
        tb_http_refuse_code(call->req, r->b.overflowed ? TB_PROBLEM_ANSWER_TOO_LARGE : TB_PROBLEM_UNAVAILABLE, NULL);
        free(region);
    } else {
        tb_http_reply_owned(call->req, call->op->status, TB_JSON, region, r->b.n);
    }
    free(r);
}

void tb_op_report(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->reports, run, call);
}

void tb_report_session(struct tb_app *app, const struct tb_principal *who, struct tb_json_out *o)
{
    struct tb_call call = {.who = *who};
    struct tb_report *r = malloc(sizeof *r);
    tb_assert(r != NULL);
    if (report_open(r, app, &call)) {
        r->o = *o;
        tb_report_columns(r, "SELECT code AS \"tenant$s\", name AS \"tenant_name$s\", currency AS \"currency$s\", "
                   "currency_digits AS currency_digits, zone AS \"zone$s\" FROM tenants WHERE tenant = %u", r->tenant);
        tb_report_columns(r, "SELECT k.code AS \"user$s\", k.name AS \"name$s\", s.code AS \"store$s\", "
                   "s.name AS \"store_name$s\" FROM api_keys k LEFT JOIN stores s "
                   "ON s.store = k.store WHERE k.key_no = %llu",
                (unsigned long long)who->key);
        *o = r->o;
        app->o.state->ops->reader_close(r->reader);
    }
    free(r);
}
