// SPDX-License-Identifier: Apache-2.0
/* core/promotion/offer.c - the block of one version: made once, its programs made of their sources.
 *
 * The event keeps the sources, so the journal does not depend on the compiler; a program that another
 * version of this program stored and this one does not read is compiled again after loading. */
#include "core/promotion/campaign.h"

#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"

#include <string.h>

/* ---- programs ------------------------------------------------------------------------------ */

static const uint32_t programs[] = {TB_OFFER_AUDIENCE, TB_OFFER_CONDITION, TB_OFFER_FORMULA};

static enum tb_rule_kind env_kind(uint32_t section)
{
    return section == TB_OFFER_AUDIENCE ? TB_RULE_TIER : TB_RULE_EARN;
}

static struct tb_str source_of(const struct tb_txn *t, struct tb_block *b, uint32_t section)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    return tb_config_text(t, b, section == TB_OFFER_CONDITION  ? v->condition
                                : section == TB_OFFER_FORMULA ? v->formula
                                                              : v->audience);
}

static void store_program(struct tb_txn *t, uint64_t id, uint32_t section, const struct tb_expr_program *program)
{
    size_t size = tb_expr_program_size(program);
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)program + at, size - at < 8 ? size - at : 8);
        (void)tb_push(t, TB_KIND_OFFER, id, section, &word);
    }
}

static bool compile_part(struct tb_txn *t, uint64_t id, uint32_t section, const struct tb_rule_env *env,
                         uint32_t *window_days)
{
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_expr_problem problem;
    struct tb_block *b = tb_read(t, TB_KIND_OFFER, id);
    struct tb_str source = source_of(t, b, section);
    if (b->n[section] > 0)
        tb_cut(t, TB_KIND_OFFER, id, section, 0, b->n[section]);
    if (source.n == 0)
        return true;
    enum tb_rule_part part = section == TB_OFFER_FORMULA ? TB_RULE_PART_AMOUNT : TB_RULE_PART_CONDITION;
    source = source_of(t, tb_read(t, TB_KIND_OFFER, id), section);
    const struct tb_expr_program *program = tb_rule_compile(env, part, source, region, &problem, window_days);
    if (program != NULL)
        store_program(t, id, section, program);
    return program != NULL;
}

static void compile_offer(struct tb_txn *t, uint64_t id)
{
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, id));
    uint32_t tenant = v->tenant;
    uint32_t window_days = 0;
    bool good = true;
    struct tb_rule_env env = {.attributes = 0};
    for (uint32_t i = 0; i < TB_COUNT_OF(programs); i++) {
        tb_rule_env_init(&env, t, tenant, env_kind(programs[i]), UINT32_MAX);
        good &= compile_part(t, id, programs[i], &env, &window_days);
    }
    struct tb_offer_version *head = tb_block_head(tb_write(t, TB_KIND_OFFER, id));
    head->attributes = env.attributes;
    head->window_days = window_days;
    head->broken = !good;
    tb_tenant_window(t, tenant, window_days);
}

/* ---- applying ------------------------------------------------------------------------------- */

static struct tb_text add_text(struct tb_txn *t, uint64_t id, struct tb_str s)
{
    return tb_config_add_text(t, TB_KIND_OFFER, id, s);
}

static void add_rows(struct tb_txn *t, const struct tb_ev_offer_made *ev)
{
    const enum tb_kind k = TB_KIND_OFFER;
    for (uint32_t i = 0; i < ev->scope_n; i++) {
        const struct tb_ev_offer_scope *s = &ev->scope[i];
        struct tb_offer_scope row = {.text = add_text(t, ev->id, s->text),
                                     .product = (uint32_t)s->product,
                                     .slot = (uint8_t)s->slot,
                                     .by = (uint8_t)s->by,
                                     .excluded = s->excluded != 0};
        (void)tb_push(t, k, ev->id, TB_OFFER_SCOPE, &row);
    }
    for (uint32_t i = 0; i < ev->step_n; i++) {
        struct tb_offer_step row = {ev->step[i].at, ev->step[i].off, ev->step[i].ppm};
        (void)tb_push(t, k, ev->id, TB_OFFER_STEP, &row);
    }
    for (uint32_t i = 0; i < ev->place_n; i++) {
        struct tb_offer_place row = {(uint32_t)ev->place[i].by, (uint32_t)ev->place[i].id};
        (void)tb_push(t, k, ev->id, TB_OFFER_PLACE, &row);
    }
    for (uint32_t i = 0; i < ev->price_n; i++) {
        struct tb_offer_price row = {.product = (uint32_t)ev->price[i].product, .price = ev->price[i].price};
        (void)tb_push(t, k, ev->id, TB_OFFER_PRICE, &row);
    }
    for (uint32_t i = 0; i < ev->fund_n; i++) {
        struct tb_offer_funder row = {.payer = add_text(t, ev->id, ev->fund[i].payer),
                                      .ppm = (uint32_t)ev->fund[i].ppm};
        (void)tb_push(t, k, ev->id, TB_OFFER_FUNDER, &row);
    }
}

