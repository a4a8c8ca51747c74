// SPDX-License-Identifier: Apache-2.0
/* core/promotion/campaign.c - putting a campaign: what it says is checked and becomes a new version.
 *
 * One put emits CampaignPut, OfferMade and, for the first budget, the UnitPut of its account.
 * Not here: moving it through its states (move.c), the offer's block and programs (offer.c). */
#include "core/promotion/commands.h"

#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"
#include "core/ops.h"
#include "core/price/price_int.h"

#include <string.h>

#define CAMPAIGN_CODE_MAX 56u
#define BUDGET_PREFIX "budget:"
#define DAY_SECONDS 86400u

/* ---- checks -------------------------------------------------------------------------------- */

static void check_money(struct tb_put_run *p, const char *field, int64_t v)
{
    tb_check_range(p, field, v, 0, TB_PRICE_MONEY_MAX);
}

static void check_times(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    tb_check_range(p, "from", in->from_ms, 0, TB_MS_MAX);
    tb_check(p, in->until_ms == 0 || (in->until_ms > in->from_ms && in->until_ms <= TB_MS_MAX), "until");
    if (in->time_n > TB_OFFER_TIMES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "times");
    for (uint32_t i = 0; i < in->time_n && !p->refused; i++) {
        const struct tb_offer_time *w = &in->time[i];
        bool ok = w->black_out
                      ? w->from_ms >= 0 && w->until_ms > w->from_ms && w->until_ms <= TB_MS_MAX
                      : w->weekdays >= 1 && w->weekdays <= 127 && w->from_s < w->until_s &&
                            w->until_s <= DAY_SECONDS;
        if (!ok)
            tb_put_refuse_at(p, TB_CODE_INVALID, "times", i, NULL);
    }
}

static void check_limits(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    if (in->limit_n > TB_OFFER_LIMITS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "limits");
    for (uint32_t i = 0; i < in->limit_n && !p->refused; i++) {
        const struct tb_offer_limit *l = &in->limit[i];
        bool ok = l->scope < TB_LIMIT_SCOPES && l->period > TB_PERIOD_NONE && l->period < TB_CAP_PERIODS &&
                  l->uses >= 0 && l->uses <= TB_AMOUNT_MAX && l->amount >= 0 && l->amount <= TB_AMOUNT_MAX &&
                  l->pieces >= 0 && l->pieces <= TB_AMOUNT_MAX && (l->uses || l->amount || l->pieces);
        for (uint32_t k = 0; k < i; k++)
            ok = ok && !(in->limit[k].scope == l->scope && in->limit[k].period == l->period);
        if (!ok)
            tb_put_refuse_at(p, TB_CODE_INVALID, "limits", i, NULL);
    }
}

/* Spending of a period counts for a gift that she gets so often in it. */
static void check_period_spend(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    uint32_t hers = 0;
    for (uint32_t i = 0; i < in->limit_n; i++)
        hers += in->limit[i].scope == TB_LIMIT_MEMBER && in->limit[i].uses > 0 &&
                in->limit[i].period != TB_PERIOD_LIFETIME;
    if (in->flags & TB_OFFER_PERIOD_SPEND)
        tb_check(p,
                 in->mechanic == TB_PRICE_GIFT && hers == 1 && in->min_amount > 0 && in->scope_n == 0 &&
                     !(in->flags & TB_OFFER_EVERY),
                 "flags");
}

static void check_money_model(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    check_money(p, "budget", in->budget_amount);
    tb_check_range(p, "budget_rule", in->budget_rule, 0, TB_PRICE_BUDGET_STRICT);
    check_money(p, "cost_cap", in->cost_cap);
    check_limits(p, in);
    check_period_spend(p, in);
    int64_t sum = 0;
    if (in->funder_n > TB_OFFER_FUNDERS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "funding");
    for (uint32_t i = 0; i < in->funder_n && !p->refused; i++) {
        if (in->funder[i].payer.n == 0 || in->funder[i].payer.n > TB_CODE_MAX || in->funder[i].ppm < 1 ||
            in->funder[i].ppm > TB_PPM_ALL || !tb_utf8_valid(in->funder[i].payer))
            tb_put_refuse_at(p, TB_CODE_INVALID, "funding", i, NULL);
        else
            sum += in->funder[i].ppm;
    }
    tb_check(p, in->funder_n == 0 || sum == TB_PPM_ALL, "funding");
}

