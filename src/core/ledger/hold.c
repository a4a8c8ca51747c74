// SPDX-License-Identifier: Apache-2.0
/* Reserving value: hold, post part or all, void, lapse. A hold pins pieces of lots, so
 * what was reserved in time may still be spent after its lots' expiry.                 */
#include "core/ledger/ledger_int.h"

#define LIFETIME_MIN_MS INT64_C(1000)
#define LIFETIME_MAX_MS (90 * TB_DAY_MS)

static struct tb_hold *hold_find(const struct tb_txn *t, struct tb_block *b, uint64_t id)
{
    struct tb_hold *hold = tb_section(t, b, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++)
        if (hold[i].id == id)
            return &hold[i];
    return NULL;
}

/* Pieces of the hold worth amount, soonest expiry first; part of one at the end. */
static uint32_t pieces_of(struct tb_txn *t, struct tb_block *b, uint64_t hold, int64_t amount,
                          struct tb_ev_hold_piece **out)
{
    const struct tb_piece *piece = tb_section(t, b, TB_PERSON_PIECE);
    uint32_t n = b->n[TB_PERSON_PIECE];
    struct tb_ev_hold_piece *list = TB_NEW_ARRAY(t->scratch, struct tb_ev_hold_piece, n + 1);
    bool *used = TB_NEW_ARRAY(t->scratch, bool, n + 1);
    tb_assert(list != NULL && used != NULL);
    uint32_t count = 0;
    while (amount > 0) {
        uint32_t best = n;
        for (uint32_t i = 0; i < n; i++) {
            if (used[i] || piece[i].hold != hold)
                continue;
            if (best == n || piece[i].due_ms < piece[best].due_ms ||
                (piece[i].due_ms == piece[best].due_ms && piece[i].lot < piece[best].lot))
                best = i;
        }
        tb_assert(best < n);
        used[best] = true;
        int64_t take = piece[best].amount < amount ? piece[best].amount : amount;
        amount -= take;
        list[count++] = (struct tb_ev_hold_piece){
            .lot = piece[best].lot, .amount = take, .profile = piece[best].profile};
    }
    *out = list;
    return count;
}

static void hold_give_back(struct tb_txn *t, struct tb_block *b, const struct tb_hold *hold)
{
    struct tb_ev_hold_taken ev = {
        .hold = hold->id, .unit = hold->unit, .profile = hold->profile, .ended = 1};
    struct tb_ev_hold_piece *piece;
    ev.piece_n = pieces_of(t, b, hold->id, hold->amount, &piece);
    ev.piece = piece;
    tb_emit_hold_taken(t, &ev);
}

void tb_hold_release(struct tb_txn *t, struct tb_block *b, uint64_t id)
{
    const struct tb_hold *hold = hold_find(t, b, id);
    tb_assert(hold != NULL);
    struct tb_hold copy = *hold;
    hold_give_back(t, b, &copy);
}

static bool leaves(const uint64_t *profile, uint32_t n, uint32_t which)
{
    for (uint32_t i = 0; i < n; i++)
        if (profile[i] == which)
            return true;
    return false;
}

/* Gives back the first hold's pieces that are on the other side of it; false = there are none. */
static bool part_one(struct tb_txn *t, uint32_t person, const uint64_t *profile, uint32_t n)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_piece *piece = tb_section(t, b, TB_PERSON_PIECE);
    uint32_t pieces = b->n[TB_PERSON_PIECE];
    struct tb_ev_hold_piece *back = TB_NEW_ARRAY(t->scratch, struct tb_ev_hold_piece, pieces + 1);
    tb_assert(back != NULL);
    struct tb_ev_hold_taken ev = {.piece = back};
    int64_t given = 0;
    for (uint32_t i = 0; i < pieces; i++) {
        if (ev.hold && piece[i].hold != ev.hold)
            continue;
        const struct tb_hold *hold = hold_find(t, b, piece[i].hold);
        tb_assert(hold != NULL);
        if (leaves(profile, n, piece[i].profile) == leaves(profile, n, hold->profile))
            continue;
        ev.hold = hold->id;
        ev.unit = hold->unit;
        ev.profile = hold->profile;
        given += piece[i].amount;
        ev.ended = given == hold->amount;
        back[ev.piece_n++] = (struct tb_ev_hold_piece){
            .lot = piece[i].lot, .amount = piece[i].amount, .profile = piece[i].profile};
    }
    if (ev.piece_n)
        tb_emit_hold_taken(t, &ev);
    return ev.piece_n != 0;
}