static void add_terms(struct tb_txn *t, const struct tb_ev_offer_made *ev)
{
    for (uint32_t i = 0; i < ev->time_n; i++) {
        const struct tb_ev_offer_time *w = &ev->time[i];
        struct tb_offer_time row = {.from_ms = (int64_t)w->from_ms,
                                    .until_ms = (int64_t)w->until_ms,
                                    .from_s = (uint32_t)w->from_s,
                                    .until_s = (uint32_t)w->until_s,
                                    .weekdays = (uint32_t)w->weekdays,
                                    .black_out = (uint32_t)w->black_out};
        (void)tb_push(t, TB_KIND_OFFER, ev->id, TB_OFFER_TIME, &row);
    }
    for (uint32_t i = 0; i < ev->limit_n; i++) {
        const struct tb_ev_offer_limit *l = &ev->limit[i];
        struct tb_offer_limit row = {.scope = (uint32_t)l->scope,
                                     .period = (uint32_t)l->period,
                                     .uses = l->uses,
                                     .amount = l->amount,
                                     .pieces = l->pieces};
        (void)tb_push(t, TB_KIND_OFFER, ev->id, TB_OFFER_LIMIT, &row);
    }
}

static struct tb_offer_version head_of(const struct tb_txn *t, const struct tb_campaign *c,
                                       const struct tb_ev_offer_made *ev)
{
    struct tb_offer_version v = {.tenant = c->c.tenant,
                                 .campaign = (uint32_t)ev->campaign,
                                 .version = (uint32_t)ev->version,
                                 .budget = ev->budget_amount ? c->budget : 0,
                                 .made_ms = t->now_ms,
                                 .from_ms = (int64_t)ev->from_ms,
                                 .until_ms = ev->until_ms ? (int64_t)ev->until_ms : INT64_MAX,
                                 .amount = ev->amount,
                                 .ppm = ev->ppm,
                                 .min_amount = ev->min_amount,
                                 .cap_unit = ev->cap_unit,
                                 .cap_line = ev->cap_line,
                                 .cap_order = ev->cap_order,
                                 .worth = ev->worth,
                                 .budget_amount = ev->budget_amount,
                                 .cost_cap = ev->cost_cap,
                                 .salt = c->salt,
                                 .sequence = (int32_t)ev->sequence,
                                 .need = (uint32_t)ev->need,
                                 .get = (uint32_t)ev->get,
                                 .min_pieces = (uint32_t)ev->min_pieces,
                                 .max_units = (uint32_t)ev->max_units,
                                 .max_applications = (uint32_t)ev->max_applications,
                                 .coupon_unit = (uint32_t)ev->coupon_unit,
                                 .gift_product = (uint32_t)ev->gift_product,
                                 .gift_unit = (uint32_t)ev->gift_unit,
                                 .coupons_max = (uint32_t)ev->coupons_max,
                                 .holdout_ppm = (uint32_t)ev->holdout_ppm,
                                 .flags = (uint16_t)ev->flags,
                                 .slots = (uint8_t)ev->slots,
                                 .mechanic = (uint8_t)ev->mechanic,
                                 .level = (uint8_t)ev->level,
                                 .coupon_rule = (uint8_t)ev->coupon_rule,
                                 .budget_rule = (uint8_t)ev->budget_rule,
                                 .rounding = (uint8_t)ev->rounding,
                                 .group_rule = (uint8_t)ev->group_rule};
    for (uint32_t i = 0; i < ev->slot_count_n && i < TB_PRICE_SLOTS_MAX; i++)
        v.slot_count[i] = (uint32_t)ev->slot_count[i];
    return v;
}

