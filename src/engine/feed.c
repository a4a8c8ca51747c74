// SPDX-License-Identifier: Apache-2.0
/* engine/feed.c - a tenant's entries in order: from SQL, then from the tail.
 *
 * Invariant: entries come with tenant_seq rising by one; nothing is given that is not
 * durable. Where the two sources meet a reader may stop early, never skip.              */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/inside.h"

/* A mark stands at least at every 64th entry of a tenant (flush.c). */
#define MARK_WINDOW 64u
/* Rows of others that are read before a mark is asked where this tenant goes on. */
#define STRANGERS_MAX 4096u
#define ROUNDS_MAX 8u
/* No entry of a transaction of the flusher is further behind its tenant's first one. */
#define MARK_REACH 100000u

struct tb_feed_reader {
    struct tb_cell *c;
    struct tb_state_reader *state;
    uint32_t tenant;
    /* of the call under way */
    uint64_t next; /* tenant_seq wanted */
    uint32_t left;
    bool stopped;
    bool bad;
    uint32_t strangers;
    uint64_t seq; /* a place in the history: marks fill it, the scan starts there */
    bool found;
    bool joined; /* the tail goes on where this reader stands */
    /* Entries with tenant_seq >= seen_next have seq >= seen_seq. */
    uint64_t seen_next;
    uint64_t seen_seq;
    tb_feed_fn fn;
    void *user;
};

bool tb_feed_open(struct tb_cell *c, uint32_t tenant, struct tb_feed_reader **out,
                  struct tb_fault *fault)
{
    struct tb_feed_reader *r = tb_heap_zeroed(sizeof *r);
    r->c = c;
    r->tenant = tenant;
    if (c->o.state->ops->reader_open(c->o.state, &r->state, fault) != TB_STATE_DONE) {
        free(r);
        return false;
    }
    *out = r;
    return true;
}

void tb_feed_close(struct tb_feed_reader *r)
{
    r->c->o.state->ops->reader_close(r->state);
    free(r);
}

static bool mark_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_feed_reader *r = user;
    tb_assert(n >= 3);
    if ((uint32_t)v[0].i64 != r->tenant || (uint64_t)v[1].i64 > r->next)
        return false;
    r->seq = (uint64_t)v[2].i64;
    r->found = true;
    return true;
}

/* The last mark at or before the wanted entry. False: a fault. */
static bool find_mark(struct tb_feed_reader *r, struct tb_fault *f)
{
    uint64_t from = r->next > MARK_WINDOW ? r->next - MARK_WINDOW : 1;
    struct tb_value key[2] = {{.i64 = r->tenant}, {.i64 = (int64_t)from}};
    r->found = false;
    return r->c->o.state->ops->scan(r->state, TABLE_MARK(r->c), key, mark_row, r, f) ==
           TB_STATE_DONE;
}

static bool give(struct tb_feed_reader *r, const struct tb_entry *e)
{
    r->next++;
    r->left--;
    r->stopped = !r->fn(r->user, e);
    return !r->stopped && r->left > 0;
}

static bool history_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_feed_reader *r = user;
    tb_assert(n >= 8);
    r->seq = (uint64_t)v[0].i64 + 1;
    if ((uint32_t)v[1].i64 != r->tenant)
        return ++r->strangers < STRANGERS_MAX;
    r->strangers = 0;
    struct tb_entry e = {.tenant = r->tenant, .tenant_seq = (uint64_t)v[2].i64};
    if (e.tenant_seq < r->next)
        return true;
    r->bad = e.tenant_seq != r->next || !tb_entry_read(v[7].str, &e);
    return !r->bad && give(r, &e);
}

/* Gives what SQL has. False: a fault. An entry without a mark of its own was put in the
 * transaction of an entry with one, so it is not far behind that.                        */
static bool read_history(struct tb_feed_reader *r, struct tb_fault *f)
{
    uint32_t total = 0;
    uint64_t from;
    bool more;
    do {
        if (!find_mark(r, f))
            return false;
        from = r->found ? r->seq : 0;
        if (r->seen_next == r->next && r->seen_seq > from)
            from = r->seen_seq;
        if (from == 0)
            return true; /* nothing of this tenant is in SQL yet */
        r->seq = from;
        r->strangers = 0;
        struct tb_value key = {.i64 = (int64_t)from};
        if (r->c->o.state->ops->scan(r->state, TABLE_HISTORY(r->c), &key, history_row, r, f) !=
            TB_STATE_DONE)
            return false;
        r->seen_seq = r->seq;
        r->seen_next = r->next;
        more = r->strangers >= STRANGERS_MAX;
        total = more ? total + r->strangers : 0;
    } while (!r->bad && !r->stopped && r->left > 0 && more && total < MARK_REACH);
    return true;
}

