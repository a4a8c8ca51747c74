// SPDX-License-Identifier: Apache-2.0
/* http/problem.h - every code with which the API says no: one list.
 *
 * A code is a contract: once released it keeps its meaning, its status and its
 * spelling. The list yields the enum, the text, OpenAPI's enumeration (through
 * tools/gen_operations.py, which reads this file) and the documentation. Within a
 * section the order is the order of precedence: when several apply, the first is the
 * answer. Rooms add a section of their own; nobody spells a code anywhere else.
 *
 * Format  X(NAME, "code", status, "Title in English.")  one a line.                */
#ifndef TB_HTTP_PROBLEM_H
#define TB_HTTP_PROBLEM_H

#include "base/text.h"

/* clang-format off */
#define TB_PROBLEM_LIST(X) \
    /* transport */ \
    X(BAD_REQUEST, "bad_request", 400, "The request is not well-formed HTTP.") \
    X(AMBIGUOUS_FRAMING, "ambiguous_framing", 400, "The length of the body is not given exactly once.") \
    X(BAD_HOST, "bad_host", 400, "The Host header must be given exactly once.") \
    X(TOO_MANY_HEADERS, "too_many_headers", 431, "The request has too many headers.") \
    X(URI_TOO_LONG, "uri_too_long", 414, "The path and query are too long.") \
    X(BAD_PATH, "bad_path", 400, "The path is not well-formed.") \
    X(BAD_QUERY, "bad_query", 400, "The query is not well-formed.") \
    X(METHOD_NOT_IMPLEMENTED, "method_not_implemented", 501, "The method is not known here.") \
    X(NOT_FOUND, "not_found", 404, "There is nothing at this path.") \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "The path does not offer this method.") \
    X(EXPECTATION_FAILED, "expectation_failed", 417, "Only Expect: 100-continue is supported.") \
    X(TOO_SLOW, "too_slow", 408, "The request did not arrive in time.") \
    X(OVERLOADED, "overloaded", 503, "The server is busy; try again shortly.") \
    X(STOPPING, "stopping", 503, "The server is stopping; try again shortly.") \
    X(TOO_MANY_CONNECTIONS, "too_many_connections", 503, "Too many connections from this address.") \
    X(INTERNAL, "internal", 500, "Something went wrong on our side.") \
    /* who may */ \
    X(KEY_MISSING, "key_missing", 401, "Authorization: Bearer with an API key is required.") \
    X(KEY_INVALID, "key_invalid", 401, "The API key is not valid.") \
    X(FORBIDDEN_ROLE, "forbidden_role", 403, "The role of this key may not do this.") \
    X(FORBIDDEN_SCOPE, "forbidden_scope", 403, "This key does not carry the needed scope.") \
    X(SESSION_ENDED, "session_ended", 401, "The session has ended; sign in again.") \
    X(CSRF_TOKEN, "csrf_token", 403, "X-CSRF-Token does not belong to this session.") \
    X(SIGN_IN_FAILED, "sign_in_failed", 401, "User name and password do not match.") \
    X(SIGN_IN_BLOCKED, "sign_in_blocked", 429, "Too many attempts; wait before the next.") \
    X(CODE_WRONG, "code_wrong", 401, "The one-time code is wrong or no longer valid.") \
    X(RATE_LIMITED, "rate_limited", 429, "Too many requests; slow down.") \
    /* idempotency */ \
    X(IDEMPOTENCY_KEY_REQUIRED, "idempotency_key_required", 400, "This operation needs an Idempotency-Key header.") \
    X(IDEMPOTENCY_KEY_INVALID, "idempotency_key_invalid", 400, "Idempotency-Key: 1-255 visible ASCII, once.") \
    X(IDEMPOTENCY_KEY_REUSED, "idempotency_key_reused", 422, "This Idempotency-Key was used with another request.") \
    X(IN_PROGRESS, "in_progress", 409, "A request with this Idempotency-Key is still running.") \
    /* the engine */ \
    X(NOT_LEADING, "not_leading", 503, "Another process answers; try again shortly.") \
    X(READ_ONLY, "read_only", 503, "The journal's disk is full; only reads are answered.") \
    X(UNAVAILABLE, "unavailable", 503, "The journal does not answer; nothing was done.") \
    X(LAGGING, "lagging", 429, "Writes come faster than they can be kept; slow down.") \
    X(QUEUE_FULL, "queue_full", 429, "Too many requests are waiting; slow down.") \
    X(TENANT_BUSY, "tenant_busy", 429, "Too many requests of this tenant are waiting; slow down.") \
    X(ANSWER_TOO_LARGE, "answer_too_large", 422, "The answer is too large for one reply.") \
    X(OUTCOME_UNKNOWN, "outcome_unknown", 503, "Whether the request took effect is not known yet; send it again.") \
    /* the body as a whole */ \
    X(UNSUPPORTED_ENCODING, "unsupported_encoding", 415, "Content-Encoding is not supported.") \
    X(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, "Content-Type is not accepted here.") \
    X(BODY_NOT_ALLOWED, "body_not_allowed", 400, "This operation takes no body.") \
    X(BODY_TOO_LARGE, "body_too_large", 413, "The body is too large.") \
    X(LINE_TOO_LONG, "line_too_long", 400, "A line of the body is too long.") \
    X(BODY_REQUIRED, "body_required", 400, "This operation needs a body.") \
    X(INVALID_UTF8, "invalid_utf8", 400, "The body is not UTF-8.") \
    X(INVALID_JSON, "invalid_json", 400, "The body is not valid JSON.") \
    X(JSON_TOO_DEEP, "json_too_deep", 400, "The JSON is nested too deeply.") \
    X(JSON_TOO_LARGE, "json_too_large", 413, "The JSON has too many values.") \
    X(DUPLICATE_KEY, "duplicate_key", 400, "A key appears twice in one object.") \
    /* fields */ \
    X(UNKNOWN_FIELD, "unknown_field", 400, "This field is not known.") \
    X(MISSING_FIELD, "missing_field", 400, "This field is required.") \
    X(WRONG_TYPE, "wrong_type", 400, "This field has the wrong type.") \
    X(NOT_AN_INTEGER, "not_an_integer", 400, "This field must be an integer without fraction or exponent.") \
    X(OUT_OF_RANGE, "out_of_range", 400, "This field is outside its range.") \
    X(TOO_SHORT, "too_short", 400, "This field is too short.") \
    X(TOO_LONG, "too_long", 400, "This field is too long.") \
    X(NOT_AN_OPTION, "not_an_option", 400, "This field is not one of the allowed values.") \
    X(INVALID_TIME, "invalid_time", 400, "This field must be an RFC 3339 time with a zone.") \
    X(INVALID_VALUE, "invalid_value", 400, "This field has a value that is not allowed.") \
    X(UNKNOWN_PARAMETER, "unknown_parameter", 400, "This query parameter is not known.") \
    /* the feed */ \
    X(HISTORY_GONE, "history_gone", 410, "This history was taken away; start again from the tables.")
