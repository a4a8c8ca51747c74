// SPDX-License-Identifier: Apache-2.0
/* core/promotion/campaign.h - the blocks of this room: a campaign and its versions.
 *
 * CAMPAIGN is small, because every confirmed order writes it: what is said stands in OFFER blocks,
 * which never change. An offer that never was live is dropped when a newer one replaces it; one that
 * was stays for ever, because orders name it. Not here: judging and counting (promotion.h). */
#ifndef TB_CORE_PROMOTION_CAMPAIGN_H
#define TB_CORE_PROMOTION_CAMPAIGN_H

#include "core/promotion/promotion.h"

enum tb_campaign_section {
    TB_CAMPAIGN_BYTES = TB_CONFIG_BYTES,
    TB_CAMPAIGN_RUN, /* when which offer was in force, oldest first; the last may be open */
    TB_CAMPAIGN_ROW, /* counters, sorted by (scope, period, id, start) */
    TB_CAMPAIGN_STOCK, /* sorted by store */
    TB_CAMPAIGN_SECTIONS
};

struct tb_campaign {
    struct tb_config c;
    uint64_t salt;      /* of the hold-out */
    uint32_t state;     /* enum tb_campaign_state */
    uint32_t newest;    /* offer */
    uint32_t live;      /* offer in force (within its own window), 0 = none */
    uint32_t versions;  /* offers made so far */
    uint32_t budget;    /* unit, 0 = none */
    uint32_t reserved;
    int64_t granted;    /* to the budget */
    int64_t uses;       /* for ever, less what was given back */
    int64_t amount;
    int64_t pieces;
    int64_t shown;      /* exposures of either arm */
    int64_t held_out;
};

/* An offer in force: [from_ms, until_ms) of the moves; its own window narrows that. */
struct tb_campaign_run {
    uint32_t offer;
    uint32_t actor;
    int64_t from_ms;
    int64_t until_ms; /* INT64_MAX: it still is */
};
#define TB_CAMPAIGN_RUNS_MAX 1000u

enum tb_limit_scope { TB_LIMIT_MEMBER = 0, TB_LIMIT_DEVICE, TB_LIMIT_STORE, TB_LIMIT_CAMPAIGN };
#define TB_LIMIT_SCOPES 4u

struct tb_campaign_row {
    uint64_t id; /* device number, store block, 0 of the campaign */
    int32_t start_day;
    uint8_t scope;  /* enum tb_limit_scope */
    uint8_t period; /* enum tb_cap_period */
    uint16_t zero;
    int64_t uses;
    int64_t amount;
    int64_t pieces;
};

/* Pieces that a store may hand out beside what the limit of stores says (stock.c). */
struct tb_campaign_stock {
    uint32_t store;
    uint32_t reserved;
    int64_t pieces;
};

enum tb_offer_section {
    TB_OFFER_BYTES = 0,
    TB_OFFER_AUDIENCE,  /* programs, in words of 8 bytes */
    TB_OFFER_CONDITION,
    TB_OFFER_SCOPE,
    TB_OFFER_STEP,
    TB_OFFER_PLACE, /* sorted by (by, id) */
    TB_OFFER_TIME,
    TB_OFFER_LIMIT,
    TB_OFFER_PRICE, /* sorted by product */
    TB_OFFER_FUNDER,
    TB_OFFER_FORMULA, /* program */
    TB_OFFER_SECTIONS
};

enum tb_offer_flag {
    TB_OFFER_ONE_PER_PRODUCT = 1,
    TB_OFFER_INITIAL = 2,
    TB_OFFER_EVERY = 4,
    TB_OFFER_BY_PIECES = 8,
    TB_OFFER_OVERALL = 16,
    TB_OFFER_SAME_LINE = 32,
    TB_OFFER_MEMBERS_ONLY = 64, /* enrolled persons */
    TB_OFFER_FIRST_ORDER = 128, /* recognised persons without an order */
    TB_OFFER_PERIOD_SPEND = 256, /* GIFT: min_amount counts what she spent before in the period of her limit */
    TB_OFFER_REFERRED = 512,      /* only where the basket says who sent her */
    TB_OFFER_TO_REFERRER = 1024,  /* REFERRED, and a GIFT of coupons that goes to who sent her */
};
#define TB_OFFER_FLAGS_ALL 2047u

