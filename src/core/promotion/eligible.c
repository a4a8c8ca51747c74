// SPDX-License-Identifier: Apache-2.0
/* core/promotion/eligible.c - which offers are open to this basket, member, place and instant.
 *
 * Every live offer passes a row of tests, the cheapest to refuse first; the first that it fails is its
 * reason. What passes becomes a struct tb_offer; an offer that takes a coupon becomes one for each
 * coupon. Invariant: reads only, and what is open stays legal when all of it is used at once as far
 * as counters go (several coupons of one offer never pass its limit or its budget together). */
#include "core/promotion/eligible_int.h"

#include "base/siphash.h"
#include "core/catalog/rule_env.h"
#include "core/order/resolve.h"
#include "core/promotion/commands.h"

#include <string.h>

#define COUPONS_EACH 8u     /* coupons of one template that are tried at most */
#define COUPONS_TRIED 256u  /* of one member */
#define OPEN_MAX 1024u

void tb_judge_refuse(struct tb_judge *j, uint32_t campaign, uint32_t offer, uint64_t lot, enum tb_promotion_why why,
                     int64_t missing)
{
    if (j->out->refused_n < j->refused_cap)
        j->out->refused[j->out->refused_n++] = (struct tb_promotion_refusal){
            .campaign = campaign, .offer = offer, .lot = lot, .why = why, .missing = missing};
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- coupons -------------------------------------------------------------------------------- */

int64_t tb_coupon_from_ms(const struct tb_txn *t, const struct tb_unit *unit, int32_t earned_day)
{
    int64_t from = unit->valid_from_ms;
    if (unit->wait_days) {
        int64_t waited = tb_zone_day_start_ms(tb_tenant_zone(t), earned_day + (int32_t)unit->wait_days);
        from = waited > from ? waited : from;
    }
    return from;
}

static bool coupon_known(const struct tb_judge *j, uint64_t lot)
{
    for (uint32_t i = 0; i < j->coupon_n; i++)
        if (j->coupon[i].lot == lot)
            return true;
    return false;
}

static void add_coupon(struct tb_judge *j, const struct tb_coupon *c)
{
    if (j->coupon_n < j->coupon_cap && !coupon_known(j, c->lot))
        j->coupon[j->coupon_n++] = *c;
}

static const struct tb_unit *template_of(const struct tb_txn *t, uint32_t unit)
{
    const struct tb_unit *u = tb_catalog_find(t, TB_KIND_UNIT, unit);
    return u != NULL && u->kind == TB_UNIT_COUPON ? u : NULL;
}

/* OPEN, EXPIRED or EARLY with what is missing. */
static enum tb_promotion_why coupon_usable(const struct tb_judge *j, const struct tb_coupon *c, int64_t *missing)
{
    const struct tb_unit *u = template_of(j->t, c->unit);
    int64_t now = j->t->now_ms > j->ask->at_ms ? j->t->now_ms : j->ask->at_ms;
    *missing = 0;
    if (u == NULL)
        return TB_PROMOTION_COUPON_UNKNOWN;
    if (c->due_ms <= now)
        return TB_PROMOTION_COUPON_EXPIRED;
    int64_t from = tb_coupon_from_ms(j->t, u, c->earned_day);
    if (from <= now)
        return TB_PROMOTION_OPEN;
    *missing = from - now;
    return TB_PROMOTION_COUPON_EARLY;
}

static void wanted_coupon(struct tb_judge *j, uint64_t lot)
{
    struct tb_coupon c;
    bool locked = false;
    int64_t missing = 0;
    if (coupon_known(j, lot))
        return;
    enum tb_promotion_why why = TB_PROMOTION_COUPON_UNKNOWN;
    if (j->ask->profile && tb_coupon_find(j->t, j->ask->profile, lot, &c, &locked))
        why = coupon_usable(j, &c, &missing);
    else if (locked)
        why = TB_PROMOTION_COUPON_LOCKED;
    if (why == TB_PROMOTION_OPEN)
        add_coupon(j, &c);
    else
        tb_judge_refuse(j, 0, 0, lot, why, missing);
}

static void every_coupon(struct tb_judge *j)
{
    const struct tb_lot *lot = tb_section(j->t, j->person, TB_PERSON_LOT);
    for (uint32_t i = 0; i < j->person->n[TB_PERSON_LOT]; i++) {
        if (lot[i].state != TB_LOT_AVAILABLE || lot[i].left != 1 || template_of(j->t, lot[i].unit) == NULL)
            continue;
        struct tb_coupon c = {.lot = lot[i].id,
                              .profile = lot[i].profile,
                              .unit = lot[i].unit,
                              .due_ms = lot[i].due_ms,
                              .earned_day = lot[i].earned_day};
        int64_t missing;
        if (coupon_usable(j, &c, &missing) == TB_PROMOTION_OPEN)
            add_coupon(j, &c);
    }
}

static void gather_coupons(struct tb_judge *j)
{
    const struct tb_promotion_ask *ask = j->ask;
    for (uint32_t i = 0; i < ask->locked_n; i++)
        add_coupon(j, &ask->locked[i]);
    for (uint32_t i = 0; i < ask->coupon_n; i++)
        wanted_coupon(j, ask->coupon[i]);
    uint32_t named = j->coupon_n;
    if (ask->best_of_mine && j->person != NULL)
        every_coupon(j);
    for (uint32_t i = named; i < j->coupon_n; i++) { /* soonest expiry first, then the older one */
        struct tb_coupon c = j->coupon[i];
        uint32_t at = i;
        for (; at > named && (j->coupon[at - 1].due_ms > c.due_ms ||
                              (j->coupon[at - 1].due_ms == c.due_ms && j->coupon[at - 1].lot > c.lot));
             at--)
            j->coupon[at] = j->coupon[at - 1];
        j->coupon[at] = c;
    }
}

/* ---- the tests, the cheapest first ------------------------------------------------------------ */

static enum tb_promotion_why test_window(const struct tb_judge *j, struct tb_trial *x)
{
    if (j->ask->at_ms < x->v->from_ms) {
        x->missing = x->v->from_ms - j->ask->at_ms;
        return TB_PROMOTION_NOT_YET;
    }
    return j->ask->at_ms >= x->v->until_ms ? TB_PROMOTION_OVER : TB_PROMOTION_OPEN;
}

static enum tb_promotion_why test_places(const struct tb_judge *j, const struct tb_trial *x)
{
    if (x->offer->n[TB_OFFER_PLACE] == 0)
        return TB_PROMOTION_OPEN;
    const struct tb_offer_place *place = tb_section(j->t, x->offer, TB_OFFER_PLACE);
    const uint32_t here[TB_PLACE_BYS] = {j->ask->store, j->ask->touchpoint, j->ask->channel};
    bool listed[TB_PLACE_BYS] = {false};
    bool found[TB_PLACE_BYS] = {false};
    for (uint32_t i = 0; i < x->offer->n[TB_OFFER_PLACE]; i++) {
        listed[place[i].by] = true;
        found[place[i].by] = found[place[i].by] || place[i].id == here[place[i].by];
    }
    if (listed[TB_PLACE_CHANNEL] && !found[TB_PLACE_CHANNEL])
        return TB_PROMOTION_CHANNEL;
    if (listed[TB_PLACE_STORE] && !found[TB_PLACE_STORE])
        return TB_PROMOTION_STORE;
    return listed[TB_PLACE_TOUCHPOINT] && !found[TB_PLACE_TOUCHPOINT] ? TB_PROMOTION_TOUCHPOINT : TB_PROMOTION_OPEN;
}

static enum tb_promotion_why test_times(const struct tb_judge *j, const struct tb_trial *x)
{
    if (x->offer->n[TB_OFFER_TIME] == 0)
        return TB_PROMOTION_OPEN;
    const struct tb_offer_time *w = tb_section(j->t, x->offer, TB_OFFER_TIME);
    bool weekly = false;
    bool open = false;
    bool dark = false;
    for (uint32_t i = 0; i < x->offer->n[TB_OFFER_TIME]; i++) {
        if (w[i].black_out) {
            dark = dark || (j->ask->at_ms >= w[i].from_ms && j->ask->at_ms < w[i].until_ms);
            continue;
        }
        weekly = true;
        open = open || ((w[i].weekdays >> j->weekday & 1) && j->local_s >= w[i].from_s && j->local_s < w[i].until_s);
    }
    if (weekly && !open)
        return TB_PROMOTION_TIME_OF_WEEK;
    return dark ? TB_PROMOTION_BLACK_OUT : TB_PROMOTION_OPEN;
}

static bool has_coupon(const struct tb_judge *j, uint32_t unit)
{
    for (uint32_t i = 0; i < j->coupon_n; i++)
        if (j->coupon[i].unit == unit)
            return true;
    return false;
}

static enum tb_promotion_why test_member(const struct tb_judge *j, const struct tb_trial *x)
{
    if (x->v->coupon_unit && !has_coupon(j, x->v->coupon_unit))
        return TB_PROMOTION_NO_COUPON;
    if (x->v->flags & TB_OFFER_MEMBERS_ONLY && (j->person == NULL || j->person->n[TB_PERSON_ENROL] == 0))
        return TB_PROMOTION_MEMBERS_ONLY;
    if (x->v->flags & (TB_OFFER_REFERRED | TB_OFFER_TO_REFERRER) && j->ask->referrer == 0)
        return TB_PROMOTION_FIRST_ORDER;
    if (!(x->v->flags & TB_OFFER_FIRST_ORDER))
        return TB_PROMOTION_OPEN;
    if (j->person == NULL)
        return TB_PROMOTION_FIRST_ORDER;
    const struct tb_life *life = tb_section(j->t, j->person, TB_PERSON_LIFE);
    for (uint32_t i = 0; i < j->person->n[TB_PERSON_LIFE]; i++)
        if (life[i].orders > 0)
            return TB_PROMOTION_FIRST_ORDER;
    return TB_PROMOTION_OPEN;
}

bool tb_judge_scope(const struct tb_judge *j, const struct tb_trial *x, uint32_t slot, uint64_t *bits)
{
    const struct tb_promotion_ask *ask = j->ask;
    uint32_t line_n = ask->order->line_n;
    if (x->place == TB_TRIAL_NAMED)
        return tb_offer_scope_bits(j->t, x->offer, slot, ask->product, line_n, bits);
    uint32_t wide = (j->live_n + 63) / 64 * TB_SCOPE_SLOTS;
    const uint64_t *in = j->in + x->place / 64 * TB_SCOPE_SLOTS + slot;
    bool some = false;
    for (uint32_t i = 0; i < line_n; i++, in += wide)
        if (*in >> (x->place % 64) & 1) {
            bits[i / 64] |= (uint64_t)1 << (i % 64);
            some = true;
        }
    return some;
}

static enum tb_promotion_why test_scope(const struct tb_judge *j, struct tb_trial *x)
{
    bool bundle = x->v->mechanic == TB_PRICE_BUNDLE; /* its slots are asked when it is made */
    uint32_t words = tb_judge_words(j);
    bool some = bundle;
    if (x->place != TB_TRIAL_NAMED) {
        x->scope = j->scope + (size_t)x->place * words;
        for (uint32_t w = 0; w < words; w++)
            some = some || x->scope[w] != 0;
        return some ? TB_PROMOTION_OPEN : TB_PROMOTION_SCOPE;
    }
    x->scope = TB_NEW_ARRAY(j->t->scratch, uint64_t, words);
    tb_assert(x->scope != NULL);
    some = some || tb_judge_scope(j, x, TB_SCOPE_SLOT_X, x->scope);
    return some ? TB_PROMOTION_OPEN : TB_PROMOTION_SCOPE;
}

static bool evaluate(const struct tb_judge *j, const struct tb_trial *x, uint32_t section, struct tb_expr_value *out)
{
    struct tb_resolve r = {.t = j->t,
                           .person = j->person,
                           .order = section == TB_OFFER_AUDIENCE ? NULL : j->ask->order,
                           .zone = tb_tenant_zone(j->t),
                           .at_ms = j->ask->at_ms,
                           .digits = (uint8_t)tb_tenant_of(j->t)->currency_digits};
    struct tb_expr_run run = {
        .resolve = tb_order_resolve, .user = &r, .arena = j->t->scratch, .zone = r.zone};
    return tb_expr_eval(tb_section(j->t, x->offer, section), &run, out);
}

static bool holds(const struct tb_judge *j, const struct tb_trial *x, uint32_t section)
{
    struct tb_expr_value v;
    return x->offer->n[section] == 0 || (evaluate(j, x, section, &v) && v.as.b);
}

static enum tb_promotion_why test_traits(const struct tb_judge *j, const struct tb_trial *x)
{
    if (x->v->broken)
        return TB_PROMOTION_CONDITION;
    if (!holds(j, x, TB_OFFER_AUDIENCE))
        return TB_PROMOTION_AUDIENCE;
    return holds(j, x, TB_OFFER_CONDITION) ? TB_PROMOTION_OPEN : TB_PROMOTION_CONDITION;
}

/* A formula gives the offer's amount (its rate, where there is one) and never more than is stated beside it:
 * a discount is at most, a price at least that. One that fails or gives nothing closes the offer.       */
static enum tb_promotion_why test_formula(const struct tb_judge *j, struct tb_trial *x)
{
    struct tb_expr_value v;
    if (x->offer->n[TB_OFFER_FORMULA] == 0)
        return TB_PROMOTION_OPEN;
    bool price = tb_offer_is_price(x->v->mechanic);
    bool rate = tb_offer_has_rate(x->v->mechanic);
    int64_t stated = rate ? x->v->ppm : x->v->amount;
    uint8_t digits = rate ? 6 : (uint8_t)tb_tenant_of(j->t)->currency_digits;
    int64_t term;
    if (!evaluate(j, x, TB_OFFER_FORMULA, &v) ||
        !tb_expr_to_scaled(&v, digits, (enum tb_rounding)x->v->rounding, &term))
        return TB_PROMOTION_CONDITION;
    if (price ? term < 0 || term > TB_PRICE_MONEY_MAX : term <= 0)
        return TB_PROMOTION_CONDITION;
    x->term = (price ? term < stated : term > stated) ? stated : term;
    x->formed = true;
    return TB_PROMOTION_OPEN;
}

static void lower(int64_t *left, int64_t bound, int64_t used)
{
    if (bound != 0 && bound - used < *left)
        *left = bound > used ? bound - used : 0;
}

/* No use of the offer counts fewer: units of a gift, the parts of one group; what a ladder concerns cannot be
 * cut, so all of its scope (quantities that do not divide count by their thousandths, at most).        */
static int64_t least_pieces(const struct tb_judge *j, const struct tb_trial *x)
{
    if (x->v->mechanic != TB_PRICE_LADDER)
        return tb_offer_group_pieces(x->v);
    int64_t parts = 0;
    for (uint32_t i = 0; i < j->ask->order->line_n; i++) {
        int64_t quantity = j->ask->order->line[i].quantity;
        if (x->scope[i / 64] >> (i % 64) & 1)
            parts += quantity % 1000 ? 1 : quantity / 1000;
    }
    return parts;
}

/* What her spending of the period before this basket leaves of the threshold. The period is that of the limit
 * that says how often she gets it.                                                                     */
static void less_spent(const struct tb_judge *j, struct tb_trial *x)
{
    x->min_amount = x->v->min_amount;
    if (!(x->v->flags & TB_OFFER_PERIOD_SPEND) || j->person == NULL)
        return;
    const struct tb_offer_limit *limit = tb_section(j->t, x->offer, TB_OFFER_LIMIT);
    for (uint32_t i = 0; i < x->offer->n[TB_OFFER_LIMIT]; i++) {
        if (limit[i].scope != TB_LIMIT_MEMBER)
            continue;
        int32_t from = tb_period_start((enum tb_cap_period)limit[i].period, j->ask->day);
        int64_t spent = tb_order_past(j->t, j->person, from, j->ask->day + 1).spend;
        if (spent > 0)
            x->min_amount = spent < x->v->min_amount ? x->v->min_amount - spent : 0;
        return;
    }
}

static enum tb_promotion_why test_limits(const struct tb_judge *j, struct tb_trial *x)
{
    uint32_t limit_n = x->offer->n[TB_OFFER_LIMIT];
    const struct tb_offer_limit *limit = limit_n ? tb_section(j->t, x->offer, TB_OFFER_LIMIT) : NULL;
    const uint64_t subject[TB_LIMIT_SCOPES] = {j->person != NULL, j->ask->device, j->ask->store, 1};
    x->uses = x->budget = x->pieces = INT64_MAX;
    for (uint32_t i = 0; i < limit_n; i++) {
        uint32_t scope = limit[i].scope;
        if (subject[scope] == 0)
            continue;
        uint64_t id = scope == TB_LIMIT_DEVICE || scope == TB_LIMIT_STORE ? subject[scope] : 0;
        struct tb_used used = tb_promotion_used(j->t, x->campaign, j->person, &limit[i], id, j->ask->day);
        lower(&x->uses, limit[i].uses, used.uses);
        lower(&x->budget, limit[i].amount, used.amount);
        lower(&x->pieces, limit[i].pieces, used.pieces);
        if (x->uses == 0 || x->budget == 0 || x->pieces < least_pieces(j, x))
            return (enum tb_promotion_why)(TB_PROMOTION_LIMIT_MEMBER + scope);
    }
    lower(&x->budget, x->v->cost_cap, ((const struct tb_campaign *)tb_block_head_const(x->campaign))->amount);
    if (x->v->budget) {
        int64_t left = tb_budget_left(j->t, x->v->budget);
        x->budget = left < x->budget ? left : x->budget;
    }
    return x->budget <= 0 ? TB_PROMOTION_BUDGET : TB_PROMOTION_OPEN;
}

bool tb_promotion_held_out(const struct tb_offer_version *v, struct tb_block *person)
{
    if (v->holdout_ppm == 0)
        return false;
    const struct tb_hash_key key = {v->salt, UINT64_C(0x686f6c646f757431)};
    uint64_t id = tb_person_id(person);
    return tb_siphash(&key, &id, sizeof id) % TB_PPM_ALL < v->holdout_ppm;
}

static enum tb_promotion_why judge_offer(const struct tb_judge *j, struct tb_trial *x, bool named)
{
    enum tb_promotion_why why = named ? TB_PROMOTION_OPEN : test_window(j, x);
    if (why == TB_PROMOTION_OPEN)
        why = test_places(j, x);
    if (why == TB_PROMOTION_OPEN && !named)
        why = test_times(j, x);
    if (why == TB_PROMOTION_OPEN)
        why = test_member(j, x);
    if (why == TB_PROMOTION_OPEN)
        why = test_scope(j, x);
    if (why == TB_PROMOTION_OPEN && !j->ask->held)
        why = test_traits(j, x);
    if (why == TB_PROMOTION_OPEN && !j->ask->held)
        why = test_formula(j, x);
    if (why == TB_PROMOTION_OPEN)
        why = test_limits(j, x);
    if (why == TB_PROMOTION_OPEN && !j->ask->held && j->person != NULL && tb_promotion_held_out(x->v, j->person))
        why = TB_PROMOTION_HELD_OUT;
    less_spent(j, x);
    return why;
}

/* ---- what passed -------------------------------------------------------------------------------- */

/* A quick bound, to choose among too many. */
static int64_t reach_of(const struct tb_judge *j, const struct tb_trial *x)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < j->ask->order->line_n; i++)
        if (x->v->mechanic == TB_PRICE_BUNDLE || (x->scope[i / 64] >> (i % 64) & 1))
            sum += j->ask->amount ? j->ask->amount[i] : j->ask->order->line[i].net;
    if (x->v->level == TB_PRICE_SHIPPING || x->v->mechanic == TB_PRICE_GIFT || x->v->mechanic == TB_PRICE_POINTS)
        return x->v->worth + 1;
    int64_t amount = x->formed ? x->term : x->v->amount;
    if (x->v->mechanic == TB_PRICE_AMOUNT && amount < sum)
        sum = amount;
    if (x->v->mechanic == TB_PRICE_PERCENT)
        sum = (int64_t)((__int128)sum * (x->formed ? x->term : x->v->ppm) / TB_PPM_ALL);
    if (x->v->cap_order && x->v->cap_order < sum)
        sum = x->v->cap_order;
    return x->budget < sum ? x->budget : sum;
}

