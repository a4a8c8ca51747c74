// SPDX-License-Identifier: Apache-2.0
/* A shop with 30 live rules and 10 coupons of the sensible kind, drawn anew from a seed, over products known by
 * stock code: families of products by the first digits of their code, picks of the assortment by hash.    */
#ifndef TB_TESTS_MODEL_PRICE_SHOP_H
#define TB_TESTS_MODEL_PRICE_SHOP_H

#include "core/price/price.h"

#define SHOP_RULES 30
#define SHOP_COUPONS 10
#define SHOP_OFFERS (SHOP_RULES + SHOP_COUPONS)
#define SHOP_LINES TB_PRICE_LINES_MAX
#define SHOP_WORDS ((SHOP_LINES + 63) / 64)

struct shop_item {
    uint64_t hash;
    uint32_t family; /* first three digits of the stock code; 0: none */
};

/* Which products: everything, a family range, or a part of the assortment by hash. */
struct shop_scope {
    uint32_t family_from;
    uint32_t family_to;
    uint32_t modulus;
    uint32_t rest;
};

struct shop {
    uint64_t seed;
    bool dense;
    struct tb_offer offer[SHOP_OFFERS];
    struct shop_scope scope[SHOP_OFFERS];
    struct shop_scope scope_y[SHOP_OFFERS];
    struct shop_scope slot[SHOP_OFFERS][TB_PRICE_SLOTS_MAX];
    int64_t price_ppm[SHOP_OFFERS]; /* TABLE: of the list price */
    enum tb_price_rule group[8];
    uint64_t bits[SHOP_OFFERS][2 + TB_PRICE_SLOTS_MAX][SHOP_WORDS];
    int64_t line_price[SHOP_OFFERS][SHOP_LINES];
};

/* dense: a bundle's slot takes a twelfth of the assortment, else a sixtieth; so in a dense shop nearly every basket
 * holds several bundles that compete for the same products.                                              */
void shop_open(struct shop *s, uint64_t seed, bool dense);

/* Makes the scopes for a basket, and its groups and coupon limit. */
void shop_serve(struct shop *s, struct tb_basket *basket, const struct shop_item *item);

#endif
