// SPDX-License-Identifier: Apache-2.0
/* http/vault.c - see vault.h. */
#include "http/vault.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "border/keystore.h"
#include "border/seal.h"

#define RESERVE_AHEAD 65536u
#define SECRET_FIELD (1u << 31)

uint32_t tb_vault_seal(void *user, uint32_t tenant, uint32_t profile, uint32_t number,
                       struct tb_str plain, uint8_t *out)
{
    struct tb_vault *v = user;
    uint8_t key[TB_SEAL_KEY_BYTES];
    struct tb_fault fault = {.text = ""};
    struct tb_seal_place place = {tenant, number, profile};
    enum tb_keystore_answer a = tb_keystore_get(v->keys, profile, key, &fault);
    if (a == TB_KEYSTORE_ABSENT) {
        a = tb_keystore_reserve(v->keys, (uint64_t)profile + RESERVE_AHEAD, &fault);
        if (a == TB_KEYSTORE_DONE)
            a = tb_keystore_get(v->keys, profile, key, &fault);
    }
    if (a == TB_KEYSTORE_ERASED)
        return 0; /* nothing is kept of an erased profile */
    if (a != TB_KEYSTORE_DONE) {
        (void)fprintf(stderr, "key store: %s\n", fault.text);
        abort();
    }
    tb_seal(key, &place, plain, out);
    sodium_memzero(key, sizeof key);
    return plain.n + TB_SEAL_OVERHEAD;
}

static bool open_into(const uint8_t *key, const struct tb_seal_place *place, struct tb_str sealed,
                      struct tb_buf *out)
{
    if (sealed.n < TB_SEAL_OVERHEAD || out->cap - out->n < sealed.n)
        return false;
    if (!tb_seal_open(key, place, sealed, (char *)out->p + out->n))
        return false;
    out->n += sealed.n - TB_SEAL_OVERHEAD;
    return true;
}

bool tb_vault_open(struct tb_vault *v, uint32_t tenant, uint32_t profile, uint32_t number,
                   struct tb_str sealed, struct tb_buf *out)
{
    uint8_t key[TB_SEAL_KEY_BYTES];
    struct tb_fault fault;
    struct tb_seal_place place = {tenant, number, profile};
    if (tb_keystore_get(v->keys, profile, key, &fault) != TB_KEYSTORE_DONE)
        return false;
    bool ok = open_into(key, &place, sealed, out);
    sodium_memzero(key, sizeof key);
    return ok;
}

void tb_vault_blind(const uint8_t blind[16], uint32_t ns, struct tb_str value, uint64_t key[2])
{
    struct tb_blind b = tb_blind_index(blind, ns, value);
    memcpy(key, b.b, sizeof b.b);
}

static void secret_key(struct tb_vault *v, uint32_t tenant, uint8_t key[TB_SEAL_KEY_BYTES])
{
    uint8_t blind[TB_BLIND_KEY_BYTES];
    tb_keystore_blind_key(v->keys, tenant, blind);
    (void)crypto_generichash(key, TB_SEAL_KEY_BYTES, (const unsigned char *)"tongbao webhook", 15, blind,
                             sizeof blind);
}

static struct tb_seal_place secret_place(uint32_t tenant, struct tb_str name)
{
    static const uint8_t zero[TB_BLIND_KEY_BYTES];
    struct tb_blind b = tb_blind_index(zero, 0, name);
    struct tb_seal_place place = {tenant, SECRET_FIELD, 0};
    memcpy(&place.number, b.b, sizeof place.number);
    return place;
}

uint32_t tb_vault_seal_secret(struct tb_vault *v, uint32_t tenant, struct tb_str name,
                              struct tb_str secret, uint8_t *out)
{
    uint8_t key[TB_SEAL_KEY_BYTES];
    struct tb_seal_place place = secret_place(tenant, name);
    secret_key(v, tenant, key);
    tb_seal(key, &place, secret, out);
    sodium_memzero(key, sizeof key);
    return secret.n + TB_SEAL_OVERHEAD;
}

bool tb_vault_open_secret(struct tb_vault *v, uint32_t tenant, struct tb_str name,
                          struct tb_str sealed, struct tb_buf *out)
{
    uint8_t key[TB_SEAL_KEY_BYTES];
    struct tb_seal_place place = secret_place(tenant, name);
    secret_key(v, tenant, key);
    bool ok = open_into(key, &place, sealed, out);
    sodium_memzero(key, sizeof key);
    return ok;
}
