// SPDX-License-Identifier: Apache-2.0
/* The common course: facts, list amounts, what is open to her, the best legal set, the tenders. */
#include "core/card/card.h"
#include "core/checkout/checkout_int.h"
#include "core/membership/membership.h"
#include "core/price/bulk.h"

#include <string.h>

static enum tb_outcome refuse_at(struct tb_checkout *c, enum tb_code code, const char *list, uint32_t index)
{
    char name[32];
    struct tb_buf field;
    tb_buf_init(&field, name, sizeof name);
    tb_buf_printf(&field, "%s/%u", list, index);
    tb_buf_byte(&field, 0);
    return tb_refuse(c->a, code, name);
}

enum tb_outcome tb_checkout_begin(struct tb_checkout *c, struct tb_txn *t, const struct tb_command *cmd,
                                  const struct tb_cmd_quote *in, struct tb_answer *a)
{
    memset(c, 0, offsetof(struct tb_checkout, price));
    c->t = t;
    c->a = a;
    c->actor = cmd->actor;
    c->in = in;
    c->order = in->order;
    if (in->order.line_n == 0 || in->order.line_n > TB_ORDER_LINES_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "lines");
    if (in->coupon_n > TB_QUOTE_COUPONS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "coupons");
    if (in->tender_n > TB_ORDER_TENDERS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "tenders");
    if (in->shipping < 0 || in->shipping > TB_PRICE_MONEY_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "shipping");
    if (in->policy > TB_RETURN_REEVALUATE || in->steps_max > TB_QUOTE_STEPS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, in->steps_max > TB_QUOTE_STEPS_MAX ? "steps" : "policy");
    return TB_DONE;
}

/* The list amount of one line, and whether it divides. */
static enum tb_outcome look_line(struct tb_checkout *c, uint32_t i, struct tb_basket_line *out)
{
    struct tb_order_line_input *l = &c->line[i];
    if (l->sku.n == 0 || l->sku.n > TB_CODE_MAX || l->quantity <= 0 || !tb_amount_ok(l->quantity))
        return refuse_at(c, TB_CODE_INVALID, "lines", i);
    uint32_t product = tb_find_code(c->t, TB_KIND_PRODUCT, l->sku);
    const struct tb_product *p = product ? tb_block_head_const(tb_read(c->t, TB_KIND_PRODUCT, product)) : NULL;
    c->product[i] = product;
    if (l->net == TB_NET_LIST) {
        if (p == NULL)
            return refuse_at(c, TB_CODE_UNKNOWN_PRODUCT, "lines", i);
        if (p->price <= 0)
            return refuse_at(c, TB_CODE_UNKNOWN_PRICE, "lines", i);
        if (!tb_mul_div(p->price, l->quantity, 1000, TB_ROUND_HALF_UP, &l->net))
            return tb_refuse(c->a, TB_CODE_AMOUNT_OVERFLOW, "lines");
    }
    if (l->net < 0 || l->net > TB_PRICE_MONEY_MAX)
        return refuse_at(c, TB_CODE_INVALID, "lines", i);
    c->list[i] = l->net;
    l->gross = 0;
    *out = (struct tb_basket_line){.quantity = l->quantity, .amount = l->net, .cost = -1};
    out->whole = (p != NULL && p->weighed) || l->quantity % 1000 != 0;
    if (p != NULL && p->cost > 0 && !tb_mul_div(p->cost, l->quantity, 1000, TB_ROUND_HALF_UP, &out->cost))
        out->cost = -1;
    return TB_DONE;
}

static enum tb_outcome look_lines(struct tb_checkout *c)
{
    uint32_t n = c->order.line_n;
    c->line = TB_CHECKOUT_ROWS(c->t, struct tb_order_line_input, n);
    c->product = TB_CHECKOUT_ROWS(c->t, uint32_t, n);
    c->list = TB_CHECKOUT_ROWS(c->t, int64_t, n);
    struct tb_basket_line *line = TB_CHECKOUT_ROWS(c->t, struct tb_basket_line, n);
    tb_assert(c->line != NULL && c->product != NULL && c->list != NULL && line != NULL);
    for (uint32_t i = 0; i < n; i++) {
        c->line[i] = c->order.line[i];
        if (look_line(c, i, &line[i]) != TB_DONE)
            return TB_REFUSED;
    }
    c->order.line = c->line;
    c->basket = (struct tb_basket){.line = line, .line_n = n, .shipping = c->in->shipping};
    return TB_DONE;
}

