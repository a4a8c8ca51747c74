// SPDX-License-Identifier: Apache-2.0
/* What the files of the solver share; the checker (proof.c) uses none of it.
 *
 * A line's parts are held as runs: neighbouring pieces with the same list amount, the same amount left
 * and the same history. A state is the runs that still cost something plus the shipping left; applying
 * an offer writes a new state and splits few runs.                                                  */
#ifndef TB_CORE_PRICE_PRICE_INT_H
#define TB_CORE_PRICE_PRICE_INT_H

#include "core/price/price.h"

#define TB_KEY_MONEY 14
#define TB_KEY_PERK 7
#define TB_PRICE_SPANS 8  /* T4 */
#define TB_PRICE_ISLAND 6 /* T5: offers of one island at most */
#define TB_PRICE_ISLES 64 /* remembered */

struct tb_run {
    int64_t left;
    int64_t list;
    uint16_t line;
    uint16_t first;
    uint16_t n;
    uint16_t taken; /* by a one_per_product offer */
};

struct tb_price_state {
    struct tb_run *run;
    uint16_t *at; /* by line: its first run; at[line_n] = run_n */
    uint32_t run_n;
    uint32_t count; /* parts that still cost something */
    int64_t goods;  /* left of them all */
    int64_t shipping;
};

/* Pieces first..first + n - 1 of a run, while one offer is reckoned. */
struct tb_pick {
    int64_t left;
    int64_t list;
    int64_t each;
    int64_t weight;
    int64_t rest;
    uint32_t run;
    uint16_t line;
    uint16_t first;
    uint16_t n;
    uint16_t mark;
};

struct tb_picks {
    struct tb_pick *at;
    uint32_t n;
    uint32_t max;
    int64_t sum;    /* left, over all; by tb_price_gather */
    uint32_t count; /* parts, over all */
    bool moved;     /* no longer in order of place */
};

enum tb_pick_order {
    TB_PICK_PLACE,
    TB_PICK_TOP,
    TB_PICK_LINE_TOP,
    TB_PICK_LIST,
    TB_PICK_EACH,
    TB_PICK_REST,
};

/* What an island of offers can save at most, once those of `in` are in that had a say in what is left there. */
struct tb_price_isle {
    uint64_t offers;
    uint64_t in;
    uint64_t best; /* who saves it */
    int64_t most;
    int64_t gap; /* any other choice saves less by this at least */
};

/* What one offer did. */
struct tb_effect {
    int64_t saving;
    int64_t sum; /* in scope */
    int64_t next_missing;
    uint32_t count;
    uint32_t applications;
    uint32_t gift_units;
    bool in_force;
    bool strict_short;            /* void: the budget is too small */
    const struct tb_picks *picks; /* in order of place, or NULL */
};

