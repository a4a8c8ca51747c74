// SPDX-License-Identifier: Apache-2.0
/* The worked traps of value, orders and tiers with their exact numbers: proportional returns,
 * retries, lots and refunds, claw-backs, clocks, rolling tiers. Every test ends with the
 * fixture's proof: replay = live, loading = live, the audit finds nothing (trap 25).      */
#include "traps_kit.h"

/* ---- 1-4: shares of an order ------------------------------------------------------------- */

static const struct sale basket = {.key = "x", .n = 3, .net = {7991, 4791, 3191}};

static void trap_01_points_follow_their_lines(void **state)
{
    (void)state;
    static const uint32_t in_order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                            {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const int64_t share[3] = {79, 48, 32};
    static const char *const key[3] = {"r0", "r1", "r2"};
    for (uint32_t i = 0; i < 6; i++) {
        struct fx *f = shop();
        put_rule(f, "base", "points", "order.net", 0, 0);
        sell(f, basket);
        assert_int_equal(points(f), 159);
        int64_t left = 159;
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t line = in_order[i][k];
            assert_int_equal(bring_back(f, "x", key[k], line, 1000), basket.net[line]);
            left -= share[line];
            assert_int_equal(points(f), left);
        }
        assert_int_equal(left, 0);
        fx_free(f);
    }
}

static void trap_02_the_kept_share_stays(void **state)
{
    (void)state;
    struct fx *f = shop();
    sell(f, (struct sale){.key = "six", .n = 1, .net = {YUAN(270)}, .quantity = {6000}});
    assert_int_equal(bring_back(f, "six", "r", 0, 5000), YUAN(225));
    assert_int_equal(bring_back(f, "six", "s", 0, 1000), YUAN(45));
    fx_free(f);
}

static void trap_03_cents_that_do_not_divide(void **state)
{
    (void)state;
    static const int64_t equal[3] = {1, 1, 1};
    int64_t part[3];
    assert_true(tb_split(1000, equal, 3, part));
    assert_int_equal(part[0], 334);
    assert_int_equal(part[1], 333);
    assert_int_equal(part[2], 333);
    struct fx *f = shop();
    put_rule(f, "base", "points", "order.net", 0, 0);
    sell(f, (struct sale){.key = "ten", .n = 1, .net = {17925}, .quantity = {10000}});
    assert_int_equal(points(f), 179);
    int64_t paid_back = 0;
    for (uint32_t i = 0; i < 10; i++) {
        char key[8];
        snprintf(key, sizeof key, "r%u", i);
        int64_t back = bring_back(f, "ten", key, 0, 1000);
        assert_in_range(back, 1792, 1793);
        paid_back += back;
    }
    assert_int_equal(paid_back, 17925);
    assert_int_equal(points(f), 0);
    fx_free(f);
}

static void trap_04_survivors_get_nothing_more(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "base", "points", "order.net", 0, 0);
    sell(f, (struct sale){.key = "abc", .n = 3, .net = {YUAN(90), YUAN(90), YUAN(90)}});
    assert_int_equal(bring_back(f, "abc", "c", 2, 1000), YUAN(90));
    assert_int_equal(points(f), 180);
    struct tb_cmd_order_cancel rest = {S("abc"), 1};
    fx_done(f, TB_OP_ORDER_CANCEL, &rest);
    assert_int_equal(signed_field(f, 8), YUAN(180));
    assert_int_equal(points(f), 0);
    fx_free(f);
}

/* ---- 6: retries ------------------------------------------------------------------------------ */

