// SPDX-License-Identifier: Apache-2.0
/* Hold-outs with both arms on record, settlement to the cent, and the cap of a campaign's cost.
 * Each test ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "checkout_kit.h"

#include "core/promotion/book.h"

#define MEMBERS 40

static uint32_t campaign_of(struct checkout_kit *k, const char *code)
{
    return fx_code(k->f, TB_KIND_CAMPAIGN, code);
}

static struct tb_campaign_book book_of(struct checkout_kit *k, uint32_t campaign)
{
    struct tb_block *b = tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN_BOOK, campaign);
    return b ? *(struct tb_campaign_book *)tb_block_head(b) : (struct tb_campaign_book){0};
}

static const char *name_of(uint32_t i)
{
    static char name[MEMBERS][8];
    snprintf(name[i], sizeof name[i], "m%u", i);
    return name[i];
}

static void basket(struct checkout_kit *k, const char *who, int64_t list)
{
    kit_clear(k);
    kit_as(k, who);
    kit_line(k, 1, list);
}

static void half_held_out(struct checkout_kit *k)
{
    struct tb_cmd_campaign_put put = kit_campaign("half", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.holdout_ppm = 500000;
    (void)kit_live(k, &put);
}

/* ---- the cap of the cost ------------------------------------------------------------------------ */

static void a_cost_cap_is_met_as_a_budget(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("capped", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.cost_cap = 1500;
    (void)kit_live(k, &put);
    basket(k, "anna", 10000);
    assert_int_equal(kit_quote(k), 9000);
    (void)kit_confirm(k, "A");
    basket(k, "bob", 10000);
    uint64_t open = kit_checkout(k); /* what is left is reserved by the open basket */
    basket(k, "carl", 10000);
    assert_int_equal(kit_quote(k), 10000);
    (void)kit_confirm_basket(k, open, "B");
    const struct tb_order_effect *e = kit_section(k, 2, TB_ORDER_EFFECT);
    assert_int_equal(e->saving, 500); /* partly, as a budget at its edge */
    basket(k, "carl", 10000);
    assert_int_equal(kit_quote(k), 10000);
    kit_cancel(k, "A"); /* what comes back may be given again */
    assert_int_equal(kit_quote(k), 9000);

    put = kit_campaign("strict", TB_PRICE_PERCENT);
    put.ppm = 50000;
    put.cost_cap = 300;
    put.budget_rule = TB_PRICE_BUDGET_STRICT;
    put.group = S("one");
    put.group_rule = TB_PRICE_BEST_OF;
    (void)kit_live(k, &put);
    basket(k, "dora", 20000); /* 1000 and 500 alone; strict: not at all */
    assert_int_equal(kit_quote(k), 19000);
    kit_free(k);
}

/* ---- hold-out ------------------------------------------------------------------------------------- */

static void both_arms_are_on_record(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    half_held_out(k);
    uint32_t c = campaign_of(k, "half");
    char key[8];
    int64_t shown = 0, net = 0, held_net = 0;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        basket(k, name_of(i), 10000 + i);
        int64_t payable = kit_quote(k);
        bool sees = payable < 10000 + i;
        shown += sees;
        net += sees ? payable : 0;
        held_net += sees ? 0 : payable;
        snprintf(key, sizeof key, "o%u", i);
        (void)kit_confirm(k, key);
    }
    assert_in_range(shown, 10, 30); /* 20 +- 3 standard deviations */
    struct tb_campaign_book b = book_of(k, c);
    struct tb_book_arm *s = &b.arm[0], *h = &b.arm[1];
    assert_int_equal(s->persons, shown);
    assert_int_equal(h->persons, MEMBERS - shown);
    assert_int_equal(s->buyers, shown);
    assert_int_equal(h->buyers, MEMBERS - shown);
    assert_int_equal(s->net, net);
    assert_int_equal(h->net, held_net);
    assert_int_equal(h->cost, 0);
    int64_t list = 0;
    for (uint32_t i = 0; i < MEMBERS; i++)
        list += 10000 + i;
    assert_int_equal(s->cost, list - net - held_net);

    /* a second order of each, without a campaign's basket: counted in the arm she is in */
    struct tb_identifier id = fx_id(k->f, "unionid", name_of(0), true);
    struct tb_order_line_input line = {.sku = S("plain"), .quantity = 1000, .net = 777};
    struct tb_cmd_order plain = {.key = S("plain"), .identifier = &id, .identifier_n = 1, .occurred_ms = k->f->now_ms,
                                 .line = &line, .line_n = 1, .input_hash = 1};
    fx_done(k->f, TB_OP_ORDER, &plain);
    b = book_of(k, c);
    assert_int_equal(b.arm[0].net + b.arm[1].net, net + held_net + 777);
    assert_int_equal(b.arm[0].persons + b.arm[1].persons, MEMBERS);
    assert_int_equal(b.arm[0].buyers + b.arm[1].buyers, MEMBERS);
    assert_int_equal(b.arm[0].orders + b.arm[1].orders, MEMBERS + 1);

    for (uint32_t i = 0; i < MEMBERS; i++) {
        snprintf(key, sizeof key, "o%u", i);
        kit_cancel(k, key);
    }
    kit_cancel(k, "plain");
    b = book_of(k, c);
    for (uint32_t i = 0; i < TB_ARMS; i++) {
        assert_int_equal(b.arm[i].buyers, 0);
        assert_int_equal(b.arm[i].orders, 0);
        assert_int_equal(b.arm[i].net, 0);
        assert_int_equal(b.arm[i].cost, 0);
    }
    assert_int_equal(b.arm[0].persons, shown); /* they were exposed for all that */
    kit_free(k);
}

