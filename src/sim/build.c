// SPDX-License-Identifier: Apache-2.0
/* From an event to the command that a till, a probe or a mini-program would send. Remembers
 * which of a person's identifiers were told, and which together: that is what recognition
 * can know at best.                                                                       */
#include "sim/build.h"

#include <string.h>

enum { EVENT_BYTES = 24u << 10, EVENT_COMMANDS = 6 };

struct sim_told sim_told_begin(struct tb_sim *s, enum sim_tenant tenant)
{
    struct sim_told x = {.s = s, .tenant = tenant};
    x.id = TB_NEW_ARRAY(&s->arena, struct tb_identifier, TOLD_MAX);
    x.plain = TB_NEW_ARRAY(&s->arena, struct tb_sim_plain, TOLD_MAX);
    tb_assert(x.id != NULL && x.plain != NULL); /* sim_build has seen to the room */
    return x;
}

static bool blind(struct sim_told *x, enum sim_ns ns, struct tb_str value, struct tb_identifier *out)
{
    struct tb_sim *s = x->s;
    out->ns = s->ids[x->tenant].ns[ns];
    if (s->border == NULL)
        return true;
    struct tb_buf b;
    char *region = tb_arena_alloc(&s->arena, 256);
    tb_assert(region != NULL);
    tb_buf_init(&b, region, 256);
    if (out->ns == 0 || !s->border->identifier(s->border->user, s->ids[x->tenant].tenant, out->ns,
                                               sim_ns_normaliser[ns], value, &b, out->key))
        return false;
    if (ns != NS_MAC)
        out->plain = tb_buf_as_str(&b);
    return true;
}

void sim_told_value(struct sim_told *x, uint32_t owner, enum sim_ns ns, const char *text, bool verified)
{
    struct tb_str value = tb_str_copy(&x->s->arena, tb_str_of(text));
    tb_assert(x->plain_n < TOLD_MAX && value.p != NULL);
    x->plain[x->plain_n++] = (struct tb_sim_plain){tb_str_of(sim_ns_code[ns]), value, verified};
    struct tb_identifier id = {.verified = verified};
    if (!blind(x, ns, value, &id))
        return;
    x->owner[x->n] = owner;
    x->ns[x->n] = (uint8_t)ns;
    x->id[x->n++] = id;
}

void sim_told_add(struct sim_told *x, uint32_t person, enum sim_ns ns, uint64_t visit, bool verified)
{
    char text[SIM_VALUE_MAX];
    sim_value(x->s, person, ns, visit, text);
    sim_told_value(x, person, ns, text, verified);
}

static void mark_seen(struct tb_sim *s, uint32_t person)
{
    struct sim_person *p = &s->person[person];
    if (!p->seen && p->tenant == HELIN)
        s->census.persons++;
    p->seen = true;
}

/* They were told together: for recall, of what could be known. A number that nobody verified
 * shows nothing. */
void sim_told_remember(struct sim_told *x)
{
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->owner[i] == NOBODY)
            continue;
        mark_seen(x->s, x->owner[i]);
        if (x->ns[i] >= NS_PERSONAL)
            continue;
        struct sim_person *p = &x->s->person[x->owner[i]];
        p->told |= (uint8_t)(1u << x->ns[i]);
        for (uint32_t k = 0; k < x->n && x->id[i].verified; k++)
            if (x->owner[k] == x->owner[i] && x->ns[k] < NS_PERSONAL && x->id[k].verified)
                p->pair[x->ns[i]] |= (uint8_t)(1u << x->ns[k]);
    }
}

/* ---- commands ------------------------------------------------------------------------------ */

void sim_add(struct tb_sim *s, enum sim_tenant tenant, uint32_t op, const void *input, int64_t at_ms)
{
    tb_assert(s->wave.n < s->command_cap);
    s->command[s->wave.n++] = (struct tb_sim_command){
        .command = {.op = op, .tenant = tenant < TENANTS ? s->ids[tenant].tenant : 0, .input = input},
        .at_ms = at_ms};
}

struct tb_sim_command *sim_newest(struct tb_sim *s)
{
    return &s->command[s->wave.n - 1];
}

