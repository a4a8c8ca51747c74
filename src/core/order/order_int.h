// SPDX-License-Identifier: Apache-2.0
/* core/order/order_int.h - shared inside the room. */
#ifndef TB_CORE_ORDER_INT_H
#define TB_CORE_ORDER_INT_H

#include "base/num.h"
#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "core/ops.h"
#include "events.gen.h"

/* Finds an order by its key; NULL with TB_NEED asked for (need set) or absent. */
struct tb_block *tb_order_find(struct tb_txn *t, struct tb_str key, bool *need);
bool tb_order_key_is(const struct tb_txn *t, struct tb_block *b, struct tb_str key);

/* Applies the earn rules in force to the order that draft is about to place, person's own;
 * books what is earned and notes it in draft->earn (TB_ORDER_EARNS_MAX at most). only_look: notes the same amounts,
 * without lots, and books of them only what a later one might see: the caller undoes that.  */
enum tb_code tb_order_earn(struct tb_txn *t, const struct tb_cmd_order *in, uint32_t person, bool only_look,
                           struct tb_ev_order_placed *draft);

#endif
