// SPDX-License-Identifier: Apache-2.0
/* Rows of campaigns, offers, coupons and what an order got off.
 *
 * Campaigns, offers and effects come from their blocks. A coupon's row is written anew by every event that moves
 * its lot: the event says unit, owner, expiry and day of issue, so nothing is read back. Which units are
 * templates is known from their events, and after a start from the records. A lock has a row of its own while
 * it lasts, since the events of holds name lots alone. */
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "core/promotion/campaign.h"
#include "engine/publish_int.h"
#include "events.gen.h"

/* ---- campaigns and their versions --------------------------------------------------------------- */

static struct tb_str text_of(struct tb_block *b, uint32_t section, struct tb_text t)
{
    return (struct tb_str){(const char *)section_of(b, section) + t.at, t.n};
}

void publish_campaign(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_campaign *c = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_CAMPAIGNS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, c->c.tenant);
    row_text(&r, text_of(b, TB_CAMPAIGN_BYTES, c->c.code));
    row_text(&r, text_of(b, TB_CAMPAIGN_BYTES, c->c.name));
    row_i64(&r, c->c.version);
    row_i64(&r, c->state);
    row_i64(&r, c->newest);
    row_ref(&r, c->live);
    row_ref(&r, c->budget);
    row_i64(&r, c->granted);
    row_i64(&r, c->uses);
    row_i64(&r, c->amount);
    row_i64(&r, c->pieces);
    row_i64(&r, c->shown);
    row_i64(&r, c->held_out);
    row_put(&r);
}

void publish_backtest(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_backtest_kept *ev)
{
    struct row r;
    row_begin(&r, p, T_CAMPAIGN_BACKTESTS);
    row_i64(&r, (int64_t)ev->backtest);
    row_i64(&r, e->tenant);
    row_i64(&r, (int64_t)ev->campaign);
    row_i64(&r, (int64_t)ev->offer_version);
    row_i64(&r, ev->from_day);
    row_i64(&r, ev->to_day);
    row_ref(&r, ev->actor);
    row_i64(&r, (int64_t)ev->started_ms);
    row_i64(&r, e->now_ms);
    row_i64(&r, (int64_t)ev->orders);
    row_i64(&r, (int64_t)ev->in_force);
    row_i64(&r, (int64_t)ev->members);
    row_i64(&r, ev->saving);
    row_i64(&r, ev->cost);
    row_borrow(&r, ev->result);
    row_put(&r);
}

static void put_funders(struct tb_publish *p, struct tb_block *b, uint32_t tenant)
{
    const struct tb_offer_funder *f = section_of(b, TB_OFFER_FUNDER);
    struct row r;
    for (uint32_t i = 0; i < b->n[TB_OFFER_FUNDER]; i++) {
        row_begin(&r, p, T_OFFER_FUNDERS);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, tenant);
        row_text(&r, text_of(b, TB_OFFER_BYTES, f[i].payer));
        row_i64(&r, f[i].ppm);
        row_put(&r);
    }
}

void publish_offer(struct tb_publish *p, uint64_t id, struct tb_block *b)
{
    struct row r;
    row_begin(&r, p, T_OFFERS);
    row_i64(&r, (int64_t)id);
    if (b == NULL) { /* never was in force, and a newer one took its place */
        row_drop(&r);
        drop_prefix(p, T_OFFER_FUNDERS, id);
        return;
    }
    const struct tb_offer_version *v = tb_block_head_const(b);
    row_i64(&r, v->tenant);
    row_i64(&r, v->campaign);
    row_i64(&r, v->version);
    row_i64(&r, v->was_live);
    row_i64(&r, v->made_ms);
    row_i64(&r, v->from_ms);
    row_due(&r, v->until_ms);
    row_i64(&r, v->mechanic);
    row_i64(&r, v->level);
    row_text(&r, text_of(b, TB_OFFER_BYTES, v->group));
    row_i64(&r, v->group_rule);
    row_i64(&r, v->sequence);
    row_ref(&r, v->coupon_unit);
    row_ref(&r, v->gift_product);
    row_ref(&r, v->gift_unit);
    row_i64(&r, v->amount);
    row_i64(&r, v->ppm);
    row_i64(&r, v->need);
    row_i64(&r, v->get);
    row_i64(&r, v->min_amount);
    row_i64(&r, v->cap_order);
    row_i64(&r, v->budget_amount);
    row_i64(&r, v->holdout_ppm);
    row_i64(&r, (v->flags & TB_OFFER_MEMBERS_ONLY) != 0);
    row_text(&r, text_of(b, TB_OFFER_BYTES, v->audience));
    row_text(&r, text_of(b, TB_OFFER_BYTES, v->condition));
    row_put(&r);
    put_funders(p, b, v->tenant);
}

/* ---- orders ------------------------------------------------------------------------------------------ */

