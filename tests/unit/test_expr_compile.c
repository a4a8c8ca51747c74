// SPDX-License-Identifier: Apache-2.0
/* What is refused, and at which character: one row or more for every compile error,
 * with rows in which two reasons apply (the first in reading order is the answer).   */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_expr_env.h"

static uint64_t region[TB_EXPR_PROGRAM_MAX / 8];

static const struct tb_expr_program *compile(struct tb_str source, tb_expr_type result,
                                             uint64_t cost_max, struct tb_expr_problem *problem)
{
    struct tb_expr_options options = {result, cost_max};
    return tb_expr_compile(&test_env, source, &options, region, sizeof region, problem);
}

struct row {
    const char *source;
    enum tb_expr_code code;
    uint32_t offset;
};

static void check_rows(const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tb_expr_problem p;
        if (compile(tb_str_of(row[i].source), TB_EXPR_ANY, 0, &p))
            fail_msg("%s\n  was accepted, not %s", row[i].source, tb_expr_code_name(row[i].code));
        if (p.code != row[i].code || p.offset != row[i].offset)
            fail_msg("%s\n  gives %s at %u (%s)\n  not   %s at %u", row[i].source,
                     tb_expr_code_name(p.code), p.offset, p.text, tb_expr_code_name(row[i].code),
                     row[i].offset);
        assert_true(p.text[0] != '\0');
    }
}

#define CHECK(table) check_rows(table, TB_COUNT_OF(table))

static void test_words(void **state)
{
    (void)state;
    static const struct row row[] = {
        {"1 # 2", TB_EXPR_BAD_CHARACTER, 2},
        {"a = 1", TB_EXPR_BAD_CHARACTER, 2},
        {"true & false", TB_EXPR_BAD_CHARACTER, 5},
        {"tier == `gold`", TB_EXPR_BAD_CHARACTER, 8},
        {"'abc", TB_EXPR_BAD_STRING, 0},
        {"1 + \"abc\n\"", TB_EXPR_BAD_STRING, 4},
        {"'''abc''", TB_EXPR_BAD_STRING, 0},
        {"'a\\q'", TB_EXPR_BAD_STRING, 2},
        {"'a\\ud800'", TB_EXPR_BAD_STRING, 2},
        {"'\\U00110000'", TB_EXPR_BAD_STRING, 1},
        {"'\\x4'", TB_EXPR_BAD_STRING, 1},
        {"'\\477'", TB_EXPR_BAD_STRING, 1},
        {"9223372036854775808", TB_EXPR_BAD_NUMBER, 0},
        {"-9223372036854775809", TB_EXPR_BAD_NUMBER, 1},
        {"99999999999999999999", TB_EXPR_BAD_NUMBER, 0},
        {"0x", TB_EXPR_BAD_NUMBER, 0},
        {"0xfffffffffffffffff", TB_EXPR_BAD_NUMBER, 0},
        {"1 + 1.1234567", TB_EXPR_BAD_NUMBER, 4},
        {"9223372036854775.9999", TB_EXPR_BAD_NUMBER, 0},
        {"12ab", TB_EXPR_BAD_NUMBER, 0},
        {"1u", TB_EXPR_UNSUPPORTED, 0},
        {"1e3", TB_EXPR_UNSUPPORTED, 0},
        {"b'x'", TB_EXPR_UNSUPPORTED, 0},
        {"\xff", TB_EXPR_NOT_UTF8, 0},
    };
    CHECK(row);
}

static void test_grammar(void **state)
{
    (void)state;
    static const struct row row[] = {
        {"", TB_EXPR_SYNTAX, 0},
        {"  // nothing", TB_EXPR_SYNTAX, 12},
        {"1 +", TB_EXPR_SYNTAX, 3},
        {"1 2", TB_EXPR_SYNTAX, 2},
        {"(1 + 2", TB_EXPR_SYNTAX, 6},
        {"1 + 2)", TB_EXPR_SYNTAX, 5},
        {"[1, 2", TB_EXPR_SYNTAX, 5},
        {"{'a' 1}", TB_EXPR_SYNTAX, 5},
        {"{'a': 1", TB_EXPR_SYNTAX, 7},
        {"vip ? 1", TB_EXPR_SYNTAX, 7},
        {"vip ? : 2", TB_EXPR_SYNTAX, 6},
        {"order.", TB_EXPR_SYNTAX, 6},
        {"order.'net'", TB_EXPR_SYNTAX, 6},
        {"scores[1", TB_EXPR_SYNTAX, 8},
        {"for", TB_EXPR_SYNTAX, 0},
        {"scores.all(1, true)", TB_EXPR_SYNTAX, 11},
        {"scores.all(for, true)", TB_EXPR_SYNTAX, 11},
        {"scores.all(x true)", TB_EXPR_SYNTAX, 13},
        {"scores.all(x, true, 1)", TB_EXPR_SYNTAX, 18},
        {"* 2", TB_EXPR_SYNTAX, 0},
        {"-!vip", TB_EXPR_SYNTAX, 1},
        {"spent('90d'", TB_EXPR_SYNTAX, 11},
    };
    CHECK(row);
}

