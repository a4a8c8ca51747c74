// SPDX-License-Identifier: Apache-2.0
/* sim/load.h - the generator's waves through a cell, under the generator's clock.
 *
 *   clock_init, open the cell with clock.host, loader_create, sim_create(loader_border),
 *   for each wave: loader_run; loader_destroy. For live: no clock, the cell keeps the real one.
 *
 * run submits all of a wave, waits until every command has its answer, and reports the
 * answers to the sim. A queue that is full or lags is waited out.
 * Refusals are no faults: some of the world's commands deserve one (a hold beyond the
 * balance, a return after a return). They are counted by operation and code.
 * Ownership   cell, desk, clock and sim are the caller's and outlive the loader.
 * Threads     one; callbacks of the cell only count.                                       */
#ifndef TB_SIM_LOAD_H
#define TB_SIM_LOAD_H

#include <stdatomic.h>

#include "border/open.h"
#include "engine/cell.h"
#include "sim/sim.h"

struct tb_sim_clock {
    _Atomic int64_t now_ms;
    struct tb_host host; /* for tb_cell_options or tb_node_options */
};
/* now_ms: TB_SIM_DAYS before the history's end, or earlier. The clock's user is itself: it may
 * not move in memory.                                                                     */
void tb_sim_clock_init(struct tb_sim_clock *c, int64_t now_ms);

struct tb_sim_loader;

/* clock NULL: the cell's own time. stepping: the cell has no threads, the loader steps it.
 * NULL: no memory.                                                                        */
struct tb_sim_loader *tb_sim_loader_create(struct tb_cell *cell, struct tb_desk *desk,
                                           struct tb_sim_clock *clock, bool stepping);
void tb_sim_loader_destroy(struct tb_sim_loader *l);
const struct tb_sim_border *tb_sim_loader_border(struct tb_sim_loader *l);

/* False: the cell stopped or failed; the fault says why. */
TB_MUST_USE bool tb_sim_loader_run(struct tb_sim_loader *l, struct tb_sim *sim,
                                   const struct tb_sim_wave *wave, struct tb_fault *fault);

struct tb_sim_loaded {
    uint64_t commands;
    uint64_t refused;
    uint32_t refusal[TB_CODE_COUNT];
};
void tb_sim_loader_figures(const struct tb_sim_loader *l, struct tb_sim_loaded *out);

/* For tb_sim_score: user is the loader. */
uint64_t tb_sim_loader_who(void *loader, uint32_t tenant, const struct tb_identifier *id);

#endif
