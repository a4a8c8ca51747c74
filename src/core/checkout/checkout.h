// SPDX-License-Identifier: Apache-2.0
/* core/checkout/checkout.h - quote, check out, confirm, bring back (docs/design/0007-checkout.md).
 *
 * One course serves all: lines get list amounts, the member is recognised, core/promotion says what is open
 * to her, core/price finds the best legal set (or prices exactly the chosen one), tenders are judged.
 *   QUOTE        shows it, and changes nothing: the course is run and undone
 *   CHECKOUT     reserves coupons, points, budgets and uses until one deadline: a basket
 *   CONFIRM      places the order, uses and moves everything; from a basket or from a full quote
 *   RETURN_QUOTE runs the return and undoes it, so it shows exactly what the return would do
 *
 * Invariants: confirm = quote when nothing changed in between. Tenders add up to the nets and the
 * shipping. What an order did is in its block (order.h: PRICE, EFFECT, SHARE, PAYMENT, GIVEN), and
 * whatever comes back is a function of what has come back in all: the order of returns does not matter
 * (keep-share; re-evaluation refunds at least 0 at each step), and when all is back all is undone.
 *
 * A basket's holds lapse by themselves at its deadline (points, coupons) and with its timer (budgets,
 * uses). Money in minor units, quantities in thousandths. Pure; the cell's thread alone.
 * Not here: who may use an offer (core/promotion), prices (core/price), the refund matrix (refund.h). */
#ifndef TB_CORE_CHECKOUT_H
#define TB_CORE_CHECKOUT_H

#include "core/card/card.h"
#include "core/code/code.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"

#define TB_BASKET_LIFETIME_MS (INT64_C(15) * 60000) /* when none is given */
#define TB_BASKET_LIFETIME_MIN_MS INT64_C(1000)
#define TB_BASKET_LIFETIME_MAX_MS (INT64_C(24) * 3600000)
#define TB_QUOTE_COUPONS_MAX 100u
/* Of tb_price_best, when none are given: a bound, not what a quote takes. Ten lines and twenty offers take 20 to 250
 * steps (10 us in the mean); hundreds of lines under a dozen rules for the same goods take all, 4 to 5 ms.   */
#define TB_QUOTE_STEPS 5000u
#define TB_QUOTE_STEPS_MAX 200000u
#define TB_CHECKOUT_GIFTS_MAX 64u /* coupons that one order gives */

/* ---- the basket's block: TB_KIND_BASKET, sparse, dropped when it ends ---------------------- */

enum tb_basket_end { TB_BASKET_CONFIRMED = 1, TB_BASKET_RELEASED, TB_BASKET_LAPSED };

enum tb_basket_section {
    TB_BASKET_BYTES = 0, /* skus that the catalog does not know */
    TB_BASKET_LINE,
    TB_BASKET_OFFER,
    TB_BASKET_TENDER,
    TB_BASKET_SECTIONS
};

struct tb_basket_head {
    uint32_t tenant;
    uint32_t profile; /* 0 = nobody */
    uint32_t store;
    uint32_t associate;
    uint32_t touchpoint;
    uint32_t channel;
    int64_t occurred_ms;
    int64_t deadline_ms;
    int64_t payable;
    int64_t shipping; /* list */
    uint64_t device;
    int32_t day; /* on which uses were counted */
    uint32_t policy;
    uint32_t referrer; /* profile that sent her, 0 = none */
    uint32_t reserved;
};

struct tb_basket_row {
    uint32_t product;
    uint32_t sku_at;
    uint32_t sku_n;
    uint32_t whole;
    int64_t quantity;
    int64_t amount; /* list */
};

