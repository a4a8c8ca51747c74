// SPDX-License-Identifier: Apache-2.0
/* Quotes, orders and returns with campaigns: the worked traps with their exact numbers, and every answer.
 * Each test ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))

static int64_t paid_back(struct checkout_kit *k, uint64_t order, uint32_t payment)
{
    return ((struct tb_order_payment *)kit_section(k, order, TB_ORDER_PAYMENT))[payment].back;
}

static void ten_percent(struct checkout_kit *k, int64_t min_amount, int64_t sequence)
{
    struct tb_cmd_campaign_put put = kit_campaign("ten", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.min_amount = min_amount;
    put.sequence = sequence;
    (void)kit_live(k, &put);
}

static void twenty_off(struct checkout_kit *k, int64_t sequence)
{
    struct tb_cmd_campaign_put put = kit_campaign("twenty", TB_PRICE_AMOUNT);
    put.amount = YUAN(20);
    put.min_amount = YUAN(100);
    put.sequence = sequence;
    (void)kit_live(k, &put);
}

static void three_lines(struct checkout_kit *k)
{
    kit_clear(k);
    kit_line(k, 1, 9990);
    kit_line(k, 1, 5990);
    kit_line(k, 1, 3990);
}

static void trap_1(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ten_percent(k, 0, 1);
    twenty_off(k, 2);
    three_lines(k);
    assert_int_equal(kit_quote(k), 15973);
    uint64_t order = kit_confirm(k, "A");
    const struct tb_order_line *line = kit_section(k, order, TB_ORDER_LINE);
    assert_int_equal(line[0].net, 7991);
    assert_int_equal(line[1].net, 4791);
    assert_int_equal(line[2].net, 3191);
    assert_int_equal(kit_balance(k, "anna", "points"), 159);
    assert_int_equal(kit_return_quote(k, "A", 2, 1), 3191);
    assert_int_equal(kit_balance(k, "anna", "points"), 159);
    assert_int_equal(kit_return(k, "A", "r1", 2, 1), 3191);
    assert_int_equal(kit_clawed(k), 32);
    assert_int_equal(kit_balance(k, "anna", "points"), 127);
    assert_int_equal(kit_return(k, "A", "r2", 0, 1), 7991);
    assert_int_equal(kit_return(k, "A", "r3", 1, 1), 4791);
    assert_int_equal(kit_balance(k, "anna", "points"), 0);
    assert_int_equal(paid_back(k, order, 0), 15973);
    kit_free(k);
}

static void trap_1_recomputed(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ten_percent(k, 0, 1);
    twenty_off(k, 2);
    three_lines(k);
    k->in.quote.policy = TB_RETURN_REEVALUATE;
    uint64_t order = kit_confirm(k, "A");
    /* B and C alone: 99.80 - 9.98 = 89.82, below the 100 of the second step */
    assert_int_equal(kit_return_quote(k, "A", 0, 1), 15973 - 8982);
    assert_int_equal(kit_return(k, "A", "r1", 0, 1), 15973 - 8982);
    assert_int_equal(kit_return(k, "A", "r2", 2, 1), 8982 - 5391);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 0);
    assert_int_equal(paid_back(k, order, 0), 15973);
    kit_free(k);
}

static int64_t trap_2_refund(uint32_t policy, int64_t pieces)
{
    struct checkout_kit *k = kit_new();
    ten_percent(k, YUAN(300), 1);
    kit_line(k, 6, YUAN(300));
    k->in.quote.policy = policy;
    assert_int_equal(kit_quote(k), YUAN(270));
    (void)kit_confirm(k, "A");
    int64_t refund = kit_return(k, "A", "r", 0, pieces);
    int64_t rest = kit_return(k, "A", "r2", 0, 6 - pieces);
    assert_int_equal(refund + rest, YUAN(270));
    kit_free(k);
    return refund;
}

static void trap_2(void **state)
{
    (void)state;
    assert_int_equal(trap_2_refund(TB_RETURN_KEEP_SHARE, 5), YUAN(225));
    assert_int_equal(trap_2_refund(TB_RETURN_REEVALUATE, 5), YUAN(220));
    assert_int_equal(trap_2_refund(TB_RETURN_REEVALUATE, 1), YUAN(20));
}

