// SPDX-License-Identifier: Apache-2.0
/* The short ways of a purchase lead where the long ones led: rules see the order that is being
 * placed, what is remembered between commands follows every change, journals of the first
 * release fold to the same books. fx_free proves replay, loading and audit besides.        */
#include "core_fixture.h"

#include "core/ledger/ledger.h"
#include "core/order/order.h"

static struct tb_cmd_unit_put points(void)
{
    return (struct tb_cmd_unit_put){.put = {.code = S("points")}, .name = S("Points"),
                                    .kind = TB_UNIT_POINTS,
                                    .negative = TB_NEGATIVE_WITHIN_BALANCE};
}

static void put_rule(struct fx *f, const char *code, const char *condition, const char *amount,
                     int64_t priority)
{
    struct tb_cmd_rule_put put = {.put = {.code = tb_str_of(code)},
                                  .name = tb_str_of(code),
                                  .kind = TB_RULE_EARN,
                                  .unit = S("points"),
                                  .condition = tb_str_of(condition),
                                  .amount = tb_str_of(amount),
                                  .priority = priority};
    fx_done(f, TB_OP_RULE_PUT, &put);
}

static struct fx *shop(void)
{
    struct fx *f = fx_new();
    struct tb_cmd_unit_put unit = points();
    fx_done(f, TB_OP_UNIT_PUT, &unit);
    return f;
}

static uint64_t buy(struct fx *f, const char *key, const char *sku, int64_t net, int64_t at_ms)
{
    struct tb_identifier id = fx_id(f, "phone", "13900000001", true);
    struct tb_order_line_input line = {.sku = tb_str_of(sku), .quantity = 1000, .net = net};
    struct tb_cmd_order order = {.key = tb_str_of(key),
                                 .identifier = &id,
                                 .identifier_n = 1,
                                 .occurred_ms = at_ms,
                                 .line = &line,
                                 .line_n = 1,
                                 .input_hash = 7};
    fx_done(f, TB_OP_ORDER, &order);
    return fx_uint(f, 1, 0);
}

static const struct tb_order_earn *earned(struct fx *f, uint64_t order, uint32_t *n)
{
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_ORDER, order);
    *n = b->n[TB_ORDER_EARN];
    return tb_block_section(&tb_shapes[TB_KIND_ORDER], b, TB_ORDER_EARN);
}

static int64_t total(struct fx *f, uint64_t order)
{
    uint32_t n;
    const struct tb_order_earn *e = earned(f, order, &n);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += e[i].amount;
    return sum;
}

static const struct tb_lot *newest_lot(struct fx *f)
{
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_PERSON, 1);
    const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    assert_true(b->n[TB_PERSON_LOT] > 0);
    return &lot[b->n[TB_PERSON_LOT] - 1];
}

/* What the past holds when a rule asks: this order too, this visit too, whichever way it
 * asks; and what an earlier rule of the same order gave.                                  */
static void rules_see_the_order(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "a", "orders() == 1", "1", 1);
    put_rule(f, "b", "orders('1d') == 2", "10", 2);
    put_rule(f, "c", "visits('30d') == 2 && visits() == 2", "100", 3);
    put_rule(f, "d", "spent() == 80.00 && spent('30d') == 80.00", "1000", 4);
    put_rule(f, "e", "days_since_order() == 0", "10000", 5);
    put_rule(f, "g", "balance('points') == 10001", "100000", 6);
    assert_int_equal(total(f, buy(f, "A", "x", 3000, f->now_ms)), 110001); /* a, e, then g */
    assert_int_equal(total(f, buy(f, "B", "x", 4000, f->now_ms)), 10010);  /* b, e */
    f->now_ms += 3 * FX_DAY;
    assert_int_equal(total(f, buy(f, "C", "x", 1000, f->now_ms)), 11100); /* c, d, e */
    /* late news: this order lies outside its own window no more than any other */
    assert_int_equal(total(f, buy(f, "D", "x", 1, f->now_ms - 40 * FX_DAY)), 0);
    fx_free(f);
}

