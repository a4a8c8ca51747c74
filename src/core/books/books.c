// SPDX-License-Identifier: Apache-2.0
/* The fold: journaled entries into cohorts. See books.h.
 *
 * What a person's profiles give each other (CROSS) and persons each other (TRANSFER) moves lots without a
 * class; the posting that it serves has the class and less lots than its amount. Within an entry the two are
 * paired: lots in transit wait for their posting, postings for their lots. Lots that find no posting
 * have paid a debt; a posting that finds no lots has made one. */
#include "core/books/books.h"

#include <string.h>

#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "events.gen.h"

/* What a posting means to a cohort. */
enum class { ISSUED, REDEEMED, EXPIRED, CLAWED, PASSING };

/* Lots without a posting yet, or a posting without lots. */
struct loose {
    struct loose *next;
    int64_t amount; /* signed, towards the member */
    uint32_t unit;
    enum class class; /* of a posting */
    int32_t month;    /* of lots */
};

/* What one order earned of one unit. */
struct earned {
    struct earned *next;
    int64_t units;
    uint32_t unit;
    int32_t month;
};

struct taking {
    struct tb_books *b;
    struct tb_arena *scratch;
    struct loose *lots;
    struct loose *postings;
    struct earned *earned;
    uint64_t order;
    int64_t sales;
};

void tb_books_init(struct tb_books *b, struct tb_books_unit *unit, uint32_t unit_cap, struct tb_cohort *cohort,
                   uint32_t cohort_cap)
{
    *b = (struct tb_books){.unit = unit, .unit_cap = unit_cap, .cohort = cohort, .cohort_cap = cohort_cap};
}

/* ---- finding ---------------------------------------------------------------------------------------- */

