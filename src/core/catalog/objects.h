// SPDX-License-Identifier: Apache-2.0
/* core/catalog/objects.h - configuration and catalog: what a tenant declares once.
 *
 * Every object here is a block whose head begins with struct tb_config and whose
 * section 0 holds the bytes of its texts; a text is an (offset, length) pair into it.
 * An object is named outside by its code, unique per tenant and kind (a key's code and
 * a tenant's code: per cell), and inside by its number. A put creates or replaces the
 * whole object; when nothing differs no event is written and the version stays.
 * Nothing is ever removed: an object that is no longer wanted is closed, disabled or
 * revoked, because history names it.
 *
 * What cannot change later: a tenant's zone and currency, a unit's kind, a namespace's
 * class, scope, normaliser and hashed_only, an attribute's type, personal and choices
 * (adding at the end is allowed), a scheme's tiers (likewise), a rule's kind, a
 * purpose's text without a higher text_version, a key's tenant and hash.
 *
 * Not here: the commands and their inputs (commands.h), what rules may say (rule_env.h).
 * Heads are multiples of 8 bytes; shapes.c asserts it. Pure; the cell's thread alone.  */
#ifndef TB_CORE_CATALOG_OBJECTS_H
#define TB_CORE_CATALOG_OBJECTS_H

#include "core/core.h"
#include "events.gen.h"

/* ---- bounds per tenant ------------------------------------------------------------------- */

#define TB_TENANTS_MAX 10000u /* per cell */
#define TB_UNITS_MAX 256u
#define TB_COUPON_UNITS_MAX 20000u /* templates, gift cards and budgets together */
#define TB_CAMPAIGNS_MAX 1024u
#define TB_NAMESPACES_MAX 64u
#define TB_RULES_MAX 1024u
#define TB_SCHEMES_MAX 16u
#define TB_TIERS_MAX 100u
#define TB_ATTRIBUTES_MAX 256u
#define TB_CHOICES_MAX 200u
#define TB_PURPOSES_MAX 64u
#define TB_WEBHOOKS_MAX 32u
#define TB_BLOCKED_MAX 10000u
#define TB_STORES_MAX 20000u
#define TB_TOUCHPOINTS_MAX 20000u
#define TB_ASSOCIATES_MAX 200000u
#define TB_PRODUCTS_MAX 2000000u
#define TB_KEYS_MAX 2000u
#define TB_CODE_MAX 64u      /* bytes of a code */
#define TB_NAME_MAX 200u     /* bytes of a name */
#define TB_CATEGORY_MAX 160u /* bytes of a category path, at most 8 levels */
#define TB_JSON_MAX 4096u    /* bytes of what is kept "as given" */
#define TB_WINDOW_DAYS_MAX 1100u /* longest window of a rule or tier scheme */

/* ---- enums: numbers are journaled, never renumber ---------------------------------------- */
/* TB_<NAME>S is how many there are. */

enum tb_unit_kind {
    TB_UNIT_POINTS = 0,
    TB_UNIT_QUALIFYING,   /* 成长值: measured, never spent */
    TB_UNIT_STORED_VALUE, /* minor units of the tenant's currency */
    /* From here on not in the tenant's list of units: there may be thousands. */
    TB_UNIT_COUPON,    /* a coupon template: every lot is one coupon */
    TB_UNIT_GIFT_CARD, /* minor units on cards */
    TB_UNIT_BUDGET,    /* a campaign's: made with it, never put */
};
#define TB_UNIT_KINDS 6u
#define TB_UNIT_KINDS_LISTED 3u

enum tb_unit_flag {
    TB_UNIT_MEMBERS_ONLY = 1, /* COUPON: only enrolled members may have one */
    TB_UNIT_GIVABLE = 2,      /* COUPON, prepaid value: may be given to another member */
    TB_UNIT_EARNED_AT_SALE = 4, /* prepaid value: its sale earned, so paying with it does not */
};
#define TB_UNIT_FLAGS_ALL 3u     /* of a coupon */
#define TB_UNIT_FLAGS_PREPAID 6u /* of STORED_VALUE and GIFT_CARD */

