// SPDX-License-Identifier: Apache-2.0
#include "promotion_kit.h"

static const char *const goods[][3] = {
    {"milk", "food/dairy", "Cow"}, {"soap", "home/bath", "Bubble"}, {"wine", "food/drinks", "Cow"}};

struct fx *kit_shop(bool mirrored)
{
    struct fx *f = mirrored ? fx_new() : fx_bench();
    struct tb_cmd_store_put store = {.put.code = S("gz"), .name = S("Guangzhou")};
    fx_done(f, TB_OP_STORE_PUT, &store);
    store.put.code = S("bj");
    fx_done(f, TB_OP_STORE_PUT, &store);
    for (uint32_t i = 0; i < TB_COUNT_OF(goods); i++) {
        struct tb_cmd_product_put put = {.put.code = tb_str_of(goods[i][0]),
                                         .name = tb_str_of(goods[i][0]),
                                         .category = tb_str_of(goods[i][1]),
                                         .brand = tb_str_of(goods[i][2]),
                                         .price = 10000,
                                         .cost = 7000};
        fx_done(f, TB_OP_PRODUCT_PUT, &put);
    }
    kit_template(f, "ten", 0, 0);
    return f;
}

struct tb_who kit_who(struct fx *f, const char *phone)
{
    return (struct tb_who){.identifier = fx_id(f, "phone", phone, true)};
}

uint32_t kit_member(struct fx *f, const char *phone)
{
    struct tb_identifier id = fx_id(f, "phone", phone, true);
    uint32_t profile = fx_contact(f, &id, 1, f->now_ms);
    struct tb_cmd_enrol enrol = {.who = kit_who(f, phone),
                                 .touchpoint = fx_code(f, TB_KIND_TOUCHPOINT, "web"),
                                 .terms_version = 1,
                                 .occurred_ms = f->now_ms};
    fx_done(f, TB_OP_ENROL, &enrol);
    return profile;
}

struct tb_cmd_campaign_put kit_campaign(const char *code)
{
    static const struct tb_offer_limit cap = {
        .scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_LIFETIME, .amount = 100000000};
    return (struct tb_cmd_campaign_put){.put.code = tb_str_of(code),
                                        .name = tb_str_of(code),
                                        .mechanic = TB_PRICE_PERCENT,
                                        .rounding = TB_ROUND_HALF_UP,
                                        .ppm = 100000,
                                        .limit = &cap,
                                        .limit_n = 1};
}

static const uint32_t every_finding[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

void kit_move(struct fx *f, const char *code, enum tb_campaign_state state)
{
    struct tb_cmd_campaign_move move = {.campaign = tb_str_of(code),
                                        .state = state,
                                        .acknowledged = every_finding,
                                        .acknowledged_n = TB_COUNT_OF(every_finding)};
    fx_done(f, TB_OP_CAMPAIGN_MOVE, &move);
}

uint32_t kit_live(struct fx *f, const struct tb_cmd_campaign_put *in)
{
    char code[64];
    memcpy(code, in->put.code.p, in->put.code.n);
    code[in->put.code.n] = 0;
    fx_done(f, TB_OP_CAMPAIGN_PUT, in);
    uint32_t id = (uint32_t)fx_uint(f, 1, 0);
    if (kit_head(f, id)->state == TB_CAMPAIGN_DRAFT)
        kit_move(f, code, TB_CAMPAIGN_REVIEW);
    kit_move(f, code, TB_CAMPAIGN_LIVE);
    return id;
}

struct tb_campaign *kit_head(struct fx *f, uint32_t campaign)
{
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_CAMPAIGN, campaign);
    assert_non_null(b);
    return tb_block_head(b);
}

void kit_template(struct fx *f, const char *code, int64_t stock, int64_t each)
{
    struct tb_cmd_unit_put put = {.put.code = tb_str_of(code),
                                  .name = tb_str_of(code),
                                  .kind = TB_UNIT_COUPON,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS,
                                  .expiry_n = 30,
                                  .earn_cap = each,
                                  .earn_cap_period = each ? TB_PERIOD_LIFETIME : TB_PERIOD_NONE,
                                  .earn_cap_rejects = true,
                                  .stock = stock};
    fx_done(f, TB_OP_UNIT_PUT, &put);
}

