// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "core/order/order.h"
#include "events.gen.h"

static const struct tb_tier *tiers_of(const struct tb_txn *t, uint32_t scheme, uint32_t *n)
{
    struct tb_block *b = tb_read(t, TB_KIND_TIER_SCHEME, scheme);
    *n = b->n[TB_SCHEME_TIER];
    return tb_section(t, b, TB_SCHEME_TIER);
}

const struct tb_tier_state *tb_membership_state(const struct tb_txn *t, struct tb_block *person,
                                                uint32_t scheme)
{
    if (person->n[TB_PERSON_TIER] == 0)
        return NULL;
    const struct tb_tier_state *state = tb_section(t, person, TB_PERSON_TIER);
    const struct tb_tier_state *best = NULL;
    for (uint32_t i = 0; i < person->n[TB_PERSON_TIER]; i++)
        if (state[i].scheme == scheme &&
            (best == NULL || state[i].tier > best->tier ||
             (state[i].tier == best->tier && state[i].profile < best->profile)))
            best = &state[i];
    return best;
}

bool tb_membership_tier(const struct tb_txn *t, struct tb_block *person, uint32_t *scheme,
                        uint32_t *tier)
{
    uint32_t n;
    const struct tb_listed *listed = tb_catalog_listed(t, TB_KIND_TIER_SCHEME, &n);
    if (n == 0)
        return false;
    *scheme = listed[0].id;
    const struct tb_tier_state *state = tb_membership_state(t, person, listed[0].id);
    *tier = state ? state->tier : 0;
    return true;
}

static int64_t lifetime(const struct tb_txn *t, struct tb_block *person,
                        const struct tb_tier_scheme *s)
{
    int64_t sum = 0;
    if (s->measure == TB_MEASURE_QUALIFYING) {
        const struct tb_account *account = tb_section(t, person, TB_PERSON_ACCOUNT);
        for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++)
            if (account[i].unit == s->unit) /* a lot that paid another profile's debt takes no merit along */
                sum += account[i].credits - account[i].debits - account[i].crossed;
        return sum;
    }
    const struct tb_life *life = tb_section(t, person, TB_PERSON_LIFE);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LIFE]; i++)
        sum += s->measure == TB_MEASURE_SPEND ? life[i].spend : life[i].visits;
    return sum;
}

/* First day of the window that ends at the start of to_day. */
static int32_t window_start(const struct tb_txn *t, struct tb_block *person,
                            const struct tb_tier_scheme *s, int32_t to_day)
{
    if (s->window == TB_WINDOW_ROLLING)
        return tb_days_add_months(to_day, -(int32_t)s->window_months);
    struct tb_date d = tb_date_from_days(to_day - 1);
    int32_t january = tb_days_from_date((struct tb_date){d.year, 1, 1});
    if (s->window == TB_WINDOW_CALENDAR_YEAR)
        return january;
    const struct tb_enrol *enrol = tb_section(t, person, TB_PERSON_ENROL);
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < person->n[TB_PERSON_ENROL]; i++)
        at = enrol[i].at_ms < at ? enrol[i].at_ms : at;
    if (at == INT64_MAX)
        return january;
    int32_t joined = tb_tenant_day(t, at, NULL, NULL);
    int32_t years = d.year - tb_date_from_days(joined).year;
    int32_t start = tb_days_add_months(joined, years * 12);
    return start < to_day ? start : tb_days_add_months(joined, (years - 1) * 12);
}

int64_t tb_membership_measure(const struct tb_txn *t, struct tb_block *person, uint32_t scheme,
                              int32_t to_day)
{
    const struct tb_tier_scheme *s = tb_block_head(tb_read(t, TB_KIND_TIER_SCHEME, scheme));
    if (s->window == TB_WINDOW_LIFETIME)
        return lifetime(t, person, s);
    struct tb_past past = tb_order_past(t, person, window_start(t, person, s, to_day), to_day);
    return s->measure == TB_MEASURE_QUALIFYING ? past.qualifying
           : s->measure == TB_MEASURE_SPEND    ? past.spend
                                               : past.visits;
}

static uint32_t supported(const struct tb_txn *t, uint32_t scheme, int64_t measure)
{
    uint32_t n;
    const struct tb_tier *tier = tiers_of(t, scheme, &n);
    uint32_t reached = 0;
    for (uint32_t i = 1; i < n; i++)
        if (measure >= tier[i].reach)
            reached = i;
    return reached;
}

static int64_t next_review(const struct tb_txn *t, const struct tb_tier_scheme *s, uint32_t tier,
                           int32_t day)
{
    if (tier == 0 || s->downgrade == TB_DOWNGRADE_NONE)
        return INT64_MAX;
    int32_t at = s->validity_months ? tb_days_add_months(day, s->validity_months) : day + 1;
    return tb_zone_day_start_ms(tb_tenant_zone(t), at);
}

