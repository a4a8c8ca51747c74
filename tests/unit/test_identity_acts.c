// SPDX-License-Identifier: Apache-2.0
/* Acts of people: parting and linking by hand, enrolling, following, erasing (trap 15),
 * revealing.                                                                             */
#include "identity_kit.h"

/* ---- acts of people ------------------------------------------------------------------------------ */

static void set_text(struct fx *f, uint32_t profile, const char *attribute, const char *text)
{
    struct tb_attribute_input value = {.attribute = fx_code(f, TB_KIND_ATTRIBUTE, attribute),
                                       .text = tb_str_of(text)};
    struct tb_cmd_attributes_set in = {.who = {.profile = profile}, .attribute = &value,
                                       .attribute_n = 1, .source = TB_SOURCE_DECLARED,
                                       .occurred_ms = f->now_ms};
    fx_done(f, TB_OP_ATTRIBUTES_SET, &in);
}

static void declare(struct fx *f, const char *code, bool personal)
{
    struct tb_cmd_purpose_put purpose = {.put = {.code = S("service")}, .text = S("For service"),
                                         .text_version = 1};
    fx_done(f, TB_OP_PURPOSE_PUT, &purpose);
    struct tb_cmd_attribute_put put = {.put = {.code = tb_str_of(code)}, .type = TB_ATTRIBUTE_TEXT,
                                       .purpose = S("service"), .benefit = S("A gift"),
                                       .retention_days = 365, .personal = personal};
    fx_done(f, TB_OP_ATTRIBUTE_PUT, &put);
}

static struct tb_str section_bytes(struct fx *f, uint32_t profile, uint32_t section)
{
    struct tb_block *b = fx_person(f, profile);
    uint32_t size = f->core.store.shape[TB_KIND_PERSON].elem_bytes[section] * b->n[section];
    char *copy = malloc(size + 1u);
    memcpy(copy, tb_section(&f->txn, b, section), size);
    return (struct tb_str){copy, size};
}

/* All sections but EDGE, which now says that the two were parted. */
static void test_unmerge_restores(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    declare(f, "nick", false);
    declare(f, "street", true);
    uint32_t a = seen2(f, "unionid", "A", "email", "a@a.a", FX_NOW - DAYS(50));
    uint32_t b = seen2(f, "phone", "+8613900000001", "card", "C1", FX_NOW - DAYS(40));
    set_text(f, b, "street", "Nanjing Road 1");
    set_text(f, a, "nick", "Xiao A");
    set_text(f, b, "nick", "B");
    set_text(f, profile_of(f, "card", "C1"), "nick", "the card");
    set_text(f, a, "street", "Huaihai Road 22");
    enrol(f, b, 0);
    struct tb_str before[2][TB_PERSON_SECTIONS];
    for (uint32_t i = 0; i < TB_PERSON_SECTIONS; i++) {
        before[0][i] = section_bytes(f, a, i);
        before[1][i] = section_bytes(f, b, i);
    }
    struct tb_identifier both[2] = {fx_id(f, "unionid", "A", true),
                                    fx_id(f, "phone", "+8613900000001", true)};
    fx_contact(f, both, 2, FX_NOW - DAYS(40) + 1000);
    assert_true(one(f, a, b));
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
    uint64_t split[2] = {b, profile_of(f, "card", "C1")};
    struct tb_cmd_unmerge in = {.who = {.profile = a}, .profile = split, .profile_n = 2,
                                .reason = S("two sisters")};
    fx_done(f, TB_OP_UNMERGE, &in);
    assert_int_equal(fx_uint(f, 1, 0), a);
    assert_int_equal(fx_uint(f, 2, 0), b);
    assert_false(one(f, a, b));
    const struct tb_profile *pa = tb_section(&f->txn, fx_person(f, a), TB_PERSON_PROFILE);
    assert_int_equal(pa->last_day, (FX_NOW - DAYS(40)) / FX_DAY); /* evidence is not forgotten */
    for (uint32_t i = 0; i < TB_PERSON_SECTIONS; i++) {
        if (i == TB_PERSON_EDGE || i == TB_PERSON_PROFILE)
            continue;
        if (!tb_str_eq(before[0][i], section_bytes(f, a, i)) ||
            !tb_str_eq(before[1][i], section_bytes(f, b, i)))
            fail_msg("section %u is not restored", i);
    }
    assert_true(tb_str_eq(before[1][TB_PERSON_PROFILE],
                          section_bytes(f, b, TB_PERSON_PROFILE)));
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 2);
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 1);
    /* the same evidence again does not bring them together */
    fx_contact(f, both, 2, FX_NOW);
    assert_false(one(f, a, b));
    /* until somebody takes the parting back */
    struct tb_cmd_link clear = {.a = a, .b = b, .kind = TB_LINK_CLEARED, .reason = S("mother")};
    fx_done(f, TB_OP_LINK, &clear);
    assert_true(one(f, a, b));
    fx_free(f);
}

