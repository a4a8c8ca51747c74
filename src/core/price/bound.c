// SPDX-License-Identifier: Apache-2.0
/* The most that one offer may save in a state or any later one (U of price.h, which proves it). */
#include "core/price/price_int.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The greatest `n` parts by the order given; 0 = all. by: left, list or each. */
static int64_t top_sum(struct tb_picks *v, uint32_t n, enum tb_pick_order order)
{
    int64_t sum = 0;
    uint32_t parts = 0;
    for (uint32_t i = 0; i < v->n; i++)
        parts += v->at[i].n;
    if (n > 0 && n < parts)
        tb_price_sort(v, 0, order);
    else
        n = parts;
    for (uint32_t i = 0; i < v->n && n > 0; i++) {
        const struct tb_pick *k = &v->at[i];
        uint32_t part = k->n < n ? k->n : n;
        int64_t one = order == TB_PICK_LIST ? k->list : order == TB_PICK_EACH ? k->each : k->left;
        sum += one * part;
        n -= part;
    }
    return sum;
}

static int64_t percent_most(const struct tb_offer *o, struct tb_picks *v)
{
    int64_t left = o->max_units == 0 ? v->sum : top_sum(v, o->max_units, TB_PICK_TOP);
    int64_t base = o->initial ? top_sum(v, o->max_units, TB_PICK_LIST) : left;
    return least(left, tb_price_rate(base, o->ppm, o->rounding));
}

static int64_t each_most(const struct tb_price_plan *p, const struct tb_offer *o, struct tb_picks *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        struct tb_pick *k = &v->at[i];
        int64_t off = o->amount;
        if (o->mechanic != TB_PRICE_AMOUNT_EACH) {
            int64_t target = tb_price_target(p, o, k->line);
            off = target < 0 ? 0 : (o->initial ? k->list : k->left) - target;
        }
        k->each = off < 0 ? 0 : least(off, k->left);
    }
    return top_sum(v, o->max_units, TB_PICK_EACH);
}

static int64_t ladder_most(const struct tb_offer *o, const struct tb_picks *v)
{
    int64_t total = o->by_pieces ? (int64_t)v->count : v->sum;
    int64_t most = 0;
    for (uint32_t i = 0; i < o->step_n && o->step[i].at <= total; i++) {
        const struct tb_price_step *s = &o->step[i];
        int64_t off = s->ppm > 0 ? tb_price_rate(v->sum, s->ppm, o->rounding) : s->off;
        if (o->every) {
            int64_t fits = o->step_n == 1 ? total / s->at : 0;
            if (o->step_n == 1 && o->max_applications > 0)
                fits = least(fits, o->max_applications);
            __int128 all = o->step_n == 1 ? (__int128)fits * s->off : (__int128)total * s->off / s->at;
            off = all > TB_PRICE_MONEY_MAX ? TB_PRICE_MONEY_MAX : (int64_t)all;
        }
        most = off > most ? off : most;
    }
    return least(most, v->sum);
}

/* The cheapest `n` of the picks that nothing undecided can change (mark 2 only when by_mark), then the dearest of
 * the others: no later state holds dearer ones among its cheapest n. alive: what may come before.      */
static int64_t cheapest_sum(const struct tb_price_plan *p, struct tb_picks *v, uint64_t alive, bool by_mark, uint32_t n)
{
    if (alive & p->everywhere)
        return INT64_MAX;
    tb_price_sort(v, 0, TB_PICK_TOP);
    int64_t sum = 0;
    for (uint32_t i = v->n; i > 0 && n > 0; i--) {
        const struct tb_pick *k = &v->at[i - 1];
        if ((p->line_in[k->line] & alive) != 0 || (by_mark && k->mark != 2))
            continue;
        uint32_t part = k->n < n ? k->n : n;
        sum += k->left * part;
        n -= part;
    }
    for (uint32_t i = 0; i < v->n && n > 0; i++) {
        const struct tb_pick *k = &v->at[i];
        if ((p->line_in[k->line] & alive) == 0 && !(by_mark && k->mark != 2))
            continue;
        uint32_t part = k->n < n ? k->n : n;
        sum += k->left * part;
        n -= part;
    }
    return sum;
}

/* The greatest savings of single groups, as many as may apply, rising; up to TOP of them. */
#define TOP 16
struct top {
    uint32_t most;
    uint32_t n;
    int64_t sum;
    int64_t at[TOP];
};

static void top_add(struct top *t, int64_t off, uint32_t times)
{
    for (; times > 0 && t->most <= TOP; times--) {
        if (t->n == t->most && off <= t->at[0])
            return;
        uint32_t i = 0;
        if (t->n == t->most)
            t->sum -= t->at[0];
        else
            for (i = t->n++; i > 0; i--)
                t->at[i] = t->at[i - 1];
        for (i = 0; i + 1 < t->n && t->at[i + 1] < off; i++)
            t->at[i] = t->at[i + 1];
        t->at[i] = off;
        t->sum += off;
    }
}

