// SPDX-License-Identifier: Apache-2.0
/* core/checkout/refund.h - what of each tender comes back with what of each line.
 *
 * The matrix has a row a line (and one for shipping) and a column a tender. Every column but the
 * last is the tender's amount spread over the rows by largest remainder of their nets; the last
 * tender, the residual, is what a row has left. So rows add up to nets and columns to tenders
 * (trap 14). Where several columns round up on one small row, the surplus moves to the
 * first rows that still have room.
 *
 * Of a row that has come back in part, c of its net, the columns get their seats of c by
 * Sainte-Lague over the row: seats never fall when c rises, add up to c, and at the whole net
 * are the row. So a refund depends on what has come back in all, never on the steps or their order.
 *
 * Pure: no state, no allocation; amounts in minor units, 0 <= amount <= TB_AMOUNT_MAX.         */
#ifndef TB_CORE_CHECKOUT_REFUND_H
#define TB_CORE_CHECKOUT_REFUND_H

#include "base/num.h"

#define TB_REFUND_TENDERS_MAX 20u
#define TB_REFUND_ROWS_MAX 1001u

/* cell[row * tender_n + column]. Requires: the nets and the tenders have the same sum, and
 * 1 <= tender_n <= TB_REFUND_TENDERS_MAX; row_n <= TB_REFUND_ROWS_MAX (asserted).                   */
void tb_refund_matrix(const int64_t *net, uint32_t row_n, const int64_t *tender, uint32_t tender_n, int64_t *cell);

/* The seats of `back` on one row of the matrix. Requires 0 <= back <= sum of the row (asserted). */
void tb_refund_row(const int64_t *row, uint32_t tender_n, int64_t back, int64_t *seat);

#endif
