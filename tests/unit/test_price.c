// SPDX-License-Identifier: Apache-2.0
/* The worked traps of promotion arithmetic (numbers of the reference, section 3) that need no state: stacking,
 * spreading, thresholds, clamps, bundles, the best set. Returns are in test_price_return.c, refusals and reasons
 * in test_price_rules.c. Trap 20 (counters of a member) is not pure and stands elsewhere.                      */
#include "price_kit.h"

static struct price_kit *trap_1_basket(void)
{
    return kit_of(9990, 5990, 3990, -1);
}

static void trap_1_stack_and_spread(void **state)
{
    (void)state;
    struct price_kit *k = trap_1_basket();
    kit_percent(k, 10);
    kit_amount(k, 2000, 10000);
    assert_int_equal(kit_apply(k, 3), 15973);
    int64_t net[3] = {k->r.line[0].net, k->r.line[1].net, k->r.line[2].net};
    assert_int_equal(net[0], 7991);
    assert_int_equal(net[1], 4791);
    assert_int_equal(net[2], 3191);
    assert_int_equal(k->r.use[0].saving, 1997);
    assert_int_equal(k->r.share[0].each, 999);
    assert_int_equal(k->r.share[1].each, 599);
    assert_int_equal(k->r.share[2].each, 399);
    int64_t points[3];
    assert_true(tb_split(159, net, 3, points));
    assert_int_equal(points[0], 79);
    assert_int_equal(points[1], 48);
    assert_int_equal(points[2], 32);
    assert_int_equal(kit_best(k), 15973);
    kit_free(k);
}

static void trap_1_other_orders(void **state)
{
    (void)state;
    struct price_kit *k = trap_1_basket();
    kit_amount(k, 2000, 10000);
    struct tb_offer *ten = kit_percent(k, 10);
    assert_int_equal(kit_apply(k, 3), 16173);
    ten->initial = true;
    assert_int_equal(kit_apply(k, 3), 15973);
    kit_free(k);
}

static void trap_3_cents_that_do_not_divide(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(1000, 1000, 1000, -1);
    kit_amount(k, 1000, 0);
    assert_int_equal(kit_apply(k, 1), 2000);
    assert_int_equal(k->r.line[0].saving, 334);
    assert_int_equal(k->r.line[1].saving, 333);
    assert_int_equal(k->r.line[2].saving, 333);
    kit_free(k);
    k = kit_new();
    kit_line(k, 10, 23900);
    kit_percent(k, 25);
    assert_int_equal(kit_apply(k, 1), 17925);
    assert_int_equal(k->r.goods_saving, 5975);
    assert_int_equal(k->r.share_n, 2);
    assert_int_equal(k->r.share[0].each, 598);
    assert_int_equal(k->r.share[0].n, 5);
    assert_int_equal(k->r.share[1].each, 597);
    assert_int_equal(k->r.share[1].n, 5);
    kit_free(k);
}

static void trap_5_never_below_zero(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(17600, -1);
    kit_amount(k, 100000, 0)->coupon = TB_PRICE_JOINT;
    assert_int_equal(kit_best(k), 0);
    assert_int_equal(k->r.goods_saving, 17600);
    assert_int_equal(k->r.use[0].saving, 17600);
    kit_free(k);
}

static void trap_7_budget_edge(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(8000, -1);
    struct tb_offer *o = kit_percent(k, 10);
    o->budget_rule = TB_PRICE_BUDGET_PARTIAL;
    o->budget = 350;
    assert_int_equal(kit_best(k), 7650);
    o->budget_rule = TB_PRICE_BUDGET_STRICT;
    assert_int_equal(kit_best(k), 8000);
    assert_int_equal(k->r.set, 0);
    o->budget = 800;
    assert_int_equal(kit_best(k), 7200);
    kit_free(k);
}

static struct price_kit *trap_13_basket(bool overall)
{
    struct price_kit *k = kit_of(6000, 5000, 4000, 3000, 2000, 1000, -1);
    struct tb_offer *o = kit_offer(k, TB_PRICE_CHEAPEST);
    o->need = 3;
    o->get = 1;
    o->ppm = TB_PPM_ALL;
    o->overall = overall;
    return k;
}

static void trap_13_cheapest_of_three(void **state)
{
    (void)state;
    struct price_kit *k = trap_13_basket(false);
    assert_int_equal(kit_best(k), 16000);
    int64_t saving[6] = {1600, 1333, 1067, 500, 333, 167};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(k->r.line[i].saving, saving[i]);
    assert_int_equal(k->r.use[0].applications, 2);
    kit_free(k);
    k = trap_13_basket(true);
    assert_int_equal(kit_best(k), 18000);
    kit_free(k);
}

