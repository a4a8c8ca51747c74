// SPDX-License-Identifier: Apache-2.0
/* Mechanics that form groups of parts: CHEAPEST, N_FOR, BUNDLE and BUY_GET.
 *
 * From the parts in scope, top first, groups are cut and each is spread of its own; consecutive groups
 * of equal make-up (each slot from one line at one price) are cut and spread at once, which is what keeps
 * a line of a thousand pieces as cheap as one of three. Every part concerned lands in p->part, also
 * those with a share of 0.                                                                         */
#include "core/price/price_int.h"

/* A place in the picks in their order: `used` parts of pick i are gone. */
struct cursor {
    uint32_t i;
    uint32_t used;
};

/* Parts of one line at one price from c on. */
static uint32_t stretch(const struct tb_picks *in, struct cursor c)
{
    const struct tb_pick *head = &in->at[c.i];
    uint32_t n = head->n - c.used;
    for (uint32_t i = c.i + 1; i < in->n && in->at[i].line == head->line && in->at[i].left == head->left; i++)
        n += in->at[i].n;
    return n;
}

/* Parts from c on, of its line only when same_line, as far as `enough`. */
static uint32_t available(const struct tb_picks *in, struct cursor c, bool same_line, uint32_t enough)
{
    if (c.i == in->n)
        return 0;
    uint32_t n = in->at[c.i].n - c.used;
    for (uint32_t i = c.i + 1; i < in->n && n < enough; i++) {
        if (same_line && in->at[i].line != in->at[c.i].line)
            break;
        n += in->at[i].n;
    }
    return n;
}

static void put(struct tb_picks *out, const struct tb_pick *from, uint32_t used, uint32_t n)
{
    tb_assert(out->n < out->max);
    struct tb_pick *k = &out->at[out->n++];
    *k = *from;
    k->first = (uint16_t)(from->first + used);
    k->n = (uint16_t)n;
    k->weight = k->left;
    k->each = 0;
}

/* Moves n parts to out; what they cost. */
static int64_t take(const struct tb_picks *in, struct cursor *c, uint32_t n, struct tb_picks *out)
{
    int64_t sum = 0;
    while (n > 0) {
        const struct tb_pick *k = &in->at[c->i];
        uint32_t part = k->n - c->used < n ? k->n - c->used : n;
        put(out, k, c->used, part);
        sum += k->left * part;
        n -= part;
        c->used += part;
        if (c->used == k->n)
            *c = (struct cursor){c->i + 1, 0};
    }
    return sum;
}

static void skip_line(const struct tb_picks *in, struct cursor *c)
{
    uint16_t line = in->at[c->i].line;
    while (c->i < in->n && in->at[c->i].line == line)
        c->i++;
    c->used = 0;
}

/* What the last `n` parts of out, from `from` on, cost. */
static int64_t tail(const struct tb_picks *out, uint32_t from, uint32_t n)
{
    int64_t sum = 0;
    for (uint32_t i = out->n; i > from && n > 0; i--) {
        uint32_t part = out->at[i - 1].n < n ? out->at[i - 1].n : n;
        sum += out->at[i - 1].left * part;
        n -= part;
    }
    return sum;
}

static int64_t group_off(const struct tb_offer *o, int64_t group, int64_t cheapest)
{
    if (o->mechanic == TB_PRICE_N_FOR)
        return group - o->amount;
    return tb_price_rate(cheapest, o->ppm, o->rounding);
}

/* CHEAPEST from the top, and N_FOR. */
static int64_t from_the_top(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e)
{
    const struct tb_picks *in = &p->pick;
    struct tb_picks *out = &p->part;
    struct cursor c = {0, 0};
    int64_t total = 0;
    uint32_t most = tb_price_groups_max(o);
    while (c.i < in->n && e->applications < most) {
        if (available(in, c, o->same_line, o->need) < o->need) {
            if (!o->same_line)
                break;
            skip_line(in, &c);
            continue;
        }
        struct cursor start = c;
        uint32_t from = out->n;
        uint32_t times = stretch(in, c) / o->need;
        if (times > most - e->applications)
            times = most - e->applications;
        int64_t off;
        if (times > 0) {
            int64_t one = in->at[c.i].left;
            off = group_off(o, one * o->need, one * o->get);
            (void)take(in, &c, times * o->need, out);
        } else {
            times = 1;
            int64_t group = take(in, &c, o->need, out);
            off = group_off(o, group, tail(out, from, o->get));
        }
        if (off <= 0) {
            out->n = from;
            c = start;
            if (!o->same_line)
                break;
            skip_line(in, &c);
            continue;
        }
        tb_price_spread(out, from, off * times);
        total += off * times;
        e->applications += times;
    }
    return total;
}

