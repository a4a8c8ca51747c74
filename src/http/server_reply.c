// SPDX-License-Identifier: Apache-2.0
/* http/server_reply.c - answers: from any thread to the IO thread, and there to
 * libmicrohttpd.                                                                        */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server_int.h"

_Thread_local struct req *tb_http_current;

static struct req *req_of(struct tb_request *q)
{
    return (struct req *)q;
}

/* Puts the request on its IO thread's list unless it is there already. False when that
 * very event was waiting already.                                                       */
static bool put_event(struct req *r, enum event e)
{
    struct tb_http_io *io = r->pub.io;
    /* Once the event is on the list the thread may deal with it, end and be destroyed;
     * it waits for those still in here.                                                 */
    atomic_fetch_add(&io->callers, 1);
    unsigned before = atomic_fetch_or(&r->events, (unsigned)e);
    if (before != 0) {
        atomic_fetch_sub(&io->callers, 1);
        return !(before & (unsigned)e);
    }
    struct req *head = atomic_load_explicit(&io->events, memory_order_relaxed);
    do
        r->next_event = head;
    while (!atomic_compare_exchange_weak(&io->events, &head, r));
    /* Whoever finds the thread asleep wakes it, once. The thread sets asleep before it
     * looks at the list for the last time, so no event is overlooked.                   */
    if (atomic_load(&io->asleep) && atomic_exchange(&io->asleep, false))
        tb_http_io_wake(io);
    atomic_fetch_sub(&io->callers, 1);
    return true;
}

void tb_http_header(struct tb_request *q, const char *name, struct tb_str value)
{
    struct req *r = req_of(q);
    tb_assert(r->extra_n < TB_HTTP_EXTRA_HEADERS_MAX);
    char *copy = tb_arena_alloc(q->arena, (size_t)value.n + 1);
    if (copy == NULL)
        return;
    memcpy(copy, value.p, value.n);
    r->extra[r->extra_n++] = (struct header){name, {copy, value.n}};
}

static void answer(struct req *r, uint32_t status, const char *content_type, const void *body,
                   size_t n, enum reply_memory memory)
{
    bool before = atomic_exchange(&r->answered, true);
    tb_assert(!before);
    tb_assert(status >= 200 && status <= 599);
    r->status = status;
    r->content_type = content_type;
    r->reply = body;
    r->reply_n = n;
    r->reply_memory = memory;
    if (tb_http_current == r)
        r->inline_reply = true;
    else
        (void)put_event(r, EVENT_REPLY);
}

static bool in_arena(const struct tb_arena *a, const void *p, size_t n)
{
    const uint8_t *b = p;
    return b >= a->base && b < a->base + a->size && n <= (size_t)(a->base + a->size - b);
}

void tb_http_reply(struct tb_request *q, uint32_t status, const char *content_type,
                   const void *body, size_t n)
{
    struct req *r = req_of(q);
    if (n == 0 || in_arena(q->arena, body, n)) {
        answer(r, status, content_type, body, n, REPLY_STAYS);
        return;
    }
    void *copy = tb_arena_alloc(q->arena, n);
    if (copy != NULL) {
        memcpy(copy, body, n);
        answer(r, status, content_type, copy, n, REPLY_STAYS);
        return;
    }
    copy = malloc(n);
    if (copy == NULL) {
        answer(r, 503, NULL, NULL, 0, REPLY_STAYS);
        return;
    }
    memcpy(copy, body, n);
    answer(r, status, content_type, copy, n, REPLY_FREE);
}

void tb_http_reply_static(struct tb_request *q, uint32_t status, const char *content_type,
                          const void *body, size_t n)
{
    answer(req_of(q), status, content_type, body, n, REPLY_STAYS);
}

void tb_http_reply_owned(struct tb_request *q, uint32_t status, const char *content_type,
                         void *body, size_t n)
{
    struct req *r = req_of(q);
    void *fitting = realloc(body, n ? n : 1); /* what was not filled need not wait for a slow reader */
    body = fitting != NULL ? fitting : body;
    if (tb_http_req_reserve(r, n)) {
        answer(r, status, content_type, body, n, REPLY_FREE);
        return;
    }
    free(body);
    tb_http_refuse_code(q, TB_PROBLEM_OVERLOADED, NULL);
}

