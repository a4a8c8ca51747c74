// SPDX-License-Identifier: Apache-2.0
/* Stamp cards, tasks, red packets, channels. */
#include "play_kit.h"

/* ---- stamps ------------------------------------------------------------------------------------ */

static void put_card(struct fx *f)
{
    const struct tb_reward_input reward[] = {{TB_REWARD_MILESTONE, 2, S("points"), 10, false},
                                             {TB_REWARD_MILESTONE, 5, S("mug"), 1, false}};
    struct tb_cmd_game_put in = {.put.code = S("coffee"), .kind = TB_GAME_STAMPS, .unit = S("stamp"),
                                 .size = 5, .reward = reward, .reward_n = 2};
    fx_done(f, TB_OP_GAME_PUT, &in);
    play_open(f, "coffee");
}

/* Stamps, then cards that this filled. */
static uint64_t stamp(struct fx *f, uint32_t profile, int64_t count)
{
    struct tb_cmd_stamp in = {.who = play_who(profile), .game = S("coffee"), .count = count};
    fx_done(f, TB_OP_STAMP, &in);
    return fx_uint(f, 3, 0);
}

static void cards(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    put_card(f);
    uint32_t m = play_member(f, "+8613912340001");
    assert_int_equal(stamp(f, m, 1), 0);
    assert_int_equal(stamp(f, m, 2), 0);
    assert_int_equal(play_balance(f, m, "points"), 10);
    struct tb_cmd_stamp in = {.who = play_who(m), .game = S("coffee"), .count = 1};
    fx_refused(f, TB_OP_STAMP, &in, TB_CODE_PLAY_LIMIT, "count"); /* three a day, by the unit */
    f->now_ms += FX_DAY;
    assert_int_equal(stamp(f, m, 3), 1); /* 6 = a card and one over */
    assert_int_equal(play_balance(f, m, "stamp"), 1);
    assert_int_equal(play_balance(f, m, "mug"), 1);
    assert_int_equal(play_balance(f, m, "points"), 10);
    (void)stamp(f, m, -3); /* goods came back: the next card starts below 0 */
    assert_int_equal(play_balance(f, m, "stamp"), -2);
    f->now_ms += FX_DAY;
    (void)stamp(f, m, 3);
    assert_int_equal(play_balance(f, m, "stamp"), 1);
    assert_int_equal(play_balance(f, m, "points"), 10);
    f->now_ms += FX_DAY;
    (void)stamp(f, m, 1);
    assert_int_equal(play_balance(f, m, "points"), 20); /* the second card's first milestone */
    play_adjust(f, m, "stamp", 11); /* earned elsewhere */
    assert_int_equal(stamp(f, m, 0), 2);
    assert_int_equal(play_balance(f, m, "stamp"), 3);
    assert_int_equal(play_balance(f, m, "points"), 40);
    assert_int_equal(play_balance(f, m, "mug"), 3);
    assert_int_equal(stamp(f, m, 0), 0); /* nothing to do: nothing happens */
    assert_int_equal(f->event_n, 0);
    fx_free(f);
}

/* Two half cards become one full card, and no milestone is given a second time. */
static void cards_and_merge(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    put_card(f);
    uint32_t a = play_member(f, "+8613912340001");
    uint32_t b = play_member(f, "+8613912340002");
    (void)stamp(f, a, 3);
    (void)stamp(f, b, 2);
    assert_int_equal(play_balance(f, a, "points") + play_balance(f, b, "points"), 20);
    play_merge(f, a, b);
    assert_int_equal(stamp(f, b, 0), 1);
    assert_int_equal(play_balance(f, a, "points"), 20);
    assert_int_equal(play_balance(f, a, "mug"), 1);
    f->now_ms += FX_DAY;
    (void)stamp(f, a, 2);
    assert_int_equal(play_balance(f, a, "points"), 30);
    fx_free(f);
}

/* ---- tasks ---------------------------------------------------------------------------------------- */

static void put_task(struct fx *f, const char *code, int64_t amount, int64_t period, int64_t times)
{
    const struct tb_reward_input reward = {TB_REWARD_STEP, 1, S("points"), amount, false};
    struct tb_cmd_game_put in = {.put.code = tb_str_of(code), .kind = TB_GAME_TASK, .period = period,
                                 .per_member = times, .reward = &reward, .reward_n = 1};
    fx_done(f, TB_OP_GAME_PUT, &in);
    play_open(f, code);
}

static uint64_t in_row(struct fx *f, uint32_t row, uint32_t field)
{
    struct tb_str s = fx_bytes(f, 1, row);
    struct tb_str inner;
    uint32_t at;
    uint64_t v;
    bool bad = false;
    while (tb_wire_next(&s, &at, &v, &inner, &bad))
        if (at == field)
            return v;
    return 0;
}

