// SPDX-License-Identifier: Apache-2.0
#include "play_kit.h"

void play_unit(struct fx *f, const char *code, int64_t day_cap)
{
    struct tb_cmd_unit_put in = {.put.code = tb_str_of(code),
                                 .kind = TB_UNIT_POINTS,
                                 .negative = TB_NEGATIVE_UNLIMITED,
                                 .earn_cap = day_cap,
                                 .earn_cap_period = day_cap ? TB_PERIOD_DAY : TB_PERIOD_NONE};
    fx_done(f, TB_OP_UNIT_PUT, &in);
}

struct fx *play_new(bool mirrored)
{
    struct fx *f = mirrored ? fx_new() : fx_bench();
    play_unit(f, "points", 0);
    play_unit(f, "chance", 0);
    play_unit(f, "mug", 0);
    play_unit(f, "stamp", 3);
    play_unit(f, "card", 0);
    return f;
}

uint32_t play_member(struct fx *f, const char *phone)
{
    struct tb_identifier id = fx_id(f, "phone", phone, true);
    return fx_contact(f, &id, 1, f->now_ms);
}

struct tb_who play_who(uint32_t profile)
{
    return (struct tb_who){.profile = profile};
}

void play_adjust(struct fx *f, uint32_t profile, const char *unit, int64_t amount)
{
    struct tb_cmd_adjust in = {.member = play_who(profile),
                               .unit = tb_str_of(unit),
                               .amount = amount,
                               .reason = S("test")};
    fx_done(f, TB_OP_ADJUST, &in);
}

int64_t play_balance(struct fx *f, uint32_t profile, const char *unit)
{
    return tb_ledger_balance(&f->txn, fx_person(f, profile), fx_code(f, TB_KIND_UNIT, unit), f->now_ms).available;
}

struct tb_cmd_game_put play_wheel(struct tb_prize_input prize[PLAY_PRIZES])
{
    prize[0] = (struct tb_prize_input){
        .code = S("mug"), .ppm = 10000, .unit = S("mug"), .amount = 1, .value = 3000, .stock = 5};
    prize[1] = (struct tb_prize_input){.code = S("big"), .ppm = 90000, .unit = S("points"), .amount = 500};
    prize[2] = (struct tb_prize_input){.code = S("some"), .ppm = 400000, .unit = S("points"), .amount = 20};
    prize[3] = (struct tb_prize_input){.code = S("none"), .ppm = 500000};
    return (struct tb_cmd_game_put){.put.code = S("wheel"),
                                    .name = S("Wheel"),
                                    .kind = TB_GAME_DRAW,
                                    .cost_unit = S("points"),
                                    .cost = 10,
                                    .fallback = S("none"),
                                    .prize = prize,
                                    .prize_n = PLAY_PRIZES};
}

void play_open(struct fx *f, const char *game)
{
    struct tb_cmd_game_move in = {.game = tb_str_of(game), .state = TB_GAME_OPEN};
    fx_done(f, TB_OP_GAME_MOVE, &in);
}

struct tb_cmd_play play_in(uint32_t profile, const char *game)
{
    return (struct tb_cmd_play){.who = play_who(profile), .game = tb_str_of(game)};
}

uint32_t play_draw(struct fx *f, uint32_t profile, const char *game)
{
    struct tb_cmd_play in = play_in(profile, game);
    fx_done(f, TB_OP_DRAW, &in);
    return (uint32_t)fx_uint(f, 1, 0) - 1;
}

void play_merge(struct fx *f, uint32_t a, uint32_t b)
{
    struct tb_cmd_link in = {.a = a, .b = b, .kind = TB_LINK_ALWAYS, .reason = S("the same")};
    fx_done(f, TB_OP_LINK, &in);
    assert_int_equal(fx_person_no(f, a), fx_person_no(f, b));
}

void play_part(struct fx *f, uint32_t stays, uint32_t leaves)
{
    uint64_t profile = leaves;
    struct tb_cmd_unmerge in = {
        .who = play_who(stays), .profile = &profile, .profile_n = 1, .reason = S("two people")};
    fx_done(f, TB_OP_UNMERGE, &in);
    assert_int_not_equal(fx_person_no(f, stays), fx_person_no(f, leaves));
}

uint64_t play_rng(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}
