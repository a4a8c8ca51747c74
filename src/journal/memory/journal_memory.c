// SPDX-License-Identifier: Apache-2.0
#include "journal/memory/journal_memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "journal/hash.h"

struct store {
    pthread_mutex_t mutex;
    uint32_t users;
    uint32_t segment_batches;
    uint64_t first; /* number of batch[0]; 1 in a fresh store */
    uint64_t n;
    uint64_t cap;
    struct tb_batch *batch; /* body.p is malloc'd */
};

struct memory_journal {
    struct tb_journal base;
    struct store *store;
    enum tb_journal_memory_fault fail;
    uint32_t fail_after;
    uint32_t fail_times;
};

struct tb_journal_reader {
    struct store *store;
    struct tb_chain chain;
    char *body;
};

static struct memory_journal *self(struct tb_journal *j)
{
    return (struct memory_journal *)j;
}

static void *must_alloc(void *p)
{
    tb_assert(p != NULL);
    return p;
}

static struct tb_batch *find(struct store *s, uint64_t number)
{
    return number >= s->first && number - s->first < s->n ? &s->batch[number - s->first] : NULL;
}

static uint64_t last_number(const struct store *s)
{
    return s->first + s->n - 1;
}

static enum tb_journal_memory_fault take_fault(struct memory_journal *j)
{
    if (j->fail == TB_MEMORY_FAULT_NONE || j->fail_times == 0)
        return TB_MEMORY_FAULT_NONE;
    if (j->fail_after > 0) {
        j->fail_after--;
        return TB_MEMORY_FAULT_NONE;
    }
    j->fail_times--;
    return j->fail;
}

static void keep(struct store *s, const struct tb_batch *b)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->batch = must_alloc(realloc(s->batch, s->cap * sizeof *s->batch));
    }
    struct tb_batch *to = &s->batch[s->n++];
    *to = *b;
    char *body = must_alloc(malloc(b->body.n + 1));
    if (b->body.n > 0)
        memcpy(body, b->body.p, b->body.n);
    to->body.p = body;
}

static bool all_held(struct store *s, const struct tb_batch *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_batch *held = find(s, b[i].number);
        if (held == NULL || memcmp(held->hash, b[i].hash, TB_HASH_BYTES) != 0)
            return false;
    }
    return true;
}

static enum tb_journal_answer memory_append(struct tb_journal *base, const struct tb_batch *b,
                                            uint32_t n, struct tb_fault *f)
{
    static const uint8_t zeros[TB_HASH_BYTES];
    struct memory_journal *j = self(base);
    struct store *s = j->store;
    tb_append_assert(b, n);
    enum tb_journal_memory_fault fault = take_fault(j);
    if (fault == TB_MEMORY_FAULT_NO_SPACE || fault == TB_MEMORY_FAULT_FAULT) {
        tb_fault_set(f, true, "journal: told to fail");
        return fault == TB_MEMORY_FAULT_FAULT ? TB_JOURNAL_FAULT : TB_JOURNAL_NO_SPACE;
    }
    pthread_mutex_lock(&s->mutex);
    enum tb_journal_answer a = tb_append_check(
        b, last_number(s), s->n > 0 ? s->batch[s->n - 1].hash : zeros, f);
    if (a == TB_JOURNAL_TAKEN && all_held(s, b, n))
        a = TB_JOURNAL_DONE;
    else if (a == TB_JOURNAL_DONE && fault != TB_MEMORY_FAULT_UNKNOWN_ABSENT)
        for (uint32_t i = 0; i < n; i++)
            keep(s, &b[i]);
    pthread_mutex_unlock(&s->mutex);
    if (a != TB_JOURNAL_DONE || fault == TB_MEMORY_FAULT_NONE)
        return a;
    tb_fault_set(f, true, "journal: told not to say whether it was written");
    return TB_JOURNAL_UNKNOWN;
}

