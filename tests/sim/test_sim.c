// SPDX-License-Identifier: Apache-2.0
/* What the generator promises: counts, shares, order of time, the same seed the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/order/order.h"
#include "core/ops.h"
#include "sim/rng.h"
#include "sim/sim.h"

#define NOW_MS INT64_C(1795320000000) /* 2026-11-22T04:00:00Z */

struct run {
    struct tb_sim *s;
    uint64_t hash; /* of every printed line */
    uint64_t lines;
    uint64_t bad_time;
    uint64_t bad_money;
    uint64_t promoted_stage_1;
    uint64_t formula_lines;
    uint64_t weighed_lines;
    int64_t last_ms;
    uint64_t ops[TB_OP_MAX];
    char stage_1[8][16]; /* skus */
    uint32_t stage_1_n;
    uint32_t bad_barcodes;
};

static bool is_stage_1(const struct run *r, struct tb_str sku)
{
    for (uint32_t i = 0; i < r->stage_1_n; i++)
        if (tb_str_eq_c(sku, r->stage_1[i]))
            return true;
    return false;
}

static void see_product(struct run *r, const struct tb_cmd_product_put *p)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < p->barcode.n; i++)
        sum += (uint32_t)(p->barcode.p[i] - '0') * (i % 2 ? 3 : 1);
    r->bad_barcodes += p->barcode.n != 13 || sum % 10 != 0;
    if (!tb_str_eq_c(p->category, "food/baby/formula/stage-1"))
        return;
    assert_true(p->never_promoted && p->life_to_months == 6 && p->supply_days > 0);
    assert_true(r->stage_1_n < 8 && p->put.code.n < 16);
    memcpy(r->stage_1[r->stage_1_n++], p->put.code.p, p->put.code.n);
}

static void see_order(struct run *r, const struct tb_cmd_order *o, int64_t at_ms)
{
    int64_t net = 0;
    int64_t paid = 0;
    for (uint32_t i = 0; i < o->line_n; i++) {
        bool first = is_stage_1(r, o->line[i].sku);
        net += o->line[i].net;
        r->formula_lines += first;
        r->promoted_stage_1 += first && o->line[i].gross != 0;
        r->weighed_lines += o->line[i].quantity % 1000 != 0;
        r->bad_money += o->line[i].net <= 0 || o->line[i].quantity <= 0 ||
                        (o->line[i].gross != 0 && o->line[i].gross <= o->line[i].net);
    }
    for (uint32_t i = 0; i < o->tender_n; i++)
        paid += o->tender[i].amount;
    r->bad_money += net != paid || o->line_n == 0;
    r->bad_time += o->occurred_ms > at_ms;
}

static void see(struct run *r, const struct tb_sim_command *c, const struct tb_sim_wave *w)
{
    static char region[1 << 16];
    const struct tb_hash_key key = {1, 2};
    struct tb_buf b;
    r->ops[c->command.op]++;
    r->bad_time += c->at_ms > w->now_ms || c->at_ms < r->last_ms;
    r->last_ms = c->at_ms;
    if (c->command.op == TB_OP_PRODUCT_PUT)
        see_product(r, c->command.input);
    if (c->command.op == TB_OP_ORDER)
        see_order(r, c->command.input, c->at_ms);
    tb_buf_init(&b, region, sizeof region);
    if (!tb_sim_print(r->s, c, &b))
        return;
    r->lines++;
    r->hash = tb_rng_mix(r->hash ^ tb_siphash(&key, b.p, b.n));
}

static struct run run_of(uint64_t seed, uint32_t divide, uint32_t wave_minutes)
{
    struct tb_sim_options o = {.seed = seed, .now_ms = NOW_MS, .divide = divide, .wave_minutes = wave_minutes};
    struct run r = {.s = tb_sim_create(&o, NULL)};
    assert_non_null(r.s);
    const struct tb_sim_wave *w;
    while ((w = tb_sim_next(r.s)) != NULL)
        for (uint32_t i = 0; i < w->n; i++)
            see(&r, &w->command[i], w);
    assert_null(tb_sim_next(r.s));
    return r;
}

/* part per mille of whole, within a tolerance */
static void share(uint64_t part, uint64_t whole, uint32_t permille, uint32_t tolerance)
{
    int64_t is = (int64_t)(part * 1000 / whole);
    if (is < (int64_t)permille - tolerance || is > (int64_t)permille + tolerance)
        fail_msg("%lld per mille, wanted %u +- %u", (long long)is, permille, tolerance);
}

