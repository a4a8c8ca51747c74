// SPDX-License-Identifier: Apache-2.0
/* http/op_bulk.c - many commands in one request: NDJSON in, a result per line out.
 *
 * Lines are read into chunks; a full chunk is handed to the cell at once, a few chunks are
 * under way, then the body pauses: memory is bounded by the window, not by the body. The
 * results of a chunk are printed in order when all of it is durable.
 * Lines are independent: a refused one does not stop the next. A request may be sent again
 * whole: lines with a key or a natural key (order, return) happen once.
 * Lifetime   a bulk is held by its request, by every chunk under way and by a pending call;
 *            after the client left (gone) the request is not touched any more.           */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "http/app_int.h"

#define CHUNK_LINES 256u
#define CHUNK_BYTES (1u << 20)
#define WINDOW 6u
#define LINES_MAX 200000u
#define RESULTS_MAX (256u << 20)
#define LINE_ARENA_MIN 8192u /* less left: the chunk is full */

struct bulk;
struct chunk;

struct event {
    struct event *next;
    void (*run)(struct event *e);
};

struct line {
    struct tb_work w; /* first */
    struct event event;
    struct chunk *chunk;
    uint32_t no;
    uint32_t status;
    struct tb_refusal refusal;
    struct tb_json_doc doc;
    struct tb_json_read read;
    struct tb_str text;
};

struct chunk {
    struct chunk *next;
    struct event event; /* first durable, then printed */
    struct bulk *bulk;
    struct tb_arena arena;
    uint32_t n;
    uint32_t printed;
    atomic_uint waiting;
    bool durable;
    struct line *line[CHUNK_LINES];
};

struct bulk {
    struct tb_app *app;
    struct tb_call *call;
    struct tb_request *req;
    atomic_uint holders;
    pthread_mutex_t lock; /* gone, calling, events */
    bool gone;
    bool calling;
    struct event *events; /* newest first */
    struct event **events_end;
    /* the IO thread's */
    struct chunk *filling;
    struct chunk *first; /* under way, oldest first */
    struct chunk *last;
    struct chunk *spare;
    uint32_t active;
    uint32_t lines;
    bool paused;
    bool fetching; /* the last line waits for what it names */
    bool complete;
    bool printing; /* waits for names */
    uint8_t *out;
    size_t out_n;
    size_t out_cap;
    bool out_full;
};

/* name outside, work, operation whose rights and status it has */
#define VERBS(X) \
    X("order", order, POST_ORDER) \
    X("return", return, POST_RETURN) \
    X("cancel", cancel, POST_CANCEL) \
    X("confirm", confirm, POST_CONFIRM) \
    X("coupon_claim", coupon_claim, POST_COUPON_CLAIM) \
    X("coupon_issue", coupon_issue, POST_COUPON) \
    X("contact", contact, POST_CONTACT) \
    X("probe", probe, POST_PROBE) \
    X("enrol", enrol, POST_ENROLMENT) \
    X("attributes", attributes_set, PATCH_ATTRIBUTES) \
    X("consent", consent_put, POST_CONSENT) \
    X("adjust", adjust, POST_ADJUSTMENT) \
    X("hold", hold, POST_HOLD) \
    X("hold_post", hold_post, POST_HOLD_POST) \
    X("hold_void", hold_void, POST_HOLD_VOID) \
    X("transfer", transfer, POST_TRANSFER) \
    X("reverse", reverse, POST_REVERSE) \
    X("release", release, POST_RELEASE) \
    X("product", product_put, PUT_PRODUCT) \
    X("store", store_put, PUT_STORE) \
    X("associate", associate_put, PUT_ASSOCIATE)

static const struct {
    const struct tb_work_op *op;
    enum tb_api api;
} verbs[] = {
#define VERB(name, work, operation) {&tb_work_##work, TB_API_##operation},
    VERBS(VERB)
#undef VERB
};

static const char *const names[TB_COUNT_OF(verbs)] = {
#define NAME(name, work, operation) name,
    VERBS(NAME)
#undef NAME
};

static void progress(struct bulk *b);

/* ---- lifetime ------------------------------------------------------------------------------------ */

static void chunks_free(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        for (uint32_t i = 0; i < c->n; i++)
            free(c->line[i]->w.wants);
        free(c);
        c = next;
    }
}

