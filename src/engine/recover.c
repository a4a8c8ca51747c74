// SPDX-License-Identifier: Apache-2.0
/* engine/recover.c - the journal after the SQL state's checkpoint, folded again; then leading.
 *
 * Invariant: afterwards the store, the counters, the feeds' numbers and the idempotency
 * rows are those that a process which never stopped would have, up to the journal's last
 * batch. What does not fit together is refused with a sentence that says what and why.
 * Not here: reading the SQL state (recover_state.c), another leader's journal (follow.c). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inside.h"
#include "events.gen.h"

/* Replay met a block that is not in memory: it is older than the checkpoint. */
static struct tb_block *fetch(void *user, uint32_t kind, uint64_t id)
{
    struct tb_cell *c = user;
    struct tb_store *s = &c->core.store;
    if (id > c->sparse_max[kind])
        return NULL;
    struct tb_load l = {.need_n = 1, .need = {{.kind = (uint8_t)kind, .id = id}}};
    s->fetch = NULL;
    tb_load_fetch(c, &l);
    struct tb_block *b = NULL;
    if (!l.failed && l.got[0].p != NULL &&
        tb_core_load(&c->core, (enum tb_kind)kind, id,
                     (struct tb_str){(const char *)l.got[0].p, l.got[0].n}))
        b = tb_store_get(s, kind, id);
    free(l.got[0].p);
    s->fetch = fetch;
    return b;
}

static bool replay_entry(struct tb_cell *c, const struct tb_entry *e, uint64_t batch,
                         struct tb_fault *f)
{
    struct tb_txn *t = &c->txn;
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    if (e->tenant >= TB_TENANTS_MAX || e->tenant_seq != c->fair.line[e->tenant].seq + 1 ||
        e->seq <= c->seq) {
        tb_fault_set(f, false, "batch %" PRIu64 " does not continue the SQL state: entry %" PRIu64
                     " comes after %" PRIu64, batch, e->seq, c->seq);
        return false;
    }
    static const uint8_t no_entropy[TB_ENTROPY_BYTES];
    uint32_t from = c->core.store.dirty_n;
    tb_txn_begin(t, e->tenant, e->now_ms, e->seq, no_entropy);
    /* the member stays open: apply finds it as it did then, and moves the person's last_seq */
    c->core.store.fetch_user = c;
    while (tb_event_next(&list, &type, &body, &bad)) {
        tb_arena_reset(&c->scratch);
        c->core.store.fetch = c->o.journal->ops->shared ? NULL : fetch;
        bool known = tb_core_replay(&c->core, t, type, body);
        c->core.store.fetch = NULL; /* commit must find a dropped block gone */
        if (!known) {
            tb_fault_set(f, false, "batch %" PRIu64 ", entry %" PRIu64 ": event %" PRIu32
                         " is not known to this program", batch, e->seq, type);
            return false;
        }
    }
    if (bad) {
        tb_fault_set(f, false, "batch %" PRIu64 ", entry %" PRIu64 " is malformed", batch, e->seq);
        return false;
    }
    tb_txn_commit(t);
    tb_run_note_dirty(c, from, e->tenant);
    c->seq = e->seq;
    c->fair.line[e->tenant].seq = e->tenant_seq;
    tb_run_touch(c, e->tenant);
    return true;
}

bool tb_recover_batch(struct tb_cell *c, const struct tb_batch *b, struct tb_fault *f)
{
    struct tb_writer *w = &c->writer;
    struct tb_batch_walk walk;
    struct tb_entry e;
    uint64_t entries = 0;
    uint64_t first_seq = 0;
    if (b->number != w->number + 1 || memcmp(b->prev_hash, w->hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "batch %" PRIu64 " does not follow batch %" PRIu64
                     " that is in the SQL state: another history", b->number, w->number);
        return false;
    }
    c->txn.replaying = true;
    tb_batch_walk(&walk, b->body);
    while (tb_batch_next(&walk, &e)) {
        if (!replay_entry(c, &e, b->number, f))
            return false;
        (void)tb_recover_answer(c, &e);
        if (entries++ == 0)
            first_seq = e.seq;
    }
    c->txn.replaying = false;
    if (walk.bad) {
        tb_fault_set(f, false, "batch %" PRIu64 " is malformed or of a newer program", b->number);
        return false;
    }
    if (b->at_ms > c->now_ms)
        c->now_ms = b->at_ms;
    tb_idem_tidy(&c->idem, (uint32_t)(c->now_ms / 1000));
    tb_run_collect(c, &c->replayed);
    w->number = b->number;
    w->epoch = b->epoch;
    memcpy(w->hash, b->hash, TB_HASH_BYTES);
    tb_keep_body(c, b, first_seq, c->seq);
    tb_keep_images(c, b, &c->replayed, entries, c->seq);
    atomic_store(&c->durable_seq, c->seq);
    atomic_store(&c->durable_batch, b->number);
    tb_bell_ring(&c->durable_bell);
    return true;
}

