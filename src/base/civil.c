// SPDX-License-Identifier: Apache-2.0
#include "base/civil.h"

const struct tb_zone tb_zone_utc = {.name = "UTC"};

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}

int32_t tb_days_from_date(struct tb_date d)
{
    int32_t y = d.year - (d.month <= 2);
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    uint32_t yoe = (uint32_t)(y - era * 400);
    uint32_t mp = (uint32_t)(d.month + 9) % 12;
    uint32_t doy = (153 * mp + 2) / 5 + (uint32_t)d.day - 1;
    uint32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int32_t)doe - 719468;
}

struct tb_date tb_date_from_days(int32_t days)
{
    int32_t z = days + 719468;
    int32_t era = (z >= 0 ? z : z - 146096) / 146097;
    uint32_t doe = (uint32_t)(z - era * 146097);
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t y = (int32_t)yoe + era * 400;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    struct tb_date d;
    d.day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
    d.month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    d.year = y + (d.month <= 2);
    return d;
}

int32_t tb_days_in_month(int32_t year, int32_t month)
{
    static const uint8_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    tb_assert(month >= 1 && month <= 12);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : length[month - 1];
}

bool tb_date_valid(struct tb_date d)
{
    return d.year >= 1900 && d.year <= 2199 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
           d.day <= tb_days_in_month(d.year, d.month);
}

int32_t tb_weekday(int32_t days)
{
    int32_t w = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return w < 0 ? w + 7 : w;
}

int32_t tb_days_add_months(int32_t days, int32_t months)
{
    struct tb_date d = tb_date_from_days(days);
    int64_t index = (int64_t)d.year * 12 + (d.month - 1) + months;
    d.year = (int32_t)floor_div(index, 12);
    d.month = (int32_t)(index - (int64_t)d.year * 12) + 1;
    int32_t last = tb_days_in_month(d.year, d.month);
    if (d.day > last)
        d.day = last;
    return tb_days_from_date(d);
}

int64_t tb_zone_offset_ms(const struct tb_zone *z, int64_t utc_ms)
{
    uint32_t lo = 0;
    uint32_t hi = z->n; /* first transition after utc_ms */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (z->at_ms[mid] <= utc_ms)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? z->first_offset_ms : z->offset_ms[lo - 1];
}

int64_t tb_zone_to_utc_ms(const struct tb_zone *z, int64_t local_ms)
{
    /* Offsets stay within a day, so the offsets a day before and after bracket it. */
    int64_t before = tb_zone_offset_ms(z, local_ms - TB_DAY_MS);
    int64_t after = tb_zone_offset_ms(z, local_ms + TB_DAY_MS);
    int64_t early = local_ms - before;
    if (tb_zone_offset_ms(z, early) == before)
        return early; /* ordinary, or the first pass of a fold */
    int64_t late = local_ms - after;
    if (tb_zone_offset_ms(z, late) == after)
        return late;
    /* In a gap: the transition itself is the first instant after it. */
    for (uint32_t i = 0; i < z->n; i++)
        if (z->at_ms[i] > late && z->at_ms[i] <= early)
            return z->at_ms[i];
    return early;
}

int64_t tb_zone_day_start_ms(const struct tb_zone *z, int32_t days)
{
    return tb_zone_to_utc_ms(z, (int64_t)days * TB_DAY_MS);
}

int32_t tb_zone_day_of(const struct tb_zone *z, int64_t utc_ms)
{
    return (int32_t)floor_div(utc_ms + tb_zone_offset_ms(z, utc_ms), TB_DAY_MS);
}

static bool digits(struct tb_str s, uint32_t at, uint32_t n, int32_t *out)
{
    if (at + n > s.n)
        return false;
    int32_t v = 0;
    for (uint32_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *out = v;
    return true;
}

bool tb_date_parse(struct tb_str s, int32_t *days)
{
    struct tb_date d;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !digits(s, 0, 4, &d.year) ||
        !digits(s, 5, 2, &d.month) || !digits(s, 8, 2, &d.day) || !tb_date_valid(d))
        return false;
    *days = tb_days_from_date(d);
    return true;
}

/* ".5", ".50", ".500" -> milliseconds; advances *at past the fraction. */
static bool fraction(struct tb_str s, uint32_t *at, int32_t *ms)
{
    *ms = 0;
    if (*at >= s.n || s.p[*at] != '.')
        return true;
    uint32_t i = *at + 1;
    int32_t scale = 100;
    uint32_t first = i;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, scale /= 10) {
        if (i - first >= 3)
            return false;
        *ms += (s.p[i] - '0') * scale;
    }
    *at = i;
    return i > first;
}

static bool zone_offset(struct tb_str s, uint32_t at, int64_t *offset_ms)
{
    if (at + 1 == s.n && s.p[at] == 'Z') {
        *offset_ms = 0;
        return true;
    }
    int32_t hour;
    int32_t minute;
    if (s.n - at != 6 || (s.p[at] != '+' && s.p[at] != '-') || s.p[at + 3] != ':' ||
        !digits(s, at + 1, 2, &hour) || !digits(s, at + 4, 2, &minute) || hour > 14 || minute > 59)
        return false;
    int64_t v = hour * TB_HOUR_MS + minute * TB_MINUTE_MS;
    *offset_ms = s.p[at] == '-' ? -v : v;
    return true;
}

bool tb_time_parse(struct tb_str s, int64_t *utc_ms)
{
    int32_t days;
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t ms;
    int64_t offset;
    if (s.n < 20 || s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':')
        return false;
    if (!tb_date_parse((struct tb_str){s.p, 10}, &days) || !digits(s, 11, 2, &hour) ||
        !digits(s, 14, 2, &minute) || !digits(s, 17, 2, &second) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    uint32_t at = 19;
    if (!fraction(s, &at, &ms) || at >= s.n || !zone_offset(s, at, &offset))
        return false;
    *utc_ms = days * TB_DAY_MS + hour * TB_HOUR_MS + minute * TB_MINUTE_MS +
              second * TB_SECOND_MS + ms - offset;
    return true;
}

void tb_date_print(struct tb_buf *b, int32_t days)
{
    struct tb_date d = tb_date_from_days(days);
    tb_buf_printf(b, "%04d-%02d-%02d", d.year, d.month, d.day);
}

void tb_time_print(struct tb_buf *b, int64_t utc_ms)
{
    int32_t days = (int32_t)floor_div(utc_ms, TB_DAY_MS);
    int64_t left = utc_ms - days * TB_DAY_MS;
    tb_date_print(b, days);
    tb_buf_printf(b, "T%02d:%02d:%02d", (int)(left / TB_HOUR_MS), (int)(left / TB_MINUTE_MS % 60),
                  (int)(left / TB_SECOND_MS % 60));
    if (left % 1000)
        tb_buf_printf(b, ".%03d", (int)(left % 1000));
    tb_buf_byte(b, 'Z');
}
