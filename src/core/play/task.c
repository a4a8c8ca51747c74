// SPDX-License-Identifier: Apache-2.0
/* core/play/task.c - how a member can earn: tasks, the list of what she can do now, her seat. */
#include "core/play/play_int.h"

/* How often the person has done the task in the period that begins at start. */
static uint64_t done_in(const struct tb_txn *t, uint32_t game, struct tb_block *person, int32_t start)
{
    uint32_t n;
    struct tb_block **seat = tb_play_seats(t, game, person, &n);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        sum += s->day == start ? s->day_n : 0;
    }
    return sum;
}

static int32_t start_of(const struct tb_txn *t, const struct tb_game *g)
{
    return tb_period_start((enum tb_cap_period)g->period, tb_tenant_day(t, t->now_ms, NULL, NULL));
}

enum tb_outcome tb_play_task_do(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_play *in = cmd->input;
    struct tb_play_run r;
    if (tb_play_begin(&r, t, cmd, TB_GAME_TASK, &in->who, in->game, in->channel, a) != TB_DONE)
        return TB_REFUSED;
    const struct tb_game *g = tb_game_head(t, r.game);
    uint32_t most = g->per_member;
    int32_t start = start_of(t, g);
    uint64_t done = done_in(t, r.game, tb_read(t, TB_KIND_PERSON, r.person), start);
    if (most > 0 && done >= most)
        return tb_refuse(a, TB_CODE_PLAY_LIMIT, "member");
    struct tb_reward reward =
        *(const struct tb_reward *)tb_section(t, tb_read(t, TB_KIND_GAME, r.game), TB_GAME_REWARD);
    struct tb_earned got;
    enum tb_code code = tb_play_give(&r, reward.unit, reward.amount, &got);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "member");
    struct tb_block *seat = tb_seat_block(t, r.game, r.profile);
    const struct tb_seat *mine = seat ? tb_block_head(seat) : NULL;
    struct tb_ev_task_done ev = {.game = r.game,
                                 .seat = r.seat,
                                 .profile = r.profile,
                                 .period_start = start,
                                 .n = (mine != NULL && mine->day == start ? mine->day_n : 0) + 1};
    tb_emit_task_done(t, &ev);
    tb_wire_put_uint(&a->body, 1, reward.unit);
    tb_wire_put_uint(&a->body, 2, (uint64_t)got.amount);
    if (most > 0)
        tb_wire_put_uint(&a->body, 3, most - done - 1);
    tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, r.person)));
    return TB_DONE;
}

void tb_play_apply_task_done(struct tb_txn *t, const struct tb_ev_task_done *ev)
{
    struct tb_seat *s = tb_seat_write(t, ev->seat, ev->game, ev->profile);
    s->plays++;
    s->day = (int32_t)ev->period_start;
    s->day_n = (uint32_t)ev->n;
    ((struct tb_game *)tb_block_head(tb_write(t, TB_KIND_GAME, ev->game)))->plays++;
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* ---- what can be done now ------------------------------------------------------------------------- */

struct row {
    uint32_t unit;
    int64_t amount;
    uint64_t times; /* 0 = no limit */
};

static int64_t streak_alive(const struct tb_days *d, int32_t today)
{
    const struct tb_seat_run *last = d->n > 0 ? &d->run[d->n - 1] : NULL;
    return last != NULL && last->to >= today - 1 ? (int64_t)last->to - last->from + 1 : 0;
}

static struct tb_days days_of(const struct tb_txn *t, uint32_t game, struct tb_block *person)
{
    uint32_t n;
    struct tb_block **seat = tb_play_seats(t, game, person, &n);
    return tb_checkin_days(t, seat, n);
}

/* Today's check-in, by the tenant's day. */
static bool checkin_row(const struct tb_txn *t, struct tb_block *game, struct tb_block *person, struct row *out)
{
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    struct tb_days d = days_of(t, (uint32_t)game->id, person);
    if (d.n > 0 && d.run[d.n - 1].to >= today)
        return false;
    const struct tb_reward *step = tb_checkin_step(t, game, streak_alive(&d, today) + 1);
    if (step == NULL)
        return false;
    *out = (struct row){step->unit, step->amount, 1};
    return true;
}

static bool task_row(const struct tb_txn *t, struct tb_block *game, struct tb_block *person, struct row *out)
{
    const struct tb_game *g = tb_block_head(game);
    uint64_t done = done_in(t, (uint32_t)game->id, person, start_of(t, g));
    if (g->per_member > 0 && done >= g->per_member)
        return false;
    const struct tb_reward *reward = tb_section(t, game, TB_GAME_REWARD);
    *out = (struct row){reward->unit, reward->amount, g->per_member > 0 ? g->per_member - done : 0};
    return true;
}

static bool scan_row(const struct tb_txn *t, struct tb_block *game, struct tb_block *person, struct row *out)
{
    struct tb_reward reward;
    uint64_t times;
    if (!tb_scan_row(t, game, person, &reward, &times))
        return false;
    *out = (struct row){reward.unit, reward.amount, times};
    return true;
}

static bool row_of(const struct tb_txn *t, uint32_t kind, struct tb_block *game, struct tb_block *person,
                   struct row *out)
{
    if (kind == TB_GAME_SCAN)
        return scan_row(t, game, person, out);
    return kind == TB_GAME_CHECKIN ? checkin_row(t, game, person, out) : task_row(t, game, person, out);
}

void tb_task_rows(const struct tb_txn *t, struct tb_block *person, uint32_t unit, struct tb_str channel,
                  uint32_t field, bool full, uint32_t max, struct tb_buf *out)
{
    uint32_t n;
    uint32_t told = 0;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_GAME, &n);
    for (uint32_t i = 0; i < n && told < max; i++) {
        if (list[i].tag != TB_GAME_CHECKIN && list[i].tag != TB_GAME_TASK && list[i].tag != TB_GAME_SCAN)
            continue;
        struct tb_block *game = tb_read(t, TB_KIND_GAME, list[i].id);
        struct row row;
        if (tb_play_open(t, game, person) != TB_CODE_OK || tb_play_channel(t, channel, game) != TB_CODE_OK ||
            !row_of(t, list[i].tag, game, person, &row) ||
            (unit != 0 && row.unit != unit))
            continue;
        uint8_t region[128];
        struct tb_buf b;
        tb_buf_init(&b, region, sizeof region);
        if (full) {
            tb_wire_put_uint(&b, 1, list[i].id);
            tb_wire_put_uint(&b, 2, list[i].tag);
            tb_wire_put_uint(&b, 3, row.unit);
        } else {
            tb_wire_put_bytes(&b, 1, tb_config_text(t, game, tb_config_of(game)->code));
        }
        tb_wire_put_uint(&b, full ? 4 : 2, (uint64_t)row.amount);
        if (row.times > 0)
            tb_wire_put_uint(&b, full ? 5 : 3, row.times);
        tb_assert(!b.overflowed);
        tb_wire_put_bytes(out, field, tb_buf_as_str(&b));
        told++;
    }
}

