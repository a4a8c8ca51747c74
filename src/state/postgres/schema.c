// SPDX-License-Identifier: Apache-2.0
/* Making and widening tables, remarks, and the statements of a table. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/postgres/inside.h"

void tb_pg_quoted(struct tb_buf *b, const char *name)
{
    tb_assert(strchr(name, '"') == NULL);
    tb_buf_printf(b, "\"%s\"", name);
}

void tb_pg_columns(struct tb_buf *b, const struct tb_table *t, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        tb_buf_c(b, i > 0 ? ", " : "");
        tb_pg_quoted(b, t->column[i].name);
    }
}

const char *tb_pg_type(enum tb_column_type type)
{
    static const char *const name[] = {
        [TB_COLUMN_I64] = "bigint", [TB_COLUMN_TEXT] = "text", [TB_COLUMN_BLOB] = "bytea"};
    return name[type];
}

unsigned int tb_pg_array_oid(enum tb_column_type type)
{
    static const unsigned int oid[] = {
        [TB_COLUMN_I64] = 1016, [TB_COLUMN_TEXT] = 1009, [TB_COLUMN_BLOB] = 1001};
    return oid[type];
}

static const char *end_sql(struct tb_buf *b)
{
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
    return (const char *)b->p;
}

static void column_sql(struct tb_buf *b, const struct tb_table *t, uint32_t i)
{
    bool key = i < t->key_n;
    tb_pg_quoted(b, t->column[i].name);
    tb_buf_printf(b, " %s%s%s", tb_pg_type(t->column[i].type),
                  key && t->column[i].type == TB_COLUMN_TEXT ? " COLLATE \"C\"" : "",
                  key ? " NOT NULL" : "");
}

static enum tb_state_answer create_table(PGconn *pg, const struct tb_table *t, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "CREATE TABLE ");
    tb_pg_quoted(&b, t->name);
    tb_buf_c(&b, "(");
    for (uint32_t i = 0; i < t->column_n; i++) {
        column_sql(&b, t, i);
        tb_buf_c(&b, ", ");
    }
    tb_buf_c(&b, "PRIMARY KEY(");
    tb_pg_columns(&b, t, t->key_n);
    /* Room on each page, so that an update stays on it and touches no index. */
    tb_buf_c(&b, t->insert_only ? "))" : ")) WITH (fillfactor = 75)");
    return tb_pg_exec(pg, end_sql(&b), t->name, f);
}

static enum tb_state_answer one_column(PGconn *pg, const struct tb_table *t, uint32_t i,
                                       bool missing, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    tb_buf_init(&b, sql, sizeof sql);
    if (missing) {
        tb_buf_c(&b, "ALTER TABLE ");
        tb_pg_quoted(&b, t->name);
        tb_buf_c(&b, " ADD COLUMN ");
        column_sql(&b, t, i);
        tb_buf_c(&b, ";");
    }
    const char *remark = t->column[i].remark ? t->column[i].remark : "";
    char *quoted = PQescapeLiteral(pg, remark, strlen(remark));
    tb_assert(quoted != NULL);
    tb_buf_c(&b, "COMMENT ON COLUMN ");
    tb_pg_quoted(&b, t->name);
    tb_buf_c(&b, ".");
    tb_pg_quoted(&b, t->column[i].name);
    tb_buf_printf(&b, " IS %s", quoted);
    PQfreemem(quoted);
    return tb_pg_exec(pg, end_sql(&b), t->name, f);
}

