// SPDX-License-Identifier: Apache-2.0
/* core/job/job.h - work that grows with a tenant's size, a slice at a time.
 *
 * A job is a block with a cursor. The engine runs JOB_STEP while the block exists; each
 * step looks at no more than TB_JOB_SLICE persons and ends with the cursor moved, so no
 * batch is held up and a restart goes on where the last durable step ended.             */
#ifndef TB_CORE_JOB_H
#define TB_CORE_JOB_H

#include "core/core.h"

#define TB_JOB_SLICE 200u

enum tb_job_kind {
    TB_JOB_TIERS = 1, /* evaluates every person of the tenant by its tier schemes */
    TB_JOB_ISSUE = 2, /* core/issue: counts an audience, or gives it coupons */
};

/* Kind JOB: head only. */
struct tb_job {
    uint32_t tenant;
    uint32_t kind;
    uint64_t cursor; /* person block looked at last */
    uint64_t last;   /* where it ends: persons that existed when it began */
    int64_t started_ms;
    uint32_t object; /* what it works on, 0 = the tenant */
    uint32_t reserved;
};

struct tb_cmd_job_step {
    uint64_t job;
};

/* Starts one, inside another command; nothing when the same kind runs for the tenant: it
 * is taken back to its beginning. */
void tb_job_start(struct tb_txn *t, enum tb_job_kind kind);

#endif
