// SPDX-License-Identifier: Apache-2.0
/* Folding the events of orders. */
#include "core/order/order_int.h"

#include <string.h>

struct tb_day_bucket *tb_order_find_bucket(const struct tb_txn *t, struct tb_block *person,
                                           uint32_t profile, int32_t day)
{
    uint32_t n = person->n[TB_PERSON_DAY];
    if (n == 0)
        return NULL;
    struct tb_day_bucket *bucket = tb_section(t, person, TB_PERSON_DAY);
    /* newest days are at the end */
    for (uint32_t i = n; i > 0; i--)
        if (bucket[i - 1].day == day && bucket[i - 1].profile == profile)
            return &bucket[i - 1];
    return NULL;
}

struct tb_day_bucket *tb_order_bucket(struct tb_txn *t, uint64_t person, uint32_t profile,
                                      int32_t day)
{
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_day_bucket *bucket = tb_order_find_bucket(t, b, profile, day);
    if (bucket != NULL)
        return bucket;
    bucket = tb_section(t, b, TB_PERSON_DAY);
    uint32_t n = b->n[TB_PERSON_DAY];
    uint32_t old = 0;
    while (old < n && bucket[old].day < day - TB_BUCKET_DAYS)
        old++;
    if (old > 0) {
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_DAY, 0, old);
        b = tb_write(t, TB_KIND_PERSON, person);
        bucket = tb_section(t, b, TB_PERSON_DAY);
        n = b->n[TB_PERSON_DAY];
    }
    uint32_t at = n;
    while (at > 0 && bucket[at - 1].day > day)
        at--;
    struct tb_day_bucket fresh = {.profile = profile, .day = day};
    return tb_push_at(t, TB_KIND_PERSON, person, TB_PERSON_DAY, at, &fresh);
}

static struct tb_life *find_life(const struct tb_txn *t, struct tb_block *person, uint32_t profile)
{
    uint32_t n = person->n[TB_PERSON_LIFE];
    struct tb_life *life = n ? tb_section(t, person, TB_PERSON_LIFE) : NULL;
    for (uint32_t i = 0; i < n; i++)
        if (life[i].profile == profile)
            return &life[i];
    return NULL;
}

static struct tb_life *life_of(struct tb_txn *t, uint64_t person, uint32_t profile)
{
    struct tb_life *life = find_life(t, tb_write(t, TB_KIND_PERSON, person), profile);
    if (life != NULL)
        return life;
    struct tb_life fresh = {.profile = profile, .first_order_ms = INT64_MAX};
    return tb_push(t, TB_KIND_PERSON, person, TB_PERSON_LIFE, &fresh);
}

/* True when one order more may change what the tenant counts her as. */
static bool turns(const struct tb_txn *t, const struct tb_block *person, const struct tb_life *life)
{
    uint64_t orders = 0;
    for (uint32_t i = 0; i < person->n[TB_PERSON_LIFE]; i++)
        orders += life[i].orders;
    const struct tb_tenant *tenant = tb_tenant_of(t);
    return orders == 0 || (tenant != NULL && orders + 1 == tenant->regular_orders);
}

static void count_order(struct tb_txn *t, const struct tb_ev_order_placed *ev)
{
    _Static_assert(TB_PERSON_LIFE == TB_PERSON_DAY + 1, "one look finds both");
    uint32_t profile = (uint32_t)ev->profile;
    uint64_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_day_bucket *day = tb_section(t, b, TB_PERSON_DAY);
    struct tb_life *life = tb_block_behind(day, b->n[TB_PERSON_DAY], sizeof *day);
    bool recount = turns(t, b, life);
    uint32_t before = recount ? tb_person_classes(t, b) : 0;
    uint32_t at = b->n[TB_PERSON_DAY];
    if (at > 0 && b->n[TB_PERSON_LIFE] == 1 && life->profile == profile &&
        day[at - 1].profile == profile && day[at - 1].day == ev->day) {
        day += at - 1; /* the usual case needs no search */
    } else {
        (void)tb_order_bucket(t, person, profile, (int32_t)ev->day);
        life = life_of(t, person, profile);
        day = tb_order_find_bucket(t, tb_read(t, TB_KIND_PERSON, person), profile, (int32_t)ev->day);
    }
    bool first_today = day->orders == 0;
    day->visits += first_today;
    day->orders++;
    day->spend += ev->net;
    life->visits += first_today;
    life->orders++;
    life->spend += ev->net;
    if (ev->occurred_ms < life->first_order_ms)
        life->first_order_ms = ev->occurred_ms;
    if (ev->occurred_ms > life->last_order_ms)
        life->last_order_ms = ev->occurred_ms;
    if (recount)
        tb_person_recount(t, before, tb_person_classes(t, tb_read(t, TB_KIND_PERSON, person)));
    tb_person_touch(t, profile);
}

