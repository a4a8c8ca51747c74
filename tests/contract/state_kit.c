// SPDX-License-Identifier: Apache-2.0
#include "state_kit.h"

#include <inttypes.h>

#include "state/memory/state_memory.h"
#include "state/postgres/state_postgres.h"
#include "state/sqlite/state_sqlite.h"

struct tb_fault fault;

static const struct tb_column record_column[] = {
    {"kind", TB_COLUMN_I64, "what it is"},
    {"id", TB_COLUMN_I64, "whose it is"},
    {"bytes", TB_COLUMN_BLOB, "the record"},
};
static const struct tb_column member_column[] = {
    {"member", TB_COLUMN_TEXT, "the member's id"},
    {"name", TB_COLUMN_TEXT, "it's a remark with 'quotes' and a \" too"},
    {"points", TB_COLUMN_I64, "balance"},
    {"extra", TB_COLUMN_BLOB, NULL},
};
static const struct tb_column order_column[] = {
    {"sequence", TB_COLUMN_I64, "rises"},
    {"order", TB_COLUMN_TEXT, "a reserved word as a name"},
};
const struct tb_table table[TABLE_N] = {
    {"record", record_column, 3, 2, false, "the checkpoint's records"},
    {"member", member_column, 4, 1, false, "members"},
    {"order", order_column, 2, 1, true, "history"},
};

struct tb_value i64(int64_t v)
{
    return (struct tb_value){.i64 = v};
}

struct tb_value str(const char *s)
{
    return (struct tb_value){.str = tb_str_of(s)};
}

struct tb_value null(void)
{
    return (struct tb_value){.null = true};
}

enum tb_state_answer try_open(struct tb_state **s)
{
    if (backend == SQLITE)
        return tb_state_sqlite_open(store, NULL, s, &fault);
    if (backend == POSTGRES) {
        struct tb_state_postgres_options o = {.schema = store};
        return tb_state_postgres_open(conninfo, &o, s, &fault);
    }
    *s = tb_state_memory_open();
    return TB_STATE_DONE;
}

void done(enum tb_state_answer a)
{
    if (a != TB_STATE_DONE)
        fail_msg("answer %d: %s", a, fault.text);
}

struct tb_state *open_store(void)
{
    struct tb_state *s = NULL;
    done(try_open(&s));
    done(s->ops->ensure(s, table, TABLE_N, SCHEMA, &fault));
    return s;
}

struct tb_state *fresh(void)
{
    store_next("state", ".db");
    return open_store();
}

void begin(struct tb_state *s)
{
    done(s->ops->begin(s, &fault));
}

void put(struct tb_state *s, int t, const struct tb_value *v)
{
    done(s->ops->put(s, &table[t], v, &fault));
}

enum tb_state_answer commit(struct tb_state *s, uint64_t epoch, uint64_t batch)
{
    struct tb_checkpoint c = {.epoch = epoch, .batch = batch, .at_ms = 1000 + (int64_t)batch};
    memset(c.hash, (int)batch, sizeof c.hash);
    return s->ops->commit(s, &c, &fault);
}

struct tb_state_reader *reader(struct tb_state *s)
{
    struct tb_state_reader *r = NULL;
    done(s->ops->reader_open(s, &r, &fault));
    return r;
}

bool take_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct rows *rows = user;
    for (uint32_t i = 0; i < n; i++) {
        bool number = rows->table && rows->table->column[i].type == TB_COLUMN_I64;
        char *at = rows->text + rows->n;
        size_t left = sizeof rows->text - rows->n;
        if (v[i].null)
            rows->n += (size_t)snprintf(at, left, "NULL");
        else if (number)
            rows->n += (size_t)snprintf(at, left, "%" PRId64, v[i].i64);
        else
            rows->n += (size_t)snprintf(at, left, "%.*s", TB_STR_ARG(v[i].str));
        assert_true(rows->n + 8 < sizeof rows->text);
        rows->text[rows->n++] = i + 1 < n ? '|' : '\n';
        rows->text[rows->n] = 0;
    }
    return ++rows->count != rows->stop_after;
}

void scan_is(struct tb_state *s, int t, const struct tb_value *from, const char *wanted)
{
    struct rows rows = {.table = &table[t]};
    struct tb_state_reader *r = reader(s);
    done(s->ops->scan(r, &table[t], from, take_row, &rows, &fault));
    s->ops->reader_close(r);
    assert_string_equal(rows.text, wanted);
}