struct tb_basket_offer {
    uint32_t offer;
    uint32_t budget;
    int64_t saving;
    int64_t pieces;
    int64_t held; /* of the budget */
    uint64_t coupon;
    uint64_t hold; /* the coupon's lock */
    int64_t coupon_due_ms;
    int32_t coupon_day;
    uint32_t coupon_unit;
    uint32_t coupon_profile;
    uint32_t reserved;
    int64_t formula; /* what the offer's formula gave, plus one; 0 = it has none */
    int64_t bound;   /* framed: what limits, budget and her spending left of it when it was opened; -1 = no bound */
    int64_t min_amount;
    uint32_t max_units;
    uint32_t max_applications;
    uint32_t framed;
    uint32_t reserved2;
};

struct tb_basket_tender {
    int64_t amount;
    int64_t units;
    uint64_t hold;
    uint32_t kind;
    uint32_t unit;
    uint32_t profile;
    uint32_t reserved;
};

/* When the basket lapses. */
int64_t tb_checkout_due_ms(const struct tb_block *basket);
/* TB_OP_FIRE: lapses it when it is due. */
void tb_checkout_fire(struct tb_txn *t, uint64_t basket);

/* ---- commands ------------------------------------------------------------------------------- */

/* A line's net in tb_cmd_order.line: its list amount; TB_NET_LIST = the catalog's price. */
#define TB_NET_LIST INT64_MIN

struct tb_quote_tender {
    uint32_t kind;      /* enum tb_tender_kind */
    int64_t amount;     /* money; with a unit and `units` > 0: at most that */
    struct tb_str unit; /* POINTS, STORED_VALUE, GIFT_CARD: drawn from it; empty = plain money */
    int64_t units;      /* that many units at most, as far as they are needed; 0 = by amount */
    struct tb_who card; /* GIFT_CARD: whose units; else the member's */
    bool by_card;
    struct tb_code_ref code; /* GIFT_CARD, instead of a unit: the card of that code, for no more than is on it */
    bool wallet; /* STORED_VALUE, instead of a unit: hers in the tenant's spend order, a tender each */
};

/* True when it takes units, false when it is money. */
static inline bool tb_tender_draws(const struct tb_quote_tender *tender)
{
    return tender->unit.n != 0 || tender->code.batch != 0 || tender->wallet;
}

/* QUOTE and CHECKOUT. order: the facts as in ORDER, key and receipt unused, line[].net as above,
 * tenders unused. Tenders here are those that draw on units; money is told at CONFIRM.
 * Answers in order: those of ORDER up to the member; INVALID "lines"/"coupons"/"tenders"/"lifetime",
 * UNKNOWN_MEMBER and SAME_ACCOUNT (herself, by whichever identifier) "referrer",
 * UNKNOWN_PRODUCT and UNKNOWN_PRICE "lines/i", AMOUNT_OVERFLOW, TOO_LARGE, UNKNOWN_UNIT "tenders/i", INVALID
 * "tenders/i" (it does not pay), UNKNOWN_MEMBER, TENDERS_DIFFER (more than is due), CAP_EXCEEDED (below pay_min,
 * no multiple of pay_step, above pay_share_ppm; units that are told as a bound are cut to steps and
 * ceiling, never refused for them) and INSUFFICIENT "tenders/i", and for CHECKOUT QUOTE_CHANGED "coupons" (one was
 * taken between), CAP_EXCEEDED, TOO_MANY.
 * Body of QUOTE: 1 person, 2 payable, 3 goods list, 4 goods saving, 5 shipping list, 6 shipping saving,
 * 7 = 1 proven, 8 gap (bound - value), 9 steps spent, 10 money due beside the tenders,
 * repeated 11 line {1 list, 2 saving, 3 net, 4 = 1 below cost, 5 product, repeated 6 share {1 offer's place in 12,
 *   2 first, 3 n, 4 each}},
 * repeated 12 offer {1 offer, 2 campaign, 3 version, 4 coupon's lot, 5 enum tb_price_why, 6 saving,
 *   7 applications, 8 gift units, 9 gift product, 10 gift unit (9 and 10 in force or not: the till prompts with
 *   12), 11 missing to the next step, 12 missing,
 *   13 place + 1 of the offer it is against},
 * repeated 13 refused {1 campaign, 2 offer, 3 lot, 4 enum tb_promotion_why, 5 missing} (never who is held out),
 * repeated 14 would earn {1 unit, 2 amount}, repeated 15 tender {1 kind, 2 amount, 3 unit, 4 units}.
 * Body of CHECKOUT: 1 basket, 2 payable, 3 saving, 4 deadline, 5 person, 10 money due beside the tenders. */
