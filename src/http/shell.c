// SPDX-License-Identifier: Apache-2.0
#include "http/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BEARER TB_STR("Bearer ")
#define MEMBER_BODY_MAX ((size_t)64 << 10) /* forms; whole files are not hers to send */

struct tb_shell {
    struct tb_shell_options o;
    struct tb_http_handler face;
    struct tb_rate_class rate[TB_RATE_COUNT];
    struct tb_limits *limits;
    struct tb_http *http;
};

static void refuse_head(struct tb_request *req, enum tb_problem p, const char *field)
{
    tb_http_refuse_code(req, p, field);
}

/* ---- Path and method -------------------------------------------------------------------- */

static bool find_operation(struct tb_shell *s, struct tb_request *req, struct tb_call *call)
{
    struct tb_route route = tb_route_find(req);
    if (route.methods == 0) {
        if (s->o.unrouted == NULL || !s->o.unrouted(s->o.auth_user, req))
            refuse_head(req, TB_PROBLEM_NOT_FOUND, NULL);
        return false;
    }
    if (route.op == TB_API_NONE) {
        char allow[64];
        struct tb_buf b;
        tb_buf_init(&b, allow, sizeof allow);
        for (uint32_t m = 0; m < TB_HTTP_METHOD_N; m++)
            if (route.methods >> m & 1) {
                tb_buf_c(&b, b.n ? ", " : "");
                tb_buf_c(&b, tb_http_method_name((enum tb_http_method)m));
            }
        tb_http_header(req, "Allow", tb_buf_as_str(&b));
        refuse_head(req, TB_PROBLEM_METHOD_NOT_ALLOWED, NULL);
        return false;
    }
    call->op = &tb_operation_table[route.op];
    memcpy(call->param, route.param, sizeof call->param);
    req->op = route.op;
    return true;
}

/* ---- Key, role, scope ---------------------------------------------------------------------- */

static bool token_of(const struct tb_request *req, struct tb_str *token)
{
    struct tb_str a = req->authorization;
    if (req->authorization_n != 1 || a.n <= BEARER.n || a.n > BEARER.n + TB_TOKEN_BYTES_MAX ||
        strncasecmp(a.p, BEARER.p, BEARER.n) != 0)
        return false;
    *token = (struct tb_str){a.p + BEARER.n, a.n - BEARER.n};
    for (uint32_t i = 0; i < token->n; i++)
        if (token->p[i] <= ' ' || token->p[i] > '~')
            return false;
    return true;
}

uint64_t tb_shell_peer(const struct tb_http_peer *peer)
{
    static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};
    uint64_t h = UINT64_C(1469598103934665603);
    uint32_t n = memcmp(peer->address, v4, sizeof v4) == 0 ? 16 : 8;
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ peer->address[i]) * UINT64_C(1099511628211);
    return h | UINT64_C(1) << 63; /* apart from key ids */
}

static bool within_rate(struct tb_shell *s, struct tb_request *req, uint64_t who,
                        enum tb_rate class)
{
    const struct tb_rate_class *c = &s->rate[class];
    if (s->o.unlimited)
        return true;
    uint64_t bucket = who * TB_RATE_COUNT + class;
    struct tb_limit_answer a =
        tb_limits_take(s->limits, bucket, c->per_s, c->burst, req->received_ns);
    if (a.allowed)
        return true;
    char text[48];
    int n = snprintf(text, sizeof text, "%u", a.retry_after_s);
    tb_http_header(req, "Retry-After", (struct tb_str){text, (uint32_t)n});
    n = snprintf(text, sizeof text, "%u", c->burst);
    tb_http_header(req, "RateLimit-Limit", (struct tb_str){text, (uint32_t)n});
    n = snprintf(text, sizeof text, "%u", a.remaining);
    tb_http_header(req, "RateLimit-Remaining", (struct tb_str){text, (uint32_t)n});
    n = snprintf(text, sizeof text, "%u", a.reset_s);
    tb_http_header(req, "RateLimit-Reset", (struct tb_str){text, (uint32_t)n});
    refuse_head(req, TB_PROBLEM_RATE_LIMITED, NULL);
    return false;
}