/* What of the bonus goes when principal is paid back. */
enum tb_bonus_back {
    TB_BONUS_IN_PROPORTION = 0, /* the same part, half up */
    TB_BONUS_FIRST,             /* all of it, whatever the part */
    TB_BONUS_NOTHING_BACK,      /* principal is not paid back */
};
#define TB_BONUS_BACKS 3u
#define TB_UNIT_STEPS_MAX 20u

enum tb_negative_policy {
    TB_NEGATIVE_ONLY_PENDING = 0, /* a claw-back takes from pending amounts only */
    TB_NEGATIVE_WITHIN_BALANCE,   /* ... and from the balance, down to 0 */
    TB_NEGATIVE_UNLIMITED,        /* ... and leaves a debt */
};
#define TB_NEGATIVE_POLICIES 3u

enum tb_release_kind {
    TB_RELEASE_AT_ONCE = 0,
    TB_RELEASE_AFTER_DAYS, /* at the end of that tenant's day */
    TB_RELEASE_ON_DATE,    /* the next month * 100 + day after the earning */
    TB_RELEASE_ON_EVENT,   /* the RELEASE command */
};
#define TB_RELEASE_KINDS 4u

enum tb_expiry_kind {
    TB_EXPIRY_NONE = 0,
    TB_EXPIRY_ROLLING_DAYS,
    TB_EXPIRY_ROLLING_MONTHS,
    TB_EXPIRY_CALENDAR_DATE, /* the next month * 100 + day after the earning */
    TB_EXPIRY_SLIDING_DAYS,  /* days since the member's last movement in the unit */
};
#define TB_EXPIRY_KINDS 5u

enum tb_expiry_rounding { /* usable until the end of the ... */
    TB_ROUNDING_NONE = 0, /* exact instant */
    TB_ROUNDING_DAY,
    TB_ROUNDING_ISO_WEEK,
    TB_ROUNDING_MONTH,
    TB_ROUNDING_QUARTER,
    TB_ROUNDING_HALF_YEAR,
    TB_ROUNDING_YEAR,
};
#define TB_EXPIRY_ROUNDINGS 7u

enum tb_cap_period {
    TB_PERIOD_NONE = 0,
    TB_PERIOD_DAY,
    TB_PERIOD_ISO_WEEK,
    TB_PERIOD_MONTH,
    TB_PERIOD_YEAR,
    TB_PERIOD_LIFETIME,
};
#define TB_CAP_PERIODS 6u
/* First day of the period that holds the day; of a lifetime always the same. Every counter
 * with a period (caps, a campaign's limits, tasks) is kept under it.                     */
int32_t tb_period_start(enum tb_cap_period period, int32_t day);

enum tb_namespace_class {
    TB_CLASS_UNIQUE = 0, /* a person has one value */
    TB_CLASS_STRONG,     /* joins, within limits */
    TB_CLASS_WEAK,       /* suggests */
    TB_CLASS_EPHEMERAL,  /* forms device nodes that expire */
};
#define TB_NAMESPACE_CLASSES 4u

enum tb_namespace_scope { TB_SCOPE_PERSON = 0, TB_SCOPE_DEVICE, TB_SCOPE_HOUSEHOLD };
#define TB_NAMESPACE_SCOPES 3u

enum tb_normaliser { /* carried out at the border; numbers of enum tb_identifier_kind */
    TB_NORMALISE_GENERIC = 0,
    TB_NORMALISE_PHONE,
    TB_NORMALISE_EMAIL,
    TB_NORMALISE_MAC,
    TB_NORMALISE_CARD,
};
#define TB_NORMALISERS 5u

enum tb_tenant_switch { /* bits */
    TB_TENANT_PROBES = 1,
    TB_TENANT_FACES = 2,
};
#define TB_TENANT_SWITCHES_ALL 3u

