// SPDX-License-Identifier: Apache-2.0
/* core/promotion/promotion.h - campaigns, their offers, coupons and budgets: what checkout asks and does.
 *
 * CAMPAIGN (kind 50): a code, a state, its versions, and the book of what was used.
 * OFFER (kind 51): one immutable version of a campaign: what it gives, to whom, where, when and how
 *     often. Every put makes a new one; going live makes the newest one the live one. What an order or
 *     an open basket names is the offer, so it can be priced again for ever.
 * COUPON: a lot of amount 1 in a unit of kind TB_UNIT_COUPON (the template). Locked = held, used =
 *     spent, given away = moved to another member with its expiry, void = adjusted away.
 *     Stock: the unit's ISSUER account never goes below -stock; guarded where coupons are issued.
 * BUDGET: the unit of kind TB_UNIT_BUDGET that a campaign with a budget has; accounts ISSUER (granted,
 *     negative), FUND (left), HELD (by open baskets), SPENT; FUND and HELD never go below 0.
 *
 * A command first judges (tb_promotion_eligible: reads only, so a quote may), prices with
 * core/price, then counts, moves and uses; a return does the same with the opposite sign, by
 * what the order remembers. Everything is events, so a refusal undoes all of it.
 *
 * Limits are counters of (scope, id, period, first day of the period): of a member on the rows
 * TB_PERSON_CAP of her profiles (their sum is judged, so a merge adds up and an unmerge parts
 * them), of store, device and campaign in the campaign's block. A use is given back to the period
 * in which it was counted. Open baskets count too: CHECKOUT counts, release and lapse give back.
 *
 * Money in minor units, instants UTC milliseconds, days of the tenant's zone, rates in parts per
 * million. Pure; the cell's thread alone. Not here: pricing (core/price), baskets and orders
 * (core/checkout, core/order); commands and inputs are in commands.h of this room.            */
#ifndef TB_CORE_PROMOTION_H
#define TB_CORE_PROMOTION_H

#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "core/price/price.h"

#define TB_OFFER_LIMITS_MAX 8u
#define TB_OFFER_SCOPES_MAX 4000u /* rows of all scopes of an offer together */
#define TB_OFFER_TIMES_MAX 32u
#define TB_OFFER_PLACES_MAX 4000u
#define TB_OFFER_FUNDERS_MAX 16u
#define TB_CAMPAIGN_ROWS_MAX 30000u

enum tb_campaign_state {
    TB_CAMPAIGN_DRAFT = 0,
    TB_CAMPAIGN_REVIEW,
    TB_CAMPAIGN_SCHEDULED, /* live as soon as its window opens: no move needed */
    TB_CAMPAIGN_LIVE,
    TB_CAMPAIGN_PAUSED, /* offered to nobody; baskets and orders that name it stand */
    TB_CAMPAIGN_ENDED,
};
#define TB_CAMPAIGN_STATES 6u

/* ---- eligibility ---------------------------------------------------------------------- */

/* Why an offer is not open to this basket. In order of precedence: the cheapest to test first. */
enum tb_promotion_why {
    TB_PROMOTION_OPEN = 0,
    TB_PROMOTION_NOT_LIVE,       /* paused, ended, or never live at that instant */
    TB_PROMOTION_NOT_YET,        /* missing = milliseconds until its window opens */
    TB_PROMOTION_OVER,           /* its window has closed */
    TB_PROMOTION_CHANNEL,
    TB_PROMOTION_STORE,
    TB_PROMOTION_TOUCHPOINT,
    TB_PROMOTION_TIME_OF_WEEK,   /* weekday or time of day */
    TB_PROMOTION_BLACK_OUT,
    TB_PROMOTION_NO_COUPON,      /* needs a coupon that was not given */
    TB_PROMOTION_COUPON_UNKNOWN, /* no such coupon of this member: another's, used, void */
    TB_PROMOTION_COUPON_LOCKED,  /* in another open basket */
    TB_PROMOTION_COUPON_EXPIRED,
    TB_PROMOTION_COUPON_EARLY,   /* usable later; missing = milliseconds */
    TB_PROMOTION_COUPON_NO_OFFER, /* no live campaign takes this coupon */
    TB_PROMOTION_MEMBERS_ONLY,   /* nobody was recognised, or she is not enrolled */
    TB_PROMOTION_FIRST_ORDER,    /* for the first order only; or nobody sent her */
    TB_PROMOTION_SCOPE,          /* nothing in the basket is in scope */
    TB_PROMOTION_AUDIENCE,       /* the audience's expression does not hold */
    TB_PROMOTION_CONDITION,      /* the condition's expression does not hold */
    TB_PROMOTION_LIMIT_MEMBER,   /* missing = 0; a use more would pass the limit */
    TB_PROMOTION_LIMIT_DEVICE,
    TB_PROMOTION_LIMIT_STORE,
    TB_PROMOTION_LIMIT_CAMPAIGN,
    TB_PROMOTION_BUDGET,         /* nothing left */
    TB_PROMOTION_HELD_OUT,       /* in the control arm: never tell the shopper; record the exposure */
    TB_PROMOTION_LEFT_OUT,       /* more than TB_PRICE_OFFERS_MAX were open */
    TB_PROMOTION_WHYS
};

