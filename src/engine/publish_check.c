// SPDX-License-Identifier: Apache-2.0
/* Deriving all rows again, into sums instead of tables. See publish_check.h. */
#include "engine/publish_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "engine/heap.h"
#include "engine/publish_int.h"

#define BUCKETS 4096u      /* of a table */
#define LOOK_MAX 8u        /* buckets that are looked at row by row */
#define ROWS_MAX 200000u   /* of them together */
#define SAID_MAX 100u
#define LAST_KEYS (1u << 20)
#define FORGET_EVERY 1000u /* records or entries: texts of rows pile up meanwhile */

/* Where the last row of a key counts, since events write it again or drop it. */
static bool last_counts(uint32_t table)
{
    return table == T_COUPONS || table == T_COUPON_LOCKS;
}

/* The others say how new the tables are, or stand for values that only a key opens. */
static bool is_compared(uint32_t table)
{
    return table != T_PUBLISHED && table != T_MEMBER_NAMES;
}

struct last {
    uint64_t key; /* hash; 0 = free */
    uint64_t row; /* hash; 0 = dropped */
    uint32_t table;
};

/* A row that is looked at. */
struct seen {
    uint32_t table;
    int32_t side; /* 1 derived, -1 in SQL */
    uint64_t key;
    uint64_t row;
    int64_t first, second; /* of the key */
};

struct judge {
    struct tb_state face; /* what the publisher takes for its state */
    struct tb_state_ops ops;
    struct tb_publish *p;
    const struct tb_state_ops *real;
    struct tb_state_reader *reader;
    uint64_t *sum; /* [PUBLISH_TABLES][BUCKETS] */
    struct last *last; /* twice as many as keys that are kept */
    uint32_t last_slots;
    uint32_t last_n;
    uint32_t part, parts; /* of the keys whose last row is looked for */
    bool only_last;       /* another pass for them */
    bool crowded;
    uint32_t look[LOOK_MAX]; /* table * BUCKETS + bucket */
    uint32_t look_n;
    struct seen *seen; /* NULL: sums are made */
    uint32_t seen_n;
    uint64_t buckets_wrong;
    uint32_t since_forget;
    struct tb_publish_checked *out;
    struct tb_fault *fault;
};

/* ---- hashes --------------------------------------------------------------------------------------------- */

static const struct tb_hash_key hash_key = {0x746f6e6762616f31, 0x7075626c69736864};

static uint64_t hash_values(const struct tb_table *t, uint32_t no, const struct tb_value *v, uint32_t n)
{
    struct {
        uint64_t before, null, value;
    } x = {no + 1, 0, 0};
    for (uint32_t i = 0; i < n; i++) {
        x.null = v[i].null;
        x.value = v[i].null                             ? 0
                  : t->column[i].type == TB_COLUMN_I64 ? (uint64_t)v[i].i64
                                                       : tb_siphash(&hash_key, v[i].str.p ? v[i].str.p : "",
                                                                    v[i].str.n);
        x.before = tb_siphash(&hash_key, &x, sizeof x);
    }
    return x.before ? x.before : 1;
}

static bool is_looked_at(const struct judge *j, uint32_t at)
{
    for (uint32_t i = 0; i < j->look_n; i++)
        if (j->look[i] == at)
            return true;
    return false;
}

/* ---- a row, derived or read ------------------------------------------------------------------------------- */

static void keep_seen(struct judge *j, uint32_t table, int32_t side, uint64_t key, uint64_t row,
                      const struct tb_value *v)
{
    const struct tb_table *t = &j->p->table[table];
    for (uint32_t i = 0; side > 0 && last_counts(table) && i < j->seen_n; i++)
        if (j->seen[i].side > 0 && j->seen[i].key == key && j->seen[i].table == table) {
            j->seen[i].row = row;
            return;
        }
    if (j->seen_n == ROWS_MAX)
        return;
    j->seen[j->seen_n++] = (struct seen){.table = table,
                                         .side = side,
                                         .key = key,
                                         .row = row,
                                         .first = t->column[0].type == TB_COLUMN_I64 ? v[0].i64 : 0,
                                         .second = t->key_n > 1 ? v[1].i64 : 0};
}

