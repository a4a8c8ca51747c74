// SPDX-License-Identifier: Apache-2.0
/* Gift cards and gifts: exact numbers, every answer, and random histories in which nothing is made or
 * lost. Each test ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "core/card/card.h"
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))
#define CARDS 40

static uint32_t batch;

static struct tb_code_ref code(uint32_t serial)
{
    return (struct tb_code_ref){batch, serial};
}

static struct tb_cmd_unit_put gift_unit(void)
{
    return (struct tb_cmd_unit_put){.put.code = S("gc"), .kind = TB_UNIT_GIFT_CARD, .flags = TB_UNIT_GIVABLE};
}

static struct checkout_kit *shop(bool mirrored)
{
    struct checkout_kit *k = kit_make(mirrored);
    struct tb_cmd_unit_put unit = gift_unit();
    struct tb_cmd_namespace_put ns = {
        .put.code = S("gift_card"), .class_no = TB_CLASS_STRONG, .scope = TB_SCOPE_PERSON, .priority = 900};
    struct tb_cmd_code_batch_put codes = {.put.code = S("cards"), .scene = TB_SCENE_INSIDE, .count = CARDS + 10};
    struct tb_cmd_codes_bind bind = {.target = {.batch = S("cards"), .n = CARDS}, .campaign = S("gift cards")};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    fx_done(k->f, TB_OP_NAMESPACE_PUT, &ns);
    fx_done(k->f, TB_OP_CODE_BATCH_PUT, &codes);
    batch = (uint32_t)fx_uint(k->f, 1, 0);
    fx_done(k->f, TB_OP_CODES_BIND, &bind);
    return k;
}

static struct tb_cmd_card_sell sale(uint32_t serial, int64_t amount)
{
    return (struct tb_cmd_card_sell){.code = code(serial), .unit = S("gc"), .amount = amount, .face = S("peony")};
}

static void sold(struct checkout_kit *k, uint32_t serial, int64_t amount)
{
    struct tb_cmd_card_sell in = sale(serial, amount);
    fx_done(k->f, TB_OP_CARD_SELL, &in);
}

/* What is on the card and nothing pins. */
static int64_t on(struct checkout_kit *k, uint32_t serial)
{
    struct tb_cmd_card_look in = {.code = code(serial), .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &in);
    return (int64_t)fx_uint(k->f, 3, 0);
}

static struct tb_cmd_card_act act(uint32_t serial, uint32_t verb)
{
    return (struct tb_cmd_card_act){.verb = verb, .code = code(serial), .reason = S("r")};
}

static void done(struct checkout_kit *k, const struct tb_cmd_card_act *in)
{
    fx_done(k->f, TB_OP_CARD_ACT, in);
}

static struct tb_who who(struct checkout_kit *k, const char *name)
{
    struct tb_identifier id = fx_id(k->f, "unionid", name, true);
    return (struct tb_who){.profile = fx_contact(k->f, &id, 1, k->f->now_ms)};
}

static void pay_by_card(struct checkout_kit *k, uint32_t serial, int64_t amount)
{
    k->tender[k->in.quote.tender_n++] =
        (struct tb_quote_tender){.kind = TB_TENDER_GIFT_CARD, .amount = amount, .code = code(serial)};
}

/* ---- at the till ------------------------------------------------------------------------------------ */

static void offers_of_trap_1(struct checkout_kit *k)
{
    struct tb_cmd_campaign_put ten = kit_campaign("ten", TB_PRICE_PERCENT);
    ten.ppm = 100000;
    ten.sequence = 1;
    (void)kit_live(k, &ten);
    struct tb_cmd_campaign_put twenty = kit_campaign("twenty", TB_PRICE_AMOUNT);
    twenty.amount = YUAN(20);
    twenty.min_amount = YUAN(100);
    twenty.sequence = 2;
    (void)kit_live(k, &twenty);
}

static void back_is(struct checkout_kit *k, uint64_t order, int64_t points, int64_t gift, int64_t card)
{
    const struct tb_order_payment *p = kit_section(k, order, TB_ORDER_PAYMENT);
    assert_int_equal(p[0].back, points);
    assert_int_equal(p[1].back, gift);
    assert_int_equal(p[2].back, card);
}

