// SPDX-License-Identifier: Apache-2.0
/* Identity: the traps of identity-contact-facts (1, 2, 3, 4), every answer of a contact in
 * order of precedence, quarantine and frozen components. Order independence:
 * test_identity_order.c; devices: test_identity_device.c; acts: test_identity_acts.c.    */
#include "identity_kit.h"

#define LONG_AGO (FX_NOW - DAYS(900))

/* ---- making and joining -------------------------------------------------------------------- */

static void test_contact_makes_a_person_not_a_member(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t p = seen(f, "phone", "+8613900000001", true, FX_NOW);
    assert_int_equal(fx_uint(f, 1, 0), p);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(fx_uint(f, 4, 0), 0);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 0);
    assert_int_equal(seen(f, "phone", "+8613900000001", true, FX_NOW), p);
    assert_int_equal(f->event_n, 0); /* nothing new, nothing written */
    assert_int_equal(seen(f, "phone", "+8613900000001", true, FX_NOW + DAYS(1)), p);
    assert_int_equal(f->event_n, 1); /* the day advanced */
    assert_true(f->event_bytes < 24);
    enrol(f, p, 0);
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 1);
    seen(f, "phone", "+8613900000001", true, FX_NOW);
    assert_int_equal(fx_uint(f, 4, 0), 1);
    const struct tb_profile *x = tb_section(&f->txn, fx_person(f, p), TB_PERSON_PROFILE);
    assert_int_equal(x->sealed_n, 14 + 16);
    fx_free(f);
}

static void test_merge_and_old_ids(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t phone = seen(f, "phone", "+8613900000001", true, FX_NOW - DAYS(9));
    uint32_t card = seen(f, "card", "C1", true, FX_NOW - DAYS(5));
    enrol(f, phone, 0);
    enrol(f, card, 0);
    assert_false(one(f, phone, card));
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 2);
    assert_int_equal(seen2(f, "card", "C1", "phone", "+8613900000001", FX_NOW), phone);
    assert_true(one(f, phone, card));
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 1);
    /* every old id answers with the survivor */
    struct tb_cmd_member_get get = {.who = {.profile = card}, .detail = true};
    fx_done(f, TB_OP_MEMBER_GET, &get);
    assert_int_equal(fx_uint(f, 1, 0), phone);
    assert_true(fx_bytes(f, 2, 0).n > 100);
    assert_int_equal(fx_uint(f, 6, 0), fx_person_no(f, phone));
    fx_free(f);
}

static void test_unique_namespace(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t u1 = seen2(f, "unionid", "U1", "email", "a@b.c", FX_NOW - DAYS(30));
    uint32_t u2 = seen2(f, "unionid", "U2", "card", "C9", FX_NOW - DAYS(20));
    seen2(f, "card", "C9", "email", "a@b.c", FX_NOW);
    assert_false(one(f, u1, u2));
    /* the edge is remembered on both sides, and refused */
    assert_int_equal(fx_person(f, u1)->n[TB_PERSON_EDGE], 2);
    assert_int_equal(fx_person(f, u2)->n[TB_PERSON_EDGE], 2);
    fx_free(f);
}

static void test_limit_window(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "card", TB_CLASS_STRONG, 7, 2, 30, 0);
    uint32_t u = seen2(f, "unionid", "U", "card", "C1", FX_NOW - DAYS(100));
    seen2(f, "unionid", "U", "card", "C2", FX_NOW - DAYS(99));
    seen2(f, "unionid", "U", "card", "C3", FX_NOW - DAYS(98)); /* the third within 30 days */
    seen2(f, "unionid", "U", "card", "C4", FX_NOW - DAYS(10)); /* another window */
    assert_true(one(f, u, profile_of(f, "card", "C2")));
    assert_false(one(f, u, profile_of(f, "card", "C3")));
    assert_true(one(f, u, profile_of(f, "card", "C4")));
    fx_free(f);
}

