// SPDX-License-Identifier: Apache-2.0
/* Random baskets and offers for the tests of core/price: every mechanic, cap, group and coupon class; small
 * numbers, so that thresholds, ties and clamps are met often. Deterministic from the seed.           */
#ifndef TB_TESTS_MODEL_PRICE_WORLD_H
#define TB_TESTS_MODEL_PRICE_WORLD_H

#include "core/price/price.h"

#define WORLD_LINES 24
#define WORLD_OFFERS 64
#define WORLD_GROUPS 6

struct price_world {
    uint64_t seed;
    struct tb_basket basket;
    struct tb_basket_line line[WORLD_LINES];
    enum tb_price_rule group[WORLD_GROUPS];
    uint32_t offer_n;
    struct tb_offer offer[WORLD_OFFERS];
    uint64_t scope[WORLD_OFFERS];
    uint64_t scope_y[WORLD_OFFERS];
    uint64_t slot[WORLD_OFFERS][TB_PRICE_SLOTS_MAX];
    int64_t price[WORLD_OFFERS][WORLD_LINES];
    uint32_t part_n;
};

uint64_t world_random(struct price_world *w);
int64_t world_between(struct price_world *w, int64_t low, int64_t high);

/* 1..lines lines, exactly offers offers. */
void world_make(struct price_world *w, uint64_t seed, uint32_t lines, uint32_t offers);

#endif
