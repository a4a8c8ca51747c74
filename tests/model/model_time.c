// SPDX-License-Identifier: Apache-2.0
/* The model's own calendar: counts days by walking, knows three zones by their rules. */
#include "core/catalog/objects.h"
#include "model.h"

static bool leap(int32_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

int32_t mt_month_days(int32_t y, int32_t m)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && leap(y) ? 29 : days[m - 1];
}

void mt_split(int32_t day, int32_t *y, int32_t *m, int32_t *d)
{
    *y = 2024;
    day -= FIRST_DAY;
    while (day < 0)
        day += leap(--*y) ? 366 : 365;
    while (day >= (leap(*y) ? 366 : 365))
        day -= leap((*y)++) ? 366 : 365;
    for (*m = 1; day >= mt_month_days(*y, *m); ++*m)
        day -= mt_month_days(*y, *m);
    *d = day + 1;
}

int32_t mt_join(int32_t y, int32_t m, int32_t d)
{
    int32_t day = FIRST_DAY;
    for (int32_t i = 2024; i < y; i++)
        day += leap(i) ? 366 : 365;
    for (int32_t i = y; i < 2024; i++)
        day -= leap(i) ? 366 : 365;
    for (int32_t i = 1; i < m; i++)
        day += mt_month_days(y, i);
    return day + d - 1;
}

int32_t mt_add_months(int32_t day, int32_t n)
{
    int32_t y, m, d;
    mt_split(day, &y, &m, &d);
    for (; n > 0; n--) {
        y += m == 12;
        m = m == 12 ? 1 : m + 1;
    }
    for (; n < 0; n++) {
        y -= m == 1;
        m = m == 1 ? 12 : m - 1;
    }
    return mt_join(y, m, d > mt_month_days(y, m) ? mt_month_days(y, m) : d);
}

/* 0 = Monday; 1970-01-01 was a Thursday */
static int32_t weekday(int32_t day)
{
    return (day + 3) % 7;
}

static int32_t sunday(int32_t y, int32_t m, int32_t nth)
{
    int32_t day = mt_join(y, m, 1);
    while (weekday(day) != 6 || --nth > 0)
        day++;
    return day;
}

static int64_t offset(uint32_t zone, int64_t ms)
{
    if (zone == 0)
        return 0;
    if (zone == 1)
        return 8 * TB_HOUR_MS;
    int32_t y, m, d;
    mt_split((int32_t)(ms / TB_DAY_MS), &y, &m, &d);
    int64_t on = sunday(y, 3, 2) * TB_DAY_MS + 7 * TB_HOUR_MS;
    int64_t off = sunday(y, 11, 1) * TB_DAY_MS + 6 * TB_HOUR_MS;
    return (ms >= on && ms < off ? -4 : -5) * TB_HOUR_MS;
}

int64_t mt_local(uint32_t zone, int64_t ms)
{
    return ms + offset(zone, ms);
}

int32_t mt_day(uint32_t zone, int64_t ms)
{
    return (int32_t)(mt_local(zone, ms) / TB_DAY_MS);
}

/* The first instant that shows that wall time; in a gap, the instant after it. */
int64_t mt_instant(uint32_t zone, int64_t local)
{
    if (zone != 2)
        return local - offset(zone, 0);
    if (mt_local(2, local + 4 * TB_HOUR_MS) == local)
        return local + 4 * TB_HOUR_MS;
    if (mt_local(2, local + 5 * TB_HOUR_MS) == local)
        return local + 5 * TB_HOUR_MS;
    int32_t y, m, d;
    mt_split((int32_t)(local / TB_DAY_MS), &y, &m, &d);
    return sunday(y, 3, 2) * TB_DAY_MS + 7 * TB_HOUR_MS;
}

int64_t mt_midnight(uint32_t zone, int32_t day)
{
    return mt_instant(zone, day * TB_DAY_MS);
}

static int32_t next_date(int32_t day, int32_t month_day)
{
    int32_t y, m, d;
    mt_split(day, &y, &m, &d);
    for (;; y++) {
        int32_t top = mt_month_days(y, month_day / 100);
        int32_t there = mt_join(y, month_day / 100, month_day % 100 > top ? top : month_day % 100);
        if (there > day)
            return there;
    }
}

/* The day after the last one of the period that holds `day`. */
static int32_t round_up(int64_t rounding, int32_t day)
{
    int32_t y, m, d;
    mt_split(day, &y, &m, &d);
    int32_t months = rounding == TB_ROUNDING_QUARTER     ? 3
                     : rounding == TB_ROUNDING_HALF_YEAR ? 6
                     : rounding == TB_ROUNDING_YEAR      ? 12
                                                         : 1;
    if (rounding == TB_ROUNDING_ISO_WEEK)
        return day + 7 - weekday(day);
    if (rounding < TB_ROUNDING_MONTH)
        return day + 1;
    while (m % months != 0)
        m++;
    return mt_join(y, m, mt_month_days(y, m)) + 1;
}

int64_t mt_expiry(const struct unit_def *u, uint32_t zone, int64_t from)
{
    int64_t local = mt_local(zone, from);
    int32_t day = (int32_t)(local / TB_DAY_MS);
    int64_t clock = local % TB_DAY_MS;
    int32_t last;
    if (u->expiry == TB_EXPIRY_NONE)
        return INT64_MAX;
    if (u->expiry == TB_EXPIRY_CALENDAR_DATE) /* usable to the end of that date */
        return mt_midnight(zone, next_date(day - 1, (int32_t)u->expiry_n) + 1);
    if (u->expiry == TB_EXPIRY_ROLLING_MONTHS)
        last = mt_add_months(day, (int32_t)u->expiry_n);
    else
        last = day + (int32_t)u->expiry_n;
    if (u->rounding == TB_ROUNDING_NONE)
        return mt_instant(zone, last * TB_DAY_MS + clock);
    return mt_midnight(zone, round_up(u->rounding, last));
}

int64_t mt_release(const struct unit_def *u, uint32_t zone, int64_t from)
{
    int32_t day = mt_day(zone, from);
    if (u->release == TB_RELEASE_AT_ONCE)
        return from;
    if (u->release == TB_RELEASE_ON_EVENT)
        return INT64_MAX;
    if (u->release == TB_RELEASE_AFTER_DAYS)
        return mt_midnight(zone, day + (int32_t)u->release_n + 1);
    return mt_midnight(zone, next_date(day, (int32_t)u->release_n));
}

int32_t mt_period_start(int64_t period, int32_t day)
{
    int32_t y, m, d;
    mt_split(day, &y, &m, &d);
    switch (period) {
    case TB_PERIOD_DAY:
        return day;
    case TB_PERIOD_ISO_WEEK:
        return day - weekday(day);
    case TB_PERIOD_MONTH:
        return mt_join(y, m, 1);
    case TB_PERIOD_YEAR:
        return mt_join(y, 1, 1);
    default:
        return 0;
    }
}
