// SPDX-License-Identifier: Apache-2.0
/* A basket or a full quote becomes an order, once. */
#include "core/checkout/checkout_int.h"
#include "core/membership/membership.h"
#include "core/promotion/campaign.h"

void tb_checkout_expose(struct tb_checkout *c)
{
    tb_promotion_show(c->t, &c->set, c->who.profile, c->facts.store, c->facts.touchpoint);
}

static struct tb_str code_of(const struct tb_txn *t, enum tb_kind kind, uint32_t id)
{
    struct tb_block *b = id ? tb_read(t, kind, id) : NULL;
    return b ? tb_config_text(t, b, ((const struct tb_config *)tb_block_head_const(b))->code) : TB_STR_NONE;
}

/* The facts of the basket as if the till had sent them again. */
static void facts_of(struct tb_txn *t, struct tb_block *b, struct tb_cmd_quote *q, struct tb_arena *arena)
{
    const struct tb_basket_head *head = tb_block_head_const(b);
    const struct tb_basket_row *row = tb_section(t, b, TB_BASKET_LINE);
    const char *bytes = tb_section(t, b, TB_BASKET_BYTES);
    struct tb_order_line_input *line = TB_NEW_ARRAY(arena, struct tb_order_line_input, b->n[TB_BASKET_LINE]);
    tb_assert(line != NULL);
    for (uint32_t i = 0; i < b->n[TB_BASKET_LINE]; i++)
        line[i] = (struct tb_order_line_input){.sku = row[i].product
                                                          ? code_of(t, TB_KIND_PRODUCT, row[i].product)
                                                          : (struct tb_str){bytes + row[i].sku_at, row[i].sku_n},
                                               .quantity = row[i].quantity,
                                               .net = row[i].amount};
    q->order.line = line;
    q->order.line_n = b->n[TB_BASKET_LINE];
    q->order.profile = head->profile;
    q->order.identifier_n = 0;
    q->order.store = code_of(t, TB_KIND_STORE, head->store);
    q->order.associate = code_of(t, TB_KIND_ASSOCIATE, head->associate);
    q->order.touchpoint = code_of(t, TB_KIND_TOUCHPOINT, head->touchpoint);
    q->order.channel = head->channel;
    q->order.occurred_ms = head->occurred_ms;
    q->shipping = head->shipping;
    q->device = head->device;
    q->policy = head->policy;
    q->referred = head->referrer != 0;
    q->referrer = (struct tb_who){.profile = head->referrer};
}

/* The basket's offers, their coupons and budgets. */
static void chosen_of(struct tb_txn *t, struct tb_block *b, struct tb_cmd_quote *q, struct tb_chosen *chosen)
{
    uint32_t n = b->n[TB_BASKET_OFFER];
    const struct tb_basket_offer *from = tb_section(t, b, TB_BASKET_OFFER);
    uint32_t *offer = TB_NEW_ARRAY(t->scratch, uint32_t, n + 1);
    uint64_t *lot = TB_NEW_ARRAY(t->scratch, uint64_t, n + 1);
    struct tb_coupon *locked = TB_NEW_ARRAY(t->scratch, struct tb_coupon, n + 1);
    struct tb_basket_offer *held = TB_NEW_ARRAY(t->scratch, struct tb_basket_offer, n + 1);
    tb_assert(offer != NULL && lot != NULL && locked != NULL && held != NULL);
    *chosen = (struct tb_chosen){.offer = offer, .n = n, .exact = true, .locked = locked, .held = held, .held_n = n};
    for (uint32_t i = 0; i < n; i++) {
        offer[i] = from[i].offer;
        held[i] = from[i];
        if (from[i].coupon == 0)
            continue;
        lot[chosen->locked_n] = from[i].coupon;
        locked[chosen->locked_n++] = (struct tb_coupon){.lot = from[i].coupon,
                                                        .profile = from[i].coupon_profile,
                                                        .unit = from[i].coupon_unit,
                                                        .due_ms = from[i].coupon_due_ms,
                                                        .earned_day = from[i].coupon_day};
    }
    q->coupon = lot;
    q->coupon_n = chosen->locked_n;
    q->best_of_mine = false;
}