/* Trap 14: the matrix to the cent, the earn base, and the gift card's balance afterwards. */
static void trap_14(uint64_t flags, int64_t earned)
{
    struct checkout_kit *k = shop(true);
    struct tb_cmd_unit_put unit = gift_unit();
    unit.flags |= flags;
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    offers_of_trap_1(k);
    kit_give(k, "anna", "points", 3000);
    sold(k, 1, YUAN(100));
    kit_clear(k);
    kit_line(k, 1, 9990);
    kit_line(k, 1, 5990);
    kit_line(k, 1, 3990);
    kit_pay(k, TB_TENDER_POINTS, 3000, "points");
    pay_by_card(k, 1, 6000);
    kit_pay(k, TB_TENDER_CARD, 6973, NULL);
    uint64_t order = kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), earned);
    assert_int_equal(on(k, 1), YUAN(40));
    (void)kit_return(k, "A", "r1", 2, 1);
    back_is(k, order, 599, 1198, 1394);
    (void)kit_return(k, "A", "r2", 0, 1);
    back_is(k, order, 599 + 1501, 1198 + 3002, 1394 + 3488);
    (void)kit_return(k, "A", "r3", 1, 1);
    back_is(k, order, 3000, 6000, 6973);
    assert_int_equal(on(k, 1), YUAN(100));
    assert_int_equal(kit_balance(k, "anna", "points"), 3000);
    kit_free(k);
}

static void trap_14_earned_at_use(void **state)
{
    (void)state;
    trap_14(0, 129);
}

static void trap_14_earned_at_sale(void **state)
{
    (void)state;
    trap_14(TB_UNIT_EARNED_AT_SALE, 69);
}

static void at_the_till(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(50));
    kit_line(k, 1, YUAN(80));
    pay_by_card(k, 2, YUAN(10));
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_CODE, "tenders/0");
    k->tender[0].code = code(1);
    k->tender[0].amount = YUAN(60);
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/0");
    k->tender[0].kind = TB_TENDER_CASH;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "tenders/0");
    k->tender[0].kind = TB_TENDER_GIFT_CARD;
    k->tender[0].amount = 0;
    k->tender[0].units = YUAN(50); /* as far as it goes */
    uint64_t basket = kit_checkout(k);
    assert_int_equal(on(k, 1), 0);
    assert_int_equal(fx_uint(k->f, 4, 0), YUAN(50));
    (void)kit_confirm_basket(k, basket, "A");
    assert_int_equal(on(k, 1), 0);
    kit_cancel(k, "A");
    assert_int_equal(on(k, 1), YUAN(50));
    kit_free(k);
}

/* ---- selling and looking ----------------------------------------------------------------------------- */

static void selling(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    struct tb_cmd_card_sell in = sale(1, YUAN(100));
    in.unit = S("gems");
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_UNKNOWN_UNIT, "unit");
    in.unit = S("points");
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_INVALID, "unit");
    in = sale(CARDS + 100, YUAN(100));
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_UNKNOWN_CODE, "code");
    in = sale(CARDS, 0);
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_CODE_NOT_BOUND, "code");
    in = sale(1, 0);
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    in = sale(1, TB_PREPAID_ANONYMOUS_MAX + 1);
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_CAP_EXCEEDED, "amount");
    struct tb_cmd_codes_move freeze = {
        .target = {.batch = S("cards"), .from = 1, .n = 1}, .verb = TB_CODE_FREEZE, .reason = S("r")};
    fx_done(k->f, TB_OP_CODES_MOVE, &freeze);
    in = sale(1, YUAN(100));
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_CODE_FROZEN, "code");
    freeze.verb = TB_CODE_THAW;
    fx_done(k->f, TB_OP_CODES_MOVE, &freeze);
    fx_done(k->f, TB_OP_CARD_SELL, &in);
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_CARD_SOLD, "code");
    struct tb_cmd_unit_put unit = gift_unit();
    unit.stock = YUAN(150);
    unit.anonymous_max = YUAN(100);
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    in = sale(2, YUAN(60));
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_OUT_OF_STOCK, "unit");
    in = sale(2, YUAN(101));
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_CAP_EXCEEDED, "amount");
    unit.valid_until_ms = k->f->now_ms;
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    in = sale(2, YUAN(50));
    fx_refused(k->f, TB_OP_CARD_SELL, &in, TB_CODE_NOT_OPEN, "unit");
    kit_free(k);
}

