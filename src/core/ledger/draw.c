// SPDX-License-Identifier: Apache-2.0
/* Choosing lots, soonest expiry first across a person's profiles, and posting the draw. */
#include "core/ledger/ledger_int.h"

const struct tb_unit *tb_unit_head(const struct tb_txn *t, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_UNIT, unit);
    tb_assert(b != NULL);
    return tb_block_head(b);
}

int32_t tb_today(const struct tb_txn *t)
{
    return tb_tenant_day(t, t->now_ms, NULL, NULL);
}

struct tb_account *tb_account_find(const struct tb_txn *t, struct tb_block *person,
                                   uint32_t profile, uint32_t unit)
{
    struct tb_account *account = tb_section(t, person, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++)
        if (account[i].profile == profile && account[i].unit == unit)
            return &account[i];
    return NULL;
}

int32_t tb_lot_find(const struct tb_txn *t, struct tb_block *person, uint64_t lot)
{
    const struct tb_lot *l = tb_section(t, person, TB_PERSON_LOT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LOT]; i++)
        if (l[i].id == lot)
            return (int32_t)i;
    return -1;
}

int64_t tb_account_debt(const struct tb_txn *t, struct tb_block *person,
                        const struct tb_account *account)
{
    int64_t lots = 0;
    const struct tb_lot *l = tb_section(t, person, TB_PERSON_LOT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LOT]; i++)
        if (l[i].profile == account->profile && l[i].unit == account->unit &&
            l[i].state == TB_LOT_AVAILABLE)
            lots += l[i].left;
    int64_t debt = lots + account->held - (account->credits - account->debits);
    tb_assert(debt >= 0);
    return debt;
}

int64_t tb_available_sum(const struct tb_txn *t, struct tb_block *person, uint32_t unit)
{
    int64_t sum = 0;
    const struct tb_account *account = tb_section(t, person, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++)
        if (account[i].unit == unit)
            sum += account[i].credits - account[i].debits - account[i].held;
    return sum;
}

/* a is drawn before b */
static bool sooner(const struct tb_lot *a, const struct tb_lot *b, uint64_t prefer)
{
    if ((a->id == prefer) != (b->id == prefer))
        return a->id == prefer;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return a->id < b->id;
}

static struct tb_draw_part *part_of(struct tb_txn *t, struct tb_draw *d, uint32_t profile,
                                    uint32_t lots_max)
{
    for (uint32_t i = 0; i < d->part_n; i++)
        if (d->part[i].profile == profile)
            return &d->part[i];
    struct tb_draw_part *part = &d->part[d->part_n++];
    part->profile = profile;
    part->lot = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, lots_max);
    tb_assert(part->lot != NULL);
    return part;
}

void tb_draw_pick(struct tb_txn *t, struct tb_block *person, uint32_t unit, int64_t amount,
                  uint64_t prefer, struct tb_draw *out)
{
    uint32_t n = person->n[TB_PERSON_LOT];
    const struct tb_lot *lot = tb_section(t, person, TB_PERSON_LOT);
    bool *used = TB_NEW_ARRAY(t->scratch, bool, n + 1);
    *out = (struct tb_draw){0};
    out->part = TB_NEW_ARRAY(t->scratch, struct tb_draw_part, person->n[TB_PERSON_PROFILE] + 1u);
    tb_assert(used != NULL && out->part != NULL);
    int64_t left = amount;
    while (left > 0) {
        uint32_t best = n;
        for (uint32_t i = 0; i < n; i++) {
            if (used[i] || lot[i].unit != unit || lot[i].state != TB_LOT_AVAILABLE)
                continue;
            if (best == n || sooner(&lot[i], &lot[best], prefer))
                best = i;
        }
        tb_assert(best < n);
        used[best] = true;
        int64_t take = lot[best].left < left ? lot[best].left : left;
        left -= take;
        struct tb_draw_part *part = part_of(t, out, lot[best].profile, n);
        part->lot[part->lot_n++] = (struct tb_ev_lot_change){.lot = lot[best].id,
                                                             .amount = -take,
                                                             .due_ms = due_to_wire(lot[best].due_ms),
                                                             .earned_day = lot[best].earned_day};
        part->amount += take;
    }
}