static void check_activity(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    tb_check_range(p, "mechanic", in->mechanic, 0, TB_PRICE_POINTS);
    tb_check_range(p, "level", in->level, 0, TB_PRICE_SHIPPING);
    tb_check_range(p, "rounding", in->rounding, 0, TB_ROUND_UP);
    tb_check_range(p, "sequence", in->sequence, -1000000, 1000000);
    tb_check(p, in->group.n == 0 || tb_code_valid(TB_KIND_RULE, in->group), "group");
    tb_check_range(p, "group_rule", in->group_rule, 0, TB_PRICE_EXCLUSIVE);
    tb_check(p, (in->flags & ~(uint64_t)TB_OFFER_FLAGS_ALL) == 0, "flags");
    if (in->scope_n > TB_OFFER_SCOPES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "scope");
    if (in->step_n > TB_PRICE_STEPS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "steps");
    if (in->price_n > TB_OFFER_SCOPES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "prices");
    tb_check(p, (in->mechanic == TB_PRICE_TABLE) == (in->price_n > 0), "prices");
    tb_check_range(p, "slots", in->slots, 0, in->mechanic == TB_PRICE_BUNDLE ? TB_PRICE_SLOTS_MAX : 0);
    for (uint32_t i = 0; i < TB_PRICE_SLOTS_MAX && !p->refused; i++)
        if (in->slot_count[i] < ((int64_t)i < in->slots) || in->slot_count[i] > TB_PRICE_COUNT_MAX ||
            ((int64_t)i >= in->slots && in->slot_count[i] != 0))
            tb_put_refuse_at(p, TB_CODE_INVALID, "slot_counts", i, NULL);
    check_money(p, "amount", in->amount);
    tb_check_range(p, "ppm", in->ppm, 0, INT64_C(1000) * TB_PPM_ALL);
    tb_check_range(p, "need", in->need, 0, TB_PRICE_COUNT_MAX);
    tb_check_range(p, "get", in->get, 0, TB_PRICE_COUNT_MAX);
    check_money(p, "min_amount", in->min_amount);
    tb_check_range(p, "min_pieces", in->min_pieces, 0, TB_PRICE_PARTS_MAX);
    check_money(p, "cap_unit", in->cap_unit);
    check_money(p, "cap_line", in->cap_line);
    check_money(p, "cap_order", in->cap_order);
    tb_check_range(p, "max_units", in->max_units, 0, TB_PRICE_PARTS_MAX);
    tb_check_range(p, "max_applications", in->max_applications, 0, TB_PRICE_COUNT_MAX);
    tb_check_range(p, "worth", in->worth, 0, TB_PRICE_WORTH_MAX);
    tb_check_range(p, "coupon_rule", in->coupon_rule, 0, in->coupon.n ? TB_PRICE_SINGLE : 0);
    tb_check_range(p, "coupons_max", in->coupons_max, 0, in->coupon.n ? TB_PRICE_OFFERS_MAX : 0);
    bool perk = in->mechanic == TB_PRICE_GIFT || in->mechanic == TB_PRICE_POINTS;
    tb_check(p, !(in->gift_product.n && in->gift_unit.n), "gift_unit");
    tb_check(p, perk || (in->gift_product.n == 0 && in->gift_unit.n == 0), "gift_unit");
    tb_check(p, in->mechanic != TB_PRICE_GIFT || in->gift_product.n || in->gift_unit.n, "gift_product");
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    tb_check(p, in->put.code.n <= CAMPAIGN_CODE_MAX, "code");
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    check_times(p, in);
    tb_check(p, in->audience.n <= TB_EXPR_SOURCE_MAX, "audience");
    if (in->place_n > TB_OFFER_PLACES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "places");
    tb_check_range(p, "holdout_ppm", in->holdout_ppm, 0, TB_PPM_ALL - 1);
    tb_check(p, in->condition.n <= TB_EXPR_SOURCE_MAX, "condition");
    tb_check(p,
             in->formula.n == 0 || (in->formula.n <= TB_EXPR_SOURCE_MAX && in->mechanic != TB_PRICE_LADDER &&
                                    in->mechanic != TB_PRICE_TABLE && in->mechanic != TB_PRICE_GIFT),
             "formula");
    check_activity(p, in);
    check_money_model(p, in);
}

