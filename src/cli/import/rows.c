// SPDX-License-Identifier: Apache-2.0
/* Reading rows. See rows.h. */
#include "cli/import/rows.h"

#include <stdlib.h>
#include <string.h>

#include "border/csv.h"
#include "border/lines.h"
#include "border/source.h"
#include "http/json.h"

#define LINE_BYTES_MAX (1u << 20)
#define ARENA_BYTES (16u << 20)
#define NO_COLUMN UINT32_MAX

struct tb_rows {
    struct tb_rows_spec spec;
    const struct tb_slots *slots;
    struct tb_source *source;
    struct tb_csv csv;
    struct tb_lines lines;
    void *reader_memory;
    struct tb_json_index *index;
    void *arena_memory;
    struct tb_arena arena;
    uint32_t place[TB_SLOTS_MAX]; /* column of a slot */
    uint32_t columns;             /* of the header */
    uint64_t number;
    uint64_t last_line;
};

/* ---- header -------------------------------------------------------------------------------- */

static uint32_t split_blanks(struct tb_str line, struct tb_str *field, uint32_t most)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < line.n;) {
        while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'))
            at++;
        uint32_t start = at;
        while (at < line.n && line.p[at] != ' ' && line.p[at] != '\t')
            at++;
        if (at > start && n < most)
            field[n++] = (struct tb_str){line.p + start, at - start};
        else if (at > start)
            return most + 1;
    }
    return n;
}

