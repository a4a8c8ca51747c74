// SPDX-License-Identifier: Apache-2.0
/* Every published table and column, in words: docs/tables.md is made from this file and the columns it includes. */
#include "engine/publish_int.h"

#define I(name, remark) {name, TB_COLUMN_I64, remark}
#define T(name, remark) {name, TB_COLUMN_TEXT, remark}
#define B(name, remark) {name, TB_COLUMN_BLOB, remark}
#define TENANT I("tenant", "number of the tenant")
#define CODE T("code", "what the tenant calls it")
#define NAME T("name", "")
#define VERSION I("version", "rises with each change")
#define PERSON I("person", "number of the person that the profile belongs to now")

static const struct tb_column published[] = {
    I("what", "1: the persons' tables; 2: the tables whose rows are only appended, while they are "
              "behind the state; 3: table member_names"),
    I("batch", "1: they hold everything up to that batch of the journal, and perhaps more"),
    I("at_ms", "when that batch was made, that entry was decided"),
    I("layout", "of the tables; another number publishes everything anew"),
    I("seq", "2: they hold everything up to that entry of the history; 3: which attributes are names"),
};
static const struct tb_column trial_balance[] = {
    I("unit", ""),
    I("account", "0 issuer, 1 spent, 2 expired, 3 adjustments, 4 clearing"),
    TENANT,
    I("credits", "moved into the tenant's account"),
    I("debits", "moved out of it; with the members' balances everything adds up to 0"),
};
static const struct tb_column roll_forward[] = {
    I("unit", ""),
    I("day", "days since 1970-01-01, the tenant's zone"),
    TENANT,
    I("earned", ""),
    I("reversed", "taken back by returns"),
    I("spent", "less refunds"),
    I("expired", "less what refunds restored"),
    I("adjusted", "closing = opening + earned - reversed - spent - expired + adjusted"),
};
static const struct tb_column jobs[] = {
    I("job", "number; a job that has ended has no row"), TENANT,
    I("kind", "1: tiers of every person"),
    I("at", "person looked at last"),
    I("last", "where it ends"),
    I("started_ms", ""),
};
static const struct tb_column persons[] = {
    I("person", "number; goes away when the person is merged into another"), TENANT,
    I("member", "profile by whose id the person is known outside"),
    I("profiles", "how many"),
    I("first_seen_ms", ""),
    I("last_seen_ms", "to the day (UTC)"),
    I("enrolled_ms", "none = not a member"),
    I("follower", "1 = follows the official account"),
    I("anonymous_card", "1 = a member known by a card alone"),
    I("frozen", "1 = waits for a review"),
    I("erased", "1 = erased: numbers are all that is left"),
    I("orders", "without cancelled and wholly returned ones"),
    I("spend", "minor units, net of returns"),
    I("visits", "days with an order"),
    I("first_order_ms", ""),
    I("last_order_ms", ""),
    I("tier_scheme", "the tenant's first scheme in which she has a tier"),
    I("tier", "in that scheme; every scheme: table member_tiers"),
    I("last_touchpoint", ""),
    I("last_store", ""),
};
static const struct tb_column profiles[] = {
    I("profile", "number; never used again"), TENANT, PERSON,
    I("namespace", "of its identifier; the value is not published"),
    I("since_ms", "oldest evidence"),
    I("until_ms", "none = still held"),
    I("last_day", "days since 1970-01-01 (UTC) of the newest evidence"),
    I("verified", ""),
    I("is_current", "1: the identifier leads here"),
    I("follower", ""),
    I("erased", ""),
};
static const struct tb_column balances[] = {
    I("profile", ""), I("unit", ""), TENANT, PERSON,
    I("available", "usable; a person's balance is the sum over her profiles"),
    I("held", "reserved by holds"),
    I("pending", "earned, not yet released"),
    I("crossed", "received from (+) or given to (-) the person's other profiles"),
    I("expires_next_ms", "none = nothing expires"),
    I("expires_next", "how much then"),
};
static const struct tb_column lots[] = {
    I("profile", ""), I("lot", "number"), TENANT, PERSON, I("unit", ""),
    I("amount_left", ""),
    I("pending", "1: due_ms is its release, not its expiry"),
    I("due_ms", "usable before it; none = never"),
    I("earned_day", "days since 1970-01-01, the tenant's zone"),
};
static const struct tb_column holds[] = {
    I("hold", "number"), TENANT, PERSON, I("profile", ""), I("unit", ""),
    I("amount", "still reserved"),
    I("deadline_ms", "voided then"),
};
static const struct tb_column member_names[] = {
    I("profile", ""), TENANT,
    T("tokens", "keyed hashes of parts of the name, each after a blank; nothing leads back without the key store"),
};
static const struct tb_column attributes[] = {
    I("profile", ""), I("attribute", ""), TENANT, PERSON,
    I("value", "integer, 0 or 1, days, milliseconds, number of the choice"),
    T("text", "of a text attribute"),
    I("at_s", "when it was so, seconds since 1970"),
    I("source", "1 declared, 2 verified, 3 observed, 4 imported, 5 inferred"),
};
static const struct tb_column consents[] = {
    I("profile", "the endpoint"), I("purpose", ""), I("channel", "0 = every channel"),
    I("person_wide", "1: speaks for the person"), TENANT, PERSON,
    I("state", "1 granted, 2 denied, 3 withdrawn"),
    I("occurred_ms", ""),
    I("received_ms", ""),
    I("expires_ms", "none = never"),
    I("actor", "1 self, 2 guardian, 3 staff, 4 import"),
    I("proven", ""),
    I("text_version", ""),
};
static const struct tb_column member_tiers[] = {
    I("profile", "the person's oldest one decides"), I("scheme", ""), TENANT, PERSON,
    I("tier", ""),
    I("since_ms", ""),
    I("review_ms", "none = never"),
    I("grace_ms", "a lower tier takes effect then; none"),
};
static const struct tb_column enrolments[] = {
    I("profile", ""), TENANT, PERSON,
    I("at_ms", ""),
    I("touchpoint", ""),
    I("terms_version", ""),
    I("anonymous", "1 = an anonymous card"),
};
static const struct tb_column orders[] = {
    I("order_no", "number"), TENANT,
    T("code", "the caller's order id"),
    I("profile", "it is booked to; none = nobody was recognised"),
    I("store", ""), I("associate", ""), I("touchpoint", ""), I("channel", ""),
    I("day", "of occurred_ms, days since 1970-01-01 in the tenant's zone"),
    I("state", "0 paid, 1 partly returned, 2 returned, 3 cancelled"),
    I("occurred_ms", ""),
    I("received_ms", ""),
    I("net", "minor units"),
    I("returned_net", ""),
    I("line_n", "how many lines"),
    I("seq", "entry of the history that placed it"),
};
static const struct tb_column order_receipts[] = {
    I("order_no", ""), TENANT,
    T("receipt", "store/till/number"),
    T("till", ""),
    T("extra", "JSON object of further facts, as given"),
};
static const struct tb_column order_lines[] = {
    I("order_no", ""), I("line", "0, 1, 2 ..."), TENANT,
    I("product", "none = not in the catalog"),
    T("sku", "when it is not"),
    I("quantity", "thousandths: one piece is 1000"),
    I("net", "of the whole line, minor units"),
    I("gross", "before discounts"),
};
static const struct tb_column order_tenders[] = {
    I("order_no", ""), I("tender", "0, 1, 2 ..."), TENANT,
    I("kind", "0 other, 1 cash, 2 card, 3 WeChat, 4 Alipay, 5 UnionPay, 6 stored value, 7 points, "
              "8 gift card, 9 voucher"),
    I("amount", "minor units"),
};
static const struct tb_column order_earnings[] = {
    I("order_no", ""), I("earning", "0, 1, 2 ..."), TENANT,
    I("unit", ""),
    I("rule", ""),
    I("rule_version", ""),
    I("amount", ""),
    I("clawed", "share of what came back, taken or owed"),
    I("shortfall", "part of it that could not be taken"),
};
static const struct tb_column returns[] = {
    I("return_no", "number"), TENANT, I("order_no", ""),
    T("code", "the caller's return id"),
    I("day", "days since 1970-01-01, the tenant's zone"),
    I("occurred_ms", ""),
    I("net", "paid back, minor units"),
    I("cancel", "1: the order was cancelled"),
    I("seq", "entry of the history"),
};
static const struct tb_column return_lines[] = {
    I("return_no", ""), I("line", "of the order"), TENANT, I("order_no", ""),
    I("quantity", "a line that came back in parts is one row: their sums"),
    I("net", ""),
};
static const struct tb_column transfers[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("at_ms", "when it was booked"),
    I("day", "booked on; days since 1970-01-01, the tenant's zone"),
    I("unit", ""),
    I("profile", "the member's side"),
    I("tenant_account", "the other side: 0 issuer, 1 spent, 2 expired, 3 adjustments, 4 clearing"),
    I("amount", "> 0 to the member, < 0 from the member"),
    I("cause", "1 earn, 2 claw-back, 3 spend, 4 refund, 5 expire, 6 adjust, 7 between profiles, "
               "8 between members"),
    I("pending", "1: the member's pending account"),
    I("order_no", ""),
    I("transfer", "linked group that can be reversed"),
    I("reverses", "the transfer that this one undoes"),
    I("actor", "table api_keys"),
    T("reason", ""),
};
static const struct tb_column contacts[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("profile", ""),
    I("at_ms", ""),
    I("touchpoint", ""), I("store", ""),
    I("is_new", "1: the identifier was not known before"),
};
static const struct tb_column devices[] = {
    I("device", "number; a forgotten device has no row"), TENANT, I("namespace", ""),
    I("first_ms", ""),
    I("last_ms", "to the day"),
    I("visits", "ever"),
    I("touchpoint", "of the newest visit"),
    I("shared", "1: seen with too many persons to mean one"),
};
static const struct tb_column device_visits[] = {
    I("device", ""), I("first_ms", ""), I("touchpoint", ""), TENANT,
    I("last_ms", "dwell = last_ms - first_ms"),
};
static const struct tb_column device_persons[] = {
    I("device", ""), I("profile", ""), TENANT, I("first_ms", ""), I("last_ms", "to the day"),
};
static const struct tb_column consent_records[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("profile", "the endpoint"), I("purpose", ""), I("channel", "0 = every channel"),
    I("state", "1 granted, 2 denied, 3 withdrawn"),
    I("occurred_ms", ""), I("received_ms", ""),
    I("expires_ms", "none = never"),
    I("actor", "1 self, 2 guardian, 3 staff, 4 import"),
    I("text_version", ""),
    B("proof", "hash of the evidence"),
    I("touchpoint", ""),
    I("person_wide", ""),
    I("history_only", "1: older than what stood; changed nothing"),
};
static const struct tb_column tier_changes[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("profile", ""), I("scheme", ""),
    I("from_tier", ""), I("to_tier", ""),
    I("since_ms", ""),
    I("reason", "1 order, 2 return, 3 review, 4 grace, 5 adjustment, 6 the scheme changed, 7 play"),
};
static const struct tb_column merges[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("profile", ""),
    I("person", "it belongs to from now on"),
    I("reason", "1 evidence, 2 by hand, 3 parted by hand"),
    I("at_ms", ""),
};
static const struct tb_column reveals[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("profile", ""),
    I("attribute", "none = the identifier itself"),
    I("actor", "table api_keys"),
    T("reason", ""),
    I("at_ms", ""),
};
#include "engine/publish_code_columns.h"
#include "engine/publish_config_columns.h"
#include "engine/publish_play_columns.h"
#include "engine/publish_promotion_columns.h"

