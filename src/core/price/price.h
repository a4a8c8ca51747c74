// SPDX-License-Identifier: Apache-2.0
/* core/price/price.h - the price of a basket under a set of offers, and the best legal set.
 *
 * Pure: base only; no clock, chance, I/O or allocation; integers only. Deterministic: the same input
 * gives the same bytes. One workspace serves one thread at a time; results point into it and into the
 * caller's basket and offers, and live until its next use.
 *
 * How a set is priced. Offers apply one after the other: level, then sequence, then (for coupons)
 * sooner expiry, then index. Each sees what earlier ones left. An offer's discount D is reckoned on
 * its parts in scope (offer.h), cut by its caps, and spread over the parts that it concerns in
 * proportion to what is left of them, by largest remainder (tie: earlier line, earlier piece), so
 * shares add up to D and no part falls below zero. A rate is rounded once: on the total in scope, or
 * once a group of CHEAPEST (once in all when `overall`) and once a BUY_GET. What is spread together:
 *   AMOUNT PERCENT LADDER BUY_GET    all parts concerned
 *   CHEAPEST N_FOR BUNDLE            each group of its own (trap 13: the free piece is shared by its
 *       group); consecutive groups of equal make-up, each slot from one line at one price, together.
 *       Slots that share lines: every bundle of its own. `overall`: all groups together.
 *   AMOUNT_EACH FIXED TABLE          nothing to spread
 * Caps: order cap and a partial budget bound D before spreading; then each part's share is cut to
 * cap_unit, a line's to cap_line from its last piece on; where several spreads sum to more than order
 * cap or partial budget, the shares themselves are the weights of one more spread. A strict budget
 * that is too small makes the offer void. Groups are formed from the top until one would save nothing
 * (same_line: line by line, each until then). BUY_GET applies as often as parts allow; what is given is the
 * cheapest of scope_y, what is bought the top of the rest; equal scopes mean CHEAPEST overall.
 * An offer that takes nothing off (and is no gift or points rule in force) has no effect and is never
 * in a set.
 *
 * A legal set keeps the groups (offer.h), at most one SINGLE coupon and then no other coupon, and
 * coupons_max. Subsets of legal sets are legal. Best = greatest key, where
 *     key = (saving + worth) * 2^14 + gifts and points rules in force * 2^7 - coupons,
 * tie: the coupon that lapses first is in, then the next; then the offer of the lowest sequence.
 *
 * Bounds (solver and checker reckon them each by own code). Let s be a state reached by deciding the
 * first offers in order of application, and s' a state reached from s by applying any later offers:
 * part by part s' has no more left, and no more parts untaken. U_j(s) >= what j saves in any s':
 *   sums over the parts in scope, top-k sums and order statistics fall when parts fall or vanish; so do
 *   min, rounding of a fixed rate, and thresholds tested on them. Hence these are bounds as they stand:
 *   AMOUNT       min(amount, top max_units)
 *   PERCENT      min(round(ppm * top max_units of left, or of list when initial), top max_units of left)
 *   FIXED etc.   sum of the greatest max_units of max(0, left - price) (initial: min(left, list - price))
 *   LADDER       highest step reached (steps rise); every, one step: times it fits; more steps:
 *                floor of the best ratio off/at among steps reached times the total, which every
 *                decomposition of the total obeys
 *   CHEAPEST     the k-th greatest of fewer or smaller values is no greater, so the sum over groups from
 *                the top is a bound; for `overall` too: its j-th part taken stands at the same place or
 *                later in that order than the j-th of the groups (more parts stand before it)
 *   N_FOR        sum over groups from the top of max(0, group - amount)
 *   BUNDLE       slots taken each for itself from the top: a slot's i-th pick has i - 1 earlier picks of
 *                its own before it, so it is at most the i-th greatest of its scope
 *   BUY_GET      applications possible by count, times get, greatest of scope_y
 *   BUY_GET, CHEAPEST overall: what is given is the cheapest, and parts on lines that no undecided offer before j
 *                looks at stay as they are. So the n given are at most the n cheapest of those (BUY_GET: of those in
 *                scope_y alone, which are never kept for buying), then the greatest of the others.
 *   any          what j saves in s, when nothing undecided before j that may be in with it (E below) shares a line
 *                with it or, both on shipping, takes of the same: then j finds s as it is
 *   GIFT POINTS  no money; worth and the tie-break point while the thresholds hold
 *   caps         min with cap_order, budget, sum of min(left, cap_unit), sum of min(line left, cap_line)
 *   same_line    groups line by line; the max_applications greatest of them count, as any so many of fewer or
 *                smaller groups are worth no more
 * Of a set of undecided offers R (legal with those decided), with k_j = key of U_j (0 when no effect):
 *   T1  price rules: sum over groups of: sum (stackable), max (best-of); coupons: the same per group, the
 *       coupons_max greatest of that, or the best SINGLE; exclusive groups: the best alone when nothing is
 *       decided in. Any legal choice obeys each, so T1 = max(rules + coupons, alone).
 *   E   is the set of undecided offers before j that may change what j finds: in order of application before it, no
 *       gift or points rule, not excluded by j, on a line of its (scope or scope_y) or both on shipping.
 *   T2  the one_per_product offers of the kinds listed below have a rate r_j(l) with: j saves at most
 *       the sum over the parts it takes of r_j(line) * left, plus rounding. Their parts are disjoint, so together
 *       they save at most the sum over lines of max_j r_j(l) * left untaken, plus rounding; the others by T1.
 *       An offer whose part of that sum (its lines' rates above the next best, times what is left) is greater
 *       than its U counts by U instead; any choice is a bound, three are tried, all reckoned on fresh bounds.
 *   T3  nothing saves more than is left of goods and shipping. Within T1 offers on shipping together take no
 *       more than is left of it.
 *   T4  An offer on all goods sees only their sum. Follow the sums that may be left, in order of application: the
 *       offers before the first one on all goods may take anything up to their T5; each later one, where it may be
 *       taken, maps a span of sums [low, high] to another, above its min_amount only: AMOUNT, PERCENT and LADDER (not
 *       initial or by_pieces, every with one step only; no max_units, cap_unit, cap_line or strict budget)
 *       exactly, step by step (every: multiple by multiple, from the fourth in the span on together: low less off of
 *       the highest to high less off of the lowest), since what they leave rises with what they see between
 *       thresholds; any other takes 0 to U (a broad one at most its rate of low, plus rounding). Spans are kept apart
 *       by joint coupons in (up to four, or one SINGLE) and by the first two best-of groups; shipping counts by U. A
 *       PERCENT or LADDER on a part of the goods (not initial, every or by_pieces; no max_units) takes what its rate or
 *       step gives of what may be left of its lines: left now times
 *       (x + o) / b, plus a minor unit a part and offer before it in proportion; x the sum, b the sum when the chain
 *       begins, o what others may have taken since: those in proportion (AMOUNT, PERCENT, LADDER on all goods without
 *       max_units, cap_unit or cap_line) take the same part of its lines as of all. Spans that meet join; a ninth
 *       joins the nearest, which only adds sums. Goods less the least sum left, and gifts and points by T1, bound.
 *   T5  The offers before the first one on all goods fall into islands: those linked by a line, a group rule or
 *       coupon rules. An island's lines are touched by nobody else before that, so what an island of up to 6 offers
 *       can save is found by trying its legal subsets in s; larger ones count by T2. T4 starts from the sum of these;
 *       without T4, T5 of the first offers and T1 of the others is a bound.
 *   T6  Let q be the first LADDER (not every, by_pieces or one_per_product) of the later offers of T4 on a part of the
 *       goods. Where q stands on step i, what earlier offers took of its lines is at most what is left of them less
 *       at_i. So the first offers whose lines are all among q's save at most that, and q at most off_i (a rate: of the
 *       sum below the next step); one chain for every step, and one without q. The greatest is a bound.
 *   T7  Where all islands of T5 are small, in each of them one choice of offers in force saves more than any
 *       other, and no undecided gift, points rule or offer on shipping comes before the last of them: let d be
 *       the least that another choice saves less in its island. A set with another choice is bounded as by T5, T4 and
 *       T6 from a sum less by d, or is an exclusive offer alone. When that is less than the key of a known set, those
 *       choices are the beginning of every best set.
 * Rates (2^20 = all, rounded up, reckoned on the basket before any offer): PERCENT (not initial) ppm; LADDER
 * ppm of its last step or, by amount, greatest off/at; AMOUNT with min_amount, without max_units:
 * amount/min_amount; CHEAPEST get/need of ppm (the cheapest of a group are at most their part of it); N_FOR,
 * BUNDLE 1 - amount / (dearest group): a saving g - amount is the part 1 - amount/g of g, greater for a dearer
 * group; BUY_GET ppm on lines of scope_y, 0 elsewhere; FIXED and TABLE (not initial) greatest (left - price) /
 * left in the line, which falls with left.
 * Never above 1. Rounding: DOWN none, UP 1, else 1/2 minor unit, once for PERCENT, LADDER with ppm, BUY_GET and
 * CHEAPEST overall, once a group possible in scope for CHEAPEST; none when ppm is 1,000,000.
 * Pruned too: j without effect (U = 0); a coupon whose equal twin next before it in order is out; leaving j out
 * when j has an effect and nothing undecided that may have one shares a line (unless j is a gift or points rule, or on
 * shipping, which leave lines as they are), a group rule, the shipping amount or the coupon limit with it (then
 * adding j to any completion only helps).                                                            */
