// SPDX-License-Identifier: Apache-2.0
/* Rows of a person, from her block.
 *
 * Every time: her row, balances, holds, and lots newer than those known to be published.
 * A profile's slow rows (itself, attributes, consents, tiers, enrolment) and all of its
 * lots are written when an event said that they changed. Rows that must go: lots that are
 * used up (with the profile's other lots), the rest when its event comes
 * (publish_entry.c).                                                                    */
#include "core/consent/consent.h"
#include "core/identity/identity.h"
#include "engine/publish_int.h"

struct person {
    struct tb_publish *p;
    struct tb_block *b;
    const struct tb_person *head;
    bool full;
};

#define ELEMENTS(x, type, section) \
    const struct type *v = section_of((x)->b, (section)); \
    const uint32_t n = (x)->b->n[(section)]

/* tenant, person */
static void whose(struct row *r, const struct person *x)
{
    row_i64(r, x->head->tenant);
    row_i64(r, (int64_t)x->b->id);
}

static bool is_slow(const struct person *x, uint32_t profile)
{
    return x->full || bits_get(&x->p->slow, profile);
}

static bool lots_changed(const struct person *x, uint32_t profile)
{
    return x->full || bits_get(&x->p->lots, profile);
}

static int64_t enrolled_ms(const struct person *x)
{
    int64_t at = INT64_MAX;
    ELEMENTS(x, tb_enrol, TB_PERSON_ENROL);
    for (uint32_t i = 0; i < n; i++)
        at = v[i].at_ms < at ? v[i].at_ms : at;
    return at;
}

static void put_life(struct row *r, const struct person *x)
{
    int64_t orders = 0, spend = 0, visits = 0, first = INT64_MAX, last = 0;
    ELEMENTS(x, tb_life, TB_PERSON_LIFE);
    for (uint32_t i = 0; i < n; i++) {
        orders += v[i].orders;
        spend += v[i].spend;
        visits += v[i].visits;
        first = v[i].first_order_ms < first ? v[i].first_order_ms : first;
        last = v[i].last_order_ms > last ? v[i].last_order_ms : last;
    }
    row_i64(r, orders);
    row_i64(r, spend);
    row_i64(r, visits);
    row_due(r, first);
    row_ref(r, (uint64_t)last);
}

/* Of the first scheme, as the oldest profile holds it. */
static void put_tier(struct row *r, const struct person *x)
{
    const struct tb_tier_state *found = NULL;
    ELEMENTS(x, tb_tier_state, TB_PERSON_TIER);
    for (uint32_t i = 0; i < n; i++)
        if (v[i].profile == x->head->oldest_profile && (found == NULL || v[i].scheme < found->scheme))
            found = &v[i];
    row_ref(r, found ? found->scheme : 0);
    if (found)
        row_i64(r, found->tier);
    else
        row_null(r);
}

static void put_head(const struct person *x)
{
    const struct tb_person *h = x->head;
    struct row r;
    row_begin(&r, x->p, T_PERSONS);
    row_i64(&r, (int64_t)x->b->id);
    if (h->flags & TB_PERSON_THING) { /* a gift card alone: nobody */
        row_drop(&r);
        return;
    }
    row_i64(&r, h->tenant);
    row_i64(&r, h->oldest_profile);
    row_i64(&r, x->b->n[TB_PERSON_PROFILE]);
    row_i64(&r, h->first_seen_ms);
    row_i64(&r, h->last_seen_ms);
    row_due(&r, enrolled_ms(x));
    row_i64(&r, (h->flags & TB_PERSON_FOLLOWER) != 0);
    row_i64(&r, (h->flags & TB_PERSON_ANONYMOUS_CARD) != 0);
    row_i64(&r, (h->flags & TB_PERSON_FROZEN) != 0);
    row_i64(&r, (h->flags & TB_PERSON_ERASED) != 0);
    put_life(&r, x);
    put_tier(&r, x);
    row_ref(&r, h->last_touchpoint);
    row_ref(&r, h->last_store);
    row_put(&r);
}

