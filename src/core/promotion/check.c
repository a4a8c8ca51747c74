// SPDX-License-Identifier: Apache-2.0
/* core/promotion/check.c - what a person should look at before a campaign gives anything away, and the
 * room's part of the audit.
 *
 * The checker judges the newest version alone against the catalog and beside the live offers. It never
 * misses a kind of danger that it names where products are known; depth and stacking are upper
 * bounds, so it may warn of what no basket does. Not here: back-tests on real orders. */
#include "core/promotion/commands.h"

#include "core/ops.h"

#define PRODUCTS_LOOKED 4000u /* of the catalog, from the oldest on: a bound of one command */
#define NUMBERS_LOOKED 200000u
#define DEPTH_PPM 500000
#define STACK_PPM 800000

struct findings {
    struct tb_finding_row *row;
    uint32_t n;
};

static void find(struct findings *f, enum tb_finding finding, uint32_t against, uint32_t product, int64_t figure)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->row[i].finding == (uint32_t)finding && f->row[i].against == against)
            return; /* one of a kind is enough to look */
    if (f->n < TB_FINDINGS_MAX)
        f->row[f->n++] = (struct tb_finding_row){finding, against, product, figure};
}

static bool perk(const struct tb_offer_version *v)
{
    return v->mechanic == TB_PRICE_GIFT || v->mechanic == TB_PRICE_POINTS;
}

/* The greatest part of one price that the offer alone can take off it. */
static int64_t depth_of(const struct tb_txn *t, struct tb_block *b, int64_t price, uint32_t product)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    const struct tb_offer_step *step = tb_section(t, b, TB_OFFER_STEP);
    const struct tb_offer_price *row = tb_section(t, b, TB_OFFER_PRICE);
    int64_t off = price; /* unless the mechanic says less */
    int64_t least = v->min_amount > price ? v->min_amount : price;
    switch ((enum tb_price_mechanic)v->mechanic) {
    case TB_PRICE_AMOUNT:
        off = (int64_t)((__int128)v->amount * price / (least > 0 ? least : 1));
        break;
    case TB_PRICE_AMOUNT_EACH:
        off = v->amount;
        break;
    case TB_PRICE_PERCENT:
        off = (int64_t)((__int128)price * v->ppm / TB_PPM_ALL);
        break;
    case TB_PRICE_FIXED:
        off = price - v->amount;
        break;
    case TB_PRICE_TABLE:
        off = 0;
        for (uint32_t i = 0; i < b->n[TB_OFFER_PRICE]; i++)
            off = row[i].product == product ? price - row[i].price : off;
        break;
    case TB_PRICE_LADDER:
        off = 0;
        for (uint32_t i = 0; i < b->n[TB_OFFER_STEP]; i++) {
            int64_t part = step[i].ppm ? (int64_t)((__int128)price * step[i].ppm / TB_PPM_ALL)
                           : v->flags & TB_OFFER_BY_PIECES
                               ? step[i].off
                               : (int64_t)((__int128)price * step[i].off / (step[i].at > price ? step[i].at : price));
            off = part > off ? part : off;
        }
        break;
    case TB_PRICE_CHEAPEST:
        off = (int64_t)((__int128)price * v->ppm / TB_PPM_ALL * v->get / (v->need ? v->need : 1));
        break;
    case TB_PRICE_N_FOR:
        off = price - v->amount / (v->need ? v->need : 1);
        break;
    case TB_PRICE_BUY_GET:
        off = (int64_t)((__int128)price * v->ppm / TB_PPM_ALL);
        break;
    case TB_PRICE_BUNDLE:
        break;
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        off = 0;
        break;
    }
    if (v->cap_unit && off > v->cap_unit)
        off = v->cap_unit;
    return off < 0 ? 0 : off > price ? price : off;
}

static bool in_any_slot(struct tb_txn *t, struct tb_block *b, uint32_t product)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    uint32_t slots = v->mechanic == TB_PRICE_BUNDLE ? v->slots : 0;
    uint64_t bit = 0;
    bool in = slots == 0 && tb_offer_scope_bits(t, b, TB_SCOPE_SLOT_X, &product, 1, &bit);
    for (uint32_t s = 0; s < slots && !in; s++)
        in = tb_offer_scope_bits(t, b, TB_SCOPE_SLOT_BUNDLE + s, &product, 1, &bit);
    return in;
}

/* ---- beside the others ------------------------------------------------------------------------ */

/* Two offers may stand in one set. */
static bool may_stand_together(const struct tb_txn *t, struct tb_block *a, struct tb_block *b)
{
    const struct tb_offer_version *x = tb_block_head_const(a);
    const struct tb_offer_version *y = tb_block_head_const(b);
    if (x->group_rule == TB_PRICE_EXCLUSIVE || y->group_rule == TB_PRICE_EXCLUSIVE)
        return false;
    if (x->coupon_unit && y->coupon_unit &&
        (x->coupon_rule == TB_PRICE_SINGLE || y->coupon_rule == TB_PRICE_SINGLE))
        return false;
    if (x->flags & y->flags & TB_OFFER_ONE_PER_PRODUCT)
        return false;
    bool same = x->group.n && tb_str_eq(tb_config_text(t, a, x->group), tb_config_text(t, b, y->group));
    return !same || (x->group_rule == TB_PRICE_STACKABLE && y->group_rule == TB_PRICE_STACKABLE);
}

