// SPDX-License-Identifier: Apache-2.0
/* core/promotion/stock.c - what single stores have of a campaign's gifts beside what it says for every store.
 *
 * A limit of pieces per store for the campaign's lifetime is the stock with which every store began. A store that
 * got more, or gave some away, has a row here: the limit is judged with it (limit.c: tb_promotion_used).
 * Invariant: what a store may hand out is never set below what it has handed out.                      */
#include "core/promotion/commands.h"

#include "base/num.h"
#include "core/ledger/ledger_int.h"

/* Place of the store's row, or where it belongs. */
static uint32_t place_of(const struct tb_txn *t, struct tb_block *campaign, uint64_t store, bool *found)
{
    const struct tb_campaign_stock *row = tb_section(t, campaign, TB_CAMPAIGN_STOCK);
    uint32_t low = 0;
    uint32_t high = campaign->n[TB_CAMPAIGN_STOCK];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (row[middle].store < store)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < campaign->n[TB_CAMPAIGN_STOCK] && row[low].store == store;
    return low;
}

int64_t tb_campaign_stocked(const struct tb_txn *t, struct tb_block *campaign, uint64_t store)
{
    bool found;
    uint32_t at = place_of(t, campaign, store, &found);
    return found ? ((const struct tb_campaign_stock *)tb_section(t, campaign, TB_CAMPAIGN_STOCK))[at].pieces : 0;
}

void tb_promotion_apply_campaign_stocked(struct tb_txn *t, const struct tb_ev_campaign_stocked *ev)
{
    bool found;
    uint32_t at = place_of(t, tb_read(t, TB_KIND_CAMPAIGN, ev->campaign), ev->store, &found);
    struct tb_campaign_stock fresh = {.store = (uint32_t)ev->store};
    if (!found)
        (void)tb_push_at(t, TB_KIND_CAMPAIGN, ev->campaign, TB_CAMPAIGN_STOCK, at, &fresh);
    struct tb_block *b = tb_write(t, TB_KIND_CAMPAIGN, ev->campaign);
    ((struct tb_campaign_stock *)tb_section(t, b, TB_CAMPAIGN_STOCK))[at].pieces += ev->pieces;
}

/* The limit that is the stores' stock; NULL = the campaign has none. */
static const struct tb_offer_limit *stock_limit(const struct tb_txn *t, const struct tb_campaign *c)
{
    struct tb_block *offer = tb_read(t, TB_KIND_OFFER, c->live ? c->live : c->newest);
    const struct tb_offer_limit *limit = offer ? tb_section(t, offer, TB_OFFER_LIMIT) : NULL;
    for (uint32_t i = 0; offer != NULL && i < offer->n[TB_OFFER_LIMIT]; i++)
        if (limit[i].scope == TB_LIMIT_STORE && limit[i].period == TB_PERIOD_LIFETIME && limit[i].pieces > 0)
            return &limit[i];
    return NULL;
}

/* Handed out, and held by open baskets. */
static int64_t handed_out(const struct tb_txn *t, struct tb_block *campaign, const struct tb_offer_limit *limit,
                          uint64_t store)
{
    return tb_promotion_used(t, campaign, NULL, limit, store, 0).pieces + tb_campaign_stocked(t, campaign, store);
}

static void tell_row(const struct tb_txn *t, struct tb_answer *a, struct tb_block *campaign,
                     const struct tb_offer_limit *limit, uint64_t store)
{
    uint8_t region[64];
    struct tb_buf row;
    int64_t added = tb_campaign_stocked(t, campaign, store);
    int64_t out = handed_out(t, campaign, limit, store);
    tb_buf_init(&row, region, sizeof region);
    tb_wire_put_uint(&row, 1, store);
    tb_wire_put_uint(&row, 2, tb_zigzag(added));
    tb_wire_put_uint(&row, 3, (uint64_t)out);
    tb_wire_put_uint(&row, 4, tb_zigzag(limit->pieces + added - out));
    tb_wire_put_bytes(&a->body, 2, tb_buf_as_str(&row));
}

