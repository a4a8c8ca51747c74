// SPDX-License-Identifier: Apache-2.0
/* Parts in scope, their orders, and the spread by largest remainder.
 *
 * Invariant: a spread adds up to its total and gives no part more than its weight.          */
#include "core/price/price_int.h"

#include <string.h>

#define FEW 24

static void put(struct tb_picks *v, const struct tb_run *r, uint32_t run, uint16_t mark)
{
    struct tb_pick *k = &v->at[v->n++];
    k->left = r->left;
    k->list = r->list;
    k->each = 0;
    k->run = run;
    k->line = r->line;
    k->first = r->first;
    k->n = r->n;
    k->mark = mark;
    if (mark == 2)
        return;
    v->sum += r->left * r->n;
    v->count += r->n;
}

/* mark: 1 in scope, 2 in scope_y. The sums are those of scope. */
void tb_price_gather(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *s)
{
    struct tb_picks *v = &p->pick;
    v->n = 0;
    v->sum = 0;
    v->count = 0;
    v->moved = false;
    bool two = o->mechanic == TB_PRICE_BUY_GET;
    if (o->scope == NULL && !two) {
        for (uint32_t i = 0; i < s->run_n; i++)
            if (!(s->run[i].taken && tb_price_takes(o)))
                put(v, &s->run[i], i, 1);
        return;
    }
    uint32_t line_n = p->basket->line_n;
    for (uint32_t w = 0; w * 64 < line_n; w++) {
        uint64_t word = tb_price_word(line_n, w);
        uint64_t x = o->scope == NULL ? word : o->scope[w] & word;
        uint64_t y = !two ? 0 : o->scope_y == NULL ? word : o->scope_y[w] & word;
        for (uint64_t m = x | y; m != 0; m &= m - 1) {
            uint32_t line = w * 64 + (uint32_t)__builtin_ctzll(m);
            bool buys = (x & m & -m) != 0;
            uint16_t mark = (uint16_t)(buys | ((y & m & -m) != 0) << 1);
            for (uint32_t i = s->at[line]; i < s->at[line + 1]; i++)
                if (!(s->run[i].taken && tb_price_takes(o)))
                    put(v, &s->run[i], i, mark);
        }
    }
    tb_assert(v->n <= v->max);
}

void tb_price_sum(struct tb_price_plan *p, const struct tb_offer *o, const struct tb_price_state *s)
{
    int64_t sum = 0;
    uint32_t count = 0;
    uint32_t runs = 0;
    uint32_t line_n = p->basket->line_n;
    for (uint32_t w = 0; w * 64 < line_n; w++) {
        uint64_t word = tb_price_word(line_n, w);
        for (uint64_t m = o->scope == NULL ? word : o->scope[w] & word; m != 0; m &= m - 1) {
            uint32_t line = w * 64 + (uint32_t)__builtin_ctzll(m);
            for (uint32_t i = s->at[line]; i < s->at[line + 1]; i++) {
                const struct tb_run *r = &s->run[i];
                if (r->taken && tb_price_takes(o))
                    continue;
                sum += r->left * r->n;
                count += r->n;
                runs++;
            }
        }
    }
    p->pick.n = runs;
    p->pick.sum = sum;
    p->pick.count = count;
    p->pick.moved = false;
}

void tb_price_tally(struct tb_price_state *s)
{
    s->goods = 0;
    s->count = 0;
    for (uint32_t i = 0; i < s->run_n; i++) {
        s->goods += s->run[i].left * s->run[i].n;
        s->count += s->run[i].n;
    }
}

static bool placed_before(const struct tb_pick *a, const struct tb_pick *b)
{
    return a->line != b->line ? a->line < b->line : a->first < b->first;
}

static bool before(const struct tb_pick *a, const struct tb_pick *b, enum tb_pick_order order)
{
    switch (order) {
    case TB_PICK_PLACE:
        break;
    case TB_PICK_LINE_TOP:
        if (a->line != b->line)
            return a->line < b->line;
        if (a->left != b->left)
            return a->left > b->left;
        break;
    case TB_PICK_TOP:
        if (a->left != b->left)
            return a->left > b->left;
        break;
    case TB_PICK_LIST:
        if (a->list != b->list)
            return a->list > b->list;
        break;
    case TB_PICK_EACH:
        if (a->each != b->each)
            return a->each > b->each;
        break;
    case TB_PICK_REST:
        if (a->rest != b->rest)
            return a->rest > b->rest;
        break;
    }
    return placed_before(a, b);
}

