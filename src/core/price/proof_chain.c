// SPDX-License-Identifier: Apache-2.0
/* The checker's own T4 (price.h): the sums that may be left of all goods, followed offer by offer. Spans that
 * meet become one where nothing is lost by that. Rates beyond .99 together are not looked at.  */
#include "core/price/proof_int.h"

#define SPAN_MAX 128 /* more than the solver's, so that what joins there needs not join here */
#define COUPON_WAYS 6 /* no coupon, one to four joint ones, a single one */
#define MULTIPLES_MAX 16 /* more than the solver's too */
#define GROUP_WAYS 4  /* two best-of groups, in use or not */

struct sums {
    int64_t from;
    int64_t to;
    int64_t extra; /* key of savings on shipping, less coupons */
    int64_t begun; /* the least sum at the beginning of the chain */
    int64_t odd;   /* what may be off that was not off all goods in proportion */
};

struct way {
    uint32_t n;
    struct sums v[SPAN_MAX];
};

struct ways {
    struct way of[COUPON_WAYS][GROUP_WAYS];
};

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void join(struct sums *into, const struct sums *one)
{
    into->from = lesser(into->from, one->from);
    into->to = greater(into->to, one->to);
    into->extra = greater(into->extra, one->extra);
    into->begun = lesser(into->begun, one->begun);
    into->odd = greater(into->odd, one->odd);
}

/* All that `one` may lead to, `other` may. */
static bool within(const struct sums *one, const struct sums *other)
{
    return one->from >= other->from && one->to <= other->to && one->extra <= other->extra &&
           one->begun >= other->begun && one->odd <= other->odd;
}

static int64_t apart(const struct sums *a, const struct sums *b)
{
    return greater(0, greater(a->from - b->to, b->from - a->to));
}

static void put(struct way *w, const struct sums *one)
{
    uint32_t near = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        struct sums *v = &w->v[i];
        if (within(one, v))
            return;
        bool same = v->extra == one->extra && v->begun == one->begun && v->odd == one->odd;
        if (within(v, one) || (same && apart(v, one) == 0)) {
            join(v, one);
            return;
        }
        if (apart(v, one) < apart(&w->v[near], one))
            near = i;
    }
    if (w->n == SPAN_MAX)
        join(&w->v[near], one);
    else
        w->v[w->n++] = *one;
}

static enum tb_price_rule rule(const struct plain *c, const struct tb_offer *o)
{
    return o->group < c->basket->group_n ? c->basket->group[o->group] : TB_PRICE_STACKABLE;
}

static int64_t sum_after(const struct tb_offer *o, int64_t sum, int64_t off, int64_t ppm)
{
    if (ppm > 0)
        off = plain_rate(sum, ppm, o->rounding);
    off = o->cap_order > 0 ? lesser(off, o->cap_order) : off;
    off = o->budget_rule == TB_PRICE_BUDGET_PARTIAL ? lesser(off, o->budget) : off;
    return sum - lesser(off, sum);
}

/* What an offer on all goods saves follows from their sum alone. */
static bool sum_decides(const struct tb_offer *o)
{
    bool kind = o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT ||
                (o->mechanic == TB_PRICE_LADDER && (!o->every || o->step_n == 1));
    return kind && !o->initial && o->max_units == 0 && o->cap_unit == 0 && o->cap_line == 0 && !o->by_pieces &&
           o->budget_rule != TB_PRICE_BUDGET_STRICT;
}

/* Off all goods in proportion to what is left of them. */
static bool in_proportion(const struct plain_link *k)
{
    const struct tb_offer *o = k->offer;
    return k->all && o->level != TB_PRICE_SHIPPING && o->max_units == 0 && o->cap_unit == 0 && o->cap_line == 0 &&
           (o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER);
}

static bool part_decides(const struct plain_link *k)
{
    const struct tb_offer *o = k->offer;
    return !k->all && o->level != TB_PRICE_SHIPPING && o->max_units == 0 && !o->initial && !o->every &&
           !o->by_pieces && (o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER);
}

/* What may be left of an offer's lines when `sum` is left of all goods: its part of them at the beginning, of which
 * each of `times` offers in proportion took its part but for less than a unit a piece. */
