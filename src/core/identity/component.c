// SPDX-License-Identifier: Apache-2.0
/* Gathering a component. Bounded by TB_COMPONENT_MAX profiles. */
#include "core/identity/component.h"

#include <string.h>

#include "core/catalog/catalog.h"

/* What a section may hold, less what one contact may add. */
#define SECTION_TOTAL_MAX \
    (TB_SECTION_ELEMENTS_MAX - TB_IDENTIFIERS_MAX * (TB_PERSONAL_MAX + TB_SEAL_OVERHEAD))

void tb_component_init(struct tb_component *c, struct tb_txn *t)
{
    memset(c, 0, sizeof *c);
    c->t = t;
    c->g.arena = t->scratch;
}

/* A place for one more; *array may move. False (and the state says so) when it is full. */
static bool room(struct tb_component *c, void **array, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    uint32_t fresh_cap = *cap ? *cap * 2 : 16;
    void *fresh = tb_arena_array(c->t->scratch, fresh_cap, size);
    if (fresh == NULL) {
        c->state = TB_COMPONENT_NO_MEMORY;
        return false;
    }
    if (n)
        memcpy(fresh, *array, n * size);
    *array = fresh;
    *cap = fresh_cap;
    return true;
}

static uint32_t *slot_of(const struct tb_component *c, uint32_t person)
{
    uint32_t mask = c->slot_cap - 1;
    uint32_t i = (uint32_t)tb_mix(person) & mask;
    while (c->slot[i] != 0 && c->person[c->slot[i] - 1] != person)
        i = (i + 1) & mask;
    return &c->slot[i];
}

uint32_t tb_component_find_person(const struct tb_component *c, uint32_t person)
{
    if (c->slot_cap == 0)
        return TB_GRAPH_NONE;
    uint32_t place = *slot_of(c, person);
    return place != 0 ? place - 1 : TB_GRAPH_NONE;
}

static bool more_slots(struct tb_component *c)
{
    if ((c->person_n + 1) * 2 < c->slot_cap)
        return true;
    uint32_t cap = c->slot_cap ? c->slot_cap * 4 : 16;
    uint32_t *fresh = TB_NEW_ARRAY(c->t->scratch, uint32_t, cap);
    if (fresh == NULL) {
        c->state = TB_COMPONENT_NO_MEMORY;
        return false;
    }
    c->slot = fresh;
    c->slot_cap = cap;
    for (uint32_t i = 0; i < c->person_n; i++)
        *slot_of(c, c->person[i]) = i + 1;
    return true;
}

void tb_component_add_person(struct tb_component *c, uint32_t person)
{
    void *array = c->person;
    if (tb_component_find_person(c, person) != TB_GRAPH_NONE ||
        !room(c, &array, c->person_n, &c->person_cap, sizeof *c->person))
        return;
    c->person = array;
    if (!more_slots(c))
        return;
    c->person[c->person_n++] = person;
    *slot_of(c, person) = c->person_n;
}

static uint16_t ns_index(struct tb_component *c, uint32_t id)
{
    struct tb_graph *g = &c->g;
    for (uint32_t i = 0; i < g->ns_n; i++)
        if (g->ns[i].id == id)
            return (uint16_t)i;
    const struct tb_namespace *ns = tb_head_of(c->t, TB_KIND_NAMESPACE, id);
    tb_assert(ns != NULL && g->ns_n < TB_NAMESPACES_MAX);
    g->ns[g->ns_n] = (struct tb_graph_ns){.id = id,
                                          .priority = ns->priority,
                                          .limit = ns->limit,
                                          .window_days = ns->window_days,
                                          .gap_days = ns->tenure_gap_days,
                                          .unique = ns->class_no == TB_CLASS_UNIQUE,
                                          .needs_verification = ns->needs_verification != 0};
    return (uint16_t)g->ns_n++;
}

uint32_t tb_component_add_element(struct tb_component *c, const struct tb_graph_element *e,
                                  uint32_t ns)
{
    struct tb_graph *g = &c->g;
    if (g->ns == NULL)
        g->ns = TB_NEW_ARRAY(c->t->scratch, struct tb_graph_ns, TB_NAMESPACES_MAX);
    void *array = g->element;
    if (g->ns == NULL || !room(c, &array, g->element_n, &c->element_cap, sizeof *g->element)) {
        c->state = TB_COMPONENT_NO_MEMORY;
        return TB_GRAPH_NONE;
    }
    g->element = array;
    g->element[g->element_n] = *e;
    g->element[g->element_n].ns = ns_index(c, ns);
    return g->element_n++;
}

