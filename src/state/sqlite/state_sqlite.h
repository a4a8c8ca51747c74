// SPDX-License-Identifier: Apache-2.0
/* state/sqlite/state_sqlite.h - the SQL state as one SQLite file.
 *
 *   PATH         the data base (WAL); PATH-wal, PATH-shm beside it while open
 *   PATH.lock    flock'd by the process that owns it
 *
 * Invariant: one connection writes and only that one checkpoints (SQLite 3.7.0 - 3.51.2
 * can lose pages when a commit races a checkpoint of another connection). Readers are
 * opened read-only in the same process, query_only, without checkpoint on close. Nobody
 * else opens the live file: people use query() or a snapshot.
 *
 * Durability: synchronous=NORMAL. A commit is atomic and survives the death of the
 * process, but a loss of power may take the last ones away, whole transactions from the
 * end. That is enough because the journal is the truth: recovery replays it from the
 * checkpoint that is found. sync() makes everything committed durable; it is to be
 * called before the journal is pruned.
 *
 * A single integer key makes a rowid table, every other key a WITHOUT ROWID table; both
 * are clustered by key. Remarks stand as comments in the table's CREATE statement.
 * Limits    64 columns a table.
 * What is not here: when to flush, what a record means.                              */
#ifndef TB_STATE_SQLITE_H
#define TB_STATE_SQLITE_H

#include "engine/port_state.h"

struct tb_state_sqlite_options {
    uint32_t page_bytes;       /* of a new file; 0 = 4096 */
    uint64_t cache_bytes;      /* of the writer; 0 = 128 MiB */
    uint64_t checkpoint_bytes; /* log size at which commit also checkpoints; 0 = 256 MiB */
};

/* Makes the file when it is missing. options may be NULL.
 *   FAULT     in use by another process (retryable), not a data base of ours, disk
 *   NO_SPACE                                                                          */
TB_MUST_USE enum tb_state_answer tb_state_sqlite_open(const char *path,
                                                      const struct tb_state_sqlite_options *options,
                                                      struct tb_state **out,
                                                      struct tb_fault *f);

#endif
