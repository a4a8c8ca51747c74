// SPDX-License-Identifier: Apache-2.0
/* Stored value: topping up with a bonus, spending principal and bonus in their order, paying back. Each test ends with
 * the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "core/card/card.h"
#include "checkout_kit.h"

#define YUAN(x) (INT64_C(100) * (x))

static struct tb_who who(struct checkout_kit *k, const char *name)
{
    struct tb_identifier id = fx_id(k->f, "unionid", name, true);
    return (struct tb_who){.profile = fx_contact(k->f, &id, 1, k->f->now_ms)};
}

static void pay_by_wallet(struct checkout_kit *k, int64_t amount)
{
    k->tender[k->in.quote.tender_n++] =
        (struct tb_quote_tender){.kind = TB_TENDER_STORED_VALUE, .amount = amount, .wallet = true};
}

static struct tb_unit_step steps[] = {{YUAN(100), YUAN(10)}, {YUAN(300), YUAN(50)}};

static struct tb_cmd_unit_put wallet(void)
{
    return (struct tb_cmd_unit_put){.put.code = S("cash"),
                                    .kind = TB_UNIT_STORED_VALUE,
                                    .bonus_unit = S("bonus"),
                                    .step = steps,
                                    .step_n = 2,
                                    .top_up_min = YUAN(10),
                                    .top_up_max = YUAN(1000)};
}

static struct checkout_kit *with_wallet(const struct tb_cmd_unit_put *put, int64_t bonus_order)
{
    struct checkout_kit *k = kit_make(true);
    struct tb_cmd_unit_put bonus = {
        .put.code = S("bonus"), .kind = TB_UNIT_STORED_VALUE, .spend_order = bonus_order};
    fx_done(k->f, TB_OP_UNIT_PUT, &bonus);
    fx_done(k->f, TB_OP_UNIT_PUT, put);
    return k;
}

static struct tb_cmd_top_up top_up(struct checkout_kit *k, int64_t amount, bool back)
{
    return (struct tb_cmd_top_up){
        .member = who(k, "anna"), .unit = S("cash"), .amount = amount, .back = back, .reason = S("r")};
}

static void topped_up(struct checkout_kit *k, int64_t amount, int64_t bonus)
{
    struct tb_cmd_top_up in = top_up(k, amount, false);
    fx_done(k->f, TB_OP_TOP_UP, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), bonus);
}

static void topping_up(void **state)
{
    (void)state;
    struct tb_cmd_unit_put put = wallet();
    struct checkout_kit *k = with_wallet(&put, 1);
    struct tb_cmd_top_up in = top_up(k, 0, false);
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    in.amount = YUAN(9);
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_INVALID, "amount");
    in.amount = YUAN(1001);
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_INVALID, "amount");
    in.amount = YUAN(100);
    in.unit = S("bonus");
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_INVALID, "unit");
    in.unit = S("gold");
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_UNKNOWN_UNIT, "unit");
    topped_up(k, 9999, 0);
    topped_up(k, YUAN(100), YUAN(10));
    topped_up(k, YUAN(299), YUAN(10));
    topped_up(k, YUAN(300), YUAN(50));
    assert_int_equal(kit_balance(k, "anna", "cash"), 9999 + YUAN(699));
    in = top_up(k, YUAN(300), false); /* nobody has registered: 1,000 at most */
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_CAP_EXCEEDED, "amount");
    struct tb_cmd_enrol enrol = {.who = who(k, "anna"), .terms_version = 1, .occurred_ms = k->f->now_ms};
    fx_done(k->f, TB_OP_ENROL, &enrol);
    topped_up(k, YUAN(300), YUAN(50));
    kit_free(k);
}

