// SPDX-License-Identifier: Apache-2.0
/* core/promotion/coupon.c - one coupon: a lot of amount 1, issued, locked, used, given back, withdrawn.
 *
 * Invariant: a coupon is in exactly one place - with a member (available or held) or on one of the
 * template's own accounts - because every change is a posting of 1 or a hold. Stock: issued so far
 * is what the ISSUER account has given, so the bound is asked in the one place that issues. */
#include "core/promotion/commands.h"

#include "core/ledger/ledger_int.h"

static const struct tb_unit *template_of(const struct tb_txn *t, uint32_t unit)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, unit);
    tb_assert(u != NULL && u->kind == TB_UNIT_COUPON);
    return u;
}

static struct tb_ev_lot_change change_of(const struct tb_coupon *c, uint32_t booked, int64_t amount)
{
    return (struct tb_ev_lot_change){.lot = c->lot,
                                     .amount = amount,
                                     .due_ms = due_to_wire(c->due_ms),
                                     .profile = c->profile == booked ? 0 : c->profile,
                                     .earned_day = c->earned_day};
}

/* ---- issuing ------------------------------------------------------------------------------ */

static bool enrolled(const struct tb_txn *t, uint32_t person)
{
    return tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_ENROL] > 0;
}

enum tb_code tb_coupon_issue(struct tb_txn *t, uint32_t profile, uint32_t unit, uint64_t order,
                             uint64_t actor, struct tb_str reason, struct tb_coupon *out)
{
    const struct tb_unit *u = template_of(t, unit);
    uint32_t person = tb_person_by_profile(t, profile);
    if (u->valid_until_ms && t->now_ms >= u->valid_until_ms) /* it would have expired before she had it */
        return TB_CODE_NOT_OPEN;
    if (u->flags & TB_UNIT_MEMBERS_ONLY && !enrolled(t, person))
        return TB_CODE_NOT_ENROLLED;
    struct tb_earn earn = {.profile = profile,
                           .person = person,
                           .unit = unit,
                           .amount = 1,
                           .actor = actor,
                           .reason = reason,
                           .cause = TB_CAUSE_EARN};
    /* the cap of one order is about points: an order gives as many as its offers say */
    earn.order = order;
    bool sold_out = u->stock && -tb_ledger_book(t, unit, TB_ACCOUNT_ISSUER) >= u->stock;
    struct tb_earned earned;
    if (sold_out) { /* hers first: she has had her share */
        int64_t one = 1;
        int32_t start;
        bool hers = u->earn_cap && tb_cap_apply(t, tb_read(t, TB_KIND_PERSON, person), unit, 1, &one, false,
                                                &start) != TB_CODE_OK;
        return hers ? TB_CODE_CAP_EXCEEDED : TB_CODE_OUT_OF_STOCK;
    }
    enum tb_code code = tb_ledger_earn(t, &earn, &earned);
    if (code == TB_CODE_OK && earned.amount != 1)
        code = TB_CODE_CAP_EXCEEDED;
    if (code != TB_CODE_OK)
        return code;
    bool locked;
    bool found = tb_coupon_find(t, profile, earned.lot, out, &locked);
    tb_assert(found);
    return TB_CODE_OK;
}

bool tb_coupon_withdraw(struct tb_txn *t, const struct tb_coupon *c, uint64_t order)
{
    struct tb_coupon now;
    bool locked;
    tb_ledger_settle(t, tb_person_by_profile(t, c->profile));
    if (!tb_coupon_find(t, c->profile, c->lot, &now, &locked))
        return false;
    struct tb_ev_lot_change lot = change_of(&now, now.profile, -1);
    struct tb_ev_posted ev = {.unit = now.unit,
                              .profile = now.profile,
                              .tenant_account = TB_ACCOUNT_ISSUER,
                              .amount = -1,
                              .cause = TB_CAUSE_CLAWBACK,
                              .order = order,
                              .lot = &lot,
                              .lot_n = 1,
                              .day = tb_today(t)};
    tb_emit_posted(t, &ev);
    return true;
}

/* ---- finding -------------------------------------------------------------------------------- */

bool tb_coupon_find(const struct tb_txn *t, uint32_t profile, uint64_t lot, struct tb_coupon *out, bool *locked)
{
    *locked = false;
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    if (b == NULL || lot == 0)
        return false;
    const struct tb_piece *piece = tb_section(t, b, TB_PERSON_PIECE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PIECE]; i++)
        *locked = *locked || piece[i].lot == lot;
    int32_t at = tb_lot_find(t, b, lot);
    if (at < 0)
        return false;
    const struct tb_lot *l = (const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT) + at;
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, l->unit);
    if (u == NULL || u->kind != TB_UNIT_COUPON || l->state != TB_LOT_AVAILABLE)
        return false;
    *out = (struct tb_coupon){.lot = lot,
                              .profile = l->profile,
                              .unit = l->unit,
                              .due_ms = l->due_ms,
                              .earned_day = l->earned_day};
    return true;
}

