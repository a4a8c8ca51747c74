// SPDX-License-Identifier: Apache-2.0
#include "journal/postgres/link.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* libpq's messages end in a line feed and may be several lines. */
static void fault_from(struct tb_fault *f, bool retryable, const char *doing, const char *message)
{
    tb_fault_set(f, retryable, "journal: PostgreSQL: %s: %s", doing, message);
    for (char *p = f->text; *p != 0; p++)
        if (*p == '\n')
            *p = p[1] == 0 ? 0 : ' ';
}

void tb_link_call_init(struct tb_link_call *c, const char *name)
{
    c->name = name;
    c->n = 0;
}

void tb_link_add_i64(struct tb_link_call *c, uint64_t v)
{
    tb_assert(c->n < TB_LINK_PARAM_MAX);
    c->number[c->n] = htobe64(v);
    c->value[c->n] = NULL; /* a copied call points into itself: see run_send */
    c->length[c->n++] = 8;
}

void tb_link_add_bytes(struct tb_link_call *c, const void *p, uint32_t n)
{
    tb_assert(c->n < TB_LINK_PARAM_MAX);
    c->value[c->n] = n > 0 ? p : "";
    c->length[c->n++] = (int)n;
}

uint64_t tb_link_i64(const PGresult *r, int row, int column)
{
    uint64_t v;
    tb_assert(PQgetlength(r, row, column) == 8);
    memcpy(&v, PQgetvalue(r, row, column), 8);
    return be64toh(v);
}

void tb_link_init(struct tb_link *l, const char *conninfo, uint32_t connect_timeout_ms,
                  uint32_t answer_timeout_ms)
{
    memset(l, 0, sizeof *l);
    l->conninfo = strdup(conninfo);
    tb_assert(l->conninfo != NULL);
    l->connect_timeout_ms = connect_timeout_ms;
    l->answer_timeout_ms = answer_timeout_ms;
}

void tb_link_hang_up(struct tb_link *l)
{
    PQfinish(l->pg);
    l->pg = NULL;
}

