// SPDX-License-Identifier: Apache-2.0
/* The plain evaluator: one offer on arrays of parts, written from the rules of price.h without a thought
 * for speed. Shares no code with the solver.                                                       */
#include "core/price/proof_int.h"

bool plain_in(const uint64_t *scope, uint32_t line)
{
    return scope == NULL || ((scope[line / 64] >> (line % 64)) & 1);
}

bool plain_perk(const struct tb_offer *o)
{
    return o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS;
}

int64_t plain_rate(int64_t amount, int64_t ppm, enum tb_rounding mode)
{
    int64_t out = 0;
    bool fits = tb_mul_div(amount, ppm, TB_PPM_ALL, mode, &out);
    tb_assert(fits);
    return out;
}

int64_t plain_price_of(const struct plain *c, const struct tb_offer *o, uint32_t line)
{
    int64_t price = o->mechanic == TB_PRICE_TABLE ? o->line_price[line] : o->amount;
    if (price >= 0 && c->basket->line[line].whole) {
        int64_t whole;
        if (!tb_mul_div(price, c->basket->line[line].quantity, 1000, TB_ROUND_HALF_UP, &whole))
            return INT64_MAX;
        return whole;
    }
    return price;
}

bool plain_one_scope(const struct plain *c, const struct tb_offer *o)
{
    for (uint32_t i = 0; i < c->basket->line_n; i++)
        if (plain_in(o->scope, i) != plain_in(o->scope_y, i))
            return false;
    return true;
}

bool plain_slots_meet(const struct plain *c, const struct tb_offer *o)
{
    for (uint32_t i = 0; i < c->basket->line_n; i++) {
        uint32_t in = 0;
        for (uint32_t s = 0; s < o->slot_n; s++)
            in += plain_in(o->slot[s].scope, i);
        if (in > 1)
            return true;
    }
    return false;
}

uint32_t plain_scope(const struct plain *c, const struct tb_offer *o, const struct plain_state *s,
                     const uint64_t *scope, uint32_t *pick)
{
    uint32_t n = 0;
    for (uint32_t u = 0; u < c->part_n; u++)
        if (s->left[u] > 0 && plain_in(scope, c->line[u]) && !(o->one_per_product && s->taken[u]))
            pick[n++] = u;
    return n;
}

bool plain_gate(const struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += s->left[c->pick[i]];
    return n > 0 && sum >= o->min_amount && n >= o->min_pieces;
}

