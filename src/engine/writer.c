// SPDX-License-Identifier: Apache-2.0
/* engine/writer.c - the journal thread: append, release the answers, pass on.
 *
 * Invariant: batches are numbered and hashed once, in the order in which they were run;
 * what was sent and has no known outcome is sent again with the same bytes until the
 * journal has said that it is there, or that another process leads. Nothing is answered
 * before that, and on a shared journal nothing outside the lease.                       */
#include <string.h>

#include "engine/inside.h"

#define APPEND_MAX 16u
#define ANSWER_AHEAD 8u /* requests on their way from another core's cache */
#define RETRY_NS 50000000
#define UNKNOWN_RETRY_NS 20000000
#define SPACE_EVERY_NS 200000000

static void push(struct tb_flight_list *l, struct tb_flight *f)
{
    f->next = NULL;
    if (l->last != NULL)
        l->last->next = f;
    else
        l->first = f;
    l->last = f;
}

static struct tb_flight *shift(struct tb_flight_list *l)
{
    struct tb_flight *f = l->first;
    if (f != NULL) {
        l->first = f->next;
        if (l->first == NULL)
            l->last = NULL;
        f->next = NULL;
    }
    return f;
}

struct tb_flight *tb_flight_take(struct tb_cell *c)
{
    pthread_mutex_lock(&c->flights_lock);
    struct tb_flight *f = c->free_flights;
    if (f != NULL)
        c->free_flights = f->next;
    pthread_mutex_unlock(&c->flights_lock);
    if (f == NULL)
        return NULL;
    f->next = NULL;
    f->done_n = 0;
    f->has_batch = false;
    atomic_fetch_add(&c->in_flight, 1);
    return f;
}

void tb_flight_hand_over(struct tb_cell *c, struct tb_flight *f)
{
    pthread_mutex_lock(&c->flights_lock);
    push(&c->handed, f);
    pthread_mutex_unlock(&c->flights_lock);
    tb_bell_ring(&c->journal_bell);
}

static void recycle(struct tb_cell *c, struct tb_flight *f)
{
    pthread_mutex_lock(&c->flights_lock);
    f->next = c->free_flights;
    c->free_flights = f;
    pthread_mutex_unlock(&c->flights_lock);
    atomic_fetch_sub(&c->in_flight, 1);
    tb_bell_ring(&c->engine_bell);
}

static uint32_t bucket_of(int64_t ns)
{
    if (ns < 1024)
        return 0;
    uint32_t log = 63 - (uint32_t)__builtin_clzll((uint64_t)ns);
    uint32_t b = (log - 10) * 8 + (uint32_t)((uint64_t)ns >> (log - 3) & 7) + 1;
    return b < TB_LATENCY_BUCKETS ? b : TB_LATENCY_BUCKETS - 1;
}

/* The cell's core has just written to it. */
static void fetch(const struct tb_job_request *r)
{
    for (size_t at = 0; at < sizeof *r; at += 64)
        __builtin_prefetch((const char *)r + at, 1);
}

/* Gives every request of the flight back; DONE: with the finish that it has. */
static void answer(struct tb_cell *c, struct tb_flight *f, enum tb_finish finish)
{
    int64_t now = cell_mono_ns(c);
    uint32_t n = f->done_n;
    f->done_n = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct tb_job_request *r = f->done[i];
        if (i + ANSWER_AHEAD < n)
            fetch(f->done[i + ANSWER_AHEAD]);
        if (r->submitted_ns != 0)
            cell_count(&c->latency[bucket_of(now - r->submitted_ns)], 1);
        if (finish == TB_FINISH_DONE && !tb_cell_may_answer(c))
            finish = TB_FINISH_UNKNOWN; /* frozen in the middle of the list */
        if (finish != TB_FINISH_DONE)
            r->finish = finish;
        r->done(r);
    }
}

