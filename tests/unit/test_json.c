// SPDX-License-Identifier: Apache-2.0
/* JSON: what is refused and where, typed readers in order of precedence, the writer.
 * With an argument it measures: test_json bench                                        */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/num.h"
#include "http/json.h"

static uint8_t region[4 << 20];

struct fixture {
    struct tb_json_index *x;
    struct tb_arena arena;
    struct tb_json_doc doc;
    struct tb_refusal refusal;
    struct tb_json_read read;
};

static bool parse(struct fixture *f, struct tb_str body)
{
    tb_arena_init(&f->arena, region, sizeof region);
    f->refusal = (struct tb_refusal){.problem = TB_PROBLEM_NONE};
    f->read = (struct tb_json_read){&f->doc, &f->refusal};
    return tb_json_parse(f->x, body, TB_JSON_BYTES_MAX, &f->arena, &f->doc, &f->refusal);
}

static int set_up(void **state)
{
    static struct fixture f;
    f.x = tb_json_index_create();
    *state = &f;
    return f.x == NULL;
}

static int tear_down(void **state)
{
    tb_json_index_destroy(((struct fixture *)*state)->x);
    return 0;
}

struct row {
    const char *text;
    uint32_t n; /* 0: strlen */
    enum tb_problem want;
    const char *field;
};

#define OK TB_PROBLEM_NONE
#define BAD TB_PROBLEM_INVALID_JSON
#define UTF8 TB_PROBLEM_INVALID_UTF8
#define NONE_THERE TB_PROBLEM_BODY_REQUIRED
#define DUP TB_PROBLEM_DUPLICATE_KEY

