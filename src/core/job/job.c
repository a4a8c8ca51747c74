// SPDX-License-Identifier: Apache-2.0
#include "core/job/job.h"

#include "core/catalog/catalog.h"
#include "core/issue/issue.h"
#include "core/membership/membership.h"
#include "core/ops.h"
#include "core/person.h"
#include "events.gen.h"

static uint64_t running(const struct tb_txn *t, enum tb_job_kind kind)
{
    for (uint64_t id = 1; id <= t->store->counter[TB_COUNTER_JOB]; id++) {
        const struct tb_block *b = tb_read(t, TB_KIND_JOB, id);
        const struct tb_job *job = b ? tb_block_head_const(b) : NULL;
        if (job != NULL && job->tenant == t->tenant && job->kind == kind)
            return id;
    }
    return 0;
}

void tb_job_start(struct tb_txn *t, enum tb_job_kind kind)
{
    uint64_t id = running(t, kind);
    struct tb_ev_job_moved ev = {.job = id ? id : tb_counter_next(t, TB_COUNTER_JOB),
                                 .kind = kind,
                                 .cursor = 0,
                                 .last = t->store->counter[TB_COUNTER_PERSON]};
    if (ev.last > 0)
        tb_emit_job_moved(t, &ev);
}

void tb_job_apply_job_moved(struct tb_txn *t, const struct tb_ev_job_moved *ev)
{
    tb_counter_used(t, TB_COUNTER_JOB, ev->job);
    if (ev->done) {
        tb_drop(t, TB_KIND_JOB, ev->job);
        return;
    }
    struct tb_job *job;
    if (tb_read(t, TB_KIND_JOB, ev->job) == NULL) {
        job = tb_block_head(tb_create(t, TB_KIND_JOB, ev->job));
        job->started_ms = t->now_ms;
    } else {
        job = tb_block_head(tb_write(t, TB_KIND_JOB, ev->job));
    }
    job->tenant = t->tenant;
    job->kind = (uint32_t)ev->kind;
    job->cursor = ev->cursor;
    job->last = ev->last;
    job->object = (uint32_t)ev->object;
}

static void step_tiers(struct tb_txn *t, struct tb_job *job)
{
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    for (uint32_t n = 0; n < TB_JOB_SLICE && job->cursor < job->last; n++) {
        job->cursor++;
        struct tb_block *person = tb_read(t, TB_KIND_PERSON, job->cursor);
        if (person != NULL && tb_person_of(person)->tenant == t->tenant)
            tb_membership_evaluate(t, (uint32_t)job->cursor, today, TB_TIER_BY_RULES);
    }
}

enum tb_outcome tb_job_step(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_job_step *in = cmd->input;
    const struct tb_block *b = tb_read(t, TB_KIND_JOB, in->job);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "job");
    struct tb_job job = *(const struct tb_job *)tb_block_head_const(b);
    if (job.kind == TB_JOB_ISSUE)
        tb_issue_step(t, &job);
    else
        step_tiers(t, &job);
    struct tb_ev_job_moved ev = {.job = in->job,
                                 .kind = job.kind,
                                 .cursor = job.cursor,
                                 .last = job.last,
                                 .object = job.object,
                                 .done = job.cursor >= job.last};
    tb_emit_job_moved(t, &ev);
    return TB_DONE;
}
