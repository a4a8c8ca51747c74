// SPDX-License-Identifier: Apache-2.0
/* Reading: records by key, people's SQL. A reader has a connection of its own whose
 * transactions are read-only.                                                          */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "state/postgres/inside.h"

#define FETCH_ROWS "2000"

struct tb_state_reader {
    struct tb_state_postgres *state;
    PGconn *pg;
    bool *prepared; /* get_<i> */
    bool held;      /* in a transaction of one instant */
};

static enum tb_state_answer connect_reader(struct tb_state_reader *r, struct tb_fault *f)
{
    if (r->pg != NULL && PQstatus(r->pg) == CONNECTION_OK)
        return TB_STATE_DONE;
    if (r->held)
        return tb_pg_lost(r->pg, "an instant that was held", f);
    PQfinish(r->pg);
    memset(r->prepared, 0, r->state->table_n * sizeof *r->prepared);
    r->pg = tb_pg_connect(r->state, "tongbao reader", f);
    if (r->pg == NULL)
        return TB_STATE_FAULT;
    return tb_pg_exec(r->pg, "SET default_transaction_read_only = on", "connect", f);
}

enum tb_state_answer tb_state_postgres_reader_open(struct tb_state *base,
                                                   struct tb_state_reader **out,
                                                   struct tb_fault *f)
{
    struct tb_state_postgres *s = (struct tb_state_postgres *)base;
    tb_assert(s->table != NULL);
    *out = NULL;
    struct tb_state_reader *r = calloc(1, sizeof *r);
    bool *prepared = calloc(s->table_n, sizeof *prepared);
    tb_assert(r != NULL && prepared != NULL);
    r->state = s;
    r->prepared = prepared;
    atomic_fetch_add(&s->reader_n, 1);
    enum tb_state_answer a = connect_reader(r, f);
    if (a != TB_STATE_DONE)
        tb_state_postgres_reader_close(r);
    else
        *out = r;
    return a;
}

void tb_state_postgres_reader_close(struct tb_state_reader *r)
{
    PQfinish(r->pg);
    atomic_fetch_sub(&r->state->reader_n, 1);
    free(r->prepared);
    free(r);
}

static enum tb_state_answer failed(struct tb_state_reader *r, const PGresult *result,
                                   const char *doing, struct tb_fault *f)
{
    return PQstatus(r->pg) == CONNECTION_OK ? tb_pg_refusal(result, doing, f)
                                            : tb_pg_lost(r->pg, doing, f);
}

/* ---- records ---- */

static void select_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "SELECT ");
    tb_pg_columns(b, t, t->column_n);
    tb_buf_c(b, " FROM ");
    tb_pg_quoted(b, t->name);
}

/* (a, b) = ($1, $2), or >= */
static void key_sql(struct tb_buf *b, const struct tb_table *t, const char *relation)
{
    tb_buf_c(b, " WHERE (");
    tb_pg_columns(b, t, t->key_n);
    tb_buf_printf(b, ") %s (", relation);
    for (uint32_t i = 0; i < t->key_n; i++)
        tb_buf_printf(b, "%s$%" PRIu32 "::%s", i > 0 ? ", " : "", i + 1,
                      tb_pg_type(t->column[i].type));
    tb_buf_c(b, ")");
}

static const char *end_sql(struct tb_buf *b)
{
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
    return (const char *)b->p;
}

struct key_params {
    const char *value[TB_PG_COLUMN_MAX];
    int length[TB_PG_COLUMN_MAX];
    int binary[TB_PG_COLUMN_MAX];
    uint64_t number[TB_PG_COLUMN_MAX];
};

static void key_params(struct key_params *p, const struct tb_table *t, const struct tb_value *key)
{
    for (uint32_t i = 0; i < t->key_n; i++) {
        tb_assert(!key[i].null);
        p->binary[i] = 1;
        if (t->column[i].type == TB_COLUMN_I64) {
            p->number[i] = htobe64((uint64_t)key[i].i64);
            p->value[i] = (const char *)&p->number[i];
            p->length[i] = 8;
        } else {
            p->value[i] = key[i].str.n > 0 ? key[i].str.p : "";
            p->length[i] = (int)key[i].str.n;
        }
    }
}

static void row_values(const PGresult *r, int row, const struct tb_table *t, struct tb_value *v)
{
    for (uint32_t i = 0; i < t->column_n; i++) {
        int c = (int)i;
        v[i] = (struct tb_value){.null = PQgetisnull(r, row, c)};
        if (v[i].null)
            continue;
        if (t->column[i].type == TB_COLUMN_I64) {
            uint64_t be;
            tb_assert(PQgetlength(r, row, c) == 8);
            memcpy(&be, PQgetvalue(r, row, c), 8);
            v[i].i64 = (int64_t)be64toh(be);
        } else {
            v[i].str.p = PQgetvalue(r, row, c);
            v[i].str.n = (uint32_t)PQgetlength(r, row, c);
        }
    }
}