static void trap_13_buy_one_get_one(void **state)
{
    (void)state;
    for (int64_t pieces = 1; pieces <= 5; pieces++) {
        struct price_kit *k = kit_new();
        kit_line(k, pieces, pieces * 1000);
        struct tb_offer *o = kit_offer(k, TB_PRICE_BUY_GET);
        o->need = 1;
        o->get = 1;
        o->ppm = TB_PPM_ALL;
        assert_int_equal(kit_best(k), (pieces - pieces / 2) * 1000);
        kit_free(k);
    }
}

static void trap_14_tenders_match_both_ways(void **state)
{
    (void)state;
    struct price_kit *k = trap_1_basket();
    kit_percent(k, 10);
    kit_amount(k, 2000, 10000);
    (void)kit_apply(k, 3);
    int64_t net[3] = {k->r.line[0].net, k->r.line[1].net, k->r.line[2].net};
    int64_t points[3];
    int64_t gift[3];
    assert_true(tb_split(3000, net, 3, points));
    assert_true(tb_split(6000, net, 3, gift));
    int64_t want_points[3] = {1501, 900, 599};
    int64_t want_gift[3] = {3002, 1800, 1198};
    int64_t want_card[3] = {3488, 2091, 1394};
    int64_t card = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(points[i], want_points[i]);
        assert_int_equal(gift[i], want_gift[i]);
        assert_int_equal(net[i] - points[i] - gift[i], want_card[i]);
        card += net[i] - points[i] - gift[i];
    }
    assert_int_equal(card, 6973);
    kit_free(k);
    k = kit_of(10000, -1);
    kit_percent(k, 10);
    assert_int_equal(kit_best(k) - 5000, 4000);
    kit_free(k);
}

static void trap_22_percent_after_amount(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(8000, -1);
    struct tb_offer *o = kit_offer(k, TB_PRICE_AMOUNT_EACH);
    o->amount = 4000;
    o->level = TB_PRICE_ITEM;
    kit_percent(k, 50);
    assert_int_equal(kit_best(k), 2000);
    kit_free(k);
}

static void trap_23_sale_then_voucher(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    kit_percent(k, 40)->level = TB_PRICE_ITEM;
    kit_percent(k, 70)->coupon = TB_PRICE_JOINT;
    assert_int_equal(kit_best(k), 1800);
    kit_free(k);
}

/* Coke 2, 2, sandwich 3, 3, chocolate 1, 1. */
static struct price_kit *trap_24_basket(void)
{
    struct price_kit *k = kit_new();
    kit_line(k, 2, 400);
    kit_line(k, 2, 600);
    kit_line(k, 2, 200);
    struct tb_offer *coke = kit_offer(k, TB_PRICE_CHEAPEST);
    coke->scope = kit_scope(k, 1);
    coke->need = 2;
    coke->get = 1;
    coke->ppm = TB_PPM_ALL;
    coke->one_per_product = true;
    struct tb_offer *meal = kit_offer(k, TB_PRICE_BUNDLE);
    meal->scope = kit_scope(k, 7);
    meal->slot_n = 3;
    for (uint32_t i = 0; i < 3; i++)
        meal->slot[i] = (struct tb_price_slot){kit_scope(k, UINT64_C(1) << i), 1};
    meal->amount = 450;
    meal->one_per_product = true;
    return k;
}

static void trap_24_best_set_not_greedy(void **state)
{
    (void)state;
    struct price_kit *k = trap_24_basket();
    assert_int_equal(kit_best(k), 900);
    assert_int_equal(k->r.set, 2);
    assert_int_equal(k->r.use[0].applications, 2);
    assert_int_equal(kit_apply(k, 1), 1000);
    /* One meal an offer: greedy takes the coke (saves 2.00), and no meal finds two cokes left. */
    k->offer[1].max_applications = 1;
    struct tb_offer *second = kit_offer(k, TB_PRICE_BUNDLE);
    *second = k->offer[1];
    second->sequence = 2;
    second->group = 2;
    assert_int_equal(kit_best(k), 900);
    assert_int_equal(tb_price_greedy(&k->work, &k->basket, k->offer, k->offer_n, &k->r), TB_PRICE_DONE);
    assert_int_equal(k->r.payable, 1000);
    kit_free(k);
}

static void ladder_once_every_and_pieces(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(25000, 4900, -1);
    struct tb_offer *o = kit_offer(k, TB_PRICE_LADDER);
    o->step_n = 3;
    o->step[0] = (struct tb_price_step){10000, 1000, 0};
    o->step[1] = (struct tb_price_step){20000, 2500, 0};
    o->step[2] = (struct tb_price_step){30000, 4000, 0};
    assert_int_equal(kit_best(k), 27400);
    assert_int_equal(k->r.use[0].next_missing, 100);
    o->every = true; /* 20,000 and then nothing more below 10,000 */
    assert_int_equal(kit_best(k), 27400);
    o->step_n = 1;
    assert_int_equal(kit_best(k), 27900);
    assert_int_equal(k->r.use[0].applications, 2);
    o->max_applications = 1;
    assert_int_equal(kit_best(k), 28900);
    *o = (struct tb_offer){.mechanic = TB_PRICE_LADDER, .by_pieces = true, .step_n = 2, .rounding = TB_ROUND_HALF_UP};
    o->step[0] = (struct tb_price_step){2, 0, 100000};
    o->step[1] = (struct tb_price_step){3, 0, 200000};
    assert_int_equal(kit_best(k), 26910);
    assert_int_equal(k->r.use[0].next_missing, 1);
    kit_free(k);
}

