// SPDX-License-Identifier: Apache-2.0
/* Folding the events of devices and weak values. */
#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"

/* Newest sights are kept to the day, so that one event a day is enough. */
static int64_t to_day(int64_t ms)
{
    return (int64_t)tb_identity_day(ms) * TB_DAY_MS;
}

static void count_devices(struct tb_txn *t, int64_t by)
{
    if (tb_read(t, TB_KIND_TENANT, t->tenant) != NULL)
        ((struct tb_tenant *)tb_block_head(tb_write(t, TB_KIND_TENANT, t->tenant)))
            ->counts[TB_COUNT_DEVICES] += by;
}

void tb_identity_apply_device_added(struct tb_txn *t, const struct tb_ev_device_added *ev)
{
    struct tb_device *d = tb_block_head(tb_create(t, TB_KIND_DEVICE, ev->device));
    const struct tb_namespace *ns = tb_head_of(t, TB_KIND_NAMESPACE, ev->ns);
    tb_assert(ns != NULL);
    *d = (struct tb_device){.tenant = t->tenant,
                            .ns = (uint32_t)ev->ns,
                            .key = {ev->key_hi, ev->key_lo},
                            .first_ms = ev->at_ms,
                            .last_ms = to_day(ev->at_ms),
                            .flags = ns->scope == TB_SCOPE_DEVICE ? 0 : TB_DEVICE_WEAK,
                            .salt = (uint32_t)ev->salt};
    tb_counter_used(t, TB_COUNTER_DEVICE, ev->device);
    tb_map_set(t, TB_MAP_DEVICE, tb_key_identifier(t->tenant, d->ns, d->key, d->salt), ev->device);
    count_devices(t, 1);
}

/* Heads of the persons that were seen on it: their first sight may have changed. */
static void refresh_attached(struct tb_txn *t, uint32_t device)
{
    struct tb_block *b = tb_read(t, TB_KIND_DEVICE, device);
    for (uint32_t i = 0; i < b->n[TB_DEVICE_ATTACH]; i++) {
        const struct tb_attached *a = tb_section(t, b, TB_DEVICE_ATTACH);
        uint32_t person = tb_person_by_profile(t, a[i].profile);
        bool again = false;
        for (uint32_t k = 0; k < i && !again; k++)
            again = tb_person_by_profile(t, a[k].profile) == person;
        if (!again)
            tb_person_refresh(t, person);
    }
}

/* Takes visit at out and widens visit into by it. */
static void merge_visits(struct tb_txn *t, uint32_t device, uint32_t into, uint32_t at)
{
    struct tb_block *b = tb_write(t, TB_KIND_DEVICE, device);
    struct tb_visit *v = tb_section(t, b, TB_DEVICE_VISIT);
    if (v[at].first_ms < v[into].first_ms)
        v[into].first_ms = v[at].first_ms;
    if (v[at].last_ms > v[into].last_ms)
        v[into].last_ms = v[at].last_ms;
    ((struct tb_device *)tb_block_head(b))->visits--;
    tb_cut(t, TB_KIND_DEVICE, device, TB_DEVICE_VISIT, at, 1);
}

/* A visit is what gaps of at most gap_ms connect: the order of probes does not matter. */
static void visit(struct tb_txn *t, uint32_t device, uint32_t touchpoint, int64_t at_ms,
                  int64_t gap_ms)
{
    struct tb_block *b = tb_write(t, TB_KIND_DEVICE, device);
    struct tb_visit *v = tb_section(t, b, TB_DEVICE_VISIT);
    uint32_t n = b->n[TB_DEVICE_VISIT];
    uint32_t found = n;
    for (uint32_t i = 0; i < n && found == n; i++)
        if (v[i].touchpoint == touchpoint && at_ms >= v[i].first_ms - gap_ms &&
            at_ms <= v[i].last_ms + gap_ms)
            found = i;
    if (found < n) {
        v[found].first_ms = at_ms < v[found].first_ms ? at_ms : v[found].first_ms;
        v[found].last_ms = at_ms > v[found].last_ms ? at_ms : v[found].last_ms;
        for (uint32_t i = found + 1; i < n; i++)
            if (v[i].touchpoint == touchpoint && v[i].first_ms - gap_ms <= v[found].last_ms) {
                merge_visits(t, device, found, i);
                return;
            }
        return;
    }
    uint32_t at = 0;
    while (at < n && (v[at].first_ms < at_ms ||
                      (v[at].first_ms == at_ms && v[at].touchpoint < touchpoint)))
        at++;
    ((struct tb_device *)tb_block_head(b))->visits++;
    struct tb_visit fresh = {.touchpoint = touchpoint, .first_ms = at_ms, .last_ms = at_ms};
    (void)tb_push_at(t, TB_KIND_DEVICE, device, TB_DEVICE_VISIT, at, &fresh);
    if (n + 1 > TB_DEVICE_VISITS_MAX)
        tb_cut(t, TB_KIND_DEVICE, device, TB_DEVICE_VISIT, 0, 1);
}

