// SPDX-License-Identifier: Apache-2.0
/* Books: trap 15 to the cent, entries that balance, and histories in which the two counts of every cohort and the
 * ledger's own books must agree. */
#include "core_fixture.h"

#include "core/books/books.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "events.gen.h"

#define UNITS 8
#define COHORTS 64
#define POINTS 7u
#define MARCH 20513 /* 2026-03-01 */

/* ---- entries made by hand ------------------------------------------------------------------------------ */

struct shop {
    struct tb_books books;
    struct tb_books_unit unit[UNITS];
    struct tb_cohort cohort[COHORTS];
    struct tb_arena scratch;
    uint8_t region[65536];
    uint8_t bytes[8192];
    struct tb_buf events;
    uint64_t lot;
    int64_t account[10000]; /* debits - credits by account number */
    uint32_t entries;
};

static struct shop *shop_new(void)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    tb_books_init(&s->books, s->unit, UNITS, s->cohort, COHORTS);
    tb_arena_init(&s->scratch, s->region, sizeof s->region);
    tb_buf_init(&s->events, s->bytes, sizeof s->bytes);
    return s;
}

static void add(struct shop *s, uint32_t type, const struct tb_buf *body)
{
    uint8_t event[4096];
    struct tb_buf b;
    tb_buf_init(&b, event, sizeof event);
    tb_wire_put_bytes(&b, type, tb_buf_as_str(body));
    tb_wire_put_bytes(&s->events, TB_ENTRY_EVENT_FIELD, tb_buf_as_str(&b));
}

static void end_entry(struct shop *s)
{
    tb_arena_reset(&s->scratch);
    assert_true(tb_books_take(&s->books, tb_buf_as_str(&s->events), &s->scratch));
    s->events.n = 0;
}

static void put_unit(struct shop *s, uint64_t id, uint64_t kind, int64_t face_ppm, int64_t expected_ppm)
{
    uint8_t room[512];
    struct tb_buf b;
    struct tb_ev_unit_put ev = {.id = id,
                                .code = S("points"),
                                .kind = kind,
                                .face_ppm = (uint64_t)face_ppm,
                                .expected_ppm = (uint64_t)expected_ppm};
    tb_buf_init(&b, room, sizeof room);
    tb_ev_unit_put_encode(&b, &ev);
    add(s, TB_EVENT_UNIT_PUT, &b);
    end_entry(s);
}

static void post(struct shop *s, uint64_t unit, int64_t amount, enum tb_cause cause, uint64_t order, int32_t day)
{
    uint8_t room[512];
    struct tb_buf b;
    struct tb_ev_lot_change lot = {.lot = ++s->lot, .amount = amount, .earned_day = day};
    struct tb_ev_posted ev = {
        .unit = unit, .profile = 1, .amount = amount, .cause = cause, .order = order, .lot = &lot, .lot_n = 1};
    tb_buf_init(&b, room, sizeof room);
    tb_ev_posted_encode(&b, &ev);
    add(s, TB_EVENT_POSTED, &b);
}

static void place(struct shop *s, uint64_t order, int64_t net)
{
    uint8_t room[512];
    struct tb_buf b;
    struct tb_ev_order_placed ev = {.order = order, .key = S("o"), .net = net};
    tb_buf_init(&b, room, sizeof room);
    tb_ev_order_placed_encode(&b, &ev);
    add(s, TB_EVENT_ORDER_PLACED, &b);
    end_entry(s);
}

static void move(struct shop *s, int64_t amount, enum tb_cause cause, int32_t day)
{
    post(s, POINTS, amount, cause, 0, day);
    end_entry(s);
}

static void on_entry(void *user, const struct tb_books_entry *e)
{
    struct shop *s = user;
    assert_true(e->amount > 0 && e->debit != e->credit);
    s->account[e->debit] += e->amount;
    s->account[e->credit] -= e->amount;
    s->entries++;
}

/* What the account took since the last end of a period. */
static void end_period(struct shop *s)
{
    memset(s->account, 0, sizeof s->account);
    s->entries = 0;
    tb_books_end_period(&s->books, on_entry, s);
    int64_t sum = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(s->account); i++)
        sum += s->account[i];
    assert_int_equal(sum, 0);
    assert_int_equal(tb_books_breaks(&s->books), 0);
}

