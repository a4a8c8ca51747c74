// SPDX-License-Identifier: Apache-2.0
/* Bad input to quotes, checkouts, orders, returns, coupons and campaigns: one table. Each row has its stable code
 * and field, and leaves every byte of the cell as it was. In a group the rows stand in the order of
 * precedence; a row that says so has a later reason too.                                         */
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))

/* One shop for all rows: nothing changes, so none disturbs another. */
struct bad {
    struct checkout_kit *k;
    uint64_t annas;  /* coupons, lots: in the open basket */
    uint64_t spare;  /* hers too, givable */
    uint64_t bertas;
    uint64_t lapsed; /* baskets */
    uint64_t open;
    uint32_t offer;
    union {
        struct tb_cmd_return ret;
        struct tb_cmd_order_cancel cancel;
        struct tb_cmd_basket_release release;
        struct tb_cmd_coupon_claim claim;
        struct tb_cmd_coupon_issue issue;
        struct tb_cmd_coupon_give give;
        struct tb_cmd_coupon_void undo;
        struct tb_cmd_campaign_put put;
        struct tb_cmd_campaign_move move;
        struct tb_cmd_campaign_get get;
        struct tb_cmd_unit_put unit;
        struct tb_cmd_rule_put rule;
    } in;
    struct tb_return_line_input back[2];
};

static struct tb_order_line_input *line(struct bad *b) { return &b->k->line[0]; }
static struct tb_cmd_quote *quote(struct bad *b) { return &b->k->in.quote; }

static void tender(struct bad *b, const char *unit, int64_t amount, int64_t units)
{
    b->k->tender[quote(b)->tender_n++] = (struct tb_quote_tender){
        .kind = TB_TENDER_POINTS, .unit = unit ? tb_str_of(unit) : TB_STR_NONE, .amount = amount, .units = units};
}

/* A return of an order, one line. */
static void back(struct bad *b, const char *order, const char *key, uint32_t at, int64_t quantity)
{
    b->back[0] = (struct tb_return_line_input){.line = at, .quantity = quantity, .net = TB_NET_SHARE};
    b->in.ret = (struct tb_cmd_return){
        .order = tb_str_of(order), .key = tb_str_of(key), .line = b->back, .line_n = 1, .input_hash = 9};
}

static void campaign(struct bad *b, const char *code, int64_t mechanic)
{
    b->in.put = kit_campaign(code, mechanic);
    b->in.put.amount = 100;
}

static void move(struct bad *b, const char *code, uint32_t state)
{
    b->in.move = (struct tb_cmd_campaign_move){.campaign = tb_str_of(code), .state = state};
}

#define CONFIRM(b, name) ((b)->k->in.quote.order.key = S(name))

