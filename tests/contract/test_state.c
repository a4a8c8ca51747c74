// SPDX-License-Identifier: Apache-2.0
/* The SQL state's contract, the same cases for every implementation:
 *   test_state memory|sqlite|postgres
 * Cases that need SQL or a disk are left out where there is none.                      */
#include "state_kit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "state/memory/state_memory.h"

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
static int child_commit(void)
{
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

/* ---- people's SQL ---- */

static char head_seen[128];

static void take_head(void *user, const char *const *name, uint32_t n)
{
    (void)user;
    head_seen[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        snprintf(head_seen + strlen(head_seen), sizeof head_seen - strlen(head_seen), "%s,",
                 name[i]);
}

static enum tb_state_answer query(struct tb_state *s, struct tb_state_reader *r, const char *sql,
                                  uint32_t limit_ms, struct rows *rows)
{
    memset(rows, 0, sizeof *rows);
    return s->ops->query(r, tb_str_of(sql), limit_ms, take_head, take_row, rows, &fault);
}

static void test_query(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    struct rows rows;
    begin(s);
    put(s, MEMBER, ROW(str("m"), str("小"), i64(5), str("\x01\xff")));
    put(s, MEMBER, ROW(str("n"), null(), i64(6), null()));
    done(commit(s, 1, 1));
    struct tb_state_reader *r = reader(s);
    done(query(s, r, "SELECT member, name, points, extra FROM member ORDER BY 1; -- done", 5000,
               &rows));
    assert_string_equal(rows.text, "m|小|5|\\x01ff\nn|NULL|6|NULL\n");
    assert_string_equal(head_seen, "member,name,points,extra,");
    done(query(s, r, "SELECT 1 AS x WHERE 1 = 0", 5000, &rows));
    assert_int_equal(rows.count, 0);
    assert_string_equal(head_seen, "x,");

    static const char *const refused[] = {
        "DELETE FROM member",
        "INSERT INTO member(member) VALUES('x')",
        "CREATE TABLE mine(a int)",
        "DROP TABLE member",
        "BEGIN",
        "COMMIT",
        "SELECT 1; DELETE FROM member",
        "SELECT no_such_column FROM member",
        "SELEC 1",
        "",
        "-- nothing",
        "ATTACH 'x.db' AS x",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF",
        "VACUUM INTO 'copy.db'",
        "COPY member TO '/tmp/tb-contract-copy'",
        "SET default_transaction_read_only = off",
        "WITH d AS (DELETE FROM member RETURNING 1) SELECT * FROM d",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (query(s, r, refused[i], 5000, &rows) != TB_STATE_REFUSED)
            fail_msg("not refused: %s", refused[i]);
    scan_is(s, MEMBER, NULL, "m|小|5|\x01\xff\nn|NULL|6|NULL\n");

    int64_t start = clock_ms();
    assert_int_equal(query(s, r,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                           " SELECT count(*) FROM n",
                           200, &rows),
                     TB_STATE_FAULT);
    assert_non_null(strstr(fault.text, "200 ms"));
    assert_true(clock_ms() - start < 3000);
    /* and the reader goes on; a caller may stop early */
    rows = (struct rows){.stop_after = 1};
    done(s->ops->query(r, TB_STR("SELECT member FROM member ORDER BY 1"), 5000, NULL, take_row,
                       &rows, &fault));
    assert_string_equal(rows.text, "m\n");
    s->ops->reader_close(r);
    s->ops->close(s);
}

/* ---- SQLite ---- */

struct writing {
    struct tb_state *state;
    atomic_bool stop;
    enum tb_state_answer answer;
};

static void *write_on(void *arg)
{
    struct writing *w = arg;
    struct tb_state *s = w->state;
    struct tb_fault f;
    for (int64_t batch = 1; !atomic_load(&w->stop) && w->answer == TB_STATE_DONE; batch++) {
        w->answer = s->ops->begin(s, &f);
        for (int64_t i = 0; w->answer == TB_STATE_DONE && i < 100; i++)
            w->answer = s->ops->put(s, &table[ORDER], ROW(i64(batch * 100 + i), str("x")), &f);
        if (w->answer == TB_STATE_DONE)
            w->answer = commit(s, 1, (uint64_t)batch);
    }
    return NULL;
}

static void test_snapshot(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    struct writing w = {.state = s};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, write_on, &w), 0);
    char path[5][700];
    for (int i = 0; i < 5; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
        snprintf(path[i], sizeof path[i], "%.500s/copy-%d.db", scratch, i);
        struct tb_fault f;
        if (s->ops->snapshot(s, path[i], &f) != TB_STATE_DONE)
            fail_msg("%s", f.text);
    }
    struct tb_fault f;
    assert_int_equal(s->ops->snapshot(s, path[0], &f), TB_STATE_FAULT); /* never over a file */
    atomic_store(&w.stop, true);
    pthread_join(t, NULL);
    assert_int_equal(w.answer, TB_STATE_DONE);
    s->ops->close(s);
    for (int i = 0; i < 5; i++) {
        struct rows rows;
        snprintf(store, sizeof store, "%.590s", path[i]);
        s = open_store();
        struct tb_checkpoint c;
        done(s->ops->checkpoint(s, &c, &fault));
        struct tb_state_reader *r = reader(s);
        done(query(s, r, "SELECT count(*) FROM \"order\"", 5000, &rows));
        s->ops->reader_close(r);
        assert_int_equal(strtoll(rows.text, NULL, 10), (int64_t)c.batch * 100);
        assert_true(c.batch > 0);
        s->ops->close(s);
    }
}

static void test_one_owner(void **state)
{
    (void)state;
    struct tb_state *s = fresh(), *second = NULL;
    assert_int_equal(try_open(&second), TB_STATE_FAULT);
    assert_true(fault.retryable);
    s->ops->close(s);
    FILE *file = fopen(store, "w");
    fputs("not a data base, but long enough to look at: ............................", file);
    fclose(file);
    assert_int_equal(try_open(&second), TB_STATE_FAULT);
}

/* ---- PostgreSQL ---- */

static void test_restart(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("before")));
    done(commit(s, 1, 1));
    struct tb_checkpoint c;
    done(s->ops->sync(s, &c, &fault));
    struct tb_state_reader *r = reader(s);
    begin(s);
    put(s, ORDER, ROW(i64(2), str("while it dies")));
    server_do("restart");
    assert_int_equal(commit(s, 1, 2), TB_STATE_FAULT);
    assert_true(fault.retryable);
    begin(s); /* the same again, on a new connection */
    put(s, ORDER, ROW(i64(2), str("while it dies")));
    done(commit(s, 1, 2));
    scan_is(s, ORDER, NULL, "1|before\n2|while it dies\n");
    struct rows rows;
    if (query(s, r, "SELECT 1", 5000, &rows) != TB_STATE_DONE) /* the old connection is noticed */
        done(query(s, r, "SELECT 1", 5000, &rows));
    assert_string_equal(rows.text, "1\n");
    s->ops->reader_close(r);
    s->ops->close(s);
}

