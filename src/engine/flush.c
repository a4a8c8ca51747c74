// SPDX-License-Identifier: Apache-2.0
/* engine/flush.c - the flusher: durable images and entries into SQL, with the checkpoint.
 *
 * Invariant: one transaction takes the checkpoint from one batch to a later one together
 * with the newest image of every block that changed between. Rows of the history may be
 * committed ahead of it (they are facts; a repeated one is left alone), never behind.
 * What is not here: which tables people read (struct tb_publisher).                     */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aside.h"
#include "engine/inside.h"

#define ROWS_A_TRANSACTION 50000u
#define MARK_EVERY 64u
#define CLAIM_TRIES 100u
#define LATE_MS 700 /* the oldest entry that a flush brings is older than that */

static const struct tb_column record_columns[] = {
    {"kind", TB_COLUMN_I64, "0: the engine's own; else enum tb_kind"},
    {"id", TB_COLUMN_I64, "number within the kind"},
    {"tenant", TB_COLUMN_I64, ""},
    {"batch", TB_COLUMN_I64, "batch of the journal that last changed it"},
    {"body", TB_COLUMN_BLOB, "packed block"},
};
static const struct tb_column history_columns[] = {
    {"seq", TB_COLUMN_I64, "rising over all tenants"},
    {"tenant", TB_COLUMN_I64, ""},
    {"tenant_seq", TB_COLUMN_I64, "1, 2, 3 ... in the tenant's feed"},
    {"at_ms", TB_COLUMN_I64, "when it was decided, milliseconds since 1970 UTC"},
    {"command", TB_COLUMN_I64, "enum tb_op"},
    {"member", TB_COLUMN_I64, "profile whose timeline it belongs to, 0 = none"},
    {"prev_seq", TB_COLUMN_I64, "that timeline's entry before this one"},
    {"body", TB_COLUMN_BLOB, "message Entry of api/events.proto"},
};
static const struct tb_column mark_columns[] = {
    {"tenant", TB_COLUMN_I64, ""},
    {"tenant_seq", TB_COLUMN_I64, ""},
    {"seq", TB_COLUMN_I64, "the history's row of that entry"},
};
static const struct tb_column fact_columns[] = {
    {"map", TB_COLUMN_I64, "enum tb_map_name"},
    {"value", TB_COLUMN_I64, "number of the object"},
    {"key", TB_COLUMN_I64, "keyed hash of the outside key"},
};
static const struct tb_column aside_columns[] = {
    {"generation", TB_COLUMN_I64, "rising; of one record the latest counts"},
    {"id", TB_COLUMN_I64, "number of the person"},
    {"tenant", TB_COLUMN_I64, ""},
    {"batch", TB_COLUMN_I64, "batch of the journal that last changed it"},
    {"body", TB_COLUMN_BLOB, "packed block; none: it is gone"},
};
const struct tb_table tb_engine_tables[5] = {
    {"record", record_columns, 5, 2, false, "The newest image of every block: the checkpoint."},
    {"history", history_columns, 8, 1, true, "Every command that was carried out, for ever."},
    {"feed_mark", mark_columns, 3, 2, false, "Where to start reading a tenant's feed."},
    {"fact", fact_columns, 3, 3, true, "Outside keys that stay taken for ever."},
    {"record_aside", aside_columns, 5, 2, false, "Images newer than their record, not yet moved there."},
};

/* NULL: every image goes to its place. */
static struct tb_aside *aside_of(const struct tb_cell *c)
{
    return c->o.publisher != NULL ? c->o.publisher->aside : NULL;
}

/* Bodies that a transaction borrows until its commit. */
struct borrowed {
    struct tb_tail **tail;
    uint32_t n;
    uint32_t cap;
};

struct flush {
    struct tb_cell *c;
    const struct tb_state_ops *ops;
    struct tb_state *state;
    struct tb_fault *f;
    struct borrowed borrowed;
    struct tb_journal_reader *reader; /* when the tail no longer has what is missing */
    uint64_t cursor;                  /* history is put up to this batch */
    uint32_t rows;
};

