// SPDX-License-Identifier: Apache-2.0
/* The model's ledger commands: adjust, hold, post, void, transfer, reverse, release. */
#include <string.h>

#include "core/catalog/objects.h"
#include "core/codes.h"
#include "core/ledger/ledger.h"
#include "model_int.h"

static struct mtransfer *keep(struct model *m, const struct step *s, uint32_t profile, uint32_t unit,
                              enum mcause cause, int64_t amount)
{
    m->transfer = grow(m->transfer, m->transfer_n, &m->transfer_cap, sizeof *m->transfer);
    struct mtransfer *t = &m->transfer[m->transfer_n++];
    *t = (struct mtransfer){.step = s->no, .unit = unit, .profile = profile, .cause = cause,
                            .amount = amount};
    return t;
}

/* By hand: no caps, available at once; taking leaves no shortfall. */
static void adjust(struct model *m, const struct step *s, uint32_t profile, struct reply *r)
{
    int64_t policy = m->unit[s->unit].negative;
    if (s->amount < 0 && policy != TB_NEGATIVE_UNLIMITED &&
        model_balance(m, profile, s->unit).available < -s->amount) {
        r->code = TB_CODE_INSUFFICIENT;
        return;
    }
    struct mtransfer *t = keep(m, s, profile, s->unit, M_ADJUST, s->amount);
    m->book[s->unit][TB_ACCOUNT_ADJUST] -= s->amount;
    ml_day(m, s->unit, m->now)->adjusted += s->amount;
    ml_qualify(m, profile, s->unit, 0, s->amount);
    if (s->amount > 0) {
        t->piece[0].lot = m->lot_no + 1;
        (void)ml_give(m, profile, s->unit, s->amount);
    } else {
        int64_t there = model_balance(m, profile, s->unit).available;
        int64_t drawn = ml_least(-s->amount, there < 0 ? 0 : there);
        t->n = ml_draw(m, profile, s->unit, drawn, t->piece);
        for (uint32_t i = 0; i < t->n; i++)
            ml_cross(m, s->unit, t->piece[i].profile, profile, t->piece[i].amount);
        m->debt[profile][s->unit] += -s->amount - drawn;
    }
    if (m->unit[s->unit].kind == TB_UNIT_QUALIFYING)
        mm_evaluate(m, profile, mt_day(m->def->zone, m->now), false);
    r->v[2] = s->amount;
    r->v[3] = model_balance(m, profile, s->unit).available;
}

static int64_t all_held(const struct model *m, uint32_t profile, uint32_t unit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->hold_n; i++)
        for (uint32_t k = 0; m->hold[i].open && m->hold[i].unit == unit && k < m->hold[i].n; k++)
            if (model_same(m, m->hold[i].profile, profile))
                sum += m->hold[i].piece[k].amount;
    return sum;
}

/* What was spent in the period and what is held must stay within the cap. */
static bool within_spend_cap(const struct model *m, uint32_t profile, uint32_t unit, int64_t amount)
{
    const struct unit_def *u = &m->unit[unit];
    int32_t start = mt_period_start(u->spend_cap_period, mt_day(m->def->zone, m->now));
    return u->spend_cap == 0 || ml_cap_used(m, profile, unit, 2, start) + all_held(m, profile, unit) +
                                        amount <= u->spend_cap;
}

static void hold(struct model *m, const struct step *s, uint32_t profile, struct reply *r)
{
    if (model_balance(m, profile, s->unit).available < s->amount) {
        r->code = TB_CODE_INSUFFICIENT;
        return;
    }
    if (!within_spend_cap(m, profile, s->unit, s->amount)) {
        r->code = TB_CODE_CAP_EXCEEDED;
        return;
    }
    m->hold = grow(m->hold, m->hold_n, &m->hold_cap, sizeof *m->hold);
    struct mhold *h = &m->hold[m->hold_n++];
    *h = (struct mhold){.step = s->no, .profile = profile, .unit = s->unit, .open = true,
                        .deadline = m->now + (int64_t)s->kind * TB_MINUTE_MS};
    h->n = ml_draw(m, profile, s->unit, s->amount, h->piece);
    r->v[2] = s->amount;
    r->v[3] = model_balance(m, profile, s->unit).available;
    r->v[4] = h->deadline;
}

