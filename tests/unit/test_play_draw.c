// SPDX-License-Identifier: Apache-2.0
/* Draws: answers in order of precedence, odds that stay, stock, caps, pity, across merges. */
#include "play_kit.h"

static const struct tb_game *game_of(struct fx *f, const char *code, struct tb_block **b)
{
    *b = tb_store_get(&f->core.store, TB_KIND_GAME, fx_code(f, TB_KIND_GAME, code));
    return tb_block_head(*b);
}

/* A wheel that costs nothing. */
static struct tb_cmd_game_put free_wheel(struct tb_prize_input *prize)
{
    struct tb_cmd_game_put put = play_wheel(prize);
    put.cost_unit = TB_STR_NONE;
    put.cost = 0;
    return put;
}

static void answers(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    put.condition = S("balance('chance') == 0");
    put.per_day = 3;
    fx_done(f, TB_OP_GAME_PUT, &put);
    uint32_t m = play_member(f, "+8613912340001");
    struct tb_cmd_channel_put channel = {.put.code = S("wechat"), .prize_ceiling = 2999};
    fx_done(f, TB_OP_CHANNEL_PUT, &channel);

    struct tb_cmd_play in = {.who = play_who(4711), .game = S("nothing"), .channel = S("other")};
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_UNKNOWN_GAME, "game");
    in.game = S("wheel");
    fx_refused(f, TB_OP_CHECKIN, &(struct tb_cmd_checkin){.who = in.who, .game = in.game}, TB_CODE_INVALID, "game");
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_UNKNOWN_MEMBER, "member");
    in.who = play_who(m);
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_UNKNOWN_CHANNEL, "channel");
    in.channel = S("wechat");
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_CHANNEL_FORBIDS, "channel"); /* the mug is worth 30.00 */
    in.channel = TB_STR_NONE;
    play_adjust(f, m, "chance", 1);
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_GAME_CLOSED, "game"); /* and not eligible */
    play_open(f, "wheel");
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_NOT_ELIGIBLE, "member"); /* and no points */
    play_adjust(f, m, "chance", -1);
    play_adjust(f, m, "points", 4);
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_INSUFFICIENT, "member");
    assert_int_equal(fx_uint(f, 20, 0), 6); /* by how much */
    assert_true(tb_str_eq(fx_bytes(f, 21, 0), S("points")));
    play_adjust(f, m, "points", 10000);
    for (uint32_t i = 0; i < 3; i++)
        (void)play_draw(f, m, "wheel");
    play_adjust(f, m, "points", -play_balance(f, m, "points"));
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_PLAY_LIMIT, "member"); /* and no points */
    f->now_ms += FX_DAY;
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_INSUFFICIENT, "member");
    fx_free(f);
}

static void bad_wheels(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    prize[2].ppm--;
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_INVALID, "prizes"); /* 999,999 */
    put = play_wheel(prize);
    prize[1].code = S("mug");
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_INVALID, "prizes/1/code");
    put = play_wheel(prize);
    put.fallback = S("mug"); /* it has a stock */
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_INVALID, "fallback");
    put = play_wheel(prize);
    put.pity_after = 3;
    put.pity = S("none");
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_INVALID, "pity");
    put = play_wheel(prize);
    prize[1].unit = S("gold");
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_UNKNOWN_UNIT, "prizes");
    put = play_wheel(prize);
    put.condition = S("balance(");
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_EXPRESSION, "condition");
    fx_free(f);
}

