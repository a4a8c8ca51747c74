// SPDX-License-Identifier: Apache-2.0
/* What is known of a basket and its offers before anything is decided: order of application, who
 * excludes whom, who may touch whom, equal twins, and the workspace cut into its arrays.
 *
 * Invariant: masks are in order of application, bit j = offer[j].                            */
#include "core/price/price_int.h"

#define SPARE 8

static size_t round_16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

struct layout {
    size_t pick, part, level, level_at, line, line_in, line_rated, rate, made, share, size;
};

static struct layout lay(size_t lines, size_t parts, size_t offers)
{
    struct layout l;
    size_t picks = round_16((parts + SPARE) * sizeof(struct tb_pick));
    l.pick = 0;
    l.part = picks;
    l.line = l.part + picks;
    l.line_in = l.line + round_16((lines + 1) * sizeof(struct tb_price_line));
    l.line_rated = l.line_in + round_16((lines + 1) * sizeof(uint64_t));
    l.rate = l.line_rated + round_16((lines + 1) * sizeof(uint64_t));
    l.made = l.rate + round_16(offers * lines * sizeof(uint32_t));
    l.level = l.made + round_16((2 * offers + 1) * sizeof(struct tb_offer));
    size_t levels = offers + 3 + TB_PRICE_ISLAND + 1;
    l.level_at = l.level + round_16(levels * (parts + 1) * sizeof(struct tb_run));
    l.share = l.level_at + round_16(levels * (lines + 1) * sizeof(uint16_t));
    l.size = l.share + round_16((offers * parts + 1) * sizeof(struct tb_price_share));
    return l;
}

size_t tb_price_work_bytes(uint32_t lines, uint32_t parts, uint32_t offers)
{
    return lay(lines, parts, offers).size;
}

static bool cut_work(struct tb_price_plan *p, const struct tb_price_work *work, uint32_t lines, uint32_t offers)
{
    struct layout l = lay(lines, p->part_n, offers);
    if (work->size < l.size)
        return false;
    tb_assert(((uintptr_t)work->region & 15) == 0);
    uint8_t *base = work->region;
    p->pick = (struct tb_picks){.at = (struct tb_pick *)(void *)(base + l.pick), .max = p->part_n + SPARE};
    p->part = (struct tb_picks){.at = (struct tb_pick *)(void *)(base + l.part), .max = p->part_n + SPARE};
    p->line = (struct tb_price_line *)(void *)(base + l.line);
    p->line_in = (uint64_t *)(void *)(base + l.line_in);
    p->line_rated = (uint64_t *)(void *)(base + l.line_rated);
    p->rate = (uint32_t *)(void *)(base + l.rate);
    p->made = (struct tb_offer *)(void *)(base + l.made);
    p->level = (struct tb_run *)(void *)(base + l.level);
    p->level_at = (uint16_t *)(void *)(base + l.level_at);
    p->share = (struct tb_price_share *)(void *)(base + l.share);
    p->share_max = offers * p->part_n;
    p->levels = offers + 3;
    return true;
}

struct tb_price_state tb_price_level(const struct tb_price_plan *p, uint32_t level)
{
    tb_assert(level < p->levels + TB_PRICE_ISLAND + 1);
    return (struct tb_price_state){.run = p->level + (size_t)level * (p->part_n + 1),
                                   .at = p->level_at + (size_t)level * (p->basket->line_n + 1)};
}

static enum tb_price_rule rule_of(const struct tb_price_plan *p, const struct tb_offer *o)
{
    return o->group < p->basket->group_n ? p->basket->group[o->group] : TB_PRICE_STACKABLE;
}

static int64_t lapse(const struct tb_offer *o)
{
    return o->coupon == TB_PRICE_RULE ? INT64_MIN : o->expires_ms;
}

static bool applies_before(const struct tb_offer *a, const struct tb_offer *b)
{
    if (a->level != b->level)
        return a->level < b->level;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence;
    if (lapse(a) != lapse(b))
        return lapse(a) < lapse(b);
    return a < b;
}

/* a is preferred to b among sets of equal key; i, k: their places in order of application. */
static bool preferred(const struct tb_offer *a, uint32_t i, const struct tb_offer *b, uint32_t k)
{
    bool coupon = a->coupon != TB_PRICE_RULE;
    if (coupon != (b->coupon != TB_PRICE_RULE))
        return coupon;
    if (coupon && a->expires_ms != b->expires_ms)
        return a->expires_ms < b->expires_ms;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence;
    return i < k;
}

