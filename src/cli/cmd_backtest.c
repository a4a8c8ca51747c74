// SPDX-License-Identifier: Apache-2.0
/* tongbao backtest - what a campaign would have cost: a draft over the orders of the past (docs/design/0016).
 *
 * The file is the body of PUT /v1/campaigns/{code} with its "code". Nothing is written: the journal is read and
 * folded in memory of its own, so the verb may run while the folder is served.                    */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backtest/backtest.h"
#include "border/zone.h"
#include "cli/cli.h"
#include "http/app_int.h"

#define FILE_BYTES_MAX (1u << 20)
#define ARENA_BYTES ((size_t)64 << 20) /* of all files: bytes, trees and what is read of them */
#define REPORT_BYTES ((size_t)8 << 20)
#define TENANT_BYTES (256u << 10)
#define DRAW_NS INT64_C(200000000)

struct backtest_run {
    struct tb_cli *cli;
    struct tb_arena arena;
    struct tb_cmd_campaign_put campaign[TB_BT_DRAFTS_MAX];
    struct tb_bt_options o;
    struct tb_bt_print print;
    struct tb_fault fault;
    bool draws; /* the progress bar */
    int64_t drawn_ns;
};

/* ---- the campaign's file -------------------------------------------------------------------------------- */

static bool read_bytes(struct backtest_run *x, const char *name, struct tb_str *out)
{
    char path[4096];
    const char *full = tb_cli_path(x->cli, name, path, sizeof path);
    FILE *f = full != NULL ? fopen(full, "rb") : NULL;
    char *room = malloc(FILE_BYTES_MAX + 1);
    tb_assert(room != NULL);
    size_t n = f != NULL ? fread(room, 1, FILE_BYTES_MAX + 1, f) : 0;
    bool ok = f != NULL && ferror(f) == 0 && n <= FILE_BYTES_MAX;
    if (f != NULL)
        (void)fclose(f);
    char *bytes = ok ? tb_arena_alloc(&x->arena, n + 1) : NULL;
    if (bytes != NULL)
        memcpy(bytes, room, n);
    free(room);
    *out = (struct tb_str){bytes, (uint32_t)n};
    return bytes != NULL;
}

/* As the server reads the body, the code from the body itself. */
static bool read_campaign(struct backtest_run *x, const char *name, struct tb_cmd_campaign_put *put)
{
    struct tb_str body;
    struct tb_json_doc *doc = TB_NEW(&x->arena, struct tb_json_doc); /* texts are borrowed from it */
    struct tb_refusal refusal = {0};
    struct tb_json_read read = {.doc = doc, .refusal = &refusal};
    struct tb_work w = {.arena = &x->arena, .refusal = &refusal, .input = put, .bulk = true};
    if (!read_bytes(x, name, &body)) {
        (void)tb_cli_say(x->cli, TB_EXIT_FAULT, "%s cannot be read", name);
        return false;
    }
    struct tb_json_index *index = tb_json_index_create();
    tb_assert(index != NULL && doc != NULL);
    if (tb_json_parse(index, body, FILE_BYTES_MAX, &x->arena, doc, &refusal)) {
        struct tb_json_object root = tb_json_root(&read);
        tb_work_campaign_put.read(&w, &root);
        tb_json_end(&root);
    }
    tb_json_index_destroy(index);
    if (refusal.problem == TB_PROBLEM_NONE)
        return true;
    (void)tb_cli_say(x->cli, TB_EXIT_REFUSED, "%s: %s %s (%s)", name, refusal.field, refusal.detail,
                     tb_problem_code(refusal.problem));
    return false;
}

/* ---- the tenant, the window ------------------------------------------------------------------------------- */

