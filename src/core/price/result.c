// SPDX-License-Identifier: Apache-2.0
/* The price of a given set with every share, the greedy price for comparison, and the reasons. */
#include "core/price/price_int.h"

static void note_shares(struct tb_price_plan *p, uint32_t origin, const struct tb_picks *v,
                        struct tb_price_share *share, uint32_t *share_n)
{
    for (uint32_t i = 0; i < v->n; i++) {
        const struct tb_pick *k = &v->at[i];
        if (k->each == 0)
            continue;
        tb_assert(*share_n < p->share_max);
        p->line[k->line].saving += k->each * k->n;
        share[(*share_n)++] = (struct tb_price_share){k->each, k->line, k->first, k->n, (uint8_t)origin};
    }
}

static void close_lines(struct tb_price_plan *p, struct tb_price_result *r)
{
    const struct tb_basket *b = p->basket;
    for (uint32_t i = 0; i < b->line_n; i++) {
        struct tb_price_line *l = &p->line[i];
        l->net = b->line[i].amount - l->saving;
        l->below_cost = b->line[i].cost >= 0 && l->net < b->line[i].cost;
        tb_assert(l->net >= 0);
        r->goods_list += b->line[i].amount;
        r->goods_saving += l->saving;
    }
    r->line = p->line;
    r->shipping_list = b->shipping;
    r->payable = r->goods_list - r->goods_saving + r->shipping_list - r->shipping_saving;
}

void tb_price_settle(struct tb_price_plan *p, uint64_t mask, struct tb_price_result *r)
{
    *r = (struct tb_price_result){.share = p->share};
    for (uint32_t i = 0; i < p->basket->line_n; i++)
        p->line[i] = (struct tb_price_line){0};
    struct tb_price_state now;
    tb_price_start(p, &now);
    struct tb_price_state next = tb_price_level(p, 1);
    uint64_t goods = mask & ~p->perks & ~p->shipping;
    p->shares = true;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_effect e;
        bool moves = (goods & m & -m) != 0 && (m & (m - 1)) != 0;
        tb_price_effect(p, j, &now, moves ? &next : NULL, &e);
        if (!e.in_force)
            continue;
        r->use[r->use_n++] = (struct tb_price_use){.saving = e.saving,
                                                   .next_missing = e.next_missing,
                                                   .applications = e.applications,
                                                   .gift_units = e.gift_units,
                                                   .offer = p->origin[j]};
        r->set |= UINT64_C(1) << p->origin[j];
        r->value += e.saving + p->offer[j]->worth;
        if (p->offer[j]->level == TB_PRICE_SHIPPING)
            r->shipping_saving += e.saving;
        else if (e.picks != NULL)
            note_shares(p, p->origin[j], e.picks, p->share, &r->share_n);
        if (p->shipping >> j & 1)
            now.shipping -= e.saving;
        if (!moves)
            continue;
        struct tb_price_state swap = now;
        now = next;
        next = swap;
    }
    p->shares = false;
    r->bound = r->value;
    close_lines(p, r);
}

enum tb_price_answer tb_price_apply(struct tb_price_work *work, const struct tb_basket *basket,
                                    const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                    struct tb_price_result *result)
{
    struct tb_price_plan p;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&p, work, basket, offer, offer_n, &at);
    if (a == TB_PRICE_DONE && offer_n < 64 && set >> offer_n != 0)
        a = TB_PRICE_ILLEGAL_SET;
    uint64_t mask = a == TB_PRICE_DONE ? tb_price_to_order(&p, set) : 0;
    if (a == TB_PRICE_DONE && !tb_price_legal(&p, mask))
        a = TB_PRICE_ILLEGAL_SET;
    if (a != TB_PRICE_DONE) {
        *result = (struct tb_price_result){.at = at};
        return a;
    }
    tb_price_settle(&p, mask, result);
    return a;
}

/* Key of a mask, and its effective part. */
static int64_t key_of(struct tb_price_plan *p, uint64_t mask, uint64_t *in_force)
{
    struct tb_price_state now;
    tb_price_start(p, &now);
    struct tb_price_state next = tb_price_level(p, 1);
    int64_t key = 0;
    *in_force = 0;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_effect e;
        tb_price_effect(p, j, &now, &next, &e);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[j], e.saving);
        *in_force |= m & -m;
        struct tb_price_state swap = now;
        now = next;
        next = swap;
    }
    return key;
}

