// SPDX-License-Identifier: Apache-2.0
/* http/app_read.c - what many operations read: identifiers, members, ids, times.
 *
 * An identifier leaves here normalised, with its blind key; the plain value goes along
 * only where its namespace keeps it (core seals it once).                               */
#include <string.h>

#include "border/keystore.h"
#include "border/normalise.h"
#include "http/app_int.h"
#include "http/member_code.h"

void tb_work_no(struct tb_work *w, enum tb_code code, const char *field)
{
    if (w->code != TB_CODE_OK)
        return;
    w->code = code;
    size_t n = strnlen(field, sizeof w->field - 1);
    memcpy(w->field, field, n);
    w->field[n] = 0;
}

/* ---- plain fields ---------------------------------------------------------------------------- */

struct tb_str tb_may_str(struct tb_json_object *o, const char *name, uint32_t max)
{
    struct tb_str s = TB_STR_NONE;
    (void)tb_json_may_str(o, tb_str_of(name), 0, max, &s);
    return s;
}

int64_t tb_may_i64(struct tb_json_object *o, const char *name, int64_t min, int64_t max,
                   int64_t fallback)
{
    int64_t v = fallback;
    (void)tb_json_may_i64(o, tb_str_of(name), min, max, &v);
    return v;
}

bool tb_may_bool(struct tb_json_object *o, const char *name)
{
    bool v = false;
    (void)tb_json_may_bool(o, tb_str_of(name), &v);
    return v;
}

int64_t tb_read_occurred(struct tb_work *w, struct tb_json_object *o, bool *given)
{
    int64_t ms = w->now_ms;
    *given = tb_json_may_time(o, TB_STR("occurred_at"), &ms);
    return ms;
}

/* ---- objects that a tenant declares ------------------------------------------------------------- */

void tb_read_put(struct tb_work *w, struct tb_json_object *o, struct tb_put *put)
{
    int64_t version = 0;
    put->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    if (tb_json_may_i64(o, TB_STR("expected_version"), 0, UINT32_MAX, &version))
        put->expected_version = version == 0 ? TB_VERSION_NONE : (uint64_t)version;
}

