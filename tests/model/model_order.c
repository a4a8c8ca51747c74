// SPDX-License-Identifier: Apache-2.0
/* The model's orders: every share is worked out anew from the facts of the order. */
#include "core/catalog/objects.h"
#include "core/codes.h"
#include "core/order/order.h"
#include "model.h"

#include <string.h>

/* ---- the past --------------------------------------------------------------------------------- */

int64_t mo_spend(const struct model *m, uint32_t profile, int32_t from, int32_t to)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->order_n; i++) {
        const struct morder *o = &m->order[i];
        if (o->day >= from && o->day < to && model_same(m, o->profile, profile))
            sum += o->net - o->returned_net;
    }
    return sum;
}

static bool counted(const struct morder *o)
{
    return o->state != TB_ORDER_RETURNED && o->state != TB_ORDER_CANCELLED;
}

int64_t mo_orders(const struct model *m, uint32_t profile, int32_t from, int32_t to)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->order_n; i++) {
        const struct morder *o = &m->order[i];
        sum += o->day >= from && o->day < to && model_same(m, o->profile, profile) &&
               counted(o);
    }
    return sum;
}

int64_t mo_visits(const struct model *m, uint32_t profile, int32_t from, int32_t to)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->order_n; i++) {
        const struct morder *o = &m->order[i];
        bool counts = o->day >= from && o->day < to && model_same(m, o->profile, profile) && counted(o);
        for (uint32_t k = 0; k < i && counts; k++) /* once for each profile and day */
            counts = m->order[k].day != o->day || m->order[k].profile != o->profile ||
                     !counted(&m->order[k]);
        sum += counts;
    }
    return sum;
}

/* ---- placing ------------------------------------------------------------------------------------ */

static int64_t food(const struct morder *o)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < o->line_n; i++)
        sum += o->line[i].sku < 4 ? o->line[i].net : 0;
    return sum;
}

static int64_t by_rule(const struct model *m, const struct rule_def *r, const struct morder *o)
{
    switch ((enum rule_form)r->form) {
    case RULE_NET:
        return o->net * r->n / 1000;
    case RULE_FLAT_ABOVE:
        return o->net >= r->n * 100 ? r->m : 0;
    case RULE_FOOD:
        return food(o) * r->n / 1000;
    case RULE_LOYAL:
        return mo_orders(m, o->profile, o->day - 29, o->day + 1) >= 2 ? r->m : 0;
    case RULE_SPENT:
        return mo_spend(m, o->profile, o->day - 59, o->day + 1) > r->n * 100 ? r->m : 0;
    case RULE_TIER:
    case RULE_FORMS:
    default:
        return mm_tier(m, o->profile) >= 1 ? o->net / 100 : 0;
    }
}

static bool in_force(const struct rule_def *r, int64_t at)
{
    return !r->disabled && at >= r->from_ms && (r->until_ms == 0 || at < r->until_ms);
}

static void earn(struct model *m, struct morder *o, struct reply *r)
{
    for (int64_t priority = 0; priority < 4; priority++)
        for (uint32_t i = 0; i < RULES; i++) {
            const struct rule_def *d = &m->rule[i];
            if (d->priority != priority || !in_force(d, o->at))
                continue;
            int64_t amount = by_rule(m, d, o);
            uint64_t lot = 0;
            if (amount > 0)
                amount = ml_earn(m, o->profile, d->unit, amount, r->unit[d->unit][2], o->day, &lot);
            if (amount <= 0)
                continue;
            o->earn[o->earn_n++] = (struct mearn){d->unit, i, lot, amount, 0, 0};
            r->unit[d->unit][2] += amount;
        }
}

static void units_of(const struct model *m, const struct morder *o, struct reply *r, bool order)
{
    for (uint32_t u = 0; u < UNITS; u++) {
        bool touched = false;
        for (uint32_t i = 0; i < o->earn_n; i++)
            touched |= o->earn[i].unit == u;
        if (!touched || o->profile == 0)
            continue;
        struct mbalance b = model_balance(m, o->profile, u);
        r->unit[u][3] = b.available;
        if (order)
            r->unit[u][4] = b.pending;
    }
}

