// SPDX-License-Identifier: Apache-2.0
/* What comes back: any part, in any order, and its share of what was earned with it.
 *
 * The share of a line is cumulative: after quantity q of Q came back, net * q / Q (half
 * up) has been paid back in all, so the last part closes the line to the cent. What the
 * line earned (its part of the order's points by largest remainder over the nets) goes
 * back in the same way, by the money returned; rounding always ends at the whole.       */
#include "core/checkout/unwind.h"
#include "core/membership/membership.h"
#include "core/order/order_int.h"
#include "core/promotion/book.h"


static uint32_t line_by_sku(struct tb_txn *t, struct tb_block *b, const struct tb_return_list *done,
                            struct tb_str sku, int64_t quantity)
{
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    uint32_t product = tb_find_code(t, TB_KIND_PRODUCT, sku);
    const char *bytes = tb_section(t, b, TB_ORDER_BYTES);
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++) {
        struct tb_str own = {bytes + line[i].sku_at, line[i].sku_n};
        bool same = line[i].product ? line[i].product == product : tb_str_eq(own, sku);
        int64_t left = line[i].quantity - line[i].returned_quantity;
        for (uint32_t k = 0; k < done->n; k++)
            if (done->line[k].line == i)
                left -= done->line[k].quantity;
        if (same && left >= quantity)
            return i;
    }
    return TB_LINE_BY_SKU;
}

/* Adds one line to the part; the refusal or OK. */
static enum tb_code add_line(struct tb_txn *t, struct tb_block *b, const struct tb_return_line_input *in,
                             struct tb_return_list *p)
{
    uint32_t at = in->line == TB_LINE_BY_SKU ? line_by_sku(t, b, p, in->sku, in->quantity) : in->line;
    if (at == TB_LINE_BY_SKU)
        return TB_CODE_RETURN_EXCEEDS;
    if (at >= b->n[TB_ORDER_LINE] || in->quantity <= 0)
        return TB_CODE_INVALID;
    const struct tb_order_line *line = (const struct tb_order_line *)tb_section(t, b, TB_ORDER_LINE) + at;
    int64_t quantity = line->returned_quantity;
    int64_t net = line->returned_net;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->line[i].line != at)
            continue;
        quantity += p->line[i].quantity;
        net += p->line[i].net;
    }
    if (in->quantity > line->quantity - quantity)
        return TB_CODE_RETURN_EXCEEDS;
    int64_t back;
    if (tb_order_is_priced(b)) {
        if (in->net != TB_NET_SHARE)
            return TB_CODE_INVALID;
        enum tb_code code = tb_unwind_share(t, b, at, quantity, quantity + in->quantity, &back);
        if (code != TB_CODE_OK)
            return code;
    } else if (in->net != TB_NET_SHARE) {
        if (in->net < 0 || in->net > line->net - net)
            return TB_CODE_RETURN_EXCEEDS;
        back = in->net;
    } else {
        if (!tb_mul_div(line->net, quantity + in->quantity, line->quantity, TB_ROUND_HALF_UP, &back))
            return TB_CODE_AMOUNT_OVERFLOW;
        back = back > net ? back - net : 0;
    }
    p->line[p->n++] =
        (struct tb_ev_return_line){.line = at, .quantity = in->quantity, .net = back};
    p->net += back;
    return TB_CODE_OK;
}

/* Points that belong to all that has come back now, of one earning. */
static int64_t share_returned(struct tb_txn *t, struct tb_block *b, int64_t earned)
{
    uint32_t n = b->n[TB_ORDER_LINE];
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    int64_t *weight = TB_NEW_ARRAY(t->scratch, int64_t, n);
    int64_t *share = TB_NEW_ARRAY(t->scratch, int64_t, n);
    tb_assert(weight != NULL && share != NULL);
    bool any_net = false;
    for (uint32_t i = 0; i < n; i++)
        any_net = any_net || line[i].net > 0;
    /* free goods earn by quantity */
    for (uint32_t i = 0; i < n; i++)
        weight[i] = any_net ? line[i].net : line[i].quantity;
    bool split = tb_split(earned, weight, n, share);
    tb_assert(split);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t part = 0;
        int64_t done = any_net ? line[i].returned_net : line[i].returned_quantity;
        if (line[i].returned_quantity == line[i].quantity)
            part = share[i];
        else if (weight[i] > 0 && !tb_mul_div(share[i], done, weight[i], TB_ROUND_DOWN, &part))
            part = 0;
        sum += part;
    }
    return sum;
}

