// SPDX-License-Identifier: Apache-2.0
/* From text to program: the frame around the parser, and the last checks. */
#include "core/expr/compile.h"

/* The whole text is one expression of the wanted type. */
static bool whole(struct tb_expr_compiler *c, tb_expr_type wanted, tb_expr_type *type)
{
    struct tb_expr_operand o;
    if (!tb_expr_advance(c) || !tb_expr_parse(c, &o))
        return false;
    if (c->x.token.type != T_END) {
        int n = c->x.token.text.n < 40 ? (int)c->x.token.text.n : 40;
        if (c->x.token.type == T_STRING)
            n = 0;
        return tb_expr_fail(c, TB_EXPR_SYNTAX, c->x.token.pos, "the text should end before '%.*s'",
                            n, c->x.token.text.p);
    }
    if (o.type == TB_EXPR_INT && wanted == TB_EXPR_DECIMAL)
        tb_expr_promote(c, &o, 0);
    if (!tb_expr_unify(o.type, wanted, type))
        return tb_expr_wrong_types(c, "the place of this expression", o.offset, wanted, o.type);
    tb_expr_emit(&c->e, OP_END, -1, o.offset);
    return true;
}

static const struct tb_expr_program *compile(struct tb_expr_compiler *c,
                                             const struct tb_expr_options *options, void *region,
                                             size_t cap)
{
    tb_expr_type type;
    if (!whole(c, options->result, &type))
        return NULL;
    if (options->cost_max && c->e.cost > options->cost_max) {
        (void)tb_expr_fail(c, TB_EXPR_COST, c->dearest_offset,
                           "this may take %llu steps, allowed are %llu",
                           (unsigned long long)c->e.cost, (unsigned long long)options->cost_max);
        return NULL;
    }
    bool fits = !c->e.full && c->e.depth_max < TB_EXPR_STACK_CAP - 4;
    const struct tb_expr_program *p =
        fits ? tb_expr_emit_pack(&c->e, type, tb_expr_env_hash(c->env), region, cap) : NULL;
    if (p == NULL)
        (void)tb_expr_fail(c, TB_EXPR_PROGRAM_TOO_LARGE, 0, "the expression is too large");
    return p;
}

const struct tb_expr_program *tb_expr_compile(const struct tb_expr_env *env, struct tb_str source,
                                              const struct tb_expr_options *options, void *region,
                                              size_t cap, struct tb_expr_problem *problem)
{
    tb_assert(env->n_records <= 256);
    tb_assert((uintptr_t)region % 8 == 0);
    struct tb_expr_compiler c;
    c.env = env;
    c.problem = problem;
    c.depth = c.n_locals = 0;
    c.dearest = 0;
    c.dearest_offset = 0;
    *problem = (struct tb_expr_problem){.line = 1, .column = 1};
    tb_expr_lex_init(&c.x, source);
    tb_expr_emit_init(&c.e);
    if (source.n > TB_EXPR_SOURCE_MAX) {
        (void)tb_expr_fail(&c, TB_EXPR_SOURCE_TOO_LONG, TB_EXPR_SOURCE_MAX, "%s",
                           tb_expr_code_text(TB_EXPR_SOURCE_TOO_LONG));
        return NULL;
    }
    if (!tb_utf8_valid(source)) {
        (void)tb_expr_fail(&c, TB_EXPR_NOT_UTF8, 0, "%s", tb_expr_code_text(TB_EXPR_NOT_UTF8));
        return NULL;
    }
    return compile(&c, options, region, cap);
}