/* What an unmerge does about value that one side drew from the other's lots. */
enum tb_claim_policy { TB_CLAIM_FORGIVE = 0, TB_CLAIM_COLLECT, TB_CLAIM_BLOCK };
#define TB_CLAIM_POLICIES 3u

enum tb_tenant_count { /* struct tb_tenant.counts, kept by the rooms that change them */
    TB_COUNT_PERSONS = 0,
    TB_COUNT_FOLLOWERS,
    TB_COUNT_MEMBERS,
    TB_COUNT_BUYERS,
    TB_COUNT_REGULARS,
    TB_COUNT_ANONYMOUS_CARDS,
    TB_COUNT_DEVICES,
    TB_COUNT_REFUSED_ATTRIBUTES,
    TB_COUNT_FROZEN,
    TB_COUNT_RESERVED_9,
    TB_COUNT_RESERVED_10,
    TB_COUNT_RESERVED_11,
};
#define TB_TENANT_COUNTS 12u

enum tb_touchpoint_kind {
    TB_TOUCH_OTHER = 0,
    TB_TOUCH_TILL,
    TB_TOUCH_PROBE, /* WiFi probe: PROBE commands */
    TB_TOUCH_FACE,  /* entrance camera: PROBE commands */
    TB_TOUCH_GATE,
    TB_TOUCH_WIFI, /* captive portal */
    TB_TOUCH_SCAN, /* item code, shelf code */
    TB_TOUCH_WEB,
    TB_TOUCH_MINI_PROGRAM,
    TB_TOUCH_APP,
    TB_TOUCH_ACCOUNT, /* official account: following it is a contact */
    TB_TOUCH_DELIVERY,
    TB_TOUCH_ASSOCIATE,
    TB_TOUCH_SERVICE_DESK,
    TB_TOUCH_IMPORT,
};
#define TB_TOUCHPOINT_KINDS 15u

enum tb_attribute_type {
    TB_ATTRIBUTE_INT = 0,
    TB_ATTRIBUTE_BOOL,
    TB_ATTRIBUTE_TEXT,
    TB_ATTRIBUTE_DATE,   /* civil day */
    TB_ATTRIBUTE_TIME,   /* instant */
    TB_ATTRIBUTE_CHOICE, /* index of the declared choice */
};
#define TB_ATTRIBUTE_TYPES 6u

enum tb_rule_kind {
    TB_RULE_EARN = 0, /* an order earns amount units of unit when condition holds */
    TB_RULE_TIER,     /* the member is at least in tier number amount of scheme */
    TB_RULE_ENROL,    /* an enrolment earns amount units of unit */
    TB_RULE_PAY,      /* one unit of unit pays amount of an order: before face_ppm, the first that holds */
};
#define TB_RULE_KINDS 4u
#define TB_FACE_PPM_MAX INT64_C(1000000000000) /* of a unit */

enum tb_tier_measure { TB_MEASURE_QUALIFYING = 0, TB_MEASURE_SPEND, TB_MEASURE_VISITS };
#define TB_TIER_MEASURES 3u

enum tb_tier_window {
    TB_WINDOW_ROLLING = 0,   /* [t - window_n months, t) */
    TB_WINDOW_CALENDAR_YEAR, /* since 1 January in the tenant's zone */
    TB_WINDOW_MEMBER_YEAR,   /* since the last anniversary of the enrolment */
    TB_WINDOW_LIFETIME,
};
#define TB_TIER_WINDOWS 4u

enum tb_tier_downgrade { TB_DOWNGRADE_ONE_DOWN = 0, TB_DOWNGRADE_BALANCE, TB_DOWNGRADE_NONE };
#define TB_TIER_DOWNGRADES 3u

enum tb_tier_on_refund { TB_REFUND_STICKY = 0, TB_REFUND_REEVALUATED };
#define TB_TIER_ON_REFUNDS 2u

