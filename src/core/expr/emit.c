// SPDX-License-Identifier: Apache-2.0
#include "core/expr/emit.h"

#include <string.h>

_Static_assert(sizeof(struct tb_expr_insn) == 8, "the layout is stored");
_Static_assert(sizeof(struct tb_expr_const) == 16, "the layout is stored");
_Static_assert(sizeof(struct tb_expr_program) % 8 == 0, "constants must be aligned");
_Static_assert(sizeof(struct tb_expr_program) + TB_EXPR_CONST_CAP * 16 + TB_EXPR_CODE_CAP * 12 +
                       TB_EXPR_HANDLER_CAP * 4 + TB_EXPR_USE_CAP * 8 + TB_EXPR_SOURCE_MAX <=
                   TB_EXPR_PROGRAM_MAX,
               "the promise of expr.h");

void tb_expr_emit_init(struct tb_expr_emit *e)
{
    e->n_code = e->n_const = e->n_handlers = e->n_uses = e->n_text = 0;
    e->depth = e->depth_max = 0;
    e->cost = 0;
    e->full = false;
}

uint64_t tb_expr_cost_add(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_add_overflow(a, b, &r) || r > TB_EXPR_COST_CAP ? TB_EXPR_COST_CAP : r;
}

uint64_t tb_expr_cost_mul(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_mul_overflow(a, b, &r) || r > TB_EXPR_COST_CAP ? TB_EXPR_COST_CAP : r;
}

void tb_expr_emit_cost(struct tb_expr_emit *e, uint64_t steps)
{
    e->cost = tb_expr_cost_add(e->cost, steps);
}

struct tb_expr_insn *tb_expr_emit(struct tb_expr_emit *e, enum tb_expr_op op, int grow,
                                  uint32_t offset)
{
    tb_assert(grow >= 0 || e->depth >= (uint32_t)-grow);
    tb_assert(offset <= TB_EXPR_SOURCE_MAX);
    uint32_t at = e->n_code;
    if (at < TB_EXPR_CODE_CAP)
        e->n_code++;
    else
        e->full = true;
    e->code[at] = (struct tb_expr_insn){.op = (uint8_t)op};
    e->place[at] = (struct tb_expr_place){(uint16_t)offset, TB_EXPR_NO_HANDLER};
    e->depth = (uint32_t)((int)e->depth + grow);
    if (e->depth > e->depth_max)
        e->depth_max = e->depth;
    tb_expr_emit_cost(e, 1);
    return &e->code[at];
}

static uint16_t add_const(struct tb_expr_emit *e, struct tb_expr_const k)
{
    if (e->n_const == TB_EXPR_CONST_CAP) {
        e->full = true;
        return 0;
    }
    e->constant[e->n_const] = k;
    return (uint16_t)e->n_const++;
}

uint16_t tb_expr_emit_number(struct tb_expr_emit *e, uint8_t kind, uint8_t scale, int64_t v)
{
    tb_assert(kind != TB_EXPR_STRING);
    for (uint32_t i = 0; i < e->n_const; i++)
        if (e->constant[i].kind == kind && e->constant[i].scale == scale && e->constant[i].i == v)
            return (uint16_t)i;
    return add_const(e, (struct tb_expr_const){.kind = kind, .scale = scale, .i = v});
}

struct tb_str tb_expr_emit_text_at(const struct tb_expr_emit *e, uint16_t constant)
{
    const struct tb_expr_const *k = &e->constant[constant];
    tb_assert(k->kind == TB_EXPR_STRING);
    return (struct tb_str){e->text + k->i, k->n};
}

uint16_t tb_expr_emit_text(struct tb_expr_emit *e, struct tb_str s)
{
    for (uint32_t i = 0; i < e->n_const; i++)
        if (e->constant[i].kind == TB_EXPR_STRING &&
            tb_str_eq(tb_expr_emit_text_at(e, (uint16_t)i), s))
            return (uint16_t)i;
    tb_assert(s.n <= TB_EXPR_SOURCE_MAX - e->n_text); /* texts are shorter than their literals */
    struct tb_expr_const k = {.kind = TB_EXPR_STRING, .n = s.n, .i = e->n_text};
    if (s.n)
        memcpy(e->text + e->n_text, s.p, s.n);
    e->n_text += s.n;
    uint16_t index = add_const(e, k);
    if (e->full)
        e->n_text -= s.n;
    return index;
}

void tb_expr_emit_handler(struct tb_expr_emit *e, uint32_t first, uint32_t target, uint32_t depth)
{
    if (e->n_handlers == TB_EXPR_HANDLER_CAP) {
        e->full = true;
        return;
    }
    uint16_t index = (uint16_t)e->n_handlers++;
    e->handler[index] = (struct tb_expr_handler){(uint16_t)target, (uint16_t)depth};
    for (uint32_t i = first; i < e->n_code; i++)
        if (e->place[i].handler == TB_EXPR_NO_HANDLER)
            e->place[i].handler = index;
}

void tb_expr_emit_use(struct tb_expr_emit *e, uint16_t slot, uint16_t window_days, uint16_t text)
{
    for (uint32_t i = 0; i < e->n_uses; i++)
        if (e->use[i].slot == slot && e->use[i].window_days == window_days &&
            e->use[i].text == text)
            return;
    if (e->n_uses == TB_EXPR_USE_CAP) {
        e->full = true;
        return;
    }
    e->use[e->n_uses++] = (struct tb_expr_stored_use){slot, window_days, text, 0};
}

const struct tb_expr_program *tb_expr_emit_pack(const struct tb_expr_emit *e, tb_expr_type type,
                                                uint64_t env_hash, void *region, size_t cap)
{
    tb_assert((uintptr_t)region % 8 == 0);
    tb_assert(e->depth_max <= TB_EXPR_STACK_CAP);
    struct tb_expr_program head = {
        .format = TB_EXPR_FORMAT,
        .env_hash = env_hash,
        .cost = e->cost,
        .type = type,
        .n_const = (uint16_t)e->n_const,
        .n_code = (uint16_t)e->n_code,
        .n_handlers = (uint16_t)e->n_handlers,
        .n_uses = (uint16_t)e->n_uses,
        .n_text = e->n_text,
    };
    struct tb_buf b;
    tb_buf_init(&b, region, cap);
    tb_buf_put(&b, &head, sizeof head);
    tb_buf_put(&b, e->constant, e->n_const * sizeof e->constant[0]);
    tb_buf_put(&b, e->code, e->n_code * sizeof e->code[0]);
    tb_buf_put(&b, e->place, e->n_code * sizeof e->place[0]);
    tb_buf_put(&b, e->handler, e->n_handlers * sizeof e->handler[0]);
    tb_buf_put(&b, e->use, e->n_uses * sizeof e->use[0]);
    tb_buf_put(&b, e->text, e->n_text);
    if (b.overflowed || e->full)
        return NULL;
    struct tb_expr_program *p = region;
    p->size = (uint32_t)b.n;
    p->hash = tb_expr_program_hash(p);
    return p;
}
