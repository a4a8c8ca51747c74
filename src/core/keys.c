// SPDX-License-Identifier: Apache-2.0
/* core/keys.c - from what the outside says to the keys of maps (core/kinds.h).
 *
 * Texts come from outside and are hashed with the cell's key, so that nobody can aim
 * collisions; numbers and blind keys are mixed already or made by us. A tenant, a kind
 * or a map is folded in afterwards, through a bijection, so that equal texts of two
 * tenants meet no more often than chance. 0 is not a key.                              */
#include "core/catalog/catalog.h"

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

uint64_t tb_key_text(const struct tb_txn *t, uint32_t tenant, enum tb_map_name map,
                     struct tb_str text)
{
    tb_assert(t->env != NULL);
    return tb_hash_text(&t->env->hash_key, tenant, map, text);
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

uint32_t tb_find_code(const struct tb_txn *t, enum tb_kind kind, struct tb_str code)
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
