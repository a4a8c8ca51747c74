// SPDX-License-Identifier: Apache-2.0
/* http/op_promotion.c - putting a campaign, moving it through its states, asking for its check.
 *
 * A campaign's body has the names of struct tb_cmd_campaign_put, so that the field that core refuses is the
 * field of the body. Numbers, switches and choices are tables that printing uses too (op_promotion_view.c).
 * Not here: coupons (op_coupons.c), prices (op_checkout.c). */
#include "base/num.h"
#include "core/expr/expr.h"
#include "http/op_promotion_words.h"

#define COUNT TB_PRICE_COUNT_MAX
#define MONEY TB_PRICE_MONEY_MAX

#define NUMBER(n, c, h, lo, hi)                                                                     \
    {                                                                                               \
        .name = n, .in = offsetof(struct tb_cmd_campaign_put, c),                                   \
        .head = offsetof(struct tb_offer_version, h), .width = sizeof(((struct tb_offer_version *)0)->h), \
        .min = lo, .max = hi                                                                        \
    }
const struct tb_promotion_number tb_promotion_numbers[TB_PROMOTION_NUMBERS] = {
    NUMBER("holdout_ppm", holdout_ppm, holdout_ppm, 0, TB_PPM_ALL - 1),
    NUMBER("sequence", sequence, sequence, -1000000, 1000000),
    NUMBER("amount", amount, amount, 0, MONEY),
    NUMBER("ppm", ppm, ppm, 0, INT64_C(1000) * TB_PPM_ALL),
    NUMBER("need", need, need, 0, COUNT),
    NUMBER("get", get, get, 0, COUNT),
    NUMBER("min_amount", min_amount, min_amount, 0, MONEY),
    NUMBER("min_pieces", min_pieces, min_pieces, 0, TB_PRICE_PARTS_MAX),
    NUMBER("cap_unit", cap_unit, cap_unit, 0, MONEY),
    NUMBER("cap_line", cap_line, cap_line, 0, MONEY),
    NUMBER("cap_order", cap_order, cap_order, 0, MONEY),
    NUMBER("max_units", max_units, max_units, 0, TB_PRICE_PARTS_MAX),
    NUMBER("max_applications", max_applications, max_applications, 0, COUNT),
    NUMBER("worth", worth, worth, 0, TB_PRICE_WORTH_MAX),
    NUMBER("coupons_max", coupons_max, coupons_max, 0, TB_PRICE_OFFERS_MAX),
    NUMBER("budget", budget_amount, budget_amount, 0, MONEY),
    NUMBER("cost_cap", cost_cap, cost_cap, 0, MONEY),
};

const struct tb_promotion_switch tb_promotion_switches[TB_PROMOTION_SWITCHES] = {
    {"members_only", TB_OFFER_MEMBERS_ONLY},
    {"first_order", TB_OFFER_FIRST_ORDER},
    {"one_per_product", TB_OFFER_ONE_PER_PRODUCT},
    {"initial", TB_OFFER_INITIAL},
    {"every", TB_OFFER_EVERY},
    {"by_pieces", TB_OFFER_BY_PIECES},
    {"overall", TB_OFFER_OVERALL},
    {"same_line", TB_OFFER_SAME_LINE},
    {"period_spend", TB_OFFER_PERIOD_SPEND},
    {"referred", TB_OFFER_REFERRED},
    {"to_referrer", TB_OFFER_TO_REFERRER},
};

static const char *const levels[TB_PRICE_SHIPPING + 1] = {"item", "order", "shipping"};
static const char *const group_rules[TB_PRICE_EXCLUSIVE + 1] = {"stackable", "best_of", "first", "exclusive"};
static const char *const coupon_rules[TB_PRICE_SINGLE + 1] = {"none", "joint", "single"};
static const char *const budget_rules[TB_PRICE_BUDGET_STRICT + 1] = {"none", "partial", "strict"};

#define CHOICE(title, m, w)                                                                              \
    {                                                                                                 \
        .name = title, .in = offsetof(struct tb_cmd_campaign_put, m),                                 \
        .head = offsetof(struct tb_offer_version, m), .words = w, .n = TB_COUNT_OF(w)                 \
    }
const struct tb_promotion_choice tb_promotion_choices[TB_PROMOTION_CHOICES] = {
    CHOICE("level", level, levels),
    CHOICE("group_rule", group_rule, group_rules),
    CHOICE("coupon_rule", coupon_rule, coupon_rules),
    CHOICE("budget_rule", budget_rule, budget_rules),
};

const char *const tb_promotion_states[TB_CAMPAIGN_STATES] = {"draft", "review", "scheduled", "live", "paused", "ended"};
const char *const tb_promotion_mechanics[TB_PRICE_POINTS + 1] = {
    "amount",   "amount_each", "percent", "fixed",   "table", "ladder",
    "cheapest", "n_for",       "buy_get", "bundle", "gift",  "points"};
