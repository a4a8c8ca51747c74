// SPDX-License-Identifier: Apache-2.0
#include "core/checkout/unwind.h"

#include "core/checkout/checkout_int.h"

#include <string.h>

/* The order as core/price knew it. */
struct sold {
    struct tb_basket basket;
    struct tb_basket_line *line;
    struct tb_price_result result;
};

static const struct tb_order_price *price_of(const struct tb_txn *t, struct tb_block *b)
{
    tb_assert(tb_order_is_priced(b));
    return tb_section(t, b, TB_ORDER_PRICE);
}

static void sold_of(struct tb_txn *t, struct tb_block *b, struct sold *s)
{
    uint32_t n = b->n[TB_ORDER_LINE];
    uint32_t shares = b->n[TB_ORDER_SHARE];
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    const struct tb_order_share *from = tb_section(t, b, TB_ORDER_SHARE);
    struct tb_price_share *share = TB_NEW_ARRAY(t->scratch, struct tb_price_share, shares + 1);
    struct tb_price_line *net = TB_NEW_ARRAY(t->scratch, struct tb_price_line, n);
    *s = (struct sold){.line = TB_NEW_ARRAY(t->scratch, struct tb_basket_line, n)};
    tb_assert(share != NULL && net != NULL && s->line != NULL);
    for (uint32_t i = 0; i < n; i++) {
        s->line[i] = (struct tb_basket_line){
            .quantity = line[i].quantity, .amount = line[i].net, .cost = -1, .whole = line[i].whole};
        net[i].net = line[i].net;
    }
    for (uint32_t i = 0; i < shares; i++) {
        share[i] = (struct tb_price_share){.each = from[i].each,
                                           .line = from[i].line,
                                           .first = from[i].first,
                                           .n = from[i].n,
                                           .offer = (uint8_t)from[i].effect};
        s->line[from[i].line].amount += from[i].each * from[i].n;
    }
    s->basket = (struct tb_basket){.line = s->line, .line_n = n};
    s->result = (struct tb_price_result){.share = share, .share_n = shares, .line = net};
}

bool tb_unwind_ready(struct tb_txn *t, struct tb_block *order)
{
    const struct tb_order_payment *p = tb_section(t, order, TB_ORDER_PAYMENT);
    bool ready = true;
    for (uint32_t i = 0; i < order->n[TB_ORDER_PAYMENT]; i++)
        if (p[i].transfer != 0 && p[i].units > p[i].units_back)
            ready = tb_ledger_refund_ready(t, p[i].transfer) && ready;
    return ready;
}

enum tb_code tb_unwind_share(struct tb_txn *t, struct tb_block *order, uint32_t line, int64_t before, int64_t after,
                             int64_t *net)
{
    size_t mark = tb_arena_mark(t->scratch);
    struct sold s;
    sold_of(t, order, &s);
    uint32_t effects = order->n[TB_ORDER_EFFECT];
    int64_t *share = TB_NEW_ARRAY(t->scratch, int64_t, effects + 1);
    struct tb_price_back back;
    tb_assert(share != NULL);
    bool ok = tb_price_return_share(&s.basket, &s.result, line, before, after, &back, share, effects);
    tb_arena_release(t->scratch, mark);
    *net = ok ? back.net : 0;
    return ok ? TB_CODE_OK : TB_CODE_INVALID;
}

/* ---- re-evaluation ------------------------------------------------------------------------------ */

/* What the kept rest costs. False: keep-share rules. */
struct rest {
    struct tb_frozen frozen;
    struct tb_price_result price;
    int64_t refund;
};

