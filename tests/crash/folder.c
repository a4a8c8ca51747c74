// SPDX-License-Identifier: Apache-2.0
#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "border/keystore.h"
#include "journal/hash.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/postgres/state_postgres.h"
#include "state/sqlite/state_sqlite.h"

#define FLUSH_MS 40
#define CHECKPOINT_BYTES (1u << 20)

static bool go_on(void *user)
{
    (void)user;
    return true;
}

static void say(void *user, const char *sentence)
{
    (void)user;
    (void)fprintf(stderr, "cell: %s\n", sentence);
}

static bool open_keys(struct folder *f, const struct folder_options *o, struct tb_fault *fault)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/keys", o->data);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        tb_fault_set(fault, false, "mkdir: %s", strerror(errno));
        return false;
    }
    if (tb_keystore_open(path, 0, &f->keys, fault) != TB_KEYSTORE_DONE)
        return false;
    f->vault.keys = f->keys;
    f->desk = tb_desk_open(f->keys);
    f->env = (struct tb_core_env){.user = &f->vault,
                                  .hash_key = tb_desk_hash_key(f->desk),
                                  .zone = tb_desk_zone,
                                  .seal = tb_vault_seal};
    return true;
}

static bool open_journal(struct folder *f, const struct folder_options *o, struct tb_fault *fault)
{
    char path[4096];
    if (o->journal != NULL)
        return tb_journal_postgres_open(o->journal, NULL, &f->journal, fault) == TB_JOURNAL_DONE;
    (void)snprintf(path, sizeof path, "%s/journal", o->data);
    struct tb_journal_sqlite_options j = {.segment_bytes = o->segment_bytes,
                                          .reserve_bytes = o->reserve_bytes,
                                          .go_on_waiting = go_on};
    return tb_journal_sqlite_open(path, &j, &f->journal, fault) == TB_JOURNAL_DONE;
}

static bool open_state(struct folder *f, const struct folder_options *o, struct tb_fault *fault)
{
    char path[4096];
    if (o->state != NULL)
        return tb_state_postgres_open(o->state, NULL, &f->state, fault) == TB_STATE_DONE;
    (void)snprintf(path, sizeof path, "%s/state.db", o->data);
    struct tb_state_sqlite_options s = {.checkpoint_bytes = CHECKPOINT_BYTES};
    return tb_state_sqlite_open(path, &s, &f->state, fault) == TB_STATE_DONE;
}

static bool open_cell(struct folder *f, const struct folder_options *o, struct tb_fault *fault)
{
    if (!tb_cell_tables_ensure(&f->tables, f->state, NULL, fault))
        return false;
    f->options = (struct tb_cell_options){.env = &f->env,
                                          .journal = f->journal,
                                          .state = f->state,
                                          .tables = &f->tables,
                                          .batch_hash = tb_batch_hash,
                                          .log = say,
                                          .flush_ms = FLUSH_MS,
                                          .space_low_bytes = o->space_low_bytes};
    return tb_cell_create(&f->options, &f->cell, fault) && tb_cell_start(f->cell, fault);
}

bool folder_open(struct folder *f, const struct folder_options *o, struct tb_fault *fault)
{
    memset(f, 0, sizeof *f);
    *fault = (struct tb_fault){0};
    /* The journal first: its lock says that the folder is ours. */
    return open_journal(f, o, fault) && open_keys(f, o, fault) && open_state(f, o, fault) &&
           open_cell(f, o, fault);
}

void folder_close(struct folder *f, bool flush)
{
    tb_cell_stop(f->cell, flush);
    tb_cell_destroy(f->cell);
    f->state->ops->close(f->state);
    f->journal->ops->close(f->journal);
    tb_desk_close(f->desk);
    tb_keystore_close(f->keys);
}