static bool read_tenant(struct backtest_run *x, const char *code)
{
    struct tb_str packed;
    struct tb_view v;
    void *region = tb_arena_alloc(&x->arena, TENANT_BYTES);
    tb_assert(region != NULL);
    if (!tb_node_find(x->cli->node, 0, TB_KIND_TENANT, code, &x->o.tenant, region, TENANT_BYTES, &packed,
                      &x->fault) ||
        !tb_view_read(TB_KIND_TENANT, packed, &x->arena, &v)) {
        (void)tb_cli_say(x->cli, TB_EXIT_REFUSED, "%s%s",
                         x->fault.text[0] ? x->fault.text : "there is no tenant ", x->fault.text[0] ? "" : code);
        return false;
    }
    const struct tb_tenant *t = v.head;
    char *currency = tb_arena_alloc(&x->arena, sizeof t->currency + 1);
    tb_assert(currency != NULL);
    memcpy(currency, t->currency, sizeof t->currency);
    x->print.tenant = tb_str_of(code);
    x->print.currency = tb_str_of(currency);
    x->print.digits = t->currency_digits;
    if (tb_zone_load(tb_view_text(&v, t->zone), &x->o.zone, &x->fault) == TB_ZONE_DONE)
        return true;
    (void)tb_cli_say(x->cli, TB_EXIT_FAULT, "%s", x->fault.text);
    return false;
}

/* Days of the tenant's zone: from the first one's start up to the last one's. */
static bool read_window(struct backtest_run *x)
{
    int32_t from;
    int32_t to;
    const struct tb_args *a = &x->cli->args;
    if (!tb_date_parse(tb_str_of(tb_args_text(a, TB_OPT_FROM, NULL, "")), &from) ||
        !tb_date_parse(tb_str_of(tb_args_text(a, TB_OPT_TO, NULL, "")), &to)) {
        (void)tb_cli_say(x->cli, TB_EXIT_USAGE, "--from and --to take dates, YYYY-MM-DD");
        return false;
    }
    if (to <= from || to - from > 3700) {
        (void)tb_cli_say(x->cli, TB_EXIT_USAGE, "--to is behind --from, ten years at most");
        return false;
    }
    x->o.from_ms = tb_zone_day_start_ms(x->o.zone, from);
    x->o.to_ms = tb_zone_day_start_ms(x->o.zone, to);
    return true;
}

/* ---- progress ------------------------------------------------------------------------------------------------ */

static int64_t mono_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool go_on(void *user, uint64_t done, uint64_t of)
{
    struct backtest_run *x = user;
    char bar[41];
    if (x->draws && (mono_ns() - x->drawn_ns > DRAW_NS || done == of)) {
        uint32_t filled = of ? (uint32_t)(done * 40 / of) : 40;
        memset(bar, '.', 40);
        memset(bar, '#', filled);
        bar[40] = 0;
        x->drawn_ns = mono_ns();
        fprintf(x->cli->err, "\r[%s] %3" PRIu64 " %%%s", bar, of ? done * 100 / of : 100, done == of ? "\n" : "");
        (void)fflush(x->cli->err);
    }
    return !atomic_load(x->cli->cancel);
}

/* ---- the verb ------------------------------------------------------------------------------------------------ */

static int print_report(struct backtest_run *x, struct tb_backtest *b, bool json)
{
    struct tb_buf out;
    if (!json) {
        tb_backtest_print(b, &x->print, x->cli->out);
        return TB_EXIT_OK;
    }
    uint8_t *region = malloc(REPORT_BYTES);
    tb_assert(region != NULL);
    tb_buf_init(&out, region, REPORT_BYTES);
    tb_backtest_json(b, &x->print, &out);
    tb_assert(!out.overflowed); /* ten years of days and some rows */
    fprintf(x->cli->out, "%.*s\n", (int)out.n, (const char *)region);
    free(region);
    return TB_EXIT_OK;
}