/* What expires next of one profile's unit. */
static int64_t next_expiry(const struct person *x, const struct tb_account *a, int64_t *amount)
{
    int64_t due = INT64_MAX;
    ELEMENTS(x, tb_lot, TB_PERSON_LOT);
    *amount = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (v[i].profile != a->profile || v[i].unit != a->unit || v[i].state != TB_LOT_AVAILABLE ||
            v[i].due_ms > due || v[i].due_ms == INT64_MAX)
            continue;
        *amount = (v[i].due_ms == due ? *amount : 0) + v[i].left;
        due = v[i].due_ms;
    }
    return due;
}

static void put_balances(const struct person *x)
{
    struct row r;
    ELEMENTS(x, tb_account, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < n; i++) {
        int64_t amount, due = next_expiry(x, &v[i], &amount);
        row_begin(&r, x->p, T_BALANCES);
        row_i64(&r, v[i].profile);
        row_i64(&r, v[i].unit);
        whose(&r, x);
        row_i64(&r, v[i].credits - v[i].debits - v[i].held);
        row_i64(&r, v[i].held);
        row_i64(&r, v[i].pending);
        row_i64(&r, v[i].crossed);
        row_due(&r, due);
        row_i64(&r, amount);
        row_put(&r);
    }
}

static void put_lots(const struct person *x)
{
    struct tb_publish *p = x->p;
    uint64_t range = x->b->id >> 8;
    uint64_t upto = range < p->lot_upto_n ? p->lot_upto[range] : 0;
    struct row r;
    ELEMENTS(x, tb_lot, TB_PERSON_LOT);
    p->seen_lot = 0;
    for (uint32_t i = 0; i < n; i++) {
        p->seen_lot = v[i].id > p->seen_lot ? v[i].id : p->seen_lot;
        if (v[i].id <= upto && !lots_changed(x, v[i].profile))
            continue;
        row_begin(&r, p, T_LOTS);
        row_i64(&r, v[i].profile);
        row_i64(&r, (int64_t)v[i].id);
        whose(&r, x);
        row_i64(&r, v[i].unit);
        row_i64(&r, v[i].left);
        row_i64(&r, v[i].state == TB_LOT_PENDING);
        row_due(&r, v[i].due_ms);
        row_i64(&r, v[i].earned_day);
        row_put(&r);
    }
}

static void put_holds(const struct person *x)
{
    struct row r;
    ELEMENTS(x, tb_hold, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < n; i++) {
        row_begin(&r, x->p, T_HOLDS);
        row_i64(&r, (int64_t)v[i].id);
        whose(&r, x);
        row_i64(&r, v[i].profile);
        row_i64(&r, v[i].unit);
        row_i64(&r, v[i].amount);
        row_i64(&r, v[i].deadline_ms);
        row_put(&r);
    }
}

static void put_profile(const struct person *x, const struct tb_profile *f)
{
    struct row r;
    row_begin(&r, x->p, T_PROFILES);
    row_i64(&r, f->no);
    whose(&r, x);
    row_i64(&r, f->ns);
    row_i64(&r, f->since_ms);
    row_ref(&r, (uint64_t)f->until_s * 1000);
    row_i64(&r, f->last_day);
    row_i64(&r, (f->flags & TB_PROFILE_VERIFIED) != 0);
    row_i64(&r, (f->flags & TB_PROFILE_CURRENT) != 0);
    row_i64(&r, (f->flags & TB_PROFILE_FOLLOWER) != 0);
    row_i64(&r, (f->flags & TB_PROFILE_ERASED) != 0);
    row_put(&r);
}

