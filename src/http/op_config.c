// SPDX-License-Identifier: Apache-2.0
/* http/op_config.c - putting, getting and listing what a tenant declares.
 *
 * One table a kind says each field once: its name outside, where it stands in the put's
 * input struct and where in the block's head. Fields that are more than a value (choices,
 * tiers, blocked values, switches) are written out below the tables.                      */
#include <sodium.h>
#include <string.h>

#include "base/num.h"
#include "core/schema/schema.h"
#include "http/app_int.h"
#include "http/op_config_words.h"

enum type {
    STR,  /* struct tb_str <-> struct tb_text */
    INT,  /* int64 <-> unsigned of width bytes; SINT signed */
    SINT,
    BOOL,
    WORD, /* int64 <-> index of a word */
    TIME, /* int64 ms; 0 or INT64_MAX: left out */
    CODE, /* struct tb_str, a code <-> uint32 number of an object of kind `more` */
    JSON, /* struct tb_str, an object kept as given */
};

struct field {
    const char *name;
    enum type type;
    bool need;
    uint32_t width; /* in the head */
    size_t in;      /* offset in the input struct */
    size_t head;    /* offset in the head */
    int64_t min, max;
    const char *const *words;
    uint32_t more; /* WORD: how many; CODE: the kind */
};

struct shape {
    enum tb_kind kind;
    const struct field *field;
    uint32_t n;
};

#define ROW(cmd, head_type, n, t, needed, c, h, lo, hi)                                      \
    {                                                                                        \
        .name = n, .type = t, .need = needed, .width = sizeof(((struct head_type *)0)->h),   \
        .in = offsetof(struct cmd, c), .head = offsetof(struct head_type, h), .min = lo,     \
        .max = hi                                                                            \
    }
#define WORDS(cmd, head_type, n, needed, c, h, w)                                            \
    {                                                                                        \
        .name = n, .type = WORD, .need = needed,                                             \
        .width = sizeof(((struct head_type *)0)->h), .in = offsetof(struct cmd, c),          \
        .head = offsetof(struct head_type, h), .words = w, .more = TB_COUNT_OF(w)            \
    }
#define REF(cmd, head_type, n, needed, c, h, k)                                              \
    {                                                                                        \
        .name = n, .type = CODE, .need = needed, .width = 4, .in = offsetof(struct cmd, c),  \
        .head = offsetof(struct head_type, h), .max = TB_CODE_MAX, .more = k                 \
    }
#define MAX TB_AMOUNT_MAX

/* ---- tables ------------------------------------------------------------------------------------------ */

