// SPDX-License-Identifier: Apache-2.0
/* core/expr/decimal.h - exact decimals: int64 mantissa / 10^scale, scale 0-6. Private.
 *
 * Whether a result fits depends on its value alone, not on how its operands were
 * written: trailing zeros are dropped before an overflow is declared. A function
 * answers false on overflow and then leaves *out alone.                             */
#ifndef TB_CORE_EXPR_DECIMAL_H
#define TB_CORE_EXPR_DECIMAL_H

#include "core/expr/expr.h"

#define TB_EXPR_SCALE_MAX 6u

struct tb_expr_decimal {
    int64_t mantissa;
    uint8_t scale;
};

TB_MUST_USE bool tb_expr_decimal_add(struct tb_expr_decimal a, struct tb_expr_decimal b,
                                     struct tb_expr_decimal *out);
TB_MUST_USE bool tb_expr_decimal_sub(struct tb_expr_decimal a, struct tb_expr_decimal b,
                                     struct tb_expr_decimal *out);
TB_MUST_USE bool tb_expr_decimal_mul(struct tb_expr_decimal a, struct tb_expr_decimal b,
                                     struct tb_expr_decimal *out);
/* Requires b != 0 (asserted). Half-even to 6 digits. */
TB_MUST_USE bool tb_expr_decimal_div(struct tb_expr_decimal a, struct tb_expr_decimal b,
                                     struct tb_expr_decimal *out);
int tb_expr_decimal_cmp(struct tb_expr_decimal a, struct tb_expr_decimal b);
/* To a whole number. */
enum tb_expr_to_whole { WHOLE_TRUNC, WHOLE_FLOOR, WHOLE_CEIL, WHOLE_ROUND, WHOLE_EVEN };
int64_t tb_expr_decimal_whole(struct tb_expr_decimal a, enum tb_expr_to_whole how);
/* -?digits[.digits], at most 6 after the point. */
TB_MUST_USE bool tb_expr_decimal_parse(struct tb_str s, struct tb_expr_decimal *out);
/* "1.5": no trailing zeros, no point for a whole number. */
void tb_expr_decimal_print(struct tb_buf *b, struct tb_expr_decimal a);

#endif
