// SPDX-License-Identifier: Apache-2.0
/* core/promotion/limit.c - counting what was used, and giving it back to its period.
 *
 * A counter is named by (scope, period, id, first day of the period). A member's stand in her own block,
 * per profile, under the campaign's number (a number that no unit has), and keep the period that runs;
 * a campaign's rows keep past periods, so that a late return finds its own. Not here: judging. */
#include "core/promotion/campaign.h"

#include "core/ledger/ledger_int.h"

/* tb_cap_use.kind of a campaign's counters: what + period. 1 and 2 are the ledger's. */
enum { COUNT_USES = 16, COUNT_AMOUNT = 24, COUNT_PIECES = 32 };

/* ---- a campaign's rows ----------------------------------------------------------------------- */

static int order_of(const struct tb_campaign_row *a, const struct tb_campaign_row *b)
{
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->start_day < b->start_day ? -1 : a->start_day > b->start_day;
}

/* Place of the row, or where it belongs. */
static uint32_t row_place(const struct tb_txn *t, struct tb_block *b, const struct tb_campaign_row *key, bool *found)
{
    const struct tb_campaign_row *row = tb_section(t, b, TB_CAMPAIGN_ROW);
    uint32_t low = 0;
    uint32_t high = b->n[TB_CAMPAIGN_ROW];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (order_of(&row[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < b->n[TB_CAMPAIGN_ROW] && order_of(&row[low], key) == 0;
    return low;
}

/* Room for one more: of periods that ended, the rows of the day longest past go first. */
static void make_room(struct tb_txn *t, uint64_t campaign)
{
    for (;;) {
        struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, campaign);
        if (b->n[TB_CAMPAIGN_ROW] < TB_CAMPAIGN_ROWS_MAX)
            return;
        const struct tb_campaign_row *row = tb_section(t, b, TB_CAMPAIGN_ROW);
        uint32_t oldest = 0;
        for (uint32_t i = 1; i < b->n[TB_CAMPAIGN_ROW]; i++) {
            bool past = row[i].period != TB_PERIOD_LIFETIME;
            bool worse = row[oldest].period == TB_PERIOD_LIFETIME || row[i].start_day < row[oldest].start_day;
            oldest = past && worse ? i : oldest;
        }
        tb_cut(t, TB_KIND_CAMPAIGN, campaign, TB_CAMPAIGN_ROW, oldest, 1);
    }
}

static void add_to_row(struct tb_txn *t, const struct tb_ev_campaign_used *ev, const struct tb_ev_used_row *r)
{
    struct tb_campaign_row key = {.id = r->id,
                                  .start_day = (int32_t)r->start,
                                  .scope = (uint8_t)r->scope,
                                  .period = (uint8_t)r->period};
    struct tb_block *b = tb_read(t, TB_KIND_CAMPAIGN, ev->campaign);
    bool found;
    uint32_t at = row_place(t, b, &key, &found);
    if (!found && (ev->uses < 0 || ev->amount < 0 || ev->pieces < 0))
        return; /* its period is forgotten */
    if (!found) {
        make_room(t, ev->campaign);
        at = row_place(t, tb_read(t, TB_KIND_CAMPAIGN, ev->campaign), &key, &found);
        (void)tb_push_at(t, TB_KIND_CAMPAIGN, ev->campaign, TB_CAMPAIGN_ROW, at, &key);
    }
    b = tb_write(t, TB_KIND_CAMPAIGN, ev->campaign);
    struct tb_campaign_row *row = (struct tb_campaign_row *)tb_section(t, b, TB_CAMPAIGN_ROW) + at;
    row->uses += ev->uses;
    row->amount += ev->amount;
    row->pieces += ev->pieces;
}

/* ---- a member's rows -------------------------------------------------------------------------- */

static void add_to_member(struct tb_txn *t, uint64_t person, uint32_t profile, uint64_t campaign, uint32_t kind,
                          int32_t start, int64_t amount)
{
    if (amount == 0)
        return;
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_cap_use *use = tb_section(t, b, TB_PERSON_CAP);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++) {
        if (use[i].profile != profile || use[i].unit != campaign || use[i].kind != kind)
            continue;
        if (use[i].start_day != start) {
            if (amount < 0 || start < use[i].start_day)
                return; /* of a period that is over */
            use[i].start_day = start;
            use[i].amount = 0;
        }
        use[i].amount += amount;
        return;
    }
    if (amount < 0)
        return;
    struct tb_cap_use fresh = {
        .profile = profile, .unit = (uint32_t)campaign, .start_day = start, .kind = kind, .amount = amount};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_CAP, &fresh);
}

