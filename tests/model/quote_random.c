// SPDX-License-Identifier: Apache-2.0
/* Quotes in random shops: what is remembered between quotes changes no byte of an answer.
 *
 * Campaigns of every mechanic, scope, group, limit, budget, coupon and condition; products that move between
 * categories and campaigns that change while quotes go on. Each quote is asked twice, the second time with
 * every cache emptied (core/cache.h), and the two answers are compared byte by byte. Whom a share or a refusal
 * for scope names is judged by a plain reading of the rows as they were put.
 * Prints a sum over all answers (but the steps spent), so that two builds can be compared.
 *
 * usage: quote_random [--shops N] [--seed S]                 Repeats one shop: --shops 1 --seed S       */
#include "checkout_kit.h"

#define GOODS 40u
#define RULES 24u
#define MEMBERS 6u
#define QUOTES 40u

static uint64_t seed;

static uint64_t dice(uint64_t n)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(seed) % n;
}

static bool one_in(uint64_t n)
{
    return dice(n) == 0;
}

static const char *const category[] = {"food",   "food/baby", "food/baby/formula", "food/tea",
                                       "foodie", "care",      "care/hair"};
static const char *const brand[] = {"", "red", "blue", "green"};

struct goods {
    char sku[8];
    const char *category;
    const char *brand;
    bool never;
};

struct rule {
    char code[8];
    struct tb_cmd_campaign_put put;
    struct tb_scope_input scope[6];
    struct tb_offer_step step[3];
    struct tb_offer_price_input price[5];
    struct tb_offer_limit limit[2];
    struct tb_place_input place;
    struct tb_offer_time time;
    uint32_t number; /* campaign */
};

struct shop {
    struct checkout_kit *k;
    struct goods goods[GOODS];
    struct rule rule[RULES];
    uint32_t rule_n;
    char who[MEMBERS][8];
    uint64_t orders;
    uint64_t sum;
    uint64_t quotes;
    uint64_t shares;
    uint64_t refusals;
    uint8_t *warm;
};

static void put_goods(struct shop *s, uint32_t i)
{
    struct goods *g = &s->goods[i];
    snprintf(g->sku, sizeof g->sku, "g%u", i);
    g->category = category[dice(TB_COUNT_OF(category))];
    g->brand = brand[dice(TB_COUNT_OF(brand))];
    g->never = one_in(12);
    struct tb_cmd_product_put put = {.put.code = tb_str_of(g->sku),
                                     .name = tb_str_of(g->sku),
                                     .category = tb_str_of(g->category),
                                     .brand = tb_str_of(g->brand),
                                     .price = 100 + (int64_t)dice(60) * 50,
                                     .cost = one_in(3) ? 90 : 0,
                                     .weighed = i % 9 == 8,
                                     .never_promoted = g->never};
    fx_done(s->k->f, TB_OP_PRODUCT_PUT, &put);
}

/* ---- campaigns ------------------------------------------------------------------------------------ */

static void random_scope(struct shop *s, struct rule *r, uint32_t slot)
{
    struct tb_scope_input *in = &r->scope[r->put.scope_n++];
    *in = (struct tb_scope_input){.slot = slot, .by = 1 + (uint32_t)dice(3), .excluded = one_in(5)};
    in->text = in->by == TB_SCOPE_PRODUCT    ? tb_str_of(s->goods[dice(GOODS)].sku)
               : in->by == TB_SCOPE_CATEGORY ? tb_str_of(category[dice(TB_COUNT_OF(category))])
                                             : tb_str_of(brand[1 + dice(TB_COUNT_OF(brand) - 1)]);
}

