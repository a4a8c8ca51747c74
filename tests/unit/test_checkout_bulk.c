// SPDX-License-Identifier: Apache-2.0
/* Baskets of more pieces than the solver holds: a line moves as one part where no offer tells its pieces apart, is
 * sold, comes back in any steps, and is refused where one does (core/price/bulk.h).                  */
#include "checkout_kit.h"

#include "core/price/bulk.h"

#define PIECES (TB_PRICE_PARTS_MAX + 2000)

static void ladder(struct checkout_kit *k)
{
    static const struct tb_offer_step step[] = {{100000, 5001, 0}};
    struct tb_cmd_campaign_put put = kit_campaign("ladder", TB_PRICE_LADDER);
    put.step = step;
    put.step_n = 1;
    (void)kit_live(k, &put);
}

/* 12,000 pieces of .10 and three of 20.00: the ladder takes 50.01 of 1,260.00. */
static void basket(struct checkout_kit *k)
{
    kit_clear(k);
    kit_line(k, PIECES, (int64_t)PIECES * 10);
    kit_line(k, 3, 6000);
}

static void sold_and_brought_back(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ladder(k);
    basket(k);
    assert_int_equal(kit_quote(k), 126000 - 5001);
    uint64_t order = kit_confirm(k, "A");
    const struct tb_order_line *line = kit_section(k, order, TB_ORDER_LINE);
    assert_int_equal(line[0].whole, 1);
    assert_int_equal(line[1].whole, 0);
    assert_int_equal(line[0].net + line[1].net, 126000 - 5001);
    int64_t net = line[0].net; /* its part of the discount: 50.01 x 1,200 / 1,260 */
    assert_int_equal(net, 120000 - 4763);
    int64_t first = kit_return(k, "A", "r1", 0, 5000);
    assert_int_equal(first, 48015); /* 1,152.37 x 5,000 / 12,000, half up */
    int64_t second = kit_return(k, "A", "r2", 0, 1);
    assert_in_range(second, 9, 10);
    int64_t rest = kit_return(k, "A", "r3", 0, PIECES - 5001);
    assert_int_equal(first + second + rest, net);
    assert_int_equal(kit_return(k, "A", "r4", 1, 3), 6000 - (5001 - 4763));
    assert_int_equal(kit_balance(k, "anna", "points"), 0);
    kit_free(k);
}

/* From a basket it is the same line again, and a return that re-evaluates too. */
static void held_and_reevaluated(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    ladder(k);
    basket(k);
    k->in.quote.policy = TB_RETURN_REEVALUATE;
    uint64_t order = kit_confirm_basket(k, kit_checkout(k), "A");
    assert_int_equal(((const struct tb_order_line *)kit_section(k, order, TB_ORDER_LINE))[0].whole, 1);
    int64_t back = kit_return(k, "A", "r1", 0, PIECES - 1000); /* 100.00 + 60.00 are left, below the step */
    assert_int_equal(back, 126000 - 5001 - 16000);
    assert_int_equal(kit_return(k, "A", "r2", 0, 1000) + kit_return(k, "A", "r3", 1, 3), 16000);
    kit_free(k);
}

static void refused_where_pieces_count(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("half", TB_PRICE_CHEAPEST);
    put.need = 2;
    put.get = 1;
    put.ppm = 500000;
    ladder(k);
    (void)kit_live(k, &put);
    basket(k);
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_TOO_LARGE, "lines");
    k->line[0].quantity = INT64_C(1000) * (TB_PRICE_PARTS_MAX - 3); /* all of them are pieces */
    assert_true(kit_quote(k) > 0);
    kit_free(k);
    k = kit_new();
    kit_line(k, TB_PRICE_BULK_MAX, 100);
    fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_TOO_LARGE, "lines");
    k->line[0].quantity = INT64_C(1000) * (TB_PRICE_BULK_MAX - 1);
    assert_int_equal(kit_quote(k), 100);
    kit_free(k);
}

/* The most pieces first, and no more lines than must. */
static void which_lines(void **state)
{
    (void)state;
    struct tb_basket_line line[4] = {
        {.quantity = 4000000}, {.quantity = 7000000}, {.quantity = 7000000}, {.quantity = 500}};
    line[3].whole = true;
    const uint64_t second = 2;
    struct tb_offer each = {.mechanic = TB_PRICE_AMOUNT_EACH, .amount = 1, .scope = &second};
    tb_price_bulk(line, 4, NULL, 0); /* 18,001 parts */
    assert_true(!line[0].whole && line[1].whole && line[2].whole); /* 11,002 with one of them */
    line[1].whole = line[2].whole = false;
    tb_price_bulk(line, 4, &each, 1); /* the first of the two is cut by an offer */
    assert_true(!line[1].whole && line[2].whole && line[0].whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sold_and_brought_back), cmocka_unit_test(held_and_reevaluated),
                                       cmocka_unit_test(refused_where_pieces_count), cmocka_unit_test(which_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
