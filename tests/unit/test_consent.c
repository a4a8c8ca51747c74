// SPDX-License-Identifier: Apache-2.0
/* Attributes and consents: precedence over profiles, trap 5 of identity-contact-facts in
 * all variants, every order of records, imports, retention, answers in order.           */
#include "core_fixture.h"

#define DAYS(n) ((n) * FX_DAY)
#define MAY_1 (FX_NOW - DAYS(126))
#define JUNE_1 (FX_NOW - DAYS(95))
#define JUNE_10 (FX_NOW - DAYS(86))

static struct fx *with_purposes(void)
{
    struct fx *f = fx_new();
    struct tb_cmd_purpose_put news = {.put = {.code = S("news")}, .text = S("May we write?"),
                                      .text_version = 2, .marketing = true};
    fx_done(f, TB_OP_PURPOSE_PUT, &news);
    static const struct {
        const char *code;
        enum tb_attribute_type type;
        bool personal;
    } attribute[] = {{"nick", TB_ATTRIBUTE_TEXT, false},   {"street", TB_ATTRIBUTE_TEXT, true},
                     {"birthday", TB_ATTRIBUTE_DATE, true}, {"children", TB_ATTRIBUTE_INT, false},
                     {"vegan", TB_ATTRIBUTE_BOOL, false},   {"skin", TB_ATTRIBUTE_CHOICE, false}};
    static const struct tb_str choice[2] = {{"dry", 3}, {"oily", 4}};
    for (uint32_t i = 0; i < TB_COUNT_OF(attribute); i++) {
        bool chosen = attribute[i].type == TB_ATTRIBUTE_CHOICE;
        struct tb_cmd_attribute_put put = {.put = {.code = tb_str_of(attribute[i].code)},
                                           .type = attribute[i].type,
                                           .purpose = S("news"),
                                           .benefit = S("A gift that fits"),
                                           .retention_days = 100,
                                           .personal = attribute[i].personal,
                                           .choice = chosen ? choice : NULL,
                                           .choice_n = chosen ? 2 : 0};
        fx_done(f, TB_OP_ATTRIBUTE_PUT, &put);
    }
    return f;
}

static uint32_t seen(struct fx *f, const char *ns, const char *value, int64_t at_ms)
{
    struct tb_identifier id = fx_id(f, ns, value, true);
    return fx_contact(f, &id, 1, at_ms);
}

static void join(struct fx *f, const char *ns1, const char *v1, const char *ns2, const char *v2)
{
    struct tb_identifier ids[2] = {fx_id(f, ns1, v1, true), fx_id(f, ns2, v2, true)};
    fx_contact(f, ids, 2, FX_NOW);
    assert_int_equal(fx_person_no(f, fx_uint(f, 1, 0)), fx_person_no(f, fx_uint(f, 2, 0)));
}

/* ---- attributes ------------------------------------------------------------------------------ */

static struct tb_cmd_attributes_set setting(uint32_t profile, struct tb_attribute_input *in,
                                            enum tb_attribute_source source, int64_t at_ms)
{
    return (struct tb_cmd_attributes_set){.who = {.profile = profile}, .attribute = in,
                                          .attribute_n = 1, .source = source,
                                          .occurred_ms = at_ms};
}

static bool set_int(struct fx *f, uint32_t profile, const char *code, int64_t value,
                    enum tb_attribute_source source, int64_t at_ms)
{
    struct tb_attribute_input in = {.attribute = fx_code(f, TB_KIND_ATTRIBUTE, code), .value = value};
    struct tb_cmd_attributes_set cmd = setting(profile, &in, source, at_ms);
    fx_done(f, TB_OP_ATTRIBUTES_SET, &cmd);
    return f->event_bytes != 0;
}

static int64_t get_int(struct fx *f, uint32_t profile, const char *code)
{
    const struct tb_attribute *a = tb_person_attribute(&f->txn, fx_person(f, profile),
                                                       fx_code(f, TB_KIND_ATTRIBUTE, code));
    return a ? a->value : -1;
}