/* An order says per rule what it got, once, in the rules' order; the same again says it too. */
static void rows_stand_in_one_piece(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "late", "", "order.net", 9);
    put_rule(f, "soon", "", "2", 1);
    put_rule(f, "also", "", "3", 9);
    uint64_t order = buy(f, "A", "x", 1234, f->now_ms);
    assert_int_equal(f->event_n, 5); /* the new member, 3 postings, 1 order */
    uint32_t n;
    const struct tb_order_earn *e = earned(f, order, &n);
    assert_int_equal(n, 3);
    assert_int_equal(e[0].amount, 2);
    assert_int_equal(e[1].amount, 12);
    assert_int_equal(e[2].amount, 3);
    assert_true(e[0].lot < e[1].lot && e[1].lot < e[2].lot);
    assert_int_equal(fx_bytes(f, 4, 2).n > 0, 1);
    assert_int_equal(buy(f, "A", "x", 1234, f->now_ms), order);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(fx_bytes(f, 4, 2).n > 0, 1);
    fx_free(f);
}

/* Codes, days and expiries are remembered: a change of what they rest on is seen at once. */
static void memory_follows_changes(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "a", "", "order.net", 1);
    put_rule(f, "food", "", "net_of('food') * 100", 2);
    struct tb_cmd_unit_put unit = points();
    (void)buy(f, "A", "milk", 100, f->now_ms);
    assert_true(newest_lot(f)->due_ms == INT64_MAX);
    unit.expiry = TB_EXPIRY_ROLLING_DAYS;
    unit.expiry_n = 10;
    unit.rounding = TB_ROUNDING_DAY;
    fx_done(f, TB_OP_UNIT_PUT, &unit);
    (void)buy(f, "B", "milk", 100, f->now_ms);
    int64_t today = FX_NOW - 8 * TB_HOUR_MS; /* the start of FX_NOW's day in Shanghai */
    assert_int_equal(newest_lot(f)->due_ms, today + 11 * FX_DAY);
    f->now_ms = today + FX_DAY - 1;
    (void)buy(f, "C", "milk", 100, f->now_ms);
    assert_int_equal(newest_lot(f)->due_ms, today + 11 * FX_DAY);
    f->now_ms++;
    (void)buy(f, "D", "milk", 100, f->now_ms);
    assert_int_equal(newest_lot(f)->due_ms, today + 12 * FX_DAY);
    unit.rounding = TB_ROUNDING_NONE;
    fx_done(f, TB_OP_UNIT_PUT, &unit);
    (void)buy(f, "E", "milk", 100, f->now_ms);
    assert_int_equal(newest_lot(f)->due_ms, f->now_ms + 10 * FX_DAY);
    f->now_ms += 1000;
    (void)buy(f, "F", "milk", 100, f->now_ms);
    assert_int_equal(newest_lot(f)->due_ms, f->now_ms + 10 * FX_DAY);
    /* a code that nobody knew is known from its put on, with what every put says */
    struct tb_cmd_product_put milk = {.put = {.code = S("milk")}, .name = S("Milk"),
                                      .category = S("food/milk")};
    assert_int_equal(total(f, buy(f, "G", "milk", 100, f->now_ms)), 1);
    assert_int_equal(total(f, buy(f, "G2", "milk", 100, f->now_ms)), 1);
    struct tb_cmd_product_put bad = milk;
    bad.price = -1;
    assert_int_equal(fx_run(f, TB_OP_PRODUCT_PUT, &bad), TB_REFUSED); /* refused: as unknown as before */
    assert_int_equal(total(f, buy(f, "G3", "milk", 100, f->now_ms)), 1);
    fx_done(f, TB_OP_PRODUCT_PUT, &milk);
    assert_int_equal(total(f, buy(f, "H", "milk", 100, f->now_ms)), 101);
    milk.category = S("drink");
    fx_done(f, TB_OP_PRODUCT_PUT, &milk);
    assert_int_equal(total(f, buy(f, "I", "milk", 100, f->now_ms)), 1);
    fx_free(f);
}

