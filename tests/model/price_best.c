// SPDX-License-Identifier: Apache-2.0
/* The best set against all sets.
 *
 * On random baskets with few offers every subset is priced by the plain evaluator and judged legal by the
 * plain words below; the solver must name the same set and price every piece of it alike. Its certificate
 * must hold, and no longer hold when a byte is changed in a way that matters. With more offers, when no
 * enumeration is possible, the certificate alone is the judge. Then everything comes back in random steps.
 *
 * usage: price_best [--worlds N] [--seed S] [--offers N]
 * Repeats one world: --worlds 1 --seed S.                                                          */
#include "core/price/proof.h"
#include "price_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
    uint64_t worlds, sets, proofs, bytes, mutants, survivors, lies, greedy_worse, bounded;
    int64_t best_saving, greedy_loss;
};

struct bench {
    struct price_world w;
    struct tb_price_work work;
    struct tb_price_work proof_work;
    uint8_t *proof;
    uint32_t proof_max;
    struct counts n;
    struct tb_price_reason reason[TB_PRICE_OFFERS_MAX];
    uint64_t seed;
    uint32_t offers;
};

static int fail(const struct bench *b, const char *what)
{
    printf("price_best: %s; repeat: price_best --worlds 1 --offers %u --seed %llu\n", what, b->offers,
           (unsigned long long)b->seed);
    return 1;
}

static struct tb_plain_price plain(struct bench *b, uint64_t set)
{
    struct tb_plain_price price;
    if (tb_price_plain(&b->proof_work, &b->w.basket, b->w.offer, b->w.offer_n, set, &price) != TB_PROOF_HOLDS)
        abort();
    return price;
}

/* Legal by the words of the manual; FIRST: nothing before it in its group has an effect alone. */
static bool legal(const struct price_world *w, uint64_t set, uint64_t not_first)
{
    uint32_t coupons = 0;
    bool single = false;
    for (uint32_t i = 0; i < w->offer_n; i++) {
        const struct tb_offer *a = &w->offer[i];
        enum tb_price_rule rule = a->group < w->basket.group_n ? w->group[a->group] : TB_PRICE_STACKABLE;
        if (!(set >> i & 1))
            continue;
        coupons += a->coupon != TB_PRICE_RULE;
        single = single || a->coupon == TB_PRICE_SINGLE;
        if (rule == TB_PRICE_EXCLUSIVE && set != UINT64_C(1) << i)
            return false;
        for (uint32_t k = 0; k < i; k++)
            if ((set >> k & 1) && rule == TB_PRICE_BEST_OF && w->offer[k].group == a->group)
                return false;
    }
    if ((set & not_first) != 0 || (single && coupons > 1))
        return false;
    return w->basket.coupons_max == 0 || coupons <= w->basket.coupons_max;
}

static bool before(const struct tb_offer *a, const struct tb_offer *b)
{
    if (a->level != b->level)
        return a->level < b->level;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence;
    int64_t x = a->coupon == TB_PRICE_RULE ? INT64_MIN : a->expires_ms;
    int64_t y = b->coupon == TB_PRICE_RULE ? INT64_MIN : b->expires_ms;
    return x != y ? x < y : a < b;
}

static uint64_t not_first(struct bench *b)
{
    struct price_world *w = &b->w;
    uint64_t out = 0;
    for (uint32_t i = 0; i < w->offer_n; i++)
        for (uint32_t k = 0; k < w->offer_n; k++) {
            uint32_t group = w->offer[i].group;
            if (group >= w->basket.group_n || w->group[group] != TB_PRICE_FIRST || w->offer[k].group != group)
                continue;
            if (before(&w->offer[k], &w->offer[i]) && plain(b, UINT64_C(1) << k).in_force != 0)
                out |= UINT64_C(1) << i;
        }
    return out;
}

/* The best of all sets: its effective part. */
static struct tb_plain_price exhaustive(struct bench *b)
{
    uint64_t no = not_first(b);
    struct tb_plain_price best = {0};
    for (uint64_t set = 0; set < UINT64_C(1) << b->w.offer_n; set++) {
        if (!legal(&b->w, set, no))
            continue;
        struct tb_plain_price one = plain(b, set);
        b->n.sets++;
        if (set == 0 || one.key > best.key || (one.key == best.key && one.rank > best.rank))
            best = one;
    }
    return best;
}

