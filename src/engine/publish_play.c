// SPDX-License-Identifier: Apache-2.0
/* Rows of games: what they are and packets from blocks, what was played from events. */
#include "core/play/play.h"
#include "engine/publish_int.h"
#include "events.gen.h"

static struct tb_str text_of(struct tb_block *b, struct tb_text text)
{
    const char *bytes = section_of(b, TB_CONFIG_BYTES);
    return text.n ? (struct tb_str){bytes + text.at, text.n} : TB_STR_NONE;
}

static void prizes(struct tb_publish *p, struct tb_block *b, uint32_t tenant)
{
    const struct tb_prize *prize = section_of(b, TB_GAME_PRIZE);
    struct row r;
    for (uint32_t i = 0; i < b->n[TB_GAME_PRIZE]; i++) {
        row_begin(&r, p, T_GAME_PRIZES);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i + 1);
        row_i64(&r, tenant);
        row_text(&r, text_of(b, prize[i].code));
        row_text(&r, text_of(b, prize[i].name));
        row_i64(&r, prize[i].ppm);
        row_ref(&r, prize[i].unit);
        row_i64(&r, prize[i].amount);
        row_i64(&r, prize[i].stock);
        row_i64(&r, prize[i].given);
        row_put(&r);
    }
}

void publish_game(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_game *g = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_GAMES);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, g->c.tenant);
    row_text(&r, text_of(b, g->c.code));
    row_text(&r, text_of(b, g->c.name));
    row_i64(&r, g->c.version);
    row_i64(&r, g->kind);
    row_i64(&r, g->state);
    row_i64(&r, g->from_ms);
    row_due(&r, g->until_ms);
    row_ref(&r, (uint64_t)g->opened_ms);
    row_ref(&r, (uint64_t)g->ended_ms);
    row_i64(&r, g->plays);
    row_ref(&r, g->cost_unit);
    row_i64(&r, g->cost);
    row_ref(&r, g->edition);
    row_put(&r);
    prizes(p, b, g->c.tenant);
}

void publish_packet(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_packet *x = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_PACKETS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, x->tenant);
    row_i64(&r, x->unit);
    row_ref(&r, x->profile);
    row_i64(&r, x->total);
    row_i64(&r, x->left);
    row_i64(&r, x->shares);
    row_i64(&r, b->n[TB_PACKET_CLAIM]);
    row_i64(&r, x->mode);
    row_i64(&r, x->made_ms);
    row_i64(&r, x->deadline_ms);
    row_ref(&r, (uint64_t)x->closed_ms);
    row_put(&r);
}

/* seq, part, tenant, game, profile, at_ms */
static void played(struct row *r, struct tb_publish *p, const struct tb_entry *e, uint32_t part, enum publish_table t,
                   uint64_t game, uint64_t profile)
{
    row_begin(r, p, t);
    row_i64(r, (int64_t)e->seq);
    row_i64(r, part);
    row_i64(r, e->tenant);
    row_i64(r, (int64_t)game);
    row_i64(r, (int64_t)profile);
    row_i64(r, e->now_ms);
}

static void drawn(struct tb_publish *p, const struct tb_entry *e, uint32_t part, const struct tb_ev_game_drawn *ev)
{
    struct row r;
    played(&r, p, e, part, T_GAME_DRAWS, ev->game, ev->profile);
    row_i64(&r, (int64_t)ev->draw);
    row_i64(&r, (int64_t)ev->given);
    row_i64(&r, (int64_t)ev->won);
    row_i64(&r, (int64_t)ev->why);
    row_i64(&r, (int64_t)ev->amount);
    row_i64(&r, ev->free != 0);
    row_put(&r);
}

static void checked_in(struct tb_publish *p, const struct tb_entry *e, uint32_t part,
                       const struct tb_ev_checked_in *ev)
{
    struct row r;
    played(&r, p, e, part, T_GAME_CHECKINS, ev->game, ev->profile);
    row_i64(&r, ev->day);
    row_i64(&r, ev->made_up != 0);
    row_i64(&r, (int64_t)ev->streak);
    row_i64(&r, (int64_t)ev->amount);
    row_put(&r);
}