/* OK and how many more, or the refusal and its field. */
static enum tb_code judge(const struct tb_txn *t, const struct tb_cmd_campaign_stock *in, struct tb_block *campaign,
                          const struct tb_offer_limit *limit, uint64_t store, int64_t *more, const char **field)
{
    int64_t left = limit->pieces - tb_promotion_used(t, campaign, NULL, limit, store, 0).pieces;
    *field = "pieces";
    *more = in->set ? in->pieces - left : in->pieces;
    if (in->set ? in->pieces < 0 : in->pieces == 0)
        return TB_CODE_INVALID;
    *field = "reason";
    if (in->reason.n == 0)
        return TB_CODE_REASON_REQUIRED;
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return TB_CODE_INVALID;
    *field = "pieces";
    if (!tb_amount_ok(in->pieces) || left + *more > TB_AMOUNT_MAX)
        return TB_CODE_AMOUNT_OVERFLOW;
    if (left + *more < 0)
        return TB_CODE_INSUFFICIENT;
    bool found;
    *field = "store";
    (void)place_of(t, campaign, store, &found);
    return !found && campaign->n[TB_CAMPAIGN_STOCK] >= TB_CAMPAIGN_STOCKS_MAX ? TB_CODE_TOO_MANY : TB_CODE_OK;
}

enum tb_outcome tb_campaign_stock(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_stock *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    uint32_t store = in->store.n ? tb_find_code(t, TB_KIND_STORE, in->store) : 0;
    if (store == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, id);
    const struct tb_offer_limit *limit = stock_limit(t, tb_block_head_const(b));
    if (limit == NULL)
        return tb_refuse(a, TB_CODE_INVALID, "campaign");
    struct tb_ev_campaign_stocked ev = {.campaign = id, .store = store, .actor = cmd->actor, .reason = in->reason};
    const char *field;
    enum tb_code code = judge(t, in, b, limit, store, &ev.pieces, &field);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, field);
    if (ev.pieces != 0)
        tb_emit_campaign_stocked(t, &ev);
    tb_wire_put_uint(&a->body, 1, id);
    tell_row(t, a, tb_read(t, TB_KIND_CAMPAIGN, id), limit, store);
    return TB_DONE;
}

/* ---- reading --------------------------------------------------------------------------------------- */

/* The first store behind `after` with a row of either kind, 0 = there is none. */
static uint64_t next_store(const struct tb_txn *t, struct tb_block *campaign, uint64_t after)
{
    const struct tb_campaign_row *used = tb_section(t, campaign, TB_CAMPAIGN_ROW);
    const struct tb_campaign_stock *stock = tb_section(t, campaign, TB_CAMPAIGN_STOCK);
    uint64_t first = 0;
    for (uint32_t i = 0; i < campaign->n[TB_CAMPAIGN_ROW]; i++) {
        bool counts = used[i].scope == TB_LIMIT_STORE && used[i].period == TB_PERIOD_LIFETIME;
        if (counts && used[i].id > after && (first == 0 || used[i].id < first))
            first = used[i].id;
    }
    for (uint32_t i = 0; i < campaign->n[TB_CAMPAIGN_STOCK]; i++)
        if (stock[i].store > after && (first == 0 || stock[i].store < first))
            first = stock[i].store;
    return first;
}

enum tb_outcome tb_campaign_stocks(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_stocks *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    if (in->limit < 1 || in->limit > 500)
        return tb_refuse(a, TB_CODE_INVALID, "limit");
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, id);
    const struct tb_offer_limit *limit = stock_limit(t, tb_block_head_const(b));
    tb_wire_put_uint(&a->body, 1, id);
    if (limit == NULL)
        return TB_DONE;
    tb_wire_put_uint(&a->body, 3, (uint64_t)limit->pieces);
    uint64_t store = next_store(t, b, in->after);
    uint64_t told = 0;
    for (uint32_t i = 0; i < in->limit && store != 0; i++) {
        tell_row(t, a, b, limit, store);
        told = store;
        store = next_store(t, b, store);
    }
    tb_wire_put_uint(&a->body, 5, store != 0 ? told : 0);
    return TB_DONE;
}
