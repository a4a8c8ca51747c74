// SPDX-License-Identifier: Apache-2.0
/* http/op_checkout.c - quotes, open baskets, confirmations, and what a return would pay.
 *
 * A quote's body and a confirmation's are the same facts; a confirmation names its order, and either its basket
 * or the offers and the price that were quoted. Not here: returns themselves (op_orders.c), campaigns and coupons. */
#include <string.h>

#include "base/num.h"
#include "core/checkout/checkout.h"
#include "core/promotion/promotion.h"
#include "http/app_int.h"

static const char *const policies[] = {"keep_share", "reevaluate"};
static const char *const states[] = {"in_force",  "nothing_in_scope", "below_amount", "below_pieces", "budget_short",
                                     "no_saving", "not_first",        "conflict",     "no_effect",    "dearer"};
static const char *const whys[] = {
    "open",           "not_live",       "not_yet",       "over",           "channel",        "store",
    "touchpoint",     "time_of_week",   "black_out",     "no_coupon",      "coupon_unknown", "coupon_locked",
    "coupon_expired", "coupon_early",   "coupon_no_offer", "members_only", "first_order",    "scope",
    "audience",       "condition",      "limit_member",  "limit_device",   "limit_store",    "limit_campaign",
    "budget",         "held_out",       "left_out"};
_Static_assert(TB_COUNT_OF(whys) == TB_PROMOTION_WHYS, "every reason has its word");

/* ---- reading ------------------------------------------------------------------------------------- */

static void read_lines(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in, bool needed)
{
    struct tb_json_array lines;
    struct tb_json_object item;
    if (needed)
        lines = tb_json_need_array(o, TB_STR("lines"), 1, TB_ORDER_LINES_MAX);
    else if (!tb_json_may_array(o, TB_STR("lines"), 1, TB_ORDER_LINES_MAX, &lines))
        return;
    struct tb_order_line_input *line = TB_NEW_ARRAY(w->arena, struct tb_order_line_input, lines.n + 1);
    in->line = line;
    while (line != NULL && tb_json_next_object(&lines, &item)) {
        line->sku = tb_json_need_str(&item, TB_STR("sku"), 1, TB_CODE_MAX);
        line->quantity = tb_read_quantity(&item, true);
        line->net = tb_may_i64(&item, "amount", 0, TB_AMOUNT_MAX, TB_NET_LIST);
        tb_json_end(&item);
        line++;
        in->line_n++;
    }
}

static void read_tenders(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_quote *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!tb_json_may_array(o, TB_STR("tenders"), 1, TB_ORDER_TENDERS_MAX, &list))
        return;
    struct tb_quote_tender *tender = TB_NEW_ARRAY(w->arena, struct tb_quote_tender, list.n + 1);
    in->tender = tender;
    while (tender != NULL && tb_json_next_object(&list, &item)) {
        tender->kind = tb_json_need_enum(&item, TB_STR("kind"), tb_words_tender, TB_TENDER_KINDS);
        tender->amount = tb_may_i64(&item, "amount", 0, TB_AMOUNT_MAX, 0);
        tender->unit = tb_may_str(&item, "unit", TB_CODE_MAX);
        tender->units = tb_may_i64(&item, "units", 1, TB_AMOUNT_MAX, 0);
        tender->by_card = tb_json_has(&item, TB_STR("card"));
        if (tender->by_card)
            tb_read_who(w, &item, TB_STR("card"), &tender->card);
        struct tb_str code = tb_may_str(&item, "code", 512);
        if (code.n > 0)
            tender->code = tb_item_code(w, "tenders", code);
        tender->wallet = tb_may_bool(&item, "wallet");
        tb_json_end(&item);
        tender++;
        in->tender_n++;
    }
}

/* An array of ids; NULL when it is absent. */
static uint64_t *read_ids(struct tb_work *w, struct tb_json_object *o, const char *name, enum tb_id_kind kind,
                          uint32_t max, enum tb_code unknown, uint32_t *n)
{
    struct tb_json_array list;
    struct tb_str text;
    *n = 0;
    if (!tb_json_may_array(o, tb_str_of(name), 0, max, &list))
        return NULL;
    uint64_t *id = TB_NEW_ARRAY(w->arena, uint64_t, list.n + 1);
    while (id != NULL && tb_json_next_str(&list, 1, 32, &text)) {
        if (!tb_id_parse(&w->app->hash_key, kind, w->tenant, text, &id[*n]))
            tb_work_no(w, unknown, name);
        (*n)++;
    }
    return id;
}