/* name, operation, code, field, what is wrong with the good basket (one line of 100.00, anna) or the input */
#define ROWS(X)                                                                                                        \
    X("no lines", QUOTE, INVALID, "lines", quote(b)->order.line_n = 0)                                                 \
    X("1,001 lines", QUOTE, INVALID, "lines", quote(b)->order.line_n = 1001)                                           \
    X("too many coupons", QUOTE, INVALID, "coupons", quote(b)->coupon_n = 101)                                         \
    X("too many tenders", QUOTE, INVALID, "tenders", quote(b)->tender_n = 21)                                          \
    X("negative shipping", QUOTE, INVALID, "shipping", quote(b)->shipping = -1)                                        \
    X("no such policy", QUOTE, INVALID, "policy", quote(b)->policy = 2)                                                \
    X("too many steps", QUOTE, INVALID, "steps", quote(b)->steps_max = TB_QUOTE_STEPS_MAX + 1)                         \
    X("another currency", QUOTE, UNKNOWN_CURRENCY, "currency",                                                         \
      (quote(b)->order.currency = S("EUR"), quote(b)->order.store = S("nowhere")))                                     \
    X("unknown store", QUOTE, UNKNOWN_STORE, "store", quote(b)->order.store = S("nowhere"))                            \
    X("unknown associate", QUOTE, UNKNOWN_ASSOCIATE, "associate", quote(b)->order.associate = S("nobody"))             \
    X("unknown touchpoint", QUOTE, UNKNOWN_TOUCHPOINT, "touchpoint", quote(b)->order.touchpoint = S("none"))           \
    X("tomorrow and more", QUOTE, TIME_IN_FUTURE, "occurred_at",                                                       \
      quote(b)->order.occurred_ms = b->k->f->now_ms + FX_DAY + 1)                                                      \
    X("long ago", QUOTE, TIME_TOO_OLD, "occurred_at", quote(b)->order.occurred_ms = TB_MS_MIN - 1)                     \
    X("no sku", QUOTE, INVALID, "lines/0", line(b)->sku = TB_STR_NONE)                                                 \
    X("quantity 0", QUOTE, INVALID, "lines/0", line(b)->quantity = 0)                                                  \
    X("quantity -1", QUOTE, INVALID, "lines/0", line(b)->quantity = -1000)                                             \
    X("quantity beyond all numbers", QUOTE, INVALID, "lines/0", line(b)->quantity = INT64_MAX)                         \
    X("unknown product", QUOTE, UNKNOWN_PRODUCT, "lines/0", line(b)->net = TB_NET_LIST)                                \
    X("product without a price", QUOTE, UNKNOWN_PRICE, "lines/0",                                                      \
      (line(b)->net = TB_NET_LIST, line(b)->sku = S("free")))                                                          \
    X("an amount below 0", QUOTE, INVALID, "lines/0", line(b)->net = -5)                                               \
    X("an amount beyond money", QUOTE, INVALID, "lines/0", line(b)->net = TB_PRICE_MONEY_MAX + 1)                      \
    X("quantity 1,000,000,000", QUOTE, TOO_LARGE, "lines", line(b)->quantity = INT64_C(1000000000) * 1000)             \
    X("as much at its list price", QUOTE, TOO_LARGE, "lines",                                                          \
      (line(b)->net = TB_NET_LIST, line(b)->sku = S("milk"), line(b)->quantity = INT64_C(1000000000) * 1000))          \
    X("a tender of no kind", QUOTE, INVALID, "tenders/0", (tender(b, "points", 1, 0), b->k->tender[0].kind = 99))      \
    X("units of no unit", QUOTE, INVALID, "tenders/0", tender(b, NULL, 0, 5))                                          \
    X("a negative tender", QUOTE, INVALID, "tenders/0", tender(b, "points", -1, 0))                                    \
    X("unknown unit", QUOTE, UNKNOWN_UNIT, "tenders/0", tender(b, "marbles", 5, 0))                                    \
    X("a unit that does not pay", QUOTE, INVALID, "tenders/0", tender(b, "stamps", 5, 0))                              \
    X("a coupon is no money", QUOTE, INVALID, "tenders/0", tender(b, "t", 5, 0))                                       \
    X("nobody's points", QUOTE, UNKNOWN_MEMBER, "tenders/0", (kit_as(b->k, NULL), tender(b, "points", 5, 0)))          \
    X("an unknown card's", QUOTE, UNKNOWN_MEMBER, "tenders",                                                           \
      (tender(b, "points", 5, 0), b->k->tender[0].by_card = true,                                                      \
       b->k->tender[0].card.identifier = fx_id(b->k->f, "card", "4711471147114711", true)))                            \
    X("more than is due", QUOTE, TENDERS_DIFFER, "tenders/0", tender(b, "points", YUAN(101), 0))                       \
    X("below the floor", QUOTE, CAP_EXCEEDED, "tenders/0", tender(b, "coins", 0, 99))                                  \
    X("more than she has", QUOTE, INSUFFICIENT, "tenders/0", tender(b, "points", YUAN(100), 0))                        \
    X("a basket of no time", CHECKOUT, INVALID, "lifetime", quote(b)->lifetime_ms = 999)                               \
    X("a basket for ever", CHECKOUT, INVALID, "lifetime", quote(b)->lifetime_ms = TB_BASKET_LIFETIME_MAX_MS + 1)       \
    X("no key", CONFIRM, INVALID, "order", CONFIRM(b, ""))                                                             \
    X("the order stands with other content", CONFIRM, ORDER_EXISTS, "order",                                           \
      (CONFIRM(b, "A"), quote(b)->order.input_hash = 2))                                                               \
    X("the receipt stands with more lines", CONFIRM, ORDER_EXISTS, "receipt",                                          \
      (CONFIRM(b, "new"), quote(b)->order.receipt = S("gz/1/1"), kit_line(b->k, 1, 100)))                              \
    X("65 offers", CONFIRM, INVALID, "offers", (CONFIRM(b, "new"), b->k->in.offer_n = 65))                             \
    X("an expired basket", CONFIRM, UNKNOWN_BASKET, "basket",                                                          \
      (CONFIRM(b, "new"), b->k->in.basket = b->lapsed, quote(b)->order.line_n = 0))                                    \
    X("a guessed basket", CONFIRM, UNKNOWN_BASKET, "basket",                                                           \
      (CONFIRM(b, "new"), b->k->in.basket = 12345678, quote(b)->order.line_n = 0))                                     \
    X("an unknown offer", CONFIRM, UNKNOWN_OFFER, "offers",                                                            \
      (CONFIRM(b, "new"), b->k->offer[0] = 4000000, b->k->in.offer_n = 1))                                             \
    X("another's coupon", CONFIRM, QUOTE_CHANGED, "offers",                                                            \
      (CONFIRM(b, "new"), b->k->coupon[0] = b->bertas, quote(b)->coupon_n = 1, b->k->offer[0] = b->offer,              \
       b->k->in.offer_n = 1))                                                                                          \
    X("a guessed coupon", CONFIRM, QUOTE_CHANGED, "offers",                                                            \
      (CONFIRM(b, "new"), b->k->coupon[0] = 987654321, quote(b)->coupon_n = 1, b->k->offer[0] = b->offer,              \
       b->k->in.offer_n = 1))                                                                                          \
    X("a coupon in an open basket", CONFIRM, QUOTE_CHANGED, "offers",                                                  \
      (CONFIRM(b, "new"), b->k->coupon[0] = b->annas, quote(b)->coupon_n = 1, b->k->offer[0] = b->offer,               \
       b->k->in.offer_n = 1))                                                                                          \
    X("an expired quote", CONFIRM, QUOTE_CHANGED, "payable", (CONFIRM(b, "new"), b->k->in.payable = YUAN(80)))         \
    X("money that differs", CONFIRM, TENDERS_DIFFER, "tenders", (CONFIRM(b, "new"), tender(b, NULL, YUAN(99), 0)))     \
    X("money beside a basket that differs", CONFIRM, TENDERS_DIFFER, "tenders",                                        \
      (CONFIRM(b, "new"), b->k->in.basket = b->open, tender(b, NULL, YUAN(91), 0)))                                    \
    X("a basket at another price", CONFIRM, QUOTE_CHANGED, "payable",                                                  \
      (CONFIRM(b, "new"), b->k->in.basket = b->open, b->k->in.payable = YUAN(91)))                                     \
    X("release of none", BASKET_RELEASE, UNKNOWN_BASKET, "basket", b->in.release.basket = 77777)                       \
    X("return of nothing", RETURN, INVALID, "lines", (back(b, "A", "x", 0, 1000), b->in.ret.line_n = 0))               \
    X("a return's key with other content", RETURN, ORDER_EXISTS, "return", back(b, "A", "r1", 0, 1000))                \
    X("return of an unknown order", RETURN, UNKNOWN_ORDER, "order", back(b, "Z", "x", 0, 1000))                        \
    X("return of a cancelled order", RETURN, ORDER_CLOSED, "order", back(b, "B", "x", 0, 1000))                        \
    X("return from the future", RETURN, TIME_IN_FUTURE, "occurred_at",                                                 \
      (back(b, "A", "x", 0, 1000), b->in.ret.occurred_ms = b->k->f->now_ms + 2 * FX_DAY))                              \
    X("return of no line", RETURN, INVALID, "lines/0", back(b, "A", "x", 7, 1000))                                     \
    X("return of quantity 0", RETURN, INVALID, "lines/0", back(b, "A", "x", 0, 0))                                     \
    X("more than was bought", RETURN, RETURN_EXCEEDS, "lines/0", back(b, "A", "x", 0, 3000))                           \
    X("what came back already", RETURN, RETURN_EXCEEDS, "lines/0", back(b, "C", "x", 0, 1000))                         \
    X("10^9 of it", RETURN, RETURN_EXCEEDS, "lines/0", back(b, "A", "x", 0, INT64_C(1000000000) * 1000))               \
    X("twice in one return", RETURN, RETURN_EXCEEDS, "lines/1",                                                        \
      (back(b, "A", "x", 0, 2000), b->back[1] = b->back[0], b->in.ret.line_n = 2))                                     \
    X("a product that was not bought", RETURN, RETURN_EXCEEDS, "lines/0",                                              \
      (back(b, "A", "x", TB_LINE_BY_SKU, 1000), b->back[0].sku = S("milk")))                                           \
    X("a part of a piece", RETURN_QUOTE, INVALID, "lines/0", back(b, "A", "", 0, 500))                                 \
    X("at a price of her own", RETURN_QUOTE, INVALID, "lines/0", (back(b, "A", "", 0, 1000), b->back[0].net = 1))      \
    X("cancel of nothing", ORDER_CANCEL, UNKNOWN_ORDER, "order", b->in.cancel.order = S("Z"))                          \
    X("points are no template", COUPON_CLAIM, UNKNOWN_UNIT, "unit",                                                    \
      (b->in.claim.member.identifier = b->k->id, b->in.claim.unit = S("points")))                                      \
    X("issued without a reason", COUPON_ISSUE, REASON_REQUIRED, "reason",                                              \
      (b->in.issue.unit = S("t"), b->in.issue.member.identifier = b->k->id))                                           \
    X("a coupon in a basket, given away", COUPON_GIVE, UNKNOWN_COUPON, "coupon",                                       \
      (b->in.give.from.identifier = b->k->id, b->in.give.lot = b->annas,                                               \
       b->in.give.to.identifier = fx_id(b->k->f, "unionid", "berta", true)))                                           \
    X("given to an unknown", COUPON_GIVE, UNKNOWN_MEMBER, "to",                                                        \
      (b->in.give.from.identifier = b->k->id, b->in.give.lot = b->spare,                                               \
       b->in.give.to.identifier = fx_id(b->k->f, "unionid", "nobody", true)))                                          \
    X("given by an unknown", COUPON_GIVE, UNKNOWN_MEMBER, "from",                                                      \
      (b->in.give.from.identifier = fx_id(b->k->f, "unionid", "nobody", true), b->in.give.lot = b->spare,              \
       b->in.give.to.identifier = fx_id(b->k->f, "unionid", "nobody else", true)))                                     \
    X("another's, given to an unknown", COUPON_GIVE, UNKNOWN_MEMBER, "to",                                             \
      (b->in.give.from.identifier = b->k->id, b->in.give.lot = b->bertas,                                              \
       b->in.give.to.identifier = fx_id(b->k->f, "unionid", "nobody", true)))                                          \
    X("another's, given away", COUPON_GIVE, UNKNOWN_COUPON, "coupon",                                                  \
      (b->in.give.from.identifier = b->k->id, b->in.give.lot = b->bertas,                                              \
       b->in.give.to.identifier = fx_id(b->k->f, "unionid", "berta", true)))                                           \
    X("another's, void", COUPON_VOID, UNKNOWN_COUPON, "coupon",                                                        \
      (b->in.undo.member.identifier = b->k->id, b->in.undo.lot = b->bertas, b->in.undo.reason = S("why not")))         \
    X("a campaign that fails its check", CAMPAIGN_MOVE, CAMPAIGN_FINDINGS, "findings",                                 \
      move(b, "loose", TB_CAMPAIGN_LIVE))                                                                              \
    X("a campaign that nobody knows", CAMPAIGN_MOVE, UNKNOWN_CAMPAIGN, "campaign", move(b, "none", TB_CAMPAIGN_LIVE))  \
    X("a campaign out of its turn", CAMPAIGN_MOVE, CAMPAIGN_STATE, "state", move(b, "coupon", TB_CAMPAIGN_REVIEW))     \
    X("no such state", CAMPAIGN_MOVE, CAMPAIGN_STATE, "state", move(b, "loose", 77))                                   \
    X("a version seen before", CAMPAIGN_MOVE, VERSION_CONFLICT, "offer_version",                                       \
      (move(b, "loose", TB_CAMPAIGN_LIVE), b->in.move.offer_version = 9))                                              \
    X("no such version", CAMPAIGN_GET, INVALID, "version",                                                             \
      (b->in.get.campaign = S("loose"), b->in.get.version = 9))                                                        \
    X("an ended campaign", CAMPAIGN_PUT, CAMPAIGN_STATE, "", campaign(b, "over", TB_PRICE_AMOUNT))                     \
    X("no such mechanic", CAMPAIGN_PUT, INVALID, "mechanic", campaign(b, "new", 99))                                   \
    X("a condition that says nothing", CAMPAIGN_PUT, EXPRESSION, "condition",                                          \
      (campaign(b, "new", TB_PRICE_AMOUNT), b->in.put.condition = S("order.net")))                                     \
    X("a negative amount", CAMPAIGN_PUT, INVALID, "amount",                                                            \
      (campaign(b, "new", TB_PRICE_AMOUNT), b->in.put.amount = -1))                                                    \
    X("an unknown template", CAMPAIGN_PUT, UNKNOWN_UNIT, "coupon",                                                     \
      (campaign(b, "new", TB_PRICE_AMOUNT), b->in.put.coupon = S("none")))                                             \
    X("points as a template", CAMPAIGN_PUT, INVALID, "coupon",                                                         \
      (campaign(b, "new", TB_PRICE_AMOUNT), b->in.put.coupon = S("points")))                                           \
    X("a rule of paying for nothing", RULE_PUT, INVALID, "unit",                                                       \
      (b->in.rule.put.code = S("r"), b->in.rule.kind = TB_RULE_PAY, b->in.rule.amount = S("0.01")))                    \
    X("a qualifying unit that expires", UNIT_PUT, INVALID, "expiry",                                                   \
      (b->in.unit.put.code = S("q"), b->in.unit.kind = TB_UNIT_QUALIFYING, b->in.unit.expiry = TB_EXPIRY_ROLLING_DAYS, \
       b->in.unit.expiry_n = 9))