/* A coupon that the caller names. */
struct tb_coupon {
    uint64_t lot;
    uint32_t profile; /* whose lot it is; 0 on input */
    uint32_t unit;    /* template */
    int64_t due_ms;   /* expiry, INT64_MAX = never */
    int32_t earned_day;
    uint32_t reserved;
};

struct tb_promotion_ask {
    uint32_t profile; /* the member's booking profile; 0 = nobody was recognised */
    uint32_t person;  /* of that profile, 0 */
    uint32_t store;   /* blocks, 0 = none */
    uint32_t touchpoint;
    uint64_t device; /* any stable number of the device, 0 = none */
    int64_t at_ms;   /* when it happens (a late receipt: when it happened) */
    int32_t day;     /* tenant's day on which uses are counted: of now, not of at_ms */
    uint32_t channel;
    /* The basket before offers, as conditions see it: sku, quantity, net = list amount of the line;
     * store, touchpoint and channel too. product[i]: block of line i, 0 = not in the catalog.   */
    const struct tb_cmd_order *order;
    const uint32_t *product;
    const int64_t *amount; /* [line_n] list amount of the line; NULL: order->line[i].net */
    /* Coupons that the shopper gives, by lot; with best_of_mine every usable one of hers is tried. */
    const uint64_t *coupon;
    uint32_t coupon_n;
    bool best_of_mine;
    /* Coupons already locked for this very basket: good whatever their expiry says. */
    const struct tb_coupon *locked;
    uint32_t locked_n;
    /* CONFIRM, RETURN: exactly these offers (blocks), whatever their campaigns' states and newest
     * versions are; windows are not asked either. only_n = 0: all live ones.                 */
    const uint32_t *only;
    uint32_t only_n;
    const uint64_t *only_lot; /* [only_n] the coupon that each takes; 0 = it takes none. NULL: not told */
    /* An open basket becomes an order: audience, condition, formula and hold-out were judged when it was
     * opened. Limits, budget and first order are judged again: several baskets may be open.        */
    bool held;
    uint32_t referrer; /* profile of another person, 0 = none */
};

/* What stands behind tb_offer i. */
struct tb_promotion_found {
    uint32_t offer; /* block */
    uint32_t campaign;
    uint32_t version;  /* of the offer, counted in its campaign */
    uint32_t budget;   /* unit of the campaign's budget, 0 = none */
    struct tb_coupon coupon; /* unit 0: a price rule */
    uint32_t gift_product; /* GIFT: what is given; 0 with gift_unit */
    uint32_t gift_unit;    /* GIFT: coupons or points of that unit instead; POINTS: the multiplied unit */
    bool to_referrer;      /* GIFT: its coupons go to who sent her */
    int64_t formula;       /* what its formula gave, plus one; 0 = it has none, or `held` */
};

struct tb_promotion_refusal {
    uint32_t campaign;
    uint32_t offer; /* 0: there is no offer to name */
    uint64_t lot;   /* the coupon it is about, 0 = none */
    enum tb_promotion_why why;
    int64_t missing;
};

struct tb_promotion_set {
    struct tb_offer *offer; /* [n], for tb_price_best; scopes are bitsets over the ask's lines, NULL: every line */
    struct tb_promotion_found *found;
    uint32_t n;
    uint32_t coupons_max; /* of tb_basket: the lowest that an offer asks for, 0 = none asks */
    enum tb_price_rule *group; /* of tb_basket */
    uint32_t group_n;
    struct tb_promotion_refusal *refused;
    uint32_t refused_n;
};

/* What a formula gives stands in the offer's rate where it has one, else in its amount. */
void tb_offer_set_term(struct tb_offer *o, int64_t term);

/* Reads only; everything it fills is in t->scratch. Deterministic: offers in order of (campaign's
 * sequence, campaign, lot).                                                                  */
