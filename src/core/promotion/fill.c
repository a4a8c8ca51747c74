// SPDX-License-Identifier: Apache-2.0
/* core/promotion/fill.c - what passed eligible.c, as core/price wants it.
 *
 * Invariant: what it gives can be used all at once as far as groups allow: one coupon in two offers is
 * a best-of group of its own, and what limits leave are the offer's own caps. Not here: judging. */
#include "core/promotion/eligible_int.h"

#include <string.h>

/* The most promising come first and stay. */
static void choose(struct tb_judge *j)
{
    if (j->open_n <= TB_PRICE_OFFERS_MAX)
        return;
    for (uint32_t i = 0; i < j->open_n; i++) {
        struct tb_open o = j->open[i];
        uint32_t at = i;
        for (; at > 0 && j->open[at - 1].reach < o.reach; at--)
            j->open[at] = j->open[at - 1];
        j->open[at] = o;
    }
    for (uint32_t i = TB_PRICE_OFFERS_MAX; i < j->open_n; i++)
        tb_judge_refuse(j, j->open[i].trial.v->campaign, (uint32_t)j->open[i].trial.offer->id,
                        j->open[i].coupon.lot, TB_PROMOTION_LEFT_OUT, 0);
    j->open_n = TB_PRICE_OFFERS_MAX;
}

static bool before(const struct tb_open *a, const struct tb_open *b)
{
    if (a->trial.v->sequence != b->trial.v->sequence)
        return a->trial.v->sequence < b->trial.v->sequence;
    if (a->trial.v->campaign != b->trial.v->campaign)
        return a->trial.v->campaign < b->trial.v->campaign;
    return a->coupon.lot < b->coupon.lot;
}

static void sort(struct tb_judge *j)
{
    for (uint32_t i = 1; i < j->open_n; i++) {
        if (!before(&j->open[i], &j->open[i - 1]))
            continue;
        struct tb_open o = j->open[i];
        uint32_t at = i;
        for (; at > 0 && before(&o, &j->open[at - 1]); at--)
            j->open[at] = j->open[at - 1];
        j->open[at] = o;
    }
}

/* It stands in no stacking group. */
static bool plain(const struct tb_trial *x)
{
    return x->v->group.n == 0 && x->v->group_rule == TB_PRICE_STACKABLE;
}

static bool same_coupon(const struct tb_open *a, const struct tb_open *b)
{
    return a->coupon.unit != 0 && b->coupon.unit != 0 && a->coupon.lot == b->coupon.lot;
}

/* Their groups already keep them from standing in one set. */
static bool apart(const struct tb_judge *j, const struct tb_open *a, const struct tb_open *b)
{
    const struct tb_offer_version *x = a->trial.v;
    const struct tb_offer_version *y = b->trial.v;
    if (x->group_rule == TB_PRICE_EXCLUSIVE || y->group_rule == TB_PRICE_EXCLUSIVE)
        return true;
    if (plain(&a->trial) || plain(&b->trial))
        return plain(&a->trial) && plain(&b->trial); /* coupon_group */
    return (x->group_rule != TB_PRICE_STACKABLE || y->group_rule != TB_PRICE_STACKABLE) && x->group.n != 0 &&
           tb_str_eq(tb_config_text(j->t, a->trial.offer, x->group), tb_config_text(j->t, b->trial.offer, y->group));
}

/* A coupon that two offers of different groups take is tried with the one of greater reach. */
static void drop_twins(struct tb_judge *j)
{
    if (j->coupon_n == 0)
        return;
    for (uint32_t i = 1; i < j->open_n; i++)
        for (uint32_t k = 0; k < i; k++) {
            struct tb_open *a = &j->open[k];
            struct tb_open *b = &j->open[i];
            if (!same_coupon(a, b) || apart(j, a, b))
                continue;
            uint32_t out = a->reach >= b->reach ? i : k;
            tb_judge_refuse(j, j->open[out].trial.v->campaign, (uint32_t)j->open[out].trial.offer->id,
                            j->open[out].coupon.lot, TB_PROMOTION_LEFT_OUT, 0);
            memmove(&j->open[out], &j->open[out + 1], (j->open_n - out - 1) * sizeof *j->open);
            j->open_n--;
            i--;
            break;
        }
}

static uint32_t new_group(struct tb_promotion_set *out, enum tb_price_rule rule)
{
    if (out->group_n == TB_PRICE_GROUPS_MAX)
        return 0;
    out->group[out->group_n] = rule;
    return out->group_n++;
}

