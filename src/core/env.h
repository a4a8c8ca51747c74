// SPDX-License-Identifier: Apache-2.0
/* core/env.h - what the engine lends to a command. Pure functions of their arguments. */
#ifndef TB_CORE_ENV_H
#define TB_CORE_ENV_H

#include "base/civil.h"
#include "base/siphash.h"

struct tb_core_env {
    void *user;
    struct tb_hash_key hash_key; /* the same for the life of the data folder */
    /* A zone by its IANA name; NULL when unknown. Lives as long as the process. */
    const struct tb_zone *(*zone)(void *user, struct tb_str name);
    /* Encrypts a personal value under profile's key. number distinguishes the values of
     * one profile (never used twice with different plain texts). out has room for
     * plain.n + TB_SEAL_OVERHEAD; returns the length.                                 */
    uint32_t (*seal)(void *user, uint32_t tenant, uint32_t profile, uint32_t number,
                     struct tb_str plain, uint8_t *out);
};

#define TB_SEAL_OVERHEAD 24u
/* Longest personal value, in bytes before sealing. */
#define TB_PERSONAL_MAX 256u

#endif
