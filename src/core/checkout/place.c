// SPDX-License-Identifier: Apache-2.0
/* What a priced basket does when it becomes an order: coupons used, uses counted, budgets and tenders moved,
 * gifts given; then the order is booked as any other, with what its member did not pay by points as the
 * base of what it earns (trap 14).                                                              */
#include "core/checkout/checkout_int.h"

struct placing {
    struct tb_checkout *c;
    struct tb_block *basket;
    uint64_t order;
    struct tb_ev_order_priced ev;
    struct tb_ev_order_effect *effect;
    struct tb_ev_order_share *share;
    struct tb_ev_order_payment *payment;
    struct tb_ev_order_given *given;
    struct tb_points_bonus *bonus;
    uint32_t bonus_n;
};

static uint64_t due_to_wire(int64_t due_ms)
{
    return due_ms == INT64_MAX ? 0 : (uint64_t)due_ms;
}

/* The lock that the basket has on the coupon. */
static uint64_t lock_of(const struct placing *p, uint64_t lot)
{
    if (p->basket == NULL)
        return 0;
    const struct tb_basket_offer *o = tb_section(p->c->t, p->basket, TB_BASKET_OFFER);
    for (uint32_t i = 0; i < p->basket->n[TB_BASKET_OFFER]; i++)
        if (o[i].coupon == lot)
            return o[i].hold;
    return 0;
}

/* Coupons that a gift rule gives, to her or to who sent her: as many as stock and the taker's limits allow. */
static void give_coupons(struct placing *p, uint32_t use, uint32_t unit, uint32_t units)
{
    struct tb_checkout *c = p->c;
    uint32_t got = 0;
    uint32_t taker = c->set.found[c->price.use[use].offer].to_referrer ? c->referrer : c->who.profile;
    for (; taker != 0 && got < units && p->ev.given_n < TB_CHECKOUT_GIFTS_MAX; got++) {
        struct tb_coupon coupon;
        enum tb_code code =
            tb_coupon_issue(c->t, taker, unit, p->order, c->actor, TB_STR_NONE, &coupon);
        if (code != TB_CODE_OK)
            break;
        p->given[p->ev.given_n++] = (struct tb_ev_order_given){.effect = use,
                                                               .lot = coupon.lot,
                                                               .unit = unit,
                                                               .profile = coupon.profile,
                                                               .due_ms = due_to_wire(coupon.due_ms),
                                                               .day = coupon.earned_day};
    }
    p->effect[use].gift_units = got;
}

static void give(struct placing *p, uint32_t use)
{
    struct tb_checkout *c = p->c;
    const struct tb_price_use *u = &c->price.use[use];
    const struct tb_offer *o = &c->set.offer[u->offer];
    const struct tb_promotion_found *f = &c->set.found[u->offer];
    struct tb_ev_order_effect *e = &p->effect[use];
    if (o->mechanic == TB_PRICE_POINTS)
        p->bonus[p->bonus_n++] =
            (struct tb_points_bonus){.unit = f->gift_unit, .offer = f->offer, .ppm = o->ppm, .scope = o->scope};
    if (o->mechanic != TB_PRICE_GIFT)
        return;
    e->gift_product = f->gift_product;
    e->gift_unit = f->gift_unit;
    e->gift_units = u->gift_units;
    if (f->gift_product != 0) {
        const struct tb_product *product = tb_block_head_const(tb_read(c->t, TB_KIND_PRODUCT, f->gift_product));
        e->gift_value = product->price;
    } else if (f->gift_unit != 0) {
        const struct tb_unit *unit = tb_block_head_const(tb_read(c->t, TB_KIND_UNIT, f->gift_unit));
        if (unit->kind == TB_UNIT_COUPON)
            give_coupons(p, use, f->gift_unit, u->gift_units);
        else
            p->bonus[p->bonus_n++] =
                (struct tb_points_bonus){.unit = f->gift_unit, .offer = f->offer, .fixed = u->gift_units};
    }
}

