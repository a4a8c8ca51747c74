// SPDX-License-Identifier: Apache-2.0
/* Walks a certificate and believes nothing: every node is checked with the plain evaluator and the
 * checker's own bounds. The tree covers every legal set because at each position the offer is either
 * branched on, or shown unable to be in.                                                             */
#include "core/price/proof_int.h"

#include <string.h>

static size_t up_16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

struct carve {
    uint8_t *base;
    size_t used;
};

static void *piece(struct carve *v, size_t n, size_t size)
{
    void *p = v->base == NULL ? NULL : v->base + v->used;
    v->used += up_16(n * size);
    return p;
}

static size_t carve_all(struct plain *c, uint8_t *base, size_t lines, size_t parts, size_t offers)
{
    struct carve v = {base, 0};
    size_t wide = (parts > lines ? parts : lines) + 1;
    c->line = piece(&v, wide, sizeof *c->line);
    c->list = piece(&v, wide, sizeof *c->list);
    c->share = piece(&v, wide, sizeof *c->share);
    c->rest = piece(&v, wide, sizeof *c->rest);
    c->value = piece(&v, wide, sizeof *c->value);
    c->concerned = piece(&v, wide, 1);
    c->used = piece(&v, wide, 1);
    c->pick = piece(&v, wide, sizeof *c->pick);
    c->sorted = piece(&v, wide, sizeof *c->sorted);
    c->group = piece(&v, wide, sizeof *c->group);
    c->room = piece(&v, wide, sizeof *c->room);
    c->next = piece(&v, wide, sizeof *c->next);
    c->states = piece(&v, (offers + 3) * wide, sizeof *c->states);
    c->flags = piece(&v, (offers + 3) * wide, 1);
    return v.used;
}

size_t tb_proof_work_bytes(uint32_t lines, uint32_t parts, uint32_t offers)
{
    struct plain none;
    return carve_all(&none, NULL, lines, parts, offers);
}

struct plain_state plain_state_at(const struct plain *c, uint32_t depth)
{
    size_t wide = (c->part_n > c->basket->line_n ? c->part_n : c->basket->line_n) + 1;
    return (struct plain_state){.left = c->states + depth * wide, .taken = c->flags + depth * wide,
                                .shipping = c->basket->shipping};
}

void plain_start(const struct plain *c, struct plain_state *s)
{
    memcpy(s->left, c->list, c->part_n * sizeof *s->left);
    memset(s->taken, 0, c->part_n);
    s->shipping = c->basket->shipping;
}

void plain_copy(const struct plain *c, const struct plain_state *from, struct plain_state *to)
{
    memcpy(to->left, from->left, c->part_n * sizeof *to->left);
    memcpy(to->taken, from->taken, c->part_n);
    to->shipping = from->shipping;
}

static int64_t lapses(const struct tb_offer *o)
{
    return o->coupon == TB_PRICE_RULE ? INT64_MIN : o->expires_ms;
}

/* Order of application: level, sequence, expiry, index. */
static bool earlier(const struct tb_offer *a, const struct tb_offer *b)
{
    if (a->level != b->level)
        return a->level < b->level;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence;
    return lapses(a) != lapses(b) ? lapses(a) < lapses(b) : a < b;
}

/* Tie-break: coupons by expiry, then offers by sequence, then order of application. */
static bool dearer_to(const struct tb_offer *a, const struct tb_offer *b)
{
    if ((a->coupon != TB_PRICE_RULE) != (b->coupon != TB_PRICE_RULE))
        return a->coupon != TB_PRICE_RULE;
    if (lapses(a) != lapses(b))
        return lapses(a) < lapses(b);
    return a->sequence != b->sequence ? a->sequence < b->sequence : earlier(a, b);
}

static enum tb_price_rule rule_of(const struct plain *c, const struct tb_offer *o)
{
    return o->group < c->basket->group_n ? c->basket->group[o->group] : TB_PRICE_STACKABLE;
}

static void only_first(struct plain *c)
{
    uint64_t found = 0;
    c->not_first = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct tb_offer *o = &c->offer[c->order[i]];
        if (rule_of(c, o) != TB_PRICE_FIRST)
            continue;
        struct plain_state s = plain_state_at(c, 1);
        plain_start(c, &s);
        bool in_force = false;
        if (found >> o->group & 1)
            c->not_first |= UINT64_C(1) << c->order[i];
        else
            (void)plain_apply(c, o, &s, &in_force);
        found |= (uint64_t)in_force << o->group;
    }
}

