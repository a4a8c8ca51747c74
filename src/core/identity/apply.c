// SPDX-License-Identifier: Apache-2.0
/* Folding the events of identity. Nothing here decides or refuses. */
#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"

static uint32_t home(const struct tb_txn *t, uint64_t profile)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_assert(person != 0);
    return person;
}

static struct tb_profile *profile_for_writing(struct tb_txn *t, uint64_t profile)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, home(t, profile));
    struct tb_profile *p = tb_person_profile(t, b, (uint32_t)profile);
    tb_assert(p != NULL);
    return p;
}

/* The change of a person's head and of the tenant's counts around a change of elements. */
static uint32_t classes_now(struct tb_txn *t, uint64_t person)
{
    return tb_person_classes(t, tb_read(t, TB_KIND_PERSON, person));
}

static void settle_head(struct tb_txn *t, uint32_t person, uint32_t before)
{
    tb_person_refresh(t, person);
    tb_person_recount(t, before, classes_now(t, person));
}

static void seen_at(struct tb_txn *t, uint32_t person, int64_t at_ms, uint64_t touchpoint,
                    uint64_t store)
{
    struct tb_person *head = tb_person_of(tb_write(t, TB_KIND_PERSON, person));
    if (tb_identity_day(at_ms) < tb_identity_day(head->last_seen_ms) && head->oldest_profile != 0)
        return;
    head->last_touchpoint = (uint32_t)touchpoint;
    head->last_store = (uint32_t)store;
}

static void set_current(struct tb_txn *t, const struct tb_profile *p, uint64_t salt)
{
    tb_map_set(t, TB_MAP_IDENTIFIER, tb_key_identifier(t->tenant, p->ns, p->key, (uint32_t)salt),
               p->no);
}

void tb_identity_apply_profile_added(struct tb_txn *t, const struct tb_ev_profile_added *ev)
{
    uint32_t person = (uint32_t)ev->person;
    uint32_t before = classes_now(t, person);
    if (tb_read(t, TB_KIND_PERSON, person) == NULL) {
        tb_person_of(tb_create(t, TB_KIND_PERSON, person))->tenant = t->tenant;
        tb_counter_used(t, TB_COUNTER_PERSON, person);
    }
    struct tb_profile p = {.no = (uint32_t)ev->profile,
                           .ns = (uint32_t)ev->ns,
                           .key = {ev->key_hi, ev->key_lo},
                           .since_ms = ev->since_ms,
                           .until_s = (uint32_t)ev->until_s,
                           .last_day = tb_identity_day(ev->since_ms),
                           .anchor = (uint32_t)ev->anchor,
                           .number = 1,
                           .sealed_n = (uint16_t)ev->sealed.n};
    if (ev->verified)
        p.flags |= TB_PROFILE_VERIFIED;
    if (ev->current)
        p.flags |= TB_PROFILE_CURRENT;
    if (ev->ring != 0) {
        struct tb_profile *beside = profile_for_writing(t, ev->ring);
        p.ring = beside->ring != 0 ? beside->ring : beside->no;
        beside->ring = p.no;
    }
    seen_at(t, person, ev->since_ms, ev->touchpoint, ev->store);
    p.sealed_at = (uint16_t)tb_person_put_bytes(t, person, p.no, 0, ev->sealed);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_profile *all = tb_section(t, b, TB_PERSON_PROFILE);
    uint32_t at = b->n[TB_PERSON_PROFILE];
    while (at > 0 && all[at - 1].no > p.no)
        at--;
    (void)tb_push_at(t, TB_KIND_PERSON, person, TB_PERSON_PROFILE, at, &p);
    tb_column_set(t, TB_COLUMN_PROFILE_PERSON, p.no, person);
    tb_counter_used(t, TB_COUNTER_PROFILE, p.no);
    if (ev->current)
        set_current(t, &p, ev->salt);
    settle_head(t, person, before);
    tb_person_touch(t, p.no);
}

static void see(struct tb_txn *t, uint64_t profile, int64_t at_ms)
{
    struct tb_profile *p = profile_for_writing(t, profile);
    p->since_ms = at_ms < p->since_ms ? at_ms : p->since_ms;
    int32_t day = tb_identity_day(at_ms);
    p->last_day = day > p->last_day ? day : p->last_day;
}

