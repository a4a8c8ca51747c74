// SPDX-License-Identifier: Apache-2.0
/* From an event to the command that a till, a probe or a mini-program would send. Remembers
 * which of a person's identifiers were told, and which together: that is what recognition
 * can know at best.                                                                       */
#include "sim/world.h"

#include <string.h>

enum { IDS_MAX = 8, EVENT_BYTES = 24u << 10, EVENT_COMMANDS = 6 };

/* Identifiers of one contact. */
struct ids {
    struct tb_sim *s;
    enum sim_tenant tenant;
    struct tb_identifier *id;
    struct tb_sim_plain *plain;
    uint32_t n;
    uint32_t plain_n;
    uint32_t owner[IDS_MAX]; /* of id[i], when its namespace is personal */
    uint8_t ns[IDS_MAX];
};

static struct ids ids_begin(struct tb_sim *s, enum sim_tenant tenant)
{
    struct ids x = {.s = s, .tenant = tenant};
    x.id = TB_NEW_ARRAY(&s->arena, struct tb_identifier, IDS_MAX);
    x.plain = TB_NEW_ARRAY(&s->arena, struct tb_sim_plain, IDS_MAX);
    tb_assert(x.id != NULL && x.plain != NULL); /* sim_build has seen to the room */
    return x;
}

static bool blind(struct ids *x, enum sim_ns ns, struct tb_str value, struct tb_identifier *out)
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

static void add_value(struct ids *x, uint32_t owner, enum sim_ns ns, const char *text, bool verified)
{
    struct tb_str value = tb_str_copy(&x->s->arena, tb_str_of(text));
    tb_assert(x->plain_n < IDS_MAX && value.p != NULL);
    x->plain[x->plain_n++] = (struct tb_sim_plain){tb_str_of(sim_ns_code[ns]), value, verified};
    struct tb_identifier id = {.verified = verified};
    if (!blind(x, ns, value, &id))
        return;
    x->owner[x->n] = owner;
    x->ns[x->n] = (uint8_t)ns;
    x->id[x->n++] = id;
}

static void add(struct ids *x, uint32_t person, enum sim_ns ns, uint64_t visit, bool verified)
{
    char text[SIM_VALUE_MAX];
    sim_value(x->s, person, ns, visit, text);
    add_value(x, person, ns, text, verified);
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
static void remember(struct ids *x)
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

static struct tb_sim_command *newest(struct tb_sim *s)
{
    return &s->command[s->wave.n - 1];
}

static void add_with(struct ids *x, const struct sim_event *e, uint32_t op, const void *input,
                     struct tb_str touchpoint)
{
    sim_add(x->s, x->tenant, op, input, e->at_ms);
    newest(x->s)->plain = x->plain;
    newest(x->s)->plain_n = x->plain_n;
    newest(x->s)->touchpoint = touchpoint;
}

/* The touchpoint's code, and in *no its number. */
static struct tb_str at_store(struct tb_sim *s, uint32_t store, enum sim_touch touch, uint32_t *no)
{
    if (!sim_has_touch(&s->store[store], touch))
        touch = TOUCH_TILL;
    *no = s->ids[HELIN].touch[store][touch];
    return sim_touch_code(&s->arena, store, touch);
}

static struct tb_str at_place(struct tb_sim *s, enum sim_tenant tenant, enum sim_place place, uint32_t *no)
{
    *no = s->ids[tenant].place[place];
    return tb_str_of(sim_place_code[place]);
}

static void contact(struct ids *x, const struct sim_event *e, enum tb_contact_kind kind, uint32_t touchpoint,
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
    add_with(x, e, TB_OP_CONTACT, in, code);
    s->census.contacts++;
    remember(x);
}

/* The person by one identifier. */
static struct tb_who who_by(struct tb_sim *s, const struct sim_event *e, enum sim_ns ns, struct ids *x)
{
    *x = ids_begin(s, (enum sim_tenant)s->person[e->person].tenant);
    add(x, e->person, ns, 0, true);
    tb_assert(x->n == 1);
    return (struct tb_who){.identifier = x->id[0]};
}

/* ---- contacts ---------------------------------------------------------------------------------- */

static void probe(struct tb_sim *s, const struct sim_event *e)
{
    struct ids x = ids_begin(s, HELIN);
    add(&x, e->person, NS_MAC, e->no, false);
    uint32_t touchpoint;
    struct tb_str code = e->flags & F_SHELF ? at_place(s, HELIN, PLACE_SHELF, &touchpoint)
                                            : at_store(s, e->store, TOUCH_PROBE, &touchpoint);
    if (x.n == 0)
        return;
    struct tb_cmd_probe *in = TB_NEW(&s->arena, struct tb_cmd_probe);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_probe){x.id[0], touchpoint, e->occurred_ms};
    in->identifier.plain = TB_STR_NONE;
    add_with(&x, e, TB_OP_PROBE, in, code);
    s->census.probes++;
    mark_seen(s, e->person);
}

