// SPDX-License-Identifier: Apache-2.0
/* The rules of the shop: see price_shop.h. Amounts in pence. */
#include "price_shop.h"

#include <string.h>

enum group { FREE = 0, ORDER_BEST, MEMBER_FIRST, COUPONS_FREE, GIFTS, SHOP_ALONE };

static uint64_t draw(struct shop *s)
{
    s->seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = s->seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t between(struct shop *s, int64_t low, int64_t high)
{
    return low + (int64_t)(draw(s) % (uint64_t)(high - low + 1));
}

static const struct shop_scope everything = {0, UINT32_MAX, 1, 0};

/* Three digits of the stock code; most of the range runs from 201 to 239 and 840 to 859. */
static struct shop_scope family(struct shop *s, uint32_t wide)
{
    uint32_t from = between(s, 1, 4) == 1 ? (uint32_t)between(s, 840, 855) : (uint32_t)between(s, 205, 235);
    return (struct shop_scope){from, from + wide - 1, 1, 0};
}

static struct shop_scope part(struct shop *s, uint32_t modulus)
{
    return (struct shop_scope){0, UINT32_MAX, modulus, (uint32_t)between(s, 0, modulus - 1)};
}

static struct tb_offer *next(struct shop *s, uint32_t *n, enum tb_price_mechanic mechanic, struct shop_scope scope)
{
    struct tb_offer *o = &s->offer[*n];
    s->scope[*n] = scope;
    o->mechanic = mechanic;
    o->rounding = TB_ROUND_HALF_UP;
    o->sequence = (int32_t)*n;
    (*n)++;
    return o;
}

static void item_rules(struct shop *s, uint32_t *n)
{
    for (int i = 0; i < 5; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_PERCENT, family(s, (uint32_t)between(s, 1, 3)));
        o->ppm = between(s, 1, 6) * 50000;
        o->one_per_product = true;
    }
    for (int i = 0; i < 3; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_TABLE, part(s, 40));
        s->price_ppm[*n - 1] = between(s, 70, 95) * 10000;
        o->one_per_product = true;
        o->max_units = i == 0 ? (uint32_t)between(s, 5, 50) : 0;
        o->group = i == 2 ? MEMBER_FIRST : FREE;
    }
    for (int i = 0; i < 4; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_CHEAPEST, i < 2 ? family(s, 1) : part(s, 15));
        o->need = i == 3 ? 2 : 3;
        o->get = 1;
        o->ppm = i == 3 ? 500000 : TB_PPM_ALL;
        o->overall = i == 1;
        o->same_line = i == 3;
        o->one_per_product = true;
        o->max_applications = (uint32_t)between(s, 1, 6);
    }
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_N_FOR, family(s, 2));
        o->need = (uint32_t)between(s, 3, 5);
        o->amount = o->need * between(s, 100, 220);
        o->one_per_product = true;
        o->max_applications = 4;
    }
    for (int i = 0; i < 3; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_BUNDLE, everything);
        o->slot_n = (uint32_t)between(s, 2, 3);
        for (uint32_t k = 0; k < o->slot_n; k++) {
            s->slot[*n - 1][k] = part(s, s->dense ? 12 : 60);
            o->slot[k].count = (uint32_t)between(s, 1, 2);
        }
        o->amount = between(s, 400, 900);
        o->one_per_product = true;
        o->max_applications = 3;
    }
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_BUY_GET, family(s, 2));
        s->scope_y[*n - 1] = i == 0 ? family(s, 2) : part(s, 20);
        o->need = 2;
        o->get = 1;
        o->ppm = i == 0 ? 500000 : TB_PPM_ALL;
        o->one_per_product = true;
        o->max_applications = 5;
    }
}

static void order_rules(struct shop *s, uint32_t *n)
{
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_LADDER, i == 0 ? everything : family(s, 12));
        int64_t base = between(s, 5, 15) * 1000;
        o->step_n = 3;
        for (int64_t k = 0; k < 3; k++)
            o->step[k] = (struct tb_price_step){base * (2 * k + 1), base * (2 * k + 1) * (6 + 2 * k) / 100, 0};
        o->group = i == 0 ? ORDER_BEST : FREE;
        o->level = TB_PRICE_ORDER;
    }
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_PERCENT, everything);
        o->ppm = between(s, 3, 8) * 10000;
        o->min_amount = between(s, 10, 60) * 1000;
        o->cap_order = i == 0 ? 4000 : 0;
        o->group = ORDER_BEST;
        o->level = TB_PRICE_ORDER;
    }
    struct tb_offer *pieces = next(s, n, TB_PRICE_LADDER, everything);
    pieces->by_pieces = true;
    pieces->step_n = 2;
    pieces->step[0] = (struct tb_price_step){between(s, 10, 40), 0, 10000};
    pieces->step[1] = (struct tb_price_step){between(s, 60, 200), 0, 20000};
    pieces->level = TB_PRICE_ORDER;
    struct tb_offer *first = next(s, n, TB_PRICE_AMOUNT, everything);
    first->amount = 500;
    first->min_amount = 5000;
    first->budget_rule = TB_PRICE_BUDGET_PARTIAL;
    first->budget = between(s, 100, 100000);
    first->level = TB_PRICE_ORDER;
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, i == 0 ? TB_PRICE_PERCENT : TB_PRICE_AMOUNT, everything);
        o->ppm = TB_PPM_ALL;
        o->amount = 300;
        o->min_amount = i == 0 ? 15000 : 0;
        o->level = TB_PRICE_SHIPPING;
    }
    for (int i = 0; i < 2; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_GIFT, i == 0 ? everything : family(s, 10));
        o->get = 1;
        o->min_amount = between(s, 3, 20) * 1000;
        o->level = TB_PRICE_ORDER;
        o->group = GIFTS;
    }
    struct tb_offer *points = next(s, n, TB_PRICE_POINTS, everything);
    points->ppm = 2 * TB_PPM_ALL;
    points->level = TB_PRICE_ORDER;
}

