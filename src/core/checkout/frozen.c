// SPDX-License-Identifier: Apache-2.0
/* The offers of a receipt whose policy is to re-evaluate, as bytes in its block: a return then asks nothing
 * of campaigns or the catalog. One row of zigzag numbers; FORM first, so that it may change.       */
#include "core/checkout/checkout_int.h"

#define FORM 1
#define NUMBERS 24

static void put(struct tb_buf *b, int64_t v)
{
    uint64_t z = tb_zigzag(v);
    for (; z >= 0x80; z >>= 7)
        tb_buf_byte(b, (uint8_t)(z | 0x80));
    tb_buf_byte(b, (uint8_t)z);
}

struct reader {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static int64_t get(struct reader *r)
{
    uint64_t z = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        if (r->p == r->end)
            break;
        uint8_t byte = *r->p++;
        z |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
    }
    r->bad = true;
    return 0;
}

static uint32_t words_of(uint32_t line_n)
{
    return (line_n + 63) / 64;
}

static void put_scope(struct tb_buf *b, const uint64_t *scope, uint32_t line_n)
{
    put(b, scope != NULL);
    for (uint32_t i = 0; scope != NULL && i < words_of(line_n); i++)
        put(b, (int64_t)scope[i]);
}

static const uint64_t *get_scope(struct reader *r, uint32_t line_n, struct tb_arena *arena)
{
    if (get(r) == 0 || r->bad)
        return NULL;
    uint64_t *scope = TB_NEW_ARRAY(arena, uint64_t, words_of(line_n));
    for (uint32_t i = 0; i < words_of(line_n); i++) {
        uint64_t word = (uint64_t)get(r);
        if (scope != NULL)
            scope[i] = word;
    }
    r->bad = r->bad || scope == NULL;
    return scope;
}

static void put_offer(struct tb_buf *b, const struct tb_offer *o, uint32_t line_n)
{
    int64_t flags = o->one_per_product | o->initial << 1 | o->every << 2 | o->by_pieces << 3 | o->overall << 4 |
                    o->same_line << 5;
    const int64_t number[NUMBERS] = {o->mechanic,   o->level,     o->coupon,    o->rounding,  o->sequence,
                                     o->group,      flags,        o->expires_ms, o->amount,   o->ppm,
                                     o->need,       o->get,       o->min_amount, o->min_pieces, o->cap_unit,
                                     o->cap_line,   o->cap_order, o->max_units, o->max_applications, o->worth,
                                     o->step_n,     o->slot_n};
    for (uint32_t i = 0; i < NUMBERS; i++)
        put(b, number[i]);
    for (uint32_t i = 0; i < o->step_n; i++) {
        put(b, o->step[i].at);
        put(b, o->step[i].off);
        put(b, o->step[i].ppm);
    }
    for (uint32_t i = 0; i < o->slot_n; i++) {
        put(b, o->slot[i].count);
        put_scope(b, o->slot[i].scope, line_n);
    }
    put_scope(b, o->scope, line_n);
    put_scope(b, o->scope_y, line_n);
    put(b, o->line_price != NULL);
    for (uint32_t i = 0; o->line_price != NULL && i < line_n; i++)
        put(b, o->line_price[i]);
}

static void get_offer(struct reader *r, uint32_t line_n, struct tb_arena *arena, struct tb_offer *o)
{
    int64_t v[NUMBERS];
    for (uint32_t i = 0; i < NUMBERS; i++)
        v[i] = get(r);
    *o = (struct tb_offer){.mechanic = (enum tb_price_mechanic)v[0], .level = (enum tb_price_level)v[1],
                           .coupon = (enum tb_price_coupon)v[2], .rounding = (enum tb_rounding)v[3],
                           .sequence = (int32_t)v[4], .group = (uint32_t)v[5], .one_per_product = v[6] & 1,
                           .initial = v[6] >> 1 & 1, .every = v[6] >> 2 & 1, .by_pieces = v[6] >> 3 & 1,
                           .overall = v[6] >> 4 & 1, .same_line = v[6] >> 5 & 1, .expires_ms = v[7],
                           .amount = v[8], .ppm = v[9], .need = (uint32_t)v[10], .get = (uint32_t)v[11],
                           .min_amount = v[12], .min_pieces = (uint32_t)v[13], .cap_unit = v[14],
                           .cap_line = v[15], .cap_order = v[16], .max_units = (uint32_t)v[17],
                           .max_applications = (uint32_t)v[18], .worth = v[19]};
    if (v[20] < 0 || v[20] > TB_PRICE_STEPS_MAX || v[21] < 0 || v[21] > TB_PRICE_SLOTS_MAX) {
        r->bad = true;
        return;
    }
    o->step_n = (uint32_t)v[20];
    o->slot_n = (uint32_t)v[21];
    for (uint32_t i = 0; i < o->step_n; i++) {
        o->step[i].at = get(r);
        o->step[i].off = get(r);
        o->step[i].ppm = get(r);
    }
    for (uint32_t i = 0; i < o->slot_n; i++) {
        o->slot[i].count = (uint32_t)get(r);
        o->slot[i].scope = get_scope(r, line_n, arena);
    }
    o->scope = get_scope(r, line_n, arena);
    o->scope_y = get_scope(r, line_n, arena);
    int64_t *price = get(r) != 0 ? TB_NEW_ARRAY(arena, int64_t, line_n) : NULL;
    for (uint32_t i = 0; price != NULL && i < line_n; i++)
        price[i] = get(r);
    o->line_price = price;
}

void tb_frozen_put(struct tb_buf *b, const struct tb_checkout *c)
{
    uint32_t line_n = c->basket.line_n;
    put(b, FORM);
    put(b, c->basket.coupons_max);
    put(b, c->basket.group_n);
    for (uint32_t i = 0; i < c->basket.group_n; i++)
        put(b, c->basket.group[i]);
    put(b, c->price.use_n);
    for (uint32_t i = 0; i < c->price.use_n; i++)
        put_offer(b, &c->set.offer[c->price.use[i].offer], line_n);
}

bool tb_frozen_get(struct tb_str in, uint32_t line_n, struct tb_arena *arena, struct tb_frozen *out)
{
    struct reader r = {(const uint8_t *)in.p, (const uint8_t *)in.p + in.n, false};
    *out = (struct tb_frozen){0};
    if (in.n == 0 || get(&r) != FORM)
        return false;
    out->basket.coupons_max = (uint32_t)get(&r);
    int64_t groups = get(&r);
    if (r.bad || groups < 0 || groups > TB_PRICE_GROUPS_MAX)
        return false;
    enum tb_price_rule *group = TB_NEW_ARRAY(arena, enum tb_price_rule, TB_PRICE_GROUPS_MAX);
    tb_assert(group != NULL);
    for (int64_t i = 0; i < groups; i++)
        group[i] = (enum tb_price_rule)get(&r);
    out->basket.group = group;
    out->basket.group_n = (uint32_t)groups;
    int64_t n = get(&r);
    if (r.bad || n < 0 || n > TB_PRICE_OFFERS_MAX)
        return false;
    out->n = (uint32_t)n;
    out->offer = TB_NEW_ARRAY(arena, struct tb_offer, (uint32_t)n + 1);
    tb_assert(out->offer != NULL);
    for (uint32_t i = 0; i < out->n && !r.bad; i++)
        get_offer(&r, line_n, arena, &out->offer[i]);
    return !r.bad;
}