struct live {
    struct tb_block *offer[TB_CAMPAIGNS_MAX];
    uint32_t n;
};

static void gather_live(struct tb_txn *t, uint32_t without, struct live *live)
{
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(t, TB_KIND_CAMPAIGN, &n);
    for (uint32_t i = 0; i < n; i++)
        if (list[i].tag != 0 && list[i].id != without && live->n < TB_CAMPAIGNS_MAX)
            live->offer[live->n++] = tb_read(t, TB_KIND_OFFER, list[i].tag);
}

static void check_neighbours(struct tb_txn *t, struct tb_block *b, const struct live *live, struct findings *f)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    for (uint32_t i = 0; i < live->n; i++) {
        const struct tb_offer_version *w = tb_block_head_const(live->offer[i]);
        struct tb_str theirs = tb_config_text(t, live->offer[i], w->group);
        bool same = v->group.n && tb_str_eq(tb_config_text(t, b, v->group), theirs);
        if (same && v->group_rule != w->group_rule)
            find(f, TB_FINDING_GROUP_RULE, w->campaign, 0, w->group_rule);
        if (same && v->level == w->level && v->sequence == w->sequence)
            find(f, TB_FINDING_OVERLAP, w->campaign, 0, w->sequence);
    }
    if (live->n + 1 > TB_PRICE_OFFERS_MAX)
        find(f, TB_FINDING_TOO_MANY, 0, 0, live->n + 1);
}

/* What is left of a price when every offer that may stand with this one takes its deepest cut. */
static int64_t left_of_stack(struct tb_txn *t, struct tb_block *b, const struct live *live, uint32_t id, int64_t price,
                             uint32_t *others)
{
    int64_t left = price - depth_of(t, b, price, id);
    *others = 0;
    for (uint32_t i = 0; i < live->n && left > 0; i++) {
        if (!may_stand_together(t, b, live->offer[i]) || !in_any_slot(t, live->offer[i], id))
            continue;
        (*others)++;
        left -= depth_of(t, live->offer[i], left, id);
    }
    return left;
}

static void check_products(struct tb_txn *t, struct tb_block *b, const struct live *live, struct findings *f)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    uint32_t looked = 0;
    uint32_t in_scope = 0;
    uint32_t last = (uint32_t)t->store->counter[TB_COUNTER_CONFIG];
    for (uint32_t id = 1; id <= last && id <= NUMBERS_LOOKED && looked < PRODUCTS_LOOKED; id++) {
        const struct tb_product *p = tb_catalog_find(t, TB_KIND_PRODUCT, id);
        if (p == NULL)
            continue;
        looked++;
        if (!in_any_slot(t, b, id))
            continue;
        in_scope++;
        if (p->price <= 0 || v->level == TB_PRICE_SHIPPING)
            continue;
        int64_t off = depth_of(t, b, p->price, id);
        uint32_t others;
        int64_t left = left_of_stack(t, b, live, id, p->price, &others);
        if (p->cost > 0 && left < p->cost)
            find(f, TB_FINDING_BELOW_COST, 0, id, p->cost - left);
        if (off > p->price / TB_PPM_ALL * DEPTH_PPM + p->price % TB_PPM_ALL * DEPTH_PPM / TB_PPM_ALL)
            find(f, TB_FINDING_DEPTH, 0, id, (int64_t)((__int128)off * TB_PPM_ALL / p->price));
        int64_t depth = (int64_t)((__int128)(p->price - left) * TB_PPM_ALL / p->price);
        if (others > 0 && depth > STACK_PPM)
            find(f, TB_FINDING_STACK, 0, id, depth);
    }
    bool all = looked > 0 && looked < PRODUCTS_LOOKED && last <= NUMBERS_LOOKED;
    if (all && in_scope == 0 && v->level != TB_PRICE_SHIPPING)
        find(f, TB_FINDING_UNREACHABLE, 0, 0, 0);
}

/* ---- alone --------------------------------------------------------------------------------------- */

/* Nothing in one order can cost more than this; INT64_MAX = nothing says so. */
static int64_t order_bound(const struct tb_offer_version *v)
{
    int64_t bound = v->cap_order ? v->cap_order : INT64_MAX;
    if (v->mechanic == TB_PRICE_AMOUNT && v->amount < bound)
        bound = v->amount;
    if (v->cap_unit && v->max_units && v->cap_unit < bound / v->max_units)
        bound = v->cap_unit * v->max_units;
    return bound;
}