/* Blobs are dense already: no compression. A table-wide remark. */
static enum tb_state_answer dress_table(PGconn *pg, const struct tb_table *t, bool fresh,
                                        struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    char *quoted = PQescapeLiteral(pg, t->remark ? t->remark : "",
                                   strlen(t->remark ? t->remark : ""));
    tb_assert(quoted != NULL);
    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "COMMENT ON TABLE ");
    tb_pg_quoted(&b, t->name);
    tb_buf_printf(&b, " IS %s", quoted);
    PQfreemem(quoted);
    for (uint32_t i = 0; fresh && i < t->column_n; i++) {
        if (t->column[i].type != TB_COLUMN_BLOB)
            continue;
        tb_buf_c(&b, "; ALTER TABLE ");
        tb_pg_quoted(&b, t->name);
        tb_buf_c(&b, " ALTER COLUMN ");
        tb_pg_quoted(&b, t->column[i].name);
        tb_buf_c(&b, " SET STORAGE EXTERNAL");
    }
    return tb_pg_exec(pg, end_sql(&b), t->name, f);
}

static bool is_present(const PGresult *r, const char *name)
{
    for (int i = 0; i < PQntuples(r); i++)
        if (strcmp(PQgetvalue(r, i, 0), name) == 0)
            return true;
    return false;
}

static enum tb_state_answer ensure_table(PGconn *pg, const struct tb_table *t, struct tb_fault *f)
{
    const char *name = t->name;
    PGresult *r = PQexecParams(pg,
                               "SELECT column_name FROM information_schema.columns WHERE"
                               " table_schema = current_schema() AND table_name = $1",
                               1, NULL, &name, NULL, NULL, 0);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        enum tb_state_answer a = tb_pg_refusal(r, t->name, f);
        PQclear(r);
        return a;
    }
    bool fresh = PQntuples(r) == 0;
    enum tb_state_answer a = fresh ? create_table(pg, t, f) : TB_STATE_DONE;
    for (uint32_t i = 0; a == TB_STATE_DONE && i < t->column_n; i++) {
        bool missing = !fresh && !is_present(r, t->column[i].name);
        if (missing && i < t->key_n) {
            tb_fault_set(f, false, "state: table %s has another key", t->name);
            a = TB_STATE_FAULT;
        } else {
            a = one_column(pg, t, i, missing, f);
        }
    }
    PQclear(r);
    return a == TB_STATE_DONE ? dress_table(pg, t, fresh, f) : a;
}

static enum tb_state_answer check_schema(PGconn *pg, uint32_t schema, struct tb_fault *f)
{
    PGresult *r = PQexec(pg, "SELECT max(schema) FROM about");
    enum tb_state_answer a = TB_STATE_DONE;
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        a = tb_pg_refusal(r, "read the schema number", f);
    } else {
        int64_t held = 0;
        bool some = !PQgetisnull(r, 0, 0);
        if (some && !tb_str_to_i64(tb_str_of(PQgetvalue(r, 0, 0)), &held))
            held = INT64_MAX;
        if (held > (int64_t)schema) {
            tb_fault_set(f, false,
                         "state: the data base has schema %" PRId64 ", this program knows %" PRIu32,
                         held, schema);
            a = TB_STATE_NEWER;
        }
    }
    PQclear(r);
    return a;
}

enum tb_state_answer tb_state_postgres_ensure(struct tb_state *base, const struct tb_table *t,
                                              uint32_t n, uint32_t schema, struct tb_fault *f)
{
    struct tb_state_postgres *s = (struct tb_state_postgres *)base;
    char sql[160];
    tb_assert(s->table == NULL && n > 0);
    for (uint32_t i = 0; i < n; i++)
        tb_assert(t[i].column_n <= TB_PG_COLUMN_MAX && t[i].key_n > 0 &&
                  t[i].key_n <= t[i].column_n);
    /* One at a time: leaders and standbys may start together. */
    enum tb_state_answer a =
        tb_pg_exec(s->pg, "BEGIN; SELECT pg_advisory_xact_lock(hashtext(current_schema()))",
                   "ensure", f);
    if (a == TB_STATE_DONE)
        a = check_schema(s->pg, schema, f);
    for (uint32_t i = 0; a == TB_STATE_DONE && i < n; i++)
        a = ensure_table(s->pg, &t[i], f);
    snprintf(sql, sizeof sql, "DELETE FROM about; INSERT INTO about VALUES(%" PRIu32 "); COMMIT",
             schema);
    if (a == TB_STATE_DONE)
        a = tb_pg_exec(s->pg, sql, "ensure", f);
    if (a != TB_STATE_DONE) {
        PQclear(PQexec(s->pg, "ROLLBACK"));
        return a;
    }
    s->table = t;
    s->table_n = n;
    s->buffer = calloc(n, sizeof *s->buffer);
    s->copy = calloc(n, sizeof *s->copy);
    tb_assert(s->buffer != NULL && s->copy != NULL);
    return tb_pg_prepare_tables(s, f);
}

