// SPDX-License-Identifier: Apache-2.0
/* The rows of a statement as a virtual table of the writing connection, so that any number
 * of them goes in by one `INSERT ... SELECT`: 0.6-0.8 us a row, bindings included, where
 * sixteen rows bound to one statement take 0.9 and a statement a row 1.9.
 *
 * Invariant: while such a statement runs, s->feed names its rows; at other times none.
 * What is not here: which rows, in which order (order.c).                               */
#include <stdlib.h>

#include "state/sqlite/inside.h"

struct rows_table {
    sqlite3_vtab base;
    struct tb_feed *feed;
};

static int rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
                        char **error)
{
    char sql[TB_STATE_COLUMN_MAX * 5 + 32];
    struct tb_buf b;
    (void)argc, (void)argv, (void)error;
    tb_buf_init(&b, sql, sizeof sql);
    tb_buf_c(&b, "CREATE TABLE x(");
    for (uint32_t i = 0; i < TB_STATE_COLUMN_MAX; i++)
        tb_buf_printf(&b, i > 0 ? ",c%u" : "c%u", i);
    tb_buf_c(&b, ")");
    tb_buf_byte(&b, 0);
    tb_assert(!b.overflowed);
    struct rows_table *t = calloc(1, sizeof *t);
    tb_assert(t != NULL);
    t->feed = aux;
    *out = &t->base;
    return sqlite3_declare_vtab(db, sql);
}

static int rows_disconnect(sqlite3_vtab *t)
{
    free(t);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *t, sqlite3_index_info *i)
{
    (void)t;
    i->estimatedCost = 1;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    (void)t;
    *out = calloc(1, sizeof **out);
    tb_assert(*out != NULL);
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

static struct tb_feed *feed_of(sqlite3_vtab_cursor *c)
{
    return ((struct rows_table *)c->pVtab)->feed;
}

static int rows_filter(sqlite3_vtab_cursor *c, int n, const char *text, int argc, sqlite3_value **argv)
{
    (void)n, (void)text, (void)argc, (void)argv;
    feed_of(c)->at = 0;
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *c)
{
    feed_of(c)->at++;
    return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *c)
{
    const struct tb_feed *f = feed_of(c);
    return f->at >= f->n;
}

static int rows_column(sqlite3_vtab_cursor *c, sqlite3_context *x, int i)
{
    const struct tb_feed *f = feed_of(c);
    const struct tb_value *v = &f->row[f->at][i];
    const char *p = v->str.n > 0 ? v->str.p : "";
    if (v->null)
        return SQLITE_OK;
    switch (f->table->column[i].type) {
    case TB_COLUMN_I64:
        sqlite3_result_int64(x, v->i64);
        break;
    case TB_COLUMN_TEXT:
        sqlite3_result_text(x, p, (int)v->str.n, SQLITE_STATIC);
        break;
    case TB_COLUMN_BLOB:
        sqlite3_result_blob(x, p, (int)v->str.n, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    *out = feed_of(c)->at;
    return SQLITE_OK;
}

static const sqlite3_module rows_module = {
    .xConnect = rows_connect,
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

int tb_rows_register(sqlite3 *db, struct tb_feed *feed)
{
    return sqlite3_create_module(db, TB_ROWS_TABLE, &rows_module, feed);
}