static void tasks(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    put_task(f, "review", 30, TB_PERIOD_DAY, 2);
    put_task(f, "follow", 50, TB_PERIOD_LIFETIME, 1);
    struct tb_prize_input prize[PLAY_PRIZES];
    struct tb_cmd_game_put wheel = play_wheel(prize);
    wheel.cost = 100;
    fx_done(f, TB_OP_GAME_PUT, &wheel);
    play_open(f, "wheel");
    uint32_t m = play_member(f, "+8613912340001");
    struct tb_cmd_play draw = play_in(m, "wheel");
    fx_refused(f, TB_OP_DRAW, &draw, TB_CODE_INSUFFICIENT, "member");
    assert_int_equal(fx_uint(f, 20, 0), 100);
    assert_true(fx_bytes(f, 22, 1).n > 0); /* two tasks that fill it */
    assert_true(fx_bytes(f, 22, 2).n == 0);
    struct tb_cmd_play follow = play_in(m, "follow");
    struct tb_cmd_play review = play_in(m, "review");
    fx_done(f, TB_OP_TASK_DO, &follow);
    fx_refused(f, TB_OP_TASK_DO, &follow, TB_CODE_PLAY_LIMIT, "member");
    fx_done(f, TB_OP_TASK_DO, &review);
    struct tb_cmd_task_list list = {.who = play_who(m), .unit = S("points")};
    fx_done(f, TB_OP_TASK_LIST, &list);
    assert_int_equal(in_row(f, 0, 1), fx_code(f, TB_KIND_GAME, "review"));
    assert_int_equal(in_row(f, 0, 4), 30);
    assert_int_equal(in_row(f, 0, 5), 1);
    assert_true(fx_bytes(f, 1, 1).n == 0);
    fx_done(f, TB_OP_TASK_DO, &review);
    fx_refused(f, TB_OP_TASK_DO, &review, TB_CODE_PLAY_LIMIT, "member");
    fx_done(f, TB_OP_DRAW, &draw); /* 50 + 60 */
    f->now_ms += FX_DAY;
    fx_done(f, TB_OP_TASK_DO, &review);
    list.unit = S("mug");
    fx_done(f, TB_OP_TASK_LIST, &list);
    assert_int_equal(f->a.body.n, 0);
    fx_free(f);
}

/* ---- packets --------------------------------------------------------------------------------------- */

static uint64_t send_packet(struct fx *f, uint32_t sender, int64_t total, int64_t shares, enum tb_packet_mode mode)
{
    struct tb_cmd_packet_send in = {.who = play_who(sender), .unit = S("points"), .total = total,
                                    .shares = shares, .mode = mode, .lifetime_ms = FX_DAY};
    fx_done(f, TB_OP_PACKET_SEND, &in);
    return fx_uint(f, 1, 0);
}

static struct tb_cmd_packet_claim claim_in(uint64_t packet, uint32_t profile)
{
    return (struct tb_cmd_packet_claim){.packet = packet, .who = play_who(profile)};
}

static uint64_t claim(struct fx *f, uint64_t packet, uint32_t profile)
{
    struct tb_cmd_packet_claim in = claim_in(packet, profile);
    fx_done(f, TB_OP_PACKET_CLAIM, &in);
    return fx_uint(f, 2, 0);
}

static uint32_t numbered(struct fx *f, uint32_t i)
{
    char phone[20];
    snprintf(phone, sizeof phone, "+86138%08u", i);
    return play_member(f, phone);
}

static void packets(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    uint32_t giver = play_member(f, "+8613912340001");
    play_adjust(f, giver, "points", 1000);
    uint64_t packet = send_packet(f, giver, 1000, 10, TB_PACKET_RANDOM);
    assert_int_equal(play_balance(f, giver, "points"), 0); /* held */
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t m = numbered(f, i);
        uint64_t got = claim(f, packet, m);
        assert_int_equal(fx_uint(f, 3, 0), 0);
        assert_int_equal(claim(f, packet, m), got); /* asked again: the same, once */
        assert_int_equal(fx_uint(f, 3, 0), 1);
        assert_int_equal(play_balance(f, m, "points"), got);
        assert_true(got >= 1);
        sum += got;
    }
    assert_int_equal(sum, 1000);
    struct tb_cmd_packet_claim in = claim_in(packet, numbered(f, 11));
    fx_refused(f, TB_OP_PACKET_CLAIM, &in, TB_CODE_PACKET_EMPTY, "packet");
    in.packet = 77;
    fx_refused(f, TB_OP_PACKET_CLAIM, &in, TB_CODE_UNKNOWN_PACKET, "packet");
    fx_free(f);
}

