// SPDX-License-Identifier: Apache-2.0
/* Undoing a kept transfer, once. A spend may come back in parts: the lots with the
 * latest expiry first, so that parts add up to exactly what was drawn.               */
#include "core/approval/approval.h"
#include "core/card/card.h"
#include "core/ledger/ledger_int.h"
#include "core/membership/membership.h"

struct undo {
    const struct tb_transfer *kept;
    const struct tb_transfer_lot *lot;
    uint32_t lot_n;
    uint64_t id;
    uint64_t transfer; /* the new one */
    uint32_t profile;  /* where the value is booked back to */
    enum tb_tenant_account account;
    enum tb_cause cause;
    struct tb_str reason;
    uint64_t actor;
    uint64_t order;
};

/* Which lots get how much of amount back. */
static void restore_pick(struct tb_txn *t, const struct undo *u, int64_t amount,
                         struct tb_draw *out)
{
    *out = (struct tb_draw){.part = TB_NEW_ARRAY(t->scratch, struct tb_draw_part, u->lot_n + 1)};
    int64_t *given = TB_NEW_ARRAY(t->scratch, int64_t, u->lot_n + 1);
    tb_assert(out->part != NULL && given != NULL);
    while (amount > 0) {
        uint32_t best = u->lot_n;
        for (uint32_t i = 0; i < u->lot_n; i++) {
            const struct tb_transfer_lot *l = &u->lot[i];
            if (l->amount >= 0 || -l->amount - l->returned - given[i] <= 0)
                continue;
            if (best == u->lot_n || l->due_ms > u->lot[best].due_ms ||
                (l->due_ms == u->lot[best].due_ms && l->lot > u->lot[best].lot))
                best = i;
        }
        if (best == u->lot_n)
            break; /* the rest was drawn as debt: no lot to give it to */
        const struct tb_transfer_lot *l = &u->lot[best];
        int64_t give = -l->amount - l->returned;
        if (give > amount)
            give = amount;
        given[best] = give;
        amount -= give;
        uint32_t at = 0;
        while (at < out->part_n && out->part[at].profile != l->profile)
            at++;
        struct tb_draw_part *part = &out->part[at];
        if (at == out->part_n) {
            out->part_n++;
            part->profile = l->profile;
            part->lot = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, u->lot_n);
            tb_assert(part->lot != NULL);
        }
        part->lot[part->lot_n++] = (struct tb_ev_lot_change){.lot = l->lot,
                                                             .amount = give,
                                                             .due_ms = due_to_wire(l->due_ms),
                                                             .earned_day = l->earned_day};
        part->amount += give;
    }
}

/* An expired lot lives on for the unit's grace, or is restored and expires at once. */
static void extend_expired(const struct tb_txn *t, uint32_t unit, struct tb_draw *draw)
{
    const struct tb_unit *u = tb_unit_head(t, unit);
    if (u->restore_grace_days == 0)
        return;
    int64_t until = t->now_ms + (int64_t)u->restore_grace_days * TB_DAY_MS;
    for (uint32_t i = 0; i < draw->part_n; i++)
        for (uint32_t k = 0; k < draw->part[i].lot_n; k++) {
            struct tb_ev_lot_change *c = &draw->part[i].lot[k];
            if (due_from_wire(c->due_ms) <= t->now_ms)
                c->due_ms = (uint64_t)until;
        }
}

static void expire_restored(struct tb_txn *t, const struct tb_draw *draw)
{
    for (uint32_t i = 0; i < draw->part_n; i++)
        for (uint32_t k = 0; k < draw->part[i].lot_n; k++) {
            uint32_t person = tb_person_by_profile(t, draw->part[i].profile);
            struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
            int32_t at = tb_lot_find(t, b, draw->part[i].lot[k].lot);
            if (at < 0)
                continue;
            struct tb_lot lot = ((const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT))[at];
            if (lot.due_ms <= t->now_ms)
                tb_ledger_expire_lot(t, &lot, tb_today(t));
        }
}

