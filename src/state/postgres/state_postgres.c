// SPDX-License-Identifier: Apache-2.0
/* Connecting, writing, the checkpoint, sync. Reading is read.c, tables are schema.c. */
#include "state/postgres/state_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/postgres/inside.h"
#include "state/row.h"

#define CHUNK_ROWS 4096
#define CHUNK_BYTES (4 << 20)
#define CONNECT_TIMEOUT_MS 3000

static struct tb_state_postgres *self(struct tb_state *s)
{
    return (struct tb_state_postgres *)s;
}

/* libpq's messages end in a line feed and may be several lines. */
static void one_line(struct tb_fault *f)
{
    for (char *p = f->text; *p != 0; p++)
        if (*p == '\n')
            *p = p[1] == 0 ? 0 : ' ';
}

enum tb_state_answer tb_pg_lost(const PGconn *pg, const char *doing, struct tb_fault *f)
{
    tb_fault_set(f, true, "state: PostgreSQL: %s: %s", doing,
                 pg ? PQerrorMessage(pg) : "not connected");
    one_line(f);
    return TB_STATE_FAULT;
}

enum tb_state_answer tb_pg_refusal(const PGresult *r, const char *doing, struct tb_fault *f)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    bool passing = state == NULL || strncmp(state, "40", 2) == 0 ||
                   strncmp(state, "53", 2) == 0 || strncmp(state, "55", 2) == 0 ||
                   strncmp(state, "57", 2) == 0 || strncmp(state, "08", 2) == 0;
    tb_fault_set(f, passing, "state: PostgreSQL: %s: %s", doing, PQresultErrorMessage(r));
    one_line(f);
    return state != NULL && strcmp(state, "53100") == 0 ? TB_STATE_NO_SPACE : TB_STATE_FAULT;
}

