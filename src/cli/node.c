// SPDX-License-Identifier: Apache-2.0
/* Opening and closing a data folder. See node.h. */
#include "cli/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "border/keystore.h"
#include "border/open.h"
#include "cli/publishing.h"
#include "http/erasing.h"
#include "journal/hash.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/postgres/state_postgres.h"
#include "state/sqlite/state_sqlite.h"

#define WAIT_MS 100

static void log_stderr(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "tongbao: %s\n", sentence);
}

static void sleep_ms(uint32_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

const char *tb_node_path(const char *data, const char *name, char *path, size_t cap)
{
    int n = snprintf(path, cap, "%s/%s", data, name);
    return n > 0 && (size_t)n < cap ? path : NULL;
}

static bool is_postgres(const char *address)
{
    return address != NULL && (strncmp(address, "postgres://", 11) == 0 ||
                               strncmp(address, "postgresql://", 13) == 0);
}

/* ---- the parts ------------------------------------------------------------------------------- */

struct opening {
    const struct tb_node_options *o;
    struct tb_node *n;
    struct tb_fault *fault;
    bool said;
};

static bool go_on_waiting(void *user)
{
    struct opening *x = user;
    if (!x->said)
        x->o->log(x->o->user, "another process serves this folder: waiting until it ends");
    x->said = true;
    return x->o->go_on == NULL || x->o->go_on(x->o->user);
}

static bool make_folder(const char *path, struct tb_fault *fault)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    tb_fault_set(fault, false, "the folder %.200s cannot be made: %s", path, strerror(errno));
    return false;
}

static enum tb_node_answer open_folder(struct opening *x)
{
    struct stat s;
    int n = snprintf(x->n->data, sizeof x->n->data, "%s", x->o->data);
    if (n <= 0 || (size_t)n >= sizeof x->n->data) {
        tb_fault_set(x->fault, false, "the name of the data folder is too long");
        return TB_NODE_FAULT;
    }
    if (stat(x->o->data, &s) == 0 && S_ISDIR(s.st_mode))
        return TB_NODE_DONE;
    if (x->o->must_exist) {
        tb_fault_set(x->fault, false, "there is no data folder %.200s", x->o->data);
        return TB_NODE_ABSENT;
    }
    return make_folder(x->o->data, x->fault) ? TB_NODE_DONE : TB_NODE_FAULT;
}

static enum tb_node_answer open_keys(struct opening *x)
{
    char path[4096];
    struct tb_node *n = x->n;
    if (tb_node_path(n->data, "keys", path, sizeof path) == NULL || !make_folder(path, x->fault))
        return TB_NODE_FAULT;
    if (tb_keystore_open(path, 0, &n->keys, x->fault) != TB_KEYSTORE_DONE)
        return TB_NODE_FAULT;
    n->vault.keys = n->keys;
    n->desk = tb_desk_open(n->keys);
    if (n->desk == NULL) {
        tb_fault_set(x->fault, true, "no memory");
        return TB_NODE_FAULT;
    }
    n->env = (struct tb_core_env){.user = &n->vault,
                                  .hash_key = tb_desk_hash_key(n->desk),
                                  .zone = tb_desk_zone,
                                  .seal = tb_vault_seal};
    return TB_NODE_DONE;
}

static enum tb_node_answer open_journal(struct opening *x)
{
    char path[4096];
    struct tb_node *n = x->n;
    enum tb_journal_answer a;
    if (is_postgres(x->o->journal)) {
        a = tb_journal_postgres_open(x->o->journal, NULL, &n->journal, x->fault);
    } else if (x->o->journal != NULL) {
        tb_fault_set(x->fault, false, "a journal is the data folder's own, or postgres://...");
        return TB_NODE_FAULT;
    } else {
        struct tb_journal_sqlite_options lock = {
            .no_prefill = x->o->brief, .go_on_waiting = x->o->wait ? go_on_waiting : NULL, .user = x};
        (void)tb_node_path(n->data, "journal", path, sizeof path);
        a = tb_journal_sqlite_open(path, &lock, &n->journal, x->fault);
        if (a == TB_JOURNAL_FAULT && x->fault->retryable)
            return TB_NODE_BUSY;
    }
    return a == TB_JOURNAL_DONE ? TB_NODE_DONE : TB_NODE_FAULT;
}