bool plain_make(struct plain *c, const struct tb_price_work *work, const struct tb_basket *b,
                const struct tb_offer *offer, uint32_t offer_n)
{
    c->basket = b;
    c->offer = offer;
    c->n = offer_n;
    c->part_n = 0;
    for (uint32_t i = 0; i < b->line_n; i++)
        c->part_n += b->line[i].quantity == 0 ? 0 : b->line[i].whole ? 1 : (uint32_t)(b->line[i].quantity / 1000);
    if (carve_all(c, NULL, b->line_n, c->part_n, offer_n) > work->size)
        return false;
    (void)carve_all(c, work->region, b->line_n, c->part_n, offer_n);
    uint32_t u = 0;
    for (uint32_t i = 0; i < b->line_n; i++) {
        int64_t n = b->line[i].quantity == 0 ? 0 : b->line[i].whole ? 1 : b->line[i].quantity / 1000;
        for (int64_t k = 0; k < n; k++, u++) {
            c->line[u] = (uint16_t)i;
            c->list[u] = b->line[i].amount / n + (k < b->line[i].amount % n);
        }
    }
    for (uint32_t i = 0; i < offer_n; i++) {
        uint32_t place = 0;
        uint32_t better = 0;
        for (uint32_t k = 0; k < offer_n; k++) {
            place += k != i && earlier(&offer[k], &offer[i]);
            better += k != i && dearer_to(&offer[k], &offer[i]);
        }
        c->order[place] = (uint8_t)i;
        c->rank[i] = (uint8_t)(63 - better);
    }
    struct plain_state first = plain_state_at(c, 0);
    plain_start(c, &first);
    only_first(c);
    return true;
}

bool plain_legal(const struct plain *c, uint64_t set)
{
    uint32_t coupons = 0;
    uint32_t singles = 0;
    uint32_t all = 0;
    uint32_t exclusive = 0;
    uint64_t groups = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct tb_offer *o = &c->offer[i];
        if (!(set >> i & 1))
            continue;
        all++;
        coupons += o->coupon != TB_PRICE_RULE;
        singles += o->coupon == TB_PRICE_SINGLE;
        exclusive += rule_of(c, o) == TB_PRICE_EXCLUSIVE;
        if (rule_of(c, o) == TB_PRICE_BEST_OF && (groups >> o->group & 1))
            return false;
        if (rule_of(c, o) == TB_PRICE_BEST_OF)
            groups |= UINT64_C(1) << o->group;
    }
    bool room = c->basket->coupons_max == 0 || coupons <= c->basket->coupons_max;
    return (set & c->not_first) == 0 && room && (singles == 0 || coupons == 1) && (exclusive == 0 || all == 1);
}

static uint64_t ranks(const struct plain *c, uint64_t set)
{
    uint64_t r = 0;
    for (uint32_t i = 0; i < c->n; i++)
        r |= (set >> i & 1) << c->rank[i];
    return r;
}

enum tb_proof_answer tb_price_plain(struct tb_price_work *work, const struct tb_basket *basket,
                                    const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                    struct tb_plain_price *price)
{
    struct plain c;
    *price = (struct tb_plain_price){0};
    if ((offer_n < 64 && set >> offer_n != 0) || !plain_make(&c, work, basket, offer, offer_n))
        return TB_PROOF_BAD_INPUT;
    price->legal = plain_legal(&c, set);
    struct plain_state s = plain_state_at(&c, 1);
    plain_start(&c, &s);
    for (uint32_t i = 0; i < offer_n; i++) {
        const struct tb_offer *o = &offer[c.order[i]];
        bool in_force;
        if (!(set >> c.order[i] & 1))
            continue;
        int64_t saving = plain_apply(&c, o, &s, &in_force);
        price->in_force |= (uint64_t)in_force << c.order[i];
        price->key += in_force ? plain_key(o, saving) : 0;
    }
    price->payable = s.shipping;
    for (uint32_t u = 0; u < c.part_n; u++)
        price->payable += s.left[u];
    price->rank = ranks(&c, price->in_force);
    price->net = s.left;
    price->part_n = c.part_n;
    return TB_PROOF_HOLDS;
}

