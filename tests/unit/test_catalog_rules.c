// SPDX-License-Identifier: Apache-2.0
/* Purposes, attributes, rules and tier schemes: every answer in order of precedence, and
 * rules that run, also after a restart.                                                 */
#include "catalog_cell.h"

/* ---- attributes and purposes ------------------------------------------------------------- */

static void test_purpose(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_cmd_purpose_put good = {.put.code = {"sms", 3},
                                            .text = {"May we write?", 13},
                                            .text_version = 2,
                                            .marketing = true};
#define BAD(change, field) INVALID(tb_catalog_purpose_put, tb_cmd_purpose_put, good, change, field)
    BAD((in.text = TB_STR_NONE, in.text_version = 0), "text");
    BAD((in.text_version = 0), "text_version");
    (void)done(c, tb_catalog_purpose_put, &good, true, true);
    BAD((in.text = S("Other words")), "text_version");
    BAD((in.text_version = 1), "text_version");
#undef BAD
    struct tb_cmd_purpose_put next = good;
    next.text = S("Other words");
    next.text_version = 3;
    (void)done(c, tb_catalog_purpose_put, &next, false, true);
}

static void test_attribute(void **state)
{
    struct cell *c = with_tenant(state);
    put_purpose(c, "care");
    const struct tb_str choices[] = {{"cat", 3}, {"dog", 3}, {"cat", 3}};
    const struct tb_cmd_attribute_put good = {.put.code = {"pet", 3},
                                              .type = TB_ATTRIBUTE_CHOICE,
                                              .purpose = {"care", 4},
                                              .benefit = {"A sample", 8},
                                              .retention_days = 365,
                                              .choice = choices,
                                              .choice_n = 2};
#define BAD(change, field) \
    INVALID(tb_catalog_attribute_put, tb_cmd_attribute_put, good, change, field)
    BAD((in.put.code = S("Pet")), "code");
    BAD((in.put.code = S("1pet")), "code");
    BAD((in.put.code = S("pet-name")), "code");
    BAD((in.type = 6, in.benefit = TB_STR_NONE), "type");
    BAD((in.benefit = TB_STR_NONE, in.retention_days = 0), "benefit");
    BAD((in.retention_days = 0, in.purpose = S("none")), "retention_days");
    BAD((in.choice_n = 0, in.purpose = S("none")), "choices");
    BAD((in.type = TB_ATTRIBUTE_INT), "choices");
    BAD((in.choice_n = 3), "choices/2");
    REFUSED(tb_catalog_attribute_put, tb_cmd_attribute_put, good, in.choice_n = TB_CHOICES_MAX + 1,
            TB_CODE_TOO_MANY, "choices");
    REFUSED(tb_catalog_attribute_put, tb_cmd_attribute_put, good, in.purpose = S("none"),
            TB_CODE_UNKNOWN_PURPOSE, "purpose");
    REFUSED(tb_catalog_attribute_put, tb_cmd_attribute_put, good, in.purpose = TB_STR_NONE,
            TB_CODE_UNKNOWN_PURPOSE, "purpose");
    uint32_t id = done(c, tb_catalog_attribute_put, &good, true, true);
    put_attribute(c, "birthday", TB_ATTRIBUTE_DATE);
    BAD((in.type = TB_ATTRIBUTE_TEXT, in.choice_n = 0), "type");
    BAD((in.personal = true), "personal");
    BAD((in.choice = &choices[1], in.choice_n = 2), "choices/0");
    BAD((in.choice_n = 1), "choices");
#undef BAD
    const struct tb_str more[] = {{"cat", 3}, {"dog", 3}, {"fish", 4}};
    struct tb_cmd_attribute_put in = good;
    in.choice = more;
    in.choice_n = 3;
    (void)done(c, tb_catalog_attribute_put, &in, false, true);
    const struct tb_attribute_decl *decl = head_of(c, TB_KIND_ATTRIBUTE, id);
    assert_int_equal(decl->ordinal, 0);
    uint32_t birthday = tb_find_code(&c->txn, TB_KIND_ATTRIBUTE, S("birthday"));
    assert_int_equal(
        ((const struct tb_attribute_decl *)head_of(c, TB_KIND_ATTRIBUTE, birthday))->ordinal, 1);
}

