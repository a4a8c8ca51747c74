// SPDX-License-Identifier: Apache-2.0
/* core/membership/membership.h - tiers: reached by a measure in a window, kept for a
 * validity, reviewed when it ends, lowered after a grace.
 *
 * A tier is set on her oldest profile; after a merge the highest of her profiles' counts (tie:
 * the lower number), so a merge takes none away and an unmerge gives it back. The measure
 * (qualifying points, spend, visits) is summed over her profiles' day buckets; a return
 * counts on the day of its sale. Windows are half-open [t - window, t), days in the
 * tenant's zone: after an order t is the end of that day, at a review its start.
 *
 *   rise      at once, when the measure reaches a higher tier; valid for validity_months
 *   review    at the end of the validity: the measure at least `keep` prolongs; else the
 *             new tier (one down, or by the measure) is decided and takes effect after
 *             grace_days, unless the measure rises to `reach` before then
 *   return    sticky: nothing; re-evaluated: the tier that the measure supports now
 * Spending points changes no measure.                                                  */
#ifndef TB_CORE_MEMBERSHIP_H
#define TB_CORE_MEMBERSHIP_H

#include "core/core.h"
#include "core/person.h"

enum tb_tier_reason {
    TB_TIER_BY_ORDER = 1,
    TB_TIER_BY_RETURN,
    TB_TIER_BY_REVIEW,
    TB_TIER_BY_GRACE,
    TB_TIER_BY_ADJUST,
    TB_TIER_BY_RULES, /* the scheme changed */
    TB_TIER_BY_PLAY,  /* a scan, a check-in, a prize gave what the scheme measures */
};

/* Evaluates every scheme of the tenant for the person; day is the event's. */
void tb_membership_evaluate(struct tb_txn *t, uint32_t person, int64_t day,
                            enum tb_tier_reason reason);
/* Does what is due: reviews and graces that have ended. */
void tb_membership_fire(struct tb_txn *t, uint32_t person);
int64_t tb_membership_due_ms(const struct tb_store *s, const struct tb_block *person);

/* The tier in the tenant's first scheme; false when there is no scheme. */
bool tb_membership_tier(const struct tb_txn *t, struct tb_block *person, uint32_t *scheme,
                        uint32_t *tier);
/* The state in one scheme; NULL = base, never set. */
const struct tb_tier_state *tb_membership_state(const struct tb_txn *t, struct tb_block *person,
                                                uint32_t scheme);
/* The measure in the scheme's window that ends at the start of to_day. */
int64_t tb_membership_measure(const struct tb_txn *t, struct tb_block *person, uint32_t scheme,
                              int32_t to_day);

#endif
