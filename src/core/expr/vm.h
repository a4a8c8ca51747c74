// SPDX-License-Identifier: Apache-2.0
/* core/expr/vm.h - the state of one evaluation, and the built-in functions. Private. */
#ifndef TB_CORE_EXPR_VM_H
#define TB_CORE_EXPR_VM_H

#include "core/expr/code.h"
#include "core/expr/value.h"

struct tb_expr_vm {
    struct tb_expr_run *run;
    uint64_t steps;
    uint64_t limit;
};

/* n bytes of the run's arena, or NULL. */
static inline void *tb_expr_take(struct tb_expr_vm *vm, size_t n)
{
    return vm->run->arena ? tb_arena_alloc(vm->run->arena, n ? n : 1) : NULL;
}

enum tb_expr_style { STYLE_GLOBAL = 1, STYLE_MEMBER = 2, STYLE_BOTH = 3 };

/* Reads arg[0..argc), writes the result over arg[0]. which tells variants apart. */
typedef enum tb_expr_code (*tb_expr_builtin_fn)(struct tb_expr_vm *vm, struct tb_expr_value *arg,
                                                uint32_t argc, int which);

struct tb_expr_builtin {
    const char *name;
    uint8_t style;
    uint8_t argc;
    uint8_t which;
    bool scans;          /* costs as many steps as its texts and lists are long */
    uint16_t result_max; /* size of the result; 0: as large as the first argument */
    tb_expr_type result;
    tb_expr_type arg[3];
    tb_expr_builtin_fn fn;
};

const struct tb_expr_builtin *tb_expr_builtin_at(uint32_t row);
uint32_t tb_expr_builtin_count(void);
/* The row of name for these argument types; an int may stand where a decimal is
 * wanted. Answers the row, or -1; *named says whether the name exists in that style. */
int tb_expr_builtin_find(struct tb_str name, enum tb_expr_style style, const tb_expr_type *type,
                         uint32_t argc, bool *named);

#endif
