// SPDX-License-Identifier: Apache-2.0
/* Signatures, outcomes, pauses and addresses of webhooks; the outbox over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "channel/webhook/outbox.h"
#include "channel/webhook/rules.h"

static const char *sign(const char *secret, const char *body)
{
    static char out[64];
    return tb_webhook_sign(tb_str_of(secret), TB_STR("msg_loFOjxBNrRLzqYUf"), 1731705121, tb_str_of(body), out,
                           sizeof out)
               ? out
               : "";
}

/* The vector of the reference libraries (standard-webhooks), and RFC 4231, test case 2. */
static void test_signature(void **state)
{
    (void)state;
    assert_string_equal(sign("whsec_plJ3nmyCDGBKInavdOK15jsl", "{\"event_type\":\"ping\",\"data\":{\"success\":true}}"),
                        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    assert_string_equal(sign("a secret that is no base64", "{}"), "v1,6/qyurXpnSbKf/oWhiUrzaTXFnpfag08lMapyfz9QZo=");
    assert_string_equal(sign("whsec_", "{}"), "");
    assert_string_equal(sign("whsec_not*base64", "{}"), "");
    assert_string_equal(sign("", "{}"), "");
}

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        long status;
        bool forbidden;
        enum tb_webhook_outcome want;
    } row[] = {{200, false, TB_WEBHOOK_DELIVERED}, {204, false, TB_WEBHOOK_DELIVERED},
               {299, false, TB_WEBHOOK_DELIVERED}, {200, true, TB_WEBHOOK_DEAD},
               {0, true, TB_WEBHOOK_DEAD},         {0, false, TB_WEBHOOK_RETRY},
               {100, false, TB_WEBHOOK_RETRY},     {301, false, TB_WEBHOOK_DEAD},
               {307, false, TB_WEBHOOK_DEAD},      {400, false, TB_WEBHOOK_DEAD},
               {401, false, TB_WEBHOOK_DEAD},      {404, false, TB_WEBHOOK_DEAD},
               {408, false, TB_WEBHOOK_RETRY},     {410, false, TB_WEBHOOK_DISABLE},
               {425, false, TB_WEBHOOK_RETRY},     {429, false, TB_WEBHOOK_RETRY},
               {500, false, TB_WEBHOOK_RETRY},     {503, false, TB_WEBHOOK_RETRY}};
    for (size_t i = 0; i < TB_COUNT_OF(row); i++)
        if (tb_webhook_judge(row[i].status, row[i].forbidden) != row[i].want)
            fail_msg("status %ld", row[i].status);
}

