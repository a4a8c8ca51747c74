// SPDX-License-Identifier: Apache-2.0
/* What a finished program says about itself. */
#include "core/expr/code.h"
#include "core/expr/vm.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t fnv(uint64_t h, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * FNV_PRIME;
    return h;
}

static uint64_t fnv_u32(uint64_t h, uint32_t v)
{
    return fnv(h, &v, sizeof v);
}

static uint64_t fnv_str(uint64_t h, struct tb_str s)
{
    return fnv(fnv_u32(h, s.n), s.p, s.n);
}

static uint64_t fnv_decl(uint64_t h, const struct tb_expr_decl *d)
{
    h = fnv_str(h, d->name);
    return fnv_u32(fnv_u32(h, d->type), (uint32_t)d->slot << 16 | d->size_max);
}

uint64_t tb_expr_env_hash(const struct tb_expr_env *env)
{
    /* the rows of the built-in table and the operations are part of the contract */
    uint64_t h = fnv_u32(fnv_u32(FNV_START, tb_expr_builtin_count()), OP_COUNT);
    h = fnv_u32(h, env->n_variables);
    for (uint32_t i = 0; i < env->n_variables; i++)
        h = fnv_decl(h, &env->variable[i]);
    for (uint32_t i = 0; i < env->n_functions; i++) {
        const struct tb_expr_function *f = &env->function[i];
        h = fnv_str(h, f->name);
        h = fnv_u32(fnv_u32(h, f->result), (uint32_t)f->slot << 16 | f->size_max);
        h = fnv_u32(h, (uint32_t)f->cost << 16 | f->n_args);
        for (uint32_t k = 0; k < f->n_args; k++)
            h = fnv_u32(fnv_u32(h, f->arg[k].type), f->arg[k].window);
    }
    for (uint32_t i = 0; i < env->n_records; i++) {
        h = fnv_u32(fnv_str(h, env->record[i].name), env->record[i].n);
        for (uint32_t k = 0; k < env->record[i].n; k++)
            h = fnv_decl(h, &env->record[i].field[k]);
    }
    return h;
}

uint64_t tb_expr_program_hash(const struct tb_expr_program *p)
{
    size_t skip = offsetof(struct tb_expr_program, env_hash);
    return fnv(FNV_START, (const uint8_t *)p + skip, p->size - skip);
}

bool tb_expr_program_valid(const void *bytes, size_t n, const struct tb_expr_env *env)
{
    const struct tb_expr_program *p = bytes;
    if (n < sizeof *p || (uintptr_t)bytes % 8 != 0)
        return false;
    return p->format == TB_EXPR_FORMAT && p->size == n && p->hash == tb_expr_program_hash(p) &&
           p->env_hash == tb_expr_env_hash(env);
}

size_t tb_expr_program_size(const struct tb_expr_program *p)
{
    return p->size;
}

uint64_t tb_expr_program_cost(const struct tb_expr_program *p)
{
    return p->cost;
}

tb_expr_type tb_expr_program_type(const struct tb_expr_program *p)
{
    return p->type;
}

uint32_t tb_expr_program_uses(const struct tb_expr_program *p)
{
    return p->n_uses;
}

struct tb_expr_use tb_expr_program_use(const struct tb_expr_program *p, uint32_t index)
{
    tb_assert(index < p->n_uses);
    const struct tb_expr_stored_use *u = &tb_expr_uses_of(p)[index];
    struct tb_expr_use use = {u->slot, u->window_days, TB_STR_NONE};
    if (u->text != UINT16_MAX) {
        const struct tb_expr_const *k = &p->constant[u->text];
        use.text = (struct tb_str){tb_expr_text_of(p) + k->i, k->n};
    }
    return use;
}
