// SPDX-License-Identifier: Apache-2.0
#include "compare.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LL(x) ((long long)(x))

static bool TB_PRINTF(2, 3) differ(struct pair *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (p->text[0] == 0)
        vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    return false;
}

const char *step_name(enum step_op op)
{
    static const char *const name[STEPS] = {
        "contact", "enrol",   "order",   "return", "cancel", "adjust", "hold",
        "post",    "void",    "transfer", "reverse", "release", "unmerge", "link",
        "erase",   "unit",    "rule",    "scheme", "fire",   "evict"};
    return name[op];
}

void step_print(const struct step *s)
{
    printf("  %5u %s at %lld", s->no, step_name(s->op), LL(s->now_ms));
    for (uint32_t i = 0; i < s->id_n; i++)
        printf(" id %u:%u%s", s->id[i].ns, s->id[i].value, s->id[i].verified ? "v" : "");
    printf(" unit %u amount %lld ref %u key %u/%u kind %u occurred %lld", s->unit, LL(s->amount),
           s->ref, s->key, s->key2, s->kind, LL(s->occurred_ms));
    for (uint32_t i = 0; i < s->line_n; i++)
        printf(" [sku %u line %u x%lld net %lld]", s->line[i].sku, s->line[i].line,
               LL(s->line[i].quantity), LL(s->line[i].net));
    printf("\n");
}

void pair_open(struct pair *p, const struct catalog_def *def, int64_t start_ms)
{
    memset(p, 0, sizeof *p);
    p->cell = cell_new(def, start_ms, 1u << 16);
    p->model = model_new(def, start_ms);
}

void pair_close(struct pair *p)
{
    cell_free(p->cell);
    model_free(p->model);
}

/* ---- one step ------------------------------------------------------------------------------ */

static bool take_partition(struct pair *p)
{
    struct model *m = p->model;
    m->profiles = cell_profiles(p->cell);
    if (m->profiles > PROFILES)
        return differ(p, "the history has too many profiles for the model");
    for (uint32_t i = 1; i <= m->profiles; i++) {
        m->person[i] = cell_person(p->cell, i);
        struct tb_block *b = cell_block(p->cell, TB_KIND_PERSON, m->person[i]);
        if (b == NULL)
            return differ(p, "profile %u belongs to nobody", i);
        m->oldest[i] = tb_person_id(b);
    }
    return true;
}

static bool by_identity(enum step_op op)
{
    return op == STEP_CONTACT || op == STEP_UNMERGE || op == STEP_LINK || op == STEP_ERASE;
}

static bool same_code(uint32_t a, uint32_t b)
{
    return a == b || (a == TB_CODE_ERASED && b == TB_CODE_UNKNOWN_MEMBER);
}

static bool same_reply(struct pair *p, const struct step *s, const struct reply *c,
                       const struct reply *m)
{
    if (!same_code(c->code, m->code))
        return differ(p, "step %u %s: core answers %s (%s), the model %s", s->no, step_name(s->op),
                      tb_code_name(c->code), p->cell->a.field, tb_code_name(m->code));
    if (c->code != TB_CODE_OK)
        return true;
    bool value = s->op >= STEP_ADJUST && s->op <= STEP_RELEASE;
    bool again = m->v[3] && !value;
    for (uint32_t i = 2; i < REPLY_FIELDS; i++) {
        bool look = value ? i != 5 : i == 3 || (!again && (i == 8 || (i == 5 && s->op == STEP_ORDER)));
        if (look && c->v[i] != m->v[i])
            return differ(p, "step %u %s: field %u of core's answer is %lld, of the model's %lld",
                          s->no, step_name(s->op), i, LL(c->v[i]), LL(m->v[i]));
    }
    for (uint32_t u = 0; !value && !again && u < UNITS; u++)
        for (uint32_t i = 2; i < 5; i++)
            if ((c->unit[u][2] || c->unit[u][4] || m->unit[u][2] || m->unit[u][4]) &&
                c->unit[u][i] != m->unit[u][i])
                return differ(p, "step %u %s: unit %u field %u of core's answer is %lld, of the "
                                 "model's %lld",
                              s->no, step_name(s->op), u, i, LL(c->unit[u][i]), LL(m->unit[u][i]));
    return true;
}

static bool compare_all(struct pair *p);