enum tb_key_role { /* bits */
    TB_KEY_OWNER = 1,
    TB_KEY_MARKETER = 2,
    TB_KEY_STORE = 4, /* a till */
    TB_KEY_ASSOCIATE = 8,
    TB_KEY_SERVICE = 16, /* service desk */
    TB_KEY_AUDITOR = 32,
    TB_KEY_DEVELOPER = 64,
    TB_KEY_OPERATOR = 128, /* of the cell; only with tenant 0 */
};
#define TB_KEY_ROLES_ALL 255u

enum tb_tender_kind {
    TB_TENDER_OTHER = 0,
    TB_TENDER_CASH,
    TB_TENDER_CARD,
    TB_TENDER_WECHAT,
    TB_TENDER_ALIPAY,
    TB_TENDER_UNIONPAY,
    TB_TENDER_STORED_VALUE,
    TB_TENDER_POINTS,
    TB_TENDER_GIFT_CARD,
    TB_TENDER_VOUCHER,
};
#define TB_TENDER_KINDS 10u

/* ---- heads and sections ------------------------------------------------------------------ */

/* A text in the block's BYTES, section 0. n = 0: none. */
struct tb_text {
    uint32_t at;
    uint32_t n;
};

#define TB_CONFIG_BYTES 0 /* section of every kind below */

/* The beginning of every head below. */
struct tb_config {
    uint32_t tenant;  /* of a tenant: itself; of an operator's key: 0 */
    uint32_t version; /* 1 at creation, one more with each change */
    uint64_t content; /* fingerprint of the last put, to tell "nothing differs" */
    struct tb_text code;
    struct tb_text name;
};

/* One of the tenant's objects, in order of creation; never removed, never reordered. */
struct tb_listed {
    uint32_t id;
    uint32_t tag; /* unit, rule: kind; namespace: priority; attribute: type; else 0 */
};

enum tb_tenant_section {
    TB_TENANT_BYTES = TB_CONFIG_BYTES,
    TB_TENANT_UNIT, /* struct tb_listed, and so on */
    TB_TENANT_NAMESPACE,
    TB_TENANT_RULE,
    TB_TENANT_SCHEME,
    TB_TENANT_ATTRIBUTE,
    TB_TENANT_PURPOSE,
    TB_TENANT_WEBHOOK,
    TB_TENANT_CAMPAIGN, /* tag: the offer that is live, 0 = none */
    TB_TENANT_GAME, /* tag: enum tb_game_kind */
    TB_TENANT_SECTIONS
};

struct tb_tenant {
    struct tb_config c;
    struct tb_text zone;
    uint8_t currency[4]; /* "CNY", zero-terminated */
    uint32_t currency_digits;
    uint32_t switches;       /* enum tb_tenant_switch */
    uint32_t accept_days;    /* oldest event still accepted; 0 = any age */
    uint32_t claim_policy;   /* enum tb_claim_policy */
    uint32_t regular_orders; /* a buyer with that many orders is a regular; 0 = nobody */
    uint32_t window_days;    /* longest window that a rule or scheme ever asked for */
    uint32_t reserved;
    uint64_t feed_next; /* number of the next entry in the tenant's feed */
    int64_t counts[TB_TENANT_COUNTS];
    uint32_t objects[32]; /* [enum tb_kind], [TB_OBJECTS_...]: how many the tenant has */
    uint32_t guess_caller; /* wrong item codes an hour, of a caller and of all (core/code/code.h); ... */
    uint32_t guess_tenant; /* ... 0 = the default */
};

/* Places of tb_tenant.objects for what has no kind below 32 of its own. */
#define TB_OBJECTS_COUPON_UNIT 21u
#define TB_OBJECTS_CAMPAIGN 22u
#define TB_OBJECTS_GAME 23u
#define TB_OBJECTS_CHANNEL 24u
#define TB_OBJECTS_ISSUE 29u
#define TB_OBJECTS_COUPON_CODE 30u
#define TB_OBJECTS_GOODS 28u
#define TB_OBJECTS_REQUEST 25u /* that wait (core/approval) */
#define TB_OBJECTS_ERASURE 26u /* requests to be erased that wait */