static void pass(struct tb_judge *j, const struct tb_trial *x, const struct tb_coupon *c)
{
    if (j->open_n == j->open_cap) {
        tb_judge_refuse(j, x->v->campaign, (uint32_t)x->offer->id, c->lot, TB_PROMOTION_LEFT_OUT, 0);
        return;
    }
    bool chosen = j->open_cap > TB_PRICE_OFFERS_MAX || j->coupon_n > 0; /* else nobody asks */
    struct tb_open *o = &j->open[j->open_n++];
    if (&o->trial != x)
        o->trial = *x;
    o->coupon = *c;
    o->reach = chosen ? reach_of(j, x) : 0;
}

/* One candidate, or one for each of her coupons that it takes, as far as limits allow all of them: those first that
 * no other offer takes. lot: only that coupon, of an open basket; 0 = any.                                  */
static void pass_each(struct tb_judge *j, const struct tb_trial *x, uint64_t lot)
{
    const struct tb_coupon none = {0};
    if (x->v->coupon_unit == 0) {
        pass(j, x, &none);
        return;
    }
    int64_t room = x->uses < COUPONS_EACH ? x->uses : COUPONS_EACH;
    if (x->budget != INT64_MAX || x->pieces != INT64_MAX)
        room = 1;
    if (x->v->coupons_max && x->v->coupons_max < room)
        room = x->v->coupons_max;
    bool before[COUPONS_TRIED];
    memcpy(before, j->taken, j->coupon_n * sizeof *before);
    for (uint32_t pass_no = 0; pass_no < 2; pass_no++)
        for (uint32_t i = 0; i < j->coupon_n; i++) {
            if (j->coupon[i].unit != x->v->coupon_unit || (lot != 0 && j->coupon[i].lot != lot) ||
                before[i] != (pass_no == 1))
                continue;
            if (room-- > 0) {
                j->taken[i] = true;
                pass(j, x, &j->coupon[i]);
            }
        }
}

