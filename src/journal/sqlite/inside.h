// SPDX-License-Identifier: Apache-2.0
/* journal/sqlite/inside.h - the journal's own structure. Inside journal/sqlite only.
 *
 * Locks     mutex guards everything below it; a slot's mutex guards its connection
 *           (append, seal, and reads of what is not sealed yet). Nobody waits for a
 *           slot's mutex while holding the journal's. Slots are never freed before
 *           close, so a pointer stays good without a lock.
 * What is not here: SQL (segment.h).                                                */
#ifndef TB_JOURNAL_SQLITE_INSIDE_H
#define TB_JOURNAL_SQLITE_INSIDE_H

#include <pthread.h>

#include "journal/hash.h"
#include "journal/sqlite/journal_sqlite.h"
#include "journal/sqlite/segment.h"

enum tb_slot_state {
    TB_SLOT_PREPARED = 0,
    TB_SLOT_LIVE,
    TB_SLOT_SEALING,
    TB_SLOT_SEALED,
    TB_SLOT_PRUNED,
};

struct tb_slot {
    pthread_mutex_t mutex;
    struct tb_segment segment;
    enum tb_slot_state state; /* guarded by the journal's mutex, as first and last are */
};

struct tb_journal_sqlite {
    struct tb_journal base;
    char dir[TB_SEGMENT_PATH_MAX - 64];
    char spare[TB_SEGMENT_PATH_MAX]; /* path of a sealed segment's log, for the next one */
    struct tb_journal_sqlite_options options;
    int lock_fd;
    pthread_t janitor;
    bool janitor_runs;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct tb_slot **slot; /* rising seq; the live one is live */
    uint32_t slot_n;
    uint32_t slot_cap;
    struct tb_slot *live;
    struct tb_slot *prepared;
    struct tb_slot *sealing;
    struct tb_batch last; /* number 0 while empty; no body */
    uint32_t reader_n;
    bool stop;
    bool broken;                      /* an outcome is unknown or a seal failed */
    enum tb_journal_answer cannot;    /* why no segment could be prepared; DONE: no reason */
    struct tb_fault fault;            /* of broken or cannot */
};

/* The reader's half of ops (reader.c). */
enum tb_journal_answer tb_journal_sqlite_reader_open(struct tb_journal *j, uint64_t from,
                                                     struct tb_journal_reader **out,
                                                     struct tb_fault *f);
enum tb_journal_answer tb_journal_sqlite_reader_next(struct tb_journal_reader *r,
                                                     struct tb_batch *out, struct tb_fault *f);
void tb_journal_sqlite_reader_close(struct tb_journal_reader *r);

/* The folder's lock and listing (folder.c). */
enum tb_journal_answer tb_folder_lock(struct tb_journal_sqlite *j, struct tb_fault *f);
/* Recovers every segment in order, removes empty ones, fills slots and last. */
enum tb_journal_answer tb_folder_recover(struct tb_journal_sqlite *j, struct tb_fault *f);
struct tb_slot *tb_slot_add(struct tb_journal_sqlite *j, const struct tb_segment *s,
                            enum tb_slot_state state);
int64_t tb_folder_free_bytes(const struct tb_journal_sqlite *j);

#endif