static void test_frozen_flusher(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    char text[900];
    snprintf(text, sizeof text, "%.400s application_name='tongbao state'", conninfo);
    PGconn *frozen = PQconnectdb(text);
    snprintf(text, sizeof text, "BEGIN; UPDATE %.60s.checkpoint SET batch = 1", store);
    PGresult *result = PQexec(frozen, text);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    begin(s);
    assert_int_equal(commit(s, 2, 1), TB_STATE_FAULT);
    assert_true(fault.retryable);
    begin(s);
    done(commit(s, 2, 1));
    PQfinish(frozen);
    s->ops->close(s);
}

static void test_remarks(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    struct rows rows;
    struct tb_state_reader *r = reader(s);
    done(query(s, r, "SELECT col_description('member'::regclass, 2), obj_description('order'::regclass)",
               5000, &rows));
    assert_string_equal(rows.text, "it's a remark with 'quotes' and a \" too|history\n");
    s->ops->reader_close(r);
    s->ops->close(s);
}

/* ---- memory ---- */

static void test_switches(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("x")));
    tb_state_memory_fail(s, TB_STATE_MEMORY_FAULT);
    assert_int_equal(commit(s, 1, 1), TB_STATE_FAULT);
    assert_int_equal(tb_state_memory_count(s, &table[ORDER]), 0);
    begin(s);
    put(s, ORDER, ROW(i64(1), str("x")));
    tb_state_memory_fail(s, TB_STATE_MEMORY_FAULT_WRITTEN);
    assert_int_equal(commit(s, 1, 1), TB_STATE_FAULT);
    assert_int_equal(tb_state_memory_count(s, &table[ORDER]), 1);
    s->ops->close(s);
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
    if (argc == 5 && strcmp(argv[2], "child") == 0) {
        snprintf(store, sizeof store, "%s", argv[3]);
        conninfo = argv[4];
        return child_commit();
    }
    scratch = scratch_begin();
    if (backend == POSTGRES)
        conninfo = server_start();
    int failed = run();
    server_stop();
    scratch_end();
    return failed != 0;
}
