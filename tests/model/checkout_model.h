// SPDX-License-Identifier: Apache-2.0
/* The plain model of a shop's checkouts (checkout_random.c): ten campaigns in two stores, two profiles that may
 * become one person and part again, their coupons, and every piece of every order.
 *
 * It keeps no counter that it could reckon: what is left of a limit or a budget is always the sum over
 * the orders and baskets that stand. What it takes from the engine is checked where it is taken. */
#ifndef TB_MODEL_CHECKOUT_MODEL_H
#define TB_MODEL_CHECKOUT_MODEL_H

#include "checkout_kit.h"

#include "core/price/proof.h"

#define YUAN(x) (INT64_C(100) * (x))
#define ORDERS 6
#define COUPONS 16
#define PIECES 12
#define LINES 4
#define OFFERS_MAX 12
#define BUDGET YUAN(40)
#define WEEKLY_AMOUNT YUAN(10)
#define GIFT_POINTS 4000
#define PAY_MIN 50
#define PAY_STEP 10
#define PAY_SHARE_PPM 500000

enum { CHEAPEST, TEN, TWENTY, FUNDED, TWICE, COUPON, DAILY, WEEKLY, GIVING, NEXT, CAMPAIGNS };

struct held_coupon {
    uint64_t lot;
    int64_t due_ms;
    uint32_t owner; /* profile, 0 or 1 */
    uint32_t campaign; /* COUPON or NEXT */
    bool used;      /* or locked */
    bool gone;      /* withdrawn */
};

/* A confirmed order or an open basket. */
struct plain {
    bool open;   /* a basket */
    bool placed; /* an order */
    bool anew;   /* its policy is to re-evaluate: what a return pays is asked, not known */
    bool gift_settled;
    uint64_t no;
    char key[32];
    uint32_t by; /* 0, 1 */
    uint32_t store;
    uint32_t line_n;
    int64_t list[LINES];
    int64_t pieces[LINES];
    int64_t back[LINES];
    int64_t net[LINES][PIECES];
    int64_t shipping;
    int64_t payable;
    int64_t refunded;
    int64_t deadline_ms;
    int32_t day;                /* on which uses were counted */
    int64_t out[CAMPAIGNS];     /* of the saving, still granted */
    bool counted[CAMPAIGNS];    /* a use is */
    uint32_t coupon_set;        /* bits */
};

struct world {
    struct checkout_kit *k;
    uint32_t offer[CAMPAIGNS];
    uint32_t campaign[CAMPAIGNS];
    uint32_t unit[3]; /* points, c15, next */
    uint32_t budget_unit;
    char who[2][32];
    uint32_t profile[2];
    bool joined;
    bool parted; /* by hand: no evidence joins them again */
    struct held_coupon coupon[COUPONS];
    uint32_t coupon_n;
    struct plain order[ORDERS];
    uint32_t order_n;
    uint64_t sequence;
    uint32_t returns;
    int64_t given; /* points */
    int64_t shortfall;
    int64_t book[4][TB_TENANT_ACCOUNTS]; /* at the sequence's start: points, c15, next, budget */
    void *region;
    size_t region_bytes;
    uint64_t quotes, exhaustive, orders, backs, refusals, joins, lapses, dry;
};

extern const char *const store_code[2];

/* The shop: stores, units, campaigns. */
void model_shop(struct world *w);

static inline int32_t model_day(const struct world *w)
{
    return (int32_t)((w->k->f->now_ms + 8 * TB_HOUR_MS) / TB_DAY_MS);
}
static inline bool same_person(const struct world *w, uint32_t a, uint32_t b) { return a == b || w->joined; }

/* What is left, leaving out one basket (NULL: none). */
int64_t model_left(const struct world *w, uint32_t campaign, uint32_t by, const struct plain *without);
bool model_usable(const struct world *w, const struct held_coupon *c, uint32_t by);
/* The least that any set of open offers leaves to pay. */
int64_t model_best(struct world *w, const struct plain *p);

int64_t model_points(struct world *w, uint32_t by);
int64_t model_book(const struct world *w, uint32_t unit, enum tb_tenant_account account);
/* Budget, limits and counters are where the orders put them. */
void model_stands(struct world *w);
/* The order's block adds up both ways, and is what the model says from now on. */
void model_take_order(struct world *w, struct plain *p);
void model_take_basket(struct world *w, struct plain *p);
void model_give_back(struct world *w, struct plain *p);
/* After a return: what every offer still grants stands on pieces that she keeps. */
void model_after_return(struct world *w, struct plain *p);
void model_begin(struct world *w);
/* Everything is back: every account that was touched is where it was. */
void model_end(struct world *w);

#endif
