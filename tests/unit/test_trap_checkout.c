// SPDX-License-Identifier: Apache-2.0
/* The worked traps that need the whole till: crowds, retries, merges, stacks, best sets. The others stand in
 * test_traps.c, test_checkout.c and test_price*.c; docs/design/0007-checkout.md has the table. */
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))

static const struct tb_campaign *head_of(struct checkout_kit *k, const char *campaign)
{
    return tb_block_head_const(
        tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN, fx_code(k->f, TB_KIND_CAMPAIGN, campaign)));
}

/* 1,600 confirmations of a campaign that may be used 1,000 times. */
static void trap_05_a_crowd_at_a_limit(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_offer_limit thousand = {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .uses = 1000};
    struct tb_cmd_campaign_put put = kit_campaign("rush", TB_PRICE_AMOUNT);
    put.amount = YUAN(5);
    put.limit = &thousand;
    put.limit_n = 1;
    k->offer[0] = kit_live(k, &put);
    uint32_t accepted = 0;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 1600; i++) {
        char who[16];
        char key[16];
        snprintf(who, sizeof who, "m%u", i % 400);
        snprintf(key, sizeof key, "o%u", i);
        kit_clear(k);
        kit_as(k, who);
        kit_line(k, 1, YUAN(20));
        k->in.offer_n = 1;
        k->in.payable = YUAN(15);
        k->in.quote.order.key = tb_str_of(key);
        if (fx_run(k->f, TB_OP_CONFIRM, &k->in) == TB_DONE) {
            accepted++;
            continue;
        }
        assert_int_equal(k->f->a.code, TB_CODE_QUOTE_CHANGED);
        refused++;
    }
    assert_int_equal(accepted, 1000);
    assert_int_equal(refused, 600);
    assert_int_equal(head_of(k, "rush")->uses, 1000);
    kit_cancel(k, "o0"); /* a place is free again, for one */
    kit_clear(k);
    kit_line(k, 1, YUAN(20));
    k->in.offer_n = 1;
    (void)kit_confirm(k, "late");
    k->in.quote.order.key = S("later");
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "offers");
    kit_free(k);
}

/* Confirmed three times, offline under another key, returned twice at once: each once. */
static void trap_06_a_fact_once(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_line(k, 1, 7991);
    kit_line(k, 1, 4791);
    kit_line(k, 1, 3191);
    k->in.quote.order.receipt = S("S1/1/77");
    uint64_t order = kit_confirm(k, "X");
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(kit_confirm(k, "X"), order);
        assert_int_equal(fx_uint(k->f, 3, 0), 1);
        assert_int_equal(fx_uint(k->f, 10, 0), 15973);
        assert_int_equal(k->f->event_n, 0);
    }
    assert_int_equal(kit_balance(k, "anna", "points"), 159);
    k->in.quote.order.input_hash = 2;
    k->in.quote.order.key = S("X");
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_ORDER_EXISTS, "order");
    assert_int_equal(kit_confirm(k, "from-the-till"), order); /* the receipt is the fact */
    assert_int_equal(kit_balance(k, "anna", "points"), 159);
    assert_int_equal(kit_return(k, "X", "r", 2, 1), 3191);
    assert_int_equal(kit_return(k, "X", "r", 2, 1), 3191);
    assert_int_equal(fx_uint(k->f, 3, 0), 1);
    struct tb_return_line_input l = {.line = 2, .quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return other = {.order = S("X"), .key = S("s"), .line = &l, .line_n = 1, .input_hash = 1};
    fx_refused(k->f, TB_OP_RETURN, &other, TB_CODE_RETURN_EXCEEDS, "lines/0");
    assert_int_equal(kit_balance(k, "anna", "points"), 127);
    kit_free(k);
}

/* The edge of a week's budget: what comes back next week belongs to the week of the sale. */
static void trap_07_the_week_of_the_sale(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_offer_limit weekly = {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_ISO_WEEK, .amount = YUAN(10)};
    struct tb_cmd_campaign_put put = kit_campaign("weekly", TB_PRICE_AMOUNT);
    put.amount = YUAN(8);
    put.limit = &weekly;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 1, YUAN(50));
    assert_int_equal(kit_quote(k), YUAN(42));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_quote(k), YUAN(48));
    (void)kit_confirm(k, "B");
    assert_int_equal(kit_quote(k), YUAN(50));
    k->f->now_ms += 7 * FX_DAY;
    k->in.quote.order.occurred_ms = k->f->now_ms;
    (void)kit_confirm(k, "C");
    assert_int_equal(kit_quote(k), YUAN(48));
    kit_cancel(k, "A"); /* last week's eight do not come to this week */
    assert_int_equal(kit_quote(k), YUAN(48));
    kit_cancel(k, "C");
    assert_int_equal(kit_quote(k), YUAN(42));
    kit_free(k);
}

