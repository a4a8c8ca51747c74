// SPDX-License-Identifier: Apache-2.0
/* engine/recover.c - from the SQL state and the journal to what was in memory; following
 * another leader on a shared journal.
 *
 * Invariant: afterwards the store, the counters, the feeds' numbers and the idempotency
 * rows are those that a process which never stopped would have, up to the journal's last
 * batch. What does not fit together is refused with a sentence that says what and why.  */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aside.h"
#include "engine/inside.h"
#include "events.gen.h"

#define SCHEMA 2u
#define FOLLOW_BATCHES 64u
#define ROTATE_NS 2000000000
#define LOOK_NS 200000000

bool tb_cell_tables_ensure(struct tb_cell_tables *t, struct tb_state *s,
                           const struct tb_publisher *p, struct tb_fault *fault)
{
    t->n = TB_COUNT_OF(tb_engine_tables);
    tb_assert(p == NULL || p->table_n + t->n <= TB_TABLES_MAX);
    memcpy(t->table, tb_engine_tables, sizeof tb_engine_tables);
    if (p != NULL) {
        memcpy(t->table + t->n, p->table, p->table_n * sizeof *p->table);
        p->bind(p->user, t->table + t->n, t->table);
        t->n += p->table_n;
    }
    return s->ops->ensure(s, t->table, t->n, SCHEMA + (p ? p->schema : 0), fault) == TB_STATE_DONE;
}

/* ---- records -------------------------------------------------------------------------------- */

struct loading {
    struct tb_cell *c;
    struct tb_fault *f;
    uint64_t kind; /* of the row seen last */
    uint64_t upto; /* kinds after this one are not wanted */
    uint64_t records;
    uint64_t engine_batch; /* of the record with the counters: nothing later is in */
    struct tb_aside *aside; /* NULL: nothing may wait there */
    uint32_t aside_kind;
    uint64_t aside_n; /* rows seen */
    bool bad;
};

static uint64_t get_u64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bool load_engine(struct tb_cell *c, uint64_t id, struct tb_str body)
{
    if (id > 0) {
        if (body.n < 8 || id > TB_TENANTS_MAX)
            return false;
        c->fair.line[id - 1].seq = get_u64(body.p);
        return true;
    }
    uint64_t n = body.n >= 16 ? get_u64(body.p + 8) : UINT64_MAX;
    if (n > TB_COUNTERS_MAX || body.n < 16 + n * 8)
        return false;
    c->seq = get_u64(body.p);
    for (uint64_t i = 0; i < n; i++)
        c->core.store.counter[i] = get_u64(body.p + 16 + i * 8);
    return true;
}

static bool unreadable(struct loading *l, uint64_t kind, uint64_t id)
{
    l->bad = true;
    tb_fault_set(l->f, false,
                 "record (%" PRIu64 ", %" PRIu64 ") of the SQL state cannot be read: it is "
                 "damaged or of a newer program", kind, id);
    return false;
}

/* Which image of record_aside is the newest of its person. */
static bool find_aside(void *user, const struct tb_value *v, uint32_t n)
{
    struct loading *l = user;
    tb_assert(n >= 5);
    if (l->aside == NULL)
        return unreadable(l, 0, (uint64_t)v[1].i64);
    tb_aside_found(l->aside, (uint64_t)v[0].i64, (uint64_t)v[1].i64, v[4].str.n == 0);
    l->aside_n++;
    return true;
}

static bool load_aside(void *user, const struct tb_value *v, uint32_t n)
{
    struct loading *l = user;
    uint64_t id = (uint64_t)v[1].i64;
    tb_assert(n >= 5);
    if (tb_aside_find(l->aside, id) != (uint64_t)v[0].i64)
        return true;
    if (!tb_core_load(&l->c->core, (enum tb_kind)l->aside_kind, id, v[4].str))
        return unreadable(l, l->aside_kind, id);
    l->records++;
    return true;
}