struct change {
    uint32_t scheme;
    uint32_t tier;
    int64_t since_ms;
    int64_t review_ms;
    int64_t grace_ms;
    enum tb_tier_reason reason;
};

/* Sets the person's tier: the oldest profile's state, and every other one that would
 * still show a higher tier. */
static void set(struct tb_txn *t, uint32_t person, const struct change *c)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_tier_state *now = tb_membership_state(t, b, c->scheme);
    struct tb_ev_tier_set ev = {.profile = tb_person_id(b),
                                .scheme = c->scheme,
                                .tier = c->tier,
                                .since_ms = (uint64_t)c->since_ms,
                                .review_ms = c->review_ms == INT64_MAX ? 0 : (uint64_t)c->review_ms,
                                .grace_ms = (uint64_t)c->grace_ms,
                                .reason = c->reason,
                                .from = now ? now->tier : 0};
    tb_emit_tier_set(t, &ev);
    for (uint32_t i = 0; i < tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_TIER]; i++) {
        b = tb_read(t, TB_KIND_PERSON, person);
        const struct tb_tier_state *state = (const struct tb_tier_state *)tb_section(t, b, TB_PERSON_TIER) + i;
        if (state->scheme != c->scheme || state->profile == tb_person_id(b) || state->tier <= c->tier)
            continue;
        ev.profile = state->profile;
        ev.from = state->tier;
        tb_emit_tier_set(t, &ev);
    }
}

void tb_membership_apply_tier_set(struct tb_txn *t, const struct tb_ev_tier_set *ev)
{
    uint32_t person = tb_person_by_profile(t, ev->profile);
    tb_assert(person != 0);
    struct tb_tier_state fresh = {.profile = (uint32_t)ev->profile,
                                  .scheme = (uint32_t)ev->scheme,
                                  .tier = (uint32_t)ev->tier,
                                  .since_ms = (int64_t)ev->since_ms,
                                  .review_ms = ev->review_ms ? (int64_t)ev->review_ms : INT64_MAX,
                                  .grace_ms = (int64_t)ev->grace_ms};
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_tier_state *state = tb_section(t, b, TB_PERSON_TIER);
    for (uint32_t i = 0; i < b->n[TB_PERSON_TIER]; i++)
        if (state[i].profile == fresh.profile && state[i].scheme == fresh.scheme) {
            state[i] = fresh;
            tb_person_touch(t, fresh.profile);
            return;
        }
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_TIER, &fresh);
    tb_person_touch(t, fresh.profile);
}

/* Highest tier ever meant to be kept: a drop stops above it. */
static uint32_t not_below(const struct tb_txn *t, uint32_t scheme, uint32_t from, uint32_t to)
{
    uint32_t n;
    const struct tb_tier *tier = tiers_of(t, scheme, &n);
    for (uint32_t i = from; i > to; i--)
        if (tier[i].never_downgrade)
            return i;
    return to;
}

static void evaluate_scheme(struct tb_txn *t, uint32_t person, uint32_t scheme, int32_t day,
                            enum tb_tier_reason reason)
{
    const struct tb_tier_scheme *s = tb_block_head(tb_read(t, TB_KIND_TIER_SCHEME, scheme));
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_tier_state *state = tb_membership_state(t, b, scheme);
    uint32_t current = state ? state->tier : 0;
    bool in_grace = state != NULL && state->grace_ms != 0;
    uint32_t target = supported(t, scheme, tb_membership_measure(t, b, scheme, day + 1));
    bool falls = reason == TB_TIER_BY_RULES ||
                 (reason == TB_TIER_BY_RETURN && s->on_refund == TB_REFUND_REEVALUATED);
    if (falls && target < current)
        target = not_below(t, scheme, current, target);
    else if (target < current || (target == current && !in_grace))
        return;
    int64_t start = tb_zone_day_start_ms(tb_tenant_zone(t), day);
    struct change c = {.scheme = scheme,
                       .tier = target,
                       .since_ms = start + TB_DAY_MS > t->now_ms ? t->now_ms : start,
                       .review_ms = next_review(t, s, target, day),
                       .reason = reason};
    if (target == current && state != NULL)
        c.since_ms = state->since_ms;
    set(t, person, &c);
}

