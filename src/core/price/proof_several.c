// SPDX-License-Identifier: Apache-2.0
/* core/price/proof_several.c - the checker's own bounds of several offers together: T1, T2, T4, T6, T7 over the
 * bounds of each (price.h has the proofs).
 *
 * Not here: one offer (proof_bound.c), islands (proof_island.c), chains (proof_chain.c). */
#include "core/price/proof_int.h"

#define WHOLE (INT64_C(1) << 20)

static enum tb_price_rule rule(const struct plain *c, uint32_t i)
{
    uint32_t g = c->offer[i].group;
    return g < c->basket->group_n ? c->basket->group[g] : TB_PRICE_STACKABLE;
}

/* Groups and coupon classes over the offers of `among`. */
static int64_t rules_sum(const struct plain *c, uint64_t in, uint64_t among, const int64_t *most)
{
    int64_t rules = 0;
    int64_t single = 0;
    int64_t best_rule[TB_PRICE_GROUPS_MAX] = {0};
    int64_t best_coupon[TB_PRICE_GROUPS_MAX] = {0};
    int64_t joint[2 * TB_PRICE_OFFERS_MAX];
    uint32_t joint_n = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct tb_offer *o = &c->offer[i];
        used += (in >> i & 1) && o->coupon != TB_PRICE_RULE;
        if (!(among >> i & 1))
            continue;
        bool grouped = rule(c, i) == TB_PRICE_BEST_OF;
        if (o->coupon == TB_PRICE_SINGLE)
            single = larger(single, most[i]);
        else if (o->coupon == TB_PRICE_JOINT && grouped)
            best_coupon[o->group] = larger(best_coupon[o->group], most[i]);
        else if (o->coupon == TB_PRICE_JOINT)
            joint[joint_n++] = most[i];
        else if (grouped)
            best_rule[o->group] = larger(best_rule[o->group], most[i]);
        else
            rules += most[i];
    }
    for (uint32_t g = 0; g < TB_PRICE_GROUPS_MAX; g++) {
        rules += best_rule[g];
        joint[joint_n++] = best_coupon[g];
    }
    uint32_t room = c->basket->coupons_max == 0 ? joint_n : c->basket->coupons_max - used;
    int64_t coupons = 0;
    for (uint32_t k = 0; k < room && k < joint_n; k++) {
        for (uint32_t i = k + 1; i < joint_n; i++)
            if (joint[i] > joint[k]) {
                int64_t swap = joint[i];
                joint[i] = joint[k];
                joint[k] = swap;
            }
        coupons += joint[k];
    }
    return rules + larger(coupons, single);
}

/* T1: offers on shipping together take no more than is left of it. */
static int64_t by_rules(const struct plain *c, uint64_t in, uint64_t among, const int64_t *most)
{
    uint64_t ship = 0;
    for (uint32_t i = 0; i < c->n; i++)
        if ((among >> i & 1) && c->offer[i].level == TB_PRICE_SHIPPING)
            ship |= UINT64_C(1) << i;
    int64_t apart = rules_sum(c, in, among & ~ship, most);
    apart += smaller(rules_sum(c, in, ship, most), c->shipping_left * 16384);
    return smaller(rules_sum(c, in, among, most), apart);
}

static int64_t ratio(int64_t part, int64_t whole)
{
    __int128 up = ((__int128)part * WHOLE + whole - 1) / whole;
    return up < WHOLE ? (int64_t)up : WHOLE;
}

static bool has_rate(const struct tb_offer *o)
{
    if (!o->one_per_product || o->initial || plain_perk(o) || o->mechanic == TB_PRICE_AMOUNT_EACH)
        return false;
    if (o->mechanic == TB_PRICE_AMOUNT)
        return o->min_amount > 0 && o->max_units == 0;
    return o->mechanic != TB_PRICE_LADDER || o->step[0].ppm > 0 || !o->by_pieces;
}

