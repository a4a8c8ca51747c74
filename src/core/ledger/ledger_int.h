// SPDX-License-Identifier: Apache-2.0
/* core/ledger/ledger_int.h - shared inside the room. */
#ifndef TB_CORE_LEDGER_INT_H
#define TB_CORE_LEDGER_INT_H

#include "base/num.h"
#include "core/catalog/catalog.h"
#include "core/identity/identity.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "events.gen.h"

/* An expiry on the wire: 0 = never. */
static inline uint64_t due_to_wire(int64_t due_ms)
{
    return due_ms == INT64_MAX ? 0 : (uint64_t)due_ms;
}

static inline int64_t due_from_wire(uint64_t due_ms)
{
    return due_ms == 0 ? INT64_MAX : (int64_t)due_ms;
}

const struct tb_unit *tb_unit_head(const struct tb_txn *t, uint32_t unit);
/* The unit that a hand may move: not coupons, whose lots are single, nor budgets; growth only where
 * `qualifying`. 0: refused in a with UNKNOWN_UNIT or INVALID at "unit". move.c. */
uint32_t tb_ledger_unit_by_hand(const struct tb_txn *t, struct tb_str code, bool qualifying, struct tb_answer *a);
int32_t tb_today(const struct tb_txn *t);
struct tb_account *tb_account_find(const struct tb_txn *t, struct tb_block *person,
                                   uint32_t profile, uint32_t unit);
/* Index in the LOT section, -1 when absent. */
int32_t tb_lot_find(const struct tb_txn *t, struct tb_block *person, uint64_t lot);
/* Debt of one profile: lots + pieces - (credits - debits), >= 0. */
int64_t tb_account_debt(const struct tb_txn *t, struct tb_block *person,
                        const struct tb_account *account);

/* Lot changes gathered for one profile. */
struct tb_draw_part {
    uint32_t profile;
    struct tb_ev_lot_change *lot;
    uint32_t lot_n;
    int64_t amount;
};
struct tb_draw {
    struct tb_draw_part *part;
    uint32_t part_n;
};

/* Picks available lots of the person for amount, `prefer` first, then soonest expiry
 * (tie: lower lot id). The lots must suffice (asserted). Changes nothing.             */
void tb_draw_pick(struct tb_txn *t, struct tb_block *person, uint32_t unit, int64_t amount,
                  uint64_t prefer, struct tb_draw *out);
/* Posts a draw booked to profile: crossings, then the movement itself. main carries
 * profile, unit, tenant_account, amount (< 0), cause and the descriptive fields.       */
void tb_draw_post(struct tb_txn *t, const struct tb_draw *d, const struct tb_ev_posted *main);

/* What a posted draw took comes to another member: the same days and expiries, new lot numbers. to
 * carries profile, unit, tenant_account, amount (> 0) and cause. */
void tb_draw_give(struct tb_txn *t, const struct tb_draw *d, struct tb_ev_posted *to);

/* The tenant's book of a unit, made when missing. For apply. */
struct tb_unit_book *tb_book_for_writing(struct tb_txn *t, uint32_t unit);

/* A hand changed what a tier may rest on: looks at the tiers anew. */
void tb_ledger_adjusted(struct tb_txn *t, uint32_t profile, uint32_t unit);

/* Ends a hold; what it reserved is back in the lots. */
void tb_hold_release(struct tb_txn *t, struct tb_block *b, uint64_t hold);
/* Takes a lot out as expired, booked on the given day. */
void tb_ledger_expire_lot(struct tb_txn *t, const struct tb_lot *lot, int32_t day);

/* Every lot of a sliding unit lives on from the member's newest movement: what she earns
 * (also while it is pending) and what she spends. Takes nothing from a lot's life.      */
void tb_ledger_slide(struct tb_txn *t, uint32_t person, uint32_t unit);

/* After an inflow: available lots pay the person's debts. */
void tb_debt_settle(struct tb_txn *t, uint32_t person, uint32_t unit);

/* Refuses or trims by an earn or spend cap; *cap_start is the period in force. */
enum tb_code tb_cap_apply(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                          uint32_t kind, int64_t *amount, bool trims, int32_t *cap_start);

/* Sum available over the person, in any unit: credits - debits - held. */
int64_t tb_available_sum(const struct tb_txn *t, struct tb_block *person, uint32_t unit);

void tb_answer_balance(struct tb_txn *t, struct tb_answer *a, uint32_t field, uint32_t profile,
                       uint32_t unit);
#endif