static void random_terms(struct shop *s, struct rule *r)
{
    struct tb_cmd_campaign_put *p = &r->put;
    bool group = p->mechanic == TB_PRICE_CHEAPEST || p->mechanic == TB_PRICE_N_FOR || p->mechanic == TB_PRICE_BUY_GET;
    p->amount = 100 + (int64_t)dice(30) * 50;
    p->ppm = (int64_t)(1 + dice(10)) * 50000;
    if (group) {
        p->need = 2 + (int64_t)dice(2);
        p->get = 1;
        p->max_applications = (int64_t)dice(3);
    }
    if (p->mechanic == TB_PRICE_LADDER) {
        p->step = r->step;
        p->step_n = 1 + (uint32_t)dice(3);
        for (uint32_t i = 0; i < p->step_n; i++)
            r->step[i] = (struct tb_offer_step){.at = 2000 * (int64_t)(i + 1 + dice(1)), .off = 200 * (int64_t)(i + 1)};
        p->flags |= one_in(3) ? TB_OFFER_EVERY : 0;
    }
    if (p->mechanic == TB_PRICE_TABLE) {
        p->price = r->price;
        p->price_n = 5;
        uint32_t first = (uint32_t)dice(GOODS - 5);
        for (uint32_t i = 0; i < 5; i++)
            r->price[i] = (struct tb_offer_price_input){tb_str_of(s->goods[first + i].sku), 80 + (int64_t)dice(900)};
    }
    if (p->mechanic == TB_PRICE_BUNDLE) {
        p->slots = 2;
        p->slot_count[0] = 1;
        p->slot_count[1] = 1 + (int64_t)dice(2);
        random_scope(s, r, TB_SCOPE_SLOT_BUNDLE);
        random_scope(s, r, TB_SCOPE_SLOT_BUNDLE + 1);
    }
    if (p->mechanic == TB_PRICE_BUY_GET && one_in(2))
        random_scope(s, r, TB_SCOPE_SLOT_Y);
    if (p->mechanic == TB_PRICE_GIFT) {
        p->get = 1;
        p->min_amount = 1000 + (int64_t)dice(5000);
        p->gift_unit = one_in(2) ? S("c0") : S("points");
    }
    if (p->mechanic == TB_PRICE_POINTS)
        p->ppm = 2000000;
}

/* Fields that a mechanic does not know are refused: then there is one campaign less. */
static void random_rule(struct shop *s, uint32_t i)
{
    struct rule *r = &s->rule[s->rule_n];
    *r = (struct rule){.number = 0};
    snprintf(r->code, sizeof r->code, "r%u", i);
    r->put = kit_campaign(r->code, (int64_t)dice(TB_PRICE_POINTS + 1));
    struct tb_cmd_campaign_put *p = &r->put;
    bool perk = p->mechanic == TB_PRICE_GIFT || p->mechanic == TB_PRICE_POINTS;
    p->scope = r->scope;
    p->sequence = (int64_t)dice(8);
    p->level = one_in(2) || perk ? TB_PRICE_ORDER : TB_PRICE_ITEM;
    random_terms(s, r);
    for (uint64_t n = dice(3); n > 0 && p->mechanic != TB_PRICE_BUNDLE; n--)
        random_scope(s, r, TB_SCOPE_SLOT_X);
    p->flags |= !perk && one_in(2) ? TB_OFFER_ONE_PER_PRODUCT : 0;
    p->min_amount = one_in(3) ? (int64_t)dice(4000) : p->min_amount;
    p->cap_order = !perk && one_in(4) ? 300 : 0;
    p->group = one_in(3) ? one_in(2) ? S("g1") : S("g2") : TB_STR_NONE;
    p->group_rule = p->group.n ? (int64_t)dice(3) : one_in(12) ? TB_PRICE_EXCLUSIVE : 0;
    p->coupon = one_in(4) ? one_in(2) ? S("c0") : S("c1") : TB_STR_NONE;
    p->coupons_max = p->coupon.n && one_in(3) ? 1 : 0;
    p->condition = one_in(6) ? S("order.net > 30.00") : TB_STR_NONE;
    p->audience = one_in(6) ? S("orders() < 2") : TB_STR_NONE;
    p->members_only = one_in(10);
    p->first_order = one_in(14);
    p->holdout_ppm = one_in(8) ? 300000 : 0;
    p->budget_amount = !perk && one_in(5) ? 5000 : 0;
    p->budget_rule = p->budget_amount ? TB_PRICE_BUDGET_PARTIAL : 0;
    r->limit[0] = (struct tb_offer_limit){.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_DAY, .uses = 2};
    r->limit[1] = (struct tb_offer_limit){.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .uses = 9};
    p->limit = r->limit;
    p->limit_n = (uint32_t)dice(3);
    r->place = (struct tb_place_input){.by = TB_PLACE_STORE, .code = S("gz")};
    p->place = &r->place;
    p->place_n = one_in(6);
    r->time = (struct tb_offer_time){.until_s = 86400, .weekdays = (uint32_t)dice(128)};
    p->time = &r->time;
    p->time_n = one_in(8);
}

