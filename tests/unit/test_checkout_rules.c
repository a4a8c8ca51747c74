// SPDX-License-Identifier: Apache-2.0
/* Every price rule as a campaign at the till, with worked numbers: quote, order, return. core/price has the
 * arithmetic of each alone (test_price.c); here it is found, shown, confirmed and unwound. */
#include "checkout_kit.h"

#include "core/membership/membership.h"

#define YUAN(x) (INT64_C(100) * (x))

static void line_of(struct checkout_kit *k, const char *sku, int64_t pieces)
{
    kit_line(k, pieces, TB_NET_LIST);
    k->line[k->in.quote.order.line_n - 1].sku = tb_str_of(sku);
}

static void template_put(struct checkout_kit *k, const char *code)
{
    struct tb_cmd_unit_put unit = {.put.code = tb_str_of(code), .kind = TB_UNIT_COUPON};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
}

static uint64_t coupon(struct checkout_kit *k, const char *who, const char *unit)
{
    struct tb_identifier id = fx_id(k->f, "unionid", who, true);
    (void)fx_contact(k->f, &id, 1, k->f->now_ms);
    struct tb_cmd_coupon_issue in = {.member.identifier = id, .unit = tb_str_of(unit), .reason = S("test")};
    fx_done(k->f, TB_OP_COUPON_ISSUE, &in);
    return fx_uint(k->f, 1, 0);
}

static void hundred(struct checkout_kit *k)
{
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
}

/* ---- mechanics ------------------------------------------------------------------------------ */

static void ladder(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    const struct tb_offer_step step[] = {{10000, 1000, 0}, {20000, 2500, 0}, {30000, 4500, 0}};
    struct tb_cmd_campaign_put put = kit_campaign("ladder", TB_PRICE_LADDER);
    put.step = step;
    put.step_n = 3;
    (void)kit_live(k, &put);
    static const int64_t pays[][2] = {{9900, 9900}, {10000, 9000}, {29900, 27400}, {30000, 25500}, {70000, 65500}};
    for (uint32_t i = 0; i < TB_COUNT_OF(pays); i++) {
        kit_clear(k);
        kit_line(k, 1, pays[i][0]);
        assert_int_equal(kit_quote(k), pays[i][1]);
    }
    kit_clear(k);
    kit_line(k, 1, 29900);
    (void)kit_quote(k);
    assert_int_equal(kit_told(k, "ladder", 11), 100); /* one yuan more and 45 go off */
    put.flags = TB_OFFER_EVERY; /* 700 = 300 + 300 + 100: 45 + 45 + 10 */
    kit_again(k, &put);
    kit_clear(k);
    kit_line(k, 7, 70000);
    assert_int_equal(kit_quote(k), 60000);
    (void)kit_confirm(k, "A");
    int64_t back = 0;
    for (uint32_t i = 0; i < 7; i++) {
        char key[4];
        snprintf(key, sizeof key, "r%u", i);
        back += kit_return(k, "A", key, 0, 1);
    }
    assert_int_equal(back, 60000);
    kit_free(k);
}