static int told(struct backtest_run *x, struct tb_backtest *b, enum tb_bt_answer answer, bool json)
{
    switch (answer) {
    case TB_BT_DONE:
        break;
    case TB_BT_STOPPED:
        return tb_cli_say(x->cli, TB_EXIT_REFUSED, "stopped before the end");
    case TB_BT_PRUNED:
        return tb_cli_say(x->cli, TB_EXIT_REFUSED,
                          "the journal begins at batch %" PRIu64
                          ": restore a backup that holds all of it, and run the back-test there",
                          tb_replay_figures(b->replay)->first);
    case TB_BT_FAULT:
        return tb_cli_say(x->cli, TB_EXIT_FAULT, "%s", x->fault.text);
    }
    for (uint32_t i = 0; i < x->o.campaign_n && b->f.orders > 0; i++)
        if (b->draft[i].campaign == 0)
            return tb_cli_say(x->cli, TB_EXIT_REFUSED, "%s is refused: %s %s", x->cli->args.positional[i],
                              tb_code_name(b->draft[i].not_put), b->draft[i].not_put_field);
    return print_report(x, b, json);
}

static bool open_orders(struct backtest_run *x)
{
    char path[4096];
    const char *name = tb_args_text(&x->cli->args, TB_OPT_ORDERS, NULL, NULL);
    const char *full = name != NULL ? tb_cli_path(x->cli, name, path, sizeof path) : NULL;
    if (name == NULL)
        return true;
    x->o.orders = full != NULL ? fopen(full, "w") : NULL;
    if (x->o.orders == NULL) {
        (void)tb_cli_say(x->cli, TB_EXIT_FAULT, "%s cannot be written", name);
        return false;
    }
    fputs("order,occurred_ms,campaign,saving,gift_units\n", x->o.orders);
    return true;
}

static int run(struct backtest_run *x, bool json)
{
    const struct tb_args *a = &x->cli->args;
    if (!read_tenant(x, a->value[TB_OPT_TENANT]))
        return TB_EXIT_REFUSED;
    if (!read_window(x))
        return TB_EXIT_USAGE;
    for (int i = 0; i < a->n; i++)
        if (!read_campaign(x, a->positional[i], &x->campaign[i]))
            return TB_EXIT_REFUSED;
    x->print.campaign = a->n == 1 ? a->positional[0] : "several drafts";
    x->o.journal = x->cli->node->journal;
    x->o.env = &x->cli->node->env;
    x->o.campaign = x->campaign;
    x->o.campaign_n = (uint32_t)a->n;
    x->o.today = tb_args_has(a, TB_OPT_TODAY);
    x->o.go_on = go_on;
    x->o.user = x;
    x->draws = x->cli->tty && !tb_args_has(a, TB_OPT_QUIET);
    if (!open_orders(x))
        return TB_EXIT_FAULT;
    struct tb_backtest *b = calloc(1, sizeof *b);
    tb_assert(b != NULL);
    int code = told(x, b, tb_backtest_run(b, &x->o, &x->fault), json);
    tb_backtest_close(b);
    free(b);
    if (x->o.orders != NULL && fclose(x->o.orders) != 0)
        code = tb_cli_say(x->cli, TB_EXIT_FAULT, "the file of --orders cannot be written");
    return code;
}

int tb_cmd_backtest(struct tb_cli *cli)
{
    const char *format = tb_args_text(&cli->args, TB_OPT_FORMAT, NULL, "text");
    bool json = strcmp(format, "json") == 0;
    if (cli->args.n < 1 || cli->args.n > (int)TB_BT_DRAFTS_MAX || !tb_args_has(&cli->args, TB_OPT_TENANT) ||
        (!json && strcmp(format, "text") != 0)) {
        tb_verb_usage(tb_verb_find("backtest"), cli->err);
        return TB_EXIT_USAGE;
    }
    void *region = malloc(ARENA_BYTES);
    struct backtest_run *x = calloc(1, sizeof *x);
    tb_assert(region != NULL && x != NULL);
    x->cli = cli;
    tb_arena_init(&x->arena, region, ARENA_BYTES);
    int code = run(x, json);
    free(x);
    free(region);
    return code;
}