static struct last *last_of(struct judge *j, uint64_t key, uint32_t table)
{
    uint32_t at = (uint32_t)(key & (j->last_slots - 1));
    while (j->last[at].key != 0 && (j->last[at].key != key || j->last[at].table != table))
        at = (at + 1) & (j->last_slots - 1);
    return &j->last[at];
}

static void keep_last(struct judge *j, uint32_t table, uint64_t key, uint64_t row)
{
    if ((key >> 32 & (j->parts - 1)) != j->part)
        return;
    struct last *l = last_of(j, key, table);
    if (l->key == 0) {
        if (j->last_n >= j->last_slots / 2) {
            j->crowded = true;
            return;
        }
        j->last_n++;
    }
    *l = (struct last){key, row, table};
}

static void derived(struct judge *j, const struct tb_table *t, const struct tb_value *v, bool dropped)
{
    uint32_t no = (uint32_t)(t - j->p->table);
    tb_assert(no < PUBLISH_TABLES);
    bool last = last_counts(no);
    if (!is_compared(no) || (j->only_last && !last) || (dropped && !last))
        return;
    uint64_t key = hash_values(t, no, v, t->key_n);
    uint64_t row = dropped ? 0 : hash_values(t, no, v, t->column_n);
    uint32_t at = no * BUCKETS + (uint32_t)(key % BUCKETS);
    if (j->seen != NULL) {
        if (is_looked_at(j, at))
            keep_seen(j, no, 1, key, row, v);
    } else if (last)
        keep_last(j, no, key, row);
    else
        j->sum[at] += row;
}

static enum tb_state_answer on_put(struct tb_state *s, const struct tb_table *t, const struct tb_value *v,
                                   struct tb_fault *f)
{
    (void)f;
    derived((struct judge *)s, t, v, false);
    return TB_STATE_DONE;
}

static enum tb_state_answer on_drop(struct tb_state *s, const struct tb_table *t, const struct tb_value *v,
                                    struct tb_fault *f)
{
    (void)f;
    derived((struct judge *)s, t, v, true);
    return TB_STATE_DONE;
}

/* Nothing is there to go. */
static enum tb_state_answer on_drop_prefix(struct tb_state *s, const struct tb_table *t, const struct tb_value *v,
                                           struct tb_fault *f)
{
    (void)s, (void)t, (void)v, (void)f;
    return TB_STATE_DONE;
}

struct reading {
    struct judge *j;
    uint32_t table;
};

static bool read_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct reading *x = user;
    struct judge *j = x->j;
    const struct tb_table *t = &j->p->table[x->table];
    uint64_t key = hash_values(t, x->table, v, t->key_n);
    uint64_t row = hash_values(t, x->table, v, n);
    uint32_t at = x->table * BUCKETS + (uint32_t)(key % BUCKETS);
    if (j->seen == NULL) {
        j->sum[at] -= row;
        j->out->rows++;
    } else if (is_looked_at(j, at))
        keep_seen(j, x->table, -1, key, row, v);
    return true;
}

/* ---- passes ----------------------------------------------------------------------------------------------- */

static void forget_now_and_then(struct judge *j)
{
    if (++j->since_forget < FORGET_EVERY)
        return;
    j->since_forget = 0;
    j->p->face.begin(j->p);
}

static bool derive_record(void *user, const struct tb_value *v, uint32_t n)
{
    struct judge *j = user;
    (void)n;
    struct copied_head h = {(uint64_t)v[0].i64, (uint64_t)v[1].i64, v[4].str.n, (uint64_t)v[2].i64, 0};
    if (h.kind != 0)
        publish_record(j->p, &h, (const uint8_t *)v[4].str.p, true);
    forget_now_and_then(j);
    return true;
}

static bool derive_entry(void *user, const struct tb_value *v, uint32_t n)
{
    struct judge *j = user;
    struct tb_entry e = {.tenant = (uint32_t)v[1].i64, .tenant_seq = (uint64_t)v[2].i64};
    (void)n;
    tb_assert(tb_entry_read(v[7].str, &e)); /* the engine wrote it */
    publish_entry(j->p, &e, ENTRY_ROWS);
    forget_now_and_then(j);
    return true;
}

