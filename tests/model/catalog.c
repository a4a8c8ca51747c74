// SPDX-License-Identifier: Apache-2.0
#include "catalog.h"

#include <stdio.h>
#include <string.h>

#include "core/catalog/objects.h"

uint64_t chance(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t month_day(uint64_t *s)
{
    static const int64_t days[] = {101, 131, 228, 308, 331, 630, 930, 1101, 1231};
    return days[below(s, 9)];
}

static void draw_release(struct unit_def *u, uint64_t *s)
{
    u->release = below(s, 3) == 0 ? 1 + below(s, 3) : TB_RELEASE_AT_ONCE;
    if (u->release == TB_RELEASE_AFTER_DAYS)
        u->release_n = 1 + below(s, 20);
    if (u->release == TB_RELEASE_ON_DATE)
        u->release_n = month_day(s);
}

static void draw_expiry(struct unit_def *u, uint64_t *s)
{
    u->expiry = below(s, 5);
    u->rounding = below(s, 7);
    if (u->expiry == TB_EXPIRY_ROLLING_DAYS || u->expiry == TB_EXPIRY_SLIDING_DAYS)
        u->expiry_n = 1 + below(s, 90);
    if (u->expiry == TB_EXPIRY_ROLLING_MONTHS)
        u->expiry_n = 1 + below(s, 5);
    if (u->expiry == TB_EXPIRY_CALENDAR_DATE)
        u->expiry_n = month_day(s);
    if (u->expiry == TB_EXPIRY_NONE)
        u->rounding = 0;
}

static void draw_caps(struct unit_def *u, uint64_t *s)
{
    if (below(s, 4) == 0) {
        u->earn_cap = 200 + below(s, 2000);
        u->earn_cap_period = 1 + below(s, 5);
    }
    if (below(s, 5) == 0) {
        u->earn_cap_order = 50 + below(s, 400);
        u->earn_cap_rejects = below(s, 2);
    }
    if (below(s, 6) == 0)
        u->balance_max = 300 + below(s, 3000);
    if (below(s, 4) == 0) {
        u->spend_cap = 100 + below(s, 1000);
        u->spend_cap_period = 1 + below(s, 5);
    }
}

static void draw_unit(struct unit_def *u, uint32_t no, uint64_t *s)
{
    *u = (struct unit_def){.kind = no == 2 ? TB_UNIT_QUALIFYING : TB_UNIT_POINTS};
    u->negative = below(s, 3);
    if (no == 2) { /* measured, never spent */
        u->negative = TB_NEGATIVE_UNLIMITED;
        return;
    }
    draw_release(u, s);
    draw_expiry(u, s);
    draw_caps(u, s);
    u->restore_grace_days = below(s, 2) ? 0 : 1 + below(s, 30);
}

static void draw_rule(struct rule_def *r, uint32_t no, uint64_t *s, int64_t start_ms)
{
    *r = (struct rule_def){.form = no == 0 ? RULE_NET : below(s, RULE_FORMS),
                           .unit = no == 1 ? 2 : below(s, UNITS),
                           .n = 1 + below(s, 30),
                           .m = 1 + below(s, 100),
                           .priority = below(s, 4)};
    if (no == 1)
        r->form = RULE_NET;
    if (r->form == RULE_FLAT_ABOVE || r->form == RULE_SPENT)
        r->n = 20 + below(s, 300);
    r->disabled = no > 1 && below(s, 3) == 0;
    if (no > 1 && below(s, 4) == 0) {
        r->from_ms = start_ms + (int64_t)below(s, 60) * TB_DAY_MS;
        r->until_ms = r->from_ms + (int64_t)(1 + below(s, 200)) * TB_DAY_MS;
    }
}

static void draw_scheme(struct scheme_def *d, uint64_t *s)
{
    *d = (struct scheme_def){.measure = below(s, TB_TIER_MEASURES),
                             .window = below(s, TB_TIER_WINDOWS),
                             .validity_months = below(s, 3) ? 1 + below(s, 6) : 0,
                             .grace_days = below(s, 2) ? 0 : 1 + below(s, 40),
                             .downgrade = below(s, TB_TIER_DOWNGRADES),
                             .on_refund = below(s, TB_TIER_ON_REFUNDS)};
    if (d->window == TB_WINDOW_ROLLING)
        d->window_months = 1 + below(s, 8);
    int64_t step = d->measure == TB_MEASURE_VISITS ? 1 : d->measure == TB_MEASURE_SPEND ? 8000 : 100;
    for (uint32_t i = 1; i < TIERS; i++) {
        d->reach[i] = d->reach[i - 1] + step * (1 + below(s, 4));
        d->keep[i] = below(s, 2) ? d->reach[i] : 1 + below(s, (uint32_t)d->reach[i]);
        d->never[i] = below(s, 6) == 0;
    }
}

void catalog_draw(struct catalog_def *c, uint64_t seed, int64_t start_ms)
{
    uint64_t s = seed * 7919 + 17;
    memset(c, 0, sizeof *c);
    c->zone = below(&s, 3);
    c->claim_policy = below(&s, TB_CLAIM_POLICIES);
    for (uint32_t v = 0; v < VARIANTS; v++) {
        for (uint32_t i = 0; i < UNITS; i++)
            draw_unit(&c->unit[i][v], i, &s);
        for (uint32_t i = 0; i < RULES; i++) {
            draw_rule(&c->rule[i][v], i, &s, start_ms);
            if (v)
                c->rule[i][v].unit = c->rule[i][0].unit;
        }
        draw_scheme(&c->scheme[v], &s);
        if (v) { /* what cannot change later */
            c->scheme[v].measure = c->scheme[0].measure;
            memcpy(c->scheme[v].reach, c->scheme[0].reach, sizeof c->scheme[v].reach);
            memcpy(c->scheme[v].keep, c->scheme[0].keep, sizeof c->scheme[v].keep);
        }
    }
}

void catalog_print(const struct catalog_def *c)
{
    printf("  zone %u\n", c->zone);
    for (uint32_t i = 0; i < UNITS; i++)
        for (uint32_t v = 0; v < VARIANTS; v++) {
            const struct unit_def *u = &c->unit[i][v];
            printf("  unit %u.%u negative %lld release %lld/%lld expiry %lld/%lld round %lld cap "
                   "%lld per %lld order %lld rejects %d max %lld spend %lld per %lld grace %lld\n",
                   i, v, (long long)u->negative, (long long)u->release, (long long)u->release_n,
                   (long long)u->expiry, (long long)u->expiry_n, (long long)u->rounding,
                   (long long)u->earn_cap, (long long)u->earn_cap_period,
                   (long long)u->earn_cap_order, u->earn_cap_rejects, (long long)u->balance_max,
                   (long long)u->spend_cap, (long long)u->spend_cap_period,
                   (long long)u->restore_grace_days);
        }
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct scheme_def *d = &c->scheme[v];
        printf("  scheme %u measure %lld window %lld/%lld validity %lld grace %lld down %lld refund "
               "%lld reach %lld %lld keep %lld %lld never %d %d\n",
               v, (long long)d->measure, (long long)d->window, (long long)d->window_months,
               (long long)d->validity_months, (long long)d->grace_days, (long long)d->downgrade,
               (long long)d->on_refund, (long long)d->reach[1], (long long)d->reach[2],
               (long long)d->keep[1], (long long)d->keep[2], d->never[1], d->never[2]);
    }
}
