// SPDX-License-Identifier: Apache-2.0
/* core/identity/graph.h - from a set of evidence to persons: the definition.
 *
 * Input: the profiles (elements) of a component and the evidence between them, in any
 * order. Output: for each element its run, its tenure, and for each tenure the root of its
 * person. Everything is a function of the set alone:
 *
 *   value    (namespace, key)
 *   run      evidence of a value without a silence longer than the namespace's gap, and
 *            without a wall (an erasure) in between
 *   group    a run with a verified claim (or behind a wall), and the runs without one that
 *            follow it: one owner, as far as silence can tell
 *   tenure   part of a group: when a strong value is tied, verified, to several values of
 *            one unique namespace, the later first claim begins a new tenure
 *   person   tenures united by edges in canonical order, as far as the rules allow
 *
 * Pure; takes its memory from an arena. docs/design/0003-identity.md has the reasons.     */
#ifndef TB_CORE_IDENTITY_GRAPH_H
#define TB_CORE_IDENTITY_GRAPH_H

#include "base/arena.h"

#define TB_GRAPH_NONE UINT32_MAX

struct tb_graph_ns {
    uint32_t id;
    uint32_t priority;
    uint32_t limit;
    uint32_t window_days;
    uint32_t gap_days;
    bool unique;
    bool needs_verification;
};

struct tb_graph_element {
    /* in */
    uint64_t key[2];
    int64_t since_ms;
    int32_t last_day;
    uint32_t profile; /* 0 = new evidence that no profile holds yet */
    uint32_t person;  /* block it is in now, 0 = none */
    uint32_t label;   /* profile of the unique value that its tenure was recorded for, 0 = none */
    uint16_t ns;      /* index */
    bool verified;
    bool hot;     /* quarantined before */
    bool current; /* flags of the profile, for the caller */
    bool wall;    /* no evidence: somebody's erasure at since_ms */
    /* out */
    uint32_t value;
    uint32_t run;
    uint32_t tenure;
};

struct tb_graph_edge {
    uint32_t a; /* elements */
    uint32_t b;
    int64_t first_ms;
    int64_t verified_ms; /* 0 = none */
    uint32_t flags;      /* SEEN, ALWAYS, NEVER of enum tb_edge_flag */
};

struct tb_graph_value {
    uint32_t element; /* slice of order[] */
    uint32_t element_n;
    uint32_t group; /* slice of groups */
    uint32_t group_n;
    uint16_t ns;
    bool hot;
};

struct tb_graph_group {
    uint32_t value;
    uint32_t tenure; /* slice of tenures */
    uint32_t tenure_n;
    int64_t start_ms;
};

struct tb_graph_tenure {
    uint32_t group;
    uint32_t anchor; /* value that it belongs to, NONE = the group has one tenure */
    int64_t start_ms;
    uint32_t root;   /* tenure that stands for the person */
    uint32_t next;   /* members of the person, from the root on; NONE = last */
    uint32_t tail;   /* of a root */
    uint32_t size;   /* of a root */
};

struct tb_graph {
    struct tb_arena *arena;
    struct tb_graph_ns *ns;
    struct tb_graph_element *element;
    struct tb_graph_edge *edge;
    uint32_t ns_n;
    uint32_t element_n;
    uint32_t edge_n;
    /* out */
    uint32_t *order; /* elements by value */
    struct tb_graph_value *value;
    struct tb_graph_group *group;
    struct tb_graph_tenure *tenure;
    uint32_t *group_of; /* element -> group */
    uint32_t value_n;
    uint32_t run_n;
    uint32_t group_n;
    uint32_t tenure_n;
    /* inside */
    struct tb_graph_link *link;
    struct tb_graph_join *join;
    struct tb_graph_tie *tie;
    uint32_t link_n;
    uint32_t join_n;
    uint32_t tie_n;
};

/* False when the arena is full. */
TB_MUST_USE bool tb_graph_solve(struct tb_graph *g);

/* Tenure of the element's group that evidence at at_ms together with partner (a value, or
 * NONE) speaks of.                                                                          */
uint32_t tb_graph_tenure_at(const struct tb_graph *g, uint32_t element, uint32_t partner,
                            int64_t at_ms);

/* Sorts indices by a total order; O(n log n), no memory. */
typedef bool (*tb_graph_before)(const struct tb_graph *g, uint32_t a, uint32_t b);
void tb_graph_sort(const struct tb_graph *g, uint32_t *index, uint32_t n, tb_graph_before before);

#endif