/* A node of the walk: the offers before `position` are decided. */
struct stand {
    uint64_t in;
    int64_t key;
    uint32_t position;
    uint32_t depth; /* of its state */
    bool out_next;  /* its in-branch is walked, the out-branch follows */
    bool effect;    /* the offer branched on has one */
};

struct walk {
    struct plain c;
    int64_t key;
    uint64_t rank;
    const struct tb_proof_claim *claim;
    uint32_t at;
    uint32_t n;
    int64_t shipping[TB_PRICE_OFFERS_MAX + 2];
    struct stand stand[TB_PRICE_OFFERS_MAX + 2];
    int64_t most[TB_PRICE_OFFERS_MAX];
};

static struct plain_state state_of(const struct walk *w, const struct stand *n)
{
    struct plain_state s = plain_state_at(&w->c, n->depth);
    s.shipping = w->shipping[n->depth];
    return s;
}

static bool same_scope(const struct tb_offer *a, const struct tb_offer *b)
{
    if (a->scope != b->scope || a->scope_y != b->scope_y || a->line_price != b->line_price ||
        a->step_n != b->step_n || a->slot_n != b->slot_n)
        return false;
    for (uint32_t i = 0; i < a->slot_n; i++)
        if (a->slot[i].scope != b->slot[i].scope || a->slot[i].count != b->slot[i].count)
            return false;
    for (uint32_t i = 0; i < a->step_n; i++)
        if (a->step[i].at != b->step[i].at || a->step[i].off != b->step[i].off || a->step[i].ppm != b->step[i].ppm)
            return false;
    return true;
}

/* Equal in all but expiry and sequence, next to each other in order, the first preferred. */
static bool twin_of_last(const struct plain *c, uint32_t position)
{
    if (position == 0)
        return false;
    const struct tb_offer *a = &c->offer[c->order[position - 1]];
    const struct tb_offer *b = &c->offer[c->order[position]];
    return c->rank[c->order[position - 1]] > c->rank[c->order[position]] && same_scope(a, b) &&
           a->mechanic == b->mechanic && a->level == b->level && a->coupon == b->coupon &&
           a->budget_rule == b->budget_rule && a->rounding == b->rounding && a->group == b->group &&
           a->one_per_product == b->one_per_product && a->initial == b->initial && a->every == b->every &&
           a->by_pieces == b->by_pieces && a->overall == b->overall && a->same_line == b->same_line &&
           a->amount == b->amount && a->ppm == b->ppm && a->need == b->need && a->get == b->get &&
           a->min_amount == b->min_amount && a->min_pieces == b->min_pieces && a->cap_unit == b->cap_unit &&
           a->cap_line == b->cap_line && a->cap_order == b->cap_order && a->max_units == b->max_units &&
           a->max_applications == b->max_applications && a->budget == b->budget && a->worth == b->worth;
}

/* The undecided that may still be in, from `position` on (the caller's bits); their bounds in w->most.
 * last_out: the offer before `position` is out.                                                    */
static uint64_t open_from(struct walk *w, const struct stand *n, uint32_t position, bool last_out)
{
    struct plain_state s = state_of(w, n);
    uint64_t open = 0;
    for (uint32_t i = position; i < w->c.n; i++) {
        uint32_t one = w->c.order[i];
        bool barred = last_out && twin_of_last(&w->c, i);
        w->most[one] = 0;
        uint64_t before = 0;
        for (uint32_t k = 0; k < w->c.n; k++)
            before |= (uint64_t)((open >> k & 1) && plain_precedes(&w->c, k, one)) << k;
        if (!barred && plain_legal(&w->c, n->in | UINT64_C(1) << one))
            w->most[one] = plain_most(&w->c, one, &s, before);
        last_out = w->most[one] == 0;
        open |= (uint64_t)(w->most[one] != 0) << one;
    }
    return open;
}

static bool last_is_out(const struct walk *w, const struct stand *n, uint32_t position)
{
    return position > 0 && !(n->in >> w->c.order[position - 1] & 1);
}

bool plain_covers(const struct tb_offer *o, uint32_t line)
{
    return plain_in(o->scope, line) || (o->mechanic == TB_PRICE_BUY_GET && plain_in(o->scope_y, line));
}