struct tb_price_plan {
    const struct tb_basket *basket;
    const struct tb_offer *caller;
    const struct tb_offer *offer[TB_PRICE_OFFERS_MAX]; /* in order of application */
    uint8_t origin[TB_PRICE_OFFERS_MAX];               /* index in the caller's array */
    uint8_t rank[TB_PRICE_OFFERS_MAX];                 /* bit in the tie-break mask */
    uint8_t position[TB_PRICE_OFFERS_MAX];             /* of the caller's offer i */
    uint64_t conflict[TB_PRICE_OFFERS_MAX];
    uint64_t touch[TB_PRICE_OFFERS_MAX];
    uint64_t minds[TB_PRICE_OFFERS_MAX];  /* of touch[], those to whom it matters whether j is in */
    uint64_t meet[TB_PRICE_OFFERS_MAX];   /* share a line, itself included */
    uint64_t before[TB_PRICE_OFFERS_MAX]; /* earlier ones that may change what it finds */
    uint64_t inside[TB_PRICE_OFFERS_MAX]; /* who has all its lines, when it has a scope */
    uint64_t everywhere;                  /* offers without a scope */
    uint64_t peers[TB_PRICE_OFFERS_MAX]; /* of a BEST_OF group: the group, itself included */
    int64_t slack[TB_PRICE_OFFERS_MAX];  /* what rounding adds to the rates, 2^-20 minor units */
    uint64_t rated;                      /* offers with rates by line, once they are known */
    bool rates_known;
    uint64_t perks;
    uint64_t wide;  /* offers on all goods, whose thresholds see what earlier offers left */
    uint64_t broad; /* offers with one rate on all goods, broad_rate[] in 2^-20 */
    int64_t broad_rate[TB_PRICE_OFFERS_MAX];
    uint64_t wary;     /* bounds that look at who may come before: what gives the cheapest */
    uint64_t twins;    /* equal to the one before it in order */
    uint64_t coupons;
    uint64_t singles;
    uint64_t alone;    /* of an EXCLUSIVE group */
    uint64_t best_of;  /* of a BEST_OF group */
    uint64_t excluded; /* of a FIRST group, not the first */
    uint64_t shipping;
    uint64_t effective; /* known to have an effect on the basket as it came */
    uint64_t by_part;  /* look at parts, not only at the sum and number of all goods */
    bool noting;     /* bounds are of the basket as it came, and reasons will be asked for */
    uint64_t noted;  /* who does nothing to it: what each found there stands in idle[] */
    struct tb_effect idle[TB_PRICE_OFFERS_MAX];
    bool quick;        /* shares are not wanted, even of what changes the state */
    bool shares;       /* shares are wanted, even of what does not */
    struct tb_offer *made; /* BUY_GET with equal scopes, as CHEAPEST overall */
    uint32_t made_n;
    uint32_t n;
    uint32_t part_n;
    bool started;                /* the first level of the workspace holds the basket as it came; nobody writes there */
    struct tb_price_state start; /* and this leads there */
    struct tb_picks pick;  /* what is in scope */
    struct tb_picks part;  /* what is concerned, for mechanics with groups */
    struct tb_run *level;  /* part_n runs each */
    uint16_t *level_at;    /* line_n + 1 each */
    struct tb_price_line *line;
    uint64_t *line_in;    /* by line: offers with a scope there */
    uint64_t *line_rated; /* by line: offers with a rate there */
    uint32_t *rate; /* [n][line_n], when rated */
    struct tb_price_share *share;
    uint32_t share_max;
    uint32_t levels; /* of the search; after them TB_PRICE_ISLAND + 1 of an island's */
    uint64_t isle_known;
    struct tb_price_isle isle[TB_PRICE_ISLES];
};

/* One node of the search: some offers decided in, some out, those alive undecided. */
struct tb_price_node {
    struct tb_price_state state;
    int64_t key;
    uint64_t in;
    uint64_t alive;
    const int64_t *most; /* key of U_j, of those alive */
    uint64_t guess;      /* who reaches the last ceiling, if it is reached */
    uint64_t unsure;     /* of whom the guess says nothing */
};

static inline bool tb_price_in(const uint64_t *scope, uint32_t line)
{
    return scope == NULL || (scope[line >> 6] >> (line & 63) & 1) != 0;
}

/* The lines of word w of a scope; bits beyond are not read. */
static inline uint64_t tb_price_word(uint32_t line_n, uint32_t w)
{
    return line_n - w * 64 >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (line_n & 63)) - 1;
}

static inline bool tb_price_takes(const struct tb_offer *o)
{
    return o->one_per_product;
}

static inline bool tb_price_is_perk(const struct tb_offer *o)
{
    return o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS;
}

/* a * b / c down, and its remainder; 0 <= a, b; c > 0; the quotient fits. */
static inline int64_t tb_price_mul_div(int64_t a, int64_t b, int64_t c, int64_t *rest)
{
    if (((a | b) >> 31) == 0) {
        uint64_t product = (uint64_t)a * (uint64_t)b;
        *rest = (int64_t)(product % (uint64_t)c);
        return (int64_t)(product / (uint64_t)c);
    }
    unsigned __int128 product = (unsigned __int128)a * (unsigned __int128)b;
    *rest = (int64_t)(product % (unsigned __int128)c);
    return (int64_t)(product / (unsigned __int128)c);
}

/* Quotients by one number, through its reciprocal. */
struct tb_price_divisor {
    uint64_t by;
    uint64_t inverse; /* (2^64 - 1) / by */
};

static inline struct tb_price_divisor tb_price_divisor(int64_t by)
{
    return (struct tb_price_divisor){(uint64_t)by, UINT64_MAX / (uint64_t)by};
}