/* ---- locking --------------------------------------------------------------------------------- */

enum tb_code tb_coupon_lock(struct tb_txn *t, const struct tb_coupon *c, int64_t deadline_ms, uint64_t *hold)
{
    struct tb_coupon now;
    bool locked;
    uint32_t person = tb_person_by_profile(t, c->profile);
    if (person == 0)
        return TB_CODE_UNKNOWN_COUPON;
    tb_ledger_settle(t, person);
    if (!tb_coupon_find(t, c->profile, c->lot, &now, &locked))
        return TB_CODE_UNKNOWN_COUPON;
    const struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (b->n[TB_PERSON_HOLD] >= 1000 || b->n[TB_PERSON_PIECE] >= 20000)
        return TB_CODE_TOO_MANY;
    struct tb_ev_hold_piece piece = {.lot = now.lot, .amount = 1, .profile = now.profile};
    struct tb_ev_held ev = {.hold = tb_counter_next(t, TB_COUNTER_HOLD),
                            .unit = now.unit,
                            .profile = now.profile,
                            .amount = 1,
                            .deadline_ms = (uint64_t)deadline_ms,
                            .piece = &piece,
                            .piece_n = 1};
    tb_emit_held(t, &ev);
    *hold = ev.hold;
    return TB_CODE_OK;
}

/* The person that has the hold, 0 = it has ended. */
static uint32_t holder(const struct tb_txn *t, uint64_t hold)
{
    uint64_t profile;
    if (hold == 0 || !tb_map_find(t, TB_MAP_HOLD, tb_mix(hold), &profile))
        return 0;
    uint32_t person = tb_person_by_profile(t, profile);
    return person && tb_person_of(tb_read(t, TB_KIND_PERSON, person))->tenant == t->tenant ? person : 0;
}

/* The lock ends and the coupon is in its lot again, due or not. */
static void open_lock(struct tb_txn *t, uint64_t hold)
{
    uint32_t person = holder(t, hold);
    if (person)
        tb_hold_release(t, tb_read(t, TB_KIND_PERSON, person), hold);
}

void tb_coupon_unlock(struct tb_txn *t, uint64_t hold)
{
    uint32_t person = holder(t, hold);
    open_lock(t, hold);
    if (person)
        tb_ledger_settle(t, person);
}

/* ---- passing on --------------------------------------------------------------------------------- */

enum tb_code tb_coupon_may_have(const struct tb_txn *t, uint32_t profile, uint32_t unit)
{
    const struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    if (template_of(t, unit)->flags & TB_UNIT_MEMBERS_ONLY && b->n[TB_PERSON_ENROL] == 0)
        return TB_CODE_NOT_ENROLLED;
    return b->n[TB_PERSON_LOT] >= TB_SECTION_ELEMENTS_MAX - 1 ? TB_CODE_TOO_MANY : TB_CODE_OK;
}

void tb_coupon_pass(struct tb_txn *t, const struct tb_coupon *c, uint32_t to, uint64_t actor, struct tb_coupon *out)
{
    struct tb_ev_lot_change lot = change_of(c, c->profile, -1);
    struct tb_ev_posted ev = {.unit = c->unit,
                              .profile = c->profile,
                              .tenant_account = TB_ACCOUNT_CLEARING,
                              .amount = -1,
                              .cause = TB_CAUSE_TRANSFER,
                              .lot = &lot,
                              .lot_n = 1,
                              .actor = actor,
                              .day = tb_today(t)};
    tb_emit_posted(t, &ev);
    lot.lot = tb_counter_next(t, TB_COUNTER_LOT);
    lot.amount = 1;
    ev.profile = to;
    ev.amount = 1;
    tb_emit_posted(t, &ev);
    *out = *c;
    out->lot = lot.lot;
    out->profile = to;
}

/* Of a hold on several coupons the one that expires first; false: none is good any more. */
static bool first_held(struct tb_txn *t, uint64_t hold, struct tb_coupon *c, uint32_t *left)
{
    uint32_t person = holder(t, hold);
    struct tb_block *b = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    const struct tb_piece *piece = b ? tb_section(t, b, TB_PERSON_PIECE) : NULL;
    bool found = false;
    *left = 0;
    for (uint32_t i = 0; b != NULL && i < b->n[TB_PERSON_PIECE]; i++) {
        if (piece[i].hold != hold)
            continue;
        (*left)++;
        bool sooner = !found || piece[i].due_ms < c->due_ms || (piece[i].due_ms == c->due_ms && piece[i].lot < c->lot);
        if (piece[i].due_ms <= t->now_ms || !sooner)
            continue;
        found = true;
        *c = (struct tb_coupon){.lot = piece[i].lot,
                                .profile = piece[i].profile,
                                .unit = piece[i].unit,
                                .due_ms = piece[i].due_ms,
                                .earned_day = piece[i].earned_day};
    }
    return found;
}

