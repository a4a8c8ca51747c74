// SPDX-License-Identifier: Apache-2.0
/* engine/timers.c - what the cell does by itself: timers, steps of jobs, taking cold
 * blocks out of memory.
 *
 * Invariant: every block that wants to be fired before covered_ms is armed. What is later
 * costs no memory; a sweep over all blocks, finished long before covered_ms, moves it on.
 * The first field of every block's head is its tenant (uint32_t).                         */
#include <stdlib.h>
#include <string.h>

#include "engine/inside.h"

#define HORIZON_MS (48 * TB_HOUR_MS)
#define SWEEP_SLICE 512u
#define EVICT_SLICE 64u
#define INTERNAL_MAX 512u
#define AGAIN_MS 1000 /* a block that stays due although it was fired */

static uint32_t tenant_of(const struct tb_block *b)
{
    uint32_t tenant;
    memcpy(&tenant, tb_block_head_const(b), sizeof tenant);
    return tenant < TB_TENANTS_MAX ? tenant : 0;
}

static void arm(struct tb_cell *c, uint32_t kind, uint64_t id, uint32_t tenant, int64_t at_ms)
{
    if (at_ms >= c->covered_ms && at_ms >= c->sweep_ms)
        return;
    struct tb_due d = {.at_ms = at_ms, .id = id, .tenant = tenant, .kind = (uint8_t)kind};
    tb_due_arm(&c->due, &d);
}

static void note_job(struct tb_cell *c, uint64_t id, uint32_t tenant, bool lives)
{
    uint32_t i = 0;
    while (i < c->jobs_n && c->jobs[i].id != id)
        i++;
    if (!lives) {
        if (i < c->jobs_n)
            c->jobs[i] = c->jobs[--c->jobs_n];
        return;
    }
    if (i < c->jobs_n)
        return;
    if (c->jobs_n == c->jobs_cap) {
        c->jobs_cap = c->jobs_cap ? c->jobs_cap * 2 : 16;
        c->jobs = tb_heap_resize(c->jobs, c->jobs_cap * sizeof *c->jobs);
    }
    c->jobs[c->jobs_n++] = (struct tb_live_job){.id = id, .tenant = tenant};
}

void tb_timers_dirty(struct tb_cell *c, uint32_t kind, uint64_t id, uint32_t tenant,
                     const struct tb_block *b)
{
    if (kind == TB_KIND_JOB)
        note_job(c, id, tenant, b != NULL);
    if (b != NULL)
        arm(c, kind, id, tenant, tb_core_due_ms(&c->core, b));
}

/* Looks at up to budget places from where the sweep stands; true at the end. */
static bool sweep(struct tb_cell *c, uint32_t budget)
{
    struct tb_store *s = &c->core.store;
    for (; c->sweep_kind < s->kinds; c->sweep_kind++, c->sweep_at = 0) {
        if (s->shape[c->sweep_kind].name == NULL)
            continue;
        uint64_t end = (uint64_t)s->dense[c->sweep_kind].pages << 12;
        for (;;) {
            struct tb_block *b = NULL;
            if (s->shape[c->sweep_kind].sparse) {
                b = tb_store_next_sparse(s, c->sweep_kind, &c->sweep_at);
                if (b == NULL)
                    break;
            } else {
                if (c->sweep_at >= end)
                    break;
                b = tb_store_get(s, c->sweep_kind, c->sweep_at++);
            }
            if (b != NULL)
                tb_timers_dirty(c, c->sweep_kind, b->id, tenant_of(b), b);
            if (--budget == 0)
                return false;
        }
    }
    return true;
}

static void begin_sweep(struct tb_cell *c)
{
    c->sweep_ms = c->now_ms + HORIZON_MS;
    c->sweep_kind = 1;
    c->sweep_at = 0;
}

static void sweep_turn(struct tb_cell *c)
{
    bool late = c->now_ms >= c->covered_ms;
    if (c->sweep_kind == 0 && c->now_ms > c->covered_ms - HORIZON_MS / 2)
        begin_sweep(c);
    if (late && c->sweep_ms <= c->now_ms)
        begin_sweep(c); /* the clock jumped over a sweep that was under way */
    if (c->sweep_kind == 0)
        return;
    if (sweep(c, late ? UINT32_MAX : SWEEP_SLICE)) {
        c->covered_ms = c->sweep_ms;
        c->sweep_kind = 0;
    }
}

void tb_timers_rebuild(struct tb_cell *c)
{
    begin_sweep(c);
    while (!sweep(c, UINT32_MAX)) {
    }
    c->covered_ms = c->sweep_ms;
    c->sweep_kind = 0;
}

static void given_back(struct tb_job_request *r)
{
    struct tb_internal *i = (struct tb_internal *)r;
    struct tb_cell *c = i->cell;
    struct tb_internal *head = atomic_load_explicit(&c->internal_back, memory_order_relaxed);
    do {
        i->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&c->internal_back, &head, i,
                                                    memory_order_release, memory_order_relaxed));
    if (r->inside == REQUEST_JOB)
        tb_bell_ring(&c->engine_bell);
}