/* Place of the unit among those sorted by number, or where it belongs. */
static uint32_t unit_place(const struct tb_books *b, uint32_t unit)
{
    uint32_t low = 0;
    uint32_t high = b->unit_n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (b->unit[middle].unit < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct tb_books_unit *tb_books_unit(const struct tb_books *b, uint32_t unit)
{
    uint32_t at = unit_place(b, unit);
    return at < b->unit_n && b->unit[at].unit == unit ? &b->unit[at] : NULL;
}

/* Made when missing; NULL: the books are full. Valid until the next call. */
static struct tb_cohort *cohort_of(struct tb_books *b, uint32_t unit, int32_t month)
{
    uint32_t low = 0;
    uint32_t high = b->cohort_n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct tb_cohort *c = &b->cohort[middle];
        if (c->unit < unit || (c->unit == unit && c->month < month))
            low = middle + 1;
        else
            high = middle;
    }
    struct tb_cohort *at = &b->cohort[low];
    if (low < b->cohort_n && at->unit == unit && at->month == month)
        return at;
    if (b->cohort_n == b->cohort_cap) {
        b->full = true;
        return NULL;
    }
    memmove(at + 1, at, (b->cohort_n - low) * sizeof *at);
    b->cohort_n++;
    *at = (struct tb_cohort){.unit = unit, .month = month};
    return at;
}

static int32_t month_of(int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    return tb_days_from_date((struct tb_date){d.year, d.month, 1});
}

/* ---- counting ---------------------------------------------------------------------------------------- */

/* An adjustment that gives issues, one that takes claws back; one that undoes another is of its class. */
static enum class class_of(const struct tb_ev_posted *ev)
{
    switch ((enum tb_cause)ev->cause) {
    case TB_CAUSE_EARN:
        return ISSUED;
    case TB_CAUSE_CLAWBACK:
        return CLAWED;
    case TB_CAUSE_SPEND:
    case TB_CAUSE_REFUND:
        return REDEEMED;
    case TB_CAUSE_EXPIRE:
        return EXPIRED;
    case TB_CAUSE_ADJUST:
        return ev->amount > 0 && ev->reverses == 0 ? ISSUED : CLAWED;
    case TB_CAUSE_CROSS:
    case TB_CAUSE_TRANSFER:
        break;
    }
    return PASSING;
}

/* amount: signed, towards the member. */
static void count(struct tb_cohort *c, enum class class, int64_t amount)
{
    switch (class) {
    case ISSUED:
        c->issued += amount;
        break;
    case REDEEMED:
        c->redeemed -= amount;
        break;
    case EXPIRED:
        c->expired -= amount;
        break;
    case CLAWED:
        c->clawed -= amount;
        break;
    case PASSING:
        break;
    }
}

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* The part of amount that the loose one of the same sign covers. */
static int64_t cover(const struct loose *l, int64_t amount)
{
    if (l->amount == 0 || (l->amount < 0) != (amount < 0))
        return 0;
    return magnitude(l->amount) < magnitude(amount) ? l->amount : amount;
}

static bool keep(struct taking *x, struct loose **list, const struct loose *what)
{
    struct loose **end = list;
    struct loose *l = TB_NEW(x->scratch, struct loose);
    if (l == NULL)
        return false;
    *l = *what;
    l->next = NULL;
    while (*end != NULL)
        end = &(*end)->next;
    *end = l;
    return true;
}

/* A posting's amount without lots: of those in transit, else it waits. */
static bool take_loose_posting(struct taking *x, uint32_t unit, enum class class, int64_t amount)
{
    for (struct loose *l = x->lots; l != NULL && amount != 0; l = l->next) {
        int64_t part = l->unit == unit ? cover(l, amount) : 0;
        struct tb_cohort *c = part != 0 ? cohort_of(x->b, unit, l->month) : NULL;
        if (c == NULL)
            continue;
        count(c, class, part);
        l->amount -= part;
        amount -= part;
    }
    return amount == 0 || keep(x, &x->postings, &(struct loose){.amount = amount, .unit = unit, .class = class});
}

/* Lots without a class: of a posting that waits, against lots that went the other way, else in transit. */
static bool take_loose_lots(struct taking *x, uint32_t unit, int32_t month, int64_t amount)
{
    for (struct loose *l = x->postings; l != NULL && amount != 0; l = l->next) {
        int64_t part = l->unit == unit ? cover(l, amount) : 0;
        struct tb_cohort *c = part != 0 ? cohort_of(x->b, unit, month) : NULL;
        if (c == NULL)
            continue;
        count(c, l->class, part);
        l->amount -= part;
        amount -= part;
    }
    for (struct loose *l = x->lots; l != NULL && amount != 0; l = l->next) {
        if (l->unit != unit || l->month != month || l->amount == 0 || (l->amount < 0) == (amount < 0))
            continue;
        int64_t part = magnitude(l->amount) < magnitude(amount) ? -l->amount : amount;
        l->amount += part;
        amount -= part;
    }
    return amount == 0 || keep(x, &x->lots, &(struct loose){.amount = amount, .unit = unit, .month = month});
}

/* ---- what a cohort's units were given for ------------------------------------------------------------------ */

/* A new estimate or face: what was issued under the old one keeps its deferral. */
static void renew_open(struct tb_cohort *c, const struct tb_books_unit *u)
{
    if (c->open.face_ppm == u->face_ppm && c->open.expected_ppm == u->expected_ppm)
        return;
    struct tb_books_value v;
    struct tb_cohort issued_only = *c; /* deferral depends on nothing else */
    tb_books_value(&issued_only, u, &v);
    for (uint32_t i = 0; i < TB_BOOKS_ORIGINS && c->issued > 0; i++)
        c->deferred[i] = v.deferred[i];
    c->open = (struct tb_books_open){.face_ppm = u->face_ppm, .expected_ppm = u->expected_ppm};
}

static bool note_earned(struct taking *x, uint32_t unit, int32_t month, int64_t units)
{
    struct earned *e = x->earned;
    while (e != NULL && (e->unit != unit || e->month != month))
        e = e->next;
    if (e == NULL) {
        e = TB_NEW(x->scratch, struct earned);
        if (e == NULL)
            return false;
        *e = (struct earned){.next = x->earned, .unit = unit, .month = month};
        x->earned = e;
    }
    e->units += units;
    return true;
}

static bool note_issue(struct taking *x, const struct tb_ev_posted *ev, int32_t month, int64_t units)
{
    const struct tb_books_unit *u = tb_books_unit(x->b, (uint32_t)ev->unit);
    struct tb_cohort *c = u ? cohort_of(x->b, u->unit, month) : NULL;
    if (c == NULL)
        return !x->b->full;
    renew_open(c, u);
    if (ev->order != 0 && ev->order == x->order && ev->cause == TB_CAUSE_EARN)
        return note_earned(x, u->unit, month, units);
    c->open.granted += units;
    return true;
}

static __int128 stand_alone(const struct tb_books_unit *u, int64_t units)
{
    if (u->kind != TB_UNIT_POINTS && u->kind != TB_UNIT_COUPON)
        return 0;
    return (__int128)units * u->face_ppm * u->expected_ppm / 1000000;
}

/* The order's price is shared by the goods and all that they earned. */
static void share_sale(struct taking *x)
{
    __int128 all = 0;
    for (const struct earned *e = x->earned; e != NULL; e = e->next)
        all += stand_alone(tb_books_unit(x->b, e->unit), e->units);
    for (const struct earned *e = x->earned; e != NULL; e = e->next) {
        const struct tb_books_unit *u = tb_books_unit(x->b, e->unit);
        struct tb_cohort *c = cohort_of(x->b, e->unit, e->month);
        if (c == NULL)
            return;
        c->open.sales += x->sales;
        c->open.sold += e->units;
        c->open.other += all - stand_alone(u, e->units);
    }
}

/* ---- events --------------------------------------------------------------------------------------------- */

static bool take_posted(struct taking *x, const struct tb_ev_posted *ev)
{
    enum class class = class_of(ev);
    bool passing = class == PASSING;
    int64_t rest = ev->amount;
    for (uint32_t i = 0; i < ev->lot_n; i++) {
        const struct tb_ev_lot_change *l = &ev->lot[i];
        int32_t month = month_of((int32_t)l->earned_day);
        struct tb_cohort *c = cohort_of(x->b, (uint32_t)ev->unit, month);
        if (c == NULL)
            return false;
        c->left += l->amount;
        rest -= l->amount;
        if (passing && !take_loose_lots(x, c->unit, month, l->amount))
            return false;
        if (passing)
            continue;
        count(c, class, l->amount);
        if (class == ISSUED && !note_issue(x, ev, month, l->amount))
            return false;
    }
    return passing || rest == 0 || take_loose_posting(x, (uint32_t)ev->unit, class, rest);
}

/* Lots that paid a debt of their own profile. */
static bool pay_debt(struct tb_books *b, uint32_t unit, int32_t month, int64_t paid, bool lots_counted)
{
    struct tb_cohort *c = cohort_of(b, unit, month);
    if (c == NULL)
        return false;
    c->clawed += paid;
    if (!lots_counted)
        c->left -= paid;
    struct tb_cohort *debt = cohort_of(b, unit, TB_BOOKS_DEBT);
    if (debt == NULL)
        return false;
    debt->clawed -= paid;
    debt->left += paid;
    return true;
}

static bool take_settled(struct taking *x, const struct tb_ev_lots_settled *ev)
{
    for (uint32_t i = 0; i < ev->lot_n; i++)
        if (ev->lot[i].amount != 0 &&
            !pay_debt(x->b, (uint32_t)ev->unit, month_of((int32_t)ev->lot[i].earned_day), -ev->lot[i].amount, false))
            return false;
    return true;
}

static bool take_unit(struct tb_books *b, const struct tb_ev_unit_put *ev)
{
    uint32_t at = unit_place(b, (uint32_t)ev->id);
    const struct tb_books_unit *old = tb_books_unit(b, (uint32_t)ev->id);
    bool bonus = old != NULL && old->bonus;
    if (old == NULL) {
        if (b->unit_n == b->unit_cap) {
            b->full = true;
            return false;
        }
        memmove(&b->unit[at + 1], &b->unit[at], (b->unit_n - at) * sizeof *b->unit);
        b->unit_n++;
    }
    struct tb_books_unit *u = &b->unit[at];
    *u = (struct tb_books_unit){.unit = (uint32_t)ev->id,
                                .kind = (uint32_t)ev->kind,
                                .face_ppm = (int64_t)ev->face_ppm,
                                .expected_ppm = ev->expected_ppm ? (int64_t)ev->expected_ppm : 1000000,
                                .bonus = bonus};
    if (u->face_ppm == 0 && (u->kind == TB_UNIT_STORED_VALUE || u->kind == TB_UNIT_GIFT_CARD))
        u->face_ppm = 1000000;
    memcpy(u->code, ev->code.p, ev->code.n < sizeof u->code ? ev->code.n : sizeof u->code - 1);
    return true;
}

#define UNIT_PUT_BONUS_UNIT 44u /* UnitPut.bonus_unit */

/* A unit of stored value names the one that its top-ups give besides. */
static void mark_bonus(struct tb_books *b, struct tb_str body)
{
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&body, &field, &v, &s, &bad)) {
        uint32_t at = field == UNIT_PUT_BONUS_UNIT ? unit_place(b, (uint32_t)v) : b->unit_n;
        if (at < b->unit_n && b->unit[at].unit == v)
            b->unit[at].bonus = true;
    }
}

