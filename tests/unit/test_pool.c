// SPDX-License-Identifier: Apache-2.0
/* The pool: its classes, that no two blocks touch, its figures against a plain list of what is
 * handed out, and that freed memory is cut up before more is taken.
 * Not here: what hands blocks out (test_engine_*, the rooms' own tests).                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/store/pool.h"

#define CHUNK ((size_t)1 << 20)
#define LARGEST_KEPT (CHUNK / 4)

/* The regions as the system sees them. */
static struct region {
    void *at;
    size_t size;
} region[4096];
static uint32_t regions;
static size_t outstanding;

static void *take(void *user, size_t size)
{
    assert_ptr_equal(user, region);
    assert_true(regions < TB_COUNT_OF(region));
    void *p = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, size);
    region[regions++] = (struct region){p, size};
    outstanding += size;
    return p;
}

static void give(void *user, void *at, size_t size)
{
    assert_ptr_equal(user, region);
    for (uint32_t i = 0; i < regions; i++) {
        if (region[i].at != at)
            continue;
        assert_int_equal(region[i].size, size);
        outstanding -= size;
        region[i] = region[--regions];
        free(at);
        return;
    }
    fail_msg("gave back what was never taken");
}

static struct tb_pool begin(void)
{
    struct tb_pool p;
    tb_pool_init(&p, (struct tb_mem){region, take, give});
    return p;
}

static void end(void)
{
    while (regions > 0)
        free(region[--regions].at);
    outstanding = 0;
}

/* 16-byte steps to 1 KiB, then four classes a doubling. */
static void classes(void **state)
{
    (void)state;
    static const struct {
        size_t asked, given;
    } row[] = {
        {1, 16},          {15, 16},         {16, 16},       {17, 32},       {1008, 1008},   {1009, 1024},
        {1024, 1024},     {1025, 1280},     {1280, 1280},   {1281, 1536},   {1536, 1536},   {1537, 1792},
        {1792, 1792},     {1793, 2048},     {2048, 2048},   {2049, 2560},   {4096, 4096},   {4097, 5120},
        {100000, 114688}, {131072, 131072}, {229377, 262144}, {262144, 262144}, {262145, 327680},
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++)
        assert_int_equal(tb_pool_size(row[i].asked), row[i].given);
    size_t before = 16;
    uint32_t found = 1;
    for (size_t n = 1; n <= LARGEST_KEPT; n++) {
        size_t size = tb_pool_size(n);
        assert_true(size >= n && size >= before && size % 16 == 0);
        assert_true(n <= 1024 ? size - n < 16 : size - n < n / 4);
        assert_int_equal(tb_pool_size(size), size);
        found += size > before;
        before = size;
    }
    assert_int_equal(found, 64 + 8 * 4);
    assert_true(found <= TB_POOL_CLASSES);
}

struct block {
    uint8_t *p;
    size_t size;
    uint8_t seed;
};

static uint8_t pattern(const struct block *b, size_t i)
{
    return (uint8_t)(b->seed + i * 7 + (i >> 8));
}

static void fill(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        b->p[i] = pattern(b, i);
}

static void check(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        if (b->p[i] != pattern(b, i))
            fail_msg("a block of %zu bytes was overwritten at %zu", b->size, i);
}

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x >> 11;
}

/* Mostly small ones; some that are cut up again, some beyond what is kept. */
static size_t some_size(uint64_t *x)
{
    static const size_t upto[] = {64, 64, 64, 400, 400, 1024, 3000, 20000};
    uint64_t r = next(x);
    if (r % 400 == 0)
        return LARGEST_KEPT - 2 + next(x) % 200000;
    if (r % 50 == 0)
        return 1 + next(x) % LARGEST_KEPT;
    return 1 + next(x) % upto[r % TB_COUNT_OF(upto)];
}

#define BLOCKS 3000u
#define ROUNDS 40000u

