// SPDX-License-Identifier: Apache-2.0
#include "engine/pace.h"

#include "base/assert.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long the core is left to others, at most. */
static int64_t scarce_rest(const struct tb_pace_flush *f)
{
    if (f->behind_ns >= TB_PACE_LAG_NS)
        return 0;
    /* the next flush takes about as long as what it is behind */
    int64_t lag = TB_PACE_LAG_NS - 2 * most(f->behind_ns, 0);
    return least(least(lag, TB_PACE_REST_MAX_NS), (f->ended_ns - f->began_ns) * TB_PACE_SCARCE_REST);
}

struct tb_pace_next tb_pace_next(const struct tb_pace_flush *f)
{
    tb_assert(f->ended_ns >= f->began_ns && f->pause_ns >= 0);
    if (!f->ok)
        return (struct tb_pace_next){.at_ns = f->ended_ns + TB_PACE_RETRY_NS};
    bool scarce = f->commands >= TB_PACE_QUIET_COMMANDS && f->in_no_hurry &&
                  f->waited_ns > f->ran_ns / TB_PACE_SCARCE_PART;
    int64_t rest = f->pause_ns / TB_PACE_REST_PART;
    if (scarce)
        rest = most(rest, scarce_rest(f));
    return (struct tb_pace_next){.at_ns = most(f->ended_ns + rest, f->began_ns + f->pause_ns), .scarce = scarce};
}
