// SPDX-License-Identifier: Apache-2.0
/* base/num.h - checked integer arithmetic and exact splits.
 *
 * Money is int64 minor units, points int64, rates parts per million (ppm). Every
 * sum that can come from outside goes through these; each returns false when the
 * result does not fit and then leaves *out alone.                                 */
#ifndef TB_BASE_NUM_H
#define TB_BASE_NUM_H

#include "base/assert.h"

/* The largest figure stored anywhere: 2^53 - 1, so that every browser and every
 * JSON reader stays exact. */
#define TB_AMOUNT_MAX INT64_C(9007199254740991)

TB_MUST_USE static inline bool tb_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

TB_MUST_USE static inline bool tb_sub(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_sub_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

TB_MUST_USE static inline bool tb_mul(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool tb_amount_ok(int64_t v)
{
    return v >= -TB_AMOUNT_MAX && v <= TB_AMOUNT_MAX;
}

/* Signed numbers in answers and events: small ones of either sign are short (protobuf's sint64). */
static inline uint64_t tb_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}
static inline int64_t tb_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

enum tb_rounding {
    TB_ROUND_DOWN = 0,  /* towards minus infinity */
    TB_ROUND_HALF_EVEN, /* banker's */
    TB_ROUND_HALF_UP,   /* half away from zero */
    TB_ROUND_UP,        /* towards plus infinity */
};

/* value * num / den with a 128-bit intermediate. Requires den > 0 (asserted). */
TB_MUST_USE bool tb_mul_div(int64_t value, int64_t num, int64_t den, enum tb_rounding mode,
                            int64_t *out);

/* Spreads total over n weights by the largest remainder; a tie goes to the earlier
 * index. The parts add up to total exactly. Weights are >= 0 and their sum is > 0,
 * else false. total may be negative. part[] and weight[] may not overlap.
 * n <= TB_SPLIT_MAX. Needs no workspace: O(n^2) in the worst case only for the
 * leftover units, which are < n.                                                 */
#define TB_SPLIT_MAX 10000
TB_MUST_USE bool tb_split(int64_t total, const int64_t *weight, uint32_t n, int64_t *part);

#endif
