// SPDX-License-Identifier: Apache-2.0
/* core/catalog/unit.c - units of value: what may be earned, when it comes and goes. */
#include "core/catalog/put.h"

int32_t tb_period_start(enum tb_cap_period period, int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    switch (period) {
    case TB_PERIOD_NONE:
    case TB_PERIOD_LIFETIME:
        return -25567;
    case TB_PERIOD_DAY:
        return day;
    case TB_PERIOD_ISO_WEEK:
        return day - tb_weekday(day);
    case TB_PERIOD_MONTH:
        return tb_days_from_date((struct tb_date){d.year, d.month, 1});
    case TB_PERIOD_YEAR:
        return tb_days_from_date((struct tb_date){d.year, 1, 1});
    }
    return day;
}

#define CLAIM_CODES 200 /* among the kinds of TB_MAP_CODE: a number that no kind will have */

static void check_release(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    tb_check_range(p, "release", in->release, 0, TB_RELEASE_KINDS - 1);
    bool ok = in->release == TB_RELEASE_AFTER_DAYS ? in->release_n >= 1 && in->release_n <= 3660
              : in->release == TB_RELEASE_ON_DATE  ? tb_month_day_valid(in->release_n)
                                                   : in->release_n == 0;
    tb_check(p, ok, "release_n");
}

static bool expiry_n_valid(int64_t kind, int64_t n)
{
    switch ((enum tb_expiry_kind)kind) {
    case TB_EXPIRY_NONE:
        return n == 0;
    case TB_EXPIRY_ROLLING_DAYS:
    case TB_EXPIRY_SLIDING_DAYS:
        return n >= 1 && n <= 36600;
    case TB_EXPIRY_ROLLING_MONTHS:
        return n >= 1 && n <= 1200;
    case TB_EXPIRY_CALENDAR_DATE:
        return tb_month_day_valid(n);
    }
    return false;
}

static void check_cap(struct tb_put_run *p, int64_t cap, int64_t period, const char *cap_field,
                      const char *period_field)
{
    tb_check_range(p, cap_field, cap, 0, TB_AMOUNT_MAX);
    tb_check_range(p, period_field, period, 0, TB_CAP_PERIODS - 1);
    tb_check(p, (cap == 0) == (period == TB_PERIOD_NONE), period_field);
}

static void check_window(struct tb_put_run *p, int64_t from_ms, int64_t until_ms, const char *from,
                         const char *until)
{
    tb_check_range(p, from, from_ms, 0, TB_MS_MAX);
    tb_check(p, until_ms == 0 || (until_ms > from_ms && until_ms <= TB_MS_MAX), until);
}

/* What only coupons and gift cards have, and what coupons have not. */
static void check_issued(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    bool coupon = in->kind == TB_UNIT_COUPON;
    bool issued = coupon || in->kind == TB_UNIT_GIFT_CARD;
    tb_check_range(p, "stock", in->stock, 0, issued ? TB_AMOUNT_MAX : 0);
    check_window(p, in->claim_from_ms, in->claim_until_ms, "claim_from", "claim_until");
    tb_check(p, coupon || (in->claim_from_ms == 0 && in->claim_until_ms == 0), "claim_from");
    check_window(p, in->valid_from_ms, in->valid_until_ms, "valid_from", "valid_until");
    tb_check(p, issued || (in->valid_from_ms == 0 && in->valid_until_ms == 0), "valid_from");
    tb_check_range(p, "wait_days", in->wait_days, 0, coupon ? 3660 : 0);
    bool prepaid = in->kind == TB_UNIT_STORED_VALUE || in->kind == TB_UNIT_GIFT_CARD;
    uint64_t flags = coupon ? TB_UNIT_FLAGS_ALL : prepaid ? TB_UNIT_FLAGS_PREPAID : 0;
    tb_check(p, (in->flags & ~flags) == 0, "flags");
    tb_check(p, in->claim_code.n == 0 || (coupon && tb_code_valid(TB_KIND_UNIT, in->claim_code)),
             "claim_code");
    if (!coupon)
        return;
    tb_check(p, in->negative == TB_NEGATIVE_ONLY_PENDING, "negative");
    tb_check(p, in->release == TB_RELEASE_AT_ONCE, "release");
    tb_check(p, in->expiry != TB_EXPIRY_SLIDING_DAYS, "expiry");
    tb_check(p, in->earn_cap == 0 || in->earn_cap_rejects, "earn_cap_rejects");
    tb_check(p, in->earn_cap_order == 0, "earn_cap_order");
    tb_check(p, in->spend_cap == 0, "spend_cap");
}

