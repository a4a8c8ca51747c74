// SPDX-License-Identifier: Apache-2.0
/* One cell in steps: answers, undo, idempotency, recovery, cold rows, timers, jobs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include "journal/memory/journal_memory.h"
#include "state/memory/state_memory.h"

static void answers_after_the_append(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a, b;
    world_init(&w, 1);
    world_open(&w);
    ask_init(&a, TEST_OP_ADD, 1, 7, 50);
    ask_now(&w, &a);
    assert_int_equal(a.r.finish, TB_FINISH_DONE);
    assert_int_equal(a.r.answer.code, TB_CODE_OK);
    assert_int_equal(test_answer(&a.r.answer, 1), 50);
    assert_int_equal(a.r.tenant_seq, 1);

    /* While the journal fails nothing is answered, not even a read that saw the change. */
    tb_journal_memory_fail(w.journal, TB_MEMORY_FAULT_FAULT, 0, 3);
    ask_init(&a, TEST_OP_ADD, 1, 7, 5);
    ask_init(&b, TEST_OP_GET, 1, 7, 0);
    assert_int_equal(tb_cell_submit(w.cell, &a.r), TB_SUBMIT_TAKEN);
    (void)tb_cell_step(w.cell);
    assert_int_equal(tb_cell_submit(w.cell, &b.r), TB_SUBMIT_TAKEN);
    for (int i = 0; i < 5; i++)
        (void)tb_cell_step(w.cell);
    assert_int_equal(a.answered + b.answered, 0);
    for (int i = 0; i < 10; i++) {
        world_pass(&w, 60);
        (void)tb_cell_step(w.cell);
    }
    assert_int_equal(a.answered, 1);
    assert_int_equal(b.answered, 1);
    assert_int_equal(test_answer(&b.r.answer, 1), 55);
    world_deinit(&w);
}

static void refusals_undo_everything(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    world_init(&w, 2);
    world_open(&w);
    for (uint64_t i = 0; i < 20; i++) {
        ask_init(&a, TEST_OP_ADD, 1, i, 10);
        a.in.note = TB_STR("some text that makes the block grow");
        ask_now(&w, &a);
    }
    uint64_t before = world_digest(&w);
    for (uint64_t i = 0; i < 40; i++) {
        ask_init(&a, TEST_OP_ADD, 1, i, -11); /* also of persons that would be new */
        ask_now(&w, &a);
        assert_int_equal(a.r.answer.code, TB_CODE_INSUFFICIENT);
        assert_string_equal(a.r.answer.field, "amount");
        assert_int_equal(a.r.tenant_seq, 0);
    }
    assert_int_equal(world_digest(&w), before);
    world_deinit(&w);
}

static void keys_answer_once(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a, b;
    world_init(&w, 3);
    world_open(&w);
    ask_init(&a, TEST_OP_ADD, 1, 7, 50);
    a.r.key_hash = 11;
    a.r.input_hash = 12;
    ask_now(&w, &a);
    for (int round = 0; round < 3; round++) {
        ask_init(&b, TEST_OP_ADD, 1, 7, 50);
        b.r.key_hash = 11;
        b.r.input_hash = 12;
        ask_now(&w, &b);
        assert_true(b.r.repeated);
        assert_int_equal(test_answer(&b.r.answer, 1), 50);
        assert_int_equal(b.r.seq, a.r.seq);
        ask_init(&b, TEST_OP_ADD, 1, 7, 51);
        b.r.key_hash = 11;
        b.r.input_hash = 13;
        ask_now(&w, &b);
        assert_int_equal(b.r.finish, TB_FINISH_IDEMPOTENCY_MISMATCH);
        ask_init(&b, TEST_OP_ADD, 2 + (uint32_t)round, 7, 1); /* another tenant's key */
        b.r.key_hash = 11;
        b.r.input_hash = 14;
        ask_now(&w, &b);
        assert_int_equal(b.r.finish, TB_FINISH_DONE);
        assert_false(b.r.repeated);
        /* A refusal is kept as well, though the balance would allow it by now. */
        ask_init(&b, TEST_OP_ADD, 9, 7, -5);
        b.r.key_hash = 77;
        b.r.input_hash = 1;
        ask_now(&w, &b);
        assert_int_equal(b.r.answer.code, TB_CODE_INSUFFICIENT);
        assert_string_equal(b.r.answer.field, "amount");
        assert_int_equal(b.r.repeated, round > 0);
        ask_init(&b, TEST_OP_ADD, 9, 7, 100);
        ask_now(&w, &b);
        struct tb_fault f;
        if (round == 0) /* from SQL the next time, from the journal the time after */
            assert_true(tb_cell_flush(w.cell, &f));
        world_crash(&w);
        world_open(&w);
    }
    world_deinit(&w);
}

