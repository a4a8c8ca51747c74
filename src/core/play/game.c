// SPDX-License-Identifier: Apache-2.0
/* core/play/game.c - declaring a game, and moving it from draft to its end.
 *
 * Invariant: once a draw has been opened its odds, costs and seed never change. Applying is
 * in game_apply.c, playing in a file for each kind.                                          */
#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"
#include "core/play/play_int.h"

#define GAME_BYTES_MAX 50000u

/* ---- rules as text --------------------------------------------------------------------------- */

static void line_number(struct tb_buf *out, int64_t v)
{
    tb_buf_byte(out, ' ');
    tb_buf_i64(out, v);
}

void tb_play_rules_text(const struct tb_rules *r, struct tb_buf *out)
{
    tb_buf_c(out, "tongbao draw 1\ngame ");
    tb_buf_str(out, r->game);
    tb_buf_byte(out, '\n');
    for (uint32_t i = 0; i < r->prize_n; i++) {
        const struct tb_rules_prize *p = &r->prize[i];
        const int64_t v[] = {p->ppm, p->stock, p->per_member, p->unlock, p->release_every_ms, p->release_n,
                             p->amount};
        tb_buf_c(out, "prize ");
        tb_buf_str(out, p->code);
        for (uint32_t k = 0; k < TB_COUNT_OF(v); k++)
            line_number(out, v[k]);
        tb_buf_byte(out, '\n');
    }
    if (r->pity_after > 0) {
        tb_buf_c(out, "pity");
        line_number(out, r->pity_after);
        tb_buf_byte(out, ' ');
        tb_buf_str(out, r->pity);
        tb_buf_byte(out, '\n');
    }
    tb_buf_c(out, "fallback ");
    tb_buf_str(out, r->fallback);
    tb_buf_byte(out, '\n');
}

static void hash_rules(struct tb_put_run *p, const struct tb_cmd_game_put *in, uint8_t out[TB_SHA256_BYTES])
{
    char *text = tb_arena_alloc(p->t->scratch, TB_RULES_TEXT_MAX);
    struct tb_rules_prize *prize = TB_NEW_ARRAY(p->t->scratch, struct tb_rules_prize, in->prize_n + 1);
    tb_assert(text != NULL && prize != NULL);
    for (uint32_t i = 0; i < in->prize_n; i++) {
        const struct tb_prize_input *from = &in->prize[i];
        prize[i] = (struct tb_rules_prize){from->code,   from->ppm,
                                           from->stock,  from->per_member,
                                           from->unlock, from->release_every_ms,
                                           from->release_n, from->amount};
    }
    struct tb_rules r = {.game = in->put.code,
                         .prize = prize,
                         .prize_n = in->prize_n,
                         .pity_after = in->pity_after,
                         .pity = in->pity,
                         .fallback = in->fallback};
    struct tb_buf b;
    tb_buf_init(&b, text, TB_RULES_TEXT_MAX);
    tb_play_rules_text(&r, &b);
    tb_assert(!b.overflowed);
    tb_sha256(tb_buf_as_str(&b), out);
}

/* ---- fields -------------------------------------------------------------------------------------- */

/* Index from 1 of the prize with that code; 0 = none. */
static uint32_t prize_of(const struct tb_cmd_game_put *in, struct tb_str code)
{
    for (uint32_t i = 0; i < in->prize_n && code.n > 0; i++)
        if (tb_str_eq(in->prize[i].code, code))
            return i + 1;
    return 0;
}

