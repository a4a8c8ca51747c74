// SPDX-License-Identifier: Apache-2.0
/* engine/cell.c - the face of a cell: life, threads, submit. */
#include "engine/cell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/inside.h"

#define SCRATCH_BYTES ((size_t)16 << 20)
#define PENDING_MIN (UINT64_C(64) << 20)
#define PENDING_MAX (UINT64_C(16) << 30)
#define IDLE_FOLLOW_NS 50000000

const char *tb_finish_name(enum tb_finish f)
{
    static const char *const name[TB_FINISHES] = {
        "done",     "idempotency_mismatch", "too_large", "stopping", "not_leading",
        "no_space", "unavailable",          "unknown",   "fault"};
    tb_assert(f < TB_FINISHES);
    return name[f];
}

const char *tb_submit_name(enum tb_submit s)
{
    static const char *const name[TB_SUBMITS] = {"taken",       "stopping", "not_leading",
                                                 "failed",      "unavailable", "no_space",
                                                 "lagging",     "queue_full", "tenant_full"};
    tb_assert(s < TB_SUBMITS);
    return name[s];
}

void tb_cell_log(struct tb_cell *c, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (c->o.log == NULL)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->o.log(c->o.log_user, text);
}

void tb_cell_break(struct tb_cell *c, enum tb_cell_state s, const struct tb_fault *f)
{
    tb_assert(s == TB_CELL_DEPOSED || s == TB_CELL_FAILED);
    pthread_mutex_lock(&c->fault_lock);
    enum tb_cell_state was = tb_cell_state(c);
    bool first = was != TB_CELL_DEPOSED && was != TB_CELL_FAILED;
    if (first) {
        c->fault = *f;
        atomic_store(&c->state, s);
    }
    pthread_mutex_unlock(&c->fault_lock);
    if (first)
        tb_cell_log(c, "%s: %s", s == TB_CELL_DEPOSED ? "deposed" : "failed", f->text);
    tb_bell_ring(&c->engine_bell);
    tb_bell_ring(&c->journal_bell);
    tb_bell_ring(&c->durable_bell);
}

void tb_cell_finish(struct tb_cell *c, struct tb_job_request *r, enum tb_finish f)
{
    (void)c;
    r->finish = f;
    r->next = NULL;
    r->done(r);
}

enum tb_finish tb_cell_finish_now(const struct tb_cell *c)
{
    switch (tb_cell_state(c)) {
    case TB_CELL_FOLLOWING:
    case TB_CELL_DEPOSED:
        return TB_FINISH_NOT_LEADING;
    case TB_CELL_FAILED:
        return TB_FINISH_UNAVAILABLE;
    case TB_CELL_STOPPED:
        return TB_FINISH_STOPPING;
    case TB_CELL_LEADING:
    case TB_CELL_STOPPING:
        break;
    }
    if (atomic_load_explicit(&c->stalled, memory_order_relaxed))
        return atomic_load(&c->read_only) ? TB_FINISH_NO_SPACE : TB_FINISH_UNAVAILABLE;
    return TB_FINISH_DONE;
}

/* ---- submit --------------------------------------------------------------------------------- */

/* Before a run of requests; those of one tenant are counted together. */
struct counted {
    uint32_t tenant;
    uint32_t of;  /* the tenant's that wait already */
    uint32_t all; /* everybody's */
    uint32_t n;   /* of this run so far */
};

static enum tb_submit refuses(struct tb_cell *c, const struct tb_job_request *r, const struct counted *run)
{
    tb_assert(r->command.op < TB_OP_MAX && r->command.tenant < TB_TENANTS_MAX && r->done != NULL);
    switch (tb_cell_state(c)) {
    case TB_CELL_LEADING:
        break;
    case TB_CELL_STOPPING:
    case TB_CELL_STOPPED:
        return TB_SUBMIT_STOPPING;
    case TB_CELL_FOLLOWING:
    case TB_CELL_DEPOSED:
        return TB_SUBMIT_NOT_LEADING;
    case TB_CELL_FAILED:
        return TB_SUBMIT_FAILED;
    }
    if (atomic_load_explicit(&c->stalled, memory_order_relaxed) && !atomic_load(&c->read_only))
        return TB_SUBMIT_UNAVAILABLE;
    if (!tb_op_reads(r->command.op)) {
        tb_assert(r->answer.body.cap >= TB_ANSWER_BYTES_MAX);
        if (atomic_load_explicit(&c->read_only, memory_order_relaxed))
            return TB_SUBMIT_NO_SPACE;
        if (atomic_load_explicit(&c->lagging, memory_order_relaxed))
            return TB_SUBMIT_LAGGING;
    }
    if (run->all + run->n >= c->o.queue_total)
        return TB_SUBMIT_QUEUE_FULL;
    if (run->of + run->n >= c->o.queue_tenant)
        return TB_SUBMIT_TENANT_FULL;
    return TB_SUBMIT_TAKEN;
}

