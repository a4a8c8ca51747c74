// SPDX-License-Identifier: Apache-2.0
/* tongbao accounts - the books of a tenant for those who keep the general ledger (docs/design/0017).
 *
 *   entries   journal lines, two an entry, as CSV; or the whole report as JSON
 *   cohorts   what was issued of each unit in each month, at the end of each period
 * Reads only. Lines are printed when they are known, so books of any size fit.               */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "border/zone.h"
#include "cli/cli.h"
#include "core/catalog/catalog.h"
#include "http/accounting.h"
#include "http/facts.h"

#define REPORT_BYTES ((size_t)256 << 20)
#define TENANT_BYTES (256u << 10)

struct books_run {
    struct tb_cli *cli;
    char currency[8];
    struct tb_accounting a;
    struct tb_fault fault;
};

/* ---- what is printed ------------------------------------------------------------------------------------ */

static void print_date(FILE *out, int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    fprintf(out, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void print_line(struct books_run *x, const char *number, int32_t last, const struct tb_books_entry *e,
                       enum tb_books_account account, bool debit)
{
    char cohort[16];
    struct tb_buf b;
    FILE *out = x->cli->out;
    tb_buf_init(&b, cohort, sizeof cohort);
    tb_accounting_cohort(&b, e->cohort->month);
    fprintf(out, "%s,", number);
    print_date(out, last);
    fprintf(out, ",%d,\"%s\",%" PRId64 ",%" PRId64 ",%s,%s,%.*s,%s,%s,%d\n", (int)account,
            tb_books_account_text(account), debit ? e->amount : 0, debit ? 0 : e->amount, x->currency,
            e->unit ? e->unit->code : "", (int)b.n, cohort,
            tb_books_reasons[e->reason], tb_accounting_by_origin(e) ? tb_accounting_origins[e->origin] : "",
            last < x->a.today);
}

static void print_entry(void *user, int32_t first, int32_t last, const struct tb_books_entry *e)
{
    struct books_run *x = user;
    char number[96];
    struct tb_buf b;
    tb_buf_init(&b, number, sizeof number - 1);
    tb_accounting_number(&b, first, last, e);
    number[b.n] = 0;
    print_line(x, number, last, e, e->debit, true);
    print_line(x, number, last, e, e->credit, false);
}

static void print_cohorts(void *user, int32_t first, int32_t last, const struct tb_books *books)
{
    struct books_run *x = user;
    FILE *out = x->cli->out;
    (void)first;
    for (uint32_t i = 0; i < books->cohort_n; i++) {
        const struct tb_cohort *c = &books->cohort[i];
        const struct tb_books_unit *u = tb_books_unit(books, c->unit);
        const struct tb_books_value *v = &c->booked;
        int64_t deferred = v->liability + v->redeemed + v->breakage;
        char cohort[16];
        struct tb_buf b;
        tb_buf_init(&b, cohort, sizeof cohort);
        tb_accounting_cohort(&b, c->month);
        print_date(out, last);
        fprintf(out, ",%s,%.*s", u ? u->code : "", (int)b.n, cohort);
        const int64_t figure[] = {c->issued, c->redeemed, c->expired, c->clawed, c->left, deferred, v->redeemed,
                                  v->breakage, v->liability};
        for (uint32_t k = 0; k < TB_COUNT_OF(figure); k++)
            fprintf(out, ",%" PRId64, figure[k]);
        (void)fputc('\n', out);
        if (tb_cohort_outstanding(c) != c->left)
            (void)tb_cli_say(x->cli, TB_EXIT_FAULT, "the counts of %s %.*s differ", u ? u->code : "", (int)b.n, cohort);
    }
}

static bool go_on(void *asker)
{
    struct books_run *x = asker;
    return !atomic_load(x->cli->cancel);
}

/* ---- the verb --------------------------------------------------------------------------------------------- */

static bool read_tenant(struct books_run *x, const char *code)
{
    char *region = malloc(TENANT_BYTES);
    void *room = malloc(TENANT_BYTES);
    struct tb_str packed;
    struct tb_view v;
    struct tb_arena arena;
    tb_assert(region != NULL && room != NULL);
    tb_arena_init(&arena, room, TENANT_BYTES);
    bool ok = tb_node_find(x->cli->node, 0, TB_KIND_TENANT, code, &x->a.tenant, region, TENANT_BYTES, &packed,
                           &x->fault) &&
              tb_view_read(TB_KIND_TENANT, packed, &arena, &v);
    if (ok) {
        const struct tb_tenant *t = v.head;
        memcpy(x->currency, t->currency, sizeof t->currency);
        ok = tb_zone_load(tb_view_text(&v, t->zone), &x->a.zone, &x->fault) == TB_ZONE_DONE;
    }
    free(region);
    free(room);
    if (!ok)
        (void)tb_cli_say(x->cli, TB_EXIT_REFUSED, "%s%s", x->fault.text[0] ? x->fault.text : "there is no tenant ",
                         x->fault.text[0] ? "" : code);
    return ok;
}

static bool read_day(struct books_run *x, enum tb_option option, const char *name, int32_t *day)
{
    const char *text = tb_args_text(&x->cli->args, option, NULL, "");
    if (tb_date_parse(tb_str_of(text), day))
        return true;
    (void)tb_cli_say(x->cli, TB_EXIT_USAGE, "%s takes a date, YYYY-MM-DD", name);
    return false;
}

static int told(struct books_run *x, enum tb_accounting_answer answer)
{
    switch (answer) {
    case TB_ACCOUNTING_DONE:
        return TB_EXIT_OK;
    case TB_ACCOUNTING_STOPPED:
        return tb_cli_say(x->cli, TB_EXIT_REFUSED, "stopped before the end");
    case TB_ACCOUNTING_TOO_LARGE:
        return tb_cli_say(x->cli, TB_EXIT_REFUSED, "more than %u cohorts or %u units", TB_BOOKS_COHORTS_MAX,
                          TB_BOOKS_UNITS_MAX);
    case TB_ACCOUNTING_FAULT:
        break;
    }
    return tb_cli_say(x->cli, TB_EXIT_FAULT, "%s", x->fault.text);
}

static int print_json(struct books_run *x)
{
    struct tb_json_out o;
    struct tb_buf b;
    uint8_t *region = malloc(REPORT_BYTES); /* touched as far as it is written */
    tb_assert(region != NULL);
    tb_buf_init(&b, region, REPORT_BYTES);
    tb_json_out_init(&o, &b);
    int code = told(x, tb_accounting_report(x->cli->node->cell, &x->a, tb_str_of(x->currency), &o, &x->fault));
    if (code == TB_EXIT_OK && b.overflowed)
        code = tb_cli_say(x->cli, TB_EXIT_REFUSED, "the report is too large: --format csv has no bound");
    if (code == TB_EXIT_OK)
        fprintf(x->cli->out, "%.*s\n", (int)b.n, (const char *)region);
    free(region);
    return code;
}

static int print_csv(struct books_run *x, bool cohorts)
{
    uint64_t seq;
    x->a.user = x;
    if (cohorts) {
        x->a.period = print_cohorts;
        fputs("date,unit,cohort,issued,redeemed,expired,clawed,outstanding,deferred,released,breakage,liability\n",
              x->cli->out);
    } else {
        x->a.entry = print_entry;
        fputs("number,date,account,name,debit,credit,currency,unit,cohort,reason,origin,final\n", x->cli->out);
    }
    return told(x, tb_accounting_run(x->cli->node->cell, &x->a, &seq, &x->fault));
}

int tb_cmd_accounts(struct tb_cli *cli)
{
    struct books_run x = {.cli = cli};
    const struct tb_args *args = &cli->args;
    const char *what = args->n == 1 ? args->positional[0] : args->n == 0 ? "entries" : "";
    const char *format = tb_args_text(args, TB_OPT_FORMAT, NULL, "csv");
    const char *by = tb_args_text(args, TB_OPT_BY, NULL, "month");
    bool cohorts = strcmp(what, "cohorts") == 0;
    bool json = strcmp(format, "json") == 0;
    if ((!cohorts && strcmp(what, "entries") != 0) || !tb_args_has(args, TB_OPT_TENANT) || (cohorts && json) ||
        (!json && strcmp(format, "csv") != 0) || (strcmp(by, "month") != 0 && strcmp(by, "day") != 0)) {
        tb_verb_usage(tb_verb_find("accounts"), cli->err);
        return TB_EXIT_USAGE;
    }
    x.a.by = strcmp(by, "day") == 0 ? TB_ACCOUNTING_DAY : TB_ACCOUNTING_MONTH;
    x.a.go_on = go_on;
    x.a.asker = &x;
    if (!read_day(&x, TB_OPT_FROM, "--from", &x.a.from_day) || !read_day(&x, TB_OPT_TO, "--to", &x.a.to_day))
        return TB_EXIT_USAGE;
    if (x.a.to_day <= x.a.from_day)
        return tb_cli_say(cli, TB_EXIT_USAGE, "--to is behind --from");
    if (!read_tenant(&x, args->value[TB_OPT_TENANT]))
        return TB_EXIT_REFUSED;
    x.a.today = tb_zone_day_of(x.a.zone, (int64_t)time(NULL) * 1000);
    return json ? print_json(&x) : print_csv(&x, cohorts);
}
