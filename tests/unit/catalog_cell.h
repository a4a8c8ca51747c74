// SPDX-License-Identifier: Apache-2.0
/* A cell for the catalog's tests: runs commands as the engine does, without it. At the end
 * of every test: replay = live, loading = live; every refusal left no trace.             */
#ifndef TB_TEST_CATALOG_CELL_H
#define TB_TEST_CATALOG_CELL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/catalog/catalog.h"
#include "core/catalog/rule_env.h"

#define UNUSED __attribute__((unused))
#define NOW_MS INT64_C(1790000000000)
#define HISTORY_MAX 20000
#define BODY_MAX (1u << 20)

typedef enum tb_outcome (*command_fn)(struct tb_txn *, const struct tb_command *,
                                      struct tb_answer *);

struct entry {
    uint32_t tenant;
    struct tb_str events;
};

struct cell {
    struct tb_core core;
    struct tb_txn txn;
    struct tb_arena scratch;
    struct tb_answer a;
    uint32_t tenant; /* of the commands */
    uint64_t seq;
    struct entry *history;
    uint32_t history_n;
};

static const struct tb_zone shanghai = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};

UNUSED static const struct tb_zone *zone_named(void *user, struct tb_str name)
{
    (void)user;
    if (tb_str_eq_c(name, "Asia/Shanghai"))
        return &shanghai;
    return tb_str_eq_c(name, "UTC") ? &tb_zone_utc : NULL;
}

UNUSED static void *take(void *user, size_t size)
{
    (void)user;
    size = (size + 63) & ~(size_t)63;
    void *p = aligned_alloc(64, size);
    assert_non_null(p);
    return memset(p, 0, size);
}

UNUSED static void give(void *user, void *region, size_t size)
{
    (void)user;
    (void)size;
    free(region);
}

UNUSED static struct cell *cell_new(void)
{
    struct cell *c = calloc(1, sizeof *c);
    tb_store_init(&c->core.store, (struct tb_mem){NULL, take, give}, tb_shapes, TB_KINDS);
    c->core.env = (struct tb_core_env){.hash_key = {1, 2}, .zone = zone_named};
    tb_arena_init(&c->scratch, malloc(4u << 20), 4u << 20);
    tb_txn_init(&c->txn, &c->core.store, &c->scratch, malloc(TB_ENTRY_BYTES_MAX));
    c->txn.env = &c->core.env;
    c->txn.core = &c->core;
    c->history = calloc(HISTORY_MAX, sizeof *c->history);
    tb_buf_init(&c->a.body, malloc(BODY_MAX), BODY_MAX);
    return c;
}

UNUSED static uint64_t digest(struct cell *c)
{
    static uint8_t region[1u << 20];
    const struct tb_hash_key key = {3, 4};
    uint64_t sum = 0;
    for (uint32_t kind = 1; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; tb_catalog_owns((enum tb_kind)kind) && id < 4096; id++) {
            struct tb_block *b = tb_store_get(&c->core.store, kind, id);
            if (b == NULL)
                continue;
            struct tb_buf out;
            tb_buf_init(&out, region, sizeof region);
            tb_block_pack(&tb_shapes[kind], b, &out);
            assert_false(out.overflowed);
            sum += tb_mix(tb_siphash(&key, out.p, out.n) ^ tb_mix(id * 64 + kind));
        }
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        sum += tb_mix(c->core.store.counter[i] * 64 + i + 1);
    for (uint32_t i = 0; i < TB_MAPS; i++) {
        uint64_t at = 0, k, v;
        while (tb_map_next(&c->core.store.map[i], &at, &k, &v))
            sum += tb_mix(k ^ tb_mix(v * 64 + i));
    }
    return sum;
}

