// SPDX-License-Identifier: Apache-2.0
/* Giving units, taking them back, and letting debts be paid by what comes in. */
#include "core/ledger/ledger_int.h"

/* The profile of the person with the largest debt in the unit (tie: lower number); 0 = none. */
static uint32_t debtor(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                       int64_t *debt)
{
    uint32_t found = 0;
    *debt = 0;
    const struct tb_account *account = tb_section(t, person, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++) {
        /* cheap test first: without debt a balance covers what is held */
        if (account[i].unit != unit)
            continue;
        int64_t d = tb_account_debt(t, person, &account[i]);
        if (d > *debt || (d == *debt && d > 0 && account[i].profile < found)) {
            *debt = d;
            found = account[i].profile;
        }
    }
    return found;
}

static int64_t lots_available(const struct tb_txn *t, struct tb_block *person, uint32_t unit)
{
    int64_t sum = 0;
    const struct tb_lot *lot = tb_section(t, person, TB_PERSON_LOT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LOT]; i++)
        if (lot[i].unit == unit && lot[i].state == TB_LOT_AVAILABLE)
            sum += lot[i].left;
    return sum;
}

void tb_debt_settle(struct tb_txn *t, uint32_t person, uint32_t unit)
{
    for (;;) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        int64_t debt;
        uint32_t profile = debtor(t, b, unit, &debt);
        int64_t lots = profile ? lots_available(t, b, unit) : 0;
        if (lots == 0)
            return;
        struct tb_draw draw;
        tb_draw_pick(t, b, unit, debt < lots ? debt : lots, 0, &draw);
        for (uint32_t i = 0; i < draw.part_n; i++) {
            const struct tb_draw_part *part = &draw.part[i];
            if (part->profile == profile) {
                struct tb_ev_lots_settled ev = {
                    .unit = unit, .profile = profile, .lot = part->lot, .lot_n = part->lot_n};
                tb_emit_lots_settled(t, &ev);
                continue;
            }
            struct tb_ev_posted cross = {.unit = unit,
                                         .profile = part->profile,
                                         .tenant_account = TB_ACCOUNT_CLEARING,
                                         .amount = -part->amount,
                                         .cause = TB_CAUSE_CROSS,
                                         .lot = part->lot,
                                         .lot_n = part->lot_n,
                                         .day = tb_today(t)};
            tb_emit_posted(t, &cross);
            cross.profile = profile;
            cross.amount = part->amount;
            cross.lot = NULL;
            cross.lot_n = 0;
            tb_emit_posted(t, &cross);
        }
    }
}

/* Trims to the caps of the unit. kind of refusal only when the unit rejects. */
static enum tb_code cap_earning(const struct tb_txn *t, struct tb_block *b, const struct tb_earn *e,
                                const struct tb_unit *u, int64_t *amount, int32_t *cap_start)
{
    *cap_start = 0;
    if (e->cause != TB_CAUSE_EARN)
        return TB_CODE_OK;
    bool trims = !u->earn_cap_rejects;
    if (u->earn_cap_order && e->order) {
        int64_t room = u->earn_cap_order > e->order_earned ? u->earn_cap_order - e->order_earned : 0;
        if (*amount > room && !trims)
            return TB_CODE_CAP_EXCEEDED;
        if (*amount > room)
            *amount = room;
    }
    if (u->balance_max) {
        int64_t has = tb_available_sum(t, b, e->unit);
        const struct tb_account *account = tb_section(t, b, TB_PERSON_ACCOUNT);
        for (uint32_t i = 0; i < b->n[TB_PERSON_ACCOUNT]; i++)
            if (account[i].unit == e->unit)
                has += account[i].pending + account[i].held;
        int64_t room = (int64_t)u->balance_max - has;
        if (room < 0)
            room = 0;
        if (*amount > room && !trims)
            return TB_CODE_CAP_EXCEEDED;
        if (*amount > room)
            *amount = room;
    }
    return u->earn_cap ? tb_cap_apply(t, b, e->unit, 1, amount, trims, cap_start) : TB_CODE_OK;
}