/* The offer's block, when it is of this tenant. */
static struct tb_block *offer_of(const struct tb_judge *j, uint32_t offer)
{
    struct tb_block *b = offer ? tb_read(j->t, TB_KIND_OFFER, offer) : NULL;
    return b != NULL && ((const struct tb_offer_version *)tb_block_head_const(b))->tenant == j->t->tenant ? b : NULL;
}

/* place: TB_TRIAL_NAMED when the ask names it. lot: with that coupon; 0 = any. */
static void try_offer(struct tb_judge *j, struct tb_block *offer, uint32_t place, uint64_t lot)
{
    struct tb_trial *x = &j->open[j->open_n].trial; /* where it stays when it passes */
    *x = (struct tb_trial){.offer = offer, .place = place, .v = tb_block_head_const(offer)};
    x->campaign = tb_read(j->t, TB_KIND_CAMPAIGN, x->v->campaign);
    tb_assert(x->campaign != NULL);
    x->why = judge_offer(j, x, place == TB_TRIAL_NAMED);
    if (x->why == TB_PROMOTION_OPEN)
        pass_each(j, x, lot);
    else
        tb_judge_refuse(j, x->v->campaign, (uint32_t)offer->id, 0, x->why, x->missing);
}

/* The offers in force at the instant, in order of their campaigns. */
static void find_live(struct tb_judge *j)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(j->t, TB_KIND_CAMPAIGN, &n);
    bool now = j->ask->at_ms >= j->t->now_ms; /* else the runs tell what was in force then */
    j->live = tb_arena_take(j->t->scratch, (n + 1) * sizeof(struct tb_block *));
    tb_assert(j->live != NULL);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_block *c = now ? NULL : tb_read(j->t, TB_KIND_CAMPAIGN, list[i].id);
        struct tb_block *b = offer_of(j, c ? tb_campaign_offer_at(j->t, c, j->ask->at_ms) : list[i].tag);
        if (b != NULL)
            j->live[j->live_n++] = b;
    }
}