static void leftovers_come_back_once(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    uint32_t giver = play_member(f, "+8613912340001");
    play_adjust(f, giver, "points", 100);
    uint64_t packet = send_packet(f, giver, 100, 3, TB_PACKET_EQUAL);
    assert_int_equal(claim(f, packet, numbered(f, 1)), 34);
    assert_int_equal(claim(f, packet, numbered(f, 2)), 33);
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_PACKET, packet);
    f->now_ms = tb_core_due_ms(&f->core, b);
    struct tb_cmd_packet_claim late = claim_in(packet, numbered(f, 3));
    fx_refused(f, TB_OP_PACKET_CLAIM, &late, TB_CODE_PACKET_CLOSED, "packet");
    struct tb_cmd_fire fire = {.kind = TB_KIND_PACKET, .id = packet};
    fx_done(f, TB_OP_FIRE, &fire);
    assert_int_equal(play_balance(f, giver, "points"), 33);
    assert_true(tb_core_due_ms(&f->core, tb_store_get(&f->core.store, TB_KIND_PACKET, packet)) == INT64_MAX);
    fx_done(f, TB_OP_FIRE, &fire);
    assert_int_equal(f->event_n, 0);
    assert_int_equal(play_balance(f, giver, "points"), 33);
    fx_refused(f, TB_OP_PACKET_CLAIM, &late, TB_CODE_PACKET_CLOSED, "packet");
    struct tb_cmd_packet_send in = {.who = play_who(giver), .unit = S("points"), .total = 34,
                                    .shares = 35, .mode = TB_PACKET_EQUAL, .lifetime_ms = FX_DAY};
    fx_refused(f, TB_OP_PACKET_SEND, &in, TB_CODE_AMOUNT_NOT_POSITIVE, "total");
    in.shares = 34;
    fx_refused(f, TB_OP_PACKET_SEND, &in, TB_CODE_INSUFFICIENT, "amount");
    fx_free(f);
}

/* One share a person: a second profile of hers gets the same answer. */
static void packets_and_merge(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    uint64_t packet = send_packet(f, 0, 50, 5, TB_PACKET_EQUAL); /* the shop's */
    uint32_t a = play_member(f, "+8613912340001");
    uint32_t b = play_member(f, "+8613912340002");
    assert_int_equal(claim(f, packet, a), 10);
    play_merge(f, a, b);
    assert_int_equal(claim(f, packet, b), 10);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(play_balance(f, b, "points"), 10);
    play_part(f, a, b);
    assert_int_equal(claim(f, packet, b), 10);
    assert_int_equal(fx_uint(f, 3, 0), 0);
    fx_free(f);
}

static void channels(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    const struct tb_reward_input reward = {TB_REWARD_STEP, 1, S("points"), 5, false};
    struct tb_cmd_game_put share = {.put.code = S("share"), .kind = TB_GAME_TASK, .flags = TB_GAME_FOR_SHARING,
                                    .period = TB_PERIOD_DAY, .reward = &reward, .reward_n = 1};
    fx_done(f, TB_OP_GAME_PUT, &share);
    play_open(f, "share");
    struct tb_cmd_channel_put channel = {.put.code = S("wechat"), .forbids = TB_FORBIDS_SHARING | TB_FORBIDS_PACKETS};
    fx_done(f, TB_OP_CHANNEL_PUT, &channel);
    uint32_t m = play_member(f, "+8613912340001");
    struct tb_cmd_play in = play_in(m, "share");
    in.channel = S("wechat");
    fx_refused(f, TB_OP_TASK_DO, &in, TB_CODE_CHANNEL_FORBIDS, "channel");
    struct tb_cmd_task_list list = {.who = play_who(m), .channel = S("wechat")};
    fx_done(f, TB_OP_TASK_LIST, &list);
    assert_int_equal(f->a.body.n, 0); /* what is forbidden is not offered */
    struct tb_cmd_packet_send packet = {.unit = S("points"), .channel = S("wechat"), .total = 10, .shares = 2,
                                        .mode = TB_PACKET_EQUAL, .lifetime_ms = FX_DAY};
    fx_refused(f, TB_OP_PACKET_SEND, &packet, TB_CODE_CHANNEL_FORBIDS, "channel");
    in.channel = TB_STR_NONE;
    fx_done(f, TB_OP_TASK_DO, &in);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards),   cmocka_unit_test(cards_and_merge),          cmocka_unit_test(tasks),
        cmocka_unit_test(packets), cmocka_unit_test(leftovers_come_back_once), cmocka_unit_test(packets_and_merge),
        cmocka_unit_test(channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