/* ---- rules ------------------------------------------------------------------------------- */

static const struct tb_cmd_rule_put good_rule = {
    .put.code = {"base", 4},
    .kind = TB_RULE_EARN,
    .unit = {"points", 6},
    .condition = CONST("order.net > 0.0 && order.lines.exists(l, within(l.category, \"food\"))"),
    .amount = CONST("order.net - paid_by(\"points\")"),
    .from_ms = 1000,
};

static void test_rule(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t unit = put_unit(c, "points", TB_UNIT_POINTS);
    const struct tb_cmd_rule_put good = good_rule;
#define BAD(change, field) INVALID(tb_catalog_rule_put, tb_cmd_rule_put, good, change, field)
    BAD((in.kind = TB_RULE_KINDS, in.unit = TB_STR_NONE), "kind");
    BAD((in.unit = TB_STR_NONE, in.scheme = S("vip")), "unit");
    BAD((in.scheme = S("vip"), in.amount = TB_STR_NONE), "scheme");
    BAD((in.kind = TB_RULE_TIER), "unit");
    BAD((in.amount = TB_STR_NONE, in.from_ms = -1), "amount");
    BAD((in.from_ms = -1, in.until_ms = -1), "from");
    BAD((in.until_ms = 1000, in.priority = -1), "until");
    BAD((in.priority = -1, in.unit = S("none")), "priority");
#undef BAD
#define NO(change, code, field) \
    REFUSED(tb_catalog_rule_put, tb_cmd_rule_put, good, change, code, field)
    NO((in.unit = S("none"), in.amount = S("1 +")), TB_CODE_UNKNOWN_UNIT, "unit");
    NO((in.kind = TB_RULE_TIER, in.unit = TB_STR_NONE, in.scheme = S("none")),
       TB_CODE_UNKNOWN_SCHEME, "scheme");
    NO((in.condition = S("order.nett > 1.0"), in.amount = S("1 +")), TB_CODE_EXPRESSION,
       "condition");
    assert_int_equal(answer(c, 2), 1);
    assert_int_equal(answer(c, 3), 7);
    NO((in.amount = S("1 +\n  nobody")), TB_CODE_EXPRESSION, "amount");
    assert_int_equal(answer(c, 1), 6);
    assert_int_equal(answer(c, 2), 2);
    assert_int_equal(answer(c, 3), 3);
    NO(in.amount = S("true"), TB_CODE_EXPRESSION, "amount");
    NO(in.condition = S("1"), TB_CODE_EXPRESSION, "condition");
    NO(in.condition = S("balance(\"point\") > 1"), TB_CODE_EXPRESSION, "condition");
    assert_int_equal(answer(c, 1), 9);
    NO(in.condition = S("in_tier(\"gold\")"), TB_CODE_EXPRESSION, "condition");
    NO(in.condition = S("consents(\"sms\")"), TB_CODE_EXPRESSION, "condition");
    NO(in.amount = S("paid_by(\"cheque\")"), TB_CODE_EXPRESSION, "amount");
    NO(in.condition = S("spent(\"1101d\") > 1.0"), TB_CODE_EXPRESSION, "condition");
    assert_int_equal(answer(c, 1), 7);
    NO(in.condition = S("attr.birthday < now"), TB_CODE_EXPRESSION, "condition");
    NO((in.kind = TB_RULE_ENROL, in.condition = S("order.net > 1.0")), TB_CODE_EXPRESSION,
       "condition");
    NO(in.condition = S("order.lines.all(a, order.lines.all(b, order.lines.all(d, true)))"),
       TB_CODE_EXPRESSION, "condition");
    uint32_t id = done(c, tb_catalog_rule_put, &good, true, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_RULE, id);
    const struct tb_rule *r = tb_block_head(b);
    assert_int_equal(r->unit, unit);
    assert_int_equal(r->broken, 0);
    assert_int_equal(r->window_days, 0);
    assert_non_null(tb_rule_program(&c->txn, b, TB_RULE_CONDITION));
    assert_true(tb_rule_in_force(r, 1000));
    assert_false(tb_rule_in_force(r, 999));
    NO((in.kind = TB_RULE_ENROL, in.amount = S("x")), TB_CODE_INVALID, "kind");
#undef NO
    struct tb_cmd_rule_put always = good;
    always.condition = TB_STR_NONE;
    always.amount = S("order.net * 2");
    always.until_ms = 2000;
    (void)done(c, tb_catalog_rule_put, &always, false, true);
    b = tb_read(&c->txn, TB_KIND_RULE, id);
    assert_null(tb_rule_program(&c->txn, b, TB_RULE_CONDITION));
    assert_false(tb_rule_in_force(tb_block_head(b), 2000));
}

