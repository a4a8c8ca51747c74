// SPDX-License-Identifier: Apache-2.0
/* tests/crash/verify.h - what must be true of a cell, given everything a client knows.
 *
 *   every command that was acknowledged stands in its tenant's feed exactly once, with the
 *   number it was answered with; nothing stands there that was never sent; the feed has no
 *   gap · every member has the sum and the holds that the answers add up to · what was sealed
 *   opens again · core's own audit finds nothing
 * Call it when nothing is under way and every command has its answer.                     */
#ifndef TB_TESTS_CRASH_VERIFY_H
#define TB_TESTS_CRASH_VERIFY_H

#include "ops.h"

struct findings {
    uint64_t acked;
    uint64_t lost;
    uint64_t doubled;
    uint64_t foreign; /* entries with a key that nobody sent */
    uint64_t sums;    /* members whose sum or holds differ */
    uint64_t sealed;  /* values that do not open */
    uint64_t breaks;  /* tb_core_check */
    uint64_t entries; /* of the feeds that were read */
    uint64_t upto[TENANTS];
    bool fault;
};

/* full: the feeds from their beginning, else from where they were last proved. */
void verify(struct world *w, struct books *b, bool full, struct findings *out);
/* 0 = all is well. */
uint64_t findings_bad(const struct findings *f);

#endif
