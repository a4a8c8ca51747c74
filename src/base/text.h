// SPDX-License-Identifier: Apache-2.0
/* base/text.h - borrowed strings and bounded writers.
 *
 * struct tb_str borrows: it points into somebody else's memory and says how long.
 * struct tb_buf writes into a caller's region; once full it stays full (overflowed)
 * and writes nothing more, so a caller checks once at the end.                     */
#ifndef TB_BASE_TEXT_H
#define TB_BASE_TEXT_H

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"

struct tb_str {
    const char *p;
    uint32_t n;
};

#define TB_STR(literal) ((struct tb_str){(literal), sizeof(literal) - 1})
#define TB_STR_NONE ((struct tb_str){NULL, 0})
/* For printf("%.*s", TB_STR_ARG(s)) */
#define TB_STR_ARG(s) (int)(s).n, (s).p

struct tb_str tb_str_of(const char *zero_terminated);
bool tb_str_eq(struct tb_str a, struct tb_str b);
bool tb_str_eq_c(struct tb_str a, const char *zero_terminated);
bool tb_str_starts(struct tb_str s, struct tb_str prefix);
int tb_str_cmp(struct tb_str a, struct tb_str b); /* bytes, shorter first */
/* Copies into the arena; p is NULL when the arena is full. */
struct tb_str tb_str_copy(struct tb_arena *a, struct tb_str s);
/* Into a region of cap >= 1 bytes, ended by a zero; what has no room there is cut off. */
void tb_str_put_c(char *to, size_t cap, struct tb_str s);

/* Decimal digits with an optional leading '-'; the whole string; no overflow. */
TB_MUST_USE bool tb_str_to_i64(struct tb_str s, int64_t *out);

/* True when s is well-formed UTF-8 (no overlong form, surrogate or > U+10FFFF). */
bool tb_utf8_valid(struct tb_str s);
/* Decodes one code point at *at and advances; s must be valid UTF-8. */
uint32_t tb_utf8_next(struct tb_str s, uint32_t *at);

struct tb_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    bool overflowed;
};

void tb_buf_init(struct tb_buf *b, void *region, size_t cap);
static inline void tb_buf_put(struct tb_buf *b, const void *bytes, size_t n)
{
    if (TB_UNLIKELY(b->overflowed || n > b->cap - b->n)) {
        b->overflowed = true;
        return;
    }
    if (n)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
}
void tb_buf_str(struct tb_buf *b, struct tb_str s);
void tb_buf_c(struct tb_buf *b, const char *zero_terminated);
static inline void tb_buf_byte(struct tb_buf *b, uint8_t c)
{
    if (TB_UNLIKELY(b->overflowed || b->n == b->cap)) {
        b->overflowed = true;
        return;
    }
    b->p[b->n++] = c;
}
void tb_buf_i64(struct tb_buf *b, int64_t v); /* decimal */
void tb_buf_printf(struct tb_buf *b, const char *fmt, ...) TB_PRINTF(2, 3);
void tb_buf_vprintf(struct tb_buf *b, const char *fmt, va_list args) TB_PRINTF(2, 0);
struct tb_str tb_buf_as_str(const struct tb_buf *b);

#endif
