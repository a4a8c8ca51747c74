// SPDX-License-Identifier: Apache-2.0
/* Sets of after-images against a plain table: puts one by one and whole lists, blocks packed on their
 * way, drops, sizes that need a chunk of their own; and the spare that sets share.
 * A failing history prints its seed; TB_SEED=n runs that one alone.
 * Not here: who writes a set into SQL (test_cell.c, test_faults.c).                            */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/host.h"
#include "engine/images.h"

#define CHUNK ((size_t)2 << 20)
#define KEYS 40000u /* more pages than a set begins with */
#define HOT 40u
#define KINDS 3u
#define BLOCK_KIND 2u /* comes as it lies in memory */

static const struct tb_shape shapes[KINDS] = {
    [BLOCK_KIND] = {.name = "thing", .version = 3, .head_bytes = 16, .section_n = 2, .elem_bytes = {1, 8}},
};

static struct tb_regions regions;
static struct tb_pool pool;

/* What the plain table says of a key; its bytes follow from seed and n. */
struct row {
    bool known;
    bool block;
    uint32_t n;
    uint32_t tenant;
    uint64_t batch;
    uint64_t seed;
};
static struct row row[KEYS];

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x >> 11;
}

/* Two neighbours differ in kind and in the id's top byte alone: both have one tag. */
static uint8_t kind_of(uint32_t k)
{
    return k % 4 == 3 ? BLOCK_KIND : (uint8_t)(k % 4 == 1);
}

static uint64_t id_of(uint32_t k)
{
    return k % 4 == 0 ? (k / 4 + 1) | UINT64_C(1) << 56 : k % 4 == 1 ? k / 4 + 1 : (uint64_t)(KEYS - k) << 20;
}

static void fill(uint8_t *to, uint32_t n, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = (uint8_t)(seed >> (i % 5) * 8 ^ i ^ i >> 8);
}

static struct tb_block *block_of(uint32_t k, const struct row *r)
{
    const struct tb_shape *shape = &shapes[BLOCK_KIND];
    uint16_t n[TB_SECTIONS_MAX] = {(uint16_t)(r->n % 300), (uint16_t)(r->n % 7)};
    struct tb_block *b = tb_block_create_sized(&pool, shape, BLOCK_KIND, id_of(k), n);
    fill(tb_block_head(b), shape->head_bytes, r->seed);
    fill(tb_block_section(shape, b, 0), n[0], r->seed + 1);
    fill(tb_block_section(shape, b, 1), n[1] * 8u, r->seed + 2);
    return b;
}

static uint8_t scratch[4u << 20];

/* The bytes that the set must hold of k; into scratch. */
static uint32_t expected(uint32_t k)
{
    const struct row *r = &row[k];
    if (!r->block) {
        fill(scratch, r->n, r->seed);
        return r->n;
    }
    struct tb_block *b = block_of(k, r);
    struct tb_buf out;
    tb_buf_init(&out, scratch, sizeof scratch);
    tb_block_pack(&shapes[BLOCK_KIND], b, &out);
    assert_false(out.overflowed);
    tb_block_destroy(&pool, &shapes[BLOCK_KIND], b);
    return (uint32_t)out.n;
}

static void check_image(const struct tb_image *i, uint32_t k)
{
    const struct row *r = &row[k];
    assert_true(i->kind == kind_of(k) && i->id == id_of(k));
    assert_int_equal(i->tenant, r->tenant);
    assert_int_equal(i->batch, r->batch);
    if (r->n == TB_IMAGE_DROPPED) {
        assert_int_equal(i->n, TB_IMAGE_DROPPED);
        return;
    }
    uint32_t n = expected(k);
    assert_int_equal(i->n, n);
    if (n > 0)
        assert_memory_equal(i->p, scratch, n);
    assert_int_equal((uintptr_t)i->p % 8, 0);
}

static void check_all(const struct tb_image_set *s)
{
    uint32_t n = 0;
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < KEYS; k++) {
        const struct tb_image *i = tb_images_get(s, kind_of(k), id_of(k));
        assert_true((i != NULL) == row[k].known);
        if (i == NULL)
            continue;
        check_image(i, k);
        n++;
        bytes += i->n == TB_IMAGE_DROPPED ? 0 : i->n;
    }
    assert_int_equal(s->n, n);
    assert_true(s->bytes >= bytes);
    struct tb_image **v = tb_images_sorted(s);
    for (uint32_t i = 1; i < n; i++)
        assert_true(v[i - 1]->kind < v[i]->kind || (v[i - 1]->kind == v[i]->kind && v[i - 1]->id < v[i]->id));
    free(v);
}

