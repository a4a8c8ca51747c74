// SPDX-License-Identifier: Apache-2.0
/* border/csv.c - see csv.h. Invariant: text_n <= row_bytes and field_n <= fields, whatever
 * comes in. Once a row is broken its bytes are only passed over. Not here: headers, maps
 * and types (the import).                                                              */
#include "border/csv.h"

#include <string.h>

#define READ_AHEAD (64u << 10)
/* Room in front of what was read, into which a false byte order mark goes back. */
#define FRONT 16u

const struct tb_csv_limits tb_csv_usual = {512, 64u << 10, 256u << 10, ','};

size_t tb_csv_memory_bytes(const struct tb_csv_limits *l)
{
    return (size_t)l->fields * sizeof(struct tb_str) + FRONT + READ_AHEAD + l->row_bytes;
}

void tb_csv_init(struct tb_csv *c, const struct tb_csv_limits *limits, void *memory, tb_pull_fn pull,
                 void *user)
{
    tb_assert(limits->fields > 0 && limits->field_bytes > 0 && limits->row_bytes > 0);
    tb_assert(limits->delimiter != '"' && limits->delimiter != '\n' && limits->delimiter != '\r');
    memset(c, 0, sizeof *c);
    c->limits = *limits;
    c->pull = pull;
    c->user = user;
    c->line = 1;
    c->field = memory;
    c->in = (uint8_t *)(c->field + limits->fields);
    c->text = (char *)c->in + FRONT + READ_AHEAD;
}

/* True when at least one byte is there; false at the end or on a fault. */
static bool fill(struct tb_csv *c, struct tb_fault *fault)
{
    if (c->in_at < c->in_n)
        return true;
    if (c->ended || c->faulted)
        return false;
    int64_t n = c->pull(c->user, c->in + FRONT, READ_AHEAD, fault);
    tb_assert(n <= (int64_t)READ_AHEAD);
    c->faulted = n < 0;
    c->ended = n == 0;
    c->in_at = FRONT;
    c->in_n = FRONT + (n > 0 ? (size_t)n : 0);
    return n > 0;
}

static int peek(struct tb_csv *c, struct tb_fault *fault)
{
    return fill(c, fault) ? c->in[c->in_at] : -1;
}

/* A byte order mark may arrive in pieces. */
static void skip_mark(struct tb_csv *c, struct tb_fault *fault)
{
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    uint8_t head[3];
    size_t n = 0;
    while (n < 3 && peek(c, fault) == mark[n])
        head[n++] = c->in[c->in_at++];
    if (n == 0 || n == 3)
        return;
    c->in_at -= n; /* not a mark after all */
    memcpy(c->in + c->in_at, head, n);
}

/* Adds bytes to the current field unless the row is broken already. The reason is the one
 * that the first bad byte gives, however the stream was cut.                            */
static void keep(struct tb_csv *c, const uint8_t *p, size_t n, enum tb_csv_answer *broken)
{
    if (*broken != TB_CSV_ROW || n == 0)
        return;
    size_t field_room = c->limits.field_bytes - (c->text_n - c->field_start);
    size_t row_room = c->limits.row_bytes - c->text_n;
    size_t room = field_room < row_room ? field_room : row_room;
    if (memchr(p, 0, n > room ? room + 1 : n))
        *broken = TB_CSV_NUL;
    else if (n > room)
        *broken = field_room <= row_room ? TB_CSV_FIELD_TOO_LONG : TB_CSV_ROW_TOO_LONG;
    if (*broken != TB_CSV_ROW)
        return;
    memcpy(c->text + c->text_n, p, n);
    c->text_n += (uint32_t)n;
}

static void end_field(struct tb_csv *c, enum tb_csv_answer *broken)
{
    if (*broken != TB_CSV_ROW)
        return;
    if (c->field_n == c->limits.fields) {
        *broken = TB_CSV_TOO_MANY_FIELDS;
        return;
    }
    c->field[c->field_n++] = (struct tb_str){c->text + c->field_start, c->text_n - c->field_start};
    c->field_start = c->text_n;
}

/* Up to the delimiter or newline, which stay; returns false at the end of the input. */
static bool plain_field(struct tb_csv *c, enum tb_csv_answer *broken, struct tb_fault *fault)
{
    while (fill(c, fault)) {
        size_t at = c->in_at;
        while (at < c->in_n && c->in[at] != (uint8_t)c->limits.delimiter && c->in[at] != '\n')
            at++;
        keep(c, c->in + c->in_at, at - c->in_at, broken);
        c->in_at = at;
        if (at < c->in_n)
            return true;
    }
    return false;
}

