// SPDX-License-Identifier: Apache-2.0
/* tongbao bench: fills a fresh folder and measures the engine (cli/bench/bench.h). */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bench/bench.h"
#include "cli/cli.h"

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for_flush(struct tb_bench_world *w, FILE *out)
{
    struct tb_fault fault;
    double start = now_s();
    if (!tb_cell_flush(w->node->cell, &fault))
        (void)fprintf(out, "  SQL state: %s\n", fault.text);
    else
        (void)fprintf(out, "  SQL state caught up in %.1f s\n", now_s() - start);
}

static void print_burst(FILE *out, const char *what, const char *things, const struct tb_bench_result *r, double limit)
{
    double rate = (double)r->done / r->seconds;
    (void)fprintf(out,
                  "%s: %.0f %s/s durable (%llu in %.1f s), %llu refused, %.0f bytes each, "
                  "%.2f us of the engine each, p50 %.2f ms, p99 %.2f ms\n",
                  what, rate, things, (unsigned long long)r->done, r->seconds, (unsigned long long)r->refused,
                  r->bytes_each, r->engine_us, r->p50_ms, r->p99_ms);
    (void)fprintf(out, "  limit (same bytes, one fdatasync per 256): %.0f/s; ratio %.2f\n", limit,
                  rate / limit);
    (void)fprintf(out, "  %llu batches in %llu appends\n", (unsigned long long)r->batches,
                  (unsigned long long)r->appends);
    if (r->refused > 0)
        (void)fprintf(out, "  the first refusal: %s\n", tb_code_name(r->first_refusal));
    tb_bench_threads_print(out, &r->threads_before, &r->threads_after, r->done);
}

static void sustained(struct tb_bench_world *w, const struct tb_bench_options *o, FILE *out)
{
    struct tb_bench_load l = {.first = 0, .n = w->tenant_n, .rate = o->rate, .seconds = o->sustain};
    struct tb_bench_result r;
    tb_bench_run_load(w, &l, &r);
    (void)fprintf(out,
                  "sustained %u/s for %u s: %.0f/s, p50 %.2f ms, p99 %.2f ms, SQL lag p99 %lld ms, max %lld ms, "
                  "published rows at most %lld ms and persons %lld ms behind, %.1f us of the flusher each, "
                  "%.1f KB written to disk each, memory %+.1f MB\n",
                  o->rate, l.seconds, (double)r.done / r.seconds, r.p50_ms, r.p99_ms, (long long)r.lag_p99_ms,
                  (long long)r.lag_max_ms, (long long)r.rows_lag_max_ms, (long long)r.persons_lag_max_ms, r.flusher_us,
                  (double)r.disk_bytes / (double)r.done / 1024,
                  ((double)r.memory_after - (double)r.memory_before) / 1e6);
    wait_for_flush(w, out);
}

/* As fast as it goes, between two looks at the disk's limit. */
static void burst(struct tb_bench_world *w, const struct tb_bench_options *o, const struct tb_bench_kind *kind,
                  FILE *out)
{
    char path[4096];
    struct tb_bench_load l = {.kind = kind, .first = 0, .n = w->tenant_n, .seconds = o->seconds};
    struct tb_bench_result r;
    (void)snprintf(path, sizeof path, "%s/limit.bin", o->data);
    double limit_before = tb_bench_limit(path, 180, 2);
    tb_bench_run_load(w, &l, &r);
    double limit = (limit_before + tb_bench_limit(path, r.bytes_each, 2)) / 2;
    print_burst(out, kind->what, kind->things, &r, limit);
    wait_for_flush(w, out);
}

/* Reads: how many the engine's thread can do, and what a caller waits at half of that, beside what the machine makes a
 * thread wait that does nothing: before and after, the lesser. */
static void questions(struct tb_bench_world *w, const struct tb_bench_options *o, const struct tb_bench_kind *kind,
                      FILE *out)
{
    struct tb_bench_load l = {.kind = kind, .first = 0, .n = w->tenant_n, .seconds = o->seconds};
    struct tb_bench_result r;
    tb_bench_run_load(w, &l, &r);
    (void)fprintf(out,
                  "%s: %.0f %s/s (%llu in %.1f s), %llu refused, %.2f us of the engine each: %.0f/s in the engine\n",
                  kind->what, (double)r.done / r.seconds, kind->things, (unsigned long long)r.done, r.seconds,
                  (unsigned long long)r.refused, r.engine_us, 1e6 / r.engine_us);
    tb_bench_threads_print(out, &r.threads_before, &r.threads_after, r.done);
    l.rate = (uint32_t)((double)r.done / r.seconds / 2);
    l.timed = true;
    double before = tb_bench_pause_p99_ms(o->seconds);
    tb_bench_run_load(w, &l, &r);
    double after = tb_bench_pause_p99_ms(o->seconds);
    (void)fprintf(out, "  at %u/s: p50 %.2f ms, p99 %.2f ms; a thread that only looks at the clock: p99 %.3f ms\n",
                  l.rate, r.p50_ms, r.p99_ms, before < after ? before : after);
    tb_bench_threads_print(out, &r.threads_before, &r.threads_after, r.done);
}

static bool checkout(struct tb_bench_world *w, const struct tb_bench_options *o, FILE *out)
{
    if (!tb_bench_campaigns(w))
        return false;
    questions(w, o, &tb_bench_quote, out);
    burst(w, o, &tb_bench_claim, out);
    burst(w, o, &tb_bench_confirm, out);
    return true;
}

