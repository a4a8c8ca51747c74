// SPDX-License-Identifier: Apache-2.0
/* core/expr/value.h - comparing, reading and writing values. Private.
 *
 * Recursion goes as deep as a type can be (seven levels), never as deep as data.     */
#ifndef TB_CORE_EXPR_VALUE_H
#define TB_CORE_EXPR_VALUE_H

#include "core/expr/decimal.h"

/* A duration stays within CEL's 10,000 years. */
#define TB_EXPR_DURATION_MAX_MS INT64_C(315576000000000)

/* The extra steps of reading n bytes; the same formula when compiling and evaluating. */
#define TB_EXPR_BYTES_COST(n) ((n) / 64u)
/* The extra steps of looking up one of n keys. */
#define TB_EXPR_KEYS_COST(n) ((n) / 4u)

static inline struct tb_str tb_expr_str(const struct tb_expr_value *v)
{
    tb_assert(v->kind == TB_EXPR_STRING);
    return (struct tb_str){v->as.s, v->n};
}

static inline struct tb_expr_decimal tb_expr_decimal_from(const struct tb_expr_value *v)
{
    return (struct tb_expr_decimal){v->as.i, v->kind == TB_EXPR_DECIMAL ? v->scale : 0};
}

/* Element i of a list, also of one given by handles. Requires i < n (asserted). */
struct tb_expr_value tb_expr_element(const struct tb_expr_value *list, uint32_t i);
/* NULL when the map has no such key. */
const struct tb_expr_value *tb_expr_lookup(const struct tb_expr_value *map, struct tb_str key);

/* CEL's ==: ints and decimals by number, lists in order, maps as sets of entries,
 * records by handle. Adds what it cost to *steps and gives up (false) past limit.   */
bool tb_expr_equal(const struct tb_expr_value *a, const struct tb_expr_value *b, uint64_t *steps,
                   uint64_t limit);
/* <0, 0, >0. Both of one ordered kind (asserted), or int and decimal. */
int tb_expr_compare(const struct tb_expr_value *a, const struct tb_expr_value *b);

/* Range check of a computed instant (kind timestamp) or duration. */
bool tb_expr_time_fits(uint8_t kind, int64_t ms);

/* "1h30m", "-1.5s", "250ms": CEL's form; finer than a millisecond is refused. */
TB_MUST_USE bool tb_expr_duration_parse(struct tb_str s, int64_t *ms);
void tb_expr_duration_print(struct tb_buf *b, int64_t ms);
/* RFC 3339 within 1900-2199. */
TB_MUST_USE bool tb_expr_timestamp_parse(struct tb_str s, int64_t *ms);
/* "+08:00", "-03:30", "08:00": milliseconds east of UTC. */
TB_MUST_USE bool tb_expr_offset_parse(struct tb_str s, int64_t *ms);

/* ---- types ---- */
static inline enum tb_expr_kind tb_expr_kind_of(tb_expr_type t)
{
    return (enum tb_expr_kind)(t & 15u);
}

static inline tb_expr_type tb_expr_inner(tb_expr_type t)
{
    return t >> 4;
}

/* True when both can be one type; ANY gives way to the other. */
TB_MUST_USE bool tb_expr_unify(tb_expr_type a, tb_expr_type b, tb_expr_type *out);
/* Steps that comparing two values of the type may cost, the smaller of them of size. */
uint64_t tb_expr_equal_cost(tb_expr_type t, uint64_t size);

#endif
