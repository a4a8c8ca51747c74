// SPDX-License-Identifier: Apache-2.0
/* tongbao restore - a new data folder from a backup, up to any entry or instant that the
 * backup's journal holds.
 *
 * The journal is copied up to the wanted end; of the copies of the state the newest that
 * does not go beyond it is taken, and opening the folder replays the rest.                */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/keystore.h"
#include "cli/archive.h"
#include "cli/cli.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"

struct restore {
    struct tb_cli *cli;
    struct tb_node_options options;
    char from[4096];
    struct tb_copy_end end;
    bool to_the_end;
    struct tb_copy_figures copy;
    struct tb_fault fault;
};

/* Journals that are read or written once and closed. */
static const struct tb_journal_sqlite_options brief = {.no_prefill = true};

static bool read_end(struct restore *r)
{
    const struct tb_args *a = &r->cli->args;
    int64_t seq;
    r->end = (struct tb_copy_end){UINT64_MAX, UINT64_MAX, INT64_MAX};
    r->to_the_end = !tb_args_has(a, TB_OPT_TO_SEQ) && !tb_args_has(a, TB_OPT_TO_TIME);
    if (!tb_args_number(a, TB_OPT_TO_SEQ, 1, INT64_MAX, INT64_MAX, &seq, r->cli->err))
        return false;
    r->end.seq = tb_args_has(a, TB_OPT_TO_SEQ) ? (uint64_t)seq : UINT64_MAX;
    if (tb_args_has(a, TB_OPT_TO_TIME) && !tb_time_parse(tb_str_of(a->value[TB_OPT_TO_TIME]), &r->end.at_ms)) {
        fprintf(r->cli->err, "tongbao: --to-time is like 2026-11-22T10:00:00+08:00\n");
        return false;
    }
    return true;
}

static bool empty_target(struct restore *r)
{
    DIR *d = opendir(r->options.data);
    bool empty = true;
    if (d == NULL)
        return tb_folder_make(r->options.data, &r->fault);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    (void)closedir(d);
    if (!empty)
        tb_fault_set(&r->fault, false, "%.150s is not empty; a restore makes a new folder", r->options.data);
    return empty;
}

static bool copy_keys(struct restore *r)
{
    char from[4300];
    char to[4300];
    const char *master = r->cli->args.value[TB_OPT_MASTER];
    (void)tb_node_path(r->options.data, "keys", to, sizeof to);
    if (!tb_folder_make(to, &r->fault))
        return false;
    (void)tb_node_path(r->from, "keys/keys.db", from, sizeof from);
    (void)tb_node_path(r->options.data, "keys/keys.db", to, sizeof to);
    if (!tb_file_copy(from, to, 0600, &r->fault))
        return false;
    (void)tb_node_path(r->from, "keys/master.key", from, sizeof from);
    (void)tb_node_path(r->options.data, "keys/master.key", to, sizeof to);
    if (master == NULL && access(from, R_OK) != 0) {
        tb_fault_set(&r->fault, false,
                     "the backup has no master key: give the one of the old folder with --master FILE");
        return false;
    }
    return tb_file_copy(master ? master : from, to, 0400, &r->fault);
}

static bool copy_journal(struct restore *r)
{
    char path[4300];
    struct tb_journal *from = NULL;
    struct tb_journal *to = NULL;
    (void)tb_node_path(r->from, "journal", path, sizeof path);
    bool ok = tb_journal_sqlite_open(path, &brief, &from, &r->fault) == TB_JOURNAL_DONE;
    (void)tb_node_path(r->options.data, "journal", path, sizeof path);
    if (ok && r->options.journal != NULL)
        ok = tb_journal_postgres_open(r->options.journal, NULL, &to, &r->fault) == TB_JOURNAL_DONE;
    else if (ok)
        ok = tb_journal_sqlite_open(path, &brief, &to, &r->fault) == TB_JOURNAL_DONE;
    ok = ok && tb_journal_copy(from, to, &r->end, &r->copy, &r->fault);
    if (to != NULL)
        to->ops->close(to);
    if (from != NULL)
        from->ops->close(from);
    if (ok && r->copy.copied == 0) {
        tb_fault_set(&r->fault, false, "the backup holds nothing up to there, or the target holds it already");
        return false;
    }
    return ok;
}

/* The newest copy of the state that the copied journal reaches. A last batch that may have
 * been cut is not reached: its hash is another one.                                       */
