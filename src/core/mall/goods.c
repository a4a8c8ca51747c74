// SPDX-License-Identifier: Apache-2.0
/* core/mall/goods.c - declaring goods, and who may have them. Invariant: what was granted to the stock's unit is
 * what is left, ordered and gone; a put only moves between ISSUER and FUND. */
#include "core/catalog/put.h"
#include "core/mall/mall_int.h"
#include "core/membership/membership.h"

#include <string.h>

#define STOCK_PREFIX "mall:"
#define STOCK_PREFIX_N 5u

/* ---- fields ---------------------------------------------------------------------------------- */

static void check_fields(struct tb_put_run *p, const struct tb_cmd_mall_put *in)
{
    tb_check(p, in->put.code.n + STOCK_PREFIX_N <= TB_CODE_MAX, "code");
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "points", in->points, in->unit.n ? 1 : 0, in->unit.n ? TB_AMOUNT_MAX : 0);
    tb_check_range(p, "cash", in->cash, in->unit.n ? 0 : 1, TB_AMOUNT_MAX);
    tb_check_range(p, "stock", in->stock, 0, TB_AMOUNT_MAX);
    tb_check(p, (in->scheme.n > 0) == (in->tier_n > 0), "tiers");
    tb_check(p, in->tier_n <= TB_TIERS_MAX, "tiers");
    tb_check_range(p, "from", in->from_ms, 0, TB_MS_MAX);
    tb_check(p, in->until_ms == 0 || (in->until_ms > in->from_ms && in->until_ms <= TB_MS_MAX), "until");
    tb_check_range(p, "per_member", in->per_member, 0, UINT32_MAX);
    tb_check_range(p, "period", in->period, 0, TB_CAP_PERIODS - 1);
    tb_check(p, (in->per_member == 0) == (in->period == TB_PERIOD_NONE), "period");
    tb_check(p, (in->flags & ~(uint64_t)TB_GOODS_FLAGS_ALL) == 0, "flags");
    tb_check(p, in->gives.n == 0 || in->product.n == 0, "gives");
}

/* Numbers of the tiers that the codes name, rising. */
static uint64_t *tiers_of(struct tb_put_run *p, const struct tb_cmd_mall_put *in, uint64_t scheme)
{
    uint64_t *list = TB_NEW_ARRAY(p->t->scratch, uint64_t, in->tier_n + 1);
    tb_assert(list != NULL);
    if (p->refused || scheme == 0)
        return list;
    struct tb_block *b = tb_read(p->t, TB_KIND_TIER_SCHEME, scheme);
    const struct tb_tier *tier = tb_section(p->t, b, TB_SCHEME_TIER);
    for (uint32_t i = 0; i < in->tier_n; i++) {
        uint32_t at = 0;
        while (at < b->n[TB_SCHEME_TIER] && !tb_str_eq(tb_config_text(p->t, b, tier[at].code), in->tier[i]))
            at++;
        bool again = at == b->n[TB_SCHEME_TIER];
        uint32_t place = i;
        for (; place > 0 && list[place - 1] >= at; place--) {
            again = again || list[place - 1] == at;
            list[place] = list[place - 1];
        }
        list[place] = at;
        if (again)
            tb_put_refuse_at(p, TB_CODE_INVALID, "tiers", i, NULL);
    }
    return list;
}

static void check_units(struct tb_put_run *p, const struct tb_ev_mall_put *ev)
{
    const struct tb_unit *u = ev->unit ? tb_catalog_find(p->t, TB_KIND_UNIT, ev->unit) : NULL;
    tb_check(p, u == NULL || u->kind == TB_UNIT_POINTS, "unit");
    u = ev->gives ? tb_catalog_find(p->t, TB_KIND_UNIT, ev->gives) : NULL;
    tb_check(p, u == NULL || u->kind == TB_UNIT_COUPON, "gives");
}

/* ---- stock ----------------------------------------------------------------------------------- */

