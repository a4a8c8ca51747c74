// SPDX-License-Identifier: Apache-2.0
/* http/op_config.c - putting, getting and listing what a tenant declares.
 *
 * Fields are read and printed by the tables of op_config_tables.c; those that are more than
 * a value (choices, tiers, blocked values, switches) are written out here.                */
#include "http/op_config.h"

#include <sodium.h>
#include <string.h>

#include "base/num.h"
#include "core/schema/schema.h"

/* ---- reading ------------------------------------------------------------------------------------------ */

static void read_text(struct tb_json_object *o, const struct tb_config_field *f, struct tb_str *to)
{
    uint32_t max = f->max > 0 ? (uint32_t)f->max : TB_CODE_MAX;
    if (f->need)
        *to = tb_json_need_str(o, tb_str_of(f->name), f->min > 0 ? (uint32_t)f->min : 1, max);
    else
        (void)tb_json_may_str(o, tb_str_of(f->name), 0, max, to);
    if (to->n > max) /* code points were bounded; these are bytes */
        tb_json_refuse(o, tb_str_of(f->name), TB_PROBLEM_TOO_LONG, NULL);
}

static void read_word(struct tb_json_object *o, const struct tb_config_field *f, int64_t *to)
{
    uint32_t v = 0;
    if (f->need)
        v = tb_json_need_enum(o, tb_str_of(f->name), f->words, f->more);
    else
        (void)tb_json_may_enum(o, tb_str_of(f->name), f->words, f->more, &v);
    *to = v;
}

static void read_field(struct tb_work *w, struct tb_json_object *o, const struct tb_config_field *f)
{
    void *to = (uint8_t *)w->input + f->in;
    struct tb_str name = tb_str_of(f->name);
    switch (f->type) {
    case TB_CONFIG_STR:
    case TB_CONFIG_CODE:
        read_text(o, f, to);
        break;
    case TB_CONFIG_INT:
    case TB_CONFIG_SINT:
        if (f->need)
            *(int64_t *)to = tb_json_need_i64(o, name, f->min, f->max);
        else
            (void)tb_json_may_i64(o, name, f->min, f->max, to);
        break;
    case TB_CONFIG_BOOL:
        *(bool *)to = tb_may_bool(o, f->name);
        break;
    case TB_CONFIG_WORD:
        read_word(o, f, to);
        break;
    case TB_CONFIG_TIME:
        (void)tb_json_may_time(o, name, to);
        break;
    case TB_CONFIG_JSON:
        *(struct tb_str *)to = tb_read_json(w, o, name, (uint32_t)f->max);
        break;
    }
}

static void read_put(struct tb_work *w, struct tb_json_object *o, enum tb_kind kind)
{
    const struct tb_config_shape *s = &tb_config_shapes[kind];
    tb_read_put(w, o, w->input);
    for (uint32_t i = 0; i < s->n; i++)
        read_field(w, o, &s->field[i]);
}

#define PUT_READ(name, kind)                                              \
    static void name##_read(struct tb_work *w, struct tb_json_object *o)  \
    {                                                                     \
        read_put(w, o, kind);                                             \
    }
static void unit_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_unit_put *in = w->input;
    read_put(w, o, TB_KIND_UNIT);
    in->flags = (tb_may_bool(o, "members_only") ? TB_UNIT_MEMBERS_ONLY : 0u) |
                (tb_may_bool(o, "givable") ? TB_UNIT_GIVABLE : 0u) | tb_read_prepaid(w, o, in);
}
PUT_READ(store, TB_KIND_STORE)
PUT_READ(product, TB_KIND_PRODUCT)
PUT_READ(associate, TB_KIND_ASSOCIATE)
PUT_READ(touchpoint, TB_KIND_TOUCHPOINT)
PUT_READ(purpose, TB_KIND_PURPOSE)
PUT_READ(rule, TB_KIND_RULE)

