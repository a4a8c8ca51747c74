// SPDX-License-Identifier: Apache-2.0
/* The static checker: each finding on a campaign that deserves it, none on one that does not. */
#include "promotion_kit.h"

static uint64_t findings(struct fx *f, const char *code)
{
    struct tb_cmd_campaign_check in = {.campaign = tb_str_of(code)};
    fx_done(f, TB_OP_CAMPAIGN_CHECK, &in);
    uint64_t set = 0;
    for (uint32_t i = 0; i < TB_FINDINGS_MAX; i++) {
        struct tb_str row = fx_bytes(f, 1, i);
        uint32_t field;
        uint64_t v;
        struct tb_str s;
        bool bad = false;
        if (row.n && tb_wire_next(&row, &field, &v, &s, &bad) && field == 1)
            set |= UINT64_C(1) << v;
    }
    return set;
}

#define BIT(x) (UINT64_C(1) << TB_FINDING_##x)

static const struct tb_offer_limit good_limits[] = {
    {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .amount = 1000000},
    {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .amount = 5000}};

static struct tb_cmd_campaign_put good(const char *code)
{
    struct tb_cmd_campaign_put in = kit_campaign(code);
    in.cap_order = 5000;
    in.limit = good_limits;
    in.limit_n = 2;
    return in;
}

static void expect(struct fx *f, struct tb_cmd_campaign_put *in, uint64_t set)
{
    fx_done(f, TB_OP_CAMPAIGN_PUT, in);
    assert_int_equal(findings(f, "c"), set);
}

static void test_alone(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = good("c");
    expect(f, &in, 0);
    in.cap_order = 0;
    expect(f, &in, BIT(NO_CAP));
    in = good("c");
    in.limit_n = 0;
    expect(f, &in, BIT(NO_LIMIT));
    in = good("c");
    in.ppm = 310000; /* 69.00 for what cost 70.00 */
    expect(f, &in, BIT(BELOW_COST));
    in.ppm = 510000;
    expect(f, &in, BIT(BELOW_COST) | BIT(DEPTH));
    in.cap_unit = 2000;
    expect(f, &in, 0);
    in = good("c");
    in.budget_amount = 5000; /* what one member may have */
    expect(f, &in, BIT(ONE_MEMBER));
    in.budget_amount = 5001;
    expect(f, &in, 0);
    struct tb_scope_input toys = {.by = TB_SCOPE_CATEGORY, .text = S("toys")};
    in = good("c");
    in.budget_amount = 5001;
    in.scope = &toys;
    in.scope_n = 1;
    expect(f, &in, BIT(UNREACHABLE));
    in = good("c");
    in.budget_amount = 5001;
    in.from_ms = 1;
    in.until_ms = f->now_ms;
    expect(f, &in, BIT(UNREACHABLE));
    fx_free(f);
}

static void test_beside_others(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put other = good("other");
    other.ppm = 450000;
    other.group = S("g");
    other.group_rule = TB_PRICE_STACKABLE;
    (void)kit_live(f, &other);
    struct tb_cmd_campaign_put in = good("c");
    in.sequence = 1;
    in.ppm = 160000;
    in.group = S("g");
    expect(f, &in, BIT(BELOW_COST)); /* 16 % and 45 % together */
    in.ppm = 450000;
    expect(f, &in, BIT(BELOW_COST));
    in.ppm = 490000;
    in.sequence = 0;
    expect(f, &in, BIT(BELOW_COST) | BIT(OVERLAP));
    in.sequence = 1;
    struct tb_cmd_campaign_put third = good("third");
    third.ppm = 450000;
    third.sequence = 2;
    (void)kit_live(f, &third);
    expect(f, &in, BIT(BELOW_COST) | BIT(STACK)); /* .51 * .55 * .55 = 15.4 % are left */
    in.group_rule = TB_PRICE_BEST_OF; /* one of the group: 51 % x 55 % */
    expect(f, &in, BIT(BELOW_COST) | BIT(GROUP_RULE));
    in.group_rule = TB_PRICE_EXCLUSIVE;
    in.ppm = 100000;
    expect(f, &in, BIT(GROUP_RULE));
    fx_free(f);
}

static void test_findings_must_be_acknowledged(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = good("c");
    in.cap_order = 0;
    in.limit_n = 0;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    kit_move(f, "c", TB_CAMPAIGN_REVIEW);
    uint32_t seen[] = {TB_FINDING_NO_CAP, TB_FINDING_NO_LIMIT};
    struct tb_cmd_campaign_move move = {
        .campaign = S("c"), .state = TB_CAMPAIGN_LIVE, .acknowledged = seen, .acknowledged_n = 1};
    fx_refused(f, TB_OP_CAMPAIGN_MOVE, &move, TB_CODE_CAMPAIGN_FINDINGS, "findings");
    move.acknowledged_n = 2;
    fx_done(f, TB_OP_CAMPAIGN_MOVE, &move);
    struct tb_cmd_campaign_get get = {.campaign = S("c")};
    fx_done(f, TB_OP_CAMPAIGN_GET, &get);
    assert_int_not_equal(fx_bytes(f, 1, 0).n, 0);
    assert_int_not_equal(fx_bytes(f, 2, 0).n, 0);
    get.version = 9;
    fx_refused(f, TB_OP_CAMPAIGN_GET, &get, TB_CODE_INVALID, "version");
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_beside_others),
        cmocka_unit_test(test_findings_must_be_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