static uint64_t issued(struct bad *b, const char *who)
{
    struct tb_identifier id = fx_id(b->k->f, "unionid", who, true);
    (void)fx_contact(b->k->f, &id, 1, b->k->f->now_ms);
    struct tb_cmd_coupon_issue in = {.member.identifier = id, .unit = S("t"), .reason = S("test")};
    fx_done(b->k->f, TB_OP_COUPON_ISSUE, &in);
    return fx_uint(b->k->f, 1, 0);
}

static void units_and_goods(struct fx *f)
{
    struct tb_cmd_unit_put template = {
        .put.code = S("t"), .kind = TB_UNIT_COUPON, .flags = TB_UNIT_GIVABLE};
    fx_done(f, TB_OP_UNIT_PUT, &template);
    struct tb_cmd_unit_put stamps = {.put.code = S("stamps")};
    fx_done(f, TB_OP_UNIT_PUT, &stamps);
    struct tb_cmd_unit_put coins = {.put.code = S("coins"), .face_ppm = 1000000, .pay_min = 100};
    fx_done(f, TB_OP_UNIT_PUT, &coins);
    struct tb_cmd_product_put product = {.put.code = S("milk"), .name = S("milk"), .price = 1000};
    fx_done(f, TB_OP_PRODUCT_PUT, &product);
    product.put.code = S("free");
    product.price = 0;
    fx_done(f, TB_OP_PRODUCT_PUT, &product);
}

