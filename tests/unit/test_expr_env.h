// SPDX-License-Identifier: Apache-2.0
/* A shop's environment for the tests of the expression language: a member, an order
 * with lines, aggregates by window. Values are fixed so that a table can name them.  */
#ifndef TEST_EXPR_ENV_H
#define TEST_EXPR_ENV_H

#include <string.h>

#include "core/expr/expr.h"

enum slot {
    SLOT_TIER = 10,
    SLOT_NOW,
    SLOT_ORDER,
    SLOT_MEMBER,
    SLOT_TAGS,
    SLOT_SCORES,
    SLOT_LIMITS,
    SLOT_VIP,
    SLOT_LONG,
    SLOT_NET = 30,
    SLOT_RATE,
    SLOT_LINES,
    SLOT_PRICE,
    SLOT_SKU,
    SLOT_BIRTHDAY,
    SLOT_CITY,
    SLOT_GONE,
    SLOT_SPENT = 50,
    SLOT_ORDERS,
    SLOT_DAYS,
    SLOT_TAG,
    SLOT_SPENT_IN,
};

#define NAME(s) {(s), sizeof(s) - 1}
enum { RECORD_ORDER, RECORD_LINE, RECORD_MEMBER };

static const struct tb_expr_decl test_order[] = {
    {NAME("net"), TB_EXPR_INT, SLOT_NET, 0},
    {NAME("rate"), TB_EXPR_DECIMAL, SLOT_RATE, 0},
    {NAME("lines"), TB_EXPR_LIST_OF(TB_EXPR_RECORD_OF(RECORD_LINE)), SLOT_LINES, 100},
};
static const struct tb_expr_decl test_line[] = {
    {NAME("price"), TB_EXPR_INT, SLOT_PRICE, 0},
    {NAME("sku"), TB_EXPR_STRING, SLOT_SKU, 32},
};
static const struct tb_expr_decl test_member[] = {
    {NAME("birthday"), TB_EXPR_TIMESTAMP, SLOT_BIRTHDAY, 0},
    {NAME("city"), TB_EXPR_STRING, SLOT_CITY, 64},
    {NAME("gone"), TB_EXPR_INT, SLOT_GONE, 0},
};
static const struct tb_expr_record test_records[] = {
    {NAME("order"), test_order, 3},
    {NAME("line"), test_line, 2},
    {NAME("member"), test_member, 3},
};
static const struct tb_expr_decl test_variables[] = {
    {NAME("tier"), TB_EXPR_STRING, SLOT_TIER, 16},
    {NAME("now"), TB_EXPR_TIMESTAMP, SLOT_NOW, 0},
    {NAME("order"), TB_EXPR_RECORD_OF(RECORD_ORDER), SLOT_ORDER, 0},
    {NAME("member"), TB_EXPR_RECORD_OF(RECORD_MEMBER), SLOT_MEMBER, 0},
    {NAME("tags"), TB_EXPR_LIST_OF(TB_EXPR_STRING), SLOT_TAGS, 20},
    {NAME("scores"), TB_EXPR_LIST_OF(TB_EXPR_INT), SLOT_SCORES, 50},
    {NAME("limits"), TB_EXPR_MAP_OF(TB_EXPR_INT), SLOT_LIMITS, 8},
    {NAME("vip"), TB_EXPR_BOOL, SLOT_VIP, 0},
    {NAME("long"), TB_EXPR_STRING, SLOT_LONG, 4},
};
static const struct tb_expr_function test_functions[] = {
    {NAME("spent"), TB_EXPR_INT, SLOT_SPENT, 0, 5, 1, {{TB_EXPR_STRING, true}}},
    {NAME("spent"),
     TB_EXPR_INT,
     SLOT_SPENT_IN,
     0,
     5,
     2,
     {{TB_EXPR_STRING, true}, {TB_EXPR_STRING, false}}},
    {NAME("orders"), TB_EXPR_INT, SLOT_ORDERS, 0, 0, 1, {{TB_EXPR_STRING, true}}},
    {NAME("days_since_order"), TB_EXPR_INT, SLOT_DAYS, 0, 0, 0, {{0}}},
    {NAME("tag"), TB_EXPR_BOOL, SLOT_TAG, 0, 0, 1, {{TB_EXPR_STRING, false}}},
};
static const struct tb_expr_env test_env = {
    test_variables, TB_COUNT_OF(test_variables), test_functions, TB_COUNT_OF(test_functions),
    test_records,   TB_COUNT_OF(test_records),
};