static bool price_rest(struct tb_txn *t, struct tb_block *b, const int64_t *kept, struct rest *out)
{
    if (price_of(t, b)->policy != TB_RETURN_REEVALUATE || b->n[TB_ORDER_FROZEN] == 0)
        return false;
    struct sold s;
    sold_of(t, b, &s);
    struct tb_str bytes = {tb_section(t, b, TB_ORDER_FROZEN), b->n[TB_ORDER_FROZEN]};
    if (!tb_frozen_get(bytes, s.basket.line_n, t->scratch, &out->frozen))
        return false;
    out->frozen.basket.line = s.line;
    out->frozen.basket.line_n = s.basket.line_n;
    const struct tb_order_effect *effect = tb_section(t, b, TB_ORDER_EFFECT);
    uint64_t set = 0;
    uint32_t parts = 0;
    for (uint32_t i = 0; i < out->frozen.n; i++)
        set |= effect[i].ended ? 0 : UINT64_C(1) << i;
    for (uint32_t i = 0; i < s.basket.line_n; i++)
        parts += s.line[i].whole ? 1 : (uint32_t)(s.line[i].quantity / 1000);
    struct tb_price_work work = {.size = tb_price_work_bytes(s.basket.line_n, parts, out->frozen.n)};
    work.region = tb_arena_take(t->scratch, work.size);
    struct tb_basket_line *scratch = TB_NEW_ARRAY(t->scratch, struct tb_basket_line, s.basket.line_n);
    const struct tb_order *o = tb_block_head_const(b);
    return work.region != NULL && scratch != NULL &&
           tb_price_return_reprice(&work, &out->frozen.basket, out->frozen.offer, out->frozen.n, set, kept, o->net,
                                   o->returned_net, scratch, &out->price, &out->refund) == TB_PRICE_DONE;
}

static int64_t *kept_of(struct tb_txn *t, struct tb_block *b)
{
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    int64_t *kept = TB_NEW_ARRAY(t->scratch, int64_t, b->n[TB_ORDER_LINE]);
    tb_assert(kept != NULL);
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++)
        kept[i] = line[i].quantity - line[i].returned_quantity;
    return kept;
}

/* Gives up to *left to the entry, as far as its line still has net. */
static void fill(struct tb_ev_return_line *entry, int64_t *room, int64_t *left)
{
    int64_t more = *left < room[entry->line] ? *left : room[entry->line];
    entry->net += more;
    room[entry->line] -= more;
    *left -= more;
}

/* Where the refund stands: on the lines that come back in proportion, what they cannot hold on lines that came
 * back before, then on any. */
static void spread(struct tb_txn *t, struct tb_block *b, const int64_t *kept, int64_t refund,
                   struct tb_return_list *list)
{
    uint32_t n = b->n[TB_ORDER_LINE];
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    int64_t *room = TB_NEW_ARRAY(t->scratch, int64_t, n);
    int64_t *weight = TB_NEW_ARRAY(t->scratch, int64_t, list->n);
    int64_t *part = TB_NEW_ARRAY(t->scratch, int64_t, list->n);
    struct tb_ev_return_line *out = TB_NEW_ARRAY(t->scratch, struct tb_ev_return_line, list->n + 2 * n);
    tb_assert(room != NULL && weight != NULL && part != NULL && out != NULL);
    for (uint32_t i = 0; i < n; i++)
        room[i] = line[i].net - line[i].returned_net;
    for (uint32_t i = 0; i < list->n; i++) {
        out[i] = list->line[i];
        weight[i] = out[i].net;
        out[i].net = 0;
    }
    int64_t left = refund;
    if (tb_split(refund, weight, list->n, part))
        for (uint32_t i = 0; i < list->n; i++) {
            int64_t share = part[i];
            left -= share;
            fill(&out[i], room, &share);
            left += share;
        }
    for (uint32_t i = 0; i < list->n; i++)
        fill(&out[i], room, &left);
    uint32_t out_n = list->n;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < n && left > 0; i++) {
            if (room[i] == 0 || (pass == 0 && kept[i] > 0))
                continue;
            out[out_n] = (struct tb_ev_return_line){.line = i};
            fill(&out[out_n++], room, &left);
        }
    tb_assert(left == 0);
    *list = (struct tb_return_list){.line = out, .n = out_n, .net = refund};
}