/* One command as the engine runs it; refusals are undone and must leave no trace. */
UNUSED static enum tb_code run(struct cell *c, command_fn fn, const void *input)
{
    uint64_t before = c->history_n < 300 ? digest(c) : 0;
    struct tb_command cmd = {.tenant = c->tenant, .input = input};
    c->a.code = TB_CODE_OK;
    c->a.field[0] = 0;
    c->a.body.n = 0;
    c->a.body.overflowed = false;
    tb_txn_begin(&c->txn, c->tenant, NOW_MS, ++c->seq, NULL);
    enum tb_outcome outcome = fn(&c->txn, &cmd, &c->a);
    tb_arena_reset(&c->scratch);
    if (outcome == TB_REFUSED) {
        assert_int_not_equal(c->a.code, TB_CODE_OK);
        tb_txn_undo(&c->txn);
        if (before)
            assert_true(before == digest(c));
        return c->a.code;
    }
    assert_int_equal(outcome, TB_DONE);
    assert_int_equal(c->a.code, TB_CODE_OK);
    assert_false(c->txn.events.overflowed);
    if (c->txn.events.n) {
        assert_true(c->history_n < HISTORY_MAX);
        char *copy = malloc(c->txn.events.n);
        memcpy(copy, c->txn.events.p, c->txn.events.n);
        c->history[c->history_n++] =
            (struct entry){c->tenant, {copy, (uint32_t)c->txn.events.n}};
    }
    tb_txn_commit(&c->txn);
    return TB_CODE_OK;
}

UNUSED static void refused(struct cell *c, command_fn fn, const void *input, enum tb_code code,
                    const char *field)
{
    assert_string_equal(tb_code_name(run(c, fn, input)), tb_code_name(code));
    assert_string_equal(c->a.field, field);
}

UNUSED static uint64_t answer(const struct cell *c, uint32_t wanted)
{
    struct tb_str in = tb_buf_as_str(&c->a.body);
    uint32_t field;
    uint64_t v, found = 0;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &field, &v, &s, &bad))
        if (field == wanted)
            found = v;
    assert_false(bad);
    return found;
}

/* Number of the object; created and changed as the answer says. */
UNUSED static uint32_t done(struct cell *c, command_fn fn, const void *input, bool created,
                            bool changed)
{
    enum tb_code code = run(c, fn, input);
    if (code != TB_CODE_OK)
        print_error("%s at %s\n", tb_code_name(code), c->a.field);
    assert_int_equal(code, TB_CODE_OK);
    assert_int_equal(answer(c, 3), created);
    assert_int_equal(answer(c, 4), changed);
    return (uint32_t)answer(c, 1);
}

UNUSED static void cell_free(struct cell *c)
{
    for (uint32_t i = 0; i < c->history_n; i++)
        free((void *)(uintptr_t)c->history[i].events.p);
    free(c->history);
    free(c->scratch.base);
    free(c->txn.events.p);
    free(c->a.body.p);
    free(c); /* the store's regions live as long as the test */
}

UNUSED static void check_replay(struct cell *c)
{
    struct cell *r = cell_new();
    r->txn.replaying = true;
    for (uint32_t i = 0; i < c->history_n; i++) {
        struct tb_str list = c->history[i].events, body;
        uint32_t type;
        bool bad;
        tb_txn_begin(&r->txn, c->history[i].tenant, NOW_MS, i + 1, NULL);
        while (tb_event_next(&list, &type, &body, &bad)) {
            assert_true(tb_event_apply(&r->txn, type, body, &r->scratch));
            tb_arena_reset(&r->scratch);
        }
        assert_false(bad);
        tb_txn_commit(&r->txn);
    }
    assert_true(digest(r) == digest(c));
    cell_free(r);
}

