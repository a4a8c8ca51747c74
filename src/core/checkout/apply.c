// SPDX-License-Identifier: Apache-2.0
/* Folding the events of checkouts. Nothing here decides or refuses. */
#include "core/checkout/checkout_int.h"

#include <string.h>

static int64_t due_from_wire(uint64_t due_ms)
{
    return due_ms == 0 ? INT64_MAX : (int64_t)due_ms;
}

static void keep_basket_lines(struct tb_txn *t, struct tb_block *b, const struct tb_ev_basket_opened *ev)
{
    char *bytes = tb_section(t, b, TB_BASKET_BYTES);
    struct tb_basket_row *row = tb_section(t, b, TB_BASKET_LINE);
    uint32_t at = 0;
    for (uint32_t i = 0; i < ev->line_n; i++) {
        const struct tb_ev_basket_line *in = &ev->line[i];
        row[i] = (struct tb_basket_row){.product = (uint32_t)in->product,
                                        .whole = (uint32_t)in->whole,
                                        .quantity = in->quantity,
                                        .amount = in->amount};
        if (in->product)
            continue;
        memcpy(bytes + at, in->sku.p, in->sku.n);
        row[i].sku_at = at;
        row[i].sku_n = in->sku.n;
        at += in->sku.n;
    }
}

static void keep_basket_holds(struct tb_txn *t, struct tb_block *b, const struct tb_ev_basket_opened *ev)
{
    struct tb_basket_offer *offer = tb_section(t, b, TB_BASKET_OFFER);
    for (uint32_t i = 0; i < ev->offer_n; i++) {
        const struct tb_ev_basket_offer *in = &ev->offer[i];
        offer[i] = (struct tb_basket_offer){.offer = (uint32_t)in->offer,
                                            .budget = (uint32_t)in->budget,
                                            .saving = in->saving,
                                            .pieces = in->pieces,
                                            .held = in->held,
                                            .coupon = in->coupon,
                                            .hold = in->hold,
                                            .coupon_due_ms = due_from_wire(in->coupon_due_ms),
                                            .coupon_day = (int32_t)in->coupon_day,
                                            .coupon_unit = (uint32_t)in->coupon_unit,
                                            .coupon_profile = (uint32_t)in->coupon_profile,
                                            .formula = in->formula,
                                            .bound = in->bound,
                                            .min_amount = in->min_amount,
                                            .max_units = (uint32_t)in->max_units,
                                            .max_applications = (uint32_t)in->max_applications,
                                            .framed = (uint32_t)in->framed};
    }
    struct tb_basket_tender *tender = tb_section(t, b, TB_BASKET_TENDER);
    for (uint32_t i = 0; i < ev->tender_n; i++) {
        const struct tb_ev_basket_tender *in = &ev->tender[i];
        tender[i] = (struct tb_basket_tender){.amount = in->amount,
                                              .units = in->units,
                                              .hold = in->hold,
                                              .kind = (uint32_t)in->kind,
                                              .unit = (uint32_t)in->unit,
                                              .profile = (uint32_t)in->profile};
    }
}

