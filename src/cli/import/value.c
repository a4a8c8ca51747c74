// SPDX-License-Identifier: Apache-2.0
/* Templates, conditions, decimals, times. See value.h. */
#include "cli/import/value.h"

#include <string.h>

#include "base/num.h"

#define TEMPLATE_BYTES_MAX 4096u

/* UINT32_MAX when there are too many. */
static uint32_t slot_of(struct tb_slots *s, struct tb_str name)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (tb_str_eq(s->name[i], name))
            return i;
    if (s->n == TB_SLOTS_MAX)
        return UINT32_MAX;
    s->name[s->n] = name;
    return s->n++;
}

/* ---- templates ----------------------------------------------------------------------------- */

static bool compile_column(struct tb_str name, struct tb_slots *slots, struct tb_template_piece *to)
{
    if (tb_str_eq_c(name, "#row"))
        to->slot = TB_PIECE_ROW;
    else if (tb_str_eq_c(name, "#line"))
        to->slot = TB_PIECE_LINE;
    else
        to->slot = slot_of(slots, name);
    return name.n > 0 && to->slot != UINT32_MAX;
}

bool tb_template_compile(struct tb_str text, struct tb_slots *slots, struct tb_arena *a,
                         struct tb_template *out)
{
    uint32_t pieces = 1;
    for (uint32_t i = 0; i < text.n; i++)
        pieces += text.p[i] == '{' ? 2 : 0;
    struct tb_template_piece *piece = TB_NEW_ARRAY(a, struct tb_template_piece, pieces);
    if (piece == NULL)
        return false;
    uint32_t n = 0;
    for (uint32_t at = 0; at < text.n;) {
        const char *open = memchr(text.p + at, '{', text.n - at);
        uint32_t start = open ? (uint32_t)(open - text.p) : text.n;
        if (start > at)
            piece[n++] = (struct tb_template_piece){.slot = TB_PIECE_TEXT, .text = {text.p + at, start - at}};
        if (open == NULL)
            break;
        const char *close = memchr(open, '}', text.n - start);
        if (close == NULL ||
            !compile_column((struct tb_str){open + 1, (uint32_t)(close - open - 1)}, slots, &piece[n]))
            return false;
        n++;
        at = (uint32_t)(close - text.p) + 1;
    }
    *out = (struct tb_template){.piece = piece, .n = n};
    return true;
}

struct tb_str tb_template_fill(const struct tb_template *t, const struct tb_row *row, struct tb_arena *a)
{
    if (t->n == 0)
        return (struct tb_str){"", 0};
    if (t->n == 1 && t->piece[0].slot == TB_PIECE_TEXT)
        return t->piece[0].text;
    if (t->n == 1 && t->piece[0].slot < TB_SLOTS_MAX)
        return row->slot[t->piece[0].slot];
    uint32_t room = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tb_template_piece *p = &t->piece[i];
        room += p->slot < TB_SLOTS_MAX ? row->slot[p->slot].n : p->slot == TB_PIECE_TEXT ? p->text.n : 20;
    }
    struct tb_buf b;
    char *region = tb_arena_alloc(a, room + 1);
    if (region == NULL || room > TEMPLATE_BYTES_MAX)
        return TB_STR_NONE;
    tb_buf_init(&b, region, room + 1);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tb_template_piece *p = &t->piece[i];
        if (p->slot == TB_PIECE_TEXT)
            tb_buf_str(&b, p->text);
        else if (p->slot < TB_SLOTS_MAX)
            tb_buf_str(&b, row->slot[p->slot]);
        else
            tb_buf_i64(&b, (int64_t)(p->slot == TB_PIECE_ROW ? row->number : row->line));
    }
    return tb_buf_as_str(&b);
}

/* ---- decimals and conditions ----------------------------------------------------------------- */

