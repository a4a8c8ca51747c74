// SPDX-License-Identifier: Apache-2.0
/* engine/recover_state.c - from the SQL state to what was in memory at its checkpoint: tables, records,
 * outside keys, idempotency rows.
 *
 * Invariant   afterwards the checkpoint of c->flush says which batch the store stands for. What cannot be
 *             read is refused with a sentence that says what.
 * Not here    what the journal has after it (recover.c).                                   */
#include <inttypes.h>
#include <string.h>

#include "engine/aside.h"
#include "engine/inside.h"

#define SCHEMA 2u

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

bool tb_recover_answer(struct tb_cell *c, const struct tb_entry *e)
{
    if (e->key_hash == 0)
        return false;
    struct tb_idem_row row = {.key = e->key_hash,
                              .input = e->input_hash,
                              .seq = e->seq,
                              .tenant_seq = e->tenant_seq,
                              .tenant = e->tenant,
                              .at_s = (uint32_t)(e->now_ms / 1000),
                              .code = (uint16_t)e->code};
    tb_idem_add(&c->idem, &row, e->answer, e->field);
    return true;
}

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
    if (tb_recover_answer(a->c, &e) && ++a->rows % 256 == 0)
        tb_idem_tidy(&a->c->idem, (uint32_t)(a->c->now_ms / 1000));
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
static bool load_all(struct tb_cell *c, struct tb_fault *f)
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

/* ---- kinds that stay in SQL ------------------------------------------------------------------ */

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

bool tb_recover_state(struct tb_cell *c, struct tb_fault *f)
{
    return load_all(c, f) && find_sparse_max(c, f);
}
