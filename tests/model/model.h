// SPDX-License-Identifier: Apache-2.0
/* tests/model/model.h - the plain model that judges core.
 *
 * Written from the headers, not from the sources: lists and loops, persons as a label per
 * profile, every measure summed anew from the facts, everything that is due done at once and
 * in the order of its instants before the next step. It uses base/ for checked numbers
 * only; its calendar is its own.
 *
 * Which profiles form a person is given (model_partition): the proof that the partition
 * depends on the evidence alone is tests/unit/test_identity_order.c; here the partition is
 * what value and tiers stand on, and what merges and unmerges must leave alone.            */
#ifndef TB_MODEL_MODEL_H
#define TB_MODEL_MODEL_H

#include <stddef.h>

#include "base/num.h"
#include "catalog.h"
#include "step.h"

#define PROFILES 600
#define DAYS 4000 /* since 2024-01-01 */
#define FIRST_DAY 19723
#define PIECES 64

struct mlot {
    uint64_t no;
    uint32_t profile, unit;
    int64_t left, due;
    int32_t day;
    bool pending;
};

struct mpiece { /* of a hold, or of a transfer that can be undone */
    uint64_t lot;
    uint32_t profile;
    int64_t amount, due, returned;
    int32_t day;
};

struct mhold {
    uint32_t step, profile, unit, n;
    int64_t deadline;
    bool open;
    struct mpiece piece[PIECES];
};

enum mcause { M_ADJUST = 1, M_SPEND, M_TRANSFER, M_REFUND };

struct mtransfer {
    uint32_t step, unit, profile, from, n;
    enum mcause cause;
    int64_t amount, reversed; /* amount towards the member */
    struct mpiece piece[PIECES]; /* of a transfer: lots that the receiver got */
    struct mpiece given[PIECES]; /* of a transfer: lots that the giver gave from */
};

struct mearn {
    uint32_t unit, rule;
    uint64_t lot;
    int64_t amount, clawed, shortfall;
};

struct morder {
    uint32_t key, receipt, profile, line_n, earn_n, return_n, state;
    int64_t net, returned_net, at;
    int32_t day;
    struct step first;
    struct step_line line[STEP_LINES];
    int64_t back_quantity[STEP_LINES], back_net[STEP_LINES];
    struct mearn earn[RULES];
    struct {
        uint32_t key;
        struct step as;
    } back[32];
};

struct mcap {
    uint32_t profile, unit, kind;
    int32_t start;
    int64_t amount;
};

struct mfact { /* a qualifying amount */
    uint32_t profile;
    int32_t day;
    int64_t amount;
};

struct mtier {
    bool set;
    uint32_t tier;
    int64_t since, review, grace;
};

struct mday {
    int64_t earned, reversed, spent, expired, adjusted;
};

struct model {
    const struct catalog_def *def;
    struct unit_def unit[UNITS]; /* in force */
    struct rule_def rule[RULES];
    struct scheme_def scheme;
    int64_t now;
    uint32_t profiles;
    uint32_t person[PROFILES + 1];
    uint32_t oldest[PROFILES + 1]; /* by profile: its person's oldest */
    int64_t enrolled[PROFILES + 1]; /* 0 = not */
    int64_t debt[PROFILES + 1][UNITS];
    int64_t crossed[PROFILES + 1][UNITS];
    int64_t last_move[PROFILES + 1][UNITS];
    struct mtier tier[PROFILES + 1];
    struct mlot *lot;
    uint32_t lot_n, lot_cap;
    uint64_t lot_no;
    struct mhold *hold;
    uint32_t hold_n, hold_cap;
    struct mtransfer *transfer;
    uint32_t transfer_n, transfer_cap;
    struct morder *order;
    uint32_t order_n, order_cap;
    struct mcap *cap;
    uint32_t cap_n, cap_cap;
    struct mfact *fact;
    uint32_t fact_n, fact_cap;
    int64_t book[UNITS][MODEL_ACCOUNTS]; /* enum tb_tenant_account, towards the tenant */
    struct mday day[UNITS][DAYS];
};

struct model *model_new(const struct catalog_def *def, int64_t now);
void model_free(struct model *m);

/* Does everything that is due up to now, in the order of the instants. */
void model_clock(struct model *m, int64_t now);
/* The partition may have changed: what a hold has in profiles of another person goes back. */
void model_parted(struct model *m);
/* What the step makes of the state. who[i]: profile of s->id[i] after the step's evidence, 0 =
 * nobody; booked: the profile that a contact's or an order's value books to.               */
void model_run(struct model *m, const struct step *s, const uint32_t *who, uint32_t booked,
               struct reply *r);

struct mbalance {
    int64_t available, held, pending;
};
struct mbalance model_balance(const struct model *m, uint32_t profile, uint32_t unit);
static inline bool model_same(const struct model *m, uint32_t a, uint32_t b)
{
    return a && b && m->person[a] == m->person[b];
}

/* ---- calendar (model_time.c) ------------------------------------------------------------ */

int32_t mt_day(uint32_t zone, int64_t ms);
int64_t mt_midnight(uint32_t zone, int32_t day);
void mt_split(int32_t day, int32_t *y, int32_t *m, int32_t *d);
int32_t mt_join(int32_t y, int32_t m, int32_t d);
int32_t mt_month_days(int32_t y, int32_t m);
int32_t mt_add_months(int32_t day, int32_t n);
int64_t mt_local(uint32_t zone, int64_t ms);   /* wall clock of an instant */
int64_t mt_instant(uint32_t zone, int64_t local);
int64_t mt_expiry(const struct unit_def *u, uint32_t zone, int64_t from);
int64_t mt_release(const struct unit_def *u, uint32_t zone, int64_t from);
int32_t mt_period_start(int64_t period, int32_t day);

/* ---- ledger (model_ledger.c) ------------------------------------------------------------- */

struct mlot *ml_lot(struct model *m, uint64_t no);
int64_t ml_earn(struct model *m, uint32_t profile, uint32_t unit, int64_t amount, int64_t already,
                int32_t sale_day, uint64_t *lot);
int64_t ml_claw(struct model *m, uint32_t profile, uint32_t unit, int64_t amount, uint64_t lot,
                int64_t policy, bool adjust, int32_t sale_day);
void ml_value(struct model *m, const struct step *s, const uint32_t *who, struct reply *r);

/* ---- orders and tiers ---------------------------------------------------------------------- */

void mo_order(struct model *m, const struct step *s, uint32_t booked, struct reply *r);
void mo_return(struct model *m, const struct step *s, struct reply *r);
int64_t mo_spend(const struct model *m, uint32_t profile, int32_t from, int32_t to);
int64_t mo_orders(const struct model *m, uint32_t profile, int32_t from, int32_t to);
int64_t mo_visits(const struct model *m, uint32_t profile, int32_t from, int32_t to);
void mm_evaluate(struct model *m, uint32_t profile, int32_t day, bool refund);
uint32_t mm_tier(const struct model *m, uint32_t profile);
int64_t mm_due(const struct model *m, uint32_t *profile);
void mm_fire(struct model *m, uint32_t profile, int64_t at);
void mm_all(struct model *m);

void *grow(void *list, uint32_t n, uint32_t *cap, size_t size);

#endif
