// SPDX-License-Identifier: Apache-2.0
/* cli/config/compare.c - whether two objects say the same, by the schema of their operation. */
#include "cli/config/config.h"

#include <inttypes.h>
#include <string.h>

#include "base/civil.h"

/* Words and numbers that stand for themselves when they are left out, though they are not the first or 0. */
static const struct {
    const char *kind;
    const char *field;
    const char *word;
    int64_t number;
} defaults[] = {{"campaigns", "rounding", "half_up", 0},
                {"campaigns", "coupon_rule", "joint", 0},
                {"campaigns", "until_s", NULL, 86400},
                {"games", "at", NULL, 1}};

/* A field that is as another one of the same object when it is left out. */
static const struct {
    const char *kind;
    const char *field;
    const char *other;
} likes[] = {{"tier_schemes", "keep", "reach"}};

static const char *const sets[] = {"places", "prices", "limits", "times", "scope", "targets"};

/* ---- schemas --------------------------------------------------------------------------------------- */

static struct tb_place member(struct tb_place p, const char *name)
{
    return tb_place_member(p, tb_str_of(name));
}

/* What a "$ref" leads to. */
static struct tb_place resolve(const struct tb_conf *c, struct tb_place schema)
{
    static const char prefix[] = "#/components/schemas/";
    struct tb_str ref = tb_place_text(member(schema, "$ref"));
    if (ref.n < sizeof prefix)
        return schema;
    struct tb_str name = {ref.p + sizeof prefix - 1, ref.n - (uint32_t)(sizeof prefix - 1)};
    return tb_place_member(member(member(tb_tree_root(&c->api), "components"), "schemas"), name);
}

struct tb_place tb_conf_schema(const struct tb_conf *c, uint32_t kind)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/{code}", tb_conf_kinds[kind].path);
    struct tb_place put = member(member(member(tb_tree_root(&c->api), "paths"), path), "put");
    struct tb_place json = member(member(member(put, "requestBody"), "content"), "application/json");
    return resolve(c, member(json, "schema"));
}

static struct tb_place property(const struct tb_conf *c, struct tb_place schema, struct tb_str name)
{
    struct tb_place p = tb_place_member(member(schema, "properties"), name);
    if (!tb_place_is(p) || tb_str_eq_c(name, "expected_version"))
        return (struct tb_place){p.tree, TB_TREE_NONE};
    return resolve(c, p);
}

/* Members that apply itself understands. */
static bool is_own(uint32_t kind, struct tb_str name)
{
    bool campaign = strcmp(tb_conf_kinds[kind].name, "campaigns") == 0;
    return tb_str_eq_c(name, "code") ||
           (campaign && (tb_str_eq_c(name, "state") || tb_str_eq_c(name, "acknowledged")));
}

/* ---- defaults --------------------------------------------------------------------------------------- */

static bool is_exception(uint32_t kind, struct tb_str name, const struct tb_json_node *n)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(defaults); i++) {
        if (strcmp(defaults[i].kind, tb_conf_kinds[kind].name) != 0 || !tb_str_eq_c(name, defaults[i].field))
            continue;
        if (n->kind == TB_JSON_INT && defaults[i].word == NULL)
            return n->i == defaults[i].number;
        if (n->kind == TB_JSON_STRING && defaults[i].word != NULL)
            return tb_str_eq_c((struct tb_str){n->text, n->n}, defaults[i].word);
    }
    return false;
}

/* What a field says when it is left out. */
static bool is_default(uint32_t kind, struct tb_str name, struct tb_place schema, struct tb_place value)
{
    const struct tb_json_node *n = tb_place_node(value);
    struct tb_place words = member(schema, "enum");
    struct tb_place first = {words.tree, TB_TREE_NONE};
    struct tb_str key;
    switch ((enum tb_json_kind)n->kind) {
    case TB_JSON_NULL:
    case TB_JSON_FALSE:
        return true;
    case TB_JSON_INT:
        return n->i == 0 || is_exception(kind, name, n);
    case TB_JSON_ARRAY:
    case TB_JSON_OBJECT:
        return n->end == value.at + 1;
    case TB_JSON_STRING:
        if (n->n == 0 || is_exception(kind, name, n))
            return true;
        return tb_place_is(words) && tb_place_next(words, &key, &first) &&
               tb_str_eq(tb_place_text(first), tb_place_text(value));
    case TB_JSON_TRUE:
    case TB_JSON_NUMBER:
    case TB_JSON_KEY:
        break;
    }
    return false;
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

struct comparing {
    const struct tb_conf *c;
    uint32_t kind;
};

static bool same(const struct comparing *x, struct tb_str name, struct tb_place schema, struct tb_place a,
                 struct tb_place b, uint32_t depth);

/* Left out on one side, and on the other what it then stands for. */
static bool is_like(const struct comparing *x, struct tb_str name, struct tb_place a, struct tb_place b)
{
    struct tb_place with = tb_place_is(tb_place_member(a, name)) ? a : b;
    struct tb_place value = tb_place_member(with, name);
    if (!tb_place_is(value) || tb_place_is(tb_place_member(a, name)) == tb_place_is(tb_place_member(b, name)))
        return false;
    for (uint32_t i = 0; i < TB_COUNT_OF(likes); i++) {
        struct tb_place other = tb_place_member(with, tb_str_of(likes[i].other));
        if (strcmp(likes[i].kind, tb_conf_kinds[x->kind].name) == 0 && tb_str_eq_c(name, likes[i].field) &&
            tb_place_is(other) && tb_place_node(other)->i == tb_place_node(value)->i)
            return true;
    }
    return false;
}

/* Every field that the schema knows, whichever side has it. */
static bool same_object(const struct comparing *x, struct tb_place schema, struct tb_place a, struct tb_place b,
                        uint32_t depth)
{
    struct tb_place fields = member(schema, "properties");
    struct tb_place field = {fields.tree, TB_TREE_NONE};
    struct tb_str name;
    while (tb_place_is(fields) && tb_place_next(fields, &name, &field))
        if (!same(x, name, resolve(x->c, field), tb_place_member(a, name), tb_place_member(b, name), depth + 1) &&
            !is_like(x, name, a, b))
            return false;
    return true;
}

static bool is_set(struct tb_str name)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(sets); i++)
        if (tb_str_eq_c(name, sets[i]))
            return true;
    return false;
}

