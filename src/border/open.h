// SPDX-License-Identifier: Apache-2.0
/* border/open.h - one desk for what stands between plain values and the cell: identifiers
 * become blind keys, personal values are sealed and opened, zones are found, API keys are
 * made and read.
 *
 * Every door of the program (HTTP, import, demonstration) uses this desk, so that the same
 * phone number is the same key everywhere and what one door sealed the other can open.
 *
 *   key in the key store   the profile's number
 *   sealed value's place   tenant, field = the value's number within the profile,
 *                          number = the profile
 *   hash key of the cell   the blind key of tenant 0
 *   API key                tb_<16 characters>_<52 characters>, Crockford's base 32 in lower
 *                          case; the first part is the key's code, of the second (256 random
 *                          bits) only SHA-256 over its characters is kept.
 *
 * Ownership  the key store is the caller's and outlives the desk.
 * Threads    every function, from any thread.
 * Not here   who may open what (the doors), when a key is erased.                        */
#ifndef TB_BORDER_OPEN_H
#define TB_BORDER_OPEN_H

#include "base/civil.h"
#include "base/siphash.h"
#include "border/keystore.h"
#include "border/normalise.h"

struct tb_desk;

/* NULL when there is no memory. */
struct tb_desk *tb_desk_open(struct tb_keystore *ks);
void tb_desk_close(struct tb_desk *d); /* NULL is fine */
struct tb_keystore *tb_desk_keystore(struct tb_desk *d);

/* For struct tb_core_env: user is the struct tb_desk. seal reserves the profile's key when
 * it is new, so it may wait for the disk once in some thousand profiles. A profile whose
 * key was erased or cannot be read gets zeros of the right length: its value is lost, never
 * shown. Returns the length written.                                                      */
const struct tb_zone *tb_desk_zone(void *desk, struct tb_str name);
uint32_t tb_desk_seal(void *desk, uint32_t tenant, uint32_t profile, uint32_t number,
                      struct tb_str plain, uint8_t *out);
struct tb_hash_key tb_desk_hash_key(struct tb_desk *d);

/* The plain value is appended to out. False: erased, damaged, or sealed elsewhere. */
TB_MUST_USE bool tb_desk_unseal(struct tb_desk *d, uint32_t tenant, uint32_t profile, uint32_t number,
                                struct tb_str sealed, struct tb_buf *out);

/* Normalises given (appended to out, TB_IDENTIFIER_BYTES_MAX + 1 is room enough) and makes
 * its blind key. *blocked: the value identifies nobody (the key is made all the same).
 * country as in tb_normalise.                                                            */
TB_MUST_USE enum tb_normal_answer tb_desk_identifier(struct tb_desk *d, uint32_t tenant, uint32_t ns,
                                                     enum tb_identifier_kind kind, struct tb_str given,
                                                     const char *country, struct tb_buf *out,
                                                     uint64_t key[2], bool *blocked);

#define TB_TOKEN_CODE_CHARS 16u
#define TB_TOKEN_SECRET_CHARS 52u
#define TB_TOKEN_CHARS (3u + TB_TOKEN_CODE_CHARS + 1u + TB_TOKEN_SECRET_CHARS)
#define TB_TOKEN_HASH_BYTES 32u

/* A new API key from 42 random bytes; token is zero-terminated. code points into it. */
void tb_token_make(char token[TB_TOKEN_CHARS + 1], struct tb_str *code,
                   uint8_t hash[TB_TOKEN_HASH_BYTES]);
/* Cuts a token; code borrows from it. False: not of that form. */
TB_MUST_USE bool tb_token_read(struct tb_str token, struct tb_str *code,
                               uint8_t hash[TB_TOKEN_HASH_BYTES]);
/* In constant time. */
bool tb_token_hash_eq(const uint8_t a[TB_TOKEN_HASH_BYTES], const uint8_t b[TB_TOKEN_HASH_BYTES]);

#endif
