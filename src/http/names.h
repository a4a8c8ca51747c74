// SPDX-License-Identifier: Apache-2.0
/* http/names.h - members found by name: tokens of forms (border/name.h) under the tenant's blind key.
 *
 * A token is 40 bits of the form's blind index (border/seal.h), as eight letters and digits. The flusher
 * writes those of a profile's names into table member_names; a report looks for those of a query. No
 * name and no form is in SQL; without the key store nobody can make a token to look for.
 * Threads     the port: the flusher's. tb_names_query: any.
 * Cost        the transliterator is opened with the first name that the flusher meets.
 * See docs/design/0021-names.md for what tokens give away.                                      */
#ifndef TB_HTTP_NAMES_H
#define TB_HTTP_NAMES_H

#include "border/keystore.h"
#include "border/name.h"
#include "engine/publish.h"
#include "http/vault.h"

#define TB_NAME_TOKEN_BYTES 8u

struct tb_names;
/* The key store is the caller's and outlives it. NULL: no memory. */
struct tb_names *tb_names_open(struct tb_keystore *keys);
void tb_names_close(struct tb_names *n); /* NULL is fine */
const struct tb_name_port *tb_names_port(struct tb_names *n);

/* Tokens that a row must have, each as TB_NAME_TOKEN_BYTES letters and digits and a zero; 0: the query
 * says too little. blind: tb_keystore_blind_key of the tenant.                                   */
uint32_t tb_names_query(const uint8_t blind[TB_BLIND_KEY_BYTES], struct tb_str query,
                        char token[TB_NAME_QUERY_FORMS_MAX][TB_NAME_TOKEN_BYTES + 1]);

#endif