static int64_t member_sum(const struct tb_txn *t, struct tb_block *person, uint32_t campaign, uint32_t kind,
                          int32_t start)
{
    const struct tb_cap_use *use = tb_section(t, person, TB_PERSON_CAP);
    int64_t sum = 0;
    for (uint32_t i = 0; i < person->n[TB_PERSON_CAP]; i++)
        if (use[i].unit == campaign && use[i].kind == kind && use[i].start_day == start)
            sum += use[i].amount;
    return sum;
}

struct tb_used tb_promotion_used(const struct tb_txn *t, struct tb_block *campaign, struct tb_block *person,
                                 const struct tb_offer_limit *limit, uint64_t id, int32_t day)
{
    int32_t start = tb_period_start((enum tb_cap_period)limit->period, day);
    uint32_t number = (uint32_t)campaign->id;
    if (limit->scope == TB_LIMIT_MEMBER) {
        if (person == NULL || person->n[TB_PERSON_CAP] == 0)
            return (struct tb_used){0};
        return (struct tb_used){.uses = member_sum(t, person, number, COUNT_USES + limit->period, start),
                                .amount = member_sum(t, person, number, COUNT_AMOUNT + limit->period, start),
                                .pieces = member_sum(t, person, number, COUNT_PIECES + limit->period, start)};
    }
    struct tb_campaign_row key = {
        .id = id, .start_day = start, .scope = (uint8_t)limit->scope, .period = (uint8_t)limit->period};
    bool found;
    uint32_t at = row_place(t, campaign, &key, &found);
    struct tb_used used = {0};
    if (limit->scope == TB_LIMIT_STORE && limit->period == TB_PERIOD_LIFETIME && campaign->n[TB_CAMPAIGN_STOCK] != 0)
        used.pieces = -tb_campaign_stocked(t, campaign, id);
    if (!found)
        return used;
    const struct tb_campaign_row *row = (const struct tb_campaign_row *)tb_section(t, campaign, TB_CAMPAIGN_ROW) + at;
    return (struct tb_used){row->uses, row->amount, row->pieces + used.pieces};
}

/* ---- counting ---------------------------------------------------------------------------------- */

/* Whose counter: 0 = the use has no such thing, the limit does not count it. */
static bool subject_of(const struct tb_promotion_use *use, uint32_t scope, uint64_t *id)
{
    *id = scope == TB_LIMIT_DEVICE ? use->device : scope == TB_LIMIT_STORE ? use->store : 0;
    if (scope == TB_LIMIT_MEMBER)
        return use->profile != 0;
    return scope == TB_LIMIT_CAMPAIGN || *id != 0;
}

static bool passes(int64_t bound, int64_t used, int64_t more)
{
    return bound != 0 && more > 0 && used > bound - more;
}

static bool within_limits(const struct tb_txn *t, struct tb_block *offer, struct tb_block *campaign,
                          const struct tb_promotion_use *use)
{
    const struct tb_offer_limit *limit = tb_section(t, offer, TB_OFFER_LIMIT);
    uint32_t person = use->profile ? tb_person_by_profile(t, use->profile) : 0;
    struct tb_block *who = person ? tb_read(t, TB_KIND_PERSON, person) : NULL;
    if (passes(((const struct tb_offer_version *)tb_block_head_const(offer))->cost_cap,
               ((const struct tb_campaign *)tb_block_head_const(campaign))->amount, use->amount))
        return false;
    for (uint32_t i = 0; i < offer->n[TB_OFFER_LIMIT]; i++) {
        uint64_t id;
        if (!subject_of(use, limit[i].scope, &id))
            continue;
        struct tb_used used = tb_promotion_used(t, campaign, who, &limit[i], id, use->day);
        if (passes(limit[i].uses, used.uses, use->uses) || passes(limit[i].amount, used.amount, use->amount) ||
            passes(limit[i].pieces, used.pieces, use->pieces))
            return false;
    }
    return true;
}