static int64_t debt_of(const struct tb_txn *t, uint32_t profile, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    const struct tb_account *account = tb_account_find(t, b, profile, unit);
    return account ? tb_account_debt(t, b, account) : 0;
}

static struct tb_ev_lot_change fresh_lot(const struct tb_txn *t, uint32_t unit, int64_t amount)
{
    int64_t due = tb_unit_expiry_ms(tb_unit_head(t, unit), tb_tenant_zone(t), t->now_ms);
    return (struct tb_ev_lot_change){.lot = tb_counter_next(t, TB_COUNTER_LOT),
                                     .amount = amount,
                                     .due_ms = due_to_wire(due),
                                     .earned_day = tb_today(t)};
}

static void restore(struct tb_txn *t, const struct undo *u, int64_t amount)
{
    struct tb_draw draw;
    restore_pick(t, u, amount, &draw);
    extend_expired(t, u->kept->unit, &draw);
    struct tb_ev_posted main = {.transfer = u->transfer,
                                .unit = u->kept->unit,
                                .profile = u->profile,
                                .tenant_account = u->account,
                                .amount = amount,
                                .cause = u->cause,
                                .order = u->order,
                                .reverses = u->id,
                                .actor = u->actor,
                                .reason = u->reason,
                                .day = tb_today(t)};
    struct tb_ev_lot_change *lot = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, u->lot_n + 1);
    tb_assert(lot != NULL);
    main.lot = lot;
    int64_t rest = amount;
    for (uint32_t i = 0; i < draw.part_n; i++) {
        rest -= draw.part[i].amount;
        for (uint32_t k = 0; draw.part[i].profile == u->profile && k < draw.part[i].lot_n; k++)
            lot[main.lot_n++] = draw.part[i].lot[k];
    }
    /* what had been drawn as debt, and was paid since, is hers again in a lot of its own */
    rest -= debt_of(t, u->profile, u->kept->unit);
    if (rest > 0)
        lot[main.lot_n++] = fresh_lot(t, u->kept->unit, rest);
    tb_emit_posted(t, &main);
    for (uint32_t i = 0; i < draw.part_n; i++) {
        const struct tb_draw_part *part = &draw.part[i];
        if (part->profile == u->profile)
            continue;
        struct tb_ev_posted cross = {.unit = u->kept->unit,
                                     .profile = u->profile,
                                     .tenant_account = TB_ACCOUNT_CLEARING,
                                     .amount = -part->amount,
                                     .cause = TB_CAUSE_CROSS,
                                     .day = tb_today(t)};
        tb_emit_posted(t, &cross);
        cross.profile = part->profile;
        cross.amount = part->amount;
        cross.reverses = u->id;
        cross.lot = part->lot;
        cross.lot_n = part->lot_n;
        tb_emit_posted(t, &cross);
    }
    expire_restored(t, &draw);
    for (uint32_t i = 0; i < draw.part_n; i++)
        tb_debt_settle(t, tb_person_by_profile(t, draw.part[i].profile), u->kept->unit);
    tb_debt_settle(t, tb_person_by_profile(t, u->profile), u->kept->unit);
    if (tb_unit_head(t, u->kept->unit)->kind == TB_UNIT_GIFT_CARD)
        for (uint32_t i = 0; i < draw.part_n; i++)
            tb_card_came_back(t, draw.part[i].profile);
}

/* Takes what was given; false when the receiver no longer has it. */
static bool take_back(struct tb_txn *t, const struct undo *u, uint32_t profile, int64_t amount,
                      enum tb_tenant_account account, enum tb_cause cause)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_ledger_settle(t, person);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (tb_available_sum(t, b, u->kept->unit) < amount)
        return false;
    uint64_t prefer = 0;
    for (uint32_t i = 0; i < u->lot_n && prefer == 0; i++)
        if (u->lot[i].amount > 0)
            prefer = u->lot[i].lot;
    struct tb_draw draw;
    tb_draw_pick(t, b, u->kept->unit, amount, prefer, &draw);
    struct tb_ev_posted ev = {.transfer = u->transfer,
                              .reverses = u->id,
                              .unit = u->kept->unit,
                              .profile = profile,
                              .tenant_account = account,
                              .amount = -amount,
                              .cause = cause,
                              .actor = u->actor,
                              .reason = u->reason,
                              .day = tb_today(t)};
    tb_draw_post(t, &draw, &ev);
    return true;
}

