// SPDX-License-Identifier: Apache-2.0
/* core/promotion/coupon_cmd.c - claiming, issuing, voiding, giving away and listing coupons. */
#include "core/promotion/commands.h"

#include "core/issue/issue.h"
#include "core/ops.h"

#include "core/ledger/ledger_int.h"

#define LIST_MAX 500u

static uint32_t template_by_code(const struct tb_txn *t, struct tb_str code)
{
    uint32_t unit = code.n ? tb_find_code(t, TB_KIND_UNIT, code) : 0;
    return unit && tb_unit_head(t, unit)->kind == TB_UNIT_COUPON ? unit : 0;
}

static uint64_t ms_to_wire(int64_t due_ms)
{
    return due_to_wire(due_ms);
}

static void answer_coupon(struct tb_txn *t, struct tb_answer *a, const struct tb_coupon *c)
{
    tb_wire_put_uint(&a->body, 1, c->lot);
    tb_wire_put_uint(&a->body, 2, c->unit);
    tb_wire_put_uint(&a->body, 3, ms_to_wire(c->due_ms));
    tb_wire_put_uint(&a->body, 4, (uint64_t)tb_coupon_from_ms(t, tb_unit_head(t, c->unit), c->earned_day));
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, c->profile));
    tb_wire_put_uint(&a->body, 5, tb_person_id(b));
}

static const char *issue_field(enum tb_code code)
{
    return code == TB_CODE_NOT_ENROLLED ? "member" : "";
}

