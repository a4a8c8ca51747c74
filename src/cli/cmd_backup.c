// SPDX-License-Identifier: Apache-2.0
/* tongbao backup - a folder from which everything can be restored, made while serving.
 *
 * Repeating it on the same folder adds the batches that are new and a fresh copy of the
 * state; the copy of the journal is then read back and verified from its first batch.     */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backtest/replay.h"
#include "border/keystore.h"
#include "cli/archive.h"
#include "cli/cli.h"
#include "journal/sqlite/journal_sqlite.h"

#define STATES_KEPT 2u

struct backup {
    struct tb_cli *cli;
    struct tb_node *node;
    char folder[4096];
    struct tb_snapshot snapshot;
    bool has_state;
    struct tb_copy_figures copy;
    struct tb_replay_figures held;
    struct tb_fault fault;
};

static const char *in(const struct backup *b, const char *name, char *path, size_t cap)
{
    return tb_node_path(b->folder, name, path, cap);
}

static bool copy_state(struct backup *b)
{
    char fresh[4200];
    char final[4200];
    char name[48];
    (void)in(b, "state.new", fresh, sizeof fresh);
    (void)unlink(fresh);
    if (b->node->state->ops->name != NULL && strcmp(b->node->state->ops->name, "postgres") == 0) {
        fprintf(b->cli->err, "tongbao: the SQL state is in PostgreSQL: pg_dump keeps it; a restore can do without\n");
        return true;
    }
    if (!tb_cell_snapshot(b->node->cell, fresh, &b->snapshot, &b->fault))
        return false;
    (void)snprintf(name, sizeof name, "state-%012" PRIu64 ".db", b->snapshot.checkpoint.batch);
    (void)in(b, name, final, sizeof final);
    if (rename(fresh, final) != 0) {
        tb_fault_set(&b->fault, false, "%.150s cannot be written: %s", final, strerror(errno));
        return false;
    }
    b->has_state = true;
    return true;
}

static bool copy_journal(struct backup *b)
{
    char path[4200];
    struct tb_journal *to;
    static const struct tb_copy_end all = {UINT64_MAX, UINT64_MAX, INT64_MAX};
    static const struct tb_journal_sqlite_options brief = {.no_prefill = true};
    (void)in(b, "journal", path, sizeof path);
    if (tb_journal_sqlite_open(path, &brief, &to, &b->fault) != TB_JOURNAL_DONE)
        return false;
    bool ok = tb_journal_copy(b->node->journal, to, &all, &b->copy, &b->fault);
    struct tb_replay *r = ok ? tb_replay_open(to, &b->node->env, &b->fault) : NULL;
    ok = r != NULL && tb_replay_to(r, UINT64_MAX, false, &b->fault);
    if (ok)
        b->held = *tb_replay_figures(r);
    tb_replay_close(r);
    to->ops->close(to);
    if (ok && b->has_state && b->held.last < b->snapshot.checkpoint.batch) {
        tb_fault_set(&b->fault, true, "the copy of the journal ends before the copy of the state");
        return false;
    }
    return ok;
}

static bool copy_keys(struct backup *b)
{
    char fresh[4200];
    char final[4200];
    char master[4200];
    char from[4200];
    (void)in(b, "keys/keys.new", fresh, sizeof fresh);
    (void)in(b, "keys/keys.db", final, sizeof final);
    (void)unlink(fresh);
    if (tb_keystore_backup(b->node->keys, fresh, &b->fault) != TB_KEYSTORE_DONE)
        return false;
    if (rename(fresh, final) != 0) {
        tb_fault_set(&b->fault, false, "%.150s cannot be written: %s", final, strerror(errno));
        return false;
    }
    if (!tb_args_has(&b->cli->args, TB_OPT_WITH_MASTER))
        return true;
    (void)in(b, "keys/master.key", master, sizeof master);
    (void)tb_node_path(b->node->data, "keys/master.key", from, sizeof from);
    return access(master, F_OK) == 0 || tb_file_copy(from, master, 0400, &b->fault);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_state(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 9 && strncmp(d->d_name, "state-", 6) == 0 && strcmp(d->d_name + n - 3, ".db") == 0;
}

static void drop_old_states(struct backup *b)
{
    struct dirent **list;
    char path[4400];
    int n = scandir(b->folder, &list, is_state, newest_first);
    for (int i = 0; i < n; i++) {
        if (i >= (int)STATES_KEPT && in(b, list[i]->d_name, path, sizeof path))
            (void)unlink(path);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

static bool write_summary(struct backup *b)
{
    char path[4200];
    uint8_t time[40];
    struct tb_buf at;
    FILE *f = in(b, "backup.json", path, sizeof path) ? fopen(path, "we") : NULL;
    tb_buf_init(&at, time, sizeof time);
    tb_time_print(&at, b->copy.last_ms);
    if (f != NULL)
        fprintf(f,
                "{\"program\":\"tongbao " TB_VERSION "\",\"journal\":{\"first\":%" PRIu64 ",\"last\":%" PRIu64
                ",\"last_at\":\"%.*s\",\"entries\":%" PRIu64 "},\"state_batch\":%" PRIu64 "}\n",
                b->held.first, b->held.last, (int)at.n, (const char *)time, b->held.entries,
                b->has_state ? b->snapshot.checkpoint.batch : 0);
    if (f != NULL && fclose(f) == 0)
        return true;
    tb_fault_set(&b->fault, false, "backup.json cannot be written: %s", strerror(errno));
    return false;
}

static bool run(struct backup *b)
{
    char keys[4200];
    (void)in(b, "keys", keys, sizeof keys);
    if (!tb_folder_make(b->folder, &b->fault) || !tb_folder_make(keys, &b->fault) || !copy_state(b) ||
        !copy_journal(b) || !copy_keys(b) || !write_summary(b))
        return false;
    drop_old_states(b);
    return !tb_args_has(&b->cli->args, TB_OPT_PRUNE) || !b->has_state ||
           tb_cell_prune(b->node->cell, b->snapshot.checkpoint.batch, &b->fault);
}

int tb_cmd_backup(struct tb_cli *cli)
{
    if (cli->args.n != 1) {
        tb_verb_usage(tb_verb_find("backup"), cli->err);
        return TB_EXIT_USAGE;
    }
    struct backup *b = calloc(1, sizeof *b);
    tb_assert(b != NULL);
    b->cli = cli;
    b->node = cli->node;
    int code;
    if (tb_cli_path(cli, cli->args.positional[0], b->folder, sizeof b->folder) == NULL)
        code = tb_cli_say(cli, TB_EXIT_USAGE, "the folder's name is too long");
    else if (!run(b))
        code = tb_cli_say(cli, TB_EXIT_FAULT, "%s", b->fault.text);
    else {
        fprintf(cli->out,
                "backed up to %s: batches %" PRIu64 " to %" PRIu64 " verified (%" PRIu64 " new), "
                "state as of batch %" PRIu64 "%s\n",
                cli->args.positional[0], b->held.first, b->held.last, b->copy.copied,
                b->has_state ? b->snapshot.checkpoint.batch : 0,
                tb_args_has(&cli->args, TB_OPT_WITH_MASTER) ? "" : "; keep keys/master.key of the data folder apart");
        code = TB_EXIT_OK;
    }
    free(b);
    return code;
}