static void drop(struct bulk *b)
{
    if (atomic_fetch_sub(&b->holders, 1) != 1)
        return;
    chunks_free(b->first);
    chunks_free(b->filling);
    chunks_free(b->spare); /* their lines are printed: n is 0 */
    free(b->out);
    (void)pthread_mutex_destroy(&b->lock);
    free(b);
}

static void run_events(void *user, struct tb_request *req)
{
    struct bulk *b = user;
    (void)req;
    (void)pthread_mutex_lock(&b->lock);
    struct event *e = b->events;
    b->events = NULL;
    b->events_end = &b->events;
    b->calling = false;
    bool gone = b->gone;
    (void)pthread_mutex_unlock(&b->lock);
    while (e != NULL && !gone) {
        struct event *next = e->next;
        e->run(e);
        e = next;
    }
    if (!gone)
        progress(b);
    drop(b);
}

/* Any thread. */
static void post(struct bulk *b, struct event *e)
{
    e->next = NULL;
    (void)pthread_mutex_lock(&b->lock);
    *b->events_end = e;
    b->events_end = &e->next;
    if (!b->gone && !b->calling) {
        b->calling = true;
        atomic_fetch_add(&b->holders, 1);
        tb_http_call(b->req, run_events, b);
    }
    (void)pthread_mutex_unlock(&b->lock);
}

static struct bulk *bulk_of(struct tb_app *app, struct tb_call *call)
{
    struct bulk *b = call->room;
    if (b != NULL)
        return b;
    b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->app = app;
    b->call = call;
    b->req = call->req;
    atomic_store(&b->holders, 1);
    b->events_end = &b->events;
    (void)pthread_mutex_init(&b->lock, NULL);
    call->room = b;
    return b;
}

static bool chunk_open(struct bulk *b)
{
    struct chunk *c = b->spare;
    if (c != NULL)
        b->spare = c->next;
    else
        c = malloc(sizeof *c + CHUNK_BYTES);
    if (c == NULL)
        return false;
    memset(c, 0, sizeof *c);
    c->bulk = b;
    tb_arena_init(&c->arena, c + 1, CHUNK_BYTES);
    b->filling = c;
    return true;
}

/* ---- to the cell --------------------------------------------------------------------------------- */

static void chunk_durable(struct event *e)
{
    struct chunk *c = (struct chunk *)((uint8_t *)e - offsetof(struct chunk, event));
    c->durable = true;
}

static void line_done(struct tb_job_request *job)
{
    struct line *l = (struct line *)job;
    struct chunk *c = l->chunk;
    if (atomic_fetch_sub(&c->waiting, 1) != 1)
        return;
    struct bulk *b = c->bulk;
    post(b, &c->event);
    drop(b);
}

static void refuse_line(struct line *l, enum tb_problem p)
{
    tb_refusal_set(&l->refusal, p, NULL, NULL);
}

static void chunk_send(struct bulk *b)
{
    struct chunk *c = b->filling;
    struct tb_job_request *job[CHUNK_LINES];
    uint32_t n = 0;
    enum tb_submit why = TB_SUBMIT_TAKEN;
    b->filling = NULL;
    c->event.run = chunk_durable;
    if (b->last != NULL)
        b->last->next = c;
    else
        b->first = c;
    b->last = c;
    b->active++;
    for (uint32_t i = 0; i < c->n; i++)
        if (c->line[i]->refusal.problem == TB_PROBLEM_NONE && c->line[i]->w.code == TB_CODE_OK)
            job[n++] = &c->line[i]->w.job;
    atomic_fetch_add(&b->holders, 1);
    atomic_store(&c->waiting, n + 1);
    uint32_t taken = n ? tb_cell_submit_many(b->app->cell, job, n, &why) : 0;
    for (uint32_t i = taken; i < n; i++)
        refuse_line((struct line *)job[i], tb_submit_problem(why));
    uint32_t over = n - taken + 1;
    if (atomic_fetch_sub(&c->waiting, over) == over) {
        c->durable = true;
        drop(b);
    }
}

/* ---- a line ------------------------------------------------------------------------------------------ */

static bool may(const struct bulk *b, struct line *l, enum tb_api api)
{
    const struct tb_operation *op = &tb_operation_table[api];
    if ((b->call->who.roles & op->roles) == 0)
        refuse_line(l, TB_PROBLEM_FORBIDDEN_ROLE);
    else if ((b->call->who.scopes & op->scopes) != op->scopes)
        refuse_line(l, TB_PROBLEM_FORBIDDEN_SCOPE);
    return l->refusal.problem == TB_PROBLEM_NONE;
}