/* Mostly small; some that just fit into a chunk's quarter and some that do not. */
static uint32_t some_size(uint64_t *x)
{
    uint64_t r = next(x);
    if (r % 3000 == 0)
        return (uint32_t)(CHUNK / 4 - 64 + next(x) % 128);
    if (r % 3001 == 0)
        return (uint32_t)(CHUNK / 4 + next(x) % CHUNK);
    if (r % 20 == 0)
        return TB_IMAGE_DROPPED;
    return (uint32_t)(next(x) % (r % 16 == 0 ? 1500 : 120));
}

/* A key and its new content. */
static uint32_t change(uint64_t *x, uint64_t batch)
{
    uint64_t r = next(x);
    uint32_t k = (uint32_t)(r % 3 == 0 ? next(x) % HOT : next(x) % KEYS);
    bool block = kind_of(k) == BLOCK_KIND;
    uint32_t n = some_size(x);
    row[k] = (struct row){.known = true, .block = block, .n = n, .tenant = (uint32_t)(next(x) % 50),
                          .batch = batch, .seed = next(x)};
    return k;
}

static void put_one(struct tb_image_set *s, uint32_t k)
{
    const struct row *r = &row[k];
    uint32_t n = r->n == TB_IMAGE_DROPPED ? 0 : expected(k);
    tb_images_put(s, kind_of(k), id_of(k), r->tenant, r->batch, scratch, r->n == TB_IMAGE_DROPPED ? r->n : n);
}

static void list_one(struct tb_image_list *l, uint32_t k)
{
    const struct row *r = &row[k];
    if (r->n == TB_IMAGE_DROPPED) {
        (void)tb_image_list_add(l, kind_of(k), id_of(k), r->tenant, r->n);
    } else if (r->block) {
        struct tb_block *b = block_of(k, r);
        tb_image_list_add_block(l, b, r->tenant);
        tb_block_destroy(&pool, &shapes[BLOCK_KIND], b);
    } else {
        fill(tb_image_list_add(l, kind_of(k), id_of(k), r->tenant, r->n), r->n, r->seed);
    }
}

static void history(uint64_t seed, struct tb_image_spare *spare)
{
    struct tb_image_set *s = tb_images_create(spare);
    struct tb_image_list l = {0};
    uint64_t x = seed * 88172645463325252u, batch = 0, facts = 0, bytes = 0;
    memset(row, 0, sizeof row);
    print_message("seed %llu\n", (unsigned long long)seed);
    check_all(s);
    for (uint32_t turn = 0; turn < 900; turn++) {
        uint32_t n = (uint32_t)(next(&x) % 200);
        batch++;
        l.n = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t k = change(&x, batch);
            if (turn % 5 == 0) {
                put_one(s, k);
                continue;
            }
            list_one(&l, k);
            if (next(&x) % 8 == 0)
                tb_image_list_add_fact(&l, &(struct tb_fact){.map = 3, .key = seed + facts, .value = ++facts});
        }
        tb_image_list_put_all(&l, shapes, s, batch);
        assert_true(s->bytes >= bytes);
        bytes = s->bytes;
        if (turn == 20 || turn == 400)
            check_all(s);
    }
    check_all(s);
    assert_int_equal(s->fact_n, facts);
    for (uint64_t i = 0; i < facts; i++)
        assert_true(s->fact[i].map == 3 && s->fact[i].key == seed + i && s->fact[i].value == i + 1);
    free(l.p);
    tb_images_destroy(s);
}

static void random_histories(void **state)
{
    (void)state;
    const char *one = getenv("TB_SEED");
    struct tb_image_spare spare;
    if (one != NULL) {
        history(strtoull(one, NULL, 10), NULL);
        return;
    }
    tb_image_spare_init(&spare, 3 * CHUNK);
    history(1, NULL);
    history(2, &spare);
    assert_int_equal(spare.n, spare.max);
    history(3, &spare); /* in pages that are not clean */
    assert_int_equal(spare.n, spare.max);
    tb_image_spare_deinit(&spare);
}

/* The ids from..from + n - 1, each of that many bytes. */
static void put_plain(struct tb_image_set *s, uint64_t from, uint32_t n, uint32_t bytes)
{
    for (uint64_t id = from; id < from + n; id++) {
        fill(scratch, bytes, id);
        tb_images_put(s, 0, id, 1, 1, scratch, bytes);
    }
}

static void check_plain(const struct tb_image_set *s, uint64_t from, uint32_t n, uint32_t bytes)
{
    uint8_t *want = malloc(bytes);
    assert_non_null(want);
    for (uint64_t id = from; id < from + n; id++) {
        const struct tb_image *i = tb_images_get(s, 0, id);
        assert_non_null(i);
        fill(want, bytes, id);
        assert_int_equal(i->n, bytes);
        assert_int_equal(memcmp(i->p, want, bytes), 0);
    }
    free(want);
}

