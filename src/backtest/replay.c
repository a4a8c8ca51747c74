// SPDX-License-Identifier: Apache-2.0
/* Folding a journal. See replay.h. */
#include "backtest/replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/entry.h"
#include "events.gen.h"

#define SCRATCH_BYTES ((size_t)16 << 20)

struct tb_replay {
    struct tb_journal *journal;
    struct tb_journal_reader *reader;
    struct tb_regions regions;
    struct tb_core core;
    struct tb_txn txn;
    struct tb_arena scratch;
    void *scratch_region;
    void *events_region;
    struct tb_replay_figures figures;
    struct tb_core_env env;
    tb_replay_before_fn before; /* NULL: nobody watches */
    void *before_user;
};

struct tb_replay *tb_replay_open(struct tb_journal *journal, const struct tb_core_env *env, struct tb_fault *fault)
{
    struct tb_replay *r = calloc(1, sizeof *r);
    tb_assert(r != NULL);
    r->journal = journal;
    r->env = *env;
    if (journal->ops->first(journal, &r->figures.first, fault) != TB_JOURNAL_DONE ||
        journal->ops->reader_open(journal, r->figures.first, &r->reader, fault) != TB_JOURNAL_DONE) {
        free(r);
        return NULL;
    }
    tb_regions_init(&r->regions);
    tb_core_init(&r->core, tb_regions_mem(&r->regions), &r->env);
    r->scratch_region = malloc(SCRATCH_BYTES);
    r->events_region = malloc(TB_ENTRY_BYTES_MAX);
    tb_assert(r->scratch_region != NULL && r->events_region != NULL);
    tb_arena_init(&r->scratch, r->scratch_region, SCRATCH_BYTES);
    tb_txn_init(&r->txn, &r->core.store, &r->scratch, r->events_region);
    r->txn.env = &r->core.env;
    r->txn.core = &r->core;
    r->txn.replaying = true;
    return r;
}

void tb_replay_watch(struct tb_replay *r, tb_replay_before_fn before, void *user)
{
    r->before = before;
    r->before_user = user;
}

static void begin(struct tb_replay *r, const struct tb_entry *e)
{
    static const uint8_t no_entropy[TB_ENTROPY_BYTES];
    tb_txn_begin(&r->txn, e->tenant, e->now_ms, e->seq, no_entropy);
    r->txn.replaying = true;
}

static bool fold_entry(struct tb_replay *r, const struct tb_entry *e, uint64_t batch, bool fold, struct tb_fault *fault)
{
    struct tb_txn *t = &r->txn;
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    begin(r, e);
    while (tb_event_next(&list, &type, &body, &bad)) {
        tb_arena_reset(&r->scratch);
        r->figures.events++;
        if (r->before != NULL) {
            tb_txn_commit(t);
            r->before(r->before_user, e, type, body);
            begin(r, e);
        }
        if (!fold || tb_core_replay(&r->core, t, type, body))
            continue;
        tb_fault_set(fault, false, "batch %" PRIu64 ", entry %" PRIu64 ": event %" PRIu32 " is not known", batch,
                     e->seq, type);
        return false;
    }
    tb_txn_commit(t);
    if (bad)
        tb_fault_set(fault, false, "batch %" PRIu64 ", entry %" PRIu64 " is malformed", batch, e->seq);
    return !bad;
}

static bool take_batch(struct tb_replay *r, const struct tb_batch *b, bool fold, struct tb_fault *fault)
{
    struct tb_batch_walk walk;
    struct tb_entry e;
    tb_batch_walk(&walk, b->body);
    while (tb_batch_next(&walk, &e)) {
        r->figures.entries++;
        if ((fold || r->before != NULL) && !fold_entry(r, &e, b->number, fold, fault))
            return false;
    }
    if (walk.bad) {
        tb_fault_set(fault, false, "batch %" PRIu64 " is malformed", b->number);
        return false;
    }
    tb_store_batch_done(&r->core.store);
    r->figures.batches++;
    r->figures.bytes += b->body.n;
    r->figures.last = b->number;
    return true;
}

bool tb_replay_to(struct tb_replay *r, uint64_t upto, bool fold, struct tb_fault *fault)
{
    struct tb_batch b;
    while (r->figures.last < upto) {
        enum tb_journal_answer a = r->journal->ops->reader_next(r->reader, &b, fault);
        if (a == TB_JOURNAL_END)
            return true;
        if (a != TB_JOURNAL_DONE || !take_batch(r, &b, fold, fault))
            return false;
    }
    return true;
}

const struct tb_replay_figures *tb_replay_figures(const struct tb_replay *r)
{
    return &r->figures;
}

struct tb_core *tb_replay_core(struct tb_replay *r)
{
    return &r->core;
}

void tb_replay_close(struct tb_replay *r)
{
    if (r == NULL)
        return;
    r->journal->ops->reader_close(r->reader);
    tb_regions_deinit(&r->regions);
    free(r->scratch_region);
    free(r->events_region);
    free(r);
}