static inline struct tb_expr_value test_str(const char *s)
{
    return tb_expr_of_str(tb_str_of(s));
}

static inline struct tb_expr_value test_list(const struct tb_expr_value *v, uint32_t n)
{
    return (struct tb_expr_value){.kind = TB_EXPR_LIST, .n = n, .as.list = v};
}

static inline bool test_line_field(uint16_t slot, uint64_t line, struct tb_expr_value *out)
{
    static const char *const sku[] = {"tea", "cup", "pot"};
    static const int64_t price[] = {100, 250, 900};
    tb_assert(line < 3);
    *out = slot == SLOT_PRICE ? tb_expr_of_int(price[line]) : test_str(sku[line]);
    return true;
}

static inline bool test_function(uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                                 struct tb_expr_value *out)
{
    switch (slot) {
    case SLOT_SPENT:
        tb_assert(argc == 1 && args[0].kind == TB_EXPR_INT);
        *out = tb_expr_of_int(args[0].as.i * 10);
        return true;
    case SLOT_SPENT_IN:
        tb_assert(argc == 2 && args[1].kind == TB_EXPR_STRING);
        *out = tb_expr_of_int(args[0].as.i * 100 + args[1].n);
        return true;
    case SLOT_ORDERS:
        *out = tb_expr_of_int(args[0].as.i / 10);
        return true;
    case SLOT_DAYS:
        return false; /* never ordered */
    case SLOT_TAG:
        *out = tb_expr_of_bool(args[0].n == 3 && memcmp(args[0].as.s, "vip", 3) == 0);
        return true;
    default:
        return false;
    }
}

/* now is 2026-11-22T10:30:15.250Z; birthday 1990-02-28T16:00Z (1 March in Shanghai). */
static inline bool test_resolve(void *user, uint16_t slot, const struct tb_expr_value *args,
                                uint32_t argc, struct tb_expr_value *out)
{
    (void)user;
    static struct tb_expr_value tags[2];
    static struct tb_expr_value scores[4];
    static const struct tb_expr_entry limits[] = {
        {NAME("day"), {.kind = TB_EXPR_INT, .as.i = 3}},
        {NAME("week"), {.kind = TB_EXPR_INT, .as.i = 10}},
    };
    tags[0] = test_str("new");
    tags[1] = test_str("tea lover");
    for (int i = 0; i < 4; i++)
        scores[i] = tb_expr_of_int(i - 1); /* -1 0 1 2 */
    switch (slot) {
    case SLOT_TIER:
        *out = test_str("gold");
        return true;
    case SLOT_NOW:
        *out = tb_expr_of_time(INT64_C(1795343415250));
        return true;
    case SLOT_ORDER:
    case SLOT_MEMBER:
        *out = tb_expr_of_record(0);
        return true;
    case SLOT_TAGS:
        *out = test_list(tags, 2);
        return true;
    case SLOT_SCORES:
        *out = test_list(scores, 4);
        return true;
    case SLOT_LIMITS:
        *out = (struct tb_expr_value){.kind = TB_EXPR_MAP, .n = 2, .as.map = limits};
        return true;
    case SLOT_VIP:
        *out = tb_expr_of_bool(true);
        return true;
    case SLOT_LONG:
        *out = test_str("too long");
        return true;
    case SLOT_NET:
        *out = tb_expr_of_int(12345);
        return true;
    case SLOT_RATE:
        *out = tb_expr_of_decimal(125, 2);
        return true;
    case SLOT_LINES:
        *out = (struct tb_expr_value){.kind = TB_EXPR_LIST, .n = 3};
        return true;
    case SLOT_PRICE:
    case SLOT_SKU:
        return test_line_field(slot, args[0].as.record, out);
    case SLOT_BIRTHDAY:
        *out = tb_expr_of_time(INT64_C(636220800000));
        return true;
    case SLOT_CITY:
        *out = test_str("上海");
        return true;
    default:
        return test_function(slot, args, argc, out);
    }
}

#endif
