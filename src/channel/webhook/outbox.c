// SPDX-License-Identifier: Apache-2.0
#include "channel/webhook/outbox.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS lane(webhook INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " version INTEGER NOT NULL, after INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " next_ms INTEGER NOT NULL, gone INTEGER NOT NULL, delivered INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS dead(webhook INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " status INTEGER NOT NULL, reason TEXT NOT NULL, replay INTEGER NOT NULL,"
    " PRIMARY KEY(webhook, sequence)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS dead_replay ON dead(webhook, sequence) WHERE replay";

enum { LANE_GET, LANE_PUT, DEAD_PUT, REPLAY_NEXT, REPLAY_DROP, MARK, EACH_LANE, EACH_DEAD, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [LANE_GET] = "SELECT webhook, tenant, version, after, attempts, next_ms, gone, delivered"
                 " FROM lane WHERE webhook = ?1",
    [LANE_PUT] = "REPLACE INTO lane VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [DEAD_PUT] = "REPLACE INTO dead VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [REPLAY_NEXT] = "SELECT * FROM dead WHERE webhook = ?1 AND replay ORDER BY sequence LIMIT 1",
    [REPLAY_DROP] = "DELETE FROM dead WHERE webhook = ?1 AND sequence = ?2",
    [MARK] = "UPDATE dead SET replay = 1 WHERE NOT replay AND (?1 = 0 OR webhook = ?1)"
             " AND (?2 = 0 OR sequence = ?2)",
    [EACH_LANE] = "SELECT webhook, tenant, version, after, attempts, next_ms, gone, delivered,"
                  " (SELECT count(*) FROM dead WHERE dead.webhook = lane.webhook)"
                  " FROM lane ORDER BY webhook",
    [EACH_DEAD] = "SELECT * FROM dead WHERE (?1 = 0 OR webhook = ?1) ORDER BY webhook, sequence LIMIT ?2",
};

struct tb_outbox {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
};

static bool fault(struct tb_outbox *o, int rc, struct tb_fault *f)
{
    tb_fault_set(f, rc == SQLITE_BUSY || rc == SQLITE_FULL, "webhooks.db: %s",
                 o->db ? sqlite3_errmsg(o->db) : sqlite3_errstr(rc));
    return false;
}

