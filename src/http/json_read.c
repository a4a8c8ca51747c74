// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/num.h"
#include "http/json.h"

#define NONE UINT32_MAX

/* ---- JSON pointers --------------------------------------------------------------- */

static void pointer_text(struct tb_buf *b, struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '~')
            tb_buf_put(b, "~0", 2);
        else if (s.p[i] == '/')
            tb_buf_put(b, "~1", 2);
        else
            tb_buf_byte(b, (uint8_t)s.p[i]);
    }
}

/* One step from container i towards target; returns the child that holds it. */
static uint32_t descend(const struct tb_json_doc *doc, uint32_t i, uint32_t target,
                        struct tb_buf *b)
{
    const struct tb_json_node *node = doc->node;
    bool object = node[i].kind == TB_JSON_OBJECT;
    uint32_t ordinal = 0;
    for (uint32_t c = i + 1; c < node[i].end; ordinal++) {
        uint32_t value = object ? c + 1 : c;
        if (target < node[value].end) {
            tb_buf_byte(b, '/');
            if (object)
                pointer_text(b, (struct tb_str){node[c].text, node[c].n});
            else
                tb_buf_i64(b, ordinal);
            return target == c ? target : value;
        }
        c = node[value].end;
    }
    return target;
}

static void finish_field(struct tb_buf *b, char *field, size_t cap)
{
    size_t n = b->n;
    if (b->overflowed) /* cut at a code point */
        while (n > 0 && ((uint8_t)field[n - 1] & 0x80))
            n--;
    tb_assert(n < cap);
    field[n] = 0;
}

static void path_to(const struct tb_json_doc *doc, uint32_t index, struct tb_buf *b)
{
    for (uint32_t i = 0; i != index && i < doc->n;)
        i = descend(doc, i, index, b);
}

void tb_json_path(const struct tb_json_doc *doc, uint32_t index, char *field, size_t cap)
{
    struct tb_buf b;
    tb_buf_init(&b, field, cap - 1);
    path_to(doc, index, &b);
    finish_field(&b, field, cap);
}

/* ---- Refusals ---------------------------------------------------------------------- */

static bool failed(const struct tb_json_read *r)
{
    return r->refusal->problem != TB_PROBLEM_NONE;
}

static void refuse_at(struct tb_json_read *r, uint32_t index, enum tb_problem p,
                      const char *detail)
{
    char field[TB_PROBLEM_FIELD_MAX];
    if (failed(r))
        return;
    tb_json_path(r->doc, index, field, sizeof field);
    tb_refusal_set(r->refusal, p, field, detail);
}

static void refuse_missing(struct tb_json_object *o, struct tb_str name)
{
    char field[TB_PROBLEM_FIELD_MAX];
    struct tb_buf b;
    if (failed(o->r))
        return;
    tb_buf_init(&b, field, sizeof field - 1);
    path_to(o->r->doc, o->index, &b);
    tb_buf_byte(&b, '/');
    pointer_text(&b, name);
    finish_field(&b, field, sizeof field);
    tb_refusal_set(o->r->refusal, TB_PROBLEM_MISSING_FIELD, field, NULL);
}

/* ---- Look-up ----------------------------------------------------------------------- */

static bool is_key(const struct tb_json_node *k, struct tb_str name)
{
    return k->n == name.n && memcmp(k->text, name.p, name.n) == 0;
}

/* Index of the key node, NONE when absent. Starts at the hint and wraps once. */
static uint32_t find_key(const struct tb_json_object *o, struct tb_str name)
{
    const struct tb_json_node *node = o->r->doc->node;
    uint32_t first = o->index + 1;
    uint32_t end = node[o->index].end;
    for (uint32_t k = o->hint; k < end; k = node[k + 1].end)
        if (is_key(&node[k], name))
            return k;
    for (uint32_t k = first; k < o->hint; k = node[k + 1].end)
        if (is_key(&node[k], name))
            return k;
    return NONE;
}

