// SPDX-License-Identifier: Apache-2.0
/* core/mall/exchange.c - taking goods for points, and what becomes of it. Invariant: an exchange that is ordered or
 * ready has its pieces in HELD, one whose goods have left in SPENT, a cancelled one nowhere (or in SPENT, when
 * they did not come back). */
#include "core/mall/mall_int.h"
#include "core/membership/membership.h"
#include "core/promotion/promotion.h"

#include <string.h>

uint64_t tb_mall_key(uint32_t tenant, uint32_t profile)
{
    return tb_key_number(tenant, profile | UINT64_C(1) << 41);
}

struct tb_block *tb_mall_find(const struct tb_txn *t, uint64_t exchange)
{
    if (exchange == 0 || exchange > t->store->counter[TB_COUNTER_EXCHANGE])
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_EXCHANGE, exchange);
    return b != NULL && ((const struct tb_exchange *)tb_block_head_const(b))->tenant == t->tenant ? b : NULL;
}

/* ---- taking ------------------------------------------------------------------------------------ */

struct taking {
    struct tb_txn *t;
    struct tb_answer *a;
    const struct tb_command *cmd;
    const struct tb_cmd_mall_exchange *in;
    struct tb_goods g;
    uint32_t goods;
    uint32_t profile;
    uint32_t person;
    int64_t points;
    int64_t cash;
    struct tb_ev_mall_exchanged ev;
};

static const char *open_field(enum tb_code code)
{
    bool hers = code == TB_CODE_NOT_ENROLLED || code == TB_CODE_NOT_ELIGIBLE || code == TB_CODE_PLAY_LIMIT;
    return hers ? "member" : "goods";
}

/* Who, what, how many, and whether she may. */
static enum tb_outcome look(struct taking *x)
{
    struct tb_txn *t = x->t;
    const struct tb_cmd_mall_exchange *in = x->in;
    x->goods = tb_find_code(t, TB_KIND_GOODS, in->goods);
    if (x->goods == 0)
        return tb_refuse(x->a, TB_CODE_UNKNOWN_GOODS, "goods");
    x->profile = tb_member_find(t, &in->who, "member", x->a);
    if (x->profile == 0)
        return TB_REFUSED;
    x->person = tb_person_by_profile(t, x->profile);
    x->g = *(const struct tb_goods *)tb_block_head_const(tb_read(t, TB_KIND_GOODS, x->goods));
    int64_t most = x->g.gives ? TB_EXCHANGE_COUPONS_MAX : TB_EXCHANGE_PIECES_MAX;
    if (in->quantity < 1 || in->quantity > most)
        return tb_refuse(x->a, TB_CODE_INVALID, "quantity");
    if (in->tender >= TB_TENDER_KINDS || in->paid < 0)
        return tb_refuse(x->a, TB_CODE_INVALID, in->paid < 0 ? "paid" : "tender");
    if (in->stored < 0)
        return tb_refuse(x->a, TB_CODE_INVALID, "stored_value");
    x->ev.store = in->store.n ? tb_find_code(t, TB_KIND_STORE, in->store) : 0;
    if (in->store.n && x->ev.store == 0)
        return tb_refuse(x->a, TB_CODE_UNKNOWN_STORE, "store");
    tb_ledger_settle(t, x->person); /* what is due was due before she came */
    tb_membership_fire(t, x->person);
    int64_t left;
    enum tb_code code =
        tb_mall_open(t, &x->g, x->goods, tb_read(t, TB_KIND_PERSON, x->person), in->quantity, &left);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(x->a, code, open_field(code));
}

