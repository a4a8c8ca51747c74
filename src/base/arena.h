// SPDX-License-Identifier: Apache-2.0
/* base/arena.h - bump allocation with one lifetime.
 *
 * An arena hands out zeroed memory from a region that its owner gave it; nothing is
 * freed alone, the whole is reset. It never grows: when it is full tb_arena_alloc
 * returns NULL and the caller answers "too large". Not thread-safe.
 * Core functions take an arena and own nothing.                                   */
#ifndef TB_BASE_ARENA_H
#define TB_BASE_ARENA_H

#include "base/assert.h"

struct tb_arena {
    uint8_t *base;
    size_t used;
    size_t size;
};

/* region stays the caller's and must outlive the arena. */
void tb_arena_init(struct tb_arena *a, void *region, size_t size);
void tb_arena_reset(struct tb_arena *a);

/* 16-byte aligned, zeroed. NULL when full (also when count * size overflows). */
TB_MUST_USE void *tb_arena_alloc(struct tb_arena *a, size_t size);
/* The same without zeroing it: a workspace whose user writes before it reads. */
TB_MUST_USE void *tb_arena_take(struct tb_arena *a, size_t size);
TB_MUST_USE void *tb_arena_array(struct tb_arena *a, size_t count, size_t size);

/* Marks a point and goes back to it: frees everything allocated since. */
size_t tb_arena_mark(const struct tb_arena *a);
void tb_arena_release(struct tb_arena *a, size_t mark);

#define TB_NEW(arena, type) ((type *)tb_arena_alloc((arena), sizeof(type)))
#define TB_NEW_ARRAY(arena, type, n) ((type *)tb_arena_array((arena), (n), sizeof(type)))

#endif