static void test_counts(void **state)
{
    (void)state;
    struct run r = run_of(TB_SIM_SEED, 1, 0);
    struct tb_sim_census c;
    tb_sim_census(r.s, &c);
    assert_int_equal(c.persons, 12000);
    assert_int_equal(c.followers, 4000);
    assert_int_equal(c.members, 2000);
    assert_int_equal(c.anonymous, 150);
    assert_int_equal(c.households, 260);
    assert_int_equal(c.stores, 24);
    assert_int_equal(c.products, 600);
    assert_int_equal(r.ops[TB_OP_PRODUCT_PUT], 600 + 24);
    assert_true(c.orders > 60000 && c.orders < 130000);
    assert_true(c.probes + c.contacts > 150000);
    share(c.returns, c.orders, 20, 2);
    share(c.channel[TB_SIM_TILL], c.orders, 700, 15);
    share(c.channel[TB_SIM_MINI_PROGRAM], c.orders, 150, 15);
    share(c.channel[TB_SIM_DELIVERY], c.orders, 100, 15);
    share(c.channel[TB_SIM_SCAN_AND_GO], c.orders, 50, 10);
    /* without answers nothing was reserved, so what would be stored value (2 %) is WeChat */
    share(c.tender[TB_TENDER_WECHAT], c.orders, 640, 20);
    share(c.tender[TB_TENDER_ALIPAY], c.orders, 240, 15);
    share(c.probe_visits_random, c.probe_visits, 850, 15);
    assert_true(c.orders_sent_again > c.orders / 200 && c.orders_late > c.orders / 200);
    assert_int_equal(r.bad_time, 0);
    assert_int_equal(r.bad_money, 0);
    assert_int_equal(r.bad_barcodes, 0);
    assert_true(r.formula_lines > 100 && r.weighed_lines > 1000);
    assert_int_equal(r.promoted_stage_1, 0);
    tb_sim_destroy(r.s);
}

static void test_small(void **state)
{
    (void)state;
    struct run r = run_of(TB_SIM_SEED, 20, 0);
    struct tb_sim_census c;
    tb_sim_census(r.s, &c);
    assert_in_range(c.persons, 590, 600);
    assert_in_range(c.followers, 197, 200);
    assert_in_range(c.members, 97, 100);
    assert_int_equal(c.households, 13);
    share(c.returns, c.orders, 20, 6);
    assert_int_equal(r.bad_time + r.bad_money, 0);
    tb_sim_destroy(r.s);
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    struct run a = run_of(7, 20, 0);
    struct run b = run_of(7, 20, 0);
    struct run other = run_of(8, 20, 0);
    assert_true(a.lines > 10000);
    assert_int_equal(a.lines, b.lines);
    assert_int_equal(a.hash, b.hash);
    assert_int_not_equal(a.hash, other.hash);
    tb_sim_destroy(a.s);
    tb_sim_destroy(b.s);
    tb_sim_destroy(other.s);
}

static void test_people_to_meet(void **state)
{
    (void)state;
    struct tb_sim_options o = {.seed = TB_SIM_SEED, .now_ms = NOW_MS};
    struct tb_sim *s = tb_sim_create(&o, NULL);
    const struct tb_sim_person_to_meet *p = tb_sim_people(s);
    for (uint32_t i = 0; i < TB_SIM_PEOPLE; i++) {
        assert_true(p[i].name.n > 0 && p[i].note.n > 0 && p[i].id.value.n > 0);
        for (uint32_t k = 0; k < i; k++)
            assert_false(tb_str_eq(p[i].id.value, p[k].id.value));
    }
    tb_sim_destroy(s);
}

/* Live goes on from a history that another process loaded, never sells twice under one key,
 * and the clock of its waves never goes back. */
static void test_live(void **state)
{
    (void)state;
    enum { TURNS = 200, KEYS = 4000 };
    static uint64_t seen[KEYS];
    const struct tb_hash_key key = {5, 6};
    uint32_t n = 0;
    struct tb_sim_options o = {.seed = TB_SIM_SEED, .now_ms = NOW_MS, .divide = 20};
    struct tb_sim *s = tb_sim_create(&o, NULL);
    int64_t last = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        const struct tb_sim_wave *w = tb_sim_live(s, NOW_MS + TB_DAY_MS + i * TB_SECOND_MS, 3);
        assert_true(w->now_ms >= last);
        last = w->now_ms;
        for (uint32_t k = 0; k < w->n; k++) {
            assert_true(w->command[k].at_ms <= w->now_ms);
            if (w->command[k].command.op != TB_OP_ORDER)
                continue;
            const struct tb_cmd_order *in = w->command[k].command.input;
            assert_true(n < KEYS);
            seen[n] = tb_siphash(&key, in->key.p, in->key.n);
            for (uint32_t m = 0; m < n; m++)
                assert_int_not_equal(seen[m], seen[n]);
            n++;
        }
    }
    assert_true(n > 100);
    tb_sim_destroy(s);
}

/* A year that ends on another day, just after midnight: no event lies in its future. */
static void test_other_days(void **state)
{
    (void)state;
    static const int64_t now[] = {INT64_C(1771171260000), INT64_C(1791388800000), INT64_C(1830268799000)};
    for (uint32_t i = 0; i < TB_COUNT_OF(now); i++) {
        struct tb_sim_options o = {.seed = 3, .now_ms = now[i], .divide = 20};
        struct tb_sim *s = tb_sim_create(&o, NULL);
        const struct tb_sim_wave *w;
        int64_t last = 0;
        while ((w = tb_sim_next(s)) != NULL) {
            assert_true(w->now_ms >= last && w->now_ms <= now[i]);
            last = w->now_ms;
        }
        assert_true(last == now[i]);
        struct tb_sim_census c;
        tb_sim_census(s, &c);
        assert_in_range(c.members, 97, 100);
        tb_sim_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),         cmocka_unit_test(test_small),
        cmocka_unit_test(test_same_seed_same_bytes), cmocka_unit_test(test_people_to_meet),
        cmocka_unit_test(test_live),           cmocka_unit_test(test_other_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