bool tb_coupon_pass_held(struct tb_txn *t, uint64_t hold, uint32_t to, uint64_t actor, struct tb_coupon *out)
{
    struct tb_coupon c;
    uint32_t left;
    uint64_t profile;
    if (!first_held(t, hold, &c, &left) || !tb_map_find(t, TB_MAP_HOLD, tb_mix(hold), &profile))
        return false;
    struct tb_ev_hold_piece piece = {.lot = c.lot, .amount = 1, .profile = c.profile};
    struct tb_ev_hold_taken taken = {
        .hold = hold, .unit = c.unit, .profile = profile, .piece = &piece, .piece_n = 1, .ended = left == 1};
    tb_emit_hold_taken(t, &taken); /* back in its lot, and from there as any gift */
    tb_coupon_pass(t, &c, to, actor, out);
    return true;
}

/* ---- using ------------------------------------------------------------------------------------- */

/* Between profiles of one person the coupon crosses, as every spend does. */
static void post_one(struct tb_txn *t, uint32_t profile, const struct tb_coupon *c, int64_t amount,
                     enum tb_cause cause, uint64_t order)
{
    struct tb_ev_lot_change lot = change_of(c, c->profile, amount);
    struct tb_ev_posted main = {.unit = c->unit,
                                .profile = profile,
                                .tenant_account = TB_ACCOUNT_SPENT,
                                .amount = amount,
                                .cause = cause,
                                .order = order,
                                .day = tb_today(t)};
    struct tb_ev_posted cross = {.unit = c->unit,
                                 .profile = c->profile,
                                 .tenant_account = TB_ACCOUNT_CLEARING,
                                 .amount = amount,
                                 .cause = TB_CAUSE_CROSS,
                                 .lot = &lot,
                                 .lot_n = 1,
                                 .day = main.day};
    if (profile == c->profile) {
        main.lot = &lot;
        main.lot_n = 1;
        tb_emit_posted(t, &main);
        return;
    }
    struct tb_ev_posted other = cross;
    other.profile = profile;
    other.amount = -amount;
    other.lot = NULL;
    other.lot_n = 0;
    if (amount < 0) { /* out of its owner, over to the buyer, spent */
        tb_emit_posted(t, &cross);
        tb_emit_posted(t, &other);
        tb_emit_posted(t, &main);
    } else { /* back to the buyer, over to its owner */
        tb_emit_posted(t, &main);
        tb_emit_posted(t, &other);
        tb_emit_posted(t, &cross);
    }
}

enum tb_code tb_coupon_use(struct tb_txn *t, uint32_t profile, const struct tb_coupon *c, uint64_t hold,
                           uint64_t order)
{
    uint32_t owner = c->profile ? tb_person_by_profile(t, c->profile) : 0;
    uint32_t person = tb_person_by_profile(t, profile);
    if (owner == 0 || owner != person)
        return TB_CODE_UNKNOWN_COUPON;
    if (holder(t, hold))
        open_lock(t, hold); /* what was locked in time is good, whatever its expiry */
    else
        tb_ledger_settle(t, person);
    struct tb_coupon now;
    bool locked;
    if (!tb_coupon_find(t, c->profile, c->lot, &now, &locked))
        return TB_CODE_UNKNOWN_COUPON;
    post_one(t, profile, &now, -1, TB_CAUSE_SPEND, order);
    return TB_CODE_OK;
}

void tb_coupon_give_back(struct tb_txn *t, uint32_t profile, const struct tb_coupon *c, uint64_t order)
{
    struct tb_coupon back = *c;
    const struct tb_unit *u = template_of(t, c->unit);
    if (back.due_ms <= t->now_ms && u->restore_grace_days)
        back.due_ms = t->now_ms + (int64_t)u->restore_grace_days * TB_DAY_MS;
    uint32_t person = tb_person_by_profile(t, profile);
    uint32_t owner = tb_person_by_profile(t, c->profile);
    tb_assert(person != 0 && owner != 0);
    tb_ledger_settle(t, owner);
    if (person != owner)
        tb_ledger_settle(t, person);
    post_one(t, profile, &back, 1, TB_CAUSE_REFUND, order);
    tb_ledger_expire_due(t, back.profile, back.lot);
}
