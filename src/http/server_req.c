// SPDX-License-Identifier: Apache-2.0
/* http/server_req.c - requests: their memory and their names. Not here: what they say. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/server_int.h"

struct req *tb_http_req_new(struct tb_http_io *io)
{
    struct req *r = io->spare;
    if (r != NULL) {
        io->spare = r->next_event;
        io->spare_n--;
    } else {
        r = malloc(TB_HTTP_REQUEST_BYTES);
        if (r == NULL)
            return NULL;
    }
    atomic_fetch_add(&io->live, 1);
    memset(r, 0, offsetof(struct req, inline_body));
    tb_arena_init(&r->arena, r->region, TB_HTTP_REQUEST_BYTES - offsetof(struct req, region));
    r->pub.arena = &r->arena;
    r->pub.io = io;
    r->body = r->inline_body;
    r->body_cap = sizeof r->inline_body;
    atomic_store_explicit(&r->shares, 1, memory_order_relaxed);
    return r;
}

static void req_free(struct req *r)
{
    struct tb_http_io *io = r->pub.io;
    if (r->reply_memory == REPLY_FREE)
        free((void *)(uintptr_t)r->reply);
    free(r->heap_body);
    free(r->heap_arena);
    if (r->budget > 0) {
        atomic_fetch_add(&io->h->body_left, (int64_t)r->budget);
        atomic_fetch_sub(&io->h->held[r->pub.holder % TB_HTTP_HOLDERS], (int64_t)r->budget);
    }
    /* Only the IO thread may touch its spare list. */
    if (tb_http_self == io && io->spare_n < TB_HTTP_SPARE_MAX) {
        r->next_event = io->spare;
        io->spare = r;
        io->spare_n++;
    } else {
        free(r);
    }
    atomic_fetch_sub(&io->live, 1); /* last: a stop may be waiting for this */
}

void tb_http_req_share_drop(struct req *r)
{
    if (atomic_fetch_sub(&r->shares, 1) == 1)
        req_free(r);
}

bool tb_http_req_reserve(struct req *r, size_t bytes)
{
    struct tb_http *h = r->pub.io->h;
    _Atomic int64_t *held = &h->held[r->pub.holder % TB_HTTP_HOLDERS];
    int64_t n = (int64_t)bytes;
    int64_t most = r->pub.holder ? (int64_t)TB_HTTP_HOLDER_SHARE(h->o.body_memory) : INT64_MAX;
    bool mine = atomic_fetch_add(held, n) <= most - n;
    bool there = atomic_fetch_sub(&h->body_left, n) >= n;
    if (!mine || !there) {
        atomic_fetch_sub(held, n);
        atomic_fetch_add(&h->body_left, n);
        return false;
    }
    r->budget += bytes;
    return true;
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* xoshiro256** (Blackman and Vigna); names need to be distinct, not secret. */
static uint64_t random_next(uint64_t s[4])
{
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

void tb_http_id_make(struct tb_http_io *io, char id[TB_HTTP_REQUEST_ID_BYTES])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    for (int i = 9; i >= 0; i--, ms >>= 5)
        id[i] = crockford[ms & 31];
    uint64_t a = random_next(io->random);
    uint64_t b = random_next(io->random);
    for (int i = 10; i < 18; i++, a >>= 5)
        id[i] = crockford[a & 31];
    for (int i = 18; i < 26; i++, b >>= 5)
        id[i] = crockford[b & 31];
}

bool tb_http_on_io(const struct tb_request *q)
{
    return tb_http_self == q->io;
}

struct tb_json_index *tb_http_json(const struct tb_request *q)
{
    tb_assert(tb_http_self == q->io);
    return q->io->json;
}