/* Orders A (two of four are back), B (cancelled), C (all back); an open basket with anna's coupon, and a lapsed one. */
static void orders(struct bad *b)
{
    struct checkout_kit *k = b->k;
    kit_line(k, 4, YUAN(100));
    k->in.quote.order.receipt = S("gz/1/1");
    (void)kit_confirm(k, "A");
    (void)kit_return(k, "A", "r1", 0, 2);
    k->in.quote.order.receipt = TB_STR_NONE;
    (void)kit_confirm(k, "B");
    kit_cancel(k, "B");
    (void)kit_confirm(k, "C");
    (void)kit_return(k, "C", "r2", 0, 4);
    k->in.quote.lifetime_ms = 1000;
    b->lapsed = kit_checkout(k);
    k->f->now_ms += 5000;
    k->in.quote.lifetime_ms = 0;
    k->coupon[0] = b->annas;
    k->in.quote.coupon_n = 1;
    assert_int_equal(kit_quote(k), YUAN(90));
    b->open = kit_checkout(k);
}

static void bad_new(struct bad *b)
{
    *b = (struct bad){.k = kit_new()};
    units_and_goods(b->k->f);
    struct tb_cmd_campaign_put put = kit_campaign("coupon", TB_PRICE_AMOUNT);
    put.amount = YUAN(10);
    put.coupon = S("t");
    b->offer = kit_live(b->k, &put);
    put = kit_campaign("loose", TB_PRICE_PERCENT);
    put.ppm = 900000;
    fx_done(b->k->f, TB_OP_CAMPAIGN_PUT, &put);
    struct tb_cmd_campaign_move to = {.campaign = S("loose"), .state = TB_CAMPAIGN_REVIEW};
    fx_done(b->k->f, TB_OP_CAMPAIGN_MOVE, &to);
    put = kit_campaign("over", TB_PRICE_AMOUNT);
    put.amount = 100;
    fx_done(b->k->f, TB_OP_CAMPAIGN_PUT, &put);
    to = (struct tb_cmd_campaign_move){.campaign = S("over"), .state = TB_CAMPAIGN_ENDED};
    fx_done(b->k->f, TB_OP_CAMPAIGN_MOVE, &to);
    b->annas = issued(b, "anna");
    b->bertas = issued(b, "berta");
    b->spare = issued(b, "anna");
    kit_clear(b->k);
    orders(b);
}

