// SPDX-License-Identifier: Apache-2.0
/* Appending, rotating, sealing, pruning. Reading is reader.c. */
#include "journal/sqlite/journal_sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/sqlite/inside.h"

#define SEGMENT_BYTES_DEFAULT (UINT64_C(64) << 20)
#define RESERVE_BYTES_DEFAULT (INT64_C(256) << 20)
#define PAGE_BYTES_DEFAULT 4096

static struct tb_journal_sqlite *self(struct tb_journal *j)
{
    return (struct tb_journal_sqlite *)j;
}

/* ---- the janitor: prepares the next segment, seals the last one ---- */

static enum tb_journal_answer make_live(struct tb_journal_sqlite *j, uint32_t seq,
                                        struct tb_segment *s, struct tb_fault *f)
{
    uint64_t fill = j->options.no_prefill ? 0 : j->options.segment_bytes;
    enum tb_journal_answer a = tb_segment_make(s, j->dir, seq, j->options.page_bytes, f);
    return a != TB_JOURNAL_DONE ? a : tb_segment_go_live(s, fill, fill > 0 ? j->spare : NULL, f);
}

/* Called and returns with the mutex held; lets go of it while it works. */
static void prepare_next(struct tb_journal_sqlite *j)
{
    uint32_t seq = j->slot[j->slot_n - 1]->segment.seq + 1;
    struct tb_segment s;
    struct tb_fault f;
    pthread_mutex_unlock(&j->mutex);
    enum tb_journal_answer a = make_live(j, seq, &s, &f);
    pthread_mutex_lock(&j->mutex);
    if (a == TB_JOURNAL_DONE) {
        j->prepared = tb_slot_add(j, &s, TB_SLOT_PREPARED);
    } else {
        j->cannot = a;
        j->fault = f;
    }
    pthread_cond_broadcast(&j->changed);
}

static void seal_last(struct tb_journal_sqlite *j)
{
    struct tb_slot *slot = j->sealing;
    struct tb_fault f;
    pthread_mutex_unlock(&j->mutex);
    pthread_mutex_lock(&slot->mutex);
    enum tb_journal_answer a = tb_segment_seal(&slot->segment, j->options.no_prefill ? NULL : j->spare, &f);
    pthread_mutex_unlock(&slot->mutex);
    pthread_mutex_lock(&j->mutex);
    j->sealing = NULL;
    if (a == TB_JOURNAL_DONE)
        slot->state = TB_SLOT_SEALED;
    if (a != TB_JOURNAL_DONE && !j->broken) {
        /* Nothing is lost, the log holds it; opening again seals it. */
        j->broken = true;
        j->fault = f;
    }
    pthread_cond_broadcast(&j->changed);
}

static void *janitor_main(void *arg)
{
    struct tb_journal_sqlite *j = arg;
    pthread_mutex_lock(&j->mutex);
    for (;;) {
        if (j->sealing != NULL)
            seal_last(j); /* first: its log becomes the next one's */
        else if (j->prepared == NULL && j->cannot == TB_JOURNAL_DONE && !j->stop && !j->broken)
            prepare_next(j);
        else if (j->stop)
            break;
        else
            pthread_cond_wait(&j->changed, &j->mutex);
    }
    pthread_mutex_unlock(&j->mutex);
    return NULL;
}

/* ---- appending ---- */

/* Makes the prepared segment live and hands the full one to the janitor. Waits while
 * either is not ready. Mutex held.                                                   */
static enum tb_journal_answer rotate(struct tb_journal_sqlite *j, struct tb_fault *f)
{
    j->cannot = TB_JOURNAL_DONE; /* space may have come back: try again */
    pthread_cond_broadcast(&j->changed);
    while ((j->prepared == NULL || j->sealing != NULL) && j->cannot == TB_JOURNAL_DONE &&
           !j->broken)
        pthread_cond_wait(&j->changed, &j->mutex);
    if (j->broken || j->cannot != TB_JOURNAL_DONE) {
        *f = j->fault;
        return j->broken ? TB_JOURNAL_FAULT : j->cannot;
    }
    j->live->state = TB_SLOT_SEALING;
    j->sealing = j->live;
    j->live = j->prepared;
    j->live->state = TB_SLOT_LIVE;
    j->prepared = NULL;
    pthread_cond_broadcast(&j->changed);
    return TB_JOURNAL_DONE;
}

