// SPDX-License-Identifier: Apache-2.0
/* http/op_accounting.c - GET /v1/reports/accounting: the books of the caller's tenant (http/accounting.h).
 *
 * Threads   a side thread of its own (side.h): a long history keeps no other report waiting, only other books.
 * Limits    REPORT_BYTES an answer. The history has no bound: its whole fold takes some 2 us an entry, 10 s
 *           for five millions; a server that closes ends it.                                          */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "border/zone.h"
#include "http/accounting.h"
#include "http/report.h"

#define REPORT_BYTES ((size_t)64 << 20) /* of address space; what is not written costs nothing */
#define QUERY_MS 5000u

struct tenant_read {
    char zone[48];
    char currency[8];
};

static bool on_tenant(void *user, const struct tb_value *v, uint32_t n)
{
    struct tenant_read *t = user;
    tb_assert(n == 2);
    tb_str_put_c(t->zone, sizeof t->zone, v[0].str);
    tb_str_put_c(t->currency, sizeof t->currency, v[1].str);
    return false;
}

static void no_names(void *user, const char *const *name, uint32_t n)
{
    (void)user;
    (void)name;
    (void)n;
}

static bool read_tenant(struct tb_app *app, uint32_t tenant, struct tenant_read *out, struct tb_fault *fault)
{
    char sql[96];
    struct tb_state_reader *reader;
    const struct tb_state_ops *ops = app->o.state != NULL ? app->o.state->ops : NULL;
    if (ops == NULL || ops->reader_open(app->o.state, &reader, fault) != TB_STATE_DONE)
        return false;
    int n = snprintf(sql, sizeof sql, "SELECT zone, currency FROM tenants WHERE tenant = %u", tenant);
    bool ok = ops->query(reader, (struct tb_str){sql, (uint32_t)n}, QUERY_MS, no_names, on_tenant, out, fault) ==
              TB_STATE_DONE;
    ops->reader_close(reader);
    return ok && out->zone[0] != 0;
}

/* What the caller says is judged before anything is read; the current year when nothing is said. */
static void read_query(struct tb_call *call, struct tb_accounting *a)
{
    a->from_day = tb_report_date(call, "from", INT32_MIN);
    a->to_day = tb_report_date(call, "to", INT32_MIN);
    struct tb_str by = tb_call_query_str(call, TB_STR("by"), 5);
    if (by.n > 0 && tb_str_eq_c(by, "day"))
        a->by = TB_ACCOUNTING_DAY;
    else if (by.n > 0 && !tb_str_eq_c(by, "month"))
        tb_refusal_set(&call->refusal, TB_PROBLEM_NOT_AN_OPTION, "by", NULL);
}

static void set_days(struct tb_call *call, struct tb_accounting *a)
{
    a->today = tb_zone_day_of(a->zone, tb_now_ms());
    struct tb_date d = tb_date_from_days(a->today);
    if (a->from_day == INT32_MIN)
        a->from_day = tb_days_from_date((struct tb_date){d.year, 1, 1});
    if (a->to_day == INT32_MIN)
        a->to_day = a->today + 1;
    if (call->refusal.problem == TB_PROBLEM_NONE && (a->to_day <= a->from_day || a->to_day - a->from_day > 3700))
        tb_refusal_set(&call->refusal, TB_PROBLEM_INVALID_VALUE, "to", "Behind from, at most ten years.");
}

static void report(struct tb_app *app, struct tb_call *call, const struct tb_accounting *a, const char *currency)
{
    struct tb_fault fault = {0};
    struct tb_json_out o;
    struct tb_buf b;
    uint8_t *region = malloc(REPORT_BYTES);
    if (region == NULL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    tb_buf_init(&b, region, REPORT_BYTES);
    tb_json_out_init(&o, &b);
    enum tb_accounting_answer answer = tb_accounting_report(app->cell, a, tb_str_of(currency), &o, &fault);
    if (answer == TB_ACCOUNTING_DONE && !b.overflowed) {
        uint8_t *kept = realloc(region, b.n);
        tb_http_reply_owned(call->req, call->op->status, TB_JSON, kept != NULL ? kept : region, b.n);
        return;
    }
    bool large = answer == TB_ACCOUNTING_TOO_LARGE || answer == TB_ACCOUNTING_DONE;
    tb_http_refuse_code(call->req, large ? TB_PROBLEM_ANSWER_TOO_LARGE : TB_PROBLEM_UNAVAILABLE, NULL);
    free(region);
}

static bool open_still(void *user)
{
    struct tb_app *app = user;
    return !atomic_load(&app->closing);
}

static void run(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_fault fault = {0};
    struct tenant_read t = {{0}, {0}};
    struct tb_accounting a = {.tenant = (uint32_t)call->who.tenant, .go_on = open_still, .asker = app};
    read_query(call, &a);
    if (!tb_call_ok(call))
        return;
    if (!read_tenant(app, a.tenant, &t, &fault) ||
        tb_zone_load(tb_str_of(t.zone), &a.zone, &fault) != TB_ZONE_DONE) {
        tb_http_refuse_code(call->req, TB_PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    set_days(call, &a);
    if (tb_call_ok(call))
        report(app, call, &a, t.currency);
}

void tb_op_accounting(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->books, run, call);
}