static void check_prize(struct tb_put_run *p, const struct tb_cmd_game_put *in, uint32_t i)
{
    const struct tb_prize_input *x = &in->prize[i];
    if (!tb_code_valid(TB_KIND_GAME, x->code) || prize_of(in, x->code) != i + 1)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "code");
    if (x->name.n > TB_NAME_MAX || !tb_utf8_valid(x->name))
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "name");
    if (x->ppm < 0 || x->ppm > TB_PPM)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "ppm");
    bool gives = x->unit.n > 0;
    if (gives ? x->amount < 1 || x->amount > TB_AMOUNT_MAX : x->amount != 0)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "amount");
    if (x->value < 0 || x->value > TB_AMOUNT_MAX)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "value");
    if (x->stock < 0 || x->stock > TB_AMOUNT_MAX)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "stock");
    if (x->per_member < 0 || x->per_member > UINT32_MAX || x->unlock < 0 || x->unlock > UINT32_MAX)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "per_member");
    bool released = x->release_n > 0;
    if (x->release_n < 0 || x->release_n > UINT32_MAX || (released && x->stock == 0))
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "release_n");
    if (released ? x->release_every_ms < 1000 || x->release_every_ms > 366 * TB_DAY_MS
                 : x->release_every_ms != 0)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "release_every");
}

/* Of a sequence: nothing is drawn and nothing runs out. */
static void check_step(struct tb_put_run *p, const struct tb_cmd_game_put *in, uint32_t i)
{
    const struct tb_prize_input *x = &in->prize[i];
    if (x->name.n == 0)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "name");
    if (x->ppm != 0)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "ppm");
    if (x->stock != 0 || x->per_member != 0 || x->unlock != 0)
        tb_put_refuse_at(p, TB_CODE_INVALID, "prizes", i, "stock");
}

static void check_draw(struct tb_put_run *p, const struct tb_cmd_game_put *in)
{
    bool draws = in->kind == TB_GAME_DRAW;
    int64_t sum = 0;
    tb_check(p, (in->prize_n > 0) == (draws || in->kind == TB_GAME_SEQUENCE), "prizes");
    if (in->prize_n > TB_PRIZES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "prizes");
    for (uint32_t i = 0; i < in->prize_n && !p->refused; i++) {
        check_prize(p, in, i);
        if (!draws)
            check_step(p, in, i);
        sum += in->prize[i].ppm;
    }
    tb_check(p, !draws || sum == TB_PPM, "prizes");
    uint32_t back = prize_of(in, in->fallback);
    tb_check(p, draws ? back > 0 : in->fallback.n == 0, "fallback");
    if (back > 0 && !p->refused) {
        const struct tb_prize_input *x = &in->prize[back - 1];
        tb_check(p, x->stock == 0 && x->per_member == 0 && x->unlock == 0, "fallback");
    }
    tb_check_range(p, "pity_after", in->pity_after, 0, draws ? 1000000 : 0);
    uint32_t pity = prize_of(in, in->pity);
    tb_check(p, in->pity_after > 0 ? pity > 0 && pity != back && in->prize[pity - 1].unit.n > 0 : in->pity.n == 0,
             "pity");
    tb_check_range(p, "free_day", in->free_day, 0, draws ? 1000 : 0);
    tb_check(p, draws ? in->seed.n == TB_SEED_BYTES || in->seed.n == 0 : in->seed.n == 0, "seed");
}

static void check_reward(struct tb_put_run *p, const struct tb_cmd_game_put *in, uint32_t i, int64_t *step)
{
    const struct tb_reward_input *x = &in->reward[i];
    bool is_step = x->kind == TB_REWARD_STEP;
    if (x->kind != TB_REWARD_MILESTONE && !(is_step && in->kind != TB_GAME_STAMPS))
        tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "kind");
    int64_t max = in->kind == TB_GAME_CHECKIN ? 3660 : in->kind == TB_GAME_STAMPS ? in->size : 1;
    bool ok = is_step ? x->at == ++*step && x->at <= max : x->at >= 1 && x->at <= max;
    for (uint32_t k = 0; k < i && !is_step; k++)
        ok &= in->reward[k].kind != x->kind || in->reward[k].at < x->at;
    if (!ok)
        tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "at");
    if (x->amount < 1 || x->amount > TB_AMOUNT_MAX)
        tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "amount");
    if (x->monthly && (is_step || in->kind != TB_GAME_CHECKIN))
        tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "monthly");
}

