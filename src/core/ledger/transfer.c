// SPDX-License-Identifier: Apache-2.0
/* Manual movements and their reversal, member to member, release by event. */
#include "core/approval/approval.h"
#include "core/ledger/ledger_int.h"
#include "core/membership/membership.h"

uint32_t tb_member_find(struct tb_txn *t, const struct tb_who *who, const char *field,
                        struct tb_answer *a)
{
    uint32_t profile = 0;
    if (tb_identity_who(t, who, &profile, a) == 0) {
        (void)tb_refuse(a, a->code, field);
        return 0;
    }
    return profile;
}

void tb_answer_balance(struct tb_txn *t, struct tb_answer *a, uint32_t field, uint32_t profile,
                       uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    tb_wire_put_uint(&a->body, field, tb_zigzag(tb_available_sum(t, b, unit)));
    tb_wire_put_uint(&a->body, 5, tb_person_of(b)->oldest_profile);
}

void tb_ledger_adjusted(struct tb_txn *t, uint32_t profile, uint32_t unit)
{
    if (tb_unit_head(t, unit)->kind == TB_UNIT_QUALIFYING)
        tb_membership_evaluate(t, tb_person_by_profile(t, profile), tb_today(t), TB_TIER_BY_ADJUST);
}

/* What was asked for is carried out. */
static enum tb_outcome adjust(struct tb_txn *t, const struct tb_command *cmd, uint32_t unit, uint32_t profile,
                              struct tb_answer *a)
{
    const struct tb_cmd_adjust *in = cmd->input;
    tb_membership_fire(t, tb_person_by_profile(t, profile)); /* it was due before this */
    uint64_t transfer = tb_counter_next(t, TB_COUNTER_TRANSFER);
    if (in->amount > 0) {
        struct tb_earn earn = {.profile = profile,
                               .unit = unit,
                               .amount = in->amount,
                               .actor = cmd->actor,
                               .reason = in->reason,
                               .transfer = transfer,
                               .cause = TB_CAUSE_ADJUST};
        struct tb_earned earned;
        enum tb_code code = tb_ledger_earn(t, &earn, &earned);
        if (code != TB_CODE_OK)
            return tb_refuse(a, code, "amount");
    } else {
        struct tb_claw claw = {.profile = profile,
                               .unit = unit,
                               .amount = -in->amount,
                               .actor = cmd->actor,
                               .reason = in->reason,
                               .transfer = transfer,
                               .cause = TB_CAUSE_ADJUST,
                               .negative = tb_unit_head(t, unit)->negative};
        if (claw.negative == TB_NEGATIVE_ONLY_PENDING)
            claw.negative = TB_NEGATIVE_WITHIN_BALANCE; /* by hand the balance is meant */
        if (tb_ledger_claw(t, &claw) < claw.amount)
            return tb_refuse(a, TB_CODE_INSUFFICIENT, "amount");
    }
    tb_ledger_adjusted(t, profile, unit);
    if (in->approved != NULL)
        *in->approved = transfer;
    else
        tb_approval_alone(t, cmd, unit, in->amount);
    tb_wire_put_uint(&a->body, 1, transfer);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(in->amount));
    tb_answer_balance(t, a, 3, profile, unit);
    return TB_DONE;
}

enum tb_outcome tb_ledger_adjust(struct tb_txn *t, const struct tb_command *cmd,
                                 struct tb_answer *a)
{
    const struct tb_cmd_adjust *in = cmd->input;
    uint32_t unit = tb_ledger_unit_by_hand(t, in->unit, true, a);
    uint32_t profile = unit ? tb_member_find(t, &in->member, "member", a) : 0;
    if (profile == 0)
        return TB_REFUSED;
    if (in->amount == 0)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (!tb_amount_ok(in->amount))
        return tb_refuse(a, TB_CODE_AMOUNT_OVERFLOW, "amount");
    if (in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->approved == NULL && tb_approval_needed(t, cmd, unit, in->amount))
        return tb_approval_ask(t, cmd,
                               &(struct tb_asked){.act = TB_REQUEST_ADJUST,
                                                  .unit = unit,
                                                  .profile = profile,
                                                  .amount = in->amount,
                                                  .reason = in->reason},
                               a);
    return adjust(t, cmd, unit, profile, a);
}