static const struct row body_rows[] = {
    /* whole documents */
    {"{}", 0, OK, ""},
    {" [ ] ", 0, OK, ""},
    {"\"x\"", 0, OK, ""},
    {"1", 0, OK, ""},
    {"null", 0, OK, ""},
    {"\n{\"a\":[1,-2,true,false,null,{\"b\":\"c\"}]}\r\n\t", 0, OK, ""},
    {"", 0, NONE_THERE, ""},
    {" \n\t ", 0, NONE_THERE, ""},
    {"{} {}", 0, BAD, ""},
    {"{}1", 0, BAD, ""},
    {"{}x", 0, BAD, ""},
    {"1 2", 0, BAD, ""},
    {"{},", 0, BAD, ""},
    {"{}]", 0, BAD, ""},
    {"[", 0, BAD, ""},
    {"]", 0, BAD, ""},
    {"{", 0, BAD, ""},
    {"}", 0, BAD, ""},
    {"[1", 0, BAD, ""},
    {"[1,", 0, BAD, ""},
    {"[1,]", 0, BAD, ""},
    {"[,1]", 0, BAD, ""},
    {"[1,,2]", 0, BAD, ""},
    {"[1 2]", 0, BAD, ""},
    {"[1}", 0, BAD, ""},
    {"{1:2}", 0, BAD, ""},
    {"{a:2}", 0, BAD, ""},
    {"{'a':2}", 0, BAD, ""},
    {"{\"a\"}", 0, BAD, ""},
    {"{\"a\":}", 0, BAD, ""},
    {"{\"a\":1,}", 0, BAD, ""},
    {"{,\"a\":1}", 0, BAD, ""},
    {"{\"a\":1 \"b\":2}", 0, BAD, ""},
    {"{\"a\"::1}", 0, BAD, ""},
    {"{\"a\",1}", 0, BAD, ""},
    {"{\"a\":1]", 0, BAD, ""},
    {"[\"a\":1]", 0, BAD, ""},
    {"/* c */{}", 0, BAD, ""},
    {"// c\n{}", 0, BAD, ""},
    {"{}#", 0, BAD, ""},
    {"[1]\0", 4, BAD, ""},
    {"\0", 1, BAD, ""},
    /* literals */
    {"True", 0, BAD, ""},
    {"tru", 0, BAD, ""},
    {"truee", 0, BAD, ""},
    {"nul", 0, BAD, ""},
    {"nulll", 0, BAD, ""},
    {"undefined", 0, BAD, ""},
    {"[true false]", 0, BAD, ""},
    {"[truefalse]", 0, BAD, ""},
    {"NaN", 0, BAD, ""},
    {"Infinity", 0, BAD, ""},
    {"-Infinity", 0, BAD, ""},
    /* numbers */
    {"-0", 0, OK, ""},
    {"0", 0, OK, ""},
    {"1e400", 0, OK, ""},
    {"1E-400", 0, OK, ""},
    {"0.5", 0, OK, ""},
    {"-1.5e+3", 0, OK, ""},
    {"123456789012345678901234567890", 0, OK, ""},
    {"+1", 0, BAD, ""},
    {"01", 0, BAD, ""},
    {"-01", 0, BAD, ""},
    {"00", 0, BAD, ""},
    {"1.", 0, BAD, ""},
    {".5", 0, BAD, ""},
    {"1.e1", 0, BAD, ""},
    {"1e", 0, BAD, ""},
    {"1e+", 0, BAD, ""},
    {"1.5.5", 0, BAD, ""},
    {"1e1.5", 0, BAD, ""},
    {"-", 0, BAD, ""},
    {"--1", 0, BAD, ""},
    {"1-", 0, BAD, ""},
    {"0x10", 0, BAD, ""},
    {"1_000", 0, BAD, ""},
    {"1,000", 0, BAD, ""},
    {"１", 0, BAD, ""},
    {"12\"a\"", 0, BAD, ""},
    {"\"a\"12", 0, BAD, ""},
    {"\"a\"\"b\"", 0, BAD, ""},
    /* strings */
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, OK, ""},
    {"\"\\u00e9\\u20ac\\ud83d\\ude42\"", 0, OK, ""},
    {"\"\\", 0, BAD, ""},
    {"\"abc", 0, BAD, ""},
    {"\"", 0, BAD, ""},
    {"\"\\\"", 0, BAD, ""},
    {"\"\\x41\"", 0, BAD, ""},
    {"\"\\'\"", 0, BAD, ""},
    {"\"\\0\"", 0, BAD, ""},
    {"\"\\u\"", 0, BAD, ""},
    {"\"\\u12\"", 0, BAD, ""},
    {"\"\\u12g4\"", 0, BAD, ""},
    {"\"\\u 123\"", 0, BAD, ""},
    {"\"\\U0041\"", 0, BAD, ""},
    {"\"\\u0000\"", 0, BAD, ""},
    {"\"\\ud800\"", 0, BAD, ""},
    {"\"\\udc00\"", 0, BAD, ""},
    {"\"\\ud800x\"", 0, BAD, ""},
    {"\"\\ud800\\n\"", 0, BAD, ""},
    {"\"\\ud800\\u0041\"", 0, BAD, ""},
    {"\"\\ud800\\ud800\"", 0, BAD, ""},
    {"\"\\udc00\\ud800\"", 0, BAD, ""},
    {"\"\\ud83d\\ude4\"", 0, BAD, ""},
    {"{\"\\ud800\":1}", 0, BAD, ""},
    {"\"a\tb\"", 0, BAD, ""},
    {"\"a\nb\"", 0, BAD, ""},
    {"\"a\x01\"", 0, BAD, ""},
    {"\"a\x1f\"", 0, BAD, ""},
    {"\"a\0b\"", 5, BAD, ""},
    {"\"a\x7f\"", 0, OK, ""},
    {"\"\xe2\x80\xa8\"", 0, OK, ""},
    /* UTF-8 */
    {"\xef\xbb\xbf{}", 0, BAD, ""},
    {"\"\xff\"", 0, UTF8, ""},
    {"\"\x80\"", 0, UTF8, ""},
    {"\"\xc0\xaf\"", 0, UTF8, ""},
    {"\"\xe0\x80\xaf\"", 0, UTF8, ""},
    {"\"\xf0\x80\x80\xaf\"", 0, UTF8, ""},
    {"\"\xf8\x88\x80\x80\x80\"", 0, UTF8, ""},
    {"\"\xed\xa0\x80\"", 0, UTF8, ""},
    {"\"\xf4\x90\x80\x80\"", 0, UTF8, ""},
    {"\"\xe9\x80\"", 0, UTF8, ""},
    {"\"\xe9", 0, BAD, ""}, /* unclosed comes first */
    {"\"\xef\xbf\xbe\"", 0, OK, ""}, /* U+FFFE is a noncharacter but well-formed */
    {"{\0\"\0a\0\"\0:\0001\0}\0", 14, BAD, ""},
    {"\xff\xfe{\0}\0", 6, UTF8, ""},
    /* duplicates */
    {"{\"a\":1,\"a\":1}", 0, DUP, "/a"},
    {"{\"a\":1,\"b\":2,\"\\u0061\":3}", 0, DUP, "/a"},
    {"{\"\":1,\"\":2}", 0, DUP, "/"},
    {"[{\"x\":{\"k/1\":1,\"y\":2,\"k/1\":3}}]", 0, DUP, "/0/x/k~11"},
    {"{\"a~\":1,\"a~\":1}", 0, DUP, "/a~0"},
    {"{\"a\":{\"a\":{\"a\":1}}}", 0, OK, ""},
    {"{\"a\":1,\"A\":1}", 0, OK, ""},
    {"{\"ab\":1,\"ba\":1,\"aa\":1,\"bb\":1}", 0, OK, ""},
    {"{\"__proto__\":1,\"constructor\":2}", 0, OK, ""},
};