void tb_promotion_eligible(struct tb_txn *t, const struct tb_promotion_ask *ask,
                           struct tb_promotion_set *out);

/* ---- counting --------------------------------------------------------------------------- */

/* One offer in force in one basket or order. Kept with it, for giving back. */
struct tb_promotion_use {
    uint32_t offer;
    uint32_t profile; /* 0 = nobody */
    uint32_t store;
    int32_t day; /* ask.day of the counting: names the periods */
    uint64_t device;
    int64_t uses;   /* 1 */
    int64_t amount; /* saving granted, minor units */
    int64_t pieces; /* parts that got a share, or gift units */
};

/* Counts it. OK, CAP_EXCEEDED (a limit would be passed: judged again here, on the sums). */
TB_MUST_USE enum tb_code tb_promotion_count(struct tb_txn *t, const struct tb_promotion_use *use);
/* Gives back: uses, amount and pieces are what comes back of what was counted (a partial return
 * gives amount and pieces with uses 0, the last one uses 1). Never refuses.                   */
void tb_promotion_uncount(struct tb_txn *t, const struct tb_promotion_use *use);
/* The basket showed the campaign (arm 0) or would have (arm 1, held out). */
void tb_promotion_expose(struct tb_txn *t, uint32_t campaign, bool held_out);

/* ---- budgets ------------------------------------------------------------------------------ */

/* Moves between the tenant's own accounts of a budget unit. OK, INSUFFICIENT (FUND or HELD would go
 * below 0). amount > 0.                                                                       */
TB_MUST_USE enum tb_code tb_budget_move(struct tb_txn *t, uint32_t unit, enum tb_tenant_account from,
                                        enum tb_tenant_account to, int64_t amount, uint64_t order);
/* What FUND has. */
int64_t tb_budget_left(const struct tb_txn *t, uint32_t unit);

/* ---- coupons ------------------------------------------------------------------------------ */

/* Issues one. OK, NOT_OPEN (the template is over: it would have expired before she had it), NOT_ENROLLED (members
 * only), CAP_EXCEEDED (per member), OUT_OF_STOCK, TOO_MANY. When it may be claimed is the caller's.  */
TB_MUST_USE enum tb_code tb_coupon_issue(struct tb_txn *t, uint32_t profile, uint32_t unit,
                                         uint64_t order, uint64_t actor, struct tb_str reason,
                                         struct tb_coupon *out);
/* One that was issued comes back (an order that earned it is returned): stock is freed. False: it is
 * used, locked, given away or expired.                                                         */
bool tb_coupon_withdraw(struct tb_txn *t, const struct tb_coupon *c, uint64_t order);
/* Locks it until deadline. OK, UNKNOWN_COUPON, TOO_MANY. */
TB_MUST_USE enum tb_code tb_coupon_lock(struct tb_txn *t, const struct tb_coupon *c,
                                        int64_t deadline_ms, uint64_t *hold);
/* Unlocks; nothing happens when the lock has lapsed. */
void tb_coupon_unlock(struct tb_txn *t, uint64_t hold);
/* Whether the person of the profile may have one more. OK, NOT_ENROLLED, TOO_MANY. */
enum tb_code tb_coupon_may_have(const struct tb_txn *t, uint32_t profile, uint32_t unit);
/* Gives it to another profile, with its expiry; the receiver's has a number of its own. It is available. */
void tb_coupon_pass(struct tb_txn *t, const struct tb_coupon *c, uint32_t to, uint64_t actor, struct tb_coupon *out);
/* The same with one of a hold's: the one that expires first. False: the hold has none that is still good. */
bool tb_coupon_pass_held(struct tb_txn *t, uint64_t hold, uint32_t to, uint64_t actor, struct tb_coupon *out);
/* Uses it: hold = its lock, 0 = it is not locked. OK, UNKNOWN_COUPON. profile: the buyer's. */
TB_MUST_USE enum tb_code tb_coupon_use(struct tb_txn *t, uint32_t profile, const struct tb_coupon *c,
                                       uint64_t hold, uint64_t order);
/* The use comes back to the same coupon, with its original expiry (or the unit's grace). */
void tb_coupon_give_back(struct tb_txn *t, uint32_t profile, const struct tb_coupon *c, uint64_t order);
/* The member's coupon with that lot; false: there is none (locked ones are none, *locked tells). */
bool tb_coupon_find(const struct tb_txn *t, uint32_t profile, uint64_t lot, struct tb_coupon *out,
                    bool *locked);

#endif
