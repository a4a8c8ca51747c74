// SPDX-License-Identifier: Apache-2.0
/* The built-in functions: one table for compiler and machine, and what its rows do. */
#include "core/expr/vm.h"

#include <string.h>

static bool is_start(char c)
{
    return ((uint8_t)c & 0xc0) != 0x80; /* of a code point */
}

static uint32_t code_points(struct tb_str s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n; i++)
        n += is_start(s.p[i]);
    return n;
}

static enum tb_expr_code fn_size(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    uint32_t n = arg->kind == TB_EXPR_STRING ? code_points(tb_expr_str(arg)) : arg->n;
    arg[0] = tb_expr_of_int(n);
    return TB_EXPR_OK;
}

enum { FIND_CONTAINS, FIND_STARTS, FIND_ENDS, FIND_INDEX };

static enum tb_expr_code fn_find(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    (void)argc;
    struct tb_str s = tb_expr_str(&arg[0]);
    struct tb_str part = tb_expr_str(&arg[1]);
    if (which == FIND_STARTS) {
        arg[0] = tb_expr_of_bool(tb_str_starts(s, part));
        return TB_EXPR_OK;
    }
    if (which == FIND_ENDS) {
        struct tb_str tail = {s.p + (s.n >= part.n ? s.n - part.n : 0), part.n};
        arg[0] = tb_expr_of_bool(s.n >= part.n && tb_str_eq(tail, part));
        return TB_EXPR_OK;
    }
    const char *hit = part.n == 0 ? s.p : s.n == 0 ? NULL : memmem(s.p, s.n, part.p, part.n);
    bool found = part.n == 0 || hit != NULL;
    if (which == FIND_CONTAINS)
        arg[0] = tb_expr_of_bool(found);
    else if (!found)
        arg[0] = tb_expr_of_int(-1);
    else
        arg[0] = tb_expr_of_int(
            part.n == 0 ? 0 : code_points((struct tb_str){s.p, (uint32_t)(hit - s.p)}));
    return TB_EXPR_OK;
}

enum { CASE_LOWER, CASE_UPPER };