/* Every piece of the result costs what the plain evaluator says. */
static bool same_pieces(struct bench *b, const struct tb_price_result *r)
{
    struct tb_plain_price price = plain(b, r->set);
    const struct tb_basket *basket = &b->w.basket;
    int64_t offers[TB_PRICE_OFFERS_MAX] = {0};
    uint32_t u = 0;
    if (price.payable != r->payable)
        return false;
    for (uint32_t i = 0; i < basket->line_n; i++) {
        int64_t n = basket->line[i].whole ? 1 : basket->line[i].quantity / 1000;
        int64_t net = 0;
        for (int64_t k = 0; k < n; k++, u++) {
            int64_t left = basket->line[i].amount / n + (k < basket->line[i].amount % n);
            for (uint32_t s = 0; s < r->share_n; s++) {
                const struct tb_price_share *one = &r->share[s];
                if (one->line == i && k >= one->first && k < one->first + one->n) {
                    left -= one->each;
                    offers[one->offer] += one->each;
                }
            }
            if (left != price.net[u] || left < 0)
                return false;
            net += left;
        }
        if (net != r->line[i].net)
            return false;
    }
    for (uint32_t k = 0; k < r->use_n; k++)
        if (b->w.offer[r->use[k].offer].level != TB_PRICE_SHIPPING && offers[r->use[k].offer] != r->use[k].saving)
            return false;
    return true;
}

/* Lines come back in random steps: all of it is the net and every share; the kept rest never refunds too much. */
static int returns(struct bench *b, const struct tb_price_result *r)
{
    int64_t offers[TB_PRICE_OFFERS_MAX] = {0};
    int64_t kept[WORLD_LINES];
    for (uint32_t i = 0; i < b->w.basket.line_n; i++) {
        const struct tb_basket_line *l = &b->w.line[i];
        int64_t net = 0;
        for (int64_t q = 0; q < l->quantity;) {
            int64_t unit = l->whole ? 1 : 1000;
            int64_t to = q + world_between(&b->w, 1, (l->quantity - q) / unit) * unit;
            struct tb_price_back back;
            int64_t share[TB_PRICE_OFFERS_MAX];
            if (!tb_price_return_share(&b->w.basket, r, i, q, to, &back, share, b->w.offer_n) || back.net < 0)
                return fail(b, "a part did not come back");
            for (uint32_t k = 0; k < b->w.offer_n; k++)
                offers[k] += share[k];
            net += back.net;
            q = to;
        }
        if (net != r->line[i].net)
            return fail(b, "a line came back for another sum");
        kept[i] = world_between(&b->w, 0, l->quantity / 1000) * 1000;
        kept[i] = kept[i] > l->quantity || l->whole ? 0 : kept[i];
    }
    for (uint32_t k = 0; k < r->use_n; k++)
        if (b->w.offer[r->use[k].offer].level != TB_PRICE_SHIPPING && offers[r->use[k].offer] != r->use[k].saving)
            return fail(b, "an offer's share came back for another sum");
    struct tb_basket_line scratch[WORLD_LINES];
    int64_t paid = r->goods_list - r->goods_saving;
    uint64_t set = r->set;
    struct tb_price_result rest;
    int64_t refund;
    int64_t last;
    if (tb_price_return_reprice(&b->work, &b->w.basket, b->w.offer, b->w.offer_n, set, kept, paid, 0, scratch, &rest,
                                &refund) != TB_PRICE_DONE)
        return fail(b, "the kept rest was refused");
    int64_t worth = rest.goods_list - rest.goods_saving;
    if (refund < 0 || refund > paid || (refund > 0 && refund + worth != paid))
        return fail(b, "a refund above paid minus kept");
    memset(kept, 0, sizeof kept);
    if (tb_price_return_reprice(&b->work, &b->w.basket, b->w.offer, b->w.offer_n, set, kept, paid, refund, scratch,
                                &rest, &last) != TB_PRICE_DONE ||
        refund + last != paid)
        return fail(b, "all came back, but not all was paid back");
    return 0;
}

static int solve(struct bench *b, struct tb_price_result *r)
{
    struct tb_price_search search = {
        .steps_max = UINT32_MAX, .proof = b->proof, .proof_max = b->proof_max, .reason = b->reason};
    if (tb_price_best(&b->work, &b->w.basket, b->w.offer, b->w.offer_n, &search, r) != TB_PRICE_DONE)
        return fail(b, "the solver refused the basket");
    if (!r->proven || r->proof_n == 0 || r->bound != r->value)
        return fail(b, "not proven without a limit");
    return 0;
}

