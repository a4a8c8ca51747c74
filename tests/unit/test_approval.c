// SPDX-License-Identifier: Apache-2.0
/* Four eyes: who may approve, every answer in its order, time, and random histories against a plain model. Each test
 * ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "core/approval/approval.h"
#include "core/play/play.h"
#include "play_kit.h"

#define LIMIT 1000

/* A key that `maker` makes; its number. */
static uint32_t key(struct fx *f, const char *code, uint32_t maker)
{
    static const char hash[32] = "0123456789abcdef0123456789abcde";
    struct tb_cmd_key_put in = {
        .put.code = tb_str_of(code), .hash = {hash, sizeof hash}, .roles = TB_KEY_SERVICE, .name = S("Somebody")};
    f->actor = maker;
    fx_done(f, TB_OP_KEY_PUT, &in);
    f->actor = 0;
    return (uint32_t)fx_uint(f, 1, 0);
}

struct shop {
    struct fx *f;
    uint32_t owner, anna, bob; /* users */
    uint32_t tool;             /* a key that Anna made */
    uint32_t member;
};

static struct shop shop_new(void)
{
    struct shop s = {.f = play_new(true)};
    struct tb_cmd_unit_put unit = {.put.code = S("points"), .negative = TB_NEGATIVE_UNLIMITED, .by_hand_max = LIMIT};
    fx_done(s.f, TB_OP_UNIT_PUT, &unit);
    s.owner = key(s.f, "shop:owner", 0);
    s.anna = key(s.f, "shop:anna", s.owner);
    s.bob = key(s.f, "shop:bob", s.owner);
    s.tool = key(s.f, "k4711", s.anna);
    s.member = play_member(s.f, "13600000001");
    return s;
}

static struct tb_cmd_adjust adjust(const struct shop *s, int64_t amount)
{
    return (struct tb_cmd_adjust){
        .member = play_who(s->member), .unit = S("points"), .amount = amount, .reason = S("lost parcel")};
}

/* The request that the adjustment becomes. */
static uint64_t asked(const struct shop *s, uint32_t by, int64_t amount)
{
    struct tb_cmd_adjust in = adjust(s, amount);
    s->f->actor = by;
    fx_done(s->f, TB_OP_ADJUST, &in);
    assert_int_equal(fx_uint(s->f, 1, 0), 0); /* no transfer */
    assert_int_equal(fx_uint(s->f, 8, 0), TB_REQUEST_WAITING);
    assert_true(fx_uint(s->f, 7, 0) != 0);
    return fx_uint(s->f, 7, 0);
}

static void decided(const struct shop *s, uint32_t by, uint64_t request, bool approve, enum tb_request_state state)
{
    struct tb_cmd_request_decide in = {.request = request, .approve = approve, .note = S("seen")};
    s->f->actor = by;
    fx_done(s->f, TB_OP_REQUEST_DECIDE, &in);
    assert_int_equal(fx_uint(s->f, 8, 0), state);
}

static void refused(const struct shop *s, uint32_t by, uint64_t request, enum tb_code code, const char *field)
{
    struct tb_cmd_request_decide in = {.request = request, .approve = true};
    s->f->actor = by;
    fx_refused(s->f, TB_OP_REQUEST_DECIDE, &in, code, field);
}

static struct tb_approval seen(const struct shop *s, uint64_t request)
{
    return *(const struct tb_approval *)tb_block_head(tb_store_get(&s->f->core.store, TB_KIND_REQUEST, request));
}

static uint64_t waiting(const struct shop *s)
{
    struct tb_cmd_request_list in = {.limit = 1};
    fx_done(s->f, TB_OP_REQUEST_LIST, &in);
    return fx_uint(s->f, 2, 0);
}

/* ---- one after the other --------------------------------------------------------------------------------- */