void tb_draw_post(struct tb_txn *t, const struct tb_draw *d, const struct tb_ev_posted *main)
{
    struct tb_ev_posted ev = *main;
    tb_assert(main->amount < 0);
    for (uint32_t i = 0; i < d->part_n; i++) {
        const struct tb_draw_part *part = &d->part[i];
        if (part->profile == main->profile) {
            ev.lot = part->lot;
            ev.lot_n = part->lot_n;
            continue;
        }
        struct tb_ev_posted cross = {.transfer = main->transfer,
                                     .reverses = main->reverses,
                                     .unit = main->unit,
                                     .profile = part->profile,
                                     .tenant_account = TB_ACCOUNT_CLEARING,
                                     .amount = -part->amount,
                                     .cause = TB_CAUSE_CROSS,
                                     .lot = part->lot,
                                     .lot_n = part->lot_n,
                                     .day = main->day};
        tb_emit_posted(t, &cross);
        cross.profile = main->profile;
        cross.amount = part->amount;
        cross.lot = NULL;
        cross.lot_n = 0;
        tb_emit_posted(t, &cross);
    }
    tb_emit_posted(t, &ev);
}

enum tb_code tb_cap_apply(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                          uint32_t kind, int64_t *amount, bool trims, int32_t *cap_start)
{
    const struct tb_unit *u = tb_unit_head(t, unit);
    int64_t cap = (int64_t)(kind == 1 ? u->earn_cap : u->spend_cap);
    *cap_start = 0;
    if (cap == 0)
        return TB_CODE_OK;
    *cap_start = tb_period_start((enum tb_cap_period)(kind == 1 ? u->earn_cap_period : u->spend_cap_period),
                              tb_today(t));
    int64_t used = 0;
    const struct tb_cap_use *use = tb_section(t, person, TB_PERSON_CAP);
    for (uint32_t i = 0; i < person->n[TB_PERSON_CAP]; i++)
        if (use[i].unit == unit && use[i].kind == kind && use[i].start_day == *cap_start)
            used += use[i].amount;
    int64_t room = cap > used ? cap - used : 0;
    if (*amount <= room)
        return TB_CODE_OK;
    if (!trims)
        return TB_CODE_CAP_EXCEEDED;
    *amount = room;
    return TB_CODE_OK;
}

enum tb_code tb_ledger_spend(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount,
                             enum tb_tenant_account to, enum tb_cause cause, uint64_t transfer,
                             uint64_t order, struct tb_str reason, uint64_t actor)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_assert(amount > 0 && person != 0);
    tb_ledger_settle(t, person);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (tb_available_sum(t, b, unit) < amount)
        return TB_CODE_INSUFFICIENT;
    int32_t cap_start = 0;
    int64_t wanted = amount;
    if (cause == TB_CAUSE_SPEND) {
        enum tb_code code = tb_cap_apply(t, b, unit, 2, &wanted, false, &cap_start);
        if (code != TB_CODE_OK)
            return code;
    }
    struct tb_draw draw;
    tb_draw_pick(t, b, unit, amount, 0, &draw);
    struct tb_ev_posted main = {.transfer = transfer,
                                .unit = unit,
                                .profile = profile,
                                .tenant_account = to,
                                .amount = -amount,
                                .cause = cause,
                                .order = order,
                                .reason = reason,
                                .actor = actor,
                                .day = tb_today(t),
                                .cap = cap_start ? 2 : 0,
                                .cap_start = cap_start};
    tb_draw_post(t, &draw, &main);
    return TB_CODE_OK;
}
