// SPDX-License-Identifier: Apache-2.0
/* tests/engine/world.h - a cell whose clock, chance and crashes are the test's. */
#ifndef TB_TESTS_ENGINE_WORLD_H
#define TB_TESTS_ENGINE_WORLD_H

#include "core.h"
#include "engine/cell.h"

struct world {
    struct tb_host host;
    int64_t ns; /* of every clock */
    int64_t start_ms;
    uint64_t chance;
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables *tables; /* of the state */
    struct tb_cell_options options;
    struct tb_cell *cell;
    struct tb_core_env env;
};

/* One request and where its answer goes. */
struct ask {
    struct tb_job_request r;
    struct test_input in;
    uint8_t region[1024];
    uint32_t answered;
};

void world_init(struct world *w, uint64_t seed);
void world_open(struct world *w); /* creates the cell; fails the test when it cannot */
/* An empty state in place of the one there is, which stays the caller's. */
void world_new_state(struct world *w);
void world_crash(struct world *w); /* nothing is flushed */
void world_deinit(struct world *w);
void world_run(struct world *w); /* steps until nothing is left to do */
void world_pass(struct world *w, int64_t ms);
uint64_t world_random(struct world *w, uint64_t below);

void ask_init(struct ask *a, uint32_t op, uint32_t tenant, uint64_t person, int64_t amount);
/* Submits, runs until answered. */
void ask_now(struct world *w, struct ask *a);
/* Of everything in memory but orders. */
uint64_t world_digest(struct world *w);
/* Flushes; of all records and facts in SQL. */
uint64_t world_rows_digest(struct world *w);

#endif