static void above_the_limit(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_adjust in = adjust(&s, LIMIT);
    s.f->actor = s.anna;
    fx_done(s.f, TB_OP_ADJUST, &in); /* the limit itself is hers */
    assert_true(fx_uint(s.f, 1, 0) != 0);
    in.amount = -LIMIT;
    fx_done(s.f, TB_OP_ADJUST, &in);
    uint64_t up = asked(&s, s.anna, LIMIT + 1);
    uint64_t down = asked(&s, s.bob, -LIMIT - 1);
    assert_int_equal(play_balance(s.f, s.member, "points"), 0);
    assert_int_equal(waiting(&s), 2);
    decided(&s, s.bob, up, true, TB_REQUEST_APPROVED);
    uint64_t made = fx_uint(s.f, 1, 0);
    assert_true(made != 0);
    assert_int_equal(play_balance(s.f, s.member, "points"), LIMIT + 1);
    struct tb_approval r = seen(&s, up);
    assert_int_equal(r.asked_by, s.anna);
    assert_int_equal(r.decided_by, s.bob);
    assert_int_equal(r.made, made);
    decided(&s, s.anna, down, true, TB_REQUEST_APPROVED);
    assert_int_equal(play_balance(s.f, s.member, "points"), 0);
    refused(&s, s.bob, down, TB_CODE_REQUEST_CLOSED, "request");
    assert_int_equal(waiting(&s), 0);
    /* the transfer is as any other, and undoing that much is asked for as well */
    struct tb_cmd_reverse back = {.transfer = made, .reason = S("wrong member")};
    struct tb_cmd_adjust plenty = adjust(&s, LIMIT);
    fx_done(s.f, TB_OP_ADJUST, &plenty);
    fx_done(s.f, TB_OP_ADJUST, &plenty);
    s.f->actor = s.bob;
    fx_done(s.f, TB_OP_REVERSE, &back);
    uint64_t undo = fx_uint(s.f, 7, 0);
    assert_int_equal(fx_uint(s.f, 1, 0), 0);
    assert_int_equal(play_balance(s.f, s.member, "points"), 2 * LIMIT);
    refused(&s, s.bob, undo, TB_CODE_OWN_REQUEST, "");
    decided(&s, s.owner, undo, true, TB_REQUEST_APPROVED);
    assert_int_equal(play_balance(s.f, s.member, "points"), LIMIT - 1);
    s.f->actor = s.bob;
    fx_refused(s.f, TB_OP_REVERSE, &back, TB_CODE_ALREADY_REVERSED, "transfer");
    fx_free(s.f);
}

/* Never the same person: herself, a key she made, a key of that key; and the other way round. */
static void the_same_person(void **state)
{
    (void)state;
    struct shop s = shop_new();
    uint32_t made_by_tool = key(s.f, "k4712", s.tool);
    uint32_t stray = key(s.f, "k4713", 0); /* nobody knows whose */
    uint64_t hers = asked(&s, s.anna, 2 * LIMIT);
    refused(&s, s.anna, hers, TB_CODE_OWN_REQUEST, "");
    refused(&s, s.tool, hers, TB_CODE_OWN_REQUEST, "");
    refused(&s, made_by_tool, hers, TB_CODE_OWN_REQUEST, "");
    uint64_t by_tool = asked(&s, made_by_tool, 2 * LIMIT);
    refused(&s, s.anna, by_tool, TB_CODE_OWN_REQUEST, "");
    refused(&s, s.tool, by_tool, TB_CODE_OWN_REQUEST, "");
    uint64_t by_stray = asked(&s, stray, 2 * LIMIT);
    refused(&s, stray, by_stray, TB_CODE_OWN_REQUEST, "");
    assert_int_equal(play_balance(s.f, s.member, "points"), 0);
    assert_int_equal(waiting(&s), 3);
    /* who made an account is not who uses it */
    decided(&s, s.owner, hers, true, TB_REQUEST_APPROVED);
    decided(&s, s.bob, by_tool, true, TB_REQUEST_APPROVED);
    decided(&s, s.anna, by_stray, true, TB_REQUEST_APPROVED);
    assert_int_equal(play_balance(s.f, s.member, "points"), 6 * LIMIT);
    fx_free(s.f);
}