void tb_identity_apply_device_seen(struct tb_txn *t, const struct tb_ev_device_seen *ev)
{
    uint32_t device = (uint32_t)ev->device;
    struct tb_device *d = tb_block_head(tb_write(t, TB_KIND_DEVICE, device));
    bool earlier = ev->at_ms < d->first_ms;
    d->first_ms = earlier ? ev->at_ms : d->first_ms;
    d->last_ms = to_day(ev->at_ms) > d->last_ms ? to_day(ev->at_ms) : d->last_ms;
    if (ev->touchpoint != 0) {
        visit(t, device, (uint32_t)ev->touchpoint, ev->at_ms, (int64_t)ev->gap_s * 1000);
        struct tb_block *b = tb_write(t, TB_KIND_DEVICE, device);
        const struct tb_visit *v = tb_section(t, b, TB_DEVICE_VISIT);
        ((struct tb_device *)tb_block_head(b))->touchpoint =
            v[b->n[TB_DEVICE_VISIT] - 1].touchpoint;
    }
    if (earlier)
        refresh_attached(t, device);
}

static void cut_device_edge(struct tb_txn *t, uint32_t profile, uint32_t device)
{
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    tb_assert(b != NULL);
    const struct tb_edge *e = tb_section(t, b, TB_PERSON_EDGE);
    for (uint32_t i = b->n[TB_PERSON_EDGE]; i-- > 0 && (e[i].flags & TB_EDGE_DEVICE);)
        if (e[i].a == profile && e[i].b == device) {
            tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_EDGE, i, 1);
            return;
        }
}

/* Seen with too many: it is nobody's, and nobody's block keeps it. */
static void share(struct tb_txn *t, uint32_t device)
{
    struct tb_block *b = tb_write(t, TB_KIND_DEVICE, device);
    ((struct tb_device *)tb_block_head(b))->flags |= TB_DEVICE_SHARED;
    uint32_t n = b->n[TB_DEVICE_ATTACH];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t profile = ((struct tb_attached *)tb_section(t, b, TB_DEVICE_ATTACH))[i].profile;
        cut_device_edge(t, profile, device);
        tb_person_refresh(t, tb_person_by_profile(t, profile));
    }
    tb_cut(t, TB_KIND_DEVICE, device, TB_DEVICE_ATTACH, 0, n);
}

static uint32_t devices_of(const struct tb_txn *t, uint32_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_edge *e = tb_section(t, b, TB_PERSON_EDGE);
    uint32_t n = 0;
    while (n < b->n[TB_PERSON_EDGE] && (e[b->n[TB_PERSON_EDGE] - 1 - n].flags & TB_EDGE_DEVICE))
        n++;
    return n;
}

void tb_identity_apply_device_attached(struct tb_txn *t, const struct tb_ev_device_attached *ev)
{
    uint32_t device = (uint32_t)ev->device;
    uint32_t profile = (uint32_t)ev->profile;
    struct tb_block *b = tb_write(t, TB_KIND_DEVICE, device);
    struct tb_attached *a = tb_section(t, b, TB_DEVICE_ATTACH);
    uint32_t at = 0;
    while (at < b->n[TB_DEVICE_ATTACH] && a[at].profile < profile)
        at++;
    if (at < b->n[TB_DEVICE_ATTACH] && a[at].profile == profile) {
        a[at].first_ms = ev->at_ms < a[at].first_ms ? ev->at_ms : a[at].first_ms;
        a[at].last_ms = to_day(ev->at_ms) > a[at].last_ms ? to_day(ev->at_ms) : a[at].last_ms;
        return;
    }
    if (b->n[TB_DEVICE_ATTACH] == TB_DEVICE_ATTACH_MAX) {
        share(t, device);
        return;
    }
    struct tb_attached fresh = {.profile = profile, .first_ms = ev->at_ms,
                                .last_ms = to_day(ev->at_ms)};
    (void)tb_push_at(t, TB_KIND_DEVICE, device, TB_DEVICE_ATTACH, at, &fresh);
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_edge e = {.a = profile, .b = device, .first_ms = ev->at_ms, .flags = TB_EDGE_DEVICE};
    if (devices_of(t, person) < TB_PERSON_DEVICES_MAX)
        tb_person_put_edge(t, person, &e);
    refresh_attached(t, device);
}

/* Its first sight of the one person it stood for stays with her, if it is the oldest. */
void tb_identity_apply_device_forgotten(struct tb_txn *t, const struct tb_ev_device_forgotten *ev)
{
    uint32_t device = (uint32_t)ev->device;
    struct tb_block *b = tb_read(t, TB_KIND_DEVICE, device);
    struct tb_device d = *(struct tb_device *)tb_block_head(b);
    for (uint32_t i = 0; i < b->n[TB_DEVICE_ATTACH]; i++) {
        uint32_t profile = ((struct tb_attached *)tb_section(t, b, TB_DEVICE_ATTACH))[i].profile;
        uint32_t person = tb_person_by_profile(t, profile);
        const struct tb_person *head = tb_head_of(t, TB_KIND_PERSON, person);
        bool keeps = tb_identity_device_sole(t, b, person) && head->first_seen_ms == d.first_ms;
        cut_device_edge(t, profile, device);
        struct tb_edge e = {.a = profile, .b = device, .first_ms = d.first_ms,
                            .flags = TB_EDGE_DEVICE | TB_EDGE_EXPIRED};
        if (keeps)
            tb_person_put_edge(t, person, &e);
        tb_person_refresh(t, person);
    }
    tb_map_unset(t, TB_MAP_DEVICE, tb_key_identifier(d.tenant, d.ns, d.key, d.salt));
    tb_drop(t, TB_KIND_DEVICE, device);
    count_devices(t, -1);
}
