// SPDX-License-Identifier: Apache-2.0
/* http/app.c - start, stop, and which function serves which operation. */
#include "http/app.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "border/keystore.h"
#include "http/analysis.h"
#include "http/backtests.h"
#include "http/static.h"

_Static_assert(TB_API_ROLE_OWNER == 0 && 1u << TB_API_ROLE_OWNER == TB_KEY_OWNER &&
                   1u << TB_API_ROLE_MARKETER == TB_KEY_MARKETER &&
                   1u << TB_API_ROLE_TILL == TB_KEY_STORE &&
                   1u << TB_API_ROLE_ASSOCIATE == TB_KEY_ASSOCIATE &&
                   1u << TB_API_ROLE_SERVICE_DESK == TB_KEY_SERVICE &&
                   1u << TB_API_ROLE_AUDITOR == TB_KEY_AUDITOR &&
                   1u << TB_API_ROLE_DEVELOPER == TB_KEY_DEVELOPER &&
                   1u << TB_API_ROLE_OPERATOR == TB_KEY_OPERATOR && TB_API_ROLE_MEMBER == 8 && TB_API_ROLE_COUNT == 9,
               "the table's roles are core's, in core's order; then the member, who has no key");

#define CATALOG(name, put)                           \
    [TB_API_PUT_##name] = &put,                      \
    [TB_API_GET_##name] = &tb_work_object_get,       \
    [TB_API_LIST_##name##S] = &tb_work_object_list

const struct tb_work_op *const tb_app_ops[TB_API_COUNT] = {
    CATALOG(TENANT, tb_work_tenant_put),
    CATALOG(UNIT, tb_work_unit_put),
    CATALOG(NAMESPACE, tb_work_namespace_put),
    CATALOG(STORE, tb_work_store_put),
    CATALOG(PRODUCT, tb_work_product_put),
    CATALOG(ASSOCIATE, tb_work_associate_put),
    CATALOG(TOUCHPOINT, tb_work_touchpoint_put),
    CATALOG(ATTRIBUTE, tb_work_attribute_put),
    CATALOG(PURPOSE, tb_work_purpose_put),
    CATALOG(RULE, tb_work_rule_put),
    CATALOG(TIER_SCHEME, tb_work_scheme_put),
    CATALOG(WEBHOOK, tb_work_webhook_put),
    [TB_API_LIST_DEAD_LETTERS] = &tb_work_letters,
    [TB_API_POST_REPLAY] = &tb_work_letters_replay,
    [TB_API_GET_OWN_TENANT] = &tb_work_object_get,
    [TB_API_POST_KEY] = &tb_work_key_put,
    [TB_API_POST_TENANT_KEY] = &tb_work_tenant_key_put,
    [TB_API_GET_KEY] = &tb_work_object_get,
    [TB_API_LIST_KEYS] = &tb_work_object_list,
    [TB_API_REVOKE_KEY] = &tb_work_key_revoke,
    [TB_API_POST_CONTACT] = &tb_work_contact,
    [TB_API_POST_PROBE] = &tb_work_probe,
    [TB_API_GET_MEMBER] = &tb_work_member_get,
    [TB_API_FIND_MEMBER] = &tb_work_member_find,
    [TB_API_POST_ENROLMENT] = &tb_work_enrol,
    [TB_API_PATCH_ATTRIBUTES] = &tb_work_attributes_set,
    [TB_API_POST_CONSENT] = &tb_work_consent_put,
    [TB_API_POST_ROLE] = &tb_work_role_put,
    [TB_API_POST_LINK] = &tb_work_link,
    [TB_API_POST_UNMERGE] = &tb_work_unmerge,
    [TB_API_POST_ERASE] = &tb_work_erase,
    [TB_API_POST_UNFREEZE] = &tb_work_unfreeze,
    [TB_API_POST_REVEAL] = &tb_work_reveal,
    [TB_API_POST_EXPORT] = &tb_work_export,
    [TB_API_POST_ORDER] = &tb_work_order,
    [TB_API_GET_ORDER] = &tb_work_order_get,
    [TB_API_POST_RETURN] = &tb_work_return,
    [TB_API_POST_CANCEL] = &tb_work_cancel,
    [TB_API_PUT_COUPON_ISSUE] = &tb_work_issue_put,
    [TB_API_GET_COUPON_ISSUE] = &tb_work_issue_get,
    [TB_API_LIST_COUPON_ISSUES] = &tb_work_issue_list,
    [TB_API_POST_COUPON_ISSUE_STOP] = &tb_work_issue_stop,
    [TB_API_POST_CAMPAIGN_AUDIENCE] = &tb_work_audience_count,
    [TB_API_GET_CAMPAIGN_AUDIENCE] = &tb_work_audience_get,
    [TB_API_GET_CAMPAIGN_UPLIFT] = &tb_work_campaign_uplift,
    [TB_API_GET_CAMPAIGN_SETTLEMENT] = &tb_work_campaign_settlement,
    [TB_API_POST_QUOTE_SHOWN] = &tb_work_quote_shown,
    [TB_API_PUT_COUPON_CODE] = &tb_work_coupon_code_put,
    [TB_API_GET_COUPON_CODE] = &tb_work_coupon_code_get,
    [TB_API_LIST_COUPON_CODES] = &tb_work_coupon_code_list,
    [TB_API_POST_QUOTE] = &tb_work_quote,
    [TB_API_POST_CHECKOUT] = &tb_work_checkout,
    [TB_API_POST_CONFIRM] = &tb_work_confirm,
    [TB_API_POST_BASKET_RELEASE] = &tb_work_basket_release,
    [TB_API_POST_RETURN_QUOTE] = &tb_work_return_quote,
    [TB_API_PUT_CAMPAIGN] = &tb_work_campaign_put,
    [TB_API_GET_CAMPAIGN] = &tb_work_campaign_get,
    [TB_API_LIST_CAMPAIGNS] = &tb_work_campaign_list,
    [TB_API_POST_CAMPAIGN_MOVE] = &tb_work_campaign_move,
    [TB_API_GET_CAMPAIGN_CHECK] = &tb_work_campaign_check,
    [TB_API_POST_CAMPAIGN_STOCK] = &tb_work_campaign_stock,
    [TB_API_LIST_CAMPAIGN_STOCKS] = &tb_work_campaign_stocks,
    [TB_API_LIST_CAMPAIGN_VERSIONS] = &tb_work_campaign_versions,
    [TB_API_POST_CAMPAIGN_BACKTEST] = &tb_work_backtest,
    [TB_API_POST_COUPON] = &tb_work_coupon_issue,
    [TB_API_POST_COUPON_CLAIM] = &tb_work_coupon_claim,
    [TB_API_LIST_COUPONS] = &tb_work_coupon_list,
    [TB_API_POST_COUPON_VOID] = &tb_work_coupon_void,
    [TB_API_POST_COUPON_GIVE] = &tb_work_coupon_give,
    [TB_API_PUT_CODE_BATCH] = &tb_work_code_batch_put,
    [TB_API_GET_CODE_BATCH] = &tb_work_code_batch_get,
    [TB_API_LIST_CODES] = &tb_work_codes_list,
    [TB_API_POST_CODE_BIND] = &tb_work_codes_bind,
    [TB_API_POST_CODE_MOVE] = &tb_work_codes_move,
    [TB_API_POST_CODE_PACK] = &tb_work_codes_pack,
    [TB_API_POST_CODE_UNPACK] = &tb_work_codes_unpack,
    [TB_API_POST_CODE_RECEIVE] = &tb_work_codes_receive,
    [TB_API_POST_CODE_REPLACE] = &tb_work_code_replace,
    [TB_API_POST_SCAN] = &tb_work_code_scan,
    [TB_API_POST_CODE_REDEEM] = &tb_work_code_redeem,
    [TB_API_GET_CODE] = &tb_work_code_get,
    [TB_API_PUT_GAME] = &tb_work_game_put,
    [TB_API_GET_GAME] = &tb_work_game_get,
    [TB_API_LIST_GAMES] = &tb_work_game_list,
    [TB_API_POST_GAME_MOVE] = &tb_work_game_move,
    [TB_API_PUT_CHANNEL] = &tb_work_channel_put,
    [TB_API_GET_CHANNEL] = &tb_work_channel_get,
    [TB_API_LIST_CHANNELS] = &tb_work_channel_list,
    [TB_API_POST_NEXT] = &tb_work_next_step,
    [TB_API_POST_STORE_PAYEE] = &tb_work_store_payee,
    [TB_API_POST_ASSOCIATE_PAYEE] = &tb_work_associate_payee,
    [TB_API_POST_DRAW] = &tb_work_draw,
    [TB_API_POST_CHECKIN] = &tb_work_checkin,
    [TB_API_POST_MAKEUP] = &tb_work_makeup,
    [TB_API_POST_STAMPS] = &tb_work_stamp,
    [TB_API_POST_TASK_DONE] = &tb_work_task_do,
    [TB_API_GET_TASKS] = &tb_work_task_list,
    [TB_API_GET_SEAT] = &tb_work_seat_get,
    [TB_API_POST_PACKET] = &tb_work_packet_send,
    [TB_API_POST_PACKET_CLAIM] = &tb_work_packet_claim,
    [TB_API_GET_PACKET] = &tb_work_packet_get,
    [TB_API_POST_CARD] = &tb_work_card_sell,
    [TB_API_POST_CARD_BALANCE] = &tb_work_card_look,
    [TB_API_POST_CARD_ACT] = &tb_work_card_act,
    [TB_API_POST_GIFT] = &tb_work_gift_give,
    [TB_API_POST_GIFT_CLAIM] = &tb_work_gift_claim,
    [TB_API_POST_GIFT_RETURN] = &tb_work_gift_back,
    [TB_API_POST_TOP_UP] = &tb_work_top_up,
    [TB_API_POST_TOP_UP_REFUND] = &tb_work_pay_back,
    [TB_API_PUT_GOODS] = &tb_work_goods_put,
    [TB_API_GET_GOODS] = &tb_work_goods_get,
    [TB_API_LIST_GOODS] = &tb_work_goods_list,
    [TB_API_GET_MEMBER_MALL] = &tb_work_member_mall,
    [TB_API_LIST_EXCHANGES] = &tb_work_exchange_list,
    [TB_API_POST_EXCHANGE] = &tb_work_exchange,
    [TB_API_GET_EXCHANGE] = &tb_work_exchange_get,
    [TB_API_POST_EXCHANGE_STATE] = &tb_work_exchange_move,
    [TB_API_POST_ADJUSTMENT] = &tb_work_adjust,
    [TB_API_POST_HOLD] = &tb_work_hold,
    [TB_API_POST_HOLD_POST] = &tb_work_hold_post,
    [TB_API_POST_HOLD_VOID] = &tb_work_hold_void,
    [TB_API_POST_TRANSFER] = &tb_work_transfer,
    [TB_API_POST_REVERSE] = &tb_work_reverse,
    [TB_API_LIST_REQUESTS] = &tb_work_request_list,
    [TB_API_GET_REQUEST] = &tb_work_request_get,
    [TB_API_POST_REQUEST_DECISION] = &tb_work_request_decide,
    [TB_API_POST_RELEASE] = &tb_work_release,
    [TB_API_GET_TRIAL_BALANCE] = &tb_work_trial_balance,
    [TB_API_GET_ME] = &tb_work_member_get,
    [TB_API_POST_MY_ENROLMENT] = &tb_work_enrol,
    [TB_API_POST_MY_CONSENT] = &tb_work_me_consent,
    [TB_API_PATCH_MY_ATTRIBUTES] = &tb_work_me_attributes,
    [TB_API_POST_MY_ERASURE] = &tb_work_erasure_ask,
    [TB_API_DELETE_MY_ERASURE] = &tb_work_erasure_ask,
    [TB_API_GET_MY_ORDER] = &tb_work_my_order,
    [TB_API_POST_MY_SCAN] = &tb_work_my_scan,
    [TB_API_POST_MY_GIFT_CARD] = &tb_work_my_gift_card,
    [TB_API_POST_MY_GIFT_CARD_BALANCE] = &tb_work_my_card_look,
    [TB_API_POST_MY_GIFT] = &tb_work_my_gift_give,
    [TB_API_POST_MY_GIFT_CLAIM] = &tb_work_my_gift_claim,
    [TB_API_POST_MY_GIFT_RETURN] = &tb_work_my_gift_back,
    [TB_API_GET_MY_MALL] = &tb_work_member_mall,
    [TB_API_LIST_MY_EXCHANGES] = &tb_work_exchange_list,
    [TB_API_POST_MY_EXCHANGE] = &tb_work_my_exchange,
    [TB_API_POST_MY_EXCHANGE_CANCEL] = &tb_work_my_exchange_cancel,
    [TB_API_POST_MY_NEXT] = &tb_work_my_next,
    [TB_API_GET_MY_TASKS] = &tb_work_task_list,
    [TB_API_LIST_MY_GAMES] = &tb_work_game_list,
    [TB_API_GET_MY_GAME] = &tb_work_my_game,
    [TB_API_GET_MY_SEAT] = &tb_work_seat_get,
    [TB_API_POST_MY_DRAW] = &tb_work_my_draw,
    [TB_API_POST_MY_CHECKIN] = &tb_work_my_checkin,
    [TB_API_POST_MY_MAKEUP] = &tb_work_my_makeup,
    [TB_API_POST_MY_CARD] = &tb_work_my_card,
    [TB_API_POST_MY_PACKET] = &tb_work_my_packet,
    [TB_API_POST_MY_PACKET_CLAIM] = &tb_work_my_packet_claim,
    [TB_API_LIST_MY_COUPONS] = &tb_work_coupon_list,
    [TB_API_POST_MY_COUPON_CLAIM] = &tb_work_coupon_claim,
};

static void fill_handlers(struct tb_app *app)
{
    for (uint32_t i = 0; i < TB_API_COUNT; i++)
        if (tb_app_ops[i] != NULL)
            app->handler[i].run = tb_work_run;
    app->handler[TB_API_HEALTHZ].run = tb_op_healthz;
    app->handler[TB_API_READYZ].run = tb_op_readyz;
    app->handler[TB_API_METRICS].run = tb_op_metrics;
    app->handler[TB_API_OPENAPI].run = tb_op_openapi;
    app->handler[TB_API_LIST_EVENTS].run = tb_op_events;
    app->handler[TB_API_GET_TIMELINE].run = tb_op_timeline;
    app->handler[TB_API_GET_STATEMENT].run = tb_op_statement;
    app->handler[TB_API_POST_RETURN].run = tb_op_order_acts;
    app->handler[TB_API_POST_RETURN_QUOTE].run = tb_op_order_acts;
    app->handler[TB_API_POST_CANCEL].run = tb_op_order_acts;
    app->handler[TB_API_POST_SESSION].run = tb_op_post_session;
    app->handler[TB_API_GET_SESSION].run = tb_op_get_session;
    app->handler[TB_API_DELETE_SESSION].run = tb_op_delete_session;
    app->handler[TB_API_POST_PASSWORD].run = tb_op_post_password;
    app->handler[TB_API_POST_SESSION_CODE].run = tb_op_post_session_code;
    app->handler[TB_API_POST_SESSION_MEMBER].run = tb_op_post_session_member;
    app->handler[TB_API_POST_USER].run = tb_op_post_user;
    app->handler[TB_API_GET_INBOX].run = tb_op_inbox;
    for (uint32_t i = TB_API_GET_ME; i <= TB_API_LIST_MY_ORDERS; i++)
        app->handler[i].run = tb_op_me;
    for (uint32_t i = TB_API_REPORT_TODAY; i <= TB_API_LIST_MEMBER_ORDERS; i++)
        app->handler[i].run = tb_op_report;
    app->handler[TB_API_REPORT_ACCOUNTING].run = tb_op_accounting;
    for (uint32_t i = TB_API_REPORT_FUNNEL; i <= TB_API_REPORT_SCANS; i++)
        app->handler[i].run = tb_op_analysis;
    app->handler[TB_API_LIST_CAMPAIGN_BACKTESTS].run = tb_op_report;
    app->handler[TB_API_GET_CAMPAIGN_BACKTEST].run = tb_op_report;
    app->handler[TB_API_POST_CAMPAIGN_BACKTEST_STOP].run = tb_op_backtest_stop;
    for (uint32_t i = TB_API_PUT_IMPORT; i <= TB_API_LIST_IMPORTS; i++)
        app->handler[i].run = tb_op_imports;
    app->handler[TB_API_BULK] =
        (struct tb_op_handler){tb_op_bulk, tb_op_bulk_line, tb_op_bulk_abandoned};
}

static bool serve_page(void *user, struct tb_request *req)
{
    struct tb_app *app = user;
    return tb_static_serve(app->pages, req);
}

/* Sessions, reports, pages. */
static bool people_start(struct tb_app *app, struct tb_fault *fault)
{
    app->sessions = tb_sessions_create(&app->hash_key);
    app->inbox = app->o.inbox ? tb_inbox_create() : NULL;
    app->kept = tb_analysis_kept_create();
    if (app->sessions == NULL || app->kept == NULL || (app->o.inbox && app->inbox == NULL)) {
        tb_fault_set(fault, true, "out of memory");
        return false;
    }
    if (app->o.web != NULL && (app->pages = tb_static_open(app->o.web, fault)) == NULL)
        return false;
    return (app->passwords = tb_side_start(app, fault)) != NULL &&
           (app->reports = tb_side_start(app, fault)) != NULL &&
           (app->books = tb_side_start(app, fault)) != NULL &&
           (app->analysis = tb_side_start(app, fault)) != NULL &&
           (app->backtests = tb_backtests_start(app, fault)) != NULL;
}

static void people_stop(struct tb_app *app)
{
    tb_side_stop(app->passwords);
    tb_side_stop(app->reports);
    tb_side_stop(app->analysis);
    tb_backtests_stop(app->backtests);
    tb_analysis_kept_destroy(app->kept);
    tb_side_stop(app->books);
    tb_static_close(app->pages);
    tb_inbox_destroy(app->inbox);
    tb_sessions_destroy(app->sessions);
}

static void app_free(struct tb_app *app)
{
    people_stop(app);
    if (app->feeds != NULL)
        tb_feeds_stop(app->feeds);
    if (app->keyring != NULL)
        tb_keyring_stop(app->keyring);
    tb_facts_destroy(app->facts);
    free(app);
}

struct tb_app *tb_app_start(const struct tb_app_options *options, struct tb_fault *fault)
{
    struct tb_app *app = calloc(1, sizeof *app);
    if (app == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    tb_assert(options->cell != NULL && options->env != NULL && options->keys != NULL);
    app->o = *options;
    if (options->guest != NULL && options->guest->code.n <= sizeof app->guest_code) {
        app->guest = *options->guest;
        memcpy(app->guest_code, options->guest->code.p, options->guest->code.n);
        app->guest.code.p = app->guest_code;
    }
    app->cell = options->cell;
    app->hash_key = options->env->hash_key;
    app->vault.keys = options->keys;
    app->facts = tb_facts_create();
    fill_handlers(app);
    if (app->facts == NULL)
        tb_fault_set(fault, true, "out of memory");
    else if ((app->keyring = tb_keyring_start(app, fault)) != NULL &&
             (app->feeds = tb_feeds_start(app, fault)) != NULL && people_start(app, fault)) {
        struct tb_shell_options shell = {.http = options->http,
                                         .auth = tb_keyring_check,
                                         .auth_user = app,
                                         .session = tb_session_who,
                                         .unrouted = serve_page,
                                         .handler = app->handler,
                                         .user = app,
                                         .on_turn = tb_work_flush,
                                         .unlimited = options->unlimited};
        struct tb_shell *s = tb_shell_start(&shell, fault);
        atomic_store(&app->shell, s);
        if (s != NULL)
            return app;
    }
    app_free(app);
    return NULL;
}

uint16_t tb_app_port(const struct tb_app *app)
{
    return tb_http_port(tb_shell_http(app->shell));
}

void tb_app_stop(struct tb_app *app)
{
    atomic_store(&app->closing, true);
    tb_shell_stop(app->shell); /* every request is answered: needs the other two */
    app_free(app);
}

void tb_app_keys_changed(struct tb_app *app)
{
    tb_keyring_refresh(app->keyring);
}
