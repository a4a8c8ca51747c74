// SPDX-License-Identifier: Apache-2.0
/* core/catalog/rule.c - earn, tier, enrolment and payment rules.
 *
 * The event keeps the sources; the programs are made of them again when the event is
 * folded, so that the journal does not depend on the compiler. Invariant: a stored
 * program was compiled against the tenant's first tb_rule.attributes attributes.       */
#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"

#include <string.h>

static bool needs_unit(int64_t kind)
{
    return kind == TB_RULE_EARN || kind == TB_RULE_ENROL || kind == TB_RULE_PAY;
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_rule_put *in)
{
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "kind", in->kind, 0, TB_RULE_KINDS - 1);
    tb_check(p, needs_unit(in->kind) == (in->unit.n > 0), "unit");
    tb_check(p, (in->kind == TB_RULE_TIER) == (in->scheme.n > 0), "scheme");
    tb_check(p, in->condition.n <= TB_EXPR_SOURCE_MAX, "condition");
    tb_check(p, in->amount.n >= 1 && in->amount.n <= TB_EXPR_SOURCE_MAX, "amount");
    tb_check_range(p, "from", in->from_ms, 0, TB_MS_MAX);
    tb_check(p, in->until_ms == 0 || (in->until_ms > in->from_ms && in->until_ms <= TB_MS_MAX),
             "until");
    tb_check_range(p, "priority", in->priority, 0, 1000000);
}

/* ---- compiling --------------------------------------------------------------------------- */

static void refuse_expression(struct tb_put_run *p, const char *field,
                              const struct tb_expr_problem *problem)
{
    tb_put_refuse(p, TB_CODE_EXPRESSION, field);
    struct tb_buf *body = &p->a->body;
    body->n = 0;
    tb_wire_put_uint(body, 1, problem->offset);
    tb_wire_put_uint(body, 2, problem->line);
    tb_wire_put_uint(body, 3, problem->column);
    tb_wire_put_bytes(body, 4, tb_str_of(problem->text));
}

static bool tier_known(const struct tb_txn *t, struct tb_str code)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_TIER_SCHEME, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_block *b = tb_read(t, TB_KIND_TIER_SCHEME, list[i].id);
        const struct tb_tier *tier = tb_section(t, b, TB_SCHEME_TIER);
        for (uint32_t k = 0; k < b->n[TB_SCHEME_TIER]; k++)
            if (tb_str_eq(tb_config_text(t, b, tier[k].code), code))
                return true;
    }
    return false;
}

static bool tender_known(struct tb_str name)
{
    for (uint32_t i = 0; i < TB_TENDER_KINDS; i++)
        if (tb_str_eq_c(name, tb_tender_name(i)))
            return true;
    return false;
}

/* What the expression names by a literal must exist: a misspelt code would never hold. */
static bool use_known(const struct tb_put_run *p, const struct tb_expr_use *use)
{
    if (use->text.p == NULL)
        return true;
    switch (use->slot) {
    case TB_SLOT_BALANCE:
        return tb_catalog_code(p->t, p->tenant, TB_KIND_UNIT, use->text) != 0;
    case TB_SLOT_CONSENTS:
        return tb_catalog_code(p->t, p->tenant, TB_KIND_PURPOSE, use->text) != 0;
    case TB_SLOT_IN_TIER:
        return tier_known(p->t, use->text);
    case TB_SLOT_PAID_BY:
        return tender_known(use->text);
    default:
        return true;
    }
}

static void check_uses(struct tb_put_run *p, const char *field, struct tb_str source,
                       const struct tb_expr_program *program)
{
    for (uint32_t i = 0; i < tb_expr_program_uses(program) && !p->refused; i++) {
        struct tb_expr_use use = tb_expr_program_use(program, i);
        if (use_known(p, &use))
            continue;
        const char *at = use.text.n ? memmem(source.p, source.n, use.text.p, use.text.n) : NULL;
        struct tb_expr_problem problem = {.code = TB_EXPR_BAD_LITERAL,
                                          .offset = at ? (uint32_t)(at - source.p) : 0};
        tb_expr_locate(source, problem.offset, &problem.line, &problem.column);
        struct tb_buf text;
        tb_buf_init(&text, problem.text, sizeof problem.text - 1);
        tb_buf_c(&text, "nothing is declared with this code");
        refuse_expression(p, field, &problem);
    }
}