/* 100 + 10 of bonus: an order of 104, of which 4 of the unit that comes second. */
static void spend_order(void **state)
{
    (void)state;
    for (int64_t bonus_first = 0; bonus_first < 2; bonus_first++) {
        struct tb_cmd_unit_put put = wallet();
        put.spend_order = bonus_first ? 2 : 0;
        struct checkout_kit *k = with_wallet(&put, 1);
        topped_up(k, YUAN(100), YUAN(10));
        kit_clear(k);
        kit_line(k, 1, YUAN(104));
        pay_by_wallet(k, 0);
        uint64_t order = kit_confirm(k, "A");
        const struct tb_order_payment *p = kit_section(k, order, TB_ORDER_PAYMENT);
        assert_int_equal(kit_order(k, order)->n[TB_ORDER_PAYMENT], 2);
        assert_int_equal(p[0].amount, bonus_first ? YUAN(10) : YUAN(100));
        assert_int_equal(p[1].amount, bonus_first ? YUAN(94) : YUAN(4));
        assert_int_equal(kit_balance(k, "anna", "bonus"), bonus_first ? 0 : YUAN(6));
        kit_cancel(k, "A");
        assert_int_equal(kit_balance(k, "anna", "cash"), YUAN(100));
        assert_int_equal(kit_balance(k, "anna", "bonus"), YUAN(10));
        kit_clear(k);
        kit_line(k, 1, YUAN(200));
        pay_by_wallet(k, YUAN(111));
        fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_INSUFFICIENT, "tenders/0");
        pay_by_wallet(k, 0);
        k->tender[0] = k->tender[1];
        k->in.quote.tender_n = 1;
        assert_int_equal(kit_quote(k), YUAN(200));
        assert_int_equal(fx_uint(k->f, 10, 0), YUAN(90)); /* as far as it goes */
        kit_free(k);
    }
}

static void paid_back(void **state)
{
    (void)state;
    struct tb_cmd_unit_put put = wallet();
    struct checkout_kit *k = with_wallet(&put, 1);
    topped_up(k, YUAN(300), YUAN(50));
    struct tb_cmd_top_up in = top_up(k, YUAN(301), true);
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_INSUFFICIENT, "amount");
    in.amount = YUAN(90);
    in.reason = TB_STR_NONE;
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_REASON_REQUIRED, "reason");
    in = top_up(k, YUAN(90), true);
    fx_done(k->f, TB_OP_TOP_UP, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(15)); /* 50 x 90 / 300 */
    in.amount = 1;
    fx_done(k->f, TB_OP_TOP_UP, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), 0); /* 3500 x 1 / 21000 = .17 */
    in.amount = YUAN(210) - 1;
    fx_done(k->f, TB_OP_TOP_UP, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(35));
    assert_int_equal(kit_balance(k, "anna", "bonus"), 0);
    put.bonus_back = TB_BONUS_FIRST;
    fx_done(k->f, TB_OP_UNIT_PUT, &put);
    topped_up(k, YUAN(300), YUAN(50));
    in.amount = YUAN(1);
    fx_done(k->f, TB_OP_TOP_UP, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), YUAN(50));
    put.bonus_back = TB_BONUS_NOTHING_BACK;
    fx_done(k->f, TB_OP_UNIT_PUT, &put);
    fx_refused(k->f, TB_OP_TOP_UP, &in, TB_CODE_NOT_REVERSIBLE, "unit");
    kit_free(k);
}

static void terms(void **state)
{
    (void)state;
    struct tb_cmd_unit_put put = wallet();
    struct checkout_kit *k = with_wallet(&put, 1);
    static struct tb_unit_step falling[] = {{YUAN(300), 1}, {YUAN(100), 2}};
    put.step = falling;
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "steps/1");
    put = wallet();
    put.bonus_unit = TB_STR_NONE;
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "steps");
    put = wallet();
    put.bonus_unit = S("points");
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "bonus_unit");
    put.bonus_unit = S("cash");
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "bonus_unit");
    put.bonus_unit = S("moon");
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_UNKNOWN_UNIT, "bonus_unit");
    put = wallet();
    put.top_up_max = 1;
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "top_up_max");
    put = wallet();
    put.item = S("cake");
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "item");
    put = (struct tb_cmd_unit_put){.put.code = S("gc"), .kind = TB_UNIT_GIFT_CARD};
    put.item = S("cake");
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_UNKNOWN_PRODUCT, "item");
    put.item = TB_STR_NONE;
    put.flags = TB_UNIT_MEMBERS_ONLY;
    fx_refused(k->f, TB_OP_UNIT_PUT, &put, TB_CODE_INVALID, "flags");
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topping_up),            cmocka_unit_test(spend_order),
        cmocka_unit_test(paid_back),             cmocka_unit_test(terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