static bool scan(struct judge *j, const struct tb_table *t, tb_row_fn fn, void *user)
{
    return j->real->scan(j->reader, t, NULL, fn, user, j->fault) == TB_STATE_DONE;
}

static bool history(struct judge *j)
{
    return scan(j, &j->p->engine[1], derive_entry, j);
}

static void add_last(struct judge *j)
{
    if (j->last_n == 0)
        return;
    for (uint32_t i = 0; i < j->last_slots; i++)
        if (j->last[i].key != 0)
            j->sum[j->last[i].table * BUCKETS + (uint32_t)(j->last[i].key % BUCKETS)] += j->last[i].row;
    memset(j->last, 0, j->last_slots * sizeof *j->last);
    j->last_n = 0;
}

/* The first pass had no room for the last rows of all keys: a power of two of passes has. */
static bool last_in_parts(struct judge *j)
{
    uint64_t *before = tb_heap_take(sizeof *before * PUBLISH_TABLES * BUCKETS);
    memcpy(before, j->sum, sizeof *before * PUBLISH_TABLES * BUCKETS);
    bool ok = true;
    j->only_last = true;
    while (ok && j->crowded) {
        j->parts *= 2;
        j->crowded = false;
        memcpy(j->sum, before, sizeof *before * PUBLISH_TABLES * BUCKETS);
        for (j->part = 0; ok && !j->crowded && j->part < j->parts; j->part++) {
            memset(j->last, 0, j->last_slots * sizeof *j->last);
            j->last_n = 0;
            ok = history(j);
            if (ok && !j->crowded)
                add_last(j);
        }
    }
    j->only_last = false;
    free(before);
    return ok;
}

static bool read_tables(struct judge *j)
{
    for (uint32_t t = 0; t < PUBLISH_TABLES; t++) {
        struct reading x = {j, t};
        if (is_compared(t) && !scan(j, &j->p->table[t], read_row, &x))
            return false;
    }
    return true;
}

static bool sums(struct judge *j)
{
    if (!scan(j, &j->p->engine[TB_TABLE_RECORD], derive_record, j) || !history(j))
        return false;
    if (j->crowded) {
        if (!last_in_parts(j))
            return false;
    } else
        add_last(j);
    return read_tables(j);
}

/* ---- what differs ------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return y->side - x->side;
}

static void say(struct judge *j, const struct seen *s, const char *what, tb_publish_found_fn found, void *user)
{
    const struct tb_table *t = &j->p->table[s->table];
    char text[200], key[64];
    if (++j->out->different > SAID_MAX)
        return;
    if (t->key_n > 1)
        (void)snprintf(key, sizeof key, "%" PRId64 ", %" PRId64 "%s", s->first, s->second, t->key_n > 2 ? ", .." : "");
    else
        (void)snprintf(key, sizeof key, "%" PRId64, s->first);
    (void)snprintf(text, sizeof text, "table %s, row (%s) %s", t->name, key, what);
    found(user, text);
}

static bool look_closely(struct judge *j, tb_publish_found_fn found, void *user)
{
    j->seen = tb_heap_take(ROWS_MAX * sizeof *j->seen);
    if (!scan(j, &j->p->engine[TB_TABLE_RECORD], derive_record, j) || !history(j) || !read_tables(j))
        return false;
    qsort(j->seen, j->seen_n, sizeof *j->seen, by_key);
    for (uint32_t i = 0; i < j->seen_n; i++) {
        const struct seen *s = &j->seen[i];
        const struct seen *other = i + 1 < j->seen_n && s[1].table == s->table && s[1].key == s->key ? s + 1 : NULL;
        if (other != NULL)
            i++;
        if (s->row == 0 && other == NULL)
            continue; /* dropped, and it is not there */
        if (other == NULL)
            say(j, s, s->side > 0 ? "is missing" : "is of nothing in the state", found, user);
        else if (s->row != other->row)
            say(j, s, s->row == 0 ? "is of nothing in the state" : "differs from the state", found, user);
    }
    j->out->different += j->buckets_wrong - j->look_n; /* at least one row in each */
    return true;
}

static void note_wrong(struct judge *j)
{
    for (uint32_t i = 0; i < PUBLISH_TABLES * BUCKETS; i++) {
        if (j->sum[i] == 0)
            continue;
        j->buckets_wrong++;
        if (j->look_n < LOOK_MAX)
            j->look[j->look_n++] = i;
    }
}

