// SPDX-License-Identifier: Apache-2.0
/* A shop with twenty live campaigns: quotes of ten lines, one coupon that everybody claims, and
 * orders confirmed with it. What a quote found is what a till would confirm: the claimed coupon's
 * offer by name, so that a confirmation searches nothing.                                       */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench/bench.h"
#include "core/checkout/checkout.h"
#include "core/ops.h"
#include "core/promotion/commands.h"

#define PRODUCTS 100u
#define FAMILIES 10u
#define LINES 10u
#define COUPON_OFF 500
#define QUOTE_ANSWER_BYTES 16384u

static const char *const skus = "6900000000"; /* and three digits */

static struct tb_str sku_of(uint32_t i, char text[16])
{
    return (struct tb_str){text, (uint32_t)snprintf(text, 16, "%s%03u", skus, i)};
}

static int64_t price_of(uint32_t i)
{
    return 300 + (int64_t)(i * 7919 % 90) * 50; /* 3.00 to 47.50 */
}

/* ---- the world ------------------------------------------------------------------------------- */

static bool products(struct tb_bench_world *w, uint32_t t)
{
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        char sku[16];
        char family[24];
        (void)snprintf(family, sizeof family, "goods/f%u", i % FAMILIES);
        struct tb_cmd_product_put in = {.put = {.code = sku_of(i, sku)},
                                        .name = TB_STR("a product"),
                                        .category = tb_str_of(family),
                                        .price = price_of(i)};
        if (!tb_bench_command(w->node, w->tenant[t], TB_OP_PRODUCT_PUT, &in, NULL))
            return false;
    }
    struct tb_cmd_unit_put coupon = {.put = {.code = TB_STR("hot")},
                                     .name = TB_STR("5 off 30"),
                                     .kind = TB_UNIT_COUPON,
                                     .expiry = TB_EXPIRY_ROLLING_DAYS,
                                     .expiry_n = 30,
                                     .rounding = TB_ROUNDING_DAY,
                                     .stock = 1000000000,
                                     .claim_code = TB_STR("HOT")};
    return tb_bench_command(w->node, w->tenant[t], TB_OP_UNIT_PUT, &coupon, NULL);
}

/* Makes it live; the number of its offer. */
static bool live(struct tb_bench_world *w, uint32_t t, const struct tb_cmd_campaign_put *in, uint32_t *offer)
{
    static const uint32_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    uint64_t told[4] = {0};
    struct tb_cmd_campaign_move move = {.campaign = in->put.code,
                                        .state = TB_CAMPAIGN_REVIEW,
                                        .acknowledged = all,
                                        .acknowledged_n = TB_COUNT_OF(all)};
    if (!tb_bench_command(w->node, w->tenant[t], TB_OP_CAMPAIGN_PUT, in, NULL) ||
        !tb_bench_command(w->node, w->tenant[t], TB_OP_CAMPAIGN_MOVE, &move, NULL))
        return false;
    move.state = TB_CAMPAIGN_LIVE;
    if (!tb_bench_answers(w->node, w->tenant[t], TB_OP_CAMPAIGN_MOVE, &move, told, TB_COUNT_OF(told)))
        return false;
    *offer = (uint32_t)told[3];
    return true;
}