const char *const tb_promotion_roundings[TB_ROUND_UP + 1] = {"down", "half_even", "half_up", "up"};
const char *const tb_promotion_slots[TB_SCOPE_SLOTS] = {"scope", "other", "slot_0", "slot_1", "slot_2", "slot_3"};
const char *const tb_promotion_scope_bys[TB_SCOPE_BYS] = {"all", "product", "category", "brand"};
const char *const tb_promotion_place_bys[TB_PLACE_BYS] = {"store", "touchpoint", "channel"};
const char *const tb_promotion_limit_scopes[TB_LIMIT_SCOPES] = {"member", "device", "store", "campaign"};
const char *const tb_promotion_periods[TB_CAP_PERIODS] = {"none", "day", "iso_week", "month", "year", "lifetime"};
const char *const tb_promotion_days[TB_PROMOTION_DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
const char *const tb_promotion_time_kinds[2] = {"weekly", "black_out"};
const char *const tb_promotion_findings[TB_FINDINGS] = {
    NULL,         "unreachable", "no_cap",     "no_limit", "below_cost", "depth", "stack",
    "one_member", "overlap",     "group_rule", "too_many", "expression"};

/* ---- rows of the body ---------------------------------------------------------------------------- */

/* Room for the rows of a list; NULL when there are none, or no room: then the request is refused. */
static void *rows(struct tb_work *w, size_t bytes, const struct tb_json_array *list)
{
    void *at = list->n ? tb_arena_alloc(w->arena, bytes * list->n) : NULL;
    if (list->n && at == NULL)
        tb_refusal_set(w->refusal, TB_PROBLEM_JSON_TOO_LARGE, NULL, NULL);
    return at;
}

static bool list_of(struct tb_json_object *o, const char *name, uint32_t max, struct tb_json_array *list)
{
    *list = (struct tb_json_array){.index = UINT32_MAX};
    return tb_json_may_array(o, tb_str_of(name), 0, max, list);
}

static uint32_t read_weekdays(struct tb_json_object *item)
{
    struct tb_json_array days = tb_json_need_array(item, TB_STR("weekdays"), 1, TB_PROMOTION_DAYS);
    struct tb_str word;
    uint32_t mask = 0;
    while (tb_json_next_str(&days, 1, 3, &word)) {
        uint32_t i = 0;
        while (i < TB_PROMOTION_DAYS && !tb_str_eq_c(word, tb_promotion_days[i]))
            i++;
        if (i == TB_PROMOTION_DAYS)
            tb_json_refuse(item, TB_STR("weekdays"), TB_PROBLEM_NOT_AN_OPTION, NULL);
        else
            mask |= 1u << i;
    }
    return mask;
}

static void read_times(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "times", TB_OFFER_TIMES_MAX, &list))
        return;
    struct tb_offer_time *time = rows(w, sizeof *time, &list);
    in->time = time;
    while (time != NULL && tb_json_next_object(&list, &item)) {
        struct tb_offer_time *x = &time[in->time_n++];
        *x = (struct tb_offer_time){.black_out = tb_json_need_enum(&item, TB_STR("kind"), tb_promotion_time_kinds, 2)};
        if (x->black_out) {
            x->from_ms = tb_json_need_time(&item, TB_STR("from"));
            x->until_ms = tb_json_need_time(&item, TB_STR("until"));
        } else {
            x->weekdays = read_weekdays(&item);
            x->from_s = (uint32_t)tb_may_i64(&item, "from_s", 0, 86399, 0);
            x->until_s = (uint32_t)tb_may_i64(&item, "until_s", 1, 86400, 86400);
        }
        tb_json_end(&item);
    }
}

static void read_places(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "places", TB_OFFER_PLACES_MAX, &list))
        return;
    struct tb_place_input *place = rows(w, sizeof *place, &list);
    in->place = place;
    while (place != NULL && tb_json_next_object(&list, &item)) {
        struct tb_place_input *x = &place[in->place_n++];
        *x = (struct tb_place_input){
            .by = tb_json_need_enum(&item, TB_STR("by"), tb_promotion_place_bys, TB_PLACE_BYS)};
        if (x->by == TB_PLACE_CHANNEL)
            x->channel = (uint32_t)tb_json_need_i64(&item, TB_STR("channel"), 0, 65535);
        else
            x->code = tb_json_need_str(&item, TB_STR("code"), 1, TB_CODE_MAX);
        tb_json_end(&item);
    }
}

