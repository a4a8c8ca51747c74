// SPDX-License-Identifier: Apache-2.0
#include "core/order/resolve.h"

#include "core/catalog/rule_env.h"
#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"

static struct tb_expr_value money(const struct tb_resolve *r, int64_t minor)
{
    return tb_expr_of_decimal(minor, r->digits);
}

static struct tb_expr_value code_of(const struct tb_resolve *r, enum tb_kind kind, struct tb_str code)
{
    (void)r;
    (void)kind;
    return tb_expr_of_str(code.n ? code : TB_STR(""));
}

/* A text of a configuration block, "" when there is no block. */
static struct tb_str text_of(const struct tb_resolve *r, struct tb_block *b, struct tb_text text)
{
    return b != NULL && text.n ? tb_config_text(r->t, b, text) : TB_STR("");
}

static struct tb_block *block_by_code(const struct tb_resolve *r, enum tb_kind kind,
                                      struct tb_str code)
{
    uint32_t id = code.n ? tb_find_code(r->t, kind, code) : 0;
    return id ? tb_read(r->t, kind, id) : NULL;
}

static struct tb_block *product_of(const struct tb_resolve *r, uint64_t line)
{
    if (r->draft != NULL) {
        uint64_t product = r->draft->line[line].product;
        return product ? tb_read(r->t, TB_KIND_PRODUCT, product) : NULL;
    }
    return block_by_code(r, TB_KIND_PRODUCT, r->order->line[line].sku);
}

/* ---- the member ------------------------------------------------------------------------ */

static bool member_field(const struct tb_resolve *r, uint16_t slot, struct tb_expr_value *out)
{
    if (r->person == NULL)
        return false;
    const struct tb_person *p = tb_person_of(r->person);
    const struct tb_enrol *enrol = tb_section(r->t, r->person, TB_PERSON_ENROL);
    uint32_t n = r->person->n[TB_PERSON_ENROL];
    int64_t since = INT64_MAX;
    switch (slot) {
    case TB_SLOT_MEMBER_ENROLLED:
        *out = tb_expr_of_bool(n > 0);
        return true;
    case TB_SLOT_MEMBER_SINCE:
        for (uint32_t i = 0; i < n; i++)
            since = enrol[i].at_ms < since ? enrol[i].at_ms : since;
        *out = tb_expr_of_time(since);
        return n > 0;
    case TB_SLOT_MEMBER_FIRST_SEEN:
        *out = tb_expr_of_time(p->first_seen_ms);
        return true;
    case TB_SLOT_MEMBER_FOLLOWER:
        *out = tb_expr_of_bool(p->flags & TB_PERSON_FOLLOWER);
        return true;
    case TB_SLOT_MEMBER_ANONYMOUS:
        *out = tb_expr_of_bool(p->flags & TB_PERSON_ANONYMOUS_CARD);
        return true;
    case TB_SLOT_MEMBER_FROZEN:
        *out = tb_expr_of_bool(p->flags & TB_PERSON_FROZEN);
        return true;
    default:
        return false;
    }
}

/* Counts the order that is being placed. */
static void count_draft(struct tb_resolve *r, struct tb_past *past)
{
    past->spend += r->draft->net;
    past->orders++;
    if (r->first == TB_FIRST_UNKNOWN) {
        const struct tb_day_bucket *day = tb_order_find_bucket(
            r->t, r->person, (uint32_t)r->draft->profile, (int32_t)r->draft->day);
        r->first = day == NULL || day->orders == 0 ? TB_FIRST_TODAY : TB_FIRST_NOT;
    }
    past->visits += r->first == TB_FIRST_TODAY;
}

static struct tb_past past_of(struct tb_resolve *r, uint32_t days)
{
    if (r->person == NULL)
        return (struct tb_past){0};
    int32_t today = tb_tenant_day(r->t, r->at_ms, NULL, NULL);
    int32_t from = today + 1 - (int32_t)days;
    struct tb_past past = tb_order_past(r->t, r->person, from, today + 1);
    if (r->draft != NULL && r->draft->day >= from && r->draft->day <= today)
        count_draft(r, &past);
    return past;
}

static struct tb_past ever_of(struct tb_resolve *r, int64_t *last_ms)
{
    struct tb_past past = {0};
    *last_ms = INT64_MIN;
    if (r->person == NULL)
        return past;
    const struct tb_life *life = tb_section(r->t, r->person, TB_PERSON_LIFE);
    for (uint32_t i = 0; i < r->person->n[TB_PERSON_LIFE]; i++) {
        past.spend += life[i].spend;
        past.orders += life[i].orders;
        past.visits += life[i].visits;
        *last_ms = life[i].last_order_ms > *last_ms ? life[i].last_order_ms : *last_ms;
    }
    if (r->draft != NULL) {
        count_draft(r, &past);
        *last_ms = r->draft->occurred_ms > *last_ms ? r->draft->occurred_ms : *last_ms;
    }
    return past;
}