static void sift(struct tb_pick *at, uint32_t root, uint32_t n, enum tb_pick_order order)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= n)
            return;
        if (child + 1 < n && before(&at[child], &at[child + 1], order))
            child++;
        if (!before(&at[root], &at[child], order))
            return;
        struct tb_pick swap = at[root];
        at[root] = at[child];
        at[child] = swap;
        root = child;
    }
}

static void sort_many(struct tb_pick *at, uint32_t n, enum tb_pick_order order)
{
    for (uint32_t i = n / 2; i > 0; i--)
        sift(at, i - 1, n, order);
    for (uint32_t i = n; i > 1; i--) {
        struct tb_pick swap = at[0];
        at[0] = at[i - 1];
        at[i - 1] = swap;
        sift(at, 0, i - 1, order);
    }
}

/* Sorts the picks from `from` on. */
void tb_price_sort(struct tb_picks *v, uint32_t from, enum tb_pick_order order)
{
    tb_assert(from <= v->n);
    struct tb_pick *at = v->at + from;
    uint32_t n = v->n - from;
    v->moved = order != TB_PICK_PLACE;
    if (n > FEW) {
        sort_many(at, n, order);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        if (!before(&at[i], &at[i - 1], order))
            continue;
        struct tb_pick one = at[i];
        uint32_t k = i;
        for (; k > 0 && before(&one, &at[k - 1], order); k--)
            at[k] = at[k - 1];
        at[k] = one;
    }
}

void tb_price_weigh(struct tb_picks *v, uint32_t from, bool by_share)
{
    for (uint32_t i = from; i < v->n; i++)
        v->at[i].weight = by_share ? v->at[i].each : v->at[i].left;
}

/* The first `n` pieces of pick i get one unit more; the others become a pick of their own after it. */
static void split_pick(struct tb_picks *v, uint32_t i, uint32_t n)
{
    tb_assert(v->n < v->max && n < v->at[i].n);
    memmove(&v->at[i + 1], &v->at[i], (v->n - i) * sizeof v->at[0]);
    v->n++;
    v->at[i].n = (uint16_t)n;
    v->at[i + 1].n = (uint16_t)(v->at[i + 1].n - n);
    v->at[i + 1].first = (uint16_t)(v->at[i + 1].first + n);
}

static void one_more(struct tb_picks *v, uint32_t i, int64_t *left_over)
{
    if (v->at[i].n > *left_over)
        split_pick(v, i, (uint32_t)*left_over);
    v->at[i].each++;
    *left_over -= v->at[i].n;
}

/* The leftover units, one each, to the greatest remainders. */
static void leftover(struct tb_picks *v, uint32_t from, int64_t left_over)
{
    if (v->n - from > FEW) {
        tb_price_sort(v, from, TB_PICK_REST);
        for (uint32_t i = from; left_over > 0; i++)
            one_more(v, i, &left_over);
        return;
    }
    while (left_over > 0) {
        uint32_t best = from;
        for (uint32_t i = from + 1; i < v->n; i++)
            if (v->at[i].rest >= 0 && before(&v->at[i], &v->at[best], TB_PICK_REST))
                best = i;
        one_more(v, best, &left_over);
        v->at[best].rest = -1;
    }
}

/* Spreads total over the picks from `from` on by their weights; 0 <= total <= sum of weights, > 0. */
void tb_price_spread(struct tb_picks *v, uint32_t from, int64_t total)
{
    int64_t sum = 0;
    for (uint32_t i = from; i < v->n; i++)
        sum += v->at[i].weight * v->at[i].n;
    tb_assert(total >= 0 && total <= sum && sum > 0);
    struct tb_price_divisor by = tb_price_divisor(sum);
    int64_t given = 0;
    for (uint32_t i = from; i < v->n; i++) {
        struct tb_pick *k = &v->at[i];
        k->each = tb_price_divide(by, total, k->weight, &k->rest);
        given += k->each * k->n;
    }
    if (given < total)
        leftover(v, from, total - given);
}

uint32_t tb_price_groups_max(const struct tb_offer *o)
{
    return o->max_applications != 0 ? o->max_applications : UINT32_MAX;
}
