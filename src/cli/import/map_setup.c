// SPDX-License-Identifier: Apache-2.0
/* The part of a map that prepares its tenant: "setup" becomes puts, which change nothing
 * when the objects are as declared already.                                              */
#include "cli/import/map.h"
#include "core/ops.h"

#define LIST_MAX 200u

static bool broken(const struct tb_map_reading *r)
{
    return r->read->refusal->problem != TB_PROBLEM_NONE;
}

static void add(struct tb_map_reading *r, uint32_t op, const void *input, struct tb_str code)
{
    struct tb_import_map *m = r->map;
    if (m->put_n < TB_MAP_PUTS_MAX)
        m->put[m->put_n++] = (struct tb_map_put){.op = op, .input = input, .code = code};
}

static struct tb_put need_code(struct tb_json_object *o)
{
    return (struct tb_put){.code = tb_json_need_str(o, TB_STR("code"), 1, 64)};
}

static int64_t may_word(struct tb_json_object *o, const char *name, const char *const *word, uint32_t n)
{
    uint32_t at = 0;
    (void)tb_json_may_enum(o, tb_str_of(name), word, n, &at);
    return at;
}

static int64_t may_number(struct tb_json_object *o, const char *name)
{
    int64_t v = 0;
    (void)tb_json_may_i64(o, tb_str_of(name), 0, TB_AMOUNT_MAX, &v);
    return v;
}

static struct tb_str may_text(struct tb_json_object *o, const char *name, uint32_t max)
{
    struct tb_str s = {"", 0};
    (void)tb_json_may_str(o, tb_str_of(name), 0, max, &s);
    return s;
}

static void read_tenant(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const claim[] = {"forgive", "collect", "block"};
    struct tb_cmd_tenant_put *put = tb_map_new(r, 1, sizeof *put);
    put->put.code = r->map->tenant;
    put->name = tb_json_need_str(o, TB_STR("name"), 1, 200);
    put->zone = tb_json_need_str(o, TB_STR("zone"), 1, 39);
    put->currency = tb_json_need_str(o, TB_STR("currency"), 3, 3);
    put->accept_days = may_number(o, "accept_days");
    put->claim_policy = may_word(o, "claim_policy", claim, TB_COUNT_OF(claim));
    put->regular_orders = may_number(o, "regular_orders");
    r->map->tenant_put = put;
}

static void read_unit(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const kind[] = {"points", "qualifying", "stored_value"};
    static const char *const negative[] = {"only_pending", "within_balance", "unlimited"};
    static const char *const expiry[] = {"none", "rolling_days", "rolling_months", "calendar_date", "sliding_days"};
    static const char *const rounding[] = {"none", "day", "iso_week", "month", "quarter", "half_year", "year"};
    struct tb_cmd_unit_put *put = tb_map_new(r, 1, sizeof *put);
    put->put = need_code(o);
    put->name = may_text(o, "name", 200);
    put->kind = may_word(o, "kind", kind, TB_COUNT_OF(kind));
    put->negative = may_word(o, "negative", negative, TB_COUNT_OF(negative));
    put->expiry = may_word(o, "expiry", expiry, TB_COUNT_OF(expiry));
    put->expiry_n = may_number(o, "expiry_n");
    put->rounding = may_word(o, "rounding", rounding, TB_COUNT_OF(rounding));
    add(r, TB_OP_UNIT_PUT, put, put->put.code);
}

static void read_rule(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const kind[] = {"earn", "tier", "enrol"};
    struct tb_cmd_rule_put *put = tb_map_new(r, 1, sizeof *put);
    put->put = need_code(o);
    put->name = may_text(o, "name", 200);
    put->kind = may_word(o, "kind", kind, TB_COUNT_OF(kind));
    put->unit = may_text(o, "unit", 64);
    put->scheme = may_text(o, "scheme", 64);
    put->condition = may_text(o, "condition", 4000);
    put->amount = tb_json_need_str(o, TB_STR("amount"), 1, 4000);
    put->priority = may_number(o, "priority");
    add(r, TB_OP_RULE_PUT, put, put->put.code);
}