static void trap_3(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("quarter", TB_PRICE_PERCENT);
    put.ppm = 250000;
    (void)kit_live(k, &put);
    kit_line(k, 10, 23900);
    assert_int_equal(kit_quote(k), 17925);
    (void)kit_confirm(k, "A");
    int64_t sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        char key[8];
        snprintf(key, sizeof key, "r%u", i);
        int64_t back = kit_return(k, "A", key, 0, 1);
        assert_true(back == 1792 || back == 1793);
        sum += back;
    }
    assert_int_equal(sum, 17925);
    kit_free(k);
}

static void trap_4(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("thirty", TB_PRICE_AMOUNT);
    put.amount = YUAN(30);
    (void)kit_live(k, &put);
    for (uint32_t i = 0; i < 3; i++)
        kit_line(k, 1, YUAN(100));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_return(k, "A", "r", 2, 1), YUAN(90));
    kit_free(k);
}

static void trap_13(void **state)
{
    (void)state;
    static const uint32_t policy[] = {TB_RETURN_KEEP_SHARE, TB_RETURN_REEVALUATE};
    static const int64_t refund[] = {2933, 2000};
    for (uint32_t p = 0; p < 2; p++) {
        struct checkout_kit *k = kit_new();
        struct tb_cmd_campaign_put put = kit_campaign("cheapest", TB_PRICE_CHEAPEST);
        put.need = 3;
        put.get = 1;
        put.ppm = 1000000;
        (void)kit_live(k, &put);
        for (int64_t i = 6; i >= 1; i--)
            kit_line(k, 1, YUAN(i * 10));
        k->in.quote.policy = policy[p];
        assert_int_equal(kit_quote(k), YUAN(160));
        (void)kit_confirm(k, "A");
        assert_int_equal(kit_return(k, "A", "r", 2, 1), refund[p]);
        kit_cancel(k, "A");
        assert_int_equal(kit_balance(k, "anna", "points"), 0);
        kit_free(k);
    }
}

static void trap_14(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ten_percent(k, 0, 1);
    twenty_off(k, 2);
    kit_give(k, "anna", "points", 3000);
    three_lines(k);
    kit_pay(k, TB_TENDER_POINTS, 3000, "points");
    kit_pay(k, TB_TENDER_GIFT_CARD, 6000, NULL);
    kit_pay(k, TB_TENDER_CARD, 6973, NULL);
    uint64_t order = kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 129);
    assert_int_equal(kit_return(k, "A", "r1", 2, 1), 3191);
    assert_int_equal(paid_back(k, order, 0), 599);
    assert_int_equal(paid_back(k, order, 1), 1198);
    assert_int_equal(paid_back(k, order, 2), 1394);
    assert_int_equal(kit_return(k, "A", "r2", 1, 1), 4791);
    assert_int_equal(paid_back(k, order, 2), 1394 + 2091);
    kit_cancel(k, "A");
    assert_int_equal(paid_back(k, order, 0), 3000);
    assert_int_equal(paid_back(k, order, 1), 6000);
    assert_int_equal(paid_back(k, order, 2), 6973);
    assert_int_equal(kit_balance(k, "anna", "points"), 3000);
    kit_free(k);
}

static void retried(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ten_percent(k, 0, 1);
    three_lines(k);
    uint64_t first = kit_confirm(k, "A");
    assert_int_equal(kit_confirm(k, "A"), first);
    assert_int_equal(fx_uint(k->f, 3, 0), 1);
    assert_int_equal(k->f->event_n, 0);
    k->in.quote.order.input_hash = 2;
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_ORDER_EXISTS, "order");
    assert_int_equal(kit_balance(k, "anna", "points"), 179);
    kit_free(k);
}

static void dry_runs_change_nothing(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ten_percent(k, 0, 1);
    twenty_off(k, 2);
    kit_give(k, "anna", "points", 500);
    three_lines(k);
    (void)kit_confirm(k, "A");
    uint64_t before = kit_fingerprint(k);
    three_lines(k);
    kit_as(k, "berta"); /* whom nobody knows yet */
    assert_int_equal(kit_quote(k), 15973);
    kit_as(k, "anna");
    kit_pay(k, TB_TENDER_POINTS, 500, "points");
    assert_int_equal(kit_quote(k), 15973);
    assert_int_equal(fx_uint(k->f, 10, 0), 15473);
    assert_int_equal(kit_return_quote(k, "A", 0, 1), 7991);
    assert_int_equal(kit_fingerprint(k), before);
    kit_free(k);
}

