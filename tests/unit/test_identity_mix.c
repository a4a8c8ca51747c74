// SPDX-License-Identifier: Apache-2.0
/* Random mixes of every command of identity and consent. After each mix replay = live,
 * loading = live and the audit finds nothing (core_fixture.h), and every answer is one that
 * the headers name.  test_identity_mix SEED [MIXES] [COMMANDS] repeats or prolongs.        */
#include "core_fixture.h"

static uint64_t first_seed = 1;
static uint32_t mixes = 30;
static uint32_t commands = 400;

struct mix {
    struct fx *f;
    uint64_t seed;
    uint64_t answers[TB_CODE_COUNT];
    uint32_t purpose;
    uint32_t attribute[3];
    uint32_t touchpoint;
};

static uint32_t below(struct mix *m, uint32_t n)
{
    m->seed += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(tb_mix(m->seed) % n);
}

static void run(struct mix *m, enum tb_op op, const void *input)
{
    (void)fx_run(m->f, op, input);
    m->answers[m->f->a.code]++;
}

static int64_t some_time(struct mix *m)
{
    return m->f->now_ms - (int64_t)below(m, 400) * FX_DAY - below(m, 3) * 1000;
}

static uint64_t some_profile(struct mix *m)
{
    return 1 + below(m, (uint32_t)m->f->core.store.counter[TB_COUNTER_PROFILE] + 2);
}

static struct tb_identifier some_identifier(struct mix *m)
{
    static const char *const ns[] = {"unionid", "phone", "card", "email", "alipay",
                                     "device",  "face",  "cookie", "item_code"};
    char value[16];
    snprintf(value, sizeof value, "v%u", below(m, 12));
    struct tb_identifier id = fx_id(m->f, ns[below(m, TB_COUNT_OF(ns))], value, below(m, 4) != 0);
    id.plain = below(m, 3) ? S("some value") : TB_STR_NONE;
    return id;
}

static void contact(struct mix *m)
{
    struct tb_identifier ids[4];
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = 1 + below(m, 4),
                                .facts = {.occurred_ms = some_time(m),
                                          .touchpoint = below(m, 2) ? m->touchpoint : 0,
                                          .kind = below(m, 6) ? 0 : below(m, TB_CONTACT_KINDS)}};
    for (uint32_t i = 0; i < in.identifier_n; i++)
        ids[i] = some_identifier(m);
    run(m, TB_OP_CONTACT, &in);
}

static void by_hand(struct mix *m)
{
    uint64_t list[3] = {some_profile(m), some_profile(m), some_profile(m)};
    struct tb_cmd_link link = {.a = list[0], .b = list[1], .kind = 1 + below(m, 3), .reason = S("r")};
    struct tb_cmd_unmerge part = {.who = {.profile = list[2]}, .profile = list + below(m, 3),
                                  .profile_n = 1, .reason = S("r")};
    if (below(m, 2))
        run(m, TB_OP_LINK, &link);
    else
        run(m, TB_OP_UNMERGE, &part);
}

static void tell(struct mix *m)
{
    struct tb_attribute_input value[2];
    for (uint32_t i = 0; i < 2; i++)
        value[i] = (struct tb_attribute_input){.attribute = m->attribute[below(m, 3)],
                                               .value = below(m, 2),
                                               .text = below(m, 2) ? S("longer words") : S("w"),
                                               .removed = below(m, 6) == 0};
    struct tb_cmd_attributes_set set = {.who = {.profile = some_profile(m)}, .attribute = value,
                                        .attribute_n = 2, .source = 1 + below(m, 5),
                                        .occurred_ms = some_time(m)};
    struct tb_cmd_consent_put consent = {.who = {.profile = some_profile(m)}, .purpose = m->purpose,
                                         .channel = below(m, 3), .state = 1 + below(m, 3),
                                         .actor = 1 + below(m, 4), .text_version = 1,
                                         .occurred_ms = some_time(m),
                                         .person_wide = below(m, 4) == 0,
                                         .proof = below(m, 2) ? S("p") : TB_STR_NONE};
    if (below(m, 2))
        run(m, TB_OP_ATTRIBUTES_SET, &set);
    else
        run(m, TB_OP_CONSENT_PUT, &consent);
}