static enum tb_expr_code fn_case(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)argc;
    struct tb_str s = tb_expr_str(arg);
    char *out = tb_expr_take(vm, s.n);
    if (out == NULL)
        return TB_EXPR_MEMORY;
    char from = which == CASE_LOWER ? 'A' : 'a';
    for (uint32_t i = 0; i < s.n; i++) {
        bool hit = s.p[i] >= from && s.p[i] <= from + 25;
        out[i] = hit ? (char)(s.p[i] ^ 0x20) : s.p[i];
    }
    arg->as.s = out;
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_trim(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    struct tb_str s = tb_expr_str(arg);
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s = (struct tb_str){s.p + 1, s.n - 1};
    while (s.n && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
        s.n--;
    arg[0] = tb_expr_of_str(s);
    return TB_EXPR_OK;
}

/* Byte offset of code point number want; false when the string is shorter. */
static bool byte_of(struct tb_str s, int64_t want, uint32_t *at)
{
    if (want < 0 || want > s.n)
        return false;
    *at = 0;
    for (; want > 0; want--) {
        if (*at >= s.n)
            return false;
        do
            ++*at;
        while (*at < s.n && !is_start(s.p[*at]));
    }
    return true;
}

static enum tb_expr_code fn_substring(struct tb_expr_vm *vm, struct tb_expr_value *arg,
                                      uint32_t argc, int which)
{
    (void)vm;
    (void)which;
    struct tb_str s = tb_expr_str(&arg[0]);
    uint32_t from;
    uint32_t to = s.n;
    if (!byte_of(s, arg[1].as.i, &from) || (argc == 3 && !byte_of(s, arg[2].as.i, &to)) || to < from)
        return TB_EXPR_INDEX;
    arg[0] = tb_expr_of_str((struct tb_str){s.p + from, to - from});
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_int(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    int64_t v = arg->as.i;
    if (arg->kind == TB_EXPR_STRING) {
        if (!tb_str_to_i64(tb_expr_str(arg), &v))
            return TB_EXPR_CONVERSION;
    } else if (arg->kind == TB_EXPR_DECIMAL) {
        v = tb_expr_decimal_whole(tb_expr_decimal_from(arg), WHOLE_TRUNC);
    } else if (arg->kind == TB_EXPR_TIMESTAMP) {
        /* seconds since 1970, the earlier whole one */
        v = tb_expr_decimal_whole((struct tb_expr_decimal){v, 3}, WHOLE_FLOOR);
    }
    arg[0] = tb_expr_of_int(v);
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_decimal(struct tb_expr_vm *vm, struct tb_expr_value *arg,
                                    uint32_t argc, int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    struct tb_expr_decimal d = {0};
    if (arg->kind != TB_EXPR_STRING)
        d = tb_expr_decimal_from(arg);
    else if (!tb_expr_decimal_parse(tb_expr_str(arg), &d))
        return TB_EXPR_CONVERSION;
    arg[0] = tb_expr_of_decimal(d.mantissa, d.scale);
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_string(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                   int which)
{
    (void)argc;
    (void)which;
    if (arg->kind == TB_EXPR_STRING)
        return TB_EXPR_OK;
    char text[48];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_expr_print(&b, arg);
    tb_assert(!b.overflowed);
    char *out = tb_expr_take(vm, b.n);
    if (out == NULL)
        return TB_EXPR_MEMORY;
    memcpy(out, text, b.n);
    arg[0] = tb_expr_of_str((struct tb_str){out, (uint32_t)b.n});
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_bool(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    static const char *const word[] = {"false", "true", "False", "True", "FALSE", "TRUE",
                                       "f",     "t",    "0",     "1"};
    if (arg->kind == TB_EXPR_BOOL)
        return TB_EXPR_OK;
    for (size_t i = 0; i < TB_COUNT_OF(word); i++) {
        if (tb_str_eq_c(tb_expr_str(arg), word[i])) {
            arg[0] = tb_expr_of_bool(i % 2 == 1);
            return TB_EXPR_OK;
        }
    }
    return TB_EXPR_CONVERSION;
}

static enum tb_expr_code fn_timestamp(struct tb_expr_vm *vm, struct tb_expr_value *arg,
                                      uint32_t argc, int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    int64_t ms = arg->as.i;
    if (arg->kind == TB_EXPR_STRING && !tb_expr_timestamp_parse(tb_expr_str(arg), &ms))
        return TB_EXPR_CONVERSION;
    if (arg->kind == TB_EXPR_INT && (!tb_mul(ms, 1000, &ms) ||
                                     !tb_expr_time_fits(TB_EXPR_TIMESTAMP, ms)))
        return TB_EXPR_OVERFLOW;
    arg[0] = tb_expr_of_time(ms);
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_duration(struct tb_expr_vm *vm, struct tb_expr_value *arg,
                                     uint32_t argc, int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    int64_t ms = arg->as.i;
    if (arg->kind == TB_EXPR_STRING && !tb_expr_duration_parse(tb_expr_str(arg), &ms))
        return TB_EXPR_CONVERSION;
    arg[0] = tb_expr_of_duration(ms);
    return TB_EXPR_OK;
}

enum { PICK_MIN, PICK_MAX };

static enum tb_expr_code fn_pick(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    struct tb_expr_value best = arg[0];
    uint32_t n = argc;
    if (argc == 1) {
        n = arg[0].n;
        if (n == 0)
            return TB_EXPR_INDEX; /* the smallest of nothing */
        best = tb_expr_element(&arg[0], 0);
    }
    for (uint32_t i = 1; i < n; i++) {
        struct tb_expr_value v = argc == 1 ? tb_expr_element(&arg[0], i) : arg[i];
        int c = tb_expr_compare(&v, &best);
        if (which == PICK_MIN ? c < 0 : c > 0)
            best = v;
    }
    arg[0] = best;
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_round(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                  int which)
{
    (void)vm;
    (void)argc;
    int64_t v = tb_expr_decimal_whole(tb_expr_decimal_from(arg), (enum tb_expr_to_whole)which);
    arg[0] = tb_expr_of_decimal(v, 0);
    return TB_EXPR_OK;
}

static enum tb_expr_code fn_abs(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                int which)
{
    (void)vm;
    (void)argc;
    (void)which;
    return arg->as.i >= 0 || tb_sub(0, arg->as.i, &arg->as.i) ? TB_EXPR_OK : TB_EXPR_OVERFLOW;
}

static enum tb_expr_code zone_offset(const struct tb_expr_run *run, struct tb_str name,
                                     int64_t utc_ms, int64_t *offset_ms)
{
    if (tb_str_eq_c(name, "UTC")) {
        *offset_ms = 0;
        return TB_EXPR_OK;
    }
    if (tb_expr_offset_parse(name, offset_ms))
        return TB_EXPR_OK;
    for (uint32_t i = 0; i < run->n_zones; i++) {
        if (tb_str_eq_c(name, run->zones[i]->name)) {
            *offset_ms = tb_zone_offset_ms(run->zones[i], utc_ms);
            return TB_EXPR_OK;
        }
    }
    return TB_EXPR_ZONE;
}

enum { GET_YEAR, GET_MONTH, GET_DATE, GET_DAY_OF_MONTH, GET_DAY_OF_WEEK, GET_DAY_OF_YEAR,
       GET_HOURS, GET_MINUTES, GET_SECONDS, GET_MS };

/* Month and day of month, week and year count from 0, getDate from 1, Sunday is 0. */
static int64_t date_part(int32_t days, int which)
{
    struct tb_date d = tb_date_from_days(days);
    switch (which) {
    case GET_YEAR:
        return d.year;
    case GET_MONTH:
        return d.month - 1;
    case GET_DATE:
        return d.day;
    case GET_DAY_OF_MONTH:
        return d.day - 1;
    case GET_DAY_OF_WEEK:
        return (tb_weekday(days) + 1) % 7;
    default:
        return days - tb_days_from_date((struct tb_date){d.year, 1, 1});
    }
}

static enum tb_expr_code fn_get(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                int which)
{
    const struct tb_expr_run *run = vm->run;
    int64_t utc = arg[0].as.i;
    int64_t offset = 0;
    if (argc == 2) {
        enum tb_expr_code code = zone_offset(run, tb_expr_str(&arg[1]), utc, &offset);
        if (code != TB_EXPR_OK)
            return code;
    } else if (run->zone) {
        offset = tb_zone_offset_ms(run->zone, utc);
    }
    int64_t local = utc + offset;
    int64_t days = local / TB_DAY_MS - (local % TB_DAY_MS < 0);
    int64_t left = local - days * TB_DAY_MS;
    int64_t v;
    if (which < GET_HOURS)
        v = date_part((int32_t)days, which);
    else if (which == GET_HOURS)
        v = left / TB_HOUR_MS;
    else if (which == GET_MINUTES)
        v = left / TB_MINUTE_MS % 60;
    else if (which == GET_SECONDS)
        v = left / TB_SECOND_MS % 60;
    else
        v = left % 1000;
    arg[0] = tb_expr_of_int(v);
    return TB_EXPR_OK;
}

/* Whole hours, minutes, seconds of a duration; the milliseconds past its seconds. */
static enum tb_expr_code fn_span(struct tb_expr_vm *vm, struct tb_expr_value *arg, uint32_t argc,
                                 int which)
{
    (void)vm;
    (void)argc;
    int64_t ms = arg->as.i;
    int64_t v = which == GET_HOURS     ? ms / TB_HOUR_MS
                : which == GET_MINUTES ? ms / TB_MINUTE_MS
                : which == GET_SECONDS ? ms / TB_SECOND_MS
                                       : ms % 1000;
    arg[0] = tb_expr_of_int(v);
    return TB_EXPR_OK;
}

#define BOOL TB_EXPR_BOOL
#define INT TB_EXPR_INT
#define DEC TB_EXPR_DECIMAL
#define STR TB_EXPR_STRING
#define TIME TB_EXPR_TIMESTAMP
#define DUR TB_EXPR_DURATION
#define LIST TB_EXPR_LIST_OF
#define MAP TB_EXPR_MAP_OF
#define GETTER(name, which)                                                                    \
    {name, STYLE_MEMBER, 1, which, false, 0, INT, {TIME}, fn_get},                             \
    {name, STYLE_MEMBER, 2, which, true, 0, INT, {TIME, STR}, fn_get}
#define PICK(name, which, t)                                                                   \
    {name, STYLE_GLOBAL, 2, which, false, 0, t, {t, t}, fn_pick},                              \
    {name, STYLE_GLOBAL, 1, which, true, 0, t, {LIST(t)}, fn_pick}
#define WHOLE(name, which) {name, STYLE_GLOBAL, 1, which, false, 0, DEC, {DEC}, fn_round}

static const struct tb_expr_builtin row[] = {
    {"size", STYLE_BOTH, 1, 0, true, 0, INT, {STR}, fn_size},
    {"size", STYLE_BOTH, 1, 0, false, 0, INT, {LIST(TB_EXPR_ANY)}, fn_size},
    {"size", STYLE_BOTH, 1, 0, false, 0, INT, {MAP(TB_EXPR_ANY)}, fn_size},
    {"contains", STYLE_MEMBER, 2, FIND_CONTAINS, true, 0, BOOL, {STR, STR}, fn_find},
    {"startsWith", STYLE_MEMBER, 2, FIND_STARTS, true, 0, BOOL, {STR, STR}, fn_find},
    {"endsWith", STYLE_MEMBER, 2, FIND_ENDS, true, 0, BOOL, {STR, STR}, fn_find},
    {"indexOf", STYLE_MEMBER, 2, FIND_INDEX, true, 0, INT, {STR, STR}, fn_find},
    {"lowerAscii", STYLE_MEMBER, 1, CASE_LOWER, true, 0, STR, {STR}, fn_case},
    {"upperAscii", STYLE_MEMBER, 1, CASE_UPPER, true, 0, STR, {STR}, fn_case},
    {"trim", STYLE_MEMBER, 1, 0, true, 0, STR, {STR}, fn_trim},
    {"substring", STYLE_MEMBER, 2, 0, true, 0, STR, {STR, INT}, fn_substring},
    {"substring", STYLE_MEMBER, 3, 0, true, 0, STR, {STR, INT, INT}, fn_substring},
    {"int", STYLE_GLOBAL, 1, 0, false, 0, INT, {INT}, fn_int},
    {"int", STYLE_GLOBAL, 1, 0, false, 0, INT, {DEC}, fn_int},
    {"int", STYLE_GLOBAL, 1, 0, true, 0, INT, {STR}, fn_int},
    {"int", STYLE_GLOBAL, 1, 0, false, 0, INT, {TIME}, fn_int},
    {"decimal", STYLE_GLOBAL, 1, 0, false, 0, DEC, {DEC}, fn_decimal},
    {"decimal", STYLE_GLOBAL, 1, 0, true, 0, DEC, {STR}, fn_decimal},
    {"string", STYLE_GLOBAL, 1, 0, false, 0, STR, {STR}, fn_string},
    {"string", STYLE_GLOBAL, 1, 0, false, 48, STR, {BOOL}, fn_string},
    {"string", STYLE_GLOBAL, 1, 0, false, 48, STR, {INT}, fn_string},
    {"string", STYLE_GLOBAL, 1, 0, false, 48, STR, {DEC}, fn_string},
    {"string", STYLE_GLOBAL, 1, 0, false, 48, STR, {TIME}, fn_string},
    {"string", STYLE_GLOBAL, 1, 0, false, 48, STR, {DUR}, fn_string},
    {"bool", STYLE_GLOBAL, 1, 0, false, 0, BOOL, {BOOL}, fn_bool},
    {"bool", STYLE_GLOBAL, 1, 0, true, 0, BOOL, {STR}, fn_bool},
    {"timestamp", STYLE_GLOBAL, 1, 0, true, 0, TIME, {STR}, fn_timestamp},
    {"timestamp", STYLE_GLOBAL, 1, 0, false, 0, TIME, {TIME}, fn_timestamp},
    {"timestamp", STYLE_GLOBAL, 1, 0, false, 0, TIME, {INT}, fn_timestamp},
    {"duration", STYLE_GLOBAL, 1, 0, true, 0, DUR, {STR}, fn_duration},
    {"duration", STYLE_GLOBAL, 1, 0, false, 0, DUR, {DUR}, fn_duration},
    PICK("min", PICK_MIN, INT),
    PICK("min", PICK_MIN, DEC),
    PICK("min", PICK_MIN, TIME),
    PICK("min", PICK_MIN, DUR),
    PICK("max", PICK_MAX, INT),
    PICK("max", PICK_MAX, DEC),
    PICK("max", PICK_MAX, TIME),
    PICK("max", PICK_MAX, DUR),
    WHOLE("math.round", WHOLE_ROUND),
    WHOLE("math.floor", WHOLE_FLOOR),
    WHOLE("math.ceil", WHOLE_CEIL),
    WHOLE("math.trunc", WHOLE_TRUNC),
    {"math.abs", STYLE_GLOBAL, 1, 0, false, 0, INT, {INT}, fn_abs},
    {"math.abs", STYLE_GLOBAL, 1, 0, false, 0, DEC, {DEC}, fn_abs},
    GETTER("getFullYear", GET_YEAR),
    GETTER("getMonth", GET_MONTH),
    GETTER("getDate", GET_DATE),
    GETTER("getDayOfMonth", GET_DAY_OF_MONTH),
    GETTER("getDayOfWeek", GET_DAY_OF_WEEK),
    GETTER("getDayOfYear", GET_DAY_OF_YEAR),
    GETTER("getHours", GET_HOURS),
    GETTER("getMinutes", GET_MINUTES),
    GETTER("getSeconds", GET_SECONDS),
    GETTER("getMilliseconds", GET_MS),
    {"getHours", STYLE_MEMBER, 1, GET_HOURS, false, 0, INT, {DUR}, fn_span},
    {"getMinutes", STYLE_MEMBER, 1, GET_MINUTES, false, 0, INT, {DUR}, fn_span},
    {"getSeconds", STYLE_MEMBER, 1, GET_SECONDS, false, 0, INT, {DUR}, fn_span},
    {"getMilliseconds", STYLE_MEMBER, 1, GET_MS, false, 0, INT, {DUR}, fn_span},
};

const struct tb_expr_builtin *tb_expr_builtin_at(uint32_t i)
{
    tb_assert(i < TB_COUNT_OF(row));
    return &row[i];
}

uint32_t tb_expr_builtin_count(void)
{
    return (uint32_t)TB_COUNT_OF(row);
}

static bool takes(const struct tb_expr_builtin *b, const tb_expr_type *type, bool promote)
{
    for (uint32_t i = 0; i < b->argc; i++) {
        tb_expr_type joined;
        bool fits = tb_expr_unify(type[i], b->arg[i], &joined);
        /* ANY in the row takes everything; ANY in the argument only an empty list's */
        if (!fits && !(promote && type[i] == TB_EXPR_INT && b->arg[i] == TB_EXPR_DECIMAL))
            return false;
    }
    return true;
}

int tb_expr_builtin_find(struct tb_str name, enum tb_expr_style style, const tb_expr_type *type,
                         uint32_t argc, bool *named)
{
    *named = false;
    int promoted = -1;
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++) {
        if (!(row[i].style & style) || !tb_str_eq_c(name, row[i].name))
            continue;
        *named = true;
        if (row[i].argc != argc)
            continue;
        if (takes(&row[i], type, false))
            return (int)i;
        if (promoted < 0 && takes(&row[i], type, true))
            promoted = (int)i;
    }
    return promoted;
}
