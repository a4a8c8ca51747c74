// SPDX-License-Identifier: Apache-2.0
/* core/expr/compile.h - what the parts of the compiler share. Private.
 *
 * One pass: parsing, checking and emitting go together, so there is no tree. Every
 * parse function leaves its value on top of the static stack and describes it in a
 * struct operand; false means that the problem is set.                               */
#ifndef TB_CORE_EXPR_COMPILE_H
#define TB_CORE_EXPR_COMPILE_H

#include "core/expr/emit.h"
#include "core/expr/lex.h"
#include "core/expr/vm.h"

#define TB_EXPR_CALL_ARGS 8u

struct tb_expr_operand {
    tb_expr_type type;
    uint32_t size;   /* at most so many bytes or elements */
    uint32_t offset; /* in the source */
    uint32_t first;  /* its first instruction */
    int load;        /* the load that ends it and may be told to bear absence, or -1 */
    int constant;    /* it is the one instruction OP_CONST of this constant, or -1 */
    bool const_list; /* a list literal of constants */
};

struct tb_expr_local {
    struct tb_str name;
    tb_expr_type type;
    uint16_t place;
};

struct tb_expr_compiler {
    const struct tb_expr_env *env;
    struct tb_expr_problem *problem;
    struct tb_expr_lexer x;
    uint32_t depth;
    uint32_t n_locals;
    struct tb_expr_local local[TB_EXPR_DEPTH_MAX];
    uint64_t dearest; /* cost of the dearest loop, and where it is */
    uint32_t dearest_offset;
    struct tb_expr_emit e;
};

/* check.c */
bool tb_expr_fail(struct tb_expr_compiler *c, enum tb_expr_code code, uint32_t offset,
                  const char *fmt, ...) TB_PRINTF(4, 5);
struct tb_expr_operand tb_expr_operand_at(const struct tb_expr_compiler *c, tb_expr_type type,
                                          uint32_t offset);
/* Makes an int a decimal; o is under `under` other values. */
void tb_expr_promote(struct tb_expr_compiler *c, struct tb_expr_operand *o, uint32_t under);
/* What one of two branches can be together; *promote_a, *promote_b: an int must follow. */
TB_MUST_USE bool tb_expr_join(tb_expr_type a, tb_expr_type b, tb_expr_type *out, bool *promote_a,
                              bool *promote_b);
/* The operator between two operands on top; left becomes the result. */
TB_MUST_USE bool tb_expr_check_binary(struct tb_expr_compiler *c, int op, uint32_t offset,
                                      struct tb_expr_operand *left,
                                      struct tb_expr_operand *right);
bool tb_expr_wrong_types(struct tb_expr_compiler *c, const char *op, uint32_t offset,
                         tb_expr_type a, tb_expr_type b);

/* parse.c */
TB_MUST_USE bool tb_expr_parse(struct tb_expr_compiler *c, struct tb_expr_operand *out);
TB_MUST_USE bool tb_expr_advance(struct tb_expr_compiler *c);
TB_MUST_USE bool tb_expr_expect(struct tb_expr_compiler *c, int type, const char *what);

/* call.c: the current token is the one after "(" */
TB_MUST_USE bool tb_expr_call_global(struct tb_expr_compiler *c, struct tb_str name,
                                     uint32_t offset, struct tb_expr_operand *out);
TB_MUST_USE bool tb_expr_call_member(struct tb_expr_compiler *c, struct tb_str name,
                                     uint32_t offset, struct tb_expr_operand *receiver);

/* macro.c */
int tb_expr_macro_named(struct tb_str name); /* enum tb_expr_macro or -1 */
TB_MUST_USE bool tb_expr_parse_macro(struct tb_expr_compiler *c, int macro, uint32_t offset,
                                     struct tb_expr_operand *range);
TB_MUST_USE bool tb_expr_parse_has(struct tb_expr_compiler *c, uint32_t offset,
                                   struct tb_expr_operand *out);

#endif