/* Who sent her: a member, and another person than she is. */
static enum tb_outcome look_referrer(struct tb_checkout *c)
{
    if (!c->in->referred)
        return TB_DONE;
    c->referrer = tb_member_find(c->t, &c->in->referrer, "referrer", c->a);
    if (c->referrer == 0)
        return TB_REFUSED;
    bool herself = c->who.person != 0 && tb_person_by_profile(c->t, c->referrer) == c->who.person;
    return herself ? tb_refuse(c->a, TB_CODE_SAME_ACCOUNT, "referrer") : TB_DONE;
}

enum tb_outcome tb_checkout_look(struct tb_checkout *c)
{
    enum tb_outcome outcome = tb_order_places(c->t, &c->order, &c->facts, c->a);
    if (outcome == TB_DONE)
        outcome = tb_order_recognise(c->t, &c->order, &c->facts, &c->who, c->a);
    if (outcome == TB_DONE)
        outcome = look_referrer(c);
    if (outcome == TB_DONE)
        outcome = look_lines(c);
    if (outcome != TB_DONE)
        return outcome;
    c->today = tb_tenant_day(c->t, c->t->now_ms, NULL, NULL);
    if (c->who.person != 0) { /* what is due was due before she came */
        tb_ledger_settle(c->t, c->who.person);
        tb_membership_fire(c->t, c->who.person);
    }
    return TB_DONE;
}

static uint32_t parts_of(const struct tb_basket *b)
{
    int64_t parts = 0;
    for (uint32_t i = 0; i < b->line_n; i++)
        parts += b->line[i].whole ? 1 : b->line[i].quantity / 1000;
    return parts > TB_PRICE_PARTS_MAX ? TB_PRICE_PARTS_MAX : (uint32_t)parts;
}

static bool takes_lot(const struct tb_checkout *c, uint64_t set, uint64_t lot)
{
    for (uint32_t i = 0; i < c->set.n; i++)
        if (set >> i & 1 && c->set.found[i].coupon.unit != 0 && c->set.found[i].coupon.lot == lot)
            return true;
    return false;
}

/* The place of the offer, not in the set yet, with a coupon that is not either; c->set.n: there is none.
 * lot: that coupon; 0 = whichever comes first.                                                      */
static uint32_t place_of(const struct tb_checkout *c, uint64_t set, uint32_t offer, uint64_t lot)
{
    for (uint32_t i = 0; i < c->set.n; i++) {
        const struct tb_promotion_found *f = &c->set.found[i];
        uint64_t takes = f->coupon.unit ? f->coupon.lot : 0;
        if (f->offer == offer && !(set >> i & 1) && (lot == 0 || takes == lot) &&
            (takes == 0 || !takes_lot(c, set, takes)))
            return i;
    }
    return c->set.n;
}

/* The offer as it was when the basket was opened: what has come free since is not hers, what has gone is judged where
 * it is counted.                                                                                     */
static void reframe(struct tb_offer *o, const struct tb_basket_offer *h)
{
    if (h->formula != 0)
        tb_offer_set_term(o, h->formula - 1);
    if (h->budget != 0)
        o->budget = h->held;
    if (!h->framed)
        return;
    if (h->bound >= 0)
        o->budget = h->bound;
    o->max_units = h->max_units;
    o->max_applications = h->max_applications;
    o->min_amount = h->min_amount;
}

/* A basket's own: each offer with the coupon that it locked. */
static uint64_t held_set(struct tb_checkout *c, const struct tb_chosen *chosen)
{
    uint64_t set = 0;
    for (uint32_t k = 0; k < chosen->held_n; k++) {
        const struct tb_basket_offer *h = &chosen->held[k];
        uint32_t i = place_of(c, set, h->offer, h->coupon);
        if (i == c->set.n)
            continue;
        set |= UINT64_C(1) << i;
        reframe(&c->set.offer[i], h);
    }
    return set;
}