enum tb_state_answer tb_pg_exec(PGconn *pg, const char *sql, const char *doing,
                                struct tb_fault *f)
{
    PGresult *r = PQexec(pg, sql);
    ExecStatusType s = PQresultStatus(r);
    enum tb_state_answer a = TB_STATE_DONE;
    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
        a = PQstatus(pg) == CONNECTION_OK ? tb_pg_refusal(r, doing, f) : tb_pg_lost(pg, doing, f);
    PQclear(r);
    return a;
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

PGconn *tb_pg_connect(const struct tb_state_postgres *s, const char *application,
                      struct tb_fault *f)
{
    char seconds[16], path[128];
    snprintf(seconds, sizeof seconds, "%u", (s->connect_timeout_ms + 999) / 1000);
    /* Before dbname: the operator's string has the last word. */
    const char *const key[] = {"application_name", "target_session_attrs", "connect_timeout",
                               "tcp_user_timeout", "keepalives_idle",      "dbname",
                               NULL};
    const char *const value[] = {application, "read-write", seconds, "10000",
                                 "5",         s->conninfo,  NULL};
    PGconn *pg = PQconnectdbParams(key, value, 1);
    enum tb_state_answer a = TB_STATE_DONE;
    if (PQstatus(pg) != CONNECTION_OK)
        a = tb_pg_lost(pg, "connect", f);
    else
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
    snprintf(path, sizeof path, "SET search_path = \"%s\"; SET client_encoding = 'UTF8'",
             s->schema);
    if (a == TB_STATE_DONE)
        a = tb_pg_exec(pg, path, "connect", f);
    if (a == TB_STATE_DONE)
        return pg;
    PQfinish(pg);
    return NULL;
}

static enum tb_state_answer connect_flusher(struct tb_state_postgres *s, struct tb_fault *f)
{
    if (s->pg != NULL && PQstatus(s->pg) == CONNECTION_OK)
        return TB_STATE_DONE;
    PQfinish(s->pg);
    s->marked = false;
    s->pg = tb_pg_connect(s, "tongbao state", f);
    if (s->pg == NULL)
        return TB_STATE_FAULT;
    /* See the header: durability is sync's, and a frozen session must not last. */
    enum tb_state_answer a = tb_pg_exec(s->pg,
                                        "SET synchronous_commit = off; SET lock_timeout = '5s';"
                                        "SET idle_in_transaction_session_timeout = '10s';"
                                        "SET default_transaction_isolation = 'read committed'",
                                        "connect", f);
    if (a == TB_STATE_DONE && s->table != NULL)
        a = tb_pg_prepare_tables(s, f);
    if (a != TB_STATE_DONE) {
        PQfinish(s->pg);
        s->pg = NULL;
    }
    return a;
}

/* ---- the checkpoint ---- */

static enum tb_state_answer postgres_checkpoint(struct tb_state *base, struct tb_checkpoint *out,
                                                struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    memset(out, 0, sizeof *out);
    enum tb_state_answer a = connect_flusher(s, f);
    if (a != TB_STATE_DONE)
        return a;
    PGresult *r = PQexec(s->pg, "SELECT epoch, batch, encode(hash, 'hex'), at_ms FROM checkpoint");
    int64_t v[3] = {0};
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        a = tb_pg_refusal(r, "read the checkpoint", f);
    } else if (PQntuples(r) != 1 || PQgetlength(r, 0, 2) != TB_HASH_BYTES * 2 ||
               !tb_str_to_i64(tb_str_of(PQgetvalue(r, 0, 0)), &v[0]) ||
               !tb_str_to_i64(tb_str_of(PQgetvalue(r, 0, 1)), &v[1]) ||
               !tb_str_to_i64(tb_str_of(PQgetvalue(r, 0, 3)), &v[2])) {
        tb_fault_set(f, false, "state: PostgreSQL: the checkpoint is malformed");
        a = TB_STATE_FAULT;
    } else {
        out->epoch = (uint64_t)v[0];
        out->batch = (uint64_t)v[1];
        out->at_ms = v[2];
        const char *hex = PQgetvalue(r, 0, 2);
        for (int i = 0; i < TB_HASH_BYTES * 2; i++) {
            uint8_t digit = (uint8_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
            out->hash[i / 2] = (uint8_t)(out->hash[i / 2] << 4 | digit);
        }
    }
    PQclear(r);
    return a;
}

/* ---- writing ---- */

void tb_pg_note_state(struct tb_state_postgres *s, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (s->sqlstate[0] == 0)
        snprintf(s->sqlstate, sizeof s->sqlstate, "%s", state ? state : "");
}

static enum tb_state_answer postgres_begin(struct tb_state *base, struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    tb_assert(!s->in_transaction && s->table != NULL);
    enum tb_state_answer a = connect_flusher(s, f);
    if (a == TB_STATE_DONE)
        a = tb_copy_marks(s, f);
    if (a != TB_STATE_DONE)
        return a;
    s->in_transaction = true;
    s->sent = s->piped = false;
    s->sqlstate[0] = 0;
    return TB_STATE_DONE;
}

static bool send_text(struct tb_state_postgres *s, const char *sql)
{
    return PQsendQueryParams(s->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/* Reads results up to the sync point; the first refusal decides. *last is the number of
 * rows that the last statement touched.                                                 */
static enum tb_state_answer collect(struct tb_state_postgres *s, int64_t *last, struct tb_fault *f)
{
    enum tb_state_answer a = TB_STATE_DONE;
    int empty = 0;
    for (;;) {
        PGresult *r = PQgetResult(s->pg);
        if (PQstatus(s->pg) != CONNECTION_OK || (r == NULL && ++empty > 1)) {
            PQclear(r);
            return tb_pg_lost(s->pg, "commit", f);
        }
        if (r == NULL)
            continue;
        empty = 0;
        ExecStatusType status = PQresultStatus(r);
        if (status == PGRES_COMMAND_OK) {
            *last = 0;
            (void)!tb_str_to_i64(tb_str_of(PQcmdTuples(r)), last);
        } else if (status == PGRES_FATAL_ERROR && a == TB_STATE_DONE) {
            tb_pg_note_state(s, r);
            a = tb_pg_refusal(r, "write", f);
        }
        PQclear(r);
        if (status == PGRES_PIPELINE_SYNC)
            return a;
    }
}

/* BEGIN goes with the first rows, so that no transaction is open while we only buffer. */
static bool send_begin(struct tb_state_postgres *s)
{
    if (!s->piped && !PQenterPipelineMode(s->pg))
        return false;
    s->piped = true;
    if (s->sent)
        return true;
    s->sent = true;
    return send_text(s, "BEGIN");
}

/* Out of the pipeline, into the transaction: COPY goes alone. */
static enum tb_state_answer begin_copy(struct tb_state_postgres *s, struct tb_fault *f)
{
    int64_t rows;
    enum tb_state_answer a = TB_STATE_DONE;
    if (s->piped) {
        a = PQpipelineSync(s->pg) ? collect(s, &rows, f) : tb_pg_lost(s->pg, "write", f);
        if (a == TB_STATE_DONE && !PQexitPipelineMode(s->pg))
            a = tb_pg_lost(s->pg, "write", f);
        s->piped = a != TB_STATE_DONE;
    }
    if (a != TB_STATE_DONE || s->sent)
        return a;
    s->sent = true;
    return tb_pg_exec(s->pg, "BEGIN", "begin", f);
}

static enum tb_state_answer send_copy(struct tb_state_postgres *s, uint32_t i, struct tb_fault *f)
{
    if (s->copy[i].rows == 0)
        return TB_STATE_DONE;
    enum tb_state_answer a = begin_copy(s, f);
    return a == TB_STATE_DONE ? tb_copy_send(s, i, f) : a;
}

static bool send_arrays(struct tb_state_postgres *s, uint32_t i, const char *kind, uint32_t n)
{
    const char *value[TB_PG_COLUMN_MAX];
    int length[TB_PG_COLUMN_MAX], binary[TB_PG_COLUMN_MAX];
    char name[32];
    for (uint32_t c = 0; c < n; c++) {
        value[c] = s->array[c].p;
        length[c] = (int)s->array[c].n;
        binary[c] = 1;
    }
    snprintf(name, sizeof name, "%s_%" PRIu32, kind, i);
    return PQsendQueryPrepared(s->pg, name, (int)n, value, length, binary, 0) == 1;
}

/* Sends what is buffered of table i: drops and puts are of different keys, so their order
 * does not matter.                                                                       */
static bool send_buffer(struct tb_state_postgres *s, uint32_t i)
{
    const struct tb_table *t = &s->table[i];
    struct tb_table_buffer *b = &s->buffer[i];
    if (b->row_n == 0)
        return true;
    bool ok = send_begin(s);
    uint32_t drops = 0, puts = 0;
    for (uint32_t c = 0; c < t->key_n; c++)
        drops = tb_buffer_encode(b, t, c, true, &s->array[c]);
    if (ok && drops > 0)
        ok = send_arrays(s, i, "drop", t->key_n);
    for (uint32_t c = 0; c < t->column_n; c++)
        puts = tb_buffer_encode(b, t, c, false, &s->array[c]);
    if (ok && puts > 0)
        ok = send_arrays(s, i, "put", t->column_n);
    tb_buffer_clear(b);
    return ok;
}

/* What is copied comes before what was buffered: its keys were new when it came. */
static enum tb_state_answer send_table(struct tb_state_postgres *s, uint32_t i, struct tb_fault *f)
{
    enum tb_state_answer a = send_copy(s, i, f);
    if (a == TB_STATE_DONE && !send_buffer(s, i))
        a = tb_pg_lost(s->pg, s->table[i].name, f);
    return a;
}

static uint32_t index_of(const struct tb_state_postgres *s, const struct tb_table *t)
{
    tb_assert(s->in_transaction);
    tb_assert(t >= s->table && t < s->table + s->table_n);
    return (uint32_t)(t - s->table);
}

static enum tb_state_answer postgres_put(struct tb_state *base, const struct tb_table *t,
                                         const struct tb_value *v, struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    uint32_t i = index_of(s, t);
    struct tb_table_buffer *b = &s->buffer[i];
    struct tb_copy *copy = &s->copy[i];
    if (!tb_row_ok(t, v, f))
        return TB_STATE_FAULT;
    for (uint32_t k = 0; k < t->key_n; k++)
        tb_assert(!v[k].null);
    if (tb_copy_passes(copy, t, v)) {
        tb_copy_add(copy, t, v);
        return copy->n >= CHUNK_BYTES ? send_copy(s, i, f) : TB_STATE_DONE;
    }
    enum tb_state_answer a = TB_STATE_DONE;
    if (t->insert_only && tb_buffer_drops(b, t, v))
        a = send_table(s, i, f);
    if (a != TB_STATE_DONE)
        return a;
    tb_buffer_put(b, t, v);
    return b->row_n >= CHUNK_ROWS || b->bytes >= CHUNK_BYTES ? send_table(s, i, f) : a;
}

static enum tb_state_answer postgres_drop(struct tb_state *base, const struct tb_table *t,
                                          const struct tb_value *key, struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    uint32_t i = index_of(s, t);
    for (uint32_t k = 0; k < t->key_n; k++)
        tb_assert(!key[k].null);
    (void)tb_copy_passes(&s->copy[i], t, key); /* a later put of that key waits behind the drop */
    tb_buffer_drop(&s->buffer[i], t, key);
    return s->buffer[i].row_n >= CHUNK_ROWS ? send_table(s, i, f) : TB_STATE_DONE;
}

static enum tb_state_answer postgres_drop_prefix(struct tb_state *base, const struct tb_table *t,
                                                 const struct tb_value *first,
                                                 struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    uint32_t i = index_of(s, t);
    tb_assert(!first->null);
    enum tb_state_answer a = send_table(s, i, f);
    if (a != TB_STATE_DONE)
        return a;
    bool ok = send_begin(s);
    /* the one value as an array: the buffer knows how to encode that */
    struct tb_value row[TB_PG_COLUMN_MAX] = {*first};
    tb_buffer_drop(&s->buffer[i], t, row);
    tb_buffer_encode(&s->buffer[i], t, 0, true, &s->array[0]);
    tb_buffer_clear(&s->buffer[i]);
    return ok && send_arrays(s, i, "prefix", 1) ? TB_STATE_DONE : tb_pg_lost(s->pg, t->name, f);
}

/* The transaction's end. */
static enum tb_state_answer finish(struct tb_state_postgres *s, const char *sql,
                                   struct tb_fault *f)
{
    int64_t rows;
    if (!s->piped)
        return tb_pg_exec(s->pg, sql, sql, f);
    if (!send_text(s, sql) || !PQpipelineSync(s->pg))
        return tb_pg_lost(s->pg, sql, f);
    return collect(s, &rows, f);
}

static bool send_guard(struct tb_state_postgres *s, const struct tb_checkpoint *c)
{
    char epoch[24], batch[24], at[24];
    snprintf(epoch, sizeof epoch, "%" PRId64, (int64_t)c->epoch);
    snprintf(batch, sizeof batch, "%" PRId64, (int64_t)c->batch);
    snprintf(at, sizeof at, "%" PRId64, c->at_ms);
    const char *value[] = {epoch, batch, (const char *)c->hash, at};
    return PQsendQueryParams(s->pg,
                             "UPDATE checkpoint SET epoch = $1::bigint, batch = $2::bigint,"
                             " hash = $3::bytea, at_ms = $4::bigint"
                             " WHERE epoch <= $1::bigint AND batch <= $2::bigint",
                             4, NULL, value, (const int[]){0, 0, TB_HASH_BYTES, 0},
                             (const int[]){0, 0, 1, 0}, 0) == 1;
}

/* A session of a frozen flusher holds what we wait for: it is ended. Its transaction was
 * not committed and its process finds the connection broken.                            */
static void end_blockers(struct tb_state_postgres *s)
{
    struct tb_fault ignored;
    (void)!tb_pg_exec(s->pg,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE application_name = 'tongbao state' AND pid <> pg_backend_pid()"
                      " AND datname = current_database()"
                      " AND xact_start < now() - interval '4 s'",
                      "end a frozen session", &ignored);
}

static void forget(struct tb_state_postgres *s)
{
    for (uint32_t i = 0; i < s->table_n; i++) {
        tb_buffer_clear(&s->buffer[i]);
        tb_copy_clear(&s->copy[i]);
    }
    s->in_transaction = false;
    s->sent = false;
    bool lost = s->pg != NULL && PQstatus(s->pg) != CONNECTION_OK;
    if (lost || (s->piped && !PQexitPipelineMode(s->pg))) {
        PQfinish(s->pg);
        s->pg = NULL;
    }
    s->piped = false;
}

static void postgres_abandon(struct tb_state *base)
{
    struct tb_state_postgres *s = self(base);
    struct tb_fault ignored;
    tb_assert(s->in_transaction);
    if (s->sent && PQstatus(s->pg) == CONNECTION_OK)
        (void)!finish(s, "ROLLBACK", &ignored);
    forget(s);
    s->marked = false; /* they were raised by rows that are not there */
    if (strcmp(s->sqlstate, "55P03") == 0 && s->pg != NULL)
        end_blockers(s);
}

static enum tb_state_answer postgres_commit(struct tb_state *base, const struct tb_checkpoint *c,
                                            struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    tb_assert(s->in_transaction);
    int64_t guarded = 0;
    enum tb_state_answer a = TB_STATE_DONE;
    for (uint32_t i = 0; a == TB_STATE_DONE && i < s->table_n; i++)
        a = send_copy(s, i, f);
    bool ok = a == TB_STATE_DONE && send_begin(s);
    for (uint32_t i = 0; ok && i < s->table_n; i++)
        ok = send_buffer(s, i);
    ok = ok && send_guard(s, c) && PQpipelineSync(s->pg);
    if (a == TB_STATE_DONE)
        a = ok ? collect(s, &guarded, f) : tb_pg_lost(s->pg, "write", f);
    if (a == TB_STATE_DONE && guarded != 1) {
        tb_fault_set(f, false, "state: a later leader's checkpoint is there");
        a = TB_STATE_DEPOSED;
    }
    if (a == TB_STATE_DONE)
        a = finish(s, "COMMIT", f);
    if (a == TB_STATE_DONE) {
        forget(s);
        return a;
    }
    struct tb_fault why = *f;
    postgres_abandon(base);
    *f = why;
    return a;
}

static enum tb_state_answer postgres_sync(struct tb_state *base, struct tb_checkpoint *durable,
                                          struct tb_fault *f)
{
    struct tb_state_postgres *s = self(base);
    tb_assert(!s->in_transaction);
    enum tb_state_answer a = postgres_checkpoint(base, durable, f);
    /* A synchronous commit flushes the server's log up to itself, so all before it. */
    if (a == TB_STATE_DONE)
        a = tb_pg_exec(s->pg,
                       "BEGIN; SET LOCAL synchronous_commit = on;"
                       "UPDATE checkpoint SET at_ms = at_ms; COMMIT",
                       "sync", f);
    return a;
}

/* ---- opening and closing ---- */

static enum tb_state_answer postgres_snapshot(struct tb_state *base, const char *path,
                                              struct tb_fault *f)
{
    (void)base, (void)path;
    tb_fault_set(f, false, "use pg_dump or pg_basebackup: they copy a PostgreSQL that serves");
    return TB_STATE_REFUSED;
}

static void postgres_close(struct tb_state *base)
{
    struct tb_state_postgres *s = self(base);
    tb_assert(atomic_load(&s->reader_n) == 0);
    if (s->in_transaction)
        postgres_abandon(base);
    for (uint32_t i = 0; i < s->table_n; i++) {
        tb_buffer_free(&s->buffer[i]);
        tb_copy_free(&s->copy[i]);
    }
    for (size_t c = 0; c < TB_COUNT_OF(s->array); c++)
        free(s->array[c].p);
    free(s->buffer);
    free(s->copy);
    PQfinish(s->pg);
    free(s->conninfo);
    free(s);
}

static const struct tb_state_ops postgres_ops = {
    .name = "postgres",
    .ensure = tb_state_postgres_ensure,
    .checkpoint = postgres_checkpoint,
    .begin = postgres_begin,
    .put = postgres_put,
    .drop = postgres_drop,
    .drop_prefix = postgres_drop_prefix,
    .commit = postgres_commit,
    .abandon = postgres_abandon,
    .sync = postgres_sync,
    .reader_open = tb_state_postgres_reader_open,
    .get = tb_state_postgres_get,
    .scan = tb_state_postgres_scan,
    .query = tb_state_postgres_query,
    .reader_hold = tb_state_postgres_reader_hold,
    .reader_close = tb_state_postgres_reader_close,
    .snapshot = postgres_snapshot,
    .close = postgres_close,
};

/* The lock makes two processes that start together take turns. */
static enum tb_state_answer make_own(struct tb_state_postgres *s, struct tb_fault *f)
{
    char sql[640];
    snprintf(sql, sizeof sql,
             "BEGIN; SELECT pg_advisory_xact_lock(hashtext('%1$s'));"
             "CREATE SCHEMA IF NOT EXISTS \"%1$s\";"
             "CREATE TABLE IF NOT EXISTS about(schema bigint);"
             "CREATE TABLE IF NOT EXISTS checkpoint(one int PRIMARY KEY CHECK (one = 1),"
             " epoch bigint NOT NULL, batch bigint NOT NULL, hash bytea NOT NULL,"
             " at_ms bigint NOT NULL);"
             "INSERT INTO checkpoint SELECT 1, 0, 0, decode(repeat('00', %2$d), 'hex'), 0"
             " WHERE NOT EXISTS (SELECT 1 FROM checkpoint); COMMIT",
             s->schema, TB_HASH_BYTES);
    return tb_pg_exec(s->pg, sql, "make the schema", f);
}

static bool schema_name_ok(const char *t)
{
    size_t n = strlen(t);
    return n > 0 && n <= TB_PG_NAME_MAX && !(t[0] >= '0' && t[0] <= '9') &&
           strspn(t, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

enum tb_state_answer tb_state_postgres_open(const char *conninfo,
                                            const struct tb_state_postgres_options *options,
                                            struct tb_state **out, struct tb_fault *f)
{
    const char *schema = options && options->schema ? options->schema : "tongbao";
    *out = NULL;
    if (!schema_name_ok(schema)) {
        tb_fault_set(f, false, "state: '%.60s' is not a schema name ([a-z0-9_])", schema);
        return TB_STATE_FAULT;
    }
    struct tb_state_postgres *s = calloc(1, sizeof *s);
    tb_assert(s != NULL);
    s->base.ops = &postgres_ops;
    s->conninfo = strdup(conninfo);
    tb_assert(s->conninfo != NULL);
    snprintf(s->schema, sizeof s->schema, "%s", schema);
    s->connect_timeout_ms = options && options->connect_timeout_ms ? options->connect_timeout_ms
                                                                   : CONNECT_TIMEOUT_MS;
    enum tb_state_answer a = connect_flusher(s, f);
    if (a == TB_STATE_DONE)
        a = make_own(s, f);
    if (a != TB_STATE_DONE) {
        postgres_close(&s->base);
        return a;
    }
    *out = &s->base;
    return TB_STATE_DONE;
}
