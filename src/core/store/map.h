// SPDX-License-Identifier: Apache-2.0
/* core/store/map.h - 64-bit key to 64-bit value, growing a small part at a time.
 *
 * Keys are already well mixed (keyed hashes, or tb_mix of a number); 0 is not a key.
 * The map is split into 1,024 parts that grow one by one, so that no insertion stops
 * the cell for more than a part's rehash. Open addressing, linear probing, backward
 * shift on removal. Not thread-safe.                                                 */
#ifndef TB_CORE_STORE_MAP_H
#define TB_CORE_STORE_MAP_H

#include "core/store/pool.h"

#define TB_MAP_PARTS 1024

struct tb_map_slot {
    uint64_t key;
    uint64_t value;
};

struct tb_map_part {
    struct tb_map_slot *slot;
    uint32_t cap;
    uint32_t n;
};

struct tb_map {
    struct tb_pool *pool;
    uint64_t n;
    uint64_t changes; /* keys that came or went, ever: while it stands, what was absent is absent */
    struct tb_map_part part[TB_MAP_PARTS];
};

/* SplitMix64's finaliser (Steele, Lea, Flood 2014); a bijection, and 0 maps to 0. */
static inline uint64_t tb_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void tb_map_init(struct tb_map *m, struct tb_pool *pool);
void tb_map_deinit(struct tb_map *m);
/* False when absent; *value then stays. */
bool tb_map_get(const struct tb_map *m, uint64_t key, uint64_t *value);
void tb_map_put(struct tb_map *m, uint64_t key, uint64_t value);
/* True when it was there. */
bool tb_map_remove(struct tb_map *m, uint64_t key);
static inline void tb_map_prefetch(const struct tb_map *m, uint64_t key)
{
    const struct tb_map_part *p = &m->part[key >> 54];
    if (p->cap)
        __builtin_prefetch(&p->slot[(uint64_t)(uint32_t)key * p->cap >> 32]);
}

/* Walks all entries; *at starts at 0 and is opaque. */
bool tb_map_next(const struct tb_map *m, uint64_t *at, uint64_t *key, uint64_t *value);

#endif
