// SPDX-License-Identifier: Apache-2.0
#include "engine/queue.h"

#include <stdlib.h>

#include "engine/heap.h"

static struct tb_job_request closed_mark;
#define CLOSED (&closed_mark)

static struct tb_job_request *reversed(struct tb_job_request *r)
{
    struct tb_job_request *out = NULL;
    while (r != NULL) {
        struct tb_job_request *next = r->next;
        __builtin_prefetch(r->ahead, 1);
        r->next = out;
        out = r;
        r = next;
    }
    return out;
}

bool tb_inbox_push(struct tb_inbox *i, struct tb_job_request *first, struct tb_job_request *last)
{
    struct tb_job_request *head = atomic_load_explicit(&i->head, memory_order_relaxed);
    do {
        if (head == CLOSED)
            return false;
        last->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&i->head, &head, first, memory_order_release,
                                                    memory_order_relaxed));
    return true;
}

struct tb_job_request *tb_inbox_take(struct tb_inbox *i)
{
    struct tb_job_request *head = atomic_load_explicit(&i->head, memory_order_relaxed);
    do {
        if (head == NULL || head == CLOSED)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&i->head, &head, NULL, memory_order_acquire,
                                                    memory_order_relaxed));
    return reversed(head);
}

struct tb_job_request *tb_inbox_close(struct tb_inbox *i)
{
    struct tb_job_request *head = atomic_exchange(&i->head, CLOSED);
    return head == CLOSED ? NULL : reversed(head);
}

void tb_fair_init(struct tb_fair *q)
{
    *q = (struct tb_fair){0};
    q->line = tb_heap_zeroed((size_t)TB_TENANTS_MAX * sizeof *q->line);
    for (uint32_t i = 0; i < TB_OP_MAX; i++)
        q->cost_ns[i] = 1500;
}

void tb_fair_deinit(struct tb_fair *q)
{
    free(q->line);
    q->line = NULL;
}

static void activate(struct tb_fair *q, struct tb_tenant_line *t)
{
    if (t->active || t->first == NULL)
        return;
    t->active = true;
    t->deficit_ns = TB_QUANTUM_NS;
    t->next = NULL;
    if (q->ring_last != NULL)
        q->ring_last->next = t;
    else
        q->ring_first = t;
    q->ring_last = t;
    q->active++;
}

static struct tb_tenant_line *line_of(struct tb_fair *q, uint32_t tenant)
{
    tb_assert(tenant < TB_TENANTS_MAX);
    if (tenant >= q->tenants_seen)
        q->tenants_seen = tenant + 1;
    return &q->line[tenant];
}

void tb_fair_put(struct tb_fair *q, struct tb_job_request *r)
{
    struct tb_tenant_line *t = line_of(q, r->command.tenant);
    r->next = NULL;
    if (t->first == NULL)
        t->first = r;
    else
        t->last->next = r;
    t->last = r;
    activate(q, t);
}

static void take_off_ring(struct tb_fair *q, struct tb_tenant_line *t)
{
    if (!t->active)
        return;
    struct tb_tenant_line *before = NULL;
    for (struct tb_tenant_line *i = q->ring_first; i != t; i = i->next)
        before = i;
    if (before != NULL)
        before->next = t->next;
    else
        q->ring_first = t->next;
    if (q->ring_last == t)
        q->ring_last = before;
    t->active = false;
    q->active--;
}

static struct tb_job_request *pop(struct tb_tenant_line *t)
{
    struct tb_job_request *r = t->first;
    tb_assert(r != NULL);
    t->first = r->next;
    if (t->first == NULL)
        t->last = NULL;
    r->next = NULL;
    return r;
}

struct tb_job_request *tb_fair_next(struct tb_fair *q)
{
    while (q->ring_first != NULL) {
        struct tb_tenant_line *t = q->ring_first;
        tb_assert(t->active && t->first != NULL);
        if (t->deficit_ns <= 0) {
            t->deficit_ns += TB_QUANTUM_NS;
            if (q->ring_last != t) {
                q->ring_first = t->next;
                t->next = NULL;
                q->ring_last->next = t;
                q->ring_last = t;
            }
            continue;
        }
        struct tb_job_request *r = pop(t);
        t->deficit_ns -= q->cost_ns[r->command.op];
        if (t->first == NULL)
            take_off_ring(q, t);
        return r;
    }
    return NULL;
}

void tb_fair_put_front(struct tb_fair *q, uint32_t tenant, struct tb_job_request *first,
                       struct tb_job_request *last)
{
    struct tb_tenant_line *t = line_of(q, tenant);
    last->next = t->first;
    if (t->first == NULL)
        t->last = last;
    t->first = first;
    activate(q, t);
}

void tb_fair_measured(struct tb_fair *q, uint32_t op, int64_t ns)
{
    if (ns < 200)
        ns = 200;
    if (ns > q->cost_ns[op] * 16) /* the thread was taken off its core, or the cost is rising */
        ns = q->cost_ns[op] * 16;
    if (ns > 10000000)
        ns = 10000000;
    q->cost_ns[op] += (ns - q->cost_ns[op]) / 16;
}