/* What a quote must tell again: ids of coupons that are none of this tenant's stand for lots that nobody has, so
 * that whether a stranger's id could be one of ours makes no difference.                            */
struct quote_note {
    struct tb_str key; /* of a confirmation */
    struct tb_str *coupon;
};
#define NOBODYS_LOT (UINT64_C(1) << 63) /* and its place in the list */
_Static_assert(NOBODYS_LOT > TB_ID_NUMBER_MAX, "above all numbers that an id can have");

static void read_coupons(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_quote *in)
{
    struct tb_json_array list;
    struct quote_note *note = TB_NEW(w->arena, struct quote_note);
    w->note = note;
    if (note == NULL || !tb_json_may_array(o, TB_STR("coupons"), 0, TB_QUOTE_COUPONS_MAX, &list))
        return;
    uint64_t *lot = TB_NEW_ARRAY(w->arena, uint64_t, list.n + 1);
    note->coupon = TB_NEW_ARRAY(w->arena, struct tb_str, list.n + 1);
    in->coupon = lot;
    while (lot != NULL && note->coupon != NULL && tb_json_next_str(&list, 1, 32, &note->coupon[in->coupon_n])) {
        uint32_t i = in->coupon_n++;
        if (!tb_id_parse(&w->app->hash_key, TB_ID_COUPON, w->tenant, note->coupon[i], &lot[i]))
            lot[i] = NOBODYS_LOT + i;
    }
}

static void read_quote(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_quote *in, bool needed)
{
    bool given;
    struct tb_cmd_order *order = &in->order;
    tb_read_buyer(w, o, order);
    order->store = tb_may_str(o, "store", TB_CODE_MAX);
    order->associate = tb_may_str(o, "associate", TB_CODE_MAX);
    order->touchpoint = tb_may_str(o, "touchpoint", TB_CODE_MAX);
    order->channel = (uint32_t)tb_may_i64(o, "channel", 0, 65535, 0);
    order->occurred_ms = tb_read_occurred(w, o, &given);
    (void)tb_json_may_str(o, TB_STR("currency"), 3, 3, &order->currency);
    read_lines(w, o, order, needed);
    in->shipping = tb_may_i64(o, "shipping", 0, TB_AMOUNT_MAX, 0);
    in->device = (uint64_t)tb_may_i64(o, "device", 1, TB_AMOUNT_MAX, 0);
    read_coupons(w, o, in);
    in->best_of_mine = tb_may_bool(o, "best_coupons");
    in->referred = tb_json_has(o, TB_STR("referrer"));
    if (in->referred)
        tb_read_who(w, o, TB_STR("referrer"), &in->referrer);
    read_tenders(w, o, in);
    if (tb_json_has(o, TB_STR("returns")))
        in->policy = tb_json_need_enum(o, TB_STR("returns"), policies, TB_COUNT_OF(policies));
    in->steps_max = (uint32_t)tb_may_i64(o, "steps", 1, TB_QUOTE_STEPS_MAX, 0);
    in->lifetime_ms = tb_may_i64(o, "lifetime_s", 1, 86400, 0) * 1000;
}

static void quote_read(struct tb_work *w, struct tb_json_object *o)
{
    read_quote(w, o, w->input, true);
}

static void read_cards(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_confirm *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!tb_json_may_array(o, TB_STR("cards"), 1, TB_CHECKOUT_CARDS_MAX, &list))
        return;
    struct tb_cmd_card_sell *card = TB_NEW_ARRAY(w->arena, struct tb_cmd_card_sell, list.n + 1);
    in->card = card;
    while (card != NULL && tb_json_next_object(&list, &item)) {
        tb_read_card_sale(w, &item, &card[in->card_n++]);
        tb_json_end(&item);
    }
}

static uint64_t cards_facts(const struct tb_hash_key *key, const struct tb_cmd_confirm *in)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < in->card_n; i++) {
        const struct tb_cmd_card_sell *c = &in->card[i];
        uint64_t facts[5] = {h, c->code.batch, c->code.serial, (uint64_t)c->amount, c->tender};
        h = tb_siphash(key, facts, sizeof facts);
    }
    return h;
}

