// SPDX-License-Identifier: Apache-2.0
/* Coupons: never more than the stock, hers alone, locked once, back with their own expiry.
 * fx_free proves that replay = live, loading = live and that the audit finds nothing. */
#include "promotion_kit.h"

static uint32_t member_no(struct fx *f, uint32_t i, char name[16])
{
    (void)snprintf(name, 16, "M%u", i);
    struct tb_identifier who = fx_id(f, "erp_id", name, true);
    return fx_contact(f, &who, 1, f->now_ms);
}

static enum tb_outcome claim(struct fx *f, uint32_t profile, const char *unit)
{
    struct tb_cmd_coupon_claim in = {.member = {.profile = profile}, .unit = tb_str_of(unit)};
    return fx_run(f, TB_OP_COUPON_CLAIM, &in);
}

/* Trap 5: 1,600 claims on 1,000 coupons; the audit counts them once more. */
static void test_never_oversold(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    kit_template(f, "thousand", 1000, 0);
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "thousand");
    uint32_t given = 0;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 1600; i++) {
        char name[16];
        uint32_t profile = member_no(f, i % 400, name);
        if (claim(f, profile, "thousand") == TB_DONE) {
            given++;
            continue;
        }
        assert_int_equal(f->a.code, TB_CODE_OUT_OF_STOCK);
        refused++;
    }
    assert_int_equal(given, 1000);
    assert_int_equal(refused, 600);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_ISSUER), -1000);
    fx_free(f);
}

struct one {
    struct tb_coupon c;
    uint32_t profile;
    uint64_t hold;
    int64_t deadline_ms;
    bool done;
};

static enum tb_code find(struct tb_txn *t, void *user)
{
    struct one *x = user;
    bool locked;
    x->done = tb_coupon_find(t, x->profile, x->c.lot, &x->c, &locked);
    return TB_CODE_OK;
}
static enum tb_code withdraw(struct tb_txn *t, void *user)
{
    struct one *x = user;
    x->done = tb_coupon_withdraw(t, &x->c, 0);
    return TB_CODE_OK;
}
static enum tb_code lock(struct tb_txn *t, void *user)
{
    struct one *x = user;
    return tb_coupon_lock(t, &x->c, x->deadline_ms, &x->hold);
}
static enum tb_code unlock(struct tb_txn *t, void *user)
{
    struct one *x = user;
    tb_coupon_unlock(t, x->hold);
    return TB_CODE_OK;
}
static enum tb_code use(struct tb_txn *t, void *user)
{
    struct one *x = user;
    return tb_coupon_use(t, x->profile, &x->c, x->hold, 0);
}
static enum tb_code give_back(struct tb_txn *t, void *user)
{
    struct one *x = user;
    tb_coupon_give_back(t, x->profile, &x->c, 0);
    return TB_CODE_OK;
}

static struct one hers(struct fx *f, uint32_t profile, uint64_t lot)
{
    struct one x = {.c.lot = lot, .profile = profile, .deadline_ms = f->now_ms + 900000};
    assert_int_equal(fx_step(f, find, &x), TB_CODE_OK);
    assert_true(x.done);
    return x;
}