enum tb_unit_section { TB_UNIT_BYTES = TB_CONFIG_BYTES, TB_UNIT_STEP, TB_UNIT_SECTIONS };

struct tb_unit_step {
    int64_t at;    /* top-up of that much or more ... */
    int64_t bonus; /* ... gives so much of the bonus unit */
};

struct tb_unit {
    struct tb_config c;
    uint8_t kind;     /* enum tb_unit_kind */
    uint8_t negative; /* enum tb_negative_policy */
    uint8_t release;  /* enum tb_release_kind */
    uint8_t expiry;   /* enum tb_expiry_kind */
    uint8_t rounding; /* enum tb_expiry_rounding */
    uint8_t earn_cap_period;
    uint8_t spend_cap_period;
    uint8_t earn_cap_rejects; /* 1: an earning above earn_cap_order earns nothing; 0: trimmed */
    uint32_t release_n; /* AFTER_DAYS: days; ON_DATE: month * 100 + day */
    uint32_t expiry_n;  /* days, months, or month * 100 + day */
    uint32_t restore_grace_days; /* a refund to an expired lot lives that long; 0 = it is gone */
    uint32_t expected_ppm; /* of what is issued will be redeemed, as the books estimate; 0 = all of it */
    int64_t earn_cap;       /* per period, 0 = none */
    int64_t earn_cap_order; /* per order, 0 = none */
    int64_t balance_max;    /* available + pending, 0 = none */
    int64_t spend_cap;      /* per period, 0 = none */
    int64_t face_ppm;       /* minor currency units that one unit is worth, parts per million */
    /* COUPON and GIFT_CARD */
    int64_t stock;          /* how many may ever be issued, 0 = no bound */
    int64_t claim_from_ms;  /* members may claim within [from, until); until 0 = open */
    int64_t claim_until_ms;
    int64_t valid_from_ms;  /* usable within [from, until), whenever it was issued; until 0 = open */
    int64_t valid_until_ms;
    uint32_t wait_days; /* usable from the start of that day after its issue */
    uint32_t flags;     /* enum tb_unit_flag */
    struct tb_text claim_code; /* public code that claims one; none = not by code */
    /* paying an order with it (core/checkout): floor, step and ceiling of one order */
    int64_t pay_min;       /* units at least, 0 = 1 */
    int64_t pay_step;      /* in multiples of, 0 = 1 */
    int64_t pay_share_ppm; /* of what is payable at most, 0 = all of it */
    /* prepaid value (core/card): STORED_VALUE and GIFT_CARD */
    int64_t anonymous_max; /* on what nobody has registered; 0 = TB_PREPAID_ANONYMOUS_MAX */
    int64_t rest_max;      /* a rest up to that is paid out on request; 0 = TB_PREPAID_REST_MAX */
    int64_t top_up_min;    /* 0 = 1 */
    int64_t top_up_max;    /* 0 = none */
    uint32_t bonus_unit;   /* STORED_VALUE: what a top-up gives besides, 0 = nothing */
    uint32_t item;         /* GIFT_CARD: product, its units are pieces; 0 = money */
    uint32_t spend_order;  /* STORED_VALUE: smaller is spent first (tie: lower number) */
    uint32_t bonus_back;   /* enum tb_bonus_back */
    int64_t by_hand_max;   /* one person adjusts or reverses that much alone (core/approval); 0 = any amount */
    int64_t by_hand_day_max; /* and that much in a day of the tenant's zone; 0 = any amount */
};

enum tb_namespace_section {
    TB_NAMESPACE_BYTES = TB_CONFIG_BYTES,
    TB_NAMESPACE_BLOCKED, /* struct tb_blocked, sorted by key */
    TB_NAMESPACE_SECTIONS
};

struct tb_blocked {
    uint64_t key[2]; /* blind key of the normalised value */
};

