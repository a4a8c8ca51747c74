// SPDX-License-Identifier: Apache-2.0
/* The key store and sealing: durable, erasable, bound to their place; and how fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "border/seal.h"

static char folder[64];
static struct tb_fault fault;

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tb-keys-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static struct tb_keystore *open_store(void)
{
    struct tb_keystore *ks = NULL;
    enum tb_keystore_answer answer = tb_keystore_open(folder, 0, &ks, &fault);
    if (answer != TB_KEYSTORE_DONE)
        print_error("open: %d %s\n", answer, fault.text);
    assert_int_equal(answer, TB_KEYSTORE_DONE);
    return ks;
}

static enum tb_keystore_answer try_open(void)
{
    struct tb_keystore *ks = NULL;
    fault.text[0] = 0;
    enum tb_keystore_answer answer = tb_keystore_open(folder, 0, &ks, &fault);
    if (answer != TB_KEYSTORE_DONE)
        assert_true(fault.text[0] != 0 && ks == NULL);
    tb_keystore_close(ks);
    return answer;
}

static void get(struct tb_keystore *ks, uint64_t no, uint8_t key[TB_SEAL_KEY_BYTES])
{
    assert_int_equal(tb_keystore_get(ks, no, key, &fault), TB_KEYSTORE_DONE);
}

static void test_keys_stay(void **state)
{
    (void)state;
    uint8_t first[3][TB_SEAL_KEY_BYTES];
    uint8_t again[TB_SEAL_KEY_BYTES];
    static const uint64_t no[3] = {1, 250, 251};
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_get(ks, 1, again, &fault), TB_KEYSTORE_ABSENT);
    assert_int_equal(tb_keystore_reserve(ks, 1, &fault), TB_KEYSTORE_DONE);
    uint64_t reserved = tb_keystore_reserved(ks);
    assert_true(reserved >= 1000);
    assert_int_equal(tb_keystore_get(ks, 0, again, &fault), TB_KEYSTORE_ABSENT);
    assert_int_equal(tb_keystore_get(ks, reserved + 1, again, &fault), TB_KEYSTORE_ABSENT);
    for (int i = 0; i < 3; i++)
        get(ks, no[i], first[i]);
    assert_memory_not_equal(first[0], first[1], TB_SEAL_KEY_BYTES);
    assert_memory_not_equal(first[1], first[2], TB_SEAL_KEY_BYTES);
    assert_int_equal(tb_keystore_reserve(ks, reserved + 1, &fault), TB_KEYSTORE_DONE);
    assert_true(tb_keystore_reserved(ks) > reserved);
    tb_keystore_close(ks);
    ks = open_store();
    for (int i = 0; i < 3; i++) {
        get(ks, no[i], again);
        assert_memory_equal(first[i], again, TB_SEAL_KEY_BYTES);
    }
    uint8_t blind[2][TB_BLIND_KEY_BYTES];
    tb_keystore_blind_key(ks, 1, blind[0]);
    tb_keystore_blind_key(ks, 2, blind[1]);
    assert_memory_not_equal(blind[0], blind[1], TB_BLIND_KEY_BYTES);
    tb_keystore_close(ks);
    struct stat st;
    assert_int_equal(stat(in_folder("master.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
}

/* Every file of the folder in one piece of memory. */
static size_t slurp(uint8_t *out, size_t cap)
{
    static const char *const names[] = {"keys.db", "keys.db-journal", "keys.db-wal"};
    size_t n = 0;
    for (size_t i = 0; i < TB_COUNT_OF(names); i++) {
        FILE *f = fopen(in_folder(names[i]), "rb");
        if (!f)
            continue;
        n += fread(out + n, 1, cap - n, f);
        fclose(f);
    }
    assert_true(n < cap);
    return n;
}