static void test_limits_and_windows(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    kit_template(f, "once", 3, 1);
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "once");
    char name[16];
    uint32_t a = member_no(f, 1, name);
    assert_int_equal(claim(f, a, "once"), TB_DONE);
    uint64_t lot = fx_uint(f, 1, 0);
    assert_int_equal(claim(f, a, "once"), TB_REFUSED);
    assert_int_equal(f->a.code, TB_CODE_CAP_EXCEEDED);
    assert_int_equal(claim(f, member_no(f, 2, name), "once"), TB_DONE);
    assert_int_equal(claim(f, member_no(f, 3, name), "once"), TB_DONE);
    assert_int_equal(claim(f, member_no(f, 4, name), "once"), TB_REFUSED);
    assert_int_equal(f->a.code, TB_CODE_OUT_OF_STOCK);
    assert_int_equal(claim(f, a, "once"), TB_REFUSED); /* both apply: hers is said */
    assert_int_equal(f->a.code, TB_CODE_CAP_EXCEEDED);
    struct one x = hers(f, a, lot);
    assert_int_equal(fx_step(f, withdraw, &x), TB_CODE_OK); /* the order that gave it is returned */
    assert_true(x.done);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_ISSUER), -2);
    assert_int_equal(claim(f, member_no(f, 4, name), "once"), TB_DONE);
    assert_int_equal(fx_step(f, withdraw, &x), TB_CODE_OK);
    assert_false(x.done); /* only once */

    struct tb_cmd_unit_put put = {.put.code = S("window"), .kind = TB_UNIT_COUPON,
                                  .earn_cap_rejects = true, .claim_code = S("HELLO"),
                                  .claim_from_ms = f->now_ms + 1000, .claim_until_ms = f->now_ms + 5000,
                                  .valid_until_ms = f->now_ms + FX_DAY, .wait_days = 1,
                                  .flags = TB_UNIT_MEMBERS_ONLY};
    fx_done(f, TB_OP_UNIT_PUT, &put);
    put.put.code = S("other");
    fx_refused(f, TB_OP_UNIT_PUT, &put, TB_CODE_CODE_TAKEN, "claim_code");
    uint32_t member = kit_member(f, "13900000001");
    struct tb_cmd_coupon_claim in = {.member = {.profile = a}, .claim_code = S("HELLO")};
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_NOT_OPEN, "");
    f->now_ms += 1000;
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_NOT_ENROLLED, "member");
    in.claim_code = S("hello");
    assert_int_equal(fx_run(f, TB_OP_COUPON_CLAIM, &in), TB_DONE); /* a guess: final, and counted */
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    assert_string_equal(f->a.field, "claim_code");
    in.claim_code = S("HELLO");
    in.member.profile = member;
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    assert_int_equal(fx_uint(f, 3, 0), put.valid_until_ms); /* fixed end, earlier than any rule */
    assert_true((int64_t)fx_uint(f, 4, 0) > f->now_ms);     /* usable from tomorrow on */
    f->now_ms += 4000;
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_NOT_OPEN, "");
    struct tb_cmd_adjust by_hand = {.member = {.profile = a}, .unit = S("once"), .amount = 5, .reason = S("r")};
    fx_refused(f, TB_OP_ADJUST, &by_hand, TB_CODE_INVALID, "unit");
    fx_free(f);
}

