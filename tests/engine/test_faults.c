// SPDX-License-Identifier: Apache-2.0
/* What goes wrong outside: full and silent journals, damage, states that do not fit, and
 * two processes on one journal.                                                         */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include "engine/entry.h"
#include "journal/memory/journal_memory.h"
#include "state/memory/state_memory.h"

static void add(struct world *w, uint32_t tenant, uint64_t person, int64_t amount)
{
    struct ask a;
    ask_init(&a, TEST_OP_ADD, tenant, person, amount);
    ask_now(w, &a);
    assert_int_equal(a.r.finish, TB_FINISH_DONE);
}

static void no_space_is_read_only_and_heals(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a, b;
    struct tb_cell_figures figures;
    world_init(&w, 1);
    world_open(&w);
    add(&w, 1, 1, 5);
    tb_journal_memory_fail(w.journal, TB_MEMORY_FAULT_NO_SPACE, 0, 4);
    ask_init(&a, TEST_OP_ADD, 1, 1, 5);
    assert_int_equal(tb_cell_submit(w.cell, &a.r), TB_SUBMIT_TAKEN);
    (void)tb_cell_step(w.cell);
    tb_cell_figures(w.cell, &figures);
    assert_true(figures.read_only);
    ask_init(&b, TEST_OP_ADD, 1, 1, 5);
    assert_int_equal(tb_cell_submit(w.cell, &b.r), TB_SUBMIT_NO_SPACE);
    assert_int_equal(a.answered, 0);
    for (int i = 0; i < 8; i++) {
        world_pass(&w, 210);
        (void)tb_cell_step(w.cell);
    }
    assert_int_equal(a.answered, 1);
    assert_int_equal(a.r.finish, TB_FINISH_DONE);
    world_pass(&w, 500);
    world_run(&w);
    add(&w, 1, 1, 5);
    assert_int_equal(a.answered, 1);
    world_deinit(&w);
}

static void silent_journal_is_said_in_time(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a, b;
    world_init(&w, 2);
    world_open(&w);
    tb_journal_memory_fail(w.journal, TB_MEMORY_FAULT_FAULT, 0, 1000);
    ask_init(&a, TEST_OP_ADD, 1, 1, 5);
    a.r.key_hash = 9;
    assert_int_equal(tb_cell_submit(w.cell, &a.r), TB_SUBMIT_TAKEN);
    for (int i = 0; i < 40; i++) {
        world_pass(&w, 100);
        (void)tb_cell_step(w.cell);
    }
    assert_int_equal(a.answered, 1);
    assert_int_equal(a.r.finish, TB_FINISH_UNKNOWN);
    ask_init(&b, TEST_OP_GET, 1, 1, 0);
    assert_int_equal(tb_cell_submit(w.cell, &b.r), TB_SUBMIT_UNAVAILABLE);
    tb_journal_memory_fail(w.journal, TB_MEMORY_FAULT_NONE, 0, 0);
    world_pass(&w, 100);
    world_run(&w);
    /* It was appended after all; the same key says so. */
    ask_init(&a, TEST_OP_ADD, 1, 1, 5);
    a.r.key_hash = 9;
    ask_now(&w, &a);
    assert_true(a.r.repeated);
    ask_init(&b, TEST_OP_GET, 1, 1, 0);
    ask_now(&w, &b);
    assert_int_equal(test_answer(&b.r.answer, 1), 5);
    world_deinit(&w);
}

