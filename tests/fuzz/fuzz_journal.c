// SPDX-License-Identifier: Apache-2.0
/* Arbitrary bytes as what the data bases give back: batches, entries, events, packed blocks.
 *
 * No crash; what decodes is the same after encoding and decoding it again; what prints is
 * bounded. Nothing is applied: events come from a verified journal, and applying asserts
 * that they make sense. The first byte chooses what the rest is.                        */
#include <stdlib.h>
#include <string.h>

#include "core/kinds.h"
#include "core/schema/schema.h"
#include "engine/entry.h"
#include "event_list.gen.h"
#include "events.gen.h"

#define ARENA_BYTES (1u << 20)
#define PRINT_BYTES (64u << 10)

static uint8_t arena_region[ARENA_BYTES];
static uint8_t print_region[PRINT_BYTES];

/* ---- events -------------------------------------------------------------------------------- */

/* encode(decode(x)) decodes to what encodes the same. */
#define STABLE(number, name)                                                               \
    case number: {                                                                         \
        struct tb_ev_##name m;                                                             \
        struct tb_ev_##name m2;                                                            \
        if (!tb_ev_##name##_decode(body, &a, &m))                                          \
            return;                                                                        \
        size_t n = tb_ev_##name##_size(&m);                                                \
        uint8_t *first = malloc(n + 1);                                                    \
        uint8_t *second = malloc(n + 1);                                                   \
        struct tb_buf b;                                                                   \
        tb_buf_init(&b, first, n);                                                         \
        tb_ev_##name##_encode(&b, &m);                                                     \
        tb_assert(!b.overflowed && b.n == n);                                              \
        tb_arena_reset(&a);                                                                \
        if (tb_ev_##name##_decode(tb_buf_as_str(&b), &a, &m2)) {                           \
            tb_buf_init(&b, second, n);                                                    \
            tb_ev_##name##_encode(&b, &m2);                                                \
            tb_assert(!b.overflowed && b.n == n && memcmp(first, second, n) == 0);         \
        } else {                                                                           \
            tb_assert(n * 16 > ARENA_BYTES / 8); /* only the arena may be too small */     \
        }                                                                                  \
        free(first);                                                                       \
        free(second);                                                                      \
        return;                                                                            \
    }

static void event(uint32_t type, struct tb_str body)
{
    struct tb_arena a;
    struct tb_buf out;
    tb_arena_init(&a, arena_region, sizeof arena_region);
    tb_buf_init(&out, print_region, sizeof print_region);
    if (tb_event_print(&out, type, body, NULL))
        tb_assert(out.overflowed || (out.n >= 2 && out.p[0] == '{' && out.p[out.n - 1] == '}'));
    switch (type) {
        EVENT_LIST(STABLE)
    default:
        return;
    }
}

static void events(struct tb_str list)
{
    uint32_t type;
    struct tb_str body;
    bool bad;
    while (tb_event_next(&list, &type, &body, &bad))
        event(type, body);
}

/* ---- batches -------------------------------------------------------------------------------- */

static bool within(struct tb_str part, struct tb_str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void batch(struct tb_str body)
{
    struct tb_batch_walk w;
    struct tb_entry e;
    uint32_t n = 0;
    tb_batch_walk(&w, body);
    while (tb_batch_next(&w, &e)) {
        tb_assert(within(e.bytes, body) && within(e.answer, body) && within(e.field, body));
        tb_assert(++n <= body.n);
        events(e.bytes);
    }
    tb_assert(!tb_batch_next(&w, &e) || !w.bad);
}

static void entry(struct tb_str bytes)
{
    struct tb_entry e = {0};
    if (tb_entry_read(bytes, &e))
        events(e.bytes);
}

/* ---- packed blocks ----------------------------------------------------------------------------- */

static void *take(void *user, size_t size)
{
    (void)user;
    void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
    tb_assert(p != NULL);
    memset(p, 0, size);
    return p;
}

static void give(void *user, void *region, size_t size)
{
    (void)user;
    (void)size;
    free(region);
}

static void block(uint32_t kind, struct tb_str packed)
{
    static struct tb_pool pool;
    static bool ready;
    const struct tb_shape *s = &tb_shapes[kind];
    if (!ready)
        tb_pool_init(&pool, (struct tb_mem){NULL, take, give});
    ready = true;
    if (s->name == NULL)
        return;
    struct tb_block *b = tb_block_unpack(&pool, s, (uint8_t)kind, 1, packed);
    if (b == NULL)
        return;
    size_t n = tb_block_packed_size(s, b);
    uint8_t *first = malloc(n);
    uint8_t *second = malloc(n);
    struct tb_buf out;
    tb_buf_init(&out, first, n);
    tb_block_pack(s, b, &out);
    tb_assert(!out.overflowed && out.n == n);
    struct tb_block *again = tb_block_unpack(&pool, s, (uint8_t)kind, 1, tb_buf_as_str(&out));
    tb_assert(again != NULL);
    tb_buf_init(&out, second, n);
    tb_block_pack(s, again, &out);
    tb_assert(!out.overflowed && out.n == n && memcmp(first, second, n) == 0);
    tb_block_destroy(&pool, s, b);
    tb_block_destroy(&pool, s, again);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    /* Copied, so that a read behind the end is seen. */
    size_t n = size - 2;
    char *copy = malloc(n + (n == 0));
    if (n)
        memcpy(copy, data + 2, n);
    struct tb_str in = {copy, (uint32_t)n};
    switch (data[0] % 4) {
    case 0: batch(in); break;
    case 1: entry(in); break;
    case 2: event(data[1], in); break;
    default: block(data[1] % TB_KINDS, in); break;
    }
    free(copy);
    return 0;
}