void tb_ledger_part(struct tb_txn *t, const uint64_t *profile, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t person = tb_person_by_profile(t, profile[i]);
        while (person && tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_PIECE] &&
               part_one(t, person, profile, n)) {
        }
    }
}

void tb_ledger_free(struct tb_txn *t, uint32_t profile)
{
    uint32_t person = tb_person_by_profile(t, profile);
    uint64_t one = profile;
    for (uint32_t i = 0; i < tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_HOLD];) {
        struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
        const struct tb_hold *hold = (const struct tb_hold *)tb_section(t, b, TB_PERSON_HOLD) + i;
        if (hold->profile == profile && hold->deadline_ms != INT64_MAX)
            tb_hold_release(t, b, hold->id);
        else
            i++;
    }
    tb_ledger_part(t, &one, 1);
    tb_ledger_settle(t, person);
}

/* What the person's holds reserve in the unit. */
static int64_t held_sum(const struct tb_txn *t, struct tb_block *b, uint32_t unit)
{
    const struct tb_hold *hold = tb_section(t, b, TB_PERSON_HOLD);
    int64_t sum = 0;
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++)
        sum += hold[i].unit == unit ? hold[i].amount : 0;
    return sum;
}

enum tb_code tb_ledger_reserve(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount,
                               int64_t deadline_ms, uint64_t *hold)
{
    uint32_t person = tb_person_by_profile(t, profile);
    tb_ledger_settle(t, person);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (tb_available_sum(t, b, unit) < amount)
        return TB_CODE_INSUFFICIENT;
    int64_t reserved = amount + held_sum(t, b, unit); /* all of it may yet be spent */
    int32_t cap_start;
    if (tb_cap_apply(t, b, unit, 2, &reserved, false, &cap_start) != TB_CODE_OK)
        return TB_CODE_CAP_EXCEEDED;
    if (b->n[TB_PERSON_HOLD] >= 1000 || b->n[TB_PERSON_PIECE] >= 20000)
        return TB_CODE_TOO_MANY;
    struct tb_draw draw;
    tb_draw_pick(t, b, unit, amount, 0, &draw);
    uint32_t n = 0;
    for (uint32_t i = 0; i < draw.part_n; i++)
        n += draw.part[i].lot_n;
    struct tb_ev_hold_piece *piece = TB_NEW_ARRAY(t->scratch, struct tb_ev_hold_piece, n);
    tb_assert(piece != NULL);
    struct tb_ev_held ev = {.hold = tb_counter_next(t, TB_COUNTER_HOLD),
                            .unit = unit,
                            .profile = profile,
                            .amount = amount,
                            .deadline_ms = (uint64_t)deadline_ms,
                            .piece = piece};
    for (uint32_t i = 0; i < draw.part_n; i++)
        for (uint32_t k = 0; k < draw.part[i].lot_n; k++)
            piece[ev.piece_n++] = (struct tb_ev_hold_piece){.lot = draw.part[i].lot[k].lot,
                                                            .amount = -draw.part[i].lot[k].amount,
                                                            .profile = draw.part[i].profile};
    tb_emit_held(t, &ev);
    *hold = ev.hold;
    return TB_CODE_OK;
}