static void borrow(struct flush *x, struct tb_tail *t)
{
    struct borrowed *b = &x->borrowed;
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 256;
        b->tail = tb_heap_resize(b->tail, b->cap * sizeof *b->tail);
    }
    b->tail[b->n++] = t;
}

/* The last one stays ours, to look on from there next time. */
static void give_back(struct flush *x)
{
    struct borrowed *b = &x->borrowed;
    struct tb_tail **near = &x->c->flush.near;
    if (b->n > 0 && *near != NULL)
        tb_tail_release(x->c, *near);
    if (b->n > 0)
        *near = b->tail[--b->n];
    for (uint32_t i = 0; i < b->n; i++)
        tb_tail_release(x->c, b->tail[i]);
    b->n = 0;
}

static struct tb_value i64(int64_t v)
{
    return (struct tb_value){.i64 = v};
}

static enum tb_state_answer put_entry(struct flush *x, const struct tb_entry *e)
{
    struct tb_flusher *fl = &x->c->flush;
    struct tb_value v[8] = {i64((int64_t)e->seq),   i64(e->tenant),
                            i64((int64_t)e->tenant_seq), i64(e->now_ms),
                            i64(e->command),        i64((int64_t)e->member),
                            i64((int64_t)e->prev_seq), {.str = e->bytes}};
    enum tb_state_answer a = x->ops->put(x->state, TABLE_HISTORY(x->c), v, x->f);
    bool mark = e->tenant < TB_TENANTS_MAX &&
                (fl->mark_stamp[e->tenant] != fl->stamp || e->tenant_seq % MARK_EVERY == 1);
    if (a == TB_STATE_DONE && mark) {
        fl->mark_stamp[e->tenant] = fl->stamp;
        struct tb_value m[3] = {v[1], v[2], v[0]};
        a = x->ops->put(x->state, TABLE_MARK(x->c), m, x->f);
    }
    const struct tb_publisher *p = x->c->o.publisher;
    if (a == TB_STATE_DONE && p != NULL && p->on_entry != NULL)
        a = p->on_entry(p->user, x->state, e, x->f);
    x->rows++;
    return a;
}

static enum tb_state_answer put_body(struct flush *x, struct tb_str body)
{
    struct tb_batch_walk w;
    struct tb_entry e;
    enum tb_state_answer a = TB_STATE_DONE;
    tb_batch_walk(&w, body);
    while (a == TB_STATE_DONE && tb_batch_next(&w, &e))
        a = put_entry(x, &e);
    tb_assert(!w.bad); /* we wrote it, or recovery has read it */
    return a;
}

/* Copies one batch of the journal into a tail of its own; NULL with the fault. */
static struct tb_tail *read_journal(struct flush *x)
{
    struct tb_journal *j = x->c->o.journal;
    struct tb_batch b;
    if (x->reader == NULL &&
        j->ops->reader_open(j, x->cursor + 1, &x->reader, x->f) != TB_JOURNAL_DONE)
        return NULL;
    tb_fault_set(x->f, false, "the journal ends before batch %" PRIu64 ", which was appended", x->cursor + 1);
    if (j->ops->reader_next(x->reader, &b, x->f) != TB_JOURNAL_DONE)
        return NULL;
    struct tb_tail *t = tb_heap_take(sizeof *t + b.body.n);
    *t = (struct tb_tail){.refs = 1, .n = b.body.n, .batch = b.number};
    if (b.body.n > 0)
        memcpy(t->bytes, b.body.p, b.body.n);
    return t;
}

