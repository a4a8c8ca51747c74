// SPDX-License-Identifier: Apache-2.0
/* Opening, writing, the checkpoint, sync. Reading is read.c, tables are schema.c. */
#include "state/sqlite/state_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "state/sqlite/inside.h"
#include "state/row.h"

#define APPLICATION_ID 0x54425354 /* "TBST" */
#define PENDING_MAX 65536
#define CACHE_BYTES_DEFAULT (UINT64_C(128) << 20)
#define CHECKPOINT_BYTES_DEFAULT (UINT64_C(256) << 20)

static struct tb_state_sqlite *self(struct tb_state *s)
{
    return (struct tb_state_sqlite *)s;
}

enum tb_state_answer tb_state_sqlite_answer(sqlite3 *db, int rc, const char *doing,
                                            struct tb_fault *f)
{
    int primary = rc & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE)
        return TB_STATE_DONE;
    tb_fault_set(f, primary == SQLITE_BUSY || primary == SQLITE_FULL, "state: %s: %s (%d)", doing,
                 db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), rc);
    return primary == SQLITE_FULL ? TB_STATE_NO_SPACE : TB_STATE_FAULT;
}

int tb_state_sqlite_bind(sqlite3_stmt *s, int at, const struct tb_column *c,
                         const struct tb_value *v)
{
    if (v->null)
        return sqlite3_bind_null(s, at);
    if (c->type == TB_COLUMN_I64)
        return sqlite3_bind_int64(s, at, v->i64);
    const char *p = v->str.n > 0 ? v->str.p : "";
    if (c->type == TB_COLUMN_TEXT)
        return sqlite3_bind_text(s, at, p, (int)v->str.n, SQLITE_STATIC);
    return v->str.n > 0 ? sqlite3_bind_blob(s, at, p, (int)v->str.n, SQLITE_STATIC)
                        : sqlite3_bind_zeroblob(s, at, 0);
}

static int run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? end : rc;
}

/* Refuses everything once the disk failed a sync: a second one may lie. */
static bool usable(const struct tb_state_sqlite *s, struct tb_fault *f)
{
    if (s->broken)
        *f = s->fault;
    return !s->broken;
}

/* ---- the checkpoint ---- */

static enum tb_state_answer sqlite_checkpoint(struct tb_state *base, struct tb_checkpoint *out,
                                              struct tb_fault *f)
{
    struct tb_state_sqlite *s = self(base);
    sqlite3_stmt *q = NULL;
    memset(out, 0, sizeof *out);
    int rc = sqlite3_prepare_v2(
        s->db, "SELECT epoch, batch, hash, at_ms FROM checkpoint WHERE one = 1", -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW &&
        sqlite3_column_bytes(q, 2) == TB_HASH_BYTES) {
        out->epoch = (uint64_t)sqlite3_column_int64(q, 0);
        out->batch = (uint64_t)sqlite3_column_int64(q, 1);
        memcpy(out->hash, sqlite3_column_blob(q, 2), TB_HASH_BYTES);
        out->at_ms = sqlite3_column_int64(q, 3);
    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        rc = SQLITE_CORRUPT;
    }
    enum tb_state_answer a = tb_state_sqlite_answer(s->db, rc, "read the checkpoint", f);
    sqlite3_finalize(q);
    return a;
}

/* ---- writing ---- */

static enum tb_state_answer sqlite_begin(struct tb_state *base, struct tb_fault *f)
{
    struct tb_state_sqlite *s = self(base);
    tb_assert(!s->in_transaction && s->table != NULL);
    if (!usable(s, f))
        return TB_STATE_FAULT;
    enum tb_state_answer a = tb_state_sqlite_answer(s->db, run(s->begin), "begin", f);
    s->in_transaction = a == TB_STATE_DONE;
    return a;
}

static struct tb_table_writer *writer_of(struct tb_state_sqlite *s, const struct tb_table *t)
{
    tb_assert(s->in_transaction);
    tb_assert(t >= s->table && t < s->table + s->table_n);
    return &s->writer[t - s->table];
}

