// SPDX-License-Identifier: Apache-2.0
/* The journal's contract: what one implementation alone has to show. */
#include "journal_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "journal/memory/journal_memory.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"

/* ---- SQLite ---- */

void test_damaged_page(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    append_many(j, &last, 50, 500);
    j->ops->close(j);
    char path[700];
    segment_path(path, sizeof path, 1);
    int fd = open(path, O_RDWR);
    static const char junk[4096] = {1, 2, 3};
    assert_int_equal(pwrite(fd, junk, sizeof junk, 4096), sizeof junk); /* the root page */
    close(fd);
    assert_int_equal(try_open(&j), TB_JOURNAL_CORRUPT);

    fresh_store();
    j = open_store();
    memset(&last, 0, sizeof last);
    append_many(j, &last, 100, 40000);
    j->ops->close(j);
    segment_path(path, sizeof path, 2);
    assert_int_equal(unlink(path), 0); /* a whole segment is gone */
    assert_int_equal(try_open(&j), TB_JOURNAL_CORRUPT);
}

void test_sealed_is_plain(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    append_many(j, &last, 100, 40000);
    j->ops->close(j);
    DIR *d = opendir(store);
    int files = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (e->d_name[0] == '.' || strcmp(e->d_name, "lock") == 0)
            continue;
        assert_non_null(strstr(e->d_name, ".db"));
        assert_null(strstr(e->d_name, "-wal"));
        assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
        assert_int_equal(st.st_mode & 0222, 0);
        files++;
    }
    closedir(d);
    assert_true(files >= 4);
}

/* The room that was filled with zeros in advance is used up first. */
void test_no_space(void **state)
{
    (void)state;
    uint64_t done = fill_without_space(false);
    assert_true(done > 8 && done < 16);
    assert_int_equal(fill_without_space(true), 0);
}

/* Whether a log in the store has an empty header and old frames behind it. */
static bool holds_used_log(void)
{
    static uint8_t log[1 << 20], none[4096];
    bool used = false;
    DIR *d = opendir(store);
    for (struct dirent *e; !used && (e = readdir(d)) != NULL;) {
        size_t length = strlen(e->d_name);
        if (length < 7 || strcmp(e->d_name + length - 7, ".db-wal") != 0)
            continue;
        int fd = openat(dirfd(d), e->d_name, O_RDONLY);
        ssize_t n = fd >= 0 ? read(fd, log, sizeof log) : 0;
        used = n == (ssize_t)sizeof log && memcmp(log, none, sizeof none) == 0 &&
               memcmp(log + sizeof none, none, sizeof none) != 0;
        if (fd >= 0)
            close(fd);
    }
    closedir(d);
    return used;
}

/* Whether the janitor has sealed what was full and prepared the next segment: two whole logs, nothing on its way. */
static bool janitor_rests(void)
{
    int whole = 0, others = 0;
    DIR *d = opendir(store);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        size_t length = strlen(e->d_name);
        bool log = length > 7 && strcmp(e->d_name + length - 7, ".db-wal") == 0;
        bool plain = length > 3 && strcmp(e->d_name + length - 3, ".db") == 0;
        if (log && fstatat(dirfd(d), e->d_name, &st, 0) == 0 && st.st_size >= 1 << 20)
            whole++;
        else if (!plain && e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0)
            others++;
    }
    closedir(d);
    return whole == 2 && others == 0;
}

static void wait_until(bool (*holds)(void))
{
    for (int64_t deadline = clock_ms() + 20000; !holds() && clock_ms() < deadline;)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_true(holds());
}

/* A sealed segment's log goes to the next one; what a killed process leaves there is read without its old frames. */
void test_used_log(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    append_many(j, &last, 300, 100);
    wait_until(holds_used_log);
    for (int i = 0; i < 8; i++) {
        append_many(j, &last, 41, 100 + (uint32_t)i * 400);
        char copy[720], command[2300];
        wait_until(janitor_rests);
        snprintf(copy, sizeof copy, "%s-copy", store);
        snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", copy, store, copy);
        assert_int_equal(system(command), 0);
        struct tb_journal *left = NULL;
        struct tb_journal_sqlite_options o = {.segment_bytes = 1 << 20, .reserve_bytes = -1};
        assert_int_equal(tb_journal_sqlite_open(copy, &o, &left, &fault), TB_JOURNAL_DONE);
        uint64_t n;
        assert_int_equal(read_all(left, 1, &n), TB_JOURNAL_END);
        assert_int_equal(n, last.number);
        left->ops->close(left);
    }
    j->ops->close(j);
    char spare[700];
    snprintf(spare, sizeof spare, "%s/spare-wal", store);
    assert_int_not_equal(access(spare, F_OK), 0);
}

