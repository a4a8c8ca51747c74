// SPDX-License-Identifier: Apache-2.0
/* Forms of names: every way of typing one finds it, nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/fault.h"
#include "border/name.h"

static struct tb_pinyin *pinyin;

static bool found(const char *name, const char *query)
{
    struct tb_name_form have[TB_NAME_FORMS_MAX], want[TB_NAME_QUERY_FORMS_MAX];
    uint32_t n = tb_name_forms(pinyin, tb_str_of(name), have);
    uint32_t wanted = tb_name_query(tb_str_of(query), want);
    bool all = wanted > 0;
    assert_true(n <= TB_NAME_FORMS_MAX && wanted <= TB_NAME_QUERY_FORMS_MAX);
    for (uint32_t i = 0; i < wanted && all; i++) {
        bool one = false;
        for (uint32_t k = 0; k < n && !one; k++)
            one = have[k].n == want[i].n && memcmp(have[k].p, want[i].p, have[k].n) == 0;
        all = one;
    }
    return all;
}

static void every_spelling(void **state)
{
    static const char *const rows[][8] = {
        {"张伟", "张伟", "张", "zhangwei", "ZhangWei", "zhang wei", "zw", "wei"},
        {"张小明", "小明", "张小", "zxm", "zhangxiaoming", "xm", "xiaom", "张 小明"},
        {"欧阳娜娜", "欧阳", "欧", "ouyang", "oynn", "nana", "nuonuo", "娜娜"},
        {"单雄信", "shan", "dan", "sxx", "shanxiong", "单雄", "xiongxin", "单"},
        {"曾国藩", "zeng", "ceng", "zgf", "zengguofan", "guofan", "国藩", "cgf"},
        {"解晓东", "xie", "jie", "xxd", "jiexiaodong", "解", "晓东", "xiexiao"},
        {"仇英", "qiu", "chou", "qy", "qiuying", "chouying", "仇", "cy"},
        {"吕布", "lv", "lu", "lb", "lvbu", "lubu", "吕", "吕布"},
        {"查良镛", "zha", "zly", "zhaliang", "cha", "liangyong", "良镛", "查良"},
        {"乐嘉", "yue", "le", "yj", "lj", "lejia", "yuejia", "乐"},
        {"阿卜杜拉·买买提", "阿卜杜拉", "阿", "买买提", "阿卜杜拉买买提", "阿卜杜拉·买买提", "abudula", "杜拉"},
        {"María José García", "maria", "MARIA", "jose", "garcia", "mjg", "José", "mariajose"},
        {"Ｌｉ　Ｍｉｎｇ", "li", "liming", "lm", "ming", "Li Ming", "mi", "lim"},
        {"李Amy", "李amy", "amy", "liamy", "李", "la", "李 am", "am"},
        {"O'Brien", "obrien", "brien", "ob", "o'brien", "O’Brien", "bri", "OBRIEN"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 1; k < 8; k++)
            if (!found(rows[i][0], rows[i][k]))
                fail_msg("%s is not found by %s", rows[i][0], rows[i][k]);
}

static void nothing_else(void **state)
{
    static const char *const rows[][2] = {
        {"张伟", "李"},     {"张伟", "伟"},      {"张伟", "zhangwu"}, {"张伟", "hang"},  {"张伟", "wz"},
        {"张伟", "张三"},   {"张小明", "张明"},  {"张伟", "z"},       {"张伟", ""},      {"张伟", " ·-"},
        {"张伟", "zhangweix"}, {"李Amy", "张amy"}, {"", "zw"},        {"---", "zw"},     {"María", "mariab"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (found(rows[i][0], rows[i][1]))
            fail_msg("%s is found by \"%s\"", rows[i][0], rows[i][1]);
}

/* Bytes of any kind, and names that are too long: bounded, no assertion. */
static void anything(void **state)
{
    char text[600];
    struct tb_name_form form[TB_NAME_FORMS_MAX];
    static const char *const piece[] = {"张", "a", " ", "é", "𠮷", "ﷺ", "곽", "·", "1", "ü", "单", "\xCC\x88", "ﬃ"};
    (void)state;
    srand(7);
    for (uint32_t round = 0; round < 3000; round++) {
        size_t n = 0, want = (size_t)(rand() % 590);
        while (n < want) {
            const char *p = piece[(size_t)rand() % (sizeof piece / sizeof piece[0])];
            memcpy(text + n, p, strlen(p));
            n += strlen(p);
        }
        uint32_t forms = tb_name_forms(pinyin, (struct tb_str){text, (uint32_t)n}, form);
        assert_true(forms <= TB_NAME_FORMS_MAX);
        for (uint32_t i = 0; i < forms; i++)
            assert_true(form[i].n >= 2 && form[i].n <= TB_NAME_FORM_BYTES);
        assert_true(tb_name_query((struct tb_str){text, (uint32_t)n}, form) <= TB_NAME_QUERY_FORMS_MAX);
    }
}

/* A part of a name of one script, copied out of it, finds it. */
static void parts(void **state)
{
    static const char *const han[] = {"王", "李", "张", "刘", "陈", "芳", "娜", "敏", "静", "伟", "强", "磊"};
    (void)state;
    srand(11);
    for (uint32_t round = 0; round < 3000; round++) {
        char name[64] = "", part[64] = "";
        uint32_t n = 2 + (uint32_t)rand() % 5, from = (uint32_t)rand() % n;
        uint32_t length = 1 + (uint32_t)rand() % (n - from);
        if (from > 0 && length == 1) /* one character is a surname */
            continue;
        for (uint32_t i = 0; i < n; i++) {
            const char *c = han[(size_t)rand() % (sizeof han / sizeof han[0])];
            strcat(name, c);
            if (i >= from && i < from + length)
                strcat(part, c);
        }
        if (!found(name, part))
            fail_msg("%s is not found by %s (round %u)", name, part, round);
    }
}

static int64_t cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int open_it(void **state)
{
    struct tb_fault fault = {.text = ""};
    struct tb_name_form form[TB_NAME_FORMS_MAX];
    int64_t at = cpu_us();
    (void)state;
    pinyin = tb_pinyin_open(&fault);
    if (pinyin == NULL)
        fail_msg("%s", fault.text);
    int64_t opened = cpu_us();
    (void)tb_name_forms(pinyin, TB_STR("欧阳小明"), form);
    int64_t first = cpu_us();
    for (uint32_t i = 0; i < 10000; i++)
        (void)tb_name_forms(pinyin, TB_STR("欧阳小明"), form);
    printf("opening %ld us, a first name %ld us, another %.2f us\n", (long)(opened - at), (long)(first - opened),
           (double)(cpu_us() - first) / 10000);
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    tb_pinyin_close(pinyin);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_spelling), cmocka_unit_test(nothing_else),
                                       cmocka_unit_test(anything), cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, open_it, close_it);
}