UNUSED static void check_load(struct cell *c)
{
    static uint8_t region[1u << 20];
    struct cell *l = cell_new();
    for (uint32_t kind = 1; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; tb_catalog_owns((enum tb_kind)kind) && id < 4096; id++) {
            struct tb_block *b = tb_store_get(&c->core.store, kind, id);
            if (b == NULL)
                continue;
            struct tb_buf out;
            tb_buf_init(&out, region, sizeof region);
            tb_block_pack(&tb_shapes[kind], b, &out);
            struct tb_block *fresh = tb_block_unpack(&l->core.store.pool, &tb_shapes[kind],
                                                     (uint8_t)kind, id, tb_buf_as_str(&out));
            assert_non_null(fresh);
            tb_store_load(&l->core.store, fresh);
            tb_catalog_index(&l->core, fresh);
        }
    memcpy(l->core.store.counter, c->core.store.counter, sizeof l->core.store.counter);
    assert_int_equal(tb_rule_refresh_all(&l->core), 0);
    assert_true(digest(l) == digest(c));
    cell_free(l);
}

UNUSED static int setup(void **state)
{
    *state = cell_new();
    return 0;
}

UNUSED static int teardown(void **state)
{
    struct cell *c = *state;
    check_replay(c);
    if (c->core.store.counter[TB_COUNTER_CONFIG] < 4000)
        check_load(c);
    cell_free(c);
    return 0;
}

/* ---- a tenant to work in ----------------------------------------------------------------- */

#define S(literal) TB_STR(literal)
#define CONST(literal) {(literal), sizeof(literal) - 1}

UNUSED static const struct tb_cmd_tenant_put good_tenant = {.put.code = {"helin", 5},
                                                     .name = {"禾邻生活", 12},
                                                     .zone = {"Asia/Shanghai", 13},
                                                     .currency = {"CNY", 3},
                                                     .switches = TB_TENANT_PROBES,
                                                     .regular_orders = 3};

UNUSED static struct cell *with_tenant(void **state)
{
    struct cell *c = *state;
    c->tenant = 0;
    c->tenant = done(c, tb_catalog_tenant_put, &good_tenant, true, true);
    return c;
}

UNUSED static const void *head_of(struct cell *c, enum tb_kind kind, uint32_t id)
{
    c->txn.tenant = c->tenant;
    const void *head = tb_catalog_find(&c->txn, kind, id);
    assert_non_null(head);
    return head;
}

UNUSED static void put_store(struct cell *c, const char *code)
{
    struct tb_cmd_store_put in = {.put.code = tb_str_of(code), .name = tb_str_of(code)};
    (void)done(c, tb_catalog_store_put, &in, true, true);
}

UNUSED static uint32_t put_unit(struct cell *c, const char *code, int64_t kind)
{
    struct tb_cmd_unit_put in = {.put.code = tb_str_of(code), .kind = kind};
    return done(c, tb_catalog_unit_put, &in, true, true);
}

UNUSED static void put_purpose(struct cell *c, const char *code)
{
    struct tb_cmd_purpose_put in = {
        .put.code = tb_str_of(code), .text = S("We may write to you."), .text_version = 1};
    (void)done(c, tb_catalog_purpose_put, &in, true, true);
}

UNUSED static void put_attribute(struct cell *c, const char *code, int64_t type)
{
    static const struct tb_str choice[] = {{"cat", 3}, {"dog", 3}};
    struct tb_cmd_attribute_put in = {.put.code = tb_str_of(code),
                                      .type = type,
                                      .purpose = S("care"),
                                      .benefit = S("A gift on the day"),
                                      .retention_days = 730,
                                      .choice = choice,
                                      .choice_n = type == TB_ATTRIBUTE_CHOICE ? 2 : 0};
    (void)done(c, tb_catalog_attribute_put, &in, true, true);
}

/* A refusal of one changed field of a good input. */
#define REFUSED(fn, type, base, change, code, field) \
    do {                                             \
        struct type in = (base);                     \
        change;                                      \
        refused(c, fn, &in, code, field);            \
    } while (0)
#define INVALID(fn, type, base, change, field) \
    REFUSED(fn, type, base, change, TB_CODE_INVALID, field)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Tests end with the process: what they keep to compare is not given back piece by piece. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:take\nleak:cell_new\nleak:setup\nleak:check_load\n";
}

#endif
