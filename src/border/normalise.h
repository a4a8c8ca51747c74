// SPDX-License-Identifier: Apache-2.0
/* border/normalise.h - one spelling for every identifier, and the values that identify
 * nobody.
 *
 * Full-width forms are folded and white space at both ends is dropped in every kind.
 *   phone     E.164 ("+8613912345678"). Spaces, dashes, dots, brackets and slashes inside
 *             are dropped; "00" means "+". Without either the given country code is put
 *             in front; a bare "86139..." counts as it means. For +86 the number must be a
 *             mobile or a fixed line with area code, for +1 a North American number; other
 *             countries have an assigned code and 7-15 digits in all.
 *   email     lower case, NFC; no alias tricks (dots and "+tag" stay: only the mailbox's
 *             owner knows what they mean).
 *   mac       12 hex digits, upper case, without separators.
 *   card      upper case.
 *   generic   NFC; case stays.
 * Pure but for ICU's data; no allocation of its own. Threads: any.
 * Limits    128 bytes after normalising, email 254.                                     */
#ifndef TB_BORDER_NORMALISE_H
#define TB_BORDER_NORMALISE_H

#include "base/text.h"

#define TB_IDENTIFIER_BYTES_MAX 254u

enum tb_identifier_kind {
    TB_IDENTIFIER_GENERIC = 0,
    TB_IDENTIFIER_PHONE,
    TB_IDENTIFIER_EMAIL,
    TB_IDENTIFIER_MAC,
    TB_IDENTIFIER_CARD,
};

/* In order of precedence. */
enum tb_normal_answer {
    TB_NORMAL_DONE = 0,
    TB_NORMAL_NOT_UTF8,
    TB_NORMAL_TOO_LONG,   /* given or normalised */
    TB_NORMAL_EMPTY,
    TB_NORMAL_IMPOSSIBLE, /* control characters, or no such phone number, address ... */
};

/* country: the country code for phones without one, as "86"; NULL = "86". The value is
 * appended to out, which is left as it was unless the answer is DONE.                   */
TB_MUST_USE enum tb_normal_answer tb_normalise(enum tb_identifier_kind kind, struct tb_str given,
                                               const char *country, struct tb_buf *out);

/* True for values that systems and people put where they have none: empty, only zeros and
 * separators, -1, null, undefined, none, nan, n/a, test, guest, anonymous, unknown, true,
 * false, [object object], 13800138000, 12345678901, one digit throughout, the broadcast
 * address and the one that phones show instead of their own. Takes the value as given or
 * normalised; case does not matter. One digit throughout counts from 6 digits on: "7" and
 * "11" are customer numbers of small shops.                                             */
bool tb_identifier_blocked(enum tb_identifier_kind kind, struct tb_str value);

/* True for a locally administered MAC (normalised): what a phone invents for each network. */
bool tb_mac_is_random(struct tb_str mac);

#endif
