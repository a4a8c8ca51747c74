// SPDX-License-Identifier: Apache-2.0
/* Identifiers: one spelling, refusals in order, and values that identify nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "border/normalise.h"

#define PHONE TB_IDENTIFIER_PHONE
#define EMAIL TB_IDENTIFIER_EMAIL
#define MAC TB_IDENTIFIER_MAC
#define CARD TB_IDENTIFIER_CARD
#define GENERIC TB_IDENTIFIER_GENERIC

struct row {
    enum tb_identifier_kind kind;
    const char *country;
    const char *given;
    const char *want; /* "!n": the answer n */
};

static void normal(const struct row *r, char out[300])
{
    struct tb_buf b;
    tb_buf_init(&b, out, 299);
    enum tb_normal_answer answer = tb_normalise(r->kind, tb_str_of(r->given), r->country, &b);
    out[b.n] = 0;
    if (answer != TB_NORMAL_DONE) {
        assert_int_equal(b.n, 0);
        snprintf(out, 300, "!%d", (int)answer);
    }
}

static const struct row rows[] = {
    {PHONE, NULL, "13912345678", "+8613912345678"},
    {PHONE, NULL, " 139 1234-5678 ", "+8613912345678"},
    {PHONE, NULL, "１３９１２３４５６７８", "+8613912345678"},
    {PHONE, NULL, "＋８６　139１２３４５６７８", "+8613912345678"},
    {PHONE, NULL, "+86 139 1234 5678", "+8613912345678"},
    {PHONE, NULL, "0086-139-1234-5678", "+8613912345678"},
    {PHONE, NULL, "8613912345678", "+8613912345678"},
    {PHONE, NULL, "139\xC2\xA0" "1234\xE2\x80\x91" "5678", "+8613912345678"},
    {PHONE, NULL, "\xE2\x80\xAD" "13912345678\xE2\x80\xAC", "!4"}, /* direction marks are controls */
    {PHONE, NULL, "010-88886666", "+861088886666"},
    {PHONE, NULL, "(0571) 8888 6666", "+8657188886666"},
    {PHONE, NULL, "02188886666", "+862188886666"},
    {PHONE, NULL, "400-812-3456", "+864008123456"},
    {PHONE, NULL, "+1 (212) 555-0100", "+12125550100"},
    {PHONE, "1", "212.555.0100", "+12125550100"},
    {PHONE, "1", "1 212 555 0100", "+12125550100"},
    {PHONE, "44", "020 7946 0018", "+442079460018"},
    {PHONE, "39", "06 1234 5678", "+390612345678"},
    {PHONE, NULL, "+85291234567", "+85291234567"},
    {PHONE, NULL, "", "!3"},
    {PHONE, NULL, "12345678901", "!4"},   /* no mobile begins with 12 */
    {PHONE, NULL, "1391234567", "!4"},    /* ten digits */
    {PHONE, NULL, "139123456789", "!4"},  /* twelve */
    {PHONE, NULL, "1391234567x", "!4"},
    {PHONE, NULL, "+", "!4"},
    {PHONE, NULL, "+999123456789", "+999123456789"},
    {PHONE, NULL, "+2101234567", "+2101234567"},
    {PHONE, NULL, "+8912345678", "!4"},   /* 89x is not assigned */
    {PHONE, NULL, "+1 112 555 0100", "!4"},
    {PHONE, NULL, "+44123", "!4"},
    {PHONE, NULL, "+4412345678901234", "!4"}, /* 16 digits */
    {PHONE, NULL, "+13912345678 ext 1", "!4"},
    {PHONE, NULL, "138+12345678", "!4"},
    {PHONE, NULL, "11111111111", "!4"},
    {EMAIL, NULL, "Li.Hua+shop@Example.COM", "li.hua+shop@example.com"},
    {EMAIL, NULL, "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "li@example.com"},
    {EMAIL, NULL, " li@example.com\t", "li@example.com"},
    {EMAIL, NULL, "e\xCC\x81@example.com", "\xC3\xA9@example.com"},
    {EMAIL, NULL, "\xC3\x89@example.com", "\xC3\xA9@example.com"},
    {EMAIL, NULL, "li@localhost", "!4"},
    {EMAIL, NULL, "li", "!4"},
    {EMAIL, NULL, "@example.com", "!4"},
    {EMAIL, NULL, "li@", "!4"},
    {EMAIL, NULL, "a@b@example.com", "!4"},
    {EMAIL, NULL, "a b@example.com", "!4"},
    {EMAIL, NULL, "a..b@example.com", "!4"},
    {EMAIL, NULL, ".a@example.com", "!4"},
    {EMAIL, NULL, "a@example..com", "!4"},
    {EMAIL, NULL, "a@-example.com", "!4"},
    {EMAIL, NULL, "a@example-.com", "!4"},
    {EMAIL, NULL, "a@exa_mple.com", "!4"},
    {EMAIL, NULL, "a@example.com\n b", "!4"},
    {MAC, NULL, "00:1a:2B:3c:4d:5e", "001A2B3C4D5E"},
    {MAC, NULL, "001a.2b3c.4d5e", "001A2B3C4D5E"},
    {MAC, NULL, "00-1A-2B-3C-4D-5E", "001A2B3C4D5E"},
    {MAC, NULL, "001A2B3C4D5", "!4"},
    {MAC, NULL, "001A2B3C4D5G", "!4"},
    {CARD, NULL, " ab-１２３ ", "AB-123"},
    {CARD, NULL, "ａｂ　12", "AB 12"},
    {GENERIC, NULL, "  oX_y-Z9 ", "oX_y-Z9"},
    {GENERIC, NULL, "\xEF\xBB\xBF" "42", "42"},
    {GENERIC, NULL, "\xE5\xBC\xA0\xE4\xB8\x89", "\xE5\xBC\xA0\xE4\xB8\x89"},
    {GENERIC, NULL, " \xE3\x80\x80 ", "!3"},
    {GENERIC, NULL, "a\tb", "!4"},
    {GENERIC, NULL, "a\x7F" "b", "!4"},
    {GENERIC, NULL, "a\xFF", "!1"},
    {GENERIC, NULL, "\xC0\xAF", "!1"},
};

static void test_rows(void **state)
{
    (void)state;
    char got[300];
    for (size_t i = 0; i < TB_COUNT_OF(rows); i++) {
        normal(&rows[i], got);
        if (strcmp(got, rows[i].want) != 0)
            print_error("row %zu: %s\n", i, rows[i].given);
        assert_string_equal(got, rows[i].want);
        if (got[0] == '!')
            continue;
        char again[300];
        normal(&(struct row){rows[i].kind, rows[i].country, got, NULL}, again);
        assert_string_equal(again, got); /* normalising what is normal changes nothing */
    }
}

static void test_limits(void **state)
{
    (void)state;
    char text[2000];
    char got[300];
    memset(text, 'a', sizeof text);
    text[128] = 0;
    normal(&(struct row){GENERIC, NULL, text, NULL}, got);
    assert_string_equal(got, text);
    text[128] = 'a';
    text[129] = 0;
    normal(&(struct row){GENERIC, NULL, text, NULL}, got);
    assert_string_equal(got, "!2");
    text[129] = 'a';
    text[1500] = 0;
    normal(&(struct row){GENERIC, NULL, text, NULL}, got);
    assert_string_equal(got, "!2");
    text[1499] = (char)0xFF; /* two reasons: bad UTF-8 is told first */
    normal(&(struct row){GENERIC, NULL, text, NULL}, got);
    assert_string_equal(got, "!1");
    struct tb_buf b;
    tb_buf_init(&b, got, 3);
    assert_int_equal(tb_normalise(GENERIC, TB_STR("abcd"), NULL, &b), TB_NORMAL_TOO_LONG);
    assert_false(b.overflowed);
}

/* Any bytes: no crash, and what comes out is stable and bounded. */
static void test_random_bytes(void **state)
{
    (void)state;
    unsigned seed = 7;
    char text[40];
    for (int i = 0; i < 200000; i++) {
        static const char likely[] = "0123456789+-() .@aA:\xEF\xBC\x91\xE3\x80\x80\xC3\xA9\t";
        size_t n = (size_t)rand_r(&seed) % sizeof text;
        for (size_t k = 0; k < n; k++)
            text[k] = likely[(size_t)rand_r(&seed) % (sizeof likely - 1)];
        char out[300];
        char twice[300];
        enum tb_identifier_kind kind = (enum tb_identifier_kind)(i % 5);
        struct tb_buf b;
        struct tb_buf c;
        tb_buf_init(&b, out, sizeof out);
        tb_buf_init(&c, twice, sizeof twice);
        if (tb_normalise(kind, (struct tb_str){text, (uint32_t)n}, NULL, &b) != TB_NORMAL_DONE)
            continue;
        assert_in_range(b.n, 1, TB_IDENTIFIER_BYTES_MAX);
        assert_int_equal(tb_normalise(kind, tb_buf_as_str(&b), NULL, &c), TB_NORMAL_DONE);
        assert_true(tb_str_eq(tb_buf_as_str(&b), tb_buf_as_str(&c)));
    }
}

static void test_blocked(void **state)
{
    (void)state;
    static const struct {
        enum tb_identifier_kind kind;
        const char *value;
        bool blocked;
    } row[] = {
        {GENERIC, "", true},         {GENERIC, "   ", true},
        {GENERIC, "0", true},        {GENERIC, "000-000", true},
        {GENERIC, "-1", true},       {GENERIC, "NULL", true},
        {GENERIC, "undefined", true}, {GENERIC, "None", true},
        {GENERIC, "NaN", true},      {GENERIC, "test", true},
        {GENERIC, "Guest", true},    {GENERIC, "anonymous", true},
        {GENERIC, "UNKNOWN", true},  {GENERIC, "[object Object]", true},
        {GENERIC, "00000000-0000-0000-0000-000000000000", true}, /* IDFA without consent */
        {GENERIC, "000000000000000", true},                      /* IMEI */
        {GENERIC, "00:00:00:00:00:00", true},
        {GENERIC, "0.0.0.0", true},
        {GENERIC, "999999", true},
        {PHONE, "13800138000", true}, {PHONE, "+8613800138000", true},
        {PHONE, "12345678901", true}, {PHONE, "11111111111", true},
        {MAC, "000000000000", true}, {MAC, "FF:ff:ff:ff:ff:ff", true},
        {MAC, "02:00:00:00:00:00", true},
        {GENERIC, "7", false},       {GENERIC, "11", false},
        {GENERIC, "22222", false},   {GENERIC, "tester", false},
        {GENERIC, "100", false},     {GENERIC, "0012", false},
        {PHONE, "+8613912345678", false}, {PHONE, "+8613800138001", false},
        {MAC, "001A2B3C4D5E", false}, {MAC, "020000000001", false},
        {EMAIL, "test@example.com", false},
    };
    for (size_t i = 0; i < TB_COUNT_OF(row); i++) {
        if (tb_identifier_blocked(row[i].kind, tb_str_of(row[i].value)) != row[i].blocked)
            print_error("%s\n", row[i].value);
        assert_int_equal(tb_identifier_blocked(row[i].kind, tb_str_of(row[i].value)), row[i].blocked);
    }
    assert_true(tb_mac_is_random(TB_STR("DA1A2B3C4D5E")));
    assert_true(tb_mac_is_random(TB_STR("021A2B3C4D5E")));
    assert_false(tb_mac_is_random(TB_STR("001A2B3C4D5E")));
    assert_false(tb_mac_is_random(TB_STR("3C1A2B3C4D5E")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