static void bad_input(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "lines");
    kit_line(k, 1, 100);
    k->line[0].net = TB_NET_LIST;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_PRODUCT, "lines/0");
    k->line[0].net = -5;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "lines/0");
    k->line[0].net = 100;
    k->line[0].quantity = 0;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "lines/0");
    k->line[0].quantity = INT64_C(1000000000) * 1000;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_TOO_LARGE, "lines");
    k->line[0].quantity = 1000;
    k->in.quote.order.store = S("nowhere");
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_STORE, "store");
    k->in.quote.order.store = TB_STR_NONE;
    k->in.quote.order.currency = S("EUR");
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_CURRENCY, "currency");
    k->in.quote.order.currency = TB_STR_NONE;
    kit_pay(k, TB_TENDER_POINTS, 50, "marbles");
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_UNKNOWN_UNIT, "tenders/0");
    k->tender[0].unit = S("points");
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/0");
    k->in.quote.tender_n = 0;
    k->in.quote.order.key = S("A");
    k->in.payable = 99;
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "payable");
    k->in.payable = 100;
    k->offer[0] = 77;
    k->in.offer_n = 1;
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_UNKNOWN_OFFER, "offers");
    k->in.offer_n = 0;
    kit_pay(k, TB_TENDER_CASH, 99, NULL);
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_TENDERS_DIFFER, "tenders");
    k->tender[0].amount = 100;
    k->in.basket = 5;
    k->in.quote.order.line_n = 0;
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_UNKNOWN_BASKET, "basket");
    k->in.basket = 0;
    k->in.quote.order.line_n = 1;
    (void)kit_confirm(k, "A");
    struct tb_return_line_input l = {.line = 0, .quantity = 500, .net = TB_NET_SHARE};
    struct tb_cmd_return back = {.order = S("A"), .line = &l, .line_n = 1};
    fx_refused(k->f, TB_OP_RETURN_QUOTE, &back, TB_CODE_INVALID, "lines/0");
    l.quantity = 2000;
    fx_refused(k->f, TB_OP_RETURN_QUOTE, &back, TB_CODE_RETURN_EXCEEDS, "lines/0");
    l.quantity = 1000;
    l.net = 50;
    fx_refused(k->f, TB_OP_RETURN_QUOTE, &back, TB_CODE_INVALID, "lines/0");
    struct tb_cmd_basket_release release = {.basket = 9};
    fx_refused(k->f, TB_OP_BASKET_RELEASE, &release, TB_CODE_UNKNOWN_BASKET, "basket");
    kit_free(k);
}