void sim_add_with(struct sim_told *x, const struct sim_event *e, uint32_t op, const void *input,
                     struct tb_str touchpoint)
{
    sim_add(x->s, x->tenant, op, input, e->at_ms);
    sim_newest(x->s)->plain = x->plain;
    sim_newest(x->s)->plain_n = x->plain_n;
    sim_newest(x->s)->touchpoint = touchpoint;
}

/* The touchpoint's code, and in *no its number. */
struct tb_str sim_at_store(struct tb_sim *s, uint32_t store, enum sim_touch touch, uint32_t *no)
{
    if (!sim_has_touch(&s->store[store], touch))
        touch = TOUCH_TILL;
    *no = s->ids[HELIN].touch[store][touch];
    return sim_touch_code(&s->arena, store, touch);
}

struct tb_str sim_at_place(struct tb_sim *s, enum sim_tenant tenant, enum sim_place place, uint32_t *no)
{
    *no = s->ids[tenant].place[place];
    return tb_str_of(sim_place_code[place]);
}

static void contact(struct sim_told *x, const struct sim_event *e, enum tb_contact_kind kind, uint32_t touchpoint,
                    struct tb_str code)
{
    struct tb_sim *s = x->s;
    if (x->n == 0) {
        s->census.dropped++;
        return;
    }
    struct tb_cmd_contact *in = TB_NEW(&s->arena, struct tb_cmd_contact);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_contact){x->id, x->n, {e->occurred_ms, touchpoint, 0, kind}};
    sim_add_with(x, e, TB_OP_CONTACT, in, code);
    s->census.contacts++;
    sim_told_remember(x);
}

/* The person by one identifier. */
struct tb_who sim_who_by(struct tb_sim *s, const struct sim_event *e, enum sim_ns ns, struct sim_told *x)
{
    *x = sim_told_begin(s, (enum sim_tenant)s->person[e->person].tenant);
    sim_told_add(x, e->person, ns, 0, true);
    tb_assert(x->n == 1);
    return (struct tb_who){.identifier = x->id[0]};
}

/* ---- contacts ---------------------------------------------------------------------------------- */

static void probe(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_told x = sim_told_begin(s, HELIN);
    sim_told_add(&x, e->person, NS_MAC, e->no, false);
    uint32_t touchpoint;
    struct tb_str code = e->flags & F_SHELF ? sim_at_place(s, HELIN, PLACE_SHELF, &touchpoint)
                                            : sim_at_store(s, e->store, TOUCH_PROBE, &touchpoint);
    mark_seen(s, e->person); /* the probe saw her, whatever the door makes of it */
    if (x.n == 0) {
        s->census.dropped++;
        return;
    }
    struct tb_cmd_probe *in = TB_NEW(&s->arena, struct tb_cmd_probe);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_probe){x.id[0], touchpoint, e->occurred_ms};
    in->identifier.plain = TB_STR_NONE;
    sim_add_with(&x, e, TB_OP_PROBE, in, code);
    s->census.probes++;
}

/* The farmer's accounts live on one phone. */
static uint32_t device_owner(const struct tb_sim *s, uint32_t person)
{
    return s->person[person].flags & P_FARM ? s->person[person].truth : person;
}