/* Hands the rows on; false when fn wants no more. */
static bool hand_on(const PGresult *r, const struct tb_table *t, tb_row_fn fn, void *user)
{
    struct tb_value v[TB_PG_COLUMN_MAX];
    for (int i = 0; i < PQntuples(r); i++) {
        row_values(r, i, t, v);
        if (!fn(user, v, t->column_n))
            return false;
    }
    return true;
}

static enum tb_state_answer prepare_get(struct tb_state_reader *r, const struct tb_table *t,
                                        const char *name, uint32_t index, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    if (r->prepared[index])
        return TB_STATE_DONE;
    tb_buf_init(&b, sql, sizeof sql);
    select_sql(&b, t);
    key_sql(&b, t, "=");
    PGresult *result = PQprepare(r->pg, name, end_sql(&b), 0, NULL);
    enum tb_state_answer a = PQresultStatus(result) == PGRES_COMMAND_OK
                                 ? TB_STATE_DONE
                                 : failed(r, result, t->name, f);
    PQclear(result);
    r->prepared[index] = a == TB_STATE_DONE;
    return a;
}

enum tb_state_answer tb_state_postgres_get(struct tb_state_reader *r, const struct tb_table *t,
                                           const struct tb_value *key, tb_row_fn fn, void *user,
                                           struct tb_fault *f)
{
    tb_assert(t >= r->state->table && t < r->state->table + r->state->table_n);
    uint32_t index = (uint32_t)(t - r->state->table);
    struct key_params p;
    char name[24];
    snprintf(name, sizeof name, "get_%" PRIu32, index);
    key_params(&p, t, key);
    enum tb_state_answer a = connect_reader(r, f);
    if (a == TB_STATE_DONE)
        a = prepare_get(r, t, name, index, f);
    if (a != TB_STATE_DONE)
        return a;
    PGresult *result =
        PQexecPrepared(r->pg, name, (int)t->key_n, p.value, p.length, p.binary, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        a = failed(r, result, t->name, f);
    else if (PQntuples(result) == 0)
        a = TB_STATE_ABSENT;
    else
        hand_on(result, t, fn, user);
    PQclear(result);
    return a;
}

static enum tb_state_answer declare_scan(struct tb_state_reader *r, const struct tb_table *t,
                                         const struct tb_value *from, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    struct key_params p = {0};
    if (from != NULL)
        key_params(&p, t, from);
    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "DECLARE scan NO SCROLL CURSOR FOR ");
    select_sql(&b, t);
    if (from != NULL)
        key_sql(&b, t, ">=");
    tb_buf_c(&b, " ORDER BY ");
    tb_pg_columns(&b, t, t->key_n);
    PGresult *result = PQexecParams(r->pg, end_sql(&b), from ? (int)t->key_n : 0, NULL, p.value,
                                    p.length, p.binary, 1);
    enum tb_state_answer a = PQresultStatus(result) == PGRES_COMMAND_OK
                                 ? TB_STATE_DONE
                                 : failed(r, result, t->name, f);
    PQclear(result);
    return a;
}

enum tb_state_answer tb_state_postgres_scan(struct tb_state_reader *r, const struct tb_table *t,
                                            const struct tb_value *from, tb_row_fn fn,
                                            void *user, struct tb_fault *f)
{
    enum tb_state_answer a = connect_reader(r, f);
    if (a == TB_STATE_DONE && !r->held)
        a = tb_pg_exec(r->pg, "BEGIN READ ONLY", t->name, f);
    if (a != TB_STATE_DONE)
        return a;
    a = declare_scan(r, t, from, f);
    for (bool more = true; a == TB_STATE_DONE && more;) {
        PGresult *result = PQexecParams(r->pg, "FETCH " FETCH_ROWS " FROM scan", 0, NULL, NULL,
                                        NULL, NULL, 1);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            a = failed(r, result, t->name, f);
        else
            more = PQntuples(result) > 0 && hand_on(result, t, fn, user);
        PQclear(result);
    }
    PQclear(PQexec(r->pg, r->held ? "CLOSE scan" : "ROLLBACK"));
    return a;
}

enum tb_state_answer tb_state_postgres_reader_hold(struct tb_state_reader *r, bool on, struct tb_fault *f)
{
    tb_assert(r->held != on);
    enum tb_state_answer a = on ? connect_reader(r, f) : TB_STATE_DONE;
    if (a == TB_STATE_DONE)
        a = tb_pg_exec(r->pg, on ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1" : "ROLLBACK",
                       "hold an instant", f);
    r->held = on && a == TB_STATE_DONE;
    return a;
}

/* ---- people's SQL ---- */

/* COPY and DO may act outside the transaction or outside the server: only these words
 * may begin a statement. READ ONLY refuses writing inside WITH and EXPLAIN ANALYZE.    */
