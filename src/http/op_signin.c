// SPDX-License-Identifier: Apache-2.0
/* http/op_signin.c - people sign in: the staff by password, members by a one-time code.
 *
 * A user is a key whose code is "<tenant>:<login>" and whose secret is made of her password by
 * Argon2id (libsodium, RFC 9106) with a salt from the cell's own key and that code. So roles,
 * store, revoking and the actor of every record are those of keys, and what the journal holds
 * is the SHA-256 of an Argon2id output. An unknown name costs the same time as a wrong password.
 * Not here: the table of sessions (session.h), keys (app_keys.c).                          */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "border/keystore.h"
#include "border/normalise.h"
#include "core/consent/consent.h"
#include "http/people.h"

#define OPS 3u
#define MEMORY (64u << 20)
#define COOKIE_STAFF "tb_session"
#define COOKIE_MEMBER "tb_member"
#define PASSWORD_MAX 200u
#define PASSWORD_MIN 10u

/* ---- passwords ------------------------------------------------------------------------------ */

/* "tb_<code>_<64 hex digits>" into token, zero-terminated; false: no memory. */
static bool token_of_password(struct tb_keystore *keys, struct tb_str code, struct tb_str password,
                              char token[TB_USER_TOKEN_MAX])
{
    uint8_t blind[TB_BLIND_KEY_BYTES];
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t out[32];
    char hex[sizeof out * 2 + 1];
    crypto_generichash_state h;
    tb_keystore_blind_key(keys, 0, blind);
    (void)crypto_generichash_init(&h, blind, sizeof blind, sizeof salt);
    (void)crypto_generichash_update(&h, (const unsigned char *)"tongbao user", 12);
    (void)crypto_generichash_update(&h, (const unsigned char *)code.p, code.n);
    (void)crypto_generichash_final(&h, salt, sizeof salt);
    bool ok = crypto_pwhash(out, sizeof out, password.p, password.n, salt, OPS, MEMORY,
                            crypto_pwhash_ALG_ARGON2ID13) == 0;
    (void)sodium_bin2hex(hex, sizeof hex, out, sizeof out);
    (void)snprintf(token, TB_USER_TOKEN_MAX, "tb_%.*s_%s", TB_STR_ARG(code), hex);
    sodium_memzero(out, sizeof out);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(blind, sizeof blind);
    return ok;
}

static bool login_valid(struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '-' && c != '_')))
            return false;
    }
    return s.n >= 1 && s.n <= 30;
}

bool tb_user_make(struct tb_keystore *keys, struct tb_str tenant, struct tb_str login,
                  struct tb_user_made *out)
{
    static const char alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz"; /* 31 that nobody confuses */
    char token[TB_USER_TOKEN_MAX];
    if (!login_valid(login) || tenant.n == 0 || tenant.n + 1 + login.n > TB_CODE_MAX || sodium_init() < 0)
        return false;
    for (uint32_t i = 0; i < TB_USER_PASSWORD_BYTES; i++)
        out->password[i] = i % 5 == 4 ? '-' : alphabet[randombytes_uniform(31)];
    out->password[TB_USER_PASSWORD_BYTES] = 0;
    out->code_n = (uint32_t)snprintf(out->code, sizeof out->code, "%.*s:%.*s", TB_STR_ARG(tenant),
                                     TB_STR_ARG(login));
    bool ok = token_of_password(keys, (struct tb_str){out->code, out->code_n}, tb_str_of(out->password), token);
    size_t secret = strlen(token) - 64;
    (void)crypto_hash_sha256(out->hash, (const unsigned char *)token + secret, 64);
    sodium_memzero(token, sizeof token);
    return ok;
}

/* ---- the reply -------------------------------------------------------------------------------- */

static void set_cookie(struct tb_app *app, struct tb_request *req, const char *name, const char *value,
                       int64_t life_s)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", name, value,
                     (long long)life_s, app->o.plain_cookies ? "" : "; Secure");
    tb_http_header(req, "Set-Cookie", (struct tb_str){text, (uint32_t)n});
    if (value[0] != 0) /* of a session that ends it is there already */
        tb_http_header(req, "Cache-Control", TB_STR("no-store"));
}

