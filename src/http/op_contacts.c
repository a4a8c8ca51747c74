// SPDX-License-Identifier: Apache-2.0
/* http/op_contacts.c - someone was seen: contacts and probes. */
#include "http/app_int.h"

static const char *const kinds[TB_CONTACT_KINDS] = {"seen", "follow", "unfollow"};

static void contact_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_contact *in = w->input;
    bool given;
    uint32_t kind = TB_CONTACT_SEEN;
    in->identifier = tb_read_identifiers(w, o, &in->identifier_n);
    if (in->identifier_n == 0 && w->blocked)
        tb_work_no(w, TB_CODE_IDENTIFIER_BLOCKED, "identifiers");
    in->facts.touchpoint =
        tb_work_id(w, TB_KIND_TOUCHPOINT, tb_may_str(o, "touchpoint", TB_CODE_MAX));
    in->facts.store = tb_work_id(w, TB_KIND_STORE, tb_may_str(o, "store", TB_CODE_MAX));
    (void)tb_json_may_enum(o, TB_STR("kind"), kinds, TB_CONTACT_KINDS, &kind);
    in->facts.kind = kind;
    in->facts.occurred_ms = tb_read_occurred(w, o, &given);
}

static void contact_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    uint64_t person = tb_wire_u64(body, 1);
    uint64_t flags = tb_wire_u64(body, 8);
    tb_json_out_open(o, '{');
    if (person != 0) {
        tb_json_out_key_open(o, "member", '{');
        tb_out_id(w, o, "id", TB_ID_MEMBER, person);
        tb_json_out_key_bool(o, "new", tb_wire_u64(body, 3) != 0);
        tb_json_out_key_bool(o, "enrolled", tb_wire_u64(body, 4) != 0);
        tb_json_out_key_bool(o, "follower", (flags & TB_PERSON_FOLLOWER) != 0);
        tb_json_out_close(o, '}');
    }
    tb_out_id(w, o, "booked_to", TB_ID_MEMBER, tb_wire_u64(body, 2));
    tb_out_id(w, o, "device", TB_ID_DEVICE, tb_wire_u64(body, 5));
    tb_json_out_key_bool(o, "frozen", tb_wire_u64(body, 7) != 0);
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_key_open(o, "dropped", '[');
    while (tb_wire_step(&f))
        if (f.field == 6)
            tb_json_out_i64(o, (int64_t)f.v);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

static void probe_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_probe *in = w->input;
    struct tb_json_object id = tb_json_need_object(o, TB_STR("identifier"));
    bool given;
    if (id.index != UINT32_MAX && !tb_read_identifier(w, &id, &in->identifier) && w->blocked)
        tb_work_no(w, TB_CODE_IDENTIFIER_BLOCKED, "identifier");
    in->touchpoint = tb_work_id(w, TB_KIND_TOUCHPOINT,
                                tb_json_need_str(o, TB_STR("touchpoint"), 1, TB_CODE_MAX));
    in->occurred_ms = tb_read_occurred(w, o, &given);
}

static void probe_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "device", TB_ID_DEVICE, tb_wire_u64(body, 1));
    uint64_t person = tb_wire_u64(body, 2);
    if (person != 0) {
        tb_json_out_key_open(o, "member", '{');
        tb_out_id(w, o, "id", TB_ID_MEMBER, person);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, '}');
}

TB_WORK(contact, TB_OP_CONTACT, tb_cmd_contact, contact_read, contact_write);
TB_WORK(probe, TB_OP_PROBE, tb_cmd_probe, probe_read, probe_write);
