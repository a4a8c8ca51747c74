// SPDX-License-Identifier: Apache-2.0
/* core/promotion/kept.c - what a back-test found goes on record: nothing of the state changes, the entry stands in
 * the history, in the feed and in a table of its own. The back-test itself: src/backtest. */
#include "core/promotion/commands.h"

#include "core/ops.h"
#include "events.gen.h"

enum tb_outcome tb_backtest_keep(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_backtest_keep *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    if (in->offer_version == 0)
        return tb_refuse(a, TB_CODE_INVALID, "offer_version");
    if (in->to_day <= in->from_day)
        return tb_refuse(a, TB_CODE_INVALID, "to");
    if (in->result.n == 0 || in->result.n > TB_BACKTEST_RESULT_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "result");
    tb_emit_backtest_kept(t, &(struct tb_ev_backtest_kept){.backtest = in->backtest,
                                                           .campaign = id,
                                                           .offer_version = in->offer_version,
                                                           .from_day = in->from_day,
                                                           .to_day = in->to_day,
                                                           .actor = cmd->actor,
                                                           .started_ms = (uint64_t)in->started_ms,
                                                           .orders = (uint64_t)in->orders,
                                                           .in_force = (uint64_t)in->in_force,
                                                           .members = (uint64_t)in->members,
                                                           .saving = in->saving,
                                                           .cost = in->cost,
                                                           .result = in->result});
    tb_wire_put_uint(&a->body, 1, in->backtest);
    return TB_DONE;
}

void tb_promotion_apply_backtest_kept(struct tb_txn *t, const struct tb_ev_backtest_kept *ev)
{
    (void)t;
    (void)ev;
}
