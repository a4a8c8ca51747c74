// SPDX-License-Identifier: Apache-2.0
/* One offer on one state: thresholds, discount, caps, spread, and the state after it.
 *
 * Invariant: shares add up to the saving, no part falls below zero, and an offer that takes nothing off
 * leaves no trace. Groups are formed in group.c.                                                  */
#include "core/price/price_int.h"

#include <string.h>

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What an order cap and a partial budget leave of an amount. */
static int64_t limited(const struct tb_offer *o, int64_t amount)
{
    if (o->cap_order > 0)
        amount = least(amount, o->cap_order);
    if (o->budget_rule == TB_PRICE_BUDGET_PARTIAL)
        amount = least(amount, o->budget);
    return amount;
}

/* Keeps the first `n` parts in the order the picks have; what is left of them. */
static int64_t keep_first(struct tb_picks *v, uint32_t n)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        struct tb_pick *k = &v->at[i];
        if (n == 0) {
            v->n = i;
            break;
        }
        k->n = k->n < n ? k->n : (uint16_t)n;
        n -= k->n;
        sum += k->left * k->n;
    }
    return sum;
}

static int64_t times_off(int64_t times, int64_t off)
{
    int64_t all;
    return tb_mul(times, off, &all) ? least(all, TB_PRICE_MONEY_MAX) : TB_PRICE_MONEY_MAX;
}

/* Steps of a ladder for `total` in scope: the discount; notes times and what the next step lacks. */
static int64_t ladder(const struct tb_offer *o, struct tb_effect *e)
{
    int64_t total = o->by_pieces ? (int64_t)e->count : e->sum;
    uint32_t reached = 0;
    while (reached < o->step_n && o->step[reached].at <= total)
        reached++;
    e->next_missing = reached < o->step_n ? o->step[reached].at - total : 0;
    if (reached == 0)
        return 0;
    const struct tb_price_step *top = &o->step[reached - 1];
    if (!o->every) {
        e->applications = 1;
        return top->ppm > 0 ? tb_price_rate(e->sum, top->ppm, o->rounding) : top->off;
    }
    int64_t off = 0;
    int64_t rest = total;
    uint32_t most = tb_price_groups_max(o);
    for (uint32_t i = reached; i > 0 && e->applications < most; i--) {
        int64_t times = least(rest / o->step[i - 1].at, most - e->applications);
        off = least(off + times_off(times, o->step[i - 1].off), TB_PRICE_MONEY_MAX);
        rest -= times * o->step[i - 1].at;
        e->applications += (uint32_t)times;
    }
    if (reached == o->step_n && e->applications < most)
        e->next_missing = o->step[0].at - rest;
    return off;
}

/* Nothing but the sum in scope decides the saving. */
static bool by_sum(const struct tb_offer *o)
{
    bool together = o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT ||
                    o->mechanic == TB_PRICE_LADDER;
    return together && o->scope == NULL && !o->one_per_product && !o->initial && o->max_units == 0 &&
           o->cap_unit == 0 && o->cap_line == 0;
}

/* One discount over all parts concerned, and no caps on parts or lines: what is saved needs no shares. */
static bool by_total(const struct tb_offer *o)
{
    return (o->mechanic == TB_PRICE_AMOUNT || o->mechanic == TB_PRICE_PERCENT || o->mechanic == TB_PRICE_LADDER) &&
           o->cap_unit == 0 && o->cap_line == 0;
}

/* AMOUNT, PERCENT, LADDER: one discount over all parts concerned. total_only: it is by_total, and no shares are
 * wanted.                                                                                             */
static void one_spread(const struct tb_offer *o, struct tb_picks *v, struct tb_effect *e, bool total_only)
{
    int64_t sum = e->sum;
    if (o->max_units > 0 && o->max_units < v->count) {
        tb_price_sort(v, 0, o->initial ? TB_PICK_LIST : TB_PICK_TOP);
        sum = keep_first(v, o->max_units);
    }
    int64_t off = o->amount;
    e->applications = 1;
    if (o->mechanic == TB_PRICE_LADDER) {
        e->applications = 0;
        off = ladder(o, e);
    } else if (o->mechanic == TB_PRICE_PERCENT) {
        int64_t base = sum;
        if (o->initial) {
            base = 0;
            for (uint32_t i = 0; i < v->n; i++)
                base += v->at[i].list * v->at[i].n;
        }
        off = tb_price_rate(base, o->ppm, o->rounding);
    }
    off = limited(o, least(off, sum));
    if (total_only) {
        e->strict_short = o->budget_rule == TB_PRICE_BUDGET_STRICT && off > o->budget;
        e->saving = e->strict_short || off < 0 ? 0 : off;
        return;
    }
    if (off > 0) {
        tb_price_weigh(v, 0, false);
        tb_price_spread(v, 0, off);
    } else {
        v->n = 0;
    }
}

