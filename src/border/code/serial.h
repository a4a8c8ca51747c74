// SPDX-License-Identifier: Apache-2.0
/* border/code/serial.h - the code on an item: 15 symbols that stand for (batch, serial).
 *
 * 14 symbols of Crockford's base 32 are the number batch * 2^40 + serial, enciphered with FF1
 * (AES-256, radix 32) under the tenant's key; the 15th is a check symbol. So a code is
 * computed, never stored, and decodes without a table; two codes of a batch have nothing in
 * common that anybody without the key could see.
 *
 * Guessing   a well-formed code names something that was printed with a chance of
 *            (codes printed by the tenant) / 2^70, as if codes were random:
 *              printed          10^6       10^8       10^9       10^10
 *              one guess hits   8.5e-16    8.5e-14    8.5e-13    8.5e-12
 *            The check symbol is no part of that: whoever guesses can compute it. A limit of
 *            guesses (core/code/code.h) keeps attempts few; the chance alone makes 1,000
 *            guesses a second for a year at 10^9 printed codes find .03 codes.
 * Check      weights g^0 .. g^14 over GF(32), g = 2 modulo x^5 + x^2 + 1: one Reed-Solomon
 *            parity. g has order 31, so that every single wrong symbol, and every exchange of
 *            two different symbols, neighbours or not, is found. Others pass 1 in 32.
 * Key        derived from the key store's root (tb_keystore_code_key), one a tenant and for
 *            ever: a printed code cannot be printed again. docs/design/0010-codes.md.
 * Spelling   read in any case, I and L as 1, O as 0, hyphens, dashes and spaces anywhere,
 *            full-width forms as an input method types them. U is no symbol.
 * Threads    a coder is one thread's at a time. No allocation after open.
 * Not here   whether such a code is in force: that is the state's (core/code/code.h).        */
#ifndef TB_BORDER_CODE_SERIAL_H
#define TB_BORDER_CODE_SERIAL_H

#include "base/text.h"
#include "border/code/ff1.h"

#define TB_SERIAL_SYMBOLS 15u
#define TB_SERIAL_GROUPED 18u /* "0123-4567-89AB-CDE" */
#define TB_SERIAL_TEXT_MAX 128u
#define TB_SERIAL_BATCH_MAX ((1u << 30) - 1)
#define TB_SERIAL_KEY_BYTES 32u

/* batch 0: nothing that was ever printed. */
struct tb_serial {
    uint32_t batch;
    uint32_t serial;
};

struct tb_serial_coder {
    struct tb_ff1 ff1;
};

/* In order of precedence. None of them says anything about what was printed. */
enum tb_serial_answer {
    TB_SERIAL_READ = 0,
    TB_SERIAL_SYMBOL, /* something that is no symbol, or not UTF-8 */
    TB_SERIAL_LENGTH, /* not 15 symbols */
    TB_SERIAL_CHECK,  /* mistyped */
};

/* False: OpenSSL refuses. tenant is part of the tweak. */
TB_MUST_USE bool tb_serial_open(struct tb_serial_coder *c, const uint8_t key[TB_SERIAL_KEY_BYTES],
                                uint32_t tenant, struct tb_fault *fault);
void tb_serial_close(struct tb_serial_coder *c);

/* Requires 1 <= batch <= TB_SERIAL_BATCH_MAX (asserted). Not zero-terminated. */
void tb_serial_print(struct tb_serial_coder *c, const struct tb_serial *serial, uint32_t n,
                     char (*out)[TB_SERIAL_SYMBOLS]);
void tb_serial_group(const char code[TB_SERIAL_SYMBOLS], char out[TB_SERIAL_GROUPED]);

/* Without the key: spelling and check symbol alone. code: upper-case ASCII when READ. */
TB_MUST_USE enum tb_serial_answer tb_serial_spell(struct tb_str text, char code[TB_SERIAL_SYMBOLS]);
/* code as tb_serial_spell gives it (asserted). Enciphered numbers that no batch has, or that
 * lie beyond every batch, come out as batch 0 or as a batch that the state does not know.    */
void tb_serial_decode(struct tb_serial_coder *c, const char (*code)[TB_SERIAL_SYMBOLS], uint32_t n,
                      struct tb_serial *out);

#endif