bool pair_step(struct pair *p, const struct step *s, bool verbose)
{
    struct reply c, m;
    uint32_t who[STEP_IDS] = {0}, booked = 0;
    if (verbose)
        step_print(s);
    model_clock(p->model, s->now_ms);
    if (s->op == STEP_ERASE)
        who[0] = cell_profile(p->cell, s->id[0]);
    cell_run(p->cell, s, &c);
    if (p->cell->trouble[0])
        return differ(p, "step %u %s: %s", s->no, step_name(s->op), p->cell->trouble);
    if (!take_partition(p))
        return false;
    model_parted(p->model);
    for (uint32_t i = 0; i < s->id_n && s->op != STEP_ERASE; i++)
        who[i] = cell_profile(p->cell, s->id[i]);
    if (s->op == STEP_ORDER && c.code == TB_CODE_OK) {
        struct tb_block *b = cell_order(p->cell, s->key);
        booked = b ? ((const struct tb_order *)tb_block_head(b))->profile : 0;
    }
    if (s->op == STEP_ERASE && c.code != TB_CODE_OK)
        who[0] = 0;
    model_run(p->model, s, who, booked, &m);
    if (verbose)
        printf("        %s\n", tb_code_name(c.code));
    p->tried[s->op]++;
    p->done[s->op] += c.code == TB_CODE_OK;
    if (!by_identity(s->op) && !same_reply(p, s, &c, &m))
        return false;
    return s->op == STEP_FIRE ? compare_all(p) : true;
}

/* ---- balances --------------------------------------------------------------------------------- */

/* A debt and something due that waits for its sweep: which lots pay is settled by the sweep
 * (ledger.h), so the sum is compared after it.                                           */
static bool in_between(struct pair *p, struct tb_block *b, uint32_t u)
{
    if (tb_ledger_due_ms(&p->cell->live.core.store, b) > p->cell->now_ms)
        return false;
    const struct tb_account *a = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_ACCOUNT);
    const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ACCOUNT]; i++) {
        int64_t lots = 0;
        for (uint32_t k = 0; k < b->n[TB_PERSON_LOT]; k++)
            if (lot[k].profile == a[i].profile && lot[k].unit == a[i].unit &&
                lot[k].state == TB_LOT_AVAILABLE)
                lots += lot[k].left;
        if (a[i].unit == p->cell->unit[u] && a[i].credits - a[i].debits < lots + a[i].held)
            return true;
    }
    return false;
}

static bool same_balances(struct pair *p)
{
    p->cell->live.txn.tenant = p->cell->tenant;
    for (uint32_t i = 1; i <= p->model->profiles; i++) {
        if (p->model->oldest[i] != i)
            continue;
        struct tb_block *b = cell_block(p->cell, TB_KIND_PERSON, p->model->person[i]);
        for (uint32_t u = 0; u < UNITS; u++) {
            if (in_between(p, b, u))
                continue;
            struct tb_balance c = tb_ledger_balance(&p->cell->live.txn, b, p->cell->unit[u],
                                                    p->cell->now_ms);
            struct mbalance m = model_balance(p->model, i, u);
            if (c.available != m.available || c.held != m.held || c.pending != m.pending)
                return differ(p, "person of profile %u, unit %u: core has available %lld held %lld "
                                 "pending %lld, the model %lld %lld %lld",
                              i, u, LL(c.available), LL(c.held), LL(c.pending), LL(m.available),
                              LL(m.held), LL(m.pending));
        }
    }
    return true;
}

static bool same_order(struct pair *p, const struct morder *o)
{
    struct tb_block *b = cell_order(p->cell, o->key);
    if (b == NULL)
        return differ(p, "order %u is missing", o->key);
    const struct tb_order *head = tb_block_head(b);
    const struct tb_shape *shape = &tb_shapes[TB_KIND_ORDER];
    const struct tb_order_line *line = tb_block_section(shape, b, TB_ORDER_LINE);
    const struct tb_order_earn *earn = tb_block_section(shape, b, TB_ORDER_EARN);
    if (head->state != o->state || head->net != o->net || head->returned_net != o->returned_net ||
        head->day != o->day || b->n[TB_ORDER_LINE] != o->line_n || b->n[TB_ORDER_EARN] != o->earn_n)
        return differ(p, "order %u: core state %u returned %lld day %d earns %u, the model %u %lld "
                         "%d %u",
                      o->key, head->state, LL(head->returned_net), head->day, b->n[TB_ORDER_EARN],
                      o->state, LL(o->returned_net), o->day, o->earn_n);
    for (uint32_t i = 0; i < o->line_n; i++)
        if (line[i].returned_quantity != o->back_quantity[i] ||
            line[i].returned_net != o->back_net[i])
            return differ(p, "order %u line %u: core has %lld / %lld back, the model %lld / %lld",
                          o->key, i, LL(line[i].returned_quantity), LL(line[i].returned_net),
                          LL(o->back_quantity[i]), LL(o->back_net[i]));
    for (uint32_t i = 0; i < o->earn_n; i++)
        if (earn[i].amount != o->earn[i].amount || earn[i].clawed != o->earn[i].clawed ||
            earn[i].shortfall != o->earn[i].shortfall)
            return differ(p, "order %u earn %u: core %lld clawed %lld short %lld, the model %lld "
                             "%lld %lld",
                          o->key, i, LL(earn[i].amount), LL(earn[i].clawed), LL(earn[i].shortfall),
                          LL(o->earn[i].amount), LL(o->earn[i].clawed), LL(o->earn[i].shortfall));
    return true;
}

