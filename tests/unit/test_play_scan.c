// SPDX-License-Identifier: Apache-2.0
/* What scans give: to whom, once, by which game, and why not. */
#include "code_kit.h"
#include "play_kit.h"

struct shop {
    struct fx *f;
    struct tb_identifier li;
    struct tb_identifier wang;
    uint32_t keeper; /* profile of the payee of store gz */
    uint32_t batch;  /* 200 active codes of the mouse, bound to cn/south */
};

static void unit(struct fx *f, const char *code, int64_t cap)
{
    struct tb_cmd_unit_put in = {.put.code = tb_str_of(code),
                                 .kind = TB_UNIT_POINTS,
                                 .negative = TB_NEGATIVE_UNLIMITED,
                                 .earn_cap = cap,
                                 .earn_cap_period = cap ? TB_PERIOD_DAY : TB_PERIOD_NONE};
    fx_done(f, TB_OP_UNIT_PUT, &in);
}

static struct shop shop_new(void)
{
    struct shop s = {.f = kit_new(true)};
    struct tb_cmd_product_put mouse = {
        .put.code = S("mouse"), .name = S("Mouse"), .category = S("it/mouse/wireless"), .brand = S("A4")};
    unit(s.f, "points", 0);
    unit(s.f, "tight", 5);
    fx_done(s.f, TB_OP_PRODUCT_PUT, &mouse);
    s.batch = kit_scene(s.f, "box", TB_SCENE_INSIDE, 200);
    struct tb_cmd_codes_bind in = kit_bind("box", 0, 200);
    in.campaign = S("spring");
    in.lot = S("L1");
    in.store = S("gz");
    in.associate = S("ann");
    in.activate = true;
    fx_done(s.f, TB_OP_CODES_BIND, &in);
    s.li = fx_id(s.f, "phone", "+8613900000001", true);
    s.wang = fx_id(s.f, "phone", "+8613900000002", true);
    s.keeper = play_member(s.f, "+8613700000001");
    struct tb_cmd_payee_set payee = {.kind = TB_KIND_STORE, .code = S("gz"), .who = play_who(s.keeper)};
    fx_done(s.f, TB_OP_PAYEE_SET, &payee);
    return s;
}

static const struct tb_reward_input twenty[] = {{.kind = TB_REWARD_STEP, .at = 1, .unit = S("points"), .amount = 20}};

static struct tb_cmd_game_put scan_game(const char *code)
{
    return (struct tb_cmd_game_put){.put.code = tb_str_of(code),
                                    .name = S("Scan"),
                                    .kind = TB_GAME_SCAN,
                                    .reward = twenty,
                                    .reward_n = 1};
}

static void opened(struct shop *s, const struct tb_cmd_game_put *in)
{
    char code[16];
    snprintf(code, sizeof code, "%.*s", TB_STR_ARG(in->put.code));
    fx_done(s->f, TB_OP_GAME_PUT, in);
    play_open(s->f, code);
}

/* The award of a scan (enum tb_scan_award). */
static uint64_t scanned(struct shop *s, uint32_t serial, const struct tb_identifier *who)
{
    (void)kit_scanned(s->f, (struct tb_code_ref){s->batch, serial}, who);
    return fx_uint(s->f, 21, 0);
}

static int64_t points(struct shop *s, const struct tb_identifier *who)
{
    return play_balance(s->f, fx_contact(s->f, who, 1, s->f->now_ms), "points");
}

/* ---- to whom, once ---------------------------------------------------------------------------------- */

