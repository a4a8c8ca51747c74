// SPDX-License-Identifier: Apache-2.0
/* core/play/draw.c - wheel, scratch card, box: one draw.
 *
 * The ticket decides the prize; what forbids that prize (a lock, a cap, stock, its release,
 * the unit's own rules) gives the fallback instead and says why. Odds are never shifted to
 * other prizes, nothing is drawn again. Cost, prize and record are one command.             */
#include "core/play/play_int.h"

/* The person's part of the game, over all her seats. */
struct sum {
    uint64_t plays;
    uint64_t misses;
    uint64_t day_n;
    uint64_t day_free;
    struct tb_block **seat;
    uint32_t seat_n;
};

static struct sum sum_up(const struct tb_txn *t, uint32_t game, struct tb_block *person, int32_t today)
{
    struct sum s = {0};
    s.seat = tb_play_seats(t, game, person, &s.seat_n);
    for (uint32_t i = 0; i < s.seat_n; i++) {
        const struct tb_seat *seat = tb_block_head(s.seat[i]);
        s.plays += seat->plays;
        s.misses += seat->misses;
        if (seat->day != today)
            continue;
        s.day_n += seat->day_n;
        s.day_free += seat->day_free;
    }
    return s;
}

static uint64_t had(const struct tb_txn *t, const struct sum *s, uint32_t prize)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->seat_n; i++) {
        const struct tb_seat_prize *p =
            s->seat[i]->n[TB_SEAT_PRIZE] ? tb_section(t, s->seat[i], TB_SEAT_PRIZE) : NULL;
        for (uint32_t k = 0; k < s->seat[i]->n[TB_SEAT_PRIZE]; k++)
            n += p[k].prize == prize ? p[k].n : 0;
    }
    return n;
}

/* How many of the prize may have been given by now. */
static int64_t released(const struct tb_game *g, const struct tb_prize *p, int64_t now_ms)
{
    int64_t start = g->from_ms > g->opened_ms ? g->from_ms : g->opened_ms;
    int64_t portions = now_ms < start ? 0 : 1 + (now_ms - start) / p->release_every_ms;
    int64_t n;
    return tb_mul(portions, p->release_n, &n) && n < p->stock ? n : p->stock;
}

static enum tb_draw_why forbidden(const struct tb_txn *t, const struct tb_game *g, const struct tb_prize *p,
                                  uint32_t index, const struct sum *s)
{
    if (s->plays + 1 < p->unlock)
        return TB_DRAW_LOCKED;
    if (p->per_member > 0 && had(t, s, index) >= p->per_member)
        return TB_DRAW_MEMBER_CAP;
    if (p->stock > 0 && p->given >= p->stock)
        return TB_DRAW_STOCK;
    if (p->release_n > 0 && p->given >= released(g, p, t->now_ms))
        return TB_DRAW_RELEASE;
    return TB_DRAW_AS_DRAWN;
}

/* Gives the prize; false: the unit's own rules refuse it. */
static bool give(struct tb_play_run *r, const struct tb_prize *p, struct tb_earned *got)
{
    *got = (struct tb_earned){0};
    if (p->unit == 0)
        return true;
    return tb_play_give(r, p->unit, p->amount, got) == TB_CODE_OK && got->amount > 0;
}

static struct tb_prize prize_at(const struct tb_txn *t, uint32_t game, uint32_t index)
{
    struct tb_block *b = tb_read(t, TB_KIND_GAME, game);
    tb_assert(index < b->n[TB_GAME_PRIZE]);
    return ((const struct tb_prize *)tb_section(t, b, TB_GAME_PRIZE))[index];
}

/* Index of the prize on which the ticket falls. */
static uint32_t falls_on(const struct tb_txn *t, uint32_t game, uint32_t ticket)
{
    uint32_t ppm[TB_PRIZES_MAX];
    struct tb_block *b = tb_read(t, TB_KIND_GAME, game);
    const struct tb_prize *prize = tb_section(t, b, TB_GAME_PRIZE);
    for (uint32_t i = 0; i < b->n[TB_GAME_PRIZE]; i++)
        ppm[i] = prize[i].ppm;
    return tb_chance_pick(ppm, b->n[TB_GAME_PRIZE], ticket);
}

/* Takes the cost; *is_free tells that there was none to take. */
static enum tb_outcome pay(struct tb_play_run *r, const struct tb_game *g, const struct sum *s, bool *is_free)
{
    *is_free = g->cost_unit == 0 || s->day_free < g->free_day;
    return *is_free ? TB_DONE : tb_play_pay(r, g->cost_unit, g->cost, "member");
}

/* Seats of her other profiles whose misses end with this prize. */
static uint32_t other_misses(const struct sum *s, uint32_t seat, uint64_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->seat_n; i++)
        if (s->seat[i]->id != seat && ((const struct tb_seat *)tb_block_head(s->seat[i]))->misses > 0)
            out[n++] = s->seat[i]->id;
    return n;
}

static void tell(struct tb_play_run *r, const struct tb_ev_game_drawn *ev, uint32_t edition, uint64_t misses,
                 bool pity)
{
    struct tb_txn *t = r->t;
    struct tb_buf *body = &r->a->body;
    const struct tb_game *g = tb_game_head(t, r->game);
    struct tb_prize p = prize_at(t, r->game, (uint32_t)ev->given - 1);
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, r->person);
    const uint64_t v[] = {ev->given, ev->won, ev->why, ev->amount, ev->won_lot, ev->draw, ev->player, ev->ticket,
                          pity, edition};
    for (uint32_t i = 0; i < TB_COUNT_OF(v); i++)
        if (v[i] != 0)
            tb_wire_put_uint(body, i + 1, v[i]);
    tb_wire_put_bytes(body, 11, tb_config_text(t, tb_read(t, TB_KIND_GAME, r->game), p.code));
    tb_wire_put_uint(body, 12, tb_person_id(person));
    if (ev->free)
        tb_wire_put_uint(body, 13, 1);
    if (g->cost_unit != 0)
        tb_wire_put_uint(body, 14,
                         tb_zigzag(tb_ledger_balance(t, person, g->cost_unit, t->now_ms).available));
    if (misses > 0)
        tb_wire_put_uint(body, 15, misses);
}

