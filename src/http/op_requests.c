// SPDX-License-Identifier: Apache-2.0
/* http/op_requests.c - what waits for a second person, and her decision; what a member asks about herself
 * (core/approval/approval.h). */
#include "core/approval/approval.h"

#include "http/app_int.h"

const char *const tb_words_request_act[TB_REQUEST_ACTS] = {NULL, "adjust", "reverse", "erase"};
const char *const tb_words_request_state[TB_REQUEST_STATES] = {NULL,       "waiting",   "approved",
                                                               "declined", "withdrawn", "lapsed"};
const char *const tb_words_request_over[TB_REQUEST_OVERS] = {"act", "day"};

static uint32_t state_asked(struct tb_work *w)
{
    struct tb_str word = tb_call_query_str(w->call, TB_STR("state"), 16);
    for (uint32_t i = 1; i < TB_REQUEST_STATES && word.n > 0; i++)
        if (tb_str_eq_c(word, tb_words_request_state[i]))
            return i;
    if (word.n > 0)
        tb_refusal_set(w->refusal, TB_PROBLEM_NOT_AN_OPTION, "state", NULL);
    return 0;
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_request_list *in = w->input;
    (void)o;
    in->state = state_asked(w);
    in->before = (uint64_t)tb_call_query_i64(w->call, TB_STR("before"), 1, INT64_MAX, 0);
    struct tb_str by = tb_call_query_str(w->call, TB_STR("asked_by"), 16);
    in->mine = tb_str_eq_c(by, "me");
    if (by.n > 0 && !in->mine)
        tb_refusal_set(w->refusal, TB_PROBLEM_NOT_AN_OPTION, "asked_by", NULL);
    in->limit = (uint32_t)tb_call_query_i64(w->call, TB_STR("limit"), 1, TB_REQUEST_LIST_MAX, 50);
}

static void one_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_request_list *in = w->input;
    in->request = tb_path_id(w, o, TB_STR("request"), TB_ID_REQUEST, TB_CODE_UNKNOWN_REQUEST);
    in->limit = 1;
}

static void out_text(struct tb_json_out *o, const char *key, const struct tb_view *v, uint32_t at, uint32_t n)
{
    if (n > 0)
        tb_json_out_key_str(o, key, (struct tb_str){(const char *)v->section[TB_REQUEST_BYTES] + at, n});
}

/* {1 number, 2 packed} */
static void out_request(struct tb_work *w, struct tb_json_out *o, struct tb_str row)
{
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    if (!tb_view_read(TB_KIND_REQUEST, tb_wire_str(row, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return;
    }
    const struct tb_approval *r = v.head;
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "request", TB_ID_REQUEST, tb_wire_u64(row, 1));
    tb_out_word(o, "act", tb_words_request_act, TB_REQUEST_ACTS, r->act);
    tb_out_word(o, "state", tb_words_request_state, TB_REQUEST_STATES, r->state);
    tb_out_id(w, o, "member", TB_ID_MEMBER, r->profile);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, r->unit);
    if (r->act != TB_REQUEST_ERASE)
        tb_json_out_key_i64(o, "amount", r->amount);
    tb_out_id(w, o, "transfer", TB_ID_TRANSFER, r->transfer);
    tb_out_id(w, o, "made", TB_ID_TRANSFER, r->made);
    if (r->act != TB_REQUEST_ERASE)
        tb_out_word(o, "over", tb_words_request_over, TB_REQUEST_OVERS, r->over);
    out_text(o, "reason", &v, 0, r->reason_n);
    out_text(o, "note", &v, r->reason_n, r->note_n);
    tb_out_code(w, o, "asked_by", TB_KIND_KEY, r->asked_by);
    tb_out_code(w, o, "decided_by", TB_KIND_KEY, r->decided_by);
    tb_out_time(o, "asked_at", r->asked_ms);
    tb_out_time(o, "deadline", r->deadline_ms);
    tb_out_time(o, "decided_at", r->decided_ms);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "items", '[');
    while (tb_wire_step(&f))
        if (f.field == 1)
            out_request(w, o, f.s);
    tb_json_out_close(o, ']');
    tb_json_out_key_i64(o, "waiting", (int64_t)tb_wire_u64(body, 2));
    if (((const struct tb_cmd_request_list *)w->input)->mine)
        tb_out_amounts(w, o, "moved_today", body, 4);
    if (tb_wire_u64(body, 3) != 0)
        tb_json_out_key_i64(o, "next", (int64_t)tb_wire_u64(body, 3));
    tb_json_out_close(o, '}');
}

static void one_write(struct tb_work *w, struct tb_json_out *o)
{
    out_request(w, o, tb_wire_str(tb_work_answer(w), 1));
}

static void decide_read(struct tb_work *w, struct tb_json_object *o)
{
    static const char *const words[] = {"approve", "decline"};
    struct tb_cmd_request_decide *in = w->input;
    in->request = tb_path_id(w, o, TB_STR("request"), TB_ID_REQUEST, TB_CODE_UNKNOWN_REQUEST);
    in->approve = tb_json_need_enum(o, TB_STR("decision"), words, TB_COUNT_OF(words)) == 0;
    in->note = tb_may_str(o, "note", TB_REASON_MAX);
}

static void decide_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    uint64_t v[10];
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "request", TB_ID_REQUEST, v[7]);
    tb_out_word(o, "state", tb_words_request_state, TB_REQUEST_STATES, v[8]);
    if (v[1] != 0) { /* carried out */
        tb_out_id(w, o, "transfer", TB_ID_TRANSFER, v[1]);
        tb_out_id(w, o, "member", TB_ID_MEMBER, v[5]);
        tb_json_out_key_i64(o, "amount", tb_unzigzag(v[2]));
        tb_json_out_key_i64(o, "available", tb_unzigzag(v[3]));
    }
    tb_json_out_close(o, '}');
}

/* ---- a member, to be erased -------------------------------------------------------------------------------- */

void tb_erasure_out(struct tb_json_out *o, struct tb_str asked)
{
    tb_out_word(o, "state", tb_words_request_state, TB_REQUEST_STATES, tb_wire_u64(asked, 2));
    tb_out_time(o, "asked_at", (int64_t)tb_wire_u64(asked, 3));
    tb_out_time(o, "deadline", (int64_t)tb_wire_u64(asked, 4));
    tb_out_time(o, "decided_at", (int64_t)tb_wire_u64(asked, 5));
    struct tb_str note = tb_wire_str(asked, 6);
    if (note.n > 0)
        tb_json_out_key_str(o, "note", note);
}

static void erasure_ask_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_erasure *in = w->input;
    tb_path_who(w, o, &in->who);
    in->back = w->req->op == TB_API_DELETE_MY_ERASURE;
}

static void erasure_ask_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str asked = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_json_out_key_bool(o, "waiting", tb_wire_u64(asked, 2) == TB_REQUEST_WAITING);
    if (asked.n > 0)
        tb_erasure_out(o, asked);
    tb_json_out_close(o, '}');
}

TB_WORK(erasure_ask, TB_OP_ERASURE_ASK, tb_cmd_erasure, erasure_ask_read, erasure_ask_write);
TB_WORK(request_list, TB_OP_REQUEST_LIST, tb_cmd_request_list, list_read, list_write);
TB_WORK(request_get, TB_OP_REQUEST_LIST, tb_cmd_request_list, one_read, one_write);
TB_WORK(request_decide, TB_OP_REQUEST_DECIDE, tb_cmd_request_decide, decide_read, decide_write);