static void gives_once(void **state)
{
    (void)state;
    struct shop s = shop_new();
    const struct tb_reward_input reward[] = {{.kind = TB_REWARD_STORE, .at = 1, .unit = S("points"), .amount = 5},
                                             {.kind = TB_REWARD_STEP, .at = 1, .unit = S("points"), .amount = 20},
                                             {.kind = TB_REWARD_STEP, .at = 1, .unit = S("tight"), .amount = 1},
                                             {.kind = TB_REWARD_ASSOCIATE, .at = 1, .unit = S("points"), .amount = 3}};
    struct tb_cmd_game_put in = scan_game("box");
    in.reward = reward;
    in.reward_n = 4;
    opened(&s, &in);
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(fx_uint(s.f, 14, 0), 1); /* redeemed */
    assert_int_equal(fx_uint(s.f, 22, 0), fx_code(s.f, TB_KIND_GAME, "box"));
    assert_int_equal(fx_bytes(s.f, 23, 0).n > 0 && fx_bytes(s.f, 23, 1).n > 0 && fx_bytes(s.f, 23, 2).n == 0, 1);
    assert_int_equal(points(&s, &s.li), 20);
    assert_int_equal(play_balance(s.f, s.keeper, "points"), 5); /* nobody is paid for Ann: she has no payee */
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_TAKEN);
    assert_int_equal(scanned(&s, 0, &s.wang), TB_AWARD_TAKEN);
    assert_int_equal(points(&s, &s.wang), 0);
    struct tb_cmd_code_redeem redeem = {.code = {s.batch, 0}};
    fx_refused(s.f, TB_OP_CODE_REDEEM, &redeem, TB_CODE_CODE_REDEEMED, "code");
    struct tb_cmd_payee_set ann = {.kind = TB_KIND_ASSOCIATE, .code = S("ann"), .who = play_who(s.keeper)};
    fx_done(s.f, TB_OP_PAYEE_SET, &ann);
    assert_int_equal(scanned(&s, 1, &s.wang), TB_AWARD_GIVEN);
    assert_int_equal(play_balance(s.f, s.keeper, "points"), 5 + 5 + 3);
    fx_free(s.f);
}

