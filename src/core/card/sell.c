// SPDX-License-Identifier: Apache-2.0
/* core/card/sell.c - a printed code becomes a card when a till sells it; what is on it, for who has the code. */
#include "core/card/card_int.h"
#include "core/membership/membership.h"

#include <string.h>

uint64_t tb_card_key(struct tb_code_ref code)
{
    return tb_key_number(code.batch, code.serial | UINT64_C(1) << 42);
}

struct tb_block *tb_card_block(const struct tb_txn *t, uint64_t card)
{
    if (card == 0 || card > t->store->counter[TB_COUNTER_CARD])
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_CARD, card);
    return b != NULL && ((const struct tb_card *)tb_block_head_const(b))->tenant == t->tenant ? b : NULL;
}

struct tb_block *tb_card_of(const struct tb_txn *t, struct tb_code_ref code)
{
    uint64_t card;
    if (code.batch == 0 || !tb_map_find(t, TB_MAP_CARD, tb_card_key(code), &card))
        return NULL;
    struct tb_block *b = tb_card_block(t, card);
    const struct tb_card *c = b ? tb_block_head_const(b) : NULL;
    return c != NULL && c->batch == code.batch && c->serial == code.serial ? b : NULL;
}

struct tb_block *tb_card_numbered(const struct tb_txn *t, uint64_t card)
{
    struct tb_block *b = tb_card_block(t, card);
    const struct tb_card *c = b ? tb_block_head_const(b) : NULL;
    return c != NULL && c->kind == TB_CARD_PLASTIC ? b : NULL;
}

struct tb_block *tb_card_owned_by(const struct tb_txn *t, uint64_t profile)
{
    uint64_t card;
    if (profile == 0 || profile > UINT32_MAX)
        return NULL;
    if (!tb_map_find(t, TB_MAP_CARD, tb_card_profile_key((uint32_t)profile), &card))
        return NULL;
    struct tb_block *b = tb_card_numbered(t, card);
    return b != NULL && ((const struct tb_card *)tb_block_head_const(b))->profile == profile ? b : NULL;
}

uint32_t tb_card_profile(const struct tb_txn *t, struct tb_code_ref code, uint32_t *unit, enum tb_code *why)
{
    struct tb_block *b = tb_card_of(t, code);
    const struct tb_card *c = b ? tb_block_head_const(b) : NULL;
    *why = c == NULL ? TB_CODE_UNKNOWN_CODE : c->state != TB_CARD_LIVE ? TB_CODE_CARD_STATE : TB_CODE_OK;
    *unit = c ? c->unit : 0;
    return *why == TB_CODE_OK ? c->profile : 0;
}

/* ---- bounds -------------------------------------------------------------------------------------- */

bool tb_card_registered(const struct tb_txn *t, uint32_t profile)
{
    const struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    return b->n[TB_PERSON_ENROL] > 0 || b->n[TB_PERSON_PROFILE] > 1;
}

enum tb_code tb_card_room(const struct tb_txn *t, uint32_t profile, const struct tb_unit *u, uint32_t unit,
                          int64_t more)
{
    if (u->item != 0) /* pieces, not money */
        return TB_CODE_OK;
    int64_t anonymous = u->anonymous_max ? u->anonymous_max : TB_PREPAID_ANONYMOUS_MAX;
    int64_t registered = u->balance_max ? u->balance_max : TB_PREPAID_REGISTERED_MAX;
    int64_t most = tb_card_registered(t, profile) ? registered : anonymous;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    struct tb_balance has = tb_ledger_balance(t, b, unit, t->now_ms);
    int64_t sum = has.available + has.held + has.pending;
    return more > most || sum > most - more ? TB_CODE_CAP_EXCEEDED : TB_CODE_OK;
}

/* ---- putting in force ----------------------------------------------------------------------------- */

enum tb_code tb_card_fresh(const struct tb_txn *t, struct tb_code_ref code)
{
    struct tb_block *batch = tb_code_batch_of(t, code);
    if (batch == NULL)
        return TB_CODE_UNKNOWN_CODE;
    if (tb_card_of(t, code) != NULL)
        return TB_CODE_CARD_SOLD;
    struct tb_code_run run = tb_code_span_at(t, batch, code.serial).run;
    if (run.marks & TB_CODE_IS_VOID)
        return TB_CODE_CODE_VOID;
    if (run.marks & TB_CODE_IS_FROZEN)
        return TB_CODE_CODE_FROZEN;
    if (run.state == TB_CODE_IS_BLANK)
        return TB_CODE_CODE_NOT_BOUND;
    if (!tb_code_room_for(tb_code_batch_head(batch), 1))
        return TB_CODE_TOO_MANY;
    return tb_find_code(t, TB_KIND_NAMESPACE, TB_STR(TB_CARD_NAMESPACE)) ? TB_CODE_OK : TB_CODE_UNKNOWN_NAMESPACE;
}

