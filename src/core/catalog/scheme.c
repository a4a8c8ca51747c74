// SPDX-License-Identifier: Apache-2.0
/* core/catalog/scheme.c - tier schemes.
 *
 * Invariant: tier 0 is the base with reach 0; reach rises from tier to tier; a tier keeps
 * its place for ever, because members' states name it by place.                        */
#include "core/catalog/put.h"
#include "core/job/job.h"

/* The texts of a scheme share one section. */
#define SCHEME_BYTES_MAX 55000u

static void check_tier(struct tb_put_run *p, const struct tb_cmd_tier_scheme_put *in, uint32_t i)
{
    const struct tb_tier_input *tier = &in->tier[i];
    bool code = tb_code_valid(TB_KIND_TIER_SCHEME, tier->code);
    for (uint32_t k = 0; k < i && code; k++)
        code = !tb_str_eq(in->tier[k].code, tier->code);
    if (!code)
        tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "code");
    if (tier->name.n > TB_NAME_MAX || !tb_utf8_valid(tier->name))
        tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "name");
    bool rises = i == 0 ? tier->reach == 0 : tier->reach > in->tier[i - 1].reach;
    if (!rises || tier->reach > TB_AMOUNT_MAX)
        tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "reach");
    if (tier->keep < 0 || tier->keep > tier->reach)
        tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "keep");
    if (tier->benefits.n > TB_JSON_MAX || !tb_utf8_valid(tier->benefits))
        tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "benefits");
}

static void check_tiers(struct tb_put_run *p, const struct tb_cmd_tier_scheme_put *in)
{
    tb_check(p, in->tier_n >= 1, "tiers");
    if (in->tier_n > TB_TIERS_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "tiers");
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < in->tier_n && !p->refused; i++) {
        check_tier(p, in, i);
        bytes += in->tier[i].code.n + in->tier[i].name.n + in->tier[i].benefits.n;
    }
    if (bytes > SCHEME_BYTES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "tiers");
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_tier_scheme_put *in)
{
    bool rolling = in->window == TB_WINDOW_ROLLING;
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "measure", in->measure, 0, TB_TIER_MEASURES - 1);
    tb_check_range(p, "window", in->window, 0, TB_TIER_WINDOWS - 1);
    tb_check_range(p, "window_months", in->window_months, rolling ? 1 : 0, rolling ? 36 : 0);
    tb_check_range(p, "validity_months", in->validity_months, 0, 120);
    tb_check_range(p, "grace_days", in->grace_days, 0, 366);
    tb_check_range(p, "downgrade", in->downgrade, 0, TB_TIER_DOWNGRADES - 1);
    tb_check_range(p, "on_refund", in->on_refund, 0, TB_TIER_ON_REFUNDS - 1);
    tb_check(p, (in->measure == TB_MEASURE_QUALIFYING) == (in->unit.n > 0), "unit");
    check_tiers(p, in);
}

/* Members' states name tiers by place. */
static void check_unchanged(struct tb_put_run *p, const struct tb_cmd_tier_scheme_put *in)
{
    if (p->old == NULL || p->refused)
        return;
    const struct tb_tier *tier = tb_section(p->t, p->old, TB_SCHEME_TIER);
    uint32_t n = p->old->n[TB_SCHEME_TIER];
    tb_check(p, in->tier_n >= n, "tiers");
    for (uint32_t i = 0; i < n && !p->refused; i++)
        if (!tb_str_eq(tb_put_old_text(p, tier[i].code), in->tier[i].code))
            tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, "code");
}

static struct tb_ev_tier *tiers_of(struct tb_put_run *p, const struct tb_cmd_tier_scheme_put *in)
{
    if (p->refused)
        return NULL;
    struct tb_ev_tier *out = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_tier, in->tier_n);
    if (out == NULL) {
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "tiers");
        return NULL;
    }
    for (uint32_t i = 0; i < in->tier_n; i++) {
        const struct tb_tier_input *tier = &in->tier[i];
        out[i] = (struct tb_ev_tier){.code = tier->code,
                                     .name = tier->name,
                                     .reach = (uint64_t)tier->reach,
                                     .keep = (uint64_t)(tier->keep ? tier->keep : tier->reach),
                                     .benefits = tier->benefits,
                                     .never_downgrade = tier->never_downgrade};
    }
    return out;
}

enum tb_outcome tb_catalog_tier_scheme_put(struct tb_txn *t, const struct tb_command *cmd,
                                           struct tb_answer *a)
{
    const struct tb_cmd_tier_scheme_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_TIER_SCHEME, t->tenant, &in->put);
    check_fields(&p, in);
    uint32_t unit = tb_check_named(&p, "unit", TB_KIND_UNIT, in->unit, true, TB_CODE_UNKNOWN_UNIT);
    check_unchanged(&p, in);
    struct tb_ev_tier_scheme_put ev = {.code = in->put.code,
                                       .name = in->name,
                                       .measure = (uint64_t)in->measure,
                                       .window = (uint64_t)in->window,
                                       .window_n = (uint64_t)in->window_months,
                                       .validity_months = (uint64_t)in->validity_months,
                                       .grace_days = (uint64_t)in->grace_days,
                                       .downgrade = (uint64_t)in->downgrade,
                                       .on_refund = (uint64_t)in->on_refund,
                                       .unit = unit};
    ev.tier = tiers_of(&p, in);
    ev.tier_n = ev.tier ? in->tier_n : 0;
    TB_PUT_EMIT(&p, tier_scheme_put, &ev);
    if (p.changed)
        tb_job_start(t, TB_JOB_TIERS); /* who is in which tier by the new rules */
    return tb_put_end(&p);
}

static uint32_t window_days(const struct tb_ev_tier_scheme_put *ev)
{
    switch ((enum tb_tier_window)ev->window) {
    case TB_WINDOW_ROLLING:
        return (uint32_t)ev->window_n * 31;
    case TB_WINDOW_CALENDAR_YEAR:
    case TB_WINDOW_MEMBER_YEAR:
        return 366;
    case TB_WINDOW_LIFETIME:
        return 0;
    }
    return 0;
}

void tb_catalog_apply_tier_scheme_put(struct tb_txn *t, const struct tb_ev_tier_scheme_put *ev)
{
    const enum tb_kind kind = TB_KIND_TIER_SCHEME;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    tb_config_empty(t, kind, ev->id, TB_SCHEME_TIER);
    for (uint32_t i = 0; i < ev->tier_n; i++) {
        const struct tb_ev_tier *from = &ev->tier[i];
        struct tb_tier tier = {.code = tb_config_add_text(t, kind, ev->id, from->code),
                               .name = tb_config_add_text(t, kind, ev->id, from->name),
                               .benefits = tb_config_add_text(t, kind, ev->id, from->benefits),
                               .reach = (int64_t)from->reach,
                               .keep = (int64_t)from->keep,
                               .never_downgrade = from->never_downgrade != 0};
        (void)tb_push(t, kind, ev->id, TB_SCHEME_TIER, &tier);
    }
    struct tb_tier_scheme *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_tier_scheme){.c = c,
                                    .unit = (uint32_t)ev->unit,
                                    .window_months = (uint16_t)ev->window_n,
                                    .validity_months = (uint16_t)ev->validity_months,
                                    .grace_days = (uint16_t)ev->grace_days,
                                    .measure = (uint8_t)ev->measure,
                                    .window = (uint8_t)ev->window,
                                    .downgrade = (uint8_t)ev->downgrade,
                                    .on_refund = (uint8_t)ev->on_refund};
    tb_tenant_window(t, c.tenant, window_days(ev));
}
