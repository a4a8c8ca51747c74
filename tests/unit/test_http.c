// SPDX-License-Identifier: Apache-2.0
/* Rate limits against a plain bucket, and the operation table's router. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/rate_limit.h"
#include "http/route.h"
#include "http/shell.h"

#define SECOND INT64_C(1000000000)

static void test_burst_then_rate(void **state)
{
    (void)state;
    struct tb_limits *l = tb_limits_create();
    assert_non_null(l);
    int64_t now = SECOND;
    for (uint32_t i = 0; i < 10; i++) {
        struct tb_limit_answer a = tb_limits_take(l, 7, 5, 10, now);
        assert_true(a.allowed);
        assert_int_equal(a.remaining, 9 - i);
    }
    struct tb_limit_answer a = tb_limits_take(l, 7, 5, 10, now);
    assert_false(a.allowed);
    assert_int_equal(a.remaining, 0);
    assert_int_equal(a.retry_after_s, 1);
    assert_int_equal(a.reset_s, 2);
    assert_true(tb_limits_take(l, 8, 5, 10, now).allowed); /* another key */
    /* just before and at the next token */
    assert_false(tb_limits_take(l, 7, 5, 10, now + SECOND / 5 - 1).allowed);
    assert_true(tb_limits_take(l, 7, 5, 10, now + SECOND / 5).allowed);
    assert_false(tb_limits_take(l, 7, 5, 10, now + SECOND / 5).allowed);
    /* a clock that goes back gives nothing away */
    assert_false(tb_limits_take(l, 7, 5, 10, now).allowed);
    tb_limits_destroy(l);
}

static uint64_t peer(const char *address)
{
    struct tb_http_peer p = {.port = 1};
    assert_int_equal(inet_pton(AF_INET6, address, p.address), 1);
    return tb_shell_peer(&p);
}

/* Who has a /64 has 2^64 addresses and one bucket. */
static void test_one_subscriber_one_bucket(void **state)
{
    (void)state;
    assert_true(peer("2001:db8:1:2::1") == peer("2001:db8:1:2:ffff:eeee:dddd:cccc"));
    assert_true(peer("2001:db8:1:2::1") != peer("2001:db8:1:3::1"));
    assert_true(peer("::ffff:192.0.2.1") != peer("::ffff:192.0.2.2"));
    assert_true(peer("::ffff:192.0.2.1") == peer("::ffff:192.0.2.1"));
}

/* Many keys at random times: never more than a bucket of the same size would allow; and
 * exactly as much as long as the keys fit into the slots.                               */
static void test_against_plain_bucket(void **state)
{
    (void)state;
    enum { KEYS = 300, ROUNDS = 200000 };
    static struct {
        int64_t at;
        int64_t nano; /* tokens * 1e9 */
    } plain[KEYS];
    struct tb_limits *l = tb_limits_create();
    assert_non_null(l);
    unsigned seed = 11;
    int64_t now = SECOND;
    uint32_t per_s = 4; /* divides a second, so that both are exact */
    uint32_t burst = 8;
    for (uint32_t i = 0; i < KEYS; i++)
        plain[i].nano = burst * SECOND;
    for (uint32_t i = 0; i < KEYS; i++)
        plain[i].at = now;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t k = (uint32_t)rand_r(&seed) % KEYS;
        now += rand_r(&seed) % 4000000;
        plain[k].nano += (now - plain[k].at) * per_s;
        plain[k].at = now;
        if (plain[k].nano > burst * SECOND)
            plain[k].nano = burst * SECOND;
        bool want = plain[k].nano >= SECOND;
        if (want)
            plain[k].nano -= SECOND;
        struct tb_limit_answer a = tb_limits_take(l, k * UINT64_C(977), per_s, burst, now);
        if (a.allowed != want)
            fail_msg("round %u key %u: %d, not %d", i, k, a.allowed, want);
    }
    tb_limits_destroy(l);
}

static void split(struct tb_request *req, char *path)
{
    req->segment_n = 0;
    char *rest = path + 1;
    for (char *s; (s = strsep(&rest, "/")) != NULL;)
        req->segment[req->segment_n++] = tb_str_of(s);
}

/* Every row is found under its path with made-up ids, and its parameters come out; with a
 * segment more, or one character changed in a literal, it is not.                       */
static void test_every_row_is_found(void **state)
{
    (void)state;
    for (int op = 1; op < TB_API_COUNT; op++) {
        const struct tb_operation *row = &tb_operation_table[op];
        static struct tb_request req;
        char path[300];
        uint32_t n = 0;
        uint32_t param_n = 0;
        for (const char *p = row->path; *p != 0; p++) {
            if (*p != '{') {
                path[n++] = *p;
                continue;
            }
            n += (uint32_t)sprintf(path + n, "x~%u", param_n++);
            p = strchr(p, '}');
        }
        path[n] = 0;
        char copy[304];
        strcpy(copy, path);
        req.method = row->method;
        split(&req, copy);
        struct tb_route route = tb_route_find(&req);
        assert_int_equal(route.op, op);
        assert_true(route.methods >> row->method & 1);
        assert_int_equal(row->param_n, param_n);
        for (uint32_t i = 0; i < param_n; i++) {
            char want[16];
            (void)sprintf(want, "x~%u", i);
            assert_true(tb_str_eq_c(route.param[i], want));
        }
        (void)sprintf(copy, "%s/~", path);
        split(&req, copy);
        assert_int_not_equal(tb_route_find(&req).op, op);
        strcpy(copy, path);
        copy[1] ^= 0x20;
        split(&req, copy);
        assert_int_equal(tb_route_find(&req).op, TB_API_NONE);
        assert_int_equal(tb_route_find(&req).methods, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_against_plain_bucket),
        cmocka_unit_test(test_one_subscriber_one_bucket),
        cmocka_unit_test(test_every_row_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