/* Goods at 30, 20, 10 and 5: three for 45, buy two get one, bundle, second at half price. */
static void groups(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct tb_cmd_campaign_put put;
        int64_t pays;
    } rule[] = {
        {"three-for-45", {.mechanic = TB_PRICE_N_FOR, .need = 3, .amount = 4500}, 5000},
        {"two-get-one", {.mechanic = TB_PRICE_BUY_GET, .need = 2, .get = 1, .ppm = 1000000}, 6000},
        {"cheapest-of-4", {.mechanic = TB_PRICE_CHEAPEST, .need = 4, .get = 1, .ppm = 1000000}, 6000},
        {"second-half", {.mechanic = TB_PRICE_CHEAPEST, .need = 2, .get = 1, .ppm = 500000}, 5250},
        {"cheapest-overall",
         {.mechanic = TB_PRICE_CHEAPEST, .need = 2, .get = 1, .ppm = 1000000, .flags = TB_OFFER_OVERALL},
         5000},
        {"two-dearest-half", {.mechanic = TB_PRICE_PERCENT, .ppm = 500000, .max_units = 2}, 4000},
        {"each-3-off", {.mechanic = TB_PRICE_AMOUNT_EACH, .amount = 300}, 5300},
        {"all-at-8", {.mechanic = TB_PRICE_FIXED, .amount = 800}, 2900},
        {"capped", {.mechanic = TB_PRICE_PERCENT, .ppm = 500000, .cap_order = 1500}, 5000},
        {"capped-unit", {.mechanic = TB_PRICE_PERCENT, .ppm = 500000, .cap_unit = 600}, 4550},
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(rule); i++) {
        struct checkout_kit *k = kit_new();
        struct tb_cmd_campaign_put put = rule[i].put;
        put.put.code = put.name = tb_str_of(rule[i].name);
        put.level = TB_PRICE_ITEM;
        put.rounding = TB_ROUND_HALF_UP;
        (void)kit_live(k, &put);
        static const int64_t price[] = {3000, 2000, 1000, 500};
        for (uint32_t l = 0; l < 4; l++)
            kit_line(k, 1, price[l]);
        if (kit_quote(k) != rule[i].pays)
            fail_msg("%s pays %lld", rule[i].name, (long long)fx_uint(k->f, 2, 0));
        (void)kit_confirm(k, "A");
        int64_t back = 0;
        static const uint32_t order[] = {2, 0, 3, 1};
        for (uint32_t l = 0; l < 4; l++) {
            char key[4];
            snprintf(key, sizeof key, "r%u", l);
            back += kit_return(k, "A", key, order[l], 1);
        }
        assert_int_equal(back, rule[i].pays);
        assert_int_equal(kit_balance(k, "anna", "points"), 0);
        kit_free(k);
    }
}

/* A meal: drink, bread and sweet together for 12, whatever else is in the basket. */
static void bundle(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_product(k, "cola", "drinks", 500);
    kit_product(k, "bread", "food/bread", 800);
    kit_product(k, "sweet", "food/sweets", 300);
    const struct tb_scope_input scope[] = {
        {.slot = TB_SCOPE_SLOT_BUNDLE, .by = TB_SCOPE_CATEGORY, .text = S("drinks")},
        {.slot = TB_SCOPE_SLOT_BUNDLE + 1, .by = TB_SCOPE_CATEGORY, .text = S("food/bread")},
        {.slot = TB_SCOPE_SLOT_BUNDLE + 2, .by = TB_SCOPE_PRODUCT, .text = S("sweet")}};
    struct tb_cmd_campaign_put put = kit_campaign("meal", TB_PRICE_BUNDLE);
    put.level = TB_PRICE_ITEM;
    put.amount = 1200;
    put.slots = 3;
    put.slot_count[0] = put.slot_count[1] = put.slot_count[2] = 1;
    put.scope = scope;
    put.scope_n = 3;
    (void)kit_live(k, &put);
    kit_clear(k);
    line_of(k, "cola", 3);
    line_of(k, "bread", 2);
    line_of(k, "sweet", 2);
    assert_int_equal(kit_quote(k), 2 * 1200 + 500);
    assert_int_equal(kit_told(k, "meal", 7), 2);
    kit_free(k);
}

