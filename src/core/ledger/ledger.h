// SPDX-License-Identifier: Apache-2.0
/* core/ledger/ledger.h - moving value between accounts.
 *
 * Two kinds of accounts: a member's, per (profile, unit), and the tenant's own, per
 * (unit, enum tb_tenant_account). Every Posted event moves one amount between one of
 * each, so per unit the sum over all accounts is 0 by construction, pending included.
 *
 * Value is in lots (amount left, expiry, day earned). For each profile and unit
 *     credits - debits = lots available + pieces held - debt,    debt >= 0
 *     pending          = lots pending
 * Debt is settled by lot and never expires: whatever comes in (earned, released, given,
 * brought back) pays the person's debts, the largest first (tie: lower profile), each from
 * the lots available then, soonest expiry first (tie: lower lot), in whichever of her profiles
 * they are. A join is no inflow: debt and lots stand side by side until the next one.
 *
 * Value books to one profile; guards look at the person's sum. Spending draws the
 * person's lots soonest expiry first; what comes out of another profile crosses the
 * CLEARING account, and `crossed` remembers it for an unmerge.
 *
 * An expiry or release counts at its instant: every writing function here first does
 * what is due for that person, a join or parting for the persons as they were. At one
 * instant holds lapse, then lots expire, then units are released: a release pays debts with
 * what lives on, as an earning at that instant does (tests/model/test_debt.c). Answers come
 * in the order of enum tb_code given at each function. Amounts are 1 .. TB_AMOUNT_MAX.     */
#ifndef TB_CORE_LEDGER_LEDGER_H
#define TB_CORE_LEDGER_LEDGER_H

#include "core/core.h"
#include "core/identity/identity.h"
#include "core/person.h"

enum tb_tenant_account {
    TB_ACCOUNT_ISSUER = 0, /* what was ever given, less what was taken back */
    TB_ACCOUNT_SPENT,
    TB_ACCOUNT_EXPIRED,
    TB_ACCOUNT_ADJUST,
    TB_ACCOUNT_CLEARING, /* between profiles and between members; always ends at 0 */
    TB_ACCOUNT_FUND,     /* of a budget: what is left of it; never below 0 */
    TB_ACCOUNT_HELD,     /* of a budget: what open baskets reserve; never below 0 */
    TB_TENANT_ACCOUNTS
};

enum tb_cause {
    TB_CAUSE_EARN = 1,
    TB_CAUSE_CLAWBACK,
    TB_CAUSE_SPEND,
    TB_CAUSE_REFUND, /* a spend comes back */
    TB_CAUSE_EXPIRE,
    TB_CAUSE_ADJUST,
    TB_CAUSE_CROSS,    /* between profiles of one person */
    TB_CAUSE_TRANSFER, /* between persons */
};

/* ---- blocks that this room owns -------------------------------------------------- */

struct tb_book_account {
    int64_t credits;
    int64_t debits;
};

/* Kind UNIT_BOOK: head only; id = the unit's id. */
struct tb_unit_book {
    uint32_t tenant;
    uint32_t reserved;
    struct tb_book_account account[TB_TENANT_ACCOUNTS];
};

/* Kind UNIT_DAY: what moved on one day, by cause. Pending counts as outstanding.
 * closing = opening + earned - reversed - spent - expired + adjusted              */
struct tb_unit_day {
    uint32_t tenant;
    uint32_t unit;
    int32_t day;
    uint32_t reserved;
    int64_t earned;
    int64_t reversed;
    int64_t spent;   /* less refunds */
    int64_t expired; /* less what refunds restored */
    int64_t adjusted;
};

/* Kind TRANSFER: a group of postings that may be reversed, once. */
struct tb_transfer {
    uint32_t tenant;
    uint32_t unit;
    uint32_t profile; /* it was booked to */
    uint32_t cause;   /* enum tb_cause of its last posting */
    int64_t amount;   /* signed, towards the member */
    int64_t reversed; /* magnitude given back so far */
    int64_t at_ms;
    uint32_t from_profile; /* TRANSFER: the giver */
    uint32_t undoes;       /* 1: it is a reversal, which stays */
};
enum tb_transfer_section { TB_TRANSFER_LOT = 0, TB_TRANSFER_SECTIONS };
struct tb_transfer_lot {
    uint64_t lot;
    int64_t amount; /* as in LotChange */
    int64_t due_ms;
    int64_t returned; /* magnitude undone so far */
    uint32_t profile;
    int32_t earned_day;
};

