// SPDX-License-Identifier: Apache-2.0
/* core/card/gift.c - giving with a time-out. The hold is the gift: what nobody claims was never gone. */
#include "core/card/card_int.h"

static void move_gift(struct tb_txn *t, uint64_t gift, uint32_t state, uint32_t other, uint32_t profile)
{
    struct tb_ev_card_moved ev = {.card = gift, .state = state, .other = other, .profile = profile};
    tb_emit_card_moved(t, &ev);
}

/* Whose value it is and of which unit; the card's when a code was given. */
static enum tb_outcome giver(struct tb_txn *t, const struct tb_cmd_card_act *in, uint32_t *profile, uint32_t *unit,
                             struct tb_answer *a)
{
    if (in->code.batch != 0) {
        enum tb_code why;
        *profile = tb_card_profile(t, in->code, unit, &why);
        return *profile ? TB_DONE : tb_refuse(a, why, "code");
    }
    *profile = tb_member_find(t, &in->member, "member", a);
    if (*profile == 0)
        return TB_REFUSED;
    *unit = tb_find_code(t, TB_KIND_UNIT, in->unit);
    return *unit ? TB_DONE : tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
}

enum tb_outcome tb_card_give(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_act *in = cmd->input;
    uint32_t profile = 0;
    uint32_t unit;
    enum tb_outcome outcome = giver(t, in, &profile, &unit, a);
    if (outcome != TB_DONE)
        return outcome;
    const struct tb_unit *u = tb_card_unit(t, unit);
    if ((u->kind != TB_UNIT_GIFT_CARD && u->kind != TB_UNIT_STORED_VALUE) || u->item != 0) /* pieces go with a card */
        return tb_refuse(a, TB_CODE_INVALID, "unit");
    if (!(u->flags & TB_UNIT_GIVABLE))
        return tb_refuse(a, TB_CODE_NOT_GIVABLE, "unit");
    if (in->lifetime_ms < TB_GIFT_LIFETIME_MIN_MS || in->lifetime_ms > TB_GIFT_LIFETIME_MAX_MS)
        return tb_refuse(a, TB_CODE_INVALID, "lifetime");
    bool by_card = in->code.batch != 0;
    tb_ledger_settle(t, tb_person_by_profile(t, profile));
    int64_t amount = by_card && in->amount == 0 ? tb_ledger_own(t, profile, unit) : in->amount;
    if (amount <= 0)
        return tb_refuse(a, in->amount ? TB_CODE_AMOUNT_NOT_POSITIVE : TB_CODE_INSUFFICIENT, "amount");
    struct tb_ev_card_made ev = {.card = tb_counter_next(t, TB_COUNTER_CARD),
                                 .kind = TB_CARD_GIFT,
                                 .state = TB_CARD_OFFERED,
                                 .unit = unit,
                                 .profile = profile,
                                 .amount = (uint64_t)amount,
                                 .deadline_ms = t->now_ms + in->lifetime_ms};
    enum tb_code code = by_card ? tb_ledger_pin(t, profile, unit, amount, ev.deadline_ms, &ev.hold)
                                : tb_ledger_reserve(t, profile, unit, amount, ev.deadline_ms, &ev.hold);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_TOO_MANY ? "" : "amount");
    tb_emit_card_made(t, &ev);
    tb_wire_put_uint(&a->body, 1, ev.card);
    tb_wire_put_uint(&a->body, 2, (uint64_t)amount);
    tb_wire_put_uint(&a->body, 5, (uint64_t)ev.deadline_ms);
    return TB_DONE;
}

/* The open gift and the member of the command. */
static enum tb_outcome find(struct tb_txn *t, const struct tb_cmd_card_act *in, struct tb_card *gift,
                            uint32_t *profile, struct tb_answer *a)
{
    struct tb_block *b = tb_card_block(t, in->gift);
    if (b == NULL || ((const struct tb_card *)tb_block_head_const(b))->kind != TB_CARD_GIFT)
        return tb_refuse(a, TB_CODE_UNKNOWN_GIFT, "gift");
    *gift = *(const struct tb_card *)tb_block_head_const(b);
    *profile = tb_member_find(t, &in->member, "member", a);
    if (*profile == 0)
        return TB_REFUSED;
    if (gift->state != TB_CARD_OFFERED || t->now_ms >= gift->deadline_ms)
        return tb_refuse(a, TB_CODE_HOLD_ENDED, "gift");
    return TB_DONE;
}

enum tb_outcome tb_card_claim(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_act *in = cmd->input;
    struct tb_card gift = {0};
    uint32_t to = 0;
    enum tb_outcome outcome = find(t, in, &gift, &to, a);
    if (outcome != TB_DONE)
        return outcome;
    uint32_t receiver = tb_person_by_profile(t, to);
    if (receiver == tb_person_by_profile(t, gift.profile))
        return tb_refuse(a, TB_CODE_SAME_ACCOUNT, "member");
    tb_ledger_settle(t, receiver);
    enum tb_code code = tb_card_room(t, to, tb_card_unit(t, gift.unit), gift.unit, gift.amount);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "member");
    if (tb_read(t, TB_KIND_PERSON, receiver)->n[TB_PERSON_LOT] +
            tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, gift.profile))->n[TB_PERSON_PIECE] >=
        TB_SECTION_ELEMENTS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "member");
    uint64_t transfer = tb_counter_next(t, TB_COUNTER_TRANSFER);
    if (tb_ledger_hand_over(t, gift.hold, to, transfer, cmd->actor) != gift.amount)
        return tb_refuse(a, TB_CODE_HOLD_ENDED, "gift"); /* an unmerge took it apart */
    move_gift(t, in->gift, TB_CARD_CLAIMED, to, to);
    tb_wire_put_uint(&a->body, 1, in->gift);
    tb_wire_put_uint(&a->body, 2, (uint64_t)gift.amount);
    tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, to))));
    return TB_DONE;
}

enum tb_outcome tb_card_take_back(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_act *in = cmd->input;
    struct tb_card gift = {0};
    uint32_t profile = 0;
    enum tb_outcome outcome = find(t, in, &gift, &profile, a);
    if (outcome != TB_DONE)
        return outcome;
    uint32_t person = tb_person_by_profile(t, profile);
    if (person != tb_person_by_profile(t, gift.profile))
        return tb_refuse(a, TB_CODE_UNKNOWN_GIFT, "gift");
    (void)tb_ledger_unreserve(t, gift.hold);
    move_gift(t, in->gift, TB_CARD_TAKEN_BACK, 0, gift.profile);
    tb_wire_put_uint(&a->body, 1, in->gift);
    tb_wire_put_uint(&a->body, 2, (uint64_t)gift.amount);
    tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, person)));
    return TB_DONE;
}

int64_t tb_card_due_ms(const struct tb_block *b)
{
    const struct tb_card *c = tb_block_head_const(b);
    return c->state == TB_CARD_OFFERED ? c->deadline_ms : INT64_MAX;
}

void tb_card_fire(struct tb_txn *t, uint64_t card)
{
    struct tb_block *b = tb_read(t, TB_KIND_CARD, card);
    if (b == NULL || tb_card_due_ms(b) > t->now_ms)
        return;
    uint32_t profile = ((const struct tb_card *)tb_block_head_const(b))->profile;
    move_gift(t, card, TB_CARD_LAPSED, 0, profile);
    tb_ledger_settle(t, tb_person_by_profile(t, profile));
}