void tb_unwind_revalue(struct tb_txn *t, struct tb_block *order, struct tb_return_list *list)
{
    struct rest rest;
    int64_t *kept = kept_of(t, order);
    for (uint32_t i = 0; i < list->n; i++)
        kept[list->line[i].line] -= list->line[i].quantity;
    if (price_rest(t, order, kept, &rest))
        spread(t, order, kept, rest.refund, list);
}

bool tb_unwind_earned(const struct tb_txn *t, struct tb_block *order, int64_t earned, int64_t *back)
{
    if (!tb_order_is_priced(order) || price_of(t, order)->policy != TB_RETURN_REEVALUATE)
        return false;
    const struct tb_order *o = tb_block_head_const(order);
    const struct tb_order_line *line = tb_section(t, order, TB_ORDER_LINE);
    bool all = true;
    for (uint32_t i = 0; i < order->n[TB_ORDER_LINE]; i++)
        all = all && line[i].returned_quantity == line[i].quantity;
    int64_t left = 0;
    if (!all && o->net == 0)
        left = earned;
    else if (!all && !tb_mul_div(earned, o->net - o->returned_net, o->net, TB_ROUND_DOWN, &left))
        left = 0;
    *back = earned - left;
    return true;
}

/* ---- giving back ----------------------------------------------------------------------------------- */

struct unwinding {
    struct tb_txn *t;
    const struct tb_unwind_how *how;
    struct tb_answer *a;
    uint64_t id;
    struct tb_order order;
    struct tb_order_price price;
    bool all; /* every line has come back */
    struct tb_order_effect *effect;
    uint32_t effect_n;
    int64_t *saving;  /* [effect] target: given back in all */
    int64_t *pieces;
    uint32_t *gifts;  /* settled in all */
    bool *ended;
    struct tb_ev_unwound_effect *row;
    struct tb_ev_unwound_payment *paid;
    uint64_t *withdrawn;
    struct tb_ev_order_unwound ev;
    int64_t withheld;
    int64_t money;
};

static void *copy_of(struct tb_txn *t, struct tb_block *b, uint32_t section, size_t bytes)
{
    size_t size = b->n[section] * bytes;
    void *copy = tb_arena_alloc(t->scratch, size + 1);
    tb_assert(copy != NULL);
    memcpy(copy, tb_section(t, b, section), size);
    return copy;
}

static void unwinding_of(struct tb_txn *t, struct tb_block *b, struct unwinding *u)
{
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    u->t = t;
    u->id = b->id;
    u->order = *(const struct tb_order *)tb_block_head_const(b);
    u->price = *price_of(t, b);
    u->all = true;
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++)
        u->all = u->all && line[i].returned_quantity == line[i].quantity;
    uint32_t n = b->n[TB_ORDER_EFFECT];
    u->effect_n = n;
    u->effect = copy_of(t, b, TB_ORDER_EFFECT, sizeof *u->effect);
    u->saving = TB_NEW_ARRAY(t->scratch, int64_t, n + 1);
    u->pieces = TB_NEW_ARRAY(t->scratch, int64_t, n + 1);
    u->gifts = TB_NEW_ARRAY(t->scratch, uint32_t, n + 1);
    u->ended = TB_NEW_ARRAY(t->scratch, bool, n + 1);
    u->row = TB_NEW_ARRAY(t->scratch, struct tb_ev_unwound_effect, n + 1);
    u->paid = TB_NEW_ARRAY(t->scratch, struct tb_ev_unwound_payment, TB_REFUND_TENDERS_MAX);
    u->withdrawn = TB_NEW_ARRAY(t->scratch, uint64_t, b->n[TB_ORDER_GIVEN] + 1u);
    tb_assert(u->saving != NULL && u->pieces != NULL && u->gifts != NULL && u->ended != NULL);
    tb_assert(u->row != NULL && u->paid != NULL && u->withdrawn != NULL);
}