static int64_t released(const struct shop *s)
{
    return -s->account[TB_BOOKS_REDEEMED] - s->account[TB_BOOKS_BREAKAGE];
}

static struct shop *example_52(void)
{
    struct shop *s = shop_new();
    put_unit(s, POINTS, TB_UNIT_POINTS, 1000000, 950000);
    post(s, POINTS, 10000, TB_CAUSE_EARN, 1, MARCH);
    place(s, 1, 100000);
    return s;
}

static void trap_15(void **state)
{
    (void)state;
    struct shop *s = example_52();
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_SALES], 8676);
    assert_int_equal(s->account[TB_BOOKS_LIABILITY], -8676);
    move(s, -4500, TB_CAUSE_SPEND, MARCH);
    end_period(s);
    assert_int_equal(released(s), 4110);
    assert_int_equal(s->account[TB_BOOKS_LIABILITY], 4110);
    move(s, -4000, TB_CAUSE_SPEND, MARCH);
    put_unit(s, POINTS, TB_UNIT_POINTS, 1000000, 970000);
    end_period(s);
    assert_int_equal(released(s), 3493);
    assert_int_equal(s->cohort[0].booked.liability, 8676 - 4110 - 3493);
    /* nothing new: nothing to book */
    end_period(s);
    assert_int_equal(s->entries, 0);
    free(s);
}

static void variants_of_kpmg(void **state)
{
    (void)state;
    struct tb_cohort c = {.issued = 10000, .redeemed = 4500, .left = 5500};
    assert_int_equal(tb_books_release(9000, 970000, &c), 4175);
    c.redeemed = 8500;
    c.left = 1500;
    assert_int_equal(tb_books_release(9000, 990000, &c) - 4175, 3552);
    assert_int_equal(tb_books_release(9000, 920000, &c) - 4175, 4140);
    /* 8,676 of 100,000 by relative prices; the goods keep 91,324 */
    assert_int_equal(tb_books_allocate(100000, (__int128)9500 * 1000000, 0), 8676);
}

/* What expires releases only what the estimate has not: 8,500 redeemed, 1,500 expire. */
static void an_expiry_releases_the_rest(void **state)
{
    (void)state;
    struct shop *s = example_52();
    move(s, -8500, TB_CAUSE_SPEND, MARCH);
    end_period(s);
    int64_t before = released(s);
    assert_int_equal(before, 7763); /* 8,676 x 8,500 / 9,500 */
    move(s, -500, TB_CAUSE_EXPIRE, MARCH);
    end_period(s);
    assert_int_equal(released(s), 0); /* 1,000 are still to come: as many as were expected */
    move(s, -400, TB_CAUSE_EXPIRE, MARCH);
    end_period(s);
    assert_int_equal(released(s), 8676 * 8500 / 9100 - before + 1); /* 8,104 of 600 that may come */
    move(s, -600, TB_CAUSE_EXPIRE, MARCH);
    end_period(s);
    assert_int_equal(s->cohort[0].booked.liability, 0);
    assert_int_equal(s->cohort[0].booked.redeemed + s->cohort[0].booked.breakage, 8676);
    free(s);
}

static void what_comes_back_takes_its_deferral_along(void **state)
{
    (void)state;
    struct shop *s = example_52();
    end_period(s);
    move(s, -2500, TB_CAUSE_CLAWBACK, MARCH);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_LIABILITY], 2169);
    assert_int_equal(s->account[TB_BOOKS_SALES], -2169);
    move(s, -7500, TB_CAUSE_CLAWBACK, MARCH);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_SALES], -(8676 - 2169));
    assert_int_equal(s->cohort[0].booked.liability, 0);
    /* a refund of points reverses what their redemption had released */
    post(s, POINTS, 1000, TB_CAUSE_EARN, 2, MARCH);
    place(s, 2, 10000);
    move(s, -600, TB_CAUSE_SPEND, MARCH);
    end_period(s);
    int64_t first = released(s);
    move(s, 600, TB_CAUSE_REFUND, MARCH);
    end_period(s);
    assert_true(first > 0);
    assert_int_equal(released(s), -first);
    free(s);
}