/* History of batches up to upto, as much as one transaction takes. */
static enum tb_state_answer put_history(struct flush *x, uint64_t upto)
{
    enum tb_state_answer a = TB_STATE_DONE;
    while (a == TB_STATE_DONE && x->cursor < upto && x->rows < ROWS_A_TRANSACTION) {
        bool dropped;
        const struct borrowed *b = &x->borrowed;
        const struct tb_tail *near = b->n > 0 ? b->tail[b->n - 1] : x->c->flush.near;
        near = near != NULL && near->kept ? near : NULL;
        struct tb_tail *t = tb_tail_after_batch(x->c, x->cursor, near, &dropped);
        while (dropped && (t == NULL || t->batch <= x->cursor)) {
            if (t != NULL)
                tb_tail_release(x->c, t);
            t = read_journal(x);
            if (t == NULL)
                return TB_STATE_FAULT;
        }
        if (t == NULL || t->batch > upto) { /* the rest are signs of life */
            if (t != NULL)
                tb_tail_release(x->c, t);
            x->cursor = upto;
            break;
        }
        borrow(x, t);
        a = put_body(x, (struct tb_str){t->bytes, t->n});
        x->cursor = t->batch;
    }
    return a;
}

/* The publisher writes the block's rows later, from its record. */
static bool noted(const struct flush *x, const struct tb_image *i)
{
    const struct tb_publisher *p = x->c->o.publisher;
    return p != NULL && p->notes != NULL && i->kind != TB_KIND_ENGINE && i->n != TB_IMAGE_DROPPED &&
           p->notes(p->user, (enum tb_kind)i->kind, i->id);
}

static enum tb_state_answer publish(struct flush *x, const struct tb_image *i)
{
    const struct tb_publisher *p = x->c->o.publisher;
    const struct tb_shape *s = x->c->core.store.shape + i->kind;
    struct tb_pool *pool = &x->c->flush.pool;
    struct tb_block *b = NULL;
    if (p == NULL || p->on_image == NULL || i->kind == TB_KIND_ENGINE)
        return TB_STATE_DONE;
    if (i->n != TB_IMAGE_DROPPED) {
        b = tb_block_unpack(pool, s, i->kind, i->id, (struct tb_str){(const char *)i->p, i->n});
        tb_assert(b != NULL);
    }
    enum tb_state_answer a =
        p->on_image(p->user, x->state, i->tenant, (enum tb_kind)i->kind, i->id, b, x->f);
    if (b != NULL)
        tb_block_destroy(pool, s, b);
    return a;
}

/* engine/aside.h. On a shared journal another cell may read the records while we write them. */
static bool goes_aside(const struct flush *x, const struct tb_image *i, bool noted)
{
    struct tb_aside *aside = aside_of(x->c);
    if (aside == NULL || i->kind != x->c->o.publisher->aside_kind)
        return false;
    if (i->n == TB_IMAGE_DROPPED)
        return tb_aside_lives(aside);
    if (i->id > aside->placed) {
        aside->placed = i->id;
        return false;
    }
    return tb_aside_lives(aside) || (noted && !x->c->o.journal->ops->shared);
}

static enum tb_state_answer put_aside(struct flush *x, const struct tb_image *i)
{
    struct tb_aside *aside = aside_of(x->c);
    bool gone = i->n == TB_IMAGE_DROPPED;
    struct tb_value row[5] = {i64((int64_t)tb_aside_put(aside, i->id)), i64((int64_t)i->id), i64(i->tenant),
                              i64((int64_t)i->batch), {.str = {(const char *)i->p, gone ? 0 : i->n}}};
    if (gone)
        tb_aside_moved(aside, i->id);
    return x->ops->put(x->state, TABLE_ASIDE(x->c), row, x->f);
}

static enum tb_state_answer put_image(struct flush *x, const struct tb_image *m)
{
    struct tb_value row[5] = {i64(m->kind), i64((int64_t)m->id), i64(m->tenant), i64((int64_t)m->batch),
                              {.str = {(const char *)m->p, m->n}}};
    bool later = noted(x, m);
    bool aside = goes_aside(x, m, later);
    enum tb_state_answer a = TB_STATE_DONE;
    if (aside)
        a = put_aside(x, m);
    if (a == TB_STATE_DONE && m->n == TB_IMAGE_DROPPED)
        a = x->ops->drop(x->state, TABLE_RECORD(x->c), row, x->f);
    else if (a == TB_STATE_DONE && !aside)
        a = x->ops->put(x->state, TABLE_RECORD(x->c), row, x->f);
    return a == TB_STATE_DONE && !later ? publish(x, m) : a;
}