static bool load_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct loading *l = user;
    tb_assert(n >= 5);
    uint64_t kind = (uint64_t)v[0].i64;
    uint64_t id = (uint64_t)v[1].i64;
    l->kind = kind;
    if (kind > l->upto)
        return false;
    struct tb_store *s = &l->c->core.store;
    if (kind == TB_KIND_ENGINE && id == 0)
        l->engine_batch = (uint64_t)v[3].i64;
    if (l->aside != NULL && kind == l->aside_kind) {
        l->aside->placed = id;
        if (tb_aside_find(l->aside, id) != 0)
            return true; /* a newer image waits */
    }
    if (kind == TB_KIND_ENGINE)
        l->bad = !load_engine(l->c, id, v[4].str);
    else if (kind >= s->kinds || s->shape[kind].name == NULL)
        l->bad = true;
    else
        l->bad = !tb_core_load(&l->c->core, (enum tb_kind)kind, id, v[4].str);
    if (l->bad)
        return unreadable(l, kind, id);
    l->records++;
    return true;
}

/* Facts lie all over their maps: each is put when its line of memory had time to come. */
#define FACTS_AHEAD 32u

struct facts {
    struct tb_store *store;
    uint64_t n;
    struct tb_fact ring[FACTS_AHEAD];
};

static bool fact_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct facts *x = user;
    tb_assert(n >= 3);
    struct tb_fact *f = &x->ring[x->n % FACTS_AHEAD];
    if (x->n >= FACTS_AHEAD)
        tb_store_fact(x->store, f);
    *f = (struct tb_fact){.map = (uint32_t)v[0].i64, .key = (uint64_t)v[2].i64, .value = (uint64_t)v[1].i64};
    tb_store_fact_prefetch(x->store, f);
    x->n++;
    return true;
}

static bool load_facts(struct tb_cell *c, struct tb_fault *f)
{
    struct facts x = {.store = &c->core.store};
    if (c->o.state->ops->scan(c->loader, TABLE_FACT(c), NULL, fact_row, &x, f) != TB_STATE_DONE)
        return false;
    for (uint64_t i = x.n < FACTS_AHEAD ? 0 : x.n - FACTS_AHEAD; i < x.n; i++)
        tb_store_fact(x.store, &x.ring[i % FACTS_AHEAD]);
    return true;
}

/* Blocks of sparse kinds stay in SQL until somebody needs them. On a shared journal they
 * are all loaded: the leader goes on writing newer ones where we would look.            */
static bool wanted(const struct tb_cell *c, uint64_t kind)
{
    return !c->core.store.shape[kind].sparse || c->o.journal->ops->shared;
}

static bool load_records(struct tb_cell *c, struct tb_fault *f)
{
    const struct tb_publisher *p = c->o.publisher;
    struct loading l = {.c = c, .f = f, .aside = p ? p->aside : NULL, .aside_kind = p ? p->aside_kind : 0};
    struct tb_value from[2] = {{.i64 = 0}, {.i64 = 0}};
    const struct tb_state_ops *ops = c->o.state->ops;
    uint64_t kind = 0;
    if (ops->scan(c->loader, TABLE_ASIDE(c), NULL, find_aside, &l, f) != TB_STATE_DONE || l.bad)
        return false;
    while (kind < c->core.store.kinds) {
        l.upto = kind;
        while (l.upto + 1 < c->core.store.kinds && wanted(c, l.upto + 1) &&
               (l.aside_n == 0 || l.upto + 1 != l.aside_kind))
            l.upto++;
        /* in the order of kinds, like the rest */
        if (l.aside_n > 0 && kind == l.aside_kind &&
            (ops->scan(c->loader, TABLE_ASIDE(c), NULL, load_aside, &l, f) != TB_STATE_DONE || l.bad))
            return false;
        from[0].i64 = (int64_t)kind;
        if (c->o.state->ops->scan(c->loader, TABLE_RECORD(c), from, load_row, &l, f) !=
            TB_STATE_DONE)
            return false;
        if (l.bad)
            return false;
        for (kind = l.upto + 1; kind < c->core.store.kinds && !wanted(c, kind); kind++) {
        }
    }
    /* Another leader may have flushed meanwhile, and its data base may even have forgotten
     * that again. The scan saw one instant; the record with the counters tells which: after
     * its batch there are only signs of life.                                            */
    struct tb_checkpoint after;
    struct tb_checkpoint *cp = &c->flush.checkpoint;
    if (c->o.state->ops->checkpoint(c->o.state, &after, f) != TB_STATE_DONE)
        return false;
    if (after.batch != cp->batch || l.engine_batch > cp->batch) {
        *cp = (struct tb_checkpoint){.batch = l.engine_batch};
        c->hash_unknown = true;
    }
    c->sets_from = cp->batch;
    if (!load_facts(c, f))
        return false;
    tb_core_loaded(&c->core);
    tb_cell_log(c, "%" PRIu64 " records loaded", l.records);
    return true;
}

