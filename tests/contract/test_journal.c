// SPDX-License-Identifier: Apache-2.0
/* The journal's contract, the same cases for every implementation:
 *   test_journal memory|sqlite|postgres
 * then what only some can show (a killed process, a failed sync, a restarted server).   */
#include "journal_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "journal/memory/journal_memory.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"

/* ---- the same for all ---- */

static void test_empty(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    uint64_t n;
    assert_int_equal(last_of(j).number, 0);
    assert_int_equal(first_of(j), 1);
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
    assert_int_equal(n, 0);
    assert_true(j->ops->free_bytes(j) > 0);
    j->ops->close(j);
}

static void test_append_and_read(void **state)
{
    (void)state;
    static const uint32_t size[] = {0, 1, 300, 4096, 40000, TB_BATCH_BYTES_MAX};
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    uint64_t n;
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
            append_many(j, &last, 1, size[i]);
    append_many(j, &last, 100, 200);
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
    assert_int_equal(n, 130);
    assert_int_equal(read_all(j, 77, &n), TB_JOURNAL_END);
    assert_int_equal(n, 54);
    struct tb_batch held = last_of(j);
    assert_int_equal(held.number, 130);
    assert_memory_equal(held.hash, last.hash, TB_HASH_BYTES);

    /* every field comes back, and a reader that met the end goes on */
    struct tb_journal_reader *r;
    struct tb_batch b;
    assert_int_equal(j->ops->reader_open(j, 130, &r, &fault), TB_JOURNAL_DONE);
    assert_int_equal(j->ops->reader_next(r, &b, &fault), TB_JOURNAL_DONE);
    assert_int_equal(b.epoch, last.epoch);
    assert_int_equal(b.writer, last.writer);
    assert_int_equal(b.at_ms, last.at_ms);
    assert_memory_equal(b.prev_hash, last.prev_hash, TB_HASH_BYTES);
    assert_int_equal(b.body.n, 200);
    assert_int_equal(j->ops->reader_next(r, &b, &fault), TB_JOURNAL_END);
    struct tb_batch big = batch_after(&last, UINT64_MAX, TB_STR("a writer with its top bit set"));
    append_done(j, &big, 1);
    assert_int_equal(j->ops->reader_next(r, &b, &fault), TB_JOURNAL_DONE);
    assert_int_equal(b.writer, UINT64_MAX);
    assert_memory_equal(b.body.p, big.body.p, big.body.n);
    j->ops->reader_close(r);
    j->ops->close(j);
}

static void test_gap(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch one = batch_after(NULL, 1, TB_STR("1")), two = batch_after(&one, 1, TB_STR("2"));
    assert_int_equal(append(j, &two, 1), TB_JOURNAL_FAULT);
    assert_int_equal(last_of(j).number, 0);
    append_done(j, &one, 1);
    append_done(j, &two, 1);
    j->ops->close(j);
}

static void test_taken(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    append_many(j, &last, 3, 100);
    struct tb_batch a = batch_after(&last, 1, TB_STR("a")), b = batch_after(&last, 2, TB_STR("b"));
    append_done(j, &a, 1);
    assert_int_equal(append(j, &b, 1), TB_JOURNAL_TAKEN);
    append_done(j, &a, 1); /* the very same again */
    /* follows a batch that is not the one held */
    struct tb_batch on_b = batch_after(&b, 2, TB_STR("on b"));
    assert_int_equal(append(j, &on_b, 1), TB_JOURNAL_TAKEN);
    assert_int_equal(last_of(j).number, 4);
    assert_memory_equal(last_of(j).hash, a.hash, TB_HASH_BYTES);
    j->ops->close(j);
}

static void test_many_are_all_or_none(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch b[5];
    uint64_t n;
    b[0] = batch_after(NULL, 1, TB_STR("0"));
    for (int i = 1; i < 5; i++)
        b[i] = batch_after(&b[i - 1], 1, TB_STR("x"));
    append_done(j, b, 3);
    append_done(j, b, 3);
    struct tb_batch other[3];
    other[0] = batch_after(&b[1], 2, TB_STR("other"));
    other[1] = batch_after(&other[0], 2, TB_STR("other"));
    other[2] = batch_after(&other[1], 2, TB_STR("other"));
    assert_int_equal(append(j, other, 3), TB_JOURNAL_TAKEN);
    assert_int_equal(last_of(j).number, 3);
    assert_int_equal(append(j, b + 2, 2), TB_JOURNAL_TAKEN); /* half held is not the same */
    append_done(j, b + 3, 2);
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
    assert_int_equal(n, 5);
    j->ops->close(j);
}

