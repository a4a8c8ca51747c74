// SPDX-License-Identifier: Apache-2.0
/* What the files of the checker share. Everything is kept part by part, in arrays by part number; parts are
 * numbered by line, then piece, so a smaller number is an earlier place.                            */
#ifndef TB_CORE_PRICE_PROOF_INT_H
#define TB_CORE_PRICE_PROOF_INT_H

#include "core/price/proof.h"

#define PLAIN_ISLAND 6 /* T5 */

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct plain_state {
    int64_t *left;
    uint8_t *taken;
    int64_t shipping;
};

struct plain {
    const struct tb_basket *basket;
    const struct tb_offer *offer; /* the caller's */
    uint32_t n;
    uint32_t part_n;
    uint8_t order[TB_PRICE_OFFERS_MAX]; /* position -> the caller's index */
    uint8_t rank[TB_PRICE_OFFERS_MAX];  /* the caller's index -> tie-break bit */
    int64_t shipping_left; /* of the state whose ceiling is reckoned */
    uint64_t not_first;                 /* the caller's bits: of a FIRST group, not the first */
    uint64_t meets[TB_PRICE_OFFERS_MAX]; /* by plain_relate: who shares a line */
    uint64_t broad;                     /* by plain_relate: T4 */
    uint16_t *line;                     /* by part */
    int64_t *list;
    int64_t *share;
    int64_t *rest;
    int64_t *value;
    uint8_t *concerned;
    uint8_t *used;
    uint32_t *pick;
    uint32_t *sorted;
    uint32_t *group;
    int64_t *room;   /* by line */
    int64_t *next;   /* by line */
    int64_t *states; /* offers + 3 arrays by part */
    uint8_t *flags;  /* the same */
};

bool plain_make(struct plain *c, const struct tb_price_work *work, const struct tb_basket *b,
                const struct tb_offer *offer, uint32_t offer_n);
struct plain_state plain_state_at(const struct plain *c, uint32_t depth);
void plain_start(const struct plain *c, struct plain_state *s);
void plain_copy(const struct plain *c, const struct plain_state *from, struct plain_state *to);
bool plain_in(const uint64_t *scope, uint32_t line);
bool plain_one_scope(const struct plain *c, const struct tb_offer *o);
bool plain_slots_meet(const struct plain *c, const struct tb_offer *o);
int64_t plain_rate(int64_t amount, int64_t ppm, enum tb_rounding mode);
int64_t plain_price_of(const struct plain *c, const struct tb_offer *o, uint32_t line);
bool plain_perk(const struct tb_offer *o);
int64_t plain_key(const struct tb_offer *o, int64_t saving);
bool plain_legal(const struct plain *c, uint64_t set);

/* Parts in c->pick[0..n): of a scope, still costing something, open to the offer. */
uint32_t plain_scope(const struct plain *c, const struct tb_offer *o, const struct plain_state *s,
                     const uint64_t *scope, uint32_t *pick);
/* By value falling, then place. */
void plain_sort(uint32_t *pick, uint32_t n, const int64_t *value);
/* Thresholds: is there anything, and enough? */
bool plain_gate(const struct plain *c, const struct tb_offer *o, const struct plain_state *s);

/* Applies an offer to s in place; what it saves. *in_force also for gifts and points. */
int64_t plain_apply(struct plain *c, const struct tb_offer *o, struct plain_state *s, bool *in_force);

/* proof_chain.c: one offer of the chain of T4; all: on all goods; rate: of a broad one (T4), else 0; left, parts:
 * of what is in scope now. */
struct plain_link {
    const struct tb_offer *offer;
    int64_t most;
    int64_t rate;
    int64_t rounding;
    int64_t left;
    int64_t parts;
    bool all;
};
int64_t plain_chain(const struct plain *c, const struct plain_link *link, uint32_t n, uint32_t coupons_in,
                    int64_t goods, int64_t first);

/* For bounds: who meets whom, and who is broad. */
void plain_relate(struct plain *c);

/* Offers i and k (the caller's) have nothing to do with each other, whatever else is in. */
bool plain_strangers(const struct plain *c, uint32_t i, uint32_t k);
bool plain_covers(const struct tb_offer *o, uint32_t line);
/* Offer k, which applies earlier, may change what i finds. */
bool plain_precedes(const struct plain *c, uint32_t k, uint32_t i);

/* proof_island.c: T5 of `among`, as money; those of islands too large in *rest. choice: or NULL. */
struct plain_choice {
    uint64_t set; /* who saves most in the islands */
    int64_t gap;  /* any other choice saves less by that at least */
};
int64_t plain_islands(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t among, uint64_t *rest,
                      struct plain_choice *choice);

/* proof_bound.c: key of U (0: no effect possible) when those of `before` (the caller's bits) may come first. */
int64_t plain_most(struct plain *c, uint32_t i, const struct plain_state *s, uint64_t before);
/* Sum of the greatest `most` of value over pick (0: of all); sorts pick. */
int64_t plain_greatest(uint32_t *pick, uint32_t n, uint32_t most, const int64_t *value);
/* What bundles save at most. first: what the first one costs. */
int64_t plain_bundle(struct plain *c, const struct tb_offer *o, const struct plain_state *s, bool first);

/* proof_several.c: the ceiling of all of R together (the caller's bits). */
int64_t plain_ceiling(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t open, const int64_t *most);
/* T7: the offers before the first on all goods, those of them that save most, and the ceiling of sets that choose
 * otherwise; INT64_MAX: it says nothing. */
int64_t plain_otherwise(struct plain *c, const struct plain_state *s, uint64_t in, uint64_t open, const int64_t *most,
                        uint64_t *first, uint64_t *set);

#endif