/* One layout for all of the order. */
static struct tb_block *order_block(struct tb_txn *t, const struct tb_ev_order_placed *ev)
{
    uint32_t bytes = ev->key.n;
    for (uint32_t i = 0; i < ev->line_n; i++)
        bytes += ev->line[i].product ? 0 : ev->line[i].sku.n;
    uint16_t n[TB_SECTIONS_MAX] = {[TB_ORDER_BYTES] = (uint16_t)bytes,
                                   [TB_ORDER_LINE] = (uint16_t)ev->line_n,
                                   [TB_ORDER_TENDER] = (uint16_t)ev->tender_n,
                                   [TB_ORDER_EARN] = (uint16_t)ev->earn_n};
    tb_assert(ev->earn_n <= TB_ORDER_EARNS_MAX);
    tb_assert(bytes <= TB_SECTION_ELEMENTS_MAX); /* 1,000 lines of 64 bytes and a key */
    return tb_create_sized(t, TB_KIND_ORDER, ev->order, n);
}

static void keep_lines(struct tb_txn *t, struct tb_block *b, const struct tb_ev_order_placed *ev)
{
    _Static_assert(TB_ORDER_LINE == 1 && TB_ORDER_TENDER == 2 && TB_ORDER_EARN == 3, "one behind the other");
    char *bytes = tb_section(t, b, TB_ORDER_BYTES);
    struct tb_order_line *line = tb_block_behind(bytes, b->n[TB_ORDER_BYTES], 1);
    struct tb_order_tender *tender = tb_block_behind(line, ev->line_n, sizeof *line);
    struct tb_order_earn *earn = tb_block_behind(tender, ev->tender_n, sizeof *tender);
    uint32_t at = ev->key.n;
    memcpy(bytes, ev->key.p, ev->key.n);
    for (uint32_t i = 0; i < ev->line_n; i++) {
        const struct tb_ev_order_line *in = &ev->line[i];
        line[i] = (struct tb_order_line){
            .product = (uint32_t)in->product, .quantity = in->quantity, .net = in->net};
        if (in->product)
            continue;
        memcpy(bytes + at, in->sku.p, in->sku.n);
        line[i].sku_at = at;
        line[i].sku_n = in->sku.n;
        at += in->sku.n;
    }
    for (uint32_t i = 0; i < ev->tender_n; i++)
        tender[i] = (struct tb_order_tender){.kind = (uint32_t)ev->tender[i].kind,
                                             .amount = ev->tender[i].amount};
    for (uint32_t i = 0; i < ev->earn_n; i++)
        earn[i] = (struct tb_order_earn){.lot = ev->earn[i].lot,
                                         .amount = ev->earn[i].amount,
                                         .unit = (uint32_t)ev->earn[i].unit,
                                         .rule = (uint32_t)ev->earn[i].rule,
                                         .rule_version = (uint32_t)ev->earn[i].rule_version};
}

void tb_order_apply_order_placed(struct tb_txn *t, const struct tb_ev_order_placed *ev)
{
    tb_counter_used(t, TB_COUNTER_ORDER, ev->order);
    struct tb_block *b = order_block(t, ev);
    *(struct tb_order *)tb_block_head(b) = (struct tb_order){.tenant = t->tenant,
                                                             .profile = (uint32_t)ev->profile,
                                                             .store = (uint32_t)ev->store,
                                                             .associate = (uint32_t)ev->associate,
                                                             .touchpoint = (uint32_t)ev->touchpoint,
                                                             .channel = (uint32_t)ev->channel,
                                                             .day = (int32_t)ev->day,
                                                             .occurred_ms = ev->occurred_ms,
                                                             .received_ms = t->now_ms,
                                                             .net = ev->net,
                                                             .input_hash = ev->input_hash,
                                                             .key_n = ev->key.n,
                                                             .seq = t->seq};
    keep_lines(t, b, ev);
    tb_map_set(t, TB_MAP_ORDER, tb_key_text(t, t->tenant, TB_MAP_ORDER, ev->key), ev->order);
    if (ev->receipt.n)
        tb_map_set(t, TB_MAP_RECEIPT, tb_key_text(t, t->tenant, TB_MAP_RECEIPT, ev->receipt),
                   ev->order);
    if (ev->profile)
        count_order(t, ev);
}