/* Which of them each line's product is in. */
static void find_scopes(struct tb_judge *j)
{
    uint32_t line_n = j->ask->order->line_n;
    uint32_t wide = (j->live_n + 63) / 64 * TB_SCOPE_SLOTS;
    j->in = tb_arena_take(j->t->scratch, ((size_t)line_n * wide + 1) * sizeof *j->in);
    tb_assert(j->in != NULL);
    for (uint32_t from = 0; from < j->live_n; from += 64) {
        uint32_t n = lesser(j->live_n - from, 64);
        uint64_t mark = tb_offer_scope_mark(j->live + from, n);
        for (uint32_t i = 0; i < line_n; i++)
            tb_offer_scope_row(j->t, j->live + from, n, mark, j->ask->product[i],
                               j->in + (size_t)i * wide + from / 64 * TB_SCOPE_SLOTS);
    }
    uint32_t words = tb_judge_words(j);
    j->scope = TB_NEW_ARRAY(j->t->scratch, uint64_t, (size_t)j->live_n * words + 1);
    tb_assert(j->scope != NULL);
    for (uint32_t i = 0; i < line_n; i++)
        for (uint32_t from = 0; from < j->live_n; from += 64) {
            uint64_t m = j->in[(size_t)i * wide + from / 64 * TB_SCOPE_SLOTS + TB_SCOPE_SLOT_X];
            for (; m != 0; m &= m - 1)
                j->scope[(size_t)(from + (uint32_t)__builtin_ctzll(m)) * words + i / 64] |= UINT64_C(1) << (i % 64);
        }
}

