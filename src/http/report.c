// SPDX-License-Identifier: Apache-2.0
#include "http/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "border/zone.h"

#define SQL_BYTES 4096u
#define OFFSET_MAX 100000

/* ---- rows ------------------------------------------------------------------------------------- */

static void on_names(void *user, const char *const *name, uint32_t n)
{
    struct tb_report *r = user;
    tb_assert(n <= TB_REPORT_COLUMNS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const char *dollar = strchr(name[i], '$');
        size_t len = dollar ? (size_t)(dollar - name[i]) : strlen(name[i]);
        tb_assert(len < sizeof r->name[i]);
        memcpy(r->name[i], name[i], len);
        r->name[i][len] = 0;
        r->type[i] = dollar ? dollar[1] : 'n';
    }
}

/* The caller of an Entry that the state shows as "\x" and hex digits. */
static int64_t actor_of(struct tb_str hex)
{
    uint8_t head[128];
    uint32_t n = 0;
    for (uint32_t i = 2; i + 1 < hex.n && n < sizeof head; i += 2) {
        int hi = hex.p[i] <= '9' ? hex.p[i] - '0' : (hex.p[i] | 32) - 'a' + 10;
        int lo = hex.p[i + 1] <= '9' ? hex.p[i + 1] - '0' : (hex.p[i + 1] | 32) - 'a' + 10;
        head[n++] = (uint8_t)(hi * 16 + lo);
    }
    struct tb_wire w = tb_wire_of((struct tb_str){(const char *)head, n});
    while (tb_wire_step(&w) && w.field < 15)
        if (w.field == 8)
            return (int64_t)w.v;
    return 0;
}

static void out_id(struct tb_report *r, enum tb_id_kind kind, int64_t number)
{
    char id[TB_ID_BYTES];
    if (number <= 0) {
        tb_json_out_null(&r->o);
        return;
    }
    tb_id_print(&r->app->hash_key, kind, r->tenant, (uint64_t)number, id);
    tb_json_out_str(&r->o, (struct tb_str){id, sizeof id});
}

static void out_value(struct tb_report *r, char type, const struct tb_value *v)
{
    struct tb_json_out *o = &r->o;
    switch (type) {
    case 's':
        tb_json_out_str(o, v->str);
        break;
    case 'j':
        tb_json_out_raw(o, v->str);
        break;
    case 't':
        tb_json_out_time(o, v->i64);
        break;
    case 'd':
        tb_json_out_date(o, (int32_t)v->i64);
        break;
    case 'b':
        tb_json_out_bool(o, v->i64 != 0);
        break;
    case 'm':
        out_id(r, TB_ID_MEMBER, v->i64);
        break;
    case 'o':
        out_id(r, TB_ID_ORDER, v->i64);
        break;
    case 'c':
        tb_json_out_str(o, tb_str_of(tb_op_name((uint32_t)v->i64) ? tb_op_name((uint32_t)v->i64) : "other"));
        break;
    case 'a':
        tb_json_out_i64(o, actor_of(v->str));
        break;
    default:
        tb_json_out_i64(o, v->i64);
        break;
    }
}

int64_t tb_report_number(const struct tb_value *v)
{
    int64_t number;
    return v->null ? 0 : tb_str_to_i64(v->str, &number) ? number : v->i64;
}

static void keep(struct tb_report *r, const struct tb_value *v)
{
    if (r->kept == NULL)
        return;
    tb_assert(r->kept_n < r->kept_max);
    r->kept[r->kept_n++] = tb_report_number(v);
}

static bool on_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_report *r = user;
    if (!r->one)
        tb_json_out_open(&r->o, '{');
    for (uint32_t i = 0; i < n; i++) {
        struct tb_value one = v[i];
        if (r->type[i] == 'k') {
            keep(r, &one);
            continue;
        }
        if (one.null || r->name[i][0] == 0)
            continue;
        one.i64 = r->type[i] != 's' && r->type[i] != 'a' ? tb_report_number(&one) : one.i64;
        tb_json_out_key(&r->o, r->name[i]);
        out_value(r, r->type[i], &one);
    }
    if (!r->one)
        tb_json_out_close(&r->o, '}');
    return !r->b.overflowed;
}

static void no_names(void *user, const char *const *name, uint32_t n)
{
    (void)user;
    (void)name;
    (void)n;
}

