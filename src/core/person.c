// SPDX-License-Identifier: Apache-2.0
/* core/person.c - moving profiles between persons, and what a person's head says. */
#include "core/person.h"

#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"
#include "core/identity/identity.h"

struct tb_profile *tb_person_profile(const struct tb_txn *t, struct tb_block *b, uint32_t no)
{
    struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    uint32_t n = b->n[TB_PERSON_PROFILE];
    if (n <= 8) {
        for (uint32_t i = 0; i < n; i++)
            if (p[i].no == no)
                return &p[i];
        return NULL;
    }
    uint32_t low = 0;
    uint32_t high = n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (p[middle].no < no)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && p[low].no == no ? &p[low] : NULL;
}

void tb_person_touch(struct tb_txn *t, uint32_t profile)
{
    if (t->member != 0)
        return;
    uint32_t person = tb_person_by_profile(t, profile);
    tb_assert(person != 0);
    struct tb_person *head = tb_person_of(tb_write(t, TB_KIND_PERSON, person));
    t->member = profile;
    t->member_prev_seq = head->last_seq;
    head->last_seq = t->seq;
}

/* ---- counting ---------------------------------------------------------------------- */

uint32_t tb_person_classes(const struct tb_txn *t, struct tb_block *b)
{
    if (b == NULL)
        return 0;
    const struct tb_person *head = tb_person_of(b);
    if (head->flags & (TB_PERSON_ERASED | TB_PERSON_THING))
        return 0;
    uint32_t classes = 1u << TB_COUNT_PERSONS;
    if (head->flags & TB_PERSON_FOLLOWER)
        classes |= 1u << TB_COUNT_FOLLOWERS;
    if (head->flags & TB_PERSON_FROZEN)
        classes |= 1u << TB_COUNT_FROZEN;
    if (head->flags & TB_PERSON_ANONYMOUS_CARD)
        classes |= 1u << TB_COUNT_ANONYMOUS_CARDS;
    if (b->n[TB_PERSON_ENROL] > 0)
        classes |= 1u << TB_COUNT_MEMBERS;
    const struct tb_life *life = tb_section(t, b, TB_PERSON_LIFE);
    uint64_t orders = 0;
    for (uint32_t i = 0; i < b->n[TB_PERSON_LIFE]; i++)
        orders += life[i].orders;
    const struct tb_tenant *tenant = tb_head_of(t, TB_KIND_TENANT, head->tenant);
    if (orders > 0)
        classes |= 1u << TB_COUNT_BUYERS;
    if (tenant != NULL && tenant->regular_orders != 0 && orders >= tenant->regular_orders)
        classes |= 1u << TB_COUNT_REGULARS;
    return classes;
}

void tb_person_recount(struct tb_txn *t, uint32_t before, uint32_t after)
{
    if (before == after || tb_read(t, TB_KIND_TENANT, t->tenant) == NULL)
        return;
    struct tb_tenant *tenant = tb_block_head(tb_write(t, TB_KIND_TENANT, t->tenant));
    for (uint32_t i = 0; i < TB_TENANT_COUNTS; i++)
        tenant->counts[i] += (int64_t)(after >> i & 1) - (int64_t)(before >> i & 1);
}

/* ---- the head ------------------------------------------------------------------------ */

static int64_t first_by_device(const struct tb_txn *t, struct tb_block *b, int64_t first_ms)
{
    const struct tb_edge *e = tb_section(t, b, TB_PERSON_EDGE);
    for (uint32_t i = b->n[TB_PERSON_EDGE]; i-- > 0 && (e[i].flags & TB_EDGE_DEVICE);) {
        int64_t seen = e[i].first_ms;
        if (!(e[i].flags & TB_EDGE_EXPIRED)) {
            struct tb_block *device = tb_read(t, TB_KIND_DEVICE, e[i].b);
            if (device == NULL || !tb_identity_device_sole(t, device, (uint32_t)b->id))
                continue;
            seen = ((const struct tb_device *)tb_block_head(device))->first_ms;
        }
        first_ms = seen < first_ms ? seen : first_ms;
    }
    return first_ms;
}

static uint32_t enrol_flags(const struct tb_txn *t, struct tb_block *b)
{
    const struct tb_enrol *e = tb_section(t, b, TB_PERSON_ENROL);
    uint32_t n = b->n[TB_PERSON_ENROL];
    if (n == 0)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (!(e[i].flags & TB_ENROL_ANONYMOUS))
            return 0;
    return TB_PERSON_ANONYMOUS_CARD;
}

