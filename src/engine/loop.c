// SPDX-License-Identifier: Apache-2.0
/* engine/loop.c - the cell's thread: what to run next. */
#include <string.h>

#include "engine/inside.h"

static void run_call(struct tb_cell *c, struct tb_call *call)
{
    call->fn(&c->core, call->user);
    atomic_store(&call->done, 1);
    tb_bell_ring(&c->errand_bell);
}

static void drain_inbox(struct tb_cell *c)
{
    struct tb_job_request *r = tb_inbox_take(&c->inbox);
    while (r != NULL) {
        struct tb_job_request *next = r->next;
        if (r->inside == REQUEST_CALL)
            run_call(c, (struct tb_call *)r);
        else
            tb_fair_put(&c->fair, r);
        r = next;
    }
}

void tb_loop_left(struct tb_cell *c, const struct tb_job_request *r)
{
    if (r->inside != REQUEST_OUTSIDE)
        return;
    atomic_fetch_sub_explicit(&c->queued, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&c->queued_of[r->command.tenant], 1, memory_order_relaxed);
}

/* While several tenants have work, and for some batches after that, a batch is about a
 * millisecond long: that is what one of them waits for when another floods. A tenant that is
 * alone gets batches as long as they come.                                               */
#define SHARED_NS 1000000
#define SHARED_BATCHES 256u
#define SHARED_COMMANDS_MIN 64u
#define BESIDE_NS 700 /* of a command, that is not in its measured cost: prefetching, images */

/* Questions are answered together when their batch ends, and gain nothing by standing in a long one: no longer than
 * this of them in one, so that whoever asks does not wait for the answers to those who came after her.        */
#define QUESTIONS_NS 200000

static void pick(struct tb_cell *c)
{
    if (c->picked_at < c->picked_n)
        return; /* left over by a batch that was full */
    c->picked_at = 0;
    c->picked_n = 0;
    if (c->fair.active > 1)
        c->shared_batches = SHARED_BATCHES;
    else if (c->shared_batches > 0)
        c->shared_batches--;
    int64_t left_ns = c->shared_batches > 0 ? SHARED_NS : INT64_MAX;
    int64_t questions_ns = QUESTIONS_NS;
    while (c->picked_n < c->o.batch_commands && questions_ns > 0 &&
           (left_ns > 0 || c->picked_n < SHARED_COMMANDS_MIN)) {
        struct tb_job_request *r = tb_fair_next(&c->fair);
        if (r == NULL)
            return;
        int64_t cost_ns = c->fair.cost_ns[r->command.op] + BESIDE_NS;
        left_ns -= cost_ns;
        questions_ns -= tb_op_reads(r->command.op) ? cost_ns : 0;
        c->picked[c->picked_n++] = r;
    }
}

/* One batch runs while another is appended. More under way help only when the journal takes long
 * beside a batch, so that one append carries several; else they are a queue that everybody,
 * the quiet tenant too, waits behind.                                                       */
#define FLIGHTS_MIN 2u

static bool may_fly(struct tb_cell *c)
{
    int64_t append_ns = atomic_load_explicit(&c->append_ns, memory_order_relaxed);
    int64_t wanted = FLIGHTS_MIN + 2 * append_ns / (c->run_ns > 0 ? c->run_ns : 1);
    return atomic_load(&c->in_flight) < wanted;
}

/* The wall clock may be set back a little; the cell's time then stands still. */
static void read_clock(struct tb_cell *c)
{
    int64_t now = c->host->now_ms(c->host->user);
    if (now > c->now_ms || now < c->now_ms - 10000)
        c->now_ms = now;
}

static void publish_figures(struct tb_cell *c)
{
    uint64_t bytes = tb_regions_used(&c->regions) + tb_regions_used(&c->idem_regions);
    atomic_store_explicit(&c->memory_bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&c->n_idem_rows, c->idem.map.n, memory_order_relaxed);
    atomic_store_explicit(&c->n_timers, c->due.n, memory_order_relaxed);
    atomic_store_explicit(&c->n_tenants, c->fair.active, memory_order_relaxed);
}

