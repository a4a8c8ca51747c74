// SPDX-License-Identifier: Apache-2.0
/* Reading: records by key, people's SQL, snapshots. Every reader has a connection of its
 * own that can neither write nor checkpoint.                                           */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state/sqlite/inside.h"

#define QUERY_VALUE_BYTES (16 << 20)
#define PROGRESS_STEPS 2000

struct table_reader {
    sqlite3_stmt *get;
    sqlite3_stmt *scan;
    sqlite3_stmt *scan_from;
};

struct tb_state_reader {
    struct tb_state_sqlite *state;
    sqlite3 *db;
    struct table_reader *table;
    int64_t deadline_ms; /* of the query under way */
};

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_reading(const char *path, sqlite3 **db)
{
    int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(*db, 1);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_busy_timeout(*db, 2000);
        rc = sqlite3_exec(*db,
                          "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0;"
                          "PRAGMA cache_size = -16384",
                          NULL, NULL, NULL);
    }
    /* The discipline that keeps Debian's SQLite safe (state_sqlite.h). */
    tb_assert(rc != SQLITE_OK || sqlite3_db_readonly(*db, "main") == 1);
    return rc;
}

enum tb_state_answer tb_state_sqlite_reader_open(struct tb_state *base,
                                                 struct tb_state_reader **out,
                                                 struct tb_fault *f)
{
    struct tb_state_sqlite *s = (struct tb_state_sqlite *)base;
    tb_assert(s->table != NULL);
    *out = NULL;
    struct tb_state_reader *r = calloc(1, sizeof *r);
    struct table_reader *t = calloc(s->table_n, sizeof *t);
    tb_assert(r != NULL && t != NULL);
    r->state = s;
    r->table = t;
    atomic_fetch_add(&s->reader_n, 1);
    enum tb_state_answer a =
        tb_state_sqlite_answer(NULL, open_reading(s->path, &r->db), "open a reader", f);
    if (a != TB_STATE_DONE)
        tb_state_sqlite_reader_close(r);
    else
        *out = r;
    return a;
}

void tb_state_sqlite_reader_close(struct tb_state_reader *r)
{
    for (uint32_t i = 0; i < r->state->table_n; i++) {
        sqlite3_finalize(r->table[i].get);
        sqlite3_finalize(r->table[i].scan);
        sqlite3_finalize(r->table[i].scan_from);
    }
    int rc = sqlite3_close(r->db);
    tb_assert(rc == SQLITE_OK);
    atomic_fetch_sub(&r->state->reader_n, 1);
    free(r->table);
    free(r);
}

/* ---- records ---- */

static struct table_reader *reader_of(struct tb_state_reader *r, const struct tb_table *t)
{
    tb_assert(t >= r->state->table && t < r->state->table + r->state->table_n);
    return &r->table[t - r->state->table];
}

static void select_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, "SELECT ");
    tb_sql_columns(b, t, t->column_n);
    tb_buf_c(b, " FROM ");
    tb_sql_quoted(b, t->name);
}

/* (a, b) >= (?1, ?2) */
static void from_sql(struct tb_buf *b, const struct tb_table *t)
{
    tb_buf_c(b, " WHERE (");
    tb_sql_columns(b, t, t->key_n);
    tb_buf_c(b, ") >= (");
    for (uint32_t i = 0; i < t->key_n; i++)
        tb_buf_printf(b, "%s?%" PRIu32, i > 0 ? ", " : "", i + 1);
    tb_buf_c(b, ")");
}

enum read_kind { GET, SCAN, SCAN_FROM };

static int prepare(struct tb_state_reader *r, const struct tb_table *t, enum read_kind kind,
                   sqlite3_stmt **stmt)
{
    char sql[TB_STATE_SQL_MAX];
    struct tb_buf b;
    if (*stmt != NULL)
        return SQLITE_OK;
    tb_buf_init(&b, sql, sizeof sql);
    select_sql(&b, t);
    if (kind == GET)
        tb_sql_where_key(&b, t);
    if (kind == SCAN_FROM)
        from_sql(&b, t);
    if (kind != GET) {
        tb_buf_c(&b, " ORDER BY ");
        tb_sql_columns(&b, t, t->key_n);
    }
    tb_buf_byte(&b, 0);
    tb_assert(!b.overflowed);
    return sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
}

