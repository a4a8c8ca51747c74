// SPDX-License-Identifier: Apache-2.0
/* Folding the ledger's events. Nothing here decides or refuses. */
#include "core/ledger/ledger_int.h"
#include "core/order/order.h"

#include <string.h>

static uint64_t person_of(struct tb_txn *t, uint64_t profile)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_assert(person != 0);
    return person;
}

static struct tb_account *account_for_writing(struct tb_txn *t, uint64_t person, uint32_t profile,
                                              uint32_t unit)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_account *account = tb_account_find(t, b, profile, unit);
    if (account != NULL)
        return account;
    struct tb_account fresh = {.profile = profile, .unit = unit};
    return tb_push(t, TB_KIND_PERSON, person, TB_PERSON_ACCOUNT, &fresh);
}

/* home: the person of profile. */
static void change_lot(struct tb_txn *t, uint32_t unit, uint64_t profile, uint64_t home,
                       const struct tb_ev_lot_change *c)
{
    uint32_t owner = (uint32_t)(c->profile ? c->profile : profile);
    uint64_t person = c->profile ? person_of(t, owner) : home;
    /* a number above all that were given is nobody's yet */
    bool is_new = c->lot > t->store->counter[TB_COUNTER_LOT];
    struct tb_block *b = is_new ? NULL : tb_write(t, TB_KIND_PERSON, person);
    int32_t at = is_new ? -1 : tb_lot_find(t, b, c->lot);
    if (at < 0) {
        tb_assert(c->amount > 0);
        struct tb_lot fresh = {.id = c->lot,
                               .left = c->amount,
                               .due_ms = due_from_wire(c->due_ms),
                               .profile = owner,
                               .unit = unit,
                               .earned_day = (int32_t)c->earned_day,
                               .state = c->pending ? TB_LOT_PENDING : TB_LOT_AVAILABLE};
        (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_LOT, &fresh);
        tb_counter_used(t, TB_COUNTER_LOT, c->lot);
        return;
    }
    struct tb_lot *lot = (struct tb_lot *)tb_section(t, b, TB_PERSON_LOT) + at;
    tb_assert(lot->unit == unit && lot->profile == owner);
    lot->left += c->amount;
    tb_assert(lot->left >= 0);
    /* what comes back must not shorten the life that a slide gave the rest meanwhile */
    if (c->amount == 0 || (c->amount > 0 && due_from_wire(c->due_ms) > lot->due_ms))
        lot->due_ms = due_from_wire(c->due_ms);
    if (lot->left == 0)
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_LOT, (uint32_t)at, 1);
}

struct tb_unit_book *tb_book_for_writing(struct tb_txn *t, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_UNIT_BOOK, unit);
    if (b == NULL) {
        b = tb_create(t, TB_KIND_UNIT_BOOK, unit);
        ((struct tb_unit_book *)tb_block_head(b))->tenant = t->tenant;
        return tb_block_head(b);
    }
    return tb_block_head(tb_write(t, TB_KIND_UNIT_BOOK, unit));
}

static struct tb_unit_day *day_for_writing(struct tb_txn *t, uint32_t unit, int32_t day)
{
    struct tb_core *core = t->core;
    uint32_t *cached = core ? &core->cache.unit_day[unit % TB_CACHE_UNITS] : NULL;
    struct tb_block *b = cached && *cached ? tb_read(t, TB_KIND_UNIT_DAY, *cached) : NULL;
    const struct tb_unit_day *known = b ? tb_block_head(b) : NULL;
    if (known != NULL && known->unit == unit && known->day == day)
        return tb_block_head(tb_write(t, TB_KIND_UNIT_DAY, *cached));
    uint64_t key = tb_key_number(unit, (uint64_t)(uint32_t)day | (uint64_t)1 << 33);
    uint64_t id;
    if (tb_map_find(t, TB_MAP_UNIT_DAY, key, &id)) {
        if (cached != NULL)
            *cached = (uint32_t)id;
        return tb_block_head(tb_write(t, TB_KIND_UNIT_DAY, id));
    }
    id = tb_counter_next(t, TB_COUNTER_UNIT_DAY);
    tb_counter_used(t, TB_COUNTER_UNIT_DAY, id);
    tb_map_set(t, TB_MAP_UNIT_DAY, key, id);
    struct tb_unit_day *d = tb_block_head(tb_create(t, TB_KIND_UNIT_DAY, id));
    *d = (struct tb_unit_day){.tenant = t->tenant, .unit = unit, .day = day};
    return d;
}

