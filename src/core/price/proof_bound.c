// SPDX-License-Identifier: Apache-2.0
/* core/price/proof_bound.c - the checker's own bound U of one offer (price.h has the proof).
 *
 * Not here: bounds of several offers together (proof_several.c). */
#include "core/price/proof_int.h"

int64_t plain_key(const struct tb_offer *o, int64_t saving)
{
    if (plain_perk(o))
        return (saving + o->worth) * 16384 + 128 - (o->coupon != TB_PRICE_RULE);
    return saving == 0 ? 0 : saving * 16384 - (o->coupon != TB_PRICE_RULE);
}

int64_t plain_greatest(uint32_t *pick, uint32_t n, uint32_t most, const int64_t *value)
{
    plain_sort(pick, n, value);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n && (most == 0 || i < most); i++)
        sum += value[pick[i]];
    return sum;
}

static int64_t ladder_bound(const struct tb_offer *o, int64_t sum, int64_t parts)
{
    int64_t total = o->by_pieces ? parts : sum;
    __int128 best = 0;
    for (uint32_t i = 0; i < o->step_n; i++) {
        const struct tb_price_step *s = &o->step[i];
        if (s->at > total)
            continue;
        __int128 off = s->ppm > 0 ? plain_rate(sum, s->ppm, o->rounding) : s->off;
        if (o->every && o->step_n > 1)
            off = (__int128)total * s->off / s->at;
        else if (o->every)
            off *= smaller(total / s->at, o->max_applications ? o->max_applications : INT64_MAX);
        best = off > best ? off : best;
    }
    return best < sum ? (int64_t)best : sum;
}

/* What the `n` cheapest of c->pick[0..all) may come to later: the cheapest of those that stay as they are (that no
 * offer of `before` covers, and not in `except`), then the dearest of the others.                      */
static int64_t cheapest_later(struct plain *c, const struct plain_state *s, uint32_t all, uint64_t before,
                              const uint64_t *except, bool excepting, uint32_t n)
{
    uint32_t stay = 0;
    uint32_t others = 0;
    for (uint32_t i = 0; i < all; i++) {
        uint32_t u = c->pick[i];
        bool moves = excepting && plain_in(except, c->line[u]);
        for (uint32_t k = 0; k < c->n && !moves; k++)
            moves = (before >> k & 1) && plain_covers(&c->offer[k], c->line[u]);
        if (moves)
            c->group[others++] = u;
        else
            c->sorted[stay++] = u;
    }
    plain_sort(c->sorted, stay, s->left);
    plain_sort(c->group, others, s->left);
    int64_t sum = 0;
    for (uint32_t i = stay; i > 0 && n > 0; i--, n--)
        sum += s->left[c->sorted[i - 1]];
    for (uint32_t i = 0; i < others && n > 0; i++, n--)
        sum += s->left[c->group[i]];
    return sum;
}

/* Groups from the top of who[0..n), sorted: sum of savings, and of the cheapest. */
static int64_t group_bound(const struct tb_offer *o, const struct plain_state *s, const uint32_t *who, uint32_t n,
                           uint32_t need, uint32_t most, int64_t *cheapest)
{
    int64_t total = 0;
    for (uint32_t at = 0; n - at >= need && most > 0; at += need, most--) {
        int64_t group = 0;
        int64_t cheap = 0;
        for (uint32_t i = 0; i < need; i++) {
            group += s->left[who[at + i]];
            cheap += i >= need - o->get ? s->left[who[at + i]] : 0;
        }
        *cheapest += cheap;
        int64_t off = o->mechanic == TB_PRICE_N_FOR ? group - o->amount : plain_rate(cheap, o->ppm, o->rounding);
        total += larger(off, 0);
    }
    return total;
}

static int64_t groups_bound(struct plain *c, const struct tb_offer *o, const struct plain_state *s, uint32_t need,
                            bool overall, uint64_t before)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    int64_t cheapest = 0;
    int64_t total = 0;
    if (o->same_line) {
        uint32_t groups = 0;
        for (uint32_t from = 0; from < n;) {
            uint32_t to = from;
            while (to < n && c->line[c->pick[to]] == c->line[c->pick[from]])
                to++;
            plain_sort(c->pick + from, to - from, s->left);
            for (uint32_t at = from; to - at >= need; at += need, groups++) {
                c->group[groups] = groups;
                c->value[groups] = group_bound(o, s, c->pick + at, need, need, 1, &cheapest);
            }
            from = to;
        }
        return plain_greatest(c->group, groups, o->max_applications, c->value);
    }
    plain_sort(c->pick, n, s->left);
    total = group_bound(o, s, c->pick, n, need, o->max_applications ? o->max_applications : UINT32_MAX, &cheapest);
    if (!overall)
        return total;
    uint32_t times = o->max_applications && o->max_applications < n / need ? o->max_applications : n / need;
    cheapest = smaller(cheapest, cheapest_later(c, s, n, before, NULL, false, times * o->get));
    return plain_rate(cheapest, o->ppm, o->rounding);
}

static int64_t buy_get_bound(struct plain *c, const struct tb_offer *o, const struct plain_state *s, uint64_t before)
{
    uint32_t x = plain_scope(c, o, s, o->scope, c->pick);
    uint32_t all = x;
    uint32_t y = plain_scope(c, o, s, o->scope_y, c->pick);
    for (uint32_t i = 0; i < y; i++)
        all += !plain_in(o->scope, c->line[c->pick[i]]);
    uint32_t times = x / o->need;
    times = y / o->get < times ? y / o->get : times;
    times = all / (o->need + o->get) < times ? all / (o->need + o->get) : times;
    if (o->max_applications && o->max_applications < times)
        times = o->max_applications;
    if (times == 0)
        return 0;
    int64_t given = cheapest_later(c, s, y, before, o->scope, true, times * o->get);
    given = smaller(given, plain_greatest(c->pick, y, times * o->get, s->left));
    return plain_rate(given, o->ppm, o->rounding);
}

