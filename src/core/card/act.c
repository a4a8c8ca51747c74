// SPDX-License-Identifier: Apache-2.0
/* core/card/act.c - what is done with a card that was sold. Invariant: a blocked card has nothing that is not pinned;
 * what a replaced one had, and all that comes back to it, is its replacement's, whose profile is the same. */
#include "core/card/card_int.h"

/* A verb at work on one card. */
struct acting {
    struct tb_txn *t;
    struct tb_answer *a;
    const struct tb_command *cmd;
    const struct tb_cmd_card_act *in;
    uint64_t id;
    struct tb_card card; /* as it was */
    int64_t moved;
};

static void move_card(struct acting *x, uint32_t state, uint32_t other, uint64_t hold)
{
    struct tb_ev_card_moved ev = {.card = x->id,
                                  .state = state,
                                  .other = other,
                                  .hold = hold,
                                  .profile = x->card.profile,
                                  .reason = x->in->reason};
    tb_emit_card_moved(x->t, &ev);
}

/* All that is on the card and that nothing pins. */
static int64_t left_on(const struct acting *x)
{
    int64_t own = tb_ledger_own(x->t, x->card.profile, x->card.unit);
    return own > 0 ? own : 0;
}

/* ---- lost cards ------------------------------------------------------------------------------------ */

static enum tb_outcome block(struct acting *x)
{
    uint64_t hold = 0;
    tb_ledger_free(x->t, x->card.profile);
    int64_t all = left_on(x);
    enum tb_code code =
        all > 0 ? tb_ledger_pin(x->t, x->card.profile, x->card.unit, all, INT64_MAX, &hold) : TB_CODE_OK;
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "code");
    x->moved = all;
    move_card(x, TB_CARD_BLOCKED, 0, hold);
    return TB_DONE;
}

static enum tb_outcome unblock(struct acting *x)
{
    if (x->card.hold != 0)
        (void)tb_ledger_unreserve(x->t, x->card.hold);
    move_card(x, TB_CARD_LIVE, 0, 0);
    return TB_DONE;
}

void tb_card_came_back(struct tb_txn *t, uint32_t profile)
{
    uint64_t id;
    struct tb_block *b = tb_map_find(t, TB_MAP_CARD, tb_card_profile_key(profile), &id) ? tb_card_block(t, id) : NULL;
    if (b == NULL || ((const struct tb_card *)tb_block_head_const(b))->state != TB_CARD_BLOCKED)
        return;
    const struct tb_card card = *(const struct tb_card *)tb_block_head_const(b);
    if (tb_ledger_own(t, profile, card.unit) <= 0)
        return;
    if (card.hold != 0)
        (void)tb_ledger_unreserve(t, card.hold);
    struct tb_ev_card_moved ev = {.card = id, .state = TB_CARD_BLOCKED, .profile = profile};
    int64_t all = tb_ledger_own(t, profile, card.unit);
    enum tb_code code = all > 0 ? tb_ledger_pin(t, profile, card.unit, all, INT64_MAX, &ev.hold) : TB_CODE_OK;
    if (code != TB_CODE_OK) /* too many holds: what came back stays free, and its code refused */
        ev.hold = 0;
    tb_emit_card_moved(t, &ev);
}

/* Joins the card with a member's profile: hers from now on. */
static enum tb_outcome join(struct acting *x, uint32_t card, uint32_t member)
{
    if (tb_person_by_profile(x->t, card) == tb_person_by_profile(x->t, member))
        return TB_DONE;
    struct tb_cmd_link link = {.a = card, .b = member, .kind = TB_LINK_ALWAYS, .reason = TB_STR("card registered")};
    struct tb_command inner = {
        .op = TB_OP_LINK, .tenant = x->cmd->tenant, .actor = x->cmd->actor, .input = &link};
    enum tb_outcome outcome = tb_identity_link(x->t, &inner, x->a);
    x->a->body.n = 0;
    return outcome;
}

/* Another profile of the card's person, 0 = the card is nobody's. */
static uint32_t owner_of(const struct tb_txn *t, uint32_t profile)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++)
        if (p[i].no != profile)
            return p[i].no;
    return 0;
}

/* Puts the fresh code in force: empty, or (profile) with all that the profile has. */
static enum tb_outcome make_fresh(struct acting *x, int64_t amount, uint32_t profile, struct tb_card_made *m)
{
    *m = (struct tb_card_made){
        .code = x->in->fresh, .unit = x->card.unit, .amount = amount, .profile = profile};
    enum tb_code code = tb_card_fresh(x->t, x->in->fresh);
    return code == TB_CODE_OK ? tb_card_make(x->t, m, x->a) : tb_refuse(x->a, code, "fresh");
}

/* Hands `amount` of the card's own lots over to another profile. */
static enum tb_outcome hand(struct acting *x, int64_t amount, uint32_t to)
{
    uint64_t hold;
    enum tb_code code = tb_ledger_pin(x->t, x->card.profile, x->card.unit, amount, INT64_MAX, &hold);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "amount");
    int64_t gone = tb_ledger_hand_over(x->t, hold, to, tb_counter_next(x->t, TB_COUNTER_TRANSFER), x->cmd->actor);
    tb_assert(gone == amount);
    x->moved += amount;
    return TB_DONE;
}

