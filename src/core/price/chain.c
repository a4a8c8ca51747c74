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
#define MULTIPLES 4 /* of a step that are told apart */
#define WAYS ((COUPONS + 2) << GROUPS)
_Static_assert(WAYS <= 32, "a bit each");

struct span {
    int64_t low;
    int64_t high;
    int64_t plus; /* key of what is saved on shipping, less coupons */
    uint64_t set;  /* who leaves the least sum */
    int64_t base;  /* the least sum before the first offer of the chain */
    int64_t other; /* what may be off that was not off all goods alike */
};

struct spans {
    uint32_t n;
    struct span at[TB_PRICE_SPANS];
};

/* What the offers of a chain from one on may still save, as keys: those in no group, of each group watched, joint
 * coupons by how many there is room for, a single one. */
struct rest {
    int64_t rules;
    int64_t group[GROUPS];
    int64_t coupon[COUPONS];
    int64_t joint;
    int64_t single;
};

struct chain {
    const struct tb_price_plan *plan;
    const struct tb_price_node *node;
    const struct tb_price_limit *limit; /* or NULL */
    uint32_t coupons; /* joint coupons that are told apart: ways 0..coupons; coupons + 1: a single one */
    bool counted;     /* more joint coupons than that are not allowed */
    uint32_t group[GROUPS];
    uint32_t group_n;
    uint32_t filled; /* bit: the way has spans, or had; the others are not even cleared */
    struct spans way[WAYS];
    uint64_t parts;   /* offers of the chain whose saving follows from what is left of their lines */
    struct part {
        int64_t left;
        int64_t rounding;
    } part[TB_PRICE_OFFERS_MAX];
    struct rest rest[TB_PRICE_OFFERS_MAX + 1]; /* by place in the chain */
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
            s->set = one.low < s->low ? one.set : s->set;
            s->low = min_of(s->low, one.low);
            s->high = max_of(s->high, one.high);
            s->base = min_of(s->base, one.base);
            s->other = max_of(s->other, one.other);
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
    *s = (struct span){.low = min_of(s->low, one.low),
                       .high = max_of(s->high, one.high),
                       .plus = max_of(s->plus, one.plus),
                       .set = one.low < s->low ? one.set : s->set,
                       .base = min_of(s->base, one.base),
                       .other = max_of(s->other, one.other)};
}

