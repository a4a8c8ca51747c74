// SPDX-License-Identifier: Apache-2.0
/* channel/webhook/webhook.h - signed webhooks that follow the feed (Standard Webhooks 1.0.0).
 *
 *   source (the feed, as HTTP prints it) -> one lane a webhook -> POST -> outbox
 *
 * Order      a webhook's messages arrive one after the other, in the order of the feed. A
 *            message that an endpoint does not take holds up those behind it, with growing
 *            pauses, until it is delivered or given up; then it is a dead letter, and the
 *            next one is tried. Webhooks do not hold each other up.
 * Delivery   at least once. A message keeps its id over attempts and restarts; the receiver
 *            drops what it has seen. 2xx within 15 s is delivered. A redirect is refused.
 * Limits     one message a webhook under way, 256 webhooks at once; 64 KiB of an answer are
 *            read; who needs more messages a second reads GET /v1/events.
 * Threads    one of its own; open and close: the owner's. The source is called on it.
 * What is not here: where events come from, sealing of secrets (the source opens them).    */
#ifndef TB_CHANNEL_WEBHOOK_H
#define TB_CHANNEL_WEBHOOK_H

#include "base/fault.h"
#include "base/text.h"
#include "channel/webhook/rules.h"

#define TB_WEBHOOK_URL_MAX 512u
#define TB_WEBHOOK_BODY_MAX (2u << 20)

/* A webhook that is in force. */
struct tb_webhook_target {
    uint64_t webhook; /* number */
    uint32_t tenant;
    uint32_t version; /* another one: what a 410 switched off goes on */
    uint64_t events;  /* groups wanted, 0 = all */
    char url[TB_WEBHOOK_URL_MAX + 1];
    char secret[TB_WEBHOOK_SECRET_MAX + 1];
};

struct tb_webhook_message {
    uint64_t sequence;  /* in the tenant's feed; without a body: looked at up to here */
    struct tb_buf body; /* JSON; n = 0: nothing for this webhook yet */
};

enum tb_webhook_next { TB_WEBHOOK_NEXT_DONE = 0, TB_WEBHOOK_NEXT_GONE, TB_WEBHOOK_NEXT_FAULT };

struct tb_webhook_source {
    void *user;
    /* May messages leave? (This process leads.) Cheap. */
    bool (*leads)(void *user);
    /* Changes when the feeds may have something new. Cheap. */
    uint64_t (*newest)(void *user);
    /* Every webhook in force; about once a second. False with *f: try later. */
    bool (*targets)(void *user, void (*each)(void *arg, const struct tb_webhook_target *t),
                    void *arg, struct tb_fault *f);
    /* Where a webhook that is not known yet begins: the sequence of its own entry. */
    uint64_t (*birth)(void *user, const struct tb_webhook_target *t);
    /* The first message after `after`. m->body is empty and has room for TB_WEBHOOK_BODY_MAX.
     * GONE: history was taken away there; m->sequence says where it begins again.          */
    enum tb_webhook_next (*next)(void *user, const struct tb_webhook_target *t, uint64_t after,
                                 struct tb_webhook_message *m, struct tb_fault *f);
    void (*log)(void *user, const char *sentence);
};

/* Since the process began. Written by the webhooks' thread, read by any. */
struct tb_webhook_counts {
    _Atomic uint64_t lanes; /* webhooks that are served now */
    _Atomic uint64_t delivered;
    _Atomic uint64_t failed; /* attempts */
    _Atomic uint64_t dead;   /* entries given up */
};

struct tb_webhook_options {
    struct tb_webhook_source source;
    const char *path;     /* of the outbox */
    struct tb_webhook_counts *counts; /* outlives them */
    bool loopback;        /* receivers on this machine are allowed (tests, demonstrations) */
    uint32_t second_ms;   /* [1000]; tests make retries faster */
    uint32_t timeout_ms;  /* [15000] */
};

struct tb_webhooks;

TB_MUST_USE bool tb_webhooks_open(const struct tb_webhook_options *o, struct tb_webhooks **out,
                                  struct tb_fault *f);
/* Waits for nothing: what is under way is broken off and comes again. NULL is fine. */
void tb_webhooks_close(struct tb_webhooks *w);

#endif