/* Takes the field: index of its value, NONE when absent or something was refused. */
static uint32_t take(struct tb_json_object *o, struct tb_str name)
{
    if (o->index == NONE || failed(o->r))
        return NONE;
    uint32_t k = find_key(o, name);
    if (k == NONE)
        return NONE;
    o->r->doc->node[k].taken = true;
    o->hint = o->r->doc->node[k + 1].end;
    return k + 1;
}

static uint32_t need(struct tb_json_object *o, struct tb_str name)
{
    uint32_t v = take(o, name);
    if (v == NONE && o->index != NONE)
        refuse_missing(o, name);
    return v;
}

static struct tb_json_object object_at(struct tb_json_read *r, uint32_t index)
{
    if (index == NONE)
        return (struct tb_json_object){.r = r, .index = NONE};
    if (r->doc->node[index].kind != TB_JSON_OBJECT) {
        refuse_at(r, index, TB_PROBLEM_WRONG_TYPE, "An object is expected.");
        return (struct tb_json_object){.r = r, .index = NONE};
    }
    return (struct tb_json_object){.r = r, .index = index, .hint = index + 1};
}

struct tb_json_object tb_json_root(struct tb_json_read *r)
{
    tb_assert(r->doc->n > 0);
    return object_at(r, failed(r) ? NONE : 0);
}

void tb_json_end(struct tb_json_object *o)
{
    if (o->index == NONE || failed(o->r))
        return;
    const struct tb_json_node *node = o->r->doc->node;
    for (uint32_t k = o->index + 1; k < node[o->index].end; k = node[k + 1].end)
        if (!node[k].taken) {
            refuse_at(o->r, k, TB_PROBLEM_UNKNOWN_FIELD, NULL);
            return;
        }
}

bool tb_json_has(struct tb_json_object *o, struct tb_str name)
{
    return o->index != NONE && !failed(o->r) && find_key(o, name) != NONE;
}

void tb_json_refuse(struct tb_json_object *o, struct tb_str name, enum tb_problem p,
                    const char *detail)
{
    if (o->index == NONE)
        return;
    uint32_t k = name.n ? find_key(o, name) : NONE;
    refuse_at(o->r, k == NONE ? o->index : k, p, detail);
}

/* ---- Values: each takes the index of a value node that exists ----------------------- */

static bool value_i64(struct tb_json_read *r, uint32_t v, int64_t min, int64_t max, int64_t *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind == TB_JSON_NUMBER) {
        bool huge = memchr(d->text, '.', d->n) == NULL && memchr(d->text, 'e', d->n) == NULL &&
                    memchr(d->text, 'E', d->n) == NULL;
        refuse_at(r, v, huge ? TB_PROBLEM_OUT_OF_RANGE : TB_PROBLEM_NOT_AN_INTEGER, NULL);
        return false;
    }
    if (d->kind != TB_JSON_INT) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "An integer is expected.");
        return false;
    }
    if (!tb_amount_ok(d->i) || d->i < min || d->i > max) {
        char detail[96];
        (void)snprintf(detail, sizeof detail, "Allowed: %lld to %lld.", (long long)min,
                       (long long)(max > TB_AMOUNT_MAX ? TB_AMOUNT_MAX : max));
        refuse_at(r, v, TB_PROBLEM_OUT_OF_RANGE, detail);
        return false;
    }
    *out = d->i;
    return true;
}

static uint32_t code_points(struct tb_str s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool value_str(struct tb_json_read *r, uint32_t v, uint32_t min, uint32_t max,
                      struct tb_str *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind != TB_JSON_STRING) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "A string is expected.");
        return false;
    }
    struct tb_str s = {d->text, d->n};
    /* Bytes bound code points from both sides; count only when they do not decide. */
    uint32_t n = s.n <= max && (s.n + 3) / 4 >= min ? min : code_points(s);
    if (n < min || n > max) {
        char detail[64];
        (void)snprintf(detail, sizeof detail, "Allowed: %u to %u characters.", min, max);
        refuse_at(r, v, n < min ? TB_PROBLEM_TOO_SHORT : TB_PROBLEM_TOO_LONG, detail);
        return false;
    }
    *out = s;
    return true;
}