static const struct tb_column cards[] = {
    I("card", "number of a gift card that was sold, or of a gift"), TENANT,
    I("kind", "1 card with a code, 2 gift on its way"),
    I("state", "1 live, 2 blocked, 3 replaced; 4 offered, 5 claimed, 6 taken back, 7 lapsed"),
    I("unit", ""),
    I("profile", "the card's own: its value is in balances and lots; of a gift: the giver"),
    I("other", "card that replaced it; of a gift: profile that claimed it"),
    I("batch", "of its code"), I("serial", "of the batch; the symbols are not published"),
    I("amount", "when it was sold; of a gift: what is given"),
    T("face", "which picture"),
    I("made_ms", ""), I("moved_ms", "newest change of state"),
    I("deadline_ms", "of a gift"),
};

static const struct tb_column requests[] = {
    I("request", "number"), TENANT,
    I("act", "1 adjust, 2 reverse, 3 erase: by the member herself"),
    I("state", "1 waiting, 2 approved, 3 declined, 4 withdrawn by who asked, 5 lapsed"),
    I("unit", "0 = none: to be erased"),
    I("profile", "whose value; who is to be erased"),
    I("amount", "> 0 to the member; of a reversal: what comes back"),
    I("reversed", "transfer that is undone"),
    I("transfer", "that the approval made"),
    T("reason", ""),
    T("note", "of who decided"),
    I("asked_by", "table api_keys"), I("decided_by", "table api_keys"),
    I("asked_ms", ""), I("deadline_ms", ""), I("decided_ms", ""),
    I("asked_seq", "entry of the history"), I("decided_seq", "entry of the history: its transfer, too"),
};