/* Moves what FUND lacks or has too much. */
static enum tb_code set_stock(struct tb_txn *t, uint32_t unit, int64_t stock)
{
    int64_t fund = tb_ledger_book(t, unit, TB_ACCOUNT_FUND);
    int64_t gone = -tb_ledger_book(t, unit, TB_ACCOUNT_ISSUER) - fund;
    int64_t wanted = stock ? stock - gone : 0;
    if (wanted < 0)
        return TB_CODE_INSUFFICIENT;
    if (wanted > fund)
        return tb_ledger_move(t, unit, TB_ACCOUNT_ISSUER, TB_ACCOUNT_FUND, wanted - fund, 0);
    return wanted < fund ? tb_ledger_move(t, unit, TB_ACCOUNT_FUND, TB_ACCOUNT_ISSUER, fund - wanted, 0) : TB_CODE_OK;
}

static void make_stock_unit(struct tb_put_run *p, uint64_t id, struct tb_str code, struct tb_str name)
{
    struct tb_ev_unit_put ev = {
        .id = id, .code = code, .name = name, .kind = TB_UNIT_BUDGET, .version = 1, .content = p->content};
    tb_emit_unit_put(p->t, &ev);
}

static struct tb_str stock_code(struct tb_put_run *p)
{
    struct tb_buf b;
    char *at = tb_arena_alloc(p->t->scratch, TB_CODE_MAX + 1);
    tb_assert(at != NULL);
    tb_buf_init(&b, at, TB_CODE_MAX + 1);
    tb_buf_c(&b, STOCK_PREFIX);
    tb_buf_str(&b, p->code);
    tb_assert(!b.overflowed);
    return tb_buf_as_str(&b);
}

static void emit_put(struct tb_put_run *p, struct tb_ev_mall_put *ev)
{
    struct tb_buf b = tb_put_content_open(p, tb_ev_mall_put_size(ev));
    if (p->refused)
        return;
    tb_ev_mall_put_encode(&b, ev);
    if (!tb_put_content_close(p, &b))
        return;
    const struct tb_goods *old = tb_put_old(p);
    struct tb_str code = stock_code(p);
    if (old == NULL && tb_catalog_code(p->t, p->tenant, TB_KIND_UNIT, code) != 0) {
        tb_put_refuse(p, TB_CODE_CODE_TAKEN, "code");
        return;
    }
    bool fresh = old == NULL;
    ev->id = p->id;
    ev->version = p->version;
    ev->content = p->content;
    ev->stock_unit = fresh ? p->id + 1 : old->stock_unit;
    tb_emit_mall_put(p->t, ev);
    if (fresh)
        make_stock_unit(p, ev->stock_unit, code, ev->name);
    enum tb_code said = set_stock(p->t, (uint32_t)ev->stock_unit, (int64_t)ev->stock);
    if (said != TB_CODE_OK)
        tb_put_refuse(p, said, "stock");
}

enum tb_outcome tb_mall_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_mall_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_GOODS, t->tenant, &in->put);
    check_fields(&p, in);
    struct tb_ev_mall_put ev = {.code = in->put.code,
                                .name = in->name,
                                .points = (uint64_t)in->points,
                                .cash = (uint64_t)in->cash,
                                .stock = (uint64_t)in->stock,
                                .from_ms = (uint64_t)in->from_ms,
                                .until_ms = (uint64_t)in->until_ms,
                                .per_member = (uint64_t)in->per_member,
                                .period = (uint64_t)in->period,
                                .flags = in->flags,
                                .tier_n = in->tier_n};
    ev.unit = tb_check_named(&p, "unit", TB_KIND_UNIT, in->unit, true, TB_CODE_UNKNOWN_UNIT);
    ev.scheme = tb_check_named(&p, "scheme", TB_KIND_TIER_SCHEME, in->scheme, true, TB_CODE_UNKNOWN_SCHEME);
    ev.product = tb_check_named(&p, "product", TB_KIND_PRODUCT, in->product, true, TB_CODE_UNKNOWN_PRODUCT);
    ev.gives = tb_check_named(&p, "gives", TB_KIND_UNIT, in->gives, true, TB_CODE_UNKNOWN_UNIT);
    if (!p.refused)
        check_units(&p, &ev);
    ev.tier = tiers_of(&p, in, ev.scheme);
    if (!p.refused)
        emit_put(&p, &ev);
    return tb_put_end(&p);
}