static void check_bounds(const struct tb_txn *t, struct tb_block *b, struct findings *f)
{
    const struct tb_offer_version *v = tb_block_head_const(b);
    const struct tb_offer_limit *limit = tb_section(t, b, TB_OFFER_LIMIT);
    int64_t order = order_bound(v);
    bool in_all = v->budget_amount > 0 || v->cost_cap > 0 || v->coupon_unit != 0;
    int64_t member = INT64_MAX;
    for (uint32_t i = 0; i < b->n[TB_OFFER_LIMIT]; i++) {
        in_all = in_all || limit[i].scope == TB_LIMIT_CAMPAIGN;
        if (limit[i].scope != TB_LIMIT_MEMBER || limit[i].period != TB_PERIOD_LIFETIME)
            continue;
        if (limit[i].amount && limit[i].amount < member)
            member = limit[i].amount;
        if (limit[i].uses && order != INT64_MAX && limit[i].uses < member / (order ? order : 1))
            member = limit[i].uses * order;
    }
    if (!perk(v) && order == INT64_MAX && v->mechanic != TB_PRICE_TABLE)
        find(f, TB_FINDING_NO_CAP, 0, 0, 0);
    if (!in_all)
        find(f, TB_FINDING_NO_LIMIT, 0, 0, 0);
    if (v->budget_amount && member >= v->budget_amount)
        find(f, TB_FINDING_ONE_MEMBER, 0, 0, v->budget_amount);
    if (v->until_ms <= t->now_ms)
        find(f, TB_FINDING_UNREACHABLE, 0, 0, 0);
    if (v->broken)
        find(f, TB_FINDING_EXPRESSION, 0, 0, 0);
}

uint32_t tb_campaign_findings(struct tb_txn *t, uint32_t campaign, struct tb_finding_row *row)
{
    const struct tb_campaign *c = tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, campaign));
    struct tb_block *b = tb_read(t, TB_KIND_OFFER, c->newest);
    struct findings f = {.row = row};
    struct live *live = TB_NEW_ARRAY(t->scratch, struct live, 1);
    tb_assert(live != NULL);
    gather_live(t, campaign, live);
    check_bounds(t, b, &f);
    check_products(t, b, live, &f);
    check_neighbours(t, b, live, &f);
    return f.n;
}

enum tb_outcome tb_campaign_check(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_campaign_check *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CAMPAIGN, in->campaign);
    if (id == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");
    struct tb_finding_row row[TB_FINDINGS_MAX];
    uint32_t n = tb_campaign_findings(t, id, row);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t region[64];
        struct tb_buf one;
        tb_buf_init(&one, region, sizeof region);
        tb_wire_put_uint(&one, 1, row[i].finding);
        tb_wire_put_uint(&one, 2, row[i].against);
        tb_wire_put_uint(&one, 3, row[i].product);
        tb_wire_put_uint(&one, 4, (uint64_t)row[i].figure);
        tb_wire_put_bytes(&a->body, 1, tb_buf_as_str(&one));
    }
    return TB_DONE;
}

/* ---- the audit --------------------------------------------------------------------------------------- */

static const char *wrong_with(struct tb_core *c, struct tb_block *b)
{
    const struct tb_campaign *head = tb_block_head_const(b);
    const struct tb_campaign_run *run = tb_block_section(&tb_shapes[TB_KIND_CAMPAIGN], b, TB_CAMPAIGN_RUN);
    const struct tb_campaign_row *row = tb_block_section(&tb_shapes[TB_KIND_CAMPAIGN], b, TB_CAMPAIGN_ROW);
    uint32_t runs = b->n[TB_CAMPAIGN_RUN];
    if (tb_store_get(&c->store, TB_KIND_OFFER, head->newest) == NULL)
        return "its newest version is missing";
    if (head->live != (runs && run[runs - 1].until_ms == INT64_MAX ? run[runs - 1].offer : 0))
        return "its runs do not say what is live";
    for (uint32_t i = 0; i < runs; i++)
        if (tb_store_get(&c->store, TB_KIND_OFFER, run[i].offer) == NULL)
            return "a version that was in force is missing";
    for (uint32_t i = 0; i < b->n[TB_CAMPAIGN_ROW]; i++)
        if (row[i].uses < 0 || row[i].amount < 0 || row[i].pieces < 0)
            return "a counter is below 0";
    if (head->uses < 0 || head->amount < 0)
        return "more was given back than was used";
    const struct tb_block *book = head->budget ? tb_store_get(&c->store, TB_KIND_UNIT_BOOK, head->budget) : NULL;
    if (book != NULL) {
        const struct tb_book_account *issuer =
            &((const struct tb_unit_book *)tb_block_head_const(book))->account[TB_ACCOUNT_ISSUER];
        if (issuer->debits - issuer->credits != head->granted)
            return "its budget was not granted what it says";
    }
    return NULL;
}

void tb_promotion_check(struct tb_audit *a)
{
    struct tb_core *c = a->core;
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_CAMPAIGN, id);
        const char *what = b ? wrong_with(c, b) : NULL;
        if (what != NULL)
            tb_audit_broken(a, "campaign", id, what);
    }
}