/* clang-format on */

enum tb_problem {
    TB_PROBLEM_NONE = 0,
#define TB_X(name, code, status, title) TB_PROBLEM_##name,
    TB_PROBLEM_LIST(TB_X)
#undef TB_X
    TB_PROBLEM_COUNT
};

/* All three take a real problem (not NONE; asserted). */
const char *tb_problem_code(enum tb_problem p);
uint32_t tb_problem_status(enum tb_problem p);
const char *tb_problem_title(enum tb_problem p);

/* What one refusal says. field is "" or a JSON pointer (RFC 6901) into the body, or
 * the name of a header or parameter. Everything is copied when it is written.      */
#define TB_PROBLEM_FIELD_MAX 160
struct tb_refusal {
    enum tb_problem problem;
    char field[TB_PROBLEM_FIELD_MAX];
    char detail[128]; /* one English sentence, or "" */
};

/* Sets the first refusal and leaves a later one out: the first is the answer.
 * field and detail may be NULL.                                                     */
void tb_refusal_set(struct tb_refusal *r, enum tb_problem p, const char *field,
                    const char *detail);

/* Writes the application/problem+json document (RFC 9457):
 * {"type":"about:blank","title":..,"status":..,"code":..,"detail":..,"field":..,"request_id":..};
 * detail and field are left out when empty.                                         */
void tb_problem_write(struct tb_buf *b, const struct tb_refusal *r, struct tb_str request_id);
/* Enough for every problem document. */
#define TB_PROBLEM_BYTES_MAX 2560

#endif
