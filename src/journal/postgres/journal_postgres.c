// SPDX-License-Identifier: Apache-2.0
#include "journal/postgres/journal_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/hash.h"
#include "journal/postgres/link.h"

#define TABLE_MAX 48
#define SQL_MAX 768
#define PORTION_BATCHES 32
#define PRUNE_BATCHES 256
#define CONNECT_TIMEOUT_MS 3000
#define ANSWER_TIMEOUT_MS 5000

/* A reader's link has those up to FIRST. */
enum statement { READ = 0, FIRST, LAST, APPEND, PRUNE, END_BLOCKERS, STATEMENT_N };

static const char *const statement_name[STATEMENT_N] = {"read",   "first", "last",
                                                        "append", "prune", "end_blockers"};

/* %1$s is the table. */
static const char *const statement_form[STATEMENT_N] = {
    [APPEND] = "INSERT INTO %1$s(number, epoch, writer, at_ms, prev, hash, body)"
               " SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea,"
               " $7::bytea"
               " WHERE EXISTS (SELECT 1 FROM %1$s WHERE number = $1::bigint - 1"
               " AND hash = $5::bytea)"
               " OR ($1::bigint = 1 AND NOT EXISTS (SELECT 1 FROM %1$s WHERE number > 1))",
    [READ] = "SELECT number, epoch, writer, at_ms, prev, hash, body FROM %1$s"
             " WHERE number >= $1::bigint ORDER BY number LIMIT $2::bigint",
    [LAST] = "SELECT number, epoch, writer, at_ms, prev, hash, ''::bytea FROM %1$s"
             " ORDER BY number DESC LIMIT 1",
    [FIRST] = "SELECT number FROM %1$s ORDER BY number LIMIT 1",
    [PRUNE] = "DELETE FROM %1$s WHERE number < least($1::bigint, (SELECT max(number) FROM %1$s))"
              " AND number < (SELECT min(number) FROM %1$s) + $2::bigint",
    [END_BLOCKERS] =
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'relation' AND l.relation = '%1$s'::regclass AND l.granted"
        " AND l.mode = 'RowExclusiveLock' AND l.pid <> pg_backend_pid()"
        " AND a.datname = current_database() AND a.xact_start < now() - interval '900 ms'",
};

struct postgres_journal {
    struct tb_journal base;
    struct tb_link link;
    char table[TABLE_MAX + 1];
    char sql[STATEMENT_N][SQL_MAX];
    struct tb_link_statement statement[STATEMENT_N];
};

struct tb_journal_reader {
    struct tb_link link;
    struct tb_chain chain;
    PGresult *portion; /* bodies are read in place */
    int at;
};

static struct postgres_journal *self(struct tb_journal *j)
{
    return (struct postgres_journal *)j;
}

/* What a refusal by the server means; the transaction was rolled back. */
static enum tb_journal_answer answer_of_state(const char sqlstate[6], struct tb_fault *f)
{
    if (strcmp(sqlstate, "53100") == 0) {
        f->retryable = true;
        return TB_JOURNAL_NO_SPACE;
    }
    if (strncmp(sqlstate, "XX", 2) == 0)
        return TB_JOURNAL_CORRUPT;
    f->retryable = strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
                   strncmp(sqlstate, "55", 2) == 0 || strncmp(sqlstate, "57", 2) == 0;
    return TB_JOURNAL_FAULT;
}

/* One statement outside append: connects when needed, and once more when an idle
 * connection turns out to be dead, which harms nothing.                             */
static enum tb_journal_answer run_one(struct tb_link *l, const struct tb_link_call *c,
                                      PGresult **r, struct tb_fault *f)
{
    char sqlstate[6] = "";
    enum tb_link_answer a = TB_LINK_BROKEN;
    for (int tries = 0; tries < 2 && a == TB_LINK_BROKEN; tries++) {
        a = tb_link_ready(l, sqlstate, f);
        if (a == TB_LINK_DONE)
            a = tb_link_run(l, c, 1, r, sqlstate, f);
    }
    if (a == TB_LINK_DONE)
        return TB_JOURNAL_DONE;
    return a == TB_LINK_ERROR ? answer_of_state(sqlstate, f) : TB_JOURNAL_FAULT;
}