static void test_unmerge_answers(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t a = seen2(f, "unionid", "A", "email", "a@a.a", FX_NOW);
    uint64_t list[2] = {profile_of(f, "email", "a@a.a"), a};
    struct tb_cmd_unmerge in = {.who = {.profile = 77}, .profile = list, .profile_n = 0};
    fx_refused(f, TB_OP_UNMERGE, &in, TB_CODE_UNKNOWN_MEMBER, "");
    in.who.profile = a;
    fx_refused(f, TB_OP_UNMERGE, &in, TB_CODE_NOT_LINKED, "profiles");
    in.profile_n = 2;
    fx_refused(f, TB_OP_UNMERGE, &in, TB_CODE_NOT_LINKED, "profiles");
    in.profile_n = 1;
    fx_refused(f, TB_OP_UNMERGE, &in, TB_CODE_REASON_REQUIRED, "reason");
    list[0] = 4711;
    in.reason = S("x");
    fx_refused(f, TB_OP_UNMERGE, &in, TB_CODE_NOT_LINKED, "profiles");
    fx_free(f);
}

static void test_links_by_hand(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t a = seen(f, "unionid", "A", true, FX_NOW);
    uint32_t b = seen(f, "unionid", "B", true, FX_NOW);
    uint32_t c = seen(f, "card", "C", true, FX_NOW);
    struct tb_cmd_link in = {.a = 99, .b = b, .kind = 9};
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_UNKNOWN_MEMBER, "a");
    in.a = a;
    in.b = 99;
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_UNKNOWN_MEMBER, "b");
    in.b = b;
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.reason = S("same person, says she");
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_INVALID, "kind");
    in.kind = TB_LINK_ALWAYS;
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_IDENTITY_CONFLICT, "");
    in.b = c;
    fx_done(f, TB_OP_LINK, &in);
    assert_true(one(f, a, c));
    in.kind = TB_LINK_NEVER;
    fx_done(f, TB_OP_LINK, &in);
    assert_false(one(f, a, c));
    /* neither side of a parting meets the other through a third */
    seen2(f, "unionid", "A", "email", "x@y.z", FX_NOW);
    seen2(f, "card", "C", "email", "x@y.z", FX_NOW);
    assert_false(one(f, a, c));
    fx_free(f);
}

static void test_anonymous_card(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t card = seen(f, "card", "C1", false, FX_NOW);
    enrol(f, card, TB_ENROL_ANONYMOUS);
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 1);
    assert_int_equal(fx_count(f, TB_COUNT_ANONYMOUS_CARDS), 1);
    struct tb_cmd_enrol in = {.who = {.profile = card}, .terms_version = 2,
                              .flags = TB_ENROL_ANONYMOUS, .occurred_ms = FX_NOW};
    fx_refused(f, TB_OP_ENROL, &in, TB_CODE_ALREADY_ENROLLED, "");
    in.flags = 0;
    in.terms_version = 0;
    fx_refused(f, TB_OP_ENROL, &in, TB_CODE_INVALID, "terms_version");
    in.occurred_ms = FX_NOW + DAYS(2);
    fx_refused(f, TB_OP_ENROL, &in, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    in.occurred_ms = FX_NOW;
    in.terms_version = 2;
    fx_done(f, TB_OP_ENROL, &in); /* her own consent */
    assert_int_equal(fx_count(f, TB_COUNT_MEMBERS), 1);
    assert_int_equal(fx_count(f, TB_COUNT_ANONYMOUS_CARDS), 0);
    fx_refused(f, TB_OP_ENROL, &in, TB_CODE_ALREADY_ENROLLED, "");
    fx_free(f);
}

static void test_followers(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_identifier ids[2] = {fx_id(f, "unionid", "A", true), fx_id(f, "card", "C1", true)};
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = 1,
                                .facts = {.occurred_ms = FX_NOW, .kind = TB_CONTACT_FOLLOW}};
    fx_done(f, TB_OP_CONTACT, &in);
    assert_int_equal(fx_count(f, TB_COUNT_FOLLOWERS), 1);
    fx_contact(f, ids + 1, 1, FX_NOW - DAYS(1));
    fx_contact(f, ids, 2, FX_NOW);
    assert_int_equal(fx_count(f, TB_COUNT_FOLLOWERS), 1);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
    in.facts.kind = TB_CONTACT_UNFOLLOW;
    fx_done(f, TB_OP_CONTACT, &in);
    assert_int_equal(fx_count(f, TB_COUNT_FOLLOWERS), 0);
    fx_free(f);
}