static void test_prune(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    uint64_t n;
    append_many(j, &last, 100, 40000);
    if (backend == SQLITE) /* sealing is the janitor's; give it a moment */
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    assert_int_equal(j->ops->prune(j, 60, &fault), TB_JOURNAL_DONE);
    uint64_t first = first_of(j);
    assert_true(first > 1 && first <= 60);
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_FAULT);
    assert_false(fault.retryable);
    assert_int_equal(read_all(j, first, &n), TB_JOURNAL_END);
    assert_int_equal(n, 101 - first);
    assert_int_equal(j->ops->prune(j, UINT64_MAX, &fault), TB_JOURNAL_DONE);
    assert_int_equal(last_of(j).number, 100);
    assert_true(first_of(j) <= 100);
    append_many(j, &last, 1, 10);
    assert_int_equal(read_all(j, 100, &n), TB_JOURNAL_END);
    assert_int_equal(n, 2);
    j->ops->close(j);
}

struct following {
    struct tb_journal *journal;
    uint64_t until;
    uint64_t seen;
    enum tb_journal_answer answer;
};

static void *follow(void *arg)
{
    struct following *w = arg;
    struct tb_journal *j = w->journal;
    struct tb_journal_reader *r;
    struct tb_batch b;
    struct tb_fault f;
    int64_t deadline = clock_ms() + 60000;
    w->answer = j->ops->reader_open(j, 1, &r, &f);
    while (w->answer == TB_JOURNAL_DONE && w->seen < w->until && clock_ms() < deadline) {
        w->answer = j->ops->reader_next(r, &b, &f);
        if (w->answer == TB_JOURNAL_DONE)
            w->seen++;
        else if (w->answer == TB_JOURNAL_END)
            w->answer = TB_JOURNAL_DONE;
    }
    j->ops->reader_close(r);
    return NULL;
}

/* The reader crosses segments while they are written, sealed and closed. */
static void test_read_while_appending(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct following w = {.journal = j, .until = 600};
    struct tb_batch last = {0};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, follow, &w), 0);
    append_many(j, &last, 600, 20000);
    pthread_join(t, NULL);
    assert_int_equal(w.answer, TB_JOURNAL_DONE);
    assert_int_equal(w.seen, 600);
    j->ops->close(j);
}

/* ---- what outlives a process ---- */

static void test_reopen(void **state)
{
    (void)state;
    fresh_store();
    struct tb_batch last = {0};
    uint64_t n;
    for (int round = 0; round < 5; round++) {
        struct tb_journal *j = open_store();
        assert_int_equal(last_of(j).number, last.number);
        append_many(j, &last, 20, 30000);
        j->ops->close(j);
    }
    struct tb_journal *j = open_store();
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
    assert_int_equal(n, 100);
    j->ops->close(j);
}

/* Runs as a process of its own: appends until it dies, says each acknowledged number. */
static int child_append(int limit)
{
    struct tb_journal *j;
    if (try_open(&j) != TB_JOURNAL_DONE) {
        printf("open %s\n", fault.text);
        return 3;
    }
    struct tb_batch last = last_of(j);
    for (int i = 0; i < limit; i++) {
        memset(bytes, i, 20000);
        struct tb_batch b =
            batch_after(last.number ? &last : NULL, 9, (struct tb_str){bytes, 20000});
        enum tb_journal_answer a = append(j, &b, 1);
        if (a != TB_JOURNAL_DONE) {
            /* nothing more may be taken by this handle once an outcome is unknown */
            bool refused = a != TB_JOURNAL_UNKNOWN || append(j, &b, 1) == TB_JOURNAL_FAULT;
            printf("answer %d %s\n", a, refused ? "refused" : "taken again");
            j->ops->close(j);
            return a == TB_JOURNAL_UNKNOWN ? 4 : 5;
        }
        last = b;
        dprintf(STDOUT_FILENO, "%" PRIu64 "\n", b.number);
    }
    j->ops->close(j);
    return 0;
}

static uint64_t last_acknowledged(FILE *out, uint64_t before)
{
    char line[400];
    uint64_t acked = before, n;
    while (fgets(line, sizeof line, out) != NULL) {
        if (sscanf(line, "%" SCNu64, &n) == 1)
            acked = n;
        assert_null(strstr(line, "taken again"));
    }
    return acked;
}

static const char *backend_name(void)
{
    static const char *const name[] = {"memory", "sqlite", "postgres"};
    return name[backend];
}

static void test_kill(void **state)
{
    (void)state;
    fresh_store();
    const char *argv[] = {program_path, backend_name(), "child", store,
                          conninfo ? conninfo : "-", "1000000", NULL};
    uint64_t acked = 0, n, most = 0;
    for (int round = 0; round < 12; round++) {
        int fd;
        pid_t pid = child_start(argv, NULL, &fd);
        child_speaks(fd);
        nanosleep(&(struct timespec){.tv_nsec = (round * 7919L % 150) * 1000000L}, NULL);
        kill(pid, SIGKILL);
        FILE *out = fdopen(fd, "r");
        uint64_t now = last_acknowledged(out, acked);
        fclose(out);
        child_wait(pid);
        most = now - acked > most ? now - acked : most;
        acked = now;
        struct tb_journal *j = open_store();
        assert_true(last_of(j).number >= acked);
        assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_END);
        assert_true(n >= acked && n <= acked + 1);
        acked = n;
        j->ops->close(j);
    }
    assert_true(most > 0); /* or the test killed too early to show anything */
}