/* Linked by more than lines: a group, coupon rules, the shipping amount. */
static bool linked(const struct plain *c, uint32_t i, uint32_t k)
{
    const struct tb_offer *a = &c->offer[i];
    const struct tb_offer *b = &c->offer[k];
    bool coupons = a->coupon != TB_PRICE_RULE && b->coupon != TB_PRICE_RULE;
    return !plain_legal(c, UINT64_C(1) << i | UINT64_C(1) << k) || (coupons && c->basket->coupons_max > 0) ||
           (a->level == TB_PRICE_SHIPPING && b->level == TB_PRICE_SHIPPING);
}

bool plain_strangers(const struct plain *c, uint32_t i, uint32_t k)
{
    return !linked(c, i, k) && !(c->meets[i] >> k & 1);
}

/* It may matter to k, undecided, whether i is in: gifts, points and shipping take nothing off lines. */
static bool minds(const struct plain *c, uint32_t i, uint32_t k)
{
    const struct tb_offer *a = &c->offer[i];
    bool moves = !plain_perk(a) && a->level != TB_PRICE_SHIPPING;
    return linked(c, i, k) || (moves && (c->meets[i] >> k & 1));
}

bool plain_precedes(const struct plain *c, uint32_t k, uint32_t i)
{
    const struct tb_offer *a = &c->offer[k];
    if (plain_perk(a) || !plain_legal(c, UINT64_C(1) << i | UINT64_C(1) << k))
        return false;
    if (a->level == TB_PRICE_SHIPPING)
        return c->offer[i].level == TB_PRICE_SHIPPING;
    return c->meets[i] >> k & 1;
}

static bool better(const struct walk *w, int64_t key, uint64_t set)
{
    return key > w->key || (key == w->key && ranks(&w->c, set) > w->rank);
}

static enum tb_proof_answer check_cut(struct walk *w, const struct stand *n)
{
    uint64_t open = open_from(w, n, n->position, last_is_out(w, n, n->position));
    struct plain_state s = state_of(w, n);
    int64_t most = n->key + plain_ceiling(&w->c, &s, n->in, open, w->most);
    return better(w, most, n->in | open) ? TB_PROOF_BAD_TREE : TB_PROOF_HOLDS;
}

static enum tb_proof_answer check_end(struct walk *w, const struct stand *n)
{
    if (open_from(w, n, n->position, last_is_out(w, n, n->position)) != 0)
        return TB_PROOF_BAD_TREE;
    return better(w, n->key, n->in) ? TB_PROOF_BETTER_SET : TB_PROOF_HOLDS;
}

static enum tb_proof_answer check_skip(struct walk *w, struct stand *n)
{
    if (n->position == w->c.n)
        return TB_PROOF_BAD_TREE;
    uint32_t one = w->c.order[n->position];
    struct plain_state s = state_of(w, n);
    bool twin = last_is_out(w, n, n->position) && twin_of_last(&w->c, n->position);
    bool out = twin || !plain_legal(&w->c, n->in | UINT64_C(1) << one) ||
               plain_most(&w->c, one, &s, 0) == 0;
    n->position++;
    return out ? TB_PROOF_HOLDS : TB_PROOF_BAD_TREE;
}

/* The offer at a branch goes in: a stand of its own, unless the next byte says NO_EFFECT. */
static enum tb_proof_answer go_in(struct walk *w, struct stand *n)
{
    if (n->position == w->c.n || w->at == w->claim->tree_n)
        return TB_PROOF_BAD_TREE;
    uint32_t one = w->c.order[n->position];
    uint64_t in = n->in | UINT64_C(1) << one;
    if (!plain_legal(&w->c, in))
        return TB_PROOF_BAD_TREE;
    struct plain_state from = state_of(w, n);
    struct plain_state to = plain_state_at(&w->c, n->depth + 1);
    plain_copy(&w->c, &from, &to);
    int64_t saving = plain_apply(&w->c, &w->c.offer[one], &to, &n->effect);
    n->out_next = true;
    bool says_none = w->claim->tree[w->at] == TB_PROOF_NO_EFFECT;
    if (says_none == n->effect)
        return TB_PROOF_BAD_TREE;
    if (says_none) {
        w->at++;
        return TB_PROOF_HOLDS;
    }
    w->shipping[n->depth + 1] = to.shipping;
    w->stand[w->n++] = (struct stand){.in = in,
                                      .key = n->key + plain_key(&w->c.offer[one], saving),
                                      .position = n->position + 1,
                                      .depth = n->depth + 1};
    return TB_PROOF_HOLDS;
}