/* Answers that left memory come back from the history. */
static void old_keys_are_found_in_sql(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    struct tb_fault f;
    world_init(&w, 4);
    w.options.idem_rows = 64;
    world_open(&w);
    enum { KEYS = 20000 };
    for (uint64_t i = 0; i < KEYS; i++) {
        ask_init(&a, TEST_OP_ADD, 1, i % 50, 1);
        a.r.key_hash = tb_mix(i + 1);
        a.r.input_hash = i;
        ask_now(&w, &a);
        if (i % 5000 == 4000)
            assert_true(tb_cell_flush(w.cell, &f));
    }
    struct tb_cell_figures before;
    tb_cell_figures(w.cell, &before);
    uint64_t digest = world_digest(&w);
    for (uint64_t i = 0; i < KEYS; i += 97) {
        ask_init(&a, TEST_OP_ADD, 1, i % 50, 1);
        a.r.key_hash = tb_mix(i + 1);
        a.r.input_hash = i;
        ask_now(&w, &a);
        if (!a.r.repeated)
            fail_msg("key %lu: %s", i, tb_finish_name(a.r.finish));
        assert_int_equal(test_answer(&a.r.answer, 1), i / 50 + 1);
    }
    assert_int_equal(world_digest(&w), digest);
    /* After the time they are forgotten. */
    world_pass(&w, 30 * TB_HOUR_MS);
    ask_init(&a, TEST_OP_ADD, 1, 999, 1);
    for (int i = 0; i < 200; i++) {
        ask_init(&a, TEST_OP_ADD, 1, 999, 1);
        ask_now(&w, &a);
    }
    ask_init(&a, TEST_OP_ADD, 1, 1, 1); /* one that nobody asked for since */
    a.r.key_hash = tb_mix(2);
    a.r.input_hash = 1;
    ask_now(&w, &a);
    assert_false(a.r.repeated);
    world_deinit(&w);
}

static void random_ask(struct world *w, struct ask *a, uint64_t orders)
{
    uint32_t tenant = 1 + (uint32_t)world_random(w, 3);
    switch (world_random(w, 10)) {
    case 0:
        ask_init(a, TEST_OP_BOOK, tenant, world_random(w, 40), 30);
        a->in.order = world_random(w, 300);
        a->in.note = TB_STR("line by line");
        break;
    case 1:
        ask_init(a, TEST_OP_TAKE, tenant, world_random(w, 40), 3);
        a->in.order = 1 + world_random(w, orders + 1);
        break;
    case 2:
        ask_init(a, world_random(w, 4) ? TEST_OP_GET : TEST_OP_DROP, tenant,
                 world_random(w, 40), 2);
        a->in.order = 1 + world_random(w, orders + 1);
        break;
    case 3:
        ask_init(a, world_random(w, 8) ? TEST_OP_GET : TEST_OP_JOB, tenant, world_random(w, 40), 0);
        break;
    default:
        ask_init(a, TEST_OP_ADD, tenant, world_random(w, 40), (int64_t)world_random(w, 60) - 20);
        if (world_random(w, 6) == 0)
            a->in.due_ms = w->start_ms + w->ns / 1000000 + (int64_t)world_random(w, 200) * 60000;
    }
    if (world_random(w, 2)) {
        a->r.key_hash = 1 + world_random(w, 500);
        a->r.input_hash = 5;
    }
}