enum tb_outcome tb_ledger_hold(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_hold *in = cmd->input;
    uint32_t unit = tb_ledger_unit_by_hand(t, in->unit, false, a);
    uint32_t profile = unit == 0 ? 0 : tb_member_find(t, &in->member, "member", a);
    if (profile == 0)
        return TB_REFUSED;
    if (in->amount <= 0)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (in->lifetime_ms < LIFETIME_MIN_MS || in->lifetime_ms > LIFETIME_MAX_MS)
        return tb_refuse(a, TB_CODE_INVALID, "lifetime");
    uint64_t hold;
    int64_t deadline_ms = t->now_ms + in->lifetime_ms;
    enum tb_code code = tb_ledger_reserve(t, profile, unit, in->amount, deadline_ms, &hold);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_TOO_MANY ? "" : "amount");
    tb_wire_put_uint(&a->body, 1, hold);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(in->amount));
    tb_answer_balance(t, a, 3, profile, unit);
    tb_wire_put_uint(&a->body, 4, (uint64_t)deadline_ms);
    return TB_DONE;
}

/* The person's block that has the hold, after what is due is done; NULL = refused. */
static struct tb_block *hold_block(struct tb_txn *t, uint64_t id, struct tb_hold *hold)
{
    uint64_t profile;
    if (id == 0 || !tb_map_find(t, TB_MAP_HOLD, tb_mix(id), &profile))
        return NULL;
    uint32_t person = tb_person_by_profile(t, profile);
    if (tb_person_of(tb_read(t, TB_KIND_PERSON, person))->tenant != t->tenant)
        return NULL;
    tb_ledger_settle(t, person);
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_hold *found = hold_find(t, b, id);
    if (found == NULL)
        return NULL;
    *hold = *found;
    return b;
}

/* As above, for hands: what never lapses pins a card and ends with its room's own command. */
static struct tb_block *hold_by_hand(struct tb_txn *t, uint64_t id, struct tb_hold *hold)
{
    struct tb_block *b = hold_block(t, id, hold);
    return b != NULL && hold->deadline_ms != INT64_MAX ? b : NULL;
}

/* What the pieces take from their lots, per profile. */
static void draw_of_pieces(struct tb_txn *t, struct tb_block *b, uint64_t hold,
                           const struct tb_ev_hold_piece *piece, uint32_t n, struct tb_draw *out)
{
    const struct tb_piece *kept = tb_section(t, b, TB_PERSON_PIECE);
    *out = (struct tb_draw){.part = TB_NEW_ARRAY(t->scratch, struct tb_draw_part, n + 1)};
    tb_assert(out->part != NULL);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = 0;
        while (at < out->part_n && out->part[at].profile != piece[i].profile)
            at++;
        struct tb_draw_part *part = &out->part[at];
        if (at == out->part_n) {
            out->part_n++;
            part->profile = (uint32_t)piece[i].profile;
            part->lot = TB_NEW_ARRAY(t->scratch, struct tb_ev_lot_change, n);
            tb_assert(part->lot != NULL);
        }
        const struct tb_piece *k = kept;
        while (k->hold != hold || k->lot != piece[i].lot)
            k++;
        part->lot[part->lot_n++] = (struct tb_ev_lot_change){.lot = piece[i].lot,
                                                             .amount = -piece[i].amount,
                                                             .due_ms = due_to_wire(k->due_ms),
                                                             .earned_day = k->earned_day};
        part->amount += piece[i].amount;
    }
}

/* Spends amount of the hold; main says transfer, order, reason and actor. */
static void post_hold(struct tb_txn *t, struct tb_block *b, const struct tb_hold *hold, int64_t amount, bool ended,
                      struct tb_ev_posted *main)
{
    struct tb_ev_hold_piece *piece;
    uint32_t n = pieces_of(t, b, hold->id, amount, &piece);
    struct tb_draw draw;
    draw_of_pieces(t, b, hold->id, piece, n, &draw);
    /* The pieces go back to their lots and leave from there: one path for every spend. */
    struct tb_ev_hold_taken taken = {.hold = hold->id, .unit = hold->unit, .profile = hold->profile};
    taken.ended = ended;
    taken.piece_n = ended ? pieces_of(t, b, hold->id, hold->amount, &piece) : n;
    taken.piece = piece;
    tb_emit_hold_taken(t, &taken);
    b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, hold->profile));
    int32_t cap_start;
    int64_t counted = amount; /* the cap was asked when it was held: here it only counts */
    (void)tb_cap_apply(t, b, hold->unit, 2, &counted, true, &cap_start);
    main->unit = hold->unit;
    main->profile = hold->profile;
    main->tenant_account = TB_ACCOUNT_SPENT;
    main->amount = -amount;
    main->cause = TB_CAUSE_SPEND;
    main->day = tb_today(t);
    main->cap = cap_start ? 2 : 0;
    main->cap_start = cap_start;
    tb_draw_post(t, &draw, main);
    tb_ledger_slide(t, tb_person_by_profile(t, hold->profile), hold->unit);
    tb_ledger_settle(t, tb_person_by_profile(t, hold->profile));
}