static void trap_06_the_same_fact_once(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "base", "points", "order.net", 0, 0);
    struct sale first = basket;
    first.receipt = "S1/1/77";
    sell(f, first);
    uint64_t order = fx_uint(f, 1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        sell(f, first);
        assert_int_equal(fx_uint(f, 1, 0), order);
        assert_int_equal(fx_uint(f, 3, 0), 1);
        assert_int_equal(f->event_n, 0);
    }
    struct sale other = first;
    other.hash = 2;
    other.net[0]++;
    sell_refused(f, other, TB_CODE_ORDER_EXISTS, "order");
    struct sale offline = first;
    offline.key = "from-the-till";
    offline.hash = 3;
    sell(f, offline);
    assert_int_equal(fx_uint(f, 1, 0), order);
    offline.net[0]++;
    sell_refused(f, offline, TB_CODE_ORDER_EXISTS, "receipt");
    assert_int_equal(points(f), 159);
    assert_int_equal(bring_back(f, "x", "back", 2, 1000), 3191);
    assert_int_equal(bring_back(f, "x", "back", 2, 1000), 3191);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(points(f), 127);
    struct tb_return_line_input l = {.line = 1, .quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return changed = {.order = S("x"), .key = S("back"), .line = &l, .line_n = 1,
                                    .input_hash = 99};
    fx_refused(f, TB_OP_RETURN, &changed, TB_CODE_ORDER_EXISTS, "return");
    fx_free(f);
}

/* ---- 9, 10: lots ------------------------------------------------------------------------------- */

static void unit_until(struct fx *f, int64_t month_day, int64_t grace_days)
{
    struct tb_cmd_unit_put put = points_unit();
    put.expiry = TB_EXPIRY_CALENDAR_DATE;
    put.expiry_n = month_day;
    put.restore_grace_days = grace_days;
    put_unit(f, put);
}

/* L1 100 until 31 March, L2 200 until 30 June; 150 spent on 15 March. */
static struct fx *two_lots(int64_t grace_days, uint64_t *spent)
{
    struct fx *f = shop();
    f->now_ms = at(2027, 1, 10, 9);
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    (void)fx_contact(f, &id, 1, f->now_ms);
    unit_until(f, 331, grace_days);
    (void)adjust(f, 100);
    unit_until(f, 630, grace_days);
    (void)adjust(f, 200);
    f->now_ms = at(2027, 3, 15, 12);
    *spent = spend(f, 150);
    assert_int_equal(lot_until(f, at(2027, 4, 1, 0)), 0);
    assert_int_equal(lot_until(f, at(2027, 7, 1, 0)), 150);
    return f;
}

static int64_t expired(struct fx *f)
{
    struct tb_block *b =
        tb_store_get(&f->core.store, TB_KIND_UNIT_BOOK, fx_code(f, TB_KIND_UNIT, "points"));
    const struct tb_unit_book *book = tb_block_head(b);
    return book->account[TB_ACCOUNT_EXPIRED].credits - book->account[TB_ACCOUNT_EXPIRED].debits;
}

static void trap_09_refund_to_the_lots(void **state)
{
    (void)state;
    uint64_t spent;
    struct fx *f = two_lots(0, &spent);
    f->now_ms = at(2027, 4, 10, 12);
    refund(f, spent, 0);
    assert_int_equal(points(f), 200);
    assert_int_equal(expired(f), 100);
    assert_int_equal(lot_until(f, at(2027, 7, 1, 0)), 200);
    struct tb_cmd_reverse again = {spent, 0, S("again")};
    fx_refused(f, TB_OP_REVERSE, &again, TB_CODE_ALREADY_REVERSED, "transfer");
    fx_free(f);

    f = two_lots(30, &spent);
    f->now_ms = at(2027, 4, 10, 12);
    refund(f, spent, 0);
    assert_int_equal(points(f), 300);
    assert_int_equal(lot_until(f, at(2027, 5, 10, 12)), 100);
    f->now_ms = at(2027, 5, 10, 12);
    assert_int_equal(points(f), 200);
    fx_free(f);

    f = two_lots(0, &spent);
    refund(f, spent, 60); /* last in, first back */
    assert_int_equal(lot_until(f, at(2027, 4, 1, 0)), 10);
    assert_int_equal(lot_until(f, at(2027, 7, 1, 0)), 200);
    struct tb_cmd_reverse more = {spent, 91, S("too much")};
    fx_refused(f, TB_OP_REVERSE, &more, TB_CODE_HOLD_EXCEEDED, "amount");
    refund(f, spent, 90);
    assert_int_equal(lot_until(f, at(2027, 4, 1, 0)), 100);
    assert_int_equal(lot_until(f, at(2027, 7, 1, 0)), 200);
    assert_int_equal(points(f), 300);
    fx_free(f);
}

