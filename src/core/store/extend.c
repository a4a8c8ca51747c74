// SPDX-License-Identifier: Apache-2.0
/* Several sections of a block grow in one layout. See txn.h. */
#include "core/store/txn.h"

#include <string.h>

static struct tb_block *extended(struct tb_store *s, struct tb_block *b, const uint16_t *more)
{
    const struct tb_shape *shape = &s->shape[b->kind];
    uint16_t n[TB_SECTIONS_MAX] = {0};
    for (uint32_t i = 0; i < shape->section_n; i++) {
        tb_assert((uint32_t)b->n[i] + more[i] <= TB_SECTION_ELEMENTS_MAX);
        n[i] = (uint16_t)(b->n[i] + more[i]);
    }
    struct tb_block *to = tb_block_create_sized(&s->pool, shape, b->kind, b->id, n);
    to->written_command = b->written_command;
    to->written_batch = b->written_batch;
    memcpy(to + 1, b + 1, shape->head_bytes);
    const uint8_t *from = (const uint8_t *)(b + 1) + shape->head_bytes;
    uint8_t *at = (uint8_t *)(to + 1) + shape->head_bytes;
    for (uint32_t i = 0; i < shape->section_n; i++) {
        uint32_t size = shape->elem_bytes[i];
        if (b->n[i] != 0) {
            memcpy(at, from, (size_t)b->n[i] * size);
            from += (size_t)tb_block_capacity(b->n[i], size) * size;
        }
        if (n[i] != 0)
            at += (size_t)tb_block_capacity(n[i], size) * size;
    }
    tb_block_destroy(&s->pool, shape, b);
    return to;
}

struct tb_block *tb_extend(struct tb_txn *t, uint32_t kind, uint64_t id, const uint16_t *more)
{
    struct tb_block *b = extended(t->store, tb_write(t, kind, id), more);
    tb_store_moved(t->store, b);
    return b;
}
