// SPDX-License-Identifier: Apache-2.0
/* core/price/bulk.h - baskets of more pieces than the solver holds (TB_PRICE_PARTS_MAX).
 *
 * A line whose pieces nobody tells apart may move as one part: what offers take from it is then spread over its
 * quantity, as of weighed goods (price.h), and a return of some pieces brings back their part of that, half up and
 * cumulated. Nothing else of the price changes: an offer that looks at sums finds the same sums.
 * Pure; caller's memory. Not here: which offers are open.                                              */
#ifndef TB_CORE_PRICE_BULK_H
#define TB_CORE_PRICE_BULK_H

#include "core/price/offer.h"

/* No line of as many pieces moves as one: nobody buys that, and a mistyped quantity must be refused. */
#define TB_PRICE_BULK_MAX 1000000

/* Nothing while the basket has at most TB_PRICE_PARTS_MAX parts. Else the lines of most pieces (the first of equals)
 * become whole until it has, passing over every line on which an offer counts pieces: AMOUNT_EACH, CHEAPEST, N_FOR,
 * BUY_GET, BUNDLE, a ladder by pieces, and all with max_units, min_pieces or cap_unit. Too many parts may be left:
 * tb_price_best and tb_price_apply say so.                                                             */
void tb_price_bulk(struct tb_basket_line *line, uint32_t line_n, const struct tb_offer *offer, uint32_t offer_n);

#endif