bool tb_flight_answer(struct tb_cell *c, struct tb_flight *f)
{
    if (f->writer.entries > 0 || atomic_load(&c->in_flight) > 1 || !tb_cell_may_answer(c))
        return false;
    answer(c, f, TB_FINISH_DONE);
    recycle(c, f);
    return true;
}

static void answer_list(struct tb_cell *c, struct tb_flight_list *l, enum tb_finish finish)
{
    for (struct tb_flight *f = l->first; f != NULL; f = f->next)
        answer(c, f, finish);
}

static void give_up(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    enum tb_finish held = tb_cell_state(c) == TB_CELL_DEPOSED ? TB_FINISH_NOT_LEADING
                                                              : TB_FINISH_UNKNOWN;
    struct tb_flight *f;
    while ((f = shift(&w->durable)) != NULL) {
        answer(c, f, TB_FINISH_UNKNOWN);
        recycle(c, f);
    }
    while ((f = shift(&w->held)) != NULL) {
        answer(c, f, held);
        recycle(c, f);
    }
}

static void make_batch(struct tb_cell *c, struct tb_batch *b, int64_t at_ms, struct tb_str body,
                       const struct tb_batch *before)
{
    const struct tb_writer *w = &c->writer;
    *b = (struct tb_batch){.number = (before ? before->number : w->number) + 1,
                           .epoch = w->epoch,
                           .writer = w->writer,
                           .at_ms = at_ms,
                           .body = body};
    memcpy(b->prev_hash, before ? before->hash : w->hash, TB_HASH_BYTES);
    c->o.batch_hash(b, b->hash);
}

static void not_answering(struct tb_cell *c, int64_t retry_ns)
{
    struct tb_writer *w = &c->writer;
    int64_t now = cell_mono_ns(c);
    if (w->failing_ns == 0)
        w->failing_ns = now;
    w->retry_ns = now + retry_ns;
}

/* What an answer of the journal means for the cell; true: go on. */
static bool judge(struct tb_cell *c, enum tb_journal_answer a, const struct tb_fault *f)
{
    struct tb_writer *w = &c->writer;
    switch (a) {
    case TB_JOURNAL_DONE:
        if (w->failing_ns != 0)
            tb_cell_log(c, "the journal answers again");
        w->failing_ns = 0;
        w->retry_ns = 0;
        w->unknown = false;
        atomic_store(&c->stalled, false);
        return true;
    case TB_JOURNAL_TAKEN:
        tb_cell_break(c, TB_CELL_DEPOSED, f);
        return false;
    case TB_JOURNAL_NO_SPACE:
        if (!atomic_exchange(&c->read_only, true))
            tb_cell_log(c, "no space for the journal: read-only. %s", f->text);
        w->space_ns = 0;
        not_answering(c, SPACE_EVERY_NS);
        return false;
    case TB_JOURNAL_UNKNOWN:
        if (!c->o.journal->ops->shared) {
            tb_cell_break(c, TB_CELL_FAILED, f);
            return false;
        }
        w->unknown = true;
        if (w->failing_ns == 0)
            tb_cell_log(c, "outcome of an append is not known: %s", f->text);
        not_answering(c, UNKNOWN_RETRY_NS);
        return false;
    case TB_JOURNAL_FAULT:
        if (f->retryable) {
            if (w->failing_ns == 0)
                tb_cell_log(c, "the journal does not answer: %s", f->text);
            not_answering(c, RETRY_NS);
            return false;
        }
        break;
    case TB_JOURNAL_CORRUPT:
    case TB_JOURNAL_END:
        break;
    }
    tb_cell_break(c, TB_CELL_FAILED, f);
    return false;
}

