// SPDX-License-Identifier: Apache-2.0
/* Devices and weak values: trap 6 of identity-contact-facts, visits, retention, switches. */
#include "identity_kit.h"

/* ---- devices ---------------------------------------------------------------------------------- */

static uint32_t touchpoint(struct fx *f, const char *code, int64_t gap_s)
{
    struct tb_cmd_touchpoint_put put = {.put = {.code = tb_str_of(code)}, .name = tb_str_of(code),
                                        .kind = TB_TOUCH_PROBE, .visit_gap_s = gap_s};
    fx_done(f, TB_OP_TOUCHPOINT_PUT, &put);
    return (uint32_t)fx_uint(f, 1, 0);
}

static uint64_t mix(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(*seed);
}

/* Trap 6: 30 anonymous events on days 1-3, the identification on day 5 dated day 3, with
 * duplicates, in any order: the same person, first seen on day 1, nothing counted twice.   */
static void test_late_identify(void **state)
{
    (void)state;
    struct tb_str expect = TB_STR_NONE;
    for (uint64_t round = 0; round < 20; round++) {
        uint64_t seed = round;
        struct fx *f = fx_new();
        uint32_t place = touchpoint(f, "gate", 1800);
        struct tb_identifier ids[2] = {fx_id(f, "phone", "+8613900000001", true),
                                       fx_id(f, "device", "d-1", false)};
        uint32_t order[62];
        for (uint32_t i = 0; i < 62; i++)
            order[i] = i % 31;
        for (uint32_t i = 61; i > 0 && round > 0; i--) {
            uint32_t k = (uint32_t)(mix(&seed) % (i + 1));
            uint32_t keep = order[i];
            order[i] = order[k];
            order[k] = keep;
        }
        for (uint32_t i = 0; i < 62; i++) {
            bool identify = order[i] == 30;
            int64_t at = FX_NOW - DAYS(4) + (int64_t)(order[i] / 10) * FX_DAY +
                         (int64_t)(order[i] % 10) * 1000000;
            struct tb_cmd_contact in = {
                .identifier = identify ? ids : ids + 1,
                .identifier_n = identify ? 2 : 1,
                .facts = {.occurred_ms = identify ? FX_NOW - DAYS(2) + 500000 : at,
                          .touchpoint = place}};
            fx_done(f, TB_OP_CONTACT, &in);
        }
        struct tb_block *b = fx_person(f, 1);
        assert_int_equal(tb_person_of(b)->first_seen_ms, FX_NOW - DAYS(4));
        assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
        struct tb_block *d = tb_store_get(&f->core.store, TB_KIND_DEVICE, 1);
        ((struct tb_person *)tb_block_head(b))->last_seq = 0;
        ((struct tb_person *)tb_block_head(tb_store_get(&f->mirror.store, TB_KIND_PERSON, b->id)))
            ->last_seq = 0;
        struct tb_str got = fx_packed(&f->core.store, d);
        struct tb_str person = fx_packed(&f->core.store, b);
        char *both = malloc(got.n + person.n);
        memcpy(both, got.p, got.n);
        memcpy(both + got.n, person.p, person.n);
        struct tb_str now = {both, got.n + person.n};
        if (expect.p == NULL)
            expect = now;
        else if (!tb_str_eq(expect, now))
            fail_msg("round %llu ends differently", (unsigned long long)round);
        fx_free(f);
    }
}

