// SPDX-License-Identifier: Apache-2.0
/* The SQL state's contract: people's SQL, and what one implementation alone has to show. */
#include "state_kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "state/memory/state_memory.h"

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

void test_query(void **state)
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

void test_snapshot(void **state)
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

void test_one_owner(void **state)
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

void test_restart(void **state)
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

void test_frozen_flusher(void **state)
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

void test_remarks(void **state)
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

void test_switches(void **state)
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
