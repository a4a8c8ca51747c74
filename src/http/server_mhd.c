// SPDX-License-Identifier: Apache-2.0
/* http/server_mhd.c - libmicrohttpd's callbacks: the life of one request.
 *
 *   HEAD -> BODY -> RUNNING -> SENDING          the ordinary way
 *   HEAD -> DISCARD -> SENDING                  refused, connection lives on
 *   HEAD | BODY -> LINGER                       refused, connection is cut
 *
 * A request is suspended only here and in stream_read, on its IO thread, and resumed
 * only by that thread's loop; so no answer can overtake its suspension.
 *
 * RUNNING: suspending a connection and resuming it costs five system calls, more than all
 * the rest. So the first TB_HTTP_WAITING_MAX of a thread are not suspended: libmicrohttpd
 * keeps them in its list of ready connections and asks for their answer in every turn.
 * It may also end them (the client is gone) while the handler still has the request: the
 * handler's share keeps that alive. Those that wait longer are suspended after all.      */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/server_int.h"

static void phase_set(struct req *r, enum phase p)
{
    r->phase = p;
    r->phase_ns = r->pub.io->now_ns;
    r->body_bytes = 0;
}

static void suspend(struct req *r)
{
    MHD_suspend_connection(r->mhd);
    r->suspended = true;
}

/* ---- Waiting for the handler ------------------------------------------------------------ */

static void wait_for_answer(struct req *r)
{
    struct tb_http_io *io = r->pub.io;
    if (io->waiting == TB_HTTP_WAITING_MAX) {
        suspend(r);
        return;
    }
    r->waiting = true;
    io->waiting++;
    atomic_fetch_add_explicit(&r->shares, 1, memory_order_relaxed);
}

static void wait_no_more(struct req *r)
{
    r->waiting = false;
    r->pub.io->waiting--;
}

static enum MHD_Result answer_asked(struct req *r)
{
    bool patient = r->pub.io->now_ns - r->phase_ns < TB_HTTP_WAITING_MS * INT64_C(1000000);
    if (r->waiting && !r->ready && patient)
        return MHD_YES;
    if (r->waiting) {
        wait_no_more(r);
        tb_http_req_share_drop(r); /* libmicrohttpd's is still there */
        if (!r->ready) {
            suspend(r);
            return MHD_YES;
        }
    }
    return tb_http_reply_queue(r);
}

/* ---- Refusals that cut the connection ------------------------------------------------- */

static void put_headers(struct tb_buf *b, uint32_t status, const char *type, size_t n)
{
    tb_buf_printf(b, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n", status,
                  MHD_get_reason_phrase_for(status), n);
    if (type != NULL)
        tb_buf_printf(b, "Content-Type: %s\r\n", type);
}

