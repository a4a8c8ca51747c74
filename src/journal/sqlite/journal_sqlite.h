// SPDX-License-Identifier: Apache-2.0
/* journal/sqlite/journal_sqlite.h - the journal as a folder of SQLite files.
 *
 *   DIR/lock           flock'd by the process that owns the journal; names it
 *   DIR/seg-000001.db  sealed: a plain, read-only SQLite file, never written again
 *   DIR/seg-000002.db  live: WAL, synchronous=FULL, locking_mode=EXCLUSIVE
 *   DIR/seg-000003.db  prepared: empty, waiting to become live
 *   DIR/spare-wal      for a moment: the log of the one sealed last, which becomes the next one's
 * Each holds  batch(number INTEGER PRIMARY KEY, epoch, writer, at_ms, prev, hash, body).
 *
 * Invariant: a file has at most one connection that writes, and only that connection
 * checkpoints it (SQLite 3.7.0 - 3.51.2 can lose pages when a commit races a checkpoint
 * of another connection: the "WAL-reset" bug). The live file is never checkpointed; a
 * full one is handed to the janitor thread with its connection, which checkpoints it,
 * turns it into a plain file and closes it, while appends go on in the next. The write-
 * ahead log of a live file is filled with zeros in advance: a commit then changes no
 * file size, which lowers the price of its fdatasync (tests/contract/bench_store prints figures).
 * Only the first two are: a log is 64 MiB for perhaps 5 MiB of batches where they are small, so
 * a sealed file's log goes to the next one, with a header of zeros. Its old frames do not carry
 * the random numbers of the header that SQLite writes then, as after any reset of a log.
 *
 * An error at COMMIT leaves the outcome unknown: append answers UNKNOWN and the handle
 * refuses everything from then on. Opening again finds the truth and makes it durable by
 * copying what the log holds into the plain file, with new writes and a new sync.
 *
 * Caveats   Damage inside the log of a file that was not sealed looks like the end of the
 *           log: SQLite cannot tell. The engine notices when its checkpoint is ahead of
 *           the journal. Do not copy, move or open the files while a process owns them.
 * Limits    segments are bounded by segment_bytes of log; one batch 512 KiB.
 * What is not here: hashing (journal/hash.h), resolving UNKNOWN (restart).            */
#ifndef TB_JOURNAL_SQLITE_H
#define TB_JOURNAL_SQLITE_H

#include "engine/port_journal.h"

struct tb_journal_sqlite_options {
    uint64_t segment_bytes; /* log bytes after which a segment is sealed; 0 = 64 MiB */
    int64_t reserve_bytes;  /* free bytes below which append answers NO_SPACE, unless the
                               prefilled log has room; 0 = 256 MiB, -1 = none      */
    uint32_t page_bytes;    /* of new segments; 0 = 4096, which measures best */
    bool no_prefill;        /* do not fill logs with zeros in advance */
    /* Asked every 100 ms while another process holds the folder; false gives up. NULL:
     * do not wait at all.                                                            */
    bool (*go_on_waiting)(void *user);
    void *user;
};

/* Makes the folder (its parent exists), waits for the lock, seals what a dead process
 * left, verifies the last batch. options may be NULL. *out is the caller's until
 * ops->close, which also seals the live segment.
 *   FAULT     retryable when another process holds the lock
 *   CORRUPT   a segment is missing, damaged, or not of this program
 *   NO_SPACE  no room for a segment                                                  */
TB_MUST_USE enum tb_journal_answer
tb_journal_sqlite_open(const char *dir, const struct tb_journal_sqlite_options *options,
                       struct tb_journal **out, struct tb_fault *f);

#endif
