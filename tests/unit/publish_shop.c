// SPDX-License-Identifier: Apache-2.0
#include "publish_shop.h"

static enum tb_code run(struct shop *s, uint32_t op, const void *input)
{
    enum tb_code code = pw_run(s->w, op, input);
    s->done[op] += code == TB_CODE_OK;
    return code;
}

static void must(struct shop *s, uint32_t op, const void *input)
{
    if (run(s, op, input) != TB_CODE_OK)
        fail_msg("%s: %s %s", tb_op_name(op), tb_code_name(s->w->answer.code), s->w->answer.field);
}

static uint32_t pick(struct shop *s, uint32_t n)
{
    return s->pick(s->user, n);
}

static void put(struct shop *s, const char *code, const char *coupon, int64_t budget)
{
    const struct tb_funder_input funder[2] = {{TB_STR("brand"), 700000}, {TB_STR("house"), 300000}};
    struct tb_cmd_campaign_put in = {.put = {.code = tb_str_of(code)},
                                     .name = TB_STR("Campaign"),
                                     .mechanic = TB_PRICE_AMOUNT,
                                     .rounding = TB_ROUND_HALF_UP,
                                     .amount = s->amount,
                                     .coupon = tb_str_of(coupon),
                                     .budget_amount = budget,
                                     .funder = funder,
                                     .funder_n = budget ? 2 : 0};
    must(s, TB_OP_CAMPAIGN_PUT, &in);
}

static void into_force(struct shop *s, const char *code)
{
    uint32_t all[TB_FINDINGS];
    for (uint32_t i = 0; i < TB_FINDINGS; i++)
        all[i] = i;
    struct tb_cmd_campaign_move in = {
        .campaign = tb_str_of(code), .state = TB_CAMPAIGN_LIVE, .acknowledged = all, .acknowledged_n = TB_FINDINGS};
    must(s, TB_OP_CAMPAIGN_MOVE, &in);
}

void shop_open(struct shop *s)
{
    struct tb_cmd_unit_put off = {.put = {.code = TB_STR("off")},
                                  .name = TB_STR("Off"),
                                  .kind = TB_UNIT_COUPON,
                                  .flags = TB_UNIT_GIVABLE,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS,
                                  .expiry_n = 20};
    s->amount = 100;
    must(s, TB_OP_UNIT_PUT, &off);
    put(s, "taker", "off", 1000000);
    put(s, "rule", "", 0);
    for (uint32_t i = 0; i < 2; i++) {
        const char *code = i ? "rule" : "taker";
        struct tb_cmd_campaign_move review = {.campaign = tb_str_of(code), .state = TB_CAMPAIGN_REVIEW};
        must(s, TB_OP_CAMPAIGN_MOVE, &review);
        into_force(s, code);
    }
}

/* ---- acts ------------------------------------------------------------------------------------- */

static struct tb_who who(struct shop *s, uint32_t member)
{
    return (struct tb_who){.identifier = pw_id(s->w->phone, member)};
}

static void keep(struct shop *s, uint32_t member)
{
    uint32_t at = s->coupons++ % SHOP_KEPT;
    s->coupon[at] = pw_uint(s->w, 1);
    s->owner[at] = member;
}

static void claim(struct shop *s)
{
    uint32_t member = pick(s, s->members);
    struct tb_cmd_coupon_claim in = {.member = who(s, member), .unit = TB_STR("off")};
    struct tb_cmd_coupon_issue give = {.member = in.member, .unit = in.unit, .reason = TB_STR("sorry")};
    bool issue = pick(s, 3) == 0;
    if (run(s, issue ? TB_OP_COUPON_ISSUE : TB_OP_COUPON_CLAIM, issue ? (void *)&give : (void *)&in) == TB_CODE_OK)
        keep(s, member);
}

static void part_with(struct shop *s)
{
    uint32_t at = pick(s, SHOP_KEPT);
    uint32_t to = pick(s, s->members);
    struct tb_cmd_coupon_give give = {.from = who(s, s->owner[at]), .to = who(s, to), .lot = s->coupon[at]};
    struct tb_cmd_coupon_void gone = {
        .member = give.from, .lot = give.lot, .restock = pick(s, 2), .reason = TB_STR("error")};
    if (pick(s, 3) == 0)
        (void)run(s, TB_OP_COUPON_VOID, &gone);
    else if (run(s, TB_OP_COUPON_GIVE, &give) == TB_CODE_OK)
        keep(s, to);
}

/* Sometimes twice, so that one version is never in force. */
static void change(struct shop *s)
{
    s->amount = 50 + pick(s, 100);
    put(s, "rule", "", 0);
    if (pick(s, 2))
        into_force(s, "rule");
}

static void sell(struct shop *s)
{
    char key[24];
    uint32_t at = pick(s, SHOP_KEPT);
    uint32_t member = pick(s, 4) ? s->owner[at] : pick(s, s->members);
    struct tb_identifier id = pw_id(s->w->phone, member);
    struct tb_order_line_input line[2] = {{.sku = TB_STR("tea"), .quantity = 1000, .net = 500 + pick(s, 2000)},
                                          {.sku = TB_STR("cup"), .quantity = 2000, .net = 300 + pick(s, 900)}};
    struct tb_cmd_confirm in = {.payable = -1};
    in.quote.order = (struct tb_cmd_order){.identifier = &id,
                                           .identifier_n = 1,
                                           .store = TB_STR("S1"),
                                           .occurred_ms = s->w->now_ms,
                                           .line = line,
                                           .line_n = 2};
    in.quote.coupon = &s->coupon[at];
    in.quote.coupon_n = pick(s, 4) != 0;
    if (pick(s, 2) && run(s, TB_OP_CHECKOUT, &in.quote) == TB_CODE_OK) {
        s->basket[s->baskets++ % SHOP_KEPT] = pw_uint(s->w, 1);
        return;
    }
    uint32_t n = (uint32_t)snprintf(key, sizeof key, "B%" PRIu64, ++s->w->orders);
    in.quote.order.key = (struct tb_str){key, n};
    in.quote.order.input_hash = tb_mix(s->w->orders);
    (void)run(s, TB_OP_CONFIRM, &in);
}

static void end_basket(struct shop *s)
{
    char key[24];
    uint64_t basket = s->basket[(s->baskets + SHOP_KEPT - 1 - pick(s, 2)) % SHOP_KEPT]; /* older ones have lapsed */
    struct tb_cmd_basket_release release = {.basket = basket};
    struct tb_cmd_confirm in = {.basket = basket, .payable = -1};
    if (pick(s, 3) == 0) {
        (void)run(s, TB_OP_BASKET_RELEASE, &release);
        return;
    }
    uint32_t n = (uint32_t)snprintf(key, sizeof key, "B%" PRIu64, ++s->w->orders);
    in.quote.order = (struct tb_cmd_order){
        .key = {key, n}, .occurred_ms = s->w->now_ms, .input_hash = tb_mix(s->w->orders)};
    (void)run(s, TB_OP_CONFIRM, &in);
}

void shop_act(struct shop *s)
{
    static void (*const act[])(struct shop *) = {claim, claim, claim, sell, sell, sell, end_basket, part_with, change};
    act[pick(s, TB_COUNT_OF(act))](s);
}
