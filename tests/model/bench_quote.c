// SPDX-License-Identifier: Apache-2.0
/* What a quote costs the cell's thread: the shop of `tongbao bench --checkout` (cli/bench/checkout.c) on core alone,
 * without the engine. Prints CPU time of the thread a quote, steps, and a sum over all answers.
 *
 * usage: bench_quote [QUOTES [MEMBERS]]
 * For instructions: valgrind --tool=callgrind --toggle-collect=quotes ...                          */
#include "checkout_kit.h"

#include <time.h>

#define PRODUCTS 100u
#define FAMILIES 10u
#define LINES 10u

static uint64_t seed = 1;

static uint64_t chance(void)
{
    return tb_mix(seed += UINT64_C(0x9e3779b97f4a7c15));
}

static double cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void products(struct checkout_kit *k)
{
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        char sku[16];
        char family[24];
        snprintf(sku, sizeof sku, "6900000000%03u", i);
        snprintf(family, sizeof family, "goods/f%u", i % FAMILIES);
        kit_product(k, sku, family, 300 + (int64_t)(i * 7919 % 90) * 50);
    }
    struct tb_cmd_unit_put coupon = {.put = {.code = S("hot")},
                                     .kind = TB_UNIT_COUPON,
                                     .expiry = TB_EXPIRY_ROLLING_DAYS,
                                     .expiry_n = 30,
                                     .stock = 1000000000};
    fx_done(k->f, TB_OP_UNIT_PUT, &coupon);
    struct tb_cmd_store_put store = {.put.code = S("S1"), .name = S("S1")};
    fx_done(k->f, TB_OP_STORE_PUT, &store);
}

/* Two ladders and a coupon over everything. */
static void over_all(struct tb_cmd_campaign_put *in, uint32_t i)
{
    static const struct tb_offer_step full[] = {{.at = 10000, .off = 800}, {.at = 20000, .off = 2000}};
    static const struct tb_offer_step each[] = {{.at = 30000, .off = 3000}};
    if (i == 2) {
        in->mechanic = TB_PRICE_AMOUNT;
        in->amount = 500;
        in->min_amount = 3000;
        in->coupon = S("hot");
        in->coupon_rule = TB_PRICE_JOINT;
        return;
    }
    in->mechanic = TB_PRICE_LADDER;
    in->step = i == 0 ? full : each;
    in->step_n = i == 0 ? 2 : 1;
    in->flags = i == 0 ? 0 : TB_OFFER_EVERY;
    in->group = S("ladder");
    in->group_rule = TB_PRICE_BEST_OF;
}

/* On a family of goods. */
static void on_family(struct tb_cmd_campaign_put *in, uint32_t i)
{
    static const struct tb_offer_step some[] = {{.at = 3000, .off = 300}};
    in->level = TB_PRICE_ITEM;
    in->flags = TB_OFFER_ONE_PER_PRODUCT;
    in->scope_n = 1;
    if (i % 4 == 3) {
        in->mechanic = TB_PRICE_PERCENT;
        in->ppm = 100000;
        in->cap_order = 2000;
    } else if (i % 4 == 0) {
        in->mechanic = TB_PRICE_CHEAPEST;
        in->need = 2;
        in->get = 1;
        in->ppm = 500000;
    } else if (i % 4 == 1) {
        in->mechanic = TB_PRICE_N_FOR;
        in->need = 3;
        in->amount = 5000;
    } else {
        in->mechanic = TB_PRICE_LADDER;
        in->step = some;
        in->step_n = 1;
    }
}

static void campaigns(struct checkout_kit *k)
{
    for (uint32_t i = 0; i < 20; i++) {
        char code[8];
        char family[24];
        snprintf(code, sizeof code, "c%u", i);
        snprintf(family, sizeof family, "goods/f%u", i % FAMILIES);
        const struct tb_scope_input scope = {
            .slot = TB_SCOPE_SLOT_X, .by = TB_SCOPE_CATEGORY, .text = tb_str_of(family)};
        struct tb_cmd_campaign_put in = kit_campaign(code, 0);
        in.sequence = (int64_t)i;
        in.scope = &scope;
        if (i < 3)
            over_all(&in, i);
        else
            on_family(&in, i);
        (void)kit_live(k, &in);
    }
}

/* Ten different goods, one to three pieces each. */
static void basket(struct checkout_kit *k, const struct tb_identifier *id, uint32_t members)
{
    uint64_t c = chance();
    uint32_t first = (uint32_t)(c % PRODUCTS);
    uint32_t stride = 1 + 2 * (uint32_t)(c / PRODUCTS % 20);
    stride += stride % 5 == 0 ? 2 : 0;
    c /= PRODUCTS * 20;
    for (uint32_t i = 0; i < LINES; i++) {
        snprintf(k->sku[i], sizeof k->sku[i], "6900000000%03u", (first + i * stride) % PRODUCTS);
        k->line[i] = (struct tb_order_line_input){
            .sku = tb_str_of(k->sku[i]), .quantity = 1000 * (1 + (int64_t)(c >> 2 * i & 3) % 3), .net = TB_NET_LIST};
    }
    k->in.quote.order.identifier = &id[chance() % members];
}

static uint64_t add_up(struct fx *f, uint64_t sum)
{
    struct tb_str in = tb_buf_as_str(&f->a.body);
    const struct tb_hash_key key = {sum, 1};
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &field, &v, &s, &bad))
        if (field != 9) /* steps spent are no part of what is told about the price */
            sum = tb_mix(sum + field) + (s.n ? tb_siphash(&key, s.p, s.n) : v);
    return sum;
}

__attribute__((noinline)) static void quotes(struct fx *f, const struct tb_cmd_quote *in)
{
    fx_done(f, TB_OP_QUOTE, in);
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 20000;
    uint32_t members = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000;
    struct checkout_kit *k = kit_make(false);
    struct tb_identifier *ids = calloc(members, sizeof *ids);
    assert_non_null(ids);
    products(k);
    campaigns(k);
    for (uint32_t i = 0; i < members; i++) {
        char who[16];
        snprintf(who, sizeof who, "m%u", i);
        ids[i] = fx_id(k->f, "unionid", who, true);
        (void)fx_contact(k->f, &ids[i], 1, k->f->now_ms);
    }
    k->in.quote.order.line_n = LINES;
    k->in.quote.order.store = S("S1");
    k->in.quote.best_of_mine = true;
    double spent = 0;
    double worst = 0;
    uint64_t steps = 0;
    uint64_t proven = 0;
    uint64_t bytes = 0;
    uint64_t sum = 1;
    for (uint32_t i = 0; i < n; i++) {
        basket(k, ids, members);
        double start = cpu_us();
        quotes(k->f, &k->in.quote);
        double took = cpu_us() - start;
        spent += took;
        worst = took > worst ? took : worst;
        steps += fx_uint(k->f, 9, 0);
        proven += fx_uint(k->f, 7, 0);
        bytes += k->f->a.body.n;
        sum = add_up(k->f, sum);
    }
    printf("%u quotes of %u lines, 20 campaigns: %.2f us of CPU each (%.0f/s), worst %.0f us, %.1f steps, "
           "%.2f %% proven, %.0f bytes; answers %016llx\n",
           n, LINES, spent / n, 1e6 * n / spent, worst, (double)steps / n, 100.0 * (double)proven / n,
           (double)bytes / n, (unsigned long long)sum);
    free(ids);
    kit_free(k);
    return 0;
}