static struct mhold *find_hold(struct model *m, uint32_t step)
{
    for (uint32_t i = 0; i < m->hold_n; i++)
        if (m->hold[i].open && m->hold[i].step == step)
            return &m->hold[i];
    return NULL;
}

static void spent(struct model *m, uint32_t profile, uint32_t unit, int64_t amount)
{
    m->book[unit][TB_ACCOUNT_SPENT] += amount;
    ml_day(m, unit, m->now)->spent += amount;
    if (m->unit[unit].spend_cap)
        ml_cap_count(m, profile, unit, 2, m->unit[unit].spend_cap_period, amount);
    ml_moved(m, profile, unit);
}

static void post(struct model *m, const struct step *s, struct reply *r)
{
    struct mhold *h = find_hold(m, s->ref);
    int64_t all = 0;
    for (uint32_t i = 0; h != NULL && i < h->n; i++)
        all += h->piece[i].amount;
    int64_t amount = s->amount ? s->amount : all;
    if (h == NULL || amount < 0 || amount > all) {
        r->code = h == NULL      ? TB_CODE_UNKNOWN_HOLD
                  : s->amount < 0 ? TB_CODE_AMOUNT_NOT_POSITIVE
                                  : TB_CODE_HOLD_EXCEEDED;
        return;
    }
    struct mtransfer *t = keep(m, s, h->profile, h->unit, M_SPEND, -amount);
    int64_t left = amount;
    for (uint32_t i = 0; i < h->n && left > 0; i++) {
        int64_t n = ml_least(left, h->piece[i].amount);
        t->piece[t->n] = h->piece[i];
        t->piece[t->n++].amount = n;
        h->piece[i].amount -= n;
        left -= n;
        ml_cross(m, h->unit, h->piece[i].profile, h->profile, n);
    }
    uint32_t profile = h->profile, unit = h->unit;
    if (s->kind == 1 || amount == all)
        ml_end_hold(m, h);
    spent(m, profile, unit, amount);
    model_clock(m, m->now); /* what is back may have expired meanwhile */
    r->v[2] = amount;
    r->v[3] = model_balance(m, profile, unit).available;
    r->v[4] = s->kind == 1 ? 0 : all - amount;
}

static void void_hold(struct model *m, const struct step *s, struct reply *r)
{
    struct mhold *h = find_hold(m, s->ref);
    if (h == NULL) {
        r->code = TB_CODE_UNKNOWN_HOLD;
        return;
    }
    for (uint32_t i = 0; i < h->n; i++)
        r->v[2] += h->piece[i].amount;
    uint32_t profile = h->profile, unit = h->unit;
    ml_end_hold(m, h);
    model_clock(m, m->now);
    r->v[3] = model_balance(m, profile, unit).available;
}

/* What comes out of one profile gets its numbers together; the first drawn leads. */
static void by_profile(struct mpiece *piece, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++) {
            uint32_t to = k + 1;
            if (piece[k].profile != piece[i].profile || (to < i && piece[to].profile == piece[i].profile))
                continue;
            struct mpiece moving = piece[i];
            memmove(&piece[to + 1], &piece[to], (i - to) * sizeof *piece);
            piece[to] = moving;
            break;
        }
}