static void published_rules_stay(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    put.seed = (struct tb_str){"a seed of thirty-two bytes, kept", 32};
    fx_done(f, TB_OP_GAME_PUT, &put);
    prize[1].ppm = 80000; /* a draft may still change */
    prize[2].ppm = 410000;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    struct tb_block *b;
    struct tb_game before = *game_of(f, "wheel", &b);
    uint8_t hash[TB_SHA256_BYTES];
    tb_sha256(put.seed, hash);
    assert_memory_equal(before.seed_hash, hash, sizeof hash);
    assert_int_equal(before.edition, 2);

    put.seed = TB_STR_NONE; /* as it was */
    fx_done(f, TB_OP_GAME_PUT, &put);
    assert_int_equal(fx_uint(f, 4, 0), 0);
    put.name = S("Wheel of autumn");
    prize[0].stock = 9;
    fx_done(f, TB_OP_GAME_PUT, &put);
    struct tb_game after = *game_of(f, "wheel", &b);
    assert_int_equal(after.edition, 2);
    assert_memory_equal(before.rules_hash, after.rules_hash, 32);
    prize[0].stock = 8;
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_GAME_OPENED, "");
    prize[0].stock = 9;
    prize[1].ppm--;
    prize[2].ppm++;
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_GAME_OPENED, "");
    prize[1].ppm++;
    prize[2].ppm--;
    put.seed = (struct tb_str){"another seed of thirty-two bytes", 32};
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_GAME_OPENED, "");
    put.seed = TB_STR_NONE;
    put.cost = 11;
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_GAME_OPENED, "");
    fx_free(f);
}

/* Every answer follows from the seed and what the answer says: anybody can do this afterwards. */
static void draws_can_be_checked(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    uint8_t seed[TB_SEED_BYTES] = {5, 5, 5};
    put.seed = (struct tb_str){(const char *)seed, TB_SEED_BYTES};
    prize[0].stock = 2;
    prize[0].ppm = 100000;
    prize[1].ppm = 0;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    const uint32_t ppm[PLAY_PRIZES] = {100000, 0, 400000, 500000};
    uint32_t mugs = 0;
    int64_t points = 100000;
    uint32_t m = play_member(f, "+8613912340001");
    play_adjust(f, m, "points", points);
    for (uint32_t i = 1; i <= 200; i++) {
        uint32_t given = play_draw(f, m, "wheel");
        assert_int_equal(fx_uint(f, 6, 0), i);
        uint32_t ticket = tb_chance_ticket(seed, (uint32_t)fx_uint(f, 10, 0), fx_uint(f, 7, 0), i);
        assert_int_equal(fx_uint(f, 8, 0), ticket);
        uint32_t won = tb_chance_pick(ppm, PLAY_PRIZES, ticket);
        assert_int_equal(fx_uint(f, 2, 0), won + 1);
        bool out = won == 0 && mugs == 2;
        assert_int_equal(given, out ? 3 : won); /* never another prize instead */
        assert_int_equal(fx_uint(f, 3, 0), out ? TB_DRAW_STOCK : TB_DRAW_AS_DRAWN);
        mugs += given == 0;
        points += (given == 2 ? 20 : 0) - 10;
        assert_int_equal(play_balance(f, m, "points"), points);
    }
    assert_int_equal(mugs, 2);
    assert_int_equal(play_balance(f, m, "mug"), 2);
    fx_free(f);
}

/* 300 members on 5 mugs in a certain win: exactly 5, and undone draws take none. */
static void last_prizes(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    put.cost_unit = S("chance");
    put.cost = 1;
    prize[0].ppm = TB_PPM;
    prize[1].ppm = prize[2].ppm = prize[3].ppm = 0;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t wins = 0;
    for (uint32_t i = 0; i < 300; i++) {
        char phone[20];
        snprintf(phone, sizeof phone, "+86139%08u", i);
        uint32_t m = play_member(f, phone);
        struct tb_cmd_play in = play_in(m, "wheel");
        if (i % 3 == 0) {
            fx_refused(f, TB_OP_DRAW, &in, TB_CODE_INSUFFICIENT, "member");
            continue;
        }
        play_adjust(f, m, "chance", 1);
        wins += play_draw(f, m, "wheel") == 0;
        assert_int_equal(play_balance(f, m, "chance"), 0);
    }
    assert_int_equal(wins, 5);
    fx_free(f);
}

