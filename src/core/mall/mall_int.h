// SPDX-License-Identifier: Apache-2.0
/* core/mall/mall_int.h - shared inside the room. */
#ifndef TB_CORE_MALL_INT_H
#define TB_CORE_MALL_INT_H

#include "base/num.h"
#include "core/ledger/ledger.h"
#include "core/mall/mall.h"
#include "core/ops.h"
#include "events.gen.h"

/* tb_cap_use.kind of a member's exchanges: this + period. 1 and 2 are the ledger's, 16 and more campaigns'. */
#define TB_MALL_COUNT 8u

/* Whether `quantity` pieces may go to the person now, NULL = to anybody: OK, NOT_OPEN, NOT_ENROLLED, NOT_ELIGIBLE,
 * PLAY_LIMIT, OUT_OF_STOCK. *left: pieces that her limit still allows, INT64_MAX = no limit.           */
enum tb_code tb_mall_open(const struct tb_txn *t, const struct tb_goods *g, uint64_t goods, struct tb_block *person,
                          int64_t quantity, int64_t *left);
/* Pieces left of the stock, INT64_MAX = no bound. */
int64_t tb_mall_left(const struct tb_txn *t, const struct tb_goods *g);
/* Where pieces come from and go back to. */
static inline enum tb_tenant_account tb_mall_shelf(const struct tb_goods *g)
{
    return g->stock ? TB_ACCOUNT_FUND : TB_ACCOUNT_ISSUER;
}
/* The tenant's exchange of that number, NULL otherwise. */
struct tb_block *tb_mall_find(const struct tb_txn *t, uint64_t exchange);
/* The goods have left the shop for good or are done: their pieces are SPENT. */
static inline bool tb_mall_gone(const struct tb_exchange *x)
{
    return x->left != 0;
}
/* Takes that much money out of the member's stored value, in the tenant's spend order; what was drawn in
 * drawn[TB_EXCHANGE_DRAWS_MAX]. OK, INSUFFICIENT, CAP_EXCEEDED.                                        */
TB_MUST_USE enum tb_code tb_mall_draw(struct tb_txn *t, uint32_t profile, int64_t amount, uint64_t actor,
                                      struct tb_ev_mall_drawn *drawn, uint32_t *n);
/* apply: the draws are the exchange's. */
void tb_mall_keep_draws(struct tb_txn *t, uint64_t exchange, const struct tb_ev_mall_drawn *drawn, uint32_t n);
/* Whether all its spends are in memory; else they are asked for. */
TB_MUST_USE bool tb_mall_refund_ready(struct tb_txn *t, struct tb_block *exchange);
/* Points and stored value go back to their lots, but for what a hand reversed before: how many points, how much
 * money. Requires the one before. */
struct tb_mall_back {
    int64_t points;
    int64_t drawn;
};
struct tb_mall_back tb_mall_refund(struct tb_txn *t, uint64_t exchange, uint64_t actor);
/* Place of a profile's newest exchange in TB_MAP_EXCHANGE. */
uint64_t tb_mall_key(uint32_t tenant, uint32_t profile);

#endif
