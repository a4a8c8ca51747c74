// SPDX-License-Identifier: Apache-2.0
/* border/code/png.h - a black and white PNG picture (ISO/IEC 15948), written row by row.
 *
 * By libpng: one bit a pixel, so a sheet needs the memory of one row, however long it is.
 * Ownership  the file stays the caller's. open and close are a pair, after a fault too.
 * Threads    one at a time.
 * Limits     width and height 1 .. TB_PNG_PIXELS_MAX.                                     */
#ifndef TB_BORDER_CODE_PNG_H
#define TB_BORDER_CODE_PNG_H

#include <stdio.h>

#include "base/text.h"

#define TB_PNG_PIXELS_MAX 1000000u

struct tb_png;

/* NULL: no memory, or the file takes nothing. */
struct tb_png *tb_png_open(FILE *out, uint32_t width, uint32_t height);
/* dark[width], 1 = black. False: the file takes no more. */
TB_MUST_USE bool tb_png_row(struct tb_png *p, const uint8_t *dark);
/* False: rows are missing, or the file took no more. */
bool tb_png_close(struct tb_png *p);

#endif
