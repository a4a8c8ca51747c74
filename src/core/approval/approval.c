// SPDX-License-Identifier: Apache-2.0
/* core/approval/approval.c - asking and deciding. Invariant: what is carried out is what was asked for. */
#include "core/approval/approval.h"

#include "base/num.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/person.h"

/* ---- asking ------------------------------------------------------------------------------------------------ */

static int64_t moved_by(int64_t amount)
{
    tb_assert(tb_amount_ok(amount));
    return amount < 0 ? -amount : amount;
}

/* Of the day so far; what nobody is known to have in hand is not moved alone at all. */
static int64_t moved_today(const struct tb_txn *t, uint32_t hands, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_KEY, hands);
    if (b == NULL)
        return TB_AMOUNT_MAX;
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    const struct tb_hand_day *d = tb_section(t, b, TB_KEY_HAND);
    for (uint32_t i = 0; i < b->n[TB_KEY_HAND]; i++)
        if (d[i].unit == unit && d[i].day == today)
            return d[i].moved;
    return 0;
}

static bool above_act(const struct tb_unit *u, int64_t amount)
{
    return u->by_hand_max != 0 && moved_by(amount) > u->by_hand_max;
}

bool tb_approval_needed(const struct tb_txn *t, const struct tb_command *cmd, uint32_t unit, int64_t amount)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, unit);
    tb_assert(u != NULL);
    if (cmd->actor == 0)
        return false;
    return above_act(u, amount) ||
           (u->by_hand_day_max != 0 &&
            moved_by(amount) > u->by_hand_day_max - moved_today(t, tb_key_hands(t, cmd->actor), unit));
}

void tb_approval_alone(struct tb_txn *t, const struct tb_command *cmd, uint32_t unit, int64_t amount)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, unit);
    tb_assert(u != NULL && amount != 0);
    if (cmd->actor == 0 || u->by_hand_day_max == 0)
        return;
    uint32_t hands = tb_key_hands(t, cmd->actor);
    int64_t moved = moved_today(t, hands, unit) + moved_by(amount);
    tb_assert(moved <= u->by_hand_day_max);
    tb_emit_hand_used(t, &(struct tb_ev_hand_used){.hands = hands,
                                                   .unit = unit,
                                                   .day = tb_tenant_day(t, t->now_ms, NULL, NULL),
                                                   .moved = (uint64_t)moved});
}

enum tb_outcome tb_approval_ask(struct tb_txn *t, const struct tb_command *cmd, const struct tb_asked *asked,
                                struct tb_answer *a)
{
    const struct tb_tenant *tenant = tb_tenant_of(t);
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, asked->unit);
    tb_assert(tenant != NULL && u != NULL && asked->reason.n > 0 && asked->profile != 0);
    if (tenant->objects[TB_OBJECTS_REQUEST] >= TB_REQUESTS_WAITING_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "");
    struct tb_ev_request_made ev = {.request = tb_counter_next(t, TB_COUNTER_REQUEST),
                                    .act = asked->act,
                                    .unit = asked->unit,
                                    .profile = asked->profile,
                                    .amount = asked->amount,
                                    .transfer = asked->transfer,
                                    .reason = asked->reason,
                                    .asked_by = cmd->actor,
                                    .deadline_ms = (uint64_t)(t->now_ms + TB_REQUEST_LIFETIME_MS),
                                    .over = above_act(u, asked->amount) ? TB_REQUEST_OVER_ACT : TB_REQUEST_OVER_DAY};
    tb_emit_request_made(t, &ev);
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, asked->profile));
    tb_wire_put_uint(&a->body, 2, tb_zigzag(asked->amount));
    tb_wire_put_uint(&a->body, 3, tb_zigzag(tb_ledger_balance(t, person, asked->unit, t->now_ms).available));
    tb_wire_put_uint(&a->body, 5, tb_person_of(person)->oldest_profile);
    tb_wire_put_uint(&a->body, 7, ev.request);
    tb_wire_put_uint(&a->body, 8, TB_REQUEST_WAITING);
    tb_wire_put_uint(&a->body, 9, ev.deadline_ms);
    return TB_DONE;
}

/* ---- deciding ------------------------------------------------------------------------------------------------ */

static bool key_in_force(const struct tb_txn *t, uint32_t key)
{
    struct tb_block *b = tb_read(t, TB_KIND_KEY, key);
    const struct tb_key *k = b ? tb_block_head_const(b) : NULL;
    return k != NULL && k->revoked_ms == 0 && (k->expires_ms == 0 || k->expires_ms > t->now_ms);
}

