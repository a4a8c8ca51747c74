// SPDX-License-Identifier: Apache-2.0
/* http/report.h - what every report needs: SQL on the published tables (docs/tables.md) as JSON.
 * Private to the reports' files.
 *
 * A column's alias says what it is: "name$s" a text, "$j" JSON, "$t" an instant, "$d" a day, "$b" a truth,
 * "$m" a member's id, "$o" an order's id, "$c" a command's name, "$a" the actor of a history entry;
 * no ending: a number. A column that is NULL is left out. "$k": a number for who asked, not printed.
 * Invariant   every statement names the tenant of the caller; what the caller may choose is a
 *             number, a word of a list, or a code without quotes.
 * Threads     a side thread (side.h); an IO thread never waits for SQL.
 * Limits      limit_ms a statement (TB_REPORT_QUERY_MS when 0), 4 KiB its text.                */
#ifndef TB_HTTP_REPORT_H
#define TB_HTTP_REPORT_H

#include "engine/port_state.h"
#include "http/people.h"

#define TB_REPORT_QUERY_MS 5000u
#define TB_REPORT_COLUMNS_MAX 32u

struct tb_zone;
struct tb_report {
    struct tb_app *app;
    struct tb_call *call;
    struct tb_state_reader *reader;
    struct tb_json_out o;
    struct tb_buf b;
    struct tb_fault fault;
    uint32_t tenant;
    uint32_t limit_ms; /* of a statement; 0 = TB_REPORT_QUERY_MS */
    bool failed;
    bool one; /* a row's columns go into the object that is open */
    int64_t *kept; /* of the "$k" columns, row by row; NULL = nobody wants them */
    uint32_t kept_n;
    uint32_t kept_max;
    char name[TB_REPORT_COLUMNS_MAX][32];
    char type[TB_REPORT_COLUMNS_MAX];
};
typedef void tb_report_fn(struct tb_report *r);

/* "key": [{...}, ...] */
void TB_PRINTF(3, 4) tb_report_rows(struct tb_report *r, const char *key, const char *fmt, ...);
/* The only row's columns into the open object. */
void TB_PRINTF(2, 3) tb_report_columns(struct tb_report *r, const char *fmt, ...);
/* Every row to fn, as port_state.h gives it. */
void TB_PRINTF(4, 5) tb_report_each(struct tb_report *r, tb_row_fn fn, void *user, const char *fmt, ...);
/* The value as a number; sums come as text from PostgreSQL. NULL: 0. */
int64_t tb_report_number(const struct tb_value *v);
/* "as_of": how new the tables are. */
void tb_report_as_of(struct tb_report *r);
/* A code between quotes of SQL: "''" when it holds anything that no code has. */
void tb_report_quoted(struct tb_str code, char text[TB_CODE_MAX + 3]);
/* The code that the query names, between quotes of SQL; "''" without one. Refuses what no code can be. */
void tb_report_chosen(struct tb_report *r, const char *name, char text[TB_CODE_MAX + 3]);
/* Index of the query's word in words (NULL at the end); 0 when it is absent. */
uint32_t tb_report_word(struct tb_report *r, const char *name, const char *const *words);
/* A day that the query names, YYYY-MM-DD; fallback without one. Refuses what is no date. */
int32_t tb_report_date(struct tb_call *call, const char *name, int32_t fallback);
int64_t tb_report_after(struct tb_report *r); /* 0 .. 100,000 rows were seen */
int64_t tb_report_limit(struct tb_report *r); /* 1 .. 200, 50 */
/* The tenant's zone; NULL with r->failed. */
const struct tb_zone *tb_report_zone(struct tb_report *r);
/* Milliseconds that the tenant's clocks are ahead of UTC now. */
int64_t tb_report_offset_ms(struct tb_report *r);
/* The day that it is there: days since 1970-01-01. */
int64_t tb_report_day(int64_t offset_ms);

/* op_reports_members.c */
tb_report_fn tb_report_members;
/* Reports of marketing (op_reports_marketing.c). */
tb_report_fn tb_report_codes, tb_report_coupons, tb_report_campaigns;
/* Back-tests of a campaign (op_backtests.c). */
tb_report_fn tb_report_backtests, tb_report_backtest;

#endif
