// SPDX-License-Identifier: Apache-2.0
/* Who may stand with whom, ties, refusals of bad baskets and offers in order of precedence, reasons of offers that
 * are not in force, and certificates of hand-made cases that must not be believed.                                */
#include "price_kit.h"

static void groups_and_coupons(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    for (int i = 0; i < 3; i++)
        kit_amount(k, 100 * (i + 1), 0)->group = 0;
    assert_int_equal(kit_best(k), 9400);
    k->group[0] = TB_PRICE_BEST_OF;
    assert_int_equal(kit_best(k), 9700);
    assert_int_equal(kit_answer(k, 3), TB_PRICE_ILLEGAL_SET);
    k->group[0] = TB_PRICE_FIRST;
    assert_int_equal(kit_best(k), 9900);
    assert_int_equal(kit_answer(k, 2), TB_PRICE_ILLEGAL_SET);
    k->offer[0].min_amount = 10001; /* the first has no effect: the next is the first */
    assert_int_equal(kit_best(k), 9800);
    k->group[0] = TB_PRICE_EXCLUSIVE;
    kit_amount(k, 350, 0);
    assert_int_equal(kit_best(k), 9650);
    assert_int_equal(k->r.set, 8);
    k->offer[3].amount = 250;
    assert_int_equal(kit_best(k), 9700);
    assert_int_equal(k->r.set, 4);
    kit_free(k);
}

static void single_and_joint_coupons(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    kit_amount(k, 300, 0)->coupon = TB_PRICE_SINGLE;
    kit_amount(k, 200, 0)->coupon = TB_PRICE_JOINT;
    kit_amount(k, 150, 0)->coupon = TB_PRICE_JOINT;
    kit_amount(k, 50, 0);
    assert_int_equal(kit_best(k), 9600);
    assert_int_equal(k->r.set, 14);
    k->basket.coupons_max = 1;
    assert_int_equal(kit_best(k), 9650);
    assert_int_equal(k->r.set, 9);
    assert_int_equal(kit_answer(k, 6), TB_PRICE_ILLEGAL_SET);
    assert_int_equal(kit_answer(k, 16), TB_PRICE_ILLEGAL_SET);
    kit_free(k);
}

/* Equal price: fewer coupons, then the coupon that lapses first, then the lower sequence. */
static void ties(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(500, -1);
    for (int i = 0; i < 3; i++) {
        struct tb_offer *o = kit_amount(k, 500, 0);
        o->coupon = TB_PRICE_JOINT;
        o->expires_ms = 30 - 10 * (i == 1);
    }
    assert_int_equal(kit_best(k), 0);
    assert_int_equal(k->r.set, 2);
    k->offer[1].amount = 499;
    assert_int_equal(kit_best(k), 0);
    assert_int_equal(k->r.set, 1);
    kit_amount(k, 500, 0); /* a rule does it without a coupon */
    assert_int_equal(kit_best(k), 0);
    assert_int_equal(k->r.set, 8);
    kit_free(k);
}

/* Ten equal coupons are one choice: the certificate grows with their number, not with its power. */
static void equal_coupons_collapse(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(3500, 2000, -1);
    for (int i = 0; i < 10; i++) {
        struct tb_offer *o = kit_amount(k, 700, 1000);
        o->coupon = TB_PRICE_JOINT;
        o->sequence = 5;
        o->group = 0;
        o->expires_ms = 100 - i;
    }
    k->basket.coupons_max = 4;
    kit_percent(k, 5)->sequence = 7;
    assert_int_equal(kit_best(k), 2565);
    assert_int_equal(k->r.set, UINT64_C(1) << 10 | UINT64_C(0x3C0));
    assert_true(k->r.proof_n < 60);
    kit_free(k);
}

static enum tb_price_answer refused(struct price_kit *k, uint32_t at)
{
    struct tb_price_search search = {.steps_max = 1000};
    struct tb_price_result r;
    enum tb_price_answer a = tb_price_best(&k->work, &k->basket, k->offer, k->offer_n, &search, &r);
    assert_int_equal(r.at, at);
    return a;
}

