// SPDX-License-Identifier: Apache-2.0
/* tests/model/catalog.h - the rules of one random tenant, drawn from a seed.
 *
 * Plain numbers that both sides interpret: the driver turns them into puts with texts in
 * the expression language, the model computes with them directly.                       */
#ifndef TB_MODEL_CATALOG_H
#define TB_MODEL_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS 3 /* points, more points, qualifying */
#define MODEL_ACCOUNTS 16 /* at least enum tb_tenant_account */
#define RULES 5 /* as many as an order's answer tells apart */
#define TIERS 3
#define VARIANTS 3 /* a later put changes to another one */

struct unit_def {
    int64_t kind, negative, release, release_n, expiry, expiry_n, rounding;
    int64_t earn_cap, earn_cap_period, earn_cap_order;
    bool earn_cap_rejects;
    int64_t balance_max, spend_cap, spend_cap_period, restore_grace_days;
};

enum rule_form {
    RULE_NET = 0,    /* order.net * n / 10 */
    RULE_FLAT_ABOVE, /* order.net >= n: m */
    RULE_FOOD,       /* net_of("food") * n / 10 */
    RULE_LOYAL,      /* orders("30d") >= 2: m */
    RULE_SPENT,      /* spent("60d") > n: m */
    RULE_TIER,       /* in_tier("silver"): order.net */
    RULE_FORMS
};

struct rule_def {
    int64_t form, unit, n, m, priority;
    bool disabled;
    int64_t from_ms, until_ms; /* 0 = open */
};

struct scheme_def {
    int64_t measure, window, window_months, validity_months, grace_days, downgrade, on_refund;
    int64_t reach[TIERS], keep[TIERS];
    bool never[TIERS];
};

struct catalog_def {
    uint32_t zone; /* 0 UTC, 1 Shanghai, 2 New York */
    struct unit_def unit[UNITS][VARIANTS];
    struct rule_def rule[RULES][VARIANTS];
    struct scheme_def scheme[VARIANTS];
    int64_t claim_policy;
};

void catalog_draw(struct catalog_def *c, uint64_t seed, int64_t start_ms);

void catalog_print(const struct catalog_def *c);

/* splitmix64: the only source of chance */
uint64_t chance(uint64_t *state);
/* 0 .. n-1 */
static inline uint32_t below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(chance(state) >> 11) % n;
}

#endif