/* A new estimate concerns what is issued from then on; the deferral of what was stands. */
static void a_new_estimate_restates_nothing(void **state)
{
    (void)state;
    struct shop *s = example_52();
    end_period(s);
    put_unit(s, POINTS, TB_UNIT_POINTS, 1000000, 500000);
    end_period(s);
    assert_int_equal(s->entries, 0); /* nothing is redeemed, so nothing is caught up */
    post(s, POINTS, 10000, TB_CAUSE_EARN, 2, MARCH);
    place(s, 2, 100000);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_SALES], 4762); /* 100,000 x 5,000 / 105,000 */
    free(s);
}

static void gifts_and_cards(void **state)
{
    (void)state;
    struct shop *s = shop_new();
    put_unit(s, POINTS, TB_UNIT_POINTS, 1000000, 500000);
    put_unit(s, 9, TB_UNIT_GIFT_CARD, 0, 0);
    put_unit(s, 11, TB_UNIT_COUPON, INT64_C(1000000000), 250000);
    move(s, 1000, TB_CAUSE_ADJUST, MARCH); /* given: a cost of promotion */
    post(s, 9, 5000, TB_CAUSE_EARN, 0, MARCH);
    end_entry(s);
    post(s, 11, 1, TB_CAUSE_EARN, 0, MARCH); /* claimed: no material right */
    end_entry(s);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_PROMOTION], 500);
    assert_int_equal(s->account[TB_BOOKS_CLEARING], 5000);
    assert_int_equal(s->account[TB_BOOKS_LIABILITY], -5500);
    /* a sale that earns points and a coupon shares its price with both */
    post(s, POINTS, 1000, TB_CAUSE_EARN, 3, MARCH);
    post(s, 11, 1, TB_CAUSE_EARN, 3, MARCH);
    place(s, 3, 10000);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_SALES], 465 + 233); /* 10,000 x 500 and x 250 of 10,750 */
    post(s, 9, -2000, TB_CAUSE_SPEND, 0, MARCH);
    end_entry(s);
    end_period(s);
    assert_int_equal(s->account[TB_BOOKS_CLEARING], -2000);
    free(s);
}

/* ---- histories --------------------------------------------------------------------------------------------- */

#define PEOPLE 6
#define STEPS 1500

struct history {
    struct fx *f;
    struct shop *s;
    uint64_t seed;
    uint32_t unit;
    uint32_t orders;
    char key[STEPS][12];
    bool live[STEPS];
    uint64_t hold[STEPS];
    uint32_t holds;
    uint64_t spent[STEPS];
    uint32_t spends;
    int64_t accounts[10000];
};

static uint32_t dice(struct history *h, uint32_t n)
{
    h->seed = h->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(h->seed >> 33) % n;
}

static bool done(struct history *h, enum tb_op op, const void *input)
{
    if (fx_run(h->f, op, input) != TB_DONE)
        return false;
    tb_arena_reset(&h->s->scratch);
    assert_true(tb_books_take(&h->s->books, tb_buf_as_str(&h->f->txn.events), &h->s->scratch));
    return true;
}

static struct tb_who someone(struct history *h, char name[16])
{
    snprintf(name, 16, "m%u", dice(h, PEOPLE));
    return (struct tb_who){.identifier = fx_id(h->f, "unionid", name, true)};
}

static void act_order(struct history *h)
{
    char name[16];
    struct tb_who who = someone(h, name);
    /* now and then two identifiers in one order: their persons become one */
    const char *phone = dice(h, 2) ? "13900000001" : "13900000002";
    struct tb_identifier id[2] = {who.identifier, fx_id(h->f, "phone", phone, true)};
    int64_t net = 1 + dice(h, 5000);
    struct tb_order_line_input line = {.sku = S("x"), .quantity = 3000, .net = net};
    char *key = h->key[h->orders];
    snprintf(key, sizeof h->key[0], "o%u", h->orders);
    struct tb_cmd_order in = {.key = tb_str_of(key),
                              .identifier = id,
                              .identifier_n = 1 + (dice(h, 10) == 0),
                              .occurred_ms = h->f->now_ms,
                              .line = &line,
                              .line_n = 1,
                              .input_hash = 1};
    h->live[h->orders] = done(h, TB_OP_ORDER, &in);
    h->orders += h->live[h->orders];
}