static void test_bodies(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < TB_COUNT_OF(body_rows); i++) {
        const struct row *r = &body_rows[i];
        struct tb_str body = {r->text, r->n ? r->n : (uint32_t)strlen(r->text)};
        bool ok = parse(f, body);
        if (ok != (r->want == OK) || f->refusal.problem != r->want ||
            strcmp(f->refusal.field, r->field) != 0)
            fail_msg("row %u '%s': problem %d field '%s'", i, r->text, (int)f->refusal.problem,
                     f->refusal.field);
    }
}

/* Every proper prefix of a document in a container is refused. */
static void test_truncated(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"a\":[1,2.5,\"x\\u00e9\\n\",true,null,{\"b\":{}}],\"通\":\"宝\"}";
    assert_true(parse(f, TB_STR(text)));
    for (uint32_t n = 0; n < sizeof text - 1; n++)
        assert_false(parse(f, (struct tb_str){text, n}));
}

static void test_depth(void **state)
{
    struct fixture *f = *state;
    static char text[2000002];
    for (uint32_t depth = 30; depth <= 36; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(parse(f, (struct tb_str){text, depth * 2}), depth <= 32);
        assert_int_equal(f->refusal.problem,
                         depth <= 32 ? TB_PROBLEM_NONE : TB_PROBLEM_JSON_TOO_DEEP);
    }
    memset(text, '[', 1000000);
    assert_false(parse(f, (struct tb_str){text, 1000000}));
    assert_int_equal(f->refusal.problem, TB_PROBLEM_JSON_TOO_DEEP);
}

