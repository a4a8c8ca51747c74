// SPDX-License-Identifier: Apache-2.0
/* http/app_work.c - a request on its way: read, fetch what is missing, submit, reply.
 *
 * Invariant   every path ends in exactly one reply (or one bulk line). Between submit and
 *             done the work is the cell's; done hands it to the request's IO thread.
 * Not here    lines of a bulk body (op_bulk.c), what operations read and print (op_*.c). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/app_int.h"

#define ANSWER_FIRST 4096u /* of reads; larger ones get heap */
#define ANSWER_SECOND (256u << 10)
#define ANSWER_LAST (8u << 20)
#define REPLY_LAST (32u << 20)

int64_t tb_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- problems ------------------------------------------------------------------------------- */

enum tb_problem tb_finish_problem(enum tb_finish f)
{
    switch (f) {
    case TB_FINISH_IDEMPOTENCY_MISMATCH:
        return TB_PROBLEM_IDEMPOTENCY_KEY_REUSED;
    case TB_FINISH_TOO_LARGE:
        return TB_PROBLEM_ANSWER_TOO_LARGE;
    case TB_FINISH_STOPPING:
        return TB_PROBLEM_STOPPING;
    case TB_FINISH_NOT_LEADING:
        return TB_PROBLEM_NOT_LEADING;
    case TB_FINISH_NO_SPACE:
        return TB_PROBLEM_READ_ONLY;
    case TB_FINISH_UNAVAILABLE:
        return TB_PROBLEM_UNAVAILABLE;
    case TB_FINISH_UNKNOWN:
        return TB_PROBLEM_OUTCOME_UNKNOWN;
    case TB_FINISH_DONE:
    case TB_FINISH_FAULT:
    case TB_FINISHES:
        break;
    }
    return TB_PROBLEM_INTERNAL;
}

enum tb_problem tb_submit_problem(enum tb_submit s)
{
    switch (s) {
    case TB_SUBMIT_STOPPING:
        return TB_PROBLEM_STOPPING;
    case TB_SUBMIT_NOT_LEADING:
        return TB_PROBLEM_NOT_LEADING;
    case TB_SUBMIT_FAILED:
    case TB_SUBMIT_UNAVAILABLE:
        return TB_PROBLEM_UNAVAILABLE;
    case TB_SUBMIT_NO_SPACE:
        return TB_PROBLEM_READ_ONLY;
    case TB_SUBMIT_LAGGING:
        return TB_PROBLEM_LAGGING;
    case TB_SUBMIT_QUEUE_FULL:
        return TB_PROBLEM_QUEUE_FULL;
    case TB_SUBMIT_TENANT_FULL:
        return TB_PROBLEM_TENANT_BUSY;
    case TB_SUBMIT_TAKEN:
    case TB_SUBMITS:
        break;
    }
    return TB_PROBLEM_INTERNAL;
}

static void expression_detail(struct tb_json_out *o, struct tb_str answer)
{
    tb_json_out_key_str(o, "detail", tb_wire_str(answer, 4));
    tb_json_out_key_open(o, "position", '{');
    tb_json_out_key_i64(o, "offset", (int64_t)tb_wire_u64(answer, 1));
    tb_json_out_key_i64(o, "line", (int64_t)tb_wire_u64(answer, 2));
    tb_json_out_key_i64(o, "column", (int64_t)tb_wire_u64(answer, 3));
    tb_json_out_close(o, '}');
}

