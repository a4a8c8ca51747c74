// SPDX-License-Identifier: Apache-2.0
#include "base/num.h"

static bool round_up(__int128 quotient, __int128 rest, int64_t den, enum tb_rounding mode)
{
    /* quotient is floored, 0 <= rest < den */
    __int128 twice = rest * 2;
    switch (mode) {
    case TB_ROUND_DOWN:
        return false;
    case TB_ROUND_UP:
        return rest > 0;
    case TB_ROUND_HALF_EVEN:
        return twice > den || (twice == den && (quotient & 1));
    case TB_ROUND_HALF_UP:
        /* half away from zero: a floored negative half stays where it is */
        return twice > den || (twice == den && quotient >= 0);
    }
    return false;
}

bool tb_mul_div(int64_t value, int64_t num, int64_t den, enum tb_rounding mode, int64_t *out)
{
    tb_assert(den > 0);
    __int128 product = (__int128)value * num;
    __int128 quotient = product / den;
    __int128 rest = product % den;
    if (rest < 0) {
        rest += den;
        quotient -= 1;
    }
    tb_assert(rest >= 0 && rest < den);
    if (round_up(quotient, rest, den, mode))
        quotient += 1;
    if (quotient > INT64_MAX || quotient < INT64_MIN)
        return false;
    *out = (int64_t)quotient;
    return true;
}

/* The remainder of share i, out of sum, on the magnitude of total. */
static __int128 share_rest(__int128 magnitude, int64_t weight, __int128 sum)
{
    return magnitude * weight % sum;
}

bool tb_split(int64_t total, const int64_t *weight, uint32_t n, int64_t *part)
{
    tb_assert(n > 0 && n <= TB_SPLIT_MAX);
    __int128 sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (weight[i] < 0)
            return false;
        sum += weight[i];
    }
    if (sum == 0)
        return false;
    bool negative = total < 0;
    __int128 magnitude = negative ? -(__int128)total : total;
    __int128 given = 0;
    for (uint32_t i = 0; i < n; i++) {
        part[i] = (int64_t)(magnitude * weight[i] / sum);
        given += part[i];
    }
    /* hand out the leftover by the largest remainder; a part already raised is
     * recognised by being above its floor */
    for (__int128 left = magnitude - given; left > 0; left--) {
        uint32_t best = n;
        __int128 best_rest = -1;
        for (uint32_t i = 0; i < n; i++) {
            __int128 rest = share_rest(magnitude, weight[i], sum);
            bool raised = part[i] > magnitude * weight[i] / sum;
            if (!raised && rest > best_rest) {
                best = i;
                best_rest = rest;
            }
        }
        tb_assert(best < n);
        part[best] += 1;
    }
    if (negative)
        for (uint32_t i = 0; i < n; i++)
            part[i] = -part[i];
    return true;
}