static enum tb_outcome price(struct taking *x)
{
    bool fits = tb_mul(x->g.points, x->in->quantity, &x->points) && tb_mul(x->g.cash, x->in->quantity, &x->cash);
    if (!fits || x->points > TB_AMOUNT_MAX || x->cash > TB_AMOUNT_MAX)
        return tb_refuse(x->a, TB_CODE_AMOUNT_OVERFLOW, "quantity");
    if (x->in->paid > x->cash)
        return tb_refuse(x->a, TB_CODE_TENDERS_DIFFER, "paid");
    if (x->in->stored > x->cash - x->in->paid)
        return tb_refuse(x->a, TB_CODE_TENDERS_DIFFER, "stored_value");
    bool unpaid = x->in->paid + x->in->stored < x->cash;
    return x->g.gives && unpaid ? tb_refuse(x->a, TB_CODE_TENDERS_DIFFER, "paid") : TB_DONE; /* it goes at once */
}

/* Takes the points; a refusal for want of them says how much is missing. */
static enum tb_outcome pay_points(struct taking *x)
{
    struct tb_txn *t = x->t;
    if (x->points == 0)
        return TB_DONE;
    int64_t has = tb_ledger_balance(t, tb_read(t, TB_KIND_PERSON, x->person), x->g.unit, t->now_ms).available;
    if (has < x->points) {
        struct tb_block *u = tb_read(t, TB_KIND_UNIT, x->g.unit);
        tb_wire_put_uint(&x->a->body, 20, (uint64_t)(x->points - has));
        tb_wire_put_bytes(&x->a->body, 21, tb_config_text(t, u, tb_config_of(u)->code));
        return tb_refuse(x->a, TB_CODE_INSUFFICIENT, "member");
    }
    x->ev.transfer = tb_counter_next(t, TB_COUNTER_TRANSFER);
    enum tb_code code = tb_ledger_spend(t, x->profile, x->g.unit, x->points, TB_ACCOUNT_SPENT, TB_CAUSE_SPEND,
                                        x->ev.transfer, 0, TB_STR_NONE, x->cmd->actor);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(x->a, code, "member");
}

static enum tb_outcome pay(struct taking *x)
{
    struct tb_ev_mall_drawn *drawn = TB_NEW_ARRAY(x->t->scratch, struct tb_ev_mall_drawn, TB_EXCHANGE_DRAWS_MAX);
    tb_assert(drawn != NULL);
    enum tb_outcome outcome = pay_points(x);
    x->ev.drawn = drawn;
    if (outcome != TB_DONE || x->in->stored == 0)
        return outcome;
    enum tb_code code = tb_mall_draw(x->t, x->profile, x->in->stored, x->cmd->actor, drawn, &x->ev.drawn_n);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(x->a, code, "stored_value");
}

/* Pieces leave the shelf; coupons are given at once. */
static enum tb_outcome take(struct taking *x)
{
    struct tb_txn *t = x->t;
    enum tb_tenant_account to = x->g.gives ? TB_ACCOUNT_SPENT : TB_ACCOUNT_HELD;
    enum tb_code code = tb_ledger_move(t, x->g.stock_unit, tb_mall_shelf(&x->g), to, x->in->quantity, 0);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code == TB_CODE_INSUFFICIENT ? TB_CODE_OUT_OF_STOCK : code, "goods");
    uint64_t *lot = TB_NEW_ARRAY(t->scratch, uint64_t, TB_EXCHANGE_COUPONS_MAX);
    tb_assert(lot != NULL);
    for (int64_t i = 0; x->g.gives != 0 && i < x->in->quantity; i++) {
        struct tb_coupon c;
        code = tb_coupon_issue(t, x->profile, x->g.gives, 0, x->cmd->actor, TB_STR_NONE, &c);
        if (code != TB_CODE_OK)
            return tb_refuse(x->a, code, "goods");
        lot[x->ev.coupon_lot_n++] = c.lot;
    }
    x->ev.coupon_lot = lot;
    return TB_DONE;
}