/* What only prepaid value has. */
static void check_prepaid(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    bool wallet = in->kind == TB_UNIT_STORED_VALUE;
    int64_t most = wallet || in->kind == TB_UNIT_GIFT_CARD ? TB_AMOUNT_MAX : 0;
    tb_check_range(p, "anonymous_max", in->anonymous_max, 0, most);
    tb_check_range(p, "rest_max", in->rest_max, 0, most);
    tb_check_range(p, "top_up_min", in->top_up_min, 0, wallet ? TB_AMOUNT_MAX : 0);
    tb_check_range(p, "top_up_max", in->top_up_max, 0, wallet ? TB_AMOUNT_MAX : 0);
    tb_check(p, in->top_up_max == 0 || in->top_up_max >= in->top_up_min, "top_up_max");
    tb_check(p, wallet || in->bonus_unit.n == 0, "bonus_unit");
    tb_check_range(p, "bonus_back", in->bonus_back, 0, wallet ? TB_BONUS_BACKS - 1 : 0);
    tb_check_range(p, "spend_order", in->spend_order, 0, wallet ? 1000 : 0);
    tb_check(p, in->step_n <= TB_UNIT_STEPS_MAX && (in->step_n == 0 || in->bonus_unit.n > 0), "steps");
    for (uint32_t i = 0; i < in->step_n && !p->refused; i++)
        if (in->step[i].at < 1 || in->step[i].at > TB_AMOUNT_MAX || in->step[i].bonus < 1 ||
            in->step[i].bonus > TB_AMOUNT_MAX || (i > 0 && in->step[i].at <= in->step[i - 1].at))
            tb_put_refuse_at(p, TB_CODE_INVALID, "steps", i, NULL);
    tb_check(p, in->kind == TB_UNIT_GIFT_CARD || in->item.n == 0, "item");
}

/* The bonus is stored value of its own, which gives no bonus again. */
static void name_prepaid(struct tb_put_run *p, const struct tb_cmd_unit_put *in, struct tb_ev_unit_put *ev)
{
    struct tb_ev_unit_step *step = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_unit_step, TB_UNIT_STEPS_MAX);
    tb_assert(step != NULL);
    ev->bonus_unit = tb_check_named(p, "bonus_unit", TB_KIND_UNIT, in->bonus_unit, true, TB_CODE_UNKNOWN_UNIT);
    ev->item = tb_check_named(p, "item", TB_KIND_PRODUCT, in->item, true, TB_CODE_UNKNOWN_PRODUCT);
    const struct tb_unit *bonus = ev->bonus_unit ? tb_catalog_find(p->t, TB_KIND_UNIT, ev->bonus_unit) : NULL;
    tb_check(p, bonus == NULL || (bonus->kind == TB_UNIT_STORED_VALUE && bonus->bonus_unit == 0 &&
                                  ev->bonus_unit != p->id),
             "bonus_unit");
    for (uint32_t i = 0; i < in->step_n && !p->refused; i++)
        step[i] = (struct tb_ev_unit_step){(uint64_t)in->step[i].at, (uint64_t)in->step[i].bonus};
    ev->step = step;
    ev->step_n = p->refused ? 0 : in->step_n;
    ev->anonymous_max = (uint64_t)in->anonymous_max;
    ev->rest_max = (uint64_t)in->rest_max;
    ev->top_up_min = (uint64_t)in->top_up_min;
    ev->top_up_max = (uint64_t)in->top_up_max;
    ev->bonus_back = (uint64_t)in->bonus_back;
    ev->spend_order = (uint64_t)in->spend_order;
}

/* One claim code leads to one template. */
static void check_claim_code(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    uint64_t id;
    if (!p->refused && in->claim_code.n &&
        tb_map_find(p->t, TB_MAP_CODE, tb_claim_key(p->t, p->tenant, in->claim_code), &id) && id != p->id)
        tb_put_refuse(p, TB_CODE_CODE_TAKEN, "claim_code");
}