/* a * b / d down, and its remainder; 0 <= a, b; the quotient fits. */
static inline int64_t tb_price_divide(struct tb_price_divisor d, int64_t a, int64_t b, int64_t *rest)
{
    if (((a | b) >> 31) != 0)
        return tb_price_mul_div(a, b, (int64_t)d.by, rest);
    uint64_t product = (uint64_t)a * (uint64_t)b;
    uint64_t q = (uint64_t)(((unsigned __int128)product * d.inverse) >> 64);
    uint64_t r = product - q * d.by;
    while (r >= d.by) {
        q++;
        r -= d.by;
    }
    *rest = (int64_t)r;
    return (int64_t)q;
}

static inline int64_t tb_price_rate(int64_t amount, int64_t ppm, enum tb_rounding mode)
{
    int64_t rest;
    int64_t q = tb_price_mul_div(amount, ppm, TB_PPM_ALL, &rest);
    switch (mode) {
    case TB_ROUND_DOWN:
        return q;
    case TB_ROUND_HALF_EVEN:
        return q + (2 * rest > TB_PPM_ALL || (2 * rest == TB_PPM_ALL && (q & 1)));
    case TB_ROUND_HALF_UP:
        return q + (2 * rest >= TB_PPM_ALL);
    case TB_ROUND_UP:
        return q + (rest > 0);
    }
    return q;
}

/* Key of an offer that saves `saving` (> 0), or is in force as gift or points rule; else 0. */
static inline int64_t tb_price_key(const struct tb_offer *o, int64_t saving)
{
    if (saving == 0 && !tb_price_is_perk(o))
        return 0;
    int64_t key = (saving + (tb_price_is_perk(o) ? o->worth : 0)) * (INT64_C(1) << TB_KEY_MONEY);
    key += tb_price_is_perk(o) ? INT64_C(1) << TB_KEY_PERK : 0;
    return key - (o->coupon != TB_PRICE_RULE);
}

/* plan.c */
enum tb_price_answer tb_price_check(const struct tb_basket *b, const struct tb_offer *offer, uint32_t offer_n,
                                    uint32_t *parts, uint32_t *at);
enum tb_price_answer tb_price_plan_make(struct tb_price_plan *p, const struct tb_price_work *work,
                                        const struct tb_basket *b, const struct tb_offer *offer, uint32_t offer_n,
                                        uint32_t *at);
struct tb_price_state tb_price_level(const struct tb_price_plan *p, uint32_t level); /* room for a state */
void tb_price_start(struct tb_price_plan *p, struct tb_price_state *s);
void tb_price_touch(struct tb_price_plan *p);
uint64_t tb_price_to_order(const struct tb_price_plan *p, uint64_t set);   /* caller's bits -> order of application */
uint64_t tb_price_to_caller(const struct tb_price_plan *p, uint64_t mask); /* and back */
uint64_t tb_price_to_rank(const struct tb_price_plan *p, uint64_t mask);
bool tb_price_legal(const struct tb_price_plan *p, uint64_t mask);
int64_t tb_price_target(const struct tb_price_plan *p, const struct tb_offer *o, uint32_t line); /* < 0: none */

/* pick.c */
void tb_price_tally(struct tb_price_state *s);
void tb_price_gather(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *s);
/* The numbers and sums of tb_price_gather (no BUY_GET), without what is gathered. */
void tb_price_sum(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *s);
/* What is in scope matters by its sum and number alone. */
static inline bool tb_price_by_sum_in_scope(const struct tb_offer *o)
{
    if (o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS || o->level == TB_PRICE_SHIPPING)
        return true;
    return (o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER) &&
           o->max_units == 0 && !o->initial;
}
void tb_price_sort(struct tb_picks *v, uint32_t from, enum tb_pick_order order);
void tb_price_spread(struct tb_picks *v, uint32_t from, int64_t total);
void tb_price_weigh(struct tb_picks *v, uint32_t from, bool by_share);
uint32_t tb_price_groups_max(const struct tb_offer *o);

/* effect.c: applies offer j of the order to `in`; `out` has own runs, or NULL: only the effect is wanted. */
void tb_price_effect(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *in,
                     struct tb_price_state *out, struct tb_effect *e);

