// SPDX-License-Identifier: Apache-2.0
/* The SQL state's contract, the same cases for every implementation:
 *   test_state memory|sqlite|postgres
 * Cases that need SQL or a disk are left out where there is none; more in state_own.c.  */
#include "state_kit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* ---- the same for all ---- */

static void test_fresh(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    struct tb_checkpoint c;
    done(s->ops->checkpoint(s, &c, &fault));
    assert_int_equal(c.batch, 0);
    assert_int_equal(c.epoch, 0);
    scan_is(s, RECORD, NULL, "");
    s->ops->close(s);
}

static void test_put_and_read(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, RECORD, ROW(i64(2), i64(-5), str("two")));
    put(s, RECORD, ROW(i64(1), i64(INT64_MAX), str("one")));
    put(s, RECORD, ROW(i64(1), i64(INT64_MIN), str("")));
    put(s, MEMBER, ROW(str("b"), str("王小明"), i64(7), null()));
    put(s, MEMBER, ROW(str("a"), null(), null(), str("x")));
    put(s, MEMBER, ROW(str("B"), str("big"), i64(1), null()));
    put(s, ORDER, ROW(i64(10), str("first")));
    done(commit(s, 1, 1));
    scan_is(s, RECORD, NULL,
            "1|-9223372036854775808|\n1|9223372036854775807|one\n2|-5|two\n");
    scan_is(s, RECORD, ROW(i64(1), i64(0)), "1|9223372036854775807|one\n2|-5|two\n");
    scan_is(s, RECORD, ROW(i64(2), i64(-5)), "2|-5|two\n");
    /* texts in the order of their bytes, whatever the data base's language */
    scan_is(s, MEMBER, NULL, "B|big|1|NULL\na|NULL|NULL|x\nb|王小明|7|NULL\n");

    struct tb_state_reader *r = reader(s);
    struct rows rows = {.table = &table[MEMBER]};
    done(s->ops->get(r, &table[MEMBER], ROW(str("b")), take_row, &rows, &fault));
    assert_string_equal(rows.text, "b|王小明|7|NULL\n");
    assert_int_equal(s->ops->get(r, &table[MEMBER], ROW(str("c")), take_row, &rows, &fault),
                     TB_STATE_ABSENT);
    rows = (struct rows){.table = &table[RECORD], .stop_after = 2};
    done(s->ops->scan(r, &table[RECORD], NULL, take_row, &rows, &fault));
    assert_int_equal(rows.count, 2);
    s->ops->reader_close(r);
    s->ops->close(s);
}

static void test_upsert_and_append(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, MEMBER, ROW(str("m"), str("old"), i64(1), null()));
    put(s, ORDER, ROW(i64(1), str("first")));
    done(commit(s, 1, 1));
    begin(s);
    put(s, MEMBER, ROW(str("m"), str("newer"), i64(2), null()));
    put(s, MEMBER, ROW(str("m"), str("newest"), i64(3), null())); /* twice in one */
    put(s, ORDER, ROW(i64(1), str("again")));                     /* left alone */
    put(s, ORDER, ROW(i64(2), str("second")));
    put(s, ORDER, ROW(i64(2), str("second again")));
    done(commit(s, 1, 2));
    scan_is(s, MEMBER, NULL, "m|newest|3|NULL\n");
    scan_is(s, ORDER, NULL, "1|first\n2|second\n");
    s->ops->close(s);
}