static void second_at_half_price(void **state)
{
    (void)state;
    struct price_kit *k = kit_new();
    kit_line(k, 3, 3000);
    kit_line(k, 2, 1000);
    struct tb_offer *o = kit_offer(k, TB_PRICE_CHEAPEST);
    o->need = 2;
    o->get = 1;
    o->ppm = 500000;
    o->same_line = true;
    assert_int_equal(kit_best(k), 4000 - 500 - 250);
    o->same_line = false; /* 1000 1000 | 1000 500 | 500 */
    assert_int_equal(kit_best(k), 4000 - 500 - 250);
    kit_free(k);
}

static void fixed_price_with_stock_and_member_table(void **state)
{
    (void)state;
    struct price_kit *k = kit_new();
    kit_line(k, 4, 4000);
    k->line[k->basket.line_n++] = (struct tb_basket_line){.quantity = 1500, .amount = 3000, .cost = -1, .whole = true};
    struct tb_offer *o = kit_offer(k, TB_PRICE_FIXED);
    o->amount = 700;
    o->max_units = 3;
    o->scope = kit_scope(k, 1);
    assert_int_equal(kit_best(k), 7000 - 900);
    int64_t table[2] = {950, 1900};
    *o = (struct tb_offer){.mechanic = TB_PRICE_TABLE, .line_price = table};
    assert_int_equal(kit_best(k), 3800 + 2850); /* 1.5 kg at 19.00 */
    table[0] = -1;
    assert_int_equal(kit_best(k), 4000 + 2850);
    kit_free(k);
}

static void caps_cut_and_do_not_move(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, 10000, 1000, -1);
    struct tb_offer *o = kit_percent(k, 50);
    o->cap_order = 3000;
    assert_int_equal(kit_best(k), 18000);
    o->cap_order = 0;
    o->cap_unit = 2000;
    assert_int_equal(kit_best(k), 21000 - 2000 - 2000 - 500);
    o->cap_unit = 0;
    o->cap_line = 100;
    assert_int_equal(kit_best(k), 20700);
    kit_free(k);
}

static void shipping_comes_last(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    k->basket.shipping = 800;
    struct tb_offer *free_from = kit_percent(k, 100);
    free_from->level = TB_PRICE_SHIPPING;
    free_from->min_amount = 9500;
    free_from->sequence = -5;
    kit_amount(k, 600, 0); /* 94.00 left: no longer free; together 102.00, apart 100.00 with free shipping */
    assert_int_equal(kit_best(k), 10000);
    assert_int_equal(k->r.set, 1);
    assert_int_equal(k->r.shipping_saving, 800);
    kit_free(k);
}

static void gifts_and_points_are_kept(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    struct tb_offer *gift = kit_offer(k, TB_PRICE_GIFT);
    gift->get = 2;
    gift->min_amount = 3000;
    gift->every = true;
    struct tb_offer *points = kit_offer(k, TB_PRICE_POINTS);
    points->ppm = 2 * TB_PPM_ALL;
    points->min_amount = 10001;
    assert_int_equal(kit_best(k), 10000);
    assert_int_equal(k->r.set, 1);
    assert_int_equal(k->r.use[0].gift_units, 6);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_1_stack_and_spread),
        cmocka_unit_test(trap_1_other_orders),
        cmocka_unit_test(trap_3_cents_that_do_not_divide),
        cmocka_unit_test(trap_5_never_below_zero),
        cmocka_unit_test(trap_7_budget_edge),
        cmocka_unit_test(trap_13_cheapest_of_three),
        cmocka_unit_test(trap_13_buy_one_get_one),
        cmocka_unit_test(trap_14_tenders_match_both_ways),
        cmocka_unit_test(trap_22_percent_after_amount),
        cmocka_unit_test(trap_23_sale_then_voucher),
        cmocka_unit_test(trap_24_best_set_not_greedy),
        cmocka_unit_test(ladder_once_every_and_pieces),
        cmocka_unit_test(second_at_half_price),
        cmocka_unit_test(fixed_price_with_stock_and_member_table),
        cmocka_unit_test(caps_cut_and_do_not_move),
        cmocka_unit_test(shipping_comes_last),
        cmocka_unit_test(gifts_and_points_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
