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

static int64_t best_choice(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t isle)
{
    uint32_t who[PLAIN_ISLAND];
    uint32_t n = 0;
    int64_t best = 0;
    for (uint32_t k = 0; k < c->n; k++)
        if (isle >> c->order[k] & 1)
            who[n++] = c->order[k];
    for (uint32_t choice = 1; choice < 1U << n; choice++) {
        struct plain_state now = plain_state_at(c, c->n + 2);
        int64_t saved = 0;
        uint64_t set = in;
        for (uint32_t a = 0; a < n; a++)
            set |= (uint64_t)(choice >> a & 1) << who[a];
        if (!plain_legal(c, set))
            continue;
        plain_copy(c, s, &now);
        for (uint32_t a = 0; a < n; a++) {
            bool in_force;
            if (choice >> a & 1)
                saved += plain_apply(c, &c->offer[who[a]], &now, &in_force);
        }
        best = saved > best ? saved : best;
    }
    return best;
}

int64_t plain_islands(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t among, uint64_t *rest)
{
    int64_t sum = 0;
    *rest = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (!(among >> i & 1))
            continue;
        uint64_t isle = island(c, among, i);
        uint32_t size = 0;
        for (uint32_t k = 0; k < c->n; k++)
            size += isle >> k & 1;
        among &= ~isle;
        if (size <= PLAIN_ISLAND)
            sum += best_choice(c, s, in, isle);
        else
            *rest |= isle;
    }
    return sum;
}