/* Groups of `need` from the top: the sum over groups of what one saves. Sorted picks; marks unused. */
static int64_t groups_most(struct tb_price_plan *p, const struct tb_offer *o, uint64_t before)
{
    struct tb_picks *v = &p->pick;
    tb_price_sort(v, 0, o->same_line ? TB_PICK_LINE_TOP : TB_PICK_TOP);
    uint32_t most = o->same_line ? UINT32_MAX : tb_price_groups_max(o);
    int64_t total = 0;
    int64_t overall = 0;
    uint32_t filled = 0; /* of the open group */
    int64_t group = 0;
    int64_t cheapest = 0;
    struct top top = {.most = tb_price_groups_max(o)};
    for (uint32_t i = 0; i < v->n && most > 0; i++) {
        const struct tb_pick *k = &v->at[i];
        if (o->same_line && i > 0 && k->line != v->at[i - 1].line)
            group = cheapest = filled = 0;
        uint32_t n = k->n;
        while (n > 0 && most > 0) {
            uint32_t times = filled == 0 ? n / o->need : 0;
            times = times < most ? times : most;
            uint32_t part = times > 0 ? times * o->need : n < o->need - filled ? n : o->need - filled;
            if (times == 0) {
                uint32_t dear = o->need - o->get;
                uint32_t cheap = filled + part > dear ? filled + part - (filled > dear ? filled : dear) : 0;
                group += k->left * part;
                cheapest += k->left * cheap;
                filled += part;
            } else {
                group = k->left * o->need;
                cheapest = k->left * o->get;
                filled = o->need;
            }
            n -= part;
            if (filled < o->need)
                continue;
            times = times == 0 ? 1 : times;
            int64_t off = o->mechanic == TB_PRICE_N_FOR ? group - o->amount
                                                        : tb_price_rate(cheapest, o->ppm, o->rounding);
            total += off > 0 ? off * times : 0;
            overall += cheapest * times;
            if (o->same_line && off > 0)
                top_add(&top, off, times);
            most -= times;
            group = cheapest = filled = 0;
        }
    }
    if (o->same_line && top.most <= TOP)
        return least(total, top.sum);
    if (!o->overall)
        return total;
    uint32_t times = v->count / o->need < tb_price_groups_max(o) ? v->count / o->need : tb_price_groups_max(o);
    int64_t cheap = cheapest_sum(p, v, before, false, times * o->get);
    return tb_price_rate(least(overall, cheap), o->ppm, o->rounding);
}

struct slot_at {
    uint32_t i;
    uint32_t used;
};

static bool slot_seek(const struct tb_picks *v, const struct tb_price_slot *slot, struct slot_at *c)
{
    while (c->i < v->n && (c->used == v->at[c->i].n || !tb_price_in(slot->scope, v->at[c->i].line)))
        *c = (struct slot_at){c->i + 1, 0};
    return c->i < v->n;
}

/* What the next n parts of a slot cost, or -1. */
static int64_t slot_next(const struct tb_picks *v, const struct tb_price_slot *slot, struct slot_at *c, uint32_t n)
{
    int64_t sum = 0;
    while (n > 0) {
        if (!slot_seek(v, slot, c))
            return -1;
        uint32_t part = v->at[c->i].n - c->used < n ? v->at[c->i].n - c->used : n;
        sum += v->at[c->i].left * part;
        c->used += part;
        n -= part;
    }
    return sum;
}

/* first_only: what the first bundle costs before its discount. */
int64_t tb_price_bundle_most(struct tb_price_plan *p, const struct tb_offer *o, bool first_only)
{
    const struct tb_picks *v = &p->pick;
    tb_price_sort(&p->pick, 0, TB_PICK_TOP);
    struct slot_at at[TB_PRICE_SLOTS_MAX] = {0};
    int64_t total = 0;
    uint32_t most = first_only ? 1 : tb_price_groups_max(o);
    while (most > 0) {
        uint32_t times = most;
        for (uint32_t s = 0; s < o->slot_n; s++) {
            uint32_t fits = 0;
            if (slot_seek(v, &o->slot[s], &at[s]))
                fits = (v->at[at[s].i].n - at[s].used) / o->slot[s].count;
            times = fits < times ? fits : times;
        }
        times = times == 0 ? 1 : times;
        int64_t sum = 0;
        for (uint32_t s = 0; s < o->slot_n && sum >= 0; s++) {
            int64_t part = slot_next(v, &o->slot[s], &at[s], times * o->slot[s].count);
            sum = part < 0 ? -1 : sum + part;
        }
        if (sum < 0)
            break;
        if (first_only)
            return sum;
        int64_t off = sum - o->amount * times;
        if (off <= 0)
            break;
        total += off;
        most -= times;
    }
    return total;
}

