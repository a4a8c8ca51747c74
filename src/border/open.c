// SPDX-License-Identifier: Apache-2.0
/* The desk: blind keys and zones in one convention. See open.h. */
#include "border/open.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "border/keystore.h"
#include "border/seal.h"
#include "border/zone.h"

#define TENANTS 10001u /* 0 and TB_TENANTS_MAX of core */

/* Blind keys are derived once; who finds two threads deriving one writes the same bytes. */
struct blind_slot {
    _Atomic uint64_t half[2];
    _Atomic bool ready;
};

struct tb_desk {
    struct tb_keystore *ks;
    struct blind_slot blind[TENANTS];
};

struct tb_desk *tb_desk_open(struct tb_keystore *ks)
{
    tb_assert(ks != NULL);
    struct tb_desk *d = calloc(1, sizeof *d);
    if (d != NULL)
        d->ks = ks;
    return d;
}

void tb_desk_close(struct tb_desk *d)
{
    if (d == NULL)
        return;
    sodium_memzero(d->blind, sizeof d->blind);
    free(d);
}

static void blind_key(struct tb_desk *d, uint32_t tenant, uint8_t key[TB_BLIND_KEY_BYTES])
{
    tb_assert(tenant < TENANTS);
    struct blind_slot *slot = &d->blind[tenant];
    uint64_t half[2];
    if (atomic_load_explicit(&slot->ready, memory_order_acquire)) {
        half[0] = atomic_load_explicit(&slot->half[0], memory_order_relaxed);
        half[1] = atomic_load_explicit(&slot->half[1], memory_order_relaxed);
        memcpy(key, half, sizeof half);
        return;
    }
    tb_keystore_blind_key(d->ks, tenant, key);
    memcpy(half, key, sizeof half);
    atomic_store_explicit(&slot->half[0], half[0], memory_order_relaxed);
    atomic_store_explicit(&slot->half[1], half[1], memory_order_relaxed);
    atomic_store_explicit(&slot->ready, true, memory_order_release);
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

struct tb_hash_key tb_desk_hash_key(struct tb_desk *d)
{
    uint8_t key[TB_BLIND_KEY_BYTES];
    blind_key(d, 0, key);
    return (struct tb_hash_key){.k0 = le64(key), .k1 = le64(key + 8)};
}

const struct tb_zone *tb_desk_zone(void *user, struct tb_str name)
{
    (void)user;
    const struct tb_zone *zone;
    struct tb_fault fault;
    return tb_zone_load(name, &zone, &fault) == TB_ZONE_DONE ? zone : NULL;
}

enum tb_normal_answer tb_desk_identifier(struct tb_desk *d, uint32_t tenant, uint32_t ns,
                                         enum tb_identifier_kind kind, struct tb_str given,
                                         const char *country, struct tb_buf *out, uint64_t key[2],
                                         bool *blocked)
{
    size_t start = out->n;
    enum tb_normal_answer answer = tb_normalise(kind, given, country, out);
    if (answer != TB_NORMAL_DONE)
        return answer;
    struct tb_str normal = {(const char *)out->p + start, (uint32_t)(out->n - start)};
    *blocked = tb_identifier_blocked(kind, normal);
    uint8_t tenant_key[TB_BLIND_KEY_BYTES];
    blind_key(d, tenant, tenant_key);
    struct tb_blind blind = tb_blind_index(tenant_key, ns, normal);
    key[0] = le64(blind.b);
    key[1] = le64(blind.b + 8);
    return TB_NORMAL_DONE;
}
