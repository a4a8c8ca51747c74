// SPDX-License-Identifier: Apache-2.0
/* Prints what the stores do on this machine; no test.
 *   bench_store journal [BATCH_BYTES [SECONDS]]   plain append + fdatasync, then each journal
 *   bench_store state [ROWS [SECONDS]]            upserts of 500-byte records, random keys
 * TB_PG=1 measures PostgreSQL too; TB_ONE=1 only transactions of 10,000; TB_PAGE (bytes),
 * TB_CACHE and TB_CKPT (MiB) are options of the SQLite state.                            */
#include "contract.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "engine/port_state.h"
#include "journal/hash.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/postgres/state_postgres.h"
#include "state/sqlite/state_sqlite.h"

static struct tb_fault fault;
static int64_t seconds = 5;

static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static uint64_t written_bytes(void)
{
    char line[80];
    uint64_t n = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)!sscanf(line, "write_bytes: %" SCNu64, &n);
    if (file != NULL)
        fclose(file);
    return n;
}

static double plain(const char *folder, const char *body, uint32_t n)
{
    char path[700];
    snprintf(path, sizeof path, "%s/plain", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    int64_t start = clock_ms(), count = 0;
    while (clock_ms() - start < seconds * 1000) {
        if (write(fd, body, n) != (ssize_t)n || fdatasync(fd) != 0)
            abort();
        count++;
    }
    double rate = (double)count * 1000 / (double)(clock_ms() - start);
    close(fd);
    unlink(path);
    return rate;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void journal(struct tb_journal *j, const char *body, uint32_t n, uint32_t group,
                    double limit)
{
    static int64_t took_us[1 << 20];
    struct tb_batch b[16], last = {0};
    struct timespec t0, t1;
    int64_t start = clock_ms(), count = 0;
    double cpu = cpu_s();
    uint64_t written = written_bytes();
    while (clock_ms() - start < seconds * 1000 && count < 1 << 20) {
        for (uint32_t i = 0; i < group; i++) {
            struct tb_str str = {body, n};
            b[i] = batch_after(i ? &b[i - 1] : last.number ? &last : NULL, 1, str);
        }
        clock_gettime(CLOCK_MONOTONIC, &t0);
        if (j->ops->append(j, b, group, &fault) != TB_JOURNAL_DONE) {
            puts(fault.text);
            return;
        }
        clock_gettime(CLOCK_MONOTONIC, &t1);
        took_us[count++] = (t1.tv_sec - t0.tv_sec) * 1000000 + (t1.tv_nsec - t0.tv_nsec) / 1000;
        last = b[group - 1];
    }
    double s = (double)(clock_ms() - start) / 1000;
    qsort(took_us, (size_t)count, sizeof took_us[0], by_size);
    printf("%-10s %u a commit: %7.0f batches/s (%.0f %% of plain), p50 %" PRId64 " us, p99 %" PRId64
           " us, max %.1f ms, cpu %.2f, %.1f bytes written a byte\n",
           j->ops->name, group, (double)count * group / s, (double)count * group / s / limit * 100,
           took_us[count / 2], took_us[count * 99 / 100], (double)took_us[count - 1] / 1000,
           (cpu_s() - cpu) / s,
           (double)(written_bytes() - written) / ((double)count * group * n));
    struct tb_journal_reader *r;
    int64_t read = 0;
    start = clock_ms();
    if (j->ops->reader_open(j, 1, &r, &fault) == TB_JOURNAL_DONE) {
        while (j->ops->reader_next(r, &b[0], &fault) == TB_JOURNAL_DONE)
            read++;
        j->ops->reader_close(r);
    }
    s = (double)(clock_ms() - start + 1) / 1000;
    printf("%-10s read back and verified %" PRId64 " of %" PRId64 ": %.0f batches/s, %.0f MB/s\n",
           j->ops->name, read, count * group, (double)read / s, (double)read * n / s / 1e6);
    fflush(stdout);
}

static void bench_journal(const char *folder, uint32_t n)
{
    char *body = malloc(n), path[700];
    for (uint32_t i = 0; i < n; i++)
        body[i] = (char)rand();
    double limit = plain(folder, body, n);
    printf("plain append + fdatasync of %u bytes: %.0f/s\n", n, limit);
    for (int prefill = 1; prefill >= 0; prefill--) {
        struct tb_journal *j;
        struct tb_journal_sqlite_options o = {.no_prefill = !prefill};
        snprintf(path, sizeof path, "%s/journal-%d", folder, prefill);
        printf("prefill %d: ", prefill);
        if (tb_journal_sqlite_open(path, &o, &j, &fault) != TB_JOURNAL_DONE) {
            puts(fault.text);
            continue;
        }
        journal(j, body, n, 1, limit);
        j->ops->close(j);
        int64_t start = clock_ms();
        if (tb_journal_sqlite_open(path, &o, &j, &fault) == TB_JOURNAL_DONE) {
            printf("opened again in %" PRId64 " ms\n", clock_ms() - start);
            j->ops->close(j);
        }
    }
    if (getenv("TB_PG") != NULL) {
        struct tb_journal *j;
        const char *info = server_start();
        for (uint32_t group = 1; group <= 4; group *= 4) {
            snprintf(path, sizeof path, "bench_%u", group);
            struct tb_journal_postgres_options o = {.table = path};
            if (tb_journal_postgres_open(info, &o, &j, &fault) != TB_JOURNAL_DONE)
                puts(fault.text);
            else
                journal(j, body, n, group, limit);
            j->ops->close(j);
        }
        server_stop();
    }
    free(body);
}

static const struct tb_column record_column[] = {
    {"tenant", TB_COLUMN_I64, "tenant"},
    {"id", TB_COLUMN_I64, "member"},
    {"bytes", TB_COLUMN_BLOB, "record"},
};
static const struct tb_column history_column[] = {
    {"sequence", TB_COLUMN_I64, "sequence"},
    {"bytes", TB_COLUMN_BLOB, "record"},
};
static const struct tb_table table[] = {
    {"record", record_column, 3, 2, false, "records"},
    {"history", history_column, 2, 1, true, "history"},
};

static void state(struct tb_state *s, uint64_t rows, uint64_t transaction, bool history)
{
    static char blob[500];
    uint64_t x = 88172645463325252u, count = 0, sequence = 0;
    for (size_t i = 0; i < sizeof blob; i++)
        blob[i] = (char)rand();
    if (s->ops->ensure(s, table, 2, 1, &fault) != TB_STATE_DONE) {
        puts(fault.text);
        return;
    }
    struct tb_checkpoint c = {.epoch = 1};
    /* once through in order, as the first flush of a load would */
    int64_t start = clock_ms();
    for (uint64_t id = 0; id < rows;) {
        (void)!s->ops->begin(s, &fault);
        for (uint64_t i = 0; i < 20000 && id < rows; i++, id++) {
            struct tb_value v[] = {{.i64 = 1}, {.i64 = (int64_t)id}, {.str = {blob, 500}}};
            (void)!s->ops->put(s, &table[0], v, &fault);
        }
        c.batch++;
        if (s->ops->commit(s, &c, &fault) != TB_STATE_DONE) {
            puts(fault.text);
            return;
        }
    }
    printf("%-9s load of %" PRIu64 " in order: %.0f rows/s\n", s->ops->name, rows,
           (double)rows * 1000 / (double)(clock_ms() - start + 1));
    double cpu = cpu_s();
    uint64_t written = written_bytes();
    int64_t slowest = 0;
    start = clock_ms();
    while (clock_ms() - start < seconds * 1000) {
        int64_t began = clock_ms();
        (void)!s->ops->begin(s, &fault);
        for (uint64_t i = 0; i < transaction; i++, count++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            struct tb_value v[] = {
                {.i64 = 1}, {.i64 = (int64_t)(x % rows)}, {.str = {blob, 500}}};
            (void)!s->ops->put(s, &table[0], v, &fault);
            struct tb_value h[] = {{.i64 = (int64_t)++sequence}, {.str = {blob, 150}}};
            if (history)
                (void)!s->ops->put(s, &table[1], h, &fault);
        }
        c.batch++;
        if (s->ops->commit(s, &c, &fault) != TB_STATE_DONE) {
            puts(fault.text);
            return;
        }
        slowest = clock_ms() - began > slowest ? clock_ms() - began : slowest;
    }
    double took = (double)(clock_ms() - start) / 1000;
    printf("%-9s random upserts of 500 bytes into %" PRIu64 " rows, %" PRIu64 " a transaction%s: "
           "%.0f/s, slowest %" PRId64 " ms, cpu %.2f, %.0f bytes written each\n",
           s->ops->name, rows, transaction, history ? ", each with a history row" : "",
           (double)count / took, slowest, (cpu_s() - cpu) / took,
           (double)(written_bytes() - written) / (double)count);
    fflush(stdout);
}

static void bench_state(const char *folder, uint64_t rows)
{
    static const uint64_t transaction[] = {1000, 10000, 40000};
    char path[700];
    struct tb_state *s;
    for (size_t i = 0; i < 4; i++) {
        if (getenv("TB_ONE") != NULL && i != 1)
            continue;
        snprintf(path, sizeof path, "%s/state-%zu.db", folder, i);
        const char *page = getenv("TB_PAGE"), *cache = getenv("TB_CACHE"), *ck = getenv("TB_CKPT");
        struct tb_state_sqlite_options o = {
            .page_bytes = page ? (uint32_t)strtoul(page, NULL, 10) : 0,
            .cache_bytes = cache ? strtoull(cache, NULL, 10) << 20 : 0,
            .checkpoint_bytes = ck ? strtoull(ck, NULL, 10) << 20 : 0};
        if (tb_state_sqlite_open(path, &o, &s, &fault) != TB_STATE_DONE) {
            puts(fault.text);
            return;
        }
        state(s, rows, i < 3 ? transaction[i] : 10000, i == 3);
        s->ops->close(s);
        unlink(path);
    }
    if (getenv("TB_PG") == NULL)
        return;
    const char *info = server_start();
    for (size_t i = 0; i < 4; i++) {
        if (getenv("TB_ONE") != NULL && i != 1)
            continue;
        snprintf(path, sizeof path, "bench_%zu", i);
        struct tb_state_postgres_options o = {.schema = path};
        if (tb_state_postgres_open(info, &o, &s, &fault) != TB_STATE_DONE) {
            puts(fault.text);
            break;
        }
        state(s, rows, i < 3 ? transaction[i] : 10000, i == 3);
        s->ops->close(s);
    }
    server_stop();
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    if (argc > 3)
        seconds = strtol(argv[3], NULL, 10);
    const char *folder = scratch_begin();
    if (strcmp(argv[1], "journal") == 0)
        bench_journal(folder, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 40000);
    else
        bench_state(folder, argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000);
    scratch_end();
    return 0;
}
