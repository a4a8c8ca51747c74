// SPDX-License-Identifier: Apache-2.0
/* Where rooms meet: value that one room began to move and another ended. Each test ends with the fixture's proof:
 * replay = live, loading = live, the audit finds nothing. */
#include "core/card/card.h"
#include "core/issue/issue.h"
#include "core/job/job.h"
#include "core/mall/mall.h"
#include "core/play/play.h"
#include "core/promotion/campaign.h"
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))
#define CARDS 20

static uint32_t batch;

static struct tb_code_ref code(uint32_t serial)
{
    return (struct tb_code_ref){batch, serial};
}

/* A shop that sells gift cards. */
static struct checkout_kit *shop(void)
{
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put unit = {.put.code = S("gc"), .kind = TB_UNIT_GIFT_CARD, .flags = TB_UNIT_GIVABLE};
    struct tb_cmd_namespace_put ns = {
        .put.code = S("gift_card"), .class_no = TB_CLASS_STRONG, .scope = TB_SCOPE_PERSON, .priority = 900};
    struct tb_cmd_code_batch_put codes = {.put.code = S("cards"), .scene = TB_SCENE_INSIDE, .count = CARDS};
    struct tb_cmd_codes_bind bind = {.target = {.batch = S("cards"), .n = CARDS}, .campaign = S("gift cards")};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    fx_done(k->f, TB_OP_NAMESPACE_PUT, &ns);
    fx_done(k->f, TB_OP_CODE_BATCH_PUT, &codes);
    batch = (uint32_t)fx_uint(k->f, 1, 0);
    fx_done(k->f, TB_OP_CODES_BIND, &bind);
    return k;
}

static void sold(struct checkout_kit *k, uint32_t serial, int64_t amount)
{
    struct tb_cmd_card_sell in = {.code = code(serial), .unit = S("gc"), .amount = amount};
    fx_done(k->f, TB_OP_CARD_SELL, &in);
}

/* What is on the card and nothing pins. */
static int64_t on(struct checkout_kit *k, uint32_t serial)
{
    struct tb_cmd_card_look in = {.code = code(serial), .staff = true};
    fx_done(k->f, TB_OP_CARD_LOOK, &in);
    return (int64_t)fx_uint(k->f, 3, 0);
}

static void act(struct checkout_kit *k, uint32_t serial, uint32_t verb)
{
    struct tb_cmd_card_act in = {.verb = verb, .code = code(serial), .reason = S("lost")};
    fx_done(k->f, TB_OP_CARD_ACT, &in);
}

static void replaced(struct checkout_kit *k, uint32_t serial, uint32_t fresh)
{
    struct tb_cmd_card_act in = {
        .verb = TB_CARD_REPLACE, .code = code(serial), .fresh = code(fresh), .reason = S("lost")};
    fx_done(k->f, TB_OP_CARD_ACT, &in);
}

static struct tb_who who(struct checkout_kit *k, const char *name)
{
    struct tb_identifier id = fx_id(k->f, "unionid", name, true);
    return (struct tb_who){.profile = fx_contact(k->f, &id, 1, k->f->now_ms)};
}

static void registered(struct checkout_kit *k, uint32_t serial, const char *name)
{
    struct tb_cmd_card_act in = {.verb = TB_CARD_REGISTER, .code = code(serial), .member = who(k, name)};
    fx_done(k->f, TB_OP_CARD_ACT, &in);
}

static void pay_by_card(struct checkout_kit *k, uint32_t serial, int64_t amount)
{
    k->tender[k->in.quote.tender_n++] =
        (struct tb_quote_tender){.kind = TB_TENDER_GIFT_CARD, .amount = amount, .code = code(serial)};
}

/* ---- a hand and a return ------------------------------------------------------------------------ */

static void reversed(struct checkout_kit *k, uint64_t transfer, int64_t amount)
{
    struct tb_cmd_reverse in = {.transfer = transfer, .amount = amount, .reason = S("asked for")};
    fx_done(k->f, TB_OP_REVERSE, &in);
}