/* After TAKEN by number: the very same batches again are DONE. */
static enum tb_journal_answer compare_held(struct tb_journal_sqlite *j, const struct tb_batch *b,
                                           uint32_t n, struct tb_fault *f)
{
    struct tb_journal_reader *r = NULL;
    struct tb_fault other;
    bool same = tb_journal_sqlite_reader_open(&j->base, b[0].number, &r, &other) ==
                TB_JOURNAL_DONE;
    for (uint32_t i = 0; same && i < n; i++) {
        struct tb_batch held;
        same = tb_journal_sqlite_reader_next(r, &held, &other) == TB_JOURNAL_DONE &&
               memcmp(held.hash, b[i].hash, TB_HASH_BYTES) == 0;
    }
    if (r != NULL)
        tb_journal_sqlite_reader_close(r);
    if (!same)
        tb_fault_set(f, false, "journal: batch %" PRIu64 " exists", b[0].number);
    return same ? TB_JOURNAL_DONE : TB_JOURNAL_TAKEN;
}

/* What the live log was filled with zeros for needs no new block: what was already decided
 * when the disk filled up becomes durable, its answers leave, and reads go on.            */
static enum tb_journal_answer check_space(struct tb_journal_sqlite *j, uint64_t cost, struct tb_fault *f)
{
    if (!j->options.no_prefill && j->live->segment.log_bytes + cost <= j->options.segment_bytes)
        return TB_JOURNAL_DONE;
    int64_t bytes = tb_folder_free_bytes(j);
    if (bytes >= j->options.reserve_bytes)
        return TB_JOURNAL_DONE;
    tb_fault_set(f, true, "journal: %" PRId64 " bytes free, %" PRId64 " are kept in reserve",
                 bytes, j->options.reserve_bytes);
    return TB_JOURNAL_NO_SPACE;
}

static enum tb_journal_answer write_batches(struct tb_journal_sqlite *j, struct tb_slot *slot,
                                            const struct tb_batch *b, uint32_t n,
                                            struct tb_fault *f)
{
    pthread_mutex_lock(&slot->mutex);
    enum tb_journal_answer a = tb_segment_append(&slot->segment, b, n, f);
    pthread_mutex_unlock(&slot->mutex);

    pthread_mutex_lock(&j->mutex);
    if (a == TB_JOURNAL_UNKNOWN) {
        j->broken = true;
        j->fault = *f;
    } else if (a == TB_JOURNAL_DONE) {
        if (slot->segment.first == 0)
            slot->segment.first = b[0].number;
        slot->segment.last = b[n - 1].number;
        j->last = b[n - 1];
        j->last.body = TB_STR_NONE;
    }
    pthread_mutex_unlock(&j->mutex);
    return a;
}

static enum tb_journal_answer sqlite_append(struct tb_journal *base, const struct tb_batch *b,
                                            uint32_t n, struct tb_fault *f)
{
    struct tb_journal_sqlite *j = self(base);
    tb_append_assert(b, n);
    uint64_t cost = 0;
    for (uint32_t i = 0; i < n; i++)
        cost += tb_segment_cost(&b[i], j->options.page_bytes);

    pthread_mutex_lock(&j->mutex);
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    if (j->broken) {
        *f = j->fault;
        a = TB_JOURNAL_FAULT;
    }
    if (a == TB_JOURNAL_DONE)
        a = tb_append_check(b, j->last.number, j->last.hash, f);
    bool held = a == TB_JOURNAL_TAKEN && b[0].number <= j->last.number;
    if (a == TB_JOURNAL_DONE)
        a = check_space(j, cost, f);
    if (a == TB_JOURNAL_DONE && j->live->segment.first != 0 &&
        j->live->segment.log_bytes + cost > j->options.segment_bytes)
        a = rotate(j, f);
    struct tb_slot *slot = j->live;
    if (a == TB_JOURNAL_DONE)
        slot->segment.log_bytes += cost;
    pthread_mutex_unlock(&j->mutex);

    if (held)
        return compare_held(j, b, n, f);
    return a == TB_JOURNAL_DONE ? write_batches(j, slot, b, n, f) : a;
}