static void act_return(struct history *h)
{
    char key[16];
    if (h->orders == 0)
        return;
    uint32_t at = dice(h, h->orders);
    struct tb_return_line_input line = {.line = 0, .quantity = 1000, .net = TB_NET_SHARE};
    snprintf(key, sizeof key, "r%u", (uint32_t)h->seed);
    struct tb_cmd_return in = {.order = tb_str_of(h->key[at]),
                               .key = tb_str_of(key),
                               .line = &line,
                               .line_n = 1,
                               .occurred_ms = h->f->now_ms,
                               .input_hash = h->seed};
    (void)done(h, TB_OP_RETURN, &in);
}

static void act_by_hand(struct history *h)
{
    char name[16];
    struct tb_cmd_adjust in = {
        .member = someone(h, name), .unit = S("points"), .amount = (int64_t)dice(h, 4000) - 2500, .reason = S("why")};
    if (in.amount != 0 && done(h, TB_OP_ADJUST, &in) && fx_uint(h->f, 1, 0) != 0)
        h->spent[h->spends++] = fx_uint(h->f, 1, 0);
}

static void act_hold(struct history *h)
{
    char name[16];
    struct tb_cmd_hold in = {
        .member = someone(h, name), .unit = S("points"), .amount = 1 + dice(h, 1500), .lifetime_ms = 86400000};
    if (done(h, TB_OP_HOLD, &in))
        h->hold[h->holds++] = fx_uint(h->f, 1, 0);
}

static void act_spend(struct history *h)
{
    if (h->holds == 0)
        return;
    struct tb_cmd_hold_post in = {
        .hold = h->hold[dice(h, h->holds)], .amount = 1 + dice(h, 900), .final = dice(h, 2), .reason = S("shop")};
    if (done(h, TB_OP_HOLD_POST, &in))
        h->spent[h->spends++] = fx_uint(h->f, 1, 0);
}

static void act_transfer(struct history *h)
{
    char from[16];
    char to[16];
    struct tb_cmd_transfer in = {.from = someone(h, from), .to = someone(h, to), .unit = S("points"),
                                 .amount = 1 + dice(h, 800), .reason = S("gift")};
    if (done(h, TB_OP_TRANSFER, &in))
        h->spent[h->spends++] = fx_uint(h->f, 1, 0);
}

static void act_reverse(struct history *h)
{
    if (h->spends == 0)
        return;
    struct tb_cmd_reverse in = {.transfer = h->spent[dice(h, h->spends)], .reason = S("mistake")};
    in.amount = dice(h, 3) == 0 ? 1 + dice(h, 200) : 0;
    (void)done(h, TB_OP_REVERSE, &in);
}

static void pass_time(struct history *h)
{
    h->f->now_ms += (int64_t)(1 + dice(h, 4)) * FX_DAY / 2;
    for (uint64_t p = 1; p <= h->f->core.store.counter[TB_COUNTER_PERSON]; p++) {
        struct tb_block *b = tb_store_get(&h->f->core.store, TB_KIND_PERSON, p);
        struct tb_cmd_fire in = {.kind = TB_KIND_PERSON, .id = p};
        if (b != NULL && tb_core_due_ms(&h->f->core, b) <= h->f->now_ms)
            (void)done(h, TB_OP_FIRE, &in);
    }
}

static int32_t month_of(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    return tb_days_from_date((struct tb_date){d.year, d.month, 1});
}

/* What is left of every cohort, counted over the lots and what holds took from them. */
static int64_t left_of(struct history *h, int32_t month)
{
    int64_t sum = 0;
    struct tb_store *s = &h->f->core.store;
    for (uint64_t p = 1; p <= s->counter[TB_COUNTER_PERSON]; p++) {
        struct tb_block *b = tb_store_get(s, TB_KIND_PERSON, p);
        if (b == NULL)
            continue;
        const struct tb_lot *lot = tb_section(&h->f->txn, b, TB_PERSON_LOT);
        const struct tb_piece *piece = tb_section(&h->f->txn, b, TB_PERSON_PIECE);
        for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
            sum += lot[i].unit == h->unit && month_of(lot[i].earned_day) == month ? lot[i].left : 0;
        for (uint32_t i = 0; i < b->n[TB_PERSON_PIECE]; i++)
            sum += piece[i].unit == h->unit && month_of(piece[i].earned_day) == month ? piece[i].amount : 0;
    }
    return sum;
}

