// SPDX-License-Identifier: Apache-2.0
/* core/cache.h - what the rooms remember between commands because finding it again costs more.
 *
 * Nothing here is state: an entry is a function of what stands in blocks, and it is checked
 * against the block (its fingerprint, its text) on every use. Undo, replay and loading
 * therefore need not know of it, and emptying it at any time changes no answer.
 *
 * Every table is direct-mapped: a newcomer takes the place of whoever was there. Zeroed =
 * empty. The cell's thread alone. Not here: keys, counters, anything that is journaled.   */
#ifndef TB_CORE_CACHE_H
#define TB_CORE_CACHE_H

#include "base/civil.h"

#define TB_CACHE_TENANTS 64u /* powers of two */
#define TB_CACHE_CODES 16384u /* a large shop's assortment: 64 KiB */
#define TB_CACHE_UNKNOWN 2048u /* 128 KiB, of which only what is sold is touched */
#define TB_CACHE_UNKNOWN_BYTES 48u
#define TB_CACHE_UNITS 64u
#define TB_CACHE_TEXTS 8u
#define TB_CACHE_TEXT_BYTES 64u
#define TB_CACHE_SCOPES 16384u /* a large shop's assortment: 1.2 MiB, of which only what is sold is touched */
#define TB_CACHE_SLOTS 6u      /* of an offer's scope: TB_SCOPE_SLOTS */

/* The tenant's zone, and the day that was asked for last: [from_ms, until_ms) lies in it and
 * has one offset from UTC. */
struct tb_cached_tenant {
    uint32_t tenant; /* 0 = empty */
    int32_t day;
    uint64_t content; /* of the tenant block that names the zone */
    const struct tb_zone *zone;
    int64_t from_ms;
    int64_t until_ms;
};

/* A code that led nowhere when that many keys had come to the map of codes, or gone from it (struct tb_map): as long as
 * no more have, it still does. A till may sell what the catalog does not know, the same goods every day. */
struct tb_cached_unknown {
    uint64_t changes; /* 0 = empty */
    uint32_t tenant;
    uint16_t kind;
    uint16_t n;
    char text[TB_CACHE_UNKNOWN_BYTES];
};

/* Whether some live campaign of the tenant has a hold-out. offers: of the numbers of all live offers, in their order;
 * an offer's never changes. */
struct tb_cached_holdout {
    uint64_t offers; /* 0 = empty */
    uint32_t tenant;
    bool any;
};

/* What becomes available within [from_ms, until_ms) expires at due_ms. */
struct tb_cached_expiry {
    uint32_t unit; /* 0 = empty */
    uint32_t tenant;
    uint64_t content; /* of the unit block */
    int64_t from_ms;
    int64_t until_ms;
    int64_t due_ms;
};

/* The key of a text: deciding and applying ask for the same one. */
struct tb_cached_text {
    uint64_t key; /* 0 = empty */
    uint32_t map;
    uint32_t tenant;
    uint32_t n;
    char text[TB_CACHE_TEXT_BYTES];
};

/* In which of up to 64 offers a product is, by slot: bit i of in[slot] = offer i. */
struct tb_cached_scope {
    uint64_t mark;    /* of those offers, in their order; 0 = empty */
    uint64_t content; /* of the product block; 0: the catalog does not know the goods */
    uint64_t in[TB_CACHE_SLOTS];
    uint32_t product;
    uint32_t zero;
};

struct tb_core_cache {
    struct tb_cached_tenant tenant[TB_CACHE_TENANTS];
    /* Where a code led to, 0 = empty; the block's own code tells whether it still does. */
    uint32_t code[TB_CACHE_CODES];
    struct tb_cached_unknown unknown[TB_CACHE_UNKNOWN];
    struct tb_cached_holdout holdout[TB_CACHE_TENANTS];
    struct tb_cached_expiry expiry[TB_CACHE_UNITS];
    /* The roll-forward block of a unit that was written last; its head names unit and day. */
    uint32_t unit_day[TB_CACHE_UNITS];
    struct tb_cached_text text[TB_CACHE_TEXTS]; /* [map % TB_CACHE_TEXTS] */
    struct tb_cached_scope scope[TB_CACHE_SCOPES];
};

#endif