/* A journal of its own with an unknown outcome: stop, start again, find the truth. */
static void unknown_outcome_ends_the_cell(void **unused)
{
    (void)unused;
    static const enum tb_journal_memory_fault how[] = {TB_MEMORY_FAULT_UNKNOWN_WRITTEN,
                                                       TB_MEMORY_FAULT_UNKNOWN_ABSENT};
    for (int i = 0; i < 2; i++) {
        struct world w;
        struct ask a, b;
        struct tb_fault f;
        world_init(&w, 3);
        world_open(&w);
        add(&w, 1, 1, 5);
        tb_journal_memory_fail(w.journal, how[i], 0, 1);
        ask_init(&a, TEST_OP_ADD, 1, 1, 7);
        a.r.key_hash = 4;
        ask_now(&w, &a);
        assert_int_equal(a.r.finish, TB_FINISH_UNKNOWN);
        assert_int_equal(tb_cell_state(w.cell), TB_CELL_FAILED);
        tb_cell_fault(w.cell, &f);
        assert_true(strlen(f.text) > 0);
        ask_init(&b, TEST_OP_GET, 1, 1, 0);
        assert_int_equal(tb_cell_submit(w.cell, &b.r), TB_SUBMIT_FAILED);
        world_crash(&w);
        world_open(&w);
        ask_init(&a, TEST_OP_ADD, 1, 1, 7);
        a.r.key_hash = 4;
        ask_now(&w, &a);
        assert_int_equal(a.r.repeated, how[i] == TB_MEMORY_FAULT_UNKNOWN_WRITTEN);
        assert_int_equal(test_answer(&a.r.answer, 1), 12);
        world_deinit(&w);
    }
}

static void state_that_fails_is_repeated(void **unused)
{
    (void)unused;
    static const enum tb_state_memory_fault how[] = {
        TB_STATE_MEMORY_NO_SPACE, TB_STATE_MEMORY_FAULT, TB_STATE_MEMORY_FAULT_WRITTEN};
    for (int i = 0; i < 3; i++) {
        struct world w;
        struct tb_fault f;
        world_init(&w, 4);
        world_open(&w);
        add(&w, 1, 1, 5);
        tb_state_memory_fail(w.state, how[i]);
        assert_false(tb_cell_flush(w.cell, &f));
        add(&w, 1, 1, 6);
        assert_true(tb_cell_flush(w.cell, &f));
        uint64_t live = world_digest(&w);
        world_crash(&w);
        world_open(&w);
        assert_int_equal(world_digest(&w), live);
        world_deinit(&w);
    }
}

/* What repeating does not mend is said, not repeated; and said again after a start. */
static void state_that_refuses_ends_the_cell(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    struct tb_fault f;
    world_init(&w, 4);
    world_open(&w);
    for (int i = 0; i < 2; i++) {
        add(&w, 1, 1, 5);
        tb_state_memory_fail(w.state, TB_STATE_MEMORY_BROKEN);
        world_pass(&w, 3700000); /* a flush is due */
        (void)tb_cell_step(w.cell);
        assert_int_equal(tb_cell_state(w.cell), TB_CELL_FAILED);
        tb_cell_fault(w.cell, &f);
        assert_string_equal(f.text, "state: told to fail");
        ask_init(&a, TEST_OP_GET, 1, 1, 0);
        assert_int_equal(tb_cell_submit(w.cell, &a.r), TB_SUBMIT_FAILED);
        world_crash(&w);
        world_open(&w);
    }
    add(&w, 1, 1, 5);
    assert_true(tb_cell_flush(w.cell, &f));
    ask_init(&a, TEST_OP_GET, 1, 1, 0);
    ask_now(&w, &a);
    assert_int_equal(test_answer(&a.r.answer, 1), 15);
    world_deinit(&w);
}

static void lagging_refuses_writes(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    struct tb_fault f;
    world_init(&w, 5);
    w.options.replay_entries = 100;
    world_open(&w);
    for (int i = 0; i < 101; i++)
        add(&w, 1, (uint64_t)i, 1);
    ask_init(&a, TEST_OP_ADD, 1, 1, 1);
    assert_int_equal(tb_cell_submit(w.cell, &a.r), TB_SUBMIT_LAGGING);
    ask_init(&a, TEST_OP_GET, 1, 1, 0);
    ask_now(&w, &a);
    assert_true(tb_cell_flush(w.cell, &f));
    add(&w, 1, 1, 1);
    world_deinit(&w);
}

