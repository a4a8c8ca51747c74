// SPDX-License-Identifier: Apache-2.0
/* The journal's contract, the same cases for every implementation:
 *   test_journal memory|sqlite|postgres
 * then what only some can show: a killed process, damage; more in journal_own.c.        */
#include "journal_kit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "journal/memory/journal_memory.h"

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
static int child_append(int argc, char **argv)
{
    int limit = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 0;
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
        cmocka_unit_test(test_no_space), cmocka_unit_test(test_used_log), cmocka_unit_test(test_lock),
        cmocka_unit_test(test_failed_sync)};
    const struct CMUnitTest postgres[] = {
        cmocka_unit_test(test_two_writers), cmocka_unit_test(test_frozen_writer),
        cmocka_unit_test(test_server_is_checked), cmocka_unit_test(test_restart)};
    const struct CMUnitTest memory[] = {cmocka_unit_test(test_switches)};
    return run_groups(TESTS(all), TESTS(lasting), (struct tests[]){TESTS(memory), TESTS(sqlite), TESTS(postgres)});
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, run, child_append);
}