static void test_sizes(void **state)
{
    struct fixture *f = *state;
    static char text[3 << 20];
    struct tb_refusal r = {.problem = OK};
    /* the caller's limit */
    assert_false(tb_json_parse(f->x, TB_STR("[1,2]"), 4, &f->arena, &f->doc, &r));
    assert_int_equal(r.problem, TB_PROBLEM_BODY_TOO_LARGE);
    /* members: 4096 and one more; unique, then with a late duplicate */
    for (uint32_t members = 4096; members <= 4097; members++) {
        uint32_t n = 0;
        text[n++] = '{';
        for (uint32_t i = 0; i < members; i++)
            n += (uint32_t)sprintf(text + n, "%s\"k%u\":%u", i ? "," : "", i, i);
        text[n++] = '}';
        assert_int_equal(parse(f, (struct tb_str){text, n}), members == 4096);
        if (members == 4096) {
            n += (uint32_t)sprintf(text + n - 2, "9}") - 2; /* changes a value only */
            char *last = strstr(text, "\"k4000\"");
            memcpy(last, "\"k0007\"", 7);
            assert_true(parse(f, (struct tb_str){text, n}));
            memcpy(last, "\"k3999\"", 7);
            assert_false(parse(f, (struct tb_str){text, n}));
            assert_int_equal(f->refusal.problem, DUP);
            assert_string_equal(f->refusal.field, "/k3999");
        } else {
            assert_int_equal(f->refusal.problem, TB_PROBLEM_JSON_TOO_LARGE);
        }
    }
    /* a key of 1 MB is only long */
    uint32_t n = (uint32_t)sprintf(text, "{\"");
    memset(text + n, 'k', 1 << 20);
    n += 1 << 20;
    n += (uint32_t)sprintf(text + n, "\":1}");
    assert_true(parse(f, (struct tb_str){text, n}));
    /* the arena is the bound; it is given back */
    memset(text, ',', 1 << 20);
    for (uint32_t i = 1; i < 1 << 20; i += 2)
        text[i] = '1';
    text[0] = '[';
    text[(1 << 20) - 1] = ']';
    text[(1 << 20) - 2] = ' ';
    text[(1 << 20) - 3] = '1';
    assert_false(parse(f, (struct tb_str){text, 1 << 20}));
    assert_int_equal(f->refusal.problem, TB_PROBLEM_JSON_TOO_LARGE);
    assert_int_equal(f->arena.used, 0);
}

/* One reader on {"v": <text>, ...}; the table names what it answers. */
enum reader { I64, STR, BOOL, TIME, DATE, ENUM, OBJECT, ARRAY };