static void test_precedence(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t a = seen(f, "unionid", "A", MAY_1);
    assert_true(set_int(f, a, "children", 5, TB_SOURCE_INFERRED, FX_NOW));
    assert_true(set_int(f, a, "children", 4, TB_SOURCE_IMPORTED, JUNE_1));
    assert_false(set_int(f, a, "children", 9, TB_SOURCE_INFERRED, FX_NOW));
    assert_true(set_int(f, a, "children", 3, TB_SOURCE_OBSERVED, MAY_1));
    assert_true(set_int(f, a, "children", 2, TB_SOURCE_OBSERVED, JUNE_1));
    assert_false(set_int(f, a, "children", 7, TB_SOURCE_OBSERVED, MAY_1));
    assert_true(set_int(f, a, "children", 1, TB_SOURCE_DECLARED, MAY_1));
    assert_false(set_int(f, a, "children", 8, TB_SOURCE_VERIFIED, FX_NOW));
    assert_int_equal(get_int(f, a, "children"), 1);
    /* over the profiles of one person: the newest declared one; both stay where they were */
    uint32_t b = seen(f, "card", "C1", MAY_1);
    set_int(f, b, "children", 6, TB_SOURCE_DECLARED, JUNE_10);
    set_int(f, b, "vegan", 1, TB_SOURCE_OBSERVED, JUNE_10);
    join(f, "unionid", "A", "card", "C1");
    assert_int_equal(get_int(f, a, "children"), 6);
    assert_int_equal(get_int(f, a, "vegan"), 1);
    assert_int_equal(fx_person(f, a)->n[TB_PERSON_ATTRIBUTE], 3);
    /* taken back by herself: no older value comes up, and late news do not either */
    struct tb_attribute_input gone = {.attribute = fx_code(f, TB_KIND_ATTRIBUTE, "children"),
                                      .removed = true};
    struct tb_cmd_attributes_set cmd = setting(b, &gone, TB_SOURCE_DECLARED, FX_NOW);
    fx_done(f, TB_OP_ATTRIBUTES_SET, &cmd);
    assert_int_equal(get_int(f, a, "children"), -1);
    assert_false(set_int(f, b, "children", 2, TB_SOURCE_DECLARED, JUNE_10));
    fx_free(f);
}

static void test_sealed_and_bytes(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t a = seen(f, "unionid", "A", MAY_1);
    uint32_t street = fx_code(f, TB_KIND_ATTRIBUTE, "street");
    uint32_t nick = fx_code(f, TB_KIND_ATTRIBUTE, "nick");
    struct tb_attribute_input in[3] = {{.attribute = nick, .text = S("Xiao A")},
                                       {.attribute = street, .text = S("Nanjing Road 1")},
                                       {.attribute = fx_code(f, TB_KIND_ATTRIBUTE, "birthday"),
                                        .value = 7305}};
    struct tb_cmd_attributes_set cmd = setting(a, in, TB_SOURCE_DECLARED, MAY_1);
    cmd.attribute_n = 3;
    fx_done(f, TB_OP_ATTRIBUTES_SET, &cmd);
    in[1].text = S("Huaihai Road 22, the blue door");
    cmd.occurred_ms = JUNE_1;
    fx_done(f, TB_OP_ATTRIBUTES_SET, &cmd);
    struct tb_block *b = fx_person(f, a);
    const struct tb_attribute *x = tb_person_attribute(&f->txn, b, street);
    struct tb_str sealed = tb_attribute_bytes(&f->txn, b, x);
    assert_int_equal(sealed.n, in[1].text.n + 16);
    assert_int_equal(sealed.p[0] ^ 0x5a, 'H');
    assert_int_equal(x->number, 4); /* 1 is the identifier's, 2 and 3 the first two; none twice */
    assert_int_equal(tb_person_attribute(&f->txn, b, in[2].attribute)->number, 5);
    assert_true(tb_str_eq(tb_attribute_bytes(&f->txn, b, tb_person_attribute(&f->txn, b, nick)),
                          S("Xiao A")));
    /* nothing is left over of what was replaced */
    assert_int_equal(b->n[TB_PERSON_BYTES], (1 + 16) + 6 + (30 + 16) + (4 + 16));
    fx_free(f);
}