/* The tenders that the basket holds, as they were judged. */
static enum tb_outcome held_tenders(struct tb_checkout *c, struct tb_block *b)
{
    const struct tb_basket_tender *from = tb_section(c->t, b, TB_BASKET_TENDER);
    c->tender_max = TB_ORDER_TENDERS_MAX * 2 + 1;
    c->tender = TB_CHECKOUT_ROWS(c->t, struct tb_draw_on, c->tender_max);
    tb_assert(c->tender != NULL && b->n[TB_BASKET_TENDER] <= TB_ORDER_TENDERS_MAX);
    c->due = c->price.payable;
    for (uint32_t i = 0; i < b->n[TB_BASKET_TENDER]; i++) {
        c->tender[c->tender_n++] = (struct tb_draw_on){.kind = from[i].kind,
                                                       .unit = from[i].unit,
                                                       .profile = from[i].profile,
                                                       .amount = from[i].amount,
                                                       .units = from[i].units,
                                                       .hold = from[i].hold};
        c->due -= from[i].amount;
    }
    return c->due < 0 ? tb_refuse(c->a, TB_CODE_QUOTE_CHANGED, "payable") : TB_DONE;
}

static enum tb_outcome money_ok(const struct tb_cmd_confirm *in, struct tb_answer *a)
{
    if (in->quote.tender_n > TB_ORDER_TENDERS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "tenders");
    for (uint32_t i = 0; i < in->quote.tender_n; i++)
        if (in->quote.tender[i].kind >= TB_TENDER_KINDS || in->quote.tender[i].amount < 0 ||
            !tb_amount_ok(in->quote.tender[i].amount))
            return tb_refuse(a, TB_CODE_INVALID, "tenders");
    return TB_DONE;
}

static enum tb_outcome from_basket(struct tb_txn *t, const struct tb_command *cmd, const struct tb_cmd_confirm *in,
                                   struct tb_block *b, struct tb_answer *a)
{
    struct tb_cmd_quote q = in->quote;
    struct tb_chosen chosen;
    struct tb_checkout c;
    uint64_t basket = b->id;
    int64_t payable = ((const struct tb_basket_head *)tb_block_head_const(b))->payable;
    uint64_t order = tb_counter_next(t, TB_COUNTER_ORDER);
    facts_of(t, b, &q, t->scratch);
    chosen_of(t, b, &q, &chosen);
    enum tb_outcome outcome = money_ok(in, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_begin(&c, t, cmd, &q, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    if (outcome != TB_DONE)
        return outcome;
    const struct tb_basket_row *row = tb_section(t, b, TB_BASKET_LINE);
    struct tb_basket_line *line = (struct tb_basket_line *)(uintptr_t)c.basket.line;
    for (uint32_t i = 0; i < c.basket.line_n; i++)
        line[i].whole = row[i].whole;
    tb_basket_give_back(t, b, false, TB_BASKET_CONFIRMED);
    outcome = tb_checkout_price(&c, &chosen);
    if (outcome == TB_DONE && (c.price.payable != payable || (in->payable >= 0 && in->payable != payable)))
        return tb_refuse(a, TB_CODE_QUOTE_CHANGED, "payable");
    if (outcome == TB_DONE)
        outcome = held_tenders(&c, b);
    if (outcome == TB_DONE)
        outcome = tb_checkout_place(&c, b, in->quote.tender, in->quote.tender_n);
    if (outcome != TB_DONE)
        return outcome;
    struct tb_ev_basket_closed ev = {
        .basket = basket, .reason = TB_BASKET_CONFIRMED, .order = order, .profile = c.who.profile};
    tb_emit_basket_closed(t, &ev);
    return TB_DONE;
}

/* What was quoted is honoured as long as the longest basket: after that an offer that is over, or whose campaign was
 * paused or ended or has another version, is no longer to be had by naming it. */
static bool still_honoured(const struct tb_txn *t, uint32_t offer, int64_t at_ms)
{
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, offer));
    struct tb_block *campaign = tb_read(t, TB_KIND_CAMPAIGN, v->campaign);
    const struct tb_campaign_run *run = tb_section(t, campaign, TB_CAMPAIGN_RUN);
    if (at_ms - v->until_ms >= TB_BASKET_LIFETIME_MAX_MS)
        return false;
    for (uint32_t i = campaign->n[TB_CAMPAIGN_RUN]; i-- > 0;)
        if (run[i].offer == offer && at_ms - run[i].until_ms < TB_BASKET_LIFETIME_MAX_MS)
            return true;
    return false;
}

