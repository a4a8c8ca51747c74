// SPDX-License-Identifier: Apache-2.0
/* core/code/bits.c - see bits.h. */
#include "core/code/bits.h"

#include <string.h>

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Index of the first element of size bytes whose number at offset is >= v. */
static uint32_t first_not_below(const uint8_t *p, uint32_t n, uint32_t size, uint32_t offset, uint32_t v)
{
    uint32_t low = 0;
    while (low < n) {
        uint32_t middle = (low + n) / 2;
        if (get16(p + middle * size + offset) < v)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

bool tb_bits_meets(const struct tb_bits *s, uint32_t from, uint32_t last)
{
    tb_assert(from <= last && last < TB_BITS_RANGE);
    if (s->form == TB_BITS_BITMAP) {
        for (uint32_t v = from; v <= last; v++) {
            if (v % 8 == 0 && last - v >= 8 && s->p[v / 8] == 0)
                v += 7;
            else if (s->p[v / 8] >> (v % 8) & 1)
                return true;
        }
        return false;
    }
    uint32_t size = s->form == TB_BITS_RUNS ? 4 : 2;
    uint32_t n = s->bytes / size;
    uint32_t at = first_not_below(s->p, n, size, size - 2, from);
    return at < n && get16(s->p + at * size) <= last;
}

bool tb_bits_has(const struct tb_bits *s, uint32_t v)
{
    tb_assert(v < TB_BITS_RANGE);
    if (s->form == TB_BITS_BITMAP)
        return s->p[v / 8] >> (v % 8) & 1;
    return tb_bits_meets(s, v, v);
}

static void set_range(uint64_t *w, uint32_t first, uint32_t last)
{
    for (uint32_t v = first; v <= last;) {
        uint32_t end = (v | 63) < last ? v | 63 : last; /* of this word */
        w[v / 64] |= UINT64_MAX >> (63 - (end - v)) << (v % 64);
        v = end + 1;
    }
}

static void spread(const struct tb_bits *s, uint64_t w[TB_BITS_WORDS])
{
    memset(w, 0, TB_BITS_WORDS * sizeof *w);
    for (uint32_t at = 0; at < s->bytes;) {
        const uint8_t *p = s->p + at;
        if (s->form == TB_BITS_BITMAP) {
            w[at / 8] = get64(p);
            at += 8;
        } else if (s->form == TB_BITS_RUNS) {
            set_range(w, get16(p), get16(p + 2));
            at += 4;
        } else {
            w[get16(p) / 64] |= UINT64_C(1) << (get16(p) % 64);
            at += 2;
        }
    }
}

/* Bits of a word; no instruction for it may be taken for granted (Knuth 7.1.3). */
static uint32_t ones(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(x * UINT64_C(0x0101010101010101) >> 56);
}

/* Members and runs of them. */
static void count(const uint64_t w[TB_BITS_WORDS], uint32_t *n, uint32_t *runs)
{
    uint64_t carry = 0; /* the highest bit of the word before */
    *n = 0;
    *runs = 0;
    for (uint32_t i = 0; i < TB_BITS_WORDS; i++) {
        *n += ones(w[i]);
        *runs += ones(w[i] & ~(w[i] << 1 | carry));
        carry = w[i] >> 63;
    }
}

static uint32_t write_runs(const uint64_t w[TB_BITS_WORDS], uint8_t *to)
{
    uint32_t bytes = 0;
    for (uint32_t v = 0; v < TB_BITS_RANGE; v++) {
        uint64_t rest = w[v / 64] >> (v % 64);
        if (rest == 0) {
            v |= 63;
            continue;
        }
        v += (uint32_t)__builtin_ctzll(rest);
        put16(to + bytes, v);
        while (v + 1 < TB_BITS_RANGE && w[(v + 1) / 64] >> ((v + 1) % 64) & 1)
            v++;
        put16(to + bytes + 2, v);
        bytes += 4;
    }
    return bytes;
}

static uint32_t write_array(const uint64_t w[TB_BITS_WORDS], uint8_t *to)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < TB_BITS_WORDS; i++)
        for (uint64_t rest = w[i]; rest != 0; rest &= rest - 1, bytes += 2)
            put16(to + bytes, i * 64 + (uint32_t)__builtin_ctzll(rest));
    return bytes;
}

