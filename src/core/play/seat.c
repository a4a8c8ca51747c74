// SPDX-License-Identifier: Apache-2.0
/* core/play/seat.c - what every play has in common: may she, what has she done, paying, giving. */
#include "core/catalog/rule_env.h"
#include "core/membership/membership.h"
#include "core/order/resolve.h"
#include "core/play/play_int.h"
#include "core/promotion/promotion.h"

static uint64_t seat_key(uint64_t game, uint64_t profile)
{
    return tb_key_number((uint32_t)game, profile | UINT64_C(1) << 40);
}

const struct tb_game *tb_game_head(const struct tb_txn *t, uint32_t game)
{
    struct tb_block *b = tb_read(t, TB_KIND_GAME, game);
    tb_assert(b != NULL);
    return tb_block_head(b);
}

struct tb_block *tb_seat_block(const struct tb_txn *t, uint32_t game, uint32_t profile)
{
    uint64_t id;
    if (!tb_map_find(t, TB_MAP_SEAT, seat_key(game, profile), &id))
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_SEAT, id);
    tb_assert(b != NULL);
    const struct tb_seat *s = tb_block_head(b);
    tb_assert(s->game == game && s->profile == profile);
    return b;
}

struct tb_block **tb_play_seats(const struct tb_txn *t, uint32_t game, struct tb_block *person, uint32_t *n)
{
    uint32_t profiles = person->n[TB_PERSON_PROFILE];
    const struct tb_profile *profile = tb_section(t, person, TB_PERSON_PROFILE);
    struct tb_block **out = TB_NEW_ARRAY(t->scratch, struct tb_block *, profiles + 1);
    tb_assert(out != NULL);
    *n = 0;
    for (uint32_t i = 0; i < profiles; i++) {
        struct tb_block *b = tb_seat_block(t, game, profile[i].no);
        if (b != NULL)
            out[(*n)++] = b;
    }
    return out;
}

struct tb_seat *tb_seat_write(struct tb_txn *t, uint64_t seat, uint64_t game, uint64_t profile)
{
    struct tb_block *b = tb_read(t, TB_KIND_SEAT, seat);
    if (b == NULL) {
        struct tb_seat *fresh = tb_block_head(tb_create(t, TB_KIND_SEAT, seat));
        fresh->tenant = t->tenant;
        fresh->game = (uint32_t)game;
        fresh->profile = (uint32_t)profile;
        tb_counter_used(t, TB_COUNTER_SEAT, seat);
        tb_map_set(t, TB_MAP_SEAT, seat_key(game, profile), seat);
    }
    struct tb_seat *s = tb_block_head(tb_write(t, TB_KIND_SEAT, seat));
    s->last_ms = t->now_ms;
    return s;
}

/* ---- may she? ---------------------------------------------------------------------------------- */

static bool condition_holds(const struct tb_txn *t, struct tb_block *game, struct tb_block *person)
{
    const struct tb_game *g = tb_block_head(game);
    if (g->condition.n == 0)
        return true;
    if (g->broken)
        return false;
    struct tb_resolve r = {.t = (struct tb_txn *)(uintptr_t)t, /* the resolver reads only */
                           .person = person,
                           .zone = tb_tenant_zone(t),
                           .at_ms = t->now_ms,
                           .digits = (uint8_t)tb_tenant_of(t)->currency_digits};
    struct tb_expr_run run = {
        .resolve = tb_order_resolve, .user = &r, .arena = t->scratch, .zone = r.zone};
    struct tb_expr_value v;
    return tb_expr_eval(tb_section(t, game, TB_GAME_CONDITION), &run, &v) && v.as.b;
}

enum tb_code tb_play_open(const struct tb_txn *t, struct tb_block *game, struct tb_block *person)
{
    const struct tb_game *g = tb_block_head(game);
    if (g->state != TB_GAME_OPEN || t->now_ms < g->from_ms || t->now_ms >= g->until_ms)
        return TB_CODE_GAME_CLOSED;
    return condition_holds(t, game, person) ? TB_CODE_OK : TB_CODE_NOT_ELIGIBLE;
}

enum tb_outcome tb_play_begin(struct tb_play_run *r, struct tb_txn *t, const struct tb_command *cmd,
                              enum tb_game_kind kind, const struct tb_who *who, struct tb_str game,
                              struct tb_str channel, struct tb_answer *a)
{
    *r = (struct tb_play_run){.t = t, .a = a, .actor = cmd->actor};
    r->game = tb_find_code(t, TB_KIND_GAME, game);
    if (r->game == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_GAME, "game");
    struct tb_block *b = tb_read(t, TB_KIND_GAME, r->game);
    if (tb_game_head(t, r->game)->kind != kind)
        return tb_refuse(a, TB_CODE_INVALID, "game");
    r->profile = tb_member_find(t, who, "member", a);
    if (r->profile == 0)
        return TB_REFUSED;
    r->person = tb_person_by_profile(t, r->profile);
    enum tb_code code = tb_play_channel(t, channel, b);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "channel");
    tb_ledger_settle(t, r->person);
    code = tb_play_open(t, tb_read(t, TB_KIND_GAME, r->game), tb_read(t, TB_KIND_PERSON, r->person));
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_GAME_CLOSED ? "game" : "member");
    struct tb_block *seat = tb_seat_block(t, r->game, r->profile);
    r->fresh = seat == NULL;
    r->seat = (uint32_t)(seat ? seat->id : tb_counter_next(t, TB_COUNTER_SEAT));
    return TB_DONE;
}