static void a_key_out_of_force(void **state)
{
    (void)state;
    struct shop s = shop_new();
    uint64_t request = asked(&s, s.anna, 2 * LIMIT);
    struct tb_cmd_key_revoke gone = {.code = S("shop:bob")};
    s.f->actor = s.owner;
    fx_done(s.f, TB_OP_KEY_REVOKE, &gone);
    refused(&s, s.bob, request, TB_CODE_KEY_REVOKED, "");
    refused(&s, 999, request, TB_CODE_KEY_REVOKED, ""); /* no such key */
    gone.code = S("shop:anna");
    s.f->actor = s.owner;
    fx_done(s.f, TB_OP_KEY_REVOKE, &gone);
    refused(&s, s.anna, request, TB_CODE_KEY_REVOKED, ""); /* before: own request */
    decided(&s, s.owner, request, true, TB_REQUEST_APPROVED); /* what she asked for still stands */
    fx_free(s.f);
}

static void declined_and_withdrawn(void **state)
{
    (void)state;
    struct shop s = shop_new();
    uint64_t one = asked(&s, s.anna, 2 * LIMIT);
    uint64_t two = asked(&s, s.anna, 3 * LIMIT);
    decided(&s, s.bob, one, false, TB_REQUEST_DECLINED);
    decided(&s, s.tool, two, false, TB_REQUEST_WITHDRAWN);
    refused(&s, s.bob, one, TB_CODE_REQUEST_CLOSED, "request");
    refused(&s, s.bob, two, TB_CODE_REQUEST_CLOSED, "request");
    refused(&s, s.bob, 0, TB_CODE_UNKNOWN_REQUEST, "request");
    refused(&s, s.bob, 99, TB_CODE_UNKNOWN_REQUEST, "request");
    assert_int_equal(play_balance(s.f, s.member, "points"), 0);
    assert_int_equal(seen(&s, two).made, 0);
    fx_free(s.f);
}

static void its_time(void **state)
{
    (void)state;
    struct shop s = shop_new();
    uint64_t request = asked(&s, s.anna, 2 * LIMIT);
    struct tb_cmd_fire fire = {.kind = TB_KIND_REQUEST, .id = request};
    struct tb_block *b = tb_store_get(&s.f->core.store, TB_KIND_REQUEST, request);
    assert_int_equal(tb_core_due_ms(&s.f->core, b), s.f->now_ms + TB_REQUEST_LIFETIME_MS);
    s.f->now_ms += TB_REQUEST_LIFETIME_MS - 1;
    fx_done(s.f, TB_OP_FIRE, &fire);
    assert_int_equal(seen(&s, request).state, TB_REQUEST_WAITING);
    s.f->now_ms++; /* the instant counts, not the sweep */
    refused(&s, s.bob, request, TB_CODE_REQUEST_CLOSED, "request");
    fx_done(s.f, TB_OP_FIRE, &fire);
    assert_int_equal(seen(&s, request).state, TB_REQUEST_LAPSED);
    assert_int_equal(waiting(&s), 0);
    assert_true(tb_core_due_ms(&s.f->core, tb_store_get(&s.f->core.store, TB_KIND_REQUEST, request)) == INT64_MAX);
    fx_free(s.f);
}

