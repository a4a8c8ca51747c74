// SPDX-License-Identifier: Apache-2.0
/* A cell with its threads on SQLite: many submitters, figures, feed, snapshot, restart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "engine/bell.h"
#include "engine/cell.h"
#include "engine/entry.h"
#include "journal/hash.h"
#include "journal/sqlite/journal_sqlite.h"
#include "state/sqlite/state_sqlite.h"

#define SUBMITTERS 4
#define WINDOW 200
#define EACH 20000
#define PERSONS 500

static char folder[64];

struct place {
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables tables;
    struct tb_core_env env;
    struct tb_cell *cell;
};

static void place_open(struct place *p)
{
    char path[128];
    struct tb_fault f;
    memset(p, 0, sizeof *p);
    snprintf(path, sizeof path, "%s/journal", folder);
    struct tb_journal_sqlite_options jo = {.segment_bytes = 4 << 20, .reserve_bytes = -1};
    if (tb_journal_sqlite_open(path, &jo, &p->journal, &f) != TB_JOURNAL_DONE)
        fail_msg("%s", f.text);
    snprintf(path, sizeof path, "%s/state.db", folder);
    if (tb_state_sqlite_open(path, NULL, &p->state, &f) != TB_STATE_DONE)
        fail_msg("%s", f.text);
    if (!tb_cell_tables_ensure(&p->tables, p->state, NULL, &f))
        fail_msg("%s", f.text);
    struct tb_cell_options o = {.env = &p->env,
                                .journal = p->journal,
                                .state = p->state,
                                .tables = &p->tables,
                                .batch_hash = tb_batch_hash,
                                .flush_ms = 30,
                                .space_low_bytes = 1,
                                .cold_blocks = 100};
    if (!tb_cell_create(&o, &p->cell, &f) || !tb_cell_start(p->cell, &f))
        fail_msg("%s", f.text);
}

static void place_close(struct place *p, bool flush)
{
    tb_cell_stop(p->cell, flush);
    tb_cell_destroy(p->cell);
    p->state->ops->close(p->state);
    p->journal->ops->close(p->journal);
}

struct slot {
    struct tb_job_request r;
    struct test_input in;
    uint8_t region[TB_ANSWER_BYTES_MAX];
    struct submitter *by;
    _Atomic uint32_t busy;
};

struct submitter {
    struct place *place;
    uint32_t number;
    uint64_t chance;
    int64_t sum[PERSONS]; /* by this submitter, acknowledged */
    struct slot slot[WINDOW];
    struct tb_bell bell;
    uint32_t refused;
};

static void answered(struct tb_job_request *r)
{
    struct slot *s = (struct slot *)r;
    tb_assert(r->finish == TB_FINISH_DONE);
    if (r->answer.code == TB_CODE_OK && r->command.op == TEST_OP_ADD)
        s->by->sum[s->in.person] += s->in.amount;
    struct submitter *by = s->by;
    atomic_store(&s->busy, 0);
    tb_bell_ring(&by->bell);
}

static void *submit_main(void *user)
{
    struct submitter *m = user;
    for (uint32_t i = 0; i < EACH;) {
        uint32_t ticket = tb_bell_ticket(&m->bell);
        struct tb_job_request *list[WINDOW];
        uint32_t n = 0;
        for (uint32_t k = 0; k < WINDOW && i + n < EACH; k++) {
            struct slot *s = &m->slot[k];
            if (atomic_load(&s->busy))
                continue;
            memset(&s->r, 0, sizeof s->r);
            m->chance += UINT64_C(0x9e3779b97f4a7c15);
            uint64_t x = tb_mix(m->chance);
            s->by = m;
            s->in = (struct test_input){.person = x % PERSONS, .amount = (int64_t)(x >> 20 & 63) - 8};
            s->r.command = (struct tb_command){
                .op = x >> 40 & 3 ? TEST_OP_ADD : TEST_OP_GET, .tenant = 1 + m->number % 2, .input = &s->in};
            s->r.done = answered;
            s->r.key_hash = x | 1;
            s->r.input_hash = 1;
            tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
            atomic_store(&s->busy, 1);
            list[n++] = &s->r;
        }
        enum tb_submit why;
        uint32_t taken = tb_cell_submit_many(m->place->cell, list, n, &why);
        for (uint32_t k = taken; k < n; k++)
            atomic_store(&((struct slot *)list[k])->busy, 0);
        m->refused += n - taken;
        i += taken;
        if (taken == 0)
            tb_bell_wait(&m->bell, ticket, 10000000);
    }
    for (uint32_t k = 0; k < WINDOW; k++)
        while (atomic_load(&m->slot[k].busy))
            usleep(1000);
    return NULL;
}