static int64_t moved(const struct undo *u)
{
    if (u->kept->cause != TB_CAUSE_TRANSFER)
        return u->kept->amount < 0 ? -u->kept->amount : u->kept->amount;
    int64_t sum = 0;
    for (uint32_t i = 0; i < u->lot_n; i++)
        if (u->lot[i].amount > 0)
            sum += u->lot[i].amount;
    return sum;
}

/* What is due is done for everybody whom the reversal touches: a lot that has expired must
 * not come back to life with what is restored to it.                                   */
static void settle_all(struct tb_txn *t, const struct undo *u)
{
    tb_ledger_settle(t, tb_person_by_profile(t, u->kept->profile));
    if (u->kept->from_profile)
        tb_ledger_settle(t, tb_person_by_profile(t, u->kept->from_profile));
    for (uint32_t i = 0; i < u->lot_n; i++)
        tb_ledger_settle(t, tb_person_by_profile(t, u->lot[i].profile));
}

/* Carries it out; OK or the refusal. */
static enum tb_code undo_all(struct tb_txn *t, struct undo *u, int64_t amount)
{
    bool taken = true;
    switch (u->kept->cause) {
    case TB_CAUSE_SPEND:
        u->account = TB_ACCOUNT_SPENT;
        u->cause = TB_CAUSE_REFUND;
        restore(t, u, amount);
        return TB_CODE_OK;
    case TB_CAUSE_ADJUST:
        u->account = TB_ACCOUNT_ADJUST;
        u->cause = TB_CAUSE_ADJUST;
        if (u->kept->amount < 0)
            restore(t, u, amount);
        else
            taken = take_back(t, u, u->profile, amount, TB_ACCOUNT_ADJUST, TB_CAUSE_ADJUST);
        return taken ? TB_CODE_OK : TB_CODE_INSUFFICIENT;
    case TB_CAUSE_TRANSFER:
        if (!take_back(t, u, u->profile, amount, TB_ACCOUNT_CLEARING, TB_CAUSE_TRANSFER))
            return TB_CODE_INSUFFICIENT;
        u->account = TB_ACCOUNT_CLEARING;
        u->cause = TB_CAUSE_TRANSFER;
        u->profile = u->kept->from_profile;
        restore(t, u, amount);
        return TB_CODE_OK;
    default:
        return TB_CODE_NOT_REVERSIBLE;
    }
}

/* A copy of what the kept transfer moved. */
static struct tb_transfer_lot *lots_of(struct tb_txn *t, struct tb_block *b)
{
    uint32_t n = b->n[TB_TRANSFER_LOT];
    struct tb_transfer_lot *lot = TB_NEW_ARRAY(t->scratch, struct tb_transfer_lot, n + 1);
    tb_assert(lot != NULL);
    const struct tb_transfer_lot *from = tb_section(t, b, TB_TRANSFER_LOT);
    for (uint32_t i = 0; i < n; i++)
        lot[i] = from[i];
    return lot;
}

bool tb_ledger_refund_ready(struct tb_txn *t, uint64_t transfer)
{
    if (tb_read(t, TB_KIND_TRANSFER, transfer) != NULL)
        return true;
    tb_txn_need(t, TB_KIND_TRANSFER, transfer);
    return false;
}