/* Points that a hand gave back before the goods came back come back once. */
static void reversed_and_returned(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    kit_give(k, "anna", "points", 5000);
    kit_line(k, 2, YUAN(50));
    kit_pay(k, TB_TENDER_POINTS, YUAN(50), "points");
    uint64_t order = kit_confirm(k, "A");
    const struct tb_order_payment *p = kit_section(k, order, TB_ORDER_PAYMENT);
    assert_int_equal(kit_balance(k, "anna", "points"), 0);
    reversed(k, p->transfer, 2000);
    (void)kit_return(k, "A", "r1", 0, 1);
    assert_int_equal(kit_balance(k, "anna", "points"), 4500);
    (void)kit_return(k, "A", "r2", 0, 1);
    assert_int_equal(kit_balance(k, "anna", "points"), 5000);
    p = kit_section(k, order, TB_ORDER_PAYMENT);
    assert_true(p->back == YUAN(50) && p->units_back == 3000);
    kit_clear(k);
    kit_line(k, 1, YUAN(10));
    kit_pay(k, TB_TENDER_POINTS, YUAN(10), "points");
    order = kit_confirm(k, "B");
    reversed(k, ((const struct tb_order_payment *)kit_section(k, order, TB_ORDER_PAYMENT))->transfer, 0);
    kit_cancel(k, "B");
    assert_int_equal(kit_balance(k, "anna", "points"), 5000);
    kit_free(k);
}

static void reversed_and_cancelled(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put cash = {.put.code = S("cash"), .kind = TB_UNIT_STORED_VALUE};
    struct tb_cmd_mall_put mug = {.put.code = S("mug"), .unit = S("points"), .points = 300, .cash = 990};
    fx_done(k->f, TB_OP_UNIT_PUT, &cash);
    fx_done(k->f, TB_OP_MALL_PUT, &mug);
    kit_give(k, "anna", "points", 300);
    kit_give(k, "anna", "cash", 990);
    struct tb_cmd_mall_exchange take = {
        .who = who(k, "anna"), .goods = S("mug"), .quantity = 1, .stored = 990};
    fx_done(k->f, TB_OP_MALL_EXCHANGE, &take);
    uint64_t exchange = fx_uint(k->f, 1, 0);
    struct tb_block *b = tb_store_get(&k->f->core.store, TB_KIND_EXCHANGE, exchange);
    const struct tb_exchange x = *(const struct tb_exchange *)tb_block_head_const(b);
    const struct tb_exchange_draw *d = tb_block_section(&tb_shapes[TB_KIND_EXCHANGE], b, TB_EXCHANGE_DRAW);
    uint64_t drew = d->transfer;
    reversed(k, x.transfer, 100);
    reversed(k, drew, 0);
    struct tb_cmd_mall_move cancel = {.exchange = exchange, .state = TB_EXCHANGE_CANCELLED, .reason = S("r")};
    fx_done(k->f, TB_OP_MALL_MOVE, &cancel);
    assert_int_equal(fx_uint(k->f, 3, 0), 200);
    assert_int_equal(fx_uint(k->f, 6, 0), 0);
    assert_int_equal(kit_balance(k, "anna", "points"), 300);
    assert_int_equal(kit_balance(k, "anna", "cash"), 990);
    kit_free(k);
}

/* ---- tenders ---------------------------------------------------------------------------------------- */

/* A wallet is several tenders: with it a receipt could have more than it holds. */
static void more_than_a_receipt_holds(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put unit = {.put.code = S("cash"), .kind = TB_UNIT_STORED_VALUE};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    unit.put.code = S("more");
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    kit_give(k, "anna", "cash", 2);
    kit_give(k, "anna", "more", 2);
    kit_give(k, "anna", "points", 100);
    struct tb_quote_tender tender[TB_ORDER_TENDERS_MAX] = {
        {.kind = TB_TENDER_STORED_VALUE, .amount = 4, .wallet = true}};
    for (uint32_t i = 1; i < TB_ORDER_TENDERS_MAX; i++)
        tender[i] = (struct tb_quote_tender){.kind = TB_TENDER_POINTS, .amount = 1, .unit = S("points")};
    kit_line(k, 1, 4 + TB_ORDER_TENDERS_MAX - 1);
    k->in.quote.tender = tender;
    k->in.quote.tender_n = TB_ORDER_TENDERS_MAX;
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INVALID, "tenders/19");
    fx_refused(k->f, TB_OP_CHECKOUT, &k->in.quote, TB_CODE_INVALID, "tenders/19");
    k->line[0].net--;
    k->in.quote.tender_n--;
    uint64_t basket = kit_checkout(k);
    (void)kit_confirm_basket(k, basket, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 100 - 18);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "points"), 100);
    kit_free(k);
}

