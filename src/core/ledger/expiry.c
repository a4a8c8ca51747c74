// SPDX-License-Identifier: Apache-2.0
/* When units are released and when they expire: calendar rules of a unit, in the
 * tenant's zone. An expiry is the first instant at which the units are gone.          */
#include "core/ledger/ledger_int.h"

/* First day after the period that contains the day. */
static int32_t period_end(enum tb_expiry_rounding rounding, int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    int32_t months;
    switch (rounding) {
    case TB_ROUNDING_NONE:
    case TB_ROUNDING_DAY:
        return day + 1;
    case TB_ROUNDING_ISO_WEEK:
        return day - tb_weekday(day) + 7;
    case TB_ROUNDING_MONTH:
        months = 1;
        break;
    case TB_ROUNDING_QUARTER:
        months = 3;
        break;
    case TB_ROUNDING_HALF_YEAR:
        months = 6;
        break;
    case TB_ROUNDING_YEAR:
        months = 12;
        break;
    default:
        return day + 1;
    }
    int32_t first = (d.month - 1) / months * months + 1;
    return tb_days_add_months(tb_days_from_date((struct tb_date){d.year, first, 1}), months);
}

/* The next month/day (month * 100 + day) strictly after the given day. */
static int32_t next_calendar_day(uint64_t month_day, int32_t after)
{
    struct tb_date d = tb_date_from_days(after);
    for (int32_t year = d.year;; year++) {
        struct tb_date candidate = {year, (int32_t)(month_day / 100), (int32_t)(month_day % 100)};
        int32_t last = tb_days_in_month(year, candidate.month);
        if (candidate.day > last)
            candidate.day = last;
        int32_t day = tb_days_from_date(candidate);
        if (day > after)
            return day;
    }
}

static int64_t relative_expiry_ms(const struct tb_unit *unit, const struct tb_zone *zone, int64_t from_ms)
{
    int32_t from_day = tb_zone_day_of(zone, from_ms);
    int32_t day;
    switch ((enum tb_expiry_kind)unit->expiry) {
    case TB_EXPIRY_NONE:
        return INT64_MAX;
    case TB_EXPIRY_CALENDAR_DATE:
        /* usable to the end of that date */
        return tb_zone_day_start_ms(zone, next_calendar_day(unit->expiry_n, from_day - 1) + 1);
    case TB_EXPIRY_ROLLING_DAYS:
    case TB_EXPIRY_SLIDING_DAYS:
        day = from_day + (int32_t)unit->expiry_n;
        break;
    case TB_EXPIRY_ROLLING_MONTHS:
        day = tb_days_add_months(from_day, (int32_t)unit->expiry_n);
        break;
    default:
        return INT64_MAX;
    }
    if (unit->rounding != TB_ROUNDING_NONE)
        return tb_zone_day_start_ms(zone, period_end((enum tb_expiry_rounding)unit->rounding, day));
    /* the same wall-clock time on the later day */
    int64_t local = from_ms + tb_zone_offset_ms(zone, from_ms);
    int64_t time_of_day = local - (int64_t)from_day * TB_DAY_MS;
    return tb_zone_to_utc_ms(zone, (int64_t)day * TB_DAY_MS + time_of_day);
}

int64_t tb_unit_expiry_ms(const struct tb_unit *unit, const struct tb_zone *zone, int64_t from_ms)
{
    int64_t due = relative_expiry_ms(unit, zone, from_ms);
    return unit->valid_until_ms && unit->valid_until_ms < due ? unit->valid_until_ms : due;
}

/* What comes in on one day expires at one instant, unless the time of day stays. */
static bool expires_by_day(const struct tb_unit *unit)
{
    return unit->expiry == TB_EXPIRY_CALENDAR_DATE || unit->rounding != TB_ROUNDING_NONE;
}

int64_t tb_ledger_expiry_ms(const struct tb_txn *t, uint32_t unit, int64_t from_ms)
{
    const struct tb_unit *u = tb_unit_head(t, unit);
    struct tb_core *core = t->core;
    if (u->expiry == TB_EXPIRY_NONE)
        return u->valid_until_ms ? u->valid_until_ms : INT64_MAX;
    if (core == NULL)
        return tb_unit_expiry_ms(u, tb_tenant_zone(t), from_ms);
    struct tb_cached_expiry *c = &core->cache.expiry[unit % TB_CACHE_UNITS];
    if (c->unit == unit && c->tenant == t->tenant && c->content == u->c.content &&
        from_ms >= c->from_ms && from_ms < c->until_ms)
        return c->due_ms;
    *c = (struct tb_cached_expiry){.unit = unit,
                                   .tenant = t->tenant,
                                   .content = u->c.content,
                                   .from_ms = from_ms,
                                   .until_ms = from_ms + 1,
                                   .due_ms = tb_unit_expiry_ms(u, tb_tenant_zone(t), from_ms)};
    if (expires_by_day(u))
        (void)tb_tenant_day(t, from_ms, &c->from_ms, &c->until_ms);
    return c->due_ms;
}

int64_t tb_unit_release_ms(const struct tb_unit *unit, const struct tb_zone *zone, int64_t from_ms)
{
    if (unit->release == TB_RELEASE_AT_ONCE)
        return from_ms;
    int32_t day = tb_zone_day_of(zone, from_ms);
    switch ((enum tb_release_kind)unit->release) {
    case TB_RELEASE_AT_ONCE:
        return from_ms;
    case TB_RELEASE_AFTER_DAYS:
        return tb_zone_day_start_ms(zone, day + (int32_t)unit->release_n + 1);
    case TB_RELEASE_ON_DATE:
        return tb_zone_day_start_ms(zone, next_calendar_day(unit->release_n, day));
    case TB_RELEASE_ON_EVENT:
        return INT64_MAX;
    }
    return from_ms;
}
