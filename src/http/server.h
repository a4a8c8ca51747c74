// SPDX-License-Identifier: Apache-2.0
/* http/server.h - HTTP/1.1 on libmicrohttpd, behind a face of our own.
 *
 * Purpose     accept connections, check framing and limits, hand every request to one
 *             handler and send its answer, which may come later and from any thread.
 * Shape       one IO thread per option.threads, each with its own libmicrohttpd daemon and
 *             a loop of ours. Answers from other threads go on a lock-free list of the IO
 *             thread; at most one wake-up is written for all that wait there.
 * Life        on_head runs when the headers are in, on_request when the body is. Between
 *             on_request and the reply the request belongs to the handler (any thread);
 *             everything in struct tb_request stays valid. tb_http_reply gives it back: do
 *             not touch it afterwards. Every request is answered exactly once (asserted).
 * Refused     without asking the handler: several or malformed lengths, length together
 *             with Transfer-Encoding, unknown codings, double Host, too many headers, bodies
 *             over the limit, TRACE and CONNECT, slow requests. What libmicrohttpd itself
 *             cannot parse it answers with a plain status and closes.
 * Limits      see struct tb_http_options. Memory a connection: TB_HTTP_POOL_BYTES; a
 *             request: TB_HTTP_REQUEST_BYTES; larger bodies share options.body_memory.
 * Not here    TLS, HTTP/2 (a reverse proxy in front), compression, routes and keys (shell.h).
 *             X-Forwarded-For is believed of options.proxy alone, and of it the last entry: the
 *             address that the proxy itself saw.
 * Caveats     a client that leaves is noticed only when its answer is sent. tb_http_stop
 *             waits until every request has been answered, so stop the engine after it.  */
#ifndef TB_HTTP_SERVER_H
#define TB_HTTP_SERVER_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "http/problem.h"

enum tb_http_method {
    TB_HTTP_GET = 0, /* HEAD arrives as GET; its body is not sent */
    TB_HTTP_POST,
    TB_HTTP_PUT,
    TB_HTTP_PATCH,
    TB_HTTP_DELETE,
    TB_HTTP_OPTIONS,
    TB_HTTP_METHOD_N
};
const char *tb_http_method_name(enum tb_http_method m);

/* While requests of several lanes come to an IO thread, it gives the handler so many of one lane at a time;
 * the rest of them wait, complete but unread, and cost the others no time. A lane alone is not bounded, nor are
 * bodies that are handed over by lines. "Several": among its last TB_HTTP_LANE_MEMORY requests.             */
#define TB_HTTP_LANE_MOST 64u
#define TB_HTTP_LANE_MEMORY 1024u

/* Of options.body_memory one holder has three quarters at most, so that slow senders of one tenant, or its readers
 * who do not read, leave room for others'. By number, as lanes: two that share one are bounded together.         */
#define TB_HTTP_HOLDER_SHARE(bytes) ((bytes) / 4 * 3)
#define TB_HTTP_HOLDERS 1024u

/* What the server does with the body; chosen by on_head. */
enum tb_http_body {
    TB_HTTP_BODY_NONE = 0, /* a body is refused: BODY_NOT_ALLOWED */
    TB_HTTP_BODY_WHOLE,    /* collected in req->body */
    TB_HTTP_BODY_LINES,    /* handed over line by line: on_line */
};

#define TB_HTTP_SEGMENTS_MAX 10
#define TB_HTTP_QUERY_MAX 16
#define TB_HTTP_EXTRA_HEADERS_MAX 8
#define TB_HTTP_REQUEST_ID_BYTES 26

struct tb_http_param {
    struct tb_str name;
    struct tb_str value;
};

struct tb_http_peer {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

struct tb_http_io; /* an IO thread */
struct tb_json_index;

/* Strings are borrowed and live as long as the request. Percent-escapes are undone in
 * segments and query; all of it is valid UTF-8 without control characters.             */
struct tb_request {
    enum tb_http_method method;
    struct tb_str path; /* as sent, without the query */
    struct tb_str segment[TB_HTTP_SEGMENTS_MAX];
    uint32_t segment_n;
    struct tb_http_param query[TB_HTTP_QUERY_MAX];
    uint32_t query_n;