void plain_sort(uint32_t *pick, uint32_t n, const int64_t *value)
{
    static const uint32_t gaps[] = {8861, 3938, 1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (uint32_t g = 0; g < TB_COUNT_OF(gaps); g++) {
        for (uint32_t i = gaps[g]; i < n; i++) {
            uint32_t one = pick[i];
            uint32_t k = i;
            while (k >= gaps[g]) {
                uint32_t other = pick[k - gaps[g]];
                if (value[other] > value[one] || (value[other] == value[one] && other < one))
                    break;
                pick[k] = other;
                k -= gaps[g];
            }
            pick[k] = one;
        }
    }
}

/* Adds total to the shares of who[0..n) in proportion to weight, by largest remainder. */
static void spread(struct plain *c, const uint32_t *who, uint32_t n, int64_t total, const int64_t *weight)
{
    __int128 sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += weight[who[i]];
    int64_t given = 0;
    for (uint32_t i = 0; i < n; i++) {
        __int128 product = (__int128)total * weight[who[i]];
        c->share[who[i]] = (int64_t)(product / sum);
        c->rest[who[i]] = (int64_t)(product % sum);
        c->concerned[who[i]] = 1;
        c->sorted[i] = who[i];
        given += c->share[who[i]];
    }
    plain_sort(c->sorted, n, c->rest);
    for (uint32_t i = 0; given < total; i++, given++)
        c->share[c->sorted[i]]++;
}

static int64_t cap(const struct tb_offer *o, int64_t off)
{
    if (o->cap_order > 0)
        off = smaller(off, o->cap_order);
    if (o->budget_rule == TB_PRICE_BUDGET_PARTIAL)
        off = smaller(off, o->budget);
    return off;
}

static uint32_t top_only(const struct tb_offer *o, uint32_t *pick, uint32_t n, const int64_t *value)
{
    if (o->max_units == 0 || o->max_units >= n)
        return n;
    plain_sort(pick, n, value);
    return o->max_units;
}

static int64_t ladder(const struct tb_offer *o, int64_t sum, int64_t parts)
{
    int64_t total = o->by_pieces ? parts : sum;
    int64_t most = o->max_applications ? o->max_applications : INT64_MAX;
    __int128 off = 0;
    for (uint32_t i = o->step_n; i > 0 && most > 0; i--) {
        const struct tb_price_step *s = &o->step[i - 1];
        if (s->at > total)
            continue;
        if (!o->every)
            return s->ppm > 0 ? plain_rate(sum, s->ppm, o->rounding) : s->off;
        int64_t times = smaller(total / s->at, most);
        off += (__int128)times * s->off;
        total -= times * s->at;
        most -= times;
    }
    return off > TB_PRICE_MONEY_MAX ? TB_PRICE_MONEY_MAX : (int64_t)off;
}

static void together(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    int64_t all = 0;
    for (uint32_t i = 0; i < n; i++)
        all += s->left[c->pick[i]];
    int64_t off = o->amount;
    if (o->mechanic == TB_PRICE_LADDER)
        off = ladder(o, all, n);
    n = top_only(o, c->pick, n, o->initial ? c->list : s->left);
    int64_t left = 0;
    int64_t list = 0;
    for (uint32_t i = 0; i < n; i++) {
        left += s->left[c->pick[i]];
        list += c->list[c->pick[i]];
    }
    if (o->mechanic == TB_PRICE_PERCENT)
        off = plain_rate(o->initial ? list : left, o->ppm, o->rounding);
    off = cap(o, smaller(off, left));
    if (off > 0)
        spread(c, c->pick, n, off, s->left);
}

static void each(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t all = plain_scope(c, o, s, o->scope, c->pick);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all; i++) {
        uint32_t u = c->pick[i];
        int64_t off = o->amount;
        if (o->mechanic != TB_PRICE_AMOUNT_EACH) {
            int64_t price = plain_price_of(c, o, c->line[u]);
            off = price < 0 ? 0 : (o->initial ? c->list[u] : s->left[u]) - price;
        }
        c->value[u] = smaller(off, s->left[u]);
        if (off > 0)
            c->pick[n++] = u;
    }
    n = top_only(o, c->pick, n, c->value);
    for (uint32_t i = 0; i < n; i++) {
        c->share[c->pick[i]] = c->value[c->pick[i]];
        c->concerned[c->pick[i]] = 1;
    }
}

static bool alike(const struct plain *c, const struct plain_state *s, uint32_t a, uint32_t b)
{
    return c->line[a] == c->line[b] && s->left[a] == s->left[b];
}

/* All n parts alike. */
static bool uniform(const struct plain *c, const struct plain_state *s, const uint32_t *who, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (!alike(c, s, who[0], who[i]))
            return false;
    return true;
}

/* Groups of `need` from the top of who[0..n); at most *most of them. */
static void groups(struct plain *c, const struct tb_offer *o, const struct plain_state *s, const uint32_t *who,
                   uint32_t n, uint32_t *most)
{
    uint32_t at = 0;
    while (*most > 0 && n - at >= o->need) {
        int64_t group = 0;
        int64_t cheap = 0;
        for (uint32_t i = 0; i < o->need; i++) {
            group += s->left[who[at + i]];
            cheap += i >= o->need - o->get ? s->left[who[at + i]] : 0;
        }
        int64_t off = o->mechanic == TB_PRICE_N_FOR ? group - o->amount : plain_rate(cheap, o->ppm, o->rounding);
        if (off <= 0)
            return;
        uint32_t times = 1;
        if (uniform(c, s, who + at, o->need))
            while (times < *most && n - at >= (times + 1) * o->need &&
                   alike(c, s, who[at], who[at + times * o->need]) &&
                   uniform(c, s, who + at + times * o->need, o->need))
                times++;
        spread(c, who + at, times * o->need, off * times, s->left);
        at += times * o->need;
        *most -= times;
    }
}