static void seen(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_told x = sim_told_begin(s, (enum sim_tenant)s->person[e->person].tenant);
    uint32_t no;
    struct tb_str at;
    enum tb_contact_kind kind = TB_CONTACT_SEEN;
    switch (e->kind) {
    case EV_WIFI: /* signs in to the portal with her WeChat */
        sim_told_add(&x, e->person, NS_MINI, 0, true);
        sim_told_add(&x, e->person, NS_MAC, 0, false);
        at = sim_at_store(s, e->store, TOUCH_WIFI, &no);
        break;
    case EV_GATE:
        sim_told_add(&x, e->person, NS_CARD, 0, true);
        at = sim_at_store(s, e->store, TOUCH_GATE, &no);
        break;
    case EV_MINI:
        sim_told_add(&x, e->person, NS_UNIONID, 0, true);
        sim_told_add(&x, e->person, NS_MINI, 0, true);
        sim_told_add(&x, device_owner(s, e->person), NS_DEVICE, 0, false);
        at = sim_at_place(s, x.tenant, PLACE_MINI, &no);
        break;
    case EV_WEB:
        sim_told_add(&x, e->person, NS_COOKIE, 0, false);
        at = sim_at_place(s, HELIN, PLACE_WEB, &no);
        break;
    case EV_LOGIN:
        sim_told_add(&x, e->person, NS_PHONE, 0, true);
        sim_told_add(&x, e->person, NS_EMAIL, 0, true);
        sim_told_add(&x, e->person, NS_COOKIE, 0, false);
        at = sim_at_place(s, HELIN, PLACE_WEB, &no);
        break;
    case EV_FOLLOW:
    case EV_UNFOLLOW:
    default:
        kind = e->kind == EV_FOLLOW ? TB_CONTACT_FOLLOW : TB_CONTACT_UNFOLLOW;
        sim_told_add(&x, e->person, NS_UNIONID, 0, true);
        sim_told_add(&x, e->person, NS_ACCOUNT, 0, true);
        at = sim_at_place(s, HELIN, PLACE_ACCOUNT, &no);
        break;
    }
    contact(&x, e, kind, no, at);
    if (kind == TB_CONTACT_SEEN)
        return;
    struct sim_person *p = &s->person[e->person];
    s->census.followers += (uint32_t)(!p->follows && kind == TB_CONTACT_FOLLOW);
    s->census.followers -= (uint32_t)(p->follows && kind == TB_CONTACT_UNFOLLOW);
    p->follows = kind == TB_CONTACT_FOLLOW;
}

static void consent(struct tb_sim *s, const struct sim_event *e, enum sim_ns ns, enum sim_purpose purpose,
                    uint32_t channel, enum tb_consent_state state)
{
    struct sim_told x;
    struct tb_cmd_consent_put *in = TB_NEW(&s->arena, struct tb_cmd_consent_put);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_consent_put){.who = sim_who_by(s, e, ns, &x), .purpose = s->ids[HELIN].purpose[purpose],
                                      .channel = channel, .state = state, .actor = TB_ACTOR_SELF,
                                      .text_version = 1, .occurred_ms = e->occurred_ms,
                                      .proof = TB_STR("terms-page-1")};
    sim_add_with(&x, e, TB_OP_CONSENT_PUT, in, tb_str_of(sim_purpose_code[purpose]));
}

/* ---- joining ------------------------------------------------------------------------------------- */

static void enrol_contact(struct tb_sim *s, const struct sim_event *e)
{
    const struct sim_person *p = &s->person[e->person];
    struct tb_rng r = tb_rng_of(s->o.seed, 0xe9401, e->person);
    struct sim_told x = sim_told_begin(s, (enum sim_tenant)p->tenant);
    uint32_t no;
    struct tb_str at = {0};
    if (!(p->flags & P_ANONYMOUS))
        sim_told_add(&x, e->person, NS_PHONE, 0, true);
    if (p->tenant == HELIN)
        sim_told_add(&x, e->person, NS_CARD, 0, true);
    uint32_t way = p->flags & (P_TABLET | P_ANONYMOUS) ? 999 : tb_rng_below(&r, 1000);
    if (p->tenant == CHENGDIAN || (way < 480 && (p->flags & P_FOLLOWER))) {
        sim_told_add(&x, e->person, NS_UNIONID, 0, true);
        sim_told_add(&x, e->person, NS_MINI, 0, true);
        at = sim_at_place(s, x.tenant, PLACE_MINI, &no);
    } else if (way < 560 || (p->flags & P_FARM)) {
        sim_told_add(&x, device_owner(s, e->person), NS_COOKIE, 0, false);
        at = sim_at_place(s, HELIN, PLACE_WEB, &no);
    } else {
        at = sim_at_store(s, e->store, TOUCH_DESK, &no);
    }
    if (p->flags & P_TABLET) /* the associate's, not hers: forty people are seen on it */
        sim_told_value(&x, NOBODY, NS_DEVICE, "7ab1e70000000000000000000000f00d", false);
    contact(&x, e, TB_CONTACT_SEEN, no, at);
}