    /* Headers wanted; p is NULL when absent. *_n counts repetitions. */
    struct tb_str authorization;
    struct tb_str idempotency_key;
    struct tb_str content_type;
    struct tb_str if_none_match;
    struct tb_str accept;
    struct tb_str traceparent;
    struct tb_str origin;
    struct tb_str cookie;
    struct tb_str csrf_token; /* X-CSRF-Token */
    struct tb_str page;       /* X-Page: which of our pages asks, "member" or none */
    struct tb_str accept_encoding;
    struct tb_str forwarded_for; /* the last X-Forwarded-For */
    uint32_t authorization_n;
    uint32_t idempotency_key_n;

    struct tb_http_peer peer;
    char id[TB_HTTP_REQUEST_ID_BYTES]; /* ULID: time and 80 random bits */
    int64_t received_ns;               /* CLOCK_MONOTONIC, when the headers were in */

    /* on_head sets these two (and op, user); the server obeys. */
    enum tb_http_body body_kind;
    size_t body_limit;
    uint32_t lane; /* whose it is (a tenant); 0: nobody's. See TB_HTTP_LANE_MOST */
    uint32_t holder; /* whose its memory is (a tenant): one has TB_HTTP_HOLDER_SHARE; 0: nobody's */
    uint32_t op;        /* for the handler */
    void *user;         /* for the handler */
    uint64_t number[6]; /* for the handler: tenant, key ... */

    struct tb_str body;     /* BODY_WHOLE: complete in on_request */
    /* For the handler, until the reply: some 15 KB, with a body over 1 KB or lines enough to
     * parse it (TB_HTTP_ARENA_FOR). In on_line mark and release it, it holds one line.    */
    struct tb_arena *arena;
    /* First free position for a queue that the handler keeps; the server leaves it alone. */
    struct tb_request *next;

