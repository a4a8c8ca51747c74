// SPDX-License-Identifier: Apache-2.0
/* border/code/ff1.h - FF1: a keyed permutation of numeral strings of any radix.
 *
 * NIST SP 800-38G (2016), algorithms 7 and 8, over AES of OpenSSL. A text of n numerals is
 * handled as the two numbers of its halves: a = NUM of the first n / 2 numerals, b = NUM of
 * the rest. A round is one AES block, whatever the tweak: the CBC-MAC over everything that
 * does not change is computed once. Texts go through in groups, so that the AES unit works
 * on many blocks at once.
 *
 * Ownership  init and deinit; deinit wipes. No allocation besides OpenSSL's cipher context.
 * Threads    one at a time; a thread that wants its own makes its own (init takes some us).
 * Limits     radix 2 .. 65536, radix^(n - n/2) < 2^63 and radix^n >= 10^6 (the standard's least
 *            domain, of the draft of revision 1 too), tweak at most TB_FF1_TWEAK_MAX bytes.
 * Not here   FF3: broken twice, and dropped by the draft of 2025.                          */
#ifndef TB_BORDER_CODE_FF1_H
#define TB_BORDER_CODE_FF1_H

#include "base/fault.h"

#define TB_FF1_TWEAK_MAX 64u
#define TB_FF1_ROUNDS 10u

struct tb_ff1_setup {
    const uint8_t *key;
    uint32_t key_bytes; /* 16, 24 or 32 */
    const uint8_t *tweak;
    uint32_t tweak_n;
    uint32_t radix;
    uint32_t n; /* numerals of a text, at least 2 */
};

struct tb_ff1 {
    void *aes;         /* EVP_CIPHER_CTX with the key */
    uint8_t chain[16]; /* CBC-MAC of P and of Q without its last block */
    uint8_t last[16];  /* Q's last block with round and number still 0 */
    uint64_t mod[2];   /* radix^(n/2), radix^(n - n/2) */
    uint32_t b;        /* bytes of a half's number */
    uint32_t d;        /* bytes of the round's output */
};

struct tb_ff1_text {
    uint64_t a;
    uint64_t b;
};

/* False: outside of the limits above (not retryable), or OpenSSL refuses. */
TB_MUST_USE bool tb_ff1_init(struct tb_ff1 *f, const struct tb_ff1_setup *setup,
                             struct tb_fault *fault);
void tb_ff1_deinit(struct tb_ff1 *f);

/* In place. Requires a < mod[0] and b < mod[1] (asserted). */
void tb_ff1_encrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n);
void tb_ff1_decrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n);

#endif