static void out_roles(struct tb_json_out *o, uint32_t roles)
{
    tb_json_out_key_open(o, "roles", '[');
    for (uint32_t i = 0; i < TB_API_ROLE_COUNT; i++)
        if (roles >> i & 1)
            tb_json_out_str(o, tb_str_of(tb_role_names[i]));
    tb_json_out_close(o, ']');
}

/* What a page needs to begin. On a side thread: asks the published tables. */
static void reply_session(struct tb_app *app, struct tb_call *call, const struct tb_principal *who,
                          const struct tb_session *session)
{
    struct tb_json_out o;
    struct tb_buf b;
    tb_call_buf(call, &b, 2048);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "kind", who->person ? TB_STR("member") : TB_STR("staff"));
    out_roles(&o, who->roles);
    if (who->person != 0) {
        char id[TB_ID_BYTES];
        tb_id_print(&app->hash_key, TB_ID_MEMBER, (uint32_t)who->tenant, who->person, id);
        tb_json_out_key_str(&o, "member", (struct tb_str){id, sizeof id});
    }
    if (session != NULL) {
        tb_json_out_key_str(&o, "csrf", tb_str_of(session->csrf));
        tb_json_out_key_time(&o, "expires_at", session->expires_ms);
    }
    tb_report_session(app, who, &o);
    tb_json_out_close(&o, '}');
    tb_call_reply(call, &b);
}

/* ---- the staff -------------------------------------------------------------------------------- */

/* "marketer@helin" -> "helin:marketer" */
static bool code_of_user(struct tb_str user, char code[TB_CODE_MAX + 1])
{
    const char *at = memchr(user.p, '@', user.n);
    if (at == NULL)
        return false;
    struct tb_str login = {user.p, (uint32_t)(at - user.p)};
    struct tb_str tenant = {at + 1, user.n - login.n - 1};
    return login_valid(login) && tenant.n > 0 &&
           snprintf(code, TB_CODE_MAX + 1, "%.*s:%.*s", TB_STR_ARG(tenant), TB_STR_ARG(login)) <= (int)TB_CODE_MAX;
}

static void blocked(struct tb_call *call, uint32_t wait_s)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", wait_s);
    tb_http_header(call->req, "Retry-After", (struct tb_str){text, (uint32_t)n});
    tb_http_refuse_code(call->req, TB_PROBLEM_SIGN_IN_BLOCKED, NULL);
}

static void sign_in(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_object o = tb_json_root(&call->read);
    struct tb_str name = tb_json_need_str(&o, TB_STR("user"), 3, 100);
    struct tb_str password = tb_json_need_str(&o, TB_STR("password"), 1, PASSWORD_MAX);
    tb_json_end(&o);
    if (!tb_call_ok(call))
        return;
    char code[TB_CODE_MAX + 1] = "nobody";
    char token[TB_USER_TOKEN_MAX];
    char cookie[TB_SESSION_TEXT];
    struct tb_principal who = {.tenant = 0};
    int64_t now = tb_now_ms();
    uint64_t peer = tb_shell_peer(&call->req->peer);
    uint32_t wait = tb_sessions_wait_s(app->sessions, name, peer, now);
    if (wait > 0) {
        blocked(call, wait);
        return;
    }
    bool known = code_of_user(name, code);
    bool ok = token_of_password(app->o.keys, tb_str_of(code), password, token) && known &&
              tb_keyring_check(app, tb_str_of(token), TB_API_POST_SESSION, &who);
    sodium_memzero(token, sizeof token);
    tb_sessions_tried(app->sessions, name, peer, ok, now);
    if (!ok) {
        tb_http_refuse_code(call->req, TB_PROBLEM_SIGN_IN_FAILED, NULL);
        return;
    }
    struct tb_session session = {.tenant = (uint32_t)who.tenant, .code_n = (uint32_t)strlen(code)};
    memcpy(session.code, code, session.code_n);
    tb_sessions_open(app->sessions, &session, now, cookie);
    set_cookie(app, call->req, COOKIE_STAFF, cookie, (session.expires_ms - now) / 1000);
    reply_session(app, call, &who, &session);
}

void tb_op_post_session(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->passwords, sign_in, call);
}

/* ---- whoever is signed in --------------------------------------------------------------------- */