static bool play(struct tb_bench_world *w, const struct tb_bench_options *o, FILE *out)
{
    struct tb_bench_kind reward = tb_bench_scan;
    reward.what = "item codes, the first scan gives points";
    if (!tb_bench_games(w))
        return false;
    burst(w, o, &tb_bench_draw, out);
    if ((w->batch == NULL && !tb_bench_batches(w)) || !tb_bench_scan_games(w))
        return false;
    burst(w, o, &reward, out);
    return true;
}

static void history(struct tb_bench_world *w, const struct tb_bench_options *o, FILE *out)
{
    struct tb_bench_load l = {.first = 0, .n = w->tenant_n, .orders = o->orders};
    struct tb_bench_result r;
    tb_bench_run_load(w, &l, &r);
    (void)fprintf(out, "history: %llu orders in %.1f s\n", (unsigned long long)r.done, r.seconds);
    wait_for_flush(w, out);
}

int tb_bench_run(struct tb_bench_world *w, const struct tb_node_options *node, const struct tb_bench_options *o,
                 FILE *out)
{
    struct tb_cell_figures *f = malloc(sizeof *f);
    if (f == NULL)
        return TB_EXIT_FAULT;
    tb_bench_machine(out);
    double start = now_s();
    uint64_t resident = tb_bench_resident();
    if (!tb_bench_fill(w, o))
        return TB_EXIT_FAULT;
    double took = now_s() - start;
    tb_cell_figures(w->node->cell, f);
    (void)fprintf(out,
                  "filled: %u tenants, %u members (2 identifiers, 5 attributes%s) in %.1f s; "
                  "%.0f bytes a member in the store\n",
                  o->tenants, o->members, o->accounts ? ", 2 accounts, 1 lot" : "", took,
                  (double)f->memory_bytes / (double)o->members);
    free(f);
    tb_bench_memory(w->node, out);
    wait_for_flush(w, out);
    (void)fprintf(out, "resident: %.0f bytes a member, with all buffers of the process\n",
                  (double)(tb_bench_resident() - resident) / (double)o->members);
    if (o->orders)
        history(w, o, out);
    burst(w, o, &tb_bench_purchase, out);
    if (o->scans && !tb_bench_batches(w))
        return TB_EXIT_FAULT;
    if (o->scans)
        burst(w, o, &tb_bench_scan, out);
    if ((o->checkout && !checkout(w, o, out)) || (o->play && !play(w, o, out)))
        return TB_EXIT_FAULT;
    if (w->tenant_n > 1)
        tb_bench_flood(w, o->seconds, out);
    if (o->rate)
        sustained(w, o, out);
    if (o->restart && !tb_bench_restart(w, node, o->tail, out))
        return TB_EXIT_FAULT;
    tb_bench_machine(out); /* a host's other guests come and go */
    return TB_EXIT_OK;
}

/* An option as a number of at least 1; 0 when it was refused (said). */
static uint32_t number(struct tb_cli *cli, enum tb_option o, int64_t otherwise)
{
    int64_t v;
    return tb_args_number(&cli->args, o, 0, 100000000, otherwise, &v, cli->err) ? (uint32_t)v : 0;
}

int tb_cmd_bench(struct tb_cli *cli)
{
    char folder[] = "tongbao-bench-XXXXXX";
    char path[4096];
    const char *data = tb_args_text(&cli->args, TB_OPT_DATA, NULL, NULL);
    (void)setvbuf(cli->out, NULL, _IOLBF, 4096); /* minutes lie between two lines */
    if (data == NULL) {
        if (mkdtemp(folder) == NULL)
            return tb_cli_say(cli, TB_EXIT_FAULT, "cannot make a folder for the bench here");
        data = folder;
    }
    if (access(tb_node_path(data, "journal", path, sizeof path), F_OK) == 0)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "%s is in use; the bench wants a folder of its own", data);
    struct tb_node_options options;
    tb_cli_node_options(cli, &options);
    options.data = data;
    struct tb_bench_options o = {.data = data,
                                 .tenants = number(cli, TB_OPT_TENANTS, 1),
                                 .members = number(cli, TB_OPT_MEMBERS, 100000),
                                 .seconds = number(cli, TB_OPT_SECONDS, 5),
                                 .rate = number(cli, TB_OPT_RATE, 0),
                                 .orders = number(cli, TB_OPT_ORDERS, 0),
                                 .accounts = tb_args_has(&cli->args, TB_OPT_ACCOUNTS),
                                 .scans = tb_args_has(&cli->args, TB_OPT_SCANS),
                                 .checkout = tb_args_has(&cli->args, TB_OPT_CHECKOUT),
                                 .play = tb_args_has(&cli->args, TB_OPT_PLAY),
                                 .restart = tb_args_has(&cli->args, TB_OPT_RESTART),
                                 .tail = number(cli, TB_OPT_TAIL, 200000)};
    o.sustain = number(cli, TB_OPT_SUSTAIN, 3 * (int64_t)o.seconds);
    struct tb_bench_world w = {0};
    struct tb_fault fault;
    if (tb_node_open(&options, &w.node, &fault) != TB_NODE_DONE)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    int code = tb_node_lead(w.node, 10000, &fault) ? tb_bench_run(&w, &options, &o, cli->out) : TB_EXIT_FAULT;
    tb_node_close(w.node);
    return code;
}
