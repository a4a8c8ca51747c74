// SPDX-License-Identifier: Apache-2.0
/* The desk: blind keys, sealed values, zones and API keys in one convention. */
#include "border/open.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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

struct tb_keystore *tb_desk_keystore(struct tb_desk *d)
{
    return d->ks;
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

const struct tb_zone *tb_desk_zone(void *desk, struct tb_str name)
{
    (void)desk;
    const struct tb_zone *zone;
    struct tb_fault fault;
    return tb_zone_load(name, &zone, &fault) == TB_ZONE_DONE ? zone : NULL;
}

uint32_t tb_desk_seal(void *desk, uint32_t tenant, uint32_t profile, uint32_t number,
                      struct tb_str plain, uint8_t *out)
{
    struct tb_desk *d = desk;
    uint8_t key[TB_KEY_BYTES];
    struct tb_fault fault;
    uint32_t n = plain.n + TB_SEAL_OVERHEAD;
    if (tb_keystore_reserve(d->ks, profile, &fault) != TB_KEYSTORE_DONE ||
        tb_keystore_get(d->ks, profile, key, &fault) != TB_KEYSTORE_DONE) {
        memset(out, 0, n);
        return n;
    }
    struct tb_seal_place place = {.tenant = tenant, .field = number, .number = profile};
    tb_seal(key, &place, plain, out);
    sodium_memzero(key, sizeof key);
    return n;
}

bool tb_desk_unseal(struct tb_desk *d, uint32_t tenant, uint32_t profile, uint32_t number,
                    struct tb_str sealed, struct tb_buf *out)
{
    uint8_t key[TB_KEY_BYTES];
    struct tb_fault fault;
    if (sealed.n < TB_SEAL_OVERHEAD || sealed.n - TB_SEAL_OVERHEAD > out->cap - out->n ||
        tb_keystore_get(d->ks, profile, key, &fault) != TB_KEYSTORE_DONE)
        return false;
    struct tb_seal_place place = {.tenant = tenant, .field = number, .number = profile};
    bool opened = tb_seal_open(key, &place, sealed, (char *)out->p + out->n);
    sodium_memzero(key, sizeof key);
    if (opened)
        out->n += sealed.n - TB_SEAL_OVERHEAD;
    return opened;
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

/* ---- API keys ------------------------------------------------------------------------------ */

static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void put_base32(const uint8_t *bytes, uint32_t n, char *out, uint32_t chars)
{
    uint32_t bits = 0;
    uint32_t held = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < chars; i++) {
        if (held < 5) {
            bits = bits << 8 | (at < n ? bytes[at] : 0);
            at++;
            held += 8;
        }
        held -= 5;
        out[i] = crockford[bits >> held & 31];
    }
}

static void hash_secret(const char *secret, uint8_t hash[TB_TOKEN_HASH_BYTES])
{
    crypto_hash_sha256(hash, (const unsigned char *)secret, TB_TOKEN_SECRET_CHARS);
}

void tb_token_make(char token[TB_TOKEN_CHARS + 1], struct tb_str *code,
                   uint8_t hash[TB_TOKEN_HASH_BYTES])
{
    uint8_t random[10 + 32];
    randombytes_buf(random, sizeof random);
    memcpy(token, "tb_", 3);
    put_base32(random, 10, token + 3, TB_TOKEN_CODE_CHARS);
    token[3 + TB_TOKEN_CODE_CHARS] = '_';
    char *secret = token + 4 + TB_TOKEN_CODE_CHARS;
    put_base32(random + 10, 32, secret, TB_TOKEN_SECRET_CHARS);
    secret[TB_TOKEN_SECRET_CHARS] = 0;
    *code = (struct tb_str){token + 3, TB_TOKEN_CODE_CHARS};
    hash_secret(secret, hash);
    sodium_memzero(random, sizeof random);
}

bool tb_token_read(struct tb_str token, struct tb_str *code, uint8_t hash[TB_TOKEN_HASH_BYTES])
{
    if (token.n != TB_TOKEN_CHARS || memcmp(token.p, "tb_", 3) != 0 ||
        token.p[3 + TB_TOKEN_CODE_CHARS] != '_')
        return false;
    for (uint32_t i = 3; i < token.n; i++)
        if (i != 3 + TB_TOKEN_CODE_CHARS && (token.p[i] == 0 || strchr(crockford, token.p[i]) == NULL))
            return false;
    *code = (struct tb_str){token.p + 3, TB_TOKEN_CODE_CHARS};
    hash_secret(token.p + 4 + TB_TOKEN_CODE_CHARS, hash);
    return true;
}

bool tb_token_hash_eq(const uint8_t a[TB_TOKEN_HASH_BYTES], const uint8_t b[TB_TOKEN_HASH_BYTES])
{
    return sodium_memcmp(a, b, TB_TOKEN_HASH_BYTES) == 0;
}