static void check_part(struct tb_put_run *p, const struct tb_rule_env *env, enum tb_rule_part part, const char *field,
                       struct tb_str source, void *region)
{
    struct tb_expr_problem problem;
    const struct tb_expr_program *program = tb_rule_compile(env, part, source, region, &problem, NULL);
    if (program == NULL)
        refuse_expression(p, field, &problem);
    else
        check_uses(p, field, source, program);
}

void tb_rule_check_condition(struct tb_put_run *p, const struct tb_rule_env *env, const char *field,
                             struct tb_str source, void *region)
{
    check_part(p, env, TB_RULE_PART_CONDITION, field, source, region);
}

void tb_rule_check_amount(struct tb_put_run *p, const struct tb_rule_env *env, const char *field,
                          struct tb_str source, void *region)
{
    check_part(p, env, TB_RULE_PART_AMOUNT, field, source, region);
}

static void check_expression(struct tb_put_run *p, const struct tb_cmd_rule_put *in,
                             enum tb_rule_part part)
{
    bool condition = part == TB_RULE_PART_CONDITION;
    struct tb_str source = condition ? in->condition : in->amount;
    const char *field = condition ? "condition" : "amount";
    if (p->refused || source.n == 0)
        return;
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_rule_env env;
    tb_rule_env_init(&env, p->t, p->tenant, (enum tb_rule_kind)in->kind, UINT32_MAX);
    check_part(p, &env, part, field, source, region);
}

enum tb_outcome tb_catalog_rule_put(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_rule_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_RULE, t->tenant, &in->put);
    check_fields(&p, in);
    uint32_t unit = tb_check_named(&p, "unit", TB_KIND_UNIT, in->unit, true, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *given = unit ? tb_catalog_find(t, TB_KIND_UNIT, unit) : NULL;
    tb_check(&p, given == NULL || given->kind < TB_UNIT_KINDS_LISTED, "unit");
    uint32_t scheme = tb_check_named(&p, "scheme", TB_KIND_TIER_SCHEME, in->scheme, true,
                                     TB_CODE_UNKNOWN_SCHEME);
    const struct tb_rule *old = tb_put_old(&p);
    tb_check(&p, old == NULL || old->kind == in->kind, "kind");
    check_expression(&p, in, TB_RULE_PART_CONDITION);
    check_expression(&p, in, TB_RULE_PART_AMOUNT);
    struct tb_ev_rule_put ev = {.code = in->put.code,
                                .kind = (uint64_t)in->kind,
                                .unit = unit,
                                .condition = in->condition,
                                .amount = in->amount,
                                .from_ms = (uint64_t)in->from_ms,
                                .until_ms = (uint64_t)in->until_ms,
                                .priority = (uint64_t)in->priority,
                                .disabled = in->disabled,
                                .name = in->name,
                                .scheme = scheme};
    TB_PUT_EMIT(&p, rule_put, &ev);
    return tb_put_end(&p);
}

/* ---- applying ---------------------------------------------------------------------------- */

static void store_program(struct tb_txn *t, uint64_t id, enum tb_rule_section section,
                          const struct tb_expr_program *program)
{
    tb_config_empty(t, TB_KIND_RULE, id, section);
    size_t size = tb_expr_program_size(program);
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)program + at, size - at < 8 ? size - at : 8);
        (void)tb_push(t, TB_KIND_RULE, id, section, &word);
    }
}

