// SPDX-License-Identifier: Apache-2.0
/* core/promotion/commands.h - what callers give to run campaigns and coupons, and what they get.
 *
 * Inputs are borrowed for the call. Refusals are in order of precedence. */
#ifndef TB_CORE_PROMOTION_COMMANDS_H
#define TB_CORE_PROMOTION_COMMANDS_H

#include "core/catalog/commands.h"
#include "core/code/code.h"
#include "core/promotion/campaign.h"

/* ---- campaigns --------------------------------------------------------------------------- */

struct tb_scope_input {
    uint32_t slot; /* TB_SCOPE_SLOT_... */
    uint32_t by;   /* enum tb_scope_by */
    bool excluded;
    struct tb_str text; /* sku, category path or brand; ALL: empty */
};

struct tb_place_input {
    uint32_t by;        /* enum tb_place_by */
    struct tb_str code; /* store, touchpoint */
    uint32_t channel;
};

struct tb_offer_price_input {
    struct tb_str sku;
    int64_t price;
};

struct tb_funder_input {
    struct tb_str payer; /* 1 .. 64 bytes */
    int64_t ppm;
};

/* The six parts as they are now meant; the whole is stated with every put. Fields named as in struct
 * tb_offer mean the same, and 0 or empty means what it means there.
 *
 * Every put that differs makes a new version. A campaign in REVIEW or SCHEDULED goes back to DRAFT;
 * one that is LIVE or PAUSED keeps what is in force until CAMPAIGN_MOVE to LIVE takes the new version.
 *
 * Answers beyond those of every put (catalog/commands.h): CAMPAIGN_STATE (it has ended), INVALID
 * with the field, UNKNOWN_PRODUCT "scope/3", UNKNOWN_STORE "places/0", UNKNOWN_TOUCHPOINT,
 * UNKNOWN_UNIT "coupon" or "gift_unit", EXPRESSION "audience" or "condition".
 * Body: 1 campaign, 2 version of the campaign object, 3 created, 4 changed, 5 number of the offer's
 * version, 6 offer.                                                                          */
struct tb_cmd_campaign_put {
    struct tb_put put; /* code: at most 56 bytes */
    struct tb_str name;
    /* trigger */
    int64_t from_ms;
    int64_t until_ms; /* 0 = open */
    const struct tb_offer_time *time;
    uint32_t time_n;
    /* audience, channel */
    struct tb_str audience;
    bool members_only;
    bool first_order;
    const struct tb_place_input *place;
    uint32_t place_n;
    int64_t holdout_ppm; /* 0 .. 999,999 */
    /* traits */
    struct tb_str condition;
    /* activity */
    int64_t mechanic;
    int64_t level;
    int64_t rounding;
    int64_t sequence; /* -1000000 .. 1000000 */
    struct tb_str group;
    int64_t group_rule;
    uint64_t flags; /* enum tb_offer_flag, without the two above */
    const struct tb_scope_input *scope;
    uint32_t scope_n;
    const struct tb_offer_step *step;
    uint32_t step_n;
    const struct tb_offer_price_input *price;
    uint32_t price_n;
    int64_t slot_count[TB_PRICE_SLOTS_MAX];
    int64_t slots;
    int64_t amount;
    int64_t ppm;
    int64_t need;
    int64_t get;
    int64_t min_amount;
    int64_t min_pieces;
    int64_t cap_unit;
    int64_t cap_line;
    int64_t cap_order;
    int64_t max_units;
    int64_t max_applications;
    int64_t worth;
    /* An amount in currency units, or a rate (0.15) where the mechanic has one; it lowers what the offer gives
     * and never raises it: a discount is at most `amount` (`ppm`), a price at least `amount`. Sees what the
     * condition sees. Not for LADDER, TABLE, GIFT.                                                    */
    struct tb_str formula;
    struct tb_str coupon; /* template that it takes; empty = a price rule */
    int64_t coupon_rule;  /* enum tb_price_coupon; 0 with a coupon = JOINT */
    int64_t coupons_max;
    struct tb_str gift_product;
    struct tb_str gift_unit;
    /* business model */
    int64_t budget_amount; /* 0 = no budget; once there is one it can only change */
    int64_t budget_rule;   /* enum tb_price_budget */
    int64_t cost_cap;
    const struct tb_offer_limit *limit;
    uint32_t limit_n;
    const struct tb_funder_input *funder; /* sum of ppm 1,000,000, or none */
    uint32_t funder_n;
};

