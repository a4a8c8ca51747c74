// SPDX-License-Identifier: Apache-2.0
/* The model's ledger: a list of lots, a number of debt per profile and unit. */
#include "core/catalog/objects.h"
#include "core/codes.h"
#include "core/ledger/ledger.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>

void *grow(void *list, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 64;
    list = realloc(list, *cap * size);
    tb_assert(list != NULL);
    return list;
}

static struct mday *day_of(struct model *m, uint32_t unit, int64_t ms)
{
    int32_t day = mt_day(m->def->zone, ms) - FIRST_DAY;
    tb_assert(day >= 0 && day < DAYS);
    return &m->day[unit][day];
}

struct mlot *ml_lot(struct model *m, uint64_t no)
{
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].no == no)
            return &m->lot[i];
    return NULL;
}

static struct mlot *add_lot(struct model *m, struct mlot lot)
{
    m->lot = grow(m->lot, m->lot_n, &m->lot_cap, sizeof *m->lot);
    m->lot[m->lot_n] = lot;
    return &m->lot[m->lot_n++];
}

static struct mlot *new_lot(struct model *m, uint32_t profile, uint32_t unit, int64_t left,
                            int64_t due, bool pending)
{
    return add_lot(m, (struct mlot){++m->lot_no, profile, unit, left, due,
                                    mt_day(m->def->zone, m->now), pending});
}

struct mbalance model_balance(const struct model *m, uint32_t profile, uint32_t unit)
{
    struct mbalance b = {0, 0, 0};
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].unit == unit && model_same(m, m->lot[i].profile, profile))
            *(m->lot[i].pending ? &b.pending : &b.available) += m->lot[i].left;
    for (uint32_t i = 0; i < m->hold_n; i++)
        for (uint32_t k = 0; m->hold[i].open && m->hold[i].unit == unit && k < m->hold[i].n; k++)
            if (model_same(m, m->hold[i].piece[k].profile, profile))
                b.held += m->hold[i].piece[k].amount;
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (model_same(m, p, profile))
            b.available -= m->debt[p][unit];
    return b;
}

static void cross(struct model *m, uint32_t unit, uint32_t from, uint32_t to, int64_t amount)
{
    if (from == to)
        return;
    m->crossed[from][unit] -= amount;
    m->crossed[to][unit] += amount;
}

static struct mlot *soonest(struct model *m, uint32_t profile, uint32_t unit);

/* What her available lots hold pays her debts: the largest first, from the soonest lots. */
static void pay_debts(struct model *m, uint32_t profile, uint32_t unit)
{
    for (;;) {
        uint32_t debtor = 0;
        for (uint32_t p = 1; p <= m->profiles; p++)
            if (model_same(m, p, profile) && m->debt[p][unit] > 0 &&
                (debtor == 0 || m->debt[p][unit] > m->debt[debtor][unit]))
                debtor = p;
        struct mlot *lot = debtor ? soonest(m, profile, unit) : NULL;
        if (lot == NULL)
            return;
        while (m->debt[debtor][unit] > 0 && (lot = soonest(m, profile, unit)) != NULL) {
            int64_t n = m->debt[debtor][unit] < lot->left ? m->debt[debtor][unit] : lot->left;
            m->debt[debtor][unit] -= n;
            lot->left -= n;
            cross(m, unit, lot->profile, debtor, n);
        }
    }
}

/* A movement of the member in a unit with sliding expiry moves her lots' end. */
static void moved(struct model *m, uint32_t profile, uint32_t unit)
{
    const struct unit_def *u = &m->unit[unit];
    if (u->expiry != TB_EXPIRY_SLIDING_DAYS)
        return;
    int64_t due = mt_expiry(u, m->def->zone, m->now);
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].unit == unit && !m->lot[i].pending && m->lot[i].due != INT64_MAX &&
            model_same(m, m->lot[i].profile, profile) && m->lot[i].due < due)
            m->lot[i].due = due;
}

/* ---- what is due ------------------------------------------------------------------------- */

static void put_back(struct model *m, uint32_t unit, const struct mpiece *p, int64_t amount)
{
    struct mlot *lot = ml_lot(m, p->lot);
    if (lot == NULL)
        lot = add_lot(m, (struct mlot){p->lot, p->profile, unit, 0, p->due, p->day, false});
    if (lot->left == 0 || lot->due < p->due)
        lot->due = p->due;
    lot->left += amount;
}

static void end_hold(struct model *m, struct mhold *h)
{
    h->open = false;
    for (uint32_t i = 0; i < h->n; i++)
        put_back(m, h->unit, &h->piece[i], h->piece[i].amount);
}