#define T(n, t, needed, c, h, lo, hi) ROW(tb_cmd_tenant_put, tb_tenant, n, t, needed, c, h, lo, hi)
static const struct field tenant_fields[] = {
    T("name", STR, true, name, c.name, 1, TB_NAME_MAX),
    T("zone", STR, true, zone, zone, 1, 39),
    T("accept_days", INT, false, accept_days, accept_days, 0, 36500),
    WORDS(tb_cmd_tenant_put, tb_tenant, "claim_policy", false, claim_policy, claim_policy, claims),
    T("regular_orders", INT, false, regular_orders, regular_orders, 0, 1000),
    T("guess_caller", INT, false, guess_caller, guess_caller, 0, TB_GUESS_LIMIT_MAX),
    T("guess_tenant", INT, false, guess_tenant, guess_tenant, 0, TB_GUESS_LIMIT_MAX),
};
#undef T
#define U(n, t, needed, m, lo, hi) ROW(tb_cmd_unit_put, tb_unit, n, t, needed, m, m, lo, hi)
#define UW(n, needed, m, w) WORDS(tb_cmd_unit_put, tb_unit, n, needed, m, m, w)
static const struct field unit_fields[] = {
    ROW(tb_cmd_unit_put, tb_unit, "name", STR, false, name, c.name, 0, TB_NAME_MAX),
    UW("kind", true, kind, unit_kinds),
    UW("negative", false, negative, negatives),
    UW("release", false, release, releases),
    U("release_n", INT, false, release_n, 0, 3660),
    UW("expiry", false, expiry, expiries),
    U("expiry_n", INT, false, expiry_n, 0, 36600),
    UW("rounding", false, rounding, roundings),
    U("earn_cap", INT, false, earn_cap, 0, MAX),
    UW("earn_cap_period", false, earn_cap_period, periods),
    U("earn_cap_order", INT, false, earn_cap_order, 0, MAX),
    U("earn_cap_rejects", BOOL, false, earn_cap_rejects, 0, 1),
    U("balance_max", INT, false, balance_max, 0, MAX),
    U("spend_cap", INT, false, spend_cap, 0, MAX),
    UW("spend_cap_period", false, spend_cap_period, periods),
    U("restore_grace_days", INT, false, restore_grace_days, 0, 3660),
    U("face_ppm", INT, false, face_ppm, 0, MAX),
    U("expected_ppm", INT, false, expected_ppm, 0, 1000000),
    U("pay_min", INT, false, pay_min, 0, MAX), U("pay_step", INT, false, pay_step, 0, MAX),
    U("pay_share_ppm", INT, false, pay_share_ppm, 0, 1000000), U("by_hand_max", INT, false, by_hand_max, 0, MAX),
    U("stock", INT, false, stock, 0, MAX),
    U("claim_from", TIME, false, claim_from_ms, 0, 0), U("claim_until", TIME, false, claim_until_ms, 0, 0),
    U("valid_from", TIME, false, valid_from_ms, 0, 0), U("valid_until", TIME, false, valid_until_ms, 0, 0),
    U("wait_days", INT, false, wait_days, 0, 3660), U("claim_code", STR, false, claim_code, 0, TB_CODE_MAX),
};
#undef U
#undef UW
#define N(n, t, needed, m, lo, hi) ROW(tb_cmd_namespace_put, tb_namespace, n, t, needed, m, m, lo, hi)
#define NW(n, needed, m, w) WORDS(tb_cmd_namespace_put, tb_namespace, n, needed, m, m, w)
static const struct field namespace_fields[] = {
    NW("class", true, class_no, ns_classes),
    NW("scope", false, scope, ns_scopes),
    N("priority", INT, true, priority, 1, 1000),
    N("limit", INT, false, limit, 0, 1000),
    N("window_days", INT, false, window_days, 0, 36600),
    N("tenure_gap_days", INT, false, tenure_gap_days, 0, 36600),
    NW("normaliser", false, normaliser, normalisers),
    N("hashed_only", BOOL, false, hashed_only, 0, 1),
    N("retention_days", INT, false, retention_days, 0, 3660),
    N("needs_verification", BOOL, false, needs_verification, 0, 1),
};
#undef N
#undef NW
#define S(n, t, m, h, lo, hi) ROW(tb_cmd_store_put, tb_store_place, n, t, false, m, h, lo, hi)
static const struct field store_fields[] = {
    ROW(tb_cmd_store_put, tb_store_place, "name", STR, true, name, c.name, 1, TB_NAME_MAX),
    S("latitude_e7", SINT, latitude_e7, latitude_e7, -900000000, 900000000),
    S("longitude_e7", SINT, longitude_e7, longitude_e7, -1800000000, 1800000000),
    S("trade_radius_m", INT, trade_radius_m, trade_radius_m, 0, 1000000),
    S("region", STR, region, region, 0, TB_NAME_MAX),
    S("closed", BOOL, closed, closed, 0, 1),
};
#undef S
#define P(n, t, m, h, lo, hi) ROW(tb_cmd_product_put, tb_product, n, t, false, m, h, lo, hi)
static const struct field product_fields[] = {
    P("name", STR, name, c.name, 0, TB_NAME_MAX),
    P("category", STR, category, category, 0, TB_CATEGORY_MAX),
    P("brand", STR, brand, brand, 0, TB_NAME_MAX),
    P("price", INT, price, price, 0, MAX),
    P("cost", INT, cost, cost, 0, MAX),
    P("barcode", STR, barcode, barcode, 0, 14),
    P("weighed", BOOL, weighed, weighed, 0, 1),
    P("supply_days", INT, supply_days, supply_days, 0, 65535),
    P("life_from_months", INT, life_from_months, life_from_months, 0, 65535),
    P("life_to_months", INT, life_to_months, life_to_months, 0, 65535),
    P("never_promoted", BOOL, never_promoted, never_promoted, 0, 1),
    P("attributes", JSON, attributes, attributes, 0, TB_JSON_MAX),
};
#undef P
static const struct field associate_fields[] = {
    ROW(tb_cmd_associate_put, tb_associate, "name", STR, true, name, c.name, 1, TB_NAME_MAX),
    REF(tb_cmd_associate_put, tb_associate, "store", false, store, store, TB_KIND_STORE),
    ROW(tb_cmd_associate_put, tb_associate, "left", BOOL, false, left, left, 0, 1),
};
static const struct field touchpoint_fields[] = {
    ROW(tb_cmd_touchpoint_put, tb_touchpoint, "name", STR, false, name, c.name, 0, TB_NAME_MAX),
    WORDS(tb_cmd_touchpoint_put, tb_touchpoint, "kind", true, kind, kind, touch_kinds),
    REF(tb_cmd_touchpoint_put, tb_touchpoint, "store", false, store, store, TB_KIND_STORE),
    ROW(tb_cmd_touchpoint_put, tb_touchpoint, "visit_gap_s", INT, false, visit_gap_s, visit_gap_s,
        0, 86400),
};
static const struct field attribute_fields[] = {
    WORDS(tb_cmd_attribute_put, tb_attribute_decl, "type", true, type, type, attribute_types),
    REF(tb_cmd_attribute_put, tb_attribute_decl, "purpose", true, purpose, purpose, TB_KIND_PURPOSE),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "benefit", STR, true, benefit, benefit, 1, 500),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "retention_days", INT, true, retention_days, retention_days, 1, 36500),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "personal", BOOL, false, personal, personal, 0, 1),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "is_name", BOOL, false, is_name, is_name, 0, 1),
};
static const struct field purpose_fields[] = {
    ROW(tb_cmd_purpose_put, tb_purpose, "text", STR, true, text, text, 1, 4000),
    ROW(tb_cmd_purpose_put, tb_purpose, "text_version", INT, true, text_version, text_version, 1,
        1000000),
    ROW(tb_cmd_purpose_put, tb_purpose, "marketing", BOOL, false, marketing, marketing, 0, 1),
};
#define R(n, t, needed, m, h, lo, hi) ROW(tb_cmd_rule_put, tb_rule, n, t, needed, m, h, lo, hi)
static const struct field rule_fields[] = {
    R("name", STR, false, name, c.name, 0, TB_NAME_MAX),
    WORDS(tb_cmd_rule_put, tb_rule, "kind", true, kind, kind, rule_kinds),
    REF(tb_cmd_rule_put, tb_rule, "unit", false, unit, unit, TB_KIND_UNIT),
    REF(tb_cmd_rule_put, tb_rule, "scheme", false, scheme, scheme, TB_KIND_TIER_SCHEME),
    R("condition", STR, false, condition, condition, 0, 4096),
    R("amount", STR, true, amount, amount, 1, 4096),
    R("from", TIME, false, from_ms, from_ms, 0, 0),
    R("until", TIME, false, until_ms, until_ms, 0, 0),
    R("priority", INT, false, priority, priority, 0, 1000000),
    R("disabled", BOOL, false, disabled, disabled, 0, 1),
};
#undef R
#define M(n, t, m, h, lo, hi) ROW(tb_cmd_tier_scheme_put, tb_tier_scheme, n, t, false, m, h, lo, hi)
#define MW(n, needed, m, w) WORDS(tb_cmd_tier_scheme_put, tb_tier_scheme, n, needed, m, m, w)
static const struct field scheme_fields[] = {
    M("name", STR, name, c.name, 0, TB_NAME_MAX),
    MW("measure", true, measure, measures),
    MW("window", true, window, windows),
    M("window_months", INT, window_months, window_months, 0, 36),
    M("validity_months", INT, validity_months, validity_months, 0, 120),
    M("grace_days", INT, grace_days, grace_days, 0, 366),
    MW("downgrade", false, downgrade, downgrades),
    MW("on_refund", false, on_refund, refunds),
    REF(tb_cmd_tier_scheme_put, tb_tier_scheme, "unit", false, unit, unit, TB_KIND_UNIT),
};
#undef M
#undef MW
static const struct field webhook_fields[] = {
    ROW(tb_cmd_webhook_put, tb_webhook, "url", STR, true, url, url, 10, 512),
    ROW(tb_cmd_webhook_put, tb_webhook, "disabled", BOOL, false, disabled, disabled, 0, 1),
};
#undef MAX