static int64_t cheapest_overall(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e)
{
    const struct tb_picks *in = &p->pick;
    struct tb_picks *out = &p->part;
    uint32_t times = in->count / o->need;
    if (times > tb_price_groups_max(o))
        times = tb_price_groups_max(o);
    if (times == 0)
        return 0;
    struct cursor c = {0, 0};
    (void)take(in, &c, times * (o->need - o->get), out);
    uint32_t between = in->count - times * o->need;
    while (between > 0) {
        uint32_t part = in->at[c.i].n - c.used < between ? in->at[c.i].n - c.used : between;
        between -= part;
        c.used += part;
        if (c.used == in->at[c.i].n)
            c = (struct cursor){c.i + 1, 0};
    }
    int64_t off = tb_price_rate(take(in, &c, times * o->get, out), o->ppm, o->rounding);
    if (off <= 0)
        return 0;
    tb_price_spread(out, 0, off);
    e->applications = times;
    return off;
}

/* Of the parts in slot s, the first that is left: its pick, or in->n. */
static uint32_t slot_head(const struct tb_picks *in, const struct tb_price_slot *slot, uint32_t i)
{
    while (i < in->n && (in->at[i].mark == in->at[i].n || !tb_price_in(slot->scope, in->at[i].line)))
        i++;
    return i;
}

static uint32_t slot_stretch(const struct tb_picks *in, const struct tb_price_slot *slot, uint32_t head)
{
    if (head == in->n)
        return 0;
    uint32_t n = 0;
    for (uint32_t i = head; i < in->n; i++) {
        if (in->at[i].mark == in->at[i].n || !tb_price_in(slot->scope, in->at[i].line))
            continue;
        if (in->at[i].line != in->at[head].line || in->at[i].left != in->at[head].left)
            break;
        n += in->at[i].n - in->at[i].mark;
    }
    return n;
}

/* n parts of a slot; what they cost, or -1 when there are not enough. */
static int64_t slot_take(const struct tb_picks *in, const struct tb_price_slot *slot, uint32_t head, uint32_t n,
                         struct tb_picks *out)
{
    int64_t sum = 0;
    while (n > 0) {
        head = slot_head(in, slot, head);
        if (head == in->n)
            return -1;
        struct tb_pick *k = &in->at[head];
        uint32_t part = (uint32_t)(k->n - k->mark) < n ? (uint32_t)(k->n - k->mark) : n;
        put(out, k, k->mark, part);
        k->mark = (uint16_t)(k->mark + part);
        sum += k->left * part;
        n -= part;
    }
    return sum;
}

static bool slots_overlap(const struct tb_price_plan *p, const struct tb_offer *o)
{
    for (uint32_t a = 0; a < o->slot_n; a++)
        for (uint32_t b = a + 1; b < o->slot_n; b++)
            for (uint32_t w = 0; w * 64 < p->basket->line_n; w++)
                if (o->slot[a].scope[w] & o->slot[b].scope[w] & tb_price_word(p->basket->line_n, w))
                    return true;
    return false;
}