/* ---- one instant ---------------------------------------------------------------------------------------------- */

static bool take_batch(void *user, const struct tb_value *v, uint32_t n)
{
    tb_assert(n == 5);
    *(int64_t *)user = v[3].i64;
    return false;
}

struct newness {
    int64_t batch; /* up to which the persons' tables are complete */
    bool put_off;
};

static bool take_published(void *user, const struct tb_value *v, uint32_t n)
{
    struct newness *x = user;
    (void)n;
    if (v[0].i64 == WHAT_PERSONS)
        x->batch = v[1].i64;
    x->put_off |= v[0].i64 == WHAT_ROWS;
    return true;
}

static bool take_any(void *user, const struct tb_value *v, uint32_t n)
{
    (void)v, (void)n;
    *(bool *)user = true;
    return false;
}

/* Whether nothing is put off at the instant that the reader holds. */
static bool look_whether_behind(struct judge *j)
{
    struct newness is = {0, false};
    int64_t checkpoint = 0;
    bool aside = false;
    struct tb_value own[2] = {{.i64 = 0}, {.i64 = 0}};
    enum tb_state_answer a =
        j->real->get(j->reader, &j->p->engine[TB_TABLE_RECORD], own, take_batch, &checkpoint, j->fault);
    if ((a != TB_STATE_DONE && a != TB_STATE_ABSENT) ||
        !scan(j, &j->p->table[T_PUBLISHED], take_published, &is) ||
        !scan(j, &j->p->engine[TB_TABLE_ASIDE], take_any, &aside))
        return false;
    /* after the batch of the record with the counters there are only a leader's signs of life */
    j->out->behind = is.put_off || aside || is.batch < checkpoint;
    return true;
}

static bool compare(struct judge *j, tb_publish_found_fn found, void *user)
{
    if (!look_whether_behind(j))
        return false;
    if (j->out->behind)
        return true;
    j->p->state = &j->face;
    j->p->fault = j->fault;
    j->p->reader = j->reader;
    publish_templates_load(j->p);
    publish_names_load(j->p); /* now: a scan within a scan is not possible */
    if (j->p->answer != TB_STATE_DONE || !sums(j))
        return false;
    note_wrong(j);
    return j->look_n == 0 || look_closely(j, found, user);
}

bool tb_publish_check(const struct tb_publish *like, struct tb_state *state, uint32_t keys_max,
                      tb_publish_found_fn found, void *user, struct tb_publish_checked *out, struct tb_fault *fault)
{
    uint32_t slots = 16;
    while (slots / 2 < (keys_max ? keys_max : LAST_KEYS))
        slots *= 2;
    struct judge j = {.p = tb_publish_create(&like->o),
                      .real = state->ops,
                      .sum = tb_heap_zeroed(sizeof(uint64_t) * PUBLISH_TABLES * BUCKETS),
                      .last = tb_heap_zeroed(sizeof(struct last) * slots),
                      .last_slots = slots,
                      .parts = 1,
                      .out = out,
                      .fault = fault};
    *out = (struct tb_publish_checked){0};
    for (uint32_t t = 0; t < PUBLISH_TABLES; t++)
        out->tables += is_compared(t);
    j.p->o.names = NULL;
    j.ops = *state->ops;
    j.ops.put = on_put;
    j.ops.drop = on_drop;
    j.ops.drop_prefix = on_drop_prefix;
    j.face.ops = &j.ops;
    j.p->table = like->table;
    j.p->engine = like->engine;
    tb_assert(j.p->table != NULL);
    bool ok = j.real->reader_open(state, &j.reader, fault) == TB_STATE_DONE;
    if (ok) {
        enum tb_state_answer a = j.real->reader_hold(j.reader, true, fault);
        ok = (a == TB_STATE_DONE || a == TB_STATE_REFUSED) && compare(&j, found, user);
        j.p->reader = NULL; /* not its own */
        j.real->reader_close(j.reader);
    }
    tb_publish_destroy(j.p);
    free(j.sum);
    free(j.last);
    free(j.seen);
    return ok;
}