/* Of a scan: who gets it is its kind. */
static void check_scan_rewards(struct tb_put_run *p, const struct tb_cmd_game_put *in)
{
    tb_check(p, in->reward_n >= 1 && in->reward_n <= TB_SCAN_REWARDS_MAX, "rewards");
    for (uint32_t i = 0; i < in->reward_n && !p->refused; i++) {
        const struct tb_reward_input *x = &in->reward[i];
        if (x->kind != TB_REWARD_STEP && x->kind != TB_REWARD_STORE && x->kind != TB_REWARD_ASSOCIATE)
            tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "kind");
        if (x->at != 1)
            tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "at");
        if (x->amount < 1 || x->amount > TB_AMOUNT_MAX)
            tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "amount");
        if (x->monthly)
            tb_put_refuse_at(p, TB_CODE_INVALID, "rewards", i, "monthly");
    }
}

static void check_targets(struct tb_put_run *p, const struct tb_cmd_game_put *in)
{
    tb_check(p, in->kind == TB_GAME_SCAN || in->target_n == 0, "targets");
    if (in->target_n > TB_TARGETS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "targets");
    for (uint32_t i = 0; i < in->target_n && !p->refused; i++) {
        const struct tb_target_input *x = &in->target[i];
        if (x->by < TB_TARGET_PRODUCT || x->by >= TB_TARGET_BYS)
            tb_put_refuse_at(p, TB_CODE_INVALID, "targets", i, "by");
        if (x->text.n == 0 || x->text.n > TB_NAME_MAX || !tb_utf8_valid(x->text))
            tb_put_refuse_at(p, TB_CODE_INVALID, "targets", i, "text");
    }
}

static void check_rewards(struct tb_put_run *p, const struct tb_cmd_game_put *in)
{
    int64_t step = 0;
    int64_t last = 0;
    if (in->kind == TB_GAME_SCAN) {
        check_scan_rewards(p, in);
        return;
    }
    tb_check(p, (in->reward_n == 0) == (in->kind == TB_GAME_DRAW || in->kind == TB_GAME_SEQUENCE), "rewards");
    if (in->reward_n > TB_REWARDS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "rewards");
    for (uint32_t i = 0; i < in->reward_n && !p->refused; i++) {
        check_reward(p, in, i, &step);
        last = in->reward[i].at;
    }
    tb_check(p, in->kind != TB_GAME_STAMPS || last == in->size, "rewards");
    tb_check(p, in->kind != TB_GAME_TASK || in->reward_n == 1, "rewards");
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_game_put *in)
{
    bool draws = in->kind == TB_GAME_DRAW;
    bool days = in->kind == TB_GAME_CHECKIN;
    bool task = in->kind == TB_GAME_TASK;
    bool stamps = in->kind == TB_GAME_STAMPS;
    bool scan = in->kind == TB_GAME_SCAN;
    bool steps = in->kind == TB_GAME_SEQUENCE;
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "kind", in->kind, TB_GAME_CHECKIN, TB_GAME_SEQUENCE);
    tb_check_text(p, "condition", in->condition, 0, TB_CONDITION_MAX);
    tb_check_range(p, "from", in->from_ms, 0, TB_MS_MAX);
    tb_check(p, in->until_ms == 0 || (in->until_ms > in->from_ms && in->until_ms <= TB_MS_MAX), "until");
    tb_check(p, (in->flags & ~(uint64_t)TB_GAME_FLAGS_ALL) == 0, "flags");
    tb_check_range(p, "per_day", in->per_day, 0, draws || days || scan || steps ? 100000 : 0);
    tb_check_range(p, "per_member", in->per_member, 0, draws || task || scan ? UINT32_MAX : 0);
    bool costs = in->cost_unit.n > 0;
    tb_check(p, !costs || draws || days, "cost_unit");
    tb_check_range(p, "cost", in->cost, costs ? 1 : 0, costs ? TB_AMOUNT_MAX : 0);
    check_draw(p, in);
    tb_check(p, (in->unit.n > 0) == stamps, "unit");
    tb_check_range(p, "size", in->size, stamps ? 1 : 0, stamps ? TB_CARD_SIZE_MAX : 0);
    tb_check_range(p, "window_days", in->window_days, 0, days ? TB_MAKEUP_DAYS_MAX : 0);
    tb_check_range(p, "period", in->period, task ? TB_PERIOD_DAY : 0, task ? TB_PERIOD_LIFETIME : 0);
    check_rewards(p, in);
    check_targets(p, in);
}