/* Ten wrong codes an hour; right ones cost nothing, and a till is not counted. */
static void guessing(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(100));
    struct tb_cmd_card_look in = {.code = code(1), .caller = 77};
    fx_done(k->f, TB_OP_CARD_LOOK, &in);
    assert_int_equal(fx_uint(k->f, 3, 0), YUAN(100));
    assert_true(tb_str_eq(fx_bytes(k->f, 8, 0), S("peony")));
    for (uint32_t i = 0; i < TB_GUESS_CALLER_MAX; i++) {
        in.code = code(2 + i);
        assert_int_equal(fx_run(k->f, TB_OP_CARD_LOOK, &in), TB_DONE);
        assert_int_equal(k->f->a.code, TB_CODE_UNKNOWN_CODE);
    }
    in.code = code(1);
    fx_refused(k->f, TB_OP_CARD_LOOK, &in, TB_CODE_SCAN_LIMITED, "code");
    struct tb_cmd_card_act mine = act(1, TB_CARD_REGISTER);
    mine.member = who(k, "anna");
    mine.caller = 77;
    fx_refused(k->f, TB_OP_CARD_ACT, &mine, TB_CODE_SCAN_LIMITED, "code");
    k->f->now_ms += TB_GUESS_WINDOW_MS;
    fx_done(k->f, TB_OP_CARD_LOOK, &in);
    in = (struct tb_cmd_card_look){.code = code(9), .staff = true};
    fx_refused(k->f, TB_OP_CARD_LOOK, &in, TB_CODE_UNKNOWN_CODE, "code");
    kit_free(k);
}

/* ---- lost, split, paid out ------------------------------------------------------------------------------ */

static void lost(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    struct tb_cmd_unit_put unit = gift_unit();
    unit.expiry = TB_EXPIRY_ROLLING_DAYS;
    unit.expiry_n = 1000;
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    sold(k, 1, YUAN(100));
    struct tb_cmd_card_act in = act(1, TB_CARD_UNBLOCK);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CARD_STATE, "code");
    in = act(1, TB_CARD_BLOCK);
    in.reason = TB_STR_NONE;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_REASON_REQUIRED, "reason");
    in = act(1, TB_CARD_BLOCK);
    done(k, &in);
    assert_int_equal(on(k, 1), 0);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CARD_STATE, "code");
    kit_line(k, 1, YUAN(80));
    pay_by_card(k, 1, YUAN(10));
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_CARD_STATE, "tenders/0");
    struct tb_cmd_hold_void by_hand = {.hold = 1};
    fx_refused(k->f, TB_OP_HOLD_VOID, &by_hand, TB_CODE_UNKNOWN_HOLD, "hold");
    in = act(1, TB_CARD_UNBLOCK);
    done(k, &in);
    assert_int_equal(on(k, 1), YUAN(100));
    in = act(1, TB_CARD_BLOCK);
    done(k, &in);
    k->f->now_ms += 10 * FX_DAY;
    in = act(1, TB_CARD_REPLACE);
    in.fresh = code(CARDS + 1);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CODE_NOT_BOUND, "fresh");
    in.fresh = code(1);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CARD_SOLD, "fresh");
    in.fresh = code(2);
    done(k, &in);
    assert_int_equal(on(k, 1), 0);
    assert_int_equal(on(k, 2), YUAN(100));
    assert_true(fx_uint(k->f, 5, 0) == (uint64_t)(FX_NOW + 1000 * FX_DAY)); /* its own expiry */
    in = act(1, TB_CARD_REST);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CARD_STATE, "code");
    struct tb_cmd_code_get get = {.code = code(1)};
    fx_done(k->f, TB_OP_CODE_GET, &get);
    assert_int_equal(fx_uint(k->f, 4, 0), TB_CODE_IS_VOID);
    kit_free(k);
}