static const char *cookie_name(const struct tb_request *req)
{
    return tb_str_eq_c(req->page, "member") ? COOKIE_MEMBER : COOKIE_STAFF;
}

enum tb_problem tb_session_who(void *user, const struct tb_request *req, bool writes,
                               struct tb_principal *out)
{
    struct tb_app *app = user;
    struct tb_session s;
    struct tb_str cookie = tb_cookie_find(req->cookie, cookie_name(req));
    if (cookie.n == 0)
        return TB_PROBLEM_KEY_MISSING;
    if (!tb_sessions_find(app->sessions, cookie, tb_now_ms(), &s))
        return TB_PROBLEM_SESSION_ENDED;
    size_t n = strlen(s.csrf);
    if (writes && (req->csrf_token.n != n || sodium_memcmp(req->csrf_token.p, s.csrf, n) != 0))
        return TB_PROBLEM_CSRF_TOKEN;
    if (s.person != 0) {
        *out = (struct tb_principal){.tenant = s.tenant,
                                     .roles = 1u << TB_API_ROLE_MEMBER,
                                     .scopes = UINT64_MAX,
                                     .person = s.person};
        return TB_PROBLEM_NONE;
    }
    return tb_keyring_find(app, (struct tb_str){s.code, s.code_n}, out) ? TB_PROBLEM_NONE
                                                                       : TB_PROBLEM_SESSION_ENDED;
}

static void who_am_i(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_session s;
    struct tb_str cookie = tb_cookie_find(call->req->cookie, cookie_name(call->req));
    bool found = call->req->authorization_n == 0 && cookie.n > 0 &&
                 tb_sessions_find(app->sessions, cookie, tb_now_ms(), &s);
    reply_session(app, call, &call->who, found ? &s : NULL);
}

void tb_op_get_session(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->reports, who_am_i, call);
}

void tb_op_delete_session(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    const char *name = cookie_name(call->req);
    struct tb_str cookie = tb_cookie_find(call->req->cookie, name);
    if (call->req->authorization_n == 0 && cookie.n > 0)
        tb_sessions_close(app->sessions, cookie);
    set_cookie(app, call->req, name, "", 0);
    tb_http_reply(call->req, call->op->status, NULL, NULL, 0);
}

/* ---- making users ------------------------------------------------------------------------------- */

struct user_note {
    struct tb_user_made made;
    struct tb_str tenant;
    struct tb_str login;
};

static void user_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_key_put *in = w->input;
    struct user_note *note = w->note;
    (void)tb_json_need_str(o, TB_STR("login"), 1, 30);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    in->roles = tb_read_roles(o, "roles");
    in->scopes = tb_key_scopes(w, o, 0);
    in->expires_ms = tb_key_expiry(w, o, 0);
    in->put.expected_version = 0;
    in->put.code = (struct tb_str){note->made.code, note->made.code_n};
    in->hash = (struct tb_str){(const char *)note->made.hash, sizeof note->made.hash};
}

static void user_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct user_note *note = w->note;
    char user[TB_CODE_MAX + 1];
    (void)snprintf(user, sizeof user, "%.*s@%.*s", TB_STR_ARG(note->login), TB_STR_ARG(note->tenant));
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "user", tb_str_of(user));
    if (!w->job.repeated)
        tb_json_out_key_str(o, "password", tb_str_of(note->made.password));
    tb_json_out_key_bool(o, "created", !w->job.repeated);
    tb_json_out_close(o, '}');
}

static void user_in_force(struct tb_work *w)
{
    tb_keyring_after(w->app->keyring, w, tb_work_reply);
}

const struct tb_work_op tb_work_user = {
    TB_OP_KEY_PUT, sizeof(struct tb_cmd_key_put), user_read, user_write, user_in_force, 0};

static void user_slow(struct tb_work *w)
{
    struct user_note *note = w->note;
    if (!tb_user_make(w->app->o.keys, note->tenant, note->login, &note->made))
        tb_refusal_set(w->refusal, TB_PROBLEM_INVALID_VALUE, "/login", "Lower case letters, digits, . - _");
}

static void user_start(struct tb_work *w)
{
    if (!tb_call_ok(w->call))
        tb_work_done(w);
    else
        tb_work_start(w);
}

