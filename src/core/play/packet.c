// SPDX-License-Identifier: Apache-2.0
/* core/play/packet.c - red packets.
 *
 * What a member sends is held in her account until the deadline; every claim posts its share
 * of the hold, and the ledger itself gives back the rest, once, when the hold lapses. A packet
 * of the shop issues each share as it is claimed; who sends it makes that value by hand, and no more of it than she may
 * give alone (core/approval). A packet of coupons has one a share: the shop's are issued from the
 * template's stock, a member's own pass to whoever claims, with their expiry. Invariant: claims and left add up to the
 * total, and while it is open at least one unit is left for each share.                      */
#include "core/approval/approval.h"
#include "core/card/card.h"
#include "core/ledger/ledger_int.h"
#include "core/play/play_int.h"
#include "core/promotion/promotion.h"

static struct tb_packet *packet_head(struct tb_block *b)
{
    return tb_block_head(b);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static enum tb_outcome check_send(const struct tb_txn *t, const struct tb_cmd_packet_send *in,
                                  struct tb_answer *a)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, tb_find_code(t, TB_KIND_UNIT, in->unit));
    if (u == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
    bool coupons = u->kind == TB_UNIT_COUPON;
    bool by_member = in->who.profile != 0 || in->who.identifier.ns != 0;
    if (u->kind != TB_UNIT_POINTS && u->kind != TB_UNIT_STORED_VALUE && !coupons)
        return tb_refuse(a, TB_CODE_INVALID, "unit");
    if (coupons && by_member && !(u->flags & TB_UNIT_GIVABLE))
        return tb_refuse(a, TB_CODE_NOT_GIVABLE, "unit");
    if (in->mode != TB_PACKET_EQUAL && in->mode != TB_PACKET_RANDOM)
        return tb_refuse(a, TB_CODE_INVALID, "mode");
    if (coupons && in->mode != TB_PACKET_EQUAL)
        return tb_refuse(a, TB_CODE_INVALID, "mode");
    if (in->shares < 1 || in->shares > TB_PACKET_SHARES_MAX || (coupons && in->shares != in->total))
        return tb_refuse(a, TB_CODE_INVALID, "shares");
    if (in->lifetime_ms < 1000 || in->lifetime_ms > TB_PACKET_LIFETIME_MAX_MS)
        return tb_refuse(a, TB_CODE_INVALID, "lifetime");
    enum tb_code code = tb_play_channel(t, in->channel, NULL);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "channel");
    if (in->total < in->shares)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "total");
    return in->total > TB_AMOUNT_MAX ? tb_refuse(a, TB_CODE_AMOUNT_OVERFLOW, "total") : TB_DONE;
}

/* Reserves the whole in the sender's account. */
static enum tb_outcome hold_total(struct tb_txn *t, const struct tb_command *cmd,
                                  const struct tb_cmd_packet_send *in, struct tb_ev_packet_made *ev,
                                  struct tb_answer *a)
{
    ev->profile = tb_member_find(t, &in->who, "member", a);
    if (ev->profile == 0)
        return TB_REFUSED;
    if (tb_unit_head(t, (uint32_t)ev->unit)->kind == TB_UNIT_COUPON) { /* no movement by hand, but a gift to come */
        tb_ledger_settle(t, tb_person_by_profile(t, ev->profile));
        enum tb_code code = tb_ledger_reserve(t, (uint32_t)ev->profile, (uint32_t)ev->unit, in->total,
                                              (int64_t)ev->deadline_ms, &ev->hold);
        return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "total");
    }
    struct tb_cmd_hold hold = {
        .member = in->who, .unit = in->unit, .amount = in->total, .lifetime_ms = in->lifetime_ms};
    struct tb_command inner = {
        .op = TB_OP_HOLD, .tenant = cmd->tenant, .actor = cmd->actor, .input = &hold};
    ev->hold = tb_counter_next(t, TB_COUNTER_HOLD);
    enum tb_outcome outcome = tb_ledger_hold(t, &inner, a);
    a->body.n = 0;
    return outcome;
}

enum tb_outcome tb_play_packet_send(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_packet_send *in = cmd->input;
    if (check_send(t, in, a) != TB_DONE)
        return TB_REFUSED;
    struct tb_ev_packet_made ev = {.packet = tb_counter_next(t, TB_COUNTER_PACKET),
                                   .unit = tb_find_code(t, TB_KIND_UNIT, in->unit),
                                   .total = (uint64_t)in->total,
                                   .shares = (uint64_t)in->shares,
                                   .mode = (uint64_t)in->mode,
                                   .deadline_ms = (uint64_t)(t->now_ms + in->lifetime_ms),
                                   .secret = {(const char *)tb_txn_entropy(t), TB_SEED_BYTES}};
    bool by_member = in->who.profile != 0 || in->who.identifier.ns != 0;
    if (by_member && hold_total(t, cmd, in, &ev, a) != TB_DONE)
        return TB_REFUSED;
    if (!by_member && tb_approval_needed(t, cmd, (uint32_t)ev.unit, in->total))
        return tb_refuse(a, TB_CODE_CAP_EXCEEDED, "total");
    tb_emit_packet_made(t, &ev);
    if (!by_member)
        tb_approval_alone(t, cmd, (uint32_t)ev.unit, in->total);
    tb_wire_put_uint(&a->body, 1, ev.packet);
    tb_wire_put_uint(&a->body, 4, ev.deadline_ms);
    if (by_member)
        tb_wire_put_uint(&a->body, 12,
                         tb_person_id(tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, ev.profile))));
    return TB_DONE;
}