/* Trap 8: two open baskets, one balance. */
static void trap_8(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_give(k, "anna", "points", 500);
    kit_line(k, 1, YUAN(10));
    kit_pay(k, TB_TENDER_POINTS, 400, "points");
    assert_int_equal(kit_quote(k), YUAN(10));
    uint64_t basket = kit_checkout(k);
    assert_int_equal(fx_uint(k->f, 10, 0), 600);
    assert_int_equal(kit_balance(k, "anna", "points"), 100);
    fx_refused(k->f, TB_OP_CHECKOUT, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/0");
    k->f->now_ms += 16 * 60000;
    assert_int_equal(kit_balance(k, "anna", "points"), 500);
    struct tb_cmd_confirm late = {.basket = basket, .payable = -1};
    late.quote.order.key = S("A");
    fx_refused(k->f, TB_OP_CONFIRM, &late, TB_CODE_UNKNOWN_BASKET, "basket");
    struct tb_cmd_fire fire = {.kind = TB_KIND_BASKET, .id = basket};
    fx_done(k->f, TB_OP_FIRE, &fire);
    assert_null(tb_store_get(&k->f->core.store, TB_KIND_BASKET, basket));
    basket = kit_checkout(k);
    uint64_t order = kit_confirm_basket(k, basket, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 100 + 6);
    assert_null(tb_store_get(&k->f->core.store, TB_KIND_BASKET, basket));
    kit_cancel(k, "A");
    assert_int_equal(paid_back(k, order, 0), 400);
    assert_int_equal(kit_balance(k, "anna", "points"), 500);
    kit_free(k);
}

/* ---- coupons, budgets, limits ------------------------------------------------------------- */

static uint64_t coupon_of(struct checkout_kit *k, const char *who)
{
    struct tb_cmd_coupon_issue in = {
        .member.identifier = fx_id(k->f, "unionid", who, true), .unit = S("thousand"), .reason = S("test")};
    struct tb_identifier id = fx_id(k->f, "unionid", who, true);
    (void)fx_contact(k->f, &id, 1, k->f->now_ms);
    fx_done(k->f, TB_OP_COUPON_ISSUE, &in);
    return fx_uint(k->f, 1, 0);
}

static uint32_t thousand_off(struct checkout_kit *k)
{
    struct tb_cmd_unit_put unit = {.put.code = S("thousand"), .kind = TB_UNIT_COUPON};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    struct tb_cmd_campaign_put put = kit_campaign("thousand-off", TB_PRICE_AMOUNT);
    put.amount = YUAN(1000);
    put.coupon = S("thousand");
    return kit_live(k, &put);
}

static int64_t budget_account(struct checkout_kit *k, const char *campaign, enum tb_tenant_account account)
{
    struct tb_store *s = &k->f->core.store;
    const struct tb_campaign *c =
        tb_block_head_const(tb_store_get(s, TB_KIND_CAMPAIGN, fx_code(k->f, TB_KIND_CAMPAIGN, campaign)));
    const struct tb_unit_book *book = tb_block_head_const(tb_store_get(s, TB_KIND_UNIT_BOOK, c->budget));
    return book->account[account].credits - book->account[account].debits;
}

/* Trap 5: one coupon worth 1,000 on an order of 176: one of five accepted, payable 0, saving 176. */
static void trap_5(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    uint32_t offer = thousand_off(k);
    uint64_t lot = coupon_of(k, "anna");
    kit_line(k, 1, YUAN(176));
    k->coupon[0] = lot;
    k->in.quote.coupon_n = 1;
    assert_int_equal(kit_quote(k), 0);
    k->offer[0] = offer;
    k->in.offer_n = 1;
    k->in.payable = 0;
    uint64_t order = kit_confirm(k, "A");
    const struct tb_order_effect *effect = kit_section(k, order, TB_ORDER_EFFECT);
    assert_int_equal(effect->saving, YUAN(176));
    for (uint32_t i = 0; i < 4; i++) {
        char key[4];
        snprintf(key, sizeof key, "B%u", i);
        k->in.quote.order.key = tb_str_of(key);
        fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "offers");
    }
    /* another member's coupon does nothing for her */
    kit_as(k, "berta");
    k->in.quote.order.key = S("C");
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "offers");
    kit_as(k, "anna");
    kit_cancel(k, "A");
    assert_int_equal(fx_bytes(k->f, 15, 0).n > 0, 1);
    (void)kit_confirm(k, "D");
    kit_free(k);
}

static struct tb_cmd_campaign_put eight_off(int64_t rule)
{
    struct tb_cmd_campaign_put put = kit_campaign("eight", TB_PRICE_AMOUNT);
    put.amount = YUAN(8);
    put.budget_amount = YUAN(100);
    put.budget_rule = rule;
    return put;
}

/* Twelve orders use 96 of 100 (the trap's 96.50 with whole steps of 8). */
static void use_up(struct checkout_kit *k)
{
    for (uint32_t i = 0; i < 12; i++) {
        char key[8];
        snprintf(key, sizeof key, "u%u", i);
        kit_clear(k);
        kit_line(k, 1, YUAN(50));
        (void)kit_confirm(k, key);
    }
}

/* Trap 7: the edge of a budget. */
static void trap_7(void **state)
{
    (void)state;
    for (uint32_t strict = 0; strict < 2; strict++) {
        struct checkout_kit *k = kit_new();
        struct tb_cmd_campaign_put put = eight_off(strict ? TB_PRICE_BUDGET_STRICT : TB_PRICE_BUDGET_PARTIAL);
        (void)kit_live(k, &put);
        use_up(k);
        kit_clear(k);
        kit_line(k, 1, YUAN(50));
        int64_t first = kit_quote(k);
        assert_int_equal(first, strict ? YUAN(50) : YUAN(46));
        k->in.payable = first;
        (void)kit_confirm(k, "A");
        assert_int_equal(budget_account(k, "eight", TB_ACCOUNT_FUND), strict ? YUAN(4) : 0);
        k->in.quote.order.key = S("B");
        if (strict) {
            fx_done(k->f, TB_OP_CONFIRM, &k->in);
        } else {
            fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "payable");
            kit_cancel(k, "A");
            assert_int_equal(budget_account(k, "eight", TB_ACCOUNT_FUND), YUAN(4));
            assert_int_equal(kit_quote(k), YUAN(46));
        }
        kit_free(k);
    }
}

