// SPDX-License-Identifier: Apache-2.0
/* border/keystore.c - see keystore.h. Invariants: a key number, once reserved, has one key
 * until it is erased and none for ever after; the cache never holds what the disk does not.
 * Not here: sealing (seal.c), the master file (master.c).                              */
#include "border/keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "border/master.h"

/* A wrapped block and its row fill one 8 KiB page. */
#define BLOCK_KEYS 250u
#define BLOCK_BYTES (BLOCK_KEYS * TB_SEAL_KEY_BYTES)
#define WRAPPED_BYTES (BLOCK_BYTES + TB_WRAP_OVERHEAD)
#define RESERVE_BLOCKS 16u
#define KEYS_MAX (UINT64_C(1) << 31)
#define FORMAT 1
#define PATH_BYTES 4096
#define BACKUP_PAGES 1024 /* copied between two chances for others to take the mutex */
#define WAIT_MS 5000      /* for another process that writes */
#define LOOK_MS 50        /* how late an erasure by another process may be seen */

static const char block_label[8] = "tb-block";
static const char root_label[8] = "tb-root ";

struct block {
    uint64_t index;
    uint8_t key[BLOCK_KEYS][TB_SEAL_KEY_BYTES];
};

struct tb_keystore {
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *load;
    sqlite3_stmt *save;
    sqlite3_stmt *note;
    sqlite3_stmt *count;
    sqlite3_stmt *version;
    int64_t seen_version; /* of the data base file, as other processes change it */
    int64_t looked_ms;
    struct tb_master master;
    uint8_t root[TB_SEAL_KEY_BYTES];
    uint64_t reserved;
    uint32_t cache_blocks;
    struct block **cache; /* by index % cache_blocks; NULL until used */
};

static enum tb_keystore_answer db_fault(struct tb_keystore *ks, const char *what, struct tb_fault *fault)
{
    int code = sqlite3_errcode(ks->db) & 0xff;
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    tb_fault_set(fault, !damaged, "key store, %s: %s", what, sqlite3_errmsg(ks->db));
    if (code == SQLITE_BUSY)
        return TB_KEYSTORE_BUSY;
    return damaged ? TB_KEYSTORE_DAMAGED : TB_KEYSTORE_FAULT;
}

