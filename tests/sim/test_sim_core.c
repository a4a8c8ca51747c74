// SPDX-License-Identifier: Apache-2.0
/* A twentieth of the year through core without the engine: every event is replayed into a
 * second cell, and at the end replay = live, loading = live, and the audit finds nothing.  */
#include "../unit/core_fixture.h"

#include "sim/sim.h"

#define SIM_NOW (FX_NOW + 4 * TB_HOUR_MS)

static uint32_t find(void *user, uint32_t tenant, enum tb_kind kind, struct tb_str code)
{
    struct fx *f = user;
    struct tb_cmd_object_get in = {.kind = kind, .code = code};
    f->tenant = tenant;
    if (fx_run(f, TB_OP_OBJECT_GET, &in) != TB_DONE)
        return 0;
    struct tb_str body = fx_bytes(f, 1, 0);
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    return tb_wire_next(&body, &field, &v, &s, &bad) && field == 1 ? (uint32_t)v : 0;
}

static bool identifier(void *user, uint32_t tenant, uint32_t ns, enum tb_normaliser normaliser,
                       struct tb_str given, struct tb_buf *out, uint64_t key[2])
{
    struct tb_hash_key hash = {tenant, ns};
    (void)user;
    (void)normaliser;
    if (tb_str_eq_c(given, "13800138000"))
        return false;
    tb_buf_str(out, given);
    key[0] = tb_siphash(&hash, given.p, given.n);
    hash.k0 ^= 99;
    key[1] = tb_siphash(&hash, given.p, given.n);
    return true;
}

static uint64_t who(void *user, uint32_t tenant, const struct tb_identifier *id)
{
    struct fx *f = user;
    struct tb_cmd_member_get in = {.who = {.identifier = *id}};
    f->tenant = tenant;
    return fx_run(f, TB_OP_MEMBER_GET, &in) == TB_DONE ? fx_uint(f, 1, 0) : 0;
}

/* What the engine's due-queue and jobs would do, now and then. */
static void fire_due(struct fx *f)
{
    const uint64_t *counter = f->core.store.counter;
    for (uint32_t kind = 1; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; id <= counter[TB_COUNTER_DEVICE] + counter[TB_COUNTER_PROFILE]; id++) {
            struct tb_block *b = tb_store_get(&f->core.store, kind, id);
            if (b == NULL || tb_core_due_ms(&f->core, b) > f->now_ms)
                continue;
            struct tb_cmd_fire in = {(enum tb_kind)kind, id};
            f->tenant = kind == TB_KIND_DEVICE || kind == TB_KIND_PERSON ? *(uint32_t *)tb_block_head(b) : f->tenant;
            fx_done(f, TB_OP_FIRE, &in);
        }
}

static void test_year(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    struct tb_sim_border border = {f, find, identifier};
    struct tb_sim_options o = {.seed = 11, .now_ms = SIM_NOW, .divide = 20, .wave_minutes = 720};
    struct tb_sim *s = tb_sim_create(&o, &border);
    const struct tb_sim_wave *w;
    uint32_t waves = 0;
    uint64_t refused = 0;
    uint64_t commands = 0;
    while ((w = tb_sim_next(s)) != NULL) {
        f->now_ms = w->now_ms;
        for (uint32_t i = 0; i < w->n; i++) {
            f->tenant = w->command[i].command.tenant;
            refused += fx_run(f, (enum tb_op)w->command[i].command.op, w->command[i].command.input) != TB_DONE;
            tb_sim_answered(s, &w->command[i], &f->a);
            commands++;
        }
        if (++waves % 60 == 0)
            fire_due(f);
    }
    struct tb_sim_score score;
    assert_true(tb_sim_score(s, who, f, &score));
    printf("%llu commands, %llu refused; precision %.4f, recall of what was shown %.4f, temptations %u of %u\n",
           (unsigned long long)commands, (unsigned long long)refused, score.precision_ppm / 1e6,
           score.recall_shown_ppm / 1e6, score.temptations_taken, score.temptations);
    assert_true(commands > 10000 && refused * 100 < commands);
    assert_int_equal(score.unknown, 0);
    assert_true(score.precision_ppm > 990000 && score.recall_shown_ppm > 970000);
    assert_int_equal(score.recycled_moved, score.recycled);
    tb_sim_destroy(s);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_year)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