static uint32_t chunks(const struct tb_image_chunk *c)
{
    uint32_t n = 0;
    for (; c != NULL; c = c->next)
        n++;
    return n;
}

static void a_large_one_leaves_the_chunk_in_use(void **state)
{
    (void)state;
    struct tb_image_set *s = tb_images_create(NULL);
    put_plain(s, 1, 3, 100);
    const struct tb_image_chunk *in_use = s->chunk;
    size_t used = s->used;
    put_plain(s, 10, 4, CHUNK / 4 + 1);
    assert_ptr_equal(s->chunk, in_use);
    assert_int_equal(s->used, used);
    assert_int_equal(chunks(s->chunk), 5);
    put_plain(s, 20, 3, 100);
    assert_ptr_equal(s->chunk, in_use);
    assert_int_equal(chunks(s->chunk), 5);
    /* Smaller and as large as before: where it lies. */
    const struct tb_image *i = tb_images_get(s, 0, 10);
    const uint8_t *at = i->p;
    put_plain(s, 10, 1, 50);
    put_plain(s, 10, 1, CHUNK / 4 + 1);
    assert_ptr_equal(tb_images_get(s, 0, 10)->p, at);
    check_plain(s, 1, 3, 100);
    check_plain(s, 10, 4, CHUNK / 4 + 1);
    check_plain(s, 20, 3, 100);
    tb_images_destroy(s);
}

static void spare_is_used_again_and_bounded(void **state)
{
    (void)state;
    struct tb_image_spare spare;
    tb_image_spare_init(&spare, 4 * CHUNK - 1);
    assert_int_equal(spare.max, 3);
    struct tb_image_set *a = tb_images_create(&spare);
    put_plain(a, 1, 4, CHUNK / 2); /* one chunk for the images themselves, and four of their own */
    tb_images_destroy(a);
    assert_int_equal(spare.n, 1);
    a = tb_images_create(&spare);
    put_plain(a, 1, 80, 100000);
    assert_int_equal(spare.n, 0);
    assert_true(chunks(a->chunk) > 3);
    tb_images_destroy(a);
    assert_int_equal(spare.n, 3);
    assert_int_equal(chunks(spare.chunk), 3);

    a = tb_images_create(&spare);
    put_plain(a, 1, 3000, 40);
    assert_int_equal(spare.n, 2);
    struct tb_image_set *b = tb_images_create_after(a);
    assert_ptr_equal(b->spare, &spare);
    assert_int_equal(b->cap, a->cap / 2);
    put_plain(b, 1, 12, 100000);
    assert_int_equal(spare.n, 1);
    check_plain(a, 1, 3000, 40);
    check_plain(b, 1, 12, 100000);
    assert_null(tb_images_get(b, 0, 13)); /* what an older set left in the pages is not found */
    tb_images_destroy(a);
    assert_int_equal(spare.n, 2);
    tb_images_destroy(b);
    assert_int_equal(spare.n, 3);
    tb_image_spare_deinit(&spare);
}

static void *makes_sets(void *user)
{
    for (uint32_t turn = 0; turn < 40; turn++) {
        struct tb_image_set *s = tb_images_create(user);
        uint8_t bytes[2000];
        for (uint64_t id = 0; id < 1500; id++) {
            memset(bytes, (int)(id + turn) & 255, sizeof bytes);
            tb_images_put(s, 1, id, 1, 1, bytes, sizeof bytes);
        }
        for (uint64_t id = 0; id < 1500; id++) {
            const struct tb_image *i = tb_images_get(s, 1, id);
            uint8_t want = (uint8_t)(id + turn);
            if (i == NULL || i->p[0] != want || memcmp(i->p, i->p + 1, sizeof bytes - 1) != 0)
                return user;
        }
        tb_images_destroy(s);
    }
    return NULL;
}

static void threads_share_the_spare(void **state)
{
    (void)state;
    struct tb_image_spare spare;
    pthread_t thread[4];
    tb_image_spare_init(&spare, 3 * CHUNK);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, makes_sets, &spare), 0);
    for (uint32_t i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(spare.n, 3);
    assert_int_equal(chunks(spare.chunk), 3);
    tb_image_spare_deinit(&spare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories),
        cmocka_unit_test(a_large_one_leaves_the_chunk_in_use),
        cmocka_unit_test(spare_is_used_again_and_bounded),
        cmocka_unit_test(threads_share_the_spare),
    };
    tb_regions_init(&regions);
    tb_pool_init(&pool, tb_regions_mem(&regions));
    int failed = cmocka_run_group_tests_name("images", tests, NULL, NULL);
    tb_regions_deinit(&regions);
    return failed;
}
