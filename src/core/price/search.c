// SPDX-License-Identifier: Apache-2.0
/* Branch and bound over the offers in order of application.
 *
 * A node has decided the offers before its position; its state is exact, so what the decided ones save is
 * known and only the undecided are bounded. The in-branch comes first. Bounds are inherited (they only fall)
 * and renewed, for the offers that the last decision touched, when the inherited ones do not cut. The
 * walk is a loop over an array of frames; a frame's state lives in the level of the workspace with its
 * depth. Each node adds its byte to the certificate (proof.h).                                        */
#include "core/price/price_int.h"
#include "core/price/proof.h"

#define RUNS_A_STEP 32
#define TRIES 4 /* guesses in a row that make nothing better */

struct frame {
    struct tb_price_node node;
    uint64_t stale; /* of alive: bounds older than the state */
    uint64_t exact; /* of alive: nothing undecided may change what they find */
    uint64_t known; /* alive when the bounds were last renewed */
    uint8_t position;
    uint8_t branch;
    bool returned; /* the in-branch is done */
    bool dominated;
    int64_t most[TB_PRICE_OFFERS_MAX];
};

struct search {
    struct tb_price_plan plan;
    const struct tb_price_search *limit;
    uint32_t steps;
    uint32_t depth; /* frames in use */
    uint32_t proof_n;
    bool proof_lost;
    int64_t loose;    /* key that is not worth looking for */
    int64_t given_up; /* the greatest bound that was cut for that */
    int64_t best_key;
    uint64_t best;
    uint64_t best_rank;
    uint64_t guess; /* the last one tried */
    uint32_t tries; /* guesses that may still fail */
    struct frame frame[TB_PRICE_OFFERS_MAX + 1];
};

static void say(struct search *s, enum tb_proof_node what)
{
    if (s->limit->proof == NULL || s->proof_n == s->limit->proof_max) {
        s->proof_lost = true;
        return;
    }
    s->limit->proof[s->proof_n++] = (uint8_t)what;
}

static void consider(struct search *s, int64_t key, uint64_t in)
{
    if (key < s->best_key)
        return;
    uint64_t rank = tb_price_to_rank(&s->plan, in);
    if (key == s->best_key && rank <= s->best_rank)
        return;
    s->best_key = key;
    s->best = in;
    s->best_rank = rank;
}

/* Nothing below the node is better than the best; when steps run short, better by no more than `loose`, which is
 * then noted.                                                                                        */
static bool beaten(struct search *s, const struct tb_price_node *n, int64_t ceiling)
{
    int64_t most = n->key + ceiling;
    if (most < s->best_key)
        return true;
    if (most == s->best_key && tb_price_to_rank(&s->plan, n->in | n->alive) <= s->best_rank)
        return true;
    if (s->loose == 0 || most > s->best_key + s->loose)
        return false;
    s->given_up = most > s->given_up ? most : s->given_up;
    return true;
}

/* Work on a state grows with its runs: so a budget of steps is one of time on every basket. */
static void spend(struct search *s, const struct tb_price_state *state)
{
    s->steps += 1 + state->run_n / RUNS_A_STEP;
}

/* The bound of j is older than the state or than the decisions that it looks at. */
static bool is_old(const struct search *s, const struct frame *f, uint32_t j)
{
    uint64_t before = s->plan.before[j];
    if ((f->stale >> j & 1) || (s->plan.wary >> j & 1 && (before & (f->known ^ f->node.alive)) != 0))
        return true;
    return !(f->exact >> j & 1) && (before & f->node.alive) == 0;
}

/* In order of application: what is found to have no effect no longer comes before a later one. */
static bool renew(struct search *s, struct frame *f)
{
    bool any = false;
    for (uint64_t m = f->node.alive; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        if (!is_old(s, f, j))
            continue;
        any = true;
        f->most[j] = tb_price_most(&s->plan, j, &f->node.state, f->node.alive);
        if (f->most[j] == 0)
            f->node.alive &= ~(m & -m);
        else if ((s->plan.before[j] & f->node.alive) == 0)
            f->exact |= m & -m;
    }
    f->stale = 0;
    f->known = f->node.alive;
    if (any)
        spend(s, &f->node.state);
    return any;
}

/* Those alive once j is in. */
static uint64_t alive_with(const struct search *s, const struct tb_price_node *n, uint32_t j)
{
    const struct tb_price_plan *p = &s->plan;
    uint64_t in = n->in | UINT64_C(1) << j;
    uint64_t alive = n->alive & ~(UINT64_C(1) << j) & ~p->conflict[j];
    uint32_t most = p->basket->coupons_max;
    if (most > 0 && (uint32_t)__builtin_popcountll(in & p->coupons) >= most)
        alive &= ~p->coupons;
    return alive;
}