/* The order that an entry placed, and what of it is the price of what it earned. */
static bool find_order(struct taking *x, struct tb_str list)
{
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    while (tb_event_next(&list, &type, &body, &bad)) {
        if (type == TB_EVENT_ORDER_PLACED) {
            struct tb_ev_order_placed ev;
            if (!tb_ev_order_placed_decode(body, x->scratch, &ev))
                return false;
            x->order = ev.order;
            x->sales = ev.net;
        } else if (type == TB_EVENT_ORDER_PRICED) {
            struct tb_ev_order_priced ev;
            if (!tb_ev_order_priced_decode(body, x->scratch, &ev))
                return false;
            x->sales = ev.earn_base;
        }
    }
    return !bad;
}

static bool take_event(struct taking *x, uint32_t type, struct tb_str body)
{
    if (type == TB_EVENT_POSTED) {
        struct tb_ev_posted ev;
        return tb_ev_posted_decode(body, x->scratch, &ev) && take_posted(x, &ev);
    }
    if (type == TB_EVENT_LOTS_SETTLED) {
        struct tb_ev_lots_settled ev;
        return tb_ev_lots_settled_decode(body, x->scratch, &ev) && take_settled(x, &ev);
    }
    if (type == TB_EVENT_UNIT_PUT) {
        struct tb_ev_unit_put ev;
        bool ok = tb_ev_unit_put_decode(body, x->scratch, &ev) && take_unit(x->b, &ev);
        mark_bonus(x->b, body);
        return ok;
    }
    return true;
}