static void note(struct taking *x)
{
    struct tb_txn *t = x->t;
    uint64_t prev = 0;
    (void)tb_map_find(t, TB_MAP_EXCHANGE, tb_mall_key(t->tenant, x->profile), &prev);
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    x->ev.exchange = tb_counter_next(t, TB_COUNTER_EXCHANGE);
    x->ev.goods = x->goods;
    x->ev.profile = x->profile;
    x->ev.state = x->g.gives ? TB_EXCHANGE_DONE : TB_EXCHANGE_ORDERED;
    x->ev.unit = x->g.unit;
    x->ev.quantity = (uint64_t)x->in->quantity;
    x->ev.points = (uint64_t)x->points;
    x->ev.cash = (uint64_t)x->cash;
    x->ev.paid = (uint64_t)x->in->paid;
    x->ev.tender = x->in->tender;
    x->ev.prev = prev;
    x->ev.period = x->g.per_member ? x->g.period : 0;
    x->ev.period_start = x->ev.period ? tb_period_start((enum tb_cap_period)x->g.period, today) : 0;
    tb_emit_mall_exchanged(t, &x->ev);
}

static void tell_person(const struct tb_txn *t, struct tb_answer *a, uint32_t profile)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    tb_wire_put_uint(&a->body, 12, tb_person_id(b));
}

enum tb_outcome tb_mall_exchange(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct taking x = {.t = t, .a = a, .cmd = cmd, .in = cmd->input};
    enum tb_outcome outcome = look(&x);
    if (outcome == TB_DONE)
        outcome = price(&x);
    if (outcome == TB_DONE)
        outcome = pay(&x);
    if (outcome == TB_DONE)
        outcome = take(&x);
    if (outcome != TB_DONE)
        return outcome;
    note(&x);
    tb_wire_put_uint(&a->body, 1, x.ev.exchange);
    tb_wire_put_uint(&a->body, 2, x.ev.state);
    tb_wire_put_uint(&a->body, 3, x.ev.points);
    tb_wire_put_uint(&a->body, 4, x.ev.cash);
    tb_wire_put_uint(&a->body, 5, x.ev.cash - x.ev.paid - (uint64_t)x.in->stored);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, x.person);
    int64_t has = x.g.unit ? tb_ledger_balance(t, b, x.g.unit, t->now_ms).available : 0;
    tb_wire_put_uint(&a->body, 6, tb_zigzag(has));
    for (uint32_t i = 0; i < x.ev.coupon_lot_n; i++)
        tb_wire_put_uint(&a->body, 7, x.ev.coupon_lot[i]);
    tb_wire_put_uint(&a->body, 8, x.goods);
    tell_person(t, a, x.profile);
    return TB_DONE;
}

/* ---- counting ------------------------------------------------------------------------------------ */

/* Adds to the profile's counter of that period; what comes back to a period that is over is forgotten with it. */
static void count(struct tb_txn *t, const struct tb_exchange *x, int64_t pieces)
{
    uint32_t person = tb_person_by_profile(t, x->profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_cap_use *use = tb_section(t, b, TB_PERSON_CAP);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++) {
        if (use[i].profile != x->profile || use[i].unit != x->goods || use[i].kind != TB_MALL_COUNT + x->period)
            continue;
        if (use[i].start_day != x->start_day && pieces < 0)
            return;
        if (use[i].start_day != x->start_day)
            use[i].amount = 0;
        use[i].start_day = x->start_day;
        use[i].amount += pieces;
        return;
    }
    if (pieces < 0)
        return;
    struct tb_cap_use fresh = {.profile = x->profile,
                               .unit = x->goods,
                               .start_day = x->start_day,
                               .kind = TB_MALL_COUNT + x->period,
                               .amount = pieces};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_CAP, &fresh);
}