void tb_ledger_slide(struct tb_txn *t, uint32_t person, uint32_t unit)
{
    const struct tb_unit *u = tb_unit_head(t, unit);
    if (u->expiry != TB_EXPIRY_SLIDING_DAYS)
        return;
    int64_t due_ms = tb_ledger_expiry_ms(t, unit, t->now_ms);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_lot *lot = tb_section(t, b, TB_PERSON_LOT);
    uint32_t n = b->n[TB_PERSON_LOT];
    struct tb_ev_lot_change *change = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, n + 1);
    tb_assert(change != NULL);
    struct tb_ev_lots_settled ev = {.unit = unit, .lot = change};
    for (uint32_t i = 0; i < n; i++) {
        if (lot[i].unit != unit || lot[i].state != TB_LOT_AVAILABLE || lot[i].due_ms >= due_ms)
            continue;
        ev.profile = lot[i].profile;
        change[ev.lot_n++] = (struct tb_ev_lot_change){
            .lot = lot[i].id, .due_ms = due_to_wire(due_ms), .profile = lot[i].profile};
    }
    if (ev.lot_n)
        tb_emit_lots_settled(t, &ev);
}

static uint32_t earner(const struct tb_txn *t, const struct tb_earn *e)
{
    uint32_t person = e->person ? e->person : tb_person_by_profile(t, e->profile);
    tb_assert(e->amount > 0 && person != 0);
    return person;
}

/* *amount: what is given; 0 = a cap took all of it, or it is refused. */
static enum tb_code may_earn(struct tb_txn *t, const struct tb_earn *e, uint32_t person, int64_t *amount,
                             int32_t *cap_start)
{
    *amount = 0;
    tb_ledger_settle(t, person);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (b->n[TB_PERSON_LOT] >= TB_SECTION_ELEMENTS_MAX - 1)
        return TB_CODE_TOO_MANY;
    int64_t capped = e->amount;
    enum tb_code code = cap_earning(t, b, e, tb_unit_head(t, e->unit), &capped, cap_start);
    if (code != TB_CODE_OK || capped == 0)
        return code;
    const struct tb_account *account = tb_account_find(t, b, e->profile, e->unit);
    if (capped > TB_AMOUNT_MAX - (account ? account->credits + account->pending : 0))
        return TB_CODE_AMOUNT_OVERFLOW;
    *amount = capped;
    return TB_CODE_OK;
}

enum tb_code tb_ledger_would_earn(struct tb_txn *t, const struct tb_earn *e, int64_t *amount)
{
    int32_t cap_start;
    return may_earn(t, e, earner(t, e), amount, &cap_start);
}

