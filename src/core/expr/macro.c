// SPDX-License-Identifier: Apache-2.0
/* has() and the comprehension macros (langdef.md, "Macros"). */
#include "core/expr/compile.h"

int tb_expr_macro_named(struct tb_str name)
{
    static const char *const text[] = {
        [MACRO_ALL] = "all",
        [MACRO_EXISTS] = "exists",
        [MACRO_EXISTS_ONE] = "exists_one",
        [MACRO_FILTER] = "filter",
        [MACRO_MAP] = "map",
    };
    for (size_t i = 0; i < TB_COUNT_OF(text); i++)
        if (tb_str_eq_c(name, text[i]))
            return (int)i;
    return -1;
}

bool tb_expr_parse_has(struct tb_expr_compiler *c, uint32_t offset, struct tb_expr_operand *out)
{
    struct tb_expr_emit *e = &c->e;
    if (!tb_expr_parse(c, out) || !tb_expr_expect(c, ')', ")"))
        return false;
    uint8_t op = out->load >= 0 ? e->code[out->load].op : OP_NOP;
    if ((op != OP_FIELD && op != OP_MAP_FIELD) || (uint32_t)out->load + 1 != e->n_code)
        return tb_expr_fail(c, TB_EXPR_WRONG_ARGUMENTS, offset, "has() takes a field like r.f");
    e->code[out->load].mode = MODE_HAS;
    out->type = TB_EXPR_BOOL;
    out->load = -1;
    out->offset = offset;
    return true;
}

/* Brings the loop variable into scope; its value is on top of the stack. */
static bool declare(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                    tb_expr_type range)
{
    if (tb_expr_lex_reserved(name))
        return tb_expr_fail(c, TB_EXPR_SYNTAX, offset, "'%.*s' is a reserved word",
                            TB_STR_ARG(name));
    if (c->n_locals == TB_EXPR_DEPTH_MAX)
        return tb_expr_fail(c, TB_EXPR_TOO_DEEP, offset, "macros are nested too deeply");
    tb_expr_type type =
        tb_expr_kind_of(range) == TB_EXPR_MAP ? (tb_expr_type)TB_EXPR_STRING : tb_expr_inner(range);
    c->local[c->n_locals++] = (struct tb_expr_local){name, type, (uint16_t)(c->e.depth - 1)};
    return true;
}

static bool loop_variable(struct tb_expr_compiler *c, tb_expr_type range)
{
    struct tb_expr_token t = c->x.token;
    return tb_expr_expect(c, T_NAME, "the name of a variable") &&
           tb_expr_expect(c, ',', "a comma") && declare(c, t.text, t.pos, range);
}

static bool must_be_bool(struct tb_expr_compiler *c, const struct tb_expr_operand *body)
{
    return body->type == TB_EXPR_BOOL ||
           tb_expr_fail(c, TB_EXPR_WRONG_TYPE, body->offset, "a condition must stand here");
}

/* The body, or for map(x, p, e) the condition and the body. *skip: its OP_LOOP_SKIP. */
static bool loop_body(struct tb_expr_compiler *c, int macro, struct tb_expr_operand *body,
                      uint32_t *skip)
{
    struct tb_expr_emit *e = &c->e;
    uint32_t first = e->n_code;
    if (!tb_expr_parse(c, body))
        return false;
    if (macro == MACRO_MAP && c->x.token.type == ',') {
        if (!must_be_bool(c, body) || !tb_expr_advance(c))
            return false;
        *skip = e->n_code;
        tb_expr_emit(e, OP_LOOP_SKIP, -1, body->offset);
        if (!tb_expr_parse(c, body))
            return false;
    }
    if (macro != MACRO_MAP && !must_be_bool(c, body))
        return false;
    if (macro == MACRO_ALL || macro == MACRO_EXISTS)
        tb_expr_emit_handler(e, first, e->n_code, e->depth - 1);
    return tb_expr_expect(c, ')', ")");
}

/* What the macro makes of range and body. */
static bool describe(struct tb_expr_compiler *c, int macro, uint32_t offset,
                     const struct tb_expr_operand *body, struct tb_expr_operand *range)
{
    if (macro == MACRO_MAP) {
        if (body->type >> 28)
            return tb_expr_fail(c, TB_EXPR_TOO_DEEP, offset, "lists are nested too deeply");
        range->type = TB_EXPR_LIST_OF(body->type);
    } else if (macro != MACRO_FILTER) {
        range->type = TB_EXPR_BOOL;
    } else if (tb_expr_kind_of(range->type) == TB_EXPR_MAP) {
        range->type = TB_EXPR_LIST_OF(TB_EXPR_STRING);
    }
    range->load = range->constant = -1;
    range->const_list = false;
    return true;
}

bool tb_expr_parse_macro(struct tb_expr_compiler *c, int macro, uint32_t offset,
                         struct tb_expr_operand *range)
{
    struct tb_expr_emit *e = &c->e;
    enum tb_expr_kind kind = tb_expr_kind_of(range->type);
    struct tb_expr_operand body;
    uint32_t skip = 0;
    if (kind != TB_EXPR_LIST && kind != TB_EXPR_MAP)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, offset, "only lists and maps have this macro");
    uint8_t element = kind == TB_EXPR_MAP ? (uint8_t)TB_EXPR_STRING
                                          : (uint8_t)tb_expr_kind_of(tb_expr_inner(range->type));
    uint32_t begin = e->n_code;
    tb_expr_emit(e, OP_LOOP_BEGIN, 3, offset);
    uint64_t before = e->cost;
    e->cost = 0;
    uint32_t first = e->n_code;
    if (!loop_variable(c, range->type) || !loop_body(c, macro, &body, &skip))
        return false;
    c->n_locals--;
    uint32_t take = e->n_code;
    tb_expr_emit(e, OP_LOOP_TAKE, -1, offset);
    uint32_t step = e->n_code;
    tb_expr_emit(e, OP_LOOP_STEP, -3, offset);
    e->code[begin].mode = e->code[take].mode = e->code[step].mode = (uint8_t)macro;
    e->code[begin].kind = e->code[step].kind = element;
    e->code[begin].c = e->code[take].c = (uint16_t)e->n_code;
    e->code[step].c = (uint16_t)first;
    if (skip)
        e->code[skip].c = (uint16_t)step;
    uint64_t loop = tb_expr_cost_mul(e->cost, range->size);
    if (loop > c->dearest) {
        c->dearest = loop;
        c->dearest_offset = offset;
    }
    e->cost = tb_expr_cost_add(before, loop);
    return describe(c, macro, offset, &body, range);
}
