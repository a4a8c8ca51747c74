// SPDX-License-Identifier: Apache-2.0
/* Traps that the random histories found, worked: caps over several rules and holds, a sliding
 * expiry, undoing a debit whose debt was paid, a hold over a parting.                     */
#include "traps_kit.h"

static void a_cap_per_order_counts_all_rules(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_cmd_unit_put put = points_unit();
    put.earn_cap_order = 100;
    put_unit(f, put);
    put_rule(f, "one", "points", "order.net", 0, 0);
    put_rule(f, "two", "points", "order.net", 0, 0);
    sell(f, (struct sale){.key = "o", .n = 1, .net = {YUAN(80)}});
    assert_int_equal(points(f), 100);
    fx_free(f);
}

static void a_spend_cap_counts_what_is_held(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_cmd_unit_put put = points_unit();
    put.spend_cap = 100;
    put.spend_cap_period = TB_PERIOD_DAY;
    put_unit(f, put);
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    (void)fx_contact(f, &id, 1, f->now_ms);
    (void)adjust(f, 500);
    (void)spend(f, 60);
    struct tb_cmd_hold hold = {anna(f), S("points"), 30, TB_HOUR_MS};
    fx_done(f, TB_OP_HOLD, &hold);
    hold.amount = 11;
    fx_refused(f, TB_OP_HOLD, &hold, TB_CODE_CAP_EXCEEDED, "amount");
    hold.amount = 10;
    fx_done(f, TB_OP_HOLD, &hold);
    f->now_ms += TB_DAY_MS;
    (void)spend(f, 100);
    fx_free(f);
}

static void spending_slides_an_expiry(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_cmd_unit_put put = points_unit();
    put.expiry = TB_EXPIRY_SLIDING_DAYS;
    put.expiry_n = 10;
    put_unit(f, put);
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    (void)fx_contact(f, &id, 1, f->now_ms);
    (void)adjust(f, 500);
    int64_t start = f->now_ms;
    f->now_ms += 6 * TB_DAY_MS;
    uint64_t spent = spend(f, 100);
    f->now_ms += 6 * TB_DAY_MS;
    assert_int_equal(points(f), 400);
    refund(f, spent, 0); /* the rest keeps its longer life */
    assert_int_equal(points(f), 500);
    f->now_ms = start + 16 * TB_DAY_MS;
    assert_int_equal(points(f), 0);
    fx_free(f);
}

static void an_undone_debit_whose_debt_was_paid(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_cmd_unit_put put = points_unit();
    put.negative = TB_NEGATIVE_UNLIMITED;
    put_unit(f, put);
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    (void)fx_contact(f, &id, 1, f->now_ms);
    uint64_t debit = adjust(f, -300);
    (void)adjust(f, 500);
    refund(f, debit, 0);
    assert_int_equal(points(f), 500);
    struct tb_cmd_reverse again = {fx_uint(f, 1, 0), 0, S("undo the undoing")};
    fx_refused(f, TB_OP_REVERSE, &again, TB_CODE_NOT_REVERSIBLE, "transfer");
    fx_free(f);
}

static void a_hold_survives_a_parting(void **state)
{
    (void)state;
    struct fx *f = shop();
    struct tb_identifier both[2] = {fx_id(f, "unionid", "anna", true),
                                    fx_id(f, "phone", "13911112222", true)};
    uint32_t anna_no = fx_contact(f, both, 1, f->now_ms);
    uint32_t phone = fx_contact(f, both + 1, 1, f->now_ms);
    struct tb_cmd_adjust give = {{.profile = phone}, S("points"), 70, S("because")};
    fx_done(f, TB_OP_ADJUST, &give);
    (void)adjust(f, 30);
    (void)fx_contact(f, both, 2, f->now_ms);
    struct tb_cmd_hold hold = {anna(f), S("points"), 100, TB_HOUR_MS};
    fx_done(f, TB_OP_HOLD, &hold);
    uint64_t no = fx_uint(f, 1, 0);
    uint64_t leaving = phone;
    struct tb_cmd_unmerge part = {{.profile = anna_no}, &leaving, 1, S("two people")};
    fx_done(f, TB_OP_UNMERGE, &part);
    struct tb_balance b = balance(f, "points");
    assert_int_equal(b.held, 30);
    assert_int_equal(tb_ledger_balance(&f->txn, fx_person(f, phone), fx_code(f, TB_KIND_UNIT, "points"),
                                       f->now_ms).available, 70);
    struct tb_cmd_hold_post post = {.hold = no, .final = true};
    fx_done(f, TB_OP_HOLD_POST, &post);
    assert_int_equal(signed_field(f, 2), 30);
    fx_free(f);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(a_cap_per_order_counts_all_rules),
        T(a_spend_cap_counts_what_is_held),
        T(spending_slides_an_expiry),
        T(an_undone_debit_whose_debt_was_paid),
        T(a_hold_survives_a_parting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