/* The saving follows from the sum left. */
static bool by_sum(const struct tb_price_plan *p, uint32_t j)
{
    const struct tb_offer *o = p->offer[j];
    if (!(p->wide >> j & 1) || o->level == TB_PRICE_SHIPPING || o->max_units > 0 || o->cap_unit > 0 ||
        o->cap_line > 0 || o->initial || o->by_pieces || o->budget_rule == TB_PRICE_BUDGET_STRICT ||
        (o->every && o->step_n != 1))
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

static struct span between(struct span s, int64_t low, int64_t high)
{
    s.low = low;
    s.high = high;
    return s;
}

static int64_t times_off(int64_t times, int64_t off)
{
    __int128 all = (__int128)times * off;
    return all < TB_PRICE_MONEY_MAX ? (int64_t)all : TB_PRICE_MONEY_MAX;
}

/* A ladder that applies as often as its step fits: multiple by multiple, the higher ones together. */
static void map_multiples(const struct tb_offer *o, struct span s, struct spans *to)
{
    const struct tb_price_step *t = &o->step[0];
    int64_t most = tb_price_groups_max(o);
    int64_t low = max_of(s.low, t->at);
    for (uint32_t n = 1; low <= s.high; n++) {
        int64_t times = min_of(low / t->at, most);
        bool last = n == MULTIPLES || times == most;
        int64_t high = last ? s.high : min_of(s.high, (times + 1) * t->at - 1);
        int64_t at_high = min_of(high / t->at, most);
        add(to, between(s, after(o, low, times_off(at_high, t->off), 0),
                        after(o, high, times_off(times, t->off), 0)));
        low = high + 1;
    }
}

static void map_exactly(const struct tb_offer *o, struct span s, struct spans *to)
{
    if (o->every) {
        map_multiples(o, s, to);
        return;
    }
    if (o->mechanic != TB_PRICE_LADDER) {
        int64_t ppm = o->mechanic == TB_PRICE_PERCENT ? o->ppm : 0;
        add(to, between(s, after(o, s.low, o->amount, ppm), after(o, s.high, o->amount, ppm)));
        return;
    }
    for (uint32_t i = 0; i < o->step_n; i++) {
        const struct tb_price_step *t = &o->step[i];
        int64_t low = max_of(s.low, t->at);
        int64_t high = i + 1 < o->step_n ? min_of(s.high, t[1].at - 1) : s.high;
        if (low <= high)
            add(to, between(s, after(o, low, t->off, t->ppm), after(o, high, t->off, t->ppm)));
    }
}

static int64_t most_of(const struct chain *c, uint32_t j)
{
    int64_t key = c->node->most[j];
    if (c->limit == NULL || c->limit->who != j)
        return key;
    return min_of(key, c->limit->most * (INT64_C(1) << TB_KEY_MONEY));
}

/* Off all goods alike, in proportion to what is left. */
static bool off_all(const struct tb_price_plan *p, uint32_t j)
{
    const struct tb_offer *o = p->offer[j];
    bool uncut = o->max_units == 0 && o->cap_unit == 0 && o->cap_line == 0;
    return (p->wide >> j & 1) && o->level != TB_PRICE_SHIPPING && uncut &&
           (o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER);
}

/* The saving follows from what is left of a part of the goods. */
static bool by_part_sum(const struct tb_price_plan *p, uint32_t j)
{
    const struct tb_offer *o = p->offer[j];
    if ((p->wide >> j & 1) || o->level == TB_PRICE_SHIPPING || o->max_units > 0 || o->initial || o->every ||
        o->by_pieces)
        return false;
    return o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER;
}

/* a * b / c up, where c > 0. */
static int64_t up(int64_t a, int64_t b, int64_t c)
{
    __int128 product = (__int128)a * b;
    return (int64_t)(product > 0 ? (product + c - 1) / c : product / c);
}

/* An offer on a part of the goods: when x is left of all, no more is left of its lines than `left`, nor than
 * left * (x + other) / base and what rounding may add. */
static void map_part(const struct chain *c, uint32_t j, struct span s, int64_t most, struct spans *to)
{
    const struct tb_offer *o = c->plan->offer[j];
    const struct part *q = &c->part[j];
    if (o->mechanic == TB_PRICE_PERCENT) {
        __int128 share = (__int128)q->left * (s.low + s.other) / s.base + q->rounding;
        int64_t left = share < q->left ? (int64_t)share : q->left;
        int64_t off = min_of(most, tb_price_rate(left, o->ppm, o->rounding));
        s.other += off;
        add(to, between(s, max_of(0, s.low - off), s.high));
        return;
    }
    for (uint32_t i = 0; i < o->step_n && o->step[i].at <= q->left; i++) {
        const struct tb_price_step *t = &o->step[i];
        int64_t low = max_of(s.low, up(t->at - q->rounding, s.base, q->left) - s.other);
        int64_t sum = i + 1 < o->step_n ? min_of(q->left, t[1].at - 1) : q->left;
        int64_t off = min_of(most, t->ppm > 0 ? tb_price_rate(sum, t->ppm, o->rounding) : t->off);
        if (low > s.high)
            continue;
        struct span one = between(s, max_of(0, low - off), s.high);
        one.other += off;
        add(to, one);
    }
}

static void map(const struct chain *c, uint32_t j, struct span s, struct spans *to)
{
    const struct tb_price_plan *p = c->plan;
    const struct tb_offer *o = p->offer[j];
    int64_t most = (most_of(c, j) + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
    if (p->wide >> j & 1)
        s.low = max_of(s.low, o->min_amount);
    if (s.low > s.high)
        return;
    s.plus -= o->coupon != TB_PRICE_RULE;
    s.set |= UINT64_C(1) << j;
    if (o->level == TB_PRICE_SHIPPING) {
        s.plus += most * (INT64_C(1) << TB_KEY_MONEY);
        add(to, s);
        return;
    }
    if (by_sum(p, j)) {
        map_exactly(o, s, to);
        return;
    }
    if (c->parts >> j & 1) {
        map_part(c, j, s, most, to);
        return;
    }
    if (p->broad >> j & 1)
        most = min_of(most, (int64_t)(((__int128)s.low * p->broad_rate[j] + p->slack[j]) >> 20));
    s.low = max_of(0, s.low - most);
    s.other += off_all(p, j) ? 0 : most;
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

/* r: what those after j may save; then with j. */
static void and_one(const struct chain *c, uint32_t j, struct rest *r)
{
    const struct tb_price_plan *p = c->plan;
    int64_t one = most_of(c, j);
    for (uint32_t g = 0; (p->best_of >> j & 1) && g < c->group_n; g++)
        if (p->offer[j]->group == c->group[g]) {
            r->group[g] = max_of(r->group[g], one);
            return;
        }
    if (p->singles >> j & 1) {
        r->single = max_of(r->single, one);
        return;
    }
    if (!(p->coupons >> j & 1)) {
        r->rules += one;
        return;
    }
    r->joint += one;
    for (uint32_t i = 0; i < COUPONS; i++) {
        int64_t lesser = min_of(one, r->coupon[i]);
        r->coupon[i] = max_of(one, r->coupon[i]);
        one = lesser;
    }
}

/* What may still be saved in a way. */
static int64_t still(const struct chain *c, const struct rest *r, uint32_t way)
{
    uint32_t used = way >> GROUPS;
    int64_t sum = r->rules;
    for (uint32_t g = 0; g < c->group_n; g++)
        sum += way >> g & 1 ? 0 : r->group[g];
    if (used == c->coupons + 1)
        return sum;
    int64_t joint = c->counted ? 0 : r->joint;
    for (uint32_t i = 0; c->counted && i < c->coupons - used; i++)
        joint += r->coupon[i];
    return sum + (used == 0 ? max_of(joint, r->single) : joint);
}

static void look_ahead(struct chain *c, uint64_t later)
{
    uint32_t n = (uint32_t)__builtin_popcountll(later);
    c->rest[n] = (struct rest){0};
    for (uint64_t m = later; m != 0; m &= ~(UINT64_C(1) << (63 - __builtin_clzll(m)))) {
        n--;
        c->rest[n] = c->rest[n + 1];
        and_one(c, 63 - (uint32_t)__builtin_clzll(m), &c->rest[n]);
    }
}

static struct spans *fill(struct chain *c, uint32_t way)
{
    if (!(c->filled >> way & 1))
        c->way[way].n = 0;
    c->filled |= UINT32_C(1) << way;
    return &c->way[way];
}

/* Leaves a way the spans from which more than `goal` may be saved. */
static void keep_hopeful(struct chain *c, uint32_t place, uint32_t way, int64_t goal)
{
    struct spans *v = &c->way[way];
    int64_t need = goal - still(c, &c->rest[place], way);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        const struct span *s = &v->at[i];
        if ((c->node->state.goods - s->low) * (INT64_C(1) << TB_KEY_MONEY) + s->plus <= need)
            continue;
        if (kept != i)
            v->at[kept] = *s;
        kept++;
    }
    v->n = kept;
}

/* What is left of the lines of those that look at a part: an offer on all goods takes its part of them, but for a unit
 * a piece. */
static void look_at_parts(struct chain *c, struct tb_price_plan *p, const struct tb_price_node *n, uint64_t later)
{
    int64_t times = 0;
    c->parts = 0;
    for (uint64_t m = later; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        times += off_all(p, j);
        if (!by_part_sum(p, j))
            continue;
        tb_price_sum(p, p->offer[j], &n->state);
        c->parts |= m & -m;
        c->part[j] = (struct part){p->pick.sum, times * p->pick.count};
    }
}

/* Key of the most that offers of `later` (no perks), and before them any sum up to `first`, can save; or the goal
 * when that is no more. */
int64_t tb_price_chain(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t later, int64_t first,
                       const struct tb_price_limit *limit, int64_t goal, uint64_t *set)
{
    struct chain c;
    c.plan = p;
    c.node = n;
    c.limit = limit;
    uint32_t room = p->basket->coupons_max;
    if (room > 0)
        room -= (uint32_t)__builtin_popcountll(n->in & p->coupons);
    c.counted = p->basket->coupons_max > 0 && room <= COUPONS;
    c.coupons = c.counted ? room : 1;
    watch_groups(&c, later);
    look_ahead(&c, later);
    look_at_parts(&c, p, n, later);
    c.filled = 0;
    int64_t least = max_of(0, n->state.goods - first);
    add(fill(&c, 0), (struct span){.low = least, .high = n->state.goods, .base = max_of(1, least)});
    uint32_t place = 0;
    for (uint64_t m = later; m != 0; m &= m - 1, place++) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        uint32_t w; /* from the last down: what j fills meanwhile does not lie below */
        for (uint32_t open = c.filled; open != 0; open &= ~(UINT32_C(1) << w)) {
            w = 31 - (uint32_t)__builtin_clz(open);
            if (c.way[w].n == 0)
                continue;
            keep_hopeful(&c, place, w, goal);
            int to = way_with(&c, j, w);
            if (to < 0 || c.way[w].n == 0)
                continue;
            struct spans was; /* map may add to the way itself */
            was.n = c.way[w].n;
            for (uint32_t i = 0; i < was.n; i++)
                was.at[i] = c.way[w].at[i];
            for (uint32_t i = 0; i < was.n; i++)
                map(&c, j, was.at[i], fill(&c, (uint32_t)to));
        }
    }
    int64_t carriage = n->state.shipping * (INT64_C(1) << TB_KEY_MONEY);
    int64_t best = max_of(0, goal);
    uint64_t who = 0;
    for (uint32_t open = c.filled; open != 0; open &= open - 1) {
        const struct spans *v = &c.way[__builtin_ctz(open)];
        for (uint32_t i = 0; i < v->n; i++) {
            const struct span *s = &v->at[i];
            int64_t goods = (n->state.goods - s->low) * (INT64_C(1) << TB_KEY_MONEY);
            int64_t one = goods + min_of(s->plus, carriage);
            who = one > best ? s->set : who;
            best = max_of(best, one);
        }
    }
    *set |= who;
    return best;
}
