// SPDX-License-Identifier: Apache-2.0
/* backtest/report.h - what the two reports share: words, baskets, worth. */
#ifndef TB_BACKTEST_REPORT_H
#define TB_BACKTEST_REPORT_H

#include "backtest/backtest.h"

#define TB_BT_BASKETS 5u

extern const char *const tb_bt_fates[TB_BT_FATES];
extern const char *const tb_bt_whys[TB_PROMOTION_WHYS];
extern const char *const tb_bt_price_whys[TB_PRICE_DEARER + 1];

/* The largest savings, and those around the median. Borrowed from b. */
struct tb_bt_baskets {
    const struct tb_bt_order *worst[TB_BT_BASKETS];
    const struct tb_bt_order *typical[TB_BT_BASKETS];
    uint32_t worst_n;
    uint32_t typical_n;
    int64_t median;
    int64_t p90; /* one order in ten saves at least that */
    int64_t largest;
};
void tb_bt_baskets(const struct tb_backtest *b, struct tb_bt_baskets *out);

/* The code of a campaign or unit, "?" when there is none. */
struct tb_str tb_bt_code(const struct tb_backtest *b, enum tb_kind kind, uint32_t id);
/* Minor units at the unit's face: what is owed more than without the draft. */
int64_t tb_bt_points_worth(const struct tb_backtest *b, const struct tb_bt_unit *u);

#endif