/* SQLite answers 0 and NULL for what is null: only then is it asked which it was. */
static void row_values(sqlite3_stmt *s, const struct tb_table *t, struct tb_value *v)
{
    for (uint32_t i = 0; i < t->column_n; i++) {
        int c = (int)i;
        v[i] = (struct tb_value){0};
        if (t->column[i].type == TB_COLUMN_I64) {
            v[i].i64 = sqlite3_column_int64(s, c);
            v[i].null = v[i].i64 == 0 && sqlite3_column_type(s, c) == SQLITE_NULL;
        } else {
            v[i].str.p = t->column[i].type == TB_COLUMN_TEXT
                             ? (const char *)sqlite3_column_text(s, c)
                             : sqlite3_column_blob(s, c);
            if (v[i].str.p != NULL)
                v[i].str.n = (uint32_t)sqlite3_column_bytes(s, c);
            else
                v[i].null = sqlite3_column_type(s, c) == SQLITE_NULL;
        }
    }
}

/* Binds the key, calls fn for each row until it says false. *rows counts them. */
static enum tb_state_answer run_rows(struct tb_state_reader *r, sqlite3_stmt *s,
                                     const struct tb_table *t, const struct tb_value *key,
                                     tb_row_fn fn, void *user, uint64_t *rows,
                                     struct tb_fault *f)
{
    struct tb_value v[TB_STATE_COLUMN_MAX];
    int rc = SQLITE_OK;
    for (uint32_t i = 0; key != NULL && rc == SQLITE_OK && i < t->key_n; i++)
        rc = tb_state_sqlite_bind(s, (int)i + 1, &t->column[i], &key[i]);
    *rows = 0;
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        row_values(s, t, v);
        (*rows)++;
        rc = fn(user, v, t->column_n) ? SQLITE_OK : SQLITE_DONE;
    }
    enum tb_state_answer a = tb_state_sqlite_answer(r->db, rc, t->name, f);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return a;
}

enum tb_state_answer tb_state_sqlite_get(struct tb_state_reader *r, const struct tb_table *t,
                                         const struct tb_value *key, tb_row_fn fn, void *user,
                                         struct tb_fault *f)
{
    sqlite3_stmt **s = &reader_of(r, t)->get;
    enum tb_state_answer a = tb_state_sqlite_answer(r->db, prepare(r, t, GET, s), t->name, f);
    uint64_t rows = 0;
    if (a == TB_STATE_DONE)
        a = run_rows(r, *s, t, key, fn, user, &rows, f);
    return a == TB_STATE_DONE && rows == 0 ? TB_STATE_ABSENT : a;
}

enum tb_state_answer tb_state_sqlite_scan(struct tb_state_reader *r, const struct tb_table *t,
                                          const struct tb_value *from, tb_row_fn fn, void *user,
                                          struct tb_fault *f)
{
    struct table_reader *tr = reader_of(r, t);
    sqlite3_stmt **s = from ? &tr->scan_from : &tr->scan;
    int rc = prepare(r, t, from ? SCAN_FROM : SCAN, s);
    enum tb_state_answer a = tb_state_sqlite_answer(r->db, rc, t->name, f);
    uint64_t rows = 0;
    return a == TB_STATE_DONE ? run_rows(r, *s, t, from, fn, user, &rows, f) : a;
}

/* The instant is that of the first read, so there is one at once. */
enum tb_state_answer tb_state_sqlite_reader_hold(struct tb_state_reader *r, bool on, struct tb_fault *f)
{
    const char *sql = on ? "BEGIN; SELECT count(*) FROM sqlite_schema" : "COMMIT";
    return tb_state_sqlite_answer(r->db, sqlite3_exec(r->db, sql, NULL, NULL, NULL), "hold an instant", f);
}

/* ---- people's SQL ---- */