/* ---- the rest of the port ---- */

static enum tb_journal_answer sqlite_last(struct tb_journal *base, struct tb_batch *out,
                                          struct tb_fault *f)
{
    struct tb_journal_sqlite *j = self(base);
    pthread_mutex_lock(&j->mutex);
    *out = j->last;
    bool broken = j->broken;
    if (broken)
        *f = j->fault;
    pthread_mutex_unlock(&j->mutex);
    return broken ? TB_JOURNAL_FAULT : TB_JOURNAL_DONE;
}

static uint64_t first_held(const struct tb_journal_sqlite *j)
{
    for (uint32_t i = 0; i < j->slot_n; i++)
        if (j->slot[i]->state != TB_SLOT_PRUNED && j->slot[i]->segment.first != 0)
            return j->slot[i]->segment.first;
    return j->last.number + 1;
}

static enum tb_journal_answer sqlite_first(struct tb_journal *base, uint64_t *number,
                                           struct tb_fault *f)
{
    (void)f;
    struct tb_journal_sqlite *j = self(base);
    pthread_mutex_lock(&j->mutex);
    *number = first_held(j);
    pthread_mutex_unlock(&j->mutex);
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer sqlite_prune(struct tb_journal *base, uint64_t keep_from,
                                           struct tb_fault *f)
{
    struct tb_journal_sqlite *j = self(base);
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    pthread_mutex_lock(&j->mutex);
    for (uint32_t i = 0; a == TB_JOURNAL_DONE && i < j->slot_n; i++) {
        struct tb_slot *slot = j->slot[i];
        if (slot->state == TB_SLOT_PRUNED)
            continue;
        /* Oldest first and no further than the first that stays: no hole ever. The last
         * batch stays: a sealed segment is followed by one, or holds it.              */
        if (slot->state != TB_SLOT_SEALED || slot->segment.last >= keep_from ||
            slot->segment.last == j->last.number)
            break;
        if (unlink(slot->segment.path) != 0 || !tb_segment_sync_folder(slot->segment.path)) {
            tb_fault_set(f, true, "journal: %s could not be removed", slot->segment.path);
            a = TB_JOURNAL_FAULT;
        } else {
            slot->state = TB_SLOT_PRUNED;
        }
    }
    pthread_mutex_unlock(&j->mutex);
    return a;
}

static int64_t sqlite_free_bytes(struct tb_journal *base)
{
    return tb_folder_free_bytes(self(base));
}

static void destroy(struct tb_journal_sqlite *j)
{
    for (uint32_t i = 0; i < j->slot_n; i++) {
        tb_assert(j->slot[i]->segment.db == NULL);
        pthread_mutex_destroy(&j->slot[i]->mutex);
        free(j->slot[i]);
    }
    free(j->slot);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->mutex);
    if (j->lock_fd >= 0)
        close(j->lock_fd); /* lets the next process in */
    free(j);
}

static void remove_empty(struct tb_segment *s)
{
    char log[TB_SEGMENT_PATH_MAX + 8];
    snprintf(log, sizeof log, "%s-wal", s->path);
    tb_segment_drop(s);
    unlink(log);
    unlink(s->path);
}

static void sqlite_close(struct tb_journal *base)
{
    struct tb_journal_sqlite *j = self(base);
    pthread_mutex_lock(&j->mutex);
    tb_assert(j->reader_n == 0);
    j->stop = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->mutex);
    if (j->janitor_runs)
        pthread_join(j->janitor, NULL);
    if (j->prepared != NULL)
        remove_empty(&j->prepared->segment);
    unlink(j->spare);
    struct tb_fault f;
    if (j->live != NULL && j->broken)
        tb_segment_drop(&j->live->segment); /* as it is: opening finds the truth */
    else if (j->live != NULL && j->live->segment.first == 0)
        remove_empty(&j->live->segment);
    else if (j->live != NULL && tb_segment_seal(&j->live->segment, NULL, &f) != TB_JOURNAL_DONE)
        fprintf(stderr, "%s\n", f.text); /* nothing is lost: opening seals it */
    destroy(j);
}