/* A transfer is undone, and the receiver gives lots of another month than those that come back: what was
 * redeemed of the first is taken to have been of the second. */
static void swap_months(struct taking *x, struct loose *in)
{
    for (struct loose *l = x->lots; l != NULL && in->amount > 0; l = l->next) {
        if (l->unit != in->unit || l->amount >= 0)
            continue;
        int64_t part = in->amount < -l->amount ? in->amount : -l->amount;
        struct tb_cohort *c = cohort_of(x->b, in->unit, in->month);
        if (c != NULL)
            count(c, REDEEMED, part);
        c = cohort_of(x->b, l->unit, l->month);
        if (c != NULL)
            count(c, REDEEMED, -part);
        in->amount -= part;
        l->amount += part;
    }
}

/* Lots that nothing explains but a debt, and postings that made one or paid one without lots. */
static bool end_loose(struct taking *x)
{
    for (struct loose *l = x->lots; l != NULL; l = l->next)
        if (l->amount > 0)
            swap_months(x, l);
    for (const struct loose *l = x->lots; l != NULL; l = l->next)
        if (l->amount < 0 && !pay_debt(x->b, l->unit, l->month, -l->amount, true))
            return false;
    for (const struct loose *l = x->postings; l != NULL; l = l->next) {
        struct tb_cohort *debt = l->amount != 0 ? cohort_of(x->b, l->unit, TB_BOOKS_DEBT) : NULL;
        if (debt == NULL)
            continue;
        debt->clawed -= l->amount;
        debt->left += l->amount;
    }
    return !x->b->full;
}

bool tb_books_take(struct tb_books *b, struct tb_str events, struct tb_arena *scratch)
{
    struct taking x = {.b = b, .scratch = scratch};
    struct tb_str list = events;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    if (b->full || !find_order(&x, events))
        return false;
    while (tb_event_next(&list, &type, &body, &bad))
        if (!take_event(&x, type, body))
            return false;
    if (bad || !end_loose(&x))
        return false;
    share_sale(&x);
    b->entries++;
    return !b->full;
}