/* The k-th bundle is at most the k-th batch of every slot taken for itself. */
int64_t plain_bundle(struct plain *c, const struct tb_offer *o, const struct plain_state *s, bool first)
{
    uint32_t times = o->max_applications ? o->max_applications : UINT32_MAX;
    for (uint32_t t = 0; t < o->slot_n; t++) {
        uint32_t n = plain_scope(c, o, s, o->slot[t].scope, c->pick);
        times = n / o->slot[t].count < times ? n / o->slot[t].count : times;
    }
    times = first && times > 1 ? 1 : times;
    for (uint32_t k = 0; k < times; k++)
        c->rest[k] = 0;
    for (uint32_t t = 0; t < o->slot_n; t++) {
        uint32_t n = plain_scope(c, o, s, o->slot[t].scope, c->pick);
        plain_sort(c->pick, n, s->left);
        for (uint32_t i = 0; i < times * o->slot[t].count; i++)
            c->rest[i / o->slot[t].count] += s->left[c->pick[i]];
    }
    int64_t total = 0;
    for (uint32_t k = 0; k < times; k++)
        total += larger(c->rest[k] - (first ? 0 : o->amount), 0);
    return total;
}

static int64_t each_bound(struct plain *c, const struct tb_offer *o, const struct plain_state *s)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t u = c->pick[i];
        int64_t off = o->amount;
        if (o->mechanic != TB_PRICE_AMOUNT_EACH) {
            int64_t price = plain_price_of(c, o, c->line[u]);
            off = price < 0 ? 0 : (o->initial ? c->list[u] : s->left[u]) - price;
        }
        c->value[u] = larger(0, smaller(off, s->left[u]));
    }
    return plain_greatest(c->pick, n, o->max_units, c->value);
}

static int64_t goods_bound(struct plain *c, const struct tb_offer *o, const struct plain_state *s, uint64_t before)
{
    uint32_t n = plain_scope(c, o, s, o->scope, c->pick);
    int64_t all = plain_greatest(c->pick, n, 0, s->left);
    int64_t top = plain_greatest(c->pick, n, o->max_units, s->left);
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
        return smaller(o->amount, top);
    case TB_PRICE_PERCENT:
        return smaller(top, plain_rate(o->initial ? plain_greatest(c->pick, n, o->max_units, c->list) : top, o->ppm,
                                       o->rounding));
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
        return each_bound(c, o, s);
    case TB_PRICE_LADDER:
        return ladder_bound(o, all, n);
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
        return groups_bound(c, o, s, o->need, o->overall, before);
    case TB_PRICE_BUY_GET:
        return plain_one_scope(c, o) ? groups_bound(c, o, s, o->need + o->get, true, before)
                                     : buy_get_bound(c, o, s, before);
    case TB_PRICE_BUNDLE:
        return plain_bundle(c, o, s, false);
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        return 0;
    }
    return 0;
}

static int64_t capped(struct plain *c, const struct tb_offer *o, const struct plain_state *s, int64_t most)
{
    int64_t units = 0;
    int64_t lines = 0;
    for (uint32_t i = 0; i < c->basket->line_n; i++)
        c->room[i] = o->cap_line;
    for (uint32_t u = 0; u < c->part_n; u++) {
        uint32_t line = c->line[u];
        bool in = plain_in(o->scope, line) || (o->mechanic == TB_PRICE_BUY_GET && plain_in(o->scope_y, line));
        if (!in || (o->one_per_product && s->taken[u]))
            continue;
        units += smaller(s->left[u], o->cap_unit);
        int64_t part = smaller(s->left[u], c->room[line]);
        c->room[line] -= part;
        lines += part;
    }
    most = o->cap_unit ? smaller(most, units) : most;
    most = o->cap_line ? smaller(most, lines) : most;
    most = o->cap_order ? smaller(most, o->cap_order) : most;
    return o->budget_rule == TB_PRICE_NO_BUDGET ? most : smaller(most, o->budget);
}

/* What i saves in s as it is. */
static int64_t exact(struct plain *c, uint32_t i, const struct plain_state *s)
{
    struct plain_state now = plain_state_at(c, c->n + 1);
    bool in_force;
    plain_copy(c, s, &now);
    int64_t saving = plain_apply(c, &c->offer[i], &now, &in_force);
    return in_force ? plain_key(&c->offer[i], saving) : 0;
}

int64_t plain_most(struct plain *c, uint32_t i, const struct plain_state *s, uint64_t before)
{
    const struct tb_offer *o = &c->offer[i];
    if (before == 0)
        return exact(c, i, s);
    if (!plain_gate(c, o, s))
        return 0;
    int64_t most;
    if (o->level == TB_PRICE_SHIPPING && !plain_perk(o)) {
        most = o->amount;
        if (o->mechanic == TB_PRICE_PERCENT)
            most = plain_rate(s->shipping, o->ppm, o->rounding);
        if (o->mechanic == TB_PRICE_FIXED)
            most = larger(s->shipping - o->amount, 0);
        most = smaller(most, s->shipping);
    } else {
        most = goods_bound(c, o, s, before);
    }
    return plain_key(o, capped(c, o, s, most));
}