/* ---- idempotency rows ------------------------------------------------------------------------ */

struct answers {
    struct tb_cell *c;
    uint64_t first_seq; /* probe: of the first row found */
    int64_t first_ms;
    uint64_t rows;
    bool probing;
    bool bad;
};

static bool answer_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct answers *a = user;
    tb_assert(n >= 8);
    a->first_seq = (uint64_t)v[0].i64;
    a->first_ms = v[3].i64;
    if (a->probing)
        return false;
    struct tb_entry e = {.tenant = (uint32_t)v[1].i64, .tenant_seq = (uint64_t)v[2].i64};
    if (!tb_entry_read(v[7].str, &e)) {
        a->bad = true;
        return false;
    }
    if (e.key_hash != 0) {
        struct tb_idem_row row = {.key = e.key_hash,
                                  .input = e.input_hash,
                                  .seq = e.seq,
                                  .tenant_seq = e.tenant_seq,
                                  .tenant = e.tenant,
                                  .at_s = (uint32_t)(e.now_ms / 1000),
                                  .code = (uint16_t)e.code};
        tb_idem_add(&a->c->idem, &row, e.answer, e.field);
        if (++a->rows % 256 == 0)
            tb_idem_tidy(&a->c->idem, (uint32_t)(a->c->now_ms / 1000));
    }
    return true;
}

/* The history is in the order of seq and, but for clocks set back, of time. */
static bool load_answers(struct tb_cell *c, struct tb_state_reader *reader, struct tb_fault *f)
{
    const struct tb_state_ops *ops = c->o.state->ops;
    int64_t since_ms = c->now_ms - (int64_t)c->o.idem_hours * TB_HOUR_MS;
    uint64_t low = 1;
    uint64_t high = UINT64_C(1) << 62;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        struct tb_value key = {.i64 = (int64_t)mid};
        struct answers probe = {.c = c, .probing = true};
        if (ops->scan(reader, TABLE_HISTORY(c), &key, answer_row, &probe, f) != TB_STATE_DONE)
            return false;
        if (probe.first_seq == 0 || probe.first_ms >= since_ms)
            high = mid;
        else
            low = probe.first_seq + 1;
    }
    struct answers all = {.c = c};
    struct tb_value key = {.i64 = (int64_t)low};
    if (ops->scan(reader, TABLE_HISTORY(c), &key, answer_row, &all, f) != TB_STATE_DONE)
        return false;
    if (all.bad)
        tb_fault_set(f, false, "the history's entry %" PRIu64 " cannot be read", all.first_seq);
    return !all.bad;
}

struct answers_thread {
    struct tb_cell *c;
    struct tb_state_reader *reader;
    struct tb_fault fault;
    bool ok;
};

static void *answers_main(void *user)
{
    struct answers_thread *t = user;
    t->ok = load_answers(t->c, t->reader, &t->fault);
    return NULL;
}