/* Moves a campaign on. Allowed: DRAFT -> REVIEW; REVIEW -> DRAFT, SCHEDULED, LIVE; SCHEDULED ->
 * DRAFT, LIVE, PAUSED; LIVE -> PAUSED, LIVE (takes the newest version); PAUSED -> LIVE;
 * any but ENDED -> ENDED. SCHEDULED and LIVE put the newest version in force and grant its budget;
 * only its window opens it. Findings of the check must be acknowledged by number then.
 * UNKNOWN_CAMPAIGN, VERSION_CONFLICT (offer_version given and not the newest), CAMPAIGN_STATE,
 * CAMPAIGN_FINDINGS "findings", INSUFFICIENT "budget" (less than is used already), TOO_MANY.
 * Body: 1 campaign, 2 state, 3 offer in force.                                               */
struct tb_cmd_campaign_move {
    struct tb_str campaign;
    uint32_t state; /* enum tb_campaign_state */
    uint32_t offer_version; /* that the mover has seen; 0 = whatever is newest */
    struct tb_str reason;
    const uint32_t *acknowledged; /* enum tb_finding numbers */
    uint32_t acknowledged_n;
};

/* What a person should look at before money is given away. */
enum tb_finding {
    TB_FINDING_UNREACHABLE = 1, /* nothing can ever be in scope, or its window is over */
    TB_FINDING_NO_CAP,          /* nothing bounds what one order may get */
    TB_FINDING_NO_LIMIT,        /* nothing bounds how often or how much in all */
    TB_FINDING_BELOW_COST,      /* products in scope can be sold below cost */
    TB_FINDING_DEPTH,           /* alone it can take more than half of a price */
    TB_FINDING_STACK,           /* together with others that may stand with it, more than 80 % */
    TB_FINDING_ONE_MEMBER,      /* one member could empty the budget */
    TB_FINDING_OVERLAP,         /* shares group and sequence with another: the order is by number alone */
    TB_FINDING_GROUP_RULE,      /* another campaign gives the same group another rule */
    TB_FINDING_TOO_MANY,        /* more than 64 live offers could meet in one basket */
    TB_FINDING_EXPRESSION,      /* an expression no longer compiles */
    TB_FINDINGS
};
#define TB_FINDINGS_MAX 32u
struct tb_finding_row {
    uint32_t finding; /* enum tb_finding */
    uint32_t against; /* campaign */
    uint32_t product; /* an example */
    int64_t figure;   /* ppm, or money */
};
/* Fills row[TB_FINDINGS_MAX] in order; how many. Reads only. */
uint32_t tb_campaign_findings(struct tb_txn *t, uint32_t campaign, struct tb_finding_row *row);

/* READ. Judges the newest version against the catalog and the live offers. UNKNOWN_CAMPAIGN.
 * Body: repeated 1 = {1 finding, 2 campaign against, 3 product, 4 figure (ppm or money)}, in order. */
struct tb_cmd_campaign_check {
    struct tb_str campaign;
};

/* READ. UNKNOWN_CAMPAIGN, INVALID "version". Body: 1 packed campaign, 2 packed offer (the version
 * asked for, 0 = newest), 3 left of the budget (zigzag), 4 held, 5 spent, 6 number of the campaign,
 * 7 of the offer, repeated 8 version that was in force or is the newest, oldest first {1 offer, 2 version,
 * 3 made (ms), 4 from (ms), 5 until (ms, 0 = open), 6 = 1 it was in force, 7 mechanic}, repeated 9 code that
 * the packed offer names by number {1 its section, 2 code}, in the order of the section's rows: products of
 * SCOPE, stores and touchpoints of PLACE, products of PRICE.                                  */
struct tb_cmd_campaign_get {
    struct tb_str campaign;
    uint32_t version;
};

/* What one store may hand out of a campaign whose offer in force (else the newest) limits pieces per store for its
 * lifetime: so many more, or (below 0) so many fewer; or with `set` so many from now on. Gifts in open baskets count
 * as handed out. UNKNOWN_CAMPAIGN, UNKNOWN_STORE, INVALID "campaign" (no such limit), "pieces" (0 to add, below 0 to
 * set), REASON_REQUIRED, INVALID "reason", AMOUNT_OVERFLOW, INSUFFICIENT "pieces" (fewer than are left), TOO_MANY.
 * Body: 1 campaign, 2 row {as of CAMPAIGN_STOCKS}.                                              */