static void locks_and_releases(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = free_wheel(prize);
    prize[0] = (struct tb_prize_input){.code = S("mug"), .ppm = TB_PPM, .unit = S("mug"), .amount = 1,
                                       .stock = 100, .unlock = 3, .per_member = 4,
                                       .release_every_ms = FX_DAY, .release_n = 2};
    prize[1].ppm = prize[2].ppm = prize[3].ppm = 0;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t m = play_member(f, "+8613912340001");
    static const struct { int64_t wait_ms; enum tb_draw_why why; } step[] = {
        {0, TB_DRAW_LOCKED},     {0, TB_DRAW_LOCKED},       {0, TB_DRAW_AS_DRAWN},
        {0, TB_DRAW_AS_DRAWN},   {0, TB_DRAW_RELEASE},      {FX_DAY - 1, TB_DRAW_RELEASE},
        {1, TB_DRAW_AS_DRAWN},   {0, TB_DRAW_AS_DRAWN},     {0, TB_DRAW_MEMBER_CAP},
        {2 * FX_DAY, TB_DRAW_MEMBER_CAP},
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(step); i++) {
        f->now_ms += step[i].wait_ms;
        uint32_t given = play_draw(f, m, "wheel");
        assert_int_equal(fx_uint(f, 3, 0), step[i].why);
        assert_int_equal(given, step[i].why == TB_DRAW_AS_DRAWN ? 0 : 3);
    }
    fx_free(f);
}

/* After three misses the fourth draw is the pity prize, over all her profiles, and starts anew. */
static void pity_and_merge(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = free_wheel(prize);
    put.pity_after = 3;
    put.pity = S("big");
    prize[0].ppm = prize[1].ppm = prize[2].ppm = 0;
    prize[3].ppm = TB_PPM;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t a = play_member(f, "+8613912340001");
    uint32_t b = play_member(f, "+8613912340002");
    assert_int_equal(play_draw(f, a, "wheel"), 3);
    assert_int_equal(play_draw(f, a, "wheel"), 3);
    assert_int_equal(play_draw(f, b, "wheel"), 3);
    play_merge(f, a, b); /* two misses and one */
    assert_int_equal(play_draw(f, b, "wheel"), 1);
    assert_int_equal(fx_uint(f, 9, 0), 1);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(play_draw(f, i % 2 ? a : b, "wheel"), 3);
    assert_int_equal(play_draw(f, a, "wheel"), 1);
    assert_int_equal(play_draw(f, a, "wheel"), 3);
    play_part(f, a, b);
    assert_int_equal(play_draw(f, b, "wheel"), 3); /* hers begin at 0 */
    assert_int_equal(fx_uint(f, 15, 0), 1);
    assert_int_equal(play_draw(f, a, "wheel"), 3);
    assert_int_equal(fx_uint(f, 15, 0), 2);
    fx_free(f);
}

static void caps_and_merge(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    put.per_day = 4;
    put.free_day = 1;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t a = play_member(f, "+8613912340001");
    uint32_t b = play_member(f, "+8613912340002");
    play_adjust(f, a, "points", 1000);
    (void)play_draw(f, a, "wheel");
    assert_int_equal(fx_uint(f, 13, 0), 1); /* free */
    (void)play_draw(f, a, "wheel");
    assert_int_equal(fx_uint(f, 13, 0), 0);
    (void)play_draw(f, b, "wheel");
    play_merge(f, a, b);
    (void)play_draw(f, b, "wheel");
    assert_int_equal(fx_uint(f, 13, 0), 0); /* she had hers: two of them */
    struct tb_cmd_play in = play_in(b, "wheel");
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_PLAY_LIMIT, "member");
    play_part(f, a, b);
    play_adjust(f, b, "points", 100);
    (void)play_draw(f, b, "wheel");
    (void)play_draw(f, b, "wheel");
    fx_refused(f, TB_OP_DRAW, &in, TB_CODE_PLAY_LIMIT, "member");
    fx_free(f);
}

