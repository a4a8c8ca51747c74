// SPDX-License-Identifier: Apache-2.0
/* core/order/resolve.h - the values that a rule's names stand for.
 *
 * One resolver for every rule: the slots of core/catalog/rule_env.h, for one person and,
 * where there is one, one order. Looks up as late as asked; pure.                       */
#ifndef TB_CORE_ORDER_RESOLVE_H
#define TB_CORE_ORDER_RESOLVE_H

#include "core/expr/expr.h"
#include "core/order/order.h"

struct tb_resolve {
    struct tb_txn *t;
    struct tb_block *person; /* NULL: nobody */
    const struct tb_cmd_order *order; /* NULL: none */
    int64_t at_ms;
    uint8_t digits; /* of the currency */
};

/* tb_expr_resolve; user is a struct tb_resolve. */
bool tb_order_resolve(void *user, uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                      struct tb_expr_value *out);

#endif