/* ---- damage ---- */

static void flip_byte(const char *path, const char *needle, size_t needle_n)
{
    static char content[4 << 20];
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    ssize_t n = read(fd, content, sizeof content);
    char *at = memmem(content, (size_t)n, needle, needle_n);
    assert_non_null(at);
    char flipped = (char)(at[5] ^ 4);
    assert_int_equal(pwrite(fd, &flipped, 1, at - content + 5), 1);
    close(fd);
}

static void segment_path(char *path, size_t n, int seq)
{
    snprintf(path, n, "%s/seg-%06d.db", store, seq);
}

static void test_damage(void **state)
{
    (void)state;
    fresh_store();
    struct tb_journal *j = open_store();
    struct tb_batch last = {0};
    uint64_t n;
    append_many(j, &last, 10, 500);
    struct tb_batch marked = batch_after(&last, 3, TB_STR("here the damage is done"));
    append_done(j, &marked, 1);
    last = marked;
    append_many(j, &last, 10, 500);
    if (backend == MEMORY) {
        tb_journal_memory_damage(j, 11);
    } else if (backend == POSTGRES) {
        char sql[200];
        snprintf(sql, sizeof sql, "UPDATE %.48s SET body = 'here the damage is gone' WHERE number = 11",
                 store);
        server_sql(sql);
    } else {
        char path[700];
        j->ops->close(j);
        segment_path(path, sizeof path, 1);
        flip_byte(path, marked.body.p, marked.body.n);
        j = open_store();
    }
    assert_int_equal(read_all(j, 1, &n), TB_JOURNAL_CORRUPT);
    assert_int_equal(n, 10);
    assert_int_equal(read_all(j, 12, &n), TB_JOURNAL_END);
    j->ops->close(j);
}

/* ---- SQLite ---- */

static void test_damaged_page(void **state)
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

static void test_sealed_is_plain(void **state)
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
static void test_no_space(void **state)
{
    (void)state;
    uint64_t done = fill_without_space(false);
    assert_true(done > 8 && done < 16);
    assert_int_equal(fill_without_space(true), 0);
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

static void test_lock(void **state)
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
static void test_failed_sync(void **state)
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

static void test_two_writers(void **state)
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
static void test_restart(void **state)
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
static void test_frozen_writer(void **state)
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

static void test_server_is_checked(void **state)
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

static void test_switches(void **state)
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

static int run(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_empty),    cmocka_unit_test(test_append_and_read),
        cmocka_unit_test(test_gap),      cmocka_unit_test(test_taken),
        cmocka_unit_test(test_many_are_all_or_none),
        cmocka_unit_test(test_prune),    cmocka_unit_test(test_read_while_appending),
        cmocka_unit_test(test_damage),
    };
    const struct CMUnitTest lasting[] = {cmocka_unit_test(test_reopen),
                                         cmocka_unit_test(test_kill)};
    const struct CMUnitTest sqlite[] = {
        cmocka_unit_test(test_damaged_page), cmocka_unit_test(test_sealed_is_plain),
        cmocka_unit_test(test_no_space), cmocka_unit_test(test_lock),
        cmocka_unit_test(test_failed_sync)};
    const struct CMUnitTest postgres[] = {
        cmocka_unit_test(test_two_writers), cmocka_unit_test(test_frozen_writer),
        cmocka_unit_test(test_server_is_checked), cmocka_unit_test(test_restart)};
    const struct CMUnitTest memory[] = {cmocka_unit_test(test_switches)};
    int failed = cmocka_run_group_tests_name("all", all, NULL, NULL);
    if (backend != MEMORY)
        failed += cmocka_run_group_tests_name("lasting", lasting, NULL, NULL);
    if (backend == SQLITE)
        failed += cmocka_run_group_tests_name("sqlite", sqlite, NULL, NULL);
    if (backend == POSTGRES)
        failed += cmocka_run_group_tests_name("postgres", postgres, NULL, NULL);
    if (backend == MEMORY)
        failed += cmocka_run_group_tests_name("memory", memory, NULL, NULL);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    backend = strcmp(argv[1], "sqlite") == 0     ? SQLITE
              : strcmp(argv[1], "postgres") == 0 ? POSTGRES
                                                 : MEMORY;
    if (argc == 6 && strcmp(argv[2], "child") == 0) {
        snprintf(store, sizeof store, "%s", argv[3]);
        conninfo = argv[4];
        return child_append((int)strtol(argv[5], NULL, 10));
    }
    scratch = scratch_begin();
    if (backend == POSTGRES)
        conninfo = server_start();
    int failed = run();
    server_stop();
    scratch_end();
    return failed != 0;
}