static void showing_is_recorded_once_a_member(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    half_held_out(k);
    uint32_t c = campaign_of(k, "half");
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 10; i++) {
            basket(k, name_of(i), 10000);
            (void)kit_quote(k); /* a read leaves nothing */
            fx_done(k->f, TB_OP_SHOW, &k->in.quote);
            assert_int_not_equal(fx_uint(k->f, 1, 0), 0);
        }
    struct tb_campaign_book b = book_of(k, c);
    assert_int_equal(b.arm[0].persons + b.arm[1].persons, 10);
    assert_int_equal(b.arm[0].buyers + b.arm[1].buyers, 0);
    struct tb_cmd_campaign_figures in = {.campaign = S("half")};
    fx_done(k->f, TB_OP_CAMPAIGN_FIGURES, &in);
    assert_int_equal(fx_uint(k->f, 2, 0), 500000);
    assert_int_equal(fx_uint(k->f, 3, 0) + fx_uint(k->f, 4, 0), 20); /* exposures: every time */
    assert_true(fx_bytes(k->f, 1, 0).n > 0);
    in.campaign = S("none");
    fx_refused(k->f, TB_OP_CAMPAIGN_FIGURES, &in, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");

    basket(k, NULL, 10000); /* nobody: shown, but in no arm */
    fx_done(k->f, TB_OP_SHOW, &k->in.quote);
    b = book_of(k, c);
    assert_int_equal(b.arm[0].persons + b.arm[1].persons, 10);
    kit_free(k);
}

static void an_exact_confirmation_records_both_arms(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    half_held_out(k);
    uint32_t c = campaign_of(k, "half");
    uint32_t offer = ((struct tb_campaign *)tb_block_head(tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN, c)))->live;
    char key[8];
    for (uint32_t i = 0; i < 10; i++) {
        basket(k, name_of(i), 10000);
        bool sees = kit_quote(k) < 10000;
        k->in.exact = true;
        k->in.offer_n = sees;
        k->offer[0] = offer;
        snprintf(key, sizeof key, "e%u", i);
        (void)kit_confirm(k, key);
    }
    struct tb_campaign_book b = book_of(k, c);
    assert_int_equal(b.arm[0].persons + b.arm[1].persons, 10);
    assert_int_equal(b.arm[0].buyers + b.arm[1].buyers, 10);
    assert_true(b.arm[0].persons > 0 && b.arm[1].persons > 0);
    assert_int_equal(b.arm[0].cost, b.arm[0].persons * 1000);
    kit_free(k);
}

static int64_t on_record(struct checkout_kit *k, uint32_t campaign, const char *who, const char *key)
{
    basket(k, who, 10000);
    k->in.exact = true;
    k->in.offer_n = 0;
    (void)kit_confirm(k, key);
    struct tb_campaign_book b = book_of(k, campaign);
    return b.arm[0].persons + b.arm[1].persons;
}