/* AMOUNT_EACH, FIXED, TABLE: part by part. */
static void each_part(const struct tb_price_plan *p, const struct tb_offer *o, struct tb_picks *v, struct tb_effect *e)
{
    uint32_t kept = 0;
    uint32_t parts = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        struct tb_pick *k = &v->at[i];
        int64_t off = o->amount;
        if (o->mechanic != TB_PRICE_AMOUNT_EACH) {
            int64_t target = tb_price_target(p, o, k->line);
            off = target < 0 ? 0 : (o->initial ? k->list : k->left) - target;
        }
        if (off <= 0)
            continue;
        v->at[kept] = *k;
        v->at[kept].each = least(off, k->left);
        parts += k->n;
        kept++;
    }
    v->n = kept;
    e->applications = 1;
    if (o->max_units > 0 && o->max_units < parts) {
        tb_price_sort(v, 0, TB_PICK_EACH);
        (void)keep_first(v, o->max_units);
    }
}

/* The part of a line's shares beyond cap_line goes from its last piece on. */
static void cut_lines(struct tb_picks *v, int64_t cap)
{
    int64_t room = cap;
    for (uint32_t i = 0; i < v->n; i++) {
        struct tb_pick *k = &v->at[i];
        room = i == 0 || v->at[i - 1].line != k->line ? cap : room;
        if (k->each == 0)
            continue;
        int64_t full = least(k->n, room / k->each);
        if (full == k->n) {
            room -= full * k->each;
            continue;
        }
        /* full pieces, one with the rest of the room, none for the others */
        uint32_t others = (uint32_t)(k->n - full);
        struct tb_pick tail = *k;
        int64_t last = room - full * k->each;
        room = 0;
        if (full == 0 && others == 1) {
            k->each = last;
            continue;
        }
        uint32_t pieces[3] = {(uint32_t)full, 1, others - 1};
        int64_t each[3] = {k->each, last, 0};
        uint32_t need = (uint32_t)(full > 0) + 1 + (others > 1) - 1;
        tb_assert(v->n + need <= v->max);
        for (uint32_t m = v->n; m > i + 1; m--)
            v->at[m - 1 + need] = v->at[m - 1];
        v->n += need;
        uint32_t at = i;
        for (uint32_t s = 0; s < 3; s++) {
            if (pieces[s] == 0)
                continue;
            v->at[at] = tail;
            v->at[at].n = (uint16_t)pieces[s];
            v->at[at].each = each[s];
            tail.first = (uint16_t)(tail.first + pieces[s]);
            at++;
        }
        i = at - 1;
    }
}

static int64_t share_sum(const struct tb_picks *v)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < v->n; i++)
        sum += v->at[i].each * v->at[i].n;
    return sum;
}

/* Caps on shares, in order of place; the saving. */
static int64_t cut(const struct tb_offer *o, struct tb_picks *v, struct tb_effect *e)
{
    if (v->moved)
        tb_price_sort(v, 0, TB_PICK_PLACE);
    if (o->cap_unit > 0)
        for (uint32_t i = 0; i < v->n; i++)
            v->at[i].each = least(v->at[i].each, o->cap_unit);
    if (o->cap_line > 0)
        cut_lines(v, o->cap_line);
    int64_t sum = share_sum(v);
    int64_t most = limited(o, sum);
    if (most < sum && most > 0) {
        tb_price_weigh(v, 0, true);
        tb_price_spread(v, 0, most);
        if (v->moved)
            tb_price_sort(v, 0, TB_PICK_PLACE);
    }
    if (o->budget_rule == TB_PRICE_BUDGET_STRICT && most > o->budget) {
        e->strict_short = true;
        return 0;
    }
    return most;
}

/* The runs of the lines [from, to) as they are. */
static void copy_lines(const struct tb_price_state *in, uint32_t from, uint32_t to, struct tb_price_state *out)
{
    uint32_t shift = out->run_n - in->at[from]; /* modulo 2^32 */
    uint32_t n = (uint32_t)(in->at[to] - in->at[from]);
    for (uint32_t line = from; line < to; line++)
        out->at[line] = (uint16_t)(in->at[line] + shift);
    memcpy(out->run + out->run_n, in->run + in->at[from], n * sizeof out->run[0]);
    out->run_n += n;
}

/* Run i, and the picks from k on that are pieces of it; the first pick that is not. */
static uint32_t change_run(const struct tb_run *from, const struct tb_picks *v, uint32_t k, uint32_t i, bool take,
                           struct tb_price_state *out)
{
    uint32_t first = from->first;
    uint32_t end = first + from->n;
    struct tb_run piece = *from;
    piece.taken |= take;
    for (; k < v->n && v->at[k].run == i; k++) {
        const struct tb_pick *pick = &v->at[k];
        if (pick->first > first) {
            struct tb_run as_it_was = *from;
            as_it_was.first = (uint16_t)first;
            as_it_was.n = (uint16_t)(pick->first - first);
            tb_price_emit(out, &as_it_was);
        }
        piece.first = pick->first;
        piece.n = pick->n;
        piece.left = from->left - pick->each;
        tb_assert(piece.left >= 0);
        tb_price_emit(out, &piece);
        first = (uint32_t)(pick->first + pick->n);
    }
    if (first < end) {
        struct tb_run as_it_was = *from;
        as_it_was.first = (uint16_t)first;
        as_it_was.n = (uint16_t)(end - first);
        tb_price_emit(out, &as_it_was);
    }
    return k;
}

