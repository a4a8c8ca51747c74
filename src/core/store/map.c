// SPDX-License-Identifier: Apache-2.0
#include "core/store/map.h"

#include <string.h>

static struct tb_map_part *part_of(const struct tb_map *m, uint64_t key)
{
    tb_assert(key != 0);
    return (struct tb_map_part *)(uintptr_t)&m->part[key >> 54];
}

static uint32_t home(const struct tb_map_part *p, uint64_t key)
{
    return (uint32_t)((uint64_t)(uint32_t)key * p->cap >> 32);
}

void tb_map_init(struct tb_map *m, struct tb_pool *pool)
{
    memset(m, 0, sizeof *m);
    m->pool = pool;
}

void tb_map_deinit(struct tb_map *m)
{
    for (uint32_t i = 0; i < TB_MAP_PARTS; i++)
        if (m->part[i].cap)
            tb_pool_free(m->pool, m->part[i].slot, (size_t)m->part[i].cap * sizeof *m->part[i].slot);
    memset(m, 0, sizeof *m);
}

/* The slot of the key, or the free one where it would go. cap > n. */
static struct tb_map_slot *find(const struct tb_map_part *p, uint64_t key)
{
    uint32_t i = home(p, key);
    while (p->slot[i].key != 0 && p->slot[i].key != key)
        i = i + 1 == p->cap ? 0 : i + 1;
    return &p->slot[i];
}

bool tb_map_get(const struct tb_map *m, uint64_t key, uint64_t *value)
{
    const struct tb_map_part *p = part_of(m, key);
    if (p->cap == 0)
        return false;
    const struct tb_map_slot *s = find(p, key);
    if (s->key == 0)
        return false;
    *value = s->value;
    return true;
}

/* Parts take turns: the load at which one grows depends on its place, so that equal
 * parts do not all grow in the same batch. */
static bool full(const struct tb_map *m, const struct tb_map_part *p)
{
    uint32_t turn = (uint32_t)(p - m->part) & 15;
    return (uint64_t)(p->n + 1) * 256 > (uint64_t)p->cap * (190 + turn * 2);
}

static void grow(struct tb_map *m, struct tb_map_part *p)
{
    struct tb_map_part fresh = {.cap = p->cap ? p->cap + p->cap / 3 + 4 : 4, .n = p->n};
    size_t bytes = (size_t)fresh.cap * sizeof *fresh.slot;
    fresh.slot = tb_pool_alloc(m->pool, bytes);
    memset(fresh.slot, 0, bytes);
    for (uint32_t i = 0; i < p->cap; i++)
        if (p->slot[i].key)
            *find(&fresh, p->slot[i].key) = p->slot[i];
    if (p->cap)
        tb_pool_free(m->pool, p->slot, (size_t)p->cap * sizeof *p->slot);
    *p = fresh;
}

void tb_map_put(struct tb_map *m, uint64_t key, uint64_t value)
{
    struct tb_map_part *p = part_of(m, key);
    if (full(m, p))
        grow(m, p);
    struct tb_map_slot *s = find(p, key);
    if (s->key == 0) {
        p->n++;
        m->n++;
        m->changes++;
    }
    s->key = key;
    s->value = value;
}

bool tb_map_remove(struct tb_map *m, uint64_t key)
{
    struct tb_map_part *p = part_of(m, key);
    if (p->cap == 0)
        return false;
    struct tb_map_slot *s = find(p, key);
    if (s->key == 0)
        return false;
    uint32_t hole = (uint32_t)(s - p->slot);
    for (uint32_t i = hole;;) {
        i = i + 1 == p->cap ? 0 : i + 1;
        if (p->slot[i].key == 0)
            break;
        /* an entry may move back into the hole unless its home lies after the hole */
        uint32_t h = home(p, p->slot[i].key);
        bool stays = hole <= i ? h > hole && h <= i : h > hole || h <= i;
        if (!stays) {
            p->slot[hole] = p->slot[i];
            hole = i;
        }
    }
    p->slot[hole] = (struct tb_map_slot){0};
    p->n--;
    m->n--;
    m->changes++;
    return true;
}

bool tb_map_next(const struct tb_map *m, uint64_t *at, uint64_t *key, uint64_t *value)
{
    uint64_t part = *at >> 32;
    uint64_t i = (uint32_t)*at;
    for (; part < TB_MAP_PARTS; part++, i = 0) {
        const struct tb_map_part *p = &m->part[part];
        for (; i < p->cap; i++) {
            if (p->slot[i].key == 0)
                continue;
            *key = p->slot[i].key;
            *value = p->slot[i].value;
            *at = part << 32 | (i + 1);
            return true;
        }
    }
    *at = part << 32;
    return false;
}
