// SPDX-License-Identifier: Apache-2.0
/* core/catalog/commands.h - what a caller gives to declare, read and list objects.
 *
 * Refusals in order of precedence, for every put:
 *   NOT_FOUND "" the command's tenant does not exist · INVALID "code" · CODE_TAKEN
 *   (a key of another tenant) · KEY_REVOKED · VERSION_CONFLICT
 *   "expected_version" · INVALID of the other fields, in the order of the input struct,
 *   TOO_MANY of a list among them · UNKNOWN_* of what the fields name, in the same order ·
 *   INVALID of a field that may not change · EXPRESSION (rules) · TOO_LARGE ·
 *   TOO_MANY "" · CODE_TAKEN (two codes with one 64-bit hash: never seen, still answered).
 * Inputs are borrowed for the call. Pure; the cell's thread alone.                     */
#ifndef TB_CORE_CATALOG_COMMANDS_H
#define TB_CORE_CATALOG_COMMANDS_H

#include "core/catalog/objects.h"

/* ---- input structs ----------------------------------------------------------------------- */

#define TB_VERSION_ANY UINT64_C(0)
#define TB_VERSION_NONE UINT64_MAX /* the object must not exist */

/* Codes: of units, namespaces, touchpoints, purposes, rules, schemes, tiers, keys,
 * webhooks, tenants 1-64 of [A-Za-z0-9._:-], beginning with a letter or digit; of
 * attributes [a-z][a-z0-9_]*, at most 40; of stores, products and associates, which other
 * systems made, 1-64 bytes of UTF-8 without control characters, not beginning or ending
 * with a space.
 *
 * Answer body of every put: 1 = number, 2 = version, 3 = 1 when it was created, 4 = 1 when
 * it was changed; of an EXPRESSION refusal: 1 = byte offset, 2 = line, 3 = column,
 * 4 = sentence.                                                                          */
struct tb_put {
    struct tb_str code;
    uint64_t expected_version;
};

/* Creates a tenant (with tenant 0) or changes it. A new tenant gets its namespaces:
 * erp_id, unionid, phone, email, alipay, card, payment_token, item_code, device,
 * wifi_mac, face, cookie, and the touchpoints till, web, mini_program, import. openid
 * namespaces are put per app, as openid:<app>. Purposes are the tenant's own words.     */
struct tb_cmd_tenant_put {
    struct tb_put put;
    struct tb_str name;
    struct tb_str zone;     /* IANA name */
    struct tb_str currency; /* ISO 4217 */
    uint64_t switches;
    int64_t accept_days;    /* 0 .. 36500 */
    int64_t claim_policy;   /* enum tb_claim_policy */
    int64_t regular_orders; /* 0 .. 1000 */
    int64_t guess_caller;   /* 0 .. TB_GUESS_LIMIT_MAX: wrong item codes an hour, 0 = the default */
    int64_t guess_tenant;   /* likewise, of all callers together */
};
#define TB_GUESS_LIMIT_MAX 1000000000

/* The key belongs to the command's tenant. */
struct tb_cmd_key_put {
    struct tb_put put;
    struct tb_str hash; /* 32 bytes */
    uint64_t roles;
    uint64_t scopes;
    struct tb_str store; /* code; empty = every store */
    struct tb_str name;
    int64_t expires_ms; /* 0 = never */
    bool renew; /* only another hash for a key that is in force (else NOT_FOUND); the rest is not read */
};

/* NOT_FOUND; a key that is revoked already stays as it is. Answer as of a put. */
struct tb_cmd_key_revoke {
    struct tb_str code;
};

