// SPDX-License-Identifier: Apache-2.0
/* What a file that came over HTTP looks like: its columns and first rows, for whoever makes a map. */
#include <stdlib.h>
#include <string.h>

#include "border/csv.h"
#include "border/source.h"
#include "cli/imports_int.h"
#include "http/json.h"

#define HEAD_BYTES (256u << 10)
#define ROWS 5u
#define COLUMNS_MAX 128u
#define CELL_BYTES 200u

struct head {
    char *p;
    size_t n;
    size_t at;
};

static int64_t pull_head(void *user, void *into, size_t cap, struct tb_fault *fault)
{
    struct head *h = user;
    size_t n = h->n - h->at < cap ? h->n - h->at : cap;
    (void)fault;
    memcpy(into, h->p + h->at, n);
    h->at += n;
    return (int64_t)n;
}

/* The most frequent of the usual ones in the first line. */
static char delimiter_of(const struct head *h)
{
    static const char usual[] = {',', ';', '\t', '|'};
    uint32_t count[4] = {0}, best = 0;
    for (size_t i = 0; i < h->n && h->p[i] != '\n'; i++)
        for (uint32_t k = 0; k < 4; k++)
            count[k] += h->p[i] == usual[k];
    for (uint32_t k = 1; k < 4; k++)
        best = count[k] > count[best] ? k : best;
    return usual[best];
}

/* A cell, cut at a character. */
static void out_cell(struct tb_json_out *o, struct tb_str s)
{
    uint32_t n = s.n;
    if (n > CELL_BYTES)
        for (uint32_t at = 0; at <= CELL_BYTES; (void)tb_utf8_next(s, &at))
            n = at;
    tb_json_out_str(o, (struct tb_str){s.p, n});
}

static void out_csv(struct head *h, struct tb_json_out *o)
{
    struct tb_csv csv;
    struct tb_csv_row row;
    struct tb_fault fault;
    struct tb_csv_limits limits = tb_csv_usual;
    limits.delimiter = delimiter_of(h);
    void *memory = malloc(tb_csv_memory_bytes(&limits));
    tb_assert(memory != NULL);
    tb_csv_init(&csv, &limits, memory, pull_head, h);
    tb_json_out_key_str(o, "format", TB_STR("csv"));
    tb_json_out_key_str(o, "delimiter", (struct tb_str){&limits.delimiter, 1});
    tb_json_out_key_open(o, "columns", '[');
    enum tb_csv_answer a = tb_csv_next(&csv, &row, &fault);
    for (uint32_t i = 0; a == TB_CSV_ROW && i < row.n && i < COLUMNS_MAX; i++)
        out_cell(o, row.field[i]);
    tb_json_out_close(o, ']');
    tb_json_out_key_open(o, "rows", '[');
    for (uint32_t n = 0; n < ROWS && a == TB_CSV_ROW; n++) {
        a = tb_csv_next(&csv, &row, &fault);
        if (a != TB_CSV_ROW)
            break;
        tb_json_out_open(o, '[');
        for (uint32_t i = 0; i < row.n && i < COLUMNS_MAX; i++)
            out_cell(o, row.field[i]);
        tb_json_out_close(o, ']');
    }
    tb_json_out_close(o, ']');
    free(memory);
}

/* Names of the first line's object; what stands inside another object is "a.b". */
static void out_names(const struct tb_json_doc *doc, struct tb_json_out *o)
{
    struct tb_buf b;
    uint8_t text[CELL_BYTES * 2];
    uint32_t outer_end = 0;
    struct tb_str outer = TB_STR_NONE;
    for (uint32_t i = 1, n = 0; i < doc->n && n < COLUMNS_MAX; i++) {
        const struct tb_json_node *key = &doc->node[i];
        if (key->kind != TB_JSON_KEY)
            continue;
        const struct tb_json_node *value = key + 1;
        bool inside = i < outer_end;
        if (value->kind == TB_JSON_OBJECT && !inside) {
            outer = (struct tb_str){key->text, key->n};
            outer_end = value->end;
            continue;
        }
        if (value->kind != TB_JSON_OBJECT && value->kind != TB_JSON_ARRAY) {
            tb_buf_init(&b, text, sizeof text);
            tb_buf_str(&b, inside ? outer : TB_STR_NONE);
            tb_buf_c(&b, inside ? "." : "");
            tb_buf_str(&b, (struct tb_str){key->text, key->n});
            if (!b.overflowed)
                tb_json_out_str(o, tb_buf_as_str(&b));
            n++;
        } else {
            i = value->end - 1; /* deeper than a map reaches */
        }
    }
}