static void begin_run(const struct tb_cell *c, uint32_t tenant, struct counted *run)
{
    tb_assert(tenant < TB_TENANTS_MAX);
    *run = (struct counted){.tenant = tenant,
                            .of = atomic_load_explicit(&c->queued_of[tenant], memory_order_relaxed),
                            .all = atomic_load_explicit(&c->queued, memory_order_relaxed)};
}

/* In, before anything is pushed: the cell's thread counts out what it has run. */
static void count_in(struct tb_cell *c, const struct counted *run)
{
    if (run->n == 0)
        return;
    atomic_fetch_add_explicit(&c->queued, run->n, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->queued_of[run->tenant], run->n, memory_order_relaxed);
}

static void take_in(struct tb_job_request *r, int64_t now)
{
    r->finish = TB_FINISH_DONE;
    r->repeated = false;
    r->seq = 0;
    r->tenant_seq = 0;
    r->submitted_ns = now;
    r->tries = 0;
    r->inside = REQUEST_OUTSIDE;
}

static void count_out(struct tb_cell *c, struct tb_job_request *const *r, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        tb_loop_left(c, r[i]);
}

uint32_t tb_cell_submit_many(struct tb_cell *c, struct tb_job_request *const *r, uint32_t n,
                             enum tb_submit *why)
{
    int64_t now = cell_mono_ns(c);
    struct tb_job_request *newest = NULL;
    struct counted run = {0};
    uint32_t taken = 0;
    *why = TB_SUBMIT_TAKEN;
    for (; taken < n; taken++) {
        if (taken == 0 || r[taken]->command.tenant != run.tenant) {
            count_in(c, &run);
            begin_run(c, r[taken]->command.tenant, &run);
        }
        *why = refuses(c, r[taken], &run);
        if (*why != TB_SUBMIT_TAKEN)
            break;
        take_in(r[taken], now);
        run.n++;
        r[taken]->next = newest;
        r[taken]->ahead = taken >= TB_INBOX_AHEAD ? r[taken - TB_INBOX_AHEAD] : NULL;
        newest = r[taken];
    }
    count_in(c, &run);
    if (taken > 0 && !tb_inbox_push(&c->inbox, newest, r[0])) {
        count_out(c, r, taken);
        *why = TB_SUBMIT_STOPPING;
        return 0;
    }
    if (taken > 0 && c->threads)
        tb_bell_ring(&c->engine_bell);
    return taken;
}

enum tb_submit tb_cell_submit(struct tb_cell *c, struct tb_job_request *r)
{
    enum tb_submit why;
    (void)tb_cell_submit_many(c, &r, 1, &why);
    return why;
}

/* ---- threads ---------------------------------------------------------------------------------- */

static void *journal_main(void *user)
{
    struct tb_cell *c = user;
    for (;;) {
        uint32_t ticket = tb_bell_ticket(&c->journal_bell);
        if (tb_writer_turn(c))
            continue;
        bool idle = atomic_load(&c->in_flight) == 0;
        if (atomic_load(&c->engine_gone) && (idle || atomic_load(&c->stalled)))
            break;
        tb_bell_wait(&c->journal_bell, ticket, tb_writer_idle_ns(c));
    }
    atomic_store(&c->writer_gone, true);
    tb_bell_ring(&c->flusher_bell);
    return NULL;
}

static void fail_errands(struct tb_cell *c)
{
    pthread_mutex_lock(&c->errands_lock);
    struct tb_errand *lists[2] = {c->errands, c->journal_errands};
    c->errands = NULL;
    c->journal_errands = NULL;
    pthread_mutex_unlock(&c->errands_lock);
    for (uint32_t i = 0; i < 2; i++)
        for (struct tb_errand *e = lists[i]; e != NULL;) {
            struct tb_errand *next = e->next;
            tb_fault_set(&e->fault, true, "the cell was stopped");
            e->ok = false;
            atomic_store(&e->done, 1);
            tb_bell_ring(&c->errand_bell);
            e = next;
        }
}

static void *loader_main(void *user)
{
    struct tb_cell *c = user;
    while (!atomic_load(&c->engine_gone)) {
        uint32_t ticket = tb_bell_ticket(&c->loader_bell);
        if (!tb_loader_turn(c))
            tb_bell_wait(&c->loader_bell, ticket, 1000000000);
    }
    return NULL;
}

