// SPDX-License-Identifier: Apache-2.0
/* The checker's own T5 (price.h): offers that have to do with each other, directly or through others, are an island;
 * all choices of a small one are priced on the state as it is.                                      */
#include "core/price/proof_int.h"

/* All of `among` that one of them leads to. */
static uint64_t island(const struct plain *c, uint64_t among, uint32_t one)
{
    uint64_t isle = UINT64_C(1) << one;
    bool grows = true;
    while (grows) {
        grows = false;
        for (uint32_t i = 0; i < c->n; i++)
            for (uint32_t k = 0; k < c->n && (among & ~isle) >> i & 1; k++)
                if ((isle >> k & 1) && !plain_strangers(c, i, k)) {
                    isle |= UINT64_C(1) << i;
                    grows = true;
                }
    }
    return isle;
}

/* What the choice saves, in order of application; < 0: it is not legal, or one of it has no effect. */
static int64_t choice_saves(struct plain *c, const struct plain_state *s, uint64_t in, const uint32_t *who, uint32_t n,
                            uint32_t choice)
{
    struct plain_state now = plain_state_at(c, c->n + 2);
    int64_t saved = 0;
    uint64_t set = in;
    for (uint32_t a = 0; a < n; a++)
        set |= (uint64_t)(choice >> a & 1) << who[a];
    if (!plain_legal(c, set))
        return -1;
    plain_copy(c, s, &now);
    for (uint32_t a = 0; a < n; a++) {
        bool in_force = true;
        if (choice >> a & 1)
            saved += plain_apply(c, &c->offer[who[a]], &now, &in_force);
        if (!in_force)
            return -1;
    }
    return saved;
}

/* Legal subsets in force are all that there is: an offer without effect changes nothing. */
static int64_t best_choice(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t isle,
                           struct plain_choice *best)
{
    uint32_t who[PLAIN_ISLAND];
    uint32_t n = 0;
    int64_t most = 0;
    int64_t next = -1;
    uint32_t best_of = 0;
    for (uint32_t k = 0; k < c->n; k++)
        if (isle >> c->order[k] & 1)
            who[n++] = c->order[k];
    for (uint32_t choice = 1; choice < 1U << n; choice++) {
        int64_t saved = choice_saves(c, s, in, who, n, choice);
        if (saved > most) {
            next = most;
            most = saved;
            best_of = choice;
        } else if (saved > next) {
            next = saved;
        }
    }
    best->set = 0;
    best->gap = next < 0 ? INT64_MAX : most - next;
    for (uint32_t a = 0; a < n; a++)
        best->set |= (uint64_t)(best_of >> a & 1) << who[a];
    return most;
}

int64_t plain_islands(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t among, uint64_t *rest,
                      struct plain_choice *choice)
{
    int64_t sum = 0;
    struct plain_choice all = {0, INT64_MAX};
    *rest = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (!(among >> i & 1))
            continue;
        uint64_t isle = island(c, among, i);
        uint32_t size = 0;
        for (uint32_t k = 0; k < c->n; k++)
            size += isle >> k & 1;
        among &= ~isle;
        if (size > PLAIN_ISLAND) {
            *rest |= isle;
            continue;
        }
        struct plain_choice one;
        sum += best_choice(c, s, in, isle, &one);
        all.set |= one.set;
        all.gap = one.gap < all.gap ? one.gap : all.gap;
    }
    if (choice != NULL)
        *choice = all;
    return sum;
}
