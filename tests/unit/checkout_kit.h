// SPDX-License-Identifier: Apache-2.0
/* A shop with campaigns for the tests of checkout: baskets in, orders and returns out. */
#ifndef TB_TESTS_UNIT_CHECKOUT_KIT_H
#define TB_TESTS_UNIT_CHECKOUT_KIT_H

#include "core_fixture.h"

#include "base/num.h"
#include "core/checkout/checkout.h"
#include "core/ledger/ledger.h"
#include "core/order/order.h"
#include "core/promotion/commands.h"

#define KIT_LINES 64
#define KIT_TENDERS 8

struct checkout_kit {
    struct fx *f;
    struct tb_cmd_confirm in;
    struct tb_identifier id;
    struct tb_order_line_input line[KIT_LINES];
    struct tb_quote_tender tender[KIT_TENDERS];
    uint64_t coupon[KIT_LINES];
    uint32_t offer[64];
    char sku[KIT_LINES][16];
};

/* A shop with points (1 a yuan of net, within balance) and the member anna; no lines yet. */
struct checkout_kit *kit_new(void);
struct checkout_kit *kit_make(bool mirrored); /* false: faster, nothing is proven at the end */
void kit_free(struct checkout_kit *k);
void kit_clear(struct checkout_kit *k);              /* an empty basket of anna's */
void kit_as(struct checkout_kit *k, const char *who); /* another member; NULL: nobody */
void kit_line(struct checkout_kit *k, int64_t pieces, int64_t list); /* sku = "p<index>" */
void kit_pay(struct checkout_kit *k, uint32_t kind, int64_t amount, const char *unit);

/* A campaign, reviewed and live; the offer's number. Findings are acknowledged. */
struct tb_cmd_campaign_put kit_campaign(const char *code, int64_t mechanic);
uint32_t kit_live(struct checkout_kit *k, const struct tb_cmd_campaign_put *put);

/* A new version of a campaign that is live. */
void kit_again(struct checkout_kit *k, const struct tb_cmd_campaign_put *put);
void kit_product(struct checkout_kit *k, const char *sku, const char *category, int64_t price);

/* A field of the campaign's offer in the last quote (checkout.h, 12); 0 when it is refused. */
uint64_t kit_told(struct checkout_kit *k, const char *campaign, uint32_t field);
/* Why the campaign is refused in the last quote; OPEN = it is not. */
enum tb_promotion_why kit_refused(struct checkout_kit *k, const char *campaign);

int64_t kit_quote(struct checkout_kit *k);     /* payable */
uint64_t kit_checkout(struct checkout_kit *k); /* basket */
uint64_t kit_confirm(struct checkout_kit *k, const char *key); /* order */
uint64_t kit_confirm_basket(struct checkout_kit *k, uint64_t basket, const char *key);
/* Pieces of one line come back; what is paid back. */
int64_t kit_return(struct checkout_kit *k, const char *key, const char *back, uint32_t line, int64_t pieces);
int64_t kit_return_quote(struct checkout_kit *k, const char *key, uint32_t line, int64_t pieces);
void kit_cancel(struct checkout_kit *k, const char *key);

struct tb_block *kit_order(struct checkout_kit *k, uint64_t order);
void *kit_section(struct checkout_kit *k, uint64_t order, uint32_t section);
int64_t kit_balance(struct checkout_kit *k, const char *who, const char *unit);
void kit_give(struct checkout_kit *k, const char *who, const char *unit, int64_t amount);
/* Every byte of the cell: what two states differ in shows. */
uint64_t kit_fingerprint(struct checkout_kit *k);
/* Points that the last answer says were clawed back (field 4), as far as they could be. */
int64_t kit_clawed(struct checkout_kit *k);

#endif
