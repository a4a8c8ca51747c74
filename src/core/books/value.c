// SPDX-License-Identifier: Apache-2.0
/* What cohorts are worth, and the entries that a period's differences make. See books.h. */
#include "core/books/books.h"

#include "core/catalog/catalog.h"

const char *const tb_books_reasons[TB_BOOKS_REASONS] = {"deferral", "taken_back", "redemption", "breakage"};

const char *tb_books_account_text(enum tb_books_account account)
{
    switch (account) {
#define ACCOUNT_CASE(number, name, text) \
    case TB_BOOKS_##name:                \
        return text;
        TB_BOOKS_ACCOUNTS(ACCOUNT_CASE)
#undef ACCOUNT_CASE
    }
    return "";
}

/* n / d to the nearest, half up; n >= 0, d > 0. */
static int64_t nearest(__int128 n, __int128 d)
{
    return (int64_t)((n + d / 2) / d);
}

int64_t tb_books_allocate(int64_t sales, __int128 v_micro, __int128 w_micro)
{
    __int128 all = (__int128)sales * 1000000 + v_micro + w_micro;
    tb_assert(sales >= 0 && v_micro >= 0 && w_micro >= 0);
    /* sales <= 2^53 and values of some 2^73: the product stays below 2^127 */
    tb_assert(v_micro < (__int128)1 << 73);
    return all == 0 ? 0 : nearest(sales * v_micro, all);
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* What is still owed or was redeemed, of what was not taken back. */
static int64_t kept_units(const struct tb_cohort *c)
{
    return c->issued > c->clawed ? c->issued - c->clawed : 0;
}

int64_t tb_books_release(int64_t deferred, int64_t expected_ppm, const struct tb_cohort *c)
{
    tb_assert(deferred >= 0 && expected_ppm >= 0 && expected_ppm <= 1000000);
    int64_t kept = kept_units(c);
    int64_t outstanding = tb_cohort_outstanding(c);
    int64_t redeemed = clamp(c->redeemed, 0, kept);
    int64_t expected = nearest((__int128)kept * expected_ppm, 1000000);
    if (outstanding <= 0)
        return deferred; /* nobody can ask for anything any more */
    if (expected < redeemed)
        expected = redeemed;
    if (expected > redeemed + outstanding)
        expected = redeemed + outstanding;
    return expected == 0 ? 0 : nearest((__int128)deferred * redeemed, expected);
}

static __int128 value_micro(int64_t units, int64_t face_ppm, int64_t expected_ppm)
{
    return (__int128)units * face_ppm * expected_ppm / 1000000;
}

/* What its units under the present estimate defer, by origin. */
static void open_value(const struct tb_cohort *c, const struct tb_books_unit *u, int64_t out[TB_BOOKS_ORIGINS])
{
    const struct tb_books_open *o = &c->open;
    uint32_t kind = u->kind;
    out[TB_BOOKS_SALE] = out[TB_BOOKS_GRANT] = out[TB_BOOKS_CASH] = 0;
    if (u->bonus)
        return;
    if (kind == TB_UNIT_STORED_VALUE || kind == TB_UNIT_GIFT_CARD) {
        out[TB_BOOKS_CASH] = nearest(value_micro(o->sold + o->granted, o->face_ppm, 1000000), 1000000);
        return;
    }
    if (kind != TB_UNIT_POINTS && kind != TB_UNIT_COUPON)
        return;
    out[TB_BOOKS_SALE] = tb_books_allocate(o->sales, value_micro(o->sold, o->face_ppm, o->expected_ppm), o->other);
    if (kind == TB_UNIT_POINTS)
        out[TB_BOOKS_GRANT] = nearest(value_micro(o->granted, o->face_ppm, o->expected_ppm), 1000000);
}

void tb_books_value(const struct tb_cohort *c, const struct tb_books_unit *u, struct tb_books_value *out)
{
    int64_t now[TB_BOOKS_ORIGINS];
    int64_t kept = 0;
    *out = (struct tb_books_value){0};
    if (u == NULL || c->month == TB_BOOKS_DEBT || c->issued <= 0)
        return;
    open_value(c, u, now);
    int64_t clawed = clamp(c->clawed, 0, c->issued);
    for (uint32_t i = 0; i < TB_BOOKS_ORIGINS; i++) {
        out->deferred[i] = c->deferred[i] + now[i];
        out->taken_back[i] = nearest((__int128)out->deferred[i] * clawed, c->issued);
        kept += out->deferred[i] - out->taken_back[i];
    }
    int64_t released = tb_books_release(kept, u->expected_ppm, c);
    int64_t units = kept_units(c);
    if (units > 0)
        out->redeemed = nearest((__int128)kept * clamp(c->redeemed, 0, units), units);
    if (out->redeemed > released)
        out->redeemed = released;
    out->breakage = released - out->redeemed;
    out->liability = kept - released;
}

/* ---- entries ------------------------------------------------------------------------------------------ */

struct ending {
    tb_books_entry_fn fn;
    void *user;
    struct tb_books_entry e;
};

/* The difference goes the other way when it is negative. */
static void put(struct ending *x, enum tb_books_reason reason, enum tb_books_account debit,
                enum tb_books_account credit, int64_t amount)
{
    if (amount == 0 || x->fn == NULL)
        return;
    x->e.reason = reason;
    x->e.debit = amount > 0 ? debit : credit;
    x->e.credit = amount > 0 ? credit : debit;
    x->e.amount = amount > 0 ? amount : -amount;
    x->fn(x->user, &x->e);
}

static void end_cohort(struct ending *x, struct tb_cohort *c, const struct tb_books_unit *u)
{
    static const enum tb_books_account against[TB_BOOKS_ORIGINS] = {TB_BOOKS_SALES, TB_BOOKS_PROMOTION,
                                                                    TB_BOOKS_CLEARING};
    struct tb_books_value now;
    const struct tb_books_value *was = &c->booked;
    tb_books_value(c, u, &now);
    x->e.cohort = c;
    x->e.unit = u;
    for (uint32_t i = 0; i < TB_BOOKS_ORIGINS; i++) {
        x->e.origin = (enum tb_books_origin)i;
        put(x, TB_BOOKS_DEFERRED, against[i], TB_BOOKS_LIABILITY, now.deferred[i] - was->deferred[i]);
        put(x, TB_BOOKS_TAKEN_BACK, TB_BOOKS_LIABILITY, against[i], now.taken_back[i] - was->taken_back[i]);
    }
    bool cards = u != NULL && (u->kind == TB_UNIT_STORED_VALUE || u->kind == TB_UNIT_GIFT_CARD);
    x->e.origin = TB_BOOKS_SALE;
    put(x, TB_BOOKS_RELEASED, TB_BOOKS_LIABILITY, cards ? TB_BOOKS_CLEARING : TB_BOOKS_REDEEMED,
        now.redeemed - was->redeemed);
    put(x, TB_BOOKS_BROKEN, TB_BOOKS_LIABILITY, TB_BOOKS_BREAKAGE, now.breakage - was->breakage);
    c->booked = now;
}

void tb_books_end_period(struct tb_books *b, tb_books_entry_fn fn, void *user)
{
    struct ending x = {.fn = fn, .user = user};
    for (uint32_t i = 0; i < b->cohort_n; i++)
        end_cohort(&x, &b->cohort[i], tb_books_unit(b, b->cohort[i].unit));
}

uint32_t tb_books_breaks(const struct tb_books *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->cohort_n; i++)
        n += tb_cohort_outstanding(&b->cohort[i]) != b->cohort[i].left;
    return n;
}
