// SPDX-License-Identifier: Apache-2.0
/* Several sections of a block grow in one layout. See txn.h. */
#include "core/store/txn.h"

#include <string.h>

/* What stands before the first section that grows is one copy: of most blocks all that they have. */
static struct tb_block *extended(struct tb_store *s, const struct tb_block *b, const uint16_t *more)
{
    const struct tb_shape *shape = &s->shape[b->kind];
    uint16_t n[TB_SECTIONS_MAX] = {0};
    size_t at[TB_SECTIONS_MAX + 1]; /* where section i will begin */
    size_t from = 0;                /* where the first that grows begins */
    uint32_t first = shape->section_n;
    at[0] = sizeof *b + shape->head_bytes;
    for (uint32_t i = 0; i < shape->section_n; i++) {
        if (more[i] != 0 && first == shape->section_n) {
            first = i;
            from = at[i];
        }
        tb_assert((uint32_t)b->n[i] + more[i] <= TB_SECTION_ELEMENTS_MAX);
        n[i] = (uint16_t)(b->n[i] + more[i]);
        at[i + 1] = at[i] + (size_t)((uint8_t *)tb_block_behind(b, n[i], shape->elem_bytes[i]) - (const uint8_t *)b);
    }
    size_t bytes = at[shape->section_n];
    if (first == shape->section_n)
        from = bytes;
    tb_assert(bytes <= UINT32_MAX && from <= b->bytes);
    struct tb_block *to = tb_pool_alloc(&s->pool, bytes);
    memcpy(to, b, from);
    memset((uint8_t *)to + from, 0, bytes - from);
    for (uint32_t i = first; i < shape->section_n; i++) {
        if (b->n[i] == 0)
            continue;
        memcpy((uint8_t *)to + at[i], (const uint8_t *)b + from, (size_t)b->n[i] * shape->elem_bytes[i]);
        from += (size_t)tb_block_capacity(b->n[i], shape->elem_bytes[i]) * shape->elem_bytes[i];
    }
    memcpy(to->n, n, shape->section_n * sizeof *n);
    to->bytes = (uint32_t)bytes;
    if (shape->section_n > TB_SECTION_HALF)
        tb_block_keep_half(to, at[TB_SECTION_HALF]);
    return to;
}

struct tb_block *tb_extend(struct tb_txn *t, uint32_t kind, uint64_t id, const uint16_t *more)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_write(t, kind, id);
    struct tb_block *to = extended(s, b, more);
    tb_block_destroy(&s->pool, &s->shape[kind], b);
    tb_store_moved(s, to);
    return to;
}