static void test_retention(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t a = seen(f, "unionid", "A", FX_NOW);
    set_int(f, a, "children", 2, TB_SOURCE_DECLARED, FX_NOW);
    set_int(f, a, "vegan", 1, TB_SOURCE_DECLARED, FX_NOW + 5000);
    int64_t due = tb_consent_due_ms(&f->core.store, fx_person(f, a));
    assert_int_equal(due, FX_NOW + DAYS(100));
    struct tb_cmd_fire fire = {TB_KIND_PERSON, fx_person_no(f, a)};
    f->now_ms = due - 1;
    fx_done(f, TB_OP_FIRE, &fire);
    assert_int_equal(get_int(f, a, "children"), 2);
    f->now_ms = due;
    fx_done(f, TB_OP_FIRE, &fire);
    assert_int_equal(get_int(f, a, "children"), -1);
    assert_int_equal(get_int(f, a, "vegan"), 1);
    assert_int_equal(tb_consent_due_ms(&f->core.store, fx_person(f, a)), FX_NOW + 5000 + DAYS(100));
    fx_free(f);
}

static void test_attribute_answers(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t a = seen(f, "unionid", "A", FX_NOW);
    struct tb_attribute_input in[65] = {{.attribute = 0, .value = 1}};
    struct tb_cmd_attributes_set cmd = setting(99, in, 9, FX_NOW + DAYS(2));
    cmd.attribute_n = 65;
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_UNKNOWN_MEMBER, "");
    cmd.who.profile = a;
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_TOO_MANY, "attributes");
    /* undeclared ones are refused, and the refusal is counted */
    in[0].attribute = fx_code(f, TB_KIND_ATTRIBUTE, "vegan");
    in[2].attribute = in[0].attribute;
    cmd.attribute_n = 3;
    assert_int_equal(fx_run(f, TB_OP_ATTRIBUTES_SET, &cmd), TB_DONE);
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_ATTRIBUTE);
    assert_string_equal(f->a.field, "attributes/1");
    assert_int_equal(fx_count(f, TB_COUNT_REFUSED_ATTRIBUTES), 1);
    assert_int_equal(get_int(f, a, "vegan"), -1);
    cmd.attribute_n = 1;
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    cmd.occurred_ms = FX_NOW;
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_INVALID, "source");
    cmd.source = TB_SOURCE_DECLARED;
    in[0].value = 2;
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_INVALID, "attributes/0");
    in[0] = (struct tb_attribute_input){.attribute = fx_code(f, TB_KIND_ATTRIBUTE, "skin"), .value = 2};
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_INVALID, "attributes/0");
    in[0] = (struct tb_attribute_input){.attribute = fx_code(f, TB_KIND_ATTRIBUTE, "nick"),
                                        .text = S("\xff")};
    fx_refused(f, TB_OP_ATTRIBUTES_SET, &cmd, TB_CODE_INVALID, "attributes/0");
    fx_free(f);
}

/* ---- consents ---------------------------------------------------------------------------------- */

static struct tb_cmd_consent_put act(struct fx *f, uint32_t profile, enum tb_consent_state what,
                                     int64_t at_ms)
{
    return (struct tb_cmd_consent_put){.who = {.profile = profile},
                                       .purpose = fx_code(f, TB_KIND_PURPOSE, "news"),
                                       .channel = 1, .state = what, .actor = TB_ACTOR_SELF,
                                       .text_version = 1, .occurred_ms = at_ms};
}

static enum tb_consent_effective effective(struct fx *f, uint32_t profile)
{
    return tb_consent_effective(&f->txn, fx_person(f, profile), profile,
                                fx_code(f, TB_KIND_PURPOSE, "news"), 1, FX_NOW);
}

static void put(struct fx *f, struct tb_cmd_consent_put in)
{
    assert_int_equal(fx_run(f, TB_OP_CONSENT_PUT, &in), TB_DONE);
}

