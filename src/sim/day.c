// SPDX-License-Identifier: Apache-2.0
/* A day of the world: who comes, what probes and tills see of it, what follows later.
 *
 * Every person's day has a stream of chance of its own (seed, person, day).               */
#include "sim/world.h"

#include <string.h>

uint64_t sim_number(struct tb_sim *s)
{
    return ++s->number;
}

static void push_contact(struct tb_sim *s, enum sim_event_kind kind, uint32_t person, uint32_t store,
                         int64_t at_ms, uint64_t no)
{
    struct sim_event e = {.at_ms = at_ms, .occurred_ms = at_ms, .no = no, .person = person,
                          .other = NOBODY, .store = (uint8_t)store, .kind = (uint8_t)kind};
    sim_push(s, &e);
}

static bool open_on(const struct tb_sim *s, uint32_t store, int32_t d)
{
    return d >= s->store[store].opens && d < s->store[store].closes;
}

static uint32_t store_of(const struct tb_sim *s, const struct sim_person *p, int32_t d, struct tb_rng *r)
{
    uint32_t store = tb_rng_permille(r, 760) ? p->home : p->second;
    return open_on(s, store, d) ? store : p->second;
}

/* Has an account of the mini-program and uses it. */
static bool uses_mini(const struct sim_person *p)
{
    return !(p->flags & (P_ANONYMOUS | P_PAYER | P_DEVICE)) && ((p->flags & P_FOLLOWER) || p->online > 50);
}

/* ---- purchases ----------------------------------------------------------------------------- */

static enum tb_sim_channel channel_of(const struct tb_sim *s, const struct sim_person *p, int32_t day,
                                   struct tb_rng *r)
{
    if (!uses_mini(p))
        return TB_SIM_TILL;
    uint32_t lean = 60 + p->online; /* 100 on average */
    if (sim_weather(s, s->store[p->home].city, day) >= RAIN)
        lean = lean * 125 / 100;
    if (sim_festival_percent(day) >= 15)
        lean = lean * 150 / 100;
    uint32_t online = lean * 462 / 100;
    uint16_t weight[4] = {(uint16_t)(online < 900 ? 1000 - online : 100), (uint16_t)(online * 50 / 100),
                          (uint16_t)(online * 33 / 100), (uint16_t)(online * 17 / 100)};
    return (enum tb_sim_channel)tb_rng_pick(r, weight, 4);
}

static enum tb_tender_kind tender_of(const struct sim_person *p, enum tb_sim_channel channel, struct tb_rng *r)
{
    static const uint8_t kind[5] = {TB_TENDER_WECHAT, TB_TENDER_ALIPAY, TB_TENDER_UNIONPAY, TB_TENDER_CASH,
                                    TB_TENDER_STORED_VALUE};
    static const uint16_t at_till[5] = {500, 370, 70, 60, 0};
    static const uint16_t mini[5] = {960, 40, 0, 0, 0};
    static const uint16_t delivery[5] = {520, 450, 30, 0, 0};
    if (p->flags & P_ANONYMOUS)
        return TB_TENDER_CASH;
    if (channel == TB_SIM_TILL && (tb_rng_permille(r, 860) || (p->flags & P_SCENE)))
        return p->pays;
    if ((p->flags & P_STORED_VALUE) && tb_rng_permille(r, 500))
        return TB_TENDER_STORED_VALUE;
    const uint16_t *weight = channel == TB_SIM_TILL           ? at_till
                             : channel == TB_SIM_MINI_PROGRAM ? mini
                                                              : delivery;
    uint8_t pick = kind[tb_rng_pick(r, weight, 5)];
    bool not_hers = pick == TB_TENDER_ALIPAY && (p->flags & P_NO_ALIPAY);
    return not_hers || (p->flags & P_SCENE) ? TB_TENDER_WECHAT : pick;
}

/* What happens to a receipt afterwards: it comes late, comes again, comes back. */
static void afterwards(struct tb_sim *s, const struct sim_event *e, struct tb_rng *r)
{
    struct sim_event x = *e;
    if (tb_rng_ppm(r, 10000)) {
        x.flags |= F_AGAIN;
        x.at_ms = e->at_ms + tb_rng_range(r, 1, 180) * TB_MINUTE_MS;
        sim_push(s, &x);
    }
    if (e->channel == TB_SIM_TILL && tb_rng_ppm(r, 4000)) {
        x.flags |= F_AGAIN | F_RESENT;
        x.at_ms = e->at_ms + tb_rng_range(r, 10, 2000) * TB_MINUTE_MS;
        sim_push(s, &x);
    }
    if (tb_rng_ppm(r, 20500)) {
        x = *e;
        x.kind = EV_RETURN;
        x.occurred_ms = x.at_ms = e->at_ms + tb_rng_range(r, 60, 10 * 1440) * TB_MINUTE_MS;
        x.aux = (uint32_t)((x.occurred_ms - e->occurred_ms) / TB_MINUTE_MS);
        sim_push(s, &x);
    }
}

