// SPDX-License-Identifier: Apache-2.0
/* tests/http/echo_server.c - the server without the product: echoes, and answers from
 * another thread, for the stress and speed tests.
 *
 *   echo_server THREADS [PORT [BODY_MEMORY]]   prints "port N", serves until SIGTERM or SIGINT
 *   POST /v1/echo                   the body, from another thread
 *   POST /v1/inline                 the body, from the IO thread
 *   POST /v1/json                   parses the body; {"nodes":N} or a problem
 *   POST /v1/lines                  NDJSON: {"lines":N,"bytes":N}; pauses every 64 lines
 *   GET  /v1/small                  200 bytes, from another thread
 *   GET  /v1/stream?n=N             N lines, produced by another thread, with waits
 *   POST /v1/shuffle                echo, but answered in random order
 *   POST /v1/call                   echo, from the IO thread at the worker's request
 *   GET  /v1/hold                   answered by a release, in the order in which they came
 *   GET  /v1/held                   {"held":N,"inside":N}: of those, and of all that were read
 *   GET  /v1/large?n=N              N bytes of its own memory
 *   GET  /v1/release?n=N            answers N of those that are held
 * ?lane=N, ?holder=N say whose a request is.                                                      */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/json.h"
#include "http/server.h"

enum op { OP_ECHO = 1, OP_INLINE, OP_JSON, OP_LINES, OP_SMALL, OP_STREAM, OP_SHUFFLE, OP_CALL, OP_HOLD, OP_HELD,
          OP_RELEASE, OP_LARGE };

/* The stand-in for the engine: one thread that takes all that waits and answers it. */
struct worker {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct tb_request *first;
    struct tb_request *last;
    bool stop;
    unsigned seed;
};

static struct worker worker = {.lock = PTHREAD_MUTEX_INITIALIZER,
                               .ready = PTHREAD_COND_INITIALIZER,
                               .seed = 1};

static void hand_over(struct tb_request *req)
{
    req->next = NULL;
    (void)pthread_mutex_lock(&worker.lock);
    bool was_empty = worker.first == NULL;
    if (was_empty)
        worker.first = req;
    else
        worker.last->next = req;
    worker.last = req;
    (void)pthread_mutex_unlock(&worker.lock);
    if (was_empty)
        (void)pthread_cond_signal(&worker.ready);
}

/* ---- A stream of lines: the worker raises `ready`, the IO thread pulls ---------------- */

struct lines {
    struct tb_request *req;
    _Atomic long ready;
    long sent;
    long total;
    atomic_int shares;
};

static void lines_drop(struct lines *l)
{
    if (atomic_fetch_sub(&l->shares, 1) == 1)
        free(l);
}

static long lines_pull(void *user, void *to, size_t cap)
{
    struct lines *l = user;
    size_t n = 0;
    long ready = atomic_load(&l->ready);
    if (l->sent == l->total)
        return TB_HTTP_PULL_END;
    while (l->sent < ready && n + 40 < cap)
        n += (size_t)snprintf((char *)to + n, 40, "{\"line\":%ld}\n", l->sent++);
    return (long)n;
}

static void lines_closed(void *user)
{
    lines_drop(user);
}

static void *lines_produce(void *user)
{
    struct lines *l = user;
    struct tb_request *req = l->req;
    for (long made = 0; made < l->total;) {
        made += 1 + made % 97;
        if (made > l->total)
            made = l->total;
        atomic_store(&l->ready, made);
        tb_http_stream_wake(req);
        if (made % 5 == 0)
            (void)usleep(100);
    }
    tb_http_stream_release(req);
    lines_drop(l);
    return NULL;
}

static void start_stream(struct tb_request *req)
{
    struct lines *l = calloc(1, sizeof *l);
    pthread_t t;
    int64_t n = 10;
    for (uint32_t i = 0; i < req->query_n; i++)
        if (tb_str_eq_c(req->query[i].name, "n") && !tb_str_to_i64(req->query[i].value, &n))
            n = 10;
    if (l == NULL)
        abort();
    l->req = req;
    l->total = (long)n;
    atomic_store(&l->shares, 2);
    tb_http_reply_stream(req, 200, "application/x-ndjson",
                         (struct tb_http_stream){lines_pull, lines_closed, l});
    if (pthread_create(&t, NULL, lines_produce, l) != 0)
        abort();
    (void)pthread_detach(t);
}

/* ---- The worker -------------------------------------------------------------------------- */

/* On the IO thread; goes round twice, as a room that reads twice does. */
static void called(void *user, struct tb_request *req)
{
    (void)user;
    if (tb_http_json(req) == NULL)
        abort();
    if (req->number[0]++ == 0)
        tb_http_call(req, called, NULL);
    else
        tb_http_reply(req, 200, "application/octet-stream", req->body.p, req->body.n);
}