uint64_t kit_claim(struct fx *f, const char *phone, const char *unit)
{
    struct tb_cmd_coupon_claim in = {.member = kit_who(f, phone), .unit = tb_str_of(unit)};
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    return fx_uint(f, 1, 0);
}

static enum tb_code read_book(struct tb_txn *t, void *user)
{
    int64_t *v = user;
    *v = tb_ledger_book(t, (uint32_t)v[0], (enum tb_tenant_account)v[1]);
    return TB_CODE_OK;
}

int64_t kit_book(struct fx *f, uint32_t unit, enum tb_tenant_account account)
{
    int64_t v[2] = {unit, account};
    assert_int_equal(fx_step(f, read_book, v), TB_CODE_OK);
    return v[0];
}

/* ---- eligibility ----------------------------------------------------------------------------- */

void kit_ask(struct fx *f, struct kit_ask *k, uint32_t profile)
{
    *k = (struct kit_ask){.ask = {.profile = profile, .at_ms = f->now_ms}};
    for (uint32_t i = 0; i < 3; i++) {
        k->line[i] = (struct tb_order_line_input){
            .sku = tb_str_of(goods[i][0]), .quantity = 1000, .net = 10000, .gross = 10000};
        k->product[i] = fx_code(f, TB_KIND_PRODUCT, goods[i][0]);
    }
    k->order = (struct tb_cmd_order){.line = k->line, .line_n = 3, .occurred_ms = f->now_ms};
    k->ask.order = &k->order;
    k->ask.product = k->product;
    k->ask.day = (int32_t)((f->now_ms + 8 * 3600000) / TB_DAY_MS);
}

struct asked {
    const struct kit_ask *k;
    uint32_t campaign;
    enum tb_promotion_why why;
    struct tb_offer *offer;
    uint32_t n;
};

static enum tb_code judge(struct tb_txn *t, void *user)
{
    struct asked *a = user;
    struct tb_promotion_set set;
    struct tb_promotion_ask ask = a->k->ask;
    ask.order = &a->k->order;
    ask.product = a->k->product;
    tb_promotion_eligible(t, &ask, &set);
    assert_int_equal(tb_txn_events(t)->n, 0);
    a->n = set.n;
    a->why = TB_PROMOTION_WHYS;
    for (uint32_t i = 0; i < set.refused_n; i++)
        if (set.refused[i].campaign == a->campaign)
            a->why = set.refused[i].why;
    for (uint32_t i = 0; i < set.n; i++)
        if (set.found[i].campaign == a->campaign) {
            a->why = TB_PROMOTION_OPEN;
            if (a->offer != NULL)
                *a->offer = set.offer[i];
        }
    return TB_CODE_OK;
}

enum tb_promotion_why kit_why(struct fx *f, const struct kit_ask *k, uint32_t campaign, struct tb_offer *offer)
{
    struct asked a = {.k = k, .campaign = campaign, .offer = offer};
    assert_int_equal(fx_step(f, judge, &a), TB_CODE_OK);
    return a.why;
}

uint32_t kit_open(struct fx *f, const struct kit_ask *k)
{
    struct asked a = {.k = k};
    assert_int_equal(fx_step(f, judge, &a), TB_CODE_OK);
    return a.n;
}

struct tb_promotion_use kit_use(struct fx *f, uint32_t campaign, uint32_t profile)
{
    return (struct tb_promotion_use){.offer = kit_head(f, campaign)->live,
                                     .profile = profile,
                                     .day = (int32_t)((f->now_ms + 8 * 3600000) / TB_DAY_MS),
                                     .uses = 1,
                                     .amount = 1000,
                                     .pieces = 1};
}

static enum tb_code count(struct tb_txn *t, void *user)
{
    return tb_promotion_count(t, user);
}

enum tb_code kit_count(struct fx *f, const struct tb_promotion_use *use)
{
    struct tb_promotion_use copy = *use;
    return fx_step(f, count, &copy);
}

static enum tb_code uncount(struct tb_txn *t, void *user)
{
    tb_promotion_uncount(t, user);
    return TB_CODE_OK;
}

void kit_uncount(struct fx *f, const struct tb_promotion_use *use)
{
    struct tb_promotion_use copy = *use;
    assert_int_equal(fx_step(f, uncount, &copy), TB_CODE_OK);
}