void tb_promotion_apply_offer_made(struct tb_txn *t, const struct tb_ev_offer_made *ev)
{
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, ev->campaign));
    struct tb_offer_version v = head_of(t, c, ev);
    (void)tb_create(t, TB_KIND_OFFER, ev->id);
    tb_counter_used(t, TB_COUNTER_CONFIG, ev->id);
    v.group = add_text(t, ev->id, ev->group);
    v.audience = add_text(t, ev->id, ev->audience);
    v.condition = add_text(t, ev->id, ev->condition);
    v.formula = add_text(t, ev->id, ev->formula);
    add_rows(t, ev);
    add_terms(t, ev);
    *(struct tb_offer_version *)tb_block_head(tb_write(t, TB_KIND_OFFER, ev->id)) = v;
    compile_offer(t, ev->id);
    struct tb_campaign *head = tb_block_head(tb_write(t, TB_KIND_CAMPAIGN, ev->campaign));
    head->versions = (uint32_t)ev->version;
}

/* ---- what it says --------------------------------------------------------------------------- */

/* Every field is written; rows behind step_n and slot_n, which nobody reads, are left as they were: clearing the whole
 * for each offer of a quote cost as much as filling it. */
_Static_assert(sizeof(struct tb_offer) == 432, "a new field is to be written here");

void tb_offer_terms(const struct tb_txn *t, struct tb_block *b, struct tb_offer *out)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    out->mechanic = (enum tb_price_mechanic)v->mechanic;
    out->level = (enum tb_price_level)v->level;
    out->coupon = (enum tb_price_coupon)v->coupon_rule;
    out->rounding = (enum tb_rounding)v->rounding;
    out->sequence = v->sequence;
    out->one_per_product = v->flags & TB_OFFER_ONE_PER_PRODUCT;
    out->initial = v->flags & TB_OFFER_INITIAL;
    out->every = v->flags & TB_OFFER_EVERY;
    out->by_pieces = v->flags & TB_OFFER_BY_PIECES;
    out->overall = v->flags & TB_OFFER_OVERALL;
    out->same_line = v->flags & TB_OFFER_SAME_LINE;
    out->expires_ms = INT64_MAX;
    out->amount = v->amount;
    out->ppm = v->ppm;
    out->need = v->need;
    out->get = v->get;
    out->step_n = b->n[TB_OFFER_STEP];
    out->slot_n = v->slots;
    out->min_amount = v->min_amount;
    out->min_pieces = v->min_pieces;
    out->cap_unit = v->cap_unit;
    out->cap_line = v->cap_line;
    out->cap_order = v->cap_order;
    out->max_units = v->max_units;
    out->max_applications = v->max_applications;
    out->worth = v->worth;
    out->group = 0;
    out->scope = out->scope_y = NULL;
    out->line_price = NULL;
    out->budget_rule = TB_PRICE_NO_BUDGET;
    out->budget = 0;
    const struct tb_offer_step *step = out->step_n != 0 ? tb_section(t, b, TB_OFFER_STEP) : NULL;
    for (uint32_t i = 0; i < out->step_n; i++)
        out->step[i] = (struct tb_price_step){step[i].at, step[i].off, step[i].ppm};
    for (uint32_t i = 0; i < out->slot_n; i++)
        out->slot[i].count = v->slot_count[i];
}

/* ---- start-up -------------------------------------------------------------------------------- */

static bool part_valid(const struct tb_txn *t, struct tb_block *b, uint32_t section)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    size_t bytes = (size_t)b->n[section] * 8;
    if (bytes == 0)
        return source_of(t, b, section).n == 0;
    struct tb_rule_env env;
    tb_rule_env_init(&env, t, v->tenant, env_kind(section), v->attributes);
    const struct tb_expr_program *program = tb_section(t, b, section);
    size_t size = tb_expr_program_size(program);
    return size <= bytes && tb_expr_program_valid(program, size, &env.env);
}

uint32_t tb_offer_refresh_all(struct tb_core *c)
{
    struct tb_txn t = {.store = &c->store, .env = &c->env, .core = c};
    uint32_t refreshed = 0;
    tb_txn_begin(&t, 0, 0, 0, NULL);
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_OFFER, id);
        if (b == NULL || (!((const struct tb_offer_version *)tb_block_head_const(b))->broken &&
                          part_valid(&t, b, TB_OFFER_AUDIENCE) && part_valid(&t, b, TB_OFFER_CONDITION) &&
                          part_valid(&t, b, TB_OFFER_FORMULA)))
            continue;
        compile_offer(&t, id);
        refreshed++;
    }
    tb_txn_commit(&t);
    if (t.undo_cap > 0)
        tb_pool_free(&c->store.pool, t.undo, t.undo_cap * sizeof *t.undo);
    return refreshed;
}