/* Records and answers side by side: they touch nothing in common (the idempotency table has
 * memory of its own). In steps one after the other.                                       */
static bool load_state(struct tb_cell *c, struct tb_fault *f)
{
    const struct tb_state_ops *ops = c->o.state->ops;
    struct answers_thread t = {.c = c};
    pthread_t thread;
    if (ops->reader_open(c->o.state, &t.reader, f) != TB_STATE_DONE)
        return false;
    bool beside = !c->o.stepping && pthread_create(&thread, NULL, answers_main, &t) == 0;
    bool ok = load_records(c, f);
    if (beside)
        pthread_join(thread, NULL);
    else if (ok)
        (void)answers_main(&t);
    ops->reader_close(t.reader);
    if (ok && !t.ok)
        *f = t.fault;
    return ok && t.ok;
}

/* ---- journal ----------------------------------------------------------------------------------- */

static bool of_kind(void *user, const struct tb_value *v, uint32_t n)
{
    struct loading *l = user;
    tb_assert(n >= 2);
    l->kind = (uint64_t)v[0].i64;
    return false;
}

/* The highest number of each sparse kind in SQL: replay asks for no later one. */
static bool find_sparse_max(struct tb_cell *c, struct tb_fault *f)
{
    for (uint32_t kind = 1; kind < c->core.store.kinds; kind++) {
        if (wanted(c, kind))
            continue;
        uint64_t low = 0; /* is there, or nothing is */
        uint64_t high = UINT64_C(1) << 62;
        while (high - low > 1) {
            uint64_t mid = low + (high - low) / 2;
            struct tb_value key[2] = {{.i64 = kind}, {.i64 = (int64_t)mid}};
            struct loading l = {.c = c};
            if (c->o.state->ops->scan(c->loader, TABLE_RECORD(c), key, of_kind, &l, f) !=
                TB_STATE_DONE)
                return false;
            if (l.kind == kind)
                low = mid;
            else
                high = mid;
        }
        c->sparse_max[kind] = low;
    }
    return true;
}

/* Replay met a block that is not in memory: it is older than the checkpoint. */
static struct tb_block *fetch(void *user, uint32_t kind, uint64_t id)
{
    struct tb_cell *c = user;
    struct tb_store *s = &c->core.store;
    if (id > c->sparse_max[kind])
        return NULL;
    struct tb_load l = {.need_n = 1, .need = {{.kind = (uint8_t)kind, .id = id}}};
    s->fetch = NULL;
    tb_load_fetch(c, &l);
    struct tb_block *b = NULL;
    if (!l.failed && l.got[0].p != NULL &&
        tb_core_load(&c->core, (enum tb_kind)kind, id,
                     (struct tb_str){(const char *)l.got[0].p, l.got[0].n}))
        b = tb_store_get(s, kind, id);
    free(l.got[0].p);
    s->fetch = fetch;
    return b;
}

static bool replay_entry(struct tb_cell *c, const struct tb_entry *e, uint64_t batch,
                         struct tb_fault *f)
{
    struct tb_txn *t = &c->txn;
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    if (e->tenant >= TB_TENANTS_MAX || e->tenant_seq != c->fair.line[e->tenant].seq + 1 ||
        e->seq <= c->seq) {
        tb_fault_set(f, false, "batch %" PRIu64 " does not continue the SQL state: entry %" PRIu64
                     " comes after %" PRIu64, batch, e->seq, c->seq);
        return false;
    }
    static const uint8_t no_entropy[TB_ENTROPY_BYTES];
    uint32_t from = c->core.store.dirty_n;
    tb_txn_begin(t, e->tenant, e->now_ms, e->seq, no_entropy);
    /* the member stays open: apply finds it as it did then, and moves the person's last_seq */
    c->core.store.fetch_user = c;
    while (tb_event_next(&list, &type, &body, &bad)) {
        tb_arena_reset(&c->scratch);
        c->core.store.fetch = c->o.journal->ops->shared ? NULL : fetch;
        bool known = tb_core_replay(&c->core, t, type, body);
        c->core.store.fetch = NULL; /* commit must find a dropped block gone */
        if (!known) {
            tb_fault_set(f, false, "batch %" PRIu64 ", entry %" PRIu64 ": event %" PRIu32
                         " is not known to this program", batch, e->seq, type);
            return false;
        }
    }
    if (bad) {
        tb_fault_set(f, false, "batch %" PRIu64 ", entry %" PRIu64 " is malformed", batch, e->seq);
        return false;
    }
    tb_txn_commit(t);
    tb_run_note_dirty(c, from, e->tenant);
    c->seq = e->seq;
    c->fair.line[e->tenant].seq = e->tenant_seq;
    tb_run_touch(c, e->tenant);
    return true;
}

