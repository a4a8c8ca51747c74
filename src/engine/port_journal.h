// SPDX-License-Identifier: Apache-2.0
/* engine/port_journal.h - what the engine asks of a journal.
 *
 * A journal is a gap-free list of batches, numbered from 1. Appending is the only
 * write and the only moment at which anything becomes durable. A batch names the
 * epoch and writer that made it and the hash of the batch before it, so that two
 * writers can never both extend the same history.
 *
 * Threads   append, last and prune: the journal thread alone. read: any one thread at
 *           a time (start-up, a standby, the feed), each with a reader of its own.
 * Faults    are reported in struct tb_fault; what they mean for the caller is the
 *           enum. After TB_JOURNAL_UNKNOWN the caller holds its replies and resolves
 *           by reading the batch again (PostgreSQL) or restarts (SQLite).             */
#ifndef TB_ENGINE_PORT_JOURNAL_H
#define TB_ENGINE_PORT_JOURNAL_H

#include "base/fault.h"
#include "base/text.h"

#define TB_HASH_BYTES 32
/* A batch body never exceeds this. */
#define TB_BATCH_BYTES_MAX (512u << 10)

struct tb_batch {
    uint64_t number;  /* 1, 2, 3 ... */
    uint64_t epoch;   /* rises by one with every take-over */
    uint64_t writer;  /* random id of the process that appended */
    int64_t at_ms;    /* the leader's clock, for restore to an instant */
    uint8_t prev_hash[TB_HASH_BYTES]; /* hash of batch number - 1; zeros for batch 1 */
    uint8_t hash[TB_HASH_BYTES];      /* SHA-256 over number, epoch, writer, at_ms,
                                         prev_hash (little-endian, in this order), body */
    struct tb_str body;               /* may be empty (a leader's sign of life) */
};

enum tb_journal_answer {
    TB_JOURNAL_DONE = 0,
    TB_JOURNAL_TAKEN,    /* that number exists: somebody else leads; nothing was written */
    TB_JOURNAL_NO_SPACE, /* seen before the append; nothing was written */
    TB_JOURNAL_UNKNOWN,  /* the commit was sent and its outcome is not known */
    TB_JOURNAL_FAULT,    /* surely not written */
    TB_JOURNAL_CORRUPT,  /* read: a page, a hash or the chain does not verify */
    TB_JOURNAL_END,      /* read: no such batch yet */
};

struct tb_journal;
struct tb_journal_reader;

struct tb_journal_ops {
    const char *name;
    /* True when another process may follow and take over while we live. */
    bool shared;
    /* Appends n batches (numbers contiguous, each naming the hash of the one before) in
     * one durable commit: all or none. The hashes are the caller's (journal/hash.h);
     * append does not compute them again. Appending the very same batches again is DONE
     * (the resolution of UNKNOWN); TAKEN also when the batch before is not the one that
     * is named; a gap is FAULT.                                                       */
    enum tb_journal_answer (*append)(struct tb_journal *, const struct tb_batch *, uint32_t n,
                                     struct tb_fault *);
    /* The last batch without its body; number 0 when the journal is empty. */
    enum tb_journal_answer (*last)(struct tb_journal *, struct tb_batch *, struct tb_fault *);
    /* The first batch still held (pruning moves it); 1 when nothing was pruned. */
    enum tb_journal_answer (*first)(struct tb_journal *, uint64_t *number, struct tb_fault *);
    /* Drops whole sealed segments that hold only batches < keep_from. The last batch
     * always stays.                                                                   */
    enum tb_journal_answer (*prune)(struct tb_journal *, uint64_t keep_from, struct tb_fault *);
    /* Readers see only durable batches. body stays valid until the next call. The
     * reader verifies each hash and the chain from its second batch on. After END it
     * may be asked again. A batch that was pruned is FAULT, not retryable. Readers are
     * closed before their journal.                                                    */
    enum tb_journal_answer (*reader_open)(struct tb_journal *, uint64_t from,
                                          struct tb_journal_reader **, struct tb_fault *);
    enum tb_journal_answer (*reader_next)(struct tb_journal_reader *, struct tb_batch *,
                                          struct tb_fault *);
    void (*reader_close)(struct tb_journal_reader *);
    /* Free bytes on the journal's device; INT64_MAX where it cannot be told. */
    int64_t (*free_bytes)(struct tb_journal *);
    void (*close)(struct tb_journal *);
};

/* The first member of every implementation. */
struct tb_journal {
    const struct tb_journal_ops *ops;
};

#endif
