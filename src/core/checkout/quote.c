// SPDX-License-Identifier: Apache-2.0
/* What a basket would cost, and why: the course of a confirmation, told and undone. */
#include "core/checkout/checkout_int.h"

/* A message within the body: length first, three bytes of it kept free. */
struct nest {
    struct tb_buf *b;
    size_t at;
};

static struct nest nest_open(struct tb_buf *b, uint32_t field)
{
    tb_buf_byte(b, (uint8_t)(field << 3 | 2));
    struct nest n = {b, b->n};
    for (uint32_t i = 0; i < 3; i++)
        tb_buf_byte(b, 0);
    return n;
}

static void nest_close(struct nest n)
{
    if (n.b->overflowed)
        return;
    size_t bytes = n.b->n - n.at - 3;
    tb_assert(bytes < (1u << 21));
    n.b->p[n.at] = (uint8_t)(bytes & 0x7f) | 0x80;
    n.b->p[n.at + 1] = (uint8_t)(bytes >> 7 & 0x7f) | 0x80;
    n.b->p[n.at + 2] = (uint8_t)(bytes >> 14);
}

static void tell_lines(const struct tb_checkout *c)
{
    struct tb_buf *b = &c->a->body;
    const struct tb_price_result *r = &c->price;
    for (uint32_t i = 0; i < c->basket.line_n; i++) {
        struct nest line = nest_open(b, 11);
        tb_wire_put_uint(b, 1, (uint64_t)c->list[i]);
        tb_wire_put_uint(b, 2, (uint64_t)r->line[i].saving);
        tb_wire_put_uint(b, 3, (uint64_t)r->line[i].net);
        tb_wire_put_uint(b, 4, r->line[i].below_cost);
        tb_wire_put_uint(b, 5, c->product[i]);
        for (uint32_t k = 0; k < r->share_n; k++) {
            if (r->share[k].line != i)
                continue;
            struct nest share = nest_open(b, 6);
            tb_wire_put_uint(b, 1, r->share[k].offer);
            tb_wire_put_uint(b, 2, r->share[k].first);
            tb_wire_put_uint(b, 3, r->share[k].n);
            tb_wire_put_uint(b, 4, (uint64_t)r->share[k].each);
            nest_close(share);
        }
        nest_close(line);
    }
}

static void tell_offer(const struct tb_checkout *c, uint32_t i, const struct tb_price_reason *why)
{
    struct tb_buf *b = &c->a->body;
    const struct tb_promotion_found *f = &c->set.found[i];
    struct nest offer = nest_open(b, 12);
    tb_wire_put_uint(b, 1, f->offer);
    tb_wire_put_uint(b, 2, f->campaign);
    tb_wire_put_uint(b, 3, f->version);
    tb_wire_put_uint(b, 4, f->coupon.unit ? f->coupon.lot : 0);
    tb_wire_put_uint(b, 5, why->why);
    for (uint32_t k = 0; k < c->price.use_n; k++) {
        const struct tb_price_use *u = &c->price.use[k];
        if (u->offer != i)
            continue;
        tb_wire_put_uint(b, 6, (uint64_t)u->saving);
        tb_wire_put_uint(b, 7, u->applications);
        tb_wire_put_uint(b, 8, u->gift_units);
        tb_wire_put_uint(b, 11, (uint64_t)u->next_missing);
    }
    tb_wire_put_uint(b, 9, f->gift_product); /* what is missing for it is worth a prompt at the till */
    tb_wire_put_uint(b, 10, f->gift_unit);
    tb_wire_put_uint(b, 12, why->missing > 0 ? (uint64_t)why->missing : 0);
    if (why->why == TB_PRICE_CONFLICT || why->why == TB_PRICE_NOT_FIRST)
        tb_wire_put_uint(b, 13, why->against + 1);
    nest_close(offer);
}

static void tell_refused(const struct tb_checkout *c)
{
    struct tb_buf *b = &c->a->body;
    for (uint32_t i = 0; i < c->set.refused_n; i++) {
        const struct tb_promotion_refusal *r = &c->set.refused[i];
        if (r->why == TB_PROMOTION_HELD_OUT)
            continue;
        struct nest refused = nest_open(b, 13);
        tb_wire_put_uint(b, 1, r->campaign);
        tb_wire_put_uint(b, 2, r->offer);
        tb_wire_put_uint(b, 3, r->lot);
        tb_wire_put_uint(b, 4, r->why);
        tb_wire_put_uint(b, 5, r->missing > 0 ? (uint64_t)r->missing : 0);
        nest_close(refused);
    }
}