/* Crashes at random places; what is recovered is what was there. */
static void recovery_is_live(void **unused)
{
    (void)unused;
    static struct ask asks[64];
    for (uint64_t seed = 100; seed < 112; seed++) {
        struct world w;
        struct tb_fault f;
        world_init(&w, seed);
        w.options.batch_commands = 1 + (uint32_t)world_random(&w, 20);
        w.options.cold_blocks = 5;
        w.options.tail_bytes = world_random(&w, 2) ? 300 : 1u << 20;
        world_open(&w);
        uint64_t orders = 0;
        for (int round = 0; round < 120; round++) {
            uint32_t n = 1 + (uint32_t)world_random(&w, 64);
            for (uint32_t i = 0; i < n; i++) {
                random_ask(&w, &asks[i], orders);
                assert_int_equal(tb_cell_submit(w.cell, &asks[i].r), TB_SUBMIT_TAKEN);
            }
            if (world_random(&w, 6) == 0)
                tb_journal_memory_fail(w.journal, TB_MEMORY_FAULT_FAULT, 0, 2);
            for (int i = 0; i < 12; i++) {
                world_pass(&w, 60);
                world_run(&w);
            }
            for (uint32_t i = 0; i < n; i++) {
                assert_int_equal(asks[i].answered, 1);
                enum tb_finish finish = asks[i].r.finish; /* FAULT: the order was dropped */
                assert_true(finish == TB_FINISH_DONE || finish == TB_FINISH_IDEMPOTENCY_MISMATCH ||
                            (finish == TB_FINISH_FAULT && asks[i].in.order != 0));
                orders += asks[i].r.command.op == TEST_OP_BOOK;
            }
            world_pass(&w, (int64_t)world_random(&w, 3600000));
            world_run(&w);
            if (world_random(&w, 4) == 0)
                assert_true(tb_cell_flush(w.cell, &f));
            if (world_random(&w, 4) != 0)
                continue;
            struct tb_cell_figures figures;
            uint64_t live = world_digest(&w);
            tb_cell_figures(w.cell, &figures);
            uint64_t seq = figures.durable_seq;
            world_crash(&w);
            world_open(&w);
            tb_cell_figures(w.cell, &figures);
            assert_int_equal(figures.durable_seq, seq);
            if (world_digest(&w) != live)
                fail_msg("seed %lu round %d: recovered differs from live", seed, round);
            uint64_t rows = world_rows_digest(&w);
            world_crash(&w);
            /* From the journal alone. */
            struct tb_state *kept = w.state;
            struct tb_cell_tables *kept_tables = w.tables;
            world_new_state(&w);
            world_open(&w);
            if (world_digest(&w) != live)
                fail_msg("seed %lu round %d: replay differs from live", seed, round);
            if (world_rows_digest(&w) != rows)
                fail_msg("seed %lu round %d: replay differs from the SQL state", seed, round);
            world_crash(&w);
            w.state->ops->close(w.state);
            free(w.tables);
            w.state = kept;
            w.tables = kept_tables;
            world_open(&w);
        }
        world_deinit(&w);
    }
}

/* With nothing cold, the store before the crash and after it are the same bytes. */
static void crash_changes_nothing(void **unused)
{
    (void)unused;
    static struct ask asks[32];
    struct world w;
    struct tb_fault f;
    world_init(&w, 55);
    w.options.cold_blocks = UINT32_MAX;
    world_open(&w);
    uint64_t orders = 0;
    for (int round = 0; round < 300; round++) {
        for (uint32_t i = 0; i < 32; i++) {
            random_ask(&w, &asks[i], orders);
            orders += asks[i].r.command.op == TEST_OP_BOOK;
            assert_int_equal(tb_cell_submit(w.cell, &asks[i].r), TB_SUBMIT_TAKEN);
        }
        world_pass(&w, (int64_t)world_random(&w, 600000));
        world_run(&w);
        if (round % 5 == 0)
            assert_true(tb_cell_flush(w.cell, &f));
        if (round % 7 == 3) {
            uint64_t before = world_digest(&w);
            world_crash(&w);
            world_open(&w);
            assert_int_equal(world_digest(&w), before);
        }
    }
    world_deinit(&w);
}

static uint64_t play(uint64_t seed)
{
    static struct ask asks[16];
    struct world w;
    struct tb_fault f;
    struct tb_batch last;
    world_init(&w, seed);
    world_open(&w);
    for (int round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < 16; i++) {
            random_ask(&w, &asks[i], 20);
            assert_int_equal(tb_cell_submit(w.cell, &asks[i].r), TB_SUBMIT_TAKEN);
        }
        world_pass(&w, 1000);
        world_run(&w);
    }
    assert_int_equal(w.journal->ops->last(w.journal, &last, &f), TB_JOURNAL_DONE);
    uint64_t hash;
    memcpy(&hash, last.hash, sizeof hash);
    world_deinit(&w);
    return hash;
}

static void same_seed_same_journal(void **unused)
{
    (void)unused;
    assert_int_equal(play(9), play(9));
    assert_int_not_equal(play(9), play(10));
}