static bool make_live(struct shop *s, struct rule *r)
{
    static const uint32_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_campaign_move move = {.campaign = tb_str_of(r->code), .acknowledged = all, .acknowledged_n = 11};
    struct fx *f = s->k->f;
    if (fx_run(f, TB_OP_CAMPAIGN_PUT, &r->put) != TB_DONE)
        return false;
    move.state = TB_CAMPAIGN_REVIEW;
    (void)fx_run(f, TB_OP_CAMPAIGN_MOVE, &move); /* one that is live stays so */
    move.state = TB_CAMPAIGN_LIVE;
    fx_done(f, TB_OP_CAMPAIGN_MOVE, &move);
    r->number = fx_code(f, TB_KIND_CAMPAIGN, r->code);
    return true;
}

static void open_shop(struct shop *s)
{
    s->k = kit_make(false);
    struct fx *f = s->k->f;
    static const char *const stores[] = {"gz", "bj"};
    for (uint32_t i = 0; i < 2; i++) {
        struct tb_cmd_store_put store = {.put.code = tb_str_of(stores[i]), .name = tb_str_of(stores[i])};
        struct tb_cmd_unit_put unit = {.put.code = i ? S("c1") : S("c0"),
                                       .kind = TB_UNIT_COUPON,
                                       .expiry = TB_EXPIRY_ROLLING_DAYS,
                                       .expiry_n = 20};
        fx_done(f, TB_OP_STORE_PUT, &store);
        fx_done(f, TB_OP_UNIT_PUT, &unit);
    }
    for (uint32_t i = 0; i < GOODS; i++)
        put_goods(s, i);
    s->rule_n = 0;
    uint64_t wanted = 2 + dice(RULES - 1);
    for (uint32_t i = 0; i < wanted; i++) {
        random_rule(s, i);
        if (make_live(s, &s->rule[s->rule_n]))
            s->rule_n++;
    }
    for (uint32_t i = 0; i < MEMBERS; i++) {
        snprintf(s->who[i], sizeof s->who[i], "m%u", i);
        struct tb_identifier id = fx_id(f, "unionid", s->who[i], true);
        (void)fx_contact(f, &id, 1, f->now_ms);
        for (uint64_t n = dice(4); n > 0; n--) {
            struct tb_cmd_coupon_issue in = {
                .member.identifier = id, .unit = one_in(2) ? S("c0") : S("c1"), .reason = S("test")};
            fx_done(f, TB_OP_COUPON_ISSUE, &in);
        }
    }
}

/* ---- a plain reading of scopes ----------------------------------------------------------------------- */

static bool named(const struct tb_scope_input *row, const struct goods *g)
{
    if (row->by == TB_SCOPE_PRODUCT)
        return tb_str_eq_c(row->text, g->sku);
    if (row->by == TB_SCOPE_BRAND)
        return tb_str_eq_c(row->text, g->brand);
    size_t n = row->text.n;
    return strncmp(g->category, row->text.p, n) == 0 && (g->category[n] == 0 || g->category[n] == '/');
}

/* g: NULL = unknown goods. */
static bool in_slot(const struct rule *r, uint32_t slot, const struct goods *g)
{
    bool any = false;
    bool in = false;
    for (uint32_t i = 0; i < r->put.scope_n; i++) {
        const struct tb_scope_input *row = &r->scope[i];
        bool hit = g != NULL && named(row, g);
        if (row->excluded && hit && (row->slot == slot || row->slot == TB_SCOPE_SLOT_X))
            return false;
        any = any || (!row->excluded && row->slot == slot);
        in = in || (!row->excluded && row->slot == slot && hit);
    }
    return (g == NULL || !g->never) && (in || !any);
}

