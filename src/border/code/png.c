// SPDX-License-Identifier: Apache-2.0
/* border/code/png.c - see png.h. libpng leaves by longjmp; no local that is needed after one
 * changes between.                                                                        */
#include "border/code/png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

struct tb_png {
    png_structp png;
    png_infop info;
    uint32_t width;
    uint32_t rows_left;
    bool failed;
    uint8_t packed[]; /* a row */
};

static void quiet(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void silent(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static bool begin(struct tb_png *p, FILE *out, uint32_t height)
{
    if (setjmp(png_jmpbuf(p->png)) != 0)
        return false;
    png_init_io(p->png, out);
    png_set_IHDR(p->png, p->info, p->width, height, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p->png, p->info);
    return true;
}

static void destroy(struct tb_png *p)
{
    png_destroy_write_struct(&p->png, &p->info);
    free(p);
}

struct tb_png *tb_png_open(FILE *out, uint32_t width, uint32_t height)
{
    tb_assert(width >= 1 && width <= TB_PNG_PIXELS_MAX && height >= 1 && height <= TB_PNG_PIXELS_MAX);
    struct tb_png *p = calloc(1, sizeof *p + (width + 7) / 8);
    if (p == NULL)
        return NULL;
    p->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, quiet, silent);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    p->width = width;
    p->rows_left = height;
    if (p->info == NULL || !begin(p, out, height)) {
        destroy(p);
        return NULL;
    }
    return p;
}

bool tb_png_row(struct tb_png *p, const uint8_t *dark)
{
    tb_assert(p->rows_left > 0);
    if (p->failed)
        return false;
    memset(p->packed, 0xff, (p->width + 7) / 8); /* 1 = white */
    for (uint32_t x = 0; x < p->width; x++)
        if (dark[x])
            p->packed[x / 8] &= (uint8_t)~(128u >> x % 8);
    p->rows_left--;
    if (setjmp(png_jmpbuf(p->png)) != 0) {
        p->failed = true;
        return false;
    }
    png_write_row(p->png, p->packed);
    return true;
}

static bool end(struct tb_png *p)
{
    if (setjmp(png_jmpbuf(p->png)) != 0)
        return false;
    png_write_end(p->png, p->info);
    return true;
}

bool tb_png_close(struct tb_png *p)
{
    bool ok = !p->failed && p->rows_left == 0 && end(p);
    destroy(p);
    return ok;
}