/* A caller's offers mostly come by sequence: level by level, and preference in that order, little has to move. */
static void put_in_order(struct tb_price_plan *p)
{
    uint32_t n = p->n;
    uint32_t placed = 0;
    for (enum tb_price_level level = TB_PRICE_ITEM; level <= TB_PRICE_SHIPPING; level++)
        for (uint32_t i = 0; i < n; i++) {
            const struct tb_offer *o = &p->caller[i];
            if (o->level != level)
                continue;
            uint32_t k = placed++;
            for (; k > 0 && applies_before(o, p->offer[k - 1]); k--)
                p->offer[k] = p->offer[k - 1];
            p->offer[k] = o;
        }
    tb_assert(placed == n);
    uint8_t sorted[TB_PRICE_OFFERS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        p->origin[i] = (uint8_t)(p->offer[i] - p->caller);
        p->position[p->origin[i]] = (uint8_t)i;
    }
    for (uint32_t c = 0; c < n; c++) {
        uint32_t i = p->position[c];
        uint32_t k = c;
        for (; k > 0 && preferred(p->offer[i], i, p->offer[sorted[k - 1]], sorted[k - 1]); k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < n; i++)
        p->rank[sorted[i]] = (uint8_t)(63 - i);
}

/* The same in everything but expiry and sequence. */
static bool equal(const struct tb_offer *a, const struct tb_offer *b)
{
    if (a->mechanic != b->mechanic || a->amount != b->amount || a->ppm != b->ppm || a->scope != b->scope ||
        a->scope_y != b->scope_y || a->line_price != b->line_price || a->coupon != b->coupon ||
        a->group != b->group || a->level != b->level)
        return false;
    if (a->budget_rule != b->budget_rule || a->budget != b->budget || a->rounding != b->rounding ||
        a->one_per_product != b->one_per_product || a->initial != b->initial || a->every != b->every ||
        a->by_pieces != b->by_pieces || a->overall != b->overall || a->same_line != b->same_line)
        return false;
    if (a->need != b->need || a->get != b->get || a->step_n != b->step_n || a->slot_n != b->slot_n ||
        a->min_amount != b->min_amount || a->min_pieces != b->min_pieces || a->cap_unit != b->cap_unit ||
        a->cap_line != b->cap_line || a->cap_order != b->cap_order || a->max_units != b->max_units ||
        a->max_applications != b->max_applications || a->worth != b->worth)
        return false;
    for (uint32_t i = 0; i < a->step_n; i++)
        if (a->step[i].at != b->step[i].at || a->step[i].off != b->step[i].off || a->step[i].ppm != b->step[i].ppm)
            return false;
    for (uint32_t i = 0; i < a->slot_n; i++)
        if (a->slot[i].scope != b->slot[i].scope || a->slot[i].count != b->slot[i].count)
            return false;
    return true;
}

static bool same_lines(const uint64_t *a, const uint64_t *b, uint32_t line_n)
{
    for (uint32_t w = 0; w * 64 < line_n; w++) {
        uint64_t mask = tb_price_word(line_n, w);
        if (((a == NULL ? mask : a[w]) & mask) != ((b == NULL ? mask : b[w]) & mask))
            return false;
    }
    return true;
}

static void buy_get_of_one_scope(struct tb_price_plan *p, uint32_t j)
{
    const struct tb_offer *o = p->offer[j];
    if (o->mechanic != TB_PRICE_BUY_GET || !same_lines(o->scope, o->scope_y, p->basket->line_n))
        return;
    struct tb_offer *made = &p->made[p->made_n++];
    *made = *o;
    made->mechanic = TB_PRICE_CHEAPEST;
    made->overall = true;
    made->need = o->need + o->get;
    p->offer[j] = made;
}

static void who_excludes_whom(struct tb_price_plan *p)
{
    uint64_t all = p->n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << p->n) - 1;
    p->coupons = p->singles = p->alone = p->best_of = p->twins = p->shipping = p->perks = 0;
    for (uint32_t j = 0; j < p->n; j++) {
        const struct tb_offer *o = p->offer[j];
        uint64_t bit = UINT64_C(1) << j;
        p->coupons |= o->coupon != TB_PRICE_RULE ? bit : 0;
        p->singles |= o->coupon == TB_PRICE_SINGLE ? bit : 0;
        p->alone |= rule_of(p, o) == TB_PRICE_EXCLUSIVE ? bit : 0;
        p->best_of |= rule_of(p, o) == TB_PRICE_BEST_OF ? bit : 0;
        p->perks |= tb_price_is_perk(o) ? bit : 0;
        p->shipping |= o->level == TB_PRICE_SHIPPING ? bit : 0;
        if (j > 0 && p->rank[j] < p->rank[j - 1] && equal(o, p->offer[j - 1]))
            p->twins |= bit;
    }
    for (uint32_t j = 0; j < p->n; j++) {
        uint64_t bit = UINT64_C(1) << j;
        uint64_t no = p->alone & bit ? all : p->alone;
        if ((p->singles & bit) || (p->basket->coupons_max == 1 && (p->coupons & bit)))
            no |= p->coupons;
        else if (p->coupons & bit)
            no |= p->singles;
        p->peers[j] = bit;
        if (p->best_of & bit)
            for (uint64_t m = p->best_of; m != 0; m &= m - 1)
                if (p->offer[__builtin_ctzll(m)]->group == p->offer[j]->group)
                    p->peers[j] |= m & -m;
        no |= p->peers[j];
        p->conflict[j] = no & ~bit;
    }
}