    struct tb_http_io *io; /* the server's */
};

enum tb_http_line {
    TB_HTTP_LINE_NEXT = 0, /* go on */
    TB_HTTP_LINE_PAUSE,    /* taken; read no further until tb_http_body_resume */
};

/* Called on IO threads; several at a time, but never two for one request. They must not
 * block. user is options.user.                                                        */
struct tb_http_handler {
    /* Route, authenticate, set body_kind and body_limit. May refuse by tb_http_reply or
     * tb_http_refuse: then nothing else is called; a small body is read and dropped, so
     * that the connection lives on.                                                     */
    void (*on_head)(void *user, struct tb_request *req);
    /* Must lead to exactly one reply, now or later, from any thread. */
    void (*on_request)(void *user, struct tb_request *req);
    /* One line without its LF or CRLF; empty lines are skipped; line counts from 1. too_long:
     * it was over line_limit and text is its beginning. NULL when no operation uses it.  */
    enum tb_http_line (*on_line)(void *user, struct tb_request *req, struct tb_str text,
                                 uint32_t line, bool too_long);
    /* The client left before the body was complete, or before its turn came (TB_HTTP_LANE_MOST):
     * on_request will not be called; the request is gone after this. NULL: nothing to do.     */
    void (*on_abandoned)(void *user, struct tb_request *req);
    /* The thread has run its callbacks for now: what they collected may go out in one
     * piece. At least once after every callback, before the thread sleeps. NULL: nothing
     * to do.                                                                            */
    void (*on_turn)(void *user);
};

struct tb_http_options {
    const char *host; /* NULL: 127.0.0.1; numeric IPv4 or IPv6 */
    const char *proxy; /* numeric; whose X-Forwarded-For names the peer. NULL: nobody's */
    uint16_t port;    /* 0: the system chooses (tb_http_port) */
    uint32_t threads; /* 0: 1 */
    uint32_t connections_max;        /* 0: 10,000 */
    uint32_t connections_per_ip_max; /* 0: no limit; an IPv6 /64 is one address; the proxy has none */
    uint32_t headers_max;            /* 0: 64 */
    uint32_t uri_bytes_max;          /* 0: 4096 */
    uint32_t line_bytes_max;         /* 0: 65,536 */
    size_t body_memory;              /* 0: 256 MiB, all bodies over the inline size and all large replies together */
    uint32_t header_timeout_ms;      /* 0: 10,000; first byte to last header */
    uint32_t idle_timeout_ms;        /* 0: 75,000 */
    uint32_t drain_timeout_ms;       /* 0: 5,000; then clients that do not read are cut */
    uint32_t body_bytes_per_s_min;   /* 0: 1,024, judged after header_timeout_ms */
    const struct tb_http_handler *handler; /* must outlive the server */
    void *user;
    /* One line for the operator's log; any IO thread. NULL: dropped. */
    void (*log)(void *log_user, const char *text);
    void *log_user;
};

struct tb_http;

/* NULL with *fault (address in use, out of memory). */
TB_MUST_USE struct tb_http *tb_http_start(const struct tb_http_options *options,
                                          struct tb_fault *fault);
uint16_t tb_http_port(const struct tb_http *h);
/* From now on new requests get 503 STOPPING, connections close after their answer and the
 * listening socket is closed; waits until every request is answered and sent (idle connections
 * are closed) and every stream released, ends the threads and frees everything.            */
void tb_http_stop(struct tb_http *h);

/* The working memory for tb_json_parse of the IO thread that runs a callback; valid only
 * inside on_head, on_request and on_line (asserted).                                     */
struct tb_json_index *tb_http_json(const struct tb_request *req);
/* The caller runs on the request's IO thread: on_turn will follow. */
bool tb_http_on_io(const struct tb_request *req);

/* ---- Answers: any thread, exactly one a request -------------------------------------- */

/* Adds a header to the coming reply; name is a literal, value is copied into the arena
 * (dropped when that is full). At most TB_HTTP_EXTRA_HEADERS_MAX (asserted).            */
void tb_http_header(struct tb_request *req, const char *name, struct tb_str value);

/* Bytes inside the request's arena or of static life are sent as they are when said so;
 * others are copied. content_type is a literal; NULL with n = 0 for no body.            */
void tb_http_reply(struct tb_request *req, uint32_t status, const char *content_type,
                   const void *body, size_t n);
void tb_http_reply_static(struct tb_request *req, uint32_t status, const char *content_type,
                          const void *body, size_t n);
/* n bytes of malloc() that the server releases with free(). They count in options.body_memory until they
 * are sent; where that is used up the answer is OVERLOADED, so that readers who do not read cost no more. */
void tb_http_reply_owned(struct tb_request *req, uint32_t status, const char *content_type,
                         void *body, size_t n);
/* application/problem+json with the status of the problem. */
void tb_http_refuse(struct tb_request *req, const struct tb_refusal *refusal);
void tb_http_refuse_code(struct tb_request *req, enum tb_problem p, const char *field);

/* A long reply, pulled piece by piece on the IO thread. */
enum { TB_HTTP_PULL_WAIT = 0, TB_HTTP_PULL_END = -1, TB_HTTP_PULL_ABORT = -2 };
struct tb_http_stream {
    /* Fills at most cap bytes and says how many; WAIT: nothing now, call again after
     * tb_http_stream_wake; END: complete; ABORT: cut the connection (the reader sees a
     * broken chunk, never a short but valid reply). Must not block.                     */
    long (*pull)(void *user, void *to, size_t cap);
    /* Always called once at last, on the IO thread: sent, aborted or client gone. After it
     * no pull comes.                                                                    */
    void (*closed)(void *user);
    void *user;
};
/* The caller holds a share of the request from here until tb_http_stream_release, so that
 * a wake from another thread never meets a freed request. No operation needs it so far: the
 * server of tests/http/echo_server.c alone, which keeps it true, streams.               */
void tb_http_reply_stream(struct tb_request *req, uint32_t status, const char *content_type,
                          struct tb_http_stream stream);
void tb_http_stream_wake(struct tb_request *req); /* any thread, any number of times */
void tb_http_stream_release(struct tb_request *req);

/* Runs fn on the request's IO thread, soon; any thread, for a request that the handler has
 * (between on_request and the reply, or paused after a line). One at a time (asserted). fn
 * may reply, resume, or let others go on and call again. It keeps decrypting and printing
 * off the thread that calls.                                                           */
void tb_http_call(struct tb_request *req, void (*fn)(void *user, struct tb_request *req),
                  void *user);

/* Goes on after TB_HTTP_LINE_PAUSE; any thread, once for each pause. */
void tb_http_body_resume(struct tb_request *req);

/* ---- Figures for /metrics ------------------------------------------------------------ */
struct tb_http_figures {
    uint64_t requests;
    uint64_t replies_by_class[6]; /* [2]: 2xx ... */
    uint64_t connections_accepted;
    uint64_t connections_refused;
    uint64_t wakeups;
    uint64_t slow_closed;
    uint32_t connections;
    uint32_t in_flight;
};
void tb_http_figures_read(const struct tb_http *h, struct tb_http_figures *out);

#endif
