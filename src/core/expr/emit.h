// SPDX-License-Identifier: Apache-2.0
/* core/expr/emit.h - collecting a program while it is compiled. Private.
 *
 * Bounded: what does not fit sets full and goes to a scratch place, so a caller checks
 * once at the end. Keeps the static depth of the stack and the static cost.          */
#ifndef TB_CORE_EXPR_EMIT_H
#define TB_CORE_EXPR_EMIT_H

#include "core/expr/code.h"

#define TB_EXPR_COST_CAP (UINT64_C(1) << 62)

struct tb_expr_emit {
    struct tb_expr_insn code[TB_EXPR_CODE_CAP + 1]; /* the last one is the scratch place */
    struct tb_expr_place place[TB_EXPR_CODE_CAP + 1];
    struct tb_expr_const constant[TB_EXPR_CONST_CAP];
    struct tb_expr_handler handler[TB_EXPR_HANDLER_CAP];
    struct tb_expr_stored_use use[TB_EXPR_USE_CAP];
    char text[TB_EXPR_SOURCE_MAX];
    uint32_t n_code;
    uint32_t n_const;
    uint32_t n_handlers;
    uint32_t n_uses;
    uint32_t n_text;
    uint32_t depth; /* of the stack, after the last instruction */
    uint32_t depth_max;
    uint64_t cost;
    bool full;
};

void tb_expr_emit_init(struct tb_expr_emit *e);
/* Adds an instruction that changes the stack by grow and costs one step. */
struct tb_expr_insn *tb_expr_emit(struct tb_expr_emit *e, enum tb_expr_op op, int grow,
                                  uint32_t offset);
void tb_expr_emit_cost(struct tb_expr_emit *e, uint64_t steps);
/* sum and product that stop at TB_EXPR_COST_CAP */
uint64_t tb_expr_cost_add(uint64_t a, uint64_t b);
uint64_t tb_expr_cost_mul(uint64_t a, uint64_t b);
/* Indices; equal constants share one. */
uint16_t tb_expr_emit_number(struct tb_expr_emit *e, uint8_t kind, uint8_t scale, int64_t v);
uint16_t tb_expr_emit_text(struct tb_expr_emit *e, struct tb_str s);
struct tb_str tb_expr_emit_text_at(const struct tb_expr_emit *e, uint16_t constant);
/* Errors of [first, n_code) that no inner handler catches go to target with depth. */
void tb_expr_emit_handler(struct tb_expr_emit *e, uint32_t first, uint32_t target, uint32_t depth);
void tb_expr_emit_use(struct tb_expr_emit *e, uint16_t slot, uint16_t window_days, uint16_t text);
/* Writes the finished program; NULL when it was full or cap is too small. */
const struct tb_expr_program *tb_expr_emit_pack(const struct tb_expr_emit *e, tb_expr_type type,
                                                uint64_t env_hash, void *region, size_t cap);

#endif