static void seen(struct tb_sim *s, const struct sim_event *e)
{
    struct ids x = ids_begin(s, (enum sim_tenant)s->person[e->person].tenant);
    uint32_t no;
    struct tb_str at;
    enum tb_contact_kind kind = TB_CONTACT_SEEN;
    switch (e->kind) {
    case EV_WIFI: /* signs in to the portal with her WeChat */
        add(&x, e->person, NS_MINI, 0, true);
        add(&x, e->person, NS_MAC, 0, false);
        at = at_store(s, e->store, TOUCH_WIFI, &no);
        break;
    case EV_GATE:
        add(&x, e->person, NS_CARD, 0, true);
        at = at_store(s, e->store, TOUCH_GATE, &no);
        break;
    case EV_MINI:
        add(&x, e->person, NS_UNIONID, 0, true);
        add(&x, e->person, NS_MINI, 0, true);
        add(&x, s->person[e->person].flags & P_FARM ? s->person[e->person].truth : e->person, NS_DEVICE, 0, false);
        at = at_place(s, x.tenant, PLACE_MINI, &no);
        break;
    case EV_WEB:
        add(&x, e->person, NS_COOKIE, 0, false);
        at = at_place(s, HELIN, PLACE_WEB, &no);
        break;
    case EV_LOGIN:
        add(&x, e->person, NS_PHONE, 0, true);
        add(&x, e->person, NS_EMAIL, 0, true);
        add(&x, e->person, NS_COOKIE, 0, false);
        at = at_place(s, HELIN, PLACE_WEB, &no);
        break;
    case EV_FOLLOW:
    case EV_UNFOLLOW:
    default:
        kind = e->kind == EV_FOLLOW ? TB_CONTACT_FOLLOW : TB_CONTACT_UNFOLLOW;
        add(&x, e->person, NS_UNIONID, 0, true);
        add(&x, e->person, NS_ACCOUNT, 0, true);
        at = at_place(s, HELIN, PLACE_ACCOUNT, &no);
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
    struct ids x;
    struct tb_cmd_consent_put *in = TB_NEW(&s->arena, struct tb_cmd_consent_put);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_consent_put){.who = who_by(s, e, ns, &x), .purpose = s->ids[HELIN].purpose[purpose],
                                      .channel = channel, .state = state, .actor = TB_ACTOR_SELF,
                                      .text_version = 1, .occurred_ms = e->occurred_ms,
                                      .proof = TB_STR("terms-page-1")};
    add_with(&x, e, TB_OP_CONSENT_PUT, in, tb_str_of(sim_purpose_code[purpose]));
}

/* ---- joining ------------------------------------------------------------------------------------- */

static void enrol_contact(struct tb_sim *s, const struct sim_event *e)
{
    const struct sim_person *p = &s->person[e->person];
    struct tb_rng r = tb_rng_of(s->o.seed, 0xe9401, e->person);
    struct ids x = ids_begin(s, (enum sim_tenant)p->tenant);
    uint32_t no;
    struct tb_str at = {0};
    if (!(p->flags & P_ANONYMOUS))
        add(&x, e->person, NS_PHONE, 0, true);
    if (p->tenant == HELIN)
        add(&x, e->person, NS_CARD, 0, true);
    uint32_t way = p->flags & (P_TABLET | P_ANONYMOUS) ? 999 : tb_rng_below(&r, 1000);
    if (p->tenant == CHENGDIAN || (way < 480 && (p->flags & P_FOLLOWER))) {
        add(&x, e->person, NS_UNIONID, 0, true);
        add(&x, e->person, NS_MINI, 0, true);
        at = at_place(s, x.tenant, PLACE_MINI, &no);
    } else if (way < 560 || (p->flags & P_FARM)) {
        add(&x, p->flags & P_FARM ? p->truth : e->person, NS_COOKIE, 0, false);
        at = at_place(s, HELIN, PLACE_WEB, &no);
    } else {
        at = at_store(s, e->store, TOUCH_DESK, &no);
    }
    if (p->flags & P_TABLET) /* the associate's, not hers: forty people are seen on it */
        add_value(&x, NOBODY, NS_DEVICE, "7ab1e70000000000000000000000f00d", false);
    contact(&x, e, TB_CONTACT_SEEN, no, at);
}

