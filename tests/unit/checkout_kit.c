// SPDX-License-Identifier: Apache-2.0
#include "checkout_kit.h"

struct checkout_kit *kit_new(void)
{
    return kit_make(true);
}

struct checkout_kit *kit_make(bool mirrored)
{
    struct checkout_kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->f = mirrored ? fx_new() : fx_bench();
    struct tb_cmd_unit_put unit = {.put.code = S("points"),
                                   .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                   .face_ppm = 1000000}; /* a point is worth a cent */
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    struct tb_cmd_rule_put rule = {
        .put.code = S("one-a-yuan"), .kind = TB_RULE_EARN, .unit = S("points"), .amount = S("order.net")};
    fx_done(k->f, TB_OP_RULE_PUT, &rule);
    kit_clear(k);
    return k;
}

void kit_free(struct checkout_kit *k)
{
    fx_free(k->f);
    free(k);
}

void kit_as(struct checkout_kit *k, const char *who)
{
    k->in.quote.order.identifier_n = who != NULL;
    k->in.quote.order.identifier = &k->id;
    if (who != NULL)
        k->id = fx_id(k->f, "unionid", who, true);
}

void kit_clear(struct checkout_kit *k)
{
    k->in = (struct tb_cmd_confirm){.payable = -1};
    k->in.quote.order.line = k->line;
    k->in.quote.order.occurred_ms = k->f->now_ms;
    k->in.quote.order.input_hash = 1;
    k->in.quote.tender = k->tender;
    k->in.quote.coupon = k->coupon;
    k->in.offer = k->offer;
    kit_as(k, "anna");
}

void kit_line(struct checkout_kit *k, int64_t pieces, int64_t list)
{
    uint32_t i = k->in.quote.order.line_n++;
    assert_true(i < KIT_LINES);
    snprintf(k->sku[i], sizeof k->sku[i], "p%u", i);
    k->line[i] = (struct tb_order_line_input){.sku = tb_str_of(k->sku[i]), .quantity = pieces * 1000, .net = list};
}

void kit_pay(struct checkout_kit *k, uint32_t kind, int64_t amount, const char *unit)
{
    k->tender[k->in.quote.tender_n++] = (struct tb_quote_tender){
        .kind = kind, .amount = amount, .unit = unit ? tb_str_of(unit) : TB_STR_NONE};
}

struct tb_cmd_campaign_put kit_campaign(const char *code, int64_t mechanic)
{
    return (struct tb_cmd_campaign_put){.put.code = tb_str_of(code),
                                        .name = tb_str_of(code),
                                        .mechanic = mechanic,
                                        .level = TB_PRICE_ORDER,
                                        .rounding = TB_ROUND_HALF_UP};
}

