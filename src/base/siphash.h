// SPDX-License-Identifier: Apache-2.0
/* base/siphash.h - SipHash-2-4 (Aumasson, Bernstein 2012) with 64 bits of output.
 *
 * For hash tables and fingerprints whose keys come from outside: without the 128-bit
 * key nobody can aim collisions. Not for secrets that must not be guessed.            */
#ifndef TB_BASE_SIPHASH_H
#define TB_BASE_SIPHASH_H

#include "base/text.h"

struct tb_hash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t tb_siphash(const struct tb_hash_key *key, const void *bytes, size_t n);

#endif