enum tb_outcome tb_play_task_list(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_task_list *in = cmd->input;
    uint32_t unit = in->unit.n ? tb_find_code(t, TB_KIND_UNIT, in->unit) : 0;
    if (in->unit.n && unit == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
    uint32_t profile = tb_member_find(t, &in->who, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    if (in->channel.n && tb_find_code(t, TB_KIND_CHANNEL, in->channel) == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CHANNEL, "channel");
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    tb_task_rows(t, person, unit, in->channel, 1, true, TB_GAMES_MAX, &a->body);
    return TB_DONE;
}

/* ---- where a member is ------------------------------------------------------------------------------ */

/* Her sums over all seats, as a seat. */
static struct tb_seat sum_of(const struct tb_txn *t, uint32_t game, struct tb_block *person, int32_t day)
{
    uint32_t n;
    struct tb_block **seat = tb_play_seats(t, game, person, &n);
    struct tb_seat sum = {0};
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_seat *s = tb_block_head(seat[i]);
        sum.plays += s->plays;
        sum.misses += s->misses;
        sum.day_n += s->day == day ? s->day_n : 0;
        sum.day_free += s->day == day ? s->day_free : 0;
    }
    return sum;
}

/* The newest runs of filled days, oldest first. */
static void tell_runs(const struct tb_days *d, struct tb_buf *body)
{
    for (uint32_t i = d->n > TB_SEAT_RUNS_TOLD ? d->n - TB_SEAT_RUNS_TOLD : 0; i < d->n; i++) {
        uint8_t region[24];
        struct tb_buf row;
        tb_buf_init(&row, region, sizeof region);
        tb_wire_put_uint(&row, 1, tb_zigzag(d->run[i].from));
        tb_wire_put_uint(&row, 2, (uint64_t)(d->run[i].to - d->run[i].from + 1));
        tb_wire_put_bytes(body, 13, tb_buf_as_str(&row));
    }
}

enum tb_outcome tb_play_seat_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_play *in = cmd->input;
    uint32_t game = tb_find_code(t, TB_KIND_GAME, in->game);
    if (game == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_GAME, "game");
    uint32_t profile = tb_member_find(t, &in->who, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    const struct tb_game *g = tb_game_head(t, game);
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    struct tb_seat sum = sum_of(t, game, person, g->kind == TB_GAME_TASK ? start_of(t, g) : today);
    uint64_t v[11] = {[1] = sum.plays};
    if (g->kind == TB_GAME_DRAW) {
        v[2] = sum.day_n;
        v[3] = sum.misses;
        v[4] = g->free_day > sum.day_free ? g->free_day - sum.day_free : 0;
        v[9] = tb_play_player(t, game, profile);
    } else if (g->kind == TB_GAME_CHECKIN) {
        struct tb_days d = days_of(t, game, person);
        v[5] = (uint64_t)streak_alive(&d, today);
        v[6] = d.n > 0 && d.run[d.n - 1].to >= today;
        tell_runs(&d, &a->body);
    } else if (g->kind == TB_GAME_SCAN) {
        v[2] = sum.day_n;
    } else if (g->kind == TB_GAME_STAMPS) {
        v[7] = tb_zigzag(tb_ledger_balance(t, person, g->unit, t->now_ms).available);
        v[8] = sum.plays;
    } else {
        v[10] = g->per_member > sum.day_n ? g->per_member - sum.day_n : 0;
    }
    for (uint32_t i = 1; i < TB_COUNT_OF(v); i++)
        if (v[i] != 0)
            tb_wire_put_uint(&a->body, i, v[i]);
    tb_wire_put_uint(&a->body, 12, tb_person_id(person));
    return TB_DONE;
}