static const struct tb_journal_ops sqlite_ops = {
    .name = "sqlite",
    .shared = false,
    .append = sqlite_append,
    .last = sqlite_last,
    .first = sqlite_first,
    .prune = sqlite_prune,
    .reader_open = tb_journal_sqlite_reader_open,
    .reader_next = tb_journal_sqlite_reader_next,
    .reader_close = tb_journal_sqlite_reader_close,
    .free_bytes = sqlite_free_bytes,
    .close = sqlite_close,
};

/* ---- opening ---- */

/* The last segment goes on while it is small, so that restarts do not litter. */
static enum tb_journal_answer go_live(struct tb_journal_sqlite *j, struct tb_fault *f)
{
    struct tb_slot *last = j->slot_n > 0 ? j->slot[j->slot_n - 1] : NULL;
    struct stat st;
    if (last != NULL && stat(last->segment.path, &st) == 0 &&
        (uint64_t)st.st_size < j->options.segment_bytes / 2) {
        uint64_t fill = j->options.no_prefill ? 0 : j->options.segment_bytes;
        enum tb_journal_answer a = tb_segment_go_live(&last->segment, fill, NULL, f);
        if (a == TB_JOURNAL_DONE) {
            last->state = TB_SLOT_LIVE;
            j->live = last;
        }
        return a;
    }
    struct tb_segment s;
    enum tb_journal_answer a = make_live(j, last ? last->segment.seq + 1 : 1, &s, f);
    if (a == TB_JOURNAL_DONE)
        j->live = tb_slot_add(j, &s, TB_SLOT_LIVE);
    return a;
}

static void set_options(struct tb_journal_sqlite *j, const struct tb_journal_sqlite_options *o)
{
    if (o != NULL)
        j->options = *o;
    if (j->options.segment_bytes == 0)
        j->options.segment_bytes = SEGMENT_BYTES_DEFAULT;
    if (j->options.reserve_bytes == 0)
        j->options.reserve_bytes = RESERVE_BYTES_DEFAULT;
    if (j->options.page_bytes == 0)
        j->options.page_bytes = PAGE_BYTES_DEFAULT;
}

enum tb_journal_answer tb_journal_sqlite_open(const char *dir,
                                              const struct tb_journal_sqlite_options *options,
                                              struct tb_journal **out, struct tb_fault *f)
{
    tb_assert(sqlite3_threadsafe() != 0);
    *out = NULL;
    struct tb_journal_sqlite *j = calloc(1, sizeof *j);
    tb_assert(j != NULL);
    j->base.ops = &sqlite_ops;
    j->lock_fd = -1;
    pthread_mutex_init(&j->mutex, NULL);
    pthread_cond_init(&j->changed, NULL);
    set_options(j, options);
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    if (strlen(dir) >= sizeof j->dir) {
        tb_fault_set(f, false, "journal: the folder's path is too long");
        a = TB_JOURNAL_FAULT;
    }
    snprintf(j->dir, sizeof j->dir, "%s", dir);
    snprintf(j->spare, sizeof j->spare, "%s/spare-wal", j->dir);
    if (a == TB_JOURNAL_DONE)
        a = tb_folder_lock(j, f);
    if (a == TB_JOURNAL_DONE)
        a = tb_folder_recover(j, f);
    if (a == TB_JOURNAL_DONE)
        a = go_live(j, f);
    if (a != TB_JOURNAL_DONE) {
        destroy(j);
        return a;
    }
    int rc = pthread_create(&j->janitor, NULL, janitor_main, j);
    tb_assert(rc == 0);
    j->janitor_runs = true;
    *out = &j->base;
    return TB_JOURNAL_DONE;
}
