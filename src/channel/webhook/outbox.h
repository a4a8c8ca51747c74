// SPDX-License-Identifier: Apache-2.0
/* channel/webhook/outbox.h - how far each webhook is, and what could not be delivered.
 *
 * A SQLite file beside the data (DATA/webhooks.db). It holds no message, only numbers: a
 * message is made again from the feed. Losing it means that webhooks begin where they are
 * found; a row that a power failure takes back means that messages come twice, with the
 * same id, as receivers expect.
 * Threads    one connection each; several processes may open the same file (the command line
 *            beside the server). */
#ifndef TB_CHANNEL_WEBHOOK_OUTBOX_H
#define TB_CHANNEL_WEBHOOK_OUTBOX_H

#include "base/fault.h"
#include "base/text.h"

struct tb_outbox;

struct tb_outbox_lane {
    uint64_t webhook;
    uint32_t tenant;
    uint32_t version;   /* of the webhook when the row was written */
    uint64_t after;     /* tenant's feed: delivered, or given up, up to here */
    uint32_t attempts;  /* of the message after it */
    int64_t next_ms;    /* not before */
    bool gone;          /* it answered 410, until it is put again */
    uint64_t delivered; /* ever */
};

struct tb_outbox_dead {
    uint64_t webhook;
    uint64_t sequence;
    uint32_t tenant;
    int64_t at_ms;
    uint32_t attempts;
    int32_t status;   /* 0 = none */
    char reason[120]; /* for people */
    bool replay;      /* it is to be sent again */
};

TB_MUST_USE bool tb_outbox_open(const char *path, struct tb_outbox **out, struct tb_fault *f);
void tb_outbox_close(struct tb_outbox *o); /* NULL is fine */

/* False: no such row, or *f (f->text is empty when there is none). */
bool tb_outbox_lane(struct tb_outbox *o, uint64_t webhook, struct tb_outbox_lane *out,
                    struct tb_fault *f);
bool tb_outbox_put_lane(struct tb_outbox *o, const struct tb_outbox_lane *l, struct tb_fault *f);
/* The lane and a dead letter in one transaction. */
bool tb_outbox_give_up(struct tb_outbox *o, const struct tb_outbox_lane *l,
                       const struct tb_outbox_dead *d, struct tb_fault *f);
/* The oldest that is to be sent again; false: none. */
bool tb_outbox_replay_next(struct tb_outbox *o, uint64_t webhook, struct tb_outbox_dead *out,
                           struct tb_fault *f);
/* It was delivered: the row goes; else it stays with its new reason. */
bool tb_outbox_replay_done(struct tb_outbox *o, const struct tb_outbox_dead *d, bool delivered,
                           struct tb_fault *f);

/* For people. tenant 0 = all; webhook 0 = all. Returns rows marked; -1 with *f. */
int64_t tb_outbox_mark_replay(struct tb_outbox *o, uint64_t webhook, uint64_t sequence,
                              struct tb_fault *f);
typedef void (*tb_outbox_lane_fn)(void *user, const struct tb_outbox_lane *l, uint64_t dead);
typedef void (*tb_outbox_dead_fn)(void *user, const struct tb_outbox_dead *d);
bool tb_outbox_each_lane(struct tb_outbox *o, tb_outbox_lane_fn fn, void *user, struct tb_fault *f);
bool tb_outbox_each_dead(struct tb_outbox *o, uint64_t webhook, uint32_t limit,
                         tb_outbox_dead_fn fn, void *user, struct tb_fault *f);

#endif