/* Campaign i of twenty: two ladders over everything, a coupon, the rest over a family of goods. */
static bool campaign(struct tb_bench_world *w, uint32_t t, uint32_t i, uint32_t *offer)
{
    static const struct tb_offer_step full[] = {{.at = 10000, .off = 800}, {.at = 20000, .off = 2000}};
    static const struct tb_offer_step each[] = {{.at = 30000, .off = 3000}};
    static const struct tb_offer_step some[] = {{.at = 3000, .off = 300}};
    char code[8];
    char family[24];
    (void)snprintf(code, sizeof code, "c%u", i);
    (void)snprintf(family, sizeof family, "goods/f%u", i % FAMILIES);
    const struct tb_scope_input scope = {
        .slot = TB_SCOPE_SLOT_X, .by = TB_SCOPE_CATEGORY, .text = tb_str_of(family)};
    struct tb_cmd_campaign_put in = {.put = {.code = tb_str_of(code)},
                                     .name = tb_str_of(code),
                                     .level = TB_PRICE_ITEM,
                                     .rounding = TB_ROUND_HALF_UP,
                                     .sequence = (int64_t)i,
                                     .flags = TB_OFFER_ONE_PER_PRODUCT,
                                     .scope = &scope,
                                     .scope_n = 1};
    bool whole = i < 3;
    if (whole) {
        in.level = TB_PRICE_ORDER;
        in.scope_n = 0;
        in.flags = i == 1 ? TB_OFFER_EVERY : 0;
    }
    if (i == 0 || i == 1) {
        in.mechanic = TB_PRICE_LADDER;
        in.step = i == 0 ? full : each;
        in.step_n = i == 0 ? TB_COUNT_OF(full) : TB_COUNT_OF(each);
        in.group = TB_STR("ladder");
        in.group_rule = TB_PRICE_BEST_OF;
    } else if (i == 2) {
        in.mechanic = TB_PRICE_AMOUNT;
        in.amount = COUPON_OFF;
        in.min_amount = 3000;
        in.coupon = TB_STR("hot");
        in.coupon_rule = TB_PRICE_JOINT;
    } else if (i % 4 == 3) {
        in.mechanic = TB_PRICE_PERCENT;
        in.ppm = 100000;
        in.cap_order = 2000;
    } else if (i % 4 == 0) {
        in.mechanic = TB_PRICE_CHEAPEST; /* the second at half price */
        in.need = 2;
        in.get = 1;
        in.ppm = 500000;
    } else if (i % 4 == 1) {
        in.mechanic = TB_PRICE_N_FOR;
        in.need = 3;
        in.amount = 5000;
    } else {
        in.mechanic = TB_PRICE_LADDER;
        in.step = some;
        in.step_n = TB_COUNT_OF(some);
    }
    return live(w, t, &in, offer);
}

bool tb_bench_campaigns(struct tb_bench_world *w)
{
    w->offer = calloc(w->tenant_n, sizeof *w->offer);
    w->coupon = calloc(TB_BENCH_COUPONS, sizeof *w->coupon);
    if (w->offer == NULL || w->coupon == NULL)
        return false;
    for (uint32_t t = 0; t < w->tenant_n; t++) {
        if (!products(w, t))
            return false;
        for (uint32_t i = 0; i < 20; i++) {
            uint32_t offer;
            if (!campaign(w, t, i, &offer))
                return false;
            if (i == 2)
                w->offer[t] = offer;
        }
    }
    return true;
}

/* ---- quotes ------------------------------------------------------------------------------------ */

struct quote {
    struct tb_cmd_confirm in; /* a quote is its beginning */
    struct tb_identifier id;
    struct tb_order_line_input line[LINES];
    char sku[LINES][16];
    uint64_t lot;
    uint32_t offer;
    char key[24];
};

/* A basket of n different goods, one to three pieces each; the number of pieces of line i in bits of chance. */
static void basket(struct tb_bench_world *w, const struct tb_bench_visit *v, struct quote *q, uint32_t n)
{
    uint64_t chance = v->chance;
    uint32_t first = (uint32_t)(chance % PRODUCTS);
    uint32_t stride = 1 + 2 * (uint32_t)(chance / PRODUCTS % 20);
    stride += stride % 5 == 0 ? 2 : 0; /* prime to 100: no product twice */
    chance /= PRODUCTS * 20;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t product = (first + i * stride) % PRODUCTS;
        q->line[i] = (struct tb_order_line_input){.sku = sku_of(product, q->sku[i]),
                                                  .quantity = 1000 * (1 + (int64_t)(chance >> 2 * i & 3) % 3),
                                                  .net = TB_NET_LIST};
    }
    tb_bench_key(v->member, 0, q->id.key);
    q->id.ns = w->phone[v->t];
    q->in = (struct tb_cmd_confirm){.payable = -1};
    q->in.quote.order = (struct tb_cmd_order){.identifier = &q->id,
                                              .identifier_n = 1,
                                              .store = TB_STR("S1"),
                                              .occurred_ms = v->now_ms,
                                              .line = q->line,
                                              .line_n = n};
}