/* Trap 15: late, replayed and imported mentions do not bring anybody back. */
static void test_erasure(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    declare(f, "nick", true);
    uint32_t a = seen2(f, "unionid", "A", "phone", "+8613900000001", FX_NOW - DAYS(50));
    set_text(f, a, "nick", "Xiao A");
    enrol(f, a, 0);
    struct tb_cmd_erase in = {.who = {.profile = a}};
    fx_refused(f, TB_OP_ERASE, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.reason = S("she asked");
    fx_done(f, TB_OP_ERASE, &in);
    assert_int_equal(fx_uint(f, 1, 0), 2);
    assert_int_equal(fx_uint(f, 2, 0), 1);
    assert_int_equal(fx_uint(f, 2, 1), 2);
    struct tb_block *b = fx_person(f, a);
    assert_int_equal(b->n[TB_PERSON_BYTES] + b->n[TB_PERSON_ATTRIBUTE] + b->n[TB_PERSON_EDGE], 0);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS) + fx_count(f, TB_COUNT_MEMBERS), 0);
    fx_refused(f, TB_OP_ERASE, &in, TB_CODE_ERASED, "");
    struct tb_identifier ids[2] = {fx_id(f, "unionid", "A", true),
                                   fx_id(f, "phone", "+8613900000001", true)};
    struct tb_cmd_contact late = {.identifier = ids, .identifier_n = 2,
                                  .facts = {.occurred_ms = FX_NOW - DAYS(3)}};
    fx_refused(f, TB_OP_CONTACT, &late, TB_CODE_ERASED, "identifiers");
    late.facts.occurred_ms = FX_NOW + DAYS(365);
    fx_refused(f, TB_OP_CONTACT, &late, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    f->now_ms += DAYS(10);
    uint32_t again = fx_contact(f, ids, 2, f->now_ms);
    assert_int_not_equal(again, a);
    assert_false(one(f, again, a));
    assert_int_equal(fx_person(f, again)->n[TB_PERSON_PROFILE], 2);
    assert_int_equal(fx_person(f, again)->n[TB_PERSON_ENROL], 0);
    fx_refused(f, TB_OP_CONTACT, &(struct tb_cmd_contact){.identifier = ids, .identifier_n = 2,
                                                         .facts = {.occurred_ms = FX_NOW - 1}},
               TB_CODE_ERASED, "identifiers");
    struct tb_cmd_member_get get = {.who = {.profile = a}};
    fx_done(f, TB_OP_MEMBER_GET, &get);
    assert_int_equal(fx_uint(f, 5, 0), 0);
    fx_free(f);
}

/* The number's new owner is erased: it does not fall back to the one before her. */
static void test_erasure_is_a_wall(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    fx_namespace(f, "phone", TB_CLASS_STRONG, 3, 3, 365, 0);
    uint32_t a = seen2(f, "unionid", "A", "phone", "+8613900000001", FX_NOW - DAYS(50));
    uint32_t b = seen2(f, "unionid", "B", "phone", "+8613900000001", FX_NOW - DAYS(5));
    struct tb_cmd_erase in = {.who = {.profile = b}, .reason = S("she asked")};
    fx_done(f, TB_OP_ERASE, &in);
    assert_int_equal(profile_of(f, "phone", "+8613900000001"), 0);
    seen2(f, "unionid", "A", "card", "C1", FX_NOW + 5000); /* computes A's component again */
    assert_int_equal(profile_of(f, "phone", "+8613900000001"), 0);
    uint32_t c = seen(f, "phone", "+8613900000001", true, FX_NOW + 60000);
    assert_false(one(f, a, c));
    assert_false(one(f, b, c));
    assert_int_equal(profile_of(f, "phone", "+8613900000001"), c);
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 2);
    fx_free(f);
}

/* After a long silence it was she after all: somebody says so. */
static void test_two_tenures_of_one_owner(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t old = seen(f, "phone", "+8613900000001", true, FX_NOW - DAYS(900));
    uint32_t now = seen(f, "phone", "+8613900000001", true, FX_NOW);
    assert_false(one(f, old, now));
    struct tb_cmd_link in = {.a = now, .b = old, .kind = TB_LINK_NEVER, .reason = S("x")};
    fx_refused(f, TB_OP_LINK, &in, TB_CODE_INVALID, "b");
    in.kind = TB_LINK_ALWAYS;
    fx_done(f, TB_OP_LINK, &in);
    assert_true(one(f, old, now));
    assert_int_equal(fx_count(f, TB_COUNT_PERSONS), 1);
    fx_free(f);
}

static void test_reveal(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    uint32_t a = seen(f, "phone", "+8613900000001", true, FX_NOW);
    uint32_t face = seen(f, "unionid", "X", true, FX_NOW);
    struct tb_cmd_reveal in = {.profile = 99, .attribute = 5};
    fx_refused(f, TB_OP_REVEAL, &in, TB_CODE_UNKNOWN_MEMBER, "");
    in.profile = a;
    fx_refused(f, TB_OP_REVEAL, &in, TB_CODE_UNKNOWN_ATTRIBUTE, "attribute");
    in.attribute = 0;
    fx_refused(f, TB_OP_REVEAL, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.reason = S("call back about order 7");
    fx_done(f, TB_OP_REVEAL, &in);
    assert_int_equal(fx_bytes(f, 3, 0).n, 14 + 16);
    assert_int_equal(f->event_n, 1);
    in.profile = face;
    fx_done(f, TB_OP_REVEAL, &in);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unmerge_restores),
        cmocka_unit_test(test_unmerge_answers),
        cmocka_unit_test(test_links_by_hand),
        cmocka_unit_test(test_anonymous_card),
        cmocka_unit_test(test_followers),
        cmocka_unit_test(test_erasure),
        cmocka_unit_test(test_erasure_is_a_wall),
        cmocka_unit_test(test_two_tenures_of_one_owner),
        cmocka_unit_test(test_reveal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