/* Opens a reader behind the checkpoint, after proving that the checkpoint is of this
 * journal.                                                                              */
static bool open_behind(struct tb_cell *c, struct tb_fault *f)
{
    struct tb_journal *j = c->o.journal;
    const struct tb_checkpoint *cp = &c->flush.checkpoint;
    struct tb_batch last;
    struct tb_batch b;
    uint64_t first;
    if (j->ops->last(j, &last, f) != TB_JOURNAL_DONE ||
        j->ops->first(j, &first, f) != TB_JOURNAL_DONE)
        return false;
    if (cp->batch > last.number) {
        tb_fault_set(f, false, "the SQL state is at batch %" PRIu64 ", ahead of its journal, which "
                     "ends at %" PRIu64 ": the journal lost batches or is another one",
                     cp->batch, last.number);
        return false;
    }
    if (cp->batch + 1 < first) {
        tb_fault_set(f, false, "the journal starts at batch %" PRIu64 ", the SQL state is at %" PRIu64
                     ": what lies between is gone", first, cp->batch);
        return false;
    }
    bool held = cp->batch >= first && cp->batch > 0;
    if (j->ops->reader_open(j, held ? cp->batch : cp->batch + 1, &c->follow, f) != TB_JOURNAL_DONE)
        return false;
    if (!held)
        return true;
    if (j->ops->reader_next(c->follow, &b, f) != TB_JOURNAL_DONE)
        return false;
    if (c->hash_unknown) {
        memcpy(c->flush.checkpoint.hash, b.hash, TB_HASH_BYTES);
        c->flush.checkpoint.epoch = b.epoch;
    }
    if (memcmp(b.hash, cp->hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "batch %" PRIu64 " of the journal is not the one that the SQL state "
                     "was made from: they do not belong together", cp->batch);
        return false;
    }
    return true;
}

static bool replay_all(struct tb_cell *c, struct tb_fault *f)
{
    struct tb_batch b;
    uint64_t from = c->seq;
    for (;;) {
        enum tb_journal_answer a = c->o.journal->ops->reader_next(c->follow, &b, f);
        if (a == TB_JOURNAL_END)
            break;
        if (a != TB_JOURNAL_DONE || !tb_recover_batch(c, &b, f))
            return false;
    }
    if (c->seq > from)
        tb_cell_log(c, "%" PRIu64 " entries replayed up to batch %" PRIu64, c->seq - from,
                    c->writer.number);
    return true;
}

void tb_cell_lead(struct tb_cell *c)
{
    if (c->follow != NULL)
        c->o.journal->ops->reader_close(c->follow);
    c->follow = NULL;
    int64_t now = c->host->now_ms(c->host->user);
    c->now_ms = now > c->now_ms - 10000 && now < c->now_ms ? c->now_ms : now;
    tb_timers_rebuild(c);
    atomic_store(&c->state, TB_CELL_LEADING);
}

bool tb_recover(struct tb_cell *c, struct tb_fault *f)
{
    const struct tb_state_ops *ops = c->o.state->ops;
    struct tb_checkpoint *cp = &c->flush.checkpoint;
    c->now_ms = c->host->now_ms(c->host->user);
    if (ops->checkpoint(c->o.state, cp, f) != TB_STATE_DONE ||
        ops->reader_open(c->o.state, &c->loader, f) != TB_STATE_DONE)
        return false;
    if (!tb_recover_state(c, f) || !open_behind(c, f))
        return false;
    c->flush.history_batch = cp->batch;
    c->writer.number = cp->batch;
    c->writer.epoch = cp->epoch;
    memcpy(c->writer.hash, cp->hash, TB_HASH_BYTES);
    c->store.tail_dropped_batch = cp->batch;
    c->store.tail_dropped_seq = c->seq;
    atomic_store(&c->durable_seq, c->seq);
    atomic_store(&c->durable_batch, cp->batch);
    atomic_store(&c->flushed_seq, c->seq);
    atomic_store(&c->flushed_batch, cp->batch);
    if (!replay_all(c, f))
        return false;
    c->host->entropy(c->host->user, &c->writer.writer, sizeof c->writer.writer);
    c->writer.writer &= INT64_MAX;
    c->follow_last = c->writer.number;
    c->follow_seen_ns = cell_boot_ns(c);
    if (!c->o.journal->ops->shared) {
        c->writer.epoch++;
        tb_cell_lead(c);
    }
    return true;
}