static void test_drop(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    for (int k = 1; k <= 3; k++)
        for (int i = 1; i <= 3; i++)
            put(s, RECORD, ROW(i64(k), i64(i), str("x")));
    put(s, ORDER, ROW(i64(1), str("first")));
    done(commit(s, 1, 1));
    begin(s);
    done(s->ops->drop(s, &table[RECORD], ROW(i64(1), i64(2)), &fault));
    done(s->ops->drop(s, &table[RECORD], ROW(i64(1), i64(9)), &fault)); /* not there */
    put(s, RECORD, ROW(i64(2), i64(7), str("dropped with its prefix")));
    done(s->ops->drop_prefix(s, &table[RECORD], ROW(i64(2)), &fault));
    put(s, RECORD, ROW(i64(2), i64(8), str("after")));
    put(s, RECORD, ROW(i64(3), i64(1), str("y")));
    done(s->ops->drop(s, &table[RECORD], ROW(i64(3), i64(1)), &fault));
    done(s->ops->drop(s, &table[RECORD], ROW(i64(3), i64(2)), &fault));
    put(s, RECORD, ROW(i64(3), i64(2), str("back")));
    done(s->ops->drop(s, &table[ORDER], ROW(i64(1)), &fault));
    put(s, ORDER, ROW(i64(1), str("replaced")));
    done(commit(s, 1, 2));
    scan_is(s, RECORD, NULL, "1|1|x\n1|3|x\n2|8|after\n3|2|back\n3|3|x\n");
    scan_is(s, ORDER, NULL, "1|replaced\n");
    s->ops->close(s);
}

static void test_abandon(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("never")));
    s->ops->abandon(s);
    scan_is(s, ORDER, NULL, "");
    begin(s);
    put(s, ORDER, ROW(i64(2), str("kept")));
    done(commit(s, 1, 1));
    scan_is(s, ORDER, NULL, "2|kept\n");
    s->ops->close(s);
}

static void test_deposed(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    done(commit(s, 2, 10));
    static const struct {
        uint64_t epoch, batch;
        enum tb_state_answer wanted;
    } row[] = {
        {1, 11, TB_STATE_DEPOSED}, {2, 9, TB_STATE_DEPOSED}, {1, 9, TB_STATE_DEPOSED},
        {3, 9, TB_STATE_DEPOSED},  {2, 10, TB_STATE_DONE},   {2, 11, TB_STATE_DONE},
        {3, 11, TB_STATE_DONE},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char text[24];
        snprintf(text, sizeof text, "%zu", i);
        begin(s);
        put(s, MEMBER, ROW(str("m"), str(text), i64(0), null()));
        assert_int_equal(commit(s, row[i].epoch, row[i].batch), row[i].wanted);
        char wanted[64];
        snprintf(wanted, sizeof wanted, row[i].wanted == TB_STATE_DONE ? "m|%zu|0|NULL\n" : "", i);
        scan_is(s, MEMBER, NULL, wanted);
    }
    struct tb_checkpoint c;
    done(s->ops->sync(s, &c, &fault));
    assert_int_equal(c.epoch, 3);
    assert_int_equal(c.batch, 11);
    assert_int_equal(c.at_ms, 1011);
    assert_int_equal(c.hash[31], 11);
    s->ops->close(s);
}

static void test_one_instant(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("before")));
    done(commit(s, 1, 1));
    struct tb_state_reader *r = reader(s);
    enum tb_state_answer a = s->ops->reader_hold(r, true, &fault);
    if (backend == MEMORY) {
        assert_int_equal(a, TB_STATE_REFUSED);
        s->ops->reader_close(r);
        s->ops->close(s);
        return;
    }
    done(a);
    begin(s);
    put(s, ORDER, ROW(i64(2), str("meanwhile")));
    put(s, MEMBER, ROW(str("m"), str("meanwhile"), i64(1), null()));
    done(commit(s, 1, 2));
    for (int i = 0; i < 2; i++) { /* held, then not */
        struct rows orders = {.table = &table[ORDER]}, members = {.table = &table[MEMBER]};
        done(s->ops->scan(r, &table[ORDER], NULL, take_row, &orders, &fault));
        assert_int_equal(orders.count, i + 1);
        assert_int_equal(s->ops->get(r, &table[MEMBER], ROW(str("m")), take_row, &members, &fault),
                         i == 0 ? TB_STATE_ABSENT : TB_STATE_DONE);
        done(s->ops->scan(r, &table[ORDER], ROW(i64(1)), take_row, &orders, &fault));
        assert_int_equal(orders.count, 2 * i + 2);
        if (i == 0)
            done(s->ops->reader_hold(r, false, &fault));
    }
    done(s->ops->reader_hold(r, true, &fault)); /* closed while it holds */
    s->ops->reader_close(r);
    s->ops->close(s);
}