void tb_identity_apply_profile_seen(struct tb_txn *t, const struct tb_ev_profile_seen *ev)
{
    uint32_t person = home(t, ev->profile);
    seen_at(t, person, ev->at_ms, ev->touchpoint, ev->store);
    see(t, ev->profile, ev->at_ms);
    if (ev->verified)
        profile_for_writing(t, ev->profile)->flags |= TB_PROFILE_VERIFIED;
    for (uint32_t i = 0; i < ev->more_n; i++)
        see(t, ev->more[i], ev->at_ms);
    tb_person_refresh(t, person);
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* The edge as it stands in the block of a, or a fresh one. */
static struct tb_edge edge_now(const struct tb_txn *t, uint32_t a, uint32_t b)
{
    uint32_t at;
    struct tb_block *block = tb_read(t, TB_KIND_PERSON, home(t, a));
    const struct tb_edge *e = tb_identity_edge(t, block, a, b, &at);
    return e != NULL ? *e : (struct tb_edge){.a = a, .b = b};
}

static void put_edge(struct tb_txn *t, const struct tb_edge *e)
{
    uint32_t pa = home(t, e->a);
    uint32_t pb = home(t, e->b);
    tb_person_put_edge(t, pa, e);
    if (pb != pa)
        tb_person_put_edge(t, pb, e);
}

void tb_identity_apply_edge_seen(struct tb_txn *t, const struct tb_ev_edge_seen *ev)
{
    struct tb_edge e = edge_now(t, (uint32_t)ev->a, (uint32_t)ev->b);
    if (!(e.flags & TB_EDGE_SEEN) || ev->at_ms < e.first_ms)
        e.first_ms = ev->at_ms;
    int64_t verified_ms = ev->at_ms != 0 ? ev->at_ms : 1;
    if (ev->verified && (e.verified_ms == 0 || verified_ms < e.verified_ms))
        e.verified_ms = verified_ms;
    e.flags |= TB_EDGE_SEEN;
    put_edge(t, &e);
    tb_person_touch(t, e.a);
}

void tb_identity_apply_linked(struct tb_txn *t, const struct tb_ev_linked *ev)
{
    struct tb_edge e = edge_now(t, (uint32_t)ev->a, (uint32_t)ev->b);
    e.flags &= ~(uint32_t)(TB_EDGE_ALWAYS | TB_EDGE_NEVER);
    if (ev->kind == TB_LINK_ALWAYS)
        e.flags |= TB_EDGE_ALWAYS;
    if (ev->kind == TB_LINK_NEVER)
        e.flags |= TB_EDGE_NEVER;
    e.actor = (uint32_t)ev->actor;
    put_edge(t, &e);
    tb_person_touch(t, e.a);
}

/* Profiles of one source person move together, so that their order stays. */
void tb_identity_apply_joined(struct tb_txn *t, const struct tb_ev_joined *ev)
{
    size_t mark = tb_arena_mark(t->scratch);
    uint32_t *group = TB_NEW_ARRAY(t->scratch, uint32_t, ev->profile_n);
    tb_assert(group != NULL);
    uint32_t to = (uint32_t)ev->person;
    for (uint32_t i = 0; i < ev->profile_n; i++) {
        uint32_t from = home(t, ev->profile[i]);
        uint32_t n = 0;
        if (from == to)
            continue;
        for (uint32_t k = i; k < ev->profile_n; k++)
            if (home(t, ev->profile[k]) == from)
                group[n++] = (uint32_t)ev->profile[k];
        tb_person_move_profiles(t, from, group, n, to);
    }
    tb_arena_release(t->scratch, mark);
    if (ev->profile_n)
        tb_person_touch(t, (uint32_t)ev->profile[0]);
}

void tb_identity_apply_tenure_set(struct tb_txn *t, const struct tb_ev_tenure_set *ev)
{
    struct tb_profile *p = profile_for_writing(t, ev->profile);
    p->anchor = (uint32_t)ev->anchor;
    p->until_s = (uint32_t)ev->until_s;
    p->flags &= (uint16_t)~(TB_PROFILE_CURRENT | TB_PROFILE_HOT);
    if (ev->hot)
        p->flags |= TB_PROFILE_HOT;
    if (ev->current) {
        p->flags |= TB_PROFILE_CURRENT;
        set_current(t, p, ev->salt);
    }
    tb_person_touch(t, p->no);
}

void tb_identity_apply_person_frozen(struct tb_txn *t, const struct tb_ev_person_frozen *ev)
{
    uint32_t before = classes_now(t, ev->person);
    struct tb_person *head = tb_person_of(tb_write(t, TB_KIND_PERSON, ev->person));
    head->flags &= ~(uint32_t)TB_PERSON_FROZEN;
    if (!ev->lifted)
        head->flags |= TB_PERSON_FROZEN;
    tb_person_recount(t, before, classes_now(t, ev->person));
    if (ev->lifted)
        tb_person_touch(t, head->oldest_profile);
}

void tb_identity_apply_profile_sealed(struct tb_txn *t, const struct tb_ev_profile_sealed *ev)
{
    uint32_t at = tb_person_put_bytes(t, home(t, ev->profile), (uint32_t)ev->profile, 0, ev->sealed);
    struct tb_profile *p = profile_for_writing(t, ev->profile);
    tb_assert(p->sealed_n == 0);
    p->sealed_at = (uint16_t)at;
    p->sealed_n = (uint16_t)ev->sealed.n;
}

void tb_identity_apply_enrolled(struct tb_txn *t, const struct tb_ev_enrolled *ev)
{
    uint32_t person = home(t, ev->profile);
    uint32_t before = classes_now(t, person);
    struct tb_enrol e = {.profile = (uint32_t)ev->profile,
                         .touchpoint = (uint32_t)ev->touchpoint,
                         .terms_version = (uint32_t)ev->terms_version,
                         .flags = (uint32_t)ev->flags,
                         .at_ms = ev->at_ms};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_ENROL, &e);
    settle_head(t, person, before);
    tb_person_touch(t, e.profile);
}