bool tb_ledger_unreserve(struct tb_txn *t, uint64_t id)
{
    struct tb_hold hold;
    struct tb_block *b = hold_block(t, id, &hold);
    if (b == NULL)
        return false;
    hold_give_back(t, b, &hold);
    tb_ledger_settle(t, tb_person_by_profile(t, hold.profile));
    return true;
}

int64_t tb_ledger_take(struct tb_txn *t, uint64_t id, uint64_t transfer, uint64_t order, uint64_t actor)
{
    struct tb_hold hold;
    struct tb_block *b = hold_block(t, id, &hold);
    if (b == NULL)
        return 0;
    struct tb_ev_posted main = {.transfer = transfer, .order = order, .actor = actor};
    post_hold(t, b, &hold, hold.amount, true, &main);
    return hold.amount;
}

int64_t tb_ledger_own(const struct tb_txn *t, uint32_t profile, uint32_t unit)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    const struct tb_account *account = tb_account_find(t, b, profile, unit);
    return account ? account->credits - account->debits - account->held : 0;
}

enum tb_code tb_ledger_pin(struct tb_txn *t, uint32_t profile, uint32_t unit, int64_t amount, int64_t deadline_ms,
                           uint64_t *hold)
{
    tb_assert(amount > 0);
    tb_ledger_settle(t, tb_person_by_profile(t, profile));
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    if (tb_ledger_own(t, profile, unit) < amount)
        return TB_CODE_INSUFFICIENT;
    if (b->n[TB_PERSON_HOLD] >= 1000 || b->n[TB_PERSON_PIECE] >= 20000)
        return TB_CODE_TOO_MANY;
    uint32_t n = b->n[TB_PERSON_LOT];
    const struct tb_lot *lot = tb_section(t, b, TB_PERSON_LOT);
    struct tb_ev_hold_piece *piece = TB_NEW_ARRAY(t->scratch, struct tb_ev_hold_piece, n + 1);
    bool *used = TB_NEW_ARRAY(t->scratch, bool, n + 1);
    tb_assert(piece != NULL && used != NULL);
    struct tb_ev_held ev = {.hold = tb_counter_next(t, TB_COUNTER_HOLD),
                            .unit = unit,
                            .profile = profile,
                            .amount = amount,
                            .deadline_ms = (uint64_t)deadline_ms,
                            .piece = piece};
    for (int64_t left = amount; left > 0;) {
        uint32_t best = n;
        for (uint32_t i = 0; i < n; i++) {
            if (used[i] || lot[i].profile != profile || lot[i].unit != unit || lot[i].state != TB_LOT_AVAILABLE)
                continue;
            if (best == n || lot[i].due_ms < lot[best].due_ms ||
                (lot[i].due_ms == lot[best].due_ms && lot[i].id < lot[best].id))
                best = i;
        }
        tb_assert(best < n); /* a profile's lots are its balance and its debt */
        used[best] = true;
        int64_t take = lot[best].left < left ? lot[best].left : left;
        piece[ev.piece_n++] = (struct tb_ev_hold_piece){.lot = lot[best].id, .amount = take, .profile = profile};
        left -= take;
    }
    tb_emit_held(t, &ev);
    *hold = ev.hold;
    return TB_CODE_OK;
}

