// SPDX-License-Identifier: Apache-2.0
/* Small baskets for the tests of core/price: list amounts in, price and certificate out. */
#ifndef TB_TESTS_UNIT_PRICE_KIT_H
#define TB_TESTS_UNIT_PRICE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/price/proof.h"

#define KIT_LINES 16
#define KIT_PARTS 2000
#define KIT_OFFERS 16

struct price_kit {
    struct tb_basket basket;
    struct tb_basket_line line[KIT_LINES];
    struct tb_offer offer[KIT_OFFERS];
    uint32_t offer_n;
    enum tb_price_rule group[KIT_OFFERS];
    struct tb_price_work work;
    struct tb_price_work proof_work;
    struct tb_price_result r;
    uint8_t proof[4096];
    uint64_t word[KIT_OFFERS * 4];
    uint32_t word_n;
};

static inline struct price_kit *kit_new(void)
{
    struct price_kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->basket.line = k->line;
    k->basket.group = k->group;
    k->basket.group_n = KIT_OFFERS;
    k->work.size = tb_price_work_bytes(KIT_LINES, KIT_PARTS, KIT_OFFERS);
    k->work.region = aligned_alloc(16, k->work.size);
    k->proof_work.size = tb_proof_work_bytes(KIT_LINES, KIT_PARTS, KIT_OFFERS);
    k->proof_work.region = aligned_alloc(16, k->proof_work.size);
    return k;
}

static inline void kit_free(struct price_kit *k)
{
    free(k->work.region);
    free(k->proof_work.region);
    free(k);
}

static inline void kit_line(struct price_kit *k, int64_t pieces, int64_t amount)
{
    k->line[k->basket.line_n++] = (struct tb_basket_line){.quantity = pieces * 1000, .amount = amount, .cost = -1};
}

/* Lines of one piece each, ended by -1. */
static inline struct price_kit *kit_of(int64_t first, ...)
{
    struct price_kit *k = kit_new();
    va_list more;
    va_start(more, first);
    for (int64_t amount = first; amount >= 0; amount = va_arg(more, int))
        kit_line(k, 1, amount);
    va_end(more);
    return k;
}

static inline const uint64_t *kit_scope(struct price_kit *k, uint64_t lines)
{
    k->word[k->word_n] = lines;
    return &k->word[k->word_n++];
}

/* A next offer, stackable, in a group of its own, with the sequence of its index. */
static inline struct tb_offer *kit_offer(struct price_kit *k, enum tb_price_mechanic mechanic)
{
    struct tb_offer *o = &k->offer[k->offer_n];
    o->mechanic = mechanic;
    o->rounding = TB_ROUND_HALF_UP;
    o->level = TB_PRICE_ORDER;
    o->sequence = (int32_t)k->offer_n;
    o->group = k->offer_n;
    k->offer_n++;
    return o;
}

static inline struct tb_offer *kit_percent(struct price_kit *k, int64_t percent)
{
    struct tb_offer *o = kit_offer(k, TB_PRICE_PERCENT);
    o->ppm = percent * 10000;
    return o;
}

static inline struct tb_offer *kit_amount(struct price_kit *k, int64_t amount, int64_t from)
{
    struct tb_offer *o = kit_offer(k, TB_PRICE_AMOUNT);
    o->amount = amount;
    o->min_amount = from;
    return o;
}

static inline enum tb_price_answer kit_answer(struct price_kit *k, uint64_t set)
{
    return tb_price_apply(&k->work, &k->basket, k->offer, k->offer_n, set, &k->r);
}

static inline int64_t kit_apply(struct price_kit *k, uint64_t set)
{
    assert_int_equal(kit_answer(k, set), TB_PRICE_DONE);
    return k->r.payable;
}

/* The best price, proven, and its certificate verified. */
static inline int64_t kit_best(struct price_kit *k)
{
    struct tb_price_search search = {.steps_max = 1000000, .proof = k->proof, .proof_max = sizeof k->proof};
    assert_int_equal(tb_price_best(&k->work, &k->basket, k->offer, k->offer_n, &search, &k->r), TB_PRICE_DONE);
    assert_true(k->r.proven && k->r.proof_n > 0);
    struct tb_proof_claim claim = {k->r.set, k->r.payable, k->proof, k->r.proof_n};
    uint32_t at;
    assert_int_equal(tb_price_proof_check(&k->proof_work, &k->basket, k->offer, k->offer_n, &claim, &at),
                     TB_PROOF_HOLDS);
    return k->r.payable;
}

/* Pieces of the latest result: list and net of a piece. */
static inline int64_t kit_net(const struct price_kit *k, uint32_t line, int64_t piece)
{
    const struct tb_basket_line *l = &k->line[line];
    int64_t n = l->whole ? 1 : l->quantity / 1000;
    int64_t net = l->amount / n + (piece < l->amount % n);
    for (uint32_t i = 0; i < k->r.share_n; i++) {
        const struct tb_price_share *s = &k->r.share[i];
        if (s->line == line && piece >= s->first && piece < s->first + s->n)
            net -= s->each;
    }
    return net;
}

/* What lines [from, to) refund and carry of `offer`, brought back whole. */
static inline int64_t kit_back(const struct price_kit *k, uint32_t line, int64_t before, int64_t after)
{
    struct tb_price_back back;
    int64_t share[KIT_OFFERS];
    assert_true(tb_price_return_share(&k->basket, &k->r, line, before * 1000, after * 1000, &back, share, k->offer_n));
    return back.net;
}

#endif