/* Each offer as often as it was named, with one coupon each time; coupons that were named and that only one of
 * the offers takes go along, named or not.                                                          */
static uint64_t chosen_set(struct tb_checkout *c, const struct tb_chosen *chosen)
{
    uint64_t set = 0;
    if (chosen->held_n != 0)
        return held_set(c, chosen);
    for (uint32_t k = 0; k < chosen->n; k++) {
        uint32_t i = place_of(c, set, chosen->offer[k], 0);
        if (i < c->set.n)
            set |= UINT64_C(1) << i;
    }
    for (uint32_t k = 0; k < c->in->coupon_n; k++)
        for (uint32_t i = 0; i < c->set.n; i++)
            if (c->set.found[i].coupon.unit != 0 && c->set.found[i].coupon.lot == c->in->coupon[k] &&
                !takes_lot(c, set, c->in->coupon[k]))
                set |= UINT64_C(1) << i;
    return set;
}

static bool all_open(const struct tb_checkout *c, const struct tb_chosen *chosen)
{
    for (uint32_t k = 0; k < chosen->n; k++) {
        bool found = false;
        for (uint32_t i = 0; i < c->set.n; i++)
            found = found || c->set.found[i].offer == chosen->offer[k];
        if (!found)
            return false;
    }
    return true;
}

/* Each offer once, however many coupons it takes. */
static uint32_t distinct(struct tb_txn *t, const struct tb_chosen *chosen, const uint32_t **out)
{
    uint32_t *list = TB_NEW_ARRAY(t->scratch, uint32_t, chosen->n + 1);
    uint32_t n = 0;
    tb_assert(list != NULL);
    for (uint32_t i = 0; i < chosen->n; i++) {
        uint32_t at = 0;
        while (at < n && list[at] != chosen->offer[i])
            at++;
        list[at] = chosen->offer[i];
        n += at == n;
    }
    *out = list;
    return n;
}

/* A basket's offers, each with its coupon. */
static void pairs(struct tb_txn *t, const struct tb_chosen *chosen, struct tb_promotion_ask *ask)
{
    uint64_t *lot = TB_NEW_ARRAY(t->scratch, uint64_t, chosen->n + 1);
    tb_assert(lot != NULL && chosen->n == chosen->held_n);
    for (uint32_t i = 0; i < chosen->n; i++)
        lot[i] = chosen->held[i].coupon;
    ask->only = chosen->offer;
    ask->only_n = chosen->n;
    ask->only_lot = lot;
}

static enum tb_outcome answer_of(struct tb_checkout *c, enum tb_price_answer p)
{
    switch (p) {
    case TB_PRICE_DONE:
        return TB_DONE;
    case TB_PRICE_BAD_LINE:
        return refuse_at(c, TB_CODE_INVALID, "lines", c->price.at);
    case TB_PRICE_ILLEGAL_SET:
        return tb_refuse(c->a, TB_CODE_QUOTE_CHANGED, "offers");
    case TB_PRICE_TOO_MANY_LINES:
    case TB_PRICE_TOO_MANY_OFFERS:
    case TB_PRICE_BAD_OFFER:
    case TB_PRICE_TOO_MANY_PARTS:
    case TB_PRICE_WORK_TOO_SMALL:
        return tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines");
    }
    return tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines");
}

struct tb_promotion_ask tb_checkout_ask(const struct tb_checkout *c)
{
    return (struct tb_promotion_ask){.profile = c->who.profile,
                                     .person = c->who.person,
                                     .store = c->facts.store,
                                     .touchpoint = c->facts.touchpoint,
                                     .device = c->in->device,
                                     .at_ms = c->order.occurred_ms,
                                     .day = c->today,
                                     .channel = c->order.channel,
                                     .order = &c->order,
                                     .product = c->product,
                                     .amount = c->list,
                                     .coupon = c->in->coupon,
                                     .coupon_n = c->in->coupon_n,
                                     .best_of_mine = c->in->best_of_mine};
}

