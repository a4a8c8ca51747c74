// SPDX-License-Identifier: Apache-2.0
/* state/sqlite/inside.h - shared by write.c, read.c, schema.c. Inside state/sqlite only. */
#ifndef TB_STATE_SQLITE_INSIDE_H
#define TB_STATE_SQLITE_INSIDE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "state/sqlite/ease.h"
#include "state/sqlite/state_sqlite.h"

#define TB_STATE_PATH_MAX 1024
#define TB_STATE_COLUMN_MAX 64
#define TB_STATE_SQL_MAX 16384

/* Rows that one statement puts at most. */
#define TB_PUT_MANY 256u

/* What a statement that puts rows reads: the table TB_ROWS_TABLE, see rows.c. */
#define TB_ROWS_TABLE "tb_rows"
struct tb_feed {
    const struct tb_table *table;
    const struct tb_value *row[TB_PUT_MANY];
    uint32_t n;
    uint32_t at; /* the row under way: after an error, the one that failed */
};
int tb_rows_register(sqlite3 *db, struct tb_feed *feed);

struct tb_change {
    uint32_t at; /* which row of values, and when it came */
    bool drop;
};

/* Changes of one table that wait for commit; see order.c. Strings are borrowed. */
struct tb_pending {
    struct tb_change *change;
    struct tb_value *value; /* column_n a change */
    uint32_t n;
    uint32_t cap;
    bool unsorted;
};

void tb_pending_add(struct tb_pending *p, const struct tb_table *t, const struct tb_value *v,
                    bool drop);
struct tb_table_writer;
/* Runs the writer's statements in key order and forgets its changes. An SQLite result; after
 * an error feed->row[feed->at] is the row that met it.                                    */
int tb_pending_apply(struct tb_table_writer *w, const struct tb_table *t, struct tb_feed *feed);
void tb_pending_clear(struct tb_pending *p);
void tb_pending_free(struct tb_pending *p);

struct tb_table_writer {
    sqlite3_stmt *put;
    sqlite3_stmt *drop;
    sqlite3_stmt *drop_prefix;
    struct tb_pending pending;
};

struct tb_state_sqlite {
    struct tb_state base;
    struct tb_state_sqlite_options options;
    char path[TB_STATE_PATH_MAX];
    int lock_fd;
    sqlite3 *db; /* the one connection that writes and checkpoints */
    const struct tb_table *table;
    uint32_t table_n;
    struct tb_table_writer *writer; /* one a table */
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    sqlite3_stmt *guard;
    struct tb_feed feed;
    int wal_pages;
    struct tb_ease ease;
    bool in_transaction;
    bool broken; /* a sync or checkpoint failed: what the disk holds is not known */
    struct tb_fault fault;
    atomic_uint reader_n;
};

/* What an SQLite result means. Fills the fault unless DONE. */
enum tb_state_answer tb_state_sqlite_answer(sqlite3 *db, int rc, const char *doing,
                                            struct tb_fault *f);
enum tb_state_answer tb_state_sqlite_ensure(struct tb_state *s, const struct tb_table *t,
                                            uint32_t n, uint32_t schema, struct tb_fault *f);
/* Bound as the column's type; null as NULL. */
int tb_state_sqlite_bind(sqlite3_stmt *s, int at, const struct tb_column *c,
                         const struct tb_value *v);
/* Names for statements: "a", "b" and key conditions. prefix may be "". */
void tb_sql_columns(struct tb_buf *b, const struct tb_table *t, uint32_t n);
void tb_sql_quoted(struct tb_buf *b, const char *name);
/* "a" = ?1 AND "b" = ?2 */
void tb_sql_where_key(struct tb_buf *b, const struct tb_table *t);

enum tb_state_answer tb_state_sqlite_reader_open(struct tb_state *s, struct tb_state_reader **out,
                                                 struct tb_fault *f);
enum tb_state_answer tb_state_sqlite_get(struct tb_state_reader *r, const struct tb_table *t,
                                         const struct tb_value *key, tb_row_fn fn, void *user,
                                         struct tb_fault *f);
enum tb_state_answer tb_state_sqlite_scan(struct tb_state_reader *r, const struct tb_table *t,
                                          const struct tb_value *from, tb_row_fn fn, void *user,
                                          struct tb_fault *f);
enum tb_state_answer tb_state_sqlite_query(struct tb_state_reader *r, struct tb_str sql,
                                           uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                           void *user, struct tb_fault *f);
enum tb_state_answer tb_state_sqlite_reader_hold(struct tb_state_reader *r, bool on, struct tb_fault *f);
void tb_state_sqlite_reader_close(struct tb_state_reader *r);
enum tb_state_answer tb_state_sqlite_snapshot(struct tb_state *s, const char *path,
                                              struct tb_fault *f);

#endif