static int64_t part_left(const struct plain_link *k, const struct sums *s, int64_t sum, int64_t times)
{
    __int128 share = (__int128)k->left * (sum + s->odd) / s->begun + times * k->parts;
    return share < k->left ? (int64_t)share : k->left;
}

/* One span through an offer on a part of the goods. */
static void pass_part(const struct plain_link *k, struct sums s, int64_t times, struct way *to)
{
    const struct tb_offer *o = k->offer;
    int64_t most = (k->most + TB_PRICE_OFFERS_MAX) >> 14;
    if (o->mechanic == TB_PRICE_PERCENT) {
        int64_t off = lesser(most, plain_rate(part_left(k, &s, s.from, times), o->ppm, o->rounding));
        s.odd += off;
        s.from = greater(0, s.from - off);
        put(to, &s);
        return;
    }
    for (uint32_t i = 0; i < o->step_n && o->step[i].at <= k->left; i++) {
        /* the least sum in the span at which the step may stand */
        int64_t low = s.from;
        int64_t high = s.to;
        if (part_left(k, &s, high, times) < o->step[i].at)
            continue;
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            if (part_left(k, &s, middle, times) < o->step[i].at)
                low = middle + 1;
            else
                high = middle;
        }
        int64_t left = i + 1 < o->step_n ? lesser(k->left, o->step[i + 1].at - 1) : k->left;
        int64_t off = o->step[i].ppm > 0 ? plain_rate(left, o->step[i].ppm, o->rounding) : o->step[i].off;
        struct sums one = s;
        off = lesser(most, off);
        one.from = greater(0, low - off);
        one.odd += off;
        put(to, &one);
    }
}

/* One span through a ladder that applies as often as its step fits: by the number of times, the last ones together. */
static void pass_multiples(const struct tb_offer *o, const struct sums *s, struct way *to)
{
    int64_t at = o->step[0].at;
    int64_t limit = o->max_applications > 0 ? o->max_applications : INT64_MAX;
    int64_t first = s->from / at > 1 ? s->from / at : 1;
    for (int64_t times = first; times <= limit && times * at <= s->to; times++) {
        struct sums one = *s;
        bool open_end = times == limit || times == first + MULTIPLES_MAX;
        one.from = greater(s->from, times * at);
        one.to = open_end ? s->to : lesser(s->to, times * at + at - 1);
        __int128 top = (__int128)lesser(limit, one.to / at) * o->step[0].off;
        __int128 low = (__int128)times * o->step[0].off;
        one.from = sum_after(o, one.from, top < TB_PRICE_MONEY_MAX ? (int64_t)top : TB_PRICE_MONEY_MAX, 0);
        one.to = sum_after(o, one.to, low < TB_PRICE_MONEY_MAX ? (int64_t)low : TB_PRICE_MONEY_MAX, 0);
        put(to, &one);
        if (open_end)
            return;
    }
    if (first > limit && s->from <= s->to) { /* more often than it may */
        struct sums one = *s;
        __int128 off = (__int128)limit * o->step[0].off;
        int64_t all = off < TB_PRICE_MONEY_MAX ? (int64_t)off : TB_PRICE_MONEY_MAX;
        one.from = sum_after(o, s->from, all, 0);
        one.to = sum_after(o, s->to, all, 0);
        put(to, &one);
    }
}

