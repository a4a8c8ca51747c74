// SPDX-License-Identifier: Apache-2.0
/* What the tests of the worked traps share: a shop with one unit, one member, sales, returns
 * and looks at her balance, on the core fixture.                                          */
#ifndef TB_TESTS_TRAPS_KIT_H
#define TB_TESTS_TRAPS_KIT_H

#include "core_fixture.h"

#include "base/num.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "core/order/order.h"

#define YUAN(x) (INT64_C(100) * (x))

/* That wall time in Shanghai. */
static inline int64_t at(int32_t y, int32_t m, int32_t d, int32_t hour)
{
    return tb_days_from_date((struct tb_date){y, m, d}) * TB_DAY_MS + (hour - 8) * TB_HOUR_MS;
}

static inline struct tb_cmd_unit_put points_unit(void)
{
    return (struct tb_cmd_unit_put){.put.code = S("points"), .negative = TB_NEGATIVE_WITHIN_BALANCE};
}

static inline void put_unit(struct fx *f, struct tb_cmd_unit_put put)
{
    fx_done(f, TB_OP_UNIT_PUT, &put);
}

static inline void put_rule(struct fx *f, const char *code, const char *unit, const char *amount,
                     int64_t from_ms, int64_t until_ms)
{
    struct tb_cmd_rule_put put = {.put.code = tb_str_of(code),
                                  .kind = TB_RULE_EARN,
                                  .unit = tb_str_of(unit),
                                  .amount = tb_str_of(amount),
                                  .from_ms = from_ms,
                                  .until_ms = until_ms};
    fx_done(f, TB_OP_RULE_PUT, &put);
}

static inline struct fx *shop(void)
{
    struct fx *f = fx_new();
    put_unit(f, points_unit());
    return f;
}

static inline struct tb_who anna(struct fx *f)
{
    return (struct tb_who){.identifier = fx_id(f, "unionid", "anna", true)};
}

struct sale {
    const char *key;
    const char *receipt;
    int64_t occurred_ms; /* 0 = now */
    uint32_t n;
    int64_t net[6];
    int64_t quantity[6]; /* 0 = one piece */
    uint64_t hash;
};

static inline void order_input(struct fx *f, const struct sale *s, struct tb_identifier *id,
                        struct tb_order_line_input *line, struct tb_cmd_order *in)
{
    *id = fx_id(f, "unionid", "anna", true);
    for (uint32_t i = 0; i < s->n; i++)
        line[i] = (struct tb_order_line_input){.sku = S("thing"),
                                               .quantity = s->quantity[i] ? s->quantity[i] : 1000,
                                               .net = s->net[i]};
    *in = (struct tb_cmd_order){.key = tb_str_of(s->key),
                                .receipt = s->receipt ? tb_str_of(s->receipt) : TB_STR_NONE,
                                .identifier = id,
                                .identifier_n = 1,
                                .occurred_ms = s->occurred_ms ? s->occurred_ms : f->now_ms,
                                .line = line,
                                .line_n = s->n,
                                .input_hash = s->hash ? s->hash : 1};
}

static inline void sell(struct fx *f, struct sale s)
{
    struct tb_identifier id;
    struct tb_order_line_input line[6];
    struct tb_cmd_order in;
    order_input(f, &s, &id, line, &in);
    fx_done(f, TB_OP_ORDER, &in);
}

static inline void sell_refused(struct fx *f, struct sale s, enum tb_code code, const char *field)
{
    struct tb_identifier id;
    struct tb_order_line_input line[6];
    struct tb_cmd_order in;
    order_input(f, &s, &id, line, &in);
    fx_refused(f, TB_OP_ORDER, &in, code, field);
}

static inline int64_t signed_field(struct fx *f, uint32_t field)
{
    uint64_t v = fx_uint(f, field, 0);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Brings back so many thousandths of a line at its share; what is paid back. */
static inline int64_t bring_back(struct fx *f, const char *order, const char *key, uint32_t line,
                          int64_t quantity)
{
    struct tb_return_line_input l = {.line = line, .quantity = quantity, .net = TB_NET_SHARE};
    struct tb_cmd_return in = {.order = tb_str_of(order), .key = tb_str_of(key), .line = &l,
                               .line_n = 1, .input_hash = line + 7};
    fx_done(f, TB_OP_RETURN, &in);
    return signed_field(f, 8);
}

static inline struct tb_balance balance(struct fx *f, const char *unit)
{
    struct tb_answer a = {.code = TB_CODE_OK};
    struct tb_who who = anna(f);
    f->txn.tenant = f->tenant;
    uint32_t person = tb_identity_who(&f->txn, &who, NULL, &a);
    assert_int_not_equal(person, 0);
    return tb_ledger_balance(&f->txn, tb_store_get(&f->core.store, TB_KIND_PERSON, person),
                             fx_code(f, TB_KIND_UNIT, unit), f->now_ms);
}

static inline int64_t points(struct fx *f)
{
    return balance(f, "points").available;
}

static inline uint64_t adjust(struct fx *f, int64_t amount)
{
    struct tb_cmd_adjust in = {anna(f), S("points"), amount, S("because")};
    fx_done(f, TB_OP_ADJUST, &in);
    return fx_uint(f, 1, 0);
}

/* Spends, and says which transfer it was. */
static inline uint64_t spend(struct fx *f, int64_t amount)
{
    struct tb_cmd_hold hold = {anna(f), S("points"), amount, TB_MINUTE_MS};
    fx_done(f, TB_OP_HOLD, &hold);
    struct tb_cmd_hold_post post = {.hold = fx_uint(f, 1, 0), .final = true};
    fx_done(f, TB_OP_HOLD_POST, &post);
    return fx_uint(f, 1, 0);
}

static inline void refund(struct fx *f, uint64_t transfer, int64_t amount)
{
    struct tb_cmd_reverse in = {transfer, amount, S("brought back")};
    fx_done(f, TB_OP_REVERSE, &in);
}

static inline void fire(struct fx *f)
{
    for (uint64_t id = 1; id <= f->core.store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_cmd_fire in = {TB_KIND_PERSON, id};
        if (tb_store_get(&f->core.store, TB_KIND_PERSON, id) != NULL)
            fx_done(f, TB_OP_FIRE, &in);
    }
}

/* What is left in the person's lot that is gone from due_ms on. */
static inline int64_t lot_until(struct fx *f, int64_t due_ms)
{
    struct tb_identifier id = fx_id(f, "unionid", "anna", true);
    f->txn.tenant = f->tenant;
    struct tb_block *b = fx_person(f, tb_identity_find(&f->txn, &id));
    const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    int64_t sum = 0;
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
        sum += lot[i].due_ms == due_ms ? lot[i].left : 0;
    return sum;
}

#endif
