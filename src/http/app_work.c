// SPDX-License-Identifier: Apache-2.0
/* http/app_work.c - a request on its way: read, fetch what is missing, submit, reply.
 *
 * Invariant   every path ends in exactly one reply (or one bulk line). Between submit and
 *             done the work is the cell's; done hands it to the request's IO thread.
 * Not here    what is missing (app_fetch.c), problem documents (app_problem.c), lines of a
 *             bulk body (op_bulk.c), what operations read and print (op_*.c).            */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/app_int.h"

#define ANSWER_SECOND (256u << 10)
#define REPLY_LAST (32u << 20)

int64_t tb_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- refusals ---------------------------------------------------------------------------------- */

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

/* ---- to the cell ---------------------------------------------------------------------------------- */

void tb_work_on_io(void *work, struct tb_request *req)
{
    struct tb_work *w = work;
    (void)req;
    w->then(w);
}

static void work_done(struct tb_job_request *job)
{
    struct tb_work *w = (struct tb_work *)job;
    tb_http_call(w->req, tb_work_on_io, w);
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
    size_t n = tb_op_reads(w->job.command.op) ? TB_ANSWER_FIRST : TB_ANSWER_BYTES_MAX;
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
    if (!tb_op_reads(w->job.command.op) || cap >= TB_ANSWER_LAST)
        return false;
    cap = cap < ANSWER_SECOND ? ANSWER_SECOND : TB_ANSWER_LAST;
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
    const uint64_t own[2] = {key, w->call ? w->call->who.person : 0}; /* a bulk line has no call and is no member's */
    if (own[1] != 0) /* hers alone: all members' paths are alike, and tills' keys are not hers to take */
        key = tb_siphash(&w->app->hash_key, own, sizeof own);
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
    if (!tb_op_reads(w->op->op) && call->op->idempotency != TB_IDEMPOTENCY_NONE)
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
