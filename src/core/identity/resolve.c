// SPDX-License-Identifier: Apache-2.0
/* Recognising: from the identifiers of one contact to a person and a profile.
 *
 * Most contacts teach nothing new; known() finds that out with one look-up an identifier
 * and writes nothing. Everything else goes through the component.                        */
#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"

/* A usable identifier of person scope. */
struct given {
    const struct tb_identifier *id;
    const struct tb_namespace *ns;
    struct tb_found found;
    bool verified;
    bool unique;
};

struct contact {
    const struct tb_contact_facts *facts;
    struct given given[TB_IDENTIFIERS_MAX];
    uint32_t given_n;
    uint32_t high; /* place of the highest-priority one: value books there */
    const struct tb_identifier *node[TB_IDENTIFIERS_MAX];
    uint32_t node_n;
    uint32_t store;
    bool blocked;
    bool disabled;
    bool erased;
};

/* Which pairs of a contact's identifiers become edges: everything with the one of highest
 * priority, and with every unique value.                                                */
static bool is_edge(const struct contact *c, uint32_t i, uint32_t j)
{
    return i == c->high || j == c->high || c->given[i].unique || c->given[j].unique;
}

/* "identifiers/3" */
static enum tb_outcome refuse_at(struct tb_answer *a, enum tb_code code, uint32_t index)
{
    char field[24];
    struct tb_buf b;
    tb_buf_init(&b, field, sizeof field - 1);
    tb_buf_c(&b, "identifiers/");
    tb_buf_i64(&b, index);
    field[b.n] = 0;
    return tb_refuse(a, code, field);
}

enum tb_code tb_identity_time(const struct tb_txn *t, int64_t occurred_ms)
{
    const struct tb_tenant *tenant = tb_tenant_of(t);
    if (occurred_ms > t->now_ms + TB_DAY_MS || occurred_ms > TB_MS_MAX)
        return TB_CODE_TIME_IN_FUTURE;
    if (occurred_ms < TB_MS_MIN)
        return TB_CODE_TIME_TOO_OLD;
    if (tenant != NULL && tenant->accept_days != 0 &&
        occurred_ms < t->now_ms - (int64_t)tenant->accept_days * TB_DAY_MS)
        return TB_CODE_TIME_TOO_OLD;
    return TB_CODE_OK;
}

/* Evidence from before an erasure does not bring anybody back. */
static bool before_erasure(const struct tb_txn *t, const struct tb_found *f, int64_t at_ms)
{
    const struct tb_profile *p = f->p;
    while (p != NULL) {
        if ((p->flags & TB_PROFILE_ERASED) && at_ms / 1000 <= (int64_t)p->until_s)
            return true;
        if (p->ring == 0 || p->ring == f->profile)
            return false;
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, p->ring));
        p = tb_person_profile(t, b, p->ring);
    }
    return false;
}

static void take(struct tb_txn *t, struct contact *c, const struct tb_identifier *id,
                 struct tb_block *ns)
{
    struct given g = {.id = id, .ns = tb_block_head(ns)};
    g.unique = g.ns->class_no == TB_CLASS_UNIQUE;
    g.verified = id->verified || (g.unique && !g.ns->needs_verification);
    for (uint32_t i = 0; i < c->given_n; i++) {
        const struct tb_identifier *other = c->given[i].id;
        if (other->ns == id->ns && memcmp(other->key, id->key, sizeof id->key) == 0) {
            c->given[i].verified |= g.verified;
            return;
        }
    }
    g.found = tb_identity_lookup(t, id->ns, id->key);
    if (g.found.profile != 0 && before_erasure(t, &g.found, c->facts->occurred_ms)) {
        c->erased = true;
        return;
    }
    c->given[c->given_n++] = g;
}

static bool ranks_before(const struct given *x, const struct given *y)
{
    if (x->ns->priority != y->ns->priority)
        return x->ns->priority < y->ns->priority;
    if (x->id->ns != y->id->ns)
        return x->id->ns < y->id->ns;
    return memcmp(x->id->key, y->id->key, sizeof x->id->key) < 0;
}