static void purchase(struct tb_sim *s, struct sim_event *e, struct tb_rng *r)
{
    int64_t later = (s->o.wave_minutes + 1) * TB_MINUTE_MS;
    e->kind = EV_ORDER;
    e->no = sim_number(s);
    e->at_ms = e->occurred_ms;
    if (e->pays == TB_TENDER_STORED_VALUE && e->person != NOBODY && s->hold_n + 1 < HOLDS_MAX) {
        /* reserved in the mini-program, taken and paid in the store */
        struct sim_event hold = *e;
        hold.kind = EV_HOLD;
        hold.aux = e->aux = ++s->hold_n;
        s->hold[e->aux].person = e->person;
        sim_push(s, &hold);
        e->occurred_ms = e->at_ms = e->at_ms + later;
    } else if (e->pays == TB_TENDER_STORED_VALUE) {
        e->pays = TB_TENDER_WECHAT;
    }
    bool offline = e->channel == TB_SIM_TILL && !(e->flags & F_LIVE) && tb_rng_ppm(r, 20000);
    if (offline) {
        e->flags |= F_LATE;
        e->at_ms += tb_rng_range(r, 2 * 60, 70 * 60) * TB_MINUTE_MS;
    }
    sim_push(s, e);
    if (!(e->flags & F_LIVE))
        afterwards(s, e, r);
}

static void redeem(struct tb_sim *s, uint32_t person, uint32_t store, int64_t at_ms, struct tb_rng *r)
{
    struct sim_person *p = &s->person[person];
    if (!p->enrolled || p->points < 2500 || s->hold_n + 1 >= HOLDS_MAX || !tb_rng_permille(r, 60))
        return;
    struct sim_event e = {.at_ms = at_ms, .occurred_ms = at_ms, .no = sim_number(s), .person = person,
                          .other = NOBODY, .store = (uint8_t)store, .kind = EV_HOLD, .flags = F_POINTS};
    e.aux = ++s->hold_n;
    s->hold[e.aux].person = person;
    sim_push(s, &e);
    e.kind = EV_POST;
    e.at_ms = e.occurred_ms = at_ms + (s->o.wave_minutes + 1) * TB_MINUTE_MS;
    sim_push(s, &e);
    p->points -= 1000;
}

/* ---- visits --------------------------------------------------------------------------------- */

static void probes(struct tb_sim *s, uint32_t person, uint32_t store, int64_t at_ms, uint64_t visit,
                   struct tb_rng *r)
{
    const struct sim_person *p = &s->person[person];
    if (!(p->flags & P_WIFI) || !sim_has_touch(&s->store[store], TOUCH_PROBE))
        return;
    uint32_t n = 1 + tb_rng_below(r, 5);
    s->census.probe_visits++;
    s->census.probe_visits_random += (p->flags & P_RANDOM_MAC) != 0;
    for (uint32_t i = 0; i < n; i++) {
        push_contact(s, EV_PROBE, person, store, at_ms, visit);
        at_ms += tb_rng_range(r, 2, 11) * TB_MINUTE_MS;
    }
}

static void in_store(struct tb_sim *s, uint32_t person, uint32_t store, int64_t at_ms, struct tb_rng *r)
{
    const struct sim_person *p = &s->person[person];
    const struct sim_store *st = &s->store[store];
    uint64_t visit = sim_number(s);
    probes(s, person, store, at_ms, visit, r);
    if (uses_mini(p) && (p->flags & P_WIFI) && sim_has_touch(st, TOUCH_WIFI) && tb_rng_permille(r, 90))
        push_contact(s, EV_WIFI, person, store, at_ms + TB_MINUTE_MS, visit);
    if (p->enrolled && sim_has_touch(st, TOUCH_GATE) && tb_rng_permille(r, 300))
        push_contact(s, EV_GATE, person, store, at_ms + 20 * TB_SECOND_MS, visit);
}