void tb_checkout_apply_basket_opened(struct tb_txn *t, const struct tb_ev_basket_opened *ev)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < ev->line_n; i++)
        bytes += ev->line[i].product ? 0 : ev->line[i].sku.n;
    tb_assert(bytes <= TB_SECTION_ELEMENTS_MAX);
    uint16_t n[TB_SECTIONS_MAX] = {[TB_BASKET_BYTES] = (uint16_t)bytes,
                                   [TB_BASKET_LINE] = (uint16_t)ev->line_n,
                                   [TB_BASKET_OFFER] = (uint16_t)ev->offer_n,
                                   [TB_BASKET_TENDER] = (uint16_t)ev->tender_n};
    tb_counter_used(t, TB_COUNTER_BASKET, ev->basket);
    struct tb_block *b = tb_create_sized(t, TB_KIND_BASKET, ev->basket, n);
    *(struct tb_basket_head *)tb_block_head(b) = (struct tb_basket_head){.tenant = t->tenant,
                                                                         .profile = (uint32_t)ev->profile,
                                                                         .store = (uint32_t)ev->store,
                                                                         .associate = (uint32_t)ev->associate,
                                                                         .touchpoint = (uint32_t)ev->touchpoint,
                                                                         .channel = (uint32_t)ev->channel,
                                                                         .occurred_ms = ev->occurred_ms,
                                                                         .deadline_ms = ev->deadline_ms,
                                                                         .payable = ev->payable,
                                                                         .shipping = ev->shipping,
                                                                         .device = ev->device,
                                                                         .day = (int32_t)ev->day,
                                                                         .policy = (uint32_t)ev->policy,
                                                                         .referrer = (uint32_t)ev->referrer};
    keep_basket_lines(t, b, ev);
    keep_basket_holds(t, b, ev);
    if (ev->profile)
        tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_checkout_apply_basket_closed(struct tb_txn *t, const struct tb_ev_basket_closed *ev)
{
    tb_drop(t, TB_KIND_BASKET, ev->basket);
    if (ev->profile)
        tb_person_touch(t, (uint32_t)ev->profile);
}

/* ---- orders -------------------------------------------------------------------------------- */

static void keep_effects(struct tb_order_effect *e, struct tb_order_share *s, const struct tb_ev_order_priced *ev)
{
    for (uint32_t i = 0; i < ev->effect_n; i++) {
        const struct tb_ev_order_effect *in = &ev->effect[i];
        e[i] = (struct tb_order_effect){.offer = (uint32_t)in->offer,
                                        .version = (uint32_t)in->version,
                                        .campaign = (uint32_t)in->campaign,
                                        .budget = (uint32_t)in->budget,
                                        .saving = in->saving,
                                        .pieces = in->pieces,
                                        .coupon = in->coupon,
                                        .coupon_due_ms = due_from_wire(in->coupon_due_ms),
                                        .coupon_day = (int32_t)in->coupon_day,
                                        .coupon_unit = (uint32_t)in->coupon_unit,
                                        .coupon_profile = (uint32_t)in->coupon_profile,
                                        .gift_product = (uint32_t)in->gift_product,
                                        .gift_unit = (uint32_t)in->gift_unit,
                                        .gift_units = (uint32_t)in->gift_units,
                                        .gift_value = in->gift_value,
                                        .applications = (uint32_t)in->applications};
    }
    for (uint32_t i = 0; i < ev->share_n; i++) {
        const struct tb_ev_order_share *in = &ev->share[i];
        s[i] = (struct tb_order_share){.each = in->each,
                                       .line = (uint16_t)in->line,
                                       .first = (uint16_t)in->first,
                                       .n = (uint16_t)in->n,
                                       .effect = (uint16_t)in->effect};
    }
}

static void keep_payments(struct tb_order_payment *p, struct tb_order_given *g, const struct tb_ev_order_priced *ev)
{
    for (uint32_t i = 0; i < ev->payment_n; i++) {
        const struct tb_ev_order_payment *in = &ev->payment[i];
        p[i] = (struct tb_order_payment){.amount = in->amount,
                                         .units = in->units,
                                         .transfer = in->transfer,
                                         .kind = (uint32_t)in->kind,
                                         .unit = (uint32_t)in->unit,
                                         .profile = (uint32_t)in->profile};
    }
    for (uint32_t i = 0; i < ev->given_n; i++) {
        const struct tb_ev_order_given *in = &ev->given[i];
        g[i] = (struct tb_order_given){.lot = in->lot,
                                       .due_ms = due_from_wire(in->due_ms),
                                       .effect = (uint32_t)in->effect,
                                       .unit = (uint32_t)in->unit,
                                       .profile = (uint32_t)in->profile,
                                       .day = (int32_t)in->day};
    }
}