/* Everything that came back to its queue is not picked any more. One step of a counter for a
 * row of the same tenant: submitting threads want its line too.                            */
static void leave_queue(struct tb_cell *c, const struct tb_flight *f)
{
    uint32_t all = 0;
    for (uint32_t i = 0; i < f->done_n;) {
        uint32_t tenant = f->done[i]->command.tenant;
        uint32_t n = 0;
        for (; i < f->done_n && f->done[i]->command.tenant == tenant; i++)
            n += f->done[i]->inside == REQUEST_OUTSIDE;
        if (n > 0)
            atomic_fetch_sub_explicit(&c->queued_of[tenant], n, memory_order_relaxed);
        all += n;
    }
    if (all > 0)
        atomic_fetch_sub_explicit(&c->queued, all, memory_order_relaxed);
}

bool tb_loop_turn(struct tb_cell *c)
{
    bool entered = tb_load_enter(c);
    drain_inbox(c);
    enum tb_finish refuse = tb_cell_finish_now(c);
    if (refuse != TB_FINISH_DONE) {
        bool some = !tb_loop_empty(c);
        tb_loop_refuse_all(c, NULL);
        return some;
    }
    read_clock(c);
    tb_timers_turn(c);
    pick(c);
    atomic_store_explicit(&c->pressed, c->fair.ring_first != NULL, memory_order_relaxed);
    if (c->picked_at == c->picked_n)
        return entered;
    struct tb_flight *f = may_fly(c) ? tb_flight_take(c) : NULL;
    if (f == NULL)
        return entered; /* the journal is behind; its bell rings when one is free */
    int64_t from = cell_mono_ns(c);
    tb_run_batch(c, f);
    leave_queue(c, f);
    tb_idem_tidy(&c->idem, (uint32_t)(c->now_ms / 1000));
    int64_t took = cell_mono_ns(c) - from;
    c->run_ns += (took - c->run_ns) / 8;
    atomic_store_explicit(&c->engine_ns,
                          atomic_load_explicit(&c->engine_ns, memory_order_relaxed) + took,
                          memory_order_relaxed);
    publish_figures(c);
    if (!tb_flight_answer(c, f))
        tb_flight_hand_over(c, f);
    return true;
}

bool tb_loop_empty(struct tb_cell *c)
{
    return c->picked_at == c->picked_n && c->fair.ring_first == NULL && c->loads_open == 0 &&
           tb_inbox_empty(&c->inbox);
}

int64_t tb_loop_idle_ns(struct tb_cell *c)
{
    int64_t wait_ms = tb_due_next_ms(&c->due) - c->now_ms;
    if (wait_ms > 100)
        wait_ms = 100;
    if (wait_ms < 1)
        wait_ms = 1;
    return wait_ms * 1000000;
}

void tb_loop_refuse_all(struct tb_cell *c, struct tb_job_request *list)
{
    enum tb_finish why = tb_cell_finish_now(c);
    if (why == TB_FINISH_DONE)
        why = TB_FINISH_STOPPING;
    while (list != NULL) {
        struct tb_job_request *next = list->next;
        if (list->inside == REQUEST_CALL) {
            struct tb_call *call = (struct tb_call *)list;
            atomic_store(&call->done, 2);
            tb_bell_ring(&c->errand_bell);
        } else {
            tb_loop_left(c, list);
            tb_cell_finish(c, list, why);
        }
        list = next;
    }
    for (; c->picked_at < c->picked_n; c->picked_at++) {
        tb_loop_left(c, c->picked[c->picked_at]);
        tb_cell_finish(c, c->picked[c->picked_at], why);
    }
    for (struct tb_job_request *r; (r = tb_fair_next(&c->fair)) != NULL;) {
        tb_loop_left(c, r);
        tb_cell_finish(c, r, why);
    }
}