/* The person's tier; her states one by one, profile by profile. */
static bool same_tiers(struct pair *p)
{
    struct model *m = p->model;
    p->cell->live.txn.tenant = p->cell->tenant;
    for (uint32_t i = 1; i <= m->profiles; i++) {
        struct tb_block *b = cell_block(p->cell, TB_KIND_PERSON, m->person[i]);
        const struct tb_tier_state *c =
            tb_membership_state(&p->cell->live.txn, b, p->cell->scheme);
        if ((c ? c->tier : 0) != mm_tier(m, i))
            return differ(p, "tier of profile %u: core %u, the model %u", i, c ? c->tier : 0,
                          mm_tier(m, i));
        c = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_TIER);
        for (uint32_t k = 0; k < b->n[TB_PERSON_TIER]; k++)
            if (c[k].profile == i &&
                (!m->tier[i].set || c[k].tier != m->tier[i].tier ||
                 c[k].review_ms != m->tier[i].review || c[k].grace_ms != m->tier[i].grace))
                return differ(p, "tier state of profile %u: core %u review %lld grace %lld, the "
                                 "model %u %lld %lld",
                              i, c[k].tier, LL(c[k].review_ms), LL(c[k].grace_ms), m->tier[i].tier,
                              LL(m->tier[i].review), LL(m->tier[i].grace));
    }
    return true;
}

bool pair_compare(struct pair *p)
{
    if (!same_balances(p))
        return false;
    if (!cell_audit(p->cell))
        return differ(p, "%s", p->cell->trouble);
    return true;
}

/* ---- lots, after everything due was fired --------------------------------------------------------- */

struct row {
    uint32_t profile, unit, state;
    int32_t day;
    int64_t left, due;
};

static int by_row(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct row));
}

static uint32_t unit_no(const struct pair *p, uint32_t unit)
{
    uint32_t u = 0;
    while (u < UNITS && p->cell->unit[u] != unit)
        u++;
    return u;
}

static uint32_t core_rows(struct pair *p, struct row *out)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i <= p->model->profiles; i++) {
        if (p->model->oldest[i] != i)
            continue;
        struct tb_block *b = cell_block(p->cell, TB_KIND_PERSON, p->model->person[i]);
        const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
        for (uint32_t k = 0; k < b->n[TB_PERSON_LOT]; k++)
            if (lot[k].left)
                out[n++] = (struct row){lot[k].profile, unit_no(p, lot[k].unit), lot[k].state,
                                        lot[k].earned_day, lot[k].left, lot[k].due_ms};
    }
    qsort(out, n, sizeof *out, by_row);
    return n;
}

static bool same_lots(struct pair *p)
{
    enum { MOST = 20000 };
    struct row *c = calloc(2 * MOST, sizeof *c);
    struct row *m = c + MOST;
    uint32_t n = core_rows(p, c), k = 0;
    for (uint32_t i = 0; i < p->model->lot_n && k < MOST; i++) {
        const struct mlot *l = &p->model->lot[i];
        if (l->left)
            m[k++] = (struct row){l->profile, l->unit, l->pending, l->day, l->left, l->due};
    }
    qsort(m, k, sizeof *m, by_row);
    bool same = n == k;
    uint32_t at = 0;
    while (at < n && at < k && memcmp(&c[at], &m[at], sizeof *c) == 0)
        at++;
    same = at == n && at == k;
    if (!same)
        (void)differ(p, "lots: core has %u, the model %u; first difference core (profile %u unit %u "
                        "state %u day %d left %lld due %lld) model (%u %u %u %d %lld %lld)",
                     n, k, c[at].profile, c[at].unit, c[at].state, c[at].day, LL(c[at].left),
                     LL(c[at].due), m[at].profile, m[at].unit, m[at].state, m[at].day,
                     LL(m[at].left), LL(m[at].due));
    free(c);
    return same;
}

