// SPDX-License-Identifier: Apache-2.0
#include "http/json_write.h"

#include <string.h>

#include "base/civil.h"

void tb_json_out_init(struct tb_json_out *o, struct tb_buf *b)
{
    *o = (struct tb_json_out){.b = b};
}

static void before_value(struct tb_json_out *o)
{
    uint64_t bit = UINT64_C(1) << o->depth;
    if (o->after_key) {
        o->after_key = false;
        return;
    }
    tb_assert(o->depth == 0 || !(o->in_object & bit));
    if (o->has_one & bit)
        tb_buf_byte(o->b, ',');
    o->has_one |= bit;
}

void tb_json_out_open(struct tb_json_out *o, char bracket)
{
    tb_assert(bracket == '{' || bracket == '[');
    before_value(o);
    o->depth++;
    tb_assert(o->depth < TB_JSON_WRITE_DEPTH_MAX);
    uint64_t bit = UINT64_C(1) << o->depth;
    o->has_one &= ~bit;
    o->in_object = bracket == '{' ? o->in_object | bit : o->in_object & ~bit;
    tb_buf_byte(o->b, (uint8_t)bracket);
}

void tb_json_out_close(struct tb_json_out *o, char bracket)
{
    tb_assert(o->depth > 0 && !o->after_key);
    tb_assert(bracket == ((o->in_object >> o->depth & 1) ? '}' : ']'));
    o->depth--;
    tb_buf_byte(o->b, (uint8_t)bracket);
}

static void before_key(struct tb_json_out *o)
{
    uint64_t bit = UINT64_C(1) << o->depth;
    tb_assert(o->depth > 0 && (o->in_object & bit) && !o->after_key);
    if (o->has_one & bit)
        tb_buf_byte(o->b, ',');
    o->has_one |= bit;
    o->after_key = true;
    tb_buf_byte(o->b, '"');
}

/* Most keys are short: two overlapping moves instead of a call. */
static void copy_key(uint8_t *to, const char *key, uint32_t n)
{
    if (n > 16 || n < 4) {
        for (uint32_t i = 0; i < n; i++)
            to[i] = (uint8_t)key[i];
    } else if (n >= 8) {
        memcpy(to, key, 8);
        memcpy(to + n - 8, key + n - 8, 8);
    } else {
        memcpy(to, key, 4);
        memcpy(to + n - 4, key + n - 4, 4);
    }
}

void tb_json_out_key_n(struct tb_json_out *o, const char *key, uint32_t n)
{
    struct tb_buf *b = o->b;
    uint64_t bit = UINT64_C(1) << o->depth;
    tb_assert(o->depth > 0 && (o->in_object & bit) && !o->after_key);
    bool comma = o->has_one & bit;
    o->has_one |= bit;
    o->after_key = true;
    if (TB_UNLIKELY(b->overflowed || b->cap - b->n < (size_t)n + comma + 3)) {
        b->overflowed = true;
        return;
    }
    uint8_t *to = b->p + b->n;
    *to = ',';
    to += comma;
    *to++ = '"';
    copy_key(to, key, n);
    to[n] = '"';
    to[n + 1] = ':';
    b->n += (size_t)n + comma + 3;
}

/* Length of what must be escaped at p (0: nothing). */
static uint32_t special(const uint8_t *p, uint32_t left)
{
    if (p[0] < 0x20 || p[0] == '"' || p[0] == '\\' || p[0] == 0x7f)
        return 1;
    /* U+2028 and U+2029 */
    return p[0] == 0xe2 && left >= 3 && p[1] == 0x80 && (p[2] | 1) == 0xa9 ? 3 : 0;
}