static void bad_lines(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(100, 100, -1);
    k->line[1].quantity = 1500;
    assert_int_equal(refused(k, 1), TB_PRICE_BAD_LINE);
    k->line[1].whole = true;
    assert_int_equal(refused(k, 0), TB_PRICE_DONE);
    k->line[0].quantity = 0;
    assert_int_equal(refused(k, 0), TB_PRICE_BAD_LINE);
    k->line[0].quantity = -1000;
    assert_int_equal(refused(k, 0), TB_PRICE_BAD_LINE);
    k->line[0] = (struct tb_basket_line){.quantity = 1000, .amount = -1};
    assert_int_equal(refused(k, 0), TB_PRICE_BAD_LINE);
    k->line[0].amount = TB_PRICE_MONEY_MAX;
    assert_int_equal(refused(k, 1), TB_PRICE_BAD_LINE); /* their sum */
    k->line[0] = (struct tb_basket_line){.quantity = INT64_C(1000000000) * 1000, .amount = 1};
    assert_int_equal(refused(k, 1), TB_PRICE_TOO_MANY_PARTS);
    k->line[1].quantity = 7001;
    k->line[1].whole = false;
    assert_int_equal(refused(k, 1), TB_PRICE_BAD_LINE); /* before too many parts */
    k->basket.line_n = TB_PRICE_LINES_MAX + 1;
    k->offer_n = TB_PRICE_OFFERS_MAX + 1;
    assert_int_equal(refused(k, 0), TB_PRICE_TOO_MANY_LINES);
    k->basket.line_n = 1;
    assert_int_equal(refused(k, 0), TB_PRICE_TOO_MANY_OFFERS);
    k->offer_n = 0;
    k->line[0] = (struct tb_basket_line){.quantity = 1000, .amount = 1};
    k->work.size = 16;
    assert_int_equal(refused(k, 0), TB_PRICE_WORK_TOO_SMALL);
    kit_free(k);
}

static void bad_offers(void **state)
{
    (void)state;
    const struct tb_offer bad[] = {
        {.mechanic = (enum tb_price_mechanic)99},
        {.mechanic = TB_PRICE_AMOUNT},
        {.mechanic = TB_PRICE_AMOUNT, .amount = -5},
        {.mechanic = TB_PRICE_PERCENT, .ppm = TB_PPM_ALL + 1},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 1, .group = TB_PRICE_GROUPS_MAX},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 1, .every = true},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 1, .worth = 1},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 1, .max_applications = 1},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 1, .level = TB_PRICE_SHIPPING, .cap_unit = 1},
        {.mechanic = TB_PRICE_TABLE},
        {.mechanic = TB_PRICE_LADDER},
        {.mechanic = TB_PRICE_LADDER, .step_n = 2, .step = {{100, 5, 0}, {100, 6, 0}}},
        {.mechanic = TB_PRICE_LADDER, .step_n = 2, .step = {{100, 5, 0}, {200, 4, 0}}},
        {.mechanic = TB_PRICE_LADDER, .step_n = 2, .step = {{100, 5, 0}, {200, 0, 7}}},
        {.mechanic = TB_PRICE_LADDER, .step_n = 1, .step = {{100, 0, 7}}, .every = true},
        {.mechanic = TB_PRICE_CHEAPEST, .ppm = 1, .need = 2, .get = 2},
        {.mechanic = TB_PRICE_CHEAPEST, .ppm = 1, .need = 2, .get = 1, .overall = true, .same_line = true},
        {.mechanic = TB_PRICE_N_FOR, .amount = 5, .need = 2, .initial = true},
        {.mechanic = TB_PRICE_N_FOR, .amount = 5, .need = 2, .level = TB_PRICE_SHIPPING},
        {.mechanic = TB_PRICE_BUY_GET, .ppm = 1, .need = 1},
        {.mechanic = TB_PRICE_BUNDLE, .slot_n = 1},
        {.mechanic = TB_PRICE_GIFT},
        {.mechanic = TB_PRICE_GIFT, .get = 1, .every = true},
        {.mechanic = TB_PRICE_GIFT, .get = 1, .one_per_product = true},
        {.mechanic = TB_PRICE_POINTS},
    };
    struct price_kit *k = kit_of(100, -1);
    kit_percent(k, 1);
    k->offer_n = 2;
    for (uint32_t i = 0; i < TB_COUNT_OF(bad); i++) {
        k->offer[1] = bad[i];
        assert_int_equal(refused(k, 1), TB_PRICE_BAD_OFFER);
    }
    k->line[0].quantity = 1;
    assert_int_equal(refused(k, 0), TB_PRICE_BAD_LINE);
    kit_free(k);
}

static struct tb_price_reason reason(struct price_kit *k, uint64_t set, uint32_t offer)
{
    struct tb_price_reason all[KIT_OFFERS];
    assert_int_equal(tb_price_explain(&k->work, &k->basket, k->offer, k->offer_n, set, all), TB_PRICE_DONE);
    return all[offer];
}

static void expect(struct price_kit *k, uint64_t set, uint32_t offer, enum tb_price_why why, int64_t missing)
{
    struct tb_price_reason r = reason(k, set, offer);
    assert_int_equal(r.why, why);
    assert_int_equal(r.missing, missing);
}