static void overall(struct plain *c, const struct tb_offer *o, const struct plain_state *s, uint32_t need)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    uint32_t times = n / need;
    if (o->max_applications && times > o->max_applications)
        times = o->max_applications;
    plain_sort(c->pick, n, s->left);
    uint32_t m = 0;
    int64_t cheap = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool given = i >= n - times * o->get;
        if (!given && i >= times * (need - o->get))
            continue;
        cheap += given ? s->left[c->pick[i]] : 0;
        c->group[m++] = c->pick[i];
    }
    int64_t off = plain_rate(cheap, o->ppm, o->rounding);
    if (off > 0)
        spread(c, c->group, m, off, s->left);
}

static void from_the_top(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    uint32_t most = o->max_applications ? o->max_applications : UINT32_MAX;
    if (!o->same_line) {
        plain_sort(c->pick, n, s->left);
        groups(c, o, s, c->pick, n, &most);
        return;
    }
    for (uint32_t from = 0; from < n;) {
        uint32_t to = from;
        while (to < n && c->line[c->pick[to]] == c->line[c->pick[from]])
            to++;
        plain_sort(c->pick + from, to - from, s->left);
        groups(c, o, s, c->pick + from, to - from, &most);
        from = to;
    }
}

static bool can(uint64_t x, uint64_t y, uint64_t both, const struct tb_offer *o, uint64_t times)
{
    uint64_t buy = times * o->need;
    uint64_t get = times * o->get;
    return (buy > x ? buy - x : 0) + (get > y ? get - y : 0) <= both;
}

static void buy_get(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = 0;
    uint32_t x = 0;
    uint32_t y = 0;
    uint32_t both = 0;
    for (uint32_t u = 0; u < c->part_n; u++) {
        bool buys = plain_in(o->scope, c->line[u]);
        bool gets = plain_in(o->scope_y, c->line[u]);
        if (s->left[u] <= 0 || (!buys && !gets) || (o->one_per_product && s->taken[u]))
            continue;
        x += buys && !gets;
        y += gets && !buys;
        both += buys && gets;
        c->pick[n++] = u;
        c->used[u] = 0;
    }
    uint32_t times = 0;
    while ((o->max_applications == 0 || times < o->max_applications) && can(x, y, both, o, times + 1))
        times++;
    uint32_t get = times * o->get;
    uint32_t buy = times * o->need;
    uint32_t free_both = both - (buy > x ? buy - x : 0);
    plain_sort(c->pick, n, s->left);
    uint32_t m = 0;
    int64_t given = 0;
    for (uint32_t i = n; i > 0 && get > 0; i--) {
        uint32_t u = c->pick[i - 1];
        bool buys = plain_in(o->scope, c->line[u]);
        if (!plain_in(o->scope_y, c->line[u]) || (buys && free_both == 0))
            continue;
        free_both -= buys;
        given += s->left[u];
        c->used[u] = 1;
        c->group[m++] = u;
        get--;
    }
    for (uint32_t i = 0; i < n && buy > 0; i++) {
        uint32_t u = c->pick[i];
        if (c->used[u] || !plain_in(o->scope, c->line[u]))
            continue;
        c->group[m++] = u;
        buy--;
    }
    int64_t off = plain_rate(given, o->ppm, o->rounding);
    if (off > 0)
        spread(c, c->group, m, off, s->left);
}

/* One bundle from the parts not used; its parts at who[]; what it costs, or -1. */
static int64_t one_bundle(struct plain *c, const struct tb_offer *o, const struct plain_state *s, uint32_t n,
                          uint32_t *who)
{
    int64_t sum = 0;
    uint32_t m = 0;
    for (uint32_t t = 0; t < o->slot_n; t++) {
        uint32_t need = o->slot[t].count;
        for (uint32_t i = 0; i < n && need > 0; i++) {
            uint32_t u = c->pick[i];
            if (c->used[u] || !plain_in(o->slot[t].scope, c->line[u]))
                continue;
            c->used[u] = 1;
            who[m++] = u;
            sum += s->left[u];
            need--;
        }
        if (need > 0)
            return -1;
    }
    return sum;
}

/* Slot by slot from one line at one price, and the same in both bundles. */
static bool same_make_up(const struct plain *c, const struct tb_offer *o, const struct plain_state *s,
                         const uint32_t *a, const uint32_t *b)
{
    uint32_t at = 0;
    for (uint32_t t = 0; t < o->slot_n; t++) {
        uint32_t count = o->slot[t].count;
        if (!uniform(c, s, a + at, count) || !uniform(c, s, b + at, count) || !alike(c, s, a[at], b[at]))
            return false;
        at += count;
    }
    return true;
}