struct tb_cmd_unit_put {
    struct tb_put put;
    struct tb_str name;
    int64_t kind;
    int64_t negative;
    int64_t release;
    int64_t release_n; /* AFTER_DAYS: 1 .. 3660; ON_DATE: a month * 100 + day of every year */
    int64_t expiry;
    int64_t expiry_n; /* days 1 .. 36600, months 1 .. 1200, month * 100 + day; NONE: 0 */
    int64_t rounding;
    int64_t earn_cap;
    int64_t earn_cap_period; /* NONE if and only if earn_cap is 0 */
    int64_t earn_cap_order;
    bool earn_cap_rejects;
    int64_t balance_max;
    int64_t spend_cap;
    int64_t spend_cap_period;
    int64_t restore_grace_days; /* 0 .. 3660 */
    int64_t face_ppm;
    int64_t expected_ppm; /* 0 .. 1,000,000; core/books: from now on, what is past is not restated */
    /* COUPON and GIFT_CARD alone; see struct tb_unit. A coupon has no negative balance, no release
     * rule, no spend cap, and its earn cap (how many one member may have in a period) rejects. */
    int64_t stock;
    int64_t claim_from_ms;
    int64_t claim_until_ms;
    int64_t valid_from_ms;
    int64_t valid_until_ms;
    int64_t wait_days;
    uint64_t flags;
    struct tb_str claim_code; /* as a code of a unit; unique among the tenant's claim codes */
    /* Units that pay (POINTS, STORED_VALUE, GIFT_CARD; else 0): see struct tb_unit. */
    int64_t pay_min;
    int64_t pay_step;
    int64_t pay_share_ppm; /* 0 .. 1,000,000 */
    /* Prepaid value: STORED_VALUE and GIFT_CARD (core/card/card.h); else 0 and empty. */
    int64_t anonymous_max;
    int64_t rest_max;
    int64_t top_up_min; /* STORED_VALUE, as all that follow but item */
    int64_t top_up_max;
    struct tb_str bonus_unit;
    int64_t bonus_back; /* enum tb_bonus_back */
    int64_t spend_order; /* 0 .. 1000 */
    const struct tb_unit_step *step; /* rising; with bonus_unit */
    uint32_t step_n;
    struct tb_str item; /* GIFT_CARD: sku */
    int64_t by_hand_max; /* 0 .. TB_AMOUNT_MAX; POINTS, QUALIFYING, STORED_VALUE, GIFT_CARD, else 0 */
    int64_t by_hand_day_max; /* as by_hand_max */
};

struct tb_cmd_namespace_put {
    struct tb_put put;
    int64_t class_no;
    int64_t scope; /* EPHEMERAL: DEVICE, and only it */
    int64_t priority;
    int64_t limit;
    int64_t window_days;
    int64_t tenure_gap_days;
    int64_t normaliser;
    bool hashed_only;
    int64_t retention_days; /* EPHEMERAL: 1 .. 3660 */
    bool needs_verification;
    const struct tb_blocked *blocked; /* any order */
    uint32_t blocked_n;
};

struct tb_cmd_store_put {
    struct tb_put put;
    struct tb_str name;
    int64_t latitude_e7;
    int64_t longitude_e7;
    int64_t trade_radius_m; /* 0 .. 1,000,000 */
    struct tb_str region;
    bool closed;
};

struct tb_cmd_product_put {
    struct tb_put put;
    struct tb_str name;
    struct tb_str category;
    struct tb_str brand;
    int64_t price;
    int64_t cost;
    struct tb_str barcode; /* digits, 8-14, or empty */
    bool weighed;
    int64_t supply_days;
    int64_t life_from_months;
    int64_t life_to_months;
    bool never_promoted;
    struct tb_str attributes; /* JSON object, checked by the border */
};

struct tb_cmd_associate_put {
    struct tb_put put;
    struct tb_str name;
    struct tb_str store; /* code, may be empty */
    bool left;
};

struct tb_cmd_touchpoint_put {
    struct tb_put put;
    struct tb_str name;
    int64_t kind;
    struct tb_str store; /* code, may be empty */
    int64_t visit_gap_s; /* 0 .. 86400 */
};

struct tb_cmd_attribute_put {
    struct tb_put put;
    int64_t type;
    struct tb_str purpose; /* code */
    struct tb_str benefit; /* what the member gets for telling, 1-500 bytes */
    int64_t retention_days; /* 1 .. 36500 */
    bool personal;
    bool is_name; /* TEXT alone: members are found by it, also by pinyin */
    const struct tb_str *choice; /* CHOICE: 1 or more, all different */
    uint32_t choice_n;
};

