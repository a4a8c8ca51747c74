// SPDX-License-Identifier: Apache-2.0
/* Campaigns: versions and states, what is open to whom, counters and budgets. fx_free proves that
 * replay = live, loading = live and that the audit finds nothing.                        */
#include "promotion_kit.h"

static void test_versions_and_states(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = kit_campaign("spring");
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    uint32_t id = (uint32_t)fx_uint(f, 1, 0);
    uint32_t first = (uint32_t)fx_uint(f, 6, 0);
    assert_int_equal(fx_uint(f, 5, 0), 1);
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in); /* the same again: nothing */
    assert_int_equal(fx_uint(f, 4, 0), 0);
    assert_int_equal(fx_uint(f, 6, 0), first);
    in.ppm = 200000;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    assert_int_equal(fx_uint(f, 5, 0), 2);
    assert_null(tb_store_get(&f->core.store, TB_KIND_OFFER, first)); /* it never was live */
    struct tb_cmd_campaign_move move = {.campaign = S("spring"), .state = TB_CAMPAIGN_LIVE};
    fx_refused(f, TB_OP_CAMPAIGN_MOVE, &move, TB_CODE_CAMPAIGN_STATE, "state");
    move.offer_version = 1;
    fx_refused(f, TB_OP_CAMPAIGN_MOVE, &move, TB_CODE_VERSION_CONFLICT, "offer_version");
    kit_move(f, "spring", TB_CAMPAIGN_REVIEW);
    in.ppm = 150000; /* who changes what was reviewed begins again */
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    assert_int_equal(kit_head(f, id)->state, TB_CAMPAIGN_DRAFT);
    kit_move(f, "spring", TB_CAMPAIGN_REVIEW);
    kit_move(f, "spring", TB_CAMPAIGN_LIVE);
    uint32_t third = kit_head(f, id)->live;
    f->now_ms += FX_DAY;
    in.ppm = 120000;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    assert_int_equal(kit_head(f, id)->live, third); /* until it is moved */
    struct kit_ask k;
    struct tb_offer offer;
    kit_ask(f, &k, 0);
    assert_int_equal(kit_why(f, &k, id, &offer), TB_PROMOTION_OPEN);
    assert_int_equal(offer.ppm, 150000);
    kit_move(f, "spring", TB_CAMPAIGN_LIVE);
    assert_int_equal(kit_why(f, &k, id, &offer), TB_PROMOTION_OPEN);
    assert_int_equal(offer.ppm, 120000);
    k.ask.at_ms -= 3600000; /* a late receipt: what was in force then (trap 16) */
    assert_int_equal(kit_why(f, &k, id, &offer), TB_PROMOTION_OPEN);
    assert_int_equal(offer.ppm, 150000);
    k.ask.at_ms += 3600000;
    k.ask.only = &third; /* a quote keeps its version (trap 17) */
    k.ask.only_n = 1;
    kit_move(f, "spring", TB_CAMPAIGN_PAUSED);
    assert_int_equal(kit_why(f, &k, id, &offer), TB_PROMOTION_OPEN);
    assert_int_equal(offer.ppm, 150000);
    k.ask.only_n = 0;
    assert_int_equal(kit_open(f, &k), 0);
    kit_move(f, "spring", TB_CAMPAIGN_ENDED);
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_CAMPAIGN_STATE, "");
    fx_free(f);
}

static void test_fields_are_checked(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = kit_campaign("bad");
    in.ppm = 0;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_INVALID, "ppm");
    in.ppm = 2000000;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_INVALID, "ppm");
    in = kit_campaign("bad");
    in.audience = S("member.enroled");
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_EXPRESSION, "audience");
    in.audience = S("order.net > 5.0"); /* the audience is about the member alone */
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_EXPRESSION, "audience");
    in = kit_campaign("bad");
    struct tb_scope_input scope = {.by = TB_SCOPE_PRODUCT, .text = S("nothing")};
    in.scope = &scope;
    in.scope_n = 1;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_UNKNOWN_PRODUCT, "scope/0");
    in = kit_campaign("bad");
    struct tb_place_input place = {.by = TB_PLACE_STORE, .code = S("moon")};
    in.place = &place;
    in.place_n = 1;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_UNKNOWN_STORE, "places/0");
    in = kit_campaign("bad");
    in.coupon = S("eleven");
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_UNKNOWN_UNIT, "coupon");
    struct tb_funder_input half = {.payer = S("Cow"), .ppm = 500000};
    in = kit_campaign("bad");
    in.funder = &half;
    in.funder_n = 1;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_INVALID, "funding");
    in = kit_campaign("bad");
    in.until_ms = 5;
    in.from_ms = 6;
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_INVALID, "until");
    struct tb_cmd_unit_put unit = {.put.code = S("fund"), .kind = TB_UNIT_BUDGET};
    fx_refused(f, TB_OP_UNIT_PUT, &unit, TB_CODE_INVALID, "kind");
    fx_free(f);
}