static uint64_t tender_facts(const struct tb_hash_key *key, const struct tb_quote_tender *t, uint64_t h)
{
    uint64_t facts[] = {h,
                        t->kind,
                        (uint64_t)t->amount,
                        (uint64_t)t->units,
                        tb_siphash(key, t->unit.p, t->unit.n),
                        t->wallet,
                        t->code.batch,
                        t->code.serial,
                        t->card.profile,
                        t->card.identifier.ns,
                        t->card.identifier.key[0],
                        t->card.identifier.key[1]};
    return tb_siphash(key, facts, sizeof facts);
}

/* What pays, and which coupons and offers were chosen: another choice is another confirmation. */
static uint64_t choice_facts(const struct tb_hash_key *key, const struct tb_cmd_confirm *in)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < in->quote.tender_n; i++)
        h = tender_facts(key, &in->quote.tender[i], h);
    for (uint32_t i = 0; i < in->quote.coupon_n; i++)
        h = tb_siphash(key, (uint64_t[]){h, 1, in->quote.coupon[i]}, 3 * sizeof h);
    for (uint32_t i = 0; i < in->offer_n; i++)
        h = tb_siphash(key, (uint64_t[]){h, 2, in->offer[i]}, 3 * sizeof h);
    return h;
}

/* The same confirmation again, whatever the spelling of the JSON. */
static uint64_t confirm_facts(const struct tb_hash_key *key, const struct tb_cmd_confirm *in, uint64_t *numbers,
                              uint32_t n)
{
    struct tb_hash_key more = {key->k0 ^ tb_order_facts(key, &in->quote.order, false), key->k1};
    uint64_t h = tb_siphash(&more, numbers, n * sizeof *numbers);
    return h ? h : 1;
}

static void confirm_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_confirm *in = w->input;
    struct tb_str basket;
    uint32_t offers;
    in->quote.order.key = tb_json_need_str(o, TB_STR("order"), 1, TB_ORDER_KEY_MAX);
    tb_read_receipt(w, o, &in->quote.order);
    bool held = tb_json_may_str(o, TB_STR("basket"), 1, 32, &basket);
    if (held && !tb_id_parse(&w->app->hash_key, TB_ID_BASKET, w->tenant, basket, &in->basket))
        tb_work_no(w, TB_CODE_UNKNOWN_BASKET, "basket");
    read_quote(w, o, &in->quote, !held);
    in->exact = tb_json_has(o, TB_STR("offers"));
    uint64_t *offer =
        read_ids(w, o, "offers", TB_ID_OFFER, TB_PRICE_OFFERS_MAX, TB_CODE_UNKNOWN_OFFER, &offers);
    uint32_t *chosen = TB_NEW_ARRAY(w->arena, uint32_t, offers + 1);
    for (uint32_t i = 0; chosen != NULL && i < offers; i++)
        chosen[i] = offer[i] <= UINT32_MAX ? (uint32_t)offer[i] : UINT32_MAX;
    in->offer = chosen;
    in->offer_n = chosen ? offers : 0;
    in->payable = tb_may_i64(o, "payable", 0, TB_AMOUNT_MAX, -1);
    read_cards(w, o, in);
    uint64_t numbers[] = {in->basket, in->exact, in->offer_n, (uint64_t)in->payable, (uint64_t)in->quote.shipping,
                          in->quote.coupon_n, in->quote.tender_n, in->quote.policy,
                          choice_facts(&w->app->hash_key, in),
                          cards_facts(&w->app->hash_key, in)};
    uint32_t n = TB_COUNT_OF(numbers) - (in->card_n == 0); /* as before there were cards */
    in->quote.order.input_hash = confirm_facts(&w->app->hash_key, in, numbers, n);
    if (w->note != NULL)
        ((struct quote_note *)w->note)->key = in->quote.order.key;
}

static void release_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_basket_release *in = w->input;
    in->basket = tb_path_id(w, o, TB_STR("basket"), TB_ID_BASKET, TB_CODE_UNKNOWN_BASKET);
}

static void return_quote_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_return *in = w->input;
    bool given;
    in->order = tb_path_text(w, o, 0, TB_STR("order"), TB_ORDER_KEY_MAX);
    in->occurred_ms = tb_read_occurred(w, o, &given);
    tb_read_return_lines(w, o, in);
    in->gifts_kept = tb_may_bool(o, "gifts_kept");
}