static void refuse_to_open(struct world *w, const char *words)
{
    struct tb_fault f;
    w->options.state = w->state;
    w->options.tables = w->tables;
    w->options.journal = w->journal;
    assert_false(tb_cell_create(&w->options, &w->cell, &f));
    w->cell = NULL;
    if (strstr(f.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f.text, words);
}

static void what_does_not_fit_is_refused(void **unused)
{
    (void)unused;
    struct world w, other;
    struct tb_fault f;
    world_init(&w, 6);
    world_open(&w);
    for (int i = 0; i < 20; i++)
        add(&w, 1, (uint64_t)i, 1);
    assert_true(tb_cell_flush(w.cell, &f));
    for (int i = 0; i < 5; i++)
        add(&w, 1, (uint64_t)i, 1);
    world_crash(&w);

    /* An empty journal, then another history of the same length. */
    struct tb_journal *kept = w.journal;
    w.journal = tb_journal_memory_open(NULL);
    refuse_to_open(&w, "ahead of its journal");
    w.journal->ops->close(w.journal);
    world_init(&other, 7);
    world_open(&other);
    for (int i = 0; i < 30; i++)
        add(&other, 1, (uint64_t)i, 2);
    world_crash(&other);
    w.journal = other.journal;
    refuse_to_open(&w, "do not belong together");

    /* The journal's beginning is gone and the state is empty. */
    assert_int_equal(kept->ops->prune(kept, 18, &f), TB_JOURNAL_DONE);
    struct tb_state *state = w.state;
    struct tb_cell_tables *tables = w.tables;
    w.journal = kept;
    world_new_state(&w);
    refuse_to_open(&w, "is gone");
    w.state->ops->close(w.state);
    free(w.tables);
    w.state = state;
    w.tables = tables;

    /* Damage behind the checkpoint. */
    tb_journal_memory_damage(kept, 23);
    refuse_to_open(&w, "batch 23");
    world_deinit(&w);
    other.cell = NULL;
    world_deinit(&other);
}

/* ---- two on one journal ------------------------------------------------------------------------ */

/* The standby shares the first one's clock and stores. */
static void pair_init(struct world *a, struct world *b)
{
    struct tb_journal_memory_options jo = {.shared = true};
    world_init(a, 11);
    a->journal->ops->close(a->journal);
    a->journal = tb_journal_memory_open(&jo);
    jo.beside = a->journal;
    world_init(b, 12);
    b->journal->ops->close(b->journal);
    b->state->ops->close(b->state);
    free(b->tables);
    b->journal = tb_journal_memory_open(&jo);
    b->state = a->state;
    b->tables = a->tables;
    a->host.user = a;
    b->host.user = a;
    world_open(a);
}

static void pair_deinit(struct world *a, struct world *b)
{
    tb_cell_destroy(b->cell);
    b->journal->ops->close(b->journal);
    world_deinit(a);
}

static void both(struct world *a, struct world *b, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 50) {
        world_pass(a, 50);
        if (a != NULL)
            (void)tb_cell_step(a->cell);
        if (b != NULL)
            (void)tb_cell_step(b->cell);
    }
}