static uint32_t with(struct fx *f, const char *code, struct tb_cmd_campaign_put in)
{
    in.put.code = tb_str_of(code);
    return kit_live(f, &in);
}

static void test_where_and_when(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t member = kit_member(f, "13900000001");
    struct tb_cmd_campaign_put in = kit_campaign("x");
    in.from_ms = f->now_ms + 1000;
    uint32_t early = with(f, "early", in);
    in = kit_campaign("x");
    struct tb_place_input gz = {.by = TB_PLACE_STORE, .code = S("gz")};
    in.place = &gz;
    in.place_n = 1;
    uint32_t local = with(f, "local", in);
    in = kit_campaign("x");
    /* FX_NOW is 08:00 on a Friday in Shanghai; a black-out from noon on */
    struct tb_offer_time times[] = {{.weekdays = 1u << 4, .from_s = 8 * 3600, .until_s = 18 * 3600},
                                    {.black_out = 1,
                                     .from_ms = f->now_ms + 4 * 3600000,
                                     .until_ms = f->now_ms + FX_DAY}};
    in.time = times;
    in.time_n = 2;
    uint32_t friday = with(f, "friday", in);
    in = kit_campaign("x");
    in.members_only = true;
    uint32_t members = with(f, "members", in);
    in = kit_campaign("x");
    in.first_order = true;
    uint32_t first = with(f, "first", in);
    in = kit_campaign("x");
    in.condition = S("order.net >= 300.0 && orders() == 0");
    uint32_t large = with(f, "large", in);
    in = kit_campaign("x");
    in.audience = S("in_tier(\"gold\") || member.enrolled");
    fx_refused(f, TB_OP_CAMPAIGN_PUT, &in, TB_CODE_EXPRESSION, "audience"); /* no such tier */
    in.audience = S("member.enrolled");
    uint32_t audience = with(f, "audience", in);
    struct kit_ask k;
    kit_ask(f, &k, member);
    assert_int_equal(kit_why(f, &k, early, NULL), TB_PROMOTION_NOT_YET);
    assert_int_equal(kit_why(f, &k, local, NULL), TB_PROMOTION_STORE);
    assert_int_equal(kit_why(f, &k, friday, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(kit_why(f, &k, members, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(kit_why(f, &k, first, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(kit_why(f, &k, large, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(kit_why(f, &k, audience, NULL), TB_PROMOTION_OPEN);
    k.ask.store = fx_code(f, TB_KIND_STORE, "gz");
    assert_int_equal(kit_why(f, &k, local, NULL), TB_PROMOTION_OPEN);
    k.line[2].net = 9999;
    assert_int_equal(kit_why(f, &k, large, NULL), TB_PROMOTION_CONDITION);
    struct tb_identifier id = fx_id(f, "phone", "13900000001", true);
    struct tb_order_line_input line = {.sku = S("milk"), .quantity = 1000, .net = 100};
    struct tb_cmd_order order = {.key = S("o1"), .identifier = &id, .identifier_n = 1,
                                 .occurred_ms = f->now_ms, .line = &line, .line_n = 1, .input_hash = 1};
    fx_done(f, TB_OP_ORDER, &order);
    assert_int_equal(kit_why(f, &k, first, NULL), TB_PROMOTION_FIRST_ORDER);
    f->now_ms += 4 * 3600000;
    k.ask.at_ms = f->now_ms;
    assert_int_equal(kit_why(f, &k, friday, NULL), TB_PROMOTION_BLACK_OUT);
    f->now_ms += 7 * 3600000;
    k.ask.at_ms = f->now_ms;
    assert_int_equal(kit_why(f, &k, friday, NULL), TB_PROMOTION_TIME_OF_WEEK);
    assert_int_equal(kit_why(f, &k, early, NULL), TB_PROMOTION_OPEN);
    k.ask.profile = 0;
    assert_int_equal(kit_why(f, &k, members, NULL), TB_PROMOTION_MEMBERS_ONLY);
    assert_int_equal(kit_why(f, &k, audience, NULL), TB_PROMOTION_AUDIENCE);
    fx_free(f);
}

static void test_scopes(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = kit_campaign("food");
    struct tb_scope_input food[] = {{.by = TB_SCOPE_CATEGORY, .text = S("food")},
                                    {.by = TB_SCOPE_PRODUCT, .text = S("wine"), .excluded = true}};
    in.scope = food;
    in.scope_n = 2;
    uint32_t id = kit_live(f, &in);
    struct tb_cmd_campaign_put all = kit_campaign("all");
    uint32_t all_id = kit_live(f, &all);
    struct tb_cmd_campaign_put cow = kit_campaign("cow");
    struct tb_scope_input cows = {.by = TB_SCOPE_BRAND, .text = S("Cow")};
    cow.scope = &cows;
    cow.scope_n = 1;
    cow.group = S("brands");
    cow.group_rule = TB_PRICE_BEST_OF;
    uint32_t cow_id = kit_live(f, &cow);
    struct tb_cmd_campaign_put table = kit_campaign("table");
    struct tb_offer_price_input price = {.sku = S("soap"), .price = 8000};
    table.mechanic = TB_PRICE_TABLE;
    table.ppm = 0;
    table.price = &price;
    table.price_n = 1;
    uint32_t table_id = kit_live(f, &table);
    struct kit_ask k;
    kit_ask(f, &k, 0);
    struct tb_offer o;
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.scope[0], 1);
    assert_int_equal(kit_why(f, &k, all_id, &o), TB_PROMOTION_OPEN);
    assert_null(o.scope); /* every line */
    assert_int_equal(o.group, 0);
    assert_int_equal(kit_why(f, &k, cow_id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.scope[0], 5);
    assert_int_not_equal(o.group, 0);
    assert_int_equal(kit_why(f, &k, table_id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.line_price[1], 8000);
    assert_int_equal(o.line_price[0], -1);
    k.order.line_n = 2;
    k.product[0] = 0; /* not in the catalog: rows that name goods do not mean it */
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_SCOPE);
    fx_free(f);
}

static void join(struct fx *f, uint64_t a, uint64_t b)
{
    struct tb_cmd_link link = {.a = a, .b = b, .kind = TB_LINK_ALWAYS, .reason = S("the same")};
    fx_done(f, TB_OP_LINK, &link);
}

/* Trap 18: limits across merge and unmerge. */
static void test_limits_follow_the_person(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_identifier a = fx_id(f, "erp_id", "A", true);
    struct tb_identifier b = fx_id(f, "card", "B", true);
    uint32_t pa = fx_contact(f, &a, 1, f->now_ms);
    uint32_t pb = fx_contact(f, &b, 1, f->now_ms);
    struct tb_cmd_campaign_put in = kit_campaign("twice");
    struct tb_offer_limit limits[] = {
        {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 2},
        {.scope = TB_LIMIT_DEVICE, .period = TB_PERIOD_DAY, .uses = 1},
        {.scope = TB_LIMIT_STORE, .period = TB_PERIOD_ISO_WEEK, .amount = 2500},
    };
    in.limit = limits;
    in.limit_n = 3;
    uint32_t id = kit_live(f, &in);
    struct kit_ask k;
    kit_ask(f, &k, pa);
    struct tb_promotion_use ua = kit_use(f, id, pa);
    struct tb_promotion_use ub = kit_use(f, id, pb);
    assert_int_equal(kit_count(f, &ua), TB_CODE_OK);
    assert_int_equal(kit_count(f, &ub), TB_CODE_OK);
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_OPEN);
    join(f, pa, pb);
    assert_int_equal(fx_person_no(f, pa), fx_person_no(f, pb));
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_LIMIT_MEMBER);
    assert_int_equal(kit_count(f, &ua), TB_CODE_CAP_EXCEEDED);
    uint64_t leaving[] = {pb};
    struct tb_cmd_unmerge unmerge = {.who = {.profile = pa}, .profile = leaving, .profile_n = 1, .reason = S("no")};
    fx_done(f, TB_OP_UNMERGE, &unmerge);
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_OPEN);
    assert_int_equal(kit_count(f, &ua), TB_CODE_OK);
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_LIMIT_MEMBER);
    kit_uncount(f, &ua); /* a return frees the slot (trap 20) */
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_OPEN);
    struct tb_promotion_use device = kit_use(f, id, 0);
    device.device = 77;
    device.store = fx_code(f, TB_KIND_STORE, "gz");
    assert_int_equal(kit_count(f, &device), TB_CODE_OK);
    k.ask.device = 77;
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_LIMIT_DEVICE);
    k.ask.device = 78;
    k.ask.store = (uint32_t)device.store;
    struct tb_offer o;
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.budget, 1500); /* of 25.00 in that store and week 10.00 are gone */
    assert_int_equal(o.budget_rule, TB_PRICE_BUDGET_PARTIAL);
    device.device = 78;
    device.amount = 1501;
    assert_int_equal(kit_count(f, &device), TB_CODE_CAP_EXCEEDED);
    fx_free(f);
}

static struct tb_budget_step {
    uint32_t unit;
    enum tb_tenant_account from, to;
    int64_t amount;
} moved;

static enum tb_code move(struct tb_txn *t, void *user)
{
    const struct tb_budget_step *s = user;
    return tb_budget_move(t, s->unit, s->from, s->to, s->amount, 0);
}

static enum tb_code budget(struct fx *f, uint32_t unit, enum tb_tenant_account from, enum tb_tenant_account to,
                           int64_t amount)
{
    moved = (struct tb_budget_step){unit, from, to, amount};
    return fx_step(f, move, &moved);
}

/* Trap 7, and a week's limit that a late return gives back to the week of the sale. */
static void test_budget_edge(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = kit_campaign("fund");
    struct tb_offer_limit weekly = {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_ISO_WEEK, .amount = 9000};
    in.limit = &weekly;
    in.limit_n = 1;
    in.budget_amount = 10000;
    in.budget_rule = TB_PRICE_BUDGET_PARTIAL;
    uint32_t id = kit_live(f, &in);
    uint32_t unit = kit_head(f, id)->budget;
    assert_int_not_equal(unit, 0);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_FUND), 10000);
    assert_int_equal(budget(f, unit, TB_ACCOUNT_FUND, TB_ACCOUNT_SPENT, 9650), TB_CODE_OK);
    struct kit_ask k;
    struct tb_offer o;
    kit_ask(f, &k, 0);
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.budget, 350);
    assert_int_equal(budget(f, unit, TB_ACCOUNT_FUND, TB_ACCOUNT_HELD, 350), TB_CODE_OK);
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_BUDGET);
    assert_int_equal(budget(f, unit, TB_ACCOUNT_FUND, TB_ACCOUNT_HELD, 1), TB_CODE_INSUFFICIENT);
    assert_int_equal(budget(f, unit, TB_ACCOUNT_HELD, TB_ACCOUNT_SPENT, 351), TB_CODE_INSUFFICIENT);
    assert_int_equal(budget(f, unit, TB_ACCOUNT_HELD, TB_ACCOUNT_FUND, 350), TB_CODE_OK);
    in.budget_amount = 9000; /* less than is spent */
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    static const uint32_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_campaign_move again = {.campaign = S("fund"), .state = TB_CAMPAIGN_LIVE,
                                         .acknowledged = all, .acknowledged_n = TB_COUNT_OF(all)};
    fx_refused(f, TB_OP_CAMPAIGN_MOVE, &again, TB_CODE_INSUFFICIENT, "budget");
    in.budget_amount = 12000;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &in);
    fx_done(f, TB_OP_CAMPAIGN_MOVE, &again);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_FUND), 2350);
    struct tb_promotion_use use = kit_use(f, id, 0);
    use.amount = 8900;
    assert_int_equal(kit_count(f, &use), TB_CODE_OK);
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.budget, 100);
    f->now_ms += 7 * FX_DAY;
    struct kit_ask next;
    kit_ask(f, &next, 0);
    struct tb_promotion_use later = kit_use(f, id, 0);
    assert_int_equal(kit_count(f, &later), TB_CODE_OK); /* 10.00 of the new week */
    kit_uncount(f, &use);                               /* the old sale is cancelled */
    assert_int_equal(kit_why(f, &next, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.budget, 2350); /* the new week has 80.00 left, the fund 23.50 */
    assert_int_equal(kit_why(f, &k, id, &o), TB_PROMOTION_OPEN);
    assert_int_equal(o.budget, 2350);
    fx_free(f);
}

