// SPDX-License-Identifier: Apache-2.0
/* A shop with campaigns, for the tests of core/promotion: products milk, soap and wine, stores gz
 * and bj, members by phone, a coupon template "ten". */
#ifndef TB_TEST_PROMOTION_KIT_H
#define TB_TEST_PROMOTION_KIT_H

#include "core_fixture.h"

#include "core/promotion/commands.h"

struct fx *kit_shop(bool mirrored);
struct tb_who kit_who(struct fx *f, const char *phone);
/* A member who has enrolled; her booking profile. */
uint32_t kit_member(struct fx *f, const char *phone);
/* 10 % off everything, a lifetime campaign cap of a million; to be changed before the put. */
struct tb_cmd_campaign_put kit_campaign(const char *code);
/* Puts it, sends it through its states and acknowledges every finding; its number. */
uint32_t kit_live(struct fx *f, const struct tb_cmd_campaign_put *in);
void kit_move(struct fx *f, const char *code, enum tb_campaign_state state);
struct tb_campaign *kit_head(struct fx *f, uint32_t campaign);
void kit_template(struct fx *f, const char *code, int64_t stock, int64_t each);
uint64_t kit_claim(struct fx *f, const char *phone, const char *unit);
int64_t kit_book(struct fx *f, uint32_t unit, enum tb_tenant_account account);

/* What eligibility says of a basket: lines of 100.00 each of milk, soap and wine. */
struct kit_ask {
    struct tb_promotion_ask ask;
    struct tb_cmd_order order;
    struct tb_order_line_input line[3];
    uint32_t product[3];
};
void kit_ask(struct fx *f, struct kit_ask *k, uint32_t profile);
/* The why of that campaign; open: TB_PROMOTION_OPEN and *offer filled (may be NULL). */
enum tb_promotion_why kit_why(struct fx *f, const struct kit_ask *k, uint32_t campaign, struct tb_offer *offer);
/* How many candidates are open in all. */
uint32_t kit_open(struct fx *f, const struct kit_ask *k);
struct tb_promotion_use kit_use(struct fx *f, uint32_t campaign, uint32_t profile);
enum tb_code kit_count(struct fx *f, const struct tb_promotion_use *use);
void kit_uncount(struct fx *f, const struct tb_promotion_use *use);

#endif
