// SPDX-License-Identifier: Apache-2.0
/* core/promotion/terms.c - which field of an offer its mechanic lacks or does not know.
 *
 * core/price alone decides whether an offer is well-formed (tb_price_check); this names the field for the
 * person who wrote it, by the same rules. */
#include "core/promotion/commands.h"

static bool within(int64_t v, int64_t low, int64_t high)
{
    return v >= low && v <= high;
}

static const char *lacks_group(const struct tb_offer *o)
{
    if (!within(o->ppm, 1, TB_PPM_ALL))
        return "ppm";
    if (o->need < 1)
        return "need";
    bool part = o->mechanic == TB_PRICE_CHEAPEST;
    if (o->get < 1 || (part ? o->get >= o->need : o->need + o->get > TB_PRICE_COUNT_MAX))
        return "get";
    return part && o->overall && o->same_line ? "same_line" : NULL;
}

static const char *lacks(const struct tb_offer *o)
{
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
    case TB_PRICE_AMOUNT_EACH:
        return o->amount > 0 ? NULL : "amount";
    case TB_PRICE_PERCENT:
        return within(o->ppm, 1, TB_PPM_ALL) ? NULL : "ppm";
    case TB_PRICE_FIXED:
        return NULL;
    case TB_PRICE_TABLE:
        return NULL; /* asked before: "prices" */
    case TB_PRICE_LADDER:
        return o->every && o->step_n > 0 && o->step[0].ppm > 0 ? "every" : "steps";
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_BUY_GET:
        return lacks_group(o);
    case TB_PRICE_N_FOR:
        return o->need < 1 ? "need" : NULL;
    case TB_PRICE_BUNDLE:
        return "slots";
    case TB_PRICE_GIFT:
        return o->get < 1 ? "get" : o->every && o->min_amount == 0 ? "min_amount" : NULL;
    case TB_PRICE_POINTS:
        return o->ppm < 1 ? "ppm" : NULL;
    }
    return NULL;
}

static const char *no_shipping(const struct tb_offer *o)
{
    enum tb_price_mechanic m = o->mechanic;
    if (m != TB_PRICE_AMOUNT && m != TB_PRICE_PERCENT && m != TB_PRICE_FIXED)
        return "level";
    return o->initial           ? "initial"
           : o->one_per_product ? "one_per_product"
           : o->cap_unit        ? "cap_unit"
           : o->cap_line        ? "cap_line"
           : o->max_units       ? "max_units"
                                : NULL;
}

static const char *foreign(const struct tb_offer *o)
{
    enum tb_price_mechanic m = o->mechanic;
    bool priced_each = m == TB_PRICE_FIXED || m == TB_PRICE_TABLE;
    bool counted = m == TB_PRICE_AMOUNT || m == TB_PRICE_AMOUNT_EACH || m == TB_PRICE_PERCENT || priced_each;
    bool grouped = m == TB_PRICE_CHEAPEST || m == TB_PRICE_N_FOR || m == TB_PRICE_BUY_GET || m == TB_PRICE_BUNDLE;
    bool stepped = m == TB_PRICE_LADDER || m == TB_PRICE_GIFT;
    bool perk = m == TB_PRICE_GIFT || m == TB_PRICE_POINTS;
    if (o->level == TB_PRICE_SHIPPING && no_shipping(o) != NULL)
        return no_shipping(o);
    if (o->initial && m != TB_PRICE_PERCENT && !priced_each)
        return "initial";
    if (o->every && !stepped)
        return "every";
    if (o->by_pieces && m != TB_PRICE_LADDER)
        return "by_pieces";
    if (o->overall && m != TB_PRICE_CHEAPEST)
        return "overall";
    if (o->same_line && m != TB_PRICE_CHEAPEST && m != TB_PRICE_N_FOR)
        return "same_line";
    if (o->max_units && !counted)
        return "max_units";
    if (o->max_applications && !grouped && !(stepped && o->every))
        return "max_applications";
    if (!perk)
        return o->worth ? "worth" : NULL;
    return o->one_per_product ? "one_per_product" : o->budget_rule != TB_PRICE_NO_BUDGET ? "budget_rule" : NULL;
}

const char *tb_offer_terms_wrong(const struct tb_offer *o)
{
    const char *field = foreign(o);
    if (field == NULL)
        field = lacks(o);
    return field ? field : "mechanic";
}
