// SPDX-License-Identifier: Apache-2.0
/* Values, types and codes as text for people. */
#include "core/expr/value.h"

static const struct {
    const char *name;
    const char *text;
} code_row[] = {
#define ROW(name, text) {#name, text},
    TB_EXPR_CODES(ROW)
#undef ROW
};

const char *tb_expr_code_name(enum tb_expr_code code)
{
    return (unsigned)code < TB_EXPR_CODE_COUNT ? code_row[code].name : "?";
}

const char *tb_expr_code_text(enum tb_expr_code code)
{
    return (unsigned)code < TB_EXPR_CODE_COUNT ? code_row[code].text : "?";
}

static void print_quoted(struct tb_buf *b, struct tb_str s)
{
    tb_buf_byte(b, '"');
    for (uint32_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '"' || c == '\\')
            tb_buf_byte(b, '\\');
        if (c < ' ')
            tb_buf_printf(b, "\\x%02x", c);
        else
            tb_buf_byte(b, c);
    }
    tb_buf_byte(b, '"');
}

static void print_scalar(struct tb_buf *b, const struct tb_expr_value *v)
{
    switch ((int)v->kind) {
    case TB_EXPR_NULL:
        tb_buf_c(b, "null");
        break;
    case TB_EXPR_BOOL:
        tb_buf_c(b, v->as.b ? "true" : "false");
        break;
    case TB_EXPR_INT:
        tb_buf_i64(b, v->as.i);
        break;
    case TB_EXPR_DECIMAL:
        tb_expr_decimal_print(b, tb_expr_decimal_from(v));
        break;
    case TB_EXPR_TIMESTAMP:
        tb_time_print(b, v->as.i);
        break;
    case TB_EXPR_DURATION:
        tb_expr_duration_print(b, v->as.i);
        break;
    default:
        tb_buf_c(b, "record");
    }
}

/* Recursion is as deep as the type, at most seven. */
static void print(struct tb_buf *b, const struct tb_expr_value *v, uint32_t depth)
{
    tb_assert(depth < 8);
    if (v->kind == TB_EXPR_STRING) {
        if (depth == 0)
            tb_buf_str(b, tb_expr_str(v));
        else
            print_quoted(b, tb_expr_str(v));
    } else if (v->kind == TB_EXPR_LIST) {
        tb_buf_byte(b, '[');
        for (uint32_t i = 0; i < v->n && !b->overflowed; i++) {
            struct tb_expr_value e = tb_expr_element(v, i);
            tb_buf_c(b, i ? ", " : "");
            print(b, &e, depth + 1);
        }
        tb_buf_byte(b, ']');
    } else if (v->kind == TB_EXPR_MAP) {
        tb_buf_byte(b, '{');
        for (uint32_t i = 0; i < v->n && !b->overflowed; i++) {
            tb_buf_c(b, i ? ", " : "");
            print_quoted(b, v->as.map[i].key);
            tb_buf_c(b, ": ");
            print(b, &v->as.map[i].value, depth + 1);
        }
        tb_buf_byte(b, '}');
    } else {
        print_scalar(b, v);
    }
}

void tb_expr_print(struct tb_buf *b, const struct tb_expr_value *v)
{
    print(b, v, 0);
}

void tb_expr_print_type(struct tb_buf *b, tb_expr_type type, const struct tb_expr_env *env)
{
    static const char *const name[16] = {"any",       "null",     "bool", "int", "decimal", "string",
                                         "timestamp", "duration", "list", "map", "record",  "?",
                                         "?",         "?",        "?",    "error"};
    uint32_t open = 0;
    for (;; type = tb_expr_inner(type), open++) {
        enum tb_expr_kind k = tb_expr_kind_of(type);
        if (k == TB_EXPR_RECORD && env && tb_expr_inner(type) < env->n_records)
            tb_buf_str(b, env->record[tb_expr_inner(type)].name);
        else
            tb_buf_c(b, name[k]);
        if (k != TB_EXPR_LIST && k != TB_EXPR_MAP)
            break;
        tb_buf_c(b, k == TB_EXPR_LIST ? "(" : "(string, ");
    }
    while (open--)
        tb_buf_byte(b, ')');
}

void tb_expr_locate(struct tb_str source, uint32_t offset, uint32_t *line, uint32_t *column)
{
    *line = 1;
    *column = 1;
    for (uint32_t i = 0; i < source.n && i < offset; i++) {
        if (source.p[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((source.p[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}