static void transfer(struct model *m, const struct step *s, uint32_t from, uint32_t to,
                     struct reply *r)
{
    if (model_same(m, from, to))
        r->code = TB_CODE_SAME_ACCOUNT;
    else if (s->amount <= 0)
        r->code = TB_CODE_AMOUNT_NOT_POSITIVE;
    else if (model_balance(m, from, s->unit).available < s->amount)
        r->code = TB_CODE_INSUFFICIENT;
    if (r->code != TB_CODE_OK)
        return;
    struct mtransfer *t = keep(m, s, to, s->unit, M_TRANSFER, s->amount);
    t->from = from;
    struct mpiece piece[PIECES];
    uint32_t n = ml_draw(m, from, s->unit, s->amount, piece);
    by_profile(piece, n);
    for (uint32_t i = 0; i < n; i++) {
        ml_cross(m, s->unit, piece[i].profile, from, piece[i].amount);
        struct mlot *l = ml_new_lot(m, to, s->unit, piece[i].amount, piece[i].due, false);
        l->day = piece[i].day;
        t->given[t->n] = piece[i];
        t->piece[t->n] = piece[i];
        t->piece[t->n++].lot = l->no;
    }
    ml_pay_debts(m, to, s->unit);
    r->v[2] = s->amount;
    r->v[3] = model_balance(m, from, s->unit).available;
    r->v[6] = model_balance(m, to, s->unit).available;
}

/* The pieces go back to their lots, latest expiry first; what was never in a lot was debt. */
static struct mpiece *latest(struct mtransfer *t)
{
    struct mpiece *best = NULL;
    for (uint32_t i = 0; i < t->n; i++) {
        struct mpiece *p = &t->piece[i];
        if (p->amount == p->returned)
            continue;
        if (best == NULL || p->due > best->due || (p->due == best->due && p->lot > best->lot))
            best = p;
    }
    return best;
}

static void restore(struct model *m, struct mtransfer *t, uint32_t profile, int64_t amount)
{
    const struct unit_def *u = &m->unit[t->unit];
    struct mpiece *p;
    uint32_t touched[PIECES], touched_n = 0;
    while (amount > 0 && (p = latest(t)) != NULL) {
        int64_t n = ml_least(amount, p->amount - p->returned);
        p->returned += n;
        amount -= n;
        ml_cross(m, t->unit, profile, p->profile, n);
        struct mpiece back = *p;
        if (back.due <= m->now && u->restore_grace_days)
            back.due = m->now + u->restore_grace_days * TB_DAY_MS;
        ml_put_back(m, t->unit, &back, n);
        struct mlot *lot = ml_lot(m, back.lot);
        if (lot->due <= m->now)
            ml_expire(m, lot, m->now);
        touched[touched_n++] = p->profile;
    }
    int64_t debt = ml_least(amount, m->debt[profile][t->unit]);
    m->debt[profile][t->unit] -= debt;
    if (amount > debt) /* it was drawn as debt, which was paid since */
        (void)ml_new_lot(m, profile, t->unit, amount - debt,
                      mt_expiry(&m->unit[t->unit], m->def->zone, m->now), false);
    for (uint32_t i = 0; i < touched_n; i++)
        ml_pay_debts(m, touched[i], t->unit);
    ml_pay_debts(m, profile, t->unit);
}

static bool take_back(struct model *m, struct mtransfer *t, int64_t amount)
{
    if (model_balance(m, t->profile, t->unit).available < amount)
        return false;
    struct mlot *l = ml_lot(m, t->piece[0].lot);
    int64_t taken = 0;
    if (l != NULL && !l->pending && model_same(m, l->profile, t->profile))
        taken = ml_take(m, l, t->profile, amount);
    while (taken < amount && (l = ml_soonest(m, t->profile, t->unit)) != NULL)
        taken += ml_take(m, l, t->profile, amount - taken);
    return true;
}

static void undo(struct model *m, struct mtransfer *t, int64_t amount, struct reply *r)
{
    if (t->cause == M_SPEND) {
        m->book[t->unit][TB_ACCOUNT_SPENT] -= amount;
        ml_day(m, t->unit, m->now)->spent -= amount;
        restore(m, t, t->profile, amount);
    } else if (t->cause == M_ADJUST) {
        if (t->amount > 0 && !take_back(m, t, amount)) {
            r->code = TB_CODE_INSUFFICIENT;
            return;
        }
        int64_t signed_amount = t->amount > 0 ? amount : -amount;
        m->book[t->unit][TB_ACCOUNT_ADJUST] += signed_amount;
        ml_day(m, t->unit, m->now)->adjusted -= signed_amount;
        ml_qualify(m, t->profile, t->unit, 0, -signed_amount);
        if (t->amount < 0)
            restore(m, t, t->profile, amount);
        if (m->unit[t->unit].kind == TB_UNIT_QUALIFYING)
            mm_evaluate(m, t->profile, mt_day(m->def->zone, m->now), false);
    } else {
        if (!take_back(m, t, amount)) {
            r->code = TB_CODE_INSUFFICIENT;
            return;
        }
        struct mtransfer given = *t;
        memcpy(given.piece, t->given, sizeof given.piece);
        restore(m, &given, t->from, amount);
    }
    t->reversed += amount;
}

