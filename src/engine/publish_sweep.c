// SPDX-License-Identifier: Apache-2.0
/* Persons that were put off, written in the order of the persons' numbers; and what was marked when
 * the process died, found again in the records.
 *
 * Invariant  a mark is cleared by the commit that carries the person's rows. The row of
 *            `published` names a batch only when no mark is left that is older.
 * A slice looks at whole ranges of 256 persons, so that lot_upto speaks for all of a range. */
#include <string.h>

#include "core/kinds.h"
#include "core/person.h"
#include "engine/heap.h"
#include "engine/publish_int.h"

#define RANGE 256u
#define SCAN_FROM_MARKS 32u /* so many in a range: one scan instead of look-ups */
#define SCAN_ROWS 5000u     /* looked at in one step */
#define MARK_EVERY_NS INT64_C(5000000000)

/* ---- reading records ---------------------------------------------------------------------- */

static void copy_row(struct tb_publish *p, uint64_t kind, const struct tb_value *v, uint64_t batch)
{
    struct copied *c = &p->copied;
    struct copied_head h = {kind, (uint64_t)v[1].i64, v[4].str.n, (uint64_t)v[2].i64, batch};
    size_t need = c->n + sizeof h + (h.n + 7) / 8 * 8;
    if (need > c->cap) {
        c->cap = need * 2;
        c->p = tb_heap_resize(c->p, c->cap);
    }
    memcpy(c->p + c->n, &h, sizeof h);
    if (h.n > 0)
        memcpy(c->p + c->n + sizeof h, v[4].str.p, h.n);
    c->n = need;
}

static void copy_record(struct tb_publish *p, const struct tb_value *v)
{
    copy_row(p, (uint64_t)v[0].i64, v, 0);
}

static const struct copied_head *copied_at(const struct tb_publish *p, size_t *at)
{
    if (*at >= p->copied.n)
        return NULL;
    const struct copied_head *h = (const struct copied_head *)(const void *)(p->copied.p + *at);
    *at += sizeof *h + (h->n + 7) / 8 * 8;
    return h;
}

bool publish_failed(struct tb_publish *p, enum tb_state_answer a)
{
    if (a != TB_STATE_DONE && a != TB_STATE_ABSENT && p->answer == TB_STATE_DONE)
        p->answer = a;
    return p->answer != TB_STATE_DONE;
}

/* ---- a range of persons -------------------------------------------------------------------- */

static bool take_row(void *user, const struct tb_value *v, uint32_t n)
{
    (void)n;
    copy_record(user, v);
    return true;
}

static bool take_aside(void *user, const struct tb_value *v, uint32_t n)
{
    tb_assert(n >= 5 && v[4].str.n > 0); /* who is gone is not marked */
    copy_row(user, TB_KIND_PERSON, v, (uint64_t)v[3].i64);
    return true;
}

struct range {
    struct tb_publish *p;
    uint64_t end;
};

static bool take_marked(void *user, const struct tb_value *v, uint32_t n)
{
    struct range *x = user;
    (void)n;
    if (v[0].i64 != TB_KIND_PERSON || (uint64_t)v[1].i64 >= x->end)
        return false;
    if (bits_get(&x->p->dirty, (uint64_t)v[1].i64))
        copy_record(x->p, v);
    return true;
}

static uint32_t marks_in(const struct bits *b, uint64_t from)
{
    uint32_t n = 0;
    for (uint64_t w = from / 64; w < from / 64 + RANGE / 64 && w < b->words; w++)
        n += (uint32_t)__builtin_popcountll(b->word[w]);
    return n;
}

static bool any_aside(const struct tb_publish *p, uint64_t from)
{
    for (uint64_t id = from; id < from + RANGE && id < p->aside.mark_n; id++)
        if (p->aside.mark[id] != 0)
            return true;
    return false;
}

static void read_one(struct tb_publish *p, uint64_t id)
{
    const struct tb_state_ops *ops = p->state->ops;
    uint64_t generation = tb_aside_find(&p->aside, id);
    struct tb_value key[2] = {{.i64 = generation ? (int64_t)generation : TB_KIND_PERSON}, {.i64 = (int64_t)id}};
    const struct tb_table *t = &p->engine[generation ? TB_TABLE_ASIDE : TB_TABLE_RECORD];
    enum tb_state_answer a = ops->get(p->reader, t, key, generation ? take_aside : take_row, p, p->fault);
    tb_assert(generation == 0 || a != TB_STATE_ABSENT);
    (void)publish_failed(p, a);
}

static void read_range(struct tb_publish *p, uint64_t from)
{
    const struct tb_state_ops *ops = p->state->ops;
    const struct tb_table *record = &p->engine[TB_TABLE_RECORD];
    struct tb_value key[2] = {{.i64 = TB_KIND_PERSON}, {.i64 = (int64_t)from}};
    struct range x = {p, from + RANGE};
    p->copied.n = 0;
    if (marks_in(&p->dirty, from) >= SCAN_FROM_MARKS && !any_aside(p, from)) {
        (void)publish_failed(p, ops->scan(p->reader, record, key, take_marked, &x, p->fault));
        return;
    }
    for (uint64_t id = bits_next(&p->dirty, from); id < x.end && p->answer == TB_STATE_DONE;
         id = bits_next(&p->dirty, id + 1))
        read_one(p, id);
}