static void by_whom_first(void **state)
{
    (void)state;
    struct shop s = shop_new();
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_NO_CAMPAIGN); /* before there was a game */
    assert_int_equal(scanned(&s, 1, NULL), TB_AWARD_NO_CAMPAIGN);
    struct tb_cmd_game_put in = scan_game("box");
    opened(&s, &in);
    assert_int_equal(scanned(&s, 0, &s.wang), TB_AWARD_TAKEN); /* hers who scanned it first */
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(scanned(&s, 1, NULL), TB_AWARD_NOBODY);
    assert_int_equal(scanned(&s, 1, &s.wang), TB_AWARD_GIVEN); /* nobody known was before her */
    assert_int_equal(scanned(&s, 1, &s.li), TB_AWARD_TAKEN);
    assert_int_equal(scanned(&s, 2, NULL), TB_AWARD_NOBODY);
    struct tb_cmd_codes_move freeze = kit_move("box", 3, 1, TB_CODE_FREEZE);
    fx_done(s.f, TB_OP_CODES_MOVE, &freeze);
    assert_int_equal(scanned(&s, 3, &s.li), TB_AWARD_NO_CAMPAIGN);
    struct tb_cmd_codes_move thaw = kit_move("box", 3, 1, TB_CODE_THAW);
    fx_done(s.f, TB_OP_CODES_MOVE, &thaw);
    assert_int_equal(scanned(&s, 3, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(points(&s, &s.li), 40);
    fx_free(s.f);
}

/* A code on the wall gives to everybody, as often as the game says. */
static void wall(void **state)
{
    (void)state;
    struct shop s = shop_new();
    uint32_t wall = kit_scene(s.f, "wall", TB_SCENE_STORE, 1);
    struct tb_cmd_codes_bind bind = kit_bind("wall", 0, 1);
    bind.store = S("gz");
    bind.activate = true;
    fx_done(s.f, TB_OP_CODES_BIND, &bind);
    const struct tb_target_input target[] = {{.by = TB_TARGET_BATCH, .text = S("wall")}};
    struct tb_cmd_game_put in = scan_game("visit");
    in.per_day = 1;
    in.per_member = 2;
    in.target = target;
    in.target_n = 1;
    opened(&s, &in);
    const uint64_t want[] = {TB_AWARD_GIVEN, TB_AWARD_LIMIT, TB_AWARD_GIVEN, TB_AWARD_LIMIT, TB_AWARD_LIMIT};
    for (uint32_t i = 0; i < 5; i++) {
        if (i == 2 || i == 4)
            s.f->now_ms += FX_DAY;
        struct tb_cmd_code_scan scan = kit_scan(s.f, (struct tb_code_ref){wall, 0}, &s.li);
        fx_done(s.f, TB_OP_CODE_SCAN, &scan);
        assert_int_equal(fx_uint(s.f, 21, 0), want[i]);
        assert_int_equal(fx_uint(s.f, 14, 0), 0);
    }
    struct tb_cmd_code_scan scan = kit_scan(s.f, (struct tb_code_ref){wall, 0}, &s.wang);
    fx_done(s.f, TB_OP_CODE_SCAN, &scan);
    assert_int_equal(fx_uint(s.f, 21, 0), TB_AWARD_GIVEN);
    assert_int_equal(points(&s, &s.li), 40);
    fx_free(s.f);
}

/* ---- which game --------------------------------------------------------------------------------------- */

static void targets(void **state)
{
    (void)state;
    static const struct {
        struct tb_target_input t[3];
        uint32_t n;
        bool about;
    } row[] = {
        {{{0}}, 0, true},
        {{{TB_TARGET_PRODUCT, S("mouse")}}, 1, true},
        {{{TB_TARGET_PRODUCT, S("pad")}}, 1, false},
        {{{TB_TARGET_PRODUCT, S("pad")}, {TB_TARGET_PRODUCT, S("mouse")}}, 2, true},
        {{{TB_TARGET_CATEGORY, S("it/mouse")}}, 1, true},
        {{{TB_TARGET_CATEGORY, S("it/mo")}}, 1, false},
        {{{TB_TARGET_BRAND, S("A4")}}, 1, true},
        {{{TB_TARGET_BRAND, S("B5")}}, 1, false},
        {{{TB_TARGET_REGION, S("cn/south")}}, 1, true},
        {{{TB_TARGET_REGION, S("cn/north")}}, 1, false},
        {{{TB_TARGET_CAMPAIGN, S("spring")}}, 1, true},
        {{{TB_TARGET_CAMPAIGN, S("autumn")}}, 1, false},
        {{{TB_TARGET_LOT, S("L1")}}, 1, true},
        {{{TB_TARGET_LOT, S("L2")}}, 1, false},
        {{{TB_TARGET_BATCH, S("box")}}, 1, true},
        {{{TB_TARGET_BATCH, S("other")}}, 1, false},
        {{{TB_TARGET_PRODUCT, S("mouse")}, {TB_TARGET_REGION, S("cn/north")}}, 2, false},
        {{{TB_TARGET_PRODUCT, S("mouse")}, {TB_TARGET_REGION, S("cn/north")}, {TB_TARGET_REGION, S("cn/south")}},
         3,
         true},
    };
    struct shop s = shop_new();
    struct tb_cmd_product_put pad = {.put.code = S("pad"), .name = S("Pad")};
    fx_done(s.f, TB_OP_PRODUCT_PUT, &pad);
    (void)kit_scene(s.f, "other", TB_SCENE_INSIDE, 1);
    struct tb_cmd_game_put in = scan_game("box");
    opened(&s, &in);
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++) {
        in.target = row[i].t;
        in.target_n = row[i].n;
        fx_done(s.f, TB_OP_GAME_PUT, &in);
        uint64_t want = row[i].about ? TB_AWARD_GIVEN : TB_AWARD_NO_CAMPAIGN;
        if (scanned(&s, i, &s.li) != want)
            fail_msg("row %u", i);
    }
    /* the shopper's own region goes before the one that the code is bound to */
    const struct tb_target_input south = {TB_TARGET_REGION, S("cn/south")};
    in.target = &south;
    in.target_n = 1;
    fx_done(s.f, TB_OP_GAME_PUT, &in);
    struct tb_cmd_code_scan scan = kit_scan(s.f, (struct tb_code_ref){s.batch, 100}, &s.li);
    scan.store = S("bj");
    fx_done(s.f, TB_OP_CODE_SCAN, &scan);
    assert_int_equal(fx_uint(s.f, 21, 0), TB_AWARD_NO_CAMPAIGN);
    scan.code.serial = 101;
    scan.region = S("cn/south/hainan");
    fx_done(s.f, TB_OP_CODE_SCAN, &scan);
    assert_int_equal(fx_uint(s.f, 21, 0), TB_AWARD_GIVEN);
    fx_free(s.f);
}

