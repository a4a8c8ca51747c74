// SPDX-License-Identifier: Apache-2.0
/* border/seal.h - sealing one personal value, and finding it again by a blind index.
 *
 * Sealed value = 8 bytes of synthetic nonce, ciphertext as long as the value, 16 bytes of
 * tag: XChaCha20-Poly1305 under the profile's key (border/keystore.h). The place - tenant,
 * field, number - is part of the nonce and of the authenticated data, so a sealed value
 * copied to another member or field does not open.
 * The nonce is 8 bytes of a keyed BLAKE2b over place and value (the SIV construction,
 * RFC 5297, in spirit): no randomness is needed, sealing again gives the same bytes, and
 * two values under one key share a nonce with a chance of 2^-64 a pair. What shows is
 * whether the same place held the same value before.
 *
 * A blind index is SipHash-2-4 with 128 bits out (Aumasson, Bernstein 2012) over namespace
 * and normalised value under the tenant's key: equal values meet, nobody without the key
 * can try numbers. It is not a secret-keeping hash for anybody who holds the key.
 *
 * Pure: no clock, chance, I/O or allocation. Threads: any.
 * Speed     tests/unit/test_border_keys.c prints it: a phone number seals in 1.1 us, opens in
 *           .8 us, its blind index takes .09 us (2 shared cores of a server).
 * Requires  sodium_init, which opening a key store does; without it libsodium uses its
 *           portable code, correct but slower.                                         */
#ifndef TB_BORDER_SEAL_H
#define TB_BORDER_SEAL_H

#include "base/text.h"
#include "border/keystore.h"

#define TB_SEAL_OVERHEAD 24u
#define TB_SEAL_VALUE_MAX (64u << 10)
#define TB_BLIND_VALUE_MAX 256u

struct tb_seal_place {
    uint32_t tenant;
    uint32_t field;  /* number of the schema */
    uint64_t number; /* whose: profile, person, identifier */
};

/* out: value.n + TB_SEAL_OVERHEAD bytes, not overlapping. value.n <= TB_SEAL_VALUE_MAX
 * (asserted).                                                                         */
void tb_seal(const uint8_t key[TB_SEAL_KEY_BYTES], const struct tb_seal_place *place, struct tb_str value,
             uint8_t *out);

/* out: sealed.n - TB_SEAL_OVERHEAD bytes. False: too short, altered, another key or place;
 * out then holds zeros.                                                               */
TB_MUST_USE bool tb_seal_open(const uint8_t key[TB_SEAL_KEY_BYTES], const struct tb_seal_place *place,
                              struct tb_str sealed, char *out);

struct tb_blind {
    uint8_t b[16];
};

/* value: normalised (border/normalise.h), at most TB_BLIND_VALUE_MAX bytes (asserted). */
struct tb_blind tb_blind_index(const uint8_t key[TB_BLIND_KEY_BYTES], uint32_t namespace_no,
                               struct tb_str value);

#endif