struct waiting {
    atomic_int asked;
    atomic_int answer;
    int give_up_after;
};

static bool go_on(void *user)
{
    struct waiting *w = user;
    return atomic_fetch_add(&w->asked, 1) + 1 < w->give_up_after;
}

static void *open_waiting(void *arg)
{
    struct waiting *w = arg;
    struct tb_journal *j = NULL;
    struct tb_fault f;
    struct tb_journal_sqlite_options o = {
        .segment_bytes = 1 << 20, .reserve_bytes = -1, .go_on_waiting = go_on, .user = w};
    atomic_store(&w->answer, (int)tb_journal_sqlite_open(store, &o, &j, &f));
    if (j != NULL)
        j->ops->close(j);
    return NULL;
}

void test_lock(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store(), *second = NULL;
    assert_int_equal(try_open(&second), TB_JOURNAL_FAULT); /* does not wait at all */
    assert_true(fault.retryable);
    assert_non_null(strstr(fault.text, "in use by process"));
    struct waiting w = {.give_up_after = 3};
    open_waiting(&w);
    assert_int_equal(w.answer, TB_JOURNAL_FAULT);
    assert_int_equal(w.asked, 3);

    struct waiting patient = {.give_up_after = 1000};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, open_waiting, &patient), 0);
    while (atomic_load(&patient.asked) < 2)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    j->ops->close(j);
    pthread_join(t, NULL);
    assert_int_equal(patient.answer, TB_JOURNAL_DONE);
}

/* The k-th sync of a process fails, for k = 1, 2, ...: an append is then UNKNOWN and the
 * handle refuses; opening again has every acknowledged batch and at most one more.      */
void test_failed_sync(void **state)
{
    (void)state;
    const char *shim = getenv("TB_SHIM_SYNC");
    assert_non_null(shim);
    char preload[400];
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim);
    int unknown = 0, other = 0, clean = 0;
    for (int k = 1; k <= 80; k += k < 40 ? 1 : 3) {
        fresh_store();
        char at[40];
        snprintf(at, sizeof at, "SHIM_SYNC_FAIL_AT=%d", k);
        char *env[] = {preload, at, NULL};
        const char *argv[] = {program_path, "sqlite", "child", store, "-", "60", NULL};
        int fd;
        uint64_t n;
        pid_t pid = child_start(argv, env, &fd);
        FILE *out = fdopen(fd, "r");
        uint64_t acked = last_acknowledged(out, 0);
        fclose(out);
        int code = child_wait(pid);
        assert_in_range(code, 0, 5);
        unknown += code == 4;
        other += code == 3 || code == 5;
        clean += code == 0;
        struct tb_journal *j = open_store();
        assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
        assert_true(n >= acked && n <= acked + (code == 4));
        j->ops->close(j);
    }
    printf("failed syncs: %d unknown, %d refused, %d outlived\n", unknown, other, clean);
    assert_true(unknown > 10 && other > 3);
}

/* ---- PostgreSQL ---- */

void test_two_writers(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *a = open_store(), *b = open_store();
    assert_true(a->ops->shared);
    struct tb_batch one = batch_after(NULL, 1, TB_STR("1"));
    append_done(a, &one, 1);
    struct tb_batch by_a = batch_after(&one, 1, TB_STR("a")), by_b = batch_after(&one, 2, TB_STR("b"));
    append_done(b, &by_b, 1);
    assert_int_equal(append(a, &by_a, 1), TB_JOURNAL_TAKEN);
    struct tb_batch on_a = batch_after(&by_a, 1, TB_STR("a goes on"));
    assert_int_equal(append(a, &on_a, 1), TB_JOURNAL_TAKEN);
    assert_int_equal(last_of(a).number, 2);
    a->ops->close(a);
    b->ops->close(b);
}

static void *restart_soon(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 150000000}, NULL);
    server_do("restart");
    return NULL;
}

/* Appends while the server crashes and comes back. An unknown outcome is resolved by
 * appending the same batch again; nothing is lost, nothing twice.                      */
