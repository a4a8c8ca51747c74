// SPDX-License-Identifier: Apache-2.0
/* border/open.h - one desk for what stands between plain values and the cell: identifiers
 * become blind keys, zones are found, the cell gets its hash key (the blind key of tenant 0).
 *
 * For doors without a request around them (import, demonstration): the same phone number
 * must be the same key at every door. Sealing and opening are in http/vault.h.
 *
 * Ownership  the key store is the caller's and outlives the desk.
 * Threads    every function, from any thread.                                           */
#ifndef TB_BORDER_OPEN_H
#define TB_BORDER_OPEN_H

#include "base/civil.h"
#include "base/siphash.h"
#include "border/normalise.h"

struct tb_desk;
struct tb_keystore;

/* NULL when there is no memory. */
struct tb_desk *tb_desk_open(struct tb_keystore *ks);
void tb_desk_close(struct tb_desk *d); /* NULL is fine */

/* env.zone of core/env.h; ignores its first argument. */
const struct tb_zone *tb_desk_zone(void *user, struct tb_str name);
struct tb_hash_key tb_desk_hash_key(struct tb_desk *d);

/* Normalises given (appended to out, TB_IDENTIFIER_BYTES_MAX + 1 is room enough) and makes
 * its blind key. *blocked: the value identifies nobody (the key is made all the same).
 * country as in tb_normalise.                                                            */
TB_MUST_USE enum tb_normal_answer tb_desk_identifier(struct tb_desk *d, uint32_t tenant, uint32_t ns,
                                                     enum tb_identifier_kind kind, struct tb_str given,
                                                     const char *country, struct tb_buf *out,
                                                     uint64_t key[2], bool *blocked);

#endif