/* Two cards of one holder pay together, and neither pays more than is on it. */
static void two_cards_of_one_holder(void **state)
{
    (void)state;
    struct checkout_kit *k = shop();
    sold(k, 1, YUAN(50));
    sold(k, 2, YUAN(50));
    registered(k, 1, "anna");
    registered(k, 2, "anna");
    kit_clear(k);
    kit_as(k, NULL);
    kit_line(k, 1, YUAN(100));
    pay_by_card(k, 1, YUAN(50));
    pay_by_card(k, 2, YUAN(50));
    (void)kit_confirm(k, "A");
    assert_int_equal(kit_balance(k, "anna", "gc"), 0);
    kit_cancel(k, "A");
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    pay_by_card(k, 1, YUAN(30));
    pay_by_card(k, 1, YUAN(30));
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/1");
    assert_true(on(k, 1) == YUAN(50) && on(k, 2) == YUAN(50));
    kit_free(k);
}

/* ---- lost cards --------------------------------------------------------------------------------------- */

/* What the lost card had paid comes back to the card that replaced it, not to a code that is void. */
static void returned_after_it_was_replaced(void **state)
{
    (void)state;
    struct checkout_kit *k = shop();
    sold(k, 1, YUAN(100));
    kit_line(k, 1, YUAN(40));
    pay_by_card(k, 1, YUAN(40));
    (void)kit_confirm(k, "A");
    replaced(k, 1, 2);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(60));
    assert_int_equal(fx_uint(k->f, 3, 0), 0);
    assert_true(on(k, 1) == 0 && on(k, 2) == YUAN(60));
    kit_cancel(k, "A");
    assert_true(on(k, 1) == 0 && on(k, 2) == YUAN(100));
    replaced(k, 2, 3);
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    pay_by_card(k, 3, YUAN(100));
    (void)kit_confirm(k, "B");
    assert_int_equal(on(k, 3), 0);
    kit_free(k);
}

/* What comes back to a blocked card is pinned with the rest. */
static void returned_while_it_is_blocked(void **state)
{
    (void)state;
    struct checkout_kit *k = shop();
    sold(k, 1, YUAN(100));
    registered(k, 1, "anna");
    kit_clear(k);
    kit_line(k, 1, YUAN(40));
    pay_by_card(k, 1, YUAN(40));
    (void)kit_confirm(k, "A");
    act(k, 1, TB_CARD_BLOCK);
    kit_cancel(k, "A");
    assert_int_equal(kit_balance(k, "anna", "gc"), 0);
    fx_prove(k->f);
    act(k, 1, TB_CARD_UNBLOCK);
    assert_int_equal(on(k, 1), YUAN(100));
    kit_free(k);
}

