// SPDX-License-Identifier: Apache-2.0
/* tongbao serve - two processes: a supervisor that only waits, and the one that works.
 *
 * A commit whose outcome is unknown, or a take-over by another process, leaves memory that
 * may hold what the journal never took. The working process then ends with TB_EXIT_RESTART
 * and the supervisor starts it again: recovery reads the truth from the journal.
 * SIGTERM and SIGINT stop gracefully; a second one ends at once (what was answered is in
 * the journal either way). When the supervisor dies, so does the process that works.       */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/demo.h"
#include "cli/imports.h"
#include "cli/webhooks.h"
#include "http/app.h"

#define LOOK_MS 100
#define RESTART_PAUSE_MS 200
#define LIVE_SHOPPERS 3 /* a second */
#define FILES_WANTED 16384u /* descriptors */
#define FILES_KEPT 1024u    /* of them for everything but connections; half, where there are few */
#define CONNECTIONS_MOST 10000u
#define HTTP_THREADS_MOST 4 /* as many as keep one cell busy */

static volatile sig_atomic_t signals;
static volatile pid_t worker;

static void on_signal_working(int number)
{
    if (++signals > 1)
        _exit(128 + number);
}

static void on_signal_watching(int number)
{
    signals++;
    if (worker > 0)
        (void)kill(worker, number);
}

static void catch_signals(void (*handler)(int))
{
    struct sigaction act = {.sa_handler = handler};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
}

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void log_line(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "tongbao: %s\n", sentence);
}

static bool go_on(void *user)
{
    (void)user;
    return signals == 0;
}

static void say_state(struct tb_cli *cli, enum tb_cell_state s, const char *listen)
{
    if (s == TB_CELL_LEADING)
        fprintf(cli->err, "tongbao: serving on http://%s\n", listen);
    else if (s == TB_CELL_FOLLOWING)
        fprintf(cli->err, "tongbao: following another process on this journal (http://%s answers 503)\n", listen);
}

/* Until a signal, or the cell ends by itself; the exit code. */
static int watch_cell(struct tb_cli *cli, struct tb_node *n, const char *listen)
{
    enum tb_cell_state said = TB_CELL_STOPPED;
    while (signals == 0) {
        enum tb_cell_state s = tb_cell_state(n->cell);
        if (s == TB_CELL_DEPOSED || s == TB_CELL_FAILED) {
            struct tb_fault fault;
            tb_cell_fault(n->cell, &fault);
            return tb_cli_say(cli, TB_EXIT_RESTART, "%s; starting again from the journal", fault.text);
        }
        struct tb_fault fault;
        if (s == TB_CELL_LEADING && !tb_node_erase_again(n, &fault))
            return tb_cli_say(cli, TB_EXIT_RESTART, "%s; starting again", fault.text);
        if (s != said)
            say_state(cli, s, listen);
        said = s;
        sleep_ms(LOOK_MS);
    }
    fprintf(cli->err, "tongbao: stopping\n");
    return TB_EXIT_OK;
}

/* "host:port", "[::1]:8780", ":8780"; host borrows from text. */
static bool cut_address(const char *listen, char *host, size_t cap, uint16_t *port)
{
    const char *colon = strrchr(listen, ':');
    int64_t number;
    if (colon == NULL || !tb_str_to_i64(tb_str_of(colon + 1), &number) || number < 0 || number > 65535)
        return false;
    size_t n = (size_t)(colon - listen);
    if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
        listen++;
        n -= 2;
    }
    if (n >= cap)
        return false;
    memcpy(host, listen, n);
    host[n] = 0;
    *port = (uint16_t)number;
    return true;
}

/* The pages: --web, or what lies beside the program, or (in the source tree) web/dist. */
static const char *web_folder(struct tb_cli *cli, char path[4096])
{
    static const char *const beside[] = {"web", "../share/tongbao/web", "../web/dist"};
    const char *given = tb_args_text(&cli->args, TB_OPT_WEB, "TONGBAO_WEB", NULL);
    char self[3072];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (given != NULL || n <= 0)
        return given;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    *slash = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(beside); i++) {
        (void)snprintf(path, 4096, "%s/%s/index.html", self, beside[i]);
        if (access(path, R_OK) != 0)
            continue;
        *strrchr(path, '/') = 0;
        return path;
    }
    return NULL;
}

/* One for each core that this process may use. */
static uint32_t http_threads(void)
{
    cpu_set_t cores;
    int n = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return n < 1 ? 1 : n > HTTP_THREADS_MOST ? HTTP_THREADS_MOST : (uint32_t)n;
}

/* Connections leave descriptors for the journal, reports and webhooks, whoever opens them. From one address
 * come a quarter of them; where all come from this machine it is a proxy's.                               */
static void bound_connections(struct tb_http_options *o)
{
    struct rlimit files = {.rlim_cur = 0};
    bool local = o->host == NULL || strncmp(o->host, "127.", 4) == 0 || strcmp(o->host, "::1") == 0;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < FILES_WANTED && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    rlim_t kept = files.rlim_cur / 2 < FILES_KEPT ? files.rlim_cur / 2 : FILES_KEPT;
    rlim_t rest = files.rlim_cur - kept;
    o->connections_max = rest < 8 ? 8 : rest < CONNECTIONS_MOST ? (uint32_t)rest : CONNECTIONS_MOST;
    o->connections_per_ip_max = local ? 0 : o->connections_max / 4;
}

