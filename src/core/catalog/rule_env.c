// SPDX-License-Identifier: Apache-2.0
/* core/catalog/rule_env.c - the declarations of rule_env.h as core/expr wants them. */
#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"

#include <stdio.h>
#include <string.h>

#define T_BOOL ((tb_expr_type)TB_EXPR_BOOL)
#define T_INT ((tb_expr_type)TB_EXPR_INT)
#define T_DECIMAL ((tb_expr_type)TB_EXPR_DECIMAL)
#define T_STRING ((tb_expr_type)TB_EXPR_STRING)
#define T_TIME ((tb_expr_type)TB_EXPR_TIMESTAMP)

enum record { RECORD_MEMBER, RECORD_ATTR, RECORD_ORDER, RECORD_LINE, RECORD_TENDER, RECORDS };
#define RECORDS_WITHOUT_ORDER 2u
#define VARIABLES_WITHOUT_ORDER 4u

#define NAME(s) {(s), sizeof(s) - 1}

static const struct tb_expr_decl variable[] = {
    {NAME("now"), T_TIME, TB_SLOT_NOW, 0},
    {NAME("tier"), T_STRING, TB_SLOT_TIER, TB_CODE_MAX},
    {NAME("member"), TB_EXPR_RECORD_OF(RECORD_MEMBER), TB_SLOT_MEMBER, 0},
    {NAME("attr"), TB_EXPR_RECORD_OF(RECORD_ATTR), TB_SLOT_ATTR, 0},
    {NAME("order"), TB_EXPR_RECORD_OF(RECORD_ORDER), TB_SLOT_ORDER, 0},
};

static const struct tb_expr_decl member_field[] = {
    {NAME("enrolled"), T_BOOL, TB_SLOT_MEMBER_ENROLLED, 0},
    {NAME("since"), T_TIME, TB_SLOT_MEMBER_SINCE, 0},
    {NAME("first_seen"), T_TIME, TB_SLOT_MEMBER_FIRST_SEEN, 0},
    {NAME("follower"), T_BOOL, TB_SLOT_MEMBER_FOLLOWER, 0},
    {NAME("anonymous"), T_BOOL, TB_SLOT_MEMBER_ANONYMOUS, 0},
    {NAME("frozen"), T_BOOL, TB_SLOT_MEMBER_FROZEN, 0},
};

static const struct tb_expr_decl order_field[] = {
    {NAME("net"), T_DECIMAL, TB_SLOT_ORDER_NET, 0},
    {NAME("gross"), T_DECIMAL, TB_SLOT_ORDER_GROSS, 0},
    {NAME("store"), T_STRING, TB_SLOT_ORDER_STORE, TB_CODE_MAX},
    {NAME("region"), T_STRING, TB_SLOT_ORDER_REGION, TB_NAME_MAX},
    {NAME("channel"), T_INT, TB_SLOT_ORDER_CHANNEL, 0},
    {NAME("touchpoint"), T_STRING, TB_SLOT_ORDER_TOUCHPOINT, TB_CODE_MAX},
    {NAME("associate"), T_STRING, TB_SLOT_ORDER_ASSOCIATE, TB_CODE_MAX},
    {NAME("lines"), TB_EXPR_LIST_OF(TB_EXPR_RECORD_OF(RECORD_LINE)), TB_SLOT_ORDER_LINES,
     TB_RULE_LINES_MAX},
    {NAME("tenders"), TB_EXPR_LIST_OF(TB_EXPR_RECORD_OF(RECORD_TENDER)), TB_SLOT_ORDER_TENDERS,
     TB_RULE_TENDERS_MAX},
};

static const struct tb_expr_decl line_field[] = {
    {NAME("sku"), T_STRING, TB_SLOT_LINE_SKU, TB_CODE_MAX},
    {NAME("category"), T_STRING, TB_SLOT_LINE_CATEGORY, TB_CATEGORY_MAX},
    {NAME("brand"), T_STRING, TB_SLOT_LINE_BRAND, TB_NAME_MAX},
    {NAME("quantity"), T_DECIMAL, TB_SLOT_LINE_QUANTITY, 0},
    {NAME("net"), T_DECIMAL, TB_SLOT_LINE_NET, 0},
    {NAME("gross"), T_DECIMAL, TB_SLOT_LINE_GROSS, 0},
};

