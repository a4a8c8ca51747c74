// SPDX-License-Identifier: Apache-2.0
/* Random offers: see price_world.h. Not here: what is right (price_best.c asks the plain evaluator). */
#include "price_world.h"

#include <string.h>

uint64_t world_random(struct price_world *w)
{
    w->seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = w->seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t world_between(struct price_world *w, int64_t low, int64_t high)
{
    return low + (int64_t)(world_random(w) % (uint64_t)(high - low + 1));
}

static bool one_in(struct price_world *w, int64_t n)
{
    return world_between(w, 1, n) == 1;
}

static void make_lines(struct price_world *w, uint32_t lines)
{
    w->basket.line_n = (uint32_t)world_between(w, 1, lines);
    int64_t scale = one_in(w, 2) ? 20 : 20000;
    int64_t only = one_in(w, 4) ? world_between(w, 1, scale) : 0; /* one price for all: ties */
    for (uint32_t i = 0; i < w->basket.line_n; i++) {
        struct tb_basket_line *l = &w->line[i];
        l->whole = one_in(w, 8);
        int64_t pieces = one_in(w, 3) ? world_between(w, 1, 8) : 1;
        l->quantity = l->whole ? world_between(w, 1, 3000) : pieces * 1000;
        int64_t each = only ? only : world_between(w, 0, scale);
        l->amount = l->whole ? each : each * pieces + (one_in(w, 5) ? world_between(w, 0, pieces - 1) : 0);
        l->cost = one_in(w, 2) ? -1 : l->amount / 2;
        w->part_n += l->whole ? 1 : (uint32_t)pieces;
    }
    w->basket.shipping = one_in(w, 2) ? world_between(w, 0, scale / 4) : 0;
    w->basket.coupons_max = one_in(w, 3) ? (uint32_t)world_between(w, 1, 3) : 0;
    for (uint32_t i = 0; i < WORLD_GROUPS; i++)
        w->group[i] = one_in(w, 6) ? (enum tb_price_rule)world_between(w, 2, 3) : (enum tb_price_rule)one_in(w, 3);
    w->basket.line = w->line;
    w->basket.group = w->group;
    w->basket.group_n = WORLD_GROUPS - 1; /* the last is stackable by default */
}

static uint64_t some_lines(struct price_world *w)
{
    if (one_in(w, 3))
        return ~UINT64_C(0);
    return one_in(w, 2) ? world_random(w) : world_random(w) & world_random(w);
}

static void make_steps(struct price_world *w, struct tb_offer *o, int64_t total)
{
    o->step_n = (uint32_t)world_between(w, 1, 3);
    bool rates = one_in(w, 4);
    o->by_pieces = one_in(w, 4);
    o->every = !rates && one_in(w, 3);
    int64_t at = 0;
    int64_t off = 0;
    int64_t ppm = 0;
    for (uint32_t i = 0; i < o->step_n; i++) {
        at += o->by_pieces ? world_between(w, 1, 3) : world_between(w, 1, total / 2 + 1);
        off += world_between(w, 1, total / (one_in(w, 4) ? 4 : 12) + 1);
        ppm += world_between(w, 1, one_in(w, 4) ? 30 : 8) * 10000;
        o->step[i] = (struct tb_price_step){at, rates ? 0 : off, rates ? ppm : 0};
    }
    if (o->every && one_in(w, 3))
        o->max_applications = (uint32_t)world_between(w, 1, 3);
}

static void make_groups(struct price_world *w, struct tb_offer *o, uint32_t at, int64_t each)
{
    o->get = (uint32_t)world_between(w, 1, 2);
    o->need = (uint32_t)world_between(w, 1, 3);
    o->max_applications = one_in(w, 4) ? (uint32_t)world_between(w, 1, 3) : 0;
    o->ppm = one_in(w, 2) ? TB_PPM_ALL : world_between(w, 1, 100) * 10000;
    switch (o->mechanic) {
    case TB_PRICE_CHEAPEST:
        o->need += o->get;
        o->overall = one_in(w, 3);
        o->same_line = !o->overall && one_in(w, 3);
        return;
    case TB_PRICE_N_FOR:
        o->amount = world_between(w, one_in(w, 3) ? 0 : each * o->need / 2, each * o->need);
        o->same_line = one_in(w, 3);
        return;
    case TB_PRICE_BUY_GET:
        w->scope_y[at] = one_in(w, 3) ? w->scope[at] : some_lines(w);
        o->scope_y = &w->scope_y[at];
        return;
    case TB_PRICE_BUNDLE:
        o->slot_n = (uint32_t)world_between(w, 1, 3);
        w->scope[at] = 0;
        for (uint32_t s = 0; s < o->slot_n; s++) {
            w->slot[at][s] = some_lines(w) & (one_in(w, 2) ? ~w->scope[at] : ~UINT64_C(0));
            w->scope[at] |= w->slot[at][s];
            o->slot[s] = (struct tb_price_slot){&w->slot[at][s], (uint32_t)world_between(w, 1, 2)};
        }
        o->scope = &w->scope[at];
        o->amount = world_between(w, 0, each * 3);
        return;
    case TB_PRICE_AMOUNT:
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_PERCENT:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
    case TB_PRICE_LADDER:
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        return;
    }
}

static void make_simple(struct price_world *w, struct tb_offer *o, uint32_t at, int64_t total, int64_t each)
{
    o->ppm = world_between(w, 1, one_in(w, 4) ? 100 : 30) * 10000 + (one_in(w, 4) ? world_between(w, 0, 9999) : 0);
    o->ppm = o->ppm > TB_PPM_ALL ? TB_PPM_ALL : o->ppm;
    o->amount = o->mechanic == TB_PRICE_AMOUNT ? world_between(w, 1, total / (one_in(w, 4) ? 2 : 8) + 1)
                                                 : world_between(w, 1, each + 1);
    o->max_units = one_in(w, 4) ? (uint32_t)world_between(w, 1, 4) : 0;
    o->initial = one_in(w, 4) && o->mechanic != TB_PRICE_AMOUNT && o->mechanic != TB_PRICE_AMOUNT_EACH;
    for (uint32_t i = 0; i < WORLD_LINES; i++)
        w->price[at][i] = world_between(w, -each / 4 - 1, each + 1);
    o->line_price = o->mechanic == TB_PRICE_TABLE ? w->price[at] : NULL;
}

static void make_caps(struct price_world *w, struct tb_offer *o, int64_t total, int64_t each)
{
    bool perk = o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS;
    bool goods = o->level != TB_PRICE_SHIPPING && !perk;
    o->rounding = one_in(w, 3) ? (enum tb_rounding)world_between(w, 0, 3) : TB_ROUND_HALF_UP;
    o->min_amount = one_in(w, 4) ? world_between(w, 1, total) : o->min_amount;
    o->min_pieces = one_in(w, 6) ? (uint32_t)world_between(w, 1, 5) : 0;
    o->cap_order = one_in(w, 5) ? world_between(w, 1, total / 3 + 1) : 0;
    o->cap_unit = goods && one_in(w, 6) ? world_between(w, 1, each) : 0;
    o->cap_line = goods && one_in(w, 6) ? world_between(w, 1, each * 2) : 0;
    o->one_per_product = goods && one_in(w, 2);
    if (!perk && one_in(w, 5)) {
        o->budget_rule = (enum tb_price_budget)world_between(w, 1, 2);
        o->budget = world_between(w, 0, total / 3 + 1);
    }
}

static void make_offer(struct price_world *w, uint32_t at, int64_t total, int64_t each)
{
    struct tb_offer *o = &w->offer[at];
    *o = (struct tb_offer){.mechanic = (enum tb_price_mechanic)world_between(w, 0, TB_PRICE_POINTS)};
    o->level = (enum tb_price_level)world_between(w, 0, 1);
    o->sequence = (int32_t)world_between(w, 0, 9);
    o->group = (uint32_t)world_between(w, 0, WORLD_GROUPS - 1);
    o->coupon = one_in(w, 2) ? TB_PRICE_RULE : one_in(w, 4) ? TB_PRICE_SINGLE : TB_PRICE_JOINT;
    o->expires_ms = world_between(w, 1, 5);
    w->scope[at] = some_lines(w);
    o->scope = one_in(w, 4) ? NULL : &w->scope[at];
    if (o->mechanic == TB_PRICE_LADDER) {
        make_steps(w, o, total);
    } else if (o->mechanic == TB_PRICE_GIFT || o->mechanic == TB_PRICE_POINTS) {
        o->ppm = 2 * TB_PPM_ALL;
        o->get = 1;
        o->every = o->mechanic == TB_PRICE_GIFT && one_in(w, 2);
        o->min_amount = world_between(w, 1, total);
        o->worth = one_in(w, 2) ? world_between(w, 0, each) : 0;
    } else if (o->mechanic >= TB_PRICE_CHEAPEST) {
        make_groups(w, o, at, each);
    } else {
        make_simple(w, o, at, total, each);
        bool ships = o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_FIXED;
        if (ships && one_in(w, 4)) {
            o->level = TB_PRICE_SHIPPING;
            o->initial = false;
            o->max_units = 0;
        }
    }
    make_caps(w, o, total, each);
}

void world_make(struct price_world *w, uint64_t seed, uint32_t lines, uint32_t offers)
{
    memset(w, 0, sizeof *w);
    w->seed = seed;
    make_lines(w, lines);
    int64_t total = w->basket.shipping;
    for (uint32_t i = 0; i < w->basket.line_n; i++)
        total += w->line[i].amount;
    total = total < 4 ? 4 : total;
    int64_t each = total / w->part_n + 1;
    w->offer_n = offers;
    for (uint32_t i = 0; i < offers; i++) {
        make_offer(w, i, total, each);
        if (i == 0 || !one_in(w, 6))
            continue;
        /* an equal twin, often next in order */
        int32_t sequence = w->offer[i].sequence;
        w->offer[i] = w->offer[i - 1];
        w->offer[i].expires_ms = world_between(w, 1, 5);
        w->offer[i].sequence = one_in(w, 2) ? w->offer[i].sequence : sequence;
    }
}
