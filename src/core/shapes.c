// SPDX-License-Identifier: Apache-2.0
/* core/shapes.c - the layout of every kind of block. See core/store/block.h for how a
 * shape may grow: at the end only, with a higher version.                             */
#include "core/approval/approval.h"
#include "core/card/card.h"
#include "core/catalog/catalog.h"
#include "core/checkout/checkout.h"
#include "core/code/code.h"
#include "core/identity/identity.h"
#include "core/job/job.h"
#include "core/ledger/ledger.h"
#include "core/issue/issue.h"
#include "core/mall/mall.h"
#include "core/promotion/book.h"
#include "core/order/order.h"
#include "core/person.h"
#include "core/play/play.h"
#include "core/promotion/campaign.h"

#define CONFIG_HEAD(type)                                                                       \
    _Static_assert(offsetof(struct type, c) == 0 && sizeof(struct type) % 8 == 0, #type)

CONFIG_HEAD(tb_tenant);
CONFIG_HEAD(tb_unit);
CONFIG_HEAD(tb_namespace);
CONFIG_HEAD(tb_store_place);
CONFIG_HEAD(tb_product);
CONFIG_HEAD(tb_associate);
CONFIG_HEAD(tb_touchpoint);
CONFIG_HEAD(tb_attribute_decl);
CONFIG_HEAD(tb_purpose);
CONFIG_HEAD(tb_rule);
CONFIG_HEAD(tb_tier_scheme);
CONFIG_HEAD(tb_key);
CONFIG_HEAD(tb_webhook);
CONFIG_HEAD(tb_code_batch);
CONFIG_HEAD(tb_campaign);
_Static_assert(sizeof(struct tb_offer_version) % 8 == 0, "tb_offer_version");
CONFIG_HEAD(tb_game);
CONFIG_HEAD(tb_goods);
_Static_assert(sizeof(struct tb_exchange) % 8 == 0, "tb_exchange");
_Static_assert(sizeof(struct tb_card) % 8 == 0, "tb_card");
_Static_assert(sizeof(struct tb_approval) % 8 == 0, "tb_approval");
CONFIG_HEAD(tb_channel);
CONFIG_HEAD(tb_issue);
CONFIG_HEAD(tb_coupon_code);
_Static_assert(sizeof(struct tb_person) % 8 == 0, "tb_person");
_Static_assert(sizeof(struct tb_device) % 8 == 0, "tb_device");
_Static_assert(sizeof(struct tb_order) % 8 == 0, "tb_order");
_Static_assert(sizeof(struct tb_job) % 8 == 0, "tb_job");
_Static_assert(sizeof(struct tb_unit_day) % 8 == 0, "tb_unit_day");
_Static_assert(sizeof(struct tb_unit_book) % 8 == 0, "tb_unit_book");
_Static_assert(sizeof(struct tb_transfer) % 8 == 0, "tb_transfer");
_Static_assert(TB_PERSON_SECTIONS <= TB_SECTIONS_MAX, "a person has too many sections");
_Static_assert(TB_KIND_CODE_BATCH < 32, "tb_tenant.objects has 32 places for kinds that are put");
_Static_assert(TB_KINDS <= TB_KINDS_MAX, "a store has room for the kinds");
_Static_assert(TB_MAPS <= TB_MAPS_MAX && TB_COUNTERS <= TB_COUNTERS_MAX, "and for maps and counters");

#define SHAPE(text, v, head, sections) \
    .name = (text), .version = (v), .head_bytes = sizeof(struct head), .section_n = (sections)

const struct tb_shape tb_shapes[TB_KINDS] = {
    [TB_KIND_TENANT] = {SHAPE("tenant", 2, tb_tenant, TB_TENANT_SECTIONS),
                        .elem_bytes = {[TB_TENANT_BYTES] = 1,
                                       [TB_TENANT_UNIT] = sizeof(struct tb_listed),
                                       [TB_TENANT_NAMESPACE] = sizeof(struct tb_listed),
                                       [TB_TENANT_RULE] = sizeof(struct tb_listed),
                                       [TB_TENANT_SCHEME] = sizeof(struct tb_listed),
                                       [TB_TENANT_ATTRIBUTE] = sizeof(struct tb_listed),
                                       [TB_TENANT_PURPOSE] = sizeof(struct tb_listed),
                                       [TB_TENANT_WEBHOOK] = sizeof(struct tb_listed),
                                       [TB_TENANT_CAMPAIGN] = sizeof(struct tb_listed),
                                       [TB_TENANT_GAME] = sizeof(struct tb_listed)}},
    [TB_KIND_PERSON] = {SHAPE("person", 1, tb_person, TB_PERSON_SECTIONS),
                        .elem_bytes = {[TB_PERSON_PROFILE] = sizeof(struct tb_profile),
                                       [TB_PERSON_ACCOUNT] = sizeof(struct tb_account),
                                       [TB_PERSON_LOT] = sizeof(struct tb_lot),
                                       [TB_PERSON_HOLD] = sizeof(struct tb_hold),
                                       [TB_PERSON_PIECE] = sizeof(struct tb_piece),
                                       [TB_PERSON_ATTRIBUTE] = sizeof(struct tb_attribute),
                                       [TB_PERSON_CONSENT] = sizeof(struct tb_consent),
                                       [TB_PERSON_EDGE] = sizeof(struct tb_edge),
                                       [TB_PERSON_DAY] = sizeof(struct tb_day_bucket),
                                       [TB_PERSON_LIFE] = sizeof(struct tb_life),
                                       [TB_PERSON_TIER] = sizeof(struct tb_tier_state),
                                       [TB_PERSON_ENROL] = sizeof(struct tb_enrol),
                                       [TB_PERSON_ROLE] = sizeof(struct tb_role),
                                       [TB_PERSON_CAP] = sizeof(struct tb_cap_use),
                                       [TB_PERSON_BYTES] = 1}},
    [TB_KIND_DEVICE] = TB_DEVICE_SHAPE,
    [TB_KIND_ORDER] = {SHAPE("order", 4, tb_order, TB_ORDER_SECTIONS),
                       .elem_bytes = {[TB_ORDER_BYTES] = 1,
                                      [TB_ORDER_LINE] = sizeof(struct tb_order_line),
                                      [TB_ORDER_TENDER] = sizeof(struct tb_order_tender),
                                      [TB_ORDER_EARN] = sizeof(struct tb_order_earn),
                                      [TB_ORDER_RETURN] = sizeof(struct tb_order_return),
                                      [TB_ORDER_PRICE] = sizeof(struct tb_order_price),
                                      [TB_ORDER_EFFECT] = sizeof(struct tb_order_effect),
                                      [TB_ORDER_SHARE] = sizeof(struct tb_order_share),
                                      [TB_ORDER_PAYMENT] = sizeof(struct tb_order_payment),
                                      [TB_ORDER_GIVEN] = sizeof(struct tb_order_given),
                                      [TB_ORDER_FROZEN] = 1,
                                      [TB_ORDER_ARM] = sizeof(struct tb_order_arm),
                                      [TB_ORDER_CARD] = sizeof(struct tb_order_card)},
                       .sparse = true},
    [TB_KIND_UNIT] = {SHAPE("unit", 5, tb_unit, TB_UNIT_SECTIONS),
                      .elem_bytes = {1, sizeof(struct tb_unit_step)}},
    [TB_KIND_NAMESPACE] = {SHAPE("namespace", 1, tb_namespace, TB_NAMESPACE_SECTIONS),
                           .elem_bytes = {1, sizeof(struct tb_blocked)}},
    [TB_KIND_STORE] = {SHAPE("store", 2, tb_store_place, TB_STORE_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_PRODUCT] = {SHAPE("product", 1, tb_product, TB_PRODUCT_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_ASSOCIATE] = {SHAPE("associate", 2, tb_associate, TB_ASSOCIATE_SECTIONS),
                           .elem_bytes = {1}},
    [TB_KIND_TOUCHPOINT] = {SHAPE("touchpoint", 1, tb_touchpoint, TB_TOUCHPOINT_SECTIONS),
                            .elem_bytes = {1}},
    [TB_KIND_ATTRIBUTE] = {SHAPE("attribute", 1, tb_attribute_decl, TB_ATTRIBUTE_SECTIONS),
                           .elem_bytes = {1, sizeof(struct tb_text)}},
    [TB_KIND_PURPOSE] = {SHAPE("purpose", 1, tb_purpose, TB_PURPOSE_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_RULE] = {SHAPE("rule", 1, tb_rule, TB_RULE_SECTIONS), .elem_bytes = {1, 8, 8}},
    [TB_KIND_TIER_SCHEME] = {SHAPE("tier_scheme", 1, tb_tier_scheme, TB_SCHEME_SECTIONS),
                             .elem_bytes = {1, sizeof(struct tb_tier)}},
    [TB_KIND_KEY] = {SHAPE("key", 3, tb_key, TB_KEY_SECTIONS), .elem_bytes = {1, sizeof(struct tb_hand_day)}},
    [TB_KIND_WEBHOOK] = {SHAPE("webhook", 1, tb_webhook, TB_WEBHOOK_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_JOB] = {SHAPE("job", 2, tb_job, 0)},
    [TB_KIND_UNIT_DAY] = {SHAPE("unit_day", 1, tb_unit_day, 0)},
    [TB_KIND_UNIT_BOOK] = {SHAPE("unit_book", 2, tb_unit_book, 0)},
    [TB_KIND_TRANSFER] = {SHAPE("transfer", 1, tb_transfer, TB_TRANSFER_SECTIONS),
                          .elem_bytes = {sizeof(struct tb_transfer_lot)}, .sparse = true},
    [TB_KIND_CODE_BATCH] = {SHAPE("code_batch", 1, tb_code_batch, TB_CODE_BATCH_SECTIONS),
                            .elem_bytes = {1}},
    [TB_KIND_CODE_PAGE] = {SHAPE("code_page", 1, tb_code_page, TB_CODE_PAGE_SECTIONS),
                           .elem_bytes = {sizeof(struct tb_code_run), sizeof(struct tb_code_child)}},
    [TB_KIND_CODE_BINDING] = {SHAPE("code_binding", 1, tb_code_binding, TB_CODE_BINDING_SECTIONS),
                              .elem_bytes = {1}},
    [TB_KIND_CODE_PACKAGE] = {SHAPE("code_package", 1, tb_code_package, TB_CODE_PACKAGE_SECTIONS),
                              .elem_bytes = {sizeof(struct tb_code_children)}},
    [TB_KIND_CODE_SET] = {SHAPE("code_set", 1, tb_code_set, TB_CODE_SET_SECTIONS), .elem_bytes = {1, 1}},
    [TB_KIND_CODE_FIRST] = {SHAPE("code_first", 1, tb_code_firsts, TB_CODE_FIRSTS_SECTIONS),
                            .elem_bytes = {sizeof(struct tb_code_first)}, .sparse = true},
    [TB_KIND_CODE_GUESS] = {SHAPE("code_guess", 1, tb_code_guess, TB_CODE_GUESS_SECTIONS),
                            .elem_bytes = {sizeof(struct tb_code_caller)}},
    [TB_KIND_CAMPAIGN] = TB_CAMPAIGN_SHAPE,
    [TB_KIND_OFFER] = TB_OFFER_SHAPE,
    [TB_KIND_ISSUE] = TB_ISSUE_SHAPE,
    [TB_KIND_COUPON_CODE] = TB_COUPON_CODE_SHAPE,
    [TB_KIND_CAMPAIGN_BOOK] = TB_CAMPAIGN_BOOK_SHAPE,
    [TB_KIND_BASKET] = {SHAPE("basket", 1, tb_basket_head, TB_BASKET_SECTIONS),
                        .elem_bytes = {[TB_BASKET_BYTES] = 1,
                                       [TB_BASKET_LINE] = sizeof(struct tb_basket_row),
                                       [TB_BASKET_OFFER] = sizeof(struct tb_basket_offer),
                                       [TB_BASKET_TENDER] = sizeof(struct tb_basket_tender)},
                        .sparse = true},
    [TB_KIND_REQUEST] = {SHAPE("request", 1, tb_approval, TB_REQUEST_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_CARD] = {SHAPE("card", 2, tb_card, TB_CARD_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_GOODS] = {SHAPE("goods", 1, tb_goods, TB_GOODS_SECTIONS), .elem_bytes = {1}},
    [TB_KIND_EXCHANGE] = {SHAPE("exchange", 2, tb_exchange, TB_EXCHANGE_SECTIONS),
                          .elem_bytes = {1, sizeof(uint64_t), sizeof(struct tb_exchange_draw)}},
    [TB_KIND_GAME] = {SHAPE("game", 2, tb_game, TB_GAME_SECTIONS),
                      .elem_bytes = {1, sizeof(struct tb_prize), sizeof(struct tb_reward), 8,
                                     sizeof(struct tb_target)}},
    [TB_KIND_SEAT] = {SHAPE("seat", 1, tb_seat, TB_SEAT_SECTIONS),
                      .elem_bytes = {sizeof(struct tb_seat_run), sizeof(struct tb_seat_milestone),
                                     sizeof(struct tb_seat_prize)}},
    [TB_KIND_PACKET] = {SHAPE("packet", 1, tb_packet, TB_PACKET_SECTIONS),
                        .elem_bytes = {sizeof(struct tb_packet_claim)}},
    [TB_KIND_CHANNEL] = {SHAPE("channel", 1, tb_channel, TB_CHANNEL_SECTIONS), .elem_bytes = {1}},
};
