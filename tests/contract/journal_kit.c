// SPDX-License-Identifier: Apache-2.0
#include "journal_kit.h"

#include "journal/memory/journal_memory.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"

enum backend backend;
const char *scratch;
const char *conninfo;
static int store_number; /* every test has a store of its own */
char store[600];  /* folder or table of the test that runs */
struct tb_fault fault;
char bytes[TB_BATCH_BYTES_MAX];

void fresh_store(void)
{
    store_number++;
    if (backend == SQLITE)
        snprintf(store, sizeof store, "%s/journal-%d", scratch, store_number);
    else
        snprintf(store, sizeof store, "journal_%d", store_number);
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
