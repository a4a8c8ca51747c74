// SPDX-License-Identifier: Apache-2.0
/* What the engine itself costs: a small command (two events, about 60 bytes) through the
 * whole pipeline. usage: bench_engine DIR SECONDS PERSONS TENANTS MEMORY|SQLITE
 * `tongbao bench` measures the product; this measures the engine under it.              */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core.h"
#include "engine/bell.h"
#include "engine/cell.h"
#include "journal/hash.h"
#include "journal/memory/journal_memory.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/memory/state_memory.h"
#include "state/sqlite/state_sqlite.h"

#define SLOTS 16384u
#define LIST 256u

struct slot {
    struct tb_job_request r;
    struct test_input in;
    uint8_t region[TB_ANSWER_BYTES_MAX];
};

static struct slot *slots;
static struct tb_job_request *back[SLOTS]; /* a ring of free ones; the journal thread fills it */
static _Atomic uint64_t back_n;
static struct tb_bell bell;
static _Atomic uint64_t answered_n;

static void answered(struct tb_job_request *r)
{
    uint64_t n = atomic_load_explicit(&back_n, memory_order_relaxed);
    back[n % SLOTS] = r;
    atomic_store_explicit(&back_n, n + 1, memory_order_release);
    if (n % LIST == 0)
        tb_bell_ring(&bell);
    if (r->finish == TB_FINISH_DONE)
        atomic_store_explicit(&answered_n, atomic_load_explicit(&answered_n, memory_order_relaxed) + 1,
                              memory_order_relaxed);
}

static double seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(struct tb_cell *cell, double length, uint64_t persons, uint64_t tenants)
{
    struct tb_job_request *list[LIST];
    uint64_t taken_back = 0;
    uint64_t chance = 42;
    double until = seconds(CLOCK_MONOTONIC) + length;
    while (seconds(CLOCK_MONOTONIC) < until) {
        uint32_t ticket = tb_bell_ticket(&bell);
        uint64_t n = atomic_load_explicit(&back_n, memory_order_acquire) - taken_back;
        if (n < LIST) {
            tb_bell_wait(&bell, ticket, 1000000);
            continue;
        }
        for (uint32_t i = 0; i < LIST; i++) {
            struct slot *s = (struct slot *)back[(taken_back + i) % SLOTS];
            chance += UINT64_C(0x9e3779b97f4a7c15);
            uint64_t x = tb_mix(chance);
            s->in.person = x % persons;
            s->in.amount = 10;
            s->r.command.tenant = 1 + (uint32_t)(s->in.person % tenants);
            s->r.key_hash = x | 1;
            list[i] = &s->r;
        }
        enum tb_submit why;
        uint32_t taken = tb_cell_submit_many(cell, list, LIST, &why);
        for (uint32_t i = taken; i < LIST; i++) /* stays free: goes to the front again */
            back[(taken_back + i) % SLOTS] = list[i];
        taken_back += taken;
        if (taken < LIST)
            tb_bell_wait(&bell, ticket, 200000);
    }
    while (atomic_load(&back_n) - taken_back < SLOTS)
        tb_bell_wait(&bell, tb_bell_ticket(&bell), 1000000);
}

int main(int argc, char **argv)
{
    struct tb_fault f = {0};
    struct tb_journal *journal = NULL;
    struct tb_state *state = NULL;
    struct tb_cell_tables tables;
    struct tb_core_env env = {0};
    struct tb_cell *cell;
    char path[300];
    if (argc < 6)
        return 2;
    bool memory = strcmp(argv[5], "MEMORY") == 0;
    snprintf(path, sizeof path, "%s/journal", argv[1]);
    struct tb_journal_sqlite_options jo = {.reserve_bytes = -1};
    bool ok = memory || tb_journal_sqlite_open(path, &jo, &journal, &f) == TB_JOURNAL_DONE;
    snprintf(path, sizeof path, "%s/state.db", argv[1]);
    ok = ok && (memory || tb_state_sqlite_open(path, NULL, &state, &f) == TB_STATE_DONE);
    if (memory) {
        journal = tb_journal_memory_open(NULL);
        state = tb_state_memory_open();
    }
    ok = ok && tb_cell_tables_ensure(&tables, state, NULL, &f);
    struct tb_cell_options o = {.env = &env, .journal = journal, .state = state, .tables = &tables,
                                .batch_hash = tb_batch_hash, .queue_tenant = 60000,
                                .flush_ms = getenv("FLUSH_MS") ? (uint32_t)atoi(getenv("FLUSH_MS")) : 250,
                                .pending_bytes = UINT64_C(8) << 30, .replay_entries = 1000000000,
                                .batch_commands = getenv("BATCH") ? (uint32_t)atoi(getenv("BATCH")) : 0};
    double start = seconds(CLOCK_MONOTONIC);
    ok = ok && tb_cell_create(&o, &cell, &f) && tb_cell_start(cell, &f);
    if (!ok) {
        fprintf(stderr, "%s\n", f.text);
        return 1;
    }
    printf("start %.2f s\n", seconds(CLOCK_MONOTONIC) - start);
    slots = calloc(SLOTS, sizeof *slots);
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[i];
        s->r.command = (struct tb_command){.op = TEST_OP_ADD, .input = &s->in};
        s->r.done = answered;
        tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
        back[i] = &s->r;
    }
    atomic_store(&back_n, SLOTS);
    double length = atof(argv[2]);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    load(cell, length, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    struct tb_cell_figures g;
    tb_cell_figures(cell, &g);
    printf("%.0f commands/s, %.2f us of CPU each, %.0f ns engine thread, %.1f a batch, %.1f batches an append,\n"
           "%.0f bytes each, p50 %ld us, p99 %ld us, lag %ld ms, %lu flushes, pending %lu MB\n",
           (double)atomic_load(&answered_n) / length, cpu * 1e6 / (double)g.commands,
           (double)g.engine_ns / (double)g.commands, (double)g.commands / (double)g.batches,
           (double)g.batches / (double)g.appends, (double)g.bytes / (double)g.entries,
           tb_latency_quantile_ns(g.latency, 500000) / 1000, tb_latency_quantile_ns(g.latency, 990000) / 1000,
           g.lag_ms, g.flushes, g.pending_bytes >> 20);
    double stop = seconds(CLOCK_MONOTONIC);
    tb_cell_stop(cell, getenv("NO_FLUSH") == NULL);
    printf("stop %.2f s\n", seconds(CLOCK_MONOTONIC) - stop);
    tb_cell_destroy(cell);
    state->ops->close(state);
    journal->ops->close(journal);
    free(slots);
    return 0;
}