void tb_person_refresh(struct tb_txn *t, uint32_t person)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_person *head = tb_person_of(b);
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    uint32_t n = b->n[TB_PERSON_PROFILE];
    tb_assert(n > 0);
    const struct tb_profile *oldest = &p[0];
    int32_t last_day = p[0].last_day;
    uint32_t any = 0;
    uint32_t all = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        bool thing = p[i].flags & TB_PROFILE_THING;
        bool thing_before = oldest->flags & TB_PROFILE_THING;
        if (thing == thing_before ? p[i].since_ms < oldest->since_ms : thing_before)
            oldest = &p[i];
        last_day = p[i].last_day > last_day ? p[i].last_day : last_day;
        any |= p[i].flags;
        all &= p[i].flags;
    }
    head->oldest_profile = oldest->no;
    head->first_seen_ms = first_by_device(t, b, oldest->since_ms);
    head->last_seen_ms = (int64_t)last_day * TB_DAY_MS;
    head->flags = (head->flags & TB_PERSON_FROZEN) | enrol_flags(t, b);
    if (any & TB_PROFILE_FOLLOWER)
        head->flags |= TB_PERSON_FOLLOWER;
    if (all & TB_PROFILE_ERASED)
        head->flags |= TB_PERSON_ERASED;
    if (all & TB_PROFILE_THING)
        head->flags |= TB_PERSON_THING;
}

/* ---- bytes -----------------------------------------------------------------------------
 * Pieces stand in the order (profile, attribute), a profile's own value first, without
 * gaps: the layout is a function of what is kept, so joining and parting restore it.     */

static void shift_places(struct tb_txn *t, uint32_t person, uint32_t from, int32_t by)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++)
        if (p[i].sealed_n != 0 && p[i].sealed_at >= from)
            p[i].sealed_at = (uint16_t)(p[i].sealed_at + by);
    struct tb_attribute *a = tb_section(t, b, TB_PERSON_ATTRIBUTE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ATTRIBUTE]; i++)
        if ((a[i].flags & TB_ATTRIBUTE_IN_BYTES) && (a[i].value & 0xffff) != 0 &&
            a[i].value >> 16 >= from)
            a[i].value += by * INT64_C(65536);
}

void tb_person_cut_bytes(struct tb_txn *t, uint32_t person, uint32_t at, uint32_t n)
{
    if (n == 0)
        return;
    tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_BYTES, at, n);
    shift_places(t, person, at, -(int32_t)n);
}

/* Where the piece of (profile, attribute) begins: behind all that stand before it. */
static uint32_t piece_place(const struct tb_txn *t, struct tb_block *b, uint32_t profile,
                            uint32_t attribute)
{
    uint32_t at = 0;
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++)
        if (p[i].sealed_n != 0 && (p[i].no < profile || (p[i].no == profile && attribute != 0)) &&
            (uint32_t)p[i].sealed_at + p[i].sealed_n > at)
            at = (uint32_t)p[i].sealed_at + p[i].sealed_n;
    const struct tb_attribute *a = tb_section(t, b, TB_PERSON_ATTRIBUTE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ATTRIBUTE]; i++) {
        bool before = a[i].profile < profile ||
                      (a[i].profile == profile && a[i].attribute < attribute);
        uint32_t n = (uint32_t)(a[i].value & 0xffff);
        if (before && (a[i].flags & TB_ATTRIBUTE_IN_BYTES) && n != 0 &&
            (uint32_t)(a[i].value >> 16) + n > at)
            at = (uint32_t)(a[i].value >> 16) + n;
    }
    return at;
}

uint32_t tb_person_put_bytes(struct tb_txn *t, uint32_t person, uint32_t profile,
                             uint32_t attribute, struct tb_str bytes)
{
    if (bytes.n == 0)
        return 0;
    uint32_t at = piece_place(t, tb_read(t, TB_KIND_PERSON, person), profile, attribute);
    uint32_t end = tb_push_bytes(t, TB_KIND_PERSON, person, TB_PERSON_BYTES, bytes);
    shift_places(t, person, at, (int32_t)bytes.n);
    uint8_t *base = tb_section(t, tb_write(t, TB_KIND_PERSON, person), TB_PERSON_BYTES);
    memmove(base + at + bytes.n, base + at, end - at);
    memcpy(base + at, bytes.p, bytes.n);
    return at;
}

/* ---- moving ------------------------------------------------------------------------------ */

static bool among(const uint32_t *profile, uint32_t n, uint32_t no)
{
    for (uint32_t i = 0; i < n; i++)
        if (profile[i] == no)
            return true;
    return false;
}