static bool days_since_order(struct tb_resolve *r, struct tb_expr_value *out)
{
    int64_t last;
    (void)ever_of(r, &last);
    if (last == INT64_MIN)
        return false;
    int32_t today = tb_tenant_day(r->t, r->at_ms, NULL, NULL);
    *out = tb_expr_of_int(today - tb_zone_day_of(r->zone, last));
    return true;
}

static bool window_slot(struct tb_resolve *r, uint16_t slot, const struct tb_expr_value *args,
                        struct tb_expr_value *out)
{
    int64_t last;
    switch (slot) {
    case TB_SLOT_SPENT:
        *out = money(r, past_of(r, (uint32_t)args[0].as.i).spend);
        return true;
    case TB_SLOT_ORDERS:
        *out = tb_expr_of_int(past_of(r, (uint32_t)args[0].as.i).orders);
        return true;
    case TB_SLOT_VISITS:
        *out = tb_expr_of_int(past_of(r, (uint32_t)args[0].as.i).visits);
        return true;
    case TB_SLOT_QUALIFYING:
        *out = tb_expr_of_int(past_of(r, (uint32_t)args[0].as.i).qualifying);
        return true;
    case TB_SLOT_SPENT_EVER:
        *out = money(r, ever_of(r, &last).spend);
        return true;
    case TB_SLOT_ORDERS_EVER:
        *out = tb_expr_of_int(ever_of(r, &last).orders);
        return true;
    case TB_SLOT_VISITS_EVER:
        *out = tb_expr_of_int(ever_of(r, &last).visits);
        return true;
    default:
        return days_since_order(r, out);
    }
}

/* ---- tiers, balances, attributes, consents ---------------------------------------------- */

static bool in_tier(const struct tb_resolve *r, struct tb_str code)
{
    uint32_t n;
    const struct tb_listed *listed = tb_catalog_listed(r->t, TB_KIND_TIER_SCHEME, &n);
    for (uint32_t i = 0; i < n && r->person != NULL; i++) {
        struct tb_block *b = tb_read(r->t, TB_KIND_TIER_SCHEME, listed[i].id);
        const struct tb_tier *tier = tb_section(r->t, b, TB_SCHEME_TIER);
        const struct tb_tier_state *state = tb_membership_state(r->t, r->person, listed[i].id);
        uint32_t has = state ? state->tier : 0;
        for (uint32_t k = 0; k <= has && k < b->n[TB_SCHEME_TIER]; k++)
            if (tb_str_eq(tb_config_text(r->t, b, tier[k].code), code))
                return true;
    }
    return false;
}

static struct tb_str tier_code(const struct tb_resolve *r)
{
    uint32_t scheme;
    uint32_t tier;
    if (r->person == NULL || !tb_membership_tier(r->t, r->person, &scheme, &tier))
        return TB_STR("");
    struct tb_block *b = tb_read(r->t, TB_KIND_TIER_SCHEME, scheme);
    const struct tb_tier *list = tb_section(r->t, b, TB_SCHEME_TIER);
    return tier < b->n[TB_SCHEME_TIER] ? text_of(r, b, list[tier].code) : TB_STR("");
}

static bool attribute_value(const struct tb_resolve *r, uint32_t attribute, struct tb_expr_value *out)
{
    const struct tb_attribute_decl *decl = tb_catalog_find(r->t, TB_KIND_ATTRIBUTE, attribute);
    const struct tb_attribute *value =
        r->person && decl ? tb_person_attribute(r->t, r->person, attribute) : NULL;
    if (value == NULL || value->number != 0)
        return false; /* nothing said, or sealed: no rule reads a sealed value */
    switch ((enum tb_attribute_type)decl->type) {
    case TB_ATTRIBUTE_INT:
        *out = tb_expr_of_int(value->value);
        return true;
    case TB_ATTRIBUTE_BOOL:
        *out = tb_expr_of_bool(value->value != 0);
        return true;
    case TB_ATTRIBUTE_TEXT:
        *out = tb_expr_of_str(tb_attribute_bytes(r->t, r->person, value));
        return true;
    case TB_ATTRIBUTE_DATE:
        *out = tb_expr_of_time(tb_zone_day_start_ms(r->zone, (int32_t)value->value));
        return true;
    case TB_ATTRIBUTE_TIME:
        *out = tb_expr_of_time(value->value);
        return true;
    case TB_ATTRIBUTE_CHOICE: {
        struct tb_block *b = tb_read(r->t, TB_KIND_ATTRIBUTE, attribute);
        const struct tb_text *choice = tb_section(r->t, b, TB_ATTRIBUTE_CHOICES);
        *out = tb_expr_of_str(text_of(r, b, choice[value->value]));
        return true;
    }
    }
    return false;
}