/* Takes j, and what may not be in without it, off the undecided. */
static void leave_out(const struct search *s, struct tb_price_node *n, uint32_t j)
{
    n->alive &= ~(UINT64_C(1) << j);
    for (uint32_t k = j + 1; k < s->plan.n && (s->plan.twins >> k & 1); k++)
        n->alive &= ~(UINT64_C(1) << k);
}

/* Applies j. sums: nothing that comes looks at parts, so those stay as they are; else the state gets a level. */
static void apply(struct search *s, uint32_t j, const struct tb_price_state *state, bool sums, uint32_t level,
                  struct tb_price_state *next, struct tb_effect *e)
{
    struct tb_price_plan *p = &s->plan;
    spend(s, state);
    *next = tb_price_level(p, level);
    tb_price_effect(p, j, state, sums ? NULL : next, e);
    if (sums && !(p->perks >> j & 1))
        *next = tb_price_sum_state(*state, p->shipping >> j & 1, e->saving);
    else if (sums)
        *next = *state;
}

/* A set to begin with: those of `sure`, then of `open` by greatest bound what is legal with those taken. */
static uint64_t make_up(const struct search *s, const struct frame *f, uint64_t sure, uint64_t open)
{
    struct tb_price_node now = {.in = f->node.in, .alive = f->node.alive & (sure | open)};
    uint64_t mask = 0;
    while (now.alive != 0) {
        uint64_t from = now.alive & sure ? now.alive & sure : now.alive;
        uint32_t best = (uint32_t)__builtin_ctzll(from);
        for (uint64_t m = from; m != 0; m &= m - 1)
            if (f->most[__builtin_ctzll(m)] > f->most[best])
                best = (uint32_t)__builtin_ctzll(m);
        now.alive = alive_with(s, &now, best);
        now.in |= UINT64_C(1) << best;
        mask |= UINT64_C(1) << best;
    }
    return mask;
}

/* What the node's set comes to with those of `mask`, applied in order. */
static void try_set(struct search *s, const struct frame *f, uint64_t mask)
{
    struct tb_price_plan *p = &s->plan;
    struct tb_price_state state = f->node.state;
    uint32_t level = p->levels;
    int64_t key = f->node.key;
    uint64_t in = f->node.in;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_price_state next;
        struct tb_effect e;
        apply(s, j, &state, (m & (m - 1) & p->by_part) == 0, level, &next, &e);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[j], e.saving);
        in |= m & -m;
        state = next;
        level = level == p->levels ? p->levels + 1 : p->levels;
    }
    consider(s, key, in);
}

/* Nothing below can be better, or not by enough to be worth the steps that are left. Cheap bounds first; the last
 * bound says who would reach it, which is tried. */
static bool cut_off(struct search *s, struct frame *f)
{
    int64_t goal = s->best_key + s->loose - f->node.key - 1;
    if ((f->stale & f->node.alive) != 0 && beaten(s, &f->node, tb_price_ceiling(&s->plan, &f->node, false, goal)))
        return true;
    if (renew(s, f) && f->node.alive == 0)
        return false;
    f->node.guess = 0;
    int64_t most = tb_price_ceiling(&s->plan, &f->node, true, goal);
    if (beaten(s, &f->node, most))
        return true;
    if (f->node.guess == 0 || s->tries == 0)
        return false;
    uint64_t guess = make_up(s, f, f->node.guess, f->node.unsure);
    if ((guess | f->node.in) == s->guess)
        return false;
    s->guess = guess | f->node.in;
    int64_t was = s->best_key;
    try_set(s, f, guess);
    s->tries = s->best_key > was ? TRIES : s->tries - 1;
    return s->best_key > was && beaten(s, &f->node, most);
}

static void push(struct search *s, struct frame *f, uint32_t j, const struct tb_price_state *state,
                 const struct tb_effect *e)
{
    struct frame *child = &s->frame[s->depth++];
    child->node.state = *state;
    child->node.key = f->node.key + tb_price_key(s->plan.offer[j], e->saving);
    child->node.in = f->node.in | UINT64_C(1) << j;
    child->node.alive = alive_with(s, &f->node, j);
    child->node.most = child->most;
    uint64_t touched = tb_price_is_perk(s->plan.offer[j]) ? 0 : s->plan.touch[j];
    child->stale = (f->stale | touched) & child->node.alive;
    child->exact = f->exact & child->node.alive & ~child->stale;
    child->known = f->known;
    child->position = (uint8_t)(j + 1);
    child->returned = false;
    for (uint64_t m = child->node.alive; m != 0; m &= m - 1)
        child->most[__builtin_ctzll(m)] = f->most[__builtin_ctzll(m)];
    consider(s, child->node.key, child->node.in);
}