static void compare(struct history *h)
{
    const struct tb_books *b = &h->s->books;
    int64_t all = 0;
    assert_int_equal(tb_books_breaks(b), 0);
    for (uint32_t i = 0; i < b->cohort_n; i++) {
        const struct tb_cohort *c = &b->cohort[i];
        if (c->unit != h->unit)
            continue;
        all += tb_cohort_outstanding(c);
        if (c->month == TB_BOOKS_DEBT)
            assert_true(c->left <= 0);
        else
            assert_int_equal(c->left, left_of(h, c->month));
    }
    /* the members' side of the ledger is the tenant's with the other sign */
    struct tb_block *book = tb_store_get(&h->f->core.store, TB_KIND_UNIT_BOOK, h->unit);
    const struct tb_unit_book *u = book ? tb_block_head_const(book) : NULL;
    int64_t members = 0;
    for (uint32_t i = 0; u != NULL && i < TB_TENANT_ACCOUNTS; i++)
        members -= u->account[i].credits - u->account[i].debits;
    assert_int_equal(all, members);
}

static void add_up(void *user, const struct tb_books_entry *e)
{
    struct history *h = user;
    h->accounts[e->debit] += e->amount;
    h->accounts[e->credit] -= e->amount;
}

static void end_day(struct history *h)
{
    int64_t liability = 0;
    tb_books_end_period(&h->s->books, add_up, h);
    for (uint32_t i = 0; i < h->s->books.cohort_n; i++) {
        const struct tb_books_value *v = &h->s->books.cohort[i].booked;
        assert_true(v->liability >= 0 && v->redeemed >= 0 && v->breakage >= 0);
        liability += v->liability;
    }
    assert_int_equal(-h->accounts[TB_BOOKS_LIABILITY], liability);
}

static void put_points(struct history *h, int64_t expected_ppm)
{
    struct tb_cmd_unit_put unit = {.put.code = S("points"),
                                   .negative = TB_NEGATIVE_UNLIMITED,
                                   .face_ppm = 1500000,
                                   .expected_ppm = expected_ppm,
                                   .expiry = TB_EXPIRY_ROLLING_DAYS,
                                   .expiry_n = 40,
                                   .restore_grace_days = h->seed % 2 ? 5 : 0};
    assert_true(done(h, TB_OP_UNIT_PUT, &unit));
}

static void live(uint64_t seed)
{
    static void (*const act[])(struct history *) = {act_order,    act_order,   act_order,   act_return, act_by_hand,
                                                    act_hold,     act_spend,   act_spend,   act_transfer,
                                                    act_reverse,  pass_time,   pass_time};
    struct history *h = calloc(1, sizeof *h);
    assert_non_null(h);
    h->f = fx_bench();
    h->s = shop_new();
    h->seed = seed;
    put_points(h, 800000);
    struct tb_cmd_rule_put rule = {
        .put.code = S("one"), .kind = TB_RULE_EARN, .unit = S("points"), .amount = S("order.net * 10")};
    assert_true(done(h, TB_OP_RULE_PUT, &rule));
    h->unit = fx_code(h->f, TB_KIND_UNIT, "points");
    for (uint32_t i = 0; i < STEPS; i++) {
        act[dice(h, TB_COUNT_OF(act))](h);
        if (i % 97 == 0)
            put_points(h, 500000 + dice(h, 500001));
        if (i % 10 == 0)
            end_day(h);
        compare(h);
    }
    assert_true(h->orders > 100 && h->spends > 50 && h->s->books.cohort_n > 3);
    fx_free(h->f);
    free(h->s);
    free(h);
}

static void histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        live(seed);
    }
}

static void a_full_table_is_told(void **state)
{
    (void)state;
    struct shop *s = example_52();
    for (int32_t i = 0; i < COHORTS - 1; i++)
        move(s, 5, TB_CAUSE_ADJUST, MARCH + 31 * (i + 1));
    post(s, POINTS, 5, TB_CAUSE_ADJUST, 0, MARCH + 31 * 100);
    assert_false(tb_books_take(&s->books, tb_buf_as_str(&s->events), &s->scratch));
    assert_true(s->books.full);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trap_15),
                                       cmocka_unit_test(variants_of_kpmg),
                                       cmocka_unit_test(an_expiry_releases_the_rest),
                                       cmocka_unit_test(what_comes_back_takes_its_deferral_along),
                                       cmocka_unit_test(a_new_estimate_restates_nothing),
                                       cmocka_unit_test(gifts_and_cards),
                                       cmocka_unit_test(histories),
                                       cmocka_unit_test(a_full_table_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
