// SPDX-License-Identifier: Apache-2.0
/* CSV rows and their sources: every answer, every way of cutting the stream, real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "border/csv.h"
#include "border/lines.h"
#include "border/source.h"

struct text_source {
    const char *p;
    size_t n;
    size_t piece;
    int64_t fail_at; /* -1: never */
    size_t at;
};

static int64_t pull_text(void *user, void *into, size_t cap, struct tb_fault *fault)
{
    struct text_source *s = user;
    if (s->fail_at >= 0 && s->at >= (size_t)s->fail_at) {
        tb_fault_set(fault, true, "planned");
        return -1;
    }
    size_t n = s->n - s->at;
    if (n > s->piece)
        n = s->piece;
    if (n > cap)
        n = cap;
    memcpy(into, s->p + s->at, n);
    s->at += n;
    return (int64_t)n;
}

static const struct tb_csv_limits small = {4, 8, 20, ','};

/* Writes what the reader said: rows as [a|b]@line, broken rows as their answer number. */
static void render(const char *text, size_t n, size_t piece, const struct tb_csv_limits *limits, char *out,
                   size_t cap)
{
    struct text_source source = {text, n, piece, -1, 0};
    struct tb_csv csv;
    struct tb_csv_row row;
    struct tb_fault fault;
    void *memory = malloc(tb_csv_memory_bytes(limits));
    struct tb_buf b;
    tb_buf_init(&b, out, cap - 1);
    tb_csv_init(&csv, limits, memory, pull_text, &source);
    for (;;) {
        enum tb_csv_answer answer = tb_csv_next(&csv, &row, &fault);
        if (answer == TB_CSV_END)
            break;
        if (answer != TB_CSV_ROW) {
            tb_buf_printf(&b, "<%d>@%d", (int)answer, (int)row.line);
            assert_true(answer != TB_CSV_FAULT);
            continue;
        }
        tb_buf_c(&b, "[");
        for (uint32_t i = 0; i < row.n; i++) {
            tb_buf_c(&b, i ? "|" : "");
            tb_buf_str(&b, row.field[i]);
        }
        tb_buf_printf(&b, "]@%d", (int)row.line);
    }
    assert_false(b.overflowed);
    out[b.n] = 0;
    free(memory);
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } row[] = {
        {"", ""},
        {"a,b\nc,d\n", "[a|b]@1[c|d]@2"},
        {"a,b\r\nc,d", "[a|b]@1[c|d]@2"},
        {"\xEF\xBB\xBF" "a,b\n", "[a|b]@1"},
        {"\xEF\xBB" "a\n", "[\xEF\xBB" "a]@1"},
        {"\xEF", "[\xEF]@1"},
        {"a,,\n,,\n", "[a||]@1[||]@2"},
        {"\"a,b\",\"c\"\"d\"\n", "[a,b|c\"d]@1"},
        {"\"a\nb\",c\nd\n", "[a\nb|c]@1[d]@3"},
        {"\"a\r\nb\"\r\nd\r\n", "[a\r\nb]@1[d]@3"},
        {"\"\"\n", "[]@1"},
        {"\n\n\r\na\n\n", "[a]@4"},
        {"5\" x,y\n", "[5\" x|y]@1"},
        {"a\rb,c\r", "[a\rb|c]@1"},
        {" \"a\",b\n", "[ \"a\"|b]@1"},
        {"\"a\"", "[a]@1"},
        /* broken rows, and the next row is whole */
        {"\"a\"b,c\nd\n", "<6>@1[d]@2"},
        {"\"a\"\rb\nd\n", "<6>@1[d]@2"},
        {"1,2,3,4,5\nd\n", "<3>@1[d]@2"},
        {"1,2,3,4,\"5\n6\"\nd\n", "<3>@1[d]@3"},
        {"123456789\nd\n", "<4>@1[d]@2"},
        {"12345678,12345678,12345\nd\n", "<5>@1[d]@2"},
        {"\"123456789\n6\"\nd\n", "<4>@1[6\"]@2[d]@3"},
        {"a\n\"b\nc", "[a]@1<8>@2"},
        {"\"", "<8>@1"},
        /* two reasons: the first that is met in reading order is told */
        {"123456789,\"a\"b\nd\n", "<4>@1[d]@2"},
    };
    char got[512];
    for (size_t i = 0; i < TB_COUNT_OF(row); i++)
        for (size_t piece = 1; piece < 12; piece++) {
            render(row[i].text, strlen(row[i].text), piece, &small, got, sizeof got);
            if (strcmp(got, row[i].want) != 0)
                print_error("row %zu in pieces of %zu\n", i, piece);
            assert_string_equal(got, row[i].want);
        }
    render("a\0b,c\nd\n", 8, 3, &small, got, sizeof got);
    assert_string_equal(got, "<7>@1[d]@2");
    struct tb_csv_limits tabs = small;
    tabs.delimiter = '\t';
    render("a,b\tc\n", 6, 2, &tabs, got, sizeof got);
    assert_string_equal(got, "[a,b|c]@1");
}