static void tenant_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_tenant_put *in = w->input;
    read_put(w, o, TB_KIND_TENANT);
    in->currency = tb_json_need_str(o, TB_STR("currency"), 3, 3);
    in->switches = (tb_may_bool(o, "probes") ? TB_TENANT_PROBES : 0) |
                   (tb_may_bool(o, "faces") ? TB_TENANT_FACES : 0);
}

/* "blocked": values of this namespace, normalised and hashed here like identifiers. */
static void namespace_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_namespace_put *in = w->input;
    struct tb_json_array list;
    struct tb_str value;
    read_put(w, o, TB_KIND_NAMESPACE);
    if (!tb_json_may_array(o, TB_STR("blocked"), 0, TB_JSON_MEMBERS_MAX, &list) || list.n == 0)
        return;
    struct tb_blocked *b = TB_NEW_ARRAY(w->arena, struct tb_blocked, list.n);
    in->blocked = b;
    /* the number of the namespace is part of the key, so it must be there before */
    const struct tb_known *k = tb_work_known(w, TB_KIND_NAMESPACE, in->put.code);
    if (k == NULL && w->wants != NULL && w->wants->done == w->wants->n)
        tb_json_refuse(o, TB_STR("blocked"), TB_PROBLEM_INVALID_VALUE,
                       "Create the namespace first, then block values.");
    while (b != NULL && tb_json_next_str(&list, 1, 256, &value)) {
        struct tb_identifier id;
        struct tb_json_object none = {.index = UINT32_MAX};
        if (k != NULL && tb_make_identifier(w, in->put.code, value, false, &id, &none)) {
            memcpy(b[in->blocked_n].key, id.key, sizeof id.key);
            in->blocked_n++;
        }
    }
}

static void attribute_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_attribute_put *in = w->input;
    struct tb_json_array list;
    read_put(w, o, TB_KIND_ATTRIBUTE);
    if (!tb_json_may_array(o, TB_STR("choices"), 0, TB_CHOICES_MAX, &list) || list.n == 0)
        return;
    struct tb_str *choice = TB_NEW_ARRAY(w->arena, struct tb_str, list.n);
    in->choice = choice;
    while (choice != NULL && in->choice_n < list.n &&
           tb_json_next_str(&list, 1, TB_CODE_MAX, &choice[in->choice_n]))
        in->choice_n++;
}

static void scheme_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_tier_scheme_put *in = w->input;
    struct tb_json_object item;
    read_put(w, o, TB_KIND_TIER_SCHEME);
    struct tb_json_array list = tb_json_need_array(o, TB_STR("tiers"), 1, TB_TIERS_MAX);
    struct tb_tier_input *t = TB_NEW_ARRAY(w->arena, struct tb_tier_input, list.n + 1);
    in->tier = t;
    while (t != NULL && tb_json_next_object(&list, &item)) {
        t->code = tb_json_need_str(&item, TB_STR("code"), 1, TB_CODE_MAX);
        t->name = tb_may_str(&item, "name", TB_NAME_MAX);
        t->reach = tb_json_need_i64(&item, TB_STR("reach"), 0, TB_AMOUNT_MAX);
        t->keep = tb_may_i64(&item, "keep", 0, TB_AMOUNT_MAX, 0);
        t->benefits = tb_read_json(w, &item, TB_STR("benefits"), TB_JSON_MAX);
        t->never_downgrade = tb_may_bool(&item, "never_downgrade");
        tb_json_end(&item);
        t++;
        in->tier_n++;
    }
}

