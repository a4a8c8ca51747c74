// SPDX-License-Identifier: Apache-2.0
/* T4 of price.h: what may be left of all goods, offer after offer.
 *
 * An offer on all goods sees only their sum. So the sums that may be left before an offer are kept as a few
 * spans for each way to have used coupons and best-of groups, each offer maps them, and the least sum at the
 * end bounds what is saved. Invariant: every sum that a legal set can leave lies in a span of its way. No runs
 * are looked at here.                                                                               */
#include "core/price/price_int.h"

#define COUPONS 4 /* counted one by one up to here */
#define GROUPS 2  /* best-of groups watched */
#define WAYS ((COUPONS + 2) << GROUPS)

struct span {
    int64_t low;
    int64_t high;
    int64_t plus; /* key of what is saved on shipping, less coupons */
};

struct spans {
    uint32_t n;
    struct span at[TB_PRICE_SPANS];
};

struct chain {
    const struct tb_price_plan *plan;
    const struct tb_price_node *node;
    uint32_t coupons; /* joint coupons that are told apart: ways 0..coupons; coupons + 1: a single one */
    bool counted;     /* more joint coupons than that are not allowed */
    uint32_t group[GROUPS];
    uint32_t group_n;
    struct spans way[WAYS];
};

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Into the first span that meets it with the same plus, or a place of its own, or the nearest when full. */
static void add(struct spans *v, struct span one)
{
    uint32_t nearest = 0;
    int64_t gap = INT64_MAX;
    for (uint32_t i = 0; i < v->n; i++) {
        struct span *s = &v->at[i];
        int64_t apart = max_of(0, max_of(one.low - s->high, s->low - one.high));
        if (apart == 0 && s->plus == one.plus) {
            s->low = min_of(s->low, one.low);
            s->high = max_of(s->high, one.high);
            return;
        }
        if (apart < gap) {
            gap = apart;
            nearest = i;
        }
    }
    if (v->n < TB_PRICE_SPANS) {
        v->at[v->n++] = one;
        return;
    }
    struct span *s = &v->at[nearest];
    *s = (struct span){min_of(s->low, one.low), max_of(s->high, one.high), max_of(s->plus, one.plus)};
}

/* The saving follows from the sum left. */
static bool by_sum(const struct tb_price_plan *p, uint32_t j)
{
    const struct tb_offer *o = p->offer[j];
    if (!(p->wide >> j & 1) || o->level == TB_PRICE_SHIPPING || o->max_units > 0 || o->cap_unit > 0 ||
        o->cap_line > 0 || o->initial || o->every || o->by_pieces || o->budget_rule == TB_PRICE_BUDGET_STRICT)
        return false;
    return o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER;
}

/* Sum after an offer that takes off, or a rate; it rises with the sum before. */
static int64_t after(const struct tb_offer *o, int64_t sum, int64_t off, int64_t ppm)
{
    int64_t saving = min_of(sum, ppm > 0 ? tb_price_rate(sum, ppm, o->rounding) : off);
    if (o->cap_order > 0)
        saving = min_of(saving, o->cap_order);
    if (o->budget_rule == TB_PRICE_BUDGET_PARTIAL)
        saving = min_of(saving, o->budget);
    return sum - saving;
}

static void map_exactly(const struct tb_offer *o, struct span s, struct spans *to)
{
    if (o->mechanic != TB_PRICE_LADDER) {
        int64_t ppm = o->mechanic == TB_PRICE_PERCENT ? o->ppm : 0;
        add(to, (struct span){after(o, s.low, o->amount, ppm), after(o, s.high, o->amount, ppm), s.plus});
        return;
    }
    for (uint32_t i = 0; i < o->step_n; i++) {
        const struct tb_price_step *t = &o->step[i];
        int64_t low = max_of(s.low, t->at);
        int64_t high = i + 1 < o->step_n ? min_of(s.high, t[1].at - 1) : s.high;
        if (low <= high)
            add(to, (struct span){after(o, low, t->off, t->ppm), after(o, high, t->off, t->ppm), s.plus});
    }
}

