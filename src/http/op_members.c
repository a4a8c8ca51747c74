// SPDX-License-Identifier: Apache-2.0
/* http/op_members.c - one member: reading her, and acts on who she is.
 *
 * Only reveal and export print values whole, and both leave a record in the journal first.
 * Not here: how a member is printed (member_view.c).                                     */
#include <string.h>

#include "base/num.h"
#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "http/app_int.h"
#include "http/erasing.h"
#include "http/member_view.h"

static const char *const roles[] = {NULL, "buyer_for", "user_of", "guardian_of"};
static const char *const subjects[] = {NULL, "person", "child", "pet"};

/* ---- reading a member ------------------------------------------------------------------------------ */

/* "view": brief or full */
static void note_view(struct tb_work *w, bool brief)
{
    struct tb_view_note *note = TB_NEW(w->arena, struct tb_view_note);
    struct tb_str view = tb_call_query_str(w->call, TB_STR("view"), 8);
    if (view.n > 0 && !tb_str_eq_c(view, "brief") && !tb_str_eq_c(view, "full"))
        tb_refusal_set(w->refusal, TB_PROBLEM_NOT_AN_OPTION, "view", "brief or full");
    if (note != NULL)
        note->brief = view.n ? tb_str_eq_c(view, "brief") : brief;
    w->note = note;
}

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    in->detail = true;
    tb_path_who(w, o, &in->who);
    note_view(w, false);
}

static void find_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    struct tb_str ns = tb_call_query_str(w->call, TB_STR("ns"), TB_CODE_MAX);
    struct tb_str value = tb_call_query_str(w->call, TB_STR("value"), 256);
    in->detail = true;
    note_view(w, true);
    if (ns.n == 0 || value.n == 0) {
        tb_refusal_set(w->refusal, TB_PROBLEM_MISSING_FIELD, ns.n ? "value" : "ns", NULL);
        return;
    }
    if (!tb_make_identifier(w, ns, value, false, &in->who.identifier, o) && w->blocked)
        tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, "value");
}

/* ---- enrolment, links, roles ----------------------------------------------------------------------- */

static void enrol_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_enrol *in = w->input;
    bool given;
    tb_path_who(w, o, &in->who);
    in->touchpoint = tb_work_id(w, TB_KIND_TOUCHPOINT, tb_may_str(o, "touchpoint", TB_CODE_MAX));
    in->terms_version = (uint32_t)tb_json_need_i64(o, TB_STR("terms_version"), 1, 1000000);
    in->flags = tb_may_bool(o, "anonymous") ? TB_ENROL_ANONYMOUS : 0;
    in->occurred_ms = tb_read_occurred(w, o, &given);
}

static void ids_write(struct tb_work *w, struct tb_json_out *o, const char *first,
                      const char *second)
{
    struct tb_str body = tb_work_answer(w);
    tb_out_id(w, o, first, TB_ID_MEMBER, tb_wire_u64(body, 1));
    tb_out_id(w, o, second, TB_ID_MEMBER, tb_wire_u64(body, 2));
}

static void enrol_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    ids_write(w, o, "id", "booked_to");
    tb_json_out_close(o, '}');
}

static uint64_t need_profile(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                             const char *field)
{
    uint64_t profile = 0;
    struct tb_str id = tb_json_need_str(o, name, 1, 32);
    if (w->refusal->problem == TB_PROBLEM_NONE &&
        !tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &profile))
        tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, field);
    return profile;
}

static void link_read(struct tb_work *w, struct tb_json_object *o)
{
    static const char *const kinds[] = {"always", "never", "cleared"};
    struct tb_cmd_link *in = w->input;
    in->a = need_profile(w, o, TB_STR("a"), "a");
    in->b = need_profile(w, o, TB_STR("b"), "b");
    in->kind = tb_json_need_enum(o, TB_STR("kind"), kinds, 3) + 1;
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void link_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    ids_write(w, o, "a", "b");
    tb_json_out_close(o, '}');
}