static const struct tb_expr_decl tender_field[] = {
    {NAME("kind"), T_STRING, TB_SLOT_TENDER_KIND, TB_CODE_MAX},
    {NAME("amount"), T_DECIMAL, TB_SLOT_TENDER_AMOUNT, 0},
};

#define NO_ARGS .n_args = 0
#define ONE_WINDOW .n_args = 1, .arg = {{T_INT, true}}
#define ONE_STRING .n_args = 1, .arg = {{T_STRING, false}}
#define TWO_STRINGS .n_args = 2, .arg = {{T_STRING, false}, {T_STRING, false}}

/* Costs are what the resolver does: a walk over day buckets, lots or lines. */
static const struct tb_expr_function function[] = {
    {NAME("spent"), T_DECIMAL, TB_SLOT_SPENT, 0, 50, ONE_WINDOW},
    {NAME("spent"), T_DECIMAL, TB_SLOT_SPENT_EVER, 0, 2, NO_ARGS},
    {NAME("orders"), T_INT, TB_SLOT_ORDERS, 0, 50, ONE_WINDOW},
    {NAME("orders"), T_INT, TB_SLOT_ORDERS_EVER, 0, 2, NO_ARGS},
    {NAME("visits"), T_INT, TB_SLOT_VISITS, 0, 50, ONE_WINDOW},
    {NAME("visits"), T_INT, TB_SLOT_VISITS_EVER, 0, 2, NO_ARGS},
    {NAME("qualifying"), T_INT, TB_SLOT_QUALIFYING, 0, 50, ONE_WINDOW},
    {NAME("days_since_order"), T_INT, TB_SLOT_DAYS_SINCE_ORDER, 0, 2, NO_ARGS},
    {NAME("tag"), T_BOOL, TB_SLOT_TAG, 0, 10, ONE_STRING},
    {NAME("balance"), T_INT, TB_SLOT_BALANCE, 0, 20, ONE_STRING},
    {NAME("in_tier"), T_BOOL, TB_SLOT_IN_TIER, 0, 20, ONE_STRING},
    {NAME("consents"), T_BOOL, TB_SLOT_CONSENTS, 0, 20, ONE_STRING},
    {NAME("within"), T_BOOL, TB_SLOT_WITHIN, 0, 2, TWO_STRINGS},
    /* of an order */
    {NAME("net_of"), T_DECIMAL, TB_SLOT_NET_OF, 0, TB_RULE_LINES_MAX, ONE_STRING},
    {NAME("net_of_brand"), T_DECIMAL, TB_SLOT_NET_OF_BRAND, 0, TB_RULE_LINES_MAX, ONE_STRING},
    {NAME("paid_by"), T_DECIMAL, TB_SLOT_PAID_BY, 0, TB_RULE_TENDERS_MAX, ONE_STRING},
};
#define FUNCTIONS_WITHOUT_ORDER (TB_COUNT_OF(function) - 3)

static tb_expr_type type_of(enum tb_attribute_type type)
{
    switch (type) {
    case TB_ATTRIBUTE_INT:
        return T_INT;
    case TB_ATTRIBUTE_BOOL:
        return T_BOOL;
    case TB_ATTRIBUTE_TEXT:
    case TB_ATTRIBUTE_CHOICE:
        return T_STRING;
    case TB_ATTRIBUTE_DATE:
    case TB_ATTRIBUTE_TIME:
        return T_TIME;
    }
    tb_assert(!"an attribute's type is one of enum tb_attribute_type");
    return T_INT;
}

