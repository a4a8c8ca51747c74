// SPDX-License-Identifier: Apache-2.0
/* What time does to a person: holds lapse, pending units are released, lots expire. */
#include "core/ledger/ledger_int.h"

/* In the order of what is done at one instant. */
enum due_what { DUE_NOTHING = 0, DUE_HOLD, DUE_EXPIRY, DUE_RELEASE };

/* The earliest due thing. At one instant holds lapse first, so that what they give back still
 * expires in time; then lots expire, then units are released: like an earning at that
 * instant they pay debts together with what lives on, never with what is gone. Then the lower
 * number: how elements lie in a block depends on merges, and must decide nothing.        */
static enum due_what earliest(const struct tb_store *s, struct tb_block *b, int64_t *due_ms,
                              uint32_t *at)
{
    const struct tb_shape *shape = &s->shape[TB_KIND_PERSON];
    enum due_what what = DUE_NOTHING;
    *due_ms = INT64_MAX;
    const struct tb_hold *hold = tb_block_section(shape, b, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++) {
        if (hold[i].deadline_ms > *due_ms ||
            (hold[i].deadline_ms == *due_ms && (what == DUE_NOTHING || hold[i].id > hold[*at].id)))
            continue;
        what = DUE_HOLD;
        *due_ms = hold[i].deadline_ms;
        *at = i;
    }
    const struct tb_lot *lot = tb_block_section(shape, b, TB_PERSON_LOT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++) {
        enum due_what kind = lot[i].state == TB_LOT_PENDING ? DUE_RELEASE : DUE_EXPIRY;
        if (lot[i].due_ms > *due_ms || lot[i].due_ms == INT64_MAX ||
            (lot[i].due_ms == *due_ms && (kind > what || (kind == what && lot[i].id > lot[*at].id))))
            continue;
        what = kind;
        *due_ms = lot[i].due_ms;
        *at = i;
    }
    return what;
}

int64_t tb_ledger_due_ms(const struct tb_store *s, const struct tb_block *person)
{
    const struct tb_shape *shape = &s->shape[TB_KIND_PERSON];
    struct tb_block *b = (struct tb_block *)(uintptr_t)person; /* sections are found, not written */
    const struct tb_lot *lot = tb_block_section(shape, b, TB_PERSON_LOT);
    int64_t due_ms = INT64_MAX;
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
        due_ms = lot[i].due_ms < due_ms ? lot[i].due_ms : due_ms;
    if (b->n[TB_PERSON_HOLD] == 0)
        return due_ms;
    const struct tb_hold *hold = tb_block_section(shape, b, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++)
        due_ms = hold[i].deadline_ms < due_ms ? hold[i].deadline_ms : due_ms;
    return due_ms;
}

static void release(struct tb_txn *t, uint32_t person, const struct tb_lot *lot)
{
    struct tb_ev_released ev = {.unit = lot->unit,
                                .profile = lot->profile,
                                .lot = lot->id,
                                .amount = lot->left,
                                .due_ms = due_to_wire(tb_ledger_expiry_ms(t, lot->unit, lot->due_ms)),
                                .day = tb_tenant_day(t, lot->due_ms, NULL, NULL)};
    uint32_t unit = lot->unit;
    tb_emit_released(t, &ev);
    tb_debt_settle(t, person, unit);
}

void tb_ledger_expire_lot(struct tb_txn *t, const struct tb_lot *lot, int32_t day)
{
    struct tb_ev_lot_change change = {.lot = lot->id,
                                      .amount = -lot->left,
                                      .due_ms = due_to_wire(lot->due_ms),
                                      .earned_day = lot->earned_day};
    struct tb_ev_posted ev = {.unit = lot->unit,
                              .profile = lot->profile,
                              .tenant_account = TB_ACCOUNT_EXPIRED,
                              .amount = -lot->left,
                              .cause = TB_CAUSE_EXPIRE,
                              .lot = &change,
                              .lot_n = 1,
                              .day = day};
    tb_emit_posted(t, &ev);
}

/* Most persons have nothing due, and that is seen at a glance. */
static bool something_due(const struct tb_txn *t, struct tb_block *b)
{
    const struct tb_lot *lot = tb_section(t, b, TB_PERSON_LOT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
        if (lot[i].due_ms <= t->now_ms)
            return true;
    if (b->n[TB_PERSON_HOLD] == 0)
        return false;
    const struct tb_hold *hold = tb_section(t, b, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++)
        if (hold[i].deadline_ms <= t->now_ms)
            return true;
    return false;
}

void tb_ledger_settle(struct tb_txn *t, uint32_t person)
{
    if (!something_due(t, tb_read(t, TB_KIND_PERSON, person)))
        return;
    /* Each turn ends one due thing; a released lot may itself be due for expiry. */
    for (;;) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        int64_t due_ms;
        uint32_t at = 0;
        enum due_what what = earliest(t->store, b, &due_ms, &at);
        if (what == DUE_NOTHING || due_ms > t->now_ms)
            return;
        if (what == DUE_HOLD) {
            tb_hold_release(t, b, ((const struct tb_hold *)tb_section(t, b, TB_PERSON_HOLD))[at].id);
            continue;
        }
        struct tb_lot lot = ((const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT))[at];
        if (what == DUE_RELEASE)
            release(t, person, &lot);
        else
            tb_ledger_expire_lot(t, &lot, tb_tenant_day(t, due_ms, NULL, NULL));
    }
}
