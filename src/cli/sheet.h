// SPDX-License-Identifier: Apache-2.0
/* cli/sheet.h - QR symbols side by side as a PNG picture, ten a row, written as they come.
 *
 * Symbols alone: for a person to read the code below them take SVG or CSV. Needs the memory
 * of one row of symbols. Threads: one at a time.                                          */
#ifndef TB_CLI_SHEET_H
#define TB_CLI_SHEET_H

#include <stdio.h>

#include "border/code/qr.h"

#define TB_SHEET_COLUMNS 10u
#define TB_SHEET_QUIET 4u  /* modules around a symbol, as the standard asks */
#define TB_SHEET_SCALE 4u  /* pixels on a module's side */

/* Symbols of that size that fit into one picture. */
uint64_t tb_sheet_most(uint32_t modules);

struct tb_sheet;
/* labels 1 .. tb_sheet_most(modules). NULL: no memory, or the file takes nothing. */
struct tb_sheet *tb_sheet_open(FILE *out, uint32_t modules, uint64_t labels);
/* qr->size is modules (asserted). False: the file takes no more. */
TB_MUST_USE bool tb_sheet_add(struct tb_sheet *s, const struct tb_qr *qr);
/* False: not all labels came, or the file took no more. */
bool tb_sheet_close(struct tb_sheet *s);

#endif
