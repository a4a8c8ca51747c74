// SPDX-License-Identifier: Apache-2.0
/* Splits, rounding and the calendar against worked values. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/num.h"

static void test_split_adds_up(void **state)
{
    (void)state;
    int64_t part[4];
    assert_true(tb_split(1000, (int64_t[]){1, 1, 1}, 3, part));
    assert_int_equal(part[0], 334);
    assert_int_equal(part[1], 333);
    assert_int_equal(part[2], 333);
    /* 159 points over nets 79.91 / 47.91 / 31.91: largest remainder */
    assert_true(tb_split(159, (int64_t[]){7991, 4791, 3191}, 3, part));
    assert_int_equal(part[0], 79);
    assert_int_equal(part[1], 48);
    assert_int_equal(part[2], 32);
    assert_true(tb_split(-1000, (int64_t[]){1, 1, 1}, 3, part));
    assert_int_equal(part[0] + part[1] + part[2], -1000);
    assert_false(tb_split(5, (int64_t[]){0, 0}, 2, part));
}

static void test_mul_div_rounds_as_named(void **state)
{
    (void)state;
    int64_t v;
    assert_true(tb_mul_div(5, 1, 2, TB_ROUND_DOWN, &v));
    assert_int_equal(v, 2);
    assert_true(tb_mul_div(5, 1, 2, TB_ROUND_HALF_EVEN, &v));
    assert_int_equal(v, 2);
    assert_true(tb_mul_div(7, 1, 2, TB_ROUND_HALF_EVEN, &v));
    assert_int_equal(v, 4);
    assert_true(tb_mul_div(5, 1, 2, TB_ROUND_HALF_UP, &v));
    assert_int_equal(v, 3);
    assert_true(tb_mul_div(-5, 1, 2, TB_ROUND_HALF_UP, &v));
    assert_int_equal(v, -3);
    assert_true(tb_mul_div(-5, 1, 2, TB_ROUND_DOWN, &v));
    assert_int_equal(v, -3);
    assert_false(tb_mul_div(INT64_MAX, 2, 1, TB_ROUND_DOWN, &v));
}

static void test_calendar(void **state)
{
    (void)state;
    for (int32_t d = -25567; d < 84006; d++) {
        struct tb_date date = tb_date_from_days(d);
        assert_true(tb_date_valid(date));
        assert_int_equal(tb_days_from_date(date), d);
    }
    int32_t jan31 = tb_days_from_date((struct tb_date){2026, 1, 31});
    struct tb_date end = tb_date_from_days(tb_days_add_months(jan31, 1));
    assert_int_equal(end.month, 2);
    assert_int_equal(end.day, 28);
    assert_int_equal(tb_weekday(tb_days_from_date((struct tb_date){2026, 11, 22})), 6);
}

static void test_zone_gap_and_fold(void **state)
{
    (void)state;
    /* New York 2026: gap 8 Mar 07:00Z, fold 1 Nov 06:00Z */
    int64_t at[2];
    assert_true(tb_time_parse(TB_STR("2026-03-08T07:00:00Z"), &at[0]));
    assert_true(tb_time_parse(TB_STR("2026-11-01T06:00:00Z"), &at[1]));
    int32_t offset[2] = {-4 * 3600000, -5 * 3600000};
    struct tb_zone ny = {.first_offset_ms = -5 * 3600000, .n = 2, .at_ms = at, .offset_ms = offset};
    int64_t expect;
    assert_true(tb_time_parse(TB_STR("2026-03-09T04:00:00Z"), &expect));
    int32_t mar9 = tb_days_from_date((struct tb_date){2026, 3, 9});
    assert_int_equal(tb_zone_day_start_ms(&ny, mar9), expect);
    assert_true(tb_time_parse(TB_STR("2026-11-02T05:00:00Z"), &expect));
    int32_t nov2 = tb_days_from_date((struct tb_date){2026, 11, 2});
    assert_int_equal(tb_zone_day_start_ms(&ny, nov2), expect);
    int64_t gap = tb_days_from_date((struct tb_date){2026, 3, 8}) * TB_DAY_MS + 150 * TB_MINUTE_MS;
    assert_int_equal(tb_zone_to_utc_ms(&ny, gap), at[0]);
}

static void test_time_text(void **state)
{
    (void)state;
    int64_t t;
    assert_true(tb_time_parse(TB_STR("2026-02-28T16:00:00Z"), &t));
    char region[40];
    struct tb_buf b;
    tb_buf_init(&b, region, sizeof region);
    tb_time_print(&b, t);
    assert_true(tb_str_eq_c(tb_buf_as_str(&b), "2026-02-28T16:00:00Z"));
    assert_true(tb_time_parse(TB_STR("2026-03-01T00:00:00.5+08:00"), &t));
    assert_false(tb_time_parse(TB_STR("2026-02-29T00:00:00Z"), &t));
    assert_false(tb_time_parse(TB_STR("2026-02-28T24:00:00Z"), &t));
    assert_false(tb_time_parse(TB_STR("2026-02-28T00:00:60Z"), &t));
    assert_false(tb_time_parse(TB_STR("2026-02-28T00:00:00"), &t));
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(tb_utf8_valid(TB_STR("通宝 ok \xf0\x9f\x99\x82")));
    assert_false(tb_utf8_valid(TB_STR("\xc0\xaf")));
    assert_false(tb_utf8_valid(TB_STR("\xed\xa0\x80")));
    assert_false(tb_utf8_valid(TB_STR("\xf4\x90\x80\x80")));
    assert_false(tb_utf8_valid(TB_STR("\xe9\x80")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_adds_up),   cmocka_unit_test(test_mul_div_rounds_as_named),
        cmocka_unit_test(test_calendar),        cmocka_unit_test(test_zone_gap_and_fold),
        cmocka_unit_test(test_time_text),       cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
