// SPDX-License-Identifier: Apache-2.0
/* One order of the past, asked again with the drafts live. See backtest.h. */
#include <stdlib.h>
#include <string.h>

#include "backtest/backtest.h"
#include "core/order/take.h"
#include "core/price/bulk.h"

#define ANSWER_BYTES 65536u
#define COUPONS_EACH 4u
#define COUPONS_MAX 64u

static const uint8_t entropy[TB_ENTROPY_BYTES] = {1};

/* One order under judgement. */
struct judging {
    struct tb_backtest *b;
    struct tb_txn *t;
    struct tb_ev_order_placed placed;
    struct tb_ev_order_priced priced;
    bool was_priced;
    int64_t before; /* paid */
    struct tb_cmd_quote quote;
    struct tb_checkout c;
    struct tb_answer answer;
    struct tb_coupon coupon[COUPONS_MAX]; /* of the drafts' templates, as if she had claimed them */
    uint32_t coupon_n;
    int32_t mine[TB_PRICE_OFFERS_MAX]; /* the draft of an offer; -1: another campaign's */
    int32_t day;
};

/* ---- facts ---------------------------------------------------------------------------------------- */

static struct tb_str code_of(struct judging *j, enum tb_kind kind, uint64_t id)
{
    struct tb_block *b = id ? tb_read(j->t, kind, id) : NULL;
    return b ? tb_config_text(j->t, b, ((const struct tb_config *)tb_block_head_const(b))->code) : TB_STR_NONE;
}

static struct tb_order_line_input *lines_of(struct judging *j)
{
    const struct tb_ev_order_placed *ev = &j->placed;
    struct tb_order_line_input *line = TB_NEW_ARRAY(j->t->scratch, struct tb_order_line_input, ev->line_n + 1);
    tb_assert(line != NULL);
    for (uint32_t i = 0; i < ev->line_n; i++) {
        const struct tb_ev_order_line *l = &ev->line[i];
        line[i].sku = l->product ? code_of(j, TB_KIND_PRODUCT, l->product) : l->sku;
        line[i].quantity = l->quantity;
        line[i].net = j->was_priced && l->gross != 0 ? l->gross : l->net;
        j->before += l->net;
    }
    return line;
}

/* What was asked for shipping, before what offers took off it. */
static int64_t shipping_list(const struct judging *j)
{
    int64_t saving = 0;
    for (uint32_t i = 0; i < j->priced.effect_n; i++)
        saving += j->priced.effect[i].saving;
    for (uint32_t i = 0; i < j->placed.line_n; i++)
        saving -= j->placed.line[i].gross ? j->placed.line[i].gross - j->placed.line[i].net : 0;
    return j->priced.shipping + (saving > 0 ? saving : 0);
}

static const uint64_t *coupons_of(struct judging *j, uint32_t *n)
{
    uint64_t *lot = TB_NEW_ARRAY(j->t->scratch, uint64_t, j->priced.effect_n + 1);
    tb_assert(lot != NULL);
    for (uint32_t i = 0; i < j->priced.effect_n; i++)
        if (j->priced.effect[i].coupon != 0)
            lot[(*n)++] = j->priced.effect[i].coupon;
    return lot;
}

static void fill_quote(struct judging *j)
{
    const struct tb_ev_order_placed *ev = &j->placed;
    struct tb_cmd_quote *q = &j->quote;
    *q = (struct tb_cmd_quote){.order = {.key = TB_STR("?"),
                                         .profile = (uint32_t)ev->profile,
                                         .store = code_of(j, TB_KIND_STORE, ev->store),
                                         .associate = code_of(j, TB_KIND_ASSOCIATE, ev->associate),
                                         .touchpoint = code_of(j, TB_KIND_TOUCHPOINT, ev->touchpoint),
                                         .channel = (uint32_t)ev->channel,
                                         .occurred_ms = ev->occurred_ms,
                                         .line_n = ev->line_n},
                               .device = j->priced.device};
    q->order.line = lines_of(j);
    if (j->was_priced) {
        q->shipping = shipping_list(j);
        j->before += j->priced.shipping;
        q->coupon = coupons_of(j, &q->coupon_n);
    }
}