static enum tb_outcome check_facts(const struct tb_txn *t, struct contact *c, struct tb_answer *a)
{
    const struct tb_contact_facts *f = c->facts;
    c->store = f->store;
    if (f->touchpoint != 0) {
        const struct tb_touchpoint *place = tb_head_of(t, TB_KIND_TOUCHPOINT, f->touchpoint);
        if (place == NULL || place->c.tenant != t->tenant)
            return tb_refuse(a, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
        if (c->store == 0)
            c->store = place->store;
    }
    if (f->store != 0) {
        const struct tb_store_place *store = tb_head_of(t, TB_KIND_STORE, f->store);
        if (store == NULL || store->c.tenant != t->tenant)
            return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    }
    enum tb_code code = tb_identity_time(t, f->occurred_ms);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "occurred_at");
}

/* Sorts the identifiers into those that make profiles and those that make nodes. */
static enum tb_outcome sort_out(struct tb_txn *t, struct contact *c, const struct tb_identifier *ids,
                                uint32_t n, struct tb_resolved *out, struct tb_answer *a)
{
    struct tb_block *ns[TB_IDENTIFIERS_MAX];
    if (n > TB_IDENTIFIERS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "identifiers");
    if (n == 0)
        return tb_refuse(a, TB_CODE_NO_IDENTIFIER, "identifiers");
    for (uint32_t i = 0; i < n; i++)
        if ((ns[i] = tb_identity_ns(t, ids[i].ns)) == NULL)
            return refuse_at(a, TB_CODE_UNKNOWN_NAMESPACE, i);
    for (uint32_t i = 0; i < n; i++)
        if (ids[i].plain.n > TB_PERSONAL_MAX)
            return refuse_at(a, TB_CODE_INVALID, i);
    if (check_facts(t, c, a) != TB_DONE)
        return TB_REFUSED;
    for (uint32_t i = 0; i < n; i++) {
        if (tb_identity_listed(t, ns[i], ids[i].key)) {
            out->blocked |= 1u << i;
            c->blocked = true;
        } else if (!tb_identity_forms_node(ns[i])) {
            take(t, c, &ids[i], ns[i]);
        } else if (!tb_identity_switched_on(t, ns[i])) {
            c->disabled = true;
        } else {
            c->node[c->node_n++] = &ids[i];
        }
    }
    if (c->given_n + c->node_n == 0)
        return tb_refuse(a, c->blocked    ? TB_CODE_IDENTIFIER_BLOCKED
                            : c->disabled ? TB_CODE_DISABLED
                                          : TB_CODE_ERASED, "identifiers");
    for (uint32_t i = 1; i < c->given_n; i++)
        if (ranks_before(&c->given[i], &c->given[c->high]))
            c->high = i;
    return TB_DONE;
}

/* The identifier alone teaches nothing but, perhaps, a newer day. */
static bool known_alone(const struct given *g, int64_t at_ms, uint32_t person)
{
    const struct tb_profile *p = g->found.p;
    if (p == NULL || g->found.person != person || p->ring != 0 || at_ms < p->since_ms ||
        (p->flags & TB_PROFILE_ERASED) || (g->verified && !(p->flags & TB_PROFILE_VERIFIED)))
        return false;
    if (p->sealed_n == 0 && g->id->plain.n != 0 && !g->ns->hashed_only)
        return false;
    return g->ns->tenure_gap_days == 0 ||
           tb_identity_day(at_ms) - p->last_day <= (int64_t)g->ns->tenure_gap_days;
}

static bool known_pair(const struct tb_txn *t, struct tb_block *b, const struct given *x,
                       const struct given *y, int64_t at_ms)
{
    if ((x->found.p->flags | y->found.p->flags) & TB_PROFILE_HOT)
        return true;
    uint32_t at;
    const struct tb_edge *e = tb_identity_edge(t, b, x->found.profile, y->found.profile, &at);
    if (e == NULL || !(e->flags & TB_EDGE_SEEN) || at_ms < e->first_ms)
        return false;
    return !(x->verified && y->verified) || (e->verified_ms != 0 && e->verified_ms <= at_ms);
}

static bool known(struct tb_txn *t, const struct contact *c)
{
    uint32_t person = c->given[c->high].found.person;
    for (uint32_t i = 0; i < c->given_n; i++)
        if (!known_alone(&c->given[i], c->facts->occurred_ms, person))
            return false;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    for (uint32_t i = 0; i < c->given_n; i++)
        for (uint32_t k = i + 1; k < c->given_n; k++)
            if (is_edge(c, i, k) &&
                !known_pair(t, b, &c->given[i], &c->given[k], c->facts->occurred_ms))
                return false;
    return true;
}