static bool copy_state(struct restore *r)
{
    char name[64] = "";
    char from[4300];
    char to[4300];
    uint64_t best = 0;
    DIR *d = opendir(r->from);
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        uint64_t batch = strncmp(e->d_name, "state-", 6) == 0 ? strtoull(e->d_name + 6, NULL, 10) : 0;
        bool reached = r->to_the_end ? batch <= r->copy.last : batch < r->copy.last;
        if (batch > best && reached && strlen(e->d_name) < sizeof name) {
            best = batch;
            (void)snprintf(name, sizeof name, "%.60s", e->d_name);
        }
    }
    if (d != NULL)
        (void)closedir(d);
    if (best == 0 || r->options.state != NULL) {
        fprintf(r->cli->err, "tongbao: without a copy of the state: the journal is replayed from its beginning\n");
        return true;
    }
    (void)tb_node_path(r->from, name, from, sizeof from);
    (void)tb_node_path(r->options.data, "state.db", to, sizeof to);
    return tb_file_copy(from, to, 0600, &r->fault);
}

/* What was erased is erased again before anybody can read it: what the backup's journal knows,
 * also beyond the wanted end, and what was erased after the backup, when its list is given. */
static bool erase_again(struct restore *r)
{
    char path[4300];
    struct tb_keystore *ks;
    struct tb_journal *from = NULL;
    const char *list = r->cli->args.value[TB_OPT_ERASED];
    (void)tb_node_path(r->options.data, "keys", path, sizeof path);
    if (tb_keystore_open(path, 0, &ks, &r->fault) != TB_KEYSTORE_DONE)
        return false;
    (void)tb_node_path(r->from, "journal", path, sizeof path);
    bool ok = tb_journal_sqlite_open(path, &brief, &from, &r->fault) == TB_JOURNAL_DONE &&
              tb_journal_erase(from, ks, &r->fault);
    ok = ok && (list == NULL || tb_keystore_reapply_file(ks, list, &r->fault) == TB_KEYSTORE_DONE);
    if (from != NULL)
        from->ops->close(from);
    tb_keystore_close(ks);
    return ok;
}

static void count_profiles(struct tb_core *core, void *user)
{
    *(uint64_t *)user = core->store.counter[TB_COUNTER_PROFILE];
}

/* Profiles that the restored journal does not reach will be made anew, for others. */
static bool renew_keys(struct restore *r, struct tb_node *n)
{
    uint64_t profiles = 0;
    if (!tb_cell_call(n->cell, count_profiles, &profiles)) {
        tb_cell_fault(n->cell, &r->fault);
        return false;
    }
    return tb_keystore_renew(n->keys, profiles, &r->fault) == TB_KEYSTORE_DONE;
}

static bool open_once(struct restore *r, struct tb_cell_figures *figures)
{
    struct tb_node *n;
    r->options.restored = true;
    r->options.brief = true;
    if (tb_node_open(&r->options, &n, &r->fault) != TB_NODE_DONE)
        return false;
    bool ok = tb_node_lead(n, 10000, &r->fault) && tb_cell_flush(n->cell, &r->fault) && renew_keys(r, n);
    tb_cell_figures(n->cell, figures);
    tb_node_close(n);
    return ok;
}

static int run(struct restore *r)
{
    struct tb_cell_figures *figures = calloc(1, sizeof *figures);
    tb_assert(figures != NULL);
    int code = TB_EXIT_OK;
    if (!empty_target(r) || !copy_keys(r) || !copy_journal(r) || !copy_state(r) || !erase_again(r) ||
        !open_once(r, figures)) {
        code = tb_cli_say(r->cli, TB_EXIT_FAULT, "%s", r->fault.text);
    } else {
        uint8_t time[40];
        struct tb_buf at;
        tb_buf_init(&at, time, sizeof time);
        tb_time_print(&at, r->copy.last_ms);
        fprintf(r->cli->out, "restored to entry %" PRIu64 " (batch %" PRIu64 ", %.*s) in %s; tongbao check proves it\n",
                figures->durable_seq, r->copy.last, (int)at.n, (const char *)time, r->options.data);
    }
    free(figures);
    return code;
}

int tb_cmd_restore(struct tb_cli *cli)
{
    if (cli->args.n != 1 || !tb_args_has(&cli->args, TB_OPT_DATA)) {
        tb_verb_usage(tb_verb_find("restore"), cli->err);
        return TB_EXIT_USAGE;
    }
    struct restore *r = calloc(1, sizeof *r);
    tb_assert(r != NULL);
    r->cli = cli;
    tb_cli_node_options(cli, &r->options);
    int code = TB_EXIT_USAGE;
    if (tb_cli_path(cli, cli->args.positional[0], r->from, sizeof r->from) != NULL && read_end(r))
        code = run(r);
    free(r);
    return code;
}
