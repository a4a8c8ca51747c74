// SPDX-License-Identifier: Apache-2.0
/* http/op_config_tables.c - one table a kind says each field of what a tenant declares once (op_config.h).
 *
 * Words that other files need are in words.c. */
#include "http/op_config.h"

#include "base/num.h"

#define ROW(cmd, head_type, n, t, needed, c, h, lo, hi)                                                \
    {                                                                                                  \
        .name = n, .type = TB_CONFIG_##t, .need = needed, .width = sizeof(((struct head_type *)0)->h), \
        .in = offsetof(struct cmd, c), .head = offsetof(struct head_type, h), .min = lo,               \
        .max = hi                                                                                      \
    }
#define WORDS(cmd, head_type, n, needed, c, h, w)                                                      \
    {                                                                                                  \
        .name = n, .type = TB_CONFIG_WORD, .need = needed,                                             \
        .width = sizeof(((struct head_type *)0)->h), .in = offsetof(struct cmd, c),                    \
        .head = offsetof(struct head_type, h), .words = w, .more = TB_COUNT_OF(w)                      \
    }
#define REF(cmd, head_type, n, needed, c, h, k)                                                        \
    {                                                                                                  \
        .name = n, .type = TB_CONFIG_CODE, .need = needed, .width = 4, .in = offsetof(struct cmd, c),  \
        .head = offsetof(struct head_type, h), .max = TB_CODE_MAX, .more = k                           \
    }
#define MAX TB_AMOUNT_MAX

/* ---- words: journaled numbers, in the order of the enums in core ------------------------------------- */

static const char *const unit_kinds[] = {"points", "qualifying", "stored_value", "coupon", "gift_card", "budget"};
static const char *const negatives[] = {"only_pending", "within_balance", "unlimited"};
static const char *const releases[] = {"at_once", "after_days", "on_date", "on_event"};
static const char *const expiries[] = {"none", "rolling_days", "rolling_months", "calendar_date",
                                       "sliding_days"};
static const char *const roundings[] = {"none",  "day",     "iso_week", "month",
                                        "quarter", "half_year", "year"};
static const char *const periods[] = {"none", "day", "iso_week", "month", "year", "lifetime"};
static const char *const ns_classes[] = {"unique", "strong", "weak", "ephemeral"};
static const char *const ns_scopes[] = {"person", "device", "household"};
static const char *const normalisers[] = {"generic", "phone", "email", "mac", "card"};
static const char *const claims[] = {"forgive", "collect", "block"};
static const char *const touch_kinds[] = {"other",        "till",       "probe",   "face",
                                          "gate",         "wifi",       "scan",    "web",
                                          "mini_program", "app",        "account", "delivery",
                                          "associate",    "service_desk", "import"};
static const char *const attribute_types[] = {"int", "bool", "text", "date", "time", "choice"};
static const char *const rule_kinds[] = {"earn", "tier", "enrol", "pay"};
static const char *const measures[] = {"qualifying", "spend", "visits"};
static const char *const windows[] = {"rolling", "calendar_year", "member_year", "lifetime"};
static const char *const downgrades[] = {"one_down", "balance", "none"};
static const char *const refunds[] = {"sticky", "reevaluated"};

/* ---- tables ------------------------------------------------------------------------------------------ */

