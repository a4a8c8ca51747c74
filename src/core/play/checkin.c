// SPDX-License-Identifier: Apache-2.0
/* core/play/checkin.c - a day after the other: ladder, milestones, days made up.
 *
 * A streak is never counted: it is the length of the run of filled days that ends with a day,
 * over all of the person's seats, so a made-up day or a merge joins runs and every later
 * answer is right. A milestone is given once in a run (or in a month): it is remembered with
 * the last day of the run that it was given for.                                            */
#include "core/play/play_int.h"

#define RUNS_BACK (TB_MAKEUP_DAYS_MAX + 3) /* a run that ended before can not grow any more */
#define MILESTONES_BACK (TB_MAKEUP_DAYS_MAX + 40) /* further than the month of any day made up */

/* ---- days --------------------------------------------------------------------------------------- */

static void add_run(struct tb_days *d, struct tb_seat_run run)
{
    uint32_t at = d->n;
    for (; at > 0 && d->run[at - 1].from > run.from; at--)
        d->run[at] = d->run[at - 1];
    d->run[at] = run;
    d->n++;
}

struct tb_days tb_checkin_days(const struct tb_txn *t, struct tb_block **seat, uint32_t n)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += seat[i]->n[TB_SEAT_RUN];
    struct tb_days d = {.run = TB_NEW_ARRAY(t->scratch, struct tb_seat_run, total + 1)};
    tb_assert(d.run != NULL);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < seat[i]->n[TB_SEAT_RUN]; k++)
            add_run(&d, ((const struct tb_seat_run *)tb_section(t, seat[i], TB_SEAT_RUN))[k]);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d.n; i++) {
        if (kept > 0 && d.run[i].from <= d.run[kept - 1].to + 1) {
            if (d.run[i].to > d.run[kept - 1].to)
                d.run[kept - 1].to = d.run[i].to;
        } else {
            d.run[kept++] = d.run[i];
        }
    }
    d.n = kept;
    return d;
}

static bool filled(const struct tb_days *d, int32_t day)
{
    for (uint32_t i = 0; i < d->n; i++)
        if (d->run[i].from <= day && day <= d->run[i].to)
            return true;
    return false;
}

/* The run that has the day once it is filled. */
static struct tb_seat_run run_with(const struct tb_days *d, int32_t day)
{
    struct tb_seat_run r = {day, day};
    for (uint32_t i = 0; i < d->n; i++) {
        if (d->run[i].to == day - 1)
            r.from = d->run[i].from;
        if (d->run[i].from == day + 1)
            r.to = d->run[i].to;
    }
    return r;
}

static int32_t month_of(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    return d.year * 12 + d.month - 1;
}

/* ---- what it gives -------------------------------------------------------------------------------- */

const struct tb_reward *tb_checkin_step(const struct tb_txn *t, struct tb_block *game, int64_t streak)
{
    const struct tb_reward *reward = game->n[TB_GAME_REWARD] ? tb_section(t, game, TB_GAME_REWARD) : NULL;
    const struct tb_game *g = tb_block_head(game);
    int64_t steps = 0;
    for (uint32_t i = 0; i < game->n[TB_GAME_REWARD]; i++)
        steps += reward[i].kind == TB_REWARD_STEP;
    if (steps == 0)
        return NULL;
    int64_t at = g->flags & TB_GAME_WRAPS ? (streak - 1) % steps + 1 : streak < steps ? streak : steps;
    for (uint32_t i = 0; i < game->n[TB_GAME_REWARD]; i++)
        if (reward[i].kind == TB_REWARD_STEP && reward[i].at == at)
            return &reward[i];
    return NULL;
}

static bool given_before(const struct tb_txn *t, struct tb_block **seat, uint32_t n,
                         const struct tb_reward *reward, struct tb_seat_run run)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat_milestone *m =
            seat[i]->n[TB_SEAT_MILESTONE] ? tb_section(t, seat[i], TB_SEAT_MILESTONE) : NULL;
        for (uint32_t k = 0; k < seat[i]->n[TB_SEAT_MILESTONE]; k++) {
            if (m[k].reward != reward->at)
                continue;
            if (reward->monthly ? month_of(m[k].day) == month_of(run.to)
                                : run.from <= m[k].day && m[k].day <= run.to)
                return true;
        }
    }
    return false;
}

static void tell_reward(struct tb_buf *body, const struct tb_reward *reward, int64_t amount)
{
    uint8_t region[40];
    struct tb_buf row;
    tb_buf_init(&row, region, sizeof region);
    tb_wire_put_uint(&row, 1, reward->at);
    tb_wire_put_uint(&row, 2, reward->unit);
    tb_wire_put_uint(&row, 3, (uint64_t)amount);
    tb_wire_put_bytes(body, 5, tb_buf_as_str(&row));
}

