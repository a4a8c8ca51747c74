// SPDX-License-Identifier: Apache-2.0
/* Arbitrary text as an expression: no crash, a problem that points into the text, and
 * an evaluation that stays within the cost that was promised when compiling. Where the
 * first byte says so, a program is also run with little memory and few steps.       */
#include <stdlib.h>

#include "unit/test_expr_env.h"

#define COST_MAX 200000u

static uint64_t region[TB_EXPR_PROGRAM_MAX / 8];
static uint64_t memory[1 << 17];

/* Values depend on the slot and on how; every kind is the declared one. */
static bool resolve(void *user, uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                    struct tb_expr_value *out)
{
    uint32_t how = *(const uint32_t *)user;
    if ((how >> (slot % 16)) & 1)
        return false;
    if (slot == SLOT_NET || slot == SLOT_PRICE) {
        *out = tb_expr_of_int(how & 0x10000 ? INT64_MIN : INT64_MAX);
        return true;
    }
    return test_resolve(NULL, slot, args, argc, out);
}

static void evaluate(const struct tb_expr_program *p, uint32_t how)
{
    static char text[1 << 16];
    struct tb_arena arena;
    tb_arena_init(&arena, memory, how & 0x20000 ? 256 : sizeof memory);
    struct tb_expr_run run = {.resolve = resolve,
                              .user = &how,
                              .arena = &arena,
                              .zone = &tb_zone_utc,
                              .step_max = how & 0x40000 ? 20 : 0};
    struct tb_expr_value v;
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    uint64_t cost = tb_expr_program_cost(p);
    if (tb_expr_eval(p, &run, &v)) {
        tb_assert(run.steps <= cost);
        tb_assert(v.kind == (tb_expr_program_type(p) & 15u) || v.kind == TB_EXPR_NULL);
        tb_expr_print(&b, &v);
    } else {
        tb_assert(run.error > TB_EXPR_COST && run.error < TB_EXPR_CODE_COUNT);
        tb_assert(run.error_offset <= TB_EXPR_SOURCE_MAX);
        tb_assert(run.error != TB_EXPR_STEPS || run.step_max);
    }
    tb_assert(run.steps <= 2 * cost + 70000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint32_t how = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
    /* a copy of exact size, so that reading past its end is seen */
    size_t n = size - 3;
    char *text = malloc(n ? n : 1);
    memcpy(text, data + 3, n);
    struct tb_str source = {text, (uint32_t)n};
    struct tb_expr_options options = {.cost_max = COST_MAX};
    struct tb_expr_problem problem;
    const struct tb_expr_program *p =
        tb_expr_compile(&test_env, source, &options, region, sizeof region, &problem);
    if (p == NULL) {
        tb_assert(problem.code > TB_EXPR_OK && problem.code <= TB_EXPR_COST);
        tb_assert(problem.offset <= n && problem.line >= 1 && problem.column >= 1);
        tb_assert(memchr(problem.text, 0, sizeof problem.text) && problem.text[0]);
    } else {
        tb_assert(tb_expr_program_valid(p, tb_expr_program_size(p), &test_env));
        tb_assert(tb_expr_program_cost(p) <= COST_MAX);
        for (uint32_t i = 0; i < tb_expr_program_uses(p); i++)
            (void)tb_expr_program_use(p, i);
        evaluate(p, 0);
        evaluate(p, how);
    }
    free(text);
    return 0;
}
