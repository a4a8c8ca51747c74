// SPDX-License-Identifier: Apache-2.0
/* base/sha256.h - SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
 *
 * For what core itself must be able to compute and anybody must be able to check: published
 * hashes of seeds and rules, and the draws made from them (core/play/chance.h). Whatever only
 * the border needs uses its libraries. Pure; any thread; no table is secret-dependent. Where the
 * processor has instructions for it they are used (chosen before main).                     */
#ifndef TB_BASE_SHA256_H
#define TB_BASE_SHA256_H

#include "base/text.h"

#define TB_SHA256_BYTES 32u

void tb_sha256(struct tb_str bytes, uint8_t out[TB_SHA256_BYTES]);

/* For tests: one block taken in, as this machine does it and without its own instructions. */
void tb_sha256_block(uint32_t state[8], const uint8_t block[64]);
void tb_sha256_plain(uint32_t state[8], const uint8_t block[64]);

/* A key made ready: two compressions less for every message. Copyable; holds the key's equal. */
struct tb_hmac_key {
    uint32_t inner[8];
    uint32_t outer[8];
};
/* key: at most 64 bytes (asserted). */
void tb_hmac_key_init(struct tb_hmac_key *k, struct tb_str key);
void tb_hmac(const struct tb_hmac_key *k, struct tb_str message, uint8_t out[TB_SHA256_BYTES]);

#endif