static bool in_scope(const struct rule *r, const struct goods *g)
{
    if (r->put.mechanic == TB_PRICE_BUNDLE)
        return in_slot(r, TB_SCOPE_SLOT_BUNDLE, g) || in_slot(r, TB_SCOPE_SLOT_BUNDLE + 1, g);
    return in_slot(r, TB_SCOPE_SLOT_X, g) || (r->put.mechanic == TB_PRICE_BUY_GET && in_slot(r, TB_SCOPE_SLOT_Y, g));
}

static const struct rule *rule_of(const struct shop *s, uint64_t campaign)
{
    for (uint32_t i = 0; i < s->rule_n; i++)
        if (s->rule[i].number == campaign)
            return &s->rule[i];
    fail_msg("a campaign that is none");
    return NULL;
}

static const struct goods *goods_of(const struct shop *s, uint32_t line)
{
    for (uint32_t i = 0; i < GOODS; i++)
        if (tb_str_eq_c(s->k->line[line].sku, s->goods[i].sku))
            return &s->goods[i];
    return NULL;
}

static uint64_t number(struct tb_str row, uint32_t wanted)
{
    uint32_t field;
    uint64_t v;
    struct tb_str text;
    bool bad = false;
    while (tb_wire_next(&row, &field, &v, &text, &bad))
        if (field == wanted)
            return v;
    return 0;
}

static void judge_shares(struct shop *s)
{
    struct fx *f = s->k->f;
    for (uint32_t i = 0; i < s->k->in.quote.order.line_n; i++) {
        struct tb_str row = fx_bytes(f, 11, i);
        uint32_t field;
        uint64_t v;
        struct tb_str share;
        bool bad = false;
        while (tb_wire_next(&row, &field, &v, &share, &bad)) {
            if (field != 6)
                continue;
            struct tb_str offer = fx_bytes(f, 12, (uint32_t)number(share, 1));
            assert_true(in_scope(rule_of(s, number(offer, 2)), goods_of(s, i)));
            s->shares++;
        }
    }
}

static void judge_refusals(struct shop *s)
{
    struct fx *f = s->k->f;
    for (uint32_t i = 0; fx_bytes(f, 13, i).n != 0; i++) {
        struct tb_str row = fx_bytes(f, 13, i);
        for (uint32_t l = 0; number(row, 4) == TB_PROMOTION_SCOPE && l < s->k->in.quote.order.line_n; l++)
            assert_false(in_slot(rule_of(s, number(row, 1)), TB_SCOPE_SLOT_X, goods_of(s, l)));
        s->refusals += number(row, 4) == TB_PROMOTION_SCOPE;
    }
    for (uint32_t i = 0; fx_bytes(f, 12, i).n != 0; i++) {
        const struct rule *r = rule_of(s, number(fx_bytes(f, 12, i), 2));
        bool some = r->put.mechanic == TB_PRICE_BUNDLE;
        for (uint32_t l = 0; l < s->k->in.quote.order.line_n; l++)
            some = some || in_slot(r, TB_SCOPE_SLOT_X, goods_of(s, l));
        assert_true(some);
    }
}

/* ---- quotes ------------------------------------------------------------------------------------------- */

static void fill_basket(struct shop *s)
{
    struct checkout_kit *k = s->k;
    kit_clear(k);
    kit_as(k, one_in(8) ? NULL : s->who[dice(MEMBERS)]);
    k->in.quote.order.store = one_in(2) ? S("gz") : S("bj");
    k->in.quote.best_of_mine = !one_in(4);
    k->in.quote.shipping = one_in(2) ? 600 : 0;
    k->in.quote.policy = one_in(2) ? TB_RETURN_REEVALUATE : TB_RETURN_KEEP_SHARE;
    uint32_t n = 1 + (uint32_t)dice(9);
    for (uint32_t i = 0; i < n; i++) {
        bool unknown = one_in(12);
        kit_line(k, 1 + (int64_t)dice(4), unknown ? (int64_t)dice(3000) : TB_NET_LIST);
        if (!unknown)
            k->line[i].sku = tb_str_of(s->goods[dice(GOODS)].sku);
    }
}