static enum tb_state_answer apply_pending(struct tb_state_sqlite *s, uint32_t i,
                                          struct tb_fault *f)
{
    char row[TB_ROW_NAME_MAX];
    int rc = tb_pending_apply(&s->writer[i], &s->table[i], &s->feed);
    enum tb_state_answer a = tb_state_sqlite_answer(s->db, rc, s->table[i].name, f);
    if (a == TB_STATE_FAULT && !f->retryable) {
        tb_row_name(&s->table[i], s->feed.row[s->feed.at], row);
        tb_fault_set(f, false, "state: %s: %s (%d)", row, sqlite3_errmsg(s->db), rc);
    }
    return a;
}

static enum tb_state_answer add_pending(struct tb_state_sqlite *s, const struct tb_table *t,
                                        const struct tb_value *v, bool drop, struct tb_fault *f)
{
    struct tb_pending *p = &writer_of(s, t)->pending;
    for (uint32_t i = 0; i < t->key_n; i++)
        tb_assert(!v[i].null);
    tb_pending_add(p, t, v, drop);
    return p->n < PENDING_MAX ? TB_STATE_DONE : apply_pending(s, (uint32_t)(t - s->table), f);
}

static enum tb_state_answer sqlite_put(struct tb_state *base, const struct tb_table *t,
                                       const struct tb_value *v, struct tb_fault *f)
{
    if (!tb_row_ok(t, v, f))
        return TB_STATE_FAULT;
    return add_pending(self(base), t, v, false, f);
}

static enum tb_state_answer sqlite_drop(struct tb_state *base, const struct tb_table *t,
                                        const struct tb_value *key, struct tb_fault *f)
{
    return add_pending(self(base), t, key, true, f);
}

static enum tb_state_answer sqlite_drop_prefix(struct tb_state *base, const struct tb_table *t,
                                               const struct tb_value *first, struct tb_fault *f)
{
    struct tb_state_sqlite *s = self(base);
    struct tb_table_writer *w = writer_of(s, t);
    tb_assert(!first->null);
    enum tb_state_answer a = apply_pending(s, (uint32_t)(t - s->table), f);
    if (a != TB_STATE_DONE)
        return a;
    int rc = tb_state_sqlite_bind(w->drop_prefix, 1, &t->column[0], first);
    if (rc == SQLITE_OK)
        rc = run(w->drop_prefix);
    return tb_state_sqlite_answer(s->db, rc, t->name, f);
}

static void sqlite_abandon(struct tb_state *base)
{
    struct tb_state_sqlite *s = self(base);
    tb_assert(s->in_transaction);
    s->in_transaction = false;
    for (uint32_t i = 0; i < s->table_n; i++)
        tb_pending_clear(&s->writer[i].pending);
    if (sqlite3_get_autocommit(s->db))
        return; /* SQLite rolled back by itself (disk full, I/O error) */
    if (run(s->rollback) != SQLITE_OK) {
        s->broken = true;
        tb_fault_set(&s->fault, false, "state: a transaction could not be rolled back");
    }
}

/* Copies the log into the file when it has grown; only ever here, on this connection. */
static void checkpoint_log(struct tb_state_sqlite *s)
{
    if ((uint64_t)s->wal_pages * s->options.page_bytes < s->options.checkpoint_bytes)
        return;
    tb_ease_log(s->path);
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    /* a full disk is no damage: the log keeps what the file could not take yet */
    if (rc != SQLITE_OK && rc != SQLITE_BUSY && (rc & 0xff) != SQLITE_FULL) {
        tb_state_sqlite_answer(s->db, rc, "checkpoint", &s->fault);
        s->broken = true;
    }
}