/* Role, scope, rate: the same for keys and for people. */
static bool permitted(struct tb_shell *s, struct tb_request *req, struct tb_call *call)
{
    const struct tb_operation *op = call->op;
    const struct tb_principal *who = &call->who;
    if ((who->roles & op->roles) == 0) {
        refuse_head(req, TB_PROBLEM_FORBIDDEN_ROLE, NULL);
        return false;
    }
    if ((who->scopes & op->scopes) != op->scopes) {
        refuse_head(req, TB_PROBLEM_FORBIDDEN_SCOPE, NULL);
        return false;
    }
    if (who->person != 0) /* one phone must not take what the tills of her shop need */
        return within_rate(s, req, who->person | UINT64_C(1) << 62, TB_RATE_MEMBER);
    return within_rate(s, req, who->key, op->rate);
}

static bool authorised(struct tb_shell *s, struct tb_request *req, struct tb_call *call)
{
    const struct tb_operation *op = call->op;
    struct tb_str token;
    if (op->roles == 0) /* public */
        return within_rate(s, req, tb_shell_peer(&req->peer), op->rate);
    if (req->authorization_n == 0 && req->cookie.n > 0 && s->o.session != NULL) {
        enum tb_problem p = s->o.session(s->o.auth_user, req, op->method != TB_HTTP_GET, &call->who);
        if (p != TB_PROBLEM_NONE) {
            refuse_head(req, p, NULL);
            return false;
        }
        tb_http_header(req, "Cache-Control", TB_STR("no-store")); /* the next at this browser sees nothing of hers */
        return permitted(s, req, call);
    }
    bool has_token = token_of(req, &token);
    if (!has_token || !s->o.auth(s->o.auth_user, token, (enum tb_api)req->op, &call->who)) {
        tb_http_header(req, "WWW-Authenticate", TB_STR("Bearer realm=\"tongbao\""));
        refuse_head(req, req->authorization_n == 0 ? TB_PROBLEM_KEY_MISSING : TB_PROBLEM_KEY_INVALID,
                    "Authorization");
        return false;
    }
    return permitted(s, req, call);
}

/* ---- Headers of the body --------------------------------------------------------------------- */

static bool idempotent(struct tb_request *req, const struct tb_operation *op)
{
    struct tb_str k = req->idempotency_key;
    if (op->idempotency == TB_IDEMPOTENCY_NONE)
        return true;
    if (req->idempotency_key_n == 0) {
        if (op->idempotency == TB_IDEMPOTENCY_NATURAL)
            return true;
        refuse_head(req, TB_PROBLEM_IDEMPOTENCY_KEY_REQUIRED, "Idempotency-Key");
        return false;
    }
    bool ok = req->idempotency_key_n == 1 && k.n >= 1 && k.n <= 255;
    for (uint32_t i = 0; ok && i < k.n; i++)
        ok = k.p[i] > ' ' && k.p[i] <= '~';
    if (!ok)
        refuse_head(req, TB_PROBLEM_IDEMPOTENCY_KEY_INVALID, "Idempotency-Key");
    return ok;
}

/* "application/json", also with "; charset=utf-8". */
static bool is_type(struct tb_str have, const char *want)
{
    uint32_t n = (uint32_t)strlen(want);
    if (have.n < n || strncasecmp(have.p, want, n) != 0)
        return false;
    struct tb_str rest = {have.p + n, have.n - n};
    while (rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == ';')) {
        rest.p++;
        rest.n--;
    }
    return rest.n == 0 || (rest.n == 13 && strncasecmp(rest.p, "charset=utf-8", 13) == 0) ||
           (rest.n == 15 && strncasecmp(rest.p, "charset=\"utf-8\"", 15) == 0);
}