void tb_read_object(struct tb_work *w, struct tb_json_object *o, enum tb_kind kind)
{
    struct tb_cmd_object_get *in = w->input;
    in->kind = kind;
    in->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

void tb_read_objects(struct tb_work *w, enum tb_kind kind)
{
    struct tb_cmd_object_list *in = w->input;
    in->kind = kind;
    in->after = (uint64_t)tb_call_query_i64(w->call, TB_STR("after"), 0, UINT32_MAX, 0);
    in->limit = (uint32_t)tb_call_query_i64(w->call, TB_STR("limit"), 1, 100, 50);
}

/* ---- free-form objects ------------------------------------------------------------------------ */

static void node_text(struct tb_json_out *out, const struct tb_json_node *n)
{
    switch ((enum tb_json_kind)n->kind) {
    case TB_JSON_NULL:
        tb_json_out_null(out);
        break;
    case TB_JSON_FALSE:
    case TB_JSON_TRUE:
        tb_json_out_bool(out, n->kind == TB_JSON_TRUE);
        break;
    case TB_JSON_INT:
        tb_json_out_i64(out, n->i);
        break;
    case TB_JSON_NUMBER:
        tb_json_out_raw(out, (struct tb_str){n->text, n->n});
        break;
    case TB_JSON_STRING:
        tb_json_out_str(out, (struct tb_str){n->text, n->n});
        break;
    case TB_JSON_KEY:
        tb_json_out_key_escaped(out, (struct tb_str){n->text, n->n});
        break;
    case TB_JSON_ARRAY:
    case TB_JSON_OBJECT:
        tb_json_out_open(out, n->kind == TB_JSON_ARRAY ? '[' : '{');
        break;
    }
}

/* The subtree in document order; containers close when their end is reached. */
static void subtree_text(const struct tb_json_doc *doc, uint32_t root, struct tb_json_out *out)
{
    uint32_t open[TB_JSON_DEPTH_MAX + 1];
    uint32_t depth = 0;
    for (uint32_t i = root; i < doc->node[root].end; i++) {
        const struct tb_json_node *n = &doc->node[i];
        node_text(out, n);
        if (n->kind == TB_JSON_ARRAY || n->kind == TB_JSON_OBJECT) {
            tb_assert(depth < TB_COUNT_OF(open));
            open[depth++] = i;
        }
        while (depth > 0 && doc->node[open[depth - 1]].end == i + 1)
            tb_json_out_close(out, doc->node[open[--depth]].kind == TB_JSON_ARRAY ? ']' : '}');
    }
}

struct tb_str tb_read_json(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                           uint32_t max)
{
    struct tb_json_object inner;
    struct tb_buf b;
    struct tb_json_out out;
    if (!tb_json_may_object(o, name, &inner) || inner.index == UINT32_MAX)
        return TB_STR_NONE;
    void *region = tb_arena_alloc(w->arena, max);
    tb_buf_init(&b, region, region ? max : 0);
    b.overflowed = region == NULL;
    tb_json_out_init(&out, &b);
    subtree_text(inner.r->doc, inner.index, &out);
    if (b.overflowed)
        tb_json_refuse(o, name, TB_PROBLEM_TOO_LONG, NULL);
    return b.overflowed ? TB_STR_NONE : tb_buf_as_str(&b);
}

/* ---- identifiers -------------------------------------------------------------------------------- */

static const char *normal_detail(enum tb_normal_answer a)
{
    switch (a) {
    case TB_NORMAL_TOO_LONG:
        return "The value is too long.";
    case TB_NORMAL_EMPTY:
        return "The value is empty.";
    case TB_NORMAL_DONE:
    case TB_NORMAL_NOT_UTF8:
    case TB_NORMAL_IMPOSSIBLE:
        break;
    }
    return "No such value can exist in this namespace.";
}

/* Deriving a tenant's key is a hash of its own; an IO thread (it serves one app, and ends
 * before it) keeps those of the last tenants.                                            */
#define BLINDS 64u
static _Thread_local struct {
    uint32_t tenant;
    bool known;
    uint8_t key[TB_BLIND_KEY_BYTES];
} blinds[BLINDS];

static void blind_fetch(struct tb_work *w)
{
    uint32_t at = w->tenant % BLINDS;
    if (!tb_http_on_io(w->req)) {
        tb_keystore_blind_key(w->app->o.keys, w->tenant, w->blind);
        return;
    }
    if (!blinds[at].known || blinds[at].tenant != w->tenant)
        tb_keystore_blind_key(w->app->o.keys, w->tenant, blinds[at].key);
    blinds[at].known = true;
    blinds[at].tenant = w->tenant;
    memcpy(w->blind, blinds[at].key, sizeof w->blind);
}

static const uint8_t *blind_of(struct tb_work *w)
{
    if (!w->has_blind)
        blind_fetch(w);
    w->has_blind = true;
    return w->blind;
}

bool tb_make_identifier(struct tb_work *w, struct tb_str ns, struct tb_str value, bool verified,
                        struct tb_identifier *out, struct tb_json_object *o)
{
    const struct tb_known *k = tb_work_known(w, TB_KIND_NAMESPACE, ns);
    if (k == NULL) {
        *out = (struct tb_identifier){.ns = UINT32_MAX}; /* fetched, or core says unknown */
        return true;
    }
    struct tb_buf b;
    char *region = tb_arena_alloc(w->arena, TB_IDENTIFIER_BYTES_MAX + 2);
    tb_buf_init(&b, region, region ? TB_IDENTIFIER_BYTES_MAX + 2 : 0);
    enum tb_identifier_kind kind = (enum tb_identifier_kind)k->normaliser;
    if (tb_identifier_blocked(kind, value)) {
        w->blocked = true;
        return false;
    }
    enum tb_normal_answer a = tb_normalise(kind, value, w->app->o.country, &b);
    struct tb_str text = tb_buf_as_str(&b);
    if (a != TB_NORMAL_DONE || text.n > TB_PERSONAL_MAX) {
        if (o->index == UINT32_MAX)
            tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "value", normal_detail(a));
        else
            tb_json_refuse(o, TB_STR("value"), TB_PROBLEM_INVALID_VALUE, normal_detail(a));
        return false;
    }
    if (tb_identifier_blocked(kind, text) ||
        (kind == TB_IDENTIFIER_MAC && tb_mac_is_random(text))) {
        w->blocked = true;
        return false;
    }
    *out = (struct tb_identifier){
        .ns = k->id, .verified = verified, .plain = k->hashed_only ? TB_STR_NONE : text};
    tb_vault_blind(blind_of(w), k->id, text, out->key);
    return true;
}