/* Trap 5, the address itself: withdrawn on 1 June, a duplicate's grant of 1 May comes late. */
static void test_merge_does_not_raise(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t mail = seen(f, "email", "a@a.a", MAY_1);
    put(f, act(f, mail, TB_CONSENT_WITHDRAWN, JUNE_1));
    struct tb_cmd_consent_put late = act(f, mail, TB_CONSENT_GRANTED, MAY_1);
    put(f, late);
    assert_int_equal(f->a.code, TB_CODE_CONSENT_OLDER);
    assert_true(f->event_bytes > 0); /* it is in the history */
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_WITHDRAWN);
    /* variant: a newer grant with a proof */
    late.occurred_ms = JUNE_10;
    late.proof = S("form 17");
    put(f, late);
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_GRANTED);
    fx_free(f);
}

/* Trap 5, two persons: what one of them objected to as a person holds for both. */
static void test_objection_is_inherited(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t a = seen(f, "unionid", "A", MAY_1);
    uint32_t mail = seen(f, "email", "b@b.b", MAY_1);
    struct tb_cmd_consent_put objection = act(f, a, TB_CONSENT_WITHDRAWN, JUNE_1);
    objection.person_wide = true;
    objection.channel = 0;
    put(f, objection);
    put(f, act(f, mail, TB_CONSENT_GRANTED, MAY_1));
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_GRANTED);
    join(f, "unionid", "A", "email", "b@b.b");
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_WITHDRAWN); /* a merge narrows */
    put(f, act(f, mail, TB_CONSENT_GRANTED, JUNE_10));
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_WITHDRAWN); /* newer, but not proven */
    struct tb_cmd_consent_put proven = act(f, mail, TB_CONSENT_GRANTED, JUNE_10 + 1);
    proven.proof = S("p");
    put(f, proven);
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_GRANTED);
    /* parted again, each has her own */
    uint64_t list[1] = {mail};
    struct tb_cmd_unmerge part = {.who = {.profile = a}, .profile = list, .profile_n = 1,
                                  .reason = S("two")};
    fx_done(f, TB_OP_UNMERGE, &part);
    assert_int_equal(effective(f, a), TB_EFFECTIVE_WITHDRAWN);
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_GRANTED);
    fx_free(f);
}

/* Trap 5: A's ran out, B's is valid: B's stays. And each endpoint keeps its own. */
static void test_endpoints_keep_their_own(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    fx_namespace(f, "phone", TB_CLASS_STRONG, 3, 3, 365, 0);
    uint32_t p1 = seen(f, "phone", "+8613900000001", MAY_1);
    uint32_t p2 = seen(f, "phone", "+8613900000002", MAY_1);
    struct tb_cmd_consent_put old = act(f, p1, TB_CONSENT_GRANTED, MAY_1);
    old.expires_ms = JUNE_1;
    put(f, old);
    put(f, act(f, p2, TB_CONSENT_GRANTED, MAY_1));
    join(f, "phone", "+8613900000001", "phone", "+8613900000002");
    assert_int_equal(effective(f, p1), TB_EFFECTIVE_EXPIRED);
    assert_int_equal(effective(f, p2), TB_EFFECTIVE_GRANTED);
    put(f, act(f, p1, TB_CONSENT_DENIED, JUNE_10));
    assert_int_equal(effective(f, p1), TB_EFFECTIVE_DENIED);
    assert_int_equal(effective(f, p2), TB_EFFECTIVE_GRANTED);
    /* a record for every channel counts for each, the newer of the two stands */
    struct tb_cmd_consent_put all = act(f, p2, TB_CONSENT_WITHDRAWN, JUNE_10);
    all.channel = 0;
    put(f, all);
    assert_int_equal(effective(f, p2), TB_EFFECTIVE_WITHDRAWN);
    fx_free(f);
}

