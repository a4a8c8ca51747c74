// SPDX-License-Identifier: Apache-2.0
/* Balances as of an instant, the trial balance and the roll-forward, the audit. */
#include "core/ledger/ledger_int.h"

static void count_expiry(int64_t due_ms, int64_t amount, struct tb_balance *out)
{
    if (due_ms < out->expires_next_ms) {
        out->expires_next_ms = due_ms;
        out->expires_next = amount;
    } else if (due_ms == out->expires_next_ms && due_ms != INT64_MAX) {
        out->expires_next += amount;
    }
}

/* A lot whose instant has come counts as if the sweep had come by. */
static void count_lot(const struct tb_txn *t, const struct tb_lot *lot, int64_t now_ms,
                      struct tb_balance *out)
{
    int64_t due = lot->due_ms;
    if (lot->state == TB_LOT_PENDING) {
        if (due > now_ms)
            return;
        out->pending -= lot->left;
        out->available += lot->left;
        due = tb_ledger_expiry_ms(t, lot->unit, due);
    }
    if (due <= now_ms)
        out->available -= lot->left;
    else
        count_expiry(due, lot->left, out);
}

static bool lapsed(const struct tb_txn *t, struct tb_block *person, uint64_t hold, int64_t now_ms)
{
    const struct tb_hold *h = tb_section(t, person, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < person->n[TB_PERSON_HOLD]; i++)
        if (h[i].id == hold)
            return h[i].deadline_ms <= now_ms;
    return false;
}

/* What holds past their deadline give back. */
static void count_lapsed(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                         int64_t now_ms, struct tb_balance *out)
{
    if (person->n[TB_PERSON_PIECE] == 0)
        return;
    const struct tb_piece *piece = tb_section(t, person, TB_PERSON_PIECE);
    for (uint32_t i = 0; i < person->n[TB_PERSON_PIECE]; i++) {
        if (piece[i].unit != unit || !lapsed(t, person, piece[i].hold, now_ms))
            continue;
        int32_t at = tb_lot_find(t, person, piece[i].lot);
        int64_t due = piece[i].due_ms; /* the rest of the lot may have slid on meanwhile */
        if (at >= 0 && ((const struct tb_lot *)tb_section(t, person, TB_PERSON_LOT))[at].due_ms > due)
            due = ((const struct tb_lot *)tb_section(t, person, TB_PERSON_LOT))[at].due_ms;
        out->held -= piece[i].amount;
        if (due > now_ms) {
            out->available += piece[i].amount;
            count_expiry(due, piece[i].amount, out);
        }
    }
}

struct tb_balance tb_ledger_balance(const struct tb_txn *t, struct tb_block *person, uint32_t unit,
                                    int64_t now_ms)
{
    struct tb_balance out = {.expires_next_ms = INT64_MAX};
    const struct tb_account *account = tb_section(t, person, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++) {
        if (account[i].unit != unit)
            continue;
        out.available += account[i].credits - account[i].debits - account[i].held;
        out.held += account[i].held;
        out.pending += account[i].pending;
    }
    const struct tb_lot *lot = tb_section(t, person, TB_PERSON_LOT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LOT]; i++)
        if (lot[i].unit == unit)
            count_lot(t, &lot[i], now_ms, &out);
    count_lapsed(t, person, unit, now_ms, &out);
    return out;
}

int64_t tb_ledger_crossed(const struct tb_txn *t, struct tb_block *person, const uint32_t *profile,
                          uint32_t profile_n, uint32_t unit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < profile_n; i++) {
        const struct tb_account *account = tb_account_find(t, person, profile[i], unit);
        sum += account ? account->crossed : 0;
    }
    return sum;
}