static void escape_one(struct tb_buf *b, const uint8_t *p, uint32_t n)
{
    static const char hex[] = "0123456789abcdef";
    if (n == 3) {
        tb_buf_put(b, p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
        return;
    }
    char text[6] = {'\\', 'u', '0', '0', hex[p[0] >> 4], hex[p[0] & 15]};
    switch (p[0]) {
    case '"':
    case '\\':
        text[1] = (char)p[0];
        break;
    case '\n':
        text[1] = 'n';
        break;
    case '\r':
        text[1] = 'r';
        break;
    case '\t':
        text[1] = 't';
        break;
    default:
        tb_buf_put(b, text, 6);
        return;
    }
    tb_buf_put(b, text, 2);
}

/* Eight bytes that stand as they are: ASCII, no control character, quote or backslash. Exact for the lowest
 * byte that is none, which is enough to tell whether there is one (Mycroft's test).                     */
static bool plain8(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones << 7;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    uint64_t quote = v ^ ones * '"';
    uint64_t slash = v ^ ones * '\\';
    uint64_t del = v ^ ones * 0x7f;
    uint64_t low = (v - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones);
    return ((low | v) & tops) == 0;
}

void tb_json_escape(struct tb_buf *b, struct tb_str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    uint32_t plain = 0; /* start of the run that is copied as it is */
    uint32_t look = 0;
    for (uint32_t i = 0; i < s.n;) {
        if (i >= look && s.n - i >= 8) {
            look = i + 8; /* not again within what was looked at */
            if (plain8(p + i)) {
                i += 8;
                continue;
            }
        }
        uint32_t n = special(p + i, s.n - i);
        if (n == 0) {
            i++;
            continue;
        }
        tb_buf_put(b, p + plain, i - plain);
        escape_one(b, p + i, n);
        i += n;
        plain = i;
    }
    if (plain < s.n)
        tb_buf_put(b, p + plain, s.n - plain);
}

void tb_json_out_key_escaped(struct tb_json_out *o, struct tb_str key)
{
    before_key(o);
    tb_json_escape(o->b, key);
    tb_buf_put(o->b, "\":", 2);
}

void tb_json_out_str(struct tb_json_out *o, struct tb_str s)
{
    before_value(o);
    tb_buf_byte(o->b, '"');
    tb_json_escape(o->b, s);
    tb_buf_byte(o->b, '"');
}

void tb_json_out_i64(struct tb_json_out *o, int64_t v)
{
    before_value(o);
    tb_buf_i64(o->b, v);
}

void tb_json_out_bool(struct tb_json_out *o, bool v)
{
    before_value(o);
    tb_buf_c(o->b, v ? "true" : "false");
}

void tb_json_out_null(struct tb_json_out *o)
{
    before_value(o);
    tb_buf_c(o->b, "null");
}

/* Two digits; printf would cost more than the rest of a reply. */
static void two(char *to, int32_t v)
{
    to[0] = (char)('0' + v / 10);
    to[1] = (char)('0' + v % 10);
}

static void date_text(char *to, int32_t days)
{
    struct tb_date d = tb_date_from_days(days);
    tb_assert(d.year >= 0 && d.year <= 9999);
    two(to, d.year / 100);
    two(to + 2, d.year % 100);
    to[4] = to[7] = '-';
    two(to + 5, d.month);
    two(to + 8, d.day);
}

void tb_json_out_time(struct tb_json_out *o, int64_t utc_ms)
{
    tb_assert(utc_ms >= TB_MS_MIN && utc_ms <= TB_MS_MAX);
    char text[26] = "\"";
    int32_t days = (int32_t)((utc_ms - TB_MS_MIN) / TB_DAY_MS + TB_MS_MIN / TB_DAY_MS);
    int32_t left = (int32_t)(utc_ms - days * TB_DAY_MS);
    date_text(text + 1, days);
    text[11] = 'T';
    two(text + 12, left / 3600000);
    two(text + 15, left / 60000 % 60);
    two(text + 18, left / 1000 % 60);
    text[14] = text[17] = ':';
    uint32_t n = 20;
    if (left % 1000) {
        text[n] = '.';
        text[n + 1] = (char)('0' + left % 1000 / 100);
        two(text + n + 2, left % 100);
        n += 4;
    }
    text[n++] = 'Z';
    before_value(o);
    tb_buf_put(o->b, text, n);
    tb_buf_byte(o->b, '"');
}

void tb_json_out_date(struct tb_json_out *o, int32_t days)
{
    char text[12];
    text[0] = text[11] = '"';
    date_text(text + 1, days);
    before_value(o);
    tb_buf_put(o->b, text, sizeof text);
}

void tb_json_out_raw(struct tb_json_out *o, struct tb_str json)
{
    before_value(o);
    tb_buf_str(o->b, json);
}
