// SPDX-License-Identifier: Apache-2.0
/* core/checkout/checkout_int.h - shared inside the room: one checkout under way. */
#ifndef TB_CORE_CHECKOUT_INT_H
#define TB_CORE_CHECKOUT_INT_H

#include "base/num.h"
#include "core/checkout/checkout.h"
#include "core/checkout/refund.h"
#include "core/ops.h"
#include "core/order/take.h"
#include "core/promotion/book.h"
#include "core/promotion/promotion.h"
#include "events.gen.h"

/* A tender that draws on units, or money. */
struct tb_draw_on {
    uint32_t kind;
    uint32_t unit; /* 0 = money */
    uint32_t profile;
    int64_t amount;
    int64_t units;
    uint64_t hold; /* of the basket */
    uint64_t transfer;
};

struct tb_checkout {
    struct tb_txn *t;
    struct tb_answer *a;
    uint64_t actor;
    const struct tb_cmd_quote *in;
    struct tb_cmd_order order; /* its lines are `line`, nets are list amounts until it is priced */
    struct tb_order_line_input *line;
    uint32_t *product;
    int64_t *list;
    struct tb_order_facts facts;
    struct tb_resolved who;
    uint32_t referrer; /* profile, 0 = none */
    int32_t today;
    struct tb_basket basket;
    struct tb_promotion_set set;
    struct tb_price_work work;
    struct tb_price_reason *why; /* [set.n] when they were asked for */
    struct tb_draw_on *tender;
    uint32_t tender_n;
    uint32_t tender_max;
    int64_t due; /* money beside the tenders that draw on units */
    struct tb_price_result price; /* the last: written whole by tb_checkout_price, not cleared before */
};

/* Rows that are written before they are read: clearing them cost a confirmation more than filling them. */
#define TB_CHECKOUT_ROWS(t, type, n) ((type *)tb_arena_take((t)->scratch, (size_t)(n) * sizeof(type)))

/* Each step of the course answers DONE or has refused (or NEED). */
enum tb_outcome tb_checkout_begin(struct tb_checkout *c, struct tb_txn *t, const struct tb_command *cmd,
                                  const struct tb_cmd_quote *in, struct tb_answer *a);
/* Places, member, lines. */
enum tb_outcome tb_checkout_look(struct tb_checkout *c);
/* Prices the best set; with only_n or exact exactly the offers given. held: a basket's budgets, by place in
 * basket_offer; NULL = none.                                                                          */
struct tb_chosen {
    const uint32_t *offer;
    uint32_t n;
    bool exact;
    const struct tb_coupon *locked; /* the basket's coupons */
    uint32_t locked_n;
    const struct tb_basket_offer *held;
    uint32_t held_n;
    bool reasons; /* why each offer is in force or not; with none chosen */
};
enum tb_outcome tb_checkout_price(struct tb_checkout *c, const struct tb_chosen *chosen);
/* Judges the tenders that draw on units. */
enum tb_outcome tb_checkout_tenders(struct tb_checkout *c);

/* Parts that got a share of the use, or its gift units. */
int64_t tb_checkout_pieces(const struct tb_checkout *c, uint32_t use);
static inline struct tb_promotion_use tb_checkout_use_of(const struct tb_checkout *c, uint32_t use)
{
    const struct tb_price_use *u = &c->price.use[use];
    return (struct tb_promotion_use){.offer = c->set.found[u->offer].offer,
                                     .profile = c->who.profile,
                                     .store = c->facts.store,
                                     .day = c->today,
                                     .device = c->in->device,
                                     .uses = 1,
                                     .amount = u->saving,
                                     .pieces = tb_checkout_pieces(c, use)};
}

/* Uses and moves everything, places the order. Requires a priced course. basket: its coupons are locked
 * and its tenders held.                                                                       */
enum tb_outcome tb_checkout_place(struct tb_checkout *c, struct tb_block *basket, const struct tb_quote_tender *money,
                                  uint32_t money_n);

/* What the order would earn now: rows in scratch, none when it would be refused. Uses, draws and gives before what may
 * have a say in it: the caller undoes all. Requires a priced course and a member.                    */
void tb_checkout_would_earn(struct tb_checkout *c, const struct tb_ev_order_earn **row, uint32_t *n);

/* Fields 10 to 13 of a confirmation. Requires a priced order. */
void tb_checkout_tell_placed(struct tb_txn *t, struct tb_block *order, struct tb_answer *a);

/* Counts that the campaigns were shown, or would have been. */
void tb_checkout_expose(struct tb_checkout *c);
/* The same of all that is live, where other offers were chosen. Requires a course that has looked. */
void tb_checkout_expose_all(struct tb_checkout *c);
/* What campaigns are asked of the basket. */
struct tb_promotion_ask tb_checkout_ask(const struct tb_checkout *c);
/* A read has run a write: everything is as it was before the command. */
void tb_checkout_forget(struct tb_txn *t);

/* The basket's block in the tenant; NULL with *need when it is cold. */
struct tb_block *tb_basket_find(struct tb_txn *t, uint64_t basket, bool *need);
/* Gives back budgets and uses of the basket; with all coupons and points too, and closes it. */
void tb_basket_give_back(struct tb_txn *t, struct tb_block *basket, bool all, enum tb_basket_end reason);

/* The offers that were in force and the group rules, as bytes; and back from them. bits: of lines. */
void tb_frozen_put(struct tb_buf *b, const struct tb_checkout *c);
struct tb_frozen {
    struct tb_offer *offer;
    uint32_t n;
    struct tb_basket basket; /* groups and limits; lines are the caller's */
};
TB_MUST_USE bool tb_frozen_get(struct tb_str in, uint32_t line_n, struct tb_arena *arena, struct tb_frozen *out);

/* Answers of writes are short: the first few are told, the order's block has all. */
#define TB_CHECKOUT_TOLD_MAX 8u

/* A message of n <= 4 numbers in the answer, fields 1 to n. */
static inline void tb_checkout_put_part(struct tb_buf *b, uint32_t field, const uint64_t *v, uint32_t n)
{
    uint8_t region[64];
    struct tb_buf part;
    tb_buf_init(&part, region, sizeof region);
    for (uint32_t i = 0; i < n; i++)
        tb_wire_put_uint(&part, i + 1, v[i]);
    tb_wire_put_bytes(b, field, tb_buf_as_str(&part));
}

#endif