/* Trap 1: a till tablet is nobody. */
static void test_shared_till_tablet(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t first = 0;
    for (uint32_t i = 0; i < 40; i++) {
        char phone[20];
        snprintf(phone, sizeof phone, "+86139%08u", i);
        struct tb_identifier ids[2] = {fx_id(f, "phone", phone, true),
                                       fx_id(f, "device", "tablet-1", false)};
        uint32_t p = fx_contact(f, ids, 2, FX_NOW + i * 60000);
        first = first ? first : p;
        assert_int_equal(fx_count(f, TB_COUNT_PERSONS), i + 1);
    }
    struct tb_identifier tablet = fx_id(f, "device", "tablet-1", false);
    struct tb_cmd_contact in = {.identifier = &tablet, .identifier_n = 1,
                                .facts = {.occurred_ms = FX_NOW + DAYS(1) / 2}};
    fx_done(f, TB_OP_CONTACT, &in);
    assert_int_equal(fx_uint(f, 1, 0), 0);
    assert_int_equal(fx_uint(f, 2, 0), 0);
    assert_int_not_equal(fx_uint(f, 5, 0), 0);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 40);
    struct tb_cmd_member_get get = {.who = {.profile = first}, .detail = true};
    fx_done(f, TB_OP_MEMBER_GET, &get);
    assert_int_equal(fx_bytes(f, 3, 0).n, 0); /* no device is hers */
    fx_free(f);
}

/* Trap 2: sentinel values never join; the rest of the contact counts. */
static void test_blocked_values(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_identifier bad = fx_id(f, "phone", "13800138000", true);
    struct tb_blocked blocked[] = {{{1, 1}}, {{bad.key[0], bad.key[1]}}, {{UINT64_MAX, 0}}};
    struct tb_cmd_namespace_put put = {.put = {.code = S("phone")}, .class_no = TB_CLASS_STRONG,
                                       .priority = 3, .limit = 3, .window_days = 365,
                                       .normaliser = TB_NORMALISE_PHONE, .blocked = blocked,
                                       .blocked_n = 3};
    fx_done(f, TB_OP_NAMESPACE_PUT, &put);
    for (uint32_t i = 0; i < 200; i++) {
        char card[16];
        snprintf(card, sizeof card, "N%u", i);
        struct tb_identifier ids[2] = {bad, fx_id(f, "card", card, true)};
        fx_contact(f, ids, 2, FX_NOW);
        assert_int_equal(fx_uint(f, 6, 0), 0); /* index 0 was dropped */
        assert_int_equal(fx_bytes(f, 6, 0).n, 0);
        assert_int_equal(fx_count(f, TB_COUNT_PERSONS), i + 1);
    }
    struct tb_cmd_contact alone = {.identifier = &bad, .identifier_n = 1,
                                   .facts = {.occurred_ms = FX_NOW}};
    fx_refused(f, TB_OP_CONTACT, &alone, TB_CODE_IDENTIFIER_BLOCKED, "identifiers");
    fx_free(f);
}

/* Trap 3: the number went to somebody else. */
static void recycled(struct fx *f, bool with_unionid)
{
    struct tb_identifier p = fx_id(f, "phone", "+8613911112222", true);
    struct tb_identifier a[2] = {fx_id(f, "unionid", "A", true), p};
    struct tb_identifier b[2] = {fx_id(f, "unionid", "B", true), p};
    uint32_t first = with_unionid ? fx_contact(f, a, 2, LONG_AGO) : fx_contact(f, &p, 1, LONG_AGO);
    uint32_t phone = profile_of(f, "phone", "+8613911112222");
    struct tb_cmd_purpose_put purpose = {.put = {.code = S("news")}, .text = S("May we write?"),
                                         .text_version = 1, .marketing = true};
    fx_done(f, TB_OP_PURPOSE_PUT, &purpose);
    struct tb_cmd_consent_put grant = {.who = {.profile = phone},
                                       .purpose = fx_code(f, TB_KIND_PURPOSE, "news"),
                                       .channel = 1, .state = TB_CONSENT_GRANTED,
                                       .actor = TB_ACTOR_SELF, .text_version = 1,
                                       .occurred_ms = LONG_AGO};
    fx_done(f, TB_OP_CONSENT_PUT, &grant);
    assert_int_equal(fx_uint(f, 2, 0), TB_EFFECTIVE_GRANTED);
    uint32_t second = with_unionid ? fx_contact(f, b, 2, FX_NOW) : fx_contact(f, &p, 1, FX_NOW);
    assert_false(one(f, first, second));
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 2);
    uint32_t now = profile_of(f, "phone", "+8613911112222");
    assert_int_not_equal(now, phone);
    assert_true(one(f, now, second));
    assert_true(one(f, phone, first));
    const struct tb_profile *old = tb_person_profile(&f->txn, fx_person(f, phone), phone);
    assert_int_not_equal(old->until_s, 0);
    /* her consent on that endpoint is closed, and nobody inherits it */
    assert_int_equal(tb_consent_effective(&f->txn, fx_person(f, phone), phone, grant.purpose, 1,
                                          FX_NOW), TB_EFFECTIVE_CLOSED);
    assert_int_equal(tb_consent_effective(&f->txn, fx_person(f, now), now, grant.purpose, 1,
                                          FX_NOW), TB_EFFECTIVE_UNKNOWN);
    assert_int_equal(fx_contact(f, &p, 1, FX_NOW + DAYS(1) / 2), now);
}