static bool net_is_five(void *user, uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                        struct tb_expr_value *out)
{
    (void)user;
    (void)args;
    (void)argc;
    if (slot == TB_SLOT_ORDER)
        *out = tb_expr_of_record(0);
    else if (slot == TB_SLOT_ORDER_NET)
        *out = tb_expr_of_decimal(12973, 2);
    else if (slot == TB_SLOT_ATTR)
        *out = tb_expr_of_record(1);
    else
        return false;
    return true;
}

static void test_rule_runs(void **state)
{
    struct cell *c = with_tenant(state);
    (void)put_unit(c, "points", TB_UNIT_POINTS);
    put_purpose(c, "care");
    put_attribute(c, "birthday", TB_ATTRIBUTE_DATE);
    struct tb_cmd_rule_put in = good_rule;
    in.condition = S("has(attr.birthday) && spent(\"90d\") > 1.0 && orders() > 1");
    in.amount = S("order.net");
    uint32_t id = done(c, tb_catalog_rule_put, &in, true, true);
    const struct tb_rule *r = head_of(c, TB_KIND_RULE, id);
    assert_int_equal(r->window_days, 90);
    assert_int_equal(r->attributes, 1);
    assert_int_equal(((const struct tb_tenant *)head_of(c, TB_KIND_TENANT, c->tenant))->window_days,
                     90);
    /* declared later: the program stays good, at once and after a restart (teardown) */
    put_attribute(c, "pet", TB_ATTRIBUTE_CHOICE);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_RULE, id);
    struct tb_expr_run exec = {.resolve = net_is_five};
    struct tb_expr_value v;
    int64_t units;
    assert_true(tb_expr_eval(tb_rule_program(&c->txn, b, TB_RULE_AMOUNT), &exec, &v));
    assert_true(tb_expr_to_units(&v, TB_ROUND_DOWN, &units));
    assert_int_equal(units, 129);
    assert_true(tb_expr_eval(tb_rule_program(&c->txn, b, TB_RULE_CONDITION), &exec, &v));
    assert_false(v.as.b);
}

/* A damaged or foreign program in the store is made again from its source. */
static void test_rule_refresh(void **state)
{
    struct cell *c = with_tenant(state);
    (void)put_unit(c, "points", TB_UNIT_POINTS);
    uint32_t id = done(c, tb_catalog_rule_put, &good_rule, true, true);
    assert_int_equal(tb_rule_refresh_all(&c->core), 0);
    uint64_t before = digest(c);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_RULE, id);
    uint64_t *words = tb_section(&c->txn, b, TB_RULE_AMOUNT);
    words[3] ^= 1;
    assert_true(before != digest(c));
    assert_int_equal(tb_rule_refresh_all(&c->core), 1);
    assert_true(before == digest(c));
}

/* ---- tiers ------------------------------------------------------------------------------- */