/* The card as an identifier: only the cell can make its key, so no other request can name it. */
static struct tb_identifier identifier_of(const struct tb_txn *t, struct tb_code_ref code)
{
    uint32_t what[4] = {TB_KIND_CARD, t->tenant, code.batch, code.serial};
    struct tb_identifier id = {.ns = tb_find_code(t, TB_KIND_NAMESPACE, TB_STR(TB_CARD_NAMESPACE)), .verified = true};
    id.key[0] = tb_siphash(&t->env->hash_key, what, sizeof what);
    what[0] = ~what[0];
    id.key[1] = tb_siphash(&t->env->hash_key, what, sizeof what);
    return id;
}

enum tb_outcome tb_card_make(struct tb_txn *t, struct tb_card_made *m, struct tb_answer *a)
{
    struct tb_identifier id = identifier_of(t, m->code);
    struct tb_contact_facts facts = {.occurred_ms = t->now_ms};
    struct tb_resolved who = {.profile = m->profile};
    enum tb_outcome outcome = m->profile ? TB_DONE : tb_identity_resolve(t, &id, 1, &facts, &who, a);
    if (outcome != TB_DONE)
        return outcome;
    m->profile = who.profile;
    m->card = tb_counter_next(t, TB_COUNTER_CARD);
    struct tb_ev_codes_moved active = {
        .batch = m->code.batch, .from = m->code.serial, .n = 1, .verb = TB_CODE_ACTIVATE};
    if (tb_code_span_at(t, tb_code_batch_of(t, m->code), m->code.serial).run.state != TB_CODE_IS_ACTIVE)
        tb_emit_codes_moved(t, &active);
    struct tb_ev_card_made ev = {.card = m->card,
                                 .kind = TB_CARD_PLASTIC,
                                 .state = TB_CARD_LIVE,
                                 .unit = m->unit,
                                 .profile = m->profile,
                                 .batch = m->code.batch,
                                 .serial = m->code.serial,
                                 .amount = (uint64_t)m->amount,
                                 .face = m->face,
                                 .order = m->order,
                                 .tender = m->tender};
    tb_emit_card_made(t, &ev);
    return TB_DONE;
}

/* ---- selling ---------------------------------------------------------------------------------------- */

/* The first refusal and its field; OK. */
static enum tb_code check_sell(const struct tb_txn *t, const struct tb_cmd_card_sell *in, uint32_t unit,
                               const char **field)
{
    *field = "unit";
    if (unit == 0)
        return TB_CODE_UNKNOWN_UNIT;
    const struct tb_unit *u = tb_card_unit(t, unit);
    if (u->kind != TB_UNIT_GIFT_CARD)
        return TB_CODE_INVALID;
    *field = "face";
    if (in->face.n > TB_CARD_FACE_MAX || !tb_utf8_valid(in->face))
        return TB_CODE_INVALID;
    *field = "tender";
    if (in->tender >= TB_TENDER_KINDS)
        return TB_CODE_INVALID;
    *field = "reason";
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return TB_CODE_INVALID;
    *field = "code";
    enum tb_code code = tb_card_fresh(t, in->code);
    if (code != TB_CODE_OK)
        return code;
    *field = "amount";
    if (in->amount <= 0)
        return TB_CODE_AMOUNT_NOT_POSITIVE;
    *field = "unit";
    if (t->now_ms < u->valid_from_ms || (u->valid_until_ms && t->now_ms >= u->valid_until_ms))
        return TB_CODE_NOT_OPEN;
    *field = "amount";
    int64_t most = u->anonymous_max ? u->anonymous_max : TB_PREPAID_ANONYMOUS_MAX;
    if (in->amount > (u->item ? TB_AMOUNT_MAX : most))
        return TB_CODE_CAP_EXCEEDED;
    *field = "unit";
    int64_t issued = -tb_ledger_book(t, unit, TB_ACCOUNT_ISSUER);
    return u->stock && in->amount > u->stock - issued ? TB_CODE_OUT_OF_STOCK : TB_CODE_OK;
}

static enum tb_outcome refuse_at(struct tb_answer *a, enum tb_code code, const char *at, const char *name)
{
    char text[48];
    struct tb_buf field;
    tb_buf_init(&field, text, sizeof text);
    tb_buf_printf(&field, "%s%s", at, name);
    tb_buf_byte(&field, 0);
    return tb_refuse(a, code, text);
}