/* Fields named as in struct tb_offer mean the same. */
struct tb_offer_version {
    uint32_t tenant;
    uint32_t campaign;
    uint32_t version; /* 1, 2 ... in its campaign */
    uint32_t budget;  /* unit, 0 = none */
    int64_t made_ms;
    int64_t from_ms;
    int64_t until_ms; /* INT64_MAX = open */
    int64_t amount;
    int64_t ppm;
    int64_t min_amount;
    int64_t cap_unit;
    int64_t cap_line;
    int64_t cap_order;
    int64_t worth;
    int64_t budget_amount; /* to be granted in all */
    int64_t cost_cap;      /* saving granted over all orders and open baskets, 0 = none; met as a budget is */
    uint64_t salt;
    struct tb_text group; /* stacking group, none = stackable with everything */
    struct tb_text audience;
    struct tb_text condition;
    int32_t sequence;
    uint32_t need;
    uint32_t get;
    uint32_t min_pieces;
    uint32_t max_units;
    uint32_t max_applications;
    uint32_t coupon_unit; /* it takes a coupon of that template; 0 = a price rule */
    uint32_t gift_product;
    uint32_t gift_unit;
    uint32_t coupons_max; /* in one order, 0 = not said */
    uint32_t holdout_ppm;
    uint32_t attributes;  /* how many were declared when it was compiled */
    uint32_t window_days;
    uint32_t slot_count[TB_PRICE_SLOTS_MAX];
    uint16_t flags; /* enum tb_offer_flag */
    uint8_t slots;
    uint8_t mechanic;
    uint8_t level;
    uint8_t coupon_rule;
    uint8_t budget_rule;
    uint8_t rounding;
    uint8_t group_rule; /* enum tb_price_rule */
    uint8_t was_live;   /* orders may name it: kept for ever */
    uint8_t broken;     /* this program's compiler refuses the source: never in force */
    uint8_t zero[1];
    struct tb_text formula;
};

enum tb_scope_by { TB_SCOPE_ALL = 0, TB_SCOPE_PRODUCT, TB_SCOPE_CATEGORY, TB_SCOPE_BRAND };
#define TB_SCOPE_BYS 4u
#define TB_SCOPE_SLOT_X 0u
#define TB_SCOPE_SLOT_Y 1u
#define TB_SCOPE_SLOT_BUNDLE 2u
#define TB_SCOPE_SLOTS (TB_SCOPE_SLOT_BUNDLE + TB_PRICE_SLOTS_MAX)

struct tb_offer_scope {
    struct tb_text text; /* category path or brand */
    uint32_t product;
    uint8_t slot;
    uint8_t by; /* enum tb_scope_by */
    uint8_t excluded;
    uint8_t zero;
};

struct tb_offer_step {
    int64_t at;
    int64_t off;
    int64_t ppm;
};

enum tb_place_by { TB_PLACE_STORE = 0, TB_PLACE_TOUCHPOINT, TB_PLACE_CHANNEL };
#define TB_PLACE_BYS 3u
struct tb_offer_place {
    uint32_t by; /* enum tb_place_by; none of a kind = everywhere */
    uint32_t id;
};

/* No weekly row = at any time of the week. */
struct tb_offer_time {
    int64_t from_ms; /* black-out */
    int64_t until_ms;
    uint32_t from_s; /* weekly, of the local day */
    uint32_t until_s;
    uint32_t weekdays; /* bit 0 = Monday */
    uint32_t black_out;
};

struct tb_offer_limit {
    uint32_t scope;
    uint32_t period;
    int64_t uses; /* 0 = no bound */
    int64_t amount;
    int64_t pieces;
};

struct tb_offer_price {
    uint32_t product;
    uint32_t reserved;
    int64_t price;
};

struct tb_offer_funder {
    struct tb_text payer; /* brand, store, head office: as the books call it */
    uint32_t ppm;
    uint32_t reserved;
};

_Static_assert(sizeof(struct tb_campaign_run) % 8 == 0 && sizeof(struct tb_campaign_row) % 8 == 0, "rows");
_Static_assert(sizeof(struct tb_offer_scope) % 8 == 0 && sizeof(struct tb_offer_place) % 8 == 0 &&
                   sizeof(struct tb_offer_time) % 8 == 0 && sizeof(struct tb_offer_limit) % 8 == 0 &&
                   sizeof(struct tb_offer_price) % 8 == 0 && sizeof(struct tb_offer_funder) % 8 == 0,
               "rows");

#define TB_CAMPAIGN_SHAPE                                                                     \
    {                                                                                         \
        .name = "campaign", .version = 2, .head_bytes = sizeof(struct tb_campaign),           \
        .section_n = TB_CAMPAIGN_SECTIONS,                                                    \
        .elem_bytes = {1, sizeof(struct tb_campaign_run), sizeof(struct tb_campaign_row),     \
                       sizeof(struct tb_campaign_stock)}                                      \
    }
