// SPDX-License-Identifier: Apache-2.0
/* http/op_me.c - a member about herself: the operations on a member, with herself as the path.
 *
 * Invariant   the member is that of the session and never comes from the request; what she
 *             says of herself is recorded as her own act, whatever the body claims.        */
#include <string.h>

#include "core/consent/consent.h"
#include "http/member_code.h"
#include "http/people.h"

/* {"code","expires_at"}: when the next one should be shown; the till takes it a minute longer. */
static void my_code(struct tb_app *app, struct tb_call *call)
{
    char code[TB_MEMBER_CODE_BYTES];
    struct tb_json_out o;
    struct tb_buf b;
    int64_t now = tb_now_ms();
    tb_member_code_print(app->o.keys, (uint32_t)call->who.tenant, (uint32_t)call->who.person, now, code);
    tb_call_buf(call, &b, 128);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "code", (struct tb_str){code, sizeof code});
    tb_json_out_key_time(&o, "expires_at", (now / TB_MEMBER_CODE_MS + 1) * TB_MEMBER_CODE_MS);
    tb_json_out_close(&o, '}');
    tb_call_reply(call, &b);
}

void tb_op_me(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    char *id = tb_arena_alloc(call->req->arena, TB_ID_BYTES);
    if (id == NULL || call->who.person == 0) {
        tb_http_refuse_code(call->req, id ? TB_PROBLEM_FORBIDDEN_ROLE : TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    tb_id_print(&app->hash_key, TB_ID_MEMBER, (uint32_t)call->who.tenant, call->who.person, id);
    for (uint32_t i = TB_PARAMS_MAX - 1; i > 0; i--)
        call->param[i] = call->param[i - 1];
    call->param[0] = (struct tb_str){id, TB_ID_BYTES};
    switch (call->req->op) {
    case TB_API_GET_MY_CODE:
        my_code(app, call);
        return;
    case TB_API_GET_MY_STATEMENT:
        tb_op_statement(app, call);
        return;
    case TB_API_LIST_MY_VISITS:
    case TB_API_LIST_MY_ORDERS:
        tb_op_report(app, call);
        return;
    default:
        tb_work_run(app, call);
        return;
    }
}

static void consent_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_consent_put *in = w->input;
    tb_work_consent_put.read(w, o);
    in->actor = TB_ACTOR_SELF;
}

static void consent_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_consent_put.write(w, o);
}

static void attributes_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_attributes_set *in = w->input;
    tb_work_attributes_set.read(w, o);
    in->source = TB_SOURCE_DECLARED;
}

static void attributes_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_attributes_set.write(w, o);
}

TB_WORK(me_consent, TB_OP_CONSENT_PUT, tb_cmd_consent_put, consent_read, consent_write);
TB_WORK(me_attributes, TB_OP_ATTRIBUTES_SET, tb_cmd_attributes_set, attributes_read, attributes_write);