/* At most one event: the day advanced. */
static void refresh_known(struct tb_txn *t, const struct contact *c)
{
    uint64_t more[TB_IDENTIFIERS_MAX];
    uint32_t n = 0;
    int32_t day = tb_identity_day(c->facts->occurred_ms);
    for (uint32_t i = 0; i < c->given_n; i++)
        if (c->given[i].found.p->last_day < day)
            more[n++] = c->given[i].found.profile;
    if (n == 0)
        return;
    tb_emit_profile_seen(t, &(struct tb_ev_profile_seen){.profile = more[0],
                                                         .at_ms = c->facts->occurred_ms,
                                                         .touchpoint = c->facts->touchpoint,
                                                         .store = c->store,
                                                         .more = more + 1,
                                                         .more_n = n - 1});
}

static void add_sights(struct tb_component *k, const struct contact *c, struct tb_sight *sight)
{
    int64_t at_ms = c->facts->occurred_ms;
    for (uint32_t i = 0; i < c->given_n; i++) {
        const struct given *g = &c->given[i];
        struct tb_graph_element e = {.since_ms = at_ms, .last_day = tb_identity_day(at_ms),
                                     .verified = g->verified};
        memcpy(e.key, g->id->key, sizeof e.key);
        sight[i] = (struct tb_sight){.id = g->id,
                                     .element = tb_component_add_element(k, &e, g->id->ns)};
    }
    for (uint32_t i = 0; i < c->given_n; i++)
        for (uint32_t j = i + 1; j < c->given_n; j++)
            if (is_edge(c, i, j))
                tb_component_add_edge(
                    k, &(struct tb_graph_edge){
                           .a = sight[i].element,
                           .b = sight[j].element,
                           .first_ms = at_ms,
                           .verified_ms = c->given[i].verified && c->given[j].verified
                                              ? (at_ms != 0 ? at_ms : 1)
                                              : 0,
                           .flags = TB_EDGE_SEEN});
}

/* A frozen component learns nothing; what is not known yet stands alone. */
static void stand_alone(struct tb_txn *t, struct contact *c, struct tb_sight *sight)
{
    for (uint32_t i = 0; i < c->given_n; i++) {
        struct given *g = &c->given[i];
        if (g->found.p != NULL && !(g->found.p->flags & TB_PROFILE_ERASED)) {
            sight[i].profile = g->found.profile;
            const struct tb_person *person = tb_head_of(t, TB_KIND_PERSON, g->found.person);
            struct tb_block *b = tb_read(t, TB_KIND_PERSON, g->found.person);
            if (!(person->flags & TB_PERSON_FROZEN))
                tb_emit_person_frozen(t, &(struct tb_ev_person_frozen){
                                             .person = g->found.person,
                                             .profiles = b->n[TB_PERSON_PROFILE]});
            continue;
        }
        size_t mark = tb_arena_mark(t->scratch);
        struct tb_component alone;
        struct contact one = {.facts = c->facts, .given_n = 1, .given = {*g}};
        tb_component_init(&alone, t);
        add_sights(&alone, &one, &sight[i]);
        struct tb_settle s = {.sight = &sight[i], .sight_n = 1, .at_ms = c->facts->occurred_ms,
                              .touchpoint = c->facts->touchpoint, .store = c->store,
                              .reason = TB_JOIN_EVIDENCE};
        bool settled = alone.state == TB_COMPONENT_OK && tb_component_settle(&alone, &s);
        tb_assert(settled); /* one element needs next to nothing */
        tb_arena_release(t->scratch, mark);
    }
}

/* Puts the evidence into its component. The booking profile, 0 when memory is short. */
static uint32_t learn(struct tb_txn *t, struct contact *c, struct tb_resolved *out)
{
    struct tb_sight sight[TB_IDENTIFIERS_MAX] = {0};
    size_t mark = tb_arena_mark(t->scratch);
    struct tb_component k;
    tb_component_init(&k, t);
    for (uint32_t i = 0; i < c->given_n; i++)
        if (c->given[i].found.p != NULL)
            tb_component_add_value(&k, c->given[i].found.p);
    tb_component_close(&k);
    if (k.state == TB_COMPONENT_OK)
        add_sights(&k, c, sight);
    if (k.state == TB_COMPONENT_OK) {
        struct tb_settle s = {.sight = sight, .sight_n = c->given_n,
                              .at_ms = c->facts->occurred_ms, .touchpoint = c->facts->touchpoint,
                              .store = c->store, .reason = TB_JOIN_EVIDENCE};
        if (!tb_component_settle(&k, &s))
            k.state = TB_COMPONENT_NO_MEMORY;
    }
    tb_arena_release(t->scratch, mark);
    if (k.state == TB_COMPONENT_FROZEN) {
        out->frozen = true;
        stand_alone(t, c, sight);
    }
    return k.state == TB_COMPONENT_NO_MEMORY ? 0 : sight[c->high].profile;
}