/* The code is lost with the card: its number and its own profile are left of it. */
static void without_its_code(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(100));
    sold(k, 2, YUAN(30));
    struct tb_cmd_card_act in = act(1, TB_CARD_REGISTER);
    in.member = who(k, "anna");
    done(k, &in);
    struct tb_cmd_card_look by = {.code = code(1), .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &by);
    uint64_t card = fx_uint(k->f, 1, 0);
    const struct tb_card *c = tb_block_head_const(tb_read(&k->f->txn, TB_KIND_CARD, card));
    uint32_t own = c->profile;
    by = (struct tb_cmd_card_look){.profile = own, .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &by);
    assert_int_equal(fx_uint(k->f, 1, 0), card);
    by.staff = false;
    assert_int_equal(fx_run(k->f, TB_OP_CARD_LOOK, &by), TB_DONE);
    assert_int_equal(k->f->a.code, TB_CODE_UNKNOWN_CODE);
    by = (struct tb_cmd_card_look){.profile = in.member.profile, .staff = true};
    fx_refused(k->f, TB_OP_CARD_LOOK, &by, TB_CODE_UNKNOWN_CODE, "code");
    in = (struct tb_cmd_card_act){.verb = TB_CARD_REFUND, .card = card, .reason = S("r")};
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "verb"); /* money goes out by the code alone */
    in.verb = TB_CARD_UNBLOCK;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "verb");
    in.verb = TB_CARD_BLOCK;
    in.card = card + 2;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_UNKNOWN_CODE, "card");
    in.card = card;
    done(k, &in);
    assert_int_equal(on(k, 1), 0);
    assert_int_equal(on(k, 2), YUAN(30));
    in.verb = TB_CARD_REPLACE;
    in.fresh = code(3);
    done(k, &in);
    by = (struct tb_cmd_card_look){.code = code(3), .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &by);
    assert_int_equal(fx_uint(k->f, 3, 0), YUAN(100));
    assert_int_equal(fx_uint(k->f, 7, 0), 1); /* anna's still */
    uint64_t fresh = fx_uint(k->f, 1, 0);
    by = (struct tb_cmd_card_look){.card = card, .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &by);
    assert_int_equal(fx_uint(k->f, 1, 0), fresh); /* where the money is now */
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(100));
    kit_free(k);
}

static void parts(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(100));
    struct tb_cmd_card_act in = act(1, TB_CARD_SPLIT);
    in.fresh = code(2);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    in.amount = YUAN(101);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INSUFFICIENT, "amount");
    in.amount = YUAN(95);
    done(k, &in);
    assert_int_equal(fx_uint(k->f, 3, 0), YUAN(5));
    assert_int_equal(on(k, 2), YUAN(95));
    in = act(2, TB_CARD_REST);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_REST_TOO_LARGE, "code");
    in = act(1, TB_CARD_REST);
    done(k, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(5));
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INSUFFICIENT, "amount");
    in = act(2, TB_CARD_REFUND);
    in.amount = YUAN(15);
    done(k, &in);
    in.amount = 0;
    done(k, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(80));
    in = act(2, TB_CARD_TAKE);
    in.amount = 1;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "amount");
    in.verb = TB_CARD_VERBS;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "verb");
    in = act(7, TB_CARD_REST);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_UNKNOWN_CODE, "code");
    uint32_t unit = fx_code(k->f, TB_KIND_UNIT, "gc");
    assert_int_equal(tb_ledger_book(&k->f->txn, unit, TB_ACCOUNT_ISSUER), 0); /* all was paid back */
    kit_free(k);
}

/* Registered, it is hers: her balance holds it, but the code still opens no more than the card. */
static void registered(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(100));
    sold(k, 2, YUAN(30));
    struct tb_cmd_card_act in = act(1, TB_CARD_REGISTER);
    in.member = who(k, "anna");
    done(k, &in);
    in = act(2, TB_CARD_REGISTER);
    in.member = who(k, "anna");
    done(k, &in);
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(130));
    in.member = who(k, "bert");
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_CARD_STATE, "code");
    kit_line(k, 1, YUAN(120));
    kit_as(k, NULL);
    pay_by_card(k, 2, YUAN(40));
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/0");
    kit_clear(k);
    kit_line(k, 1, YUAN(120));
    kit_pay(k, TB_TENDER_GIFT_CARD, YUAN(120), "gc");
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(10));
    in = act(2, TB_CARD_REPLACE);
    in.fresh = code(3);
    done(k, &in);
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(10)); /* the new one is hers too */
    kit_free(k);
}

