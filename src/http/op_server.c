// SPDX-License-Identifier: Apache-2.0
/* http/op_server.c - the server about itself: health, figures, the description. */
#include <stdatomic.h>

#include "http/app_int.h"

static const char *state_word(const struct tb_app *app, const struct tb_cell_figures *f)
{
    switch (tb_cell_state(app->cell)) {
    case TB_CELL_LEADING:
        return f->read_only ? "read_only" : "ok";
    case TB_CELL_FOLLOWING:
        return "standby";
    case TB_CELL_STOPPING:
    case TB_CELL_STOPPED:
        return "stopping";
    case TB_CELL_DEPOSED:
    case TB_CELL_FAILED:
        break;
    }
    return "failed";
}

static void health(struct tb_app *app, struct tb_call *call, bool ready)
{
    struct tb_cell_figures f;
    struct tb_json_out o;
    struct tb_buf b;
    tb_cell_figures(app->cell, &f);
    const char *word = state_word(app, &f);
    bool ok = !ready || (tb_cell_state(app->cell) == TB_CELL_LEADING && tb_cell_may_answer(app->cell));
    tb_call_buf(call, &b, 256);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "status", tb_str_of(word));
    tb_json_out_key_i64(&o, "sequence", (int64_t)f.durable_seq);
    tb_json_out_close(&o, '}');
    if (!ok)
        tb_http_header(call->req, "Retry-After", TB_STR("1"));
    tb_http_reply(call->req, ok ? 200 : 503, TB_JSON, b.p, b.n);
}

void tb_op_healthz(void *app, struct tb_call *call)
{
    health(app, call, false);
}

void tb_op_readyz(void *app, struct tb_call *call)
{
    health(app, call, true);
}

void tb_op_openapi(void *app, struct tb_call *call)
{
    (void)app;
    tb_http_reply_static(call->req, 200, TB_JSON, tb_openapi_json, tb_openapi_json_n);
}

/* ---- Prometheus' text format --------------------------------------------------------------------- */

static void metric(struct tb_buf *b, const char *name, const char *type, const char *help,
                   uint64_t v)
{
    tb_buf_printf(b, "# HELP tongbao_%s %s\n# TYPE tongbao_%s %s\ntongbao_%s %llu\n", name, help,
                  name, type, name, (unsigned long long)v);
}

static void latency(struct tb_buf *b, const struct tb_cell_figures *f)
{
    static const uint32_t ppm[] = {500000, 900000, 990000, 999000};
    static const char *const quantile[] = {"0.5", "0.9", "0.99", "0.999"};
    tb_buf_c(b, "# HELP tongbao_command_seconds From submission to a durable answer.\n"
                "# TYPE tongbao_command_seconds summary\n");
    for (uint32_t i = 0; i < TB_COUNT_OF(ppm); i++) {
        int64_t ns = tb_latency_quantile_ns(f->latency, ppm[i]);
        tb_buf_printf(b, "tongbao_command_seconds{quantile=\"%s\"} %lld.%09lld\n", quantile[i],
                      (long long)(ns / 1000000000), (long long)(ns % 1000000000));
    }
}

static void cell_metrics(struct tb_buf *b, const struct tb_cell_figures *f)
{
    metric(b, "commands_total", "counter", "Commands run, reads included.", f->commands);
    metric(b, "entries_total", "counter", "Entries written.", f->entries);
    metric(b, "batches_total", "counter", "Batches appended.", f->batches);
    metric(b, "appends_total", "counter", "Appends to the journal.", f->appends);
    metric(b, "journal_bytes_total", "counter", "Bytes of batches.", f->bytes);
    metric(b, "refusals_total", "counter", "Answers other than OK.", f->refusals);
    metric(b, "repeats_total", "counter", "Answers given again.", f->repeats);
    metric(b, "timers_fired_total", "counter", "Due work carried out.", f->fires);
    metric(b, "cold_loads_total", "counter", "Rows read from SQL.", f->loads);
    metric(b, "evictions_total", "counter", "Rows taken out of memory.", f->evictions);
    metric(b, "durable_sequence", "gauge", "Newest durable entry.", f->durable_seq);
    metric(b, "flushed_sequence", "gauge", "Newest entry in SQL.", f->flushed_seq);
    metric(b, "flushes_total", "counter", "Transactions of the flusher.", f->flushes);
    metric(b, "sql_lag_milliseconds", "gauge", "Age of what SQL lacks.", (uint64_t)f->lag_ms);
    metric(b, "pending_bytes", "gauge", "Images waiting for SQL.", f->pending_bytes);
    metric(b, "memory_bytes", "gauge", "Memory of the state.", f->memory_bytes);
    metric(b, "idempotency_rows", "gauge", "Answers kept.", f->idem_rows);
    metric(b, "timers", "gauge", "Due work known.", f->timers);
    metric(b, "queued", "gauge", "Commands waiting.", f->queued);
    metric(b, "batches_in_flight", "gauge", "Batches being appended.", f->in_flight);
    metric(b, "read_only", "gauge", "1: no space for the journal.", f->read_only);
    metric(b, "lagging", "gauge", "1: writes are refused until SQL catches up.", f->lagging);
    latency(b, f);
}

static void webhook_metrics(struct tb_buf *b, const struct tb_app *app)
{
    struct tb_app_sent s;
    if (app->o.letters == NULL)
        return;
    app->o.letters->sent(app->o.letters->user, &s);
    metric(b, "webhooks", "gauge", "Webhooks that are served.", s.webhooks);
    metric(b, "webhook_deliveries_total", "counter", "Entries that receivers took.", s.delivered);
    metric(b, "webhook_failures_total", "counter", "Attempts that failed.", s.failed);
    metric(b, "webhook_dead_letters_total", "counter", "Entries given up.", s.dead);
}

void tb_op_metrics(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_cell_figures f;
    struct tb_http_figures h;
    struct tb_buf b;
    struct tb_shell *shell = atomic_load(&app->shell);
    if (shell == NULL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    tb_cell_figures(app->cell, &f);
    tb_http_figures_read(tb_shell_http(shell), &h);
    tb_call_buf(call, &b, 10000);
    metric(&b, "http_requests_total", "counter", "Requests.", h.requests);
    metric(&b, "http_connections", "gauge", "Open connections.", h.connections);
    metric(&b, "http_in_flight", "gauge", "Requests under way.", h.in_flight);
    metric(&b, "http_slow_closed_total", "counter", "Connections closed for slowness.", h.slow_closed);
    tb_buf_c(&b, "# HELP tongbao_http_replies_total Replies by class.\n"
                 "# TYPE tongbao_http_replies_total counter\n");
    for (uint32_t i = 2; i < 6; i++)
        tb_buf_printf(&b, "tongbao_http_replies_total{class=\"%uxx\"} %llu\n", i,
                      (unsigned long long)h.replies_by_class[i]);
    webhook_metrics(&b, app);
    cell_metrics(&b, &f);
    if (b.overflowed)
        tb_http_refuse_code(call->req, TB_PROBLEM_INTERNAL, NULL);
    else
        tb_http_reply(call->req, 200, "text/plain; version=0.0.4", b.p, b.n);
}