static void test_bad_text(void **state)
{
    (void)state;
    static const struct tb_str bad[] = {{"a\0b", 3}, {"\xff", 1}, {"\xc0\x80", 2}};
    struct tb_state *s = fresh();
    for (size_t i = 0; i < 3; i++) {
        begin(s);
        struct tb_value v[] = {str("m"), {.str = bad[i]}, i64(0), null()};
        assert_int_equal(s->ops->put(s, &table[MEMBER], v, &fault), TB_STATE_FAULT);
        assert_false(fault.retryable);
        assert_non_null(strstr(fault.text, "member(member of 1 bytes): column name"));
        s->ops->abandon(s);
    }
    scan_is(s, MEMBER, NULL, "");
    s->ops->close(s);
}

/* Readers see whole transactions: every row of one carries the same value. */
struct watching {
    struct tb_state *state;
    atomic_bool stop;
    int scans;
    int torn;
    int64_t seen;
};

static bool same_value(void *user, const struct tb_value *v, uint32_t n)
{
    struct watching *w = user;
    (void)n;
    if (w->seen >= 0 && w->seen != v[2].i64)
        w->torn++;
    w->seen = v[2].i64;
    return true;
}

static void *watch(void *arg)
{
    struct watching *w = arg;
    struct tb_state_reader *r = NULL;
    struct tb_fault f;
    if (w->state->ops->reader_open(w->state, &r, &f) != TB_STATE_DONE)
        return NULL;
    while (!atomic_load(&w->stop)) {
        w->seen = -1;
        if (w->state->ops->scan(r, &table[MEMBER], NULL, same_value, w, &f) != TB_STATE_DONE)
            break;
        w->scans++;
    }
    w->state->ops->reader_close(r);
    return NULL;
}

static void test_readers_see_commits_only(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    struct watching w = {.state = s};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, watch, &w), 0);
    for (int round = 0; round < 60; round++) {
        begin(s);
        for (int i = 0; i < 300; i++) {
            char key[16];
            snprintf(key, sizeof key, "m%03d", i);
            struct tb_value v[] = {str(key), null(), i64(round), null()};
            char *held = strdup(key); /* borrowed until commit: the port's word */
            v[0] = str(held);
            put(s, MEMBER, v);
        }
        done(commit(s, 1, (uint64_t)round + 1));
    }
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    atomic_store(&w.stop, true);
    pthread_join(t, NULL);
    assert_true(w.scans > 3);
    assert_int_equal(w.torn, 0);
    s->ops->close(s);
}

/* ---- what outlives the handle ---- */

static void test_reopen(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("kept")));
    done(commit(s, 4, 9));
    s->ops->close(s);
    s = open_store();
    struct tb_checkpoint c;
    done(s->ops->checkpoint(s, &c, &fault));
    assert_int_equal(c.epoch, 4);
    assert_int_equal(c.batch, 9);
    scan_is(s, ORDER, NULL, "1|kept\n");
    s->ops->close(s);
}

static void test_widen(void **state)
{
    (void)state;
    static const struct tb_column wide[] = {
        {"sequence", TB_COLUMN_I64, "rises"},
        {"order", TB_COLUMN_TEXT, "as before"},
        {"store", TB_COLUMN_I64, "came later"},
        {"note", TB_COLUMN_TEXT, "came later too"},
    };
    struct tb_table now[TABLE_N];
    memcpy(now, table, sizeof now);
    now[ORDER].column = wide;
    now[ORDER].column_n = 4;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("narrow")));
    done(commit(s, 1, 1));
    s->ops->close(s);

    for (int round = 0; round < 2; round++) { /* the second time there is nothing to do */
        done(try_open(&s));
        done(s->ops->ensure(s, now, TABLE_N, SCHEMA + 1, &fault));
        begin(s);
        done(s->ops->put(s, &now[ORDER], ROW(i64(2), str("wide"), i64(5), str("n")), &fault));
        done(commit(s, 1, 2));
        struct rows rows = {.table = &now[ORDER]};
        struct tb_state_reader *r = reader(s);
        done(s->ops->scan(r, &now[ORDER], NULL, take_row, &rows, &fault));
        s->ops->reader_close(r);
        assert_string_equal(rows.text, "1|narrow|NULL|NULL\n2|wide|5|n\n");
        s->ops->close(s);
    }
    /* an older program meets the newer schema */
    done(try_open(&s));
    assert_int_equal(s->ops->ensure(s, table, TABLE_N, SCHEMA, &fault), TB_STATE_NEWER);
    s->ops->close(s);
}

