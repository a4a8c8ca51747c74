// SPDX-License-Identifier: Apache-2.0
/* http/event_rules.c - see event_rules.h. A rule of one message stands before the general one. */
#include "http/event_rules.h"

#include <stdatomic.h>
#include <string.h>

#include "core/approval/approval.h"
#include "core/checkout/checkout.h"
#include "core/issue/issue.h"
#include "http/op_promotion_words.h"

#define MESSAGES_MAX 512u
#define FIELDS_MAX 64u

/* ---- words ---------------------------------------------------------------------------------------- */

enum vocabulary {
    CAUSE = 0, VERDICT, SCENE, VERB, TENDER, ACCOUNT, CAMPAIGN_STATE, MECHANIC, LEVEL, GROUP_RULE, COUPON_RULE,
    BUDGET_RULE, ROUNDING, OFFER_FLAG, WEEKDAY, SLOT, SCOPE_BY, PLACE_BY, LIMIT_SCOPE, PERIOD, FINDING, BASKET_END,
    POLICY, GAME_KIND, GAME_STATE, REWARD_KIND, DRAW_WHY, PACKET_MODE, ISSUE_STATE, ARM, REQUEST_ACT, REQUEST_STATE,
    REQUEST_OVER,
    VOCABULARIES
};

static const char *const causes[] = {NULL,     "earn",   "clawback", "spend",   "refund",
                                     "expire", "adjust", "cross",    "transfer"};
static const char *const accounts[TB_TENANT_ACCOUNTS] = {"issuer",   "spent", "expired", "adjustments",
                                                         "clearing", "fund",  "held"};
static const char *const offer_flags[] = {"one_per_product", "initial",   "every",        "by_pieces",
                                          "overall",         "same_line", "members_only", "first_order",
                                          "period_spend"};
static const char *const basket_ends[] = {NULL, "confirmed", "released", "lapsed"};
static const char *const policies[] = {"keep_share", "reevaluate"};
static const char *const game_kinds[] = {NULL, "checkin", "draw", "stamps", "task"};
static const char *const game_states[] = {"draft", "open", "paused", "ended"};
static const char *const reward_kinds[] = {NULL, "step", "milestone"};
static const char *const draw_whys[] = {"as_drawn",     "locked",       "member_cap",
                                        "out_of_stock", "not_released", "refused"};
static const char *const packet_modes[] = {NULL, "equal", "random"};
static const char *const arms[] = {"none", "shown", "held_out"};

static struct tb_feed_words choice(const char *name)
{
    for (uint32_t i = 0; i < TB_PROMOTION_CHOICES; i++)
        if (strcmp(tb_promotion_choices[i].name, name) == 0)
            return (struct tb_feed_words){tb_promotion_choices[i].words, tb_promotion_choices[i].n};
    tb_assert(!"a campaign has that choice");
    return (struct tb_feed_words){0};
}

#define LIST(w) {w, TB_COUNT_OF(w)}
struct tb_feed_words tb_feed_words_of(uint32_t what)
{
    static const struct tb_feed_words all[VOCABULARIES] = {
        [CAUSE] = LIST(causes),
        [VERDICT] = {tb_words_scan, TB_SCAN_VERDICTS},
        [SCENE] = {tb_words_scene, TB_CODE_SCENES},
        [VERB] = {tb_words_code_verb, 5},
        [TENDER] = {tb_words_tender, TB_TENDER_KINDS},
        [ACCOUNT] = LIST(accounts),
        [CAMPAIGN_STATE] = {tb_promotion_states, TB_CAMPAIGN_STATES},
        [MECHANIC] = {tb_promotion_mechanics, TB_PRICE_POINTS + 1},
        [ROUNDING] = {tb_promotion_roundings, TB_ROUND_UP + 1},
        [OFFER_FLAG] = LIST(offer_flags),
        [WEEKDAY] = {tb_promotion_days, TB_PROMOTION_DAYS},
        [SLOT] = {tb_promotion_slots, TB_SCOPE_SLOTS},
        [SCOPE_BY] = {tb_promotion_scope_bys, TB_SCOPE_BYS},
        [PLACE_BY] = {tb_promotion_place_bys, TB_PLACE_BYS},
        [LIMIT_SCOPE] = {tb_promotion_limit_scopes, TB_LIMIT_SCOPES},
        [PERIOD] = {tb_promotion_periods, TB_CAP_PERIODS},
        [FINDING] = {tb_promotion_findings, TB_FINDINGS},
        [BASKET_END] = LIST(basket_ends),
        [POLICY] = LIST(policies),
        [GAME_KIND] = LIST(game_kinds),
        [GAME_STATE] = LIST(game_states),
        [REWARD_KIND] = LIST(reward_kinds),
        [DRAW_WHY] = LIST(draw_whys),
        [PACKET_MODE] = LIST(packet_modes),
        [ISSUE_STATE] = {tb_words_issue_state, TB_ISSUE_STATES},
        [ARM] = LIST(arms),
        [REQUEST_ACT] = {tb_words_request_act, TB_REQUEST_ACTS},
        [REQUEST_STATE] = {tb_words_request_state, TB_REQUEST_STATES},
        [REQUEST_OVER] = {tb_words_request_over, TB_REQUEST_OVERS},
    };
    switch (what) {
    case LEVEL:
        return choice("level");
    case GROUP_RULE:
        return choice("group_rule");
    case COUPON_RULE:
        return choice("coupon_rule");
    case BUDGET_RULE:
        return choice("budget_rule");
    default:
        return all[what];
    }
}