static void TB_PRINTF(5, 0) ask(struct tb_report *r, tb_head_fn head, tb_row_fn row, void *user, const char *fmt,
                                va_list args)
{
    char sql[SQL_BYTES];
    int n = vsnprintf(sql, sizeof sql, fmt, args);
    tb_assert(n > 0 && n < (int)sizeof sql);
    if (r->failed)
        return;
    const struct tb_state_ops *ops = r->app->o.state->ops;
    const struct tb_str text = {sql, (uint32_t)n};
    const uint32_t limit_ms = r->limit_ms ? r->limit_ms : TB_REPORT_QUERY_MS;
    r->failed = ops->query(r->reader, text, limit_ms, head, row, user, &r->fault) != TB_STATE_DONE;
}

void tb_report_each(struct tb_report *r, tb_row_fn fn, void *user, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    ask(r, no_names, fn, user, fmt, args);
    va_end(args);
}

void tb_report_rows(struct tb_report *r, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    tb_json_out_key_open(&r->o, key, '[');
    r->one = false;
    ask(r, on_names, on_row, r, fmt, args);
    tb_json_out_close(&r->o, ']');
    va_end(args);
}

void tb_report_columns(struct tb_report *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    r->one = true;
    ask(r, on_names, on_row, r, fmt, args);
    va_end(args);
}

/* ---- what the caller chooses ---------------------------------------------------------------------- */

void tb_report_quoted(struct tb_str code, char text[TB_CODE_MAX + 3])
{
    bool ok = code.n <= TB_CODE_MAX;
    for (uint32_t i = 0; ok && i < code.n; i++) {
        char c = code.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == ':' || c == '-';
    }
    (void)snprintf(text, TB_CODE_MAX + 3, "'%.*s'", ok ? (int)code.n : 0, ok ? code.p : "");
}

void tb_report_chosen(struct tb_report *r, const char *name, char text[TB_CODE_MAX + 3])
{
    struct tb_str code = tb_call_query_str(r->call, tb_str_of(name), TB_CODE_MAX);
    tb_report_quoted(code, text);
    if (code.n > 0 && text[1] == '\'')
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_INVALID_VALUE, name, NULL);
}

uint32_t tb_report_word(struct tb_report *r, const char *name, const char *const *words)
{
    struct tb_str s = tb_call_query_str(r->call, tb_str_of(name), 32);
    uint32_t i = 0;
    if (s.n == 0)
        return 0;
    while (words[i] != NULL && !tb_str_eq_c(s, words[i]))
        i++;
    if (words[i] != NULL)
        return i;
    tb_refusal_set(&r->call->refusal, TB_PROBLEM_NOT_AN_OPTION, name, NULL);
    return 0;
}

int32_t tb_report_date(struct tb_call *call, const char *name, int32_t fallback)
{
    struct tb_str s = tb_call_query_str(call, tb_str_of(name), 10);
    int32_t day = fallback;
    if (s.n > 0 && !tb_date_parse(s, &day))
        tb_refusal_set(&call->refusal, TB_PROBLEM_INVALID_VALUE, name, "A date, YYYY-MM-DD.");
    return day;
}

int64_t tb_report_after(struct tb_report *r)
{
    return tb_call_query_i64(r->call, TB_STR("after"), 0, OFFSET_MAX, 0);
}

int64_t tb_report_limit(struct tb_report *r)
{
    return tb_call_query_i64(r->call, TB_STR("limit"), 1, 200, 50);
}

struct zone_read {
    char name[40];
};

static bool on_zone(void *user, const struct tb_value *v, uint32_t n)
{
    struct zone_read *z = user;
    if (n == 1 && !v[0].null && v[0].str.n < sizeof z->name) {
        memcpy(z->name, v[0].str.p, v[0].str.n);
        z->name[v[0].str.n] = 0;
    }
    return false;
}

const struct tb_zone *tb_report_zone(struct tb_report *r)
{
    struct zone_read z = {.name = ""};
    const struct tb_zone *zone = NULL;
    tb_report_each(r, on_zone, &z, "SELECT zone FROM tenants WHERE tenant = %u", r->tenant);
    r->failed = r->failed || tb_zone_load(tb_str_of(z.name), &zone, &r->fault) != TB_ZONE_DONE;
    return zone;
}

int64_t tb_report_offset_ms(struct tb_report *r)
{
    struct zone_read z = {.name = "UTC"};
    const struct tb_zone *zone;
    tb_report_each(r, on_zone, &z, "SELECT zone FROM tenants WHERE tenant = %u", r->tenant);
    if (tb_zone_load(tb_str_of(z.name), &zone, &r->fault) != TB_ZONE_DONE)
        return 0;
    return tb_zone_offset_ms(zone, tb_now_ms());
}

void tb_report_as_of(struct tb_report *r)
{
    tb_report_columns(r, "SELECT at_ms AS \"as_of$t\" FROM published WHERE what = 1");
}

int64_t tb_report_day(int64_t offset_ms)
{
    return (tb_now_ms() + offset_ms) / TB_DAY_MS;
}
