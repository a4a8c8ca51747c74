// SPDX-License-Identifier: Apache-2.0
/* core/approval/apply.c - folding the room's events, its counter at start-up, and its invariants. */
#include "core/approval/approval_int.h"
#include "core/person.h"

static void count_waiting(struct tb_txn *t, uint32_t act, bool more)
{
    struct tb_tenant *tenant = tb_block_head(tb_write(t, TB_KIND_TENANT, t->tenant));
    uint32_t *waiting = &tenant->objects[act == TB_REQUEST_ERASE ? TB_OBJECTS_ERASURE : TB_OBJECTS_REQUEST];
    tb_assert(more || *waiting > 0);
    *waiting = more ? *waiting + 1 : *waiting - 1;
}

/* An erasure that was taken back and is asked for again keeps its number. */
void tb_approval_apply_request_made(struct tb_txn *t, const struct tb_ev_request_made *ev)
{
    struct tb_block *b = tb_read(t, TB_KIND_REQUEST, ev->request);
    b = b ? tb_write(t, TB_KIND_REQUEST, ev->request) : tb_create(t, TB_KIND_REQUEST, ev->request);
    struct tb_approval *r = tb_block_head(b);
    *r = (struct tb_approval){.tenant = t->tenant,
                             .act = (uint32_t)ev->act,
                             .state = TB_REQUEST_WAITING,
                             .unit = (uint32_t)ev->unit,
                             .profile = (uint32_t)ev->profile,
                             .asked_by = (uint32_t)ev->asked_by,
                             .over = (uint32_t)ev->over,
                             .reason_n = ev->reason.n,
                             .amount = ev->amount,
                             .transfer = ev->transfer,
                             .asked_ms = t->now_ms,
                             .deadline_ms = (int64_t)ev->deadline_ms,
                             .asked_seq = t->seq};
    if (ev->reason.n)
        (void)tb_push_bytes(t, TB_KIND_REQUEST, ev->request, TB_REQUEST_BYTES, ev->reason);
    if (ev->act == TB_REQUEST_ERASE)
        tb_map_set(t, TB_MAP_ERASURE, tb_erasure_key(t->tenant, (uint32_t)ev->profile), ev->request);
    tb_counter_used(t, TB_COUNTER_REQUEST, ev->request);
    count_waiting(t, (uint32_t)ev->act, true);
    tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_approval_apply_request_moved(struct tb_txn *t, const struct tb_ev_request_moved *ev)
{
    struct tb_approval *r = tb_block_head(tb_write(t, TB_KIND_REQUEST, ev->request));
    uint32_t act = r->act;
    r->state = (uint32_t)ev->state;
    r->decided_by = (uint32_t)ev->decided_by;
    r->made = ev->made;
    r->note_n = ev->note.n;
    r->decided_ms = t->now_ms;
    r->decided_seq = t->seq;
    if (ev->note.n)
        (void)tb_push_bytes(t, TB_KIND_REQUEST, ev->request, TB_REQUEST_BYTES, ev->note);
    count_waiting(t, act, false);
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* A unit has one row; what an earlier day left is written over. */
void tb_approval_apply_hand_used(struct tb_txn *t, const struct tb_ev_hand_used *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_KEY, ev->hands);
    struct tb_hand_day *d = tb_section(t, b, TB_KEY_HAND);
    const struct tb_hand_day now = {(uint32_t)ev->unit, (int32_t)ev->day, (int64_t)ev->moved};
    uint32_t n = b->n[TB_KEY_HAND];
    uint32_t at = 0;
    while (at < n && d[at].unit != now.unit)
        at++;
    for (uint32_t i = 0; at == n && i < n; i++)
        if (d[i].day < now.day) {
            at = i;
            break;
        }
    if (at < n)
        d[at] = now;
    else
        (void)tb_push(t, TB_KIND_KEY, ev->hands, TB_KEY_HAND, &now);
}

void tb_request_index(struct tb_core *c, struct tb_block *b)
{
    const struct tb_approval *r = tb_block_head_const(b);
    struct tb_map *map = &c->store.map[TB_MAP_ERASURE];
    uint64_t key = tb_erasure_key(r->tenant, r->profile);
    uint64_t newest = 0;
    if (c->store.counter[TB_COUNTER_REQUEST] < b->id)
        c->store.counter[TB_COUNTER_REQUEST] = b->id;
    if (r->act == TB_REQUEST_ERASE && (!tb_map_get(map, key, &newest) || newest < b->id))
        tb_map_put(map, key, b->id);
}

/* ---- invariants ------------------------------------------------------------------------------------------ */

static const char *fault_of(const struct tb_approval *r)
{
    bool waits = r->state == TB_REQUEST_WAITING;
    if (waits != (r->decided_ms == 0))
        return "waits and was decided";
    if ((r->state == TB_REQUEST_APPROVED && r->act != TB_REQUEST_ERASE) != (r->made != 0))
        return "was approved without a transfer, or made one unasked";
    if (r->made != 0 && (r->decided_by == 0 || r->decided_by == r->asked_by))
        return "was approved by who asked";
    return NULL;
}

/* Of one key: a unit at most once, and something moved. */
static bool hand_good(struct tb_core *c, struct tb_block *b)
{
    const struct tb_hand_day *d = tb_block_section(&c->store.shape[TB_KIND_KEY], b, TB_KEY_HAND);
    bool good = true;
    for (uint32_t i = 0; i < b->n[TB_KEY_HAND]; i++) {
        good = good && d[i].moved > 0 && d[i].unit != 0;
        for (uint32_t k = 0; k < i; k++)
            good = good && d[k].unit != d[i].unit;
    }
    return good;
}

static void check_hands(struct tb_audit *a)
{
    for (uint64_t id = 1; id <= a->core->store.counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(&a->core->store, TB_KIND_KEY, id);
        if (b != NULL && !hand_good(a->core, b))
            tb_audit_broken(a, "key", id, "a unit stands twice in its day, or with nothing moved");
    }
}

void tb_request_check(struct tb_audit *a)
{
    struct tb_core *c = a->core;
    check_hands(a);
    uint64_t waiting = 0;
    uint64_t counted = 0;
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_REQUEST]; id++) {
        const struct tb_block *b = tb_store_get(&c->store, TB_KIND_REQUEST, id);
        const struct tb_approval *r = b ? tb_block_head_const(b) : NULL;
        const char *why = r ? fault_of(r) : NULL;
        waiting += r != NULL && r->state == TB_REQUEST_WAITING;
        if (why != NULL)
            tb_audit_broken(a, "request", id, why);
    }
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_TENANT]; id++) {
        const struct tb_block *b = tb_store_get(&c->store, TB_KIND_TENANT, id);
        const uint32_t *objects = b ? ((const struct tb_tenant *)tb_block_head_const(b))->objects : NULL;
        counted += objects ? objects[TB_OBJECTS_REQUEST] + objects[TB_OBJECTS_ERASURE] : 0;
    }
    if (counted != waiting)
        tb_audit_broken(a, "requests that wait", waiting, "the tenants count another number");
}
