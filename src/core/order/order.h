// SPDX-License-Identifier: Apache-2.0
/* core/order/order.h - what was bought, what came back, what it earned.
 *
 * An order's event keeps all the facts that the till sent. Earning happens once, by the
 * rules in force when it occurred; the points belong to the lines in proportion to their
 * net (largest remainder), and what comes back takes its share with it, cumulatively,
 * so that returning everything in any order and any parts ends at exactly 0.
 *
 * Business facts are unique for ever: an order's key, its receipt (store, till, number)
 * and a return's key. The same fact again gets the same answer and changes nothing.
 *
 * Quantities are thousandths (a piece is 1000), money minor units of the tenant's
 * currency. Net is what was paid for the line after all discounts.                     */
#ifndef TB_CORE_ORDER_H
#define TB_CORE_ORDER_H

#include "core/core.h"
#include "core/identity/identity.h"
#include "core/person.h"

#define TB_ORDER_LINES_MAX 1000u
#define TB_ORDER_TENDERS_MAX 20u
#define TB_ORDER_EARNS_MAX 64u
#define TB_ORDER_KEY_MAX 64u
/* Day buckets older than this are folded away; windows are shorter (catalog). */
#define TB_BUCKET_DAYS 1120

enum tb_order_state { TB_ORDER_PAID = 0, TB_ORDER_PART_RETURNED, TB_ORDER_RETURNED, TB_ORDER_CANCELLED };

enum tb_order_section {
    TB_ORDER_BYTES = 0,
    TB_ORDER_LINE,
    TB_ORDER_TENDER,
    TB_ORDER_EARN,
    TB_ORDER_RETURN,
    TB_ORDER_PRICE, /* one element when the order was priced by Tongbao, else none */
    TB_ORDER_EFFECT,
    TB_ORDER_SHARE,
    TB_ORDER_PAYMENT, /* as TENDER, with what it drew and what came back */
    TB_ORDER_GIVEN,
    TB_ORDER_FROZEN, /* bytes: the offers, where the policy is to re-evaluate */
    TB_ORDER_ARM,    /* experiments that it was counted in */
    TB_ORDER_CARD,   /* gift cards sold on the same receipt */
    TB_ORDER_SECTIONS
};

struct tb_order {
    uint32_t tenant;
    uint32_t profile; /* it is booked to; 0 = nobody was recognised */
    uint32_t store;
    uint32_t associate;
    uint32_t touchpoint;
    uint32_t channel;
    int32_t day; /* of occurred_ms, tenant's zone */
    uint32_t state;
    int64_t occurred_ms;
    int64_t received_ms;
    int64_t net;
    int64_t returned_net;
    uint64_t input_hash; /* of the facts: tells the same order from another */
    uint32_t key_at;     /* in BYTES */
    uint32_t key_n;
    uint64_t seq; /* command that placed it */
};

struct tb_order_line {
    uint32_t product; /* 0: sku is in BYTES */
    uint32_t sku_at;
    uint32_t sku_n;
    uint32_t whole; /* 1, priced orders: nothing divides it */
    int64_t quantity;
    int64_t net;
    int64_t returned_quantity;
    int64_t returned_net;
};

struct tb_order_tender {
    int64_t amount;
    uint32_t kind; /* enum tb_tender_kind */
    uint32_t reserved;
};

struct tb_order_earn {
    uint64_t lot;
    int64_t amount;
    int64_t clawed;    /* share of what came back, taken or owed */
    int64_t shortfall; /* part of clawed that could not be taken */
    uint32_t unit;
    uint32_t rule;
    uint32_t rule_version;
    uint32_t reserved;
};

struct tb_order_return {
    uint64_t no;
    uint64_t key_hash;
    uint64_t input_hash;
    int64_t net;
    int64_t occurred_ms;
};

/* ---- priced orders (core/checkout) -------------------------------------------------- */

/* What a return pays back; fixed on the receipt. */
enum tb_return_policy {
    TB_RETURN_KEEP_SHARE = 0, /* what the piece was sold for */
    TB_RETURN_REEVALUATE,     /* what was paid, less what the kept rest would have cost */
};

struct tb_order_price {
    int64_t shipping; /* paid */
    int64_t shipping_back;
    int64_t earn_base; /* money that earned */
    int64_t withheld;  /* for gifts not brought back */
    uint64_t device;
    int32_t day;     /* on which uses were counted */
    uint32_t policy; /* enum tb_return_policy */
};

struct tb_order_effect {
    uint32_t offer;
    uint32_t version;
    uint32_t campaign;
    uint32_t budget; /* unit that paid the saving, 0 = none */
    int64_t saving;
    int64_t saving_back;
    int64_t pieces;
    int64_t pieces_back;
    uint64_t coupon; /* lot, 0 = a price rule */
    int64_t coupon_due_ms;
    int32_t coupon_day;
    uint32_t coupon_unit;
    uint32_t coupon_profile;
    uint32_t ended; /* 1: use and coupon were given back */
    uint32_t gift_product;
    uint32_t gift_unit;
    uint32_t gift_units;
    uint32_t gifts_settled;
    int64_t gift_value; /* of one */
    uint32_t applications;
    uint32_t reserved;
};

struct tb_order_share {
    int64_t each;
    uint16_t line;
    uint16_t first;
    uint16_t n;
    uint16_t effect;
};

struct tb_order_payment {
    int64_t amount;
    int64_t back;
    int64_t units;
    int64_t units_back;
    uint64_t transfer;
    uint32_t kind; /* enum tb_tender_kind */
    uint32_t unit; /* drawn from, 0 = money */
    uint32_t profile;
    uint32_t reserved;
};