static bool begins_reading(const char *p)
{
    static const char *const word[] = {"select", "with", "values", "table", "explain", "show"};
    for (;;) {
        while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '(' || *p == ';')
            p++;
        if (p[0] != '-' || p[1] != '-')
            break;
        while (*p != 0 && *p != '\n')
            p++;
    }
    for (size_t i = 0; i < TB_COUNT_OF(word); i++)
        if (strncasecmp(p, word[i], strlen(word[i])) == 0)
            return true;
    return false;
}

static enum tb_state_answer query_refusal(struct tb_state_reader *r, const PGresult *result,
                                          uint32_t limit_ms, struct tb_fault *f)
{
    if (PQstatus(r->pg) != CONNECTION_OK)
        return tb_pg_lost(r->pg, "query", f);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state != NULL && strcmp(state, "57014") == 0) {
        tb_fault_set(f, false, "stopped after %" PRIu32 " ms", limit_ms);
        return TB_STATE_FAULT;
    }
    if (state != NULL && (strncmp(state, "42", 2) == 0 || strncmp(state, "22", 2) == 0 ||
                          strncmp(state, "25", 2) == 0 || strncmp(state, "0A", 2) == 0 ||
                          strncmp(state, "54", 2) == 0 || strncmp(state, "P0", 2) == 0)) {
        tb_fault_set(f, false, "%s", message ? message : "refused");
        return TB_STATE_REFUSED;
    }
    return tb_pg_refusal(result, "query", f);
}

static bool query_row(const PGresult *result, struct tb_value *v, uint32_t n, tb_row_fn fn,
                      void *user)
{
    for (uint32_t i = 0; i < n; i++) {
        int c = (int)i;
        v[i] = (struct tb_value){.null = PQgetisnull(result, 0, c)};
        if (v[i].null)
            continue;
        v[i].str = (struct tb_str){PQgetvalue(result, 0, c), (uint32_t)PQgetlength(result, 0, c)};
        Oid type = PQftype(result, c);
        if ((type == 20 || type == 21 || type == 23) && !tb_str_to_i64(v[i].str, &v[i].i64))
            v[i].i64 = 0;
    }
    return fn(user, v, n);
}

static void give_head(const PGresult *result, uint32_t n, tb_head_fn head, void *user)
{
    const char **name = calloc(n + 1, sizeof(char *));
    tb_assert(name != NULL);
    for (uint32_t i = 0; i < n; i++)
        name[i] = PQfname(result, (int)i);
    head(user, name, n);
    free(name);
}

static void cancel(PGconn *pg)
{
    char text[256];
    PGcancel *c = PQgetCancel(pg);
    if (c != NULL)
        PQcancel(c, text, sizeof text);
    PQfreeCancel(c);
}

/* A row at a time, so that a large answer needs no memory here. */
static enum tb_state_answer run_query(struct tb_state_reader *r, const char *sql,
                                      uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                      void *user, struct tb_fault *f)
{
    if (!PQsendQueryParams(r->pg, sql, 0, NULL, NULL, NULL, NULL, 0))
        return tb_pg_lost(r->pg, "query", f);
    PQsetSingleRowMode(r->pg);
    enum tb_state_answer a = TB_STATE_DONE;
    struct tb_value *v = NULL;
    bool more = true;
    for (PGresult *result; (result = PQgetResult(r->pg)) != NULL; PQclear(result)) {
        ExecStatusType s = PQresultStatus(result);
        uint32_t n = (uint32_t)PQnfields(result);
        if (s != PGRES_SINGLE_TUPLE && s != PGRES_TUPLES_OK) {
            if (a == TB_STATE_DONE && more)
                a = query_refusal(r, result, limit_ms, f);
            continue;
        }
        if (v == NULL) {
            v = calloc(n + 1, sizeof *v);
            tb_assert(v != NULL);
            if (head != NULL)
                give_head(result, n, head, user);
        }
        if (s == PGRES_SINGLE_TUPLE && more && !query_row(result, v, n, fn, user)) {
            more = false;
            cancel(r->pg);
        }
    }
    free(v);
    return a;
}

enum tb_state_answer tb_state_postgres_query(struct tb_state_reader *r, struct tb_str sql,
                                             uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                             void *user, struct tb_fault *f)
{
    char set[96];
    char *text = strndup(sql.p ? sql.p : "", sql.n);
    tb_assert(text != NULL && !r->held);
    enum tb_state_answer a = TB_STATE_DONE;
    if (!begins_reading(text)) {
        tb_fault_set(f, false, "only statements that read are allowed");
        a = TB_STATE_REFUSED;
    }
    if (a == TB_STATE_DONE)
        a = connect_reader(r, f);
    snprintf(set, sizeof set, "BEGIN READ ONLY; SET LOCAL statement_timeout = %" PRIu32,
             limit_ms > 0 ? limit_ms : 1);
    if (a == TB_STATE_DONE) {
        a = tb_pg_exec(r->pg, set, "query", f);
        if (a == TB_STATE_DONE)
            a = run_query(r, text, limit_ms, head, fn, user, f);
        PQclear(PQexec(r->pg, "ROLLBACK")); /* takes settings that were changed with it */
    }
    free(text);
    return a;
}
