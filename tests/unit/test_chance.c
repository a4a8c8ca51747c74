// SPDX-License-Identifier: Apache-2.0
/* SHA-256 and HMAC against published vectors; draws and red packets against their laws.
 * TB_CHECK=long makes ten times (packets: a hundred times) as many. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/play/chance.h"

static void hex_is(const uint8_t *bytes, const char *hex)
{
    char text[65];
    for (uint32_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

/* FIPS 180-4's examples (one block, two blocks), the empty message, a million times 'a'. */
static void sha_vectors(void **state)
{
    (void)state;
    uint8_t out[TB_SHA256_BYTES];
    tb_sha256(TB_STR("abc"), out);
    hex_is(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tb_sha256(TB_STR(""), out);
    hex_is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tb_sha256(TB_STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    hex_is(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *many = malloc(1000000);
    memset(many, 'a', 1000000);
    tb_sha256((struct tb_str){many, 1000000}, out);
    hex_is(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(many);
}

/* The processor's instructions and plain C agree on random states and blocks. */
static void sha_both_ways(void **state)
{
    (void)state;
    uint32_t a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t block[64];
    uint64_t seed = 5;
    for (uint32_t i = 0; i < 100000; i++) {
        for (uint32_t k = 0; k < 64; k += 8) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            memcpy(block + k, &seed, 8);
        }
        tb_sha256_block(a, block);
        tb_sha256_plain(b, block);
        assert_memory_equal(a, b, sizeof a);
    }
}

/* RFC 4231, cases 1 to 4. */
static void hmac_vectors(void **state)
{
    (void)state;
    struct tb_hmac_key key;
    uint8_t out[TB_SHA256_BYTES];
    uint8_t bytes[50];
    memset(bytes, 0x0b, 20);
    tb_hmac_key_init(&key, (struct tb_str){(const char *)bytes, 20});
    tb_hmac(&key, TB_STR("Hi There"), out);
    hex_is(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    tb_hmac_key_init(&key, TB_STR("Jefe"));
    tb_hmac(&key, TB_STR("what do ya want for nothing?"), out);
    hex_is(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(bytes, 0xaa, 20);
    tb_hmac_key_init(&key, (struct tb_str){(const char *)bytes, 20});
    memset(bytes, 0xdd, 50);
    tb_hmac(&key, (struct tb_str){(const char *)bytes, 50}, out);
    hex_is(out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    for (uint8_t i = 0; i < 25; i++)
        bytes[i] = (uint8_t)(i + 1);
    tb_hmac_key_init(&key, (struct tb_str){(const char *)bytes, 25});
    memset(bytes, 0xcd, 50);
    tb_hmac(&key, (struct tb_str){(const char *)bytes, 50}, out);
    hex_is(out, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

/* Computed with Python's hmac from the construction in chance.h, so that the words there suffice
 * to check a draw. */
static void draw_vectors(void **state)
{
    (void)state;
    uint8_t seed[TB_SEED_BYTES];
    for (uint8_t i = 0; i < TB_SEED_BYTES; i++)
        seed[i] = i;
    assert_int_equal(tb_chance_ticket(seed, 1, 1, 1), 507573);
    assert_int_equal(tb_chance_ticket(seed, 7, UINT64_C(0x0123456789abcdef), 42), 390771);
    struct tb_chance c; /* the fifth word is of the second block */
    tb_chance_init(&c, seed, 1, 1, 1);
    uint64_t word = 0;
    for (uint32_t i = 0; i < 5; i++)
        word = tb_chance_word(&c);
    assert_true(word == UINT64_C(0xeda184a4506247f1));
}

static uint64_t times(uint64_t n, uint64_t factor)
{
    const char *how = getenv("TB_CHECK");
    return how != NULL && strcmp(how, "long") == 0 ? n * factor : n;
}

static void pick_edges(void **state)
{
    (void)state;
    const uint32_t ppm[] = {0, 1, 999998, 0, 1};
    assert_int_equal(tb_chance_pick(ppm, 5, 0), 1);
    assert_int_equal(tb_chance_pick(ppm, 5, 1), 2);
    assert_int_equal(tb_chance_pick(ppm, 5, 999998), 2);
    assert_int_equal(tb_chance_pick(ppm, 5, 999999), 4);
}

/* Frequencies of a wheel with odds from one in ten thousand to a half. The bound is the value
 * that chi-square with 7 degrees of freedom passes once in 10,000 seeds; the seed is fixed. */
static void frequencies(void **state)
{
    (void)state;
    const uint32_t ppm[] = {100, 900, 9000, 40000, 50000, 150000, 250000, 500000};
    uint64_t seen[8] = {0};
    uint64_t n = times(1000000, 10);
    const uint8_t seed[TB_SEED_BYTES] = "frequencies of one million draws";
    for (uint64_t i = 0; i < n; i++)
        seen[tb_chance_pick(ppm, 8, tb_chance_ticket(seed, 3, i % 5000, i / 5000 + 1))]++;
    double chi = 0;
    for (uint32_t i = 0; i < 8; i++) {
        double expected = (double)n * ppm[i] / TB_PPM;
        chi += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
    }
    printf("draws %llu  chi-square %.2f (7 degrees, bound 29.9)\n", (unsigned long long)n, chi);
    assert_true(chi < 29.9);
}

/* No residue of a small bound is favoured, and a bound near 2^63 rejects and still ends. */
static void below_is_even(void **state)
{
    (void)state;
    struct tb_chance c;
    const uint8_t seed[TB_SEED_BYTES] = {9};
    uint64_t seen[7] = {0};
    tb_chance_init(&c, seed, 0, 0, 0);
    for (uint32_t i = 0; i < 700000; i++)
        seen[tb_chance_below(&c, 7)]++;
    double chi = 0;
    for (uint32_t i = 0; i < 7; i++)
        chi += ((double)seen[i] - 100000.0) * ((double)seen[i] - 100000.0) / 100000.0;
    assert_true(chi < 27.9);
    uint64_t top = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t v = tb_chance_below(&c, (UINT64_C(1) << 63) + 1);
        assert_true(v <= UINT64_C(1) << 63);
        top += v >> 62 != 0;
    }
    assert_in_range(top, 49000, 51000); /* a third would be lost without rejection's care */
}

/* One packet of total units in n shares; every law of a split is asserted. */
static void split(const uint8_t *seed, uint64_t id, int64_t total, uint32_t n, int64_t *share)
{
    int64_t left = total;
    for (uint32_t i = 0; i < n; i++) {
        struct tb_chance c;
        tb_chance_init(&c, seed, 0, id, i);
        share[i] = tb_chance_packet(&c, left, n - i);
        assert_true(share[i] >= 1);
        left -= share[i];
        assert_true(left >= (int64_t)(n - i - 1));
    }
    assert_true(left == 0);
}

static void packet_means(void **state)
{
    (void)state;
    enum { N = 10, TOTAL = 10000 };
    double sum[N] = {0};
    double square[N] = {0};
    const uint8_t seed[TB_SEED_BYTES] = {3, 1, 4};
    uint64_t times_split = times(20000, 100);
    for (uint64_t i = 0; i < times_split; i++) {
        int64_t share[N];
        split(seed, i, TOTAL, N, share);
        for (uint32_t k = 0; k < N; k++) {
            sum[k] += (double)share[k];
            square[k] += (double)share[k] * (double)share[k];
        }
    }
    for (uint32_t k = 0; k < N; k++) {
        double n = (double)times_split;
        double mean = sum[k] / n;
        double sd = sqrt(square[k] / n - mean * mean);
        printf("packet of 10,000 in 10: position %2u mean %8.2f  sd %7.2f\n", k + 1, mean, sd);
        assert_true(fabs(mean - TOTAL / N) < 4.5 * sd / sqrt(n)); /* the same mean at every position */
    }
}

/* Small totals, where a careless bound leaves somebody with nothing, and random ones. */
static void packet_sums(void **state)
{
    (void)state;
    const uint8_t seed[TB_SEED_BYTES] = {2, 7, 1, 8};
    uint64_t id = 0;
    int64_t share[200];
    for (uint32_t n = 1; n <= 20; n++)
        for (int64_t total = n; total < 3 * n + 5; total++)
            for (uint32_t i = 0; i < 20; i++)
                split(seed, id++, total, n, share);
    struct tb_chance c;
    tb_chance_init(&c, seed, 1, 0, 0);
    uint64_t many = times(100000, 100);
    for (uint64_t i = 0; i < many; i++) {
        uint32_t n = 1 + (uint32_t)tb_chance_below(&c, 12);
        split(seed, id++, n + (int64_t)tb_chance_below(&c, 20000), n, share);
    }
    printf("packets %llu, every sum exact, nobody below one\n", (unsigned long long)id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_vectors),  cmocka_unit_test(sha_both_ways), cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(draw_vectors), cmocka_unit_test(pick_edges),    cmocka_unit_test(frequencies),
        cmocka_unit_test(below_is_even), cmocka_unit_test(packet_means), cmocka_unit_test(packet_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
