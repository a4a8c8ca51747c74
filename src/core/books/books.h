// SPDX-License-Identifier: Apache-2.0
/* core/books/books.h - what points, coupons and gift cards are worth on the balance sheet (docs/design/0017).
 *
 * A cohort is what was issued of one unit in one month (of the tenant's zone). The fold reads journaled
 * entries in order and keeps, per cohort,
 *     issued = redeemed + expired + clawed + outstanding
 * where `left`, the sum of all lot changes, must be the outstanding: two counts of one thing, compared. What
 * a claw-back takes without a lot is debt; it stands in a row of its own (month TB_BOOKS_DEBT) until
 * incoming lots pay it, so a cohort's outstanding is exactly what its lots and holds have left.
 *
 * Valuation (IFRS 15 B39-B47 and Example 52; ASC 606-10-55-41 ff.), all of it cumulative:
 *   deferral   sale S that earned P units of face F, a part e of which is expected to be redeemed:
 *              D = S * V / (S + V + W), V = P * F * e, W = V of the other units that the same sales earned
 *              (relative stand-alone prices). Summed over a cohort while F and e stand; rounded half up once.
 *              Without a sale (games, adjustments): V, a cost of promotion; coupons without a sale: 0, they
 *              are no material right. Stored value and gift cards: P * F, what was paid for them; a bonus: 0.
 *   taken back D falls in proportion to clawed / issued.
 *   released   R = D * redeemed / E, E = expected redemptions of what was not taken back, at least what is
 *              redeemed, at most what is redeemed or outstanding. So an expiry releases what the estimate has
 *              not released already, and a new estimate catches up in the period in which it is made.
 *   liability  D - R
 * A period's entries are the differences of these cumulative figures: nothing is ever restated.
 *
 * An entry is booked on the day on which it was decided, whatever day it speaks of: the journal only
 * grows, so a period that is over cannot change. Estimates are UnitPut events (face_ppm, expected_ppm),
 * so they too count from the day on which somebody stated them.
 *
 * Amounts int64 in units or minor currency units, rates in parts per million. Pure: no clock, I/O or
 * allocation. Memory is the caller's and outlives the books; one thread. Not here: reading the journal, dates of
 * periods, printing (http/accounting.h).                                                             */
#ifndef TB_CORE_BOOKS_H
#define TB_CORE_BOOKS_H

#include "base/arena.h"
#include "base/civil.h"
#include "base/num.h"

#define TB_BOOKS_UNITS_MAX 4096u
#define TB_BOOKS_COHORTS_MAX 65536u
#define TB_BOOKS_DEBT INT32_MIN /* month of a unit's row of debts */

/* What a deferral came from. */
enum tb_books_origin { TB_BOOKS_SALE = 0, TB_BOOKS_GRANT, TB_BOOKS_CASH, TB_BOOKS_ORIGINS };

struct tb_books_unit {
    uint32_t unit;
    uint32_t kind; /* enum tb_unit_kind */
    int64_t face_ppm;
    int64_t expected_ppm; /* 1,000,000 where nothing was said */
    char code[65];
    bool bonus; /* of stored value: given beside what was paid, so it is worth nothing of its own */
};

/* Stand-alone prices under one estimate, in millionths of a minor unit. */
struct tb_books_open {
    int64_t sales; /* minor units of the orders that earned them */
    int64_t sold;  /* units */
    __int128 other;
    int64_t granted; /* units, without a sale */
    int64_t face_ppm;
    int64_t expected_ppm;
};

/* Cumulative, in minor units; differences of two of these are a period's entries. */
struct tb_books_value {
    int64_t deferred[TB_BOOKS_ORIGINS];
    int64_t taken_back[TB_BOOKS_ORIGINS]; /* part of deferred */
    int64_t redeemed;  /* released for redemptions */
    int64_t breakage;  /* released beside them */
    int64_t liability; /* deferred - taken_back - redeemed - breakage */
};

struct tb_cohort {
    uint32_t unit;
    int32_t month; /* its first day, days since 1970 */
    int64_t issued;
    int64_t redeemed; /* less refunds */
    int64_t expired;  /* less what refunds restored */
    int64_t clawed;   /* claw-backs, adjustments that take, debts that its lots paid */
    int64_t left;     /* sum of the lots' changes */
    int64_t deferred[TB_BOOKS_ORIGINS]; /* under estimates that were replaced */
    struct tb_books_open open;
    struct tb_books_value booked;
};

