// SPDX-License-Identifier: Apache-2.0
#include "state/memory/state_memory.h"
#include "state/row.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_MAX 64

struct rows {
    struct tb_value **row; /* sorted by key; values and their bytes in one allocation */
    uint64_t n;
    uint64_t cap;
};

enum change_kind { PUT, DROP, DROP_PREFIX };

struct change {
    enum change_kind kind;
    const struct tb_table *table;
    struct tb_value *value; /* a copy: column_n of them, key_n, or 1 */
};

struct memory_state {
    struct tb_state base;
    pthread_rwlock_t lock; /* guards rows and checkpoint */
    const struct tb_table *table;
    uint32_t table_n;
    uint32_t schema;
    struct rows *rows;
    struct tb_checkpoint checkpoint;
    struct change *change;
    uint64_t change_n;
    uint64_t change_cap;
    bool in_transaction;
    enum tb_state_memory_fault fail;
};

struct tb_state_reader {
    struct memory_state *state;
};

static struct memory_state *self(struct tb_state *s)
{
    return (struct memory_state *)s;
}

static void *must_alloc(void *p)
{
    tb_assert(p != NULL);
    return p;
}

static struct tb_value *copy_values(const struct tb_table *t, const struct tb_value *v,
                                    uint32_t n)
{
    size_t bytes = n * sizeof *v;
    for (uint32_t i = 0; i < n; i++)
        if (!v[i].null && t->column[i].type != TB_COLUMN_I64)
            bytes += v[i].str.n;
    struct tb_value *to = must_alloc(malloc(bytes));
    char *p = (char *)(to + n);
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (struct tb_value){.null = v[i].null};
        if (v[i].null)
            continue;
        if (t->column[i].type == TB_COLUMN_I64) {
            to[i].i64 = v[i].i64;
            continue;
        }
        to[i].str = (struct tb_str){p, v[i].str.n};
        if (v[i].str.n > 0)
            memcpy(p, v[i].str.p, v[i].str.n);
        p += v[i].str.n;
    }
    return to;
}

static int compare(const struct tb_table *t, const struct tb_value *a, const struct tb_value *b,
                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int c = t->column[i].type == TB_COLUMN_I64 ? (a[i].i64 > b[i].i64) - (a[i].i64 < b[i].i64)
                                                   : tb_str_cmp(a[i].str, b[i].str);
        if (c != 0)
            return c;
    }
    return 0;
}

static struct rows *rows_of(struct memory_state *s, const struct tb_table *t)
{
    tb_assert(t >= s->table && t < s->table + s->table_n);
    return &s->rows[t - s->table];
}