/* Gives the milestones that the run has reached; their lengths go to out. */
static uint32_t give_milestones(struct tb_play_run *r, struct tb_block **seat, uint32_t n,
                                struct tb_seat_run run, uint64_t *out)
{
    struct tb_txn *t = r->t;
    struct tb_block *game = tb_read(t, TB_KIND_GAME, r->game);
    const struct tb_reward *reward = tb_section(t, game, TB_GAME_REWARD);
    uint32_t given = 0;
    for (uint32_t i = 0; i < game->n[TB_GAME_REWARD]; i++) {
        struct tb_earned got;
        if (reward[i].kind != TB_REWARD_MILESTONE || (int64_t)run.to - run.from + 1 < reward[i].at ||
            given_before(t, seat, n, &reward[i], run))
            continue;
        if (tb_play_give(r, reward[i].unit, reward[i].amount, &got) != TB_CODE_OK || got.amount == 0)
            continue;
        tell_reward(&r->a->body, &reward[i], got.amount);
        out[given++] = reward[i].at;
    }
    return given;
}

/* ---- the commands --------------------------------------------------------------------------------- */

static enum tb_outcome today_of(struct tb_play_run *r, const struct tb_cmd_checkin *in, int32_t *day)
{
    struct tb_txn *t = r->t;
    const struct tb_zone *zone = tb_tenant_zone(t);
    if (in->zone.n > 0) {
        zone = tb_game_head(t, r->game)->flags & TB_GAME_MEMBER_ZONE ? t->env->zone(t->env->user, in->zone) : NULL;
        if (zone == NULL)
            return tb_refuse(r->a, TB_CODE_INVALID, "zone");
    }
    *day = tb_zone_day_of(zone, t->now_ms);
    return TB_DONE;
}

/* Records the day with what it gave; today bounds what may be forgotten. */
static void record(struct tb_play_run *r, struct tb_ev_checked_in *ev, const struct tb_days *d,
                   struct tb_seat_run run, int32_t today)
{
    struct tb_buf *body = &r->a->body;
    int64_t alive = run.from < today - RUNS_BACK ? run.from : today - RUNS_BACK;
    for (uint32_t i = 0; i < d->n; i++) /* part of such a run may be another seat's */
        if (d->run[i].to >= today - RUNS_BACK && d->run[i].from < alive)
            alive = d->run[i].from;
    ev->game = r->game;
    ev->seat = r->seat;
    ev->profile = r->profile;
    ev->streak = (uint64_t)((int64_t)run.to - run.from + 1);
    ev->runs_from = alive;
    ev->milestones_from = alive < today - MILESTONES_BACK ? alive : today - MILESTONES_BACK;
    ev->milestone_day = run.to;
    tb_emit_checked_in(r->t, ev);
    tb_wire_put_uint(body, 1, tb_zigzag(ev->day));
    tb_wire_put_uint(body, 2, ev->streak);
    if (ev->amount > 0)
        tb_wire_put_uint(body, 3, ev->amount);
    tb_wire_put_uint(body, 12, tb_person_id(tb_read(r->t, TB_KIND_PERSON, r->person)));
}

enum tb_outcome tb_play_checkin(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_checkin *in = cmd->input;
    struct tb_play_run r;
    int32_t day;
    uint32_t n;
    if (tb_play_begin(&r, t, cmd, TB_GAME_CHECKIN, &in->who, in->game, in->channel, a) != TB_DONE ||
        today_of(&r, in, &day) != TB_DONE)
        return TB_REFUSED;
    struct tb_block **seat = tb_play_seats(t, r.game, tb_read(t, TB_KIND_PERSON, r.person), &n);
    struct tb_days d = tb_checkin_days(t, seat, n);
    if (d.n > 0 && day <= d.run[d.n - 1].to) /* also the day before, after a flight to the west */
        return tb_refuse(a, TB_CODE_ALREADY_DONE, "member");
    struct tb_seat_run run = run_with(&d, day);
    struct tb_ev_checked_in ev = {.day = day};
    const struct tb_reward *step =
        tb_checkin_step(t, tb_read(t, TB_KIND_GAME, r.game), (int64_t)run.to - run.from + 1);
    struct tb_earned got = {0};
    if (step != NULL && tb_play_give(&r, step->unit, step->amount, &got) == TB_CODE_OK)
        ev.amount = (uint64_t)got.amount;
    if (ev.amount > 0)
        tb_wire_put_uint(&a->body, 4, step->unit);
    uint64_t given[TB_REWARDS_MAX];
    ev.milestone_n = give_milestones(&r, seat, n, run, given);
    ev.milestone = given;
    record(&r, &ev, &d, run, day);
    return TB_DONE;
}

static uint64_t made_up_in(struct tb_block **seat, uint32_t n, int32_t month)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        sum += s->month == month ? s->made_up : 0;
    }
    return sum;
}

