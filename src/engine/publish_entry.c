// SPDX-License-Identifier: Apache-2.0
/* Rows that are only ever appended, from events; and what an event says about rows that are
 * written from blocks: which profiles changed in more than amounts, what must go.
 *
 * Invariant  a row's key is made of the entry alone, so that an entry that comes again after
 *            a crash makes the same rows.                                                 */
#include "core/catalog/objects.h"
#include "core/identity/identity.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "engine/publish_int.h"
#include "events.gen.h"

struct entry {
    struct tb_publish *p;
    const struct tb_entry *e;
    uint32_t part; /* next row within the entry */
    bool rows;     /* writes what is appended */
    bool notes;    /* notes what changed, drops what must go */
};

/* seq, part, tenant */
static void begin(struct row *r, struct entry *x, enum publish_table t)
{
    row_begin(r, x->p, t);
    row_i64(r, (int64_t)x->e->seq);
    row_i64(r, x->part++);
    row_i64(r, x->e->tenant);
}

static void is_slow(const struct entry *x, uint64_t profile)
{
    if (x->notes)
        bits_set(&x->p->slow, profile);
}

static void lots_changed(const struct entry *x, uint64_t profile)
{
    if (x->notes)
        bits_set(&x->p->lots, profile);
}

/* ---- orders ------------------------------------------------------------------------------ */

static void order_lines(struct entry *x, const struct tb_ev_order_placed *ev)
{
    struct row r;
    for (uint32_t i = 0; i < ev->line_n; i++) {
        const struct tb_ev_order_line *l = &ev->line[i];
        row_begin(&r, x->p, T_ORDER_LINES);
        row_i64(&r, (int64_t)ev->order);
        row_i64(&r, i);
        row_i64(&r, x->e->tenant);
        row_ref(&r, l->product);
        row_borrow(&r, l->sku);
        row_i64(&r, l->quantity);
        row_i64(&r, l->net);
        row_i64(&r, l->gross ? l->gross : l->net);
        row_put(&r);
    }
}

static void order_placed(struct entry *x, const struct tb_ev_order_placed *ev)
{
    struct row r;
    order_lines(x, ev);
    for (uint32_t i = 0; i < ev->tender_n; i++) {
        row_begin(&r, x->p, T_ORDER_TENDERS);
        row_i64(&r, (int64_t)ev->order);
        row_i64(&r, i);
        row_i64(&r, x->e->tenant);
        row_i64(&r, (int64_t)ev->tender[i].kind);
        row_i64(&r, ev->tender[i].amount);
        row_put(&r);
    }
    if (ev->receipt.n == 0 && ev->till.n == 0 && ev->extra.n == 0)
        return;
    row_begin(&r, x->p, T_ORDER_RECEIPTS);
    row_i64(&r, (int64_t)ev->order);
    row_i64(&r, x->e->tenant);
    row_borrow(&r, ev->receipt);
    row_borrow(&r, ev->till);
    row_borrow(&r, ev->extra);
    row_put(&r);
}

static void order_returned(struct entry *x, const struct tb_ev_order_returned *ev)
{
    struct row r;
    row_begin(&r, x->p, T_RETURNS);
    row_i64(&r, (int64_t)ev->return_no);
    row_i64(&r, x->e->tenant);
    row_i64(&r, (int64_t)ev->order);
    row_borrow(&r, ev->key);
    row_i64(&r, ev->day);
    row_i64(&r, ev->occurred_ms);
    row_i64(&r, ev->net);
    row_i64(&r, ev->cancel != 0);
    row_i64(&r, (int64_t)x->e->seq);
    row_put(&r);
    for (uint32_t i = 0; i < ev->line_n; i++) {
        int64_t quantity = ev->line[i].quantity;
        int64_t net = ev->line[i].net;
        uint32_t first = 0;
        while (ev->line[first].line != ev->line[i].line)
            first++;
        if (first < i)
            continue; /* a line may come back in parts, at one price and at another: one row */
        for (uint32_t k = i + 1; k < ev->line_n; k++)
            if (ev->line[k].line == ev->line[i].line) {
                quantity += ev->line[k].quantity;
                net += ev->line[k].net;
            }
        row_begin(&r, x->p, T_RETURN_LINES);
        row_i64(&r, (int64_t)ev->return_no);
        row_i64(&r, (int64_t)ev->line[i].line);
        row_i64(&r, x->e->tenant);
        row_i64(&r, (int64_t)ev->order);
        row_i64(&r, quantity);
        row_i64(&r, net);
        row_put(&r);
    }
}