struct tb_order_given {
    uint64_t lot;
    int64_t due_ms;
    uint32_t effect;
    uint32_t unit;
    uint32_t profile;
    int32_t day;
    uint32_t withdrawn; /* 1: taken back */
    uint32_t reserved;
};

/* Money for a promise, not for goods: in no net, no tender and no total of the order (IFRS 15: a liability until the
 * card pays). What paid for it is told apart.                                                        */
struct tb_order_card {
    uint64_t card;
    int64_t amount; /* minor units, or pieces of an item card */
    uint32_t unit;
    uint32_t tender; /* enum tb_tender_kind */
    uint32_t returned; /* 1: unused, its sale was undone */
    uint32_t reserved;
};

/* Counted in an arm of a campaign with a hold-out (core/promotion/book.h). */
struct tb_order_arm {
    uint32_t campaign;
    uint32_t profile; /* whose record it was counted on */
    uint32_t arm;     /* enum tb_arm */
    uint32_t reserved;
};

/* The bucket of (profile, day) in the person's block, made when missing. For apply. */
struct tb_day_bucket *tb_order_bucket(struct tb_txn *t, uint64_t person, uint32_t profile,
                                      int32_t day);

/* The same, only looking: NULL when there is none. */
struct tb_day_bucket *tb_order_find_bucket(const struct tb_txn *t, struct tb_block *person,
                                           uint32_t profile, int32_t day);

/* What expressions ask of the past, over the person's profiles, days [from, to). */
struct tb_past {
    int64_t spend;
    int64_t qualifying;
    int64_t orders;
    int64_t visits;
};
struct tb_past tb_order_past(const struct tb_txn *t, struct tb_block *person, int32_t from_day,
                             int32_t to_day);

/* ---- commands --------------------------------------------------------------------- */

struct tb_order_line_input {
    struct tb_str sku;
    int64_t quantity; /* > 0, thousandths */
    int64_t net;      /* >= 0, of the whole line */
    int64_t gross;    /* before discounts; 0 = the same as net */
};

struct tb_order_tender_input {
    uint32_t kind;
    int64_t amount;
};

/* Answers in order: INVALID "order"/"lines"/..., ORDER_EXISTS, UNKNOWN_CURRENCY,
 * UNKNOWN_STORE, UNKNOWN_ASSOCIATE, UNKNOWN_TOUCHPOINT, TIME_IN_FUTURE, TIME_TOO_OLD,
 * AMOUNT_OVERFLOW, TENDERS_DIFFER, those of tb_identity_resolve, CAP_EXCEEDED never
 * (a cap only makes it earn less).
 * Body: 1 order, 2 person (0 = nobody), 3 = 1 when it stood before, repeated
 * 4 = earned {1 unit, 2 amount, 3 available (zigzag), 4 pending}, 5 tier (index + 1),
 * 6 scheme, 7 = 1 when the person was new.                                             */
struct tb_cmd_order {
    struct tb_str key;     /* 1-64 bytes */
    struct tb_str receipt; /* "store/till/number"; empty = none */
    struct tb_str till;
    const struct tb_identifier *identifier;
    uint32_t identifier_n;
    uint32_t profile; /* instead of identifiers; 0 = none */
    struct tb_str store;
    struct tb_str associate;
    struct tb_str touchpoint;
    uint32_t channel;
    struct tb_str currency; /* empty = the tenant's */
    int64_t occurred_ms;
    const struct tb_order_line_input *line;
    uint32_t line_n;
    const struct tb_order_tender_input *tender; /* none: not told */
    uint32_t tender_n;
    uint64_t input_hash; /* of all facts above, made at the border */
    const struct tb_order_pricing *pricing; /* core/checkout: what it decided. NULL: a plain order */
};

struct tb_return_line_input {
    uint32_t line;    /* index in the order; or TB_LINE_BY_SKU */
    struct tb_str sku;
    int64_t quantity; /* > 0 */
    int64_t net;      /* what is paid back; TB_NET_SHARE = the line's share */
};
#define TB_LINE_BY_SKU UINT32_MAX
#define TB_NET_SHARE INT64_MIN

/* Answers in order: INVALID, UNKNOWN_ORDER, ORDER_EXISTS "return" (the key with other
 * content), ORDER_CLOSED, INVALID "lines/i", RETURN_EXCEEDS, TIME_IN_FUTURE.
 * Body: 1 order, 2 person, 3 = 1 when it stood before, 4 = repeated clawed {1 unit,
 * 2 amount, 3 available, 4 shortfall}, 8 net paid back (zigzag), 9 return.              */
struct tb_cmd_return {
    struct tb_str order;
    struct tb_str key;
    const struct tb_return_line_input *line;
    uint32_t line_n;
    int64_t occurred_ms; /* 0 = now */
    uint64_t input_hash;
    /* Priced orders (core/checkout/unwind.h). */
    bool gifts_kept; /* gifts that are due were not brought back: their value is withheld */
    bool keeps_uses; /* fraud: limits stay counted, coupons stay used */
};

/* Everything that has not come back. Answers as a return. */
struct tb_cmd_order_cancel {
    struct tb_str order;
    uint64_t input_hash;
};

/* READ. UNKNOWN_ORDER. Body: 1 order, 2 packed block; with `of`: 3 what each line's product is called now ("" = it has
 * no name), in the lines' order, as many as fit. */
struct tb_cmd_order_get {
    struct tb_str order; /* key */
    uint64_t no;         /* or the number */
    uint32_t of;         /* profile: no order but of her person; 0 = anybody's */
};

#endif
