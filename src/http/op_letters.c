// SPDX-License-Identifier: Apache-2.0
/* http/op_letters.c - dead letters of a webhook: which there are, and sending them again.
 *
 * The webhook is found by its code in the cell, so that a tenant sees its own; the letters lie
 * with whoever sends (app.h), and are asked for on the side thread.                       */
#include <stdlib.h>

#include "core/catalog/catalog.h"
#include "http/app_int.h"

#define LETTER_BYTES 1024u /* one, printed; its reason has at most 119 characters, each escaped at worst */

struct letters_note {
    uint64_t after; /* replay: the one to send again, 0 = all */
    uint32_t limit;
    uint32_t n;
    uint64_t last;
    bool ok;
    struct tb_buf b;
    struct tb_json_out o;
};

static void common_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_object_get *in = w->input;
    w->note = TB_NEW(w->arena, struct letters_note);
    in->kind = TB_KIND_WEBHOOK;
    in->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    if (w->note == NULL)
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
}

static uint64_t webhook_of(struct tb_work *w)
{
    return tb_wire_u64(tb_wire_str(tb_work_answer(w), 1), 1);
}

static void reply(struct tb_work *w)
{
    struct letters_note *note = w->note;
    tb_work_done(w);
    if (note->ok) {
        tb_http_reply_owned(w->req, 200, TB_JSON, note->b.p, note->b.n);
        return;
    }
    free(note->b.p);
    tb_http_refuse_code(w->req, TB_PROBLEM_UNAVAILABLE, NULL);
}

/* ---- listing --------------------------------------------------------------------------------------- */

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    common_read(w, o);
    struct letters_note *note = w->note;
    int64_t after = tb_call_query_i64(w->call, TB_STR("after"), 0, INT64_MAX - 1, 0);
    int64_t limit = tb_call_query_i64(w->call, TB_STR("limit"), 1, 1000, 100);
    if (note != NULL) {
        note->after = (uint64_t)after;
        note->limit = (uint32_t)limit;
    }
}

static void on_letter(void *arg, const struct tb_app_letter *l)
{
    struct letters_note *note = arg;
    struct tb_json_out *o = &note->o;
    note->n++;
    note->last = l->sequence;
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "sequence", (int64_t)l->sequence);
    tb_json_out_key_time(o, "time", l->at_ms);
    tb_json_out_key_i64(o, "attempts", l->attempts);
    if (l->status != 0)
        tb_json_out_key_i64(o, "status", l->status);
    tb_json_out_key_str(o, "reason", tb_str_of(l->reason));
    tb_json_out_key_bool(o, "waiting", l->replay);
    tb_json_out_close(o, '}');
}

static void list_slow(struct tb_work *w)
{
    struct letters_note *note = w->note;
    const struct tb_app_letters *letters = w->app->o.letters;
    struct tb_fault fault;
    size_t bytes = 256 + (size_t)note->limit * LETTER_BYTES;
    void *region = malloc(bytes);
    if (region == NULL)
        return;
    tb_buf_init(&note->b, region, bytes);
    tb_json_out_init(&note->o, &note->b);
    tb_json_out_open(&note->o, '{');
    tb_json_out_key_open(&note->o, "items", '[');
    note->ok = letters == NULL ||
               letters->list(letters->user, webhook_of(w), note->after, note->limit, on_letter, note, &fault);
    tb_json_out_close(&note->o, ']');
    if (note->n == note->limit)
        tb_json_out_key_i64(&note->o, "next", (int64_t)note->last);
    tb_json_out_close(&note->o, '}');
    note->ok = note->ok && !note->b.overflowed;
}

static void list_after(struct tb_work *w)
{
    tb_keyring_slow(w->app->keyring, w, list_slow, reply);
}

/* ---- sending again ----------------------------------------------------------------------------------- */

static void replay_read(struct tb_work *w, struct tb_json_object *o)
{
    common_read(w, o);
    struct letters_note *note = w->note;
    int64_t sequence = tb_may_i64(o, "sequence", 1, INT64_MAX, 0);
    if (note != NULL)
        note->after = (uint64_t)sequence;
}

static void replay_slow(struct tb_work *w)
{
    struct letters_note *note = w->note;
    const struct tb_app_letters *letters = w->app->o.letters;
    struct tb_fault fault;
    void *region = malloc(64);
    if (region == NULL)
        return;
    tb_buf_init(&note->b, region, 64);
    tb_json_out_init(&note->o, &note->b);
    int64_t marked = 0;
    if (letters != NULL)
        marked = letters->replay(letters->user, webhook_of(w), note->after, &fault);
    tb_json_out_open(&note->o, '{');
    tb_json_out_key_i64(&note->o, "waiting", marked);
    tb_json_out_close(&note->o, '}');
    note->ok = marked >= 0;
}

static void replay_after(struct tb_work *w)
{
    tb_keyring_slow(w->app->keyring, w, replay_slow, reply);
}

const struct tb_work_op tb_work_letters = {
    TB_OP_OBJECT_GET, sizeof(struct tb_cmd_object_get), list_read, NULL, list_after, 0};
const struct tb_work_op tb_work_letters_replay = {
    TB_OP_OBJECT_GET, sizeof(struct tb_cmd_object_get), replay_read, NULL, replay_after, 0};
