// SPDX-License-Identifier: Apache-2.0
/* Public ids: inverse, apart by kind and tenant, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/ids.h"

static const struct tb_hash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static void inverse(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (uint32_t i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        enum tb_id_kind kind = (enum tb_id_kind)(i % TB_ID_KINDS);
        uint64_t n = (x >> (kind == TB_ID_MEMBER ? 32 : 1)) | 1;
        uint32_t tenant = i % 17;
        char text[TB_ID_BYTES];
        uint64_t back = 0;
        tb_id_print(&key, kind, tenant, n, text);
        assert_true(tb_id_parse(&key, kind, tenant, (struct tb_str){text, TB_ID_BYTES}, &back));
        assert_true(back == n);
        for (uint32_t k = 4; k < TB_ID_BYTES; k++)
            if (text[k] >= 'A')
                text[k] = (char)(text[k] - 'A' + 'a');
        assert_true(tb_id_parse(&key, kind, tenant, (struct tb_str){text, TB_ID_BYTES}, &back));
        assert_true(back == n);
    }
}

static void apart(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint64_t n = 1; n <= 20000; n++) {
        char a[TB_ID_BYTES], b[TB_ID_BYTES];
        uint64_t got;
        tb_id_print(&key, TB_ID_MEMBER, 1, n, a);
        tb_id_print(&key, TB_ID_MEMBER, 1, n + 1, b);
        assert_true(memcmp(a, b, TB_ID_BYTES) != 0);
        found += tb_id_parse(&key, TB_ID_MEMBER, 2, (struct tb_str){a, TB_ID_BYTES}, &got);
        assert_false(tb_id_parse(&key, TB_ID_ORDER, 1, (struct tb_str){a, TB_ID_BYTES}, &got));
        tb_id_print(&key, TB_ID_ORDER, 1, n, b);
        assert_true(memcmp(a + 4, b + 4, TB_ID_BYTES - 4) != 0);
    }
    assert_true(found <= 1); /* another tenant's: 2^-32 each */
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "mbr_", "mbr_0000000000000", "mbr_ZZZZZZZZZZZZZ", "mbr_G000000000000",
        "mbr_00000000000001", "mbr_000000000000", "MBR_0000000000001", "mbr-0000000000001",
        "mbr_000000000000I", "mbr_000000000000O", "mbr_000000000000U", "mbr_000000000000 "};
    uint64_t n;
    for (uint32_t i = 0; i < TB_COUNT_OF(bad); i++)
        assert_false(tb_id_parse(&key, TB_ID_MEMBER, 1, tb_str_of(bad[i]), &n));
    assert_false(tb_id_parse(&key, TB_ID_MEMBER, 1, (struct tb_str){"mbr_00000000\0" "0000", 17}, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inverse),
        cmocka_unit_test(apart),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
