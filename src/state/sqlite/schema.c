// SPDX-License-Identifier: Apache-2.0
/* Making and widening tables, and the texts of statements. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/sqlite/inside.h"

static const char *const type_name[] = {
    [TB_COLUMN_I64] = "INTEGER", [TB_COLUMN_TEXT] = "TEXT", [TB_COLUMN_BLOB] = "BLOB"};

void tb_sql_quoted(struct tb_buf *b, const char *name)
{
    tb_assert(strchr(name, '"') == NULL);
    tb_buf_printf(b, "\"%s\"", name);
}

void tb_sql_columns(struct tb_buf *b, const struct tb_table *t, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        tb_buf_c(b, i > 0 ? ", " : "");
        tb_sql_quoted(b, t->column[i].name);
    }
}

void tb_sql_where_key(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, " WHERE ");
    for (uint32_t i = 0; i < t->key_n; i++) {
        tb_buf_c(b, i > 0 ? " AND " : "");
        tb_sql_quoted(b, t->column[i].name);
        tb_buf_printf(b, " = ?%" PRIu32, i + 1);
    }
}

/* Stays in sqlite_master for whoever reads the schema. */
static void remark(struct tb_buf *b, const char *text)
{
    tb_assert(text == NULL || strstr(text, "*/") == NULL);
    tb_buf_printf(b, " /* %s */\n", text ? text : "");
}

static void create_sql(struct tb_buf *b, const struct tb_table *t)
{
    bool rowid = t->key_n == 1 && t->column[0].type == TB_COLUMN_I64;
    tb_buf_c(b, "CREATE TABLE ");
    tb_sql_quoted(b, t->name);
    tb_buf_c(b, "(");
    remark(b, t->remark);
    for (uint32_t i = 0; i < t->column_n; i++) {
        tb_buf_c(b, "  ");
        tb_sql_quoted(b, t->column[i].name);
        tb_buf_printf(b, " %s%s%s", type_name[t->column[i].type],
                      i < t->key_n ? " NOT NULL" : "", rowid && i == 0 ? " PRIMARY KEY" : "");
        tb_buf_c(b, i + 1 < t->column_n || !rowid ? "," : "");
        remark(b, t->column[i].remark);
    }
    if (!rowid) {
        tb_buf_c(b, "  PRIMARY KEY(");
        tb_sql_columns(b, t, t->key_n);
        tb_buf_c(b, ")) WITHOUT ROWID");
    } else {
        tb_buf_c(b, ")");
    }
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
}

/* Which of the table's columns the data base has: a bit each. 0: no such table. */
static int columns_present(sqlite3 *db, const struct tb_table *t, uint64_t *present)
{
    sqlite3_stmt *s = NULL;
    *present = 0;
    int rc = sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?1)", -1, &s, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(s, 1, t->name, -1, SQLITE_STATIC);
        while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(s, 0);
            for (uint32_t i = 0; name != NULL && i < t->column_n; i++)
                if (strcmp(name, t->column[i].name) == 0)
                    *present |= UINT64_C(1) << i;
        }
    }
    int end = sqlite3_finalize(s);
    return rc == SQLITE_DONE ? end : rc;
}

static enum tb_state_answer ensure_table(struct tb_state_sqlite *s, const struct tb_table *t,
                                         struct tb_fault *f)
{
    static const uint64_t one = 1;
    char sql[TB_STATE_SQL_MAX];
    struct tb_buf b;
    uint64_t present = 0;
    int rc = columns_present(s->db, t, &present);
    uint64_t key = t->key_n == 64 ? UINT64_MAX : (one << t->key_n) - 1;
    if (rc == SQLITE_OK && present == 0) {
        tb_buf_init(&b, sql, sizeof sql);
        create_sql(&b, t);
        rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        return tb_state_sqlite_answer(s->db, rc, t->name, f);
    }
    if (rc == SQLITE_OK && (present & key) != key) {
        tb_fault_set(f, false, "state: table %s has another key", t->name);
        return TB_STATE_FAULT;
    }
    for (uint32_t i = t->key_n; rc == SQLITE_OK && i < t->column_n; i++) {
        if (present & one << i)
            continue;
        tb_buf_init(&b, sql, sizeof sql);
        tb_buf_c(&b, "ALTER TABLE ");
        tb_sql_quoted(&b, t->name);
        tb_buf_c(&b, " ADD COLUMN ");
        tb_sql_quoted(&b, t->column[i].name);
        tb_buf_printf(&b, " %s", type_name[t->column[i].type]);
        remark(&b, t->column[i].remark);
        tb_buf_byte(&b, 0);
        tb_assert(!b.overflowed);
        rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    }
    return tb_state_sqlite_answer(s->db, rc, t->name, f);
}

