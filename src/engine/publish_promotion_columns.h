// SPDX-License-Identifier: Apache-2.0
/* Columns of the promotion room's tables; publish_tables.c includes it once, behind its short names. */
#ifndef TB_ENGINE_PUBLISH_PROMOTION_COLUMNS_H
#define TB_ENGINE_PUBLISH_PROMOTION_COLUMNS_H

static const struct tb_column campaigns[] = {
    I("campaign", "number"), TENANT, CODE, NAME, VERSION,
    I("state", "0 draft, 1 review, 2 scheduled, 3 live, 4 paused, 5 ended"),
    I("newest_offer", "its newest version: table offers"),
    I("live_offer", "the version in force within its own window; none = none is"),
    I("budget_unit", "its book in table trial_balance: account 5 left, 6 held, 1 spent"),
    I("granted", "to the budget, minor units"),
    I("uses", "for ever, less what came back"),
    I("amount", "saved, less what came back; minor units"),
    I("pieces", "that got a share, and units of gifts"),
    I("shown", "exposures of those who may get it"),
    I("held_out", "exposures of those who never do, for comparison"),
};
static const struct tb_column offers[] = {
    I("offer", "number; orders name it"), TENANT,
    I("campaign", ""),
    I("version", "1, 2 ... in its campaign; a version never changes"),
    I("was_live", "1: it was in force; else a newer version may take it away"),
    I("made_ms", ""),
    I("from_ms", "in force from here"),
    I("until_ms", "up to, not including; none = open"),
    I("mechanic", "0 amount, 1 amount each, 2 percent, 3 fixed price, 4 price table, 5 spend ladder, 6 cheapest, "
                  "7 n for, 8 buy and get, 9 bundle, 10 gift, 11 points"),
    I("level", "off: 0 goods, 1 the order, 2 shipping"),
    T("stack_group", "stacking group; none = with everything"),
    I("group_rule", "0 stackable, 1 best of, 2 first, 3 exclusive"),
    I("sequence", "smaller first, within a level"),
    I("coupon_unit", "it takes a coupon of that template; none = a price rule"),
    I("gift_product", ""), I("gift_unit", "coupon or points that it gives"),
    I("amount", "minor units"), I("ppm", "parts per million"),
    I("need", "pieces"), I("get_pieces", "pieces, units of a gift"),
    I("min_amount", "minor units"), I("cap_order", "minor units; 0 = none"),
    I("budget_amount", "to be granted in all"),
    I("holdout_ppm", "part of the persons who never get it"),
    I("members_only", ""),
    T("audience", "expression over the member"), T("condition", "expression over member and order"),
};
static const struct tb_column offer_funders[] = {
    I("offer", ""), I("funder", "0, 1, 2 ..."), TENANT,
    T("payer", "brand, store, head office"),
    I("ppm", "its part of every saving; parts are rounded by largest remainder, the earlier funder first"),
};
static const struct tb_column campaign_uses[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("campaign", ""), I("offer", "none = only shown"),
    I("profile", "none = nobody was recognised"),
    I("uses", "< 0: given back"), I("amount", "minor units"), I("pieces", ""),
    I("shown", "exposures"), I("held_out", "exposures of those who never get it"),
    I("at_ms", ""),
};
static const struct tb_column campaign_backtests[] = {
    I("backtest", "number of the run"), TENANT,
    I("campaign", ""), I("offer_version", "that was tested"),
    I("from_day", "days since 1970-01-01, the tenant's zone"), I("to_day", "not included"),
    I("actor", "table api_keys"), I("started_ms", ""), I("at_ms", "when it was kept"),
    I("orders", "of the period"), I("in_force", "orders that it would have touched"),
    I("members", "touched"), I("saving", "minor units"), I("cost", "what would have been paid less"),
    T("result", "everything else: JSON, as the API prints it"),
};
static const struct tb_column coupons[] = {
    I("coupon", "number: the lot"), TENANT,
    I("unit", "template"), I("profile", "whose it is, or was"),
    I("state", "0 issued, 1 used, 2 expired, 3 void, 4 given away (the receiver's has a number of its own); issued and "
               "in table coupon_locks: locked; issued past due_ms: expired, not yet booked"),
    I("issued_day", "days since 1970-01-01, the tenant's zone"),
    I("due_ms", "expiry; none = never"),
    I("changed_ms", "of the newest movement; uses by orders: table order_effects"),
};
static const struct tb_column coupon_locks[] = {
    I("coupon", "an open basket has it; the row goes with the lock"), TENANT,
    I("hold", ""), I("until_ms", "then it is free again"),
};
static const struct tb_column order_effects[] = {
    I("order_no", ""), I("effect", "0, 1, 2 ..."), TENANT,
    I("campaign", ""), I("offer", "who pays: table offer_funders"), I("version", "of the campaign's offers"),
    I("saving", "minor units"), I("saving_back", "part of it that came back"),
    I("pieces", "that got a share, or units of a gift"), I("pieces_back", ""),
    I("applications", ""),
    I("coupon", "that was used; none = a price rule"), I("coupon_unit", "its template"),
    I("budget_unit", "that paid the saving"),
    I("gift_product", ""), I("gift_unit", ""), I("gift_units", ""),
    I("ended", "1: nothing of it stands any more, use and coupon were given back"),
};

#endif