/* False when the row is not a batch. body points into the result. */
static bool row_to_batch(const PGresult *r, int row, struct tb_batch *b)
{
    memset(b, 0, sizeof *b);
    for (int c = 0; c < 4; c++)
        if (PQgetlength(r, row, c) != 8)
            return false;
    if (PQgetlength(r, row, 4) != TB_HASH_BYTES || PQgetlength(r, row, 5) != TB_HASH_BYTES ||
        PQgetlength(r, row, 6) > (int)TB_BATCH_BYTES_MAX)
        return false;
    b->number = tb_link_i64(r, row, 0);
    b->epoch = tb_link_i64(r, row, 1);
    b->writer = tb_link_i64(r, row, 2);
    b->at_ms = (int64_t)tb_link_i64(r, row, 3);
    memcpy(b->prev_hash, PQgetvalue(r, row, 4), TB_HASH_BYTES);
    memcpy(b->hash, PQgetvalue(r, row, 5), TB_HASH_BYTES);
    b->body.p = PQgetvalue(r, row, 6);
    b->body.n = (uint32_t)PQgetlength(r, row, 6);
    return true;
}

static enum tb_journal_answer postgres_last(struct tb_journal *base, struct tb_batch *out,
                                            struct tb_fault *f)
{
    struct tb_link_call c;
    PGresult *r = NULL;
    tb_link_call_init(&c, statement_name[LAST]);
    enum tb_journal_answer a = run_one(&self(base)->link, &c, &r, f);
    if (a != TB_JOURNAL_DONE)
        return a;
    memset(out, 0, sizeof *out);
    if (PQntuples(r) > 0 && !row_to_batch(r, 0, out)) {
        tb_fault_set(f, false, "journal: the last row is not a batch");
        a = TB_JOURNAL_CORRUPT;
    }
    out->body = TB_STR_NONE;
    PQclear(r);
    return a;
}

/* ---- appending ---- */

static void append_call(struct tb_link_call *c, const struct tb_batch *b)
{
    tb_link_call_init(c, statement_name[APPEND]);
    tb_link_add_i64(c, b->number);
    tb_link_add_i64(c, b->epoch);
    tb_link_add_i64(c, b->writer);
    tb_link_add_i64(c, (uint64_t)b->at_ms);
    tb_link_add_bytes(c, b->prev_hash, TB_HASH_BYTES);
    tb_link_add_bytes(c, b->hash, TB_HASH_BYTES);
    tb_link_add_bytes(c, b->body.p, b->body.n);
}

/* The number is held: by these very batches (DONE) or by others (TAKEN)? */
static enum tb_journal_answer compare_held(struct postgres_journal *j, const struct tb_batch *b,
                                           uint32_t n, struct tb_fault *f)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tb_link_call c;
        PGresult *r = NULL;
        tb_link_call_init(&c, statement_name[READ]);
        tb_link_add_i64(&c, b[i].number);
        tb_link_add_i64(&c, 1);
        enum tb_journal_answer a = run_one(&j->link, &c, &r, f);
        if (a != TB_JOURNAL_DONE)
            return TB_JOURNAL_UNKNOWN; /* held, but whose is not known yet */
        struct tb_batch held;
        bool same = PQntuples(r) == 1 && row_to_batch(r, 0, &held) &&
                    held.number == b[i].number &&
                    memcmp(held.hash, b[i].hash, TB_HASH_BYTES) == 0;
        PQclear(r);
        if (!same) {
            tb_fault_set(f, false, "journal: batch %" PRIu64 " exists", b[i].number);
            return TB_JOURNAL_TAKEN;
        }
    }
    return TB_JOURNAL_DONE;
}

/* No row was inserted because the batch before is not there as named. */
static enum tb_journal_answer explain_refusal(struct postgres_journal *j,
                                              const struct tb_batch *b, uint32_t n,
                                              struct tb_fault *f)
{
    struct tb_batch last;
    enum tb_journal_answer a = postgres_last(&j->base, &last, f);
    if (a != TB_JOURNAL_DONE)
        return a == TB_JOURNAL_CORRUPT ? a : TB_JOURNAL_FAULT;
    a = tb_append_check(b, last.number, last.hash, f);
    if (a == TB_JOURNAL_TAKEN && b[0].number <= last.number)
        return compare_held(j, b, n, f);
    if (a == TB_JOURNAL_DONE) {
        tb_fault_set(f, true, "journal: the batch before appeared a moment too late");
        a = TB_JOURNAL_FAULT;
    }
    return a;
}