/* Carries out what was asked; *made is the transfer's number. */
static enum tb_outcome carry_out(struct tb_txn *t, const struct tb_command *cmd, const struct tb_approval *r,
                                 struct tb_str reason, uint64_t *made, struct tb_answer *a)
{
    if (r->act == TB_REQUEST_ADJUST) {
        struct tb_block *b = tb_read(t, TB_KIND_UNIT, r->unit);
        struct tb_cmd_adjust in = {.member = {.profile = r->profile},
                                   .unit = tb_str_copy(t->scratch, tb_config_text(t, b, tb_config_of(b)->code)),
                                   .amount = r->amount,
                                   .reason = reason,
                                   .approved = made};
        struct tb_command inner = {TB_OP_ADJUST, cmd->tenant, cmd->actor, &in};
        return tb_ledger_adjust(t, &inner, a);
    }
    tb_assert(r->act == TB_REQUEST_REVERSE);
    struct tb_cmd_reverse in = {
        .transfer = r->transfer, .amount = r->amount, .reason = reason, .approved = made};
    struct tb_command inner = {TB_OP_REVERSE, cmd->tenant, cmd->actor, &in};
    return tb_ledger_reverse(t, &inner, a);
}

static enum tb_outcome approve(struct tb_txn *t, const struct tb_command *cmd, const struct tb_approval *r,
                               struct tb_ev_request_moved *ev, struct tb_answer *a)
{
    struct tb_block *b = tb_read(t, TB_KIND_REQUEST, ev->request);
    const char *bytes = tb_section(t, b, TB_REQUEST_BYTES);
    struct tb_str reason = tb_str_copy(t->scratch, (struct tb_str){bytes, r->reason_n});
    enum tb_outcome outcome = carry_out(t, cmd, r, reason, &ev->made, a);
    tb_assert(outcome != TB_DONE || ev->made != 0);
    ev->state = TB_REQUEST_APPROVED;
    return outcome;
}

enum tb_outcome tb_request_decide(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_request_decide *in = cmd->input;
    struct tb_block *b = in->request != 0 && in->request <= t->store->counter[TB_COUNTER_REQUEST]
                             ? tb_read(t, TB_KIND_REQUEST, in->request)
                             : NULL;
    if (b == NULL || ((const struct tb_approval *)tb_block_head_const(b))->tenant != t->tenant)
        return tb_refuse(a, TB_CODE_UNKNOWN_REQUEST, "request");
    const struct tb_approval r = *(const struct tb_approval *)tb_block_head_const(b);
    bool erase = r.act == TB_REQUEST_ERASE;
    if (r.state != TB_REQUEST_WAITING || (t->now_ms >= r.deadline_ms && !erase))
        return tb_refuse(a, TB_CODE_REQUEST_CLOSED, "request");
    if (in->note.n > TB_REASON_MAX || !tb_utf8_valid(in->note))
        return tb_refuse(a, TB_CODE_INVALID, "note");
    if (cmd->actor != 0 && !key_in_force(t, cmd->actor)) /* it was when the request came in */
        return tb_refuse(a, TB_CODE_KEY_REVOKED, "");
    if (erase && in->approve)
        return tb_refuse(a, TB_CODE_INVALID, "decision");
    if (erase && in->note.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "note");
    bool same = cmd->actor == 0 || (!erase && tb_key_hands(t, cmd->actor) == tb_key_hands(t, r.asked_by));
    if (same && in->approve)
        return tb_refuse(a, TB_CODE_OWN_REQUEST, "");
    struct tb_ev_request_moved ev = {.request = in->request,
                                     .state = same && !erase ? TB_REQUEST_WITHDRAWN : TB_REQUEST_DECLINED,
                                     .profile = r.profile,
                                     .asked_by = r.asked_by,
                                     .decided_by = cmd->actor,
                                     .note = in->note};
    enum tb_outcome outcome = in->approve ? approve(t, cmd, &r, &ev, a) : TB_DONE;
    if (outcome != TB_DONE || a->code != TB_CODE_OK)
        return outcome;
    tb_emit_request_moved(t, &ev);
    tb_wire_put_uint(&a->body, 7, in->request);
    tb_wire_put_uint(&a->body, 8, ev.state);
    return TB_DONE;
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

int64_t tb_request_due_ms(const struct tb_block *b)
{
    const struct tb_approval *r = tb_block_head_const(b);
    return r->state == TB_REQUEST_WAITING && r->act != TB_REQUEST_ERASE ? r->deadline_ms : INT64_MAX;
}

void tb_request_fire(struct tb_txn *t, uint64_t request)
{
    struct tb_block *b = tb_read(t, TB_KIND_REQUEST, request);
    if (b == NULL || tb_request_due_ms(b) > t->now_ms)
        return;
    const struct tb_approval *r = tb_block_head_const(b);
    struct tb_ev_request_moved ev = {
        .request = request, .state = TB_REQUEST_LAPSED, .profile = r->profile, .asked_by = r->asked_by};
    tb_emit_request_moved(t, &ev);
}