static enum tb_state_answer write_guarded(struct tb_state_sqlite *s,
                                          const struct tb_checkpoint *c, struct tb_fault *f)
{
    sqlite3_bind_int64(s->guard, 1, (int64_t)c->epoch);
    sqlite3_bind_int64(s->guard, 2, (int64_t)c->batch);
    sqlite3_bind_blob(s->guard, 3, c->hash, TB_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(s->guard, 4, c->at_ms);
    int rc = run(s->guard);
    sqlite3_clear_bindings(s->guard);
    if (rc == SQLITE_OK && sqlite3_changes(s->db) == 0) {
        tb_fault_set(f, false, "state: a later leader's checkpoint is there");
        return TB_STATE_DEPOSED;
    }
    if (rc == SQLITE_OK)
        rc = run(s->commit);
    return tb_state_sqlite_answer(s->db, rc, "commit", f);
}

static enum tb_state_answer sqlite_commit(struct tb_state *base, const struct tb_checkpoint *c,
                                          struct tb_fault *f)
{
    struct tb_state_sqlite *s = self(base);
    tb_assert(s->in_transaction);
    enum tb_state_answer a = TB_STATE_DONE;
    for (uint32_t i = 0; a == TB_STATE_DONE && i < s->table_n; i++)
        a = apply_pending(s, i, f);
    if (a == TB_STATE_DONE)
        a = write_guarded(s, c, f);
    if (a != TB_STATE_DONE) {
        sqlite_abandon(base);
        return a;
    }
    s->in_transaction = false;
    checkpoint_log(s); /* its failure is answered by the next call: this commit stands */
    return a;
}

static enum tb_state_answer sqlite_sync(struct tb_state *base, struct tb_checkpoint *durable,
                                        struct tb_fault *f)
{
    struct tb_state_sqlite *s = self(base);
    tb_assert(!s->in_transaction);
    if (!usable(s, f))
        return TB_STATE_FAULT;
    tb_ease_log(s->path);
    /* What is in the file was synced by the checkpoint that put it there; the rest is in
     * the log, whose handle SQLite lends us.                                           */
    sqlite3_file *log = NULL;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (rc == SQLITE_OK && log != NULL && log->pMethods != NULL)
        rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (rc != SQLITE_OK) {
        tb_fault_set(&s->fault, false, "state: sync: %s (%d)", sqlite3_errstr(rc), rc);
        s->broken = true;
        *f = s->fault;
        return TB_STATE_FAULT;
    }
    return sqlite_checkpoint(base, durable, f);
}

/* ---- opening and closing ---- */

static void finalize_all(struct tb_state_sqlite *s)
{
    for (uint32_t i = 0; s->writer != NULL && i < s->table_n; i++) {
        sqlite3_finalize(s->writer[i].put);
        sqlite3_finalize(s->writer[i].drop);
        sqlite3_finalize(s->writer[i].drop_prefix);
        tb_pending_free(&s->writer[i].pending);
    }
    free(s->writer);
    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    sqlite3_finalize(s->rollback);
    sqlite3_finalize(s->guard);
}

static void sqlite_close(struct tb_state *base)
{
    struct tb_state_sqlite *s = self(base);
    tb_assert(atomic_load(&s->reader_n) == 0);
    if (s->in_transaction)
        sqlite_abandon(base);
    finalize_all(s);
    if (s->broken)
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int rc = sqlite3_close(s->db);
    tb_assert(rc == SQLITE_OK);
    tb_ease_end(&s->ease);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

static const struct tb_state_ops sqlite_ops = {
    .name = "sqlite",
    .ensure = tb_state_sqlite_ensure,
    .checkpoint = sqlite_checkpoint,
    .begin = sqlite_begin,
    .put = sqlite_put,
    .drop = sqlite_drop,
    .drop_prefix = sqlite_drop_prefix,
    .commit = sqlite_commit,
    .abandon = sqlite_abandon,
    .sync = sqlite_sync,
    .reader_open = tb_state_sqlite_reader_open,
    .get = tb_state_sqlite_get,
    .scan = tb_state_sqlite_scan,
    .query = tb_state_sqlite_query,
    .reader_hold = tb_state_sqlite_reader_hold,
    .reader_close = tb_state_sqlite_reader_close,
    .snapshot = tb_state_sqlite_snapshot,
    .close = sqlite_close,
};

static bool lock_file(struct tb_state_sqlite *s, struct tb_fault *f)
{
    char path[TB_STATE_PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.lock", s->path);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (s->lock_fd < 0)
        tb_fault_set(f, false, "state: %s: %s", path, strerror(errno));
    else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        tb_fault_set(f, true, "state: %s is in use by another process", s->path);
    else
        return true;
    return false;
}

static int on_commit(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct tb_state_sqlite *)user)->wal_pages = pages;
    return SQLITE_OK;
}

static int64_t pragma_i64(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return v;
}

static int open_writer(struct tb_state_sqlite *s)
{
    char sql[640];
    int rc = sqlite3_open_v2(s->path, &s->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(s->db, 1);
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = %" PRIu32 "; PRAGMA journal_mode = WAL;"
             "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -%" PRIu64 ";"
             "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
             "PRAGMA secure_delete = FAST",
             s->options.page_bytes, s->options.cache_bytes >> 10);
    rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    s->options.page_bytes = (uint32_t)pragma_i64(s->db, "PRAGMA page_size");
    tb_ease_begin(&s->ease, s->db, s->path);
    sqlite3_wal_hook(s->db, on_commit, s); /* takes the place of the automatic checkpoint */
    int64_t id = pragma_i64(s->db, "PRAGMA application_id");
    if (id != APPLICATION_ID &&
        (id != 0 || pragma_i64(s->db, "SELECT count(*) FROM sqlite_master") != 0))
        return SQLITE_NOTADB;
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; PRAGMA application_id = %d;"
             "CREATE TABLE IF NOT EXISTS checkpoint(one INTEGER PRIMARY KEY CHECK (one = 1),"
             " epoch INTEGER, batch INTEGER, hash BLOB, at_ms INTEGER);"
             "INSERT OR IGNORE INTO checkpoint VALUES(1, 0, 0, zeroblob(%d), 0); COMMIT",
             APPLICATION_ID, TB_HASH_BYTES);
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

static int prepare_own(struct tb_state_sqlite *s)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } all[] = {
        {&s->begin, "BEGIN IMMEDIATE"},
        {&s->commit, "COMMIT"},
        {&s->rollback, "ROLLBACK"},
        {&s->guard, "UPDATE checkpoint SET epoch = ?1, batch = ?2, hash = ?3, at_ms = ?4"
                    " WHERE one = 1 AND epoch <= ?1 AND batch <= ?2"},
    };
    int rc = tb_rows_register(s->db, &s->feed);
    for (size_t i = 0; rc == SQLITE_OK && i < TB_COUNT_OF(all); i++)
        rc = sqlite3_prepare_v3(s->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].stmt,
                                NULL);
    return rc;
}