static enum tb_outcome from_quote(struct tb_txn *t, const struct tb_command *cmd, const struct tb_cmd_confirm *in,
                                  struct tb_answer *a)
{
    struct tb_checkout c;
    struct tb_chosen chosen = {.offer = in->offer, .n = in->offer_n, .exact = in->exact};
    for (uint32_t i = 0; i < in->offer_n; i++) {
        const struct tb_block *b = in->offer[i] ? tb_read(t, TB_KIND_OFFER, in->offer[i]) : NULL;
        if (b == NULL || !((const struct tb_offer_version *)tb_block_head_const(b))->was_live) /* nobody quoted it */
            return tb_refuse(a, TB_CODE_UNKNOWN_OFFER, "offers");
    }
    enum tb_outcome outcome = tb_checkout_begin(&c, t, cmd, &in->quote, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    for (uint32_t i = 0; outcome == TB_DONE && i < in->offer_n; i++)
        if (!still_honoured(t, in->offer[i], c.order.occurred_ms))
            return tb_refuse(a, TB_CODE_QUOTE_CHANGED, "offers");
    if (outcome == TB_DONE && (in->offer_n > 0 || in->exact) && tb_promotion_any_holdout(t))
        tb_checkout_expose_all(&c);
    if (outcome == TB_DONE)
        outcome = tb_checkout_price(&c, &chosen);
    if (outcome == TB_DONE && in->payable >= 0 && in->payable != c.price.payable)
        return tb_refuse(a, TB_CODE_QUOTE_CHANGED, "payable");
    if (outcome == TB_DONE)
        outcome = tb_checkout_tenders(&c);
    if (outcome != TB_DONE)
        return outcome;
    if (in->offer_n == 0 && !in->exact)
        tb_checkout_expose(&c);
    return tb_checkout_place(&c, NULL, in->quote.tender, in->quote.tender_n);
}

/* The answer names the order; one that came by another way has no price to tell. */
static void tell_stood(struct tb_txn *t, struct tb_answer *a)
{
    struct tb_str body = tb_buf_as_str(&a->body);
    uint32_t field;
    uint64_t order;
    struct tb_str part;
    bool bad = false;
    while (tb_wire_next(&body, &field, &order, &part, &bad))
        if (field == 1)
            break;
    tb_assert(!bad && field == 1);
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    if (b != NULL && tb_order_is_priced(b))
        tb_checkout_tell_placed(t, b, a);
}

/* Cards on the same receipt: all of them, or the order does not happen. */
static enum tb_outcome sell_cards(struct tb_txn *t, const struct tb_command *cmd, const struct tb_cmd_confirm *in,
                                  uint64_t order, struct tb_answer *a)
{
    for (uint32_t i = 0; i < in->card_n; i++) {
        char at[16];
        struct tb_buf text;
        uint64_t card;
        tb_buf_init(&text, at, sizeof at);
        tb_buf_printf(&text, "cards/%u/", i);
        tb_buf_byte(&text, 0);
        enum tb_outcome outcome = tb_card_sell_on(t, &in->card[i], order, cmd->actor, at, &card, a);
        if (outcome != TB_DONE)
            return outcome;
    }
    return TB_DONE;
}

static enum tb_outcome place(struct tb_txn *t, const struct tb_command *cmd, const struct tb_cmd_confirm *in,
                             struct tb_answer *a)
{
    if (in->basket == 0)
        return from_quote(t, cmd, in, a);
    bool need;
    struct tb_block *b = tb_basket_find(t, in->basket, &need);
    if (b != NULL && tb_checkout_due_ms(b) > t->now_ms)
        return from_basket(t, cmd, in, b, a);
    /* it has lapsed: judged afresh when the caller tells the whole quote again */
    if (in->quote.order.line_n == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_BASKET, "basket");
    if (b != NULL)
        tb_basket_give_back(t, b, true, TB_BASKET_LAPSED);
    return from_quote(t, cmd, in, a);
}

enum tb_outcome tb_checkout_confirm(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_confirm *in = cmd->input;
    struct tb_order_pricing later = {0}; /* its price is not known yet */
    struct tb_cmd_order order = in->quote.order;
    order.pricing = &later;
    bool stands;
    enum tb_outcome outcome = tb_order_stood(t, &order, &stands, a);
    if (outcome != TB_DONE)
        return outcome;
    if (stands) {
        tell_stood(t, a);
        return TB_DONE;
    }
    if (in->offer_n > TB_PRICE_OFFERS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "offers");
    if (in->card_n > TB_CHECKOUT_CARDS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "cards");
    uint64_t no = tb_counter_next(t, TB_COUNTER_ORDER);
    outcome = place(t, cmd, in, a);
    if (outcome != TB_DONE)
        return outcome;
    outcome = sell_cards(t, cmd, in, no, a);
    if (outcome != TB_DONE)
        a->body.n = 0; /* the order has not happened */
    return outcome;
}