uint32_t kit_live(struct checkout_kit *k, const struct tb_cmd_campaign_put *put)
{
    static const uint32_t findings[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    fx_done(k->f, TB_OP_CAMPAIGN_PUT, put);
    struct tb_cmd_campaign_move move = {
        .campaign = put->put.code, .state = TB_CAMPAIGN_REVIEW, .acknowledged = findings, .acknowledged_n = 11};
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
    move.state = TB_CAMPAIGN_LIVE;
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
    return (uint32_t)fx_uint(k->f, 3, 0);
}

int64_t kit_quote(struct checkout_kit *k)
{
    fx_done(k->f, TB_OP_QUOTE, &k->in.quote);
    return (int64_t)fx_uint(k->f, 2, 0);
}

uint64_t kit_checkout(struct checkout_kit *k)
{
    fx_done(k->f, TB_OP_CHECKOUT, &k->in.quote);
    return fx_uint(k->f, 1, 0);
}

uint64_t kit_confirm(struct checkout_kit *k, const char *key)
{
    k->in.quote.order.key = tb_str_of(key);
    fx_done(k->f, TB_OP_CONFIRM, &k->in);
    return fx_uint(k->f, 1, 0);
}

uint64_t kit_confirm_basket(struct checkout_kit *k, uint64_t basket, const char *key)
{
    struct tb_cmd_confirm in = {.basket = basket, .payable = -1};
    in.quote.order.key = tb_str_of(key);
    in.quote.order.input_hash = 1;
    fx_done(k->f, TB_OP_CONFIRM, &in);
    return fx_uint(k->f, 1, 0);
}

static struct tb_cmd_return back_of(const char *key, const char *back, struct tb_return_line_input *line)
{
    return (struct tb_cmd_return){
        .order = tb_str_of(key), .key = tb_str_of(back), .line = line, .line_n = 1, .input_hash = 1};
}

static int64_t unzigzag(uint64_t z)
{
    return (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
}

int64_t kit_return(struct checkout_kit *k, const char *key, const char *back, uint32_t line, int64_t pieces)
{
    struct tb_return_line_input l = {.line = line, .quantity = pieces * 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return in = back_of(key, back, &l);
    fx_done(k->f, TB_OP_RETURN, &in);
    return unzigzag(fx_uint(k->f, 8, 0));
}

int64_t kit_return_quote(struct checkout_kit *k, const char *key, uint32_t line, int64_t pieces)
{
    struct tb_return_line_input l = {.line = line, .quantity = pieces * 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return in = back_of(key, "", &l);
    fx_done(k->f, TB_OP_RETURN_QUOTE, &in);
    return unzigzag(fx_uint(k->f, 8, 0));
}

void kit_cancel(struct checkout_kit *k, const char *key)
{
    struct tb_cmd_order_cancel in = {.order = tb_str_of(key), .input_hash = 1};
    fx_done(k->f, TB_OP_ORDER_CANCEL, &in);
}

struct tb_block *kit_order(struct checkout_kit *k, uint64_t order)
{
    struct tb_block *b = tb_store_get(&k->f->core.store, TB_KIND_ORDER, order);
    assert_non_null(b);
    return b;
}

void *kit_section(struct checkout_kit *k, uint64_t order, uint32_t section)
{
    return tb_block_section(&tb_shapes[TB_KIND_ORDER], kit_order(k, order), section);
}

int64_t kit_balance(struct checkout_kit *k, const char *who, const char *unit)
{
    struct tb_identifier id = fx_id(k->f, "unionid", who, true);
    uint32_t profile = fx_contact(k->f, &id, 1, k->f->now_ms);
    struct tb_block *b = fx_person(k->f, profile);
    return tb_ledger_balance(&k->f->txn, b, fx_code(k->f, TB_KIND_UNIT, unit), k->f->now_ms).available;
}

void kit_give(struct checkout_kit *k, const char *who, const char *unit, int64_t amount)
{
    struct tb_identifier id = fx_id(k->f, "unionid", who, true);
    (void)fx_contact(k->f, &id, 1, k->f->now_ms);
    struct tb_cmd_adjust in = {
        .member.identifier = id, .unit = tb_str_of(unit), .amount = amount, .reason = S("test")};
    fx_done(k->f, TB_OP_ADJUST, &in);
}

int64_t kit_clawed(struct checkout_kit *k)
{
    int64_t sum = 0;
    for (uint32_t i = 0; fx_bytes(k->f, 4, i).n != 0; i++) {
        struct tb_str row = fx_bytes(k->f, 4, i);
        uint32_t field;
        uint64_t v;
        struct tb_str s;
        bool bad = false;
        while (tb_wire_next(&row, &field, &v, &s, &bad))
            sum += field == 2 ? (int64_t)v : 0;
    }
    return sum;
}

uint64_t kit_fingerprint(struct checkout_kit *k)
{
    struct tb_store *s = &k->f->core.store;
    uint64_t h = 1;
    uint64_t top = 200;
    struct tb_hash_key key = {3, 4};
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        top = s->counter[i] > top ? s->counter[i] : top;
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; s->shape[kind].name != NULL && id <= top; id++) {
            struct tb_block *b = tb_store_get(s, kind, id);
            if (b == NULL)
                continue;
            struct tb_str packed = fx_packed(s, b);
            key.k0 ^= h;
            h = tb_siphash(&key, packed.p, packed.n);
            free((void *)(uintptr_t)packed.p);
        }
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        h = h * 31 + s->counter[i];
    for (uint32_t i = 0; i < TB_MAPS; i++)
        h = h * 31 + s->map[i].n;
    return h;
}

uint64_t kit_told(struct checkout_kit *k, const char *campaign, uint32_t what)
{
    uint32_t id = fx_code(k->f, TB_KIND_CAMPAIGN, campaign);
    for (uint32_t i = 0; fx_bytes(k->f, 12, i).n != 0; i++) {
        struct tb_str row = fx_bytes(k->f, 12, i);
        uint64_t v[16] = {0};
        uint32_t field;
        uint64_t number;
        struct tb_str s;
        bool bad = false;
        while (tb_wire_next(&row, &field, &number, &s, &bad))
            if (field < 16)
                v[field] = number;
        if (v[2] == id)
            return v[what];
    }
    return 0;
}

enum tb_promotion_why kit_refused(struct checkout_kit *k, const char *campaign)
{
    uint32_t id = fx_code(k->f, TB_KIND_CAMPAIGN, campaign);
    for (uint32_t i = 0; fx_bytes(k->f, 13, i).n != 0; i++) {
        struct tb_str row = fx_bytes(k->f, 13, i);
        uint64_t v[6] = {0};
        uint32_t field;
        uint64_t number;
        struct tb_str s;
        bool bad = false;
        while (tb_wire_next(&row, &field, &number, &s, &bad))
            if (field < 6)
                v[field] = number;
        if (v[1] == id)
            return (enum tb_promotion_why)v[4];
    }
    return TB_PROMOTION_OPEN;
}

void kit_product(struct checkout_kit *k, const char *sku, const char *category, int64_t price)
{
    struct tb_cmd_product_put put = {
        .put.code = tb_str_of(sku), .name = tb_str_of(sku), .category = tb_str_of(category), .price = price};
    fx_done(k->f, TB_OP_PRODUCT_PUT, &put);
}

void kit_again(struct checkout_kit *k, const struct tb_cmd_campaign_put *put)
{
    static const uint32_t findings[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_campaign_move move = {
        .campaign = put->put.code, .state = TB_CAMPAIGN_LIVE, .acknowledged = findings, .acknowledged_n = 11};
    fx_done(k->f, TB_OP_CAMPAIGN_PUT, put);
    fx_done(k->f, TB_OP_CAMPAIGN_MOVE, &move);
}
