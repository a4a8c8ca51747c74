// SPDX-License-Identifier: Apache-2.0
/* core/catalog/tenant.c - tenants and what a new one begins with.
 *
 * Limits keep one value
 * from gluing strangers together, windows say over which time they are counted. A
 * number that was silent for eighteen months may have a new owner. Operators re-issue a number
 * after 90 days already, but members come back after half a year and want their points; who
 * claims a number sooner with a unionid or card of her own is told apart all the same. */
#include "core/catalog/put.h"

#include "base/currency.h"

#include <string.h>

static bool zone_known(const struct tb_txn *t, struct tb_str name)
{
    return name.n > 0 && name.n < sizeof((struct tb_zone *)0)->name &&
           t->env->zone(t->env->user, name) != NULL;
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_tenant_put *in, uint32_t *digits)
{
    tb_check_text(p, "name", in->name, 1, TB_NAME_MAX);
    tb_check(p, zone_known(p->t, in->zone), "zone");
    tb_check(p, tb_currency_digits(in->currency, digits), "currency");
    tb_check(p, (in->switches & ~(uint64_t)TB_TENANT_SWITCHES_ALL) == 0, "switches");
    tb_check_range(p, "accept_days", in->accept_days, 0, 36500);
    tb_check_range(p, "claim_policy", in->claim_policy, 0, TB_CLAIM_POLICIES - 1);
    tb_check_range(p, "regular_orders", in->regular_orders, 0, 1000);
    tb_check_range(p, "guess_caller", in->guess_caller, 0, TB_GUESS_LIMIT_MAX);
    tb_check_range(p, "guess_tenant", in->guess_tenant, 0, TB_GUESS_LIMIT_MAX);
    const struct tb_tenant *old = tb_put_old(p);
    if (old == NULL)
        return;
    tb_check(p, tb_str_eq(tb_put_old_text(p, old->zone), in->zone), "zone");
    tb_check(p, memcmp(old->currency, in->currency.p, 3) == 0, "currency");
}

/* ---- defaults ---------------------------------------------------------------------------- */

static const struct tb_cmd_namespace_put default_namespace[] = {
    {.put.code = {"erp_id", 6}, .class_no = TB_CLASS_UNIQUE, .priority = 1, .limit = 1},
    {.put.code = {"unionid", 7}, .class_no = TB_CLASS_UNIQUE, .priority = 2, .limit = 1},
    {.put.code = {"phone", 5},
     .class_no = TB_CLASS_STRONG,
     .priority = 3,
     .limit = 3,
     .window_days = 365,
     .tenure_gap_days = 540,
     .normaliser = TB_NORMALISE_PHONE},
    {.put.code = {"email", 5},
     .class_no = TB_CLASS_STRONG,
     .priority = 4,
     .limit = 5,
     .window_days = 365,
     .normaliser = TB_NORMALISE_EMAIL},
    {.put.code = {"alipay", 6}, .class_no = TB_CLASS_UNIQUE, .priority = 5, .limit = 1},
    /* 6: openid:<app> */
    {.put.code = {"card", 4},
     .class_no = TB_CLASS_STRONG,
     .priority = 7,
     .limit = 3,
     .window_days = 365,
     .normaliser = TB_NORMALISE_CARD},
    {.put.code = {"payment_token", 13},
     .class_no = TB_CLASS_STRONG,
     .priority = 8,
     .limit = 5,
     .window_days = 365},
    {.put.code = {"item_code", 9}, .class_no = TB_CLASS_WEAK, .priority = 9},
    {.put.code = {"device", 6},
     .class_no = TB_CLASS_EPHEMERAL,
     .scope = TB_SCOPE_DEVICE,
     .priority = 10,
     .limit = 5,
     .window_days = 30,
     .retention_days = 365},
    {.put.code = {"wifi_mac", 8},
     .class_no = TB_CLASS_EPHEMERAL,
     .scope = TB_SCOPE_DEVICE,
     .priority = 11,
     .limit = 5,
     .window_days = 30,
     .normaliser = TB_NORMALISE_MAC,
     .hashed_only = true,
     .retention_days = 30},
    {.put.code = {"face", 4},
     .class_no = TB_CLASS_EPHEMERAL,
     .scope = TB_SCOPE_DEVICE,
     .priority = 12,
     .limit = 1,
     .window_days = 30,
     .hashed_only = true,
     .retention_days = 30},
    {.put.code = {"cookie", 6},
     .class_no = TB_CLASS_EPHEMERAL,
     .scope = TB_SCOPE_DEVICE,
     .priority = 13,
     .limit = 20,
     .window_days = 30,
     .retention_days = 90},
};