enum tb_state_answer tb_state_sqlite_open(const char *path,
                                          const struct tb_state_sqlite_options *options,
                                          struct tb_state **out, struct tb_fault *f)
{
    tb_assert(sqlite3_threadsafe() != 0);
    struct tb_state_sqlite *s = calloc(1, sizeof *s);
    tb_assert(s != NULL);
    *out = NULL;
    s->base.ops = &sqlite_ops;
    s->lock_fd = -1;
    if (options != NULL)
        s->options = *options;
    if (s->options.page_bytes == 0)
        s->options.page_bytes = 4096;
    if (s->options.cache_bytes == 0)
        s->options.cache_bytes = CACHE_BYTES_DEFAULT;
    if (s->options.checkpoint_bytes == 0)
        s->options.checkpoint_bytes = CHECKPOINT_BYTES_DEFAULT;
    snprintf(s->path, sizeof s->path, "%s", path);
    enum tb_state_answer a = TB_STATE_FAULT;
    if (strlen(path) >= sizeof s->path - 8)
        tb_fault_set(f, false, "state: the path is too long");
    else if (lock_file(s, f))
        a = TB_STATE_DONE;
    if (a == TB_STATE_DONE) {
        int rc = open_writer(s);
        if (rc == SQLITE_OK)
            rc = prepare_own(s);
        a = tb_state_sqlite_answer(rc == SQLITE_NOTADB ? NULL : s->db, rc, s->path, f);
    }
    if (a != TB_STATE_DONE) {
        sqlite_close(&s->base);
        return a;
    }
    *out = &s->base;
    return TB_STATE_DONE;
}