static enum tb_node_answer open_state(struct opening *x)
{
    char path[4096];
    struct tb_node *n = x->n;
    enum tb_state_answer a;
    if (is_postgres(x->o->state)) {
        a = tb_state_postgres_open(x->o->state, NULL, &n->state, x->fault);
    } else if (x->o->state != NULL) {
        tb_fault_set(x->fault, false, "an SQL state is the data folder's own, or postgres://...");
        return TB_NODE_FAULT;
    } else {
        (void)tb_node_path(n->data, "state.db", path, sizeof path);
        a = tb_state_sqlite_open(path, NULL, &n->state, x->fault);
        if (a == TB_STATE_FAULT && x->fault->retryable)
            return TB_NODE_BUSY;
    }
    return a == TB_STATE_DONE ? TB_NODE_DONE : TB_NODE_FAULT;
}

static enum tb_node_answer start_cell(struct opening *x)
{
    struct tb_node *n = x->n;
    n->cell_options.host = x->o->host; /* the publisher's clock is the cell's */
    n->restored = x->o->restored;
    n->publishing = tb_node_publishing_open(n);
    if (!tb_cell_tables_ensure(&n->tables, n->state, tb_node_publisher(n->publishing), x->fault))
        return TB_NODE_FAULT;
    n->cell_options = (struct tb_cell_options){.env = &n->env,
                                               .journal = n->journal,
                                               .state = n->state,
                                               .tables = &n->tables,
                                               .host = x->o->host,
                                               .batch_hash = tb_batch_hash,
                                               .publisher = tb_node_publisher(n->publishing),
                                               .log = x->o->log,
                                               .log_user = x->o->user,
                                               .flush_ms = x->o->flush_ms,
                                               .stepping = x->o->stepping};
    if (!tb_cell_create(&n->cell_options, &n->cell, x->fault))
        return TB_NODE_FAULT;
    if (!x->o->stepping && !tb_cell_start(n->cell, x->fault))
        return TB_NODE_FAULT;
    if (tb_cell_state(n->cell) == TB_CELL_LEADING && !tb_node_erase_again(n, x->fault))
        return TB_NODE_FAULT;
    return TB_NODE_DONE;
}

enum tb_node_answer tb_node_open(const struct tb_node_options *o, struct tb_node **out,
                                 struct tb_fault *fault)
{
    static enum tb_node_answer (*const step[])(struct opening *) = {open_folder, open_journal, open_keys,
                                                                    open_state, start_cell};
    struct tb_node_options options = *o;
    if (options.log == NULL)
        options.log = log_stderr;
    struct opening x = {.o = &options, .n = calloc(1, sizeof *x.n), .fault = fault};
    *fault = (struct tb_fault){0};
    if (x.n == NULL) {
        tb_fault_set(fault, true, "no memory");
        return TB_NODE_FAULT;
    }
    enum tb_node_answer a = TB_NODE_DONE;
    for (uint32_t i = 0; i < TB_COUNT_OF(step) && a == TB_NODE_DONE; i++)
        a = step[i](&x);
    if (a != TB_NODE_DONE) {
        tb_node_close(x.n);
        return a;
    }
    *out = x.n;
    return TB_NODE_DONE;
}

bool tb_node_erase_again(struct tb_node *n, struct tb_fault *fault)
{
    uint64_t destroyed = 0;
    if (n->erased_again)
        return true;
    n->erased_again = tb_erasing_all(n->cell, n->keys, &destroyed, fault);
    if (destroyed > 0)
        fprintf(stderr, "tongbao: %" PRIu64 " keys of erased profiles were still there: destroyed\n", destroyed);
    return n->erased_again;
}

bool tb_node_lead(struct tb_node *n, uint32_t timeout_ms, struct tb_fault *fault)
{
    for (uint32_t waited = 0;; waited += WAIT_MS) {
        enum tb_cell_state s = tb_cell_state(n->cell);
        if (s == TB_CELL_LEADING)
            return tb_node_erase_again(n, fault);
        if (s != TB_CELL_FOLLOWING) {
            tb_cell_fault(n->cell, fault);
            return false;
        }
        if (waited >= timeout_ms) {
            tb_fault_set(fault, true, "another process leads on this journal: give the words to that one");
            return false;
        }
        sleep_ms(WAIT_MS);
    }
}

void tb_node_close(struct tb_node *n)
{
    if (n == NULL)
        return;
    if (n->cell != NULL) {
        tb_cell_stop(n->cell, true);
        tb_cell_destroy(n->cell);
    }
    tb_node_publishing_close(n->publishing);
    if (n->state != NULL)
        n->state->ops->close(n->state);
    if (n->journal != NULL)
        n->journal->ops->close(n->journal);
    tb_desk_close(n->desk);
    tb_keystore_close(n->keys);
    free(n);
}
