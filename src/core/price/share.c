// SPDX-License-Identifier: Apache-2.0
/* What a part of a line carries when it comes back, and what the kept rest costs.
 *
 * Invariant: parts cumulate, so any series of returns that ends with the whole line ends with the whole
 * share of every offer and the whole net.                                                          */
#include "core/price/price_int.h"

static int64_t cumulated(int64_t whole, int64_t quantity, int64_t of)
{
    int64_t part = 0;
    bool fits = tb_mul_div(whole, quantity, of, TB_ROUND_HALF_UP, &part);
    tb_assert(fits);
    return part;
}

/* What the pieces [0, n) of a line cost by list. */
static int64_t list_until(const struct tb_basket_line *l, int64_t n)
{
    int64_t pieces = l->quantity / 1000;
    int64_t high = l->amount % pieces;
    return l->amount / pieces * n + (n < high ? n : high);
}

static int64_t overlap(const struct tb_price_share *s, int64_t from, int64_t to)
{
    int64_t low = s->first > from ? s->first : from;
    int64_t high = (int64_t)s->first + s->n < to ? (int64_t)s->first + s->n : to;
    return high > low ? high - low : 0;
}

bool tb_price_return_share(const struct tb_basket *basket, const struct tb_price_result *result, uint32_t line,
                           int64_t before, int64_t after, struct tb_price_back *back, int64_t *share,
                           uint32_t offer_n)
{
    if (line >= basket->line_n)
        return false;
    const struct tb_basket_line *l = &basket->line[line];
    if (before < 0 || after < before || after > l->quantity)
        return false;
    if (!l->whole && (before % 1000 != 0 || after % 1000 != 0))
        return false;
    *back = (struct tb_price_back){0};
    for (uint32_t i = 0; i < offer_n; i++)
        share[i] = 0;
    if (l->quantity == 0)
        return true;
    int64_t shares = 0;
    for (uint32_t i = 0; i < result->share_n; i++) {
        const struct tb_price_share *s = &result->share[i];
        if (s->line != line)
            continue;
        tb_assert(s->offer < offer_n);
        int64_t part = l->whole ? cumulated(s->each, after, l->quantity) - cumulated(s->each, before, l->quantity)
                                : s->each * overlap(s, before / 1000, after / 1000);
        share[s->offer] += part;
        shares += part;
    }
    if (l->whole) {
        int64_t net = result->line[line].net;
        back->net = cumulated(net, after, l->quantity) - cumulated(net, before, l->quantity);
        back->list = back->net + shares;
    } else {
        back->list = list_until(l, after / 1000) - list_until(l, before / 1000);
        back->net = back->list - shares;
    }
    tb_assert(back->net >= 0);
    return true;
}

/* The kept rest as a basket of its own: the last pieces of each line. */
static bool keep(const struct tb_basket *b, const int64_t *kept, struct tb_basket_line *out)
{
    for (uint32_t i = 0; i < b->line_n; i++) {
        const struct tb_basket_line *l = &b->line[i];
        if (kept[i] < 0 || kept[i] > l->quantity || (!l->whole && kept[i] % 1000 != 0))
            return false;
        out[i] = *l;
        out[i].quantity = kept[i];
        out[i].cost = -1;
        int64_t back = l->quantity - kept[i];
        if (kept[i] == 0)
            out[i].amount = 0;
        else if (l->whole)
            out[i].amount -= cumulated(l->amount, back, l->quantity);
        else
            out[i].amount -= list_until(l, back / 1000);
    }
    return true;
}

enum tb_price_answer tb_price_return_reprice(struct tb_price_work *work, const struct tb_basket *basket,
                                             const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                             const int64_t *kept, int64_t paid_goods, int64_t refunded_before,
                                             struct tb_basket_line *scratch, struct tb_price_result *result,
                                             int64_t *refund)
{
    *refund = 0;
    *result = (struct tb_price_result){0};
    if (basket->line_n > TB_PRICE_LINES_MAX)
        return TB_PRICE_TOO_MANY_LINES;
    if (!keep(basket, kept, scratch))
        return TB_PRICE_BAD_LINE;
    struct tb_basket rest = *basket;
    rest.line = scratch;
    struct tb_price_plan p;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&p, work, &rest, offer, offer_n, &at);
    if (a == TB_PRICE_DONE && offer_n < 64 && set >> offer_n != 0)
        a = TB_PRICE_ILLEGAL_SET;
    if (a != TB_PRICE_DONE) {
        result->at = at;
        return a;
    }
    for (uint32_t j = 0; j < p.n; j++) {
        if (p.offer[j]->budget_rule == TB_PRICE_NO_BUDGET)
            continue;
        struct tb_offer *granted = &p.made[p.made_n++];
        *granted = *p.offer[j];
        granted->budget_rule = TB_PRICE_NO_BUDGET;
        p.offer[j] = granted;
    }
    tb_price_settle(&p, tb_price_to_order(&p, set), NULL, result);
    int64_t due = paid_goods - refunded_before - (result->goods_list - result->goods_saving);
    *refund = due > 0 ? due : 0;
    return a;
}
