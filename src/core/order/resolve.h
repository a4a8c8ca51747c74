// SPDX-License-Identifier: Apache-2.0
/* core/order/resolve.h - the values that a rule's names stand for.
 *
 * One resolver for every rule: the slots of core/catalog/rule_env.h, for one person and,
 * where there is one, one order. Looks up as late as asked; pure.                       */
#ifndef TB_CORE_ORDER_RESOLVE_H
#define TB_CORE_ORDER_RESOLVE_H

#include "core/expr/expr.h"
#include "core/order/order.h"
#include "core/order/take.h"
#include "events.gen.h"

struct tb_resolve {
    struct tb_txn *t;
    struct tb_block *person; /* NULL: nobody */
    const struct tb_cmd_order *order; /* NULL: none */
    /* The same order as it will be placed: its lines' products are known, and the member's
     * past counts it already though her block does not. NULL: none.                      */
    const struct tb_ev_order_placed *draft;
    const struct tb_zone *zone; /* the tenant's */
    int64_t at_ms;
    /* The draft is the profile's first order of its day: found when it is asked for. */
    enum { TB_FIRST_UNKNOWN = 0, TB_FIRST_TODAY, TB_FIRST_NOT } first;
    uint8_t digits; /* of the currency */
    const struct tb_order_pricing *pricing; /* what earns is less than the net; NULL: all of it earns */
};

/* tb_expr_resolve; user is a struct tb_resolve. */
bool tb_order_resolve(void *user, uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                      struct tb_expr_value *out);

#endif
