// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct tb_str tb_str_of(const char *zero_terminated)
{
    return (struct tb_str){zero_terminated, (uint32_t)strlen(zero_terminated)};
}

bool tb_str_eq(struct tb_str a, struct tb_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool tb_str_eq_c(struct tb_str a, const char *zero_terminated)
{
    return tb_str_eq(a, tb_str_of(zero_terminated));
}

bool tb_str_starts(struct tb_str s, struct tb_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

int tb_str_cmp(struct tb_str a, struct tb_str b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

struct tb_str tb_str_copy(struct tb_arena *a, struct tb_str s)
{
    char *p = tb_arena_alloc(a, s.n ? s.n : 1);
    if (p == NULL)
        return TB_STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct tb_str){p, s.n};
}

void tb_str_put_c(char *to, size_t cap, struct tb_str s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    if (n)
        memcpy(to, s.p, n);
    to[n] = 0;
}

bool tb_str_to_i64(struct tb_str s, int64_t *out)
{
    uint32_t i = s.n > 0 && s.p[0] == '-';
    if (i == s.n)
        return false;
    int64_t v = 0;
    for (bool negative = i == 1; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}

/* Length of the sequence at p (1-4), 0 when malformed. left >= 1. */
static uint32_t utf8_length(const uint8_t *p, uint32_t left)
{
    uint8_t c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    uint32_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (left < n)
        return 0;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (uint32_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool tb_utf8_valid(struct tb_str s)
{
    uint32_t step;
    for (uint32_t i = 0; i < s.n; i += step) {
        step = utf8_length((const uint8_t *)s.p + i, s.n - i);
        if (step == 0)
            return false;
    }
    return true;
}

uint32_t tb_utf8_next(struct tb_str s, uint32_t *at)
{
    tb_assert(*at < s.n);
    const uint8_t *p = (const uint8_t *)s.p + *at;
    uint32_t n = utf8_length(p, s.n - *at);
    tb_assert(n > 0);
    *at += n;
    if (n == 1)
        return p[0];
    uint32_t cp = p[0] & (0xffu >> (n + 1));
    for (uint32_t i = 1; i < n; i++)
        cp = cp << 6 | (p[i] & 0x3f);
    return cp;
}

void tb_buf_init(struct tb_buf *b, void *region, size_t cap)
{
    *b = (struct tb_buf){.p = region, .cap = cap};
}

void tb_buf_str(struct tb_buf *b, struct tb_str s)
{
    tb_buf_put(b, s.p, s.n);
}

void tb_buf_c(struct tb_buf *b, const char *zero_terminated)
{
    tb_buf_put(b, zero_terminated, strlen(zero_terminated));
}

void tb_buf_i64(struct tb_buf *b, int64_t v)
{
    char digits[20];
    uint32_t at = sizeof digits;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0)
        tb_buf_byte(b, '-');
    tb_buf_put(b, digits + at, sizeof digits - at);
}

void tb_buf_printf(struct tb_buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    tb_buf_vprintf(b, fmt, args);
    va_end(args);
}

void tb_buf_vprintf(struct tb_buf *b, const char *fmt, va_list args)
{
    if (b->overflowed)
        return;
    int n = vsnprintf((char *)b->p + b->n, b->cap - b->n, fmt, args);
    if (n < 0 || (size_t)n >= b->cap - b->n)
        b->overflowed = true; /* one byte is kept for the terminator */
    else
        b->n += (size_t)n;
}

struct tb_str tb_buf_as_str(const struct tb_buf *b)
{
    return (struct tb_str){(const char *)b->p, (uint32_t)b->n};
}