static void test_scheme(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t unit = put_unit(c, "growth", TB_UNIT_QUALIFYING);
    struct tb_tier_input tier[] = {{.code = S("base")},
                                   {.code = S("silver"), .reach = 300, .keep = 200},
                                   {.code = S("gold"), .reach = 1000}};
    const struct tb_cmd_tier_scheme_put good = {.put.code = {"vip", 3},
                                                .window = TB_WINDOW_ROLLING,
                                                .window_months = 12,
                                                .validity_months = 12,
                                                .grace_days = 30,
                                                .unit = {"growth", 6},
                                                .tier = tier,
                                                .tier_n = 3};
#define BAD(change, field) \
    INVALID(tb_catalog_tier_scheme_put, tb_cmd_tier_scheme_put, good, change, field)
    BAD((in.measure = 3, in.window = 4), "measure");
    BAD((in.window = 4, in.window_months = 0), "window");
    BAD((in.window_months = 37, in.validity_months = -1), "window_months");
    BAD((in.window = TB_WINDOW_LIFETIME), "window_months");
    BAD((in.validity_months = 121, in.grace_days = -1), "validity_months");
    BAD((in.grace_days = 367, in.downgrade = 3), "grace_days");
    BAD((in.downgrade = 3, in.on_refund = 2), "downgrade");
    BAD((in.on_refund = 2, in.unit = TB_STR_NONE), "on_refund");
    BAD((in.unit = TB_STR_NONE, in.tier_n = 0), "unit");
    BAD((in.measure = TB_MEASURE_SPEND), "unit");
    BAD((in.tier_n = 0), "tiers");
    REFUSED(tb_catalog_tier_scheme_put, tb_cmd_tier_scheme_put, good, in.tier_n = TB_TIERS_MAX + 1,
            TB_CODE_TOO_MANY, "tiers");
    REFUSED(tb_catalog_tier_scheme_put, tb_cmd_tier_scheme_put, good, in.unit = S("none"),
            TB_CODE_UNKNOWN_UNIT, "unit");
#define BAD_TIER(change, field)                                                        \
    do {                                                                               \
        struct tb_tier_input saved = tier[1];                                          \
        change;                                                                        \
        refused(c, tb_catalog_tier_scheme_put, &good, TB_CODE_INVALID, field);         \
        tier[1] = saved;                                                               \
    } while (0)
    BAD_TIER((tier[1].code = S("base"), tier[1].reach = 0), "tiers/1/code");
    BAD_TIER((tier[1].name = S("\xff"), tier[1].reach = 0), "tiers/1/name");
    BAD_TIER((tier[1].reach = 0, tier[1].keep = 9), "tiers/1/reach");
    BAD_TIER((tier[1].reach = 1000), "tiers/2/reach");
    BAD_TIER((tier[1].keep = 301), "tiers/1/keep");
    uint32_t id = done(c, tb_catalog_tier_scheme_put, &good, true, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_TIER_SCHEME, id);
    const struct tb_tier *tiers = tb_section(&c->txn, b, TB_SCHEME_TIER);
    assert_int_equal(((const struct tb_tier_scheme *)tb_block_head(b))->unit, unit);
    assert_int_equal(tiers[1].keep, 200);
    assert_int_equal(tiers[2].keep, 1000);
    assert_int_equal(((const struct tb_tenant *)head_of(c, TB_KIND_TENANT, c->tenant))->window_days,
                     372);
    BAD_TIER((tier[1].code = S("silber")), "tiers/1/code");
    BAD((in.tier_n = 2), "tiers");
#undef BAD
    struct tb_cmd_tier_scheme_put more = good;
    tier[1].reach = 250;
    (void)done(c, tb_catalog_tier_scheme_put, &more, false, true);
    (void)put_unit(c, "points", TB_UNIT_POINTS);
    struct tb_cmd_rule_put rule = good_rule;
    rule.condition = S("in_tier(\"gold\")");
    (void)done(c, tb_catalog_rule_put, &rule, true, true);
    struct tb_cmd_rule_put promote = {.put.code = S("student"),
                                      .kind = TB_RULE_TIER,
                                      .scheme = S("vip"),
                                      .condition = S("member.enrolled"),
                                      .amount = S("1")};
    (void)done(c, tb_catalog_rule_put, &promote, true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_purpose),
        TEST(test_attribute),
        TEST(test_rule),
        TEST(test_rule_runs),
        TEST(test_rule_refresh),
        TEST(test_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
