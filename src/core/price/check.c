// SPDX-License-Identifier: Apache-2.0
/* What a caller may get wrong in a basket or an offer: every range and every contradiction. */
#include "core/price/price_int.h"

static bool within(int64_t v, int64_t low, int64_t high)
{
    return v >= low && v <= high;
}

/* Parts of a line, or -1. A line with neither quantity nor amount has no parts. */
static int64_t parts_of(const struct tb_basket_line *l)
{
    if (!within(l->amount, 0, TB_PRICE_MONEY_MAX) || !within(l->quantity, 0, INT64_C(1) << 50))
        return -1;
    if (l->quantity == 0)
        return l->amount == 0 ? 0 : -1;
    if (l->whole)
        return 1;
    return l->quantity % 1000 == 0 ? l->quantity / 1000 : -1;
}

static bool ladder_ok(const struct tb_offer *o)
{
    if (o->step_n < 1 || o->step_n > TB_PRICE_STEPS_MAX)
        return false;
    bool rates = o->step[0].ppm > 0;
    if (rates && o->every)
        return false;
    for (uint32_t i = 0; i < o->step_n; i++) {
        const struct tb_price_step *s = &o->step[i];
        if (!within(s->at, 1, TB_PRICE_MONEY_MAX) || !within(s->off, rates ? 0 : 1, rates ? 0 : TB_PRICE_MONEY_MAX) ||
            !within(s->ppm, rates ? 1 : 0, rates ? TB_PPM_ALL : 0))
            return false;
        if (i > 0 && (s->at <= s[-1].at || s->off < s[-1].off || s->ppm < s[-1].ppm))
            return false;
    }
    return true;
}

static bool bundle_ok(const struct tb_basket *b, const struct tb_offer *o)
{
    if (o->slot_n < 1 || o->slot_n > TB_PRICE_SLOTS_MAX || o->scope == NULL)
        return false;
    for (uint32_t s = 0; s < o->slot_n; s++)
        if (o->slot[s].scope == NULL || !within(o->slot[s].count, 1, TB_PRICE_COUNT_MAX))
            return false;
    for (uint32_t line = 0; line < b->line_n; line++) {
        bool any = false;
        for (uint32_t s = 0; s < o->slot_n; s++)
            any = any || tb_price_in(o->slot[s].scope, line);
        if (any != tb_price_in(o->scope, line))
            return false;
    }
    return true;
}

static bool table_ok(const struct tb_basket *b, const struct tb_offer *o)
{
    if (o->line_price == NULL)
        return false;
    for (uint32_t line = 0; line < b->line_n; line++)
        if (o->line_price[line] > TB_PRICE_MONEY_MAX)
            return false;
    return true;
}

static bool mechanic_ok(const struct tb_basket *b, const struct tb_offer *o)
{
    bool rate = within(o->ppm, 1, TB_PPM_ALL);
    bool group = within(o->need, 1, TB_PRICE_COUNT_MAX) && within(o->get, 0, TB_PRICE_COUNT_MAX);
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
    case TB_PRICE_AMOUNT_EACH:
        return o->amount > 0;
    case TB_PRICE_PERCENT:
        return rate;
    case TB_PRICE_FIXED:
        return true;
    case TB_PRICE_TABLE:
        return table_ok(b, o);
    case TB_PRICE_LADDER:
        return ladder_ok(o);
    case TB_PRICE_CHEAPEST:
        return rate && group && o->get >= 1 && o->get < o->need && !(o->overall && o->same_line);
    case TB_PRICE_N_FOR:
        return group;
    case TB_PRICE_BUY_GET:
        return rate && group && o->get >= 1 && o->need + o->get <= TB_PRICE_COUNT_MAX;
    case TB_PRICE_BUNDLE:
        return bundle_ok(b, o);
    case TB_PRICE_GIFT:
        return within(o->get, 1, TB_PRICE_COUNT_MAX) && (!o->every || o->min_amount > 0);
    case TB_PRICE_POINTS:
        return within(o->ppm, 1, INT64_C(1000) * TB_PPM_ALL);
    }
    return false;
}