static void unmerge_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_unmerge *in = w->input;
    struct tb_str id;
    tb_path_who(w, o, &in->who);
    struct tb_json_array list = tb_json_need_array(o, TB_STR("identifiers"), 1, TB_COMPONENT_MAX);
    uint64_t *profile = TB_NEW_ARRAY(w->arena, uint64_t, list.n + 1);
    in->profile = profile;
    while (profile != NULL && tb_json_next_str(&list, 1, 32, &id))
        if (!tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &profile[in->profile_n++]))
            tb_work_no(w, TB_CODE_NOT_LINKED, "identifiers");
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void unmerge_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    ids_write(w, o, "stays", "left");
    tb_out_amounts(w, o, "claims", tb_work_answer(w), 3);
    tb_json_out_close(o, '}');
}

static int32_t read_month(struct tb_json_object *o)
{
    int32_t day = 0;
    struct tb_str text = tb_may_str(o, "birth_month", 7);
    char full[10];
    if (text.n == 0)
        return 0;
    if (text.n == 7) {
        memcpy(full, text.p, 7);
        memcpy(full + 7, "-01", 3);
    }
    if (text.n != 7 || !tb_date_parse((struct tb_str){full, 10}, &day)) {
        tb_json_refuse(o, TB_STR("birth_month"), TB_PROBLEM_INVALID_VALUE, "Written YYYY-MM.");
        return 0;
    }
    struct tb_date d = tb_date_from_days(day);
    return d.year * 12 + d.month - 1;
}

static void role_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_role_put *in = w->input;
    bool given;
    tb_path_who(w, o, &in->who);
    in->role = tb_json_need_enum(o, TB_STR("role"), roles + 1, 3) + 1;
    in->subject_kind = tb_json_need_enum(o, TB_STR("subject"), subjects + 1, 3) + 1;
    if (tb_json_has(o, TB_STR("subject_id")))
        in->subject = need_profile(w, o, TB_STR("subject_id"), "subject_id");
    in->birth_month = read_month(o);
    in->number = (uint32_t)tb_may_i64(o, "number", 0, 65535, 0);
    in->removed = tb_may_bool(o, "removed");
    in->occurred_ms = tb_read_occurred(w, o, &given);
}

static void role_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_i64(o, "number", (int64_t)tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

/* ---- erasing ------------------------------------------------------------------------------------------- */

static void erase_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_erase *in = w->input;
    tb_path_who(w, o, &in->who);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

/* On the side thread: the journal says erased; now the keys go, also those of the profiles
 * that the answer does not name. A sender who learns that the outcome is unknown repeats it,
 * and after a crash in between the next start does it (http/erasing.h).                   */
static void erase_keys(struct tb_work *w)
{
    struct tb_fault fault = {.text = ""};
    uint32_t profile = (uint32_t)tb_wire_u64(tb_work_answer(w), 2);
    bool done = tb_erasing_person(w->app->o.cell, w->app->o.keys, profile, &fault);
    w->job.finish = done ? TB_FINISH_DONE : TB_FINISH_UNKNOWN;
}

static void erase_reply(struct tb_work *w)
{
    if (w->job.finish == TB_FINISH_DONE)
        tb_work_reply(w);
    else
        tb_http_refuse_code(w->req, TB_PROBLEM_OUTCOME_UNKNOWN, NULL);
}

static void erase_after(struct tb_work *w)
{
    tb_keyring_slow(w->app->keyring, w, erase_keys, erase_reply);
}

static void erase_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "identifiers", (int64_t)tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_bool(o, "erased", true);
    tb_json_out_close(o, '}');
}

/* ---- lifting a freeze ------------------------------------------------------------------------------- */

static void unfreeze_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_unfreeze *in = w->input;
    tb_path_who(w, o, &in->who);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void unfreeze_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_bool(o, "lifted", tb_wire_u64(tb_work_answer(w), 2) != 0);
    tb_json_out_close(o, '}');
}

/* ---- reveal and export ------------------------------------------------------------------------------------ */

