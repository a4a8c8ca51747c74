// SPDX-License-Identifier: Apache-2.0
/* From a solved graph to events: what differs from how things stand is written, nothing
 * else. Order of the events: new profiles, evidence on known ones, edges, tenures, moves. */
#include <string.h>

#include "core/catalog/catalog.h"
#include "core/identity/component.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"

struct work {
    struct tb_component *c;
    struct tb_graph *g;
    struct tb_settle *s;
    uint32_t first_new;   /* elements from here on are evidence of this contact or made here */
    uint32_t *holder;     /* sight -> element that holds it */
    uint32_t *target;     /* root tenure -> person block */
    bool *claimed;        /* place of a person in the component -> it is a target */
    uint32_t next_person;
    uint32_t next_profile;
    bool *made;           /* element is a new profile */
    uint32_t element_cap;
};

static uint32_t root_of(const struct work *w, uint32_t element)
{
    return w->g->tenure[w->g->element[element].tenure].root;
}

/* The unique value in the same contact that says whose tenure this is. */
static uint32_t partner_of(const struct work *w, uint32_t sight)
{
    const struct tb_graph *g = w->g;
    uint32_t mine = w->s->sight[sight].element;
    const struct tb_graph_group *group = &g->group[g->group_of[mine]];
    for (uint32_t i = group->tenure; group->tenure_n > 1 && i < group->tenure + group->tenure_n; i++)
        for (uint32_t k = 0; k < w->s->sight_n; k++)
            if (g->element[w->s->sight[k].element].value == g->tenure[i].anchor)
                return g->tenure[i].anchor;
    return TB_GRAPH_NONE;
}

/* Finds the profile that takes the evidence of a sight: of the same run and tenure. */
static void hold(struct work *w, uint32_t sight)
{
    struct tb_graph *g = w->g;
    uint32_t mine = w->s->sight[sight].element;
    struct tb_graph_element *e = &g->element[mine];
    e->tenure = tb_graph_tenure_at(g, mine, partner_of(w, sight), w->s->at_ms);
    uint32_t best = TB_GRAPH_NONE;
    const struct tb_graph_value *v = &g->value[e->value];
    for (uint32_t i = v->element; i < v->element + v->element_n; i++) {
        const struct tb_graph_element *x = &g->element[g->order[i]];
        if (x->profile == 0 || x->run != e->run || x->tenure != e->tenure)
            continue;
        if (best == TB_GRAPH_NONE || x->profile < g->element[best].profile)
            best = g->order[i];
    }
    w->holder[sight] = best;
    if (best == TB_GRAPH_NONE) {
        w->holder[sight] = mine;
        w->made[mine] = true;
    } else {
        struct tb_graph_element *x = &g->element[best];
        x->since_ms = e->since_ms < x->since_ms ? e->since_ms : x->since_ms;
        x->last_day = e->last_day > x->last_day ? e->last_day : x->last_day;
    }
}

static bool held(const struct work *w, uint32_t tenure)
{
    const struct tb_graph *g = w->g;
    const struct tb_graph_value *v = &g->value[g->group[g->tenure[tenure].group].value];
    for (uint32_t i = v->element; i < v->element + v->element_n; i++) {
        const struct tb_graph_element *x = &g->element[g->order[i]];
        if (x->tenure == tenure && (x->profile != 0 || w->made[g->order[i]]))
            return true;
    }
    return false;
}

/* Every tenure gets a profile, so that value can book to it. */
static bool hold_tenures(struct work *w)
{
    struct tb_graph *g = w->g;
    for (uint32_t i = 0; i < g->tenure_n; i++) {
        if (held(w, i))
            continue;
        const struct tb_graph_tenure *tenure = &g->tenure[i];
        uint32_t value = g->group[tenure->group].value;
        struct tb_graph_element e = g->element[g->order[g->value[value].element]];
        e = (struct tb_graph_element){.key = {e.key[0], e.key[1]}, .since_ms = tenure->start_ms,
                                      .last_day = tb_identity_day(tenure->start_ms),
                                      .verified = true, .value = value, .tenure = i};
        uint32_t at = tb_component_add_element(w->c, &e, g->ns[g->value[value].ns].id);
        if (at == TB_GRAPH_NONE || at >= w->element_cap)
            return false;
        w->made[at] = true;
    }
    return true;
}