static void check_condition(struct tb_put_run *p, struct tb_str source)
{
    if (p->refused || source.n == 0)
        return;
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_rule_env env;
    struct tb_expr_problem problem;
    tb_rule_env_init(&env, p->t, p->tenant, TB_RULE_ENROL, UINT32_MAX);
    if (tb_rule_compile(&env, TB_RULE_PART_CONDITION, source, region, &problem, NULL) != NULL)
        return;
    tb_put_refuse(p, TB_CODE_EXPRESSION, "condition");
    struct tb_buf *body = &p->a->body;
    body->n = 0;
    tb_wire_put_uint(body, 1, problem.offset);
    tb_wire_put_uint(body, 2, problem.line);
    tb_wire_put_uint(body, 3, problem.column);
    tb_wire_put_bytes(body, 4, tb_str_of(problem.text));
}

/* ---- what stays ------------------------------------------------------------------------------------ */

static bool same_prize(const struct tb_put_run *p, const struct tb_prize *old, const struct tb_ev_game_prize *now)
{
    bool more = (int64_t)now->stock == old->stock ||
                (old->stock != 0 && (now->stock == 0 || (int64_t)now->stock > old->stock));
    return more && tb_str_eq(tb_put_old_text(p, old->code), now->code) && old->ppm == now->ppm &&
           old->unit == now->unit && old->amount == (int64_t)now->amount && old->value == (int64_t)now->value &&
           old->per_member == now->per_member && old->unlock == now->unlock &&
           old->release_every_ms == (int64_t)now->release_every_ms && old->release_n == now->release_n;
}

/* True when nothing differs that players rely on. */
static bool same_rules(struct tb_put_run *p, const struct tb_game *old, const struct tb_ev_game_put *ev)
{
    if (old->kind == TB_GAME_STAMPS)
        return old->unit == ev->unit && old->size == ev->size;
    if (old->kind != TB_GAME_DRAW)
        return true;
    bool same = old->flags == ev->flags && old->from_ms == (int64_t)ev->from_ms && old->per_day == ev->per_day &&
                old->per_member == ev->per_member && old->cost_unit == ev->cost_unit &&
                old->cost == (int64_t)ev->cost && old->free_day == ev->free_day &&
                old->pity_after == ev->pity_after && old->pity == ev->pity && old->fallback == ev->fallback &&
                tb_str_eq(tb_put_old_text(p, old->condition), ev->condition) &&
                memcmp(old->seed, ev->secret.p, TB_SEED_BYTES) == 0 && p->old->n[TB_GAME_PRIZE] == ev->prize_n;
    const struct tb_prize *prize = tb_section(p->t, p->old, TB_GAME_PRIZE);
    for (uint32_t i = 0; i < ev->prize_n && same; i++)
        same = same_prize(p, &prize[i], &ev->prize[i]);
    return same;
}

/* ---- putting ------------------------------------------------------------------------------------------ */