static void move_half(struct checkout_kit *k, enum tb_campaign_state to)
{
    static const uint32_t findings[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_campaign_move move = {
        .campaign = S("half"), .state = to, .acknowledged = findings, .acknowledged_n = TB_COUNT_OF(findings)};
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
}

/* Whether anybody holds out is remembered: it is seen at once when a campaign goes live, pauses and comes back. */
static void holding_out_begins_and_ends_at_once(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("other", TB_PRICE_PERCENT);
    put.ppm = 50000;
    (void)kit_live(k, &put);
    assert_int_equal(on_record(k, 0, "anna", "a"), 0);
    half_held_out(k);
    uint32_t c = campaign_of(k, "half");
    assert_int_equal(on_record(k, c, "anna", "b"), 1);
    assert_int_equal(on_record(k, c, "bob", "c"), 2);
    move_half(k, TB_CAMPAIGN_PAUSED);
    assert_int_equal(on_record(k, c, "carl", "d"), 2);
    move_half(k, TB_CAMPAIGN_LIVE);
    assert_int_equal(on_record(k, c, "carl", "e"), 3);
    kit_free(k);
}

static void a_merge_keeps_both_records(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    half_held_out(k);
    uint32_t c = campaign_of(k, "half");
    basket(k, "one", 10000);
    (void)kit_confirm(k, "one");
    struct tb_identifier phone = fx_id(k->f, "phone", "13900000001", true);
    kit_clear(k);
    k->in.quote.order.identifier = &phone;
    kit_line(k, 1, 20000);
    (void)kit_confirm(k, "two");
    struct tb_campaign_book before = book_of(k, c);
    struct tb_identifier both[2] = {fx_id(k->f, "unionid", "one", true), phone};
    (void)fx_contact(k->f, both, 2, k->f->now_ms); /* they are one person */
    struct tb_campaign_book after = book_of(k, c);
    assert_memory_equal(&before, &after, sizeof before);
    kit_cancel(k, "one");
    kit_cancel(k, "two");
    after = book_of(k, c);
    assert_int_equal(after.arm[0].net, 0);
    assert_int_equal(after.arm[1].net, 0);
    assert_int_equal(after.arm[0].buyers + after.arm[1].buyers, 0);
    kit_free(k);
}

/* ---- settlement ----------------------------------------------------------------------------------- */

/* What the book says that a payer owes for a month; 0: no such row. */
static int64_t owed(struct checkout_kit *k, uint32_t campaign, const char *payer, int32_t month, int64_t *orders)
{
    struct tb_block *b = tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN_BOOK, campaign);
    const struct tb_shape *shape = &tb_shapes[TB_KIND_CAMPAIGN_BOOK];
    const struct tb_book_share *s = b ? tb_block_section(shape, b, TB_BOOK_SHARE) : NULL;
    const char *bytes = b ? tb_block_section(shape, b, TB_BOOK_BYTES) : NULL;
    for (uint32_t i = 0; b != NULL && i < b->n[TB_BOOK_SHARE]; i++)
        if (s[i].month == month && s[i].payer.n == strlen(payer) &&
            memcmp(bytes + s[i].payer.at, payer, s[i].payer.n) == 0) {
            *orders = s[i].orders;
            return s[i].amount;
        }
    *orders = 0;
    return 0;
}

/* The largest remainder, worked out anew: floors, then a cent to the largest rest, the earlier first. */
static void shares_of(int64_t saving, const int64_t *ppm, int64_t *part)
{
    int64_t rest[3], left = saving;
    for (uint32_t i = 0; i < 3; i++) {
        part[i] = saving * ppm[i] / 1000000;
        rest[i] = saving * ppm[i] % 1000000;
        left -= part[i];
    }
    for (; left > 0; left--) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < 3; i++)
            if (rest[i] > rest[best])
                best = i;
        part[best]++;
        rest[best] = -1;
    }
}

static const struct tb_funder_input three[] = {
    {{"brand", 5}, 333333}, {{"store", 5}, 333333}, {{"head office", 11}, 333334}};
static const int64_t ppm_of_three[3] = {333333, 333333, 333334};
static const char *const payers[3] = {"brand", "store", "head office"};