/* Why not: in order of precedence, the game that came closest; the oldest that can gives. */
static void why_not(void **state)
{
    (void)state;
    static const struct tb_reward_input tight[] = {
        {.kind = TB_REWARD_STEP, .at = 1, .unit = S("tight"), .amount = 5},
        {.kind = TB_REWARD_STORE, .at = 1, .unit = S("points"), .amount = 100}};
    struct shop s = shop_new();
    struct tb_cmd_game_put inside = scan_game("inside");
    inside.flags = TB_GAME_INSIDE_ONLY;
    opened(&s, &inside);
    struct tb_cmd_code_scan scan = kit_scan(s.f, (struct tb_code_ref){s.batch, 0}, &s.li);
    scan.region = S("cn/north");
    fx_done(s.f, TB_OP_CODE_SCAN, &scan);
    assert_int_equal(fx_uint(s.f, 21, 0), TB_AWARD_OUTSIDE);
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_GIVEN); /* the same code, where it belongs */
    struct tb_cmd_game_move end = {.game = S("inside"), .state = TB_GAME_ENDED, .reason = S("test")};
    fx_done(s.f, TB_OP_GAME_MOVE, &end);

    struct tb_cmd_game_put members = scan_game("members");
    members.condition = S("member.enrolled");
    opened(&s, &members);
    assert_int_equal(scanned(&s, 1, &s.li), TB_AWARD_NOT_ELIGIBLE);
    struct tb_cmd_game_put one = scan_game("one");
    one.per_member = 1;
    opened(&s, &one);
    assert_int_equal(scanned(&s, 1, &s.li), TB_AWARD_GIVEN); /* the first refuses, the second gives */
    assert_int_equal(scanned(&s, 2, &s.li), TB_AWARD_LIMIT);
    struct tb_cmd_game_put small = scan_game("small");
    small.reward = tight;
    small.reward_n = 2;
    opened(&s, &small);
    assert_int_equal(scanned(&s, 2, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(play_balance(s.f, s.keeper, "points"), 100);
    assert_int_equal(scanned(&s, 3, &s.li), TB_AWARD_REFUSED); /* the day's cap is used up: the shop gets nothing */
    assert_int_equal(play_balance(s.f, s.keeper, "points"), 100);
    assert_int_equal(scanned(&s, 3, NULL), TB_AWARD_NOBODY);
    struct tb_cmd_game_put later = scan_game("later");
    later.from_ms = s.f->now_ms + FX_DAY;
    opened(&s, &later);
    assert_int_equal(scanned(&s, 4, &s.li), TB_AWARD_REFUSED);
    s.f->now_ms += FX_DAY;
    assert_int_equal(scanned(&s, 4, &s.wang), TB_AWARD_TAKEN);
    assert_int_equal(scanned(&s, 4, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(fx_uint(s.f, 22, 0), fx_code(s.f, TB_KIND_GAME, "small"));
    fx_free(s.f);
}

/* ---- declaring --------------------------------------------------------------------------------------------- */

static void declared(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_reward_input reward = twenty[0];
    struct tb_target_input target = {TB_TARGET_PRODUCT, S("mouse")};
    struct tb_cmd_game_put in = scan_game("box");
    in.reward = &reward;
    in.target = &target;
    in.target_n = 1;
#define REFUSED(change, undo, code, field)                \
    change;                                               \
    fx_refused(s.f, TB_OP_GAME_PUT, &in, (code), (field)); \
    undo;
    REFUSED(in.reward_n = 0, in.reward_n = 1, TB_CODE_INVALID, "rewards")
    REFUSED(reward.kind = TB_REWARD_MILESTONE, reward.kind = TB_REWARD_STEP, TB_CODE_INVALID, "rewards/0/kind")
    REFUSED(reward.at = 2, reward.at = 1, TB_CODE_INVALID, "rewards/0/at")
    REFUSED(reward.amount = 0, reward.amount = 1, TB_CODE_INVALID, "rewards/0/amount")
    REFUSED(reward.unit = S("none"), reward.unit = S("points"), TB_CODE_UNKNOWN_UNIT, "rewards")
    REFUSED(in.cost_unit = S("points"), in.cost_unit = TB_STR_NONE, TB_CODE_INVALID, "cost_unit")
    REFUSED(in.target_n = TB_TARGETS_MAX + 1, in.target_n = 1, TB_CODE_TOO_MANY, "targets")
    REFUSED(target.by = 0, target.by = TB_TARGET_PRODUCT, TB_CODE_INVALID, "targets/0/by")
    REFUSED(target.text = TB_STR_NONE, target.text = S("mouse"), TB_CODE_INVALID, "targets/0/text")
    REFUSED(target.text = S("none"), target.text = S("mouse"), TB_CODE_UNKNOWN_PRODUCT, "targets")
    REFUSED(in.kind = TB_GAME_TASK; in.period = TB_PERIOD_DAY, in.kind = TB_GAME_SCAN; in.period = 0, TB_CODE_INVALID,
            "targets")
#undef REFUSED
    fx_done(s.f, TB_OP_GAME_PUT, &in);
    struct tb_cmd_payee_set payee = {.kind = TB_KIND_STORE, .code = S("none"), .who = play_who(s.keeper)};
    fx_refused(s.f, TB_OP_PAYEE_SET, &payee, TB_CODE_NOT_FOUND, "code");
    payee.kind = TB_KIND_ASSOCIATE;
    fx_refused(s.f, TB_OP_PAYEE_SET, &payee, TB_CODE_NOT_FOUND, "code");
    payee = (struct tb_cmd_payee_set){.kind = TB_KIND_STORE, .code = S("gz"), .who = play_who(999999)};
    fx_refused(s.f, TB_OP_PAYEE_SET, &payee, TB_CODE_UNKNOWN_MEMBER, "member");
    struct tb_cmd_store_put gz = {.put.code = S("gz"), .name = S("Renamed"), .region = S("cn/south/guangdong")};
    fx_done(s.f, TB_OP_STORE_PUT, &gz); /* a put of the store leaves its payee */
    const struct tb_reward_input shops[] = {{.kind = TB_REWARD_STORE, .at = 1, .unit = S("points"), .amount = 7}};
    in.reward = shops;
    in.target_n = 0;
    fx_done(s.f, TB_OP_GAME_PUT, &in);
    play_open(s.f, "box");
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_GIVEN);
    assert_int_equal(play_balance(s.f, s.keeper, "points"), 7);
    payee.who = (struct tb_who){0};
    fx_done(s.f, TB_OP_PAYEE_SET, &payee);
    assert_int_equal(scanned(&s, 1, &s.li), TB_AWARD_REFUSED); /* nobody is there to be paid */
    fx_free(s.f);
}

/* It stands among what she can do to earn, until she is at its limit. */
static void as_a_task(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_game_put in = scan_game("box");
    in.per_day = 1;
    opened(&s, &in);
    uint32_t li = fx_contact(s.f, &s.li, 1, s.f->now_ms);
    struct tb_cmd_task_list list = {.who = play_who(li), .unit = S("points")};
    fx_done(s.f, TB_OP_TASK_LIST, &list);
    assert_true(fx_bytes(s.f, 1, 0).n > 0);
    assert_int_equal(scanned(&s, 0, &s.li), TB_AWARD_GIVEN);
    fx_done(s.f, TB_OP_TASK_LIST, &list);
    assert_int_equal(fx_bytes(s.f, 1, 0).n, 0);
    struct tb_cmd_play seat = play_in(li, "box");
    fx_done(s.f, TB_OP_SEAT_GET, &seat);
    assert_int_equal(fx_uint(s.f, 1, 0), 1);
    assert_int_equal(fx_uint(s.f, 2, 0), 1);
    fx_free(s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_once), cmocka_unit_test(by_whom_first), cmocka_unit_test(wall),
        cmocka_unit_test(targets),    cmocka_unit_test(why_not),       cmocka_unit_test(declared),
        cmocka_unit_test(as_a_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