static bool start_thread(pthread_t *t, void *(*main)(void *), struct tb_cell *c, const char *name)
{
    if (pthread_create(t, NULL, main, c) != 0)
        return false;
    (void)pthread_setname_np(*t, name);
    return true;
}

/* The journal's handle and the state's writer now belong to their threads. */
static bool start_leading(struct tb_cell *c)
{
    c->journal_started = start_thread(&c->journal_thread, journal_main, c, "tb-journal");
    if (!c->journal_started)
        return false;
    c->flusher_started = start_thread(&c->flusher_thread, tb_flusher_main, c, "tb-flusher");
    return c->flusher_started;
}

static void follow(struct tb_cell *c)
{
    struct tb_fault f = {.text = "no thread for the journal"};
    uint32_t ticket = tb_bell_ticket(&c->engine_bell);
    bool some = tb_follow_turn(c);
    if (tb_cell_state(c) == TB_CELL_LEADING) {
        if (!start_leading(c))
            tb_cell_break(c, TB_CELL_FAILED, &f);
        return;
    }
    (void)tb_loop_turn(c); /* calls, and refusals for those who came too early */
    if (!some)
        tb_bell_wait(&c->engine_bell, ticket, IDLE_FOLLOW_NS);
}

static void *engine_main(void *user)
{
    struct tb_cell *c = user;
    for (;;) {
        if (tb_cell_state(c) == TB_CELL_FOLLOWING && !atomic_load(&c->quit)) {
            follow(c);
            continue;
        }
        uint32_t ticket = tb_bell_ticket(&c->engine_bell);
        if (tb_loop_turn(c))
            continue;
        if (atomic_load(&c->quit) && tb_loop_empty(c))
            break;
        tb_bell_wait(&c->engine_bell, ticket, tb_loop_idle_ns(c));
    }
    tb_loop_refuse_all(c, tb_inbox_close(&c->inbox));
    atomic_store(&c->engine_gone, true);
    tb_bell_ring(&c->journal_bell);
    tb_bell_ring(&c->loader_bell);
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------- */

#define DEFAULT(field, value)      \
    do {                           \
        if (c->o.field == 0)       \
            c->o.field = (value);  \
    } while (0)

/* An eighth of the memory: a burst fits whole on a large machine, and a small one keeps room for its members. */
static uint64_t default_pending(void)
{
    int64_t pages = sysconf(_SC_PHYS_PAGES);
    int64_t page = sysconf(_SC_PAGESIZE);
    uint64_t eighth = pages > 0 && page > 0 ? (uint64_t)pages / 8 * (uint64_t)page : 0;
    return eighth < PENDING_MIN ? PENDING_MIN : eighth > PENDING_MAX ? PENDING_MAX : eighth;
}

static void set_options(struct tb_cell *c, const struct tb_cell_options *o)
{
    c->o = *o;
    c->host = o->host ? o->host : &tb_host_real;
    tb_assert(o->env != NULL && o->journal != NULL && o->state != NULL && o->tables != NULL &&
              o->batch_hash != NULL);
    DEFAULT(batch_commands, 512);
    DEFAULT(flights, 8);
    DEFAULT(queue_total, 65536);
    DEFAULT(queue_tenant, 16384);
    DEFAULT(idem_rows, 1000000);
    DEFAULT(idem_tenant, 33554432);
    DEFAULT(idem_hours, 26);
    DEFAULT(flush_ms, 250);
    DEFAULT(pending_bytes, default_pending());
    DEFAULT(tail_bytes, (uint64_t)64 << 20);
    DEFAULT(replay_entries, 20000000);
    DEFAULT(cold_blocks, 500000);
    DEFAULT(space_low_bytes, (int64_t)384 << 20);
    DEFAULT(hold_ms, 3000);
    DEFAULT(lease_ms, 1000);
    DEFAULT(heartbeat_ms, 500);
    DEFAULT(takeover_ms, 2000);
    tb_assert(c->o.takeover_ms > c->o.lease_ms && c->o.heartbeat_ms < c->o.lease_ms);
}

static void make_flights(struct tb_cell *c)
{
    c->all_flights = tb_heap_zeroed(c->o.flights * sizeof *c->all_flights);
    for (uint32_t i = 0; i < c->o.flights; i++) {
        struct tb_flight *f = &c->all_flights[i];
        f->body = tb_heap_take(TB_BATCH_BYTES_MAX);
        f->done = tb_heap_take(c->o.batch_commands * sizeof(struct tb_job_request *));
        f->next = c->free_flights;
        c->free_flights = f;
    }
}

static void make_core(struct tb_cell *c)
{
    tb_regions_init(&c->regions);
    tb_pool_init(&c->pool, tb_regions_mem(&c->regions));
    tb_core_init(&c->core, tb_regions_mem(&c->regions), c->o.env);
    c->scratch_region = tb_heap_take(SCRATCH_BYTES);
    c->events_region = tb_heap_take(TB_ENTRY_BYTES_MAX);
    c->entropy = tb_heap_take((size_t)ENTROPY_SETS * TB_ENTROPY_BYTES);
    c->entropy_at = ENTROPY_SETS;
    c->picked = tb_heap_take(c->o.batch_commands * sizeof *c->picked);
    tb_arena_init(&c->scratch, c->scratch_region, SCRATCH_BYTES);
    tb_txn_init(&c->txn, &c->core.store, &c->scratch, c->events_region);
    c->txn.env = &c->core.env;
    c->txn.core = &c->core;
    tb_fair_init(&c->fair);
    tb_regions_init(&c->idem_regions);
    tb_pool_init(&c->idem_pool, tb_regions_mem(&c->idem_regions));
    tb_idem_init(&c->idem, &c->idem_pool, c->o.idem_rows, c->o.idem_tenant, c->o.idem_hours * 3600);
    tb_due_init(&c->due, &c->pool);
}

bool tb_cell_create(const struct tb_cell_options *options, struct tb_cell **out,
                    struct tb_fault *fault)
{
    struct tb_cell *c = tb_heap_zeroed(sizeof *c);
    set_options(c, options);
    pthread_mutex_init(&c->fault_lock, NULL);
    pthread_mutex_init(&c->flights_lock, NULL);
    pthread_mutex_init(&c->loads_lock, NULL);
    pthread_mutex_init(&c->errands_lock, NULL);
    c->queued_of = tb_heap_zeroed(TB_TENANTS_MAX * sizeof *c->queued_of);
    c->flush.mark_stamp = tb_heap_zeroed(TB_TENANTS_MAX * sizeof *c->flush.mark_stamp);
    make_flights(c);
    make_core(c);
    tb_keep_init(c);
    *fault = (struct tb_fault){0};
    if (!tb_recover(c, fault)) {
        tb_cell_destroy(c);
        return false;
    }
    c->flush.next_ns = cell_mono_ns(c) + (int64_t)c->o.flush_ms * 1000000;
    *out = c;
    return true;
}

bool tb_cell_start(struct tb_cell *c, struct tb_fault *fault)
{
    tb_assert(!c->o.stepping && !c->threads);
    c->threads = true;
    bool ok = start_thread(&c->loader_thread, loader_main, c, "tb-loader") &&
              (tb_cell_state(c) != TB_CELL_LEADING || start_leading(c)) &&
              start_thread(&c->engine_thread, engine_main, c, "tb-cell");
    if (!ok)
        tb_fault_set(fault, true, "the system gives no more threads");
    return ok;
}

static void stop_stepping(struct tb_cell *c, bool flush)
{
    for (uint32_t idle = 0; idle < 3;) /* timers of the clock are the simulation's */
        idle = tb_cell_step(c) ? 0 : idle + 1;
    tb_loop_refuse_all(c, tb_inbox_close(&c->inbox));
    if (flush && tb_cell_state(c) == TB_CELL_STOPPING)
        tb_flusher_last(c);
}

void tb_cell_stop(struct tb_cell *c, bool flush)
{
    uint32_t leading = TB_CELL_LEADING;
    (void)atomic_compare_exchange_strong(&c->state, &leading, TB_CELL_STOPPING);
    atomic_store(&c->flush_at_end, flush);
    if (!c->threads) {
        stop_stepping(c, flush);
    } else {
        atomic_store(&c->quit, true);
        tb_bell_ring(&c->engine_bell);
        pthread_join(c->engine_thread, NULL);
        pthread_join(c->loader_thread, NULL);
        if (c->journal_started)
            pthread_join(c->journal_thread, NULL);
        if (c->flusher_started)
            pthread_join(c->flusher_thread, NULL);
        c->threads = false;
        fail_errands(c);
    }
    uint32_t s = atomic_load(&c->state);
    if (s == TB_CELL_STOPPING || s == TB_CELL_FOLLOWING)
        atomic_store(&c->state, TB_CELL_STOPPED);
}

static void free_loads(struct tb_load *l)
{
    while (l != NULL) {
        struct tb_load *next = l->next;
        tb_load_free(l);
        l = next;
    }
}

void tb_cell_destroy(struct tb_cell *c)
{
    tb_assert(!c->threads);
    if (c->follow != NULL)
        c->o.journal->ops->reader_close(c->follow);
    if (c->loader != NULL)
        c->o.state->ops->reader_close(c->loader);
    free_loads(c->loads_first);
    free_loads(atomic_load(&c->loads_back));
    tb_timers_deinit(c);
    tb_flush_deinit(c);
    tb_keep_deinit(c);
    tb_due_deinit(&c->due);
    tb_idem_deinit(&c->idem);
    tb_fair_deinit(&c->fair);
    for (uint32_t i = 0; i < c->o.flights; i++) {
        free(c->all_flights[i].body);
        free(c->all_flights[i].done);
        free(c->all_flights[i].images.p);
    }
    free(c->all_flights);
    free(c->replayed.p);
    free(c->dirty_tenant);
    free(c->touched);
    free(c->gone);
    free(c->picked);
    free(c->entropy);
    free(c->events_region);
    free(c->scratch_region);
    free(c->queued_of);
    tb_regions_deinit(&c->regions);
    tb_regions_deinit(&c->idem_regions);
    pthread_mutex_destroy(&c->fault_lock);
    pthread_mutex_destroy(&c->flights_lock);
    pthread_mutex_destroy(&c->loads_lock);
    pthread_mutex_destroy(&c->errands_lock);
    free(c);
}

enum tb_cell_state tb_cell_state(const struct tb_cell *c)
{
    return (enum tb_cell_state)atomic_load(&c->state);
}

void tb_cell_fault(struct tb_cell *c, struct tb_fault *out)
{
    pthread_mutex_lock(&c->fault_lock);
    *out = c->fault;
    pthread_mutex_unlock(&c->fault_lock);
}

bool tb_cell_may_answer(const struct tb_cell *c)
{
    enum tb_cell_state s = tb_cell_state(c);
    if (s != TB_CELL_LEADING && s != TB_CELL_STOPPING)
        return false;
    return !c->o.journal->ops->shared || cell_boot_ns(c) < atomic_load(&c->lease_ns);
}

bool tb_cell_step(struct tb_cell *c)
{
    tb_assert(c->o.stepping);
    struct tb_fault f;
    if (tb_cell_state(c) == TB_CELL_FOLLOWING) {
        bool some = tb_follow_turn(c);
        return tb_loop_turn(c) || some;
    }
    bool some = tb_loop_turn(c);
    while (tb_loader_turn(c))
        some = true;
    some = tb_writer_turn(c) || some;
    int64_t now = cell_mono_ns(c);
    if (now >= c->flush.next_ns) {
        c->flush.next_ns = now + (int64_t)c->o.flush_ms * 1000000;
        (void)tb_flush_turn(c, false, &f);
    }
    return some;
}

bool tb_cell_flush(struct tb_cell *c, struct tb_fault *fault)
{
    struct tb_errand e = {.what = ERRAND_FLUSH};
    bool ok = tb_errand_run(c, &e);
    *fault = e.fault;
    return ok;
}

bool tb_cell_snapshot(struct tb_cell *c, const char *path, struct tb_snapshot *out,
                      struct tb_fault *fault)
{
    struct tb_errand e = {.what = ERRAND_SNAPSHOT, .path = path};
    bool ok = tb_errand_run(c, &e);
    *fault = e.fault;
    *out = e.snapshot;
    return ok;
}

bool tb_cell_prune(struct tb_cell *c, uint64_t keep_from, struct tb_fault *fault)
{
    struct tb_errand e = {.what = ERRAND_PRUNE, .keep_from = keep_from};
    bool ok = tb_errand_run(c, &e);
    *fault = e.fault;
    return ok;
}

bool tb_cell_call(struct tb_cell *c, void (*fn)(struct tb_core *core, void *user), void *user)
{
    if (!c->threads) {
        fn(&c->core, user);
        return true;
    }
    struct tb_call call = {.fn = fn, .user = user};
    call.request.inside = REQUEST_CALL;
    if (!tb_inbox_push(&c->inbox, &call.request, &call.request))
        return false;
    tb_bell_ring(&c->engine_bell);
    while (atomic_load(&call.done) == 0) {
        uint32_t ticket = tb_bell_ticket(&c->errand_bell);
        if (atomic_load(&call.done) == 0)
            tb_bell_wait(&c->errand_bell, ticket, 1000000000);
    }
    return atomic_load(&call.done) == 1;
}
