// SPDX-License-Identifier: Apache-2.0
/* Compressed sets against a plain array of booleans, over histories of every density. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/code/bits.h"

static uint64_t rng_state;

static uint32_t rng(uint32_t n)
{
    uint64_t x = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x >> 32) * n >> 32);
}

struct both {
    struct tb_bits set;
    uint8_t bytes[2][TB_BITS_BYTES_MAX];
    uint32_t side;
    bool model[TB_BITS_RANGE];
    uint32_t n;
};

static void put(struct both *b, uint32_t v, bool on)
{
    b->side ^= 1;
    struct tb_bits out;
    tb_bits_put(&b->set, v, on, b->bytes[b->side], &out);
    b->set = out;
    b->n = b->n + (on && !b->model[v]) - (!on && b->model[v]);
    b->model[v] = on;
}

static void prove(const struct both *b)
{
    assert_true(tb_bits_sound(&b->set));
    assert_int_equal(b->set.n, b->n);
    uint32_t runs = 0;
    for (uint32_t v = 0; v < TB_BITS_RANGE; v++) {
        if (tb_bits_has(&b->set, v) != b->model[v])
            fail_msg("seed %llu: %u", (unsigned long long)rng_state, v);
        runs += b->model[v] && (v == 0 || !b->model[v - 1]);
    }
    uint32_t best = runs * 4 < b->n * 2 ? runs * 4 : b->n * 2;
    assert_int_equal(b->set.bytes, best < 512 ? best : 512);
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t from = rng(TB_BITS_RANGE);
        uint32_t last = from + rng(TB_BITS_RANGE - from);
        bool meets = false;
        for (uint32_t v = from; v <= last; v++)
            meets = meets || b->model[v];
        assert_int_equal(tb_bits_meets(&b->set, from, last), meets);
    }
}

/* Random members with a drift up and down again, so that all three forms come and go. */
static void test_random_histories(void **state)
{
    (void)state;
    bool forms[3] = {false};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        rng_state = seed;
        struct both b = {.n = 0};
        for (uint32_t step = 0; step < 9000; step++) {
            uint32_t bias = step < 5000 ? 75 : 20;
            put(&b, seed & 1 ? rng(TB_BITS_RANGE) : rng(64) * 64 + rng(8), rng(100) < bias);
            forms[b.set.form] = true;
            if (step % 500 == 0)
                prove(&b);
        }
        prove(&b);
    }
    assert_true(forms[0] && forms[1] && forms[2]);
}

/* A production line scans in order; the set stays one run. */
static void test_in_order(void **state)
{
    (void)state;
    struct both b = {.n = 0};
    for (uint32_t v = 0; v < TB_BITS_RANGE; v++) {
        put(&b, v, true);
        assert_int_equal(b.set.bytes, v == 0 ? 2 : 4);
    }
    prove(&b);
    for (uint32_t v = 0; v < TB_BITS_RANGE; v += 2)
        put(&b, v, false);
    prove(&b);
    assert_int_equal(b.set.form, TB_BITS_BITMAP);
    for (uint32_t v = 0; v < TB_BITS_RANGE; v++)
        put(&b, v, false);
    prove(&b);
    assert_int_equal(b.set.bytes, 0);
}

static void test_refused(void **state)
{
    (void)state;
    static const uint8_t backwards[] = {5, 0, 4, 0};
    static const uint8_t outside[] = {0, 16};
    static const uint8_t touching[] = {0, 0, 9, 0, 10, 0, 19, 0};
    static const uint8_t fine[] = {1, 0, 9, 0};
    static const uint8_t zeros[TB_BITS_BYTES_MAX];
    const struct tb_bits bad[] = {
        {backwards, 4, 2, 1, TB_BITS_ARRAY}, {backwards, 4, 2, 1, TB_BITS_RUNS}, {outside, 2, 1, 1, TB_BITS_ARRAY},
        {touching, 8, 20, 1, TB_BITS_RUNS},  {fine, 4, 3, 2, TB_BITS_ARRAY},     {fine, 4, 2, 1, TB_BITS_ARRAY},
        {fine, 3, 1, 1, TB_BITS_ARRAY},      {fine, 4, 9, 2, TB_BITS_RUNS},      {zeros, 512, 0, 0, TB_BITS_BITMAP},
        {zeros, 511, 0, 0, TB_BITS_BITMAP},  {fine, 4, 9, 1, 7}};
    for (size_t i = 0; i < TB_COUNT_OF(bad); i++)
        assert_false(tb_bits_sound(&bad[i]));
    assert_true(tb_bits_sound(&(struct tb_bits){fine, 4, 9, 1, TB_BITS_RUNS}));
    assert_true(tb_bits_sound(&(struct tb_bits){fine, 4, 2, 2, TB_BITS_ARRAY}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