void tb_link_close(struct tb_link *l)
{
    tb_link_hang_up(l);
    free(l->conninfo);
    l->conninfo = NULL;
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

static void take_state(const PGresult *r, char sqlstate[6])
{
    const char *s = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    snprintf(sqlstate, 6, "%s", s ? s : "");
}

/* Waits until the socket is ready or the deadline is over. */
static bool wait_socket(struct tb_link *l, bool sending, int64_t deadline_ms)
{
    int64_t left = deadline_ms - monotonic_ms();
    struct pollfd p = {.fd = PQsocket(l->pg), .events = (short)(POLLIN | (sending ? POLLOUT : 0))};
    if (left <= 0 || p.fd < 0)
        return false;
    int n = poll(&p, 1, (int)left);
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Next result; false when the connection or the deadline is gone. */
static bool next_result(struct tb_link *l, int64_t deadline_ms, PGresult **r)
{
    for (;;) {
        int flushed = PQflush(l->pg);
        if (flushed < 0)
            return false;
        if (!PQisBusy(l->pg))
            break;
        if (!wait_socket(l, flushed == 1, deadline_ms) || !PQconsumeInput(l->pg))
            return false;
    }
    *r = PQgetResult(l->pg);
    return PQstatus(l->pg) == CONNECTION_OK;
}

static bool run_send(struct tb_link *l, const struct tb_link_call *c)
{
    static const int binary[TB_LINK_PARAM_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
    const char *value[TB_LINK_PARAM_MAX];
    for (uint32_t i = 0; i < c->n; i++)
        value[i] = c->value[i] != NULL ? c->value[i] : (const char *)&c->number[i];
    return PQsendQueryPrepared(l->pg, c->name, (int)c->n, value, c->length, binary, 1) == 1;
}

/* Collects until the sync point. The first error decides. */
static enum tb_link_answer collect(struct tb_link *l, uint32_t n, PGresult **results,
                                   uint32_t *got, char sqlstate[6], struct tb_fault *f)
{
    int64_t deadline = monotonic_ms() + l->answer_timeout_ms;
    enum tb_link_answer a = TB_LINK_DONE;
    for (;;) {
        PGresult *r = NULL;
        if (!next_result(l, deadline, &r)) {
            fault_from(f, true, "the connection was lost",
                       PQstatus(l->pg) == CONNECTION_OK ? "no answer in time"
                                                        : PQerrorMessage(l->pg));
            PQclear(r);
            return TB_LINK_BROKEN;
        }
        if (r == NULL)
            continue; /* between two statements of the pipeline */
        ExecStatusType s = PQresultStatus(r);
        if (s == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return a;
        }
        if ((s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK) && *got < n) {
            results[(*got)++] = r;
            continue;
        }
        if (s == PGRES_FATAL_ERROR && a == TB_LINK_DONE) {
            take_state(r, sqlstate);
            fault_from(f, false, "refused", PQresultErrorMessage(r));
            a = TB_LINK_ERROR;
        }
        PQclear(r);
    }
}

enum tb_link_answer tb_link_run(struct tb_link *l, const struct tb_link_call *call, uint32_t n,
                                PGresult **results, char sqlstate[6], struct tb_fault *f)
{
    if (l->pg == NULL) {
        tb_fault_set(f, true, "journal: PostgreSQL: not connected");
        return TB_LINK_UNSENT;
    }
    uint32_t got = 0;
    enum tb_link_answer a = TB_LINK_DONE;
    for (uint32_t i = 0; a == TB_LINK_DONE && i < n; i++)
        if (!run_send(l, &call[i]))
            a = TB_LINK_BROKEN;
    if (a == TB_LINK_DONE && !PQpipelineSync(l->pg))
        a = TB_LINK_BROKEN;
    if (a == TB_LINK_DONE)
        a = collect(l, n, results, &got, sqlstate, f);
    else
        fault_from(f, true, "the connection was lost", PQerrorMessage(l->pg));
    if (a == TB_LINK_DONE && got != n) {
        tb_fault_set(f, true, "journal: PostgreSQL: an answer is missing");
        a = TB_LINK_BROKEN;
    }
    if (a != TB_LINK_DONE)
        while (got > 0)
            PQclear(results[--got]);
    if (a == TB_LINK_BROKEN)
        tb_link_hang_up(l);
    return a;
}

enum tb_link_answer tb_link_text(struct tb_link *l, const char *sql, char sqlstate[6],
                                 struct tb_fault *f)
{
    uint32_t got = 0;
    PGresult *r = NULL;
    if (!PQsendQueryParams(l->pg, sql, 0, NULL, NULL, NULL, NULL, 1) || !PQpipelineSync(l->pg)) {
        fault_from(f, true, "the connection was lost", PQerrorMessage(l->pg));
        tb_link_hang_up(l);
        return TB_LINK_BROKEN;
    }
    enum tb_link_answer a = collect(l, 1, &r, &got, sqlstate, f);
    PQclear(r);
    if (a == TB_LINK_BROKEN)
        tb_link_hang_up(l);
    return a;
}

/* What must hold or durability is a word: division by zero is the refusal. */
static const char check_sql[] =
    "SELECT 1 / (current_setting('fsync') = 'on'"
    " AND current_setting('synchronous_commit') IN ('on', 'remote_apply')"
    " AND NOT pg_is_in_recovery())::int";

static enum tb_link_answer set_up(struct tb_link *l, char sqlstate[6], struct tb_fault *f)
{
    static const char *const setting[] = {
        "SET lock_timeout = '1s'",
        "SET default_transaction_isolation = 'read committed'",
        "SET client_min_messages = warning",
        /* Not the schema of the user's name: the state's may be called so and come later,
         * and the journal would be looked for there. */
        ("SELECT set_config('search_path', replace(current_setting('search_path'),"
         " '\"$user\", ', ''), false)"),
        ("SELECT CASE WHEN current_setting('synchronous_commit') = 'remote_apply' THEN ''"
         " ELSE set_config('synchronous_commit', 'on', false) END"),
    };
    enum tb_link_answer a = TB_LINK_DONE;
    for (size_t i = 0; a == TB_LINK_DONE && i < TB_COUNT_OF(setting); i++)
        a = tb_link_text(l, setting[i], sqlstate, f);
    if (a == TB_LINK_DONE) {
        a = tb_link_text(l, check_sql, sqlstate, f);
        if (a == TB_LINK_ERROR)
            tb_fault_set(f, false, "journal: PostgreSQL: the server is read-only or its fsync or"
                                   " synchronous_commit is not on: a commit would not be durable");
    }
    for (uint32_t i = 0; a == TB_LINK_DONE && i < l->statement_n; i++) {
        uint32_t got = 0;
        PGresult *r = NULL;
        a = TB_LINK_BROKEN;
        if (PQsendPrepare(l->pg, l->statement[i].name, l->statement[i].sql, 0, NULL) &&
            PQpipelineSync(l->pg))
            a = collect(l, 1, &r, &got, sqlstate, f);
        PQclear(r);
    }
    return a;
}

enum tb_link_answer tb_link_ready(struct tb_link *l, char sqlstate[6], struct tb_fault *f)
{
    sqlstate[0] = 0;
    if (l->pg != NULL && PQstatus(l->pg) == CONNECTION_OK)
        return TB_LINK_DONE;
    tb_link_hang_up(l);
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", (l->connect_timeout_ms + 999) / 1000);
    /* Before dbname: the operator's string has the last word. */
    const char *const key[] = {"application_name", "target_session_attrs", "connect_timeout",
                               "tcp_user_timeout", "keepalives_idle",      "keepalives_interval",
                               "dbname",           NULL};
    const char *const value[] = {"tongbao journal", "read-write", seconds, "5000",
                                 "5",               "2",          l->conninfo, NULL};
    l->pg = PQconnectdbParams(key, value, 1);
    if (PQstatus(l->pg) != CONNECTION_OK) {
        fault_from(f, true, "connect", l->pg ? PQerrorMessage(l->pg) : "no memory");
        tb_link_hang_up(l);
        return TB_LINK_UNSENT;
    }
    PQsetNoticeReceiver(l->pg, ignore_notice, NULL);
    enum tb_link_answer a = TB_LINK_UNSENT;
    if (PQsetnonblocking(l->pg, 1) == 0 && PQenterPipelineMode(l->pg))
        a = set_up(l, sqlstate, f);
    if (a != TB_LINK_DONE)
        tb_link_hang_up(l);
    /* Nothing of the caller's was sent. */
    return a == TB_LINK_BROKEN ? TB_LINK_UNSENT : a;
}