#ifndef TB_CORE_PRICE_PRICE_H
#define TB_CORE_PRICE_PRICE_H

#include "core/price/offer.h"

/* In order of precedence.                                                                    */
enum tb_price_answer {
    TB_PRICE_DONE = 0,
    TB_PRICE_TOO_MANY_LINES,
    TB_PRICE_TOO_MANY_OFFERS,
    TB_PRICE_BAD_LINE,  /* quantity or amount out of range, or no whole pieces: result.at = line */
    TB_PRICE_TOO_MANY_PARTS,
    TB_PRICE_BAD_OFFER, /* a field out of range, or two that contradict: result.at = offer */
    TB_PRICE_ILLEGAL_SET,
    TB_PRICE_WORK_TOO_SMALL,
};

/* Pieces first..first + n - 1 of a line each got `each` from an offer.                        */
struct tb_price_share {
    int64_t each;
    uint16_t line;
    uint16_t first;
    uint16_t n;
    uint8_t offer; /* index in the caller's array */
};

/* One offer in force. */
struct tb_price_use {
    int64_t saving;        /* goods, or shipping for level SHIPPING */
    int64_t next_missing;  /* LADDER: what is missing for the next step (money or pieces), else 0 */
    uint32_t applications; /* groups, steps, bundles formed; 1 for the others */
    uint32_t gift_units;
    uint32_t offer;
};