static void key_of(struct line *l, const char *verb, struct tb_str key, enum tb_api api)
{
    for (uint32_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            tb_refusal_set(&l->refusal, TB_PROBLEM_IDEMPOTENCY_KEY_INVALID, "/key", NULL);
    if (key.n == 0 && tb_operation_table[api].idempotency == TB_IDEMPOTENCY_REQUIRED)
        tb_refusal_set(&l->refusal, TB_PROBLEM_IDEMPOTENCY_KEY_REQUIRED, "/key", NULL);
    if (l->refusal.problem == TB_PROBLEM_NONE)
        tb_work_hashes(&l->w, key, tb_str_of(verb), l->text);
}

static void line_read(struct bulk *b, struct line *l)
{
    struct tb_json_object root = tb_json_root(&l->read);
    struct tb_str key = TB_STR_NONE;
    uint32_t verb = tb_json_need_enum(&root, TB_STR("op"), names, TB_COUNT_OF(names));
    (void)tb_json_may_str(&root, TB_STR("key"), 1, 255, &key);
    struct tb_json_object body = tb_json_need_object(&root, TB_STR("body"));
    if (l->refusal.problem != TB_PROBLEM_NONE || !may(b, l, verbs[verb].api))
        return;
    l->w.op = verbs[verb].op;
    l->status = tb_operation_table[verbs[verb].api].status;
    l->w.input = tb_arena_alloc(l->w.arena, l->w.op->input_bytes);
    if (l->w.input == NULL) {
        refuse_line(l, TB_PROBLEM_JSON_TOO_LARGE);
        return;
    }
    l->w.code = TB_CODE_OK;
    l->w.blocked = false;
    tb_facts_enter();
    l->w.op->read(&l->w, &body);
    tb_facts_leave();
    tb_json_end(&body);
    tb_json_end(&root);
    l->w.job.command =
        (struct tb_command){l->w.op->op, l->w.tenant, (uint32_t)b->call->who.key, l->w.input};
    key_of(l, names[verb], key, verbs[verb].api);
}

static void line_wake(struct tb_work *w)
{
    struct line *l = (struct line *)w;
    struct bulk *b = l->chunk->bulk;
    post(b, &l->event);
    drop(b);
}

/* What the line lacks is being fetched; the fetch holds the bulk. */
static bool line_fetching(struct line *l)
{
    struct bulk *b = l->chunk->bulk;
    struct tb_wants *wants = l->w.wants;
    if (wants == NULL || wants->done == wants->n)
        return false;
    atomic_fetch_add(&b->holders, 1);
    (void)tb_work_fetching(&l->w, NULL);
    return true;
}

static void line_end(struct bulk *b)
{
    struct chunk *c = b->filling;
    if (c->n == CHUNK_LINES || c->arena.size - c->arena.used < LINE_ARENA_MIN)
        chunk_send(b);
}

static void body_on(struct bulk *b)
{
    if (!b->paused || b->fetching || b->active >= WINDOW)
        return;
    b->paused = false;
    tb_http_body_resume(b->req);
}

/* What was missing is there: the line is read again. */
static void line_again(struct event *e)
{
    struct line *l = (struct line *)((uint8_t *)e - offsetof(struct line, event));
    struct bulk *b = l->chunk->bulk;
    if (l->w.job.finish != TB_FINISH_DONE) {
        refuse_line(l, tb_finish_problem(l->w.job.finish));
    } else {
        line_read(b, l);
        if (l->refusal.problem == TB_PROBLEM_NONE && line_fetching(l))
            return;
    }
    b->fetching = false;
    line_end(b);
    body_on(b);
}

/* False: the chunk has no room for it. */
static bool line_add(struct bulk *b, struct tb_str text, uint32_t no, bool too_long)
{
    struct chunk *c = b->filling;
    size_t mark = tb_arena_mark(&c->arena);
    struct line *l = TB_NEW(&c->arena, struct line);
    uint8_t *answer = l ? tb_arena_alloc(&c->arena, TB_ANSWER_BYTES_MAX) : NULL;
    struct tb_str copy = answer ? tb_str_copy(&c->arena, text) : TB_STR_NONE;
    if (copy.p == NULL) {
        tb_arena_release(&c->arena, mark);
        return false;
    }
    l->no = no;
    l->chunk = c;
    l->text = copy;
    l->event.run = line_again;
    l->read = (struct tb_json_read){&l->doc, &l->refusal};
    l->w.app = b->app;
    l->w.req = b->req;
    l->w.arena = &c->arena;
    l->w.refusal = &l->refusal;
    l->w.tenant = (uint32_t)b->call->who.tenant;
    l->w.roles = b->call->who.roles;
    l->w.now_ms = tb_now_ms();
    l->w.bulk = true;
    l->w.wake = line_wake;
    l->w.job.done = line_done;
    tb_buf_init(&l->w.job.answer.body, answer, TB_ANSWER_BYTES_MAX);
    if (too_long)
        tb_refusal_set(&l->refusal, TB_PROBLEM_LINE_TOO_LONG, NULL, NULL);
    else if (!tb_json_parse(tb_http_json(b->req), copy, 1u << 20, &c->arena, &l->doc, &l->refusal) &&
             l->refusal.problem == TB_PROBLEM_JSON_TOO_LARGE && c->n > 0) {
        tb_arena_release(&c->arena, mark);
        return false;
    }
    c->line[c->n++] = l;
    if (l->refusal.problem == TB_PROBLEM_NONE)
        line_read(b, l);
    return true;
}

enum tb_http_line tb_op_bulk_line(void *user, struct tb_call *call, struct tb_str text,
                                  uint32_t no, bool too_long)
{
    struct bulk *b = bulk_of(user, call);
    if (b == NULL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
        return TB_HTTP_LINE_NEXT;
    }
    if (++b->lines > LINES_MAX)
        return TB_HTTP_LINE_NEXT; /* said in the last result */
    if (b->filling == NULL && !chunk_open(b)) {
        b->out_full = true;
        return TB_HTTP_LINE_NEXT;
    }
    if (too_long)
        text.n = 0;
    if (!line_add(b, text, no, too_long)) {
        chunk_send(b);
        if (!chunk_open(b) || !line_add(b, text, no, too_long))
            b->out_full = true;
    }
    struct line *l = b->filling->n ? b->filling->line[b->filling->n - 1] : NULL;
    if (l != NULL && l->refusal.problem == TB_PROBLEM_NONE && line_fetching(l)) {
        b->paused = b->fetching = true;
        return TB_HTTP_LINE_PAUSE;
    }
    line_end(b);
    progress(b);
    b->paused = b->active >= WINDOW;
    return b->paused ? TB_HTTP_LINE_PAUSE : TB_HTTP_LINE_NEXT;
}

/* ---- results ------------------------------------------------------------------------------------------ */

static bool room_for(struct bulk *b, size_t n)
{
    if (b->out_cap - b->out_n >= n)
        return true;
    size_t cap = b->out_cap ? b->out_cap * 2 : 64u << 10;
    uint8_t *more = cap <= RESULTS_MAX ? realloc(b->out, cap) : NULL;
    if (more == NULL) {
        b->out_full = true;
        return false;
    }
    b->out = more;
    b->out_cap = cap;
    return room_for(b, n);
}

static void out_head(struct tb_json_out *o, uint32_t no, uint32_t status)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "line", no);
    tb_json_out_key_i64(o, "status", status);
    tb_json_out_key(o, "body");
}

