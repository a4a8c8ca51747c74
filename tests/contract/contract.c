// SPDX-License-Identifier: Apache-2.0
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal/hash.h"

extern char **environ;
char *program_path;

enum backend backend;
const char *scratch;
const char *conninfo;
char store[600];
static int store_number;
static char folder[512];
static char server_folder[64];
static char server_conninfo[512];

const char *scratch_begin(void)
{
    static char self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = 0;
    program_path = strdup(self);
    snprintf(folder, sizeof folder, "%s/contract-XXXXXX", dirname(self));
    assert_non_null(mkdtemp(folder));
    return folder;
}

void scratch_end(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (folder[0] != 0 && system(command) != 0)
        fprintf(stderr, "%s stays behind\n", folder);
}

static int script(const char *verb)
{
    const char *path = getenv("TB_PG_SCRIPT");
    char command[800];
    snprintf(command, sizeof command, "%s %s %s", path ? path : "tools/pg_for_tests.sh", verb,
             server_folder);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

const char *server_start(void)
{
    /* Socket paths are short (108 bytes) and the owner is another user: /tmp. */
    snprintf(server_folder, sizeof server_folder, "/tmp/tb-pg-%ld", (long)getpid());
    int code = script("start");
    if (code == 77)
        exit(77); /* the script has said why */
    if (code != 0)
        exit(1);
    char path[128];
    snprintf(path, sizeof path, "%s/conninfo", server_folder);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(server_conninfo, sizeof server_conninfo, file) == NULL)
        exit(1);
    fclose(file);
    server_conninfo[strcspn(server_conninfo, "\n")] = 0;
    return server_conninfo;
}

void server_do(const char *verb)
{
    assert_int_equal(script(verb), 0);
}

void server_stop(void)
{
    if (server_folder[0] != 0 && script("stop") != 0)
        fprintf(stderr, "%s stays behind\n", server_folder);
}

void server_sql(const char *sql)
{
    PGconn *pg = PQconnectdb(server_conninfo);
    PGresult *r = PQexec(pg, sql);
    ExecStatusType s = PQresultStatus(r);
    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    PQclear(r);
    PQfinish(pg);
}

struct tb_batch batch_after(const struct tb_batch *prev, uint64_t writer, struct tb_str body)
{
    struct tb_batch b = {.number = prev ? prev->number + 1 : 1,
                         .epoch = 1,
                         .writer = writer,
                         .at_ms = 1700000000000 + (prev ? (int64_t)prev->number : 0),
                         .body = body};
    if (prev != NULL)
        memcpy(b.prev_hash, prev->hash, TB_HASH_BYTES);
    tb_batch_hash(&b, b.hash);
    return b;
}

pid_t child_start(const char *const *argv, char *const *env, int *out_fd)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fd[1], STDOUT_FILENO);
        close(fd[0]);
        close(fd[1]);
        for (int i = 0; env != NULL && env[i] != NULL; i++)
            putenv(env[i]);
        char *copy[16] = {NULL};
        for (int i = 0; i < 15 && argv[i] != NULL; i++)
            copy[i] = strdup(argv[i]);
        execve(program_path, copy, environ);
        _exit(127);
    }
    close(fd[1]);
    *out_fd = fd[0];
    return pid;
}

void child_speaks(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
}

int child_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void store_next(const char *name, const char *suffix)
{
    store_number++;
    if (backend == SQLITE)
        snprintf(store, sizeof store, "%s/%s-%d%s", scratch, name, store_number, suffix);
    else
        snprintf(store, sizeof store, "%s_%d", name, store_number);
}

static int run_group(const char *name, struct tests t)
{
    return _cmocka_run_group_tests(name, t.test, t.n, NULL, NULL);
}

int run_groups(struct tests all, struct tests lasting, const struct tests own[3])
{
    static const char *const name[] = {"memory", "sqlite", "postgres"};
    int failed = run_group("all", all);
    if (backend != MEMORY)
        failed += run_group("lasting", lasting);
    return failed + run_group(name[backend], own[backend]);
}

int contract_main(int argc, char **argv, int (*run)(void), int (*child)(int argc, char **argv))
{
    if (argc < 2)
        return 2;
    backend = strcmp(argv[1], "sqlite") == 0     ? SQLITE
              : strcmp(argv[1], "postgres") == 0 ? POSTGRES
                                                 : MEMORY;
    if (argc > 4 && strcmp(argv[2], "child") == 0) {
        snprintf(store, sizeof store, "%s", argv[3]);
        conninfo = argv[4];
        return child(argc, argv);
    }
    scratch = scratch_begin();
    if (backend == POSTGRES)
        conninfo = server_start();
    int failed = run();
    server_stop();
    scratch_end();
    return failed != 0;
}