static void answer(struct tb_request *req)
{
    static const char small[] =
        "{\"id\":\"mbr_01HZX3K9\",\"points\":1250,\"tier\":\"gold\",\"since\":\"2024-03-01T00:00:00Z\","
        "\"lots\":[{\"points\":250,\"expires\":\"2026-12-31T15:59:59Z\"},{\"points\":1000,\"expires\":"
        "null}],\"at\":123456789012}";
    if (req->op == OP_SMALL)
        tb_http_reply_static(req, 200, "application/json", small, sizeof small - 1);
    else if (req->op == OP_STREAM)
        start_stream(req);
    else if (req->op == OP_CALL)
        tb_http_call(req, called, NULL);
    else
        tb_http_reply(req, 200, "application/octet-stream", req->body.p, req->body.n);
}

/* Answers a list in random order. */
static void answer_shuffled(struct tb_request *list)
{
    struct tb_request *all[1024];
    uint32_t n = 0;
    for (; list != NULL && n < TB_COUNT_OF(all); list = list->next)
        all[n++] = list;
    if (list != NULL)
        abort();
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)rand_r(&worker.seed) % i;
        struct tb_request *t = all[i - 1];
        all[i - 1] = all[j];
        all[j] = t;
    }
    for (uint32_t i = 0; i < n; i++)
        answer(all[i]);
}

static void *work(void *user)
{
    (void)user;
    struct tb_request *held = NULL;
    for (;;) {
        (void)pthread_mutex_lock(&worker.lock);
        while (worker.first == NULL && !worker.stop && held == NULL)
            (void)pthread_cond_wait(&worker.ready, &worker.lock);
        struct tb_request *list = worker.first;
        worker.first = worker.last = NULL;
        bool stop = worker.stop;
        (void)pthread_mutex_unlock(&worker.lock);
        if (list == NULL && held == NULL && stop)
            return NULL;
        /* Shuffled ones wait a while, so that many are suspended at a time. */
        bool got = list != NULL;
        while (list != NULL) {
            struct tb_request *next = list->next;
            if (list->op == OP_SHUFFLE) {
                list->next = held;
                held = list;
            } else {
                answer(list);
            }
            list = next;
        }
        if (held != NULL && (!got || rand_r(&worker.seed) % 4 == 0)) {
            answer_shuffled(held);
            held = NULL;
        } else if (held != NULL) {
            (void)usleep(50);
        }
    }
}

/* ---- Held requests: of one IO thread ------------------------------------------------------ */

static struct tb_request *held[4096];
static uint32_t held_first;
static uint32_t held_end;
static _Atomic(struct tb_http *) server;

static int64_t query_number(const struct tb_request *req, const char *name)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < req->query_n; i++)
        if (tb_str_eq_c(req->query[i].name, name) && !tb_str_to_i64(req->query[i].value, &n))
            n = 0;
    return n;
}

static void on_held(struct tb_request *req)
{
    char text[64];
    struct tb_http_figures f;
    for (int64_t n = req->op == OP_RELEASE ? query_number(req, "n") : 0; n > 0 && held_first < held_end; n--)
        tb_http_reply(held[held_first++], 200, "text/plain", "held", 4);
    tb_http_figures_read(server, &f);
    int n = snprintf(text, sizeof text, "{\"held\":%u,\"inside\":%u}", held_end - held_first, f.in_flight);
    tb_http_reply(req, 200, "application/json", text, (size_t)n);
}

/* ---- Handler ------------------------------------------------------------------------------ */

static void on_head(void *user, struct tb_request *req)
{
    static const struct {
        const char *name;
        enum op op;
        enum tb_http_method method;
        enum tb_http_body body;
    } route[] = {
        {"echo", OP_ECHO, TB_HTTP_POST, TB_HTTP_BODY_WHOLE},
        {"inline", OP_INLINE, TB_HTTP_POST, TB_HTTP_BODY_WHOLE},
        {"json", OP_JSON, TB_HTTP_POST, TB_HTTP_BODY_WHOLE},
        {"lines", OP_LINES, TB_HTTP_POST, TB_HTTP_BODY_LINES},
        {"small", OP_SMALL, TB_HTTP_GET, TB_HTTP_BODY_NONE},
        {"stream", OP_STREAM, TB_HTTP_GET, TB_HTTP_BODY_NONE},
        {"call", OP_CALL, TB_HTTP_POST, TB_HTTP_BODY_WHOLE},
        {"shuffle", OP_SHUFFLE, TB_HTTP_POST, TB_HTTP_BODY_WHOLE},
        {"hold", OP_HOLD, TB_HTTP_GET, TB_HTTP_BODY_NONE},
        {"held", OP_HELD, TB_HTTP_GET, TB_HTTP_BODY_NONE},
        {"release", OP_RELEASE, TB_HTTP_GET, TB_HTTP_BODY_NONE},
        {"large", OP_LARGE, TB_HTTP_GET, TB_HTTP_BODY_NONE},
    };
    (void)user;
    if (req->segment_n == 2 && tb_str_eq_c(req->segment[0], "v1"))
        for (uint32_t i = 0; i < TB_COUNT_OF(route); i++)
            if (tb_str_eq_c(req->segment[1], route[i].name)) {
                if (req->method != route[i].method) {
                    tb_http_refuse_code(req, TB_PROBLEM_METHOD_NOT_ALLOWED, NULL);
                    return;
                }
                req->op = route[i].op;
                req->lane = (uint32_t)query_number(req, "lane");
                req->holder = (uint32_t)query_number(req, "holder");
                req->body_kind = route[i].body;
                req->body_limit = req->op == OP_LINES ? (size_t)1 << 30 : (size_t)1 << 20;
                return;
            }
    tb_http_refuse_code(req, TB_PROBLEM_NOT_FOUND, NULL);
}