void tb_mall_apply_mall_exchanged(struct tb_txn *t, const struct tb_ev_mall_exchanged *ev)
{
    uint16_t n[TB_SECTIONS_MAX] = {[TB_EXCHANGE_COUPON] = (uint16_t)ev->coupon_lot_n};
    struct tb_block *b = tb_create_sized(t, TB_KIND_EXCHANGE, ev->exchange, n);
    struct tb_exchange x = {.tenant = t->tenant,
                            .goods = (uint32_t)ev->goods,
                            .profile = (uint32_t)ev->profile,
                            .state = (uint32_t)ev->state,
                            .unit = (uint32_t)ev->unit,
                            .store = (uint32_t)ev->store,
                            .tender = (uint32_t)ev->tender,
                            .left = ev->state == TB_EXCHANGE_DONE,
                            .quantity = (int64_t)ev->quantity,
                            .points = (int64_t)ev->points,
                            .cash = (int64_t)ev->cash,
                            .paid = (int64_t)ev->paid,
                            .transfer = ev->transfer,
                            .prev = ev->prev,
                            .made_ms = t->now_ms,
                            .moved_ms = t->now_ms,
                            .start_day = (int32_t)ev->period_start,
                            .period = (uint32_t)ev->period};
    *(struct tb_exchange *)tb_block_head(b) = x;
    if (ev->coupon_lot_n)
        memcpy(tb_section(t, b, TB_EXCHANGE_COUPON), ev->coupon_lot, ev->coupon_lot_n * sizeof *ev->coupon_lot);
    tb_mall_keep_draws(t, ev->exchange, ev->drawn, ev->drawn_n);
    tb_counter_used(t, TB_COUNTER_EXCHANGE, ev->exchange);
    tb_map_set(t, TB_MAP_EXCHANGE, tb_mall_key(t->tenant, x.profile), ev->exchange);
    if (x.period)
        count(t, &x, x.quantity);
    tb_person_touch(t, x.profile);
}

/* ---- moving ---------------------------------------------------------------------------------------- */

static bool leaves(uint32_t state)
{
    return state == TB_EXCHANGE_SHIPPED || state == TB_EXCHANGE_COLLECTED;
}

static bool may_move(const struct tb_exchange *x, bool coupons, uint32_t to)
{
    switch ((enum tb_exchange_state)x->state) {
    case TB_EXCHANGE_ORDERED:
        return to == TB_EXCHANGE_READY || leaves(to) || to == TB_EXCHANGE_CANCELLED;
    case TB_EXCHANGE_READY:
        return leaves(to) || to == TB_EXCHANGE_CANCELLED;
    case TB_EXCHANGE_SHIPPED:
    case TB_EXCHANGE_COLLECTED:
        return to == TB_EXCHANGE_DONE || to == TB_EXCHANGE_CANCELLED;
    case TB_EXCHANGE_DONE: /* coupons are done at once */
        return coupons && to == TB_EXCHANGE_CANCELLED;
    case TB_EXCHANGE_CANCELLED:
        return false;
    }
    return false;
}