static void a_funders_total_is_the_sum_over_orders(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    struct tb_cmd_campaign_put put = kit_campaign("funded", TB_PRICE_PERCENT);
    put.ppm = 77700; /* odd cents */
    put.funder = three;
    put.funder_n = 3;
    (void)kit_live(k, &put);
    uint32_t c = campaign_of(k, "funded");
    int32_t month = tb_period_start(TB_PERIOD_MONTH, (int32_t)((k->f->now_ms + 8 * 3600000) / FX_DAY));
    int64_t expected[3] = {0}, total = 0, orders;
    char key[16], back[16];
    for (uint32_t i = 0; i < 30; i++) {
        basket(k, name_of(i), 1000 + 37 * i);
        kit_line(k, 3, 2000 + 11 * i);
        snprintf(key, sizeof key, "f%u", i);
        uint64_t order = kit_confirm(k, key);
        if (i % 3 == 0) {
            snprintf(back, sizeof back, "r%u", i);
            (void)kit_return(k, key, back, 1, 1 + i % 2);
        }
        const struct tb_order_effect *e = kit_section(k, order, TB_ORDER_EFFECT);
        int64_t part[3], kept = e->saving - e->saving_back;
        shares_of(kept, ppm_of_three, part);
        total += kept;
        for (uint32_t p = 0; p < 3; p++)
            expected[p] += part[p];
    }
    int64_t sum = 0;
    for (uint32_t p = 0; p < 3; p++) {
        assert_int_equal(owed(k, c, payers[p], month, &orders), expected[p]);
        assert_int_equal(orders, 30);
        sum += expected[p];
    }
    assert_int_equal(sum, total); /* to the cent */

    k->f->now_ms += 40 * FX_DAY; /* next month: a sale of its own, and returns of the sales before */
    basket(k, "anna", 10000);
    (void)kit_confirm(k, "later");
    int32_t next = tb_period_start(TB_PERIOD_MONTH, (int32_t)((k->f->now_ms + 8 * 3600000) / FX_DAY));
    assert_int_not_equal(next, month);
    for (uint32_t i = 0; i < 30; i++) {
        snprintf(key, sizeof key, "f%u", i);
        kit_cancel(k, key);
    }
    for (uint32_t p = 0; p < 3; p++) {
        assert_int_equal(owed(k, c, payers[p], month, &orders), 0); /* in the period of the sale */
        assert_int_equal(orders, 0);
        assert_int_equal(owed(k, c, payers[p], next, &orders), 259);
        assert_int_equal(orders, 1);
    }
    kit_free(k);
}

static void other_funders_of_a_new_version(void **state)
{
    (void)state;
    struct checkout_kit *k = kit_new();
    static const struct tb_funder_input one = {{"brand", 5}, 1000000};
    static const struct tb_funder_input two[] = {{{"store", 5}, 600000}, {{"brand", 5}, 400000}};
    struct tb_cmd_campaign_put put = kit_campaign("funded", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.funder = &one;
    put.funder_n = 1;
    (void)kit_live(k, &put);
    basket(k, "anna", 10000);
    (void)kit_confirm(k, "A");
    put.funder = two;
    put.funder_n = 2;
    fx_done(k->f, TB_OP_CAMPAIGN_PUT, &put);
    static const uint32_t findings[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_campaign_move move = {
        .campaign = put.put.code, .state = TB_CAMPAIGN_LIVE, .acknowledged = findings, .acknowledged_n = 11};
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
    basket(k, "bob", 10000);
    (void)kit_confirm(k, "B");
    uint32_t c = campaign_of(k, "funded");
    int32_t month = tb_period_start(TB_PERIOD_MONTH, (int32_t)((k->f->now_ms + 8 * 3600000) / FX_DAY));
    int64_t orders;
    assert_int_equal(owed(k, c, "brand", month, &orders), 1400);
    assert_int_equal(owed(k, c, "store", month, &orders), 600);
    kit_cancel(k, "A"); /* by the shares that were in force at the sale */
    assert_int_equal(owed(k, c, "brand", month, &orders), 400);
    assert_int_equal(owed(k, c, "store", month, &orders), 600);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cost_cap_is_met_as_a_budget),
        cmocka_unit_test(both_arms_are_on_record),
        cmocka_unit_test(showing_is_recorded_once_a_member),
        cmocka_unit_test(an_exact_confirmation_records_both_arms),
        cmocka_unit_test(holding_out_begins_and_ends_at_once),
        cmocka_unit_test(a_merge_keeps_both_records),
        cmocka_unit_test(a_funders_total_is_the_sum_over_orders),
        cmocka_unit_test(other_funders_of_a_new_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
