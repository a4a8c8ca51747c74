// SPDX-License-Identifier: Apache-2.0
/* engine/figures.c - what a cell tells about itself. */
#include "engine/inside.h"

#define LOAD(field) atomic_load_explicit(&c->field, memory_order_relaxed)

void tb_cell_figures(struct tb_cell *c, struct tb_cell_figures *out)
{
    int64_t since_ms = LOAD(pending_since_ms);
    int64_t now_ms = c->host->now_ms(c->host->user);
    *out = (struct tb_cell_figures){
        .commands = LOAD(n_commands),
        .entries = LOAD(n_entries),
        .batches = LOAD(n_batches),
        .appends = LOAD(n_appends),
        .bytes = LOAD(n_bytes),
        .refusals = LOAD(n_refusals),
        .repeats = LOAD(n_repeats),
        .fires = LOAD(n_fires),
        .loads = LOAD(n_loads),
        .evictions = LOAD(n_evictions),
        .durable_seq = LOAD(durable_seq),
        .durable_batch = LOAD(durable_batch),
        .flushed_seq = LOAD(flushed_seq),
        .flushed_batch = LOAD(flushed_batch),
        .flushes = LOAD(n_flushes),
        .flushed_images = LOAD(n_images),
        .lag_ms = since_ms != 0 && now_ms > since_ms ? now_ms - since_ms : 0,
        .pending_bytes = LOAD(pending_bytes),
        .memory_bytes = LOAD(memory_bytes),
        .idem_rows = LOAD(n_idem_rows),
        .timers = LOAD(n_timers),
        .queued = LOAD(queued),
        .in_flight = LOAD(in_flight),
        .tenants = LOAD(n_tenants),
        .read_only = LOAD(read_only),
        .lagging = LOAD(lagging),
        .engine_ns = LOAD(engine_ns),
        .flusher_ns = LOAD(flusher_ns),
    };
    const struct tb_publisher *p = c->o.publisher;
    if (p != NULL && p->lags != NULL)
        p->lags(p->user, now_ms, &out->rows_lag_ms, &out->persons_lag_ms);
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++)
        out->latency[i] = LOAD(latency[i]);
}

/* Upper bound of a bucket. */
static int64_t bound_ns(uint32_t bucket)
{
    if (bucket == 0)
        return 1024;
    uint32_t octave = (bucket - 1) / 8;
    int64_t step = (int64_t)1 << (7 + octave);
    return ((int64_t)1024 << octave) + step * ((bucket - 1) % 8 + 1);
}

int64_t tb_latency_quantile_ns(const uint64_t latency[TB_LATENCY_BUCKETS], uint32_t ppm)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++)
        total += latency[i];
    if (total == 0)
        return 0;
    uint64_t rank = (uint64_t)((unsigned __int128)total * ppm / 1000000);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++) {
        seen += latency[i];
        if (seen > rank || seen == total)
            return bound_ns(i);
    }
    return bound_ns(TB_LATENCY_BUCKETS - 1);
}