static void add_up(struct shop *s)
{
    struct tb_str in = tb_buf_as_str(&s->k->f->a.body);
    const struct tb_hash_key key = {s->sum, 1};
    uint32_t field;
    uint64_t v;
    struct tb_str text;
    bool bad = false;
    while (tb_wire_next(&in, &field, &v, &text, &bad))
        if (field != 9)
            s->sum = tb_mix(s->sum + field) + (text.n ? tb_siphash(&key, text.p, text.n) : v);
}

/* Answers that a till would get; refusals are compared too. */
static void quote(struct shop *s)
{
    struct fx *f = s->k->f;
    fill_basket(s);
    enum tb_outcome outcome = fx_run(f, TB_OP_QUOTE, &s->k->in.quote);
    size_t n = f->a.body.n;
    enum tb_code code = f->a.code;
    memcpy(s->warm, f->a.body.p, n);
    memset(&f->core.cache, 0, sizeof f->core.cache);
    assert_int_equal(fx_run(f, TB_OP_QUOTE, &s->k->in.quote), outcome);
    assert_int_equal(f->a.code, code);
    assert_int_equal(f->a.body.n, n);
    assert_memory_equal(f->a.body.p, s->warm, n);
    s->quotes++;
    if (outcome != TB_DONE)
        return;
    assert_int_equal(fx_uint(f, 7, 0), 1);
    add_up(s);
    judge_shares(s);
    judge_refusals(s);
}

static void change(struct shop *s)
{
    struct rule *r = &s->rule[dice(s->rule_n)];
    struct tb_cmd_campaign_move pause = {.campaign = tb_str_of(r->code), .state = TB_CAMPAIGN_PAUSED};
    switch (dice(4)) {
    case 0:
        put_goods(s, (uint32_t)dice(GOODS));
        break;
    case 1:
        (void)fx_run(s->k->f, TB_OP_CAMPAIGN_MOVE, &pause);
        break;
    case 2: /* other lines, and in force at once */
        r->put.scope_n = 0;
        for (uint64_t n = dice(3); n > 0 && r->put.mechanic != TB_PRICE_BUNDLE; n--)
            random_scope(s, r, TB_SCOPE_SLOT_X);
        if (r->put.mechanic == TB_PRICE_BUNDLE) {
            random_scope(s, r, TB_SCOPE_SLOT_BUNDLE);
            random_scope(s, r, TB_SCOPE_SLOT_BUNDLE + 1);
        }
        (void)make_live(s, r);
        break;
    default:
        s->k->f->now_ms += (int64_t)dice(2 * TB_DAY_MS);
    }
}

static void buy(struct shop *s)
{
    char key[16];
    snprintf(key, sizeof key, "o%llu", (unsigned long long)s->orders++);
    s->k->in.quote.order.key = tb_str_of(key);
    (void)fx_run(s->k->f, TB_OP_CONFIRM, &s->k->in);
}

int main(int argc, char **argv)
{
    uint64_t shops = 25;
    uint64_t first = 1;
    static struct shop s = {.sum = 1};
    for (int i = 1; i + 1 < argc; i += 2) {
        shops = strcmp(argv[i], "--shops") == 0 ? strtoull(argv[i + 1], NULL, 10) : shops;
        first = strcmp(argv[i], "--seed") == 0 ? strtoull(argv[i + 1], NULL, 10) : first;
    }
    s.warm = malloc(1u << 20);
    assert_non_null(s.warm);
    uint64_t rules = 0;
    for (uint64_t shop = first; shop < first + shops; shop++) {
        seed = shop * UINT64_C(0x9E3779B97F4A7C15) | 1;
        open_shop(&s);
        rules += s.rule_n;
        for (uint32_t i = 0; i < QUOTES; i++) {
            quote(&s);
            if (one_in(3))
                buy(&s);
            if (one_in(4) && s.rule_n > 0)
                change(&s);
        }
        kit_free(s.k);
    }
    free(s.warm);
    printf("%llu shops with %llu campaigns: %llu quotes, each the same with empty caches; %llu shares and "
           "%llu refusals in scope as a plain reading has it; answers %016llx\n",
           (unsigned long long)shops, (unsigned long long)rules, (unsigned long long)s.quotes,
           (unsigned long long)s.shares, (unsigned long long)s.refusals, (unsigned long long)s.sum);
    return 0;
}
