// SPDX-License-Identifier: Apache-2.0
/* Check-in against a plain model: every day that was ever filled is kept in a table, and the
 * streak is counted anew each time. Random histories over six zones with their changes of
 * clock (a day that never was, too), hours of the night, gaps, made-up days and two profiles
 * that are joined half way.                                                                */
#include "border/zone.h"
#include "play_kit.h"

#define DAYS 1600
#define HISTORIES 60

static const struct tb_zone *any_zone(void *user, struct tb_str name)
{
    (void)user;
    const struct tb_zone *z;
    struct tb_fault fault;
    return tb_zone_load(name, &z, &fault) == TB_ZONE_DONE ? z : NULL;
}

static const int64_t steps[] = {1, 2, 3, 5, 8};
static const struct { int64_t at, amount; bool monthly; } milestone[] = {
    {3, 100, false}, {7, 1000, false}, {15, 10000, true}};

static void put_checkin(struct fx *f, uint64_t flags)
{
    struct tb_reward_input reward[8];
    for (uint32_t i = 0; i < 5; i++)
        reward[i] = (struct tb_reward_input){TB_REWARD_STEP, i + 1, S("points"), steps[i], false};
    for (uint32_t i = 0; i < 3; i++)
        reward[5 + i] = (struct tb_reward_input){TB_REWARD_MILESTONE, milestone[i].at, S("points"),
                                                 milestone[i].amount, milestone[i].monthly};
    struct tb_cmd_game_put in = {.put.code = S("daily"), .kind = TB_GAME_CHECKIN, .flags = flags,
                                 .per_day = 3, .window_days = 30, .cost_unit = S("card"), .cost = 1,
                                 .reward = reward, .reward_n = 8};
    fx_done(f, TB_OP_GAME_PUT, &in);
    play_open(f, "daily");
}

/* ---- the model ------------------------------------------------------------------------------- */

struct model {
    int32_t base;
    int32_t last; /* day filled last by its date */
    uint8_t filled[DAYS];
    struct { int32_t at, day; } given[2000];
    uint32_t given_n;
    int64_t points;
    int32_t month;
    uint32_t made_up;
};

static int32_t month_of(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    return d.year * 12 + d.month;
}

static bool had(const struct model *m, uint32_t i, int32_t from, int32_t to)
{
    for (uint32_t k = 0; k < m->given_n; k++)
        if (m->given[k].at == milestone[i].at &&
            (milestone[i].monthly ? month_of(m->given[k].day) == month_of(to)
                                  : m->given[k].day >= from && m->given[k].day <= to))
            return true;
    return false;
}

/* Fills the day; returns the length of its run. */
static int32_t fill(struct model *m, int32_t day, bool wraps, bool pays)
{
    m->filled[day - m->base] = 1;
    int32_t from = day;
    int32_t to = day;
    while (m->filled[from - 1 - m->base])
        from--;
    while (m->filled[to + 1 - m->base])
        to++;
    int32_t n = to - from + 1;
    if (pays)
        m->points += steps[wraps ? (n - 1) % 5 : n < 5 ? n - 1 : 4];
    for (uint32_t i = 0; i < 3; i++) {
        if (n < milestone[i].at || had(m, i, from, to))
            continue;
        m->points += milestone[i].amount;
        m->given[m->given_n].at = (int32_t)milestone[i].at;
        m->given[m->given_n++].day = to;
    }
    if (day > m->last)
        m->last = day;
    return n;
}

/* ---- histories -------------------------------------------------------------------------------- */

struct play {
    struct fx *f;
    struct model *m;
    struct tb_str zone;
    const struct tb_zone *z;
    uint32_t profile;
    bool wraps;
};

static void check_in(struct play *p)
{
    struct tb_cmd_checkin in = {.who = play_who(p->profile), .game = S("daily"), .zone = p->zone};
    int32_t today = tb_zone_day_of(p->z, p->f->now_ms);
    if (today <= p->m->last) {
        fx_refused(p->f, TB_OP_CHECKIN, &in, TB_CODE_ALREADY_DONE, "member");
        return;
    }
    fx_done(p->f, TB_OP_CHECKIN, &in);
    assert_int_equal(fx_uint(p->f, 2, 0), fill(p->m, today, p->wraps, true));
}

