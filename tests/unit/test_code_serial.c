// SPDX-License-Identifier: Apache-2.0
/* FF1 against NIST's samples, and the codes on items: unique, decodable, hard to mistype,
 * impossible to guess. TB_LONG=1 runs ten million codes and guesses instead of 200,000.     */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "border/code/serial.h"

static uint64_t rng_state = 20260904;

static uint64_t rng(void)
{
    uint64_t x = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static bool long_form(void)
{
    const char *v = getenv("TB_LONG");
    return v != NULL && v[0] == '1';
}

static uint64_t cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- FF1 ------------------------------------------------------------------------------ */

static const uint8_t key_bytes[32] = {
    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
    0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc, 0x6a, 0x94};

static uint64_t numeral(char c)
{
    return (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct tb_ff1_text halves(const char *text, uint32_t radix)
{
    struct tb_ff1_text h = {0, 0};
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        uint64_t *to = i < n / 2 ? &h.a : &h.b;
        *to = *to * radix + numeral(text[i]);
    }
    return h;
}

/* The nine samples of NIST's "Block Cipher Modes of Operation: FF1" document. */
static void test_nist_samples(void **state)
{
    (void)state;
    static const uint8_t tweak10[] = "9876543210";
    static const uint8_t tweak36[] = {0x37, 0x37, 0x37, 0x37, 0x70, 0x71, 0x72, 0x73, 0x37, 0x37, 0x37};
    static const struct {
        uint32_t key;
        uint32_t radix;
        uint32_t tweak_n;
        const uint8_t *tweak;
        const char *plain;
        const char *cipher;
    } row[] = {
        {16, 10, 0, NULL, "0123456789", "2433477484"},
        {16, 10, 10, tweak10, "0123456789", "6124200773"},
        {16, 36, 11, tweak36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"},
        {24, 10, 0, NULL, "0123456789", "2830668132"},
        {24, 10, 10, tweak10, "0123456789", "2496655549"},
        {24, 36, 11, tweak36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"},
        {32, 10, 0, NULL, "0123456789", "6657667009"},
        {32, 10, 10, tweak10, "0123456789", "1001623463"},
        {32, 36, 11, tweak36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"},
    };
    for (size_t i = 0; i < TB_COUNT_OF(row); i++) {
        struct tb_ff1 f;
        struct tb_fault fault;
        struct tb_ff1_setup setup = {.key = key_bytes,
                                     .key_bytes = row[i].key,
                                     .tweak = row[i].tweak,
                                     .tweak_n = row[i].tweak_n,
                                     .radix = row[i].radix,
                                     .n = (uint32_t)strlen(row[i].plain)};
        assert_true(tb_ff1_init(&f, &setup, &fault));
        struct tb_ff1_text text = halves(row[i].plain, row[i].radix);
        struct tb_ff1_text want = halves(row[i].cipher, row[i].radix);
        tb_ff1_encrypt(&f, &text, 1);
        assert_int_equal(text.a, want.a);
        assert_int_equal(text.b, want.b);
        tb_ff1_decrypt(&f, &text, 1);
        struct tb_ff1_text plain = halves(row[i].plain, row[i].radix);
        assert_int_equal(text.a, plain.a);
        assert_int_equal(text.b, plain.b);
        tb_ff1_deinit(&f);
    }
}

/* Every size of tweak (one and more blocks), every place in a group: the same permutation. */
static void test_groups_and_tweaks(void **state)
{
    (void)state;
    uint8_t tweak[TB_FF1_TWEAK_MAX];
    for (uint32_t i = 0; i < sizeof tweak; i++)
        tweak[i] = (uint8_t)(i * 7);
    struct tb_ff1_text seen[TB_FF1_TWEAK_MAX + 1];
    for (uint32_t n = 0; n <= TB_FF1_TWEAK_MAX; n++) {
        struct tb_ff1 f;
        struct tb_fault fault;
        struct tb_ff1_setup setup = {key_bytes, 32, tweak, n, 32, 14};
        assert_true(tb_ff1_init(&f, &setup, &fault));
        struct tb_ff1_text group[150];
        struct tb_ff1_text plain[150];
        for (uint32_t i = 0; i < 150; i++)
            plain[i] = group[i] = (struct tb_ff1_text){rng() % f.mod[0], rng() % f.mod[1]};
        plain[0] = group[0] = (struct tb_ff1_text){1, 2};
        tb_ff1_encrypt(&f, group, 150);
        for (uint32_t i = 0; i < 150; i++) {
            struct tb_ff1_text alone = plain[i];
            tb_ff1_encrypt(&f, &alone, 1);
            assert_memory_equal(&alone, &group[i], sizeof alone);
        }
        seen[n] = group[0];
        for (uint32_t k = 0; k < n; k++)
            assert_memory_not_equal(&seen[k], &seen[n], sizeof seen[n]);
        tb_ff1_decrypt(&f, group, 150);
        assert_memory_equal(group, plain, sizeof plain);
        tb_ff1_deinit(&f);
    }
}

static void test_ff1_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t radix;
        uint32_t n;
        uint32_t tweak_n;
    } bad[] = {{1, 10, 0}, {65537, 4, 0}, {10, 1, 0}, {10, 5, 0}, {2, 19, 0}, {10, 40, 0}, {32, 26, 0},
               {32, 14, TB_FF1_TWEAK_MAX + 1}};
    for (size_t i = 0; i < TB_COUNT_OF(bad); i++) {
        struct tb_ff1 f;
        struct tb_fault fault = {0};
        uint8_t tweak[TB_FF1_TWEAK_MAX + 1] = {0};
        struct tb_ff1_setup setup = {key_bytes, 32, tweak, bad[i].tweak_n, bad[i].radix, bad[i].n};
        assert_false(tb_ff1_init(&f, &setup, &fault));
        assert_true(fault.text[0] != 0 && !fault.retryable);
    }
}

/* ---- codes ------------------------------------------------------------------------------ */

typedef char code_text[TB_SERIAL_SYMBOLS];

static void open_coder(struct tb_serial_coder *c, uint32_t tenant)
{
    struct tb_fault fault;
    assert_true(tb_serial_open(c, key_bytes, tenant, &fault));
}

static struct tb_str str_of(const char *p, uint32_t n)
{
    return (struct tb_str){p, n};
}

static int by_code(const void *a, const void *b)
{
    return memcmp(a, b, TB_SERIAL_SYMBOLS);
}

/* Prints batches 1 .. of a million serials, decodes all of them, and sorts the codes. */
static void test_unique_and_decodable(void **state)
{
    (void)state;
    uint32_t n = long_form() ? 10000000 : 200000;
    struct tb_serial_coder c;
    open_coder(&c, 1);
    code_text *code = malloc((size_t)n * sizeof *code);
    struct tb_serial *serial = malloc((size_t)n * sizeof *serial);
    struct tb_serial *back = malloc((size_t)n * sizeof *back);
    for (uint32_t i = 0; i < n; i++)
        serial[i] = (struct tb_serial){1 + i / 1000000, i % 1000000};
    uint64_t start = cpu_ns();
    tb_serial_print(&c, serial, n, code);
    uint64_t printed = cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        char spelt[TB_SERIAL_SYMBOLS];
        assert_int_equal(tb_serial_spell(str_of(code[i], TB_SERIAL_SYMBOLS), spelt), TB_SERIAL_READ);
        assert_memory_equal(spelt, code[i], TB_SERIAL_SYMBOLS);
    }
    tb_serial_decode(&c, (const code_text *)code, n, back);
    uint64_t verified = cpu_ns();
    assert_memory_equal(back, serial, (size_t)n * sizeof *serial);
    qsort(code, n, sizeof *code, by_code);
    for (uint32_t i = 1; i < n; i++)
        assert_true(memcmp(code[i - 1], code[i], TB_SERIAL_SYMBOLS) < 0);
    printf("%u codes: %.0f printed/s, %.0f verified/s of one core's time\n", n,
           n * 1e9 / (double)(printed - start), n * 1e9 / (double)(verified - printed));
    free(code);
    free(serial);
    free(back);
    tb_serial_close(&c);
}

/* Well-formed guesses against a tenant that printed ten batches of a million. */
static void test_guesses_fail(void **state)
{
    (void)state;
    uint32_t n = long_form() ? 10000000 : 200000;
    struct tb_serial_coder c;
    open_coder(&c, 1);
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint32_t hits = 0;
    uint32_t named = 0;
    for (uint32_t done = 0; done < n;) {
        code_text code[64];
        struct tb_serial out[64];
        for (uint32_t i = 0; i < 64; i++) {
            for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++)
                code[i][k] = alphabet[rng() & 31];
            char spelt[TB_SERIAL_SYMBOLS];
            for (uint32_t v = 0; v < 32; v++) { /* the guesser completes the check symbol */
                code[i][TB_SERIAL_SYMBOLS - 1] = alphabet[v];
                if (tb_serial_spell(str_of(code[i], TB_SERIAL_SYMBOLS), spelt) == TB_SERIAL_READ)
                    break;
            }
            assert_int_equal(tb_serial_spell(str_of(code[i], TB_SERIAL_SYMBOLS), spelt), TB_SERIAL_READ);
        }
        tb_serial_decode(&c, (const code_text *)code, 64, out);
        for (uint32_t i = 0; i < 64; i++) {
            hits += out[i].batch >= 1 && out[i].batch <= 10 && out[i].serial < 1000000;
            named += out[i].batch != 0;
        }
        done += 64;
    }
    assert_int_equal(hits, 0);
    /* a guess names some batch and a 32-bit serial 1 in 2^8: the rest falls outside */
    assert_in_range(named, n / 256 * 9 / 10, n / 256 * 11 / 10);
    printf("%u guesses: none accepted\n", n);
    tb_serial_close(&c);
}

/* Codes of neighbours share no more symbols than chance gives, and every symbol of every
 * place is equally often there (chi-square of 31 degrees, 5 standard deviations).          */
static void test_unlinkable(void **state)
{
    (void)state;
    enum { N = 64000 };
    struct tb_serial_coder c;
    open_coder(&c, 1);
    static struct tb_serial serial[N];
    static code_text code[N];
    for (uint32_t i = 0; i < N; i++)
        serial[i] = (struct tb_serial){7, i};
    tb_serial_print(&c, serial, N, code);
    uint32_t equal = 0;
    for (uint32_t i = 1; i < N; i++)
        for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++)
            equal += code[i][k] == code[i - 1][k];
    uint32_t expect = N * TB_SERIAL_SYMBOLS / 32;
    assert_in_range(equal, expect - 900, expect + 900); /* 5 sd of sqrt(30000) */
    for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++) {
        uint32_t count[128] = {0};
        for (uint32_t i = 0; i < N; i++)
            count[(uint8_t)code[i][k]]++;
        double chi = 0;
        for (uint32_t s = 0; s < 128; s++)
            chi += count[s] ? ((double)count[s] - N / 32.0) * ((double)count[s] - N / 32.0) / (N / 32.0) : 0;
        assert_true(chi < 31 + 5 * 8);
    }
    tb_serial_close(&c);
}