static uint32_t declare_attributes(struct tb_rule_env *e, const struct tb_txn *t, uint32_t tenant,
                                   uint32_t limit)
{
    struct tb_block *b = tb_read(t, TB_KIND_TENANT, tenant);
    if (b == NULL)
        return 0;
    const struct tb_listed *list = tb_section(t, b, TB_TENANT_ATTRIBUTE);
    uint32_t n = b->n[TB_TENANT_ATTRIBUTE] < limit ? b->n[TB_TENANT_ATTRIBUTE] : limit;
    tb_assert(n <= TB_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_block *a = tb_read(t, TB_KIND_ATTRIBUTE, list[i].id);
        tb_assert(a != NULL);
        const struct tb_attribute_decl *decl = tb_block_head(a);
        e->attribute[i] = (struct tb_expr_decl){.name = tb_config_text(t, a, decl->c.code),
                                                .type = type_of(decl->type),
                                                .slot = (uint16_t)(TB_SLOT_ATTRIBUTE + i),
                                                .size_max = TB_PERSONAL_MAX};
    }
    return n;
}

void tb_rule_env_init(struct tb_rule_env *e, const struct tb_txn *t, uint32_t tenant,
                      enum tb_rule_kind kind, uint32_t attributes)
{
    bool order = kind == TB_RULE_EARN || kind == TB_RULE_PAY;
    uint32_t n = declare_attributes(e, t, tenant, attributes);
    e->attributes = n;
    e->record[RECORD_MEMBER] =
        (struct tb_expr_record){NAME("member"), member_field, TB_COUNT_OF(member_field)};
    e->record[RECORD_ATTR] = (struct tb_expr_record){NAME("attr"), e->attribute, n};
    e->record[RECORD_ORDER] =
        (struct tb_expr_record){NAME("order"), order_field, TB_COUNT_OF(order_field)};
    e->record[RECORD_LINE] =
        (struct tb_expr_record){NAME("line"), line_field, TB_COUNT_OF(line_field)};
    e->record[RECORD_TENDER] =
        (struct tb_expr_record){NAME("tender"), tender_field, TB_COUNT_OF(tender_field)};
    e->env = (struct tb_expr_env){
        .variable = variable,
        .n_variables = order ? TB_COUNT_OF(variable) : VARIABLES_WITHOUT_ORDER,
        .function = function,
        .n_functions = order ? TB_COUNT_OF(function) : FUNCTIONS_WITHOUT_ORDER,
        .record = e->record,
        .n_records = order ? RECORDS : RECORDS_WITHOUT_ORDER,
    };
}

/* The program does not say where a window stands: looks for its text. */
static void refuse_window(struct tb_str source, uint32_t days, struct tb_expr_problem *problem)
{
    char literal[16];
    int n = snprintf(literal, sizeof literal, "%ud", days);
    const char *at = memmem(source.p, source.n, literal, (size_t)n);
    *problem = (struct tb_expr_problem){.code = TB_EXPR_BAD_LITERAL,
                                        .offset = at ? (uint32_t)(at - source.p) : 0};
    tb_expr_locate(source, problem->offset, &problem->line, &problem->column);
    (void)snprintf(problem->text, sizeof problem->text, "a window has at most %u days",
                   TB_WINDOW_DAYS_MAX);
}

const struct tb_expr_program *tb_rule_compile(const struct tb_rule_env *e, enum tb_rule_part part,
                                              struct tb_str source, void *region,
                                              struct tb_expr_problem *problem,
                                              uint32_t *window_days)
{
    tb_assert(((uintptr_t)region & 7) == 0);
    struct tb_expr_options options = {.result = part == TB_RULE_PART_CONDITION ? T_BOOL : T_DECIMAL,
                                      .cost_max = TB_RULE_COST_MAX};
    const struct tb_expr_program *p =
        tb_expr_compile(&e->env, source, &options, region, TB_EXPR_PROGRAM_MAX, problem);
    if (p == NULL)
        return NULL;
    for (uint32_t i = 0; i < tb_expr_program_uses(p); i++) {
        uint32_t days = tb_expr_program_use(p, i).window_days;
        if (days == TB_EXPR_NO_WINDOW)
            continue;
        if (days > TB_WINDOW_DAYS_MAX) {
            refuse_window(source, days, problem);
            return NULL;
        }
        if (window_days != NULL && *window_days < days)
            *window_days = days;
    }
    return p;
}