enum tb_outcome tb_checkout_price(struct tb_checkout *c, const struct tb_chosen *chosen)
{
    struct tb_txn *t = c->t;
    struct tb_promotion_ask ask = tb_checkout_ask(c);
    ask.locked = chosen->locked;
    ask.locked_n = chosen->locked_n;
    ask.held = chosen->held_n != 0;
    ask.referrer = c->referrer;
    if (chosen->held_n != 0)
        pairs(t, chosen, &ask);
    else
        ask.only_n = distinct(t, chosen, &ask.only);
    bool exact = chosen->exact || chosen->n > 0;
    c->set = (struct tb_promotion_set){0};
    if (!exact || chosen->n > 0)
        tb_promotion_eligible(t, &ask, &c->set);
    tb_assert(c->set.n <= TB_PRICE_OFFERS_MAX);
    if (!all_open(c, chosen))
        return tb_refuse(c->a, TB_CODE_QUOTE_CHANGED, "offers");
    c->basket.coupons_max = c->set.coupons_max;
    c->basket.group = c->set.group;
    c->basket.group_n = c->set.group_n;
    tb_price_bulk((struct tb_basket_line *)(uintptr_t)c->basket.line, c->basket.line_n, c->set.offer, c->set.n);
    c->work.size = tb_price_work_bytes(c->basket.line_n, parts_of(&c->basket), c->set.n);
    c->work.region = tb_arena_take(t->scratch, c->work.size);
    if (c->work.region == NULL)
        return tb_refuse(c->a, TB_CODE_TOO_LARGE, "lines");
    struct tb_price_search search = {.steps_max = c->in->steps_max ? c->in->steps_max : TB_QUOTE_STEPS};
    if (chosen->reasons) {
        search.reason = c->why = tb_arena_take(t->scratch, (c->set.n + 1) * sizeof *c->why);
        tb_assert(c->why != NULL && !exact);
    }
    enum tb_price_answer p =
        exact ? tb_price_apply(&c->work, &c->basket, c->set.offer, c->set.n, chosen_set(c, chosen), &c->price)
              : tb_price_best(&c->work, &c->basket, c->set.offer, c->set.n, &search, &c->price);
    if (p != TB_PRICE_DONE)
        return answer_of(c, p);
    for (uint32_t i = 0; i < c->order.line_n; i++) {
        c->line[i].gross = c->list[i];
        c->line[i].net = c->price.line[i].net;
    }
    return TB_DONE;
}

int64_t tb_checkout_pieces(const struct tb_checkout *c, uint32_t use)
{
    const struct tb_price_use *u = &c->price.use[use];
    int64_t pieces = u->gift_units;
    for (uint32_t i = 0; i < c->price.share_n; i++)
        pieces += c->price.share[i].offer == u->offer ? c->price.share[i].n : 0;
    return pieces;
}

/* ---- tenders --------------------------------------------------------------------------------- */

/* What earlier tenders of this order already draw of her units (of one card alone: profile), and what they pay in
 * the unit. */
static int64_t drawn(const struct tb_checkout *c, uint32_t person, uint32_t profile, uint32_t unit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < c->tender_n; i++)
        if (c->tender[i].unit == unit && (profile == 0 || c->tender[i].profile == profile) &&
            tb_person_by_profile(c->t, c->tender[i].profile) == person)
            sum += c->tender[i].units;
    return sum;
}

static int64_t paid_in(const struct tb_checkout *c, uint32_t unit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < c->tender_n; i++)
        sum += c->tender[i].unit == unit ? c->tender[i].amount : 0;
    return sum;
}

/* Units for an amount: never less than it is worth. */
static bool units_for(int64_t amount, int64_t face_ppm, int64_t *units)
{
    return tb_mul_div(amount, 1000000, face_ppm, TB_ROUND_UP, units) && tb_amount_ok(*units);
}

/* What the tender pays and draws: an amount that is told stands or is refused; units are at most that many, as
 * many as are needed, in whole steps. OK, TENDERS_DIFFER, AMOUNT_OVERFLOW, CAP_EXCEEDED (floor, step or ceiling).  */