static bool fill_quote(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct quote *q = area;
    basket(w, v, q, LINES);
    q->in.quote.best_of_mine = true;
    out->op = TB_OP_QUOTE;
    out->input = &q->in.quote;
    return true;
}

/* ---- coupons ------------------------------------------------------------------------------------ */

static bool fill_claim(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct tb_cmd_coupon_claim *in = area;
    *in = (struct tb_cmd_coupon_claim){.claim_code = TB_STR("HOT")};
    tb_bench_key(v->member, 0, in->member.identifier.key);
    in->member.identifier.ns = w->phone[v->t];
    out->op = TB_OP_COUPON_CLAIM;
    out->input = in;
    return atomic_load(&w->coupons_in) - w->coupons_out < TB_BENCH_COUPONS - 65536;
}

static void claimed(struct tb_bench_world *w, const struct tb_bench_visit *v, const struct tb_answer *a)
{
    uint64_t n = atomic_load(&w->coupons_in);
    w->coupon[n % TB_BENCH_COUPONS] =
        (struct tb_bench_coupon){v->t, v->member, tb_bench_field(tb_buf_as_str(&a->body), 1)};
    atomic_store(&w->coupons_in, n + 1);
}

static bool fill_confirm(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct quote *q = area;
    if (w->coupons_out == atomic_load(&w->coupons_in))
        return false;
    const struct tb_bench_coupon *c = &w->coupon[w->coupons_out++ % TB_BENCH_COUPONS];
    struct tb_bench_visit hers = *v;
    hers.t = c->t;
    hers.member = c->member;
    basket(w, &hers, q, 3);
    q->line[0].quantity = 10000; /* enough for the coupon, whatever it is */
    uint64_t no = atomic_fetch_add(&w->orders, 1) + 1;
    int len = snprintf(q->key, sizeof q->key, "B%llu", (unsigned long long)no);
    q->lot = c->lot;
    q->offer = w->offer[c->t];
    q->in.quote.order.key = (struct tb_str){q->key, (uint32_t)len};
    q->in.quote.order.input_hash = tb_mix(no);
    q->in.quote.coupon = &q->lot;
    q->in.quote.coupon_n = 1;
    q->in.offer = &q->offer;
    q->in.offer_n = 1;
    q->in.exact = true;
    out->tenant = w->tenant[c->t];
    out->op = TB_OP_CONFIRM;
    out->input = &q->in;
    return true;
}

#define AREA(type) ((sizeof(type) + 15) / 16 * 16)
const struct tb_bench_kind tb_bench_quote = {.what = "quotes of 10 lines, 20 live campaigns",
                                             .things = "quotes",
                                             .area_bytes = AREA(struct quote),
                                             .answer_bytes = QUOTE_ANSWER_BYTES,
                                             .slots = 2048,
                                             .fill = fill_quote};
const struct tb_bench_kind tb_bench_claim = {.what = "one hot coupon",
                                             .things = "claims",
                                             .area_bytes = AREA(struct tb_cmd_coupon_claim),
                                             .answer_bytes = TB_ANSWER_BYTES_MAX,
                                             .slots = 16384,
                                             .fill = fill_claim,
                                             .answered = claimed};
const struct tb_bench_kind tb_bench_confirm = {.what = "orders confirmed with a coupon",
                                               .things = "confirmations",
                                               .area_bytes = AREA(struct quote),
                                               .answer_bytes = TB_ANSWER_BYTES_MAX,
                                               .slots = 16384,
                                               .fill = fill_confirm};
