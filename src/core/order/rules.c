// SPDX-License-Identifier: Apache-2.0
/* What an order earns: every rule in force when it occurred, in order of priority. The
 * amounts of one unit are added up and booked once per rule, so that the order can say
 * which rule gave what. A rule whose expression fails for this order earns nothing.     */
#include "core/catalog/rule_env.h"
#include "core/order/order_int.h"
#include "core/order/resolve.h"

static bool evaluate(struct tb_resolve *r, const struct tb_expr_program *program,
                     struct tb_expr_value *out)
{
    struct tb_expr_run run = {.resolve = tb_order_resolve,
                              .user = r,
                              .arena = r->t->scratch,
                              .zone = tb_tenant_zone(r->t)};
    return tb_expr_eval(program, &run, out);
}

/* What the rule gives; 0 when it does not apply. */
static int64_t amount_of(struct tb_resolve *r, struct tb_block *rule)
{
    const struct tb_expr_program *condition = tb_rule_program(r->t, rule, TB_RULE_CONDITION);
    const struct tb_expr_program *amount = tb_rule_program(r->t, rule, TB_RULE_AMOUNT);
    struct tb_expr_value v;
    int64_t units;
    if (condition != NULL && (!evaluate(r, condition, &v) || !v.as.b))
        return 0;
    if (amount == NULL || !evaluate(r, amount, &v) || !tb_expr_to_units(&v, TB_ROUND_DOWN, &units))
        return 0;
    return units > 0 && tb_amount_ok(units) ? units : 0;
}

/* The next rule by (priority, number) after the one given; 0 = no more. */
static uint32_t next_rule(struct tb_txn *t, int64_t at_ms, uint32_t *priority, uint32_t *id)
{
    uint32_t n;
    const struct tb_listed *listed = tb_catalog_listed(t, TB_KIND_RULE, &n);
    uint32_t best = 0;
    uint32_t best_priority = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (listed[i].tag != TB_RULE_EARN)
            continue;
        const struct tb_rule *r = tb_block_head(tb_read(t, TB_KIND_RULE, listed[i].id));
        bool after = r->priority > *priority || (r->priority == *priority && listed[i].id > *id);
        if (!after || !tb_rule_in_force(r, at_ms))
            continue;
        if (best == 0 || r->priority < best_priority) {
            best = listed[i].id;
            best_priority = r->priority;
        }
    }
    *id = best;
    *priority = best_priority;
    return best;
}

/* What the order has earned in the unit so far. */
static int64_t earned_by(const struct tb_txn *t, uint64_t order, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    const struct tb_order_earn *earn = tb_section(t, b, TB_ORDER_EARN);
    int64_t sum = 0;
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++)
        sum += earn[i].unit == unit ? earn[i].amount : 0;
    return sum;
}

enum tb_code tb_order_earn(struct tb_txn *t, uint64_t order, const struct tb_cmd_order *in)
{
    const struct tb_order *placed = tb_block_head_const(tb_read(t, TB_KIND_ORDER, order));
    uint32_t profile = placed->profile;
    int32_t day = placed->day;
    struct tb_resolve r = {.t = t,
                           .order = in,
                           .at_ms = in->occurred_ms,
                           .digits = (uint8_t)tb_tenant_of(t)->currency_digits};
    uint32_t priority = 0;
    uint32_t id = 0;
    for (uint32_t given = 0; given < TB_ORDER_EARNS_MAX && next_rule(t, in->occurred_ms, &priority, &id);) {
        struct tb_block *b = tb_read(t, TB_KIND_RULE, id);
        const struct tb_rule *rule = tb_block_head_const(b);
        r.person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
        int64_t amount = amount_of(&r, b);
        if (amount == 0)
            continue;
        struct tb_earn earn = {.profile = profile,
                               .unit = rule->unit,
                               .amount = amount,
                               .order = order,
                               .cause = TB_CAUSE_EARN,
                               .sale_day = day,
                               .order_earned = earned_by(t, order, rule->unit)};
        struct tb_earned earned;
        enum tb_code code = tb_ledger_earn(t, &earn, &earned);
        if (code == TB_CODE_CAP_EXCEEDED || (code == TB_CODE_OK && earned.amount == 0))
            continue;
        if (code != TB_CODE_OK)
            return code;
        struct tb_ev_order_earned ev = {.order = order,
                                        .unit = rule->unit,
                                        .lot = earned.lot,
                                        .amount = earned.amount,
                                        .rule = id,
                                        .rule_version = rule->c.version};
        tb_emit_order_earned(t, &ev);
        given++;
    }
    return TB_CODE_OK;
}
