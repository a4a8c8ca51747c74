// SPDX-License-Identifier: Apache-2.0
/* engine/follow.c - following another leader on a shared journal, and taking over when it is silent.
 *
 * Invariant: nothing is decided or answered here before tb_cell_lead.                     */
#include <inttypes.h>

#include "engine/inside.h"

#define FOLLOW_BATCHES 64u
#define ROTATE_NS 2000000000
#define LOOK_NS 200000000

/* Sets that the leader has flushed by now are not needed; the rest would be ours to write. */
static void rotate(struct tb_cell *c)
{
    struct tb_checkpoint cp;
    struct tb_fault f;
    if (cell_boot_ns(c) < c->follow_rotate_ns)
        return;
    c->follow_rotate_ns = cell_boot_ns(c) + ROTATE_NS;
    if (c->o.state->ops->checkpoint(c->o.state, &cp, &f) != TB_STATE_DONE)
        return;
    pthread_mutex_lock(&c->store.lock);
    if (c->store.newest->batches > 0) {
        struct tb_image_set *fresh = tb_images_create(&c->store.spare);
        c->store.newest->next = fresh;
        c->store.newest = fresh;
    }
    while (c->store.oldest != c->store.newest && c->store.oldest->last.batch <= cp.batch) {
        struct tb_image_set *old = c->store.oldest;
        c->store.oldest = old->next;
        c->sets_from = old->last.batch;
        atomic_store(&c->flushed_seq, old->last_seq);
        atomic_store(&c->flushed_batch, old->last.batch);
        tb_images_destroy(old);
    }
    tb_keep_note(c);
    pthread_mutex_unlock(&c->store.lock);
}

static bool take_over(struct tb_cell *c)
{
    struct tb_fault f = {.text = "taken"};
    enum tb_journal_answer a = tb_writer_take_over(c, &f);
    if (a == TB_JOURNAL_DONE) {
        /* The old leader may have flushed since; its checkpoint is within our history. */
        if (c->o.state->ops->checkpoint(c->o.state, &c->flush.checkpoint, &f) != TB_STATE_DONE) {
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        if (c->flush.checkpoint.batch < c->sets_from) {
            tb_fault_set(&f, false, "the SQL state went back to batch %" PRIu64 " (its server "
                         "crashed): starting again replays the journal", c->flush.checkpoint.batch);
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        c->flush.history_batch = c->flush.checkpoint.batch;
        tb_cell_log(c, "leading from batch %" PRIu64 ", epoch %" PRIu64, c->writer.number,
                    c->writer.epoch);
        tb_cell_lead(c);
        return true;
    }
    if (a != TB_JOURNAL_TAKEN)
        tb_cell_log(c, "cannot take over: %s", f.text);
    if (a == TB_JOURNAL_FAULT && !f.retryable)
        tb_cell_break(c, TB_CELL_FAILED, &f);
    c->follow_seen_ns = cell_boot_ns(c) - (int64_t)c->o.takeover_ms * 500000;
    return false;
}

/* The leader's silence counts from when its newest batch was there, even while we are
 * still busy with older ones.                                                            */
static void look_at_leader(struct tb_cell *c)
{
    struct tb_batch last;
    struct tb_fault f;
    int64_t now = cell_boot_ns(c);
    if (now < c->follow_look_ns)
        return;
    c->follow_look_ns = now + LOOK_NS;
    if (c->o.journal->ops->last(c->o.journal, &last, &f) == TB_JOURNAL_DONE &&
        last.number > c->follow_last) {
        c->follow_last = last.number;
        c->follow_seen_ns = cell_boot_ns(c);
    }
}

bool tb_follow_turn(struct tb_cell *c)
{
    struct tb_batch b;
    struct tb_fault f = {0};
    look_at_leader(c);
    for (uint32_t i = 0; i < FOLLOW_BATCHES; i++) {
        enum tb_journal_answer a = c->o.journal->ops->reader_next(c->follow, &b, &f);
        if (a == TB_JOURNAL_DONE) {
            if (!tb_recover_batch(c, &b, &f)) {
                tb_cell_break(c, TB_CELL_FAILED, &f);
                return false;
            }
            if (b.number > c->follow_last) {
                c->follow_last = b.number;
                c->follow_seen_ns = cell_boot_ns(c);
            }
            continue;
        }
        if (a == TB_JOURNAL_CORRUPT || (a == TB_JOURNAL_FAULT && !f.retryable)) {
            tb_cell_break(c, TB_CELL_FAILED, &f);
            return false;
        }
        rotate(c);
        if (a == TB_JOURNAL_END &&
            cell_boot_ns(c) - c->follow_seen_ns >= (int64_t)c->o.takeover_ms * 1000000)
            return take_over(c);
        return i > 0;
    }
    return true;
}