static void test_locked_used_and_back(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t a = kit_member(f, "13900000001");
    uint32_t b = kit_member(f, "13900000002");
    struct tb_cmd_campaign_put in = kit_campaign("cash");
    in.mechanic = TB_PRICE_AMOUNT;
    in.ppm = 0;
    in.amount = 1000;
    in.coupon = S("ten");
    uint32_t campaign = kit_live(f, &in);
    uint64_t lot = kit_claim(f, "13900000001", "ten");
    struct one x = hers(f, a, lot);
    struct kit_ask k;
    kit_ask(f, &k, a);
    assert_int_equal(kit_why(f, &k, campaign, NULL), TB_PROMOTION_NO_COUPON);
    k.ask.coupon = &lot;
    k.ask.coupon_n = 1;
    struct tb_offer o;
    assert_int_equal(kit_why(f, &k, campaign, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.coupon, TB_PRICE_JOINT);
    assert_int_equal(o.expires_ms, x.c.due_ms);
    k.ask.profile = b; /* another's coupon */
    assert_int_equal(kit_why(f, &k, 0, NULL), TB_PROMOTION_COUPON_UNKNOWN);
    k.ask.profile = a;
    assert_int_equal(fx_step(f, lock, &x), TB_CODE_OK);
    assert_int_equal(kit_why(f, &k, 0, NULL), TB_PROMOTION_COUPON_LOCKED);
    struct one second = x;
    assert_int_equal(fx_step(f, lock, &second), TB_CODE_UNKNOWN_COUPON); /* one basket only */
    k.ask.locked = &x.c;
    k.ask.locked_n = 1;
    assert_int_equal(kit_why(f, &k, campaign, NULL), TB_PROMOTION_OPEN); /* this very basket */
    k.ask.locked_n = 0;
    assert_int_equal(fx_step(f, unlock, &x), TB_CODE_OK);
    assert_int_equal(fx_step(f, unlock, &x), TB_CODE_OK); /* again: nothing */
    assert_int_equal(kit_why(f, &k, campaign, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(fx_step(f, lock, &x), TB_CODE_OK);
    x.profile = b;
    assert_int_equal(fx_step(f, use, &x), TB_CODE_UNKNOWN_COUPON);
    x.profile = a;
    assert_int_equal(fx_step(f, use, &x), TB_CODE_OK);
    assert_int_equal(fx_step(f, use, &x), TB_CODE_UNKNOWN_COUPON);
    assert_int_equal(kit_why(f, &k, 0, NULL), TB_PROMOTION_COUPON_UNKNOWN);
    assert_int_equal(kit_book(f, x.c.unit, TB_ACCOUNT_SPENT), 1);
    assert_int_equal(fx_step(f, give_back, &x), TB_CODE_OK);
    struct one back = hers(f, a, lot);
    assert_int_equal(back.c.due_ms, x.c.due_ms); /* original ageing */
    assert_int_equal(kit_book(f, x.c.unit, TB_ACCOUNT_SPENT), 0);
    /* locked in time is good past its expiry; given back then it is gone at once */
    x = back;
    x.deadline_ms = x.c.due_ms + FX_DAY;
    f->now_ms = x.c.due_ms - 1;
    assert_int_equal(fx_step(f, lock, &x), TB_CODE_OK);
    f->now_ms += 2;
    assert_int_equal(fx_step(f, use, &x), TB_CODE_OK);
    assert_int_equal(fx_step(f, give_back, &x), TB_CODE_OK);
    assert_int_equal(kit_book(f, x.c.unit, TB_ACCOUNT_EXPIRED), 1);
    k.ask.at_ms = f->now_ms;
    assert_int_equal(kit_why(f, &k, 0, NULL), TB_PROMOTION_COUPON_UNKNOWN);
    fx_free(f);
}

static void test_expiry_counts_at_its_instant(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t a = kit_member(f, "13900000001");
    struct tb_cmd_campaign_put in = kit_campaign("cash");
    in.coupon = S("ten");
    uint32_t campaign = kit_live(f, &in);
    uint64_t lot = kit_claim(f, "13900000001", "ten");
    struct one x = hers(f, a, lot);
    f->now_ms = x.c.due_ms - 1;
    struct kit_ask k;
    kit_ask(f, &k, a);
    k.ask.best_of_mine = true;
    assert_int_equal(kit_why(f, &k, campaign, NULL), TB_PROMOTION_OPEN);
    f->now_ms = x.c.due_ms; /* no sweep has run */
    kit_ask(f, &k, a);
    k.ask.coupon = &lot;
    k.ask.coupon_n = 1;
    assert_int_equal(kit_why(f, &k, 0, NULL), TB_PROMOTION_COUPON_EXPIRED);
    assert_int_equal(fx_step(f, use, &x), TB_CODE_UNKNOWN_COUPON);
    fx_free(f);
}

static void test_several_of_hers(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t a = kit_member(f, "13900000001");
    struct tb_cmd_campaign_put in = kit_campaign("cash");
    in.coupon = S("ten");
    struct tb_offer_limit twice = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_DAY, .uses = 2};
    in.limit = &twice;
    uint32_t campaign = kit_live(f, &in);
    for (uint32_t i = 0; i < 4; i++)
        (void)kit_claim(f, "13900000001", "ten");
    struct kit_ask k;
    kit_ask(f, &k, a);
    k.ask.best_of_mine = true;
    assert_int_equal(kit_open(f, &k), 2); /* what the limit leaves, all of it usable at once */
    struct tb_promotion_use one = kit_use(f, campaign, a);
    assert_int_equal(kit_count(f, &one), TB_CODE_OK);
    assert_int_equal(kit_open(f, &k), 1);
    fx_free(f);
}

static void test_given_away(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t a = kit_member(f, "13900000001");
    uint32_t b = kit_member(f, "13900000002");
    uint64_t stays = kit_claim(f, "13900000001", "ten");
    struct tb_cmd_coupon_give give = {.from = {.profile = a}, .to = {.profile = b}, .lot = stays};
    fx_refused(f, TB_OP_COUPON_GIVE, &give, TB_CODE_NOT_GIVABLE, "coupon");
    struct tb_cmd_unit_put put = {.put.code = S("gift"), .kind = TB_UNIT_COUPON, .earn_cap_rejects = true,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 10, .flags = TB_UNIT_GIVABLE};
    fx_done(f, TB_OP_UNIT_PUT, &put);
    uint64_t lot = kit_claim(f, "13900000001", "gift");
    int64_t due = (int64_t)fx_uint(f, 3, 0);
    give.lot = lot;
    give.to.profile = a;
    fx_refused(f, TB_OP_COUPON_GIVE, &give, TB_CODE_SAME_ACCOUNT, "to");
    give.to.profile = b;
    give.from.profile = b;
    fx_refused(f, TB_OP_COUPON_GIVE, &give, TB_CODE_UNKNOWN_COUPON, "coupon");
    give.from.profile = a;
    f->now_ms += 3 * FX_DAY;
    fx_done(f, TB_OP_COUPON_GIVE, &give);
    uint64_t theirs = fx_uint(f, 1, 0);
    assert_int_not_equal(theirs, lot);
    assert_int_equal((int64_t)fx_uint(f, 3, 0), due); /* it does not grow younger */
    assert_int_equal(hers(f, b, theirs).c.due_ms, due);
    fx_refused(f, TB_OP_COUPON_GIVE, &give, TB_CODE_UNKNOWN_COUPON, "coupon");
    struct tb_cmd_coupon_void out = {.member = {.profile = b}, .lot = theirs};
    fx_refused(f, TB_OP_COUPON_VOID, &out, TB_CODE_REASON_REQUIRED, "reason");
    out.reason = S("printed twice");
    fx_done(f, TB_OP_COUPON_VOID, &out);
    fx_refused(f, TB_OP_COUPON_VOID, &out, TB_CODE_UNKNOWN_COUPON, "coupon");
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "gift");
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_ADJUST), 1);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_CLEARING), 0);
    struct tb_cmd_coupon_list list = {.member = {.profile = a}};
    fx_done(f, TB_OP_COUPON_LIST, &list);
    assert_int_not_equal(fx_bytes(f, 1, 0).n, 0); /* the one that stayed */
    assert_int_equal(fx_bytes(f, 1, 1).n, 0);
    fx_free(f);
}

