// SPDX-License-Identifier: Apache-2.0
/* Reading a map file. See map.h. */
#include "cli/import/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "border/zone.h"
#include "core/person.h"

#define FILE_BYTES_MAX (1u << 20)
#define ARENA_BYTES (32u << 20)
#define NAME_MAX_CHARS 200u
#define RULES_MAX 64u
#define CONDITIONS_MAX 16u

void *tb_map_new(struct tb_map_reading *r, size_t n, size_t size)
{
    void *p = tb_arena_array(&r->map->arena, n ? n : 1, size);
    tb_assert(p != NULL); /* the arena holds any file of FILE_BYTES_MAX */
    return p;
}

static bool broken(const struct tb_map_reading *r)
{
    return r->read->refusal->problem != TB_PROBLEM_NONE;
}

static void refuse(struct tb_json_object *o, const char *name, const char *why)
{
    tb_json_refuse(o, tb_str_of(name), TB_PROBLEM_INVALID_VALUE, why);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static struct tb_template compile(struct tb_map_reading *r, struct tb_json_object *o, const char *name,
                                  struct tb_str text)
{
    struct tb_template t = {0};
    if (!broken(r) && !tb_template_compile(text, &r->map->slots, &r->map->arena, &t))
        refuse(o, name, "a template is text with columns in braces: \"{Invoice}\"; at most 128 columns");
    return t;
}

static struct tb_template may_template(struct tb_map_reading *r, struct tb_json_object *o, const char *name)
{
    struct tb_str text;
    if (!tb_json_may_str(o, tb_str_of(name), 1, NAME_MAX_CHARS, &text))
        return (struct tb_template){0};
    return compile(r, o, name, text);
}

static struct tb_template need_template(struct tb_map_reading *r, struct tb_json_object *o, const char *name)
{
    return compile(r, o, name, tb_json_need_str(o, tb_str_of(name), 1, NAME_MAX_CHARS));
}

static const struct {
    const char *name;
    enum tb_test test;
    bool no;
} text_test[] = {{"is", TB_TEST_EQUALS, false},       {"is_not", TB_TEST_EQUALS, true},
                 {"starts", TB_TEST_STARTS, false},   {"starts_not", TB_TEST_STARTS, true},
                 {"below", TB_TEST_BELOW, false},     {"not_below", TB_TEST_BELOW, true},
                 {"above", TB_TEST_ABOVE, false},     {"not_above", TB_TEST_ABOVE, true}};

static void read_condition(struct tb_map_reading *r, struct tb_json_object *o, struct tb_condition *c)
{
    struct tb_str text;
    bool yes;
    uint32_t tests = 0;
    c->value = need_template(r, o, "value");
    for (uint32_t i = 0; i < TB_COUNT_OF(text_test); i++) {
        if (!tb_json_may_str(o, tb_str_of(text_test[i].name), 0, NAME_MAX_CHARS, &text))
            continue;
        tests++;
        c->test = text_test[i].test;
        c->no = text_test[i].no;
        c->text = text;
        if ((c->test == TB_TEST_BELOW || c->test == TB_TEST_ABOVE) && !tb_decimal_micro(text, &c->micro))
            refuse(o, text_test[i].name, "a decimal as text is wanted");
    }
    if (tb_json_may_bool(o, TB_STR("empty"), &yes)) {
        tests++;
        c->test = TB_TEST_EMPTY;
        c->no = !yes;
    }
    if (tb_json_may_bool(o, TB_STR("number"), &yes)) {
        tests++;
        c->test = TB_TEST_NUMBER;
        c->no = !yes;
    }
    if (!broken(r) && tests != 1)
        refuse(o, "value", "a condition has exactly one test");
    tb_json_end(o);
}

static struct tb_condition *read_conditions(struct tb_map_reading *r, struct tb_json_object *o,
                                            const char *name, bool needed, uint32_t *n)
{
    struct tb_json_array list;
    *n = 0;
    if (needed)
        list = tb_json_need_array(o, tb_str_of(name), 1, CONDITIONS_MAX);
    else if (!tb_json_may_array(o, tb_str_of(name), 1, CONDITIONS_MAX, &list))
        return NULL;
    struct tb_condition *c = tb_map_new(r, CONDITIONS_MAX, sizeof *c);
    struct tb_json_object item;
    while (!broken(r) && tb_json_next_object(&list, &item))
        read_condition(r, &item, &c[(*n)++]);
    return c;
}

static struct tb_map_rule *read_rules(struct tb_map_reading *r, struct tb_json_object *o, const char *name,
                                      uint32_t *n)
{
    struct tb_json_array list;
    *n = 0;
    if (!tb_json_may_array(o, tb_str_of(name), 1, RULES_MAX, &list))
        return NULL;
    struct tb_map_rule *rule = tb_map_new(r, RULES_MAX, sizeof *rule);
    struct tb_json_object item;
    while (!broken(r) && tb_json_next_object(&list, &item)) {
        struct tb_map_rule *x = &rule[(*n)++];
        x->reason = tb_json_need_str(&item, TB_STR("reason"), 1, 64);
        for (uint32_t i = 0; i < x->reason.n; i++)
            if (!(x->reason.p[i] == '_' || (x->reason.p[i] >= 'a' && x->reason.p[i] <= 'z') ||
                  (x->reason.p[i] >= '0' && x->reason.p[i] <= '9')))
                refuse(&item, "reason", "a word of a-z, 0-9 and _");
        x->when = read_conditions(r, &item, "when", true, &x->when_n);
        tb_json_end(&item);
    }
    return rule;
}

static void read_zone(struct tb_json_object *o, struct tb_time_spec *t)
{
    struct tb_str name;
    struct tb_fault fault;
    t->zone = &tb_zone_utc;
    if (tb_json_may_str(o, TB_STR("zone"), 1, 39, &name) &&
        tb_zone_load(name, &t->zone, &fault) != TB_ZONE_DONE)
        refuse(o, "zone", "there is no such time zone");
}

/* "column" in RFC 3339, or {"value":..,"format":..,"zone":..}, or {"value":..,"unit":..,"from":..} */
static void read_time(struct tb_map_reading *r, struct tb_json_object *o, const char *name, bool needed,
                      struct tb_time_spec *t)
{
    static const char *const unit_name[] = {"millisecond", "second", "minute", "hour", "day"};
    static const int64_t unit_ms[] = {1, TB_SECOND_MS, TB_MINUTE_MS, TB_HOUR_MS, TB_DAY_MS};
    struct tb_json_object item;
    uint32_t unit;
    if (needed)
        item = tb_json_need_object(o, tb_str_of(name));
    else if (!tb_json_may_object(o, tb_str_of(name), &item))
        return;
    t->value = need_template(r, &item, "value");
    (void)tb_json_may_str(&item, TB_STR("format"), 1, 64, &t->format);
    read_zone(&item, t);
    if (tb_json_may_enum(&item, TB_STR("unit"), unit_name, TB_COUNT_OF(unit_name), &unit)) {
        t->unit_ms = unit_ms[unit];
        (void)tb_json_may_time(&item, TB_STR("from"), &t->from_ms);
    }
    tb_json_end(&item);
}

static void read_identifiers(struct tb_map_reading *r, struct tb_json_object *o, bool needed)
{
    struct tb_import_map *m = r->map;
    struct tb_json_array list;
    if (needed)
        list = tb_json_need_array(o, TB_STR("identifiers"), 1, TB_MAP_IDENTIFIERS_MAX);
    else if (!tb_json_may_array(o, TB_STR("identifiers"), 1, TB_MAP_IDENTIFIERS_MAX, &list))
        return;
    struct tb_json_object item;
    while (!broken(r) && tb_json_next_object(&list, &item)) {
        struct tb_map_identifier *x = &m->identifier[m->identifier_n++];
        x->ns = tb_json_need_str(&item, TB_STR("ns"), 1, 64);
        x->value = need_template(r, &item, "value");
        (void)tb_json_may_bool(&item, TB_STR("verified"), &x->verified);
        tb_json_end(&item);
    }
}

static void read_enrol(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_import_map *m = r->map;
    struct tb_json_object item;
    if (!tb_json_may_object(o, TB_STR("enrol"), &item))
        return;
    m->enrols = true;
    m->enrol_terms = (uint32_t)tb_json_need_i64(&item, TB_STR("terms_version"), 1, 1000000);
    m->enrol_when = read_conditions(r, &item, "when", false, &m->enrol_when_n);
    read_time(r, &item, "at", false, &m->enrol_at);
    tb_json_end(&item);
}

static void read_file(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const format[] = {"csv", "ndjson", "blanks"};
    struct tb_rows_spec *s = &r->map->rows;
    struct tb_json_object item = tb_json_need_object(o, TB_STR("file"));
    struct tb_str delimiter;
    struct tb_json_array list;
    s->format = (enum tb_rows_format)tb_json_need_enum(&item, TB_STR("format"), format, TB_COUNT_OF(format));
    if (tb_json_may_str(&item, TB_STR("delimiter"), 1, 1, &delimiter)) {
        s->delimiter = delimiter.n == 1 ? delimiter.p[0] : 0;
        if (s->format != TB_ROWS_CSV || s->delimiter == 0 || strchr(",;\t|", s->delimiter) == NULL)
            refuse(&item, "delimiter", "one of , ; | or a tab, with csv");
    }
    if (tb_json_may_array(&item, TB_STR("columns"), 1, TB_SLOTS_MAX, &list)) {
        struct tb_str *column = tb_map_new(r, TB_SLOTS_MAX, sizeof *column);
        while (!broken(r) && tb_json_next_str(&list, 1, NAME_MAX_CHARS, &column[s->column_n]))
            s->column_n++;
        s->column = column;
    }
    tb_json_end(&item);
}

/* ---- sections --------------------------------------------------------------------------------- */

static void read_line(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const rounding[] = {"down", "half_even", "half_up", "up"};
    struct tb_import_map *m = r->map;
    struct tb_json_object item = tb_json_need_object(o, TB_STR("line"));
    uint32_t mode = TB_ROUND_HALF_EVEN;
    m->sku = need_template(r, &item, "sku");
    m->quantity = may_template(r, &item, "quantity");
    m->price = may_template(r, &item, "price");
    m->net = may_template(r, &item, "net");
    (void)tb_json_may_enum(&item, TB_STR("rounding"), rounding, TB_COUNT_OF(rounding), &mode);
    m->rounding = (enum tb_rounding)mode;
    if (!broken(r) && (m->price.n > 0) == (m->net.n > 0))
        refuse(&item, "net", "a line has either price (of one) or net (of the line)");
    tb_json_end(&item);
}

static void read_orders(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_import_map *m = r->map;
    struct tb_json_object item;
    struct tb_str tender;
    int64_t window = 50000;
    m->key = need_template(r, o, "order");
    (void)tb_json_may_i64(o, TB_STR("group_window"), 0, 10000000, &window);
    m->group_window = (uint32_t)window;
    m->receipt = may_template(r, o, "receipt");
    m->till = may_template(r, o, "till");
    read_time(r, o, "occurred_at", true, &m->occurred);
    read_identifiers(r, o, false);
    m->store = may_template(r, o, "store");
    m->associate = may_template(r, o, "associate");
    m->touchpoint = may_template(r, o, "touchpoint");
    read_enrol(r, o);
    read_line(r, o);
    if (tb_json_may_str(o, TB_STR("tender"), 1, 32, &tender)) {
        while (m->tender < TB_TENDER_KINDS && !tb_str_eq_c(tender, tb_tender_name(m->tender)))
            m->tender++;
        m->has_tender = true;
        if (m->tender == TB_TENDER_KINDS)
            refuse(o, "tender", "there is no such tender");
    }
    if (tb_json_may_object(o, TB_STR("cancellation"), &item)) {
        m->cancels = true;
        m->cancel_when = read_conditions(r, &item, "when", true, &m->cancel_when_n);
        tb_json_end(&item);
    }
}

static void read_attributes(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_import_map *m = r->map;
    struct tb_json_array list;
    struct tb_json_object item;
    if (!tb_json_may_array(o, TB_STR("attributes"), 1, TB_MAP_ATTRIBUTES_MAX, &list))
        return;
    while (!broken(r) && tb_json_next_object(&list, &item)) {
        struct tb_map_attribute *x = &m->attribute[m->attribute_n++];
        x->code = tb_json_need_str(&item, TB_STR("code"), 1, 40);
        x->value = need_template(r, &item, "value");
        x->time.value = x->value;
        (void)tb_json_may_str(&item, TB_STR("format"), 1, 64, &x->time.format);
        read_zone(&item, &x->time);
        x->when = read_conditions(r, &item, "when", false, &x->when_n);
        tb_json_end(&item);
    }
}

static void read_consents(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const state[] = {"granted", "denied", "withdrawn"};
    static const uint32_t number[] = {TB_CONSENT_GRANTED, TB_CONSENT_DENIED, TB_CONSENT_WITHDRAWN};
    struct tb_import_map *m = r->map;
    struct tb_json_array list;
    struct tb_json_object item;
    if (!tb_json_may_array(o, TB_STR("consents"), 1, TB_MAP_CONSENTS_MAX, &list))
        return;
    while (!broken(r) && tb_json_next_object(&list, &item)) {
        struct tb_map_consent *x = &m->consent[m->consent_n++];
        int64_t channel = 0;
        x->purpose = tb_json_need_str(&item, TB_STR("purpose"), 1, 64);
        (void)tb_json_may_i64(&item, TB_STR("channel"), 0, 255, &channel);
        x->channel = (uint32_t)channel;
        x->state = number[tb_json_need_enum(&item, TB_STR("state"), state, TB_COUNT_OF(state)) % TB_COUNT_OF(number)];
        x->text_version = (uint32_t)tb_json_need_i64(&item, TB_STR("text_version"), 0, 1000000);
        x->proof = may_template(r, &item, "proof");
        x->when = read_conditions(r, &item, "when", false, &x->when_n);
        tb_json_end(&item);
    }
}

static void read_people(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_import_map *m = r->map;
    read_time(r, o, "occurred_at", true, &m->occurred);
    read_identifiers(r, o, true);
    m->store = may_template(r, o, "store");
    m->touchpoint = may_template(r, o, "touchpoint");
    if (m->kind != TB_IMPORT_MEMBERS)
        return;
    read_enrol(r, o);
    read_attributes(r, o);
    read_consents(r, o);
}

static void read_products(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_import_map *m = r->map;
    m->code = need_template(r, o, "code");
    m->name = need_template(r, o, "name");
    m->category = may_template(r, o, "category");
    m->brand = may_template(r, o, "brand");
    m->barcode = may_template(r, o, "barcode");
    m->list_price = may_template(r, o, "price");
    m->cost = may_template(r, o, "cost");
}

static void read_section(struct tb_map_reading *r, struct tb_json_object *root)
{
    static const char *const section[] = {"orders", "members", "products", "contacts"};
    struct tb_import_map *m = r->map;
    struct tb_json_object o;
    for (uint32_t i = 0; i < TB_COUNT_OF(section); i++) {
        /* other sections are for other runs: taken, not read */
        if (i != (uint32_t)m->kind && tb_json_may_object(root, tb_str_of(section[i]), &o))
            continue;
    }
    o = tb_json_need_object(root, tb_str_of(section[m->kind]));
    read_file(r, &o);
    m->reject = read_rules(r, &o, "reject", &m->reject_n);
    m->ignore = read_rules(r, &o, "ignore", &m->ignore_n);
    if (m->kind == TB_IMPORT_ORDERS)
        read_orders(r, &o);
    else if (m->kind == TB_IMPORT_PRODUCTS)
        read_products(r, &o);
    else
        read_people(r, &o);
    tb_json_end(&o);
}

static void read_root(struct tb_map_reading *r)
{
    struct tb_import_map *m = r->map;
    struct tb_json_object root = tb_json_root(r->read);
    struct tb_str text;
    m->country = TB_STR("86");
    m->tenant = tb_json_need_str(&root, TB_STR("tenant"), 1, 64);
    if (tb_json_may_str(&root, TB_STR("country"), 1, 3, &text)) {
        char *copy = tb_map_new(r, text.n + 1, 1);
        memcpy(copy, text.p, text.n);
        m->country = (struct tb_str){copy, text.n};
    }
    (void)tb_json_may_str(&root, TB_STR("remark"), 0, 4000, &text);
    tb_map_read_setup(r, &root);
    read_section(r, &root);
    tb_json_end(&root);
}

/* ---- file --------------------------------------------------------------------------------------- */

static bool read_bytes(const char *path, struct tb_arena *a, struct tb_str *body, struct tb_fault *fault)
{
    FILE *f = fopen(path, "rbe");
    char *bytes = tb_arena_alloc(a, FILE_BYTES_MAX + 1);
    if (f == NULL || bytes == NULL) {
        tb_fault_set(fault, false, "the map %.150s cannot be read: %s", path, strerror(errno));
        if (f != NULL)
            (void)fclose(f);
        return false;
    }
    size_t n = fread(bytes, 1, FILE_BYTES_MAX + 1, f);
    bool failed = ferror(f) != 0;
    (void)fclose(f);
    *body = (struct tb_str){bytes, (uint32_t)n};
    if (!failed && n <= FILE_BYTES_MAX)
        return true;
    tb_fault_set(fault, false, "the map %.150s cannot be read, or is longer than 1 MiB", path);
    return false;
}

static bool parse(struct tb_import_map *m, const char *path, struct tb_fault *fault)
{
    struct tb_str body;
    struct tb_json_doc doc = {0};
    struct tb_refusal refusal = {0};
    struct tb_json_read read = {.doc = &doc, .refusal = &refusal};
    struct tb_map_reading r = {.map = m, .read = &read, .fault = fault};
    if (!read_bytes(path, &m->arena, &body, fault))
        return false;
    static const struct tb_hash_key key = {1, 2};
    m->hash = tb_siphash(&key, body.p, body.n);
    struct tb_json_index *index = tb_json_index_create();
    if (index == NULL) {
        tb_fault_set(fault, true, "no memory");
        return false;
    }
    if (tb_json_parse(index, body, FILE_BYTES_MAX, &m->arena, &doc, &refusal))
        read_root(&r);
    tb_json_index_destroy(index);
    if (refusal.problem == TB_PROBLEM_NONE)
        return true;
    tb_fault_set(fault, false, "%.100s: %s %s (%s)", path, refusal.field,
                 refusal.detail[0] ? refusal.detail : "", tb_problem_code(refusal.problem));
    return false;
}

struct tb_import_map *tb_import_map_load(const char *path, enum tb_import_kind kind, struct tb_fault *fault)
{
    struct tb_import_map *m = calloc(1, sizeof *m);
    void *region = malloc(ARENA_BYTES);
    if (m == NULL || region == NULL) {
        tb_fault_set(fault, true, "no memory");
        free(region);
        free(m);
        return NULL;
    }
    tb_arena_init(&m->arena, region, ARENA_BYTES);
    m->kind = kind;
    if (parse(m, path, fault))
        return m;
    tb_import_map_free(m);
    return NULL;
}

void tb_import_map_free(struct tb_import_map *m)
{
    if (m == NULL)
        return;
    free(m->arena.base);
    free(m);
}