/* A gift and a basket that who found the card had begun end when it is blocked, or replaced at once. */
static void begun_before_it_was_blocked(void **state)
{
    (void)state;
    for (uint32_t at_once = 0; at_once < 2; at_once++) {
        struct checkout_kit *k = shop();
        sold(k, 1, YUAN(100));
        struct tb_cmd_card_act give = {
            .verb = TB_CARD_GIVE, .code = code(1), .amount = YUAN(30), .lifetime_ms = FX_DAY};
        fx_done(k->f, TB_OP_CARD_ACT, &give);
        struct tb_cmd_card_act claim = {.verb = TB_CARD_CLAIM, .gift = fx_uint(k->f, 1, 0)};
        claim.member = who(k, "bert");
        kit_clear(k);
        kit_as(k, NULL);
        kit_line(k, 1, YUAN(20));
        pay_by_card(k, 1, YUAN(20));
        uint64_t basket = kit_checkout(k);
        if (!at_once)
            act(k, 1, TB_CARD_BLOCK);
        else
            replaced(k, 1, 2);
        fx_refused(k->f, TB_OP_CARD_ACT, &claim, TB_CODE_HOLD_ENDED, "gift");
        struct tb_cmd_confirm confirm = {.basket = basket, .payable = -1};
        confirm.quote.order.key = S("A");
        fx_refused(k->f, TB_OP_CONFIRM, &confirm, TB_CODE_INSUFFICIENT, "tenders");
        k->f->now_ms += FX_DAY;
        struct tb_cmd_fire fire = {.kind = TB_KIND_CARD, .id = claim.gift};
        fx_done(k->f, TB_OP_FIRE, &fire);
        fire = (struct tb_cmd_fire){.kind = TB_KIND_BASKET, .id = basket};
        fx_done(k->f, TB_OP_FIRE, &fire);
        fx_prove(k->f);
        if (!at_once)
            act(k, 1, TB_CARD_UNBLOCK);
        assert_int_equal(on(k, 1 + at_once), YUAN(100));
        kit_free(k);
    }
}

/* Pieces go with a card: a member could not take them. */
static void pieces_are_no_gift(void **state)
{
    (void)state;
    struct checkout_kit *k = shop();
    struct tb_cmd_product_put cake = {.put.code = S("cake"), .name = S("Cake")};
    struct tb_cmd_unit_put unit = {
        .put.code = S("gc"), .kind = TB_UNIT_GIFT_CARD, .flags = TB_UNIT_GIVABLE, .item = S("cake")};
    fx_done(k->f, TB_OP_PRODUCT_PUT, &cake);
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    sold(k, 1, 3);
    struct tb_cmd_card_act give = {.verb = TB_CARD_GIVE, .code = code(1), .amount = 1, .lifetime_ms = FX_DAY};
    fx_refused(k->f, TB_OP_CARD_ACT, &give, TB_CODE_INVALID, "unit");
    kit_free(k);
}

/* ---- coupons ------------------------------------------------------------------------------------------- */

static void coupon_unit(struct checkout_kit *k, const char *name, int64_t valid_until_ms, int64_t stock)
{
    struct tb_cmd_unit_put unit = {.put.code = tb_str_of(name),
                                   .kind = TB_UNIT_COUPON,
                                   .negative = TB_NEGATIVE_ONLY_PENDING,
                                   .valid_until_ms = valid_until_ms,
                                   .stock = stock};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
}

/* A gift card is nobody: an issue to everybody passes it by. */
static void none_for_a_card(void **state)
{
    (void)state;
    struct checkout_kit *k = shop();
    coupon_unit(k, "ten", 0, 2);
    sold(k, 1, YUAN(100));
    sold(k, 2, YUAN(100));
    (void)who(k, "anna");
    (void)who(k, "bert");
    struct tb_cmd_issue in = {.put.code = S("all"), .unit = S("ten"), .reason = S("spring")};
    fx_done(k->f, TB_OP_ISSUE, &in);
    for (uint64_t id = 1; id <= k->f->core.store.counter[TB_COUNTER_JOB]; id++)
        while (tb_store_get(&k->f->core.store, TB_KIND_JOB, id) != NULL) {
            struct tb_cmd_job_step step = {.job = id};
            fx_done(k->f, TB_OP_JOB_STEP, &step);
        }
    assert_int_equal(kit_balance(k, "anna", "ten"), 1);
    assert_int_equal(kit_balance(k, "bert", "ten"), 1);
    struct tb_block *b =
        tb_store_get(&k->f->core.store, TB_KIND_ISSUE, fx_code(k->f, TB_KIND_ISSUE, "all"));
    assert_int_equal(((const struct tb_issue *)tb_block_head_const(b))->looked, 2);
    kit_free(k);
}