/* Lines of an offer: word w of its scope, or of both. */
static uint64_t lines_of(const struct tb_offer *o, uint32_t w)
{
    return o->scope[w] | (o->mechanic == TB_PRICE_BUY_GET ? o->scope_y[w] : 0);
}

static void who_is_where(struct tb_price_plan *p)
{
    uint32_t line_n = p->basket->line_n;
    uint64_t some = 0;
    p->everywhere = 0;
    for (uint32_t i = 0; i < line_n; i++)
        p->line_in[i] = 0;
    for (uint32_t j = 0; j < p->n; j++) {
        const struct tb_offer *o = p->offer[j];
        p->meet[j] = UINT64_C(1) << j;
        p->inside[j] = 0;
        if (o->scope == NULL || (o->mechanic == TB_PRICE_BUY_GET && o->scope_y == NULL)) {
            p->everywhere |= UINT64_C(1) << j;
            continue;
        }
        p->inside[j] = ~UINT64_C(0);
        for (uint32_t w = 0; w * 64 < line_n; w++)
            for (uint64_t m = lines_of(o, w) & tb_price_word(line_n, w); m != 0; m &= m - 1)
                p->line_in[w * 64 + (uint32_t)__builtin_ctzll(m)] |= UINT64_C(1) << j;
    }
    for (uint32_t i = 0; i < line_n; i++) {
        some |= p->line_in[i];
        for (uint64_t m = p->line_in[i]; m != 0; m &= m - 1) {
            p->meet[__builtin_ctzll(m)] |= p->line_in[i];
            p->inside[__builtin_ctzll(m)] &= p->line_in[i];
        }
    }
    for (uint64_t m = some; m != 0; m &= m - 1)
        p->meet[__builtin_ctzll(m)] |= p->everywhere;
    for (uint64_t m = p->everywhere; m != 0; m &= m - 1)
        p->meet[__builtin_ctzll(m)] |= some | (line_n > 0 ? p->everywhere : 0);
}

/* Not only at the sum of all goods, and whether there are any. */
static bool looks_at_parts(const struct tb_offer *o)
{
    if (o->scope != NULL || o->one_per_product || o->initial || o->by_pieces || o->min_pieces > 0 ||
        o->max_units > 0 || o->cap_unit > 0 || o->cap_line > 0)
        return true;
    return o->level != TB_PRICE_SHIPPING && !tb_price_is_perk(o) && o->mechanic != TB_PRICE_AMOUNT &&
           o->mechanic != TB_PRICE_PERCENT && o->mechanic != TB_PRICE_LADDER;
}

/* Whom offer j may influence, or be influenced by; and whose effect it finds there. */
void tb_price_touch(struct tb_price_plan *p)
{
    p->isle_known = 0;
    p->wary = 0;
    p->by_part = 0;
    who_is_where(p);
    for (uint32_t j = 0; j < p->n; j++) {
        uint64_t bit = UINT64_C(1) << j;
        uint64_t t = p->conflict[j];
        uint64_t b = p->meet[j] & ~p->shipping;
        if (p->shipping & bit) {
            t |= p->shipping;
            b |= p->shipping;
        }
        t |= p->basket->coupons_max > 0 && (p->coupons & bit) ? p->coupons : 0;
        bool moves = (p->perks & bit) == 0 && (p->shipping & bit) == 0;
        p->minds[j] = (moves ? t | p->meet[j] : t) & ~bit;
        p->touch[j] = (t | p->meet[j]) & ~bit;
        p->by_part |= looks_at_parts(p->offer[j]) ? bit : 0;
        bool cheapest = p->offer[j]->mechanic == TB_PRICE_BUY_GET || p->offer[j]->overall;
        p->wary |= cheapest ? bit : 0;
        p->before[j] = b & (bit - 1) & ~p->perks & ~p->conflict[j];
    }
}