static struct tb_internal *take_internal(struct tb_cell *c)
{
    struct tb_internal *i = c->internal_free;
    if (i != NULL) {
        c->internal_free = i->next;
    } else if (c->internal_n < INTERNAL_MAX) {
        i = tb_heap_zeroed(sizeof *i);
        i->cell = c;
        i->made = c->internal_all;
        c->internal_all = i;
        c->internal_n++;
        tb_buf_init(&i->request.answer.body, i->region, sizeof i->region);
    } else {
        return NULL;
    }
    i->wrote = false;
    i->request.tries = 0;
    i->request.done = given_back;
    i->request.submitted_ns = 0;
    return i;
}

static void run_internal(struct tb_cell *c, struct tb_internal *i, uint32_t op, uint32_t inside,
                         uint32_t tenant)
{
    i->request.inside = inside;
    i->request.command = (struct tb_command){.op = op, .tenant = tenant, .input = &i->fire};
    if (inside == REQUEST_JOB)
        i->request.command.input = &i->step;
    tb_fair_put(&c->fair, &i->request);
}

/* A block that is still due although it was fired must not spin. */
static void fired(struct tb_cell *c, const struct tb_internal *i)
{
    const struct tb_block *b = tb_store_get(&c->core.store, i->fire.kind, i->fire.id);
    if (b == NULL)
        return;
    int64_t at_ms = tb_core_due_ms(&c->core, b);
    if (at_ms <= c->now_ms)
        at_ms = i->wrote ? c->now_ms : c->now_ms + AGAIN_MS;
    arm(c, i->fire.kind, i->fire.id, i->request.command.tenant, at_ms);
}

static void take_back(struct tb_cell *c)
{
    struct tb_internal *i = atomic_exchange_explicit(&c->internal_back, NULL, memory_order_acquire);
    while (i != NULL) {
        struct tb_internal *next = i->next;
        if (i->request.inside == REQUEST_FIRE)
            fired(c, i);
        else
            for (uint32_t k = 0; k < c->jobs_n; k++)
                if (c->jobs[k].id == i->step.job)
                    c->jobs[k].queued = false;
        i->next = c->internal_free;
        c->internal_free = i;
        i = next;
    }
}

static void fire_due(struct tb_cell *c)
{
    struct tb_due d;
    while ((c->internal_free != NULL || c->internal_n < INTERNAL_MAX) &&
           tb_due_pop(&c->due, c->now_ms, &d)) {
        const struct tb_block *b = tb_store_get(&c->core.store, d.kind, d.id);
        if (b == NULL)
            continue; /* blocks that have a timer are never evicted: it was dropped */
        int64_t at_ms = tb_core_due_ms(&c->core, b);
        if (at_ms > c->now_ms) {
            arm(c, d.kind, d.id, d.tenant, at_ms);
            continue;
        }
        struct tb_internal *i = take_internal(c);
        i->fire = (struct tb_cmd_fire){.kind = (enum tb_kind)d.kind, .id = d.id};
        run_internal(c, i, TB_OP_FIRE, REQUEST_FIRE, d.tenant);
        cell_count(&c->n_fires, 1);
    }
}

static void step_jobs(struct tb_cell *c)
{
    for (uint32_t k = 0; k < c->jobs_n; k++) {
        if (c->jobs[k].queued)
            continue;
        struct tb_internal *i = take_internal(c);
        if (i == NULL)
            return;
        c->jobs[k].queued = true;
        i->step = (struct tb_cmd_job_step){.job = c->jobs[k].id};
        run_internal(c, i, TB_OP_JOB_STEP, REQUEST_JOB, c->jobs[k].tenant);
    }
}

/* Clean blocks of sparse kinds beyond the bound leave memory. What was written within the
 * batches under way stays: only older ones can be found again (keep.c, then SQL).       */
static void evict(struct tb_cell *c)
{
    struct tb_store *s = &c->core.store;
    for (uint32_t kind = 1; kind < s->kinds; kind++) {
        if (!s->shape[kind].sparse || s->blocks[kind] <= c->o.cold_blocks)
            continue;
        if (c->evict_kind != kind)
            c->evict_at = 0;
        c->evict_kind = kind;
        for (uint32_t i = 0; i < EVICT_SLICE; i++) {
            const struct tb_block *b = tb_store_next_sparse(s, kind, &c->evict_at);
            if (b == NULL) {
                c->evict_at = 0;
                break;
            }
            if (s->batch - b->written_batch <= c->o.flights + 4 ||
                tb_core_due_ms(&c->core, b) != INT64_MAX)
                continue;
            tb_store_evict(s, kind, b->id);
            cell_count(&c->n_evictions, 1);
        }
    }
}

void tb_timers_turn(struct tb_cell *c)
{
    take_back(c);
    if (tb_cell_state(c) != TB_CELL_LEADING || atomic_load(&c->read_only) ||
        atomic_load(&c->lagging))
        return;
    sweep_turn(c);
    fire_due(c);
    step_jobs(c);
    evict(c);
}

void tb_timers_deinit(struct tb_cell *c)
{
    while (c->internal_all != NULL) {
        struct tb_internal *i = c->internal_all;
        c->internal_all = i->made;
        free(i);
    }
    free(c->jobs);
}