/* ---- reading --------------------------------------------------------------------- */

struct tb_balance {
    int64_t available; /* usable at now_ms, holds taken off; below 0 is debt */
    int64_t held;
    int64_t pending;
    int64_t expires_next_ms; /* INT64_MAX: nothing expires */
    int64_t expires_next;    /* how much then */
};

/* The person's sum in one unit as of now_ms, what is due by then included, swept or not.
 * (Which lots a debt takes is settled by the sweep: where a release and then a later expiry
 * both wait for it, the sum misses what of that lot pays the debt in between.)          */
struct tb_balance tb_ledger_balance(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                                    int64_t now_ms);

/* Expiry of units that become available at from_ms; INT64_MAX = never. zone is the
 * tenant's. Month arithmetic: day 31 becomes the month's last day.                   */
struct tb_unit;
int64_t tb_unit_expiry_ms(const struct tb_unit *unit, const struct tb_zone *zone, int64_t from_ms);
/* Release of units earned at from_ms; from_ms itself = at once; INT64_MAX = on event. */
/* The same for one of the tenant's units, remembered between commands. */
int64_t tb_ledger_expiry_ms(const struct tb_txn *t, uint32_t unit, int64_t from_ms);
int64_t tb_unit_release_ms(const struct tb_unit *unit, const struct tb_zone *zone, int64_t from_ms);

/* Sum over a side's profiles of what it drew from the other side's lots (unmerge). */
int64_t tb_ledger_crossed(const struct tb_txn *t, struct tb_block *person, const uint32_t *profile,
                          uint32_t profile_n, uint32_t unit);

/* ---- for other rooms, inside a command -------------------------------------------- */

/* Moves between two of the tenant's own accounts. amount > 0, from != to (asserted). OK, INSUFFICIENT
 * (FUND or HELD would go below 0), AMOUNT_OVERFLOW.                                     */
enum tb_code tb_ledger_move(struct tb_txn *t, uint32_t unit, enum tb_tenant_account from,
                            enum tb_tenant_account to, int64_t amount, uint64_t order);
/* credits - debits of one of them; 0 when nothing ever moved. */
int64_t tb_ledger_book(const struct tb_txn *t, uint32_t unit, enum tb_tenant_account account);
/* Books one lot as expired at once, when it is due (a refund may have brought it back). */
void tb_ledger_expire_due(struct tb_txn *t, uint32_t profile, uint64_t lot);

/* Does what is due for the person: expiries, releases, holds past their deadline. */
void tb_ledger_settle(struct tb_txn *t, uint32_t person);

struct tb_earn {
    uint32_t profile;
    uint32_t person; /* the profile's, when the caller knows; 0 = to be looked up */
    uint32_t unit;
    int64_t amount;  /* > 0 */
    uint64_t order;  /* 0 = none */
    uint64_t actor;
    struct tb_str reason;
    uint64_t transfer; /* kept group it belongs to, 0 = none */
    enum tb_cause cause; /* EARN or ADJUST */
    int32_t sale_day; /* of the order, 0 = today: qualifying units count on it */
    int64_t order_earned; /* by the same order in this unit before: its cap counts both */
};
struct tb_earned {
    int64_t amount; /* after caps; 0 = a cap took all of it */
    uint64_t lot;   /* 0 when debt swallowed it */
};
/* OK, CAP_EXCEEDED (unit rejects above its cap), TOO_MANY, AMOUNT_OVERFLOW */
enum tb_code tb_ledger_earn(struct tb_txn *t, const struct tb_earn *e, struct tb_earned *out);

/* What tb_ledger_earn would answer now, and the amount that it would give; what is due is settled, nothing else
 * is booked.                                                                                                  */
enum tb_code tb_ledger_would_earn(struct tb_txn *t, const struct tb_earn *e, int64_t *amount);