static enum tb_outcome check_move(const struct tb_cmd_mall_move *in, const struct tb_exchange *x,
                                  const struct tb_goods *g, struct tb_answer *a)
{
    bool cancels = in->state == TB_EXCHANGE_CANCELLED;
    if (in->state >= TB_EXCHANGE_STATES)
        return tb_refuse(a, TB_CODE_INVALID, "state");
    if (in->paid < 0 || (in->paid > 0 && cancels))
        return tb_refuse(a, TB_CODE_INVALID, "paid");
    if (in->stored < 0 || (in->stored > 0 && cancels))
        return tb_refuse(a, TB_CODE_INVALID, "stored_value");
    if (in->tender >= TB_TENDER_KINDS)
        return tb_refuse(a, TB_CODE_INVALID, "tender");
    if (in->reference.n > TB_EXCHANGE_REFERENCE_MAX || !tb_utf8_valid(in->reference))
        return tb_refuse(a, TB_CODE_INVALID, "reference");
    bool stays = in->state == 0 || in->state == x->state;
    bool over = x->state == TB_EXCHANGE_CANCELLED;
    if (over || (!stays && !may_move(x, g->gives != 0, in->state)) ||
        (in->by_owner && (!cancels || x->state != TB_EXCHANGE_ORDERED)))
        return tb_refuse(a, TB_CODE_EXCHANGE_STATE, "state");
    if (cancels && !in->by_owner && in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    int64_t due = x->cash - x->paid - x->drawn;
    if (in->paid > due || in->stored > due - in->paid)
        return tb_refuse(a, TB_CODE_TENDERS_DIFFER, in->paid > due ? "paid" : "stored_value");
    return leaves(in->state) && in->paid + in->stored < due ? tb_refuse(a, TB_CODE_TENDERS_DIFFER, "paid") : TB_DONE;
}

static void move_pieces(struct tb_txn *t, const struct tb_goods *g, enum tb_tenant_account from,
                        enum tb_tenant_account to, int64_t n)
{
    enum tb_code code = tb_ledger_move(t, g->stock_unit, from, to, n, 0);
    tb_assert(code == TB_CODE_OK); /* they are there: the exchange put them */
}

/* Everything goes back to where it came from. */
static enum tb_outcome unwind(struct tb_txn *t, const struct tb_cmd_mall_move *in, struct tb_block *b,
                              const struct tb_goods *g, uint32_t actor, struct tb_mall_back *back,
                              struct tb_answer *a)
{
    const struct tb_exchange x = *(const struct tb_exchange *)tb_block_head_const(b);
    const uint64_t *lot = tb_section(t, b, TB_EXCHANGE_COUPON);
    if (!tb_mall_refund_ready(t, b))
        return TB_NEED;
    for (uint32_t i = 0; i < b->n[TB_EXCHANGE_COUPON]; i++) {
        struct tb_coupon c = {.lot = lot[i], .profile = x.profile, .unit = g->gives};
        if (!tb_coupon_withdraw(t, &c, 0))
            return tb_refuse(a, TB_CODE_UNKNOWN_COUPON, "exchange");
    }
    if (!tb_mall_gone(&x))
        move_pieces(t, g, TB_ACCOUNT_HELD, tb_mall_shelf(g), x.quantity);
    else if (in->goods_back || g->gives)
        move_pieces(t, g, TB_ACCOUNT_SPENT, tb_mall_shelf(g), x.quantity);
    *back = tb_mall_refund(t, in->exchange, actor);
    return TB_DONE;
}

/* The exchange of the command; a session sees only hers. */
static struct tb_block *find(struct tb_txn *t, const struct tb_cmd_mall_move *in, struct tb_answer *a)
{
    struct tb_block *b = tb_mall_find(t, in->exchange);
    uint32_t profile = 0;
    if (in->by_owner) {
        profile = tb_member_find(t, &in->owner, "member", a);
        if (profile == 0)
            return NULL;
    }
    const struct tb_exchange *x = b ? tb_block_head_const(b) : NULL;
    if (x != NULL &&
        (!in->by_owner || tb_person_by_profile(t, x->profile) == tb_person_by_profile(t, profile)))
        return b;
    (void)tb_refuse(a, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    return NULL;
}

/* Pays out of stored value what is due; goods may be at stake, so a refusal undoes all. */
static enum tb_outcome draw(struct tb_txn *t, const struct tb_cmd_mall_move *in, uint32_t profile, uint64_t actor,
                            struct tb_ev_mall_drawn *drawn, uint32_t *n, struct tb_answer *a)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_ledger_settle(t, person);
    tb_membership_fire(t, person);
    enum tb_code code = tb_mall_draw(t, profile, in->stored, actor, drawn, n);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "stored_value");
}

