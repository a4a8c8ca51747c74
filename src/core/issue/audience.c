// SPDX-License-Identifier: Apache-2.0
/* core/issue/audience.c - see audience.h. */
#include "core/issue/audience.h"

#include "core/catalog/rule_env.h"
#include "core/consent/consent.h"
#include "core/order/resolve.h"

#include <string.h>

bool tb_audience_open(struct tb_audience *who, struct tb_txn *t, struct tb_str source, uint32_t offer)
{
    *who = (struct tb_audience){.t = t, .offer = offer};
    struct tb_block *b = offer ? tb_read(t, TB_KIND_OFFER, offer) : NULL;
    if (b != NULL && b->n[TB_OFFER_AUDIENCE]) { /* a copy: the block may move while the run writes */
        size_t bytes = (size_t)b->n[TB_OFFER_AUDIENCE] * 8;
        void *copy = tb_arena_alloc(t->scratch, bytes);
        tb_assert(copy != NULL);
        memcpy(copy, tb_section(t, b, TB_OFFER_AUDIENCE), bytes);
        who->program = copy;
    }
    if (b != NULL)
        return !((const struct tb_offer_version *)tb_block_head_const(b))->broken;
    if (source.n == 0)
        return offer == 0;
    void *region = tb_arena_alloc(t->scratch, TB_EXPR_PROGRAM_MAX);
    struct tb_rule_env *env = TB_NEW(t->scratch, struct tb_rule_env);
    struct tb_expr_problem problem;
    tb_assert(region != NULL && env != NULL);
    tb_rule_env_init(env, t, t->tenant, TB_RULE_TIER, UINT32_MAX);
    who->program = tb_rule_compile(env, TB_RULE_PART_CONDITION, source, region, &problem, NULL);
    return who->program != NULL;
}

static bool matches(const struct tb_audience *who, struct tb_block *person)
{
    if (who->program == NULL)
        return true;
    struct tb_txn *t = who->t;
    struct tb_resolve r = {.t = t,
                           .person = person,
                           .zone = tb_tenant_zone(t),
                           .at_ms = t->now_ms,
                           .digits = (uint8_t)tb_tenant_of(t)->currency_digits};
    struct tb_expr_run run = {.resolve = tb_order_resolve, .user = &r, .arena = t->scratch, .zone = r.zone};
    struct tb_expr_value v;
    size_t mark = tb_arena_mark(t->scratch);
    bool in = tb_expr_eval(who->program, &run, &v) && v.as.b;
    tb_arena_release(t->scratch, mark);
    return in;
}

static bool first_order(const struct tb_txn *t, struct tb_block *person)
{
    const struct tb_life *life = tb_section(t, person, TB_PERSON_LIFE);
    for (uint32_t i = 0; i < person->n[TB_PERSON_LIFE]; i++)
        if (life[i].orders > 0)
            return false;
    return true;
}

/* A limit of a member has room for one use more. */
static bool has_room(const struct tb_txn *t, struct tb_block *offer, struct tb_block *person)
{
    const struct tb_offer_version *v = tb_block_head_const(offer);
    const struct tb_offer_limit *limit = tb_section(t, offer, TB_OFFER_LIMIT);
    struct tb_block *campaign = tb_read(t, TB_KIND_CAMPAIGN, v->campaign);
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    for (uint32_t i = 0; i < offer->n[TB_OFFER_LIMIT]; i++) {
        if (limit[i].scope != TB_LIMIT_MEMBER)
            continue;
        struct tb_used used = tb_promotion_used(t, campaign, person, &limit[i], 0, today);
        if ((limit[i].uses && used.uses >= limit[i].uses) || (limit[i].amount && used.amount >= limit[i].amount) ||
            (limit[i].pieces && used.pieces >= limit[i].pieces))
            return false;
    }
    return true;
}

enum tb_standing tb_audience_ask(const struct tb_audience *who, struct tb_block *person)
{
    if (!matches(who, person))
        return TB_STANDS_OUTSIDE;
    if (who->offer == 0)
        return TB_STANDS_IN;
    struct tb_block *offer = tb_read(who->t, TB_KIND_OFFER, who->offer);
    const struct tb_offer_version *v = tb_block_head_const(offer);
    bool may = !(v->flags & TB_OFFER_MEMBERS_ONLY && person->n[TB_PERSON_ENROL] == 0) &&
               !(v->flags & TB_OFFER_FIRST_ORDER && !first_order(who->t, person)) &&
               has_room(who->t, offer, person);
    if (!may)
        return TB_STANDS_INELIGIBLE;
    return tb_promotion_held_out(v, person) ? TB_STANDS_HELD_OUT : TB_STANDS_IN;
}

bool tb_audience_consented(const struct tb_txn *t, struct tb_block *person, uint32_t purpose)
{
    const struct tb_consent *c = tb_section(t, person, TB_PERSON_CONSENT);
    for (uint32_t i = 0; i < person->n[TB_PERSON_CONSENT]; i++) {
        if (c[i].state != TB_CONSENT_GRANTED || (purpose && c[i].purpose != purpose))
            continue;
        const struct tb_purpose *p = tb_catalog_find(t, TB_KIND_PURPOSE, c[i].purpose);
        if (p == NULL || (purpose == 0 && !p->marketing))
            continue;
        if (tb_consent_effective(t, person, c[i].profile, c[i].purpose, c[i].channel, t->now_ms) ==
            TB_EFFECTIVE_GRANTED)
            return true;
    }
    return false;
}