bool tb_read_identifier(struct tb_work *w, struct tb_json_object *o, struct tb_identifier *out)
{
    struct tb_str ns = tb_json_need_str(o, TB_STR("ns"), 1, TB_CODE_MAX);
    struct tb_str value = tb_json_need_str(o, TB_STR("value"), 1, 256);
    bool verified = tb_may_bool(o, "verified");
    tb_json_end(o);
    return w->refusal->problem == TB_PROBLEM_NONE &&
           tb_make_identifier(w, ns, value, verified, out, o);
}

const struct tb_identifier *tb_read_identifiers(struct tb_work *w, struct tb_json_object *o,
                                                uint32_t *n)
{
    struct tb_json_array list;
    struct tb_json_object item;
    *n = 0;
    if (!tb_json_may_array(o, TB_STR("identifiers"), 1, TB_IDENTIFIERS_MAX, &list))
        return NULL;
    struct tb_identifier *out = TB_NEW_ARRAY(w->arena, struct tb_identifier, list.n + 1);
    while (out != NULL && tb_json_next_object(&list, &item))
        *n += tb_read_identifier(w, &item, &out[*n]);
    if (out == NULL)
        tb_refusal_set(w->refusal, TB_PROBLEM_JSON_TOO_LARGE, NULL, NULL);
    return out;
}

/* ---- members ------------------------------------------------------------------------------------- */

/* An id, or the code that she shows. */
static void who_by_id(struct tb_work *w, struct tb_str id, struct tb_who *out, const char *field)
{
    if (!tb_member_code_read(w->app->o.keys, w->tenant, id, w->now_ms, &out->profile) &&
        !tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &out->profile))
        tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, field);
}

void tb_read_who(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                 struct tb_who *out)
{
    struct tb_json_object m = tb_json_need_object(o, name);
    struct tb_str id;
    char field[48] = "member";
    if (name.n < sizeof field) {
        memcpy(field, name.p, name.n);
        field[name.n] = 0;
    }
    if (m.index == UINT32_MAX)
        return;
    if (tb_json_may_str(&m, TB_STR("id"), 1, 32, &id)) {
        tb_json_end(&m);
        who_by_id(w, id, out, field);
    } else if (!tb_read_identifier(w, &m, &out->identifier) && w->blocked) {
        tb_work_no(w, TB_CODE_IDENTIFIER_BLOCKED, field);
    }
}

/* "openid:<app>:<value>" has its app in the namespace; all others end at the first colon. */
static bool split_path(struct tb_str text, struct tb_str *ns, struct tb_str *value)
{
    uint32_t colons = tb_str_starts(text, TB_STR("openid:")) ? 2 : 1;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] != ':' || --colons > 0)
            continue;
        *ns = (struct tb_str){text.p, i};
        *value = (struct tb_str){text.p + i + 1, text.n - i - 1};
        return i > 0 && i + 1 < text.n && i <= TB_CODE_MAX && value->n <= 256;
    }
    return false;
}

void tb_path_who(struct tb_work *w, struct tb_json_object *o, struct tb_who *out)
{
    struct tb_str ns, value;
    struct tb_json_object none = {.index = UINT32_MAX};
    if (w->bulk) {
        tb_read_who(w, o, TB_STR("member"), out);
    } else if (split_path(w->param[0], &ns, &value)) {
        if (!tb_make_identifier(w, ns, value, false, &out->identifier, &none) && w->blocked)
            tb_work_no(w, TB_CODE_IDENTIFIER_BLOCKED, "member");
    } else {
        who_by_id(w, w->param[0], out, "member");
    }
}

uint64_t tb_path_id(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                    enum tb_id_kind kind, enum tb_code unknown)
{
    uint64_t number = 0;
    char field[24] = "id";
    struct tb_str text = w->bulk ? tb_json_need_str(o, name, 1, 32) : w->param[0];
    if (w->refusal->problem == TB_PROBLEM_NONE &&
        !tb_id_parse(&w->app->hash_key, kind, w->tenant, text, &number))
        tb_work_no(w, unknown, field);
    return number;
}

struct tb_str tb_path_text(struct tb_work *w, struct tb_json_object *o, uint32_t index,
                           struct tb_str name, uint32_t max)
{
    if (w->bulk)
        return tb_json_need_str(o, name, 1, max);
    struct tb_str text = w->param[index];
    if (text.n > max) {
        char field[24] = "";
        memcpy(field, name.p, name.n < sizeof field - 1 ? name.n : sizeof field - 1);
        tb_refusal_set(w->refusal, TB_PROBLEM_TOO_LONG, field, NULL);
    }
    return text;
}