/* What of each effect's shares stands on pieces that have come back. */
static void shares_back(struct unwinding *u, struct tb_block *b)
{
    const struct tb_order_line *line = tb_section(u->t, b, TB_ORDER_LINE);
    const struct tb_order_share *share = tb_section(u->t, b, TB_ORDER_SHARE);
    struct sold s;
    sold_of(u->t, b, &s);
    int64_t *part = TB_NEW_ARRAY(u->t->scratch, int64_t, u->effect_n + 1);
    tb_assert(part != NULL);
    for (uint32_t i = 0; i < s.basket.line_n; i++) {
        struct tb_price_back back;
        int64_t all = line[i].returned_quantity;
        bool ok = tb_price_return_share(&s.basket, &s.result, i, 0, all, &back, part, u->effect_n);
        tb_assert(ok);
        for (uint32_t e = 0; e < u->effect_n; e++)
            u->saving[e] += part[e];
    }
    for (uint32_t i = 0; i < b->n[TB_ORDER_SHARE]; i++) {
        const struct tb_order_line *l = &line[share[i].line];
        int64_t back = l->whole ? l->returned_quantity == l->quantity : l->returned_quantity / 1000;
        int64_t n = back <= share[i].first ? 0 : back - share[i].first;
        u->pieces[share[i].effect] += n < share[i].n ? n : share[i].n;
    }
}

/* What the kept rest still has of each effect. */
static void rest_back(struct unwinding *u, const struct rest *rest)
{
    for (uint32_t e = 0; e < u->effect_n; e++) {
        const struct tb_order_effect *x = &u->effect[e];
        if (rest->frozen.offer[e].level == TB_PRICE_SHIPPING) {
            u->saving[e] = 0;
            continue;
        }
        int64_t kept = 0;
        uint32_t gifts = 0;
        bool in_force = rest->price.set >> e & 1;
        for (uint32_t i = 0; i < rest->price.use_n; i++)
            if (rest->price.use[i].offer == e) {
                kept = rest->price.use[i].saving;
                gifts = rest->price.use[i].gift_units;
            }
        u->saving[e] = kept < x->saving ? x->saving - kept : 0;
        u->gifts[e] = gifts < x->gift_units ? x->gift_units - gifts : 0;
        u->ended[e] = !in_force;
    }
}

/* Targets never fall, and reach the whole when all is back. */
static void set_targets(struct unwinding *u, struct tb_block *b)
{
    struct rest rest;
    bool priced_anew = !u->all && price_rest(u->t, b, kept_of(u->t, b), &rest);
    shares_back(u, b);
    if (priced_anew)
        rest_back(u, &rest);
    for (uint32_t e = 0; e < u->effect_n; e++) {
        const struct tb_order_effect *x = &u->effect[e];
        if (u->all || u->saving[e] > x->saving)
            u->saving[e] = x->saving;
        if (u->saving[e] < x->saving_back)
            u->saving[e] = x->saving_back;
        u->gifts[e] = u->all ? x->gift_units : u->gifts[e] < x->gifts_settled ? x->gifts_settled : u->gifts[e];
        bool nothing_left = u->saving[e] == x->saving && (priced_anew ? u->ended[e] : x->saving > 0);
        u->ended[e] = u->all || x->ended || nothing_left;
        if (u->ended[e] || u->pieces[e] > x->pieces)
            u->pieces[e] = x->pieces;
        if (u->pieces[e] < x->pieces_back)
            u->pieces[e] = x->pieces_back;
    }
}

static void coupon_back(struct unwinding *u, const struct tb_order_effect *x, uint32_t *told)
{
    struct tb_coupon c = {.lot = x->coupon,
                          .profile = x->coupon_profile,
                          .unit = x->coupon_unit,
                          .due_ms = x->coupon_due_ms,
                          .earned_day = x->coupon_day};
    tb_coupon_give_back(u->t, u->order.profile, &c, u->id);
    uint64_t lot = x->coupon;
    if ((*told)++ < TB_CHECKOUT_TOLD_MAX)
        tb_checkout_put_part(&u->a->body, 15, &lot, 1);
}

