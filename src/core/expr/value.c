// SPDX-License-Identifier: Apache-2.0
#include "core/expr/value.h"

struct tb_expr_value tb_expr_element(const struct tb_expr_value *list, uint32_t i)
{
    tb_assert(list->kind == TB_EXPR_LIST && i < list->n);
    return list->as.list ? list->as.list[i] : tb_expr_of_record(i);
}

const struct tb_expr_value *tb_expr_lookup(const struct tb_expr_value *map, struct tb_str key)
{
    tb_assert(map->kind == TB_EXPR_MAP);
    for (uint32_t i = 0; i < map->n; i++)
        if (tb_str_eq(map->as.map[i].key, key))
            return &map->as.map[i].value;
    return NULL;
}

static bool is_number(uint8_t kind)
{
    return kind == TB_EXPR_INT || kind == TB_EXPR_DECIMAL;
}

static bool equal(const struct tb_expr_value *a, const struct tb_expr_value *b, uint64_t *steps,
                  uint64_t limit, uint32_t depth);

static bool equal_lists(const struct tb_expr_value *a, const struct tb_expr_value *b,
                        uint64_t *steps, uint64_t limit, uint32_t depth)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        struct tb_expr_value x = tb_expr_element(a, i);
        struct tb_expr_value y = tb_expr_element(b, i);
        if (!equal(&x, &y, steps, limit, depth + 1))
            return false;
    }
    return true;
}

static bool equal_maps(const struct tb_expr_value *a, const struct tb_expr_value *b,
                       uint64_t *steps, uint64_t limit, uint32_t depth)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        *steps += TB_EXPR_KEYS_COST(b->n);
        if (*steps > limit)
            return false;
        const struct tb_expr_value *other = tb_expr_lookup(b, a->as.map[i].key);
        if (other == NULL || !equal(&a->as.map[i].value, other, steps, limit, depth + 1))
            return false;
    }
    return true;
}

static bool equal(const struct tb_expr_value *a, const struct tb_expr_value *b, uint64_t *steps,
                  uint64_t limit, uint32_t depth)
{
    tb_assert(depth < 8);
    if (++*steps > limit)
        return false;
    if (is_number(a->kind) && is_number(b->kind))
        return tb_expr_decimal_cmp(tb_expr_decimal_from(a), tb_expr_decimal_from(b)) == 0;
    if (a->kind != b->kind)
        return false;
    switch ((int)a->kind) {
    case TB_EXPR_NULL:
        return true;
    case TB_EXPR_BOOL:
        return a->as.b == b->as.b;
    case TB_EXPR_STRING:
        if (a->n != b->n)
            return false;
        *steps += TB_EXPR_BYTES_COST(a->n);
        return tb_str_eq(tb_expr_str(a), tb_expr_str(b));
    case TB_EXPR_LIST:
        return equal_lists(a, b, steps, limit, depth);
    case TB_EXPR_MAP:
        return equal_maps(a, b, steps, limit, depth);
    case TB_EXPR_RECORD:
        return a->as.record == b->as.record;
    default:
        return a->as.i == b->as.i;
    }
}

bool tb_expr_equal(const struct tb_expr_value *a, const struct tb_expr_value *b, uint64_t *steps,
                   uint64_t limit)
{
    return equal(a, b, steps, limit, 0);
}

int tb_expr_compare(const struct tb_expr_value *a, const struct tb_expr_value *b)
{
    if (is_number(a->kind) && is_number(b->kind))
        return tb_expr_decimal_cmp(tb_expr_decimal_from(a), tb_expr_decimal_from(b));
    tb_assert(a->kind == b->kind);
    if (a->kind == TB_EXPR_STRING)
        return tb_str_cmp(tb_expr_str(a), tb_expr_str(b));
    if (a->kind == TB_EXPR_BOOL)
        return a->as.b - b->as.b;
    tb_assert(a->kind == TB_EXPR_TIMESTAMP || a->kind == TB_EXPR_DURATION);
    return (a->as.i > b->as.i) - (a->as.i < b->as.i);
}

bool tb_expr_time_fits(uint8_t kind, int64_t ms)
{
    if (kind == TB_EXPR_TIMESTAMP)
        return ms >= TB_MS_MIN && ms <= TB_MS_MAX;
    tb_assert(kind == TB_EXPR_DURATION);
    return ms >= -TB_EXPR_DURATION_MAX_MS && ms <= TB_EXPR_DURATION_MAX_MS;
}

/* The unit at s.p[*at] in nanoseconds; 0 when there is none. Advances past it. */
static int64_t unit_ns(struct tb_str s, uint32_t *at)
{
    static const struct {
        struct tb_str text;
        int64_t ns;
    } unit[] = {{{"ms", 2}, 1000000},         {{"us", 2}, 1000},
                {{"ns", 2}, 1},               {{"h", 1}, INT64_C(3600000000000)},
                {{"m", 1}, INT64_C(60000000000)}, {{"s", 1}, 1000000000}};
    struct tb_str left = {s.p + *at, s.n - *at};
    for (size_t i = 0; i < TB_COUNT_OF(unit); i++) {
        if (tb_str_starts(left, unit[i].text)) {
            *at += unit[i].text.n;
            return unit[i].ns;
        }
    }
    return 0;
}

