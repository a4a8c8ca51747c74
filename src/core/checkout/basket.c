// SPDX-License-Identifier: Apache-2.0
/* Open baskets: what they reserve until their deadline, and how it comes free again. */
#include "core/checkout/checkout_int.h"

#include <string.h>

static uint64_t due_to_wire(int64_t due_ms)
{
    return due_ms == INT64_MAX ? 0 : (uint64_t)due_ms;
}

int64_t tb_checkout_due_ms(const struct tb_block *basket)
{
    return ((const struct tb_basket_head *)tb_block_head_const(basket))->deadline_ms;
}

struct tb_block *tb_basket_find(struct tb_txn *t, uint64_t basket, bool *need)
{
    *need = false;
    if (basket == 0 || basket > t->store->counter[TB_COUNTER_BASKET])
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_BASKET, basket);
    if (b == NULL) /* open ones have a timer and stay in memory (engine/timers.c) */
        return NULL;
    return ((const struct tb_basket_head *)tb_block_head_const(b))->tenant == t->tenant ? b : NULL;
}

static void close_basket(struct tb_txn *t, uint64_t basket, uint32_t profile, enum tb_basket_end reason)
{
    struct tb_ev_basket_closed ev = {.basket = basket, .reason = reason, .profile = profile};
    tb_emit_basket_closed(t, &ev);
}

void tb_basket_give_back(struct tb_txn *t, struct tb_block *basket, bool all, enum tb_basket_end reason)
{
    const struct tb_basket_head *head = tb_block_head_const(basket);
    const struct tb_basket_offer *offer = tb_section(t, basket, TB_BASKET_OFFER);
    const struct tb_basket_tender *tender = tb_section(t, basket, TB_BASKET_TENDER);
    for (uint32_t i = 0; i < basket->n[TB_BASKET_OFFER]; i++) {
        struct tb_promotion_use use = {.offer = offer[i].offer,
                                       .profile = head->profile,
                                       .store = head->store,
                                       .day = head->day,
                                       .device = head->device,
                                       .uses = 1,
                                       .amount = offer[i].saving,
                                       .pieces = offer[i].pieces};
        tb_promotion_uncount(t, &use);
        if (offer[i].held > 0) {
            enum tb_code code =
                tb_budget_move(t, offer[i].budget, TB_ACCOUNT_HELD, TB_ACCOUNT_FUND, offer[i].held, 0);
            tb_assert(code == TB_CODE_OK);
        }
        if (all && offer[i].hold != 0)
            tb_coupon_unlock(t, offer[i].hold);
    }
    for (uint32_t i = 0; all && i < basket->n[TB_BASKET_TENDER]; i++)
        if (tender[i].hold != 0)
            (void)tb_ledger_unreserve(t, tender[i].hold);
    if (all)
        close_basket(t, basket->id, head->profile, reason);
}

void tb_checkout_fire(struct tb_txn *t, uint64_t basket)
{
    struct tb_block *b = tb_read(t, TB_KIND_BASKET, basket);
    if (b != NULL && tb_checkout_due_ms(b) <= t->now_ms)
        tb_basket_give_back(t, b, true, TB_BASKET_LAPSED);
}

enum tb_outcome tb_checkout_release(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_basket_release *in = cmd->input;
    bool need;
    struct tb_block *b = tb_basket_find(t, in->basket, &need);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_BASKET, "basket");
    tb_basket_give_back(t, b, true, TB_BASKET_RELEASED);
    tb_wire_put_uint(&a->body, 1, in->basket);
    return TB_DONE;
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum tb_code reserve_offer(struct tb_checkout *c, uint32_t use, int64_t deadline_ms,
                                  struct tb_ev_basket_offer *out)
{
    const struct tb_promotion_found *f = &c->set.found[c->price.use[use].offer];
    struct tb_promotion_use counted = tb_checkout_use_of(c, use);
    const struct tb_offer *o = &c->set.offer[c->price.use[use].offer];
    *out = (struct tb_ev_basket_offer){.offer = f->offer,
                                       .saving = counted.amount,
                                       .pieces = counted.pieces,
                                       .formula = f->formula,
                                       .framed = 1,
                                       .bound = o->budget_rule != TB_PRICE_NO_BUDGET ? o->budget : -1,
                                       .max_units = o->max_units,
                                       .max_applications = o->max_applications,
                                       .min_amount = o->min_amount};
    if (f->coupon.unit != 0) {
        out->coupon = f->coupon.lot;
        out->coupon_unit = f->coupon.unit;
        out->coupon_profile = f->coupon.profile;
        out->coupon_due_ms = due_to_wire(f->coupon.due_ms);
        out->coupon_day = f->coupon.earned_day;
        enum tb_code code = tb_coupon_lock(c->t, &f->coupon, deadline_ms, &out->hold);
        if (code != TB_CODE_OK)
            return code;
    }
    enum tb_code code = tb_promotion_count(c->t, &counted);
    if (code != TB_CODE_OK || f->budget == 0 || counted.amount == 0)
        return code;
    out->budget = f->budget;
    out->held = counted.amount;
    return tb_budget_move(c->t, f->budget, TB_ACCOUNT_FUND, TB_ACCOUNT_HELD, counted.amount, 0);
}