/* An image that was put aside goes to its place. */
static void move_image(struct tb_publish *p, const struct copied_head *h, const uint8_t *body)
{
    struct tb_str kept = publish_keep(p, (struct tb_str){(const char *)body, (uint32_t)h->n});
    struct tb_value row[5] = {{.i64 = (int64_t)h->kind}, {.i64 = (int64_t)h->id}, {.i64 = (int64_t)h->tenant},
                              {.i64 = (int64_t)h->batch}, {.str = kept}};
    (void)publish_failed(p, p->state->ops->put(p->state, &p->engine[TB_TABLE_RECORD], row, p->fault));
}

static void publish_range(struct tb_publish *p, uint64_t from)
{
    uint64_t newest = from / RANGE < p->lot_upto_n ? p->lot_upto[from / RANGE] : 0;
    size_t at = 0;
    const struct copied_head *h;
    uint64_t next = from;
    read_range(p, from);
    while (p->answer == TB_STATE_DONE && (h = copied_at(p, &at)) != NULL) {
        for (next = bits_next(&p->dirty, next); next < h->id; next = bits_next(&p->dirty, next + 1))
            publish_person(p, next, NULL, false); /* no record: merged into another */
        publish_record(p, h, (const uint8_t *)(h + 1), bits_get(&p->full, h->id));
        if (h->batch != 0)
            move_image(p, h, (const uint8_t *)(h + 1));
        newest = p->seen_lot > newest ? p->seen_lot : newest;
        next = h->id + 1;
    }
    for (next = bits_next(&p->dirty, next); next < from + RANGE; next = bits_next(&p->dirty, next + 1))
        publish_person(p, next, NULL, false);
    numbers_add(&p->done_ranges, from / RANGE);
    numbers_add(&p->done_ranges, newest);
}

/* A generation that a whole sweep has passed. */
static void drop_idle(struct tb_publish *p)
{
    struct tb_value generation = {.i64 = (int64_t)tb_aside_idle(&p->aside)};
    tb_aside_drop(&p->aside, (uint64_t)generation.i64);
    (void)publish_failed(p, p->state->ops->drop_prefix(p->state, &p->engine[TB_TABLE_ASIDE], &generation, p->fault));
}

/* One slice; true when the sweep has come to its end. */
static bool sweep(struct tb_publish *p, const struct tb_checkpoint *c, bool all)
{
    int64_t began = publish_mono_ns(p);
    if (!p->sweeping) {
        p->sweeping = true;
        p->sweep_at = 0;
        p->sweep_ns = began;
        p->sweep_ms = p->o.host->now_ms(p->o.host->user);
        p->sweep_from = *c;
        p->sweep_aside = tb_aside_sweep(&p->aside);
    }
    for (;;) {
        uint64_t next = bits_next(&p->dirty, p->sweep_at);
        if (next == UINT64_MAX) {
            p->sweeping = false;
            p->marked_ns = p->sweep_ns; /* what is left was marked behind the sweep */
            atomic_store(&p->persons_since_ms, p->sweep_ms);
            p->sweeps++;
            tb_aside_passed(&p->aside, p->sweep_aside);
            return true;
        }
        publish_range(p, next / RANGE * RANGE);
        p->sweep_at = (next / RANGE + 1) * RANGE;
        if (p->answer != TB_STATE_DONE || (publish_mono_ns(p) - began > p->slice && !all))
            return false;
        if (all && p->rows_at_begin + 200000 < p->rows)
            return false; /* a transaction of a bearable size; waits asks for the next */
    }
}

/* ---- finding what was marked, or publishing everything ------------------------------------------ */

struct scan {
    struct tb_publish *p;
    uint32_t rows;
    bool ended;
};

static bool scan_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct scan *x = user;
    struct tb_publish *p = x->p;
    (void)n;
    uint64_t kind = (uint64_t)v[0].i64, id = (uint64_t)v[1].i64;
    if (p->scan == SCAN_PERSONS && kind > TB_KIND_PERSON)
        return false;
    p->scan_kind = kind;
    p->scan_id = id + 1;
    x->ended = ++x->rows < SCAN_ROWS;
    if (kind == TB_KIND_PERSON && (uint64_t)v[3].i64 > p->scan_after) {
        publish_mark(p, id);
        bits_set(&p->full, id);
    } else if (kind != TB_KIND_PERSON && kind != 0 && p->scan == SCAN_RECORDS) {
        copy_record(p, v);
    }
    return x->ended;
}

