// SPDX-License-Identifier: Apache-2.0
/* core/ops.h - every command: number, the function that decides it, its input.
 *
 * Journaled in Entry.command: never renumber, never reuse. A room's function has the
 * form  enum tb_outcome fn(struct tb_txn *, const struct tb_command *, struct tb_answer *)
 * and casts cmd->input to the input struct named here. WRITE commands are kept with
 * their idempotency key; READ commands emit no events.                                */
#ifndef TB_CORE_OPS_H
#define TB_CORE_OPS_H

#include "core/core.h"

/*    number, NAME, WRITE|READ, function, input struct */
#define TB_OPS(X)                                                                    \
    X(1, FIRE, WRITE, tb_core_fire, tb_cmd_fire)                                     \
    X(2, JOB_STEP, WRITE, tb_job_step, tb_cmd_job_step)                              \
    X(10, TENANT_PUT, WRITE, tb_catalog_tenant_put, tb_cmd_tenant_put)               \
    X(11, KEY_PUT, WRITE, tb_catalog_key_put, tb_cmd_key_put)                        \
    X(12, KEY_REVOKE, WRITE, tb_catalog_key_revoke, tb_cmd_key_revoke)               \
    X(13, UNIT_PUT, WRITE, tb_catalog_unit_put, tb_cmd_unit_put)                     \
    X(14, NAMESPACE_PUT, WRITE, tb_catalog_namespace_put, tb_cmd_namespace_put)      \
    X(15, STORE_PUT, WRITE, tb_catalog_store_put, tb_cmd_store_put)                  \
    X(16, PRODUCT_PUT, WRITE, tb_catalog_product_put, tb_cmd_product_put)            \
    X(17, ASSOCIATE_PUT, WRITE, tb_catalog_associate_put, tb_cmd_associate_put)      \
    X(18, TOUCHPOINT_PUT, WRITE, tb_catalog_touchpoint_put, tb_cmd_touchpoint_put)   \
    X(19, ATTRIBUTE_PUT, WRITE, tb_catalog_attribute_put, tb_cmd_attribute_put)      \
    X(20, PURPOSE_PUT, WRITE, tb_catalog_purpose_put, tb_cmd_purpose_put)            \
    X(21, RULE_PUT, WRITE, tb_catalog_rule_put, tb_cmd_rule_put)                     \
    X(22, TIER_SCHEME_PUT, WRITE, tb_catalog_tier_scheme_put, tb_cmd_tier_scheme_put) \
    X(23, WEBHOOK_PUT, WRITE, tb_catalog_webhook_put, tb_cmd_webhook_put)            \
    X(24, OBJECT_GET, READ, tb_catalog_object_get, tb_cmd_object_get)                \
    X(25, OBJECT_LIST, READ, tb_catalog_object_list, tb_cmd_object_list)             \
    X(40, CONTACT, WRITE, tb_identity_contact, tb_cmd_contact)                       \
    X(41, ENROL, WRITE, tb_identity_enrol, tb_cmd_enrol)                             \
    X(42, UNMERGE, WRITE, tb_identity_unmerge, tb_cmd_unmerge)                       \
    X(43, LINK, WRITE, tb_identity_link, tb_cmd_link)                                \
    X(44, ROLE_PUT, WRITE, tb_identity_role_put, tb_cmd_role_put)                    \
    X(45, ERASE, WRITE, tb_identity_erase, tb_cmd_erase)                             \
    X(46, MEMBER_GET, READ, tb_identity_member_get, tb_cmd_member_get)               \
    X(47, PROBE, WRITE, tb_identity_probe, tb_cmd_probe)                             \
    X(48, REVEAL, WRITE, tb_identity_reveal, tb_cmd_reveal)                          \
    X(49, UNFREEZE, WRITE, tb_identity_unfreeze, tb_cmd_unfreeze)                    \
    X(60, ATTRIBUTES_SET, WRITE, tb_consent_attributes_set, tb_cmd_attributes_set)   \
    X(61, CONSENT_PUT, WRITE, tb_consent_put, tb_cmd_consent_put)                    \
    X(70, ADJUST, WRITE, tb_ledger_adjust, tb_cmd_adjust)                            \
    X(71, HOLD, WRITE, tb_ledger_hold, tb_cmd_hold)                                  \
    X(72, HOLD_POST, WRITE, tb_ledger_hold_post, tb_cmd_hold_post)                   \
    X(73, HOLD_VOID, WRITE, tb_ledger_hold_void, tb_cmd_hold_void)                   \
    X(74, TRANSFER, WRITE, tb_ledger_transfer, tb_cmd_transfer)                      \
    X(75, REVERSE, WRITE, tb_ledger_reverse, tb_cmd_reverse)                         \
    X(76, TRIAL_BALANCE, READ, tb_ledger_trial_balance, tb_cmd_trial_balance)        \
    X(90, ORDER, WRITE, tb_order_place, tb_cmd_order)                                \
    X(91, RETURN, WRITE, tb_order_return, tb_cmd_return)                             \
    X(92, ORDER_CANCEL, WRITE, tb_order_cancel, tb_cmd_order_cancel)                 \
    X(93, ORDER_GET, READ, tb_order_get, tb_cmd_order_get)                           \
    X(94, RELEASE, WRITE, tb_ledger_release_event, tb_cmd_release)                   \
    X(100, CODE_BATCH_PUT, WRITE, tb_code_batch_put, tb_cmd_code_batch_put)          \
    X(101, CODES_BIND, WRITE, tb_codes_bind, tb_cmd_codes_bind)                      \
    X(102, CODES_MOVE, WRITE, tb_codes_move, tb_cmd_codes_move)                      \
    X(103, CODES_PACK, WRITE, tb_codes_pack, tb_cmd_codes_pack)                      \
    X(104, CODES_UNPACK, WRITE, tb_codes_unpack, tb_cmd_codes_unpack)                \
    X(105, CODE_REPLACE, WRITE, tb_code_replace, tb_cmd_code_replace)                \
    X(106, CODES_RECEIVE, WRITE, tb_codes_receive, tb_cmd_codes_receive)             \
    X(107, CODE_SCAN, WRITE, tb_play_scan, tb_cmd_code_scan)                         \
    X(108, CODE_REDEEM, WRITE, tb_code_redeem_by_hand, tb_cmd_code_redeem)           \
    X(109, CODE_GET, READ, tb_code_get, tb_cmd_code_get)                             \
    X(110, CODE_BATCH_GET, READ, tb_code_batch_get, tb_cmd_code_batch_get)           \
    X(130, CAMPAIGN_PUT, WRITE, tb_campaign_put, tb_cmd_campaign_put)                \
    X(131, CAMPAIGN_MOVE, WRITE, tb_campaign_move, tb_cmd_campaign_move)             \
    X(132, CAMPAIGN_CHECK, READ, tb_campaign_check, tb_cmd_campaign_check)           \
    X(133, COUPON_CLAIM, WRITE, tb_coupon_claim, tb_cmd_coupon_claim)                \
    X(134, COUPON_ISSUE, WRITE, tb_coupon_issue_one, tb_cmd_coupon_issue)            \
    X(135, COUPON_VOID, WRITE, tb_coupon_void, tb_cmd_coupon_void)                   \
    X(136, COUPON_GIVE, WRITE, tb_coupon_give, tb_cmd_coupon_give)                   \
    X(137, COUPON_LIST, READ, tb_coupon_list, tb_cmd_coupon_list)                    \
    X(138, CAMPAIGN_GET, READ, tb_campaign_get, tb_cmd_campaign_get)                 \
    X(139, ISSUE, WRITE, tb_issue_run, tb_cmd_issue)                                 \
    X(140, QUOTE, READ, tb_checkout_quote, tb_cmd_quote)                             \
    X(141, CHECKOUT, WRITE, tb_checkout_open, tb_cmd_quote)                          \
    X(142, CONFIRM, WRITE, tb_checkout_confirm, tb_cmd_confirm)                      \
    X(143, BASKET_RELEASE, WRITE, tb_checkout_release, tb_cmd_basket_release)        \
    X(144, RETURN_QUOTE, READ, tb_checkout_return_quote, tb_cmd_return)              \
    X(145, CARD_SELL, WRITE, tb_card_sell, tb_cmd_card_sell)                         \
    X(146, CARD_LOOK, WRITE, tb_card_look, tb_cmd_card_look)                         \
    X(147, TOP_UP, WRITE, tb_card_top_up, tb_cmd_top_up)                             \
    X(148, CARD_ACT, WRITE, tb_card_act, tb_cmd_card_act)                            \
    X(149, MALL_LIST, READ, tb_mall_list, tb_cmd_mall_list)                          \
    X(150, MALL_PUT, WRITE, tb_mall_put, tb_cmd_mall_put)                            \
    X(151, MALL_EXCHANGE, WRITE, tb_mall_exchange, tb_cmd_mall_exchange)             \
    X(152, MALL_MOVE, WRITE, tb_mall_move, tb_cmd_mall_move)                         \
    X(156, COUPON_CODE_PUT, WRITE, tb_coupon_code_put, tb_cmd_coupon_code_put)       \
    X(157, CAMPAIGN_FIGURES, READ, tb_campaign_figures, tb_cmd_campaign_figures)     \
    X(158, SHOW, WRITE, tb_checkout_show, tb_cmd_quote)                              \
    X(160, GAME_PUT, WRITE, tb_play_game_put, tb_cmd_game_put)                       \
    X(161, GAME_MOVE, WRITE, tb_play_game_move, tb_cmd_game_move)                    \
    X(162, CHANNEL_PUT, WRITE, tb_play_channel_put, tb_cmd_channel_put)              \
    X(163, DRAW, WRITE, tb_play_draw, tb_cmd_play)                                   \
    X(164, CHECKIN, WRITE, tb_play_checkin, tb_cmd_checkin)                          \
    X(165, CHECKIN_MAKEUP, WRITE, tb_play_makeup, tb_cmd_checkin)                    \
    X(166, STAMP, WRITE, tb_play_stamp, tb_cmd_stamp)                                \
    X(167, TASK_DO, WRITE, tb_play_task_do, tb_cmd_play)                             \
    X(168, TASK_LIST, READ, tb_play_task_list, tb_cmd_task_list)                     \
    X(169, PACKET_SEND, WRITE, tb_play_packet_send, tb_cmd_packet_send)              \
    X(170, PACKET_CLAIM, WRITE, tb_play_packet_claim, tb_cmd_packet_claim)           \
    X(171, PACKET_GET, READ, tb_play_packet_get, tb_cmd_packet_get)                  \
    X(172, SEAT_GET, READ, tb_play_seat_get, tb_cmd_play)                            \
    X(173, PAYEE_SET, WRITE, tb_play_payee_set, tb_cmd_payee_set)                    \
    X(174, SEQUENCE_NEXT, WRITE, tb_play_next, tb_cmd_play)                          \
    X(176, CAMPAIGN_STOCK, WRITE, tb_campaign_stock, tb_cmd_campaign_stock)          \
    X(177, CAMPAIGN_STOCKS, READ, tb_campaign_stocks, tb_cmd_campaign_stocks)          \
    X(185, BACKTEST_KEEP, WRITE, tb_backtest_keep, tb_cmd_backtest_keep)             \
    X(190, REQUEST_DECIDE, WRITE, tb_request_decide, tb_cmd_request_decide)          \
    X(191, REQUEST_LIST, READ, tb_request_list, tb_cmd_request_list)                 \
    X(192, ERASURE_ASK, WRITE, tb_erasure_ask, tb_cmd_erasure)

enum tb_op {
#define TB_OP_ENUM(number, name, mode, fn, input) TB_OP_##name = number,
    TB_OPS(TB_OP_ENUM)
#undef TB_OP_ENUM
    TB_OP_MAX = 256
};

#define TB_OP_DECLARE(number, name, mode, fn, input) \
    enum tb_outcome fn(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a);
TB_OPS(TB_OP_DECLARE)
#undef TB_OP_DECLARE

/* "order"; NULL when there is no such command. */
const char *tb_op_name(uint32_t op);
/* True when the command changes nothing and its answer is never kept. */
bool tb_op_reads(uint32_t op);

#endif