#define T(n, t, needed, c, h, lo, hi) ROW(tb_cmd_tenant_put, tb_tenant, n, t, needed, c, h, lo, hi)
static const struct tb_config_field tenant_fields[] = {
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
static const struct tb_config_field unit_fields[] = {
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
    U("by_hand_day_max", INT, false, by_hand_day_max, 0, MAX),
    U("stock", INT, false, stock, 0, MAX),
    U("claim_from", TIME, false, claim_from_ms, 0, 0), U("claim_until", TIME, false, claim_until_ms, 0, 0),
    U("valid_from", TIME, false, valid_from_ms, 0, 0), U("valid_until", TIME, false, valid_until_ms, 0, 0),
    U("wait_days", INT, false, wait_days, 0, 3660), U("claim_code", STR, false, claim_code, 0, TB_CODE_MAX),
};
#undef U
#undef UW
#define N(n, t, needed, m, lo, hi) ROW(tb_cmd_namespace_put, tb_namespace, n, t, needed, m, m, lo, hi)
#define NW(n, needed, m, w) WORDS(tb_cmd_namespace_put, tb_namespace, n, needed, m, m, w)
static const struct tb_config_field namespace_fields[] = {
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
static const struct tb_config_field store_fields[] = {
    ROW(tb_cmd_store_put, tb_store_place, "name", STR, true, name, c.name, 1, TB_NAME_MAX),
    S("latitude_e7", SINT, latitude_e7, latitude_e7, -900000000, 900000000),
    S("longitude_e7", SINT, longitude_e7, longitude_e7, -1800000000, 1800000000),
    S("trade_radius_m", INT, trade_radius_m, trade_radius_m, 0, 1000000),
    S("region", STR, region, region, 0, TB_NAME_MAX),
    S("closed", BOOL, closed, closed, 0, 1),
};
#undef S
#define P(n, t, m, h, lo, hi) ROW(tb_cmd_product_put, tb_product, n, t, false, m, h, lo, hi)
static const struct tb_config_field product_fields[] = {
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
static const struct tb_config_field associate_fields[] = {
    ROW(tb_cmd_associate_put, tb_associate, "name", STR, true, name, c.name, 1, TB_NAME_MAX),
    REF(tb_cmd_associate_put, tb_associate, "store", false, store, store, TB_KIND_STORE),
    ROW(tb_cmd_associate_put, tb_associate, "left", BOOL, false, left, left, 0, 1),
};
static const struct tb_config_field touchpoint_fields[] = {
    ROW(tb_cmd_touchpoint_put, tb_touchpoint, "name", STR, false, name, c.name, 0, TB_NAME_MAX),
    WORDS(tb_cmd_touchpoint_put, tb_touchpoint, "kind", true, kind, kind, touch_kinds),
    REF(tb_cmd_touchpoint_put, tb_touchpoint, "store", false, store, store, TB_KIND_STORE),
    ROW(tb_cmd_touchpoint_put, tb_touchpoint, "visit_gap_s", INT, false, visit_gap_s, visit_gap_s,
        0, 86400),
};
static const struct tb_config_field attribute_fields[] = {
    WORDS(tb_cmd_attribute_put, tb_attribute_decl, "type", true, type, type, attribute_types),
    REF(tb_cmd_attribute_put, tb_attribute_decl, "purpose", true, purpose, purpose, TB_KIND_PURPOSE),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "benefit", STR, true, benefit, benefit, 1, 500),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "retention_days", INT, true, retention_days, retention_days, 1, 36500),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "personal", BOOL, false, personal, personal, 0, 1),
    ROW(tb_cmd_attribute_put, tb_attribute_decl, "is_name", BOOL, false, is_name, is_name, 0, 1),
};
static const struct tb_config_field purpose_fields[] = {
    ROW(tb_cmd_purpose_put, tb_purpose, "text", STR, true, text, text, 1, 4000),
    ROW(tb_cmd_purpose_put, tb_purpose, "text_version", INT, true, text_version, text_version, 1,
        1000000),
    ROW(tb_cmd_purpose_put, tb_purpose, "marketing", BOOL, false, marketing, marketing, 0, 1),
};
#define R(n, t, needed, m, h, lo, hi) ROW(tb_cmd_rule_put, tb_rule, n, t, needed, m, h, lo, hi)
static const struct tb_config_field rule_fields[] = {
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
static const struct tb_config_field scheme_fields[] = {
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
static const struct tb_config_field webhook_fields[] = {
    ROW(tb_cmd_webhook_put, tb_webhook, "url", STR, true, url, url, 10, 512),
    ROW(tb_cmd_webhook_put, tb_webhook, "disabled", BOOL, false, disabled, disabled, 0, 1),
};
#undef MAX

#define SHAPE_OF(k, f) [k] = {k, f, TB_COUNT_OF(f)}
const struct tb_config_shape tb_config_shapes[TB_KINDS] = {
    SHAPE_OF(TB_KIND_TENANT, tenant_fields),       SHAPE_OF(TB_KIND_UNIT, unit_fields),
    SHAPE_OF(TB_KIND_NAMESPACE, namespace_fields), SHAPE_OF(TB_KIND_STORE, store_fields),
    SHAPE_OF(TB_KIND_PRODUCT, product_fields),     SHAPE_OF(TB_KIND_ASSOCIATE, associate_fields),
    SHAPE_OF(TB_KIND_TOUCHPOINT, touchpoint_fields),
    SHAPE_OF(TB_KIND_ATTRIBUTE, attribute_fields), SHAPE_OF(TB_KIND_PURPOSE, purpose_fields),
    SHAPE_OF(TB_KIND_RULE, rule_fields),           SHAPE_OF(TB_KIND_TIER_SCHEME, scheme_fields),
    SHAPE_OF(TB_KIND_WEBHOOK, webhook_fields),
};