static void test_tenants_differ(void **state)
{
    (void)state;
    struct tb_serial_coder one;
    struct tb_serial_coder two;
    open_coder(&one, 1);
    open_coder(&two, 2);
    struct tb_serial serial = {1, 0};
    code_text a;
    code_text b;
    tb_serial_print(&one, &serial, 1, &a);
    tb_serial_print(&two, &serial, 1, &b);
    assert_memory_not_equal(a, b, sizeof a);
    struct tb_serial out;
    tb_serial_decode(&two, (const code_text *)&a, 1, &out);
    assert_true(out.batch != 1 || out.serial != 0);
    tb_serial_close(&one);
    tb_serial_close(&two);
}

/* Linear code: it is enough to try every error on any code; some are tried. */
static void test_check_symbol(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct tb_serial_coder c;
    open_coder(&c, 1);
    for (uint32_t i = 0; i < 200; i++) {
        struct tb_serial serial = {1 + (uint32_t)(rng() % TB_SERIAL_BATCH_MAX), (uint32_t)rng()};
        code_text code;
        char out[TB_SERIAL_SYMBOLS];
        tb_serial_print(&c, &serial, 1, &code);
        for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++)
            for (uint32_t s = 0; s < 32; s++) {
                code_text wrong;
                memcpy(wrong, code, sizeof code);
                wrong[k] = alphabet[s];
                enum tb_serial_answer a = tb_serial_spell(str_of(wrong, TB_SERIAL_SYMBOLS), out);
                assert_int_equal(a, wrong[k] == code[k] ? TB_SERIAL_READ : TB_SERIAL_CHECK);
            }
        for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++)
            for (uint32_t j = k + 1; j < TB_SERIAL_SYMBOLS; j++) {
                code_text wrong;
                memcpy(wrong, code, sizeof code);
                wrong[k] = code[j];
                wrong[j] = code[k];
                enum tb_serial_answer a = tb_serial_spell(str_of(wrong, TB_SERIAL_SYMBOLS), out);
                assert_int_equal(a, code[j] == code[k] ? TB_SERIAL_READ : TB_SERIAL_CHECK);
            }
    }
    tb_serial_close(&c);
}