/* ---- rules ---------------------------------------------------------------------------------------- */

#define ID_OF(n, k, as) {NULL, n, TB_FEED_ID, k, as}
#define CODE(n, k) {NULL, n, TB_FEED_CODE_OF, k, n}
#define HIDE(n) {NULL, n, TB_FEED_HIDDEN, 0, NULL}
#define WORD(m, n, w) {m, n, TB_FEED_WORD, w, n}

static const struct tb_feed_rule rules[] = {
    /* of one message */
    {"AttributePut", "type", TB_FEED_PLAIN, 0, "value_type"}, /* "type" is the event's */
    {"OfferMade", "id", TB_FEED_ID, TB_ID_OFFER, "offer"},
    {"OfferMade", "flags", TB_FEED_BITS, OFFER_FLAG, "flags"},
    {"OfferMade", "slots", TB_FEED_HIDDEN, 0, NULL}, /* slot_count has that many */
    {"OfferTime", "weekdays", TB_FEED_BITS, WEEKDAY, "weekdays"},
    {"OfferTime", "until_s", TB_FEED_PLAIN, 0, "until_s"}, /* of the day */
    {"OfferPlace", "id", TB_FEED_PLACE, 0, NULL},
    {"UsedRow", "start", TB_FEED_DAY, 0, "start"},
    {"UsedRow", "id", TB_FEED_HIDDEN, 0, NULL}, /* device, store: the order says them */
    {"BasketOpened", "device", TB_FEED_PLAIN, 0, "device"}, /* the caller's own number */
    {"OrderPriced", "device", TB_FEED_PLAIN, 0, "device"},
    {"GamePrize", "value", TB_FEED_PLAIN, 0, "value"},
    {"MallPut", "gives", TB_FEED_CODE_OF, TB_KIND_UNIT, "gives"},
    {"MallExchanged", "coupon_lot", TB_FEED_ID, TB_ID_COUPON, "coupons"},
    {"CardMade", "card", TB_FEED_HIDDEN, 0, NULL}, /* the code says it */
    {"CardMoved", "card", TB_FEED_HIDDEN, 0, NULL},
    {"CardMoved", "other", TB_FEED_HIDDEN, 0, NULL},
    WORD("RequestMade", "act", REQUEST_ACT),
    WORD("RequestMoved", "state", REQUEST_STATE),
    {"RequestMoved", "made", TB_FEED_ID, TB_ID_TRANSFER, "transfer"},
    ID_OF("request", TB_ID_REQUEST, "request"),
    CODE("asked_by", TB_KIND_KEY),
    CODE("decided_by", TB_KIND_KEY),
    CODE("hands", TB_KIND_KEY),
    WORD("RequestMade", "over", REQUEST_OVER),
    CODE("made_by", TB_KIND_KEY),
    WORD("CampaignPut", "state", CAMPAIGN_STATE),
    WORD("CampaignMoved", "state", CAMPAIGN_STATE),
    WORD("OfferMade", "level", LEVEL),
    WORD("OfferMade", "rounding", ROUNDING),
    WORD("OfferScope", "slot", SLOT),
    WORD("OfferScope", "by", SCOPE_BY),
    WORD("OfferPlace", "by", PLACE_BY),
    WORD("OfferLimit", "scope", LIMIT_SCOPE),
    WORD("OfferLimit", "period", PERIOD),
    WORD("UsedRow", "scope", LIMIT_SCOPE),
    WORD("UsedRow", "period", PERIOD),
    WORD("Moved", "from", ACCOUNT),
    WORD("Moved", "to", ACCOUNT),
    WORD("BasketTender", "kind", TENDER),
    WORD("OrderPayment", "kind", TENDER),
    WORD("BasketClosed", "reason", BASKET_END),
    WORD("GamePut", "kind", GAME_KIND),
    WORD("GamePut", "period", PERIOD),
    WORD("GameMoved", "state", GAME_STATE),
    WORD("GameReward", "kind", REWARD_KIND),
    WORD("GameDrawn", "why", DRAW_WHY),
    WORD("PacketMade", "mode", PACKET_MODE),
    WORD("CampaignBooked", "arm", ARM),
    {"CampaignBooked", "month", TB_FEED_DAY, 0, "month"},
    WORD("IssueMoved", "state", ISSUE_STATE),
    {"IssuePut", "job", TB_FEED_HIDDEN, 0, NULL},
    {"JobMoved", "object", TB_FEED_HIDDEN, 0, NULL},
    {"BacktestKept", "from_day", TB_FEED_DAY, 0, "from"},
    {"BacktestKept", "to_day", TB_FEED_DAY, 0, "to"},
    {"BacktestKept", "result", TB_FEED_HIDDEN, 0, NULL}, /* GET says it */
    {"CouponCodeUsed", "lot", TB_FEED_ID, TB_ID_COUPON, "coupon"},
    /* everywhere */
    CODE("goods", TB_KIND_GOODS),
    CODE("bonus_unit", TB_KIND_UNIT),
    CODE("item", TB_KIND_PRODUCT),
    ID_OF("exchange", TB_ID_EXCHANGE, "exchange"),
    HIDE("stock_unit"),
    HIDE("prev"),
    ID_OF("profile", TB_ID_MEMBER, "member"),
    ID_OF("coupon_profile", TB_ID_MEMBER, "coupon_member"),
    ID_OF("outside_profile", TB_ID_MEMBER, "outside_member"),
    ID_OF("a", TB_ID_MEMBER, "a"),
    ID_OF("b", TB_ID_MEMBER, "b"),
    ID_OF("more", TB_ID_MEMBER, "more"),
    ID_OF("anchor", TB_ID_MEMBER, "anchor"),
    ID_OF("subject_profile", TB_ID_MEMBER, "subject"),
    ID_OF("order", TB_ID_ORDER, "order"),
    ID_OF("hold", TB_ID_HOLD, "hold"),
    ID_OF("transfer", TB_ID_TRANSFER, "transfer"),
    ID_OF("reverses", TB_ID_TRANSFER, "reverses"),
    ID_OF("return_no", TB_ID_RETURN, "return_id"),
    ID_OF("device", TB_ID_DEVICE, "device"),
    ID_OF("lot", TB_ID_LOT, "lot"),
    ID_OF("won_lot", TB_ID_LOT, "lot"),
    ID_OF("packet", TB_ID_PACKET, "packet"),
    ID_OF("offer", TB_ID_OFFER, "offer"),
    ID_OF("basket", TB_ID_BASKET, "basket"),
    ID_OF("coupon", TB_ID_COUPON, "coupon"),
    CODE("unit", TB_KIND_UNIT),
    CODE("cost_unit", TB_KIND_UNIT),
    CODE("gift_unit", TB_KIND_UNIT),
    CODE("coupon_unit", TB_KIND_UNIT),
    CODE("budget_unit", TB_KIND_UNIT),
    CODE("budget", TB_KIND_UNIT),
    CODE("store", TB_KIND_STORE),
    CODE("associate", TB_KIND_ASSOCIATE),
    CODE("touchpoint", TB_KIND_TOUCHPOINT),
    {NULL, "product", TB_FEED_CODE_OF, TB_KIND_PRODUCT, "sku"},
    CODE("gift_product", TB_KIND_PRODUCT),
    CODE("rule", TB_KIND_RULE),
    CODE("scheme", TB_KIND_TIER_SCHEME),
    CODE("ns", TB_KIND_NAMESPACE),
    CODE("purpose", TB_KIND_PURPOSE),
    CODE("attribute", TB_KIND_ATTRIBUTE),
    CODE("game", TB_KIND_GAME),
    CODE("campaign", TB_KIND_CAMPAIGN),
    CODE("issue", TB_KIND_ISSUE),
    CODE("coupon_code", TB_KIND_COUPON_CODE),
    CODE("batch", TB_KIND_CODE_BATCH),
    {NULL, "day", TB_FEED_DAY, 0, "day"},
    {NULL, "earned_day", TB_FEED_DAY, 0, "earned_on"},
    {NULL, "coupon_day", TB_FEED_DAY, 0, "coupon_issued_on"},
    {NULL, "sale_day", TB_FEED_DAY, 0, "sale_day"},
    {NULL, "period_start", TB_FEED_DAY, 0, "period_start"},
    {NULL, "milestone_day", TB_FEED_DAY, 0, "milestone_day"},
    {NULL, "at_s", TB_FEED_SECONDS, 0, "at"},
    {NULL, "until_s", TB_FEED_SECONDS, 0, "until"},
    WORD(NULL, "cause", CAUSE),
    WORD(NULL, "verdict", VERDICT),
    WORD(NULL, "scene", SCENE),
    WORD(NULL, "verb", VERB),
    WORD(NULL, "mechanic", MECHANIC),
    WORD(NULL, "group_rule", GROUP_RULE),
    WORD(NULL, "coupon_rule", COUPON_RULE),
    WORD(NULL, "budget_rule", BUDGET_RULE),
    WORD(NULL, "acknowledged", FINDING),
    WORD(NULL, "policy", POLICY),
    HIDE("ring"),
    HIDE("secret"),
    HIDE("seat"),
    HIDE("cleared"),
    HIDE("runs_from"),
    HIDE("milestones_from"),
    HIDE("person"),
    HIDE("salt"),
    HIDE("drops"),
    HIDE("id"),
    HIDE("tenant"),
    HIDE("purpose_id"),
    HIDE("actor"),
    HIDE("value"), /* of an attribute: ask for the member */
    HIDE("cap_start"),
    HIDE("cap"),
    HIDE("serial"), /* the code says it */
    HIDE("parent_batch"),
    HIDE("parent_serial"),
    HIDE("new_batch"),
    HIDE("new_serial"),
    HIDE("set"),
    HIDE("firsts"),
    HIDE("binding"),
    HIDE("package"),
};
#define NO_RULE (TB_COUNT_OF(rules) + 1u)