static void read_scope(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "scope", TB_OFFER_SCOPES_MAX, &list))
        return;
    struct tb_scope_input *scope = rows(w, sizeof *scope, &list);
    in->scope = scope;
    while (scope != NULL && tb_json_next_object(&list, &item)) {
        struct tb_scope_input *x = &scope[in->scope_n++];
        *x = (struct tb_scope_input){
            .by = tb_json_need_enum(&item, TB_STR("by"), tb_promotion_scope_bys, TB_SCOPE_BYS)};
        (void)tb_json_may_enum(&item, TB_STR("slot"), tb_promotion_slots, TB_SCOPE_SLOTS, &x->slot);
        if (x->by != TB_SCOPE_ALL)
            x->text = tb_json_need_str(&item, TB_STR("value"), 1, TB_NAME_MAX);
        x->excluded = tb_may_bool(&item, "excluded");
        tb_json_end(&item);
    }
}

static void read_steps(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "steps", TB_PRICE_STEPS_MAX, &list))
        return;
    struct tb_offer_step *step = rows(w, sizeof *step, &list);
    in->step = step;
    while (step != NULL && tb_json_next_object(&list, &item)) {
        struct tb_offer_step *x = &step[in->step_n++];
        x->at = tb_json_need_i64(&item, TB_STR("at"), 1, MONEY);
        x->off = tb_may_i64(&item, "off", 0, MONEY, 0);
        x->ppm = tb_may_i64(&item, "ppm", 0, TB_PPM_ALL, 0);
        tb_json_end(&item);
    }
}

static void read_prices(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "prices", TB_OFFER_SCOPES_MAX, &list))
        return;
    struct tb_offer_price_input *price = rows(w, sizeof *price, &list);
    in->price = price;
    while (price != NULL && tb_json_next_object(&list, &item)) {
        struct tb_offer_price_input *x = &price[in->price_n++];
        x->sku = tb_json_need_str(&item, TB_STR("sku"), 1, TB_CODE_MAX);
        x->price = tb_json_need_i64(&item, TB_STR("price"), 0, MONEY);
        tb_json_end(&item);
    }
}

static void read_limits(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "limits", TB_OFFER_LIMITS_MAX, &list))
        return;
    struct tb_offer_limit *limit = rows(w, sizeof *limit, &list);
    in->limit = limit;
    while (limit != NULL && tb_json_next_object(&list, &item)) {
        struct tb_offer_limit *x = &limit[in->limit_n++];
        x->scope = tb_json_need_enum(&item, TB_STR("scope"), tb_promotion_limit_scopes, TB_LIMIT_SCOPES);
        x->period = 1 + tb_json_need_enum(&item, TB_STR("period"), tb_promotion_periods + 1, TB_CAP_PERIODS - 1);
        x->uses = tb_may_i64(&item, "uses", 0, TB_AMOUNT_MAX, 0);
        x->amount = tb_may_i64(&item, "amount", 0, TB_AMOUNT_MAX, 0);
        x->pieces = tb_may_i64(&item, "pieces", 0, TB_AMOUNT_MAX, 0);
        tb_json_end(&item);
    }
}

static void read_funding(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    if (!list_of(o, "funding", TB_OFFER_FUNDERS_MAX, &list))
        return;
    struct tb_funder_input *funder = rows(w, sizeof *funder, &list);
    in->funder = funder;
    while (funder != NULL && tb_json_next_object(&list, &item)) {
        struct tb_funder_input *x = &funder[in->funder_n++];
        x->payer = tb_json_need_str(&item, TB_STR("payer"), 1, TB_CODE_MAX);
        x->ppm = tb_json_need_i64(&item, TB_STR("ppm"), 1, TB_PPM_ALL);
        tb_json_end(&item);
    }
}

static void read_slots(struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    struct tb_json_array list;
    if (!list_of(o, "slots", TB_PRICE_SLOTS_MAX, &list))
        return;
    while (in->slots < TB_PRICE_SLOTS_MAX && tb_json_next_i64(&list, 1, COUNT, &in->slot_count[in->slots]))
        in->slots++;
}

/* ---- operations ------------------------------------------------------------------------------------ */

static void read_plain(struct tb_json_object *o, struct tb_cmd_campaign_put *in)
{
    uint8_t *base = (uint8_t *)in;
    for (uint32_t i = 0; i < TB_PROMOTION_NUMBERS; i++) {
        const struct tb_promotion_number *f = &tb_promotion_numbers[i];
        *(int64_t *)(void *)(base + f->in) = tb_may_i64(o, f->name, f->min, f->max, 0);
    }
    for (uint32_t i = 0; i < TB_PROMOTION_CHOICES; i++) {
        const struct tb_promotion_choice *f = &tb_promotion_choices[i];
        uint32_t v = 0;
        (void)tb_json_may_enum(o, tb_str_of(f->name), f->words, f->n, &v);
        *(int64_t *)(void *)(base + f->in) = v;
    }
    for (uint32_t i = 0; i < TB_PROMOTION_SWITCHES; i++)
        if (tb_may_bool(o, tb_promotion_switches[i].name))
            in->flags |= tb_promotion_switches[i].bit;
}

