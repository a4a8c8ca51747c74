// SPDX-License-Identifier: Apache-2.0
/* What an order earns: every rule in force when it occurred, in order of priority. The
 * amounts of one unit are added up and booked once per rule, so that the order can say
 * which rule gave what. A rule whose expression fails for this order earns nothing.
 *
 * The order is placed when all is earned, in one piece; resolve.c shows the rules a member
 * whose past counts it already.                                                         */
#include "core/catalog/rule_env.h"
#include "core/order/order_int.h"
#include "core/order/resolve.h"
#include "core/order/take.h"

static bool evaluate(struct tb_resolve *r, const struct tb_expr_program *program,
                     struct tb_expr_value *out)
{
    struct tb_expr_run run = {.resolve = tb_order_resolve,
                              .user = r,
                              .arena = r->t->scratch,
                              .zone = r->zone};
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

/* The rules of a kind in force, by (priority, number); in scratch. */
static uint32_t rules_in_force(struct tb_txn *t, enum tb_rule_kind kind, int64_t at_ms, struct tb_block ***out)
{
    uint32_t n;
    const struct tb_listed *listed = tb_catalog_listed(t, TB_KIND_RULE, &n);
    struct tb_block **rule = tb_arena_take(t->scratch, (n + 1) * sizeof(struct tb_block *)); /* found: written */
    tb_assert(rule != NULL);
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (listed[i].tag != kind)
            continue;
        struct tb_block *b = tb_read(t, TB_KIND_RULE, listed[i].id);
        const struct tb_rule *r = tb_block_head_const(b);
        if (!tb_rule_in_force(r, at_ms))
            continue;
        uint32_t at = found++; /* numbers rise along the list */
        for (; at > 0 && ((const struct tb_rule *)tb_block_head_const(rule[at - 1]))->priority > r->priority; at--)
            rule[at] = rule[at - 1];
        rule[at] = b;
    }
    *out = rule;
    return found;
}

/* What the order has earned in the unit so far. */
static int64_t earned_by(const struct tb_ev_order_placed *draft, uint32_t unit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < draft->earn_n; i++)
        sum += draft->earn[i].unit == unit ? draft->earn[i].amount : 0;
    return sum;
}

/* Points that the lines in scope earned in the unit, multiplied: what is added, the fraction dropped
 * (trap 21: x 1.5 on 3 is 4). */
static int64_t bonus_of(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_points_bonus *bonus,
                        int64_t earned)
{
    const int64_t *weight = in->pricing->line_earn;
    int64_t *share = TB_NEW_ARRAY(t->scratch, int64_t, in->line_n);
    tb_assert(share != NULL);
    int64_t part = earned;
    if (bonus->scope != NULL) {
        if (!tb_split(earned, weight, in->line_n, share))
            return 0;
        part = 0;
        for (uint32_t i = 0; i < in->line_n; i++)
            part += bonus->scope[i / 64] >> (i % 64) & 1 ? share[i] : 0;
    }
    int64_t all;
    if (part <= 0 || !tb_mul_div(part, bonus->ppm, 1000000, TB_ROUND_DOWN, &all) || !tb_amount_ok(all))
        return 0;
    return all > part ? all - part : 0;
}

/* One order's earning. */
struct earning {
    struct tb_txn *t;
    const struct tb_cmd_order *in;
    uint32_t person;
    struct tb_ev_order_placed *draft;
    struct tb_ev_order_earn *row;
    bool only_look;
    bool owes;           /* only_look: the last one stands in `owed`, and is booked when something may see it */
    struct tb_earn owed;
};

static void book_owed(struct earning *g)
{
    struct tb_earned earned;
    if (!g->owes)
        return;
    g->owes = false;
    enum tb_code code = tb_ledger_earn(g->t, &g->owed, &earned);
    tb_assert(code == TB_CODE_OK && earned.amount > 0);
}

static enum tb_code earn_row(struct earning *g, uint32_t unit, int64_t amount, uint64_t rule, uint64_t version)
{
    struct tb_ev_order_placed *draft = g->draft;
    struct tb_earned earned = {0};
    enum tb_code code;
    book_owed(g);
    struct tb_earn earn = {.profile = (uint32_t)draft->profile,
                           .person = g->person,
                           .unit = unit,
                           .amount = amount,
                           .order = draft->order,
                           .cause = TB_CAUSE_EARN,
                           .sale_day = (int32_t)draft->day,
                           .order_earned = earned_by(draft, unit)};
    if (g->only_look)
        code = tb_ledger_would_earn(g->t, &earn, &earned.amount);
    else
        code = tb_ledger_earn(g->t, &earn, &earned);
    if (code == TB_CODE_CAP_EXCEEDED || (code == TB_CODE_OK && earned.amount == 0))
        return TB_CODE_OK;
    if (code != TB_CODE_OK)
        return code;
    g->row[draft->earn_n++] = (struct tb_ev_order_earn){.unit = unit,
                                                        .lot = earned.lot,
                                                        .amount = earned.amount,
                                                        .rule = rule,
                                                        .rule_version = version};
    g->owes = g->only_look;
    if (g->owes)
        g->owed = earn;
    return TB_CODE_OK;
}

