// SPDX-License-Identifier: Apache-2.0
/* What graph.c and unite.c share. */
#ifndef TB_CORE_IDENTITY_GRAPH_INT_H
#define TB_CORE_IDENTITY_GRAPH_INT_H

#include "core/identity/graph.h"
#include "core/identity/identity.h"

/* Evidence between two groups, a < b. */
struct tb_graph_link {
    uint32_t a;
    uint32_t b;
    int64_t first_ms;
    int64_t verified_ms;
};

/* A strong value's group and a unique value it was seen with. */
struct tb_graph_tie {
    uint32_t group;
    uint32_t partner; /* value */
    int64_t verified_ms;
};

/* A wish to unite two tenures, with what orders it. */
struct tb_graph_join {
    uint32_t a; /* tenures */
    uint32_t b;
    uint32_t high; /* smaller priority number of the two */
    uint32_t low;
    int64_t first_ms;
    bool by_hand;
    bool verified;
};

uint32_t tb_graph_of_group(const struct tb_graph *g, uint32_t group, uint32_t partner,
                           int64_t at_ms);
TB_MUST_USE bool tb_graph_unite(struct tb_graph *g);

#endif