void tb_http_refuse(struct tb_request *q, const struct tb_refusal *refusal)
{
    uint8_t text[TB_PROBLEM_BYTES_MAX];
    struct tb_buf b;
    uint32_t status = tb_problem_status(refusal->problem);
    tb_buf_init(&b, text, sizeof text);
    tb_problem_write(&b, refusal, (struct tb_str){q->id, sizeof q->id});
    tb_assert(!b.overflowed);
    struct req *r = req_of(q);
    bool says_when = false;
    for (uint32_t i = 0; i < r->extra_n; i++)
        says_when |= strcmp(r->extra[i].name, "Retry-After") == 0;
    if ((status == 503 || status == 429) && !says_when && r->extra_n < TB_HTTP_EXTRA_HEADERS_MAX)
        tb_http_header(q, "Retry-After", TB_STR("1"));
    tb_http_reply(q, status, "application/problem+json", text, b.n);
}

void tb_http_refuse_code(struct tb_request *q, enum tb_problem p, const char *field)
{
    struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
    tb_refusal_set(&refusal, p, field, NULL);
    tb_http_refuse(q, &refusal);
}

void tb_http_reply_stream(struct tb_request *q, uint32_t status, const char *content_type,
                          struct tb_http_stream stream)
{
    struct req *r = req_of(q);
    tb_assert(stream.pull != NULL && stream.closed != NULL);
    r->is_stream = true;
    r->stream = stream;
    atomic_fetch_add(&r->shares, 1);
    answer(r, status, content_type, NULL, 0, REPLY_STAYS);
}

void tb_http_stream_wake(struct tb_request *q)
{
    struct req *r = req_of(q);
    /* The list holds a share, so that an end of the stream cannot free it meanwhile. */
    atomic_fetch_add(&r->shares, 1);
    if (!put_event(r, EVENT_WAKE))
        tb_http_req_share_drop(r);
}

void tb_http_stream_release(struct tb_request *q)
{
    tb_http_req_share_drop(req_of(q));
}

void tb_http_call(struct tb_request *q, void (*fn)(void *user, struct tb_request *q), void *user)
{
    struct req *r = req_of(q);
    r->call = fn;
    r->call_user = user;
    /* The list holds a share: the client may leave while a body is being read. */
    atomic_fetch_add(&r->shares, 1);
    bool fresh = put_event(r, EVENT_CALL);
    tb_assert(fresh);
}

void tb_http_body_resume(struct tb_request *q)
{
    (void)put_event(req_of(q), EVENT_RESUME);
}

/* ---- On the IO thread ------------------------------------------------------------------ */

static ssize_t stream_read(void *user, uint64_t at, char *to, size_t cap)
{
    struct req *r = user;
    (void)at;
    r->pub.io->moved++;
    if (r->conn->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    long n = r->stream.pull(r->stream.user, to, cap);
    if (n == TB_HTTP_PULL_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == TB_HTTP_PULL_ABORT)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    tb_assert(n >= 0 && (size_t)n <= cap);
    if (n == 0) {
        MHD_suspend_connection(r->mhd);
        r->suspended = true;
    }
    return (ssize_t)n;
}

static struct MHD_Response *response_of(struct req *r)
{
    if (r->is_stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, stream_read, r, NULL);
    /* libmicrohttpd takes the bytes as they are; the request outlives the response */
    return MHD_create_response_from_buffer(r->reply_n, (void *)(uintptr_t)r->reply,
                                           MHD_RESPMEM_PERSISTENT);
}

static bool add_headers(struct req *r, struct MHD_Response *m)
{
    char id[TB_HTTP_REQUEST_ID_BYTES + 1];
    memcpy(id, r->pub.id, sizeof r->pub.id);
    id[sizeof id - 1] = 0;
    bool ok = MHD_add_response_header(m, "Request-Id", id) == MHD_YES;
    if (r->content_type != NULL)
        ok = ok && MHD_add_response_header(m, "Content-Type", r->content_type) == MHD_YES;
    for (uint32_t i = 0; i < r->extra_n; i++)
        ok = ok &&
             MHD_add_response_header(m, r->extra[i].name, r->extra[i].value.p) == MHD_YES;
    if (r->close_after)
        ok = ok && MHD_add_response_header(m, "Connection", "close") == MHD_YES;
    return ok;
}

enum MHD_Result tb_http_reply_queue(struct req *r)
{
    struct tb_http_io *io = r->pub.io;
    struct MHD_Response *m = response_of(r);
    if (m == NULL)
        return MHD_NO;
    io->moved++;
    tb_http_lane_leave(r);
    r->phase = PHASE_SENDING;
    r->phase_ns = io->now_ns;
    if (atomic_load_explicit(&io->h->draining, memory_order_relaxed))
        r->close_after = true;
    enum MHD_Result result = MHD_NO;
    if (add_headers(r, m))
        result = MHD_queue_response(r->mhd, r->status, m);
    MHD_destroy_response(m);
    atomic_fetch_add_explicit(&io->by_class[r->status / 100], 1, memory_order_relaxed);
    return result;
}