/* sign 1 counts, -1 gives back. */
static void emit_use(struct tb_txn *t, struct tb_block *offer, const struct tb_promotion_use *use, int64_t sign)
{
    const struct tb_offer_version *v = tb_block_head_const(offer);
    const struct tb_offer_limit *limit = tb_section(t, offer, TB_OFFER_LIMIT);
    struct tb_ev_used_row row[TB_OFFER_LIMITS_MAX];
    struct tb_ev_campaign_used ev = {.campaign = v->campaign,
                                     .offer = use->offer,
                                     .uses = sign * use->uses,
                                     .amount = sign * use->amount,
                                     .pieces = sign * use->pieces,
                                     .row = row};
    for (uint32_t i = 0; i < offer->n[TB_OFFER_LIMIT]; i++) {
        uint64_t id;
        if (!subject_of(use, limit[i].scope, &id))
            continue;
        if (limit[i].scope == TB_LIMIT_MEMBER)
            ev.profile = use->profile;
        row[ev.row_n++] = (struct tb_ev_used_row){
            .scope = limit[i].scope,
            .period = limit[i].period,
            .id = id,
            .start = tb_period_start((enum tb_cap_period)limit[i].period, use->day)};
    }
    tb_emit_campaign_used(t, &ev);
}

enum tb_code tb_promotion_count(struct tb_txn *t, const struct tb_promotion_use *use)
{
    tb_assert(use->uses >= 0 && use->amount >= 0 && use->pieces >= 0);
    struct tb_block *offer = tb_read(t, TB_KIND_OFFER, use->offer);
    tb_assert(offer != NULL);
    const struct tb_offer_version *v = tb_block_head_const(offer);
    if (!within_limits(t, offer, tb_read(t, TB_KIND_CAMPAIGN, v->campaign), use))
        return TB_CODE_CAP_EXCEEDED;
    emit_use(t, offer, use, 1);
    return TB_CODE_OK;
}

void tb_promotion_uncount(struct tb_txn *t, const struct tb_promotion_use *use)
{
    tb_assert(use->uses >= 0 && use->amount >= 0 && use->pieces >= 0);
    struct tb_block *offer = tb_read(t, TB_KIND_OFFER, use->offer);
    tb_assert(offer != NULL);
    emit_use(t, offer, use, -1);
}

void tb_promotion_expose(struct tb_txn *t, uint32_t campaign, bool held_out)
{
    struct tb_ev_campaign_used ev = {.campaign = campaign, .shown = !held_out, .held_out = held_out};
    tb_emit_campaign_used(t, &ev);
}

void tb_promotion_apply_campaign_used(struct tb_txn *t, const struct tb_ev_campaign_used *ev)
{
    uint32_t person = ev->profile ? tb_person_by_profile(t, ev->profile) : 0;
    for (uint32_t i = 0; i < ev->row_n; i++) {
        const struct tb_ev_used_row *r = &ev->row[i];
        if (r->scope != TB_LIMIT_MEMBER) {
            add_to_row(t, ev, r);
            continue;
        }
        tb_assert(person != 0);
        uint32_t period = (uint32_t)r->period;
        uint32_t profile = (uint32_t)ev->profile;
        add_to_member(t, person, profile, ev->campaign, COUNT_USES + period, (int32_t)r->start, ev->uses);
        add_to_member(t, person, profile, ev->campaign, COUNT_AMOUNT + period, (int32_t)r->start, ev->amount);
        add_to_member(t, person, profile, ev->campaign, COUNT_PIECES + period, (int32_t)r->start, ev->pieces);
    }
    struct tb_campaign *head = tb_block_head(tb_write(t, TB_KIND_CAMPAIGN, ev->campaign));
    head->uses += ev->uses;
    head->amount += ev->amount;
    head->pieces += ev->pieces;
    head->shown += (int64_t)ev->shown;
    head->held_out += (int64_t)ev->held_out;
}

/* ---- budgets ------------------------------------------------------------------------------------ */

enum tb_code tb_budget_move(struct tb_txn *t, uint32_t unit, enum tb_tenant_account from,
                            enum tb_tenant_account to, int64_t amount, uint64_t order)
{
    tb_assert(tb_unit_head(t, unit)->kind == TB_UNIT_BUDGET);
    return tb_ledger_move(t, unit, from, to, amount, order);
}

int64_t tb_budget_left(const struct tb_txn *t, uint32_t unit)
{
    return tb_ledger_book(t, unit, TB_ACCOUNT_FUND);
}