static void online(struct tb_sim *s, uint32_t person, int64_t at_ms, struct tb_rng *r)
{
    const struct sim_person *p = &s->person[person];
    if (uses_mini(p) && !(p->flags & P_FARM) && tb_rng_permille(r, 480))
        push_contact(s, EV_MINI, person, p->home, at_ms - tb_rng_range(r, 1, 50) * TB_MINUTE_MS, 0);
    if ((p->flags & P_EMAIL) && p->enrolled && tb_rng_permille(r, 60))
        push_contact(s, EV_LOGIN, person, p->home, at_ms - tb_rng_range(r, 60, 300) * TB_MINUTE_MS, 0);
    if ((p->flags & P_DEVICE) && tb_rng_permille(r, 250))
        push_contact(s, EV_WEB, person, p->home, at_ms - tb_rng_range(r, 60, 300) * TB_MINUTE_MS, 0);
}

static bool buys(const struct sim_person *p, struct tb_rng *r)
{
    uint32_t permille = p->flags & P_MEMBER ? 730 : p->flags & P_FOLLOWER ? 560 : p->flags & P_PAYER ? 780 : 0;
    return tb_rng_permille(r, permille);
}

void sim_visit(struct tb_sim *s, uint32_t person, int32_t d, int64_t at_ms, struct tb_rng *r, uint16_t flags)
{
    const struct sim_person *p = &s->person[person];
    struct sim_event e = {.occurred_ms = at_ms, .person = person, .other = NOBODY, .flags = flags,
                          .store = (uint8_t)store_of(s, p, d, r)};
    bool first = flags & F_FIRST;
    e.channel = first ? TB_SIM_TILL : (uint8_t)channel_of(s, p, s->day0 + d, r);
    bool there = e.channel == TB_SIM_TILL || e.channel == TB_SIM_SCAN_AND_GO;
    online(s, person, at_ms, r);
    if (there)
        in_store(s, person, e.store, at_ms - 25 * TB_MINUTE_MS, r);
    if (!first && !buys(p, r))
        return;
    e.pays = first ? p->pays : (uint8_t)tender_of(p, (enum tb_sim_channel)e.channel, r);
    if (p->enrolled && e.channel == TB_SIM_TILL) {
        uint32_t says = tb_rng_below(r, 1000);
        e.flags |= says < 780 || (p->flags & P_ANONYMOUS) ? F_CARD : says < 850 ? F_PHONE : 0;
    }
    purchase(s, &e, r);
    redeem(s, person, e.store, e.occurred_ms + TB_MINUTE_MS, r);
    if ((p->flags & P_STORED_VALUE) && p->enrolled && tb_rng_permille(r, 90))
        push_contact(s, EV_TOP_UP, person, e.store, at_ms, sim_number(s));
}

/* ---- first acts ------------------------------------------------------------------------------ */

static void enrol(struct tb_sim *s, uint32_t person, int64_t at_ms)
{
    const struct sim_person *p = &s->person[person];
    push_contact(s, EV_ENROL_CONTACT, person, p->home, at_ms, 0);
    push_contact(s, EV_ENROL, person, p->home, at_ms + 30 * TB_SECOND_MS, 0);
    if (p->flags & P_ANONYMOUS)
        return;
    push_contact(s, EV_ATTRIBUTES, person, p->home, at_ms + 60 * TB_SECOND_MS, 0);
    push_contact(s, EV_CONSENT, person, p->home, at_ms + 70 * TB_SECOND_MS, 0);
    if (p->flags & P_STORED_VALUE)
        push_contact(s, EV_TOP_UP, person, p->home, at_ms + 5 * TB_MINUTE_MS, sim_number(s));
    if (p->baby_born == 0)
        return;
    int64_t born_ms = (int64_t)(p->baby_born + 10) * TB_DAY_MS + 2 * TB_HOUR_MS;
    push_contact(s, EV_ROLE, person, p->home, born_ms > at_ms ? born_ms : at_ms + 90 * TB_SECOND_MS, 0);
}

static void first_acts(struct tb_sim *s, uint32_t person, int32_t d, int64_t start_ms)
{
    const struct sim_person *p = &s->person[person];
    struct tb_rng r = tb_rng_of(s->o.seed, 0xf1457, person);
    int64_t at_ms = sim_clock_ms(&r, start_ms, s->store[p->home].kind);
    if (p->enrol_day == d)
        enrol(s, person, at_ms);
    if (p->follow_day == d) {
        push_contact(s, EV_FOLLOW, person, p->home, at_ms + 10 * TB_MINUTE_MS, 0);
        if (p->flags & P_UNFOLLOWS)
            push_contact(s, EV_UNFOLLOW, person, p->home, at_ms + 9 * TB_DAY_MS, 0);
        else if (tb_rng_permille(&r, 850))
            push_contact(s, EV_MINI, person, p->home, at_ms + tb_rng_range(&r, 12, 4000) * TB_MINUTE_MS, 0);
    }
    if (p->first_day != d || p->tenant != HELIN)
        return;
    if (p->flags & P_PAYER)
        sim_visit(s, person, d, at_ms, &r, F_FIRST);
    if (p->flags & P_DEVICE) {
        uint32_t near = s->store[p->home].kind != CONVENIENCE     ? p->home
                        : s->store[p->second].kind != CONVENIENCE ? p->second
                                                                  : STORES;
        if (near < STORES)
            probes(s, person, near, at_ms, sim_number(s), &r);
        else
            push_contact(s, EV_WEB, person, p->home, at_ms, 0);
    }
}

