// SPDX-License-Identifier: Apache-2.0
/* The face: making the world, cutting its year into waves, going on live. */
#include "sim/world.h"

#include <stdlib.h>

enum { ARENA_BYTES = 24 << 20, COMMANDS = 8192, BRAND_PERSONS = 1200 };

static void count_persons(struct tb_sim *s)
{
    s->named_n = sim_part(s, 1850, 1);
    s->member_n = s->named_n + sim_part(s, 150, 1);
    s->follower_end = s->member_n + sim_part(s, 2550, 1);
    s->payer_end = s->follower_end + sim_part(s, 4950, 1);
    s->helin_n = s->payer_end + sim_part(s, 2500, 1);
    s->person_n = s->helin_n + sim_part(s, BRAND_PERSONS, 12);
}

struct tb_sim *tb_sim_create(const struct tb_sim_options *options, const struct tb_sim_border *border)
{
    tb_assert(options->now_ms > INT64_C(18262) * TB_DAY_MS);
    struct tb_sim *s = calloc(1, sizeof *s);
    void *region = malloc(ARENA_BYTES);
    if (s == NULL || region == NULL) {
        free(region);
        free(s);
        return NULL;
    }
    tb_arena_init(&s->arena, region, ARENA_BYTES);
    s->o = *options;
    s->o.divide = options->divide ? options->divide : 1;
    s->o.divide = s->o.divide > TB_SIM_DIVIDE_MAX ? TB_SIM_DIVIDE_MAX : s->o.divide;
    s->o.wave_minutes = options->wave_minutes ? options->wave_minutes : 180;
    tb_assert(s->o.wave_minutes <= 1440);
    s->border = border;
    s->day0 = sim_day_of(options->now_ms) - (int32_t)TB_SIM_DAYS;
    s->window_ms = sim_day_ms(s, 0);
    s->made_day = -1;
    count_persons(s);
    s->command_cap = COMMANDS;
    s->person = calloc(s->person_n, sizeof *s->person);
    s->command = calloc(COMMANDS, sizeof *s->command);
    if (s->person == NULL || s->command == NULL) {
        tb_sim_destroy(s);
        return NULL;
    }
    sim_places_make(s);
    sim_goods_make(s);
    sim_people_make(s);
    return s;
}

void tb_sim_destroy(struct tb_sim *s)
{
    if (s == NULL)
        return;
    free(s->arena.base);
    free(s->person);
    free(s->command);
    free(s->heap.e);
    free(s);
}

static void wave_begin(struct tb_sim *s)
{
    tb_arena_reset(&s->arena);
    s->wave = (struct tb_sim_wave){.command = s->command};
}

/* Everything before end; less when the arena is full: then the clock stands at what came. */
static const struct tb_sim_wave *wave_until(struct tb_sim *s, int64_t end_ms)
{
    struct sim_event e;
    s->wave.now_ms = end_ms;
    while (sim_pop(s, end_ms, &e))
        if (!sim_build(s, &e)) {
            sim_push(s, &e);
            s->wave.now_ms = e.at_ms;
            break;
        }
    s->window_ms = s->wave.now_ms;
    return &s->wave;
}

const struct tb_sim_wave *tb_sim_next(struct tb_sim *s)
{
    wave_begin(s);
    s->wave.now_ms = s->window_ms;
    if (s->stage == 1 && !s->ids_known)
        sim_ids_find(s); /* tenants have numbers now */
    if (sim_setup(s, s->stage)) {
        s->stage++;
        return &s->wave;
    }
    if (s->stage == 3) {
        sim_ids_find(s);
        s->stage++;
    }
    if (s->window_ms >= s->o.now_ms || s->no_memory)
        return NULL;
    int64_t end_ms = s->window_ms + s->o.wave_minutes * TB_MINUTE_MS;
    end_ms = end_ms > s->o.now_ms ? s->o.now_ms : end_ms;
    while (s->made_day < (int32_t)TB_SIM_DAYS && sim_day_ms(s, s->made_day + 1) < end_ms)
        sim_day(s, ++s->made_day);
    return wave_until(s, end_ms);
}

/* ---- live -------------------------------------------------------------------------------------- */

/* Somebody who shops here: members come more often than others. */
static uint32_t somebody(const struct tb_sim *s, struct tb_rng *r)
{
    for (uint32_t tries = 0; tries < 64; tries++) {
        uint32_t i = tb_rng_below(r, s->helin_n);
        const struct sim_person *p = &s->person[i];
        if (p->last_day >= (int32_t)TB_SIM_DAYS && !(p->flags & P_FARM) && tb_rng_below(r, 64) < p->visits)
            return i;
    }
    return 0;
}

const struct tb_sim_wave *tb_sim_live(struct tb_sim *s, int64_t now_ms, uint32_t shoppers)
{
    wave_begin(s);
    if (s->window_ms < s->o.now_ms) { /* the history was loaded by another process */
        s->window_ms = s->o.now_ms;
        s->stage = 4;
        for (uint32_t i = 0; i < s->person_n; i++)
            s->person[i].enrolled = (s->person[i].flags & P_MEMBER) != 0;
    }
    if (!s->ids_known || s->ids[HELIN].touch[0][TOUCH_TILL] == 0)
        sim_ids_find(s);
    if (now_ms < s->window_ms)
        now_ms = s->window_ms;
    struct tb_rng r = tb_rng_of(s->o.seed, 0x11fe, (uint64_t)now_ms);
    if (s->number < (uint64_t)now_ms * 16)
        s->number = (uint64_t)now_ms * 16; /* purchases of an earlier run keep their numbers */
    for (uint32_t i = 0; i < shoppers; i++)
        sim_visit(s, somebody(s, &r), (int32_t)TB_SIM_DAYS, now_ms, &r, F_LIVE);
    return wave_until(s, now_ms + 1);
}

/* ---- answers -------------------------------------------------------------------------------------- */

void tb_sim_answered(struct tb_sim *s, const struct tb_sim_command *c, const struct tb_answer *a)
{
    if (c->ticket == 0 || a->code != TB_CODE_OK)
        return;
    tb_assert(c->ticket < HOLDS_MAX);
    struct tb_str body = tb_buf_as_str(&a->body);
    uint32_t field;
    uint64_t v;
    struct tb_str bytes;
    bool bad = false;
    while (tb_wire_next(&body, &field, &v, &bytes, &bad))
        if (field == 1)
            s->hold[c->ticket].number = v;
}

struct tb_str tb_sim_tenant(const struct tb_sim *s, const struct tb_sim_command *c)
{
    for (uint32_t t = 0; t < TENANTS; t++)
        if (c->command.tenant != 0 && c->command.tenant == s->ids[t].tenant)
            return tb_str_of(sim_tenant_code[t]);
    return TB_STR_NONE;
}

void tb_sim_census(const struct tb_sim *s, struct tb_sim_census *out)
{
    *out = s->census;
}
