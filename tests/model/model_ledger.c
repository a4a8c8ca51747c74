// SPDX-License-Identifier: Apache-2.0
/* The model's ledger: a list of lots, a number of debt per profile and unit. */
#include "core/catalog/objects.h"
#include "core/codes.h"
#include "core/ledger/ledger.h"
#include "model_int.h"

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

struct mday *ml_day(struct model *m, uint32_t unit, int64_t ms)
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

struct mlot *ml_new_lot(struct model *m, uint32_t profile, uint32_t unit, int64_t left,
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

void ml_cross(struct model *m, uint32_t unit, uint32_t from, uint32_t to, int64_t amount)
{
    if (from == to)
        return;
    m->crossed[from][unit] -= amount;
    m->crossed[to][unit] += amount;
}

/* What her available lots hold pays her debts: the largest first, from the soonest lots. */
void ml_pay_debts(struct model *m, uint32_t profile, uint32_t unit)
{
    for (;;) {
        uint32_t debtor = 0;
        for (uint32_t p = 1; p <= m->profiles; p++)
            if (model_same(m, p, profile) && m->debt[p][unit] > 0 &&
                (debtor == 0 || m->debt[p][unit] > m->debt[debtor][unit]))
                debtor = p;
        struct mlot *lot = debtor ? ml_soonest(m, profile, unit) : NULL;
        if (lot == NULL)
            return;
        while (m->debt[debtor][unit] > 0 && (lot = ml_soonest(m, profile, unit)) != NULL) {
            int64_t n = m->debt[debtor][unit] < lot->left ? m->debt[debtor][unit] : lot->left;
            m->debt[debtor][unit] -= n;
            lot->left -= n;
            ml_cross(m, unit, lot->profile, debtor, n);
        }
    }
}

/* A movement of the member in a unit with sliding expiry moves her lots' end. */
void ml_moved(struct model *m, uint32_t profile, uint32_t unit)
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

void ml_put_back(struct model *m, uint32_t unit, const struct mpiece *p, int64_t amount)
{
    struct mlot *lot = ml_lot(m, p->lot);
    if (lot == NULL)
        lot = add_lot(m, (struct mlot){p->lot, p->profile, unit, 0, p->due, p->day, false});
    if (lot->left == 0 || lot->due < p->due)
        lot->due = p->due;
    lot->left += amount;
}

void ml_end_hold(struct model *m, struct mhold *h)
{
    h->open = false;
    for (uint32_t i = 0; i < h->n; i++)
        ml_put_back(m, h->unit, &h->piece[i], h->piece[i].amount);
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
                ml_put_back(m, h->unit, &h->piece[k], h->piece[k].amount);
        }
        h->open = h->open && n > 0;
        h->n = n;
    }
    model_clock(m, m->now);
}

void ml_expire(struct model *m, struct mlot *lot, int64_t at)
{
    m->book[lot->unit][TB_ACCOUNT_EXPIRED] += lot->left;
    ml_day(m, lot->unit, at)->expired += lot->left;
    lot->left = 0;
}

static void release(struct model *m, struct mlot *lot, int64_t at)
{
    lot->pending = false;
    lot->due = mt_expiry(&m->unit[lot->unit], m->def->zone, at);
    ml_pay_debts(m, lot->profile, lot->unit);
}

/* At one instant expiries come before releases, then the lower number. */
static bool lot_before(const struct mlot *a, const struct mlot *b)
{
    if (a->due != b->due)
        return a->due < b->due;
    if (a->pending != b->pending)
        return b->pending;
    return a->no < b->no;
}

static bool next_due(struct model *m, int64_t now)
{
    int64_t at = now + 1;
    struct mlot *lot = NULL;
    struct mhold *hold = NULL;
    uint32_t who = 0;
    for (uint32_t i = 0; i < m->lot_n; i++)
        if (m->lot[i].left > 0 && m->lot[i].due <= now && (lot == NULL || lot_before(&m->lot[i], lot)))
            lot = &m->lot[i];
    if (lot != NULL)
        at = lot->due;
    for (uint32_t i = 0; i < m->hold_n; i++) /* a hold lapses before what expires then */
        if (m->hold[i].open && m->hold[i].deadline <= now &&
            (hold ? m->hold[i].deadline < at : m->hold[i].deadline <= at)) {
            hold = &m->hold[i];
            at = hold->deadline;
        }
    int64_t tier = mm_due(m, &who);
    if (tier < at) {
        mm_fire(m, who, tier);
        return true;
    }
    if (lot == NULL && hold == NULL)
        return false;
    if (hold != NULL)
        ml_end_hold(m, hold);
    else if (lot->pending)
        release(m, lot, at);
    else
        ml_expire(m, lot, at);
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
int64_t ml_cap_used(const struct model *m, uint32_t profile, uint32_t unit, uint32_t kind,
                        int32_t start)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->cap_n; i++)
        if (m->cap[i].unit == unit && m->cap[i].kind == kind && m->cap[i].start == start &&
            model_same(m, m->cap[i].profile, profile))
            sum += m->cap[i].amount;
    return sum;
}