static enum tb_code fit_tender(const struct tb_checkout *c, const struct tb_quote_tender *in, const struct tb_unit *u,
                               struct tb_draw_on *d, int64_t face_ppm, int64_t due)
{
    int64_t most = due;
    if (u->pay_share_ppm) {
        int64_t ceiling;
        if (!tb_mul_div(c->price.payable, u->pay_share_ppm, 1000000, TB_ROUND_DOWN, &ceiling))
            return TB_CODE_AMOUNT_OVERFLOW;
        ceiling -= paid_in(c, d->unit);
        most = ceiling < most ? (ceiling > 0 ? ceiling : 0) : most;
    }
    bool told = in->units <= 0 && in->amount > 0;
    if (told && in->amount > due)
        return TB_CODE_TENDERS_DIFFER;
    if (told && in->amount > most)
        return TB_CODE_CAP_EXCEEDED;
    d->amount = in->amount > 0 && in->amount < most ? in->amount : most;
    if (!units_for(d->amount, face_ppm, &d->units))
        return TB_CODE_AMOUNT_OVERFLOW;
    int64_t step = u->pay_step > 1 ? u->pay_step : 1;
    int64_t whole = in->units > 0 && in->units < d->units ? in->units : d->units;
    whole -= whole % step;
    if (told && whole != d->units)
        return TB_CODE_CAP_EXCEEDED;
    if (whole < d->units) {
        d->units = whole;
        if (!tb_mul_div(whole, face_ppm, 1000000, TB_ROUND_DOWN, &d->amount))
            return TB_CODE_AMOUNT_OVERFLOW;
        if (step == 1 && !units_for(d->amount, face_ppm, &d->units)) /* no more than it is worth */
            return TB_CODE_AMOUNT_OVERFLOW;
    }
    if (d->amount == 0)
        d->units = 0;
    return due > 0 && d->units < u->pay_min ? TB_CODE_CAP_EXCEEDED : TB_CODE_OK;
}

/* What may be drawn: a card's code opens what is on that card, a member all that she has. */
static int64_t drawable(const struct tb_checkout *c, const struct tb_quote_tender *in, const struct tb_draw_on *d)
{
    uint32_t person = tb_person_by_profile(c->t, d->profile);
    struct tb_block *b = tb_read(c->t, TB_KIND_PERSON, person);
    int64_t has = tb_ledger_balance(c->t, b, d->unit, c->t->now_ms).available - drawn(c, person, 0, d->unit);
    if (in->code.batch == 0)
        return has;
    int64_t own = tb_ledger_own(c->t, d->profile, d->unit) - drawn(c, person, d->profile, d->unit);
    return own < has ? own : has;
}

/* d: kind, unit and profile. */
static enum tb_outcome draw_unit(struct tb_checkout *c, uint32_t i, const struct tb_quote_tender *in,
                                 struct tb_draw_on d, int64_t *due)
{
    const struct tb_unit *u = tb_block_head_const(tb_read(c->t, TB_KIND_UNIT, d.unit));
    int64_t face_ppm = tb_order_pay_face(c->t, &c->order, c->who.person, d.unit);
    if (face_ppm == 0 && (u->kind == TB_UNIT_GIFT_CARD || u->kind == TB_UNIT_STORED_VALUE))
        face_ppm = 1000000; /* minor units */
    if (face_ppm <= 0 || u->kind == TB_UNIT_QUALIFYING || u->kind == TB_UNIT_COUPON || u->item != 0)
        return refuse_at(c, TB_CODE_INVALID, "tenders", i);
    if (d.profile == 0)
        return refuse_at(c, TB_CODE_UNKNOWN_MEMBER, "tenders", i);
    enum tb_code code = fit_tender(c, in, u, &d, face_ppm, *due);
    if (code != TB_CODE_OK)
        return refuse_at(c, code, "tenders", i);
    if (drawable(c, in, &d) < d.units)
        return refuse_at(c, TB_CODE_INSUFFICIENT, "tenders", i);
    if (d.amount > 0 && c->tender_n == TB_ORDER_TENDERS_MAX) /* a wallet is several */
        return refuse_at(c, TB_CODE_INVALID, "tenders", i);
    if (d.amount > 0)
        c->tender[c->tender_n++] = d;
    *due -= d.amount;
    return TB_DONE;
}