static const struct tb_cmd_touchpoint_put default_touchpoint[] = {
    {.put.code = {"till", 4}, .name = {"Till", 4}, .kind = TB_TOUCH_TILL},
    {.put.code = {"web", 3}, .name = {"Web shop", 8}, .kind = TB_TOUCH_WEB},
    {.put.code = {"mini_program", 12},
     .name = {"Mini-program", 12},
     .kind = TB_TOUCH_MINI_PROGRAM},
    {.put.code = {"import", 6}, .name = {"Import", 6}, .kind = TB_TOUCH_IMPORT},
};

static void write_defaults(struct tb_txn *t, struct tb_answer *a, uint32_t tenant)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(default_namespace); i++) {
        const struct tb_cmd_namespace_put *in = &default_namespace[i];
        struct tb_put_run p = tb_put_begin(t, a, TB_KIND_NAMESPACE, tenant, &in->put);
        tb_namespace_decide(&p, in);
        tb_assert(!p.refused && p.changed);
    }
    for (uint32_t i = 0; i < TB_COUNT_OF(default_touchpoint); i++) {
        const struct tb_cmd_touchpoint_put *in = &default_touchpoint[i];
        struct tb_put_run p = tb_put_begin(t, a, TB_KIND_TOUCHPOINT, tenant, &in->put);
        tb_touchpoint_decide(&p, in);
        tb_assert(!p.refused && p.changed);
    }
}

/* ---- the tenant -------------------------------------------------------------------------- */

enum tb_outcome tb_catalog_tenant_put(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a)
{
    const struct tb_cmd_tenant_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_TENANT, 0, &in->put);
    if (!p.refused && t->tenant != 0 && t->tenant != p.id)
        tb_put_refuse(&p, TB_CODE_NOT_FOUND, "");
    uint32_t digits = 0;
    if (!p.refused)
        check_fields(&p, in, &digits);
    struct tb_ev_tenant_put ev = {.code = in->put.code,
                                  .name = in->name,
                                  .zone = in->zone,
                                  .currency = in->currency,
                                  .currency_digits = digits,
                                  .switches = in->switches,
                                  .accept_days = (uint64_t)in->accept_days,
                                  .claim_policy = (uint64_t)in->claim_policy,
                                  .regular_orders = (uint64_t)in->regular_orders,
                                  .guess_caller = (uint64_t)in->guess_caller,
                                  .guess_tenant = (uint64_t)in->guess_tenant};
    struct tb_buf content = tb_put_content_open(&p, tb_ev_tenant_put_size(&ev));
    tb_ev_tenant_put_encode(&content, &ev);
    if (tb_put_content_close(&p, &content)) {
        ev.id = p.id;
        ev.version = p.version;
        ev.content = p.content;
        tb_emit_tenant_put(t, &ev);
        if (p.old == NULL)
            write_defaults(t, a, p.id);
    }
    return tb_put_end(&p);
}

void tb_catalog_apply_tenant_put(struct tb_txn *t, const struct tb_ev_tenant_put *ev)
{
    const enum tb_kind kind = TB_KIND_TENANT;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text zone = tb_config_add_text(t, kind, ev->id, ev->zone);
    struct tb_tenant *head = tb_block_head(tb_write(t, kind, ev->id));
    head->c = c; /* counts, lists and the feed's number stay */
    head->zone = zone;
    memset(head->currency, 0, sizeof head->currency);
    memcpy(head->currency, ev->currency.p, ev->currency.n < 3 ? ev->currency.n : 3);
    head->currency_digits = (uint32_t)ev->currency_digits;
    head->switches = (uint32_t)ev->switches;
    head->accept_days = (uint32_t)ev->accept_days;
    head->claim_policy = (uint32_t)ev->claim_policy;
    head->regular_orders = (uint32_t)ev->regular_orders;
    head->guess_caller = (uint32_t)ev->guess_caller;
    head->guess_tenant = (uint32_t)ev->guess_tenant;
    if (head->feed_next == 0)
        head->feed_next = 1;
}