void tb_membership_evaluate(struct tb_txn *t, uint32_t person, int64_t day,
                            enum tb_tier_reason reason)
{
    uint32_t n;
    const struct tb_listed *listed = tb_catalog_listed(t, TB_KIND_TIER_SCHEME, &n);
    if (n == 0)
        return;
    tb_membership_fire(t, person); /* a review counts at its instant, not at its sweep */
    for (uint32_t i = 0; i < n; i++)
        evaluate_scheme(t, person, listed[i].id, (int32_t)day, reason);
}

static const struct tb_tier_state *due_state(const struct tb_store *s, const struct tb_block *b,
                                             int64_t *due_ms)
{
    *due_ms = INT64_MAX;
    if (b->n[TB_PERSON_TIER] == 0)
        return NULL;
    const struct tb_tier_state *state = tb_block_section(
        &s->shape[TB_KIND_PERSON], (struct tb_block *)(uintptr_t)b, TB_PERSON_TIER);
    const struct tb_tier_state *found = NULL;
    for (uint32_t i = 0; i < b->n[TB_PERSON_TIER]; i++) {
        int64_t due = state[i].grace_ms ? state[i].grace_ms : state[i].review_ms;
        if (due > *due_ms || due == INT64_MAX ||
            (due == *due_ms && state[i].profile > found->profile))
            continue;
        *due_ms = due;
        found = &state[i];
    }
    return found;
}

int64_t tb_membership_due_ms(const struct tb_store *s, const struct tb_block *person)
{
    int64_t due_ms;
    (void)due_state(s, person, &due_ms);
    return due_ms;
}

/* The end of a validity. */
static struct change review(const struct tb_txn *t, struct tb_block *b,
                            const struct tb_tier_state *state, int32_t day)
{
    const struct tb_tier_scheme *s = tb_block_head(tb_read(t, TB_KIND_TIER_SCHEME, state->scheme));
    uint32_t n;
    const struct tb_tier *tier = tiers_of(t, state->scheme, &n);
    struct change c = {.scheme = state->scheme,
                       .tier = state->tier,
                       .since_ms = state->since_ms,
                       .review_ms = INT64_MAX,
                       .reason = TB_TIER_BY_REVIEW};
    int64_t keep = tier[state->tier].keep ? tier[state->tier].keep : tier[state->tier].reach;
    if (tier[state->tier].never_downgrade || s->downgrade == TB_DOWNGRADE_NONE)
        return c;
    if (tb_membership_measure(t, b, state->scheme, day) >= keep) {
        c.review_ms = next_review(t, s, state->tier, day);
        return c;
    }
    c.grace_ms = tb_zone_day_start_ms(tb_tenant_zone(t), day + (int32_t)s->grace_days);
    return c;
}

/* The end of a grace: the lower tier takes effect. */
static struct change lower(const struct tb_txn *t, struct tb_block *b,
                           const struct tb_tier_state *state, int32_t day, int64_t due_ms)
{
    const struct tb_tier_scheme *s = tb_block_head(tb_read(t, TB_KIND_TIER_SCHEME, state->scheme));
    uint32_t target = supported(t, state->scheme, tb_membership_measure(t, b, state->scheme, day));
    if (s->downgrade == TB_DOWNGRADE_ONE_DOWN || target > state->tier)
        target = state->tier - 1;
    if (s->downgrade == TB_DOWNGRADE_NONE) /* the scheme changed during the grace */
        target = state->tier;
    target = not_below(t, state->scheme, state->tier, target);
    return (struct change){.scheme = state->scheme,
                           .tier = target,
                           .since_ms = due_ms,
                           .review_ms = next_review(t, s, target, day),
                           .reason = TB_TIER_BY_GRACE};
}

void tb_membership_fire(struct tb_txn *t, uint32_t person)
{
    for (;;) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        int64_t due_ms;
        const struct tb_tier_state *state = due_state(t->store, b, &due_ms);
        if (state == NULL || due_ms > t->now_ms)
            return;
        int32_t day = tb_tenant_day(t, due_ms, NULL, NULL);
        struct change c;
        if (state->tier == 0)
            c = (struct change){.scheme = state->scheme, .since_ms = state->since_ms,
                                .review_ms = INT64_MAX, .reason = TB_TIER_BY_REVIEW};
        else
            c = state->grace_ms ? lower(t, b, state, day, due_ms) : review(t, b, state, day);
        uint32_t profile = state->profile;
        struct tb_ev_tier_set ev = {.profile = profile,
                                    .scheme = c.scheme,
                                    .tier = c.tier,
                                    .since_ms = (uint64_t)c.since_ms,
                                    .review_ms = c.review_ms == INT64_MAX ? 0 : (uint64_t)c.review_ms,
                                    .grace_ms = (uint64_t)c.grace_ms,
                                    .reason = c.reason,
                                    .from = state->tier};
        tb_emit_tier_set(t, &ev);
    }
}
