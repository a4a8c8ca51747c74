// SPDX-License-Identifier: Apache-2.0
/* What makes recognition hard: strangers who look like one person, numbers that change hands,
 * a tablet that forty people enrol on, a farmer of accounts, a cashier who collects the points
 * of others. And what the people to meet do.                                              */
#include "sim/world.h"

const char *const sim_temptation_name[T_KINDS] = {"payer", "grandmother", "recycled_number", "shared_tablet",
                                                  "placeholder_number", "shared_bank_card", "parcel_number"};

/* ---- parts ------------------------------------------------------------------------------- */

/* A member whom the platform knows well: follows, pays with WeChat, is here all year. */
static uint32_t cast(struct tb_sim *s, uint32_t *next)
{
    uint32_t i = (*next)++;
    tb_assert(i < s->named_n);
    struct sim_person *p = &s->person[i];
    struct tb_rng r = tb_rng_of(s->o.seed, 0xca57, i);
    p->flags = (uint16_t)((p->flags | P_SCENE) & ~(P_STORED_VALUE | P_EMAIL));
    p->pays = TB_TENDER_WECHAT;
    p->first_day = (int16_t)tb_rng_range(&r, 0, 20);
    p->enrol_day = (int16_t)(p->first_day + 1);
    if (p->flags & P_FOLLOWER)
        p->follow_day = (int16_t)(p->enrol_day + 1);
    p->last_day = INT16_MAX;
    return i;
}

static void tempt(struct tb_sim *s, enum sim_temptation_kind kind, uint32_t a, uint32_t b)
{
    tb_assert(s->temptation_n < TEMPTATIONS_MAX);
    s->temptation[s->temptation_n] = (struct sim_temptation){
        .a = a, .b = b, .kind = (uint8_t)kind, .day = (int16_t)(120 + 5 * s->temptation_n % 200)};
    s->temptation_n++;
}

static void make_recycled(struct tb_sim *s, uint32_t *next)
{
    uint32_t n = sim_part(s, RECYCLED_MAX, 2);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_rng r = tb_rng_of(s->o.seed, 0x4ec7c1, i);
        uint32_t old = cast(s, next);
        uint32_t new = cast(s, next);
        s->person[old].last_day = (int16_t)tb_rng_range(&r, 60, 120);
        s->person[new].first_day = (int16_t)tb_rng_range(&r, 250, 330);
        s->person[new].enrol_day = (int16_t)(s->person[new].first_day + 1);
        if (s->person[new].flags & P_FOLLOWER)
            s->person[new].follow_day = (int16_t)(s->person[new].enrol_day + 1);
        s->person[new].phone = s->person[old].phone;
        s->recycled[s->recycled_n++] = (struct sim_recycled){old, new};
    }
}

static void make_tablet(struct tb_sim *s, uint32_t *next)
{
    s->tablet_n = sim_part(s, 40, 4);
    uint32_t first = *next;
    for (uint32_t i = 0; i < s->tablet_n; i++) {
        struct sim_person *p = &s->person[cast(s, next)];
        p->flags |= P_TABLET;
        p->home = TABLET_STORE;
        p->first_day = p->enrol_day = TABLET_DAY;
        if (p->flags & P_FOLLOWER)
            p->follow_day = TABLET_DAY + 1;
    }
    for (uint32_t i = 0; i < sim_part(s, 6, 1); i++)
        tempt(s, T_TABLET, first + 2 * i, first + 2 * i + 1);
}

static void make_farm(struct tb_sim *s, uint32_t *next)
{
    uint32_t n = sim_part(s, 25, 3);
    uint32_t first = *next;
    for (uint32_t i = 0; i < n; i++) {
        struct sim_person *p = &s->person[cast(s, next)];
        p->flags |= P_FARM;
        p->truth = first;
        p->visits = 6;
        p->basket = 60;
        p->sensitive = 100;
        p->home = CASHIER_STORE + 4;
        p->first_day = (int16_t)(210 + i / 5);
        p->enrol_day = p->first_day;
        if (p->flags & P_FOLLOWER)
            p->follow_day = p->first_day;
    }
}

