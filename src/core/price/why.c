// SPDX-License-Identifier: Apache-2.0
/* Why each offer is in force or not: alone, beside those in force, and with them.
 *
 * Reads the course of the set's price, so what came before an offer is not priced again. */
#include "core/price/price_int.h"

/* Why an offer has no effect in a state. known: what it does there, or NULL. */
static struct tb_price_reason judge(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *s,
                                    const struct tb_effect *known)
{
    const struct tb_offer *o = p->offer[j];
    struct tb_effect e;
    if (known != NULL)
        e = *known;
    else
        tb_price_effect(p, j, s, NULL, &e);
    struct tb_price_reason r = {.why = TB_PRICE_IN_FORCE};
    if (e.in_force)
        return r;
    r.why = TB_PRICE_NO_SAVING;
    uint32_t least_parts = o->mechanic == TB_PRICE_BUNDLE ? 0 : o->need;
    for (uint32_t i = 0; o->mechanic == TB_PRICE_BUNDLE && i < o->slot_n; i++)
        least_parts += o->slot[i].count;
    least_parts = least_parts < o->min_pieces ? o->min_pieces : least_parts;
    if (e.count == 0) {
        r.why = TB_PRICE_NOTHING_IN_SCOPE;
    } else if (e.sum < o->min_amount) {
        r.why = TB_PRICE_BELOW_AMOUNT;
        r.missing = o->min_amount - e.sum;
    } else if (o->mechanic == TB_PRICE_LADDER && e.saving == 0 && e.applications == 0 && e.next_missing > 0) {
        r.why = o->by_pieces ? TB_PRICE_BELOW_PIECES : TB_PRICE_BELOW_AMOUNT;
        r.missing = e.next_missing;
    } else if (e.count < least_parts) {
        r.why = TB_PRICE_BELOW_PIECES;
        r.missing = least_parts - e.count;
    } else if (e.strict_short || (o->budget_rule == TB_PRICE_BUDGET_PARTIAL && o->budget == 0)) {
        r.why = TB_PRICE_BUDGET_SHORT;
        struct tb_offer *whole = &p->made[2 * p->n];
        *whole = *o;
        whole->budget_rule = TB_PRICE_NO_BUDGET;
        p->offer[j] = whole;
        tb_price_effect(p, j, s, NULL, &e);
        p->offer[j] = o;
        r.missing = e.saving - o->budget;
    }
    return r;
}

/* Of its FIRST group, who has an effect alone. */
static uint32_t first_of_group(struct tb_price_plan *p, const struct tb_price_state *start, uint32_t j)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (p->offer[i]->group == p->offer[j]->group && !(p->excluded >> i & 1)) {
            struct tb_effect e;
            tb_price_effect(p, i, start, NULL, &e);
            if (e.in_force)
                return i;
        }
    return j;
}

/* Key of j, and of those in force that come after it, once it is in too. */
static int64_t key_with(struct tb_price_plan *p, const struct tb_price_course *c, const struct tb_price_state *before,
                        uint32_t j)
{
    struct tb_price_state now = *before;
    uint32_t level = p->levels;
    uint64_t other = UINT64_C(1) << j; /* who may find another basket than it did */
    int64_t key = 0;
    p->quick = true;
    for (uint64_t m = (c->in | UINT64_C(1) << j) & ~((UINT64_C(1) << j) - 1); m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctzll(m);
        bool sums = tb_price_unseen(p, k, m & (m - 1));
        if (sums && (other & p->meet[k]) == 0 && ((p->perks | p->shipping) >> k & 1) == 0) {
            key += tb_price_key(p->offer[k], c->saving[k]);
            now = tb_price_sum_state(now, false, c->saving[k]);
            continue;
        }
        other |= m & -m;
        struct tb_price_state next = tb_price_level(p, level);
        struct tb_effect e;
        tb_price_effect(p, k, &now, sums ? NULL : &next, &e);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[k], e.saving);
        if (sums && !(p->perks >> k & 1))
            now = tb_price_sum_state(now, p->shipping >> k & 1, e.saving);
        if (sums)
            continue;
        now = next;
        level = level == p->levels ? level + 1 : p->levels;
    }
    p->quick = false;
    return key;
}

static int64_t key_without(const struct tb_price_plan *p, const struct tb_price_course *c, uint32_t j)
{
    int64_t key = 0;
    for (uint64_t m = c->in & ~((UINT64_C(1) << j) - 1); m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctzll(m);
        key += tb_price_key(p->offer[k], c->saving[k]);
    }
    return key;
}

static struct tb_price_reason reason_of(struct tb_price_plan *p, const struct tb_price_course *c, uint32_t j)
{
    uint64_t bit = UINT64_C(1) << j;
    struct tb_price_reason r = {.why = TB_PRICE_IN_FORCE};
    if (!(p->effective & bit))
        r = judge(p, j, &c->state[0], p->noted & bit ? &p->idle[j] : NULL);
    if (r.why != TB_PRICE_IN_FORCE)
        return r;
    if (p->excluded & bit)
        return (struct tb_price_reason){TB_PRICE_NOT_FIRST, p->origin[first_of_group(p, &c->state[0], j)], 0};
    uint64_t against = p->conflict[j] & c->in;
    if (against == 0 && !tb_price_legal(p, c->in | bit))
        against = c->in & p->coupons;
    if (against != 0)
        return (struct tb_price_reason){TB_PRICE_CONFLICT, p->origin[__builtin_ctzll(against)], 0};
    uint64_t before = c->moved & (bit - 1);
    const struct tb_price_state *s = &c->state[__builtin_popcountll(before)];
    if ((before & p->before[j]) != 0)
        r = judge(p, j, s, NULL);
    if (r.why != TB_PRICE_IN_FORCE)
        return (struct tb_price_reason){TB_PRICE_NO_EFFECT, 0, r.missing};
    int64_t worse = key_without(p, c, j) - key_with(p, c, s, j);
    return (struct tb_price_reason){TB_PRICE_DEARER, 0, (worse + 64) >> TB_KEY_MONEY};
}

void tb_price_reasons(struct tb_price_plan *p, const struct tb_price_course *course, struct tb_price_reason *reason)
{
    for (uint32_t j = 0; j < p->n; j++) {
        struct tb_price_reason none = {TB_PRICE_IN_FORCE, 0, 0};
        reason[p->origin[j]] = course->in >> j & 1 ? none : reason_of(p, course, j);
    }
}

enum tb_price_answer tb_price_explain(struct tb_price_work *work, const struct tb_basket *basket,
                                      const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                      struct tb_price_reason *reason)
{
    struct tb_price_plan p;
    struct tb_price_course course;
    struct tb_price_result result;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&p, work, basket, offer, offer_n, &at);
    if (a != TB_PRICE_DONE)
        return a;
    if (offer_n < 64 && set >> offer_n != 0)
        return TB_PRICE_ILLEGAL_SET;
    uint64_t mask = tb_price_to_order(&p, set);
    if (!tb_price_legal(&p, mask))
        return TB_PRICE_ILLEGAL_SET;
    tb_price_touch(&p);
    tb_price_settle(&p, mask, &course, &result);
    tb_price_reasons(&p, &course, reason);
    return a;
}
