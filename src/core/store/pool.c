// SPDX-License-Identifier: Apache-2.0
#include "core/store/pool.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define STEP 16u
#define STEPPED_MAX 1024u
#define STEPS (STEPPED_MAX / STEP)
#define LARGE_BYTES (CHUNK_BYTES / 4)
#define CARVED_MIN ((size_t)4096)

/* Class 0..63: 16..1024 bytes. Above: four classes a doubling. */
static uint32_t class_of(size_t size, size_t *rounded)
{
    if (size <= STEPPED_MAX) {
        uint32_t c = (uint32_t)((size + STEP - 1) / STEP);
        *rounded = (size_t)c * STEP;
        return c - 1;
    }
    uint32_t log = 63 - (uint32_t)__builtin_clzll(size - 1); /* 2^log < size <= 2^(log+1) */
    size_t quarter = (size_t)1 << (log - 2);
    size_t steps = (size - ((size_t)1 << log) + quarter - 1) / quarter; /* 1..4 */
    *rounded = ((size_t)1 << log) + steps * quarter;
    return STEPS + (log - 10) * 4 + (uint32_t)steps - 1;
}

/* What class_of would round to, of a class above the stepped ones. */
static size_t size_of_class(uint32_t c)
{
    uint32_t above = c - STEPS;
    size_t base = (size_t)STEPPED_MAX << above / 4;
    return base + base / 4 * (above % 4 + 1);
}

static void keep(struct tb_pool *p, void *block, uint32_t c)
{
    *(void **)block = p->free[c];
    p->free[c] = block;
}

/* What is left of the old chunk goes to the largest classes that fit. */
static void put_rest_away(struct tb_pool *p)
{
    while (p->chunk_left >= STEP) {
        size_t part = p->chunk_left < STEPPED_MAX ? p->chunk_left / STEP * STEP : STEPPED_MAX;
        size_t rounded;
        keep(p, p->chunk, class_of(part, &rounded));
        p->chunk += part;
        p->chunk_left -= part;
    }
}

/* The next chunk to cut from: the largest freed block before anything new. A map's parts all grow
 * at about the same time, so nobody wants the sizes again that they grew out of.               */
static void next_chunk(struct tb_pool *p, size_t wanted)
{
    size_t rounded;
    put_rest_away(p);
    uint32_t least = class_of(wanted > CARVED_MIN ? wanted : CARVED_MIN, &rounded);
    for (uint32_t c = class_of(LARGE_BYTES, &rounded); c > least; c--) {
        if (p->free[c] == NULL)
            continue;
        p->chunk = p->free[c];
        p->free[c] = *(void **)p->free[c];
        p->chunk_left = size_of_class(c);
        return;
    }
    p->chunk = p->mem.take(p->mem.user, CHUNK_BYTES);
    p->chunk_left = CHUNK_BYTES;
    p->taken_bytes += CHUNK_BYTES;
}

void tb_pool_init(struct tb_pool *p, struct tb_mem mem)
{
    *p = (struct tb_pool){.mem = mem};
}

size_t tb_pool_size(size_t size)
{
    size_t rounded;
    (void)class_of(size, &rounded);
    return rounded;
}

void *tb_pool_alloc(struct tb_pool *p, size_t size)
{
    tb_assert(size > 0);
    size_t rounded;
    uint32_t c = class_of(size, &rounded);
    p->used_bytes += rounded;
    if (rounded > LARGE_BYTES) {
        p->taken_bytes += rounded;
        return p->mem.take(p->mem.user, rounded);
    }
    tb_assert(c < TB_POOL_CLASSES);
    if (p->free[c] != NULL) {
        void *block = p->free[c];
        p->free[c] = *(void **)block;
        __builtin_prefetch(p->free[c], 1); /* nobody has looked at it for long: the next one waits less */
        return block;
    }
    if (p->chunk_left < rounded)
        next_chunk(p, rounded);
    void *block = p->chunk;
    p->chunk += rounded;
    p->chunk_left -= rounded;
    return block;
}

void tb_pool_free(struct tb_pool *p, void *block, size_t size)
{
    size_t rounded;
    uint32_t c = class_of(size, &rounded);
    tb_assert(p->used_bytes >= rounded);
    p->used_bytes -= rounded;
    if (rounded > LARGE_BYTES) {
        p->taken_bytes -= rounded;
        p->mem.give(p->mem.user, block, rounded);
        return;
    }
    keep(p, block, c);
}
