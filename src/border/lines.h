// SPDX-License-Identifier: Apache-2.0
/* border/lines.h - reading text lines (NDJSON) from a stream, with bounded memory.
 *
 * LF and CRLF, a missing last newline, a UTF-8 byte order mark and empty or blank lines
 * (passed over, but counted) are fine. A line that is too long is an answer; the next call
 * goes on behind it.
 *
 * Ownership  the caller gives the memory (tb_lines_memory_bytes); a line borrows from it
 *            until the next call.
 * Threads    one at a time.                                                              */
#ifndef TB_BORDER_LINES_H
#define TB_BORDER_LINES_H

#include "base/text.h"
#include "border/pull.h"

enum tb_lines_answer {
    TB_LINES_LINE = 0,
    TB_LINES_END,
    TB_LINES_FAULT,    /* the source failed; final */
    TB_LINES_TOO_LONG, /* its number is set, its text is not */
};

struct tb_lines {
    tb_pull_fn pull;
    void *user;
    uint8_t *in;
    size_t cap;
    size_t n;
    size_t at;
    uint64_t number;
    bool ended;
    bool faulted;
};

size_t tb_lines_memory_bytes(uint32_t line_bytes_max);
void tb_lines_init(struct tb_lines *l, uint32_t line_bytes_max, void *memory, tb_pull_fn pull, void *user);
/* number: physical line, from 1. line: without its line end. */
TB_MUST_USE enum tb_lines_answer tb_lines_next(struct tb_lines *l, struct tb_str *line, uint64_t *number,
                                               struct tb_fault *fault);

#endif