void tb_draw_give(struct tb_txn *t, const struct tb_draw *draw, struct tb_ev_posted *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < draw->part_n; i++)
        n += draw->part[i].lot_n;
    struct tb_ev_lot_change *lot = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, n);
    tb_assert(lot != NULL);
    uint64_t number = tb_counter_next(t, TB_COUNTER_LOT);
    to->lot_n = 0;
    for (uint32_t i = 0; i < draw->part_n; i++)
        for (uint32_t k = 0; k < draw->part[i].lot_n; k++) {
            lot[to->lot_n] = draw->part[i].lot[k];
            lot[to->lot_n].lot = number++;
            lot[to->lot_n].profile = 0;
            lot[to->lot_n].amount = -draw->part[i].lot[k].amount;
            to->lot_n++;
        }
    to->lot = lot;
    tb_emit_posted(t, to);
}

enum tb_outcome tb_ledger_transfer(struct tb_txn *t, const struct tb_command *cmd,
                                   struct tb_answer *a)
{
    const struct tb_cmd_transfer *in = cmd->input;
    uint32_t unit = tb_ledger_unit_by_hand(t, in->unit, false, a);
    uint32_t from = unit == 0 ? 0 : tb_member_find(t, &in->from, "from", a);
    uint32_t to = from ? tb_member_find(t, &in->to, "to", a) : 0;
    if (to == 0)
        return TB_REFUSED;
    uint32_t giver = tb_person_by_profile(t, from);
    uint32_t receiver = tb_person_by_profile(t, to);
    if (giver == receiver)
        return tb_refuse(a, TB_CODE_SAME_ACCOUNT, "to");
    if (in->amount <= 0)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    tb_ledger_settle(t, giver);
    tb_ledger_settle(t, receiver);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, giver);
    if (tb_available_sum(t, b, unit) < in->amount)
        return tb_refuse(a, TB_CODE_INSUFFICIENT, "amount");
    if (tb_read(t, TB_KIND_PERSON, receiver)->n[TB_PERSON_LOT] + b->n[TB_PERSON_LOT] >=
        TB_SECTION_ELEMENTS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "to");
    struct tb_draw draw;
    tb_draw_pick(t, b, unit, in->amount, 0, &draw);
    struct tb_ev_posted ev = {.transfer = tb_counter_next(t, TB_COUNTER_TRANSFER),
                              .unit = unit,
                              .profile = from,
                              .tenant_account = TB_ACCOUNT_CLEARING,
                              .amount = -in->amount,
                              .cause = TB_CAUSE_TRANSFER,
                              .reason = in->reason,
                              .actor = cmd->actor,
                              .day = tb_today(t)};
    uint64_t transfer = ev.transfer;
    tb_draw_post(t, &draw, &ev);
    ev.profile = to;
    ev.amount = in->amount;
    tb_draw_give(t, &draw, &ev);
    tb_debt_settle(t, receiver, unit);
    tb_wire_put_uint(&a->body, 1, transfer);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(in->amount));
    tb_answer_balance(t, a, 3, from, unit);
    tb_wire_put_uint(&a->body, 6, tb_zigzag(tb_available_sum(
                                      t, tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, to)), unit)));
    return TB_DONE;
}

enum tb_outcome tb_ledger_release_event(struct tb_txn *t, const struct tb_command *cmd,
                                        struct tb_answer *a)
{
    const struct tb_cmd_release *in = cmd->input;
    uint32_t unit = tb_ledger_unit_by_hand(t, in->unit, true, a);
    uint32_t profile = unit ? tb_member_find(t, &in->member, "member", a) : 0;
    if (profile == 0)
        return TB_REFUSED;
    uint32_t person = tb_person_by_profile(t, profile);
    tb_ledger_settle(t, person);
    const struct tb_unit *u = tb_unit_head(t, unit);
    int64_t due = tb_unit_expiry_ms(u, tb_tenant_zone(t), t->now_ms);
    int64_t released = 0;
    for (uint32_t i = 0; i < tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_LOT]; i++) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        struct tb_lot lot = ((const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT))[i];
        if (lot.unit != unit || lot.state != TB_LOT_PENDING)
            continue;
        struct tb_ev_released ev = {.unit = unit,
                                    .profile = lot.profile,
                                    .lot = lot.id,
                                    .amount = lot.left,
                                    .due_ms = due_to_wire(due),
                                    .day = tb_today(t)};
        released += lot.left;
        tb_emit_released(t, &ev);
    }
    tb_debt_settle(t, person, unit);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(released));
    tb_answer_balance(t, a, 3, profile, unit);
    return TB_DONE;
}