/* Rates of one offer by line; what rounding adds. Reckoned on the basket before any offer. */
static int64_t rates_into(struct plain *c, const struct tb_offer *o, const struct plain_state *start, int64_t *rates)
{
    for (uint32_t l = 0; l < c->basket->line_n; l++)
        rates[l] = 0;
    int64_t flat = -1;
    int64_t dearest;
    uint32_t n = plain_scope(c, o, start, o->scope, c->pick);
    int64_t count = n;
    uint32_t need = o->need;
    bool overall = o->overall;
    const uint64_t *scope = o->scope;
    bool rounded = o->ppm != TB_PPM_ALL;
    if (o->mechanic == TB_PRICE_BUY_GET) {
        scope = o->scope_y;
        flat = ratio(o->ppm, TB_PPM_ALL);
        if (plain_one_scope(c, o)) {
            need = o->need + o->get;
            flat = ratio(o->ppm * o->get, (int64_t)TB_PPM_ALL * need);
        }
        overall = true;
    } else if (o->mechanic == TB_PRICE_PERCENT) {
        flat = ratio(o->ppm, TB_PPM_ALL);
        overall = true;
    } else if (o->mechanic == TB_PRICE_CHEAPEST) {
        flat = ratio(o->ppm * o->get, (int64_t)TB_PPM_ALL * need);
    } else if (o->mechanic == TB_PRICE_AMOUNT) {
        flat = ratio(o->amount, o->min_amount);
        rounded = false;
    } else if (o->mechanic == TB_PRICE_LADDER) {
        rounded = o->step[0].ppm > 0;
        overall = true;
        for (uint32_t i = 0; i < o->step_n; i++)
            flat = larger(flat, rounded ? ratio(o->step[i].ppm, TB_PPM_ALL) : ratio(o->step[i].off, o->step[i].at));
    } else if (o->mechanic == TB_PRICE_N_FOR || o->mechanic == TB_PRICE_BUNDLE) {
        rounded = false;
        if (o->mechanic == TB_PRICE_BUNDLE)
            dearest = plain_bundle(c, o, start, true);
        else
            dearest = n < need ? 0 : plain_greatest(c->pick, n, need, start->left);
        flat = dearest > o->amount ? ratio(dearest - o->amount, dearest) : 0;
    } else {
        rounded = false;
    }
    for (uint32_t u = 0; u < c->part_n; u++) {
        uint32_t line = c->line[u];
        if (start->left[u] == 0 || !plain_in(scope, line))
            continue;
        int64_t rate = flat;
        if (flat < 0) {
            int64_t price = plain_price_of(c, o, line);
            rate = price < 0 || price >= start->left[u] ? 0 : ratio(start->left[u] - price, start->left[u]);
        }
        rates[line] = larger(rates[line], rate);
    }
    if (!rounded || o->rounding == TB_ROUND_DOWN)
        return 0;
    int64_t one = o->rounding == TB_ROUND_UP ? WHOLE : WHOLE / 2;
    return overall ? one : one * (count / need);
}

/* T2 over `among`: rated offers by line, but those by their own bound whose share of the lines is greater. */
static int64_t by_lines(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t among, const int64_t *most)
{
    struct plain_state start = plain_state_at(c, 0);
    int64_t best = by_rules(c, in, among, most);
    uint64_t lined = 0;
    for (uint32_t i = 0; i < c->n; i++)
        lined |= (uint64_t)((among >> i & 1) && has_rate(&c->offer[i])) << i;
    for (int round = 0; round < 3 && lined != 0; round++) {
        __int128 gain[TB_PRICE_OFFERS_MAX] = {0};
        __int128 sum = 0;
        int64_t *first = c->share; /* by line: greatest rate, next, whose */
        int64_t *next = c->next;
        int64_t *whose = c->value;
        for (uint32_t l = 0; l < c->basket->line_n; l++)
            first[l] = next[l] = whose[l] = 0;
        for (uint32_t k = 0; k < c->n; k++) {
            uint32_t i = c->order[k];
            if (!(lined >> i & 1))
                continue;
            int64_t round_up = rates_into(c, &c->offer[i], &start, c->room);
            sum += round_up;
            gain[i] += round_up;
            for (uint32_t l = 0; l < c->basket->line_n; l++) {
                if (c->room[l] > first[l]) {
                    next[l] = first[l];
                    first[l] = c->room[l];
                    whose[l] = i;
                } else {
                    next[l] = larger(next[l], c->room[l]);
                }
            }
        }
        for (uint32_t u = 0; u < c->part_n; u++) {
            uint32_t l = c->line[u];
            if (s->taken[u])
                continue;
            sum += (__int128)s->left[u] * first[l];
            gain[whose[l]] += (__int128)s->left[u] * (first[l] - next[l]);
        }
        best = smaller(best, (int64_t)(sum / WHOLE) * 16384 + by_rules(c, in, among & ~lined, most));
        uint64_t kept = lined;
        for (uint32_t i = 0; i < c->n; i++)
            if ((lined >> i & 1) && gain[i] / 64 > most[i])
                kept &= ~(UINT64_C(1) << i);
        if (kept == lined)
            break;
        lined = kept;
    }
    return best;
}

