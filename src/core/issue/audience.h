// SPDX-License-Identifier: Apache-2.0
/* core/issue/audience.h - whether a person is meant. Private to the room.
 *
 * An expression over the member, or a campaign's: then also the gates that need no basket (enrolled, first
 * order, limits of a member, hold-out). Reads only. */
#ifndef TB_CORE_ISSUE_AUDIENCE_H
#define TB_CORE_ISSUE_AUDIENCE_H

#include "core/promotion/campaign.h"

struct tb_audience {
    struct tb_txn *t;
    const struct tb_expr_program *program; /* NULL: everybody */
    uint32_t offer; /* 0 = none */
};

/* source: an expression, or empty; offer: a version whose audience it is, or 0. The program lives in t->scratch.
 * False: it does not compile. */
TB_MUST_USE bool tb_audience_open(struct tb_audience *who, struct tb_txn *t, struct tb_str source, uint32_t offer);

enum tb_standing { TB_STANDS_OUTSIDE = 0, TB_STANDS_INELIGIBLE, TB_STANDS_HELD_OUT, TB_STANDS_IN };
enum tb_standing tb_audience_ask(const struct tb_audience *who, struct tb_block *person);

/* One of her endpoints may be used for the purpose; 0: for any purpose of marketing. */
bool tb_audience_consented(const struct tb_txn *t, struct tb_block *person, uint32_t purpose);

#endif