/* What the adjustment refuses leaves the request as it was. */
static void judged_when_approved(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_unit_put unit = {
        .put.code = S("points"), .negative = TB_NEGATIVE_WITHIN_BALANCE, .by_hand_max = LIMIT};
    fx_done(s.f, TB_OP_UNIT_PUT, &unit);
    uint64_t request = asked(&s, s.anna, -2 * LIMIT);
    refused(&s, s.bob, request, TB_CODE_INSUFFICIENT, "amount");
    assert_int_equal(seen(&s, request).state, TB_REQUEST_WAITING);
    decided(&s, s.bob, asked(&s, s.anna, 2 * LIMIT), true, TB_REQUEST_APPROVED);
    decided(&s, s.bob, request, true, TB_REQUEST_APPROVED);
    assert_int_equal(play_balance(s.f, s.member, "points"), 0);
    struct tb_cmd_request_decide in = {.request = asked(&s, s.anna, 2 * LIMIT), .note = S("\xff")};
    s.f->actor = s.bob;
    fx_refused(s.f, TB_OP_REQUEST_DECIDE, &in, TB_CODE_INVALID, "note");
    struct tb_cmd_adjust none = adjust(&s, 2 * LIMIT);
    none.reason = TB_STR_NONE; /* refused as before, no request */
    fx_refused(s.f, TB_OP_ADJUST, &none, TB_CODE_REASON_REQUIRED, "reason");
    struct tb_cmd_request_list list = {.limit = 0};
    fx_refused(s.f, TB_OP_REQUEST_LIST, &list, TB_CODE_INVALID, "limit");
    list = (struct tb_cmd_request_list){.request = 99};
    fx_refused(s.f, TB_OP_REQUEST_LIST, &list, TB_CODE_UNKNOWN_REQUEST, "request");
    fx_free(s.f);
}

/* No limit for a unit without one; none on coupons. */
static void where_no_limit_is(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_adjust in = adjust(&s, 1000 * LIMIT);
    in.unit = S("stamp");
    s.f->actor = s.anna;
    fx_done(s.f, TB_OP_ADJUST, &in);
    assert_int_equal(fx_uint(s.f, 7, 0), 0);
    struct tb_cmd_unit_put unit = {.put.code = S("cup"), .kind = TB_UNIT_COUPON, .by_hand_max = 1};
    fx_refused(s.f, TB_OP_UNIT_PUT, &unit, TB_CODE_INVALID, "by_hand_max");
    unit = (struct tb_cmd_unit_put){.put.code = S("cash"), .kind = TB_UNIT_STORED_VALUE, .by_hand_max = -1};
    fx_refused(s.f, TB_OP_UNIT_PUT, &unit, TB_CODE_INVALID, "by_hand_max");
    unit = (struct tb_cmd_unit_put){.put.code = S("cup"), .kind = TB_UNIT_COUPON, .by_hand_day_max = 1};
    fx_refused(s.f, TB_OP_UNIT_PUT, &unit, TB_CODE_INVALID, "by_hand_day_max");
    fx_free(s.f);
}

/* ---- a day of one person ---------------------------------------------------------------------------------- */

#define DAY_LIMIT 2500

static void day_limit(const struct shop *s, int64_t act, int64_t day)
{
    struct tb_cmd_unit_put unit = {.put.code = S("points"),
                                   .negative = TB_NEGATIVE_UNLIMITED,
                                   .by_hand_max = act,
                                   .by_hand_day_max = day};
    s->f->actor = 0;
    fx_done(s->f, TB_OP_UNIT_PUT, &unit);
}

/* Moved at once; the transfer. */
static uint64_t alone(const struct shop *s, uint32_t by, int64_t amount)
{
    struct tb_cmd_adjust in = adjust(s, amount);
    s->f->actor = by;
    fx_done(s->f, TB_OP_ADJUST, &in);
    assert_int_equal(fx_uint(s->f, 7, 0), 0);
    return fx_uint(s->f, 1, 0);
}

/* How many units she has moved alone today, as she is told. */
static uint32_t moved_rows(const struct shop *s, uint32_t by)
{
    struct tb_cmd_request_list in = {.limit = 1, .mine = true};
    s->f->actor = by;
    fx_done(s->f, TB_OP_REQUEST_LIST, &in);
    uint32_t n = 0;
    while (fx_bytes(s->f, 4, n).n > 0)
        n++;
    return n;
}