static void timers_fire_when_due(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    struct tb_fault f;
    world_init(&w, 6);
    world_open(&w);
    static const int64_t hours[] = {1, 47, 49, 24 * 30, 24 * 400};
    for (uint64_t i = 0; i < 5; i++) {
        ask_init(&a, TEST_OP_ADD, 1, i, 1);
        a.in.due_ms = w.start_ms + w.ns / 1000000 + hours[i] * TB_HOUR_MS;
        ask_now(&w, &a);
    }
    struct tb_cell_figures figures;
    int64_t passed = 0;
    for (uint64_t i = 0; i < 5; i++) {
        world_pass(&w, (hours[i] - passed) * TB_HOUR_MS - 60000);
        world_run(&w);
        tb_cell_figures(w.cell, &figures);
        assert_int_equal(figures.fires, i % 2 == 0 ? 0 : 1); /* since the last crash */
        world_pass(&w, 120000);
        passed = hours[i];
        world_run(&w);
        ask_init(&a, TEST_OP_GET, 1, i, 0);
        ask_now(&w, &a);
        assert_int_equal(test_answer(&a.r.answer, 1), 1001);
        world_pass(&w, -60000);
        if (i % 2 == 1) {
            assert_true(tb_cell_flush(w.cell, &f));
            world_crash(&w);
            world_open(&w);
        }
    }
    world_deinit(&w);
}

static void jobs_go_on_after_a_crash(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    world_init(&w, 7);
    world_open(&w);
    for (uint64_t i = 0; i < 95; i++) {
        ask_init(&a, TEST_OP_ADD, 1, i, 10);
        ask_now(&w, &a);
    }
    ask_init(&a, TEST_OP_JOB, 1, 0, 0);
    ask_now(&w, &a);
    for (int i = 0; i < 6; i++) {
        (void)tb_cell_step(w.cell);
        if (i == 3) {
            world_crash(&w);
            world_open(&w);
        }
    }
    world_run(&w);
    for (uint64_t i = 0; i < 95; i++) {
        ask_init(&a, TEST_OP_GET, 1, i, 0);
        ask_now(&w, &a);
        assert_int_equal(test_answer(&a.r.answer, 1), 11);
    }
    world_deinit(&w);
}

static void cold_orders_come_back(void **unused)
{
    (void)unused;
    struct world w;
    struct ask a;
    struct tb_fault f;
    struct tb_cell_figures figures;
    world_init(&w, 8);
    w.options.cold_blocks = 20;
    world_open(&w);
    enum { ORDERS = 400 };
    for (uint64_t i = 1; i <= ORDERS; i++) {
        ask_init(&a, TEST_OP_BOOK, 1, 3, (int64_t)(100 + i));
        ask_now(&w, &a);
        assert_int_equal(test_answer(&a.r.answer, 1), i);
        if (i == ORDERS / 2)
            assert_true(tb_cell_flush(w.cell, &f));
    }
    world_run(&w);
    tb_cell_figures(w.cell, &figures);
    assert_true(figures.evictions > ORDERS / 2);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 1; i <= ORDERS; i++) {
            ask_init(&a, TEST_OP_TAKE, 1, 3, 1);
            a.in.order = i;
            ask_now(&w, &a);
            assert_int_equal(a.r.answer.code, TB_CODE_OK);
            assert_int_equal(test_answer(&a.r.answer, 1), 100 + i - (uint64_t)round - 1);
        }
        world_crash(&w);
        world_open(&w);
    }
    /* What waits for a cold row keeps its order; the tenant's other commands do not wait. */
    struct ask same[2], other;
    for (int i = 0; i < 2; i++) {
        ask_init(&same[i], TEST_OP_TAKE, 1, 3, 1);
        same[i].in.order = 50;
        assert_int_equal(tb_cell_submit(w.cell, &same[i].r), TB_SUBMIT_TAKEN);
    }
    ask_init(&other, TEST_OP_ADD, 1, 3, 1);
    assert_int_equal(tb_cell_submit(w.cell, &other.r), TB_SUBMIT_TAKEN);
    (void)tb_cell_step(w.cell);
    assert_int_equal(other.answered, 1);
    assert_int_equal(same[0].answered + same[1].answered, 0);
    world_run(&w);
    assert_int_equal(test_answer(&same[0].r.answer, 1), 100 + 50 - 3);
    assert_int_equal(test_answer(&same[1].r.answer, 1), 100 + 50 - 4);
    /* A row that is gone for good is a fault for the one who asks, not for the others. */
    ask_init(&a, TEST_OP_DROP, 1, 3, 1);
    a.in.order = 5;
    ask_now(&w, &a);
    ask_init(&a, TEST_OP_TAKE, 1, 3, 1);
    a.in.order = 5;
    ask_now(&w, &a);
    assert_int_equal(a.r.finish, TB_FINISH_FAULT);
    ask_init(&a, TEST_OP_TAKE, 1, 3, 1);
    a.in.order = 6;
    ask_now(&w, &a);
    assert_int_equal(a.r.answer.code, TB_CODE_OK);
    world_deinit(&w);
}