static void member_prices_and_stock(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_product(k, "milk", "food/dairy", 1000);
    struct tb_tier_input tier[] = {{.code = S("base")}, {.code = S("gold"), .reach = 10000}};
    struct tb_cmd_tier_scheme_put club = {.put.code = S("club"),
                                          .measure = TB_MEASURE_SPEND,
                                          .window = TB_WINDOW_LIFETIME,
                                          .tier = tier,
                                          .tier_n = 2};
    fx_done(k->f, TB_OP_TIER_SCHEME_PUT, &club);
    const struct tb_offer_price_input gold[] = {{S("milk"), 800}};
    struct tb_cmd_campaign_put put = kit_campaign("gold-price", TB_PRICE_TABLE);
    put.level = TB_PRICE_ITEM;
    put.price = gold;
    put.price_n = 1;
    put.audience = S("in_tier(\"gold\")");
    (void)kit_live(k, &put);
    const struct tb_offer_price_input flash[] = {{S("milk"), 600}};
    struct tb_offer_limit stock = {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .pieces = 3};
    put = kit_campaign("flash", TB_PRICE_TABLE);
    put.level = TB_PRICE_ITEM;
    put.price = flash;
    put.price_n = 1;
    put.until_ms = k->f->now_ms + FX_DAY;
    put.limit = &stock;
    put.limit_n = 1;
    put.sequence = -1;
    (void)kit_live(k, &put);
    kit_clear(k);
    line_of(k, "milk", 5); /* three of the limited stock, two at the list price: she has no tier yet */
    assert_int_equal(kit_quote(k), 3 * 600 + 2 * 1000);
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_quote(k), 5000);
    assert_int_equal(kit_refused(k, "flash"), TB_PROMOTION_LIMIT_CAMPAIGN);
    assert_int_equal(kit_refused(k, "gold-price"), TB_PROMOTION_AUDIENCE);
    hundred(k);
    (void)kit_confirm(k, "B"); /* gold from here */
    kit_clear(k);
    line_of(k, "milk", 5);
    assert_int_equal(kit_quote(k), 5 * 800);
    kit_cancel(k, "A"); /* the stock is back */
    assert_int_equal(kit_quote(k), 3 * 600 + 2 * 800);
    k->f->now_ms += FX_DAY;
    k->in.quote.order.occurred_ms = k->f->now_ms;
    assert_int_equal(kit_quote(k), 5 * 800);
    kit_free(k);
}

static void shipping(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("free-shipping", TB_PRICE_PERCENT);
    put.level = TB_PRICE_SHIPPING;
    put.ppm = 1000000;
    put.min_amount = YUAN(99);
    (void)kit_live(k, &put);
    hundred(k);
    k->in.quote.shipping = 1200;
    assert_int_equal(kit_quote(k), YUAN(100));
    (void)kit_confirm(k, "A");
    kit_clear(k);
    kit_line(k, 1, YUAN(90));
    k->in.quote.shipping = 1200;
    assert_int_equal(kit_quote(k), YUAN(90) + 1200);
    assert_int_equal(kit_told(k, "free-shipping", 12), 900);
    uint64_t order = kit_confirm(k, "B");
    assert_int_equal(kit_return(k, "B", "r", 0, 1), YUAN(90));
    assert_int_equal(fx_uint(k->f, 14, 0), 1200);
    const struct tb_order_payment *paid = kit_section(k, order, TB_ORDER_PAYMENT);
    assert_int_equal(paid->back, YUAN(90) + 1200);
    kit_free(k);
}

/* ---- formulas --------------------------------------------------------------------------------- */

static int64_t of_amount(struct checkout_kit *k, int64_t amount)
{
    kit_clear(k);
    kit_line(k, 1, amount);
    return kit_quote(k);
}