/* Place in the table + 1, or NO_RULE. */
static uint32_t look_up(uint32_t message, const char *name)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(rules); i++)
        if (strcmp(rules[i].name, name) == 0 &&
            (rules[i].in == NULL || strcmp(rules[i].in, tb_event_message_names[message]) == 0))
            return i + 1;
    return NO_RULE;
}

struct tb_feed_rule tb_feed_rule_of(uint32_t message, const struct tb_event_field *f, char as[48])
{
    static _Atomic uint16_t known[MESSAGES_MAX][FIELDS_MAX]; /* whoever looks first: all find the same */
    tb_assert(message < MESSAGES_MAX && f->no < FIELDS_MAX);
    uint32_t at = atomic_load_explicit(&known[message][f->no], memory_order_relaxed);
    if (at == 0) {
        at = look_up(message, f->name);
        atomic_store_explicit(&known[message][f->no], (uint16_t)at, memory_order_relaxed);
    }
    if (at != NO_RULE)
        return rules[at - 1];
    size_t n = strnlen(f->name, 40);
    memcpy(as, f->name, n + 1);
    if (n > 3 && strcmp(f->name + n - 3, "_ms") == 0) {
        memcpy(as + n - 3, "_at", 4);
        return (struct tb_feed_rule){NULL, f->name, TB_FEED_MS, 0, strcmp(f->name, "at_ms") == 0 ? "at" : as};
    }
    return (struct tb_feed_rule){NULL, f->name, TB_FEED_PLAIN, 0, f->name};
}