static int64_t bundles(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e)
{
    const struct tb_picks *in = &p->pick;
    struct tb_picks *out = &p->part;
    bool single = slots_overlap(p, o);
    int64_t total = 0;
    uint32_t head[TB_PRICE_SLOTS_MAX] = {0};
    for (uint32_t i = 0; i < in->n; i++)
        in->at[i].mark = 0;
    uint32_t most = tb_price_groups_max(o);
    while (e->applications < most) {
        uint32_t times = single ? 1 : most - e->applications;
        for (uint32_t s = 0; s < o->slot_n; s++) {
            head[s] = slot_head(in, &o->slot[s], head[s]);
            uint32_t fits = slot_stretch(in, &o->slot[s], head[s]) / o->slot[s].count;
            times = fits < times ? fits : times;
        }
        times = times == 0 ? 1 : times;
        uint32_t from = out->n;
        int64_t sum = 0;
        for (uint32_t s = 0; s < o->slot_n && sum >= 0; s++) {
            int64_t part = slot_take(in, &o->slot[s], head[s], times * o->slot[s].count, out);
            sum = part < 0 ? -1 : sum + part;
        }
        int64_t off = sum - o->amount * times;
        if (sum < 0 || off <= 0) {
            out->n = from;
            break;
        }
        tb_price_spread(out, from, off);
        total += off;
        e->applications += times;
    }
    return total;
}

struct sides {
    uint32_t bought; /* only in scope */
    uint32_t given;  /* only in scope_y */
    uint32_t both;
};

static bool possible(const struct sides *n, const struct tb_offer *o, uint32_t times)
{
    uint64_t buy = (uint64_t)times * o->need;
    uint64_t get = (uint64_t)times * o->get;
    uint64_t shared = (buy > n->bought ? buy - n->bought : 0) + (get > n->given ? get - n->given : 0);
    return shared <= n->both;
}

static uint32_t most_times(const struct sides *n, const struct tb_offer *o)
{
    uint32_t low = 0;
    uint32_t high = (n->bought + n->given + n->both) / (o->need + o->get) + 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (possible(n, o, middle))
            low = middle;
        else
            high = middle;
    }
    return low < tb_price_groups_max(o) ? low : tb_price_groups_max(o);
}

static struct sides count_sides(const struct tb_picks *in)
{
    struct sides n = {0, 0, 0};
    for (uint32_t i = 0; i < in->n; i++) {
        n.bought += in->at[i].mark == 1 ? in->at[i].n : 0;
        n.given += in->at[i].mark == 2 ? in->at[i].n : 0;
        n.both += in->at[i].mark == 3 ? in->at[i].n : 0;
    }
    return n;
}

/* The cheapest of scope_y are given, the top of what is then left of scope is bought. */
static int64_t buy_get(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e)
{
    struct tb_picks *in = &p->pick;
    struct tb_picks *out = &p->part;
    struct sides side = count_sides(in);
    uint32_t times = most_times(&side, o);
    if (times == 0)
        return 0;
    uint32_t get = times * o->get;
    uint32_t buy = times * o->need;
    uint32_t shared = side.both - (buy > side.bought ? buy - side.bought : 0);
    int64_t given = 0;
    for (uint32_t i = in->n; i > 0 && get > 0; i--) {
        struct tb_pick *k = &in->at[i - 1];
        if (k->mark == 1)
            continue;
        uint32_t part = k->n < get ? k->n : get;
        if (k->mark == 3) {
            part = part < shared ? part : shared;
            shared -= part;
        }
        if (part == 0)
            continue;
        put(out, k, k->n - part, part);
        given += k->left * part;
        k->n = (uint16_t)(k->n - part);
        get -= part;
    }
    int64_t off = tb_price_rate(given, o->ppm, o->rounding);
    if (off <= 0)
        return 0;
    for (uint32_t i = 0; i < in->n && buy > 0; i++) {
        struct tb_pick *k = &in->at[i];
        uint32_t part = k->mark == 2 ? 0 : k->n < buy ? k->n : buy;
        if (part > 0)
            put(out, k, 0, part);
        buy -= part;
    }
    tb_assert(get == 0 && buy == 0);
    tb_price_spread(out, 0, off);
    e->applications = times;
    return off;
}

int64_t tb_price_groups(struct tb_price_plan *p, const struct tb_offer *o, struct tb_effect *e)
{
    p->part.n = 0;
    tb_price_sort(&p->pick, 0, o->same_line ? TB_PICK_LINE_TOP : TB_PICK_TOP);
    p->part.moved = true;
    if (o->mechanic == TB_PRICE_BUNDLE)
        return bundles(p, o, e);
    if (o->mechanic == TB_PRICE_BUY_GET)
        return buy_get(p, o, e);
    if (o->overall)
        return cheapest_overall(p, o, e);
    return from_the_top(p, o, e);
}