void model_parted(struct model *m)
{
    for (uint32_t i = 0; i < m->hold_n; i++) {
        struct mhold *h = &m->hold[i];
        uint32_t n = 0;
        for (uint32_t k = 0; h->open && k < h->n; k++) {
            if (h->piece[k].amount == 0)
                continue;
            if (model_same(m, h->piece[k].profile, h->profile))
                h->piece[n++] = h->piece[k];
            else
                put_back(m, h->unit, &h->piece[k], h->piece[k].amount);
        }
        h->open = h->open && n > 0;
        h->n = n;
    }
    model_clock(m, m->now);
}

static void expire(struct model *m, struct mlot *lot, int64_t at)
{
    m->book[lot->unit][TB_ACCOUNT_EXPIRED] += lot->left;
    day_of(m, lot->unit, at)->expired += lot->left;
    lot->left = 0;
}

static void release(struct model *m, struct mlot *lot, int64_t at)
{
    lot->pending = false;
    lot->due = mt_expiry(&m->unit[lot->unit], m->def->zone, at);
    pay_debts(m, lot->profile, lot->unit);
}

static bool next_due(struct model *m, int64_t now)
{
    int64_t at = now + 1;
    struct mlot *lot = NULL;
    struct mhold *hold = NULL;
    uint32_t who = 0;
    for (uint32_t i = 0; i < m->hold_n; i++)
        if (m->hold[i].open && m->hold[i].deadline < at) {
            hold = &m->hold[i];
            at = hold->deadline;
        }
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].left > 0 && m->lot[i].due < at) {
            lot = &m->lot[i];
            at = lot->due;
        }
    int64_t tier = mm_due(m, &who);
    if (tier < at) {
        mm_fire(m, who, tier);
        return true;
    }
    if (lot == NULL && hold == NULL)
        return false;
    if (lot == NULL)
        end_hold(m, hold);
    else if (lot->pending)
        release(m, lot, at);
    else
        expire(m, lot, at);
    return true;
}

static void sweep(struct model *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].left > 0)
            m->lot[n++] = m->lot[i];
    m->lot_n = n;
    n = 0;
    for (uint32_t i = 0; i < m->hold_n; i++)
        if (m->hold[i].open)
            m->hold[n++] = m->hold[i];
    m->hold_n = n;
}

void model_clock(struct model *m, int64_t now)
{
    while (next_due(m, now))
        continue;
    m->now = now;
    sweep(m);
}

/* ---- earning, taking back, drawing --------------------------------------------------------- */

/* A cap's running use is one number per profile: another period starts it anew. */
static int64_t cap_used(const struct model *m, uint32_t profile, uint32_t unit, uint32_t kind,
                        int32_t start)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->cap_n; i++)
        if (m->cap[i].unit == unit && m->cap[i].kind == kind && m->cap[i].start == start &&
            model_same(m, m->cap[i].profile, profile))
            sum += m->cap[i].amount;
    return sum;
}

