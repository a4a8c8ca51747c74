// SPDX-License-Identifier: Apache-2.0
/* journal/memory/journal_memory.h - a journal that lives as long as the process.
 *
 * For tests and simulation: it keeps the contract of engine/port_journal.h word for
 * word except that "durable" means "in memory". Several handles can share one store,
 * so that a leader and a standby can be tested in one process. What is not here: any
 * file or network.
 *
 * Threads   as in the port; handles of one store may live in different threads.
 * Pruning   a "segment" is segment_batches consecutive batches.                      */
#ifndef TB_JOURNAL_MEMORY_H
#define TB_JOURNAL_MEMORY_H

#include "engine/port_journal.h"

struct tb_journal_memory_options {
    uint32_t segment_batches;  /* 0 = 16 */
    struct tb_journal *beside; /* another memory journal whose store is shared, or NULL */
    bool shared;               /* what ops->shared says */
};

/* What goes wrong, once, at the next append (or at every one, see ..._fail). */
enum tb_journal_memory_fault {
    TB_MEMORY_FAULT_NONE = 0,
    TB_MEMORY_FAULT_NO_SPACE,
    TB_MEMORY_FAULT_UNKNOWN_WRITTEN, /* answers UNKNOWN; the batches are there */
    TB_MEMORY_FAULT_UNKNOWN_ABSENT,  /* answers UNKNOWN; they are not */
    TB_MEMORY_FAULT_FAULT,
};

/* options may be NULL. Never fails: out of memory is an assertion here. */
struct tb_journal *tb_journal_memory_open(const struct tb_journal_memory_options *options);

/* The append after `after` further good ones fails so; then `times` appends in all do. */
void tb_journal_memory_fail(struct tb_journal *j, enum tb_journal_memory_fault what,
                            uint32_t after, uint32_t times);

/* Flips one bit of the body (of the hash when the body is empty) of a held batch. */
void tb_journal_memory_damage(struct tb_journal *j, uint64_t number);

#endif
