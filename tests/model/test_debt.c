// SPDX-License-Identifier: Apache-2.0
/* Which lots a debt takes, and when: worked cases with their exact numbers.
 *
 * A join puts one profile's debt beside another's lots and moves nothing; the next thing that
 * comes in pays. At one instant holds lapse, then lots expire, then units are released
 * (ledger.h). The random histories of run_model found both cases at the ends of months,
 * where a release and an expiry meet. Every test ends with the fixture's proof.           */
#include "../unit/core_fixture.h"

#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "core/order/order.h"

#define LOT_DAY 20723 /* 2026-09-27: the 2026-09-04 of FX_NOW and 23 days */

/* That midnight in Shanghai. */
static int64_t midnight(int32_t day)
{
    return day * TB_DAY_MS - 8 * TB_HOUR_MS;
}

/* Lots end with the day `end`; what an order earns waits `wait` days, 0 = not at all. */
static void put_unit(struct fx *f, int64_t end, int64_t wait)
{
    struct tb_cmd_unit_put put = {.put.code = S("points"),
                                  .negative = TB_NEGATIVE_UNLIMITED,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS,
                                  .expiry_n = end - f->now_ms / TB_DAY_MS - 1,
                                  .rounding = TB_ROUNDING_DAY,
                                  .release = wait ? TB_RELEASE_AFTER_DAYS : TB_RELEASE_AT_ONCE,
                                  .release_n = wait};
    fx_done(f, TB_OP_UNIT_PUT, &put);
}

static struct fx *shop(void)
{
    struct fx *f = fx_new();
    put_unit(f, LOT_DAY, 0);
    struct tb_cmd_rule_put rule = {.put.code = S("base"), .kind = TB_RULE_EARN,
                                   .unit = S("points"), .amount = S("order.net")};
    fx_done(f, TB_OP_RULE_PUT, &rule);
    return f;
}

static void adjust_in(struct fx *f, const char *unit, const char *ns, int64_t amount)
{
    struct tb_who who = {.identifier = fx_id(f, ns, "anna", true)};
    struct tb_cmd_adjust in = {who, tb_str_of(unit), amount, S("by hand")};
    fx_done(f, TB_OP_ADJUST, &in);
}

static void adjust(struct fx *f, const char *ns, int64_t amount)
{
    adjust_in(f, "points", ns, amount);
}

static void sell(struct fx *f, const char *ns, int64_t points)
{
    struct tb_identifier id = fx_id(f, ns, "anna", true);
    struct tb_order_line_input line = {.sku = S("thing"), .quantity = 1000, .net = points * 100};
    struct tb_cmd_order in = {.key = S("o"), .identifier = &id, .identifier_n = 1,
                              .occurred_ms = f->now_ms, .line = &line, .line_n = 1, .input_hash = 1};
    fx_done(f, TB_OP_ORDER, &in);
}

/* Two persons, the second with her debt, become one. */
static void join(struct fx *f)
{
    struct tb_identifier both[2] = {fx_id(f, "unionid", "anna", true), fx_id(f, "card", "anna", true)};
    (void)fx_contact(f, both, 2, f->now_ms);
}

static uint32_t person_no(struct fx *f, const char *ns)
{
    struct tb_identifier id = fx_id(f, ns, "anna", true);
    f->txn.tenant = f->tenant;
    return fx_person_no(f, tb_identity_find(&f->txn, &id));
}

static struct tb_balance balance(struct fx *f, const char *ns)
{
    f->txn.tenant = f->tenant;
    return tb_ledger_balance(&f->txn, tb_store_get(&f->core.store, TB_KIND_PERSON, person_no(f, ns)),
                             fx_code(f, TB_KIND_UNIT, "points"), f->now_ms);
}

static void fire(struct fx *f)
{
    struct tb_cmd_fire in = {TB_KIND_PERSON, person_no(f, "unionid")};
    fx_done(f, TB_OP_FIRE, &in);
}

