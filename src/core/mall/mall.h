// SPDX-License-Identifier: Apache-2.0
/* core/mall/mall.h - the points mall: goods for points, or for points and money.
 *
 * GOODS (kind 55)     a configuration object: price in units and in money, stock, for whom, how often.
 * EXCHANGE (kind 56)  what one member took, and how far it has come:
 *
 *   ordered -> ready -> shipped | collected -> done          cancelled from any of them but done
 *
 * Value is the ledger's: points leave as a kept spend and come back by its refund, to their lots. Stock is
 * a unit of kind BUDGET of its own, moved in pieces: FUND (left), HELD (ordered, still in the shop), SPENT
 * (gone); FUND and HELD never go below 0, so nothing can be given twice. `stock` is how many may go in all, as
 * of a coupon's template; 0 = no bound, then pieces come from ISSUER.
 * Money is stored value, drawn as a checkout draws it, or what the till says was paid, which is not held here. Goods
 * leave when all of it was paid; cancelling gives stored value back to its lots and tells what money is to be.
 * Goods that give a coupon are done at once, so all of their money is paid with the exchange.
 *
 * Limits are judged on the person and counted by profile (rows of TB_PERSON_CAP under the number of the
 * goods), so a merge adds them up and an unmerge parts them; a cancellation gives back to its period.
 * Concurrency: one cell decides one command after the other, each as a whole; there is nothing to lock.
 *
 * Memory   an exchange: 170 bytes and its texts; they stay in memory.
 * Pure; the cell's thread alone; inputs are borrowed. Not here: addresses (they are personal; the shop's
 * own system keeps them by the exchange's id), product texts and pictures.                           */
#ifndef TB_CORE_MALL_H
#define TB_CORE_MALL_H

#include "core/catalog/catalog.h"
#include "core/identity/identity.h"

#define TB_GOODS_MAX 20000u         /* a tenant's */
#define TB_EXCHANGE_PIECES_MAX 1000 /* of one exchange */
#define TB_EXCHANGE_COUPONS_MAX 20  /* that one exchange gives */
#define TB_EXCHANGE_REFERENCE_MAX 64u
#define TB_EXCHANGE_DRAWS_MAX 16u /* units of stored value that one payment draws on */
#define TB_MALL_LIST_MAX 100u

enum tb_goods_flag {
    TB_GOODS_MEMBERS_ONLY = 1, /* only who has enrolled */
    TB_GOODS_CLOSED = 2,       /* off the shelf; what was ordered goes on */
};
#define TB_GOODS_FLAGS_ALL 3u

enum tb_exchange_state { /* journaled, never renumber */
    TB_EXCHANGE_ORDERED = 1,
    TB_EXCHANGE_READY,
    TB_EXCHANGE_SHIPPED,
    TB_EXCHANGE_COLLECTED,
    TB_EXCHANGE_DONE,
    TB_EXCHANGE_CANCELLED,
};
#define TB_EXCHANGE_STATES 7u

/* ---- blocks -------------------------------------------------------------------------------- */

enum tb_goods_section { TB_GOODS_BYTES = TB_CONFIG_BYTES, TB_GOODS_SECTIONS };

struct tb_goods {
    struct tb_config c;
    int64_t points; /* of one piece, in `unit` */
    int64_t cash;   /* of one piece, minor units */
    int64_t stock;  /* how many may go in all, 0 = no bound */
    int64_t from_ms;
    int64_t until_ms;  /* INT64_MAX = open */
    uint64_t tiers[2]; /* bits of tiers of `scheme` that may have it; with a scheme never all 0 */
    uint32_t unit;     /* 0 = for money alone */
    uint32_t scheme;   /* 0 = for every tier */
    uint32_t product;  /* 0 = not in the catalog */
    uint32_t gives;    /* coupon's template, 0 = goods */
    uint32_t stock_unit;
    uint32_t per_member; /* pieces in the period, 0 = no limit */
    uint32_t period;     /* enum tb_cap_period; NONE if and only if per_member is 0 */
    uint32_t flags;      /* enum tb_goods_flag */
};

enum tb_exchange_section { TB_EXCHANGE_BYTES = 0, TB_EXCHANGE_COUPON, TB_EXCHANGE_DRAW, TB_EXCHANGE_SECTIONS };

struct tb_exchange {
    uint32_t tenant;
    uint32_t goods;
    uint32_t profile; /* it is booked to */
    uint32_t state;   /* enum tb_exchange_state */
    uint32_t unit;
    uint32_t store;  /* where it is to be collected, 0 = not said */
    uint32_t tender; /* enum tb_tender_kind of the newest payment */
    uint32_t left;   /* 1: the goods have left the shop */
    int64_t quantity;
    int64_t points;
    int64_t cash; /* due in all */
    int64_t paid; /* of it, as money */
    uint64_t transfer; /* the spend, 0 = no points */
    uint64_t prev;     /* exchange of the same profile before, 0 = none */
    int64_t made_ms;
    int64_t moved_ms;
    int32_t start_day; /* of the period in which it was counted */
    uint32_t period;   /* 0 = it was not counted */
    uint32_t reference_at; /* in BYTES: the parcel's number or the like */
    uint32_t reference_n;
    int64_t drawn; /* of cash, out of stored value */
};
/* Section COUPON: uint64 lots that were given. */