static void test_names(void **state)
{
    (void)state;
    static const struct row row[] = {
        {"1 + nothing", TB_EXPR_UNKNOWN_NAME, 4},
        {"order.total", TB_EXPR_UNKNOWN_FIELD, 6},
        {"order.lines[0].colour", TB_EXPR_UNKNOWN_FIELD, 15},
        {"vip && earned('90d') > 1", TB_EXPR_UNKNOWN_FUNCTION, 7},
        {"tier.shout()", TB_EXPR_UNKNOWN_FUNCTION, 5},
        {"math.sqrt(2)", TB_EXPR_UNKNOWN_FUNCTION, 0},
        {"scores.all(x, true) && x > 1", TB_EXPR_UNKNOWN_NAME, 23},
        {"tier.matches('a+')", TB_EXPR_UNSUPPORTED, 5},
        {"double(1)", TB_EXPR_UNSUPPORTED, 0},
        {"type(1)", TB_EXPR_UNSUPPORTED, 0},
        /* two reasons: the name is met before the types */
        {"nothing + 'a' * 2", TB_EXPR_UNKNOWN_NAME, 0},
        {"'a' * 2 + nothing", TB_EXPR_WRONG_TYPE, 4},
    };
    CHECK(row);
}

static void test_types(void **state)
{
    (void)state;
    static const struct row row[] = {
        {"1 + 'a'", TB_EXPR_WRONG_TYPE, 2},
        {"'a' - 'b'", TB_EXPR_WRONG_TYPE, 4},
        {"1.5 % 2", TB_EXPR_WRONG_TYPE, 4},
        {"vip + vip", TB_EXPR_WRONG_TYPE, 4},
        {"now + now", TB_EXPR_WRONG_TYPE, 4},
        {"duration('1s') - now", TB_EXPR_WRONG_TYPE, 15},
        {"now * 2", TB_EXPR_WRONG_TYPE, 4},
        {"tier == 1", TB_EXPR_WRONG_TYPE, 5},
        {"tags == [1]", TB_EXPR_WRONG_TYPE, 5},
        {"scores < scores", TB_EXPR_WRONG_TYPE, 7},
        {"now < duration('1s')", TB_EXPR_WRONG_TYPE, 4},
        {"null < null", TB_EXPR_WRONG_TYPE, 5},
        {"1 in 'abc'", TB_EXPR_WRONG_TYPE, 2},
        {"1 in tags", TB_EXPR_WRONG_TYPE, 2},
        {"1 in limits", TB_EXPR_WRONG_TYPE, 2},
        {"1 && vip", TB_EXPR_WRONG_TYPE, 0},
        {"vip || 1", TB_EXPR_WRONG_TYPE, 7},
        {"!1", TB_EXPR_WRONG_TYPE, 0},
        {"-vip", TB_EXPR_WRONG_TYPE, 0},
        {"1 ? 2 : 3", TB_EXPR_WRONG_TYPE, 0},
        {"vip ? 2 : 'a'", TB_EXPR_WRONG_TYPE, 4},
        {"vip ? null : 1", TB_EXPR_WRONG_TYPE, 4},
        {"[1, 'a']", TB_EXPR_WRONG_TYPE, 4},
        {"{'a': 1, 'b': 'c'}", TB_EXPR_WRONG_TYPE, 14},
        {"{1: 2}", TB_EXPR_WRONG_TYPE, 1},
        {"scores['a']", TB_EXPR_WRONG_TYPE, 6},
        {"limits[1]", TB_EXPR_WRONG_TYPE, 6},
        {"tier.net", TB_EXPR_WRONG_TYPE, 5},
        {"tier.all(x, true)", TB_EXPR_WRONG_TYPE, 5},
        {"scores.all(x, x)", TB_EXPR_WRONG_TYPE, 14},
        {"scores.map(x, x, x)", TB_EXPR_WRONG_TYPE, 14},
        {"1 < 2 < 3", TB_EXPR_WRONG_TYPE, 6},
        {"[].exists(x, x > 0)", TB_EXPR_WRONG_TYPE, 15},
        {"order + 1", TB_EXPR_WRONG_TYPE, 6},
    };
    CHECK(row);
}