void tb_component_add_edge(struct tb_component *c, const struct tb_graph_edge *e)
{
    struct tb_graph *g = &c->g;
    void *array = g->edge;
    if (!room(c, &array, g->edge_n, &c->edge_cap, sizeof *g->edge))
        return;
    g->edge = array;
    g->edge[g->edge_n++] = *e;
    if (g->edge_n > TB_COMPONENT_EDGES_MAX)
        c->state = TB_COMPONENT_FROZEN;
}

static void add_wall(struct tb_component *c, const struct tb_profile *p)
{
    for (uint32_t i = 0; i < c->wall_n; i++)
        if (c->wall[i].ns == p->ns && c->wall[i].until_s == p->until_s &&
            c->wall[i].key[0] == p->key[0] && c->wall[i].key[1] == p->key[1])
            return;
    void *array = c->wall;
    if (!room(c, &array, c->wall_n, &c->wall_cap, sizeof *c->wall))
        return;
    c->wall = array;
    c->wall[c->wall_n++] = (struct tb_wall){p->ns, p->until_s, {p->key[0], p->key[1]}};
}

void tb_component_add_value(struct tb_component *c, const struct tb_profile *p)
{
    uint32_t no = p->no;
    do {
        uint32_t person = tb_person_by_profile(c->t, no);
        struct tb_block *b = tb_read(c->t, TB_KIND_PERSON, person);
        tb_assert(b != NULL);
        const struct tb_profile *q = tb_person_profile(c->t, b, no);
        tb_assert(q != NULL);
        if (q->flags & TB_PROFILE_ERASED)
            add_wall(c, q);
        else
            tb_component_add_person(c, person);
        no = q->ring;
    } while (no != 0 && no != p->no);
}

static void add_profile(struct tb_component *c, uint32_t person, const struct tb_profile *p)
{
    if (p->flags & TB_PROFILE_ERASED)
        return;
    struct tb_graph_element e = {.since_ms = p->since_ms,
                                 .last_day = p->last_day,
                                 .profile = p->no,
                                 .person = person,
                                 .label = p->anchor,
                                 .verified = (p->flags & TB_PROFILE_VERIFIED) != 0,
                                 .hot = (p->flags & TB_PROFILE_HOT) != 0,
                                 .current = (p->flags & TB_PROFILE_CURRENT) != 0};
    memcpy(e.key, p->key, sizeof e.key);
    (void)tb_component_add_element(c, &e, p->ns);
    if (p->ring != 0)
        tb_component_add_value(c, p);
}

/* Adds a person's profiles; the other ends of her edges are followed. */
static void add_block(struct tb_component *c, uint32_t person)
{
    struct tb_block *b = tb_read(c->t, TB_KIND_PERSON, person);
    tb_assert(b != NULL);
    if (tb_person_of(b)->flags & TB_PERSON_FROZEN)
        c->state = TB_COMPONENT_FROZEN;
    for (uint32_t i = 0; i < TB_PERSON_SECTIONS; i++) {
        c->total[i] += b->n[i];
        if (c->total[i] > SECTION_TOTAL_MAX) /* one person's block could not hold it */
            c->state = TB_COMPONENT_FROZEN;
    }
    const struct tb_profile *p = tb_section(c->t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE] && c->state == TB_COMPONENT_OK; i++)
        add_profile(c, person, &p[i]);
    const struct tb_edge *e = tb_section(c->t, b, TB_PERSON_EDGE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_EDGE] && c->state == TB_COMPONENT_OK; i++) {
        if (e[i].flags & TB_EDGE_DEVICE)
            continue;
        tb_component_add_person(c, tb_person_by_profile(c->t, e[i].a));
        tb_component_add_person(c, tb_person_by_profile(c->t, e[i].b));
    }
    if (c->g.element_n > TB_COMPONENT_MAX && c->state == TB_COMPONENT_OK)
        c->state = TB_COMPONENT_FROZEN;
}