void sim_scenes_make(struct tb_sim *s, uint32_t *next)
{
    static const struct {
        uint8_t kind;
        uint8_t n;
    } pairs[] = {{T_PAYER, 12}, {T_SENTINEL, 5}, {T_COUPLE, 4}, {T_DELIVERY, 4}};
    tempt(s, T_GRANDMOTHER, 0, s->grandmother);
    for (uint32_t k = 0; k < TB_COUNT_OF(pairs); k++)
        for (uint32_t i = 0; i < sim_part(s, pairs[k].n, 1); i++) {
            uint32_t a = cast(s, next);
            tempt(s, (enum sim_temptation_kind)pairs[k].kind, a, cast(s, next));
        }
    make_recycled(s, next);
    for (uint32_t i = 0; i < sim_part(s, 8, 1); i++)
        tempt(s, T_RECYCLED, s->recycled[i].old_owner, s->recycled[i].new_owner);
    make_tablet(s, next);
    make_farm(s, next);
    s->cashier = cast(s, next);
    s->person[s->cashier].flags |= P_CASHIER;
    s->person[s->cashier].home = CASHIER_STORE;
    s->cashier_associate = s->store[CASHIER_STORE].associate;
    tb_assert(s->o.divide > 1 || s->temptation_n == TEMPTATIONS_MAX);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void buy(struct tb_sim *s, uint32_t person, uint32_t other, int64_t at_ms, uint16_t flags,
                enum tb_sim_channel channel, enum tb_tender_kind pays)
{
    const struct sim_person *p = &s->person[person];
    struct sim_event e = {.at_ms = at_ms, .occurred_ms = at_ms, .no = sim_number(s), .person = person,
                          .other = other, .store = p->home, .kind = EV_ORDER, .flags = flags,
                          .channel = (uint8_t)channel, .pays = (uint8_t)pays};
    if (e.store >= CLOSING_STORE)
        e.store = p->second;
    sim_push(s, &e);
}

static void happen(struct tb_sim *s, const struct sim_temptation *t, int64_t at_ms)
{
    switch ((enum sim_temptation_kind)t->kind) {
    case T_PAYER:
        buy(s, t->a, t->b, at_ms, F_CARD, TB_SIM_TILL, TB_TENDER_WECHAT);
        break;
    case T_SENTINEL:
        buy(s, t->a, NOBODY, at_ms, F_SENTINEL, TB_SIM_TILL, TB_TENDER_WECHAT);
        buy(s, t->b, NOBODY, at_ms + TB_HOUR_MS, F_SENTINEL, TB_SIM_TILL, TB_TENDER_WECHAT);
        break;
    case T_COUPLE:
        buy(s, t->a, NOBODY, at_ms, F_CARD, TB_SIM_TILL, TB_TENDER_UNIONPAY);
        buy(s, t->b, t->a, at_ms + TB_HOUR_MS, F_CARD, TB_SIM_TILL, TB_TENDER_UNIONPAY);
        break;
    case T_DELIVERY:
        buy(s, t->a, t->b, at_ms, 0, TB_SIM_DELIVERY, TB_TENDER_WECHAT);
        break;
    case T_GRANDMOTHER:
    case T_RECYCLED:
    case T_TABLET:
    case T_KINDS:
    default:
        break; /* has days of its own */
    }
}

static void open_mini(struct tb_sim *s, uint32_t person, int64_t at_ms)
{
    struct sim_event e = {.at_ms = at_ms, .occurred_ms = at_ms, .person = person, .other = NOBODY,
                          .store = s->person[person].home, .kind = EV_MINI};
    sim_push(s, &e);
}

/* A quarter of an hour, or twenty seconds, before the same shelf. */
static void stand(struct tb_sim *s, uint32_t person, int64_t at_ms, uint32_t sightings, int64_t step_ms)
{
    struct sim_event e = {.person = person, .other = NOBODY, .no = sim_number(s), .kind = EV_PROBE,
                          .flags = F_SHELF};
    for (uint32_t i = 0; i < sightings; i++) {
        e.at_ms = e.occurred_ms = at_ms + i * step_ms;
        sim_push(s, &e);
    }
}

static void people_to_meet(struct tb_sim *s, int32_t d, int64_t start_ms)
{
    const int32_t last = (int32_t)TB_SIM_DAYS;
    /* of today only what has passed may be told: part of it that lies behind us */
    int64_t part_ms = d == last ? (s->o.now_ms - start_ms) / 8 : 2 * TB_HOUR_MS + TB_HOUR_MS / 4;
    if (d == last || d == last - 1 || d == last - 7 || d == last - 15 || d == last - 25) {
        int64_t step_ms = d == last && part_ms < TB_HOUR_MS ? part_ms / 20 : 2 * TB_MINUTE_MS;
        stand(s, 1, start_ms + 5 * part_ms, 8, step_ms);
        stand(s, 2, start_ms + 5 * part_ms + step_ms, 2, step_ms / 6);
    }
    if (d == 216 || d == 238 || d == 262 || d == 287 || d == 311 || d == 336 || d == last - 4)
        buy(s, 0, s->grandmother, start_ms + 5 * part_ms, F_CARD | F_FORMULA, TB_SIM_TILL, TB_TENDER_WECHAT);
    static const int16_t student[3] = {203, 240, 318};
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_event e = {.at_ms = start_ms + 9 * TB_HOUR_MS, .occurred_ms = start_ms + 9 * TB_HOUR_MS,
                              .person = s->student, .other = NOBODY, .aux = i + 1, .kind = EV_ORDER,
                              .channel = TB_SIM_MINI_PROGRAM, .pays = TB_TENDER_WECHAT};
        e.no = d == student[i] ? sim_number(s) : 0;
        if (e.no != 0)
            sim_push(s, &e);
    }
}