#define SHAPE_OF(k, f) [k] = {k, f, TB_COUNT_OF(f)}
static const struct shape shapes[TB_KINDS] = {
    SHAPE_OF(TB_KIND_TENANT, tenant_fields),       SHAPE_OF(TB_KIND_UNIT, unit_fields),
    SHAPE_OF(TB_KIND_NAMESPACE, namespace_fields), SHAPE_OF(TB_KIND_STORE, store_fields),
    SHAPE_OF(TB_KIND_PRODUCT, product_fields),     SHAPE_OF(TB_KIND_ASSOCIATE, associate_fields),
    SHAPE_OF(TB_KIND_TOUCHPOINT, touchpoint_fields),
    SHAPE_OF(TB_KIND_ATTRIBUTE, attribute_fields), SHAPE_OF(TB_KIND_PURPOSE, purpose_fields),
    SHAPE_OF(TB_KIND_RULE, rule_fields),           SHAPE_OF(TB_KIND_TIER_SCHEME, scheme_fields),
    SHAPE_OF(TB_KIND_WEBHOOK, webhook_fields),
};

/* ---- reading ------------------------------------------------------------------------------------------ */

static void read_text(struct tb_json_object *o, const struct field *f, struct tb_str *to)
{
    uint32_t max = f->max > 0 ? (uint32_t)f->max : TB_CODE_MAX;
    if (f->need)
        *to = tb_json_need_str(o, tb_str_of(f->name), f->min > 0 ? (uint32_t)f->min : 1, max);
    else
        (void)tb_json_may_str(o, tb_str_of(f->name), 0, max, to);
    if (to->n > max) /* code points were bounded; these are bytes */
        tb_json_refuse(o, tb_str_of(f->name), TB_PROBLEM_TOO_LONG, NULL);
}