static bool same_facts(const struct step *a, const struct step *b)
{
    if (a->op != b->op || a->id_n != b->id_n || a->line_n != b->line_n ||
        a->occurred_ms != b->occurred_ms)
        return false;
    for (uint32_t i = 0; i < a->id_n; i++)
        if (a->id[i].ns != b->id[i].ns || a->id[i].value != b->id[i].value)
            return false;
    for (uint32_t i = 0; i < a->line_n; i++)
        if (a->line[i].sku != b->line[i].sku || a->line[i].line != b->line[i].line ||
            a->line[i].quantity != b->line[i].quantity || a->line[i].net != b->line[i].net)
            return false;
    return true;
}

static int64_t net_of(const struct step *s)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < s->line_n; i++)
        sum += s->line[i].net;
    return sum;
}

/* The same receipt under another key is the same sale when the money agrees. */
static struct morder *by_receipt(struct model *m, uint32_t receipt)
{
    for (uint32_t i = 0; receipt && i < m->order_n; i++)
        if (m->order[i].receipt == receipt)
            return &m->order[i];
    return NULL;
}

static struct morder *by_key(struct model *m, uint32_t key)
{
    for (uint32_t i = 0; i < m->order_n; i++)
        if (m->order[i].key == key)
            return &m->order[i];
    return NULL;
}

void mo_order(struct model *m, const struct step *s, uint32_t booked, struct reply *r)
{
    struct morder *old = by_key(m, s->key);
    struct morder *sale = old ? old : by_receipt(m, s->key2);
    if (sale != NULL) {
        bool same = old ? same_facts(&old->first, s) : sale->net == net_of(s) && sale->line_n == s->line_n;
        r->code = same ? TB_CODE_OK : TB_CODE_ORDER_EXISTS;
        r->v[3] = same;
        return;
    }
    if (s->occurred_ms > m->now + TB_DAY_MS) {
        r->code = TB_CODE_TIME_IN_FUTURE;
        return;
    }
    m->order = grow(m->order, m->order_n, &m->order_cap, sizeof *m->order);
    struct morder *o = &m->order[m->order_n++];
    memset(o, 0, sizeof *o);
    o->key = s->key;
    o->receipt = s->key2;
    o->profile = booked;
    o->at = s->occurred_ms;
    o->day = mt_day(m->def->zone, s->occurred_ms);
    o->first = *s;
    o->line_n = s->line_n;
    memcpy(o->line, s->line, sizeof o->line);
    o->net = net_of(s);
    if (booked == 0)
        return;
    earn(m, o, r);
    mm_evaluate(m, booked, o->day, false);
    units_of(m, o, r, true);
    r->v[5] = 1 + mm_tier(m, booked);
}

/* ---- coming back ----------------------------------------------------------------------------------- */

static int64_t line_share(const struct morder *o, uint32_t i, int64_t quantity)
{
    int64_t share = 0;
    tb_assert(tb_mul_div(o->line[i].net, quantity, o->line[i].quantity, TB_ROUND_HALF_UP, &share));
    return share;
}

/* What of an earning belongs to all that has come back. */
static int64_t due_back(const struct morder *o, int64_t earned)
{
    int64_t weight[STEP_LINES], part[STEP_LINES], sum = 0;
    for (uint32_t i = 0; i < o->line_n; i++)
        weight[i] = o->net ? o->line[i].net : o->line[i].quantity;
    tb_assert(tb_split(earned, weight, o->line_n, part));
    for (uint32_t i = 0; i < o->line_n; i++) {
        int64_t back = o->net ? o->back_net[i] : o->back_quantity[i];
        if (o->back_quantity[i] == o->line[i].quantity)
            sum += part[i];
        else if (weight[i])
            sum += part[i] * back / weight[i];
    }
    return sum;
}

static void claw(struct model *m, struct morder *o, struct reply *r)
{
    for (uint32_t i = 0; i < o->earn_n; i++) {
        struct mearn *e = &o->earn[i];
        int64_t more = due_back(o, e->amount) - e->clawed;
        if (more <= 0)
            continue;
        int64_t policy = m->unit[e->unit].kind == TB_UNIT_QUALIFYING ? TB_NEGATIVE_UNLIMITED
                                                                      : m->unit[e->unit].negative;
        int64_t taken = ml_claw(m, o->profile, e->unit, more, e->lot, policy, false, o->day);
        e->clawed += more;
        e->shortfall += more - taken;
        r->unit[e->unit][2] += taken;
        r->unit[e->unit][4] += more - taken;
    }
}