/* The order's own row and what it earned, from the block. */
void publish_order(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_order *o = tb_block_head_const(b);
    const char *bytes = section_of(b, TB_ORDER_BYTES);
    const struct tb_order_earn *earn = section_of(b, TB_ORDER_EARN);
    struct row r;
    row_begin(&r, p, T_ORDERS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, o->tenant);
    row_text(&r, (struct tb_str){bytes + o->key_at, o->key_n});
    row_ref(&r, o->profile);
    row_ref(&r, o->store);
    row_ref(&r, o->associate);
    row_ref(&r, o->touchpoint);
    row_i64(&r, o->channel);
    row_i64(&r, o->day);
    row_i64(&r, o->state);
    row_i64(&r, o->occurred_ms);
    row_i64(&r, o->received_ms);
    row_i64(&r, o->net);
    row_i64(&r, o->returned_net);
    row_i64(&r, b->n[TB_ORDER_LINE]);
    row_i64(&r, (int64_t)o->seq);
    row_put(&r);
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++) {
        row_begin(&r, p, T_ORDER_EARNINGS);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, o->tenant);
        row_i64(&r, earn[i].unit);
        row_ref(&r, earn[i].rule);
        row_i64(&r, earn[i].rule_version);
        row_i64(&r, earn[i].amount);
        row_i64(&r, earn[i].clawed);
        row_i64(&r, earn[i].shortfall);
        row_put(&r);
    }
    publish_order_effects(p, b);
}

/* ---- ledger ------------------------------------------------------------------------------- */

/* A lot that an order earned is new and only needs its row; everything else may have changed
 * or used up rows that are there. */
static void note_lots(const struct entry *x, const struct tb_ev_lot_change *lot, uint32_t n,
                      uint64_t profile, bool earned)
{
    struct tb_publish *p = x->p;
    for (uint32_t i = 0; i < n; i++) {
        bool is_new = earned && lot[i].amount > 0 && lot[i].lot > p->newest_lot;
        if (lot[i].lot > p->newest_lot)
            p->newest_lot = lot[i].lot;
        if (!is_new)
            lots_changed(x, lot[i].profile ? lot[i].profile : profile);
    }
}

static void posted(struct entry *x, const struct tb_ev_posted *ev)
{
    struct row r;
    if (x->notes)
        note_lots(x, ev->lot, ev->lot_n, ev->profile, ev->cause == TB_CAUSE_EARN);
    if (!x->rows)
        return;
    publish_coupons_moved(x->p, x->e, ev);
    begin(&r, x, T_TRANSFERS);
    row_i64(&r, x->e->now_ms);
    row_i64(&r, ev->day);
    row_i64(&r, (int64_t)ev->unit);
    row_i64(&r, (int64_t)ev->profile);
    row_i64(&r, (int64_t)ev->tenant_account);
    row_i64(&r, ev->amount);
    row_i64(&r, (int64_t)ev->cause);
    row_i64(&r, ev->pending != 0);
    row_ref(&r, ev->order);
    row_ref(&r, ev->transfer);
    row_ref(&r, ev->reverses);
    row_ref(&r, ev->actor);
    row_borrow(&r, ev->reason);
    row_put(&r);
}

static void settled(struct entry *x, const struct tb_ev_lots_settled *ev)
{
    if (x->notes)
        note_lots(x, ev->lot, ev->lot_n, ev->profile, false);
}