static void reveal_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_reveal *in = w->input;
    in->profile = tb_path_id(w, o, TB_STR("identifier"), TB_ID_MEMBER, TB_CODE_UNKNOWN_MEMBER);
    in->attribute = tb_work_id(w, TB_KIND_ATTRIBUTE, tb_may_str(o, "attribute", TB_CODE_MAX));
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void reveal_write(struct tb_work *w, struct tb_json_out *o)
{
    uint8_t plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    struct tb_str body = tb_work_answer(w);
    struct tb_buf b;
    uint32_t profile = (uint32_t)tb_wire_u64(body, 1);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, profile);
    tb_buf_init(&b, plain, sizeof plain);
    tb_json_out_key(o, "value");
    if (tb_work_open(w, profile, (uint32_t)tb_wire_u64(body, 2), tb_wire_str(body, 3), &b))
        tb_json_out_str(o, tb_buf_as_str(&b));
    else
        tb_json_out_null(o);
    tb_json_out_close(o, '}');
}

struct export_note {
    struct tb_view_note view; /* first: tb_member_view_write takes it */
    struct tb_cmd_reveal reveal;
    struct tb_cmd_member_get get;
};

static void export_reply(struct tb_work *w)
{
    tb_work_reply(w);
}

/* The record stands; now the whole view. */
static void export_view(struct tb_work *w)
{
    struct export_note *note = w->note;
    w->job.command = (struct tb_command){TB_OP_MEMBER_GET, w->tenant, w->job.command.actor, &note->get};
    w->job.key_hash = 0;
    tb_work_submit(w, export_reply);
}

/* One record for the member, on an identifier that is kept; without any there is nothing
 * to reveal and nothing to record.                                                        */
static void export_record(struct tb_work *w)
{
    struct export_note *note = w->note;
    struct tb_view v;
    struct tb_str body = tb_work_answer(w);
    size_t mark = tb_arena_mark(w->arena);
    note->reveal.profile = 0;
    if (tb_view_read(TB_KIND_PERSON, tb_wire_str(body, 2), w->arena, &v)) {
        const struct tb_profile *f = v.section[TB_PERSON_PROFILE];
        for (uint32_t i = 0; i < v.n[TB_PERSON_PROFILE] && note->reveal.profile == 0; i++)
            if (f[i].sealed_n > 0 && !(f[i].flags & TB_PROFILE_ERASED))
                note->reveal.profile = f[i].no;
    }
    tb_arena_release(w->arena, mark);
    if (note->reveal.profile == 0) {
        tb_work_reply(w);
        return;
    }
    w->job.command = (struct tb_command){TB_OP_REVEAL, w->tenant, w->job.command.actor, &note->reveal};
    tb_work_hashes(w, w->req->idempotency_key, w->req->path, w->req->body);
    tb_work_submit(w, export_view);
}

static void export_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    struct export_note *note = TB_NEW(w->arena, struct export_note);
    in->detail = true;
    tb_path_who(w, o, &in->who);
    struct tb_str reason = tb_json_need_str(o, TB_STR("reason"), 1, TB_REASON_MAX);
    if (note == NULL) {
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
        return;
    }
    note->view.whole = true;
    note->reveal.reason = reason;
    note->get = *in;
    w->note = note;
}

TB_WORK(member_get, TB_OP_MEMBER_GET, tb_cmd_member_get, get_read, tb_member_view_write);
TB_WORK(member_find, TB_OP_MEMBER_GET, tb_cmd_member_get, find_read, tb_member_view_write);
TB_WORK(enrol, TB_OP_ENROL, tb_cmd_enrol, enrol_read, enrol_write);
TB_WORK(link, TB_OP_LINK, tb_cmd_link, link_read, link_write);
TB_WORK(unmerge, TB_OP_UNMERGE, tb_cmd_unmerge, unmerge_read, unmerge_write);
TB_WORK(role_put, TB_OP_ROLE_PUT, tb_cmd_role_put, role_read, role_write);
const struct tb_work_op tb_work_erase = {
    TB_OP_ERASE, sizeof(struct tb_cmd_erase), erase_read, erase_write, erase_after, 0};
TB_WORK(unfreeze, TB_OP_UNFREEZE, tb_cmd_unfreeze, unfreeze_read, unfreeze_write);
TB_WORK(reveal, TB_OP_REVEAL, tb_cmd_reveal, reveal_read, reveal_write);
const struct tb_work_op tb_work_export = {
    TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), export_read, tb_member_view_write, export_record, 0};