/* Anna and the phone have used a limit of one each; joined they have used two, parted one each. */
static void trap_18_merged_and_parted(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct fx *f = k->f;
    struct tb_offer_limit once = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 1};
    struct tb_cmd_campaign_put put = kit_campaign("once", TB_PRICE_AMOUNT);
    put.amount = YUAN(10);
    put.limit = &once;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    struct tb_identifier both[2] = {fx_id(f, "unionid", "anna", true), fx_id(f, "phone", "13911112222", true)};
    uint32_t profile[2] = {fx_contact(f, both, 1, f->now_ms), fx_contact(f, both + 1, 1, f->now_ms)};
    static const char *const key[] = {"A", "B"};
    for (uint32_t i = 0; i < 2; i++) {
        kit_clear(k);
        k->id = both[i];
        kit_line(k, 1, YUAN(50));
        assert_int_equal(kit_quote(k), YUAN(40));
        (void)kit_confirm(k, key[i]);
        assert_int_equal(kit_quote(k), YUAN(50));
    }
    (void)fx_contact(f, both, 2, f->now_ms);
    assert_int_equal(fx_person_no(f, profile[0]), fx_person_no(f, profile[1]));
    assert_int_equal(kit_quote(k), YUAN(50));
    kit_cancel(k, "A"); /* one of two is back: still as often as she may */
    assert_int_equal(kit_quote(k), YUAN(50));
    uint64_t leaving = profile[1];
    struct tb_cmd_unmerge part = {{.profile = profile[0]}, &leaving, 1, S("two people")};
    fx_done(f, TB_OP_UNMERGE, &part);
    k->id = both[1];
    assert_int_equal(kit_quote(k), YUAN(50)); /* the phone's use is the phone's */
    k->id = both[0];
    assert_int_equal(kit_quote(k), YUAN(40));
    kit_free(k);
}

static int64_t coupons_of(struct checkout_kit *k, const char *who)
{
    return kit_balance(k, who, "thanks");
}

/* Anna sends berta: a coupon each with berta's first order, withdrawn from both when all of it is back; her second
 * order pays nobody again; nobody sends herself, by whichever identifier, nor twice from one device. */
static void trap_19_referral(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct fx *f = k->f;
    struct tb_cmd_unit_put unit = {.put.code = S("thanks"), .kind = TB_UNIT_COUPON};
    fx_done(f, TB_OP_UNIT_PUT, &unit);
    struct tb_offer_limit device = {.scope = TB_LIMIT_DEVICE, .period = TB_PERIOD_LIFETIME, .uses = 1};
    struct tb_cmd_campaign_put put = kit_campaign("friend", TB_PRICE_GIFT);
    put.get = 1;
    put.gift_unit = S("thanks");
    put.first_order = true;
    put.flags = TB_OFFER_REFERRED;
    put.limit = &device;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    put.put.code = put.name = S("sender");
    put.flags = TB_OFFER_REFERRED | TB_OFFER_TO_REFERRER;
    (void)kit_live(k, &put);
    struct tb_identifier anna[2] = {fx_id(f, "unionid", "anna", true), fx_id(f, "phone", "13911112222", true)};
    (void)fx_contact(f, anna, 2, f->now_ms);
    kit_clear(k);
    kit_as(k, "berta");
    kit_line(k, 2, YUAN(100));
    k->in.quote.device = 7;
    (void)kit_confirm(k, "alone"); /* nobody sent her: no gift, and it was no referred order */
    assert_int_equal(coupons_of(k, "berta"), 0);
    kit_cancel(k, "alone");
    kit_as(k, "clara");
    k->in.quote.referred = true;
    k->in.quote.referrer = (struct tb_who){.identifier = anna[1]};
    uint64_t basket = kit_checkout(k);
    (void)kit_confirm_basket(k, basket, "A");
    assert_int_equal(fx_bytes(f, 12, 0).n > 0, 1); /* hers is told, the sender's is not */
    assert_int_equal(fx_bytes(f, 12, 1).n, 0);
    assert_int_equal(coupons_of(k, "clara"), 1);
    assert_int_equal(coupons_of(k, "anna"), 1);
    (void)kit_confirm(k, "second"); /* her second order */
    assert_int_equal(coupons_of(k, "clara"), 1);
    assert_int_equal(coupons_of(k, "anna"), 1);
    kit_as(k, "dora"); /* the same device again */
    (void)kit_confirm(k, "dora");
    assert_int_equal(coupons_of(k, "anna"), 1);
    kit_as(k, "anna"); /* herself, by her phone */
    fx_refused(f, TB_OP_QUOTE, &k->in.quote, TB_CODE_SAME_ACCOUNT, "referrer");
    k->in.quote.referrer.identifier = fx_id(f, "phone", "13900000000", true);
    fx_refused(f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_MEMBER, "referrer");
    (void)kit_return(k, "A", "r1", 0, 1);
    assert_int_equal(coupons_of(k, "anna"), 1);
    (void)kit_return(k, "A", "r2", 0, 1);
    assert_int_equal(coupons_of(k, "clara"), 0);
    assert_int_equal(coupons_of(k, "anna"), 0);
    put.gift_unit = S("points");
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &put, TB_CODE_INVALID, "gift_unit");
    kit_free(k);
}