/* The reason of an offer that is not in force, by the plain evaluator: alone, by the rules, with those in force. */
static bool same_reason(struct bench *b, const struct tb_price_result *r, uint32_t i, uint64_t no)
{
    const struct tb_price_reason *why = &b->reason[i];
    uint64_t bit = UINT64_C(1) << i;
    if (plain(b, bit).in_force == 0)
        return why->why >= TB_PRICE_NOTHING_IN_SCOPE && why->why <= TB_PRICE_NO_SAVING;
    if (no & bit)
        return why->why == TB_PRICE_NOT_FIRST;
    if (!legal(&b->w, r->set | bit, no))
        return why->why == TB_PRICE_CONFLICT && (r->set >> why->against & 1);
    struct tb_plain_price with = plain(b, r->set | bit);
    if (!(with.in_force & bit))
        return why->why == TB_PRICE_NO_EFFECT;
    int64_t worse = plain(b, r->set).key - with.key;
    return why->why == TB_PRICE_DEARER && worse >= 0 && why->missing == (worse + 64) >> 14;
}

static int reasons(struct bench *b, const struct tb_price_result *r)
{
    uint64_t no = not_first(b);
    for (uint32_t i = 0; i < b->w.offer_n; i++) {
        bool in = r->set >> i & 1;
        if (in ? b->reason[i].why != TB_PRICE_IN_FORCE : !same_reason(b, r, i, no))
            return fail(b, "a reason that is none");
    }
    return 0;
}

static enum tb_proof_answer ask(struct bench *b, const struct tb_price_result *r, const uint8_t *tree, uint32_t n)
{
    struct tb_proof_claim claim = {r->set, r->payable, tree, n};
    uint32_t at;
    return tb_price_proof_check(&b->proof_work, &b->w.basket, b->w.offer, b->w.offer_n, &claim, &at);
}

static void change_a_byte(struct bench *b, uint32_t n)
{
    uint32_t at = (uint32_t)world_between(&b->w, 0, n - 1);
    b->proof[at] = (uint8_t)((b->proof[at] + world_between(&b->w, 1, TB_PROOF_FIRST)) % (TB_PROOF_FIRST + 1));
}

/* A claim that all sets show to be false is refused with every tree: the honest one, one node, changed ones. */
static int false_claim(struct bench *b, const struct tb_price_result *lie, uint32_t n)
{
    static uint8_t honest[1 << 16];
    uint32_t kept = n < sizeof honest ? n : sizeof honest;
    const uint8_t cut = TB_PROOF_CUT;
    const uint8_t end = TB_PROOF_END;
    const uint8_t first[] = {TB_PROOF_FIRST, TB_PROOF_END};
    if (ask(b, lie, b->proof, n) == TB_PROOF_HOLDS || ask(b, lie, &cut, 1) == TB_PROOF_HOLDS ||
        ask(b, lie, &end, 1) == TB_PROOF_HOLDS || ask(b, lie, first, 2) == TB_PROOF_HOLDS)
        return fail(b, "a set that is not the best was believed");
    memcpy(honest, b->proof, kept);
    for (int i = 0; i < 8; i++) {
        change_a_byte(b, kept);
        b->n.lies++;
        if (ask(b, lie, b->proof, n) == TB_PROOF_HOLDS)
            return fail(b, "a set that is not the best was believed with a changed tree");
    }
    memcpy(b->proof, honest, kept);
    return 0;
}

/* Changed certificates and claims. What is claimed decides: a changed tree may be believed only for the best set
 * (it is then a proof too: another sound step at that node), never for one that is not.               */
static int mutate(struct bench *b, const struct tb_price_result *r)
{
    struct tb_price_result lie = *r;
    lie.payable = r->payable - 1;
    if (ask(b, &lie, b->proof, r->proof_n) != TB_PROOF_WRONG_PRICE)
        return fail(b, "a wrong price was believed");
    if (ask(b, r, b->proof, r->proof_n - 1) == TB_PROOF_HOLDS)
        return fail(b, "a shorter tree was believed");
    for (uint32_t i = 0; i < r->use_n; i++) {
        lie = *r;
        lie.set &= ~(UINT64_C(1) << r->use[i].offer);
        struct tb_plain_price worse = plain(b, lie.set);
        lie.payable = worse.payable;
        if (worse.in_force == lie.set && false_claim(b, &lie, r->proof_n) != 0)
            return 1;
    }
    uint32_t at = (uint32_t)world_between(&b->w, 0, r->proof_n - 1);
    uint8_t was = b->proof[at];
    b->proof[at] = (uint8_t)((was + world_between(&b->w, 1, TB_PROOF_FIRST)) % (TB_PROOF_FIRST + 1));
    b->n.mutants++;
    b->n.survivors += ask(b, r, b->proof, r->proof_n) == TB_PROOF_HOLDS;
    b->proof[at] = was;
    return 0;
}

static int against_greedy(struct bench *b, const struct tb_price_result *r)
{
    struct tb_price_result g;
    int64_t value = r->value;
    if (tb_price_greedy(&b->work, &b->w.basket, b->w.offer, b->w.offer_n, &g) != TB_PRICE_DONE || g.value > value)
        return fail(b, "greedy beat the best");
    b->n.greedy_worse += g.value < value;
    b->n.greedy_loss += value - g.value;
    return 0;
}