/* Back from the in-branch: the out-branch, or DOMINATED. */
static enum tb_proof_answer go_out(struct walk *w, struct stand *n)
{
    if (w->at == w->claim->tree_n)
        return TB_PROOF_BAD_TREE;
    uint32_t one = w->c.order[n->position];
    n->out_next = false;
    if (w->claim->tree[w->at] != TB_PROOF_DOMINATED) {
        n->position++;
        return TB_PROOF_HOLDS;
    }
    w->at++;
    uint64_t open = open_from(w, n, n->position + 1, false);
    for (uint32_t k = 0; k < w->c.n; k++)
        if ((open >> k & 1) && minds(&w->c, one, k))
            return TB_PROOF_BAD_TREE;
    w->n--;
    return n->effect ? TB_PROOF_HOLDS : TB_PROOF_BAD_TREE;
}

/* T7: those that save most of the offers before the first on all goods go in, the others are out. */
static enum tb_proof_answer check_first(struct walk *w, struct stand *n)
{
    uint64_t open = open_from(w, n, n->position, last_is_out(w, n, n->position));
    struct plain_state from = state_of(w, n);
    struct plain_state to = plain_state_at(&w->c, n->depth + 1);
    uint64_t first;
    uint64_t set;
    if (plain_otherwise(&w->c, &from, n->in, open, w->most, &first, &set) >= w->key)
        return TB_PROOF_BAD_TREE;
    plain_copy(&w->c, &from, &to);
    for (uint32_t k = n->position; k < w->c.n; k++) {
        uint32_t one = w->c.order[k];
        bool in_force;
        if (first >> one & 1)
            n->position = k + 1;
        if (!(set >> one & 1))
            continue;
        int64_t saving = plain_apply(&w->c, &w->c.offer[one], &to, &in_force);
        n->key += in_force ? plain_key(&w->c.offer[one], saving) : 0;
    }
    n->in |= set;
    w->shipping[++n->depth] = to.shipping;
    return better(w, n->key, n->in) ? TB_PROOF_BETTER_SET : TB_PROOF_HOLDS;
}

static enum tb_proof_answer step(struct walk *w)
{
    struct stand *n = &w->stand[w->n - 1];
    if (n->out_next)
        return go_out(w, n);
    if (w->at == w->claim->tree_n)
        return TB_PROOF_BAD_TREE;
    switch (w->claim->tree[w->at++]) {
    case TB_PROOF_SKIP:
        return check_skip(w, n);
    case TB_PROOF_BRANCH:
        return go_in(w, n);
    case TB_PROOF_FIRST:
        return check_first(w, n);
    case TB_PROOF_CUT:
        w->n--;
        return check_cut(w, n);
    case TB_PROOF_END:
        w->n--;
        return check_end(w, n);
    default:
        return TB_PROOF_BAD_TREE;
    }
}

enum tb_proof_answer tb_price_proof_check(struct tb_price_work *work, const struct tb_basket *basket,
                                          const struct tb_offer *offer, uint32_t offer_n,
                                          const struct tb_proof_claim *claim, uint32_t *at)
{
    struct walk w = {.claim = claim, .n = 1};
    struct tb_plain_price price;
    *at = 0;
    enum tb_proof_answer a = tb_price_plain(work, basket, offer, offer_n, claim->set, &price);
    if (a != TB_PROOF_HOLDS)
        return a;
    if (!price.legal || price.in_force != claim->set)
        return TB_PROOF_ILLEGAL_CLAIM;
    if (price.payable != claim->payable)
        return TB_PROOF_WRONG_PRICE;
    w.key = price.key;
    w.rank = price.rank;
    if (!plain_make(&w.c, work, basket, offer, offer_n))
        return TB_PROOF_BAD_INPUT;
    plain_relate(&w.c);
    w.shipping[0] = basket->shipping;
    w.stand[0] = (struct stand){0};
    while (a == TB_PROOF_HOLDS && w.n > 0)
        a = step(&w);
    *at = w.at;
    if (a == TB_PROOF_HOLDS && w.at != claim->tree_n)
        a = TB_PROOF_BAD_TREE;
    return a;
}