static void stamped(struct tb_publish *p, const struct tb_entry *e, uint32_t part, const struct tb_ev_card_stamped *ev)
{
    struct row r;
    played(&r, p, e, part, T_GAME_STAMPS, ev->game, ev->profile);
    row_i64(&r, ev->count);
    row_i64(&r, (int64_t)ev->cards);
    row_put(&r);
}

static void task_done(struct tb_publish *p, const struct tb_entry *e, uint32_t part, const struct tb_ev_task_done *ev)
{
    struct row r;
    played(&r, p, e, part, T_GAME_TASKS, ev->game, ev->profile);
    row_i64(&r, ev->period_start);
    row_i64(&r, (int64_t)ev->n);
    row_put(&r);
}

/* A row for each receiver. */
static uint32_t awarded(struct tb_publish *p, const struct tb_entry *e, uint32_t part,
                        const struct tb_ev_scan_awarded *ev)
{
    for (uint32_t i = 0; i < ev->gift_n; i++) {
        struct row r;
        played(&r, p, e, part + i, T_SCAN_REWARDS, ev->game, ev->profile);
        row_i64(&r, (int64_t)ev->batch);
        row_i64(&r, (int64_t)ev->serial);
        row_i64(&r, (int64_t)ev->gift[i].to);
        row_i64(&r, (int64_t)ev->gift[i].profile);
        row_i64(&r, (int64_t)ev->gift[i].unit);
        row_i64(&r, (int64_t)ev->gift[i].amount);
        row_ref(&r, ev->store);
        row_ref(&r, ev->associate);
        row_put(&r);
    }
    return ev->gift_n;
}

static void claimed(struct tb_publish *p, const struct tb_entry *e, uint32_t part,
                    const struct tb_ev_packet_claimed *ev)
{
    struct row r;
    row_begin(&r, p, T_PACKET_CLAIMS);
    row_i64(&r, (int64_t)e->seq);
    row_i64(&r, part);
    row_i64(&r, e->tenant);
    row_i64(&r, (int64_t)ev->packet);
    row_i64(&r, (int64_t)ev->profile);
    row_i64(&r, (int64_t)ev->amount);
    row_i64(&r, e->now_ms);
    row_put(&r);
}

bool publish_is_play(uint32_t type)
{
    return type == TB_EVENT_GAME_DRAWN || type == TB_EVENT_CHECKED_IN || type == TB_EVENT_CARD_STAMPED ||
           type == TB_EVENT_TASK_DONE || type == TB_EVENT_SCAN_AWARDED || type == TB_EVENT_PACKET_CLAIMED;
}

#define ROW(name, call)                                           \
    {                                                             \
        struct tb_ev_##name ev;                                   \
        tb_assert(tb_ev_##name##_decode(body, &p->arena, &ev));   \
        call;                                                     \
    }

uint32_t publish_play(struct tb_publish *p, const struct tb_entry *e, uint32_t part, uint32_t type, struct tb_str body)
{
    uint32_t rows = 1;
    if (type == TB_EVENT_GAME_DRAWN)
        ROW(game_drawn, drawn(p, e, part, &ev))
    else if (type == TB_EVENT_CHECKED_IN)
        ROW(checked_in, checked_in(p, e, part, &ev))
    else if (type == TB_EVENT_CARD_STAMPED)
        ROW(card_stamped, stamped(p, e, part, &ev))
    else if (type == TB_EVENT_TASK_DONE)
        ROW(task_done, task_done(p, e, part, &ev))
    else if (type == TB_EVENT_SCAN_AWARDED)
        ROW(scan_awarded, rows = awarded(p, e, part, &ev))
    else
        ROW(packet_claimed, claimed(p, e, part, &ev))
    return rows;
}
