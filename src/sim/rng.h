// SPDX-License-Identifier: Apache-2.0
/* sim/rng.h - chance that is the same everywhere: SplitMix64 (Steele, Lea, Flood 2014) over
 * integers only, so a seed gives the same world on every machine and compiler.
 *
 * A stream is begun from the numbers of what it is for (seed, person, day), not drawn from a
 * common one: a change in one shopper's life leaves everybody else's alone.
 * Not for secrets. Pure; a stream belongs to one thread.                                  */
#ifndef TB_SIM_RNG_H
#define TB_SIM_RNG_H

#include "base/assert.h"

struct tb_rng {
    uint64_t s;
};

static inline uint64_t tb_rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline struct tb_rng tb_rng_of(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t s = tb_rng_mix(seed + UINT64_C(0x9e3779b97f4a7c15));
    s = tb_rng_mix(s ^ (a + UINT64_C(0x632be59bd9b4e019)));
    return (struct tb_rng){tb_rng_mix(s ^ (b + UINT64_C(0xd1b54a32d192ed03)))};
}

static inline uint64_t tb_rng_next(struct tb_rng *r)
{
    r->s += UINT64_C(0x9e3779b97f4a7c15);
    return tb_rng_mix(r->s);
}

/* 0 .. n-1; n > 0 (asserted). The bias is below n / 2^64. */
static inline uint32_t tb_rng_below(struct tb_rng *r, uint32_t n)
{
    tb_assert(n > 0);
    return (uint32_t)(((unsigned __int128)tb_rng_next(r) * n) >> 64);
}

/* low .. high, both included. */
static inline int32_t tb_rng_range(struct tb_rng *r, int32_t low, int32_t high)
{
    tb_assert(low <= high);
    return low + (int32_t)tb_rng_below(r, (uint32_t)(high - low) + 1);
}

/* True in n of 1,000 cases. */
static inline bool tb_rng_permille(struct tb_rng *r, uint32_t n)
{
    return tb_rng_below(r, 1000) < n;
}

/* True in n of 1,000,000 cases. */
static inline bool tb_rng_ppm(struct tb_rng *r, uint32_t n)
{
    return tb_rng_below(r, 1000000) < n;
}

/* An index by weight; the weights' sum is > 0 (asserted). */
static inline uint32_t tb_rng_pick(struct tb_rng *r, const uint16_t *weight, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += weight[i];
    uint32_t at = tb_rng_below(r, sum);
    for (uint32_t i = 0; i + 1 < n; i++) {
        if (at < weight[i])
            return i;
        at -= weight[i];
    }
    return n - 1;
}

#endif