/* ---- value ----------------------------------------------------------------------------------------- */

enum tb_code tb_play_give(struct tb_play_run *r, uint32_t unit, int64_t amount, struct tb_earned *got)
{
    const struct tb_unit *u = tb_catalog_find(r->t, TB_KIND_UNIT, unit);
    if (u->kind == TB_UNIT_COUPON) { /* its stock and who may have one are the template's */
        struct tb_coupon coupon;
        enum tb_code code = tb_coupon_issue(r->t, r->profile, unit, 0, r->actor, TB_STR_NONE, &coupon);
        *got = (struct tb_earned){.amount = code == TB_CODE_OK, .lot = code == TB_CODE_OK ? coupon.lot : 0};
        return code;
    }
    struct tb_earn earn = {.profile = r->profile,
                           .person = r->person,
                           .unit = unit,
                           .amount = amount,
                           .actor = r->actor,
                           .cause = TB_CAUSE_EARN};
    bool measured = u->kind == TB_UNIT_QUALIFYING;
    if (measured)
        tb_membership_fire(r->t, r->person); /* it was due before this */
    enum tb_code code = tb_ledger_earn(r->t, &earn, got);
    if (measured && code == TB_CODE_OK && got->amount > 0)
        tb_membership_evaluate(r->t, r->person, tb_tenant_day(r->t, r->t->now_ms, NULL, NULL), TB_TIER_BY_PLAY);
    return code;
}

enum tb_outcome tb_play_pay(struct tb_play_run *r, uint32_t unit, int64_t amount, const char *field)
{
    struct tb_txn *t = r->t;
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, r->person);
    int64_t has = tb_ledger_balance(t, person, unit, t->now_ms).available;
    if (has < amount) {
        struct tb_buf *body = &r->a->body;
        body->n = 0;
        tb_wire_put_uint(body, 20, (uint64_t)(amount - has));
        struct tb_block *u = tb_read(t, TB_KIND_UNIT, unit);
        tb_wire_put_bytes(body, 21, tb_config_text(t, u, tb_config_of(u)->code));
        tb_task_rows(t, person, unit, TB_STR_NONE, 22, false, TB_TASKS_TOLD, body);
        return tb_refuse(r->a, TB_CODE_INSUFFICIENT, field);
    }
    enum tb_code code = tb_ledger_spend(t, r->profile, unit, amount, TB_ACCOUNT_SPENT, TB_CAUSE_SPEND, 0, 0,
                                        TB_STR_NONE, r->actor);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(r->a, code, field);
}

/* Under the cell's own key: the same for ever, and tells no number. */
uint64_t tb_play_player(const struct tb_txn *t, uint32_t game, uint32_t profile)
{
    uint32_t what[4] = {TB_KIND_SEAT, t->tenant, game, profile};
    return tb_siphash(&t->env->hash_key, what, sizeof what);
}

/* ---- prefetching ----------------------------------------------------------------------------------- */

void tb_play_prefetch(struct tb_core *c, uint32_t tenant, struct tb_str game, uint32_t pass,
                      struct tb_prefetch *carry)
{
    const struct tb_store *s = &c->store;
    if (pass == 2) {
        uint32_t id = tb_core_prefetch_code(c, tenant, TB_KIND_GAME, game);
        carry->order = id != 0 && carry->found != 0 ? seat_key(id, carry->found) : 0;
        if (carry->order != 0)
            tb_map_prefetch(&s->map[TB_MAP_SEAT], carry->order);
    } else if (pass == 4 && carry->order != 0) {
        uint64_t seat = 0;
        (void)tb_map_get(&s->map[TB_MAP_SEAT], carry->order, &seat);
        carry->order = seat;
        if (seat != 0)
            tb_store_prefetch_slot(s, TB_KIND_SEAT, seat);
    } else if (pass == 5 && carry->order != 0) {
        tb_store_prefetch(s, TB_KIND_SEAT, carry->order);
    }
}

/* ---- start-up ------------------------------------------------------------------------------------------ */

void tb_play_index(struct tb_core *c, struct tb_block *b)
{
    uint64_t *counter = &c->store.counter[b->kind == TB_KIND_SEAT ? TB_COUNTER_SEAT : TB_COUNTER_PACKET];
    if (*counter < b->id)
        *counter = b->id;
    if (b->kind != TB_KIND_SEAT)
        return;
    const struct tb_seat *s = tb_block_head(b);
    tb_map_put(&c->store.map[TB_MAP_SEAT], seat_key(s->game, s->profile), b->id);
}