static void campaign_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_put *in = w->input;
    uint32_t rounding = TB_ROUND_HALF_UP;
    tb_read_put(w, o, &in->put);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->mechanic = tb_json_need_enum(o, TB_STR("mechanic"), tb_promotion_mechanics, TB_PRICE_POINTS + 1);
    (void)tb_json_may_time(o, TB_STR("from"), &in->from_ms);
    (void)tb_json_may_time(o, TB_STR("until"), &in->until_ms);
    in->audience = tb_may_str(o, "audience", TB_EXPR_SOURCE_MAX);
    in->condition = tb_may_str(o, "condition", TB_EXPR_SOURCE_MAX);
    in->formula = tb_may_str(o, "formula", TB_EXPR_SOURCE_MAX);
    (void)tb_json_may_enum(o, TB_STR("rounding"), tb_promotion_roundings, TB_ROUND_UP + 1, &rounding);
    in->rounding = rounding;
    in->group = tb_may_str(o, "group", TB_CODE_MAX);
    in->coupon = tb_may_str(o, "coupon", TB_CODE_MAX);
    in->gift_product = tb_may_str(o, "gift_product", TB_CODE_MAX);
    in->gift_unit = tb_may_str(o, "gift_unit", TB_CODE_MAX);
    read_plain(o, in);
    read_slots(o, in);
    read_times(w, o, in);
    read_places(w, o, in);
    read_scope(w, o, in);
    read_steps(w, o, in);
    read_prices(w, o, in);
    read_limits(w, o, in);
    read_funding(w, o, in);
}

static void campaign_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_out_put(w, o);
    tb_out_id(w, o, "offer", TB_ID_OFFER, tb_wire_u64(body, 6));
    tb_json_out_key_i64(o, "offer_version", (int64_t)tb_wire_u64(body, 5));
    tb_json_out_close(o, '}');
}

static void move_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_move *in = w->input;
    struct tb_json_array list;
    struct tb_str word;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->state = tb_json_need_enum(o, TB_STR("state"), tb_promotion_states, TB_CAMPAIGN_STATES);
    in->offer_version = (uint32_t)tb_may_i64(o, "offer_version", 1, UINT32_MAX, 0);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
    if (!list_of(o, "acknowledged", TB_FINDINGS, &list))
        return;
    uint32_t *number = rows(w, sizeof *number, &list);
    in->acknowledged = number;
    while (number != NULL && tb_json_next_str(&list, 1, 32, &word)) {
        uint32_t i = 1;
        while (i < TB_FINDINGS && !tb_str_eq_c(word, tb_promotion_findings[i]))
            i++;
        if (i == TB_FINDINGS)
            tb_json_refuse(o, TB_STR("acknowledged"), TB_PROBLEM_NOT_AN_OPTION, NULL);
        else
            number[in->acknowledged_n++] = i;
    }
}

static void move_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", ((const struct tb_cmd_campaign_move *)w->input)->campaign);
    tb_out_word(o, "state", tb_promotion_states, TB_CAMPAIGN_STATES, tb_wire_u64(body, 2));
    if (tb_wire_u64(body, 3) != 0)
        tb_out_id(w, o, "offer", TB_ID_OFFER, tb_wire_u64(body, 3));
    tb_json_out_close(o, '}');
}

static void check_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_check *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

static void check_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire body = tb_wire_of(tb_work_answer(w));
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "findings", '[');
    while (tb_wire_step(&body)) {
        uint64_t v[5];
        if (body.field != 1)
            continue;
        tb_wire_numbers(body.s, v, TB_COUNT_OF(v));
        tb_json_out_open(o, '{');
        tb_out_word(o, "finding", tb_promotion_findings, TB_FINDINGS, v[1]);
        tb_out_code(w, o, "against", TB_KIND_CAMPAIGN, v[2]);
        tb_out_code(w, o, "sku", TB_KIND_PRODUCT, v[3]);
        if (v[4] != 0)
            tb_json_out_key_i64(o, "figure", (int64_t)v[4]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

TB_WORK(campaign_put, TB_OP_CAMPAIGN_PUT, tb_cmd_campaign_put, campaign_read, campaign_write);
TB_WORK(campaign_move, TB_OP_CAMPAIGN_MOVE, tb_cmd_campaign_move, move_read, move_write);
TB_WORK(campaign_check, TB_OP_CAMPAIGN_CHECK, tb_cmd_campaign_check, check_read, check_write);
