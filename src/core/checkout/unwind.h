// SPDX-License-Identifier: Apache-2.0
/* core/checkout/unwind.h - what a return of a priced order pays and gives back; core/order/return.c asks.
 *
 * Keep-share: a piece is worth what it was sold for; pieces of a line come back in order of index.
 * Re-evaluate: the refund is what was paid, less what the kept rest would have cost under the offers frozen
 * on the receipt, at least 0. Offers, tenders and gifts follow what has come back in all (refund.h).
 *   budget      its share, to the period of the sale        limit, coupon   when nothing of the offer's saving is left
 *   points etc. to their lots, by the matrix                 gift            due when its offer no longer holds;
 *   shipping    with the last line                                           kept, its value is withheld
 * Functions that change the order's block say so; pointers into it are then void.                      */
#ifndef TB_CORE_CHECKOUT_UNWIND_H
#define TB_CORE_CHECKOUT_UNWIND_H

#include "core/order/take.h"

/* Every transfer to be given back is in memory; else they are asked for and the command answers NEED. */
bool tb_unwind_ready(struct tb_txn *t, struct tb_block *order);

/* Quantities [before, after) of a line by keep-share. OK, INVALID (part of a piece). */
enum tb_code tb_unwind_share(struct tb_txn *t, struct tb_block *order, uint32_t line, int64_t before, int64_t after,
                             int64_t *net);

/* Re-evaluation: replaces the nets of the list (and may add lines of quantity 0: money of other lines); *net
 * is their sum. Does nothing under keep-share.                                                         */
struct tb_return_list {
    struct tb_ev_return_line *line;
    uint32_t n;
    int64_t net;
};
void tb_unwind_revalue(struct tb_txn *t, struct tb_block *order, struct tb_return_list *list);

/* Points that belong to what has come back, under re-evaluation: what is left is the kept money's part,
 * rounded down. False: by keep-share.                                                                */
bool tb_unwind_earned(const struct tb_txn *t, struct tb_block *order, int64_t earned, int64_t *back);

/* After OrderReturned: gives back and emits OrderUnwound; writes fields 12 - 16 of the answer. */
struct tb_unwind_how {
    bool gifts_kept; /* gifts that are due were not brought back */
    bool keeps_uses; /* fraud: limits and coupons stay used */
};
void tb_unwind(struct tb_txn *t, uint64_t order, const struct tb_unwind_how *how, struct tb_answer *a);

#endif
