// SPDX-License-Identifier: Apache-2.0
/* Decimals by way of 128-bit integers: int64 * 10^12 fits, so no step inside overflows. */
#include "core/expr/decimal.h"

static const int64_t power[13] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  INT64_C(10000000000),
                                  INT64_C(100000000000),
                                  INT64_C(1000000000000)};

/* n / d rounded half to even; d > 0. */
static __int128 div_half_even(__int128 n, __int128 d)
{
    __int128 q = n / d;
    __int128 rest = n % d;
    __int128 twice = (rest < 0 ? -rest : rest) * 2;
    if (twice > d || (twice == d && (q & 1)))
        q += n < 0 ? -1 : 1;
    return q;
}

/* v / 10^scale, scale <= 12, to the shortest form that fits. */
static bool pack(__int128 v, uint32_t scale, struct tb_expr_decimal *out)
{
    if (scale > TB_EXPR_SCALE_MAX) {
        v = div_half_even(v, power[scale - TB_EXPR_SCALE_MAX]);
        scale = TB_EXPR_SCALE_MAX;
    }
    while (v != (int64_t)v && scale > 0 && v % 10 == 0) {
        v /= 10;
        scale--;
    }
    if (v != (int64_t)v)
        return false;
    *out = (struct tb_expr_decimal){(int64_t)v, (uint8_t)scale};
    return true;
}

static __int128 at_scale(struct tb_expr_decimal a, uint32_t scale)
{
    tb_assert(a.scale <= scale && scale <= TB_EXPR_SCALE_MAX);
    return (__int128)a.mantissa * power[scale - a.scale];
}

static uint32_t wider(struct tb_expr_decimal a, struct tb_expr_decimal b)
{
    return a.scale > b.scale ? a.scale : b.scale;
}

bool tb_expr_decimal_add(struct tb_expr_decimal a, struct tb_expr_decimal b,
                         struct tb_expr_decimal *out)
{
    uint32_t scale = wider(a, b);
    return pack(at_scale(a, scale) + at_scale(b, scale), scale, out);
}

bool tb_expr_decimal_sub(struct tb_expr_decimal a, struct tb_expr_decimal b,
                         struct tb_expr_decimal *out)
{
    uint32_t scale = wider(a, b);
    return pack(at_scale(a, scale) - at_scale(b, scale), scale, out);
}

bool tb_expr_decimal_mul(struct tb_expr_decimal a, struct tb_expr_decimal b,
                         struct tb_expr_decimal *out)
{
    return pack((__int128)a.mantissa * b.mantissa, (uint32_t)a.scale + b.scale, out);
}

bool tb_expr_decimal_div(struct tb_expr_decimal a, struct tb_expr_decimal b,
                         struct tb_expr_decimal *out)
{
    tb_assert(b.mantissa != 0);
    tb_assert(a.scale <= TB_EXPR_SCALE_MAX && b.scale <= TB_EXPR_SCALE_MAX);
    __int128 n = (__int128)a.mantissa * power[TB_EXPR_SCALE_MAX + b.scale - a.scale];
    __int128 d = b.mantissa;
    if (d < 0) {
        n = -n;
        d = -d;
    }
    return pack(div_half_even(n, d), TB_EXPR_SCALE_MAX, out);
}

int tb_expr_decimal_cmp(struct tb_expr_decimal a, struct tb_expr_decimal b)
{
    uint32_t scale = wider(a, b);
    __int128 x = at_scale(a, scale);
    __int128 y = at_scale(b, scale);
    return (x > y) - (x < y);
}

int64_t tb_expr_decimal_whole(struct tb_expr_decimal a, enum tb_expr_to_whole how)
{
    int64_t d = power[a.scale];
    int64_t q = a.mantissa / d;
    int64_t rest = a.mantissa % d;
    int64_t away = a.mantissa < 0 ? -1 : 1;
    /* rest != 0 only when d >= 10, so q +- 1 fits */
    switch (how) {
    case WHOLE_TRUNC:
        return q;
    case WHOLE_FLOOR:
        return q - (rest < 0);
    case WHOLE_CEIL:
        return q + (rest > 0);
    case WHOLE_ROUND:
        return rest * away * 2 >= d && rest != 0 ? q + away : q;
    case WHOLE_EVEN:
        return (int64_t)div_half_even(a.mantissa, d);
    }
    return q;
}

bool tb_expr_decimal_parse(struct tb_str s, struct tb_expr_decimal *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint32_t digits = 0;
    uint32_t scale = 0;
    bool point = false;
    int64_t v = 0;
    for (uint32_t i = negative; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        int d = c - '0';
        if (d < 0 || d > 9 || (point && ++scale > TB_EXPR_SCALE_MAX) || !tb_mul(v, 10, &v) ||
            !tb_add(v, negative ? -d : d, &v))
            return false;
        digits++;
    }
    if (digits == 0 || (point && scale == 0))
        return false;
    *out = (struct tb_expr_decimal){v, (uint8_t)scale};
    return true;
}

void tb_expr_decimal_print(struct tb_buf *b, struct tb_expr_decimal a)
{
    while (a.scale > 0 && a.mantissa % 10 == 0) {
        a.mantissa /= 10;
        a.scale--;
    }
    uint64_t v = a.mantissa < 0 ? -(uint64_t)a.mantissa : (uint64_t)a.mantissa;
    uint64_t d = (uint64_t)power[a.scale];
    if (a.mantissa < 0)
        tb_buf_byte(b, '-');
    tb_buf_printf(b, "%llu", (unsigned long long)(v / d));
    if (a.scale > 0)
        tb_buf_printf(b, ".%0*llu", (int)a.scale, (unsigned long long)(v % d));
}