bool tb_ledger_person_sound(const struct tb_store *s, struct tb_block *person,
                            uint32_t *unit_at_fault)
{
    const struct tb_shape *shape = &s->shape[TB_KIND_PERSON];
    const struct tb_account *account = tb_block_section(shape, person, TB_PERSON_ACCOUNT);
    const struct tb_lot *lot = tb_block_section(shape, person, TB_PERSON_LOT);
    const struct tb_piece *piece = tb_block_section(shape, person, TB_PERSON_PIECE);
    for (uint32_t i = 0; i < person->n[TB_PERSON_ACCOUNT]; i++) {
        int64_t available = 0;
        int64_t pending = 0;
        int64_t held = 0;
        for (uint32_t k = 0; k < person->n[TB_PERSON_LOT]; k++) {
            if (lot[k].profile != account[i].profile || lot[k].unit != account[i].unit)
                continue;
            if (lot[k].left <= 0)
                goto broken;
            *(lot[k].state == TB_LOT_PENDING ? &pending : &available) += lot[k].left;
        }
        for (uint32_t k = 0; k < person->n[TB_PERSON_PIECE]; k++)
            if (piece[k].profile == account[i].profile && piece[k].unit == account[i].unit)
                held += piece[k].amount;
        int64_t balance = account[i].credits - account[i].debits;
        if (pending != account[i].pending || held != account[i].held || available + held < balance)
            goto broken;
        continue;
    broken:
        *unit_at_fault = account[i].unit;
        return false;
    }
    return true;
}

static void put_day(struct tb_answer *a, const struct tb_unit_day *d, int64_t opening,
                    int64_t closing)
{
    uint8_t region[128];
    struct tb_buf b;
    tb_buf_init(&b, region, sizeof region);
    tb_wire_put_uint(&b, 1, tb_zigzag(d->day));
    tb_wire_put_uint(&b, 2, tb_zigzag(opening));
    tb_wire_put_uint(&b, 3, tb_zigzag(d->earned));
    tb_wire_put_uint(&b, 4, tb_zigzag(d->reversed));
    tb_wire_put_uint(&b, 5, tb_zigzag(d->spent));
    tb_wire_put_uint(&b, 6, tb_zigzag(d->expired));
    tb_wire_put_uint(&b, 7, tb_zigzag(d->adjusted));
    tb_wire_put_uint(&b, 8, tb_zigzag(closing));
    tb_wire_put_bytes(&a->body, 2, tb_buf_as_str(&b));
}

static int64_t net_of(const struct tb_unit_day *d)
{
    return d->earned - d->reversed - d->spent - d->expired + d->adjusted;
}

/* Outstanding at the start of from_day: all days before it. */
static int64_t opening_of(const struct tb_txn *t, uint32_t unit, int32_t from_day)
{
    int64_t sum = 0;
    for (uint64_t id = 1; id <= t->store->counter[TB_COUNTER_UNIT_DAY]; id++) {
        const struct tb_block *b = tb_read(t, TB_KIND_UNIT_DAY, id);
        const struct tb_unit_day *d = b ? tb_block_head_const(b) : NULL;
        if (d != NULL && d->unit == unit && d->day < from_day)
            sum += net_of(d);
    }
    return sum;
}

enum tb_outcome tb_ledger_trial_balance(struct tb_txn *t, const struct tb_command *cmd,
                                        struct tb_answer *a)
{
    const struct tb_cmd_trial_balance *in = cmd->input;
    uint32_t unit = tb_find_code(t, TB_KIND_UNIT, in->unit);
    if (unit == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_UNIT, "unit");
    if (in->to_day < in->from_day || in->to_day - in->from_day > 400)
        return tb_refuse(a, TB_CODE_INVALID, "to");
    const struct tb_block *b = tb_read(t, TB_KIND_UNIT_BOOK, unit);
    const struct tb_unit_book *book = b ? tb_block_head_const(b) : NULL;
    for (uint32_t i = 0; book != NULL && i < TB_TENANT_ACCOUNTS; i++) {
        uint8_t region[48];
        struct tb_buf part;
        tb_buf_init(&part, region, sizeof region);
        tb_wire_put_uint(&part, 1, i);
        tb_wire_put_uint(&part, 2, tb_zigzag(book->account[i].credits));
        tb_wire_put_uint(&part, 3, tb_zigzag(book->account[i].debits));
        tb_wire_put_bytes(&a->body, 1, tb_buf_as_str(&part));
    }
    int64_t opening = opening_of(t, unit, in->from_day);
    for (int32_t day = in->from_day; day <= in->to_day; day++) {
        uint64_t id;
        uint64_t key = tb_key_number(unit, (uint64_t)(uint32_t)day | (uint64_t)1 << 33);
        if (!tb_map_find(t, TB_MAP_UNIT_DAY, key, &id))
            continue;
        const struct tb_unit_day *d = tb_block_head_const(tb_read(t, TB_KIND_UNIT_DAY, id));
        put_day(a, d, opening, opening + net_of(d));
        opening += net_of(d);
    }
    return TB_DONE;
}