static bool has_equal(const struct comparing *x, struct tb_place items, struct tb_place list, struct tb_place one,
                      uint32_t depth)
{
    struct tb_place child = {list.tree, TB_TREE_NONE};
    struct tb_str key;
    while (tb_place_next(list, &key, &child))
        if (same(x, TB_STR_NONE, items, one, child, depth + 1))
            return true;
    return false;
}

static bool same_list(const struct comparing *x, struct tb_str name, struct tb_place schema, struct tb_place a,
                      struct tb_place b, uint32_t depth)
{
    struct tb_place items = resolve(x->c, member(schema, "items"));
    struct tb_place one = {a.tree, TB_TREE_NONE};
    struct tb_place other = {b.tree, TB_TREE_NONE};
    struct tb_str key;
    if (tb_place_node(a)->n != tb_place_node(b)->n)
        return false;
    while (tb_place_next(a, &key, &one)) {
        if (!is_set(name)) {
            if (!tb_place_next(b, &key, &other) || !same(x, TB_STR_NONE, items, one, other, depth + 1))
                return false;
        } else if (!has_equal(x, items, b, one, depth)) {
            return false;
        }
    }
    return true;
}

static bool same_text(struct tb_str a, struct tb_str b)
{
    int64_t at, other;
    if (tb_str_eq(a, b))
        return true;
    return a.n >= 19 && b.n >= 19 && tb_time_parse(a, &at) && tb_time_parse(b, &other) && at == other;
}

static bool same(const struct comparing *x, struct tb_str name, struct tb_place schema, struct tb_place a,
                 struct tb_place b, uint32_t depth)
{
    if (!tb_place_is(a) || !tb_place_is(b))
        return (!tb_place_is(a) || is_default(x->kind, name, schema, a)) &&
               (!tb_place_is(b) || is_default(x->kind, name, schema, b));
    const struct tb_json_node *m = tb_place_node(a);
    const struct tb_json_node *n = tb_place_node(b);
    if (m->kind != n->kind || depth > TB_TREE_DEPTH)
        return false;
    switch ((enum tb_json_kind)m->kind) {
    case TB_JSON_OBJECT:
        if (tb_place_is(member(schema, "properties")))
            return same_object(x, schema, a, b, depth);
        break;
    case TB_JSON_ARRAY:
        return same_list(x, name, schema, a, b, depth);
    case TB_JSON_INT:
        return m->i == n->i;
    case TB_JSON_STRING:
    case TB_JSON_NUMBER:
        return same_text((struct tb_str){m->text, m->n}, (struct tb_str){n->text, n->n});
    case TB_JSON_NULL:
    case TB_JSON_FALSE:
    case TB_JSON_TRUE:
    case TB_JSON_KEY:
        return true;
    }
    /* free-form: as it is written */
    char left[8192], right[8192];
    struct tb_buf l, r;
    struct tb_json_out o;
    tb_buf_init(&l, left, sizeof left);
    tb_buf_init(&r, right, sizeof right);
    tb_json_out_init(&o, &l);
    tb_place_write(a, &o);
    tb_json_out_init(&o, &r);
    tb_place_write(b, &o);
    return !l.overflowed && !r.overflowed && tb_str_eq(tb_buf_as_str(&l), tb_buf_as_str(&r));
}

/* ---- telling ------------------------------------------------------------------------------------------- */