static const struct field_row {
    enum reader reader;
    const char *value; /* NULL: absent */
    enum tb_problem want;
} field_rows[] = {
    {I64, "5", OK},
    {I64, "-5", OK},
    {I64, "-0", OK},
    {I64, "10", OK},
    {I64, "11", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "-11", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "9007199254740991", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "9223372036854775807", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "-9223372036854775808", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "9223372036854775808", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "12345678901234567890", TB_PROBLEM_OUT_OF_RANGE},
    {I64, "1.0", TB_PROBLEM_NOT_AN_INTEGER},
    {I64, "1e2", TB_PROBLEM_NOT_AN_INTEGER},
    {I64, "1E0", TB_PROBLEM_NOT_AN_INTEGER},
    {I64, "\"5\"", TB_PROBLEM_WRONG_TYPE},
    {I64, "null", TB_PROBLEM_WRONG_TYPE},
    {I64, "true", TB_PROBLEM_WRONG_TYPE},
    {I64, "[5]", TB_PROBLEM_WRONG_TYPE},
    {I64, NULL, TB_PROBLEM_MISSING_FIELD},
    {STR, "\"ab\"", OK},
    {STR, "\"通宝通宝\"", OK},
    {STR, "\"🙂🙂🙂🙂\"", OK},
    {STR, "\"\\u0061\\u0062\"", OK},
    {STR, "\"\"", TB_PROBLEM_TOO_SHORT},
    {STR, "\"a\"", TB_PROBLEM_TOO_SHORT},
    {STR, "\"通\"", TB_PROBLEM_TOO_SHORT},
    {STR, "\"abcde\"", TB_PROBLEM_TOO_LONG},
    {STR, "\"通宝通宝通\"", TB_PROBLEM_TOO_LONG},
    {STR, "5", TB_PROBLEM_WRONG_TYPE},
    {STR, "null", TB_PROBLEM_WRONG_TYPE},
    {STR, NULL, TB_PROBLEM_MISSING_FIELD},
    {BOOL, "true", OK},
    {BOOL, "false", OK},
    {BOOL, "1", TB_PROBLEM_WRONG_TYPE},
    {BOOL, "\"true\"", TB_PROBLEM_WRONG_TYPE},
    {BOOL, NULL, TB_PROBLEM_MISSING_FIELD},
    {TIME, "\"2026-11-22T10:00:00+08:00\"", OK},
    {TIME, "\"1970-01-01T00:00:00Z\"", OK},
    {TIME, "\"2038-01-19T03:14:08Z\"", OK},
    {TIME, "\"2026-02-29T00:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-02-30T00:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-11-22T24:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-11-22T23:59:60Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-11-22T10:00:00\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-11-22T10:00:00+99:99\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"0000-11-22T10:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"9999-11-22T10:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"2026-11-22 10:00:00Z\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "\"\"", TB_PROBLEM_INVALID_TIME},
    {TIME, "1763774400000", TB_PROBLEM_WRONG_TYPE},
    {TIME, NULL, TB_PROBLEM_MISSING_FIELD},
    {DATE, "\"2024-02-29\"", OK},
    {DATE, "\"2026-02-29\"", TB_PROBLEM_INVALID_VALUE},
    {DATE, "\"2026-2-1\"", TB_PROBLEM_INVALID_VALUE},
    {DATE, "20260201", TB_PROBLEM_WRONG_TYPE},
    {ENUM, "\"two\"", OK},
    {ENUM, "\"Two\"", TB_PROBLEM_NOT_AN_OPTION},
    {ENUM, "\"\"", TB_PROBLEM_NOT_AN_OPTION},
    {ENUM, "2", TB_PROBLEM_WRONG_TYPE},
    {ENUM, NULL, TB_PROBLEM_MISSING_FIELD},
    {OBJECT, "{}", OK},
    {OBJECT, "[]", TB_PROBLEM_WRONG_TYPE},
    {OBJECT, "null", TB_PROBLEM_WRONG_TYPE},
    {OBJECT, NULL, TB_PROBLEM_MISSING_FIELD},
    {ARRAY, "[1,2]", OK},
    {ARRAY, "[1]", TB_PROBLEM_TOO_SHORT},
    {ARRAY, "[1,2,3,4]", TB_PROBLEM_TOO_LONG},
    {ARRAY, "{}", TB_PROBLEM_WRONG_TYPE},
    {ARRAY, NULL, TB_PROBLEM_MISSING_FIELD},
};

static const char *const options[] = {"one", "two", "three"};

static void read_need(struct tb_json_object *o, enum reader reader)
{
    struct tb_str v = TB_STR("v");
    struct tb_json_object inner;
    switch (reader) {
    case I64:
        (void)tb_json_need_i64(o, v, -10, 10);
        break;
    case STR:
        (void)tb_json_need_str(o, v, 2, 4);
        break;
    case BOOL:
        (void)tb_json_need_bool(o, v);
        break;
    case TIME:
        (void)tb_json_need_time(o, v);
        break;
    case DATE:
        (void)tb_json_need_date(o, v);
        break;
    case ENUM:
        (void)tb_json_need_enum(o, v, options, 3);
        break;
    case OBJECT:
        inner = tb_json_need_object(o, v);
        tb_json_end(&inner);
        break;
    case ARRAY:
        (void)tb_json_need_array(o, v, 2, 3);
        break;
    }
}

static bool read_may(struct tb_json_object *o, enum reader reader)
{
    struct tb_str v = TB_STR("v");
    int64_t i;
    int32_t d;
    uint32_t e;
    bool b;
    struct tb_str s;
    struct tb_json_object inner;
    struct tb_json_array a;
    switch (reader) {
    case I64:
        return tb_json_may_i64(o, v, -10, 10, &i);
    case STR:
        return tb_json_may_str(o, v, 2, 4, &s);
    case BOOL:
        return tb_json_may_bool(o, v, &b);
    case TIME:
        return tb_json_may_time(o, v, &i);
    case DATE:
        return tb_json_may_date(o, v, &d);
    case ENUM:
        return tb_json_may_enum(o, v, options, 3, &e);
    case OBJECT:
        return tb_json_may_object(o, v, &inner);
    case ARRAY:
        return tb_json_may_array(o, v, 2, 3, &a);
    }
    return false;
}

