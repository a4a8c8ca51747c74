// SPDX-License-Identifier: Apache-2.0
/* http/rate_limit.h - token buckets per (key, class).
 *
 * A bucket holds burst tokens and gains per_s tokens a second; a request takes one. It is
 * kept as one instant, the time at which the bucket would be full again (GCRA, ITU-T
 * I.371), so a full bucket needs no memory and its slot may be taken by another key.
 * Invariant  a slot is given away only when its bucket is full, so nobody gains by it.
 * Limits     slots (default 65,536) in stripes of 8; when a stripe's buckets are all in use
 *            the newcomer shares the fullest one: stricter for both, never looser.
 * Threads    any; one short lock a stripe group. Time comes from the caller.            */
#ifndef TB_HTTP_RATE_LIMIT_H
#define TB_HTTP_RATE_LIMIT_H

#include "base/text.h"

struct tb_limits;

struct tb_limit_answer {
    bool allowed;
    uint32_t remaining;     /* whole tokens left after this one */
    uint32_t retry_after_s; /* when refused: at least 1 */
    uint32_t reset_s;       /* until the bucket is full */
};

TB_MUST_USE struct tb_limits *tb_limits_create(void); /* NULL: out of memory */
void tb_limits_destroy(struct tb_limits *l);

/* per_s >= 1, burst >= 1 (asserted). key names the bucket: hash of class and key id. */
struct tb_limit_answer tb_limits_take(struct tb_limits *l, uint64_t key, uint32_t per_s,
                                      uint32_t burst, int64_t now_ns);

#endif