static void enrol(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_person *p = &s->person[e->person];
    bool anonymous = p->flags & P_ANONYMOUS;
    struct ids x;
    struct tb_cmd_enrol *in = TB_NEW(&s->arena, struct tb_cmd_enrol);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_enrol){.who = who_by(s, e, anonymous ? NS_CARD : NS_PHONE, &x), .terms_version = 3,
                                .flags = anonymous ? TB_ENROL_ANONYMOUS : 0, .occurred_ms = e->occurred_ms};
    struct tb_str at = p->tenant == CHENGDIAN ? at_place(s, CHENGDIAN, PLACE_MINI, &in->touchpoint)
                                              : at_store(s, e->store, TOUCH_TILL, &in->touchpoint);
    add_with(&x, e, TB_OP_ENROL, in, at);
    if (p->tenant != HELIN)
        return;
    s->census.members++;
    s->census.anonymous += anonymous;
}

static void attributes(struct tb_sim *s, const struct sim_event *e)
{
    static const char *const family[12] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"};
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
    const char *surname = e->person == 0 ? "陈" : e->person == 1 ? "张" : e->person == 2 ? "李" : family[tb_rng_below(&r, 12)];
    bool woman = e->person == 1 ? false : e->person < 3 || p->baby_born != 0 || tb_rng_permille(&r, 610);
    tb_buf_c(&b, surname);
    tb_buf_c(&b, woman ? "女士" : "先生");
    a[n++] = (struct tb_attribute_input){.attribute = no[A_NAME], .text = tb_str_copy(&s->arena, tb_buf_as_str(&b))};
    a[n++] = (struct tb_attribute_input){.attribute = no[A_CITY], .value = s->store[p->home].city};
    if (tb_rng_permille(&r, 620)) {
        int32_t day = tb_days_from_date((struct tb_date){tb_rng_range(&r, 1962, 2004), 1, 1}) + tb_rng_range(&r, 0, 364);
        a[n++] = (struct tb_attribute_input){.attribute = no[A_BIRTHDAY], .value = day};
        a[n++] = (struct tb_attribute_input){.attribute = no[A_BIRTH_MONTH], .value = tb_date_from_days(day).month};
    }
    if (tb_rng_permille(&r, 350))
        a[n++] = (struct tb_attribute_input){.attribute = no[A_TASTE], .value = p->likes[0] % TASTES};
    if (tb_rng_permille(&r, 250))
        a[n++] = (struct tb_attribute_input){.attribute = no[A_TASTE_SPICY + p->likes[1] % 3], .value = 1};
    struct ids x;
    *in = (struct tb_cmd_attributes_set){.who = who_by(s, e, NS_PHONE, &x), .attribute = a, .attribute_n = n,
                                         .source = TB_SOURCE_DECLARED, .occurred_ms = e->occurred_ms};
    add_with(&x, e, TB_OP_ATTRIBUTES_SET, in, TB_STR_NONE);
}