/* Applications possible by count, times get, of the greatest of scope_y. */
static int64_t buy_get_most(struct tb_price_plan *p, const struct tb_offer *o, uint64_t before)
{
    struct tb_picks *v = &p->pick;
    uint64_t buy = 0;
    uint64_t give = 0;
    uint64_t all = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        buy += v->at[i].mark & 1 ? v->at[i].n : 0;
        give += v->at[i].mark & 2 ? v->at[i].n : 0;
        all += v->at[i].n;
    }
    uint64_t times = buy / o->need;
    times = give / o->get < times ? give / o->get : times;
    times = all / (o->need + o->get) < times ? all / (o->need + o->get) : times;
    times = times < tb_price_groups_max(o) ? times : tb_price_groups_max(o);
    if (times == 0)
        return 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->n; i++)
        if (v->at[i].mark & 2)
            v->at[kept++] = v->at[i];
    v->n = kept;
    int64_t cheap = cheapest_sum(p, v, before, true, (uint32_t)times * o->get);
    int64_t dear = top_sum(v, (uint32_t)times * o->get, TB_PICK_TOP);
    return tb_price_rate(least(cheap, dear), o->ppm, o->rounding);
}

/* Sums of min(left, cap_unit) and of min(line left, cap_line). */
static int64_t capped(const struct tb_offer *o, const struct tb_price_state *s, int64_t most)
{
    int64_t units = 0;
    int64_t lines = 0;
    int64_t line = 0;
    for (uint32_t i = 0; i < s->run_n; i++) {
        const struct tb_run *r = &s->run[i];
        bool in = tb_price_in(o->scope, r->line) ||
                  (o->mechanic == TB_PRICE_BUY_GET && tb_price_in(o->scope_y, r->line));
        if (in && !(r->taken && tb_price_takes(o))) {
            units += least(r->left, o->cap_unit) * r->n;
            line += r->left * r->n;
        }
        if (i + 1 == s->run_n || s->run[i + 1].line != r->line) {
            lines += least(line, o->cap_line);
            line = 0;
        }
    }
    if (o->cap_unit > 0)
        most = least(most, units);
    if (o->cap_line > 0)
        most = least(most, lines);
    return most;
}

static int64_t shipping_most(const struct tb_offer *o, const struct tb_price_state *s)
{
    int64_t off = o->amount;
    if (o->mechanic == TB_PRICE_PERCENT)
        off = tb_price_rate(s->shipping, o->ppm, o->rounding);
    else if (o->mechanic == TB_PRICE_FIXED)
        off = s->shipping - o->amount;
    return off < 0 ? 0 : least(off, s->shipping);
}

static int64_t uncapped(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *s,
                        uint64_t before)
{
    struct tb_picks *v = &p->pick;
    if (o->level == TB_PRICE_SHIPPING)
        return shipping_most(o, s);
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
        return least(o->amount, o->max_units == 0 ? v->sum : top_sum(v, o->max_units, TB_PICK_TOP));
    case TB_PRICE_PERCENT:
        return percent_most(o, v);
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
        return each_most(p, o, v);
    case TB_PRICE_LADDER:
        return ladder_most(o, v);
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
        return groups_most(p, o, before);
    case TB_PRICE_BUY_GET:
        return buy_get_most(p, o, before);
    case TB_PRICE_BUNDLE:
        return tb_price_bundle_most(p, o, false);
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        break;
    }
    return 0;
}

/* All goods are in scope and their sum and number are enough. */
static bool sums_only(const struct tb_offer *o)
{
    if (o->scope != NULL || o->one_per_product || o->max_units > 0 || o->initial)
        return false;
    return o->level == TB_PRICE_SHIPPING || o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT ||
           o->mechanic == TB_PRICE_LADDER || tb_price_is_perk(o);
}

/* What j saves in s as it is, as a key. */
static int64_t exact(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *s)
{
    struct tb_effect e;
    tb_price_effect(p, j, s, NULL, &e);
    if (e.in_force)
        return tb_price_key(p->offer[j], e.saving);
    if (p->noting) {
        p->idle[j] = e;
        p->noted |= UINT64_C(1) << j;
    }
    return 0;
}

/* Key of U_j(s), with those of `alive` undecided: 0 when offer j can have no effect from s on. */
int64_t tb_price_most(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *s, uint64_t alive)
{
    uint64_t before = p->before[j] & alive;
    if (before == 0)
        return exact(p, j, s);
    const struct tb_offer *o = p->offer[j];
    struct tb_picks *v = &p->pick;
    if (sums_only(o))
        *v = (struct tb_picks){.at = v->at, .max = v->max, .n = s->run_n, .sum = s->goods, .count = s->count};
    else if (tb_price_by_sum_in_scope(o))
        tb_price_sum(p, o, s);
    else
        tb_price_gather(p, o, s);
    if (v->n == 0 || v->count == 0 || v->sum < o->min_amount || v->count < o->min_pieces)
        return 0;
    int64_t most = uncapped(p, o, s, before);
    if (o->cap_unit > 0 || o->cap_line > 0)
        most = capped(o, s, most);
    if (o->cap_order > 0)
        most = least(most, o->cap_order);
    if (o->budget_rule != TB_PRICE_NO_BUDGET)
        most = least(most, o->budget);
    return tb_price_key(o, most);
}