static bool out_ndjson(const struct head *h, struct tb_json_out *o)
{
    struct tb_refusal refusal = {0};
    struct tb_json_doc doc = {0};
    struct tb_arena arena;
    const char *end = memchr(h->p, '\n', h->n);
    struct tb_str line = {h->p, (uint32_t)(end ? (size_t)(end - h->p) : h->n)};
    struct tb_json_index *index = tb_json_index_create();
    const size_t cap = 16u << 20;
    void *memory = malloc(cap);
    tb_assert(index != NULL && memory != NULL);
    tb_arena_init(&arena, memory, cap);
    bool ok = tb_json_parse(index, line, HEAD_BYTES, &arena, &doc, &refusal);
    if (ok) {
        tb_json_out_key_str(o, "format", TB_STR("ndjson"));
        tb_json_out_key_open(o, "columns", '[');
        out_names(&doc, o);
        tb_json_out_close(o, ']');
        tb_json_out_key_open(o, "rows", '[');
        tb_json_out_close(o, ']');
    }
    tb_json_index_destroy(index);
    free(memory);
    return ok;
}

static bool read_head(const char *path, struct head *h, struct tb_fault *fault)
{
    struct tb_source *s;
    int64_t got = 1;
    *h = (struct head){.p = malloc(HEAD_BYTES)};
    tb_assert(h->p != NULL);
    if (tb_source_open(path, &s, fault) != TB_SOURCE_DONE)
        return false;
    while (got > 0 && h->n < HEAD_BYTES) {
        got = tb_source_pull(s, h->p + h->n, HEAD_BYTES - h->n, fault);
        h->n += got > 0 ? (size_t)got : 0;
    }
    tb_source_close(s);
    if (got >= 0 && h->n >= 3 && memcmp(h->p, "\xEF\xBB\xBF", 3) == 0) {
        memmove(h->p, h->p + 3, h->n - 3);
        h->n -= 3;
    }
    return got >= 0;
}

/* The last character may be cut by the limit. */
static bool is_utf8(const struct head *h)
{
    size_t n = h->n;
    if (n == HEAD_BYTES)
        while (n > 0 && ((uint8_t)h->p[n - 1] & 0x80))
            n--;
    return memchr(h->p, 0, n) == NULL && tb_utf8_valid((struct tb_str){h->p, (uint32_t)n});
}

static void refuse(struct tb_app_import *x, const char *detail)
{
    x->problem = TB_PROBLEM_INVALID_VALUE;
    x->field = "file";
    (void)snprintf(x->detail, sizeof x->detail, "%s", detail);
}

void import_head(const char *path, struct tb_app_import *x)
{
    struct head h;
    struct tb_fault fault = {.text = "The file cannot be read."};
    struct tb_json_out o;
    if (!read_head(path, &h, &fault)) {
        refuse(x, fault.text);
    } else if (h.n == 0) {
        refuse(x, "The file is empty.");
    } else if (!is_utf8(&h)) {
        refuse(x, "The file is not UTF-8 text. In a spreadsheet, save it as CSV UTF-8.");
    } else if (x->out != NULL) {
        tb_json_out_init(&o, x->out);
        tb_json_out_open(&o, '{');
        if (h.p[0] != '{')
            out_csv(&h, &o);
        else if (!out_ndjson(&h, &o))
            refuse(x, "The first line is no JSON object.");
        tb_json_out_close(&o, '}');
    }
    free(h.p);
}
