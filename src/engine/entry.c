// SPDX-License-Identifier: Apache-2.0
#include "engine/entry.h"

#include <string.h>

#include "events.gen.h"

/* Numbers of api/events.proto. */
enum { BATCH_FRAME = 1, BATCH_VERSION = 2 };
enum { FRAME_TENANT = 1, FRAME_FIRST_SEQ = 2, FRAME_ENTRY = 3 };
enum {
    ENTRY_COMMAND = 1,
    ENTRY_SEQ = 2,
    ENTRY_NOW = 3,
    ENTRY_KEY = 4,
    ENTRY_INPUT = 5,
    ENTRY_CODE = 6,
    ENTRY_ANSWER = 7,
    ENTRY_ACTOR = 8,
    ENTRY_MEMBER = 9,
    ENTRY_PREV = 10,
    ENTRY_FIELD = 11,
};
#define SCHEMA_VERSION 1
#define LENGTH_BYTES 3u

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    for (; v > 127; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_uint(uint8_t *p, uint32_t field, uint64_t v)
{
    if (v == 0)
        return p;
    *p++ = (uint8_t)(field << 3);
    return put_varint(p, v);
}

static uint8_t *put_fixed(uint8_t *p, uint32_t field, uint64_t v)
{
    if (v == 0)
        return p;
    *p++ = (uint8_t)(field << 3 | 1);
    memcpy(p, &v, sizeof v); /* little-endian hosts, as every packed form of ours */
    return p + sizeof v;
}

static uint8_t *put_bytes(uint8_t *p, uint32_t field, struct tb_str s)
{
    if (s.n == 0)
        return p;
    *p++ = (uint8_t)(field << 3 | 2);
    p = put_varint(p, s.n);
    memcpy(p, s.p, s.n);
    return p + s.n;
}

static void set_length(uint8_t *at, size_t n)
{
    tb_assert(n < 1u << 21);
    at[0] = (uint8_t)(n | 128);
    at[1] = (uint8_t)(n >> 7 | 128);
    at[2] = (uint8_t)(n >> 14);
}

void tb_batch_begin(struct tb_batch_writer *w, void *region, size_t cap)
{
    *w = (struct tb_batch_writer){0};
    tb_buf_init(&w->out, region, cap);
}

static void end_frame(struct tb_batch_writer *w)
{
    if (w->frame_at == 0)
        return;
    set_length(w->out.p + w->frame_at, w->out.n - w->frame_at - LENGTH_BYTES);
    w->frame_at = 0;
}

static void begin_frame(struct tb_batch_writer *w, const struct tb_entry *e)
{
    end_frame(w);
    uint8_t *p = w->out.p + w->out.n;
    if (w->out.n == 0)
        p = put_uint(p, BATCH_VERSION, SCHEMA_VERSION);
    *p++ = BATCH_FRAME << 3 | 2;
    w->frame_at = (size_t)(p - w->out.p);
    p += LENGTH_BYTES;
    p = put_uint(p, FRAME_TENANT, e->tenant);
    p = put_uint(p, FRAME_FIRST_SEQ, e->tenant_seq);
    w->out.n = (size_t)(p - w->out.p);
    w->tenant = e->tenant;
    w->next_seq = e->tenant_seq;
}

void tb_batch_entry(struct tb_batch_writer *w, const struct tb_entry *e)
{
    size_t room = TB_ENTRY_HEAD_MAX + (size_t)e->answer.n + e->field.n + e->bytes.n;
    tb_assert(w->out.cap - w->out.n >= room);
    if (w->frame_at == 0 || w->tenant != e->tenant || w->next_seq != e->tenant_seq)
        begin_frame(w, e);
    uint8_t *p = w->out.p + w->out.n;
    *p++ = FRAME_ENTRY << 3 | 2;
    uint8_t *length = p;
    p += LENGTH_BYTES;
    p = put_uint(p, ENTRY_COMMAND, e->command);
    p = put_uint(p, ENTRY_SEQ, e->seq);
    p = put_uint(p, ENTRY_NOW, (uint64_t)e->now_ms);
    p = put_fixed(p, ENTRY_KEY, e->key_hash);
    p = put_fixed(p, ENTRY_INPUT, e->input_hash);
    p = put_uint(p, ENTRY_CODE, e->code);
    p = put_bytes(p, ENTRY_ANSWER, e->answer);
    p = put_uint(p, ENTRY_ACTOR, e->actor);
    p = put_uint(p, ENTRY_MEMBER, e->member);
    p = put_uint(p, ENTRY_PREV, e->prev_seq);
    p = put_bytes(p, ENTRY_FIELD, e->field);
    if (e->bytes.n > 0)
        memcpy(p, e->bytes.p, e->bytes.n);
    p += e->bytes.n;
    set_length(length, (size_t)(p - length) - LENGTH_BYTES);
    w->out.n = (size_t)(p - w->out.p);
    w->next_seq++;
    w->entries++;
}

void tb_batch_end(struct tb_batch_writer *w)
{
    end_frame(w);
    tb_assert(!w->out.overflowed);
}

void tb_batch_walk(struct tb_batch_walk *w, struct tb_str body)
{
    *w = (struct tb_batch_walk){.body = body};
}

bool tb_entry_read(struct tb_str bytes, struct tb_entry *e)
{
    struct tb_str in = bytes;
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    *e = (struct tb_entry){.tenant = e->tenant, .tenant_seq = e->tenant_seq, .bytes = bytes};
    while (tb_wire_next(&in, &field, &v, &s, &bad)) {
        switch (field) {
        case ENTRY_COMMAND: e->command = (uint32_t)v; break;
        case ENTRY_SEQ: e->seq = v; break;
        case ENTRY_NOW: e->now_ms = (int64_t)v; break;
        case ENTRY_KEY: e->key_hash = v; break;
        case ENTRY_INPUT: e->input_hash = v; break;
        case ENTRY_CODE: e->code = (uint32_t)v; break;
        case ENTRY_ANSWER: e->answer = s; break;
        case ENTRY_ACTOR: e->actor = (uint32_t)v; break;
        case ENTRY_MEMBER: e->member = v; break;
        case ENTRY_PREV: e->prev_seq = v; break;
        case ENTRY_FIELD: e->field = s; break;
        default: break; /* events, and what newer programs add */
        }
    }
    return !bad;
}

/* Opens the next frame; false at the end. */
static bool next_frame(struct tb_batch_walk *w)
{
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    while (tb_wire_next(&w->body, &field, &v, &s, &w->bad)) {
        if (field == BATCH_VERSION && v > SCHEMA_VERSION)
            w->bad = true;
        if (w->bad)
            return false;
        if (field != BATCH_FRAME)
            continue;
        w->frame = s;
        w->tenant = 0;
        w->next_seq = 0;
        return true;
    }
    return false;
}

bool tb_batch_next(struct tb_batch_walk *w, struct tb_entry *e)
{
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    for (;;) {
        while (!w->bad && tb_wire_next(&w->frame, &field, &v, &s, &w->bad)) {
            if (field == FRAME_TENANT)
                w->tenant = (uint32_t)v;
            else if (field == FRAME_FIRST_SEQ)
                w->next_seq = v;
            else if (field == FRAME_ENTRY) {
                e->tenant = w->tenant;
                e->tenant_seq = w->next_seq++;
                w->bad = !tb_entry_read(s, e);
                return !w->bad;
            }
        }
        if (w->bad || !next_frame(w))
            return false;
    }
}