static bool run(struct tb_keystore *ks, const char *sql)
{
    return sqlite3_exec(ks->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool read_number(sqlite3_stmt *s, int64_t *out)
{
    bool ok = s && sqlite3_step(s) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return ok;
}

static int64_t coarse_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_zero_key(const uint8_t key[TB_SEAL_KEY_BYTES])
{
    return sodium_is_zero(key, TB_SEAL_KEY_BYTES);
}

static enum tb_keystore_answer load_block(struct tb_keystore *ks, uint64_t index, struct block *b,
                                          struct tb_fault *fault)
{
    enum tb_keystore_answer answer = TB_KEYSTORE_DONE;
    sqlite3_bind_int64(ks->load, 1, (sqlite3_int64)index);
    int step = sqlite3_step(ks->load);
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        answer = db_fault(ks, "read", fault);
    } else if (step == SQLITE_DONE || sqlite3_column_bytes(ks->load, 0) != (int)WRAPPED_BYTES ||
               !tb_master_unwrap(&ks->master, block_label, index, sqlite3_column_blob(ks->load, 0), BLOCK_BYTES,
                                 b->key)) {
        tb_fault_set(fault, false, "key store: block %llu does not verify", (unsigned long long)index);
        answer = TB_KEYSTORE_DAMAGED;
    }
    b->index = index;
    sqlite3_reset(ks->load);
    return answer;
}

static enum tb_keystore_answer save_block(struct tb_keystore *ks, const struct block *b, struct tb_fault *fault)
{
    uint8_t wrapped[WRAPPED_BYTES];
    tb_master_wrap(&ks->master, block_label, b->index, b->key, BLOCK_BYTES, wrapped);
    sqlite3_bind_int64(ks->save, 1, (sqlite3_int64)b->index);
    sqlite3_bind_blob(ks->save, 2, wrapped, sizeof wrapped, SQLITE_STATIC);
    int step = sqlite3_step(ks->save);
    enum tb_keystore_answer answer = step == SQLITE_DONE ? TB_KEYSTORE_DONE : db_fault(ks, "write", fault);
    sqlite3_reset(ks->save);
    sqlite3_clear_bindings(ks->save);
    return answer;
}

/* Ends a transaction: commit when all went well, else as if nothing had happened. */
static enum tb_keystore_answer finish(struct tb_keystore *ks, enum tb_keystore_answer answer,
                                      struct tb_fault *fault)
{
    if (answer == TB_KEYSTORE_DONE && run(ks, "COMMIT"))
        return TB_KEYSTORE_DONE;
    if (answer == TB_KEYSTORE_DONE)
        answer = db_fault(ks, "commit", fault);
    (void)run(ks, "ROLLBACK");
    return answer;
}

/* The cached block, loaded when needed. */
static enum tb_keystore_answer cached(struct tb_keystore *ks, uint64_t index, struct block **out,
                                      struct tb_fault *fault)
{
    struct block **slot = &ks->cache[index % ks->cache_blocks];
    if (*slot && (*slot)->index == index) {
        *out = *slot;
        return TB_KEYSTORE_DONE;
    }
    if (!*slot)
        *slot = malloc(sizeof **slot);
    if (!*slot) {
        tb_fault_set(fault, true, "key store: no memory for a block");
        return TB_KEYSTORE_FAULT;
    }
    enum tb_keystore_answer answer = load_block(ks, index, *slot, fault);
    if (answer != TB_KEYSTORE_DONE)
        (*slot)->index = UINT64_MAX;
    *out = *slot;
    return answer;
}

static void forget(struct tb_keystore *ks, uint64_t index)
{
    struct block *b = ks->cache[index % ks->cache_blocks];
    if (b && b->index == index) {
        sodium_memzero(b->key, sizeof b->key);
        b->index = UINT64_MAX;
    }
}

/* Drops what another process (a deposed leader, a standby, a command) may have changed. */
static enum tb_keystore_answer look(struct tb_keystore *ks, struct tb_fault *fault)
{
    int64_t version;
    int64_t blocks;
    int64_t now = coarse_ms();
    if (now - ks->looked_ms < LOOK_MS)
        return TB_KEYSTORE_DONE;
    if (!read_number(ks->version, &version))
        return db_fault(ks, "look", fault);
    ks->looked_ms = now;
    if (version == ks->seen_version)
        return TB_KEYSTORE_DONE;
    if (!read_number(ks->count, &blocks))
        return db_fault(ks, "count", fault);
    ks->seen_version = version;
    ks->reserved = (uint64_t)blocks * BLOCK_KEYS;
    for (uint32_t i = 0; i < ks->cache_blocks; i++)
        if (ks->cache[i])
            ks->cache[i]->index = UINT64_MAX;
    return TB_KEYSTORE_DONE;
}

enum tb_keystore_answer tb_keystore_get(struct tb_keystore *ks, uint64_t no, uint8_t key[TB_SEAL_KEY_BYTES],
                                        struct tb_fault *fault)
{
    struct block *b;
    pthread_mutex_lock(&ks->lock);
    enum tb_keystore_answer answer = look(ks, fault);
    if (answer == TB_KEYSTORE_DONE && (no < 1 || no > ks->reserved))
        answer = TB_KEYSTORE_ABSENT;
    if (answer == TB_KEYSTORE_DONE)
        answer = cached(ks, (no - 1) / BLOCK_KEYS, &b, fault);
    if (answer == TB_KEYSTORE_DONE) {
        const uint8_t *found = b->key[(no - 1) % BLOCK_KEYS];
        if (is_zero_key(found))
            answer = TB_KEYSTORE_ERASED;
        else
            memcpy(key, found, TB_SEAL_KEY_BYTES);
    }
    pthread_mutex_unlock(&ks->lock);
    return answer;
}

uint64_t tb_keystore_reserved(struct tb_keystore *ks)
{
    pthread_mutex_lock(&ks->lock);
    uint64_t n = ks->reserved;
    pthread_mutex_unlock(&ks->lock);
    return n;
}

/* What another process reserved in the meantime counts: its keys may be in use. */
static enum tb_keystore_answer add_blocks(struct tb_keystore *ks, uint64_t upto, struct tb_fault *fault)
{
    struct block b;
    int64_t have = 0;
    enum tb_keystore_answer answer = TB_KEYSTORE_DONE;
    if (!run(ks, "BEGIN IMMEDIATE"))
        return db_fault(ks, "begin", fault);
    if (!read_number(ks->count, &have))
        answer = db_fault(ks, "count", fault);
    uint64_t end = (uint64_t)have;
    if (answer == TB_KEYSTORE_DONE && upto > end * BLOCK_KEYS) {
        end = (upto + BLOCK_KEYS - 1) / BLOCK_KEYS;
        if (end < (uint64_t)have + RESERVE_BLOCKS)
            end = (uint64_t)have + RESERVE_BLOCKS;
    }
    for (b.index = (uint64_t)have; b.index < end && answer == TB_KEYSTORE_DONE; b.index++) {
        randombytes_buf(b.key, sizeof b.key);
        answer = save_block(ks, &b, fault);
    }
    sodium_memzero(&b, sizeof b);
    answer = finish(ks, answer, fault);
    if (answer == TB_KEYSTORE_DONE)
        ks->reserved = end * BLOCK_KEYS;
    return answer;
}

static enum tb_keystore_answer reserve_locked(struct tb_keystore *ks, uint64_t upto, struct tb_fault *fault)
{
    if (upto <= ks->reserved)
        return TB_KEYSTORE_DONE;
    if (upto > KEYS_MAX) {
        tb_fault_set(fault, false, "key store: more than 2^31 keys");
        return TB_KEYSTORE_FAULT;
    }
    return add_blocks(ks, upto, fault);
}

enum tb_keystore_answer tb_keystore_reserve(struct tb_keystore *ks, uint64_t upto, struct tb_fault *fault)
{
    pthread_mutex_lock(&ks->lock);
    enum tb_keystore_answer answer = reserve_locked(ks, upto, fault);
    pthread_mutex_unlock(&ks->lock);
    return answer;
}

static enum tb_keystore_answer erase_one(struct tb_keystore *ks, struct tb_erasure e, struct tb_fault *fault)
{
    struct block b;
    enum tb_keystore_answer answer = load_block(ks, (e.no - 1) / BLOCK_KEYS, &b, fault);
    uint8_t *key = b.key[(e.no - 1) % BLOCK_KEYS];
    if (answer == TB_KEYSTORE_DONE && !is_zero_key(key)) {
        sodium_memzero(key, TB_SEAL_KEY_BYTES);
        answer = save_block(ks, &b, fault);
    }
    sodium_memzero(&b, sizeof b);
    if (answer != TB_KEYSTORE_DONE)
        return answer;
    sqlite3_bind_int64(ks->note, 1, (sqlite3_int64)e.no);
    sqlite3_bind_int64(ks->note, 2, e.at_ms);
    int step = sqlite3_step(ks->note);
    answer = step == SQLITE_DONE ? TB_KEYSTORE_DONE : db_fault(ks, "erasure list", fault);
    sqlite3_reset(ks->note);
    return answer;
}

/* All of the list in one transaction; the cache forgets only what the disk has lost. */
static enum tb_keystore_answer erase_locked(struct tb_keystore *ks, const struct tb_erasure *list, uint32_t n,
                                            struct tb_fault *fault)
{
    enum tb_keystore_answer answer = look(ks, fault);
    if (answer != TB_KEYSTORE_DONE)
        return answer;
    for (uint32_t i = 0; i < n; i++)
        if (list[i].no == 0 || list[i].no > ks->reserved)
            return TB_KEYSTORE_ABSENT;
    if (!run(ks, "BEGIN IMMEDIATE"))
        return db_fault(ks, "begin", fault);
    for (uint32_t i = 0; i < n && answer == TB_KEYSTORE_DONE; i++)
        answer = erase_one(ks, list[i], fault);
    answer = finish(ks, answer, fault);
    for (uint32_t i = 0; i < n; i++)
        forget(ks, (list[i].no - 1) / BLOCK_KEYS);
    return answer;
}

enum tb_keystore_answer tb_keystore_erase(struct tb_keystore *ks, const uint64_t *no, uint32_t n, int64_t now_ms,
                                          struct tb_fault *fault)
{
    if (n == 0)
        return TB_KEYSTORE_DONE;
    struct tb_erasure *list = calloc(n, sizeof *list);
    if (!list) {
        tb_fault_set(fault, true, "key store: no memory to erase %u keys", n);
        return TB_KEYSTORE_FAULT;
    }
    for (uint32_t i = 0; i < n; i++)
        list[i] = (struct tb_erasure){no[i], now_ms};
    pthread_mutex_lock(&ks->lock);
    enum tb_keystore_answer answer = erase_locked(ks, list, n, fault);
    pthread_mutex_unlock(&ks->lock);
    free(list);
    return answer;
}

enum tb_keystore_answer tb_keystore_reapply(struct tb_keystore *ks, const struct tb_erasure *list, uint32_t n,
                                            struct tb_fault *fault)
{
    uint64_t last = 0;
    for (uint32_t i = 0; i < n; i++)
        if (list[i].no > last)
            last = list[i].no;
    if (n == 0)
        return TB_KEYSTORE_DONE;
    pthread_mutex_lock(&ks->lock);
    enum tb_keystore_answer answer = reserve_locked(ks, last, fault);
    if (answer == TB_KEYSTORE_DONE)
        answer = erase_locked(ks, list, n, fault);
    pthread_mutex_unlock(&ks->lock);
    return answer;
}

static enum tb_keystore_answer list_erased(sqlite3 *db, tb_erasure_fn fn, void *user, struct tb_fault *fault)
{
    sqlite3_stmt *s = NULL;
    int step = sqlite3_prepare_v2(db, "SELECT no, at_ms FROM erased ORDER BY no", -1, &s, NULL);
    if (step == SQLITE_OK)
        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
            struct tb_erasure e = {(uint64_t)sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
            if (!fn(user, &e)) {
                step = SQLITE_DONE;
                break;
            }
        }
    if (step != SQLITE_DONE)
        tb_fault_set(fault, true, "key store, erasure list: %s", sqlite3_errmsg(db));
    sqlite3_finalize(s);
    return step == SQLITE_DONE ? TB_KEYSTORE_DONE : TB_KEYSTORE_FAULT;
}

enum tb_keystore_answer tb_keystore_erased(struct tb_keystore *ks, tb_erasure_fn fn, void *user,
                                           struct tb_fault *fault)
{
    pthread_mutex_lock(&ks->lock);
    enum tb_keystore_answer answer = list_erased(ks->db, fn, user, fault);
    pthread_mutex_unlock(&ks->lock);
    return answer;
}

static enum tb_keystore_answer renew_one(struct tb_keystore *ks, uint64_t no, struct tb_fault *fault)
{
    struct block b;
    enum tb_keystore_answer answer = load_block(ks, (no - 1) / BLOCK_KEYS, &b, fault);
    if (answer == TB_KEYSTORE_DONE) {
        randombytes_buf(b.key[(no - 1) % BLOCK_KEYS], TB_SEAL_KEY_BYTES);
        answer = save_block(ks, &b, fault);
    }
    sodium_memzero(&b, sizeof b);
    forget(ks, (no - 1) / BLOCK_KEYS);
    return answer;
}

/* The lowest listed number above that one; 0 = none. */
static bool next_erased(struct tb_keystore *ks, uint64_t above, int64_t *no)
{
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(ks->db, "SELECT coalesce(min(no), 0) FROM erased WHERE no > ?1", -1, &s, NULL) ==
                  SQLITE_OK &&
              sqlite3_bind_int64(s, 1, (sqlite3_int64)above) == SQLITE_OK && read_number(s, no);
    sqlite3_finalize(s);
    return ok;
}

enum tb_keystore_answer tb_keystore_renew(struct tb_keystore *ks, uint64_t above, struct tb_fault *fault)
{
    char sql[64];
    int64_t no = 0;
    enum tb_keystore_answer answer = TB_KEYSTORE_DONE;
    (void)snprintf(sql, sizeof sql, "DELETE FROM erased WHERE no > %llu", (unsigned long long)above);
    pthread_mutex_lock(&ks->lock);
    bool begun = run(ks, "BEGIN IMMEDIATE");
    bool ok = begun && next_erased(ks, above, &no);
    while (ok && answer == TB_KEYSTORE_DONE && no > 0) {
        answer = renew_one(ks, (uint64_t)no, fault);
        ok = next_erased(ks, (uint64_t)no, &no);
    }
    if (answer == TB_KEYSTORE_DONE && !(ok && run(ks, sql)))
        answer = db_fault(ks, "renew", fault);
    if (begun)
        answer = finish(ks, answer, fault);
    pthread_mutex_unlock(&ks->lock);
    return answer;
}

/* Gathers a list in pieces, so that a long one needs little memory. */
struct reapplying {
    struct tb_keystore *ks;
    struct tb_fault *fault;
    enum tb_keystore_answer answer;
    uint32_t n;
    struct tb_erasure list[256];
};

static bool reapply_piece(void *user, const struct tb_erasure *e)
{
    struct reapplying *r = user;
    if (r->n == TB_COUNT_OF(r->list)) {
        r->answer = tb_keystore_reapply(r->ks, r->list, r->n, r->fault);
        r->n = 0;
    }
    r->list[r->n++] = *e;
    return r->answer == TB_KEYSTORE_DONE;
}

enum tb_keystore_answer tb_keystore_reapply_file(struct tb_keystore *ks, const char *keys_db, struct tb_fault *fault)
{
    struct reapplying r = {.ks = ks, .fault = fault};
    sqlite3 *db = NULL;
    enum tb_keystore_answer answer = TB_KEYSTORE_FAULT;
    if (sqlite3_open_v2(keys_db, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
        answer = list_erased(db, reapply_piece, &r, fault);
    else
        tb_fault_set(fault, false, "%.150s: %s", keys_db, sqlite3_errmsg(db));
    sqlite3_close(db);
    if (answer == TB_KEYSTORE_DONE)
        answer = r.answer;
    if (answer == TB_KEYSTORE_DONE)
        answer = tb_keystore_reapply(ks, r.list, r.n, fault);
    return answer;
}

/* Copies in pieces; a change in between goes into both, as it is made on this connection. */
static bool copy_pages(struct tb_keystore *ks, sqlite3 *copy, struct tb_fault *fault)
{
    pthread_mutex_lock(&ks->lock);
    sqlite3_backup *b = sqlite3_backup_init(copy, "main", ks->db, "main");
    int step = b ? SQLITE_OK : SQLITE_ERROR;
    while (step == SQLITE_OK) {
        step = sqlite3_backup_step(b, BACKUP_PAGES);
        pthread_mutex_unlock(&ks->lock);
        pthread_mutex_lock(&ks->lock);
    }
    bool ok = b && sqlite3_backup_finish(b) == SQLITE_OK && step == SQLITE_DONE;
    pthread_mutex_unlock(&ks->lock);
    if (!ok)
        tb_fault_set(fault, true, "key store, backup: %s", sqlite3_errmsg(copy));
    return ok;
}

enum tb_keystore_answer tb_keystore_backup(struct tb_keystore *ks, const char *path, struct tb_fault *fault)
{
    sqlite3 *copy = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        tb_fault_set(fault, false, "%.150s cannot be made: %s", path, strerror(errno));
        return TB_KEYSTORE_FAULT;
    }
    bool ok = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    ok = ok && copy_pages(ks, copy, fault);
    ok = sqlite3_close(copy) == SQLITE_OK && ok;
    ok = ok && fsync(fd) == 0;
    close(fd);
    if (!ok)
        unlink(path);
    return ok ? TB_KEYSTORE_DONE : TB_KEYSTORE_FAULT;
}

void tb_keystore_blind_key(struct tb_keystore *ks, uint32_t tenant, uint8_t key[TB_BLIND_KEY_BYTES])
{
    _Static_assert(crypto_kdf_KEYBYTES == TB_SEAL_KEY_BYTES, "the root serves as key of the derivation");
    _Static_assert(TB_BLIND_KEY_BYTES >= crypto_kdf_BYTES_MIN, "long enough to derive");
    int r = crypto_kdf_derive_from_key(key, TB_BLIND_KEY_BYTES, tenant, "tb-blind", ks->root);
    tb_assert(r == 0);
}

void tb_keystore_code_key(struct tb_keystore *ks, uint32_t tenant, uint8_t key[TB_SEAL_KEY_BYTES])
{
    int r = crypto_kdf_derive_from_key(key, TB_SEAL_KEY_BYTES, tenant, "tb-codes", ks->root);
    tb_assert(r == 0);
}

static bool prepare(struct tb_keystore *ks, const char *sql, sqlite3_stmt **out)
{
    return sqlite3_prepare_v3(ks->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK;
}

static enum tb_keystore_answer open_tables(struct tb_keystore *ks, struct tb_fault *fault)
{
    int64_t format = 0;
    sqlite3_stmt *s = NULL;
    static const char pragmas[] = "PRAGMA page_size=8192; PRAGMA secure_delete=ON; PRAGMA journal_mode=DELETE;"
                                  "PRAGMA synchronous=EXTRA; PRAGMA temp_store=MEMORY;";
    static const char tables[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS block(no INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);"
        "CREATE TABLE IF NOT EXISTS erased(no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL);"
        "CREATE TABLE IF NOT EXISTS root(no INTEGER PRIMARY KEY CHECK (no = 1), wrapped BLOB NOT NULL);"
        "PRAGMA user_version=1;"
        "COMMIT;";
    _Static_assert(FORMAT == 1, "user_version above");
    sqlite3_busy_timeout(ks->db, WAIT_MS);
    bool ok = run(ks, pragmas) && prepare(ks, "PRAGMA user_version", &s) && read_number(s, &format);
    sqlite3_finalize(s);
    if (!ok)
        return db_fault(ks, "open", fault);
    if (format > FORMAT) {
        tb_fault_set(fault, false, "the key store has format %d; this program knows %d", (int)format, FORMAT);
        return TB_KEYSTORE_NEWER;
    }
    if (format < FORMAT && !run(ks, tables))
        return db_fault(ks, "make tables", fault);
    ok = prepare(ks, "SELECT wrapped FROM block WHERE no = ?1", &ks->load) &&
         prepare(ks, "INSERT INTO block(no, wrapped) VALUES (?1, ?2) "
                     "ON CONFLICT(no) DO UPDATE SET wrapped = excluded.wrapped", &ks->save) &&
         prepare(ks, "INSERT OR IGNORE INTO erased(no, at_ms) VALUES (?1, ?2)", &ks->note) &&
         prepare(ks, "SELECT coalesce(max(no) + 1, 0) FROM block", &ks->count) &&
         prepare(ks, "PRAGMA data_version", &ks->version);
    return ok ? TB_KEYSTORE_DONE : db_fault(ks, "prepare", fault);
}

static enum tb_keystore_answer make_root(struct tb_keystore *ks, struct tb_fault *fault)
{
    uint8_t wrapped[TB_SEAL_KEY_BYTES + TB_WRAP_OVERHEAD];
    uint8_t fresh[TB_SEAL_KEY_BYTES];
    sqlite3_stmt *s = NULL;
    randombytes_buf(fresh, sizeof fresh);
    tb_master_wrap(&ks->master, root_label, 0, fresh, sizeof fresh, wrapped);
    sodium_memzero(fresh, sizeof fresh);
    bool ok = prepare(ks, "INSERT OR IGNORE INTO root(no, wrapped) VALUES (1, ?1)", &s) &&
              sqlite3_bind_blob(s, 1, wrapped, sizeof wrapped, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_DONE;
    sqlite3_finalize(s);
    return ok ? TB_KEYSTORE_DONE : db_fault(ks, "root", fault);
}

/* The root is made once; that it unwraps proves the master key. */
static enum tb_keystore_answer open_root(struct tb_keystore *ks, struct tb_fault *fault)
{
    uint8_t wrapped[TB_SEAL_KEY_BYTES + TB_WRAP_OVERHEAD];
    sqlite3_stmt *s = NULL;
    int step = SQLITE_ERROR;
    if (prepare(ks, "SELECT wrapped FROM root WHERE no = 1", &s))
        step = sqlite3_step(s);
    if (step == SQLITE_DONE) {
        sqlite3_reset(s);
        enum tb_keystore_answer made = make_root(ks, fault);
        step = made == TB_KEYSTORE_DONE ? sqlite3_step(s) : SQLITE_ERROR;
    }
    bool whole = step == SQLITE_ROW && sqlite3_column_bytes(s, 0) == (int)sizeof wrapped;
    if (whole)
        memcpy(wrapped, sqlite3_column_blob(s, 0), sizeof wrapped);
    enum tb_keystore_answer answer = step == SQLITE_ROW ? TB_KEYSTORE_DONE : db_fault(ks, "root", fault);
    sqlite3_finalize(s);
    if (answer != TB_KEYSTORE_DONE)
        return answer;
    if (whole && tb_master_unwrap(&ks->master, root_label, 0, wrapped, sizeof ks->root, ks->root))
        return TB_KEYSTORE_DONE;
    tb_fault_set(fault, false, "master.key is not the one that this key store was made with");
    return TB_KEYSTORE_WRONG_MASTER;
}

static enum tb_keystore_answer open_all(struct tb_keystore *ks, const char *folder, struct tb_fault *fault)
{
    char path[PATH_BYTES];
    int64_t blocks = 0;
    if (strlen(folder) > sizeof path - 32) {
        tb_fault_set(fault, false, "the folder's name is too long");
        return TB_KEYSTORE_FAULT;
    }
    snprintf(path, sizeof path, "%s/keys.db", folder);
    enum tb_keystore_answer answer = tb_master_open(folder, access(path, F_OK) != 0, &ks->master, fault);
    if (answer != TB_KEYSTORE_DONE)
        return answer;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &ks->db, flags, NULL) != SQLITE_OK)
        return db_fault(ks, "open", fault);
    answer = open_tables(ks, fault);
    if (answer == TB_KEYSTORE_DONE)
        answer = open_root(ks, fault);
    if (answer != TB_KEYSTORE_DONE)
        return answer;
    if (!read_number(ks->version, &ks->seen_version) || !read_number(ks->count, &blocks))
        return db_fault(ks, "count", fault);
    ks->reserved = (uint64_t)blocks * BLOCK_KEYS;
    return tb_folder_sync(folder, fault) ? TB_KEYSTORE_DONE : TB_KEYSTORE_FAULT;
}

enum tb_keystore_answer tb_keystore_open(const char *folder, uint32_t cache_blocks, struct tb_keystore **out,
                                         struct tb_fault *fault)
{
    *out = NULL;
    if (cache_blocks == 0)
        cache_blocks = 4096;
    struct tb_keystore *ks = calloc(1, sizeof *ks);
    if (ks)
        ks->cache = calloc(cache_blocks, sizeof(struct block *));
    if (!ks || !ks->cache || sodium_init() < 0) {
        tb_fault_set(fault, true, "no memory for the key store");
        if (ks)
            free(ks->cache);
        free(ks);
        return TB_KEYSTORE_FAULT;
    }
    ks->cache_blocks = cache_blocks;
    pthread_mutex_init(&ks->lock, NULL);
    enum tb_keystore_answer answer = open_all(ks, folder, fault);
    if (answer != TB_KEYSTORE_DONE) {
        tb_keystore_close(ks);
        return answer;
    }
    *out = ks;
    return TB_KEYSTORE_DONE;
}

void tb_keystore_close(struct tb_keystore *ks)
{
    if (!ks)
        return;
    for (uint32_t i = 0; i < ks->cache_blocks; i++) {
        if (ks->cache[i])
            sodium_memzero(ks->cache[i], sizeof *ks->cache[i]);
        free(ks->cache[i]);
    }
    free(ks->cache);
    sqlite3_finalize(ks->load);
    sqlite3_finalize(ks->save);
    sqlite3_finalize(ks->note);
    sqlite3_finalize(ks->count);
    sqlite3_finalize(ks->version);
    sqlite3_close(ks->db);
    tb_master_wipe(&ks->master);
    sodium_memzero(ks->root, sizeof ks->root);
    pthread_mutex_destroy(&ks->lock);
    free(ks);
}