static void remember_answer(struct tb_cell *c, const struct tb_entry *e)
{
    if (e->key_hash == 0)
        return;
    struct tb_idem_row row = {.key = e->key_hash,
                              .input = e->input_hash,
                              .seq = e->seq,
                              .tenant_seq = e->tenant_seq,
                              .tenant = e->tenant,
                              .at_s = (uint32_t)(e->now_ms / 1000),
                              .code = (uint16_t)e->code};
    tb_idem_add(&c->idem, &row, e->answer, e->field);
}

bool tb_recover_batch(struct tb_cell *c, const struct tb_batch *b, struct tb_fault *f)
{
    struct tb_writer *w = &c->writer;
    struct tb_batch_walk walk;
    struct tb_entry e;
    uint64_t entries = 0;
    uint64_t first_seq = 0;
    if (b->number != w->number + 1 || memcmp(b->prev_hash, w->hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "batch %" PRIu64 " does not follow batch %" PRIu64
                     " that is in the SQL state: another history", b->number, w->number);
        return false;
    }
    c->txn.replaying = true;
    tb_batch_walk(&walk, b->body);
    while (tb_batch_next(&walk, &e)) {
        if (!replay_entry(c, &e, b->number, f))
            return false;
        remember_answer(c, &e);
        if (entries++ == 0)
            first_seq = e.seq;
    }
    c->txn.replaying = false;
    if (walk.bad) {
        tb_fault_set(f, false, "batch %" PRIu64 " is malformed or of a newer program", b->number);
        return false;
    }
    if (b->at_ms > c->now_ms)
        c->now_ms = b->at_ms;
    tb_idem_tidy(&c->idem, (uint32_t)(c->now_ms / 1000));
    tb_run_collect(c, &c->replayed);
    w->number = b->number;
    w->epoch = b->epoch;
    memcpy(w->hash, b->hash, TB_HASH_BYTES);
    tb_keep_body(c, b, first_seq, c->seq);
    tb_keep_images(c, b, &c->replayed, entries, c->seq);
    atomic_store(&c->durable_seq, c->seq);
    atomic_store(&c->durable_batch, b->number);
    tb_bell_ring(&c->durable_bell);
    return true;
}

/* Opens a reader behind the checkpoint, after proving that the checkpoint is of this
 * journal.                                                                              */
