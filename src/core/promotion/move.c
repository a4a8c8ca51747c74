// SPDX-License-Identifier: Apache-2.0
/* core/promotion/move.c - a campaign through its states, and when which version was in force.
 *
 * Invariant: at most one run of a campaign is open, and it is open exactly when `live` names its offer;
 * what the budget was granted stands in `granted` and in the unit's ISSUER account alike. */
#include "core/promotion/commands.h"

#include "base/num.h"
#include "core/ops.h"

#define BIT(state) (1u << (state))

static bool allowed(uint32_t from, uint32_t to)
{
    static const uint8_t to_states[TB_CAMPAIGN_STATES] = {
        [TB_CAMPAIGN_DRAFT] = BIT(TB_CAMPAIGN_REVIEW) | BIT(TB_CAMPAIGN_ENDED),
        [TB_CAMPAIGN_REVIEW] = BIT(TB_CAMPAIGN_DRAFT) | BIT(TB_CAMPAIGN_SCHEDULED) | BIT(TB_CAMPAIGN_LIVE) |
                               BIT(TB_CAMPAIGN_ENDED),
        [TB_CAMPAIGN_SCHEDULED] = BIT(TB_CAMPAIGN_DRAFT) | BIT(TB_CAMPAIGN_LIVE) | BIT(TB_CAMPAIGN_PAUSED) |
                                  BIT(TB_CAMPAIGN_ENDED),
        [TB_CAMPAIGN_LIVE] = BIT(TB_CAMPAIGN_LIVE) | BIT(TB_CAMPAIGN_PAUSED) | BIT(TB_CAMPAIGN_ENDED),
        [TB_CAMPAIGN_PAUSED] = BIT(TB_CAMPAIGN_LIVE) | BIT(TB_CAMPAIGN_ENDED),
    };
    return to < TB_CAMPAIGN_STATES && to_states[from] & BIT(to);
}

static bool in_force(uint32_t state)
{
    return state == TB_CAMPAIGN_SCHEDULED || state == TB_CAMPAIGN_LIVE;
}

static bool acknowledged(const struct tb_cmd_campaign_move *in, uint32_t finding)
{
    for (uint32_t i = 0; i < in->acknowledged_n; i++)
        if (in->acknowledged[i] == finding)
            return true;
    return false;
}

static bool all_acknowledged(struct tb_txn *t, uint32_t campaign, const struct tb_cmd_campaign_move *in)
{
    struct tb_finding_row row[TB_FINDINGS_MAX];
    uint32_t n = tb_campaign_findings(t, campaign, row);
    for (uint32_t i = 0; i < n; i++)
        if (!acknowledged(in, row[i].finding))
            return false;
    return true;
}

/* The budget has what the version grants in all. */
static enum tb_code grant(struct tb_txn *t, const struct tb_campaign *c, const struct tb_offer_version *v)
{
    if (c->budget == 0 || v->budget_amount == c->granted)
        return TB_CODE_OK;
    int64_t more = v->budget_amount - c->granted;
    return more > 0 ? tb_ledger_move(t, c->budget, TB_ACCOUNT_ISSUER, TB_ACCOUNT_FUND, more, 0)
                    : tb_ledger_move(t, c->budget, TB_ACCOUNT_FUND, TB_ACCOUNT_ISSUER, -more, 0);
}

static enum tb_outcome judge(struct tb_txn *t, uint32_t id, const struct tb_cmd_campaign_move *in,
                             struct tb_answer *a)
{
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, id);
    const struct tb_campaign *c = tb_block_head_const(b);
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, c->newest));
    if (in->offer_version && in->offer_version != v->version)
        return tb_refuse(a, TB_CODE_VERSION_CONFLICT, "offer_version");
    if (!allowed(c->state, in->state))
        return tb_refuse(a, TB_CODE_CAMPAIGN_STATE, "state");
    if (!in_force(in->state))
        return TB_DONE;
    if (!all_acknowledged(t, id, in))
        return tb_refuse(a, TB_CODE_CAMPAIGN_FINDINGS, "findings");
    if (b->n[TB_CAMPAIGN_RUN] >= TB_CAMPAIGN_RUNS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "");
    enum tb_code code = grant(t, c, v);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "budget");
}

enum tb_outcome tb_campaign_move(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_move *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    enum tb_outcome outcome = judge(t, id, in, a);
    if (outcome != TB_DONE)
        return outcome;
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, id));
    uint64_t *number = TB_NEW_ARRAY(t->scratch, uint64_t, in->acknowledged_n + 1);
    tb_assert(number != NULL);
    for (uint32_t i = 0; i < in->acknowledged_n; i++)
        number[i] = in->acknowledged[i];
    struct tb_ev_campaign_moved ev = {.campaign = id,
                                      .state = in->state,
                                      .offer = in_force(in->state) ? c->newest : 0,
                                      .at_ms = (uint64_t)t->now_ms,
                                      .actor = cmd->actor,
                                      .reason = in->reason,
                                      .acknowledged = number,
                                      .acknowledged_n = in->acknowledged_n};
    tb_emit_campaign_moved(t, &ev);
    tb_wire_put_uint(&a->body, 1, id);
    tb_wire_put_uint(&a->body, 2, in->state);
    tb_wire_put_uint(&a->body, 3, ev.offer);
    return TB_DONE;
}