/* A card is nobody: not counted, and its holder keeps her id though it is older. */
static void nobody(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    int64_t before = fx_count(k->f, TB_COUNT_PERSONS);
    sold(k, 1, YUAN(100));
    assert_int_equal(fx_count(k->f, TB_COUNT_PERSONS), before);
    k->f->now_ms += FX_DAY;
    struct tb_who anna = who(k, "anna");
    assert_int_equal(fx_count(k->f, TB_COUNT_PERSONS), before + 1);
    struct tb_cmd_card_act in = act(1, TB_CARD_REGISTER);
    in.member = anna;
    done(k, &in);
    assert_int_equal(fx_count(k->f, TB_COUNT_PERSONS), before + 1);
    assert_int_equal(fx_uint(k->f, 12, 0), anna.profile);
    struct tb_block *b = fx_person(k->f, anna.profile);
    const struct tb_profile *p = tb_section(&k->f->txn, b, TB_PERSON_PROFILE);
    uint64_t card = p[0].no == anna.profile ? p[1].no : p[0].no;
    struct tb_cmd_unmerge part = {.who = anna, .profile = &card, .profile_n = 1, .reason = S("not hers")};
    fx_done(k->f, TB_OP_UNMERGE, &part);
    assert_int_equal(fx_count(k->f, TB_COUNT_PERSONS), before + 1);
    assert_int_equal(on(k, 1), YUAN(100));
    kit_free(k);
}

/* A gift out of two profiles' lots, then the two are parted: the part that is not the giver's went home. */
static void gift_parted(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    struct tb_who anna = who(k, "anna");
    sold(k, 1, YUAN(60));
    sold(k, 2, YUAN(40));
    struct tb_cmd_card_act in = act(1, TB_CARD_REGISTER);
    in.member = anna;
    done(k, &in);
    in = act(2, TB_CARD_REGISTER);
    in.member = anna;
    done(k, &in);
    in = (struct tb_cmd_card_act){
        .verb = TB_CARD_GIVE, .member = anna, .unit = S("gc"), .amount = YUAN(100), .lifetime_ms = FX_DAY};
    done(k, &in);
    struct tb_cmd_card_act claim = {.verb = TB_CARD_CLAIM, .gift = fx_uint(k->f, 1, 0)};
    struct tb_block *b = fx_person(k->f, anna.profile);
    const struct tb_profile *p = tb_section(&k->f->txn, b, TB_PERSON_PROFILE);
    uint64_t card = p[2].no;
    struct tb_cmd_unmerge part = {.who = anna, .profile = &card, .profile_n = 1, .reason = S("not hers")};
    fx_done(k->f, TB_OP_UNMERGE, &part);
    claim.member = who(k, "bert");
    fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_HOLD_ENDED, "gift");
    k->f->now_ms += FX_DAY;
    struct tb_cmd_fire fire = {.kind = TB_KIND_CARD, .id = claim.gift};
    fx_done(k->f, TB_OP_FIRE, &fire);
    assert_int_equal(on(k, 1), YUAN(60));
    assert_int_equal(on(k, 2), YUAN(40));
    kit_free(k);
}

/* ---- gifts -------------------------------------------------------------------------------------------------- */

static struct tb_cmd_card_act gift(struct checkout_kit *k, const char *from, int64_t amount)
{
    return (struct tb_cmd_card_act){.verb = TB_CARD_GIVE,
                                    .member = who(k, from),
                                    .unit = S("gc"),
                                    .amount = amount,
                                    .lifetime_ms = FX_DAY};
}