struct tb_cmd_purpose_put {
    struct tb_put put;
    struct tb_str text; /* what the member agrees to, 1-4000 bytes */
    int64_t text_version; /* >= 1 */
    bool marketing;
};

struct tb_cmd_rule_put {
    struct tb_put put;
    struct tb_str name;
    int64_t kind;
    struct tb_str unit;      /* EARN, ENROL */
    struct tb_str scheme;    /* TIER */
    struct tb_str condition; /* empty = always */
    struct tb_str amount;
    int64_t from_ms;
    int64_t until_ms; /* 0 = open */
    int64_t priority; /* 0 .. 1,000,000 */
    bool disabled;
};

struct tb_tier_input {
    struct tb_str code;
    struct tb_str name;
    int64_t reach;
    int64_t keep;
    struct tb_str benefits; /* JSON object, checked by the border */
    bool never_downgrade;
};

struct tb_cmd_tier_scheme_put {
    struct tb_put put;
    struct tb_str name;
    int64_t measure;
    int64_t window;
    int64_t window_months; /* ROLLING: 1 .. 36; else 0 */
    int64_t validity_months; /* 0 .. 120 */
    int64_t grace_days;      /* 0 .. 366 */
    int64_t downgrade;
    int64_t on_refund;
    struct tb_str unit; /* QUALIFYING; else empty */
    const struct tb_tier_input *tier; /* the base first */
    uint32_t tier_n;
};

struct tb_cmd_webhook_put {
    struct tb_put put;
    struct tb_str url;    /* http:// or https://, at most 512 bytes */
    struct tb_str secret; /* sealed by the border, 16-256 bytes */
    uint64_t events;
    bool disabled;
};

/* Answer body: 1 = {1 = number, 2 = packed block}. NOT_FOUND when the command's tenant has
 * no such object; tenant 0 sees tenants and every tenant's objects by number.            */
struct tb_cmd_object_get {
    enum tb_kind kind; /* TENANT, UNIT .. KEY, WEBHOOK */
    struct tb_str code; /* or empty: */
    uint64_t id;
};

/* Objects with numbers above after, rising. Answer body: 1 = {1 = number, 2 = packed block},
 * repeated, then 2 = the cursor to go on from (absent: that was all). A page may hold
 * fewer than limit, even none, and still have a cursor: the work of one call is bounded. */
struct tb_cmd_object_list {
    enum tb_kind kind;
    uint64_t after;
    uint32_t limit; /* 1 .. 100 */
};

/* ---- commands (core/ops.h) --------------------------------------------------------------- */

enum tb_outcome tb_catalog_tenant_put(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a);
enum tb_outcome tb_catalog_key_put(struct tb_txn *t, const struct tb_command *cmd,
                                   struct tb_answer *a);
enum tb_outcome tb_catalog_key_revoke(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a);
enum tb_outcome tb_catalog_unit_put(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a);
enum tb_outcome tb_catalog_namespace_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a);
enum tb_outcome tb_catalog_store_put(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a);
enum tb_outcome tb_catalog_product_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a);
enum tb_outcome tb_catalog_associate_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a);
enum tb_outcome tb_catalog_touchpoint_put(struct tb_txn *t, const struct tb_command *cmd,
                                          struct tb_answer *a);
enum tb_outcome tb_catalog_attribute_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a);
enum tb_outcome tb_catalog_purpose_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a);
enum tb_outcome tb_catalog_rule_put(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a);
enum tb_outcome tb_catalog_tier_scheme_put(struct tb_txn *t, const struct tb_command *cmd,
                                           struct tb_answer *a);
enum tb_outcome tb_catalog_webhook_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a);
enum tb_outcome tb_catalog_object_get(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a);
enum tb_outcome tb_catalog_object_list(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a);

#endif