/* A unit that play may give: value by amounts, coupons one by one. */
static uint32_t unit_to_give(struct tb_put_run *p, const char *list, uint32_t i, struct tb_str code, int64_t amount,
                             bool optional)
{
    uint32_t unit = tb_check_named(p, list, TB_KIND_UNIT, code, optional, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *u = unit ? tb_catalog_find(p->t, TB_KIND_UNIT, unit) : NULL;
    if (u != NULL && (u->kind > TB_UNIT_COUPON || (u->kind == TB_UNIT_COUPON && amount != 1)))
        tb_put_refuse_at(p, TB_CODE_INVALID, list, i, u->kind == TB_UNIT_COUPON ? "amount" : "unit");
    return unit;
}

static void fill_prizes(struct tb_put_run *p, const struct tb_cmd_game_put *in, struct tb_ev_game_put *ev)
{
    struct tb_ev_game_prize *out = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_game_prize, in->prize_n + 1);
    tb_assert(out != NULL);
    for (uint32_t i = 0; i < in->prize_n && !p->refused; i++) {
        const struct tb_prize_input *x = &in->prize[i];
        uint32_t unit = unit_to_give(p, "prizes", i, x->unit, x->amount, true);
        out[i] = (struct tb_ev_game_prize){.code = x->code,
                                           .name = x->name,
                                           .ppm = (uint64_t)x->ppm,
                                           .unit = unit,
                                           .amount = (uint64_t)x->amount,
                                           .value = (uint64_t)x->value,
                                           .stock = (uint64_t)x->stock,
                                           .per_member = (uint64_t)x->per_member,
                                           .unlock = (uint64_t)x->unlock,
                                           .release_every_ms = (uint64_t)x->release_every_ms,
                                           .release_n = (uint64_t)x->release_n};
    }
    ev->prize = out;
    ev->prize_n = in->prize_n;
}

static void fill_rewards(struct tb_put_run *p, const struct tb_cmd_game_put *in, struct tb_ev_game_put *ev)
{
    struct tb_ev_game_reward *out = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_game_reward, in->reward_n + 1);
    tb_assert(out != NULL);
    for (uint32_t i = 0; i < in->reward_n && !p->refused; i++) {
        const struct tb_reward_input *x = &in->reward[i];
        uint32_t unit = unit_to_give(p, "rewards", i, x->unit, x->amount, false);
        out[i] = (struct tb_ev_game_reward){.kind = (uint64_t)x->kind,
                                            .at = (uint64_t)x->at,
                                            .unit = unit,
                                            .amount = (uint64_t)x->amount,
                                            .monthly = x->monthly};
    }
    ev->reward = out;
    ev->reward_n = in->reward_n;
}

static void fill_targets(struct tb_put_run *p, const struct tb_cmd_game_put *in, struct tb_ev_game_put *ev)
{
    struct tb_ev_game_target *out = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_game_target, in->target_n + 1);
    tb_assert(out != NULL);
    for (uint32_t i = 0; i < in->target_n && !p->refused; i++) {
        const struct tb_target_input *x = &in->target[i];
        out[i] = (struct tb_ev_game_target){.by = (uint64_t)x->by};
        if (x->by == TB_TARGET_PRODUCT)
            out[i].id = tb_check_named(p, "targets", TB_KIND_PRODUCT, x->text, false, TB_CODE_UNKNOWN_PRODUCT);
        else if (x->by == TB_TARGET_BATCH)
            out[i].id = tb_check_named(p, "targets", TB_KIND_CODE_BATCH, x->text, false, TB_CODE_NOT_FOUND);
        else
            out[i].text = x->text;
    }
    ev->target = out;
    ev->target_n = in->target_n;
}

static struct tb_str keep(struct tb_txn *t, const uint8_t *bytes)
{
    uint8_t *copy = tb_arena_alloc(t->scratch, 32);
    tb_assert(copy != NULL);
    memcpy(copy, bytes, 32);
    return (struct tb_str){(const char *)copy, 32};
}

