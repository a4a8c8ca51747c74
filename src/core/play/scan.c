// SPDX-License-Identifier: Apache-2.0
/* core/play/scan.c - what the scan of an item code gives: to her who scans, to the store and the
 * associate who are credited.
 *
 * Invariant: a code of an item gives once. What the scan is itself core/code says; a scan is answered
 * and recorded whether it gives something or not.                                            */
#include <string.h>

#include "core/code/code.h"
#include "core/play/play_int.h"

struct award {
    struct tb_txn *t;
    const struct tb_code_facts *f;
    uint64_t actor;
    uint32_t game;
    struct tb_ev_scan_gift gift[TB_SCAN_REWARDS_MAX];
    uint32_t gift_n;
};

/* ---- what a game is about ---------------------------------------------------------------------- */

static bool target_holds(const struct tb_txn *t, struct tb_block *game, const struct tb_target *x,
                         const struct tb_code_facts *f)
{
    struct tb_str text = tb_config_text(t, game, x->text);
    struct tb_block *b = f->product ? tb_read(t, TB_KIND_PRODUCT, f->product) : NULL;
    const struct tb_product *product = b ? tb_block_head_const(b) : NULL;
    switch ((enum tb_target_by)x->by) {
    case TB_TARGET_PRODUCT:
        return f->product == x->id;
    case TB_TARGET_CATEGORY:
        return product != NULL && tb_category_within(tb_config_text(t, b, product->category), text);
    case TB_TARGET_BRAND:
        return product != NULL && tb_str_eq(tb_config_text(t, b, product->brand), text);
    case TB_TARGET_REGION:
        return f->region.n > 0 && tb_category_within(f->region, text);
    case TB_TARGET_CAMPAIGN:
        return tb_str_eq(f->campaign, text);
    case TB_TARGET_LOT:
        return tb_str_eq(f->lot, text);
    case TB_TARGET_BATCH:
        return f->code.batch == x->id;
    }
    return false;
}

/* Of every kind of target that there is, one holds. */
static bool about(const struct tb_txn *t, struct tb_block *game, const struct tb_code_facts *f)
{
    const struct tb_target *x = tb_section(t, game, TB_GAME_TARGET);
    uint32_t asked = 0;
    uint32_t held = 0;
    for (uint32_t i = 0; i < game->n[TB_GAME_TARGET]; i++) {
        uint32_t bit = 1u << x[i].by;
        asked |= bit;
        if ((held & bit) == 0 && target_holds(t, game, &x[i], f))
            held |= bit;
    }
    return asked == held;
}

/* ---- may she? ------------------------------------------------------------------------------------ */

static bool at_limit(const struct tb_txn *t, const struct tb_game *g, uint32_t game, struct tb_block *person,
                     int32_t today)
{
    if (g->per_day == 0 && g->per_member == 0)
        return false;
    uint32_t n;
    struct tb_block **seat = tb_play_seats(t, game, person, &n);
    uint64_t ever = 0;
    uint64_t day = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        ever += s->plays;
        day += s->day == today ? s->day_n : 0;
    }
    return (g->per_day > 0 && day >= g->per_day) || (g->per_member > 0 && ever >= g->per_member);
}

/* Whom a reward of that kind goes to; 0 = nobody. */
static uint32_t receiver(const struct award *w, uint32_t kind)
{
    if (kind == TB_REWARD_STEP)
        return w->f->who.profile;
    uint32_t payee = kind == TB_REWARD_STORE ? tb_play_payee(w->t, TB_KIND_STORE, w->f->credit_store)
                                             : tb_play_payee(w->t, TB_KIND_ASSOCIATE, w->f->credit_associate);
    return payee != 0 && tb_person_by_profile(w->t, payee) != 0 ? payee : 0;
}

