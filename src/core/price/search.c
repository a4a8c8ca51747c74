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
    uint32_t deepest;
    uint32_t proof_n;
    bool proof_lost;
    int64_t loose;    /* key that is not worth looking for */
    int64_t given_up; /* the greatest bound that was cut for that */
    int64_t best_key;
    uint64_t best;
    uint64_t best_rank;
    uint64_t guess; /* the last one tried */
    bool guessed;   /* who reaches the root's ceiling was tried */
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

/* Applies j. Where nothing of `later`, all that may still come, looks at parts of its lines, those stay as they are;
 * else the state gets a level. */
static void apply(struct search *s, uint32_t j, const struct tb_price_state *state, uint64_t later, uint32_t level,
                  struct tb_price_state *next, struct tb_effect *e)
{
    struct tb_price_plan *p = &s->plan;
    bool sums = tb_price_unseen(p, j, later);
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
        apply(s, j, &state, m & (m - 1), level, &next, &e);
        if (!e.in_force)
            continue;
        key += tb_price_key(p->offer[j], e.saving);
        in |= m & -m;
        if (next.run != state.run) /* else it stays where it is */
            level = level == p->levels ? p->levels + 1 : p->levels;
        state = next;
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
    s->deepest = s->depth > s->deepest ? s->depth : s->deepest;
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
    apply(s, j, &f->node.state, f->dominated ? 0 : alive_with(s, &f->node, j), s->depth, &next, &e);
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
    return (f->node.in & ~s->best) == 0 && (more & ~f->node.alive) == 0 && (s->guessed || f != &s->frame[0]);
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
    s->deepest = 1;
    s->proof_n = 0;
    s->proof_lost = false;
    s->loose = 0;
    s->given_up = -1;
    s->best_key = 0;
    s->best = 0;
    s->best_rank = 0;
    s->guess = 0;
    s->guessed = false;
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
    p->noting = limit->reason != NULL;
    (void)renew(s, root);
    p->noting = false;
    p->effective = root->node.alive & root->exact;
    uint64_t rated = 0;
    for (uint64_t m = root->node.alive; m != 0; m &= m - 1)
        if (tb_price_rated(p->offer[__builtin_ctzll(m)]))
            rated |= m & -m;
    tb_price_broad(p, &root->node.state, root->node.alive);
    p->rated = rated;
    p->rates_known = false;
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

/* The set that reaches the root's ceiling, if there is one, is most often the best: it is priced with all shares, and
 * when nothing can be better that is all. */
static bool at_once(struct search *s, struct tb_price_course *course, struct tb_price_result *result)
{
    struct frame *root = &s->frame[0];
    struct tb_price_plan *p = &s->plan;
    if (root->node.alive == 0)
        return false;
    int64_t most = tb_price_ceiling(p, &root->node, true, -1);
    uint64_t guess = make_up(s, root, root->node.guess, root->node.unsure);
    p->quick = false;
    tb_price_settle(p, guess, course, result);
    p->quick = true;
    int64_t key = 0;
    uint64_t in = 0;
    for (uint32_t i = 0; i < result->use_n; i++) {
        uint32_t j = p->position[result->use[i].offer];
        key += tb_price_key(p->offer[j], result->use[i].saving);
        in |= UINT64_C(1) << j;
        spend(s, &root->node.state);
    }
    consider(s, key, in);
    s->guess = guess;
    s->guessed = true;
    if (!beaten(s, &root->node, most))
        return false;
    say(s, TB_PROOF_CUT);
    s->depth = 0;
    return true;
}

/* The guess began with exactly that set of the first offers, each of which changed the state, and the walk over those
 * alive will not reach the levels of its course. */
static bool priced_so(const struct search *s, const struct tb_price_course *course, uint64_t set, uint64_t first,
                      uint64_t alive)
{
    return course != NULL && (course->in & first) == set && (course->moved & ((first | (first - 1)))) == set &&
           (uint32_t)(__builtin_popcountll(alive) + __builtin_popcountll(course->moved)) + 3 < s->plan.n;
}

/* T7: when no set that has others of the first offers than those that save most can reach the best, the root is where
 * those are in and the others out. */
static bool decide_first(struct search *s, const struct tb_price_course *course)
{
    struct tb_price_plan *p = &s->plan;
    struct frame *f = &s->frame[0];
    struct tb_price_state state = f->node.state;
    uint64_t first;
    uint64_t set;
    int64_t key = 0;
    if (tb_price_otherwise(p, &f->node, s->best_key - 1, &first, &set) >= s->best_key)
        return false;
    uint32_t level = p->levels - 1; /* two that the walk does not reach */
    uint64_t alive = f->node.alive & ~first;
    bool walked = priced_so(s, course, set, first, alive);
    for (uint64_t m = set; m != 0; m &= m - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(m);
        struct tb_price_state next;
        struct tb_effect e;
        f->node.alive = alive;
        alive = alive_with(s, &f->node, j);
        if (walked) {
            key += tb_price_key(p->offer[j], course->saving[j]);
            f->node.in |= m & -m;
            f->stale |= p->touch[j];
            continue;
        }
        apply(s, j, &state, alive | (m & (m - 1)), level, &next, &e);
        tb_assert(e.in_force);
        key += tb_price_key(p->offer[j], e.saving);
        f->node.in |= m & -m;
        f->stale |= p->touch[j];
        if (next.run != state.run)
            level = level == p->levels - 1 ? p->levels - 2 : p->levels - 1;
        state = next;
    }
    f->node.state = walked ? course->state[__builtin_popcountll(set)] : state;
    f->node.key = key;
    f->node.alive = alive;
    f->stale &= alive;
    f->exact &= alive & ~f->stale;
    f->position = (uint8_t)(64 - __builtin_clzll(first));
    consider(s, key, f->node.in);
    say(s, TB_PROOF_FIRST);
    return true;
}

static void look_for(struct search *s, const struct tb_price_course *course)
{
    struct frame *root = &s->frame[0];
    if (!decide_first(s, course))
        try_set(s, root, make_up(s, root, 0, root->node.alive));
    while (s->depth > 0 && s->steps < s->limit->steps_max) {
        s->loose = not_worth(s);
        walk(s);
    }
}

/* The guess was the best, and what it left on its way is still there: its states stand in the last levels. */
static bool settled(const struct search *s, const struct tb_price_course *course, const struct tb_price_result *result)
{
    if (!s->guessed || tb_price_to_order(&s->plan, result->set) != s->best)
        return false;
    return course == NULL || s->deepest + 1 + (uint32_t)__builtin_popcountll(course->moved) < s->plan.n;
}

enum tb_price_answer tb_price_best(struct tb_price_work *work, const struct tb_basket *basket,
                                   const struct tb_offer *offer, uint32_t offer_n,
                                   const struct tb_price_search *search, struct tb_price_result *result)
{
    struct search s;
    struct tb_price_course course;
    struct tb_price_course *told = search->reason != NULL ? &course : NULL;
    uint32_t at;
    enum tb_price_answer a = tb_price_plan_make(&s.plan, work, basket, offer, offer_n, &at);
    if (a != TB_PRICE_DONE) {
        *result = (struct tb_price_result){.at = at};
        return a;
    }
    begin(&s, search);
    if (!at_once(&s, told, result))
        look_for(&s, told);
    bool proven = s.depth == 0 && s.given_up < s.best_key;
    int64_t ceiling = proven ? 0 : open_ceiling(&s);
    s.plan.quick = false;
    if (!settled(&s, told, result))
        tb_price_settle(&s.plan, s.best, told, result);
    if (!proven)
        result->bound = (ceiling + TB_PRICE_OFFERS_MAX) >> TB_KEY_MONEY;
    if (!proven && result->bound < result->value)
        result->bound = result->value;
    if (told != NULL)
        tb_price_reasons(&s.plan, told, search->reason);
    result->steps = s.steps;
    result->proven = proven;
    result->proof_n = proven && !s.proof_lost ? s.proof_n : 0;
    return a;
}