static void cap_count(struct model *m, uint32_t profile, uint32_t unit, uint32_t kind,
                      int64_t period, int64_t amount)
{
    int32_t start = mt_period_start(period, mt_day(m->def->zone, m->now));
    for (uint32_t i = 0; i < m->cap_n; i++) {
        struct mcap *c = &m->cap[i];
        if (c->profile != profile || c->unit != unit || c->kind != kind)
            continue;
        c->amount = (c->start == start ? c->amount : 0) + amount;
        c->start = start;
        return;
    }
    m->cap = grow(m->cap, m->cap_n, &m->cap_cap, sizeof *m->cap);
    m->cap[m->cap_n++] = (struct mcap){profile, unit, kind, start, amount};
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What the caps leave of an earning. already: what the same order has earned before. A unit
 * that rejects gives all or nothing. */
static int64_t capped(const struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                      int64_t already)
{
    const struct unit_def *u = &m->unit[unit];
    int64_t room = INT64_MAX;
    if (u->earn_cap_order)
        room = least(room, u->earn_cap_order - already);
    if (u->balance_max) {
        struct mbalance b = model_balance(m, profile, unit);
        room = least(room, u->balance_max - b.available - b.pending - b.held);
    }
    if (u->earn_cap) {
        int32_t start = mt_period_start(u->earn_cap_period, mt_day(m->def->zone, m->now));
        room = least(room, u->earn_cap - cap_used(m, profile, unit, 1, start));
    }
    if (room < 0)
        room = 0;
    return amount <= room ? amount : u->earn_cap_rejects ? 0 : room;
}

static void qualify(struct model *m, uint32_t profile, uint32_t unit, int32_t day, int64_t amount)
{
    if (m->unit[unit].kind != TB_UNIT_QUALIFYING)
        return;
    m->fact = grow(m->fact, m->fact_n, &m->fact_cap, sizeof *m->fact);
    m->fact[m->fact_n++] =
        (struct mfact){profile, day ? day : mt_day(m->def->zone, m->now), amount};
}

static struct mlot *give(struct model *m, uint32_t profile, uint32_t unit, int64_t amount)
{
    struct mlot *l = new_lot(m, profile, unit, amount, mt_expiry(&m->unit[unit], m->def->zone, m->now),
                             false);
    uint64_t no = l->no;
    moved(m, profile, unit);
    pay_debts(m, profile, unit);
    return ml_lot(m, no);
}

int64_t ml_earn(struct model *m, uint32_t profile, uint32_t unit, int64_t amount, int64_t already,
                int32_t sale_day, uint64_t *lot)
{
    const struct unit_def *u = &m->unit[unit];
    amount = capped(m, profile, unit, amount, already);
    *lot = 0;
    if (amount == 0)
        return 0;
    if (u->earn_cap)
        cap_count(m, profile, unit, 1, u->earn_cap_period, amount);
    m->book[unit][TB_ACCOUNT_ISSUER] -= amount;
    day_of(m, unit, m->now)->earned += amount;
    qualify(m, profile, unit, sale_day, amount);
    int64_t at = mt_release(u, m->def->zone, m->now);
    if (at > m->now) {
        *lot = new_lot(m, profile, unit, amount, at, true)->no;
        moved(m, profile, unit);
    } else {
        *lot = give(m, profile, unit, amount)->no;
    }
    return amount;
}

/* Her lots in the order of use: soonest expiry, then oldest. */
static struct mlot *soonest(struct model *m, uint32_t profile, uint32_t unit)
{
    struct mlot *best = NULL;
    for (uint32_t i = 0; i < m->lot_n; i++) {
        struct mlot *l = &m->lot[i];
        if (l->left <= 0 || l->unit != unit || l->pending ||
            !model_same(m, l->profile, profile))
            continue;
        if (best == NULL || l->due < best->due || (l->due == best->due && l->no < best->no))
            best = l;
    }
    return best;
}

static int64_t take(struct model *m, struct mlot *l, uint32_t profile, int64_t most)
{
    int64_t n = least(l->left, most);
    l->left -= n;
    cross(m, l->unit, l->profile, profile, n);
    return n;
}

static int64_t claw_available(struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                              uint64_t lot, bool debt)
{
    int64_t taken = 0;
    int64_t there = model_balance(m, profile, unit).available;
    int64_t from_lots = least(amount, there < 0 ? 0 : there);
    struct mlot *l = ml_lot(m, lot);
    if (l != NULL && !l->pending && model_same(m, l->profile, profile))
        taken += take(m, l, profile, from_lots);
    while (taken < from_lots && (l = soonest(m, profile, unit)) != NULL)
        taken += take(m, l, profile, from_lots - taken);
    if (debt) {
        m->debt[profile][unit] += amount - taken;
        taken = amount;
    }
    return taken;
}

/* From the lot that was earned while it is pending, then by the policy. */
int64_t ml_claw(struct model *m, uint32_t profile, uint32_t unit, int64_t amount, uint64_t lot,
                int64_t policy, bool adjust, int32_t sale_day)
{
    struct mlot *l = ml_lot(m, lot);
    int64_t taken = l != NULL && l->pending ? take(m, l, profile, amount) : 0;
    if (policy != TB_NEGATIVE_ONLY_PENDING && taken < amount)
        taken += claw_available(m, profile, unit, amount - taken, lot,
                                policy == TB_NEGATIVE_UNLIMITED);
    m->book[unit][adjust ? TB_ACCOUNT_ADJUST : TB_ACCOUNT_ISSUER] += taken;
    if (adjust)
        day_of(m, unit, m->now)->adjusted -= taken;
    else
        day_of(m, unit, m->now)->reversed += taken;
    if (taken)
        qualify(m, profile, unit, sale_day, -taken);
    return taken;
}

static uint32_t draw(struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                     struct mpiece *out)
{
    uint32_t n = 0;
    for (struct mlot *l; amount > 0 && (l = soonest(m, profile, unit)) != NULL;) {
        int64_t part = least(amount, l->left);
        l->left -= part;
        amount -= part;
        tb_assert(n < PIECES);
        out[n++] = (struct mpiece){l->no, l->profile, part, l->due, 0, l->day};
    }
    tb_assert(amount == 0);
    return n;
}

/* ---- commands ------------------------------------------------------------------------------------ */

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
    day_of(m, s->unit, m->now)->adjusted += s->amount;
    qualify(m, profile, s->unit, 0, s->amount);
    if (s->amount > 0) {
        t->piece[0].lot = m->lot_no + 1;
        (void)give(m, profile, s->unit, s->amount);
    } else {
        int64_t there = model_balance(m, profile, s->unit).available;
        int64_t drawn = least(-s->amount, there < 0 ? 0 : there);
        t->n = draw(m, profile, s->unit, drawn, t->piece);
        for (uint32_t i = 0; i < t->n; i++)
            cross(m, s->unit, t->piece[i].profile, profile, t->piece[i].amount);
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
    return u->spend_cap == 0 || cap_used(m, profile, unit, 2, start) + all_held(m, profile, unit) +
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
    h->n = draw(m, profile, s->unit, s->amount, h->piece);
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
    day_of(m, unit, m->now)->spent += amount;
    if (m->unit[unit].spend_cap)
        cap_count(m, profile, unit, 2, m->unit[unit].spend_cap_period, amount);
    moved(m, profile, unit);
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
        int64_t n = least(left, h->piece[i].amount);
        t->piece[t->n] = h->piece[i];
        t->piece[t->n++].amount = n;
        h->piece[i].amount -= n;
        left -= n;
        cross(m, h->unit, h->piece[i].profile, h->profile, n);
    }
    uint32_t profile = h->profile, unit = h->unit;
    if (s->kind == 1 || amount == all)
        end_hold(m, h);
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
    end_hold(m, h);
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
    uint32_t n = draw(m, from, s->unit, s->amount, piece);
    by_profile(piece, n);
    for (uint32_t i = 0; i < n; i++) {
        cross(m, s->unit, piece[i].profile, from, piece[i].amount);
        struct mlot *l = new_lot(m, to, s->unit, piece[i].amount, piece[i].due, false);
        l->day = piece[i].day;
        t->given[t->n] = piece[i];
        t->piece[t->n] = piece[i];
        t->piece[t->n++].lot = l->no;
    }
    pay_debts(m, to, s->unit);
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
        int64_t n = least(amount, p->amount - p->returned);
        p->returned += n;
        amount -= n;
        cross(m, t->unit, profile, p->profile, n);
        struct mpiece back = *p;
        if (back.due <= m->now && u->restore_grace_days)
            back.due = m->now + u->restore_grace_days * TB_DAY_MS;
        put_back(m, t->unit, &back, n);
        struct mlot *lot = ml_lot(m, back.lot);
        if (lot->due <= m->now)
            expire(m, lot, m->now);
        touched[touched_n++] = p->profile;
    }
    int64_t debt = least(amount, m->debt[profile][t->unit]);
    m->debt[profile][t->unit] -= debt;
    if (amount > debt) /* it was drawn as debt, which was paid since */
        (void)new_lot(m, profile, t->unit, amount - debt,
                      mt_expiry(&m->unit[t->unit], m->def->zone, m->now), false);
    for (uint32_t i = 0; i < touched_n; i++)
        pay_debts(m, touched[i], t->unit);
    pay_debts(m, profile, t->unit);
}