void tb_mall_apply_mall_put(struct tb_txn *t, const struct tb_ev_mall_put *ev)
{
    const enum tb_kind kind = TB_KIND_GOODS;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_goods *g = tb_block_head(tb_write(t, kind, ev->id));
    *g = (struct tb_goods){.c = c,
                           .points = (int64_t)ev->points,
                           .cash = (int64_t)ev->cash,
                           .stock = (int64_t)ev->stock,
                           .from_ms = (int64_t)ev->from_ms,
                           .until_ms = ev->until_ms ? (int64_t)ev->until_ms : INT64_MAX,
                           .unit = (uint32_t)ev->unit,
                           .scheme = (uint32_t)ev->scheme,
                           .product = (uint32_t)ev->product,
                           .gives = (uint32_t)ev->gives,
                           .stock_unit = (uint32_t)ev->stock_unit,
                           .per_member = (uint32_t)ev->per_member,
                           .period = (uint32_t)ev->period,
                           .flags = (uint32_t)ev->flags};
    for (uint32_t i = 0; i < ev->tier_n; i++) {
        tb_assert(ev->tier[i] < 128);
        g->tiers[ev->tier[i] / 64] |= UINT64_C(1) << ev->tier[i] % 64;
    }
}

/* ---- may she have it? ----------------------------------------------------------------------------- */

int64_t tb_mall_left(const struct tb_txn *t, const struct tb_goods *g)
{
    return g->stock ? tb_ledger_book(t, g->stock_unit, TB_ACCOUNT_FUND) : INT64_MAX;
}

static bool tier_fits(const struct tb_txn *t, const struct tb_goods *g, struct tb_block *person)
{
    if (g->scheme == 0)
        return true;
    const struct tb_tier_state *s = tb_membership_state(t, person, g->scheme);
    uint32_t tier = s ? s->tier : 0;
    return tier < 128 && (g->tiers[tier / 64] >> tier % 64 & 1) != 0;
}

/* What the person had in the period that runs. */
static int64_t taken(const struct tb_txn *t, const struct tb_goods *g, uint64_t goods, struct tb_block *person)
{
    int32_t start = tb_period_start((enum tb_cap_period)g->period, tb_tenant_day(t, t->now_ms, NULL, NULL));
    const struct tb_cap_use *use = tb_section(t, person, TB_PERSON_CAP);
    int64_t sum = 0;
    for (uint32_t i = 0; i < person->n[TB_PERSON_CAP]; i++)
        if (use[i].unit == goods && use[i].kind == TB_MALL_COUNT + g->period && use[i].start_day == start)
            sum += use[i].amount;
    return sum;
}

enum tb_code tb_mall_open(const struct tb_txn *t, const struct tb_goods *g, uint64_t goods, struct tb_block *person,
                          int64_t quantity, int64_t *left)
{
    *left = INT64_MAX;
    if (person != NULL && g->per_member != 0) {
        int64_t had = taken(t, g, goods, person);
        *left = had < (int64_t)g->per_member ? (int64_t)g->per_member - had : 0;
    }
    if ((g->flags & TB_GOODS_CLOSED) != 0 || t->now_ms < g->from_ms || t->now_ms >= g->until_ms)
        return TB_CODE_NOT_OPEN;
    if (person != NULL && (g->flags & TB_GOODS_MEMBERS_ONLY) != 0 && person->n[TB_PERSON_ENROL] == 0)
        return TB_CODE_NOT_ENROLLED;
    if (person != NULL && !tier_fits(t, g, person))
        return TB_CODE_NOT_ELIGIBLE;
    if (quantity > *left)
        return TB_CODE_PLAY_LIMIT;
    return tb_mall_left(t, g) < quantity ? TB_CODE_OUT_OF_STOCK : TB_CODE_OK;
}