/* As deliveries will read it (channel/webhook/rules.c): what does not decode would never be signed. */
static bool secret_decodes(struct tb_str secret)
{
    uint8_t key[128];
    size_t n = 0;
    if (!tb_str_starts(secret, TB_STR("whsec_")))
        return true;
    return sodium_base642bin(key, sizeof key, secret.p + 6, secret.n - 6, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n > 0;
}

static void webhook_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_webhook_put *in = w->input;
    struct tb_json_array list;
    struct tb_str word, secret;
    read_put(w, o, TB_KIND_WEBHOOK);
    if (tb_json_may_str(o, TB_STR("secret"), 24, 128, &secret)) {
        uint8_t *sealed = tb_arena_alloc(w->arena, secret.n + 64);
        if (!secret_decodes(secret))
            tb_json_refuse(o, TB_STR("secret"), TB_PROBLEM_INVALID_VALUE, "whsec_ is followed by base64");
        else if (sealed != NULL)
            in->secret = (struct tb_str){(const char *)sealed,
                                         tb_vault_seal_secret(&w->app->vault, w->tenant,
                                                              in->put.code, secret, sealed)};
    }
    if (!tb_json_may_array(o, TB_STR("events"), 0, 16, &list))
        return;
    while (tb_json_next_str(&list, 1, 32, &word)) {
        uint32_t i = 0;
        while (tb_event_group_name(i) != NULL && !tb_str_eq_c(word, tb_event_group_name(i)))
            i++;
        if (tb_event_group_name(i) == NULL)
            tb_json_refuse(o, TB_STR("events"), TB_PROBLEM_NOT_AN_OPTION, NULL);
        else
            in->events |= UINT64_C(1) << i;
    }
}

/* ---- printing ------------------------------------------------------------------------------------------- */

static uint64_t head_uint(const struct tb_view *v, const struct tb_config_field *f)
{
    uint64_t n = 0;
    tb_assert(f->width <= sizeof n);
    memcpy(&n, (const uint8_t *)v->head + f->head, f->width);
    return n;
}

static int64_t head_int(const struct tb_view *v, const struct tb_config_field *f)
{
    uint64_t n = head_uint(v, f);
    uint32_t shift = 64 - 8 * f->width;
    return (int64_t)(n << shift) >> shift;
}

static struct tb_str head_text(const struct tb_view *v, const struct tb_config_field *f)
{
    struct tb_text t;
    memcpy(&t, (const uint8_t *)v->head + f->head, sizeof t);
    return tb_view_text(v, t);
}

static void out_field(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v,
                      const struct tb_config_field *f)
{
    struct tb_str s;
    switch (f->type) {
    case TB_CONFIG_STR:
        s = head_text(v, f);
        if (s.n > 0)
            tb_json_out_key_str(o, f->name, s);
        break;
    case TB_CONFIG_JSON:
        s = head_text(v, f);
        if (s.n > 0) {
            tb_json_out_key(o, f->name);
            tb_json_out_raw(o, s);
        }
        break;
    case TB_CONFIG_INT:
        tb_json_out_key_i64(o, f->name, (int64_t)head_uint(v, f));
        break;
    case TB_CONFIG_SINT:
        tb_json_out_key_i64(o, f->name, head_int(v, f));
        break;
    case TB_CONFIG_BOOL:
        tb_json_out_key_bool(o, f->name, head_uint(v, f) != 0);
        break;
    case TB_CONFIG_WORD:
        tb_out_word(o, f->name, f->words, f->more, head_uint(v, f));
        break;
    case TB_CONFIG_TIME:
        tb_out_time(o, f->name, head_int(v, f));
        break;
    case TB_CONFIG_CODE:
        tb_out_code(w, o, f->name, (enum tb_kind)f->more, head_uint(v, f));
        break;
    }
}

static void out_tenant(struct tb_json_out *o, const struct tb_view *v)
{
    static const char *const counts[] = {"persons", "followers", "members",  "buyers",
                                         "regulars", "anonymous_cards", "devices",
                                         "refused_attributes", "frozen", "orders"};
    const struct tb_tenant *t = v->head;
    tb_json_out_key_str(o, "currency", tb_str_of((const char *)t->currency));
    tb_json_out_key_bool(o, "probes", (t->switches & TB_TENANT_PROBES) != 0);
    tb_json_out_key_bool(o, "faces", (t->switches & TB_TENANT_FACES) != 0);
    tb_json_out_key_open(o, "counts", '{');
    for (uint32_t i = 0; i < TB_COUNT_OF(counts); i++)
        tb_json_out_key_i64(o, counts[i], t->counts[i]);
    tb_json_out_close(o, '}');
}

