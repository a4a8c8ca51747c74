// SPDX-License-Identifier: Apache-2.0
/* core/ledger/move.c - between the tenant's own accounts: budgets. Invariant: FUND and HELD of a
 * unit never go below 0, and what leaves one account is in another. Members' value: draw.c. */
#include "core/ledger/ledger_int.h"

int64_t tb_ledger_book(const struct tb_txn *t, uint32_t unit, enum tb_tenant_account account)
{
    const struct tb_block *b = tb_read(t, TB_KIND_UNIT_BOOK, unit);
    if (b == NULL)
        return 0;
    const struct tb_unit_book *book = tb_block_head_const(b);
    return book->account[account].credits - book->account[account].debits;
}

enum tb_code tb_ledger_move(struct tb_txn *t, uint32_t unit, enum tb_tenant_account from,
                            enum tb_tenant_account to, int64_t amount, uint64_t order)
{
    tb_assert(amount > 0 && from != to && from < TB_TENANT_ACCOUNTS && to < TB_TENANT_ACCOUNTS);
    bool guarded = from == TB_ACCOUNT_FUND || from == TB_ACCOUNT_HELD;
    if (guarded && tb_ledger_book(t, unit, from) < amount)
        return TB_CODE_INSUFFICIENT;
    const struct tb_block *b = tb_read(t, TB_KIND_UNIT_BOOK, unit);
    const struct tb_unit_book *book = b ? tb_block_head_const(b) : NULL;
    if (book != NULL && (amount > TB_AMOUNT_MAX - book->account[from].debits ||
                         amount > TB_AMOUNT_MAX - book->account[to].credits))
        return TB_CODE_AMOUNT_OVERFLOW;
    struct tb_ev_moved ev = {.unit = unit, .from = from, .to = to, .amount = amount, .order = order};
    tb_emit_moved(t, &ev);
    return TB_CODE_OK;
}

void tb_ledger_apply_moved(struct tb_txn *t, const struct tb_ev_moved *ev)
{
    tb_assert(ev->amount > 0 && ev->from < TB_TENANT_ACCOUNTS && ev->to < TB_TENANT_ACCOUNTS);
    struct tb_unit_book *book = tb_book_for_writing(t, (uint32_t)ev->unit);
    book->account[ev->from].debits += ev->amount;
    book->account[ev->to].credits += ev->amount;
}

uint32_t tb_ledger_unit_by_hand(const struct tb_txn *t, struct tb_str code, bool qualifying, struct tb_answer *a)
{
    uint32_t unit = tb_find_code(t, TB_KIND_UNIT, code);
    if (unit == 0) {
        (void)tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
        return 0;
    }
    uint32_t kind = tb_unit_head(t, unit)->kind;
    if (kind != TB_UNIT_COUPON && kind != TB_UNIT_BUDGET && (qualifying || kind != TB_UNIT_QUALIFYING))
        return unit;
    (void)tb_refuse(a, TB_CODE_INVALID, "unit");
    return 0;
}

void tb_ledger_expire_due(struct tb_txn *t, uint32_t profile, uint64_t id)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    int32_t at = tb_lot_find(t, b, id);
    if (at < 0)
        return;
    struct tb_lot lot = ((const struct tb_lot *)tb_section(t, b, TB_PERSON_LOT))[at];
    if (lot.state == TB_LOT_AVAILABLE && lot.due_ms <= t->now_ms)
        tb_ledger_expire_lot(t, &lot, tb_today(t));
}