int64_t tb_ledger_refund(struct tb_txn *t, uint64_t transfer, int64_t amount, uint64_t order, uint64_t actor)
{
    struct tb_block *b = tb_read(t, TB_KIND_TRANSFER, transfer);
    tb_assert(b != NULL && amount > 0);
    struct tb_transfer kept = *(const struct tb_transfer *)tb_block_head(b);
    tb_assert(kept.tenant == t->tenant && kept.cause == TB_CAUSE_SPEND);
    struct undo u = {.kept = &kept,
                     .lot = lots_of(t, b),
                     .lot_n = b->n[TB_TRANSFER_LOT],
                     .id = transfer,
                     .transfer = tb_counter_next(t, TB_COUNTER_TRANSFER),
                     .profile = kept.profile,
                     .actor = actor,
                     .order = order};
    int64_t left = moved(&u) - kept.reversed;
    int64_t back = amount < left ? amount : left;
    if (back == 0)
        return 0;
    settle_all(t, &u);
    enum tb_code code = undo_all(t, &u, back);
    tb_assert(code == TB_CODE_OK);
    return back;
}

enum tb_outcome tb_ledger_reverse(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a)
{
    const struct tb_cmd_reverse *in = cmd->input;
    if (in->transfer == 0 || in->transfer > t->store->counter[TB_COUNTER_TRANSFER])
        return tb_refuse(a, TB_CODE_UNKNOWN_TRANSFER, "transfer");
    struct tb_block *b = tb_read(t, TB_KIND_TRANSFER, in->transfer);
    if (b == NULL) {
        tb_txn_need(t, TB_KIND_TRANSFER, in->transfer);
        return TB_NEED;
    }
    struct tb_transfer kept = *(const struct tb_transfer *)tb_block_head(b);
    if (kept.tenant != t->tenant)
        return tb_refuse(a, TB_CODE_UNKNOWN_TRANSFER, "transfer");
    if (in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    uint32_t n = b->n[TB_TRANSFER_LOT];
    struct tb_transfer_lot *lot = lots_of(t, b);
    struct undo u = {.kept = &kept,
                     .lot = lot,
                     .lot_n = n,
                     .id = in->transfer,
                     .transfer = tb_counter_next(t, TB_COUNTER_TRANSFER),
                     .profile = kept.profile,
                     .reason = in->reason,
                     .actor = cmd->actor};
    if (in->amount < 0)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    int64_t left = moved(&u) - kept.reversed;
    if (left <= 0)
        return tb_refuse(a, TB_CODE_ALREADY_REVERSED, "transfer");
    if (in->amount > left)
        return tb_refuse(a, TB_CODE_HOLD_EXCEEDED, "amount");
    if (kept.undoes)
        return tb_refuse(a, TB_CODE_NOT_REVERSIBLE, "transfer");
    if (in->amount && in->amount != left && kept.cause != TB_CAUSE_SPEND)
        return tb_refuse(a, TB_CODE_NOT_REVERSIBLE, "amount");
    uint32_t booked = kept.profile;
    int64_t amount = in->amount ? in->amount : left;
    if (in->approved == NULL && tb_approval_needed(t, cmd, kept.unit, amount))
        return tb_approval_ask(t, cmd,
                               &(struct tb_asked){.act = TB_REQUEST_REVERSE,
                                                  .unit = kept.unit,
                                                  .profile = booked,
                                                  .amount = amount,
                                                  .transfer = in->transfer,
                                                  .reason = in->reason},
                               a);
    settle_all(t, &u);
    tb_membership_fire(t, tb_person_by_profile(t, booked));
    enum tb_code code = undo_all(t, &u, amount);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "amount");
    if (kept.cause == TB_CAUSE_ADJUST)
        tb_ledger_adjusted(t, booked, kept.unit);
    if (in->approved != NULL)
        *in->approved = u.transfer;
    else
        tb_approval_alone(t, cmd, kept.unit, amount);
    tb_wire_put_uint(&a->body, 1, u.transfer);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(amount));
    tb_answer_balance(t, a, 3, booked, kept.unit);
    return TB_DONE;
}