static void test_spelling(void **state)
{
    (void)state;
    struct tb_serial_coder c;
    open_coder(&c, 1);
    code_text code;
    char out[TB_SERIAL_SYMBOLS];
    char grouped[TB_SERIAL_GROUPED];
    struct tb_serial serial = {0, 0};
    bool one = false;
    bool zero = false;
    for (serial.batch = 1; !one || !zero; serial.batch++) { /* a code that has both look-alikes */
        tb_serial_print(&c, &serial, 1, &code);
        one = memchr(code, '1', sizeof code) != NULL;
        zero = memchr(code, '0', sizeof code) != NULL;
    }
    tb_serial_group(code, grouped);
    assert_int_equal(tb_serial_spell(str_of(grouped, sizeof grouped), out), TB_SERIAL_READ);
    assert_memory_equal(out, code, sizeof code);
    static const char alike[] = "iIlL";
    for (uint32_t v = 0; v < 4; v++) {
        char text[TB_SERIAL_SYMBOLS];
        for (uint32_t i = 0; i < sizeof text; i++) {
            char s = code[i] >= 'A' && v & 1 ? (char)(code[i] + 32) : code[i];
            text[i] = (char)(s == '1' ? alike[v] : s == '0' ? (v & 1 ? 'o' : 'O') : s);
        }
        memset(out, 0, sizeof out);
        assert_int_equal(tb_serial_spell(str_of(text, sizeof text), out), TB_SERIAL_READ);
        assert_memory_equal(out, code, sizeof code);
    }
    char wide[3 * TB_SERIAL_SYMBOLS];
    for (uint32_t i = 0; i < TB_SERIAL_SYMBOLS; i++) {
        uint32_t u = 0xff01u + (uint32_t)(code[i] - '!');
        wide[3 * i] = (char)(0xe0 | u >> 12);
        wide[3 * i + 1] = (char)(0x80 | (u >> 6 & 63));
        wide[3 * i + 2] = (char)(0x80 | (u & 63));
    }
    memset(out, 0, sizeof out);
    assert_int_equal(tb_serial_spell(str_of(wide, sizeof wide), out), TB_SERIAL_READ);
    assert_memory_equal(out, code, sizeof code);
    static const struct {
        const char *text;
        enum tb_serial_answer answer;
    } bad[] = {{"", TB_SERIAL_LENGTH},
               {"-- --", TB_SERIAL_LENGTH},
               {"00000000000000", TB_SERIAL_LENGTH},
               {"0000000000000000", TB_SERIAL_LENGTH},
               {"00000000000000U", TB_SERIAL_SYMBOL},
               {"U", TB_SERIAL_SYMBOL}, /* both: the symbol comes first */
               {"0000000000000\xff" "0", TB_SERIAL_SYMBOL},
               {"00000000000000/", TB_SERIAL_SYMBOL},
               {"000000000000001", TB_SERIAL_CHECK}};
    for (size_t i = 0; i < TB_COUNT_OF(bad); i++)
        assert_int_equal(tb_serial_spell(tb_str_of(bad[i].text), out), bad[i].answer);
    tb_serial_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nist_samples),   cmocka_unit_test(test_groups_and_tweaks),
        cmocka_unit_test(test_ff1_limits),     cmocka_unit_test(test_unique_and_decodable),
        cmocka_unit_test(test_guesses_fail),   cmocka_unit_test(test_unlinkable),
        cmocka_unit_test(test_tenants_differ), cmocka_unit_test(test_check_symbol),
        cmocka_unit_test(test_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