static void read_word(struct tb_json_object *o, const struct field *f, int64_t *to)
{
    uint32_t v = 0;
    if (f->need)
        v = tb_json_need_enum(o, tb_str_of(f->name), f->words, f->more);
    else
        (void)tb_json_may_enum(o, tb_str_of(f->name), f->words, f->more, &v);
    *to = v;
}

static void read_field(struct tb_work *w, struct tb_json_object *o, const struct field *f)
{
    void *to = (uint8_t *)w->input + f->in;
    struct tb_str name = tb_str_of(f->name);
    switch (f->type) {
    case STR:
    case CODE:
        read_text(o, f, to);
        break;
    case INT:
    case SINT:
        if (f->need)
            *(int64_t *)to = tb_json_need_i64(o, name, f->min, f->max);
        else
            (void)tb_json_may_i64(o, name, f->min, f->max, to);
        break;
    case BOOL:
        *(bool *)to = tb_may_bool(o, f->name);
        break;
    case WORD:
        read_word(o, f, to);
        break;
    case TIME:
        (void)tb_json_may_time(o, name, to);
        break;
    case JSON:
        *(struct tb_str *)to = tb_read_json(w, o, name, (uint32_t)f->max);
        break;
    }
}

static void read_put(struct tb_work *w, struct tb_json_object *o, enum tb_kind kind)
{
    const struct shape *s = &shapes[kind];
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

static uint64_t head_uint(const struct tb_view *v, const struct field *f)
{
    uint64_t n = 0;
    tb_assert(f->width <= sizeof n);
    memcpy(&n, (const uint8_t *)v->head + f->head, f->width);
    return n;
}

static int64_t head_int(const struct tb_view *v, const struct field *f)
{
    uint64_t n = head_uint(v, f);
    uint32_t shift = 64 - 8 * f->width;
    return (int64_t)(n << shift) >> shift;
}

static struct tb_str head_text(const struct tb_view *v, const struct field *f)
{
    struct tb_text t;
    memcpy(&t, (const uint8_t *)v->head + f->head, sizeof t);
    return tb_view_text(v, t);
}

static void out_field(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v,
                      const struct field *f)
{
    struct tb_str s;
    switch (f->type) {
    case STR:
        s = head_text(v, f);
        if (s.n > 0)
            tb_json_out_key_str(o, f->name, s);
        break;
    case JSON:
        s = head_text(v, f);
        if (s.n > 0) {
            tb_json_out_key(o, f->name);
            tb_json_out_raw(o, s);
        }
        break;
    case INT:
        tb_json_out_key_i64(o, f->name, (int64_t)head_uint(v, f));
        break;
    case SINT:
        tb_json_out_key_i64(o, f->name, head_int(v, f));
        break;
    case BOOL:
        tb_json_out_key_bool(o, f->name, head_uint(v, f) != 0);
        break;
    case WORD:
        tb_out_word(o, f->name, f->words, f->more, head_uint(v, f));
        break;
    case TIME:
        tb_out_time(o, f->name, head_int(v, f));
        break;
    case CODE:
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

/* One object {1 = number, 2 = packed}; false: there is no room to unpack it. */
static bool out_object(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, struct tb_str s)
{
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    if (!tb_view_read(kind, tb_wire_str(s, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return false;
    }
    const struct tb_config *c = v.head;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(&v, c->code));
    tb_json_out_key_i64(o, "version", c->version);
    for (uint32_t i = 0; i < shapes[kind].n; i++)
        out_field(w, o, &v, &shapes[kind].field[i]);
    out_special(w, o, kind, &v);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
    return true;
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
    (void)out_object(w, o, kind_of_path(w), tb_wire_str(tb_work_answer(w), 1));
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