/* Two tenants share numbers' places and codes' texts, never each other's objects. */
static void tenants_stay_apart(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "food", "", "net_of('food')", 1);
    struct tb_cmd_product_put milk = {.put = {.code = S("milk")}, .name = S("Milk"),
                                      .category = S("food")};
    fx_done(f, TB_OP_PRODUCT_PUT, &milk);
    uint32_t first = f->tenant;
    struct tb_cmd_tenant_put put = {.put = {.code = S("other")}, .name = S("Other"),
                                    .zone = S("UTC"), .currency = S("CNY")};
    f->tenant = 0;
    fx_done(f, TB_OP_TENANT_PUT, &put);
    uint32_t second = (uint32_t)fx_uint(f, 1, 0);
    for (uint32_t i = 0; i < 6; i++) {
        char key[4] = {'K', (char)('0' + i), 0};
        f->tenant = i % 2 ? second : first;
        uint64_t order = buy(f, key, "milk", 500, FX_NOW + 20 * TB_HOUR_MS);
        const struct tb_order *o =
            tb_block_head_const(tb_store_get(&f->core.store, TB_KIND_ORDER, order));
        assert_int_equal(o->day, i % 2 ? 20700 : 20701); /* 20:00 in UTC, 04:00 in Shanghai */
        assert_int_equal(total(f, order), i % 2 ? 0 : 5);
    }
    f->tenant = first;
    fx_free(f);
}

static void fold(struct fx *f, uint32_t type, const struct tb_buf *b)
{
    assert_false(b->overflowed);
    assert_true(tb_core_replay(&f->mirror, &f->mirror_txn, type, tb_buf_as_str(b)));
    tb_arena_reset(&f->mirror_scratch);
}

/* The entry of a purchase as the first release wrote it, folded by the second cell: the order
 * first, then the posting, then what the order earned. The books come out the same.      */
static void old_journals_fold_the_same(void **state)
{
    (void)state;
    static const uint8_t entropy[TB_ENTROPY_BYTES];
    struct fx *f = shop();
    put_rule(f, "a", "", "order.net", 1);
    (void)buy(f, "A", "x", 500, f->now_ms); /* she is known from here */
    f->mirrored = false;
    uint64_t no = buy(f, "B", "x", 700, f->now_ms);
    uint32_t n;
    struct tb_order_earn e = *earned(f, no, &n);
    assert_int_equal(n, 1);
    const struct tb_order *o = tb_block_head_const(tb_store_get(&f->core.store, TB_KIND_ORDER, no));
    uint8_t region[512];
    struct tb_buf b;
    struct tb_ev_order_line line = {.sku = S("x"), .quantity = 1000, .net = 700};
    struct tb_ev_order_placed placed = {.order = no, .key = S("B"), .profile = o->profile,
                                        .occurred_ms = f->now_ms, .net = 700, .line = &line,
                                        .line_n = 1, .input_hash = 7, .day = o->day};
    struct tb_ev_lot_change lot = {.lot = e.lot, .amount = 7, .earned_day = o->day};
    struct tb_ev_posted posted = {.unit = e.unit, .profile = o->profile,
                                  .tenant_account = TB_ACCOUNT_ISSUER, .amount = 7,
                                  .cause = TB_CAUSE_EARN, .order = no, .lot = &lot, .lot_n = 1,
                                  .day = o->day, .sale_day = o->day};
    struct tb_ev_order_earned row = {.order = no, .unit = e.unit, .lot = e.lot, .amount = 7,
                                     .rule = e.rule, .rule_version = e.rule_version};
    tb_txn_begin(&f->mirror_txn, f->tenant, f->now_ms, f->seq, entropy);
    tb_buf_init(&b, region, sizeof region);
    tb_ev_order_placed_encode(&b, &placed);
    fold(f, TB_EVENT_ORDER_PLACED, &b);
    tb_buf_init(&b, region, sizeof region);
    tb_ev_posted_encode(&b, &posted);
    fold(f, TB_EVENT_POSTED, &b);
    tb_buf_init(&b, region, sizeof region);
    tb_ev_order_earned_encode(&b, &row);
    fold(f, TB_EVENT_ORDER_EARNED, &b);
    tb_txn_commit(&f->mirror_txn);
    tb_store_batch_done(&f->mirror.store);
    f->mirrored = true; /* fx_free compares the two cells, byte for byte */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_see_the_order),
        cmocka_unit_test(rows_stand_in_one_piece),
        cmocka_unit_test(memory_follows_changes),
        cmocka_unit_test(tenants_stay_apart),
        cmocka_unit_test(old_journals_fold_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