static bool take_back(struct model *m, struct mtransfer *t, int64_t amount)
{
    if (model_balance(m, t->profile, t->unit).available < amount)
        return false;
    struct mlot *l = ml_lot(m, t->piece[0].lot);
    int64_t taken = 0;
    if (l != NULL && !l->pending && model_same(m, l->profile, t->profile))
        taken = take(m, l, t->profile, amount);
    while (taken < amount && (l = soonest(m, t->profile, t->unit)) != NULL)
        taken += take(m, l, t->profile, amount - taken);
    return true;
}

static void undo(struct model *m, struct mtransfer *t, int64_t amount, struct reply *r)
{
    if (t->cause == M_SPEND) {
        m->book[t->unit][TB_ACCOUNT_SPENT] -= amount;
        day_of(m, t->unit, m->now)->spent -= amount;
        restore(m, t, t->profile, amount);
    } else if (t->cause == M_ADJUST) {
        if (t->amount > 0 && !take_back(m, t, amount)) {
            r->code = TB_CODE_INSUFFICIENT;
            return;
        }
        int64_t signed_amount = t->amount > 0 ? amount : -amount;
        m->book[t->unit][TB_ACCOUNT_ADJUST] += signed_amount;
        day_of(m, t->unit, m->now)->adjusted -= signed_amount;
        qualify(m, t->profile, t->unit, 0, -signed_amount);
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
    pay_debts(m, profile, s->unit);
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