static void test_probe_extends_a_visit(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t place = touchpoint(f, "gate", 600);
    struct tb_cmd_probe in = {.identifier = fx_id(f, "wifi_mac", "AABBCCDDEEFF", false),
                              .touchpoint = place, .occurred_ms = FX_NOW};
    for (uint32_t i = 0; i < 10; i++) {
        fx_done(f, TB_OP_PROBE, &in);
        in.occurred_ms += 300000;
    }
    struct tb_block *d = tb_store_get(&f->core.store, TB_KIND_DEVICE, fx_uint(f, 1, 0));
    assert_int_equal(d->n[TB_DEVICE_VISIT], 1);
    const struct tb_visit *v = tb_section(&f->txn, d, TB_DEVICE_VISIT);
    assert_int_equal(v->last_ms - v->first_ms, 9 * 300000);
    in.occurred_ms = FX_NOW + 600000;
    fx_done(f, TB_OP_PROBE, &in);
    assert_int_equal(f->event_n, 0); /* within the visit */
    in.occurred_ms = FX_NOW + 7200000;
    fx_done(f, TB_OP_PROBE, &in);
    d = tb_store_get(&f->core.store, TB_KIND_DEVICE, fx_uint(f, 1, 0));
    assert_int_equal(((const struct tb_device *)tb_block_head(d))->visits, 2);
    /* switched off, nothing is taken in */
    struct tb_cmd_tenant_put off = {.put = {.code = S("shop")}, .name = S("Shop"),
                                    .zone = S("Asia/Shanghai"), .currency = S("CNY")};
    fx_done(f, TB_OP_TENANT_PUT, &off);
    fx_refused(f, TB_OP_PROBE, &in, TB_CODE_DISABLED, "identifier");
    in.touchpoint = 0;
    fx_refused(f, TB_OP_PROBE, &in, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    in.identifier.ns = 0;
    fx_refused(f, TB_OP_PROBE, &in, TB_CODE_UNKNOWN_NAMESPACE, "identifier");
    fx_free(f);
}

static void test_device_answers_and_is_forgotten(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_identifier ids[2] = {fx_id(f, "phone", "+8613900000001", true),
                                   fx_id(f, "cookie", "k-1", false)};
    fx_contact(f, ids + 1, 1, FX_NOW - DAYS(3));
    uint32_t p = fx_contact(f, ids, 2, FX_NOW);
    assert_int_equal(tb_person_of(fx_person(f, p))->first_seen_ms, FX_NOW - DAYS(3));
    assert_int_equal(fx_contact(f, ids + 1, 1, FX_NOW), p);
    struct tb_block *d = tb_store_get(&f->core.store, TB_KIND_DEVICE, 1);
    int64_t due = tb_identity_due_ms(&f->core.store, d);
    struct tb_cmd_fire fire = {TB_KIND_DEVICE, 1};
    f->now_ms = due - 1;
    fx_done(f, TB_OP_FIRE, &fire);
    assert_non_null(tb_store_get(&f->core.store, TB_KIND_DEVICE, 1));
    f->now_ms = due;
    fx_done(f, TB_OP_FIRE, &fire);
    assert_null(tb_store_get(&f->core.store, TB_KIND_DEVICE, 1));
    assert_int_equal(tb_person_of(fx_person(f, p))->first_seen_ms, FX_NOW - DAYS(3));
    assert_int_equal(fx_count(f, TB_COUNT_DEVICES), 0);
    fx_contact(f, ids + 1, 1, f->now_ms);
    assert_int_equal(fx_uint(f, 1, 0), 0); /* a new node, nobody's */
    fx_free(f);
}

/* Check (iv): any number of events that share a device join nobody, and cost no memory.
 * TB_MANY=1000000 in the environment for the long form.                                  */
static void test_many_share_a_device(void **state)
{
    (void)state;
    const char *wanted = getenv("TB_MANY");
    uint32_t many = wanted ? (uint32_t)strtoul(wanted, NULL, 10) : 20000;
    struct fx *f = fx_bench();
    struct tb_identifier ids[2] = {fx_id(f, "card", "x", true), fx_id(f, "device", "tablet", false)};
    for (uint32_t i = 0; i < many; i++) {
        uint64_t card = i / 2; /* everybody comes twice */
        ids[0].key[0] = tb_mix(card + 1);
        ids[0].plain = TB_STR_NONE;
        fx_contact(f, ids, 2, FX_NOW + i);
        assert_int_equal(fx_count(f, TB_COUNT_PERSONS), card + 1);
    }
    struct tb_block *d = tb_store_get(&f->core.store, TB_KIND_DEVICE, 1);
    assert_int_equal(d->n[TB_DEVICE_ATTACH], 0);
    assert_int_equal(fx_contact(f, ids + 1, 1, FX_NOW + many), 0);
    assert_int_equal(fx_person(f, 1)->n[TB_PERSON_EDGE], 0);
    fx_free(f);
}

static void test_weak_suggests(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_identifier item = fx_id(f, "item_code", "SN-77", false);
    struct tb_identifier a[2] = {fx_id(f, "phone", "+8613900000001", true), item};
    struct tb_identifier b[2] = {fx_id(f, "unionid", "B", true), item};
    uint32_t x = fx_contact(f, a, 2, FX_NOW);
    uint32_t y = fx_contact(f, b, 2, FX_NOW);
    assert_false(one(f, x, y));
    struct tb_cmd_member_get get = {.who = {.profile = x}, .detail = true};
    fx_done(f, TB_OP_MEMBER_GET, &get);
    assert_true(fx_bytes(f, 4, 0).n > 0);
    fx_contact(f, &item, 1, FX_NOW);
    assert_int_equal(fx_uint(f, 1, 0), 0); /* weak evidence answers for nobody */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_identify),
        cmocka_unit_test(test_probe_extends_a_visit),
        cmocka_unit_test(test_device_answers_and_is_forgotten),
        cmocka_unit_test(test_many_share_a_device),
        cmocka_unit_test(test_weak_suggests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