/* ---- statements ---- */

static void unnest_sql(struct tb_buf *b, const struct tb_table *t, uint32_t n)
{
    tb_buf_c(b, "unnest(");
    for (uint32_t i = 0; i < n; i++)
        tb_buf_printf(b, "%s$%" PRIu32 "::%s[]", i > 0 ? ", " : "", i + 1,
                      tb_pg_type(t->column[i].type));
    tb_buf_c(b, ")");
}

static void put_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "INSERT INTO ");
    tb_pg_quoted(b, t->name);
    tb_buf_c(b, "(");
    tb_pg_columns(b, t, t->column_n);
    tb_buf_c(b, ") SELECT * FROM ");
    unnest_sql(b, t, t->column_n);
    tb_buf_c(b, " ON CONFLICT (");
    tb_pg_columns(b, t, t->key_n);
    if (t->insert_only || t->key_n == t->column_n) {
        tb_buf_c(b, ") DO NOTHING");
        return;
    }
    tb_buf_c(b, ") DO UPDATE SET ");
    for (uint32_t i = t->key_n; i < t->column_n; i++) {
        tb_buf_c(b, i > t->key_n ? ", " : "");
        tb_pg_quoted(b, t->column[i].name);
        tb_buf_c(b, " = EXCLUDED.");
        tb_pg_quoted(b, t->column[i].name);
    }
}

static void drop_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "DELETE FROM ");
    tb_pg_quoted(b, t->name);
    tb_buf_c(b, " WHERE (");
    tb_pg_columns(b, t, t->key_n);
    tb_buf_c(b, ") IN (SELECT * FROM ");
    unnest_sql(b, t, t->key_n);
    tb_buf_c(b, ")");
}

static void prefix_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "DELETE FROM ");
    tb_pg_quoted(b, t->name);
    tb_buf_c(b, " WHERE ");
    tb_pg_quoted(b, t->column[0].name);
    tb_buf_printf(b, " = ANY($1::%s[])", tb_pg_type(t->column[0].type));
}

enum tb_state_answer tb_pg_prepare_tables(struct tb_state_postgres *s, struct tb_fault *f)
{
    static const struct {
        const char *name;
        void (*sql)(struct tb_buf *, const struct tb_table *);
    } kind[] = {{"put", put_sql}, {"drop", drop_sql}, {"prefix", prefix_sql}};
    enum tb_state_answer a = TB_STATE_DONE;
    for (uint32_t i = 0; i < s->table_n; i++)
        for (size_t k = 0; a == TB_STATE_DONE && k < TB_COUNT_OF(kind); k++) {
            char sql[TB_PG_SQL_MAX], name[32];
            struct tb_buf b;
            tb_buf_init(&b, sql, sizeof sql);
            kind[k].sql(&b, &s->table[i]);
            snprintf(name, sizeof name, "%s_%" PRIu32, kind[k].name, i);
            PGresult *r = PQprepare(s->pg, name, end_sql(&b), 0, NULL);
            if (PQresultStatus(r) != PGRES_COMMAND_OK)
                a = tb_pg_refusal(r, s->table[i].name, f);
            PQclear(r);
        }
    s->prepared = a == TB_STATE_DONE;
    return a;
}
