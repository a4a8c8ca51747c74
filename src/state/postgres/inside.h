// SPDX-License-Identifier: Apache-2.0
/* state/postgres/inside.h - shared by the files of state/postgres only. */
#ifndef TB_STATE_POSTGRES_INSIDE_H
#define TB_STATE_POSTGRES_INSIDE_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include "state/postgres/state_postgres.h"

#define TB_PG_COLUMN_MAX 64
#define TB_PG_SQL_MAX 16384
#define TB_PG_NAME_MAX 48

/* One pending change of a key. */
struct tb_pending {
    uint64_t hash;
    uint64_t value; /* index of its first value in the buffer */
    bool drop;
};

/* What one transaction wants of one table, a change per key. */
struct tb_table_buffer {
    struct tb_pending *row;
    uint32_t row_n;
    uint32_t row_cap;
    struct tb_value *value; /* copies; their strings are borrowed until commit */
    uint64_t value_n;
    uint64_t value_cap;
    uint32_t *slot; /* open addressing: row index + 1 */
    uint32_t slot_cap;
    uint64_t bytes;
};

/* A growing array in PostgreSQL's binary form; one a column. */
struct tb_array {
    char *p;
    size_t n;
    size_t cap;
};

#define TB_PG_PARTS 256
#define TB_PG_KEY_MAX 4

struct tb_mark {
    bool some; /* else nothing is there */
    int64_t key[TB_PG_KEY_MAX];
};

/* New rows of one table on their way; see copy.c. */
struct tb_copy {
    struct tb_mark *mark; /* [TB_PG_PARTS + 1]; NULL: rows are never copied */
    char *p;
    size_t n;
    size_t cap;
    uint32_t rows;
};

struct tb_state_postgres {
    struct tb_state base;
    char *conninfo;
    char schema[TB_PG_NAME_MAX + 1];
    uint32_t connect_timeout_ms;
    PGconn *pg; /* the flusher's */
    const struct tb_table *table;
    uint32_t table_n;
    struct tb_table_buffer *buffer;
    struct tb_copy *copy; /* one a table */
    struct tb_array array[TB_PG_COLUMN_MAX];
    bool in_transaction; /* between begin and commit */
    bool sent;           /* BEGIN is on its way */
    bool piped;          /* in libpq's pipeline mode */
    bool prepared;
    bool marked;         /* the marks are as high as what is committed */
    char sqlstate[6];    /* of the transaction's first refusal */
    atomic_uint reader_n;
};

/* What the server's refusal means. Fills the fault. */
enum tb_state_answer tb_pg_refusal(const PGresult *r, const char *doing, struct tb_fault *f);
/* Keeps the refusal's code, when it is the transaction's first. */
void tb_pg_note_state(struct tb_state_postgres *s, const PGresult *r);
/* The connection is gone: FAULT, retryable. */
enum tb_state_answer tb_pg_lost(const PGconn *pg, const char *doing, struct tb_fault *f);
/* Connects with the schema on the search path. NULL on a fault. */
PGconn *tb_pg_connect(const struct tb_state_postgres *s, const char *application,
                      struct tb_fault *f);
/* A statement or several as text; the first failure decides. */
enum tb_state_answer tb_pg_exec(PGconn *pg, const char *sql, const char *doing,
                                struct tb_fault *f);

void tb_pg_quoted(struct tb_buf *b, const char *name);
void tb_pg_columns(struct tb_buf *b, const struct tb_table *t, uint32_t n);
const char *tb_pg_type(enum tb_column_type type);
unsigned int tb_pg_array_oid(enum tb_column_type type);

/* schema.c */
enum tb_state_answer tb_state_postgres_ensure(struct tb_state *s, const struct tb_table *t,
                                              uint32_t n, uint32_t schema, struct tb_fault *f);
/* Prepares put_<i>, drop_<i>, prefix_<i> on the flusher's connection. */
enum tb_state_answer tb_pg_prepare_tables(struct tb_state_postgres *s, struct tb_fault *f);

/* buffer.c: puts and drops until they are sent. */
void tb_buffer_put(struct tb_table_buffer *b, const struct tb_table *t, const struct tb_value *v);
void tb_buffer_drop(struct tb_table_buffer *b, const struct tb_table *t,
                    const struct tb_value *key);
/* Whether a drop of that key is pending. */
bool tb_buffer_drops(const struct tb_table_buffer *b, const struct tb_table *t,
                     const struct tb_value *key);
void tb_buffer_clear(struct tb_table_buffer *b);
void tb_buffer_free(struct tb_table_buffer *b);
/* Encodes column c of the pending puts (or the keys of the pending drops). Returns how
 * many rows.                                                                           */
uint32_t tb_buffer_encode(const struct tb_table_buffer *b, const struct tb_table *t, uint32_t c,
                          bool drops, struct tb_array *out);

/* copy.c */
void tb_copy_free(struct tb_copy *c);
void tb_copy_clear(struct tb_copy *c);
/* The key is beyond everything in its part, and from now on part of it. */
bool tb_copy_passes(struct tb_copy *c, const struct tb_table *t, const struct tb_value *key);
/* A row whose key has passed. Its bytes are copied. */
void tb_copy_add(struct tb_copy *c, const struct tb_table *t, const struct tb_value *v);
/* Sends what waits for table i. Inside a transaction, outside the pipeline. */
enum tb_state_answer tb_copy_send(struct tb_state_postgres *s, uint32_t i, struct tb_fault *f);
/* Reads the marks when they are not known. Outside a transaction. */
enum tb_state_answer tb_copy_marks(struct tb_state_postgres *s, struct tb_fault *f);

/* read.c */
enum tb_state_answer tb_state_postgres_reader_open(struct tb_state *s,
                                                   struct tb_state_reader **out,
                                                   struct tb_fault *f);
enum tb_state_answer tb_state_postgres_get(struct tb_state_reader *r, const struct tb_table *t,
                                           const struct tb_value *key, tb_row_fn fn, void *user,
                                           struct tb_fault *f);
enum tb_state_answer tb_state_postgres_scan(struct tb_state_reader *r, const struct tb_table *t,
                                            const struct tb_value *from, tb_row_fn fn,
                                            void *user, struct tb_fault *f);
enum tb_state_answer tb_state_postgres_query(struct tb_state_reader *r, struct tb_str sql,
                                             uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                             void *user, struct tb_fault *f);
enum tb_state_answer tb_state_postgres_reader_hold(struct tb_state_reader *r, bool on, struct tb_fault *f);
void tb_state_postgres_reader_close(struct tb_state_reader *r);

#endif