static void gifts(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    sold(k, 1, YUAN(100));
    struct tb_cmd_card_act in = act(1, TB_CARD_REGISTER);
    in.member = who(k, "anna");
    done(k, &in);
    in = gift(k, "anna", YUAN(101));
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INSUFFICIENT, "amount");
    in.amount = YUAN(40);
    in.lifetime_ms = 1;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "lifetime");
    in.lifetime_ms = FX_DAY;
    in.unit = S("points");
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "unit");
    in.unit = S("gc");
    done(k, &in);
    uint64_t one = fx_uint(k->f, 1, 0);
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(60));
    /* nobody claims it: it was never gone */
    k->f->now_ms += FX_DAY;
    struct tb_cmd_card_act claim = {.verb = TB_CARD_CLAIM, .gift = one, .member = who(k, "bert")};
    fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_HOLD_ENDED, "gift");
    struct tb_cmd_fire fire = {.kind = TB_KIND_CARD, .id = one};
    fx_done(k->f, TB_OP_FIRE, &fire);
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(100));
    in = gift(k, "anna", YUAN(40));
    done(k, &in);
    claim.gift = fx_uint(k->f, 1, 0);
    claim.member = who(k, "anna");
    fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_SAME_ACCOUNT, "member");
    claim.member = who(k, "bert");
    done(k, &claim);
    fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_HOLD_ENDED, "gift");
    assert_int_equal(kit_balance(k, "bert", "gc"), YUAN(40));
    in = gift(k, "anna", YUAN(10));
    done(k, &in);
    struct tb_cmd_card_act back = {.verb = TB_CARD_TAKE_BACK, .gift = fx_uint(k->f, 1, 0)};
    back.member = who(k, "bert");
    fx_refused(k->f, TB_OP_CARD_ACT, &back, TB_CODE_UNKNOWN_GIFT, "gift");
    back.member = who(k, "anna");
    done(k, &back);
    assert_int_equal(kit_balance(k, "anna", "gc"), YUAN(60));
    /* a whole card, by its code */
    in = (struct tb_cmd_card_act){.verb = TB_CARD_GIVE, .code = code(1), .lifetime_ms = FX_DAY};
    done(k, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(60));
    back.gift = 99;
    fx_refused(k->f, TB_OP_CARD_ACT, &back, TB_CODE_UNKNOWN_GIFT, "gift");
    kit_free(k);
}

static void gift_bounds(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    struct tb_cmd_unit_put unit = gift_unit();
    unit.anonymous_max = YUAN(50);
    unit.flags = 0;
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    sold(k, 1, YUAN(50));
    struct tb_cmd_card_act in = {.verb = TB_CARD_GIVE, .code = code(1), .lifetime_ms = FX_DAY};
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_NOT_GIVABLE, "unit");
    unit.flags = TB_UNIT_GIVABLE;
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    sold(k, 2, YUAN(10));
    for (uint32_t i = 1; i <= 2; i++) {
        in.code = code(i);
        done(k, &in);
        struct tb_cmd_card_act claim = {.verb = TB_CARD_CLAIM, .gift = fx_uint(k->f, 1, 0)};
        claim.member = who(k, "bert");
        if (i == 1)
            done(k, &claim);
        else
            fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_CAP_EXCEEDED, "member");
    }
    kit_free(k);
}

static void items(void **state)
{
    (void)state;
    struct checkout_kit *k = shop(true);
    struct tb_cmd_product_put cake = {.put.code = S("cake"), .name = S("Cake")};
    fx_done(k->f, TB_OP_PRODUCT_PUT, &cake);
    struct tb_cmd_unit_put unit = gift_unit();
    unit.item = S("cake");
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    sold(k, 1, 3);
    struct tb_cmd_card_act in = act(1, TB_CARD_TAKE);
    in.amount = 4;
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INSUFFICIENT, "amount");
    in.amount = 2;
    done(k, &in);
    struct tb_cmd_reverse back = {.transfer = fx_uint(k->f, 6, 0), .amount = 1, .reason = S("dropped")};
    assert_int_equal(on(k, 1), 1);
    fx_done(k->f, TB_OP_REVERSE, &back);
    assert_int_equal(on(k, 1), 2);
    in = act(1, TB_CARD_REST);
    fx_refused(k->f, TB_OP_CARD_ACT, &in, TB_CODE_INVALID, "amount");
    kit_line(k, 1, YUAN(10));
    pay_by_card(k, 1, 1);
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "tenders/0");
    kit_free(k);
}

