// SPDX-License-Identifier: Apache-2.0
/* core/order/take.h - taking in an order step by step, for core/checkout.
 *
 * A plain order runs through all steps at once; a priced one is priced between recognising the member and
 * booking. The answers are those of tb_cmd_order, in its order of precedence.
 * Here too: what a return asks of a priced order. Not here: prices, coupons, tenders drawn.          */
#ifndef TB_CORE_ORDER_TAKE_H
#define TB_CORE_ORDER_TAKE_H

#include "core/order/order.h"
#include "events.gen.h"

/* Points of a unit are multiplied: what the lines in scope earned, times ppm. Or a fixed number is given. */
struct tb_points_bonus {
    uint32_t unit; /* multiplied: 0 = every unit that the order earned */
    uint32_t offer;
    int64_t ppm;
    int64_t fixed; /* > 0: that many of the unit */
    const uint64_t *scope; /* bits of lines; NULL = all */
};

/* What was decided about an order before it is placed. */
struct tb_order_pricing {
    int64_t shipping;          /* paid, on top of the lines' nets */
    int64_t earn_base;         /* what rules see as order.net */
    const int64_t *line_earn;  /* [line_n] and as a line's net */
    const uint32_t *product;   /* [line_n] as the catalog knows the sku, 0 = it does not; NULL: to be looked up */
    const struct tb_points_bonus *bonus;
    uint32_t bonus_n;
    struct tb_ev_order_priced *event; /* emitted behind OrderPlaced */
};

struct tb_order_facts {
    uint32_t store;
    uint32_t associate;
    uint32_t touchpoint;
    int64_t net;
    struct tb_ev_order_line *line;
    struct tb_ev_order_tender *tender;
};

/* The order stands under its key or receipt: *stands, and the answer is filled. NEED when it is cold. */
enum tb_outcome tb_order_stood(struct tb_txn *t, const struct tb_cmd_order *in, bool *stands, struct tb_answer *a);
enum tb_outcome tb_order_lines(struct tb_txn *t, const struct tb_cmd_order *in, struct tb_order_facts *f,
                               struct tb_answer *a);
enum tb_outcome tb_order_places(struct tb_txn *t, const struct tb_cmd_order *in, struct tb_order_facts *f,
                                struct tb_answer *a);
enum tb_outcome tb_order_recognise(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                                   struct tb_resolved *who, struct tb_answer *a);
/* Earns, places, looks at tiers, answers. Requires the four before. */
enum tb_outcome tb_order_book(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                              const struct tb_resolved *who, struct tb_answer *a);

/* What placing it now would earn, in the order in which it would stand in the order's section EARN; rows in scratch.
 * May book some of it: the caller undoes it. Requires the four before, and a member.  */
enum tb_code tb_order_would_earn(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                                 const struct tb_resolved *who, const struct tb_ev_order_earn **row, uint32_t *n);

/* What one unit pays of this order, ppm of a minor unit (its nets as they are in `in`): by the first rule of kind
 * PAY in force whose condition holds, else its face_ppm. 0: it does not pay. person 0 = nobody.    */
int64_t tb_order_pay_face(struct tb_txn *t, const struct tb_cmd_order *in, uint32_t person, uint32_t unit);

/* True when Tongbao priced it. */
static inline bool tb_order_is_priced(const struct tb_block *order)
{
    return order->n[TB_ORDER_PRICE] != 0;
}

#endif