static void scan_records(struct tb_publish *p)
{
    struct scan x = {p, 0, true};
    struct tb_value key[2] = {{.i64 = (int64_t)p->scan_kind}, {.i64 = (int64_t)p->scan_id}};
    size_t at = 0;
    const struct copied_head *h;
    p->copied.n = 0;
    if (publish_failed(p, p->state->ops->scan(p->reader, &p->engine[TB_TABLE_RECORD], key, scan_row, &x, p->fault)))
        return;
    while (p->answer == TB_STATE_DONE && (h = copied_at(p, &at)) != NULL)
        publish_record(p, h, (const uint8_t *)(h + 1), true);
    if (x.ended) {
        p->scan = SCAN_NONE;
        p->names_sweeps = p->sweeps + (p->sweeping ? 2 : 1);
    }
}

/* ---- the row of `published` -------------------------------------------------------------------- */

static bool read_mark(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_publish *p = user;
    (void)n;
    p->mark_batch = (uint64_t)v[1].i64;
    p->rebuild = v[3].i64 != LAYOUT;
    return true;
}

static void start(struct tb_publish *p, const struct tb_checkpoint *c)
{
    const struct tb_state_ops *ops = p->state->ops;
    struct tb_value key = {.i64 = WHAT_PERSONS};
    if (p->reader == NULL && publish_failed(p, ops->reader_open(p->state, &p->reader, p->fault)))
        return;
    p->rebuild = c->batch > 0;
    if (publish_failed(p, ops->get(p->reader, &p->table[T_PUBLISHED], &key, read_mark, p, p->fault)))
        return;
    p->scan_kind = 0;
    p->scan_id = 0;
    p->scan = p->rebuild ? SCAN_RECORDS : p->mark_batch < c->batch ? SCAN_PERSONS : SCAN_NONE;
    if (p->scan == SCAN_PERSONS)
        p->scan_kind = TB_KIND_PERSON;
    p->scan_after = p->rebuild ? 0 : p->mark_batch;
    for (uint64_t id = 0; id < p->aside.mark_n; id++)
        if (p->aside.mark[id] != 0) {
            publish_mark(p, id);
            bits_set(&p->full, id);
        }
    p->mark_ns = publish_mono_ns(p);
    publish_later_start(p);
    publish_names_start(p);
    p->started = p->answer == TB_STATE_DONE;
}

/* How far the persons' tables are complete. */
static void put_mark(struct tb_publish *p, const struct tb_checkpoint *c)
{
    struct row r;
    row_begin(&r, p, T_PUBLISHED);
    row_i64(&r, WHAT_PERSONS);
    row_i64(&r, (int64_t)c->batch);
    row_i64(&r, c->at_ms);
    row_i64(&r, LAYOUT);
    row_null(&r);
    row_put(&r);
    p->mark_next = c->batch;
    p->mark_ns = publish_mono_ns(p);
}

/* ---- the flusher's questions ---------------------------------------------------------------------- */

static bool mark_due(const struct tb_publish *p, const struct tb_checkpoint *c, bool all)
{
    return p->dirty.n == 0 && p->scan == SCAN_NONE && c->batch > p->mark_batch &&
           (all || publish_mono_ns(p) - p->mark_ns >= MARK_EVERY_NS);
}

static bool sweep_due(const struct tb_publish *p, bool all)
{
    if (p->dirty.n == 0 || p->scan != SCAN_NONE)
        return false;
    /* The fewer, the sooner: a few pages at once cost nothing. */
    int64_t full = p->o.full_persons;
    int64_t share = (int64_t)p->dirty.n < full ? (int64_t)p->dirty.n : full;
    return all || p->sweeping ||
           publish_mono_ns(p) - p->marked_ns >= (int64_t)p->o.lag_ms * 1000000 / full * share;
}

bool publish_waits(void *user, const struct tb_checkpoint *c, bool all)
{
    const struct tb_publish *p = user;
    return !p->started || p->scan != SCAN_NONE || publish_names_due(p) || p->rows_upto != ROWS_ALL ||
           sweep_due(p, all) || mark_due(p, c, all) || tb_aside_idle(&p->aside) != 0;
}

enum tb_state_answer publish_catch_up(void *user, struct tb_state *s,
                                      const struct tb_checkpoint *c, bool all, struct tb_fault *f)
{
    struct tb_publish *p = user;
    struct tb_checkpoint upto = *c;
    bool swept = false;
    p->state = s;
    p->fault = f;
    p->answer = TB_STATE_DONE;
    p->rows_at_begin = p->rows;
    p->rows_turn = !p->rows_turn;
    if (publish_names_due(p))
        publish_names_begin(p);
    if (!p->started)
        start(p, c);
    else if (p->scan != SCAN_NONE)
        scan_records(p);
    else if (tb_aside_idle(&p->aside) != 0)
        drop_idle(p);
    else if (p->rows_upto != ROWS_ALL && (p->rows_turn || !sweep_due(p, all)))
        publish_later_write(p, all);
    else if (sweep_due(p, all)) {
        swept = sweep(p, c, all);
        upto = p->sweep_from;
    }
    swept = swept && upto.batch > p->mark_batch;
    if (p->answer == TB_STATE_DONE && p->started && (swept || mark_due(p, c, all)))
        put_mark(p, swept ? &upto : c);
    publish_names_end(p);
    return p->answer;
}
