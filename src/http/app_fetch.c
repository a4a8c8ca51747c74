// SPDX-License-Identifier: Apache-2.0
/* http/app_fetch.c - codes and numbers that a request names and that are not known here yet.
 *
 * Invariant   what was asked for is fetched from the cell once, one after the other; then the
 *             request goes on where it asked. What does not exist is remembered as absent.
 * Not here    the facts that are known (facts.c).                                          */
#include <stdlib.h>

#include "http/app_int.h"

struct fetch {
    struct tb_job_request job;
    struct tb_cmd_object_get input;
    struct tb_work *w;
    tb_work_fn *then;
    size_t cap;
    uint8_t *region;
};

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
        tb_http_call(w->req, tb_work_on_io, w);
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
    if (large && f->cap < TB_ANSWER_LAST) {
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
    f->cap = TB_ANSWER_FIRST;
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
