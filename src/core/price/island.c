// SPDX-License-Identifier: Apache-2.0
/* T5 of price.h: the undecided offers before the first one on all goods fall into islands that share no line, no
 * group rule and no coupon limit. What islands save adds up, and a small one is tried out.
 *
 * An island sees only its own lines, so it is tried on a state of those alone, and what it came to is remembered
 * for the same offers after the same decisions. Not here: how the sum is used (ceiling.c).                   */
#include "core/price/price_int.h"

struct stage {
    struct tb_price_state state;
    uint64_t open;
    uint64_t in;
    int64_t saved;
    uint32_t coupons;
};

static int64_t money(int64_t key)
{
    return (key + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
}

/* The runs on lines of the island. */
static void own_lines(const struct tb_price_plan *p, const struct tb_price_state *from, uint64_t isle,
                      struct tb_price_state *to)
{
    bool all = (isle & p->everywhere) != 0;
    uint32_t line_n = p->basket->line_n;
    to->run_n = 0;
    to->shipping = 0;
    for (uint32_t line = 0; line < line_n; line++) {
        to->at[line] = (uint16_t)to->run_n;
        if (!all && (p->line_in[line] & isle) == 0)
            continue;
        for (uint32_t i = from->at[line]; i < from->at[line + 1]; i++)
            to->run[to->run_n++] = from->run[i];
    }
    to->at[line_n] = (uint16_t)to->run_n;
    tb_price_tally(to);
}

static int64_t sum_of(const struct tb_price_node *n, uint64_t among)
{
    int64_t sum = 0;
    for (uint64_t m = among; m != 0; m &= m - 1)
        sum += money(n->most[__builtin_ctzll(m)]);
    return sum;
}

/* A choice that saves so much. */
static void note(struct tb_price_isle *isle, uint64_t in, int64_t saved)
{
    if (saved <= isle->most) {
        isle->gap = isle->most - saved < isle->gap ? isle->most - saved : isle->gap;
        return;
    }
    isle->gap = saved - isle->most;
    isle->most = saved;
    isle->best = in;
}

/* Every choice of the island's offers, in order of application, as far as it can still be the best or the next. */
static void try_out(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t isle, struct tb_price_isle *out)
{
    struct stage at[TB_PRICE_ISLAND + 1];
    uint32_t depth = 0;
    out->best = 0;
    out->most = 0;
    out->gap = INT64_MAX;
    at[0] = (struct stage){.state = tb_price_level(p, p->levels), .open = isle};
    at[0].coupons = (uint32_t)__builtin_popcountll(n->in & p->coupons);
    own_lines(p, &n->state, isle, &at[0].state);
    for (;;) {
        struct stage *s = &at[depth];
        if (s->open == 0 || s->saved + sum_of(n, s->open) <= out->most - out->gap) {
            if (depth-- == 0)
                return;
            continue;
        }
        uint32_t j = (uint32_t)__builtin_ctzll(s->open);
        s->open &= s->open - 1;
        struct tb_effect e;
        struct stage *in = &at[depth + 1];
        in->open = s->open & ~p->conflict[j];
        if (in->open != 0)
            in->state = tb_price_level(p, p->levels + depth + 1);
        tb_price_effect(p, j, &s->state, in->open == 0 ? NULL : &in->state, &e);
        if (!e.in_force)
            continue;
        in->coupons = s->coupons + (p->coupons >> j & 1);
        if (p->basket->coupons_max > 0 && in->coupons >= p->basket->coupons_max)
            in->open &= ~p->coupons;
        in->saved = s->saved + e.saving;
        in->in = s->in | UINT64_C(1) << j;
        note(out, in->in, in->saved);
        depth++;
    }
}

/* Those of `in` that had a say in what is left on the island's lines, be it through others. */
static uint64_t who_shaped(const struct tb_price_plan *p, uint64_t in, uint64_t isle)
{
    uint64_t shaped = 0;
    in &= ~p->perks & ~p->shipping;
    for (uint64_t edge = isle; edge != 0;) {
        uint64_t met = 0;
        for (; edge != 0; edge &= edge - 1)
            met |= p->meet[__builtin_ctzll(edge)];
        edge = met & in & ~shaped;
        shaped |= edge;
    }
    return shaped;
}

static const struct tb_price_isle *remembered(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t isle)
{
    uint64_t in = who_shaped(p, n->in, isle);
    in |= p->basket->coupons_max > 0 && (isle & p->coupons) ? n->in & p->coupons : 0;
    uint32_t place = (uint32_t)(((isle ^ in * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9)) >> 58);
    struct tb_price_isle *known = &p->isle[place];
    bool used = p->isle_known >> place & 1;
    if (!used || known->offers != isle || known->in != in) {
        *known = (struct tb_price_isle){.offers = isle, .in = in};
        try_out(p, n, isle, known);
    }
    p->isle_known |= UINT64_C(1) << place;
    return known;
}

static uint64_t island_of(const struct tb_price_plan *p, uint64_t among)
{
    uint64_t isle = among & -among;
    for (uint64_t edge = isle; edge != 0;) {
        uint64_t reach = 0;
        for (; edge != 0; edge &= edge - 1)
            reach |= p->touch[__builtin_ctzll(edge)];
        edge = reach & among & ~isle;
        isle |= edge;
    }
    return isle;
}

/* One offer finds its lines as they are, so its bound is what it saves. */
static struct tb_price_isle alone(const struct tb_price_node *n, uint64_t isle)
{
    int64_t most = sum_of(n, isle);
    return (struct tb_price_isle){.best = isle, .most = most, .gap = most};
}

int64_t tb_price_islands(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among, uint64_t *rest,
                         uint64_t *set, int64_t *gap)
{
    int64_t sum = 0;
    *rest = 0;
    *gap = INT64_MAX;
    while (among != 0) {
        uint64_t isle = island_of(p, among);
        bool single = (isle & (isle - 1)) == 0;
        among &= ~isle;
        if (!single && __builtin_popcountll(isle) > TB_PRICE_ISLAND) {
            *rest |= isle;
            continue;
        }
        struct tb_price_isle one = single ? alone(n, isle) : *remembered(p, n, isle);
        *set |= one.best;
        sum += one.most;
        *gap = one.gap < *gap ? one.gap : *gap;
    }
    return sum;
}