static enum tb_outcome tell(struct tb_checkout *c)
{
    struct tb_buf *b = &c->a->body;
    const struct tb_price_result *r = &c->price;
    if (c->who.person)
        tb_wire_put_uint(b, 1, tb_person_id(tb_read(c->t, TB_KIND_PERSON, c->who.person)));
    tb_wire_put_uint(b, 2, (uint64_t)r->payable);
    tb_wire_put_uint(b, 3, (uint64_t)r->goods_list);
    tb_wire_put_uint(b, 4, (uint64_t)r->goods_saving);
    tb_wire_put_uint(b, 5, (uint64_t)r->shipping_list);
    tb_wire_put_uint(b, 6, (uint64_t)r->shipping_saving);
    tb_wire_put_uint(b, 7, r->proven);
    tb_wire_put_uint(b, 8, (uint64_t)(r->bound - r->value));
    tb_wire_put_uint(b, 9, r->steps);
    tb_wire_put_uint(b, 10, (uint64_t)c->due);
    tell_lines(c);
    tell_refused(c);
    for (uint32_t i = 0; i < c->tender_n; i++) {
        struct nest tender = nest_open(b, 15);
        tb_wire_put_uint(b, 1, c->tender[i].kind);
        tb_wire_put_uint(b, 2, (uint64_t)c->tender[i].amount);
        tb_wire_put_uint(b, 3, c->tender[i].unit);
        tb_wire_put_uint(b, 4, (uint64_t)c->tender[i].units);
        nest_close(tender);
    }
    if (c->set.n == 0)
        return TB_DONE;
    struct tb_price_reason *why = TB_NEW_ARRAY(c->t->scratch, struct tb_price_reason, c->set.n);
    struct tb_price_work work = {.size = c->work.size};
    work.region = tb_arena_take(c->t->scratch, work.size); /* the result's own must live on */
    if (why == NULL || work.region == NULL ||
        tb_price_explain(&work, &c->basket, c->set.offer, c->set.n, r->set, why) != TB_PRICE_DONE)
        return tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines");
    for (uint32_t i = 0; i < c->set.n; i++)
        tell_offer(c, i, &why[i]);
    return TB_DONE;
}

/* What it would earn: the order is placed, looked at, and gone again with the quote. */
static void tell_earned(struct tb_checkout *c)
{
    uint64_t order = tb_counter_next(c->t, TB_COUNTER_ORDER);
    struct tb_answer aside = {0};
    struct tb_answer *told = c->a;
    void *region = tb_arena_alloc(c->t->scratch, 4096);
    if (region == NULL || c->who.profile == 0)
        return;
    tb_buf_init(&aside.body, region, 4096);
    c->a = &aside;
    c->order.key = TB_STR("?");
    c->order.receipt = TB_STR_NONE;
    enum tb_outcome outcome = tb_checkout_place(c, NULL, NULL, 0);
    c->a = told;
    if (outcome != TB_DONE)
        return;
    struct tb_block *b = tb_read(c->t, TB_KIND_ORDER, order);
    const struct tb_order_earn *earn = tb_section(c->t, b, TB_ORDER_EARN);
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++) {
        struct nest earned = nest_open(&told->body, 14);
        tb_wire_put_uint(&told->body, 1, earn[i].unit);
        tb_wire_put_uint(&told->body, 2, (uint64_t)earn[i].amount);
        nest_close(earned);
    }
}

void tb_checkout_forget(struct tb_txn *t)
{
    tb_txn_undo(t);
    t->need_n = 0;
    t->member = 0;
    t->member_prev_seq = 0;
}

enum tb_outcome tb_checkout_quote(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct tb_checkout c;
    struct tb_chosen any = {0};
    enum tb_outcome outcome = tb_checkout_begin(&c, t, cmd, cmd->input, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    if (outcome == TB_DONE)
        outcome = tb_checkout_price(&c, &any);
    if (outcome == TB_DONE)
        outcome = tb_checkout_tenders(&c);
    if (outcome == TB_DONE)
        outcome = tell(&c);
    if (outcome == TB_DONE)
        tell_earned(&c);
    if (outcome == TB_DONE)
        tb_checkout_forget(t);
    return outcome;
}