/* Where each section's elements carry their profile. EDGE and BYTES are moved apart. */
static const struct {
    uint8_t section;
    uint8_t at;
} tagged[] = {
    {TB_PERSON_ACCOUNT, offsetof(struct tb_account, profile)},
    {TB_PERSON_LOT, offsetof(struct tb_lot, profile)},
    {TB_PERSON_HOLD, offsetof(struct tb_hold, profile)},
    {TB_PERSON_PIECE, offsetof(struct tb_piece, profile)},
    {TB_PERSON_DAY, offsetof(struct tb_day_bucket, profile)},
    {TB_PERSON_LIFE, offsetof(struct tb_life, profile)},
    {TB_PERSON_TIER, offsetof(struct tb_tier_state, profile)},
    {TB_PERSON_ENROL, offsetof(struct tb_enrol, profile)},
    {TB_PERSON_ROLE, offsetof(struct tb_role, profile)},
    {TB_PERSON_CAP, offsetof(struct tb_cap_use, profile)},
    {TB_PERSON_CONSENT, offsetof(struct tb_consent, profile)},
    {TB_PERSON_PROFILE, offsetof(struct tb_profile, no)},
    {TB_PERSON_ATTRIBUTE, offsetof(struct tb_attribute, profile)},
};

struct move {
    struct tb_txn *t;
    uint32_t from;
    uint32_t to;
    const uint32_t *profile;
    uint32_t n;
};

static bool sorted_by_profile(uint32_t section)
{
    return section == TB_PERSON_PROFILE || section == TB_PERSON_ATTRIBUTE ||
           section == TB_PERSON_CONSENT;
}

/* Where an element goes: at the end, or by its profile where the section is sorted. */
static uint32_t place_in(const struct move *m, uint32_t section, uint32_t tag_at, uint32_t no)
{
    struct tb_block *to = tb_read(m->t, TB_KIND_PERSON, m->to);
    uint32_t at = to->n[section];
    uint32_t size = m->t->store->shape[TB_KIND_PERSON].elem_bytes[section];
    const uint8_t *base = tb_section(m->t, to, section);
    while (sorted_by_profile(section) && at > 0) {
        uint32_t other;
        memcpy(&other, base + (size_t)(at - 1) * size + tag_at, sizeof other);
        if (other <= no)
            break;
        at--;
    }
    return at;
}

/* Carries the bytes that the element points to; the source's are cut afterwards. */
static struct tb_str carry_bytes(const struct move *m, uint32_t section, uint8_t *elem,
                                 uint32_t *cut_at)
{
    struct tb_block *b = tb_read(m->t, TB_KIND_PERSON, m->from);
    const char *base = tb_section(m->t, b, TB_PERSON_BYTES);
    struct tb_str bytes = TB_STR_NONE;
    if (section == TB_PERSON_PROFILE) {
        struct tb_profile *p = (struct tb_profile *)(void *)elem;
        *cut_at = p->sealed_at;
        bytes = (struct tb_str){base + p->sealed_at, p->sealed_n};
        p->sealed_at = (uint16_t)tb_person_put_bytes(m->t, m->to, p->no, 0, bytes);
    } else if (section == TB_PERSON_ATTRIBUTE) {
        struct tb_attribute *a = (struct tb_attribute *)(void *)elem;
        if (a->flags & TB_ATTRIBUTE_IN_BYTES) {
            *cut_at = (uint32_t)(a->value >> 16);
            bytes = (struct tb_str){base + *cut_at, (uint32_t)(a->value & 0xffff)};
            uint32_t at = tb_person_put_bytes(m->t, m->to, a->profile, a->attribute, bytes);
            a->value = (int64_t)at << 16 | (a->value & 0xffff);
        }
    }
    return bytes;
}

static void move_section(const struct move *m, uint32_t section, uint32_t tag_at)
{
    uint32_t size = m->t->store->shape[TB_KIND_PERSON].elem_bytes[section];
    uint8_t elem[128] __attribute__((aligned(8)));
    tb_assert(size <= sizeof elem);
    struct tb_block *b = tb_read(m->t, TB_KIND_PERSON, m->from);
    for (uint32_t i = 0; i < b->n[section];) {
        const uint8_t *base = tb_section(m->t, b, section);
        memcpy(elem, base + (size_t)i * size, size);
        uint32_t no;
        memcpy(&no, elem + tag_at, sizeof no);
        if (!among(m->profile, m->n, no)) {
            i++;
            continue;
        }
        uint32_t cut_at = 0;
        struct tb_str bytes = carry_bytes(m, section, elem, &cut_at);
        (void)tb_push_at(m->t, TB_KIND_PERSON, m->to, section, place_in(m, section, tag_at, no),
                         elem);
        tb_cut(m->t, TB_KIND_PERSON, m->from, section, i, 1);
        tb_person_cut_bytes(m->t, m->from, cut_at, bytes.n);
        b = tb_read(m->t, TB_KIND_PERSON, m->from);
    }
}