static bool open_behind(struct tb_cell *c, struct tb_fault *f)
{
    struct tb_journal *j = c->o.journal;
    const struct tb_checkpoint *cp = &c->flush.checkpoint;
    struct tb_batch last;
    struct tb_batch b;
    uint64_t first;
    if (j->ops->last(j, &last, f) != TB_JOURNAL_DONE ||
        j->ops->first(j, &first, f) != TB_JOURNAL_DONE)
        return false;
    if (cp->batch > last.number) {
        tb_fault_set(f, false, "the SQL state is at batch %" PRIu64 ", ahead of its journal, which "
                     "ends at %" PRIu64 ": the journal lost batches or is another one",
                     cp->batch, last.number);
        return false;
    }
    if (cp->batch + 1 < first) {
        tb_fault_set(f, false, "the journal starts at batch %" PRIu64 ", the SQL state is at %" PRIu64
                     ": what lies between is gone", first, cp->batch);
        return false;
    }
    bool held = cp->batch >= first && cp->batch > 0;
    if (j->ops->reader_open(j, held ? cp->batch : cp->batch + 1, &c->follow, f) != TB_JOURNAL_DONE)
        return false;
    if (!held)
        return true;
    if (j->ops->reader_next(c->follow, &b, f) != TB_JOURNAL_DONE)
        return false;
    if (c->hash_unknown) {
        memcpy(c->flush.checkpoint.hash, b.hash, TB_HASH_BYTES);
        c->flush.checkpoint.epoch = b.epoch;
    }
    if (memcmp(b.hash, cp->hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "batch %" PRIu64 " of the journal is not the one that the SQL state "
                     "was made from: they do not belong together", cp->batch);
        return false;
    }
    return true;
}

static bool replay_all(struct tb_cell *c, struct tb_fault *f)
{
    struct tb_batch b;
    uint64_t from = c->seq;
    for (;;) {
        enum tb_journal_answer a = c->o.journal->ops->reader_next(c->follow, &b, f);
        if (a == TB_JOURNAL_END)
            break;
        if (a != TB_JOURNAL_DONE || !tb_recover_batch(c, &b, f))
            return false;
    }
    if (c->seq > from)
        tb_cell_log(c, "%" PRIu64 " entries replayed up to batch %" PRIu64, c->seq - from,
                    c->writer.number);
    return true;
}

/* Runs commands from now on. */
static void lead(struct tb_cell *c)
{
    if (c->follow != NULL)
        c->o.journal->ops->reader_close(c->follow);
    c->follow = NULL;
    int64_t now = c->host->now_ms(c->host->user);
    c->now_ms = now > c->now_ms - 10000 && now < c->now_ms ? c->now_ms : now;
    tb_timers_rebuild(c);
    atomic_store(&c->state, TB_CELL_LEADING);
}

bool tb_recover(struct tb_cell *c, struct tb_fault *f)
{
    const struct tb_state_ops *ops = c->o.state->ops;
    struct tb_checkpoint *cp = &c->flush.checkpoint;
    c->now_ms = c->host->now_ms(c->host->user);
    if (ops->checkpoint(c->o.state, cp, f) != TB_STATE_DONE ||
        ops->reader_open(c->o.state, &c->loader, f) != TB_STATE_DONE)
        return false;
    if (!load_state(c, f) || !find_sparse_max(c, f) || !open_behind(c, f))
        return false;
    c->flush.history_batch = cp->batch;
    c->writer.number = cp->batch;
    c->writer.epoch = cp->epoch;
    memcpy(c->writer.hash, cp->hash, TB_HASH_BYTES);
    c->store.tail_dropped_batch = cp->batch;
    c->store.tail_dropped_seq = c->seq;
    atomic_store(&c->durable_seq, c->seq);
    atomic_store(&c->durable_batch, cp->batch);
    atomic_store(&c->flushed_seq, c->seq);
    atomic_store(&c->flushed_batch, cp->batch);
    if (!replay_all(c, f))
        return false;
    c->host->entropy(c->host->user, &c->writer.writer, sizeof c->writer.writer);
    c->writer.writer &= INT64_MAX;
    c->follow_last = c->writer.number;
    c->follow_seen_ns = cell_boot_ns(c);
    if (!c->o.journal->ops->shared) {
        c->writer.epoch++;
        lead(c);
    }
    return true;
}

/* ---- following ------------------------------------------------------------------------------------ */