/* ---- the event ------------------------------------------------------------------------------ */

static void *array(struct tb_put_run *p, size_t size, uint32_t n)
{
    void *at = n && !p->refused ? tb_arena_alloc(p->t->scratch, size * n) : NULL;
    if (n && at == NULL && !p->refused)
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "");
    if (at != NULL)
        memset(at, 0, size * n);
    return at;
}

static const struct tb_ev_offer_scope *scope_rows(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    struct tb_ev_offer_scope *row = array(p, sizeof *row, in->scope_n);
    uint32_t slots = TB_SCOPE_SLOT_BUNDLE + (uint32_t)in->slots;
    for (uint32_t i = 0; i < in->scope_n && !p->refused; i++) {
        const struct tb_scope_input *s = &in->scope[i];
        bool two_scopes = in->mechanic == TB_PRICE_BUY_GET;
        bool slot_ok = s->slot == TB_SCOPE_SLOT_X ? in->mechanic != TB_PRICE_BUNDLE || s->excluded
                       : s->slot == TB_SCOPE_SLOT_Y ? two_scopes
                                                    : s->slot < slots;
        bool text_ok = s->by == TB_SCOPE_ALL ? s->text.n == 0 : s->text.n > 0 && s->text.n <= TB_NAME_MAX;
        if (!slot_ok || !text_ok || s->by >= TB_SCOPE_BYS) {
            tb_put_refuse_at(p, TB_CODE_INVALID, "scope", i, NULL);
            continue;
        }
        row[i] = (struct tb_ev_offer_scope){.slot = s->slot, .by = s->by, .excluded = s->excluded};
        if (s->by != TB_SCOPE_PRODUCT) {
            row[i].text = s->text;
            continue;
        }
        row[i].product = tb_catalog_code(p->t, p->tenant, TB_KIND_PRODUCT, s->text);
        if (row[i].product == 0)
            tb_put_refuse_at(p, TB_CODE_UNKNOWN_PRODUCT, "scope", i, NULL);
    }
    return row;
}

