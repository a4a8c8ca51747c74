// SPDX-License-Identifier: Apache-2.0
/* When people shop: festivals, weekends, weather, the hour of the day.
 *
 * Spring Festival by the Chinese calendar, given as a table for the years that a demonstration
 * can fall into. Weather follows from city, day and season.                                */
#include "sim/world.h"

static const struct tb_date spring_festival[] = {
    {2020, 1, 25}, {2021, 2, 12}, {2022, 2, 1},  {2023, 1, 22}, {2024, 2, 10}, {2025, 1, 29},
    {2026, 2, 17}, {2027, 2, 6},  {2028, 1, 26}, {2029, 2, 13}, {2030, 2, 3},  {2031, 1, 23},
    {2032, 2, 11}, {2033, 1, 31}, {2034, 2, 19}, {2035, 2, 8},  {2036, 1, 28}, {2037, 2, 15},
    {2038, 2, 4},  {2039, 1, 24}, {2040, 2, 12}};

int32_t sim_spring_festival(int32_t day)
{
    int32_t best = INT32_MAX;
    for (uint32_t i = 0; i < TB_COUNT_OF(spring_festival); i++) {
        int32_t until = tb_days_from_date(spring_festival[i]) - day;
        int32_t far = until < 0 ? -until : until;
        int32_t near = best < 0 ? -best : best;
        best = far < near ? until : best;
    }
    return best;
}

/* Before it everybody stocks up, on its days the streets are empty. */
static uint32_t festival_permille(int32_t until)
{
    if (until > 0 && until <= 5)
        return 1900;
    if (until > 5 && until <= 14)
        return 1450;
    if (until <= 0 && until > -4)
        return 400;
    return until <= -4 && until > -12 ? 800 : 1000;
}

/* Shopping days by the calendar: 6.18, the National Day week, 11.11, 12.12. */
static uint32_t date_permille(struct tb_date d)
{
    int32_t md = d.month * 100 + d.day;
    if (md >= 616 && md <= 618)
        return 1600;
    if (md >= 1001 && md <= 1007)
        return 1150;
    if (md >= 1110 && md <= 1111)
        return 1700;
    return md == 1212 ? 1200 : 1000;
}

uint32_t sim_festival_percent(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    int32_t md = d.month * 100 + d.day;
    int32_t until = sim_spring_festival(day);
    if (md == 618 || md == 1111)
        return 15;
    return (md >= 616 && md < 618) || md == 1110 || (until > 0 && until <= 10) ? 8 : 0;
}

enum sim_weather sim_weather(const struct tb_sim *s, uint32_t city, int32_t day)
{
    static const uint16_t rain[12] = {280, 320, 380, 360, 350, 420, 300, 310, 280, 200, 230, 240};
    struct tb_date d = tb_date_from_days(day);
    /* weather lasts: two days in three share their draw with the day before */
    struct tb_rng r = tb_rng_of(s->o.seed, 0x5747 + city, (uint64_t)(day - (day % 3 == 1)));
    uint32_t draw = tb_rng_below(&r, 1000);
    if (draw < rain[d.month - 1])
        return d.month >= 6 && d.month <= 9 && draw < 60 ? STORM : RAIN;
    if ((d.month == 7 || d.month == 8) && draw > 600)
        return HEAT;
    return (d.month == 12 || d.month <= 2) && draw > 700 ? COLD : FINE;
}

static uint32_t weather_permille(enum sim_weather w)
{
    switch (w) {
    case RAIN:
        return 900;
    case STORM:
        return 600;
    case HEAT:
        return 930;
    case COLD:
        return 950;
    case FINE:
    default:
        return 1040;
    }
}

uint32_t sim_busy(const struct tb_sim *s, uint32_t store, int32_t day)
{
    static const uint16_t week[7] = {900, 880, 900, 930, 1020, 1240, 1200};
    const struct sim_store *st = &s->store[store];
    struct tb_date date = tb_date_from_days(day);
    uint64_t busy = week[tb_weekday(day)];
    busy = busy * festival_permille(sim_spring_festival(day)) / 1000;
    busy = busy * date_permille(date) / 1000;
    busy = busy * weather_permille(sim_weather(s, st->city, day)) / 1000;
    if (date.day == 8) /* member day */
        busy = busy * 1300 / 1000;
    int32_t open = day - s->day0 - st->opens;
    if (open >= 0 && open < 14 && st->opens > 0)
        busy = busy * 1500 / 1000;
    return (uint32_t)busy;
}

int64_t sim_clock_ms(struct tb_rng *r, int64_t day_start_ms, enum sim_store_kind kind)
{
    /* hours 7 .. 22 */
    static const uint16_t big[16] = {5, 20, 40, 60, 55, 40, 35, 40, 45, 55, 75, 90, 95, 80, 45, 5};
    static const uint16_t small[16] = {70, 85, 45, 35, 40, 70, 45, 35, 35, 45, 65, 80, 75, 65, 55, 40};
    uint32_t hour = 7 + tb_rng_pick(r, kind == CONVENIENCE ? small : big, 16);
    return day_start_ms + (int64_t)hour * TB_HOUR_MS + tb_rng_below(r, 3600000);
}