static void formulas(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("five-percent-in-yuan", TB_PRICE_AMOUNT);
    put.amount = YUAN(8); /* at most */
    put.formula = S("order.net * 0.05");
    (void)kit_live(k, &put);
    assert_int_equal(of_amount(k, YUAN(100)), YUAN(95));
    assert_int_equal(of_amount(k, YUAN(300)), YUAN(292));
    put.formula = S("order.net - 50.0"); /* nothing: closed, with its reason */
    kit_again(k, &put);
    assert_int_equal(of_amount(k, YUAN(40)), YUAN(40));
    assert_int_equal(kit_refused(k, "five-percent-in-yuan"), TB_PROMOTION_CONDITION);
    put = kit_campaign("five-percent-in-yuan", TB_PRICE_PERCENT);
    put.ppm = 300000;
    put.formula = S("orders() > 0 ? 0.2 : 0.1");
    kit_again(k, &put);
    assert_int_equal(of_amount(k, YUAN(100)), YUAN(90));
    k->in.quote.policy = TB_RETURN_REEVALUATE;
    (void)kit_confirm(k, "A");
    assert_int_equal(of_amount(k, YUAN(100)), YUAN(80));
    assert_int_equal(kit_return(k, "A", "r", 0, 1), YUAN(90));
    put = kit_campaign("five-percent-in-yuan", TB_PRICE_FIXED);
    put.level = TB_PRICE_ITEM;
    put.amount = YUAN(60); /* at least */
    put.formula = S("order.net * 0.7");
    kit_again(k, &put);
    assert_int_equal(of_amount(k, YUAN(100)), YUAN(70));
    assert_int_equal(of_amount(k, YUAN(80)), YUAN(60));
    put.formula = S("order.net *");
    fx_refused(k->f, TB_OP_CAMPAIGN_PUT, &put, TB_CODE_EXPRESSION, "formula");
    put.formula = S("order.net > 3.0");
    fx_refused(k->f, TB_OP_CAMPAIGN_PUT, &put, TB_CODE_EXPRESSION, "formula");
    put = kit_campaign("five-percent-in-yuan", TB_PRICE_GIFT);
    put.get = 1;
    put.gift_unit = S("points");
    put.formula = S("1.0");
    fx_refused(k->f, TB_OP_CAMPAIGN_PUT, &put, TB_CODE_INVALID, "formula");
    kit_free(k);
}

/* What a basket pays with changes what its condition and its formula would say: the basket stands. */
static void a_basket_is_honoured(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_give(k, "anna", "points", 600);
    struct tb_cmd_campaign_put put = kit_campaign("rich", TB_PRICE_AMOUNT);
    put.amount = YUAN(10);
    put.condition = S("balance(\"points\") >= 500");
    put.formula = S("balance(\"points\") * 0.01");
    (void)kit_live(k, &put);
    hundred(k);
    kit_pay(k, TB_TENDER_POINTS, 400, "points");
    assert_int_equal(kit_quote(k), YUAN(94));
    uint64_t basket = kit_checkout(k);
    k->in.quote.tender_n = 0;
    assert_int_equal(kit_quote(k), YUAN(100));
    uint64_t order = kit_confirm_basket(k, basket, "A");
    assert_int_equal(((struct tb_order_line *)kit_section(k, order, TB_ORDER_LINE))->net, YUAN(94));
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 600);
    kit_free(k);
}

/* First orders are one, however many baskets are open. */
static void two_baskets_one_first_order(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("first", TB_PRICE_AMOUNT);
    put.amount = YUAN(10);
    put.first_order = true;
    (void)kit_live(k, &put);
    hundred(k);
    uint64_t one = kit_checkout(k);
    uint64_t two = kit_checkout(k);
    (void)kit_confirm_basket(k, one, "A");
    struct tb_cmd_confirm in = {.basket = two, .payable = -1};
    in.quote.order.key = S("B");
    in.quote.order.input_hash = 1;
    fx_refused(k->f, TB_OP_CONFIRM, &in, TB_CODE_QUOTE_CHANGED, "offers");
    kit_free(k);
}

/* ---- coupons ------------------------------------------------------------------------------------ */

static void live_coupon(struct checkout_kit *k, const char *code, int64_t off, const struct tb_offer_limit *limit)
{
    struct tb_cmd_campaign_put put = kit_campaign(code, TB_PRICE_AMOUNT);
    put.amount = off;
    put.coupon = S("t");
    put.limit = limit;
    put.limit_n = limit != NULL;
    k->f->txn.tenant = k->f->tenant;
    if (tb_find_code(&k->f->txn, TB_KIND_CAMPAIGN, put.put.code))
        kit_again(k, &put);
    else
        (void)kit_live(k, &put);
}