struct tb_namespace {
    struct tb_config c; /* no name */
    uint8_t class_no;   /* enum tb_namespace_class */
    uint8_t scope;      /* enum tb_namespace_scope */
    uint8_t normaliser; /* enum tb_normaliser */
    uint8_t hashed_only;
    uint8_t needs_verification; /* an unverified value counts as weak */
    uint8_t zero[3];
    uint32_t priority; /* 1 = highest */
    /* values per person (device scope: persons per value) in the window; 0 = no limit */
    uint32_t limit;
    uint32_t window_days; /* 0 = for ever */
    /* silence after which a verified claim opens a new tenure; 0 = never */
    uint32_t tenure_gap_days;
    uint32_t retention_days;  /* device scope: forgotten after that silence; 0 = kept */
    uint32_t reserved;
};

enum tb_store_section { TB_STORE_BYTES = TB_CONFIG_BYTES, TB_STORE_SECTIONS };

struct tb_store_place {
    struct tb_config c;
    struct tb_text region;
    int32_t latitude_e7;
    int32_t longitude_e7;
    uint32_t trade_radius_m;
    uint32_t closed;
    uint32_t payee; /* profile that what the store earns goes to, 0 = nobody (core/play/play.h) */
    uint32_t reserved;
};

enum tb_product_section { TB_PRODUCT_BYTES = TB_CONFIG_BYTES, TB_PRODUCT_SECTIONS };

struct tb_product {
    struct tb_config c;
    struct tb_text category; /* "food/baby/formula" */
    struct tb_text brand;
    struct tb_text barcode;
    struct tb_text attributes; /* JSON object, as given */
    int64_t price;             /* list price, minor units */
    int64_t cost;
    uint16_t supply_days; /* one piece lasts; 0 = unknown */
    uint16_t life_from_months;
    uint16_t life_to_months; /* inclusive; 0 = no stage of life */
    uint8_t weighed;         /* quantities are thousandths */
    uint8_t never_promoted;
};

enum tb_associate_section { TB_ASSOCIATE_BYTES = TB_CONFIG_BYTES, TB_ASSOCIATE_SECTIONS };

struct tb_associate {
    struct tb_config c;
    uint32_t store; /* 0 = none */
    uint32_t left;  /* 1: no longer there */
    uint32_t payee; /* as of a store */
    uint32_t reserved;
};

enum tb_touchpoint_section { TB_TOUCHPOINT_BYTES = TB_CONFIG_BYTES, TB_TOUCHPOINT_SECTIONS };

struct tb_touchpoint {
    struct tb_config c;
    uint32_t kind;        /* enum tb_touchpoint_kind */
    uint32_t store;       /* 0 = none */
    uint32_t visit_gap_s; /* a probe within that time extends the visit */
    uint32_t reserved;
};

enum tb_attribute_section {
    TB_ATTRIBUTE_BYTES = TB_CONFIG_BYTES,
    TB_ATTRIBUTE_CHOICES, /* struct tb_text */
    TB_ATTRIBUTE_SECTIONS
};

struct tb_attribute_decl {
    struct tb_config c; /* code: an identifier of the expression language; no name */
    struct tb_text benefit;
    uint32_t purpose; /* purpose block */
    uint32_t retention_days;
    uint32_t ordinal; /* place in the tenant's list; rule_env.h makes the slot of it */
    uint8_t type;     /* enum tb_attribute_type */
    uint8_t personal; /* sealed under the profile's key */
    uint8_t is_name;  /* a text that members are found by */
    uint8_t zero;
};

enum tb_purpose_section { TB_PURPOSE_BYTES = TB_CONFIG_BYTES, TB_PURPOSE_SECTIONS };

struct tb_purpose {
    struct tb_config c; /* no name */
    struct tb_text text;
    uint32_t text_version;
    uint32_t marketing;
};

enum tb_rule_section {
    TB_RULE_BYTES = TB_CONFIG_BYTES,
    TB_RULE_CONDITION, /* struct tb_expr_program in words of 8 bytes; rule_env.h */
    TB_RULE_AMOUNT,
    TB_RULE_SECTIONS
};