enum tb_outcome tb_coupon_claim(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_claim *in = cmd->input;
    bool by_code = in->unit.n == 0;
    struct tb_claimed claimed = {.unit = by_code ? 0 : template_by_code(t, in->unit)};
    if (!by_code && claimed.unit == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
    uint32_t profile = tb_member_find(t, &in->member, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    enum tb_outcome outcome = by_code ? tb_coupon_code_open(t, in, profile, &claimed, a) : TB_DONE;
    if (outcome != TB_DONE || a->code != TB_CODE_OK)
        return outcome;
    const struct tb_unit *u = tb_unit_head(t, claimed.unit);
    bool over = (u->claim_until_ms && t->now_ms >= u->claim_until_ms) ||
                (u->valid_until_ms && t->now_ms >= u->valid_until_ms);
    if (t->now_ms < u->claim_from_ms || over)
        return tb_refuse(a, TB_CODE_NOT_OPEN, "");
    struct tb_coupon c;
    enum tb_code code = tb_coupon_issue(t, profile, claimed.unit, 0, cmd->actor, TB_STR_NONE, &c);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, issue_field(code));
    outcome = tb_coupon_code_use(t, in, profile, &claimed, &c, a);
    if (outcome == TB_DONE)
        answer_coupon(t, a, &c);
    return outcome;
}

enum tb_outcome tb_coupon_issue_one(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_issue *in = cmd->input;
    uint32_t unit = template_by_code(t, in->unit);
    if (unit == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
    uint32_t profile = tb_member_find(t, &in->member, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    if (in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    const struct tb_unit *u = tb_unit_head(t, unit);
    if (u->valid_until_ms && t->now_ms >= u->valid_until_ms)
        return tb_refuse(a, TB_CODE_NOT_OPEN, "");
    struct tb_coupon c;
    enum tb_code code = tb_coupon_issue(t, profile, unit, 0, cmd->actor, in->reason, &c);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, issue_field(code));
    answer_coupon(t, a, &c);
    return TB_DONE;
}

/* The available coupon of the profile's person; false with the refusal. */
static bool coupon_of(struct tb_txn *t, uint32_t profile, uint64_t lot, struct tb_coupon *c, struct tb_answer *a)
{
    tb_ledger_settle(t, tb_person_by_profile(t, profile));
    bool locked;
    if (tb_coupon_find(t, profile, lot, c, &locked))
        return true;
    (void)tb_refuse(a, TB_CODE_UNKNOWN_COUPON, "coupon");
    return false;
}

enum tb_outcome tb_coupon_void(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_void *in = cmd->input;
    struct tb_coupon c;
    uint32_t profile = tb_member_find(t, &in->member, "member", a);
    if (profile == 0 || !coupon_of(t, profile, in->lot, &c, a))
        return TB_REFUSED;
    if (in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    struct tb_ev_lot_change lot = {
        .lot = c.lot, .amount = -1, .due_ms = due_to_wire(c.due_ms), .earned_day = c.earned_day};
    struct tb_ev_posted ev = {.unit = c.unit,
                              .profile = c.profile,
                              .tenant_account = in->restock ? TB_ACCOUNT_ISSUER : TB_ACCOUNT_ADJUST,
                              .amount = -1,
                              .cause = in->restock ? TB_CAUSE_CLAWBACK : TB_CAUSE_ADJUST,
                              .lot = &lot,
                              .lot_n = 1,
                              .actor = cmd->actor,
                              .reason = in->reason,
                              .day = tb_today(t)};
    tb_emit_posted(t, &ev);
    tb_wire_put_uint(&a->body, 1, c.lot);
    tb_wire_put_uint(&a->body, 2, c.unit);
    return TB_DONE;
}

enum tb_outcome tb_coupon_give(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_give *in = cmd->input;
    struct tb_coupon c;
    uint32_t from = tb_member_find(t, &in->from, "from", a);
    uint32_t to = from ? tb_member_find(t, &in->to, "to", a) : 0;
    if (to == 0 || !coupon_of(t, from, in->lot, &c, a))
        return TB_REFUSED;
    const struct tb_unit *u = tb_unit_head(t, c.unit);
    if (!(u->flags & TB_UNIT_GIVABLE))
        return tb_refuse(a, TB_CODE_NOT_GIVABLE, "coupon");
    uint32_t receiver = tb_person_by_profile(t, to);
    if (receiver == tb_person_by_profile(t, c.profile))
        return tb_refuse(a, TB_CODE_SAME_ACCOUNT, "to");
    enum tb_code code = tb_coupon_may_have(t, to, c.unit);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "to");
    tb_coupon_pass(t, &c, to, cmd->actor, &c);
    tb_wire_put_uint(&a->body, 1, c.lot);
    tb_wire_put_uint(&a->body, 2, c.unit);
    tb_wire_put_uint(&a->body, 3, ms_to_wire(c.due_ms));
    return TB_DONE;
}

/* ---- listing --------------------------------------------------------------------------------- */

struct listed {
    struct tb_coupon c;
    enum tb_coupon_state state;
    int64_t from_ms;
};

static void list_one(const struct tb_txn *t, struct listed *row, uint32_t *n, const struct tb_coupon *c, bool locked)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, c->unit);
    if (u == NULL || u->kind != TB_UNIT_COUPON)
        return;
    struct listed r = {.c = *c, .from_ms = tb_coupon_from_ms(t, u, c->earned_day)};
    r.state = locked                   ? TB_COUPON_LOCKED
              : c->due_ms <= t->now_ms ? TB_COUPON_EXPIRED
              : r.from_ms > t->now_ms  ? TB_COUPON_EARLY
                                       : TB_COUPON_USABLE;
    uint32_t at = *n;
    for (; at > 0 && (row[at - 1].c.due_ms > c->due_ms ||
                      (row[at - 1].c.due_ms == c->due_ms && row[at - 1].c.lot > c->lot));
         at--)
        if (at < LIST_MAX)
            row[at] = row[at - 1];
    if (at < LIST_MAX)
        row[at] = r;
    *n += *n < LIST_MAX;
}

static void put_row(struct tb_txn *t, struct tb_answer *a, const struct listed *r)
{
    struct tb_block *b = tb_read(t, TB_KIND_UNIT, r->c.unit);
    const struct tb_config *c = tb_config_of(b);
    uint8_t region[512];
    struct tb_buf row;
    tb_buf_init(&row, region, sizeof region);
    tb_wire_put_uint(&row, 1, r->c.lot);
    tb_wire_put_uint(&row, 2, r->c.unit);
    tb_wire_put_uint(&row, 3, r->state);
    tb_wire_put_uint(&row, 4, ms_to_wire(r->c.due_ms));
    tb_wire_put_uint(&row, 5, (uint64_t)r->from_ms);
    tb_wire_put_uint(&row, 6, tb_zigzag(r->c.earned_day));
    tb_wire_put_bytes(&row, 7, tb_config_text(t, b, c->code));
    tb_wire_put_bytes(&row, 8, tb_config_text(t, b, c->name));
    tb_wire_put_bytes(&a->body, 1, tb_buf_as_str(&row));
}

enum tb_outcome tb_coupon_list(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_list *in = cmd->input;
    uint32_t profile = tb_member_find(t, &in->member, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    struct listed *row = TB_NEW_ARRAY(t->scratch, struct listed, LIST_MAX);
    tb_assert(row != NULL);
    uint32_t n = 0;
    const struct tb_lot *lot = tb_section(t, b, TB_PERSON_LOT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++) {
        struct tb_coupon c = {.lot = lot[i].id,
                              .unit = lot[i].unit,
                              .due_ms = lot[i].due_ms,
                              .earned_day = lot[i].earned_day};
        list_one(t, row, &n, &c, false);
    }
    const struct tb_piece *piece = tb_section(t, b, TB_PERSON_PIECE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PIECE]; i++) {
        struct tb_coupon c = {.lot = piece[i].lot,
                              .unit = piece[i].unit,
                              .due_ms = piece[i].due_ms,
                              .earned_day = piece[i].earned_day};
        list_one(t, row, &n, &c, true);
    }
    tb_wire_put_uint(&a->body, 5, tb_person_id(b));
    for (uint32_t i = 0; i < n; i++)
        put_row(t, a, &row[i]);
    return TB_DONE;
}
