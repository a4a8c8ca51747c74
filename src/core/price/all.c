// SPDX-License-Identifier: Apache-2.0
/* An amount off all goods, spread over all parts by largest remainder, straight from state to state.
 *
 * The same shares as tb_price_spread over picks of everything with what is left as weights (price.h), without the
 * picks: that is what a search does most on long baskets. Invariant: shares add up to the amount.           */
#include "core/price/price_int.h"

#define BUCKETS 256

/* Remainders fall into buckets of like size; a greater one is in a later bucket or the same. */
static uint32_t bucket_of(struct tb_price_divisor d, int64_t rest)
{
    return (uint32_t)(((uint64_t)rest * d.inverse) >> 56);
}

static bool before(const struct tb_pick *a, const struct tb_pick *b)
{
    return a->rest != b->rest ? a->rest > b->rest : a->run < b->run;
}

/* Of v's picks of one bucket, the first `units` pieces by remainder get one more: weight is how many of a run. */
static void choose(struct tb_picks *v, int64_t units)
{
    for (uint32_t i = 1; i < v->n; i++) {
        struct tb_pick one = v->at[i];
        uint32_t k = i;
        for (; k > 0 && before(&one, &v->at[k - 1]); k--)
            v->at[k] = v->at[k - 1];
        v->at[k] = one;
    }
    for (uint32_t i = 0; i < v->n; i++) {
        v->at[i].weight = v->at[i].n < units ? v->at[i].n : units;
        units -= v->at[i].weight;
    }
}

/* The bucket in which the leftover units run out, and how many of them it gets. */
static uint32_t last_bucket(const uint32_t *pieces, int64_t *units)
{
    uint32_t b = BUCKETS - 1;
    for (; b > 0 && pieces[b] < *units; b--)
        *units -= pieces[b];
    return b;
}

void tb_price_take_off_all(struct tb_price_plan *p, const struct tb_price_state *in, int64_t total,
                           struct tb_price_state *out)
{
    struct tb_price_divisor d = tb_price_divisor(in->goods);
    uint32_t pieces[BUCKETS] = {0};
    struct tb_pick *share = p->part.at; /* by run: each, rest */
    int64_t units = total;
    tb_assert(total > 0 && total <= in->goods);
    for (uint32_t i = 0; i < in->run_n; i++) {
        const struct tb_run *r = &in->run[i];
        share[i].each = tb_price_divide(d, total, r->left, &share[i].rest);
        units -= share[i].each * r->n;
        pieces[bucket_of(d, share[i].rest)] += r->n;
    }
    uint32_t last = units == 0 ? BUCKETS : last_bucket(pieces, &units);
    struct tb_picks *v = &p->pick; /* of the last bucket */
    v->n = 0;
    for (uint32_t i = 0; i < in->run_n && last < BUCKETS; i++)
        if (bucket_of(d, share[i].rest) == last)
            v->at[v->n++] = (struct tb_pick){.rest = share[i].rest, .run = i, .n = in->run[i].n};
    choose(v, units);
    for (uint32_t i = 0; i < v->n; i++)
        share[v->at[i].run].weight = v->at[i].weight;
    out->run_n = 0;
    out->goods = in->goods - total;
    out->shipping = in->shipping;
    out->count = in->count;
    uint32_t line = 0;
    for (uint32_t i = 0; i < in->run_n; i++) {
        struct tb_run r = in->run[i];
        uint32_t bucket = bucket_of(d, share[i].rest);
        uint32_t more = bucket > last ? r.n : bucket == last ? (uint32_t)share[i].weight : 0;
        for (; line <= r.line; line++)
            out->at[line] = (uint16_t)out->run_n;
        r.left -= share[i].each;
        if (more > 0) {
            struct tb_run first = r;
            first.left--;
            first.n = (uint16_t)more;
            tb_price_emit(out, &first);
        }
        if (more == r.n)
            continue;
        r.first = (uint16_t)(r.first + more);
        r.n = (uint16_t)(r.n - more);
        tb_price_emit(out, &r);
    }
    for (; line <= p->basket->line_n; line++)
        out->at[line] = (uint16_t)out->run_n;
}
