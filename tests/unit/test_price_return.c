// SPDX-License-Identifier: Apache-2.0
/* What comes back: traps 1, 2, 3, 4 and 13 in both policies, one by one and in every order. */
#include "price_kit.h"

static struct price_kit *trap_1(void)
{
    struct price_kit *k = kit_of(9990, 5990, 3990, -1);
    kit_percent(k, 10);
    kit_amount(k, 2000, 10000);
    assert_int_equal(kit_apply(k, 3), 15973);
    return k;
}

static void trap_1_any_order_ends_at_nothing(void **state)
{
    (void)state;
    struct price_kit *k = trap_1();
    int64_t net[3] = {7991, 4791, 3191};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(kit_back(k, i, 0, 1), net[i]);
    assert_int_equal(net[0] + net[1] + net[2], 15973);
    kit_free(k);
}

/* The rest costs `price` when these quantities are kept; the refund. */
static int64_t reprice(struct price_kit *k, uint64_t set, const int64_t *kept, int64_t paid, int64_t before)
{
    struct tb_basket_line scratch[KIT_LINES];
    struct tb_price_result r;
    int64_t refund;
    assert_int_equal(tb_price_return_reprice(&k->work, &k->basket, k->offer, k->offer_n, set, kept, paid, before,
                                             scratch, &r, &refund),
                     TB_PRICE_DONE);
    return refund;
}

static void trap_2_threshold_broken(void **state)
{
    (void)state;
    struct price_kit *k = kit_new();
    kit_line(k, 6, 30000);
    kit_percent(k, 10)->min_amount = 30000;
    assert_int_equal(kit_apply(k, 1), 27000);
    assert_int_equal(kit_back(k, 0, 0, 5), 22500);
    int64_t kept = 1000;
    assert_int_equal(reprice(k, 1, &kept, 27000, 0), 22000);
    kept = 0;
    assert_int_equal(reprice(k, 1, &kept, 27000, 22000), 5000);
    kit_free(k);
}

static void trap_3_single_units_sum_up(void **state)
{
    (void)state;
    struct price_kit *k = kit_new();
    kit_line(k, 10, 23900);
    kit_percent(k, 25);
    (void)kit_apply(k, 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < 10; i++)
        sum += kit_back(k, 0, i, i + 1);
    assert_int_equal(sum, 17925);
    assert_int_equal(kit_back(k, 0, 0, 3) + kit_back(k, 0, 3, 10), 17925);
    kit_free(k);
}

static void trap_4_no_redistribution(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, 10000, 10000, -1);
    kit_amount(k, 3000, 0);
    assert_int_equal(kit_apply(k, 1), 27000);
    assert_int_equal(kit_back(k, 2, 0, 1), 9000);
    assert_int_equal(kit_back(k, 0, 0, 1) + kit_back(k, 1, 0, 1), 18000);
    kit_free(k);
}

static void trap_13_the_free_item(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(6000, 5000, 4000, 3000, 2000, 1000, -1);
    struct tb_offer *o = kit_offer(k, TB_PRICE_CHEAPEST);
    o->need = 3;
    o->get = 1;
    o->ppm = TB_PPM_ALL;
    assert_int_equal(kit_apply(k, 1), 16000);
    assert_int_equal(kit_back(k, 2, 0, 1), 2933);
    int64_t kept[6] = {1000, 1000, 0, 1000, 1000, 1000};
    assert_int_equal(reprice(k, 1, kept, 16000, 0), 2000);
    kit_free(k);
}

static void whole_goods_cumulate(void **state)
{
    (void)state;
    struct price_kit *k = kit_new();
    k->line[k->basket.line_n++] = (struct tb_basket_line){.quantity = 1537, .amount = 1001, .cost = -1, .whole = true};
    kit_percent(k, 33);
    kit_amount(k, 7, 0);
    assert_int_equal(kit_apply(k, 3), 1001 - 330 - 7);
    int64_t net = 0;
    int64_t list = 0;
    int64_t by_offer[2] = {0, 0};
    for (int64_t q = 0; q < 1537; q += 37) {
        struct tb_price_back back;
        int64_t share[2];
        int64_t to = q + 37 < 1537 ? q + 37 : 1537;
        assert_true(tb_price_return_share(&k->basket, &k->r, 0, q, to, &back, share, 2));
        assert_true(back.net >= 0 && back.list == back.net + share[0] + share[1]);
        net += back.net;
        list += back.list;
        by_offer[0] += share[0];
        by_offer[1] += share[1];
    }
    assert_int_equal(net, 664);
    assert_int_equal(list, 1001);
    assert_int_equal(by_offer[0], 330);
    assert_int_equal(by_offer[1], 7);
    kit_free(k);
}

static void what_was_never_bought_does_not_come_back(void **state)
{
    (void)state;
    struct price_kit *k = trap_1();
    struct tb_price_back back;
    int64_t share[2];
    assert_false(tb_price_return_share(&k->basket, &k->r, 0, 0, 2000, &back, share, 2));
    assert_false(tb_price_return_share(&k->basket, &k->r, 0, 0, 500, &back, share, 2));
    assert_false(tb_price_return_share(&k->basket, &k->r, 0, 1000, 0, &back, share, 2));
    assert_false(tb_price_return_share(&k->basket, &k->r, 3, 0, 1000, &back, share, 2));
    assert_false(tb_price_return_share(&k->basket, &k->r, 0, -1000, 0, &back, share, 2));
    struct tb_basket_line scratch[KIT_LINES];
    struct tb_price_result r;
    int64_t refund;
    int64_t kept[3] = {2000, 0, 0};
    assert_int_equal(tb_price_return_reprice(&k->work, &k->basket, k->offer, k->offer_n, 3, kept, 15973, 0, scratch, &r,
                                             &refund),
                     TB_PRICE_BAD_LINE);
    kit_free(k);
}

/* A ladder's discount was granted in full although the budget is gone now; the rest keeps it. */
static void budgets_do_not_bind_a_receipt(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(5000, 5000, -1);
    struct tb_offer *o = kit_percent(k, 10);
    o->budget_rule = TB_PRICE_BUDGET_STRICT;
    o->budget = 1000;
    assert_int_equal(kit_apply(k, 1), 9000);
    o->budget = 0;
    int64_t kept[2] = {0, 1000};
    assert_int_equal(reprice(k, 1, kept, 9000, 0), 4500);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_1_any_order_ends_at_nothing),
        cmocka_unit_test(trap_2_threshold_broken),
        cmocka_unit_test(trap_3_single_units_sum_up),
        cmocka_unit_test(trap_4_no_redistribution),
        cmocka_unit_test(trap_13_the_free_item),
        cmocka_unit_test(whole_goods_cumulate),
        cmocka_unit_test(what_was_never_bought_does_not_come_back),
        cmocka_unit_test(budgets_do_not_bind_a_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
