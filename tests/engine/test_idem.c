// SPDX-License-Identifier: Apache-2.0
/* Idempotency keys: kept whole, then cold, then forgotten; and one tenant's flood is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/idem.h"

#define HOUR 3600u
#define KEEP (26 * HOUR)
#define START 1800000000u

static void *region[1024];
static uint32_t regions;

static void *take(void *user, size_t size)
{
    void *p = aligned_alloc(64, (size + 63) / 64 * 64);
    (void)user;
    assert_non_null(p);
    assert_true(regions < TB_COUNT_OF(region));
    memset(p, 0, size);
    region[regions++] = p;
    return p;
}

static void give(void *user, void *region_at, size_t size)
{
    (void)user;
    (void)size;
    (void)region_at;
}

static void end(struct tb_idem *m)
{
    tb_idem_deinit(m);
    while (regions > 0)
        free(region[--regions]);
}

struct world {
    struct tb_pool pool;
    struct tb_idem m;
    uint64_t seq;
};

static void begin(struct world *w, uint64_t rows_max, uint32_t tenant_max)
{
    memset(w, 0, sizeof *w);
    tb_pool_init(&w->pool, (struct tb_mem){NULL, take, give});
    tb_idem_init(&w->m, &w->pool, rows_max, tenant_max, KEEP);
}

/* Answers of 200 bytes: some 1,000 rows fill a chunk, and chunks go cold as a whole. */
static void add(struct world *w, uint32_t tenant, uint64_t key, uint32_t at_s)
{
    static char text[200];
    struct tb_idem_row row = {.key = key, .input = key + 1, .seq = ++w->seq, .tenant = tenant, .at_s = at_s};
    tb_idem_add(&w->m, &row, (struct tb_str){text, sizeof text}, TB_STR_NONE);
    tb_idem_tidy(&w->m, at_s);
}

static enum tb_idem_found find(const struct world *w, uint32_t tenant, uint64_t key)
{
    const struct tb_idem_row *row;
    uint64_t seq;
    return tb_idem_find(&w->m, tenant, key, &row, &seq);
}

static uint32_t known(const struct world *w, uint32_t tenant, uint64_t from, uint64_t to)
{
    uint32_t n = 0;
    for (uint64_t key = from; key < to; key++)
        n += find(w, tenant, key) != TB_IDEM_NEW;
    return n;
}

/* The flood of one tenant makes it forget its own oldest, and nobody else's. */
static void test_flood(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2000, 5000);
    for (uint64_t key = 1; key <= 100; key++)
        add(&w, 2, key, START);
    for (uint64_t key = 1; key <= 50000; key++)
        add(&w, 1, key, START + 1);
    assert_int_equal(known(&w, 2, 1, 101), 100);
    uint32_t kept = known(&w, 1, 1, 50001);
    assert_in_range(kept, 5000, 5000 + 2000 + 2200); /* cold, whole, and a chunk on its way */
    assert_int_equal(known(&w, 1, 50001 - kept, 50001), kept); /* the newest ones */
    assert_in_range(w.m.map.n, kept + 100, kept + 100);
    end(&w.m);
}

/* A key that came again after it was forgotten is not forgotten with its first entry. */
static void test_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2000, 5000);
    add(&w, 1, 7, START);
    for (uint64_t key = 100; key < 4100; key++)
        add(&w, 1, key, START);
    assert_int_equal(find(&w, 1, 7), TB_IDEM_COLD);
    add(&w, 1, 7, START);
    assert_int_equal(find(&w, 1, 7), TB_IDEM_ROW);
    for (uint64_t key = 5000; key < 9000; key++)
        add(&w, 1, key, START);
    assert_int_not_equal(find(&w, 1, 7), TB_IDEM_NEW);
    end(&w.m);
}

/* After the time everything is gone, of many tenants too, and so is its memory. */
static void test_time(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1000, 100000);
    for (uint32_t i = 0; i < 20000; i++)
        add(&w, 1 + i % 700, i, START + i / 100);
    assert_int_equal(w.m.map.n, 20000);
    for (uint32_t i = 0; i < 200; i++)
        tb_idem_tidy(&w.m, START + KEEP);
    assert_int_equal(w.m.map.n, 20000);
    for (uint32_t i = 0; i < 200; i++)
        tb_idem_tidy(&w.m, START + KEEP + 201);
    assert_in_range(w.m.map.n, 0, 1100); /* the newest chunk stays */
    for (uint32_t i = 0; i < w.m.lanes; i++)
        assert_int_equal(w.m.lane[i].n, 0);
    end(&w.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flood), cmocka_unit_test(test_again),
                                       cmocka_unit_test(test_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