/* One offer in force: its use, its coupon, its budget. */
static enum tb_outcome use_offer(struct placing *p, uint32_t use)
{
    struct tb_checkout *c = p->c;
    const struct tb_price_use *u = &c->price.use[use];
    const struct tb_promotion_found *f = &c->set.found[u->offer];
    struct tb_promotion_use counted = tb_checkout_use_of(c, use);
    p->effect[use] = (struct tb_ev_order_effect){.offer = f->offer,
                                                 .version = f->version,
                                                 .campaign = f->campaign,
                                                 .saving = u->saving,
                                                 .pieces = counted.pieces,
                                                 .budget = u->saving > 0 ? f->budget : 0,
                                                 .applications = u->applications};
    struct tb_ev_order_effect *e = &p->effect[use];
    enum tb_code code = TB_CODE_OK;
    if (f->coupon.unit != 0) {
        e->coupon = f->coupon.lot;
        e->coupon_unit = f->coupon.unit;
        e->coupon_profile = f->coupon.profile;
        e->coupon_due_ms = due_to_wire(f->coupon.due_ms);
        e->coupon_day = f->coupon.earned_day;
        code = tb_coupon_use(c->t, c->who.profile, &f->coupon, lock_of(p, f->coupon.lot), p->order);
    }
    if (code == TB_CODE_OK)
        code = tb_promotion_count(c->t, &counted);
    if (code == TB_CODE_OK && e->budget != 0)
        code = tb_budget_move(c->t, (uint32_t)e->budget, TB_ACCOUNT_FUND, TB_ACCOUNT_SPENT, u->saving, p->order);
    if (code != TB_CODE_OK)
        return tb_refuse(c->a, TB_CODE_QUOTE_CHANGED, "offers");
    give(p, use);
    return TB_DONE;
}

static void note_shares(struct placing *p)
{
    const struct tb_price_result *r = &p->c->price;
    uint32_t place[TB_PRICE_OFFERS_MAX] = {0};
    for (uint32_t i = 0; i < r->use_n; i++)
        place[r->use[i].offer] = i;
    for (uint32_t i = 0; i < r->share_n; i++)
        p->share[i] = (struct tb_ev_order_share){.effect = place[r->share[i].offer],
                                                 .line = r->share[i].line,
                                                 .first = r->share[i].first,
                                                 .n = r->share[i].n,
                                                 .each = r->share[i].each};
    p->ev.share = p->share;
    p->ev.share_n = r->share_n;
}

/* Draws what the tender draws; the units leave as a transfer that a return can give back in parts. */
static enum tb_outcome draw(struct placing *p, struct tb_draw_on *d)
{
    struct tb_checkout *c = p->c;
    if (d->unit == 0)
        return TB_DONE;
    d->transfer = tb_counter_next(c->t, TB_COUNTER_TRANSFER);
    enum tb_code code = TB_CODE_OK;
    if (d->hold != 0)
        code = tb_ledger_take(c->t, d->hold, d->transfer, p->order, c->actor) == d->units ? TB_CODE_OK
                                                                                        : TB_CODE_INSUFFICIENT;
    else if (d->units > 0)
        code = tb_ledger_spend(c->t, d->profile, d->unit, d->units, TB_ACCOUNT_SPENT, TB_CAUSE_SPEND, d->transfer,
                               p->order, TB_STR_NONE, c->actor);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(c->a, code, "tenders");
}

/* Money beside what was drawn. Told: it must be exactly what is due. */
static enum tb_outcome add_money(struct tb_checkout *c, const struct tb_quote_tender *money, uint32_t n)
{
    int64_t told = 0;
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        if (tb_tender_draws(&money[i]))
            continue;
        any = true;
        if (c->tender_n >= TB_ORDER_TENDERS_MAX)
            return tb_refuse(c->a, TB_CODE_INVALID, "tenders");
        if (!tb_add(told, money[i].amount, &told))
            return tb_refuse(c->a, TB_CODE_AMOUNT_OVERFLOW, "tenders");
        c->tender[c->tender_n++] = (struct tb_draw_on){.kind = money[i].kind, .amount = money[i].amount};
    }
    if (any && told != c->due)
        return tb_refuse(c->a, TB_CODE_TENDERS_DIFFER, "tenders");
    if (!any && c->due > 0) {
        if (c->tender_n >= TB_ORDER_TENDERS_MAX)
            return tb_refuse(c->a, TB_CODE_INVALID, "tenders");
        c->tender[c->tender_n++] = (struct tb_draw_on){.kind = TB_TENDER_OTHER, .amount = c->due};
    }
    return TB_DONE;
}