static void send_and_shut(int fd, const struct tb_buf *b)
{
    if (!b->overflowed)
        (void)send(fd, b->p, b->n, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
}

/* Sends r's reply past libmicrohttpd (which would first read the whole body) and drops
 * what still comes, so that the client gets to read it.                                 */
static enum MHD_Result reply_and_linger(struct req *r)
{
    uint8_t text[4096];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    put_headers(&b, r->status, r->content_type, r->reply_n);
    tb_buf_printf(&b, "Request-Id: %.*s\r\n", TB_HTTP_REQUEST_ID_BYTES, r->pub.id);
    for (uint32_t i = 0; i < r->extra_n; i++)
        tb_buf_printf(&b, "%s: %s\r\n", r->extra[i].name, r->extra[i].value.p);
    tb_buf_put(&b, "\r\n", 2);
    if (r->reply_n > 0)
        tb_buf_put(&b, r->reply, r->reply_n);
    send_and_shut(r->conn->fd, &b);
    atomic_fetch_add_explicit(&r->pub.io->by_class[r->status / 100], 1, memory_order_relaxed);
    phase_set(r, PHASE_LINGER);
    return MHD_YES;
}

void tb_http_too_slow(struct tb_http_io *io, struct conn *c)
{
    uint8_t text[1024];
    uint8_t body[512];
    struct tb_buf b;
    struct tb_buf problem;
    char id[TB_HTTP_REQUEST_ID_BYTES];
    struct tb_refusal refusal = {.problem = TB_PROBLEM_TOO_SLOW};
    tb_http_id_make(io, id);
    tb_buf_init(&problem, body, sizeof body);
    tb_problem_write(&problem, &refusal, (struct tb_str){id, sizeof id});
    tb_buf_init(&b, text, sizeof text);
    put_headers(&b, 408, "application/problem+json", problem.n);
    tb_buf_put(&b, "\r\n", 2);
    tb_buf_put(&b, body, problem.n);
    send_and_shut(c->fd, &b);
    atomic_fetch_add_explicit(&io->slow_closed, 1, memory_order_relaxed);
    tb_http_conn_cut(c);
}

static bool has_body(const struct req *r)
{
    return r->chunked || (r->has_length && r->length > 0);
}

/* The reply is there (inline) while the body is not. */
static enum MHD_Result refused_early(struct req *r, bool cut)
{
    tb_assert(r->inline_reply);
    bool droppable = !r->expects && (r->chunked || r->length <= TB_HTTP_DISCARD_MAX);
    if (cut || (has_body(r) && !droppable))
        return reply_and_linger(r);
    phase_set(r, PHASE_DISCARD);
    return MHD_YES;
}

static enum MHD_Result refuse_early(struct req *r, enum tb_problem p, bool cut)
{
    tb_http_current = r;
    tb_http_refuse_code(&r->pub, p, NULL);
    tb_http_current = NULL;
    return refused_early(r, cut);
}

/* ---- Head ------------------------------------------------------------------------------ */

void *tb_http_mhd_uri(void *user, const char *uri, struct MHD_Connection *m)
{
    struct tb_http_io *io = user;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(m, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == NULL || info->socket_context == NULL)
        return NULL;
    struct req *r = tb_http_req_new(io);
    if (r == NULL)
        return NULL;
    r->mhd = m;
    r->conn = info->socket_context;
    r->conn->req = r;
    r->phase_ns = io->now_ns;
    size_t n = strlen(uri);
    if (n > io->h->o.uri_bytes_max) {
        r->uri_too_long = true;
        n = 0;
    }
    char *copy = tb_arena_alloc(&r->arena, n ? n : 1);
    if (copy == NULL) {
        r->uri_too_long = true;
        n = 0;
    } else {
        memcpy(copy, uri, n);
    }
    r->pub.path = (struct tb_str){copy, (uint32_t)n};
    atomic_fetch_add_explicit(&io->requests, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&io->in_flight, 1, memory_order_relaxed);
    return r;
}

static void peer_read(struct req *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct tb_http_peer *p = &r->pub.peer;
    if (info == NULL || info->client_addr == NULL)
        return;
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)info->client_addr;
        p->address[10] = p->address[11] = 0xff;
        memcpy(p->address + 12, &a->sin_addr, 4);
        p->port = ntohs(a->sin_port);
    } else if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)info->client_addr;
        memcpy(p->address, &a->sin6_addr, 16);
        p->port = ntohs(a->sin6_port);
    }
}

/* Takes the memory for a body of n bytes, at once. */
static bool body_reserve(struct req *r, size_t n)
{
    if (n <= r->body_cap)
        return true;
    if (!tb_http_req_reserve(r, n - (r->heap_body ? r->body_cap : 0)))
        return false;
    void *bigger = realloc(r->heap_body, n);
    if (bigger == NULL)
        return false;
    if (r->heap_body == NULL && r->body_n > 0)
        memcpy(bigger, r->inline_body, r->body_n);
    r->heap_body = bigger;
    r->body = bigger;
    r->body_cap = n;
    return true;
}

/* An arena for reading n bytes of JSON; what is in the inline one stays where it is. */
static bool arena_grow(struct req *r, size_t n)
{
    size_t size = TB_HTTP_ARENA_FOR(n);
    tb_assert(r->heap_arena == NULL);
    if (!tb_http_req_reserve(r, size))
        return false;
    r->heap_arena = malloc(size);
    if (r->heap_arena == NULL)
        return false;
    tb_arena_init(&r->arena, r->heap_arena, size);
    return true;
}

static enum MHD_Result body_expected(struct req *r)
{
    struct tb_request *q = &r->pub;
    if (!has_body(r))
        return MHD_YES;
    if (q->body_kind == TB_HTTP_BODY_NONE)
        return refuse_early(r, TB_PROBLEM_BODY_NOT_ALLOWED, false);
    if (r->coded)
        return refuse_early(r, TB_PROBLEM_UNSUPPORTED_ENCODING, false);
    if (r->has_length && r->length > q->body_limit)
        return refuse_early(r, TB_PROBLEM_BODY_TOO_LARGE, false);
    if (q->body_kind == TB_HTTP_BODY_WHOLE && r->has_length && !body_reserve(r, r->length))
        return refuse_early(r, TB_PROBLEM_OVERLOADED, false);
    if (q->body_kind == TB_HTTP_BODY_LINES && !arena_grow(r, r->pub.io->h->o.line_bytes_max))
        return refuse_early(r, TB_PROBLEM_OVERLOADED, false);
    return MHD_YES;
}

