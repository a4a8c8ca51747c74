// SPDX-License-Identifier: Apache-2.0
/* Reading while appending. A sealed segment is read through a connection of the
 * reader's own; one that is not sealed through the connection that writes, under its
 * slot's mutex and in small portions, because a second connection would not be allowed
 * (EXCLUSIVE) and must not be (see journal_sqlite.h).                                */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/inside.h"

#define PORTION_BYTES (TB_BATCH_BYTES_MAX * 2)
#define PORTION_BATCHES 64

struct tb_journal_reader {
    struct tb_journal_sqlite *journal;
    struct tb_chain chain;
    struct tb_slot *slot; /* whose file is open in db; NULL: none */
    sqlite3 *db;
    sqlite3_stmt *read;
    uint32_t at;
    uint32_t n;
    struct tb_batch portion[PORTION_BATCHES];
    char bytes[PORTION_BYTES];
};

static void close_file(struct tb_journal_reader *r)
{
    sqlite3_finalize(r->read);
    sqlite3_close(r->db);
    r->read = NULL;
    r->db = NULL;
    r->slot = NULL;
}

/* Copies rows from .. to until the portion is full. */
static enum tb_journal_answer fill(struct tb_journal_reader *r, sqlite3 *db, sqlite3_stmt *read,
                                   uint64_t from, uint64_t to, const char *path,
                                   struct tb_fault *f)
{
    size_t used = 0;
    sqlite3_bind_int64(read, 1, (int64_t)from);
    sqlite3_bind_int64(read, 2, (int64_t)to);
    int rc = SQLITE_ROW;
    bool whole = true;
    while (r->n < PORTION_BATCHES && (rc = sqlite3_step(read)) == SQLITE_ROW) {
        struct tb_batch *b = &r->portion[r->n];
        whole = tb_segment_row(read, b);
        if (!whole || used + b->body.n > sizeof r->bytes)
            break;
        if (b->body.n > 0)
            memcpy(r->bytes + used, b->body.p, b->body.n);
        b->body.p = r->bytes + used;
        used += b->body.n;
        r->n++;
    }
    enum tb_journal_answer a = tb_segment_answer(db, rc, path, "read", f);
    sqlite3_reset(read);
    if (r->n > 0)
        return TB_JOURNAL_DONE; /* what follows is found at the next portion */
    if (a == TB_JOURNAL_DONE) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " is %s in %s", from,
                     whole ? "missing" : "malformed", path);
        a = TB_JOURNAL_CORRUPT;
    }
    return a;
}

struct place {
    struct tb_slot *slot; /* NULL: not held */
    uint64_t last;
    bool sealed;
};

/* Where batch `number` is. DONE, END or FAULT; opens the file when it is sealed, so that
 * pruning cannot take it away in between.                                              */
static enum tb_journal_answer find(struct tb_journal_reader *r, uint64_t number,
                                   struct place *p, struct tb_fault *f)
{
    struct tb_journal_sqlite *j = r->journal;
    enum tb_journal_answer a = TB_JOURNAL_FAULT;
    *p = (struct place){0};
    pthread_mutex_lock(&j->mutex);
    for (uint32_t i = j->slot_n; p->slot == NULL && i-- > 0;) {
        struct tb_slot *s = j->slot[i];
        if (s->state != TB_SLOT_PRUNED && s->segment.first != 0 && s->segment.first <= number &&
            number <= s->segment.last)
            *p = (struct place){s, s->segment.last, s->state == TB_SLOT_SEALED};
    }
    if (number > j->last.number) {
        a = TB_JOURNAL_END;
    } else if (p->slot == NULL) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " was pruned", number);
    } else if (!p->sealed && j->broken) {
        *f = j->fault; /* the connection may show what is not durable */
    } else if (p->sealed && r->slot != p->slot) {
        close_file(r);
        a = tb_segment_open_sealed(p->slot->segment.path, &r->db, &r->read, f);
        r->slot = a == TB_JOURNAL_DONE ? p->slot : NULL;
    } else {
        a = TB_JOURNAL_DONE;
    }
    pthread_mutex_unlock(&j->mutex);
    return a;
}

static enum tb_journal_answer next_portion(struct tb_journal_reader *r, struct tb_fault *f)
{
    r->at = r->n = 0;
    for (;;) {
        struct place p;
        uint64_t from = r->chain.next;
        enum tb_journal_answer a = find(r, from, &p, f);
        if (a != TB_JOURNAL_DONE)
            return a;
        if (p.sealed)
            return fill(r, r->db, r->read, from, p.last, p.slot->segment.path, f);
        pthread_mutex_lock(&p.slot->mutex);
        struct tb_segment *s = &p.slot->segment;
        bool open = s->db != NULL && s->read != NULL;
        if (open)
            a = fill(r, s->db, s->read, from, p.last, s->path, f);
        pthread_mutex_unlock(&p.slot->mutex);
        if (open)
            return a;
        /* It was sealed in the meantime: look again. */
    }
}

enum tb_journal_answer tb_journal_sqlite_reader_open(struct tb_journal *base, uint64_t from,
                                                     struct tb_journal_reader **out,
                                                     struct tb_fault *f)
{
    struct tb_journal_sqlite *j = (struct tb_journal_sqlite *)base;
    struct tb_journal_reader *r = malloc(sizeof *r);
    *out = NULL;
    if (r == NULL) {
        tb_fault_set(f, true, "journal: no memory for a reader");
        return TB_JOURNAL_FAULT;
    }
    memset(r, 0, offsetof(struct tb_journal_reader, portion));
    r->journal = j;
    tb_chain_init(&r->chain, from);
    pthread_mutex_lock(&j->mutex);
    j->reader_n++;
    pthread_mutex_unlock(&j->mutex);
    *out = r;
    return TB_JOURNAL_DONE;
}

enum tb_journal_answer tb_journal_sqlite_reader_next(struct tb_journal_reader *r,
                                                     struct tb_batch *out, struct tb_fault *f)
{
    if (r->at == r->n) {
        enum tb_journal_answer a = next_portion(r, f);
        if (a != TB_JOURNAL_DONE)
            return a;
    }
    *out = r->portion[r->at++];
    return tb_chain_check(&r->chain, out, f);
}

void tb_journal_sqlite_reader_close(struct tb_journal_reader *r)
{
    close_file(r);
    pthread_mutex_lock(&r->journal->mutex);
    tb_assert(r->journal->reader_n > 0);
    r->journal->reader_n--;
    pthread_mutex_unlock(&r->journal->mutex);
    free(r);
}