static bool oldest_first(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_element *x = &g->element[a];
    const struct tb_graph_element *y = &g->element[b];
    if (x->since_ms != y->since_ms)
        return x->since_ms < y->since_ms;
    return x->profile < y->profile;
}

/* Each person keeps the block of its oldest profile; blocks wanted twice go to the older. */
static bool choose_targets(struct work *w)
{
    struct tb_graph *g = w->g;
    uint32_t *index = TB_NEW_ARRAY(g->arena, uint32_t, g->element_n + 1);
    if (index == NULL)
        return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->element_n; i++)
        if (g->element[i].person != 0)
            index[n++] = i;
    tb_graph_sort(g, index, n, oldest_first);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t root = root_of(w, index[i]);
        uint32_t person = g->element[index[i]].person;
        uint32_t place = tb_component_find_person(w->c, person);
        if (w->target[root] != 0 || w->claimed[place])
            continue;
        w->target[root] = person;
        w->claimed[place] = true;
    }
    w->next_person = (uint32_t)tb_counter_next(w->c->t, TB_COUNTER_PERSON);
    for (uint32_t i = 0; i < g->tenure_n; i++)
        if (w->target[g->tenure[i].root] == 0)
            w->target[g->tenure[i].root] = w->next_person++;
    w->next_profile = (uint32_t)tb_counter_next(w->c->t, TB_COUNTER_PROFILE);
    for (uint32_t i = 0; i < g->element_n; i++)
        if (w->made[i])
            g->element[i].profile = w->next_profile++;
    return true;
}

static uint32_t label_of(const struct work *w, uint32_t element)
{
    const struct tb_graph *g = w->g;
    uint32_t anchor = g->tenure[g->element[element].tenure].anchor;
    uint32_t label = g->element[element].label;
    uint32_t best = 0;
    if (anchor == TB_GRAPH_NONE)
        return label;
    for (uint32_t i = 0; i < g->element_n; i++) {
        if (g->element[i].value != anchor || g->element[i].profile == 0)
            continue;
        if (g->element[i].profile == label)
            return label;
        if (best == 0 || g->element[i].profile < best)
            best = g->element[i].profile;
    }
    return best;
}

/* The profile that the map should lead to: of the value's last tenure. */
static uint32_t current_of(const struct work *w, uint32_t value)
{
    const struct tb_graph *g = w->g;
    const struct tb_graph_group *group = &g->group[g->value[value].group + g->value[value].group_n - 1];
    uint32_t last = group->tenure + group->tenure_n - 1;
    uint32_t best = TB_GRAPH_NONE;
    for (uint32_t i = 0; i < g->element_n; i++) {
        const struct tb_graph_element *x = &g->element[i];
        if (x->value != value || x->tenure != last || x->profile == 0)
            continue;
        if (x->current)
            return i;
        if (best == TB_GRAPH_NONE || x->profile < g->element[best].profile)
            best = i;
    }
    tb_assert(best != TB_GRAPH_NONE);
    return best;
}

/* Seconds at which the tenure ended: when the value's next one began, or a wall stands. 0 =
 * it holds. */
