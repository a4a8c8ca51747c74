// SPDX-License-Identifier: Apache-2.0
/* A cell under load, to be killed at any moment (run.py and run_pg.py do it).
 *
 * usage: crash_load DIR SECONDS [ACKED ...]          on SQLite in that folder
 *        crash_load pg:CONNINFO SECONDS [ACKED ...]  on PostgreSQL: follows, then leads
 *
 * Worker w sends additions 1, 2, 3 ... with an idempotency key each, many at a time. A
 * start first proves what is there: for each worker exactly its additions 1 .. P, once
 * each, with P at least what was acknowledged (ACKED). Then it goes on after ACKED, so
 * that everything that was under way is sent again. Acknowledgements go to standard
 * output as 8 bytes: worker << 48 | number. Exit 0 after SECONDS, 1 with a sentence when
 * something is lost or doubled, 3 when the cell no longer leads or has failed.           */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "engine/bell.h"
#include "engine/cell.h"
#include "journal/hash.h"
#include "journal/postgres/journal_postgres.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/postgres/state_postgres.h"
#include "state/sqlite/state_sqlite.h"

#define WORKERS 3u
#define WINDOW 128u
#define PERSONS 10u /* of each worker */

struct slot {
    struct tb_job_request r;
    struct test_input in;
    uint8_t region[TB_ANSWER_BYTES_MAX];
    uint64_t number;
    struct worker *by;
    _Atomic uint32_t busy;
};

struct worker {
    struct tb_cell *cell;
    uint64_t number;
    uint64_t next;
    uint64_t acked; /* at the start */
    struct slot slot[WINDOW];
    struct tb_bell bell;
    _Atomic uint32_t stop;
    pthread_t thread;
};

static struct worker workers[WORKERS];
static bool shared;
static _Atomic uint32_t over;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static int64_t amount_of(uint64_t n)
{
    return 1 + (int64_t)(n % 7);
}

/* The tenant's order is the worker's order, so what is there is a prefix of it. */
static uint32_t tenant_of(uint64_t worker)
{
    return 1 + (uint32_t)worker;
}

static void prove(struct tb_core *core, void *user)
{
    char text[200];
    (void)user;
    for (uint64_t w = 0; w < WORKERS; w++) {
        uint64_t additions = 0;
        for (uint64_t p = 0; p < PERSONS; p++)
            additions += test_additions(core, tenant_of(w), p);
        uint64_t there = additions / 2; /* each addition is two events */
        if (additions % 2 != 0 || there < workers[w].acked) {
            snprintf(text, sizeof text, "worker %" PRIu64 ": %" PRIu64 " half additions are there, %" PRIu64
                     " additions were acknowledged", w, additions, workers[w].acked);
            die("lost", text);
        }
        int64_t want[PERSONS] = {0};
        for (uint64_t n = 1; n <= there; n++)
            want[n % PERSONS] += amount_of(n);
        for (uint64_t p = 0; p < PERSONS; p++) {
            int64_t is = test_balance(core, tenant_of(w), p);
            if ((is < 0 ? 0 : is) == want[p])
                continue;
            snprintf(text, sizeof text, "worker %" PRIu64 " person %" PRIu64 ": %" PRId64
                     " instead of %" PRId64 " after %" PRIu64, w, p, is, want[p], there);
            die("doubled or lost", text);
        }
    }
}

static void answered(struct tb_job_request *r)
{
    struct slot *s = (struct slot *)r;
    struct worker *by = s->by;
    if (r->finish == TB_FINISH_DONE) {
        if (r->answer.code != TB_CODE_OK)
            die("refused", "an addition");
        uint64_t record = by->number << 48 | s->number;
        if (write(1, &record, sizeof record) != (ssize_t)sizeof record)
            die("cannot report", strerror(errno));
    } else if (shared) {
        atomic_store(&over, 1); /* what follows must not overtake it: all of it is sent again */
    } else if (r->finish != TB_FINISH_STOPPING) {
        die("not answered", tb_finish_name(r->finish));
    }
    atomic_store(&s->busy, 0);
    tb_bell_ring(&by->bell);
}

