// SPDX-License-Identifier: Apache-2.0
/* Zones against known changes: each row is an instant just before or at a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "border/zone.h"

static const struct tb_zone *zone(const char *name)
{
    const struct tb_zone *z = NULL;
    struct tb_fault fault = {0};
    enum tb_zone_answer answer = tb_zone_load(tb_str_of(name), &z, &fault);
    if (answer != TB_ZONE_DONE)
        print_error("%s: %d %s\n", name, answer, fault.text);
    assert_int_equal(answer, TB_ZONE_DONE);
    assert_string_equal(z->name, name);
    return z;
}

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(tb_time_parse(tb_str_of(text), &ms));
    return ms;
}

static int32_t day(const char *text)
{
    int32_t days;
    assert_true(tb_date_parse(tb_str_of(text), &days));
    return days;
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *utc;
        int32_t minutes;
    } row[] = {
        {"UTC", "2026-07-01T00:00:00Z", 0},
        {"Asia/Shanghai", "2026-07-01T00:00:00Z", 480},
        /* summer time 1986-91: 4 May 1986 02:00 to 14 September 1986 02:00 */
        {"Asia/Shanghai", "1986-05-03T17:59:59Z", 480},
        {"Asia/Shanghai", "1986-05-03T18:00:00Z", 540},
        {"Asia/Shanghai", "1986-09-13T16:59:59Z", 540},
        {"Asia/Shanghai", "1986-09-13T17:00:00Z", 480},
        {"Asia/Shanghai", "1991-07-01T00:00:00Z", 540},
        {"Asia/Shanghai", "1992-07-01T00:00:00Z", 480},
        {"America/New_York", "2026-03-08T06:59:59Z", -300},
        {"America/New_York", "2026-03-08T07:00:00Z", -240},
        {"America/New_York", "2026-11-01T05:59:59Z", -240},
        {"America/New_York", "2026-11-01T06:00:00Z", -300},
        {"America/New_York", "2199-07-01T12:00:00Z", -240},
        {"America/New_York", "2199-12-31T12:00:00Z", -300},
        /* half an hour of summer time */
        {"Australia/Lord_Howe", "2026-01-15T00:00:00Z", 660},
        {"Australia/Lord_Howe", "2026-07-15T00:00:00Z", 630},
        {"Asia/Kathmandu", "2026-07-01T00:00:00Z", 345},
        {"Asia/Kathmandu", "1985-12-31T00:00:00Z", 330},
        /* the 30th of December 2011 did not happen in Samoa */
        {"Pacific/Apia", "2011-12-30T09:59:59Z", -600},
        {"Pacific/Apia", "2011-12-30T10:00:00Z", 840},
        /* an hour less during Ramadan 2024: 10 March to 14 April */
        {"Africa/Casablanca", "2024-02-15T00:00:00Z", 60},
        {"Africa/Casablanca", "2024-03-20T00:00:00Z", 0},
        {"Africa/Casablanca", "2024-05-01T00:00:00Z", 60},
        {"America/Sao_Paulo", "2018-11-04T02:59:59Z", -180},
        {"America/Sao_Paulo", "2018-11-04T03:00:00Z", -120},
        {"America/Sao_Paulo", "2026-12-01T00:00:00Z", -180},
        {"Europe/Dublin", "2026-01-15T00:00:00Z", 0},
        {"Europe/Dublin", "2026-07-15T00:00:00Z", 60},
    };
    for (size_t i = 0; i < TB_COUNT_OF(row); i++) {
        int64_t got = tb_zone_offset_ms(zone(row[i].zone), at(row[i].utc));
        if (got != row[i].minutes * TB_MINUTE_MS)
            print_error("%s at %s: %d minutes\n", row[i].zone, row[i].utc, (int)(got / TB_MINUTE_MS));
        assert_int_equal(got, row[i].minutes * TB_MINUTE_MS);
    }
}

static void test_day_starts(void **state)
{
    (void)state;
    /* Midnight falls into the gap: the day starts at 01:00 local. */
    const struct tb_zone *sao = zone("America/Sao_Paulo");
    assert_int_equal(tb_zone_day_start_ms(sao, day("2018-11-04")), at("2018-11-04T03:00:00Z"));
    assert_int_equal(tb_zone_day_of(sao, at("2018-11-04T03:00:00Z")), day("2018-11-04"));
    assert_int_equal(tb_zone_day_of(sao, at("2018-11-04T02:59:59Z")), day("2018-11-03"));
    /* A day of 25 hours and one of 23. */
    const struct tb_zone *ny = zone("America/New_York");
    assert_int_equal(tb_zone_day_start_ms(ny, day("2026-11-02")) - tb_zone_day_start_ms(ny, day("2026-11-01")),
                     25 * TB_HOUR_MS);
    assert_int_equal(tb_zone_day_start_ms(ny, day("2026-03-09")) - tb_zone_day_start_ms(ny, day("2026-03-08")),
                     23 * TB_HOUR_MS);
    /* The missing day has no length. */
    const struct tb_zone *apia = zone("Pacific/Apia");
    assert_int_equal(tb_zone_day_start_ms(apia, day("2011-12-30")), at("2011-12-30T10:00:00Z"));
    assert_int_equal(tb_zone_day_start_ms(apia, day("2011-12-31")), at("2011-12-30T10:00:00Z"));
    assert_int_equal(tb_zone_day_of(apia, at("2011-12-30T10:00:00Z")), day("2011-12-31"));
}

static void test_shape(void **state)
{
    (void)state;
    static const char *const names[] = {"Asia/Shanghai",     "America/New_York", "Australia/Lord_Howe",
                                        "Africa/Casablanca", "Europe/London",    "America/Argentina/ComodRivadavia"};
    for (size_t i = 0; i < TB_COUNT_OF(names); i++) {
        const struct tb_zone *z = zone(names[i]);
        assert_ptr_equal(z, zone(names[i])); /* loaded once */
        int64_t last = z->first_offset_ms;
        for (uint32_t k = 0; k < z->n; k++) {
            assert_true(k == 0 || z->at_ms[k] > z->at_ms[k - 1]);
            assert_true(z->at_ms[k] >= TB_MS_MIN && z->at_ms[k] <= TB_MS_MAX);
            assert_int_not_equal(z->offset_ms[k], last);
            last = z->offset_ms[k];
        }
    }
    assert_true(zone("America/New_York")->n > 400);
}

static void test_refused_names(void **state)
{
    (void)state;
    static const char *const names[] = {"",          "Mars/Olympus", "GMT+8",         "asia/shanghai",
                                        "../passwd", "Asia/Shanghai ", "Asia\nShanghai", "UTC+08:00",
                                        "a name that is longer than any of the data base"};
    for (size_t i = 0; i < TB_COUNT_OF(names); i++) {
        const struct tb_zone *z = NULL;
        struct tb_fault fault;
        if (tb_zone_load(tb_str_of(names[i]), &z, &fault) != TB_ZONE_UNKNOWN)
            print_error("accepted: %s\n", names[i]);
        assert_int_equal(tb_zone_load(tb_str_of(names[i]), &z, &fault), TB_ZONE_UNKNOWN);
        assert_null(z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_day_starts),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_refused_names),
    };
    printf("zone edition %s\n", tb_zone_edition());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