struct tb_price_line {
    int64_t saving;
    int64_t net;
    bool below_cost;
};

struct tb_price_result {
    uint64_t set; /* bit i = offer[i] is in force */
    int64_t goods_list;
    int64_t goods_saving;
    int64_t shipping_list;
    int64_t shipping_saving;
    int64_t payable;
    int64_t value; /* saving + worth: what is maximised */
    int64_t bound; /* no legal set has more value; = value when proven */
    bool proven;
    uint32_t use_n;
    uint32_t steps;   /* spent of the budget */
    uint32_t proof_n; /* bytes of the certificate; 0: not proven, or it did not fit */
    uint32_t share_n;
    uint32_t at; /* of a bad line or offer */
    struct tb_price_use use[TB_PRICE_OFFERS_MAX]; /* in order of application */
    const struct tb_price_share *share;           /* by use, then line, then piece */
    const struct tb_price_line *line;             /* line_n of them */
};

/* Bytes that suffice for baskets up to these sizes; parts = pieces + whole lines. */
size_t tb_price_work_bytes(uint32_t lines, uint32_t parts, uint32_t offers);

/* Memory of the caller, 16-byte aligned; untouched parts cost nothing. Nothing to free. */
struct tb_price_work {
    void *region;
    size_t size;
};

/* Prices one given set (bits of offer[]). Offers of it that have no effect are not in result.set. */
TB_MUST_USE enum tb_price_answer tb_price_apply(struct tb_price_work *work, const struct tb_basket *basket,
                                                const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                                struct tb_price_result *result);

