// SPDX-License-Identifier: Apache-2.0
/* border/csv.h - reading RFC 4180 rows from a stream, with bounded memory.
 *
 * Accepts LF and CRLF (and a missing last one), a UTF-8 byte order mark, quoted fields
 * with delimiters, doubled quotes and newlines, empty fields, and empty lines (passed
 * over, as many tills end their files with some). A quote inside an unquoted field is
 * kept as it stands (`5" pipe`). Field counts are not compared: the caller knows its
 * header. Bytes are not checked for UTF-8 either: the caller knows its encoding.
 *
 * A broken row is an answer, not the end: the next call goes on behind it, so that an
 * import can account for every line. Where a row that is too long stands in quotes, the
 * reader goes on at the first newline behind the limit.
 *
 * Ownership  the caller gives the memory (tb_csv_memory_bytes); nothing to free. Fields
 *            borrow from it until the next call.
 * Threads    one at a time.
 * Speed      2 million rows/s of 8 fields with unpacking (test_border_csv.c prints it). */
#ifndef TB_BORDER_CSV_H
#define TB_BORDER_CSV_H

#include "base/text.h"
#include "border/pull.h"

struct tb_csv_limits {
    uint32_t fields;      /* in a row */
    uint32_t field_bytes; /* after unquoting */
    uint32_t row_bytes;   /* the fields of a row together */
    char delimiter;       /* ',' ';' '\t' or '|' */
};

/* 512 fields, 64 KiB a field, 256 KiB a row, comma */
extern const struct tb_csv_limits tb_csv_usual;

/* In order of precedence. */
enum tb_csv_answer {
    TB_CSV_ROW = 0,
    TB_CSV_END,
    TB_CSV_FAULT,           /* the source failed; the fault says how. Final. */
    TB_CSV_TOO_MANY_FIELDS,
    TB_CSV_FIELD_TOO_LONG,
    TB_CSV_ROW_TOO_LONG,
    TB_CSV_AFTER_QUOTE,     /* something other than a delimiter or newline behind a closing quote */
    TB_CSV_NUL,             /* a zero byte: not a text file */
    TB_CSV_QUOTE_OPEN,      /* the file ends inside quotes */
};

struct tb_csv_row {
    uint64_t line;   /* physical line on which the row starts, from 1; set for broken rows too */
    uint64_t number; /* rows given so far, good and broken, from 1 */
    uint32_t n;
    const struct tb_str *field;
};

struct tb_csv {
    struct tb_csv_limits limits;
    tb_pull_fn pull;
    void *user;
    uint64_t line; /* of the next byte */
    uint64_t number;
    uint8_t *in; /* read ahead */
    size_t in_n;
    size_t in_at;
    char *text; /* the row's fields, unquoted, one behind the other */
    uint32_t text_n;
    struct tb_str *field;
    uint32_t field_n;
    uint32_t field_start;
    bool begun;
    bool ended;
    bool faulted;
};

size_t tb_csv_memory_bytes(const struct tb_csv_limits *limits);
/* memory: tb_csv_memory_bytes(limits), aligned to 16; outlives the reader. */
void tb_csv_init(struct tb_csv *c, const struct tb_csv_limits *limits, void *memory, tb_pull_fn pull,
                 void *user);
TB_MUST_USE enum tb_csv_answer tb_csv_next(struct tb_csv *c, struct tb_csv_row *row,
                                           struct tb_fault *fault);

#endif
