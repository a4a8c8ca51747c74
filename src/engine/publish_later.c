// SPDX-License-Identifier: Apache-2.0
/* Appended rows that were put off because the checkpoint was late: written from the history.
 *
 * Invariant  entries up to rows_upto have their rows, those after it have none; a row of
 *            `published` says so, and changes in the transactions that change it. Nothing is
 *            put off: rows_upto is ROWS_ALL, there is no such row, rows go with their entries.
 * Notes (which profiles changed, what must go) are never put off. */
#include "core/kinds.h"
#include "engine/publish_int.h"

#define LOOK_EVERY 64u       /* entries between two looks at the clock */
#define ENTRIES_ALL 20000u   /* in a transaction that somebody waits for */

static void put_row(struct tb_publish *p, int64_t at_ms)
{
    struct row r;
    row_begin(&r, p, T_PUBLISHED);
    row_i64(&r, WHAT_ROWS);
    if (p->rows_next == ROWS_ALL) {
        row_drop(&r);
        return;
    }
    row_null(&r);
    row_i64(&r, at_ms);
    row_i64(&r, LAYOUT);
    row_i64(&r, (int64_t)p->rows_next);
    row_put(&r);
}

static bool take_seq(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_publish *p = user;
    tb_assert(n == 5);
    p->rows_upto = (uint64_t)v[4].i64;
    atomic_store(&p->rows_since_ms, v[2].i64);
    return false;
}

/* Where the process before left off; everything when the tables are made anew. */
void publish_later_start(struct tb_publish *p)
{
    struct tb_value key = {.i64 = WHAT_ROWS};
    if (p->answer != TB_STATE_DONE)
        return;
    p->rows_upto = ROWS_ALL;
    if (p->rebuild)
        p->rows_upto = 0;
    else
        (void)publish_failed(p, p->state->ops->get(p->reader, &p->table[T_PUBLISHED], &key, take_seq, p,
                                                   p->fault));
    p->rows_next = p->rows_upto;
}

void publish_later_put_off(struct tb_publish *p, const struct tb_entry *e)
{
    p->rows_next = e->seq - 1;
    p->put_off++;
    atomic_store(&p->rows_since_ms, e->now_ms);
    put_row(p, e->now_ms);
}

struct walk {
    struct tb_publish *p;
    int64_t until_ns; /* INT64_MAX: somebody waits, ENTRIES_ALL at most */
    int64_t at_ms;
    uint32_t n;
    bool ended;
};

static bool write_entry(void *user, const struct tb_value *v, uint32_t n)
{
    struct walk *x = user;
    struct tb_publish *p = x->p;
    struct tb_entry e = {.tenant = (uint32_t)v[1].i64, .tenant_seq = (uint64_t)v[2].i64};
    (void)n;
    tb_assert(tb_entry_read(v[7].str, &e)); /* the engine wrote it */
    publish_entry(p, &e, ENTRY_ROWS);
    p->rows_next = e.seq;
    x->at_ms = e.now_ms;
    x->n++;
    if (x->until_ns == INT64_MAX)
        x->ended = x->n < ENTRIES_ALL;
    else if (x->n % LOOK_EVERY == 0)
        x->ended = publish_mono_ns(p) < x->until_ns;
    return x->ended && p->answer == TB_STATE_DONE;
}

void publish_later_write(struct tb_publish *p, bool all)
{
    struct walk x = {.p = p, .ended = true, .until_ns = all ? INT64_MAX : publish_mono_ns(p) + p->slice};
    struct tb_value key = {.i64 = (int64_t)p->rows_upto + 1};
    tb_assert(p->rows_upto != ROWS_ALL);
    p->copy_texts = true;
    (void)publish_failed(p, p->state->ops->scan(p->reader, &p->engine[1], &key, write_entry, &x, p->fault));
    p->copy_texts = false;
    if (p->answer != TB_STATE_DONE)
        return;
    if (x.ended)
        p->rows_next = ROWS_ALL;
    else
        atomic_store(&p->rows_since_ms, x.at_ms);
    put_row(p, x.at_ms);
}