void tb_play_apply_packet_made(struct tb_txn *t, const struct tb_ev_packet_made *ev)
{
    struct tb_packet *p = packet_head(tb_create(t, TB_KIND_PACKET, ev->packet));
    *p = (struct tb_packet){.tenant = t->tenant,
                            .unit = (uint32_t)ev->unit,
                            .profile = (uint32_t)ev->profile,
                            .shares = (uint32_t)ev->shares,
                            .hold = ev->hold,
                            .total = (int64_t)ev->total,
                            .left = (int64_t)ev->total,
                            .made_ms = t->now_ms,
                            .deadline_ms = (int64_t)ev->deadline_ms,
                            .mode = (uint32_t)ev->mode};
    tb_assert(ev->secret.n == TB_SEED_BYTES);
    memcpy(p->seed, ev->secret.p, TB_SEED_BYTES);
    tb_counter_used(t, TB_COUNTER_PACKET, ev->packet);
    if (ev->profile != 0)
        tb_person_touch(t, (uint32_t)ev->profile);
}

/* ---- claiming ------------------------------------------------------------------------------------ */

static struct tb_block *packet_of(const struct tb_txn *t, uint64_t id)
{
    struct tb_block *b = id > 0 && id <= UINT32_MAX ? tb_read(t, TB_KIND_PACKET, id) : NULL;
    return b != NULL && packet_head(b)->tenant == t->tenant ? b : NULL;
}

/* What any profile of the person has had of it; NULL = nothing. */
static const struct tb_packet_claim *claim_of(const struct tb_txn *t, struct tb_block *b, uint32_t person)
{
    const struct tb_packet_claim *c = b->n[TB_PACKET_CLAIM] ? tb_section(t, b, TB_PACKET_CLAIM) : NULL;
    for (uint32_t i = 0; i < b->n[TB_PACKET_CLAIM]; i++)
        if (tb_person_by_profile(t, c[i].profile) == person)
            return &c[i];
    return NULL;
}

static int64_t next_share(struct tb_block *b)
{
    const struct tb_packet *p = packet_head(b);
    uint32_t claimed = b->n[TB_PACKET_CLAIM];
    if (p->mode == TB_PACKET_EQUAL)
        return p->total / p->shares + (claimed < p->total % p->shares);
    struct tb_chance c;
    tb_chance_init(&c, p->seed, 0, b->id, claimed);
    return tb_chance_packet(&c, p->left, p->shares - claimed);
}

/* Moves the share out of the sender's hold. */
static enum tb_code take_from_sender(struct tb_txn *t, const struct tb_command *cmd, uint64_t hold,
                                     int64_t amount, struct tb_answer *a)
{
    struct tb_cmd_hold_post post = {.hold = hold, .amount = amount};
    struct tb_command inner = {
        .op = TB_OP_HOLD_POST, .tenant = cmd->tenant, .actor = cmd->actor, .input = &post};
    enum tb_outcome outcome = tb_ledger_hold_post(t, &inner, a);
    a->body.n = 0;
    return outcome == TB_DONE ? TB_CODE_OK : TB_CODE_PACKET_CLOSED; /* an unmerge took it apart */
}

/* One of the sender's own coupons becomes hers, with its expiry. */
static enum tb_code pass_coupon(struct tb_txn *t, const struct tb_command *cmd, const struct tb_packet *p,
                                uint32_t profile)
{
    struct tb_coupon c;
    enum tb_code code = tb_coupon_may_have(t, profile, p->unit);
    if (tb_person_by_profile(t, profile) == tb_person_by_profile(t, p->profile))
        code = TB_CODE_SAME_ACCOUNT;
    if (code != TB_CODE_OK)
        return code;
    return tb_coupon_pass_held(t, p->hold, profile, cmd->actor, &c) ? TB_CODE_OK : TB_CODE_PACKET_CLOSED;
}

static enum tb_outcome tell_claim(const struct tb_txn *t, struct tb_answer *a, uint64_t packet, int64_t amount,
                                  bool before, uint32_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PACKET, packet);
    tb_wire_put_uint(&a->body, 1, packet);
    tb_wire_put_uint(&a->body, 2, (uint64_t)amount);
    if (before)
        tb_wire_put_uint(&a->body, 3, 1);
    tb_wire_put_uint(&a->body, 4, packet_head(b)->shares - b->n[TB_PACKET_CLAIM]);
    tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, person)));
    return TB_DONE;
}