/* A short budget: what is found is legal and no better than the bound, the bound no lower than the best. */
static int bounded(struct bench *b, int64_t value)
{
    struct tb_price_result r;
    struct tb_price_search search = {.steps_max = (uint32_t)world_between(&b->w, 0, 12)};
    if (tb_price_best(&b->work, &b->w.basket, b->w.offer, b->w.offer_n, &search, &r) != TB_PRICE_DONE)
        return fail(b, "refused with a short budget");
    b->n.bounded += !r.proven;
    if (r.value > value || r.bound < value || (r.proven && r.value != value))
        return fail(b, "a bound that is none");
    return 0;
}

static int one_world(struct bench *b, uint32_t offers, bool all_sets)
{
    uint32_t lines = offers > 8 ? 12 : 6;
    world_make(&b->w, b->seed, lines, offers);
    b->n.worlds++;
    struct tb_price_result r;
    if (solve(b, &r) != 0)
        return 1;
    if (!same_pieces(b, &r))
        return fail(b, "pieces differ from the plain evaluator");
    if (reasons(b, &r) != 0)
        return 1;
    b->n.best_saving += r.value;
    if (all_sets) {
        struct tb_plain_price best = exhaustive(b);
        if (best.in_force != r.set || best.payable != r.payable) {
            printf("all sets: %llx pays %lld; solver: %llx pays %lld\n", (unsigned long long)best.in_force,
                   (long long)best.payable, (unsigned long long)r.set, (long long)r.payable);
            return fail(b, "not the best set");
        }
    }
    if (ask(b, &r, b->proof, r.proof_n) != TB_PROOF_HOLDS)
        return fail(b, "the certificate does not hold");
    b->n.proofs++;
    b->n.bytes += r.proof_n;
    if (b->seed % 4 == 0 && mutate(b, &r) != 0)
        return 1;
    int64_t value = r.value;
    if (against_greedy(b, &r) != 0 || bounded(b, value) != 0)
        return 1;
    return solve(b, &r) != 0 || returns(b, &r) != 0;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
    static struct bench b;
    uint64_t worlds = 20000;
    uint64_t seed = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        worlds = strcmp(argv[i], "--worlds") == 0 ? number(argv[i + 1]) : worlds;
        seed = strcmp(argv[i], "--seed") == 0 ? number(argv[i + 1]) : seed;
        b.offers = strcmp(argv[i], "--offers") == 0 ? (uint32_t)number(argv[i + 1]) : b.offers;
    }
    b.proof_max = 1 << 24;
    b.proof = malloc(b.proof_max);
    b.work.size = tb_price_work_bytes(WORLD_LINES, WORLD_LINES * 8, WORLD_OFFERS);
    b.work.region = aligned_alloc(16, b.work.size);
    b.proof_work.size = tb_proof_work_bytes(WORLD_LINES, WORLD_LINES * 8, WORLD_OFFERS);
    b.proof_work.region = aligned_alloc(16, b.proof_work.size);
    if (b.proof == NULL || b.work.region == NULL || b.proof_work.region == NULL)
        return 1;
    for (uint64_t i = 0; i < worlds; i++) {
        b.seed = seed + i;
        uint32_t offers = b.offers != 0 ? b.offers : 3 + (uint32_t)(b.seed % 6);
        if (one_world(&b, offers, offers <= 12) != 0)
            return 1;
    }
    printf("%llu baskets, %llu sets priced, %llu certificates hold (%.1f bytes), %llu mutants, "
           "%llu of them proofs too; %llu changed trees for false claims refused\n",
           (unsigned long long)b.n.worlds, (unsigned long long)b.n.sets, (unsigned long long)b.n.proofs,
           (double)b.n.bytes / (double)b.n.proofs, (unsigned long long)b.n.mutants,
           (unsigned long long)b.n.survivors, (unsigned long long)b.n.lies);
    printf("greedy: worse on %.2f %% of baskets, members lose %.2f %% of what they could save; %llu short budgets\n",
           100.0 * (double)b.n.greedy_worse / (double)b.n.worlds,
           100.0 * (double)b.n.greedy_loss / (double)(b.n.best_saving > 0 ? b.n.best_saving : 1),
           (unsigned long long)b.n.bounded);
    if (b.n.mutants >= 100 && b.n.survivors * 4 > b.n.mutants) {
        printf("price_best: more than a quarter of the changed certificates were believed\n");
        return 1;
    }
    free(b.proof);
    free(b.work.region);
    free(b.proof_work.region);
    return 0;
}