static void give_one(struct award *w, const struct tb_reward *r)
{
    struct tb_play_run run = {.t = w->t, .actor = w->actor, .game = w->game, .profile = receiver(w, r->kind)};
    struct tb_earned got = {0};
    if (run.profile == 0)
        return;
    run.person = tb_person_by_profile(w->t, run.profile);
    if (r->kind != TB_REWARD_STEP)
        tb_ledger_settle(w->t, run.person);
    if (tb_play_give(&run, r->unit, r->amount, &got) != TB_CODE_OK || got.amount == 0)
        return;
    w->gift[w->gift_n++] = (struct tb_ev_scan_gift){.to = r->kind,
                                                    .profile = run.profile,
                                                    .unit = r->unit,
                                                    .amount = (uint64_t)got.amount,
                                                    .lot = got.lot};
}

/* Hers first: when the units refuse all of hers, the others get nothing either. What has no receiver
 * is not given. True when something was. */
static bool give(struct award *w)
{
    struct tb_block *b = tb_read(w->t, TB_KIND_GAME, w->game);
    struct tb_reward reward[TB_SCAN_REWARDS_MAX];
    uint32_t n = b->n[TB_GAME_REWARD];
    uint32_t hers = 0;
    tb_assert(n <= TB_SCAN_REWARDS_MAX);
    memcpy(reward, tb_section(w->t, b, TB_GAME_REWARD), n * sizeof *reward);
    for (uint32_t i = 0; i < n; i++)
        if (reward[i].kind == TB_REWARD_STEP) {
            give_one(w, &reward[i]);
            hers++;
        }
    if (hers > 0 && w->gift_n == 0)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (reward[i].kind != TB_REWARD_STEP)
            give_one(w, &reward[i]);
    return w->gift_n > 0;
}

static void record(struct award *w, int32_t today)
{
    struct tb_txn *t = w->t;
    const struct tb_code_facts *f = w->f;
    struct tb_block *seat = tb_seat_block(t, w->game, f->who.profile);
    struct tb_ev_scan_awarded ev = {.game = w->game,
                                    .seat = seat ? seat->id : tb_counter_next(t, TB_COUNTER_SEAT),
                                    .profile = f->who.profile,
                                    .batch = f->code.batch,
                                    .serial = f->code.serial,
                                    .day = today,
                                    .gift = w->gift,
                                    .gift_n = w->gift_n,
                                    .store = f->credit_store,
                                    .associate = f->credit_associate};
    tb_emit_scan_awarded(t, &ev);
    if (f->verdict != TB_SCAN_OPEN) {
        enum tb_code code = tb_code_redeem(t, f->code, f->who.profile);
        tb_assert(code == TB_CODE_OK);
    }
}

/* The game with that number; GIVEN when it gave. */
static enum tb_scan_award try_game(struct award *w, uint32_t game, int32_t today)
{
    struct tb_txn *t = w->t;
    const struct tb_code_facts *f = w->f;
    struct tb_block *b = tb_read(t, TB_KIND_GAME, game);
    const struct tb_game *g = tb_block_head(b);
    if (g->state != TB_GAME_OPEN || t->now_ms < g->from_ms || t->now_ms >= g->until_ms || !about(t, b, f))
        return TB_AWARD_NO_CAMPAIGN;
    if ((g->flags & TB_GAME_INSIDE_ONLY) && f->outside)
        return TB_AWARD_OUTSIDE;
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, f->who.person);
    if (tb_play_open(t, b, person) != TB_CODE_OK)
        return TB_AWARD_NOT_ELIGIBLE;
    if (at_limit(t, g, game, person, today))
        return TB_AWARD_LIMIT;
    w->game = game;
    w->gift_n = 0;
    if (!give(w))
        return TB_AWARD_REFUSED;
    record(w, today);
    return TB_AWARD_GIVEN;
}

static bool any_about(struct tb_txn *t, const struct tb_code_facts *f, const struct tb_listed *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tb_block *b = list[i].tag == TB_GAME_SCAN ? tb_read(t, TB_KIND_GAME, list[i].id) : NULL;
        const struct tb_game *g = b ? tb_block_head(b) : NULL;
        if (g != NULL && g->state == TB_GAME_OPEN && t->now_ms >= g->from_ms && t->now_ms < g->until_ms &&
            about(t, b, f))
            return true;
    }
    return false;
}