/* The rate of a broad offer (T4), or 0. */
static int64_t broad_rate(const struct plain *c, const struct tb_offer *o)
{
    int64_t rate = 0;
    for (uint32_t l = 0; l < c->basket->line_n; l++)
        if (!plain_in(o->scope, l))
            return 0;
    if (o->one_per_product || o->initial || o->level == TB_PRICE_SHIPPING || o->max_units > 0)
        return 0;
    if (o->mechanic == TB_PRICE_PERCENT)
        return ratio(o->ppm, TB_PPM_ALL);
    if (o->mechanic == TB_PRICE_AMOUNT && o->min_amount > 0)
        return ratio(o->amount, o->min_amount);
    if (o->mechanic == TB_PRICE_LADDER && (o->step[0].ppm > 0 || !o->by_pieces))
        for (uint32_t i = 0; i < o->step_n; i++)
            rate = larger(rate, o->step[0].ppm > 0 ? ratio(o->step[i].ppm, TB_PPM_ALL)
                                                   : ratio(o->step[i].off, o->step[i].at));
    return rate;
}

static int64_t broad_rounding(const struct tb_offer *o)
{
    bool rounded = o->mechanic == TB_PRICE_LADDER ? o->step[0].ppm > 0
                                                  : o->mechanic == TB_PRICE_PERCENT && o->ppm != TB_PPM_ALL;
    if (!rounded || o->rounding == TB_ROUND_DOWN)
        return 0;
    return o->rounding == TB_ROUND_UP ? WHOLE : WHOLE / 2;
}

static bool wide(const struct plain *c, const struct tb_offer *o)
{
    for (uint32_t l = 0; l < c->basket->line_n; l++)
        if (!plain_in(o->scope, l))
            return false;
    return !o->one_per_product && !plain_perk(o);
}

/* Who shares a line with whom; and the broad offers: in order, of those that may have an effect, while their rates
 * sum to .99 at most. */
void plain_relate(struct plain *c)
{
    struct plain_state start = plain_state_at(c, 0);
    uint64_t open = 0;
    int64_t sum = 0;
    for (uint32_t i = 0; i < c->n; i++)
        for (uint32_t k = 0; k < c->n; k++) {
            bool one = false;
            for (uint32_t line = 0; line < c->basket->line_n && !one; line++)
                one = plain_covers(&c->offer[i], line) && plain_covers(&c->offer[k], line);
            c->meets[i] = (c->meets[i] & ~(UINT64_C(1) << k)) | (uint64_t)one << k;
        }
    c->broad = 0;
    for (uint32_t at = 0; at < c->n; at++) {
        uint32_t i = c->order[at];
        uint64_t before = 0;
        for (uint32_t k = 0; k < c->n; k++)
            before |= (uint64_t)((open >> k & 1) && plain_precedes(c, k, i)) << k;
        if ((c->not_first >> i & 1) || plain_most(c, i, &start, before) == 0)
            continue;
        open |= UINT64_C(1) << i;
        int64_t rate = broad_rate(c, &c->offer[i]);
        if (rule(c, i) == TB_PRICE_EXCLUSIVE || rate == 0 || sum + rate > WHOLE * 99 / 100)
            continue;
        sum += rate;
        c->broad |= UINT64_C(1) << i;
    }
}

