// SPDX-License-Identifier: Apache-2.0
/* tests/http/app_server.c - the whole API in one small program: a real cell over the memory
 * journal and state (or SQLite in FOLDER), a key store in FOLDER, one operator key.
 *
 *   app_server FOLDER [memory|sqlite] [THREADS]
 *   prints "port N" and "key tb_..." (the operator's), serves until SIGTERM or SIGINT     */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/catalog/catalog.h"
#include "core/ops.h"
#include "engine/cell.h"
#include "http/app.h"
#include "journal/hash.h"
#include "journal/memory/journal_memory.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/memory/state_memory.h"
#include "state/sqlite/state_sqlite.h"
#include "border/keystore.h"
#include "border/open.h"

struct node {
    struct tb_keystore *keys;
    struct tb_desk *desk;
    struct tb_vault vault;
    struct tb_core_env env;
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables tables;
    struct tb_cell *cell;
};

static void say(void *user, const char *sentence)
{
    (void)user;
    (void)fprintf(stderr, "%s\n", sentence);
}

static void need(bool ok, const char *what, const struct tb_fault *fault)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, fault->text);
    exit(1);
}

static void open_ports(struct node *n, const char *folder, bool sqlite, struct tb_fault *fault)
{
    char path[4096];
    if (!sqlite) {
        n->journal = tb_journal_memory_open(NULL);
        n->state = tb_state_memory_open();
        return;
    }
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    need(tb_journal_sqlite_open(path, NULL, &n->journal, fault) == TB_JOURNAL_DONE, "journal", fault);
    (void)snprintf(path, sizeof path, "%s/state.db", folder);
    need(tb_state_sqlite_open(path, NULL, &n->state, fault) == TB_STATE_DONE, "state", fault);
}

static void open_node(struct node *n, const char *folder, bool sqlite)
{
    char path[4096];
    struct tb_fault fault = {.text = "?"};
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    (void)mkdir(path, 0700);
    need(tb_keystore_open(path, 0, &n->keys, &fault) == TB_KEYSTORE_DONE, "keys", &fault);
    n->desk = tb_desk_open(n->keys);
    n->vault.keys = n->keys;
    n->env = (struct tb_core_env){.user = &n->vault,
                                  .hash_key = tb_desk_hash_key(n->desk),
                                  .zone = tb_desk_zone,
                                  .seal = tb_vault_seal};
    open_ports(n, folder, sqlite, &fault);
    need(tb_cell_tables_ensure(&n->tables, n->state, NULL, &fault), "tables", &fault);
    struct tb_cell_options o = {.env = &n->env,
                                .journal = n->journal,
                                .state = n->state,
                                .tables = &n->tables,
                                .batch_hash = tb_batch_hash,
                                .log = say};
    need(tb_cell_create(&o, &n->cell, &fault), "cell", &fault);
    need(tb_cell_start(n->cell, &fault), "start", &fault);
}

struct waiting {
    struct tb_job_request job; /* first */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
};

static void over(struct tb_job_request *job)
{
    struct waiting *w = (struct waiting *)job;
    (void)pthread_mutex_lock(&w->lock);
    w->over = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

static void make_operator(struct node *n)
{
    static uint8_t region[TB_ANSWER_BYTES_MAX];
    struct tb_key_made made;
    tb_key_make(&made);
    struct tb_cmd_key_put in = {.put = {made.code, 0},
                                .hash = {(const char *)made.hash, sizeof made.hash},
                                .roles = TB_KEY_OPERATOR,
                                .name = TB_STR("test")};
    struct waiting w = {.job = {.command = {TB_OP_KEY_PUT, 0, 0, &in}, .done = over},
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .wake = PTHREAD_COND_INITIALIZER};
    tb_buf_init(&w.job.answer.body, region, sizeof region);
    if (tb_cell_submit(n->cell, &w.job) != TB_SUBMIT_TAKEN)
        exit(1);
    (void)pthread_mutex_lock(&w.lock);
    while (!w.over)
        (void)pthread_cond_wait(&w.wake, &w.lock);
    (void)pthread_mutex_unlock(&w.lock);
    if (w.job.finish != TB_FINISH_DONE || w.job.answer.code != TB_CODE_OK)
        exit(1);
    (void)printf("key %s\n", made.text);
}

int main(int argc, char **argv)
{
    static struct node n;
    struct tb_fault fault = {.text = "?"};
    sigset_t wait_for;
    int got;
    if (argc < 2)
        return 2;
    (void)sigemptyset(&wait_for);
    (void)sigaddset(&wait_for, SIGTERM);
    (void)sigaddset(&wait_for, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &wait_for, NULL);
    open_node(&n, argv[1], argc > 2 && strcmp(argv[2], "sqlite") == 0);
    make_operator(&n);
    struct tb_app_options o = {
        .cell = n.cell, .env = &n.env, .keys = n.keys, .state = n.state, .unlimited = true, .inbox = true};
    o.http.threads = argc > 3 ? (uint32_t)atoi(argv[3]) : 2; /* so that what they share is shared */
    struct tb_app *app = tb_app_start(&o, &fault);
    need(app != NULL, "http", &fault);
    (void)printf("port %u\n", tb_app_port(app));
    (void)fflush(stdout);
    (void)sigwait(&wait_for, &got);
    tb_app_stop(app);
    tb_cell_stop(n.cell, true);
    tb_cell_destroy(n.cell);
    tb_desk_close(n.desk);
    tb_keystore_close(n.keys);
    return 0;
}