static void reverse(struct model *m, const struct step *s, struct reply *r)
{
    struct mtransfer *t = NULL;
    for (uint32_t i = 0; i < m->transfer_n; i++)
        if (m->transfer[i].step == s->ref)
            t = &m->transfer[i];
    if (t == NULL) {
        r->code = TB_CODE_UNKNOWN_TRANSFER;
        return;
    }
    int64_t all = t->amount < 0 ? -t->amount : t->amount;
    int64_t left = all - t->reversed;
    if (left == 0)
        r->code = TB_CODE_ALREADY_REVERSED;
    else if (s->amount > left)
        r->code = TB_CODE_HOLD_EXCEEDED;
    else if (t->cause == M_REFUND || (t->cause != M_SPEND && s->amount && s->amount != left))
        r->code = TB_CODE_NOT_REVERSIBLE;
    if (r->code != TB_CODE_OK)
        return;
    int64_t amount = s->amount ? s->amount : left;
    uint32_t unit = t->unit, profile = t->profile;
    undo(m, t, amount, r);
    if (r->code != TB_CODE_OK)
        return;
    model_clock(m, m->now);
    (void)keep(m, s, profile, unit, M_REFUND, amount);
    r->v[2] = amount;
    r->v[3] = model_balance(m, profile, unit).available;
}

static void release_all(struct model *m, const struct step *s, uint32_t profile, struct reply *r)
{
    for (uint32_t i = 0; i < m->lot_n; i++) {
        struct mlot *l = &m->lot[i];
        if (!l->pending || l->unit != s->unit || l->left <= 0 || !model_same(m, l->profile, profile))
            continue;
        r->v[2] += l->left;
        l->pending = false;
        l->due = mt_expiry(&m->unit[s->unit], m->def->zone, m->now);
    }
    ml_pay_debts(m, profile, s->unit);
    r->v[3] = model_balance(m, profile, s->unit).available;
}

void ml_value(struct model *m, const struct step *s, const uint32_t *who, struct reply *r)
{
    bool named = s->op != STEP_POST && s->op != STEP_VOID && s->op != STEP_REVERSE;
    if (named && s->unit >= UNITS)
        r->code = TB_CODE_UNKNOWN_UNIT;
    else if ((s->op == STEP_HOLD || s->op == STEP_TRANSFER) &&
             m->unit[s->unit].kind == TB_UNIT_QUALIFYING)
        r->code = TB_CODE_INVALID;
    else if (named && (who[0] == 0 || (s->op == STEP_TRANSFER && who[1] == 0)))
        r->code = TB_CODE_UNKNOWN_MEMBER;
    else if ((s->op == STEP_ADJUST && s->amount == 0) || (s->op == STEP_HOLD && s->amount <= 0))
        r->code = TB_CODE_AMOUNT_NOT_POSITIVE;
    if (r->code != TB_CODE_OK)
        return;
    switch ((uint32_t)s->op) {
    case STEP_ADJUST:
        adjust(m, s, who[0], r);
        break;
    case STEP_HOLD:
        hold(m, s, who[0], r);
        break;
    case STEP_POST:
        post(m, s, r);
        break;
    case STEP_VOID:
        void_hold(m, s, r);
        break;
    case STEP_TRANSFER:
        transfer(m, s, who[0], who[1], r);
        break;
    case STEP_REVERSE:
        reverse(m, s, r);
        break;
    default:
        release_all(m, s, who[0], r);
        break;
    }
}