static void enrol(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_person *p = &s->person[e->person];
    bool anonymous = p->flags & P_ANONYMOUS;
    struct sim_told x;
    struct tb_cmd_enrol *in = TB_NEW(&s->arena, struct tb_cmd_enrol);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_enrol){.who = sim_who_by(s, e, anonymous ? NS_CARD : NS_PHONE, &x), .terms_version = 3,
                                .flags = anonymous ? TB_ENROL_ANONYMOUS : 0, .occurred_ms = e->occurred_ms};
    struct tb_str at = p->tenant == CHENGDIAN ? sim_at_place(s, CHENGDIAN, PLACE_MINI, &in->touchpoint)
                                              : sim_at_store(s, e->store, TOUCH_TILL, &in->touchpoint);
    sim_add_with(&x, e, TB_OP_ENROL, in, at);
    p->enrolled = true; /* from the next day on she shows her card */
    if (p->tenant != HELIN)
        return;
    s->census.members++;
    s->census.anonymous += anonymous;
}

static void attributes(struct tb_sim *s, const struct sim_event *e)
{
    static const char *const family[15] = {"陈", "张", "李", "王", "李", "张", "刘", "陈",
                                           "杨", "赵", "黄", "周", "吴", "徐", "孙"};
    const struct sim_person *p = &s->person[e->person];
    if (p->tenant != HELIN)
        return;
    struct tb_rng r = tb_rng_of(s->o.seed, 0xa7741b, e->person);
    struct tb_attribute_input *a = TB_NEW_ARRAY(&s->arena, struct tb_attribute_input, 8);
    struct tb_cmd_attributes_set *in = TB_NEW(&s->arena, struct tb_cmd_attributes_set);
    tb_assert(a != NULL && in != NULL);
    uint32_t n = 0;
    const uint32_t *no = s->ids[HELIN].attribute;
    char text[24];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    const char *surname = family[e->person < 3 ? e->person : 3 + tb_rng_below(&r, 12)];
    bool woman = e->person == 1 ? false : e->person < 3 || p->baby_born != 0 || tb_rng_permille(&r, 610);
    tb_buf_c(&b, surname);
    tb_buf_c(&b, woman ? "女士" : "先生");
    a[n++] = (struct tb_attribute_input){.attribute = no[A_NAME], .text = tb_str_copy(&s->arena, tb_buf_as_str(&b))};
    a[n++] = (struct tb_attribute_input){.attribute = no[A_CITY], .value = s->store[p->home].city};
    if (tb_rng_permille(&r, 620)) {
        struct tb_date year = {tb_rng_range(&r, 1962, 2004), 1, 1};
        int32_t day = tb_days_from_date(year) + tb_rng_range(&r, 0, 364);
        a[n++] = (struct tb_attribute_input){.attribute = no[A_BIRTHDAY], .value = day};
        a[n++] = (struct tb_attribute_input){.attribute = no[A_BIRTH_MONTH], .value = tb_date_from_days(day).month};
    }
    if (tb_rng_permille(&r, 350))
        a[n++] = (struct tb_attribute_input){.attribute = no[A_TASTE], .value = p->likes[0] % TASTES};
    if (tb_rng_permille(&r, 250))
        a[n++] = (struct tb_attribute_input){.attribute = no[A_TASTE_SPICY + p->likes[1] % 3], .value = 1};
    struct sim_told x;
    *in = (struct tb_cmd_attributes_set){.who = sim_who_by(s, e, NS_PHONE, &x), .attribute = a, .attribute_n = n,
                                         .source = TB_SOURCE_DECLARED, .occurred_ms = e->occurred_ms};
    sim_add_with(&x, e, TB_OP_ATTRIBUTES_SET, in, TB_STR_NONE);
}