static void gift_back(struct unwinding *u, const struct tb_order_effect *x, uint32_t units)
{
    uint64_t due[2] = {x->gift_product, units};
    if (x->gift_product == 0)
        return;
    if (u->how->gifts_kept)
        u->withheld += x->gift_value * (int64_t)units;
    else
        tb_checkout_put_part(&u->a->body, 16, due, 2);
}

static void unwind_effects(struct unwinding *u)
{
    uint32_t told = 0;
    for (uint32_t e = 0; e < u->effect_n; e++) {
        const struct tb_order_effect *x = &u->effect[e];
        struct tb_ev_unwound_effect *row = &u->row[u->ev.effect_n];
        *row = (struct tb_ev_unwound_effect){.effect = e,
                                             .amount = u->saving[e] - x->saving_back,
                                             .pieces = u->pieces[e] - x->pieces_back,
                                             .ended = u->ended[e] && !x->ended,
                                             .gifts = u->gifts[e] - x->gifts_settled};
        if (row->amount == 0 && row->pieces == 0 && row->ended == 0 && row->gifts == 0)
            continue;
        u->ev.effect_n++;
        struct tb_promotion_use use = {.offer = x->offer,
                                       .profile = u->order.profile,
                                       .store = u->order.store,
                                       .day = u->price.day,
                                       .device = u->price.device,
                                       .uses = (int64_t)row->ended,
                                       .amount = row->amount,
                                       .pieces = row->pieces};
        if (!u->how->keeps_uses)
            tb_promotion_uncount(u->t, &use);
        if (row->amount > 0)
            tb_promotion_book_back(u->t, u->id, x, u->price.day, x->saving_back, x->saving_back + row->amount);
        if (x->budget != 0 && row->amount > 0) {
            enum tb_code code =
                tb_budget_move(u->t, x->budget, TB_ACCOUNT_SPENT, TB_ACCOUNT_FUND, row->amount, u->id);
            tb_assert(code == TB_CODE_OK);
        }
        if (row->ended && x->coupon != 0 && !u->how->keeps_uses)
            coupon_back(u, x, &told);
        if (row->gifts > 0)
            gift_back(u, x, (uint32_t)row->gifts);
    }
    u->ev.effect = u->row;
}

/* Coupons that a gift rule gave and that are no longer due to her, as far as she still has them. */
static void withdraw(struct unwinding *u, struct tb_block *b)
{
    uint32_t n = b->n[TB_ORDER_GIVEN];
    const struct tb_order_given *given = copy_of(u->t, b, TB_ORDER_GIVEN, sizeof *given);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t e = given[i].effect;
        uint32_t before = 0; /* of the same effect, settled by this return or earlier ones */
        for (uint32_t k = 0; k < i; k++)
            before += given[k].effect == e;
        if (given[i].withdrawn || before >= u->gifts[e] || before < u->effect[e].gifts_settled)
            continue;
        struct tb_coupon c = {.lot = given[i].lot,
                              .profile = given[i].profile,
                              .unit = given[i].unit,
                              .due_ms = given[i].due_ms,
                              .earned_day = given[i].day};
        if (tb_coupon_withdraw(u->t, &c, u->id))
            u->withdrawn[u->ev.withdrawn_n++] = i;
    }
    u->ev.withdrawn = u->withdrawn;
}

