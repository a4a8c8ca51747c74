// SPDX-License-Identifier: Apache-2.0
#include "journal/sqlite/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/hash.h"

#define APPLICATION_ID 0x54424a4e /* "TBJN" */
#define FORMAT 1
#define FILL_BYTES (16u << 10) /* larger writes make larger page-cache units to dirty later */
#define HEADER_BYTES 4096u /* more than a log's header, and a page */
#define FILL_TOGETHER (UINT64_C(1) << 20) /* on their way to the disk at once: the live log's syncs wait behind them */

const char tb_segment_read_sql[] =
    "SELECT number, epoch, writer, at_ms, prev, hash, body FROM batch"
    " WHERE number BETWEEN ?1 AND ?2 ORDER BY number";

enum tb_journal_answer tb_segment_answer(sqlite3 *db, int rc, const char *path,
                                         const char *doing, struct tb_fault *f)
{
    int primary = rc & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE)
        return TB_JOURNAL_DONE;
    const char *name = strrchr(path, '/');
    tb_fault_set(f, primary == SQLITE_BUSY || primary == SQLITE_FULL, "journal: %s: %s: %s (%d)",
                 name ? name + 1 : path, doing, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), rc);
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        return TB_JOURNAL_CORRUPT;
    return primary == SQLITE_FULL ? TB_JOURNAL_NO_SPACE : TB_JOURNAL_FAULT;
}

static enum tb_journal_answer os_answer(const char *path, const char *doing, struct tb_fault *f)
{
    int e = errno;
    tb_fault_set(f, e == ENOSPC, "journal: %s: %s: %s", path, doing, strerror(e));
    return e == ENOSPC || e == EDQUOT ? TB_JOURNAL_NO_SPACE : TB_JOURNAL_FAULT;
}

