// SPDX-License-Identifier: Apache-2.0
/* cli/sheet.c - see sheet.h. */
#include "cli/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "border/code/png.h"

struct tb_sheet {
    struct tb_png *png;
    uint32_t modules;
    uint32_t side; /* modules of a label, with what is quiet around it */
    uint64_t left; /* labels to come */
    uint32_t n;    /* in the row of labels */
    uint8_t *band; /* [side][TB_SHEET_COLUMNS * side] modules */
    uint8_t *row;  /* of pixels */
};

uint64_t tb_sheet_most(uint32_t modules)
{
    return (uint64_t)TB_PNG_PIXELS_MAX / ((modules + 2 * TB_SHEET_QUIET) * TB_SHEET_SCALE) * TB_SHEET_COLUMNS;
}

struct tb_sheet *tb_sheet_open(FILE *out, uint32_t modules, uint64_t labels)
{
    uint32_t side = modules + 2 * TB_SHEET_QUIET;
    uint32_t width = TB_SHEET_COLUMNS * side * TB_SHEET_SCALE;
    uint64_t bands = (labels + TB_SHEET_COLUMNS - 1) / TB_SHEET_COLUMNS;
    tb_assert(labels >= 1 && labels <= tb_sheet_most(modules));
    struct tb_sheet *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct tb_sheet){.modules = modules, .side = side, .left = labels};
    s->band = calloc(side, (size_t)TB_SHEET_COLUMNS * side);
    s->row = malloc(width);
    if (s->band != NULL && s->row != NULL)
        s->png = tb_png_open(out, width, (uint32_t)bands * side * TB_SHEET_SCALE);
    if (s->png != NULL)
        return s;
    free(s->band);
    free(s->row);
    free(s);
    return NULL;
}

static bool write_band(struct tb_sheet *s)
{
    uint32_t wide = TB_SHEET_COLUMNS * s->side;
    for (uint32_t y = 0; y < s->side; y++) {
        for (uint32_t x = 0; x < wide; x++)
            memset(s->row + (size_t)x * TB_SHEET_SCALE, s->band[y * wide + x], TB_SHEET_SCALE);
        for (uint32_t i = 0; i < TB_SHEET_SCALE; i++)
            if (!tb_png_row(s->png, s->row))
                return false;
    }
    memset(s->band, 0, (size_t)s->side * wide);
    s->n = 0;
    return true;
}

bool tb_sheet_add(struct tb_sheet *s, const struct tb_qr *qr)
{
    tb_assert(qr->size == s->modules && s->left > 0);
    uint32_t wide = TB_SHEET_COLUMNS * s->side;
    uint8_t *to = s->band + TB_SHEET_QUIET * wide + s->n * s->side + TB_SHEET_QUIET;
    for (uint32_t y = 0; y < qr->size; y++)
        memcpy(to + y * wide, qr->dark + y * qr->size, qr->size);
    s->n++;
    s->left--;
    return (s->n < TB_SHEET_COLUMNS && s->left > 0) || write_band(s);
}

bool tb_sheet_close(struct tb_sheet *s)
{
    bool ok = tb_png_close(s->png) && s->left == 0;
    free(s->band);
    free(s->row);
    free(s);
    return ok;
}