/* The seed, and the hashes that are published. */
static void fill_hashes(struct tb_put_run *p, const struct tb_cmd_game_put *in, struct tb_ev_game_put *ev)
{
    if (p->refused || in->kind != TB_GAME_DRAW)
        return;
    const struct tb_game *old = tb_put_old(p);
    uint8_t hash[TB_SHA256_BYTES];
    const uint8_t *seed = in->seed.n ? (const uint8_t *)in->seed.p : old ? old->seed : tb_txn_entropy(p->t);
    ev->secret = keep(p->t, seed);
    tb_sha256(ev->secret, hash);
    ev->seed_hash = keep(p->t, hash);
    hash_rules(p, in, hash);
    ev->rules_hash = keep(p->t, old && old->opened_ms ? old->rules_hash : hash);
}

enum tb_outcome tb_play_game_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_game_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_GAME, t->tenant, &in->put);
    check_fields(&p, in);
    struct tb_ev_game_put ev = {.code = in->put.code,
                                .name = in->name,
                                .kind = (uint64_t)in->kind,
                                .condition = in->condition,
                                .flags = in->flags,
                                .from_ms = (uint64_t)in->from_ms,
                                .until_ms = (uint64_t)in->until_ms,
                                .per_day = (uint64_t)in->per_day,
                                .per_member = (uint64_t)in->per_member,
                                .cost = (uint64_t)in->cost,
                                .free_day = (uint64_t)in->free_day,
                                .pity_after = (uint64_t)in->pity_after,
                                .pity = prize_of(in, in->pity),
                                .fallback = prize_of(in, in->fallback),
                                .size = (uint64_t)in->size,
                                .window_days = (uint64_t)in->window_days,
                                .period = (uint64_t)in->period};
    ev.cost_unit = tb_check_named(&p, "cost_unit", TB_KIND_UNIT, in->cost_unit, true, TB_CODE_UNKNOWN_UNIT);
    ev.unit = tb_check_named(&p, "unit", TB_KIND_UNIT, in->unit, true, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *stamps = ev.unit ? tb_catalog_find(t, TB_KIND_UNIT, ev.unit) : NULL;
    tb_check(&p, stamps == NULL || stamps->kind == TB_UNIT_POINTS, "unit");
    if (!p.refused) {
        fill_prizes(&p, in, &ev);
        fill_rewards(&p, in, &ev);
        fill_targets(&p, in, &ev);
    }
    const struct tb_game *old = tb_put_old(&p);
    tb_check(&p, old == NULL || old->kind == in->kind, "kind");
    check_condition(&p, in->condition);
    fill_hashes(&p, in, &ev);
    if (!p.refused && old != NULL && old->opened_ms != 0 && !same_rules(&p, old, &ev))
        tb_put_refuse(&p, TB_CODE_GAME_OPENED, "");
    TB_PUT_EMIT(&p, game_put, &ev);
    return tb_put_end(&p);
}

/* ---- moving --------------------------------------------------------------------------------------------- */

static bool may_move(uint32_t from, int64_t to)
{
    switch ((enum tb_game_state)from) {
    case TB_GAME_DRAFT:
        return to == TB_GAME_OPEN || to == TB_GAME_ENDED;
    case TB_GAME_OPEN:
        return to == TB_GAME_PAUSED || to == TB_GAME_ENDED;
    case TB_GAME_PAUSED:
        return to == TB_GAME_OPEN || to == TB_GAME_ENDED;
    case TB_GAME_ENDED:
        return false;
    }
    return false;
}

enum tb_outcome tb_play_game_move(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_game_move *in = cmd->input;
    uint32_t game = tb_find_code(t, TB_KIND_GAME, in->game);
    if (game == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_GAME, "game");
    const struct tb_game *g = tb_game_head(t, game);
    if (g->state != in->state && !may_move(g->state, in->state))
        return tb_refuse(a, TB_CODE_INVALID, "state");
    if (in->state != TB_GAME_OPEN && in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    struct tb_ev_game_moved ev = {.game = game, .state = (uint64_t)in->state, .reason = in->reason};
    if (g->state != in->state)
        tb_emit_game_moved(t, &ev);
    tb_wire_put_uint(&a->body, 1, (uint64_t)in->state);
    return TB_DONE;
}
