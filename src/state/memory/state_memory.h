// SPDX-License-Identifier: Apache-2.0
/* state/memory/state_memory.h - an SQL state without SQL, as long as the process lives.
 *
 * For tests and simulation: rows in sorted arrays, transactions applied at commit, so
 * readers see only what was committed. What is not here: query and snapshot (REFUSED).
 *
 * Threads   as in the port. A row callback must not use the state.
 * Limits    a row put in the middle of a table moves the pointers behind it: fit for some
 *           100,000 rows a table. 64 columns.                                          */
#ifndef TB_STATE_MEMORY_H
#define TB_STATE_MEMORY_H

#include "engine/port_state.h"

/* What the next commit answers instead of committing, once. */
enum tb_state_memory_fault {
    TB_STATE_MEMORY_NONE = 0,
    TB_STATE_MEMORY_NO_SPACE,
    TB_STATE_MEMORY_FAULT,         /* nothing was written */
    TB_STATE_MEMORY_FAULT_WRITTEN, /* FAULT, but all of it was written */
    TB_STATE_MEMORY_BROKEN,        /* FAULT that repeating does not mend */
};

/* Never fails: out of memory is an assertion here. */
struct tb_state *tb_state_memory_open(void);

void tb_state_memory_fail(struct tb_state *s, enum tb_state_memory_fault what);

/* Rows of a table, committed ones. */
uint64_t tb_state_memory_count(struct tb_state *s, const struct tb_table *t);

#endif