/* T5, with T2 for islands too large, as money. */
static int64_t at_first(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t first, const int64_t *most)
{
    uint64_t rest;
    int64_t isles = plain_islands(c, s, in, first, &rest, NULL);
    return isles + ((by_lines(c, s, in, rest, most) + TB_PRICE_OFFERS_MAX) >> 14);
}

static bool all_lines_in(const struct plain *c, const struct tb_offer *o, const struct tb_offer *ladder)
{
    for (uint32_t l = 0; l < c->basket->line_n; l++)
        if (plain_covers(o, l) && !plain_in(ladder->scope, l))
            return false;
    return o->scope != NULL && (o->mechanic != TB_PRICE_BUY_GET || o->scope_y != NULL);
}

struct chained {
    struct plain_link *link;
    uint32_t n;
    uint32_t coupons;
    int64_t goods;
    int64_t taken;
    uint64_t first;
};

/* T6: the first ladder on a part of the goods, step by step. */
static int64_t step_by_step(struct plain *c, const struct plain_state *s, uint64_t in, const int64_t *most,
                            const struct chained *k)
{
    uint32_t q = 0;
    while (q < k->n && (k->link[q].all || k->link[q].offer->mechanic != TB_PRICE_LADDER || k->link[q].offer->every ||
                        k->link[q].offer->by_pieces || k->link[q].offer->one_per_product))
        q++;
    if (q == k->n)
        return INT64_MAX;
    const struct tb_offer *o = k->link[q].offer;
    uint64_t inside = 0;
    for (uint32_t i = 0; i < c->n; i++)
        inside |= (uint64_t)((k->first >> i & 1) && all_lines_in(c, &c->offer[i], o)) << i;
    if (inside == 0)
        return INT64_MAX;
    int64_t within = at_first(c, s, in, inside, most);
    int64_t without = at_first(c, s, in, k->first & ~inside, most);
    uint32_t parts = plain_scope(c, o, s, o->scope, c->pick);
    int64_t left = 0;
    for (uint32_t i = 0; i < parts; i++)
        left += s->left[c->pick[i]];
    struct plain_link others[TB_PRICE_OFFERS_MAX];
    for (uint32_t i = 0; i + 1 < k->n; i++)
        others[i] = k->link[i < q ? i : i + 1];
    int64_t best = plain_chain(c, others, k->n - 1, k->coupons, k->goods, k->taken);
    struct plain_link was = k->link[q];
    for (uint32_t i = 0; i < o->step_n && o->step[i].at <= left; i++) {
        int64_t sum = i + 1 < o->step_n ? smaller(left, o->step[i + 1].at - 1) : left;
        int64_t off = o->step[i].ppm > 0 ? plain_rate(sum, o->step[i].ppm, o->rounding) : o->step[i].off;
        k->link[q].most = smaller(was.most, off * 16384);
        int64_t taken = smaller(k->taken, without + smaller(within, left - o->step[i].at));
        best = larger(best, plain_chain(c, k->link, k->n, k->coupons, k->goods, taken));
    }
    k->link[q] = was;
    return best;
}

/* The offers before the first on all goods, of `among`. */
static uint64_t first_offers(const struct plain *c, uint64_t among)
{
    uint64_t first = 0;
    for (uint32_t k = 0; k < c->n; k++) {
        uint32_t i = c->order[k];
        const struct tb_offer *o = &c->offer[i];
        if (!(among >> i & 1) || plain_perk(o) || o->level == TB_PRICE_SHIPPING)
            continue;
        if (wide(c, o))
            break;
        first |= UINT64_C(1) << i;
    }
    return first;
}