struct tb_books {
    struct tb_books_unit *unit;
    uint32_t unit_n;
    uint32_t unit_cap;
    struct tb_cohort *cohort; /* sorted by (unit, month) */
    uint32_t cohort_n;
    uint32_t cohort_cap;
    uint64_t entries;
    bool full; /* an array was too small: the books are void */
};

/* unit[], cohort[]: the caller's, of so many elements. */
void tb_books_init(struct tb_books *b, struct tb_books_unit *unit, uint32_t unit_cap, struct tb_cohort *cohort,
                   uint32_t cohort_cap);

/* Folds one entry: events = the Entry message's bytes (tb_event_next). Entries of one tenant, in order.
 * scratch is used and left to the caller to reset. False: the bytes are no known event, or b->full.   */
TB_MUST_USE bool tb_books_take(struct tb_books *b, struct tb_str events, struct tb_arena *scratch);

const struct tb_books_unit *tb_books_unit(const struct tb_books *b, uint32_t unit); /* NULL: not declared */

static inline int64_t tb_cohort_outstanding(const struct tb_cohort *c)
{
    return c->issued - c->redeemed - c->expired - c->clawed;
}

/* Cohorts whose two counts differ; 0 in sound books. */
uint32_t tb_books_breaks(const struct tb_books *b);

/* ---- valuation ------------------------------------------------------------------------------------ */

/* S * V / (S + V + W), half up; v and w in millionths of a minor unit. 0 when nothing is promised. */
int64_t tb_books_allocate(int64_t sales, __int128 v_micro, __int128 w_micro);
/* D * redeemed / E (above): what of D is released. issued, clawed ... are the cohort's. */
int64_t tb_books_release(int64_t deferred, int64_t expected_ppm, const struct tb_cohort *c);
/* Everything about a cohort as it stands. u may be NULL: nothing is worth anything. */
void tb_books_value(const struct tb_cohort *c, const struct tb_books_unit *u, struct tb_books_value *out);

/* ---- entries of a period ---------------------------------------------------------------------------- */

/* Accounts of the chart; numbers are stable. */
#define TB_BOOKS_ACCOUNTS(X)                                                         \
    X(1090, CLEARING, "value cards: received and settled")                            \
    X(2400, LIABILITY, "contract liability: loyalty and stored value")                \
    X(4000, SALES, "revenue from sales")                                              \
    X(4010, REDEEMED, "revenue from points and coupons redeemed")                     \
    X(4020, BREAKAGE, "revenue from breakage")                                        \
    X(6100, PROMOTION, "cost of promotion: points given without a sale")
enum tb_books_account {
#define TB_BOOKS_ACCOUNT_ENUM(number, name, text) TB_BOOKS_##name = number,
    TB_BOOKS_ACCOUNTS(TB_BOOKS_ACCOUNT_ENUM)
#undef TB_BOOKS_ACCOUNT_ENUM
};
const char *tb_books_account_text(enum tb_books_account account);

enum tb_books_reason {
    TB_BOOKS_DEFERRED = 0,
    TB_BOOKS_TAKEN_BACK,
    TB_BOOKS_RELEASED,
    TB_BOOKS_BROKEN,
    TB_BOOKS_REASONS
};
extern const char *const tb_books_reasons[TB_BOOKS_REASONS]; /* "deferral" ... */

/* One entry: amount > 0 from the credited to the debited account, so each is balanced by itself. */
struct tb_books_entry {
    const struct tb_cohort *cohort;
    const struct tb_books_unit *unit;
    enum tb_books_reason reason;
    enum tb_books_origin origin; /* of DEFERRED and TAKEN_BACK */
    enum tb_books_account debit;
    enum tb_books_account credit;
    int64_t amount;
};
typedef void (*tb_books_entry_fn)(void *user, const struct tb_books_entry *e);

/* Ends a period: calls back for every difference since the last end, in the order of cohorts, and books it.
 * fn NULL: books silently (what came before the first period asked for).                           */
void tb_books_end_period(struct tb_books *b, tb_books_entry_fn fn, void *user);

#endif
