// SPDX-License-Identifier: Apache-2.0
/* Columns of item codes and of the mall; publish_tables.c includes it once, behind its short names. */
#ifndef TB_ENGINE_PUBLISH_CODE_COLUMNS_H
#define TB_ENGINE_PUBLISH_CODE_COLUMNS_H

static const struct tb_column code_batches[] = {
    I("batch", "number"), TENANT, CODE, NAME, VERSION,
    I("scene", "0 outside, 1 inside, 2 carton, 3 receipt, 4 store, 5 associate"),
    I("level", "of packing: 0 item, 1 carton ..."),
    I("codes", "printed or to be printed: serials 0 .. codes - 1"),
    I("divert_scans", "an alarm wants that many scans outside of the region; 0 = no alarms"),
    I("divert_persons", "by that many persons"),
    I("divert_days", "within that time"),
    I("created_ms", ""),
    I("scans", "of codes in force"),
    I("scanned", "codes that were, each counted once"),
    I("redeemed", ""),
    I("outside_region", "scans outside of the bound region"),
    I("alarms", ""),
};
static const struct tb_column code_bindings[] = {
    I("binding", "number; what codes are on, the same for all codes that say the same"), TENANT,
    I("product", ""), I("store", "credited"), I("associate", "credited"),
    T("region", "where it is meant to be sold"),
    T("campaign", ""), T("lot", ""),
    I("made_ms", ""),
    I("outside_scans", "of codes that are not packed, in the running window"),
};
static const struct tb_column code_packages[] = {
    I("package", "number"), TENANT, I("batch", "of its own code"), I("serial", ""),
    I("level", "of packing"),
    I("store", "that received it"), I("associate", "likewise"),
    I("received_ms", "none = it was not"),
    I("packed_ms", ""),
    I("outside_scans", "of its codes, in the running window"),
};
static const struct tb_column code_scans[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("batch", ""), I("serial", "of the batch; the symbols on the label are not published"),
    I("at_ms", "scanned then"),
    I("verdict", "1 void, 2 frozen, 3 open, 4 first, 5 seen before by the same person, 6 by others"),
    I("profile", "none = nobody was recognised"),
    I("store", "of the scan"), I("touchpoint", ""), I("product", ""),
    T("region", "when the caller said one"),
    I("outside_region", "1: not where it was bound to"),
    I("credited_store", ""), I("credited_associate", ""),
};
static const struct tb_column code_redemptions[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("batch", ""), I("serial", ""),
    I("profile", "none = nobody was named"),
    I("at_ms", ""),
};
static const struct tb_column code_alarms[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("batch", ""),
    I("package", "whose codes are sold elsewhere, or"), I("binding", "of codes that are not packed"),
    I("product", ""),
    I("scans", "outside of the region"), I("persons", "different ones"),
    T("region", "of the scan that gave the alarm"),
    I("at_ms", ""),
};
static const struct tb_column mall_goods[] = {
    I("goods", "number"), TENANT, CODE, NAME, VERSION,
    I("unit", "of points; none = for money alone"),
    I("points", "of one piece"),
    I("cash", "of one piece, minor units"),
    I("stock", "how many may go in all, 0 = no bound"),
    I("stock_unit", "pieces as an account: table trial_balance, 5 left, 6 ordered, 1 gone"),
    I("scheme", "whose tiers are asked; none = every tier"),
    I("tiers", "bits of the first 64 tiers that may have it"),
    I("from_ms", "on the shelf from then"), I("until_ms", "none = open"),
    I("per_member", "pieces of a member in the period, 0 = no limit"),
    I("period", "0 none, 1 day, 2 ISO week, 3 month, 4 year, 5 lifetime"),
    I("product", ""), I("gives", "unit of the coupon that is given at once"),
    I("members_only", ""), I("closed", "1 = off the shelf"),
};
static const struct tb_column mall_exchanges[] = {
    I("exchange", "number"), TENANT, I("goods", ""),
    I("profile", "it is booked to"),
    I("state", "1 ordered, 2 ready, 3 shipped, 4 collected, 5 done, 6 cancelled"),
    I("quantity", "pieces"),
    I("unit", "of points"), I("points", "of all pieces"),
    I("cash", "due in all, minor units"), I("paid", "of it"),
    I("tender", "of the newest payment, as in order_tenders"),
    I("transfer", "the spend of the points"),
    I("store", "where it is to be collected"),
    T("reference", "the parcel's number or the like"),
    I("gone", "1: the goods have left the shop"),
    I("made_ms", ""), I("moved_ms", "newest change"),
};

#endif