/* ---- when which version was in force ------------------------------------------------------- */

uint32_t tb_campaign_offer_at(const struct tb_txn *t, struct tb_block *campaign, int64_t at_ms)
{
    const struct tb_campaign_run *run = tb_section(t, campaign, TB_CAMPAIGN_RUN);
    for (uint32_t i = campaign->n[TB_CAMPAIGN_RUN]; i-- > 0;)
        if (at_ms >= run[i].from_ms)
            return at_ms < run[i].until_ms ? run[i].offer : 0;
    return 0;
}

void tb_campaign_close_run(struct tb_txn *t, struct tb_block *campaign)
{
    uint32_t n = campaign->n[TB_CAMPAIGN_RUN];
    struct tb_campaign_run *run = tb_section(t, campaign, TB_CAMPAIGN_RUN);
    if (n > 0 && run[n - 1].until_ms == INT64_MAX)
        run[n - 1].until_ms = t->now_ms;
}

static void tag_in_tenant(struct tb_txn *t, uint32_t tenant, uint32_t campaign, uint32_t live)
{
    struct tb_block *b = tb_write(t, TB_KIND_TENANT, tenant);
    struct tb_listed *list = tb_section(t, b, TB_TENANT_CAMPAIGN);
    for (uint32_t i = 0; i < b->n[TB_TENANT_CAMPAIGN]; i++)
        if (list[i].id == campaign)
            list[i].tag = live;
}

void tb_promotion_apply_campaign_moved(struct tb_txn *t, const struct tb_ev_campaign_moved *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_CAMPAIGN, ev->campaign);
    tb_campaign_close_run(t, b);
    struct tb_campaign *head = tb_block_head(b);
    head->state = (uint32_t)ev->state;
    head->live = (uint32_t)ev->offer;
    if (ev->offer) {
        struct tb_offer_version *v = tb_block_head(tb_write(t, TB_KIND_OFFER, ev->offer));
        v->was_live = 1;
        head->granted = head->budget ? v->budget_amount : 0;
        struct tb_campaign_run run = {.offer = (uint32_t)ev->offer,
                                      .actor = (uint32_t)ev->actor,
                                      .from_ms = (int64_t)ev->at_ms,
                                      .until_ms = INT64_MAX};
        (void)tb_push(t, TB_KIND_CAMPAIGN, ev->campaign, TB_CAMPAIGN_RUN, &run);
    }
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, ev->campaign));
    tag_in_tenant(t, c->c.tenant, (uint32_t)ev->campaign, (uint32_t)ev->offer);
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint32_t version_of(const struct tb_txn *t, uint32_t campaign, uint32_t newest, uint32_t version)
{
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, newest));
    if (version == 0 || version == v->version)
        return newest;
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, campaign);
    const struct tb_campaign_run *run = tb_section(t, b, TB_CAMPAIGN_RUN);
    for (uint32_t i = 0; i < b->n[TB_CAMPAIGN_RUN]; i++) {
        v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, run[i].offer));
        if (v->version == version)
            return run[i].offer;
    }
    return 0;
}

static void put_packed(struct tb_txn *t, struct tb_answer *a, uint32_t field, struct tb_block *b)
{
    const struct tb_shape *shape = &t->store->shape[b->kind];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf out;
    void *region = tb_arena_alloc(t->scratch, size);
    tb_assert(region != NULL);
    tb_buf_init(&out, region, size);
    tb_block_pack(shape, b, &out);
    tb_wire_put_bytes(&a->body, field, tb_buf_as_str(&out));
}

enum tb_outcome tb_campaign_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_get *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, id);
    const struct tb_campaign *c = tb_block_head_const(b);
    uint32_t offer = version_of(t, id, c->newest, in->version);
    if (offer == 0)
        return tb_refuse(a, TB_CODE_INVALID, "version");
    put_packed(t, a, 1, b);
    put_packed(t, a, 2, tb_read(t, TB_KIND_OFFER, offer));
    static const enum tb_tenant_account account[] = {TB_ACCOUNT_FUND, TB_ACCOUNT_HELD, TB_ACCOUNT_SPENT};
    for (uint32_t i = 0; i < TB_COUNT_OF(account); i++) {
        int64_t has = c->budget ? tb_ledger_book(t, c->budget, account[i]) : 0;
        tb_wire_put_uint(&a->body, 3 + i, tb_zigzag(has));
    }
    tb_wire_put_uint(&a->body, 6, id);
    tb_wire_put_uint(&a->body, 7, offer);
    tb_campaign_tell_versions(t, b, a);
    tb_offer_tell_names(t, tb_read(t, TB_KIND_OFFER, offer), a);
    return TB_DONE;
}
