// SPDX-License-Identifier: Apache-2.0
/* What the tests of the play room share: a cell with units and short forms of commands. */
#ifndef TB_TEST_PLAY_KIT_H
#define TB_TEST_PLAY_KIT_H

#include "core/ledger/ledger.h"
#include "core/play/play.h"
#include "core_fixture.h"

/* A cell with units "points", "chance", "mug" (a gift), "stamp" and "card" (for make-ups). */
struct fx *play_new(bool mirrored);
void play_unit(struct fx *f, const char *code, int64_t day_cap);
/* A member by phone number; plays book to the profile. */
uint32_t play_member(struct fx *f, const char *phone);
struct tb_who play_who(uint32_t profile);
void play_adjust(struct fx *f, uint32_t profile, const char *unit, int64_t amount);
int64_t play_balance(struct fx *f, uint32_t profile, const char *unit);

/* A wheel of four prizes: "mug" (1 mug, 10,000 ppm, stock 5), "big" (500 points, 90,000 ppm),
 * "some" (20 points, 400,000), "none" (nothing, the fallback). Costs 10 points. Not opened. */
#define PLAY_PRIZES 4
struct tb_cmd_game_put play_wheel(struct tb_prize_input prize[PLAY_PRIZES]);
void play_open(struct fx *f, const char *game);
struct tb_cmd_play play_in(uint32_t profile, const char *game);
/* DRAW, DONE and OK: index of the prize given. */
uint32_t play_draw(struct fx *f, uint32_t profile, const char *game);
/* Makes one person of two profiles, and parts them again. */
void play_merge(struct fx *f, uint32_t a, uint32_t b);
void play_part(struct fx *f, uint32_t stays, uint32_t leaves);

uint64_t play_rng(uint64_t *state);

#endif