bool tb_outbox_open(const char *path, struct tb_outbox **out, struct tb_fault *f)
{
    struct tb_outbox *o = calloc(1, sizeof *o);
    *out = NULL;
    if (o == NULL) {
        tb_fault_set(f, true, "no memory");
        return false;
    }
    int rc = sqlite3_open_v2(path, &o->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(o->db, 5000);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(o->db, schema, NULL, NULL, NULL);
    for (int i = 0; rc == SQLITE_OK && i < STATEMENTS; i++)
        rc = sqlite3_prepare_v3(o->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &o->statement[i], NULL);
    if (rc != SQLITE_OK) {
        (void)fault(o, rc, f);
        tb_outbox_close(o);
        return false;
    }
    *out = o;
    return true;
}

void tb_outbox_close(struct tb_outbox *o)
{
    if (o == NULL)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(o->statement[i]);
    sqlite3_close(o->db);
    free(o);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static struct tb_outbox_lane lane_of(sqlite3_stmt *s)
{
    return (struct tb_outbox_lane){.webhook = (uint64_t)sqlite3_column_int64(s, 0),
                                   .tenant = (uint32_t)sqlite3_column_int64(s, 1),
                                   .version = (uint32_t)sqlite3_column_int64(s, 2),
                                   .after = (uint64_t)sqlite3_column_int64(s, 3),
                                   .attempts = (uint32_t)sqlite3_column_int64(s, 4),
                                   .next_ms = sqlite3_column_int64(s, 5),
                                   .gone = sqlite3_column_int64(s, 6) != 0,
                                   .delivered = (uint64_t)sqlite3_column_int64(s, 7)};
}

static struct tb_outbox_dead dead_of(sqlite3_stmt *s)
{
    struct tb_outbox_dead d = {.webhook = (uint64_t)sqlite3_column_int64(s, 0),
                               .sequence = (uint64_t)sqlite3_column_int64(s, 1),
                               .tenant = (uint32_t)sqlite3_column_int64(s, 2),
                               .at_ms = sqlite3_column_int64(s, 3),
                               .attempts = (uint32_t)sqlite3_column_int64(s, 4),
                               .status = (int32_t)sqlite3_column_int64(s, 5),
                               .replay = sqlite3_column_int64(s, 7) != 0};
    (void)snprintf(d.reason, sizeof d.reason, "%s", (const char *)sqlite3_column_text(s, 6));
    return d;
}

/* Binds numbers, runs; a row is left for the caller, who resets. */
static int step(sqlite3_stmt *s, const int64_t *v, int n)
{
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < n; i++)
        rc = sqlite3_bind_int64(s, i + 1, v[i]);
    return rc == SQLITE_OK ? sqlite3_step(s) : rc;
}

static bool run(struct tb_outbox *o, int which, const int64_t *v, int n, struct tb_fault *f)
{
    sqlite3_stmt *s = o->statement[which];
    int rc = step(s, v, n);
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE || fault(o, end, f);
}

/* One row of a webhook's, to be read and then reset; NULL: there is none, or the fault is set. */
static sqlite3_stmt *row_of(struct tb_outbox *o, int which, uint64_t webhook, struct tb_fault *f)
{
    sqlite3_stmt *s = o->statement[which];
    int64_t v = (int64_t)webhook;
    f->text[0] = 0;
    int rc = step(s, &v, 1);
    if (rc == SQLITE_ROW)
        return s;
    if (rc != SQLITE_DONE)
        (void)fault(o, rc, f);
    (void)sqlite3_reset(s);
    return NULL;
}

bool tb_outbox_lane(struct tb_outbox *o, uint64_t webhook, struct tb_outbox_lane *out,
                    struct tb_fault *f)
{
    sqlite3_stmt *s = row_of(o, LANE_GET, webhook, f);
    if (s == NULL)
        return false;
    *out = lane_of(s);
    (void)sqlite3_reset(s);
    return true;
}

bool tb_outbox_put_lane(struct tb_outbox *o, const struct tb_outbox_lane *l, struct tb_fault *f)
{
    const int64_t v[8] = {(int64_t)l->webhook, l->tenant, l->version, (int64_t)l->after,
                          l->attempts,         l->next_ms, l->gone,   (int64_t)l->delivered};
    return run(o, LANE_PUT, v, 8, f);
}

static bool put_dead(struct tb_outbox *o, const struct tb_outbox_dead *d, struct tb_fault *f)
{
    sqlite3_stmt *s = o->statement[DEAD_PUT];
    const int64_t v[6] = {(int64_t)d->webhook, (int64_t)d->sequence, d->tenant,
                          d->at_ms,            d->attempts,          d->status};
    int rc = sqlite3_bind_text(s, 7, d->reason, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(s, 8, d->replay);
    if (rc == SQLITE_OK)
        rc = step(s, v, 6);
    int end = sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE || fault(o, end, f);
}

static bool exec(struct tb_outbox *o, const char *text, struct tb_fault *f)
{
    int rc = sqlite3_exec(o->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK || fault(o, rc, f);
}

bool tb_outbox_give_up(struct tb_outbox *o, const struct tb_outbox_lane *l,
                       const struct tb_outbox_dead *d, struct tb_fault *f)
{
    if (!exec(o, "BEGIN IMMEDIATE", f))
        return false;
    if (put_dead(o, d, f) && tb_outbox_put_lane(o, l, f) && exec(o, "COMMIT", f))
        return true;
    (void)sqlite3_exec(o->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

bool tb_outbox_replay_next(struct tb_outbox *o, uint64_t webhook, struct tb_outbox_dead *out,
                           struct tb_fault *f)
{
    sqlite3_stmt *s = row_of(o, REPLAY_NEXT, webhook, f);
    if (s == NULL)
        return false;
    *out = dead_of(s);
    (void)sqlite3_reset(s);
    return true;
}

bool tb_outbox_replay_done(struct tb_outbox *o, const struct tb_outbox_dead *d, bool delivered,
                           struct tb_fault *f)
{
    const int64_t v[2] = {(int64_t)d->webhook, (int64_t)d->sequence};
    return delivered ? run(o, REPLAY_DROP, v, 2, f) : put_dead(o, d, f);
}

int64_t tb_outbox_mark_replay(struct tb_outbox *o, uint64_t webhook, uint64_t sequence,
                              struct tb_fault *f)
{
    const int64_t v[2] = {(int64_t)webhook, (int64_t)sequence};
    return run(o, MARK, v, 2, f) ? sqlite3_changes(o->db) : -1;
}

bool tb_outbox_each_lane(struct tb_outbox *o, tb_outbox_lane_fn fn, void *user, struct tb_fault *f)
{
    sqlite3_stmt *s = o->statement[EACH_LANE];
    int rc;
    while ((rc = step(s, NULL, 0)) == SQLITE_ROW) {
        struct tb_outbox_lane l = lane_of(s);
        fn(user, &l, (uint64_t)sqlite3_column_int64(s, 8));
    }
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE || fault(o, end, f);
}

bool tb_outbox_each_dead(struct tb_outbox *o, uint64_t webhook, uint32_t limit,
                         tb_outbox_dead_fn fn, void *user, struct tb_fault *f)
{
    sqlite3_stmt *s = o->statement[EACH_DEAD];
    const int64_t v[2] = {(int64_t)webhook, limit};
    int rc = step(s, v, 2);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(s)) {
        struct tb_outbox_dead d = dead_of(s);
        fn(user, &d);
    }
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE || fault(o, end, f);
}
