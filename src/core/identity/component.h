// SPDX-License-Identifier: Apache-2.0
/* core/identity/component.h - everything that evidence connects to some persons, as a graph.
 *
 * A component is closed: with a person come all her profiles, with a profile all tenures
 * of its value, with an edge the person at its other end. Memory: t->scratch.             */
#ifndef TB_CORE_IDENTITY_COMPONENT_H
#define TB_CORE_IDENTITY_COMPONENT_H

#include "core/identity/graph.h"
#include "core/identity/identity.h"

enum tb_component_state {
    TB_COMPONENT_OK = 0,
    TB_COMPONENT_FROZEN,    /* a person in it is, or it is beyond the bound */
    TB_COMPONENT_NO_MEMORY, /* the scratch arena is full */
};

struct tb_wall {
    uint32_t ns;
    uint32_t until_s;
    uint64_t key[2];
};

struct tb_component {
    struct tb_txn *t;
    struct tb_graph g;
    uint32_t *person;
    uint32_t person_n;
    uint32_t person_cap;
    uint32_t *slot; /* person -> its place in person[] + 1, open addressing */
    uint32_t slot_cap; /* power of two, more than twice person_n */
    uint32_t element_cap;
    uint32_t edge_cap;
    struct tb_wall *wall; /* erasures of values in it; elements after everything else */
    uint32_t wall_n;
    uint32_t wall_cap;
    uint32_t total[TB_PERSON_SECTIONS]; /* elements of all its persons: what one could hold */
    enum tb_component_state state;
};

void tb_component_init(struct tb_component *c, struct tb_txn *t);
void tb_component_add_person(struct tb_component *c, uint32_t person);
/* Its place in person[], NONE when it is not there. */
uint32_t tb_component_find_person(const struct tb_component *c, uint32_t person);
/* The persons of every tenure of the profile's value. */
void tb_component_add_value(struct tb_component *c, const struct tb_profile *p);
/* Follows every connection; elements and edges are then complete. */
void tb_component_close(struct tb_component *c);
/* New evidence that no profile holds yet; its element, NONE when the state is not OK. */
uint32_t tb_component_add_element(struct tb_component *c, const struct tb_graph_element *e,
                                  uint32_t ns);
void tb_component_add_edge(struct tb_component *c, const struct tb_graph_edge *e);

/* What a settlement writes about the contact. */
struct tb_sight {
    const struct tb_identifier *id;
    uint32_t element; /* the evidence */
    uint32_t profile; /* out: the profile that holds it now */
};

struct tb_settle {
    struct tb_sight *sight;
    uint32_t sight_n;
    int64_t at_ms;
    uint32_t touchpoint;
    uint32_t store;
    enum tb_join_reason reason;
};

/* Solves the graph and emits what differs from how things stand: profiles that are new,
 * evidence, tenures, persons. False when the arena is full: the caller then refuses.      */
TB_MUST_USE bool tb_component_settle(struct tb_component *c, struct tb_settle *s);

/* ---- identifiers in maps --------------------------------------------------------------- */

struct tb_found {
    uint32_t profile; /* 0 = the value is not known */
    uint32_t salt;    /* of its map key, or of a free one */
    uint32_t person;
    struct tb_profile *p;
};
/* The value's current profile (which may be a tombstone). */
struct tb_found tb_identity_lookup(const struct tb_txn *t, uint32_t ns, const uint64_t key[2]);

/* ---- devices ----------------------------------------------------------------------------- */

/* The node of a device or weak value; 0 = not known. *salt is that of its map key. */
uint32_t tb_identity_device(const struct tb_txn *t, uint32_t ns, const uint64_t key[2],
                            uint32_t *salt);
/* False when the tenant has switched this kind of device off. */
bool tb_identity_switched_on(const struct tb_txn *t, struct tb_block *ns);
/* True when every profile attached belongs to that one person: her first sight counts it. */
bool tb_identity_device_sole(const struct tb_txn *t, struct tb_block *device, uint32_t person);
/* Writes that the node was seen (visit: at the touchpoint) and with which profile (0 = none);
 * makes it when it is new. Emits nothing when nothing is learnt. Returns the block.          */
uint32_t tb_identity_device_seen(struct tb_txn *t, const struct tb_identifier *id, int64_t at_ms,
                                 uint32_t touchpoint, uint32_t profile);

/* True when the namespace forms nodes, not profiles. */
bool tb_identity_forms_node(const struct tb_block *ns);
/* The namespace block of the command's tenant, NULL when it has none with that number. */
struct tb_block *tb_identity_ns(const struct tb_txn *t, uint32_t ns);
/* On the namespace's own list of blocked values. */
bool tb_identity_listed(const struct tb_txn *t, struct tb_block *ns, const uint64_t key[2]);

/* The edge's element in the block, NULL when absent; *at is its place or where it goes. */
struct tb_edge *tb_identity_edge(const struct tb_txn *t, struct tb_block *b, uint32_t x, uint32_t y,
                                 uint32_t *at);

static inline int32_t tb_identity_day(int64_t ms)
{
    return (int32_t)(ms >= 0 ? ms / TB_DAY_MS : -((-ms + TB_DAY_MS - 1) / TB_DAY_MS));
}

static inline const void *tb_head_of(const struct tb_txn *t, enum tb_kind kind, uint64_t id)
{
    const struct tb_block *b = tb_read(t, kind, id);
    return b ? tb_block_head_const(b) : NULL;
}

#endif
