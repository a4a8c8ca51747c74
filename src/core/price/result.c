// SPDX-License-Identifier: Apache-2.0
/* The price of a given set with every share, and the greedy price for comparison. */
#include "core/price/price_int.h"

#include <string.h>

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

/* The offer is in force: what it did, in the result. */
static void note_use(struct tb_price_plan *p, uint32_t j, const struct tb_effect *e, struct tb_price_result *r)
{
    r->use[r->use_n++] = (struct tb_price_use){.saving = e->saving,
                                               .next_missing = e->next_missing,
                                               .applications = e->applications,
                                               .gift_units = e->gift_units,
                                               .offer = p->origin[j]};
    r->set |= UINT64_C(1) << p->origin[j];
    r->value += e->saving + p->offer[j]->worth;
    if (p->offer[j]->level == TB_PRICE_SHIPPING)
        r->shipping_saving += e->saving;
    else if (e->picks != NULL)
        note_shares(p, p->origin[j], e->picks, p->share, &r->share_n);
}


void tb_price_settle(struct tb_price_plan *p, uint64_t mask, struct tb_price_course *c, struct tb_price_result *r)
{
    memset(r, 0, offsetof(struct tb_price_result, use)); /* uses are counted */
    r->share = p->share;
    for (uint32_t i = 0; i < p->basket->line_n; i++)
        p->line[i] = (struct tb_price_line){0};
    struct tb_price_state now;
    uint32_t moves_n = 0;
    tb_price_start(p, &now);
    uint32_t level = c != NULL ? p->n : 1; /* of a course from the last down: the walk begins at the first */
    uint64_t goods = mask & ~p->perks & ~p->shipping;
    uint32_t to = c != NULL ? p->n : 64 - (uint32_t)__builtin_clzll(mask | 1); /* from here on nobody wants a state */
    if (c != NULL) {
        c->moved = c->in = 0;
        c->state[0] = now;
    }
    p->shares = true;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_effect e;
        struct tb_price_state next;
        bool moves = (goods & m & -m) != 0 && j + 1 < to;
        if (moves)
            next = tb_price_level(p, level);
        tb_price_effect(p, j, &now, moves ? &next : NULL, &e);
        if (!e.in_force)
            continue;
        note_use(p, j, &e, r);
        if (c != NULL) {
            c->in |= m & -m;
            c->saving[j] = e.saving;
        }
        if (p->shipping >> j & 1)
            now.shipping -= e.saving;
        if (moves) {
            now = next;
            level = c != NULL ? level - 1 : 3 - level;
        }
        if (c != NULL && (moves || p->shipping >> j & 1)) {
            c->moved |= m & -m;
            c->state[++moves_n] = now;
        }
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
    tb_price_settle(&p, mask, NULL, result);
    return a;
}

/* Key of a mask, and its effective part. */
static int64_t key_of(struct tb_price_plan *p, uint64_t mask, uint64_t *in_force)
{
    struct tb_price_state now;
    uint32_t level = 1;
    tb_price_start(p, &now);
    int64_t key = 0;
    *in_force = 0;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_effect e;
        struct tb_price_state next = tb_price_level(p, level);
        tb_price_effect(p, j, &now, &next, &e);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[j], e.saving);
        *in_force |= m & -m;
        now = next;
        level = 3 - level;
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
    tb_price_settle(&p, mask, NULL, result);
    return a;
}