static void held(struct entry *x, const struct tb_ev_held *ev)
{
    if (x->rows)
        publish_coupons_locked(x->p, x->e, ev);
    for (uint32_t i = 0; i < ev->piece_n; i++)
        lots_changed(x, ev->piece[i].profile ? ev->piece[i].profile : ev->profile);
}

static void hold_taken(struct entry *x, const struct tb_ev_hold_taken *ev)
{
    struct row r;
    if (x->rows)
        publish_coupons_unlocked(x->p, ev);
    for (uint32_t i = 0; i < ev->piece_n; i++)
        lots_changed(x, ev->piece[i].profile ? ev->piece[i].profile : ev->profile);
    if (!ev->ended || !x->notes)
        return;
    row_begin(&r, x->p, T_HOLDS);
    row_i64(&r, (int64_t)ev->hold);
    row_drop(&r);
}

/* ---- identity, consent, membership ---------------------------------------------------------- */

static void contact(struct entry *x, uint64_t profile, int64_t at_ms, uint64_t touchpoint,
                    uint64_t store, bool is_new)
{
    struct row r;
    is_slow(x, profile);
    if (!x->rows)
        return;
    begin(&r, x, T_CONTACTS);
    row_i64(&r, (int64_t)profile);
    row_i64(&r, at_ms);
    row_ref(&r, touchpoint);
    row_ref(&r, store);
    row_i64(&r, is_new);
    row_put(&r);
}

static void joined(struct entry *x, const struct tb_ev_joined *ev)
{
    struct row r;
    for (uint32_t i = 0; i < ev->profile_n; i++) {
        is_slow(x, ev->profile[i]);
        lots_changed(x, ev->profile[i]); /* another person's range may know less of them */
        if (!x->rows)
            continue;
        begin(&r, x, T_MERGES);
        row_i64(&r, (int64_t)ev->profile[i]);
        row_i64(&r, (int64_t)ev->person);
        row_i64(&r, (int64_t)ev->reason);
        row_i64(&r, x->e->now_ms);
        row_put(&r);
    }
}

static void erased(struct entry *x, const struct tb_ev_erased *ev)
{
    for (uint32_t i = 0; x->notes && i < ev->profile_n; i++) {
        is_slow(x, ev->profile[i]);
        drop_prefix(x->p, T_ATTRIBUTES, ev->profile[i]);
        drop_prefix(x->p, T_ENROLMENTS, ev->profile[i]);
        publish_names_drop(x->p, ev->profile[i]);
    }
}

static void revealed(struct entry *x, const struct tb_ev_revealed *ev)
{
    struct row r;
    if (!x->rows)
        return;
    begin(&r, x, T_REVEALS);
    row_i64(&r, (int64_t)ev->profile);
    row_ref(&r, ev->attribute);
    row_ref(&r, ev->actor);
    row_borrow(&r, ev->reason);
    row_i64(&r, x->e->now_ms);
    row_put(&r);
}

static void attribute_set(struct entry *x, const struct tb_ev_attribute_set *ev)
{
    struct row r;
    is_slow(x, ev->profile);
    if (x->notes)
        bits_set(&x->p->renamed, ev->profile);
    if (!ev->removed || !x->notes)
        return;
    if (bits_get(&x->p->named, ev->attribute))
        publish_names_drop(x->p, ev->profile);
    row_begin(&r, x->p, T_ATTRIBUTES);
    row_i64(&r, (int64_t)ev->profile);
    row_i64(&r, (int64_t)ev->attribute);
    row_drop(&r);
}