static void two_coupons_one_use(void **state)
{
    (void)state;
    static const uint32_t scope[] = {TB_LIMIT_MEMBER, TB_LIMIT_DEVICE, TB_LIMIT_CAMPAIGN};
    for (uint32_t s = 0; s < 2 * TB_COUNT_OF(scope); s++) {
        struct checkout_kit *k = kit_new();
        template_put(k, "t");
        struct tb_offer_limit once = {.scope = scope[s / 2], .period = TB_PERIOD_LIFETIME, .uses = 1};
        live_coupon(k, "ten-off", YUAN(10), &once);
        uint64_t lot[] = {coupon(k, "anna", "t"), coupon(k, "anna", "t")};
        hundred(k);
        k->in.quote.device = 7;
        k->in.quote.best_of_mine = s % 2;
        if (s % 2 == 0)
            for (uint32_t i = 0; i < 2; i++)
                k->coupon[k->in.quote.coupon_n++] = lot[i];
        assert_int_equal(kit_quote(k), YUAN(90));
        uint64_t basket = kit_checkout(k);
        assert_int_equal(kit_quote(k), YUAN(100));
        (void)kit_confirm_basket(k, basket, "A");
        assert_int_equal(kit_quote(k), YUAN(100));
        kit_cancel(k, "A");
        assert_int_equal(kit_quote(k), YUAN(90));
        (void)kit_confirm(k, "B");
        kit_free(k);
    }
}

/* One template, two campaigns: a coupon is used once, by the better one. */
static void one_coupon_two_campaigns(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    template_put(k, "t");
    live_coupon(k, "ten-off", YUAN(10), NULL);
    live_coupon(k, "twenty-off", YUAN(20), NULL);
    struct tb_cmd_campaign_put put = kit_campaign("grouped", TB_PRICE_AMOUNT);
    put.amount = YUAN(5);
    put.coupon = S("t");
    put.group = S("others");
    put.group_rule = TB_PRICE_BEST_OF;
    (void)kit_live(k, &put);
    uint64_t lot = coupon(k, "anna", "t");
    hundred(k);
    k->coupon[0] = lot;
    k->in.quote.coupon_n = 1;
    assert_int_equal(kit_quote(k), YUAN(80));
    uint64_t basket = kit_checkout(k);
    (void)kit_confirm_basket(k, basket, "A");
    kit_cancel(k, "A");
    k->coupon[1] = coupon(k, "anna", "t");
    k->in.quote.coupon_n = 2;
    int64_t best = kit_quote(k);
    assert_int_equal(best, YUAN(60)); /* twenty-off twice: nothing forbids it */
    basket = kit_checkout(k);
    (void)kit_confirm_basket(k, basket, "B");
    kit_cancel(k, "B");
    struct tb_offer_limit once = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 1};
    live_coupon(k, "ten-off", YUAN(10), &once);
    live_coupon(k, "twenty-off", YUAN(20), &once);
    k->in.quote.coupon_n = 2;
    assert_int_equal(kit_quote(k), YUAN(70));
    k->offer[0] = (uint32_t)kit_told(k, "ten-off", 1);
    k->offer[1] = (uint32_t)kit_told(k, "twenty-off", 1);
    basket = kit_checkout(k);
    (void)kit_confirm_basket(k, basket, "C");
    kit_cancel(k, "C");
    k->in.offer_n = 2;
    k->in.payable = YUAN(70);
    uint64_t order = kit_confirm(k, "D");
    const struct tb_order_effect *effect = kit_section(k, order, TB_ORDER_EFFECT);
    assert_int_not_equal(effect[0].coupon, effect[1].coupon);
    kit_free(k);
}

/* ---- instant gifts --------------------------------------------------------------------------------- */