static void try_all(struct tb_judge *j)
{
    for (uint32_t i = 0; i < j->ask->only_n; i++) {
        struct tb_block *b = offer_of(j, j->ask->only[i]);
        if (b != NULL)
            try_offer(j, b, TB_TRIAL_NAMED, j->ask->only_lot ? j->ask->only_lot[i] : 0);
    }
    if (j->ask->only_n)
        return;
    find_live(j);
    find_scopes(j);
    for (uint32_t i = 0; i < j->live_n; i++)
        try_offer(j, j->live[i], i, 0);
}

/* Some live offer takes coupons of the template: its own refusal, or its limit, says what is wrong. */
static bool wanted(const struct tb_judge *j, uint32_t unit)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(j->t, TB_KIND_CAMPAIGN, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_block *b = list[i].tag ? tb_read(j->t, TB_KIND_OFFER, list[i].tag) : NULL;
        if (b != NULL && ((const struct tb_offer_version *)tb_block_head_const(b))->coupon_unit == unit)
            return true;
    }
    return false;
}

static void set_clock(struct tb_judge *j)
{
    const struct tb_zone *zone = tb_tenant_zone(j->t);
    int64_t local = j->ask->at_ms + tb_zone_offset_ms(zone, j->ask->at_ms);
    int32_t day = tb_zone_day_of(zone, j->ask->at_ms);
    j->local_s = (uint32_t)((local - (int64_t)day * TB_DAY_MS) / 1000);
    j->weekday = (uint32_t)tb_weekday(day);
}