static int64_t expired(struct fx *f)
{
    struct tb_block *b =
        tb_store_get(&f->core.store, TB_KIND_UNIT_BOOK, fx_code(f, TB_KIND_UNIT, "points"));
    const struct tb_unit_book *book = tb_block_head(b);
    return book->account[TB_ACCOUNT_EXPIRED].credits - book->account[TB_ACCOUNT_EXPIRED].debits;
}

/* A lot of 100 that ends with LOT_DAY and a debt of 46 beside it, in either order of age. */
static struct fx *side_by_side(bool debt_first)
{
    struct fx *f = shop();
    for (int i = 0; i < 2; i++) {
        const char *ns = (i == 0) == debt_first ? "card" : "unionid";
        struct tb_identifier id = fx_id(f, ns, "anna", true);
        (void)fx_contact(f, &id, 1, f->now_ms);
        adjust(f, ns, ns[0] == 'c' ? -46 : 100);
    }
    assert_int_not_equal(person_no(f, "card"), person_no(f, "unionid"));
    join(f);
    assert_int_equal(person_no(f, "card"), person_no(f, "unionid"));
    assert_int_equal(balance(f, "card").available, 54);
    assert_int_equal(balance(f, "card").expires_next, 100); /* joining paid nothing */
    return f;
}

/* 300 that are released at the midnight that begins `day`, and live 10 days. */
static void earn_for(struct fx *f, int32_t day)
{
    f->now_ms = midnight(day) - 5 * TB_DAY_MS;
    put_unit(f, f->now_ms / TB_DAY_MS + 11, 4);
    sell(f, "unionid", 300);
    assert_int_equal(balance(f, "card").pending, 300);
    assert_int_equal(balance(f, "card").available, 54);
}

static void a_lot_that_ends_as_a_release_comes_pays_nothing(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct fx *f = side_by_side(order);
        earn_for(f, LOT_DAY);
        f->now_ms = midnight(LOT_DAY) - 1;
        fire(f);
        assert_int_equal(balance(f, "card").available, 54);
        f->now_ms = midnight(LOT_DAY);
        assert_int_equal(balance(f, "card").available, 254); /* read before the sweep, and after */
        fire(f);
        assert_int_equal(balance(f, "card").available, 254);
        assert_int_equal(balance(f, "card").expires_next, 254);
        assert_int_equal(expired(f), 100);
        fx_free(f);
    }
}

/* One day before its end the lot still pays, before the longer-lived ones. */
static void a_release_before_that_is_paid_for_by_the_lot(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct fx *f = side_by_side(order);
        earn_for(f, LOT_DAY - 1);
        f->now_ms = midnight(LOT_DAY - 1);
        fire(f);
        assert_int_equal(balance(f, "card").available, 354);
        assert_int_equal(balance(f, "card").expires_next, 54);
        f->now_ms = midnight(LOT_DAY);
        fire(f);
        assert_int_equal(balance(f, "card").available, 300);
        assert_int_equal(expired(f), 54);
        fx_free(f);
    }
}

/* What comes in by a command at that instant does as a release does. */
static void an_earning_at_that_instant_does_the_same(void **state)
{
    (void)state;
    struct fx *f = side_by_side(false);
    f->now_ms = midnight(LOT_DAY);
    put_unit(f, LOT_DAY + 10, 0);
    sell(f, "unionid", 300); /* no sweep has run */
    assert_int_equal(balance(f, "card").available, 254);
    assert_int_equal(balance(f, "card").expires_next, 254);
    assert_int_equal(expired(f), 100);
    fx_free(f);
}

/* What a hold gives back at that instant is gone with its lot, whoever is owed. */
static void a_hold_that_lapses_then_saves_nothing(void **state)
{
    (void)state;
    struct fx *f = side_by_side(true);
    earn_for(f, LOT_DAY);
    f->now_ms = midnight(LOT_DAY) - TB_HOUR_MS;
    struct tb_who anna = {.identifier = fx_id(f, "unionid", "anna", true)};
    struct tb_cmd_hold hold = {anna, S("points"), 30, TB_HOUR_MS};
    fx_done(f, TB_OP_HOLD, &hold);
    assert_int_equal(balance(f, "card").available, 24);
    f->now_ms = midnight(LOT_DAY);
    assert_int_equal(balance(f, "card").available, 254);
    fire(f);
    assert_int_equal(balance(f, "card").available, 254);
    assert_int_equal(balance(f, "card").held, 0);
    assert_int_equal(expired(f), 100);
    fx_free(f);
}