static struct tb_app *open_http(struct tb_cli *cli, struct tb_node *n, struct tb_imports *imports,
                                const char *listen, struct tb_fault *fault)
{
    static char host[256];
    static char web[4096];
    static struct tb_app_letters letters;
    static struct tb_app_imports port;
    int64_t threads;
    struct tb_app_options o = {.cell = n->cell,
                               .env = &n->env,
                               .keys = n->keys,
                               .letters = &letters,
                               .journal = n->journal,
                               .imports = &port,
                               .state = n->state,
                               .web = web_folder(cli, web),
                               .inbox = tb_args_has(&cli->args, TB_OPT_INBOX),
                               .plain_cookies = tb_args_has(&cli->args, TB_OPT_PLAIN_COOKIES),
                               .unlimited = tb_args_has(&cli->args, TB_OPT_UNLIMITED)};
    if (!cut_address(listen, host, sizeof host, &o.http.port) ||
        !tb_args_number(&cli->args, TB_OPT_THREADS, 1, 64, 0, &threads, cli->err)) {
        tb_fault_set(fault, false, "--listen is HOST:PORT, --threads 1 to 64");
        return NULL;
    }
    if (host[0] != 0)
        o.http.host = host;
    o.http.proxy = tb_args_text(&cli->args, TB_OPT_PROXY, "TONGBAO_PROXY", NULL);
    bound_connections(&o.http);
    tb_node_letters(n, &letters);
    tb_imports_port(imports, &port);
    o.http.threads = threads > 0 ? (uint32_t)threads : http_threads();
    return tb_app_start(&o, fault);
}

static void keys_changed(void *app)
{
    tb_app_keys_changed(app);
}

static int work(struct tb_cli *cli)
{
    struct tb_fault fault;
    struct tb_node_options options;
    struct tb_node *n;
    struct tb_admin *admin = NULL;
    struct tb_app *app = NULL;
    const char *listen = tb_args_text(&cli->args, TB_OPT_LISTEN, "TONGBAO_LISTEN", "127.0.0.1:8780");
    tb_cli_node_options(cli, &options);
    options.wait = true;
    options.go_on = go_on;
    options.log = log_line;
    catch_signals(on_signal_working);
    enum tb_node_answer a = tb_node_open(&options, &n, &fault);
    if (a == TB_NODE_BUSY && signals > 0)
        return TB_EXIT_OK;
    if (a != TB_NODE_DONE)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    int code;
    struct tb_imports *imports = tb_imports_open(n, &fault);
    if (imports != NULL)
        app = open_http(cli, n, imports, listen, &fault);
    n->keys_changed = keys_changed;
    n->keys_user = app;
    struct tb_live *live = NULL;
    struct tb_node_webhooks *webhooks = NULL;
    bool alive = app != NULL && tb_admin_open(n, &admin, &fault);
    if (alive && tb_args_has(&cli->args, TB_OPT_LIVE)) {
        live = tb_live_start(n, LIVE_SHOPPERS, &fault);
        alive = live != NULL;
    }
    if (alive) {
        webhooks = tb_node_webhooks_open(n, app, tb_args_has(&cli->args, TB_OPT_WEBHOOKS_LOCAL), &fault);
        alive = webhooks != NULL;
    }
    if (alive)
        code = watch_cell(cli, n, listen);
    else
        code = tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    tb_live_stop(live);
    tb_node_webhooks_close(webhooks);
    tb_admin_close(admin);
    n->keys_user = NULL;
    if (app != NULL)
        tb_app_stop(app);
    tb_imports_close(imports);
    tb_node_close(n);
    return code;
}

static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return TB_EXIT_FAULT;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "tongbao: the working process ended by signal %d\n", WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

static int supervise(struct tb_cli *cli)
{
    catch_signals(on_signal_watching);
    for (;;) {
        pid_t self = getpid();
        (void)fflush(NULL);
        pid_t child = fork();
        if (child < 0)
            return tb_cli_say(cli, TB_EXIT_FAULT, "no second process: %s", strerror(errno));
        if (child == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != self)
                _exit(TB_EXIT_FAULT);
            exit(signals > 0 ? TB_EXIT_OK : work(cli));
        }
        worker = child;
        int code = wait_for(child);
        worker = 0;
        if (code != TB_EXIT_RESTART || signals > 0)
            return code == TB_EXIT_RESTART ? TB_EXIT_OK : code;
        sleep_ms(RESTART_PAUSE_MS);
    }
}

int tb_cmd_serve(struct tb_cli *cli)
{
    if (cli->args.n > 0) {
        tb_verb_usage(tb_verb_find("serve"), cli->err);
        return TB_EXIT_USAGE;
    }
    return tb_args_has(&cli->args, TB_OPT_NO_SUPERVISOR) ? work(cli) : supervise(cli);
}