struct tb_claw {
    uint32_t profile;
    uint32_t unit;
    int64_t amount; /* > 0 */
    uint64_t lot;   /* the lot that was earned: taken from first; 0 = none */
    uint64_t order;
    uint64_t actor;
    struct tb_str reason;
    uint64_t transfer;
    uint64_t reverses; /* kept transfer that this undoes, 0 = none */
    enum tb_cause cause; /* CLAWBACK or ADJUST */
    uint32_t negative;   /* enum tb_negative_policy in force */
    int32_t sale_day;    /* of the order, 0 = today */
};
/* How much was taken; amount - taken is the shortfall. Never refuses. */
int64_t tb_ledger_claw(struct tb_txn *t, const struct tb_claw *c);

/* Draws amount from the person's available lots and posts it to the tenant's account.
 * OK, INSUFFICIENT, CAP_EXCEEDED */
enum tb_code tb_ledger_spend(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount,
                             enum tb_tenant_account to, enum tb_cause cause, uint64_t transfer,
                             uint64_t order, struct tb_str reason, uint64_t actor);

/* Reserves amount for the profile until the deadline. OK, INSUFFICIENT, CAP_EXCEEDED, TOO_MANY. */
enum tb_code tb_ledger_reserve(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount,
                               int64_t deadline_ms, uint64_t *hold);
/* Ends the hold, its pieces go back to their lots. False: it had ended. */
bool tb_ledger_unreserve(struct tb_txn *t, uint64_t hold);
/* Spends all of what the hold reserves, as a kept transfer; the amount, 0 when it has ended. */
int64_t tb_ledger_take(struct tb_txn *t, uint64_t hold, uint64_t transfer, uint64_t order, uint64_t actor);

/* As RESERVE, but only what this one profile has, soonest expiry first: a gift card, whoever else the person is.
 * deadline INT64_MAX: never lapses. OK, INSUFFICIENT, TOO_MANY. */
enum tb_code tb_ledger_pin(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount, int64_t deadline_ms,
                           uint64_t *hold);
/* Gives all of what the hold reserves to another profile, with days and expiries; returns the amount,
 * 0 when it has ended. The receiver's block must have room: TB_SECTION_ELEMENTS_MAX lots (asked by the caller). */
int64_t tb_ledger_hand_over(struct tb_txn *t, uint64_t hold, uint32_t to, uint64_t transfer, uint64_t actor);
/* Takes all of what the hold reserves out of circulation, as if it had not been issued (money was paid back for
 * it): to ISSUER, as a claw-back. Nothing when the hold has ended. */
void tb_ledger_withdraw(struct tb_txn *t, uint64_t hold, struct tb_str reason, uint64_t actor);
/* Ends what reserves anything of this one profile, or was asked for by it, and has a deadline: a card was lost. Of
 * another profile's hold only the pieces come back. */
void tb_ledger_free(struct tb_txn *t, uint32_t profile);
/* What one profile has of a unit that no hold reserves; below 0 is debt. Settle the person before. */
int64_t tb_ledger_own(const struct tb_txn *t, uint32_t profile, uint32_t unit);

/* A part of a kept spend comes back to its lots, the latest expiry first. First asks whether the
 * transfer is in memory: false, and it is asked for (the command answers NEED). How much came back: less than
 * amount where a hand has reversed some of it already (REVERSE), which must not come back twice.  */
bool tb_ledger_refund_ready(struct tb_txn *t, uint64_t transfer);
int64_t tb_ledger_refund(struct tb_txn *t, uint64_t transfer, int64_t amount, uint64_t order, uint64_t actor);

/* Before profiles leave their persons: what a hold reserves on the other side of the parting
 * goes back to its lots, so every side keeps its own. The hold ends when nothing is left. */
void tb_ledger_part(struct tb_txn *t, const uint64_t *profile, uint32_t n);

/* The due instant of a person block: earliest expiry, release or hold deadline. */
int64_t tb_ledger_due_ms(const struct tb_store *s, const struct tb_block *person);

/* Adds what a person block shows to per-unit totals and checks its own equations. */
struct tb_ledger_audit {
    uint32_t unit;
    int64_t credits; /* over all member accounts */
    int64_t debits;
    int64_t pending;
};
bool tb_ledger_person_sound(const struct tb_store *s, struct tb_block *person, uint32_t *unit_at_fault);

/* ---- commands --------------------------------------------------------------------- */