static void consent_put(struct entry *x, const struct tb_ev_consent_put *ev)
{
    struct row r;
    is_slow(x, ev->profile);
    if (!x->rows)
        return;
    begin(&r, x, T_CONSENT_RECORDS);
    row_i64(&r, (int64_t)ev->profile);
    row_i64(&r, (int64_t)ev->purpose);
    row_i64(&r, (int64_t)ev->channel);
    row_i64(&r, (int64_t)ev->state);
    row_i64(&r, ev->occurred_ms);
    row_i64(&r, ev->received_ms);
    row_ref(&r, (uint64_t)ev->expires_ms);
    row_i64(&r, (int64_t)ev->actor);
    row_i64(&r, (int64_t)ev->text_version);
    row_borrow(&r, ev->proof);
    row_ref(&r, ev->touchpoint);
    row_i64(&r, ev->person_wide != 0);
    row_i64(&r, ev->history_only != 0);
    row_put(&r);
}

static void tier_set(struct entry *x, const struct tb_ev_tier_set *ev)
{
    struct row r;
    is_slow(x, ev->profile);
    if (ev->from == ev->tier || !x->rows)
        return;
    begin(&r, x, T_TIER_CHANGES);
    row_i64(&r, (int64_t)ev->profile);
    row_i64(&r, (int64_t)ev->scheme);
    row_i64(&r, (int64_t)ev->from);
    row_i64(&r, (int64_t)ev->tier);
    row_i64(&r, (int64_t)ev->since_ms);
    row_i64(&r, (int64_t)ev->reason);
    row_put(&r);
}

static void profile_seen(struct entry *x, const struct tb_ev_profile_seen *ev)
{
    contact(x, ev->profile, ev->at_ms, ev->touchpoint, ev->store, false);
    for (uint32_t i = 0; i < ev->more_n; i++)
        is_slow(x, ev->more[i]);
}

static void profile_added(struct entry *x, const struct tb_ev_profile_added *ev)
{
    contact(x, ev->profile, ev->since_ms, ev->touchpoint, ev->store, true);
    if (ev->ring)
        is_slow(x, ev->ring);
}

/* ---- item codes --------------------------------------------------------------------------------- */

static void code_scanned(struct entry *x, const struct tb_ev_code_scanned *ev)
{
    struct row r;
    begin(&r, x, T_CODE_SCANS);
    row_i64(&r, (int64_t)ev->batch);
    row_i64(&r, (int64_t)ev->serial);
    row_i64(&r, ev->at_ms);
    row_i64(&r, (int64_t)ev->verdict);
    row_ref(&r, ev->profile);
    row_ref(&r, ev->store);
    row_ref(&r, ev->touchpoint);
    row_ref(&r, ev->product);
    row_borrow(&r, ev->region);
    row_i64(&r, ev->outside != 0);
    row_ref(&r, ev->credit_n ? ev->credit[0].store : 0);
    row_ref(&r, ev->credit_n ? ev->credit[0].associate : 0);
    row_put(&r);
}

static void code_redeemed(struct entry *x, const struct tb_ev_code_redeemed *ev)
{
    struct row r;
    begin(&r, x, T_CODE_REDEMPTIONS);
    row_i64(&r, (int64_t)ev->batch);
    row_i64(&r, (int64_t)ev->serial);
    row_ref(&r, ev->profile);
    row_i64(&r, x->e->now_ms);
    row_put(&r);
}

static void codes_diverted(struct entry *x, const struct tb_ev_codes_diverted *ev)
{
    struct row r;
    begin(&r, x, T_CODE_ALARMS);
    row_i64(&r, (int64_t)ev->batch);
    row_ref(&r, ev->package);
    row_ref(&r, ev->binding);
    row_ref(&r, ev->product);
    row_i64(&r, (int64_t)ev->scans);
    row_i64(&r, (int64_t)ev->persons);
    row_borrow(&r, ev->region);
    row_i64(&r, x->e->now_ms);
    row_put(&r);
}

static void campaign_used(struct entry *x, const struct tb_ev_campaign_used *ev)
{
    struct row r;
    begin(&r, x, T_CAMPAIGN_USES);
    publish_campaign_used(&r, ev, x->e->now_ms);
}