static int by_place(const struct tb_ev_offer_place *a, const struct tb_ev_offer_place *b)
{
    if (a->by != b->by)
        return a->by < b->by ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static const struct tb_ev_offer_place *place_rows(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    struct tb_ev_offer_place *row = array(p, sizeof *row, in->place_n);
    for (uint32_t i = 0; i < in->place_n && !p->refused; i++) {
        const struct tb_place_input *s = &in->place[i];
        struct tb_ev_offer_place r = {.by = s->by, .id = s->channel};
        if (s->by >= TB_PLACE_BYS) {
            tb_put_refuse_at(p, TB_CODE_INVALID, "places", i, NULL);
        } else if (s->by != TB_PLACE_CHANNEL) {
            bool store = s->by == TB_PLACE_STORE;
            r.id = tb_catalog_code(p->t, p->tenant, store ? TB_KIND_STORE : TB_KIND_TOUCHPOINT, s->code);
            if (r.id == 0)
                tb_put_refuse_at(p, store ? TB_CODE_UNKNOWN_STORE : TB_CODE_UNKNOWN_TOUCHPOINT, "places", i,
                                 NULL);
        }
        uint32_t at = i;
        for (; at > 0 && by_place(&row[at - 1], &r) > 0; at--)
            row[at] = row[at - 1];
        row[at] = r;
    }
    return row;
}

static const struct tb_ev_offer_price *price_rows(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    struct tb_ev_offer_price *row = array(p, sizeof *row, in->price_n);
    for (uint32_t i = 0; i < in->price_n && !p->refused; i++) {
        struct tb_ev_offer_price r = {.price = in->price[i].price};
        r.product = tb_catalog_code(p->t, p->tenant, TB_KIND_PRODUCT, in->price[i].sku);
        if (r.price < 0 || r.price > TB_PRICE_MONEY_MAX)
            tb_put_refuse_at(p, TB_CODE_INVALID, "prices", i, "price");
        else if (r.product == 0)
            tb_put_refuse_at(p, TB_CODE_UNKNOWN_PRODUCT, "prices", i, NULL);
        uint32_t at = i;
        for (; at > 0 && row[at - 1].product > r.product; at--)
            row[at] = row[at - 1];
        if (at > 0 && row[at - 1].product == r.product && r.product != 0)
            tb_put_refuse_at(p, TB_CODE_INVALID, "prices", i, NULL);
        row[at] = r;
    }
    return row;
}

static void small_rows(struct tb_put_run *p, const struct tb_cmd_campaign_put *in, struct tb_ev_offer_made *ev)
{
    struct tb_ev_offer_step *step = array(p, sizeof *step, in->step_n);
    for (uint32_t i = 0; step && i < in->step_n; i++)
        step[i] = (struct tb_ev_offer_step){in->step[i].at, in->step[i].off, in->step[i].ppm};
    struct tb_ev_offer_time *time = array(p, sizeof *time, in->time_n);
    for (uint32_t i = 0; time && i < in->time_n; i++) {
        const struct tb_offer_time *w = &in->time[i];
        time[i] = w->black_out ? (struct tb_ev_offer_time){.black_out = 1,
                                                           .from_ms = (uint64_t)w->from_ms,
                                                           .until_ms = (uint64_t)w->until_ms}
                               : (struct tb_ev_offer_time){.weekdays = w->weekdays,
                                                           .from_s = w->from_s,
                                                           .until_s = w->until_s};
    }
    struct tb_ev_offer_limit *limit = array(p, sizeof *limit, in->limit_n);
    for (uint32_t i = 0; limit && i < in->limit_n; i++)
        limit[i] = (struct tb_ev_offer_limit){.scope = in->limit[i].scope,
                                              .period = in->limit[i].period,
                                              .uses = in->limit[i].uses,
                                              .amount = in->limit[i].amount,
                                              .pieces = in->limit[i].pieces};
    struct tb_ev_offer_fund *fund = array(p, sizeof *fund, in->funder_n);
    for (uint32_t i = 0; fund && i < in->funder_n; i++)
        fund[i] = (struct tb_ev_offer_fund){in->funder[i].payer, (uint64_t)in->funder[i].ppm};
    uint64_t *count = array(p, sizeof *count, (uint32_t)in->slots);
    for (uint32_t i = 0; count && i < (uint32_t)in->slots; i++)
        count[i] = (uint64_t)in->slot_count[i];
    ev->step = step;
    ev->step_n = step ? in->step_n : 0;
    ev->time = time;
    ev->time_n = time ? in->time_n : 0;
    ev->limit = limit;
    ev->limit_n = limit ? in->limit_n : 0;
    ev->fund = fund;
    ev->fund_n = fund ? in->funder_n : 0;
    ev->slot_count = count;
    ev->slot_count_n = count ? (uint32_t)in->slots : 0;
}

static struct tb_ev_offer_made offer_event(struct tb_put_run *p, const struct tb_cmd_campaign_put *in)
{
    struct tb_ev_offer_made ev = {.from_ms = (uint64_t)in->from_ms,
                                  .until_ms = (uint64_t)in->until_ms,
                                  .mechanic = (uint64_t)in->mechanic,
                                  .level = (uint64_t)in->level,
                                  .budget_rule = (uint64_t)in->budget_rule,
                                  .rounding = (uint64_t)in->rounding,
                                  .flags = in->flags | (in->members_only ? TB_OFFER_MEMBERS_ONLY : 0u) |
                                           (in->first_order ? TB_OFFER_FIRST_ORDER : 0u),
                                  .sequence = in->sequence,
                                  .group = in->group,
                                  .group_rule = (uint64_t)in->group_rule,
                                  .amount = in->amount,
                                  .ppm = in->ppm,
                                  .need = (uint64_t)in->need,
                                  .get = (uint64_t)in->get,
                                  .min_amount = in->min_amount,
                                  .min_pieces = (uint64_t)in->min_pieces,
                                  .cap_unit = in->cap_unit,
                                  .cap_line = in->cap_line,
                                  .cap_order = in->cap_order,
                                  .max_units = (uint64_t)in->max_units,
                                  .max_applications = (uint64_t)in->max_applications,
                                  .worth = in->worth,
                                  .coupons_max = (uint64_t)in->coupons_max,
                                  .holdout_ppm = (uint64_t)in->holdout_ppm,
                                  .budget_amount = in->budget_amount,
                                  .audience = in->audience,
                                  .condition = in->condition,
                                  .formula = in->formula,
                                  .cost_cap = in->cost_cap,
                                  .slots = (uint64_t)in->slots};
    ev.scope = scope_rows(p, in);
    ev.scope_n = ev.scope ? in->scope_n : 0;
    ev.place = place_rows(p, in);
    ev.place_n = ev.place ? in->place_n : 0;
    ev.price = price_rows(p, in);
    ev.price_n = ev.price ? in->price_n : 0;
    ev.coupon_unit = tb_check_named(p, "coupon", TB_KIND_UNIT, in->coupon, true, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *coupon = ev.coupon_unit ? tb_catalog_find(p->t, TB_KIND_UNIT, ev.coupon_unit) : NULL;
    tb_check(p, coupon == NULL || coupon->kind == TB_UNIT_COUPON, "coupon");
    if (ev.coupon_unit)
        ev.coupon_rule = in->coupon_rule ? (uint64_t)in->coupon_rule : TB_PRICE_JOINT;
    ev.gift_product =
        tb_check_named(p, "gift_product", TB_KIND_PRODUCT, in->gift_product, true, TB_CODE_UNKNOWN_PRODUCT);
    ev.gift_unit = tb_check_named(p, "gift_unit", TB_KIND_UNIT, in->gift_unit, true, TB_CODE_UNKNOWN_UNIT);
    if (in->flags & TB_OFFER_TO_REFERRER)
        tb_check(p, in->mechanic == TB_PRICE_GIFT && in->gift_unit.n != 0, "flags");
    const struct tb_unit *gift = ev.gift_unit ? tb_catalog_find(p->t, TB_KIND_UNIT, ev.gift_unit) : NULL;
    bool points = in->mechanic == TB_PRICE_POINTS;
    tb_check(p, gift == NULL || !(in->flags & TB_OFFER_TO_REFERRER) || gift->kind == TB_UNIT_COUPON, "gift_unit");
    tb_check(p, gift == NULL || (points ? gift->kind == TB_UNIT_POINTS
                                        : gift->kind == TB_UNIT_POINTS || gift->kind == TB_UNIT_COUPON),
             "gift_unit");
    small_rows(p, in, &ev);
    return ev;
}

/* The price room's own rules about which fields go together, asked with a basket of one piece. */
static void check_terms(struct tb_put_run *p, const struct tb_ev_offer_made *ev)
{
    if (p->refused)
        return;
    const uint64_t all = 1;
    const int64_t price = 1;
    struct tb_basket_line line = {.quantity = 1000, .amount = 1, .cost = -1};
    struct tb_basket basket = {.line = &line, .line_n = 1};
    struct tb_offer o = {.mechanic = (enum tb_price_mechanic)ev->mechanic,
                         .level = (enum tb_price_level)ev->level,
                         .coupon = (enum tb_price_coupon)ev->coupon_rule,
                         .budget_rule = ev->budget_amount ? (enum tb_price_budget)ev->budget_rule : 0,
                         .rounding = (enum tb_rounding)ev->rounding,
                         .one_per_product = ev->flags & TB_OFFER_ONE_PER_PRODUCT,
                         .initial = ev->flags & TB_OFFER_INITIAL,
                         .every = ev->flags & TB_OFFER_EVERY,
                         .by_pieces = ev->flags & TB_OFFER_BY_PIECES,
                         .overall = ev->flags & TB_OFFER_OVERALL,
                         .same_line = ev->flags & TB_OFFER_SAME_LINE,
                         .scope = &all,
                         .scope_y = &all,
                         .line_price = &price,
                         .amount = ev->amount,
                         .ppm = ev->ppm,
                         .need = (uint32_t)ev->need,
                         .get = (uint32_t)ev->get,
                         .step_n = ev->step_n,
                         .slot_n = (uint32_t)ev->slots,
                         .min_amount = ev->min_amount,
                         .min_pieces = (uint32_t)ev->min_pieces,
                         .cap_unit = ev->cap_unit,
                         .cap_line = ev->cap_line,
                         .cap_order = ev->cap_order,
                         .max_units = (uint32_t)ev->max_units,
                         .max_applications = (uint32_t)ev->max_applications,
                         .worth = ev->worth};
    for (uint32_t i = 0; i < ev->step_n; i++)
        o.step[i] = (struct tb_price_step){ev->step[i].at, ev->step[i].off, ev->step[i].ppm};
    for (uint32_t i = 0; i < ev->slots; i++)
        o.slot[i] = (struct tb_price_slot){&all, (uint32_t)ev->slot_count[i]};
    uint32_t parts;
    uint32_t at;
    if (tb_price_check(&basket, &o, 1, &parts, &at) != TB_PRICE_DONE)
        tb_put_refuse(p, TB_CODE_INVALID, tb_offer_terms_wrong(&o));
}

static void check_expression(struct tb_put_run *p, const char *field, struct tb_str source, bool order)
{
    if (p->refused || source.n == 0)
        return;
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_rule_env env;
    tb_rule_env_init(&env, p->t, p->tenant, order ? TB_RULE_EARN : TB_RULE_TIER, UINT32_MAX);
    tb_rule_check_condition(p, &env, field, source, region);
}

static void check_formula(struct tb_put_run *p, struct tb_str source)
{
    if (p->refused || source.n == 0)
        return;
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_rule_env env;
    tb_rule_env_init(&env, p->t, p->tenant, TB_RULE_EARN, UINT32_MAX);
    tb_rule_check_amount(p, &env, "formula", source, region);
}

/* ---- deciding ---------------------------------------------------------------------------------- */

/* A state that a change of what is said leaves. */
static uint32_t state_after(const struct tb_campaign *old)
{
    if (old == NULL || old->state == TB_CAMPAIGN_REVIEW || old->state == TB_CAMPAIGN_SCHEDULED)
        return TB_CAMPAIGN_DRAFT;
    return old->state;
}

static void make_budget_unit(struct tb_put_run *p, uint64_t id, struct tb_str code, struct tb_str name)
{
    struct tb_ev_unit_put ev = {.id = id,
                                .code = code,
                                .name = name,
                                .kind = TB_UNIT_BUDGET,
                                .version = 1,
                                .content = p->content};
    tb_emit_unit_put(p->t, &ev);
}

static struct tb_str budget_code(struct tb_put_run *p)
{
    struct tb_buf b;
    char *at = tb_arena_alloc(p->t->scratch, TB_CODE_MAX + 1);
    tb_assert(at != NULL);
    tb_buf_init(&b, at, TB_CODE_MAX + 1);
    tb_buf_c(&b, BUDGET_PREFIX);
    tb_buf_str(&b, p->code);
    tb_assert(!b.overflowed);
    return tb_buf_as_str(&b);
}

static uint64_t random_salt(struct tb_txn *t)
{
    uint64_t salt;
    memcpy(&salt, tb_txn_entropy(t), sizeof salt);
    return salt | 1;
}

/* The version that this one replaces, when nothing can name it. */
static uint32_t dropped(const struct tb_put_run *p, const struct tb_campaign *old)
{
    struct tb_block *b = old ? tb_read(p->t, TB_KIND_OFFER, old->newest) : NULL;
    const struct tb_offer_version *v = b ? tb_block_head_const(b) : NULL;
    return v != NULL && !v->was_live ? old->newest : 0;
}

static void emit_put(struct tb_put_run *p, struct tb_ev_campaign_put *put, struct tb_ev_offer_made *made)
{
    struct tb_buf b = tb_put_content_open(p, tb_ev_campaign_put_size(put) + tb_ev_offer_made_size(made));
    tb_ev_campaign_put_encode(&b, put);
    tb_ev_offer_made_encode(&b, made);
    if (!tb_put_content_close(p, &b))
        return;
    const struct tb_campaign *old = tb_put_old(p);
    uint64_t next = tb_counter_next(p->t, TB_COUNTER_CONFIG);
    put->id = p->id;
    put->version = p->version;
    put->content = p->content;
    put->offer = old ? next : next + 1;
    put->salt = old ? old->salt : random_salt(p->t);
    put->state = state_after(old);
    put->budget_unit = old ? old->budget : 0;
    put->drops = dropped(p, old);
    made->id = put->offer;
    made->campaign = p->id;
    made->version = old ? old->versions + 1 : 1;
    struct tb_str code = budget_code(p);
    struct tb_str name = put->name;
    bool fund = made->budget_amount > 0 && put->budget_unit == 0;
    if (fund) {
        if (tb_catalog_code(p->t, p->tenant, TB_KIND_UNIT, code) != 0) {
            tb_put_refuse(p, TB_CODE_CODE_TAKEN, "code");
            return;
        }
        put->budget_unit = put->offer + 1;
    }
    tb_emit_campaign_put(p->t, put);
    tb_emit_offer_made(p->t, made);
    if (fund)
        make_budget_unit(p, put->budget_unit, code, name);
}

enum tb_outcome tb_campaign_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_CAMPAIGN, t->tenant, &in->put);
    const struct tb_campaign *old = tb_put_old(&p);
    if (!p.refused && old != NULL && old->state == TB_CAMPAIGN_ENDED)
        tb_put_refuse(&p, TB_CODE_CAMPAIGN_STATE, "");
    check_fields(&p, in);
    struct tb_ev_offer_made made = {0};
    if (!p.refused)
        made = offer_event(&p, in);
    check_terms(&p, &made);
    check_expression(&p, "audience", in->audience, false);
    check_expression(&p, "condition", in->condition, true);
    check_formula(&p, in->formula);
    struct tb_ev_campaign_put put = {.code = in->put.code, .name = in->name};
    if (!p.refused)
        emit_put(&p, &put, &made);
    enum tb_outcome outcome = tb_put_end(&p);
    if (outcome != TB_DONE)
        return outcome;
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, p.id));
    tb_wire_put_uint(&a->body, 5, c->versions);
    tb_wire_put_uint(&a->body, 6, c->newest);
    return TB_DONE;
}

/* ---- applying ------------------------------------------------------------------------------------ */

void tb_promotion_apply_campaign_put(struct tb_txn *t, const struct tb_ev_campaign_put *ev)
{
    const enum tb_kind kind = TB_KIND_CAMPAIGN;
    const struct tb_block *before = tb_read(t, kind, ev->id);
    const struct tb_campaign *old = before ? tb_block_head_const(before) : NULL;
    uint32_t live = old && ev->state != TB_CAMPAIGN_DRAFT ? old->live : 0;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = live});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_block *b = tb_write(t, kind, ev->id);
    struct tb_campaign *head = tb_block_head(b);
    head->c = c;
    head->salt = ev->salt;
    head->state = (uint32_t)ev->state;
    head->newest = (uint32_t)ev->offer;
    head->budget = (uint32_t)ev->budget_unit;
    head->live = live;
    if (live == 0)
        tb_campaign_close_run(t, b);
    if (ev->drops)
        tb_drop(t, TB_KIND_OFFER, ev->drops);
}
