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
    const uint8_t head[4] = {(uint8_t)(field << 3 | 2), 0, 0, 0};
    struct nest n = {b, b->n + 1};
    tb_buf_put(b, head, sizeof head);
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

/* A few numbers in a row, fields below 16: whether there is room for all is looked at once. */
struct put {
    struct tb_buf *b;
    uint8_t *p; /* NULL: one by one */
};
#define PUT_BYTES 11u /* one number */

static struct put put_open(struct tb_buf *b, uint32_t numbers)
{
    bool room = !b->overflowed && b->cap - b->n >= numbers * PUT_BYTES;
    return (struct put){b, room ? b->p + b->n : NULL};
}

static inline void put_uint(struct put *to, uint32_t field, uint64_t v)
{
    if (to->p == NULL) {
        tb_wire_put_uint(to->b, field, v);
        return;
    }
    *to->p++ = (uint8_t)(field << 3);
    for (; v > 127; v >>= 7)
        *to->p++ = (uint8_t)(v | 128);
    *to->p++ = (uint8_t)v;
}

static void put_close(const struct put *to)
{
    if (to->p != NULL)
        to->b->n = (size_t)(to->p - to->b->p);
    tb_assert(to->b->n <= to->b->cap);
}

static void tell_share(struct tb_buf *b, const struct tb_price_share *s)
{
    struct nest share = nest_open(b, 6);
    struct put to = put_open(b, 4);
    put_uint(&to, 1, s->offer);
    put_uint(&to, 2, s->first);
    put_uint(&to, 3, s->n);
    put_uint(&to, 4, (uint64_t)s->each);
    put_close(&to);
    nest_close(share);
}

/* By line the first of its shares, and by share the line's next one, in their order; NO_SHARE: none. */
#define NO_SHARE UINT32_MAX
static uint32_t *shares_by_line(const struct tb_checkout *c, uint32_t **next)
{
    const struct tb_price_result *r = &c->price;
    uint32_t line_n = c->basket.line_n;
    uint32_t *first = tb_arena_take(c->t->scratch, ((size_t)line_n + r->share_n) * sizeof *first);
    tb_assert(first != NULL);
    *next = first + line_n;
    for (uint32_t i = 0; i < line_n; i++)
        first[i] = NO_SHARE;
    for (uint32_t k = r->share_n; k-- > 0;) {
        (*next)[k] = first[r->share[k].line];
        first[r->share[k].line] = k;
    }
    return first;
}

static void tell_lines(const struct tb_checkout *c)
{
    struct tb_buf *b = &c->a->body;
    const struct tb_price_result *r = &c->price;
    uint32_t *next;
    const uint32_t *first = shares_by_line(c, &next);
    for (uint32_t i = 0; i < c->basket.line_n; i++) {
        struct nest line = nest_open(b, 11);
        struct put to = put_open(b, 5);
        put_uint(&to, 1, (uint64_t)c->list[i]);
        put_uint(&to, 2, (uint64_t)r->line[i].saving);
        put_uint(&to, 3, (uint64_t)r->line[i].net);
        put_uint(&to, 4, r->line[i].below_cost);
        put_uint(&to, 5, c->product[i]);
        put_close(&to);
        for (uint32_t k = first[i]; k != NO_SHARE; k = next[k])
            tell_share(b, &r->share[k]);
        nest_close(line);
    }
}

/* u: NULL, it is not in force. */
static void tell_offer(const struct tb_checkout *c, uint32_t i, const struct tb_price_use *u)
{
    struct tb_buf *b = &c->a->body;
    const struct tb_promotion_found *f = &c->set.found[i];
    const struct tb_price_reason *why = &c->why[i];
    struct nest offer = nest_open(b, 12);
    struct put to = put_open(b, 13);
    put_uint(&to, 1, f->offer);
    put_uint(&to, 2, f->campaign);
    put_uint(&to, 3, f->version);
    put_uint(&to, 4, f->coupon.unit ? f->coupon.lot : 0);
    put_uint(&to, 5, why->why);
    if (u != NULL) {
        put_uint(&to, 6, (uint64_t)u->saving);
        put_uint(&to, 7, u->applications);
        put_uint(&to, 8, u->gift_units);
        put_uint(&to, 11, (uint64_t)u->next_missing);
    }
    put_uint(&to, 9, f->gift_product); /* what is missing for it is worth a prompt at the till */
    put_uint(&to, 10, f->gift_unit);
    put_uint(&to, 12, why->missing > 0 ? (uint64_t)why->missing : 0);
    if (why->why == TB_PRICE_CONFLICT || why->why == TB_PRICE_NOT_FIRST)
        put_uint(&to, 13, why->against + 1);
    put_close(&to);
    nest_close(offer);
}

static void tell_offers(const struct tb_checkout *c)
{
    const struct tb_price_use *use[TB_PRICE_OFFERS_MAX];
    for (uint32_t i = 0; i < c->set.n; i++)
        use[i] = NULL;
    for (uint32_t k = 0; k < c->price.use_n; k++)
        use[c->price.use[k].offer] = &c->price.use[k];
    for (uint32_t i = 0; i < c->set.n; i++)
        tell_offer(c, i, use[i]);
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

static void tell(const struct tb_checkout *c)
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
    tell_offers(c);
}

static void tell_earn(struct tb_buf *b, uint64_t unit, int64_t amount)
{
    struct nest earned = nest_open(b, 14);
    tb_wire_put_uint(b, 1, unit);
    tb_wire_put_uint(b, 2, (uint64_t)amount);
    nest_close(earned);
}

/* The order is placed, looked at, and gone again with the quote. */
static void place_and_look(struct tb_checkout *c)
{
    uint64_t order = tb_counter_next(c->t, TB_COUNTER_ORDER);
    struct tb_answer aside = {0};
    struct tb_answer *told = c->a;
    void *region = tb_arena_take(c->t->scratch, 4096);
    if (region == NULL)
        return;
    tb_buf_init(&aside.body, region, 4096);
    c->a = &aside;
    enum tb_outcome outcome = tb_checkout_place(c, NULL, NULL, 0);
    c->a = told;
    if (outcome != TB_DONE)
        return;
    struct tb_block *b = tb_read(c->t, TB_KIND_ORDER, order);
    const struct tb_order_earn *earn = tb_section(c->t, b, TB_ORDER_EARN);
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++)
        tell_earn(&told->body, earn[i].unit, earn[i].amount);
}

/* What it would earn. */
static void tell_earned(struct tb_checkout *c)
{
    const struct tb_ev_order_earn *earn = NULL;
    uint32_t n;
    if (c->who.profile == 0)
        return;
    struct tb_answer aside = {0};
    struct tb_answer *told = c->a;
    c->order.key = TB_STR("?");
    c->order.receipt = TB_STR_NONE;
    c->a = &aside;
    bool known = tb_checkout_would_earn(c, &earn, &n);
    c->a = told;
    if (!known)
        place_and_look(c);
    for (uint32_t i = 0; i < n; i++)
        tell_earn(&told->body, earn[i].unit, earn[i].amount);
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
    struct tb_chosen any = {.reasons = true};
    enum tb_outcome outcome = tb_checkout_begin(&c, t, cmd, cmd->input, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    if (outcome == TB_DONE)
        outcome = tb_checkout_price(&c, &any);
    if (outcome == TB_DONE)
        outcome = tb_checkout_tenders(&c);
    if (outcome != TB_DONE)
        return outcome;
    tell(&c);
    tell_earned(&c);
    tb_checkout_forget(t);
    return TB_DONE;
}