struct sums {
    int64_t want[3][PERSONS];
    uint32_t wrong;
};

static void compare(struct tb_core *core, void *user)
{
    struct sums *s = user;
    for (uint32_t t = 1; t <= 2; t++)
        for (uint64_t p = 0; p < PERSONS; p++) {
            int64_t b = test_balance(core, t, p);
            s->wrong += s->want[t][p] != (b < 0 ? 0 : b);
        }
}

struct seen {
    uint64_t next;
    uint64_t wrong;
};

static bool see(void *user, const struct tb_entry *e)
{
    struct seen *s = user;
    s->wrong += e->tenant_seq != s->next || e->tenant != 1;
    s->next = e->tenant_seq + 1;
    return true;
}

/* Reads the feed from the start to what is durable. */
static uint64_t read_feed(struct place *p)
{
    struct tb_feed_reader *r;
    struct tb_fault f;
    struct seen s = {.next = 1};
    assert_true(tb_feed_open(p->cell, 1, &r, &f));
    for (uint64_t before = 0; before != s.next;) {
        before = s.next;
        assert_int_equal(tb_feed_read(r, s.next - 1, 777, see, &s, &f), TB_FEED_DONE);
    }
    assert_int_equal(s.wrong, 0);
    tb_feed_close(r);
    return s.next - 1;
}

static void run_submitters(struct place *p, struct sums *sums, uint64_t seed)
{
    static struct submitter m[SUBMITTERS];
    pthread_t t[SUBMITTERS];
    for (uint32_t i = 0; i < SUBMITTERS; i++) {
        memset(&m[i], 0, sizeof m[i]);
        m[i].place = p;
        m[i].number = i;
        m[i].chance = seed * 1000 + i;
        assert_int_equal(pthread_create(&t[i], NULL, submit_main, &m[i]), 0);
    }
    (void)read_feed(p); /* while it runs */
    for (uint32_t i = 0; i < SUBMITTERS; i++) {
        pthread_join(t[i], NULL);
        for (uint32_t k = 0; k < PERSONS; k++)
            sums->want[1 + i % 2][k] += m[i].sum[k];
    }
}

static void threads_on_sqlite(void **unused)
{
    (void)unused;
    static struct sums sums;
    uint64_t fed = 0;
    for (uint64_t round = 0; round < 3; round++) {
        struct place p;
        place_open(&p);
        sums.wrong = 0;
        assert_true(tb_cell_call(p.cell, compare, &sums));
        assert_int_equal(sums.wrong, 0);
        assert_true(read_feed(&p) == fed);
        run_submitters(&p, &sums, 7 + round);
        assert_true(tb_cell_call(p.cell, compare, &sums));
        assert_int_equal(sums.wrong, 0);
        fed = read_feed(&p);
        struct tb_cell_figures figures;
        struct tb_snapshot snapshot;
        struct tb_fault f;
        tb_cell_figures(p.cell, &figures);
        assert_int_equal(figures.queued, 0);
        char path[128];
        snprintf(path, sizeof path, "%s/snapshot-%d.db", folder, (int)round);
        if (!tb_cell_snapshot(p.cell, path, &snapshot, &f))
            fail_msg("%s", f.text);
        assert_true(snapshot.checkpoint.batch == figures.durable_batch);
        if (!tb_cell_prune(p.cell, snapshot.checkpoint.batch, &f))
            fail_msg("%s", f.text);
        printf("round %d: %lu entries in %lu batches, %lu appends, p50 %ld us, p99 %ld us\n",
               (int)round, figures.entries, figures.batches, figures.appends,
               tb_latency_quantile_ns(figures.latency, 500000) / 1000,
               tb_latency_quantile_ns(figures.latency, 990000) / 1000);
        place_close(&p, round == 1); /* the others: replayed at the next start */
    }
}

int main(void)
{
    snprintf(folder, sizeof folder, "%s/tb-threads-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_on_sqlite)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0 || failed;
}
