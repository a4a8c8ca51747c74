// SPDX-License-Identifier: Apache-2.0
#include "journal_kit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "journal/memory/journal_memory.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"

struct tb_fault fault;
char bytes[TB_BATCH_BYTES_MAX];

void fresh_store(void)
{
    store_next("journal", "");
}

enum tb_journal_answer try_open(struct tb_journal **j)
{
    if (backend == SQLITE) {
        struct tb_journal_sqlite_options o = {.segment_bytes = 1 << 20, .reserve_bytes = -1};
        return tb_journal_sqlite_open(store, &o, j, &fault);
    }
    if (backend == POSTGRES) {
        struct tb_journal_postgres_options o = {.table = store};
        return tb_journal_postgres_open(conninfo, &o, j, &fault);
    }
    *j = tb_journal_memory_open(NULL);
    return TB_JOURNAL_DONE;
}

struct tb_journal *open_store(void)
{
    struct tb_journal *j = NULL;
    if (try_open(&j) != TB_JOURNAL_DONE)
        fail_msg("%s", fault.text);
    return j;
}

enum tb_journal_answer append(struct tb_journal *j, const struct tb_batch *b, uint32_t n)
{
    return j->ops->append(j, b, n, &fault);
}

void append_done(struct tb_journal *j, const struct tb_batch *b, uint32_t n)
{
    if (append(j, b, n) != TB_JOURNAL_DONE)
        fail_msg("%s", fault.text);
}

void append_many(struct tb_journal *j, struct tb_batch *last, int n, uint32_t size)
{
    for (int i = 0; i < n; i++) {
        memcpy(bytes, &(uint64_t){last->number + 1}, size < 8 ? size : 8);
        struct tb_batch b =
            batch_after(last->number ? last : NULL, 7, (struct tb_str){bytes, size});
        append_done(j, &b, 1);
        *last = b;
    }
}

enum tb_journal_answer read_all(struct tb_journal *j, uint64_t from, uint64_t *count)
{
    struct tb_journal_reader *r = NULL;
    struct tb_batch b;
    *count = 0;
    enum tb_journal_answer a = j->ops->reader_open(j, from, &r, &fault);
    assert_int_equal(a, TB_JOURNAL_DONE);
    while ((a = j->ops->reader_next(r, &b, &fault)) == TB_JOURNAL_DONE) {
        assert_int_equal(b.number, from + *count);
        (*count)++;
    }
    j->ops->reader_close(r);
    return a;
}

uint64_t first_of(struct tb_journal *j)
{
    uint64_t n = 0;
    assert_int_equal(j->ops->first(j, &n, &fault), TB_JOURNAL_DONE);
    return n;
}

struct tb_batch last_of(struct tb_journal *j)
{
    struct tb_batch b;
    assert_int_equal(j->ops->last(j, &b, &fault), TB_JOURNAL_DONE);
    return b;
}

uint64_t fill_without_space(bool no_prefill)
{
    struct tb_journal *j;
    struct tb_journal_sqlite_options o = {
        .segment_bytes = 1 << 20, .reserve_bytes = INT64_MAX, .no_prefill = no_prefill};
    fresh_store();
    assert_int_equal(tb_journal_sqlite_open(store, &o, &j, &fault), TB_JOURNAL_DONE);
    struct tb_batch b = batch_after(NULL, 1, (struct tb_str){bytes, 65536});
    uint64_t done = 0;
    for (; done < 32 && append(j, &b, 1) == TB_JOURNAL_DONE; done++) {
        struct tb_batch before = b;
        b = batch_after(&before, 1, (struct tb_str){bytes, 65536});
    }
    assert_int_equal(append(j, &b, 1), TB_JOURNAL_NO_SPACE);
    assert_true(fault.retryable);
    assert_int_equal(last_of(j).number, done);
    j->ops->close(j);
    return done;
}

void flip_byte(const char *path, const char *needle, size_t needle_n)
{
    static char content[4 << 20];
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    ssize_t n = read(fd, content, sizeof content);
    char *at = memmem(content, (size_t)n, needle, needle_n);
    assert_non_null(at);
    char flipped = (char)(at[5] ^ 4);
    assert_int_equal(pwrite(fd, &flipped, 1, at - content + 5), 1);
    close(fd);
}

void segment_path(char *path, size_t n, int seq)
{
    snprintf(path, n, "%s/seg-%06d.db", store, seq);
}

uint64_t last_acknowledged(FILE *out, uint64_t before)
{
    char line[400];
    uint64_t acked = before, n;
    while (fgets(line, sizeof line, out) != NULL) {
        if (sscanf(line, "%" SCNu64, &n) == 1)
            acked = n;
        assert_null(strstr(line, "taken again"));
    }
    return acked;
}
