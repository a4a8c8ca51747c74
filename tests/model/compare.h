// SPDX-License-Identifier: Apache-2.0
/* tests/model/compare.h - core and model on one history. */
#ifndef TB_MODEL_COMPARE_H
#define TB_MODEL_COMPARE_H

#include "cell.h"
#include "model.h"

struct pair {
    struct cell *cell;
    struct model *model;
    uint64_t tried[STEPS], done[STEPS];
    char text[400]; /* what differs, "" = nothing */
};

void pair_open(struct pair *p, const struct catalog_def *def, int64_t start_ms);
void pair_close(struct pair *p);
/* Runs the step on both; false when the answers differ. */
bool pair_step(struct pair *p, const struct step *s, bool verbose);
/* Balances, orders and tiers, without disturbing core. */
bool pair_compare(struct pair *p);
/* The end: everything due is fired, everything is compared, the journal is replayed. */
bool pair_finish(struct pair *p);

const char *step_name(enum step_op op);
void step_print(const struct step *s);

#endif
