// SPDX-License-Identifier: Apache-2.0
/* core/catalog/rule_env.h - what a rule's condition and amount may speak of.
 *
 * The environment of core/expr for the tenant's rules. Slots are numbers that stored
 * programs keep: never renumber. Money is a decimal in whole currency units (CNY 79.91,
 * made with tb_expr_of_decimal(minor, tenant.currency_digits)); points are ints; a
 * quantity is a decimal of pieces or kilograms.
 *
 * Every rule
 *   now              timestamp     when it happened, not when it is worked on
 *   tier             string        code of the member's tier in the first scheme; "" = none
 *   member           record        enrolled, since, first_seen, follower, anonymous, frozen
 *   attr             record        one field per declared attribute: attr.birthday
 *   spent("90d")     decimal       net of returns in the window [now - 90 d, now), by days
 *                                  of the tenant's zone; spent() = ever
 *   orders, visits, qualifying     ints, the same way
 *   days_since_order()             int; absent before the first
 *   tag("x")         bool
 *   balance("points")              int, available
 *   in_tier("gold")  bool          the tier of any scheme, or a higher one of that scheme
 *   consents("sms_marketing")      bool: effective permission for the purpose
 *   within(path, "food/baby")      bool: the category path is that or below it
 * EARN and PAY add
 *   order            record        net, gross, store, region, channel, touchpoint,
 *                                  associate, lines, tenders
 *   order.lines      list          records sku, category, brand, quantity, net, gross
 *   order.tenders    list          records kind ("wechat"), amount
 *   net_of("food/baby")            decimal: net of the lines within the category
 *   net_of_brand("x"), paid_by("points")   decimals
 *
 * An attribute is absent where the member has no value; a DATE is local midnight in the
 * tenant's zone, a CHOICE its text. The order room resolves the slots; this file only
 * declares them. Types of attributes never change and their places neither, so a program
 * stays good when attributes are declared later: tb_rule.attributes says how many it knew.  */
#ifndef TB_CORE_CATALOG_RULE_ENV_H
#define TB_CORE_CATALOG_RULE_ENV_H

#include "core/catalog/catalog.h"
#include "core/expr/expr.h"

/* No evaluation of a rule takes more steps. */
#define TB_RULE_COST_MAX 100000u
#define TB_RULE_LINES_MAX 1000u
#define TB_RULE_TENDERS_MAX 20u

enum tb_rule_slot {
    TB_SLOT_NOW = 1,
    TB_SLOT_TIER = 2,
    TB_SLOT_MEMBER = 3,
    TB_SLOT_ATTR = 4,
    TB_SLOT_ORDER = 5,

    TB_SLOT_MEMBER_ENROLLED = 20,   /* bool */
    TB_SLOT_MEMBER_SINCE = 21,      /* timestamp of the enrolment; absent before */
    TB_SLOT_MEMBER_FIRST_SEEN = 22, /* timestamp */
    TB_SLOT_MEMBER_FOLLOWER = 23,   /* bool */
    TB_SLOT_MEMBER_ANONYMOUS = 24,  /* bool */
    TB_SLOT_MEMBER_FROZEN = 25,     /* bool */

    TB_SLOT_ORDER_NET = 40,        /* decimal */
    TB_SLOT_ORDER_GROSS = 41,      /* decimal */
    TB_SLOT_ORDER_STORE = 42,      /* string, code; "" = none */
    TB_SLOT_ORDER_REGION = 43,     /* string, of the store */
    TB_SLOT_ORDER_CHANNEL = 44,    /* int */
    TB_SLOT_ORDER_TOUCHPOINT = 45, /* string, code */
    TB_SLOT_ORDER_ASSOCIATE = 46,  /* string, code */
    TB_SLOT_ORDER_LINES = 47,      /* list of records with handles 0 .. n-1 */
    TB_SLOT_ORDER_TENDERS = 48,

    TB_SLOT_LINE_SKU = 60,
    TB_SLOT_LINE_CATEGORY = 61,
    TB_SLOT_LINE_BRAND = 62,
    TB_SLOT_LINE_QUANTITY = 63, /* decimal, scale 3 */
    TB_SLOT_LINE_NET = 64,
    TB_SLOT_LINE_GROSS = 65,

    TB_SLOT_TENDER_KIND = 80, /* string, tb_tender_name */
    TB_SLOT_TENDER_AMOUNT = 81,

    TB_SLOT_SPENT = 100, /* with a window: one int argument, days */
    TB_SLOT_SPENT_EVER = 101,
    TB_SLOT_ORDERS = 102,
    TB_SLOT_ORDERS_EVER = 103,
    TB_SLOT_VISITS = 104,
    TB_SLOT_VISITS_EVER = 105,
    TB_SLOT_QUALIFYING = 106,
    TB_SLOT_DAYS_SINCE_ORDER = 108,
    TB_SLOT_TAG = 109,
    TB_SLOT_BALANCE = 110,
    TB_SLOT_IN_TIER = 111,
    TB_SLOT_CONSENTS = 112,
    TB_SLOT_WITHIN = 113,
    TB_SLOT_NET_OF = 114,
    TB_SLOT_NET_OF_BRAND = 115,
    TB_SLOT_PAID_BY = 116,

    TB_SLOT_ATTRIBUTE = 1000, /* + tb_attribute_decl.ordinal */
};

/* The declarations; env points into the struct itself: do not copy it. */
struct tb_rule_env {
    struct tb_expr_env env;
    uint32_t attributes; /* how many are declared in it */
    struct tb_expr_record record[5];
    struct tb_expr_decl attribute[TB_ATTRIBUTES_MAX];
};

/* The environment of one kind of rule with the tenant's first n attributes (UINT32_MAX:
 * all). Borrows the attributes' names: valid until one of them is put again.            */
void tb_rule_env_init(struct tb_rule_env *e, const struct tb_txn *t, uint32_t tenant,
                      enum tb_rule_kind kind, uint32_t attributes);

enum tb_rule_part { TB_RULE_PART_CONDITION = 0, TB_RULE_PART_AMOUNT };

/* Compiles into region (TB_EXPR_PROGRAM_MAX bytes, 8-byte aligned). NULL: see *problem. A
 * condition is a bool, an amount a decimal (an int is promoted). window_days, which may
 * be NULL, is raised to the longest window asked for; a longer one than
 * TB_WINDOW_DAYS_MAX is refused as BAD_LITERAL.                                         */
TB_MUST_USE const struct tb_expr_program *
tb_rule_compile(const struct tb_rule_env *e, enum tb_rule_part part, struct tb_str source,
                void *region, struct tb_expr_problem *problem, uint32_t *window_days);

/* The rule's programs; NULL when there is none (no condition: always; amount: the rule is
 * broken and never in force). Borrowed from the block.                                  */
static inline const struct tb_expr_program *tb_rule_program(const struct tb_txn *t,
                                                            struct tb_block *rule,
                                                            enum tb_rule_section section)
{
    return rule->n[section] ? tb_section(t, rule, section) : NULL;
}

/* True when the rule may be evaluated at that instant. */
static inline bool tb_rule_in_force(const struct tb_rule *r, int64_t at_ms)
{
    return !r->disabled && !r->broken && at_ms >= r->from_ms && at_ms < r->until_ms;
}

/* Compiles what another version of the program has stored and this one does not read.
 * Called once after loading; touches nothing when all is well. Returns how many rules were
 * compiled again.                                                                       */
uint32_t tb_rule_refresh_all(struct tb_core *c);

#endif