static void standby_takes_over(void **unused)
{
    (void)unused;
    struct world a, b;
    struct ask x, y, late;
    struct tb_fault f;
    pair_init(&a, &b);
    assert_int_equal(tb_cell_state(a.cell), TB_CELL_FOLLOWING);
    ask_init(&x, TEST_OP_ADD, 1, 1, 5);
    assert_int_equal(tb_cell_submit(a.cell, &x.r), TB_SUBMIT_NOT_LEADING);
    both(&a, NULL, 2200);
    assert_int_equal(tb_cell_state(a.cell), TB_CELL_LEADING);
    add(&a, 1, 1, 5);
    assert_true(tb_cell_flush(a.cell, &f));
    add(&a, 1, 2, 6);
    world_open(&b);
    both(&a, &b, 10000); /* an idle leader keeps its place */
    assert_int_equal(tb_cell_state(a.cell), TB_CELL_LEADING);
    assert_int_equal(tb_cell_state(b.cell), TB_CELL_FOLLOWING);
    add(&a, 1, 1, 1);
    both(&a, &b, 100);
    assert_int_equal(world_digest(&b), world_digest(&a));

    /* The leader freezes with a request just taken; the other one leads within 5 s. */
    ask_init(&late, TEST_OP_GET, 1, 1, 0);
    assert_int_equal(tb_cell_submit(a.cell, &late.r), TB_SUBMIT_TAKEN);
    for (int i = 0; i < 50; i++) {
        world_pass(&a, 50);
        (void)tb_cell_step(b.cell);
    }
    assert_int_equal(tb_cell_state(b.cell), TB_CELL_LEADING);
    b.ns = a.ns;
    ask_init(&x, TEST_OP_ADD, 1, 1, 100);
    assert_int_equal(tb_cell_submit(b.cell, &x.r), TB_SUBMIT_TAKEN);
    for (int i = 0; i < 10; i++)
        (void)tb_cell_step(b.cell);
    assert_int_equal(x.answered, 1);
    assert_int_equal(test_answer(&x.r.answer, 1), 106);

    /* It wakes: no stale read, no write, and it knows. */
    assert_false(tb_cell_may_answer(a.cell));
    ask_init(&y, TEST_OP_ADD, 1, 1, 7);
    assert_int_equal(tb_cell_submit(a.cell, &y.r), TB_SUBMIT_TAKEN); /* it does not know yet */
    for (int i = 0; i < 10; i++) {
        world_pass(&a, 50);
        (void)tb_cell_step(a.cell);
        (void)tb_cell_step(b.cell);
    }
    assert_int_equal(tb_cell_state(a.cell), TB_CELL_DEPOSED);
    assert_int_equal(late.answered, 1);
    assert_true(late.r.finish != TB_FINISH_DONE);
    assert_int_equal(y.r.finish, TB_FINISH_NOT_LEADING);
    /* Its flusher must not turn the checkpoint back. */
    assert_true(tb_cell_flush(b.cell, &f));
    uint64_t leader = world_digest(&b);
    assert_false(tb_cell_flush(a.cell, &f));
    world_crash(&a);
    world_open(&a);
    both(&b, &a, 300);
    assert_int_equal(world_digest(&a), leader);
    pair_deinit(&a, &b);
}

/* The outcome of an append is found out by sending the same bytes again. */
static void unknown_outcome_on_a_shared_journal(void **unused)
{
    (void)unused;
    static const enum tb_journal_memory_fault how[] = {TB_MEMORY_FAULT_UNKNOWN_WRITTEN,
                                                       TB_MEMORY_FAULT_UNKNOWN_ABSENT};
    for (int i = 0; i < 2; i++) {
        struct world a, b;
        struct ask x;
        pair_init(&a, &b);
        both(&a, NULL, 2200);
        tb_journal_memory_fail(a.journal, how[i], 0, 1);
        ask_init(&x, TEST_OP_ADD, 1, 1, 5);
        assert_int_equal(tb_cell_submit(a.cell, &x.r), TB_SUBMIT_TAKEN);
        (void)tb_cell_step(a.cell);
        assert_int_equal(x.answered, 0);
        both(&a, NULL, 200);
        assert_int_equal(x.answered, 1);
        assert_int_equal(x.r.finish, TB_FINISH_DONE);
        add(&a, 1, 1, 5);
        world_open(&b);
        both(&a, &b, 100);
        assert_int_equal(world_digest(&b), world_digest(&a));
        pair_deinit(&a, &b);
    }
}