static enum MHD_Result head_arrived(struct req *r, const char *method, const char *version)
{
    struct tb_http_io *io = r->pub.io;
    phase_set(r, PHASE_BODY);
    r->pub.received_ns = io->now_ns;
    tb_http_id_make(io, r->pub.id);
    peer_read(r);
    enum tb_problem p = tb_http_head_read(r, method, version);
    if (p != TB_PROBLEM_NONE)
        return refuse_early(r, p, p == TB_PROBLEM_AMBIGUOUS_FRAMING || p == TB_PROBLEM_BAD_REQUEST);
    if (atomic_load_explicit(&io->h->draining, memory_order_relaxed))
        return refuse_early(r, TB_PROBLEM_STOPPING, false);
    tb_http_current = r;
    io->h->o.handler->on_head(io->h->o.user, &r->pub);
    tb_http_current = NULL;
    return r->inline_reply ? refused_early(r, false) : body_expected(r);
}

/* ---- Body ------------------------------------------------------------------------------ */

static enum MHD_Result whole_data(struct req *r, const char *data, size_t n)
{
    size_t want = r->body_n + n;
    if (want > r->pub.body_limit)
        return refuse_early(r, TB_PROBLEM_BODY_TOO_LARGE, true);
    if (want > r->body_cap) {
        size_t cap = r->body_cap * 2 > want ? r->body_cap * 2 : want;
        if (cap > r->pub.body_limit)
            cap = r->pub.body_limit;
        if (!body_reserve(r, cap))
            return refuse_early(r, TB_PROBLEM_OVERLOADED, true);
    }
    memcpy(r->body + r->body_n, data, n);
    r->body_n = want;
    return MHD_YES;
}

static enum tb_http_line line_out(struct req *r, struct tb_str text)
{
    struct tb_http *h = r->pub.io->h;
    bool too_long = r->carry_too_long;
    r->body_n = 0;
    r->carry_too_long = false;
    if (text.n > 0 && text.p[text.n - 1] == '\r')
        text.n--;
    r->line++;
    if (text.n == 0)
        return TB_HTTP_LINE_NEXT;
    tb_http_current = r;
    enum tb_http_line result = h->o.handler->on_line(h->o.user, &r->pub, text, r->line, too_long);
    tb_http_current = NULL;
    return result;
}

/* Adds to the unfinished line; what is over the limit is dropped and said. */
static bool carry(struct req *r, const char *data, size_t n)
{
    size_t limit = r->pub.io->h->o.line_bytes_max;
    if (r->body_n + n > limit) {
        n = limit - r->body_n;
        r->carry_too_long = true;
    }
    if (r->body_n + n > r->body_cap && !body_reserve(r, limit))
        return false;
    memcpy(r->body + r->body_n, data, n);
    r->body_n += n;
    return true;
}

/* Hands out every line that is complete; *n is what is left when the handler pauses. */
static enum MHD_Result lines_data(struct req *r, const char *data, size_t *n)
{
    size_t limit = r->pub.io->h->o.line_bytes_max;
    while (*n > 0) {
        const char *lf = memchr(data, '\n', *n);
        size_t part = lf ? (size_t)(lf - data) : *n;
        size_t used = part + (lf != NULL);
        struct tb_str text = {data, (uint32_t)part};
        if (lf == NULL || r->body_n > 0 || r->carry_too_long || part > limit) {
            if (!carry(r, data, part))
                return refuse_early(r, TB_PROBLEM_OVERLOADED, true);
            text = (struct tb_str){(const char *)r->body, (uint32_t)r->body_n};
        }
        data += used;
        *n -= used;
        if (lf == NULL)
            break;
        enum tb_http_line next = line_out(r, text);
        if (r->inline_reply) {
            phase_set(r, PHASE_DISCARD);
            *n = 0;
            break;
        }
        if (next == TB_HTTP_LINE_PAUSE) {
            suspend(r);
            break;
        }
    }
    return MHD_YES;
}

static enum MHD_Result body_data(struct req *r, const char *data, size_t *n)
{
    size_t got = *n;
    enum MHD_Result result = MHD_YES;
    if (r->phase == PHASE_LINGER) {
        *n = 0;
        return MHD_YES;
    }
    if (r->phase == PHASE_DISCARD) {
        *n = 0;
        r->body_bytes += got;
        return r->body_bytes > TB_HTTP_DISCARD_MAX ? reply_and_linger(r) : MHD_YES;
    }
    tb_assert(r->phase == PHASE_BODY);
    if (r->pub.body_kind == TB_HTTP_BODY_WHOLE) {
        result = whole_data(r, data, got);
        *n = 0;
    } else {
        if (r->length + got > r->pub.body_limit && r->chunked)
            result = refuse_early(r, TB_PROBLEM_BODY_TOO_LARGE, true);
        else
            result = lines_data(r, data, n);
        if (r->phase == PHASE_LINGER)
            *n = 0;
        if (r->chunked)
            r->length += got - *n;
    }
    r->body_bytes += got - *n;
    return result;
}

/* ---- Running ---------------------------------------------------------------------------- */