static void check_paying(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    bool pays = in->kind == TB_UNIT_POINTS || in->kind == TB_UNIT_STORED_VALUE || in->kind == TB_UNIT_GIFT_CARD;
    tb_check_range(p, "pay_min", in->pay_min, 0, pays ? TB_AMOUNT_MAX : 0);
    tb_check_range(p, "pay_step", in->pay_step, 0, pays ? TB_AMOUNT_MAX : 0);
    tb_check_range(p, "pay_share_ppm", in->pay_share_ppm, 0, pays ? 1000000 : 0);
    bool by_hand = pays || in->kind == TB_UNIT_QUALIFYING;
    tb_check_range(p, "by_hand_max", in->by_hand_max, 0, by_hand ? TB_AMOUNT_MAX : 0);
    tb_check_range(p, "by_hand_day_max", in->by_hand_day_max, 0, by_hand ? TB_AMOUNT_MAX : 0);
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_unit_put *in)
{
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "kind", in->kind, 0, TB_UNIT_BUDGET - 1); /* budgets come with campaigns */
    tb_check_range(p, "negative", in->negative, 0, TB_NEGATIVE_POLICIES - 1);
    check_release(p, in);
    tb_check_range(p, "expiry", in->expiry, 0, TB_EXPIRY_KINDS - 1);
    /* what qualifies leaves by its scheme's window: a lot that expired would leave twice */
    tb_check(p, in->kind != TB_UNIT_QUALIFYING || in->expiry == TB_EXPIRY_NONE, "expiry");
    tb_check(p, expiry_n_valid(in->expiry, in->expiry_n), "expiry_n");
    tb_check_range(p, "rounding", in->rounding, 0, TB_EXPIRY_ROUNDINGS - 1);
    tb_check(p, in->expiry != TB_EXPIRY_NONE || in->rounding == TB_ROUNDING_NONE, "rounding");
    check_cap(p, in->earn_cap, in->earn_cap_period, "earn_cap", "earn_cap_period");
    tb_check_range(p, "earn_cap_order", in->earn_cap_order, 0, TB_AMOUNT_MAX);
    tb_check_range(p, "balance_max", in->balance_max, 0, TB_AMOUNT_MAX);
    check_cap(p, in->spend_cap, in->spend_cap_period, "spend_cap", "spend_cap_period");
    tb_check_range(p, "restore_grace_days", in->restore_grace_days, 0, 3660);
    tb_check_range(p, "face_ppm", in->face_ppm, 0, TB_FACE_PPM_MAX);
    tb_check_range(p, "expected_ppm", in->expected_ppm, 0, 1000000);
    const struct tb_unit *old = tb_put_old(p);
    tb_check(p, old == NULL || old->kind == in->kind, "kind");
    check_issued(p, in);
    check_prepaid(p, in);
    check_paying(p, in);
    check_claim_code(p, in);
}

enum tb_outcome tb_catalog_unit_put(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_unit_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_UNIT, t->tenant, &in->put);
    p.unlisted = in->kind >= TB_UNIT_KINDS_LISTED;
    check_fields(&p, in);
    struct tb_ev_unit_put ev = {.code = in->put.code,
                                .name = in->name,
                                .kind = (uint64_t)in->kind,
                                .negative = (uint64_t)in->negative,
                                .release = (uint64_t)in->release,
                                .release_days = (uint64_t)in->release_n,
                                .expiry = (uint64_t)in->expiry,
                                .expiry_n = (uint64_t)in->expiry_n,
                                .rounding = (uint64_t)in->rounding,
                                .earn_cap = (uint64_t)in->earn_cap,
                                .earn_cap_period = (uint64_t)in->earn_cap_period,
                                .earn_cap_order = (uint64_t)in->earn_cap_order,
                                .earn_cap_rejects = in->earn_cap_rejects,
                                .balance_max = (uint64_t)in->balance_max,
                                .spend_cap = (uint64_t)in->spend_cap,
                                .spend_cap_period = (uint64_t)in->spend_cap_period,
                                .restore_grace_days = (uint64_t)in->restore_grace_days,
                                .face_ppm = (uint64_t)in->face_ppm,
                                .expected_ppm = (uint64_t)in->expected_ppm,
                                .stock = (uint64_t)in->stock,
                                .claim_from_ms = (uint64_t)in->claim_from_ms,
                                .claim_until_ms = (uint64_t)in->claim_until_ms,
                                .valid_from_ms = (uint64_t)in->valid_from_ms,
                                .valid_until_ms = (uint64_t)in->valid_until_ms,
                                .wait_days = (uint64_t)in->wait_days,
                                .flags = in->flags,
                                .claim_code = in->claim_code,
                                .pay_min = (uint64_t)in->pay_min,
                                .pay_step = (uint64_t)in->pay_step,
                                .pay_share_ppm = (uint64_t)in->pay_share_ppm,
                                .by_hand_max = (uint64_t)in->by_hand_max,
                                .by_hand_day_max = (uint64_t)in->by_hand_day_max};
    if (!p.refused)
        name_prepaid(&p, in, &ev);
    TB_PUT_EMIT(&p, unit_put, &ev);
    return tb_put_end(&p);
}