/* She tells of her child: a role, the month, and what it may be used for. */
static void role(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_person *p = &s->person[e->person];
    struct tb_date born = tb_date_from_days(p->baby_born);
    struct ids x;
    struct tb_cmd_role_put *in = TB_NEW(&s->arena, struct tb_cmd_role_put);
    struct tb_attribute_input *a = TB_NEW(&s->arena, struct tb_attribute_input);
    struct tb_cmd_attributes_set *set = TB_NEW(&s->arena, struct tb_cmd_attributes_set);
    tb_assert(in != NULL && a != NULL && set != NULL);
    *in = (struct tb_cmd_role_put){.who = who_by(s, e, NS_PHONE, &x), .role = TB_ROLE_GUARDIAN_OF,
                                   .subject_kind = TB_SUBJECT_CHILD,
                                   .birth_month = born.year * 12 + born.month - 1, .occurred_ms = e->occurred_ms};
    add_with(&x, e, TB_OP_ROLE_PUT, in, TB_STR_NONE);
    consent(s, e, NS_PHONE, PU_CHILD, 0, TB_CONSENT_GRANTED);
    *a = (struct tb_attribute_input){.attribute = s->ids[HELIN].attribute[A_CHILD_BIRTH_MONTH],
                                     .value = p->baby_born - born.day + 1};
    *set = (struct tb_cmd_attributes_set){.who = who_by(s, e, NS_PHONE, &x), .attribute = a, .attribute_n = 1,
                                          .source = TB_SOURCE_DECLARED, .occurred_ms = e->occurred_ms};
    add_with(&x, e, TB_OP_ATTRIBUTES_SET, set, TB_STR_NONE);
    s->census.households++;
}

/* ---- purchases -------------------------------------------------------------------------------------- */

/* The order's own name: who sends it again under another key gets another. */
static struct tb_str order_key(struct tb_sim *s, const struct sim_event *e, const char *before, const char *after)
{
    char text[48];
    struct tb_buf b;
    struct tb_date d = tb_date_from_days(sim_day_of(e->occurred_ms));
    tb_buf_init(&b, text, sizeof text);
    tb_buf_printf(&b, "%s%02d%02d%02d-%llu%s", before, d.year % 100, d.month, d.day, (unsigned long long)e->no, after);
    tb_assert(!b.overflowed);
    return tb_str_copy(&s->arena, tb_buf_as_str(&b));
}

static const char *key_prefix(const struct tb_sim *s, const struct sim_event *e)
{
    return e->person != NOBODY && s->person[e->person].tenant == CHENGDIAN ? "CD" : "HL";
}

/* A return's event carries the time of its order in aux (minutes before its own). */
static struct tb_str key_of(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event bought = *e;
    if (e->kind == EV_RETURN)
        bought.occurred_ms -= e->aux * TB_MINUTE_MS;
    return order_key(s, &bought, key_prefix(s, e), e->flags & F_RESENT ? "-R" : "");
}

static void add_payer(struct ids *x, const struct sim_event *e, uint32_t payer)
{
    switch (e->pays) {
    case TB_TENDER_WECHAT:
        add(x, payer, NS_MINI, 0, true);
        break;
    case TB_TENDER_ALIPAY:
        add(x, payer, NS_ALIPAY, 0, true);
        break;
    case TB_TENDER_UNIONPAY:
        add(x, payer, NS_TOKEN, 0, true);
        break;
    default:
        break;
    }
}

static void order_ids(struct ids *x, const struct sim_event *e)
{
    struct tb_sim *s = x->s;
    const struct sim_person *p = &s->person[e->person];
    if (e->flags & F_CASH_FRAUD) {
        add(x, e->person, NS_CARD, 0, true);
        return;
    }
    if (e->flags & F_SENTINEL)
        add_value(x, NOBODY, NS_PHONE, "13800138000", true);
    if (e->flags & F_CARD)
        add(x, e->person, NS_CARD, 0, true);
    if (e->flags & F_PHONE)
        add(x, e->person, NS_PHONE, 0, false);
    if (e->channel != TB_SIM_TILL) {
        add(x, e->person, NS_UNIONID, 0, true);
        add(x, e->person, NS_MINI, 0, true);
    }
    if (e->channel == TB_SIM_DELIVERY && (e->other != NOBODY || p->enrolled))
        add(x, e->other != NOBODY ? e->other : e->person, NS_PHONE, 0, false);
    bool told = e->channel != TB_SIM_TILL && e->pays == TB_TENDER_WECHAT;
    if (!told)
        add_payer(x, e, e->other != NOBODY && e->channel == TB_SIM_TILL ? e->other : e->person);
}

static void count_order(struct tb_sim *s, const struct sim_event *e, const struct tb_cmd_order *in)
{
    if (e->flags & F_AGAIN) {
        s->census.orders_sent_again++;
        return;
    }
    s->census.orders++;
    s->census.orders_known += in->identifier_n > 0;
    s->census.orders_late += (e->flags & F_LATE) != 0;
    s->census.channel[e->channel]++;
    s->census.tender[in->tender[0].kind]++;
}