static bool value_bool(struct tb_json_read *r, uint32_t v, bool *out)
{
    uint8_t kind = r->doc->node[v].kind;
    if (kind != TB_JSON_TRUE && kind != TB_JSON_FALSE) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "true or false is expected.");
        return false;
    }
    *out = kind == TB_JSON_TRUE;
    return true;
}

static bool value_time(struct tb_json_read *r, uint32_t v, int64_t *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind != TB_JSON_STRING) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "A string with an RFC 3339 time is expected.");
        return false;
    }
    int64_t t;
    if (!tb_time_parse((struct tb_str){d->text, d->n}, &t) || t < TB_MS_MIN || t > TB_MS_MAX) {
        refuse_at(r, v, TB_PROBLEM_INVALID_TIME, "Example: 2026-11-22T10:00:00+08:00");
        return false;
    }
    *out = t;
    return true;
}

static bool value_date(struct tb_json_read *r, uint32_t v, int32_t *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind != TB_JSON_STRING) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "A string with a date is expected.");
        return false;
    }
    if (!tb_date_parse((struct tb_str){d->text, d->n}, out)) {
        refuse_at(r, v, TB_PROBLEM_INVALID_VALUE, "A date is written 2026-11-22.");
        return false;
    }
    return true;
}

static bool value_enum(struct tb_json_read *r, uint32_t v, const char *const *option, uint32_t n,
                       uint32_t *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind != TB_JSON_STRING) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "A string is expected.");
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        if (tb_str_eq_c((struct tb_str){d->text, d->n}, option[i])) {
            *out = i;
            return true;
        }
    char detail[128];
    struct tb_buf b;
    tb_buf_init(&b, detail, sizeof detail - 1);
    tb_buf_c(&b, "Allowed:");
    for (uint32_t i = 0; i < n && !b.overflowed; i++)
        tb_buf_printf(&b, "%s %s", i ? "," : "", option[i]);
    detail[b.n] = 0;
    refuse_at(r, v, TB_PROBLEM_NOT_AN_OPTION, detail);
    return false;
}

static bool value_array(struct tb_json_read *r, uint32_t v, uint32_t min, uint32_t max,
                        struct tb_json_array *out)
{
    const struct tb_json_node *d = &r->doc->node[v];
    if (d->kind != TB_JSON_ARRAY) {
        refuse_at(r, v, TB_PROBLEM_WRONG_TYPE, "An array is expected.");
        return false;
    }
    if (d->n < min || d->n > max) {
        char detail[64];
        (void)snprintf(detail, sizeof detail, "Allowed: %u to %u elements.", min, max);
        refuse_at(r, v, d->n < min ? TB_PROBLEM_TOO_SHORT : TB_PROBLEM_TOO_LONG, detail);
        return false;
    }
    *out = (struct tb_json_array){.r = r, .index = v, .next = v + 1, .left = d->n, .n = d->n};
    return true;
}

/* ---- Fields ------------------------------------------------------------------------ */

int64_t tb_json_need_i64(struct tb_json_object *o, struct tb_str name, int64_t min, int64_t max)
{
    int64_t out = 0;
    uint32_t v = need(o, name);
    return v != NONE && value_i64(o->r, v, min, max, &out) ? out : 0;
}

bool tb_json_may_i64(struct tb_json_object *o, struct tb_str name, int64_t min, int64_t max,
                     int64_t *out)
{
    uint32_t v = take(o, name);
    return v != NONE && value_i64(o->r, v, min, max, out);
}

struct tb_str tb_json_need_str(struct tb_json_object *o, struct tb_str name, uint32_t min,
                               uint32_t max)
{
    struct tb_str out = TB_STR_NONE;
    uint32_t v = need(o, name);
    return v != NONE && value_str(o->r, v, min, max, &out) ? out : TB_STR_NONE;
}