/* One "1.5h" at s.p[*at], in nanoseconds. */
static bool duration_part(struct tb_str s, uint32_t *at, __int128 *ns)
{
    int64_t v = 0;
    int64_t ten = 1;
    uint32_t digits = 0;
    bool point = false;
    for (; *at < s.n; ++*at) {
        char c = s.p[*at];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            if (++digits > 18)
                return false;
            v = v * 10 + (c - '0');
            ten *= point ? 10 : 1;
        } else {
            break;
        }
    }
    int64_t unit = digits && *at < s.n ? unit_ns(s, at) : 0;
    if (unit == 0 || (__int128)v * unit % ten != 0)
        return false;
    *ns += (__int128)v * unit / ten;
    return true;
}

bool tb_expr_duration_parse(struct tb_str s, int64_t *ms)
{
    uint32_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    bool negative = at && s.p[0] == '-';
    if (s.n - at == 1 && s.p[at] == '0') {
        *ms = 0;
        return true;
    }
    __int128 ns = 0;
    if (at == s.n || s.n > 64)
        return false;
    while (at < s.n)
        if (!duration_part(s, &at, &ns))
            return false;
    if (ns % 1000000 != 0 || ns / 1000000 > TB_EXPR_DURATION_MAX_MS)
        return false;
    *ms = (int64_t)(ns / 1000000) * (negative ? -1 : 1);
    return true;
}

void tb_expr_duration_print(struct tb_buf *b, int64_t ms)
{
    tb_expr_decimal_print(b, (struct tb_expr_decimal){ms, 3});
    tb_buf_byte(b, 's');
}

bool tb_expr_timestamp_parse(struct tb_str s, int64_t *ms)
{
    int64_t v;
    if (!tb_time_parse(s, &v) || !tb_expr_time_fits(TB_EXPR_TIMESTAMP, v))
        return false;
    *ms = v;
    return true;
}

bool tb_expr_offset_parse(struct tb_str s, int64_t *ms)
{
    bool sign = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-');
    if (s.n != 5u + sign || s.p[2 + sign] != ':')
        return false;
    int64_t part[2];
    for (int i = 0; i < 2; i++) {
        const char *p = s.p + sign + 3 * i;
        if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
            return false;
        part[i] = (p[0] - '0') * 10 + (p[1] - '0');
    }
    if (part[0] > 14 || part[1] > 59)
        return false;
    int64_t v = part[0] * TB_HOUR_MS + part[1] * TB_MINUTE_MS;
    *ms = sign && s.p[0] == '-' ? -v : v;
    return true;
}

bool tb_expr_unify(tb_expr_type a, tb_expr_type b, tb_expr_type *out)
{
    tb_expr_type joined = 0;
    for (uint32_t shift = 0; a != b; shift += 4, a >>= 4, b >>= 4) {
        enum tb_expr_kind ka = tb_expr_kind_of(a);
        enum tb_expr_kind kb = tb_expr_kind_of(b);
        if (ka == TB_EXPR_ANY || kb == TB_EXPR_ANY) {
            *out = joined | (ka == TB_EXPR_ANY ? b : a) << shift;
            return true;
        }
        if (ka != kb || (ka != TB_EXPR_LIST && ka != TB_EXPR_MAP))
            return false;
        joined |= (tb_expr_type)ka << shift;
        if (a >> 4 == b >> 4) {
            *out = joined | (a >> 4) << (shift + 4);
            return true;
        }
    }
    *out = joined | a;
    return true;
}

uint64_t tb_expr_equal_cost(tb_expr_type t, uint64_t size)
{
    uint64_t factor = 1;
    uint64_t sum = 0;
    for (;; t >>= 4, size = TB_EXPR_SIZE_DEFAULT) {
        sum += factor;
        enum tb_expr_kind k = tb_expr_kind_of(t);
        if (k == TB_EXPR_STRING)
            return sum + factor * TB_EXPR_BYTES_COST(size);
        if (k != TB_EXPR_LIST && k != TB_EXPR_MAP)
            return sum;
        if (k == TB_EXPR_MAP)
            sum += factor * size * TB_EXPR_KEYS_COST(size);
        /* a step of a nested comparison may repeat for every element outside it */
        factor *= size;
        if (factor > (UINT64_C(1) << 40))
            return UINT64_C(1) << 60;
    }
}

bool tb_expr_to_units(const struct tb_expr_value *v, enum tb_rounding mode, int64_t *out)
{
    tb_assert(v->kind == TB_EXPR_INT || v->kind == TB_EXPR_DECIMAL);
    struct tb_expr_decimal d = tb_expr_decimal_from(v);
    switch (mode) {
    case TB_ROUND_DOWN:
        *out = tb_expr_decimal_whole(d, WHOLE_FLOOR);
        break;
    case TB_ROUND_UP:
        *out = tb_expr_decimal_whole(d, WHOLE_CEIL);
        break;
    case TB_ROUND_HALF_UP:
        *out = tb_expr_decimal_whole(d, WHOLE_ROUND);
        break;
    case TB_ROUND_HALF_EVEN:
        *out = tb_expr_decimal_whole(d, WHOLE_EVEN);
        break;
    }
    return true;
}

bool tb_expr_to_scaled(const struct tb_expr_value *v, uint8_t digits, enum tb_rounding mode, int64_t *out)
{
    static const int64_t ten[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    tb_assert(v->kind == TB_EXPR_INT || v->kind == TB_EXPR_DECIMAL);
    uint8_t scale = v->kind == TB_EXPR_DECIMAL ? v->scale : 0;
    tb_assert(digits < TB_COUNT_OF(ten) && scale < TB_COUNT_OF(ten));
    return tb_mul_div(v->as.i, ten[digits], ten[scale], mode, out);
}
