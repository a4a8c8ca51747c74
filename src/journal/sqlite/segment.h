// SPDX-License-Identifier: Apache-2.0
/* journal/sqlite/segment.h - one file of the journal. Inside journal/sqlite only.
 *
 * A segment is made as a temporary file and renamed when it is complete, so whatever
 * is named seg-*.db is a journal file. States only go forward:
 *   ready (plain, empty or not) -> live (log open) -> sealed (plain, closed)
 * What is not here: which segment is live, threads, the folder's lock.               */
#ifndef TB_JOURNAL_SQLITE_SEGMENT_H
#define TB_JOURNAL_SQLITE_SEGMENT_H

#include <sqlite3.h>

#include "engine/port_journal.h"

#define TB_SEGMENT_PATH_MAX 1024
#define TB_SEGMENT_LOG_MAX (TB_SEGMENT_PATH_MAX + 8)

struct tb_segment {
    char path[TB_SEGMENT_PATH_MAX];
    uint32_t seq;
    uint64_t first;     /* 0 while empty */
    uint64_t last;      /* 0 while empty */
    uint64_t log_bytes; /* written to the log of the live file, estimated from above */
    sqlite3 *db;        /* the one connection that writes; NULL unless live */
    sqlite3_stmt *insert;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    sqlite3_stmt *read;
};

/* What an SQLite result means for a journal; never UNKNOWN. Fills the fault. */
enum tb_journal_answer tb_segment_answer(sqlite3 *db, int rc, const char *path,
                                         const char *doing, struct tb_fault *f);

/* Makes an empty plain file DIR/seg-SEQ.db, durably. */
TB_MUST_USE enum tb_journal_answer tb_segment_make(struct tb_segment *s, const char *dir,
                                                   uint32_t seq, uint32_t page_bytes,
                                                   struct tb_fault *f);

/* Brings a file that a process left in any state to plain and fills first and last;
 * verifies the hash of the last batch, which is returned without its body.            */
TB_MUST_USE enum tb_journal_answer tb_segment_recover(struct tb_segment *s,
                                                      struct tb_batch *last,
                                                      struct tb_fault *f);

/* plain -> live. prefill: bytes of zeros to write into the log first, unless there is a used log at the path spare
 * (or NULL) that has as many: it is taken, and reads as an empty one.                                          */
TB_MUST_USE enum tb_journal_answer tb_segment_go_live(struct tb_segment *s, uint64_t prefill, const char *spare,
                                                      struct tb_fault *f);

/* One transaction. UNKNOWN when COMMIT failed: the segment must not be used again.
 * Leaves first and last alone: they are guarded by the journal's mutex.               */
TB_MUST_USE enum tb_journal_answer tb_segment_append(struct tb_segment *s,
                                                     const struct tb_batch *b, uint32_t n,
                                                     struct tb_fault *f);

/* live -> sealed: checkpoint, plain file, read-only, durable, closed. When that is DONE its log may stand at the path
 * spare (or NULL) for tb_segment_go_live; before, both names lead to it, and nobody may write there.              */
TB_MUST_USE enum tb_journal_answer tb_segment_seal(struct tb_segment *s, const char *spare, struct tb_fault *f);

/* Closes a live connection and touches the file no more (after UNKNOWN). */
void tb_segment_drop(struct tb_segment *s);

/* Upper bound of what a batch adds to the log. */
uint64_t tb_segment_cost(const struct tb_batch *b, uint32_t page_bytes);

/* Opens a sealed file for reading and prepares the statement of tb_segment_read_sql. */
TB_MUST_USE enum tb_journal_answer tb_segment_open_sealed(const char *path, sqlite3 **db,
                                                          sqlite3_stmt **read,
                                                          struct tb_fault *f);

/* Columns of the read statement; ?1 = from, ?2 = to. */
extern const char tb_segment_read_sql[];

/* Fills a batch from the current row; body points into SQLite until the next step.
 * False when the row is not a batch.                                               */
TB_MUST_USE bool tb_segment_row(sqlite3_stmt *read, struct tb_batch *b);

/* fsync of the folder that holds the path. */
TB_MUST_USE bool tb_segment_sync_folder(const char *path);

#endif