/* Section DRAW: what paid `drawn`; each is refunded when the exchange is cancelled. */
struct tb_exchange_draw {
    uint64_t transfer;
    int64_t units;
    int64_t amount; /* of money that they paid */
    uint32_t unit;
    uint32_t reserved;
};

/* ---- commands ------------------------------------------------------------------------------- */

/* MALL_PUT: a put (core/catalog/commands.h) with its answer. Something must be paid: points, cash or both.
 * Refusals beyond those of every put: UNKNOWN_UNIT "unit" and "gives", UNKNOWN_SCHEME, UNKNOWN_PRODUCT,
 * INVALID "unit" (not points), "gives" (not a coupon's template), "tiers/i" (the scheme has no such tier),
 * INSUFFICIENT "stock" (more have gone already).                                                   */
struct tb_cmd_mall_put {
    struct tb_put put; /* code: at most 59 bytes */
    struct tb_str name;
    struct tb_str unit;
    int64_t points;
    int64_t cash;
    int64_t stock;
    struct tb_str scheme;
    const struct tb_str *tier; /* codes; none: every tier */
    uint32_t tier_n;
    int64_t from_ms;
    int64_t until_ms; /* 0 = open */
    int64_t per_member;
    int64_t period;
    struct tb_str product; /* sku */
    struct tb_str gives;
    uint64_t flags;
};

/* MALL_EXCHANGE. Answers in order: UNKNOWN_GOODS, UNKNOWN_MEMBER (and the like), INVALID "quantity", "tender",
 * UNKNOWN_STORE, NOT_OPEN, NOT_ENROLLED, NOT_ELIGIBLE (her tier), PLAY_LIMIT, OUT_OF_STOCK, AMOUNT_OVERFLOW,
 * TENDERS_DIFFER "paid", "stored_value" (more than it costs), INSUFFICIENT "member", CAP_EXCEEDED, INSUFFICIENT and
 * CAP_EXCEEDED "stored_value", and what giving a coupon
 * refuses. Body: 1 exchange, 2 enum tb_exchange_state, 3 points, 4 cash, 5 cash still due, 6 balance
 * (zigzag), 7 repeated lot of a coupon given, 8 goods, 12 person. */
struct tb_cmd_mall_exchange {
    struct tb_who who;
    struct tb_str goods;
    int64_t quantity; /* 1 .. TB_EXCHANGE_PIECES_MAX */
    struct tb_str store;
    uint32_t tender; /* enum tb_tender_kind: how `paid` was paid */
    int64_t paid;    /* money taken already */
    int64_t stored;  /* money out of her stored value, now */
};

/* MALL_MOVE: on to another state (0: it stays), with money that was paid now or a reference. Moves: ordered to
 * ready, shipped, collected; ready to shipped, collected; shipped and collected to done; all but done to
 * cancelled. Cancelled: points go back to their lots, the count to its period, pieces to the stock (those that
 * had left only when they are back: goods_back), coupons are withdrawn; money is told as to be paid back.
 * With `owner` (a session) only hers, and only ordered -> cancelled.
 * Answers in order: UNKNOWN_EXCHANGE, INVALID "state", "paid", "tender", "reference", EXCHANGE_STATE,
 * REASON_REQUIRED (cancelling), TENDERS_DIFFER "paid" (too much, or goods would leave unpaid), UNKNOWN_COUPON (a
 * coupon that was given is used), INSUFFICIENT and CAP_EXCEEDED "stored_value". Body: 1 exchange, 2 state, 3 points
 * back, 4 money to be paid back, 5 cash still due, 6 money back in her stored value, 12 person. */
struct tb_cmd_mall_move {
    uint64_t exchange;
    uint32_t state; /* enum tb_exchange_state, 0 = as it is */
    uint32_t tender;
    int64_t paid;
    int64_t stored;
    struct tb_str reference;
    struct tb_str reason;
    bool goods_back;
    bool by_owner;
    struct tb_who owner;
};

/* MALL_LIST (read). UNKNOWN_MEMBER, INVALID "limit", UNKNOWN_EXCHANGE. Goods, by rising number from behind `after`:
 * repeated 1 {1 number, 2 packed goods, 3 pieces left (absent: no bound), 4 enum tb_code: OK when she may have one, 5
 * pieces left of her limit + 1 (absent: no limit)}; 3 number to go on behind, 12 person. Without a member 4 says
 * OK, NOT_OPEN or OUT_OF_STOCK. Or, with `taken`, her exchanges, the newest first: repeated 2
 * {1 number, 2 packed exchange}; 3 as above: go on below. Or that one `exchange` alone, of anybody.    */
struct tb_cmd_mall_list {
    struct tb_who who; /* may be nobody, not with taken */
    bool taken;
    uint64_t exchange; /* 0 = not asked for */
    uint64_t after;
    uint32_t limit; /* 1 .. TB_MALL_LIST_MAX */
};

/* ---- for core.c ---------------------------------------------------------------------------------- */

void tb_mall_index(struct tb_core *c, struct tb_block *exchange);
/* tb_core_check: stock, states and payments of all exchanges. */
void tb_mall_check(struct tb_audit *a);

#endif
