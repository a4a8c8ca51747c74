// SPDX-License-Identifier: Apache-2.0
/* Any journaled event as JSON, by its tables. */
#include "core/schema/schema.h"

#include "base/num.h"
#include "events.gen.h"

#define DEPTH_MAX 4u /* of messages; the schema has two levels */

struct print {
    struct tb_buf *b;
    const struct tb_event_names *names;
    uint32_t depth;
};

/* A JSON string with its quotes. s is UTF-8. */
static void print_text(struct tb_buf *b, struct tb_str s)
{
    static const char hex[] = "0123456789abcdef";
    uint32_t from = 0;
    tb_buf_byte(b, '"');
    for (uint32_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        tb_buf_put(b, s.p + from, i - from);
        from = i + 1;
        tb_buf_byte(b, '\\');
        if (c == '"' || c == '\\') {
            tb_buf_byte(b, c);
        } else {
            tb_buf_c(b, "u00");
            tb_buf_byte(b, (uint8_t)hex[c >> 4]);
            tb_buf_byte(b, (uint8_t)hex[c & 15]);
        }
    }
    if (s.n > from)
        tb_buf_put(b, s.p + from, s.n - from);
    tb_buf_byte(b, '"');
}

/* Without quotes. */
static void print_base64(struct tb_buf *b, struct tb_str s)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)s.p;
    for (uint32_t i = 0; i < s.n; i += 3) {
        uint32_t left = s.n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        tb_buf_byte(b, (uint8_t)digit[v >> 18]);
        tb_buf_byte(b, (uint8_t)digit[v >> 12 & 63]);
        tb_buf_byte(b, left > 1 ? (uint8_t)digit[v >> 6 & 63] : '=');
        tb_buf_byte(b, left > 2 ? (uint8_t)digit[v & 63] : '=');
    }
}

static void print_hex(struct tb_buf *b, uint64_t v)
{
    tb_buf_byte(b, '"');
    for (int shift = 60; shift >= 0; shift -= 4)
        tb_buf_byte(b, (uint8_t) "0123456789abcdef"[v >> shift & 15]);
    tb_buf_byte(b, '"');
}

static void print_uint(struct tb_buf *b, uint64_t v)
{
    char text[20];
    uint32_t at = sizeof text;
    do
        text[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    tb_buf_put(b, text + at, sizeof text - at);
}

static enum tb_event_value print_number(const struct print *x, const struct tb_schema_field *f,
                                        uint64_t v)
{
    enum tb_event_value how = TB_EVENT_VALUE_NUMBER;
    if (f->ref != TB_REF_NONE && x->names != NULL)
        how = x->names->ref(x->names->user, x->b, (enum tb_schema_ref)f->ref, v);
    if (how == TB_EVENT_VALUE_NUMBER)
        print_uint(x->b, v);
    return how;
}

/* A packed list of numbers. */
static bool print_packed(const struct print *x, const struct tb_schema_field *f, struct tb_str in)
{
    bool first = true;
    tb_buf_byte(x->b, '[');
    for (uint32_t at = 0; at < in.n;) {
        uint64_t v = 0;
        uint8_t byte;
        for (uint32_t shift = 0;; shift += 7) {
            if (at == in.n || shift > 63)
                return false;
            byte = (uint8_t)in.p[at++];
            v |= (uint64_t)(byte & 127) << shift;
            if (byte < 128)
                break;
        }
        size_t before = x->b->n;
        if (!first)
            tb_buf_byte(x->b, ',');
        if (print_number(x, f, v) == TB_EVENT_VALUE_HIDDEN)
            x->b->n = before;
        else
            first = false;
    }
    tb_buf_byte(x->b, ']');
    return true;
}

static bool print_fields(struct print *x, const struct tb_schema_message *m, struct tb_str body);

static bool print_value(struct print *x, const struct tb_schema_field *f, uint64_t v,
                        struct tb_str s, bool *hidden)
{
    switch ((enum tb_schema_type)f->type) {
    case TB_SCHEMA_UINT:
        if (f->repeated)
            return print_packed(x, f, s);
        *hidden = print_number(x, f, v) == TB_EVENT_VALUE_HIDDEN;
        return true;
    case TB_SCHEMA_SINT:
        tb_buf_i64(x->b, tb_unzigzag(v));
        return true;
    case TB_SCHEMA_FIXED64:
        print_hex(x->b, v);
        return true;
    case TB_SCHEMA_STRING:
        print_text(x->b, s);
        return tb_utf8_valid(s);
    case TB_SCHEMA_BYTES:
        tb_buf_byte(x->b, '"');
        print_base64(x->b, s);
        tb_buf_byte(x->b, '"');
        return true;
    case TB_SCHEMA_MESSAGE:
        return print_fields(x, f->message, s);
    }
    return false;
}

/* Every occurrence of one field; *any when something was printed. */
static bool print_field(struct print *x, const struct tb_schema_field *f, struct tb_str body,
                        bool *any)
{
    bool list = f->repeated && f->type == TB_SCHEMA_MESSAGE;
    bool bad = false, found = false;
    uint32_t number;
    uint64_t v;
    struct tb_str s;
    while (tb_wire_next(&body, &number, &v, &s, &bad)) {
        if (number != f->number)
            continue;
        size_t before = x->b->n;
        bool hidden = false;
        if (found) {
            if (!list)
                continue; /* we write a scalar once */
            tb_buf_byte(x->b, ',');
        } else {
            tb_buf_c(x->b, *any ? ",\"" : "\"");
            tb_buf_c(x->b, f->name);
            tb_buf_c(x->b, list ? "\":[" : "\":");
        }
        if (!print_value(x, f, v, s, &hidden))
            return false;
        if (hidden)
            x->b->n = before;
        found |= !hidden;
    }
    if (found && list)
        tb_buf_byte(x->b, ']');
    *any |= found;
    return !bad;
}

/* As deep as the schema is, not as the input wants. */
static bool print_fields(struct print *x, const struct tb_schema_message *m, struct tb_str body)
{
    bool any = false, good = true;
    tb_assert(x->depth < DEPTH_MAX);
    x->depth++;
    tb_buf_byte(x->b, '{');
    for (uint32_t i = 0; i < m->field_n && good; i++)
        good = print_field(x, &m->field[i], body, &any);
    tb_buf_byte(x->b, '}');
    x->depth--;
    return good;
}

bool tb_event_print(struct tb_buf *b, uint32_t type, struct tb_str body,
                    const struct tb_event_names *names)
{
    struct print x = {b, names, 0};
    const struct tb_schema_message *m = tb_schema_event(type);
    return m != NULL && print_fields(&x, m, body);
}