/* Draws, gives, records: from here on nothing refuses. */
static void draw(struct tb_play_run *r, const struct sum *s, bool is_free)
{
    struct tb_txn *t = r->t;
    struct tb_game g = *tb_game_head(t, r->game);
    const struct tb_seat *mine = r->fresh ? NULL : tb_block_head_const(tb_read(t, TB_KIND_SEAT, r->seat));
    struct tb_ev_game_drawn ev = {.game = r->game,
                                  .seat = r->seat,
                                  .profile = r->profile,
                                  .draw = (mine ? mine->plays : 0) + 1,
                                  .player = tb_play_player(t, r->game, r->profile),
                                  .day = tb_tenant_day(t, t->now_ms, NULL, NULL),
                                  .free = is_free};
    bool pity = g.pity_after > 0 && s->misses >= g.pity_after;
    ev.ticket = tb_chance_ticket(g.seed, g.edition, ev.player, ev.draw);
    uint32_t won = pity ? g.pity - 1u : falls_on(t, r->game, (uint32_t)ev.ticket);
    uint32_t given = won;
    struct tb_prize p = prize_at(t, r->game, won);
    struct tb_earned got = {0};
    enum tb_draw_why why = forbidden(t, &g, &p, won, s);
    if (why == TB_DRAW_AS_DRAWN && !give(r, &p, &got))
        why = TB_DRAW_LEDGER;
    if (why != TB_DRAW_AS_DRAWN) {
        given = g.fallback - 1u;
        p = prize_at(t, r->game, given);
        (void)give(r, &p, &got); /* 0 when even that is refused; the record says so */
    }
    bool miss = p.unit == 0 || given == g.fallback - 1u;
    uint64_t *cleared = TB_NEW_ARRAY(t->scratch, uint64_t, s->seat_n + 1);
    tb_assert(cleared != NULL);
    ev.won = won + 1;
    ev.given = given + 1;
    ev.why = why;
    ev.amount = (uint64_t)got.amount;
    ev.won_lot = got.lot;
    ev.misses = miss ? (mine ? mine->misses : 0) + 1 : 0;
    ev.cleared = cleared;
    ev.cleared_n = miss ? 0 : other_misses(s, r->seat, cleared);
    tb_emit_game_drawn(t, &ev);
    tell(r, &ev, g.edition, miss ? s->misses + 1 : 0, pity);
}

enum tb_outcome tb_play_draw(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_play *in = cmd->input;
    struct tb_play_run r;
    if (tb_play_begin(&r, t, cmd, TB_GAME_DRAW, &in->who, in->game, in->channel, a) != TB_DONE)
        return TB_REFUSED;
    const struct tb_game *g = tb_game_head(t, r.game);
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    struct sum s = sum_up(t, r.game, tb_read(t, TB_KIND_PERSON, r.person), today);
    if ((g->per_day > 0 && s.day_n >= g->per_day) || (g->per_member > 0 && s.plays >= g->per_member))
        return tb_refuse(a, TB_CODE_PLAY_LIMIT, "member");
    bool is_free;
    if (pay(&r, g, &s, &is_free) != TB_DONE)
        return TB_REFUSED;
    draw(&r, &s, is_free);
    return TB_DONE;
}

static void count_prize(struct tb_txn *t, uint64_t seat, uint32_t prize)
{
    struct tb_block *b = tb_write(t, TB_KIND_SEAT, seat);
    struct tb_seat_prize *p = b->n[TB_SEAT_PRIZE] ? tb_section(t, b, TB_SEAT_PRIZE) : NULL;
    for (uint32_t i = 0; i < b->n[TB_SEAT_PRIZE]; i++)
        if (p[i].prize == prize) {
            p[i].n++;
            return;
        }
    struct tb_seat_prize fresh = {prize, 1};
    (void)tb_push(t, TB_KIND_SEAT, seat, TB_SEAT_PRIZE, &fresh);
}

void tb_play_apply_game_drawn(struct tb_txn *t, const struct tb_ev_game_drawn *ev)
{
    uint32_t given = (uint32_t)ev->given - 1;
    struct tb_seat *s = tb_seat_write(t, ev->seat, ev->game, ev->profile);
    bool same_day = s->plays > 0 && s->day == (int32_t)ev->day;
    s->plays = (uint32_t)ev->draw;
    s->misses = (uint32_t)ev->misses;
    s->day = (int32_t)ev->day;
    s->day_n = same_day ? s->day_n + 1 : 1;
    s->day_free = (same_day ? s->day_free : 0) + (ev->free != 0);
    struct tb_block *b = tb_write(t, TB_KIND_GAME, ev->game);
    ((struct tb_game *)tb_block_head(b))->plays++;
    struct tb_prize *p = (struct tb_prize *)tb_section(t, b, TB_GAME_PRIZE) + given;
    p->given++;
    if (p->per_member > 0)
        count_prize(t, ev->seat, given);
    for (uint32_t i = 0; i < ev->cleared_n; i++)
        ((struct tb_seat *)tb_block_head(tb_write(t, TB_KIND_SEAT, ev->cleared[i])))->misses = 0;
    tb_person_touch(t, (uint32_t)ev->profile);
}
