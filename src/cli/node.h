// SPDX-License-Identifier: Apache-2.0
/* cli/node.h - a data folder, opened: keys, journal, SQL state and the cell over them.
 *
 *   DATA/keys/        the key store (border/keystore.h); stays here with PostgreSQL too
 *   DATA/journal/     the journal, unless a postgres:// address was given
 *   DATA/state.db     the SQL state, likewise
 *   DATA/admin.sock   the admin socket of the process that serves the folder
 *
 * Invariant   a folder with a local journal is open in one process at a time: the journal's
 *             lock says so. Opening may wait for it.
 * Ownership   the node owns all of its parts; they are closed in the order in which they
 *             depend on each other.
 * Threads     open and close: one. What is inside: see the headers of the parts.
 * Not here    HTTP, the admin socket, signals (cmd_serve.c).                             */
#ifndef TB_CLI_NODE_H
#define TB_CLI_NODE_H

#include "channel/webhook/webhook.h"
#include "engine/cell.h"
#include "http/vault.h"

struct tb_keystore;
struct tb_desk; /* border/open.h */

struct tb_node_options {
    const char *data;    /* folder; made when it is missing (its parent exists) */
    const char *journal; /* NULL = DATA/journal, or postgres://... */
    const char *state;   /* NULL = DATA/state.db, or postgres://... */
    bool must_exist;     /* do not make a folder */
    bool wait;           /* for another process to give the folder free */
    bool stepping;       /* the cell without threads (simulation) */
    bool brief;          /* ends soon: the journal's log is not filled in advance */
    bool restored;       /* keys may have gone since the SQL state was written */
    uint32_t flush_ms;   /* between two flushes of the SQL state; 0 = the cell's own choice */
    const struct tb_host *host;         /* NULL = the machine's */
    bool (*go_on)(void *user);          /* asked while waiting; NULL = always */
    void (*log)(void *user, const char *sentence); /* NULL = stderr */
    void *user;
};

enum tb_node_answer {
    TB_NODE_DONE = 0,
    TB_NODE_ABSENT, /* must_exist, and there is no folder */
    TB_NODE_BUSY,   /* another process has the folder */
    TB_NODE_FAULT,
};

struct tb_node {
    char data[4000];
    struct tb_keystore *keys;
    struct tb_desk *desk;
    struct tb_vault vault;
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell *cell;
    struct tb_core_env env;
    struct tb_cell_tables tables;
    struct tb_cell_options cell_options;
    struct tb_node_publishing *publishing;
    bool erased_again;
    bool restored;
    /* Set while the node is served: the HTTP side wants to know of new and revoked keys. */
    void (*keys_changed)(void *user);
    void *_Atomic keys_user; /* NULL = nobody */
    struct tb_webhook_counts webhooks; /* while it is served */
};

/* Opens, recovers and starts. On a shared journal the cell may follow: tb_node_lead waits. */
TB_MUST_USE enum tb_node_answer tb_node_open(const struct tb_node_options *o, struct tb_node **out,
                                             struct tb_fault *fault);
/* Waits until the cell leads and what it knows as erased is. False: timeout, or a failure. */
TB_MUST_USE bool tb_node_lead(struct tb_node *n, uint32_t timeout_ms, struct tb_fault *fault);
/* The keys of everybody whom the journal calls erased go (http/erasing.h), once per node; for
 * whoever sees the cell begin to lead. A cell that leads from the start has had it done.     */
TB_MUST_USE bool tb_node_erase_again(struct tb_node *n, struct tb_fault *fault);
/* Stops the cell (all that waits is answered, all that is durable flushed), closes. */
void tb_node_close(struct tb_node *n);

/* The HTTP side, if there is one, learns of keys made or revoked here. */
void tb_node_keys_changed(struct tb_node *n);

/* DATA/name into path; NULL when it does not fit. */
const char *tb_node_path(const char *data, const char *name, char *path, size_t cap);

/* Runs one command and waits. region holds the answer's body: TB_ANSWER_BYTES_MAX for
 * writes. False: nothing was decided; the fault says why. True: answer->code says.      */
TB_MUST_USE bool tb_node_ask(struct tb_node *n, uint32_t tenant, uint32_t op, const void *input,
                             struct tb_answer *answer, void *region, size_t cap,
                             struct tb_fault *fault);
/* Looks a block up by its code; false: none, or *fault. body gets the packed block's place
 * within region.                                                                          */
TB_MUST_USE bool tb_node_find(struct tb_node *n, uint32_t tenant, enum tb_kind kind, const char *code,
                              uint32_t *id, void *region, size_t cap, struct tb_str *packed,
                              struct tb_fault *fault);

#endif
