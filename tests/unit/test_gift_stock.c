// SPDX-License-Identifier: Apache-2.0
/* Instant gifts from the store's own stock: every store begins with what the campaign says, one gets more, another
 * gives some away, and what is left is told per store (core/promotion/stock.c).                     */
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))

static void stores(struct checkout_kit *k)
{
    static const char *const code[] = {"S1", "S2", "S3"};
    for (uint32_t i = 0; i < TB_COUNT_OF(code); i++) {
        struct tb_cmd_store_put in = {.put.code = tb_str_of(code[i]), .name = tb_str_of(code[i])};
        fx_done(k->f, TB_OP_STORE_PUT, &in);
    }
}

/* A cup for 200 yuan, three in every store. */
static struct tb_cmd_campaign_put cups(struct checkout_kit *k)
{
    static const struct tb_offer_limit limit = {
        .scope = TB_LIMIT_STORE, .period = TB_PERIOD_LIFETIME, .pieces = 3};
    kit_product(k, "cup", "gifts", 5000);
    struct tb_cmd_campaign_put put = kit_campaign("cups", TB_PRICE_GIFT);
    put.gift_product = S("cup");
    put.get = 1;
    put.min_amount = YUAN(200);
    put.limit = &limit;
    put.limit_n = 1;
    return put;
}

static void visit(struct checkout_kit *k, const char *store)
{
    kit_clear(k);
    k->in.quote.order.store = tb_str_of(store);
    kit_line(k, 1, YUAN(200));
}

/* Sells one; how many cups the order gives. */
static uint32_t sell(struct checkout_kit *k, const char *store, const char *key)
{
    visit(k, store);
    uint64_t order = kit_confirm(k, key);
    const struct tb_order_effect *e = kit_section(k, order, TB_ORDER_EFFECT);
    return kit_order(k, order)->n[TB_ORDER_EFFECT] ? e[0].gift_units : 0;
}

static struct tb_cmd_campaign_stock stock(const char *store, bool set, int64_t pieces)
{
    return (struct tb_cmd_campaign_stock){
        .campaign = S("cups"), .store = tb_str_of(store), .set = set, .pieces = pieces, .reason = S("delivery")};
}

/* {store, added, handed out, left} of the n-th store that is told; false: there are fewer. */
static bool told(struct checkout_kit *k, uint32_t n, int64_t out[4])
{
    struct tb_cmd_campaign_stocks in = {.campaign = S("cups"), .limit = 500};
    fx_done(k->f, TB_OP_CAMPAIGN_STOCKS, &in);
    struct tb_str body = tb_buf_as_str(&k->f->a.body);
    struct tb_str row;
    struct tb_str none;
    uint32_t field = 0;
    uint64_t v;
    bool bad = false;
    uint32_t seen = 0;
    while (tb_wire_next(&body, &field, &v, &row, &bad) && (field != 2 || seen++ != n))
        field = 0;
    if (bad || field != 2)
        return false;
    memset(out, 0, 4 * sizeof *out); /* what is 0 is not written */
    while (tb_wire_next(&row, &field, &v, &none, &bad))
        out[field - 1] = field % 2 ? (int64_t)v : (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    return !bad;
}

static void one_store_got_more(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    stores(k);
    struct tb_cmd_campaign_put put = cups(k);
    (void)kit_live(k, &put);
    static const char *const key[] = {"A", "B", "C", "D", "E", "F"};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(sell(k, "S1", key[i]), 1);
    assert_int_equal(sell(k, "S1", "none"), 0);
    visit(k, "S1");
    (void)kit_quote(k);
    assert_int_equal(kit_refused(k, "cups"), TB_PROMOTION_LIMIT_STORE);
    struct tb_cmd_campaign_stock more = stock("S1", false, 2);
    fx_done(k->f, TB_OP_CAMPAIGN_STOCK, &more);
    assert_int_equal(sell(k, "S1", "D"), 1);
    assert_int_equal(sell(k, "S2", "E"), 1); /* the others have what they had */
    assert_int_equal(sell(k, "S1", "F"), 1);
    assert_int_equal(sell(k, "S1", "gone"), 0);
    int64_t row[4];
    assert_true(told(k, 0, row));
    assert_true(row[1] == 2 && row[2] == 5 && row[3] == 0);
    assert_true(told(k, 1, row));
    assert_true(row[1] == 0 && row[2] == 1 && row[3] == 2);
    assert_false(told(k, 2, row));
    kit_cancel(k, "F"); /* the cup is on the shelf again */
    assert_int_equal(sell(k, "S1", "G"), 1);
    kit_free(k); /* replay = live */
}

/* An open basket has its cup; a count sets what is left beside it; a new version keeps every store's figure. */
static void counted_and_given_away(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    stores(k);
    struct tb_cmd_campaign_put put = cups(k);
    (void)kit_live(k, &put);
    visit(k, "S3");
    uint64_t basket = kit_checkout(k);
    struct tb_cmd_campaign_stock now = stock("S3", true, 1);
    fx_done(k->f, TB_OP_CAMPAIGN_STOCK, &now);
    int64_t row[4];
    assert_true(told(k, 0, row));
    assert_true(row[1] == -1 && row[2] == 1 && row[3] == 1);
    assert_int_equal(sell(k, "S3", "A"), 1);
    assert_int_equal(sell(k, "S3", "B"), 0);
    visit(k, "S3");
    assert_true(kit_confirm_basket(k, basket, "C") != 0);
    put.min_amount = YUAN(150);
    kit_again(k, &put);
    assert_int_equal(sell(k, "S3", "D"), 0);
    now = stock("S3", true, 1); /* the same again changes nothing twice */
    fx_done(k->f, TB_OP_CAMPAIGN_STOCK, &now);
    fx_done(k->f, TB_OP_CAMPAIGN_STOCK, &now);
    assert_true(told(k, 0, row));
    assert_true(row[1] == 0 && row[2] == 2 && row[3] == 1);
    assert_int_equal(sell(k, "S3", "E"), 1);
    kit_free(k);
}

static void refusals(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct fx *f = k->f;
    stores(k);
    struct tb_cmd_campaign_put put = cups(k);
    (void)kit_live(k, &put);
    struct tb_cmd_campaign_put plain = kit_campaign("plain", TB_PRICE_AMOUNT);
    plain.amount = 100;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &plain);
    uint64_t before = kit_fingerprint(k);
    struct tb_cmd_campaign_stock in = stock("S9", false, 0);
    in.campaign = S("none");
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    in.campaign = S("plain");
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_UNKNOWN_STORE, "store");
    in.store = S("S1");
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_INVALID, "campaign");
    in.campaign = S("cups");
    in.reason = TB_STR_NONE;
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_INVALID, "pieces");
    in.pieces = -4;
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_REASON_REQUIRED, "reason");
    in = stock("S1", false, -4);
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_INSUFFICIENT, "pieces");
    in = stock("S1", true, -1);
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_INVALID, "pieces");
    in = stock("S1", false, TB_AMOUNT_MAX);
    fx_refused(f, TB_OP_CAMPAIGN_STOCK, &in, TB_CODE_AMOUNT_OVERFLOW, "pieces");
    assert_int_equal(kit_fingerprint(k), before);
    struct tb_cmd_campaign_stocks ask = {.campaign = S("none"), .limit = 1};
    fx_refused(f, TB_OP_CAMPAIGN_STOCKS, &ask, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_store_got_more), cmocka_unit_test(counted_and_given_away),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