void tb_http_hand(struct req *r)
{
    struct tb_http *h = r->pub.io->h;
    tb_http_current = r;
    h->o.handler->on_request(h->o.user, &r->pub);
    tb_http_current = NULL;
}

static enum MHD_Result body_complete(struct req *r)
{
    if (r->pub.body_kind == TB_HTTP_BODY_LINES && r->body_n > 0) { /* no LF at the end */
        enum tb_http_line next =
            line_out(r, (struct tb_str){(const char *)r->body, (uint32_t)r->body_n});
        if (next == TB_HTTP_LINE_PAUSE && !r->inline_reply) {
            suspend(r);
            return MHD_YES; /* comes back here, with nothing left */
        }
    }
    bool larger = r->pub.body_kind == TB_HTTP_BODY_WHOLE && r->body_n > TB_HTTP_ARENA_INLINE;
    if (!r->inline_reply && larger && !arena_grow(r, r->body_n)) {
        tb_http_current = r;
        tb_http_refuse_code(&r->pub, TB_PROBLEM_OVERLOADED, NULL);
        tb_http_current = NULL;
    }
    phase_set(r, PHASE_RUNNING);
    if (!r->inline_reply) {
        if (r->pub.body_kind == TB_HTTP_BODY_WHOLE)
            r->pub.body = (struct tb_str){(const char *)r->body, (uint32_t)r->body_n};
        if (tb_http_lane_enter(r))
            tb_http_hand(r);
    }
    if (r->inline_reply)
        return tb_http_reply_queue(r);
    wait_for_answer(r);
    return MHD_YES;
}

enum MHD_Result tb_http_mhd_access(void *user, struct MHD_Connection *m, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *data_n, void **req)
{
    struct req *r = *req;
    (void)user;
    (void)m;
    (void)url;
    if (r == NULL)
        return MHD_NO; /* out of memory */
    if (r->phase == PHASE_RUNNING && *data_n == 0)
        return answer_asked(r);
    r->pub.io->moved++;
    if (r->phase == PHASE_HEAD)
        return head_arrived(r, method, version);
    if (*data_n > 0)
        return body_data(r, data, data_n);
    switch (r->phase) {
    case PHASE_BODY:
        return body_complete(r);
    case PHASE_DISCARD:
        return tb_http_reply_queue(r);
    case PHASE_RUNNING:
    case PHASE_HEAD:
    case PHASE_LINGER:
    case PHASE_SENDING:
        break;
    }
    return MHD_NO;
}

void tb_http_mhd_completed(void *user, struct MHD_Connection *m, void **req,
                           enum MHD_RequestTerminationCode why)
{
    struct tb_http_io *io = user;
    struct req *r = *req;
    (void)m;
    (void)why;
    if (r == NULL)
        return;
    *req = NULL;
    tb_assert(!r->suspended);
    const struct tb_http_handler *handler = io->h->o.handler;
    if (r->phase == PHASE_BODY && handler->on_abandoned != NULL)
        handler->on_abandoned(io->h->o.user, &r->pub);
    r->conn->req = NULL;
    r->conn->requests++;
    r->conn->since_ns = io->now_ns;
    io->moved++;
    atomic_fetch_sub_explicit(&io->in_flight, 1, memory_order_relaxed);
    if (r->waiting) {
        wait_no_more(r);
        if (r->ready)
            tb_http_req_share_drop(r);
        else
            r->gone = true; /* the handler has it; the loop ends it with its answer */
    }
    if (!r->gone)
        tb_http_lane_leave(r);
    if (r->gone) {
        r->conn = NULL;
        r->mhd = NULL;
    } else if (r->is_stream) {
        r->stream.closed(r->stream.user);
    }
    tb_http_req_share_drop(r);
}

void tb_http_mhd_connection(void *user, struct MHD_Connection *m, void **socket_context,
                            enum MHD_ConnectionNotificationCode what)
{
    struct tb_http_io *io = user;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct conn *c = calloc(1, sizeof *c);
        *socket_context = c;
        if (c == NULL)
            return; /* its requests are refused in tb_http_mhd_uri */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(m, MHD_CONNECTION_INFO_CONNECTION_FD);
        tb_assert(io->adding != NULL && info != NULL);
        c->fd = info->connect_fd;
        c->ip_slot = io->adding->ip_slot;
        io->adding->fd = -1; /* taken */
        c->since_ns = io->now_ns;
        c->next = io->conns;
        if (c->next != NULL)
            c->next->prev = c;
        io->conns = c;
        return;
    }
    struct conn *c = *socket_context;
    if (c == NULL)
        return;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        io->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (io->h->ip_count != NULL)
        atomic_fetch_sub(&io->h->ip_count[c->ip_slot], 1);
    atomic_fetch_sub(&io->connections, 1);
    free(c);
}