static void test_fault_is_final(void **state)
{
    (void)state;
    struct text_source source = {"a,b\nc,", 6, 3, 6, 0};
    struct tb_csv csv;
    struct tb_csv_row row;
    struct tb_fault fault;
    void *memory = malloc(tb_csv_memory_bytes(&small));
    tb_csv_init(&csv, &small, memory, pull_text, &source);
    assert_int_equal(tb_csv_next(&csv, &row, &fault), TB_CSV_ROW);
    assert_int_equal(tb_csv_next(&csv, &row, &fault), TB_CSV_FAULT);
    assert_int_equal(tb_csv_next(&csv, &row, &fault), TB_CSV_FAULT);
    assert_string_equal(fault.text, "planned");
    free(memory);
}

/* Random fields, written by the rules, come back as they were. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char alphabet[] = "ab,\"\n\r;\t x";
    struct tb_csv_limits limits = {8, 64, 512, ','};
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 2000; round++) {
        char text[2048];
        char want[2048];
        char got[2048];
        size_t t = 0;
        size_t w = 0;
        int line = 1;
        for (int r = 0; r < 3; r++) {
            int fields = 1 + rand_r(&seed) % 5;
            int start = line;
            want[w++] = '[';
            for (int f = 0; f < fields; f++) {
                int n = rand_r(&seed) % 9;
                if (f) {
                    text[t++] = ',';
                    want[w++] = '|';
                }
                text[t++] = '"';
                for (int k = 0; k < n; k++) {
                    char ch = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
                    if (ch == '"')
                        text[t++] = '"';
                    line += ch == '\n';
                    text[t++] = want[w++] = ch;
                }
                text[t++] = '"';
            }
            if (rand_r(&seed) % 2)
                text[t++] = '\r';
            text[t++] = '\n';
            line++;
            w += (size_t)sprintf(want + w, "]@%d", start);
        }
        want[w] = 0;
        render(text, t, 1 + (size_t)(rand_r(&seed) % 17), &limits, got, sizeof got);
        assert_string_equal(got, want);
    }
}

/* Lines as [text]@number, too long ones as <number>. */
static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } row[] = {
        {"", ""},
        {"a\nb\n", "[a]@1[b]@2"},
        {"a\r\n\r\n \t\nb", "[a]@1[b]@4"},
        {"\xEF\xBB\xBF" "a\n", "[a]@1"},
        {"12345678\r\n123456789\nx\n", "[12345678]@1<2>[x]@3"},
        {"123456789012345678901234567890\nx", "<1>[x]@2"},
        {"x\n123456789012345678901234567890", "[x]@1<2>"},
    };
    for (size_t i = 0; i < TB_COUNT_OF(row); i++)
        for (size_t piece = 1; piece < 14; piece++) {
            struct text_source source = {row[i].text, strlen(row[i].text), piece, -1, 0};
            struct tb_lines l;
            struct tb_str line;
            struct tb_fault fault;
            uint64_t number;
            char got[200];
            struct tb_buf b;
            enum tb_lines_answer answer;
            void *memory = malloc(tb_lines_memory_bytes(8));
            tb_buf_init(&b, got, sizeof got - 1);
            tb_lines_init(&l, 8, memory, pull_text, &source);
            while ((answer = tb_lines_next(&l, &line, &number, &fault)) != TB_LINES_END) {
                assert_true(answer == TB_LINES_LINE || answer == TB_LINES_TOO_LONG);
                if (answer == TB_LINES_LINE)
                    tb_buf_printf(&b, "[%.*s]@%d", TB_STR_ARG(line), (int)number);
                else
                    tb_buf_printf(&b, "<%d>", (int)number);
            }
            got[b.n] = 0;
            assert_string_equal(got, row[i].want);
            free(memory);
        }
    struct text_source source = {"a\nb", 3, 3, 3, 0};
    struct tb_lines l;
    struct tb_str line;
    struct tb_fault fault;
    uint64_t number;
    void *memory = malloc(tb_lines_memory_bytes(8));
    tb_lines_init(&l, 8, memory, pull_text, &source);
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_LINE);
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_FAULT);
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_FAULT);
    free(memory);
}

