// SPDX-License-Identifier: Apache-2.0
/* core/play/game_apply.c - folding a game's declaration and its moves; conditions compiled. */
#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"
#include "core/play/play_int.h"

static void store_program(struct tb_txn *t, uint64_t id, const struct tb_expr_program *program)
{
    size_t size = tb_expr_program_size(program);
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)program + at, size - at < 8 ? size - at : 8);
        (void)tb_push(t, TB_KIND_GAME, id, TB_GAME_CONDITION, &word);
    }
}

/* Makes the condition's program against the attributes declared now. */
static void compile(struct tb_txn *t, uint64_t id)
{
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_expr_problem problem;
    struct tb_rule_env env;
    struct tb_block *b = tb_read(t, TB_KIND_GAME, id);
    const struct tb_game *g = tb_block_head(b);
    const struct tb_expr_program *program = NULL;
    struct tb_str source = tb_config_text(t, b, g->condition);
    bool wanted = source.n > 0;
    uint32_t attributes = 0;
    uint32_t window_days = 0;
    uint32_t tenant = g->c.tenant;
    if (wanted) {
        tb_rule_env_init(&env, t, tenant, TB_RULE_ENROL, UINT32_MAX);
        attributes = env.attributes;
        program = tb_rule_compile(&env, TB_RULE_PART_CONDITION, source, region, &problem, &window_days);
    }
    tb_config_empty(t, TB_KIND_GAME, id, TB_GAME_CONDITION);
    if (program != NULL)
        store_program(t, id, program);
    struct tb_game *head = tb_block_head(tb_write(t, TB_KIND_GAME, id));
    head->attributes = attributes;
    head->broken = wanted && program == NULL;
    if (window_days > 0)
        tb_tenant_window(t, tenant, window_days);
}

static void put_prizes(struct tb_txn *t, const struct tb_ev_game_put *ev)
{
    const enum tb_kind kind = TB_KIND_GAME;
    struct tb_block *b = tb_read(t, kind, ev->id);
    uint32_t before = b->n[TB_GAME_PRIZE];
    int64_t given[TB_PRIZES_MAX] = {0};
    const struct tb_prize *old = before ? tb_section(t, b, TB_GAME_PRIZE) : NULL;
    for (uint32_t i = 0; i < before; i++)
        given[i] = old[i].given;
    tb_config_empty(t, kind, ev->id, TB_GAME_PRIZE);
    for (uint32_t i = 0; i < ev->prize_n; i++) {
        const struct tb_ev_game_prize *from = &ev->prize[i];
        struct tb_prize prize = {.code = tb_config_add_text(t, kind, ev->id, from->code),
                                 .name = tb_config_add_text(t, kind, ev->id, from->name),
                                 .amount = (int64_t)from->amount,
                                 .value = (int64_t)from->value,
                                 .stock = (int64_t)from->stock,
                                 .given = given[i],
                                 .release_every_ms = (int64_t)from->release_every_ms,
                                 .release_n = (uint32_t)from->release_n,
                                 .ppm = (uint32_t)from->ppm,
                                 .unit = (uint32_t)from->unit,
                                 .per_member = (uint32_t)from->per_member,
                                 .unlock = (uint32_t)from->unlock};
        (void)tb_push(t, kind, ev->id, TB_GAME_PRIZE, &prize);
    }
}

static void put_rewards(struct tb_txn *t, const struct tb_ev_game_put *ev)
{
    tb_config_empty(t, TB_KIND_GAME, ev->id, TB_GAME_REWARD);
    for (uint32_t i = 0; i < ev->reward_n; i++) {
        const struct tb_ev_game_reward *from = &ev->reward[i];
        struct tb_reward reward = {.amount = (int64_t)from->amount,
                                   .unit = (uint32_t)from->unit,
                                   .at = (uint32_t)from->at,
                                   .kind = (uint32_t)from->kind,
                                   .monthly = from->monthly != 0};
        (void)tb_push(t, TB_KIND_GAME, ev->id, TB_GAME_REWARD, &reward);
    }
}