/* A late sweep changes nothing: what ended before the join had ended when they became one, and
 * what came in before it paid no debt of a stranger.                                         */
static void a_join_comes_after_what_was_due_before_it(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct fx *f = shop();
        const char *const ns[2] = {"card", "unionid"};
        for (int i = 0; i < 2; i++) {
            struct tb_identifier id = fx_id(f, ns[i], "anna", true);
            (void)fx_contact(f, &id, 1, f->now_ms);
            adjust(f, ns[i], i ? 100 : -46);
        }
        f->now_ms = midnight(LOT_DAY - 1) - 5 * TB_DAY_MS;
        put_unit(f, f->now_ms / TB_DAY_MS + 11, 4);
        sell(f, "unionid", 300);
        f->now_ms = midnight(LOT_DAY - 1);
        if (!late)
            fire(f);
        f->now_ms = midnight(LOT_DAY) + TB_HOUR_MS;
        if (!late)
            fire(f);
        join(f);
        assert_int_equal(expired(f), 100); /* paying the debt would have left 54 to expire */
        assert_int_equal(balance(f, "card").available, 254);
        assert_int_equal(balance(f, "card").expires_next, 300);
        fx_free(f);
    }
}

static int64_t measure(struct fx *f, const char *ns)
{
    uint32_t person = person_no(f, ns);
    return tb_membership_measure(&f->txn, tb_store_get(&f->core.store, TB_KIND_PERSON, person),
                                 fx_code(f, TB_KIND_TIER_SCHEME, "club"), (int32_t)(f->now_ms / TB_DAY_MS) + 2);
}

/* Qualifying units: a lot that paid the other profile's debt takes no merit along. */
static void merit_stays_where_it_was_earned(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_cmd_unit_put growth = {
        .put.code = S("growth"), .kind = TB_UNIT_QUALIFYING, .negative = TB_NEGATIVE_UNLIMITED};
    fx_done(f, TB_OP_UNIT_PUT, &growth);
    struct tb_tier_input tier[2] = {{.code = S("base")}, {.code = S("silver"), .reach = 1000}};
    struct tb_cmd_tier_scheme_put put = {.put.code = S("club"), .measure = TB_MEASURE_QUALIFYING,
                                         .window = TB_WINDOW_LIFETIME, .unit = S("growth"),
                                         .tier = tier, .tier_n = 2};
    fx_done(f, TB_OP_TIER_SCHEME_PUT, &put);
    uint64_t profile[2];
    for (int i = 0; i < 2; i++) {
        struct tb_identifier id = fx_id(f, i ? "unionid" : "card", "anna", true);
        profile[i] = fx_contact(f, &id, 1, f->now_ms);
        adjust_in(f, "growth", i ? "unionid" : "card", i ? 100 : -46);
    }
    join(f);
    adjust_in(f, "growth", "unionid", 10); /* the lot of 100 pays the 46 */
    assert_int_equal(measure(f, "card"), 64);
    struct tb_cmd_unmerge part = {{.identifier = fx_id(f, "card", "anna", true)}, &profile[1], 1, S("not she")};
    fx_done(f, TB_OP_UNMERGE, &part);
    assert_int_equal(measure(f, "card"), -46);
    assert_int_equal(measure(f, "unionid"), 110);
    fx_free(f);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_lot_that_ends_as_a_release_comes_pays_nothing),
        T(a_release_before_that_is_paid_for_by_the_lot),
        T(an_earning_at_that_instant_does_the_same),
        T(a_hold_that_lapses_then_saves_nothing),
        T(a_join_comes_after_what_was_due_before_it),
        T(merit_stays_where_it_was_earned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
