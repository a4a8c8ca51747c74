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

/* Codes and keys are short: comparing them here costs less than going to memcmp. */
static inline uint64_t eight(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool same(const char *a, const char *b, uint32_t n)
{
    if (n < 8) {
        for (uint32_t i = 0; i < n; i++)
            if (a[i] != b[i])
                return false;
        return true;
    }
    for (uint32_t i = 0; i + 8 < n; i += 8)
        if (eight(a + i) != eight(b + i))
            return false;
    return eight(a + n - 8) == eight(b + n - 8); /* some of them once more */
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

static __attribute__((noinline)) uint64_t hash_and_keep(const struct tb_txn *t, uint32_t tenant, enum tb_map_name map,
                                                        struct tb_str text)
{
    tb_assert(t->env != NULL);
    uint64_t key = tb_hash_text(&t->env->hash_key, tenant, map, text);
    if (t->core != NULL)
        tb_key_known(t->core, tenant, map, text, key);
    return key;
}

uint64_t tb_key_text(const struct tb_txn *t, uint32_t tenant, enum tb_map_name map,
                     struct tb_str text)
{
    struct tb_core *core = t->core;
    const struct tb_cached_text *c = core != NULL ? &core->cache.text[map % TB_CACHE_TEXTS] : NULL;
    if (c != NULL && c->key != 0 && c->map == map && c->tenant == tenant && c->n == text.n &&
        same(c->text, text.p, text.n))
        return c->key;
    return hash_and_keep(t, tenant, map, text);
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
        for (uint32_t i = 0; i < code.n; i++)
            first |= (uint64_t)(uint8_t)code.p[i] << (8 * i);
    }
    uint64_t x = (first ^ ((uint64_t)tenant << 24 | (uint64_t)kind << 16 | code.n)) *
                     UINT64_C(0xff51afd7ed558ccd) + last;
    x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 40) & (TB_CACHE_CODES - 1);
}

uint32_t tb_core_prefetch_code(const struct tb_core *c, uint32_t tenant, enum tb_kind kind,
                               struct tb_str code)
{
    uint32_t place = place_of(tenant, kind, code);
    uint32_t id = code.n ? c->cache.code[place] : 0;
    const struct tb_block *b = id ? tb_store_get_dense(&c->store, kind, id) : NULL;
    if (b == NULL) {
        __builtin_prefetch(&c->cache.unknown[place % TB_CACHE_UNKNOWN]);
        return 0;
    }
    __builtin_prefetch(b); /* the kind's head, then the code among its texts */
    __builtin_prefetch((const char *)b + 64);
    __builtin_prefetch((const char *)b + sizeof *b + c->store.shape[kind].head_bytes);
    return id;
}

static bool known_unknown(const struct tb_txn *t, const struct tb_cached_unknown *u, enum tb_kind kind,
                          struct tb_str code)
{
    return u->changes == t->store->map[TB_MAP_CODE].changes && u->tenant == t->tenant && u->kind == kind &&
           u->n == code.n && same(u->text, code.p, code.n);
}

static void keep_unknown(const struct tb_txn *t, struct tb_cached_unknown *u, enum tb_kind kind, struct tb_str code)
{
    if (code.n > sizeof u->text)
        return;
    u->changes = t->store->map[TB_MAP_CODE].changes;
    u->tenant = t->tenant;
    u->kind = (uint16_t)kind;
    u->n = (uint16_t)code.n;
    memcpy(u->text, code.p, code.n);
}

/* Looks in the maps and remembers what it finds, or that it finds nothing. */
static __attribute__((noinline)) uint32_t find_and_keep(const struct tb_txn *t, enum tb_kind kind, struct tb_str code,
                                                        uint32_t place)
{
    struct tb_core *core = t->core;
    uint32_t id = find_in_maps(t, kind, code);
    if (id != 0)
        core->cache.code[place] = id;
    else
        keep_unknown(t, &core->cache.unknown[place % TB_CACHE_UNKNOWN], kind, code);
    return id;
}

uint32_t tb_find_code(const struct tb_txn *t, enum tb_kind kind, struct tb_str code)
{
    const struct tb_core *core = t->core;
    if (TB_UNLIKELY(core == NULL || kind == TB_KIND_TENANT || kind == TB_KIND_KEY || code.n == 0))
        return find_in_maps(t, kind, code);
    uint32_t place = place_of(t->tenant, kind, code);
    uint32_t id = core->cache.code[place];
    struct tb_block *b = id ? tb_store_get_dense(t->store, kind, id) : NULL;
    if (b != NULL) {
        const struct tb_config *c = tb_config_of(b);
        if (c->tenant == t->tenant && c->code.n == code.n && same(tb_config_text(t, b, c->code).p, code.p, code.n))
            return id;
    }
    if (known_unknown(t, &core->cache.unknown[place % TB_CACHE_UNKNOWN], kind, code))
        return 0;
    return find_and_keep(t, kind, code, place);
}