static void live(struct mix *m)
{
    struct tb_cmd_enrol enrol = {.who = {.profile = some_profile(m)}, .terms_version = 1,
                                 .flags = below(m, 2), .occurred_ms = some_time(m)};
    struct tb_cmd_role_put role = {.who = {.profile = some_profile(m)}, .role = 1 + below(m, 3),
                                   .subject_kind = 1 + below(m, 3), .subject = some_profile(m),
                                   .number = below(m, 3), .removed = below(m, 3) == 0,
                                   .occurred_ms = some_time(m)};
    struct tb_cmd_erase erase = {.who = {.profile = some_profile(m)}, .reason = S("asked")};
    struct tb_cmd_member_get get = {.who = {.profile = some_profile(m)}, .detail = true};
    struct tb_cmd_probe probe = {.identifier = some_identifier(m), .touchpoint = m->touchpoint,
                                 .occurred_ms = some_time(m)};
    struct tb_cmd_reveal reveal = {.profile = some_profile(m), .reason = S("r")};
    switch (below(m, 8)) {
    case 0:
    case 1:
        run(m, TB_OP_ENROL, &enrol);
        break;
    case 2:
        run(m, TB_OP_ROLE_PUT, &role);
        break;
    case 3:
        if (below(m, 3) == 0)
            run(m, TB_OP_ERASE, &erase);
        break;
    case 4:
        run(m, TB_OP_MEMBER_GET, &get);
        break;
    case 5:
    case 6:
        run(m, TB_OP_PROBE, &probe);
        break;
    default:
        run(m, TB_OP_REVEAL, &reveal);
    }
}

/* Days pass; what is due fires. */
static void pass(struct mix *m)
{
    struct fx *f = m->f;
    f->now_ms += (int64_t)below(m, 20) * FX_DAY;
    for (uint64_t id = 1; id <= f->core.store.counter[TB_COUNTER_DEVICE]; id++) {
        struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_DEVICE, id);
        struct tb_cmd_fire fire = {TB_KIND_DEVICE, id};
        if (b != NULL && tb_core_due_ms(&f->core, b) <= f->now_ms)
            run(m, TB_OP_FIRE, &fire);
    }
    for (uint64_t id = 1; id <= f->core.store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_PERSON, id);
        struct tb_cmd_fire fire = {TB_KIND_PERSON, id};
        if (b != NULL && tb_core_due_ms(&f->core, b) <= f->now_ms)
            run(m, TB_OP_FIRE, &fire);
    }
}

static void declare(struct mix *m)
{
    struct fx *f = m->f;
    struct tb_cmd_purpose_put purpose = {.put = {.code = S("news")}, .text = S("May we?"),
                                         .text_version = 1};
    fx_done(f, TB_OP_PURPOSE_PUT, &purpose);
    m->purpose = (uint32_t)fx_uint(f, 1, 0);
    static const char *const code[3] = {"words", "secret", "yes"};
    for (uint32_t i = 0; i < 3; i++) {
        struct tb_cmd_attribute_put put = {.put = {.code = tb_str_of(code[i])},
                                           .type = i == 2 ? TB_ATTRIBUTE_BOOL : TB_ATTRIBUTE_TEXT,
                                           .purpose = S("news"), .benefit = S("gift"),
                                           .retention_days = 300, .personal = i == 1};
        fx_done(f, TB_OP_ATTRIBUTE_PUT, &put);
        m->attribute[i] = (uint32_t)fx_uint(f, 1, 0);
    }
    struct tb_cmd_touchpoint_put place = {.put = {.code = S("gate")}, .name = S("Gate"),
                                          .kind = TB_TOUCH_PROBE, .visit_gap_s = 86400};
    fx_done(f, TB_OP_TOUCHPOINT_PUT, &place);
    m->touchpoint = (uint32_t)fx_uint(f, 1, 0);
}

static void test_mix(void **state)
{
    (void)state;
    uint64_t answers[TB_CODE_COUNT] = {0};
    for (uint32_t i = 0; i < mixes; i++) {
        struct mix m = {.f = fx_new(), .seed = first_seed + i};
        declare(&m);
        for (uint32_t k = 0; k < commands; k++) {
            uint32_t what = below(&m, 20);
            if (what < 10)
                contact(&m);
            else if (what < 12)
                by_hand(&m);
            else if (what < 15)
                tell(&m);
            else if (what < 19)
                live(&m);
            else
                pass(&m);
        }
        fx_free(m.f);
        for (uint32_t k = 0; k < TB_CODE_COUNT; k++)
            answers[k] += m.answers[k];
    }
    /* the mixes reach what they should */
    static const uint8_t reached[] = {TB_CODE_OK, TB_CODE_UNKNOWN_MEMBER, TB_CODE_ERASED,
                                      TB_CODE_ALREADY_ENROLLED, TB_CODE_IDENTITY_CONFLICT,
                                      TB_CODE_NOT_LINKED, TB_CODE_CONSENT_OLDER,
                                      TB_CODE_PROOF_REQUIRED, TB_CODE_INVALID};
    for (uint32_t i = 0; i < TB_COUNT_OF(reached); i++)
        if (answers[reached[i]] == 0)
            fail_msg("no command was answered %s", tb_code_name((enum tb_code)reached[i]));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        mixes = (uint32_t)strtoul(argv[2], NULL, 10);
    if (argc > 3)
        commands = (uint32_t)strtoul(argv[3], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