/* Stored value in the tenant's order, as far as it goes; an amount that is told must be there. */
static enum tb_outcome draw_wallet(struct tb_checkout *c, uint32_t i, int64_t *due)
{
    const struct tb_quote_tender *in = &c->in->tender[i];
    if (c->who.profile == 0)
        return refuse_at(c, TB_CODE_UNKNOWN_MEMBER, "tenders", i);
    if (in->amount > *due)
        return refuse_at(c, TB_CODE_TENDERS_DIFFER, "tenders", i);
    int64_t left = in->amount ? in->amount : *due;
    uint32_t n;
    const uint32_t *unit = tb_card_wallet(c->t, &n);
    for (uint32_t k = 0; k < n && left > 0 && c->tender_n < TB_ORDER_TENDERS_MAX; k++) {
        struct tb_draw_on d = {.kind = in->kind, .unit = unit[k], .profile = c->who.profile};
        struct tb_quote_tender part = {.kind = in->kind, .amount = left, .units = drawable(c, in, &d)};
        int64_t before = *due;
        if (part.units <= 0)
            continue;
        if (draw_unit(c, i, &part, d, due) != TB_DONE)
            return TB_REFUSED;
        left -= before - *due;
    }
    return in->amount && left > 0 ? refuse_at(c, TB_CODE_INSUFFICIENT, "tenders", i) : TB_DONE;
}

static enum tb_outcome draw_tender(struct tb_checkout *c, uint32_t i, int64_t *due)
{
    const struct tb_quote_tender *in = &c->in->tender[i];
    struct tb_draw_on d = {.kind = in->kind, .profile = c->who.profile};
    if (in->wallet)
        return draw_wallet(c, i, due);
    if (in->code.batch != 0) {
        enum tb_code why;
        d.profile = tb_card_profile(c->t, in->code, &d.unit, &why);
        if (d.profile == 0)
            return refuse_at(c, why, "tenders", i);
        tb_ledger_settle(c->t, tb_person_by_profile(c->t, d.profile));
        return draw_unit(c, i, in, d, due);
    }
    d.unit = tb_find_code(c->t, TB_KIND_UNIT, in->unit);
    if (d.unit == 0)
        return refuse_at(c, TB_CODE_UNKNOWN_UNIT, "tenders", i);
    if (in->by_card) {
        d.profile = tb_member_find(c->t, &in->card, "tenders", c->a);
        if (d.profile == 0)
            return TB_REFUSED;
    }
    return draw_unit(c, i, in, d, due);
}

/* One way of naming what it draws, and what belongs to that way. */
static bool tender_valid(const struct tb_quote_tender *in)
{
    uint32_t ways = (in->unit.n != 0) + (in->code.batch != 0) + in->wallet;
    bool amounts = in->amount >= 0 && tb_amount_ok(in->amount) && in->units >= 0 && tb_amount_ok(in->units);
    bool units = in->units == 0 || in->unit.n != 0 || in->code.batch != 0;
    return in->kind < TB_TENDER_KINDS && amounts && units && ways <= 1 && (!in->by_card || in->unit.n != 0) &&
           (in->code.batch == 0 || in->kind == TB_TENDER_GIFT_CARD) &&
           (!in->wallet || in->kind == TB_TENDER_STORED_VALUE);
}

enum tb_outcome tb_checkout_tenders(struct tb_checkout *c)
{
    c->tender_max = TB_ORDER_TENDERS_MAX * 2 + 1;
    c->tender = TB_CHECKOUT_ROWS(c->t, struct tb_draw_on, c->tender_max);
    tb_assert(c->tender != NULL);
    c->due = c->price.payable;
    for (uint32_t i = 0; i < c->in->tender_n; i++) {
        const struct tb_quote_tender *in = &c->in->tender[i];
        if (!tender_valid(in))
            return refuse_at(c, TB_CODE_INVALID, "tenders", i);
        if (tb_tender_draws(in) && draw_tender(c, i, &c->due) != TB_DONE)
            return TB_REFUSED;
    }
    return TB_DONE;
}