/* What is missing, and the tasks that would fill it (core/play/play.h). */
static void short_detail(struct tb_json_out *o, struct tb_str answer)
{
    struct tb_wire f = tb_wire_of(answer);
    tb_json_out_key_i64(o, "short_by", (int64_t)tb_wire_u64(answer, 20));
    tb_json_out_key_str(o, "unit", tb_wire_str(answer, 21));
    tb_json_out_key_open(o, "tasks", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 22)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "game", tb_wire_str(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        if (tb_wire_u64(f.s, 3) != 0)
            tb_json_out_key_i64(o, "times", (int64_t)tb_wire_u64(f.s, 3));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

void tb_code_problem(struct tb_buf *b, enum tb_code code, const char *field, struct tb_str answer,
                     bool pointer, struct tb_str request_id)
{
    struct tb_json_out o;
    char path[64] = "/";
    tb_json_out_init(&o, b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "type", TB_STR("about:blank"));
    tb_json_out_key_str(&o, "title", tb_str_of(tb_code_text(code)));
    tb_json_out_key_i64(&o, "status", tb_code_status(code));
    tb_out_lower(&o, "code", tb_code_name(code));
    if (code == TB_CODE_EXPRESSION && answer.n > 0)
        expression_detail(&o, answer);
    if (code == TB_CODE_INSUFFICIENT && tb_wire_u64(answer, 20) != 0)
        short_detail(&o, answer);
    if (field[0] != 0) {
        (void)strncat(path, field, sizeof path - 2);
        tb_json_out_key_str(&o, "field", tb_str_of(path + !pointer));
    }
    if (request_id.n > 0)
        tb_json_out_key_str(&o, "request_id", request_id);
    tb_json_out_close(&o, '}');
}

void tb_work_done(struct tb_work *w)
{
    free(w->heap);
    free(w->wants);
    w->heap = NULL;
    w->wants = NULL;
}

static void refuse_problem(struct tb_work *w, enum tb_problem p)
{
    tb_work_done(w);
    tb_http_refuse_code(w->req, p, NULL);
}

static void replayed(struct tb_work *w)
{
    if (w->job.repeated)
        tb_http_header(w->req, "Idempotent-Replayed", TB_STR("true"));
}

void tb_work_refuse(struct tb_work *w, enum tb_code code, const char *field)
{
    uint8_t text[TB_PROBLEM_BYTES_MAX];
    struct tb_buf b;
    uint32_t status = (uint32_t)tb_code_status(code);
    tb_buf_init(&b, text, sizeof text);
    tb_code_problem(&b, code, field, tb_work_answer(w), w->call->op->body == TB_OP_BODY_JSON,
                    (struct tb_str){w->req->id, sizeof w->req->id});
    tb_assert(!b.overflowed);
    replayed(w);
    if (status == 503)
        tb_http_header(w->req, "Retry-After", TB_STR("1"));
    tb_work_done(w);
    tb_http_reply(w->req, status, "application/problem+json", text, b.n);
}

/* ---- fetching what is not known here ------------------------------------------------------------ */

struct fetch {
    struct tb_job_request job;
    struct tb_cmd_object_get input;
    struct tb_work *w;
    tb_work_fn *then;
    size_t cap;
    uint8_t *region;
};

static void on_io(void *user, struct tb_request *req)
{
    struct tb_work *w = user;
    (void)req;
    w->then(w);
}

static void fetch_end(struct fetch *f, enum tb_finish finish)
{
    struct tb_work *w = f->w;
    w->then = f->then;
    w->job.finish = finish;
    free(f->region);
    free(f);
    if (w->wake != NULL)
        w->wake(w);
    else
        tb_http_call(w->req, on_io, w);
}

static void fetch_next(struct fetch *f);

static void fetch_learn(struct fetch *f)
{
    struct tb_str body = tb_buf_as_str(&f->job.answer.body);
    struct tb_str object = tb_wire_str(body, 1);
    struct tb_want *want = &f->w->wants->want[f->w->wants->done];
    bool known = tb_facts_learn(f->w->app->facts, (enum tb_kind)want->kind, tb_wire_u64(object, 1),
                                tb_wire_str(object, 2));
    want->absent = !known;
    f->w->wants->done++;
    fetch_next(f);
}

static void fetch_done(struct tb_job_request *job)
{
    struct fetch *f = (struct fetch *)job;
    bool large = job->finish == TB_FINISH_TOO_LARGE ||
                 (job->finish == TB_FINISH_DONE && job->answer.code == TB_CODE_TOO_LARGE);
    if (large && f->cap < ANSWER_LAST) {
        f->cap *= 16;
        free(f->region);
        f->region = NULL;
        fetch_next(f);
    } else if (job->finish != TB_FINISH_DONE) {
        fetch_end(f, job->finish);
    } else if (job->answer.code != TB_CODE_OK) {
        f->w->wants->want[f->w->wants->done++].absent = true;
        fetch_next(f);
    } else {
        fetch_learn(f);
    }
}

static void fetch_next(struct fetch *f)
{
    struct tb_wants *wants = f->w->wants;
    if (wants->done == wants->n) {
        fetch_end(f, TB_FINISH_DONE);
        return;
    }
    const struct tb_want *want = &wants->want[wants->done];
    if (f->region == NULL)
        f->region = malloc(f->cap);
    if (f->region == NULL) {
        fetch_end(f, TB_FINISH_UNAVAILABLE);
        return;
    }
    f->input = (struct tb_cmd_object_get){.kind = (enum tb_kind)want->kind,
                                          .code = want->code,
                                          .id = want->id};
    f->job = (struct tb_job_request){
        .command = {TB_OP_OBJECT_GET, f->w->tenant, 0, &f->input}, .done = fetch_done};
    tb_buf_init(&f->job.answer.body, f->region, f->cap);
    enum tb_submit s = tb_cell_submit(f->w->app->cell, &f->job);
    if (s != TB_SUBMIT_TAKEN)
        fetch_end(f, s == TB_SUBMIT_NOT_LEADING ? TB_FINISH_NOT_LEADING
                     : s == TB_SUBMIT_STOPPING  ? TB_FINISH_STOPPING
                                                : TB_FINISH_UNAVAILABLE);
}

bool tb_work_fetching(struct tb_work *w, tb_work_fn *then)
{
    if (w->wants == NULL || w->wants->done == w->wants->n)
        return false;
    struct fetch *f = calloc(1, sizeof *f);
    tb_assert(f != NULL);
    f->w = w;
    f->then = then;
    f->cap = ANSWER_FIRST;
    fetch_next(f);
    return true;
}

/* All that was asked for is here: only what does not exist needs to be remembered. */
static void wants_more(struct tb_wants *w)
{
    if (w->n < TB_WANTS_MAX || w->done < w->n || w->rounds == TB_WANTS_ROUNDS_MAX)
        return;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->want[i].absent)
            w->want[kept++] = w->want[i];
    w->n = w->done = kept;
    w->rounds++;
}

static const struct tb_want *want_of(struct tb_work *w, enum tb_kind kind, struct tb_str code,
                                     uint32_t id)
{
    if (w->wants == NULL)
        w->wants = calloc(1, sizeof *w->wants);
    if (w->wants == NULL)
        return NULL;
    for (uint32_t i = 0; i < w->wants->n; i++) {
        const struct tb_want *want = &w->wants->want[i];
        if (want->kind == kind && (code.n ? tb_str_eq(want->code, code) : want->id == id))
            return i < w->wants->done ? want : NULL;
    }
    wants_more(w->wants);
    if (w->wants->n < TB_WANTS_MAX)
        w->wants->want[w->wants->n++] =
            (struct tb_want){.kind = (uint8_t)kind, .id = code.n ? 0 : id, .code = code};
    return NULL;
}

const struct tb_known *tb_work_known(struct tb_work *w, enum tb_kind kind, struct tb_str code)
{
    const struct tb_known *k = tb_facts_code(w->app->facts, w->tenant, kind, code);
    if (k == NULL)
        (void)want_of(w, kind, code, 0);
    return k;
}

uint32_t tb_work_id(struct tb_work *w, enum tb_kind kind, struct tb_str code)
{
    if (code.n == 0)
        return 0;
    const struct tb_known *k = tb_facts_code(w->app->facts, w->tenant, kind, code);
    if (k != NULL)
        return k->id;
    return want_of(w, kind, code, 0) != NULL ? UINT32_MAX : 0;
}

const struct tb_known *tb_work_object(struct tb_work *w, enum tb_kind kind, uint64_t id)
{
    const struct tb_known *k = tb_facts_id(w->app->facts, kind, id);
    if (k == NULL && id != 0 && id <= UINT32_MAX)
        (void)want_of(w, kind, TB_STR_NONE, (uint32_t)id);
    return k;
}

struct tb_str tb_work_name(struct tb_work *w, enum tb_kind kind, uint64_t id)
{
    const struct tb_known *k = id ? tb_work_object(w, kind, id) : NULL;
    return k ? k->code : TB_STR_NONE;
}

/* ---- to the cell ---------------------------------------------------------------------------------- */

static void work_done(struct tb_job_request *job)
{
    struct tb_work *w = (struct tb_work *)job;
    tb_http_call(w->req, on_io, w);
}

/* Memory at the end of the arena that nobody zeroes. */
static void *arena_raw(struct tb_arena *a, size_t n)
{
    size_t at = (a->used + 15) & ~(size_t)15;
    if (at > a->size || a->size - at < n)
        return NULL;
    a->used = at + n;
    return a->base + at;
}

static bool answer_room(struct tb_work *w)
{
    size_t n = tb_op_reads(w->job.command.op) ? ANSWER_FIRST : TB_ANSWER_BYTES_MAX;
    void *region = arena_raw(w->arena, n);
    if (region == NULL) {
        free(w->heap);
        region = w->heap = malloc(n);
    }
    tb_buf_init(&w->job.answer.body, region, region ? n : 0);
    return region != NULL;
}

static void answered(struct tb_work *w);

/* What an IO thread's turn brings goes to the cell together: one wake-up and one batch
 * instead of many. An IO thread serves one app.                                          */
#define LOT_MAX 32u
static _Thread_local struct {
    struct tb_job_request *job[LOT_MAX];
    uint32_t n;
} lot;

void tb_work_flush(void *user)
{
    struct tb_app *app = user;
    struct tb_job_request *job[LOT_MAX];
    enum tb_submit why;
    uint32_t n = lot.n;
    if (n == 0)
        return;
    memcpy(job, lot.job, n * sizeof job[0]);
    lot.n = 0;
    for (uint32_t at = 0; at < n; at++) {
        at += tb_cell_submit_many(app->cell, job + at, n - at, &why);
        if (at < n) /* this one was refused; one of another tenant may still be taken */
            refuse_problem((struct tb_work *)job[at], tb_submit_problem(why));
    }
}

static void submit(struct tb_work *w)
{
    w->job.done = work_done;
    if (!tb_http_on_io(w->req)) {
        enum tb_submit s = tb_cell_submit(w->app->cell, &w->job);
        if (s != TB_SUBMIT_TAKEN)
            refuse_problem(w, tb_submit_problem(s));
        return;
    }
    lot.job[lot.n++] = &w->job;
    if (lot.n == LOT_MAX)
        tb_work_flush(w->app);
}

/* A read whose answer did not fit asks again with more room. */
static bool again_larger(struct tb_work *w)
{
    size_t cap = w->job.answer.body.cap;
    if (!tb_op_reads(w->job.command.op) || cap >= ANSWER_LAST)
        return false;
    cap = cap < ANSWER_SECOND ? ANSWER_SECOND : ANSWER_LAST;
    free(w->heap);
    w->heap = malloc(cap);
    if (w->heap == NULL)
        return false;
    tb_buf_init(&w->job.answer.body, w->heap, cap);
    w->then = answered;
    submit(w);
    return true;
}

static void answered(struct tb_work *w)
{
    tb_work_fn *next = w->next;
    bool large = w->job.finish == TB_FINISH_TOO_LARGE ||
                 (w->job.finish == TB_FINISH_DONE && w->job.answer.code == TB_CODE_TOO_LARGE);
    if (large && again_larger(w))
        return;
    if (w->job.finish != TB_FINISH_DONE)
        refuse_problem(w, tb_finish_problem(w->job.finish));
    else if (w->job.answer.code != TB_CODE_OK)
        tb_work_refuse(w, w->job.answer.code, w->job.answer.field);
    else
        next(w);
}

void tb_work_submit(struct tb_work *w, tb_work_fn *then)
{
    if (!answer_room(w)) {
        refuse_problem(w, TB_PROBLEM_OVERLOADED);
        return;
    }
    w->next = then;
    w->then = answered;
    submit(w);
}

void tb_work_hashes(struct tb_work *w, struct tb_str idempotency_key, struct tb_str where,
                    struct tb_str body)
{
    if (idempotency_key.n == 0)
        return;
    uint64_t key = tb_siphash(&w->app->hash_key, idempotency_key.p, idempotency_key.n);
    uint64_t part[2] = {tb_siphash(&w->app->hash_key, where.p, where.n),
                        tb_siphash(&w->app->hash_key, body.p, body.n)};
    w->job.key_hash = key ? key : 1;
    w->job.input_hash = tb_siphash(&w->app->hash_key, part, sizeof part) ^ w->job.command.op;
}

static void first_read(struct tb_work *w);

static void read_again(struct tb_work *w)
{
    if (w->job.finish != TB_FINISH_DONE)
        refuse_problem(w, tb_finish_problem(w->job.finish));
    else
        first_read(w);
}

static void first_read(struct tb_work *w)
{
    struct tb_call *call = w->call;
    struct tb_json_object body = {.r = &call->read, .index = UINT32_MAX};
    tb_arena_release(w->arena, w->mark);
    if (call->op->body == TB_OP_BODY_JSON)
        body = tb_json_root(&call->read);
    w->input = tb_arena_alloc(w->arena, w->op->input_bytes);
    if (w->input == NULL) {
        refuse_problem(w, TB_PROBLEM_OVERLOADED);
        return;
    }
    w->code = TB_CODE_OK;
    w->blocked = false;
    tb_facts_enter();
    w->op->read(w, &body);
    tb_facts_leave();
    tb_json_end(&body);
    if (call->refusal.problem != TB_PROBLEM_NONE) {
        tb_work_done(w);
        tb_http_refuse(w->req, &call->refusal);
        return;
    }
    if (tb_work_fetching(w, read_again))
        return;
    if (w->code != TB_CODE_OK) {
        tb_work_refuse(w, w->code, w->field);
        return;
    }
    w->job.command = (struct tb_command){w->op->op, w->tenant, (uint32_t)call->who.key, w->input};
    if (!tb_op_reads(w->op->op))
        tb_work_hashes(w, w->req->idempotency_key, w->req->path, w->req->body);
    tb_work_submit(w, w->op->after ? w->op->after : tb_work_reply);
}

void tb_work_start(struct tb_work *w)
{
    first_read(w);
}

struct tb_work *tb_work_new(struct tb_app *app, struct tb_call *call, const struct tb_work_op *op)
{
    struct tb_request *req = call->req;
    struct tb_work *w = TB_NEW(req->arena, struct tb_work);
    if (w == NULL) {
        tb_http_refuse_code(req, TB_PROBLEM_OVERLOADED, NULL);
        return NULL;
    }
    w->app = app;
    w->req = req;
    w->call = call;
    w->op = op;
    w->arena = req->arena;
    w->refusal = &call->refusal;
    w->param = call->param;
    w->tenant = (uint32_t)call->who.tenant;
    w->roles = call->who.roles;
    w->now_ms = tb_now_ms();
    w->mark = tb_arena_mark(w->arena);
    return w;
}

void tb_work_run(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_work *w = tb_work_new(app, call, tb_app_ops[call->req->op]);
    if (w != NULL)
        tb_work_start(w);
}

/* ---- the reply ---------------------------------------------------------------------------------------- */

static void print(struct tb_work *w, struct tb_buf *b)
{
    struct tb_json_out o;
    tb_json_out_init(&o, b);
    tb_facts_enter();
    w->op->write(w, &o);
    tb_facts_leave();
    tb_assert(b->overflowed || o.depth == 0);
}

static void reply_again(struct tb_work *w)
{
    if (w->job.finish != TB_FINISH_DONE)
        refuse_problem(w, tb_finish_problem(w->job.finish));
    else
        tb_work_reply(w);
}

/* With room for the reply and for unpacking beside it. */
static void reply_from_heap(struct tb_work *w, uint32_t status)
{
    struct tb_arena large;
    struct tb_arena *own = w->arena;
    size_t room = w->job.answer.body.n * 2 + (64u << 10);
    void *scratch = malloc(room);
    for (size_t cap = 128u << 10; cap <= REPLY_LAST; cap *= 8) {
        struct tb_buf b;
        void *region = malloc(cap);
        if (region == NULL || scratch == NULL)
            break;
        tb_arena_init(&large, scratch, room);
        tb_buf_init(&b, region, cap);
        w->arena = &large;
        print(w, &b);
        w->arena = own;
        if (!b.overflowed && tb_work_fetching(w, reply_again)) {
            free(region);
            free(scratch);
            return;
        }
        if (!b.overflowed) {
            free(scratch);
            tb_work_done(w);
            replayed(w);
            tb_http_reply_owned(w->req, status, TB_JSON, region, b.n);
            return;
        }
        free(region);
    }
    free(scratch);
    refuse_problem(w, TB_PROBLEM_ANSWER_TOO_LARGE);
}

uint32_t tb_work_status(const struct tb_work *w, uint32_t table)
{
    uint32_t own = w->op->status;
    if (own != TB_STATUS_ASKS)
        return own ? own : table;
    /* fields of core/approval/approval.h: a request, and no transfer */
    struct tb_str body = tb_work_answer(w);
    return tb_wire_u64(body, 7) != 0 && tb_wire_u64(body, 1) == 0 ? 202 : table;
}

void tb_work_reply(struct tb_work *w)
{
    struct tb_arena *a = w->arena;
    struct tb_buf b;
    uint32_t status = tb_work_status(w, w->call->op->status);
    /* The lower part of what is left is for the reply, the upper for unpacking. */
    size_t left = a->size - a->used;
    size_t cap = left / 2;
    size_t before = tb_arena_mark(a);
    void *region = arena_raw(a, cap);
    tb_buf_init(&b, region, region ? cap : 0);
    b.overflowed = region == NULL;
    if (region != NULL)
        print(w, &b);
    if (tb_work_fetching(w, reply_again)) {
        tb_arena_release(a, before);
        return;
    }
    if (b.overflowed) {
        tb_arena_release(a, before);
        reply_from_heap(w, status);
        return;
    }
    tb_work_done(w);
    replayed(w);
    tb_http_reply(w->req, status, TB_JSON, b.p, b.n);
}