/* As large as this basket can need: clearing memory costs more than most of the tests. */
static void make_rooms(struct tb_judge *j)
{
    const struct tb_promotion_ask *ask = j->ask;
    uint32_t hers = ask->best_of_mine && j->person ? lesser(j->person->n[TB_PERSON_LOT], COUPONS_TRIED) : 0;
    uint32_t coupons = lesser(ask->locked_n + ask->coupon_n + hers, COUPONS_TRIED);
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(j->t, TB_KIND_CAMPAIGN, &n);
    uint32_t offers = ask->only_n;
    for (uint32_t i = 0; i < n && ask->only_n == 0; i++)
        offers += list[i].tag != 0 || ask->at_ms < j->t->now_ms;
    j->open_cap = lesser(OPEN_MAX, offers * (coupons > 1 ? lesser(coupons, COUPONS_EACH) : 1));
    j->refused_cap = offers + ask->coupon_n + coupons + j->open_cap;
    j->coupon_cap = coupons;
    j->out->refused = tb_arena_take(j->t->scratch, (j->refused_cap + 1) * sizeof *j->out->refused);
    j->coupon = tb_arena_take(j->t->scratch, (coupons + 1) * sizeof *j->coupon);
    j->taken = TB_NEW_ARRAY(j->t->scratch, bool, coupons + 1);
    j->open = tb_arena_take(j->t->scratch, (j->open_cap + 1) * sizeof *j->open);
    tb_assert(j->out->refused != NULL && j->coupon != NULL && j->taken != NULL && j->open != NULL);
}

void tb_promotion_eligible(struct tb_txn *t, const struct tb_promotion_ask *ask, struct tb_promotion_set *out)
{
    tb_assert(ask->order != NULL && ask->order->line_n <= TB_PRICE_LINES_MAX);
    tb_assert(ask->only_n == 0 || ask->only != NULL);
    *out = (struct tb_promotion_set){0};
    uint32_t person = ask->person ? ask->person : ask->profile ? tb_person_by_profile(t, ask->profile) : 0;
    struct tb_judge j = {.t = t, .ask = ask, .out = out};
    j.person = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    make_rooms(&j);
    if (ask->only_n == 0)
        set_clock(&j);
    gather_coupons(&j);
    try_all(&j);
    uint32_t named = ask->coupon_n < j.coupon_n ? ask->coupon_n : j.coupon_n;
    for (uint32_t i = 0; i < named; i++)
        if (!j.taken[i] && ask->only_n == 0 && !wanted(&j, j.coupon[i].unit))
            tb_judge_refuse(&j, 0, 0, j.coupon[i].lot, TB_PROMOTION_COUPON_NO_OFFER, 0);
    tb_judge_fill(&j);
}