static void void_code_for_good(struct acting *x)
{
    struct tb_ev_codes_moved gone = {.batch = x->card.batch,
                                     .from = x->card.serial,
                                     .n = 1,
                                     .verb = TB_CODE_VOID_FOR_GOOD,
                                     .reason = x->in->reason};
    tb_emit_codes_moved(x->t, &gone);
}

static enum tb_outcome replace(struct acting *x)
{
    struct tb_txn *t = x->t;
    struct tb_card_made m;
    if (x->card.state == TB_CARD_BLOCKED && x->card.hold != 0)
        (void)tb_ledger_unreserve(t, x->card.hold);
    tb_ledger_free(t, x->card.profile);
    x->moved = left_on(x);
    enum tb_outcome outcome = make_fresh(x, x->moved, x->card.profile, &m);
    if (outcome != TB_DONE)
        return outcome;
    void_code_for_good(x);
    move_card(x, TB_CARD_REPLACED, (uint32_t)m.card, 0);
    tb_wire_put_uint(&x->a->body, 4, m.card);
    return TB_DONE;
}

static enum tb_outcome split(struct acting *x)
{
    struct tb_card_made m;
    enum tb_code code = tb_card_fresh(x->t, x->in->fresh);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "fresh");
    if (x->in->amount <= 0)
        return tb_refuse(x->a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (x->in->amount > left_on(x))
        return tb_refuse(x->a, TB_CODE_INSUFFICIENT, "amount");
    enum tb_outcome outcome = make_fresh(x, x->in->amount, 0, &m);
    if (outcome == TB_DONE && tb_card_room(x->t, m.profile, tb_card_unit(x->t, x->card.unit), x->card.unit,
                                           x->in->amount) != TB_CODE_OK)
        return tb_refuse(x->a, TB_CODE_CAP_EXCEEDED, "amount");
    if (outcome == TB_DONE)
        outcome = hand(x, x->in->amount, m.profile);
    if (outcome == TB_DONE)
        tb_wire_put_uint(&x->a->body, 4, m.card);
    return outcome;
}

/* ---- paying out, handing out --------------------------------------------------------------------------- */

/* Money goes back for it: as if it had not been issued. */
static enum tb_outcome pay_out(struct acting *x, bool rest)
{
    const struct tb_unit *u = tb_card_unit(x->t, x->card.unit);
    int64_t all = left_on(x);
    int64_t amount = rest || x->in->amount == 0 ? all : x->in->amount;
    if (u->item != 0 || x->in->amount < 0)
        return tb_refuse(x->a, TB_CODE_INVALID, "amount");
    if (amount == 0 || amount > all)
        return tb_refuse(x->a, TB_CODE_INSUFFICIENT, "amount");
    if (rest && all > (u->rest_max ? u->rest_max : TB_PREPAID_REST_MAX))
        return tb_refuse(x->a, TB_CODE_REST_TOO_LARGE, "code");
    uint64_t hold;
    enum tb_code code = tb_ledger_pin(x->t, x->card.profile, x->card.unit, amount, INT64_MAX, &hold);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "amount");
    tb_ledger_withdraw(x->t, hold, x->in->reason, x->cmd->actor);
    x->moved = amount;
    return TB_DONE;
}

static enum tb_outcome take(struct acting *x)
{
    if (tb_card_unit(x->t, x->card.unit)->item == 0)
        return tb_refuse(x->a, TB_CODE_INVALID, "amount");
    if (x->in->amount <= 0)
        return tb_refuse(x->a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (x->in->amount > left_on(x))
        return tb_refuse(x->a, TB_CODE_INSUFFICIENT, "amount");
    uint64_t hold;
    enum tb_code code = tb_ledger_pin(x->t, x->card.profile, x->card.unit, x->in->amount, INT64_MAX, &hold);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "amount");
    uint64_t transfer = tb_counter_next(x->t, TB_COUNTER_TRANSFER);
    (void)tb_ledger_take(x->t, hold, transfer, 0, x->cmd->actor);
    tb_wire_put_uint(&x->a->body, 6, transfer);
    x->moved = x->in->amount;
    return TB_DONE;
}

/* The sale is undone: everything that was sold must be on the card still. */
static enum tb_outcome unsell(struct acting *x)
{
    struct tb_txn *t = x->t;
    if (x->card.order != 0 && tb_read(t, TB_KIND_ORDER, x->card.order) == NULL) {
        tb_txn_need(t, TB_KIND_ORDER, x->card.order);
        return TB_NEED;
    }
    int64_t all = left_on(x);
    if (all != x->card.amount)
        return tb_refuse(x->a, TB_CODE_INSUFFICIENT, "code");
    uint64_t hold;
    enum tb_code code = tb_ledger_pin(t, x->card.profile, x->card.unit, all, INT64_MAX, &hold);
    if (code != TB_CODE_OK)
        return tb_refuse(x->a, code, "code");
    tb_ledger_withdraw(t, hold, x->in->reason, x->cmd->actor);
    void_code_for_good(x);
    move_card(x, TB_CARD_RETURNED, 0, 0);
    x->moved = all;
    tb_wire_put_uint(&x->a->body, 7, x->card.tender + 1);
    tb_wire_put_uint(&x->a->body, 8, x->card.order);
    return TB_DONE;
}

