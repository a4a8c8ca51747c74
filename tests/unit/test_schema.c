// SPDX-License-Identifier: Apache-2.0
/* Events as JSON: names and values, nothing hidden, nothing from malformed bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/schema/schema.h"
#include "events.gen.h"

static char out[4096];
static uint8_t wire[4096];

static const char *print(uint32_t type, struct tb_str body, const struct tb_event_names *names)
{
    struct tb_buf b;
    tb_buf_init(&b, out, sizeof out - 1);
    if (!tb_event_print(&b, type, body, names) || b.overflowed)
        return NULL;
    out[b.n] = 0;
    return out;
}

static enum tb_event_value name_of(void *user, struct tb_buf *b, enum tb_schema_ref kind,
                                   uint64_t number)
{
    (*(uint32_t *)user)++;
    if (kind == TB_REF_PERSON || number == 66)
        return TB_EVENT_VALUE_HIDDEN;
    if (kind != TB_REF_MEMBER)
        return TB_EVENT_VALUE_NUMBER;
    tb_buf_printf(b, "\"mbr_%u\"", (unsigned)number);
    return TB_EVENT_VALUE_PRINTED;
}

static struct tb_str order_body(void)
{
    struct tb_ev_order_line line[2] = {{.product = 7, .quantity = 1000, .net = -5, .gross = 9},
                                       {.sku = TB_STR("a\"b\\\n\xE4\xBD\xA0"), .quantity = 2}};
    struct tb_ev_order_placed ev = {.order = 12, .key = TB_STR("A-1"), .profile = 5, .occurred_ms = -1,
                                    .net = INT64_C(9007199254740991), .line = line, .line_n = 2,
                                    .input_hash = 99, .day = 20000};
    struct tb_buf b;
    tb_buf_init(&b, wire, sizeof wire);
    tb_ev_order_placed_encode(&b, &ev);
    return tb_buf_as_str(&b);
}

static void test_order(void **state)
{
    (void)state;
    uint32_t asked = 0;
    struct tb_event_names names = {&asked, name_of};
    assert_string_equal(print(TB_EVENT_ORDER_PLACED, order_body(), NULL),
                        "{\"order\":12,\"key\":\"A-1\",\"profile\":5,\"occurred_ms\":-1,"
                        "\"net\":9007199254740991,\"line\":[{\"product\":7,\"quantity\":1000,\"net\":-5,"
                        "\"gross\":9},{\"sku\":\"a\\\"b\\\\\\u000a\xE4\xBD\xA0\",\"quantity\":2}],\"day\":20000}");
    assert_non_null(strstr(print(TB_EVENT_ORDER_PLACED, order_body(), &names), "\"profile\":\"mbr_5\","));
    assert_int_equal(asked, 3); /* order, profile, product */
}

static void test_lists_and_hidden(void **state)
{
    (void)state;
    uint32_t asked = 0;
    struct tb_event_names names = {&asked, name_of};
    const uint64_t profile[4] = {66, 1, 300, 66};
    struct tb_ev_erased erased = {.person = 3, .profile = profile, .profile_n = 4, .at_ms = 8};
    struct tb_buf b;
    tb_buf_init(&b, wire, sizeof wire);
    tb_ev_erased_encode(&b, &erased);
    assert_string_equal(print(TB_EVENT_ERASED, tb_buf_as_str(&b), NULL),
                        "{\"person\":3,\"profile\":[66,1,300,66],\"at_ms\":8}");
    assert_string_equal(print(TB_EVENT_ERASED, tb_buf_as_str(&b), &names),
                        "{\"profile\":[\"mbr_1\",\"mbr_300\"],\"at_ms\":8}");

    struct tb_ev_profile_added added = {.profile = 1, .person = 2, .key_hi = 3, .key_lo = 4,
                                        .sealed = TB_STR("secret"), .salt = 5};
    tb_buf_init(&b, wire, sizeof wire);
    tb_ev_profile_added_encode(&b, &added);
    assert_string_equal(print(TB_EVENT_PROFILE_ADDED, tb_buf_as_str(&b), NULL), "{\"profile\":1,\"person\":2}");

    struct tb_ev_consent_put consent = {.profile = 1, .proof = TB_STR("\x00\xff\x10\x80")};
    tb_buf_init(&b, wire, sizeof wire);
    tb_ev_consent_put_encode(&b, &consent);
    assert_string_equal(print(TB_EVENT_CONSENT_PUT, tb_buf_as_str(&b), NULL), "{\"profile\":1,\"proof\":\"AP8QgA==\"}");
    assert_string_equal(print(TB_EVENT_DEVICE_FORGOTTEN, TB_STR_NONE, NULL), "{}");
}

/* Every event of the schema prints; cut or damaged bytes never print past their end. */
static void test_damaged(void **state)
{
    (void)state;
    struct tb_str body = order_body();
    uint32_t known = 0, refused = 0;
    for (uint32_t type = 0; type < 256; type++) {
        bool named = tb_event_name(type) != NULL;
        assert_int_equal(named, tb_schema_event(type) != NULL);
        assert_int_equal(named, print(type, TB_STR_NONE, NULL) != NULL);
        known += named;
    }
    assert_true(known > 40);
    for (uint32_t n = 0; n < body.n; n++) {
        char *cut = malloc(n + 1); /* so that a sanitizer sees a step too far */
        memcpy(cut, body.p, n);
        refused += print(TB_EVENT_ORDER_PLACED, (struct tb_str){cut, n}, NULL) == NULL;
        free(cut);
    }
    assert_true(refused > body.n / 2);
}

/* What a webhook may ask for: an event of no group would reach nobody who names groups. */
static void test_groups(void **state)
{
    (void)state;
    uint64_t used = 0;
    for (uint32_t type = 0; type < 2000; type++) {
        uint64_t group = tb_event_group(type);
        assert_int_equal(group & (group - 1), 0);
        if (tb_schema_event(type) != NULL && type != TB_EVENT_JOB_MOVED && group == 0)
            fail_msg("event %u is of no group", type);
        if (tb_schema_event(type) != NULL)
            used |= group;
    }
    uint32_t n = 0;
    while (tb_event_group_name(n) != NULL)
        n++;
    assert_int_equal(used, (UINT64_C(1) << n) - 1); /* every name stands for something */
    assert_int_equal(tb_event_group(TB_EVENT_MALL_EXCHANGED), tb_event_group(TB_EVENT_MALL_PUT));
    assert_int_not_equal(tb_event_group(TB_EVENT_CARD_MADE), tb_event_group(TB_EVENT_MALL_PUT));
    assert_int_equal(tb_event_group(TB_EVENT_ISSUE_PUT), tb_event_group(TB_EVENT_CAMPAIGN_PUT));
    assert_int_equal(tb_event_group(TB_EVENT_JOB_MOVED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_lists_and_hidden),
                                       cmocka_unit_test(test_damaged), cmocka_unit_test(test_groups)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