/* One transaction; TB_LINK_DONE with *inserted saying whether the rows went in. */
static enum tb_link_answer try_append(struct postgres_journal *j, const struct tb_link_call *calls,
                                      uint32_t n, PGresult **results, bool *inserted,
                                      char sqlstate[6], struct tb_fault *f)
{
    enum tb_link_answer a = tb_link_ready(&j->link, sqlstate, f);
    if (a == TB_LINK_DONE)
        a = tb_link_run(&j->link, calls, n, results, sqlstate, f);
    if (a != TB_LINK_DONE)
        return a;
    uint32_t rows = 0;
    for (uint32_t i = 0; i < n; i++) {
        rows += strcmp(PQcmdTuples(results[i]), "1") == 0;
        PQclear(results[i]);
    }
    /* The first one's condition decides for all: each names the one before. */
    tb_assert(rows == 0 || rows == n);
    *inserted = rows == n;
    return a;
}

static void end_blockers(struct postgres_journal *j)
{
    struct tb_link_call c;
    struct tb_fault ignored;
    PGresult *r = NULL;
    tb_link_call_init(&c, statement_name[END_BLOCKERS]);
    if (run_one(&j->link, &c, &r, &ignored) == TB_JOURNAL_DONE)
        PQclear(r);
}

static enum tb_journal_answer append_calls(struct postgres_journal *j, const struct tb_batch *b,
                                           uint32_t n, const struct tb_link_call *calls,
                                           PGresult **results, struct tb_fault *f)
{
    char sqlstate[6] = "";
    bool inserted = false;
    enum tb_link_answer a = try_append(j, calls, n, results, &inserted, sqlstate, f);
    if (a == TB_LINK_ERROR && strcmp(sqlstate, "55P03") == 0) {
        end_blockers(j);
        a = try_append(j, calls, n, results, &inserted, sqlstate, f);
    }
    if (a == TB_LINK_BROKEN)
        return TB_JOURNAL_UNKNOWN;
    if (a == TB_LINK_UNSENT)
        return TB_JOURNAL_FAULT;
    if (a == TB_LINK_ERROR && strcmp(sqlstate, "23505") == 0)
        return compare_held(j, b, n, f);
    if (a == TB_LINK_ERROR)
        return answer_of_state(sqlstate, f);
    return inserted ? TB_JOURNAL_DONE : explain_refusal(j, b, n, f);
}

static enum tb_journal_answer postgres_append(struct tb_journal *base, const struct tb_batch *b,
                                              uint32_t n, struct tb_fault *f)
{
    tb_append_assert(b, n);
    struct tb_link_call *calls = calloc(n, sizeof *calls);
    PGresult **results = calloc(n, sizeof(PGresult *));
    enum tb_journal_answer a = TB_JOURNAL_FAULT;
    if (calls == NULL || results == NULL) {
        tb_fault_set(f, true, "journal: no memory to append");
    } else {
        for (uint32_t i = 0; i < n; i++)
            append_call(&calls[i], &b[i]);
        a = append_calls(self(base), b, n, calls, results, f);
    }
    free(results);
    free(calls);
    return a;
}

/* ---- first, prune ---- */

