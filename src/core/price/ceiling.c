// SPDX-License-Identifier: Apache-2.0
/* Bounds that look at several offers at once: the rate of an offer by line, and the ceiling of a node (T1,
 * T2, T3 and T4 of price.h).                                                                             */
#include "core/price/price_int.h"

#define RATE_ALL (INT64_C(1) << 20)

static int64_t share_of(int64_t part, int64_t whole)
{
    __int128 up = ((__int128)part * RATE_ALL + whole - 1) / whole;
    return up > RATE_ALL ? RATE_ALL : (int64_t)up;
}

/* The dearest `n` parts in scope, or 0 when there are fewer. */
static int64_t dearest(struct tb_picks *v, uint32_t n)
{
    if (v->count < n)
        return 0;
    tb_price_sort(v, 0, TB_PICK_TOP);
    int64_t sum = 0;
    for (uint32_t i = 0; n > 0; i++) {
        uint32_t part = v->at[i].n < n ? v->at[i].n : n;
        sum += v->at[i].left * part;
        n -= part;
    }
    return sum;
}

/* The same in every line of scope, or < 0: FIXED and TABLE differ by line, others have none. */
static int64_t flat_rate(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *start)
{
    int64_t most = 0;
    switch (o->mechanic) {
    case TB_PRICE_PERCENT:
    case TB_PRICE_BUY_GET:
        return share_of(o->ppm, TB_PPM_ALL);
    case TB_PRICE_CHEAPEST:
        return share_of(o->ppm * o->get, (int64_t)TB_PPM_ALL * o->need);
    case TB_PRICE_AMOUNT:
        return share_of(o->amount, o->min_amount);
    case TB_PRICE_LADDER:
        if (o->step[0].ppm > 0)
            return share_of(o->step[o->step_n - 1].ppm, TB_PPM_ALL);
        for (uint32_t i = 0; i < o->step_n; i++) {
            int64_t r = share_of(o->step[i].off, o->step[i].at);
            most = r > most ? r : most;
        }
        return most;
    case TB_PRICE_N_FOR:
    case TB_PRICE_BUNDLE:
        tb_price_gather(p, o, start);
        if (o->mechanic == TB_PRICE_N_FOR)
            most = dearest(&p->pick, o->need);
        else
            most = tb_price_bundle_most(p, o, true);
        return most <= o->amount ? 0 : share_of(most - o->amount, most);
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        break;
    }
    return -1;
}

/* May stand in the sum by lines (T2). */
bool tb_price_rated(const struct tb_offer *o)
{
    if (!o->one_per_product || o->initial)
        return false;
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
        return o->min_amount > 0 && o->max_units == 0;
    case TB_PRICE_LADDER:
        return o->step[0].ppm > 0 || !o->by_pieces;
    case TB_PRICE_PERCENT:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
    case TB_PRICE_BUY_GET:
    case TB_PRICE_BUNDLE:
        return true;
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        return false;
    }
    return false;
}

/* What rounding may add to the rates of an offer, in 2^-20 minor units. */
static int64_t slack(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *start)
{
    bool rate = o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_BUY_GET ||
                o->mechanic == TB_PRICE_CHEAPEST || (o->mechanic == TB_PRICE_LADDER && o->step[0].ppm > 0);
    if (!rate || o->rounding == TB_ROUND_DOWN || (o->mechanic != TB_PRICE_LADDER && o->ppm == TB_PPM_ALL))
        return 0;
    int64_t one = o->rounding == TB_ROUND_UP ? RATE_ALL : RATE_ALL / 2;
    if (o->mechanic != TB_PRICE_CHEAPEST || o->overall)
        return one;
    tb_price_gather(p, o, start);
    return one * (p->pick.count / o->need);
}

/* Everything in the basket is in scope. */
static bool covers_all(const struct tb_price_plan *p, const struct tb_offer *o)
{
    for (uint32_t w = 0; o->scope != NULL && w * 64 < p->basket->line_n; w++)
        if (~o->scope[w] & tb_price_word(p->basket->line_n, w))
            return false;
    return true;
}