void publish_order_effects(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_order *o = tb_block_head_const(b);
    const struct tb_order_effect *e = section_of(b, TB_ORDER_EFFECT);
    struct row r;
    for (uint32_t i = 0; i < b->n[TB_ORDER_EFFECT]; i++) {
        row_begin(&r, p, T_ORDER_EFFECTS);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, o->tenant);
        row_i64(&r, e[i].campaign);
        row_i64(&r, e[i].offer);
        row_i64(&r, e[i].version);
        row_i64(&r, e[i].saving);
        row_i64(&r, e[i].saving_back);
        row_i64(&r, e[i].pieces);
        row_i64(&r, e[i].pieces_back);
        row_i64(&r, e[i].applications);
        row_ref(&r, e[i].coupon);
        row_ref(&r, e[i].coupon_unit);
        row_ref(&r, e[i].budget);
        row_ref(&r, e[i].gift_product);
        row_ref(&r, e[i].gift_unit);
        row_i64(&r, e[i].gift_units);
        row_i64(&r, e[i].ended);
        row_put(&r);
    }
}

void publish_campaign_used(struct row *r, const struct tb_ev_campaign_used *ev, int64_t at_ms)
{
    row_i64(r, (int64_t)ev->campaign);
    row_ref(r, ev->offer);
    row_ref(r, ev->profile);
    row_i64(r, ev->uses);
    row_i64(r, ev->amount);
    row_i64(r, ev->pieces);
    row_i64(r, (int64_t)ev->shown);
    row_i64(r, (int64_t)ev->held_out);
    row_i64(r, at_ms);
    row_put(r);
}

/* ---- coupons ----------------------------------------------------------------------------------------- */

static bool know_unit(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_publish *p = user;
    const struct tb_shape *shape = &tb_shapes[TB_KIND_UNIT];
    (void)n;
    if (v[0].i64 != TB_KIND_UNIT)
        return false;
    struct tb_block *b = tb_block_unpack(&p->pool, shape, TB_KIND_UNIT, (uint64_t)v[1].i64, v[4].str);
    tb_assert(b != NULL); /* the cell was loaded from it */
    if (((const struct tb_unit *)tb_block_head_const(b))->kind == TB_UNIT_COUPON)
        bits_set(&p->templates, b->id);
    tb_block_destroy(&p->pool, shape, b);
    return true;
}

void publish_templates_load(struct tb_publish *p)
{
    const struct tb_state_ops *ops = p->state->ops;
    struct tb_value key[2] = {{.i64 = TB_KIND_UNIT}, {.i64 = 0}};
    if (p->templates_known ||
        (p->reader == NULL && publish_failed(p, ops->reader_open(p->state, &p->reader, p->fault))))
        return;
    p->templates_known = !publish_failed(p, ops->scan(p->reader, &p->engine[0], key, know_unit, p, p->fault));
}

void publish_template_put(struct tb_publish *p, const struct tb_ev_unit_put *ev)
{
    if (ev->kind == TB_UNIT_COUPON)
        bits_set(&p->templates, ev->id);
}

enum coupon_state { ISSUED = 0, USED, EXPIRED, VOID, GIVEN };

/* What leaves otherwise was spent, by herself or by another profile of hers. */
static enum coupon_state state_after(const struct tb_ev_lot_change *lot, uint64_t cause)
{
    return lot->amount > 0                                             ? ISSUED
           : cause == TB_CAUSE_EXPIRE                                  ? EXPIRED
           : cause == TB_CAUSE_CLAWBACK || cause == TB_CAUSE_ADJUST    ? VOID
           : cause == TB_CAUSE_TRANSFER                                ? GIVEN
                                                                       : USED;
}

void publish_coupons_moved(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_posted *ev)
{
    struct row r;
    if (!bits_get(&p->templates, ev->unit))
        return;
    for (uint32_t i = 0; i < ev->lot_n; i++) {
        const struct tb_ev_lot_change *lot = &ev->lot[i];
        row_begin(&r, p, T_COUPONS);
        row_i64(&r, (int64_t)lot->lot);
        row_i64(&r, e->tenant);
        row_i64(&r, (int64_t)ev->unit);
        row_i64(&r, (int64_t)(lot->profile ? lot->profile : ev->profile));
        row_i64(&r, state_after(lot, ev->cause));
        row_i64(&r, lot->earned_day);
        row_ref(&r, lot->due_ms);
        row_i64(&r, e->now_ms);
        row_put(&r);
    }
}

void publish_coupons_locked(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_held *ev)
{
    struct row r;
    if (!bits_get(&p->templates, ev->unit))
        return;
    for (uint32_t i = 0; i < ev->piece_n; i++) {
        row_begin(&r, p, T_COUPON_LOCKS);
        row_i64(&r, (int64_t)ev->piece[i].lot);
        row_i64(&r, e->tenant);
        row_i64(&r, (int64_t)ev->hold);
        row_i64(&r, (int64_t)ev->deadline_ms);
        row_put(&r);
    }
}

void publish_coupons_unlocked(struct tb_publish *p, const struct tb_ev_hold_taken *ev)
{
    struct row r;
    if (!bits_get(&p->templates, ev->unit))
        return;
    for (uint32_t i = 0; i < ev->piece_n; i++) {
        row_begin(&r, p, T_COUPON_LOCKS);
        row_i64(&r, (int64_t)ev->piece[i].lot);
        row_drop(&r);
    }
}
