// SPDX-License-Identifier: Apache-2.0
/* base/civil.h - calendar arithmetic without a clock.
 *
 * Instants are int64 milliseconds since 1970-01-01T00:00Z; days are int32 since
 * 1970-01-01 of the proleptic Gregorian calendar. A zone is a table of offsets that
 * the border fills from the IANA data base; core only reads it.
 * Algorithms: Howard Hinnant, "chrono-compatible low-level date algorithms".        */
#ifndef TB_BASE_CIVIL_H
#define TB_BASE_CIVIL_H

#include "base/text.h"

#define TB_SECOND_MS INT64_C(1000)
#define TB_MINUTE_MS INT64_C(60000)
#define TB_HOUR_MS INT64_C(3600000)
#define TB_DAY_MS INT64_C(86400000)
/* Years that the product accepts: 1900-01-01 .. 2199-12-31 */
#define TB_MS_MIN (INT64_C(-25567) * TB_DAY_MS)
#define TB_MS_MAX (INT64_C(84006) * TB_DAY_MS - 1)

struct tb_date {
    int32_t year;
    int32_t month; /* 1-12 */
    int32_t day;   /* 1-31 */
};

int32_t tb_days_from_date(struct tb_date d);
struct tb_date tb_date_from_days(int32_t days);
bool tb_date_valid(struct tb_date d);
int32_t tb_days_in_month(int32_t year, int32_t month);
/* 0 = Monday .. 6 = Sunday */
int32_t tb_weekday(int32_t days);
/* Adds months; a day past the month's end becomes its last day (31 Jan + 1 = 28 Feb). */
int32_t tb_days_add_months(int32_t days, int32_t months);

/* Offsets of one zone: from at_ms[i] on, local time = UTC + offset_ms[i].
 * at_ms rises strictly; before at_ms[0] first_offset_ms is in force. The border
 * fills it up to the year 2199. Readable by many threads, never changed.          */
struct tb_zone {
    char name[40];
    int32_t first_offset_ms;
    uint32_t n;
    const int64_t *at_ms;
    const int32_t *offset_ms;
};

extern const struct tb_zone tb_zone_utc;

int64_t tb_zone_offset_ms(const struct tb_zone *z, int64_t utc_ms);
/* Local midnight that starts the given day. In a gap: the first instant after it; in
 * a fold: the earlier one.                                                          */
int64_t tb_zone_day_start_ms(const struct tb_zone *z, int32_t days);
/* The same rule for any local wall time, milliseconds since local 1970-01-01T00:00. */
int64_t tb_zone_to_utc_ms(const struct tb_zone *z, int64_t local_ms);
/* The local day in which the instant falls. */
int32_t tb_zone_day_of(const struct tb_zone *z, int64_t utc_ms);

/* RFC 3339 with a zone designator ("2026-11-22T10:00:00Z", "+08:00", up to ms; finer
 * digits are refused). Refuses dates that do not exist, second 60, hour 24.          */
TB_MUST_USE bool tb_time_parse(struct tb_str s, int64_t *utc_ms);
/* "2026-11-22T10:00:00.000Z", 24 bytes; milliseconds are left out when 0. */
void tb_time_print(struct tb_buf *b, int64_t utc_ms);
TB_MUST_USE bool tb_date_parse(struct tb_str s, int32_t *days); /* YYYY-MM-DD */
void tb_date_print(struct tb_buf *b, int32_t days);

#endif