static void follow(struct tb_txn *t, const struct contact *c, uint32_t profile)
{
    const struct tb_contact_facts *f = c->facts;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    bool is = (tb_person_profile(t, b, profile)->flags & TB_PROFILE_FOLLOWER) != 0;
    if (f->kind != TB_CONTACT_SEEN && is != (f->kind == TB_CONTACT_FOLLOW))
        tb_emit_followed(t, &(struct tb_ev_followed){.profile = profile,
                                                     .at_ms = f->occurred_ms,
                                                     .ended = f->kind == TB_CONTACT_UNFOLLOW});
}

/* The usual contact: one identifier that is known and teaches nothing but, perhaps, a newer
 * day. False: it is anything else, and nothing was done.                               */
static bool known_single(struct tb_txn *t, const struct tb_identifier *id,
                         const struct tb_contact_facts *facts, struct tb_resolved *out)
{
    struct tb_block *ns = tb_identity_ns(t, id->ns);
    if (ns == NULL || facts->kind != TB_CONTACT_SEEN || id->plain.n > TB_PERSONAL_MAX ||
        tb_identity_forms_node(ns) || tb_identity_listed(t, ns, id->key))
        return false;
    struct given g = {.id = id, .ns = tb_block_head(ns)};
    g.unique = g.ns->class_no == TB_CLASS_UNIQUE;
    g.verified = id->verified || (g.unique && !g.ns->needs_verification);
    g.found = tb_identity_lookup(t, id->ns, id->key);
    if (g.found.profile == 0 || !known_alone(&g, facts->occurred_ms, g.found.person))
        return false;
    struct contact c;
    c.facts = facts;
    struct tb_answer unused;
    if (check_facts(t, &c, &unused) != TB_DONE)
        return false;
    out->profile = g.found.profile;
    out->person = g.found.person;
    if (g.found.p->last_day < tb_identity_day(facts->occurred_ms))
        tb_emit_profile_seen(t, &(struct tb_ev_profile_seen){.profile = g.found.profile,
                                                             .at_ms = facts->occurred_ms,
                                                             .touchpoint = facts->touchpoint,
                                                             .store = c.store});
    return true;
}

enum tb_outcome tb_identity_resolve(struct tb_txn *t, const struct tb_identifier *ids, uint32_t n,
                                    const struct tb_contact_facts *facts, struct tb_resolved *out,
                                    struct tb_answer *a)
{
    struct contact c;
    c.facts = facts;
    c.given_n = c.node_n = c.high = 0;
    c.blocked = c.disabled = c.erased = false;
    *out = (struct tb_resolved){0};
    if (n == 1 && known_single(t, ids, facts, out))
        return TB_DONE;
    if (sort_out(t, &c, ids, n, out, a) != TB_DONE)
        return TB_REFUSED;
    if (c.given_n > 0) {
        if (known(t, &c)) {
            out->profile = c.given[c.high].found.profile;
            refresh_known(t, &c);
        } else {
            uint64_t last = tb_counter_next(t, TB_COUNTER_PERSON);
            out->profile = learn(t, &c, out);
            if (out->profile == 0)
                return tb_refuse(a, TB_CODE_TOO_LARGE, "identifiers");
            out->created = tb_person_by_profile(t, out->profile) >= last;
        }
        out->person = tb_person_by_profile(t, out->profile);
        follow(t, &c, out->profile);
    }
    for (uint32_t i = 0; i < c.node_n; i++) {
        uint32_t device = tb_identity_device_seen(t, c.node[i], facts->occurred_ms,
                                                  facts->touchpoint, out->profile);
        if (c.given_n > 0 || out->profile != 0)
            continue;
        out->device = out->device ? out->device : device;
        out->person = tb_identity_device_person(t, tb_read(t, TB_KIND_DEVICE, device));
        if (out->person != 0) {
            out->device = device;
            out->profile = tb_person_id(tb_read(t, TB_KIND_PERSON, out->person));
        }
    }
    return TB_DONE;
}