/* Decides the first undecided offer in; when that has no effect the frame goes on without it. */
static void branch(struct search *s, struct frame *f)
{
    uint32_t j = (uint32_t)__builtin_ctzll(f->node.alive);
    for (uint32_t i = f->position; i < j; i++)
        say(s, TB_PROOF_SKIP);
    say(s, TB_PROOF_BRANCH);
    f->branch = (uint8_t)j;
    f->returned = true;
    f->dominated = (s->plan.minds[j] & f->node.alive) == 0;
    struct tb_price_state next;
    struct tb_effect e;
    bool sums = f->dominated || (alive_with(s, &f->node, j) & s->plan.by_part) == 0;
    apply(s, j, &f->node.state, sums, s->depth, &next, &e);
    if (e.in_force) {
        push(s, f, j, &next, &e);
        return;
    }
    f->dominated = false;
    say(s, TB_PROOF_NO_EFFECT);
}

/* The best so far is below the node, so no bound of the node can cut it. */
static bool holds_best(const struct search *s, const struct frame *f)
{
    uint64_t more = s->best & ~f->node.in;
    return (f->node.in & ~s->best) == 0 && (more & ~f->node.alive) == 0 && f != &s->frame[0];
}

/* One step of the walk. */
static void walk(struct search *s)
{
    struct frame *f = &s->frame[s->depth - 1];
    if (f->returned) {
        if (f->dominated) {
            say(s, TB_PROOF_DOMINATED);
            s->depth--;
            return;
        }
        leave_out(s, &f->node, f->branch);
        f->position = (uint8_t)(f->branch + 1);
        f->returned = false;
    }
    if (f->node.alive != 0 && !holds_best(s, f) && cut_off(s, f)) {
        say(s, TB_PROOF_CUT);
        s->depth--;
        return;
    }
    if (f->node.alive == 0) {
        say(s, TB_PROOF_END);
        s->depth--;
        return;
    }
    branch(s, f);
}

static void begin(struct search *s, const struct tb_price_search *limit)
{
    struct tb_price_plan *p = &s->plan;
    s->limit = limit;
    p->quick = true;
    s->steps = 1;
    s->depth = 1;
    s->proof_n = 0;
    s->proof_lost = false;
    s->loose = 0;
    s->given_up = -1;
    s->best_key = 0;
    s->best = 0;
    s->best_rank = 0;
    s->guess = 0;
    s->tries = TRIES;
    struct frame *root = &s->frame[0];
    root->node = (struct tb_price_node){.most = root->most};
    root->position = 0;
    root->returned = false;
    tb_price_start(p, &root->node.state);
    tb_price_touch(p);
    for (uint32_t j = 0; j < p->n; j++)
        root->node.alive |= (~p->excluded & UINT64_C(1) << j);
    root->stale = root->node.alive;
    root->exact = 0;
    root->known = 0;
    (void)renew(s, root);
    uint64_t rated = 0;
    for (uint64_t m = root->node.alive; m != 0; m &= m - 1)
        if (tb_price_rated(p->offer[__builtin_ctzll(m)]))
            rated |= m & -m;
    tb_price_broad(p, &root->node.state, root->node.alive);
    p->rated = 0;
    if (rated != 0)
        tb_price_rates(p, &root->node.state, rated);
}

/* What no set still open can pass, as a key. */
static int64_t open_ceiling(struct search *s)
{
    int64_t most = s->best_key > s->given_up ? s->best_key : s->given_up;
    for (uint32_t d = 0; d < s->depth; d++) {
        struct frame *f = &s->frame[d];
        if (f->returned && f->dominated)
            continue;
        if (f->returned)
            leave_out(s, &f->node, f->branch);
        int64_t one = f->node.key + tb_price_ceiling(&s->plan, &f->node, true, -1);
        most = one > most ? one : most;
    }
    return most;
}

/* Key that is not worth looking for: nothing in the first half of the steps, then more and more. */
static int64_t not_worth(const struct search *s)
{
    return (uint64_t)s->steps * 8 < (uint64_t)s->limit->steps_max * 3 ? 0 : s->best_key / 112;
}

enum tb_price_answer tb_price_best(struct tb_price_work *work, const struct tb_basket *basket,
                                   const struct tb_offer *offer, uint32_t offer_n,
                                   const struct tb_price_search *search, struct tb_price_result *result)
{
    struct search s;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&s.plan, work, basket, offer, offer_n, &at);
    if (a != TB_PRICE_DONE) {
        *result = (struct tb_price_result){.at = at};
        return a;
    }
    begin(&s, search);
    try_set(&s, &s.frame[0], make_up(&s, &s.frame[0], 0, s.frame[0].node.alive));
    while (s.depth > 0 && s.steps < search->steps_max) {
        s.loose = not_worth(&s);
        walk(&s);
    }
    bool proven = s.depth == 0 && s.given_up < s.best_key;
    int64_t ceiling = proven ? 0 : open_ceiling(&s);
    s.plan.quick = false;
    tb_price_settle(&s.plan, s.best, result);
    result->steps = s.steps;
    result->proven = proven;
    if (!proven)
        result->bound = (ceiling + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
    if (!proven && result->bound < result->value)
        result->bound = result->value;
    result->proof_n = proven && !s.proof_lost ? s.proof_n : 0;
    return a;
}