static void put_clawed(struct tb_txn *t, const struct tb_order *order, uint32_t unit, int64_t amount,
                       int64_t shortfall, struct tb_answer *a)
{
    uint8_t region[80];
    struct tb_buf part;
    tb_buf_init(&part, region, sizeof region);
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, order->profile));
    tb_wire_put_uint(&part, 1, unit);
    tb_wire_put_uint(&part, 2, (uint64_t)amount);
    tb_wire_put_uint(&part, 3,
                     tb_zigzag(tb_ledger_balance(t, person, unit, t->now_ms).available));
    tb_wire_put_uint(&part, 4, (uint64_t)shortfall);
    tb_wire_put_bytes(&a->body, 4, tb_buf_as_str(&part));
}

static void claw_back(struct tb_txn *t, uint64_t id, struct tb_answer *a)
{
    for (uint32_t i = 0; i < tb_read(t, TB_KIND_ORDER, id)->n[TB_ORDER_EARN]; i++) {
        struct tb_block *b = tb_read(t, TB_KIND_ORDER, id);
        struct tb_order order = *(const struct tb_order *)tb_block_head_const(b);
        struct tb_order_earn earn = ((const struct tb_order_earn *)tb_section(t, b, TB_ORDER_EARN))[i];
        int64_t all;
        if (!tb_unwind_earned(t, b, earn.amount, &all))
            all = share_returned(t, b, earn.amount);
        int64_t due = all - earn.clawed;
        if (due <= 0)
            continue;
        struct tb_block *unit = tb_read(t, TB_KIND_UNIT, earn.unit);
        const struct tb_unit *u = tb_block_head_const(unit);
        struct tb_claw claw = {.profile = order.profile,
                               .unit = earn.unit,
                               .amount = due,
                               .lot = earn.lot,
                               .order = id,
                               .cause = TB_CAUSE_CLAWBACK,
                               .negative = u->kind == TB_UNIT_QUALIFYING ? TB_NEGATIVE_UNLIMITED
                                                                         : u->negative,
                               .sale_day = order.day};
        int64_t taken = tb_ledger_claw(t, &claw);
        struct tb_ev_order_clawed ev = {
            .order = id, .unit = earn.unit, .amount = taken, .shortfall = due - taken, .earn = i};
        tb_emit_order_clawed(t, &ev);
        put_clawed(t, &order, earn.unit, taken, due - taken, a);
    }
}

static enum tb_outcome carry_out(struct tb_txn *t, uint64_t id, struct tb_return_list *p,
                                 const struct tb_cmd_return *in, bool cancel, struct tb_answer *a)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, id);
    const bool priced = tb_order_is_priced(b);
    if (priced && !tb_unwind_ready(t, b))
        return TB_NEED;
    if (priced)
        tb_unwind_revalue(t, b, p);
    struct tb_ev_order_returned ev = {.order = id,
                                      .return_no = tb_counter_next(t, TB_COUNTER_RETURN),
                                      .key = in->key,
                                      .occurred_ms = in->occurred_ms ? in->occurred_ms : t->now_ms,
                                      .line = p->line,
                                      .line_n = p->n,
                                      .net = p->net,
                                      .cancel = cancel,
                                      .input_hash = in->input_hash,
                                      .day = tb_tenant_day(t, t->now_ms, NULL, NULL)};
    const uint32_t owner = ((const struct tb_order *)tb_block_head_const(tb_read(t, TB_KIND_ORDER, id)))->profile;
    if (owner) /* what was due before did not know of the return */
        tb_membership_fire(t, tb_person_by_profile(t, owner));
    tb_emit_order_returned(t, &ev);
    tb_promotion_book_return(t, id, ev.net);
    const struct tb_order order = *(const struct tb_order *)tb_block_head_const(tb_read(t, TB_KIND_ORDER, id));
    tb_wire_put_uint(&a->body, 1, id);
    if (priced) /* what was spent comes back first, then what was earned goes */
        tb_unwind(t, id, &(struct tb_unwind_how){.gifts_kept = in->gifts_kept, .keeps_uses = in->keeps_uses}, a);
    if (order.profile) {
        claw_back(t, id, a);
        uint32_t person = tb_person_by_profile(t, order.profile);
        tb_membership_evaluate(t, person, tb_tenant_day(t, t->now_ms, NULL, NULL), TB_TIER_BY_RETURN);
        tb_wire_put_uint(&a->body, 2, tb_person_id(tb_read(t, TB_KIND_PERSON, person)));
    }
    tb_wire_put_uint(&a->body, 8, tb_zigzag(p->net));
    tb_wire_put_uint(&a->body, 9, ev.return_no);
    return TB_DONE;
}