/* Offers without a group that take one and the same coupon: at most one of them. */
static uint32_t coupon_group(struct tb_judge *j, uint32_t upto)
{
    if (j->open[upto].coupon.unit == 0)
        return 0;
    for (uint32_t i = 0; i < upto; i++)
        if (plain(&j->open[i].trial) && same_coupon(&j->open[i], &j->open[upto]))
            return j->out->offer[i].group;
    for (uint32_t i = upto + 1; i < j->open_n; i++)
        if (plain(&j->open[i].trial) && same_coupon(&j->open[i], &j->open[upto]))
            return new_group(j->out, TB_PRICE_BEST_OF);
    return 0;
}

/* Number of the offer's stacking group; a stricter rule for the same name wins. 0 = none. */
static uint32_t group_number(struct tb_judge *j, uint32_t upto)
{
    const struct tb_trial *x = &j->open[upto].trial;
    struct tb_str name = tb_config_text(j->t, x->offer, x->v->group);
    struct tb_promotion_set *out = j->out;
    uint32_t found = 0;
    if (plain(x))
        return coupon_group(j, upto);
    for (uint32_t i = 0; i < upto && found == 0 && name.n; i++) {
        const struct tb_trial *y = &j->open[i].trial;
        if (tb_str_eq(tb_config_text(j->t, y->offer, y->v->group), name))
            found = out->offer[i].group;
    }
    for (uint32_t i = 0; i < upto && found == 0 && name.n == 0; i++)
        if (j->open[i].trial.v->campaign == x->v->campaign)
            found = out->offer[i].group; /* a rule without a name: among its own coupons */
    if (found == 0)
        found = new_group(out, TB_PRICE_STACKABLE);
    if (found && (enum tb_price_rule)x->v->group_rule > out->group[found])
        out->group[found] = (enum tb_price_rule)x->v->group_rule;
    return found;
}

static uint64_t *slot_bits(struct tb_judge *j, const struct tb_trial *x, uint32_t slot)
{
    uint64_t *bits = TB_NEW_ARRAY(j->t->scratch, uint64_t, tb_judge_words(j));
    tb_assert(bits != NULL);
    (void)tb_judge_scope(j, x, slot, bits);
    return bits;
}

static const int64_t *price_table(struct tb_judge *j, const struct tb_trial *x)
{
    uint32_t line_n = j->ask->order->line_n;
    int64_t *price = TB_NEW_ARRAY(j->t->scratch, int64_t, line_n + 1);
    tb_assert(price != NULL);
    const struct tb_offer_price *row = tb_section(j->t, x->offer, TB_OFFER_PRICE);
    for (uint32_t i = 0; i < line_n; i++) {
        uint32_t low = 0;
        uint32_t high = x->offer->n[TB_OFFER_PRICE];
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (row[middle].product < j->ask->product[i])
                low = middle + 1;
            else
                high = middle;
        }
        bool listed = low < x->offer->n[TB_OFFER_PRICE] && row[low].product == j->ask->product[i];
        price[i] = listed && j->ask->product[i] ? row[low].price : -1;
    }
    return price;
}

/* Every line is in: core/price need not look which are. */
static bool on_all(const struct tb_judge *j, const struct tb_trial *x)
{
    uint32_t n = j->ask->order->line_n;
    for (uint32_t i = 0; i < n; i += 64) {
        uint64_t word = n - i >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - i)) - 1;
        if ((x->scope[i / 64] & word) != word)
            return false;
    }
    return true;
}

static void fill_scopes(struct tb_judge *j, const struct tb_trial *x, struct tb_offer *o)
{
    bool parts = o->mechanic == TB_PRICE_BUNDLE || o->mechanic == TB_PRICE_BUY_GET || o->mechanic == TB_PRICE_POINTS;
    o->scope = !parts && on_all(j, x) ? NULL : x->scope;
    if (o->mechanic == TB_PRICE_BUY_GET)
        o->scope_y = tb_offer_has_slot(j->t, x->offer, TB_SCOPE_SLOT_Y) ? slot_bits(j, x, TB_SCOPE_SLOT_Y) : o->scope;
    if (o->mechanic == TB_PRICE_TABLE)
        o->line_price = price_table(j, x);
    for (uint32_t s = 0; s < o->slot_n; s++) {
        uint64_t *bits = slot_bits(j, x, TB_SCOPE_SLOT_BUNDLE + s);
        o->slot[s].scope = bits;
        for (uint32_t w = 0; w < tb_judge_words(j); w++)
            x->scope[w] |= bits[w];
    }
}

