// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "core/catalog/objects.h"
#include "core/codes.h"

struct model *model_new(const struct catalog_def *def, int64_t now)
{
    struct model *m = calloc(1, sizeof *m);
    tb_assert(m != NULL);
    m->def = def;
    m->now = now;
    for (uint32_t i = 0; i < UNITS; i++)
        m->unit[i] = def->unit[i][0];
    for (uint32_t i = 0; i < RULES; i++)
        m->rule[i] = def->rule[i][0];
    m->scheme = def->scheme[0];
    return m;
}

void model_free(struct model *m)
{
    free(m->lot);
    free(m->hold);
    free(m->transfer);
    free(m->order);
    free(m->cap);
    free(m->fact);
    free(m);
}

static void enrol(struct model *m, const struct step *s, uint32_t profile, struct reply *r)
{
    if (profile == 0) {
        r->code = TB_CODE_UNKNOWN_MEMBER;
        return;
    }
    for (uint32_t p = 1; p <= m->profiles; p++)
        if (model_same(m, p, profile) && m->enrolled[p])
            r->code = TB_CODE_ALREADY_ENROLLED;
    if (r->code == TB_CODE_OK)
        m->enrolled[profile] = s->occurred_ms;
}

void model_run(struct model *m, const struct step *s, const uint32_t *who, uint32_t booked,
               struct reply *r)
{
    memset(r, 0, sizeof *r);
    switch (s->op) {
    case STEP_UNIT:
        m->unit[s->unit] = m->def->unit[s->unit][s->amount];
        break;
    case STEP_RULE:
        m->rule[s->unit] = m->def->rule[s->unit][s->amount];
        break;
    case STEP_SCHEME:
        if (memcmp(&m->scheme, &m->def->scheme[s->amount], sizeof m->scheme) != 0) {
            m->scheme = m->def->scheme[s->amount];
            mm_all(m);
        }
        break;
    case STEP_ERASE: /* value stays as numbers; the membership ends */
        for (uint32_t p = 1; p <= m->profiles; p++)
            if (model_same(m, p, who[0]))
                m->enrolled[p] = 0;
        break;
    case STEP_ENROL:
        enrol(m, s, who[0], r);
        break;
    case STEP_ORDER:
        mo_order(m, s, booked, r);
        break;
    case STEP_RETURN:
    case STEP_CANCEL:
        mo_return(m, s, r);
        break;
    case STEP_CONTACT: /* they move persons, not value */
    case STEP_UNMERGE:
    case STEP_LINK:
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
        ml_value(m, s, who, r);
        break;
    }
}