static void bundles(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    plain_sort(c->pick, n, s->left);
    for (uint32_t i = 0; i < n; i++)
        c->used[c->pick[i]] = 0;
    uint32_t size = 0;
    for (uint32_t t = 0; t < o->slot_n; t++)
        size += o->slot[t].count;
    bool apart = plain_slots_meet(c, o);
    uint32_t from = 0;
    uint32_t at = 0;
    int64_t off = 0;
    for (uint32_t done = 0; o->max_applications == 0 || done < o->max_applications; done++) {
        if (at + size > n)
            break;
        int64_t sum = one_bundle(c, o, s, n, c->group + at);
        if (sum <= o->amount)
            break;
        if (at > from && (apart || !same_make_up(c, o, s, c->group + from, c->group + at))) {
            spread(c, c->group + from, at - from, off, s->left);
            from = at;
            off = 0;
        }
        at += size;
        off += sum - o->amount;
    }
    if (at > from)
        spread(c, c->group + from, at - from, off, s->left);
}

/* Caps on the shares; the saving. */
static int64_t cut(struct plain *c, const struct tb_offer *o)
{
    for (uint32_t i = 0; i < c->basket->line_n; i++)
        c->room[i] = o->cap_line;
    int64_t sum = 0;
    uint32_t n = 0;
    for (uint32_t u = 0; u < c->part_n; u++) {
        int64_t *share = &c->share[u];
        if (o->cap_unit > 0)
            *share = smaller(*share, o->cap_unit);
        if (o->cap_line > 0) {
            *share = smaller(*share, c->room[c->line[u]]);
            c->room[c->line[u]] -= *share;
        }
        if (c->concerned[u])
            c->group[n++] = u;
        c->value[u] = *share;
        sum += *share;
    }
    int64_t most = cap(o, sum);
    if (most > 0 && most < sum)
        spread(c, c->group, n, most, c->value);
    return o->budget_rule == TB_PRICE_BUDGET_STRICT && most > o->budget ? 0 : most;
}

static int64_t ship(const struct tb_offer *o, struct plain_state *s)
{
    int64_t off = o->amount;
    if (o->mechanic == TB_PRICE_PERCENT)
        off = plain_rate(s->shipping, o->ppm, o->rounding);
    if (o->mechanic == TB_PRICE_FIXED)
        off = s->shipping > o->amount ? s->shipping - o->amount : 0;
    off = cap(o, smaller(off, s->shipping));
    if (o->budget_rule == TB_PRICE_BUDGET_STRICT && off > o->budget)
        off = 0;
    s->shipping -= off;
    return off;
}

static void discount(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
    case TB_PRICE_PERCENT:
    case TB_PRICE_LADDER:
        together(c, o, s);
        return;
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
        each(c, o, s);
        return;
    case TB_PRICE_CHEAPEST:
        if (o->overall) {
            overall(c, o, s, o->need);
            return;
        }
        from_the_top(c, o, s);
        return;
    case TB_PRICE_N_FOR:
        from_the_top(c, o, s);
        return;
    case TB_PRICE_BUY_GET:
        if (plain_one_scope(c, o))
            overall(c, o, s, o->need + o->get);
        else
            buy_get(c, o, s);
        return;
    case TB_PRICE_BUNDLE:
        bundles(c, o, s);
        return;
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        return;
    }
}

int64_t plain_apply(struct plain *c, const struct tb_offer *o, struct plain_state *s, bool *in_force)
{
    *in_force = false;
    if (!plain_gate(c, o, s))
        return 0;
    if (plain_perk(o)) {
        *in_force = true;
        return 0;
    }
    if (o->level == TB_PRICE_SHIPPING) {
        int64_t off = ship(o, s);
        *in_force = off > 0;
        return off;
    }
    for (uint32_t u = 0; u < c->part_n; u++) {
        c->share[u] = 0;
        c->concerned[u] = 0;
    }
    discount(c, o, s);
    int64_t saving = cut(c, o);
    if (saving <= 0)
        return 0;
    for (uint32_t u = 0; u < c->part_n; u++) {
        s->left[u] -= c->share[u];
        tb_assert(s->left[u] >= 0);
        s->taken[u] |= o->one_per_product && c->concerned[u];
    }
    *in_force = true;
    return saving;
}
