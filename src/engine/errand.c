// SPDX-License-Identifier: Apache-2.0
/* engine/errand.c - what other threads ask of the flusher: a snapshot, pruning, everything published.
 *
 * Invariant: an errand sees everything that was durable when it was asked for. Pruning ends on the
 * journal's thread. Not here: flushing itself (flush.c).                                   */
#include "engine/inside.h"

static bool flush_upto(struct tb_cell *c, uint64_t batch, struct tb_fault *f)
{
    uint32_t waited = 0; /* what is durable is on its way from the journal thread */
    while (atomic_load(&c->flushed_batch) < batch) {
        uint64_t before = atomic_load(&c->flushed_batch);
        if (!tb_flush_turn(c, true, f))
            return false;
        if (atomic_load(&c->flushed_batch) != before)
            continue;
        if (c->o.stepping || ++waited > 2000)
            return true;
        tb_bell_wait(&c->flusher_bell, tb_bell_ticket(&c->flusher_bell), 1000000);
    }
    return true;
}

static void run_errand(struct tb_cell *c, struct tb_errand *e)
{
    const struct tb_state_ops *ops = c->o.state->ops;
    struct tb_checkpoint durable;
    e->ok = flush_upto(c, e->wanted_batch, &e->fault) &&
            (e->what == ERRAND_PRUNE || tb_flush_publish(c, &e->fault));
    if (e->ok && e->what == ERRAND_SNAPSHOT) {
        e->ok = ops->snapshot(c->o.state, e->path, &e->fault) == TB_STATE_DONE;
        e->snapshot.checkpoint = c->flush.checkpoint;
        e->snapshot.durable_batch = atomic_load(&c->durable_batch);
    }
    if (e->ok && e->what == ERRAND_PRUNE) {
        e->ok = ops->sync(c->o.state, &durable, &e->fault) == TB_STATE_DONE;
        if (e->ok && e->keep_from > durable.batch)
            e->keep_from = durable.batch;
    }
}

static void errand_done(struct tb_cell *c, struct tb_errand *e)
{
    if (e->ok && e->what == ERRAND_PRUNE) {
        pthread_mutex_lock(&c->errands_lock);
        e->next = c->journal_errands;
        c->journal_errands = e;
        pthread_mutex_unlock(&c->errands_lock);
        tb_bell_ring(&c->journal_bell);
        return;
    }
    atomic_store(&e->done, 1);
    tb_bell_ring(&c->errand_bell);
}

void tb_flush_errands(struct tb_cell *c)
{
    for (;;) {
        pthread_mutex_lock(&c->errands_lock);
        struct tb_errand *e = c->errands;
        if (e != NULL)
            c->errands = e->next;
        pthread_mutex_unlock(&c->errands_lock);
        if (e == NULL)
            return;
        run_errand(c, e);
        errand_done(c, e);
    }
}

bool tb_errand_run(struct tb_cell *c, struct tb_errand *e)
{
    enum tb_cell_state s = tb_cell_state(c);
    if (s != TB_CELL_LEADING && s != TB_CELL_STOPPING) {
        tb_fault_set(&e->fault, true, "the cell does not lead");
        return false;
    }
    e->wanted_batch = atomic_load(&c->durable_batch);
    pthread_mutex_lock(&c->errands_lock);
    e->next = c->errands;
    c->errands = e;
    pthread_mutex_unlock(&c->errands_lock);
    tb_bell_ring(&c->flusher_bell);
    while (atomic_load(&e->done) == 0) {
        uint32_t ticket = tb_bell_ticket(&c->errand_bell);
        if (c->o.stepping) {
            tb_flush_errands(c);
            (void)tb_writer_turn(c);
        } else if (atomic_load(&e->done) == 0) {
            tb_bell_wait(&c->errand_bell, ticket, 100000000);
        }
    }
    return e->ok;
}