static bool send(struct tb_cell *c, const struct tb_batch *b, uint32_t n)
{
    struct tb_writer *w = &c->writer;
    struct tb_fault f = {.text = "another process appended to the journal: it leads now"};
    int64_t from = cell_boot_ns(c);
    int64_t began = cell_mono_ns(c);
    if (!judge(c, c->o.journal->ops->append(c->o.journal, b, n, &f), &f))
        return false;
    int64_t mean = atomic_load_explicit(&c->append_ns, memory_order_relaxed);
    mean += (cell_mono_ns(c) - began - mean) / 8;
    atomic_store_explicit(&c->append_ns, mean, memory_order_relaxed);
    w->number = b[n - 1].number;
    memcpy(w->hash, b[n - 1].hash, TB_HASH_BYTES);
    w->last_append_ns = from;
    atomic_store(&c->lease_ns, from + (int64_t)c->o.lease_ms * 1000000);
    atomic_store(&c->durable_batch, w->number);
    cell_count(&c->n_appends, 1);
    cell_count(&c->n_batches, n);
    for (uint32_t i = 0; i < n; i++)
        cell_count(&c->n_bytes, b[i].body.n);
    return true;
}

/* A sign of life: renews the lease. */
static bool beat(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    if (!w->beat_open)
        make_batch(c, &w->beat, c->host->now_ms(c->host->user), TB_STR_NONE, NULL);
    w->beat_open = true;
    if (!send(c, &w->beat, 1))
        return false;
    w->beat_open = false;
    if (w->durable.first == NULL) /* else a checkpoint would pass over images still to come */
        tb_keep_images(c, &w->beat, NULL, 0, atomic_load(&c->durable_seq));
    return true;
}

/* Appends what is held; flights without entries become durable with those before them. */
static bool append_held(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    struct tb_batch b[APPEND_MAX];
    uint32_t n = 0;
    for (struct tb_flight *f = w->held.first; f != NULL && n < APPEND_MAX; f = f->next) {
        if (f->writer.entries == 0)
            continue;
        if (w->unknown && !f->has_batch)
            break; /* first the outcome of exactly those that were sent */
        if (!f->has_batch)
            make_batch(c, &f->batch, f->at_ms, tb_buf_as_str(&f->writer.out), n ? &b[n - 1] : NULL);
        f->has_batch = true;
        b[n++] = f->batch;
    }
    if (n > 0 && !send(c, b, n))
        return false;
    uint32_t sent = 0;
    while (w->held.first != NULL) {
        bool entries = w->held.first->writer.entries > 0;
        if (entries && sent == n)
            break;
        sent += entries;
        struct tb_flight *f = shift(&w->held);
        if (entries)
            tb_keep_body(c, &f->batch, f->first_seq, f->last_seq);
        push(&w->durable, f);
        atomic_store(&c->durable_seq, f->last_seq);
    }
    tb_bell_ring(&c->durable_bell);
    return true;
}

static void release(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    struct tb_flight *f;
    while (w->durable.first != NULL) {
        if (!tb_cell_may_answer(c) && !beat(c))
            return;
        f = shift(&w->durable);
        answer(c, f, TB_FINISH_DONE);
        if (f->writer.entries > 0)
            tb_keep_images(c, &f->batch, &f->images, f->writer.entries, f->last_seq);
        recycle(c, f);
    }
}

static void look_at_space(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    int64_t now = cell_mono_ns(c);
    if (now < w->space_ns)
        return;
    w->space_ns = now + SPACE_EVERY_NS;
    int64_t free_bytes = c->o.journal->ops->free_bytes(c->o.journal);
    bool was = atomic_load(&c->read_only);
    bool low = free_bytes < c->o.space_low_bytes + (was ? c->o.space_low_bytes / 8 : 0);
    low = low || (was && w->failing_ns != 0);
    if (low == was)
        return;
    atomic_store(&c->read_only, low);
    tb_cell_log(c, low ? "the journal's device has %lld MiB left: read-only"
                       : "the journal's device has %lld MiB left: writes are taken again",
                (long long)(free_bytes >> 20));
}