static void on_json(struct tb_request *req)
{
    struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
    struct tb_json_doc doc;
    if (!tb_json_parse(tb_http_json(req), req->body, (size_t)1 << 20, req->arena, &doc, &refusal)) {
        tb_http_refuse(req, &refusal);
        return;
    }
    char text[40];
    int n = snprintf(text, sizeof text, "{\"nodes\":%u}", doc.n);
    tb_http_reply(req, 200, "application/json", text, (size_t)n);
}

static void on_large(struct tb_request *req)
{
    size_t n = (size_t)query_number(req, "n");
    char *p = malloc(n + 1);
    if (p == NULL)
        abort();
    memset(p, 'x', n);
    tb_http_reply_owned(req, 200, "text/plain", p, n);
}

static void on_request(void *user, struct tb_request *req)
{
    (void)user;
    if (req->op == OP_INLINE) {
        tb_http_reply(req, 200, "application/octet-stream", req->body.p, req->body.n);
    } else if (req->op == OP_JSON) {
        on_json(req);
    } else if (req->op == OP_LARGE) {
        on_large(req);
    } else if (req->op == OP_HOLD) {
        if (held_end == TB_COUNT_OF(held))
            abort();
        held[held_end++] = req;
    } else if (req->op == OP_HELD || req->op == OP_RELEASE) {
        on_held(req);
    } else if (req->op == OP_LINES) {
        char text[80];
        int n = snprintf(text, sizeof text, "{\"lines\":%llu,\"bytes\":%llu}",
                         (unsigned long long)req->number[0], (unsigned long long)req->number[1]);
        tb_http_reply(req, 200, "application/json", text, (size_t)n);
    } else {
        hand_over(req);
    }
}

static void *resume_soon(void *user)
{
    tb_http_body_resume(user);
    return NULL;
}

static enum tb_http_line on_line(void *user, struct tb_request *req, struct tb_str text,
                                 uint32_t line, bool too_long)
{
    pthread_t t;
    (void)user;
    if (too_long) {
        tb_http_refuse_code(req, TB_PROBLEM_LINE_TOO_LONG, NULL);
        return TB_HTTP_LINE_NEXT;
    }
    req->number[0]++;
    req->number[1] += text.n;
    if (line % 64 != 0)
        return TB_HTTP_LINE_NEXT;
    if (pthread_create(&t, NULL, resume_soon, req) != 0)
        abort();
    (void)pthread_detach(t);
    return TB_HTTP_LINE_PAUSE;
}

int main(int argc, char **argv)
{
    static const struct tb_http_handler handler = {
        .on_head = on_head, .on_request = on_request, .on_line = on_line};
    struct tb_http_options o = {.threads = argc > 1 ? (uint32_t)atoi(argv[1]) : 1,
                                .port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0,
                                .body_memory = argc > 3 ? (size_t)atol(argv[3]) : 0,
                                .header_timeout_ms = 1500,
                                .idle_timeout_ms = 20000,
                                .drain_timeout_ms = 1000,
                                .handler = &handler};
    struct tb_fault fault;
    sigset_t wait_for;
    int got;
    pthread_t t;
    (void)sigemptyset(&wait_for);
    (void)sigaddset(&wait_for, SIGTERM);
    (void)sigaddset(&wait_for, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &wait_for, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&t, NULL, work, NULL) != 0)
        return 1;
    struct tb_http *h = tb_http_start(&o, &fault);
    server = h;
    if (h == NULL) {
        (void)fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    (void)printf("port %u\n", tb_http_port(h));
    (void)fflush(stdout);
    (void)sigwait(&wait_for, &got);
    struct tb_http_figures f;
    tb_http_figures_read(h, &f);
    tb_http_stop(h);
    (void)pthread_mutex_lock(&worker.lock);
    worker.stop = true;
    (void)pthread_mutex_unlock(&worker.lock);
    (void)pthread_cond_signal(&worker.ready);
    (void)pthread_join(t, NULL);
    (void)printf("requests %llu wakeups %llu\n", (unsigned long long)f.requests,
                 (unsigned long long)f.wakeups);
    return 0;
}