static uint32_t edge_place(const struct tb_txn *t, struct tb_block *b, const struct tb_edge *e,
                           bool *there)
{
    struct tb_edge *x = tb_section(t, b, TB_PERSON_EDGE);
    uint32_t n = b->n[TB_PERSON_EDGE];
    bool device = (e->flags & TB_EDGE_DEVICE) != 0;
    uint32_t low = 0;
    uint32_t high = n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct tb_edge *y = &x[middle];
        bool other = (y->flags & TB_EDGE_DEVICE) != 0;
        bool before = other != device ? device
                                      : y->a < e->a || (y->a == e->a && y->b < e->b);
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < n && x[low].a == e->a && x[low].b == e->b &&
             ((x[low].flags & TB_EDGE_DEVICE) != 0) == device;
    return low;
}

void tb_person_put_edge(struct tb_txn *t, uint32_t person, const struct tb_edge *e)
{
    bool there;
    uint32_t at = edge_place(t, tb_read(t, TB_KIND_PERSON, person), e, &there);
    if (!there) {
        (void)tb_push_at(t, TB_KIND_PERSON, person, TB_PERSON_EDGE, at, e);
        return;
    }
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    ((struct tb_edge *)tb_section(t, b, TB_PERSON_EDGE))[at] = *e;
}

/* An edge stays where one of its ends is, and stands where one of its ends went. */
static void move_edges(const struct move *m)
{
    struct tb_block *b = tb_read(m->t, TB_KIND_PERSON, m->from);
    for (uint32_t i = 0; i < b->n[TB_PERSON_EDGE];) {
        struct tb_edge e = ((struct tb_edge *)tb_section(m->t, b, TB_PERSON_EDGE))[i];
        bool goes = among(m->profile, m->n, e.a);
        bool stays = !goes;
        if (!(e.flags & TB_EDGE_DEVICE)) {
            bool b_goes = among(m->profile, m->n, e.b);
            stays = (!goes && tb_person_by_profile(m->t, e.a) == m->from) ||
                    (!b_goes && tb_person_by_profile(m->t, e.b) == m->from);
            goes |= b_goes;
        }
        if (goes)
            tb_person_put_edge(m->t, m->to, &e);
        if (stays) {
            i++;
            continue;
        }
        tb_cut(m->t, TB_KIND_PERSON, m->from, TB_PERSON_EDGE, i, 1);
        b = tb_read(m->t, TB_KIND_PERSON, m->from);
    }
}

/* What the head knows of the newest contact goes with the newer side. */
static void carry_head(struct tb_txn *t, uint32_t from, uint32_t to)
{
    const struct tb_person *f = tb_head_of(t, TB_KIND_PERSON, from);
    struct tb_person *head = tb_person_of(tb_write(t, TB_KIND_PERSON, to));
    if (head->tenant == 0)
        *head = (struct tb_person){.tenant = f->tenant, .last_touchpoint = f->last_touchpoint,
                                   .last_store = f->last_store, .last_seq = f->last_seq};
    if (f->last_seen_ms > head->last_seen_ms) {
        head->last_touchpoint = f->last_touchpoint;
        head->last_store = f->last_store;
    }
    if (f->last_seq > head->last_seq)
        head->last_seq = f->last_seq;
    head->flags |= f->flags & TB_PERSON_FROZEN;
}

void tb_person_move_profiles(struct tb_txn *t, uint32_t from, const uint32_t *profile, uint32_t n,
                             uint32_t to)
{
    tb_assert(from != to && n > 0);
    struct move m = {t, from, to, profile, n};
    uint32_t before_from = tb_person_classes(t, tb_read(t, TB_KIND_PERSON, from));
    uint32_t before_to = tb_person_classes(t, tb_read(t, TB_KIND_PERSON, to));
    if (tb_read(t, TB_KIND_PERSON, to) == NULL) {
        (void)tb_create(t, TB_KIND_PERSON, to);
        tb_counter_used(t, TB_COUNTER_PERSON, to);
    }
    carry_head(t, from, to);
    move_edges(&m);
    for (uint32_t i = 0; i < TB_COUNT_OF(tagged); i++)
        move_section(&m, tagged[i].section, tagged[i].at);
    for (uint32_t i = 0; i < n; i++)
        tb_column_set(t, TB_COLUMN_PROFILE_PERSON, profile[i], to);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, from);
    if (b->n[TB_PERSON_PROFILE] == 0) {
        tb_assert(b->n[TB_PERSON_ACCOUNT] == 0 && b->n[TB_PERSON_EDGE] == 0);
        tb_drop(t, TB_KIND_PERSON, from);
    } else {
        tb_person_refresh(t, from);
    }
    tb_person_refresh(t, to);
    tb_person_recount(t, before_from, tb_person_classes(t, tb_read(t, TB_KIND_PERSON, from)));
    tb_person_recount(t, before_to, tb_person_classes(t, tb_read(t, TB_KIND_PERSON, to)));
}
