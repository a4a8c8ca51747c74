// SPDX-License-Identifier: Apache-2.0
/* cli/import/value.h - from the columns of a file to the values of a command.
 *
 * A map names columns; each name gets a slot once, and a row is an array of slots. What a
 * map says about a field is compiled here: a template ("{InvoiceNo}-{#row}"), a condition,
 * a time, an exact decimal. Pure but for the arena; nothing is ever a floating point number.
 *
 * {#row} is the row's number in the file, {#line} its first physical line.               */
#ifndef TB_CLI_IMPORT_VALUE_H
#define TB_CLI_IMPORT_VALUE_H

#include "base/civil.h"

#define TB_SLOTS_MAX 128u

/* The columns that a map uses. The strings outlive it (they are the map's). */
struct tb_slots {
    struct tb_str name[TB_SLOTS_MAX];
    uint32_t n;
};

struct tb_row {
    uint64_t number; /* of the row, from 1; broken rows count */
    uint64_t line;   /* physical, from 1 */
    struct tb_str slot[TB_SLOTS_MAX];
};

struct tb_template_piece {
    uint32_t slot; /* or TB_PIECE_TEXT, TB_PIECE_ROW, TB_PIECE_LINE */
    struct tb_str text;
};
#define TB_PIECE_TEXT UINT32_MAX
#define TB_PIECE_ROW (UINT32_MAX - 1)
#define TB_PIECE_LINE (UINT32_MAX - 2)

struct tb_template {
    const struct tb_template_piece *piece;
    uint32_t n; /* 0: the field was not given */
};
/* False: a brace is open or the arena is full. */
TB_MUST_USE bool tb_template_compile(struct tb_str text, struct tb_slots *slots, struct tb_arena *a,
                                     struct tb_template *out);
/* The text; borrowed from the row where it is one column alone. p NULL: the arena is full. */
struct tb_str tb_template_fill(const struct tb_template *t, const struct tb_row *row, struct tb_arena *a);

enum tb_test {
    TB_TEST_EMPTY = 0, /* yes: the column is empty, or not there */
    TB_TEST_EQUALS,
    TB_TEST_STARTS,
    TB_TEST_BELOW, /* decimals; a text that is none is never below or above */
    TB_TEST_ABOVE,
    TB_TEST_NUMBER, /* yes: it is a decimal */
};

struct tb_condition {
    struct tb_template value;
    enum tb_test test;
    bool no; /* the opposite */
    struct tb_str text;
    int64_t micro;
};
/* All of them hold. n 0: true. */
bool tb_conditions_hold(const struct tb_condition *c, uint32_t n, const struct tb_row *row,
                        struct tb_arena *a);

/* "-12.345" -> -12345000 (millionths). A leading '+', spaces around, a missing digit before or
 * behind the point are fine; exponents, separators of thousands and a 7th decimal that is not
 * 0 are not.                                                                             */
TB_MUST_USE bool tb_decimal_micro(struct tb_str s, int64_t *micro);

struct tb_time_spec {
    struct tb_template value; /* n 0: not given */
    struct tb_str format;     /* %Y %m %d %H %M %S and literals; empty: RFC 3339 */
    const struct tb_zone *zone;
    int64_t unit_ms;          /* above 0: a number of these since from_ms */
    int64_t from_ms;
};
/* False: not a time of that form. */
TB_MUST_USE bool tb_time_fill(const struct tb_time_spec *t, const struct tb_row *row, struct tb_arena *a,
                              int64_t *utc_ms);

#endif