static void out_problem(struct tb_json_out *o, const struct line *l)
{
    out_head(o, l->no, tb_problem_status(l->refusal.problem));
    struct tb_buf inner;
    uint8_t text[TB_PROBLEM_BYTES_MAX];
    tb_buf_init(&inner, text, sizeof text);
    tb_problem_write(&inner, &l->refusal, (struct tb_str){l->w.req->id, sizeof l->w.req->id});
    tb_json_out_raw(o, tb_buf_as_str(&inner));
}

static void out_code(struct tb_json_out *o, struct line *l, enum tb_code code, const char *field)
{
    struct tb_buf inner;
    uint8_t text[TB_PROBLEM_BYTES_MAX];
    out_head(o, l->no, (uint32_t)tb_code_status(code));
    tb_buf_init(&inner, text, sizeof text);
    tb_code_problem(&inner, code, field, tb_work_answer(&l->w), true,
                    (struct tb_str){l->w.req->id, sizeof l->w.req->id});
    tb_json_out_raw(o, tb_buf_as_str(&inner));
}

static void line_print(struct line *l, struct tb_buf *buf)
{
    struct tb_json_out o;
    tb_json_out_init(&o, buf);
    if (l->refusal.problem == TB_PROBLEM_NONE && l->w.code == TB_CODE_OK &&
        l->w.job.finish != TB_FINISH_DONE)
        refuse_line(l, tb_finish_problem(l->w.job.finish));
    if (l->refusal.problem != TB_PROBLEM_NONE) {
        out_problem(&o, l);
    } else if (l->w.code != TB_CODE_OK) {
        out_code(&o, l, l->w.code, l->w.field);
    } else if (l->w.job.answer.code != TB_CODE_OK) {
        out_code(&o, l, l->w.job.answer.code, l->w.job.answer.field);
    } else {
        out_head(&o, l->no, l->w.op->status == TB_STATUS_ASKS ? tb_work_status(&l->w, l->status) : l->status);
        tb_facts_enter();
        l->w.op->write(&l->w, &o);
        tb_facts_leave();
    }
    tb_json_out_close(&o, '}');
    tb_buf_byte(buf, '\n');
}

