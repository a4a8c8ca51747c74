// SPDX-License-Identifier: Apache-2.0
/* Devices and weak values: nodes that own nothing. */
#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"

struct tb_block *tb_identity_ns(const struct tb_txn *t, uint32_t ns)
{
    struct tb_block *b = tb_read(t, TB_KIND_NAMESPACE, ns);
    return b != NULL && tb_config_of(b)->tenant == t->tenant ? b : NULL;
}

bool tb_identity_forms_node(const struct tb_block *ns)
{
    const struct tb_namespace *n = tb_block_head_const(ns);
    return n->scope != TB_SCOPE_PERSON || n->class_no == TB_CLASS_WEAK ||
           n->class_no == TB_CLASS_EPHEMERAL;
}

bool tb_identity_listed(const struct tb_txn *t, struct tb_block *ns, const uint64_t key[2])
{
    uint32_t low = 0;
    uint32_t high = ns->n[TB_NAMESPACE_BLOCKED];
    if (high == 0)
        return false;
    const struct tb_blocked *blocked = tb_section(t, ns, TB_NAMESPACE_BLOCKED);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const uint64_t *m = blocked[middle].key;
        if (m[0] == key[0] && m[1] == key[1])
            return true;
        if (m[0] < key[0] || (m[0] == key[0] && m[1] < key[1]))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool tb_identity_switched_on(const struct tb_txn *t, struct tb_block *ns)
{
    const struct tb_namespace *n = tb_block_head_const(ns);
    if (n->scope != TB_SCOPE_DEVICE || !n->hashed_only)
        return true;
    bool face = tb_str_eq_c(tb_config_text(t, ns, n->c.code), "face");
    const struct tb_tenant *tenant = tb_tenant_of(t);
    return tenant != NULL && (tenant->switches & (face ? TB_TENANT_FACES : TB_TENANT_PROBES));
}

uint32_t tb_identity_device(const struct tb_txn *t, uint32_t ns, const uint64_t key[2],
                            uint32_t *salt)
{
    for (*salt = 0; *salt < 4; (*salt)++) {
        uint64_t device;
        if (!tb_map_find(t, TB_MAP_DEVICE, tb_key_identifier(t->tenant, ns, key, *salt), &device))
            return 0;
        const struct tb_device *d = tb_head_of(t, TB_KIND_DEVICE, device);
        tb_assert(d != NULL);
        if (d->ns == ns && d->key[0] == key[0] && d->key[1] == key[1] && d->tenant == t->tenant)
            return (uint32_t)device;
    }
    tb_assert(*salt < 4);
    return 0;
}

bool tb_identity_device_sole(const struct tb_txn *t, struct tb_block *device, uint32_t person)
{
    const struct tb_device *d = tb_block_head(device);
    const struct tb_attached *a = tb_section(t, device, TB_DEVICE_ATTACH);
    if ((d->flags & (TB_DEVICE_SHARED | TB_DEVICE_WEAK)) || device->n[TB_DEVICE_ATTACH] == 0)
        return false;
    for (uint32_t i = 0; i < device->n[TB_DEVICE_ATTACH]; i++)
        if (tb_person_by_profile(t, a[i].profile) != person)
            return false;
    return true;
}

/* Among the profiles seen within the namespace's window of the newest: one person, or 0.
 * More persons than the limit = shared, several = ambiguous: nobody either way.           */
uint32_t tb_identity_device_person(const struct tb_txn *t, struct tb_block *device)
{
    const struct tb_device *d = tb_block_head(device);
    const struct tb_attached *a = tb_section(t, device, TB_DEVICE_ATTACH);
    const struct tb_namespace *ns = tb_head_of(t, TB_KIND_NAMESPACE, d->ns);
    if (d->flags & (TB_DEVICE_SHARED | TB_DEVICE_WEAK))
        return 0;
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < device->n[TB_DEVICE_ATTACH]; i++)
        newest = a[i].last_ms > newest ? a[i].last_ms : newest;
    uint32_t person = 0;
    for (uint32_t i = 0; i < device->n[TB_DEVICE_ATTACH]; i++) {
        if (ns->window_days != 0 && newest - a[i].last_ms > (int64_t)ns->window_days * TB_DAY_MS)
            continue;
        uint32_t p = tb_person_by_profile(t, a[i].profile);
        if (person != 0 && p != person)
            return 0;
        person = p;
    }
    return person;
}

/* True when a visit at the touchpoint covers the instant. */
static bool visited(const struct tb_txn *t, struct tb_block *b, int64_t at_ms, uint32_t touchpoint)
{
    const struct tb_visit *v = tb_section(t, b, TB_DEVICE_VISIT);
    uint32_t n = b->n[TB_DEVICE_VISIT];
    if (n == TB_DEVICE_VISITS_MAX && at_ms < v[0].first_ms)
        return true; /* older than what is kept: it is in the history */
    for (uint32_t i = 0; i < n; i++)
        if (v[i].touchpoint == touchpoint && v[i].first_ms <= at_ms && at_ms <= v[i].last_ms)
            return true;
    return false;
}