static void many_small_ones(void **state)
{
    (void)state;
    struct shop s = shop_new();
    day_limit(&s, LIMIT, DAY_LIMIT);
    (void)alone(&s, s.anna, LIMIT);
    (void)alone(&s, s.tool, -LIMIT); /* her key's acts are hers, and taking counts as giving */
    uint64_t third = asked(&s, s.anna, LIMIT);
    assert_int_equal(seen(&s, third).over, TB_REQUEST_OVER_DAY);
    uint64_t large = asked(&s, s.anna, LIMIT + 1); /* both: the act's comes first */
    assert_int_equal(seen(&s, large).over, TB_REQUEST_OVER_ACT);
    uint64_t rest = alone(&s, s.anna, DAY_LIMIT - 2 * LIMIT); /* the limit itself is hers */
    (void)asked(&s, s.tool, 1);
    struct tb_cmd_reverse back = {.transfer = rest, .reason = S("wrong member")};
    s.f->actor = s.anna;
    fx_done(s.f, TB_OP_REVERSE, &back);
    assert_int_equal(seen(&s, fx_uint(s.f, 7, 0)).over, TB_REQUEST_OVER_DAY);
    /* what another approved counts for neither */
    decided(&s, s.bob, third, true, TB_REQUEST_APPROVED);
    (void)alone(&s, s.bob, LIMIT);
    (void)alone(&s, s.bob, LIMIT);
    s.f->actor = s.bob;
    fx_done(s.f, TB_OP_REVERSE, &back); /* 500 more: his day is full as well */
    assert_int_equal(fx_uint(s.f, 7, 0), 0);
    (void)asked(&s, s.bob, 1);
    assert_int_equal(play_balance(s.f, s.member, "points"), 3 * LIMIT);
    fx_free(s.f);
}

/* The tenant's day, not 24 hours; the acts of another unit are counted apart. */
static void the_day_ends(void **state)
{
    (void)state;
    struct shop s = shop_new();
    day_limit(&s, 0, LIMIT);
    struct tb_cmd_unit_put other = {.put.code = S("thanks"), .negative = TB_NEGATIVE_UNLIMITED, .by_hand_day_max = 5};
    fx_done(s.f, TB_OP_UNIT_PUT, &other);
    int64_t today = (s.f->now_ms + 8 * TB_HOUR_MS) / TB_DAY_MS; /* Asia/Shanghai */
    (void)alone(&s, s.anna, LIMIT);
    (void)asked(&s, s.anna, 1);
    struct tb_cmd_adjust thanks = adjust(&s, 5);
    thanks.unit = S("thanks");
    fx_done(s.f, TB_OP_ADJUST, &thanks);
    assert_int_equal(fx_uint(s.f, 7, 0), 0);
    (void)asked(&s, 999, 1); /* no such key: hands that nobody knows move nothing alone */
    assert_int_equal(moved_rows(&s, s.anna), 2);
    assert_int_equal(moved_rows(&s, s.bob), 0);
    s.f->now_ms = (today + 1) * TB_DAY_MS - 8 * TB_HOUR_MS - 1;
    (void)asked(&s, s.anna, 1);
    s.f->now_ms++;
    assert_int_equal(moved_rows(&s, s.anna), 0); /* of the day before */
    (void)alone(&s, s.anna, LIMIT - 1);
    assert_int_equal(moved_rows(&s, s.anna), 1);
    (void)alone(&s, s.anna, -1);
    (void)asked(&s, s.anna, -1);
    const struct tb_block *key = tb_store_get(&s.f->core.store, TB_KIND_KEY, s.anna);
    assert_int_equal(key->n[TB_KEY_HAND], 2); /* one row a unit, whatever the days */
    struct tb_cmd_key_put again = {.put.code = S("shop:anna"),
                                   .hash = {"0123456789abcdef0123456789abcdef", 32},
                                   .roles = TB_KEY_SERVICE,
                                   .renew = true,
                                   .name = S("Anna")};
    s.f->actor = s.anna;
    fx_done(s.f, TB_OP_KEY_PUT, &again); /* a new password is no new day */
    (void)asked(&s, s.anna, 1);
    day_limit(&s, 0, 0);
    (void)alone(&s, s.anna, 100 * LIMIT);
    day_limit(&s, 0, LIMIT - 1); /* lowered below what she has moved already */
    (void)asked(&s, s.anna, 1);
    fx_free(s.f);
}

/* ---- random histories -------------------------------------------------------------------------------------- */