static bool balance_of(const struct tb_resolve *r, struct tb_str unit, struct tb_expr_value *out)
{
    uint32_t id = tb_find_code(r->t, TB_KIND_UNIT, unit);
    if (id == 0)
        return false;
    *out = tb_expr_of_int(
        r->person ? tb_ledger_balance(r->t, r->person, id, r->at_ms).available : 0);
    return true;
}

/* Some endpoint of the person may be used for the purpose. */
static bool consents(const struct tb_resolve *r, struct tb_str code)
{
    uint32_t purpose = tb_find_code(r->t, TB_KIND_PURPOSE, code);
    if (purpose == 0 || r->person == NULL)
        return false;
    const struct tb_profile *profile = tb_section(r->t, r->person, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < r->person->n[TB_PERSON_PROFILE]; i++)
        if (tb_consent_effective(r->t, r->person, profile[i].no, purpose, 0, r->at_ms) ==
            TB_EFFECTIVE_GRANTED)
            return true;
    return false;
}

static bool about_member(const struct tb_resolve *r, uint16_t slot, const struct tb_expr_value *args,
                         struct tb_expr_value *out)
{
    struct tb_str word = {args[0].as.s, args[0].n};
    struct tb_expr_value value;
    switch (slot) {
    case TB_SLOT_TAG: {
        /* a tag is a declared yes-or-no attribute */
        uint32_t attribute = tb_find_code(r->t, TB_KIND_ATTRIBUTE, word);
        bool has = attribute && attribute_value(r, attribute, &value) &&
                   value.kind == TB_EXPR_BOOL && value.as.b;
        *out = tb_expr_of_bool(has);
        return true;
    }
    case TB_SLOT_BALANCE:
        return balance_of(r, word, out);
    case TB_SLOT_IN_TIER:
        *out = tb_expr_of_bool(in_tier(r, word));
        return true;
    case TB_SLOT_CONSENTS: {
        *out = tb_expr_of_bool(consents(r, word));
        return true;
    }
    default:
        *out = tb_expr_of_bool(
            tb_category_within(word, (struct tb_str){args[1].as.s, args[1].n}));
        return true;
    }
}

/* ---- the order --------------------------------------------------------------------------- */

/* What of a line's net earns. */
static int64_t line_net(const struct tb_resolve *r, uint64_t line)
{
    return r->pricing != NULL ? r->pricing->line_earn[line] : r->order->line[line].net;
}

static bool sum_lines(const struct tb_resolve *r, uint16_t slot, struct tb_str word,
                      struct tb_expr_value *out)
{
    int64_t sum = 0;
    if (r->order == NULL)
        return false;
    for (uint32_t i = 0; slot == TB_SLOT_PAID_BY && i < r->order->tender_n; i++) {
        const char *name = tb_tender_name(r->order->tender[i].kind);
        sum += name != NULL && tb_str_eq_c(word, name) ? r->order->tender[i].amount : 0;
    }
    for (uint32_t i = 0; slot != TB_SLOT_PAID_BY && i < r->order->line_n; i++) {
        struct tb_block *b = product_of(r, i);
        if (b == NULL)
            continue;
        const struct tb_product *p = tb_block_head_const(b);
        bool counts = slot == TB_SLOT_NET_OF ? tb_category_within(text_of(r, b, p->category), word)
                                             : tb_str_eq(text_of(r, b, p->brand), word);
        sum += counts ? line_net(r, i) : 0;
    }
    *out = money(r, sum);
    return true;
}

static bool order_field(const struct tb_resolve *r, uint16_t slot, struct tb_expr_value *out)
{
    const struct tb_cmd_order *o = r->order;
    if (o == NULL)
        return false;
    int64_t sum = 0;
    struct tb_block *b;
    switch (slot) {
    case TB_SLOT_ORDER_NET:
    case TB_SLOT_ORDER_GROSS:
        for (uint32_t i = 0; i < o->line_n; i++)
            sum += slot == TB_SLOT_ORDER_NET || o->line[i].gross == 0 ? o->line[i].net
                                                                      : o->line[i].gross;
        *out = money(r, sum);
        return true;
    case TB_SLOT_ORDER_STORE:
        *out = code_of(r, TB_KIND_STORE, o->store);
        return true;
    case TB_SLOT_ORDER_REGION:
        b = block_by_code(r, TB_KIND_STORE, o->store);
        *out = tb_expr_of_str(
            b ? text_of(r, b, ((const struct tb_store_place *)tb_block_head_const(b))->region)
              : TB_STR(""));
        return true;
    case TB_SLOT_ORDER_CHANNEL:
        *out = tb_expr_of_int(o->channel);
        return true;
    case TB_SLOT_ORDER_TOUCHPOINT:
        *out = code_of(r, TB_KIND_TOUCHPOINT, o->touchpoint);
        return true;
    case TB_SLOT_ORDER_ASSOCIATE:
        *out = code_of(r, TB_KIND_ASSOCIATE, o->associate);
        return true;
    case TB_SLOT_ORDER_LINES:
        *out = (struct tb_expr_value){.kind = TB_EXPR_LIST, .n = o->line_n};
        return true;
    case TB_SLOT_ORDER_TENDERS:
        *out = (struct tb_expr_value){.kind = TB_EXPR_LIST, .n = o->tender_n};
        return true;
    default:
        return false;
    }
}

