// SPDX-License-Identifier: Apache-2.0
/* cli/cli.h - what a verb gets, and the table of verbs.
 *
 * A verb is one function in cmd_<verb>.c. It prints results to cli->out and everything for
 * the person at the keyboard (progress, refusals) to cli->err, and returns an exit code.
 * Verbs that work on a data folder run where the folder is open: in this process when
 * nobody serves it, else inside the serving process, to which main.c hands the words of the
 * command line over the folder's admin socket (admin.h). Such a verb must not keep state in
 * globals, must look at cli->cancel now and then, and names files through tb_cli_path.    */
#ifndef TB_CLI_CLI_H
#define TB_CLI_CLI_H

#include <stdatomic.h>

#include "cli/args.h"
#include "cli/node.h"

#define TB_VERSION "0.1.0"

/* Exit codes of the program; a contract for scripts. */
enum tb_exit {
    TB_EXIT_OK = 0,
    TB_EXIT_REFUSED = 1, /* the answer is no: unknown tenant, rejected lines, a break found */
    TB_EXIT_USAGE = 2,
    TB_EXIT_FAULT = 3,   /* disk, network, data base; see the sentence printed */
    TB_EXIT_RESTART = 75, /* serve's inner process: start me again (EX_TEMPFAIL) */
};

/* How far a verb is, for whoever does not watch a terminal. */
struct tb_cli_progress {
    _Atomic int64_t rows;
    _Atomic int64_t rows_before; /* of them an earlier run had done */
    _Atomic int64_t done;        /* bytes of the file */
};

struct tb_cli {
    struct tb_args args;
    const char *verb;
    FILE *out;
    FILE *err;
    bool tty;             /* err is a terminal: progress may be drawn */
    const char *cwd;      /* folder that relative names start from; NULL = the process's */
    struct tb_node *node; /* open, for verbs on a folder */
    _Atomic bool *cancel; /* true: end soon, leaving everything consistent */
    uint32_t only_tenant; /* the words come from its people: nothing of another one; 0 = the operator's */
    struct tb_cli_progress *progress; /* NULL: nobody asks */
};

enum tb_verb_place {
    TB_VERB_ALONE = 0, /* needs no folder, or opens what it needs itself */
    TB_VERB_ON_FOLDER, /* runs where the folder is open */
};

struct tb_verb {
    const char *name;
    enum tb_verb_place place;
    uint64_t options; /* bits of enum tb_option */
    int (*run)(struct tb_cli *cli);
    const char *usage; /* without "tongbao "; lines after the first are indented */
    const char *what;
};

/* The verb of that name, NULL when there is none. Ends with a row whose name is NULL. */
const struct tb_verb *tb_verb_find(const char *name);
void tb_verb_usage(const struct tb_verb *v, FILE *to);

/* cmd_<verb>.c */
int tb_cmd_serve(struct tb_cli *cli);
int tb_cmd_key(struct tb_cli *cli);
int tb_cmd_import(struct tb_cli *cli);
int tb_cmd_export(struct tb_cli *cli);
int tb_cmd_check(struct tb_cli *cli);
int tb_cmd_sql(struct tb_cli *cli);
int tb_cmd_user(struct tb_cli *cli);
int tb_cmd_backup(struct tb_cli *cli);
int tb_cmd_restore(struct tb_cli *cli);
int tb_cmd_bench(struct tb_cli *cli);
int tb_cmd_demo(struct tb_cli *cli);
int tb_cmd_sim(struct tb_cli *cli);
int tb_cmd_verify(struct tb_cli *cli);
int tb_cmd_verify_version(struct tb_cli *cli);
int tb_cmd_webhooks(struct tb_cli *cli);
int tb_cmd_codes(struct tb_cli *cli);
int tb_cmd_accounts(struct tb_cli *cli);
int tb_cmd_backtest(struct tb_cli *cli);
int tb_cmd_plan(struct tb_cli *cli);
int tb_cmd_apply(struct tb_cli *cli);

/* "tongbao: <sentence>" to err; returns code. */
int tb_cli_say(struct tb_cli *cli, enum tb_exit code, const char *fmt, ...) TB_PRINTF(3, 4);
/* name, or cwd/name when it is relative; into path (cut: returns NULL). */
const char *tb_cli_path(const struct tb_cli *cli, const char *name, char *path, size_t cap);
/* Options of the data folder as the words say (--data, --journal, --state). */
void tb_cli_node_options(const struct tb_cli *cli, struct tb_node_options *o);
/* The tenant's number by its code. 0: none, a sentence was printed. */
uint32_t tb_cli_tenant(struct tb_cli *cli, const char *code);

#endif
