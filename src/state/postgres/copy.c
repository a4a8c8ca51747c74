// SPDX-License-Identifier: Apache-2.0
/* Rows beyond everything that a table holds go in by COPY: most of what a flush brings is new, and
 * COPY takes a third of the server's time that an upsert of unnested arrays takes (a tuple store a
 * column, a look into the index, a speculative insertion a row).
 *
 * Invariant: a row is copied only when its key is above the mark of its part of the table, and
 * raises it; so no key is copied twice and none that is there. What is not above goes to the
 * buffer (buffer.c), which is sent after the copies: of one key the later change wins. A table has
 * a mark for each value 0 .. 255 of the first of several key columns (kinds of records), and one
 * for all the rest. Marks are read when a connection begins to write and after a transaction that
 * failed; another writer between makes a duplicate key: a fault, and the next try reads them again.
 * What is not here: tables with text in the key have no marks.                                   */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/postgres/inside.h"

#define REST TB_PG_PARTS /* the part of all other values */
#define HEADER "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"
#define HEADER_BYTES 19u
#define PIECE_BYTES 65536u

void tb_copy_free(struct tb_copy *c)
{
    free(c->mark);
    free(c->p);
    memset(c, 0, sizeof *c);
}

void tb_copy_clear(struct tb_copy *c)
{
    c->n = 0;
    c->rows = 0;
}

static bool suits(const struct tb_table *t)
{
    for (uint32_t i = 0; i < t->key_n; i++)
        if (t->column[i].type != TB_COLUMN_I64)
            return false;
    return t->key_n <= TB_PG_KEY_MAX;
}

/* NULL: rows there are never copied. */
static struct tb_mark *mark_of(const struct tb_copy *c, const struct tb_table *t, const struct tb_value *key)
{
    int64_t first = key[0].i64;
    if (c->mark == NULL || (t->key_n > 1 && first < 0))
        return NULL;
    return &c->mark[t->key_n > 1 && first < REST ? first : REST];
}

static bool above(const struct tb_mark *m, const struct tb_table *t, const struct tb_value *key)
{
    for (uint32_t i = 0; m->some && i < t->key_n; i++)
        if (key[i].i64 != m->key[i])
            return key[i].i64 > m->key[i];
    return !m->some;
}

bool tb_copy_passes(struct tb_copy *c, const struct tb_table *t, const struct tb_value *key)
{
    struct tb_mark *m = mark_of(c, t, key);
    if (m == NULL || !above(m, t, key))
        return false;
    m->some = true;
    for (uint32_t i = 0; i < t->key_n; i++)
        m->key[i] = key[i].i64;
    return true;
}

/* ---- rows in COPY's binary form ------------------------------------------------------------ */

static char *room(struct tb_copy *c, size_t n)
{
    if (c->n + n > c->cap) {
        c->cap = (c->n + n) * 2;
        c->p = realloc(c->p, c->cap);
        tb_assert(c->p != NULL);
    }
    return c->p + c->n;
}

static char *put_u32(char *to, uint32_t v)
{
    v = htobe32(v);
    memcpy(to, &v, sizeof v);
    return to + sizeof v;
}

static char *put_value(char *to, enum tb_column_type type, const struct tb_value *v)
{
    if (v->null)
        return put_u32(to, UINT32_MAX);
    if (type == TB_COLUMN_I64) {
        uint64_t be = htobe64((uint64_t)v->i64);
        to = put_u32(to, sizeof be);
        memcpy(to, &be, sizeof be);
        return to + sizeof be;
    }
    to = put_u32(to, v->str.n);
    if (v->str.n > 0)
        memcpy(to, v->str.p, v->str.n);
    return to + v->str.n;
}

void tb_copy_add(struct tb_copy *c, const struct tb_table *t, const struct tb_value *v)
{
    uint16_t fields = htobe16((uint16_t)t->column_n);
    size_t most = sizeof fields + (size_t)t->column_n * 12;
    for (uint32_t i = 0; i < t->column_n; i++)
        most += t->column[i].type == TB_COLUMN_I64 || v[i].null ? 0 : v[i].str.n;
    if (c->n == 0) {
        memcpy(room(c, HEADER_BYTES), HEADER, HEADER_BYTES);
        c->n = HEADER_BYTES;
    }
    char *to = room(c, most);
    memcpy(to, &fields, sizeof fields);
    to += sizeof fields;
    for (uint32_t i = 0; i < t->column_n; i++)
        to = put_value(to, t->column[i].type, &v[i]);
    c->n = (size_t)(to - c->p);
    c->rows++;
}

/* ---- sending -------------------------------------------------------------------------------- */

static void copy_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "COPY ");
    tb_pg_quoted(b, t->name);
    tb_buf_c(b, "(");
    tb_pg_columns(b, t, t->column_n);
    tb_buf_c(b, ") FROM STDIN (FORMAT binary)");
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
}

/* The results of the statement under way; the first refusal decides. */
static enum tb_state_answer copy_ended(struct tb_state_postgres *s, const char *table, struct tb_fault *f)
{
    enum tb_state_answer a = TB_STATE_DONE;
    for (PGresult *r; (r = PQgetResult(s->pg)) != NULL; PQclear(r)) {
        if (PQresultStatus(r) == PGRES_COMMAND_OK || a != TB_STATE_DONE)
            continue;
        a = tb_pg_refusal(r, table, f);
        tb_pg_note_state(s, r);
        f->retryable = f->retryable || strcmp(s->sqlstate, "23505") == 0; /* the marks were too low */
    }
    return PQstatus(s->pg) == CONNECTION_OK ? a : tb_pg_lost(s->pg, table, f);
}