static void test_recycled_after_silence(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    recycled(f, false);
    fx_free(f);
}

static void test_recycled_without_silence(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "phone", TB_CLASS_STRONG, 3, 3, 365, 0);
    recycled(f, true);
    /* she still comes with her unionid and the old number: hers stays hers */
    struct tb_identifier a[2] = {fx_id(f, "unionid", "A", true),
                                 fx_id(f, "phone", "+8613911112222", true)};
    uint32_t u = profile_of(f, "unionid", "A");
    assert_int_equal(fx_contact(f, a, 2, FX_NOW + DAYS(1) / 4), u);
    assert_false(one(f, u, profile_of(f, "phone", "+8613911112222")));
    fx_free(f);
}

/* Late news that the number had changed hands: what was booked stays where it is. */
static void test_recycled_late(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "phone", TB_CLASS_STRONG, 3, 3, 365, 0);
    uint32_t b = seen2(f, "unionid", "B", "phone", "+8613911112222", FX_NOW);
    uint32_t phone = profile_of(f, "phone", "+8613911112222");
    uint32_t a = seen2(f, "unionid", "A", "phone", "+8613911112222", LONG_AGO);
    assert_false(one(f, a, b));
    assert_int_equal(profile_of(f, "phone", "+8613911112222"), phone);
    assert_true(one(f, phone, b));
    const struct tb_profile *p = tb_section(&f->txn, fx_person(f, a), TB_PERSON_PROFILE);
    assert_int_equal(fx_person(f, a)->n[TB_PERSON_PROFILE], 2); /* her tenure has a profile too */
    assert_int_equal(p[1].until_s, FX_NOW / 1000);
    fx_free(f);
}

/* Trap 4: a mother, her child, the grandmother's phone. */
static void test_household(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t mother = seen(f, "unionid", "M", true, FX_NOW);
    uint32_t granny = seen(f, "phone", "+8613900000009", true, FX_NOW);
    struct tb_cmd_role_put child = {.who = {.profile = mother}, .role = TB_ROLE_GUARDIAN_OF,
                                    .subject_kind = TB_SUBJECT_CHILD,
                                    .birth_month = 2025 * 12 + 4, .occurred_ms = FX_NOW};
    fx_done(f, TB_OP_ROLE_PUT, &child);
    assert_int_equal(fx_uint(f, 2, 0), 1);
    struct tb_cmd_role_put buys = {.who = {.profile = mother}, .role = TB_ROLE_BUYER_FOR,
                                   .subject_kind = TB_SUBJECT_PERSON, .subject = granny,
                                   .occurred_ms = FX_NOW};
    fx_done(f, TB_OP_ROLE_PUT, &buys);
    assert_false(one(f, mother, granny));
    assert_int_equal(fx_person(f, mother)->n[TB_PERSON_ROLE], 2);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 2);
    child.number = 1;
    child.removed = true;
    fx_done(f, TB_OP_ROLE_PUT, &child);
    assert_int_equal(fx_person(f, mother)->n[TB_PERSON_ROLE], 1);
    fx_refused(f, TB_OP_ROLE_PUT, &child, TB_CODE_INVALID, "role");
    buys.subject = mother;
    fx_refused(f, TB_OP_ROLE_PUT, &buys, TB_CODE_UNKNOWN_MEMBER, "subject");
    buys.subject = 999;
    buys.role = 9;
    fx_refused(f, TB_OP_ROLE_PUT, &buys, TB_CODE_UNKNOWN_MEMBER, "subject");
    buys.subject = granny;
    fx_refused(f, TB_OP_ROLE_PUT, &buys, TB_CODE_INVALID, "role");
    fx_free(f);
}

/* ---- answers of CONTACT in order ------------------------------------------------------------------ */