static void print_again(struct event *e)
{
    struct line *l = (struct line *)((uint8_t *)e - offsetof(struct line, event));
    l->chunk->bulk->printing = false;
}

/* False: it waits for names. */
static bool chunk_print(struct bulk *b, struct chunk *c)
{
    for (; c->printed < c->n; c->printed++) {
        struct line *l = c->line[c->printed];
        enum tb_finish finish = l->w.job.finish;
        struct tb_buf buf;
        if (!room_for(b, 16u << 10))
            continue;
        tb_buf_init(&buf, b->out + b->out_n, b->out_cap - b->out_n);
        line_print(l, &buf);
        l->event.run = print_again;
        if (l->refusal.problem == TB_PROBLEM_NONE && finish == TB_FINISH_DONE &&
            line_fetching(l)) {
            b->printing = true;
            return false;
        }
        b->out_n += buf.n;
        free(l->w.wants);
        l->w.wants = NULL;
    }
    return true;
}

static void reply(struct bulk *b)
{
    struct tb_request *req = b->req;
    if (b->lines > LINES_MAX && room_for(b, 512)) {
        struct tb_buf buf;
        tb_buf_init(&buf, b->out + b->out_n, b->out_cap - b->out_n);
        tb_buf_printf(&buf, "{\"line\":%u,\"status\":413,\"body\":{\"code\":\"body_too_large\","
                            "\"title\":\"A request holds at most %u lines; this and all that "
                            "follow were not done.\"}}\n", LINES_MAX + 1, LINES_MAX);
        b->out_n += buf.n;
    }
    uint8_t *out = b->out;
    size_t n = b->out_n;
    bool full = b->out_full;
    (void)pthread_mutex_lock(&b->lock);
    b->gone = true;
    (void)pthread_mutex_unlock(&b->lock);
    b->out = NULL;
    drop(b);
    if (full) {
        free(out);
        tb_http_refuse_code(req, TB_PROBLEM_OUTCOME_UNKNOWN, NULL);
    } else if (out == NULL) {
        tb_http_reply_static(req, 200, TB_NDJSON, "", 0);
    } else {
        tb_http_reply_owned(req, 200, TB_NDJSON, out, n);
    }
}

/* On the IO thread: prints what is durable, in order; goes on reading; ends. */
static void progress(struct bulk *b)
{
    while (b->first != NULL && b->first->durable && !b->printing) {
        struct chunk *c = b->first;
        if (!chunk_print(b, c))
            return;
        b->first = c->next;
        if (b->first == NULL)
            b->last = NULL;
        c->next = b->spare;
        c->n = 0;
        b->spare = c;
        b->active--;
    }
    if (b->complete && b->first == NULL && b->filling == NULL)
        reply(b);
    else if (!b->complete)
        body_on(b);
}

void tb_op_bulk(void *user, struct tb_call *call)
{
    struct bulk *b = bulk_of(user, call);
    if (b == NULL) {
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    b->complete = true;
    b->paused = false;
    if (b->filling != NULL)
        chunk_send(b);
    progress(b);
}

void tb_op_bulk_abandoned(void *user, struct tb_call *call)
{
    struct bulk *b = call->room;
    (void)user;
    if (b == NULL)
        return;
    (void)pthread_mutex_lock(&b->lock);
    b->gone = true;
    (void)pthread_mutex_unlock(&b->lock);
    drop(b);
}
