// SPDX-License-Identifier: Apache-2.0
/* core/keys.c - from what the outside says to the keys of maps (core/kinds.h).
 *
 * Texts come from outside and are hashed with the cell's key, so that nobody can aim
 * collisions; numbers and blind keys are mixed already or made by us. A tenant, a kind
 * or a map is folded in afterwards, through a bijection, so that equal texts of two
 * tenants meet no more often than chance. 0 is not a key.                              */
#include "core/catalog/catalog.h"

#include <string.h>

static uint64_t not_zero(uint64_t key)
{
    return key ? key : 1;
}

static uint64_t fold(uint64_t hash, uint64_t tenant, uint64_t what)
{
    tb_assert(what < 256);
    return not_zero(tb_mix(hash ^ tb_mix(tenant << 8 | what | UINT64_C(1) << 63)));
}

uint64_t tb_key_code(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                     struct tb_str code)
{
    tb_assert(t->env != NULL);
    return fold(tb_siphash(&t->env->hash_key, code.p, code.n), tenant, kind);
}

uint64_t tb_hash_text(const struct tb_hash_key *key, uint32_t tenant, enum tb_map_name map,
                      struct tb_str text)
{
    return fold(tb_siphash(key, text.p, text.n), tenant, 128u + map);
}

static void keep_text(struct tb_cached_text *c, uint32_t tenant, enum tb_map_name map,
                      struct tb_str text, uint64_t key)
{
    c->key = key;
    c->map = map;
    c->tenant = tenant;
    c->n = text.n;
    if (text.n)
        memcpy(c->text, text.p, text.n);
}

void tb_key_known(struct tb_core *core, uint32_t tenant, enum tb_map_name map, struct tb_str text,
                  uint64_t key)
{
    if (text.n <= TB_CACHE_TEXT_BYTES)
        keep_text(&core->cache.text[map % TB_CACHE_TEXTS], tenant, map, text, key);
}

uint64_t tb_key_text(const struct tb_txn *t, uint32_t tenant, enum tb_map_name map,
                     struct tb_str text)
{
    tb_assert(t->env != NULL);
    struct tb_core *core = t->core;
    if (core == NULL || text.n > TB_CACHE_TEXT_BYTES)
        return tb_hash_text(&t->env->hash_key, tenant, map, text);
    struct tb_cached_text *c = &core->cache.text[map % TB_CACHE_TEXTS];
    if (c->key != 0 && c->map == map && c->tenant == tenant && c->n == text.n &&
        memcmp(c->text, text.p, text.n) == 0)
        return c->key;
    keep_text(c, tenant, map, text, tb_hash_text(&t->env->hash_key, tenant, map, text));
    return c->key;
}

uint64_t tb_key_identifier(uint32_t tenant, uint32_t ns, const uint64_t key[2], uint32_t salt)
{
    uint64_t place = (uint64_t)tenant << 32 | ns;
    return not_zero(tb_mix(key[0] ^ tb_mix(key[1] + salt) ^ tb_mix(place + (uint64_t)1)));
}

uint64_t tb_key_number(uint32_t tenant, uint64_t number)
{
    return not_zero(tb_mix(number ^ tb_mix((uint64_t)tenant << 1 | 1)));
}

static uint32_t find_in_maps(const struct tb_txn *t, enum tb_kind kind, struct tb_str code)
{
    uint32_t tenant = kind == TB_KIND_TENANT ? 0 : t->tenant;
    uint64_t id;
    bool found = kind == TB_KIND_KEY
                     ? tb_map_find(t, TB_MAP_KEY, tb_key_text(t, 0, TB_MAP_KEY, code), &id)
                     : tb_map_find(t, TB_MAP_CODE, tb_key_code(t, tenant, kind, code), &id);
    if (!found)
        return 0;
    struct tb_block *b = tb_read(t, kind, id);
    tb_assert(b != NULL && id <= UINT32_MAX);
    return tb_str_eq(tb_config_text(t, b, tb_config_of(b)->code), code) ? (uint32_t)id : 0;
}

/* Where the code's place in the cache is: its ends and its length tell codes apart well
 * enough, and who aims at one place only loses the cache's help.                        */
static uint32_t place_of(uint32_t tenant, enum tb_kind kind, struct tb_str code)
{
    uint64_t first = 0;
    uint64_t last = 0;
    if (code.n >= 8) {
        memcpy(&first, code.p, 8);
        memcpy(&last, code.p + code.n - 8, 8);
    } else {
        memcpy(&first, code.p, code.n);
    }
    uint64_t x = (first ^ ((uint64_t)tenant << 24 | (uint64_t)kind << 16 | code.n)) *
                     UINT64_C(0xff51afd7ed558ccd) + last;
    x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 40) & (TB_CACHE_CODES - 1);
}

uint32_t tb_core_prefetch_code(const struct tb_core *c, uint32_t tenant, enum tb_kind kind,
                               struct tb_str code)
{
    uint32_t id = code.n ? c->cache.code[place_of(tenant, kind, code)] : 0;
    const struct tb_block *b = id ? tb_store_get(&c->store, kind, id) : NULL;
    if (b == NULL)
        return 0;
    __builtin_prefetch(b); /* the kind's head, then the code among its texts */
    __builtin_prefetch((const char *)b + 64);
    __builtin_prefetch((const char *)b + sizeof *b + c->store.shape[kind].head_bytes);
    return id;
}

uint32_t tb_find_code(const struct tb_txn *t, enum tb_kind kind, struct tb_str code)
{
    struct tb_core *core = t->core;
    if (core == NULL || kind == TB_KIND_TENANT || kind == TB_KIND_KEY || code.n == 0)
        return find_in_maps(t, kind, code);
    uint32_t *cached = &core->cache.code[place_of(t->tenant, kind, code)];
    struct tb_block *b = *cached ? tb_read(t, kind, *cached) : NULL;
    if (b != NULL) {
        const struct tb_config *c = tb_config_of(b);
        if (c->tenant == t->tenant && c->code.n == code.n &&
            memcmp(tb_config_text(t, b, c->code).p, code.p, code.n) == 0)
            return *cached;
    }
    uint32_t id = find_in_maps(t, kind, code);
    if (id != 0)
        *cached = id;
    return id;
}
