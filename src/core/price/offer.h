// SPDX-License-Identifier: Apache-2.0
/* core/price/offer.h - what is priced: a basket, and the offers that the caller judged open to this
 * member, here and now (price rules and coupons alike).
 *
 * Plain data of the caller; a zeroed struct is a valid starting point: 0 in a cap means "no cap",
 * scope NULL means "every line". Money in minor units, quantities in thousandths, rates in parts
 * per million. What is not here: who may use an offer (that was judged), and how one is priced
 * (price.h).                                                                                     */
#ifndef TB_CORE_PRICE_OFFER_H
#define TB_CORE_PRICE_OFFER_H

#include "base/num.h"

#define TB_PRICE_LINES_MAX 1000
#define TB_PRICE_PARTS_MAX 10000
#define TB_PRICE_OFFERS_MAX 64
#define TB_PRICE_GROUPS_MAX 64
#define TB_PRICE_STEPS_MAX 8
#define TB_PRICE_SLOTS_MAX 4
#define TB_PRICE_MONEY_MAX (INT64_C(1) << 46) /* a basket, an amount, a budget */
#define TB_PRICE_WORTH_MAX (INT64_C(1) << 40)
#define TB_PRICE_COUNT_MAX 10000 /* pieces in a group, units of a gift, applications */
#define TB_PPM_ALL 1000000

/* A line falls into parts: the pieces of `quantity` / 1000, or one part when it is whole.
 * amount is spread over the pieces by largest remainder, the earlier piece first.            */
struct tb_basket_line {
    int64_t quantity;
    int64_t amount; /* list amount of the line, >= 0 */
    int64_t cost;   /* of the line, or < 0: unknown */
    bool whole;     /* weighed or bulk goods: one part that nothing divides */
};

/* Which offers of one stacking group may stand in one set.                                   */
enum tb_price_rule {
    TB_PRICE_STACKABLE = 0,
    TB_PRICE_BEST_OF,   /* at most one of the group */
    TB_PRICE_FIRST,     /* only the first, in order of application, that has an effect alone */
    TB_PRICE_EXCLUSIVE, /* alone: with no other offer of any group */
};

struct tb_basket {
    const struct tb_basket_line *line;
    uint32_t line_n;
    uint32_t coupons_max; /* coupons in one order; 0: no limit */
    int64_t shipping;
    const enum tb_price_rule *group; /* rule of every group; groups from group_n on are stackable */
    uint32_t group_n;
};

/* In scope are the parts of the scope's lines that still cost something; for an offer with
 * one_per_product only those that no other such offer has taken. "Top" is dearest first, what is
 * left to pay; a tie goes to the earlier line, then the earlier piece.                        */
enum tb_price_mechanic {
    TB_PRICE_AMOUNT = 0,  /* amount off what is in scope */
    TB_PRICE_AMOUNT_EACH, /* amount off every part */
    TB_PRICE_PERCENT,     /* ppm off what is in scope */
    TB_PRICE_FIXED,       /* a piece costs amount; whole goods: amount for 1,000 thousandths */
    TB_PRICE_TABLE,       /* a piece costs line_price[line], < 0: no price (member price, limited-time price) */
    TB_PRICE_LADDER,      /* spend steps (满减, 满折); by pieces (满件) with by_pieces */
    TB_PRICE_CHEAPEST,    /* of every `need` parts the `get` cheapest are ppm off; second at half price: 2, 1, 500000 */
    TB_PRICE_N_FOR,       /* any `need` parts, top first, for amount */
    TB_PRICE_BUY_GET,     /* buy `need` of scope, `get` of scope_y are ppm off */
    TB_PRICE_BUNDLE,      /* slot[0..slot_n) together for amount; scope must be their union */
    TB_PRICE_GIFT,        /* `get` units of something, per `every` min_amount or once; no money */
    TB_PRICE_POINTS,      /* points x ppm; no money */
};

/* Goods first, the order next, shipping last; within a level by sequence.                    */
enum tb_price_level {
    TB_PRICE_ITEM = 0,
    TB_PRICE_ORDER,
    TB_PRICE_SHIPPING, /* AMOUNT, PERCENT (1,000,000: free shipping) or FIXED off the shipping amount */
};

enum tb_price_coupon {
    TB_PRICE_RULE = 0, /* a price rule, no coupon */
    TB_PRICE_JOINT,    /* with other joint coupons */
    TB_PRICE_SINGLE,   /* the only coupon of the order */
};

enum tb_price_budget {
    TB_PRICE_NO_BUDGET = 0,
    TB_PRICE_BUDGET_PARTIAL, /* at the edge the member gets what is left */
    TB_PRICE_BUDGET_STRICT,  /* at the edge the member gets nothing */
};

struct tb_price_step {
    int64_t at;  /* money, or pieces */
    int64_t off; /* money */
    int64_t ppm; /* or a rate; all steps of a ladder are of one kind */
};

struct tb_price_slot {
    const uint64_t *scope;
    uint32_t count;
};

/* Bit i of word i / 64 of a scope is line i.                                                 */
struct tb_offer {
    enum tb_price_mechanic mechanic;
    enum tb_price_level level;
    enum tb_price_coupon coupon;
    enum tb_price_budget budget_rule;
    enum tb_rounding rounding; /* of rates; the house rule is TB_ROUND_HALF_UP */
    int32_t sequence;
    uint32_t group;
    bool one_per_product; /* takes only parts that no other such offer took, and keeps them */
    bool initial;         /* the rate or price is reckoned on list amounts (PERCENT, FIXED, TABLE) */
    bool every;           /* LADDER, GIFT: as often as the step fits */
    bool by_pieces;       /* LADDER: steps count parts */
    bool overall;         /* CHEAPEST: the cheapest of all in scope, not of groups from the top */
    bool same_line;       /* CHEAPEST, N_FOR: groups within a line */
    int64_t expires_ms;   /* coupons: what lapses sooner is used sooner */
    const uint64_t *scope;
    const uint64_t *scope_y;
    const int64_t *line_price;
    int64_t amount;
    int64_t ppm;
    uint32_t need;
    uint32_t get;
    struct tb_price_step step[TB_PRICE_STEPS_MAX];
    uint32_t step_n;
    struct tb_price_slot slot[TB_PRICE_SLOTS_MAX];
    uint32_t slot_n;
    int64_t min_amount; /* both tested on what is in scope and left after earlier offers */
    uint32_t min_pieces;
    int64_t cap_unit; /* the lowest cap wins; what a cap cuts goes to no other part */
    int64_t cap_line;
    int64_t cap_order;
    uint32_t max_units;        /* parts, top first: AMOUNT, AMOUNT_EACH, PERCENT, FIXED, TABLE (stock) */
    uint32_t max_applications; /* LADDER every, CHEAPEST, N_FOR, BUY_GET, BUNDLE, GIFT every */
    int64_t budget;
    int64_t worth; /* GIFT, POINTS: what it counts for in the choice, minor units; 0: a tie-break only */
};

#endif