/* Blocks come and go; every so often most of them go. */
static void history(uint64_t seed)
{
    static struct block block[BLOCKS];
    struct tb_pool p = begin();
    uint32_t n = 0;
    size_t used = 0;
    uint64_t x = seed;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        bool shrinks = round / 5000 % 3 == 2;
        if (n < BLOCKS && (n == 0 || next(&x) % 8 < (shrinks ? 2 : 5))) {
            struct block *b = &block[n++];
            b->size = some_size(&x);
            b->seed = (uint8_t)next(&x);
            b->p = tb_pool_alloc(&p, b->size);
            assert_int_equal((uintptr_t)b->p % 16, 0);
            used += tb_pool_size(b->size);
            fill(b);
        } else {
            uint32_t i = (uint32_t)(next(&x) % n);
            check(&block[i]);
            tb_pool_free(&p, block[i].p, block[i].size);
            used -= tb_pool_size(block[i].size);
            block[i] = block[--n];
        }
        assert_int_equal(p.used_bytes, used);
        assert_int_equal(p.taken_bytes, outstanding);
        assert_true(p.taken_bytes >= p.used_bytes);
    }
    for (; n > 0; n--) {
        check(&block[n - 1]);
        tb_pool_free(&p, block[n - 1].p, block[n - 1].size);
    }
    assert_int_equal(p.used_bytes, 0);
    assert_int_equal(p.taken_bytes % CHUNK, 0); /* what is beyond the classes went back */
    end();
}

static void random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++)
        history(seed * 88172645463325252u);
}

/* The same sizes again need nothing new, whatever the order in which they were freed. */
static void the_same_again(void **state)
{
    (void)state;
    static uint8_t *block[2000];
    struct tb_pool p = begin();
    size_t taken = 0;
    for (uint32_t turn = 0; turn < 3; turn++) {
        for (uint32_t i = 0; i < 2000; i++)
            block[i] = tb_pool_alloc(&p, 1 + i);
        if (turn == 0)
            taken = p.taken_bytes;
        assert_int_equal(p.taken_bytes, taken);
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t k = turn % 2 == 0 ? i : 1999 - i;
            tb_pool_free(&p, block[k], 1 + k);
        }
    }
    end();
}

/* Frees n blocks of that size; how many bytes of small ones fit before the pool takes more. */
static size_t fits_in_freed(struct tb_pool *p, size_t size, uint32_t n)
{
    void *block[64];
    assert_true(n <= TB_COUNT_OF(block));
    for (uint32_t i = 0; i < n; i++)
        block[i] = tb_pool_alloc(p, size);
    for (uint32_t i = 0; i < n; i++)
        tb_pool_free(p, block[i], size);
    size_t taken = p->taken_bytes, chunk_left = p->chunk_left, fitted = 0;
    for (; p->taken_bytes == taken; fitted += 64)
        fill(&(struct block){.p = tb_pool_alloc(p, 64), .size = 64});
    return fitted - 64 - chunk_left;
}

static void freed_is_cut_before_more_is_taken(void **state)
{
    (void)state;
    struct tb_pool p = begin();
    assert_int_equal(fits_in_freed(&p, 100000, 50), 50 * tb_pool_size(100000));
    end();
    p = begin();
    assert_int_equal(fits_in_freed(&p, 4097, 64), 64 * tb_pool_size(4097));
    end();
    p = begin();
    assert_int_equal(fits_in_freed(&p, LARGEST_KEPT, 8), 8 * LARGEST_KEPT);
    end();
}

/* Blocks to 4 KiB wait for their own class. */
static void smaller_are_not_cut(void **state)
{
    (void)state;
    struct tb_pool p = begin();
    assert_int_equal(fits_in_freed(&p, 4096, 64), 0);
    size_t taken = p.taken_bytes;
    for (uint32_t i = 0; i < 64; i++)
        assert_non_null(tb_pool_alloc(&p, 4096));
    assert_int_equal(p.taken_bytes, taken);
    end();
}

/* Beyond the largest class a block is a region of its own and goes back when it is freed. */
static void the_largest_go_back(void **state)
{
    (void)state;
    struct tb_pool p = begin();
    void *kept = tb_pool_alloc(&p, LARGEST_KEPT);
    assert_int_equal(p.taken_bytes, CHUNK);
    void *own = tb_pool_alloc(&p, LARGEST_KEPT + 1);
    assert_int_equal(p.taken_bytes, CHUNK + tb_pool_size(LARGEST_KEPT + 1));
    tb_pool_free(&p, own, LARGEST_KEPT + 1);
    tb_pool_free(&p, kept, LARGEST_KEPT);
    assert_int_equal(p.taken_bytes, CHUNK);
    assert_int_equal(outstanding, CHUNK);
    assert_int_equal(p.used_bytes, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(random_histories),
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(freed_is_cut_before_more_is_taken),
        cmocka_unit_test(smaller_are_not_cut),
        cmocka_unit_test(the_largest_go_back),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