enum tb_outcome tb_play_packet_claim(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_packet_claim *in = cmd->input;
    struct tb_block *b = packet_of(t, in->packet);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_PACKET, "packet");
    uint32_t profile = tb_member_find(t, &in->who, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    uint32_t person = tb_person_by_profile(t, profile);
    enum tb_code code = tb_play_channel(t, in->channel, NULL);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "channel");
    const struct tb_packet_claim *had = claim_of(t, b, person);
    if (had != NULL)
        return tell_claim(t, a, in->packet, had->amount, true, person);
    struct tb_packet p = *packet_head(b);
    if (p.closed_ms != 0 || t->now_ms >= p.deadline_ms)
        return tb_refuse(a, b->n[TB_PACKET_CLAIM] == p.shares ? TB_CODE_PACKET_EMPTY : TB_CODE_PACKET_CLOSED, "packet");
    int64_t amount = next_share(b);
    bool passed = p.hold && tb_unit_head(t, p.unit)->kind == TB_UNIT_COUPON;
    if (passed)
        code = pass_coupon(t, cmd, &p, profile);
    else if (p.hold)
        code = take_from_sender(t, cmd, p.hold, amount, a);
    struct tb_play_run r = {.t = t, .a = a, .actor = cmd->actor, .profile = profile, .person = person};
    struct tb_earned got;
    const struct tb_unit *u = tb_unit_head(t, p.unit);
    if (code == TB_CODE_OK && u->kind == TB_UNIT_STORED_VALUE) /* no more than she could top up */
        code = tb_card_room(t, profile, u, p.unit, amount);
    if (code == TB_CODE_OK && !passed)
        code = tb_play_give(&r, p.unit, amount, &got);
    if (code == TB_CODE_OK && !passed && got.amount < amount)
        code = TB_CODE_CAP_EXCEEDED; /* a share is given whole or stays in the packet */
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_PACKET_CLOSED ? "packet" : "member");
    struct tb_ev_packet_claimed ev = {.packet = in->packet, .profile = profile, .amount = (uint64_t)amount};
    tb_emit_packet_claimed(t, &ev);
    return tell_claim(t, a, in->packet, amount, false, person);
}

void tb_play_apply_packet_claimed(struct tb_txn *t, const struct tb_ev_packet_claimed *ev)
{
    struct tb_packet_claim c = {
        .profile = (uint32_t)ev->profile, .amount = (int64_t)ev->amount, .at_ms = t->now_ms};
    (void)tb_push(t, TB_KIND_PACKET, ev->packet, TB_PACKET_CLAIM, &c);
    struct tb_block *b = tb_write(t, TB_KIND_PACKET, ev->packet);
    struct tb_packet *p = packet_head(b);
    p->left -= c.amount;
    if (b->n[TB_PACKET_CLAIM] == p->shares)
        p->closed_ms = t->now_ms;
    tb_person_touch(t, c.profile);
}

/* ---- the end -------------------------------------------------------------------------------------- */

int64_t tb_play_due_ms(const struct tb_block *packet)
{
    const struct tb_packet *p = tb_block_head_const(packet);
    return p->closed_ms != 0 ? INT64_MAX : p->deadline_ms;
}

void tb_play_fire(struct tb_txn *t, uint32_t packet)
{
    const struct tb_packet *p = packet_head(tb_read(t, TB_KIND_PACKET, packet));
    if (p->closed_ms != 0 || t->now_ms < p->deadline_ms)
        return;
    struct tb_ev_packet_closed ev = {.packet = packet, .left = (uint64_t)p->left};
    uint32_t sender = p->profile;
    tb_emit_packet_closed(t, &ev);
    if (sender != 0)
        tb_ledger_settle(t, tb_person_by_profile(t, sender));
}

void tb_play_apply_packet_closed(struct tb_txn *t, const struct tb_ev_packet_closed *ev)
{
    packet_head(tb_write(t, TB_KIND_PACKET, ev->packet))->closed_ms = t->now_ms;
}

enum tb_outcome tb_play_packet_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_packet_get *in = cmd->input;
    struct tb_block *b = packet_of(t, in->packet);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_PACKET, "packet");
    const struct tb_packet *p = packet_head(b);
    bool closed = p->closed_ms != 0 || t->now_ms >= p->deadline_ms;
    const uint64_t v[] = {in->packet, p->unit, (uint64_t)p->total, (uint64_t)p->left, p->shares,
                          b->n[TB_PACKET_CLAIM], p->mode, (uint64_t)p->deadline_ms, p->profile, closed};
    for (uint32_t i = 0; i < TB_COUNT_OF(v); i++)
        tb_wire_put_uint(&a->body, i + 1, v[i]);
    const struct tb_packet_claim *c = b->n[TB_PACKET_CLAIM] ? tb_section(t, b, TB_PACKET_CLAIM) : NULL;
    for (uint32_t i = 0; i < b->n[TB_PACKET_CLAIM] && i < 200; i++) {
        uint8_t region[40];
        struct tb_buf row;
        tb_buf_init(&row, region, sizeof region);
        tb_wire_put_uint(&row, 1, c[i].profile);
        tb_wire_put_uint(&row, 2, (uint64_t)c[i].amount);
        tb_wire_put_uint(&row, 3, (uint64_t)c[i].at_ms);
        tb_wire_put_bytes(&a->body, 11, tb_buf_as_str(&row));
    }
    return TB_DONE;
}