/* A line longer than everything that is read ahead, and the one behind it. */
static void test_endless_line(void **state)
{
    (void)state;
    size_t n = 300000;
    char *text = malloc(n);
    memset(text, 'x', n);
    memcpy(text + n - 3, "\nok", 3);
    struct text_source source = {text, n, 5000, -1, 0};
    struct tb_lines l;
    struct tb_str line;
    struct tb_fault fault;
    uint64_t number;
    void *memory = malloc(tb_lines_memory_bytes(100));
    tb_lines_init(&l, 100, memory, pull_text, &source);
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_TOO_LONG);
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_LINE);
    assert_int_equal(number, 2);
    assert_true(tb_str_eq_c(line, "ok"));
    assert_int_equal(tb_lines_next(&l, &line, &number, &fault), TB_LINES_END);
    free(memory);
    free(text);
}

static void run(const char *folder, const char *shell)
{
    char command[1024];
    assert_true(snprintf(command, sizeof command, "cd %s && %s", folder, shell) < (int)sizeof command);
    assert_int_equal(system(command), 0);
}

/* The whole content, or the answer as "!number". */
static void slurp(const char *folder, const char *name, char *out, size_t cap)
{
    char path[512];
    struct tb_source *s;
    struct tb_fault fault = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum tb_source_answer answer = tb_source_open(path, &s, &fault);
    if (answer != TB_SOURCE_DONE) {
        snprintf(out, cap, "!%d", (int)answer);
        assert_true(fault.text[0]);
        return;
    }
    size_t n = 0;
    int64_t got = 0;
    while (n + 8 < cap && (got = tb_source_pull(s, out + n, 7, &fault)) > 0)
        n += (size_t)got;
    out[n] = 0;
    if (got < 0)
        snprintf(out, cap, "!fault");
    else
        assert_true(tb_source_done_bytes(s) <= tb_source_total_bytes(s));
    tb_source_close(s);
}