enum tb_code tb_ledger_earn(struct tb_txn *t, const struct tb_earn *e, struct tb_earned *out)
{
    uint32_t person = earner(t, e);
    int64_t amount;
    int32_t cap_start;
    *out = (struct tb_earned){0};
    enum tb_code code = may_earn(t, e, person, &amount, &cap_start);
    if (code != TB_CODE_OK || amount == 0)
        return code;
    const struct tb_unit *u = tb_unit_head(t, e->unit);
    int64_t release = t->now_ms;
    if (e->cause == TB_CAUSE_EARN && u->release != TB_RELEASE_AT_ONCE)
        release = tb_unit_release_ms(u, tb_tenant_zone(t), t->now_ms);
    bool pending = release > t->now_ms;
    int64_t due = pending ? release : tb_ledger_expiry_ms(t, e->unit, t->now_ms);
    int32_t today = tb_today(t);
    struct tb_ev_lot_change lot = {.lot = tb_counter_next(t, TB_COUNTER_LOT),
                                   .amount = amount,
                                   .due_ms = due_to_wire(due),
                                   .earned_day = today,
                                   .pending = pending};
    struct tb_ev_posted ev = {.transfer = e->transfer,
                              .unit = e->unit,
                              .profile = e->profile,
                              .tenant_account =
                                  e->cause == TB_CAUSE_ADJUST ? TB_ACCOUNT_ADJUST : TB_ACCOUNT_ISSUER,
                              .amount = amount,
                              .cause = e->cause,
                              .pending = pending,
                              .order = e->order,
                              .lot = &lot,
                              .lot_n = 1,
                              .actor = e->actor,
                              .reason = e->reason,
                              .day = today,
                              .sale_day = e->sale_day == today ? 0 : e->sale_day,
                              .cap = cap_start ? 1 : 0,
                              .cap_start = cap_start};
    tb_emit_posted(t, &ev);
    if (u->expiry == TB_EXPIRY_SLIDING_DAYS)
        tb_ledger_slide(t, person, e->unit);
    if (!pending)
        tb_debt_settle(t, person, e->unit);
    *out = (struct tb_earned){.amount = amount, .lot = lot.lot};
    return TB_CODE_OK;
}

static struct tb_ev_posted claw_event(const struct tb_txn *t, const struct tb_claw *c,
                                      int64_t amount)
{
    return (struct tb_ev_posted){.transfer = c->transfer,
                                 .reverses = c->reverses,
                                 .unit = c->unit,
                                 .profile = c->profile,
                                 .tenant_account =
                                     c->cause == TB_CAUSE_ADJUST ? TB_ACCOUNT_ADJUST : TB_ACCOUNT_ISSUER,
                                 .amount = -amount,
                                 .cause = c->cause,
                                 .order = c->order,
                                 .actor = c->actor,
                                 .reason = c->reason,
                                 .day = tb_today(t),
                                 .sale_day = c->sale_day};
}

/* Takes from the pending lot that was earned; returns how much. */
static int64_t claw_pending(struct tb_txn *t, const struct tb_claw *c, uint32_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    int32_t at = c->lot ? tb_lot_find(t, b, c->lot) : -1;
    if (at < 0)
        return 0;
    const struct tb_lot *lot = (const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT) + at;
    if (lot->state != TB_LOT_PENDING)
        return 0;
    int64_t take = lot->left < c->amount ? lot->left : c->amount;
    struct tb_ev_lot_change change = {.lot = lot->id,
                                      .amount = -take,
                                      .due_ms = due_to_wire(lot->due_ms),
                                      .earned_day = lot->earned_day};
    struct tb_ev_posted ev = claw_event(t, c, take);
    ev.profile = lot->profile;
    ev.pending = 1;
    ev.lot = &change;
    ev.lot_n = 1;
    tb_emit_posted(t, &ev);
    return take;
}

int64_t tb_ledger_claw(struct tb_txn *t, const struct tb_claw *c)
{
    uint32_t person = tb_person_by_profile(t, c->profile);
    tb_assert(c->amount > 0 && person != 0);
    tb_ledger_settle(t, person);
    int64_t taken = claw_pending(t, c, person);
    if (c->negative == TB_NEGATIVE_ONLY_PENDING || taken == c->amount)
        return taken;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    int64_t rest = c->amount - taken;
    int64_t has = tb_available_sum(t, b, c->unit);
    int64_t take = has < 0 ? 0 : has < rest ? has : rest;
    if (take > 0) {
        struct tb_draw draw;
        tb_draw_pick(t, b, c->unit, take, c->lot, &draw);
        struct tb_ev_posted ev = claw_event(t, c, take);
        tb_draw_post(t, &draw, &ev);
        taken += take;
    }
    if (c->negative == TB_NEGATIVE_UNLIMITED && taken < c->amount) {
        struct tb_ev_posted ev = claw_event(t, c, c->amount - taken);
        tb_emit_posted(t, &ev);
        taken = c->amount;
    }
    return taken;
}