enum tb_price_answer tb_price_greedy(struct tb_price_work *work, const struct tb_basket *basket,
                                     const struct tb_offer *offer, uint32_t offer_n,
                                     struct tb_price_result *result)
{
    struct tb_price_plan p;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&p, work, basket, offer, offer_n, &at);
    if (a != TB_PRICE_DONE) {
        *result = (struct tb_price_result){.at = at};
        return a;
    }
    p.quick = true;
    uint64_t mask = 0;
    int64_t key = 0;
    for (;;) {
        uint64_t best = 0;
        for (uint32_t j = 0; j < p.n; j++) {
            uint64_t with = mask | UINT64_C(1) << j;
            uint64_t in_force;
            if (with == mask || !tb_price_legal(&p, with))
                continue;
            int64_t one = key_of(&p, with, &in_force);
            if (one > key) {
                key = one;
                best = with;
            }
        }
        if (best == 0)
            break;
        mask = best;
    }
    p.quick = false;
    tb_price_settle(&p, mask, result);
    return a;
}

/* The state after those of mask that apply before position j. */
static void state_before(struct tb_price_plan *p, uint64_t mask, uint32_t j, struct tb_price_state *now)
{
    tb_price_start(p, now);
    struct tb_price_state next = tb_price_level(p, 1);
    for (uint64_t m = mask & ((UINT64_C(1) << j) - 1); m != 0; m &= m - 1) {
        struct tb_effect e;
        tb_price_effect(p, (uint32_t)__builtin_ctzll(m), now, &next, &e);
        if (!e.in_force)
            continue;
        struct tb_price_state swap = *now;
        *now = next;
        next = swap;
    }
}

/* Why an offer has no effect in a state. */
static struct tb_price_reason judge(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *s)
{
    const struct tb_offer *o = p->offer[j];
    struct tb_effect e;
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

static uint32_t first_of_group(struct tb_price_plan *p, uint32_t j)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (p->offer[i]->group == p->offer[j]->group && !(p->excluded >> i & 1)) {
            struct tb_price_state s;
            struct tb_effect e;
            tb_price_start(p, &s);
            tb_price_effect(p, i, &s, NULL, &e);
            if (e.in_force)
                return i;
        }
    return j;
}

static struct tb_price_reason reason_of(struct tb_price_plan *p, uint64_t mask, int64_t key, uint32_t j)
{
    uint64_t bit = UINT64_C(1) << j;
    struct tb_price_state s;
    tb_price_start(p, &s);
    struct tb_price_reason r = judge(p, j, &s);
    if (r.why != TB_PRICE_IN_FORCE)
        return r;
    if (p->excluded & bit)
        return (struct tb_price_reason){TB_PRICE_NOT_FIRST, p->origin[first_of_group(p, j)], 0};
    uint64_t against = p->conflict[j] & mask;
    if (against == 0 && !tb_price_legal(p, mask | bit))
        against = mask & p->coupons;
    if (against != 0)
        return (struct tb_price_reason){TB_PRICE_CONFLICT, p->origin[__builtin_ctzll(against)], 0};
    state_before(p, mask, j, &s);
    r = judge(p, j, &s);
    if (r.why != TB_PRICE_IN_FORCE)
        return (struct tb_price_reason){TB_PRICE_NO_EFFECT, 0, r.missing};
    uint64_t in_force;
    int64_t with = key_of(p, mask | bit, &in_force);
    return (struct tb_price_reason){TB_PRICE_DEARER, 0, (key - with + 64) >> TB_KEY_MONEY};
}

enum tb_price_answer tb_price_explain(struct tb_price_work *work, const struct tb_basket *basket,
                                      const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                      struct tb_price_reason *reason)
{
    struct tb_price_plan p;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&p, work, basket, offer, offer_n, &at);
    if (a != TB_PRICE_DONE)
        return a;
    if (offer_n < 64 && set >> offer_n != 0)
        return TB_PRICE_ILLEGAL_SET;
    uint64_t mask = tb_price_to_order(&p, set);
    if (!tb_price_legal(&p, mask))
        return TB_PRICE_ILLEGAL_SET;
    uint64_t in_force;
    int64_t key = key_of(&p, mask, &in_force);
    for (uint32_t j = 0; j < p.n; j++) {
        struct tb_price_reason none = {TB_PRICE_IN_FORCE, 0, 0};
        reason[p.origin[j]] = in_force >> j & 1 ? none : reason_of(&p, mask, key, j);
    }
    return a;
}