static void test_fields(void **state)
{
    struct fixture *f = *state;
    char text[200];
    for (uint32_t i = 0; i < TB_COUNT_OF(field_rows); i++) {
        const struct field_row *r = &field_rows[i];
        int n = r->value ? sprintf(text, "[7,{\"w\":0,\"v\":%s}]", r->value)
                         : sprintf(text, "[7,{\"w\":0}]");
        for (int optional = 0; optional < 2; optional++) {
            assert_true(parse(f, (struct tb_str){text, (uint32_t)n}));
            struct tb_json_array a = {.r = &f->read, .index = 0, .next = 2, .left = 1};
            struct tb_json_object o;
            assert_true(tb_json_next_object(&a, &o));
            enum tb_problem want = r->want;
            if (optional) {
                bool got = read_may(&o, r->reader);
                if (want == TB_PROBLEM_MISSING_FIELD)
                    want = OK;
                if (got != (r->value != NULL && want == OK))
                    fail_msg("row %u: may_ answered %d", i, got);
            } else {
                read_need(&o, r->reader);
            }
            if (f->refusal.problem != want ||
                strcmp(f->refusal.field, want == OK ? "" : "/1/v") != 0)
                fail_msg("row %u %s: problem %d field '%s'", i, text, (int)f->refusal.problem,
                         f->refusal.field);
        }
    }
}

/* Two reasons apply: the first read decides; unknown fields come last. */
static void test_precedence(void **state)
{
    struct fixture *f = *state;
    assert_true(parse(f, TB_STR("{\"zz\":1,\"b\":\"x\",\"c\":99}")));
    struct tb_json_object o = tb_json_root(&f->read);
    (void)tb_json_need_i64(&o, TB_STR("c"), 0, 100);
    (void)tb_json_need_i64(&o, TB_STR("b"), 0, 100);
    (void)tb_json_need_i64(&o, TB_STR("a"), 0, 100);
    tb_json_end(&o);
    assert_int_equal(f->refusal.problem, TB_PROBLEM_WRONG_TYPE);
    assert_string_equal(f->refusal.field, "/b");
    assert_true(parse(f, TB_STR("{\"zz\":1,\"a\":{\"q\":[0,{\"bad\":1}]}}")));
    o = tb_json_root(&f->read);
    struct tb_json_object a = tb_json_need_object(&o, TB_STR("a"));
    struct tb_json_array q = tb_json_need_array(&a, TB_STR("q"), 0, 9);
    int64_t v;
    assert_true(tb_json_next_i64(&q, 0, 9, &v));
    struct tb_json_object in;
    assert_true(tb_json_next_object(&q, &in));
    tb_json_end(&in);
    tb_json_end(&o);
    assert_int_equal(f->refusal.problem, TB_PROBLEM_UNKNOWN_FIELD);
    assert_string_equal(f->refusal.field, "/a/q/1/bad");
}

static void test_members_and_values(void **state)
{
    struct fixture *f = *state;
    struct tb_str key;
    struct tb_str s;
    const struct tb_json_node *value;
    assert_true(parse(f, TB_STR("{\"x\":{\"a\\n\":1.50,\"b\":\"\\ud83d\\ude42\"},\"n\":9007199254740991}")));
    struct tb_json_object o = tb_json_root(&f->read);
    assert_int_equal(tb_json_need_i64(&o, TB_STR("n"), 0, TB_AMOUNT_MAX), TB_AMOUNT_MAX);
    struct tb_json_object x = tb_json_need_object(&o, TB_STR("x"));
    assert_true(tb_json_next_member(&x, &key, &value));
    assert_true(tb_str_eq_c(key, "a\n"));
    assert_int_equal(value->kind, TB_JSON_NUMBER);
    assert_true(tb_str_eq_c((struct tb_str){value->text, value->n}, "1.50"));
    assert_true(tb_json_has(&x, TB_STR("b")));
    assert_false(tb_json_has(&x, TB_STR("c")));
    assert_true(tb_json_may_str(&x, TB_STR("b"), 1, 1, &s));
    assert_true(tb_str_eq_c(s, "\xf0\x9f\x99\x82"));
    assert_false(tb_json_next_member(&x, &key, &value));
    tb_json_end(&x);
    tb_json_end(&o);
    assert_int_equal(f->refusal.problem, OK);
}