static enum tb_state_answer put_images(struct flush *x, const struct tb_image_set *set)
{
    struct tb_image **v = tb_images_sorted(set);
    enum tb_state_answer a = TB_STATE_DONE;
    for (uint32_t i = 0; i < set->n && a == TB_STATE_DONE; i++)
        a = put_image(x, v[i]);
    free(v);
    return a;
}

static enum tb_state_answer put_facts(struct flush *x, const struct tb_image_set *set)
{
    enum tb_state_answer a = TB_STATE_DONE;
    for (uint64_t i = 0; i < set->fact_n && a == TB_STATE_DONE; i++) {
        const struct tb_fact *f = &set->fact[i];
        struct tb_value row[3] = {i64(f->map), i64((int64_t)f->value), i64((int64_t)f->key)};
        a = x->ops->put(x->state, TABLE_FACT(x->c), row, x->f);
    }
    return a;
}

/* Commits are atomic at once but durable only later: a data base server that crashed while
 * we live may have lost the last ones. What they held is no longer in memory.             */
static enum tb_state_answer still_there(struct flush *x)
{
    struct tb_checkpoint is;
    const struct tb_checkpoint *was = &x->c->flush.checkpoint;
    enum tb_state_answer a = x->ops->checkpoint(x->state, &is, x->f);
    if (a != TB_STATE_DONE || is.batch >= was->batch || is.epoch > was->epoch)
        return a;
    tb_fault_set(x->f, false, "the SQL state went back from batch %" PRIu64 " to %" PRIu64
                 " (its server crashed): starting again replays the journal", was->batch, is.batch);
    tb_cell_break(x->c, TB_CELL_FAILED, x->f);
    return TB_STATE_FAULT;
}

/* Once, before a leader's first flush: its epoch goes into the checkpoint, so that a leader before it, which
 * may still be writing what it had, is refused from here on; then where the state stands is where we go on.
 * Without this the other's last commit could come between our look and our first commit.               */
static enum tb_state_answer claim(struct flush *x)
{
    struct tb_checkpoint cp;
    struct tb_flusher *fl = &x->c->flush;
    enum tb_state_answer a = TB_STATE_DEPOSED;
    for (uint32_t tries = 0; a == TB_STATE_DEPOSED && tries < CLAIM_TRIES; tries++) {
        a = still_there(x);
        if (a == TB_STATE_DONE)
            a = x->ops->checkpoint(x->state, &cp, x->f);
        if (a == TB_STATE_DONE && cp.epoch > x->c->writer.epoch) {
            tb_fault_set(x->f, false, "state: a later leader's checkpoint is there");
            return TB_STATE_DEPOSED;
        }
        cp.epoch = x->c->writer.epoch;
        if (a == TB_STATE_DONE)
            a = x->ops->begin(x->state, x->f);
        if (a == TB_STATE_DONE)
            a = x->ops->commit(x->state, &cp, x->f); /* DEPOSED: it moved in between */
    }
    if (a != TB_STATE_DONE)
        return a;
    fl->checkpoint = cp;
    if (fl->history_batch < cp.batch)
        fl->history_batch = cp.batch;
    return a;
}

static enum tb_state_answer begin(struct tb_cell *c, struct tb_fault *f)
{
    const struct tb_publisher *p = c->o.publisher;
    enum tb_state_answer a = c->o.state->ops->begin(c->o.state, f);
    if (a == TB_STATE_DONE && p != NULL && p->begin != NULL)
        p->begin(p->user);
    if (aside_of(c) != NULL)
        tb_aside_begin(aside_of(c));
    return a;
}

