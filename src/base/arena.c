// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <string.h>

void tb_arena_init(struct tb_arena *a, void *region, size_t size)
{
    tb_assert(region != NULL || size == 0);
    a->base = region;
    a->used = 0;
    a->size = size;
}

void tb_arena_reset(struct tb_arena *a)
{
    a->used = 0;
}

void *tb_arena_take(struct tb_arena *a, size_t size)
{
    size_t start = (size_t)((((uintptr_t)a->base + a->used + 15) & ~(uintptr_t)15) -
                            (uintptr_t)a->base);
    if (size > a->size || start > a->size - size)
        return NULL;
    void *p = a->base + start;
    a->used = start + size;
    return p;
}

void *tb_arena_alloc(struct tb_arena *a, size_t size)
{
    void *p = tb_arena_take(a, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

void *tb_arena_array(struct tb_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return tb_arena_alloc(a, bytes);
}

size_t tb_arena_mark(const struct tb_arena *a)
{
    return a->used;
}

void tb_arena_release(struct tb_arena *a, size_t mark)
{
    tb_assert(mark <= a->used);
    a->used = mark;
}