static bool same_accounts(struct pair *p)
{
    for (uint32_t i = 1; i <= p->model->profiles; i++) {
        struct tb_block *b = cell_block(p->cell, TB_KIND_PERSON, p->model->person[i]);
        const struct tb_account *a =
            tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_ACCOUNT);
        for (uint32_t k = 0; k < b->n[TB_PERSON_ACCOUNT]; k++) {
            uint32_t u = unit_no(p, a[k].unit);
            if (a[k].profile != i)
                continue;
            int64_t lots = 0;
            for (uint32_t l = 0; l < p->model->lot_n; l++)
                if (p->model->lot[l].profile == i && p->model->lot[l].unit == u &&
                    !p->model->lot[l].pending)
                    lots += p->model->lot[l].left;
            int64_t available = a[k].credits - a[k].debits - a[k].held;
            if (available != lots - p->model->debt[i][u])
                return differ(p, "profile %u unit %u: core has %lld, the model lots %lld debt %lld",
                              i, u, LL(available), LL(lots), LL(p->model->debt[i][u]));
            if (a[k].crossed != p->model->crossed[i][u])
                return differ(p, "profile %u unit %u: core has crossed %lld, the model %lld", i, u,
                              LL(a[k].crossed), LL(p->model->crossed[i][u]));
        }
    }
    return true;
}

static bool same_days(struct pair *p)
{
    const struct tb_store *s = &p->cell->live.core.store;
    struct mday sum[UNITS] = {{0}}, all[UNITS] = {{0}};
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_UNIT_DAY]; id++) {
        struct tb_block *b = tb_store_get(s, TB_KIND_UNIT_DAY, id);
        if (b == NULL)
            continue;
        const struct tb_unit_day *d = tb_block_head(b);
        uint32_t u = unit_no(p, d->unit);
        const struct mday *m = &p->model->day[u][d->day - FIRST_DAY];
        if (d->earned != m->earned || d->reversed != m->reversed || d->spent != m->spent ||
            d->expired != m->expired || d->adjusted != m->adjusted)
            return differ(p, "unit %u day %d: core earned %lld reversed %lld spent %lld expired "
                             "%lld adjusted %lld, the model %lld %lld %lld %lld %lld",
                          u, d->day, LL(d->earned), LL(d->reversed), LL(d->spent), LL(d->expired),
                          LL(d->adjusted), LL(m->earned), LL(m->reversed), LL(m->spent),
                          LL(m->expired), LL(m->adjusted));
        sum[u].earned += d->earned;
        sum[u].spent += d->spent;
        sum[u].expired += d->expired;
    }
    for (uint32_t u = 0; u < UNITS; u++) {
        for (uint32_t d = 0; d < DAYS; d++) {
            all[u].earned += p->model->day[u][d].earned;
            all[u].spent += p->model->day[u][d].spent;
            all[u].expired += p->model->day[u][d].expired;
        }
        if (memcmp(&sum[u], &all[u], sizeof sum[u]) != 0)
            return differ(p, "unit %u: a day of the model is missing in core", u);
    }
    return true;
}

_Static_assert(TB_TENANT_ACCOUNTS <= MODEL_ACCOUNTS, "the model has a place for each");

static bool same_books(struct pair *p)
{
    for (uint32_t u = 0; u < UNITS; u++) {
        struct tb_block *b = cell_block(p->cell, TB_KIND_UNIT_BOOK, p->cell->unit[u]);
        if (b == NULL)
            continue;
        const struct tb_unit_book *book = tb_block_head(b);
        for (uint32_t a = 0; a < TB_TENANT_ACCOUNTS; a++)
            if (book->account[a].credits - book->account[a].debits != p->model->book[u][a])
                return differ(p, "unit %u: core's tenant account %u has %lld, the model's %lld", u, a,
                              LL(book->account[a].credits - book->account[a].debits),
                              LL(p->model->book[u][a]));
    }
    return true;
}

static bool compare_all(struct pair *p)
{
    if (!pair_compare(p) || !same_lots(p) || !same_accounts(p) || !same_books(p) || !same_days(p) ||
        !same_tiers(p))
        return false;
    for (uint32_t i = 0; i < p->model->order_n; i++)
        if (!same_order(p, &p->model->order[i]))
            return false;
    return true;
}

bool pair_finish(struct pair *p)
{
    struct step fire = {.op = STEP_FIRE, .now_ms = p->cell->now_ms};
    if (!pair_step(p, &fire, false))
        return false;
    return cell_prove(p->cell) || differ(p, "%s", p->cell->trouble);
}
