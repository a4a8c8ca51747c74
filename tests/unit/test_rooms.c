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

static struct tb_who who(struct checkout_kit *k, const char *name)
{
    struct tb_identifier id = fx_id(k->f, "unionid", name, true);
    return (struct tb_who){.profile = fx_contact(k->f, &id, 1, k->f->now_ms)};
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

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reversed_and_returned), T(reversed_and_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