static bool typed(struct tb_request *req, const struct tb_operation *op)
{
    bool ok = op->body == TB_OP_BODY_NONE ||
              (op->body == TB_OP_BODY_JSON ? is_type(req->content_type, TB_JSON)
                                           : is_type(req->content_type, TB_NDJSON));
    if (!ok)
        refuse_head(req, TB_PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Type");
    return ok;
}

static bool query_known(struct tb_request *req, const struct tb_operation *op)
{
    for (uint32_t i = 0; i < req->query_n; i++) {
        const char *const *name = op->query;
        while (*name != NULL && !tb_str_eq_c(req->query[i].name, *name))
            name++;
        if (*name == NULL) {
            char field[64];
            (void)snprintf(field, sizeof field, "%.*s", TB_STR_ARG(req->query[i].name));
            refuse_head(req, TB_PROBLEM_UNKNOWN_PARAMETER, field);
            return false;
        }
    }
    return true;
}

/* ---- The server's callbacks ------------------------------------------------------------------- */

static void on_head(void *user, struct tb_request *req)
{
    struct tb_shell *s = user;
    struct tb_call *call = TB_NEW(req->arena, struct tb_call);
    if (call == NULL) {
        refuse_head(req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    call->req = req;
    req->user = call;
    if (!find_operation(s, req, call) || !authorised(s, req, call) || !idempotent(req, call->op) ||
        !typed(req, call->op) || !query_known(req, call->op))
        return;
    static const enum tb_http_body kind[] = {
        [TB_OP_BODY_NONE] = TB_HTTP_BODY_NONE,
        [TB_OP_BODY_JSON] = TB_HTTP_BODY_WHOLE,
        [TB_OP_BODY_NDJSON] = TB_HTTP_BODY_LINES,
    };
    req->body_kind = kind[call->op->body];
    req->body_limit = call->op->body_limit;
    if (call->who.person != 0 && req->body_limit > MEMBER_BODY_MAX)
        req->body_limit = MEMBER_BODY_MAX;
    req->holder = (uint32_t)call->who.tenant;
    /* Lists may wait for what is yet to happen, reports for long: they must not fill a tenant's share. */
    if (call->op->rate == TB_RATE_READ || call->op->rate == TB_RATE_WRITE)
        req->lane = (uint32_t)call->who.tenant;
}

static void on_request(void *user, struct tb_request *req)
{
    struct tb_shell *s = user;
    struct tb_call *call = req->user;
    const struct tb_op_handler *handler = &s->o.handler[req->op];
    if (handler->run == NULL) {
        tb_http_refuse_code(req, TB_PROBLEM_METHOD_NOT_IMPLEMENTED, NULL);
        return;
    }
    call->read = (struct tb_json_read){&call->doc, &call->refusal};
    if (call->op->body == TB_OP_BODY_JSON &&
        !tb_json_parse(tb_http_json(req), req->body, call->op->body_limit, req->arena, &call->doc,
                       &call->refusal)) {
        tb_http_refuse(req, &call->refusal);
        return;
    }
    handler->run(s->o.user, call);
}

static enum tb_http_line on_line(void *user, struct tb_request *req, struct tb_str text,
                                 uint32_t line, bool too_long)
{
    struct tb_shell *s = user;
    const struct tb_op_handler *handler = &s->o.handler[req->op];
    if (handler->line == NULL)
        return TB_HTTP_LINE_NEXT; /* run is NULL too, or refuses */
    return handler->line(s->o.user, req->user, text, line, too_long);
}

static void on_abandoned(void *user, struct tb_request *req)
{
    struct tb_shell *s = user;
    const struct tb_op_handler *handler = &s->o.handler[req->op];
    if (req->user != NULL && handler->abandoned != NULL)
        handler->abandoned(s->o.user, req->user);
}

static void on_turn(void *user)
{
    struct tb_shell *s = user;
    s->o.on_turn(s->o.user);
}

/* ---- Start and stop ------------------------------------------------------------------------------ */

struct tb_shell *tb_shell_start(const struct tb_shell_options *options, struct tb_fault *fault)
{
    struct tb_shell *s = calloc(1, sizeof *s);
    struct tb_limits *limits = tb_limits_create();
    if (s == NULL || limits == NULL) {
        tb_fault_set(fault, true, "out of memory");
        free(s);
        tb_limits_destroy(limits);
        return NULL;
    }
    tb_assert(options->auth != NULL && options->handler != NULL);
    s->o = *options;
    s->limits = limits;
    for (uint32_t i = 0; i < TB_RATE_COUNT; i++)
        s->rate[i] = options->rate[i].per_s > 0 ? options->rate[i] : tb_rate_table[i];
    s->face = (struct tb_http_handler){on_head, on_request, on_line, on_abandoned,
                                       s->o.on_turn != NULL ? on_turn : NULL};
    s->o.http.handler = &s->face;
    s->o.http.user = s;
    s->http = tb_http_start(&s->o.http, fault);
    if (s->http == NULL) {
        tb_limits_destroy(limits);
        free(s);
        return NULL;
    }
    return s;
}

void tb_shell_stop(struct tb_shell *s)
{
    tb_http_stop(s->http);
    tb_limits_destroy(s->limits);
    free(s);
}

struct tb_http *tb_shell_http(struct tb_shell *s)
{
    return s->http;
}

/* ---- For operations --------------------------------------------------------------------------- */

bool tb_call_ok(struct tb_call *call)
{
    if (call->refusal.problem == TB_PROBLEM_NONE)
        return true;
    tb_http_refuse(call->req, &call->refusal);
    return false;
}

void tb_call_refuse(struct tb_call *call, enum tb_problem p, const char *field, const char *detail)
{
    tb_refusal_set(&call->refusal, p, field, detail);
    tb_http_refuse(call->req, &call->refusal);
}

void tb_call_buf(struct tb_call *call, struct tb_buf *b, size_t cap)
{
    void *region = tb_arena_alloc(call->req->arena, cap);
    tb_buf_init(b, region, region ? cap : 0);
    b->overflowed = region == NULL;
}

void tb_call_reply(struct tb_call *call, const struct tb_buf *b)
{
    if (b->overflowed) {
        tb_http_refuse_code(call->req, TB_PROBLEM_INTERNAL, NULL);
        return;
    }
    tb_http_reply(call->req, call->op->status, TB_JSON, b->p, b->n);
}

static const struct tb_http_param *query_find(const struct tb_call *call, struct tb_str name)
{
    for (uint32_t i = 0; i < call->req->query_n; i++)
        if (tb_str_eq(call->req->query[i].name, name))
            return &call->req->query[i];
    return NULL;
}

int64_t tb_call_query_i64(struct tb_call *call, struct tb_str name, int64_t min, int64_t max,
                          int64_t fallback)
{
    const struct tb_http_param *p = query_find(call, name);
    int64_t v;
    char field[32];
    if (p == NULL)
        return fallback;
    (void)snprintf(field, sizeof field, "%.*s", TB_STR_ARG(name));
    if (!tb_str_to_i64(p->value, &v)) {
        tb_refusal_set(&call->refusal, TB_PROBLEM_NOT_AN_INTEGER, field, NULL);
        return fallback;
    }
    if (v < min || v > max) {
        char detail[80];
        (void)snprintf(detail, sizeof detail, "Allowed: %lld to %lld.", (long long)min,
                       (long long)max);
        tb_refusal_set(&call->refusal, TB_PROBLEM_OUT_OF_RANGE, field, detail);
        return fallback;
    }
    return v;
}

struct tb_str tb_call_query_str(struct tb_call *call, struct tb_str name, uint32_t bytes_max)
{
    const struct tb_http_param *p = query_find(call, name);
    if (p == NULL)
        return TB_STR_NONE;
    if (p->value.n > bytes_max) {
        char field[32];
        (void)snprintf(field, sizeof field, "%.*s", TB_STR_ARG(name));
        tb_refusal_set(&call->refusal, TB_PROBLEM_TOO_LONG, field, NULL);
        return TB_STR_NONE;
    }
    return p->value;
}