/* A draft takes a coupon: she has claimed as many as the template lets her, and they count once they are used. */
static void claim(struct judging *j)
{
    const struct tb_backtest *b = j->b;
    for (uint32_t i = 0; i < b->o.campaign_n && j->placed.profile != 0; i++) {
        uint32_t unit = b->draft[i].campaign ? b->draft[i].coupon_unit : 0;
        for (uint32_t k = 0; unit != 0 && k < COUPONS_EACH && j->coupon_n < COUPONS_MAX; k++)
            if (tb_coupon_issue(j->t, (uint32_t)j->placed.profile, unit, 0, 0, TB_STR("backtest"),
                                &j->coupon[j->coupon_n]) == TB_CODE_OK)
                j->coupon_n++;
            else
                break;
    }
}

/* ---- pricing -------------------------------------------------------------------------------------- */

static bool replaced(const struct judging *j, uint32_t campaign)
{
    for (uint32_t i = 0; i < j->b->o.campaign_n; i++)
        if (tb_find_code(j->t, TB_KIND_CAMPAIGN, j->b->o.campaign[i].put.code) == campaign)
            return true;
    return false;
}

/* Leaves out what must not stand beside a draft: the campaign that it is to replace, and, for an order that
 * Tongbao did not price, every other one. */
static void filter(struct judging *j)
{
    struct tb_promotion_set *set = &j->c.set;
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        int32_t draft = tb_bt_draft_of(j->b, set->found[i].campaign);
        if (draft < 0 && (!j->was_priced || replaced(j, set->found[i].campaign)))
            continue;
        j->mine[n] = draft;
        set->offer[n] = set->offer[i];
        set->found[n++] = set->found[i];
    }
    set->n = n;
}

static uint32_t parts_of(const struct tb_basket *basket)
{
    int64_t parts = 0;
    for (uint32_t i = 0; i < basket->line_n; i++)
        parts += basket->line[i].whole ? 1 : basket->line[i].quantity / 1000;
    return parts > TB_PRICE_PARTS_MAX ? TB_PRICE_PARTS_MAX : (uint32_t)parts;
}

/* As tb_checkout_price, with the offers filtered. */
static enum tb_price_answer price(struct judging *j)
{
    struct tb_checkout *c = &j->c;
    struct tb_promotion_ask ask = {.profile = c->who.profile,
                                   .person = c->who.person,
                                   .store = c->facts.store,
                                   .touchpoint = c->facts.touchpoint,
                                   .device = j->quote.device,
                                   .at_ms = j->placed.occurred_ms,
                                   .day = j->day,
                                   .channel = c->order.channel,
                                   .order = &c->order,
                                   .product = c->product,
                                   .amount = c->list,
                                   .coupon = j->quote.coupon,
                                   .coupon_n = j->quote.coupon_n,
                                   .locked = j->coupon,
                                   .locked_n = j->coupon_n};
    struct tb_price_search search = {.steps_max = TB_QUOTE_STEPS};
    tb_promotion_eligible(j->t, &ask, &c->set);
    filter(j);
    c->basket.coupons_max = c->set.coupons_max;
    c->basket.group = c->set.group;
    c->basket.group_n = c->set.group_n;
    tb_price_bulk((struct tb_basket_line *)(uintptr_t)c->basket.line, c->basket.line_n, c->set.offer, c->set.n);
    c->work.size = tb_price_work_bytes(c->basket.line_n, parts_of(&c->basket), c->set.n);
    c->work.region = tb_arena_alloc(j->t->scratch, c->work.size);
    if (c->work.region == NULL)
        return TB_PRICE_WORK_TOO_SMALL;
    enum tb_price_answer p = tb_price_best(&c->work, &c->basket, c->set.offer, c->set.n, &search, &c->price);
    for (uint32_t i = 0; p == TB_PRICE_DONE && i < c->order.line_n; i++) {
        c->line[i].gross = c->list[i];
        c->line[i].net = c->price.line[i].net;
    }
    return p;
}