enum tb_outcome tb_identity_contact(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_contact *in = cmd->input;
    struct tb_resolved r;
    if (tb_identity_resolve(t, in->identifier, in->identifier_n, &in->facts, &r, a) != TB_DONE)
        return TB_REFUSED;
    struct tb_block *b = r.person ? tb_read(t, TB_KIND_PERSON, r.person) : NULL;
    tb_wire_put_uint(&a->body, 1, b ? tb_person_id(b) : 0);
    tb_wire_put_uint(&a->body, 2, r.profile);
    if (r.created)
        tb_wire_put_uint(&a->body, 3, 1);
    if (b != NULL && b->n[TB_PERSON_ENROL] > 0)
        tb_wire_put_uint(&a->body, 4, 1);
    if (r.device != 0)
        tb_wire_put_uint(&a->body, 5, r.device);
    for (uint32_t i = 0; i < in->identifier_n; i++)
        if (r.blocked >> i & 1)
            tb_wire_put_uint(&a->body, 6, i);
    if (r.frozen)
        tb_wire_put_uint(&a->body, 7, 1);
    tb_wire_put_uint(&a->body, 8, b ? tb_person_of(b)->flags : 0);
    return TB_DONE;
}

uint32_t tb_identity_find(const struct tb_txn *t, const struct tb_identifier *id)
{
    struct tb_block *ns = tb_identity_ns(t, id->ns);
    if (ns == NULL)
        return 0;
    if (!tb_identity_forms_node(ns)) {
        struct tb_found f = tb_identity_lookup(t, id->ns, id->key);
        /* a tenure that ended leads to nobody: its value's last owner was erased */
        return f.p != NULL && f.p->until_s == 0 ? f.profile : 0;
    }
    uint32_t salt;
    uint32_t device = tb_identity_device(t, id->ns, id->key, &salt);
    uint32_t person =
        device ? tb_identity_device_person(t, tb_read(t, TB_KIND_DEVICE, device)) : 0;
    return person ? tb_person_id(tb_read(t, TB_KIND_PERSON, person)) : 0;
}

uint32_t tb_identity_who(const struct tb_txn *t, const struct tb_who *who, uint32_t *profile,
                         struct tb_answer *a)
{
    uint64_t named = who->profile;
    if (named == 0 && who->identifier.ns != 0) {
        if (tb_identity_ns(t, who->identifier.ns) == NULL) {
            a->code = TB_CODE_UNKNOWN_NAMESPACE;
            return 0;
        }
        named = tb_identity_find(t, &who->identifier);
    }
    uint32_t person = tb_person_by_profile(t, named);
    struct tb_block *b = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    if (b == NULL || tb_person_of(b)->tenant != t->tenant) {
        a->code = TB_CODE_UNKNOWN_MEMBER;
        return 0;
    }
    if (tb_person_of(b)->flags & TB_PERSON_ERASED) {
        a->code = TB_CODE_ERASED;
        return 0;
    }
    if (profile != NULL)
        *profile = (uint32_t)named;
    return person;
}

void tb_identity_prefetch(const struct tb_store *s, uint32_t tenant,
                          const struct tb_identifier *ids, uint32_t n, uint32_t pass)
{
    for (uint32_t i = 0; i < n && i < TB_IDENTIFIERS_MAX; i++) {
        uint64_t key = tb_key_identifier(tenant, ids[i].ns, ids[i].key, 0);
        uint64_t profile;
        if (pass == 0) {
            tb_map_prefetch(&s->map[TB_MAP_IDENTIFIER], key);
            continue;
        }
        if (!tb_map_get(&s->map[TB_MAP_IDENTIFIER], key, &profile))
            continue;
        if (pass == 1)
            tb_store_prefetch_column(s, TB_COLUMN_PROFILE_PERSON, profile);
        else if (pass == 2)
            tb_store_prefetch_slot(s, TB_KIND_PERSON,
                                   tb_store_column(s, TB_COLUMN_PROFILE_PERSON, profile));
        else
            tb_store_prefetch(s, TB_KIND_PERSON,
                              tb_store_column(s, TB_COLUMN_PROFILE_PERSON, profile));
    }
}