static struct tb_str trim(struct tb_str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool tb_decimal_micro(struct tb_str s, int64_t *micro)
{
    s = trim(s);
    bool minus = s.n > 0 && s.p[0] == '-';
    uint32_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
    int64_t v = 0;
    uint32_t digits = 0;
    uint32_t decimals = 0;
    bool point = false;
    for (; at < s.n; at++) {
        if (s.p[at] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[at] < '0' || s.p[at] > '9')
            return false;
        digits++;
        if (decimals == 6) {
            if (s.p[at] != '0')
                return false;
            continue;
        }
        decimals += point;
        if (!tb_mul(v, 10, &v) || !tb_add(v, s.p[at] - '0', &v))
            return false;
    }
    for (; decimals < 6; decimals++)
        if (!tb_mul(v, 10, &v))
            return false;
    *micro = minus ? -v : v;
    return digits > 0;
}

static bool holds(const struct tb_condition *c, struct tb_str v)
{
    int64_t micro;
    switch (c->test) {
    case TB_TEST_EMPTY:
        return trim(v).n == 0;
    case TB_TEST_EQUALS:
        return tb_str_eq(v, c->text);
    case TB_TEST_STARTS:
        return tb_str_starts(v, c->text);
    case TB_TEST_BELOW:
        return tb_decimal_micro(v, &micro) && micro < c->micro;
    case TB_TEST_ABOVE:
        return tb_decimal_micro(v, &micro) && micro > c->micro;
    case TB_TEST_NUMBER:
        return tb_decimal_micro(v, &micro);
    }
    return false;
}

bool tb_conditions_hold(const struct tb_condition *c, uint32_t n, const struct tb_row *row,
                        struct tb_arena *a)
{
    for (uint32_t i = 0; i < n; i++)
        if (holds(&c[i], tb_template_fill(&c[i].value, row, a)) == c[i].no)
            return false;
    return true;
}

/* ---- times ------------------------------------------------------------------------------------- */

/* A number of up to `most` digits at *at. */
static bool number_at(struct tb_str s, uint32_t *at, uint32_t most, int32_t *out)
{
    uint32_t start = *at;
    *out = 0;
    while (*at < s.n && *at - start < most && s.p[*at] >= '0' && s.p[*at] <= '9')
        *out = *out * 10 + (s.p[(*at)++] - '0');
    return *at > start;
}

struct wall {
    struct tb_date date;
    int32_t hour;
    int32_t minute;
    int32_t second;
};

static int32_t *wall_field(struct wall *w, char letter, uint32_t *most)
{
    *most = letter == 'Y' ? 4 : 2;
    switch (letter) {
    case 'Y':
        return &w->date.year;
    case 'm':
        return &w->date.month;
    case 'd':
        return &w->date.day;
    case 'H':
        return &w->hour;
    case 'M':
        return &w->minute;
    case 'S':
        return &w->second;
    default:
        return NULL;
    }
}

static bool read_wall(struct tb_str s, struct tb_str format, struct wall *w)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < format.n; i++) {
        if (format.p[i] == '%' && i + 1 < format.n && format.p[i + 1] != '%') {
            uint32_t most;
            int32_t *field = wall_field(w, format.p[++i], &most);
            if (field == NULL || !number_at(s, &at, most, field))
                return false;
            continue;
        }
        i += format.p[i] == '%';
        if (i >= format.n || at >= s.n || s.p[at++] != format.p[i])
            return false;
    }
    return at == s.n && tb_date_valid(w->date) && w->hour < 24 && w->minute < 60 && w->second < 60;
}

bool tb_time_fill(const struct tb_time_spec *t, const struct tb_row *row, struct tb_arena *a,
                  int64_t *utc_ms)
{
    struct tb_str s = trim(tb_template_fill(&t->value, row, a));
    int64_t number;
    if (t->unit_ms > 0)
        return tb_decimal_micro(s, &number) && tb_mul_div(number, t->unit_ms, 1000000, TB_ROUND_DOWN, utc_ms) &&
               tb_add(*utc_ms, t->from_ms, utc_ms) && *utc_ms >= TB_MS_MIN && *utc_ms <= TB_MS_MAX;
    if (t->format.n == 0)
        return tb_time_parse(s, utc_ms);
    struct wall w = {.date = {.month = 1, .day = 1}};
    if (!read_wall(s, t->format, &w) || w.date.year < 1900 || w.date.year > 2199)
        return false;
    int64_t local = (int64_t)tb_days_from_date(w.date) * TB_DAY_MS + w.hour * TB_HOUR_MS +
                    w.minute * TB_MINUTE_MS + w.second * TB_SECOND_MS;
    *utc_ms = tb_zone_to_utc_ms(t->zone, local);
    return true;
}