static enum tb_journal_answer first_held(struct tb_link *l, uint64_t *number, struct tb_fault *f)
{
    struct tb_link_call c;
    PGresult *r = NULL;
    tb_link_call_init(&c, statement_name[FIRST]);
    enum tb_journal_answer a = run_one(l, &c, &r, f);
    if (a != TB_JOURNAL_DONE)
        return a;
    *number = PQntuples(r) > 0 ? tb_link_i64(r, 0, 0) : 1;
    PQclear(r);
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer postgres_first(struct tb_journal *base, uint64_t *number,
                                             struct tb_fault *f)
{
    return first_held(&self(base)->link, number, f);
}

static enum tb_journal_answer postgres_prune(struct tb_journal *base, uint64_t keep_from,
                                             struct tb_fault *f)
{
    for (bool more = true; more;) {
        struct tb_link_call c;
        PGresult *r = NULL;
        tb_link_call_init(&c, statement_name[PRUNE]);
        tb_link_add_i64(&c, keep_from > INT64_MAX ? INT64_MAX : keep_from);
        tb_link_add_i64(&c, PRUNE_BATCHES);
        enum tb_journal_answer a = run_one(&self(base)->link, &c, &r, f);
        if (a != TB_JOURNAL_DONE)
            return a;
        more = strcmp(PQcmdTuples(r), "0") != 0;
        PQclear(r);
    }
    return TB_JOURNAL_DONE;
}

/* ---- reading ---- */

static enum tb_journal_answer postgres_reader_open(struct tb_journal *base, uint64_t from,
                                                   struct tb_journal_reader **out,
                                                   struct tb_fault *f)
{
    struct postgres_journal *j = self(base);
    struct tb_journal_reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL) {
        tb_fault_set(f, true, "journal: no memory for a reader");
        return TB_JOURNAL_FAULT;
    }
    tb_link_init(&r->link, j->link.conninfo, j->link.connect_timeout_ms,
                 j->link.answer_timeout_ms);
    r->link.statement = j->statement;
    r->link.statement_n = FIRST + 1;
    tb_chain_init(&r->chain, from);
    *out = r;
    return TB_JOURNAL_DONE;
}

static enum tb_journal_answer next_portion(struct tb_journal_reader *r, struct tb_fault *f)
{
    struct tb_link_call c;
    PQclear(r->portion);
    r->portion = NULL;
    r->at = 0;
    tb_link_call_init(&c, statement_name[READ]);
    tb_link_add_i64(&c, r->chain.next);
    tb_link_add_i64(&c, PORTION_BATCHES);
    enum tb_journal_answer a = run_one(&r->link, &c, &r->portion, f);
    if (a != TB_JOURNAL_DONE)
        r->portion = NULL;
    else if (PQntuples(r->portion) == 0)
        a = TB_JOURNAL_END;
    return a;
}

static enum tb_journal_answer postgres_reader_next(struct tb_journal_reader *r,
                                                   struct tb_batch *out, struct tb_fault *f)
{
    if (r->portion == NULL || r->at >= PQntuples(r->portion)) {
        enum tb_journal_answer a = next_portion(r, f);
        if (a != TB_JOURNAL_DONE)
            return a;
    }
    if (!row_to_batch(r->portion, r->at, out)) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " is malformed", r->chain.next);
        return TB_JOURNAL_CORRUPT;
    }
    uint64_t first = 1;
    if (out->number > r->chain.next &&
        first_held(&r->link, &first, f) == TB_JOURNAL_DONE && first > r->chain.next) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " was pruned", r->chain.next);
        return TB_JOURNAL_FAULT;
    }
    r->at++;
    return tb_chain_check(&r->chain, out, f);
}

static void postgres_reader_close(struct tb_journal_reader *r)
{
    PQclear(r->portion);
    tb_link_close(&r->link);
    free(r);
}

/* ---- opening ---- */

static int64_t postgres_free_bytes(struct tb_journal *base)
{
    (void)base;
    return INT64_MAX;
}

static void postgres_close(struct tb_journal *base)
{
    struct postgres_journal *j = self(base);
    tb_link_close(&j->link);
    free(j);
}

static const struct tb_journal_ops postgres_ops = {
    .name = "postgres",
    .shared = true,
    .append = postgres_append,
    .last = postgres_last,
    .first = postgres_first,
    .prune = postgres_prune,
    .reader_open = postgres_reader_open,
    .reader_next = postgres_reader_next,
    .reader_close = postgres_reader_close,
    .free_bytes = postgres_free_bytes,
    .close = postgres_close,
};

