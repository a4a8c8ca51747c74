// SPDX-License-Identifier: Apache-2.0
/* tongbao - the command line: finds the verb, opens the folder or hands the words to the
 * process that serves it. What a verb does is in cmd_<verb>.c.                            */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/verbs.h"
#include "core/catalog/catalog.h"

static _Atomic bool cancelled;

static void on_signal(int number)
{
    (void)number;
    if (atomic_exchange(&cancelled, true))
        _exit(128 + number); /* the second one: the journal has everything that was answered */
}

static const struct tb_verb verb[] = {TB_VERBS, {.name = NULL}};

const struct tb_verb *tb_verb_find(const char *name)
{
    for (const struct tb_verb *v = verb; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

void tb_verb_usage(const struct tb_verb *v, FILE *to)
{
    fprintf(to, "usage: tongbao %s\n\n%s\n", v->usage, v->what);
}

static int usage(FILE *to, int code)
{
    fprintf(to, "Tongbao " TB_VERSION ", member marketing for retail.\n\nusage: tongbao VERB [option]...\n\n");
    for (const struct tb_verb *v = verb; v->name != NULL; v++) {
        const char *end = strchr(v->what, '\n');
        int n = end ? (int)(end - v->what) : (int)strlen(v->what);
        fprintf(to, "  %-15s %.*s\n", v->name, n, v->what);
    }
    fprintf(to, "\nVerbs work on a data folder (--data DIR, ./data when it is left out), also while it is\n"
                "served. \"tongbao VERB --help\" says more.\n"
                "Exit codes: 0 done, 1 refused, 2 usage, 3 fault.\n");
    return code;
}

int tb_cli_say(struct tb_cli *cli, enum tb_exit code, const char *fmt, ...)
{
    va_list args;
    fprintf(cli->err, "tongbao: ");
    va_start(args, fmt);
    (void)vfprintf(cli->err, fmt, args);
    va_end(args);
    fprintf(cli->err, "\n");
    return code;
}

const char *tb_cli_path(const struct tb_cli *cli, const char *name, char *path, size_t cap)
{
    int n = name[0] == '/' || cli->cwd == NULL ? snprintf(path, cap, "%s", name)
                                               : snprintf(path, cap, "%s/%s", cli->cwd, name);
    return n >= 0 && (size_t)n < cap ? path : NULL;
}

void tb_cli_node_options(const struct tb_cli *cli, struct tb_node_options *o)
{
    *o = (struct tb_node_options){
        .data = tb_args_text(&cli->args, TB_OPT_DATA, "TB_DATA", "./data"),
        .journal = tb_args_text(&cli->args, TB_OPT_JOURNAL, "TONGBAO_JOURNAL", NULL),
        .state = tb_args_text(&cli->args, TB_OPT_STATE, "TONGBAO_STATE", NULL)};
}

uint32_t tb_cli_tenant(struct tb_cli *cli, const char *code)
{
    struct tb_fault fault;
    struct tb_str packed;
    uint32_t id;
    char *region = malloc(256u << 10);
    tb_assert(region != NULL);
    bool found = tb_node_find(cli->node, 0, TB_KIND_TENANT, code, &id, region, 256u << 10, &packed, &fault);
    free(region);
    if (found)
        return id;
    (void)tb_cli_say(cli, TB_EXIT_REFUSED, "%s%s", fault.text[0] ? fault.text : "there is no tenant ",
                     fault.text[0] ? "" : code);
    return 0;
}

/* Nobody serves the folder: open it here. */
static int run_here(const struct tb_verb *v, struct tb_cli *cli)
{
    struct tb_fault fault;
    struct tb_node_options options;
    tb_cli_node_options(cli, &options);
    options.brief = true;
    enum tb_node_answer a = tb_node_open(&options, &cli->node, &fault);
    if (a == TB_NODE_BUSY)
        return tb_cli_say(cli, TB_EXIT_FAULT, "the folder is in use, but its process does not answer: %s",
                          fault.text);
    if (a != TB_NODE_DONE)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    int code;
    if (tb_node_lead(cli->node, 10000, &fault))
        code = v->run(cli);
    else
        code = tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    tb_node_close(cli->node);
    return code;
}

static int run_on_folder(const struct tb_verb *v, struct tb_cli *cli, int argc, const char *const *argv)
{
    if (tb_args_has(&cli->args, TB_OPT_SERVER))
        return v->run(cli); /* node is NULL: over HTTP */
    int fd = tb_admin_connect(tb_args_text(&cli->args, TB_OPT_DATA, "TB_DATA", "./data"));
    if (fd >= 0)
        return tb_admin_run(fd, argc, argv);
    struct sigaction act = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    return run_here(v, cli);
}

int main(int argc, char **argv)
{
    struct rlimit no_core = {0, 0}; /* a dump would hold keys and personal values */
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)umask(umask(S_IRWXO) | S_IRWXO); /* what we write is people's data, also in a folder that all may enter */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return usage(stderr, TB_EXIT_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, TB_EXIT_OK);
    if (strcmp(argv[1], "--version") == 0) {
        printf("tongbao " TB_VERSION "\n");
        return TB_EXIT_OK;
    }
    const struct tb_verb *v = tb_verb_find(argv[1]);
    if (v == NULL) {
        fprintf(stderr, "tongbao: there is no verb %s\n\n", argv[1]);
        return usage(stderr, TB_EXIT_USAGE);
    }
    static struct tb_cli cli;
    const char *const *words = (const char *const *)argv;
    if (!tb_args_read(&cli.args, argc - 2, words + 2, v->options, stderr))
        return TB_EXIT_USAGE;
    if (tb_args_has(&cli.args, TB_OPT_HELP)) {
        tb_verb_usage(v, stdout);
        return TB_EXIT_OK;
    }
    cli.verb = v->name;
    cli.out = stdout;
    cli.err = stderr;
    cli.tty = isatty(STDERR_FILENO) != 0;
    cli.cancel = &cancelled;
    return v->place == TB_VERB_ON_FOLDER ? run_on_folder(v, &cli, argc - 1, words + 1) : v->run(&cli);
}