static void commit(const struct tb_price_state *in, const struct tb_picks *v, uint32_t line_n, bool take,
                   int64_t saving, struct tb_price_state *out)
{
    uint32_t k = 0;
    uint32_t line = 0;
    out->run_n = 0;
    out->shipping = in->shipping;
    out->goods = in->goods - saving;
    out->count = in->count;
    while (k < v->n) {
        uint32_t changed = v->at[k].line;
        copy_lines(in, line, changed, out);
        out->at[changed] = (uint16_t)out->run_n;
        line = changed + 1;
        for (uint32_t i = in->at[changed]; i < in->at[line]; i++) {
            if (k < v->n && v->at[k].run == i)
                k = change_run(&in->run[i], v, k, i, take, out);
            else
                out->run[out->run_n++] = in->run[i];
        }
    }
    copy_lines(in, line, line_n, out);
    out->at[line_n] = (uint16_t)out->run_n;
    tb_assert(out->goods >= 0);
}

static void copy_state(const struct tb_price_state *in, uint32_t line_n, struct tb_price_state *out)
{
    out->run_n = 0;
    out->shipping = in->shipping;
    out->goods = in->goods;
    out->count = in->count;
    copy_lines(in, 0, line_n, out);
    out->at[line_n] = (uint16_t)out->run_n;
}

static void on_shipping(const struct tb_offer *o, const struct tb_price_state *in, uint32_t line_n,
                        struct tb_price_state *out, struct tb_effect *e)
{
    int64_t off = o->amount;
    if (o->mechanic == TB_PRICE_PERCENT)
        off = tb_price_rate(in->shipping, o->ppm, o->rounding);
    else if (o->mechanic == TB_PRICE_FIXED)
        off = in->shipping - o->amount;
    off = limited(o, least(off, in->shipping));
    if (o->budget_rule == TB_PRICE_BUDGET_STRICT && off > o->budget) {
        e->strict_short = true;
        return;
    }
    if (off <= 0)
        return;
    e->saving = off;
    e->in_force = true;
    e->applications = 1;
    if (out == NULL)
        return;
    copy_state(in, line_n, out);
    out->shipping = in->shipping - off;
}

static void perk(const struct tb_offer *o, const struct tb_price_state *in, uint32_t line_n,
                 struct tb_price_state *out, struct tb_effect *e)
{
    e->in_force = true;
    e->applications = 1;
    if (o->mechanic == TB_PRICE_GIFT) {
        if (o->every)
            e->applications = (uint32_t)least(e->sum / o->min_amount,
                                              least(tb_price_groups_max(o), TB_PRICE_COUNT_MAX));
        e->gift_units = e->applications * o->get;
    }
    if (out == NULL)
        return;
    copy_state(in, line_n, out);
}

void tb_price_effect(struct tb_price_plan *p, uint32_t j, const struct tb_price_state *in,
                     struct tb_price_state *out, struct tb_effect *e)
{
    const struct tb_offer *o = p->offer[j];
    *e = (struct tb_effect){0};
    struct tb_picks *v = &p->pick;
    bool alone = out == NULL && !p->shares;
    bool sum_only = by_sum(o) && (p->quick || alone);
    bool total_only = sum_only || (alone && by_total(o));
    if (sum_only || (o->scope == NULL && (o->level == TB_PRICE_SHIPPING || tb_price_is_perk(o)))) {
        v->n = in->run_n;
        v->sum = in->goods;
        v->count = in->count;
    } else if (tb_price_by_sum_in_scope(o) && (total_only || o->level == TB_PRICE_SHIPPING || tb_price_is_perk(o))) {
        tb_price_sum(p, o, in);
    } else {
        tb_price_gather(p, o, in);
    }
    e->sum = v->sum;
    e->count = v->count;
    if (v->n == 0 || v->count == 0 || v->sum < o->min_amount || v->count < o->min_pieces)
        return;
    if (o->level == TB_PRICE_SHIPPING || tb_price_is_perk(o)) {
        if (tb_price_is_perk(o))
            perk(o, in, p->basket->line_n, out, e);
        else
            on_shipping(o, in, p->basket->line_n, out, e);
        return;
    }
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
    case TB_PRICE_PERCENT:
    case TB_PRICE_LADDER:
        one_spread(o, v, e, total_only);
        if (total_only) {
            e->in_force = e->saving > 0;
            if (e->in_force && out != NULL)
                tb_price_take_off_all(p, in, e->saving, out);
            return;
        }
        break;
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
        each_part(p, o, v, e);
        break;
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
    case TB_PRICE_BUY_GET:
    case TB_PRICE_BUNDLE:
        v = &p->part;
        (void)tb_price_groups(p, o, e);
        break;
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        break;
    }
    e->saving = cut(o, v, e);
    if (e->saving <= 0) {
        e->saving = 0;
        return;
    }
    e->in_force = true;
    e->picks = v;
    if (out != NULL)
        commit(in, v, p->basket->line_n, tb_price_takes(o), e->saving, out);
}
