// SPDX-License-Identifier: Apache-2.0
/* backtest/replay.h - the journal folded into a core of its own, from its first batch on.
 *
 * What a process that only ever read the journal would hold: the judge of the SQL state.
 * Memory    everything, old orders included.
 * Threads   one.                                                                         */
#ifndef TB_BACKTEST_REPLAY_H
#define TB_BACKTEST_REPLAY_H

#include "engine/cell.h"

struct tb_replay;

struct tb_replay_figures {
    uint64_t batches;
    uint64_t entries;
    uint64_t events;
    uint64_t bytes;
    uint64_t first; /* batch that the journal still holds; 1 = complete */
    uint64_t last;
};

/* Called before each event, between two commands of the core: it may ask the core what it likes, and
 * change what no journaled event names.                                                   */
struct tb_entry;
typedef void (*tb_replay_before_fn)(void *user, const struct tb_entry *e, uint32_t type, struct tb_str body);

/* NULL: no memory, or no reader (the fault says). */
struct tb_replay *tb_replay_open(struct tb_journal *journal, const struct tb_core_env *env, struct tb_fault *fault);
/* Reads up to batch upto (UINT64_MAX: to the end), verifying hashes and chain; with fold the
 * events are applied. False: the journal is damaged, or an event is not known.           */
TB_MUST_USE bool tb_replay_to(struct tb_replay *r, uint64_t upto, bool fold, struct tb_fault *fault);
/* Before the first tb_replay_to; without fold the events are only shown. */
void tb_replay_watch(struct tb_replay *r, tb_replay_before_fn before, void *user);
const struct tb_replay_figures *tb_replay_figures(const struct tb_replay *r);
struct tb_core *tb_replay_core(struct tb_replay *r);
void tb_replay_close(struct tb_replay *r); /* NULL is fine */

#endif
