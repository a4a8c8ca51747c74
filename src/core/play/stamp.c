// SPDX-License-Identifier: Apache-2.0
/* core/play/stamp.c - stamp cards.
 *
 * Stamps are a unit of the ledger: its caps bound a day's stamps, its expiry ends a card, what
 * is over a full card begins the next, and a return beyond the balance leaves a debt, so that
 * the next card starts below 0. The seat remembers only which milestones of the running card
 * were given. A reward that its unit refuses is not given and not remembered; a full card then
 * stays full.                                                                               */
#include "core/play/play_int.h"

#define CARDS_AT_ONCE 100u /* the rest is taken in by the next command */

struct card {
    uint64_t mask; /* of the person: milestones given on the running card */
    uint64_t full; /* cards filled by this command */
    bool cleared;  /* the others' masks belong to a card that is full */
};

static int64_t stamps_of(const struct tb_play_run *r, uint32_t unit)
{
    struct tb_block *person = tb_read(r->t, TB_KIND_PERSON, r->person);
    return tb_ledger_balance(r->t, person, unit, r->t->now_ms).available;
}

static bool give(struct tb_play_run *r, const struct tb_reward *reward)
{
    struct tb_earned got;
    if (tb_play_give(r, reward->unit, reward->amount, &got) != TB_CODE_OK || got.amount == 0)
        return false;
    uint8_t region[40];
    struct tb_buf row;
    tb_buf_init(&row, region, sizeof region);
    tb_wire_put_uint(&row, 1, reward->at);
    tb_wire_put_uint(&row, 2, reward->unit);
    tb_wire_put_uint(&row, 3, (uint64_t)got.amount);
    if (r->a->body.n < 400) /* of a kept answer's 512 bytes */
        tb_wire_put_bytes(&r->a->body, 5, tb_buf_as_str(&row));
    return true;
}

/* Gives what the running card has reached; true when it is full and paid. */
static bool give_reached(struct tb_play_run *r, int64_t stamps, struct card *c)
{
    struct tb_block *game = tb_read(r->t, TB_KIND_GAME, r->game);
    const struct tb_reward *reward = tb_section(r->t, game, TB_GAME_REWARD);
    uint32_t n = game->n[TB_GAME_REWARD];
    uint32_t size = ((const struct tb_game *)tb_block_head(game))->size;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bit = UINT64_C(1) << (reward[i].at - 1);
        if (stamps < reward[i].at || c->mask & bit || !give(r, &reward[i]))
            continue;
        c->mask |= bit;
    }
    return (c->mask >> (size - 1) & 1) != 0;
}

/* Full cards one after the other. */
static enum tb_code take_in(struct tb_play_run *r, uint32_t unit, uint32_t size, struct card *c)
{
    for (uint32_t i = 0; i < CARDS_AT_ONCE; i++) {
        if (!give_reached(r, stamps_of(r, unit), c) || stamps_of(r, unit) < size)
            return TB_CODE_OK;
        enum tb_code code = tb_ledger_spend(r->t, r->profile, unit, size, TB_ACCOUNT_SPENT, TB_CAUSE_SPEND, 0, 0,
                                            TB_STR_NONE, r->actor);
        if (code != TB_CODE_OK)
            return code;
        c->mask = 0;
        c->full++;
        c->cleared = true;
    }
    return TB_CODE_OK;
}

static enum tb_code move_stamps(struct tb_play_run *r, uint32_t unit, int64_t count)
{
    if (count == 0)
        return TB_CODE_OK;
    if (count < 0) {
        struct tb_claw claw = {.profile = r->profile,
                               .unit = unit,
                               .amount = -count,
                               .actor = r->actor,
                               .cause = TB_CAUSE_CLAWBACK,
                               .negative = TB_NEGATIVE_UNLIMITED};
        (void)tb_ledger_claw(r->t, &claw);
        return TB_CODE_OK;
    }
    struct tb_earned got;
    enum tb_code code = tb_play_give(r, unit, count, &got);
    if (code == TB_CODE_OK && got.amount == 0)
        code = TB_CODE_PLAY_LIMIT;
    return code;
}

/* Masks and cards of the person; the other seats that a full card clears go to out. */
static uint32_t read_seats(const struct tb_play_run *r, struct card *c, uint64_t *cards, uint64_t **out)
{
    uint32_t n;
    struct tb_block **seat =
        tb_play_seats(r->t, r->game, tb_read(r->t, TB_KIND_PERSON, r->person), &n);
    uint32_t others = 0;
    *out = TB_NEW_ARRAY(r->t->scratch, uint64_t, n + 1);
    tb_assert(*out != NULL);
    *cards = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        c->mask |= s->mask;
        *cards += s->plays;
        if (seat[i]->id != r->seat && s->mask != 0)
            (*out)[others++] = seat[i]->id;
    }
    return others;
}

enum tb_outcome tb_play_stamp(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_stamp *in = cmd->input;
    struct tb_play_run r;
    if (tb_play_begin(&r, t, cmd, TB_GAME_STAMPS, &in->who, in->game, in->channel, a) != TB_DONE)
        return TB_REFUSED;
    if (in->count < -1000 || in->count > 1000)
        return tb_refuse(a, TB_CODE_INVALID, "count");
    const struct tb_game *g = tb_game_head(t, r.game);
    uint32_t unit = g->unit;
    uint32_t size = g->size;
    enum tb_code code = move_stamps(&r, unit, in->count);
    struct card c = {0};
    uint64_t cards;
    uint64_t *others;
    uint32_t others_n = read_seats(&r, &c, &cards, &others);
    uint64_t before = c.mask;
    if (code == TB_CODE_OK)
        code = take_in(&r, unit, size, &c);
    if (code != TB_CODE_OK) {
        a->body.n = 0;
        return tb_refuse(a, code, "count");
    }
    struct tb_block *seat = tb_seat_block(t, r.game, r.profile);
    const struct tb_seat *mine = seat ? tb_block_head(seat) : NULL;
    uint64_t own = (mine ? mine->mask : 0) | (c.mask & ~before); /* the others keep theirs */
    struct tb_ev_card_stamped ev = {.game = r.game,
                                    .seat = r.seat,
                                    .profile = r.profile,
                                    .count = in->count,
                                    .cards = c.full + (mine ? mine->plays : 0),
                                    .mask = c.cleared ? c.mask : own,
                                    .cleared = others,
                                    .cleared_n = c.cleared ? others_n : 0};
    if (in->count != 0 || c.full > 0 || c.mask != before)
        tb_emit_card_stamped(t, &ev);
    tb_wire_put_uint(&a->body, 1, tb_zigzag(stamps_of(&r, unit)));
    tb_wire_put_uint(&a->body, 2, size);
    tb_wire_put_uint(&a->body, 3, c.full);
    tb_wire_put_uint(&a->body, 4, cards + c.full);
    tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, r.person)));
    return TB_DONE;
}

void tb_play_apply_card_stamped(struct tb_txn *t, const struct tb_ev_card_stamped *ev)
{
    struct tb_seat *s = tb_seat_write(t, ev->seat, ev->game, ev->profile);
    uint32_t full = (uint32_t)ev->cards - s->plays;
    s->plays = (uint32_t)ev->cards;
    s->mask = ev->mask;
    for (uint32_t i = 0; i < ev->cleared_n; i++)
        ((struct tb_seat *)tb_block_head(tb_write(t, TB_KIND_SEAT, ev->cleared[i])))->mask = 0;
    ((struct tb_game *)tb_block_head(tb_write(t, TB_KIND_GAME, ev->game)))->plays += full;
    tb_person_touch(t, (uint32_t)ev->profile);
}