static void test_pauses(void **state)
{
    (void)state;
    static const int64_t most[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    for (uint32_t attempt = 1; attempt < TB_WEBHOOK_ATTEMPTS; attempt++) {
        int64_t low = INT64_MAX, high = 0;
        for (uint64_t c = 0; c < 5000; c++) {
            int64_t d = tb_webhook_delay_ms(attempt, c * UINT64_C(0x9e3779b97f4a7c15), 0, 1000);
            low = d < low ? d : low;
            high = d > high ? d : high;
        }
        assert_in_range(high, most[attempt - 1] * 990, most[attempt - 1] * 1000);
        assert_in_range(low, most[attempt - 1] * 100, most[attempt - 1] * 110);
    }
    assert_int_equal(tb_webhook_delay_ms(TB_WEBHOOK_ATTEMPTS, 1, 0, 1000), 0);
    assert_int_equal(tb_webhook_delay_ms(1, 1, 600, 1000), 600000); /* Retry-After */
    assert_int_equal(tb_webhook_delay_ms(1, 1, 1 << 30, 1000), 86400000);
    assert_int_equal(tb_webhook_delay_ms(1, 0, -5, 1000), 500);
}

static bool refused(const char *address, bool loopback_ok)
{
    struct sockaddr_storage s;
    memset(&s, 0, sizeof s);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
    s.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(
        inet_pton(s.ss_family, address,
                  s.ss_family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr),
        1);
    return tb_webhook_forbidden((struct sockaddr *)&s, loopback_ok);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const no[] = {"0.0.0.0",
                                     "10.1.2.3",
                                     "100.64.0.1",
                                     "100.127.255.255",
                                     "127.0.0.1",
                                     "127.9.9.9",
                                     "169.254.169.254",
                                     "172.16.0.1",
                                     "172.31.255.255",
                                     "192.0.0.1",
                                     "192.0.2.1",
                                     "192.168.1.1",
                                     "198.18.0.1",
                                     "198.19.9.9",
                                     "198.51.100.1",
                                     "203.0.113.1",
                                     "224.0.0.1",
                                     "255.255.255.255",
                                     "::",
                                     "::1",
                                     "::ffff:127.0.0.1",
                                     "::ffff:10.0.0.1",
                                     "fe80::1",
                                     "fc00::1",
                                     "fd12::1",
                                     "ff02::1",
                                     "2001:db8::1",
                                     "64:ff9b:1::8.8.8.8", /* a network's own NAT64: 10.0.0.1 may stand before */
                                     "64:ff9b:1:a00:0:100:808:808",
                                     "2001::1",
                                     "64:ff9b::7f00:1",
                                     "2002:7f00:1::",
                                     "2002:a00:1::",
                                     "100::1"};
    static const char *const yes[] = {
        "1.1.1.1",          "9.255.255.255", "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.1.1.1",        "128.0.0.1",     "172.15.255.255",  "172.32.0.0",     "192.167.1.1",
        "198.17.255.255",   "198.20.0.0",    "223.255.255.255", "2606:4700::1",   "2a00:1450::1",
        "64:ff9b::101:101", "::ffff:1.1.1.1"};
    for (size_t i = 0; i < TB_COUNT_OF(no); i++)
        if (!refused(no[i], false))
            fail_msg("%s is allowed", no[i]);
    for (size_t i = 0; i < TB_COUNT_OF(yes); i++)
        if (refused(yes[i], false) && strncmp(yes[i], "64:", 3) != 0)
            fail_msg("%s is refused", yes[i]);
    assert_false(refused("127.0.0.1", true));
    assert_false(refused("::1", true));
    assert_false(refused("::ffff:127.0.0.1", true));
    assert_true(refused("10.0.0.1", true)); /* loopback alone */
    assert_true(refused("169.254.169.254", true));
    struct sockaddr unix_socket = {.sa_family = AF_UNIX};
    assert_true(tb_webhook_forbidden(&unix_socket, true));
}

static uint32_t dead_n;
static void count_dead(void *user, const struct tb_outbox_dead *d)
{
    (void)user;
    (void)d;
    dead_n++;
}

static void test_outbox(void **state)
{
    (void)state;
    char path[] = "/tmp/tongbao-outbox-XXXXXX", name[64];
    struct tb_outbox *o;
    struct tb_fault f = {0};
    struct tb_outbox_lane l = {.webhook = 7,
                               .tenant = 1,
                               .version = 2,
                               .after = 100,
                               .attempts = 3,
                               .next_ms = 5,
                               .delivered = 9},
                          is;
    struct tb_outbox_dead d = {.webhook = 7,
                               .sequence = 101,
                               .tenant = 1,
                               .at_ms = 3,
                               .attempts = 10,
                               .status = 503,
                               .reason = "status 503"},
                          was;
    assert_non_null(mkdtemp(path));
    (void)snprintf(name, sizeof name, "%s/webhooks.db", path);
    assert_true(tb_outbox_open(name, &o, &f));
    assert_false(tb_outbox_lane(o, 7, &is, &f));
    assert_true(tb_outbox_put_lane(o, &l, &f));
    l.after = 101;
    assert_true(tb_outbox_give_up(o, &l, &d, &f));
    assert_false(tb_outbox_replay_next(o, 7, &was, &f));
    tb_outbox_close(o);
    assert_true(tb_outbox_open(name, &o, &f));
    assert_true(tb_outbox_lane(o, 7, &is, &f));
    assert_int_equal(is.after, 101);
    assert_int_equal(is.version, 2);
    assert_int_equal(is.attempts, 3);
    assert_int_equal(is.next_ms, 5);
    assert_int_equal(is.delivered, 9);
    assert_int_equal(tb_outbox_mark_replay(o, 0, 0, &f), 1);
    assert_int_equal(tb_outbox_mark_replay(o, 7, 101, &f), 0); /* marked already */
    assert_true(tb_outbox_replay_next(o, 7, &was, &f));
    assert_int_equal(was.sequence, 101);
    assert_string_equal(was.reason, "status 503");
    was.replay = false;
    assert_true(tb_outbox_replay_done(o, &was, false, &f));
    assert_false(tb_outbox_replay_next(o, 7, &was, &f));
    assert_true(tb_outbox_each_dead(o, 0, 100, count_dead, NULL, &f));
    assert_int_equal(dead_n, 1);
    assert_int_equal(tb_outbox_mark_replay(o, 7, 101, &f), 1);
    assert_true(tb_outbox_replay_next(o, 7, &was, &f));
    assert_true(tb_outbox_replay_done(o, &was, true, &f));
    dead_n = 0;
    assert_true(tb_outbox_each_dead(o, 0, 100, count_dead, NULL, &f));
    assert_int_equal(dead_n, 0);
    tb_outbox_close(o);
    (void)unlink(name);
    (void)rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signature), cmocka_unit_test(test_outcomes),
                                       cmocka_unit_test(test_pauses), cmocka_unit_test(test_addresses),
                                       cmocka_unit_test(test_outbox)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
