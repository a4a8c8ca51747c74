// SPDX-License-Identifier: Apache-2.0
/* What a journaled return gives back of the drafts' savings, uses and budgets. See backtest.h. */
#include "backtest/backtest.h"

static const uint8_t entropy[TB_ENTROPY_BYTES] = {1};

static struct tb_bt_order *touched(struct tb_backtest *b, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = b->order_n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (b->order[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < b->order_n && b->order[low].number == number ? &b->order[low] : NULL;
}

/* The drafts' shares of what comes back of one line, and their pieces: [use]. */
static void shares_back(struct tb_backtest *b, const struct tb_bt_order *o, uint32_t line, int64_t quantity,
                        int64_t *amount, int64_t *pieces)
{
    struct tb_bt_line *l = &b->line[o->line_at + line];
    struct tb_basket_line basket_line[1] = {{.quantity = l->quantity, .whole = l->whole, .amount = l->net}};
    struct tb_price_line price_line[1] = {{.net = l->net}};
    struct tb_basket basket = {.line = basket_line, .line_n = 1};
    struct tb_price_share *mine = TB_NEW_ARRAY(&b->scratch, struct tb_price_share, o->share_n + 1);
    int64_t *share = TB_NEW_ARRAY(&b->scratch, int64_t, o->use_n + 1);
    struct tb_price_result result = {.share = mine, .line = price_line};
    struct tb_price_back back;
    tb_assert(mine != NULL && share != NULL);
    for (uint32_t i = 0; i < o->share_n; i++) {
        const struct tb_price_share *s = &b->share[o->share_at + i];
        if (s->line != line)
            continue;
        mine[result.share_n] = *s;
        mine[result.share_n++].line = 0;
        basket_line[0].amount += s->each * s->n;
    }
    int64_t after = l->back + quantity;
    if (after > l->quantity || !tb_price_return_share(&basket, &result, 0, l->back, after, &back, share, o->use_n))
        return;
    l->back = after;
    for (uint32_t i = 0; i < o->use_n; i++) {
        amount[i] += share[i];
        pieces[i] += share[i] == 0 ? 0 : l->whole ? after == l->quantity : quantity / 1000;
    }
}

static bool all_back(const struct tb_backtest *b, const struct tb_bt_order *o)
{
    for (uint32_t i = 0; i < o->line_n; i++)
        if (b->line[o->line_at + i].back < b->line[o->line_at + i].quantity)
            return false;
    return true;
}

/* Budget and limits get back what the return brings of a draft's saving. */
static void give_back(struct tb_backtest *b, struct tb_bt_use *u, int64_t amount, int64_t pieces, bool all)
{
    struct tb_promotion_use use = u->use;
    const struct tb_bt_draft *d = &b->draft[u->draft];
    u->back += amount;
    bool ends = !u->ended && (all || (use.amount > 0 && u->back == use.amount));
    u->ended = u->ended || ends;
    use.uses = ends ? use.uses : 0;
    use.amount = amount;
    use.pieces = pieces < use.pieces ? pieces : use.pieces;
    tb_promotion_uncount(&b->txn, &use);
    if (d->budget != 0 && amount > 0) {
        enum tb_code code = tb_budget_move(&b->txn, d->budget, TB_ACCOUNT_SPENT, TB_ACCOUNT_FUND, amount, 0);
        tb_assert(code == TB_CODE_OK);
    }
}

void tb_bt_return(struct tb_backtest *b, struct tb_str body, int64_t now_ms)
{
    struct tb_ev_order_returned ev;
    tb_arena_reset(&b->decoded);
    tb_arena_reset(&b->scratch);
    if (!tb_ev_order_returned_decode(body, &b->decoded, &ev))
        return;
    struct tb_bt_order *o = touched(b, ev.order);
    if (o == NULL)
        return;
    int64_t *amount = TB_NEW_ARRAY(&b->scratch, int64_t, o->use_n + 1);
    int64_t *pieces = TB_NEW_ARRAY(&b->scratch, int64_t, o->use_n + 1);
    tb_assert(amount != NULL && pieces != NULL);
    for (uint32_t i = 0; i < ev.line_n; i++)
        if (ev.line[i].line < o->line_n)
            shares_back(b, o, (uint32_t)ev.line[i].line, ev.line[i].quantity, amount, pieces);
    tb_bt_numbers_begin(b);
    tb_txn_begin(&b->txn, b->o.tenant, now_ms, b->seq, entropy);
    for (uint32_t i = 0; i < o->use_n; i++) {
        struct tb_bt_use *u = &b->use[o->use_at + i];
        o->back += amount[i];
        b->f.back += amount[i];
        b->draft[u->draft].back += amount[i];
        give_back(b, u, amount[i], pieces[i], all_back(b, o));
    }
    tb_txn_commit(&b->txn);
    tb_bt_numbers_end(b);
}