static enum tb_bt_fate refused(struct judging *j, enum tb_code code)
{
    j->b->f.refused[code]++;
    return TB_BT_REFUSED;
}

static bool draft_open(const struct judging *j)
{
    for (uint32_t i = 0; i < j->c.set.n; i++)
        if (j->mine[i] >= 0)
            return true;
    return false;
}

static bool draft_in_force(const struct judging *j)
{
    for (uint32_t i = 0; i < j->c.price.use_n; i++)
        if (j->mine[j->c.price.use[i].offer] >= 0)
            return true;
    return false;
}

/* Why drafts were not open. */
static enum tb_bt_fate closed(struct judging *j)
{
    bool held_out = false;
    for (uint32_t i = 0; i < j->c.set.refused_n; i++) {
        const struct tb_promotion_refusal *r = &j->c.set.refused[i];
        int32_t draft = tb_bt_draft_of(j->b, r->campaign);
        if (r->campaign == 0 || draft < 0)
            continue;
        j->b->draft[draft].why[r->why]++;
        j->b->f.why[r->why]++;
        held_out = held_out || r->why == TB_PROMOTION_HELD_OUT;
    }
    return held_out ? TB_BT_HELD_OUT : TB_BT_CLOSED;
}

static enum tb_bt_fate no_effect(struct judging *j)
{
    struct tb_checkout *c = &j->c;
    struct tb_price_reason why[TB_PRICE_OFFERS_MAX];
    if (tb_price_explain(&c->work, &c->basket, c->set.offer, c->set.n, c->price.set, why) != TB_PRICE_DONE)
        return TB_BT_NO_EFFECT;
    for (uint32_t i = 0; i < c->set.n; i++)
        if (j->mine[i] >= 0) {
            j->b->f.price_why[why[i].why]++;
            break;
        }
    return TB_BT_NO_EFFECT;
}

static enum tb_bt_fate course(struct judging *j)
{
    struct tb_command cmd = {.op = 0, .tenant = j->t->tenant};
    if (tb_checkout_begin(&j->c, j->t, &cmd, &j->quote, &j->answer) != TB_DONE || tb_checkout_look(&j->c) != TB_DONE)
        return refused(j, j->answer.code);
    j->c.today = j->day; /* uses are counted on the day of the sale, not of an import */
    claim(j);
    enum tb_price_answer p = price(j);
    if (p != TB_PRICE_DONE)
        return refused(j, p == TB_PRICE_BAD_LINE ? TB_CODE_INVALID : TB_CODE_TOO_LARGE);
    if (!draft_open(j))
        return closed(j);
    return draft_in_force(j) ? TB_BT_IN_FORCE : no_effect(j);
}

/* ---- figures -------------------------------------------------------------------------------------- */

static struct tb_bt_other *other(struct tb_backtest *b, uint32_t campaign)
{
    for (uint32_t i = 0; i < b->other_n; i++)
        if (b->other[i].campaign == campaign)
            return &b->other[i];
    if (b->other_n == TB_BT_OTHERS_MAX) /* the last row stands for the rest */
        return &b->other[TB_BT_OTHERS_MAX - 1];
    b->other[b->other_n] = (struct tb_bt_other){.campaign = campaign};
    return &b->other[b->other_n++];
}

static struct tb_bt_unit *unit_row(struct tb_backtest *b, uint32_t unit)
{
    for (uint32_t i = 0; i < b->unit_n; i++)
        if (b->unit[i].unit == unit)
            return &b->unit[i];
    if (b->unit_n == TB_BT_UNITS_MAX)
        return &b->unit[TB_BT_UNITS_MAX - 1];
    b->unit[b->unit_n] = (struct tb_bt_unit){.unit = unit};
    return &b->unit[b->unit_n++];
}