#define UPSERTED(name, keys, remark) \
    {#name, name, TB_COUNT_OF(name), keys, false, remark}
#define APPENDED(name, keys, remark) \
    {#name, name, TB_COUNT_OF(name), keys, true, remark}

static const struct tb_table tables[PUBLISH_TABLES] = {
    [T_PUBLISHED] = UPSERTED(published, 1, "How new the tables are."),
    [T_TENANTS] = UPSERTED(tenants, 1, "Tenants and their counts."),
    [T_UNITS] = UPSERTED(units, 1, "Units of value."),
    [T_TRIAL_BALANCE] = UPSERTED(trial_balance, 2, "The tenant's own accounts of each unit."),
    [T_ROLL_FORWARD] = UPSERTED(roll_forward, 2, "What moved in each unit on each day."),
    [T_NAMESPACES] = UPSERTED(namespaces, 1, "Kinds of identifiers."),
    [T_STORES] = UPSERTED(stores, 1, "Stores."),
    [T_PRODUCTS] = UPSERTED(products, 1, "Products."),
    [T_ASSOCIATES] = UPSERTED(associates, 1, "Associates."),
    [T_TOUCHPOINTS] = UPSERTED(touchpoints, 1, "Touchpoints."),
    [T_ATTRIBUTE_DECLARATIONS] =
        UPSERTED(attribute_declarations, 1, "What may be known of a person, and why."),
    [T_ATTRIBUTE_CHOICES] = UPSERTED(attribute_choices, 2, "Values of choice attributes."),
    [T_PURPOSES] = UPSERTED(purposes, 1, "Purposes of consent and attributes."),
    [T_RULES] = UPSERTED(rules, 1, "Rules in their newest version."),
    [T_TIER_SCHEMES] = UPSERTED(tier_schemes, 1, "Tier schemes."),
    [T_TIERS] = UPSERTED(tiers, 2, "Tiers of each scheme."),
    [T_API_KEYS] = UPSERTED(api_keys, 1, "API keys, without their secrets."),
    [T_WEBHOOKS] = UPSERTED(webhooks, 1, "Webhooks, without their secrets."),
    [T_JOBS] = UPSERTED(jobs, 1, "Work under way."),
    [T_PERSONS] = UPSERTED(persons, 1, "Everybody who was recognised."),
    [T_PROFILES] = UPSERTED(profiles, 1, "Tenures of identifiers, and whose they are now."),
    [T_BALANCES] = UPSERTED(balances, 2, "What each profile has in each unit."),
    [T_LOTS] = UPSERTED(lots, 2, "What balances consist of; a lot that is used up has no row."),
    [T_HOLDS] = UPSERTED(holds, 1, "Reserved amounts."),
    [T_ATTRIBUTES] = UPSERTED(attributes, 2, "Attributes that are not personal."),
    [T_MEMBER_NAMES] = UPSERTED(member_names, 1, "How members are found by name (docs/design/0021)."),
    [T_CONSENTS] = UPSERTED(consents, 4, "The newest record of each consent."),
    [T_MEMBER_TIERS] = UPSERTED(member_tiers, 2, "Tiers as they stand."),
    [T_ENROLMENTS] = UPSERTED(enrolments, 1, "Who became a member, when, where."),
    [T_ORDERS] = UPSERTED(orders, 1, "Orders."),
    [T_ORDER_RECEIPTS] = APPENDED(order_receipts, 1, "Receipts and what else the till sent."),
    [T_ORDER_LINES] = APPENDED(order_lines, 2, "What was bought."),
    [T_ORDER_TENDERS] = APPENDED(order_tenders, 2, "How it was paid."),
    [T_ORDER_EARNINGS] = UPSERTED(order_earnings, 2, "What an order earned, by which rule."),
    [T_RETURNS] = APPENDED(returns, 1, "What came back."),
    [T_RETURN_LINES] = APPENDED(return_lines, 2, "Lines of it."),
    [T_TRANSFERS] = APPENDED(transfers, 2, "Every movement of value."),
    [T_CONTACTS] = APPENDED(contacts, 2, "Somebody was seen; at most one a day, profile and order "
                                         "of arrival."),
    [T_DEVICES] = UPSERTED(devices, 1, "Devices and weak values, by number only."),
    [T_DEVICE_VISITS] = UPSERTED(device_visits, 3, "The newest 16 visits of each device."),
    [T_DEVICE_PERSONS] = UPSERTED(device_persons, 2, "Profiles seen with a device."),
    [T_CONSENT_RECORDS] = APPENDED(consent_records, 2, "Every record of consent, as proof."),
    [T_TIER_CHANGES] = APPENDED(tier_changes, 2, "Tiers that rose or fell."),
    [T_MERGES] = APPENDED(merges, 2, "Profiles that went to another person."),
    [T_REVEALS] = APPENDED(reveals, 2, "Who saw a personal value in the clear, and why."),
    [T_CODE_BATCHES] = UPSERTED(code_batches, 1, "Batches of item codes."),
    [T_CODE_BINDINGS] = UPSERTED(code_bindings, 1, "What codes were bound to."),
    [T_CODE_PACKAGES] = UPSERTED(code_packages, 1, "Cartons and pallets that were packed."),
    [T_CODE_SCANS] = APPENDED(code_scans, 2, "Every scan of a code that is, or was, in force."),
    [T_CODE_REDEMPTIONS] = APPENDED(code_redemptions, 2, "Codes that were redeemed."),
    [T_CODE_ALARMS] = APPENDED(code_alarms, 2, "Goods that are sold where they should not be."),
    [T_MALL_GOODS] = UPSERTED(mall_goods, 1, "Goods of the points mall."),
    [T_MALL_EXCHANGES] = UPSERTED(mall_exchanges, 1, "What members took from the mall, and how far it has come."),
    [T_CARDS] = UPSERTED(cards, 1, "Gift cards that were sold, and gifts."),
    [T_REQUESTS] = UPSERTED(requests, 1, "What one person asked for by hand above a limit, and who decided."),
    [T_GAMES] = UPSERTED(games, 1, "Games: check-ins, draws, stamp cards, tasks, what scans give."),
    [T_GAME_PRIZES] = UPSERTED(game_prizes, 2, "Prizes of draws."),
    [T_GAME_DRAWS] = APPENDED(game_draws, 2, "Draws."),
    [T_GAME_CHECKINS] = APPENDED(game_checkins, 2, "Days that members checked in, or made up."),
    [T_GAME_STAMPS] = APPENDED(game_stamps, 2, "Stamps given and taken back."),
    [T_GAME_TASKS] = APPENDED(game_tasks, 2, "Tasks done."),
    [T_SCAN_REWARDS] = APPENDED(scan_rewards, 2, "What scans of item codes gave, to whom."),
    [T_PACKETS] = UPSERTED(packets, 1, "Red packets."),
    [T_PACKET_CLAIMS] = APPENDED(packet_claims, 2, "Shares of red packets that were claimed."),
    [T_CAMPAIGNS] = UPSERTED(campaigns, 1, "Campaigns and what they have used."),
    [T_OFFERS] = UPSERTED(offers, 1, "Versions of campaigns."),
    [T_OFFER_FUNDERS] = UPSERTED(offer_funders, 2, "Who pays what a version saves its members."),
    [T_CAMPAIGN_USES] = APPENDED(campaign_uses, 2, "Uses and exposures as counted; they add up to campaigns."),
    [T_CAMPAIGN_BACKTESTS] = UPSERTED(campaign_backtests, 1, "What drafts would have done to orders of the past."),
    [T_COUPONS] = UPSERTED(coupons, 1, "Every coupon that was ever issued."),
    [T_COUPON_LOCKS] = UPSERTED(coupon_locks, 1, "Coupons that open baskets have."),
    [T_ORDER_EFFECTS] = UPSERTED(order_effects, 2, "What an order got off, by which offer."),
};

const struct tb_table *tb_publish_tables(uint32_t *n)
{
    *n = PUBLISH_TABLES;
    return tables;
}
