// SPDX-License-Identifier: Apache-2.0
/* core/kinds.h - every kind of block, every map and counter of a cell.
 *
 * Numbers are kept in the SQL state: never renumber, never reuse.                     */
#ifndef TB_CORE_KINDS_H
#define TB_CORE_KINDS_H

#include "core/store/txn.h"

enum tb_kind {
    TB_KIND_TENANT = 1,
    TB_KIND_PERSON = 2,
    TB_KIND_DEVICE = 3,
    TB_KIND_ORDER = 4, /* sparse */
    TB_KIND_UNIT = 5,
    TB_KIND_NAMESPACE = 6,
    TB_KIND_STORE = 7,
    TB_KIND_PRODUCT = 8,
    TB_KIND_ASSOCIATE = 9,
    TB_KIND_TOUCHPOINT = 10,
    TB_KIND_ATTRIBUTE = 11,
    TB_KIND_PURPOSE = 12,
    TB_KIND_RULE = 13,
    TB_KIND_TIER_SCHEME = 14,
    TB_KIND_KEY = 15,
    TB_KIND_UNIT_DAY = 16, /* roll-forward of one unit on one day */
    TB_KIND_JOB = 17,
    TB_KIND_WEBHOOK = 18,
    TB_KIND_UNIT_BOOK = 19, /* the tenant's own accounts of one unit; id = the unit's */
    TB_KIND_TRANSFER = 20,  /* sparse: a manual movement that can be reversed */
    TB_KIND_CODE_BATCH = 30,
    TB_KIND_CODE_PAGE = 31, /* runs of a batch's serials */
    TB_KIND_CODE_BINDING = 32,
    TB_KIND_CODE_PACKAGE = 33,
    TB_KIND_CODE_SET = 34,   /* scanned and redeemed codes among 4,096 */
    TB_KIND_CODE_FIRST = 35, /* sparse: first scans of 256 */
    TB_KIND_CODE_GUESS = 36,
    TB_KIND_REQUEST = 49, /* what one person asked for by hand and another decides */
    TB_KIND_CAMPAIGN = 50,
    TB_KIND_OFFER = 51, /* one immutable version of a campaign */
    TB_KIND_BASKET = 52, /* sparse: an open checkout */
    TB_KIND_CARD = 54, /* a gift card that was sold, a gift on its way */
    TB_KIND_GOODS = 55,  /* of the points mall */
    TB_KIND_EXCHANGE = 56,
    TB_KIND_ISSUE = 57,         /* coupons to an audience: one run */
    TB_KIND_COUPON_CODE = 58,   /* what a word or a batch of item codes is worth */
    TB_KIND_CAMPAIGN_BOOK = 59, /* arms and funders of a campaign; id = the campaign's */
    TB_KIND_GAME = 60,
    TB_KIND_SEAT = 61, /* what one profile has done in one game */
    TB_KIND_PACKET = 62,
    TB_KIND_CHANNEL = 63, /* what a platform allows */
    TB_KINDS
};

enum tb_map_name {
    TB_MAP_IDENTIFIER = 0, /* (tenant, namespace, key) -> newest profile of it */
    TB_MAP_DEVICE,         /* (tenant, namespace, key) -> device */
    TB_MAP_CODE,           /* (tenant, kind, code) -> id of a catalog or configuration block */
    TB_MAP_ORDER,          /* (tenant, order key) -> order, for ever */
    TB_MAP_RECEIPT,        /* (tenant, store, till, receipt) -> order, for ever */
    TB_MAP_RETURN,         /* (tenant, return key) -> order */
    TB_MAP_UNIT_DAY,       /* (unit, day) -> roll-forward block */
    TB_MAP_KEY,            /* key id -> key block */
    TB_MAP_HOLD,           /* hold number -> profile */
    TB_MAP_TRANSFER,       /* (tenant, transfer key) -> number, for ever */
    TB_MAP_CODE_PACKAGE,   /* (batch, serial) -> package */
    TB_MAP_CODE_SET,       /* (batch, serial / 4096) -> set */
    TB_MAP_SEAT,           /* (game, profile) -> seat */
    TB_MAP_EXCHANGE,       /* (tenant, profile) -> newest exchange in the mall */
    TB_MAP_CARD,           /* (batch, serial) -> card that was sold; profile -> its newest card */
    TB_MAP_ERASURE,        /* (tenant, profile) -> newest request to be erased */
    TB_MAPS
};

enum tb_counter {
    TB_COUNTER_TENANT = 0,
    TB_COUNTER_PERSON,
    TB_COUNTER_PROFILE,
    TB_COUNTER_DEVICE,
    TB_COUNTER_ORDER,
    TB_COUNTER_LOT,
    TB_COUNTER_HOLD,
    TB_COUNTER_TRANSFER,
    TB_COUNTER_CONFIG, /* one row of numbers for units, stores, products, rules ... */
    TB_COUNTER_UNIT_DAY,
    TB_COUNTER_JOB,
    TB_COUNTER_RETURN,
    TB_COUNTER_CODE_PAGE,
    TB_COUNTER_CODE_BINDING,
    TB_COUNTER_CODE_PACKAGE,
    TB_COUNTER_CODE_SET,
    TB_COUNTER_CODE_FIRST,
    TB_COUNTER_BASKET,
    TB_COUNTER_SEAT,
    TB_COUNTER_PACKET,
    TB_COUNTER_EXCHANGE,
    TB_COUNTER_CARD,
    TB_COUNTER_REQUEST,
    TB_COUNTERS
};

enum tb_column_name {
    TB_COLUMN_PROFILE_PERSON = 0, /* profile -> person that it belongs to now */
};

extern const struct tb_shape tb_shapes[TB_KINDS];

/* Map keys. env carries the hash key. Never 0. */
uint64_t tb_key_code(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                     struct tb_str code);
uint64_t tb_key_text(const struct tb_txn *t, uint32_t tenant, enum tb_map_name map,
                     struct tb_str text);
/* The same without a command (prefetching). */
struct tb_hash_key;
uint64_t tb_hash_text(const struct tb_hash_key *key, uint32_t tenant, enum tb_map_name map,
                      struct tb_str text);
uint64_t tb_key_identifier(uint32_t tenant, uint32_t ns, const uint64_t key[2], uint32_t salt);
uint64_t tb_key_number(uint32_t tenant, uint64_t number);

/* 0 when the tenant has no such code. */
uint32_t tb_find_code(const struct tb_txn *t, enum tb_kind kind, struct tb_str code);

#endif
