// SPDX-License-Identifier: Apache-2.0
/* How long a start takes: records of the SQL state alone, and with a tail of the journal that
 * the SQL state does not hold, as a kill leaves it.                                              */
#include <inttypes.h>
#include <time.h>

#include "cli/bench/bench.h"

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool open_again(struct tb_bench_world *w, const struct tb_node_options *node, const char *what, FILE *out)
{
    struct tb_fault fault;
    double start = now_s();
    if (tb_node_open(node, &w->node, &fault) != TB_NODE_DONE || !tb_node_lead(w->node, 60000, &fault)) {
        (void)fprintf(stderr, "bench: %s\n", fault.text);
        return false;
    }
    (void)fprintf(out, "start with %u members and %" PRIu64 " orders, %s: %.2f s\n", w->member_n, (uint64_t)w->orders,
                  what, now_s() - start);
    return true;
}

/* Operations that are durable and not in the SQL state. */
static uint64_t tail_of(struct tb_cell *cell, struct tb_cell_figures *f)
{
    tb_cell_figures(cell, f);
    return f->durable_seq - f->flushed_seq;
}

bool tb_bench_restart(struct tb_bench_world *w, const struct tb_node_options *node, uint32_t tail, FILE *out)
{
    static struct tb_cell_figures figures;
    char what[64];
    struct tb_fault fault;
    struct tb_node_options lazy = *node; /* its flusher sleeps, so that all that is sent is left */
    lazy.flush_ms = 3600000;
    tb_node_close(w->node);
    w->node = NULL;
    if (!open_again(w, node, "nothing to replay", out))
        return false;
    tb_node_close(w->node);
    w->node = NULL;
    if (tb_node_open(&lazy, &w->node, &fault) != TB_NODE_DONE || !tb_node_lead(w->node, 60000, &fault))
        return false;
    struct tb_bench_result r;
    struct tb_bench_load more = {.first = 0, .n = w->tenant_n, .orders = tail};
    tb_bench_run_load(w, &more, &r);
    tb_cell_stop(w->node->cell, false);
    uint64_t left = tail_of(w->node->cell, &figures);
    tb_cell_destroy(w->node->cell);
    w->node->cell = NULL;
    tb_node_close(w->node);
    w->node = NULL;
    (void)snprintf(what, sizeof what, "%" PRIu64 " operations to replay", left);
    return open_again(w, node, what, out);
}