static void reasons(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(18800, 0, -1);
    struct tb_offer *ladder = kit_offer(k, TB_PRICE_LADDER);
    ladder->step_n = 1;
    ladder->step[0] = (struct tb_price_step){20000, 3000, 0};
    expect(k, 0, 0, TB_PRICE_BELOW_AMOUNT, 1200);
    ladder->step[0].at = 18000;
    ladder->sequence = 9;
    struct tb_offer *nothing = kit_percent(k, 5);
    nothing->scope = kit_scope(k, 2);
    nothing->min_amount = 50; /* two reasons: nothing in scope comes first */
    expect(k, 1, 1, TB_PRICE_NOTHING_IN_SCOPE, 0);
    struct tb_offer *pieces = kit_percent(k, 5);
    pieces->min_pieces = 3;
    expect(k, 1, 2, TB_PRICE_BELOW_PIECES, 2);
    pieces->min_amount = 19000;
    expect(k, 1, 2, TB_PRICE_BELOW_AMOUNT, 200);
    struct tb_offer *dear = kit_offer(k, TB_PRICE_FIXED);
    dear->amount = 18800;
    expect(k, 1, 3, TB_PRICE_NO_SAVING, 0);
    struct tb_offer *budget = kit_percent(k, 50);
    budget->budget_rule = TB_PRICE_BUDGET_STRICT;
    budget->budget = 9000;
    expect(k, 1, 4, TB_PRICE_BUDGET_SHORT, 400);
    struct tb_offer *five = kit_percent(k, 5); /* breaks the ladder: 940 for 3,000 */
    expect(k, 1, 5, TB_PRICE_DEARER, 2060);
    expect(k, 32, 0, TB_PRICE_NO_EFFECT, 140);
    k->group[0] = TB_PRICE_BEST_OF;
    five->group = 0;
    expect(k, 1, 5, TB_PRICE_CONFLICT, 0);
    assert_int_equal(reason(k, 1, 5).against, 0);
    k->group[0] = TB_PRICE_FIRST;
    assert_int_equal(reason(k, 32, 0).why, TB_PRICE_NOT_FIRST);
    assert_int_equal(reason(k, 32, 0).against, 5);
    assert_int_equal(kit_best(k), 17860);
    expect(k, 32, 5, TB_PRICE_IN_FORCE, 0);
    kit_free(k);
}

static enum tb_proof_answer believe(struct price_kit *k, uint64_t set, int64_t payable, const uint8_t *tree, uint32_t n)
{
    struct tb_proof_claim claim = {set, payable, tree, n};
    uint32_t at;
    return tb_price_proof_check(&k->proof_work, &k->basket, k->offer, k->offer_n, &claim, &at);
}

static void certificates_that_lie(void **state)
{
    (void)state;
    struct price_kit *k = kit_of(10000, -1);
    kit_amount(k, 100, 0)->group = 0;
    kit_amount(k, 300, 0)->group = 0;
    k->group[0] = TB_PRICE_BEST_OF;
    const uint8_t sound[] = {TB_PROOF_BRANCH, TB_PROOF_CUT, TB_PROOF_BRANCH, TB_PROOF_END, TB_PROOF_DOMINATED};
    const uint8_t skips[] = {TB_PROOF_SKIP, TB_PROOF_BRANCH, TB_PROOF_END, TB_PROOF_DOMINATED};
    const uint8_t cut[] = {TB_PROOF_CUT};
    const uint8_t early[] = {TB_PROOF_END};
    const uint8_t none[] = {TB_PROOF_BRANCH, TB_PROOF_NO_EFFECT, TB_PROOF_CUT};
    const uint8_t half[] = {TB_PROOF_BRANCH, TB_PROOF_CUT};
    const uint8_t alone[] = {TB_PROOF_BRANCH, TB_PROOF_CUT, TB_PROOF_DOMINATED};
    const uint8_t more[] = {TB_PROOF_CUT, TB_PROOF_END};
    const uint8_t junk[] = {77};
    assert_int_equal(believe(k, 2, 9700, sound, sizeof sound), TB_PROOF_HOLDS);
    /* the bound allows a set as good, and offer 0 would be preferred in it */
    assert_int_equal(believe(k, 2, 9700, cut, 1), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, more, 2), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, junk, 1), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, NULL, 0), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, skips, sizeof skips), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, early, 1), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, none, sizeof none), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, half, sizeof half), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 2, 9700, alone, sizeof alone), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 1, 9900, cut, 1), TB_PROOF_BAD_TREE);
    assert_int_equal(believe(k, 1, 9900, sound, sizeof sound), TB_PROOF_BETTER_SET);
    assert_int_equal(believe(k, 2, 9699, cut, 1), TB_PROOF_WRONG_PRICE);
    assert_int_equal(believe(k, 3, 9600, cut, 1), TB_PROOF_ILLEGAL_CLAIM);
    assert_int_equal(believe(k, 4, 9600, cut, 1), TB_PROOF_BAD_INPUT);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_coupons), cmocka_unit_test(single_and_joint_coupons),
        cmocka_unit_test(ties),               cmocka_unit_test(equal_coupons_collapse),
        cmocka_unit_test(bad_lines),          cmocka_unit_test(bad_offers),
        cmocka_unit_test(reasons),            cmocka_unit_test(certificates_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