/* ---- writing ------------------------------------------------------------------------------------- */

static void out_shares(struct tb_json_out *o, struct tb_str line)
{
    struct tb_wire rows = tb_wire_of(line);
    tb_json_out_key_open(o, "shares", '[');
    while (tb_wire_step(&rows)) {
        if (rows.field != 6)
            continue;
        uint64_t v[5];
        tb_wire_numbers(rows.s, v, TB_COUNT_OF(v));
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "offer", (int64_t)v[1]);
        tb_json_out_key_i64(o, "first", (int64_t)v[2]);
        tb_json_out_key_i64(o, "pieces", (int64_t)v[3]);
        tb_json_out_key_i64(o, "each", (int64_t)v[4]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_line(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    uint64_t v[6];
    (void)w;
    tb_wire_numbers(s, v, TB_COUNT_OF(v));
    tb_json_out_key_i64(o, "list", (int64_t)v[1]);
    tb_json_out_key_i64(o, "saving", (int64_t)v[2]);
    tb_json_out_key_i64(o, "net", (int64_t)v[3]);
    tb_json_out_key_bool(o, "below_cost", v[4] != 0);
    out_shares(o, s);
}

static void out_offer(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    uint64_t v[14];
    tb_wire_numbers(s, v, TB_COUNT_OF(v));
    tb_out_id(w, o, "id", TB_ID_OFFER, v[1]);
    tb_out_code(w, o, "campaign", TB_KIND_CAMPAIGN, v[2]);
    tb_json_out_key_i64(o, "version", (int64_t)v[3]);
    if (v[4])
        tb_out_id(w, o, "coupon", TB_ID_COUPON, v[4]);
    tb_out_word(o, "state", states, TB_COUNT_OF(states), v[5]);
    tb_json_out_key_i64(o, "saving", (int64_t)v[6]);
    tb_json_out_key_i64(o, "applications", (int64_t)v[7]);
    tb_json_out_key_i64(o, "gift_units", (int64_t)v[8]);
    tb_out_code(w, o, "gift_product", TB_KIND_PRODUCT, v[9]);
    tb_out_code(w, o, "gift_unit", TB_KIND_UNIT, v[10]);
    tb_json_out_key_i64(o, "next_missing", (int64_t)v[11]);
    tb_json_out_key_i64(o, "missing", (int64_t)v[12]);
    if (v[13])
        tb_json_out_key_i64(o, "against", (int64_t)v[13] - 1);
}

static void out_refusal(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    uint64_t v[6];
    tb_wire_numbers(s, v, TB_COUNT_OF(v));
    tb_out_code(w, o, "campaign", TB_KIND_CAMPAIGN, v[1]);
    const struct quote_note *note = w->note;
    if (v[3] >= NOBODYS_LOT && note != NULL)
        tb_json_out_key_str(o, "coupon", note->coupon[v[3] - NOBODYS_LOT]);
    else if (v[3])
        tb_out_id(w, o, "coupon", TB_ID_COUPON, v[3]);
    tb_out_word(o, "reason", whys, TB_COUNT_OF(whys), v[4]);
    if (v[5])
        tb_json_out_key_i64(o, "missing", (int64_t)v[5]);
}

static void out_earn(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(s, 1));
    tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(s, 2));
}

static void out_tender(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    uint64_t v[5];
    tb_wire_numbers(s, v, TB_COUNT_OF(v));
    tb_out_word(o, "kind", tb_words_tender, TB_TENDER_KINDS, v[1]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, v[3]);
    if (v[3])
        tb_json_out_key_i64(o, "units", (int64_t)v[4]);
}

static void out_gift(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    tb_out_code(w, o, "product", TB_KIND_PRODUCT, tb_wire_u64(s, 1));
    tb_json_out_key_i64(o, "units", (int64_t)tb_wire_u64(s, 2));
}

static void out_clawed(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    uint64_t v[5];
    tb_wire_numbers(s, v, TB_COUNT_OF(v));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, v[1]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
    tb_json_out_key_i64(o, "available", tb_unzigzag(v[3]));
    tb_json_out_key_i64(o, "shortfall", (int64_t)v[4]);
}