static void order_place(struct tb_sim *s, const struct sim_event *e, struct tb_cmd_order *in)
{
    uint32_t no;
    char till[4];
    struct tb_buf b;
    const struct sim_store *st = &s->store[e->store];
    bool brand = key_prefix(s, e)[0] == 'C';
    enum sim_place place = e->channel == TB_SIM_DELIVERY ? PLACE_DELIVERY : PLACE_MINI;
    if (!brand)
        in->store = sim_store_code(&s->arena, e->store);
    if (e->channel != TB_SIM_TILL) {
        in->touchpoint = e->channel == TB_SIM_SCAN_AND_GO
                             ? at_store(s, e->store, TOUCH_SCAN_AND_GO, &no)
                             : at_place(s, brand ? CHENGDIAN : HELIN, place, &no);
        return;
    }
    struct tb_rng r = tb_rng_of(s->o.seed, 0x7111, e->no);
    tb_buf_init(&b, till, sizeof till);
    tb_buf_printf(&b, "%u", e->flags & F_CASH_FRAUD ? 1 : 1 + tb_rng_below(&r, st->tills));
    in->touchpoint = at_store(s, e->store, TOUCH_TILL, &no);
    in->till = tb_str_copy(&s->arena, tb_buf_as_str(&b));
    in->associate = sim_associate_code(&s->arena, e->flags & F_CASH_FRAUD
                                                      ? s->cashier_associate
                                                      : st->associate + tb_rng_below(&r, st->associate_n));
    char receipt[64];
    tb_buf_init(&b, receipt, sizeof receipt);
    tb_buf_printf(&b, "%.*s/%.*s/%llu", TB_STR_ARG(in->store), TB_STR_ARG(in->till), (unsigned long long)e->no);
    in->receipt = tb_str_copy(&s->arena, tb_buf_as_str(&b));
}

static void order(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event as_sold = *e;
    struct sim_basket basket;
    struct ids x = ids_begin(s, key_prefix(s, e)[0] == 'C' ? CHENGDIAN : HELIN);
    struct tb_cmd_order *in = TB_NEW(&s->arena, struct tb_cmd_order);
    struct tb_order_tender_input *tender = TB_NEW(&s->arena, struct tb_order_tender_input);
    bool ok = sim_basket(s, e, &s->arena, &basket);
    tb_assert(in != NULL && tender != NULL && ok);
    uint64_t hold = e->pays == TB_TENDER_STORED_VALUE ? s->hold[e->aux].number : 0;
    if (e->pays == TB_TENDER_STORED_VALUE && hold == 0)
        as_sold.pays = TB_TENDER_WECHAT;
    if (e->person != NOBODY)
        order_ids(&x, &as_sold);
    *tender = (struct tb_order_tender_input){as_sold.pays, basket.net};
    *in = (struct tb_cmd_order){.key = key_of(s, e), .identifier = x.id, .identifier_n = x.n,
                                .channel = as_sold.channel + 1u, .currency = TB_STR("CNY"),
                                .occurred_ms = e->occurred_ms, .line = basket.line, .line_n = basket.n,
                                .tender = tender, .tender_n = 1,
                                .input_hash = tb_rng_mix(e->no ^ tb_rng_mix(s->o.seed))};
    order_place(s, &as_sold, in);
    if (hold != 0 && !(e->flags & F_AGAIN)) {
        struct tb_cmd_hold_post *post = TB_NEW(&s->arena, struct tb_cmd_hold_post);
        tb_assert(post != NULL);
        *post = (struct tb_cmd_hold_post){.hold = hold, .final = true, .reason = TB_STR("到店取货")};
        sim_add(s, HELIN, TB_OP_HOLD_POST, post, e->at_ms);
    }
    add_with(&x, e, TB_OP_ORDER, in, in->touchpoint);
    count_order(s, e, in);
    if (e->person == NOBODY)
        return;
    remember(&x);
    if (s->person[e->person].enrolled && x.n > 0 && !(e->flags & F_AGAIN))
        s->person[e->person].points += (int32_t)(basket.net / 100);
}