static bool attached(const struct tb_txn *t, struct tb_block *b, uint32_t profile, int64_t at_ms)
{
    const struct tb_device *d = tb_block_head(b);
    const struct tb_attached *a = tb_section(t, b, TB_DEVICE_ATTACH);
    if (d->flags & TB_DEVICE_SHARED)
        return true;
    for (uint32_t i = 0; i < b->n[TB_DEVICE_ATTACH]; i++)
        if (a[i].profile == profile)
            return at_ms >= a[i].first_ms &&
                   tb_identity_day(at_ms) <= tb_identity_day(a[i].last_ms);
    return false;
}

uint32_t tb_identity_device_seen(struct tb_txn *t, const struct tb_identifier *id, int64_t at_ms,
                                 uint32_t touchpoint, uint32_t profile)
{
    uint32_t salt;
    uint32_t device = tb_identity_device(t, id->ns, id->key, &salt);
    if (device == 0) {
        device = (uint32_t)tb_counter_next(t, TB_COUNTER_DEVICE);
        tb_emit_device_added(t, &(struct tb_ev_device_added){.device = device,
                                                             .ns = id->ns,
                                                             .key_hi = id->key[0],
                                                             .key_lo = id->key[1],
                                                             .at_ms = at_ms,
                                                             .salt = salt});
    }
    struct tb_block *b = tb_read(t, TB_KIND_DEVICE, device);
    const struct tb_device *d = tb_block_head(b);
    const struct tb_touchpoint *place =
        touchpoint ? tb_head_of(t, TB_KIND_TOUCHPOINT, touchpoint) : NULL;
    bool visit = place != NULL && !(d->flags & TB_DEVICE_WEAK) && !visited(t, b, at_ms, touchpoint);
    if (visit || at_ms < d->first_ms || tb_identity_day(at_ms) > tb_identity_day(d->last_ms))
        tb_emit_device_seen(t, &(struct tb_ev_device_seen){
                                   .device = device,
                                   .at_ms = at_ms,
                                   .touchpoint = visit ? touchpoint : 0,
                                   .gap_s = visit ? place->visit_gap_s : 0});
    if (profile != 0 && !attached(t, tb_read(t, TB_KIND_DEVICE, device), profile, at_ms))
        tb_emit_device_attached(t, &(struct tb_ev_device_attached){
                                       .device = device, .profile = profile, .at_ms = at_ms});
    return device;
}

enum tb_outcome tb_identity_probe(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a)
{
    const struct tb_cmd_probe *in = cmd->input;
    struct tb_block *ns = tb_identity_ns(t, in->identifier.ns);
    if (ns == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_NAMESPACE, "identifier");
    const struct tb_touchpoint *place = tb_head_of(t, TB_KIND_TOUCHPOINT, in->touchpoint);
    if (place == NULL || place->c.tenant != t->tenant)
        return tb_refuse(a, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    const struct tb_namespace *n = tb_block_head(ns);
    if (!tb_identity_switched_on(t, ns))
        return tb_refuse(a, TB_CODE_DISABLED, "identifier");
    if (tb_identity_listed(t, ns, in->identifier.key))
        return tb_refuse(a, TB_CODE_IDENTIFIER_BLOCKED, "identifier");
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "occurred_at");
    if (n->scope != TB_SCOPE_DEVICE)
        return tb_refuse(a, TB_CODE_INVALID, "identifier");
    uint32_t device =
        tb_identity_device_seen(t, &in->identifier, in->occurred_ms, in->touchpoint, 0);
    uint32_t person = tb_identity_device_person(t, tb_read(t, TB_KIND_DEVICE, device));
    tb_wire_put_uint(&a->body, 1, device);
    tb_wire_put_uint(&a->body, 2,
                     person ? tb_person_id(tb_read(t, TB_KIND_PERSON, person)) : 0);
    return TB_DONE;
}

int64_t tb_identity_due_ms(const struct tb_store *s, const struct tb_block *b)
{
    if (b->kind != TB_KIND_DEVICE)
        return INT64_MAX;
    const struct tb_device *d = tb_block_head_const(b);
    const struct tb_block *ns = tb_store_get(s, TB_KIND_NAMESPACE, d->ns);
    const struct tb_namespace *n = ns ? tb_block_head_const(ns) : NULL;
    if (n == NULL || n->retention_days == 0)
        return INT64_MAX;
    return d->last_ms + ((int64_t)n->retention_days + 1) * TB_DAY_MS; /* last_ms is a day */
}

void tb_identity_fire(struct tb_txn *t, uint64_t device)
{
    struct tb_block *b = tb_read(t, TB_KIND_DEVICE, device);
    if (b != NULL && tb_identity_due_ms(t->store, b) <= t->now_ms)
        tb_emit_device_forgotten(t, &(struct tb_ev_device_forgotten){.device = device});
}