static void note_lines(const struct tb_checkout *c, struct tb_ev_basket_opened *ev)
{
    struct tb_ev_basket_line *line = TB_NEW_ARRAY(c->t->scratch, struct tb_ev_basket_line, c->order.line_n);
    tb_assert(line != NULL);
    for (uint32_t i = 0; i < c->order.line_n; i++)
        line[i] = (struct tb_ev_basket_line){.product = c->product[i],
                                             .sku = c->product[i] ? TB_STR_NONE : c->line[i].sku,
                                             .quantity = c->line[i].quantity,
                                             .amount = c->list[i],
                                             .whole = c->basket.line[i].whole};
    ev->line = line;
    ev->line_n = c->order.line_n;
}

static enum tb_outcome reserve(struct tb_checkout *c, struct tb_ev_basket_opened *ev)
{
    struct tb_ev_basket_offer *offer = TB_NEW_ARRAY(c->t->scratch, struct tb_ev_basket_offer, c->price.use_n + 1);
    struct tb_ev_basket_tender *tender = TB_NEW_ARRAY(c->t->scratch, struct tb_ev_basket_tender, c->tender_n + 1);
    tb_assert(offer != NULL && tender != NULL);
    for (uint32_t i = 0; i < c->price.use_n; i++) {
        enum tb_code code = reserve_offer(c, i, ev->deadline_ms, &offer[i]);
        if (code != TB_CODE_OK)
            return tb_refuse(c->a, code == TB_CODE_TOO_MANY ? code : TB_CODE_QUOTE_CHANGED, "offers");
    }
    for (uint32_t i = 0; i < c->tender_n; i++) {
        const struct tb_draw_on *d = &c->tender[i];
        tender[i] = (struct tb_ev_basket_tender){
            .kind = d->kind, .amount = d->amount, .unit = d->unit, .units = d->units, .profile = d->profile};
        if (d->units == 0)
            continue;
        enum tb_code code =
            tb_ledger_reserve(c->t, d->profile, d->unit, d->units, ev->deadline_ms, &tender[i].hold);
        if (code != TB_CODE_OK)
            return tb_refuse(c->a, code, "tenders");
    }
    ev->offer = offer;
    ev->offer_n = c->price.use_n;
    ev->tender = tender;
    ev->tender_n = c->tender_n;
    return TB_DONE;
}

enum tb_outcome tb_checkout_open(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_quote *in = cmd->input;
    struct tb_checkout c;
    struct tb_chosen any = {0};
    int64_t lifetime_ms = in->lifetime_ms ? in->lifetime_ms : TB_BASKET_LIFETIME_MS;
    enum tb_outcome outcome = tb_checkout_begin(&c, t, cmd, in, a);
    if (outcome == TB_DONE && (lifetime_ms < TB_BASKET_LIFETIME_MIN_MS || lifetime_ms > TB_BASKET_LIFETIME_MAX_MS))
        return tb_refuse(a, TB_CODE_INVALID, "lifetime");
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    if (outcome == TB_DONE)
        outcome = tb_checkout_price(&c, &any);
    if (outcome == TB_DONE)
        outcome = tb_checkout_tenders(&c);
    if (outcome != TB_DONE)
        return outcome;
    tb_checkout_expose(&c);
    struct tb_ev_basket_opened ev = {.basket = tb_counter_next(t, TB_COUNTER_BASKET),
                                     .profile = c.who.profile,
                                     .store = c.facts.store,
                                     .associate = c.facts.associate,
                                     .touchpoint = c.facts.touchpoint,
                                     .channel = c.order.channel,
                                     .device = in->device,
                                     .occurred_ms = c.order.occurred_ms,
                                     .deadline_ms = t->now_ms + lifetime_ms,
                                     .day = c.today,
                                     .payable = c.price.payable,
                                     .shipping = in->shipping,
                                     .policy = in->policy,
                                     .referrer = c.referrer};
    note_lines(&c, &ev);
    outcome = reserve(&c, &ev);
    if (outcome != TB_DONE)
        return outcome;
    tb_emit_basket_opened(t, &ev);
    tb_wire_put_uint(&a->body, 1, ev.basket);
    tb_wire_put_uint(&a->body, 2, (uint64_t)c.price.payable);
    tb_wire_put_uint(&a->body, 3, (uint64_t)(c.price.goods_saving + c.price.shipping_saving));
    tb_wire_put_uint(&a->body, 4, (uint64_t)ev.deadline_ms);
    if (c.who.profile)
        tb_wire_put_uint(&a->body, 5, tb_person_id(tb_read(t, TB_KIND_PERSON, c.who.person)));
    tb_wire_put_uint(&a->body, 10, (uint64_t)c.due);
    return TB_DONE;
}