static void read_purpose(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_cmd_purpose_put *put = tb_map_new(r, 1, sizeof *put);
    put->put = need_code(o);
    put->text = tb_json_need_str(o, TB_STR("text"), 1, 4000);
    put->text_version = tb_json_need_i64(o, TB_STR("text_version"), 1, 1000000);
    (void)tb_json_may_bool(o, TB_STR("marketing"), &put->marketing);
    add(r, TB_OP_PURPOSE_PUT, put, put->put.code);
}

static void read_attribute(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const type[] = {"int", "bool", "text", "date", "time", "choice"};
    struct tb_cmd_attribute_put *put = tb_map_new(r, 1, sizeof *put);
    struct tb_json_array list;
    put->put = need_code(o);
    put->type = may_word(o, "type", type, TB_COUNT_OF(type));
    put->purpose = tb_json_need_str(o, TB_STR("purpose"), 1, 64);
    put->benefit = tb_json_need_str(o, TB_STR("benefit"), 1, 500);
    put->retention_days = tb_json_need_i64(o, TB_STR("retention_days"), 1, 36500);
    (void)tb_json_may_bool(o, TB_STR("personal"), &put->personal);
    (void)tb_json_may_bool(o, TB_STR("is_name"), &put->is_name);
    if (tb_json_may_array(o, TB_STR("choices"), 1, LIST_MAX, &list)) {
        struct tb_str *choice = tb_map_new(r, LIST_MAX, sizeof *choice);
        while (!broken(r) && tb_json_next_str(&list, 1, 200, &choice[put->choice_n]))
            put->choice_n++;
        put->choice = choice;
    }
    add(r, TB_OP_ATTRIBUTE_PUT, put, put->put.code);
}

static void read_store(struct tb_map_reading *r, struct tb_json_object *o)
{
    struct tb_cmd_store_put *put = tb_map_new(r, 1, sizeof *put);
    put->put = need_code(o);
    put->name = tb_json_need_str(o, TB_STR("name"), 1, 200);
    put->region = may_text(o, "region", 160);
    add(r, TB_OP_STORE_PUT, put, put->put.code);
}

static void read_namespace(struct tb_map_reading *r, struct tb_json_object *o)
{
    static const char *const class_name[] = {"unique", "strong", "weak", "ephemeral"};
    static const char *const scope[] = {"person", "device", "household"};
    static const char *const normaliser[] = {"generic", "phone", "email", "mac", "card"};
    struct tb_cmd_namespace_put *put = tb_map_new(r, 1, sizeof *put);
    put->put = need_code(o);
    put->class_no = may_word(o, "class", class_name, TB_COUNT_OF(class_name));
    put->scope = may_word(o, "scope", scope, TB_COUNT_OF(scope));
    put->priority = tb_json_need_i64(o, TB_STR("priority"), 1, 1000000);
    put->limit = may_number(o, "limit");
    put->window_days = may_number(o, "window_days");
    put->tenure_gap_days = may_number(o, "tenure_gap_days");
    put->normaliser = may_word(o, "normaliser", normaliser, TB_COUNT_OF(normaliser));
    (void)tb_json_may_bool(o, TB_STR("hashed_only"), &put->hashed_only);
    put->retention_days = may_number(o, "retention_days");
    add(r, TB_OP_NAMESPACE_PUT, put, put->put.code);
}

void tb_map_read_setup(struct tb_map_reading *r, struct tb_json_object *root)
{
    /* in the order in which they may name each other */
    static const struct {
        const char *name;
        void (*read)(struct tb_map_reading *r, struct tb_json_object *o);
    } list_of[] = {{"namespaces", read_namespace}, {"stores", read_store},         {"units", read_unit},
                   {"purposes", read_purpose},     {"attributes", read_attribute}, {"rules", read_rule}};
    struct tb_json_object setup;
    struct tb_json_object item;
    struct tb_json_array list;
    if (!tb_json_may_object(root, TB_STR("setup"), &setup))
        return;
    if (tb_json_may_object(&setup, TB_STR("tenant"), &item)) {
        read_tenant(r, &item);
        tb_json_end(&item);
    }
    for (uint32_t i = 0; i < TB_COUNT_OF(list_of); i++) {
        if (!tb_json_may_array(&setup, tb_str_of(list_of[i].name), 1, LIST_MAX, &list))
            continue;
        while (!broken(r) && tb_json_next_object(&list, &item)) {
            list_of[i].read(r, &item);
            tb_json_end(&item);
        }
    }
    tb_json_end(&setup);
}