static void make_up(struct play *p, int32_t day)
{
    struct tb_cmd_checkin in = {.who = play_who(p->profile), .game = S("daily"), .zone = p->zone, .day = day};
    int32_t today = tb_zone_day_of(p->z, p->f->now_ms);
    int32_t month = month_of(today);
    if (day >= today || day < today - 30) {
        fx_refused(p->f, TB_OP_CHECKIN_MAKEUP, &in, TB_CODE_INVALID, "day");
    } else if (p->m->filled[day - p->m->base]) {
        fx_refused(p->f, TB_OP_CHECKIN_MAKEUP, &in, TB_CODE_ALREADY_DONE, "day");
    } else if (p->m->month == month && p->m->made_up == 3) {
        fx_refused(p->f, TB_OP_CHECKIN_MAKEUP, &in, TB_CODE_PLAY_LIMIT, "member");
    } else {
        int64_t cards = play_balance(p->f, p->profile, "card");
        fx_done(p->f, TB_OP_CHECKIN_MAKEUP, &in);
        assert_int_equal(play_balance(p->f, p->profile, "card"), cards - 1);
        p->m->made_up = p->m->month == month ? p->m->made_up + 1 : 1;
        p->m->month = month;
        assert_int_equal(fx_uint(p->f, 2, 0), fill(p->m, day, p->wraps, false));
    }
}

static void history(struct play *p, uint64_t seed, uint32_t other)
{
    uint64_t rng = seed;
    int64_t days = 150 + (int64_t)(play_rng(&rng) % 250);
    int64_t end = p->f->now_ms + days * FX_DAY;
    uint64_t lazy = 1 + play_rng(&rng) % 12; /* one day in so many is forgotten */
    uint32_t first = p->profile;
    int64_t joined_ms = p->f->now_ms + days / 3 * FX_DAY;
    while (p->f->now_ms < end) {
        p->f->now_ms += (int64_t)(play_rng(&rng) % (20 * TB_HOUR_MS / 1000)) * 1000 + 999;
        if (other != 0 && p->f->now_ms > joined_ms) {
            if (fx_person_no(p->f, first) != fx_person_no(p->f, other))
                play_merge(p->f, first, other);
            p->profile = play_rng(&rng) % 2 ? first : other;
        }
        int32_t today = tb_zone_day_of(p->z, p->f->now_ms);
        if ((uint64_t)today % (lazy + 1) != 0 || play_rng(&rng) % 3 == 0)
            check_in(p);
        if (play_rng(&rng) % 5 == 0)
            make_up(p, today - (int32_t)(play_rng(&rng) % 34));
        assert_int_equal(play_balance(p->f, p->profile, "points"), p->m->points);
    }
}

static void histories(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Shanghai",    "America/New_York",   "Australia/Lord_Howe",
                                        "Pacific/Apia",     "Europe/Lisbon",      "America/St_Johns"};
    const char *only = getenv("TB_SEED");
    uint64_t from = only ? strtoull(only, NULL, 10) : 0;
    uint64_t plays = 0;
    for (uint64_t i = from; i < (only ? from + 1 : HISTORIES); i++) {
        struct play p = {.f = play_new(i % 6 == 0), .zone = tb_str_of(zones[i % 6]), .wraps = i % 4 < 2};
        p.f->core.env.zone = any_zone;
        p.f->mirror.env.zone = any_zone;
        put_checkin(p.f, TB_GAME_MEMBER_ZONE | (p.wraps ? TB_GAME_WRAPS : 0));
        struct tb_fault fault;
        assert_int_equal(tb_zone_load(p.zone, &p.z, &fault), TB_ZONE_DONE);
        if (i % 6 == 3) /* over 30 December 2011, which Samoa skipped */
            p.f->now_ms = (int64_t)tb_days_from_date((struct tb_date){2011, 11, 1}) * FX_DAY;
        p.profile = play_member(p.f, "+8613912340001");
        uint32_t other = play_member(p.f, "+8613912340002");
        play_adjust(p.f, p.profile, "card", 200);
        p.m = calloc(1, sizeof *p.m);
        p.m->base = tb_zone_day_of(p.z, p.f->now_ms) - 100;
        printf("TB_SEED=%llu %s\n", (unsigned long long)i, zones[i % 6]);
        history(&p, i * 77 + 5, i % 2 ? other : 0);
        plays += p.m->given_n;
        free(p.m);
        fx_free(p.f);
    }
    printf("%llu milestones given\n", (unsigned long long)plays);
    assert_true(plays > 0);
}