/* Adds a piece (of at least one part) to a state that is being written, or to the run before it. */
static inline void tb_price_emit(struct tb_price_state *out, const struct tb_run *piece)
{
    if (piece->left == 0) {
        out->count -= piece->n;
        return;
    }
    struct tb_run *last = &out->run[out->run_n];
    if (out->run_n > 0 && last[-1].line == piece->line && last[-1].left == piece->left &&
        last[-1].list == piece->list && last[-1].taken == piece->taken && last[-1].first + last[-1].n == piece->first) {
        last[-1].n = (uint16_t)(last[-1].n + piece->n);
        return;
    }
    *last = *piece;
    out->run_n++;
}

/* The state after a saving on goods or shipping, when nothing that comes looks at parts. */
static inline struct tb_price_state tb_price_sum_state(struct tb_price_state s, bool shipping, int64_t saving)
{
    s.shipping -= shipping ? saving : 0;
    s.goods -= shipping ? 0 : saving;
    s.count = s.goods == 0 ? 0 : s.count;
    return s;
}

/* Nothing of `later` looks at parts of the lines of j, be it after an offer on all goods, which spreads over all parts.
 * What follows from the sum of all goods may. */
static inline bool tb_price_unseen(const struct tb_price_plan *p, uint32_t j, uint64_t later)
{
    uint64_t all = later & p->everywhere & ~p->perks & ~p->shipping;
    uint64_t after = all == 0 ? 0 : ~((all & -all) - 1);
    return (later & p->by_part & (p->meet[j] | after)) == 0;
}

/* all.c: takes `total` off all goods, spread over all parts; total is less than what they cost. */
void tb_price_take_off_all(struct tb_price_plan *p, const struct tb_price_state *in, int64_t total,
                           struct tb_price_state *out);

/* group.c: fills p->part from p->pick; the sum of all groups' discounts. */
int64_t tb_price_groups(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e);

/* How a set came to its price: what each offer found. */
struct tb_price_course {
    struct tb_price_state state[TB_PRICE_OFFERS_MAX + 1]; /* at first, and after each that changed it */
    uint64_t moved; /* who did, in order of application */
    uint64_t in;    /* in force */
    int64_t saving[TB_PRICE_OFFERS_MAX]; /* of those */
};

/* result.c: prices mask (order of application) and fills every field but the proof. course: or NULL; it lives in the
 * levels of the workspace. */
void tb_price_settle(struct tb_price_plan *p, uint64_t mask, struct tb_price_course *course,
                     struct tb_price_result *result);
/* why.c: a reason for every offer of the caller; tb_price_touch has been called. */
void tb_price_reasons(struct tb_price_plan *p, const struct tb_price_course *course, struct tb_price_reason *reason);

/* bound.c */
int64_t tb_price_bundle_most(struct tb_price_plan *p, const struct tb_offer *o, bool first_only);
int64_t tb_price_most(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *s, uint64_t alive);

/* An offer of which no more is counted in a chain. */
struct tb_price_limit {
    uint32_t who;
    int64_t most; /* money */
};

/* chain.c: T4 */
int64_t tb_price_chain(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t later, int64_t first,
                       const struct tb_price_limit *limit, int64_t goal, uint64_t *set);

/* island.c: T5; money of what islands of `among` can save, who saves it, and those too large in *rest. *gap: in any
 * other choice an island saves less by that at least. */
int64_t tb_price_islands(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among, uint64_t *rest,
                         uint64_t *set, int64_t *gap);

/* ceiling.c */
int64_t tb_price_ceiling(struct tb_price_plan *p, struct tb_price_node *n, bool closely,
                         int64_t goal);
/* T7: the offers before the first on all goods in *first, those of them that save most in *set; the ceiling of every
 * set that has others of them. INT64_MAX: not known, or *first is empty. */
int64_t tb_price_otherwise(struct tb_price_plan *p, const struct tb_price_node *n, int64_t goal, uint64_t *first,
                           uint64_t *set);
void tb_price_broad(struct tb_price_plan *p, const struct tb_price_state *start, uint64_t alive);
bool tb_price_rated(const struct tb_offer *o);

#endif