/* An open basket holds the budget and the coupon; released or lapsed they are free again. */
static void holds(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = eight_off(TB_PRICE_BUDGET_PARTIAL);
    put.budget_amount = YUAN(10);
    (void)kit_live(k, &put);
    (void)thousand_off(k);
    k->coupon[0] = coupon_of(k, "anna");
    kit_clear(k);
    k->in.quote.coupon_n = 1;
    kit_line(k, 1, YUAN(50));
    assert_int_equal(kit_quote(k), 0);
    k->in.quote.coupon_n = 0;
    uint64_t basket = kit_checkout(k);
    assert_int_equal(budget_account(k, "eight", TB_ACCOUNT_HELD), YUAN(8));
    assert_int_equal(kit_quote(k), YUAN(48));
    struct tb_cmd_basket_release release = {.basket = basket};
    fx_done(k->f, TB_OP_BASKET_RELEASE, &release);
    fx_refused(k->f, TB_OP_BASKET_RELEASE, &release, TB_CODE_UNKNOWN_BASKET, "basket");
    assert_int_equal(budget_account(k, "eight", TB_ACCOUNT_HELD), 0);
    assert_int_equal(kit_quote(k), YUAN(42));
    k->in.quote.coupon_n = 1;
    basket = kit_checkout(k);
    assert_int_equal(kit_quote(k), YUAN(50) - YUAN(8) * (budget_account(k, "eight", TB_ACCOUNT_HELD) == 0) -
                                       YUAN(2) * (budget_account(k, "eight", TB_ACCOUNT_HELD) != 0));
    (void)kit_confirm_basket(k, basket, "A");
    k->in.quote.coupon_n = 1;
    assert_true(kit_quote(k) > 0);
    kit_cancel(k, "A");
    assert_int_equal(kit_quote(k), 0);
    kit_free(k);
}

/* Trap 16: a late receipt is judged by what was live when it occurred. */
static void trap_16(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("august", TB_PRICE_PERCENT);
    put.ppm = 500000;
    put.until_ms = k->f->now_ms + FX_DAY;
    (void)kit_live(k, &put);
    int64_t sale_ms = k->f->now_ms + FX_DAY / 2;
    k->f->now_ms += 3 * FX_DAY;
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    assert_int_equal(kit_quote(k), YUAN(100));
    k->in.quote.order.occurred_ms = sale_ms;
    assert_int_equal(kit_quote(k), YUAN(50));
    (void)kit_confirm(k, "A");
    struct tb_return_line_input l = {.line = 0, .quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return early = {.order = S("not-yet"), .key = S("r"), .line = &l, .line_n = 1};
    fx_refused(k->f, TB_OP_RETURN, &early, TB_CODE_UNKNOWN_ORDER, "order");
    kit_free(k);
}

/* Trap 17: edited between quote and confirm: the quoted version is honoured. */
static void trap_17(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("edited", TB_PRICE_PERCENT);
    put.ppm = 300000;
    uint32_t offer = kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    uint64_t basket = kit_checkout(k);
    put.ppm = 100000;
    fx_done(k->f, TB_OP_CAMPAIGN_PUT, &put);
    struct tb_cmd_campaign_move move = {.campaign = S("edited"), .state = TB_CAMPAIGN_LIVE};
    static const uint32_t findings[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    move.acknowledged = findings;
    move.acknowledged_n = 11;
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
    assert_int_equal(kit_quote(k), YUAN(90));
    uint64_t order = kit_confirm_basket(k, basket, "A");
    assert_int_equal(((struct tb_order_line *)kit_section(k, order, TB_ORDER_LINE))->net, YUAN(70));
    k->offer[0] = offer;
    k->in.offer_n = 1;
    k->in.payable = YUAN(70);
    (void)kit_confirm(k, "B");
    kit_free(k);
}

/* Trap 20: a full return frees the member's slot, a fraudulent one does not. */
static void trap_20(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_offer_limit once = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 1};
    struct tb_cmd_campaign_put put = kit_campaign("once", TB_PRICE_PERCENT);
    put.ppm = 500000;
    put.limit = &once;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 2, YUAN(100));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_quote(k), YUAN(100));
    (void)kit_return(k, "A", "r1", 0, 1);
    assert_int_equal(kit_quote(k), YUAN(100));
    (void)kit_return(k, "A", "r2", 0, 1);
    assert_int_equal(kit_quote(k), YUAN(50));
    (void)kit_confirm(k, "B");
    struct tb_return_line_input l = {.line = 0, .quantity = 2000, .net = TB_NET_SHARE};
    struct tb_cmd_return fraud = {
        .order = S("B"), .key = S("r3"), .line = &l, .line_n = 1, .input_hash = 1, .keeps_uses = true};
    fx_done(k->f, TB_OP_RETURN, &fraud);
    assert_int_equal(kit_quote(k), YUAN(100));
    kit_free(k);
}

