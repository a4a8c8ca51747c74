// SPDX-License-Identifier: Apache-2.0
/* http/json_write.h - writing JSON into a bounded buffer.
 *
 * Purpose     replies, NDJSON lines, problem documents: no tree, no allocation.
 * Invariant   what is written is well-formed JSON as long as every open has its close,
 *             keys are written only inside objects and the buffer did not overflow;
 *             the first two are asserted.
 * Strings     must be UTF-8 (asserted in the escape path only for length, not content:
 *             everything in the program was checked at the border). Control characters,
 *             quote, backslash, U+2028 and U+2029 are escaped, so a reply is safe inside
 *             a script and a line never holds a line break.
 * Caveats     a full buffer is seen once at the end: b->overflowed.
 * Threads     one writer, one thread.                                               */
#ifndef TB_HTTP_JSON_WRITE_H
#define TB_HTTP_JSON_WRITE_H

#include "base/text.h"

#define TB_JSON_DEPTH_MAX 32       /* read */
#define TB_JSON_WRITE_DEPTH_MAX 64 /* written; asserted */

struct tb_json_out {
    struct tb_buf *b; /* the caller's */
    uint32_t depth;
    uint64_t has_one; /* bit per depth: a value was written at this level */
    uint64_t in_object;
    bool after_key;
};

void tb_json_out_init(struct tb_json_out *o, struct tb_buf *b);
void tb_json_out_open(struct tb_json_out *o, char bracket);  /* '{' or '[' */
void tb_json_out_close(struct tb_json_out *o, char bracket); /* '}' or ']' */
/* key is a literal of ours, of n bytes: plain ASCII that needs no escape. */
void tb_json_out_key_n(struct tb_json_out *o, const char *key, uint32_t n);
static inline void tb_json_out_key(struct tb_json_out *o, const char *key)
{
    tb_json_out_key_n(o, key, (uint32_t)strlen(key)); /* known when it is compiled */
}
/* For keys that came from outside (attribute names). */
void tb_json_out_key_escaped(struct tb_json_out *o, struct tb_str key);
void tb_json_out_str(struct tb_json_out *o, struct tb_str s);
void tb_json_out_i64(struct tb_json_out *o, int64_t v);
void tb_json_out_bool(struct tb_json_out *o, bool v);
void tb_json_out_null(struct tb_json_out *o);
void tb_json_out_time(struct tb_json_out *o, int64_t utc_ms); /* RFC 3339, UTC */
void tb_json_out_date(struct tb_json_out *o, int32_t days);   /* YYYY-MM-DD */
/* A complete JSON value that somebody wrote before. */
void tb_json_out_raw(struct tb_json_out *o, struct tb_str json);

static inline void tb_json_out_key_str(struct tb_json_out *o, const char *key, struct tb_str s)
{
    tb_json_out_key(o, key);
    tb_json_out_str(o, s);
}
static inline void tb_json_out_key_i64(struct tb_json_out *o, const char *key, int64_t v)
{
    tb_json_out_key(o, key);
    tb_json_out_i64(o, v);
}
static inline void tb_json_out_key_bool(struct tb_json_out *o, const char *key, bool v)
{
    tb_json_out_key(o, key);
    tb_json_out_bool(o, v);
}
static inline void tb_json_out_key_time(struct tb_json_out *o, const char *key, int64_t utc_ms)
{
    tb_json_out_key(o, key);
    tb_json_out_time(o, utc_ms);
}
static inline void tb_json_out_key_open(struct tb_json_out *o, const char *key, char bracket)
{
    tb_json_out_key(o, key);
    tb_json_out_open(o, bracket);
}
/* Only the text between the quotes, escaped: for parts of a string. */
void tb_json_escape(struct tb_buf *b, struct tb_str s);

#endif
