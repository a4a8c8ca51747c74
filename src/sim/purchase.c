// SPDX-License-Identifier: Apache-2.0
/* Events of buying and of value, as commands: receipts, returns, reservations, top-ups. A
 * receipt that is sent again is built again from the same numbers, with the same bytes.   */
#include "sim/build.h"

/* ---- purchases -------------------------------------------------------------------------------------- */

/* The order's own name: who sends it again under another key gets another. */
static struct tb_str order_key(struct tb_sim *s, const struct sim_event *e, const char *before, const char *after)
{
    char text[48];
    struct tb_buf b;
    struct tb_date d = tb_date_from_days(sim_day_of(e->occurred_ms));
    tb_buf_init(&b, text, sizeof text);
    tb_buf_printf(&b, "%s%02d%02d%02d-%llu%s", before, d.year % 100, d.month, d.day, (unsigned long long)e->no, after);
    tb_assert(!b.overflowed);
    return tb_str_copy(&s->arena, tb_buf_as_str(&b));
}

static const char *key_prefix(const struct tb_sim *s, const struct sim_event *e)
{
    return e->person != NOBODY && s->person[e->person].tenant == CHENGDIAN ? "CD" : "HL";
}

/* A return's event carries the time of its order in aux (minutes before its own). */
static struct tb_str key_of(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event bought = *e;
    if (e->kind == EV_RETURN)
        bought.occurred_ms -= e->aux * TB_MINUTE_MS;
    return order_key(s, &bought, key_prefix(s, e), e->flags & F_RESENT ? "-R" : "");
}

static void add_payer(struct sim_told *x, const struct sim_event *e, uint32_t payer)
{
    switch (e->pays) {
    case TB_TENDER_WECHAT:
        sim_told_add(x, payer, NS_MINI, 0, true);
        break;
    case TB_TENDER_ALIPAY:
        sim_told_add(x, payer, NS_ALIPAY, 0, true);
        break;
    case TB_TENDER_UNIONPAY:
        sim_told_add(x, payer, NS_TOKEN, 0, true);
        break;
    default:
        break;
    }
}

static void order_ids(struct sim_told *x, const struct sim_event *e)
{
    struct tb_sim *s = x->s;
    const struct sim_person *p = &s->person[e->person];
    if (e->flags & F_CASH_FRAUD) {
        sim_told_add(x, e->person, NS_CARD, 0, true);
        return;
    }
    if (e->flags & F_SENTINEL)
        sim_told_value(x, NOBODY, NS_PHONE, "13800138000", true);
    if (e->flags & F_CARD)
        sim_told_add(x, e->person, NS_CARD, 0, true);
    if (e->flags & F_PHONE)
        sim_told_add(x, e->person, NS_PHONE, 0, false);
    if (e->channel != TB_SIM_TILL) {
        sim_told_add(x, e->person, NS_UNIONID, 0, true);
        sim_told_add(x, e->person, NS_MINI, 0, true);
    }
    if (e->channel == TB_SIM_DELIVERY && (e->other != NOBODY || p->enrolled))
        sim_told_add(x, e->other != NOBODY ? e->other : e->person, NS_PHONE, 0, false);
    bool told = e->channel != TB_SIM_TILL && e->pays == TB_TENDER_WECHAT;
    if (!told)
        add_payer(x, e, e->other != NOBODY && e->channel == TB_SIM_TILL ? e->other : e->person);
}

static void count_order(struct tb_sim *s, const struct sim_event *e, const struct tb_cmd_order *in)
{
    if (e->flags & F_AGAIN) {
        s->census.orders_sent_again++;
        return;
    }
    s->census.orders++;
    s->census.orders_known += in->identifier_n > 0;
    s->census.orders_late += (e->flags & F_LATE) != 0;
    s->census.channel[e->channel]++;
    s->census.tender[in->tender[0].kind]++;
}

