// SPDX-License-Identifier: Apache-2.0
/* tests/model/cell.h - the core at work: one tenant, its journal in memory, no engine.
 *
 * Runs a step as the engine would: begin, run, commit or undo, load what is NEEDed and run
 * again. Keeps every command's events so that the end can replay them into a fresh core.  */
#ifndef TB_MODEL_CELL_H
#define TB_MODEL_CELL_H

#include "catalog.h"
#include "core/catalog/catalog.h"
#include "core/identity/identity.h"
#include "core/job/job.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "core/ops.h"
#include "core/order/order.h"
#include "step.h"

struct region {
    struct region *next;
};

struct entry {
    uint64_t seq;
    int64_t now_ms;
    uint32_t tenant;
    uint32_t n;
    uint8_t *p;
};

struct cold {
    uint8_t kind;
    uint64_t id;
    uint32_t n;
    char *p;
};

struct core_side {
    struct tb_core core;
    struct tb_txn txn;
    struct tb_arena scratch;
    struct region *regions;
};

struct cell {
    struct core_side live;
    struct tb_answer a;
    const struct catalog_def *def;
    uint64_t seq;
    int64_t now_ms;
    uint32_t tenant;
    uint32_t unit[UNITS];
    uint32_t ns[NAMESPACES];
    uint32_t scheme;
    uint32_t till;
    struct entry *log;
    uint32_t log_n, log_cap;
    struct cold *cold;
    uint32_t cold_n, cold_cap;
    uint64_t loads; /* NEED answers served */
    uint64_t *made; /* [step no]: hold or transfer that it made, 0 = none */
    uint32_t made_n;
    char trouble[200]; /* "" or what no step may cause */
};

struct cell *cell_new(const struct catalog_def *def, int64_t now_ms, uint32_t steps_max);
void cell_free(struct cell *c);
void cell_run(struct cell *c, const struct step *s, struct reply *r);

/* 0 = nobody has it */
uint32_t cell_profile(struct cell *c, struct step_id id);
static inline uint32_t cell_person(const struct cell *c, uint32_t profile)
{
    return tb_store_column(&c->live.core.store, TB_COLUMN_PROFILE_PERSON, profile);
}
static inline uint32_t cell_profiles(const struct cell *c)
{
    return (uint32_t)c->live.core.store.counter[TB_COUNTER_PROFILE];
}
struct tb_block *cell_block(struct cell *c, enum tb_kind kind, uint64_t id);
/* Earliest instant at which a person wants to be fired; INT64_MAX = none. */
int64_t cell_due(struct cell *c);
/* The order's block, loaded when it is cold; NULL = there is none. */
struct tb_block *cell_order(struct cell *c, uint32_t key);

/* Replays everything into a fresh core, unpacks and packs every block, runs the audit.
 * False with `trouble` filled.                                                           */
bool cell_prove(struct cell *c);
bool cell_audit(struct cell *c);

const struct tb_zone *cell_zone(uint32_t no);

#endif