void ml_cap_count(struct model *m, uint32_t profile, uint32_t unit, uint32_t kind,
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

/* What the caps leave of an earning. already: what the same order has earned before. A unit
 * that rejects gives all or nothing. */
static int64_t capped(const struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                      int64_t already)
{
    const struct unit_def *u = &m->unit[unit];
    int64_t room = INT64_MAX;
    if (u->earn_cap_order)
        room = ml_least(room, u->earn_cap_order - already);
    if (u->balance_max) {
        struct mbalance b = model_balance(m, profile, unit);
        room = ml_least(room, u->balance_max - b.available - b.pending - b.held);
    }
    if (u->earn_cap) {
        int32_t start = mt_period_start(u->earn_cap_period, mt_day(m->def->zone, m->now));
        room = ml_least(room, u->earn_cap - ml_cap_used(m, profile, unit, 1, start));
    }
    if (room < 0)
        room = 0;
    return amount <= room ? amount : u->earn_cap_rejects ? 0 : room;
}

void ml_qualify(struct model *m, uint32_t profile, uint32_t unit, int32_t day, int64_t amount)
{
    if (m->unit[unit].kind != TB_UNIT_QUALIFYING)
        return;
    m->fact = grow(m->fact, m->fact_n, &m->fact_cap, sizeof *m->fact);
    m->fact[m->fact_n++] =
        (struct mfact){profile, day ? day : mt_day(m->def->zone, m->now), amount};
}

struct mlot *ml_give(struct model *m, uint32_t profile, uint32_t unit, int64_t amount)
{
    struct mlot *l = ml_new_lot(m, profile, unit, amount, mt_expiry(&m->unit[unit], m->def->zone, m->now),
                             false);
    uint64_t no = l->no;
    ml_moved(m, profile, unit);
    ml_pay_debts(m, profile, unit);
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
        ml_cap_count(m, profile, unit, 1, u->earn_cap_period, amount);
    m->book[unit][TB_ACCOUNT_ISSUER] -= amount;
    ml_day(m, unit, m->now)->earned += amount;
    ml_qualify(m, profile, unit, sale_day, amount);
    int64_t at = mt_release(u, m->def->zone, m->now);
    if (at > m->now) {
        *lot = ml_new_lot(m, profile, unit, amount, at, true)->no;
        ml_moved(m, profile, unit);
    } else {
        *lot = ml_give(m, profile, unit, amount)->no;
    }
    return amount;
}

/* Her lots in the order of use: soonest expiry, then oldest. */
struct mlot *ml_soonest(struct model *m, uint32_t profile, uint32_t unit)
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

int64_t ml_take(struct model *m, struct mlot *l, uint32_t profile, int64_t most)
{
    int64_t n = ml_least(l->left, most);
    l->left -= n;
    ml_cross(m, l->unit, l->profile, profile, n);
    return n;
}

static int64_t claw_available(struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                              uint64_t lot, bool debt)
{
    int64_t taken = 0;
    int64_t there = model_balance(m, profile, unit).available;
    int64_t from_lots = ml_least(amount, there < 0 ? 0 : there);
    struct mlot *l = ml_lot(m, lot);
    if (l != NULL && !l->pending && model_same(m, l->profile, profile))
        taken += ml_take(m, l, profile, from_lots);
    while (taken < from_lots && (l = ml_soonest(m, profile, unit)) != NULL)
        taken += ml_take(m, l, profile, from_lots - taken);
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
    int64_t taken = l != NULL && l->pending ? ml_take(m, l, profile, amount) : 0;
    if (policy != TB_NEGATIVE_ONLY_PENDING && taken < amount)
        taken += claw_available(m, profile, unit, amount - taken, lot,
                                policy == TB_NEGATIVE_UNLIMITED);
    m->book[unit][adjust ? TB_ACCOUNT_ADJUST : TB_ACCOUNT_ISSUER] += taken;
    if (adjust)
        ml_day(m, unit, m->now)->adjusted -= taken;
    else
        ml_day(m, unit, m->now)->reversed += taken;
    if (taken)
        ml_qualify(m, profile, unit, sale_day, -taken);
    return taken;
}

uint32_t ml_draw(struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                     struct mpiece *out)
{
    uint32_t n = 0;
    for (struct mlot *l; amount > 0 && (l = ml_soonest(m, profile, unit)) != NULL;) {
        int64_t part = ml_least(amount, l->left);
        l->left -= part;
        amount -= part;
        tb_assert(n < PIECES);
        out[n++] = (struct mpiece){l->no, l->profile, part, l->due, 0, l->day};
    }
    tb_assert(amount == 0);
    return n;
}