static bool check_lines(const struct morder *o, const struct step *s, struct reply *r,
                        int64_t *quantity, int64_t *net)
{
    memset(quantity, 0, sizeof(int64_t) * STEP_LINES);
    memset(net, 0, sizeof(int64_t) * STEP_LINES);
    for (uint32_t i = 0; i < s->line_n; i++) {
        uint32_t at = s->line[i].line;
        if (at >= o->line_n || s->line[i].quantity <= 0) {
            r->code = TB_CODE_INVALID;
            return false;
        }
        int64_t before = o->back_quantity[at] + quantity[at];
        if (before + s->line[i].quantity > o->line[at].quantity) {
            r->code = TB_CODE_RETURN_EXCEEDS;
            return false;
        }
        int64_t share = line_share(o, at, before + s->line[i].quantity) - o->back_net[at] - net[at];
        int64_t paid = s->line[i].net != INT64_MIN ? s->line[i].net : share > 0 ? share : 0;
        if (o->back_net[at] + net[at] + paid > o->line[at].net) {
            r->code = TB_CODE_RETURN_EXCEEDS;
            return false;
        }
        quantity[at] += s->line[i].quantity;
        net[at] += paid;
    }
    return true;
}

static void bring_back(struct model *m, struct morder *o, const int64_t *quantity,
                       const int64_t *net, bool cancel, struct reply *r)
{
    bool all = true;
    for (uint32_t i = 0; i < o->line_n; i++) {
        o->back_quantity[i] += quantity[i];
        o->back_net[i] += net[i];
        o->returned_net += net[i];
        r->v[8] += net[i];
        all &= o->back_quantity[i] == o->line[i].quantity;
    }
    o->state = cancel ? TB_ORDER_CANCELLED : all ? TB_ORDER_RETURNED : TB_ORDER_PART_RETURNED;
    if (o->profile == 0)
        return;
    claw(m, o, r);
    mm_evaluate(m, o->profile, mt_day(m->def->zone, m->now), true);
    units_of(m, o, r, false);
}

static bool stood(struct model *m, const struct step *s, struct reply *r)
{
    for (uint32_t k = 0; k < m->order_n; k++)
        for (uint32_t i = 0; i < m->order[k].return_n; i++)
            if (m->order[k].back[i].key == s->key2) {
                r->code = same_facts(&m->order[k].back[i].as, s) ? TB_CODE_OK : TB_CODE_ORDER_EXISTS;
                r->v[3] = r->code == TB_CODE_OK;
                return true;
            }
    return false;
}

void mo_return(struct model *m, const struct step *s, struct reply *r)
{
    int64_t quantity[STEP_LINES] = {0}, net[STEP_LINES] = {0};
    bool cancel = s->op == STEP_CANCEL;
    if (!cancel && stood(m, s, r))
        return;
    struct morder *o = by_key(m, s->key);
    if (o == NULL) {
        r->code = TB_CODE_UNKNOWN_ORDER;
        return;
    }
    if (o->state == TB_ORDER_CANCELLED || (cancel && o->state == TB_ORDER_RETURNED)) {
        r->code = cancel ? TB_CODE_OK : TB_CODE_ORDER_CLOSED;
        r->v[3] = cancel;
        return;
    }
    for (uint32_t i = 0; cancel && i < o->line_n; i++) {
        if (o->back_quantity[i] == o->line[i].quantity)
            continue;
        quantity[i] = o->line[i].quantity - o->back_quantity[i];
        net[i] = o->line[i].net - o->back_net[i];
    }
    if (!cancel && !check_lines(o, s, r, quantity, net))
        return;
    if (!cancel && o->return_n < 32) {
        o->back[o->return_n].key = s->key2;
        o->back[o->return_n++].as = *s;
    }
    bring_back(m, o, quantity, net, cancel, r);
}