/* Why an offer is not in force. In order of precedence: the first that holds is said.           */
enum tb_price_why {
    TB_PRICE_IN_FORCE = 0,
    TB_PRICE_NOTHING_IN_SCOPE,
    TB_PRICE_BELOW_AMOUNT, /* missing = money to the threshold or first step */
    TB_PRICE_BELOW_PIECES, /* missing = parts to the threshold, first step, or first group (lower bound) */
    TB_PRICE_BUDGET_SHORT, /* missing = what the budget lacks */
    TB_PRICE_NO_SAVING,    /* even alone: prices are already as low */
    TB_PRICE_NOT_FIRST,    /* an earlier offer of a FIRST group has an effect: against */
    TB_PRICE_CONFLICT,     /* group, exclusive or coupon rule: against = an offer in force */
    TB_PRICE_NO_EFFECT,    /* with those in force: threshold no longer met (missing > 0), or parts taken */
    TB_PRICE_DEARER,       /* legal, but the member would pay or get `missing` worse */
};

struct tb_price_reason {
    enum tb_price_why why;
    uint32_t against;
    int64_t missing;
};

/* What the search may spend, and where the certificate goes (proof.h). A step is one offer applied or the
 * bounds of one state renewed, on 32 runs of equal pieces (a larger state takes more steps); with its share of
 * bounding it costs about 1 us. 4,500 steps keep a quote of 40 offers within 5 ms (p99). When three eighths are
 * spent, the search goes on for sets that are better by a 112th at least: then less is proven, but the bound
 * that is left is nearly always within a percent.                                                       */
struct tb_price_search {
    uint32_t steps_max;
    uint8_t *proof; /* or NULL */
    uint32_t proof_max;
    struct tb_price_reason *reason; /* [offer_n] why each is in the set or not, or NULL: not asked for */
};

/* The best legal set; when steps run out the best found, proven = false, and a bound.          */
TB_MUST_USE enum tb_price_answer tb_price_best(struct tb_price_work *work, const struct tb_basket *basket,
                                               const struct tb_offer *offer, uint32_t offer_n,
                                               const struct tb_price_search *search,
                                               struct tb_price_result *result);

/* Offer after offer by what it would add, as most engines do: for comparison. */
TB_MUST_USE enum tb_price_answer tb_price_greedy(struct tb_price_work *work, const struct tb_basket *basket,
                                                 const struct tb_offer *offer, uint32_t offer_n,
                                                 struct tb_price_result *result);

/* A reason for every offer, given the set in force (result.set of the same basket and offers): what tb_price_best tells
 * in search.reason of the set that it finds.                                                      */
TB_MUST_USE enum tb_price_answer tb_price_explain(struct tb_price_work *work, const struct tb_basket *basket,
                                                  const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                                  struct tb_price_reason *reason);

/* ---- what comes back ------------------------------------------------------------------- */

/* Keep-share. A line comes back piece by piece in order of index, so that quantities back, in any
 * steps and any order of lines, have exact cumulative parts: what [0, q) carried. Whole goods:
 * each offer's share and the net cumulate as q / quantity, half up. list = net + all shares.
 * Requires 0 <= before <= after <= quantity, for pieces multiples of 1000: else false.
 * share[] is by offer index (offer_n of them): its part of budgets and funding to unwind.        */
struct tb_price_back {
    int64_t net;
    int64_t list;
};
TB_MUST_USE bool tb_price_return_share(const struct tb_basket *basket, const struct tb_price_result *result,
                                       uint32_t line, int64_t before, int64_t after, struct tb_price_back *back,
                                       int64_t *share, uint32_t offer_n);

/* Re-evaluate: what is kept (kept[line], thousandths; last pieces of each line) is priced with the
 * offers frozen on the receipt, without their budgets (those were granted at the sale); shipping stays.
 * refund = paid_goods - refunded_before - price of the kept rest, at least 0: so refunds never sum to more
 * than paid, and nothing kept refunds all the rest. result is that of the kept rest (lines of the basket
 * with nothing kept have no parts). Requires scratch[line_n].                                       */
TB_MUST_USE enum tb_price_answer tb_price_return_reprice(struct tb_price_work *work, const struct tb_basket *basket,
                                                         const struct tb_offer *offer, uint32_t offer_n, uint64_t set,
                                                         const int64_t *kept, int64_t paid_goods,
                                                         int64_t refunded_before, struct tb_basket_line *scratch,
                                                         struct tb_price_result *result, int64_t *refund);

#endif