static int prepare(struct tb_state_sqlite *s, struct tb_buf *b, sqlite3_stmt **stmt)
{
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
    return sqlite3_prepare_v3(s->db, (const char *)b->p, -1, SQLITE_PREPARE_PERSISTENT, stmt,
                              NULL);
}

static int prepare_put(struct tb_state_sqlite *s, const struct tb_table *t, sqlite3_stmt **stmt)
{
    char sql[TB_STATE_SQL_MAX];
    struct tb_buf b;
    tb_buf_init(&b, sql, sizeof sql);
    /* REPLACE on a clustered table without further indexes is one search and one write. */
    tb_buf_c(&b, t->insert_only ? "INSERT OR IGNORE INTO " : "INSERT OR REPLACE INTO ");
    tb_sql_quoted(&b, t->name);
    tb_buf_c(&b, "(");
    tb_sql_columns(&b, t, t->column_n);
    tb_buf_c(&b, ") SELECT ");
    for (uint32_t i = 0; i < t->column_n; i++)
        tb_buf_printf(&b, i > 0 ? ",c%" PRIu32 : "c%" PRIu32, i);
    tb_buf_c(&b, " FROM " TB_ROWS_TABLE);
    return prepare(s, &b, stmt);
}

static int prepare_table(struct tb_state_sqlite *s, const struct tb_table *t,
                         struct tb_table_writer *w)
{
    char sql[TB_STATE_SQL_MAX];
    struct tb_buf b;
    int rc = prepare_put(s, t, &w->put);

    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "DELETE FROM ");
    tb_sql_quoted(&b, t->name);
    tb_sql_where_key(&b, t);
    if (rc == SQLITE_OK)
        rc = prepare(s, &b, &w->drop);

    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "DELETE FROM ");
    tb_sql_quoted(&b, t->name);
    tb_buf_c(&b, " WHERE ");
    tb_sql_quoted(&b, t->column[0].name);
    tb_buf_c(&b, " = ?1");
    return rc == SQLITE_OK ? prepare(s, &b, &w->drop_prefix) : rc;
}

static int read_version(sqlite3 *db, int64_t *version)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        *version = sqlite3_column_int64(s, 0);
    return sqlite3_finalize(s);
}

static enum tb_state_answer ensure_all(struct tb_state_sqlite *s, const struct tb_table *t,
                                       uint32_t n, uint32_t schema, struct tb_fault *f)
{
    int64_t version = 0;
    int rc = read_version(s->db, &version);
    if (rc == SQLITE_OK && version > (int64_t)schema) {
        tb_fault_set(f, false,
                     "state: the data base has schema %" PRId64 ", this program knows %" PRIu32,
                     version, schema);
        return TB_STATE_NEWER;
    }
    enum tb_state_answer a = tb_state_sqlite_answer(s->db, rc, "read the schema number", f);
    for (uint32_t i = 0; a == TB_STATE_DONE && i < n; i++)
        a = ensure_table(s, &t[i], f);
    if (a != TB_STATE_DONE)
        return a;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %" PRIu32, schema);
    rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return tb_state_sqlite_answer(s->db, rc, "write the schema number", f);
}

enum tb_state_answer tb_state_sqlite_ensure(struct tb_state *base, const struct tb_table *t,
                                            uint32_t n, uint32_t schema, struct tb_fault *f)
{
    struct tb_state_sqlite *s = (struct tb_state_sqlite *)base;
    tb_assert(s->table == NULL && n > 0);
    for (uint32_t i = 0; i < n; i++)
        tb_assert(t[i].column_n <= TB_STATE_COLUMN_MAX && t[i].key_n > 0 &&
                  t[i].key_n <= t[i].column_n);
    int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    enum tb_state_answer a = tb_state_sqlite_answer(s->db, rc, "ensure", f);
    if (a == TB_STATE_DONE)
        a = ensure_all(s, t, n, schema, f);
    if (a == TB_STATE_DONE) {
        rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
        a = tb_state_sqlite_answer(s->db, rc, "ensure", f);
    }
    if (a != TB_STATE_DONE) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return a;
    }
    s->writer = calloc(n, sizeof *s->writer);
    tb_assert(s->writer != NULL);
    s->table = t;
    s->table_n = n;
    for (uint32_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = prepare_table(s, &t[i], &s->writer[i]);
    return tb_state_sqlite_answer(s->db, rc, "prepare", f);
}
