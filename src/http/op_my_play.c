// SPDX-License-Identifier: Apache-2.0
/* http/op_my_play.c - a member who is signed in plays: draws, check-ins, stamp cards, packets, tasks.
 *
 * Invariant   the player is that of the session; what a system must know (a task that was done, a
 *             stamp that was earned) she cannot say herself. Paths lie one place further on than
 *             those of the same operations by a key: in front of them stands she (op_me.c).     */
#include "core/play/play.h"
#include "http/people.h"

static struct tb_str game_of(struct tb_work *w, struct tb_json_object *o)
{
    return tb_path_text(w, o, 1, TB_STR("code"), TB_CODE_MAX);
}

static void draw_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_play *in = w->input;
    in->game = game_of(w, o);
    tb_path_who(w, o, &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
}

static void draw_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_draw.write(w, o);
}

static void next_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_next_step.write(w, o);
}

static void checkin_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_checkin *in = w->input;
    in->game = game_of(w, o);
    tb_path_who(w, o, &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
    in->zone = tb_may_str(o, "zone", 40);
}

static void makeup_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_checkin *in = w->input;
    checkin_read(w, o);
    in->day = tb_json_need_date(o, TB_STR("day"));
}

static void checkin_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_checkin.write(w, o);
}

/* A full card is taken in; how many stamps there are is not hers to say. */
static void card_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_stamp *in = w->input;
    in->game = game_of(w, o);
    tb_path_who(w, o, &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
}

static void card_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_stamp.write(w, o);
}

static void send_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_packet_send *in = w->input;
    tb_work_packet_send.read(w, o);
    tb_path_who(w, o, &in->who);
}

static void send_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_packet_send.write(w, o);
}

static void claim_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_packet_claim *in = w->input;
    if (!tb_id_parse(&w->app->hash_key, TB_ID_PACKET, w->tenant, w->param[1], &in->packet))
        tb_work_no(w, TB_CODE_UNKNOWN_PACKET, "packet");
    tb_path_who(w, o, &in->who);
    in->channel = tb_may_str(o, "channel", TB_CODE_MAX);
}

static void claim_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_packet_claim.write(w, o);
}

static void game_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_object_get *in = w->input;
    in->kind = TB_KIND_GAME;
    in->code = game_of(w, o);
}

/* What was never opened is nobody's business yet. */
static void game_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view view;
    struct tb_str packed = tb_wire_str(tb_wire_str(tb_work_answer(w), 1), 2);
    if (!tb_view_read(TB_KIND_GAME, packed, w->arena, &view)) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
        return;
    }
    if (((const struct tb_game *)view.head)->opened_ms == 0) {
        tb_work_no(w, TB_CODE_NOT_FOUND, "code");
        return;
    }
    tb_work_game_get.write(w, o);
}

TB_WORK(my_game, TB_OP_OBJECT_GET, tb_cmd_object_get, game_read, game_write);
TB_WORK(my_draw, TB_OP_DRAW, tb_cmd_play, draw_read, draw_write);
TB_WORK(my_next, TB_OP_SEQUENCE_NEXT, tb_cmd_play, draw_read, next_write);
TB_WORK(my_checkin, TB_OP_CHECKIN, tb_cmd_checkin, checkin_read, checkin_write);
TB_WORK(my_makeup, TB_OP_CHECKIN_MAKEUP, tb_cmd_checkin, makeup_read, checkin_write);
TB_WORK(my_card, TB_OP_STAMP, tb_cmd_stamp, card_read, card_write);
TB_WORK(my_packet, TB_OP_PACKET_SEND, tb_cmd_packet_send, send_read, send_write);
TB_WORK(my_packet_claim, TB_OP_PACKET_CLAIM, tb_cmd_packet_claim, claim_read, claim_write);