/* The order has been placed and not priced: the sections are its first. */
void tb_checkout_apply_order_priced(struct tb_txn *t, const struct tb_ev_order_priced *ev)
{
    const uint16_t more[TB_SECTIONS_MAX] = {[TB_ORDER_PRICE] = 1,
                                            [TB_ORDER_EFFECT] = (uint16_t)ev->effect_n,
                                            [TB_ORDER_SHARE] = (uint16_t)ev->share_n,
                                            [TB_ORDER_PAYMENT] = (uint16_t)ev->payment_n,
                                            [TB_ORDER_GIVEN] = (uint16_t)ev->given_n,
                                            [TB_ORDER_FROZEN] = (uint16_t)ev->frozen.n};
    tb_assert(ev->share_n <= UINT16_MAX && ev->frozen.n <= UINT16_MAX);
    struct tb_block *b = tb_extend(t, TB_KIND_ORDER, ev->order, more);
    tb_assert(b->n[TB_ORDER_PRICE] == 1 && b->n[TB_ORDER_EFFECT] == ev->effect_n);
    struct tb_order_price *price = tb_section(t, b, TB_ORDER_PRICE);
    *price = (struct tb_order_price){.shipping = ev->shipping,
                                     .earn_base = ev->earn_base,
                                     .device = ev->device,
                                     .day = (int32_t)ev->day,
                                     .policy = (uint32_t)ev->policy};
    struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    for (uint32_t i = 0; i < ev->whole_n; i++)
        line[ev->whole[i]].whole = 1;
    _Static_assert(TB_ORDER_EFFECT == TB_ORDER_PRICE + 1 && TB_ORDER_SHARE == TB_ORDER_PRICE + 2 &&
                       TB_ORDER_PAYMENT == TB_ORDER_PRICE + 3 && TB_ORDER_GIVEN == TB_ORDER_PRICE + 4,
                   "one behind the other");
    struct tb_order_effect *effect = tb_block_behind(price, 1, sizeof *price);
    struct tb_order_share *share = tb_block_behind(effect, ev->effect_n, sizeof *effect);
    struct tb_order_payment *payment = tb_block_behind(share, ev->share_n, sizeof *share);
    struct tb_order_given *given = tb_block_behind(payment, ev->payment_n, sizeof *payment);
    keep_effects(effect, share, ev);
    keep_payments(payment, given, ev);
    if (ev->frozen.n)
        memcpy(tb_section(t, b, TB_ORDER_FROZEN), ev->frozen.p, ev->frozen.n);
}

void tb_checkout_apply_order_unwound(struct tb_txn *t, const struct tb_ev_order_unwound *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_ORDER, ev->order);
    struct tb_order_price *price = tb_section(t, b, TB_ORDER_PRICE);
    price->shipping_back += ev->shipping;
    price->withheld += ev->withheld;
    struct tb_order_effect *effect = tb_section(t, b, TB_ORDER_EFFECT);
    for (uint32_t i = 0; i < ev->effect_n; i++) {
        struct tb_order_effect *e = &effect[ev->effect[i].effect];
        e->saving_back += ev->effect[i].amount;
        e->pieces_back += ev->effect[i].pieces;
        e->ended |= (uint32_t)ev->effect[i].ended;
        e->gifts_settled += (uint32_t)ev->effect[i].gifts;
        tb_assert(e->saving_back <= e->saving && e->gifts_settled <= e->gift_units);
    }
    struct tb_order_payment *payment = tb_section(t, b, TB_ORDER_PAYMENT);
    for (uint32_t i = 0; i < ev->payment_n; i++) {
        struct tb_order_payment *p = &payment[ev->payment[i].payment];
        p->back += ev->payment[i].amount;
        p->units_back += ev->payment[i].units;
        tb_assert(p->back <= p->amount && p->units_back <= p->units);
    }
    struct tb_order_given *given = tb_section(t, b, TB_ORDER_GIVEN);
    for (uint32_t i = 0; i < ev->withdrawn_n; i++)
        given[ev->withdrawn[i]].withdrawn = 1;
}
