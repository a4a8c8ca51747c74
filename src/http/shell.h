// SPDX-License-Identifier: Apache-2.0
/* http/shell.h - from a request to an operation: the gate that every request passes.
 *
 * Order of precedence (the first that applies is the answer): transport (server.h), path
 * 404, method 405, key 401, role 403, scope 403, rate 429, idempotency key 400, content
 * type 415, body size 413, query names 400; then JSON as a whole, then fields.
 * Nothing before the body is stored under an idempotency key.
 *
 * A room offers one tb_op_run for each of its operations. It gets a struct tb_call, reads
 * fields through call->read, and answers now or later, from any thread:
 *
 *     static void post_thing(void *user, struct tb_call *call)
 *     {
 *         struct tb_json_object o = tb_json_root(&call->read);
 *         int64_t amount = tb_json_need_i64(&o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
 *         tb_json_end(&o);
 *         if (!tb_call_ok(call))
 *             return;                       // refused; the call is gone
 *         ... queue call; later tb_http_reply(call->req, 200, TB_JSON, bytes, n)
 *     }
 *
 * Ownership  the call and all its strings live in the request's arena until the reply.
 * Threads    tb_op_run and tb_op_line run on IO threads and must not block.              */
#ifndef TB_HTTP_SHELL_H
#define TB_HTTP_SHELL_H

#include "http/auth.h"
#include "http/json.h"
#include "http/rate_limit.h"
#include "http/route.h"
#include "http/server.h"

#define TB_JSON "application/json"
#define TB_NDJSON "application/x-ndjson"

struct tb_call {
    struct tb_request *req;
    const struct tb_operation *op;
    struct tb_principal who; /* zeros for a public operation */
    struct tb_str param[TB_PARAMS_MAX];
    struct tb_refusal refusal;
    struct tb_json_doc doc; /* operations with a JSON body */
    struct tb_json_read read;
    void *room; /* for the operation: what it keeps between lines, or until the reply */
};

typedef void tb_op_run(void *user, struct tb_call *call);
/* One line of an NDJSON body; see tb_http_handler.on_line. */
typedef enum tb_http_line tb_op_line(void *user, struct tb_call *call, struct tb_str text,
                                     uint32_t line, bool too_long);
typedef void tb_op_abandoned(void *user, struct tb_call *call);

struct tb_op_handler {
    tb_op_run *run;             /* NULL: the operation answers 501 */
    tb_op_line *line;           /* NDJSON operations */
    tb_op_abandoned *abandoned; /* may be NULL: the client left before the body's end */
};

struct tb_shell_options {
    struct tb_http_options http; /* handler and user are the shell's */
    tb_auth_check *auth;
    void *auth_user;
    tb_session_check *session; /* user is auth_user; NULL: keys alone */
    /* A path outside the table: true when it was answered (pages). NULL: 404 for all. */
    bool (*unrouted)(void *auth_user, struct tb_request *req);
    const struct tb_op_handler *handler; /* TB_API_COUNT of them; must outlive the shell */
    void *user;                          /* for the handlers */
    /* Replaces the table's classes where per_s > 0. */
    struct tb_rate_class rate[TB_RATE_COUNT];
    bool unlimited; /* no rate limits at all (benchmarks) */
    void (*on_turn)(void *user); /* of tb_http_handler; may be NULL */
};

struct tb_shell;
TB_MUST_USE struct tb_shell *tb_shell_start(const struct tb_shell_options *options,
                                            struct tb_fault *fault);
/* As tb_http_stop: waits until everything is answered. */
void tb_shell_stop(struct tb_shell *s);
struct tb_http *tb_shell_http(struct tb_shell *s);

/* Whose rate a request without a key counts against: an IPv4 address, or the /64 of an IPv6 one, which is
 * one subscriber's. Never 0, and no key's number.                                                     */
uint64_t tb_shell_peer(const struct tb_http_peer *peer);

/* False when something was refused; then the problem has been sent and the call is gone. */
TB_MUST_USE bool tb_call_ok(struct tb_call *call);
/* Refuses and sends at once. field and detail may be NULL. */
void tb_call_refuse(struct tb_call *call, enum tb_problem p, const char *field,
                    const char *detail);
/* A buffer of at most cap bytes in the arena; when the arena is full it overflows at once. */
void tb_call_buf(struct tb_call *call, struct tb_buf *b, size_t cap);
/* Sends b as JSON with the operation's status; INTERNAL when it overflowed. */
void tb_call_reply(struct tb_call *call, const struct tb_buf *b);

/* Query parameters; absent: fallback. A refusal lands in call->refusal. */
int64_t tb_call_query_i64(struct tb_call *call, struct tb_str name, int64_t min, int64_t max,
                          int64_t fallback);
struct tb_str tb_call_query_str(struct tb_call *call, struct tb_str name, uint32_t bytes_max);

#endif