/* ---- the day ------------------------------------------------------------------------------------ */

/* Customers of whom nothing is known: they pay in cash, or the terminal tells nothing. */
static void walk_ins(struct tb_sim *s, int32_t d, int64_t start_ms)
{
    static const uint16_t per_day[3] = {7000, 2600, 950}; /* thousandths */
    static const uint8_t kind[4] = {TB_TENDER_WECHAT, TB_TENDER_ALIPAY, TB_TENDER_UNIONPAY, TB_TENDER_CASH};
    static const uint16_t weight[4] = {470, 270, 130, 130};
    for (uint32_t store = 0; store < STORES; store++) {
        if (!open_on(s, store, d))
            continue;
        struct tb_rng r = tb_rng_of(s->o.seed, 0x3a1c1000u + store, (uint64_t)d);
        uint32_t expected = per_day[s->store[store].kind] * sim_busy(s, store, s->day0 + d) / 1000 / s->o.divide;
        uint32_t n = expected / 1000 + tb_rng_permille(&r, expected % 1000);
        for (; n > 0; n--) {
            struct sim_event e = {.occurred_ms = sim_clock_ms(&r, start_ms, s->store[store].kind),
                                  .person = NOBODY, .other = NOBODY, .store = (uint8_t)store,
                                  .pays = kind[tb_rng_pick(&r, weight, 4)]};
            if (store == CASHIER_STORE && tb_rng_permille(&r, 400)) {
                e.pays = TB_TENDER_CASH;
                e.flags = F_CASH_FRAUD;
                e.person = s->cashier;
            }
            purchase(s, &e, &r);
        }
    }
}

static void brand_visit(struct tb_sim *s, uint32_t person, int64_t at_ms, struct tb_rng *r)
{
    struct sim_event e = {.occurred_ms = at_ms, .person = person, .other = NOBODY,
                          .channel = TB_SIM_MINI_PROGRAM, .pays = TB_TENDER_WECHAT};
    push_contact(s, EV_MINI, person, 0, at_ms - 4 * TB_MINUTE_MS, 0);
    purchase(s, &e, r);
    if (tb_rng_permille(r, 400)) {
        struct sim_event scan = {.at_ms = at_ms + 5 * TB_DAY_MS, .occurred_ms = at_ms + 5 * TB_DAY_MS,
                                 .no = 10000 + sim_number(s) % 90000, .person = person, .other = NOBODY,
                                 .kind = EV_ITEM, .aux = PLACE_SCAN_E};
        sim_push(s, &scan);
    }
}

void sim_day(struct tb_sim *s, int32_t d)
{
    int64_t start_ms = sim_day_ms(s, d);
    uint32_t busy[STORES];
    for (uint32_t i = 0; i < STORES; i++)
        busy[i] = sim_busy(s, i, s->day0 + d);
    for (uint32_t i = 0; i < s->person_n; i++) {
        const struct sim_person *p = &s->person[i];
        if (d < p->first_day || d > p->last_day)
            continue;
        if (d == p->first_day || d == p->enrol_day || d == p->follow_day)
            first_acts(s, i, d, start_ms);
        struct tb_rng r = tb_rng_of(s->o.seed, 0xda7000000u + i, (uint64_t)d);
        uint32_t ppm = p->visits * (p->tenant == HELIN ? busy[p->home] : 1000u) * 1000u / TB_SIM_DAYS;
        if (d == p->first_day || !tb_rng_ppm(&r, ppm > 900000 ? 900000 : ppm))
            continue;
        int64_t at_ms = sim_clock_ms(&r, start_ms, (enum sim_store_kind)s->store[p->home].kind);
        if (p->tenant == CHENGDIAN)
            brand_visit(s, i, at_ms, &r);
        else
            sim_visit(s, i, d, at_ms, &r, 0);
    }
    walk_ins(s, d, start_ms);
    sim_scenes_day(s, d, start_ms);
}