bool tb_segment_sync_folder(const char *path)
{
    char copy[TB_SEGMENT_PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

/* Runs one PRAGMA that answers one value, and compares that with what must hold. */
static int pragma_is(sqlite3 *db, const char *sql, const char *wanted)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    bool same = rc == SQLITE_ROW && sqlite3_column_text(s, 0) != NULL &&
                strcmp((const char *)sqlite3_column_text(s, 0), wanted) == 0;
    int end = sqlite3_finalize(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    return end != SQLITE_OK ? end : same ? SQLITE_OK : SQLITE_ERROR;
}

/* The one connection that writes. EXCLUSIVE is set before the first access, so the index
 * of the log lives in memory and no other connection can enter.                         */
static int open_writer(const char *path, int flags, sqlite3 **db)
{
    int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    rc = pragma_is(*db, "PRAGMA locking_mode=EXCLUSIVE", "exclusive");
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(*db,
                          "PRAGMA synchronous=FULL; PRAGMA cache_spill=OFF;"
                          "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-8192;"
                          "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON",
                          NULL, NULL, NULL);
    return rc;
}

static bool sync_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

/* Nobody knows the temporary file yet: it is written without syncs, then synced once. */
static enum tb_journal_answer make_file(const char *temp, const char *path, uint32_t page_bytes,
                                        struct tb_fault *f)
{
    char sql[320];
    snprintf(sql, sizeof sql,
             "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=%" PRIu32 ";"
             "BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d;"
             "CREATE TABLE batch(number INTEGER PRIMARY KEY, epoch, writer, at_ms, prev, hash,"
             " body); COMMIT",
             page_bytes, APPLICATION_ID, FORMAT);
    sqlite3 *db = NULL;
    int rc = open_writer(temp, SQLITE_OPEN_CREATE, &db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    enum tb_journal_answer a = tb_segment_answer(db, rc, path, "make", f);
    sqlite3_close(db);
    if (a == TB_JOURNAL_DONE && !sync_file(temp))
        a = os_answer(temp, "sync", f);
    if (a == TB_JOURNAL_DONE && rename(temp, path) != 0)
        a = os_answer(path, "rename", f);
    if (a == TB_JOURNAL_DONE && !tb_segment_sync_folder(path))
        a = os_answer(path, "sync the folder", f);
    return a;
}

enum tb_journal_answer tb_segment_make(struct tb_segment *s, const char *dir, uint32_t seq,
                                       uint32_t page_bytes, struct tb_fault *f)
{
    char temp[TB_SEGMENT_PATH_MAX];
    memset(s, 0, sizeof *s);
    s->seq = seq;
    snprintf(s->path, sizeof s->path, "%s/seg-%06" PRIu32 ".db", dir, seq);
    snprintf(temp, sizeof temp, "%s/seg-%06" PRIu32 ".tmp", dir, seq);
    unlink(temp);
    enum tb_journal_answer a = make_file(temp, s->path, page_bytes, f);
    if (a != TB_JOURNAL_DONE)
        unlink(temp);
    return a;
}

bool tb_segment_row(sqlite3_stmt *read, struct tb_batch *b)
{
    memset(b, 0, sizeof *b);
    if (sqlite3_column_bytes(read, 4) != TB_HASH_BYTES ||
        sqlite3_column_bytes(read, 5) != TB_HASH_BYTES ||
        sqlite3_column_bytes(read, 6) > (int)TB_BATCH_BYTES_MAX)
        return false;
    b->number = (uint64_t)sqlite3_column_int64(read, 0);
    b->epoch = (uint64_t)sqlite3_column_int64(read, 1);
    b->writer = (uint64_t)sqlite3_column_int64(read, 2);
    b->at_ms = sqlite3_column_int64(read, 3);
    memcpy(b->prev_hash, sqlite3_column_blob(read, 4), TB_HASH_BYTES);
    memcpy(b->hash, sqlite3_column_blob(read, 5), TB_HASH_BYTES);
    b->body.p = sqlite3_column_blob(read, 6);
    b->body.n = (uint32_t)sqlite3_column_bytes(read, 6);
    return true;
}

static int64_t one_number(sqlite3 *db, const char *sql, int *rc)
{
    sqlite3_stmt *s = NULL;
    int64_t v = 0;
    *rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (*rc == SQLITE_OK)
        *rc = sqlite3_step(s);
    if (*rc == SQLITE_ROW)
        v = sqlite3_column_int64(s, 0);
    int end = sqlite3_finalize(s);
    if (*rc == SQLITE_ROW || *rc == SQLITE_DONE)
        *rc = end;
    return v;
}

static enum tb_journal_answer read_ends(struct tb_segment *s, sqlite3 *db, struct tb_batch *last,
                                        struct tb_fault *f)
{
    int rc = SQLITE_OK;
    s->first = (uint64_t)one_number(db, "SELECT min(number) FROM batch", &rc);
    if (rc == SQLITE_OK)
        s->last = (uint64_t)one_number(db, "SELECT max(number) FROM batch", &rc);
    if (rc != SQLITE_OK || s->last == 0)
        return tb_segment_answer(db, rc, s->path, "read", f);
    sqlite3_stmt *read = NULL;
    rc = sqlite3_prepare_v2(db, tb_segment_read_sql, -1, &read, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(read, 1, (int64_t)s->last);
        sqlite3_bind_int64(read, 2, (int64_t)s->last);
        rc = sqlite3_step(read);
    }
    enum tb_journal_answer a = tb_segment_answer(db, rc, s->path, "read", f);
    if (a == TB_JOURNAL_DONE) {
        struct tb_chain chain;
        tb_chain_init(&chain, s->last);
        if (rc == SQLITE_ROW && tb_segment_row(read, last)) {
            a = tb_chain_check(&chain, last, f);
        } else {
            tb_fault_set(f, false, "journal: %s: its last batch is not readable", s->path);
            a = TB_JOURNAL_CORRUPT;
        }
    }
    last->body = TB_STR_NONE;
    sqlite3_finalize(read);
    return a;
}

enum tb_journal_answer tb_segment_recover(struct tb_segment *s, struct tb_batch *last,
                                          struct tb_fault *f)
{
    tb_assert(s->db == NULL);
    sqlite3 *db = NULL;
    chmod(s->path, 0640);
    int rc = open_writer(s->path, 0, &db);
    int64_t id = 0, format = 0;
    if (rc == SQLITE_OK)
        id = one_number(db, "PRAGMA application_id", &rc);
    if (rc == SQLITE_OK)
        format = one_number(db, "PRAGMA user_version", &rc);
    enum tb_journal_answer a = tb_segment_answer(db, rc, s->path, "open", f);
    if (a == TB_JOURNAL_DONE && (id != APPLICATION_ID || format != FORMAT)) {
        tb_fault_set(f, false, "journal: %s is not a journal of this version", s->path);
        a = TB_JOURNAL_CORRUPT;
    }
    /* Copies what the log holds into the plain file with fresh writes and a sync: after a
     * failed sync the log's pages may look clean without being on disk.                   */
    if (a == TB_JOURNAL_DONE) {
        rc = pragma_is(db, "PRAGMA journal_mode=DELETE", "delete");
        a = tb_segment_answer(db, rc, s->path, "recover", f);
    }
    if (a == TB_JOURNAL_DONE)
        a = read_ends(s, db, last, f);
    sqlite3_close(db);
    if (a == TB_JOURNAL_DONE && !tb_segment_sync_folder(s->path))
        a = os_answer(s->path, "sync the folder", f);
    if (a == TB_JOURNAL_DONE)
        chmod(s->path, 0440);
    return a;
}

#define TO_DISK (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

static void log_name(char log[TB_SEGMENT_LOG_MAX], const char *path)
{
    snprintf(log, TB_SEGMENT_LOG_MAX, "%s-wal", path);
}

/* The log of a segment that is sealed, as an empty one: its header is zeros, and its frames carry numbers that the next
 * header, with 64 new random bits, does not (as after any reset of a log). Nothing is filled with zeros again.       */
static bool reuse_log(const char *spare, const char *log, uint64_t bytes)
{
    static const uint8_t zeros[HEADER_BYTES];
    struct stat st;
    int fd = spare != NULL ? open(spare, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    /* a name of its own and no other: never the log of a segment that may still need it */
    bool ok = fstat(fd, &st) == 0 && st.st_nlink == 1 && (uint64_t)st.st_size >= bytes &&
              (uint64_t)st.st_size <= 2 * bytes && pwrite(fd, zeros, sizeof zeros, 0) == (ssize_t)sizeof zeros &&
              fsync(fd) == 0;
    close(fd);
    ok = ok && rename(spare, log) == 0;
    if (!ok)
        unlink(spare);
    return ok;
}

/* A log of zeros is, to SQLite, an empty log: no magic number, no frame. */
static enum tb_journal_answer prefill_log(const char *path, uint64_t bytes, const char *spare, struct tb_fault *f)
{
    static const uint8_t zeros[FILL_BYTES];
    char log[TB_SEGMENT_LOG_MAX];
    log_name(log, path);
    if (reuse_log(spare, log, bytes))
        return TB_JOURNAL_DONE;
    int fd = open(log, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return os_answer(log, "make", f);
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    uint64_t sent = 0;
    for (uint64_t done = 0; a == TB_JOURNAL_DONE && done < bytes;) {
        size_t want = bytes - done < FILL_BYTES ? (size_t)(bytes - done) : FILL_BYTES;
        ssize_t n = write(fd, zeros, want);
        if (n < 0 && errno != EINTR)
            a = os_answer(log, "fill", f);
        done += n > 0 ? (uint64_t)n : 0;
        if (done - sent >= FILL_TOGETHER) { /* a hint: what it does not do, fsync does */
            (void)sync_file_range(fd, (off_t)sent, (off_t)(done - sent), TO_DISK);
            sent = done;
        }
    }
    if (a == TB_JOURNAL_DONE && fsync(fd) != 0)
        a = os_answer(log, "sync", f);
    close(fd);
    if (a != TB_JOURNAL_DONE)
        unlink(log);
    return a;
}

static int prepare_all(struct tb_segment *s)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } all[] = {
        {&s->insert, "INSERT INTO batch VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&s->begin, "BEGIN IMMEDIATE"},
        {&s->commit, "COMMIT"},
        {&s->rollback, "ROLLBACK"},
        {&s->read, tb_segment_read_sql},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < TB_COUNT_OF(all); i++)
        rc = sqlite3_prepare_v3(s->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].stmt,
                                NULL);
    return rc;
}

enum tb_journal_answer tb_segment_go_live(struct tb_segment *s, uint64_t prefill, const char *spare,
                                          struct tb_fault *f)
{
    tb_assert(s->db == NULL); /* one writing connection, ever */
    sqlite3 *db = NULL;
    chmod(s->path, 0640);
    int rc = open_writer(s->path, 0, &db);
    if (rc == SQLITE_OK)
        rc = pragma_is(db, "PRAGMA journal_mode=WAL", "wal");
    /* Closing removes the (empty) log, so that the filled one can take its place. */
    if (rc == SQLITE_OK && prefill > 0) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        sqlite3_close(db);
        db = NULL;
        enum tb_journal_answer a = prefill_log(s->path, prefill, spare, f);
        if (a != TB_JOURNAL_DONE)
            return a;
        if (!tb_segment_sync_folder(s->path))
            return os_answer(s->path, "sync the folder", f);
        rc = open_writer(s->path, 0, &db);
        if (rc == SQLITE_OK)
            rc = pragma_is(db, "PRAGMA journal_mode", "wal");
    }
    s->db = db;
    s->log_bytes = 0;
    if (rc == SQLITE_OK)
        rc = prepare_all(s);
    enum tb_journal_answer a = tb_segment_answer(db, rc, s->path, "open for appending", f);
    if (a != TB_JOURNAL_DONE)
        tb_segment_drop(s);
    return a;
}

uint64_t tb_segment_cost(const struct tb_batch *b, uint32_t page_bytes)
{
    /* a frame is a page and 24 bytes; leaf and one interior page on top of the overflow */
    return ((b->body.n + 256) / (page_bytes - 4) + 3) * (uint64_t)(page_bytes + 24);
}

static int run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE ? end : rc;
}

static int insert_one(sqlite3_stmt *s, const struct tb_batch *b)
{
    sqlite3_bind_int64(s, 1, (int64_t)b->number);
    sqlite3_bind_int64(s, 2, (int64_t)b->epoch);
    sqlite3_bind_int64(s, 3, (int64_t)b->writer);
    sqlite3_bind_int64(s, 4, b->at_ms);
    sqlite3_bind_blob(s, 5, b->prev_hash, TB_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(s, 6, b->hash, TB_HASH_BYTES, SQLITE_STATIC);
    int rc = b->body.n > 0 ? sqlite3_bind_blob(s, 7, b->body.p, (int)b->body.n, SQLITE_STATIC)
                           : sqlite3_bind_zeroblob(s, 7, 0);
    if (rc == SQLITE_OK)
        rc = run(s);
    sqlite3_clear_bindings(s); /* the body is the caller's again */
    return rc;
}

enum tb_journal_answer tb_segment_append(struct tb_segment *s, const struct tb_batch *b,
                                         uint32_t n, struct tb_fault *f)
{
    tb_assert(s->db != NULL && sqlite3_get_autocommit(s->db));
    int rc = run(s->begin);
    for (uint32_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = insert_one(s->insert, &b[i]);
    if (rc != SQLITE_OK) {
        enum tb_journal_answer a = tb_segment_answer(s->db, rc, s->path, "append", f);
        if (!sqlite3_get_autocommit(s->db) && run(s->rollback) != SQLITE_OK)
            return TB_JOURNAL_UNKNOWN;
        return a;
    }
    rc = run(s->commit);
    if (rc != SQLITE_OK) {
        tb_segment_answer(s->db, rc, s->path, "commit", f);
        return TB_JOURNAL_UNKNOWN;
    }
    return TB_JOURNAL_DONE;
}

static void finalize_all(struct tb_segment *s)
{
    sqlite3_stmt **all[] = {&s->insert, &s->begin, &s->commit, &s->rollback, &s->read};
    for (size_t i = 0; i < TB_COUNT_OF(all); i++) {
        sqlite3_finalize(*all[i]);
        *all[i] = NULL;
    }
}

enum tb_journal_answer tb_segment_seal(struct tb_segment *s, const char *spare, struct tb_fault *f)
{
    tb_assert(s->db != NULL);
    char log[TB_SEGMENT_LOG_MAX];
    log_name(log, s->path);
    if (spare != NULL && (unlink(spare), link(log, spare)) != 0)
        spare = NULL; /* the next log is filled instead */
    finalize_all(s);
    int rc = pragma_is(s->db, "PRAGMA journal_mode=DELETE", "delete");
    enum tb_journal_answer a = tb_segment_answer(s->db, rc, s->path, "seal", f);
    tb_segment_drop(s);
    if (a == TB_JOURNAL_DONE && !tb_segment_sync_folder(s->path))
        a = os_answer(s->path, "sync the folder", f);
    if (a == TB_JOURNAL_DONE)
        chmod(s->path, 0440);
    else if (spare != NULL)
        unlink(spare); /* what it holds may be needed, under its own name */
    return a;
}

void tb_segment_drop(struct tb_segment *s)
{
    finalize_all(s);
    int rc = sqlite3_close(s->db);
    tb_assert(rc == SQLITE_OK); /* no statement of ours is left open */
    s->db = NULL;
}

enum tb_journal_answer tb_segment_open_sealed(const char *path, sqlite3 **db,
                                              sqlite3_stmt **read, struct tb_fault *f)
{
    char uri[TB_SEGMENT_PATH_MAX * 3 + 32];
    size_t n = (size_t)snprintf(uri, sizeof uri, "file:");
    for (const char *p = path; *p != 0 && n + 24 < sizeof uri; p++) {
        bool plain = *p != '%' && *p != '?' && *p != '#';
        n += (size_t)snprintf(uri + n, sizeof uri - n, plain ? "%c" : "%%%02X",
                              (unsigned char)*p);
    }
    snprintf(uri + n, sizeof uri - n, "?immutable=1");
    int rc = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                             NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(*db, tb_segment_read_sql, -1, read, NULL);
    enum tb_journal_answer a = tb_segment_answer(*db, rc, path, "open for reading", f);
    if (a != TB_JOURNAL_DONE) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return a;
}
