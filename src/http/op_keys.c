// SPDX-License-Identifier: Apache-2.0
/* http/op_keys.c - API keys over HTTP: made, shown once, revoked.
 *
 * The secret exists in this process while the request runs and in the one reply; a
 * repeated request gets the same key's name without it.                                   */
#include <string.h>

#include "http/people.h"

struct key_note {
    struct tb_key_made made;
    struct tb_cmd_key_put put;
};

static uint64_t read_names(struct tb_json_object *o, const char *name, const char *const *names,
                           uint32_t n, bool need)
{
    struct tb_json_array list;
    struct tb_str word;
    uint64_t bits = 0;
    if (need)
        list = tb_json_need_array(o, tb_str_of(name), 1, n);
    else if (!tb_json_may_array(o, tb_str_of(name), 0, n, &list))
        return 0;
    while (tb_json_next_str(&list, 1, 32, &word)) {
        uint32_t i = 0;
        while (i < n && !tb_str_eq_c(word, names[i]))
            i++;
        if (i == n)
            tb_json_refuse(o, tb_str_of(name), TB_PROBLEM_NOT_AN_OPTION, NULL);
        else
            bits |= UINT64_C(1) << i;
    }
    return bits;
}

uint64_t tb_read_roles(struct tb_json_object *o, const char *name)
{
    return read_names(o, name, tb_role_names, TB_API_ROLE_OPERATOR, true);
}

/* A key makes none that may more than itself: left out, the new one's scopes are its own. */
uint64_t tb_key_scopes(const struct tb_work *w, struct tb_json_object *o, uint64_t asked)
{
    uint64_t own = w->call->who.scopes;
    if (own == UINT64_MAX) /* it has no scopes: all that its roles allow */
        return asked;
    if ((asked & ~own) != 0)
        tb_json_refuse(o, TB_STR("scopes"), TB_PROBLEM_FORBIDDEN_SCOPE, "More than the key that asks has.");
    return asked ? asked : own;
}

int64_t tb_key_expiry(const struct tb_work *w, struct tb_json_object *o, int64_t asked_ms)
{
    int64_t own = w->call->who.expires_ms;
    if (own == 0)
        return asked_ms;
    if (asked_ms > own)
        tb_json_refuse(o, TB_STR("expires_at"), TB_PROBLEM_OUT_OF_RANGE, "Later than the key that asks.");
    return asked_ms ? asked_ms : own;
}

static void read_key(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_key_put *in = w->input;
    struct key_note *note = TB_NEW(w->arena, struct key_note);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->roles = read_names(o, "roles", tb_role_names, TB_API_ROLE_MEMBER, true);
    in->scopes = read_names(o, "scopes", tb_scope_names, TB_API_SCOPE_COUNT, false);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    (void)tb_json_may_time(o, TB_STR("expires_at"), &in->expires_ms);
    in->put.expected_version = TB_VERSION_NONE;
    if (note == NULL) {
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
        return;
    }
    tb_key_make(&note->made);
    in->put.code = note->made.code;
    in->hash = (struct tb_str){(const char *)note->made.hash, sizeof note->made.hash};
    w->note = note;
}

static void key_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_key_put *in = w->input;
    read_key(w, o);
    in->scopes = tb_key_scopes(w, o, in->scopes);
    in->expires_ms = tb_key_expiry(w, o, in->expires_ms);
}

/* The operator makes a tenant's first keys: scopes and end are not those of the cell's key. */
static void tenant_key_read(struct tb_work *w, struct tb_json_object *o)
{
    w->tenant = 0;
    uint32_t tenant = tb_work_id(w, TB_KIND_TENANT, w->param[0]);
    if (tenant == UINT32_MAX)
        tb_work_no(w, TB_CODE_NOT_FOUND, "tenant");
    else if (tenant != 0)
        w->tenant = tenant;
    read_key(w, o);
}

static void key_write(struct tb_work *w, struct tb_json_out *o)
{
    struct key_note *note = w->note;
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    if (w->job.repeated) {
        /* this request's own code was never taken: the first one's number tells it */
        tb_json_out_key_i64(o, "number", (int64_t)tb_wire_u64(body, 1));
        tb_json_out_key_bool(o, "created", false);
    } else {
        tb_json_out_key_str(o, "code", note->made.code);
        tb_json_out_key_str(o, "key", tb_str_of(note->made.text));
        tb_json_out_key_i64(o, "number", (int64_t)tb_wire_u64(body, 1));
        tb_json_out_key_bool(o, "created", true);
    }
    tb_json_out_close(o, '}');
}

static void revoke_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_key_revoke *in = w->input;
    in->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

static void revoke_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct tb_cmd_key_revoke *in = w->input;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", in->code);
    tb_json_out_key_bool(o, "revoked", true);
    tb_json_out_close(o, '}');
}

/* In force before the reply. */
static void when_in_force(struct tb_work *w)
{
    tb_keyring_after(w->app->keyring, w, tb_work_reply);
}

const struct tb_work_op tb_work_key_put = {
    TB_OP_KEY_PUT, sizeof(struct tb_cmd_key_put), key_read, key_write, when_in_force, 0};
const struct tb_work_op tb_work_tenant_key_put = {
    TB_OP_KEY_PUT, sizeof(struct tb_cmd_key_put), tenant_key_read, key_write, when_in_force, 0};
const struct tb_work_op tb_work_key_revoke = {
    TB_OP_KEY_REVOKE, sizeof(struct tb_cmd_key_revoke), revoke_read, revoke_write, when_in_force, 0};