static void put_attributes(const struct person *x)
{
    const char *bytes = section_of(x->b, TB_PERSON_BYTES);
    struct row r;
    ELEMENTS(x, tb_attribute, TB_PERSON_ATTRIBUTE);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_slow(x, v[i].profile) || v[i].number != 0 || (v[i].flags & TB_ATTRIBUTE_REMOVED))
            continue; /* a number: sealed */
        bool is_text = (v[i].flags & TB_ATTRIBUTE_IN_BYTES) != 0;
        row_begin(&r, x->p, T_ATTRIBUTES);
        row_i64(&r, v[i].profile);
        row_i64(&r, v[i].attribute);
        whose(&r, x);
        if (is_text) {
            row_null(&r);
            row_text(&r, (struct tb_str){bytes + (v[i].value >> 16), (uint32_t)(v[i].value & 0xffff)});
        } else {
            row_i64(&r, v[i].value);
            row_null(&r);
        }
        row_i64(&r, v[i].at_s);
        row_i64(&r, v[i].source);
        row_put(&r);
    }
}

static void put_consents(const struct person *x)
{
    struct row r;
    ELEMENTS(x, tb_consent, TB_PERSON_CONSENT);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_slow(x, v[i].profile))
            continue;
        row_begin(&r, x->p, T_CONSENTS);
        row_i64(&r, v[i].profile);
        row_i64(&r, v[i].purpose);
        row_i64(&r, v[i].channel);
        row_i64(&r, (v[i].flags & TB_CONSENT_PERSON) != 0);
        whose(&r, x);
        row_i64(&r, v[i].state);
        row_i64(&r, v[i].occurred_ms);
        row_i64(&r, v[i].received_ms);
        row_ref(&r, (uint64_t)v[i].expires_ms);
        row_i64(&r, v[i].actor);
        row_i64(&r, (v[i].flags & TB_CONSENT_PROVEN) != 0);
        row_i64(&r, v[i].text_version);
        row_put(&r);
    }
}

static void put_tiers(const struct person *x)
{
    struct row r;
    ELEMENTS(x, tb_tier_state, TB_PERSON_TIER);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_slow(x, v[i].profile))
            continue;
        row_begin(&r, x->p, T_MEMBER_TIERS);
        row_i64(&r, v[i].profile);
        row_i64(&r, v[i].scheme);
        whose(&r, x);
        row_i64(&r, v[i].tier);
        row_i64(&r, v[i].since_ms);
        row_due(&r, v[i].review_ms);
        row_ref(&r, (uint64_t)v[i].grace_ms);
        row_put(&r);
    }
}

static void put_enrolments(const struct person *x)
{
    struct row r;
    ELEMENTS(x, tb_enrol, TB_PERSON_ENROL);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_slow(x, v[i].profile))
            continue;
        row_begin(&r, x->p, T_ENROLMENTS);
        row_i64(&r, v[i].profile);
        whose(&r, x);
        row_i64(&r, v[i].at_ms);
        row_ref(&r, v[i].touchpoint);
        row_i64(&r, v[i].terms_version);
        row_i64(&r, (v[i].flags & TB_ENROL_ANONYMOUS) != 0);
        row_put(&r);
    }
}

void publish_person(struct tb_publish *p, uint64_t id, struct tb_block *b, bool full)
{
    struct row r;
    p->persons_written++;
    numbers_add(&p->done_persons, id);
    tb_aside_moved(&p->aside, id);
    if (b == NULL) { /* merged: her profiles are another's, whose block says so */
        row_begin(&r, p, T_PERSONS);
        row_i64(&r, (int64_t)id);
        row_drop(&r);
        return;
    }
    struct person x = {p, b, tb_person_of(b), full};
    bool slow = full;
    ELEMENTS(&x, tb_profile, TB_PERSON_PROFILE);
    put_head(&x);
    for (uint32_t i = 0; i < n; i++) {
        numbers_add(&p->done_profiles, v[i].no);
        if (lots_changed(&x, v[i].no))
            drop_prefix(p, T_LOTS, v[i].no);
        if (is_slow(&x, v[i].no)) {
            put_profile(&x, &v[i]);
            slow = true;
        }
    }
    put_balances(&x);
    put_lots(&x);
    put_holds(&x);
    publish_names(p, b, full);
    if (slow) {
        put_attributes(&x);
        put_consents(&x);
        put_tiers(&x);
        put_enrolments(&x);
    }
}
