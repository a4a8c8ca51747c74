// SPDX-License-Identifier: Apache-2.0
/* tests/model/model_int.h - moving value in the model (model_ledger.c). */
#ifndef TB_MODEL_MODEL_INT_H
#define TB_MODEL_MODEL_INT_H

#include "model.h"

static inline int64_t ml_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct mday *ml_day(struct model *m, uint32_t unit, int64_t ms);
struct mlot *ml_new_lot(struct model *m, uint32_t profile, uint32_t unit, int64_t left, int64_t due,
                        bool pending);
/* Her available lots in the order of use: soonest expiry, then oldest; NULL = none. */
struct mlot *ml_soonest(struct model *m, uint32_t profile, uint32_t unit);
void ml_cross(struct model *m, uint32_t unit, uint32_t from, uint32_t to, int64_t amount);
void ml_pay_debts(struct model *m, uint32_t profile, uint32_t unit);
void ml_moved(struct model *m, uint32_t profile, uint32_t unit);
void ml_put_back(struct model *m, uint32_t unit, const struct mpiece *p, int64_t amount);
void ml_end_hold(struct model *m, struct mhold *h);
void ml_expire(struct model *m, struct mlot *lot, int64_t at);
int64_t ml_cap_used(const struct model *m, uint32_t profile, uint32_t unit, uint32_t kind,
                    int32_t start);
void ml_cap_count(struct model *m, uint32_t profile, uint32_t unit, uint32_t kind, int64_t period,
                  int64_t amount);
void ml_qualify(struct model *m, uint32_t profile, uint32_t unit, int32_t day, int64_t amount);
struct mlot *ml_give(struct model *m, uint32_t profile, uint32_t unit, int64_t amount);
int64_t ml_take(struct model *m, struct mlot *l, uint32_t profile, int64_t most);
uint32_t ml_draw(struct model *m, uint32_t profile, uint32_t unit, int64_t amount,
                 struct mpiece *out);

#endif