/* What the operation reads. */
static const void *input_of(const struct bad *b, enum tb_op op)
{
    if (op == TB_OP_QUOTE || op == TB_OP_CHECKOUT)
        return &b->k->in.quote;
    return op == TB_OP_CONFIRM ? (const void *)&b->k->in : (const void *)&b->in;
}

static void every_row(void **state)
{
    (void)state;
    struct bad world;
    struct bad *b = &world;
    bad_new(b);
    uint64_t before = kit_fingerprint(b->k);
    uint32_t rows = 0;
#define X(what, operation, answer, where, change)                                                                     \
    kit_clear(b->k);                                                                                                   \
    kit_line(b->k, 1, YUAN(100));                                                                                      \
    memset(&b->in, 0, sizeof b->in);                                                                                   \
    (void)(change);                                                                                                    \
    print_message("%s\n", what);                                                                                       \
    fx_refused(b->k->f, TB_OP_##operation, input_of(b, TB_OP_##operation), TB_CODE_##answer, where);                   \
    assert_int_equal(kit_fingerprint(b->k), before);                                                                   \
    rows++;
    ROWS(X)
#undef X
    assert_true(rows >= 70);
    kit_free(b->k);
}

/* A guess is counted, so that guessing ends; it gives nothing. */
static void a_guessed_code(void **state)
{
    (void)state;
    struct bad world;
    bad_new(&world);
    struct fx *f = world.k->f;
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_UNIT_BOOK, fx_code(f, TB_KIND_UNIT, "t"));
    struct tb_unit_book before = *(const struct tb_unit_book *)tb_block_head_const(b);
    static const char *const guess[] = {"WELCOME100", "A", "0000-0000-0000", "t"};
    for (uint32_t i = 0; i < TB_COUNT_OF(guess); i++) {
        struct tb_cmd_coupon_claim in = {.member.identifier = world.k->id, .claim_code = tb_str_of(guess[i])};
        (void)fx_run(f, TB_OP_COUPON_CLAIM, &in);
        assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    }
    b = tb_store_get(&f->core.store, TB_KIND_UNIT_BOOK, fx_code(f, TB_KIND_UNIT, "t"));
    assert_memory_equal(&before, tb_block_head_const(b), sizeof before);
    kit_free(world.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(a_guessed_code)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
