// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <string.h>

static uint32_t draw(struct history *h, uint32_t n)
{
    return below(&h->state, n);
}

uint32_t history_start(struct history *h, uint64_t seed, bool year)
{
    h->seed = seed;
    h->state = seed * 104729 + 7;
    h->year = year;
    /* from June 2026: within a year lie two changes of the clock, a leap day of 2028 when late */
    h->start_ms = (INT64_C(20604) + draw(h, 600)) * TB_DAY_MS + draw(h, 86400) * INT64_C(1000);
    h->now_ms = h->start_ms;
    catalog_draw(&h->def, seed, h->start_ms);
    h->people = 1 + draw(h, 12);
    h->length = year ? 365u * 8 : 200 + draw(h, 900);
    h->orders = 0;
    h->returns = 0;
    return h->length;
}

static struct step_id identifier(struct history *h)
{
    return (struct step_id){(uint8_t)draw(h, NAMESPACES), (uint8_t)(draw(h, 4) != 0),
                            (uint16_t)draw(h, h->people)};
}

static void identifiers(struct history *h, struct step *s)
{
    s->id_n = draw(h, 5) ? 1 : 1 + draw(h, STEP_IDS);
    for (uint32_t i = 0; i < s->id_n; i++)
        s->id[i] = identifier(h);
}

static void clock_on(struct history *h, struct pair *p)
{
    uint32_t how = draw(h, 40);
    int64_t due = how >= 34 ? cell_due(p->cell) : INT64_MAX;
    if (h->year)
        h->now_ms += draw(h, 6 * 3600) * INT64_C(1000);
    else if (due != INT64_MAX && due > h->now_ms && due < h->start_ms + 1000 * TB_DAY_MS)
        h->now_ms = due - (how == 34); /* one millisecond before, or at it */
    else if (how < 4)
        h->now_ms += (int64_t)(1 + draw(h, 40)) * TB_DAY_MS;
    else if (how < 24)
        h->now_ms += draw(h, 36 * 3600) * INT64_C(1000) + draw(h, 1000);
    /* within TB_BUCKET_DAYS: a return of an older order no longer finds its day */
    if (h->now_ms > h->start_ms + 1050 * TB_DAY_MS)
        h->now_ms = h->start_ms + 1050 * TB_DAY_MS;
}

static int64_t occurred(struct history *h)
{
    switch (draw(h, 12)) {
    case 0:
        return h->now_ms - (int64_t)draw(h, 40 * 86400) * 1000;
    case 1:
        return h->now_ms + (int64_t)draw(h, 86400) * 1000;
    default:
        return h->now_ms - (int64_t)draw(h, 600) * 1000;
    }
}

/* One of the last orders, one of any, or one that is not there. */
static uint32_t some_order(struct history *h)
{
    uint32_t back = draw(h, 8) ? draw(h, 12) : draw(h, h->orders + 2);
    return h->orders > back ? h->orders - back : h->orders + 1;
}

static const struct step *ordered(const struct history *h, uint32_t no, uint32_t key)
{
    for (uint32_t i = 0; i < no; i++)
        if (h->step[i].op == STEP_ORDER && h->step[i].key == key)
            return &h->step[i];
    return NULL;
}

static void order(struct history *h, struct step *s, uint32_t no)
{
    const struct step *old = draw(h, 12) == 0 ? ordered(h, no, some_order(h)) : NULL;
    if (old != NULL) { /* the same fact again, perhaps under another key, perhaps changed */
        struct step again = *old;
        again.no = s->no;
        again.now_ms = s->now_ms;
        if (again.key2 && draw(h, 2))
            again.key = ++h->orders;
        if (draw(h, 3) == 0)
            again.line[0].net++;
        *s = again;
        return;
    }
    identifiers(h, s);
    if (draw(h, 30) == 0)
        s->id_n = 0;
    s->key = ++h->orders;
    s->key2 = draw(h, 3) ? 0 : s->key;
    s->occurred_ms = occurred(h);
    s->line_n = 1 + draw(h, STEP_LINES);
    for (uint32_t i = 0; i < s->line_n; i++) {
        s->line[i].sku = (uint16_t)draw(h, 8);
        s->line[i].quantity = draw(h, 6) ? 1000 * (1 + draw(h, 5)) : 1 + draw(h, 5000);
        s->line[i].net = draw(h, 12) ? draw(h, 20000) : 0;
    }
}

static void bring_back(struct history *h, struct step *s, uint32_t no)
{
    s->key = some_order(h);
    s->key2 = draw(h, 10) ? ++h->returns : 1 + draw(h, h->returns + 1);
    s->occurred_ms = draw(h, 3) ? h->now_ms : 0;
    const struct step *o = ordered(h, no, s->key);
    uint32_t lines = o ? o->line_n : 1;
    s->line_n = 1 + draw(h, lines);
    for (uint32_t i = 0; i < s->line_n; i++) {
        uint32_t at = draw(h, 40) ? (i + draw(h, 2)) % lines : lines + 1;
        int64_t all = o && at < lines ? o->line[at].quantity : 1000;
        s->line[i].line = (uint16_t)at;
        s->line[i].quantity = draw(h, 2) ? all : 1 + draw(h, (uint32_t)all);
        s->line[i].net = INT64_MIN;
        if (o && at < lines && draw(h, 8) == 0)
            s->line[i].net = draw(h, (uint32_t)o->line[at].net + 1);
    }
}

