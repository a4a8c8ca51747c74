// SPDX-License-Identifier: Apache-2.0
/* core/promotion/book.c - see book.h. */
#include "core/promotion/book.h"

#include "core/ledger/ledger_int.h"

/* tb_cap_use.kind of a campaign's rows, beyond the counters of limit.c: her arm (amount 1, start_day = first
 * day), and the orders she kept since. */
enum { ROW_ARM = 48, ROW_ORDERS = 52 };
#define ARMS_OF_ORDER_MAX 64u
#define PERSON_ROWS_MAX 50000u

static bool is_arm(const struct tb_cap_use *row)
{
    return row->kind == ROW_ARM + TB_ARM_SHOWN || row->kind == ROW_ARM + TB_ARM_HELD_OUT;
}

/* ---- exposures ------------------------------------------------------------------------------- */

static bool on_record(const struct tb_txn *t, struct tb_block *person, uint32_t campaign)
{
    const struct tb_cap_use *row = tb_section(t, person, TB_PERSON_CAP);
    for (uint32_t i = 0; i < person->n[TB_PERSON_CAP]; i++)
        if (row[i].unit == campaign && is_arm(&row[i]))
            return true;
    return false;
}

static bool some_holdout(const struct tb_txn *t, const struct tb_listed *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_block *b = list[i].tag ? tb_read(t, TB_KIND_OFFER, list[i].tag) : NULL;
        if (b != NULL && ((const struct tb_offer_version *)tb_block_head_const(b))->holdout_ppm)
            return true;
    }
    return false;
}

bool tb_promotion_any_holdout(struct tb_txn *t)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_CAMPAIGN, &n);
    struct tb_core *core = t->core;
    if (core == NULL)
        return some_holdout(t, list, n);
    uint64_t offers = UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < n; i++)
        offers = (offers ^ list[i].tag) * UINT64_C(0xff51afd7ed558ccd);
    struct tb_cached_holdout *c = &core->cache.holdout[t->tenant % TB_CACHE_TENANTS];
    if (c->offers != offers || c->tenant != t->tenant)
        *c = (struct tb_cached_holdout){.offers = offers, .tenant = t->tenant, .any = some_holdout(t, list, n)};
    return c->any;
}

struct showing {
    struct tb_txn *t;
    uint32_t profile;
    uint32_t person;
    uint32_t store;
    uint32_t touchpoint;
};

static void show(const struct showing *s, uint32_t offer, uint32_t campaign, bool held_out)
{
    struct tb_txn *t = s->t;
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, offer));
    bool experiment = v->holdout_ppm != 0 && s->person != 0;
    tb_promotion_expose(t, campaign, held_out);
    struct tb_block *b = experiment ? tb_read(t, TB_KIND_PERSON, s->person) : NULL;
    if (b == NULL || b->n[TB_PERSON_CAP] >= PERSON_ROWS_MAX || on_record(t, b, campaign))
        return;
    struct tb_ev_exposed ev = {.campaign = campaign,
                               .offer = offer,
                               .profile = s->profile,
                               .held_out = held_out,
                               .day = tb_today(t),
                               .store = s->store,
                               .touchpoint = s->touchpoint};
    tb_emit_exposed(t, &ev);
}

void tb_promotion_show(struct tb_txn *t, const struct tb_promotion_set *set, uint32_t profile, uint32_t store,
                       uint32_t touchpoint)
{
    struct showing s = {.t = t,
                        .profile = profile,
                        .person = profile ? tb_person_by_profile(t, profile) : 0,
                        .store = store,
                        .touchpoint = touchpoint};
    for (uint32_t i = 0; i < set->n; i++) {
        bool before = false;
        for (uint32_t k = 0; k < i; k++)
            before = before || set->found[k].campaign == set->found[i].campaign;
        if (!before)
            show(&s, set->found[i].offer, set->found[i].campaign, false);
    }
    for (uint32_t i = 0; i < set->refused_n; i++)
        if (set->refused[i].why == TB_PROMOTION_HELD_OUT)
            show(&s, set->refused[i].offer, set->refused[i].campaign, true);
}

/* ---- the arms of an order ---------------------------------------------------------------------- */