static enum tb_code earn_more(struct earning *g, uint32_t unit, int64_t amount, uint32_t offer)
{
    if (amount <= 0 || g->draft->earn_n >= TB_ORDER_EARNS_MAX)
        return TB_CODE_OK;
    return earn_row(g, unit, amount, offer, 0);
}

/* What offers add: multipliers, each on what the rules gave, and fixed gifts. */
static enum tb_code earn_bonus(struct earning *g)
{
    const struct tb_order_pricing *pricing = g->in->pricing;
    uint32_t rules_n = g->draft->earn_n;
    enum tb_code code = TB_CODE_OK;
    for (uint32_t b = 0; b < pricing->bonus_n && code == TB_CODE_OK; b++) {
        const struct tb_points_bonus *bonus = &pricing->bonus[b];
        if (bonus->fixed > 0)
            code = earn_more(g, bonus->unit, bonus->fixed, bonus->offer);
        for (uint32_t i = 0; i < rules_n && bonus->fixed == 0 && code == TB_CODE_OK; i++)
            if (bonus->unit == 0 || bonus->unit == g->row[i].unit)
                code = earn_more(g, (uint32_t)g->row[i].unit, bonus_of(g->t, g->in, bonus, g->row[i].amount),
                                 bonus->offer);
    }
    return code;
}

enum tb_code tb_order_earn(struct tb_txn *t, const struct tb_cmd_order *in, uint32_t person, bool only_look,
                           struct tb_ev_order_placed *draft)
{
    struct tb_block **rules;
    uint32_t n = rules_in_force(t, TB_RULE_EARN, in->occurred_ms, &rules);
    uint32_t rows = in->pricing ? TB_ORDER_EARNS_MAX : n < TB_ORDER_EARNS_MAX ? n : TB_ORDER_EARNS_MAX;
    struct earning g = {.t = t, .in = in, .person = person, .draft = draft, .only_look = only_look};
    g.row = tb_arena_take(t->scratch, (rows + 1) * sizeof *g.row);
    tb_assert(g.row != NULL);
    draft->earn = g.row;
    struct tb_resolve r = {.t = t,
                           .order = in,
                           .draft = draft,
                           .zone = tb_tenant_zone(t),
                           .at_ms = in->occurred_ms,
                           .pricing = in->pricing,
                           .digits = (uint8_t)tb_tenant_of(t)->currency_digits};
    for (uint32_t i = 0; i < n && draft->earn_n < TB_ORDER_EARNS_MAX; i++) {
        const struct tb_rule *rule = tb_block_head_const(rules[i]);
        book_owed(&g);
        r.person = tb_read(t, TB_KIND_PERSON, person);
        int64_t amount = amount_of(&r, rules[i]);
        if (amount == 0)
            continue;
        enum tb_code code = earn_row(&g, rule->unit, amount, rules[i]->id, rule->c.version);
        if (code != TB_CODE_OK)
            return code;
    }
    return in->pricing ? earn_bonus(&g) : TB_CODE_OK;
}

/* ---- paying with units ------------------------------------------------------------------------ */

/* What the rule says one unit is worth, ppm of a minor unit; 0 when it does not apply. */
static int64_t face_of(struct tb_resolve *r, struct tb_block *rule)
{
    const struct tb_expr_program *condition = tb_rule_program(r->t, rule, TB_RULE_CONDITION);
    const struct tb_expr_program *amount = tb_rule_program(r->t, rule, TB_RULE_AMOUNT);
    struct tb_expr_value v;
    int64_t face;
    if (condition != NULL && (!evaluate(r, condition, &v) || !v.as.b))
        return 0;
    if (amount == NULL || !evaluate(r, amount, &v) || !tb_expr_to_scaled(&v, 6, TB_ROUND_DOWN, &face))
        return 0;
    for (uint8_t i = 0; i < r->digits; i++)
        if (!tb_mul(face, 10, &face))
            return 0;
    return face > 0 && face <= TB_FACE_PPM_MAX ? face : 0;
}

int64_t tb_order_pay_face(struct tb_txn *t, const struct tb_cmd_order *in, uint32_t person, uint32_t unit)
{
    struct tb_block **rules;
    uint32_t n = rules_in_force(t, TB_RULE_PAY, in->occurred_ms, &rules);
    struct tb_resolve r = {.t = t,
                           .person = person ? tb_read(t, TB_KIND_PERSON, person) : NULL,
                           .order = in,
                           .zone = tb_tenant_zone(t),
                           .at_ms = in->occurred_ms,
                           .digits = (uint8_t)tb_tenant_of(t)->currency_digits};
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_rule *rule = tb_block_head_const(rules[i]);
        int64_t face = rule->unit == unit ? face_of(&r, rules[i]) : 0;
        if (face > 0)
            return face;
    }
    return ((const struct tb_unit *)tb_block_head_const(tb_read(t, TB_KIND_UNIT, unit)))->face_ppm;
}
