// SPDX-License-Identifier: Apache-2.0
/* core/play/chance.h - draws that anybody can check, and red packets that add up.
 *
 * Before the first draw a game publishes SHA-256 of its seed (32 bytes) and of its rules'
 * text. Draw number n of one player gives the words
 *
 *   HMAC-SHA-256(seed, "tongbao1" | edition | player | n | block)     block = 0, 1, ...
 *
 * (edition and block 32 bits, player and n 64, all big-endian; each 32-byte result is four
 * big-endian words of 64 bits). The first word below the largest multiple of 1,000,000 that
 * 64 bits hold, modulo 1,000,000, is the ticket: every ticket has exactly the same chance.
 * Prizes lie one behind the other along the tickets, in the order of the rules, each as wide
 * as its weight; weights add up to 1,000,000. When the seed is told, all draws can be worked
 * out again; nobody can foretell one without it, and who has it cannot change one.
 *
 * Pure; any thread. Not here: stock, caps and whatever else turns a ticket into the
 * fallback prize (draw.c).                                                             */
#ifndef TB_CORE_PLAY_CHANCE_H
#define TB_CORE_PLAY_CHANCE_H

#include "base/sha256.h"

#define TB_PPM UINT32_C(1000000)
#define TB_SEED_BYTES 32u

/* A stream of words; ready for one purpose. */
struct tb_chance {
    struct tb_hmac_key key;
    uint8_t message[32]; /* label, edition, player, n, block */
    uint8_t words[TB_SHA256_BYTES];
    uint32_t block;
    uint32_t used; /* words of this block */
};

void tb_chance_init(struct tb_chance *c, const uint8_t seed[TB_SEED_BYTES], uint32_t edition,
                    uint64_t player, uint64_t n);
uint64_t tb_chance_word(struct tb_chance *c);
/* Uniform over 0 .. below - 1, below >= 1 (asserted); by rejection, without any bias. */
uint64_t tb_chance_below(struct tb_chance *c, uint64_t below);

/* The ticket of a draw, 0 .. 999,999. */
uint32_t tb_chance_ticket(const uint8_t seed[TB_SEED_BYTES], uint32_t edition, uint64_t player,
                          uint64_t n);
/* Index of the prize that the ticket falls on; the weights add up to 1,000,000 (asserted). */
uint32_t tb_chance_pick(const uint32_t *ppm, uint32_t n, uint32_t ticket);

/* What the next of m packets gets of the rest: uniform over 1 .. 2 * rest / m - 1, that bound
 * rounded up or down at random so that the mean is rest / m exactly; the last takes what is
 * left. 1 <= m <= rest (asserted); everybody after gets at least 1.                        */
int64_t tb_chance_packet(struct tb_chance *c, int64_t rest, uint32_t m);

#endif