/* Elements stand in the order of the persons, profiles rising within one. */
static uint32_t element_of(const struct tb_component *c, const uint32_t *start, uint32_t profile)
{
    uint32_t i = tb_component_find_person(c, tb_person_by_profile(c->t, profile));
    if (i == TB_GRAPH_NONE)
        return TB_GRAPH_NONE;
    uint32_t low = start[i];
    uint32_t high = start[i + 1];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (c->g.element[middle].profile < profile)
            low = middle + 1;
        else
            high = middle;
    }
    return low < start[i + 1] && c->g.element[low].profile == profile ? low : TB_GRAPH_NONE;
}

/* An edge stands in the blocks of both its ends: it is taken where its a is at home. */
static void add_edges(struct tb_component *c, const uint32_t *start, uint32_t at)
{
    struct tb_block *b = tb_read(c->t, TB_KIND_PERSON, c->person[at]);
    const struct tb_edge *e = tb_section(c->t, b, TB_PERSON_EDGE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_EDGE]; i++) {
        if ((e[i].flags & TB_EDGE_DEVICE) ||
            tb_person_by_profile(c->t, e[i].a) != c->person[at])
            continue;
        struct tb_graph_edge edge = {.a = element_of(c, start, e[i].a),
                                     .b = element_of(c, start, e[i].b),
                                     .first_ms = e[i].first_ms,
                                     .verified_ms = e[i].verified_ms,
                                     .flags = e[i].flags};
        tb_assert(edge.a != TB_GRAPH_NONE && edge.b != TB_GRAPH_NONE);
        tb_component_add_edge(c, &edge);
        if (c->state != TB_COMPONENT_OK)
            return;
    }
}

void tb_component_close(struct tb_component *c)
{
    uint32_t *start = NULL;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < c->person_n && c->state == TB_COMPONENT_OK; i++) {
        void *array = start;
        if (i + 1 >= cap && !room(c, &array, cap, &cap, sizeof *start))
            return;
        start = array;
        start[i] = c->g.element_n;
        add_block(c, c->person[i]);
        start[i + 1] = c->g.element_n;
    }
    for (uint32_t i = 0; i < c->person_n && c->state == TB_COMPONENT_OK; i++)
        add_edges(c, start, i);
    for (uint32_t i = 0; i < c->wall_n && c->state == TB_COMPONENT_OK; i++) {
        struct tb_graph_element e = {.key = {c->wall[i].key[0], c->wall[i].key[1]},
                                     .since_ms = ((int64_t)c->wall[i].until_s + 1) * 1000 - 1,
                                     .wall = true};
        (void)tb_component_add_element(c, &e, c->wall[i].ns);
    }
}

struct tb_found tb_identity_lookup(const struct tb_txn *t, uint32_t ns, const uint64_t key[2])
{
    struct tb_found f = {0};
    for (f.salt = 0; f.salt < 4; f.salt++) {
        uint64_t profile;
        if (!tb_map_find(t, TB_MAP_IDENTIFIER, tb_key_identifier(t->tenant, ns, key, f.salt),
                         &profile))
            return f;
        uint32_t person = tb_person_by_profile(t, profile);
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        tb_assert(b != NULL);
        struct tb_profile *p = tb_person_profile(t, b, (uint32_t)profile);
        tb_assert(p != NULL);
        if (p->ns == ns && p->key[0] == key[0] && p->key[1] == key[1] &&
            tb_person_of(b)->tenant == t->tenant) {
            f.profile = (uint32_t)profile;
            f.person = person;
            f.p = p;
            return f;
        }
    }
    tb_assert(f.salt < 4); /* four values with one keyed 64-bit hash */
    return f;
}

struct tb_edge *tb_identity_edge(const struct tb_txn *t, struct tb_block *b, uint32_t x, uint32_t y,
                                 uint32_t *at)
{
    uint32_t a = x < y ? x : y;
    uint32_t z = x < y ? y : x;
    struct tb_edge *e = tb_section(t, b, TB_PERSON_EDGE);
    uint32_t low = 0;
    uint32_t high = b->n[TB_PERSON_EDGE];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        bool before = (e[middle].flags & TB_EDGE_DEVICE) == 0 &&
                      (e[middle].a < a || (e[middle].a == a && e[middle].b < z));
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    bool here = low < b->n[TB_PERSON_EDGE] && e[low].a == a && e[low].b == z &&
                !(e[low].flags & TB_EDGE_DEVICE);
    return here ? &e[low] : NULL;
}