void test_restart(void **state)
{
    (void)state;
    int unknown = 0;
    for (int round = 0; round < 3; round++) {
        fresh_store();
        struct tb_journal *j = open_store();
        struct tb_batch last = {0};
        uint64_t n;
        pthread_t t;
        int64_t end = clock_ms() + 1500, deadline = clock_ms() + 20000;
        assert_int_equal(pthread_create(&t, NULL, restart_soon, NULL), 0);
        while (clock_ms() < end) {
            struct tb_batch b =
                batch_after(last.number ? &last : NULL, 5, (struct tb_str){bytes, 40000});
            enum tb_journal_answer a;
            while ((a = append(j, &b, 1)) != TB_JOURNAL_DONE && clock_ms() < deadline) {
                assert_true(a == TB_JOURNAL_UNKNOWN || a == TB_JOURNAL_FAULT);
                assert_true(fault.retryable);
                unknown += a == TB_JOURNAL_UNKNOWN;
                nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
            }
            assert_int_equal(a, TB_JOURNAL_DONE);
            last = b;
        }
        pthread_join(t, NULL);
        assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
        assert_int_equal(n, last.number);
        j->ops->close(j);
    }
    assert_true(unknown > 0);
}

/* A writer that was frozen in the middle of a transaction does not keep others out. */
void test_frozen_writer(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    char sql[400];
    append_many(j, &last, 2, 100);
    PGconn *frozen = PQconnectdb(conninfo);
    snprintf(sql, sizeof sql,
             "BEGIN; INSERT INTO %.48s SELECT 3, 1, 99, 0, hash, sha256('x'), 'x' FROM %.48s"
             " WHERE number = 2",
             store, store);
    PGresult *r = PQexec(frozen, sql);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    int64_t begin = clock_ms();
    append_many(j, &last, 1, 100);
    assert_true(clock_ms() - begin < 4000);
    PQfinish(frozen);
    assert_int_equal(last_of(j).number, 3);
    j->ops->close(j);
}

void test_server_is_checked(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = NULL;
    char unsafe[700];
    /* asked for less than durable: we insist, the session commits synchronously */
    snprintf(unsafe, sizeof unsafe, "%s options='-c synchronous_commit=off'", conninfo);
    struct tb_journal_postgres_options o = {.table = store};
    assert_int_equal(tb_journal_postgres_open(unsafe, &o, &j, &fault), TB_JOURNAL_DONE);
    j->ops->close(j);
    server_sql("ALTER SYSTEM SET fsync = off");
    server_sql("SELECT pg_reload_conf()");
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    assert_int_equal(try_open(&j), TB_JOURNAL_FAULT);
    assert_non_null(strstr(fault.text, "durable"));
    server_sql("ALTER SYSTEM RESET fsync");
    server_sql("SELECT pg_reload_conf()");
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);

    o.table = "no; such table";
    assert_int_equal(tb_journal_postgres_open(conninfo, &o, &j, &fault), TB_JOURNAL_FAULT);
    char sql[200];
    snprintf(sql, sizeof sql, "CREATE TABLE other_%.40s(number bigint PRIMARY KEY, body text)", store);
    server_sql(sql);
    snprintf(sql, sizeof sql, "other_%.40s", store);
    o.table = sql;
    assert_int_equal(tb_journal_postgres_open(conninfo, &o, &j, &fault), TB_JOURNAL_CORRUPT);
    assert_int_equal(tb_journal_postgres_open("host=/nowhere", NULL, &j, &fault),
                     TB_JOURNAL_FAULT);
    assert_true(fault.retryable);
}

/* ---- memory ---- */

void test_switches(void **state)
{
    (void)state;
    struct tb_journal *j = tb_journal_memory_open(NULL);
    struct tb_journal *beside =
        tb_journal_memory_open(&(struct tb_journal_memory_options){.beside = j, .shared = true});
    struct tb_batch b = batch_after(NULL, 1, TB_STR("x")), c = batch_after(&b, 1, TB_STR("y"));
    tb_journal_memory_fail(j, TB_MEMORY_FAULT_NO_SPACE, 0, 1);
    assert_int_equal(append(j, &b, 1), TB_JOURNAL_NO_SPACE);
    tb_journal_memory_fail(j, TB_MEMORY_FAULT_UNKNOWN_ABSENT, 0, 1);
    assert_int_equal(append(j, &b, 1), TB_JOURNAL_UNKNOWN);
    assert_int_equal(last_of(beside).number, 0);
    tb_journal_memory_fail(j, TB_MEMORY_FAULT_UNKNOWN_WRITTEN, 1, 1);
    append_done(j, &b, 1);
    assert_int_equal(append(j, &c, 1), TB_JOURNAL_UNKNOWN);
    assert_int_equal(last_of(beside).number, 2);
    append_done(j, &c, 1);
    tb_journal_memory_fail(j, TB_MEMORY_FAULT_FAULT, 0, 1);
    assert_int_equal(append(j, &c, 1), TB_JOURNAL_FAULT);
    j->ops->close(j);
    assert_int_equal(last_of(beside).number, 2);
    beside->ops->close(beside);
}