enum tb_outcome tb_play_makeup(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_checkin *in = cmd->input;
    struct tb_play_run r;
    int32_t today;
    uint32_t n;
    if (tb_play_begin(&r, t, cmd, TB_GAME_CHECKIN, &in->who, in->game, in->channel, a) != TB_DONE ||
        today_of(&r, in, &today) != TB_DONE)
        return TB_REFUSED;
    const struct tb_game *g = tb_game_head(t, r.game);
    if (in->day >= today || in->day < today - g->window_days)
        return tb_refuse(a, TB_CODE_INVALID, "day");
    struct tb_block **seat = tb_play_seats(t, r.game, tb_read(t, TB_KIND_PERSON, r.person), &n);
    struct tb_days d = tb_checkin_days(t, seat, n);
    if (filled(&d, in->day))
        return tb_refuse(a, TB_CODE_ALREADY_DONE, "day");
    int32_t month = month_of(today);
    if (g->per_day > 0 && made_up_in(seat, n, month) >= g->per_day)
        return tb_refuse(a, TB_CODE_PLAY_LIMIT, "member");
    if (g->cost_unit != 0 && tb_play_pay(&r, g->cost_unit, g->cost, "member") != TB_DONE)
        return TB_REFUSED;
    struct tb_seat_run run = run_with(&d, in->day);
    struct tb_ev_checked_in ev = {.day = in->day, .made_up = 1, .month = month};
    uint64_t given[TB_REWARDS_MAX];
    ev.milestone_n = give_milestones(&r, seat, n, run, given);
    ev.milestone = given;
    record(&r, &ev, &d, run, today);
    return TB_DONE;
}

/* ---- applying --------------------------------------------------------------------------------------- */

static void fill_day(struct tb_txn *t, uint64_t seat, int32_t day)
{
    struct tb_block *b = tb_write(t, TB_KIND_SEAT, seat);
    struct tb_seat_run *run = b->n[TB_SEAT_RUN] ? tb_section(t, b, TB_SEAT_RUN) : NULL;
    uint32_t n = b->n[TB_SEAT_RUN];
    uint32_t at = 0; /* the first run behind the day */
    while (at < n && run[at].from < day)
        at++;
    bool left = at > 0 && run[at - 1].to == day - 1;
    bool right = at < n && run[at].from == day + 1;
    if (left && right) {
        run[at - 1].to = run[at].to;
        tb_cut(t, TB_KIND_SEAT, seat, TB_SEAT_RUN, at, 1);
    } else if (left) {
        run[at - 1].to = day;
    } else if (right) {
        run[at].from = day;
    } else {
        struct tb_seat_run fresh = {day, day};
        (void)tb_push_at(t, TB_KIND_SEAT, seat, TB_SEAT_RUN, at, &fresh);
    }
}

static void forget(struct tb_txn *t, const struct tb_ev_checked_in *ev)
{
    struct tb_block *b = tb_read(t, TB_KIND_SEAT, ev->seat);
    const struct tb_seat_run *run = tb_section(t, b, TB_SEAT_RUN);
    uint32_t n = 0;
    while (n < b->n[TB_SEAT_RUN] && run[n].to < ev->runs_from)
        n++;
    if (n > 0)
        tb_cut(t, TB_KIND_SEAT, ev->seat, TB_SEAT_RUN, 0, n);
    for (uint32_t i = tb_read(t, TB_KIND_SEAT, ev->seat)->n[TB_SEAT_MILESTONE]; i-- > 0;) {
        b = tb_read(t, TB_KIND_SEAT, ev->seat);
        if (((const struct tb_seat_milestone *)tb_section(t, b, TB_SEAT_MILESTONE))[i].day < ev->milestones_from)
            tb_cut(t, TB_KIND_SEAT, ev->seat, TB_SEAT_MILESTONE, i, 1);
    }
}

void tb_play_apply_checked_in(struct tb_txn *t, const struct tb_ev_checked_in *ev)
{
    struct tb_seat *s = tb_seat_write(t, ev->seat, ev->game, ev->profile);
    s->plays++;
    if (ev->made_up) {
        s->made_up = s->month == (int32_t)ev->month ? s->made_up + 1 : 1;
        s->month = (int32_t)ev->month;
    }
    fill_day(t, ev->seat, (int32_t)ev->day);
    for (uint32_t i = 0; i < ev->milestone_n; i++) {
        struct tb_seat_milestone m = {(uint32_t)ev->milestone[i], (int32_t)ev->milestone_day};
        (void)tb_push(t, TB_KIND_SEAT, ev->seat, TB_SEAT_MILESTONE, &m);
    }
    forget(t, ev);
    ((struct tb_game *)tb_block_head(tb_write(t, TB_KIND_GAME, ev->game)))->plays++;
    tb_person_touch(t, (uint32_t)ev->profile);
}