static void map(const struct chain *c, uint32_t j, struct span s, struct spans *to)
{
    const struct tb_price_plan *p = c->plan;
    const struct tb_offer *o = p->offer[j];
    int64_t most = (c->node->most[j] + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
    if (p->wide >> j & 1)
        s.low = max_of(s.low, o->min_amount);
    if (s.low > s.high)
        return;
    s.plus -= o->coupon != TB_PRICE_RULE;
    if (o->level == TB_PRICE_SHIPPING) {
        s.plus += most * (INT64_C(1) << TB_KEY_MONEY);
        add(to, s);
        return;
    }
    if (by_sum(p, j)) {
        map_exactly(o, s, to);
        return;
    }
    if (p->broad >> j & 1)
        most = min_of(most, (int64_t)(((__int128)s.low * p->broad_rate[j] + p->slack[j]) >> 20));
    s.low = max_of(0, s.low - most);
    add(to, s);
}

/* The way after taking j, or < 0: not with this one. */
static int way_with(const struct chain *c, uint32_t j, uint32_t way)
{
    const struct tb_price_plan *p = c->plan;
    uint32_t used = way >> GROUPS;
    uint32_t groups = way & ((1U << GROUPS) - 1);
    for (uint32_t g = 0; (p->best_of >> j & 1) && g < c->group_n; g++) {
        if (p->offer[j]->group != c->group[g])
            continue;
        if (groups >> g & 1)
            return -1;
        groups |= 1U << g;
    }
    if (p->singles >> j & 1) {
        if (used != 0)
            return -1;
        used = c->coupons + 1;
    } else if (p->coupons >> j & 1) {
        if (used == c->coupons + 1 || (used == c->coupons && c->counted))
            return -1;
        used = used < c->coupons ? used + 1 : used;
    }
    return (int)(used << GROUPS | groups);
}

static void watch_groups(struct chain *c, uint64_t among)
{
    const struct tb_price_plan *p = c->plan;
    c->group_n = 0;
    for (uint64_t m = among & p->best_of; m != 0 && c->group_n < GROUPS; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        uint64_t others = p->peers[j] & among;
        if ((others & ((m & -m) - 1)) == 0 && (others & (others - 1)) != 0)
            c->group[c->group_n++] = p->offer[j]->group;
    }
}

/* Key of the most that offers of `later` (no perks), and before them any sum up to `first`, can save. */
int64_t tb_price_chain(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t later, int64_t first)
{
    struct chain c;
    c.plan = p;
    c.node = n;
    uint32_t room = p->basket->coupons_max - (uint32_t)__builtin_popcountll(n->in & p->coupons);
    c.counted = p->basket->coupons_max > 0 && room <= COUPONS;
    c.coupons = c.counted ? room : 1;
    watch_groups(&c, later);
    uint32_t ways = (c.coupons + 2) << GROUPS;
    for (uint32_t w = 0; w < ways; w++)
        c.way[w].n = 0;
    add(&c.way[0], (struct span){max_of(0, n->state.goods - first), n->state.goods, 0});
    for (uint64_t m = later; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        for (uint32_t w = ways; w-- > 0;) {
            int to = c.way[w].n == 0 ? -1 : way_with(&c, j, w);
            if (to < 0)
                continue;
            struct spans was;
            was.n = c.way[w].n;
            for (uint32_t i = 0; i < was.n; i++)
                was.at[i] = c.way[w].at[i];
            for (uint32_t i = 0; i < was.n; i++)
                map(&c, j, was.at[i], &c.way[to]);
        }
    }
    int64_t carriage = n->state.shipping * (INT64_C(1) << TB_KEY_MONEY);
    int64_t best = 0;
    for (uint32_t w = 0; w < ways; w++)
        for (uint32_t i = 0; i < c.way[w].n; i++) {
            const struct span *s = &c.way[w].at[i];
            int64_t goods = (n->state.goods - s->low) * (INT64_C(1) << TB_KEY_MONEY);
            best = max_of(best, goods + min_of(s->plus, carriage));
        }
    return best;
}