/* T4: those of `first` save `taken` at most, the others in a chain. */
static int64_t in_a_chain(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t among,
                          const int64_t *most, uint64_t first, int64_t taken)
{
    struct plain_link link[TB_PRICE_OFFERS_MAX] = {0};
    uint64_t perks = 0;
    uint32_t n = 0;
    uint32_t coupons = 0;
    for (uint32_t k = 0; k < c->n; k++) {
        uint32_t i = c->order[k];
        const struct tb_offer *o = &c->offer[i];
        coupons += (in >> i & 1) && o->coupon != TB_PRICE_RULE;
        perks |= (uint64_t)((among >> i & 1) && plain_perk(o)) << i;
        if (!((among & ~first) >> i & 1) || plain_perk(o))
            continue;
        bool rated = c->broad >> i & 1;
        struct plain_link *l = &link[n++];
        *l = (struct plain_link){.offer = o, .most = most[i], .all = wide(c, o)};
        l->rate = rated ? broad_rate(c, o) : 0;
        l->rounding = rated ? broad_rounding(o) : 0;
        l->parts = plain_scope(c, o, s, o->scope, c->pick);
        for (int64_t u = 0; u < l->parts; u++)
            l->left += s->left[c->pick[u]];
    }
    int64_t goods = 0;
    for (uint32_t u = 0; u < c->part_n; u++)
        goods += s->left[u];
    int64_t best = plain_chain(c, link, n, coupons, goods, taken);
    best = smaller(best, step_by_step(c, s, in, most, &(struct chained){link, n, coupons, goods, taken, first}));
    best += by_rules(c, in, perks, most);
    return smaller(best, taken * 16384 + by_rules(c, in, among & ~first, most));
}

/* The undecided but the exclusive ones, whose best is *alone. */
static uint64_t not_alone(const struct plain *c, uint64_t open, const int64_t *most, int64_t *alone)
{
    uint64_t others = 0;
    *alone = 0;
    for (uint32_t i = 0; i < c->n; i++)
        if ((open >> i & 1) && rule(c, i) == TB_PRICE_EXCLUSIVE)
            *alone = larger(*alone, most[i]);
        else
            others |= open & UINT64_C(1) << i;
    return others;
}

int64_t plain_otherwise(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t open, const int64_t *most,
                        uint64_t *first, uint64_t *set)
{
    int64_t alone;
    uint64_t others = not_alone(c, open, most, &alone);
    uint64_t rest;
    uint64_t early = 0; /* others before the last of the first */
    uint64_t passed = 0;
    struct plain_choice best;
    *first = first_offers(c, others);
    for (uint32_t k = 0; k < c->n; k++) {
        uint64_t bit = UINT64_C(1) << c->order[k];
        early |= *first & bit ? passed : 0;
        passed |= others & ~*first & bit;
    }
    c->shipping_left = s->shipping;
    int64_t taken = plain_islands(c, s, in, *first, &rest, &best);
    *set = best.set;
    if (*first == 0 || early != 0 || rest != 0 || best.gap <= 0)
        return INT64_MAX;
    return larger(alone, in_a_chain(c, s, in, others, most, *first, taken - best.gap));
}

int64_t plain_ceiling(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t open, const int64_t *most)
{
    int64_t alone;
    uint64_t others = not_alone(c, open, most, &alone);
    uint64_t first = first_offers(c, others);
    int64_t worth = 0;
    int64_t perks = 0;
    c->shipping_left = s->shipping;
    for (uint32_t i = 0; i < c->n; i++)
        if (open >> i & 1) {
            worth += c->offer[i].worth;
            perks += plain_perk(&c->offer[i]);
        }
    int64_t chain = in_a_chain(c, s, in, others, most, first, at_first(c, s, in, first, most));
    int64_t best = larger(smaller(by_rules(c, in, others, most), chain), alone);
    int64_t left = s->shipping + worth;
    for (uint32_t u = 0; u < c->part_n; u++)
        left += s->left[u];
    return smaller(best, left * 16384 + perks * 128);
}