static void test_sources(void **state)
{
    (void)state;
    if (system("command -v zstd >/dev/null && command -v tar >/dev/null") != 0) {
        print_message("skipped: zstd or tar is not installed\n");
        skip();
    }
    char folder[] = "/tmp/tb-source-XXXXXX";
    char out[4096];
    assert_non_null(mkdtemp(folder));
    run(folder, "mkdir -p in && printf hello >a.csv && printf world >in/b.csv && printf '' >none "
        "&& zstd -q a.csv && cat a.csv.zst a.csv.zst >two.zst && tar cf x.tar a.csv in/b.csv && zstd -q x.tar "
        "&& head -c 12 a.csv.zst >cut.zst");
    run(folder, "n=$(printf 'n%.0s' $(seq 150)) && mkdir $n && printf long >$n/$n.csv "
        "&& tar --format=gnu -cf gnu.tar $n/$n.csv in/b.csv && tar --format=pax -cf pax.tar $n/$n.csv in/b.csv "
        "&& tar --format=ustar -cf us.tar in/b.csv && mv $n/$n.csv . && head -c 700 x.tar >cut.tar && "
        "cp a.csv 'odd:name'");
    static const struct {
        const char *name;
        const char *want;
    } row[] = {
        {"a.csv", "hello"},         {"a.csv.zst", "hello"},       {"two.zst", "hellohello"},
        {"none", ""},               {"x.tar:a.csv", "hello"},     {"x.tar.zst:in/b.csv", "world"},
        {"x.tar.zst:b.csv", "world"}, {"us.tar:in/b.csv", "world"}, {"gnu.tar:in/b.csv", "world"},
        {"pax.tar:b.csv", "world"}, {"odd:name", "hello"},        {"absent", "!1"},
        {"absent:x", "!1"},         {"x.tar:c.csv", "!2"},        {"x.tar.zst:.csv", "!2"},
        {"a.csv:b", "!3"},          {"in", "!3"},                 {"cut.zst", "!fault"},
        {"cut.tar:in/b.csv", "!3"},
    };
    for (size_t i = 0; i < TB_COUNT_OF(row); i++) {
        slurp(folder, row[i].name, out, sizeof out);
        if (strcmp(out, row[i].want) != 0)
            print_error("%s\n", row[i].name);
        assert_string_equal(out, row[i].want);
    }
    char long_name[512];
    memset(long_name, 'n', 150);
    snprintf(long_name + 150, sizeof long_name - 150, ".csv");
    char path[700];
    snprintf(path, sizeof path, "gnu.tar:%s", long_name);
    slurp(folder, path, out, sizeof out);
    assert_string_equal(out, "long");
    snprintf(path, sizeof path, "pax.tar:%s", long_name);
    slurp(folder, path, out, sizeof out);
    assert_string_equal(out, "long");
    run(folder, "rm -rf \"$PWD\"");
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The real file: 541,909 lines and their sum of quantities, and how fast. */
static void test_online_retail(void **state)
{
    (void)state;
    const char *folder = getenv("TB_SHARED_DATA");
    char path[1024];
    struct tb_source *s;
    struct tb_fault fault = {0};
    snprintf(path, sizeof path, "%s/online_retail.tar.zst:online_retail.csv",
             folder ? folder : "../shared/data");
    enum tb_source_answer opened = tb_source_open(path, &s, &fault);
    if (opened == TB_SOURCE_ABSENT) {
        print_message("skipped: no online_retail data (set TB_SHARED_DATA)\n");
        skip();
    }
    assert_int_equal(opened, TB_SOURCE_DONE);
    void *memory = malloc(tb_csv_memory_bytes(&tb_csv_usual));
    struct tb_csv csv;
    struct tb_csv_row row;
    double start = seconds_now();
    enum tb_csv_answer answer;
    int64_t quantity = 0;
    uint64_t fields = 0;
    uint64_t bytes = 0;
    tb_csv_init(&csv, &tb_csv_usual, memory, tb_source_pull, s);
    assert_int_equal(tb_csv_next(&csv, &row, &fault), TB_CSV_ROW);
    assert_int_equal(row.n, 8);
    while ((answer = tb_csv_next(&csv, &row, &fault)) == TB_CSV_ROW) {
        int64_t q;
        fields += row.n;
        bytes += csv.text_n;
        assert_true(tb_str_to_i64(row.field[3], &q));
        quantity += q;
    }
    double took = seconds_now() - start;
    assert_int_equal(answer, TB_CSV_END);
    assert_int_equal(csv.number, 541909 + 1);
    assert_int_equal(fields, 541909 * 8);
    assert_int_equal(quantity, 5176450);
    assert_int_equal(tb_source_done_bytes(s), tb_source_total_bytes(s));
    print_message("online_retail: %.2f s with unpacking, %.0f rows/s, %.0f MB/s of fields\n", took,
                  541909 / took, (double)bytes / took / 1e6);
    tb_source_close(s);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_fault_is_final),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_sources),
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_online_retail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
