// SPDX-License-Identifier: Apache-2.0
#include "http/rate_limit.h"

#include <pthread.h>
#include <stdlib.h>

#define STRIPES 8192
#define WAYS 8
#define LOCKS 256

struct slot {
    uint64_t key;
    int64_t full_ns; /* the bucket is full from here on */
};

struct tb_limits {
    pthread_mutex_t lock[LOCKS];
    struct slot slot[STRIPES][WAYS];
};

struct tb_limits *tb_limits_create(void)
{
    struct tb_limits *l = calloc(1, sizeof *l);
    for (uint32_t i = 0; l != NULL && i < LOCKS; i++)
        if (pthread_mutex_init(&l->lock[i], NULL) != 0) {
            free(l);
            return NULL;
        }
    return l;
}

void tb_limits_destroy(struct tb_limits *l)
{
    free(l);
}

/* splitmix64's finaliser: neighbouring ids must not share a stripe. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static struct slot *find(struct slot *way, uint64_t key, int64_t now_ns)
{
    struct slot *best = &way[0];
    for (uint32_t i = 0; i < WAYS; i++) {
        if (way[i].key == key && way[i].full_ns != 0)
            return &way[i];
        if (way[i].full_ns < best->full_ns)
            best = &way[i];
    }
    if (best->full_ns <= now_ns) /* full, so free to take */
        *best = (struct slot){key, 0};
    return best;
}

static uint32_t seconds_up(int64_t ns)
{
    return ns <= 0 ? 0 : (uint32_t)((ns + 999999999) / 1000000000);
}

struct tb_limit_answer tb_limits_take(struct tb_limits *l, uint64_t key, uint32_t per_s,
                                      uint32_t burst, int64_t now_ns)
{
    tb_assert(per_s >= 1 && burst >= 1 && now_ns > 0);
    int64_t step = INT64_C(1000000000) / per_s;
    int64_t room = step * burst;
    uint32_t stripe = (uint32_t)(mix(key) % STRIPES);
    pthread_mutex_t *lock = &l->lock[stripe % LOCKS];
    struct tb_limit_answer a = {.allowed = false};
    (void)pthread_mutex_lock(lock);
    struct slot *s = find(l->slot[stripe], key, now_ns);
    int64_t full = s->full_ns > now_ns ? s->full_ns : now_ns;
    if (full + step - now_ns <= room) {
        full += step;
        s->full_ns = full;
        a.allowed = true;
    }
    (void)pthread_mutex_unlock(lock);
    a.remaining = step == 0 ? burst : (uint32_t)((room - (full - now_ns)) / step);
    a.reset_s = seconds_up(full - now_ns);
    if (!a.allowed) {
        a.retry_after_s = seconds_up(full + step - now_ns - room);
        if (a.retry_after_s == 0)
            a.retry_after_s = 1;
    }
    return a;
}