#define RANDOM_DAY (2 * LIMIT)
#define STEPS 4000u
#define OPEN 64u

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % n;
}

/* The plain model: who asked for how much, and what the member has. */
static void against_a_model(void **state)
{
    (void)state;
    struct shop s = shop_new();
    const uint32_t keys[] = {s.owner, s.anna, s.bob, s.tool};
    const uint32_t person[] = {0, 1, 2, 1};
    int64_t moved[3] = {0};
    day_limit(&s, LIMIT, RANDOM_DAY);
    struct {
        uint64_t request;
        int64_t amount;
        int64_t until;
        uint32_t by;
    } open[OPEN];
    uint32_t full = 0;
    uint32_t n = 0;
    int64_t has = 0;
    uint64_t seed = 20261122;
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t who = random_below(&seed, 4);
        int64_t amount = (int64_t)random_below(&seed, 4 * LIMIT) - 2 * LIMIT;
        if (random_below(&seed, 40) == 0) {
            s.f->now_ms += TB_DAY_MS;
            memset(moved, 0, sizeof moved);
        }
        s.f->actor = keys[who];
        if (n < OPEN && random_below(&seed, 2) == 0 && amount != 0) {
            struct tb_cmd_adjust in = adjust(&s, amount);
            fx_done(s.f, TB_OP_ADJUST, &in);
            int64_t size = amount < 0 ? -amount : amount;
            bool hers = size <= LIMIT && moved[person[who]] + size <= RANDOM_DAY;
            full += size <= LIMIT && !hers;
            assert_int_equal(fx_uint(s.f, 7, 0) == 0, hers);
            has += hers ? amount : 0;
            moved[person[who]] += hers ? size : 0;
            if (!hers) {
                open[n].until = s.f->now_ms + TB_REQUEST_LIFETIME_MS;
                open[n].request = fx_uint(s.f, 7, 0);
                open[n].amount = amount;
                open[n++].by = who;
            }
        } else if (n > 0) {
            uint32_t at = random_below(&seed, n);
            struct tb_cmd_request_decide in = {.request = open[at].request, .approve = random_below(&seed, 3) > 0};
            if (s.f->now_ms >= open[at].until) { /* nobody fires it here */
                fx_refused(s.f, TB_OP_REQUEST_DECIDE, &in, TB_CODE_REQUEST_CLOSED, "request");
                struct tb_cmd_fire fire = {.kind = TB_KIND_REQUEST, .id = open[at].request};
                fx_done(s.f, TB_OP_FIRE, &fire);
                open[at] = open[--n];
                continue;
            }
            bool own = person[who] == person[open[at].by];
            if (own && in.approve) {
                fx_refused(s.f, TB_OP_REQUEST_DECIDE, &in, TB_CODE_OWN_REQUEST, "");
                continue;
            }
            fx_done(s.f, TB_OP_REQUEST_DECIDE, &in);
            has += in.approve ? open[at].amount : 0;
            open[at] = open[--n];
        }
        assert_int_equal(play_balance(s.f, s.member, "points"), has);
    }
    assert_int_equal(waiting(&s), n);
    assert_true(full > 100); /* the day's limit was met */
    fx_free(s.f);
}

/* How many of the newest ten the caller asked for. */
static uint32_t mine(const struct shop *s, uint32_t by)
{
    struct tb_cmd_request_list in = {.limit = 10, .mine = true};
    uint32_t n = 0;
    s->f->actor = by;
    fx_done(s->f, TB_OP_REQUEST_LIST, &in);
    while (fx_bytes(s->f, 1, n).n > 0)
        n++;
    return n;
}