/* Nobody pays for a coupon of a template that is over, nor wins one. */
static void none_of_a_template_that_is_over(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    coupon_unit(k, "ten", k->f->now_ms + FX_DAY, 0);
    struct tb_cmd_mall_put put = {.put.code = S("voucher"), .unit = S("points"), .points = 50, .gives = S("ten")};
    fx_done(k->f, TB_OP_MALL_PUT, &put);
    kit_give(k, "anna", "points", 100);
    struct tb_cmd_mall_exchange take = {.who = who(k, "anna"), .goods = S("voucher"), .quantity = 1};
    fx_done(k->f, TB_OP_MALL_EXCHANGE, &take);
    assert_int_equal(kit_balance(k, "anna", "ten"), 1);
    k->f->now_ms += FX_DAY;
    fx_refused(k->f, TB_OP_MALL_EXCHANGE, &take, TB_CODE_NOT_OPEN, "goods");
    assert_int_equal(kit_balance(k, "anna", "points"), 50);
    struct tb_reward_input reward = {.kind = TB_REWARD_STEP, .at = 1, .unit = S("ten"), .amount = 1};
    struct tb_cmd_game_put task = {.put.code = S("task"), .kind = TB_GAME_TASK, .period = TB_PERIOD_LIFETIME,
                                   .per_member = 1, .reward = &reward, .reward_n = 1};
    fx_done(k->f, TB_OP_GAME_PUT, &task);
    struct tb_cmd_game_move open = {.game = S("task"), .state = TB_GAME_OPEN};
    fx_done(k->f, TB_OP_GAME_MOVE, &open);
    struct tb_cmd_play play = {.who = who(k, "anna"), .game = S("task")};
    fx_refused(k->f, TB_OP_TASK_DO, &play, TB_CODE_NOT_OPEN, "member");
    kit_free(k);
}

/* A coupon goes at once, so its money is paid at once. */
static void none_on_credit(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    coupon_unit(k, "ten", 0, 0);
    struct tb_cmd_mall_put put = {
        .put.code = S("voucher"), .unit = S("points"), .points = 50, .cash = 500, .gives = S("ten")};
    fx_done(k->f, TB_OP_MALL_PUT, &put);
    kit_give(k, "anna", "points", 100);
    struct tb_cmd_mall_exchange take = {.who = who(k, "anna"), .goods = S("voucher"), .quantity = 1, .paid = 499};
    fx_refused(k->f, TB_OP_MALL_EXCHANGE, &take, TB_CODE_TENDERS_DIFFER, "paid");
    assert_int_equal(kit_balance(k, "anna", "ten"), 0);
    take.paid = 500;
    fx_done(k->f, TB_OP_MALL_EXCHANGE, &take);
    assert_int_equal(kit_balance(k, "anna", "ten"), 1);
    kit_free(k);
}

/* ---- offers, articles, packets ---------------------------------------------------------------------------- */

/* An offer that nobody has put live was quoted to nobody. */
static void an_offer_that_was_never_live(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("draft", TB_PRICE_PERCENT);
    put.ppm = 900000;
    fx_done(k->f, TB_OP_CAMPAIGN_PUT, &put);
    struct tb_block *b =
        tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN, fx_code(k->f, TB_KIND_CAMPAIGN, "draft"));
    kit_clear(k);
    kit_line(k, 1, YUAN(100));
    k->offer[0] = ((const struct tb_campaign *)tb_block_head_const(b))->newest;
    k->in.offer_n = 1;
    k->in.quote.order.key = S("A");
    assert_int_not_equal(k->offer[0], 0);
    fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_UNKNOWN_OFFER, "offers");
    kit_free(k);
}