/* Every occurrence of the field as an object of the list. */
static void out_list(struct tb_work *w, struct tb_json_out *o, const char *key, uint32_t field,
                     void (*one)(struct tb_work *w, struct tb_json_out *o, struct tb_str s))
{
    struct tb_wire body = tb_wire_of(tb_work_answer(w));
    tb_json_out_key_open(o, key, '[');
    while (tb_wire_step(&body)) {
        if (body.field != field)
            continue;
        tb_json_out_open(o, '{');
        one(w, o, body.s);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void quote_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[11];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "payable", (int64_t)v[2]);
    tb_json_out_key_i64(o, "due", (int64_t)v[10]);
    tb_json_out_key_i64(o, "goods_list", (int64_t)v[3]);
    tb_json_out_key_i64(o, "goods_saving", (int64_t)v[4]);
    tb_json_out_key_i64(o, "shipping_list", (int64_t)v[5]);
    tb_json_out_key_i64(o, "shipping_saving", (int64_t)v[6]);
    tb_json_out_key_bool(o, "proven", v[7] != 0);
    tb_json_out_key_i64(o, "gap", (int64_t)v[8]);
    out_list(w, o, "lines", 11, out_line);
    out_list(w, o, "offers", 12, out_offer);
    out_list(w, o, "refused", 13, out_refusal);
    out_list(w, o, "earns", 14, out_earn);
    out_list(w, o, "tenders", 15, out_tender);
    tb_json_out_close(o, '}');
}

static void checkout_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[11];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "basket", TB_ID_BASKET, v[1]);
    tb_json_out_key_i64(o, "payable", (int64_t)v[2]);
    tb_json_out_key_i64(o, "saving", (int64_t)v[3]);
    tb_json_out_key_i64(o, "due", (int64_t)v[10]);
    tb_out_time(o, "deadline", (int64_t)v[4]);
    tb_json_out_close(o, '}');
}

static void out_given(struct tb_work *w, struct tb_json_out *o, struct tb_str s)
{
    tb_out_id(w, o, "coupon", TB_ID_COUPON, tb_wire_u64(s, 1));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(s, 2));
}

static void confirm_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct quote_note *note = w->note;
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_order_result(w, o, note != NULL ? note->key : TB_STR_NONE);
    tb_json_out_key_i64(o, "payable", (int64_t)tb_wire_u64(body, 10));
    tb_json_out_key_i64(o, "saving", (int64_t)tb_wire_u64(body, 11));
    out_list(w, o, "coupons_given", 12, out_given);
    out_list(w, o, "gifts", 13, out_gift);
    tb_json_out_close(o, '}');
}

static void release_write(struct tb_work *w, struct tb_json_out *o)
{
    (void)w;
    tb_json_out_open(o, '{');
    tb_json_out_close(o, '}');
}

/* What a return of a priced order gives back, within an open object. */
void tb_out_unwound(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str answer = tb_work_answer(w);
    struct tb_wire body = tb_wire_of(answer);
    tb_json_out_key_i64(o, "shipping", (int64_t)tb_wire_u64(answer, 14));
    tb_json_out_key_i64(o, "withheld", (int64_t)tb_wire_u64(answer, 13));
    out_list(w, o, "tenders", 12, out_tender);
    out_list(w, o, "gifts", 16, out_gift);
    tb_json_out_key_open(o, "coupons", '[');
    while (tb_wire_step(&body)) {
        char id[TB_ID_BYTES];
        if (body.field != 15)
            continue;
        tb_id_print(&w->app->hash_key, TB_ID_COUPON, w->tenant, tb_wire_u64(body.s, 1), id);
        tb_json_out_str(o, (struct tb_str){id, sizeof id});
    }
    tb_json_out_close(o, ']');
}

static void return_quote_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "net", tb_wire_i64(tb_work_answer(w), 8));
    out_list(w, o, "clawed_back", 4, out_clawed);
    tb_out_unwound(w, o);
    tb_json_out_close(o, '}');
}

TB_WORK(quote, TB_OP_QUOTE, tb_cmd_quote, quote_read, quote_write);
TB_WORK(checkout, TB_OP_CHECKOUT, tb_cmd_quote, quote_read, checkout_write);
TB_WORK(confirm, TB_OP_CONFIRM, tb_cmd_confirm, confirm_read, confirm_write);
TB_WORK(basket_release, TB_OP_BASKET_RELEASE, tb_cmd_basket_release, release_read, release_write);
TB_WORK(return_quote, TB_OP_RETURN_QUOTE, tb_cmd_return, return_quote_read, return_quote_write);