static void gift_at(struct checkout_kit *k, const char *code, const char *gift, int64_t at, uint64_t flags,
                    const struct tb_offer_limit *limit, uint32_t limit_n)
{
    struct tb_cmd_campaign_put put = kit_campaign(code, TB_PRICE_GIFT);
    put.min_amount = at;
    put.get = 1;
    put.gift_product = tb_str_of(gift);
    put.flags = flags;
    put.limit = limit;
    put.limit_n = limit_n;
    (void)kit_live(k, &put);
}

static uint32_t gifts_told(struct checkout_kit *k, uint32_t field)
{
    uint32_t n = 0;
    while (fx_bytes(k->f, field, n).n != 0)
        n++;
    return n;
}

/* The anonymous card: chocolate from 30, spread from 200, from the store's stock. */
static void gifts_of_a_basket(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_store_put store = {.put.code = S("gz"), .name = S("Guangzhou")};
    fx_done(k->f, TB_OP_STORE_PUT, &store);
    kit_product(k, "chocolate", "food", 250);
    kit_product(k, "spread", "food", 1900);
    struct tb_offer_limit stock = {.scope = TB_LIMIT_STORE, .period = TB_PERIOD_LIFETIME, .pieces = 2};
    gift_at(k, "bar", "chocolate", YUAN(30), 0, &stock, 1);
    gift_at(k, "jar", "spread", YUAN(200), 0, &stock, 1);
    k->id = fx_id(k->f, "card", "6000000000000001", true);
    k->in.quote.order.store = S("gz");
    kit_line(k, 1, YUAN(20));
    assert_int_equal(kit_quote(k), YUAN(20)); /* the till: ten more and there is chocolate */
    assert_int_equal(kit_told(k, "bar", 12), YUAN(10));
    assert_int_equal(kit_told(k, "bar", 9), fx_code(k->f, TB_KIND_PRODUCT, "chocolate"));
    assert_int_equal(kit_told(k, "jar", 12), YUAN(180));
    k->line[0].net = YUAN(250);
    (void)kit_confirm(k, "A");
    assert_int_equal(gifts_told(k, 13), 2);
    (void)kit_confirm(k, "A"); /* repeated: the receipt says the same */
    assert_int_equal(gifts_told(k, 13), 2);
    assert_int_equal(fx_uint(k->f, 10, 0), YUAN(250));
    k->line[0].net = YUAN(40);
    (void)kit_confirm(k, "B");
    assert_int_equal(gifts_told(k, 13), 1);
    (void)kit_quote(k);
    assert_int_equal(kit_refused(k, "bar"), TB_PROMOTION_LIMIT_STORE);
    assert_int_equal(kit_refused(k, "jar"), TB_PROMOTION_OPEN);
    assert_int_equal(kit_return(k, "A", "r", 0, 1), YUAN(250));
    assert_int_equal(gifts_told(k, 16), 2); /* both are due back */
    (void)kit_quote(k);
    assert_int_equal(kit_refused(k, "bar"), TB_PROMOTION_OPEN);
    struct tb_return_line_input l = {.line = 0, .quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return eaten = {
        .order = S("B"), .key = S("r2"), .line = &l, .line_n = 1, .input_hash = 1, .gifts_kept = true};
    fx_done(k->f, TB_OP_RETURN, &eaten);
    assert_int_equal(fx_uint(k->f, 13, 0), 250); /* the bar's price is withheld */
    kit_free(k);
}

/* A receipt that is re-evaluated: below the step the gift is due, not only at the end. */
static void a_gift_follows_its_step(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_product(k, "spread", "food", 1900);
    gift_at(k, "jar", "spread", YUAN(200), 0, NULL, 0);
    kit_line(k, 5, YUAN(250));
    k->in.quote.policy = TB_RETURN_REEVALUATE;
    (void)kit_confirm(k, "A");
    (void)kit_return(k, "A", "r1", 0, 1);
    assert_int_equal(gifts_told(k, 16), 0); /* 200 are left */
    (void)kit_return(k, "A", "r2", 0, 1);
    assert_int_equal(gifts_told(k, 16), 1);
    (void)kit_return(k, "A", "r3", 0, 3);
    assert_int_equal(gifts_told(k, 16), 0);
    kit_free(k);
}

static void gifts_of_a_day(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_product(k, "spread", "food", 1900);
    struct tb_offer_limit daily = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_DAY, .uses = 1};
    gift_at(k, "jar", "spread", YUAN(200), TB_OFFER_PERIOD_SPEND, &daily, 1);
    kit_clear(k);
    kit_line(k, 1, YUAN(150));
    (void)kit_confirm(k, "A");
    assert_int_equal(gifts_told(k, 13), 0);
    k->line[0].net = YUAN(40);
    (void)kit_quote(k);
    assert_int_equal(kit_told(k, "jar", 12), YUAN(10));
    k->line[0].net = YUAN(60);
    (void)kit_confirm(k, "B");
    assert_int_equal(gifts_told(k, 13), 1);
    (void)kit_quote(k);
    assert_int_equal(kit_refused(k, "jar"), TB_PROMOTION_LIMIT_MEMBER);
    assert_int_equal(kit_return(k, "B", "r", 0, 1), YUAN(60));
    assert_int_equal(gifts_told(k, 16), 1);
    (void)kit_quote(k);
    assert_int_equal(kit_told(k, "jar", 8), 1); /* hers again with the next 50 */
    k->f->now_ms += FX_DAY;
    k->in.quote.order.occurred_ms = k->f->now_ms;
    (void)kit_quote(k);
    assert_int_equal(kit_told(k, "jar", 12), YUAN(140));
    struct tb_cmd_campaign_put bad = kit_campaign("jar", TB_PRICE_GIFT);
    bad.get = 1;
    bad.gift_product = S("spread");
    bad.min_amount = 100;
    bad.flags = TB_OFFER_PERIOD_SPEND;
    fx_refused(k->f, TB_OP_CAMPAIGN_PUT, &bad, TB_CODE_INVALID, "flags");
    kit_free(k);
}