static int64_t saved_by(const struct tb_txn *t, struct tb_block *order, uint32_t campaign)
{
    const struct tb_order_effect *e = tb_section(t, order, TB_ORDER_EFFECT);
    int64_t sum = 0;
    for (uint32_t i = 0; i < order->n[TB_ORDER_EFFECT]; i++)
        if (e[i].campaign == campaign)
            sum += e[i].saving;
    return sum;
}

/* One event for each campaign in force that has her on record. */
static uint32_t arms_of(struct tb_txn *t, struct tb_block *order, struct tb_ev_campaign_booked *ev)
{
    const struct tb_order *o = tb_block_head_const(order);
    uint32_t person = o->profile ? tb_person_by_profile(t, o->profile) : 0;
    struct tb_block *b = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    const struct tb_cap_use *row = b && b->n[TB_PERSON_CAP] ? tb_section(t, b, TB_PERSON_CAP) : NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; row != NULL && i < b->n[TB_PERSON_CAP] && n < ARMS_OF_ORDER_MAX; i++) {
        if (!is_arm(&row[i]))
            continue;
        const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, row[i].unit));
        bool again = false;
        for (uint32_t k = 0; k < n; k++)
            again = again || ev[k].campaign == row[i].unit;
        if (again || c->live == 0)
            continue;
        ev[n++] = (struct tb_ev_campaign_booked){.campaign = row[i].unit,
                                                 .order = order->id,
                                                 .profile = row[i].profile,
                                                 .arm = row[i].kind - ROW_ARM,
                                                 .net = o->net,
                                                 .orders = 1,
                                                 .cost = saved_by(t, order, row[i].unit)};
    }
    return n;
}

/* ---- funders ------------------------------------------------------------------------------------- */

/* Shares of what is kept of a saving. */
static void split(struct tb_txn *t, struct tb_block *offer, int64_t kept, int64_t *part)
{
    uint32_t n = offer->n[TB_OFFER_FUNDER];
    const struct tb_offer_funder *f = tb_section(t, offer, TB_OFFER_FUNDER);
    int64_t *weight = TB_NEW_ARRAY(t->scratch, int64_t, n);
    tb_assert(weight != NULL);
    for (uint32_t i = 0; i < n; i++)
        weight[i] = f[i].ppm;
    bool ok = tb_split(kept, weight, n, part);
    tb_assert(ok);
}

/* What funders owe for an effect goes from `before` kept to `after` kept. */
static void settle(struct tb_txn *t, uint64_t order, const struct tb_order_effect *effect, int32_t sale_day,
                   int64_t before, int64_t after)
{
    struct tb_block *offer = tb_read(t, TB_KIND_OFFER, effect->offer);
    uint32_t n = offer->n[TB_OFFER_FUNDER];
    if (n == 0 || before == after)
        return;
    const struct tb_offer_funder *f = tb_section(t, offer, TB_OFFER_FUNDER);
    int64_t *was = TB_NEW_ARRAY(t->scratch, int64_t, n);
    int64_t *is = TB_NEW_ARRAY(t->scratch, int64_t, n);
    struct tb_ev_booked_share *share = TB_NEW_ARRAY(t->scratch, struct tb_ev_booked_share, n);
    tb_assert(was != NULL && is != NULL && share != NULL);
    split(t, offer, before, was);
    split(t, offer, after, is);
    for (uint32_t i = 0; i < n; i++)
        share[i] = (struct tb_ev_booked_share){.payer = tb_config_text(t, offer, f[i].payer), .amount = is[i] - was[i]};
    struct tb_ev_campaign_booked ev = {.campaign = effect->campaign,
                                       .order = order,
                                       .month = tb_period_start(TB_PERIOD_MONTH, sale_day),
                                       .settled = (before == 0) - (after == 0),
                                       .share = share,
                                       .share_n = n};
    tb_emit_campaign_booked(t, &ev);
}

/* ---- sales and returns ---------------------------------------------------------------------------- */