/* Runs as a process of its own: commits until it is killed, says what it committed. */
static int child_commit(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tb_state *s = open_store();
    struct tb_checkpoint c;
    done(s->ops->checkpoint(s, &c, &fault));
    for (uint64_t batch = c.batch + 1;; batch++) {
        begin(s);
        for (int i = 0; i < 50; i++) {
            struct tb_value v[] = {i64((int64_t)batch * 50 + i), str("x")};
            put(s, ORDER, v);
        }
        if (commit(s, 1, batch) != TB_STATE_DONE)
            return 1;
        dprintf(STDOUT_FILENO, "%" PRIu64 "\n", batch);
    }
}

static void test_kill(void **state)
{
    (void)state;
    static const char *const name[] = {"memory", "sqlite", "postgres"};
    struct tb_state *s = fresh();
    s->ops->close(s);
    const char *argv[] = {program_path, name[backend], "child", store, conninfo ? conninfo : "-",
                          NULL};
    uint64_t committed = 0;
    for (int round = 0; round < 6; round++) {
        int fd;
        char line[64];
        uint64_t n;
        pid_t pid = child_start(argv, NULL, &fd);
        child_speaks(fd);
        nanosleep(&(struct timespec){.tv_nsec = (round * 7919L % 100) * 1000000L}, NULL);
        kill(pid, SIGKILL);
        FILE *out = fdopen(fd, "r");
        while (fgets(line, sizeof line, out) != NULL)
            if (sscanf(line, "%" SCNu64, &n) == 1)
                committed = n;
        fclose(out);
        child_wait(pid);
        s = open_store();
        struct rows rows = {0};
        struct tb_state_reader *r = reader(s);
        /* one statement, one moment: the server may still finish what it was sent */
        done(s->ops->query(r,
                           TB_STR("SELECT batch, (SELECT count(*) FROM \"order\"),"
                                  " (SELECT max(sequence) / 50 FROM \"order\") FROM checkpoint"),
                           5000, NULL, take_row, &rows, &fault));
        s->ops->reader_close(r);
        uint64_t batch = strtoull(rows.text, NULL, 10);
        assert_true(batch >= committed && batch <= committed + 1);
        char wanted[80];
        snprintf(wanted, sizeof wanted, "%" PRIu64 "|%" PRIu64 "|%" PRIu64 "\n", batch, batch * 50,
                 batch);
        assert_string_equal(rows.text, wanted);
        committed = batch;
        s->ops->close(s);
    }
    assert_true(committed > 5);
}

static int run(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_new_rows),        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_fresh),           cmocka_unit_test(test_put_and_read),
        cmocka_unit_test(test_upsert_and_append), cmocka_unit_test(test_drop),
        cmocka_unit_test(test_abandon),         cmocka_unit_test(test_deposed),
        cmocka_unit_test(test_one_instant),     cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_readers_see_commits_only),
    };
    const struct CMUnitTest lasting[] = {
        cmocka_unit_test(test_reopen), cmocka_unit_test(test_widen),
        cmocka_unit_test(test_query), cmocka_unit_test(test_kill)};
    const struct CMUnitTest sqlite[] = {cmocka_unit_test(test_snapshot),
                                        cmocka_unit_test(test_one_owner)};
    const struct CMUnitTest postgres[] = {cmocka_unit_test(test_remarks),
                                          cmocka_unit_test(test_frozen_flusher),
                                          cmocka_unit_test(test_another_writer),
                                          cmocka_unit_test(test_restart)};
    const struct CMUnitTest memory[] = {cmocka_unit_test(test_switches)};
    return run_groups(TESTS(all), TESTS(lasting), (struct tests[]){TESTS(memory), TESTS(sqlite), TESTS(postgres)});
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, run, child_commit);
}