static void test_writer(void **state)
{
    struct fixture *f = *state;
    uint8_t out[400];
    struct tb_buf b;
    struct tb_json_out o;
    tb_buf_init(&b, out, sizeof out);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_i64(&o, "min", INT64_MIN);
    tb_json_out_key_str(&o, "s", TB_STR("\"\\\b\x01\x7f\n\r\t/通\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"));
    tb_json_out_key(&o, "list");
    tb_json_out_open(&o, '[');
    tb_json_out_bool(&o, true);
    tb_json_out_null(&o);
    tb_json_out_open(&o, '{');
    tb_json_out_close(&o, '}');
    tb_json_out_time(&o, INT64_C(1795341600000));
    tb_json_out_time(&o, -1);
    tb_json_out_date(&o, 20779);
    tb_json_out_raw(&o, TB_STR("{\"r\":1}"));
    tb_json_out_close(&o, ']');
    tb_json_out_key_escaped(&o, TB_STR("k\""));
    tb_json_out_bool(&o, false);
    tb_json_out_close(&o, '}');
    static const char want[] =
        "{\"min\":-9223372036854775808,\"s\":\"\\\"\\\\\\u0008\\u0001\\u007f\\n\\r\\t/通\\u2028\\u2029"
        "\xe2\x80\xaa\",\"list\":[true,null,{},\"2026-11-22T10:00:00Z\","
        "\"1969-12-31T23:59:59.999Z\",\"2026-11-22\",{\"r\":1}],\"k\\\"\":false}";
    assert_false(b.overflowed);
    assert_true(tb_str_eq_c(tb_buf_as_str(&b), want));
    assert_true(parse(f, tb_buf_as_str(&b)));
    for (size_t cap = 0; cap < sizeof want - 1; cap++) {
        tb_buf_init(&b, out, cap);
        tb_json_out_init(&o, &b);
        tb_json_out_open(&o, '{');
        tb_json_out_key_str(&o, "k", TB_STR(want));
        tb_json_out_close(&o, '}');
        assert_true(b.overflowed && b.n <= cap);
    }
}

/* The printed time agrees with base/civil.h on every kind of instant. */
static void test_writer_times(void **state)
{
    (void)state;
    uint8_t a[64];
    uint8_t c[64];
    struct tb_buf b;
    struct tb_buf d;
    struct tb_json_out o;
    int64_t step = INT64_C(7919) * 3600 * 1000 + 1237;
    for (int64_t t = TB_MS_MIN; t <= TB_MS_MAX; t += step) {
        tb_buf_init(&b, a, sizeof a);
        tb_json_out_init(&o, &b);
        tb_json_out_time(&o, t);
        tb_buf_init(&d, c, sizeof c);
        tb_buf_byte(&d, '"');
        tb_time_print(&d, t);
        tb_buf_byte(&d, '"');
        assert_true(tb_str_eq(tb_buf_as_str(&b), tb_buf_as_str(&d)));
    }
}

