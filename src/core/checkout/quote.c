// SPDX-License-Identifier: Apache-2.0
/* What a basket would cost, and why: the course of a confirmation until the order is booked, told and undone. */
#include "core/checkout/checkout_int.h"

/* Where the answer is written: room for all of it was seen to (answer_most), so that no number asks again. */
struct put {
    uint8_t *p;
};
#define NUMBER_BYTES 11u /* one number of a field below 16, at most */
#define HEAD_BYTES 4u    /* field and length of a message */

/* 128 and more. */
static __attribute__((noinline)) uint8_t *put_long(uint8_t *p, uint64_t v)
{
    for (; v > 127; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

/* field < 16 */
static inline void put_uint(struct put *to, uint32_t field, uint64_t v)
{
    to->p[0] = (uint8_t)(field << 3);
    to->p[1] = (uint8_t)v;
    to->p = v < 128 ? to->p + 2 : put_long(to->p + 1, v);
}

/* A message within the answer, less than 2 MiB: three bytes of its length are kept free; where its numbers begin. */
static inline uint8_t *nest_open(struct put *to, uint32_t field)
{
    to->p[0] = (uint8_t)(field << 3 | 2);
    to->p += HEAD_BYTES;
    return to->p;
}

static inline void nest_close(const struct put *to, uint8_t *begin)
{
    size_t bytes = (size_t)(to->p - begin);
    tb_assert(bytes < (1u << 21));
    begin[-3] = (uint8_t)(bytes | 0x80);
    begin[-2] = (uint8_t)(bytes >> 7 | 0x80);
    begin[-1] = (uint8_t)(bytes >> 14);
}

static void tell_share(struct put *to, const struct tb_price_share *s)
{
    uint8_t *share = nest_open(to, 6);
    put_uint(to, 1, s->offer);
    put_uint(to, 2, s->first);
    put_uint(to, 3, s->n);
    put_uint(to, 4, (uint64_t)s->each);
    nest_close(to, share);
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

static void tell_lines(const struct tb_checkout *c, struct put *to)
{
    const struct tb_price_result *r = &c->price;
    uint32_t *next;
    const uint32_t *first = shares_by_line(c, &next);
    for (uint32_t i = 0; i < c->basket.line_n; i++) {
        uint8_t *line = nest_open(to, 11);
        put_uint(to, 1, (uint64_t)c->list[i]);
        put_uint(to, 2, (uint64_t)r->line[i].saving);
        put_uint(to, 3, (uint64_t)r->line[i].net);
        put_uint(to, 4, r->line[i].below_cost);
        put_uint(to, 5, c->product[i]);
        for (uint32_t k = first[i]; k != NO_SHARE; k = next[k])
            tell_share(to, &r->share[k]);
        nest_close(to, line);
    }
}
#define LINE_NUMBERS 5u
#define SHARE_NUMBERS 4u

/* u: NULL, it is not in force. */
static void tell_offer(const struct tb_checkout *c, struct put *to, uint32_t i, const struct tb_price_use *u)
{
    const struct tb_promotion_found *f = &c->set.found[i];
    const struct tb_price_reason *why = &c->why[i];
    uint8_t *offer = nest_open(to, 12);
    put_uint(to, 1, f->offer);
    put_uint(to, 2, f->campaign);
    put_uint(to, 3, f->version);
    put_uint(to, 4, f->coupon.unit ? f->coupon.lot : 0);
    put_uint(to, 5, why->why);
    if (u != NULL) {
        put_uint(to, 6, (uint64_t)u->saving);
        put_uint(to, 7, u->applications);
        put_uint(to, 8, u->gift_units);
        put_uint(to, 11, (uint64_t)u->next_missing);
    }
    put_uint(to, 9, f->gift_product); /* what is missing for it is worth a prompt at the till */
    put_uint(to, 10, f->gift_unit);
    put_uint(to, 12, why->missing > 0 ? (uint64_t)why->missing : 0);
    if (why->why == TB_PRICE_CONFLICT || why->why == TB_PRICE_NOT_FIRST)
        put_uint(to, 13, why->against + 1);
    nest_close(to, offer);
}
#define OFFER_NUMBERS 13u

static void tell_offers(const struct tb_checkout *c, struct put *to)
{
    const struct tb_price_use *use[TB_PRICE_OFFERS_MAX];
    for (uint32_t i = 0; i < c->set.n; i++)
        use[i] = NULL;
    for (uint32_t k = 0; k < c->price.use_n; k++)
        use[c->price.use[k].offer] = &c->price.use[k];
    for (uint32_t i = 0; i < c->set.n; i++)
        tell_offer(c, to, i, use[i]);
}

static void tell_refused(const struct tb_checkout *c, struct put *to)
{
    for (uint32_t i = 0; i < c->set.refused_n; i++) {
        const struct tb_promotion_refusal *r = &c->set.refused[i];
        if (r->why == TB_PROMOTION_HELD_OUT)
            continue;
        uint8_t *refused = nest_open(to, 13);
        put_uint(to, 1, r->campaign);
        put_uint(to, 2, r->offer);
        put_uint(to, 3, r->lot);
        put_uint(to, 4, r->why);
        put_uint(to, 5, r->missing > 0 ? (uint64_t)r->missing : 0);
        nest_close(to, refused);
    }
}
#define REFUSED_NUMBERS 5u

static void tell_tenders(const struct tb_checkout *c, struct put *to)
{
    for (uint32_t i = 0; i < c->tender_n; i++) {
        uint8_t *tender = nest_open(to, 15);
        put_uint(to, 1, c->tender[i].kind);
        put_uint(to, 2, (uint64_t)c->tender[i].amount);
        put_uint(to, 3, c->tender[i].unit);
        put_uint(to, 4, (uint64_t)c->tender[i].units);
        nest_close(to, tender);
    }
}
#define TENDER_NUMBERS 4u

static void tell_all(const struct tb_checkout *c, struct put *to)
{
    const struct tb_price_result *r = &c->price;
    if (c->who.person)
        put_uint(to, 1, tb_person_id(tb_read(c->t, TB_KIND_PERSON, c->who.person)));
    put_uint(to, 2, (uint64_t)r->payable);
    put_uint(to, 3, (uint64_t)r->goods_list);
    put_uint(to, 4, (uint64_t)r->goods_saving);
    put_uint(to, 5, (uint64_t)r->shipping_list);
    put_uint(to, 6, (uint64_t)r->shipping_saving);
    put_uint(to, 7, r->proven);
    put_uint(to, 8, (uint64_t)(r->bound - r->value));
    put_uint(to, 9, r->steps);
    put_uint(to, 10, (uint64_t)c->due);
    tell_lines(c, to);
    tell_refused(c, to);
    tell_tenders(c, to);
    tell_offers(c, to);
}
#define PRICE_NUMBERS 10u

static size_t most(size_t messages, uint32_t numbers)
{
    return messages * (HEAD_BYTES + numbers * NUMBER_BYTES);
}

/* Bytes that the answer has at most, but for what is earned. */
static size_t answer_most(const struct tb_checkout *c)
{
    return most(1, PRICE_NUMBERS) + most(c->basket.line_n, LINE_NUMBERS) + most(c->price.share_n, SHARE_NUMBERS) +
           most(c->set.refused_n, REFUSED_NUMBERS) + most(c->tender_n, TENDER_NUMBERS) + most(c->set.n, OFFER_NUMBERS);
}

/* Straight into the body; where it might not fit, aside: it fits whole or overflows. */
static void tell(const struct tb_checkout *c)
{
    struct tb_buf *b = &c->a->body;
    size_t bytes = answer_most(c);
    bool room = !b->overflowed && b->cap - b->n >= bytes;
    uint8_t *begin = room ? (uint8_t *)b->p + b->n : tb_arena_take(c->t->scratch, bytes);
    struct put to = {begin};
    tb_assert(begin != NULL);
    tell_all(c, &to);
    size_t n = (size_t)(to.p - begin);
    tb_assert(n <= bytes);
    if (room)
        b->n += n;
    else
        tb_buf_put(b, begin, n);
}

static void tell_earn(struct tb_buf *b, uint64_t unit, int64_t amount)
{
    uint8_t bytes[HEAD_BYTES + 2 * NUMBER_BYTES];
    struct put to = {bytes};
    uint8_t *earned = nest_open(&to, 14);
    put_uint(&to, 1, unit);
    put_uint(&to, 2, (uint64_t)amount);
    nest_close(&to, earned);
    tb_buf_put(b, bytes, (size_t)(to.p - bytes));
}

/* What it would earn; what is done to find it goes with the quote. */
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
    tb_checkout_would_earn(c, &earn, &n);
    c->a = told;
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