/* One carton of the brand's mice, sold in the east, is scanned in the south. */
static void diversion(struct tb_sim *s, int64_t start_ms)
{
    for (uint32_t i = 0; i < 6 && s->helin_n + 2 + i < s->person_n; i++) {
        struct sim_event e = {.at_ms = start_ms + (10 + i) * TB_HOUR_MS, .no = 5000 + i,
                              .person = s->helin_n + 2 + i, .other = NOBODY, .kind = EV_ITEM,
                              .aux = PLACE_SCAN_S};
        e.occurred_ms = e.at_ms;
        sim_push(s, &e);
    }
}

void sim_scenes_day(struct tb_sim *s, int32_t d, int64_t start_ms)
{
    for (uint32_t i = 0; i < s->temptation_n; i++) {
        const struct sim_temptation *t = &s->temptation[i];
        int64_t at_ms = start_ms + 10 * TB_HOUR_MS + i * TB_MINUTE_MS;
        if (t->day == d || t->day + 30 == d)
            happen(s, t, at_ms);
        if (d == 90 && t->kind != T_GRANDMOTHER && t->kind != T_RECYCLED && t->kind != T_TABLET) {
            open_mini(s, t->a, at_ms);
            open_mini(s, t->b, at_ms + TB_SECOND_MS);
        }
    }
    for (uint32_t i = 0; i < s->recycled_n; i++) {
        /* both are known by more than the number */
        if (d == 45)
            open_mini(s, s->recycled[i].old_owner, start_ms + 11 * TB_HOUR_MS + i * TB_SECOND_MS);
        if (d == s->person[s->recycled[i].new_owner].enrol_day + 2)
            open_mini(s, s->recycled[i].new_owner, start_ms + 11 * TB_HOUR_MS + i * TB_SECOND_MS);
    }
    if (d == 30)
        open_mini(s, 0, start_ms + 12 * TB_HOUR_MS);
    if (d == 280)
        diversion(s, start_ms);
    struct sim_event place = {.at_ms = start_ms + 6 * TB_HOUR_MS, .person = NOBODY, .other = NOBODY};
    place.occurred_ms = place.at_ms;
    if (d == s->store[OPENING_STORE].opens) {
        place.kind = EV_STORE_OPENS;
        place.store = OPENING_STORE;
        sim_push(s, &place);
    }
    if (d == s->store[CLOSING_STORE].closes) {
        place.kind = EV_STORE_CLOSES;
        place.store = CLOSING_STORE;
        sim_push(s, &place);
    }
    people_to_meet(s, d, start_ms);
}