/* A prize whose unit refuses it (its day's cap) gives the fallback and says so. */
static void unit_refuses(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    play_unit(f, "token", 2);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = free_wheel(prize);
    prize[0] = (struct tb_prize_input){.code = S("token"), .ppm = TB_PPM, .unit = S("token"), .amount = 1};
    prize[1].ppm = prize[2].ppm = prize[3].ppm = 0;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t m = play_member(f, "+8613912340001");
    assert_int_equal(play_draw(f, m, "wheel"), 0);
    assert_int_equal(play_draw(f, m, "wheel"), 0);
    assert_int_equal(play_draw(f, m, "wheel"), 3);
    assert_int_equal(fx_uint(f, 3, 0), TB_DRAW_LEDGER);
    assert_int_equal(play_balance(f, m, "token"), 2);
    fx_free(f);
}

/* A coupon is issued one by one, and the template's stock bounds it beside the prize's own. */
static void coupons(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_unit_put coupon = {.put.code = S("off"), .kind = TB_UNIT_COUPON, .stock = 3,
                                     .earn_cap = 2, .earn_cap_period = TB_PERIOD_LIFETIME, .earn_cap_rejects = true};
    fx_done(f, TB_OP_UNIT_PUT, &coupon);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = free_wheel(prize);
    prize[0] = (struct tb_prize_input){.code = S("off"), .ppm = TB_PPM, .unit = S("off"), .amount = 2};
    prize[1].ppm = prize[2].ppm = prize[3].ppm = 0;
    fx_refused(f, TB_OP_GAME_PUT, &put, TB_CODE_INVALID, "prizes/0/amount");
    prize[0].amount = 1;
    fx_done(f, TB_OP_GAME_PUT, &put);
    play_open(f, "wheel");
    uint32_t a = play_member(f, "+8613912340001");
    uint32_t b = play_member(f, "+8613912340002");
    assert_int_equal(play_draw(f, a, "wheel"), 0);
    assert_int_equal(play_draw(f, a, "wheel"), 0);
    assert_int_equal(play_draw(f, a, "wheel"), 3); /* two a member */
    assert_int_equal(play_draw(f, b, "wheel"), 0);
    assert_true(fx_uint(f, 5, 0) != 0);
    assert_int_equal(play_draw(f, b, "wheel"), 3); /* three in all */
    assert_int_equal(fx_uint(f, 3, 0), TB_DRAW_LEDGER);
    assert_int_equal(play_balance(f, a, "off") + play_balance(f, b, "off"), 3);
    fx_free(f);
}

static void moves(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put put = play_wheel(prize);
    fx_done(f, TB_OP_GAME_PUT, &put);
    struct tb_cmd_game_move in = {.game = S("nothing"), .state = TB_GAME_PAUSED};
    fx_refused(f, TB_OP_GAME_MOVE, &in, TB_CODE_UNKNOWN_GAME, "game");
    in.game = S("wheel");
    fx_refused(f, TB_OP_GAME_MOVE, &in, TB_CODE_INVALID, "state"); /* and no reason */
    play_open(f, "wheel");
    fx_refused(f, TB_OP_GAME_MOVE, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.reason = S("stock came late");
    fx_done(f, TB_OP_GAME_MOVE, &in);
    struct tb_cmd_play play = play_in(play_member(f, "+8613912340001"), "wheel");
    fx_refused(f, TB_OP_DRAW, &play, TB_CODE_GAME_CLOSED, "game");
    in.state = TB_GAME_ENDED;
    fx_done(f, TB_OP_GAME_MOVE, &in);
    in.state = TB_GAME_OPEN;
    fx_refused(f, TB_OP_GAME_MOVE, &in, TB_CODE_INVALID, "state"); /* its seed has been told */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),      cmocka_unit_test(bad_wheels),          cmocka_unit_test(published_rules_stay),
        cmocka_unit_test(last_prizes),  cmocka_unit_test(draws_can_be_checked), cmocka_unit_test(locks_and_releases),
        cmocka_unit_test(pity_and_merge), cmocka_unit_test(caps_and_merge),    cmocka_unit_test(unit_refuses),
        cmocka_unit_test(moves),        cmocka_unit_test(coupons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