/* What was quoted is honoured for a day, and not for ever: naming an offer brings none back that has ended. */
static void an_offer_that_has_ended(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("half", TB_PRICE_PERCENT);
    put.ppm = 500000;
    k->offer[0] = kit_live(k, &put);
    struct tb_cmd_campaign_move stop = {.campaign = S("half"), .state = TB_CAMPAIGN_ENDED};
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &stop);
    int64_t sale_ms = k->f->now_ms - 1;
    for (uint32_t i = 0; i < 3; i++) {
        kit_clear(k);
        kit_line(k, 1, YUAN(100));
        k->in.offer_n = 1;
        if (i == 2) /* late, of an hour in which it was live */
            k->in.quote.order.occurred_ms = sale_ms;
        k->in.payable = YUAN(50);
        static const char *const key[] = {"A", "B", "C"};
        k->in.quote.order.key = tb_str_of(key[i]);
        if (i == 1)
            fx_refused(k->f, TB_OP_CONFIRM, &k->in, TB_CODE_QUOTE_CHANGED, "offers");
        else
            fx_done(k->f, TB_OP_CONFIRM, &k->in);
        k->f->now_ms += FX_DAY;
    }
    kit_free(k);
}

/* As many articles as an order has, each with as long a name as there is, and none of them in the catalog. */
static void long_names(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    static struct tb_order_line_input line[TB_ORDER_LINES_MAX];
    static char sku[TB_ORDER_LINES_MAX][TB_CODE_MAX + 1];
    for (uint32_t i = 0; i < TB_ORDER_LINES_MAX; i++) {
        snprintf(sku[i], sizeof sku[i], "%0*u", (int)TB_CODE_MAX, i);
        line[i] = (struct tb_order_line_input){.sku = tb_str_of(sku[i]), .quantity = 1000, .net = 100};
    }
    k->in.quote.order.line = line;
    k->in.quote.order.line_n = TB_ORDER_LINES_MAX;
    k->in.quote.order.key = S("A");
    fx_done(k->f, TB_OP_CONFIRM, &k->in);
    fx_prove(k->f);
    uint64_t basket = kit_checkout(k);
    fx_prove(k->f);
    (void)kit_confirm_basket(k, basket, "B");
    struct tb_cmd_order plain = k->in.quote.order;
    plain.key = S("C");
    plain.identifier_n = 0;
    fx_done(k->f, TB_OP_ORDER, &plain);
    kit_cancel(k, "A");
    kit_free(k);
}

/* A packet of stored value fills nobody's wallet beyond what she may have. */
static void a_wallet_that_is_full(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_unit_put cash = {
        .put.code = S("cash"), .kind = TB_UNIT_STORED_VALUE, .anonymous_max = YUAN(50)};
    fx_done(k->f, TB_OP_UNIT_PUT, &cash);
    kit_give(k, "anna", "cash", YUAN(50));
    kit_give(k, "bert", "cash", YUAN(41));
    struct tb_cmd_packet_send send = {.who = who(k, "anna"), .unit = S("cash"), .total = YUAN(20), .shares = 2,
                                      .mode = TB_PACKET_EQUAL, .lifetime_ms = FX_DAY};
    fx_done(k->f, TB_OP_PACKET_SEND, &send);
    struct tb_cmd_packet_claim claim = {.packet = fx_uint(k->f, 1, 0)};
    claim.who = who(k, "bert");
    fx_refused(k->f, TB_OP_PACKET_CLAIM, &claim, TB_CODE_CAP_EXCEEDED, "member");
    claim.who = who(k, "carl");
    fx_done(k->f, TB_OP_PACKET_CLAIM, &claim);
    claim.who = who(k, "anna"); /* her own: what she holds is not counted twice */
    fx_done(k->f, TB_OP_PACKET_CLAIM, &claim);
    assert_int_equal(kit_balance(k, "anna", "cash"), YUAN(40));
    assert_int_equal(kit_balance(k, "bert", "cash"), YUAN(41));
    kit_free(k);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reversed_and_returned), T(reversed_and_cancelled), T(more_than_a_receipt_holds),
        T(two_cards_of_one_holder), T(returned_after_it_was_replaced), T(returned_while_it_is_blocked),
        T(begun_before_it_was_blocked), T(pieces_are_no_gift), T(none_for_a_card),
        T(none_of_a_template_that_is_over), T(none_on_credit), T(an_offer_that_was_never_live),
        T(an_offer_that_has_ended), T(long_names), T(a_wallet_that_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
