// SPDX-License-Identifier: Apache-2.0
/* tests/model/history.h - draws the steps of one seed.
 *
 * What is drawn may depend on the state (an instant at which something expires, an order that
 * exists), so a fresh history is drawn while it runs; its steps are kept, and a shrunk one
 * runs from them.                                                                       */
#ifndef TB_MODEL_HISTORY_H
#define TB_MODEL_HISTORY_H

#include "compare.h"

#define HISTORY_MAX 4000

struct history {
    uint64_t seed, state;
    bool year;
    struct catalog_def def;
    int64_t start_ms, now_ms;
    uint32_t people; /* identifiers per namespace */
    uint32_t length;
    uint32_t orders, returns;
    uint64_t tried[STEPS], done[STEPS], loads;
    struct step step[HISTORY_MAX];
};

/* Returns the number of steps. */
uint32_t history_start(struct history *h, uint64_t seed, bool year);
struct step history_next(struct history *h, struct pair *p, uint32_t no);

#endif