static void order_place(struct tb_sim *s, const struct sim_event *e, struct tb_cmd_order *in)
{
    uint32_t no;
    char till[4];
    struct tb_buf b;
    const struct sim_store *st = &s->store[e->store];
    bool brand = key_prefix(s, e)[0] == 'C';
    enum sim_place place = e->channel == TB_SIM_DELIVERY ? PLACE_DELIVERY : PLACE_MINI;
    if (!brand)
        in->store = sim_store_code(&s->arena, e->store);
    if (e->channel != TB_SIM_TILL) {
        in->touchpoint = e->channel == TB_SIM_SCAN_AND_GO
                             ? sim_at_store(s, e->store, TOUCH_SCAN_AND_GO, &no)
                             : sim_at_place(s, brand ? CHENGDIAN : HELIN, place, &no);
        return;
    }
    struct tb_rng r = tb_rng_of(s->o.seed, 0x7111, e->no);
    tb_buf_init(&b, till, sizeof till);
    tb_buf_printf(&b, "%u", e->flags & F_CASH_FRAUD ? 1 : 1 + tb_rng_below(&r, st->tills));
    in->touchpoint = sim_at_store(s, e->store, TOUCH_TILL, &no);
    in->till = tb_str_copy(&s->arena, tb_buf_as_str(&b));
    in->associate = sim_associate_code(&s->arena, e->flags & F_CASH_FRAUD
                                                      ? s->cashier_associate
                                                      : st->associate + tb_rng_below(&r, st->associate_n));
    char receipt[64];
    tb_buf_init(&b, receipt, sizeof receipt);
    tb_buf_printf(&b, "%.*s/%.*s/%llu", TB_STR_ARG(in->store), TB_STR_ARG(in->till), (unsigned long long)e->no);
    in->receipt = tb_str_copy(&s->arena, tb_buf_as_str(&b));
}

void sim_build_order(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event as_sold = *e;
    struct sim_basket basket;
    struct sim_told x = sim_told_begin(s, key_prefix(s, e)[0] == 'C' ? CHENGDIAN : HELIN);
    struct tb_cmd_order *in = TB_NEW(&s->arena, struct tb_cmd_order);
    struct tb_order_tender_input *tender = TB_NEW(&s->arena, struct tb_order_tender_input);
    bool ok = sim_basket(s, e, &s->arena, &basket);
    tb_assert(in != NULL && tender != NULL && ok);
    uint64_t hold = e->pays == TB_TENDER_STORED_VALUE ? s->hold[e->aux].number : 0;
    if (e->pays == TB_TENDER_STORED_VALUE && hold == 0)
        as_sold.pays = TB_TENDER_WECHAT;
    if (e->person != NOBODY)
        order_ids(&x, &as_sold);
    *tender = (struct tb_order_tender_input){as_sold.pays, basket.net};
    *in = (struct tb_cmd_order){.key = key_of(s, e), .identifier = x.id, .identifier_n = x.n,
                                .channel = as_sold.channel + 1u, .currency = TB_STR("CNY"),
                                .occurred_ms = e->occurred_ms, .line = basket.line, .line_n = basket.n,
                                .tender = tender, .tender_n = 1,
                                .input_hash = tb_rng_mix(e->no ^ tb_rng_mix(s->o.seed))};
    order_place(s, &as_sold, in);
    if (hold != 0 && !(e->flags & F_AGAIN)) {
        struct tb_cmd_hold_post *post = TB_NEW(&s->arena, struct tb_cmd_hold_post);
        tb_assert(post != NULL);
        *post = (struct tb_cmd_hold_post){.hold = hold, .final = true, .reason = TB_STR("到店取货")};
        sim_add(s, HELIN, TB_OP_HOLD_POST, post, e->at_ms);
    }
    sim_add_with(&x, e, TB_OP_ORDER, in, in->touchpoint);
    count_order(s, e, in);
    if (e->person == NOBODY)
        return;
    sim_told_remember(&x);
    if (s->person[e->person].enrolled && x.n > 0 && !(e->flags & F_AGAIN))
        s->person[e->person].points += (int32_t)(basket.net / 100);
}