static void test_contact_answers(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_identifier ids[17] = {fx_id(f, "phone", "+8613900000001", true)};
    for (uint32_t i = 1; i < 17; i++)
        ids[i] = ids[0];
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = 17,
                                .facts = {.occurred_ms = FX_NOW + DAYS(2), .touchpoint = 999,
                                          .store = 999}};
    ids[1].ns = 4242;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_TOO_MANY, "identifiers");
    in.identifier_n = 0;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_NO_IDENTIFIER, "identifiers");
    in.identifier_n = 2;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_UNKNOWN_NAMESPACE, "identifiers/1");
    in.identifier_n = 1;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    in.facts.touchpoint = 0;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_UNKNOWN_STORE, "store");
    in.facts.store = 0;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    in.facts.occurred_ms = TB_MS_MIN - 1;
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_TIME_TOO_OLD, "occurred_at");
    in.facts.occurred_ms = FX_NOW;
    in.identifier_n = 1;
    fx_done(f, TB_OP_CONTACT, &in);
    struct tb_cmd_tenant_put off = {.put = {.code = S("shop")}, .name = S("Shop"),
                                    .zone = S("Asia/Shanghai"), .currency = S("CNY"),
                                    .switches = TB_TENANT_PROBES};
    fx_done(f, TB_OP_TENANT_PUT, &off);
    ids[0] = fx_id(f, "face", "template-1", false);
    fx_refused(f, TB_OP_CONTACT, &in, TB_CODE_DISABLED, "identifiers");
    fx_free(f);
}

/* A value tied to too many unique ones is quarantined: the shop's own phone. */
static void test_hot_value(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "phone", TB_CLASS_STRONG, 3, 3, 365, 0);
    for (uint32_t i = 0; i < 60; i++) {
        char u[16];
        snprintf(u, sizeof u, "U%u", i);
        seen2(f, "unionid", u, "phone", "+862112345678", FX_NOW + i * 1000);
    }
    assert_true(fx_count(f, TB_COUNT_PERSONS) >= 60);
    const uint32_t p = profile_of(f, "phone", "+862112345678");
    const struct tb_profile *x = tb_person_profile(&f->txn, fx_person(f, p), p);
    assert_true(x->flags & TB_PROFILE_HOT);
    assert_true(fx_person(f, p)->n[TB_PERSON_EDGE] <= 2 * (TB_HOT_PARTNERS + 1));
    fx_free(f);
}

/* A component beyond the bound freezes; contacts are still served. */
static void test_frozen_component(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "card", TB_CLASS_STRONG, 7, 2, 0, 0);
    uint32_t p = 0;
    for (uint32_t i = 0; i < 1100; i++) {
        char c[16];
        snprintf(c, sizeof c, "C%u", i);
        p = seen2(f, "email", "shop@shop.cn", "card", c, FX_NOW);
        assert_int_not_equal(p, 0);
    }
    assert_true(fx_count(f, TB_COUNT_FROZEN) > 0);
    assert_int_equal(fx_uint(f, 7, 0), 1);
    struct tb_cmd_link in = {.a = p, .b = profile_of(f, "card", "C5"), .kind = TB_LINK_NEVER,
                             .reason = S("x")};
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_FROZEN, "");
    /* Lifted by hand, with a reason; what is still too large freezes with its next contact. */
    uint64_t frozen = fx_count(f, TB_COUNT_FROZEN);
    struct tb_cmd_unfreeze lift = {.who = {.profile = p}};
    fx_refused(f, TB_OP_UNFREEZE, &lift, TB_CODE_REASON_REQUIRED, "reason");
    lift.reason = S("reviewed");
    fx_done(f, TB_OP_UNFREEZE, &lift);
    bool was = fx_uint(f, 2, 0) == 1;
    assert_int_equal(fx_count(f, TB_COUNT_FROZEN), frozen - was);
    fx_done(f, TB_OP_UNFREEZE, &lift);
    assert_int_equal(fx_uint(f, 2, 0), 0);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contact_makes_a_person_not_a_member),
        cmocka_unit_test(test_merge_and_old_ids),
        cmocka_unit_test(test_unique_namespace),
        cmocka_unit_test(test_limit_window),
        cmocka_unit_test(test_shared_till_tablet),
        cmocka_unit_test(test_blocked_values),
        cmocka_unit_test(test_recycled_after_silence),
        cmocka_unit_test(test_recycled_without_silence),
        cmocka_unit_test(test_recycled_late),
        cmocka_unit_test(test_household),
        cmocka_unit_test(test_contact_answers),
        cmocka_unit_test(test_hot_value),
        cmocka_unit_test(test_frozen_component),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
