// SPDX-License-Identifier: Apache-2.0
/* Campaigns, coupons and baskets in the world of publish_world.h, for random histories. */
#ifndef TB_TEST_PUBLISH_SHOP_H
#define TB_TEST_PUBLISH_SHOP_H

#include "publish_world.h"

#include "core/checkout/checkout.h"
#include "core/promotion/commands.h"

#define SHOP_KEPT 64u

struct shop {
    struct pw *w;
    uint32_t (*pick)(void *user, uint32_t n);
    void *user;
    uint32_t members;
    uint64_t *done; /* [TB_OP_MAX] */
    uint64_t coupon[SHOP_KEPT];
    uint32_t owner[SHOP_KEPT];
    uint32_t coupons;
    uint64_t basket[SHOP_KEPT];
    uint32_t baskets;
    uint32_t amount; /* of the newest version of the price rule */
};

/* A template "off", a campaign with a budget that takes it, and a price rule: both in force. */
void shop_open(struct shop *s);
/* One random act: claim, give, void, a new version, a basket, its end, a sale. */
void shop_act(struct shop *s);

#endif