/* Sets that the leader has flushed by now are not needed; the rest would be ours to write. */
static void rotate(struct tb_cell *c)
{
    struct tb_checkpoint cp;
    struct tb_fault f;
    if (cell_boot_ns(c) < c->follow_rotate_ns)
        return;
    c->follow_rotate_ns = cell_boot_ns(c) + ROTATE_NS;
    if (c->o.state->ops->checkpoint(c->o.state, &cp, &f) != TB_STATE_DONE)
        return;
    pthread_mutex_lock(&c->store.lock);
    if (c->store.newest->batches > 0) {
        struct tb_image_set *fresh = tb_images_create();
        c->store.newest->next = fresh;
        c->store.newest = fresh;
    }
    while (c->store.oldest != c->store.newest && c->store.oldest->last.batch <= cp.batch) {
        struct tb_image_set *old = c->store.oldest;
        c->store.oldest = old->next;
        c->sets_from = old->last.batch;
        atomic_store(&c->flushed_seq, old->last_seq);
        atomic_store(&c->flushed_batch, old->last.batch);
        tb_images_destroy(old);
    }
    tb_keep_note(c);
    pthread_mutex_unlock(&c->store.lock);
}

static bool take_over(struct tb_cell *c)
{
    struct tb_fault f = {.text = "taken"};
    enum tb_journal_answer a = tb_writer_take_over(c, &f);
    if (a == TB_JOURNAL_DONE) {
        /* The old leader may have flushed since; its checkpoint is within our history. */
        if (c->o.state->ops->checkpoint(c->o.state, &c->flush.checkpoint, &f) != TB_STATE_DONE) {
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        if (c->flush.checkpoint.batch < c->sets_from) {
            tb_fault_set(&f, false, "the SQL state went back to batch %" PRIu64 " (its server "
                         "crashed): starting again replays the journal", c->flush.checkpoint.batch);
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        c->flush.history_batch = c->flush.checkpoint.batch;
        tb_cell_log(c, "leading from batch %" PRIu64 ", epoch %" PRIu64, c->writer.number,
                    c->writer.epoch);
        lead(c);
        return true;
    }
    if (a != TB_JOURNAL_TAKEN)
        tb_cell_log(c, "cannot take over: %s", f.text);
    if (a == TB_JOURNAL_FAULT && !f.retryable)
        tb_cell_break(c, TB_CELL_FAILED, &f);
    c->follow_seen_ns = cell_boot_ns(c) - (int64_t)c->o.takeover_ms * 500000;
    return false;
}

/* The leader's silence counts from when its newest batch was there, even while we are
 * still busy with older ones.                                                            */
static void look_at_leader(struct tb_cell *c)
{
    struct tb_batch last;
    struct tb_fault f;
    int64_t now = cell_boot_ns(c);
    if (now < c->follow_look_ns)
        return;
    c->follow_look_ns = now + LOOK_NS;
    if (c->o.journal->ops->last(c->o.journal, &last, &f) == TB_JOURNAL_DONE &&
        last.number > c->follow_last) {
        c->follow_last = last.number;
        c->follow_seen_ns = cell_boot_ns(c);
    }
}

bool tb_follow_turn(struct tb_cell *c)
{
    struct tb_batch b;
    struct tb_fault f = {0};
    look_at_leader(c);
    for (uint32_t i = 0; i < FOLLOW_BATCHES; i++) {
        enum tb_journal_answer a = c->o.journal->ops->reader_next(c->follow, &b, &f);
        if (a == TB_JOURNAL_DONE) {
            if (!tb_recover_batch(c, &b, &f)) {
                tb_cell_break(c, TB_CELL_FAILED, &f);
                return false;
            }
            if (b.number > c->follow_last) {
                c->follow_last = b.number;
                c->follow_seen_ns = cell_boot_ns(c);
            }
            continue;
        }
        if (a == TB_JOURNAL_CORRUPT || (a == TB_JOURNAL_FAULT && !f.retryable)) {
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        rotate(c);
        if (a == TB_JOURNAL_END &&
            cell_boot_ns(c) - c->follow_seen_ns >= (int64_t)c->o.takeover_ms * 1000000)
            return take_over(c);
        return i > 0;
    }
    return true;
}