/* A limit of pieces is kept by offers whose pieces come in groups, and by gifts in handfuls. */
static void pieces_of_groups(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_offer_limit five = {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .pieces = 5};
    struct tb_cmd_campaign_put put = kit_campaign("half", TB_PRICE_CHEAPEST);
    put.level = TB_PRICE_ITEM;
    put.need = 2;
    put.get = 1;
    put.ppm = 500000;
    put.limit = &five;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 8, YUAN(80)); /* two groups of two fit into five pieces */
    assert_int_equal(kit_quote(k), YUAN(70));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_quote(k), YUAN(80));
    assert_int_equal(kit_refused(k, "half"), TB_PROMOTION_LIMIT_CAMPAIGN);
    kit_free(k);
    k = kit_new();
    const struct tb_offer_step step[] = {{1000, 100, 0}};
    put = kit_campaign("step", TB_PRICE_LADDER);
    put.step = step;
    put.step_n = 1;
    put.limit = &five;
    put.limit_n = 1;
    (void)kit_live(k, &put);
    kit_clear(k);
    kit_line(k, 6, YUAN(80));
    assert_int_equal(kit_quote(k), YUAN(80));
    k->line[0].quantity = 5000;
    assert_int_equal(kit_quote(k), YUAN(79));
    (void)kit_confirm(k, "A");
    kit_free(k);
}

/* ---- points as money ---------------------------------------------------------------------------------- */

static void pay_with(struct checkout_kit *k, int64_t net, int64_t amount, int64_t units)
{
    kit_clear(k);
    kit_line(k, 1, net);
    k->tender[0] = (struct tb_quote_tender){
        .kind = TB_TENDER_POINTS, .unit = S("coins"), .amount = amount, .units = units};
    k->in.quote.tender_n = 1;
}