/* Points never earn, and what earned when it was sold does not again (trap 14). */
static bool earns(const struct tb_checkout *c, const struct tb_draw_on *d)
{
    const struct tb_unit *u = d->unit ? tb_block_head_const(tb_read(c->t, TB_KIND_UNIT, d->unit)) : NULL;
    bool points = d->kind == TB_TENDER_POINTS || (u != NULL && u->kind == TB_UNIT_POINTS);
    return !points && (u == NULL || !(u->flags & TB_UNIT_EARNED_AT_SALE));
}

/* What of each line's net earns: all but what points paid, or what earned before. */
static void earn_base(const struct tb_checkout *c, struct tb_order_pricing *pricing)
{
    uint32_t n = c->order.line_n;
    int64_t *net = TB_CHECKOUT_ROWS(c->t, int64_t, n + 1);
    int64_t *cell = TB_CHECKOUT_ROWS(c->t, int64_t, (n + 1) * 2);
    int64_t *base = TB_CHECKOUT_ROWS(c->t, int64_t, n);
    tb_assert(net != NULL && cell != NULL && base != NULL);
    int64_t by[2] = {0, 0};
    for (uint32_t i = 0; i < c->tender_n; i++)
        by[earns(c, &c->tender[i])] += c->tender[i].amount;
    for (uint32_t i = 0; i < n; i++)
        net[i] = c->line[i].net;
    net[n] = pricing->shipping;
    bool all = by[0] == 0; /* as most orders: no part is to be found */
    if (!all)
        tb_refund_matrix(net, n + 1, by, 2, cell);
    for (uint32_t i = 0; i < n; i++) {
        base[i] = all ? net[i] : cell[i * 2 + 1];
        pricing->earn_base += base[i];
    }
    tb_assert(!all || pricing->earn_base + pricing->shipping == by[1]);
    pricing->line_earn = base;
}

static void note_payments(struct placing *p, struct tb_order_tender_input *tender)
{
    struct tb_checkout *c = p->c;
    for (uint32_t i = 0; i < c->tender_n; i++) {
        const struct tb_draw_on *d = &c->tender[i];
        tender[i] = (struct tb_order_tender_input){.kind = d->kind, .amount = d->amount};
        p->payment[i] = (struct tb_ev_order_payment){.kind = d->kind,
                                                     .amount = d->amount,
                                                     .unit = d->unit,
                                                     .units = d->units,
                                                     .transfer = d->transfer,
                                                     .profile = d->profile};
    }
    p->ev.payment = p->payment;
    p->ev.payment_n = c->tender_n;
    c->order.tender = tender;
    c->order.tender_n = c->tender_n;
}

static void note_whole(struct placing *p)
{
    struct tb_checkout *c = p->c;
    uint64_t *whole = TB_NEW_ARRAY(c->t->scratch, uint64_t, c->basket.line_n);
    tb_assert(whole != NULL);
    for (uint32_t i = 0; i < c->basket.line_n; i++)
        if (c->basket.line[i].whole)
            whole[p->ev.whole_n++] = i;
    p->ev.whole = whole;
}

#define FROZEN_BYTES_MAX 32768u

static enum tb_outcome freeze(struct placing *p)
{
    struct tb_checkout *c = p->c;
    if (c->in->policy != TB_RETURN_REEVALUATE || c->price.use_n == 0)
        return TB_DONE;
    struct tb_buf b;
    void *region = tb_arena_alloc(c->t->scratch, FROZEN_BYTES_MAX);
    tb_assert(region != NULL);
    tb_buf_init(&b, region, FROZEN_BYTES_MAX);
    tb_frozen_put(&b, c);
    p->ev.frozen = tb_buf_as_str(&b);
    return b.overflowed ? tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines") : TB_DONE;
}