static int only_reading(void *user, int action, const char *a, const char *b, const char *c,
                        const char *d)
{
    static const char *const pragma[] = {"table_info", "table_xinfo", "table_list",
                                         "index_list", "index_info",  "user_version"};
    (void)user, (void)c, (void)d;
    if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE)
        return SQLITE_OK;
    if (action == SQLITE_FUNCTION)
        return b != NULL && strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    if (action == SQLITE_PRAGMA && a != NULL && (b == NULL || strcmp(a, "user_version") != 0))
        for (size_t i = 0; i < TB_COUNT_OF(pragma); i++)
            if (strcmp(a, pragma[i]) == 0)
                return SQLITE_OK;
    return SQLITE_DENY;
}

static int past_deadline(void *user)
{
    return monotonic_ms() >= ((struct tb_state_reader *)user)->deadline_ms;
}

/* True when nothing but space, semicolons and comments is left. */
static bool only_space(const char *p, const char *end)
{
    while (p < end) {
        if (isspace((unsigned char)*p) || *p == ';') {
            p++;
        } else if (end - p >= 2 && p[0] == '-' && p[1] == '-') {
            while (p < end && *p != '\n')
                p++;
        } else {
            return false;
        }
    }
    return true;
}

static enum tb_state_answer prepare_query(struct tb_state_reader *r, struct tb_str sql,
                                          sqlite3_stmt **s, struct tb_fault *f)
{
    const char *tail = NULL;
    int rc = sql.n > 0 ? sqlite3_prepare_v2(r->db, sql.p, (int)sql.n, s, &tail) : SQLITE_OK;
    if (rc != SQLITE_OK)
        tb_fault_set(f, false, "%s", sqlite3_errmsg(r->db));
    else if (*s == NULL)
        tb_fault_set(f, false, "no statement");
    else if (!only_space(tail, sql.p + sql.n))
        tb_fault_set(f, false, "one statement at a time");
    else if (!sqlite3_stmt_readonly(*s))
        tb_fault_set(f, false, "only statements that read are allowed");
    else
        return TB_STATE_DONE;
    return TB_STATE_REFUSED;
}

/* A blob as \x and hex; the text belongs to the caller. NULL: no memory. */
static char *hex_of(const uint8_t *p, uint32_t n)
{
    static const char digit[] = "0123456789abcdef";
    char *hex = malloc((size_t)n * 2 + 3);
    if (hex == NULL)
        return NULL;
    hex[0] = '\\';
    hex[1] = 'x';
    for (uint32_t i = 0; i < n; i++) {
        hex[2 + i * 2] = digit[p[i] >> 4];
        hex[3 + i * 2] = digit[p[i] & 15];
    }
    hex[2 + (size_t)n * 2] = 0;
    return hex;
}

static bool query_row(sqlite3_stmt *s, uint32_t n, struct tb_value *v, char **hex, tb_row_fn fn,
                      void *user)
{
    for (uint32_t i = 0; i < n; i++) {
        int c = (int)i, type = sqlite3_column_type(s, c);
        hex[i] = NULL;
        v[i] = (struct tb_value){.null = type == SQLITE_NULL};
        if (v[i].null)
            continue;
        if (type == SQLITE_INTEGER)
            v[i].i64 = sqlite3_column_int64(s, c);
        if (type == SQLITE_BLOB) {
            hex[i] = hex_of(sqlite3_column_blob(s, c), (uint32_t)sqlite3_column_bytes(s, c));
            v[i].str = tb_str_of(hex[i] ? hex[i] : "");
        } else {
            v[i].str.p = (const char *)sqlite3_column_text(s, c);
            v[i].str.n = (uint32_t)sqlite3_column_bytes(s, c);
        }
    }
    bool more = fn(user, v, n);
    for (uint32_t i = 0; i < n; i++)
        free(hex[i]);
    return more;
}