void sim_build_return(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event bought = *e;
    struct sim_basket basket;
    bought.occurred_ms -= e->aux * TB_MINUTE_MS;
    bool ok = sim_basket(s, &bought, &s->arena, &basket);
    struct tb_cmd_return *in = TB_NEW(&s->arena, struct tb_cmd_return);
    struct tb_return_line_input *line = TB_NEW_ARRAY(&s->arena, struct tb_return_line_input, basket.n);
    tb_assert(ok && in != NULL && line != NULL);
    struct tb_rng r = tb_rng_of(s->o.seed, 0x4e7, e->no);
    bool all = basket.n == 1 || tb_rng_permille(&r, 300);
    uint32_t one = tb_rng_below(&r, basket.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < basket.n; i++)
        if (all || i == one)
            line[n++] = (struct tb_return_line_input){
                .line = i, .quantity = basket.line[i].quantity, .net = TB_NET_SHARE};
    *in = (struct tb_cmd_return){.order = key_of(s, e), .key = order_key(s, e, "RT", ""), .line = line, .line_n = n,
                                 .occurred_ms = e->occurred_ms, .input_hash = tb_rng_mix(e->no ^ s->o.seed)};
    sim_add(s, key_prefix(s, e)[0] == 'C' ? CHENGDIAN : HELIN, TB_OP_RETURN, in, e->at_ms);
    s->census.returns++;
}

/* ---- value -------------------------------------------------------------------------------------------- */

void sim_build_hold(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_told x;
    struct tb_cmd_hold *in = TB_NEW(&s->arena, struct tb_cmd_hold);
    tb_assert(in != NULL);
    enum sim_ns by = s->person[e->person].flags & P_ANONYMOUS ? NS_CARD : NS_PHONE;
    *in = (struct tb_cmd_hold){.member = sim_who_by(s, e, by, &x), .unit = TB_STR("points"), .amount = 1000,
                               .lifetime_ms = 2 * TB_DAY_MS};
    if (!(e->flags & F_POINTS)) {
        struct sim_basket basket;
        struct sim_event taken = *e; /* the order is of the same goods, a wave later */
        taken.occurred_ms += (s->o.wave_minutes + 1) * TB_MINUTE_MS;
        bool ok = sim_basket(s, &taken, &s->arena, &basket);
        tb_assert(ok);
        in->unit = TB_STR("stored_value");
        in->amount = basket.net;
    }
    if (in->amount <= 0)
        return;
    sim_add_with(&x, e, TB_OP_HOLD, in, TB_STR_NONE);
    sim_newest(s)->ticket = e->aux;
    s->census.holds++;
}

void sim_build_post(struct tb_sim *s, const struct sim_event *e)
{
    if (s->hold[e->aux].number == 0)
        return;
    struct tb_cmd_hold_post *in = TB_NEW(&s->arena, struct tb_cmd_hold_post);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_hold_post){.hold = s->hold[e->aux].number, .final = true, .reason = TB_STR("积分换礼")};
    sim_add(s, HELIN, TB_OP_HOLD_POST, in, e->at_ms);
}

void sim_build_top_up(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_told x;
    struct tb_rng r = tb_rng_of(s->o.seed, 0x70704, e->no);
    struct tb_cmd_adjust *in = TB_NEW(&s->arena, struct tb_cmd_adjust);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_adjust){.member = sim_who_by(s, e, NS_PHONE, &x), .unit = TB_STR("stored_value"),
                                 .amount = 20000 * (1 + (int64_t)tb_rng_below(&r, 4)), .reason = TB_STR("储值充值")};
    sim_add_with(&x, e, TB_OP_ADJUST, in, TB_STR_NONE);
}