/* She tells of her child: a role, the month, and what it may be used for. */
static void role(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_person *p = &s->person[e->person];
    struct tb_date born = tb_date_from_days(p->baby_born);
    struct sim_told x;
    struct tb_cmd_role_put *in = TB_NEW(&s->arena, struct tb_cmd_role_put);
    struct tb_attribute_input *a = TB_NEW(&s->arena, struct tb_attribute_input);
    struct tb_cmd_attributes_set *set = TB_NEW(&s->arena, struct tb_cmd_attributes_set);
    tb_assert(in != NULL && a != NULL && set != NULL);
    *in = (struct tb_cmd_role_put){.who = sim_who_by(s, e, NS_PHONE, &x), .role = TB_ROLE_GUARDIAN_OF,
                                   .subject_kind = TB_SUBJECT_CHILD,
                                   .birth_month = born.year * 12 + born.month - 1, .occurred_ms = e->occurred_ms};
    sim_add_with(&x, e, TB_OP_ROLE_PUT, in, TB_STR_NONE);
    consent(s, e, NS_PHONE, PU_CHILD, 0, TB_CONSENT_GRANTED);
    *a = (struct tb_attribute_input){.attribute = s->ids[HELIN].attribute[A_CHILD_BIRTH_MONTH],
                                     .value = p->baby_born - born.day + 1};
    *set = (struct tb_cmd_attributes_set){.who = sim_who_by(s, e, NS_PHONE, &x), .attribute = a, .attribute_n = 1,
                                          .source = TB_SOURCE_DECLARED, .occurred_ms = e->occurred_ms};
    sim_add_with(&x, e, TB_OP_ATTRIBUTES_SET, set, TB_STR_NONE);
    s->census.households++;
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static void item(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_told x = sim_told_begin(s, CHENGDIAN);
    uint32_t no;
    sim_told_add(&x, e->person, NS_MINI, 0, true);
    sim_told_add(&x, e->person, NS_ITEM, e->no, false);
    struct tb_str at = sim_at_place(s, CHENGDIAN, (enum sim_place)e->aux, &no);
    contact(&x, e, TB_CONTACT_SEEN, no, at);
}

static void change_store(struct tb_sim *s, const struct sim_event *e)
{
    static const uint16_t radius_m[3] = {5000, 1500, 500};
    const struct sim_store *st = &s->store[e->store];
    struct tb_cmd_store_put *in = TB_NEW(&s->arena, struct tb_cmd_store_put);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_store_put){.put = {.code = sim_store_code(&s->arena, e->store)}, .name = tb_str_of(st->name),
                                    .latitude_e7 = st->latitude_e7, .longitude_e7 = st->longitude_e7,
                                    .trade_radius_m = radius_m[st->kind], .region = tb_str_of(sim_city(st->city)),
                                    .closed = e->kind == EV_STORE_CLOSES};
    sim_add(s, HELIN, TB_OP_STORE_PUT, in, e->at_ms);
}

static void build_other(struct tb_sim *s, const struct sim_event *e)
{
    struct tb_rng r = tb_rng_of(s->o.seed, 0xc045e, e->person);
    switch (e->kind) {
    case EV_CONSENT:
        if (s->person[e->person].tenant == HELIN)
            consent(s, e, NS_PHONE, PU_SMS, 1,
                    tb_rng_permille(&r, 580) ? TB_CONSENT_GRANTED : TB_CONSENT_DENIED);
        break;
    case EV_HOLD:
        sim_build_hold(s, e);
        break;
    case EV_POST:
        sim_build_post(s, e);
        break;
    case EV_TOP_UP:
        sim_build_top_up(s, e);
        break;
    case EV_ITEM:
        item(s, e);
        break;
    case EV_STORE_OPENS:
    case EV_STORE_CLOSES:
        change_store(s, e);
        break;
    default:
        seen(s, e);
        if (e->kind == EV_FOLLOW && tb_rng_permille(&r, 800))
            consent(s, e, NS_ACCOUNT, PU_WECHAT, 4, TB_CONSENT_GRANTED);
        break;
    }
}

bool sim_build(struct tb_sim *s, const struct sim_event *e)
{
    if (s->arena.size - s->arena.used < EVENT_BYTES || s->wave.n + EVENT_COMMANDS > s->command_cap)
        return false;
    switch (e->kind) {
    case EV_PROBE:
        probe(s, e);
        break;
    case EV_ENROL_CONTACT:
        enrol_contact(s, e);
        break;
    case EV_ENROL:
        enrol(s, e);
        break;
    case EV_ATTRIBUTES:
        attributes(s, e);
        break;
    case EV_ROLE:
        role(s, e);
        break;
    case EV_ORDER:
        sim_build_order(s, e);
        break;
    case EV_RETURN:
        sim_build_return(s, e);
        break;
    default:
        build_other(s, e);
        break;
    }
    return true;
}
