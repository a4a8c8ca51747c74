// SPDX-License-Identifier: Apache-2.0
/* engine/queue.h - what waits to be run: an inbox of all threads, a list a tenant.
 *
 * Inbox   lock-free; its order is the order of submission. Closed for ever by
 *         tb_inbox_close, after which nothing can be lost in it.
 * Fair    deficit round robin (Shreedhar, Varghese 1995) by the time a command of that
 *         operation has cost lately, so a tenant that floods delays the others by no
 *         more than its turn. What waits for cold rows stands with its load, not here.
 *         Cell's thread alone.                                                          */
#ifndef TB_ENGINE_QUEUE_H
#define TB_ENGINE_QUEUE_H

#include <stdatomic.h>

#include "core/ops.h"
#include "engine/cell.h"

/* How far tb_job_request.ahead leads: taking the inbox is a walk from one cache line that
 * another core has written to the next.                                                */
#define TB_INBOX_AHEAD 8u

struct tb_inbox {
    _Atomic(struct tb_job_request *) head; /* newest first */
};

/* first is the newest, linked to older ones by next, the oldest is last. False: closed. */
bool tb_inbox_push(struct tb_inbox *i, struct tb_job_request *first, struct tb_job_request *last);
/* Everything, oldest first; NULL when empty or closed. */
struct tb_job_request *tb_inbox_take(struct tb_inbox *i);
/* Closes and returns what was left, oldest first. */
struct tb_job_request *tb_inbox_close(struct tb_inbox *i);
static inline bool tb_inbox_empty(struct tb_inbox *i)
{
    return atomic_load_explicit(&i->head, memory_order_relaxed) == NULL;
}

#define TB_TENANTS_MAX (1u << 14) /* block numbers of tenants: above those of core/catalog, 10,000 */
#define TB_QUANTUM_NS 20000

struct tb_tenant_line {
    struct tb_job_request *first;
    struct tb_job_request *last;
    struct tb_tenant_line *next;     /* in the ring */
    struct tb_load *loads;           /* under way for it, newest first */
    uint32_t loads_n;
    int64_t deficit_ns;
    uint64_t seq; /* of the newest entry in the tenant's feed */
    uint64_t seq_batch; /* batch stamp that last wrote it out */
    bool active;
};

struct tb_fair {
    struct tb_tenant_line *line;       /* [TB_TENANTS_MAX]; untouched pages cost nothing */
    struct tb_tenant_line *ring_first; /* tenants with requests that may run */
    struct tb_tenant_line *ring_last;
    uint32_t active;
    uint32_t tenants_seen; /* highest tenant + 1 */
    int64_t cost_ns[TB_OP_MAX]; /* moving average */
};

void tb_fair_init(struct tb_fair *q);
void tb_fair_deinit(struct tb_fair *q);
void tb_fair_put(struct tb_fair *q, struct tb_job_request *r);
/* NULL when nothing may run. */
struct tb_job_request *tb_fair_next(struct tb_fair *q);
/* What waited for rows, linked first to last: before everything else of the tenant. */
void tb_fair_put_front(struct tb_fair *q, uint32_t tenant, struct tb_job_request *first,
                       struct tb_job_request *last);
void tb_fair_measured(struct tb_fair *q, uint32_t op, int64_t ns);

#endif