/* A standby that joined while the leader flushed and went on flushing. */
static void standby_of_a_busy_leader(void **unused)
{
    (void)unused;
    struct world a, b;
    struct tb_fault f;
    pair_init(&a, &b);
    both(&a, NULL, 2200);
    for (uint64_t i = 0; i < 100; i++) {
        add(&a, 1 + (uint32_t)(i % 3), i % 17, 1);
        if (i % 10 == 3)
            assert_true(tb_cell_flush(a.cell, &f));
        if (i == 40)
            world_open(&b);
        if (i > 40)
            (void)tb_cell_step(b.cell);
        world_pass(&a, 100);
    }
    uint64_t live = world_digest(&a);
    for (int i = 0; i < 60; i++) { /* the leader is dead */
        world_pass(&a, 50);
        (void)tb_cell_step(b.cell);
    }
    assert_int_equal(tb_cell_state(b.cell), TB_CELL_LEADING);
    assert_int_equal(world_digest(&b), live);
    assert_true(tb_cell_flush(b.cell, &f));
    world_crash(&a);
    world_open(&a);
    assert_int_equal(world_digest(&a), live);
    pair_deinit(&a, &b);
}

/* ---- feed ---------------------------------------------------------------------------------------- */

struct seen {
    uint64_t next;
    uint32_t tenant;
    uint64_t last_seq;
    uint64_t wrong;
};

static bool see(void *user, const struct tb_entry *e)
{
    struct seen *s = user;
    s->wrong += e->tenant_seq != s->next || e->tenant != s->tenant || e->seq <= s->last_seq;
    s->next = e->tenant_seq + 1;
    s->last_seq = e->seq;
    return true;
}

static void feed_has_no_gaps(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct world w;
        struct tb_fault f;
        struct tb_feed_reader *r[4];
        struct seen seen[4];
        uint64_t written[4] = {0};
        world_init(&w, 70 + seed);
        w.options.tail_bytes = seed % 2 ? 200 : 4000;
        world_open(&w);
        for (uint32_t t = 0; t < 4; t++) {
            assert_true(tb_feed_open(w.cell, 1 + t, &r[t], &f));
            seen[t] = (struct seen){.next = 1, .tenant = 1 + t};
        }
        for (int i = 0; i < 3000; i++) {
            uint32_t t = world_random(&w, 40) ? (uint32_t)world_random(&w, 2)
                                              : 2 + (uint32_t)world_random(&w, 2);
            add(&w, 1 + t, world_random(&w, 10), 1);
            written[t]++;
            if (world_random(&w, 50) == 0)
                assert_true(tb_cell_flush(w.cell, &f));
            t = (uint32_t)world_random(&w, 4);
            if (world_random(&w, 20) == 0)
                assert_int_equal(tb_feed_read(r[t], seen[t].next - 1, 1 + (uint32_t)world_random(&w, 90),
                                              see, &seen[t], &f),
                                 TB_FEED_DONE);
            assert_int_equal(seen[t].wrong, 0);
        }
        assert_true(tb_cell_flush(w.cell, &f));
        for (uint32_t t = 0; t < 4; t++) {
            for (int i = 0; i < 100 && seen[t].next <= written[t]; i++)
                assert_int_equal(tb_feed_read(r[t], seen[t].next - 1, 500, see, &seen[t], &f),
                                 TB_FEED_DONE);
            assert_int_equal(seen[t].next, written[t] + 1);
            assert_int_equal(seen[t].wrong, 0);
            struct seen one = {.tenant = 1 + t, .next = written[t]};
            assert_true(tb_feed_entry(r[t], seen[t].last_seq, see, &one, &f));
            assert_int_equal(one.wrong, 0);
            tb_feed_close(r[t]);
        }
        world_deinit(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_space_is_read_only_and_heals),
        cmocka_unit_test(silent_journal_is_said_in_time),
        cmocka_unit_test(unknown_outcome_ends_the_cell),
        cmocka_unit_test(state_that_fails_is_repeated),
        cmocka_unit_test(state_that_refuses_ends_the_cell),
        cmocka_unit_test(lagging_refuses_writes),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(standby_takes_over),
        cmocka_unit_test(unknown_outcome_on_a_shared_journal),
        cmocka_unit_test(standby_of_a_busy_leader),
        cmocka_unit_test(feed_has_no_gaps),
    };
    if (getenv("TB_TEST") != NULL)
        cmocka_set_test_filter(getenv("TB_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