int64_t tb_ledger_hand_over(struct tb_txn *t, uint64_t id, uint32_t to, uint64_t transfer, uint64_t actor)
{
    struct tb_hold hold;
    struct tb_block *b = hold_block(t, id, &hold);
    if (b == NULL)
        return 0;
    struct tb_ev_hold_piece *piece;
    uint32_t n = pieces_of(t, b, id, hold.amount, &piece);
    struct tb_draw draw;
    draw_of_pieces(t, b, id, piece, n, &draw);
    hold_give_back(t, b, &hold); /* the pieces go back to their lots and leave from there */
    struct tb_ev_posted ev = {.transfer = transfer,
                              .unit = hold.unit,
                              .profile = hold.profile,
                              .tenant_account = TB_ACCOUNT_CLEARING,
                              .amount = -hold.amount,
                              .cause = TB_CAUSE_TRANSFER,
                              .actor = actor,
                              .day = tb_today(t)};
    tb_draw_post(t, &draw, &ev);
    ev.profile = to;
    ev.amount = hold.amount;
    tb_draw_give(t, &draw, &ev);
    tb_debt_settle(t, tb_person_by_profile(t, to), hold.unit);
    tb_ledger_settle(t, tb_person_by_profile(t, hold.profile));
    tb_ledger_settle(t, tb_person_by_profile(t, to)); /* what was pinned in time may be past its expiry */
    return hold.amount;
}

void tb_ledger_withdraw(struct tb_txn *t, uint64_t id, struct tb_str reason, uint64_t actor)
{
    struct tb_hold hold;
    struct tb_block *b = hold_block(t, id, &hold);
    if (b == NULL)
        return;
    struct tb_ev_hold_piece *piece;
    struct tb_draw draw;
    uint32_t n = pieces_of(t, b, id, hold.amount, &piece);
    draw_of_pieces(t, b, id, piece, n, &draw);
    hold_give_back(t, b, &hold);
    struct tb_ev_posted ev = {.unit = hold.unit,
                              .profile = hold.profile,
                              .tenant_account = TB_ACCOUNT_ISSUER,
                              .amount = -hold.amount,
                              .cause = TB_CAUSE_CLAWBACK,
                              .reason = reason,
                              .actor = actor,
                              .day = tb_today(t)};
    tb_draw_post(t, &draw, &ev);
}

enum tb_outcome tb_ledger_hold_post(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_hold_post *in = cmd->input;
    struct tb_hold hold;
    struct tb_block *b = hold_by_hand(t, in->hold, &hold);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_HOLD, "hold");
    if (in->amount < 0)
        return tb_refuse(a, TB_CODE_AMOUNT_NOT_POSITIVE, "amount");
    if (in->amount > hold.amount)
        return tb_refuse(a, TB_CODE_HOLD_EXCEEDED, "amount");
    int64_t amount = in->amount ? in->amount : hold.amount;
    bool ended = in->final || amount == hold.amount;
    struct tb_ev_posted main = {.transfer = tb_counter_next(t, TB_COUNTER_TRANSFER),
                                .reason = in->reason,
                                .actor = cmd->actor};
    post_hold(t, b, &hold, amount, ended, &main);
    tb_wire_put_uint(&a->body, 1, main.transfer);
    tb_wire_put_uint(&a->body, 2, tb_zigzag(amount));
    tb_answer_balance(t, a, 3, hold.profile, hold.unit);
    tb_wire_put_uint(&a->body, 4, ended ? 0 : tb_zigzag(hold.amount - amount));
    return TB_DONE;
}

enum tb_outcome tb_ledger_hold_void(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_hold_void *in = cmd->input;
    struct tb_hold hold;
    struct tb_block *b = hold_by_hand(t, in->hold, &hold);
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_HOLD, "hold");
    hold_give_back(t, b, &hold);
    tb_ledger_settle(t, tb_person_by_profile(t, hold.profile));
    tb_wire_put_uint(&a->body, 2, tb_zigzag(hold.amount));
    tb_answer_balance(t, a, 3, hold.profile, hold.unit);
    return TB_DONE;
}
