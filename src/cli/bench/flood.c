// SPDX-License-Identifier: Apache-2.0
/* What the quiet tenants feel while another one sends as fast as it can. */
#include <pthread.h>
#include <stdatomic.h>

#include "cli/bench/bench.h"

#define QUIET_RATE 2000u

struct flood {
    struct tb_bench_world *w;
    _Atomic bool stop;
    struct tb_bench_result result;
};

static void *flood(void *user)
{
    struct flood *f = user;
    struct tb_bench_load all_it_can = {.first = 0, .n = 1, .stop = &f->stop};
    tb_bench_run_load(f->w, &all_it_can, &f->result);
    return NULL;
}

void tb_bench_flood(struct tb_bench_world *w, uint32_t seconds, FILE *out)
{
    struct tb_bench_load quiet = {
        .first = 1, .n = w->tenant_n - 1, .rate = QUIET_RATE, .seconds = seconds, .timed = true};
    struct tb_bench_result alone;
    struct tb_bench_result beside;
    tb_bench_run_load(w, &quiet, &alone);
    struct flood f = {.w = w};
    pthread_t thread;
    if (pthread_create(&thread, NULL, flood, &f) != 0)
        return;
    tb_bench_run_load(w, &quiet, &beside);
    atomic_store(&f.stop, true);
    (void)pthread_join(thread, NULL);
    (void)fprintf(out,
                  "quiet tenants, %u/s together: alone p50 %.2f ms, p99 %.2f ms; "
                  "while one floods (%.0f/s) p50 %.2f ms, p99 %.2f ms; ratio of the p99 %.1f\n",
                  QUIET_RATE, alone.p50_ms, alone.p99_ms, (double)f.result.done / f.result.seconds,
                  beside.p50_ms, beside.p99_ms, beside.p99_ms / alone.p99_ms);
}