/* The profile that the member's value books to; 0 with the answer filled
 * (UNKNOWN_MEMBER, UNKNOWN_NAMESPACE, ERASED; field as given).                        */
uint32_t tb_member_find(struct tb_txn *t, const struct tb_who *who, const char *field,
                        struct tb_answer *a);

/* Adjust: + gives (a lot by the unit's rules), - takes (by the negative policy).
 * Answers in order: UNKNOWN_UNIT, UNKNOWN_MEMBER, AMOUNT_NOT_POSITIVE (0), REASON_REQUIRED,
 * CAP_EXCEEDED, INSUFFICIENT, AMOUNT_OVERFLOW.
 * Above what one person may move alone (core/approval) nothing moves and a request waits: the answer is that of
 * tb_approval_ask.
 * Body: 1 transfer, 2 amount (zigzag), 3 available (zigzag), 4 shortfall, 5 person.     */
struct tb_cmd_adjust {
    struct tb_who member;
    struct tb_str unit;
    int64_t amount;
    struct tb_str reason;
    uint64_t *approved; /* core/approval alone: no limit; where the transfer's number goes */
};

/* Hold: UNKNOWN_UNIT, INVALID "unit" (qualifying: measured, never spent), UNKNOWN_MEMBER,
 * AMOUNT_NOT_POSITIVE, INSUFFICIENT, CAP_EXCEEDED (with what is held and spent in the period),
 * TOO_MANY. Body: 1 hold, 2 amount, 3 available, 4 deadline_ms, 5 person. */
struct tb_cmd_hold {
    struct tb_who member;
    struct tb_str unit;
    int64_t amount;
    int64_t lifetime_ms; /* 1 s .. 90 days */
};

/* Post: UNKNOWN_HOLD, AMOUNT_NOT_POSITIVE, HOLD_EXCEEDED. amount 0 = all; with `final`
 * the rest returns, else it stays held. Body: 1 transfer, 2 amount, 3 available, 4 left. */
struct tb_cmd_hold_post {
    uint64_t hold;
    int64_t amount;
    bool final;
    struct tb_str reason;
};

/* Void: UNKNOWN_HOLD. Body: 2 amount returned, 3 available. */
struct tb_cmd_hold_void {
    uint64_t hold;
};

/* Member to member: UNKNOWN_UNIT, INVALID "unit" (qualifying), UNKNOWN_MEMBER, SAME_ACCOUNT (same person),
 * AMOUNT_NOT_POSITIVE, INSUFFICIENT. Lots keep their expiry and day.
 * Body: 1 transfer, 3 available of the giver, 6 available of the receiver. */
struct tb_cmd_transfer {
    struct tb_who from;
    struct tb_who to;
    struct tb_str unit;
    int64_t amount;
    struct tb_str reason;
};

/* Reverse a kept transfer, wholly (amount 0) or, for a spend, in part.
 * UNKNOWN_TRANSFER, REASON_REQUIRED, AMOUNT_NOT_POSITIVE, ALREADY_REVERSED, HOLD_EXCEEDED (more
 * than is left), NOT_REVERSIBLE (itself a reversal; a part of anything but a spend), INSUFFICIENT
 * (member-to-member: the receiver has spent it). Above what one person may move alone as ADJUST.
 * Body: 1 the new transfer, 2 amount, 3 available.                                      */
struct tb_cmd_reverse {
    uint64_t transfer;
    int64_t amount;
    struct tb_str reason;
    uint64_t *approved; /* as in ADJUST */
};

/* Releases a pending lot of an order or all of a member (release rule ON_EVENT).
 * UNKNOWN_UNIT, UNKNOWN_MEMBER. Body: 2 amount released, 3 available. */
struct tb_cmd_release {
    struct tb_who member;
    struct tb_str unit;
};

/* READ. UNKNOWN_UNIT. Body: repeated 1 = account {1 number, 2 credits, 3 debits},
 * repeated 2 = day {1 day, 2 opening, 3 earned, 4 reversed, 5 spent, 6 expired,
 * 7 adjusted, 8 closing}, all zigzag. */
struct tb_cmd_trial_balance {
    struct tb_str unit;
    int32_t from_day;
    int32_t to_day; /* <= from_day + 400 */
};

#endif