/* Whatever the order in which the records come, the same one stands. */
static void test_any_order(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        int64_t expires_ms;
        enum tb_consent_state state;
    } record[4] = {{MAY_1, 0, TB_CONSENT_GRANTED},
                   {JUNE_1, 0, TB_CONSENT_GRANTED},
                   {JUNE_1, 0, TB_CONSENT_DENIED}, /* equal time: the denial */
                   {JUNE_1, JUNE_10, TB_CONSENT_GRANTED}};
    for (uint32_t order = 0; order < 24; order++) {
        struct fx *f = with_purposes();
        uint32_t mail = seen(f, "email", "a@a.a", MAY_1);
        uint32_t left[4] = {0, 1, 2, 3};
        uint32_t code = order;
        for (uint32_t n = 4; n > 0; n--) {
            uint32_t k = code % n;
            code /= n;
            uint32_t i = left[k];
            left[k] = left[n - 1];
            struct tb_cmd_consent_put in = act(f, mail, record[i].state, record[i].at_ms);
            in.expires_ms = record[i].expires_ms;
            put(f, in);
        }
        assert_int_equal(effective(f, mail), TB_EFFECTIVE_DENIED);
        assert_int_equal(fx_person(f, mail)->n[TB_PERSON_CONSENT], 1);
        fx_free(f);
    }
}

static void test_imports(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t mail = seen(f, "email", "a@a.a", MAY_1);
    struct tb_cmd_consent_put in = act(f, mail, TB_CONSENT_GRANTED, JUNE_1);
    in.actor = TB_ACTOR_IMPORT;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_PROOF_REQUIRED, "proof"); /* of the unknown */
    put(f, act(f, mail, TB_CONSENT_WITHDRAWN, JUNE_1));
    in.proof = S("signed form");
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_PROOF_REQUIRED, "proof"); /* not newer */
    in.occurred_ms = JUNE_10;
    fx_done(f, TB_OP_CONSENT_PUT, &in);
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_GRANTED);
    struct tb_cmd_consent_put no = act(f, mail, TB_CONSENT_DENIED, FX_NOW);
    no.actor = TB_ACTOR_IMPORT;
    fx_done(f, TB_OP_CONSENT_PUT, &no); /* an import may narrow */
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_DENIED);
    /* the same record again writes nothing */
    fx_done(f, TB_OP_CONSENT_PUT, &no);
    assert_int_equal(f->event_bytes, 0);
    fx_free(f);
}

static void test_consent_answers(void **state)
{
    (void)state;
    struct fx *f = with_purposes();
    uint32_t mail = seen(f, "email", "a@a.a", MAY_1);
    struct tb_cmd_consent_put in = act(f, 99, (enum tb_consent_state)9, FX_NOW + DAYS(2));
    in.purpose = 4711;
    in.channel = 256;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_UNKNOWN_MEMBER, "");
    in.who.profile = mail;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_UNKNOWN_PURPOSE, "purpose");
    in.purpose = fx_code(f, TB_KIND_PURPOSE, "news");
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    in.occurred_ms = FX_NOW;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_INVALID, "channel");
    in.channel = 2;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_INVALID, "state");
    in.state = TB_CONSENT_GRANTED;
    in.actor = 0;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_INVALID, "actor");
    in.actor = TB_ACTOR_IMPORT;
    in.text_version = 3;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_INVALID, "text_version");
    in.text_version = 2;
    in.expires_ms = FX_NOW;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_INVALID, "expires_at");
    in.expires_ms = 0;
    fx_refused(f, TB_OP_CONSENT_PUT, &in, TB_CODE_PROOF_REQUIRED, "proof");
    in.actor = TB_ACTOR_STAFF;
    fx_done(f, TB_OP_CONSENT_PUT, &in);
    assert_int_equal(fx_uint(f, 2, 0), TB_EFFECTIVE_GRANTED);
    assert_int_equal(effective(f, mail), TB_EFFECTIVE_UNKNOWN); /* another channel */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_sealed_and_bytes),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_attribute_answers),
        cmocka_unit_test(test_merge_does_not_raise),
        cmocka_unit_test(test_objection_is_inherited),
        cmocka_unit_test(test_endpoints_keep_their_own),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_imports),
        cmocka_unit_test(test_consent_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