static enum tb_outcome enregister(struct acting *x)
{
    uint32_t member = tb_member_find(x->t, &x->in->member, "member", x->a);
    if (member == 0)
        return TB_REFUSED;
    struct tb_block *b = tb_read(x->t, TB_KIND_PERSON, tb_person_by_profile(x->t, member));
    if (owner_of(x->t, x->card.profile) != 0 && tb_person_by_profile(x->t, x->card.profile) != b->id)
        return tb_refuse(x->a, TB_CODE_CARD_STATE, "code"); /* somebody else's */
    enum tb_outcome outcome = join(x, x->card.profile, member);
    if (outcome == TB_DONE) {
        b = tb_read(x->t, TB_KIND_PERSON, tb_person_by_profile(x->t, member));
        tb_wire_put_uint(&x->a->body, 12, tb_person_id(b));
    }
    return outcome;
}

/* ---- the verbs ------------------------------------------------------------------------------------------ */

static bool needs_reason(uint32_t verb)
{
    return verb == TB_CARD_BLOCK || verb == TB_CARD_UNBLOCK || verb == TB_CARD_REPLACE || verb == TB_CARD_REFUND ||
           verb == TB_CARD_RETURN;
}

static enum tb_outcome act(struct acting *x)
{
    switch ((enum tb_card_verb)x->in->verb) {
    case TB_CARD_BLOCK:
        return block(x);
    case TB_CARD_UNBLOCK:
        return unblock(x);
    case TB_CARD_REPLACE:
        return replace(x);
    case TB_CARD_SPLIT:
        return split(x);
    case TB_CARD_REST:
        return pay_out(x, true);
    case TB_CARD_REFUND:
        return pay_out(x, false);
    case TB_CARD_TAKE:
        return take(x);
    case TB_CARD_REGISTER:
        return enregister(x);
    case TB_CARD_RETURN:
        return unsell(x);
    case TB_CARD_GIVE:
    case TB_CARD_CLAIM:
    case TB_CARD_TAKE_BACK:
        break;
    }
    return tb_refuse(x->a, TB_CODE_INVALID, "verb");
}

static bool state_allows(uint32_t state, uint32_t verb)
{
    if (verb == TB_CARD_UNBLOCK)
        return state == TB_CARD_BLOCKED;
    return state == TB_CARD_LIVE || (state == TB_CARD_BLOCKED && verb == TB_CARD_REPLACE);
}

enum tb_outcome tb_card_act(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_act *in = cmd->input;
    if (in->verb < TB_CARD_BLOCK || in->verb >= TB_CARD_VERBS)
        return tb_refuse(a, TB_CODE_INVALID, "verb");
    if (in->verb == TB_CARD_GIVE)
        return tb_card_give(t, cmd, a);
    if (in->verb == TB_CARD_CLAIM)
        return tb_card_claim(t, cmd, a);
    if (in->verb == TB_CARD_TAKE_BACK)
        return tb_card_take_back(t, cmd, a);
    bool lost = in->card != 0; /* and its code with it */
    if (lost && in->verb != TB_CARD_BLOCK && in->verb != TB_CARD_REPLACE)
        return tb_refuse(a, TB_CODE_INVALID, "verb");
    struct tb_block *b = lost ? tb_card_numbered(t, in->card) : tb_card_of(t, in->code);
    if (in->caller != 0 && tb_code_limited(t, in->caller, false))
        return tb_refuse(a, TB_CODE_SCAN_LIMITED, "code");
    if (b == NULL && in->caller != 0) { /* a refusal that leaves a record */
        tb_code_missed(t, in->caller);
        (void)tb_refuse(a, TB_CODE_UNKNOWN_CODE, "code");
        return TB_DONE;
    }
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, lost ? "card" : "code");
    struct acting x = {.t = t, .a = a, .cmd = cmd, .in = in, .id = b->id};
    x.card = *(const struct tb_card *)tb_block_head_const(b);
    if (!state_allows(x.card.state, in->verb))
        return tb_refuse(a, TB_CODE_CARD_STATE, "code");
    if (needs_reason(in->verb) && in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    tb_ledger_settle(t, tb_person_by_profile(t, x.card.profile));
    enum tb_outcome outcome = act(&x);
    if (outcome != TB_DONE)
        return outcome;
    tb_wire_put_uint(&a->body, 1, x.id);
    tb_wire_put_uint(&a->body, 2, (uint64_t)x.moved);
    tb_wire_put_uint(&a->body, 3, in->verb == TB_CARD_REPLACE ? 0 : (uint64_t)left_on(&x));
    return TB_DONE;
}