bool tb_json_may_str(struct tb_json_object *o, struct tb_str name, uint32_t min, uint32_t max,
                     struct tb_str *out)
{
    uint32_t v = take(o, name);
    return v != NONE && value_str(o->r, v, min, max, out);
}

/* Of what has no bounds of its own: need gives the value, or 0; may leaves *out alone. */
#define FIELD(type, what)                                                                  \
    type tb_json_need_##what(struct tb_json_object *o, struct tb_str name)                 \
    {                                                                                      \
        type out = 0;                                                                      \
        uint32_t v = need(o, name);                                                        \
        return v != NONE && value_##what(o->r, v, &out) ? out : 0;                         \
    }                                                                                      \
    bool tb_json_may_##what(struct tb_json_object *o, struct tb_str name, type *out)       \
    {                                                                                      \
        uint32_t v = take(o, name);                                                        \
        return v != NONE && value_##what(o->r, v, out);                                    \
    }
FIELD(bool, bool)
FIELD(int64_t, time)
FIELD(int32_t, date)
#undef FIELD

uint32_t tb_json_need_enum(struct tb_json_object *o, struct tb_str name,
                           const char *const *option, uint32_t n)
{
    uint32_t out = 0;
    uint32_t v = need(o, name);
    return v != NONE && value_enum(o->r, v, option, n, &out) ? out : 0;
}

bool tb_json_may_enum(struct tb_json_object *o, struct tb_str name, const char *const *option,
                      uint32_t n, uint32_t *out)
{
    uint32_t v = take(o, name);
    return v != NONE && value_enum(o->r, v, option, n, out);
}

struct tb_json_object tb_json_need_object(struct tb_json_object *o, struct tb_str name)
{
    return object_at(o->r, need(o, name));
}

bool tb_json_may_object(struct tb_json_object *o, struct tb_str name, struct tb_json_object *out)
{
    *out = object_at(o->r, take(o, name));
    return out->index != NONE;
}

struct tb_json_array tb_json_need_array(struct tb_json_object *o, struct tb_str name,
                                        uint32_t min, uint32_t max)
{
    struct tb_json_array out = {.r = o->r, .index = NONE};
    uint32_t v = need(o, name);
    if (v != NONE)
        (void)value_array(o->r, v, min, max, &out);
    return out;
}

bool tb_json_may_array(struct tb_json_object *o, struct tb_str name, uint32_t min, uint32_t max,
                       struct tb_json_array *out)
{
    *out = (struct tb_json_array){.r = o->r, .index = NONE};
    uint32_t v = take(o, name);
    return v != NONE && value_array(o->r, v, min, max, out);
}

/* ---- Elements and members ------------------------------------------------------------ */

static uint32_t next_element(struct tb_json_array *a)
{
    if (a->left == 0 || a->index == NONE || failed(a->r))
        return NONE;
    uint32_t v = a->next;
    a->left--;
    a->next = a->r->doc->node[v].end;
    return v;
}

bool tb_json_next_object(struct tb_json_array *a, struct tb_json_object *out)
{
    *out = object_at(a->r, next_element(a));
    return out->index != NONE;
}

bool tb_json_next_str(struct tb_json_array *a, uint32_t min, uint32_t max, struct tb_str *out)
{
    uint32_t v = next_element(a);
    return v != NONE && value_str(a->r, v, min, max, out);
}

bool tb_json_next_i64(struct tb_json_array *a, int64_t min, int64_t max, int64_t *out)
{
    uint32_t v = next_element(a);
    return v != NONE && value_i64(a->r, v, min, max, out);
}

bool tb_json_next_member(struct tb_json_object *o, struct tb_str *key,
                         const struct tb_json_node **value)
{
    if (o->index == NONE || failed(o->r))
        return false;
    struct tb_json_node *node = o->r->doc->node;
    if (o->hint >= node[o->index].end)
        return false;
    uint32_t k = o->hint;
    node[k].taken = true;
    *key = (struct tb_str){node[k].text, node[k].n};
    *value = &node[k + 1];
    o->hint = node[k + 1].end;
    return true;
}