/* A rate on all goods that other offers may diminish (T4). */
static bool is_broad(const struct tb_price_plan *p, const struct tb_offer *o)
{
    if (o->one_per_product || o->initial || o->level == TB_PRICE_SHIPPING || o->max_units > 0)
        return false;
    bool rate = o->mechanic == TB_PRICE_PERCENT || (o->mechanic == TB_PRICE_AMOUNT && o->min_amount > 0) ||
                (o->mechanic == TB_PRICE_LADDER && (o->step[0].ppm > 0 || !o->by_pieces));
    return rate && covers_all(p, o);
}

/* The broad offers among the alive, in order of application while their rates sum to less than .99. */
void tb_price_broad(struct tb_price_plan *p, const struct tb_price_state *start, uint64_t alive)
{
    int64_t sum = 0;
    p->broad = 0;
    p->wide = 0;
    for (uint64_t m = alive & ~p->alone; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        if (!p->offer[j]->one_per_product && !(p->perks >> j & 1) && covers_all(p, p->offer[j]))
            p->wide |= m & -m;
        if (!is_broad(p, p->offer[j]))
            continue;
        int64_t rate = flat_rate(p, p->offer[j], start);
        if (sum + rate > RATE_ALL * 99 / 100)
            continue;
        sum += rate;
        p->broad |= m & -m;
        p->broad_rate[j] = rate;
        p->slack[j] = slack(p, p->offer[j], start);
    }
}

/* Rates by line of the offers wanted, from the basket before any offer. */
static void find_rates(struct tb_price_plan *p, const struct tb_price_state *start, uint64_t wanted)
{
    p->rated = 0;
    for (uint32_t i = 0; i < p->basket->line_n; i++)
        p->line_rated[i] = 0;
    uint32_t line_n = p->basket->line_n;
    for (uint64_t m = wanted; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        const struct tb_offer *o = p->offer[j];
        uint32_t *rate = p->rate + (size_t)j * line_n;
        int64_t flat = flat_rate(p, o, start);
        p->slack[j] = slack(p, o, start);
        p->rated |= m & -m;
        const uint64_t *scope = o->mechanic == TB_PRICE_BUY_GET ? o->scope_y : o->scope;
        for (uint32_t i = 0; i < line_n; i++) {
            rate[i] = flat >= 0 && tb_price_in(scope, i) ? (uint32_t)flat : 0;
            p->line_rated[i] |= tb_price_in(scope, i) ? m & -m : 0;
        }
        if (flat >= 0)
            continue;
        for (uint32_t i = 0; i < start->run_n; i++) {
            const struct tb_run *r = &start->run[i];
            int64_t target = tb_price_in(o->scope, r->line) ? tb_price_target(p, o, r->line) : -1;
            if (target < 0 || r->left <= target)
                continue;
            uint32_t one = (uint32_t)share_of(r->left - target, r->left);
            rate[r->line] = one > rate[r->line] ? one : rate[r->line];
        }
    }
}

/* Best-of groups by their best, others by their sum. Values of groups land in each[], if wanted. */
static int64_t by_groups(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among, int64_t *each,
                         uint32_t *each_n)
{
    int64_t sum = 0;
    while (among != 0) {
        uint32_t j = (uint32_t)__builtin_ctzll(among);
        uint64_t group = p->peers[j] & among;
        int64_t best = 0;
        for (uint64_t m = group; m != 0; m &= m - 1) {
            int64_t one = n->most[__builtin_ctzll(m)];
            best = one > best ? one : best;
        }
        among &= ~group;
        sum += best;
        if (each != NULL)
            each[(*each_n)++] = best;
    }
    return sum;
}

