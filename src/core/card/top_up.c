// SPDX-License-Identifier: Apache-2.0
/* core/card/top_up.c - stored value: money becomes principal, and a bonus by the table of steps; and back. */
#include "core/card/card_int.h"
#include "core/membership/membership.h"

struct wallet {
    struct tb_txn *t;
    struct tb_answer *a;
    const struct tb_command *cmd;
    const struct tb_cmd_top_up *in;
    uint32_t unit;
    struct tb_unit u;
    uint32_t profile;
    uint32_t person;
    int64_t bonus;
};

static int64_t available(const struct wallet *w, uint32_t unit)
{
    return unit ? tb_ledger_balance(w->t, tb_read(w->t, TB_KIND_PERSON, w->person), unit, w->t->now_ms).available : 0;
}

/* A unit that another one gives as its bonus is not topped up. */
static bool is_bonus(const struct tb_txn *t, uint32_t unit)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_UNIT, &n);
    for (uint32_t i = 0; i < n; i++)
        if (list[i].tag == TB_UNIT_STORED_VALUE && tb_card_unit(t, list[i].id)->bonus_unit == unit)
            return true;
    return false;
}

static enum tb_outcome look(struct wallet *w)
{
    struct tb_txn *t = w->t;
    w->unit = tb_find_code(t, TB_KIND_UNIT, w->in->unit);
    if (w->unit == 0)
        return tb_refuse(w->a, TB_CODE_UNKNOWN_UNIT, "unit");
    w->u = *tb_card_unit(t, w->unit);
    if (w->u.kind != TB_UNIT_STORED_VALUE || is_bonus(t, w->unit))
        return tb_refuse(w->a, TB_CODE_INVALID, "unit");
    w->profile = tb_member_find(t, &w->in->member, "member", w->a);
    if (w->profile == 0)
        return TB_REFUSED;
    w->person = tb_person_by_profile(t, w->profile);
    if (w->in->amount <= 0)
        return tb_refuse(w->a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (!tb_amount_ok(w->in->amount))
        return tb_refuse(w->a, TB_CODE_AMOUNT_OVERFLOW, "amount");
    tb_ledger_settle(t, w->person);
    tb_membership_fire(t, w->person);
    return TB_DONE;
}

static int64_t bonus_for(const struct wallet *w)
{
    struct tb_block *b = tb_read(w->t, TB_KIND_UNIT, w->unit);
    const struct tb_unit_step *step = b->n[TB_UNIT_STEP] ? tb_section(w->t, b, TB_UNIT_STEP) : NULL;
    int64_t bonus = 0;
    for (uint32_t i = 0; i < b->n[TB_UNIT_STEP] && step[i].at <= w->in->amount; i++)
        bonus = step[i].bonus;
    return bonus;
}

/* All of it or nothing: a cap of the unit refuses the top-up. */
static enum tb_code earn(struct wallet *w, uint32_t unit, int64_t amount)
{
    struct tb_earn e = {.profile = w->profile,
                        .person = w->person,
                        .unit = unit,
                        .amount = amount,
                        .actor = w->cmd->actor,
                        .reason = w->in->reason,
                        .cause = TB_CAUSE_EARN};
    struct tb_earned got;
    enum tb_code code = tb_ledger_earn(w->t, &e, &got);
    return code == TB_CODE_OK && got.amount != amount ? TB_CODE_CAP_EXCEEDED : code;
}

static enum tb_outcome put_in(struct wallet *w)
{
    if (w->in->amount < w->u.top_up_min || (w->u.top_up_max && w->in->amount > w->u.top_up_max))
        return tb_refuse(w->a, TB_CODE_INVALID, "amount");
    enum tb_code code = tb_card_room(w->t, w->profile, &w->u, w->unit, w->in->amount);
    w->bonus = bonus_for(w);
    if (code == TB_CODE_OK)
        code = earn(w, w->unit, w->in->amount);
    if (code == TB_CODE_OK && w->bonus > 0)
        code = earn(w, w->u.bonus_unit, w->bonus);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(w->a, code, "amount");
}

/* How much of the bonus goes with `amount` of the principal. */
static int64_t bonus_of(const struct wallet *w, int64_t principal)
{
    int64_t has = available(w, w->u.bonus_unit);
    int64_t part = has;
    if (has <= 0)
        return 0;
    if (w->u.bonus_back == TB_BONUS_IN_PROPORTION &&
        !tb_mul_div(has, w->in->amount, principal, TB_ROUND_HALF_UP, &part))
        part = has;
    return part;
}

static enum tb_outcome pay_back(struct wallet *w)
{
    if (w->u.bonus_back == TB_BONUS_NOTHING_BACK)
        return tb_refuse(w->a, TB_CODE_NOT_REVERSIBLE, "unit");
    if (w->in->reason.n == 0)
        return tb_refuse(w->a, TB_CODE_REASON_REQUIRED, "reason");
    int64_t has = available(w, w->unit);
    if (has < w->in->amount)
        return tb_refuse(w->a, TB_CODE_INSUFFICIENT, "amount");
    w->bonus = bonus_of(w, has);
    struct tb_claw claw = {.profile = w->profile,
                           .unit = w->unit,
                           .amount = w->in->amount,
                           .actor = w->cmd->actor,
                           .reason = w->in->reason,
                           .cause = TB_CAUSE_CLAWBACK,
                           .negative = TB_NEGATIVE_WITHIN_BALANCE};
    int64_t taken = tb_ledger_claw(w->t, &claw);
    tb_assert(taken == w->in->amount);
    claw.unit = w->u.bonus_unit;
    claw.amount = w->bonus;
    if (w->bonus > 0) {
        taken = tb_ledger_claw(w->t, &claw);
        tb_assert(taken == w->bonus);
    }
    return TB_DONE;
}

enum tb_outcome tb_card_top_up(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct wallet w = {.t = t, .a = a, .cmd = cmd, .in = cmd->input};
    enum tb_outcome outcome = look(&w);
    if (outcome != TB_DONE)
        return outcome;
    if (w.in->reason.n > TB_REASON_MAX || !tb_utf8_valid(w.in->reason))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    outcome = w.in->back ? pay_back(&w) : put_in(&w);
    if (outcome != TB_DONE)
        return outcome;
    tb_wire_put_uint(&a->body, 1, (uint64_t)w.in->amount);
    tb_wire_put_uint(&a->body, 2, (uint64_t)w.bonus);
    tb_wire_put_uint(&a->body, 3, tb_zigzag(available(&w, w.unit)));
    tb_wire_put_uint(&a->body, 4, tb_zigzag(available(&w, w.u.bonus_unit)));
    tb_wire_put_uint(&a->body, 5, tb_person_id(tb_read(t, TB_KIND_PERSON, w.person)));
    return TB_DONE;
}

const uint32_t *tb_card_wallet(const struct tb_txn *t, uint32_t *n)
{
    uint32_t units;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_UNIT, &units);
    uint32_t *out = TB_NEW_ARRAY(t->scratch, uint32_t, units + 1);
    tb_assert(out != NULL);
    *n = 0;
    for (uint32_t i = 0; i < units; i++) {
        if (list[i].tag != TB_UNIT_STORED_VALUE)
            continue;
        uint32_t order = tb_card_unit(t, list[i].id)->spend_order;
        uint32_t at = (*n)++;
        for (; at > 0 && tb_card_unit(t, out[at - 1])->spend_order > order; at--)
            out[at] = out[at - 1];
        out[at] = list[i].id;
    }
    return out;
}
