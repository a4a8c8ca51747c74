// SPDX-License-Identifier: Apache-2.0
/* cli/import/rows.h - the rows of a file: CSV, NDJSON, or columns parted by blanks.
 *
 * Whatever the form, a row is a text for every slot of the map; a JSON number keeps its
 * digits, true and false are words, null and what is missing are empty. "a.b" reaches into
 * an object. Nothing is held but one row.
 *
 * Ownership  a row borrows from the reader until the next call.
 * Answers    a broken row is an answer with a reason; reading goes on behind it.         */
#ifndef TB_CLI_IMPORT_ROWS_H
#define TB_CLI_IMPORT_ROWS_H

#include "base/fault.h"
#include "cli/import/value.h"

enum tb_rows_format { TB_ROWS_CSV = 0, TB_ROWS_NDJSON, TB_ROWS_BLANKS };

struct tb_rows_spec {
    enum tb_rows_format format;
    char delimiter;              /* CSV; 0 = comma */
    const struct tb_str *column; /* names when the file has no header */
    uint32_t column_n;
};

enum tb_rows_answer {
    TB_ROWS_ROW = 0,
    TB_ROWS_END,
    TB_ROWS_BROKEN, /* row->line and number are set, *reason says what */
    TB_ROWS_FAULT,  /* the file cannot be read on */
    TB_ROWS_COLUMN, /* open: a column of the map is not in the file; the fault names it */
};

struct tb_rows;

TB_MUST_USE enum tb_rows_answer tb_rows_open(const char *path, const struct tb_rows_spec *spec,
                                             const struct tb_slots *slots, struct tb_rows **out,
                                             struct tb_fault *fault);
/* reason: a word for the rejects ("too_many_fields"). */
TB_MUST_USE enum tb_rows_answer tb_rows_next(struct tb_rows *r, struct tb_row *row, const char **reason,
                                             struct tb_fault *fault);
/* Bytes of the file as it lies on disk: done, and total. */
void tb_rows_bytes(const struct tb_rows *r, int64_t *done, int64_t *total);
void tb_rows_close(struct tb_rows *r); /* NULL is fine */

#endif