static void user_prepare(struct tb_work *w)
{
    struct user_note *note = w->note;
    tb_facts_enter();
    struct tb_str tenant = tb_work_name(w, TB_KIND_TENANT, w->tenant);
    char *copy = tb_arena_alloc(w->arena, TB_CODE_MAX);
    if (copy != NULL && tenant.n <= TB_CODE_MAX) {
        memcpy(copy, tenant.p, tenant.n);
        note->tenant = (struct tb_str){copy, tenant.n};
    }
    tb_facts_leave();
    if (tb_work_fetching(w, user_prepare))
        return;
    struct tb_json_object o = tb_json_root(&w->call->read);
    note->login = tb_json_need_str(&o, TB_STR("login"), 1, 30);
    w->mark = tb_arena_mark(w->arena);
    if (!tb_call_ok(w->call))
        tb_work_done(w);
    else
        tb_keyring_slow(w->app->keyring, w, user_slow, user_start);
}

void tb_op_post_user(void *user, struct tb_call *call)
{
    struct tb_work *w = tb_work_new(user, call, &tb_work_user);
    if (w == NULL)
        return;
    w->note = TB_NEW(w->arena, struct user_note);
    w->mark = tb_arena_mark(w->arena);
    if (w->note == NULL)
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
    else
        user_prepare(w);
}

/* ---- a new password --------------------------------------------------------------------------------- */

struct password_note {
    struct tb_session session;
    char name[TB_CODE_MAX + 1]; /* login@tenant, under which attempts are counted */
    struct tb_str old;
    struct tb_str fresh;
    uint8_t hash[32];
    bool right;
};

static void password_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_key_put *in = w->input;
    const struct password_note *note = w->note;
    (void)tb_json_need_str(o, TB_STR("password"), 1, PASSWORD_MAX);
    (void)tb_json_need_str(o, TB_STR("new_password"), PASSWORD_MIN, PASSWORD_MAX);
    in->renew = true;
    in->put.code = (struct tb_str){note->session.code, note->session.code_n};
    in->hash = (struct tb_str){(const char *)note->hash, sizeof note->hash};
}

static void password_write(struct tb_work *w, struct tb_json_out *o)
{
    const struct password_note *note = w->note;
    tb_sessions_close_others(w->app->sessions, (struct tb_str){note->session.code, note->session.code_n},
                             tb_cookie_find(w->req->cookie, COOKIE_STAFF), w->now_ms);
    tb_json_out_open(o, '{');
    tb_json_out_close(o, '}');
}

const struct tb_work_op tb_work_password = {
    TB_OP_KEY_PUT, sizeof(struct tb_cmd_key_put), password_read, password_write, user_in_force, 0};

/* Sent again after a lost reply, the new one is in force already: as right as the old one. */
static void password_slow(struct tb_work *w)
{
    struct password_note *note = w->note;
    struct tb_principal who;
    const struct tb_str code = {note->session.code, note->session.code_n};
    const struct tb_str tried[] = {note->fresh, note->old};
    char token[TB_USER_TOKEN_MAX];
    for (uint32_t i = 0; i < TB_COUNT_OF(tried) && !note->right; i++) {
        bool made = token_of_password(w->app->o.keys, code, tried[i], token);
        if (i == 0)
            (void)crypto_hash_sha256(note->hash, (const unsigned char *)token + strlen(token) - 64, 64);
        note->right = made && tb_keyring_check(w->app, tb_str_of(token), TB_API_POST_PASSWORD, &who);
    }
    sodium_memzero(token, sizeof token);
}

static void password_start(struct tb_work *w)
{
    const struct password_note *note = w->note;
    tb_sessions_tried(w->app->sessions, tb_str_of(note->name), tb_shell_peer(&w->req->peer), note->right, w->now_ms);
    if (note->right) {
        tb_work_start(w);
        return;
    }
    tb_work_done(w);
    tb_http_refuse_code(w->req, TB_PROBLEM_SIGN_IN_FAILED, "/password");
}