struct tb_rule {
    struct tb_config c;
    struct tb_text condition; /* source; none = always */
    struct tb_text amount;
    int64_t from_ms;  /* in force from here */
    int64_t until_ms; /* up to, not including; INT64_MAX = open */
    uint32_t unit;    /* EARN, ENROL */
    uint32_t scheme;  /* TIER */
    uint32_t priority; /* smaller first */
    uint32_t attributes; /* how many were declared when it was compiled */
    uint32_t window_days; /* longest window it asks for */
    uint8_t kind;         /* enum tb_rule_kind */
    uint8_t disabled;
    uint8_t broken; /* a newer program's compiler refuses the source: never in force */
    uint8_t zero;
};

enum tb_scheme_section {
    TB_SCHEME_BYTES = TB_CONFIG_BYTES,
    TB_SCHEME_TIER, /* struct tb_tier; [0] is the base, which everybody has */
    TB_SCHEME_SECTIONS
};

struct tb_tier {
    struct tb_text code;
    struct tb_text name;
    struct tb_text benefits; /* JSON, as given */
    int64_t reach; /* measure needed to enter; rises from tier to tier, the base's is 0 */
    int64_t keep;  /* to stay, <= reach; never 0 except in the base (0 on input = reach) */
    uint32_t never_downgrade; /* who has reached it keeps at least it */
    uint32_t reserved;
};

struct tb_tier_scheme {
    struct tb_config c;
    uint32_t unit; /* MEASURE_QUALIFYING; else 0 */
    uint16_t window_months; /* ROLLING */
    uint16_t validity_months; /* a tier holds at least that long; 0 = until it is not kept */
    uint16_t grace_days;
    uint8_t measure;   /* enum tb_tier_measure */
    uint8_t window;    /* enum tb_tier_window */
    uint8_t downgrade; /* enum tb_tier_downgrade */
    uint8_t on_refund; /* enum tb_tier_on_refund */
    uint8_t zero[2];
};

enum tb_key_section {
    TB_KEY_BYTES = TB_CONFIG_BYTES,
    TB_KEY_HAND, /* struct tb_hand_day, a unit at most once */
    TB_KEY_SECTIONS
};

/* What these hands (tb_key_hands) have moved alone on that day, of a unit that bounds it (core/approval). */
struct tb_hand_day {
    uint32_t unit;
    int32_t day;
    int64_t moved; /* > 0; up and down count alike */
};

struct tb_key {
    struct tb_config c;
    uint8_t hash[32]; /* SHA-256 of the secret part */
    uint32_t roles;   /* enum tb_key_role */
    uint32_t store;   /* 0 = every store */
    uint64_t scopes;  /* bits that the border defines */
    int64_t created_ms;
    int64_t expires_ms; /* 0 = never */
    int64_t revoked_ms; /* 0 = it is not */
    uint32_t made_by;   /* key that made it; 0 = unknown, or from outside the cell */
    uint32_t reserved;
};

enum tb_webhook_section { TB_WEBHOOK_BYTES = TB_CONFIG_BYTES, TB_WEBHOOK_SECTIONS };

struct tb_webhook {
    struct tb_config c; /* no name */
    struct tb_text url;
    struct tb_text secret; /* sealed by the border */
    uint64_t events;       /* bits of the feed's event groups; 0 = all */
    uint32_t disabled;
    uint32_t reserved;
};

/* ---- reading ----------------------------------------------------------------------------- */

/* Borrowed from the block: valid as long as it is. */
static inline struct tb_str tb_config_text(const struct tb_txn *t, struct tb_block *b,
                                           struct tb_text text)
{
    const char *bytes = tb_section(t, b, TB_CONFIG_BYTES);
    return (struct tb_str){bytes + text.at, text.n};
}

static inline const struct tb_config *tb_config_of(const struct tb_block *b)
{
    return tb_block_head_const(b);
}