static void points_as_money(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put unit = {.put.code = S("coins"),
                                   .face_ppm = 1000000,
                                   .pay_min = 200,
                                   .pay_step = 100,
                                   .pay_share_ppm = 300000};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    kit_give(k, "anna", "coins", 2500);
    static const struct {
        int64_t net;
        int64_t amount;
        int64_t units;
        int64_t due; /* < 0: refused */
    } row[] = {
        {5000, 0, 2500, 3500}, /* the ceiling: 30 % of 50.00 */
        {5000, 0, 1480, 3600}, /* whole steps */
        {5000, 1400, 0, 3600}, /* told, and fits */
        {5000, 2000, 0, -1},   /* above the ceiling */
        {5000, 1450, 0, -1},   /* no multiple of the step */
        {5000, 0, 199, -1},    /* below the floor */
        {5000, 100, 0, -1},
        {600, 0, 2500, -1},    /* 30 % of 6.00 are one step, below the floor */
        {700, 0, 2500, 500},
        {0, 0, 2500, 0},       /* nothing to pay */
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++) {
        pay_with(k, row[i].net, row[i].amount, row[i].units);
        if (row[i].due < 0) {
            fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_CAP_EXCEEDED, "tenders/0");
            continue;
        }
        (void)kit_quote(k);
        assert_int_equal(fx_uint(k->f, 10, 0), row[i].due);
    }
    pay_with(k, 5000, 1000, 0); /* two tenders of the unit share one ceiling */
    k->tender[1] = (struct tb_quote_tender){.kind = TB_TENDER_POINTS, .unit = S("coins"), .units = 2500};
    k->in.quote.tender_n = 2;
    (void)kit_quote(k);
    assert_int_equal(fx_uint(k->f, 10, 0), 3500);
    /* a formula for her price: twice the worth from 100 yuan on */
    struct tb_cmd_rule_put rule = {.put.code = S("double"),
                                   .kind = TB_RULE_PAY,
                                   .unit = S("coins"),
                                   .condition = S("order.net >= 100.00"),
                                   .amount = S("0.02")};
    fx_done(k->f, TB_OP_RULE_PUT, &rule);
    pay_with(k, 5000, 0, 2500);
    (void)kit_quote(k);
    assert_int_equal(fx_uint(k->f, 10, 0), 3500);
    pay_with(k, 10000, 0, 2500); /* 30.00 are 1,500 coins of two cents */
    (void)kit_quote(k);
    assert_int_equal(fx_uint(k->f, 10, 0), 7000);
    uint64_t order = kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "coins"), 1000);
    const struct tb_order_payment *paid = kit_section(k, order, TB_ORDER_PAYMENT);
    assert_int_equal(paid[0].units, 1500);
    assert_int_equal(paid[0].amount, 3000);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "coins"), 2500);
    rule.amount = S("order.net >"); /* as every rule: it must compile, and name a unit */
    fx_refused(k->f, TB_OP_RULE_PUT, &rule, TB_CODE_EXPRESSION, "amount");
    unit.pay_share_ppm = 1000001;
    fx_refused(k->f, TB_OP_UNIT_PUT, &unit, TB_CODE_INVALID, "pay_share_ppm");
    struct tb_cmd_unit_put growth = {.put.code = S("growth"), .kind = TB_UNIT_QUALIFYING, .pay_min = 1};
    fx_refused(k->f, TB_OP_UNIT_PUT, &growth, TB_CODE_INVALID, "pay_min");
    growth.pay_min = 0;
    growth.expiry = TB_EXPIRY_ROLLING_DAYS;
    growth.expiry_n = 365;
    fx_refused(k->f, TB_OP_UNIT_PUT, &growth, TB_CODE_INVALID, "expiry");
    kit_free(k);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ladder),
        T(groups),
        T(bundle),
        T(member_prices_and_stock),
        T(shipping),
        T(formulas),
        T(a_basket_is_honoured),
        T(two_baskets_one_first_order),
        T(two_coupons_one_use),
        T(one_coupon_two_campaigns),
        T(gifts_of_a_basket),
        T(a_gift_follows_its_step),
        T(gifts_of_a_day),
        T(pieces_of_groups),
        T(points_as_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
