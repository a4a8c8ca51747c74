// SPDX-License-Identifier: Apache-2.0
/* http/op_channels.c - what channels allow, read back as it was put (op_play_config.c puts it). */
#include "core/play/play.h"
#include "http/app_int.h"

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_object(w, o, TB_KIND_CHANNEL);
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, TB_KIND_CHANNEL);
}

static void out_channel(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v)
{
    const struct tb_channel *c = v->head;
    (void)w;
    (void)kind;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(v, c->c.code));
    tb_json_out_key_i64(o, "version", c->c.version);
    tb_out_text(o, "name", tb_view_text(v, c->c.name));
    tb_json_out_key_bool(o, "forbid_sharing", (c->forbids & TB_FORBIDS_SHARING) != 0);
    tb_json_out_key_bool(o, "forbid_hidden_odds", (c->forbids & TB_FORBIDS_HIDDEN_ODDS) != 0);
    tb_json_out_key_bool(o, "forbid_packets", (c->forbids & TB_FORBIDS_PACKETS) != 0);
    tb_json_out_key_i64(o, "prize_ceiling", c->prize_ceiling);
    tb_json_out_close(o, '}');
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    (void)tb_work_out_object(w, o, TB_KIND_CHANNEL, tb_wire_str(tb_work_answer(w), 1), out_channel);
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_out_list(w, o, TB_KIND_CHANNEL, out_channel);
}

TB_WORK(channel_get, TB_OP_OBJECT_GET, tb_cmd_object_get, get_read, get_write);
TB_WORK(channel_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, list_read, list_write);
