// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include "base/siphash.h"
#include "journal/hash.h"
#include "journal/memory/journal_memory.h"
#include "state/memory/state_memory.h"

static int64_t now_ms(void *user)
{
    struct world *w = user;
    return w->start_ms + w->ns / 1000000;
}

static int64_t ns(void *user)
{
    struct world *w = user;
    return ++w->ns; /* no two looks at the clock are the same */
}

static uint64_t next(struct world *w)
{
    w->chance += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(w->chance);
}

static void entropy(void *user, void *out, size_t n)
{
    uint8_t *p = out;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)next(user);
}

uint64_t world_random(struct world *w, uint64_t below)
{
    return next(w) % below;
}

void world_new_state(struct world *w)
{
    struct tb_fault f;
    w->state = tb_state_memory_open();
    w->tables = malloc(sizeof *w->tables);
    assert_true(tb_cell_tables_ensure(w->tables, w->state, NULL, &f));
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->host = (struct tb_host){w, now_ms, ns, ns, entropy};
    w->ns = 1000000000;
    w->start_ms = INT64_C(1790000000000);
    w->chance = seed;
    w->journal = tb_journal_memory_open(NULL);
    world_new_state(w);
    w->options = (struct tb_cell_options){.env = &w->env,
                                          .journal = w->journal,
                                          .state = w->state,
                                          .host = &w->host,
                                          .batch_hash = tb_batch_hash,
                                          .stepping = true,
                                          .flush_ms = 3600000};
}

void world_open(struct world *w)
{
    struct tb_fault f;
    w->options.journal = w->journal;
    w->options.state = w->state;
    w->options.tables = w->tables;
    if (!tb_cell_create(&w->options, &w->cell, &f))
        fail_msg("create: %s", f.text);
}

void world_crash(struct world *w)
{
    tb_cell_destroy(w->cell);
    w->cell = NULL;
}

void world_deinit(struct world *w)
{
    if (w->cell != NULL)
        tb_cell_destroy(w->cell);
    w->journal->ops->close(w->journal);
    w->state->ops->close(w->state);
    free(w->tables);
}

void world_run(struct world *w)
{
    for (uint32_t idle = 0, i = 0; idle < 3 && i < 100000; i++)
        idle = tb_cell_step(w->cell) ? 0 : idle + 1;
}

void world_pass(struct world *w, int64_t ms)
{
    w->ns += ms * 1000000;
}

static void answered(struct tb_job_request *r)
{
    ((struct ask *)r)->answered++;
}

void ask_init(struct ask *a, uint32_t op, uint32_t tenant, uint64_t person, int64_t amount)
{
    memset(a, 0, sizeof *a);
    a->in = (struct test_input){.person = person, .amount = amount};
    a->r.command = (struct tb_command){.op = op, .tenant = tenant, .input = &a->in};
    a->r.done = answered;
    tb_buf_init(&a->r.answer.body, a->region, sizeof a->region);
}

void ask_now(struct world *w, struct ask *a)
{
    assert_int_equal(tb_cell_submit(w->cell, &a->r), TB_SUBMIT_TAKEN);
    for (uint32_t i = 0; i < 100 && a->answered == 0; i++)
        (void)tb_cell_step(w->cell);
    assert_int_equal(a->answered, 1);
}

static void line(void *user, const void *bytes, size_t n)
{
    static const struct tb_hash_key key = {1, 2};
    uint64_t *digest = user;
    *digest = tb_mix(*digest ^ tb_siphash(&key, bytes, n)) + 1;
}

static void digest(struct tb_core *core, void *user)
{
    test_dump(core, line, user);
}

uint64_t world_digest(struct world *w)
{
    uint64_t d = 0;
    assert_true(tb_cell_call(w->cell, digest, &d));
    return d;
}

static bool row(void *user, const struct tb_value *v, uint32_t n)
{
    if (n >= 5 && v[0].i64 == 0)
        return true; /* the engine's own: batch numbers of another run differ */
    for (uint32_t i = 0; i < n; i++) {
        if (n >= 5 && i == 3)
            continue; /* the batch */
        line(user, &v[i].i64, sizeof v[i].i64);
        line(user, v[i].str.p, v[i].str.n);
    }
    return true;
}

uint64_t world_rows_digest(struct world *w)
{
    struct tb_fault f;
    struct tb_state_reader *r;
    uint64_t d = 0;
    assert_true(tb_cell_flush(w->cell, &f));
    assert_int_equal(w->state->ops->reader_open(w->state, &r, &f), TB_STATE_DONE);
    for (uint32_t t = 0; t <= 3; t += 3)
        assert_int_equal(w->state->ops->scan(r, &w->tables->table[t], NULL, row, &d, &f),
                         TB_STATE_DONE);
    w->state->ops->reader_close(r);
    return d;
}