static void test_hold_out(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    struct tb_cmd_campaign_put in = kit_campaign("control");
    in.holdout_ppm = 250000;
    uint32_t id = kit_live(f, &in);
    enum { MEMBERS = 400 };
    uint32_t profile[MEMBERS];
    bool out[MEMBERS];
    uint32_t outs = 0;
    struct kit_ask k;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "M%u", i);
        struct tb_identifier who = fx_id(f, "erp_id", name, true);
        profile[i] = fx_contact(f, &who, 1, f->now_ms);
        kit_ask(f, &k, profile[i]);
        out[i] = kit_why(f, &k, id, NULL) == TB_PROMOTION_HELD_OUT;
        outs += out[i];
    }
    assert_in_range(outs, 60, 140);
    in.ppm = 110000; /* a new version keeps everybody's arm */
    (void)kit_live(f, &in);
    f->now_ms += 30 * FX_DAY;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        kit_ask(f, &k, profile[i]);
        assert_int_equal(kit_why(f, &k, id, NULL) == TB_PROMOTION_HELD_OUT, out[i]);
    }
    kit_ask(f, &k, 0);
    assert_int_equal(kit_why(f, &k, id, NULL), TB_PROMOTION_OPEN); /* nobody has no arm */
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_and_states), cmocka_unit_test(test_fields_are_checked),
        cmocka_unit_test(test_where_and_when),      cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_limits_follow_the_person), cmocka_unit_test(test_budget_edge),
        cmocka_unit_test(test_hold_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