/* Whether the code can still give, and to her. */
static enum tb_scan_award may_have(const struct tb_code_facts *f)
{
    bool others = f->verdict == TB_SCAN_OTHERS && f->first.profile != 0;
    if (f->redeemed || (others && f->who.person != 0))
        return TB_AWARD_TAKEN;
    return f->who.person != 0 ? TB_AWARD_GIVEN : TB_AWARD_NOBODY;
}

static enum tb_scan_award award(struct award *w)
{
    struct tb_txn *t = w->t;
    uint32_t n;
    uint32_t games = 0;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_GAME, &n);
    enum tb_scan_award why = TB_AWARD_NO_CAMPAIGN;
    for (uint32_t i = 0; i < n; i++)
        games += list[i].tag == TB_GAME_SCAN;
    if (w->f->verdict < TB_SCAN_OPEN || games == 0)
        return why;
    enum tb_scan_award may = may_have(w->f);
    if (may != TB_AWARD_GIVEN)
        return any_about(t, w->f, list, n) ? may : why;
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    tb_ledger_settle(t, w->f->who.person);
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_listed row = tb_catalog_listed(t, TB_KIND_GAME, &n)[i];
        enum tb_scan_award one = row.tag == TB_GAME_SCAN ? try_game(w, row.id, today) : TB_AWARD_NO_CAMPAIGN;
        if (one == TB_AWARD_GIVEN)
            return one;
        why = one > why ? one : why;
    }
    return why;
}

enum tb_outcome tb_play_scan(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct tb_code_facts f;
    enum tb_outcome outcome = tb_code_scanned(t, cmd->input, &f, a);
    if (outcome != TB_DONE || a->code != TB_CODE_OK)
        return outcome;
    tb_code_tell(t, &f, &a->body); /* its texts are the state's: before anything else happens */
    struct award w = {.t = t, .f = &f, .actor = cmd->actor};
    enum tb_scan_award why = award(&w);
    if (why != TB_AWARD_NO_CAMPAIGN)
        tb_wire_put_uint(&a->body, 21, why);
    if (why != TB_AWARD_GIVEN)
        return TB_DONE;
    if (f.verdict != TB_SCAN_OPEN)
        tb_wire_put_uint(&a->body, 14, 1);
    tb_wire_put_uint(&a->body, 22, w.game);
    for (uint32_t i = 0; i < w.gift_n; i++) {
        if (w.gift[i].to != TB_REWARD_STEP)
            continue;
        uint8_t region[64];
        struct tb_buf b;
        tb_buf_init(&b, region, sizeof region);
        tb_wire_put_uint(&b, 1, w.gift[i].unit);
        tb_wire_put_uint(&b, 2, w.gift[i].amount);
        tb_wire_put_uint(&b, 3, w.gift[i].lot);
        tb_wire_put_bytes(&a->body, 23, tb_buf_as_str(&b));
    }
    return TB_DONE;
}

void tb_play_apply_scan_awarded(struct tb_txn *t, const struct tb_ev_scan_awarded *ev)
{
    struct tb_seat *s = tb_seat_write(t, ev->seat, ev->game, ev->profile);
    s->day_n = s->plays > 0 && s->day == (int32_t)ev->day ? s->day_n + 1 : 1;
    s->day = (int32_t)ev->day;
    s->plays++;
    ((struct tb_game *)tb_block_head(tb_write(t, TB_KIND_GAME, ev->game)))->plays++;
    tb_person_touch(t, (uint32_t)ev->profile);
}

bool tb_scan_row(const struct tb_txn *t, struct tb_block *game, struct tb_block *person, struct tb_reward *out,
                 uint64_t *left)
{
    const struct tb_game *g = tb_block_head(game);
    const struct tb_reward *r = tb_section(t, game, TB_GAME_REWARD);
    uint32_t at = 0;
    while (at < game->n[TB_GAME_REWARD] && r[at].kind != TB_REWARD_STEP)
        at++;
    if (at == game->n[TB_GAME_REWARD] ||
        at_limit(t, g, (uint32_t)game->id, person, tb_tenant_day(t, t->now_ms, NULL, NULL)))
        return false;
    *out = r[at];
    *left = 0;
    return true;
}