/* A gift of points and a multiplier are earned, and go back with the goods (trap 21's fractions). */
static void gifts(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("half-more", TB_PRICE_POINTS);
    put.ppm = 1500000;
    put.worth = 1;
    put.gift_unit = S("points");
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 1, 200);
    kit_line(k, 1, 199);
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 4);
    (void)kit_return(k, "A", "r1", 0, 1);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 0);
    kit_clear(k);
    kit_line(k, 1, 400);
    (void)kit_confirm(k, "B");
    assert_int_equal(kit_balance(k, "anna", "points"), 6);
    kit_free(k);
}

/* The units that the quote says it would earn are those that the order earns, row by row. */
static void earns_as_told(struct checkout_kit *k, const char *key, uint32_t rows)
{
    uint64_t unit[4] = {0};
    uint64_t amount[4] = {0};
    for (uint32_t i = 0; i < rows; i++) {
        struct tb_str row = fx_bytes(k->f, 14, i);
        uint32_t field;
        uint64_t number;
        struct tb_str s;
        bool bad = false;
        while (tb_wire_next(&row, &field, &number, &s, &bad))
            *(field == 1 ? &unit[i] : &amount[i]) = number;
    }
    assert_int_equal(fx_bytes(k->f, 14, rows).n, 0);
    uint64_t order = kit_confirm(k, key);
    const struct tb_order_earn *earn = kit_section(k, order, TB_ORDER_EARN);
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(earn[i].unit, unit[i]);
        assert_int_equal(earn[i].amount, amount[i]);
        assert_true(amount[i] > 0);
    }
}

/* A later rule sees what an earlier one gave, also where a quote books nothing; a cap of the order counts both. */
static void rules_see_each_other(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_rule_put rule = {.put.code = S("sees"),
                                   .kind = TB_RULE_EARN,
                                   .unit = S("points"),
                                   .priority = 1,
                                   .condition = S("balance('points') == 100"),
                                   .amount = S("7")};
    fx_done(k->f, TB_OP_RULE_PUT, &rule);
    rule.put.code = S("last");
    rule.priority = 2;
    rule.condition = S("balance('points') == 107");
    rule.amount = S("balance('points')");
    fx_done(k->f, TB_OP_RULE_PUT, &rule);
    kit_line(k, 1, 10000);
    (void)kit_quote(k);
    earns_as_told(k, "A", 3);
    assert_int_equal(kit_balance(k, "anna", "points"), 214);
    struct tb_cmd_unit_put unit = {.put.code = S("points"),
                                   .put.expected_version = 1,
                                   .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                   .face_ppm = 1000000,
                                   .earn_cap_order = 103};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    kit_clear(k);
    kit_line(k, 1, 10000);
    kit_as(k, "berta");
    (void)kit_quote(k);
    earns_as_told(k, "B", 2);
    assert_int_equal(kit_balance(k, "berta", "points"), 103);
    kit_clear(k); /* what she draws is gone before the rules are asked: 214 less 100, and 99 come */
    kit_line(k, 1, 10000);
    kit_pay(k, TB_TENDER_POINTS, 100, "points");
    rule.put.expected_version = 1;
    rule.condition = S("balance('points') == 213");
    rule.amount = S("4");
    fx_done(k->f, TB_OP_RULE_PUT, &rule);
    (void)kit_quote(k);
    earns_as_told(k, "C", 2);
    assert_int_equal(kit_balance(k, "anna", "points"), 217);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_1),    cmocka_unit_test(trap_1_recomputed), cmocka_unit_test(trap_2),
        cmocka_unit_test(trap_3),    cmocka_unit_test(trap_4),            cmocka_unit_test(trap_13),
        cmocka_unit_test(trap_14),   cmocka_unit_test(retried),           cmocka_unit_test(dry_runs_change_nothing),
        cmocka_unit_test(bad_input), cmocka_unit_test(trap_8),            cmocka_unit_test(trap_5),
        cmocka_unit_test(trap_7),    cmocka_unit_test(holds),              cmocka_unit_test(trap_16),
        cmocka_unit_test(trap_17),   cmocka_unit_test(trap_20),            cmocka_unit_test(gifts),
        cmocka_unit_test(rules_see_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
