// SPDX-License-Identifier: Apache-2.0
/* The generated year through the engine, and how well it recognised people.
 *
 * usage: test_sim_cell [DIVIDE [FOLDER]]   (20, in memory)
 * With a folder the journal and the state are SQLite files in it. Prints what was loaded,
 * what was refused, the tenant's counts, the score and the time.                          */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "http/vault.h"
#include "journal/hash.h"
#include "journal/memory/journal_memory.h"
#include "journal/sqlite/journal_sqlite.h"
#include "keys.h"
#include "sim/load.h"
#include "state/memory/state_memory.h"
#include "state/sqlite/state_sqlite.h"

#define NOW_MS INT64_C(1795320000000) /* 2026-11-22T04:00:00Z */

static uint32_t checks;
static uint32_t failed;

static void check(bool good, const char *what)
{
    checks++;
    failed += !good;
    if (!good)
        printf("FAILED: %s\n", what);
}

struct world {
    struct tb_fault fault;
    struct tb_keystore *keys;
    struct tb_desk *desk;
    struct tb_vault vault;
    struct tb_core_env env;
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables tables;
    struct tb_cell *cell;
    struct tb_sim_clock clock;
    char folder[256];
};

static void must(bool good, const struct tb_fault *f, const char *what)
{
    if (good)
        return;
    printf("%s: %s\n1 checks, 1 failed\n", what, f->text);
    exit(1);
}

static void say(void *user, const char *sentence)
{
    (void)user;
    printf("cell: %s\n", sentence);
}

static void open_world(struct world *w, const char *folder, int64_t from_ms)
{
    char path[300];
    tb_fault_set(&w->fault, false, "no reason given");
    (void)snprintf(w->folder, sizeof w->folder, "%s", folder ? folder : "/tmp/tb_sim_XXXXXX");
    if (folder == NULL)
        must(mkdtemp(w->folder) != NULL, &w->fault, "folder");
    w->keys = keys_open(w->folder, &w->fault);
    must(w->keys != NULL, &w->fault, "keys");
    w->desk = tb_desk_open(w->keys);
    w->vault.keys = w->keys;
    w->env = (struct tb_core_env){&w->vault, tb_desk_hash_key(w->desk), tb_desk_zone, tb_vault_seal};
    if (folder == NULL) {
        w->journal = tb_journal_memory_open(NULL);
        w->state = tb_state_memory_open();
    } else {
        (void)snprintf(path, sizeof path, "%s/journal", folder);
        must(tb_journal_sqlite_open(path, NULL, &w->journal, &w->fault) == TB_JOURNAL_DONE, &w->fault, "journal");
        (void)snprintf(path, sizeof path, "%s/state.db", folder);
        must(tb_state_sqlite_open(path, NULL, &w->state, &w->fault) == TB_STATE_DONE, &w->fault, "state");
    }
    tb_sim_clock_init(&w->clock, from_ms);
    must(tb_cell_tables_ensure(&w->tables, w->state, NULL, &w->fault), &w->fault, "tables");
    struct tb_cell_options o = {.env = &w->env, .journal = w->journal, .state = w->state, .tables = &w->tables,
                                .host = &w->clock.host, .batch_hash = tb_batch_hash, .log = say};
    must(tb_cell_create(&o, &w->cell, &w->fault), &w->fault, "cell");
    must(tb_cell_start(w->cell, &w->fault), &w->fault, "start");
}

static void close_world(struct world *w, bool remove)
{
    tb_cell_stop(w->cell, true);
    tb_cell_destroy(w->cell);
    w->journal->ops->close(w->journal);
    w->state->ops->close(w->state);
    tb_desk_close(w->desk);
    keys_close(w->keys);
    char path[300];
    const char *const name[2] = {"keys.db", "master.key"};
    for (uint32_t i = 0; remove && i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->folder, name[i]);
        (void)unlink(path);
    }
    if (remove)
        (void)rmdir(w->folder);
}

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void finding(void *user, const char *sentence)
{
    (void)user;
    printf("break: %s\n", sentence);
}

struct look {
    uint64_t breaks;
    uint64_t orders; /* of both tenants */
    int64_t counts[TB_TENANT_COUNTS];
    int64_t student; /* points */
    uint32_t tenant;
    uint32_t brand;
    uint64_t student_profile;
};

static void look_in(struct tb_core *core, void *user)
{
    struct look *l = user;
    struct tb_txn t = {.store = &core->store, .env = &core->env, .core = core, .tenant = l->brand};
    l->breaks = tb_core_check(core, finding, NULL);
    l->orders = core->store.counter[TB_COUNTER_ORDER];
    struct tb_block *b = tb_store_get(&core->store, TB_KIND_TENANT, l->tenant);
    memcpy(l->counts, ((struct tb_tenant *)tb_block_head(b))->counts, sizeof l->counts);
    uint32_t unit = tb_find_code(&t, TB_KIND_UNIT, TB_STR("points"));
    b = tb_store_get(&core->store, TB_KIND_PERSON, tb_person_by_profile(&t, l->student_profile));
    if (b != NULL)
        l->student = tb_ledger_balance(&t, b, unit, NOW_MS).available;
}

static bool nobody_listens(void *user, struct tb_str line)
{
    uint64_t *lines = user;
    return line.n > 0 && ++*lines > 0;
}