static void out_unit(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    uint32_t flags = ((const struct tb_unit *)v->head)->flags;
    tb_out_prepaid(w, o, v); /* of other kinds nothing */
    if (((const struct tb_unit *)v->head)->kind != TB_UNIT_COUPON)
        return;
    tb_json_out_key_bool(o, "members_only", (flags & TB_UNIT_MEMBERS_ONLY) != 0);
    tb_json_out_key_bool(o, "givable", (flags & TB_UNIT_GIVABLE) != 0);
}

static void out_tiers(struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_tier *t = v->section[TB_SCHEME_TIER];
    tb_json_out_key_open(o, "tiers", '[');
    for (uint32_t i = 0; i < v->n[TB_SCHEME_TIER]; i++) {
        struct tb_str benefits = tb_view_text(v, t[i].benefits);
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "code", tb_view_text(v, t[i].code));
        tb_json_out_key_str(o, "name", tb_view_text(v, t[i].name));
        tb_json_out_key_i64(o, "reach", t[i].reach);
        tb_json_out_key_i64(o, "keep", t[i].keep);
        if (benefits.n > 0) {
            tb_json_out_key(o, "benefits");
            tb_json_out_raw(o, benefits);
        }
        tb_json_out_key_bool(o, "never_downgrade", t[i].never_downgrade != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_key(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_key *k = v->head;
    tb_json_out_key_str(o, "name", tb_view_text(v, k->c.name));
    tb_json_out_key_open(o, "roles", '[');
    for (uint32_t i = 0; i < TB_API_ROLE_COUNT; i++)
        if (k->roles >> i & 1)
            tb_json_out_str(o, tb_str_of(tb_role_names[i]));
    tb_json_out_close(o, ']');
    tb_json_out_key_open(o, "scopes", '[');
    for (uint32_t i = 0; i < TB_API_SCOPE_COUNT; i++)
        if (k->scopes >> i & 1)
            tb_json_out_str(o, tb_str_of(tb_scope_names[i]));
    tb_json_out_close(o, ']');
    tb_out_code(w, o, "store", TB_KIND_STORE, k->store);
    tb_out_time(o, "created_at", k->created_ms);
    tb_out_time(o, "expires_at", k->expires_ms);
    tb_out_time(o, "revoked_at", k->revoked_ms);
}

static void out_events(struct tb_json_out *o, uint64_t bits)
{
    tb_json_out_key_open(o, "events", '[');
    for (uint32_t i = 0; tb_event_group_name(i) != NULL; i++)
        if (bits >> i & 1)
            tb_json_out_str(o, tb_str_of(tb_event_group_name(i)));
    tb_json_out_close(o, ']');
}

static void out_special(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v)
{
    if (kind == TB_KIND_TENANT)
        out_tenant(o, v);
    else if (kind == TB_KIND_TIER_SCHEME)
        out_tiers(o, v);
    else if (kind == TB_KIND_UNIT)
        out_unit(w, o, v);
    else if (kind == TB_KIND_KEY)
        out_key(w, o, v);
    else if (kind == TB_KIND_WEBHOOK)
        out_events(o, ((const struct tb_webhook *)v->head)->events);
    else if (kind == TB_KIND_NAMESPACE)
        tb_json_out_key_i64(o, "blocked", v->n[TB_NAMESPACE_BLOCKED]);
    else if (kind == TB_KIND_ATTRIBUTE) {
        const struct tb_text *choice = v->section[TB_ATTRIBUTE_CHOICES];
        tb_json_out_key_open(o, "choices", '[');
        for (uint32_t i = 0; i < v->n[TB_ATTRIBUTE_CHOICES]; i++)
            tb_json_out_str(o, tb_view_text(v, choice[i]));
        tb_json_out_close(o, ']');
    }
}

static void out_object(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v)
{
    const struct tb_config *c = v->head;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(v, c->code));
    tb_json_out_key_i64(o, "version", c->version);
    for (uint32_t i = 0; i < tb_config_shapes[kind].n; i++)
        out_field(w, o, v, &tb_config_shapes[kind].field[i]);
    out_special(w, o, kind, v);
    tb_json_out_close(o, '}');
}

/* ---- get and list: which kind is said by the path ------------------------------------------------------- */

static enum tb_kind kind_of_path(const struct tb_work *w)
{
    static const struct {
        const char *segment;
        enum tb_kind kind;
    } rows[] = {
        {"tenants", TB_KIND_TENANT},         {"units", TB_KIND_UNIT},
        {"namespaces", TB_KIND_NAMESPACE},   {"stores", TB_KIND_STORE},
        {"products", TB_KIND_PRODUCT},       {"associates", TB_KIND_ASSOCIATE},
        {"touchpoints", TB_KIND_TOUCHPOINT}, {"attributes", TB_KIND_ATTRIBUTE},
        {"purposes", TB_KIND_PURPOSE},       {"rules", TB_KIND_RULE},
        {"tier-schemes", TB_KIND_TIER_SCHEME}, {"webhooks", TB_KIND_WEBHOOK},
        {"keys", TB_KIND_KEY},               {"tenant", TB_KIND_TENANT},
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(rows); i++)
        if (w->req->segment_n > 1 && tb_str_eq_c(w->req->segment[1], rows[i].segment))
            return rows[i].kind;
    tb_assert(!"a path of the table names its kind");
    return TB_KIND_TENANT;
}

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_object_get *in = w->input;
    in->kind = kind_of_path(w);
    if (w->req->segment_n > 2)
        in->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    else
        in->id = w->tenant; /* /v1/tenant: one's own */
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    (void)tb_work_out_object(w, o, kind_of_path(w), tb_wire_str(tb_work_answer(w), 1), out_object);
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, kind_of_path(w));
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_out_list(w, o, kind_of_path(w), out_object);
}