void tb_promotion_book_sale(struct tb_txn *t, uint64_t order)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    uint32_t effects = b->n[TB_ORDER_EFFECT];
    const struct tb_order *o = tb_block_head_const(b);
    uint32_t person = o->profile ? tb_person_by_profile(t, o->profile) : 0;
    bool recorded = person && tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_CAP] > 0;
    if (recorded) {
        struct tb_ev_campaign_booked *ev = TB_NEW_ARRAY(t->scratch, struct tb_ev_campaign_booked, ARMS_OF_ORDER_MAX);
        tb_assert(ev != NULL);
        uint32_t n = arms_of(t, b, ev);
        for (uint32_t i = 0; i < n; i++)
            tb_emit_campaign_booked(t, &ev[i]);
        b = tb_read(t, TB_KIND_ORDER, order);
    }
    if (effects == 0)
        return;
    const struct tb_order_price *price = tb_section(t, b, TB_ORDER_PRICE);
    const struct tb_order_effect *effect = tb_block_behind(price, 1, sizeof *price);
    int32_t day = price->day;
    for (uint32_t i = 0; i < effects; i++)
        settle(t, order, &effect[i], day, 0, effect[i].saving);
}

void tb_promotion_book_return(struct tb_txn *t, uint64_t order, int64_t net)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    const struct tb_order *o = tb_block_head_const(b);
    bool all = o->state == TB_ORDER_CANCELLED || o->state == TB_ORDER_RETURNED;
    uint32_t n = b->n[TB_ORDER_ARM];
    struct tb_order_arm arm[ARMS_OF_ORDER_MAX];
    tb_assert(n <= ARMS_OF_ORDER_MAX);
    for (uint32_t i = 0; i < n; i++)
        arm[i] = ((const struct tb_order_arm *)tb_section(t, b, TB_ORDER_ARM))[i];
    for (uint32_t i = 0; i < n; i++) {
        struct tb_ev_campaign_booked ev = {.campaign = arm[i].campaign,
                                           .order = order,
                                           .profile = arm[i].profile,
                                           .arm = arm[i].arm,
                                           .net = -net,
                                           .orders = all ? -1 : 0};
        if (ev.net != 0 || ev.orders != 0)
            tb_emit_campaign_booked(t, &ev);
    }
}

void tb_promotion_book_back(struct tb_txn *t, uint64_t order, const struct tb_order_effect *effect, int32_t sale_day,
                            int64_t before, int64_t after)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    const struct tb_order_arm *arm = tb_section(t, b, TB_ORDER_ARM);
    for (uint32_t i = 0; i < b->n[TB_ORDER_ARM]; i++) {
        if (arm[i].campaign != effect->campaign)
            continue;
        struct tb_ev_campaign_booked ev = {.campaign = effect->campaign,
                                           .order = order,
                                           .profile = arm[i].profile,
                                           .arm = arm[i].arm,
                                           .cost = before - after};
        tb_emit_campaign_booked(t, &ev);
        break;
    }
    settle(t, order, effect, sale_day, effect->saving - before, effect->saving - after);
}

/* ---- applying ---------------------------------------------------------------------------------------- */

static struct tb_campaign_book *book_for_writing(struct tb_txn *t, uint64_t campaign)
{
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN_BOOK, campaign);
    b = b ? tb_write(t, TB_KIND_CAMPAIGN_BOOK, campaign) : tb_create(t, TB_KIND_CAMPAIGN_BOOK, campaign);
    struct tb_campaign_book *head = tb_block_head(b);
    head->tenant = t->tenant;
    return head;
}

void tb_promotion_apply_exposed(struct tb_txn *t, const struct tb_ev_exposed *ev)
{
    enum tb_arm arm = ev->held_out ? TB_ARM_HELD_OUT : TB_ARM_SHOWN;
    struct tb_cap_use row = {.profile = (uint32_t)ev->profile,
                             .unit = (uint32_t)ev->campaign,
                             .start_day = (int32_t)ev->day,
                             .kind = ROW_ARM + arm,
                             .amount = 1};
    book_for_writing(t, ev->campaign)->arm[arm - 1].persons++;
    (void)tb_push(t, TB_KIND_PERSON, tb_person_by_profile(t, row.profile), TB_PERSON_CAP, &row);
    tb_person_touch(t, row.profile);
}