static uint32_t ref_of(struct history *h, uint32_t no, enum step_op a, enum step_op b)
{
    for (uint32_t tries = 0; tries < 60 && no > 0; tries++) {
        uint32_t i = draw(h, 4) ? no - 1 - draw(h, no < 60 ? no : 60) : draw(h, no);
        if (h->step[i].op == a || h->step[i].op == b)
            return h->step[i].no;
    }
    return draw(h, no + 1);
}

static void value(struct history *h, struct step *s, uint32_t no)
{
    s->id_n = s->op == STEP_TRANSFER ? 2 : 1;
    s->id[0] = identifier(h);
    s->id[1] = identifier(h);
    s->unit = draw(h, 40) ? draw(h, 2) : draw(h, UNITS + 1);
    s->amount = 1 + draw(h, 300);
    if (s->op == STEP_ADJUST && draw(h, 2))
        s->amount = -s->amount;
    if (draw(h, 50) == 0)
        s->amount = 0;
    if (s->op == STEP_HOLD)
        s->kind = 1 + draw(h, draw(h, 3) ? 600 : 60 * 24 * 60);
    if (s->op == STEP_POST) {
        s->kind = draw(h, 2);
        s->amount = draw(h, 2) ? 0 : s->amount;
    }
    if (s->op == STEP_POST || s->op == STEP_VOID)
        s->ref = ref_of(h, no, STEP_HOLD, STEP_HOLD);
    if (s->op == STEP_REVERSE) {
        s->ref = draw(h, 2) ? ref_of(h, no, STEP_POST, STEP_TRANSFER)
                            : ref_of(h, no, STEP_ADJUST, STEP_POST);
        s->amount = draw(h, 2) ? 0 : s->amount;
    }
}

static void person(struct history *h, struct step *s)
{
    s->id_n = s->op == STEP_ENROL || s->op == STEP_ERASE ? 1 : s->op == STEP_LINK ? 2 : 2 + draw(h, 2);
    for (uint32_t i = 0; i < s->id_n; i++)
        s->id[i] = identifier(h);
    s->kind = 1 + draw(h, 3);
    s->occurred_ms = h->now_ms;
}

static enum step_op pick(struct history *h)
{
    static const struct {
        enum step_op op;
        uint32_t weight;
    } mix[] = {{STEP_CONTACT, 90}, {STEP_ENROL, 20},   {STEP_ORDER, 240},  {STEP_RETURN, 110},
               {STEP_CANCEL, 20},  {STEP_ADJUST, 100}, {STEP_HOLD, 100},   {STEP_POST, 70},
               {STEP_VOID, 20},    {STEP_TRANSFER, 40}, {STEP_REVERSE, 60}, {STEP_RELEASE, 20},
               {STEP_UNMERGE, 12}, {STEP_LINK, 10},    {STEP_ERASE, 2},    {STEP_UNIT, 3},
               {STEP_RULE, 5},     {STEP_SCHEME, 3},   {STEP_FIRE, 60},    {STEP_EVICT, 15}};
    uint32_t all = 0, at = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(mix); i++)
        all += mix[i].weight;
    uint32_t n = draw(h, all);
    while (n >= mix[at].weight)
        n -= mix[at++].weight;
    return mix[at].op;
}

struct step history_next(struct history *h, struct pair *p, uint32_t no)
{
    clock_on(h, p);
    struct step s = {.op = pick(h), .no = no, .now_ms = h->now_ms};
    if (h->year && no % 8 == 7)
        s.op = STEP_FIRE;
    switch (s.op) {
    case STEP_CONTACT:
        identifiers(h, &s);
        s.occurred_ms = occurred(h);
        break;
    case STEP_ORDER:
        order(h, &s, no);
        break;
    case STEP_RETURN:
    case STEP_CANCEL:
        bring_back(h, &s, no);
        break;
    case STEP_ENROL:
    case STEP_UNMERGE:
    case STEP_LINK:
    case STEP_ERASE:
        person(h, &s);
        break;
    case STEP_UNIT:
    case STEP_RULE:
        s.unit = draw(h, s.op == STEP_UNIT ? 2 : RULES);
        s.amount = draw(h, VARIANTS);
        break;
    case STEP_SCHEME:
        s.amount = draw(h, VARIANTS);
        break;
    case STEP_FIRE:
    case STEP_EVICT:
        break;
    case STEP_ADJUST:
    case STEP_HOLD:
    case STEP_POST:
    case STEP_VOID:
    case STEP_TRANSFER:
    case STEP_REVERSE:
    case STEP_RELEASE:
    case STEPS:
    default:
        value(h, &s, no);
        break;
    }
    return s;
}
