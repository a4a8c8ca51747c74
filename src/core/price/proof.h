// SPDX-License-Identifier: Apache-2.0
/* core/price/proof.h - the certificate of a best set, and the small checker that believes none of it.
 *
 * A certificate is the tree of the search in preorder, a byte a node. Offers are decided in order of
 * application; the walker stands at a position, with the offers before it decided and priced:
 *   SKIP      the offer here is out: illegal with those in, without possible effect, or an equal twin
 *             of the offer before it, which is out. Go on to the next position.
 *   BRANCH    two subtrees follow: with the offer (NO_EFFECT when it takes nothing off: nothing below),
 *             then without it (DOMINATED: it has an effect and matters to nothing undecided: nothing below)
 *   CUT       no set below has a greater key than the claim, nor an equal one that is preferred
 *   FIRST     of the offers before the first on all goods those are in that T7 names, the others out: no set that
 *             chooses otherwise reaches the claim. One subtree follows, from the last of them on
 *   END       all offers from here on are out for reasons of SKIP; this set is no better than the claim
 * The checker prices part by part with its own plain evaluator, reckons the bounds of price.h by its own
 * code, judges legality itself, and accepts only when the tree covers every legal set. It shares no code
 * with the solver. Pure; about the square of the parts an offer a node: for proofs, not for tills.
 * Beside it, the same plain evaluator prices a set, for tests and audits.                              */
#ifndef TB_CORE_PRICE_PROOF_H
#define TB_CORE_PRICE_PROOF_H

#include "core/price/price.h"

enum tb_proof_node {
    TB_PROOF_SKIP = 0,
    TB_PROOF_BRANCH,
    TB_PROOF_CUT,
    TB_PROOF_END,
    TB_PROOF_NO_EFFECT,
    TB_PROOF_DOMINATED,
    TB_PROOF_FIRST,
};

/* In order of precedence. */
enum tb_proof_answer {
    TB_PROOF_HOLDS = 0,
    TB_PROOF_BAD_INPUT,     /* workspace too small, or a set beyond the offers */
    TB_PROOF_ILLEGAL_CLAIM, /* the claimed set is not legal, or one of it has no effect */
    TB_PROOF_WRONG_PRICE,   /* it does not cost what is claimed */
    TB_PROOF_BAD_TREE,      /* a node that says what is not so, or the tree ends early or late */
    TB_PROOF_BETTER_SET,    /* a better legal set stands in the tree */
};

struct tb_proof_claim {
    uint64_t set; /* bits of offer[] */
    int64_t payable;
    const uint8_t *tree;
    uint32_t tree_n;
};

size_t tb_proof_work_bytes(uint32_t lines, uint32_t parts, uint32_t offers);

/* Requires a basket and offers that tb_price_best accepted. *at: bytes read when it fails. */
TB_MUST_USE enum tb_proof_answer tb_price_proof_check(struct tb_price_work *work, const struct tb_basket *basket,
                                                      const struct tb_offer *offer, uint32_t offer_n,
                                                      const struct tb_proof_claim *claim, uint32_t *at);

struct tb_plain_price {
    bool legal;
    uint64_t in_force; /* of the set, bits of offer[] */
    int64_t payable;
    int64_t key;            /* of price.h */
    uint64_t rank;          /* greater is preferred at equal keys */
    const int64_t *net;     /* by part: what is left; parts by line, then piece; in the workspace */
    uint32_t part_n;
};

/* Prices a set part by part. */
TB_MUST_USE enum tb_proof_answer tb_price_plain(struct tb_price_work *work, const struct tb_basket *basket,
                                                const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                                struct tb_plain_price *price);

#endif