static void count_others(struct judging *j, struct tb_bt_order *o)
{
    struct tb_backtest *b = j->b;
    const struct tb_checkout *c = &j->c;
    for (uint32_t i = 0; i < c->price.use_n; i++) {
        if (j->mine[c->price.use[i].offer] >= 0)
            continue;
        o->others++;
        b->f.others_after += c->price.use[i].saving;
        other(b, c->set.found[c->price.use[i].offer].campaign)->together++;
    }
    for (uint32_t k = 0; k < j->priced.effect_n; k++) {
        const struct tb_ev_order_effect *e = &j->priced.effect[k];
        bool stands = false;
        for (uint32_t i = 0; i < c->price.use_n; i++)
            stands = stands || c->set.found[c->price.use[i].offer].campaign == e->campaign;
        b->f.others_before += e->saving;
        if (stands)
            continue;
        struct tb_bt_other *x = other(b, (uint32_t)e->campaign);
        x->displaced++;
        x->lost += e->saving;
    }
    b->f.stacked += o->others > 0;
}

static void count_margin(struct judging *j, struct tb_bt_order *o)
{
    struct tb_bt_figures *f = &j->b->f;
    const struct tb_checkout *c = &j->c;
    for (uint32_t i = 0; i < c->basket.line_n; i++) {
        int64_t was = j->placed.line[i].net;
        int64_t cost = c->basket.line[i].cost;
        if (cost < 0)
            continue;
        f->cost_known += was;
        f->margin_before += was - cost;
        f->margin_after += c->price.line[i].net - cost;
        o->below_cost += was >= cost && c->price.line[i].net < cost;
    }
    f->below_cost += o->below_cost;
}

/* The order was placed in the scratch cell: what it earned and was given, against what it had earned. */
static void count_points(struct judging *j, uint64_t order)
{
    struct tb_backtest *b = j->b;
    struct tb_block *block = tb_read(j->t, TB_KIND_ORDER, order);
    const struct tb_order_earn *earn = tb_section(j->t, block, TB_ORDER_EARN);
    const struct tb_order_given *given = tb_section(j->t, block, TB_ORDER_GIVEN);
    const struct tb_order_effect *effect = tb_section(j->t, block, TB_ORDER_EFFECT);
    for (uint32_t i = 0; i < j->placed.earn_n; i++)
        unit_row(b, (uint32_t)j->placed.earn[i].unit)->before += j->placed.earn[i].amount;
    for (uint32_t i = 0; i < block->n[TB_ORDER_EARN]; i++)
        unit_row(b, earn[i].unit)->after += earn[i].amount;
    for (uint32_t i = 0; i < block->n[TB_ORDER_GIVEN]; i++)
        if (tb_bt_draft_of(b, effect[given[i].effect].campaign) >= 0)
            unit_row(b, given[i].unit)->coupons++;
    for (uint32_t i = 0; i < block->n[TB_ORDER_EFFECT]; i++) {
        int32_t draft = tb_bt_draft_of(b, effect[i].campaign);
        if (draft >= 0)
            b->draft[draft].gifts += effect[i].gift_units;
        if (draft < 0 || effect[i].gift_product == 0)
            continue;
        b->f.gift_pieces += effect[i].gift_units;
        b->f.gift_value += effect[i].gift_units * effect[i].gift_value;
    }
}

/* A place for n more elements of size; NULL never comes back. */
static void *grow(void *array, uint32_t n, uint32_t *cap, uint32_t more, size_t size)
{
    while (n + more > *cap) {
        *cap = *cap ? *cap * 2 : 1024;
        array = realloc(array, *cap * size);
        tb_assert(array != NULL);
    }
    return array;
}

