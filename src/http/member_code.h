// SPDX-License-Identifier: Apache-2.0
/* http/member_code.h - the code that a member shows at the till, another one every minute.
 *
 * "M" and 15 symbols of Crockford's base 32: 32 bits of the member's profile under a mask, 43 bits of a keyed
 * hash of tenant, profile and minute (BLAKE2b under the tenant's blind key). A photo of one is worth nothing two
 * minutes later, nothing on it says who she is, and nothing is kept: any process of the cell reads any other's.
 * Limits     a guess hits with 2 in 8.8e12. Within its two minutes a code may be read more than once: it names a
 *            member, it pays nothing.
 * Threads    any.                                                                                  */
#ifndef TB_HTTP_MEMBER_CODE_H
#define TB_HTTP_MEMBER_CODE_H

#include "base/text.h"

#define TB_MEMBER_CODE_BYTES 16u
#define TB_MEMBER_CODE_MS 60000

struct tb_keystore;

/* The code of this minute. */
void tb_member_code_print(struct tb_keystore *keys, uint32_t tenant, uint32_t profile, int64_t now_ms,
                          char code[TB_MEMBER_CODE_BYTES]);
/* False: no code of this minute or the one before. Lower case is read as well. */
TB_MUST_USE bool tb_member_code_read(struct tb_keystore *keys, uint32_t tenant, struct tb_str text, int64_t now_ms,
                                     uint64_t *profile);

#endif