static void count_day(struct tb_txn *t, const struct tb_ev_posted *ev)
{
    if (ev->cause == TB_CAUSE_CROSS || ev->cause == TB_CAUSE_TRANSFER)
        return;
    struct tb_unit_day *d = day_for_writing(t, (uint32_t)ev->unit, (int32_t)ev->day);
    switch ((enum tb_cause)ev->cause) {
    case TB_CAUSE_EARN:
        d->earned += ev->amount;
        break;
    case TB_CAUSE_CLAWBACK:
        d->reversed -= ev->amount;
        break;
    case TB_CAUSE_SPEND:
    case TB_CAUSE_REFUND:
        d->spent -= ev->amount;
        break;
    case TB_CAUSE_EXPIRE:
        d->expired -= ev->amount;
        break;
    case TB_CAUSE_ADJUST:
        d->adjusted += ev->amount;
        break;
    case TB_CAUSE_CROSS:
    case TB_CAUSE_TRANSFER:
        break;
    }
}

static void count_cap(struct tb_txn *t, uint64_t person, const struct tb_ev_posted *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_cap_use *use = tb_section(t, b, TB_PERSON_CAP);
    int64_t amount = ev->amount < 0 ? -ev->amount : ev->amount;
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++) {
        if (use[i].profile != ev->profile || use[i].unit != ev->unit || use[i].kind != ev->cap)
            continue;
        if (use[i].start_day != ev->cap_start) {
            use[i].start_day = (int32_t)ev->cap_start;
            use[i].amount = 0;
        }
        use[i].amount += amount;
        return;
    }
    struct tb_cap_use fresh = {.profile = (uint32_t)ev->profile,
                               .unit = (uint32_t)ev->unit,
                               .start_day = (int32_t)ev->cap_start,
                               .kind = (uint32_t)ev->cap,
                               .amount = amount};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_CAP, &fresh);
}

/* Qualifying units are counted by day, a return on the day of its sale, so that a tier
 * window needs no lots. */
static void count_qualifying(struct tb_txn *t, uint64_t person, const struct tb_ev_posted *ev)
{
    if (tb_unit_head(t, (uint32_t)ev->unit)->kind != TB_UNIT_QUALIFYING ||
        (ev->cause != TB_CAUSE_EARN && ev->cause != TB_CAUSE_CLAWBACK &&
         ev->cause != TB_CAUSE_ADJUST))
        return;
    int32_t day = (int32_t)(ev->sale_day ? ev->sale_day : ev->day);
    tb_order_bucket(t, person, (uint32_t)ev->profile, day)->qualifying += ev->amount;
}

/* Keeps what a reversal will need. */
static void keep_transfer(struct tb_txn *t, const struct tb_ev_posted *ev)
{
    struct tb_block *b = tb_read(t, TB_KIND_TRANSFER, ev->transfer);
    if (b == NULL) {
        tb_counter_used(t, TB_COUNTER_TRANSFER, ev->transfer);
        b = tb_create(t, TB_KIND_TRANSFER, ev->transfer);
        *(struct tb_transfer *)tb_block_head(b) =
            (struct tb_transfer){.tenant = t->tenant, .unit = (uint32_t)ev->unit, .at_ms = t->now_ms};
    }
    b = tb_write(t, TB_KIND_TRANSFER, ev->transfer);
    if (ev->reverses)
        ((struct tb_transfer *)tb_block_head(b))->undoes = 1;
    if (ev->cause != TB_CAUSE_CROSS) {
        struct tb_transfer *kept = tb_block_head(b);
        kept->profile = (uint32_t)ev->profile;
        kept->cause = (uint32_t)ev->cause;
        kept->amount += ev->amount;
        if (ev->cause == TB_CAUSE_TRANSFER && ev->amount < 0)
            kept->from_profile = (uint32_t)ev->profile;
    }
    for (uint32_t i = 0; i < ev->lot_n; i++) {
        const struct tb_ev_lot_change *c = &ev->lot[i];
        struct tb_transfer_lot lot = {.lot = c->lot,
                                      .amount = c->amount,
                                      .due_ms = due_from_wire(c->due_ms),
                                      .profile = (uint32_t)(c->profile ? c->profile : ev->profile),
                                      .earned_day = (int32_t)c->earned_day};
        (void)tb_push(t, TB_KIND_TRANSFER, ev->transfer, TB_TRANSFER_LOT, &lot);
    }
}