void tb_identity_apply_followed(struct tb_txn *t, const struct tb_ev_followed *ev)
{
    uint32_t person = home(t, ev->profile);
    uint32_t before = classes_now(t, person);
    struct tb_profile *p = profile_for_writing(t, ev->profile);
    p->flags &= (uint16_t)~TB_PROFILE_FOLLOWER;
    if (!ev->ended)
        p->flags |= TB_PROFILE_FOLLOWER;
    settle_head(t, person, before);
    tb_person_touch(t, p->no);
}

void tb_identity_apply_role_put(struct tb_txn *t, const struct tb_ev_role_put *ev)
{
    uint32_t person = home(t, ev->profile);
    struct tb_role fresh = {.profile = (uint32_t)ev->profile,
                            .role = (uint8_t)ev->role,
                            .subject_kind = (uint8_t)ev->subject_kind,
                            .number = (uint16_t)ev->number,
                            .subject_profile = (uint32_t)ev->subject_profile,
                            .birth_month = (int32_t)ev->birth_month,
                            .at_ms = ev->at_ms};
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_role *r = tb_section(t, b, TB_PERSON_ROLE);
    uint32_t n = b->n[TB_PERSON_ROLE];
    uint32_t i = 0;
    while (i < n && !(r[i].profile == fresh.profile && r[i].number == fresh.number &&
                      r[i].role == fresh.role))
        i++;
    if (ev->removed && i < n)
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_ROLE, i, 1);
    else if (!ev->removed && i < n)
        r[i] = fresh;
    else if (!ev->removed)
        (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_ROLE, &fresh);
    tb_person_touch(t, fresh.profile);
}

void tb_identity_apply_revealed(struct tb_txn *t, const struct tb_ev_revealed *ev)
{
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* ---- erasure --------------------------------------------------------------------------- */

static void detach_device(struct tb_txn *t, uint32_t device, uint32_t profile)
{
    struct tb_block *d = tb_read(t, TB_KIND_DEVICE, device);
    if (d == NULL)
        return;
    const struct tb_attached *a = tb_section(t, d, TB_DEVICE_ATTACH);
    for (uint32_t i = 0; i < d->n[TB_DEVICE_ATTACH]; i++)
        if (a[i].profile == profile) {
            tb_cut(t, TB_KIND_DEVICE, device, TB_DEVICE_ATTACH, i, 1);
            return;
        }
}

static void cut_edge(struct tb_txn *t, uint32_t person, uint32_t a, uint32_t b)
{
    uint32_t at;
    struct tb_block *block = tb_read(t, TB_KIND_PERSON, person);
    if (block != NULL && tb_identity_edge(t, block, a, b, &at) != NULL)
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_EDGE, at, 1);
}

static void cut_edges(struct tb_txn *t, uint32_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    while (b->n[TB_PERSON_EDGE] > 0) {
        struct tb_edge e = *(struct tb_edge *)tb_section(t, b, TB_PERSON_EDGE);
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_EDGE, 0, 1);
        if (e.flags & TB_EDGE_DEVICE) {
            detach_device(t, e.b, e.a);
        } else {
            uint32_t pa = home(t, e.a);
            uint32_t pb = home(t, e.b);
            if (pa != person)
                cut_edge(t, pa, e.a, e.b);
            if (pb != person)
                cut_edge(t, pb, e.a, e.b);
        }
        b = tb_read(t, TB_KIND_PERSON, person);
    }
}

/* What stays: ledger, orders and tiers as numbers, the proof of consents, and tombstones. */
void tb_identity_apply_erased(struct tb_txn *t, const struct tb_ev_erased *ev)
{
    static const uint8_t gone[] = {TB_PERSON_ATTRIBUTE, TB_PERSON_ROLE, TB_PERSON_ENROL,
                                   TB_PERSON_BYTES};
    uint32_t person = (uint32_t)ev->person;
    uint32_t before = classes_now(t, person);
    cut_edges(t, person);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    int64_t until = ev->at_ms / 1000;
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++) {
        p[i].sealed_at = p[i].sealed_n = 0;
        p[i].flags = (uint16_t)((p[i].flags & TB_PROFILE_CURRENT) | TB_PROFILE_ERASED);
        p[i].until_s = until < 1 ? 1 : (uint32_t)until;
        p[i].anchor = 0;
    }
    tb_person_of(b)->last_touchpoint = tb_person_of(b)->last_store = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(gone); i++) {
        uint32_t n = tb_read(t, TB_KIND_PERSON, person)->n[gone[i]];
        if (n)
            tb_cut(t, TB_KIND_PERSON, person, gone[i], 0, n);
    }
    settle_head(t, person, before);
    tb_person_touch(t, (uint32_t)ev->profile[0]);
}