/* ---- random histories -------------------------------------------------------------------------------------- */

#define STEPS 80
#define PLAYED 6

static uint64_t dice;

static uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

/* One step; what is on every card is known by plain adding up. */
static void step(struct checkout_kit *k, int64_t *has, bool *lives, bool *blocked, uint32_t *next, int64_t *spent)
{
    static uint32_t orders;
    uint32_t i = (uint32_t)roll(PLAYED);
    int64_t amount = 1 + (int64_t)roll(4000);
    struct tb_cmd_card_act in = act(i, 0);
    in.amount = amount;
    bool works = lives[i] && !blocked[i];
    uint32_t what = (uint32_t)roll(6);
    if (what == 0 && !lives[i] && has[i] == 0) {
        struct tb_cmd_card_sell sell = sale(i, amount);
        if (fx_run(k->f, TB_OP_CARD_SELL, &sell) == TB_DONE) {
            has[i] = amount;
            lives[i] = true;
        }
        return;
    }
    if (what == 1) {
        in.verb = blocked[i] ? TB_CARD_UNBLOCK : TB_CARD_BLOCK;
        if (lives[i]) {
            done(k, &in);
            blocked[i] = !blocked[i];
        }
        return;
    }
    if (what == 2 && *next < CARDS) {
        in.verb = TB_CARD_SPLIT;
        in.fresh = code(*next);
        bool can = works && has[i] >= amount;
        assert_int_equal(fx_run(k->f, TB_OP_CARD_ACT, &in) == TB_DONE, can);
        has[i] -= can ? amount : 0;
        if (can) {
            assert_int_equal(on(k, *next), amount);
            *spent += amount; /* out of the cards that are played with */
            ++*next;
        }
        return;
    }
    if (what == 3) {
        in.verb = TB_CARD_REFUND;
        bool can = works && has[i] >= amount;
        assert_int_equal(fx_run(k->f, TB_OP_CARD_ACT, &in) == TB_DONE, can);
        has[i] -= can ? amount : 0;
        return;
    }
    char key[24];
    snprintf(key, sizeof key, "o%u", orders++);
    kit_clear(k);
    kit_line(k, 1, amount);
    pay_by_card(k, i, amount);
    k->in.quote.order.key = tb_str_of(key);
    bool can = works && has[i] >= amount;
    assert_int_equal(fx_run(k->f, TB_OP_CONFIRM, &k->in) == TB_DONE, can);
    if (can && roll(2) == 0)
        kit_cancel(k, key);
    else
        has[i] -= can ? amount : 0;
}

static void histories(void **state)
{
    (void)state;
    dice = 88172645463325252u;
    for (uint32_t round = 0; round < 12; round++) {
        struct checkout_kit *k = shop(true);
        int64_t has[PLAYED] = {0};
        bool lives[PLAYED] = {0};
        bool blocked[PLAYED] = {0};
        int64_t spent = 0;
        uint32_t next = PLAYED;
        for (uint32_t i = 0; i < STEPS; i++) {
            k->f->now_ms += (int64_t)roll(3600000);
            step(k, has, lives, blocked, &next, &spent);
        }
        for (uint32_t i = 0; i < PLAYED; i++)
            if (lives[i])
                assert_int_equal(on(k, i), blocked[i] ? 0 : has[i]);
        kit_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_14_earned_at_use), cmocka_unit_test(trap_14_earned_at_sale),
        cmocka_unit_test(at_the_till),           cmocka_unit_test(selling),
        cmocka_unit_test(guessing),              cmocka_unit_test(lost),
        cmocka_unit_test(without_its_code),
        cmocka_unit_test(parts),                 cmocka_unit_test(registered),
        cmocka_unit_test(gifts),                 cmocka_unit_test(gift_bounds),
        cmocka_unit_test(nobody),                cmocka_unit_test(gift_parted),
        cmocka_unit_test(items),                 cmocka_unit_test(histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