/* Behind the opening quote, up to behind the closing one. A row that broke inside quotes
 * ends at the next newline: the quote itself may be the mistake.                        */
static bool quoted_field(struct tb_csv *c, enum tb_csv_answer *broken, struct tb_fault *fault)
{
    while (fill(c, fault)) {
        size_t at = c->in_at;
        while (at < c->in_n && c->in[at] != '"' && c->in[at] != '\n')
            at++;
        keep(c, c->in + c->in_at, at - c->in_at, broken);
        bool lost = *broken == TB_CSV_FIELD_TOO_LONG || *broken == TB_CSV_ROW_TOO_LONG;
        c->in_at = at;
        if (at == c->in_n)
            continue;
        if (c->in[at] == '\n') {
            if (lost)
                return true;
            keep(c, c->in + at, 1, broken);
            c->line++;
            c->in_at++;
            continue;
        }
        c->in_at++;
        if (peek(c, fault) != '"')
            return true;
        keep(c, (const uint8_t *)"\"", 1, broken);
        c->in_at++;
    }
    if (*broken == TB_CSV_ROW && !c->faulted)
        *broken = TB_CSV_QUOTE_OPEN;
    return false;
}

/* A CR directly before the newline belongs to the line end. */
static void drop_cr(struct tb_csv *c)
{
    if (c->text_n > c->field_start && c->text[c->text_n - 1] == '\r')
        c->text_n--;
}

/* After a closing quote: only a delimiter, a newline, CR LF or the end may follow. */
static void after_quote(struct tb_csv *c, enum tb_csv_answer *broken, struct tb_fault *fault)
{
    int next = peek(c, fault);
    if (next == '\r') {
        c->in_at++;
        next = peek(c, fault);
        if (next == '\n' || next < 0)
            return;
    } else if (next < 0 || next == '\n' || next == (uint8_t)c->limits.delimiter) {
        return;
    }
    if (*broken == TB_CSV_ROW)
        *broken = TB_CSV_AFTER_QUOTE;
    (void)plain_field(c, broken, fault);
}

/* Reads the fields of a row up to and with its newline. */
static enum tb_csv_answer read_row(struct tb_csv *c, struct tb_fault *fault)
{
    enum tb_csv_answer broken = TB_CSV_ROW;
    for (;;) {
        if (peek(c, fault) == '"') {
            c->in_at++;
            if (quoted_field(c, &broken, fault))
                after_quote(c, &broken, fault);
        } else {
            (void)plain_field(c, &broken, fault);
            if (peek(c, fault) != (uint8_t)c->limits.delimiter && broken == TB_CSV_ROW)
                drop_cr(c);
        }
        end_field(c, &broken);
        int next = peek(c, fault);
        if (next < 0)
            return broken;
        c->in_at++;
        if (next == '\n') {
            c->line++;
            return broken;
        }
    }
}

/* Empty lines hold no row. */
static bool skip_empty_lines(struct tb_csv *c, struct tb_fault *fault)
{
    for (;;) {
        int next = peek(c, fault);
        if (next < 0)
            return false;
        if (next == '\r') {
            /* Only CR LF is an empty line; a lone CR is content. Look one further. */
            if (c->in_at + 1 < c->in_n && c->in[c->in_at + 1] != '\n')
                return true;
            if (c->in_at + 1 == c->in_n)
                return true; /* read_row drops the CR; the row is then one empty field */
            c->in_at++;
        } else if (next != '\n') {
            return true;
        }
        c->in_at++;
        c->line++;
    }
}

enum tb_csv_answer tb_csv_next(struct tb_csv *c, struct tb_csv_row *row, struct tb_fault *fault)
{
    if (!c->begun)
        skip_mark(c, fault);
    c->begun = true;
    for (;;) {
        bool any = skip_empty_lines(c, fault);
        c->text_n = c->field_n = c->field_start = 0;
        row->line = c->line;
        row->number = c->number;
        row->n = 0;
        row->field = c->field;
        if (!any)
            return c->faulted ? TB_CSV_FAULT : TB_CSV_END;
        bool quoted = peek(c, fault) == '"';
        enum tb_csv_answer answer = read_row(c, fault);
        if (c->faulted)
            return TB_CSV_FAULT;
        if (answer == TB_CSV_ROW && !quoted && c->field_n == 1 && c->field[0].n == 0)
            continue; /* an empty line whose CR LF came in two pieces */
        row->number = ++c->number;
        row->n = answer == TB_CSV_ROW ? c->field_n : 0;
        return answer;
    }
}