TB_WORK(tenant_put, TB_OP_TENANT_PUT, tb_cmd_tenant_put, tenant_read, tb_work_out_put);
TB_WORK(unit_put, TB_OP_UNIT_PUT, tb_cmd_unit_put, unit_read, tb_work_out_put);
TB_WORK(namespace_put, TB_OP_NAMESPACE_PUT, tb_cmd_namespace_put, namespace_read, tb_work_out_put);
TB_WORK(store_put, TB_OP_STORE_PUT, tb_cmd_store_put, store_read, tb_work_out_put);
TB_WORK(product_put, TB_OP_PRODUCT_PUT, tb_cmd_product_put, product_read, tb_work_out_put);
TB_WORK(associate_put, TB_OP_ASSOCIATE_PUT, tb_cmd_associate_put, associate_read, tb_work_out_put);
TB_WORK(touchpoint_put, TB_OP_TOUCHPOINT_PUT, tb_cmd_touchpoint_put, touchpoint_read, tb_work_out_put);
TB_WORK(attribute_put, TB_OP_ATTRIBUTE_PUT, tb_cmd_attribute_put, attribute_read, tb_work_out_put);
TB_WORK(purpose_put, TB_OP_PURPOSE_PUT, tb_cmd_purpose_put, purpose_read, tb_work_out_put);
TB_WORK(rule_put, TB_OP_RULE_PUT, tb_cmd_rule_put, rule_read, tb_work_out_put);
TB_WORK(scheme_put, TB_OP_TIER_SCHEME_PUT, tb_cmd_tier_scheme_put, scheme_read, tb_work_out_put);
TB_WORK(webhook_put, TB_OP_WEBHOOK_PUT, tb_cmd_webhook_put, webhook_read, tb_work_out_put);
TB_WORK(object_get, TB_OP_OBJECT_GET, tb_cmd_object_get, get_read, get_write);
TB_WORK(object_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, list_read, list_write);