void tb_op_post_password(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_object o = tb_json_root(&call->read);
    struct tb_str cookie = tb_cookie_find(call->req->cookie, COOKIE_STAFF);
    struct password_note *note = TB_NEW(call->req->arena, struct password_note);
    struct tb_str old = tb_json_need_str(&o, TB_STR("password"), 1, PASSWORD_MAX);
    struct tb_str fresh = tb_json_need_str(&o, TB_STR("new_password"), PASSWORD_MIN, PASSWORD_MAX);
    if (!tb_call_ok(call))
        return;
    if (note == NULL || call->req->authorization_n != 0 ||
        !tb_sessions_find(app->sessions, cookie, tb_now_ms(), &note->session)) {
        tb_http_refuse_code(call->req, note ? TB_PROBLEM_SESSION_ENDED : TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    const char *colon = memchr(note->session.code, ':', note->session.code_n);
    tb_assert(colon != NULL);
    uint32_t tenant_n = (uint32_t)(colon - note->session.code);
    (void)snprintf(note->name, sizeof note->name, "%.*s@%.*s", (int)(note->session.code_n - tenant_n - 1), colon + 1,
                   (int)tenant_n, note->session.code);
    uint64_t peer = tb_shell_peer(&call->req->peer);
    uint32_t wait = tb_sessions_wait_s(app->sessions, tb_str_of(note->name), peer, tb_now_ms());
    if (wait > 0) {
        blocked(call, wait);
        return;
    }
    struct tb_work *w = tb_work_new(app, call, &tb_work_password);
    if (w == NULL)
        return;
    note->old = old;
    note->fresh = fresh;
    w->note = note;
    w->mark = tb_arena_mark(w->arena);
    tb_keyring_slow(app->keyring, w, password_slow, password_start);
}

/* ---- members -------------------------------------------------------------------------------------- */

/* "<tenant>/<phone as it is kept>" into b; refuses otherwise. */
static bool member_name(struct tb_app *app, struct tb_call *call, struct tb_json_object *o, struct tb_buf *b,
                        struct tb_str *tenant, struct tb_str *phone)
{
    *tenant = tb_json_need_str(o, TB_STR("tenant"), 1, TB_CODE_MAX);
    struct tb_str typed = tb_json_need_str(o, TB_STR("phone"), 5, 40);
    if (call->refusal.problem != TB_PROBLEM_NONE)
        return false;
    tb_buf_put(b, tenant->p, tenant->n);
    tb_buf_c(b, "/");
    uint32_t at = b->n;
    if (tb_normalise(TB_IDENTIFIER_PHONE, typed, app->o.country, b) != TB_NORMAL_DONE) {
        tb_refusal_set(&call->refusal, TB_PROBLEM_INVALID_VALUE, "/phone", "This is no phone number.");
        return false;
    }
    *phone = (struct tb_str){(const char *)b->p + at, b->n - at};
    return true;
}

void tb_op_post_session_code(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_object o = tb_json_root(&call->read);
    struct tb_str tenant, phone;
    struct tb_buf b;
    char digits[7];
    tb_call_buf(call, &b, 512);
    (void)member_name(app, call, &o, &b, &tenant, &phone);
    tb_json_end(&o);
    if (!tb_call_ok(call))
        return;
    if (app->inbox == NULL) {
        tb_call_refuse(call, TB_PROBLEM_METHOD_NOT_IMPLEMENTED, NULL, "No channel sends one-time codes here.");
        return;
    }
    if (!tb_sessions_code_make(app->sessions, tb_buf_as_str(&b), tb_now_ms(), digits)) {
        blocked(call, 30);
        return;
    }
    tb_inbox_add(app->inbox, tenant, phone, digits, tb_now_ms());
    struct tb_json_out out;
    struct tb_buf reply;
    tb_call_buf(call, &reply, 64);
    tb_json_out_init(&out, &reply);
    tb_json_out_open(&out, '{');
    tb_json_out_key_i64(&out, "expires_s", TB_CODE_LIFE_S);
    tb_json_out_close(&out, '}');
    tb_call_reply(call, &reply);
}

/* The code was right: she was seen here, with a verified phone. */
static void member_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_contact *in = w->input;
    struct tb_identifier *id = TB_NEW(w->arena, struct tb_identifier);
    struct tb_str tenant = tb_json_need_str(o, TB_STR("tenant"), 1, TB_CODE_MAX);
    struct tb_str phone = tb_json_need_str(o, TB_STR("phone"), 5, 40);
    struct tb_json_object none = {.index = UINT32_MAX};
    (void)tb_json_need_str(o, TB_STR("code"), 6, 6);
    struct tb_str touchpoint = tb_may_str(o, "touchpoint", TB_CODE_MAX);
    w->tenant = 0;
    uint32_t number = tb_work_id(w, TB_KIND_TENANT, tenant);
    if (number == UINT32_MAX)
        tb_work_no(w, TB_CODE_NOT_FOUND, "tenant");
    if (number == 0 || number == UINT32_MAX || id == NULL)
        return;
    w->tenant = number;
    if (!tb_make_identifier(w, TB_STR("phone"), phone, true, id, &none) && w->blocked)
        tb_work_no(w, TB_CODE_IDENTIFIER_BLOCKED, "phone");
    in->identifier = id;
    in->identifier_n = 1;
    in->facts.touchpoint = tb_work_id(w, TB_KIND_TOUCHPOINT, touchpoint);
    in->facts.kind = TB_CONTACT_SEEN;
    in->facts.occurred_ms = w->now_ms;
}

static void member_session(void *user, struct tb_call *call)
{
    struct tb_session *s = call->room;
    struct tb_app *app = user;
    reply_session(app, call, &call->who, s);
}

static void member_open(struct tb_work *w)
{
    struct tb_session *s = TB_NEW(w->arena, struct tb_session);
    char cookie[TB_SESSION_TEXT];
    uint64_t person = tb_wire_u64(tb_work_answer(w), 1);
    if (s == NULL || person == 0) {
        tb_work_done(w);
        tb_http_refuse_code(w->req, person ? TB_PROBLEM_OVERLOADED : TB_PROBLEM_CODE_WRONG, NULL);
        return;
    }
    *s = (struct tb_session){.tenant = w->tenant, .person = person};
    tb_sessions_open(w->app->sessions, s, w->now_ms, cookie);
    set_cookie(w->app, w->req, COOKIE_MEMBER, cookie, (s->expires_ms - w->now_ms) / 1000);
    w->call->who = (struct tb_principal){.tenant = w->tenant, .roles = 1u << TB_API_ROLE_MEMBER, .person = person};
    w->call->room = s;
    tb_work_done(w);
    tb_side_push(w->app->reports, member_session, w->call);
}

const struct tb_work_op tb_work_member_sign_in = {
    TB_OP_CONTACT, sizeof(struct tb_cmd_contact), member_read, NULL, member_open, 0};

void tb_op_post_session_member(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_object o = tb_json_root(&call->read);
    struct tb_str tenant, phone;
    struct tb_buf b;
    tb_call_buf(call, &b, 512);
    bool named = member_name(app, call, &o, &b, &tenant, &phone);
    struct tb_str code = tb_json_need_str(&o, TB_STR("code"), 6, 6);
    (void)tb_may_str(&o, "touchpoint", TB_CODE_MAX);
    tb_json_end(&o);
    if (!tb_call_ok(call) || !named)
        return;
    int64_t now = tb_now_ms();
    uint64_t peer = tb_shell_peer(&call->req->peer);
    uint32_t wait = tb_sessions_wait_s(app->sessions, tb_buf_as_str(&b), peer, now);
    if (wait > 0) {
        blocked(call, wait);
        return;
    }
    bool ok = tb_sessions_code_take(app->sessions, tb_buf_as_str(&b), code, now);
    tb_sessions_tried(app->sessions, tb_buf_as_str(&b), peer, ok, now);
    if (!ok) {
        tb_http_refuse_code(call->req, TB_PROBLEM_CODE_WRONG, "/code");
        return;
    }
    struct tb_work *w = tb_work_new(app, call, &tb_work_member_sign_in);
    if (w != NULL)
        tb_work_start(w);
}

void tb_op_inbox(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_json_out o;
    struct tb_buf b;
    if (app->inbox == NULL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_NOT_FOUND, NULL);
        return;
    }
    tb_call_buf(call, &b, 8192);
    tb_json_out_init(&o, &b);
    tb_inbox_print(app->inbox, &o);
    tb_call_reply(call, &b);
}
