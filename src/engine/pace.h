// SPDX-License-Identifier: Apache-2.0
/* engine/pace.h - when the next flush is due, after one that has ended.
 *
 * Pure arithmetic; flusher.c looks at clocks, queues and the scheduler and asks it.
 * Invariant: an answer lies behind the flush's end, and a rest that was lengthened for others
 * neither exceeds REST_MAX nor lets SQL lag by more than LAG.
 * Not here: what a flush does (flush.c), and when a rest ends early (flusher.c).            */
#ifndef TB_ENGINE_PACE_H
#define TB_ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define TB_PACE_RETRY_NS INT64_C(200000000) /* after a flush that failed */
#define TB_PACE_REST_PART 5 /* of the pause, free for other work after a flush that took all of it */
#define TB_PACE_SCARCE_PART 8 /* of what a flush ran: waited longer than that for a core, somebody else wants it */
#define TB_PACE_SCARCE_REST 4 /* times as long as such a flush took is left to the others, at most */
#define TB_PACE_REST_MAX_NS INT64_C(700000000)
#define TB_PACE_LAG_NS INT64_C(1600000000) /* SQL may lag: by a flush, a rest and the next flush together */
#define TB_PACE_QUIET_COMMANDS 10u         /* fewer between two looks: nobody asks */

/* A flush that has ended. Nanoseconds, none below zero but behind_ns. */
struct tb_pace_flush {
    int64_t began_ns;
    int64_t ended_ns;
    int64_t pause_ns;  /* of the options: from beginning to beginning */
    int64_t ran_ns;    /* the flush had a core */
    int64_t waited_ns; /* the flush was ready without one */
    int64_t behind_ns; /* age of the oldest change that SQL lacks; below zero where the clock was set back */
    uint64_t commands; /* meanwhile */
    bool ok;
    bool in_no_hurry; /* memory has room for more that is not in SQL */
};

struct tb_pace_next {
    int64_t at_ns;
    bool scarce; /* others want the core: there will be no time between */
};

struct tb_pace_next tb_pace_next(const struct tb_pace_flush *f);

#endif