/* Earns 160, spends 150, brings everything back; the shortfall. */
static struct fx *clawed(enum tb_negative_policy policy, int64_t *shortfall)
{
    struct fx *f = fx_new();
    struct tb_cmd_unit_put put = points_unit();
    put.negative = policy;
    put.expiry = TB_EXPIRY_ROLLING_DAYS;
    put.expiry_n = 10;
    put_unit(f, put);
    put_rule(f, "base", "points", "order.net", 0, 0);
    sell(f, (struct sale){.key = "k", .n = 1, .net = {YUAN(160)}});
    (void)spend(f, 150);
    assert_int_equal(points(f), 10);
    (void)bring_back(f, "k", "r", 0, 1000);
    struct tb_str entry = fx_bytes(f, 4, 0);
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    *shortfall = 0;
    while (tb_wire_next(&entry, &field, &v, &s, &bad))
        if (field == 4)
            *shortfall = (int64_t)v;
    return f;
}

static void trap_10_below_zero(void **state)
{
    (void)state;
    int64_t shortfall;
    struct fx *f = clawed(TB_NEGATIVE_ONLY_PENDING, &shortfall);
    assert_int_equal(shortfall, 160);
    assert_int_equal(points(f), 10);
    fx_free(f);
    f = clawed(TB_NEGATIVE_WITHIN_BALANCE, &shortfall);
    assert_int_equal(shortfall, 150);
    assert_int_equal(points(f), 0);
    fx_free(f);
    f = clawed(TB_NEGATIVE_UNLIMITED, &shortfall);
    assert_int_equal(shortfall, 0);
    assert_int_equal(points(f), -150);
    sell(f, (struct sale){.key = "next", .n = 1, .net = {YUAN(200)}});
    assert_int_equal(points(f), 50);
    int64_t end = f->now_ms + 10 * TB_DAY_MS;
    assert_int_equal(lot_until(f, end), 50);
    f->now_ms = end;
    fire(f);
    assert_int_equal(points(f), 0);
    assert_int_equal(expired(f), 50);
    fx_free(f);
}

/* ---- 11: clocks ---------------------------------------------------------------------------------- */

static int64_t utc(int32_t y, int32_t m, int32_t d, int32_t hour)
{
    return at(y, m, d, hour + 8);
}

static void trap_11_ends_of_days(void **state)
{
    (void)state;
    static const struct tb_zone china = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};
    struct tb_unit month = {.expiry = TB_EXPIRY_ROLLING_MONTHS, .expiry_n = 1,
                            .rounding = TB_ROUNDING_DAY};
    assert_int_equal(tb_unit_expiry_ms(&month, &china, at(2026, 1, 31, 10)), utc(2026, 2, 28, 16));
    assert_int_equal(tb_unit_expiry_ms(&month, &china, at(2028, 1, 31, 10)), at(2028, 3, 1, 0));
    int64_t change[2] = {utc(2026, 3, 8, 7), utc(2026, 11, 1, 6)};
    int32_t offset[2] = {-14400000, -18000000};
    struct tb_zone york = {.name = "America/New_York", .first_offset_ms = -18000000, .n = 2,
                           .at_ms = change, .offset_ms = offset};
    struct tb_unit day = {.expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 1,
                          .rounding = TB_ROUNDING_DAY};
    assert_int_equal(tb_unit_expiry_ms(&day, &york, utc(2026, 3, 7, 17)), utc(2026, 3, 9, 4));
    assert_int_equal(tb_unit_expiry_ms(&day, &york, utc(2026, 10, 31, 17)), utc(2026, 11, 2, 5));
    static const struct {
        enum tb_expiry_rounding rounding;
        int32_t y, m, d;
    } end[] = {{TB_ROUNDING_ISO_WEEK, 2027, 1, 4},  {TB_ROUNDING_MONTH, 2027, 1, 1},
               {TB_ROUNDING_QUARTER, 2027, 1, 1},   {TB_ROUNDING_HALF_YEAR, 2027, 1, 1},
               {TB_ROUNDING_YEAR, 2027, 1, 1}};
    for (uint32_t i = 0; i < TB_COUNT_OF(end); i++) {
        day.rounding = (uint8_t)end[i].rounding;
        assert_int_equal(tb_unit_expiry_ms(&day, &china, at(2026, 12, 30, 9)),
                         at(end[i].y, end[i].m, end[i].d, 0));
    }
}