static bool copy_bytes(PGconn *pg, const char *p, size_t n)
{
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = n - at < PIECE_BYTES ? n - at : PIECE_BYTES;
        if (PQputCopyData(pg, p + at, (int)piece) != 1)
            return false;
    }
    return PQputCopyEnd(pg, NULL) == 1;
}

enum tb_state_answer tb_copy_send(struct tb_state_postgres *s, uint32_t i, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    struct tb_copy *c = &s->copy[i];
    const char *table = s->table[i].name;
    uint16_t end = UINT16_MAX;
    if (c->rows == 0)
        return TB_STATE_DONE;
    tb_buf_init(&b, sql, sizeof sql);
    copy_sql(&b, &s->table[i]);
    memcpy(room(c, sizeof end), &end, sizeof end);
    c->n += sizeof end;
    PGresult *r = PQexec(s->pg, sql);
    bool ready = PQresultStatus(r) == PGRES_COPY_IN;
    enum tb_state_answer a = TB_STATE_DONE;
    if (!ready) {
        a = PQstatus(s->pg) == CONNECTION_OK ? tb_pg_refusal(r, table, f) : tb_pg_lost(s->pg, table, f);
        tb_pg_note_state(s, r);
    }
    PQclear(r);
    if (ready && !copy_bytes(s->pg, c->p, c->n))
        a = tb_pg_lost(s->pg, table, f);
    else if (ready)
        a = copy_ended(s, table, f);
    tb_copy_clear(c);
    return a;
}

/* ---- marks ------------------------------------------------------------------------------------ */

static void key_list(struct tb_buf *b, const struct tb_table *t, const char *after)
{
    for (uint32_t i = 0; i < t->key_n; i++) {
        tb_buf_c(b, i > 0 ? ", " : "");
        tb_pg_quoted(b, t->column[i].name);
        tb_buf_c(b, after);
    }
}

/* The highest key of each part: one probe of the index each. */
static void mark_sql(struct tb_buf *b, const struct tb_table *t)
{
    if (t->key_n > 1) {
        tb_buf_printf(b, "SELECT m.* FROM generate_series(0, %d) AS part, LATERAL (SELECT ", REST - 1);
        key_list(b, t, "");
        tb_buf_c(b, " FROM ");
        tb_pg_quoted(b, t->name);
        tb_buf_c(b, " WHERE ");
        tb_pg_quoted(b, t->column[0].name);
        tb_buf_c(b, " = part ORDER BY ");
        key_list(b, t, " DESC");
        tb_buf_c(b, " LIMIT 1) AS m UNION ALL ");
    }
    tb_buf_c(b, "(SELECT ");
    key_list(b, t, "");
    tb_buf_c(b, " FROM ");
    tb_pg_quoted(b, t->name);
    if (t->key_n > 1) {
        tb_buf_c(b, " WHERE ");
        tb_pg_quoted(b, t->column[0].name);
        tb_buf_printf(b, " >= %d", REST);
    }
    tb_buf_c(b, " ORDER BY ");
    key_list(b, t, " DESC");
    tb_buf_c(b, " LIMIT 1)");
    tb_buf_byte(b, 0);
    tb_assert(!b->overflowed);
}

static bool take_mark(struct tb_copy *c, const struct tb_table *t, const PGresult *r, int row)
{
    struct tb_value key[TB_PG_KEY_MAX] = {{0}};
    for (uint32_t i = 0; i < t->key_n; i++)
        if (!tb_str_to_i64(tb_str_of(PQgetvalue(r, row, (int)i)), &key[i].i64))
            return false;
    return tb_copy_passes(c, t, key);
}

static enum tb_state_answer read_marks(struct tb_state_postgres *s, uint32_t i, struct tb_fault *f)
{
    char sql[TB_PG_SQL_MAX];
    struct tb_buf b;
    const struct tb_table *t = &s->table[i];
    struct tb_copy *c = &s->copy[i];
    if (!suits(t))
        return TB_STATE_DONE;
    if (c->mark == NULL)
        c->mark = malloc((REST + 1) * sizeof *c->mark);
    tb_assert(c->mark != NULL);
    memset(c->mark, 0, (REST + 1) * sizeof *c->mark);
    tb_buf_init(&b, sql, sizeof sql);
    mark_sql(&b, t);
    PGresult *r = PQexec(s->pg, sql);
    enum tb_state_answer a = TB_STATE_DONE;
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        a = PQstatus(s->pg) == CONNECTION_OK ? tb_pg_refusal(r, t->name, f) : tb_pg_lost(s->pg, t->name, f);
    for (int row = 0; a == TB_STATE_DONE && row < PQntuples(r); row++)
        if (!take_mark(c, t, r, row)) {
            tb_fault_set(f, false, "state: PostgreSQL: the keys of %s are not numbers", t->name);
            a = TB_STATE_FAULT;
        }
    PQclear(r);
    return a;
}

enum tb_state_answer tb_copy_marks(struct tb_state_postgres *s, struct tb_fault *f)
{
    if (s->marked)
        return TB_STATE_DONE;
    /* Only the index knows the highest key at once, whatever the planner has heard of the table. */
    enum tb_state_answer a = tb_pg_exec(s->pg,
                                        "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
                                        "SET LOCAL enable_sort = off", "look for the newest rows", f);
    for (uint32_t i = 0; a == TB_STATE_DONE && i < s->table_n; i++)
        a = read_marks(s, i, f);
    if (a == TB_STATE_DONE)
        a = tb_pg_exec(s->pg, "COMMIT", "look for the newest rows", f);
    else if (PQstatus(s->pg) == CONNECTION_OK)
        PQclear(PQexec(s->pg, "ROLLBACK"));
    s->marked = a == TB_STATE_DONE;
    return a;
}