/* Compiles one part of a stored rule; false when the compiler refuses the source. */
static bool compile_part(struct tb_txn *t, uint64_t id, const struct tb_rule_env *env,
                         enum tb_rule_part part, uint32_t *window_days)
{
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_expr_problem problem;
    struct tb_block *b = tb_read(t, TB_KIND_RULE, id);
    const struct tb_rule *rule = tb_block_head(b);
    bool condition = part == TB_RULE_PART_CONDITION;
    struct tb_str source = tb_config_text(t, b, condition ? rule->condition : rule->amount);
    enum tb_rule_section section = condition ? TB_RULE_CONDITION : TB_RULE_AMOUNT;
    if (source.n == 0) {
        tb_config_empty(t, TB_KIND_RULE, id, section);
        return condition;
    }
    const struct tb_expr_program *program =
        tb_rule_compile(env, part, source, region, &problem, window_days);
    if (program == NULL)
        tb_config_empty(t, TB_KIND_RULE, id, section);
    else
        store_program(t, id, section, program);
    return program != NULL;
}

/* Makes the programs of a stored rule against the attributes declared now. */
static void compile_rule(struct tb_txn *t, uint64_t id)
{
    const struct tb_rule *rule = tb_block_head(tb_read(t, TB_KIND_RULE, id));
    uint32_t tenant = rule->c.tenant;
    struct tb_rule_env env;
    tb_rule_env_init(&env, t, tenant, (enum tb_rule_kind)rule->kind, UINT32_MAX);
    uint32_t window_days = 0;
    bool good = compile_part(t, id, &env, TB_RULE_PART_CONDITION, &window_days);
    good &= compile_part(t, id, &env, TB_RULE_PART_AMOUNT, &window_days);
    struct tb_rule *head = tb_block_head(tb_write(t, TB_KIND_RULE, id));
    head->attributes = env.attributes;
    head->window_days = window_days;
    head->broken = !good;
    tb_tenant_window(t, tenant, window_days);
}

void tb_catalog_apply_rule_put(struct tb_txn *t, const struct tb_ev_rule_put *ev)
{
    const enum tb_kind kind = TB_KIND_RULE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = (uint32_t)ev->kind});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text condition = tb_config_add_text(t, kind, ev->id, ev->condition);
    struct tb_text amount = tb_config_add_text(t, kind, ev->id, ev->amount);
    struct tb_rule *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_rule){.c = c,
                             .condition = condition,
                             .amount = amount,
                             .from_ms = (int64_t)ev->from_ms,
                             .until_ms = ev->until_ms ? (int64_t)ev->until_ms : INT64_MAX,
                             .unit = (uint32_t)ev->unit,
                             .scheme = (uint32_t)ev->scheme,
                             .priority = (uint32_t)ev->priority,
                             .kind = (uint8_t)ev->kind,
                             .disabled = ev->disabled != 0};
    compile_rule(t, ev->id);
}

/* ---- start-up ---------------------------------------------------------------------------- */

static bool part_valid(const struct tb_txn *t, struct tb_block *b, enum tb_rule_section section,
                       bool wanted, const struct tb_rule_env *env)
{
    size_t bytes = (size_t)b->n[section] * 8;
    if (bytes == 0)
        return !wanted;
    const struct tb_expr_program *program = tb_section(t, b, section);
    size_t size = bytes >= 8 ? tb_expr_program_size(program) : 0;
    return size <= bytes && tb_expr_program_valid(program, size, &env->env);
}

static bool rule_valid(const struct tb_txn *t, struct tb_block *b)
{
    const struct tb_rule *rule = tb_block_head(b);
    struct tb_rule_env env;
    tb_rule_env_init(&env, t, rule->c.tenant, (enum tb_rule_kind)rule->kind, rule->attributes);
    return !rule->broken && part_valid(t, b, TB_RULE_CONDITION, rule->condition.n > 0, &env) &&
           part_valid(t, b, TB_RULE_AMOUNT, true, &env);
}

uint32_t tb_rule_refresh_all(struct tb_core *c)
{
    struct tb_txn t = {.store = &c->store, .env = &c->env, .core = c};
    uint32_t refreshed = 0;
    tb_txn_begin(&t, 0, 0, 0, NULL);
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_RULE, id);
        if (b == NULL || rule_valid(&t, b))
            continue;
        compile_rule(&t, id);
        refreshed++;
    }
    tb_txn_commit(&t);
    if (t.undo_cap > 0)
        tb_pool_free(&c->store.pool, t.undo, t.undo_cap * sizeof *t.undo);
    return refreshed;
}