/* Adds to the orders of the record; -1, 0 or 1: how the number of buyers changes. */
static int64_t count_orders(struct tb_txn *t, const struct tb_ev_campaign_booked *ev)
{
    uint32_t profile = (uint32_t)ev->profile;
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_cap_use *row = tb_section(t, b, TB_PERSON_CAP);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++) {
        if (row[i].profile != profile || row[i].unit != ev->campaign || row[i].kind != ROW_ORDERS)
            continue;
        int64_t before = row[i].amount;
        row[i].amount += ev->orders;
        tb_assert(row[i].amount >= 0);
        return (row[i].amount > 0) - (before > 0);
    }
    tb_assert(ev->orders > 0);
    struct tb_cap_use fresh = {
        .profile = profile, .unit = (uint32_t)ev->campaign, .kind = ROW_ORDERS, .amount = ev->orders};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_CAP, &fresh);
    return 1;
}

static void drop_oldest(struct tb_txn *t, uint64_t campaign)
{
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN_BOOK, campaign);
    const struct tb_book_share *s = tb_section(t, b, TB_BOOK_SHARE);
    uint32_t n = 1;
    while (n < b->n[TB_BOOK_SHARE] && s[n].month == s[0].month)
        n++;
    tb_cut(t, TB_KIND_CAMPAIGN_BOOK, campaign, TB_BOOK_SHARE, 0, n);
}

/* The payer's name as the book has it, or added to it. */
static struct tb_text payer_text(struct tb_txn *t, uint64_t campaign, struct tb_str payer)
{
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN_BOOK, campaign);
    const struct tb_book_share *s = tb_section(t, b, TB_BOOK_SHARE);
    for (uint32_t i = b->n[TB_BOOK_SHARE]; i-- > 0;)
        if (tb_str_eq(tb_config_text(t, b, s[i].payer), payer))
            return s[i].payer;
    return (struct tb_text){tb_push_bytes(t, TB_KIND_CAMPAIGN_BOOK, campaign, TB_BOOK_BYTES, payer), payer.n};
}

static void add_share(struct tb_txn *t, const struct tb_ev_campaign_booked *ev, const struct tb_ev_booked_share *in)
{
    int32_t month = (int32_t)ev->month;
    struct tb_block *b = tb_write(t, TB_KIND_CAMPAIGN_BOOK, ev->campaign);
    struct tb_book_share *s = tb_section(t, b, TB_BOOK_SHARE);
    uint32_t at = b->n[TB_BOOK_SHARE];
    for (; at > 0 && s[at - 1].month >= month; at--) {
        if (s[at - 1].month > month || !tb_str_eq(tb_config_text(t, b, s[at - 1].payer), in->payer))
            continue;
        s[at - 1].amount += in->amount;
        s[at - 1].orders += ev->settled;
        return;
    }
    if (ev->settled <= 0)
        return; /* its month is forgotten */
    if (b->n[TB_BOOK_SHARE] >= TB_BOOK_SHARES_MAX)
        drop_oldest(t, ev->campaign);
    struct tb_book_share fresh = {.payer = payer_text(t, ev->campaign, in->payer),
                                  .month = month,
                                  .amount = in->amount,
                                  .orders = ev->settled};
    b = tb_read(t, TB_KIND_CAMPAIGN_BOOK, ev->campaign);
    s = tb_section(t, b, TB_BOOK_SHARE);
    for (at = b->n[TB_BOOK_SHARE]; at > 0 && s[at - 1].month > month;)
        at--;
    (void)tb_push_at(t, TB_KIND_CAMPAIGN_BOOK, ev->campaign, TB_BOOK_SHARE, at, &fresh);
}

