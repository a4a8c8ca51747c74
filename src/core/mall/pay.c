// SPDX-License-Identifier: Apache-2.0
/* core/mall/pay.c - the money of an exchange out of the member's stored value, and back to its lots.
 *
 * Invariant: every draw is a kept spend of its own, so that cancelling refunds exactly the lots that were drawn. */
#include "core/card/card.h"
#include "core/mall/mall_int.h"

static const struct tb_unit *unit_of(const struct tb_txn *t, uint32_t unit)
{
    return tb_block_head_const(tb_read(t, TB_KIND_UNIT, unit));
}

/* Units that pay at most `due`, of those she has: whole units, and no more than it is worth. */
static bool fit(int64_t due, int64_t face_ppm, int64_t has, struct tb_ev_mall_drawn *d)
{
    int64_t units;
    if (!tb_mul_div(due, 1000000, face_ppm, TB_ROUND_UP, &units))
        return false;
    d->amount = (uint64_t)due;
    if (units > has) {
        int64_t amount;
        if (!tb_mul_div(has, face_ppm, 1000000, TB_ROUND_DOWN, &amount) ||
            !tb_mul_div(amount, 1000000, face_ppm, TB_ROUND_UP, &units))
            return false;
        d->amount = (uint64_t)amount;
    }
    d->units = (uint64_t)units;
    return d->amount > 0;
}

enum tb_code tb_mall_draw(struct tb_txn *t, uint32_t profile, int64_t amount, uint64_t actor,
                          struct tb_ev_mall_drawn *drawn, uint32_t *n)
{
    uint32_t wallets;
    const uint32_t *unit = tb_card_wallet(t, &wallets);
    int64_t left = amount;
    *n = 0;
    for (uint32_t i = 0; i < wallets && left > 0 && *n < TB_EXCHANGE_DRAWS_MAX; i++) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
        int64_t has = tb_ledger_balance(t, b, unit[i], t->now_ms).available;
        int64_t face_ppm = unit_of(t, unit[i])->face_ppm ? unit_of(t, unit[i])->face_ppm : 1000000;
        struct tb_ev_mall_drawn d = {.transfer = tb_counter_next(t, TB_COUNTER_TRANSFER), .unit = unit[i]};
        if (has <= 0 || !fit(left, face_ppm, has, &d))
            continue;
        enum tb_code code = tb_ledger_spend(t, profile, unit[i], (int64_t)d.units, TB_ACCOUNT_SPENT, TB_CAUSE_SPEND,
                                            d.transfer, 0, TB_STR_NONE, actor);
        if (code != TB_CODE_OK)
            return code;
        left -= (int64_t)d.amount;
        drawn[(*n)++] = d;
    }
    return left > 0 ? TB_CODE_INSUFFICIENT : TB_CODE_OK;
}

void tb_mall_keep_draws(struct tb_txn *t, uint64_t exchange, const struct tb_ev_mall_drawn *drawn, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tb_exchange_draw row = {.transfer = drawn[i].transfer,
                                       .units = (int64_t)drawn[i].units,
                                       .amount = (int64_t)drawn[i].amount,
                                       .unit = (uint32_t)drawn[i].unit};
        (void)tb_push(t, TB_KIND_EXCHANGE, exchange, TB_EXCHANGE_DRAW, &row);
        struct tb_exchange *x = tb_block_head(tb_write(t, TB_KIND_EXCHANGE, exchange));
        x->drawn += row.amount;
    }
}

bool tb_mall_refund_ready(struct tb_txn *t, struct tb_block *exchange)
{
    const struct tb_exchange *x = tb_block_head_const(exchange);
    const struct tb_exchange_draw *d = tb_section(t, exchange, TB_EXCHANGE_DRAW);
    bool ready = x->points == 0 || tb_ledger_refund_ready(t, x->transfer);
    for (uint32_t i = 0; i < exchange->n[TB_EXCHANGE_DRAW]; i++)
        ready = tb_ledger_refund_ready(t, d[i].transfer) && ready;
    return ready;
}

struct tb_mall_back tb_mall_refund(struct tb_txn *t, uint64_t exchange, uint64_t actor)
{
    struct tb_mall_back back = {0};
    struct tb_block *b = tb_read(t, TB_KIND_EXCHANGE, exchange);
    const struct tb_exchange *x = tb_block_head_const(b);
    const struct tb_exchange_draw *d = tb_section(t, b, TB_EXCHANGE_DRAW); /* refunds write other blocks */
    if (x->points > 0)
        back.points = tb_ledger_refund(t, x->transfer, x->points, 0, actor);
    for (uint32_t i = 0; i < b->n[TB_EXCHANGE_DRAW]; i++) {
        int64_t units = tb_ledger_refund(t, d[i].transfer, d[i].units, 0, actor);
        int64_t amount;
        bool fits = tb_mul_div(d[i].amount, units, d[i].units, TB_ROUND_HALF_UP, &amount);
        tb_assert(fits);
        back.drawn += amount;
    }
    return back;
}