/* A field that its mechanic does not know is a mistake, not a no-op. */
static bool flags_ok(const struct tb_offer *o)
{
    enum tb_price_mechanic m = o->mechanic;
    bool priced_each = m == TB_PRICE_FIXED || m == TB_PRICE_TABLE;
    bool counted = m == TB_PRICE_AMOUNT || m == TB_PRICE_AMOUNT_EACH || m == TB_PRICE_PERCENT || priced_each;
    bool grouped = m == TB_PRICE_CHEAPEST || m == TB_PRICE_N_FOR || m == TB_PRICE_BUY_GET || m == TB_PRICE_BUNDLE;
    bool stepped = m == TB_PRICE_LADDER || m == TB_PRICE_GIFT;
    bool perk = tb_price_is_perk(o);
    if (o->level == TB_PRICE_SHIPPING) {
        bool known = m == TB_PRICE_AMOUNT || m == TB_PRICE_PERCENT || m == TB_PRICE_FIXED;
        if (!known || o->initial || o->one_per_product || o->cap_unit || o->cap_line || o->max_units)
            return false;
    }
    if ((o->initial && m != TB_PRICE_PERCENT && !priced_each) || (o->every && !stepped) ||
        (o->by_pieces && m != TB_PRICE_LADDER) || (o->overall && m != TB_PRICE_CHEAPEST) ||
        (o->same_line && m != TB_PRICE_CHEAPEST && m != TB_PRICE_N_FOR))
        return false;
    if ((o->max_units && !counted) || (o->max_applications && !grouped && !(stepped && o->every)))
        return false;
    return perk ? !o->one_per_product && o->budget_rule == TB_PRICE_NO_BUDGET : o->worth == 0;
}

/* Amounts, each at most TB_PRICE_MONEY_MAX, a power of two: what all of them are below, each of them is. */
static bool amounts_ok(const struct tb_offer *o)
{
    uint64_t any = (uint64_t)o->amount | (uint64_t)o->min_amount | (uint64_t)o->cap_unit | (uint64_t)o->cap_line |
                   (uint64_t)o->cap_order | (uint64_t)o->budget;
    return any < (uint64_t)TB_PRICE_MONEY_MAX ||
           (within(o->amount, 0, TB_PRICE_MONEY_MAX) && within(o->min_amount, 0, TB_PRICE_MONEY_MAX) &&
            within(o->cap_unit, 0, TB_PRICE_MONEY_MAX) && within(o->cap_line, 0, TB_PRICE_MONEY_MAX) &&
            within(o->cap_order, 0, TB_PRICE_MONEY_MAX) && within(o->budget, 0, TB_PRICE_MONEY_MAX));
}

static bool offer_ok(const struct tb_basket *b, const struct tb_offer *o)
{
    return (uint32_t)o->mechanic <= TB_PRICE_POINTS && (uint32_t)o->level <= TB_PRICE_SHIPPING &&
           (uint32_t)o->coupon <= TB_PRICE_SINGLE && (uint32_t)o->budget_rule <= TB_PRICE_BUDGET_STRICT &&
           (uint32_t)o->rounding <= TB_ROUND_UP && o->group < TB_PRICE_GROUPS_MAX &&
           amounts_ok(o) && within(o->worth, 0, TB_PRICE_WORTH_MAX) && o->max_applications <= TB_PRICE_COUNT_MAX &&
           flags_ok(o) && mechanic_ok(b, o);
}

enum tb_price_answer tb_price_check(const struct tb_basket *b, const struct tb_offer *offer, uint32_t offer_n,
                                    uint32_t *parts, uint32_t *at)
{
    *at = 0;
    if (b->line_n > TB_PRICE_LINES_MAX)
        return TB_PRICE_TOO_MANY_LINES;
    if (offer_n > TB_PRICE_OFFERS_MAX)
        return TB_PRICE_TOO_MANY_OFFERS;
    int64_t total = b->shipping;
    int64_t all = 0;
    *at = b->line_n;
    if (!within(b->shipping, 0, TB_PRICE_MONEY_MAX))
        return TB_PRICE_BAD_LINE;
    for (uint32_t i = 0; i < b->line_n; i++) {
        int64_t n = parts_of(&b->line[i]);
        *at = i;
        if (n < 0 || b->line[i].amount > TB_PRICE_MONEY_MAX - total)
            return TB_PRICE_BAD_LINE;
        total += b->line[i].amount;
        all += n > TB_PRICE_PARTS_MAX ? TB_PRICE_PARTS_MAX + 1 : n;
    }
    if (all > TB_PRICE_PARTS_MAX)
        return TB_PRICE_TOO_MANY_PARTS;
    *parts = (uint32_t)all;
    for (uint32_t i = 0; i < offer_n; i++) {
        *at = i;
        if (!offer_ok(b, &offer[i]))
            return TB_PRICE_BAD_OFFER;
    }
    *at = 0;
    return TB_PRICE_DONE;
}