static uint64_t student_of(struct tb_sim_loader *l, const struct tb_sim *s, uint32_t tenant)
{
    const struct tb_sim_border *b = tb_sim_loader_border(l);
    const struct tb_sim_person_to_meet *p = &tb_sim_people(s)[TB_SIM_PEOPLE - 1];
    char region[256];
    struct tb_buf out;
    struct tb_identifier id = {.ns = b->find(b->user, tenant, TB_KIND_NAMESPACE, p->id.ns)};
    tb_buf_init(&out, region, sizeof region);
    if (!b->identifier(b->user, tenant, id.ns, TB_NORMALISE_PHONE, p->id.value, &out, id.key))
        return 0;
    return tb_sim_loader_who(l, tenant, &id);
}

static void report(const struct tb_sim_score *s, const struct look *l, const struct tb_sim_loaded *d)
{
    static const char *const name[9] = {"persons", "followers", "members", "buyers", "regulars",
                                         "anonymous cards", "devices", "refused attributes", "frozen"};
    for (uint32_t i = 0; i < TB_CODE_COUNT; i++)
        if (d->refusal[i] > 0 && i != TB_CODE_OK)
            printf("refused %s: %u\n", tb_code_name((enum tb_code)i), d->refusal[i]);
    for (uint32_t i = 0; i < 9; i++)
        printf("%s %lld%s", name[i], (long long)l->counts[i], i == 8 ? "\n" : ", ");
    printf("recognition: %llu identifiers, %llu unknown; precision %.4f, recall %.4f, of what was shown %.4f\n",
           (unsigned long long)s->identifiers, (unsigned long long)s->unknown, s->precision_ppm / 1e6,
           s->recall_ppm / 1e6, s->recall_shown_ppm / 1e6);
    printf("temptations %u, taken %u; recycled numbers %u, moved %u\n", s->temptations, s->temptations_taken,
           s->recycled, s->recycled_moved);
}

int main(int argc, char **argv)
{
    static struct world w;
    struct tb_sim_options o = {.seed = TB_SIM_SEED, .now_ms = NOW_MS, .divide = 20};
    if (argc > 1)
        o.divide = (uint32_t)atoi(argv[1]);
    open_world(&w, argc > 2 ? argv[2] : NULL, NOW_MS - (TB_SIM_DAYS + 1) * TB_DAY_MS);
    struct tb_sim_loader *l = tb_sim_loader_create(w.cell, w.desk, &w.clock, false);
    struct tb_sim *s = l ? tb_sim_create(&o, tb_sim_loader_border(l)) : NULL;
    must(s != NULL, &w.fault, "memory");
    double begun = seconds();
    const struct tb_sim_wave *wave;
    while ((wave = tb_sim_next(s)) != NULL)
        must(tb_sim_loader_run(l, s, wave, &w.fault), &w.fault, "load");
    double loaded_s = seconds() - begun;
    must(tb_cell_flush(w.cell, &w.fault), &w.fault, "flush");
    double flushed_s = seconds() - begun;

    struct tb_sim_loaded d;
    struct tb_sim_census c;
    struct tb_sim_score score;
    struct look look = {0};
    tb_sim_loader_figures(l, &d);
    tb_sim_census(s, &c);
    must(tb_sim_score(s, tb_sim_loader_who, l, &score), &w.fault, "score");
    const struct tb_sim_border *b = tb_sim_loader_border(l);
    look.tenant = b->find(b->user, 0, TB_KIND_TENANT, TB_STR("helin"));
    look.brand = b->find(b->user, 0, TB_KIND_TENANT, TB_STR("chengdian"));
    look.student_profile = student_of(l, s, look.brand);
    must(tb_cell_call(w.cell, look_in, &look), &w.fault, "call");
    printf("%llu commands in %.2f s, in the state after %.2f s\n", (unsigned long long)d.commands, loaded_s, flushed_s);
    report(&score, &look, &d);

    uint64_t lines = 0;
    check(look.breaks == 0, "core's own audit finds nothing");
    check(look.counts[TB_COUNT_MEMBERS] >= c.members - 1 - c.members / 100 &&
              look.counts[TB_COUNT_MEMBERS] <= c.members, "as many members as enrolled, but for wrong merges");
    check(look.counts[TB_COUNT_ANONYMOUS_CARDS] == c.anonymous, "anonymous cards stay anonymous");
    check(look.counts[TB_COUNT_FOLLOWERS] == c.followers, "followers are counted as they are");
    check(look.orders == c.orders, "every order is there, each once");
    check(look.student == 1960, "the student is 40 points short");
    check(score.unknown == 0, "whoever was told is known");
    check(score.precision_ppm >= 995000, "precision");
    check(score.recall_shown_ppm >= 980000, "recall of what contacts showed");
    check(score.temptations_taken <= 1 + score.temptations / 20, "temptations withstood");
    check(score.recycled > 0 && score.recycled_moved == score.recycled, "recycled numbers moved");
    check(d.refused * 100 < d.commands, "few commands deserve a refusal");
    check(tb_sim_truth(s, nobody_listens, &lines) && lines >= c.persons, "the truth has a line a person");
    wave = tb_sim_live(s, NOW_MS + TB_MINUTE_MS, 5);
    check(wave->n > 0 && tb_sim_loader_run(l, s, wave, &w.fault), "it goes on live");

    tb_sim_destroy(s);
    tb_sim_loader_destroy(l);
    close_world(&w, argc <= 2);
    printf("%u checks, %u failed\n", checks, failed);
    return failed > 0;
}
