// SPDX-License-Identifier: Apache-2.0
/* When the next flush is due: a row for every reason, and the bounds over random flushes.
 * Not here: that the flusher's thread keeps to it (test_cell.c, test_threads.c).          */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/assert.h"
#include "engine/pace.h"

#define MS INT64_C(1000000)

/* A flush of 100 ms that began at one second, waited as long as it ran, and lags by 200 ms: scarce. */
static const struct tb_pace_flush usual = {
    .began_ns = 1000 * MS,
    .ended_ns = 1100 * MS,
    .pause_ns = 250 * MS,
    .ran_ns = 50 * MS,
    .waited_ns = 50 * MS,
    .behind_ns = 200 * MS,
    .commands = 1000,
    .ok = true,
    .in_no_hurry = true,
};

static void is_due(const struct tb_pace_flush *f, int64_t at_ms, bool scarce)
{
    struct tb_pace_next n = tb_pace_next(f);
    assert_int_equal(n.at_ns, at_ms * MS);
    assert_int_equal(n.scarce, scarce);
}

static void nobody_else_wants_the_core(void **state)
{
    (void)state;
    struct tb_pace_flush f = usual;
    f.waited_ns = f.ran_ns / TB_PACE_SCARCE_PART; /* just not scarce */
    is_due(&f, 1250, false);
    f.waited_ns++;
    is_due(&f, 1500, true);
    f = usual;
    f.ran_ns = f.waited_ns = 0; /* the system does not tell */
    is_due(&f, 1250, false);
    f = usual;
    f.commands = TB_PACE_QUIET_COMMANDS - 1;
    is_due(&f, 1250, false);
    f.commands++;
    is_due(&f, 1500, true);
    f.in_no_hurry = false;
    is_due(&f, 1250, false);
    f.ended_ns = 1300 * MS; /* took all of the pause: a part of it is free all the same */
    is_due(&f, 1350, false);
    f.ended_ns = 1200 * MS; /* exactly as much is left */
    is_due(&f, 1250, false);
}

static void a_failed_flush_is_tried_again(void **state)
{
    (void)state;
    struct tb_pace_flush f = usual;
    f.ok = false;
    is_due(&f, 1300, false);
    f.pause_ns = 5000 * MS;
    is_due(&f, 1300, false);
}

/* Which of the bounds of a longer rest is the least. */
static void the_core_is_left_to_others(void **state)
{
    (void)state;
    struct tb_pace_flush f = usual;
    is_due(&f, 1100 + 400, true); /* four times what the flush took */
    f.ended_ns = 1200 * MS;
    is_due(&f, 1200 + 700, true); /* the longest rest */
    f.behind_ns = 500 * MS;
    is_due(&f, 1200 + 600, true); /* what the lag leaves */
    f.behind_ns = 780 * MS;
    is_due(&f, 1200 + 50, true); /* the part of the pause is always free */
    f.behind_ns = 900 * MS;
    is_due(&f, 1200 + 50, true);
    f.behind_ns = INT64_MAX;
    is_due(&f, 1200 + 50, true);
    f.behind_ns = 0;
    is_due(&f, 1200 + 700, true);
    f.behind_ns = -3600000 * MS; /* the clock was set back */
    is_due(&f, 1200 + 700, true);
    f.behind_ns = INT64_MIN;
    is_due(&f, 1200 + 700, true);
    f = usual;
    f.ended_ns = f.began_ns + MS; /* a short one still waits for the pause */
    is_due(&f, 1250, true);
}

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x >> 11;
}

static void bounds(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    uint32_t longer = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        struct tb_pace_flush f = {
            .began_ns = (int64_t)(next(&x) >> 4),
            .pause_ns = (int64_t)(next(&x) % 2000) * MS,
            .ran_ns = (int64_t)(next(&x) % 500) * MS,
            .waited_ns = (int64_t)(next(&x) % 100) * MS,
            .behind_ns = (int64_t)(next(&x) % 2000) * MS,
            .commands = next(&x) % 40,
            .ok = next(&x) % 10 != 0,
            .in_no_hurry = next(&x) % 4 != 0,
        };
        f.ended_ns = f.began_ns + (int64_t)(next(&x) % 1500) * MS;
        struct tb_pace_next n = tb_pace_next(&f);
        int64_t rest = n.at_ns - f.ended_ns, took = f.ended_ns - f.began_ns;
        int64_t plain = f.pause_ns / TB_PACE_REST_PART;
        if (plain < f.pause_ns - took)
            plain = f.pause_ns - took;
        assert_true(rest >= 0);
        assert_true(!n.scarce || (f.ok && f.in_no_hurry));
        if (!f.ok) {
            assert_true(rest == TB_PACE_RETRY_NS);
            continue;
        }
        assert_true(rest >= plain && (n.scarce || rest == plain));
        if (rest == plain)
            continue;
        longer++;
        assert_true(rest <= TB_PACE_REST_MAX_NS && rest <= took * TB_PACE_SCARCE_REST);
        assert_true(f.behind_ns + rest + f.behind_ns <= TB_PACE_LAG_NS);
    }
    assert_in_range(longer, 5000, 150000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_wants_the_core),
        cmocka_unit_test(a_failed_flush_is_tried_again),
        cmocka_unit_test(the_core_is_left_to_others),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