/* ---- worked examples ---------------------------------------------------------------------------- */

static int64_t local_ms(int32_t year, int32_t month, int32_t day, int64_t of_day_ms)
{
    return (int64_t)tb_days_from_date((struct tb_date){year, month, day}) * FX_DAY + of_day_ms - 8 * TB_HOUR_MS;
}

static void midnight_and_leap_day(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    put_checkin(f, 0);
    f->now_ms = local_ms(2028, 2, 27, FX_DAY - 1); /* 23:59:59.999 */
    uint32_t m = play_member(f, "+8613912340001");
    struct tb_cmd_checkin in = {.who = play_who(m), .game = S("daily")};
    fx_done(f, TB_OP_CHECKIN, &in);
    f->now_ms += 1; /* 00:00 */
    fx_done(f, TB_OP_CHECKIN, &in);
    assert_int_equal(fx_uint(f, 2, 0), 2);
    f->now_ms = local_ms(2028, 2, 28, FX_DAY - 1);
    fx_refused(f, TB_OP_CHECKIN, &in, TB_CODE_ALREADY_DONE, "member");
    f->now_ms = local_ms(2028, 2, 29, 0);
    fx_done(f, TB_OP_CHECKIN, &in);
    assert_int_equal(fx_uint(f, 2, 0), 3);
    f->now_ms = local_ms(2028, 3, 1, 12 * TB_HOUR_MS);
    fx_done(f, TB_OP_CHECKIN, &in);
    assert_int_equal(fx_uint(f, 2, 0), 4); /* the month's change breaks nothing */
    in.zone = S("UTC");
    fx_refused(f, TB_OP_CHECKIN, &in, TB_CODE_INVALID, "zone"); /* the shop's days */
    fx_free(f);
}

static void made_up_in_the_middle(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    put_checkin(f, 0);
    uint32_t m = play_member(f, "+8613912340001");
    struct tb_cmd_checkin in = {.who = play_who(m), .game = S("daily")};
    int64_t points = 0;
    for (uint32_t i = 0; i < 8; i++, f->now_ms += FX_DAY)
        if (i != 4)
            fx_done(f, TB_OP_CHECKIN, &in); /* 1+2+3+5 +100, 1+2+3 +100 */
    points = play_balance(f, m, "points");
    assert_int_equal(points, 217);
    f->now_ms -= FX_DAY;
    in.day = tb_zone_day_of(tb_tenant_zone(&f->txn), f->now_ms) - 3;
    fx_refused(f, TB_OP_CHECKIN_MAKEUP, &in, TB_CODE_INSUFFICIENT, "member"); /* no card */
    play_adjust(f, m, "card", 1);
    fx_done(f, TB_OP_CHECKIN_MAKEUP, &in);
    assert_int_equal(fx_uint(f, 2, 0), 8);
    assert_int_equal(play_balance(f, m, "points"), points + 1000); /* seven days; three was given */
    f->now_ms += FX_DAY;
    fx_done(f, TB_OP_CHECKIN, &in);
    assert_int_equal(fx_uint(f, 2, 0), 9);
    assert_int_equal(fx_uint(f, 3, 0), 8); /* the ladder's last step stays */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(midnight_and_leap_day),
                                       cmocka_unit_test(made_up_in_the_middle), cmocka_unit_test(histories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