uint64_t tb_claim_key(const struct tb_txn *t, uint32_t tenant, struct tb_str code)
{
    return tb_key_code(t, tenant, (enum tb_kind)CLAIM_CODES, code);
}

static void forget_claim_code(struct tb_txn *t, uint64_t id)
{
    struct tb_block *b = tb_read(t, TB_KIND_UNIT, id);
    const struct tb_unit *u = b ? tb_block_head_const(b) : NULL;
    if (u != NULL && u->claim_code.n)
        tb_map_unset(t, TB_MAP_CODE, tb_claim_key(t, u->c.tenant, tb_config_text(t, b, u->claim_code)));
}

uint32_t tb_catalog_claim_code(const struct tb_txn *t, struct tb_str code)
{
    uint64_t id;
    if (code.n == 0 || !tb_map_find(t, TB_MAP_CODE, tb_claim_key(t, t->tenant, code), &id))
        return 0;
    struct tb_block *b = tb_read(t, TB_KIND_UNIT, id);
    const struct tb_unit *u = b ? tb_block_head_const(b) : NULL;
    return u != NULL && tb_str_eq(tb_config_text(t, b, u->claim_code), code) ? (uint32_t)id : 0;
}

void tb_catalog_apply_unit_put(struct tb_txn *t, const struct tb_ev_unit_put *ev)
{
    const enum tb_kind kind = TB_KIND_UNIT;
    forget_claim_code(t, ev->id);
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = (uint32_t)ev->kind});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text claim_code = tb_config_add_text(t, kind, ev->id, ev->claim_code);
    if (ev->claim_code.n)
        tb_map_set(t, TB_MAP_CODE, tb_claim_key(t, c.tenant, ev->claim_code), ev->id);
    tb_config_empty(t, kind, ev->id, TB_UNIT_STEP);
    for (uint32_t n = 0; n < ev->step_n; n++) {
        struct tb_unit_step step = {(int64_t)ev->step[n].at, (int64_t)ev->step[n].bonus};
        (void)tb_push(t, kind, ev->id, TB_UNIT_STEP, &step);
    }
    struct tb_unit *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_unit){.c = c,
                             .kind = (uint8_t)ev->kind,
                             .negative = (uint8_t)ev->negative,
                             .release = (uint8_t)ev->release,
                             .expiry = (uint8_t)ev->expiry,
                             .rounding = (uint8_t)ev->rounding,
                             .earn_cap_period = (uint8_t)ev->earn_cap_period,
                             .spend_cap_period = (uint8_t)ev->spend_cap_period,
                             .earn_cap_rejects = ev->earn_cap_rejects != 0,
                             .release_n = (uint32_t)ev->release_days,
                             .expiry_n = (uint32_t)ev->expiry_n,
                             .restore_grace_days = (uint32_t)ev->restore_grace_days,
                             .earn_cap = (int64_t)ev->earn_cap,
                             .earn_cap_order = (int64_t)ev->earn_cap_order,
                             .balance_max = (int64_t)ev->balance_max,
                             .spend_cap = (int64_t)ev->spend_cap,
                             .face_ppm = (int64_t)ev->face_ppm,
                             .expected_ppm = (uint32_t)ev->expected_ppm,
                             .stock = (int64_t)ev->stock,
                             .claim_from_ms = (int64_t)ev->claim_from_ms,
                             .claim_until_ms = (int64_t)ev->claim_until_ms,
                             .valid_from_ms = (int64_t)ev->valid_from_ms,
                             .valid_until_ms = (int64_t)ev->valid_until_ms,
                             .wait_days = (uint32_t)ev->wait_days,
                             .flags = (uint32_t)ev->flags,
                             .claim_code = claim_code,
                             .anonymous_max = (int64_t)ev->anonymous_max,
                             .rest_max = (int64_t)ev->rest_max,
                             .top_up_min = (int64_t)ev->top_up_min,
                             .top_up_max = (int64_t)ev->top_up_max,
                             .bonus_unit = (uint32_t)ev->bonus_unit,
                             .item = (uint32_t)ev->item,
                             .spend_order = (uint32_t)ev->spend_order,
                             .bonus_back = (uint32_t)ev->bonus_back,
                             .pay_min = (int64_t)ev->pay_min,
                             .pay_step = (int64_t)ev->pay_step,
                             .pay_share_ppm = (int64_t)ev->pay_share_ppm,
                             .by_hand_max = (int64_t)ev->by_hand_max,
                             .by_hand_day_max = (int64_t)ev->by_hand_day_max};
}