/* A coupon of one profile used by another of the same person: an unmerge knows, a return mends it. */
static void test_crossing_profiles(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_identifier ia = fx_id(f, "erp_id", "A", true);
    struct tb_identifier ib = fx_id(f, "card", "B", true);
    uint32_t a = fx_contact(f, &ia, 1, f->now_ms);
    uint32_t b = fx_contact(f, &ib, 1, f->now_ms);
    assert_int_equal(claim(f, a, "ten"), TB_DONE);
    uint64_t lot = fx_uint(f, 1, 0);
    struct one x = hers(f, a, lot);
    x.profile = b;
    assert_int_equal(fx_step(f, use, &x), TB_CODE_UNKNOWN_COUPON);
    struct tb_cmd_link link = {.a = a, .b = b, .kind = TB_LINK_ALWAYS, .reason = S("the same")};
    fx_done(f, TB_OP_LINK, &link);
    assert_int_equal(fx_step(f, use, &x), TB_CODE_OK);
    uint64_t leaving[] = {b};
    struct tb_cmd_unmerge unmerge = {.who = {.profile = a}, .profile = leaving, .profile_n = 1, .reason = S("no")};
    fx_done(f, TB_OP_UNMERGE, &unmerge);
    fx_prove(f);
    assert_int_equal(fx_step(f, give_back, &x), TB_CODE_OK);
    assert_int_equal(hers(f, a, lot).c.due_ms, x.c.due_ms);
    assert_int_equal(kit_book(f, x.c.unit, TB_ACCOUNT_CLEARING), 0);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_oversold),       cmocka_unit_test(test_limits_and_windows),
        cmocka_unit_test(test_locked_used_and_back), cmocka_unit_test(test_expiry_counts_at_its_instant),
        cmocka_unit_test(test_several_of_hers),      cmocka_unit_test(test_given_away),
        cmocka_unit_test(test_crossing_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