static uint32_t until_of(const struct work *w, uint32_t tenure)
{
    const struct tb_graph *g = w->g;
    const struct tb_graph_tenure *x = &g->tenure[tenure];
    const struct tb_graph_value *v = &g->value[g->group[x->group].value];
    int64_t end = INT64_MAX;
    if (tenure + 1 < g->tenure_n &&
        g->group[g->tenure[tenure + 1].group].value == g->group[x->group].value)
        end = g->tenure[tenure + 1].start_ms;
    for (uint32_t i = v->element; i < v->element + v->element_n; i++) {
        const struct tb_graph_element *e = &g->element[g->order[i]];
        if (e->wall && e->since_ms >= x->start_ms && e->since_ms < end)
            end = e->since_ms;
    }
    if (end == INT64_MAX)
        return 0;
    int64_t s = end / 1000;
    return s < 1 ? 1 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static const struct tb_identifier *given_for(const struct work *w, uint32_t element)
{
    for (uint32_t i = 0; i < w->s->sight_n; i++)
        if (w->holder[i] == element)
            return w->s->sight[i].id;
    return NULL;
}

/* Encrypts what may be kept; the bytes live in out. */
static struct tb_str seal(const struct work *w, uint32_t profile, const struct tb_identifier *id,
                          uint8_t *out)
{
    struct tb_txn *t = w->c->t;
    if (id == NULL || id->plain.n == 0)
        return TB_STR_NONE;
    const struct tb_namespace *ns = tb_head_of(t, TB_KIND_NAMESPACE, id->ns);
    if (ns->hashed_only)
        return TB_STR_NONE;
    tb_assert(id->plain.n <= TB_PERSONAL_MAX);
    uint32_t n = t->env->seal(t->env->user, t->tenant, profile, 1, id->plain, out);
    return (struct tb_str){(const char *)out, n};
}

/* A tombstone is no longer current; other profiles are told where tenures are written. */
static void give_way(struct tb_txn *t, const struct tb_found *head)
{
    if (head->profile != 0 && (head->p->flags & TB_PROFILE_ERASED))
        tb_emit_tenure_set(t, &(struct tb_ev_tenure_set){.profile = head->profile,
                                                         .anchor = head->p->anchor,
                                                         .until_s = head->p->until_s,
                                                         .salt = head->salt});
}

static void emit_added(struct work *w, uint32_t element)
{
    struct tb_txn *t = w->c->t;
    const struct tb_graph_element *e = &w->g->element[element];
    uint8_t sealed[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    uint32_t ns = w->g->ns[w->g->value[e->value].ns].id;
    struct tb_found head = tb_identity_lookup(t, ns, e->key);
    bool current = current_of(w, e->value) == element;
    struct tb_ev_profile_added ev = {.profile = e->profile,
                                     .person = w->target[root_of(w, element)],
                                     .ns = ns,
                                     .key_hi = e->key[0],
                                     .key_lo = e->key[1],
                                     .since_ms = e->since_ms,
                                     .verified = e->verified,
                                     .ring = head.profile,
                                     .current = current || head.profile == 0,
                                     .anchor = label_of(w, element),
                                     .sealed = seal(w, e->profile, given_for(w, element), sealed),
                                     .until_s = until_of(w, e->tenure),
                                     .salt = head.salt,
                                     .touchpoint = w->s->touchpoint,
                                     .store = w->s->store};
    if (ev.current)
        give_way(t, &head);
    tb_emit_profile_added(t, &ev);
}

static const struct tb_profile *profile_now(const struct work *w, uint32_t profile)
{
    struct tb_block *b =
        tb_read(w->c->t, TB_KIND_PERSON, tb_person_by_profile(w->c->t, profile));
    const struct tb_profile *p = b ? tb_person_profile(w->c->t, b, profile) : NULL;
    tb_assert(p != NULL);
    return p;
}

static void emit_seen(struct work *w, uint32_t sight)
{
    struct tb_txn *t = w->c->t;
    const struct tb_sight *s = &w->s->sight[sight];
    if (w->made[w->holder[sight]])
        return;
    const struct tb_profile *p = profile_now(w, s->profile);
    bool verified = w->g->element[s->element].verified && !(p->flags & TB_PROFILE_VERIFIED);
    if (w->s->at_ms < p->since_ms || tb_identity_day(w->s->at_ms) > p->last_day || verified)
        tb_emit_profile_seen(t, &(struct tb_ev_profile_seen){.profile = s->profile,
                                                             .at_ms = w->s->at_ms,
                                                             .verified = verified,
                                                             .touchpoint = w->s->touchpoint,
                                                             .store = w->s->store});
    if (profile_now(w, s->profile)->sealed_n == 0) {
        uint8_t sealed[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
        struct tb_ev_profile_sealed ev = {.profile = s->profile,
                                          .sealed = seal(w, s->profile, s->id, sealed)};
        if (ev.sealed.n)
            tb_emit_profile_sealed(t, &ev);
    }
}

static void emit_edge(struct work *w, const struct tb_graph_edge *e, uint32_t x, uint32_t y)
{
    struct tb_txn *t = w->c->t;
    const struct tb_graph *g = w->g;
    if (g->value[g->element[e->a].value].hot || g->value[g->element[e->b].value].hot)
        return;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, x));
    uint32_t at;
    const struct tb_edge *known = tb_identity_edge(t, b, x, y, &at);
    bool seen = known != NULL && (known->flags & TB_EDGE_SEEN);
    bool news = !seen || e->first_ms < known->first_ms ||
                (e->verified_ms != 0 &&
                 (known->verified_ms == 0 || e->verified_ms < known->verified_ms));
    if (news)
        tb_emit_edge_seen(t, &(struct tb_ev_edge_seen){.a = x < y ? x : y,
                                                       .b = x < y ? y : x,
                                                       .at_ms = e->first_ms,
                                                       .verified = e->verified_ms != 0});
}

static uint32_t sight_of(const struct work *w, uint32_t element)
{
    for (uint32_t i = 0; i < w->s->sight_n; i++)
        if (w->s->sight[i].element == element)
            return i;
    return TB_GRAPH_NONE;
}

/* Evidence of this contact stands at the end of the edges, between its own elements. */
static void emit_edges(struct work *w)
{
    for (uint32_t i = 0; i < w->g->edge_n; i++) {
        const struct tb_graph_edge *e = &w->g->edge[i];
        if (e->a < w->first_new || e->b < w->first_new)
            continue;
        uint32_t x = sight_of(w, e->a);
        uint32_t y = sight_of(w, e->b);
        tb_assert(x != TB_GRAPH_NONE && y != TB_GRAPH_NONE);
        emit_edge(w, e, w->s->sight[x].profile, w->s->sight[y].profile);
    }
}

static void emit_tenures(struct work *w)
{
    const struct tb_graph *g = w->g;
    for (uint32_t i = 0; i < g->element_n; i++) {
        const struct tb_graph_element *e = &g->element[i];
        const struct tb_graph_value *v = &g->value[e->value];
        if (e->profile == 0 || (v->element_n == 1 && e->hot == v->hot && !w->made[i]))
            continue;
        const struct tb_profile *p = profile_now(w, e->profile);
        bool current = current_of(w, e->value) == i;
        uint32_t until = until_of(w, e->tenure);
        uint32_t label = label_of(w, i);
        bool hot = (p->flags & TB_PROFILE_HOT) != 0;
        if (p->anchor == label && p->until_s == until && hot == v->hot &&
            current == ((p->flags & TB_PROFILE_CURRENT) != 0))
            continue;
        struct tb_found head = tb_identity_lookup(w->c->t, g->ns[v->ns].id, e->key);
        if (current)
            give_way(w->c->t, &head);
        tb_emit_tenure_set(w->c->t, &(struct tb_ev_tenure_set){.profile = e->profile,
                                                               .anchor = label,
                                                               .until_s = until,
                                                               .current = current,
                                                               .hot = v->hot,
                                                               .salt = head.salt});
    }
}

static bool moves(const struct work *w, uint32_t element, uint32_t root)
{
    const struct tb_graph_element *e = &w->g->element[element];
    return e->person != 0 && root_of(w, element) == root && e->person != w->target[root];
}

/* A timeline goes back through one chain of entries; where persons come together the event
 * names the others, so that a reader finds them. This command's own entry leads on by itself. */
static uint32_t add_chain(const struct tb_txn *t, uint32_t person, uint64_t *chain, uint32_t n)
{
    const struct tb_person *head = tb_head_of(t, TB_KIND_PERSON, person);
    if (head == NULL || head->last_seq == 0 || head->last_seq == t->seq)
        return n;
    for (uint32_t i = 0; i < n; i++)
        if (chain[i] == head->last_seq)
            return n;
    chain[n] = head->last_seq;
    return n + 1;
}

static void do_what_is_due(struct tb_txn *t, uint32_t person)
{
    if (person == 0 || tb_read(t, TB_KIND_PERSON, person) == NULL)
        return; /* a person that begins with this */
    tb_ledger_settle(t, person);
    tb_membership_fire(t, person);
}

/* What is due was due to the persons as they were: a sweep that is late must not let one's
 * debt be paid by what another had and lost before they were one.                      */
static void settle_before(struct work *w)
{
    for (uint32_t i = 0; i < w->g->element_n; i++) {
        uint32_t root = root_of(w, i);
        if (!moves(w, i, root))
            continue;
        do_what_is_due(w->c->t, w->g->element[i].person);
        do_what_is_due(w->c->t, w->target[root]);
    }
}

/* One event for each person that somebody joins. */
static bool emit_joined(struct work *w)
{
    struct tb_graph *g = w->g;
    uint64_t *moved = TB_NEW_ARRAY(g->arena, uint64_t, g->element_n + 1);
    uint64_t *chain = TB_NEW_ARRAY(g->arena, uint64_t, g->element_n + 1);
    bool *done = TB_NEW_ARRAY(g->arena, bool, g->tenure_n + 1);
    if (moved == NULL || chain == NULL || done == NULL)
        return false;
    settle_before(w);
    for (uint32_t first = 0; first < g->element_n; first++) {
        uint32_t root = root_of(w, first);
        if (done[root] || !moves(w, first, root))
            continue;
        done[root] = true;
        uint32_t n = 0;
        uint32_t chain_n = add_chain(w->c->t, w->target[root], chain, 0);
        for (uint32_t i = first; i < g->element_n; i++)
            if (moves(w, i, root)) {
                moved[n++] = g->element[i].profile;
                chain_n = add_chain(w->c->t, g->element[i].person, chain, chain_n);
            }
        tb_ledger_part(w->c->t, moved, n);
        tb_emit_joined(w->c->t, &(struct tb_ev_joined){.person = w->target[root],
                                                       .profile = moved,
                                                       .profile_n = n,
                                                       .reason = w->s->reason,
                                                       .chain = chain,
                                                       .chain_n = chain_n});
    }
    return true;
}

static bool prepare(struct work *w)
{
    struct tb_graph *g = w->g;
    w->element_cap = g->element_n + g->tenure_n;
    w->holder = TB_NEW_ARRAY(g->arena, uint32_t, w->s->sight_n + 1);
    w->target = TB_NEW_ARRAY(g->arena, uint32_t, g->tenure_n + 1);
    w->claimed = TB_NEW_ARRAY(g->arena, bool, w->c->person_n + 1);
    w->made = TB_NEW_ARRAY(g->arena, bool, w->element_cap + 1);
    return w->holder != NULL && w->target != NULL && w->claimed != NULL && w->made != NULL;
}

bool tb_component_settle(struct tb_component *c, struct tb_settle *s)
{
    struct work w = {.c = c, .g = &c->g, .s = s, .first_new = c->g.element_n - s->sight_n};
    if (!tb_graph_solve(&c->g) || !prepare(&w))
        return false;
    for (uint32_t i = 0; i < s->sight_n; i++)
        hold(&w, i);
    if (!hold_tenures(&w) || !choose_targets(&w))
        return false;
    for (uint32_t i = 0; i < s->sight_n; i++)
        s->sight[i].profile = c->g.element[w.holder[i]].profile;
    /* evidence that a known profile holds is no profile */
    for (uint32_t i = w.first_new; i < w.first_new + s->sight_n; i++)
        if (!w.made[i])
            c->g.element[i].profile = 0;
    for (uint32_t i = w.first_new; i < c->g.element_n; i++)
        if (w.made[i])
            emit_added(&w, i);
    for (uint32_t i = 0; i < s->sight_n; i++)
        emit_seen(&w, i);
    emit_edges(&w);
    emit_tenures(&w);
    return emit_joined(&w);
}