static void trap_22_percent_after_amount(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("forty-off", TB_PRICE_AMOUNT);
    put.level = TB_PRICE_ITEM;
    put.amount = YUAN(40);
    (void)kit_live(k, &put);
    put = kit_campaign("half", TB_PRICE_PERCENT);
    put.ppm = 500000;
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 1, YUAN(80));
    assert_int_equal(kit_quote(k), YUAN(20));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_return(k, "A", "r", 0, 1), YUAN(20));
    kit_free(k);
}

static void trap_23_sale_then_voucher(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put unit = {.put.code = S("voucher"), .kind = TB_UNIT_COUPON};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    struct tb_cmd_campaign_put put = kit_campaign("sale", TB_PRICE_PERCENT);
    put.level = TB_PRICE_ITEM;
    put.ppm = 400000;
    (void)kit_live(k, &put);
    put = kit_campaign("seventy", TB_PRICE_PERCENT);
    put.ppm = 700000;
    put.coupon = S("voucher");
    (void)kit_live(k, &put);
    kit_give(k, "anna", "points", 1);
    struct tb_cmd_coupon_issue issue = {
        .member.identifier = fx_id(k->f, "unionid", "anna", true), .unit = S("voucher"), .reason = S("test")};
    fx_done(k->f, TB_OP_COUPON_ISSUE, &issue);
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    k->in.quote.best_of_mine = true;
    assert_int_equal(kit_quote(k), YUAN(18));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_quote(k), YUAN(60)); /* the voucher is used */
    kit_free(k);
}

/* Two meals are cheaper than a second coke for nothing. */
static void trap_24_best_set(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    static const char *const goods[] = {"coke", "sandwich", "chocolate"};
    static const int64_t price[] = {200, 300, 100};
    for (uint32_t i = 0; i < 3; i++) {
        struct tb_cmd_product_put product = {
            .put.code = tb_str_of(goods[i]), .name = tb_str_of(goods[i]), .price = price[i]};
        fx_done(k->f, TB_OP_PRODUCT_PUT, &product);
    }
    struct tb_scope_input coke = {.by = TB_SCOPE_PRODUCT, .text = S("coke")};
    struct tb_cmd_campaign_put put = kit_campaign("second-coke", TB_PRICE_CHEAPEST);
    put.level = TB_PRICE_ITEM;
    put.need = 2;
    put.get = 1;
    put.ppm = 1000000;
    put.flags = TB_OFFER_ONE_PER_PRODUCT;
    put.scope = &coke;
    put.scope_n = 1;
    (void)kit_live(k, &put);
    struct tb_scope_input slot[3];
    for (uint32_t i = 0; i < 3; i++)
        slot[i] = (struct tb_scope_input){
            .slot = TB_SCOPE_SLOT_BUNDLE + i, .by = TB_SCOPE_PRODUCT, .text = tb_str_of(goods[i])};
    put = kit_campaign("meal", TB_PRICE_BUNDLE);
    put.level = TB_PRICE_ITEM;
    put.amount = 450;
    put.flags = TB_OFFER_ONE_PER_PRODUCT;
    put.slots = 3;
    put.slot_count[0] = put.slot_count[1] = put.slot_count[2] = 1;
    put.scope = slot;
    put.scope_n = 3;
    (void)kit_live(k, &put);
    kit_clear(k);
    for (uint32_t i = 0; i < 3; i++) {
        kit_line(k, 2, TB_NET_LIST);
        k->line[i].sku = tb_str_of(goods[i]);
    }
    assert_int_equal(kit_quote(k), 900); /* greedy by saving: 1,000 */
    assert_int_equal(fx_uint(k->f, 7, 0), 1);
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_return(k, "A", "r0", 0, 2) + kit_return(k, "A", "r1", 2, 2) + kit_return(k, "A", "r2", 1, 2),
                     900);
    kit_free(k);
}