static void trap_11_gone_at_the_instant(void **state)
{
    (void)state;
    struct fx *f = shop();
    f->now_ms = at(2027, 3, 20, 9);
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    (void)fx_contact(f, &id, 1, f->now_ms);
    unit_until(f, 331, 0);
    (void)adjust(f, 100);
    f->now_ms = at(2027, 4, 1, 0) - 1;
    (void)spend(f, 40);
    f->now_ms = at(2027, 4, 1, 0); /* no sweep has run */
    assert_int_equal(points(f), 0);
    struct tb_cmd_hold hold = {anna(f), S("points"), 1, TB_MINUTE_MS};
    fx_refused(f, TB_OP_HOLD, &hold, TB_CODE_INSUFFICIENT, "amount");
    fx_free(f);
}

static void a_release_comes_at_the_end_of_its_day(void **state)
{
    (void)state;
    struct tb_unit unit = {.release = TB_RELEASE_AFTER_DAYS, .release_n = 3};
    static const struct tb_zone china = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};
    assert_int_equal(tb_unit_release_ms(&unit, &china, at(2026, 5, 1, 10)), at(2026, 5, 5, 0));
}

/* ---- 12: a rolling tier ---------------------------------------------------------------------------- */

static void put_scheme(struct fx *f, enum tb_tier_on_refund on_refund)
{
    struct tb_tier_input tier[3] = {{.code = S("base")}, {.code = S("silver"), .reach = 300},
                                    {.code = S("gold"), .reach = 1000}};
    struct tb_cmd_tier_scheme_put put = {.put.code = S("club"),
                                         .measure = TB_MEASURE_QUALIFYING,
                                         .window = TB_WINDOW_ROLLING,
                                         .window_months = 12,
                                         .validity_months = 12,
                                         .grace_days = 30,
                                         .downgrade = TB_DOWNGRADE_ONE_DOWN,
                                         .on_refund = on_refund,
                                         .unit = S("growth"),
                                         .tier = tier,
                                         .tier_n = 3};
    fx_done(f, TB_OP_TIER_SCHEME_PUT, &put);
}

static uint32_t tier(struct fx *f)
{
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    f->txn.tenant = f->tenant;
    struct tb_block *b = fx_person(f, tb_identity_find(&f->txn, &id));
    uint32_t scheme, out = 0;
    assert_true(tb_membership_tier(&f->txn, b, &scheme, &out));
    return out;
}

static void buy(struct fx *f, const char *key, int64_t yuan)
{
    sell(f, (struct sale){.key = key, .n = 1, .net = {YUAN(yuan)}, .quantity = {1000 * yuan}});
}

static struct fx *gold(enum tb_tier_on_refund on_refund)
{
    struct fx *f = shop();
    struct tb_cmd_unit_put growth = {.put.code = S("growth"), .kind = TB_UNIT_QUALIFYING};
    put_unit(f, growth);
    put_rule(f, "growth", "growth", "order.net", 0, 0);
    put_rule(f, "base", "points", "order.net", 0, 0);
    put_scheme(f, on_refund);
    f->now_ms = at(2026, 1, 10, 15);
    buy(f, "a", 600);
    assert_int_equal(tier(f), 1);
    f->now_ms = at(2026, 3, 5, 15);
    buy(f, "b", 450);
    assert_int_equal(tier(f), 2);
    f->now_ms = at(2026, 3, 19, 15);
    (void)spend(f, 900); /* changes no measure */
    f->now_ms = at(2026, 3, 20, 15);
    assert_int_equal(bring_back(f, "b", "r", 0, 100000), YUAN(100));
    return f;
}