struct tb_cmd_campaign_stock {
    struct tb_str campaign;
    struct tb_str store;
    bool set;
    int64_t pieces;
    struct tb_str reason;
};
#define TB_CAMPAIGN_STOCKS_MAX 5000u /* stores with a figure of their own */

/* READ. UNKNOWN_CAMPAIGN. Body: 1 campaign, 3 what the campaign says for every store (0: it has no such limit),
 * repeated 2 row by rising store {1 store, 2 added (zigzag), 3 handed out, 4 left (zigzag)}: stores that have handed
 * out or were given something; 5 store to go on behind, 0 = that was all.                         */
struct tb_cmd_campaign_stocks {
    struct tb_str campaign;
    uint64_t after;
    uint32_t limit; /* 1 .. 500 */
};

/* ---- back-tests ---------------------------------------------------------------------------- */

/* What a back-test found goes on record; nothing else changes. UNKNOWN_CAMPAIGN, INVALID "offer_version", "to" (not
 * behind the first day), "result" (1 .. TB_BACKTEST_RESULT_MAX bytes). Body: 1 backtest.              */
#define TB_BACKTEST_RESULT_MAX (96u << 10)
struct tb_cmd_backtest_keep {
    struct tb_str campaign;
    uint64_t backtest; /* number of the run: the caller's, unique */
    uint32_t offer_version;
    int32_t from_day;
    int32_t to_day; /* not included */
    int64_t started_ms;
    int64_t orders;
    int64_t in_force;
    int64_t members;
    int64_t saving;
    int64_t cost;
    struct tb_str result; /* JSON */
};

/* ---- coupons ------------------------------------------------------------------------------ */

/* A member takes one: the template itself, or by a word (of an object COUPON_CODE, in any case of letters, or the
 * template's own claim code) or a unique code. A wrong word or code is final and counts as a guess.
 * UNKNOWN_UNIT, UNKNOWN_MEMBER, those of tb_coupon_code_open (core/issue/issue.h), NOT_OPEN (claim window),
 * NOT_ENROLLED, CAP_EXCEEDED (she has hers), OUT_OF_STOCK, TOO_MANY. Body: 1 lot, 2 unit, 3 expiry (ms, 0 = never),
 * 4 usable from (ms), 5 person. */
struct tb_cmd_coupon_claim {
    struct tb_who member;
    struct tb_str unit; /* code of the template, or empty and: */
    struct tb_str claim_code; /* or: */
    struct tb_code_ref serial; /* a unique code, deciphered */
    uint64_t caller; /* who guesses: any stable fingerprint; 0 = unknown, only the tenant's limit holds */
};

/* Somebody gives a member one: the same without the claim window; REASON_REQUIRED. */
struct tb_cmd_coupon_issue {
    struct tb_who member;
    struct tb_str unit;
    struct tb_str reason;
};

/* UNKNOWN_MEMBER, UNKNOWN_COUPON (not hers, used, locked, expired), REASON_REQUIRED. With restock the
 * stock has one more again. Body: 1 lot, 2 unit.                                             */
struct tb_cmd_coupon_void {
    struct tb_who member;
    uint64_t lot;
    bool restock;
    struct tb_str reason;
};

/* UNKNOWN_MEMBER "from", "to", UNKNOWN_COUPON, NOT_GIVABLE, SAME_ACCOUNT, NOT_ENROLLED, TOO_MANY. The
 * receiver's coupon has a number of its own and the same expiry. Body: 1 new lot, 2 unit, 3 expiry.  */
struct tb_cmd_coupon_give {
    struct tb_who from;
    struct tb_who to;
    uint64_t lot;
};

enum tb_coupon_state { TB_COUPON_USABLE = 0, TB_COUPON_EARLY, TB_COUPON_LOCKED, TB_COUPON_EXPIRED };

/* READ. What she has and can have; what is used or gone is in the history. UNKNOWN_MEMBER.
 * Body: 5 person, repeated 1 = {1 lot, 2 unit, 3 enum tb_coupon_state, 4 expiry (ms, 0 = never),
 * 5 usable from (ms), 6 earned day (zigzag), 7 code of the template, 8 its name}, soonest expiry
 * first; at most 500.                                                                        */
struct tb_cmd_coupon_list {
    struct tb_who member;
};

/* Usable from that instant: the template's window and waiting days. */
int64_t tb_coupon_from_ms(const struct tb_txn *t, const struct tb_unit *unit, int32_t earned_day);

#endif
