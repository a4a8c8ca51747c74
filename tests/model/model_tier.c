// SPDX-License-Identifier: Apache-2.0
/* The model's tiers: the measure is summed anew from orders and qualifying facts.
 *
 * Every profile keeps the state that was set while it was its person's oldest; the person
 * shows the highest of her profiles' tiers, so a merge takes none away.                 */
#include "core/catalog/objects.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>

uint32_t mm_tier(const struct model *m, uint32_t profile)
{
    uint32_t best = 0;
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (model_same(m, p, profile) && m->tier[p].set && m->tier[p].tier > best)
            best = m->tier[p].tier;
    return best;
}

static bool in_grace(const struct model *m, uint32_t profile, uint32_t tier)
{
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (model_same(m, p, profile) && m->tier[p].set && m->tier[p].tier == tier)
            return m->tier[p].grace != 0;
    return false;
}

static int32_t window_start(const struct model *m, uint32_t profile, int32_t to)
{
    int32_t y, mo, d;
    mt_split(to - 1, &y, &mo, &d);
    int64_t at = INT64_MAX; /* her first enrolment */
    switch ((enum tb_tier_window)m->scheme.window) {
    case TB_WINDOW_ROLLING:
        return mt_add_months(to, -(int32_t)m->scheme.window_months);
    case TB_WINDOW_CALENDAR_YEAR:
        return mt_join(y, 1, 1);
    case TB_WINDOW_MEMBER_YEAR:
        for (uint32_t p = 1; p <= m->profiles; p++)
            if (model_same(m, p, profile) && m->enrolled[p] && m->enrolled[p] < at)
                at = m->enrolled[p];
        if (at == INT64_MAX)
            return mt_join(y, 1, 1);
        int32_t day = mt_day(m->def->zone, at), n = 12 * 50;
        while (mt_add_months(day, n) >= to)
            n -= 12;
        return mt_add_months(day, n);
    case TB_WINDOW_LIFETIME:
    default:
        return INT32_MIN;
    }
}

static int64_t measure(const struct model *m, uint32_t profile, int32_t to)
{
    int32_t from = window_start(m, profile, to);
    if (m->scheme.window == TB_WINDOW_LIFETIME)
        to = INT32_MAX;
    int64_t sum = 0;
    switch ((enum tb_tier_measure)m->scheme.measure) {
    case TB_MEASURE_SPEND:
        return mo_spend(m, profile, from, to);
    case TB_MEASURE_VISITS:
        return mo_visits(m, profile, from, to);
    case TB_MEASURE_QUALIFYING:
    default:
        for (uint32_t i = 0; i < m->fact_n; i++)
            if (m->fact[i].day >= from && m->fact[i].day < to &&
                model_same(m, m->fact[i].profile, profile))
                sum += m->fact[i].amount;
        return sum;
    }
}

static uint32_t reached(const struct model *m, int64_t value)
{
    uint32_t tier = 0;
    for (uint32_t i = 1; i < TIERS; i++)
        if (value >= m->scheme.reach[i])
            tier = i;
    return tier;
}

/* Without a validity every day is a review. */
static int64_t review_at(const struct model *m, uint32_t tier, int32_t day)
{
    if (tier == 0 || m->scheme.downgrade == TB_DOWNGRADE_NONE)
        return INT64_MAX;
    return mt_midnight(m->def->zone, m->scheme.validity_months
                                         ? mt_add_months(day, (int32_t)m->scheme.validity_months)
                                         : day + 1);
}

static uint32_t not_below(const struct model *m, uint32_t now, uint32_t to)
{
    while (now > to && !m->scheme.never[now])
        now--;
    return now;
}

static void decide(struct model *m, uint32_t profile, int32_t day, bool falls)
{
    uint32_t now = mm_tier(m, profile);
    uint32_t high = reached(m, measure(m, profile, day + 1));
    if (falls && high < now)
        high = not_below(m, now, high);
    else if (high < now || (high == now && !in_grace(m, profile, now)))
        return;
    struct mtier fresh = {true, high, 0, review_at(m, high, day), 0};
    uint32_t oldest = m->oldest[profile];
    m->tier[oldest] = fresh;
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (model_same(m, p, profile) && m->tier[p].set && m->tier[p].tier > high)
            m->tier[p] = fresh;
}

void mm_evaluate(struct model *m, uint32_t profile, int32_t day, bool refund)
{
    decide(m, profile, day, refund && m->scheme.on_refund == TB_REFUND_REEVALUATED);
}

void mm_all(struct model *m)
{
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (m->oldest[p] == p)
            decide(m, p, mt_day(m->def->zone, m->now), true);
}

int64_t mm_due(const struct model *m, uint32_t *profile)
{
    int64_t due = INT64_MAX;
    for (uint32_t p = 1; p <= m->profiles; p++) {
        const struct mtier *t = &m->tier[p];
        int64_t at = t->grace ? t->grace : t->review;
        if (t->set && at < due) {
            due = at;
            *profile = p;
        }
    }
    return due;
}

static void lower(struct model *m, uint32_t profile, int32_t day, int64_t value)
{
    struct mtier *t = &m->tier[profile];
    uint32_t to = reached(m, value);
    if (m->scheme.downgrade == TB_DOWNGRADE_ONE_DOWN || to > t->tier)
        to = t->tier - 1;
    if (m->scheme.downgrade == TB_DOWNGRADE_NONE)
        to = t->tier;
    to = not_below(m, t->tier, to);
    *t = (struct mtier){true, to, 0, review_at(m, to, day), 0};
}

void mm_fire(struct model *m, uint32_t profile, int64_t at)
{
    struct mtier *t = &m->tier[profile];
    int32_t day = mt_day(m->def->zone, at);
    int64_t value = measure(m, profile, day);
    if (t->tier == 0 || (!t->grace && (m->scheme.never[t->tier] ||
                                       m->scheme.downgrade == TB_DOWNGRADE_NONE))) {
        t->review = INT64_MAX;
        t->grace = 0;
    } else if (t->grace) {
        lower(m, profile, day, value);
    } else if (value >= m->scheme.keep[t->tier]) {
        t->review = review_at(m, t->tier, day);
    } else {
        t->review = INT64_MAX;
        t->grace = mt_midnight(m->def->zone, day + (int32_t)m->scheme.grace_days);
    }
}