static void write_start(const struct tb_price_plan *p, struct tb_price_state *s)
{
    *s = tb_price_level(p, 0);
    s->shipping = p->basket->shipping;
    for (uint32_t i = 0; i < p->basket->line_n; i++) {
        const struct tb_basket_line *l = &p->basket->line[i];
        s->at[i] = (uint16_t)s->run_n;
        if (l->amount == 0)
            continue;
        int64_t n = l->whole ? 1 : l->quantity / 1000;
        int64_t high = l->amount % n;
        int64_t each = l->amount / n;
        if (high > 0)
            s->run[s->run_n++] = (struct tb_run){each + 1, each + 1, (uint16_t)i, 0, (uint16_t)high, 0};
        if (each > 0)
            s->run[s->run_n++] = (struct tb_run){each, each, (uint16_t)i, (uint16_t)high, (uint16_t)(n - high), 0};
    }
    tb_assert(s->run_n <= p->part_n);
    s->at[p->basket->line_n] = (uint16_t)s->run_n;
    tb_price_tally(s);
}

void tb_price_start(struct tb_price_plan *p, struct tb_price_state *s)
{
    if (!p->started)
        write_start(p, &p->start);
    p->started = true;
    *s = p->start;
}

/* Of every FIRST group all but the first that has an effect alone. */
static void only_the_first(struct tb_price_plan *p)
{
    p->excluded = 0;
    uint64_t done = 0;
    struct tb_price_state s;
    for (uint32_t j = 0; j < p->n; j++) {
        const struct tb_offer *o = p->offer[j];
        if (rule_of(p, o) != TB_PRICE_FIRST)
            continue;
        tb_price_start(p, &s);
        struct tb_effect e;
        if (done >> o->group & 1)
            p->excluded |= UINT64_C(1) << j;
        else
            tb_price_effect(p, j, &s, NULL, &e);
        if (!(done >> o->group & 1) && e.in_force)
            done |= UINT64_C(1) << o->group;
    }
}

enum tb_price_answer tb_price_plan_make(struct tb_price_plan *p, const struct tb_price_work *work,
                                        const struct tb_basket *b, const struct tb_offer *offer, uint32_t offer_n,
                                        uint32_t *at)
{
    enum tb_price_answer a = tb_price_check(b, offer, offer_n, &p->part_n, at);
    if (a != TB_PRICE_DONE)
        return a;
    p->basket = b;
    p->caller = offer;
    p->n = offer_n;
    p->made_n = 0;
    p->effective = 0;
    p->quick = false;
    p->shares = false;
    p->started = false;
    p->noting = false;
    p->noted = 0;
    if (!cut_work(p, work, b->line_n, offer_n))
        return TB_PRICE_WORK_TOO_SMALL;
    put_in_order(p);
    who_excludes_whom(p);
    for (uint32_t j = 0; j < p->n; j++)
        buy_get_of_one_scope(p, j);
    only_the_first(p);
    return TB_PRICE_DONE;
}

uint64_t tb_price_to_order(const struct tb_price_plan *p, uint64_t set)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < p->n; i++)
        mask |= (set >> i & 1) << p->position[i];
    return mask;
}

uint64_t tb_price_to_caller(const struct tb_price_plan *p, uint64_t mask)
{
    uint64_t set = 0;
    for (uint64_t m = mask; m != 0; m &= m - 1)
        set |= UINT64_C(1) << p->origin[__builtin_ctzll(m)];
    return set;
}

uint64_t tb_price_to_rank(const struct tb_price_plan *p, uint64_t mask)
{
    uint64_t rank = 0;
    for (uint64_t m = mask; m != 0; m &= m - 1)
        rank |= UINT64_C(1) << p->rank[__builtin_ctzll(m)];
    return rank;
}

bool tb_price_legal(const struct tb_price_plan *p, uint64_t mask)
{
    if (mask & p->excluded)
        return false;
    uint32_t most = p->basket->coupons_max;
    if (most > 0 && (uint32_t)__builtin_popcountll(mask & p->coupons) > most)
        return false;
    for (uint64_t m = mask; m != 0; m &= m - 1)
        if (p->conflict[__builtin_ctzll(m)] & mask)
            return false;
    return true;
}

int64_t tb_price_target(const struct tb_price_plan *p, const struct tb_offer *o, uint32_t line)
{
    int64_t target = o->mechanic == TB_PRICE_TABLE ? o->line_price[line] : o->amount;
    const struct tb_basket_line *l = &p->basket->line[line];
    if (target < 0 || !l->whole)
        return target;
    int64_t whole;
    return tb_mul_div(target, l->quantity, 1000, TB_ROUND_HALF_UP, &whole) ? whole : INT64_MAX;
}
