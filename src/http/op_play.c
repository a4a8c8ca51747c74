// SPDX-License-Identifier: Apache-2.0
/* http/op_play.c - playing for a member: draws, check-ins, stamps, tasks, red packets. */
#include "base/num.h"
#include "core/play/play.h"
#include "http/app_int.h"

static const char *const kinds[] = {"", "checkin", "draw", "stamps", "task", "scan", "sequence"};
static const char *const whys[] = {"as_drawn",     "locked",       "member_cap",
                                   "out_of_stock", "not_released", "refused"};
static const char *const modes[] = {"", "equal", "random"};

static struct tb_str game_of(struct tb_work *w, struct tb_json_object *o)
{
    return tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

static void play_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_play *in = w->input;
    in->game = game_of(w, o);
    tb_read_who(w, o, TB_STR("member"), &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
}

static void out_player(struct tb_json_out *o, uint64_t player)
{
    char hex[16];
    for (uint32_t i = 0; i < 16; i++)
        hex[i] = "0123456789abcdef"[player >> (60 - 4 * i) & 15];
    tb_json_out_key_str(o, "player", (struct tb_str){hex, sizeof hex});
}

static void draw_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    uint64_t v[16];
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_json_out_key_str(o, "prize", tb_wire_str(body, 11));
    tb_out_word(o, "why", whys, TB_COUNT_OF(whys), v[3]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[4]);
    tb_out_id(w, o, "lot", TB_ID_LOT, v[5]);
    tb_json_out_key_bool(o, "free", v[13] != 0);
    tb_json_out_key_bool(o, "pity", v[9] != 0);
    tb_json_out_key_i64(o, "misses", (int64_t)v[15]);
    if (v[13] == 0)
        tb_json_out_key_i64(o, "balance", tb_unzigzag(v[14]));
    tb_json_out_key_open(o, "proof", '{');
    tb_json_out_key_i64(o, "edition", (int64_t)v[10]);
    out_player(o, v[7]);
    tb_json_out_key_i64(o, "draw", (int64_t)v[6]);
    tb_json_out_key_i64(o, "ticket", (int64_t)v[8]);
    tb_json_out_close(o, '}');
    tb_json_out_close(o, '}');
}

/* ---- check-in ------------------------------------------------------------------------------------ */

static void checkin_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_checkin *in = w->input;
    in->game = game_of(w, o);
    tb_read_who(w, o, TB_STR("member"), &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
    in->zone = tb_may_str(o, "zone", 40);
}

static void makeup_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_checkin *in = w->input;
    checkin_read(w, o);
    in->day = tb_json_need_date(o, TB_STR("day"));
}

/* Rows of field 5: {1 at, 2 unit, 3 amount}. */
static void out_given(struct tb_work *w, struct tb_json_out *o, const char *key, struct tb_str body)
{
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_key_open(o, key, '[');
    while (tb_wire_step(&f)) {
        if (f.field != 5)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "at", (int64_t)tb_wire_u64(f.s, 1));
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(f.s, 2));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 3));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void checkin_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 12));
    tb_json_out_key(o, "day");
    tb_json_out_date(o, (int32_t)tb_wire_i64(body, 1));
    tb_json_out_key_i64(o, "streak", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(body, 3));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(body, 4));
    out_given(w, o, "milestones", body);
    tb_json_out_close(o, '}');
}

/* ---- stamps and tasks ----------------------------------------------------------------------------- */

static void stamp_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_stamp *in = w->input;
    in->game = game_of(w, o);
    tb_read_who(w, o, TB_STR("member"), &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
    in->count = tb_may_i64(o, "count", -1000, 1000, 1);
}

static void stamp_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 12));
    tb_json_out_key_i64(o, "stamps", tb_wire_i64(body, 1));
    tb_json_out_key_i64(o, "size", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_key_i64(o, "filled", (int64_t)tb_wire_u64(body, 3));
    tb_json_out_key_i64(o, "cards", (int64_t)tb_wire_u64(body, 4));
    out_given(w, o, "rewards", body);
    tb_json_out_close(o, '}');
}

static void task_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 12));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(body, 1));
    tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(body, 2));
    while (tb_wire_step(&f))
        if (f.field == 3)
            tb_json_out_key_i64(o, "left", (int64_t)f.v);
    tb_json_out_close(o, '}');
}

static void next_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 12));
    tb_json_out_key_i64(o, "step", (int64_t)tb_wire_u64(body, 1));
    tb_json_out_key_i64(o, "steps", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_key_str(o, "code", tb_wire_str(body, 3));
    tb_json_out_key_str(o, "message", tb_wire_str(body, 4));
    if (tb_wire_u64(body, 6) != 0) {
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(body, 5));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(body, 6));
        tb_out_id(w, o, "lot", TB_ID_LOT, tb_wire_u64(body, 7));
    }
    tb_json_out_close(o, '}');
}

static void tasks_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_task_list *in = w->input;
    tb_path_who(w, o, &in->who);
    in->unit = tb_call_query_str(w->call, TB_STR("unit"), TB_CODE_MAX);
    in->channel = tb_call_query_str(w->call, TB_STR("channel"), TB_CODE_MAX);
}

static void tasks_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "tasks", '[');
    while (tb_wire_step(&f)) {
        uint64_t times = tb_wire_u64(f.s, 5);
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "game", TB_KIND_GAME, tb_wire_u64(f.s, 1));
        tb_out_word(o, "kind", kinds, TB_COUNT_OF(kinds), tb_wire_u64(f.s, 2));
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(f.s, 3));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 4));
        if (times > 0)
            tb_json_out_key_i64(o, "times", (int64_t)times);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