/* Marks a kept transfer as given back by this posting, last lots first. */
static void mark_reversed(struct tb_txn *t, const struct tb_ev_posted *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_TRANSFER, ev->reverses);
    struct tb_transfer *kept = tb_block_head(b);
    if (ev->cause != TB_CAUSE_CROSS && !(ev->cause == TB_CAUSE_TRANSFER && ev->amount < 0))
        kept->reversed += ev->amount < 0 ? -ev->amount : ev->amount;
    struct tb_transfer_lot *lot = tb_section(t, b, TB_TRANSFER_LOT);
    for (uint32_t i = 0; i < ev->lot_n; i++)
        for (uint32_t k = 0; k < b->n[TB_TRANSFER_LOT]; k++)
            if (lot[k].lot == ev->lot[i].lot && (lot[k].amount < 0) != (ev->lot[i].amount < 0))
                lot[k].returned += ev->lot[i].amount < 0 ? -ev->lot[i].amount : ev->lot[i].amount;
}

void tb_ledger_apply_posted(struct tb_txn *t, const struct tb_ev_posted *ev)
{
    tb_assert(ev->amount != 0 && ev->tenant_account < TB_TENANT_ACCOUNTS);
    uint64_t person = person_of(t, ev->profile);
    for (uint32_t i = 0; i < ev->lot_n; i++)
        change_lot(t, (uint32_t)ev->unit, ev->profile, person, &ev->lot[i]);
    struct tb_account *account =
        account_for_writing(t, person, (uint32_t)ev->profile, (uint32_t)ev->unit);
    if (ev->pending)
        account->pending += ev->amount;
    else if (ev->amount > 0)
        account->credits += ev->amount;
    else
        account->debits -= ev->amount;
    tb_assert(account->pending >= 0);
    if (ev->cause == TB_CAUSE_CROSS)
        account->crossed += ev->amount;
    struct tb_unit_book *book = tb_book_for_writing(t, (uint32_t)ev->unit);
    if (ev->amount > 0)
        book->account[ev->tenant_account].debits += ev->amount;
    else
        book->account[ev->tenant_account].credits -= ev->amount;
    count_day(t, ev);
    count_qualifying(t, person, ev);
    if (ev->cap)
        count_cap(t, person, ev);
    if (ev->transfer)
        keep_transfer(t, ev);
    if (ev->reverses)
        mark_reversed(t, ev);
    tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_ledger_apply_released(struct tb_txn *t, const struct tb_ev_released *ev)
{
    uint64_t person = person_of(t, ev->profile);
    struct tb_account *account =
        account_for_writing(t, person, (uint32_t)ev->profile, (uint32_t)ev->unit);
    account->pending -= ev->amount;
    account->credits += ev->amount;
    tb_assert(account->pending >= 0);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    int32_t at = tb_lot_find(t, b, ev->lot);
    tb_assert(at >= 0);
    struct tb_lot *lot = (struct tb_lot *)tb_section(t, b, TB_PERSON_LOT) + at;
    tb_assert(lot->state == TB_LOT_PENDING && lot->left == ev->amount);
    lot->state = TB_LOT_AVAILABLE;
    lot->due_ms = due_from_wire(ev->due_ms);
    tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_ledger_apply_lots_settled(struct tb_txn *t, const struct tb_ev_lots_settled *ev)
{
    uint64_t person = person_of(t, ev->profile);
    for (uint32_t i = 0; i < ev->lot_n; i++)
        change_lot(t, (uint32_t)ev->unit, ev->profile, person, &ev->lot[i]);
    tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_ledger_apply_held(struct tb_txn *t, const struct tb_ev_held *ev)
{
    uint64_t person = person_of(t, ev->profile);
    tb_counter_used(t, TB_COUNTER_HOLD, ev->hold);
    tb_map_set(t, TB_MAP_HOLD, tb_mix(ev->hold), ev->profile);
    struct tb_hold hold = {.id = ev->hold,
                           .amount = ev->amount,
                           .deadline_ms = (int64_t)ev->deadline_ms,
                           .profile = (uint32_t)ev->profile,
                           .unit = (uint32_t)ev->unit};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_HOLD, &hold);
    for (uint32_t i = 0; i < ev->piece_n; i++) {
        const struct tb_ev_hold_piece *p = &ev->piece[i];
        struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
        int32_t at = tb_lot_find(t, b, p->lot);
        tb_assert(at >= 0);
        struct tb_lot *lot = (struct tb_lot *)tb_section(t, b, TB_PERSON_LOT) + at;
        struct tb_piece piece = {.hold = ev->hold,
                                 .lot = p->lot,
                                 .amount = p->amount,
                                 .due_ms = lot->due_ms,
                                 .profile = lot->profile,
                                 .unit = lot->unit,
                                 .earned_day = lot->earned_day};
        lot->left -= p->amount;
        tb_assert(lot->left >= 0);
        if (lot->left == 0)
            tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_LOT, (uint32_t)at, 1);
        (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_PIECE, &piece);
        account_for_writing(t, person, piece.profile, piece.unit)->held += p->amount;
    }
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* Takes amount off one piece of a hold, back to its lot. */
static void take_piece(struct tb_txn *t, const struct tb_ev_hold_taken *ev,
                       const struct tb_ev_hold_piece *p)
{
    uint64_t person = person_of(t, p->profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_piece *piece = tb_section(t, b, TB_PERSON_PIECE);
    uint32_t at = 0;
    while (at < b->n[TB_PERSON_PIECE] && !(piece[at].hold == ev->hold && piece[at].lot == p->lot))
        at++;
    tb_assert(at < b->n[TB_PERSON_PIECE] && piece[at].amount >= p->amount);
    struct tb_piece taken = piece[at];
    piece[at].amount -= p->amount;
    if (piece[at].amount == 0)
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_PIECE, at, 1);
    account_for_writing(t, person, taken.profile, taken.unit)->held -= p->amount;
    struct tb_ev_lot_change back = {.lot = taken.lot,
                                    .amount = p->amount,
                                    .due_ms = due_to_wire(taken.due_ms),
                                    .profile = taken.profile,
                                    .earned_day = taken.earned_day};
    change_lot(t, taken.unit, taken.profile, person, &back);
}

void tb_ledger_apply_hold_taken(struct tb_txn *t, const struct tb_ev_hold_taken *ev)
{
    int64_t amount = 0;
    for (uint32_t i = 0; i < ev->piece_n; i++) {
        take_piece(t, ev, &ev->piece[i]);
        amount += ev->piece[i].amount;
    }
    uint64_t person = person_of(t, ev->profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_hold *hold = tb_section(t, b, TB_PERSON_HOLD);
    uint32_t at = 0;
    while (at < b->n[TB_PERSON_HOLD] && hold[at].id != ev->hold)
        at++;
    tb_assert(at < b->n[TB_PERSON_HOLD]);
    hold[at].amount -= amount;
    tb_assert(hold[at].amount >= 0);
    if (ev->ended) {
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_HOLD, at, 1);
        tb_map_unset(t, TB_MAP_HOLD, tb_mix(ev->hold));
    }
    tb_person_touch(t, (uint32_t)ev->profile);
}