/* One span through one offer; `all`: the offer is on all goods, at `rate` if that is known. */
static void pass(const struct plain_link *k, struct sums s, int64_t times, struct way *to)
{
    const struct tb_offer *o = k->offer;
    if (k->all && o->min_amount > s.from)
        s.from = o->min_amount;
    if (s.from > s.to)
        return;
    s.extra -= o->coupon != TB_PRICE_RULE;
    int64_t most = (k->most + TB_PRICE_OFFERS_MAX) >> 14;
    if (o->level == TB_PRICE_SHIPPING) {
        s.extra += most * 16384;
        put(to, &s);
        return;
    }
    if (part_decides(k)) {
        pass_part(k, s, times, to);
        return;
    }
    if (!k->all || !sum_decides(o)) {
        if (k->rate > 0)
            most = lesser(most, (int64_t)(((__int128)s.from * k->rate + k->rounding) / (1 << 20)));
        s.from = greater(0, s.from - most);
        s.odd += in_proportion(k) ? 0 : most;
        put(to, &s);
        return;
    }
    if (o->every) {
        pass_multiples(o, &s, to);
        return;
    }
    uint32_t steps = o->mechanic == TB_PRICE_LADDER ? o->step_n : 1;
    for (uint32_t i = 0; i < steps; i++) {
        struct sums t = s;
        int64_t off = o->amount;
        int64_t ppm = o->mechanic == TB_PRICE_PERCENT ? o->ppm : 0;
        if (o->mechanic == TB_PRICE_LADDER) {
            t.from = greater(s.from, o->step[i].at);
            t.to = i + 1 < steps ? lesser(s.to, o->step[i + 1].at - 1) : s.to;
            off = o->step[i].off;
            ppm = o->step[i].ppm;
        }
        if (t.from > t.to)
            continue;
        t.from = sum_after(o, t.from, off, ppm);
        t.to = sum_after(o, t.to, off, ppm);
        put(to, &t);
    }
}

/* The first two best-of groups with two offers or more in the chain. */
static uint32_t groups_of(const struct plain *c, const struct plain_link *link, uint32_t n, uint32_t *group)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && found < 2; i++) {
        uint32_t g = link[i].offer->group;
        uint32_t times = 0;
        bool first = true;
        for (uint32_t k = 0; k < n; k++) {
            bool same = link[k].offer->group == g;
            first = first && !(same && k < i);
            times += same;
        }
        if (rule(c, link[i].offer) == TB_PRICE_BEST_OF && first && times > 1)
            group[found++] = g;
    }
    return found;
}

int64_t plain_chain(const struct plain *c, const struct plain_link *link, uint32_t n, uint32_t coupons_in,
                    int64_t goods, int64_t first)
{
    struct ways w = {0};
    uint32_t group[2] = {0, 0};
    uint32_t group_n = groups_of(c, link, n, group);
    uint32_t room = c->basket->coupons_max - coupons_in;
    bool limit = c->basket->coupons_max > 0 && room < COUPON_WAYS - 1;
    uint32_t joint = limit ? room : 1;
    int64_t least = greater(0, goods - first);
    int64_t times = 0;
    put(&w.of[0][0], &(struct sums){.from = least, .to = goods, .begun = greater(1, least)});
    for (uint32_t i = 0; i < n; times += in_proportion(&link[i]), i++) {
        const struct tb_offer *o = link[i].offer;
        uint32_t bit = 0;
        for (uint32_t g = 0; g < group_n; g++)
            bit |= o->group == group[g] && rule(c, o) == TB_PRICE_BEST_OF ? 1U << g : 0;
        /* from the fullest way down, so that no way passes an offer twice */
        for (uint32_t u = joint + 2; u-- > 0;) {
            uint32_t next = u;
            if (o->coupon == TB_PRICE_JOINT && u == joint + 1)
                continue;
            if (o->coupon == TB_PRICE_JOINT && u == joint && limit)
                continue;
            if (o->coupon == TB_PRICE_JOINT && u < joint)
                next = u + 1;
            if (o->coupon == TB_PRICE_SINGLE && u != 0)
                continue;
            if (o->coupon == TB_PRICE_SINGLE)
                next = joint + 1;
            for (uint32_t g = GROUP_WAYS; g-- > 0;) {
                struct way was = w.of[u][g];
                for (uint32_t s = 0; s < was.n && !(g & bit); s++)
                    pass(&link[i], was.v[s], times, &w.of[next][g | bit]);
            }
        }
    }
    int64_t best = 0;
    for (uint32_t u = 0; u < joint + 2; u++)
        for (uint32_t g = 0; g < GROUP_WAYS; g++)
            for (uint32_t s = 0; s < w.of[u][g].n; s++) {
                const struct sums *v = &w.of[u][g].v[s];
                best = greater(best, (goods - v->from) * 16384 + lesser(v->extra, c->shipping_left * 16384));
            }
    return best;
}