static enum tb_state_answer run_query(struct tb_state_reader *r, sqlite3_stmt *s,
                                      uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                      void *user, struct tb_fault *f)
{
    uint32_t n = (uint32_t)sqlite3_column_count(s);
    struct tb_value *v = calloc(n + 1, sizeof *v);
    char **hex = calloc(n + 1, sizeof(char *));
    const char **name = calloc(n + 1, sizeof(char *));
    tb_assert(v != NULL && hex != NULL && name != NULL);
    for (uint32_t i = 0; i < n; i++)
        name[i] = sqlite3_column_name(s, (int)i);
    if (head != NULL)
        head(user, name, n);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (!query_row(s, n, v, hex, fn, user)) {
            rc = SQLITE_DONE;
            break;
        }
    enum tb_state_answer a = TB_STATE_DONE;
    if (rc == SQLITE_INTERRUPT) {
        tb_fault_set(f, false, "stopped after %" PRIu32 " ms", limit_ms);
        a = TB_STATE_FAULT;
    } else if (rc == SQLITE_ERROR || (rc & 0xff) == SQLITE_TOOBIG) {
        tb_fault_set(f, false, "%s", sqlite3_errmsg(r->db));
        a = TB_STATE_REFUSED;
    } else {
        a = tb_state_sqlite_answer(r->db, rc, "query", f);
    }
    free(v);
    free(hex);
    free(name);
    return a;
}

enum tb_state_answer tb_state_sqlite_query(struct tb_state_reader *r, struct tb_str sql,
                                           uint32_t limit_ms, tb_head_fn head, tb_row_fn fn,
                                           void *user, struct tb_fault *f)
{
    sqlite3_stmt *s = NULL;
    int before = sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, QUERY_VALUE_BYTES);
    r->deadline_ms = monotonic_ms() + limit_ms;
    sqlite3_set_authorizer(r->db, only_reading, r);
    sqlite3_progress_handler(r->db, PROGRESS_STEPS, past_deadline, r);
    enum tb_state_answer a = prepare_query(r, sql, &s, f);
    if (a == TB_STATE_DONE)
        a = run_query(r, s, limit_ms, head, fn, user, f);
    sqlite3_finalize(s);
    sqlite3_progress_handler(r->db, 0, NULL, NULL);
    sqlite3_set_authorizer(r->db, NULL, NULL);
    sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, before);
    return a;
}

/* ---- snapshots ---- */

static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL)
        return sqlite3_errcode(to);
    int rc = sqlite3_backup_step(b, -1); /* one read transaction: one moment */
    int end = sqlite3_backup_finish(b);
    return rc == SQLITE_DONE ? end : rc;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The copy becomes a plain file (no log beside it), then gets its name. */
static enum tb_state_answer finish_copy(const char *temp, const char *path, struct tb_fault *f)
{
    char folder[TB_STATE_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    if (sync_path(temp, O_RDWR) && rename(temp, path) == 0 &&
        sync_path(dirname(folder), O_RDONLY | O_DIRECTORY))
        return TB_STATE_DONE;
    tb_fault_set(f, false, "state: %s: %s", path, strerror(errno));
    return errno == ENOSPC ? TB_STATE_NO_SPACE : TB_STATE_FAULT;
}

enum tb_state_answer tb_state_sqlite_snapshot(struct tb_state *base, const char *path,
                                              struct tb_fault *f)
{
    struct tb_state_sqlite *s = (struct tb_state_sqlite *)base;
    char temp[TB_STATE_PATH_MAX];
    if (snprintf(temp, sizeof temp, "%s.tmp", path) >= (int)sizeof temp ||
        access(path, F_OK) == 0) {
        tb_fault_set(f, false, "state: %s exists, or is too long a name", path);
        return TB_STATE_FAULT;
    }
    unlink(temp);
    sqlite3 *from = NULL, *to = NULL;
    atomic_fetch_add(&s->reader_n, 1);
    int rc = open_reading(s->path, &from);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(temp, &to,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", NULL, NULL,
                          NULL); /* synced whole at the end */
    if (rc == SQLITE_OK)
        rc = copy_pages(from, to);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    enum tb_state_answer a = tb_state_sqlite_answer(to, rc, "snapshot", f);
    sqlite3_close(to);
    sqlite3_close(from);
    atomic_fetch_sub(&s->reader_n, 1);
    if (a == TB_STATE_DONE)
        a = finish_copy(temp, path, f);
    if (a != TB_STATE_DONE)
        unlink(temp);
    return a;
}