#define TB_OFFER_SHAPE                                                                        \
    {                                                                                         \
        .name = "offer", .version = 1, .head_bytes = sizeof(struct tb_offer_version),         \
        .section_n = TB_OFFER_SECTIONS,                                                       \
        .elem_bytes = {1, 8, 8, sizeof(struct tb_offer_scope), sizeof(struct tb_offer_step),  \
                       sizeof(struct tb_offer_place), sizeof(struct tb_offer_time),           \
                       sizeof(struct tb_offer_limit), sizeof(struct tb_offer_price),          \
                       sizeof(struct tb_offer_funder), 8}                                     \
    }

/* Compiles the offers that another version of the program has stored and this one does not read.
 * Called once after loading. Returns how many.                                               */
uint32_t tb_offer_refresh_all(struct tb_core *c);
/* Counters, runs and versions agree; budgets cover what is held. */
void tb_promotion_check(struct tb_audit *a);

/* ---- inside the room --------------------------------------------------------------------- */

struct tb_used {
    int64_t uses;
    int64_t amount;
    int64_t pieces;
};
/* What a counter says. person: of MEMBER, may be NULL; id: device, store; day: names the period. Pieces of a
 * store for the campaign's lifetime: less what it was given besides, so they may be below 0.          */
struct tb_used tb_promotion_used(const struct tb_txn *t, struct tb_block *campaign, struct tb_block *person,
                                 const struct tb_offer_limit *limit, uint64_t id, int32_t day);

/* What the store was given besides. */
int64_t tb_campaign_stocked(const struct tb_txn *t, struct tb_block *campaign, uint64_t store);

/* apply: the open run, if any, ends now. */
void tb_campaign_close_run(struct tb_txn *t, struct tb_block *campaign);
/* The offer that was in force at the instant, 0 = none. */
uint32_t tb_campaign_offer_at(const struct tb_txn *t, struct tb_block *campaign, int64_t at_ms);
/* What the eligible offer says, as core/price wants it: all but scopes, prices, group and budget. */
void tb_offer_terms(const struct tb_txn *t, struct tb_block *offer, struct tb_offer *out);

/* Fields 8 and 9 of CAMPAIGN_GET (commands.h). */
void tb_campaign_tell_versions(struct tb_txn *t, struct tb_block *campaign, struct tb_answer *a);
void tb_offer_tell_names(struct tb_txn *t, struct tb_block *offer, struct tb_answer *a);

/* A formula gives them a price, a rate; the others an amount off (offer.c). */
static inline bool tb_offer_is_price(uint32_t mechanic)
{
    return mechanic == TB_PRICE_FIXED || mechanic == TB_PRICE_N_FOR || mechanic == TB_PRICE_BUNDLE;
}
static inline bool tb_offer_has_rate(uint32_t mechanic)
{
    return mechanic == TB_PRICE_PERCENT || mechanic == TB_PRICE_CHEAPEST || mechanic == TB_PRICE_BUY_GET ||
           mechanic == TB_PRICE_POINTS;
}
/* Pieces that a limit counts for one application: units of a gift, parts of a group, else 1. */
int64_t tb_offer_group_pieces(const struct tb_offer_version *v);

/* Lines in scope of the slot; all of them where the slot has no including row. false: none. */
bool tb_offer_scope_bits(struct tb_txn *t, struct tb_block *offer, uint32_t slot, const uint32_t *product,
                         uint32_t line_n, uint64_t *bits);
/* The same of up to 64 offers at once, for one line: bit i of in[slot] = the product (0: unknown) is in that slot of
 * offer[i], as far as its mechanic has the slot. mark: of the same offers, from tb_offer_scope_mark: names them
 * in what is remembered. in has TB_SCOPE_SLOTS words.                                               */
uint64_t tb_offer_scope_mark(struct tb_block *const *offer, uint32_t n);
void tb_offer_scope_row(const struct tb_txn *t, struct tb_block *const *offer, uint32_t n, uint64_t mark,
                        uint32_t product, uint64_t *in);
/* In the control arm: the person's id under the campaign's salt. */
bool tb_promotion_held_out(const struct tb_offer_version *v, struct tb_block *person);
/* True when the slot has a row of its own. */
bool tb_offer_has_slot(const struct tb_txn *t, struct tb_block *offer, uint32_t slot);

/* The put's field that an offer's mechanic lacks or does not know, once tb_price_check has refused it;
 * "mechanic" when no single field is to blame.                                                     */
const char *tb_offer_terms_wrong(const struct tb_offer *o);

#endif