static uint32_t least(uint32_t cap, int64_t left)
{
    return left != INT64_MAX && (cap == 0 || left < (int64_t)cap) ? (uint32_t)left : cap;
}

/* What limits leave becomes the offer's own caps, as far as its mechanic knows them. */
static void fill_bounds(const struct tb_trial *x, struct tb_offer *o)
{
    bool perk = o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS;
    bool counted = o->mechanic <= TB_PRICE_TABLE && o->level != TB_PRICE_SHIPPING;
    bool repeated = o->mechanic >= TB_PRICE_CHEAPEST && o->mechanic <= TB_PRICE_BUNDLE;
    if (x->budget != INT64_MAX && !perk) {
        o->budget_rule = x->v->budget_rule ? (enum tb_price_budget)x->v->budget_rule : TB_PRICE_BUDGET_PARTIAL;
        o->budget = x->budget < TB_PRICE_MONEY_MAX ? x->budget : TB_PRICE_MONEY_MAX;
    }
    int64_t times = x->pieces == INT64_MAX ? INT64_MAX : x->pieces / tb_offer_group_pieces(x->v);
    if (counted)
        o->max_units = least(o->max_units, x->pieces);
    else if (repeated || (o->mechanic == TB_PRICE_GIFT && o->every))
        o->max_applications = least(o->max_applications, times > TB_PRICE_COUNT_MAX ? INT64_MAX : times);
    o->min_amount = x->min_amount;
    if (x->formed)
        tb_offer_set_term(o, x->term);
}

int64_t tb_offer_group_pieces(const struct tb_offer_version *v)
{
    int64_t sum = 0;
    switch ((enum tb_price_mechanic)v->mechanic) {
    case TB_PRICE_GIFT:
        return v->get;
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
        return v->need;
    case TB_PRICE_BUY_GET:
        return (int64_t)v->need + v->get;
    case TB_PRICE_BUNDLE:
        for (uint32_t i = 0; i < v->slots; i++)
            sum += v->slot_count[i];
        return sum;
    case TB_PRICE_AMOUNT:
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_PERCENT:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
    case TB_PRICE_LADDER:
    case TB_PRICE_POINTS:
        break;
    }
    return 1;
}

void tb_offer_set_term(struct tb_offer *o, int64_t term)
{
    if (tb_offer_has_rate(o->mechanic))
        o->ppm = term;
    else
        o->amount = term;
}

static void fill(struct tb_judge *j)
{
    struct tb_promotion_set *out = j->out;
    out->offer = tb_arena_take(j->t->scratch, (j->open_n + 1) * sizeof *out->offer); /* all are written */
    out->found = tb_arena_take(j->t->scratch, (j->open_n + 1) * sizeof *out->found);
    out->group = tb_arena_take(j->t->scratch, TB_PRICE_GROUPS_MAX * sizeof *out->group);
    tb_assert(out->offer != NULL && out->found != NULL && out->group != NULL);
    out->group[0] = TB_PRICE_STACKABLE;
    out->group_n = 1;
    for (uint32_t i = 0; i < j->open_n; i++) {
        const struct tb_open *p = &j->open[i];
        const struct tb_offer_version *v = p->trial.v;
        struct tb_offer *o = &out->offer[i];
        tb_offer_terms(j->t, p->trial.offer, o);
        o->group = group_number(j, i);
        fill_scopes(j, &p->trial, o);
        fill_bounds(&p->trial, o);
        if (p->coupon.unit)
            o->expires_ms = p->coupon.due_ms;
        if (v->coupons_max && (out->coupons_max == 0 || v->coupons_max < out->coupons_max))
            out->coupons_max = v->coupons_max;
        out->found[i] = (struct tb_promotion_found){.offer = (uint32_t)p->trial.offer->id,
                                                    .campaign = v->campaign,
                                                    .version = v->version,
                                                    .budget = v->budget,
                                                    .coupon = p->coupon,
                                                    .formula = p->trial.formed ? p->trial.term + 1 : 0,
                                                    .gift_product = v->gift_product,
                                                    .gift_unit = v->gift_unit,
                                                    .to_referrer = v->flags & TB_OFFER_TO_REFERRER};
    }
    out->n = j->open_n;
}

void tb_judge_fill(struct tb_judge *j)
{
    drop_twins(j);
    choose(j);
    sort(j);
    fill(j);
}