static void remember_lines(struct judging *j, struct tb_bt_order *o)
{
    struct tb_backtest *b = j->b;
    const struct tb_checkout *c = &j->c;
    o->line_at = b->line_n;
    o->line_n = c->basket.line_n;
    b->line = grow(b->line, b->line_n, &b->line_cap, o->line_n, sizeof *b->line);
    for (uint32_t i = 0; i < o->line_n; i++)
        b->line[b->line_n++] = (struct tb_bt_line){
            .quantity = c->basket.line[i].quantity, .net = c->price.line[i].net, .whole = c->basket.line[i].whole};
    o->key_at = b->text_n;
    o->key_n = j->placed.key.n;
    b->text = grow(b->text, b->text_n, &b->text_cap, o->key_n, 1);
    memcpy(b->text + b->text_n, j->placed.key.p, o->key_n);
    b->text_n += o->key_n;
}

/* What a return will need to know: the drafts' uses and their shares. */
static void remember_uses(struct judging *j, struct tb_bt_order *o)
{
    struct tb_backtest *b = j->b;
    const struct tb_checkout *c = &j->c;
    o->use_at = b->use_n;
    o->share_at = b->share_n;
    b->use = grow(b->use, b->use_n, &b->use_cap, c->price.use_n, sizeof *b->use);
    b->share = grow(b->share, b->share_n, &b->share_cap, c->price.share_n, sizeof *b->share);
    for (uint32_t i = 0; i < c->price.use_n; i++) {
        uint32_t offer = c->price.use[i].offer;
        if (j->mine[offer] < 0)
            continue;
        for (uint32_t k = 0; k < c->price.share_n; k++)
            if (c->price.share[k].offer == offer) {
                b->share[b->share_n] = c->price.share[k];
                b->share[b->share_n++].offer = (uint8_t)o->use_n;
            }
        struct tb_bt_use *use = &b->use[b->use_n++];
        *use = (struct tb_bt_use){.use = tb_checkout_use_of(c, i), .draft = (uint32_t)j->mine[offer]};
        use->use.day = j->day;
        o->use_n++;
        o->saving += use->use.amount;
        b->f.coupons += c->set.found[offer].coupon.unit != 0;
        b->draft[use->draft].orders++;
        b->draft[use->draft].saving += use->use.amount;
        if (b->o.orders != NULL)
            fprintf(b->o.orders, "%.*s,%lld,%.*s,%lld,%u\n", (int)j->placed.key.n, j->placed.key.p,
                    (long long)j->placed.occurred_ms, (int)b->o.campaign[use->draft].put.code.n,
                    b->o.campaign[use->draft].put.code.p, (long long)use->use.amount, c->price.use[i].gift_units);
    }
    o->share_n = b->share_n - o->share_at;
}

static struct tb_bt_order note_order(struct judging *j)
{
    struct tb_bt_figures *f = &j->b->f;
    const struct tb_checkout *c = &j->c;
    struct tb_bt_order o = {.number = j->placed.order,
                            .before = j->before,
                            .after = c->price.payable,
                            .list = c->price.goods_list + c->price.shipping_list,
                            .profile = c->who.profile,
                            .day = j->day};
    remember_lines(j, &o);
    remember_uses(j, &o);
    f->before += o.before;
    f->after += o.after;
    f->saving += o.saving;
    f->anonymous += o.profile == 0;
    f->unproven += !c->price.proven;
    f->deep += o.list > 0 && (__int128)(o.list - o.after) * TB_PPM_ALL > (__int128)o.list * TB_BT_DEEP_PPM;
    count_others(j, &o);
    count_margin(j, &o);
    return o;
}

/* ---- what stays in the scratch cell ------------------------------------------------------------------ */

/* A coupon is claimed and used: the template's stock and her share count it. */
static void use_coupon(struct tb_txn *t, uint32_t profile, uint32_t unit)
{
    struct tb_coupon c;
    if (tb_coupon_issue(t, profile, unit, 0, 0, TB_STR("backtest"), &c) == TB_CODE_OK) {
        enum tb_code code = tb_coupon_use(t, profile, &c, 0, 0);
        tb_assert(code == TB_CODE_OK);
    }
}