static void trap_12_rolling_tier(void **state)
{
    (void)state;
    struct fx *f = gold(TB_REFUND_REEVALUATED);
    assert_int_equal(tier(f), 1);
    fx_free(f);
    for (uint32_t saved = 0; saved < 2; saved++) {
        f = gold(TB_REFUND_STICKY);
        assert_int_equal(tier(f), 2);
        f->now_ms = at(2027, 3, 5, 0) - 1;
        fire(f);
        assert_int_equal(tier(f), 2);
        f->now_ms = at(2027, 3, 5, 0); /* 350 in the window: silver, but not yet */
        fire(f);
        assert_int_equal(tier(f), 2);
        f->now_ms = at(2027, 3, 20, 15);
        buy(f, "c", saved ? 1000 : 700);
        f->now_ms = at(2027, 4, 4, 0) - 1;
        fire(f);
        assert_int_equal(tier(f), 2);
        f->now_ms = at(2027, 4, 4, 0);
        fire(f);
        assert_int_equal(tier(f), saved ? 2 : 1);
        fx_free(f);
    }
}

/* ---- 16, 21 ------------------------------------------------------------------------------------------ */

static void trap_16_rules_of_the_day_of_the_sale(void **state)
{
    (void)state;
    struct fx *f = shop();
    f->now_ms = at(2027, 2, 10, 12);
    put_rule(f, "january", "points", "order.net * 2", at(2027, 1, 1, 0), at(2027, 2, 1, 0));
    struct tb_return_line_input l = {.quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return early = {.order = S("late"), .key = S("r"), .line = &l, .line_n = 1};
    fx_refused(f, TB_OP_RETURN, &early, TB_CODE_UNKNOWN_ORDER, "order");
    sell(f, (struct sale){.key = "late", .n = 1, .net = {YUAN(50)},
                          .occurred_ms = at(2027, 2, 1, 0) - 1});
    assert_int_equal(points(f), 100);
    sell(f, (struct sale){.key = "after", .n = 1, .net = {YUAN(50)},
                          .occurred_ms = at(2027, 2, 1, 0)});
    assert_int_equal(points(f), 100);
    int32_t today = tb_days_from_date((struct tb_date){2027, 2, 10});
    struct tb_cmd_trial_balance in = {S("points"), today - 20, today};
    fx_done(f, TB_OP_TRIAL_BALANCE, &in);
    struct tb_str day = fx_bytes(f, 2, 0); /* booked when it came */
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&day, &field, &v, &s, &bad)) {
        if (field == 1)
            assert_int_equal(v >> 1, today);
        if (field == 3)
            assert_int_equal(v >> 1, 100);
    }
    fx_done(f, TB_OP_RETURN, &early);
    assert_int_equal(points(f), 0);
    fx_free(f);
}

static void trap_21_a_multiplier_drops_fractions_once(void **state)
{
    (void)state;
    struct fx *f = shop();
    put_rule(f, "half", "points", "order.net * 1.5", 0, 0);
    sell(f, (struct sale){.key = "four", .n = 1, .net = {YUAN(4)}});
    assert_int_equal(points(f), 6);
    sell(f, (struct sale){.key = "three", .n = 2, .net = {YUAN(1), YUAN(2)}});
    assert_int_equal(points(f), 10);
    (void)bring_back(f, "three", "r0", 0, 1000);
    (void)bring_back(f, "three", "r1", 1, 1000);
    assert_int_equal(points(f), 6);
    fx_free(f);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(trap_01_points_follow_their_lines),
        T(trap_02_the_kept_share_stays),
        T(trap_03_cents_that_do_not_divide),
        T(trap_04_survivors_get_nothing_more),
        T(trap_06_the_same_fact_once),
        T(trap_09_refund_to_the_lots),
        T(trap_10_below_zero),
        T(trap_11_ends_of_days),
        T(trap_11_gone_at_the_instant),
        T(a_release_comes_at_the_end_of_its_day),
        T(trap_12_rolling_tier),
        T(trap_16_rules_of_the_day_of_the_sale),
        T(trap_21_a_multiplier_drops_fractions_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