/* The `room` greatest of the groups' bests. */
static int64_t joint_coupons(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among)
{
    uint32_t limit = p->basket->coupons_max;
    uint32_t used = (uint32_t)__builtin_popcountll(n->in & p->coupons);
    if (limit == 0 || used + (uint32_t)__builtin_popcountll(among) <= limit)
        return by_groups(p, n, among, NULL, NULL);
    int64_t each[TB_PRICE_OFFERS_MAX];
    uint32_t each_n = 0;
    (void)by_groups(p, n, among, each, &each_n);
    int64_t sum = 0;
    for (uint32_t room = limit - used; room > 0 && each_n > 0; room--) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < each_n; i++)
            best = each[i] > each[best] ? i : best;
        sum += each[best];
        each[best] = each[--each_n];
    }
    return sum;
}

static int64_t the_best(const struct tb_price_node *n, uint64_t among)
{
    int64_t best = 0;
    for (uint64_t m = among; m != 0; m &= m - 1) {
        int64_t one = n->most[__builtin_ctzll(m)];
        best = one > best ? one : best;
    }
    return best;
}

static int64_t by_rules(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among)
{
    uint64_t coupons = among & p->coupons;
    int64_t rules = by_groups(p, n, among & ~coupons, NULL, NULL);
    int64_t joint = joint_coupons(p, n, coupons & ~p->singles);
    int64_t single = the_best(n, coupons & p->singles);
    return rules + (joint > single ? joint : single);
}

/* T1; offers on shipping together take no more than is left of it. */
static int64_t together(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among)
{
    if (among == 0)
        return 0;
    int64_t best = by_rules(p, n, among);
    uint64_t ship = among & p->shipping;
    if ((ship & (ship - 1)) == 0)
        return best;
    int64_t carriage = by_rules(p, n, ship);
    int64_t left = n->state.shipping * (INT64_C(1) << TB_KEY_MONEY);
    int64_t apart = by_rules(p, n, among & ~ship) + (carriage < left ? carriage : left);
    return apart < best ? apart : best;
}

/* Of one line: who has the greatest rate (the first of equals), and the next rate. */
struct top_rates {
    uint32_t best;
    uint32_t next;
    uint32_t who;
};

static struct top_rates rates_of(const struct tb_price_plan *p, uint32_t line, uint64_t among)
{
    struct top_rates t = {0, 0, 0};
    for (uint64_t m = among & p->line_rated[line]; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        uint32_t one = p->rate[(size_t)j * p->basket->line_n + line];
        if (one > t.best) {
            t.next = t.best;
            t.best = one;
            t.who = j;
        } else if (one > t.next) {
            t.next = one;
        }
    }
    return t;
}

/* The greatest rate of each line times what is left untaken there, as a key. gain[j]: what less it would be
 * without j, 2^-20 minor units.                                                                        */
static int64_t line_sum(const struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among,
                        unsigned __int128 *gain)
{
    const struct tb_price_state *s = &n->state;
    unsigned __int128 sum = 0;
    for (uint64_t m = among; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        gain[j] = (uint64_t)p->slack[j];
        sum += (uint64_t)p->slack[j];
    }
    for (uint32_t line = 0; line < p->basket->line_n; line++) {
        uint64_t left = 0;
        if ((among & p->line_rated[line]) == 0)
            continue;
        for (uint32_t i = s->at[line]; i < s->at[line + 1]; i++)
            left += s->run[i].taken ? 0 : (uint64_t)s->run[i].left * s->run[i].n;
        if (left == 0)
            continue;
        struct top_rates t = rates_of(p, line, among);
        if (t.best == 0)
            continue;
        sum += (unsigned __int128)left * t.best;
        gain[t.who] += (unsigned __int128)left * (t.best - t.next);
    }
    return (int64_t)(sum >> 20) * (INT64_C(1) << TB_KEY_MONEY);
}

/* T2: rated offers by line, but those by their own bound whose share of the lines is greater. Up to three choices
 * of who goes by line. */