static void *work(void *user)
{
    struct worker *m = user;
    while (!atomic_load(&m->stop) && !atomic_load(&over)) {
        uint32_t ticket = tb_bell_ticket(&m->bell);
        struct slot *s = &m->slot[m->next % WINDOW];
        if (atomic_load(&s->busy)) {
            tb_bell_wait(&m->bell, ticket, 10000000);
            continue;
        }
        memset(&s->r, 0, sizeof s->r);
        s->by = m;
        s->number = m->next;
        s->in = (struct test_input){.person = m->next % PERSONS, .amount = amount_of(m->next)};
        s->r.command = (struct tb_command){.op = TEST_OP_ADD, .tenant = tenant_of(m->number),
                                           .input = &s->in};
        s->r.key_hash = tb_mix(m->number << 48 | m->next);
        s->r.input_hash = m->next;
        s->r.done = answered;
        tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
        atomic_store(&s->busy, 1);
        if (tb_cell_submit(m->cell, &s->r) == TB_SUBMIT_TAKEN) {
            m->next++;
        } else {
            atomic_store(&s->busy, 0);
            tb_bell_wait(&m->bell, ticket, 1000000);
        }
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool gone(const struct tb_cell *cell)
{
    enum tb_cell_state s = tb_cell_state(cell);
    return s == TB_CELL_DEPOSED || s == TB_CELL_FAILED || atomic_load(&over);
}

static void run(struct tb_cell *cell, double seconds)
{
    uint64_t ready = UINT64_MAX;
    uint64_t following = UINT64_MAX - 1;
    double until = now() + seconds;
    if (shared && write(1, &following, sizeof following) != (ssize_t)sizeof following)
        die("cannot report", strerror(errno));
    while (tb_cell_state(cell) == TB_CELL_FOLLOWING && now() < until)
        usleep(5000);
    if (shared && !gone(cell))
        (void)tb_cell_call(cell, prove, NULL);
    if (write(1, &ready, sizeof ready) != (ssize_t)sizeof ready)
        die("cannot report", strerror(errno));
    for (uint32_t w = 0; w < WORKERS; w++) {
        workers[w].cell = cell;
        workers[w].number = w;
        workers[w].next = workers[w].acked + 1;
        if (pthread_create(&workers[w].thread, NULL, work, &workers[w]) != 0)
            die("no thread", "");
    }
    while (now() < until && !gone(cell))
        usleep(5000);
    for (uint32_t w = 0; w < WORKERS; w++)
        atomic_store(&workers[w].stop, 1);
    for (uint32_t w = 0; w < WORKERS; w++)
        pthread_join(workers[w].thread, NULL);
}

static bool on_the_way(void *user)
{
    (void)user;
    return true;
}

static void open_sqlite(const char *folder, struct tb_journal **journal, struct tb_state **state)
{
    char path[512];
    struct tb_fault f;
    struct tb_journal_sqlite_options jo = {
        .segment_bytes = 1 << 20, .reserve_bytes = -1, .go_on_waiting = on_the_way};
    snprintf(path, sizeof path, "%s/journal", folder);
    if (tb_journal_sqlite_open(path, &jo, journal, &f) != TB_JOURNAL_DONE)
        die("journal", f.text);
    snprintf(path, sizeof path, "%s/state.db", folder);
    if (tb_state_sqlite_open(path, NULL, state, &f) != TB_STATE_DONE)
        die("state", f.text);
}

static void open_postgres(const char *conninfo, struct tb_journal **journal,
                          struct tb_state **state)
{
    struct tb_fault f = {0};
    for (int i = 0; i < 100; i++) { /* the server may be starting */
        if (*journal == NULL && tb_journal_postgres_open(conninfo, NULL, journal, &f) != TB_JOURNAL_DONE)
            *journal = NULL;
        if (*journal != NULL && tb_state_postgres_open(conninfo, NULL, state, &f) == TB_STATE_DONE)
            return;
        if (!f.retryable)
            break;
        usleep(100000);
    }
    fprintf(stderr, "postgres: %s\n", f.text);
    exit(3);
}

static void say(void *user, const char *text)
{
    (void)user;
    if (getenv("TB_LOG") != NULL)
        fprintf(stderr, "%d: %s\n", (int)getpid(), text);
}

int main(int argc, char **argv)
{
    struct tb_fault f;
    struct tb_journal *journal = NULL;
    struct tb_state *state = NULL;
    struct tb_cell_tables tables;
    struct tb_core_env env = {0};
    struct tb_cell *cell;
    if (argc < 3)
        die("usage", "crash_load DIR SECONDS [ACKED ...]");
    for (int i = 3; i < argc && i - 3 < (int)WORKERS; i++)
        workers[i - 3].acked = strtoull(argv[i], NULL, 10);
    shared = strncmp(argv[1], "pg:", 3) == 0;
    if (shared)
        open_postgres(argv[1] + 3, &journal, &state);
    else
        open_sqlite(argv[1], &journal, &state);
    struct tb_cell_options o = {.env = &env,
                                .journal = journal,
                                .state = state,
                                .tables = &tables,
                                .batch_hash = tb_batch_hash,
                                .log = say,
                                .space_low_bytes = 1,
                                .flush_ms = 15,
                                .idem_rows = 3000};
    if (!tb_cell_tables_ensure(&tables, state, NULL, &f) || !tb_cell_create(&o, &cell, &f)) {
        fprintf(stderr, "recovery: %s\n", f.text);
        return shared && f.retryable ? 3 : 1;
    }
    if (!shared)
        (void)tb_cell_call(cell, prove, NULL);
    if (!tb_cell_start(cell, &f))
        die("start", f.text);
    run(cell, strtod(argv[2], NULL));
    bool lost = gone(cell);
    tb_cell_fault(cell, &f);
    if (lost)
        fprintf(stderr, "gone: %s\n", f.text);
    tb_cell_stop(cell, true);
    tb_cell_destroy(cell);
    state->ops->close(state);
    journal->ops->close(journal);
    return lost ? 3 : 0;
}