static void test_problem_document(void **state)
{
    struct fixture *f = *state;
    uint8_t out[TB_PROBLEM_BYTES_MAX];
    struct tb_buf b;
    struct tb_refusal r = {.problem = OK};
    char field[400];
    memset(field, '\n', sizeof field);
    field[sizeof field - 1] = 0;
    tb_refusal_set(&r, TB_PROBLEM_TOO_LONG, field, field);
    tb_refusal_set(&r, TB_PROBLEM_INTERNAL, "later", NULL);
    assert_int_equal(r.problem, TB_PROBLEM_TOO_LONG);
    tb_buf_init(&b, out, sizeof out);
    tb_problem_write(&b, &r, TB_STR("01M80K7PK2KQYAC0WW10911B6Z"));
    assert_false(b.overflowed);
    assert_true(parse(f, tb_buf_as_str(&b)));
    struct tb_json_object o = tb_json_root(&f->read);
    assert_int_equal(tb_json_need_i64(&o, TB_STR("status"), 0, 999), 400);
    assert_true(tb_str_eq_c(tb_json_need_str(&o, TB_STR("code"), 1, 99), "too_long"));
    for (int p = 1; p < TB_PROBLEM_COUNT; p++) {
        assert_in_range(tb_problem_status((enum tb_problem)p), 400, 599);
        for (int q = 1; q < p; q++)
            assert_string_not_equal(tb_problem_code((enum tb_problem)p),
                                    tb_problem_code((enum tb_problem)q));
    }
}

/* ---- bench: one purchase of 311 bytes, parse and 10 fields ------------------------------ */

static const char purchase[] =
    "{\"id\":\"ord_20261122_000001\",\"member\":\"phone:+8613812345678\",\"store\":\"sh-nanjing-rd\","
    "\"till\":\"t03\",\"receipt\":\"20261122-0001234\",\"currency\":\"CNY\","
    "\"occurred_at\":\"2026-11-22T10:00:00.123+08:00\",\"associate\":\"asc_0042\","
    "\"lines\":[{\"product\":\"6901234567892\",\"quantity\":2,\"amount\":15980}],\"channel\":\"store\"}";

static int64_t read_purchase(struct fixture *f)
{
    struct tb_json_object o = tb_json_root(&f->read);
    int64_t sum = 0;
    sum += tb_json_need_str(&o, TB_STR("id"), 1, 64).n;
    sum += tb_json_need_str(&o, TB_STR("member"), 1, 64).n;
    sum += tb_json_need_str(&o, TB_STR("store"), 1, 64).n;
    sum += tb_json_need_str(&o, TB_STR("till"), 1, 64).n;
    sum += tb_json_need_str(&o, TB_STR("receipt"), 1, 64).n;
    sum += tb_json_need_str(&o, TB_STR("currency"), 3, 3).n;
    sum += tb_json_need_time(&o, TB_STR("occurred_at"));
    sum += tb_json_need_str(&o, TB_STR("associate"), 1, 64).n;
    struct tb_json_array lines = tb_json_need_array(&o, TB_STR("lines"), 1, 500);
    struct tb_json_object line;
    while (tb_json_next_object(&lines, &line)) {
        sum += tb_json_need_str(&line, TB_STR("product"), 1, 64).n;
        sum += tb_json_need_i64(&line, TB_STR("quantity"), 1, 1000);
        sum += tb_json_need_i64(&line, TB_STR("amount"), 0, TB_AMOUNT_MAX);
        tb_json_end(&line);
    }
    sum += tb_json_need_str(&o, TB_STR("channel"), 1, 64).n;
    tb_json_end(&o);
    return sum;
}

static int bench(void)
{
    struct fixture f;
    f.x = tb_json_index_create();
    enum { ROUNDS = 1000000 };
    int64_t sum = 0;
    if (f.x == NULL)
        return 1;
    for (int part = 0; part < 2; part++) {
        struct timespec a;
        struct timespec b;
        (void)clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < ROUNDS; i++) {
            if (!parse(&f, TB_STR(purchase)))
                return 1;
            if (part == 1)
                sum += read_purchase(&f);
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &b);
        double ns = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / ROUNDS;
        (void)printf("%s: %.0f ns for %zu bytes\n", part ? "parse and 12 fields" : "parse", ns,
                     sizeof purchase - 1);
    }
    tb_json_index_destroy(f.x);
    return sum == 0 || f.refusal.problem != OK;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "bench") == 0)
        return bench();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_members_and_values),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_writer_times),
        cmocka_unit_test(test_problem_document),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
