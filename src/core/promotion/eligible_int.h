// SPDX-License-Identifier: Apache-2.0
/* core/promotion/eligible_int.h - one judgement under way: eligible.c decides what is open, fill.c says it as
 * core/price wants it. Private to these two. */
#ifndef TB_CORE_PROMOTION_ELIGIBLE_INT_H
#define TB_CORE_PROMOTION_ELIGIBLE_INT_H

#include "core/promotion/campaign.h"

/* An offer under judgement. */
struct tb_trial {
    struct tb_block *offer;
    const struct tb_offer_version *v;
    struct tb_block *campaign;
    enum tb_promotion_why why;
    int64_t missing;
    int64_t budget;   /* money that limits and budget leave, INT64_MAX = no bound */
    int64_t pieces;   /* INT64_MAX = no bound */
    int64_t uses;
    int64_t min_amount; /* what the basket must reach: less what she spent in the period before (PERIOD_SPEND) */
    int64_t term;       /* what the formula gives, as amount or ppm of the offer */
    bool formed;        /* there is one */
    uint32_t place;     /* among the live offers; TB_TRIAL_NAMED: the ask names it */
    uint64_t *scope;
};
#define TB_TRIAL_NAMED UINT32_MAX

/* What passed, before the most promising are taken. */
struct tb_open {
    struct tb_trial trial;
    struct tb_coupon coupon;
    int64_t reach; /* it cannot save more */
};

struct tb_judge {
    struct tb_txn *t;
    const struct tb_promotion_ask *ask;
    struct tb_block *person;
    struct tb_promotion_set *out;
    uint32_t refused_cap;
    struct tb_coupon *coupon; /* usable */
    bool *taken;              /* an open offer takes it */
    uint32_t coupon_n;
    struct tb_open *open;
    uint32_t open_n;
    uint32_t open_cap;
    uint32_t coupon_cap;
    struct tb_block **live; /* offers in force, when the ask names none */
    uint32_t live_n;
    uint64_t *in;    /* [line][live / 64][slot]: tb_offer_scope_row */
    uint64_t *scope; /* [live][words]: the lines in slot X */
    uint32_t local_s; /* second of the local day, and its weekday; not when the ask names offers */
    uint32_t weekday;
};

static inline uint32_t tb_judge_words(const struct tb_judge *j)
{
    return j->ask->order->line_n / 64 + 1;
}

/* Bits of the lines in that slot of the offer; false: none. */
bool tb_judge_scope(const struct tb_judge *j, const struct tb_trial *x, uint32_t slot, uint64_t *bits);
void tb_judge_refuse(struct tb_judge *j, uint32_t campaign, uint32_t offer, uint64_t lot, enum tb_promotion_why why,
                     int64_t missing);
/* What passed: the most promising, in order, with groups, scopes and bounds. Fills j->out. */
void tb_judge_fill(struct tb_judge *j);

#endif
