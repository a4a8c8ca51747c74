// SPDX-License-Identifier: Apache-2.0
/* The JSON writer's short ways: keys copied whole, texts looked at eight bytes at a time. What it writes
 * otherwise: test_json.c.                                                                            */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/json_write.h"

enum { N = 27 };

/* One byte of each kind at each two places of a text longer than what is looked at together: what stands for
 * it, and that all others stand as they are.                                                             */
static void test_escape_places(void **state)
{
    static const struct {
        uint8_t c;
        const char *as;
    } kind[] = {{0, "\\u0000"}, {0x1f, "\\u001f"}, {'\n', "\\n"}, {'"', "\\\""}, {'\\', "\\\\"}, {0x7f, "\\u007f"},
                {' ', " "},     {'!', "!"},        {'#', "#"},    {'[', "["},    {']', "]"},     {'~', "~"}};
    (void)state;
    for (uint32_t k = 0; k < TB_COUNT_OF(kind); k++)
        for (uint32_t at = 0; at < N; at++)
            for (uint32_t other = at; other < N; other++) {
                char text[N];
                uint8_t out[N * 6];
                uint8_t want[N * 6];
                struct tb_buf b, w;
                memset(text, 'a', sizeof text);
                text[at] = text[other] = (char)kind[k].c;
                tb_buf_init(&b, out, sizeof out);
                tb_buf_init(&w, want, sizeof want);
                for (uint32_t i = 0; i < N; i++)
                    tb_buf_c(&w, i == at || i == other ? kind[k].as : "a");
                tb_json_escape(&b, (struct tb_str){text, N});
                assert_int_equal(b.n, w.n);
                assert_memory_equal(b.p, w.p, w.n);
            }
}

/* Bytes of other scripts stay, and the two line ends among them do not, wherever they begin. */
static void test_escape_wide(void **state)
{
    static const char *const kind[][2] = {
        {"通", "通"}, {"é", "é"}, {"\xe2\x80\xa8", "\\u2028"}, {"\xe2\x80\xa9", "\\u2029"}};
    (void)state;
    for (uint32_t k = 0; k < TB_COUNT_OF(kind); k++)
        for (uint32_t at = 0; at < N; at++) {
            uint8_t text[2 * N], out[2 * N], want[2 * N];
            struct tb_buf t, b, w;
            tb_buf_init(&t, text, sizeof text);
            tb_buf_init(&b, out, sizeof out);
            tb_buf_init(&w, want, sizeof want);
            for (uint32_t i = 0; i < N; i++) {
                tb_buf_c(&t, i == at ? kind[k][0] : "x");
                tb_buf_c(&w, i == at ? kind[k][1] : "x");
            }
            tb_json_escape(&b, tb_buf_as_str(&t));
            assert_int_equal(b.n, w.n);
            assert_memory_equal(b.p, w.p, w.n);
        }
}

/* Keys of every length, first and second of an object, in room that is just enough and one byte less. */
static void test_keys(void **state)
{
    static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    (void)state;
    for (uint32_t n = 0; n < sizeof all; n++) {
        uint8_t out[128];
        uint8_t want[128];
        struct tb_buf w, b;
        tb_buf_init(&w, want, sizeof want);
        tb_buf_printf(&w, "{\"%.*s\":1,\"%.*s\":2}", (int)n, all, (int)n, all);
        for (size_t cap = w.n - 1; cap <= w.n; cap++) {
            struct tb_json_out o;
            memset(out, '?', sizeof out);
            tb_buf_init(&b, out, cap);
            tb_json_out_init(&o, &b);
            tb_json_out_open(&o, '{');
            tb_json_out_key_n(&o, all, n);
            tb_json_out_i64(&o, 1);
            tb_json_out_key_n(&o, all, n);
            tb_json_out_i64(&o, 2);
            tb_json_out_close(&o, '}');
            assert_int_equal(b.overflowed, cap < w.n);
            assert_memory_equal(out, want, cap);
            assert_int_equal(out[cap], '?');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape_places),
        cmocka_unit_test(test_escape_wide),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