static int64_t by_lines(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among)
{
    if (!p->rates_known) {
        struct tb_price_state start = tb_price_level(p, 0); /* where the basket stands as it came */
        start.run_n = start.at[p->basket->line_n];
        tb_price_tally(&start);
        find_rates(p, &start, p->rated);
        p->rates_known = true;
    }
    int64_t best = together(p, n, among);
    uint64_t rated = among & p->rated;
    unsigned __int128 gain[TB_PRICE_OFFERS_MAX];
    for (int round = 0; round < 3 && rated != 0; round++) {
        int64_t one = line_sum(p, n, rated, gain) + together(p, n, among & ~rated);
        best = one < best ? one : best;
        uint64_t kept = rated;
        for (uint64_t m = rated; m != 0; m &= m - 1) {
            uint32_t j = (uint32_t)__builtin_ctzll(m);
            if ((gain[j] >> 6) > (uint64_t)n->most[j])
                kept &= ~(m & -m);
        }
        if (kept == rated)
            break;
        rated = kept;
    }
    return best;
}

/* What offers before all others on all goods can save together, as money: T5, and T2 for what is too large for it.
 * *set: who saves it, *rest: of whom that is not known. */
static int64_t at_first(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t first, uint64_t *set,
                        uint64_t *rest)
{
    int64_t gap;
    *rest = 0;
    int64_t isles = first == 0 ? 0 : tb_price_islands(p, n, first, rest, set, &gap);
    if (*rest != 0)
        isles += (by_lines(p, n, *rest) + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
    return isles;
}

/* The first of `later` whose steps count what earlier offers left of a part of the goods: T6 looks at it. */
static const struct tb_offer *stepped(const struct tb_price_plan *p, uint64_t later, uint32_t *who)
{
    for (uint64_t m = later & ~p->wide & ~p->shipping; m != 0; m &= m - 1) {
        *who = (uint32_t)__builtin_ctzll(m);
        const struct tb_offer *o = p->offer[*who];
        if (o->mechanic == TB_PRICE_LADDER && !o->every && !o->by_pieces && !o->one_per_product)
            return o;
    }
    return NULL;
}

/* T6: one chain for every step that a ladder may stand on; what it leaves to earlier offers on its lines. */
static int64_t step_by_step(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t first, uint64_t later,
                            int64_t most, int64_t chain, int64_t goal)
{
    uint32_t q = 0;
    const struct tb_offer *o = stepped(p, later, &q);
    uint64_t inside = 0;
    for (uint64_t m = first; m != 0; m &= m - 1)
        inside |= p->inside[__builtin_ctzll(m)] >> q & 1 ? m & -m : 0;
    if (o == NULL || inside == 0)
        return chain;
    uint64_t set = 0;
    uint64_t rest;
    tb_price_gather(p, o, &n->state);
    int64_t left = p->pick.sum;
    uint32_t reached = 0;
    while (reached < o->step_n && o->step[reached].at <= left)
        reached++;
    int64_t within = at_first(p, n, inside, &set, &rest);
    if (reached == 0 || within <= left - o->step[reached - 1].at)
        return chain;
    int64_t without = at_first(p, n, first & ~inside, &set, &rest);
    int64_t best = 0;
    for (uint32_t i = reached; i > 0 && best <= goal; i--) {
        const struct tb_price_step *t = &o->step[i - 1];
        int64_t room = left - t->at;
        int64_t sum = i < reached ? t[1].at - 1 : left;
        int64_t off = t->ppm > 0 ? tb_price_rate(sum, t->ppm, o->rounding) : t->off;
        int64_t one = without + (within < room ? within : room);
        one = one < most ? one : most;
        one = tb_price_chain(p, n, later, one, &(struct tb_price_limit){q, off}, goal, &set);
        best = one > best ? one : best;
    }
    if (best > goal)
        return chain;
    int64_t none = tb_price_chain(p, n, later & ~(UINT64_C(1) << q), most, NULL, goal, &set);
    best = none > best ? none : best;
    return best < chain ? best : chain;
}

/* The offers before the first on all goods. */
static uint64_t first_of(const struct tb_price_plan *p, uint64_t among)
{
    uint64_t goods = among & ~p->perks & ~p->shipping;
    uint64_t wide = goods & p->wide;
    return goods & (wide == 0 ? ~UINT64_C(0) : (wide & -wide) - 1);
}

/* Those of `first` save `most` at most; the others by T1, then by T4, then by T6. */
static int64_t in_order(struct tb_price_plan *p, const struct tb_price_node *n, uint64_t among, uint64_t first,
                        int64_t most, int64_t goal, uint64_t *guess)
{
    uint64_t goods = among & ~p->perks;
    int64_t best = most * (INT64_C(1) << TB_KEY_MONEY) + together(p, n, among & ~first);
    if (best <= goal)
        return best;
    int64_t perks = together(p, n, among & p->perks);
    int64_t chain = tb_price_chain(p, n, goods & ~first, most, NULL, goal - perks, guess);
    if (chain + perks > goal)
        chain = step_by_step(p, n, first, goods & ~first, most, chain, goal - perks);
    return chain + perks < best ? chain + perks : best;
}

/* The offers before the first on all goods by T5, then in_order. */
static int64_t islands_first(struct tb_price_plan *p, struct tb_price_node *n, uint64_t among, int64_t goal)
{
    uint64_t first = first_of(p, among);
    n->guess = 0;
    n->unsure = 0;
    int64_t most = at_first(p, n, first, &n->guess, &n->unsure);
    int64_t best = in_order(p, n, among, first, most, goal, &n->guess);
    n->unsure |= best > goal ? among & p->perks : 0;
    return best;
}

static int64_t all_that_is_left(const struct tb_price_plan *p, const struct tb_price_node *n)
{
    int64_t sum = n->state.shipping + n->state.goods;
    int64_t perks = 0;
    for (uint64_t m = n->alive; m != 0; m &= m - 1) {
        const struct tb_offer *o = p->offer[__builtin_ctzll(m)];
        sum += o->worth;
        perks += tb_price_is_perk(o);
    }
    return sum * (INT64_C(1) << TB_KEY_MONEY) + perks * (INT64_C(1) << TB_KEY_PERK);
}

/* No set below this node has a greater key than node key + this. closely: not by T1 alone, which wants all bounds of
 * the node fresh. Once the bound is down to goal it is not sharpened further. */
int64_t tb_price_ceiling(struct tb_price_plan *p, struct tb_price_node *n, bool closely, int64_t goal)
{
    uint64_t others = n->alive & ~p->alone;
    int64_t best = closely ? islands_first(p, n, others, goal) : together(p, n, others);
    int64_t alone = the_best(n, n->alive & p->alone);
    best = alone > best ? alone : best;
    int64_t all = all_that_is_left(p, n);
    return all < best ? all : best;
}

int64_t tb_price_otherwise(struct tb_price_plan *p, const struct tb_price_node *n, int64_t goal, uint64_t *first,
                           uint64_t *set)
{
    uint64_t others = n->alive & ~p->alone;
    uint64_t rest;
    uint64_t guess = 0;
    int64_t gap;
    *first = first_of(p, others);
    *set = 0;
    uint64_t last = *first == 0 ? 0 : UINT64_C(1) << (63 - __builtin_clzll(*first));
    if ((others & ~*first & (last - 1)) != 0 || last == 0)
        return INT64_MAX; /* a gift among them is judged by what it finds there */
    int64_t most = tb_price_islands(p, n, *first, &rest, set, &gap);
    if (rest != 0 || gap == 0)
        return INT64_MAX;
    int64_t best = in_order(p, n, others, *first, most - gap, goal, &guess);
    int64_t alone = the_best(n, n->alive & p->alone);
    return alone > best ? alone : best;
}