static bool table_name_ok(const char *t)
{
    size_t n = strlen(t);
    return n > 0 && n <= TABLE_MAX && !(t[0] >= '0' && t[0] <= '9') &&
           strspn(t, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Bodies are dense already: kept outside the row, not compressed again. Two processes
 * may meet here; the loser's error is harmless because the table is there then.       */
static enum tb_link_answer make_table(struct postgres_journal *j, char sqlstate[6],
                                      struct tb_fault *f)
{
    char sql[SQL_MAX];
    snprintf(sql, sizeof sql,
             "CREATE TABLE IF NOT EXISTS %s(number bigint PRIMARY KEY, epoch bigint NOT NULL,"
             " writer bigint NOT NULL, at_ms bigint NOT NULL, prev bytea NOT NULL,"
             " hash bytea NOT NULL, body bytea NOT NULL)",
             j->table);
    enum tb_link_answer a = tb_link_ready(&j->link, sqlstate, f); /* nothing prepared yet */
    if (a == TB_LINK_DONE)
        a = tb_link_text(&j->link, sql, sqlstate, f);
    if (a == TB_LINK_ERROR && (strcmp(sqlstate, "23505") == 0 || strcmp(sqlstate, "42P07") == 0))
        a = TB_LINK_DONE;
    snprintf(sql, sizeof sql,
             "DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = '%1$s'::regclass"
             " AND attname = 'body' AND attstorage <> 'e')"
             " THEN ALTER TABLE %1$s ALTER COLUMN body SET STORAGE EXTERNAL; END IF; END $$",
             j->table);
    if (a == TB_LINK_DONE)
        a = tb_link_text(&j->link, sql, sqlstate, f);
    return a;
}

static enum tb_journal_answer connect_first(struct postgres_journal *j, struct tb_fault *f)
{
    char sqlstate[6] = "";
    enum tb_link_answer a = make_table(j, sqlstate, f);
    if (a == TB_LINK_DONE) {
        tb_link_hang_up(&j->link); /* connect again, now with the statements */
        j->link.statement = j->statement;
        j->link.statement_n = STATEMENT_N;
        a = tb_link_ready(&j->link, sqlstate, f);
    }
    if (a == TB_LINK_DONE)
        return TB_JOURNAL_DONE;
    /* undefined column, or an operator that does not fit: another table */
    return a == TB_LINK_ERROR && strncmp(sqlstate, "42", 2) == 0 &&
                   strcmp(sqlstate, "42501") != 0
               ? TB_JOURNAL_CORRUPT
               : TB_JOURNAL_FAULT;
}

enum tb_journal_answer
tb_journal_postgres_open(const char *conninfo, const struct tb_journal_postgres_options *options,
                         struct tb_journal **out, struct tb_fault *f)
{
    struct tb_journal_postgres_options o =
        options ? *options : (struct tb_journal_postgres_options){0};
    const char *table = o.table ? o.table : "tongbao_journal";
    *out = NULL;
    if (!table_name_ok(table)) {
        tb_fault_set(f, false, "journal: '%.60s' is not a table name ([a-z0-9_])", table);
        return TB_JOURNAL_FAULT;
    }
    struct postgres_journal *j = calloc(1, sizeof *j);
    tb_assert(j != NULL);
    j->base.ops = &postgres_ops;
    snprintf(j->table, sizeof j->table, "%s", table);
    for (int i = 0; i < STATEMENT_N; i++) {
        const char *form = statement_form[i];
        int n = 0;
        for (; *form != 0; form++) {
            bool hole = strncmp(form, "%1$s", 4) == 0;
            n += snprintf(j->sql[i] + n, SQL_MAX - (size_t)n, "%s", hole ? table : "");
            if (hole)
                form += 3;
            else
                j->sql[i][n++] = *form;
            tb_assert(n < SQL_MAX - TABLE_MAX - 1);
        }
        j->sql[i][n] = 0;
        j->statement[i] = (struct tb_link_statement){statement_name[i], j->sql[i]};
    }
    tb_link_init(&j->link, conninfo, o.connect_timeout_ms ? o.connect_timeout_ms : CONNECT_TIMEOUT_MS,
                 o.answer_timeout_ms ? o.answer_timeout_ms : ANSWER_TIMEOUT_MS);
    enum tb_journal_answer a = connect_first(j, f);
    if (a != TB_JOURNAL_DONE) {
        postgres_close(&j->base);
        return a;
    }
    *out = &j->base;
    return TB_JOURNAL_DONE;
}