/* What says nothing about rows that come from blocks. */
static bool only_appends(uint32_t type)
{
    return type == TB_EVENT_ORDER_PLACED || type == TB_EVENT_ORDER_RETURNED || type == TB_EVENT_CODE_SCANNED ||
           type == TB_EVENT_CODE_REDEEMED || type == TB_EVENT_CODES_DIVERTED ||
           type == TB_EVENT_CAMPAIGN_USED || type == TB_EVENT_BACKTEST_KEPT || publish_is_play(type);
}

/* ---- events ----------------------------------------------------------------------------------- */

#define ON(number, type, call)                                       \
    case number: {                                                   \
        struct tb_ev_##type ev;                                      \
        tb_assert(tb_ev_##type##_decode(body, &x->p->arena, &ev));   \
        call;                                                        \
        break;                                                       \
    }

static void on_event(struct entry *x, uint32_t type, struct tb_str body)
{
    if (!x->rows && only_appends(type))
        return;
    switch (type) {
        ON(TB_EVENT_ORDER_PLACED, order_placed, order_placed(x, &ev))
        ON(TB_EVENT_ORDER_RETURNED, order_returned, order_returned(x, &ev))
        ON(TB_EVENT_POSTED, posted, posted(x, &ev))
        ON(TB_EVENT_UNIT_PUT, unit_put, publish_template_put(x->p, &ev))
        ON(TB_EVENT_CAMPAIGN_USED, campaign_used, campaign_used(x, &ev))
        ON(TB_EVENT_BACKTEST_KEPT, backtest_kept, publish_backtest(x->p, x->e, &ev))
        ON(TB_EVENT_RELEASED, released, lots_changed(x, ev.profile))
        ON(TB_EVENT_LOTS_SETTLED, lots_settled, settled(x, &ev))
        ON(TB_EVENT_HELD, held, held(x, &ev))
        ON(TB_EVENT_HOLD_TAKEN, hold_taken, hold_taken(x, &ev))
        ON(TB_EVENT_PROFILE_ADDED, profile_added, profile_added(x, &ev))
        ON(TB_EVENT_PROFILE_SEEN, profile_seen, profile_seen(x, &ev))
        ON(TB_EVENT_TENURE_SET, tenure_set, is_slow(x, ev.profile))
        ON(TB_EVENT_FOLLOWED, followed, is_slow(x, ev.profile))
        ON(TB_EVENT_ENROLLED, enrolled, is_slow(x, ev.profile))
        ON(TB_EVENT_JOINED, joined, joined(x, &ev))
        ON(TB_EVENT_ERASED, erased, erased(x, &ev))
        ON(TB_EVENT_REVEALED, revealed, revealed(x, &ev))
        ON(TB_EVENT_ATTRIBUTE_SET, attribute_set, attribute_set(x, &ev))
        ON(TB_EVENT_CONSENT_PUT, consent_put, consent_put(x, &ev))
        ON(TB_EVENT_TIER_SET, tier_set, tier_set(x, &ev))
        ON(TB_EVENT_CODE_SCANNED, code_scanned, code_scanned(x, &ev))
        ON(TB_EVENT_CODE_REDEEMED, code_redeemed, code_redeemed(x, &ev))
        ON(TB_EVENT_CODES_DIVERTED, codes_diverted, codes_diverted(x, &ev))
    default: /* its rows come from blocks */
        if (publish_is_play(type))
            x->part += publish_play(x->p, x->e, x->part, type, body);
        break;
    }
}

void publish_entry(struct tb_publish *p, const struct tb_entry *e, enum entry_part what)
{
    struct entry x = {p, e, 0, what != ENTRY_NOTES, what != ENTRY_ROWS};
    struct tb_str list = e->bytes, body;
    uint32_t type;
    bool bad;
    publish_templates_load(p);
    publish_names_load(p);
    while (tb_event_next(&list, &type, &body, &bad)) {
        tb_arena_reset(&p->arena);
        on_event(&x, type, body);
    }
    tb_assert(!bad); /* the engine has read it before */
}