static void what_she_asked_for(void **state)
{
    (void)state;
    struct shop s = shop_new();
    (void)asked(&s, s.anna, LIMIT + 1);
    (void)asked(&s, s.tool, LIMIT + 2); /* in her hands */
    uint64_t last = asked(&s, s.bob, LIMIT + 3);
    struct tb_cmd_erasure herself = {.who = play_who(s.member)};
    s.f->actor = 0;
    fx_done(s.f, TB_OP_ERASURE_ASK, &herself); /* nobody's hands */
    assert_int_equal(mine(&s, s.anna), 2);
    assert_int_equal(mine(&s, s.tool), 2);
    assert_int_equal(mine(&s, s.bob), 1);
    assert_int_equal(mine(&s, s.owner), 0);
    assert_int_equal(mine(&s, 0), 0);
    decided(&s, s.anna, last, false, TB_REQUEST_DECLINED);
    assert_int_equal(mine(&s, s.bob), 1); /* whatever became of it */
    fx_free(s.f);
}

/* ---- a member, to be erased --------------------------------------------------------------------------------- */

static uint64_t erasure(const struct shop *s, uint32_t member, bool back)
{
    struct tb_cmd_erasure in = {.who = play_who(member), .back = back};
    s->f->actor = 0;
    fx_done(s->f, TB_OP_ERASURE_ASK, &in);
    return fx_uint(s->f, 1, 0);
}

/* Of what MEMBER_GET tells: the number under field, 0 = nothing was asked. */
static uint64_t told(const struct shop *s, uint32_t member, uint32_t field)
{
    struct tb_cmd_member_get in = {.who = play_who(member), .detail = true};
    fx_done(s->f, TB_OP_MEMBER_GET, &in);
    struct tb_str asked = fx_bytes(s->f, 8, 0);
    struct tb_str text;
    uint64_t number;
    uint32_t at;
    bool bad = false;
    while (tb_wire_next(&asked, &at, &number, &text, &bad))
        if (at == field)
            return number;
    return 0;
}

static void to_be_erased(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_erasure back = {.who = play_who(s.member), .back = true};
    fx_refused(s.f, TB_OP_ERASURE_ASK, &back, TB_CODE_REQUEST_CLOSED, "");
    uint64_t request = erasure(&s, s.member, false);
    int64_t asked_ms = s.f->now_ms;
    s.f->now_ms += TB_DAY_MS;
    assert_int_equal(erasure(&s, s.member, false), request); /* it waits already: from the first time on */
    assert_int_equal(told(&s, s.member, 3), asked_ms);
    assert_int_equal(told(&s, s.member, 4), asked_ms + TB_REQUEST_LIFETIME_MS);
    assert_int_equal(waiting(&s), 1);
    /* taken back it is told no more; asked again it is the same one, from then on */
    assert_int_equal(erasure(&s, s.member, true), 0);
    assert_int_equal(told(&s, s.member, 1), 0);
    assert_int_equal(waiting(&s), 0);
    fx_refused(s.f, TB_OP_ERASURE_ASK, &back, TB_CODE_REQUEST_CLOSED, "");
    refused(&s, s.anna, request, TB_CODE_REQUEST_CLOSED, "request");
    assert_int_equal(erasure(&s, s.member, false), request);
    assert_int_equal(told(&s, s.member, 3), s.f->now_ms);
    /* DECIDE does not erase, and declines with a reason alone; the deadline ends nothing */
    refused(&s, s.anna, request, TB_CODE_INVALID, "decision");
    struct tb_cmd_request_decide no = {.request = request};
    fx_refused(s.f, TB_OP_REQUEST_DECIDE, &no, TB_CODE_REASON_REQUIRED, "note");
    s.f->now_ms += TB_REQUEST_LIFETIME_MS;
    assert_true(tb_core_due_ms(&s.f->core, tb_store_get(&s.f->core.store, TB_KIND_REQUEST, request)) == INT64_MAX);
    decided(&s, s.anna, request, false, TB_REQUEST_DECLINED);
    assert_int_equal(told(&s, s.member, 2), TB_REQUEST_DECLINED); /* with the reason */
    struct tb_str why = fx_bytes(s.f, 8, 0);
    assert_true(why.n > 4 && memcmp(why.p + why.n - 4, "seen", 4) == 0); /* its last field */
    fx_refused(s.f, TB_OP_ERASURE_ASK, &back, TB_CODE_REQUEST_CLOSED, "");
    /* a new one, which ERASE ends */
    uint64_t next = erasure(&s, s.member, false);
    assert_true(next > request);
    assert_int_equal(waiting(&s), 1);
    struct tb_cmd_erase erase = {.who = play_who(s.member), .reason = S("she asked")};
    s.f->actor = s.bob;
    fx_done(s.f, TB_OP_ERASE, &erase);
    assert_int_equal(waiting(&s), 0);
    struct tb_approval r = seen(&s, next);
    assert_int_equal(r.state, TB_REQUEST_APPROVED);
    assert_int_equal(r.decided_by, s.bob);
    back.back = false;
    fx_refused(s.f, TB_OP_ERASURE_ASK, &back, TB_CODE_ERASED, "");
    fx_free(s.f);
}

