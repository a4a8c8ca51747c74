// SPDX-License-Identifier: Apache-2.0
/* core/code/bits.h - a set of numbers 0 .. 4095 in as few bytes as it needs.
 *
 * The idea of Roaring bitmaps (Lemire and others, arXiv 1709.07821) for pieces of 2^12: an
 * array of members, a bitmap, or runs, whichever is shortest; on a tie runs, then the array.
 * Smaller pieces than Roaring's 2^16, because a store block is copied when it is written.
 *   ARRAY   16-bit members, ascending                        2 bytes a member
 *   BITMAP  bit i of byte i / 8                              512 bytes
 *   RUNS    pairs of 16-bit numbers first, last, ascending   4 bytes a run
 * Little-endian. The form of a set is a function of its members, so that equal sets are equal
 * byte by byte. Pure; nothing is allocated.                                              */
#ifndef TB_CORE_CODE_BITS_H
#define TB_CORE_CODE_BITS_H

#include "base/assert.h"

#define TB_BITS_RANGE 4096u
#define TB_BITS_BYTES_MAX 512u
#define TB_BITS_WORDS 64u

enum tb_bits_form { TB_BITS_RUNS = 0, TB_BITS_ARRAY, TB_BITS_BITMAP };

struct tb_bits {
    const uint8_t *p; /* NULL when n is 0 */
    uint16_t bytes;
    uint16_t n;    /* members */
    uint16_t runs; /* of members, in every form: kept, so that nobody counts */
    uint8_t form;  /* enum tb_bits_form */
};

/* v < TB_BITS_RANGE (asserted) */
bool tb_bits_has(const struct tb_bits *s, uint32_t v);
/* True when a member lies within from .. last. */
bool tb_bits_meets(const struct tb_bits *s, uint32_t from, uint32_t last);
/* The set with v (on) or without it. out->p is to; s may not lie in to. */
void tb_bits_put(const struct tb_bits *s, uint32_t v, bool on, uint8_t to[TB_BITS_BYTES_MAX],
                 struct tb_bits *out);
/* False when the bytes are not such a set, in the form that it must have. */
TB_MUST_USE bool tb_bits_sound(const struct tb_bits *s);

#endif