enum tb_outcome tb_mall_move(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_mall_move *in = cmd->input;
    struct tb_block *b = find(t, in, a);
    if (b == NULL)
        return TB_REFUSED;
    const struct tb_exchange x = *(const struct tb_exchange *)tb_block_head_const(b);
    const struct tb_goods g = *(const struct tb_goods *)tb_block_head_const(tb_read(t, TB_KIND_GOODS, x.goods));
    enum tb_outcome outcome = check_move(in, &x, &g, a);
    if (outcome != TB_DONE)
        return outcome;
    uint32_t state = in->state ? in->state : x.state;
    bool cancels = state == TB_EXCHANGE_CANCELLED;
    struct tb_mall_back back = {0};
    if (cancels)
        outcome = unwind(t, in, b, &g, cmd->actor, &back, a);
    else if (leaves(state) && !tb_mall_gone(&x))
        move_pieces(t, &g, TB_ACCOUNT_HELD, TB_ACCOUNT_SPENT, x.quantity);
    struct tb_ev_mall_drawn drawn[TB_EXCHANGE_DRAWS_MAX];
    uint32_t drawn_n = 0;
    if (outcome == TB_DONE && in->stored > 0)
        outcome = draw(t, in, x.profile, cmd->actor, drawn, &drawn_n, a);
    if (outcome != TB_DONE)
        return outcome;
    struct tb_ev_mall_moved ev = {.exchange = in->exchange,
                                  .profile = x.profile,
                                  .state = state,
                                  .paid = (uint64_t)in->paid,
                                  .tender = in->tender,
                                  .reference = in->reference,
                                  .reason = in->reason,
                                  .drawn = drawn,
                                  .drawn_n = drawn_n,
                                  .goods_back = cancels && tb_mall_gone(&x) && (in->goods_back || g.gives)};
    if (state != x.state || in->paid > 0 || in->stored > 0 || in->reference.n > 0)
        tb_emit_mall_moved(t, &ev);
    tb_wire_put_uint(&a->body, 1, in->exchange);
    tb_wire_put_uint(&a->body, 2, state);
    tb_wire_put_uint(&a->body, 3, (uint64_t)back.points);
    tb_wire_put_uint(&a->body, 4, cancels ? (uint64_t)x.paid : 0);
    tb_wire_put_uint(&a->body, 5, cancels ? 0 : (uint64_t)(x.cash - x.paid - x.drawn - in->paid - in->stored));
    tb_wire_put_uint(&a->body, 6, (uint64_t)back.drawn);
    tell_person(t, a, x.profile);
    return TB_DONE;
}

void tb_mall_apply_mall_moved(struct tb_txn *t, const struct tb_ev_mall_moved *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_EXCHANGE, ev->exchange);
    struct tb_exchange *x = tb_block_head(b);
    x->state = (uint32_t)ev->state;
    x->moved_ms = t->now_ms;
    x->paid += (int64_t)ev->paid;
    if (ev->paid)
        x->tender = (uint32_t)ev->tender;
    tb_mall_keep_draws(t, ev->exchange, ev->drawn, ev->drawn_n);
    b = tb_write(t, TB_KIND_EXCHANGE, ev->exchange);
    x = tb_block_head(b);
    if (leaves(x->state))
        x->left = 1;
    if (x->state == TB_EXCHANGE_CANCELLED) {
        if (ev->goods_back)
            x->left = 0;
        if (x->period)
            count(t, x, -x->quantity);
    }
    if (ev->reference.n) {
        if (b->n[TB_EXCHANGE_BYTES])
            tb_cut(t, TB_KIND_EXCHANGE, ev->exchange, TB_EXCHANGE_BYTES, 0, b->n[TB_EXCHANGE_BYTES]);
        uint32_t at = tb_push_bytes(t, TB_KIND_EXCHANGE, ev->exchange, TB_EXCHANGE_BYTES, ev->reference);
        x = tb_block_head(tb_write(t, TB_KIND_EXCHANGE, ev->exchange));
        x->reference_at = at;
        x->reference_n = ev->reference.n;
    }
    tb_person_touch(t, (uint32_t)ev->profile);
}