static enum tb_journal_answer memory_last(struct tb_journal *base, struct tb_batch *out,
                                          struct tb_fault *f)
{
    (void)f;
    struct store *s = self(base)->store;
    pthread_mutex_lock(&s->mutex);
    memset(out, 0, sizeof *out);
    if (s->n > 0)
        *out = s->batch[s->n - 1];
    out->body = TB_STR_NONE;
    pthread_mutex_unlock(&s->mutex);
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer memory_first(struct tb_journal *base, uint64_t *number,
                                           struct tb_fault *f)
{
    (void)f;
    struct store *s = self(base)->store;
    pthread_mutex_lock(&s->mutex);
    *number = s->first;
    pthread_mutex_unlock(&s->mutex);
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer memory_prune(struct tb_journal *base, uint64_t keep_from,
                                           struct tb_fault *f)
{
    (void)f;
    struct store *s = self(base)->store;
    pthread_mutex_lock(&s->mutex);
    /* The last batch always stays: its hash is what the next one must name. */
    if (s->n > 0 && keep_from > last_number(s))
        keep_from = last_number(s);
    uint64_t segments = keep_from > s->first ? (keep_from - s->first) / s->segment_batches : 0;
    uint64_t drop = segments * s->segment_batches;
    for (uint64_t i = 0; i < drop; i++)
        free((void *)(uintptr_t)s->batch[i].body.p);
    if (drop > 0)
        memmove(s->batch, s->batch + drop, (s->n - drop) * sizeof *s->batch);
    s->n -= drop;
    s->first += drop;
    pthread_mutex_unlock(&s->mutex);
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer memory_reader_open(struct tb_journal *base, uint64_t from,
                                                 struct tb_journal_reader **out,
                                                 struct tb_fault *f)
{
    (void)f;
    struct tb_journal_reader *r = must_alloc(calloc(1, sizeof *r));
    r->store = self(base)->store;
    tb_chain_init(&r->chain, from);
    *out = r;
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer memory_reader_next(struct tb_journal_reader *r,
                                                 struct tb_batch *out, struct tb_fault *f)
{
    struct store *s = r->store;
    free(r->body);
    r->body = NULL;
    pthread_mutex_lock(&s->mutex);
    const struct tb_batch *held = find(s, r->chain.next);
    bool pruned = r->chain.next < s->first;
    if (held != NULL) {
        *out = *held;
        r->body = must_alloc(malloc(held->body.n + 1));
        memcpy(r->body, held->body.p, held->body.n);
        out->body.p = r->body;
    }
    pthread_mutex_unlock(&s->mutex);
    if (pruned) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " was pruned", r->chain.next);
        return TB_JOURNAL_FAULT;
    }
    return held == NULL ? TB_JOURNAL_END : tb_chain_check(&r->chain, out, f);
}

static void memory_reader_close(struct tb_journal_reader *r)
{
    free(r->body);
    free(r);
}

static int64_t memory_free_bytes(struct tb_journal *base)
{
    (void)base;
    return INT64_MAX;
}

static void memory_close(struct tb_journal *base)
{
    struct memory_journal *j = self(base);
    struct store *s = j->store;
    pthread_mutex_lock(&s->mutex);
    bool last_user = --s->users == 0;
    pthread_mutex_unlock(&s->mutex);
    if (last_user) {
        for (uint64_t i = 0; i < s->n; i++)
            free((void *)(uintptr_t)s->batch[i].body.p);
        free(s->batch);
        pthread_mutex_destroy(&s->mutex);
        free(s);
    }
    free(j);
}

#define MEMORY_OPS(is_shared)                                                                  \
    {                                                                                          \
        .name = "memory", .shared = (is_shared), .append = memory_append, .last = memory_last, \
        .first = memory_first, .prune = memory_prune, .reader_open = memory_reader_open,       \
        .reader_next = memory_reader_next, .reader_close = memory_reader_close,                \
        .free_bytes = memory_free_bytes, .close = memory_close                                 \
    }
static const struct tb_journal_ops ops_alone = MEMORY_OPS(false);
static const struct tb_journal_ops ops_shared = MEMORY_OPS(true);

struct tb_journal *tb_journal_memory_open(const struct tb_journal_memory_options *options)
{
    struct tb_journal_memory_options o = options ? *options
                                                 : (struct tb_journal_memory_options){0};
    struct memory_journal *j = must_alloc(calloc(1, sizeof *j));
    j->base.ops = o.shared ? &ops_shared : &ops_alone;
    if (o.beside != NULL) {
        j->store = self(o.beside)->store;
        pthread_mutex_lock(&j->store->mutex);
        j->store->users++;
        pthread_mutex_unlock(&j->store->mutex);
        return &j->base;
    }
    j->store = must_alloc(calloc(1, sizeof *j->store));
    pthread_mutex_init(&j->store->mutex, NULL);
    j->store->users = 1;
    j->store->first = 1;
    j->store->segment_batches = o.segment_batches ? o.segment_batches : 16;
    return &j->base;
}

void tb_journal_memory_fail(struct tb_journal *base, enum tb_journal_memory_fault what,
                            uint32_t after, uint32_t times)
{
    struct memory_journal *j = self(base);
    j->fail = what;
    j->fail_after = after;
    j->fail_times = times;
}

void tb_journal_memory_damage(struct tb_journal *base, uint64_t number)
{
    struct store *s = self(base)->store;
    pthread_mutex_lock(&s->mutex);
    struct tb_batch *b = find(s, number);
    tb_assert(b != NULL);
    if (b->body.n > 0)
        ((char *)(uintptr_t)b->body.p)[b->body.n / 2] ^= 1;
    else
        b->hash[0] ^= 1;
    pthread_mutex_unlock(&s->mutex);
}