static void bring_back(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_event bought = *e;
    struct sim_basket basket;
    bought.occurred_ms -= e->aux * TB_MINUTE_MS;
    bool ok = sim_basket(s, &bought, &s->arena, &basket);
    struct tb_cmd_return *in = TB_NEW(&s->arena, struct tb_cmd_return);
    struct tb_return_line_input *line = TB_NEW_ARRAY(&s->arena, struct tb_return_line_input, basket.n);
    tb_assert(ok && in != NULL && line != NULL);
    struct tb_rng r = tb_rng_of(s->o.seed, 0x4e7, e->no);
    bool all = basket.n == 1 || tb_rng_permille(&r, 300);
    uint32_t one = tb_rng_below(&r, basket.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < basket.n; i++)
        if (all || i == one)
            line[n++] = (struct tb_return_line_input){.line = i, .quantity = basket.line[i].quantity, .net = TB_NET_SHARE};
    *in = (struct tb_cmd_return){.order = key_of(s, e), .key = order_key(s, e, "RT", ""), .line = line, .line_n = n,
                                 .occurred_ms = e->occurred_ms, .input_hash = tb_rng_mix(e->no ^ s->o.seed)};
    sim_add(s, key_prefix(s, e)[0] == 'C' ? CHENGDIAN : HELIN, TB_OP_RETURN, in, e->at_ms);
    s->census.returns++;
}

/* ---- value -------------------------------------------------------------------------------------------- */

static void hold(struct tb_sim *s, const struct sim_event *e)
{
    struct ids x;
    struct tb_cmd_hold *in = TB_NEW(&s->arena, struct tb_cmd_hold);
    tb_assert(in != NULL);
    enum sim_ns by = s->person[e->person].flags & P_ANONYMOUS ? NS_CARD : NS_PHONE;
    *in = (struct tb_cmd_hold){.member = who_by(s, e, by, &x), .unit = TB_STR("points"), .amount = 1000,
                               .lifetime_ms = 2 * TB_DAY_MS};
    if (!(e->flags & F_POINTS)) {
        struct sim_basket basket;
        struct sim_event taken = *e; /* the order is of the same goods, a wave later */
        taken.occurred_ms += (s->o.wave_minutes + 1) * TB_MINUTE_MS;
        bool ok = sim_basket(s, &taken, &s->arena, &basket);
        tb_assert(ok);
        in->unit = TB_STR("stored_value");
        in->amount = basket.net;
    }
    if (in->amount <= 0)
        return;
    add_with(&x, e, TB_OP_HOLD, in, TB_STR_NONE);
    newest(s)->ticket = e->aux;
    s->census.holds++;
}

static void post(struct tb_sim *s, const struct sim_event *e)
{
    if (s->hold[e->aux].number == 0)
        return;
    struct tb_cmd_hold_post *in = TB_NEW(&s->arena, struct tb_cmd_hold_post);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_hold_post){.hold = s->hold[e->aux].number, .final = true, .reason = TB_STR("积分换礼")};
    sim_add(s, HELIN, TB_OP_HOLD_POST, in, e->at_ms);
}

static void top_up(struct tb_sim *s, const struct sim_event *e)
{
    struct ids x;
    struct tb_rng r = tb_rng_of(s->o.seed, 0x70704, e->no);
    struct tb_cmd_adjust *in = TB_NEW(&s->arena, struct tb_cmd_adjust);
    tb_assert(in != NULL);
    *in = (struct tb_cmd_adjust){.member = who_by(s, e, NS_PHONE, &x), .unit = TB_STR("stored_value"),
                                 .amount = 20000 * (1 + (int64_t)tb_rng_below(&r, 4)), .reason = TB_STR("储值充值")};
    add_with(&x, e, TB_OP_ADJUST, in, TB_STR_NONE);
}

static void item(struct tb_sim *s, const struct sim_event *e)
{
    struct ids x = ids_begin(s, CHENGDIAN);
    uint32_t no;
    add(&x, e->person, NS_MINI, 0, true);
    add(&x, e->person, NS_ITEM, e->no, false);
    struct tb_str at = at_place(s, CHENGDIAN, (enum sim_place)e->aux, &no);
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
        hold(s, e);
        break;
    case EV_POST:
        post(s, e);
        break;
    case EV_TOP_UP:
        top_up(s, e);
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
        order(s, e);
        break;
    case EV_RETURN:
        bring_back(s, e);
        break;
    default:
        build_other(s, e);
        break;
    }
    return true;
}