static void put_targets(struct tb_txn *t, const struct tb_ev_game_put *ev)
{
    tb_config_empty(t, TB_KIND_GAME, ev->id, TB_GAME_TARGET);
    for (uint32_t i = 0; i < ev->target_n; i++) {
        const struct tb_ev_game_target *from = &ev->target[i];
        struct tb_target target = {.text = tb_config_add_text(t, TB_KIND_GAME, ev->id, from->text),
                                   .by = (uint32_t)from->by,
                                   .id = (uint32_t)from->id};
        (void)tb_push(t, TB_KIND_GAME, ev->id, TB_GAME_TARGET, &target);
    }
}

static void put_bytes(uint8_t *to, struct tb_str from)
{
    tb_assert(from.n == 0 || from.n == 32);
    if (from.n)
        memcpy(to, from.p, from.n);
}

void tb_play_apply_game_put(struct tb_txn *t, const struct tb_ev_game_put *ev)
{
    const enum tb_kind kind = TB_KIND_GAME;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = (uint32_t)ev->kind});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text condition = tb_config_add_text(t, kind, ev->id, ev->condition);
    put_prizes(t, ev);
    put_rewards(t, ev);
    put_targets(t, ev);
    struct tb_game *head = tb_block_head(tb_write(t, kind, ev->id));
    struct tb_game old = *head;
    *head = (struct tb_game){.c = c,
                             .condition = condition,
                             .from_ms = (int64_t)ev->from_ms,
                             .until_ms = ev->until_ms ? (int64_t)ev->until_ms : INT64_MAX,
                             .opened_ms = old.opened_ms,
                             .ended_ms = old.ended_ms,
                             .cost = (int64_t)ev->cost,
                             .plays = old.plays,
                             .edition = old.edition,
                             .flags = (uint32_t)ev->flags,
                             .per_day = (uint32_t)ev->per_day,
                             .per_member = (uint32_t)ev->per_member,
                             .cost_unit = (uint32_t)ev->cost_unit,
                             .free_day = (uint32_t)ev->free_day,
                             .pity_after = (uint32_t)ev->pity_after,
                             .unit = (uint32_t)ev->unit,
                             .pity = (uint16_t)ev->pity,
                             .fallback = (uint16_t)ev->fallback,
                             .size = (uint16_t)ev->size,
                             .window_days = (uint16_t)ev->window_days,
                             .kind = (uint8_t)ev->kind,
                             .state = old.state,
                             .period = (uint8_t)ev->period};
    put_bytes(head->seed, ev->secret);
    put_bytes(head->seed_hash, ev->seed_hash);
    put_bytes(head->rules_hash, ev->rules_hash);
    compile(t, ev->id);
}

void tb_play_apply_game_moved(struct tb_txn *t, const struct tb_ev_game_moved *ev)
{
    struct tb_game *g = tb_block_head(tb_write(t, TB_KIND_GAME, ev->game));
    g->state = (uint8_t)ev->state;
    if (ev->state == TB_GAME_OPEN && g->opened_ms == 0) {
        g->opened_ms = t->now_ms;
        g->edition = g->c.version;
    }
    if (ev->state == TB_GAME_ENDED)
        g->ended_ms = t->now_ms;
}

/* ---- start-up ---------------------------------------------------------------------------- */

static bool readable(const struct tb_txn *t, struct tb_block *b)
{
    const struct tb_game *g = tb_block_head(b);
    size_t bytes = (size_t)b->n[TB_GAME_CONDITION] * 8;
    if (g->condition.n == 0)
        return bytes == 0;
    if (bytes == 0)
        return false;
    struct tb_rule_env env;
    tb_rule_env_init(&env, t, g->c.tenant, TB_RULE_ENROL, g->attributes);
    const struct tb_expr_program *program = tb_section(t, b, TB_GAME_CONDITION);
    size_t size = tb_expr_program_size(program);
    return size <= bytes && tb_expr_program_valid(program, size, &env.env);
}

void tb_play_refresh(struct tb_core *c)
{
    struct tb_txn t = {.store = &c->store, .env = &c->env, .core = c};
    tb_txn_begin(&t, 0, 0, 0, NULL);
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_GAME, id);
        if (b != NULL && !readable(&t, b))
            compile(&t, id);
    }
    tb_txn_commit(&t);
    if (t.undo_cap > 0)
        tb_pool_free(&c->store.pool, t.undo, t.undo_cap * sizeof *t.undo);
}