enum tb_outcome tb_card_sell_on(struct tb_txn *t, const struct tb_cmd_card_sell *in, uint64_t order, uint64_t actor,
                                const char *at, uint64_t *card, struct tb_answer *a)
{
    struct tb_card_made m = {.code = in->code,
                             .unit = tb_find_code(t, TB_KIND_UNIT, in->unit),
                             .amount = in->amount,
                             .face = in->face,
                             .order = order,
                             .tender = in->tender};
    const char *field;
    enum tb_code code = check_sell(t, in, m.unit, &field);
    if (code != TB_CODE_OK)
        return refuse_at(a, code, at, field);
    enum tb_outcome outcome = tb_card_make(t, &m, a);
    if (outcome != TB_DONE)
        return outcome;
    struct tb_earn earn = {.profile = m.profile,
                           .unit = m.unit,
                           .amount = in->amount,
                           .actor = actor,
                           .reason = in->reason,
                           .order = order,
                           .cause = TB_CAUSE_EARN};
    struct tb_earned got;
    code = tb_ledger_earn(t, &earn, &got);
    if (code == TB_CODE_OK && got.amount != in->amount)
        code = TB_CODE_CAP_EXCEEDED;
    *card = m.card;
    return code == TB_CODE_OK ? TB_DONE : refuse_at(a, code, at, "amount");
}

enum tb_outcome tb_card_sell(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_sell *in = cmd->input;
    uint64_t card;
    enum tb_outcome outcome = tb_card_sell_on(t, in, 0, cmd->actor, "", &card, a);
    if (outcome != TB_DONE)
        return outcome;
    int64_t due_ms = tb_ledger_expiry_ms(t, tb_find_code(t, TB_KIND_UNIT, in->unit), t->now_ms);
    tb_wire_put_uint(&a->body, 1, card);
    tb_wire_put_uint(&a->body, 2, (uint64_t)in->amount);
    tb_wire_put_uint(&a->body, 3, due_ms == INT64_MAX ? 0 : (uint64_t)due_ms);
    return TB_DONE;
}

/* ---- looking ------------------------------------------------------------------------------------------ */

/* When something of the card's own lots expires next; 0 = never. */
static uint64_t next_expiry(const struct tb_txn *t, const struct tb_card *c)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, c->profile));
    const struct tb_lot *lot = tb_section(t, b, TB_PERSON_LOT);
    int64_t due_ms = INT64_MAX;
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
        if (lot[i].profile == c->profile && lot[i].unit == c->unit && lot[i].due_ms < due_ms)
            due_ms = lot[i].due_ms;
    return due_ms == INT64_MAX ? 0 : (uint64_t)due_ms;
}

/* By its code, or, for staff, by what is left of a lost one: of a receipt's card the code that has its money now. */
static struct tb_block *named(const struct tb_txn *t, const struct tb_cmd_card_look *in)
{
    if (in->code.batch != 0 || !in->staff)
        return tb_card_of(t, in->code);
    struct tb_block *b = tb_card_numbered(t, in->card);
    const struct tb_card *c = b ? tb_block_head_const(b) : NULL;
    if (c != NULL && c->state != TB_CARD_REPLACED)
        return b;
    return tb_card_owned_by(t, c ? c->profile : in->profile);
}

enum tb_outcome tb_card_look(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_card_look *in = cmd->input;
    if (!in->staff && tb_code_limited(t, in->caller, false))
        return tb_refuse(a, TB_CODE_SCAN_LIMITED, "code");
    struct tb_block *b = named(t, in);
    if (b == NULL && in->staff)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, "code");
    if (b == NULL) { /* a refusal that leaves a record */
        tb_code_missed(t, in->caller);
        (void)tb_refuse(a, TB_CODE_UNKNOWN_CODE, "code");
        return TB_DONE;
    }
    const struct tb_card c = *(const struct tb_card *)tb_block_head_const(b);
    tb_ledger_settle(t, tb_person_by_profile(t, c.profile));
    bool gone = c.state == TB_CARD_REPLACED; /* all is on another code */
    int64_t own = gone ? 0 : tb_ledger_own(t, c.profile, c.unit);
    const char *bytes = tb_section(t, tb_card_block(t, b->id), TB_CARD_BYTES);
    struct tb_block *person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, c.profile));
    const struct tb_hold *hold = tb_section(t, person, TB_PERSON_HOLD);
    int64_t pinned = 0;
    for (uint32_t i = 0; !gone && i < person->n[TB_PERSON_HOLD]; i++)
        pinned += hold[i].profile == c.profile && hold[i].unit == c.unit ? hold[i].amount : 0;
    tb_wire_put_uint(&a->body, 1, b->id);
    tb_wire_put_uint(&a->body, 2, c.unit);
    tb_wire_put_uint(&a->body, 3, own > 0 ? (uint64_t)own : 0);
    tb_wire_put_uint(&a->body, 4, (uint64_t)pinned);
    tb_wire_put_uint(&a->body, 5, gone ? 0 : next_expiry(t, &c));
    tb_wire_put_uint(&a->body, 6, c.state);
    tb_wire_put_uint(&a->body, 7, tb_card_registered(t, c.profile));
    tb_wire_put_bytes(&a->body, 8, (struct tb_str){bytes + c.face_at, c.face_n});
    tb_wire_put_uint(&a->body, 9, (uint64_t)c.amount);
    return TB_DONE;
}