struct tb_cmd_quote {
    struct tb_cmd_order order;
    int64_t shipping; /* list, 0 = none */
    uint64_t device;  /* 0 = none */
    const uint64_t *coupon; /* lots */
    uint32_t coupon_n;
    bool best_of_mine; /* try every usable coupon of hers */
    bool referred;
    struct tb_who referrer; /* referred: who sent her; what TO_REFERRER offers give goes there */
    const struct tb_quote_tender *tender;
    uint32_t tender_n;
    uint32_t policy;      /* enum tb_return_policy, fixed at the sale */
    uint32_t steps_max;   /* 0 = TB_QUOTE_STEPS */
    int64_t lifetime_ms;  /* CHECKOUT; 0 = TB_BASKET_LIFETIME_MS */
};

/* SHOW: the basket's offers were shown to the shopper: both arms of campaigns with a hold-out go on record
 * (core/promotion/book.h), as CHECKOUT and CONFIRM do by themselves. Takes a quote's input; a quote itself, being
 * a read, leaves none. Answers: those of QUOTE up to the lines. Body: 1 person, 2 campaigns that are open.  */

/* quote.order.key and receipt name the order. From a basket: lines, member, coupons and drawn tenders are the
 * basket's; quote.tender adds money. Else the full quote: with `offer` exactly those are priced.
 * No tenders of money: what is due is one of kind OTHER.
 * Answers in order: as ORDER when it stands; UNKNOWN_BASKET, UNKNOWN_OFFER (or never live); those of QUOTE up to the
 * lines; QUOTE_CHANGED "offers" (its run or its time ended TB_BASKET_LIFETIME_MAX_MS before the sale); those of QUOTE;
 * QUOTE_CHANGED "payable" (differs from what was quoted), "offers" (one is not open); TENDERS_DIFFER; those of
 * CARD_SELL behind "cards/i/".
 * Body: that of ORDER, and 10 payable, 11 saving, repeated 12 coupon given to her {1 lot, 2 unit}, repeated 13 goods
 * given {1 product, 2 units}; at most 8 of each are told, the order's block has all. Cards are void with CARD_ACT's
 * RETURN; ORDER_CANCEL answers CARD_STATE "cards" while one of them is not.                          */
struct tb_cmd_confirm {
    struct tb_cmd_quote quote;
    uint64_t basket; /* 0 = none */
    const uint32_t *offer;
    uint32_t offer_n;
    bool exact;      /* `offer` is the whole set, also when it is empty */
    int64_t payable; /* as quoted; < 0: whatever it is */
    /* Gift cards sold on the same receipt (core/card/card.h): beside payable and its tenders, each paid as it says. */
    const struct tb_cmd_card_sell *card;
    uint32_t card_n;
};
#define TB_CHECKOUT_CARDS_MAX 8u

/* UNKNOWN_BASKET. Body: 1 basket. */
struct tb_cmd_basket_release {
    uint64_t basket;
};

/* RETURN of a priced order (struct tb_cmd_return): INVALID "lines/i" for parts of a piece and for a net of the
 * caller's own. Body as RETURN, and repeated 12 tender {1 kind, 2 amount, 3 unit, 4 units}, 13 withheld for gifts,
 * 14 shipping, repeated 15 coupon back {1 lot}, repeated 16 gift due {1 product, 2 units}.
 * RETURN_QUOTE takes the same input, key unused, and answers the same without its number.        */

#endif