static enum tb_outcome book(struct placing *p)
{
    struct tb_checkout *c = p->c;
    struct tb_order_pricing pricing = {.shipping = c->price.shipping_list - c->price.shipping_saving,
                                       .bonus = p->bonus,
                                       .bonus_n = p->bonus_n,
                                       .product = c->product,
                                       .event = &p->ev};
    earn_base(c, &pricing);
    p->ev.policy = c->in->policy;
    p->ev.shipping = pricing.shipping;
    p->ev.earn_base = pricing.earn_base;
    p->ev.day = c->today;
    p->ev.device = c->in->device;
    p->ev.effect = p->effect;
    p->ev.effect_n = c->price.use_n;
    p->ev.given = p->given;
    c->order.pricing = &pricing;
    c->facts.net = 0;
    enum tb_outcome outcome = tb_order_lines(c->t, &c->order, &c->facts, c->a);
    if (outcome == TB_DONE)
        outcome = tb_order_book(c->t, &c->order, &c->facts, &c->who, c->a);
    c->order.pricing = NULL;
    return outcome;
}

/* Nothing that the order would use or draw may have a say in what it earns: no coupon, no coupons given, no units
 * drawn. What is counted, and budgets, no rule can see.                                             */
static bool earns_apart(const struct tb_checkout *c)
{
    for (uint32_t i = 0; i < c->price.use_n; i++) {
        const struct tb_promotion_found *f = &c->set.found[c->price.use[i].offer];
        struct tb_block *b = f->gift_unit ? tb_read(c->t, TB_KIND_UNIT, f->gift_unit) : NULL;
        const struct tb_unit *gift = b != NULL ? tb_block_head_const(b) : NULL;
        if (f->coupon.unit != 0 || (gift != NULL && gift->kind == TB_UNIT_COUPON))
            return false;
    }
    return c->tender_n == 0;
}

/* All that comes before the order is booked, as far as it may have a say in what is earned. */
static bool come_before(struct placing *p)
{
    struct tb_checkout *c = p->c;
    bool apart = earns_apart(c);
    if (add_money(c, NULL, 0) != TB_DONE)
        return false;
    for (uint32_t i = 0; i < c->price.use_n; i++)
        if (apart)
            give(p, i);
        else if (use_offer(p, i) != TB_DONE)
            return false;
    for (uint32_t i = 0; i < c->tender_n; i++)
        if (draw(p, &c->tender[i]) != TB_DONE)
            return false;
    return apart || freeze(p) == TB_DONE;
}

void tb_checkout_would_earn(struct tb_checkout *c, const struct tb_ev_order_earn **row, uint32_t *n)
{
    struct tb_txn *t = c->t;
    uint32_t uses = c->price.use_n;
    struct placing p = {.c = c,
                        .order = tb_counter_next(t, TB_COUNTER_ORDER),
                        .effect = TB_CHECKOUT_ROWS(t, struct tb_ev_order_effect, uses + 1),
                        .payment = TB_CHECKOUT_ROWS(t, struct tb_ev_order_payment, TB_ORDER_TENDERS_MAX),
                        .given = TB_CHECKOUT_ROWS(t, struct tb_ev_order_given, TB_CHECKOUT_GIFTS_MAX),
                        .bonus = TB_CHECKOUT_ROWS(t, struct tb_points_bonus, uses + 1)};
    struct tb_order_tender_input *tender = TB_CHECKOUT_ROWS(t, struct tb_order_tender_input, TB_ORDER_TENDERS_MAX);
    tb_assert(p.effect != NULL && p.payment != NULL && p.given != NULL && p.bonus != NULL && tender != NULL);
    *n = 0;
    if (!come_before(&p))
        return;
    note_payments(&p, tender);
    struct tb_order_pricing pricing = {.shipping = c->price.shipping_list - c->price.shipping_saving,
                                       .product = c->product,
                                       .bonus = p.bonus,
                                       .bonus_n = p.bonus_n};
    earn_base(c, &pricing);
    c->order.pricing = &pricing;
    c->facts.net = 0;
    if (tb_order_lines(t, &c->order, &c->facts, c->a) == TB_DONE)
        (void)tb_order_would_earn(t, &c->order, &c->facts, &c->who, row, n);
    c->order.pricing = NULL;
}

