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

#define RUNS_A_STEP 16

struct frame {
    struct tb_price_node node;
    uint64_t stale; /* of alive: bounds older than the state */
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
    int64_t best_key;
    uint64_t best;
    uint64_t best_rank;
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

static bool beaten(const struct search *s, const struct tb_price_node *n, int64_t ceiling)
{
    if (n->key + ceiling != s->best_key)
        return n->key + ceiling < s->best_key;
    return tb_price_to_rank(&s->plan, n->in | n->alive) <= s->best_rank;
}

/* Work on a state grows with its runs: so a budget of steps is one of time on every basket. */
static void spend(struct search *s, const struct tb_price_state *state)
{
    s->steps += 1 + state->run_n / RUNS_A_STEP;
}

static void renew(struct search *s, struct frame *f)
{
    for (uint64_t m = f->stale & f->node.alive; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        f->most[j] = tb_price_most(&s->plan, j, &f->node.state);
        if (f->most[j] == 0)
            f->node.alive &= ~(m & -m);
    }
    spend(s, &f->node.state);
    f->stale = 0;
}

/* Nothing below can be better. Cheap bounds first. */
static bool cut_off(struct search *s, struct frame *f)
{
    int64_t goal = s->best_key - f->node.key - 1;
    if (beaten(s, &f->node, tb_price_ceiling(&s->plan, &f->node, false, goal)))
        return true;
    if (f->stale & f->node.alive) {
        renew(s, f);
        if (f->node.alive == 0)
            return false;
        if (beaten(s, &f->node, tb_price_ceiling(&s->plan, &f->node, false, goal)))
            return true;
    }
    return beaten(s, &f->node, tb_price_ceiling(&s->plan, &f->node, true, goal));
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

static void push(struct search *s, struct frame *f, uint32_t j, const struct tb_price_state *state,
                 const struct tb_effect *e)
{
    struct frame *child = &s->frame[s->depth++];
    child->node.state = *state;
    child->node.key = f->node.key + tb_price_key(s->plan.offer[j], e->saving);
    child->node.in = f->node.in | UINT64_C(1) << j;
    child->node.alive = alive_with(s, &f->node, j);
    child->node.most = child->most;
    child->stale = (f->stale | s->plan.touch[j]) & child->node.alive;
    if (tb_price_is_perk(s->plan.offer[j]))
        child->stale = f->stale & child->node.alive;
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
    f->dominated = (s->plan.touch[j] & f->node.alive) == 0;
    struct tb_price_state next = {.run = tb_price_level(&s->plan, s->depth)};
    struct tb_effect e;
    spend(s, &f->node.state);
    /* nothing undecided looks at what j changes: the state may stay as it is */
    tb_price_effect(&s->plan, j, &f->node.state, f->dominated ? NULL : &next, &e);
    if (e.in_force) {
        push(s, f, j, f->dominated ? &f->node.state : &next, &e);
        return;
    }
    f->dominated = false;
    say(s, TB_PROOF_NO_EFFECT);
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
    if (f->node.alive != 0 && cut_off(s, f)) {
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

/* A first set: by greatest bound, what is legal with those taken, priced together. */
static void dive(struct search *s)
{
    struct tb_price_plan *p = &s->plan;
    const struct frame *root = &s->frame[0];
    uint64_t open = root->node.alive;
    struct tb_price_node now = root->node;
    uint64_t mask = 0;
    while (open != 0) {
        uint32_t best = (uint32_t)__builtin_ctzll(open);
        for (uint64_t m = open; m != 0; m &= m - 1)
            if (root->most[__builtin_ctzll(m)] > root->most[best])
                best = (uint32_t)__builtin_ctzll(m);
        now.alive = open;
        now.in = mask;
        open = alive_with(s, &now, best);
        mask |= UINT64_C(1) << best;
    }
    struct tb_price_state state = root->node.state;
    struct tb_price_state next = {.run = tb_price_level(p, 1)};
    struct tb_price_state spare = {.run = tb_price_level(p, 2)};
    int64_t key = 0;
    uint64_t in = 0;
    for (uint64_t m = mask; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_effect e;
        tb_price_effect(p, j, &state, &next, &e);
        spend(s, &state);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[j], e.saving);
        in |= m & -m;
        state = next;
        next = spare;
        spare = state;
    }
    consider(s, key, in);
}

static void begin(struct search *s, const struct tb_price_search *limit)
{
    struct tb_price_plan *p = &s->plan;
    s->limit = limit;
    s->steps = 1;
    s->depth = 1;
    s->proof_n = 0;
    s->proof_lost = false;
    s->best_key = 0;
    s->best = 0;
    s->best_rank = 0;
    struct frame *root = &s->frame[0];
    root->node = (struct tb_price_node){.most = root->most};
    root->stale = 0;
    root->position = 0;
    root->returned = false;
    tb_price_start(p, &root->node.state);
    for (uint32_t j = 0; j < p->n; j++) {
        if (p->excluded >> j & 1)
            continue;
        root->most[j] = tb_price_most(p, j, &root->node.state);
        root->node.alive |= (uint64_t)(root->most[j] != 0) << j;
    }
    tb_price_touch(p, root->node.alive);
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
    int64_t most = s->best_key;
    for (uint32_t d = 0; d < s->depth; d++) {
        struct frame *f = &s->frame[d];
        if (f->returned && f->dominated)
            continue;
        if (f->returned)
            leave_out(s, &f->node, f->branch);
        int64_t one = f->node.key + tb_price_ceiling(&s->plan, &f->node, true, INT64_MIN);
        most = one > most ? one : most;
    }
    return most;
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
    dive(&s);
    while (s.depth > 0 && s.steps < search->steps_max)
        walk(&s);
    bool proven = s.depth == 0;
    int64_t ceiling = proven ? 0 : open_ceiling(&s);
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