static void run_errands(struct tb_cell *c)
{
    pthread_mutex_lock(&c->errands_lock);
    struct tb_errand *e = c->journal_errands;
    c->journal_errands = NULL;
    pthread_mutex_unlock(&c->errands_lock);
    while (e != NULL) {
        struct tb_errand *next = e->next;
        e->ok = c->o.journal->ops->prune(c->o.journal, e->keep_from, &e->fault) == TB_JOURNAL_DONE;
        atomic_store(&e->done, 1);
        tb_bell_ring(&c->errand_bell);
        e = next;
    }
}

/* The journal has been silent for too long: nobody waits for it any more. */
static void stall(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    if (w->failing_ns == 0 || cell_mono_ns(c) - w->failing_ns < (int64_t)c->o.hold_ms * 1000000)
        return;
    if (!atomic_exchange(&c->stalled, true))
        tb_bell_ring(&c->engine_bell);
    answer_list(c, &w->durable, TB_FINISH_UNKNOWN);
    answer_list(c, &w->held, TB_FINISH_UNKNOWN);
}

static bool broken(const struct tb_cell *c)
{
    enum tb_cell_state s = tb_cell_state(c);
    return s == TB_CELL_DEPOSED || s == TB_CELL_FAILED;
}

bool tb_writer_turn(struct tb_cell *c)
{
    struct tb_writer *w = &c->writer;
    pthread_mutex_lock(&c->flights_lock);
    struct tb_flight_list handed = c->handed;
    c->handed = (struct tb_flight_list){0};
    pthread_mutex_unlock(&c->flights_lock);
    for (struct tb_flight *f; (f = shift(&handed)) != NULL;)
        push(&w->held, f);
    run_errands(c);
    if (!broken(c)) {
        look_at_space(c);
        if (cell_mono_ns(c) < w->retry_ns) {
            stall(c);
            return false;
        }
        bool shared = c->o.journal->ops->shared;
        bool worked = w->held.first != NULL || w->durable.first != NULL;
        bool due = shared && cell_boot_ns(c) - w->last_append_ns >=
                                 (int64_t)c->o.heartbeat_ms * 1000000;
        bool ok = !w->beat_open || beat(c);
        if (ok && w->held.first != NULL)
            ok = append_held(c);
        else if (ok && due)
            ok = beat(c);
        if (ok)
            release(c);
        else
            stall(c);
        if (!broken(c))
            return worked && ok;
    }
    bool some = w->held.first != NULL || w->durable.first != NULL;
    give_up(c);
    return some;
}

int64_t tb_writer_idle_ns(struct tb_cell *c)
{
    const struct tb_writer *w = &c->writer;
    int64_t wait = SPACE_EVERY_NS;
    if (w->retry_ns != 0 && w->retry_ns - cell_mono_ns(c) < wait)
        wait = w->retry_ns - cell_mono_ns(c);
    if (c->o.journal->ops->shared) {
        int64_t next = w->last_append_ns + (int64_t)c->o.heartbeat_ms * 1000000 - cell_boot_ns(c);
        wait = next < wait ? next : wait;
    }
    return wait > 100000 ? wait : 100000;
}

enum tb_journal_answer tb_writer_take_over(struct tb_cell *c, struct tb_fault *f)
{
    struct tb_writer *w = &c->writer;
    struct tb_batch b;
    w->epoch++;
    make_batch(c, &b, c->host->now_ms(c->host->user), TB_STR_NONE, NULL);
    int64_t from = cell_boot_ns(c);
    enum tb_journal_answer a = c->o.journal->ops->append(c->o.journal, &b, 1, f);
    if (a != TB_JOURNAL_DONE) {
        w->epoch--;
        return a;
    }
    w->number = b.number;
    memcpy(w->hash, b.hash, TB_HASH_BYTES);
    w->last_append_ns = from;
    atomic_store(&c->lease_ns, from + (int64_t)c->o.lease_ms * 1000000);
    atomic_store(&c->durable_batch, b.number);
    tb_keep_images(c, &b, NULL, 0, atomic_load(&c->durable_seq));
    return a;
}