static void coupons(struct shop *s, uint32_t *n)
{
    uint32_t first = *n;
    for (int i = 0; i < 3; i++) {
        struct tb_offer *o = next(s, n, TB_PRICE_AMOUNT, everything);
        o->amount = 1000;
        o->min_amount = 10000;
        o->sequence = (int32_t)first;
    }
    next(s, n, TB_PRICE_AMOUNT, everything)->amount = between(s, 10, 30) * 100;
    s->offer[*n - 1].min_amount = 20000;
    next(s, n, TB_PRICE_PERCENT, family(s, 6))->ppm = 100000;
    s->offer[*n - 1].cap_order = 2000;
    next(s, n, TB_PRICE_AMOUNT_EACH, part(s, 60))->amount = 50;
    s->offer[*n - 1].max_units = 5;
    next(s, n, TB_PRICE_PERCENT, everything)->ppm = between(s, 6, 12) * 10000;
    s->offer[*n - 1].cap_order = 3000;
    s->offer[*n - 1].coupon = TB_PRICE_SINGLE;
    next(s, n, TB_PRICE_AMOUNT, everything)->amount = 2500;
    s->offer[*n - 1].min_amount = 30000;
    s->offer[*n - 1].coupon = TB_PRICE_SINGLE;
    next(s, n, TB_PRICE_PERCENT, everything)->ppm = TB_PPM_ALL;
    s->offer[*n - 1].level = TB_PRICE_SHIPPING;
    next(s, n, TB_PRICE_PERCENT, everything)->ppm = 80000;
    s->offer[*n - 1].group = SHOP_ALONE;
    for (uint32_t i = first; i < *n; i++) {
        struct tb_offer *o = &s->offer[i];
        o->coupon = o->coupon == TB_PRICE_SINGLE ? TB_PRICE_SINGLE : TB_PRICE_JOINT;
        o->group = o->group == SHOP_ALONE ? SHOP_ALONE : COUPONS_FREE;
        o->expires_ms = between(s, 1, 30);
        o->level = o->level == TB_PRICE_SHIPPING ? TB_PRICE_SHIPPING : TB_PRICE_ORDER;
    }
}

void shop_open(struct shop *s, uint64_t seed, bool dense)
{
    s->dense = dense;
    memset(s->offer, 0, sizeof s->offer);
    memset(s->price_ppm, 0, sizeof s->price_ppm);
    s->seed = seed;
    uint32_t n = 0;
    item_rules(s, &n);
    order_rules(s, &n);
    tb_assert(n == SHOP_RULES);
    coupons(s, &n);
    tb_assert(n == SHOP_OFFERS);
    s->group[FREE] = TB_PRICE_STACKABLE;
    s->group[ORDER_BEST] = TB_PRICE_BEST_OF;
    s->group[MEMBER_FIRST] = TB_PRICE_FIRST;
    s->group[COUPONS_FREE] = TB_PRICE_STACKABLE;
    s->group[GIFTS] = TB_PRICE_BEST_OF;
    s->group[SHOP_ALONE] = TB_PRICE_EXCLUSIVE;
}

static bool holds(const struct shop_scope *scope, const struct shop_item *item)
{
    return item->family >= scope->family_from && item->family <= scope->family_to &&
           item->hash % scope->modulus == scope->rest;
}

static void mark(uint64_t *bits, const struct shop_scope *scope, const struct shop_item *item, uint32_t n)
{
    for (uint32_t w = 0; w * 64 < n; w++)
        bits[w] = 0;
    for (uint32_t i = 0; i < n; i++)
        bits[i / 64] |= (uint64_t)holds(scope, &item[i]) << (i % 64);
}

void shop_serve(struct shop *s, struct tb_basket *basket, const struct shop_item *item)
{
    uint32_t n = basket->line_n;
    basket->group = s->group;
    basket->group_n = SHOP_ALONE + 1;
    basket->coupons_max = 3;
    for (uint32_t k = 0; k < SHOP_OFFERS; k++) {
        struct tb_offer *o = &s->offer[k];
        bool all = s->scope[k].modulus == 1 && s->scope[k].family_to == UINT32_MAX;
        o->scope = all && o->mechanic != TB_PRICE_BUNDLE ? NULL : s->bits[k][0];
        if (!all)
            mark(s->bits[k][0], &s->scope[k], item, n);
        if (o->mechanic == TB_PRICE_BUY_GET) {
            mark(s->bits[k][1], &s->scope_y[k], item, n);
            o->scope_y = s->bits[k][1];
        }
        if (o->mechanic == TB_PRICE_BUNDLE)
            memset(s->bits[k][0], 0, sizeof s->bits[k][0]);
        for (uint32_t m = 0; m < o->slot_n; m++) {
            mark(s->bits[k][2 + m], &s->slot[k][m], item, n);
            o->slot[m].scope = s->bits[k][2 + m];
            for (uint32_t w = 0; w * 64 < n; w++)
                s->bits[k][0][w] |= s->bits[k][2 + m][w];
        }
        if (o->mechanic != TB_PRICE_TABLE)
            continue;
        o->line_price = s->line_price[k];
        for (uint32_t i = 0; i < n; i++)
            s->line_price[k][i] =
                basket->line[i].amount * 1000 / basket->line[i].quantity * s->price_ppm[k] / TB_PPM_ALL;
    }
}
