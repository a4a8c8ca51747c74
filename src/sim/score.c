// SPDX-License-Identifier: Apache-2.0
/* How well were people recognised? Pairs of identifiers, as in record linkage: of those that
 * the product joined, how many belong together (precision); of those that belong together,
 * how many it joined (recall). A third figure leaves out what no contact ever showed.
 *
 * Pairs are counted by sorting, so the cost is that of n look-ups and one sort.            */
#include "sim/world.h"

#include <stdlib.h>

struct known {
    uint64_t product; /* 0 = nobody */
    uint32_t truth;
    uint32_t shown; /* part of the truth that contacts connect */
};

static uint64_t pairs(uint64_t n)
{
    return n * (n - 1) / 2;
}

static int by_truth(const void *x, const void *y)
{
    const struct known *a = x;
    const struct known *b = y;
    if (a->truth != b->truth)
        return a->truth < b->truth ? -1 : 1;
    if (a->shown != b->shown)
        return a->shown < b->shown ? -1 : 1;
    return a->product < b->product ? -1 : a->product > b->product;
}

static int by_product(const void *x, const void *y)
{
    const struct known *a = x;
    const struct known *b = y;
    if (a->product != b->product)
        return a->product < b->product ? -1 : 1;
    return a->truth < b->truth ? -1 : a->truth > b->truth;
}

/* Sum of pairs over runs of rows that are equal by key. */
#define RUNS(row, n, same, sum)                           \
    do {                                                  \
        (sum) = 0;                                        \
        for (uint32_t i_ = 0, from_ = 0; i_ < (n); i_++)  \
            if (i_ + 1 == (n) || !same(&(row)[i_], &(row)[i_ + 1])) { \
                (sum) += pairs(i_ + 1 - from_);           \
                from_ = i_ + 1;                           \
            }                                             \
    } while (0)

static bool same_truth(const struct known *a, const struct known *b)
{
    return a->truth == b->truth;
}
static bool same_shown(const struct known *a, const struct known *b)
{
    return a->truth == b->truth && a->shown == b->shown;
}
static bool same_product(const struct known *a, const struct known *b)
{
    return a->product == b->product;
}
static bool same_both(const struct known *a, const struct known *b)
{
    return a->product == b->product && a->truth == b->truth;
}

/* The identifiers that contacts connect with ns, over any chain. */
static uint32_t connected(const struct sim_person *p, uint32_t ns)
{
    uint32_t set = 1u << ns;
    for (uint32_t turn = 0; turn < NS_PERSONAL; turn++)
        for (uint32_t i = 0; i < NS_PERSONAL; i++)
            if (set >> i & 1)
                set |= p->pair[i];
    uint32_t least = 0;
    while (!(set >> least & 1))
        least++;
    return least;
}

struct asking {
    struct tb_sim *s;
    tb_sim_who_fn who;
    void *user;
};

static uint64_t ask(const struct asking *a, uint32_t person, enum sim_ns ns)
{
    struct tb_sim *s = a->s;
    const struct sim_ids *ids = &s->ids[s->person[person].tenant];
    char text[SIM_VALUE_MAX];
    char region[256];
    struct tb_buf b;
    struct tb_identifier id = {.ns = ids->ns[ns], .verified = true};
    tb_buf_init(&b, region, sizeof region);
    struct tb_str value = {text, sim_value(s, person, ns, 0, text)};
    if (!s->border->identifier(s->border->user, ids->tenant, id.ns, sim_ns_normaliser[ns], value, &b, id.key))
        return 0;
    return a->who(a->user, ids->tenant, &id);
}

/* A number that moved on belongs to the new owner. */
static bool gave_up_phone(const struct tb_sim *s, uint32_t person)
{
    for (uint32_t i = 0; i < s->recycled_n; i++)
        if (s->recycled[i].old_owner == person)
            return s->person[s->recycled[i].new_owner].told >> NS_PHONE & 1;
    return false;
}

static void temptations(const struct asking *a, struct tb_sim_score *out)
{
    struct tb_sim *s = a->s;
    for (uint32_t i = 0; i < s->temptation_n; i++) {
        const struct sim_temptation *t = &s->temptation[i];
        uint32_t said = s->person[t->a].told;
        uint64_t mine[NS_PERSONAL] = {0};
        bool joined = false;
        for (uint32_t n = 0; n < NS_PERSONAL; n++)
            if ((said >> n & 1) && !(n == NS_PHONE && gave_up_phone(s, t->a)))
                mine[n] = ask(a, t->a, (enum sim_ns)n);
        for (uint32_t n = 0; n < NS_PERSONAL; n++) {
            uint64_t theirs = s->person[t->b].told >> n & 1 ? ask(a, t->b, (enum sim_ns)n) : 0;
            for (uint32_t k = 0; k < NS_PERSONAL; k++)
                joined |= theirs != 0 && mine[k] == theirs;
        }
        out->temptations++;
        out->temptations_taken += joined;
    }
}

static void recycled(const struct asking *a, struct tb_sim_score *out)
{
    struct tb_sim *s = a->s;
    for (uint32_t i = 0; i < s->recycled_n; i++) {
        const struct sim_recycled *x = &s->recycled[i];
        if (!gave_up_phone(s, x->old_owner))
            continue;
        uint64_t now = ask(a, x->new_owner, NS_PHONE);
        out->recycled++;
        out->recycled_moved += now != 0 && now == ask(a, x->new_owner, NS_CARD) &&
                               now != ask(a, x->old_owner, NS_CARD);
    }
}

static uint32_t ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 1000000 : (uint32_t)((unsigned __int128)part * 1000000 / whole);
}

bool tb_sim_score(struct tb_sim *s, tb_sim_who_fn who, void *user, struct tb_sim_score *out)
{
    tb_assert(s->border != NULL && s->ids_known);
    struct asking a = {s, who, user};
    struct known *row = malloc((size_t)s->person_n * NS_PERSONAL * sizeof *row);
    uint32_t n = 0;
    *out = (struct tb_sim_score){0};
    if (row == NULL)
        return false;
    for (uint32_t i = 0; i < s->person_n; i++)
        for (uint32_t ns = 0; ns < NS_PERSONAL && !(s->person[i].flags & P_FARM); ns++) {
            const struct sim_person *p = &s->person[i];
            if (!(p->told >> ns & 1) || (ns == NS_PHONE && gave_up_phone(s, i)))
                continue;
            row[n] = (struct known){ask(&a, i, (enum sim_ns)ns), p->truth, connected(p, ns)};
            out->unknown += row[n].product == 0;
            if (row[n].product == 0)
                row[n].product = UINT64_MAX - n; /* alone */
            n++;
        }
    out->identifiers = n;
    qsort(row, n, sizeof *row, by_truth);
    RUNS(row, n, same_truth, out->pairs_true);
    RUNS(row, n, same_shown, out->pairs_shown);
    qsort(row, n, sizeof *row, by_product);
    RUNS(row, n, same_product, out->pairs_joined);
    RUNS(row, n, same_both, out->pairs_right);
    free(row);
    out->precision_ppm = ppm(out->pairs_right, out->pairs_joined);
    out->recall_ppm = ppm(out->pairs_right, out->pairs_true);
    out->recall_shown_ppm = ppm(out->pairs_right < out->pairs_shown ? out->pairs_right : out->pairs_shown,
                                out->pairs_shown);
    temptations(&a, out);
    recycled(&a, out);
    return true;
}