/* What a day at the till left, from the journal alone: every block, map and counter (fx_prove). */
static void trap_25_from_the_journal(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_give(k, "anna", "points", 500);
    struct tb_cmd_campaign_put put = kit_campaign("ten", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.budget_amount = YUAN(100);
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 3, YUAN(100));
    kit_pay(k, TB_TENDER_POINTS, 300, "points");
    (void)kit_confirm(k, "A");
    fx_prove(k->f);
    (void)kit_return(k, "A", "r", 0, 1);
    fx_prove(k->f);
    uint64_t basket = kit_checkout(k);
    fx_prove(k->f);
    (void)kit_confirm_basket(k, basket, "B");
    kit_cancel(k, "B");
    fx_prove(k->f);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 500);
    kit_free(k);
}

/* Invariant 6: the same pieces back in any order leave the same tenders, points, budget, uses and shares. */
static void the_order_of_returns(void **state)
{
    (void)state;
    static const uint32_t step[6][4] = {{0, 1, 2, 0}, {0, 0, 1, 2}, {2, 1, 0, 0},
                                        {1, 0, 2, 0}, {2, 0, 0, 1}, {0, 2, 0, 1}};
    struct tb_order_payment paid[3];
    struct tb_order_effect effect[2];
    int64_t points = 0;
    for (uint32_t i = 0; i < 6; i++) {
        struct checkout_kit *k = kit_new();
        kit_give(k, "anna", "points", 2000);
        struct tb_cmd_campaign_put put = kit_campaign("ten", TB_PRICE_PERCENT);
        put.ppm = 103000;
        put.budget_amount = YUAN(100);
        (void)kit_live(k, &put);
        put = kit_campaign("seven", TB_PRICE_AMOUNT);
        put.amount = 777;
        put.sequence = 1;
        (void)kit_live(k, &put);
        kit_clear(k);
        kit_line(k, 3, 10001);
        kit_line(k, 2, 5003);
        kit_line(k, 1, 3331);
        kit_pay(k, TB_TENDER_POINTS, 1999, "points");
        kit_pay(k, TB_TENDER_GIFT_CARD, 4001, NULL);
        int64_t due = kit_quote(k) - 1999 - 4001;
        kit_pay(k, TB_TENDER_CARD, due, NULL);
        uint64_t order = kit_confirm(k, "A");
        for (uint32_t r = 0; r < 4; r++) {
            char key[4];
            snprintf(key, sizeof key, "r%u", r);
            (void)kit_return(k, "A", key, step[i][r], 1);
        }
        assert_int_equal(kit_order(k, order)->n[TB_ORDER_PAYMENT], 3);
        assert_int_equal(kit_order(k, order)->n[TB_ORDER_EFFECT], 2);
        const struct tb_order_payment *p = kit_section(k, order, TB_ORDER_PAYMENT);
        const struct tb_order_effect *e = kit_section(k, order, TB_ORDER_EFFECT);
        if (i == 0) {
            memcpy(paid, p, sizeof paid);
            memcpy(effect, e, sizeof effect);
            points = kit_balance(k, "anna", "points");
        }
        assert_memory_equal(paid, p, sizeof paid);
        assert_memory_equal(effect, e, sizeof effect);
        assert_int_equal(kit_balance(k, "anna", "points"), points);
        kit_cancel(k, "A");
        assert_int_equal(kit_balance(k, "anna", "points"), 2000);
        kit_free(k);
    }
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(trap_05_a_crowd_at_a_limit),
        T(trap_06_a_fact_once),
        T(trap_07_the_week_of_the_sale),
        T(trap_18_merged_and_parted),
        T(trap_19_referral),
        T(trap_22_percent_after_amount),
        T(trap_23_sale_then_voucher),
        T(trap_24_best_set),
        T(trap_25_from_the_journal),
        T(the_order_of_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