static void print_value(FILE *out, struct tb_place p)
{
    char text[240];
    struct tb_buf b;
    struct tb_json_out o;
    if (!tb_place_is(p)) {
        fprintf(out, "(left out)");
        return;
    }
    tb_buf_init(&b, text, sizeof text);
    tb_json_out_init(&o, &b);
    tb_place_write(p, &o);
    uint32_t n = (uint32_t)b.n;
    while (b.overflowed && n > 0 && ((uint8_t)text[n - 1] & 0xC0) == 0x80)
        n--;
    fprintf(out, "%.*s%s", (int)n, text, b.overflowed ? " .." : "");
}

static void print_difference(FILE *out, struct tb_str name, struct tb_place now, struct tb_place wanted, bool fresh)
{
    if (out == NULL)
        return;
    fprintf(out, "      %.*s: ", TB_STR_ARG(name));
    if (!fresh) {
        print_value(out, now);
        fprintf(out, " -> ");
    }
    print_value(out, wanted);
    fprintf(out, "\n");
}

uint32_t tb_conf_compare(const struct tb_conf *c, const struct tb_conf_want *w, FILE *out)
{
    struct comparing x = {c, w->kind};
    struct tb_place schema = tb_conf_schema(c, w->kind);
    struct tb_place fields = member(schema, "properties");
    struct tb_place field = {fields.tree, TB_TREE_NONE};
    struct tb_place now = tb_tree_root(&w->now);
    struct tb_str name;
    uint32_t n = 0;
    while (tb_place_is(fields) && tb_place_next(fields, &name, &field)) {
        struct tb_place a = tb_place_member(now, name);
        struct tb_place b = tb_place_member(w->object, name);
        if (tb_str_eq_c(name, "expected_version"))
            continue;
        /* what is told as a number only (blocked values of a namespace) cannot be compared */
        bool told = tb_place_is(a) && tb_place_is(b) && tb_place_node(a)->kind == TB_JSON_INT &&
                    tb_place_node(b)->kind == TB_JSON_ARRAY;
        bool counted = tb_place_is(a) && !tb_place_is(b) && tb_place_node(a)->kind == TB_JSON_INT &&
                       tb_str_eq_c(tb_place_text(member(resolve(c, field), "type")), "array");
        if (told ? tb_place_node(a)->i == tb_place_node(b)->n
                 : counted || same(&x, name, resolve(c, field), a, b, 0))
            continue;
        print_difference(out, name, a, b, w->version == 0);
        n++;
    }
    return n;
}

struct tb_str tb_conf_unknown(const struct tb_conf *c, const struct tb_conf_want *w)
{
    struct tb_place schema = tb_conf_schema(c, w->kind);
    struct tb_place child = {w->object.tree, TB_TREE_NONE};
    struct tb_str name;
    while (tb_place_next(w->object, &name, &child))
        if (!is_own(w->kind, name) && !tb_place_is(property(c, schema, name)))
            return name;
    return TB_STR_NONE;
}

/* A value cut to what its schema knows: the server tells more of an object than it takes. */
static void write_known(const struct tb_conf *c, struct tb_place schema, struct tb_place value, struct tb_json_out *o,
                        uint32_t depth)
{
    struct tb_place child = {value.tree, TB_TREE_NONE};
    struct tb_str name;
    uint8_t kind = tb_place_node(value)->kind;
    bool object = kind == TB_JSON_OBJECT && tb_place_is(member(schema, "properties"));
    if ((!object && kind != TB_JSON_ARRAY) || depth > TB_TREE_DEPTH) {
        tb_place_write(value, o);
        return;
    }
    tb_json_out_open(o, object ? '{' : '[');
    while (tb_place_next(value, &name, &child)) {
        struct tb_place known = object ? property(c, schema, name) : resolve(c, member(schema, "items"));
        if (object && !tb_place_is(known))
            continue;
        if (object)
            tb_json_out_key_escaped(o, name);
        write_known(c, known, child, o, depth + 1);
    }
    tb_json_out_close(o, object ? '}' : ']');
}

void tb_conf_write(const struct tb_conf *c, uint32_t kind, struct tb_place object, struct tb_str code,
                   int64_t expected_version, bool with_state, struct tb_buf *out)
{
    struct tb_place schema = tb_conf_schema(c, kind);
    struct tb_place child = {object.tree, TB_TREE_NONE};
    struct tb_json_out o;
    struct tb_str name;
    tb_json_out_init(&o, out);
    tb_json_out_open(&o, '{');
    if (code.n > 0)
        tb_json_out_key_str(&o, "code", code);
    if (expected_version >= 0)
        tb_json_out_key_i64(&o, "expected_version", expected_version);
    while (tb_place_next(object, &name, &child)) {
        struct tb_place known = property(c, schema, name);
        bool state = with_state && tb_str_eq_c(name, "state");
        bool counted = tb_place_is(known) && tb_place_node(child)->kind == TB_JSON_INT &&
                       tb_str_eq_c(tb_place_text(member(known, "type")), "array");
        if ((!tb_place_is(known) && !state) || counted)
            continue;
        tb_json_out_key_escaped(&o, name);
        if (state)
            tb_place_write(child, &o);
        else
            write_known(c, known, child, &o, 0);
    }
    tb_json_out_close(&o, '}');
}