/* Index of the first row whose first n key columns are >= key. */
static uint64_t lower_bound(const struct rows *r, const struct tb_table *t,
                            const struct tb_value *key, uint32_t n)
{
    uint64_t low = 0, high = r->n;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (compare(t, r->row[middle], key, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert_row(struct rows *r, const struct tb_table *t, struct tb_value *v)
{
    uint64_t at = lower_bound(r, t, v, t->key_n);
    if (at < r->n && compare(t, r->row[at], v, t->key_n) == 0) {
        free(t->insert_only ? v : r->row[at]);
        if (!t->insert_only)
            r->row[at] = v;
        return;
    }
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->row = must_alloc(realloc(r->row, r->cap * sizeof(struct tb_value *)));
    }
    memmove(r->row + at + 1, r->row + at, (r->n - at) * sizeof(struct tb_value *));
    r->row[at] = v;
    r->n++;
}

static void remove_rows(struct rows *r, const struct tb_table *t, struct tb_value *key,
                        uint32_t n)
{
    uint64_t from = lower_bound(r, t, key, n), to = from;
    while (to < r->n && compare(t, r->row[to], key, n) == 0)
        free(r->row[to++]);
    memmove(r->row + from, r->row + to, (r->n - to) * sizeof(struct tb_value *));
    r->n -= to - from;
    free(key);
}

/* ---- writing ---- */

static enum tb_state_answer memory_ensure(struct tb_state *base, const struct tb_table *t,
                                          uint32_t n, uint32_t schema, struct tb_fault *f)
{
    struct memory_state *s = self(base);
    if (schema < s->schema) {
        tb_fault_set(f, false, "state: has a newer schema");
        return TB_STATE_NEWER;
    }
    tb_assert(s->table == NULL && n > 0);
    for (uint32_t i = 0; i < n; i++)
        tb_assert(t[i].column_n <= COLUMN_MAX && t[i].key_n > 0 && t[i].key_n <= t[i].column_n);
    s->schema = schema;
    s->table = t;
    s->table_n = n;
    s->rows = must_alloc(calloc(n, sizeof *s->rows));
    return TB_STATE_DONE;
}

static enum tb_state_answer memory_checkpoint(struct tb_state *base, struct tb_checkpoint *out,
                                              struct tb_fault *f)
{
    (void)f;
    struct memory_state *s = self(base);
    pthread_rwlock_rdlock(&s->lock);
    *out = s->checkpoint;
    pthread_rwlock_unlock(&s->lock);
    return TB_STATE_DONE;
}

static enum tb_state_answer memory_begin(struct tb_state *base, struct tb_fault *f)
{
    (void)f;
    struct memory_state *s = self(base);
    tb_assert(!s->in_transaction && s->table != NULL && s->change_n == 0);
    s->in_transaction = true;
    return TB_STATE_DONE;
}

static enum tb_state_answer add_change(struct tb_state *base, enum change_kind kind,
                                       const struct tb_table *t, const struct tb_value *v,
                                       uint32_t n)
{
    struct memory_state *s = self(base);
    tb_assert(s->in_transaction && t >= s->table && t < s->table + s->table_n);
    for (uint32_t i = 0; i < n && i < t->key_n; i++)
        tb_assert(!v[i].null);
    if (s->change_n == s->change_cap) {
        s->change_cap = s->change_cap ? s->change_cap * 2 : 256;
        s->change = must_alloc(realloc(s->change, s->change_cap * sizeof *s->change));
    }
    s->change[s->change_n++] = (struct change){kind, t, copy_values(t, v, n)};
    return TB_STATE_DONE;
}

static enum tb_state_answer memory_put(struct tb_state *base, const struct tb_table *t,
                                       const struct tb_value *v, struct tb_fault *f)
{
    if (!tb_row_ok(t, v, f))
        return TB_STATE_FAULT;
    return add_change(base, PUT, t, v, t->column_n);
}

static enum tb_state_answer memory_drop(struct tb_state *base, const struct tb_table *t,
                                        const struct tb_value *key, struct tb_fault *f)
{
    (void)f;
    return add_change(base, DROP, t, key, t->key_n);
}

static enum tb_state_answer memory_drop_prefix(struct tb_state *base, const struct tb_table *t,
                                               const struct tb_value *first, struct tb_fault *f)
{
    (void)f;
    return add_change(base, DROP_PREFIX, t, first, 1);
}

static void memory_abandon(struct tb_state *base)
{
    struct memory_state *s = self(base);
    tb_assert(s->in_transaction);
    for (uint64_t i = 0; i < s->change_n; i++)
        free(s->change[i].value);
    s->change_n = 0;
    s->in_transaction = false;
}

static void apply_changes(struct memory_state *s)
{
    for (uint64_t i = 0; i < s->change_n; i++) {
        struct change *c = &s->change[i];
        struct rows *r = rows_of(s, c->table);
        if (c->kind == PUT)
            insert_row(r, c->table, c->value);
        else
            remove_rows(r, c->table, c->value, c->kind == DROP ? c->table->key_n : 1);
    }
    s->change_n = 0;
}

static enum tb_state_answer memory_commit(struct tb_state *base, const struct tb_checkpoint *c,
                                          struct tb_fault *f)
{
    struct memory_state *s = self(base);
    tb_assert(s->in_transaction);
    enum tb_state_answer a = TB_STATE_DONE;
    enum tb_state_memory_fault fail = s->fail;
    s->fail = TB_STATE_MEMORY_NONE;
    pthread_rwlock_wrlock(&s->lock);
    if (s->checkpoint.epoch > c->epoch || s->checkpoint.batch > c->batch) {
        tb_fault_set(f, false, "state: a later leader's checkpoint is there");
        a = TB_STATE_DEPOSED;
    } else if (fail != TB_STATE_MEMORY_NONE) {
        tb_fault_set(f, fail != TB_STATE_MEMORY_BROKEN, "state: told to fail");
        a = fail == TB_STATE_MEMORY_NO_SPACE ? TB_STATE_NO_SPACE : TB_STATE_FAULT;
    }
    if (a == TB_STATE_DONE || fail == TB_STATE_MEMORY_FAULT_WRITTEN) {
        apply_changes(s);
        s->checkpoint = *c;
    }
    pthread_rwlock_unlock(&s->lock);
    memory_abandon(base); /* forgets what was not applied */
    return a;
}

static enum tb_state_answer memory_sync(struct tb_state *base, struct tb_checkpoint *durable,
                                        struct tb_fault *f)
{
    return memory_checkpoint(base, durable, f);
}

/* ---- reading ---- */

static enum tb_state_answer memory_reader_open(struct tb_state *base,
                                               struct tb_state_reader **out, struct tb_fault *f)
{
    (void)f;
    *out = must_alloc(calloc(1, sizeof **out));
    (*out)->state = self(base);
    return TB_STATE_DONE;
}

static enum tb_state_answer memory_get(struct tb_state_reader *r, const struct tb_table *t,
                                       const struct tb_value *key, tb_row_fn fn, void *user,
                                       struct tb_fault *f)
{
    (void)f;
    struct memory_state *s = r->state;
    pthread_rwlock_rdlock(&s->lock);
    const struct rows *rows = rows_of(s, t);
    uint64_t at = lower_bound(rows, t, key, t->key_n);
    bool found = at < rows->n && compare(t, rows->row[at], key, t->key_n) == 0;
    if (found)
        fn(user, rows->row[at], t->column_n);
    pthread_rwlock_unlock(&s->lock);
    return found ? TB_STATE_DONE : TB_STATE_ABSENT;
}

static enum tb_state_answer memory_scan(struct tb_state_reader *r, const struct tb_table *t,
                                        const struct tb_value *from, tb_row_fn fn, void *user,
                                        struct tb_fault *f)
{
    (void)f;
    struct memory_state *s = r->state;
    pthread_rwlock_rdlock(&s->lock);
    const struct rows *rows = rows_of(s, t);
    for (uint64_t i = from ? lower_bound(rows, t, from, t->key_n) : 0; i < rows->n; i++)
        if (!fn(user, rows->row[i], t->column_n))
            break;
    pthread_rwlock_unlock(&s->lock);
    return TB_STATE_DONE;
}

static enum tb_state_answer memory_query(struct tb_state_reader *r, struct tb_str sql,
                                         uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                         void *user, struct tb_fault *f)
{
    (void)r, (void)sql, (void)limit_ms, (void)head, (void)fn, (void)user;
    tb_fault_set(f, false, "the state is in memory and knows no SQL");
    return TB_STATE_REFUSED;
}

static void memory_reader_close(struct tb_state_reader *r)
{
    free(r);
}

static enum tb_state_answer memory_reader_hold(struct tb_state_reader *r, bool on, struct tb_fault *f)
{
    (void)r, (void)on;
    tb_fault_set(f, false, "the state is in memory and shows the last commit alone");
    return TB_STATE_REFUSED;
}

static enum tb_state_answer memory_snapshot(struct tb_state *base, const char *path,
                                            struct tb_fault *f)
{
    (void)base, (void)path;
    tb_fault_set(f, false, "the state is in memory and makes no snapshots");
    return TB_STATE_REFUSED;
}

static void memory_close(struct tb_state *base)
{
    struct memory_state *s = self(base);
    if (s->in_transaction)
        memory_abandon(base);
    for (uint32_t i = 0; i < s->table_n; i++) {
        for (uint64_t k = 0; k < s->rows[i].n; k++)
            free(s->rows[i].row[k]);
        free(s->rows[i].row);
    }
    free(s->rows);
    free(s->change);
    pthread_rwlock_destroy(&s->lock);
    free(s);
}

static const struct tb_state_ops memory_ops = {
    .name = "memory",
    .ensure = memory_ensure,
    .checkpoint = memory_checkpoint,
    .begin = memory_begin,
    .put = memory_put,
    .drop = memory_drop,
    .drop_prefix = memory_drop_prefix,
    .commit = memory_commit,
    .abandon = memory_abandon,
    .sync = memory_sync,
    .reader_open = memory_reader_open,
    .get = memory_get,
    .scan = memory_scan,
    .query = memory_query,
    .reader_hold = memory_reader_hold,
    .reader_close = memory_reader_close,
    .snapshot = memory_snapshot,
    .close = memory_close,
};

struct tb_state *tb_state_memory_open(void)
{
    struct memory_state *s = must_alloc(calloc(1, sizeof *s));
    s->base.ops = &memory_ops;
    pthread_rwlock_init(&s->lock, NULL);
    return &s->base;
}

void tb_state_memory_fail(struct tb_state *base, enum tb_state_memory_fault what)
{
    self(base)->fail = what;
}

uint64_t tb_state_memory_count(struct tb_state *base, const struct tb_table *t)
{
    struct memory_state *s = self(base);
    pthread_rwlock_rdlock(&s->lock);
    uint64_t n = rows_of(s, t)->n;
    pthread_rwlock_unlock(&s->lock);
    return n;
}