/* Of journals in which OrderPlaced did not say it yet. */
void tb_order_apply_order_earned(struct tb_txn *t, const struct tb_ev_order_earned *ev)
{
    struct tb_order_earn earn = {.lot = ev->lot,
                                 .amount = ev->amount,
                                 .unit = (uint32_t)ev->unit,
                                 .rule = (uint32_t)ev->rule,
                                 .rule_version = (uint32_t)ev->rule_version};
    (void)tb_push(t, TB_KIND_ORDER, ev->order, TB_ORDER_EARN, &earn);
}

/* Where a returned order leaves its marks on the person. */
static void uncount(struct tb_txn *t, const struct tb_order *order, int64_t net, bool all)
{
    uint64_t person = tb_person_by_profile(t, order->profile);
    uint32_t before = tb_person_classes(t, tb_read(t, TB_KIND_PERSON, person));
    struct tb_day_bucket *bucket = tb_order_bucket(t, person, order->profile, order->day);
    bucket->spend -= net;
    bool last_that_day = all && bucket->orders == 1;
    if (all && bucket->orders > 0)
        bucket->orders--;
    if (last_that_day && bucket->visits > 0)
        bucket->visits--;
    struct tb_life *life = life_of(t, person, order->profile);
    life->spend -= net;
    if (all && life->orders > 0)
        life->orders--;
    if (last_that_day && life->visits > 0)
        life->visits--;
    tb_person_recount(t, before, tb_person_classes(t, tb_read(t, TB_KIND_PERSON, person)));
    tb_person_touch(t, order->profile);
}

void tb_order_apply_order_returned(struct tb_txn *t, const struct tb_ev_order_returned *ev)
{
    tb_counter_used(t, TB_COUNTER_RETURN, ev->return_no);
    struct tb_block *b = tb_write(t, TB_KIND_ORDER, ev->order);
    struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    for (uint32_t i = 0; i < ev->line_n; i++) {
        struct tb_order_line *l = &line[ev->line[i].line];
        l->returned_quantity += ev->line[i].quantity;
        l->returned_net += ev->line[i].net;
        tb_assert(l->returned_quantity <= l->quantity && l->returned_net <= l->net);
    }
    struct tb_order *order = tb_block_head(b);
    order->returned_net += ev->net;
    bool all = true;
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++)
        all = all && line[i].returned_quantity == line[i].quantity;
    order->state = ev->cancel ? TB_ORDER_CANCELLED : all ? TB_ORDER_RETURNED : TB_ORDER_PART_RETURNED;
    struct tb_order copy = *order;
    struct tb_order_return r = {.no = ev->return_no,
                                .key_hash = ev->key.n ? tb_key_text(t, t->tenant, TB_MAP_RETURN, ev->key) : 0,
                                .input_hash = ev->input_hash,
                                .net = ev->net,
                                .occurred_ms = ev->occurred_ms};
    (void)tb_push(t, TB_KIND_ORDER, ev->order, TB_ORDER_RETURN, &r);
    if (r.key_hash)
        tb_map_set(t, TB_MAP_RETURN, r.key_hash, ev->order);
    if (copy.profile)
        uncount(t, &copy, ev->net, all);
}

void tb_order_apply_order_clawed(struct tb_txn *t, const struct tb_ev_order_clawed *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_ORDER, ev->order);
    tb_assert(ev->earn < b->n[TB_ORDER_EARN]);
    struct tb_order_earn *earn = (struct tb_order_earn *)tb_section(t, b, TB_ORDER_EARN) + ev->earn;
    earn->clawed += ev->amount + ev->shortfall;
    earn->shortfall += ev->shortfall;
    tb_assert(earn->clawed <= earn->amount);
}

struct tb_past tb_order_past(const struct tb_txn *t, struct tb_block *person, int32_t from_day,
                             int32_t to_day)
{
    struct tb_past past = {0};
    const struct tb_day_bucket *bucket = tb_section(t, person, TB_PERSON_DAY);
    /* sorted by day within a profile, not across profiles that were joined */
    for (uint32_t i = person->n[TB_PERSON_DAY]; i > 0; i--) {
        if (bucket[i - 1].day < from_day || bucket[i - 1].day >= to_day)
            continue;
        past.spend += bucket[i - 1].spend;
        past.qualifying += bucket[i - 1].qualifying;
        past.orders += bucket[i - 1].orders;
        past.visits += bucket[i - 1].visits;
    }
    return past;
}