/* Abandons unless a is DONE. */
static enum tb_state_answer end(struct tb_cell *c, enum tb_state_answer a,
                                const struct tb_checkpoint *to, struct tb_fault *f)
{
    const struct tb_publisher *p = c->o.publisher;
    if (a == TB_STATE_DONE)
        a = c->o.state->ops->commit(c->o.state, to, f);
    else
        c->o.state->ops->abandon(c->o.state);
    if (a == TB_STATE_DONE && aside_of(c) != NULL)
        tb_aside_committed(aside_of(c));
    if (a == TB_STATE_DONE && p != NULL && p->committed != NULL)
        p->committed(p->user);
    return a;
}

/* A fault that repeating does not mend ends the cell, and with it the process: a state that
 * stands still unseen would be found when the disk is full of journal. The next start flushes
 * the same batches, meets the same fault and says the same.                                */
static void judge(struct tb_cell *c, enum tb_state_answer a, const struct tb_fault *f)
{
    if (a == TB_STATE_DEPOSED)
        tb_cell_break(c, TB_CELL_DEPOSED, f);
    else if (a == TB_STATE_FAULT && !f->retryable)
        tb_cell_break(c, TB_CELL_FAILED, f);
}

/* ---- what the publisher put off ---------------------------------------------------------- */

static bool waits(struct tb_cell *c, bool all)
{
    const struct tb_publisher *p = c->o.publisher;
    return p != NULL && p->waits != NULL && p->waits(p->user, &c->flush.checkpoint, all);
}

static enum tb_state_answer slice(struct tb_cell *c, bool all, struct tb_fault *f)
{
    const struct tb_publisher *p = c->o.publisher;
    const struct tb_checkpoint *to = &c->flush.checkpoint;
    struct flush x = {.c = c, .ops = c->o.state->ops, .state = c->o.state, .f = f};
    enum tb_state_answer a = still_there(&x);
    if (a == TB_STATE_DONE)
        a = begin(c, f);
    if (a == TB_STATE_DONE)
        a = end(c, p->catch_up(p->user, c->o.state, to, all, f), to, f);
    judge(c, a, f);
    return a;
}

bool tb_flush_puts_off(struct tb_cell *c)
{
    return waits(c, false);
}

bool tb_flush_slice(struct tb_cell *c, int64_t slice_ns, struct tb_fault *f)
{
    const struct tb_publisher *p = c->o.publisher;
    if (!waits(c, false))
        return true;
    if (p->pace != NULL)
        p->pace(p->user, false, slice_ns);
    return slice(c, false, f) == TB_STATE_DONE;
}

bool tb_flush_publish(struct tb_cell *c, struct tb_fault *f)
{
    enum tb_state_answer a = TB_STATE_DONE;
    while (a == TB_STATE_DONE && waits(c, true))
        a = slice(c, true, f);
    return a == TB_STATE_DONE;
}

/* Late: then only what the checkpoint needs is written, and what can follow follows. */
static void set_pace(struct tb_cell *c, bool all)
{
    const struct tb_publisher *p = c->o.publisher;
    int64_t since = atomic_load(&c->pending_since_ms);
    bool late = since != 0 && c->host->now_ms(c->host->user) - since > LATE_MS;
    if (p != NULL && p->pace != NULL)
        p->pace(p->user, late && !all, 0);
}


/* One transaction; *last when it carried the images. */
static enum tb_state_answer transact(struct flush *x, const struct tb_image_set *set, bool *last)
{
    struct tb_flusher *fl = &x->c->flush;
    x->rows = 0;
    fl->stamp++;
    enum tb_state_answer a = still_there(x);
    if (a == TB_STATE_DONE)
        a = begin(x->c, x->f);
    if (a != TB_STATE_DONE)
        return a;
    a = put_history(x, set->last.batch);
    *last = x->cursor >= set->last.batch;
    struct tb_checkpoint to = *last ? set->last : fl->checkpoint;
    to.epoch = x->c->writer.epoch; /* ours, though an earlier leader may have made the batch */
    if (a == TB_STATE_DONE && *last)
        a = put_images(x, set);
    if (a == TB_STATE_DONE && *last)
        a = put_facts(x, set);
    a = end(x->c, a, &to, x->f);
    give_back(x);
    if (a != TB_STATE_DONE)
        return a;
    fl->history_batch = x->cursor;
    fl->checkpoint = to;
    return a;
}

