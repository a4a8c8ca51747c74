// SPDX-License-Identifier: Apache-2.0
/* core/expr/code.h - the program: its instructions and its layout in bytes.
 *
 * Private to core/expr. A stack machine: the depth of the stack at every instruction
 * is known when compiling. Errors cost nothing until one happens: place[] names for
 * every instruction the handler that catches its error (the innermost operand of ||,
 * && or the body of all/exists around it); a handler cuts the stack to its depth,
 * pushes the error as a value and goes to its target. Only OR, AND, OR_ELSE, AND_ELSE
 * and LOOP_TAKE ever meet such a value.
 *
 * Layout: header, constants, code, places, handlers, uses, text; no pointers.        */
#ifndef TB_CORE_EXPR_CODE_H
#define TB_CORE_EXPR_CODE_H

#include "core/expr/expr.h"

#define TB_EXPR_FORMAT 1u
#define TB_EXPR_CODE_CAP 2500u
#define TB_EXPR_CONST_CAP 400u
#define TB_EXPR_HANDLER_CAP 800u
#define TB_EXPR_USE_CAP 200u
#define TB_EXPR_STACK_CAP 192u
#define TB_EXPR_NO_HANDLER UINT16_MAX

/* Three groups, in this order: what makes values, what combines them, what decides
 * where to go on. */
enum tb_expr_op {
    OP_CONST,     /* b: constant */
    OP_LOCAL,     /* b: place in the stack */
    OP_LOAD,      /* b: slot, c: size_max, kind, mode */
    OP_FIELD,     /* the same, for the record on top */
    OP_CALL,      /* the same, with argc values on top */
    OP_CHARGE,    /* b: steps */
    OP_MAP_FIELD, /* b: constant key, kind, mode */
    OP_INDEX_LIST,
    OP_INDEX_MAP,
    OP_LIST_NEW, /* b: elements to come */
    OP_LIST_PUT, /* mode 1: an int becomes a decimal; c: the one before, when compiling */
    OP_MAP_NEW,  /* b: entries to come */
    OP_MAP_PUT,  /* as OP_LIST_PUT */
    OP_BUILTIN,  /* b: row of the table in builtin.c, argc */
    OP_LAST_LOAD = OP_BUILTIN,

    OP_NOT,
    OP_NEG, /* int and decimal */
    OP_TO_DEC, /* b: 0 the top, 1 the one under it, ... */
    OP_NOP,
    OP_ADD_INT,
    OP_SUB_INT,
    OP_MUL_INT,
    OP_DIV_INT,
    OP_MOD_INT,
    OP_ADD_DEC,
    OP_SUB_DEC,
    OP_MUL_DEC,
    OP_DIV_DEC,
    OP_ADD_TIME, /* kind: of the result */
    OP_SUB_TIME,
    OP_ADD_STR,
    OP_ADD_LIST,
    OP_CMP_I64, /* mode: enum tb_expr_cmp; ints, times, bools */
    OP_CMP_DEC,
    OP_CMP_STR,
    OP_EQ_ANY, /* mode: CMP_EQ or CMP_NE */
    OP_IN_LIST,
    OP_IN_MAP,
    OP_LAST_OPERATOR = OP_IN_MAP,

    OP_END,
    OP_IN_CONSTS,  /* b: how many OP_CONST follow as data */
    OP_OR_ELSE,    /* c: target when the top is true */
    OP_OR,
    OP_AND_ELSE,   /* c: target when the top is false */
    OP_AND,
    OP_JUMP,       /* c: target */
    OP_JUMP_FALSE, /* c: target; pops */
    OP_LOOP_BEGIN, /* mode: enum tb_expr_macro, kind: of the element, c: end */
    OP_LOOP_TAKE,  /* mode, c: end */
    OP_LOOP_SKIP,  /* c: OP_LOOP_STEP; pops */
    OP_LOOP_STEP,  /* mode, kind, c: body */
    OP_COUNT
};

enum tb_expr_cmp { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };
enum tb_expr_macro { MACRO_ALL, MACRO_EXISTS, MACRO_EXISTS_ONE, MACRO_FILTER, MACRO_MAP };
/* How a load treats what is not there: an error, false/true (has), or null. */
enum tb_expr_mode { MODE_VALUE, MODE_HAS, MODE_OR_NULL };

struct tb_expr_insn {
    uint8_t op;
    uint8_t kind;
    uint8_t mode;
    uint8_t argc;
    uint16_t b;
    uint16_t c;
};

struct tb_expr_place {
    uint16_t offset;  /* in the source */
    uint16_t handler; /* or TB_EXPR_NO_HANDLER */
};

struct tb_expr_handler {
    uint16_t target;
    uint16_t depth;
};

struct tb_expr_const {
    uint8_t kind;
    uint8_t scale;
    uint16_t zero;
    uint32_t n;
    int64_t i; /* string: offset in the text */
};

struct tb_expr_stored_use {
    uint16_t slot;
    uint16_t window_days;
    uint16_t text; /* constant, or UINT16_MAX */
    uint16_t zero;
};

struct tb_expr_program {
    uint32_t format;
    uint32_t size; /* bytes, all of it */
    uint64_t hash; /* of everything after this field */
    uint64_t env_hash;
    uint64_t cost;
    uint32_t type;
    uint16_t n_const;
    uint16_t n_code;
    uint16_t n_handlers;
    uint16_t n_uses;
    uint32_t n_text;
    struct tb_expr_const constant[];
};

static inline const struct tb_expr_insn *tb_expr_code_of(const struct tb_expr_program *p)
{
    return (const struct tb_expr_insn *)(const void *)(p->constant + p->n_const);
}

static inline const struct tb_expr_place *tb_expr_places_of(const struct tb_expr_program *p)
{
    return (const struct tb_expr_place *)(const void *)(tb_expr_code_of(p) + p->n_code);
}

static inline const struct tb_expr_handler *tb_expr_handlers_of(const struct tb_expr_program *p)
{
    return (const struct tb_expr_handler *)(const void *)(tb_expr_places_of(p) + p->n_code);
}

static inline const struct tb_expr_stored_use *tb_expr_uses_of(const struct tb_expr_program *p)
{
    return (const struct tb_expr_stored_use *)(const void *)(tb_expr_handlers_of(p) +
                                                             p->n_handlers);
}

static inline const char *tb_expr_text_of(const struct tb_expr_program *p)
{
    return (const char *)(tb_expr_uses_of(p) + p->n_uses);
}

/* FNV-1a of everything after the hash field. */
uint64_t tb_expr_program_hash(const struct tb_expr_program *p);

#endif