static uint32_t write_bitmap(const uint64_t w[TB_BITS_WORDS], uint8_t *to)
{
    for (uint32_t i = 0; i < TB_BITS_BYTES_MAX; i++)
        to[i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
    return TB_BITS_BYTES_MAX;
}

static enum tb_bits_form form_of(uint32_t n, uint32_t runs)
{
    uint32_t best = runs * 4 <= n * 2 ? runs * 4 : n * 2;
    if (best > TB_BITS_BYTES_MAX)
        return TB_BITS_BITMAP;
    return runs * 4 <= n * 2 ? TB_BITS_RUNS : TB_BITS_ARRAY;
}

/* Makes room for size bytes, or takes so many away, at an offset. */
static void open_at(uint8_t *to, uint32_t *bytes, uint32_t at, uint32_t size)
{
    memmove(to + at + size, to + at, *bytes - at);
    *bytes += size;
}

static void close_at(uint8_t *to, uint32_t *bytes, uint32_t at, uint32_t size)
{
    memmove(to + at, to + at + size, *bytes - at - size);
    *bytes -= size;
}

static uint32_t edit_array(uint8_t *to, uint32_t bytes, uint32_t v, bool on)
{
    uint32_t at = first_not_below(to, bytes / 2, 2, 0, v) * 2;
    if (!on) {
        close_at(to, &bytes, at, 2);
        return bytes;
    }
    open_at(to, &bytes, at, 2);
    put16(to + at, v);
    return bytes;
}

/* left, right: v - 1 and v + 1 are members. */
static uint32_t edit_runs(uint8_t *to, uint32_t bytes, uint32_t v, bool on, bool left, bool right)
{
    uint32_t at = first_not_below(to, bytes / 4, 4, 2, on && left ? v - 1 : v) * 4;
    if (left && right && on) { /* closes a gap */
        put16(to + at + 2, get16(to + at + 6));
        close_at(to, &bytes, at + 4, 4);
    } else if (left && right) { /* opens one */
        open_at(to, &bytes, at + 4, 4);
        put16(to + at + 6, get16(to + at + 2));
        put16(to + at + 2, v - 1);
        put16(to + at + 4, v + 1);
    } else if (left) {
        put16(to + at + 2, on ? v : v - 1);
    } else if (right) {
        put16(to + at, on ? v : v + 1);
    } else if (on) {
        open_at(to, &bytes, at, 4);
        put16(to + at, v);
        put16(to + at + 2, v);
    } else {
        close_at(to, &bytes, at, 4);
    }
    return bytes;
}

/* The form stays: only the place changes. */
static uint32_t edit(const struct tb_bits *s, uint32_t v, bool on, bool left, bool right, uint8_t *to)
{
    if (s->bytes > 0)
        memcpy(to, s->p, s->bytes);
    if (s->form == TB_BITS_ARRAY)
        return edit_array(to, s->bytes, v, on);
    if (s->form == TB_BITS_RUNS)
        return edit_runs(to, s->bytes, v, on, left, right);
    to[v / 8] ^= (uint8_t)(1u << (v % 8));
    return s->bytes;
}

static uint32_t rewrite(const struct tb_bits *s, uint32_t v, enum tb_bits_form form, uint8_t *to)
{
    uint64_t w[TB_BITS_WORDS];
    spread(s, w);
    w[v / 64] ^= UINT64_C(1) << (v % 64);
    return form == TB_BITS_RUNS    ? write_runs(w, to)
           : form == TB_BITS_ARRAY ? write_array(w, to)
                                   : write_bitmap(w, to);
}

void tb_bits_put(const struct tb_bits *s, uint32_t v, bool on, uint8_t to[TB_BITS_BYTES_MAX],
                 struct tb_bits *out)
{
    tb_assert(v < TB_BITS_RANGE);
    *out = *s;
    out->p = to;
    if (tb_bits_has(s, v) == on) {
        if (s->bytes > 0)
            memcpy(to, s->p, s->bytes);
        return;
    }
    bool left = v > 0 && tb_bits_has(s, v - 1);
    bool right = v + 1 < TB_BITS_RANGE && tb_bits_has(s, v + 1);
    uint32_t more = 1u - left - right; /* runs, wrapping: joining two takes one away */
    uint32_t runs = on ? s->runs + more : s->runs - more;
    out->runs = (uint16_t)runs;
    out->n = (uint16_t)(on ? s->n + 1 : s->n - 1);
    enum tb_bits_form form = form_of(out->n, runs);
    out->bytes = (uint16_t)(form == (enum tb_bits_form)s->form ? edit(s, v, on, left, right, to)
                                                              : rewrite(s, v, form, to));
    out->form = (uint8_t)form;
    tb_assert(out->bytes <= TB_BITS_BYTES_MAX);
}

/* Ascending numbers in range; runs with a gap between them. */
static bool ascends(const struct tb_bits *s)
{
    uint32_t next = 0;
    for (uint32_t at = 0; at + 2 <= s->bytes; at += 2) {
        uint32_t v = get16(s->p + at);
        bool last = s->form == TB_BITS_RUNS && at % 4 == 2;
        if (v >= TB_BITS_RANGE || v + last < next)
            return false;
        next = v + 1 + last;
    }
    return true;
}

bool tb_bits_sound(const struct tb_bits *s)
{
    static const uint8_t size[] = {[TB_BITS_RUNS] = 4, [TB_BITS_ARRAY] = 2};
    if (s->form > TB_BITS_BITMAP || s->bytes > TB_BITS_BYTES_MAX)
        return false;
    if (s->form == TB_BITS_BITMAP ? s->bytes != TB_BITS_BYTES_MAX
                                  : s->bytes % size[s->form] != 0 || !ascends(s))
        return false;
    uint64_t w[TB_BITS_WORDS];
    uint32_t n;
    uint32_t runs;
    spread(s, w);
    count(w, &n, &runs);
    return n == s->n && runs == s->runs && form_of(n, runs) == (enum tb_bits_form)s->form;
}
