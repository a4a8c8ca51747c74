// SPDX-License-Identifier: Apache-2.0
/* http/vault.h - personal values and other secrets under the keys of the key store.
 *
 * One convention of places for everybody who seals or opens: whoever builds a
 * struct tb_core_env passes tb_vault_seal with its vault as user; what answers to people
 * opens with tb_vault_open.
 *   a profile's values   key = the profile's number; place = {tenant, field = number,
 *                        number = profile}
 *   a webhook's secret   key = derived from the tenant's blind key; place = {tenant,
 *                        field = 1 << 31, number = hash of the code}
 * Threads    any. Blocks only when a new range of keys must become durable (one in
 *            thousands of calls) or a block of keys is read from disk.
 * Faults     sealing cannot fail half-way: when the key store's disk fails the process
 *            ends (the journal has the truth, the next start goes on).                  */
#ifndef TB_HTTP_VAULT_H
#define TB_HTTP_VAULT_H

#include "base/text.h"

struct tb_keystore;

struct tb_vault {
    struct tb_keystore *keys; /* the caller's; outlives the vault */
};

/* env.seal of core/env.h, user = struct tb_vault. */
uint32_t tb_vault_seal(void *vault, uint32_t tenant, uint32_t profile, uint32_t number,
                       struct tb_str plain, uint8_t *out);
/* out: sealed.n bytes are enough. False: erased, damaged, or sealed elsewhere. */
TB_MUST_USE bool tb_vault_open(struct tb_vault *vault, uint32_t tenant, uint32_t profile,
                               uint32_t number, struct tb_str sealed, struct tb_buf *out);

/* The blind key of an identifier: what core compares and SQL indexes. blind is
 * tb_keystore_blind_key of the tenant; value is normalised.                            */
void tb_vault_blind(const uint8_t blind[16], uint32_t ns, struct tb_str value, uint64_t key[2]);

uint32_t tb_vault_seal_secret(struct tb_vault *vault, uint32_t tenant, struct tb_str name,
                              struct tb_str secret, uint8_t *out);
TB_MUST_USE bool tb_vault_open_secret(struct tb_vault *vault, uint32_t tenant, struct tb_str name,
                                      struct tb_str sealed, struct tb_buf *out);

#endif