/* Gives the wanted entries of one body; false: one is missing before them. */
static bool read_body(struct tb_feed_reader *r, const struct tb_tail *t)
{
    struct tb_batch_walk w;
    struct tb_entry e;
    tb_batch_walk(&w, (struct tb_str){t->bytes, t->n});
    while (tb_batch_next(&w, &e)) {
        if (e.tenant != r->tenant || e.tenant_seq < r->next)
            continue;
        if (e.tenant_seq != r->next)
            return false;
        r->joined = true;
        r->seen_next = r->next + 1;
        r->seen_seq = e.seq + 1;
        if (!give(r, &e))
            return true;
    }
    if (r->joined) {
        r->seen_next = r->next;
        r->seen_seq = t->last_seq + 1;
    }
    return true;
}

/* Gives what the tail has; false when something before it is missing. */
static bool read_tail(struct tb_feed_reader *r)
{
    struct tb_store_side *s = &r->c->store;
    pthread_mutex_lock(&s->lock);
    uint64_t batch = s->tail_dropped_batch;
    uint64_t before_seq = s->tail_dropped_seq;
    pthread_mutex_unlock(&s->lock);
    /* What lies before the tail was read by an earlier call. */
    r->joined = r->seen_next == r->next && r->seen_seq > before_seq;
    bool dropped = false;
    bool whole = true;
    struct tb_tail *t = NULL;
    while (whole && r->left > 0 && !r->stopped) {
        struct tb_tail *next = tb_tail_after_batch(r->c, batch, t, &dropped);
        if (t != NULL)
            tb_tail_release(r->c, t);
        t = next;
        if (t == NULL)
            return !dropped;
        whole = read_body(r, t);
        batch = t->batch;
    }
    if (t != NULL)
        tb_tail_release(r->c, t);
    return whole;
}

enum tb_feed tb_feed_read(struct tb_feed_reader *r, uint64_t after, uint32_t max, tb_feed_fn fn,
                          void *user, struct tb_fault *fault)
{
    r->next = after + 1;
    r->left = max;
    r->stopped = false;
    r->bad = false;
    r->fn = fn;
    r->user = user;
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        bool whole = read_tail(r);
        if (r->left == 0 || r->stopped || (whole && r->joined))
            return TB_FEED_DONE;
        uint64_t before = r->next;
        if (!read_history(r, fault))
            return TB_FEED_FAULT;
        if (r->bad)
            return TB_FEED_BEHIND;
        if (r->left == 0 || r->stopped || r->next == before)
            return TB_FEED_DONE;
    }
    return TB_FEED_DONE;
}

static bool one_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_feed_reader *r = user;
    tb_assert(n >= 8);
    struct tb_entry e = {.tenant = (uint32_t)v[1].i64, .tenant_seq = (uint64_t)v[2].i64};
    r->found = e.tenant == r->tenant && tb_entry_read(v[7].str, &e);
    if (r->found)
        (void)r->fn(r->user, &e);
    return false;
}

/* From the tail: 1 = given, 0 = of another tenant or none, -1 = not in the tail. */
static int entry_from_tail(struct tb_feed_reader *r, uint64_t seq)
{
    bool dropped;
    struct tb_tail *t = tb_tail_holding_seq(r->c, seq, &dropped);
    if (t == NULL)
        return dropped ? -1 : 0;
    struct tb_batch_walk w;
    struct tb_entry e = {0};
    tb_batch_walk(&w, (struct tb_str){t->bytes, t->n});
    while (tb_batch_next(&w, &e) && e.seq < seq) {
    }
    bool here = !w.bad && e.seq == seq && e.tenant == r->tenant;
    if (here)
        (void)r->fn(r->user, &e);
    tb_tail_release(r->c, t);
    return here;
}

bool tb_feed_entry(struct tb_feed_reader *r, uint64_t seq, tb_feed_fn fn, void *user,
                   struct tb_fault *fault)
{
    r->fn = fn;
    r->user = user;
    *fault = (struct tb_fault){0};
    int tail = entry_from_tail(r, seq);
    if (tail >= 0)
        return tail > 0;
    struct tb_value key = {.i64 = (int64_t)seq};
    r->found = false;
    (void)r->c->o.state->ops->get(r->state, TABLE_HISTORY(r->c), &key, one_row, r, fault);
    return r->found;
}

uint64_t tb_cell_wait_durable(struct tb_cell *c, uint64_t seen, uint32_t timeout_ms)
{
    int64_t until = cell_mono_ns(c) + (int64_t)timeout_ms * 1000000;
    for (;;) {
        uint32_t ticket = tb_bell_ticket(&c->durable_bell);
        uint64_t now = atomic_load(&c->durable_seq);
        int64_t left = until - cell_mono_ns(c);
        if (now > seen || left <= 0 || tb_cell_state(c) >= TB_CELL_STOPPED)
            return now;
        tb_bell_wait(&c->durable_bell, ticket, left);
    }
}