/* Head of the object with that number in the command's tenant, NULL otherwise. Cast to
 * the struct of the kind; never change through it. */
const void *tb_catalog_find(const struct tb_txn *t, enum tb_kind kind, uint64_t id);
/* The command's tenant; NULL for tenant 0 and unknown ones. */
static inline const struct tb_tenant *tb_tenant_of(const struct tb_txn *t)
{
    const struct tb_block *b = tb_read(t, TB_KIND_TENANT, t->tenant);
    return b ? tb_block_head_const(b) : NULL;
}
/* The tenant's zone; UTC when there is none (the zone was checked at the put). */
const struct tb_zone *tb_tenant_zone(const struct tb_txn *t);
/* The day in the tenant's zone in which the instant falls. [*from_ms, *until_ms), either may
 * be NULL: instants around it of the same day and the same offset from UTC.              */
int32_t tb_tenant_day(const struct tb_txn *t, int64_t at_ms, int64_t *from_ms, int64_t *until_ms);
/* The section of the tenant in which its objects of the kind are listed; UINT32_MAX: in none. */
static inline uint32_t tb_catalog_list_section(enum tb_kind kind)
{
    static const uint8_t section[TB_KINDS] = {
        [TB_KIND_UNIT] = TB_TENANT_UNIT,
        [TB_KIND_NAMESPACE] = TB_TENANT_NAMESPACE,
        [TB_KIND_RULE] = TB_TENANT_RULE,
        [TB_KIND_TIER_SCHEME] = TB_TENANT_SCHEME,
        [TB_KIND_ATTRIBUTE] = TB_TENANT_ATTRIBUTE,
        [TB_KIND_PURPOSE] = TB_TENANT_PURPOSE,
        [TB_KIND_WEBHOOK] = TB_TENANT_WEBHOOK,
        [TB_KIND_CAMPAIGN] = TB_TENANT_CAMPAIGN,
        [TB_KIND_GAME] = TB_TENANT_GAME,
    };
    return kind < TB_KINDS && section[kind] ? section[kind] : UINT32_MAX;
}

/* The tenant's objects of a kind that has a list; valid until the tenant block is next written. In place, because
 * the kind is a constant and most lists that an order asks for are empty.                 */
static inline const struct tb_listed *tb_catalog_listed(const struct tb_txn *t, enum tb_kind kind, uint32_t *n)
{
    uint32_t section = tb_catalog_list_section(kind);
    tb_assert(section != UINT32_MAX);
    struct tb_block *b = tb_read(t, TB_KIND_TENANT, t->tenant);
    *n = b ? b->n[section] : 0;
    return *n ? tb_section(t, b, section) : NULL;
}
/* The coupon template that the public claim code leads to, 0 = none. */
uint32_t tb_catalog_claim_code(const struct tb_txn *t, struct tb_str code);
/* The key of the person in whose hands the key is (core/approval/approval.h): its own number when its code is a
 * user's, "tenant:login", or nobody is known to have made it; else of who made it, at most TB_KEY_MAKERS_MAX makers
 * back. */
#define TB_KEY_MAKERS_MAX 16u
uint32_t tb_key_hands(const struct tb_txn *t, uint32_t key);
/* True when the namespace's blocked list holds that key. */
bool tb_namespace_blocks(const struct tb_txn *t, struct tb_block *ns, const uint64_t key[2]);
/* True when path is prefix or lies below it: "food/baby/formula" within "food/baby". An
 * empty prefix holds every path. */
bool tb_category_within(struct tb_str path, struct tb_str prefix);
/* "wechat"; NULL when the number names none. */
const char *tb_tender_name(uint32_t kind);

/* ---- start-up ---------------------------------------------------------------------------- */

/* True for the kinds of this room. */
bool tb_catalog_owns(enum tb_kind kind);
/* A block came from the SQL state: when it is of this room, its code goes into the maps. */
void tb_catalog_index(struct tb_core *c, struct tb_block *b);

#endif