static void one_tenant_floods(void **unused)
{
    (void)unused;
    static struct ask flood[4000];
    struct ask quiet[10];
    struct world w;
    world_init(&w, 9);
    w.options.batch_commands = 64;
    world_open(&w);
    for (uint32_t i = 0; i < 4000; i++) {
        ask_init(&flood[i], TEST_OP_ADD, 1, i, 1);
        assert_int_equal(tb_cell_submit(w.cell, &flood[i].r), TB_SUBMIT_TAKEN);
    }
    for (uint32_t i = 0; i < 10; i++) {
        ask_init(&quiet[i], TEST_OP_ADD, 2 + i, 1, 1);
        assert_int_equal(tb_cell_submit(w.cell, &quiet[i].r), TB_SUBMIT_TAKEN);
    }
    for (int i = 0; i < 3; i++)
        (void)tb_cell_step(w.cell);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(quiet[i].answered, 1);
    assert_int_equal(flood[1000].answered, 0);
    world_run(&w);
    for (uint32_t i = 0; i < 4000; i++) {
        assert_int_equal(flood[i].answered, 1);
        if (i > 0) /* the order of one tenant stays */
            assert_true(flood[i].r.seq > flood[i - 1].r.seq);
    }
    world_deinit(&w);
}

/* Who asks first is answered before the questions behind hers have been looked at; commands that are written go into
 * one batch, as one append makes them durable. */
static void questions_do_not_wait_for_each_other(void **unused)
{
    (void)unused;
    enum { N = 400 };
    static struct ask asks[N];
    struct world w;
    world_init(&w, 12);
    world_open(&w);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < N; i++) {
            ask_init(&asks[i], round ? TEST_OP_GET : TEST_OP_ADD, 1, i, 1);
            assert_int_equal(tb_cell_submit(w.cell, &asks[i].r), TB_SUBMIT_TAKEN);
        }
        (void)tb_cell_step(w.cell);
        assert_int_equal(asks[0].answered, 1);
        assert_int_equal(asks[N - 1].answered, !round);
        world_run(&w);
        for (uint32_t i = 0; i < N; i++)
            assert_int_equal(asks[i].answered, 1);
    }
    world_deinit(&w);
}

static void queues_are_bounded(void **unused)
{
    (void)unused;
    static struct ask asks[300];
    struct tb_job_request *list[300];
    enum tb_submit why;
    struct world w;
    world_init(&w, 10);
    w.options.queue_total = 200;
    w.options.queue_tenant = 150;
    world_open(&w);
    for (uint32_t i = 0; i < 300; i++) {
        ask_init(&asks[i], TEST_OP_ADD, 1, i, 1);
        list[i] = &asks[i].r;
    }
    assert_int_equal(tb_cell_submit_many(w.cell, list, 300, &why), 150);
    assert_int_equal(why, TB_SUBMIT_TENANT_FULL);
    for (uint32_t i = 150; i < 300; i++)
        ask_init(&asks[i], TEST_OP_ADD, 2, i, 1);
    assert_int_equal(tb_cell_submit_many(w.cell, list + 150, 150, &why), 50);
    assert_int_equal(why, TB_SUBMIT_QUEUE_FULL);
    world_run(&w);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(asks[i].answered, 1);
    assert_int_equal(tb_cell_submit(w.cell, list[200]), TB_SUBMIT_TAKEN);
    tb_cell_stop(w.cell, true);
    assert_int_equal(asks[200].answered, 1);
    assert_int_equal(tb_cell_submit(w.cell, list[201]), TB_SUBMIT_STOPPING);
    world_crash(&w);
    world_open(&w);
    struct tb_cell_figures figures;
    tb_cell_figures(w.cell, &figures);
    assert_int_equal(figures.flushed_seq, 201);
    world_deinit(&w);
}

int main(void)
{
    if (getenv("TB_TEST") != NULL)
        cmocka_set_test_filter(getenv("TB_TEST"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_after_the_append), cmocka_unit_test(refusals_undo_everything),
        cmocka_unit_test(keys_answer_once),         cmocka_unit_test(old_keys_are_found_in_sql),
        cmocka_unit_test(recovery_is_live),         cmocka_unit_test(crash_changes_nothing),
        cmocka_unit_test(same_seed_same_journal),   cmocka_unit_test(timers_fire_when_due),
        cmocka_unit_test(jobs_go_on_after_a_crash), cmocka_unit_test(cold_orders_come_back),
        cmocka_unit_test(one_tenant_floods),        cmocka_unit_test(queues_are_bounded),
        cmocka_unit_test(questions_do_not_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