/* The wrapped block of key 1 as it lies in the file. */
static void wrapped_block(uint8_t *out, size_t n)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open_v2(in_folder("keys.db"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT wrapped FROM block WHERE no = 0", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_true((size_t)sqlite3_column_bytes(s, 0) >= n);
    memcpy(out, sqlite3_column_blob(s, 0), n);
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static bool count_erased(void *user, const struct tb_erasure *e)
{
    struct tb_erasure *last = user;
    assert_true(e->no > last->no);
    *last = *e;
    return true;
}

static void test_erased_is_gone(void **state)
{
    (void)state;
    static uint8_t file[1 << 20];
    uint8_t key[TB_SEAL_KEY_BYTES];
    uint8_t other[TB_SEAL_KEY_BYTES];
    uint8_t again[TB_SEAL_KEY_BYTES];
    uint8_t before[2000];
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_reserve(ks, 10, &fault), TB_KEYSTORE_DONE);
    get(ks, 7, key);
    get(ks, 8, other);
    wrapped_block(before, sizeof before);
    size_t n = slurp(file, sizeof file);
    assert_non_null(memmem(file, n, before + 24, 64)); /* the search works */
    uint64_t list[2] = {7, 7};
    uint64_t absent[2] = {8, 1u << 20};
    assert_int_equal(tb_keystore_erase(ks, absent, 2, 5, &fault), TB_KEYSTORE_ABSENT);
    get(ks, 8, again);
    assert_int_equal(tb_keystore_erase(ks, list, 2, 1000, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_erase(ks, list, 1, 2000, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_get(ks, 7, again, &fault), TB_KEYSTORE_ERASED);
    get(ks, 8, again);
    assert_memory_equal(other, again, TB_SEAL_KEY_BYTES);
    struct tb_erasure last = {0, 0};
    assert_int_equal(tb_keystore_erased(ks, count_erased, &last, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(last.no, 7);
    assert_int_equal(last.at_ms, 1000); /* the first time counts */
    /* Neither the key nor any piece of the old wrapped block is left in the files. */
    n = slurp(file, sizeof file);
    assert_null(memmem(file, n, key, TB_SEAL_KEY_BYTES));
    for (size_t at = 0; at + 16 <= sizeof before; at += 16)
        assert_null(memmem(file, n, before + at, 16));
    tb_keystore_close(ks);
    ks = open_store();
    assert_int_equal(tb_keystore_get(ks, 7, again, &fault), TB_KEYSTORE_ERASED);
    tb_keystore_close(ks);
}

static void test_backup_and_reapply(void **state)
{
    (void)state;
    uint8_t key[TB_SEAL_KEY_BYTES];
    uint8_t again[TB_SEAL_KEY_BYTES];
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_reserve(ks, 10, &fault), TB_KEYSTORE_DONE);
    get(ks, 3, key);
    assert_int_equal(tb_keystore_backup(ks, in_folder("copy.db"), &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_backup(ks, in_folder("copy.db"), &fault), TB_KEYSTORE_FAULT);
    uint64_t first = tb_keystore_reserved(ks);
    assert_int_equal(tb_keystore_reserve(ks, first + 1, &fault), TB_KEYSTORE_DONE);
    uint64_t list[2] = {3, first + 1};
    assert_int_equal(tb_keystore_erase(ks, list, 2, 77, &fault), TB_KEYSTORE_DONE);
    tb_keystore_close(ks);
    /* Restore: the old copy comes back, with the key that was erased since. */
    assert_int_equal(rename(in_folder("keys.db"), in_folder("newer.db")), 0);
    assert_int_equal(rename(in_folder("copy.db"), in_folder("keys.db")), 0);
    ks = open_store();
    get(ks, 3, again);
    assert_memory_equal(key, again, TB_SEAL_KEY_BYTES);
    assert_int_equal(tb_keystore_reapply_file(ks, in_folder("absent.db"), &fault), TB_KEYSTORE_FAULT);
    assert_int_equal(tb_keystore_reapply_file(ks, in_folder("newer.db"), &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_get(ks, 3, again, &fault), TB_KEYSTORE_ERASED);
    /* A number that the old copy did not reach is never given out again. */
    assert_int_equal(tb_keystore_get(ks, first + 1, again, &fault), TB_KEYSTORE_ERASED);
    tb_keystore_close(ks);
}

/* A restore to an earlier instant gives numbers out once more: new keys, and never the old ones. */
static void test_renew(void **state)
{
    (void)state;
    uint8_t old[3][TB_SEAL_KEY_BYTES];
    uint8_t now[TB_SEAL_KEY_BYTES];
    uint64_t list[3] = {2, 7, 400};
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_reserve(ks, 400, &fault), TB_KEYSTORE_DONE);
    for (int i = 0; i < 3; i++)
        get(ks, list[i], old[i]);
    assert_int_equal(tb_keystore_erase(ks, list, 3, 77, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_renew(ks, 2, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_get(ks, 2, now, &fault), TB_KEYSTORE_ERASED);
    for (int i = 1; i < 3; i++) {
        get(ks, list[i], now);
        assert_memory_not_equal(now, old[i], TB_SEAL_KEY_BYTES);
    }
    memcpy(old[0], now, sizeof now);
    tb_keystore_close(ks);
    ks = open_store();
    get(ks, 400, now);
    assert_memory_equal(now, old[0], TB_SEAL_KEY_BYTES);
    assert_int_equal(tb_keystore_erase(ks, &list[2], 1, 78, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_get(ks, 400, now, &fault), TB_KEYSTORE_ERASED);
    tb_keystore_close(ks);
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void test_refusals(void **state)
{
    (void)state;
    const char *master = in_folder("master.key");
    char kept[128];
    snprintf(kept, sizeof kept, "%s", master);
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_reserve(ks, 10, &fault), TB_KEYSTORE_DONE);
    tb_keystore_close(ks);
    sqlite3 *writer; /* somebody stopped in the middle of a write */
    assert_int_equal(sqlite3_open(in_folder("keys.db"), &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(try_open(), TB_KEYSTORE_BUSY);
    sqlite3_close(writer);
    chmod(kept, 0440);
    assert_int_equal(try_open(), TB_KEYSTORE_LOOSE_MASTER);
    chmod(kept, 0600);
    flip(kept, 3); /* 0-9 a-f xor 1 stays a hex digit but for 'a' -> '`' */
    assert_int_equal(try_open(), TB_KEYSTORE_WRONG_MASTER);
    flip(kept, 3);
    assert_int_equal(try_open(), TB_KEYSTORE_DONE);
    rename(kept, in_folder("elsewhere"));
    assert_int_equal(try_open(), TB_KEYSTORE_NO_MASTER);
    rename(in_folder("elsewhere"), kept);
    assert_int_equal(try_open(), TB_KEYSTORE_DONE);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(in_folder("keys.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE block SET no = 100 + no WHERE no < 2;"
                                      "UPDATE block SET no = 101 - no WHERE no >= 100", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    uint8_t key[TB_SEAL_KEY_BYTES];
    ks = open_store();
    assert_int_equal(tb_keystore_get(ks, 1, key, &fault), TB_KEYSTORE_DAMAGED); /* exchanged blocks */
    get(ks, 501, key);
    tb_keystore_close(ks);
    assert_int_equal(sqlite3_open(in_folder("keys.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(try_open(), TB_KEYSTORE_NEWER);
}

/* Two that share a folder: no number gets two keys, an erasure is soon seen by both. */
static void test_shared(void **state)
{
    (void)state;
    uint8_t key[2][TB_SEAL_KEY_BYTES];
    struct tb_keystore *a = open_store();
    struct tb_keystore *b = open_store();
    assert_int_equal(tb_keystore_reserve(a, 10, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_reserve(b, 20, &fault), TB_KEYSTORE_DONE);
    get(a, 10, key[0]);
    get(b, 10, key[1]);
    assert_memory_equal(key[0], key[1], TB_SEAL_KEY_BYTES);
    uint64_t end = tb_keystore_reserved(a);
    assert_int_equal(tb_keystore_reserve(a, end + 1, &fault), TB_KEYSTORE_DONE);
    assert_int_equal(tb_keystore_reserve(b, end + 1, &fault), TB_KEYSTORE_DONE);
    get(a, end + 1, key[0]);
    get(b, end + 1, key[1]);
    assert_memory_equal(key[0], key[1], TB_SEAL_KEY_BYTES);
    uint64_t no = 10;
    assert_int_equal(tb_keystore_erase(b, &no, 1, 1, &fault), TB_KEYSTORE_DONE);
    usleep(70000);
    assert_int_equal(tb_keystore_get(a, no, key[0], &fault), TB_KEYSTORE_ERASED);
    get(a, 11, key[0]);
    tb_keystore_close(a);
    tb_keystore_close(b);
}

static void *reader(void *user)
{
    struct tb_keystore *ks = user;
    uint8_t key[TB_SEAL_KEY_BYTES];
    struct tb_fault f;
    intptr_t erased = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        enum tb_keystore_answer a = tb_keystore_get(ks, 1 + i % 4000, key, &f);
        if (a == TB_KEYSTORE_ERASED)
            erased++;
        else if (a != TB_KEYSTORE_DONE)
            return (void *)(intptr_t)-1;
    }
    return (void *)erased;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t t[3];
    struct tb_keystore *ks = open_store();
    assert_int_equal(tb_keystore_reserve(ks, 4000, &fault), TB_KEYSTORE_DONE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, reader, ks), 0);
    for (uint64_t no = 1; no <= 40; no++) {
        uint64_t one = no * 100;
        assert_int_equal(tb_keystore_erase(ks, &one, 1, 1, &fault), TB_KEYSTORE_DONE);
    }
    assert_int_equal(tb_keystore_backup(ks, in_folder("copy.db"), &fault), TB_KEYSTORE_DONE);
    for (int i = 0; i < 3; i++) {
        void *got;
        pthread_join(t[i], &got);
        assert_true((intptr_t)got >= 0);
    }
    uint8_t key[TB_SEAL_KEY_BYTES];
    for (uint64_t no = 1; no <= 4000; no++)
        assert_int_equal(tb_keystore_get(ks, no, key, &fault),
                         no % 100 == 0 ? TB_KEYSTORE_ERASED : TB_KEYSTORE_DONE);
    tb_keystore_close(ks);
}

/* What a child had been told was erased or reserved is so after it was killed. */
static void test_kill(void **state)
{
    (void)state;
    int said[2];
    tb_keystore_close(open_store());
    for (int round = 0; round < 5; round++) {
        uint64_t told = 0;
        uint64_t got;
        assert_int_equal(pipe(said), 0);
        pid_t child = fork();
        if (child == 0) {
            struct tb_keystore *ks = open_store();
            for (uint64_t no = 1 + (uint64_t)round * 1000;; no++) {
                if (tb_keystore_reserve(ks, no, &fault) != TB_KEYSTORE_DONE ||
                    tb_keystore_erase(ks, &no, 1, 1, &fault) != TB_KEYSTORE_DONE ||
                    write(said[1], &no, sizeof no) != sizeof no)
                    _exit(1);
            }
        }
        close(said[1]);
        assert_int_equal(read(said[0], &told, sizeof told), sizeof told);
        usleep(10000 + 7000 * (unsigned)round);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(said[0], &got, sizeof got) == (ssize_t)sizeof got)
            told = got;
        close(said[0]);
        assert_true(told > (uint64_t)round * 1000);
        uint8_t key[TB_SEAL_KEY_BYTES];
        struct tb_keystore *ks = open_store();
        for (uint64_t no = 1 + (uint64_t)round * 1000; no <= told; no++)
            assert_int_equal(tb_keystore_get(ks, no, key, &fault), TB_KEYSTORE_ERASED);
        get(ks, told + 2, key); /* at most one more was on its way */
        tb_keystore_close(ks);
    }
}

static void test_seal(void **state)
{
    (void)state;
    uint8_t key[TB_SEAL_KEY_BYTES] = {1, 2, 3};
    uint8_t other[TB_SEAL_KEY_BYTES] = {1, 2, 4};
    static char value[1000];
    static uint8_t sealed[sizeof value + TB_SEAL_OVERHEAD];
    static uint8_t second[sizeof sealed];
    static char opened[sizeof value];
    struct tb_seal_place at = {7, 3, 123456789};
    memset(value, 'v', sizeof value);
    for (uint32_t n = 0; n < sizeof value; n += 1 + n / 5) {
        struct tb_str whole = {(const char *)sealed, n + TB_SEAL_OVERHEAD};
        tb_seal(key, &at, (struct tb_str){value, n}, sealed);
        assert_true(tb_seal_open(key, &at, whole, opened));
        assert_memory_equal(opened, value, n);
        if (n >= 8)
            assert_null(memmem(sealed, whole.n, value, 8));
        assert_false(tb_seal_open(other, &at, whole, opened));
        assert_false(tb_seal_open(key, &(struct tb_seal_place){8, 3, 123456789}, whole, opened));
        assert_false(tb_seal_open(key, &(struct tb_seal_place){7, 4, 123456789}, whole, opened));
        assert_false(tb_seal_open(key, &(struct tb_seal_place){7, 3, 123456790}, whole, opened));
        assert_false(tb_seal_open(key, &at, (struct tb_str){whole.p, whole.n - 1}, opened));
        for (uint32_t i = 0; i < whole.n; i += 1 + whole.n / 40) {
            sealed[i] ^= 0x10;
            assert_false(tb_seal_open(key, &at, whole, opened));
            sealed[i] ^= 0x10;
        }
    }
    assert_false(tb_seal_open(key, &at, TB_STR("short"), opened));
    /* Another value in the same place: another nonce. The same value: the same bytes. */
    tb_seal(key, &at, TB_STR("+8613912345678"), sealed);
    tb_seal(key, &at, TB_STR("+8613912345679"), second);
    assert_memory_not_equal(sealed, second, 8);
    tb_seal(key, &at, TB_STR("+8613912345678"), second);
    assert_memory_equal(sealed, second, 14 + TB_SEAL_OVERHEAD);
}

static void test_blind(void **state)
{
    (void)state;
    uint8_t key[TB_BLIND_KEY_BYTES] = {9};
    uint8_t other[TB_BLIND_KEY_BYTES] = {8};
    struct tb_blind a = tb_blind_index(key, 1, TB_STR("+8613912345678"));
    struct tb_blind b = tb_blind_index(key, 1, TB_STR("+8613912345678"));
    assert_memory_equal(a.b, b.b, sizeof a.b);
    b = tb_blind_index(key, 2, TB_STR("+8613912345678"));
    assert_memory_not_equal(a.b, b.b, sizeof a.b);
    b = tb_blind_index(other, 1, TB_STR("+8613912345678"));
    assert_memory_not_equal(a.b, b.b, sizeof a.b);
    b = tb_blind_index(key, 1, TB_STR("+8613912345679"));
    assert_memory_not_equal(a.b, b.b, sizeof a.b);
    b = tb_blind_index(key, 1, TB_STR_NONE);
    assert_memory_not_equal(a.b, b.b, sizeof a.b);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prints what one call costs; fails only when something is absurdly slow. */
static void test_speed(void **state)
{
    (void)state;
    enum { ROUNDS = 100000, KEYS = 200000 };
    uint8_t key[TB_SEAL_KEY_BYTES];
    uint8_t sealed[64];
    char opened[64];
    struct tb_str value = TB_STR("+8613912345678");
    struct tb_seal_place at = {1, 2, 3};
    struct tb_keystore *ks = open_store();
    double start = seconds_now();
    assert_int_equal(tb_keystore_reserve(ks, KEYS, &fault), TB_KEYSTORE_DONE);
    double reserve = (seconds_now() - start) / KEYS;
    start = seconds_now();
    for (uint64_t no = 1; no <= KEYS; no += 250)
        get(ks, no, key);
    double miss = (seconds_now() - start) / (KEYS / 250);
    start = seconds_now();
    for (uint64_t i = 0; i < ROUNDS; i++)
        get(ks, 1 + i * 7919 % KEYS, key);
    double hit = (seconds_now() - start) / ROUNDS;
    start = seconds_now();
    for (at.number = 0; at.number < ROUNDS; at.number++)
        tb_seal(key, &at, value, sealed);
    double seal = (seconds_now() - start) / ROUNDS;
    at.number--;
    start = seconds_now();
    for (int i = 0; i < ROUNDS; i++)
        assert_true(tb_seal_open(key, &at, (struct tb_str){(char *)sealed, value.n + TB_SEAL_OVERHEAD}, opened));
    double opening = (seconds_now() - start) / ROUNDS;
    start = seconds_now();
    uint8_t sum = 0;
    for (uint32_t i = 0; i < ROUNDS; i++)
        sum ^= tb_blind_index(key, i, value).b[0];
    double blind = (seconds_now() - start) / ROUNDS;
    start = seconds_now();
    for (uint64_t no = 1; no <= 20; no++)
        assert_int_equal(tb_keystore_erase(ks, &no, 1, 1, &fault), TB_KEYSTORE_DONE);
    double erase = (seconds_now() - start) / 20;
    print_message("ns: reserve %.0f, get %.0f (miss %.0f), seal %.0f, open %.0f, blind %.0f (%d); erase %.1f ms\n",
                  reserve * 1e9, hit * 1e9, miss * 1e9, seal * 1e9, opening * 1e9, blind * 1e9, sum & 1, erase * 1e3);
    assert_true(seal < 50e-6 && opening < 50e-6 && hit < 50e-6);
    tb_keystore_close(ks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_erased_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_backup_and_reapply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kill, set_up, tear_down),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_blind),
        cmocka_unit_test_setup_teardown(test_speed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