static bool line_field(const struct tb_resolve *r, uint16_t slot, uint64_t at,
                       struct tb_expr_value *out)
{
    const struct tb_order_line_input *line = &r->order->line[at];
    struct tb_block *b = product_of(r, at);
    const struct tb_product *p = b ? tb_block_head_const(b) : NULL;
    switch (slot) {
    case TB_SLOT_LINE_SKU:
        *out = tb_expr_of_str(line->sku);
        return true;
    case TB_SLOT_LINE_CATEGORY:
        *out = tb_expr_of_str(p ? text_of(r, b, p->category) : TB_STR(""));
        return true;
    case TB_SLOT_LINE_BRAND:
        *out = tb_expr_of_str(p ? text_of(r, b, p->brand) : TB_STR(""));
        return true;
    case TB_SLOT_LINE_QUANTITY:
        *out = tb_expr_of_decimal(line->quantity, 3);
        return true;
    case TB_SLOT_LINE_NET:
        *out = money(r, line_net(r, at));
        return true;
    case TB_SLOT_LINE_GROSS:
        *out = money(r, line->gross ? line->gross : line->net);
        return true;
    default:
        return false;
    }
}

static bool tender_field(const struct tb_resolve *r, uint16_t slot, uint64_t at,
                         struct tb_expr_value *out)
{
    const char *name = tb_tender_name(r->order->tender[at].kind);
    *out = slot == TB_SLOT_TENDER_AMOUNT ? money(r, r->order->tender[at].amount)
                                         : tb_expr_of_str(name ? tb_str_of(name) : TB_STR(""));
    return true;
}

static __attribute__((noinline)) bool resolve(struct tb_resolve *r, uint16_t slot, const struct tb_expr_value *args,
                                              struct tb_expr_value *out)
{
    if (slot == TB_SLOT_NOW) {
        *out = tb_expr_of_time(r->at_ms);
        return true;
    }
    if (slot == TB_SLOT_TIER) {
        *out = tb_expr_of_str(tier_code(r));
        return true;
    }
    if (slot == TB_SLOT_MEMBER || slot == TB_SLOT_ATTR || slot == TB_SLOT_ORDER) {
        *out = tb_expr_of_record(0);
        return slot != TB_SLOT_ORDER || r->order != NULL;
    }
    if (slot >= TB_SLOT_ATTRIBUTE) {
        uint32_t n;
        const struct tb_listed *listed = tb_catalog_listed(r->t, TB_KIND_ATTRIBUTE, &n);
        uint32_t ordinal = slot - (uint32_t)TB_SLOT_ATTRIBUTE;
        return ordinal < n && attribute_value(r, listed[ordinal].id, out);
    }
    if (slot >= TB_SLOT_NET_OF)
        return sum_lines(r, slot, (struct tb_str){args[0].as.s, args[0].n}, out);
    if (slot >= TB_SLOT_TAG)
        return about_member(r, slot, args, out);
    if (slot >= TB_SLOT_SPENT)
        return window_slot(r, slot, args, out);
    if (slot >= TB_SLOT_TENDER_KIND)
        return tender_field(r, slot, args[0].as.record, out);
    if (slot >= TB_SLOT_LINE_SKU)
        return line_field(r, slot, args[0].as.record, out);
    if (slot >= TB_SLOT_ORDER_NET)
        return order_field(r, slot, out);
    return member_field(r, slot, out);
}

bool tb_order_resolve(void *user, uint16_t slot, const struct tb_expr_value *args, uint32_t argc,
                      struct tb_expr_value *out)
{
    struct tb_resolve *r = user;
    (void)argc;
    if (slot != TB_SLOT_ORDER_NET || r->draft == NULL)
        return resolve(r, slot, args, out);
    /* what most rules ask, and often nothing else */
    *out = money(r, r->pricing ? r->pricing->earn_base : r->draft->net);
    return true;
}