static struct tb_image_set *take_set(struct tb_cell *c, bool all)
{
    struct tb_store_side *s = &c->store;
    if (c->flush.set != NULL)
        return c->flush.set;
    pthread_mutex_lock(&s->lock);
    struct tb_image_set *set = s->oldest;
    bool worth = set->n > 0 || set->entries > 0 || set->batches >= (all ? 1u : 256u);
    if (worth) {
        s->oldest = set->next;
        if (s->oldest == NULL)
            s->oldest = s->newest = tb_images_create_after(set);
        set->next = NULL;
        s->flushing = set;
        c->flush.set = set;
    }
    pthread_mutex_unlock(&s->lock);
    return worth ? set : NULL;
}

static void written(struct tb_cell *c, struct tb_image_set *set)
{
    if (aside_of(c) != NULL)
        tb_aside_next(aside_of(c));
    atomic_store(&c->flushed_seq, set->last_seq);
    atomic_store(&c->flushed_batch, set->last.batch);
    cell_count(&c->n_flushes, 1);
    cell_count(&c->n_images, set->n);
    pthread_mutex_lock(&c->store.lock);
    c->store.flushing = NULL;
    c->flush.set = NULL;
    tb_keep_note(c);
    pthread_mutex_unlock(&c->store.lock);
    tb_images_destroy(set);
}

static bool begin_flushing(struct tb_cell *c, struct tb_fault *f)
{
    struct flush x = {.c = c, .ops = c->o.state->ops, .state = c->o.state, .f = f};
    enum tb_state_answer a = claim(&x);
    if (a != TB_STATE_DONE)
        judge(c, a, f);
    return a == TB_STATE_DONE && tb_flush_slice(c, 0, f); /* the publisher looks where it stands */
}

bool tb_flush_checkpoint(struct tb_cell *c, bool all, struct tb_fault *f)
{
    struct tb_flusher *fl = &c->flush;
    if (!fl->begun && !begin_flushing(c, f))
        return false;
    fl->begun = true;
    struct tb_image_set *set = take_set(c, all);
    if (set == NULL)
        return true;
    if (set->last.batch <= fl->checkpoint.batch) { /* the leader before us has written it */
        written(c, set);
        return true;
    }
    set_pace(c, all);
    if (!fl->pool_made) {
        tb_regions_init(&fl->regions);
        tb_pool_init(&fl->pool, tb_regions_mem(&fl->regions));
        fl->pool_made = true;
    }
    struct flush x = {.c = c, .ops = c->o.state->ops, .state = c->o.state, .f = f,
                      .cursor = fl->history_batch};
    enum tb_state_answer a;
    bool last = false;
    do
        a = transact(&x, set, &last);
    while (a == TB_STATE_DONE && !last);
    if (x.reader != NULL)
        c->o.journal->ops->reader_close(x.reader);
    free(x.borrowed.tail);
    if (a == TB_STATE_DONE) {
        written(c, set);
        return true;
    }
    judge(c, a, f);
    return false;
}

bool tb_flush_turn(struct tb_cell *c, bool all, struct tb_fault *f)
{
    return tb_flush_checkpoint(c, all, f) && tb_flush_slice(c, 0, f);
}

void tb_flush_deinit(struct tb_cell *c)
{
    if (c->flush.near != NULL)
        tb_tail_release(c, c->flush.near);
    if (c->flush.pool_made)
        tb_regions_deinit(&c->flush.regions);
    free(c->flush.mark_stamp);
}