static struct tb_str trimmed(struct tb_str s)
{
    while (s.n > 0 && s.p[0] == ' ') {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static enum tb_rows_answer place_columns(struct tb_rows *r, const struct tb_str *column, uint32_t n,
                                         struct tb_fault *fault)
{
    r->columns = n;
    for (uint32_t i = 0; i < r->slots->n; i++) {
        r->place[i] = NO_COLUMN;
        for (uint32_t k = 0; k < n; k++)
            if (tb_str_eq(trimmed(column[k]), r->slots->name[i]))
                r->place[i] = k;
        if (r->place[i] != NO_COLUMN)
            continue;
        char have[160] = "";
        struct tb_buf b;
        tb_buf_init(&b, have, sizeof have - 1);
        for (uint32_t k = 0; k < n; k++) {
            tb_buf_c(&b, k ? ", " : "");
            tb_buf_str(&b, trimmed(column[k]));
        }
        have[b.n] = 0;
        tb_fault_set(fault, false, "the file has no column %.*s; it has: %s", TB_STR_ARG(r->slots->name[i]), have);
        return TB_ROWS_COLUMN;
    }
    return TB_ROWS_ROW;
}

static enum tb_rows_answer read_header(struct tb_rows *r, struct tb_fault *fault)
{
    struct tb_str field[TB_SLOTS_MAX];
    struct tb_str line;
    uint64_t number;
    struct tb_csv_row row;
    if (r->spec.format == TB_ROWS_NDJSON)
        return TB_ROWS_ROW;
    if (r->spec.column_n > 0)
        return place_columns(r, r->spec.column, r->spec.column_n, fault);
    if (r->spec.format == TB_ROWS_CSV) {
        if (tb_csv_next(&r->csv, &row, fault) == TB_CSV_ROW)
            return place_columns(r, row.field, row.n, fault);
    } else if (tb_lines_next(&r->lines, &line, &number, fault) == TB_LINES_LINE) {
        uint32_t n = split_blanks(line, field, TB_SLOTS_MAX);
        r->last_line = number;
        return place_columns(r, field, n > TB_SLOTS_MAX ? TB_SLOTS_MAX : n, fault);
    }
    if (fault->text[0] == 0)
        tb_fault_set(fault, false, "the file has no header line");
    return TB_ROWS_FAULT;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *csv_reason(enum tb_csv_answer a)
{
    switch (a) {
    case TB_CSV_TOO_MANY_FIELDS:
        return "too_many_fields";
    case TB_CSV_FIELD_TOO_LONG:
        return "field_too_long";
    case TB_CSV_ROW_TOO_LONG:
        return "row_too_long";
    case TB_CSV_AFTER_QUOTE:
        return "text_after_quote";
    case TB_CSV_NUL:
        return "nul_byte";
    case TB_CSV_QUOTE_OPEN:
        return "quote_not_closed";
    case TB_CSV_ROW:
    case TB_CSV_END:
    case TB_CSV_FAULT:
        break;
    }
    return "broken_row";
}

static enum tb_rows_answer take_fields(struct tb_rows *r, const struct tb_str *field, uint32_t n,
                                       struct tb_row *row, const char **reason)
{
    *reason = n < r->columns ? "too_few_fields" : "too_many_fields";
    if (n != r->columns)
        return TB_ROWS_BROKEN;
    *reason = "not_utf8";
    for (uint32_t i = 0; i < r->slots->n; i++) {
        row->slot[i] = field[r->place[i]];
        if (!tb_utf8_valid(row->slot[i]))
            return TB_ROWS_BROKEN;
    }
    return TB_ROWS_ROW;
}

static enum tb_rows_answer next_csv(struct tb_rows *r, struct tb_row *row, const char **reason,
                                    struct tb_fault *fault)
{
    struct tb_csv_row got;
    enum tb_csv_answer a = tb_csv_next(&r->csv, &got, fault);
    if (a == TB_CSV_END)
        return TB_ROWS_END;
    if (a == TB_CSV_FAULT)
        return TB_ROWS_FAULT;
    row->line = got.line;
    row->number = ++r->number;
    if (a != TB_CSV_ROW) {
        *reason = csv_reason(a);
        return TB_ROWS_BROKEN;
    }
    return take_fields(r, got.field, got.n, row, reason);
}

/* The node that "a.b" names, NULL when there is none. */
static const struct tb_json_node *walk(const struct tb_json_doc *doc, struct tb_str path)
{
    uint32_t at = 0;
    while (path.n > 0) {
        const char *dot = memchr(path.p, '.', path.n);
        struct tb_str name = {path.p, dot ? (uint32_t)(dot - path.p) : path.n};
        const struct tb_json_node *object = &doc->node[at];
        if (object->kind != TB_JSON_OBJECT)
            return NULL;
        uint32_t k = at + 1;
        while (k < object->end) {
            struct tb_str key = {doc->node[k].text, doc->node[k].n};
            if (tb_str_eq(key, name))
                break;
            k = doc->node[k + 1].end;
        }
        if (k >= object->end)
            return NULL;
        at = k + 1;
        path.p += name.n + (dot != NULL);
        path.n -= name.n + (dot != NULL);
    }
    return &doc->node[at];
}

static struct tb_str node_text(const struct tb_json_node *n, struct tb_arena *a)
{
    struct tb_str none = {"", 0};
    char *region;
    struct tb_buf b;
    if (n == NULL)
        return none;
    switch (n->kind) {
    case TB_JSON_FALSE:
        return TB_STR("false");
    case TB_JSON_TRUE:
        return TB_STR("true");
    case TB_JSON_NUMBER:
    case TB_JSON_STRING:
        return (struct tb_str){n->text, n->n};
    case TB_JSON_INT:
        region = tb_arena_alloc(a, 24);
        if (region == NULL)
            return none;
        tb_buf_init(&b, region, 24);
        tb_buf_i64(&b, n->i);
        return tb_buf_as_str(&b);
    default:
        return none;
    }
}

static enum tb_rows_answer take_json(struct tb_rows *r, struct tb_str line, struct tb_row *row,
                                     const char **reason)
{
    struct tb_json_doc doc;
    struct tb_refusal refusal = {0};
    tb_arena_reset(&r->arena);
    *reason = "invalid_json";
    if (!tb_json_parse(r->index, line, LINE_BYTES_MAX, &r->arena, &doc, &refusal) ||
        doc.node[0].kind != TB_JSON_OBJECT)
        return TB_ROWS_BROKEN;
    for (uint32_t i = 0; i < r->slots->n; i++)
        row->slot[i] = node_text(walk(&doc, r->slots->name[i]), &r->arena);
    return TB_ROWS_ROW;
}

static enum tb_rows_answer next_line(struct tb_rows *r, struct tb_row *row, const char **reason,
                                     struct tb_fault *fault)
{
    struct tb_str line;
    struct tb_str field[TB_SLOTS_MAX];
    enum tb_lines_answer a = tb_lines_next(&r->lines, &line, &row->line, fault);
    if (a == TB_LINES_END)
        return TB_ROWS_END;
    if (a == TB_LINES_FAULT)
        return TB_ROWS_FAULT;
    row->number = ++r->number;
    r->last_line = row->line;
    *reason = "line_too_long";
    if (a == TB_LINES_TOO_LONG)
        return TB_ROWS_BROKEN;
    if (r->spec.format == TB_ROWS_NDJSON)
        return take_json(r, line, row, reason);
    return take_fields(r, field, split_blanks(line, field, TB_SLOTS_MAX), row, reason);
}

enum tb_rows_answer tb_rows_next(struct tb_rows *r, struct tb_row *row, const char **reason,
                                 struct tb_fault *fault)
{
    if (r->spec.format == TB_ROWS_CSV)
        return next_csv(r, row, reason, fault);
    return next_line(r, row, reason, fault);
}

/* ---- life -------------------------------------------------------------------------------------- */

static bool make_reader(struct tb_rows *r)
{
    struct tb_csv_limits limits = tb_csv_usual;
    if (r->spec.format == TB_ROWS_CSV) {
        if (r->spec.delimiter != 0)
            limits.delimiter = r->spec.delimiter;
        r->reader_memory = aligned_alloc(64, (tb_csv_memory_bytes(&limits) + 63) / 64 * 64);
        if (r->reader_memory != NULL)
            tb_csv_init(&r->csv, &limits, r->reader_memory, tb_source_pull, r->source);
        return r->reader_memory != NULL;
    }
    r->reader_memory = aligned_alloc(64, (tb_lines_memory_bytes(LINE_BYTES_MAX) + 63) / 64 * 64);
    if (r->reader_memory != NULL)
        tb_lines_init(&r->lines, LINE_BYTES_MAX, r->reader_memory, tb_source_pull, r->source);
    if (r->spec.format == TB_ROWS_NDJSON) {
        r->index = tb_json_index_create();
        r->arena_memory = malloc(ARENA_BYTES);
        if (r->arena_memory != NULL)
            tb_arena_init(&r->arena, r->arena_memory, ARENA_BYTES);
        return r->reader_memory != NULL && r->index != NULL && r->arena_memory != NULL;
    }
    return r->reader_memory != NULL;
}

enum tb_rows_answer tb_rows_open(const char *path, const struct tb_rows_spec *spec,
                                 const struct tb_slots *slots, struct tb_rows **out,
                                 struct tb_fault *fault)
{
    struct tb_rows *r = calloc(1, sizeof *r);
    *fault = (struct tb_fault){0};
    if (r == NULL) {
        tb_fault_set(fault, true, "no memory");
        return TB_ROWS_FAULT;
    }
    r->spec = *spec;
    r->slots = slots;
    enum tb_rows_answer a = TB_ROWS_FAULT;
    if (tb_source_open(path, &r->source, fault) == TB_SOURCE_DONE) {
        if (make_reader(r))
            a = read_header(r, fault);
        else
            tb_fault_set(fault, true, "no memory");
    }
    if (a != TB_ROWS_ROW) {
        tb_rows_close(r);
        return a;
    }
    *out = r;
    return TB_ROWS_ROW;
}

void tb_rows_bytes(const struct tb_rows *r, int64_t *done, int64_t *total)
{
    *done = tb_source_done_bytes(r->source);
    *total = tb_source_total_bytes(r->source);
}

void tb_rows_close(struct tb_rows *r)
{
    if (r == NULL)
        return;
    if (r->index != NULL)
        tb_json_index_destroy(r->index);
    tb_source_close(r->source);
    free(r->reader_memory);
    free(r->arena_memory);
    free(r);
}