static void seat_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_play *in = w->input;
    tb_path_who(w, o, &in->who);
    in->game = tb_path_text(w, o, 1, TB_STR("code"), TB_CODE_MAX);
}

/* Days that are filled, of a game of check-ins. */
static void out_runs(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    bool any = false;
    while (tb_wire_step(&f)) {
        if (f.field != 13)
            continue;
        if (!any) {
            tb_json_out_key_open(o, "runs", '[');
        }
        any = true;
        tb_json_out_open(o, '{');
        tb_json_out_key(o, "from");
        tb_json_out_date(o, (int32_t)tb_wire_i64(f.s, 1));
        tb_json_out_key_i64(o, "days", (int64_t)tb_wire_u64(f.s, 2));
        tb_json_out_close(o, '}');
    }
    if (any)
        tb_json_out_close(o, ']');
}

static void seat_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_json_out_key_i64(o, "plays", (int64_t)v[1]);
    tb_json_out_key_i64(o, "today", (int64_t)v[2]);
    tb_json_out_key_i64(o, "misses", (int64_t)v[3]);
    tb_json_out_key_i64(o, "free_left", (int64_t)v[4]);
    tb_json_out_key_i64(o, "streak", (int64_t)v[5]);
    tb_json_out_key_bool(o, "checked_in", v[6] != 0);
    tb_json_out_key_i64(o, "stamps", tb_unzigzag(v[7]));
    tb_json_out_key_i64(o, "cards", (int64_t)v[8]);
    if (v[9] != 0)
        out_player(o, v[9]);
    if (v[10] != 0)
        tb_json_out_key_i64(o, "times", (int64_t)v[10]);
    out_runs(w, o);
    tb_json_out_close(o, '}');
}

/* ---- packets ---------------------------------------------------------------------------------------- */

static void send_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_packet_send *in = w->input;
    if (tb_json_has(o, TB_STR("member")))
        tb_read_who(w, o, TB_STR("member"), &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->total = tb_json_need_i64(o, TB_STR("total"), 1, TB_AMOUNT_MAX);
    in->shares = tb_json_need_i64(o, TB_STR("shares"), 1, TB_PACKET_SHARES_MAX);
    in->mode = 1 + (int64_t)tb_json_need_enum(o, TB_STR("mode"), modes + 1, 2);
    in->lifetime_ms = tb_may_i64(o, "lifetime_s", 1, TB_PACKET_LIFETIME_MAX_MS / 1000, 86400) * 1000;
}

static void send_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "packet", TB_ID_PACKET, tb_wire_u64(body, 1));
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(body, 12));
    tb_out_time(o, "deadline", (int64_t)tb_wire_u64(body, 4));
    tb_json_out_close(o, '}');
}

static void claim_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_packet_claim *in = w->input;
    in->packet = tb_path_id(w, o, TB_STR("packet"), TB_ID_PACKET, TB_CODE_UNKNOWN_PACKET);
    tb_read_who(w, o, TB_STR("member"), &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
}

static void claim_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "packet", TB_ID_PACKET, v[1]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
    tb_json_out_key_bool(o, "again", v[3] != 0);
    tb_json_out_key_i64(o, "shares_left", (int64_t)v[4]);
    tb_json_out_close(o, '}');
}

static void packet_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_packet_get *in = w->input;
    in->packet = tb_path_id(w, o, TB_STR("packet"), TB_ID_PACKET, TB_CODE_UNKNOWN_PACKET);
}

static void packet_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_wire f = tb_wire_of(body);
    uint64_t v[11];
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "packet", TB_ID_PACKET, v[1]);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, v[2]);
    tb_json_out_key_i64(o, "total", (int64_t)v[3]);
    tb_json_out_key_i64(o, "left", (int64_t)v[4]);
    tb_json_out_key_i64(o, "shares", (int64_t)v[5]);
    tb_json_out_key_i64(o, "claimed", (int64_t)v[6]);
    tb_out_word(o, "mode", modes, TB_COUNT_OF(modes), v[7]);
    tb_out_time(o, "deadline", (int64_t)v[8]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[9]);
    tb_json_out_key_bool(o, "closed", v[10] != 0);
    tb_json_out_key_open(o, "claims", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 11)
            continue;
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        tb_out_time(o, "at", (int64_t)tb_wire_u64(f.s, 3));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

TB_WORK(draw, TB_OP_DRAW, tb_cmd_play, play_read, draw_write);
TB_WORK(checkin, TB_OP_CHECKIN, tb_cmd_checkin, checkin_read, checkin_write);
TB_WORK(makeup, TB_OP_CHECKIN_MAKEUP, tb_cmd_checkin, makeup_read, checkin_write);
TB_WORK(stamp, TB_OP_STAMP, tb_cmd_stamp, stamp_read, stamp_write);
TB_WORK(task_do, TB_OP_TASK_DO, tb_cmd_play, play_read, task_write);
TB_WORK(next_step, TB_OP_SEQUENCE_NEXT, tb_cmd_play, play_read, next_write);
TB_WORK(task_list, TB_OP_TASK_LIST, tb_cmd_task_list, tasks_read, tasks_write);
TB_WORK(seat_get, TB_OP_SEAT_GET, tb_cmd_play, seat_read, seat_write);
TB_WORK(packet_send, TB_OP_PACKET_SEND, tb_cmd_packet_send, send_read, send_write);
TB_WORK(packet_claim, TB_OP_PACKET_CLAIM, tb_cmd_packet_claim, claim_read, claim_write);
TB_WORK(packet_get, TB_OP_PACKET_GET, tb_cmd_packet_get, packet_read, packet_write);
