// SPDX-License-Identifier: Apache-2.0
/* The drafts in the scratch cell: put and moved live by the commands that a marketer would give, once everything
 * that they name is there. A window that lies in the future is opened; hours and black-outs stand. */
#include <string.h>

#include "backtest/backtest.h"
#include "core/ops.h"

#define ANSWER_BYTES 4096u

/* Both numberings change places. */
static void swap_numbers(struct tb_backtest *b)
{
    static const uint32_t own[] = {TB_COUNTER_CONFIG, TB_COUNTER_LOT}; /* what stays has no other numbers */
    uint64_t *counter = b->core->store.counter;
    for (uint32_t i = 0; i < TB_COUNT_OF(own); i++) {
        uint64_t aside = counter[own[i]];
        counter[own[i]] = b->counter[own[i]];
        b->counter[own[i]] = aside;
    }
}

void tb_bt_numbers_begin(struct tb_backtest *b)
{
    swap_numbers(b);
}

void tb_bt_numbers_end(struct tb_backtest *b)
{
    swap_numbers(b);
    tb_assert(b->core->store.counter[TB_COUNTER_CONFIG] < TB_BT_CONFIG);
}

static bool run(struct tb_backtest *b, struct tb_bt_draft *d, uint32_t op, const void *input)
{
    struct tb_answer a = {0};
    struct tb_command cmd = {.op = op, .tenant = b->o.tenant, .input = input};
    uint8_t body[ANSWER_BYTES];
    tb_buf_init(&a.body, body, sizeof body);
    if (tb_core_run(b->core, &b->txn, &cmd, &a) == TB_DONE && a.code == TB_CODE_OK)
        return true;
    d->not_put = a.code;
    memcpy(d->not_put_field, a.field, sizeof d->not_put_field);
    return false;
}

/* A window that lies within what is asked stands; one of the future is taken as if it were now. */
static void set_window(const struct tb_backtest *b, struct tb_cmd_campaign_put *put)
{
    bool future = put->from_ms >= b->o.to_ms || (put->until_ms != 0 && put->until_ms <= b->o.from_ms);
    if (future) {
        put->from_ms = 0;
        put->until_ms = 0;
    }
}

static bool put_live(struct tb_backtest *b, struct tb_bt_draft *d, struct tb_str code)
{
    static const uint32_t all[TB_FINDINGS - 1] = {TB_FINDING_UNREACHABLE, TB_FINDING_NO_CAP,   TB_FINDING_NO_LIMIT,
                                                  TB_FINDING_BELOW_COST,  TB_FINDING_DEPTH,    TB_FINDING_STACK,
                                                  TB_FINDING_ONE_MEMBER,  TB_FINDING_OVERLAP,  TB_FINDING_GROUP_RULE,
                                                  TB_FINDING_TOO_MANY,    TB_FINDING_EXPRESSION};
    struct tb_cmd_campaign_put put = *d->put;
    put.put = (struct tb_put){.code = code};
    set_window(b, &put);
    struct tb_cmd_campaign_move review = {.campaign = code, .state = TB_CAMPAIGN_REVIEW};
    struct tb_cmd_campaign_move live = {
        .campaign = code, .state = TB_CAMPAIGN_LIVE, .acknowledged = all, .acknowledged_n = TB_COUNT_OF(all)};
    return run(b, d, TB_OP_CAMPAIGN_PUT, &put) && run(b, d, TB_OP_CAMPAIGN_MOVE, &review) &&
           run(b, d, TB_OP_CAMPAIGN_MOVE, &live);
}

static void try_draft(struct tb_backtest *b, uint32_t i)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES] = {1};
    struct tb_txn *t = &b->txn;
    struct tb_bt_draft *d = &b->draft[i];
    char text[24];
    struct tb_str code = {text, (uint32_t)snprintf(text, sizeof text, TB_BT_CODE, i)};
    tb_arena_reset(&b->scratch);
    tb_bt_numbers_begin(b);
    /* in force from the first instant that is asked about */
    tb_txn_begin(t, b->o.tenant, b->o.from_ms, b->seq, entropy);
    if (put_live(b, d, code)) {
        d->campaign = tb_find_code(t, TB_KIND_CAMPAIGN, code);
        const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, d->campaign));
        const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, c->live));
        d->budget = c->budget;
        d->coupon_unit = v->coupon_unit;
        tb_txn_commit(t);
    } else {
        tb_txn_undo(t);
    }
    tb_bt_numbers_end(b);
}

bool tb_bt_drafts_ready(struct tb_backtest *b)
{
    bool any = false;
    for (uint32_t i = 0; i < b->o.campaign_n; i++) {
        if (b->draft[i].campaign == 0 && b->config_changed)
            try_draft(b, i);
        any = any || b->draft[i].campaign != 0;
    }
    b->config_changed = false;
    return any;
}

int32_t tb_bt_draft_of(const struct tb_backtest *b, uint32_t campaign)
{
    for (uint32_t i = 0; i < b->o.campaign_n; i++)
        if (b->draft[i].campaign == campaign)
            return (int32_t)i;
    return -1;
}
