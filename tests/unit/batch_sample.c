// SPDX-License-Identifier: Apache-2.0
/* Reads a batch body from standard input with the journal's own readers, field by field,
 * and writes it again with the journal's own writers to standard output. test_protoc.py
 * lets protoc make the input and read the output. Exit 1 when something does not decode. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/entry.h"
#include "engine/port_journal.h"
#include "event_list.gen.h"
#include "events.gen.h"

#define EVENT_FIELD 15u
#define ARENA_BYTES (16u << 20)

/* Event { NUMBER { fields } } as Entry.event. */
static void put_event(struct tb_buf *out, uint32_t number, struct tb_str body)
{
    static uint8_t region[TB_BATCH_BYTES_MAX];
    struct tb_buf event;
    tb_buf_init(&event, region, sizeof region);
    tb_wire_put_bytes(&event, number, body);
    tb_wire_put_bytes(out, EVENT_FIELD, tb_buf_as_str(&event));
}

#define AGAIN(number, name)                                                  \
    case number: {                                                           \
        struct tb_ev_##name m;                                               \
        if (!tb_ev_##name##_decode(body, arena, &m))                         \
            return false;                                                    \
        tb_ev_##name##_encode(&b, &m);                                       \
        put_event(out, number, tb_buf_as_str(&b));                           \
        return !b.overflowed && b.n == tb_ev_##name##_size(&m);              \
    }

static bool event_again(struct tb_buf *out, uint32_t type, struct tb_str body, struct tb_arena *arena)
{
    static uint8_t region[TB_BATCH_BYTES_MAX];
    struct tb_buf b;
    tb_buf_init(&b, region, sizeof region);
    switch (type) {
        EVENT_LIST(AGAIN)
    default:
        return false;
    }
}

static bool entry_again(struct tb_batch_writer *w, struct tb_entry *e, struct tb_arena *arena)
{
    static uint8_t region[TB_BATCH_BYTES_MAX];
    struct tb_str list = e->bytes;
    struct tb_str body;
    struct tb_buf events;
    uint32_t type;
    bool bad = false;
    tb_buf_init(&events, region, sizeof region);
    while (tb_event_next(&list, &type, &body, &bad)) {
        tb_arena_reset(arena);
        if (!event_again(&events, type, body, arena)) {
            (void)fprintf(stderr, "event %u does not decode\n", type);
            return false;
        }
    }
    e->bytes = tb_buf_as_str(&events);
    tb_batch_entry(w, e);
    return !bad && !events.overflowed;
}

int main(void)
{
    static uint8_t in[TB_BATCH_BYTES_MAX];
    static uint8_t out[TB_BATCH_BYTES_MAX];
    struct tb_str body = {(const char *)in, (uint32_t)fread(in, 1, sizeof in, stdin)};
    struct tb_batch_walk walk;
    struct tb_batch_writer writer;
    struct tb_entry e;
    struct tb_arena arena;
    tb_arena_init(&arena, malloc(ARENA_BYTES), ARENA_BYTES);
    tb_batch_walk(&walk, body);
    tb_batch_begin(&writer, out, sizeof out);
    while (tb_batch_next(&walk, &e))
        if (!entry_again(&writer, &e, &arena))
            return 1;
    tb_batch_end(&writer);
    free(arena.base);
    if (walk.bad) {
        (void)fprintf(stderr, "not a batch\n");
        return 1;
    }
    return fwrite(writer.out.p, 1, writer.out.n, stdout) == writer.out.n ? 0 : 1;
}