static void test_calls(void **state)
{
    (void)state;
    static const struct row row[] = {
        {"spent()", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"spent(90)", TB_EXPR_BAD_LITERAL, 6},
        {"spent('90')", TB_EXPR_BAD_LITERAL, 6},
        {"spent('d')", TB_EXPR_BAD_LITERAL, 6},
        {"spent('-9d')", TB_EXPR_BAD_LITERAL, 6},
        {"spent('12345d')", TB_EXPR_BAD_LITERAL, 6},
        {"spent('9' + '0d')", TB_EXPR_BAD_LITERAL, 6},
        {"spent(tier)", TB_EXPR_BAD_LITERAL, 6},
        {"spent('90d', 1)", TB_EXPR_WRONG_ARGUMENTS, 13},
        {"tag(1)", TB_EXPR_WRONG_ARGUMENTS, 4},
        {"days_since_order(1)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"tier.contains(1)", TB_EXPR_WRONG_ARGUMENTS, 5},
        {"size(1)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"contains('a', 'b')", TB_EXPR_UNKNOWN_FUNCTION, 0},
        {"max('a', 'b')", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"max(1, now)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"max()", TB_EXPR_SYNTAX, 4},
        {"max(tags)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"max(vip)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"has(order)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"has(order.net + 1)", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"has(limits['a'])", TB_EXPR_WRONG_ARGUMENTS, 0},
        {"timestamp('2026-02-30T00:00:00Z')", TB_EXPR_BAD_LITERAL, 10},
        {"timestamp('2026-02-03')", TB_EXPR_BAD_LITERAL, 10},
        {"timestamp('1899-12-31T00:00:00Z')", TB_EXPR_BAD_LITERAL, 10},
        {"duration('90d')", TB_EXPR_BAD_LITERAL, 9},
        {"duration('1.0001s')", TB_EXPR_BAD_LITERAL, 9},
        {"duration('h')", TB_EXPR_BAD_LITERAL, 9},
        {"duration('1')", TB_EXPR_BAD_LITERAL, 9},
        {"duration('99999999999h')", TB_EXPR_BAD_LITERAL, 9},
        {"now.getHours(8)", TB_EXPR_WRONG_ARGUMENTS, 4},
        {"duration('1s').getMonth()", TB_EXPR_WRONG_ARGUMENTS, 15},
    };
    CHECK(row);
}

static void test_line_and_column_count_characters(void **state)
{
    (void)state;
    struct tb_expr_problem p;
    assert_null(compile(TB_STR("tier == '上海' &&\n  '海' + 1 == 2"), TB_EXPR_ANY, 0, &p));
    assert_int_equal(p.code, TB_EXPR_WRONG_TYPE);
    assert_int_equal(p.line, 2);
    assert_int_equal(p.column, 7);
    assert_string_equal(p.text, "+ does not take string and int");
}

static void test_wanted_type(void **state)
{
    (void)state;
    struct tb_expr_problem p;
    assert_non_null(compile(TB_STR("vip"), TB_EXPR_BOOL, 0, &p));
    assert_null(compile(TB_STR("order.net"), TB_EXPR_BOOL, 0, &p));
    assert_int_equal(p.code, TB_EXPR_WRONG_TYPE);
    assert_null(compile(TB_STR("order.rate"), TB_EXPR_INT, 0, &p));
    const struct tb_expr_program *f = compile(TB_STR("order.net"), TB_EXPR_DECIMAL, 0, &p);
    assert_non_null(f);
    assert_int_equal(tb_expr_program_type(f), TB_EXPR_DECIMAL);
    f = compile(TB_STR("[]"), TB_EXPR_LIST_OF(TB_EXPR_STRING), 0, &p);
    assert_int_equal(tb_expr_program_type(f), TB_EXPR_LIST_OF(TB_EXPR_STRING));
}

/* CEL asks for 24-32 repetitions of each rule and 12 levels of nesting; depth 32 here. */
static void test_depth_and_size(void **state)
{
    (void)state;
    static char text[TB_EXPR_SOURCE_MAX + 2];
    struct tb_expr_problem p;
    for (uint32_t n = 1; n <= 40; n++) {
        memset(text, '(', n);
        text[n] = '1';
        memset(text + n + 1, ')', n);
        bool ok = compile((struct tb_str){text, 2 * n + 1}, TB_EXPR_ANY, 0, &p) != NULL;
        assert_int_equal(ok, n < TB_EXPR_DEPTH_MAX);
        if (!ok) {
            assert_int_equal(p.code, TB_EXPR_TOO_DEEP);
            assert_int_equal(p.offset, TB_EXPR_DEPTH_MAX);
        }
    }
    for (uint32_t n = 1; n <= 32; n++) { /* a ? 1 : a ? 1 : ... 2 */
        struct tb_buf b;
        tb_buf_init(&b, text, sizeof text);
        for (uint32_t i = 0; i < n; i++)
            tb_buf_c(&b, "vip ? 1 : ");
        tb_buf_c(&b, "2");
        bool ok = compile(tb_buf_as_str(&b), TB_EXPR_ANY, 0, &p) != NULL;
        assert_int_equal(ok, n < TB_EXPR_DEPTH_MAX);
    }
    for (uint32_t n = 10; n <= 1300; n += 100) { /* left-recursive chains are not deep */
        struct tb_buf b;
        tb_buf_init(&b, text, sizeof text);
        for (uint32_t i = 0; i < n; i++)
            tb_buf_c(&b, "1+");
        tb_buf_c(&b, "1");
        bool ok = compile(tb_buf_as_str(&b), TB_EXPR_ANY, 0, &p) != NULL;
        assert_true(ok || (n > 1000 && p.code == TB_EXPR_PROGRAM_TOO_LARGE));
    }
    memset(text, ' ', sizeof text);
    text[0] = '1';
    assert_non_null(compile((struct tb_str){text, TB_EXPR_SOURCE_MAX}, TB_EXPR_ANY, 0, &p));
    assert_null(compile((struct tb_str){text, TB_EXPR_SOURCE_MAX + 1}, TB_EXPR_ANY, 0, &p));
    assert_int_equal(p.code, TB_EXPR_SOURCE_TOO_LONG);
    const struct row deep[] = {
        {"[[[[[[[[1]]]]]]]]", TB_EXPR_TOO_DEEP, 0},
    };
    CHECK(deep);
}

static void test_region_too_small(void **state)
{
    (void)state;
    struct tb_expr_problem p;
    struct tb_expr_options options = {0};
    const struct tb_expr_program *f = compile(TB_STR("tier == 'gold'"), TB_EXPR_ANY, 0, &p);
    size_t n = tb_expr_program_size(f);
    struct tb_str source = TB_STR("tier == 'gold'");
    assert_non_null(tb_expr_compile(&test_env, source, &options, region, n, &p));
    for (size_t cap = 0; cap < n; cap++) {
        assert_null(tb_expr_compile(&test_env, source, &options, region, cap, &p));
        assert_int_equal(p.code, TB_EXPR_PROGRAM_TOO_LARGE);
    }
}

static void test_cost(void **state)
{
    (void)state;
    struct tb_expr_problem p;
    const struct tb_expr_program *f = compile(TB_STR("1 + 2"), TB_EXPR_ANY, 0, &p);
    assert_int_equal(tb_expr_program_cost(f), 4);
    /* the dearer branch counts; a call costs what was declared */
    f = compile(TB_STR("vip ? 1 : spent('1d')"), TB_EXPR_ANY, 0, &p);
    uint64_t dear = tb_expr_program_cost(f);
    f = compile(TB_STR("vip ? 1 : 2"), TB_EXPR_ANY, 0, &p);
    assert_int_equal(dear, tb_expr_program_cost(f) + 5);
    /* scores holds at most 50: a loop in a loop may run 2,500 times */
    struct tb_str twice = TB_STR("1 > 2 || scores.all(x, scores.all(y, x + y > 0))");
    f = compile(twice, TB_EXPR_ANY, 0, &p);
    uint64_t cost = tb_expr_program_cost(f);
    assert_true(cost > 2500 * 6 && cost < 2500 * 12);
    assert_non_null(compile(twice, TB_EXPR_ANY, cost, &p));
    assert_null(compile(twice, TB_EXPR_ANY, cost - 1, &p));
    assert_int_equal(p.code, TB_EXPR_COST);
    assert_int_equal(p.offset, 16); /* the outer loop */
    /* nothing overflows, however deep the loops */
    static char text[1024];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    for (int i = 0; i < 20; i++)
        tb_buf_c(&b, "scores.all(x, ");
    tb_buf_c(&b, "true");
    for (int i = 0; i < 20; i++)
        tb_buf_c(&b, ")");
    assert_null(compile(tb_buf_as_str(&b), TB_EXPR_ANY, UINT64_C(1) << 50, &p));
    assert_int_equal(p.code, TB_EXPR_COST);
}

static void test_types_print(void **state)
{
    (void)state;
    char text[64];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_expr_print_type(&b, TB_EXPR_MAP_OF(TB_EXPR_LIST_OF(TB_EXPR_RECORD_OF(RECORD_LINE))),
                       &test_env);
    assert_true(tb_str_eq_c(tb_buf_as_str(&b), "map(string, list(line))"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_line_and_column_count_characters),
        cmocka_unit_test(test_wanted_type),
        cmocka_unit_test(test_depth_and_size),
        cmocka_unit_test(test_region_too_small),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_types_print),
    };
    return cmocka_run_group_tests_name("expr_compile", tests, NULL, NULL);
}
