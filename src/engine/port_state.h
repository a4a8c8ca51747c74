// SPDX-License-Identifier: Apache-2.0
/* engine/port_state.h - what the engine asks of the SQL state.
 *
 * The SQL state is the checkpoint (table `record`) and what people query (published
 * tables). It is written by one thread, the flusher, in transactions that carry the
 * checkpoint; it is read at start, for cold rows, and by `tongbao sql`.
 *
 * A table is described as data; an adapter makes it when it is missing, adds columns
 * that are missing, and refuses a data base with a newer schema number.
 *
 * Threads   begin .. commit: the flusher. Readers: their own tb_state_reader each,
 *           any thread, seeing only committed transactions.                           */
#ifndef TB_ENGINE_PORT_STATE_H
#define TB_ENGINE_PORT_STATE_H

#include "engine/port_journal.h"

enum tb_column_type {
    TB_COLUMN_I64 = 0,
    TB_COLUMN_TEXT, /* UTF-8 */
    TB_COLUMN_BLOB,
};

struct tb_column {
    const char *name;
    enum tb_column_type type;
    const char *remark; /* for the documentation and COMMENT ON */
};

/* Rows are upserted by key (insert_only = false) or appended in rising key order
 * (insert_only = true; a row whose key exists is left alone, so that a flush after a
 * crash may repeat rows). The first key_n columns are the primary key.               */
struct tb_table {
    const char *name;
    const struct tb_column *column;
    uint32_t column_n;
    uint32_t key_n;
    bool insert_only;
    const char *remark;
};

struct tb_value {
    bool null;
    int64_t i64;       /* TB_COLUMN_I64 */
    struct tb_str str; /* TB_COLUMN_TEXT (UTF-8 without NUL, else put answers FAULT) and
                          TB_COLUMN_BLOB; borrowed until commit returns                   */
};

struct tb_checkpoint {
    uint64_t epoch;
    uint64_t batch;
    uint8_t hash[TB_HASH_BYTES]; /* chain hash of that batch */
    int64_t at_ms;
};

enum tb_state_answer {
    TB_STATE_DONE = 0,
    TB_STATE_ABSENT,   /* get: no such row */
    TB_STATE_DEPOSED,  /* commit: the stored checkpoint has a higher epoch or batch */
    TB_STATE_NO_SPACE,
    TB_STATE_NEWER,    /* open: schema number above ours */
    TB_STATE_REFUSED,  /* query: not read-only, or not SQL; the fault says which */
    TB_STATE_FAULT,
};

struct tb_state;
struct tb_state_reader;

/* Called per row; values are valid during the call. False stops the scan. */
typedef bool (*tb_row_fn)(void *user, const struct tb_value *value, uint32_t n);
/* Called once with the column names before the first row of a query. */
typedef void (*tb_head_fn)(void *user, const char *const *name, uint32_t n);

struct tb_state_ops {
    const char *name;
    /* Makes or widens the tables. Called once, before anything else. The array outlives
     * the state; every later `table` argument points into it.                         */
    enum tb_state_answer (*ensure)(struct tb_state *, const struct tb_table *, uint32_t n,
                                   uint32_t schema, struct tb_fault *);
    enum tb_state_answer (*checkpoint)(struct tb_state *, struct tb_checkpoint *,
                                       struct tb_fault *); /* batch 0 when fresh */

    /* Writing. put may buffer; after commit returns DONE all of it is there, after
     * anything else none of it - except that a FAULT whose connection broke during
     * COMMIT may have written all of it: repeat the same transaction, which the guard
     * and the keys make harmless. Commit is atomic at once and durable with sync.
     * values has table->column_n entries; keys are never null.                      */
    enum tb_state_answer (*begin)(struct tb_state *, struct tb_fault *);
    enum tb_state_answer (*put)(struct tb_state *, const struct tb_table *,
                                const struct tb_value *values, struct tb_fault *);
    enum tb_state_answer (*drop)(struct tb_state *, const struct tb_table *,
                                 const struct tb_value *key, struct tb_fault *);
    /* Every row whose first key column equals the given value. */
    enum tb_state_answer (*drop_prefix)(struct tb_state *, const struct tb_table *,
                                        const struct tb_value *first, struct tb_fault *);
    enum tb_state_answer (*commit)(struct tb_state *, const struct tb_checkpoint *,
                                   struct tb_fault *);
    void (*abandon)(struct tb_state *); /* rolls back */
    /* Makes everything committed so far survive a loss of power and says up to where
     * that is. To be called before the journal is pruned (the journal is the truth
     * until then). The flusher's thread, outside begin .. commit.                    */
    enum tb_state_answer (*sync)(struct tb_state *, struct tb_checkpoint *durable,
                                 struct tb_fault *);

    /* Reading. */
    enum tb_state_answer (*reader_open)(struct tb_state *, struct tb_state_reader **,
                                        struct tb_fault *);
    enum tb_state_answer (*get)(struct tb_state_reader *, const struct tb_table *,
                                const struct tb_value *key, tb_row_fn, void *user,
                                struct tb_fault *);
    /* Rows with key >= from (all key columns; NULL = from the start), in key order. */
    enum tb_state_answer (*scan)(struct tb_state_reader *, const struct tb_table *,
                                 const struct tb_value *from, tb_row_fn, void *user,
                                 struct tb_fault *);
    /* One read-only SQL statement for a person, stopped after limit_ms (then FAULT, not
     * retryable). Every value comes as text in str (a blob as \x and hex); i64 is set
     * too where the value is an integer.                                              */
    enum tb_state_answer (*query)(struct tb_state_reader *, struct tb_str sql, uint32_t limit_ms,
                                  tb_head_fn, tb_row_fn, void *user, struct tb_fault *);
    /* From on until off, get and scan of this reader are of one instant: the last commit before on. No
     * query meanwhile. REFUSED: the state cannot. After a FAULT there is no such instant any more.     */
    enum tb_state_answer (*reader_hold)(struct tb_state_reader *, bool on, struct tb_fault *);
    void (*reader_close)(struct tb_state_reader *);

    /* Writes a consistent copy while serving (a file for SQLite); REFUSED where the
     * data base has its own tools for that.                                          */
    enum tb_state_answer (*snapshot)(struct tb_state *, const char *path, struct tb_fault *);
    void (*close)(struct tb_state *);
};

/* The first member of every implementation. */
struct tb_state {
    const struct tb_state_ops *ops;
};

#endif
