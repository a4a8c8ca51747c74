// SPDX-License-Identifier: Apache-2.0
/* core/play/sequence.c - first messages, one after the other: at each touch she gets the next one.
 *
 * Invariant: a step is shown to a person once, in order, over all her profiles. A step that is
 * shown is recorded as a task done (TaskDone), for that is what a seat has to know of it.       */
#include "core/play/play_int.h"

struct shown {
    uint64_t ever;
    uint64_t today;
};

static struct shown shown_to(const struct tb_txn *t, uint32_t game, struct tb_block *person, int32_t today)
{
    uint32_t n;
    struct tb_block **seat = tb_play_seats(t, game, person, &n);
    struct shown sum = {0};
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        sum.ever += s->plays;
        sum.today += s->day == today ? s->day_n : 0;
    }
    return sum;
}

static void tell(struct tb_play_run *r, uint32_t step, const struct tb_earned *got)
{
    struct tb_txn *t = r->t;
    struct tb_buf *body = &r->a->body;
    struct tb_block *b = tb_read(t, TB_KIND_GAME, r->game);
    const struct tb_prize *p = (const struct tb_prize *)tb_section(t, b, TB_GAME_PRIZE) + step;
    tb_wire_put_uint(body, 1, step + 1);
    tb_wire_put_uint(body, 2, b->n[TB_GAME_PRIZE]);
    tb_wire_put_bytes(body, 3, tb_config_text(t, b, p->code));
    tb_wire_put_bytes(body, 4, tb_config_text(t, b, p->name));
    if (got->amount > 0) {
        tb_wire_put_uint(body, 5, p->unit);
        tb_wire_put_uint(body, 6, (uint64_t)got->amount);
        tb_wire_put_uint(body, 7, got->lot);
    }
    tb_wire_put_uint(body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, r->person)));
}

enum tb_outcome tb_play_next(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_play *in = cmd->input;
    struct tb_play_run r;
    if (tb_play_begin(&r, t, cmd, TB_GAME_SEQUENCE, &in->who, in->game, in->channel, a) != TB_DONE)
        return TB_REFUSED;
    const struct tb_game *g = tb_game_head(t, r.game);
    struct tb_block *b = tb_read(t, TB_KIND_GAME, r.game);
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    struct shown shown = shown_to(t, r.game, tb_read(t, TB_KIND_PERSON, r.person), today);
    if (shown.ever >= b->n[TB_GAME_PRIZE])
        return tb_refuse(a, TB_CODE_ALREADY_DONE, "member");
    if (g->per_day > 0 && shown.today >= g->per_day)
        return tb_refuse(a, TB_CODE_PLAY_LIMIT, "member");
    struct tb_prize p = ((const struct tb_prize *)tb_section(t, b, TB_GAME_PRIZE))[shown.ever];
    struct tb_earned got = {0};
    if (p.unit != 0 && tb_play_give(&r, p.unit, p.amount, &got) != TB_CODE_OK)
        got.amount = 0; /* the message goes on without its gift */
    struct tb_block *seat = tb_seat_block(t, r.game, r.profile);
    const struct tb_seat *mine = seat ? tb_block_head(seat) : NULL;
    struct tb_ev_task_done ev = {.game = r.game,
                                 .seat = r.seat,
                                 .profile = r.profile,
                                 .period_start = today,
                                 .n = (mine != NULL && mine->day == today ? mine->day_n : 0) + 1};
    tb_emit_task_done(t, &ev);
    tell(&r, (uint32_t)shown.ever, &got);
    return TB_DONE;
}
