// SPDX-License-Identifier: Apache-2.0
/* border/seal.c - see seal.h. Invariant: no nonce is chosen by anything but place and value.
 * Not here: whose key (keystore.c), what is normal (normalise.c).                       */
#include "border/seal.h"

#include <sodium.h>
#include <string.h>

#define SIV_BYTES 8u
#define PLACE_BYTES 16u
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(SIV_BYTES + TAG_BYTES == TB_SEAL_OVERHEAD, "the header tells the overhead");
_Static_assert(SIV_BYTES + PLACE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "synthetic bytes and place fill the nonce");
_Static_assert(TB_BLIND_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "one key size");

static void put_le(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void place_bytes(const struct tb_seal_place *place, uint8_t p[PLACE_BYTES])
{
    put_le(p, place->tenant, 4);
    put_le(p + 4, place->field, 4);
    put_le(p + 8, place->number, 8);
}

/* The place is the salt; the purpose keeps this use of the key apart from the cipher's. */
static void synthetic(const uint8_t key[TB_SEAL_KEY_BYTES], const uint8_t place[PLACE_BYTES], struct tb_str value,
                      uint8_t out[SIV_BYTES])
{
    static const uint8_t purpose[crypto_generichash_blake2b_PERSONALBYTES] = "tongbao-siv-1";
    uint8_t digest[crypto_generichash_blake2b_BYTES_MIN];
    _Static_assert(PLACE_BYTES == crypto_generichash_blake2b_SALTBYTES, "the place is the salt");
    int r = crypto_generichash_blake2b_salt_personal(digest, sizeof digest, (const uint8_t *)value.p, value.n, key,
                                                     TB_SEAL_KEY_BYTES, place, purpose);
    tb_assert(r == 0);
    memcpy(out, digest, SIV_BYTES);
}

void tb_seal(const uint8_t key[TB_SEAL_KEY_BYTES], const struct tb_seal_place *place, struct tb_str value, uint8_t *out)
{
    uint8_t nonce[SIV_BYTES + PLACE_BYTES];
    unsigned long long n;
    tb_assert(value.n <= TB_SEAL_VALUE_MAX);
    uint8_t *at = nonce + SIV_BYTES;
    place_bytes(place, at);
    synthetic(key, at, value, nonce);
    memcpy(out, nonce, SIV_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + SIV_BYTES, &n, (const uint8_t *)value.p, value.n, at,
                                               PLACE_BYTES, NULL, nonce, key);
    tb_assert(n == value.n + TAG_BYTES);
}

bool tb_seal_open(const uint8_t key[TB_SEAL_KEY_BYTES], const struct tb_seal_place *place, struct tb_str sealed,
                  char *out)
{
    uint8_t nonce[SIV_BYTES + PLACE_BYTES];
    unsigned long long n;
    if (sealed.n < TB_SEAL_OVERHEAD)
        return false;
    memcpy(nonce, sealed.p, SIV_BYTES);
    place_bytes(place, nonce + SIV_BYTES);
    const uint8_t *cipher = (const uint8_t *)sealed.p + SIV_BYTES;
    return crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)out, &n, NULL, cipher, sealed.n - SIV_BYTES,
                                                      nonce + SIV_BYTES, PLACE_BYTES, nonce, key) == 0;
}

struct tb_blind tb_blind_index(const uint8_t key[TB_BLIND_KEY_BYTES], uint32_t namespace_no, struct tb_str value)
{
    uint8_t message[4 + TB_BLIND_VALUE_MAX];
    struct tb_blind index;
    tb_assert(value.n <= TB_BLIND_VALUE_MAX);
    put_le(message, namespace_no, 4);
    if (value.n)
        memcpy(message + 4, value.p, value.n);
    _Static_assert(sizeof index.b == crypto_shorthash_siphashx24_BYTES, "128 bits");
    crypto_shorthash_siphashx24(index.b, message, 4 + value.n, key);
    return index;
}