void tb_promotion_apply_campaign_booked(struct tb_txn *t, const struct tb_ev_campaign_booked *ev)
{
    struct tb_campaign_book *book = book_for_writing(t, ev->campaign);
    if (ev->arm) {
        struct tb_book_arm *arm = &book->arm[ev->arm - 1];
        arm->net += ev->net;
        arm->orders += ev->orders;
        arm->cost += ev->cost;
        arm->buyers += ev->orders ? count_orders(t, ev) : 0;
    }
    if (ev->arm && ev->orders > 0) {
        struct tb_order_arm row = {
            .campaign = (uint32_t)ev->campaign, .profile = (uint32_t)ev->profile, .arm = (uint32_t)ev->arm};
        (void)tb_push(t, TB_KIND_ORDER, ev->order, TB_ORDER_ARM, &row);
    }
    for (uint32_t i = 0; i < ev->share_n; i++)
        add_share(t, ev, &ev->share[i]);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

enum tb_outcome tb_campaign_figures(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_figures *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, id));
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, c->newest));
    struct tb_block *book = tb_read(t, TB_KIND_CAMPAIGN_BOOK, id);
    if (book != NULL) {
        const struct tb_shape *shape = &t->store->shape[TB_KIND_CAMPAIGN_BOOK];
        size_t size = tb_block_packed_size(shape, book);
        void *region = tb_arena_alloc(t->scratch, size);
        struct tb_buf out;
        if (region == NULL)
            return tb_refuse(a, TB_CODE_TOO_LARGE, "");
        tb_buf_init(&out, region, size);
        tb_block_pack(shape, book, &out);
        tb_wire_put_bytes(&a->body, 1, tb_buf_as_str(&out));
    }
    tb_wire_put_uint(&a->body, 2, v->holdout_ppm);
    tb_wire_put_uint(&a->body, 3, (uint64_t)c->shown);
    tb_wire_put_uint(&a->body, 4, (uint64_t)c->held_out);
    tb_wire_put_uint(&a->body, 5, id);
    return TB_DONE;
}

/* ---- the audit --------------------------------------------------------------------------------------- */

/* sums: campaign and what -> how many: persons of the arms 1 and 2, buyers 3. */
static void sum_person(struct tb_block *b, struct tb_map *sums)
{
    const struct tb_cap_use *row = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_CAP);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++) {
        bool buyer = row[i].kind == ROW_ORDERS && row[i].amount > 0;
        if (!buyer && !is_arm(&row[i]))
            continue;
        uint64_t key = tb_mix((uint64_t)row[i].unit * 4 + (buyer ? 3 : row[i].kind - ROW_ARM));
        uint64_t n = 0;
        (void)tb_map_get(sums, key, &n);
        tb_map_put(sums, key, n + 1);
    }
}

static int64_t summed(const struct tb_map *sums, uint64_t campaign, uint32_t what)
{
    uint64_t n = 0;
    (void)tb_map_get(sums, tb_mix(campaign * 4 + what), &n);
    return (int64_t)n;
}

static bool book_sound(const struct tb_map *sums, const struct tb_block *b)
{
    const struct tb_campaign_book *book = tb_block_head_const(b);
    const struct tb_book_arm *shown = &book->arm[TB_ARM_SHOWN - 1];
    const struct tb_book_arm *held = &book->arm[TB_ARM_HELD_OUT - 1];
    return shown->persons == summed(sums, b->id, TB_ARM_SHOWN) &&
           held->persons == summed(sums, b->id, TB_ARM_HELD_OUT) &&
           shown->buyers + held->buyers == summed(sums, b->id, 3) && shown->orders >= shown->buyers &&
           held->orders >= held->buyers && shown->net >= 0 && held->net >= 0 && held->cost >= 0;
}

void tb_promotion_book_check(struct tb_audit *a)
{
    struct tb_core *c = a->core;
    if (c->store.blocks[TB_KIND_CAMPAIGN_BOOK] == 0)
        return;
    struct tb_map *sums = tb_pool_alloc(&c->store.pool, sizeof *sums);
    tb_map_init(sums, &c->store.pool);
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_PERSON, id);
        if (b != NULL && b->n[TB_PERSON_CAP] > 0)
            sum_person(b, sums);
    }
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++) {
        const struct tb_block *b = tb_store_get(&c->store, TB_KIND_CAMPAIGN_BOOK, id);
        if (b != NULL && !book_sound(sums, b))
            tb_audit_broken(a, "campaign", id, "the book of its arms does not agree with the members'");
    }
    tb_map_deinit(sums);
    tb_pool_free(&c->store.pool, sums, sizeof *sums);
}