/* What every tender is due in all, by the matrix. */
static void tenders_due(struct unwinding *u, struct tb_block *b, const struct tb_order_payment *p, uint32_t n,
                        int64_t *due)
{
    uint32_t lines = b->n[TB_ORDER_LINE];
    const struct tb_order_line *line = tb_section(u->t, b, TB_ORDER_LINE);
    int64_t *net = TB_NEW_ARRAY(u->t->scratch, int64_t, lines + 1);
    int64_t *cell = TB_NEW_ARRAY(u->t->scratch, int64_t, (lines + 1) * n);
    int64_t amount[TB_REFUND_TENDERS_MAX];
    int64_t seat[TB_REFUND_TENDERS_MAX];
    tb_assert(net != NULL && cell != NULL && n <= TB_REFUND_TENDERS_MAX);
    for (uint32_t i = 0; i < n; i++)
        amount[i] = p[i].amount;
    for (uint32_t i = 0; i < lines; i++)
        net[i] = line[i].net;
    net[lines] = u->price.shipping;
    tb_refund_matrix(net, lines + 1, amount, n, cell);
    memset(due, 0, n * sizeof *due);
    for (uint32_t i = 0; i <= lines; i++) {
        int64_t back = i < lines ? line[i].returned_net : u->all ? u->price.shipping : 0;
        tb_refund_row(cell + (size_t)i * n, n, back, seat);
        for (uint32_t k = 0; k < n; k++)
            due[k] += seat[k];
    }
}

static int64_t units_due(const struct tb_order_payment *p, int64_t due)
{
    int64_t units = p->units;
    if (due < p->amount && !tb_mul_div(p->units, due, p->amount, TB_ROUND_HALF_UP, &units))
        units = p->units_back;
    return units;
}

static void unwind_tenders(struct unwinding *u, struct tb_block *b)
{
    uint32_t n = b->n[TB_ORDER_PAYMENT];
    int64_t due[TB_REFUND_TENDERS_MAX];
    if (n == 0)
        return;
    const struct tb_order_payment *p = copy_of(u->t, b, TB_ORDER_PAYMENT, sizeof *p);
    tenders_due(u, b, p, n, due);
    for (uint32_t i = 0; i < n; i++) {
        int64_t amount = due[i] - p[i].back;
        int64_t units = units_due(&p[i], due[i]) - p[i].units_back;
        tb_assert(amount >= 0 && units >= 0);
        if (units > 0) /* what a hand gave back before is hers already */
            units = tb_ledger_refund(u->t, p[i].transfer, units, u->id, 0);
        if (amount == 0 && units == 0)
            continue;
        u->paid[u->ev.payment_n++] = (struct tb_ev_unwound_payment){.payment = i, .amount = amount, .units = units};
        u->money += p[i].unit == 0 ? amount : 0;
        uint64_t row[4] = {p[i].kind, (uint64_t)amount, p[i].unit, (uint64_t)units};
        if (u->ev.payment_n <= TB_CHECKOUT_TOLD_MAX)
            tb_checkout_put_part(&u->a->body, 12, row, 4);
    }
    u->ev.payment = u->paid;
}

void tb_unwind(struct tb_txn *t, uint64_t order, const struct tb_unwind_how *how, struct tb_answer *a)
{
    struct unwinding u = {.how = how, .a = a};
    unwinding_of(t, tb_read(t, TB_KIND_ORDER, order), &u);
    set_targets(&u, tb_read(t, TB_KIND_ORDER, order));
    unwind_effects(&u);
    withdraw(&u, tb_read(t, TB_KIND_ORDER, order));
    unwind_tenders(&u, tb_read(t, TB_KIND_ORDER, order));
    if (u.withheld > u.money) /* never more than what is paid out now */
        u.withheld = u.money;
    u.ev.order = order;
    u.ev.shipping = u.all ? u.price.shipping - u.price.shipping_back : 0;
    u.ev.withheld = u.withheld;
    tb_emit_order_unwound(t, &u.ev);
    tb_wire_put_uint(&a->body, 13, (uint64_t)u.withheld);
    tb_wire_put_uint(&a->body, 14, (uint64_t)u.ev.shipping);
}

enum tb_outcome tb_checkout_return_quote(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct tb_cmd_return in = *(const struct tb_cmd_return *)cmd->input;
    struct tb_command dry = *cmd;
    in.key = TB_STR_NONE;
    dry.input = &in;
    enum tb_outcome outcome = tb_order_return(t, &dry, a);
    if (outcome == TB_DONE)
        tb_checkout_forget(t);
    return outcome;
}