/* A return's key that stands already. */
static enum tb_outcome stood_before(struct tb_txn *t, const struct tb_cmd_return *in, bool *stands,
                                    struct tb_answer *a)
{
    uint64_t order;
    *stands = false;
    uint64_t hash = in->key.n ? tb_key_text(t, t->tenant, TB_MAP_RETURN, in->key) : 0;
    if (hash == 0 || !tb_map_find(t, TB_MAP_RETURN, hash, &order))
        return TB_DONE;
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    if (b == NULL) {
        tb_txn_need(t, TB_KIND_ORDER, order);
        return TB_NEED;
    }
    *stands = true;
    const struct tb_order_return *r = tb_section(t, b, TB_ORDER_RETURN);
    for (uint32_t i = 0; i < b->n[TB_ORDER_RETURN]; i++) {
        if (r[i].key_hash != hash)
            continue;
        if (r[i].input_hash != in->input_hash)
            return tb_refuse(a, TB_CODE_ORDER_EXISTS, "return");
        tb_wire_put_uint(&a->body, 1, order);
        tb_wire_put_uint(&a->body, 3, 1);
        tb_wire_put_uint(&a->body, 8, tb_zigzag(r[i].net));
        tb_wire_put_uint(&a->body, 9, r[i].no);
        return TB_DONE;
    }
    return tb_refuse(a, TB_CODE_ORDER_EXISTS, "return");
}

enum tb_outcome tb_order_return(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_return *in = cmd->input;
    if (in->key.n > TB_ORDER_KEY_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "return");
    if (in->line_n == 0 || in->line_n > TB_ORDER_LINES_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "lines");
    bool stands;
    enum tb_outcome outcome = stood_before(t, in, &stands, a);
    if (outcome != TB_DONE || stands)
        return outcome;
    bool need;
    struct tb_block *b = tb_order_find(t, in->order, &need);
    if (need)
        return TB_NEED;
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    if (((const struct tb_order *)tb_block_head_const(b))->state == TB_ORDER_CANCELLED)
        return tb_refuse(a, TB_CODE_ORDER_CLOSED, "order");
    if (in->occurred_ms > t->now_ms + TB_DAY_MS)
        return tb_refuse(a, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    if (b->n[TB_ORDER_RETURN] >= 10000)
        return tb_refuse(a, TB_CODE_TOO_MANY, "order");
    struct tb_return_list p = {.line = TB_NEW_ARRAY(t->scratch, struct tb_ev_return_line, in->line_n)};
    tb_assert(p.line != NULL);
    for (uint32_t i = 0; i < in->line_n; i++) {
        enum tb_code code = add_line(t, b, &in->line[i], &p);
        if (code == TB_CODE_OK)
            continue;
        struct tb_buf field;
        char name[24];
        tb_buf_init(&field, name, sizeof name);
        tb_buf_printf(&field, "lines/%u", i);
        tb_buf_byte(&field, 0);
        return tb_refuse(a, code, name);
    }
    return carry_out(t, b->id, &p, in, false, a);
}

enum tb_outcome tb_order_cancel(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_order_cancel *in = cmd->input;
    bool need;
    struct tb_block *b = tb_order_find(t, in->order, &need);
    if (need)
        return TB_NEED;
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    const struct tb_order *order = tb_block_head_const(b);
    if (order->state == TB_ORDER_CANCELLED || order->state == TB_ORDER_RETURNED) {
        tb_wire_put_uint(&a->body, 1, b->id);
        tb_wire_put_uint(&a->body, 3, 1);
        return TB_DONE;
    }
    const struct tb_order_card *card = tb_section(t, b, TB_ORDER_CARD);
    for (uint32_t i = 0; i < b->n[TB_ORDER_CARD]; i++)
        if (!card[i].returned) /* each is looked at: who has it, and what is on it */
            return tb_refuse(a, TB_CODE_CARD_STATE, "cards");
    uint32_t n = b->n[TB_ORDER_LINE];
    struct tb_return_list p = {.line = TB_NEW_ARRAY(t->scratch, struct tb_ev_return_line, n)};
    tb_assert(p.line != NULL);
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    for (uint32_t i = 0; i < n; i++) {
        if (line[i].returned_quantity == line[i].quantity)
            continue;
        p.line[p.n++] =
            (struct tb_ev_return_line){.line = i,
                                       .quantity = line[i].quantity - line[i].returned_quantity,
                                       .net = line[i].net - line[i].returned_net};
        p.net += line[i].net - line[i].returned_net;
    }
    struct tb_cmd_return all = {.order = in->order, .input_hash = in->input_hash};
    return carry_out(t, b->id, &p, &all, true, a);
}