/* What the receipt says beside what every order says; a repetition says it again. */
void tb_checkout_tell_placed(struct tb_txn *t, struct tb_block *order, struct tb_answer *a)
{
    const struct tb_order *o = tb_block_head_const(order);
    const struct tb_order_price *price = tb_section(t, order, TB_ORDER_PRICE);
    const struct tb_order_effect *effect = tb_block_behind(price, 1, sizeof *price);
    const struct tb_order_given *given = tb_section(t, order, TB_ORDER_GIVEN);
    int64_t saving = 0;
    uint32_t told = 0;
    for (uint32_t i = 0; i < order->n[TB_ORDER_EFFECT]; i++)
        saving += effect[i].saving;
    tb_wire_put_uint(&a->body, 10, (uint64_t)(o->net + price->shipping));
    tb_wire_put_uint(&a->body, 11, (uint64_t)saving);
    for (uint32_t i = 0; i < order->n[TB_ORDER_GIVEN] && i < TB_CHECKOUT_TOLD_MAX; i++) {
        uint64_t row[2] = {given[i].lot, given[i].unit};
        if (tb_person_by_profile(t, given[i].profile) == tb_person_by_profile(t, o->profile)) /* not who sent her */
            tb_checkout_put_part(&a->body, 12, row, 2);
    }
    for (uint32_t i = 0; i < order->n[TB_ORDER_EFFECT] && told < TB_CHECKOUT_TOLD_MAX; i++) {
        uint64_t row[2] = {effect[i].gift_product, effect[i].gift_units};
        if (row[0] == 0 || row[1] == 0)
            continue;
        tb_checkout_put_part(&a->body, 13, row, 2);
        told++;
    }
}

enum tb_outcome tb_checkout_place(struct tb_checkout *c, struct tb_block *basket, const struct tb_quote_tender *money,
                                  uint32_t money_n)
{
    struct tb_txn *t = c->t;
    uint32_t uses = c->price.use_n;
    struct placing p = {.c = c,
                        .basket = basket,
                        .order = tb_counter_next(t, TB_COUNTER_ORDER),
                        .effect = TB_CHECKOUT_ROWS(t, struct tb_ev_order_effect, uses + 1),
                        .share = TB_CHECKOUT_ROWS(t, struct tb_ev_order_share, c->price.share_n + 1),
                        .payment = TB_CHECKOUT_ROWS(t, struct tb_ev_order_payment, TB_ORDER_TENDERS_MAX),
                        .given = TB_CHECKOUT_ROWS(t, struct tb_ev_order_given, TB_CHECKOUT_GIFTS_MAX),
                        .bonus = TB_CHECKOUT_ROWS(t, struct tb_points_bonus, uses + 1)};
    struct tb_order_tender_input *tender = TB_CHECKOUT_ROWS(t, struct tb_order_tender_input, TB_ORDER_TENDERS_MAX);
    tb_assert(p.effect != NULL && p.share != NULL && p.payment != NULL && p.given != NULL && p.bonus != NULL);
    tb_assert(tender != NULL);
    if (c->price.share_n > TB_SECTION_ELEMENTS_MAX) /* no block holds them */
        return tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines");
    if (add_money(c, money, money_n) != TB_DONE)
        return TB_REFUSED;
    for (uint32_t i = 0; i < uses; i++)
        if (use_offer(&p, i) != TB_DONE)
            return TB_REFUSED;
    for (uint32_t i = 0; i < c->tender_n; i++)
        if (draw(&p, &c->tender[i]) != TB_DONE)
            return TB_REFUSED;
    note_shares(&p);
    note_payments(&p, tender);
    note_whole(&p);
    if (freeze(&p) != TB_DONE)
        return TB_REFUSED;
    enum tb_outcome outcome = book(&p);
    if (outcome != TB_DONE)
        return outcome;
    tb_checkout_tell_placed(c->t, tb_read(c->t, TB_KIND_ORDER, p.order), c->a);
    return TB_DONE;
}