/* Erasures fill no place of what one person asks another for. */
static void erasures_apart(void **state)
{
    (void)state;
    struct shop s = shop_new();
    for (uint32_t i = 0; i < TB_REQUESTS_WAITING_MAX; i++)
        asked(&s, s.anna, LIMIT + 1);
    struct tb_cmd_adjust in = adjust(&s, LIMIT + 1);
    fx_refused(s.f, TB_OP_ADJUST, &in, TB_CODE_TOO_MANY, "");
    (void)erasure(&s, s.member, false);
    assert_int_equal(waiting(&s), TB_REQUESTS_WAITING_MAX + 1);
    fx_free(s.f);
}

/* A packet of the shop makes value as an adjustment does: nobody sends more alone than she may give. A member's own
 * packet makes none. */
static void packets_of_the_shop(void **state)
{
    (void)state;
    struct shop s = shop_new();
    struct tb_cmd_packet_send in = {.unit = S("points"), .total = LIMIT + 1, .shares = 1, .mode = TB_PACKET_EQUAL,
                                    .lifetime_ms = FX_DAY};
    s.f->actor = s.anna;
    fx_refused(s.f, TB_OP_PACKET_SEND, &in, TB_CODE_CAP_EXCEEDED, "total");
    in.total = LIMIT;
    fx_done(s.f, TB_OP_PACKET_SEND, &in);
    struct tb_cmd_unit_put unit = {.put.code = S("points"), .negative = TB_NEGATIVE_UNLIMITED, .by_hand_max = LIMIT,
                                   .by_hand_day_max = LIMIT + 500};
    fx_done(s.f, TB_OP_UNIT_PUT, &unit);
    fx_done(s.f, TB_OP_PACKET_SEND, &in);
    in.total = 501;
    fx_refused(s.f, TB_OP_PACKET_SEND, &in, TB_CODE_CAP_EXCEEDED, "total");
    (void)asked(&s, s.tool, 501); /* the same hands */
    in.total = 500;
    fx_done(s.f, TB_OP_PACKET_SEND, &in);
    for (uint32_t i = 0; i < 3; i++) {
        struct tb_cmd_adjust give = adjust(&s, LIMIT);
        s.f->actor = 0;
        unit.by_hand_day_max = 0;
        fx_done(s.f, TB_OP_UNIT_PUT, &unit);
        fx_done(s.f, TB_OP_ADJUST, &give);
    }
    in.who = play_who(s.member);
    in.total = 2 * LIMIT;
    s.f->actor = s.anna;
    fx_done(s.f, TB_OP_PACKET_SEND, &in);
    fx_free(s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above_the_limit),      cmocka_unit_test(the_same_person),
        cmocka_unit_test(a_key_out_of_force),   cmocka_unit_test(declined_and_withdrawn),
        cmocka_unit_test(its_time),             cmocka_unit_test(judged_when_approved),
        cmocka_unit_test(where_no_limit_is),    cmocka_unit_test(many_small_ones),
        cmocka_unit_test(the_day_ends),         cmocka_unit_test(against_a_model),
        cmocka_unit_test(what_she_asked_for),   cmocka_unit_test(to_be_erased),
        cmocka_unit_test(erasures_apart),       cmocka_unit_test(packets_of_the_shop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