/* Limits and budget as the next order finds them. */
static void keep_uses(struct tb_backtest *b, const struct tb_bt_order *o, int64_t now_ms)
{
    struct tb_txn *t = &b->txn;
    tb_arena_reset(&b->scratch);
    tb_txn_begin(t, b->o.tenant, now_ms, b->seq, entropy);
    for (uint32_t i = 0; i < o->use_n; i++) {
        const struct tb_bt_use *u = &b->use[o->use_at + i];
        const struct tb_bt_draft *d = &b->draft[u->draft];
        if (d->coupon_unit != 0)
            use_coupon(t, o->profile, d->coupon_unit);
        enum tb_code code = tb_promotion_count(t, &u->use);
        tb_assert(code == TB_CODE_OK); /* it was within them a moment ago */
        if (d->budget != 0 && u->use.amount > 0) {
            code = tb_budget_move(t, d->budget, TB_ACCOUNT_FUND, TB_ACCOUNT_SPENT, u->use.amount, 0);
            tb_assert(code == TB_CODE_OK);
        }
    }
    tb_txn_commit(t);
}

/* ---- an order -------------------------------------------------------------------------------------------- */

static bool decode(struct judging *j)
{
    struct tb_backtest *b = j->b;
    tb_arena_reset(&b->decoded);
    if (!tb_ev_order_placed_decode(b->placed, &b->decoded, &j->placed))
        return false;
    j->was_priced = b->priced.p != NULL;
    return !j->was_priced || tb_ev_order_priced_decode(b->priced, &b->decoded, &j->priced);
}

static enum tb_bt_fate ask(struct judging *j, int64_t now_ms, struct tb_bt_order *o)
{
    struct tb_backtest *b = j->b;
    tb_arena_reset(&b->scratch);
    void *body = tb_arena_alloc(&b->scratch, ANSWER_BYTES);
    tb_assert(body != NULL);
    tb_buf_init(&j->answer.body, body, ANSWER_BYTES);
    tb_txn_begin(j->t, b->o.tenant, now_ms, b->seq, entropy);
    fill_quote(j);
    enum tb_bt_fate fate = course(j);
    if (fate == TB_BT_IN_FORCE) {
        uint64_t number = tb_counter_next(j->t, TB_COUNTER_ORDER);
        if (tb_checkout_tenders(&j->c) == TB_DONE && tb_checkout_place(&j->c, NULL, NULL, 0) == TB_DONE) {
            *o = note_order(j);
            count_points(j, number);
        } else {
            fate = refused(j, j->answer.code);
        }
    }
    tb_txn_undo(j->t);
    return fate;
}

void tb_bt_judge(struct tb_backtest *b, int64_t now_ms)
{
    struct judging j = {.b = b, .t = &b->txn};
    struct tb_bt_order o;
    if (!decode(&j) || j.placed.occurred_ms < b->o.from_ms || j.placed.occurred_ms >= b->o.to_ms)
        return;
    j.day = tb_zone_day_of(b->o.zone, j.placed.occurred_ms);
    struct tb_bt_day *day = &b->day[(uint32_t)(j.day - b->day_first)];
    tb_assert((uint32_t)(j.day - b->day_first) < b->day_n);
    b->f.orders++;
    b->f.all_net += j.placed.net;
    day->orders++;
    enum tb_bt_fate fate = TB_BT_NOT_JUDGED;
    if (tb_bt_drafts_ready(b)) {
        tb_bt_numbers_begin(b);
        fate = ask(&j, now_ms, &o);
        if (fate == TB_BT_IN_FORCE)
            keep_uses(b, &o, now_ms);
        tb_bt_numbers_end(b);
    }
    b->f.fate[fate]++;
    if (fate != TB_BT_IN_FORCE)
        return;
    day->in_force++;
    day->saving += o.saving;
    day->before += o.before;
    day->after += o.after;
    b->order = grow(b->order, b->order_n, &b->order_cap, 1, sizeof *b->order);
    b->order[b->order_n++] = o;
}
