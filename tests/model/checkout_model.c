// SPDX-License-Identifier: Apache-2.0
#include "checkout_model.h"

#include "core/order/order.h"

const char *const store_code[2] = {"gz", "bj"};

/* ---- the shop ---------------------------------------------------------------------------------- */

/* One campaign in plain words, and where it is: bit 0 and 1 the stores. */
struct rule {
    const char *name;
    struct tb_offer offer;
    uint32_t stores;
    const char *coupon;
};

#define ORDER(...) {.level = TB_PRICE_ORDER, __VA_ARGS__}

static const struct rule rules[CAMPAIGNS] = {
    [CHEAPEST] = {"cheapest",
                  {.mechanic = TB_PRICE_CHEAPEST, .level = TB_PRICE_ITEM, .need = 3, .get = 1, .ppm = 1000000},
                  1,
                  NULL},
    [TEN] = {"ten", ORDER(.mechanic = TB_PRICE_PERCENT, .ppm = 100000), 3, NULL},
    [TWENTY] = {"twenty", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(20), .min_amount = YUAN(100)), 1, NULL},
    [FUNDED] = {"budget", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(8), .min_amount = YUAN(50)), 3, NULL},
    [TWICE] = {"twice", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(5)), 1, NULL},
    [COUPON] = {"coupon", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(15), .min_amount = YUAN(60)), 3, "c15"},
    [DAILY] = {"daily", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(3)), 2, NULL},
    [WEEKLY] = {"weekly", ORDER(.mechanic = TB_PRICE_PERCENT, .ppm = 50000), 2, NULL},
    [GIVING] = {"giving", ORDER(.mechanic = TB_PRICE_GIFT, .get = 1, .min_amount = YUAN(80)), 2, NULL},
    [NEXT] = {"next-off", ORDER(.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(6), .min_amount = YUAN(40)), 3, "next"},
};

static void put_rule(struct world *w, uint32_t c)
{
    const struct tb_offer *o = &rules[c].offer;
    struct tb_offer_limit limit[] = {
        {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 2},
        {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_DAY, .uses = 1},
        {.scope = TB_LIMIT_CAMPAIGN, .period = TB_PERIOD_ISO_WEEK, .amount = WEEKLY_AMOUNT}};
    struct tb_place_input place = {.by = TB_PLACE_STORE, .code = tb_str_of(store_code[rules[c].stores == 2])};
    struct tb_cmd_campaign_put put = kit_campaign(rules[c].name, o->mechanic);
    put.level = o->level;
    put.sequence = (int64_t)c;
    put.amount = o->amount;
    put.ppm = o->ppm;
    put.need = o->need;
    put.get = o->get;
    put.min_amount = o->min_amount;
    put.place = &place;
    put.place_n = rules[c].stores != 3;
    put.coupon = rules[c].coupon ? tb_str_of(rules[c].coupon) : TB_STR_NONE;
    put.gift_unit = c == GIVING ? S("next") : TB_STR_NONE;
    put.limit_n = c == TWICE || c == DAILY || c == WEEKLY;
    put.limit = &limit[c == TWICE ? 0 : c == DAILY ? 1 : 2];
    if (c == FUNDED) {
        put.budget_amount = BUDGET;
        put.budget_rule = TB_PRICE_BUDGET_PARTIAL;
    }
    w->offer[c] = kit_live(w->k, &put);
    w->campaign[c] = fx_code(w->k->f, TB_KIND_CAMPAIGN, rules[c].name);
}

void model_shop(struct world *w)
{
    struct fx *f = w->k->f;
    for (uint32_t i = 0; i < 2; i++) {
        struct tb_cmd_store_put store = {.put.code = tb_str_of(store_code[i]), .name = tb_str_of(store_code[i])};
        fx_done(f, TB_OP_STORE_PUT, &store);
    }
    struct tb_cmd_unit_put points = {.put = {.code = S("points")},
                                     .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                     .face_ppm = 1000000,
                                     .pay_min = PAY_MIN,
                                     .pay_step = PAY_STEP,
                                     .pay_share_ppm = PAY_SHARE_PPM};
    fx_done(f, TB_OP_UNIT_PUT, &points);
    struct tb_cmd_unit_put template = {.put.code = S("c15"), .kind = TB_UNIT_COUPON, .expiry = TB_EXPIRY_ROLLING_DAYS,
                                       .expiry_n = 20};
    fx_done(f, TB_OP_UNIT_PUT, &template);
    template.put.code = S("next");
    template.expiry_n = 10;
    fx_done(f, TB_OP_UNIT_PUT, &template);
    for (uint32_t c = 0; c < CAMPAIGNS; c++)
        put_rule(w, c);
    const char *const unit[] = {"points", "c15", "next"};
    for (uint32_t i = 0; i < 3; i++)
        w->unit[i] = fx_code(f, TB_KIND_UNIT, unit[i]);
    struct tb_block *b = tb_store_get(&f->core.store, TB_KIND_CAMPAIGN, w->campaign[FUNDED]);
    w->budget_unit = ((const struct tb_campaign *)tb_block_head_const(b))->budget;
    assert_int_not_equal(w->budget_unit, 0);
}

/* ---- what is left ---------------------------------------------------------------------------------- */

static int32_t week_of(int32_t day)
{
    return day - tb_weekday(day);
}

int64_t model_left(const struct world *w, uint32_t campaign, uint32_t by, const struct plain *without)
{
    int64_t used = 0;
    int32_t today = model_day(w);
    for (uint32_t i = 0; i < w->order_n; i++) {
        const struct plain *p = &w->order[i];
        if (p == without || (!p->open && !p->placed))
            continue;
        if (campaign == FUNDED || (campaign == WEEKLY && week_of(p->day) == week_of(today)))
            used += p->out[campaign];
        if ((campaign == TWICE || (campaign == DAILY && p->day == today)) && same_person(w, p->by, by))
            used += p->counted[campaign];
    }
    return (campaign == FUNDED ? BUDGET : campaign == WEEKLY ? WEEKLY_AMOUNT : campaign == TWICE ? 2 : 1) - used;
}

bool model_usable(const struct world *w, const struct held_coupon *c, uint32_t by)
{
    return !c->used && !c->gone && c->due_ms > w->k->f->now_ms && same_person(w, c->owner, by);
}

/* ---- the least price -------------------------------------------------------------------------------- */

static void add_offer(struct tb_offer *o, uint32_t *n, uint32_t c, int64_t expires_ms)
{
    assert_true(*n < OFFERS_MAX);
    o[*n] = rules[c].offer;
    o[*n].rounding = TB_ROUND_HALF_UP;
    o[*n].sequence = (int32_t)c;
    o[*n].group = *n;
    o[*n].expires_ms = expires_ms;
    (*n)++;
}

static uint32_t plain_offers(const struct world *w, const struct plain *p, struct tb_offer *o)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        if (!(rules[c].stores >> p->store & 1))
            continue;
        if (c == COUPON || c == NEXT) {
            for (uint32_t i = 0; i < w->coupon_n; i++)
                if (w->coupon[i].campaign == c && model_usable(w, &w->coupon[i], p->by)) {
                    add_offer(o, &n, c, w->coupon[i].due_ms);
                    o[n - 1].coupon = TB_PRICE_JOINT;
                }
            continue;
        }
        bool limited = c == FUNDED || c == WEEKLY || c == TWICE || c == DAILY;
        int64_t left = limited ? model_left(w, c, p->by, NULL) : 1;
        if (left <= 0)
            continue;
        add_offer(o, &n, c, INT64_MAX);
        if (c == FUNDED || c == WEEKLY) {
            o[n - 1].budget_rule = TB_PRICE_BUDGET_PARTIAL;
            o[n - 1].budget = left;
        }
    }
    return n;
}

int64_t model_best(struct world *w, const struct plain *p)
{
    struct tb_price_work work = {w->region, w->region_bytes};
    struct tb_basket_line line[LINES];
    struct tb_offer offer[OFFERS_MAX];
    for (uint32_t i = 0; i < p->line_n; i++)
        line[i] = (struct tb_basket_line){.quantity = p->pieces[i] * 1000, .amount = p->list[i], .cost = -1};
    struct tb_basket basket = {.line = line, .line_n = p->line_n, .shipping = p->shipping};
    uint32_t n = plain_offers(w, p, offer);
    int64_t best = INT64_MAX;
    for (uint64_t set = 0; set < UINT64_C(1) << n; set++) {
        struct tb_plain_price price;
        assert_int_equal(tb_price_plain(&work, &basket, offer, n, set, &price), TB_PROOF_HOLDS);
        if (price.legal && price.payable < best)
            best = price.payable;
    }
    w->exhaustive++;
    return best;
}

/* ---- looking at the engine --------------------------------------------------------------------------- */

int64_t model_book(const struct world *w, uint32_t unit, enum tb_tenant_account account)
{
    struct tb_block *b = tb_store_get(&w->k->f->core.store, TB_KIND_UNIT_BOOK, unit);
    if (b == NULL)
        return 0;
    const struct tb_unit_book *book = tb_block_head_const(b);
    return book->account[account].credits - book->account[account].debits;
}

static int64_t balance(struct world *w, uint32_t by, uint32_t unit)
{
    struct fx *f = w->k->f;
    f->txn.tenant = f->tenant;
    struct tb_block *b = fx_person(f, w->profile[by]);
    return tb_ledger_balance(&f->txn, b, unit, f->now_ms).available;
}

int64_t model_points(struct world *w, uint32_t by)
{
    return balance(w, by, w->unit[0]);
}

static const struct tb_campaign *head_of(const struct world *w, uint32_t c)
{
    return tb_block_head_const(tb_store_get(&w->k->f->core.store, TB_KIND_CAMPAIGN, w->campaign[c]));
}

void model_stands(struct world *w)
{
    int64_t left = model_left(w, FUNDED, 0, NULL);
    int64_t held = 0;
    int64_t weekly = 0;
    int64_t uses[CAMPAIGNS] = {0};
    for (uint32_t i = 0; i < w->order_n; i++) {
        const struct plain *p = &w->order[i];
        held += p->open ? p->out[FUNDED] : 0;
        for (uint32_t c = 0; c < CAMPAIGNS && (p->open || p->placed); c++) {
            uses[c] += p->counted[c];
            weekly += c == WEEKLY ? p->out[c] : 0;
        }
    }
    assert_int_equal(model_book(w, w->budget_unit, TB_ACCOUNT_FUND), left);
    assert_int_equal(model_book(w, w->budget_unit, TB_ACCOUNT_HELD), held);
    assert_true(left >= 0 && model_left(w, WEEKLY, 0, NULL) >= 0);
    assert_int_equal(head_of(w, WEEKLY)->amount, weekly);
    assert_int_equal(head_of(w, TWICE)->uses, uses[TWICE]);
    assert_int_equal(head_of(w, DAILY)->uses, uses[DAILY]);
}

/* ---- orders --------------------------------------------------------------------------------------------- */

static uint32_t campaign_of(const struct world *w, uint64_t offer)
{
    for (uint32_t c = 0; c < CAMPAIGNS; c++)
        if (w->offer[c] == offer)
            return c;
    fail_msg("an offer that nobody made");
    return 0;
}

/* The bit of the coupon that an offer takes; it was usable. */
static uint32_t take_coupon(struct world *w, struct plain *p, uint32_t campaign, uint64_t lot)
{
    for (uint32_t i = 0; i < w->coupon_n; i++) {
        if (w->coupon[i].lot != lot)
            continue;
        assert_int_equal(w->coupon[i].campaign, campaign);
        assert_false(w->coupon[i].used || w->coupon[i].gone || !same_person(w, w->coupon[i].owner, p->by));
        w->coupon[i].used = true;
        return 1u << i;
    }
    fail_msg("a coupon that nobody has");
    return 0;
}

static void take_effect(struct world *w, struct plain *p, uint64_t offer, int64_t saving, uint64_t coupon)
{
    uint32_t c = campaign_of(w, offer);
    assert_true((coupon != 0) == (c == COUPON || c == NEXT));
    p->out[c] += saving;
    p->counted[c] = true;
    if (coupon != 0)
        p->coupon_set |= take_coupon(w, p, c, coupon);
}

static void clear_effects(struct world *w, struct plain *p)
{
    memset(p->out, 0, sizeof p->out);
    memset(p->counted, 0, sizeof p->counted);
    p->coupon_set = 0;
    p->day = model_day(w);
}

static void take_gifts(struct world *w, const struct plain *p)
{
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_given *given = kit_section(w->k, p->no, TB_ORDER_GIVEN);
    assert_int_equal(b->n[TB_ORDER_GIVEN], p->counted[GIVING] ? 1 : 0);
    for (uint32_t i = 0; i < b->n[TB_ORDER_GIVEN]; i++) {
        assert_true(w->coupon_n < COUPONS);
        assert_int_equal(given[i].unit, w->unit[2]);
        w->coupon[w->coupon_n++] = (struct held_coupon){
            .lot = given[i].lot, .due_ms = given[i].due_ms, .owner = p->by, .campaign = NEXT};
    }
}

/* Every piece costs its list amount less its shares; pieces make lines, lines and shipping make tenders. */
static int64_t add_up(struct world *w, struct plain *p)
{
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_line *line = kit_section(w->k, p->no, TB_ORDER_LINE);
    const struct tb_order_share *share = kit_section(w->k, p->no, TB_ORDER_SHARE);
    int64_t lists = 0;
    int64_t shares = 0;
    assert_int_equal(b->n[TB_ORDER_LINE], p->line_n);
    for (uint32_t i = 0; i < p->line_n; i++) {
        int64_t sum = 0;
        for (int64_t j = 0; j < p->pieces[i]; j++) {
            int64_t each = p->list[i] / p->pieces[i] + (j < p->list[i] % p->pieces[i]);
            for (uint32_t s = 0; s < b->n[TB_ORDER_SHARE]; s++)
                if (share[s].line == i && j >= share[s].first && j < share[s].first + share[s].n)
                    each -= share[s].each;
            assert_true(each >= 0);
            p->net[i][j] = each;
            sum += each;
        }
        assert_int_equal(sum, line[i].net);
        lists += p->list[i];
    }
    for (uint32_t s = 0; s < b->n[TB_ORDER_SHARE]; s++)
        shares += share[s].each * share[s].n;
    assert_int_equal(((const struct tb_order *)tb_block_head_const(b))->net, lists - shares);
    return shares;
}

void model_take_order(struct world *w, struct plain *p)
{
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_effect *effect = kit_section(w->k, p->no, TB_ORDER_EFFECT);
    const struct tb_order_payment *payment = kit_section(w->k, p->no, TB_ORDER_PAYMENT);
    int64_t saving = 0;
    int64_t tenders = 0;
    clear_effects(w, p);
    for (uint32_t e = 0; e < b->n[TB_ORDER_EFFECT]; e++) {
        saving += effect[e].saving;
        take_effect(w, p, effect[e].offer, effect[e].saving, effect[e].coupon);
    }
    assert_int_equal(add_up(w, p), saving);
    for (uint32_t i = 0; i < b->n[TB_ORDER_PAYMENT]; i++)
        tenders += payment[i].amount;
    assert_int_equal(tenders, p->payable);
    assert_int_equal(((const struct tb_order *)tb_block_head_const(b))->net + p->shipping, p->payable);
    p->placed = true;
    take_gifts(w, p);
    w->orders++;
}

void model_take_basket(struct world *w, struct plain *p)
{
    struct tb_block *b = tb_store_get(&w->k->f->core.store, TB_KIND_BASKET, p->no);
    const struct tb_basket_offer *o = tb_block_section(&tb_shapes[TB_KIND_BASKET], b, TB_BASKET_OFFER);
    clear_effects(w, p);
    for (uint32_t i = 0; i < b->n[TB_BASKET_OFFER]; i++)
        take_effect(w, p, o[i].offer, o[i].saving, o[i].coupon);
    p->open = true;
}

void model_give_back(struct world *w, struct plain *p)
{
    for (uint32_t i = 0; i < w->coupon_n; i++)
        if (p->coupon_set >> i & 1)
            w->coupon[i].used = false;
    clear_effects(w, p);
    p->open = false;
}

/* A coupon that an offer gave and that is no longer due is withdrawn, if she still has it. */
static void gifts_back(struct world *w, struct plain *p, uint32_t effect, bool due_back)
{
    bool now = due_back && !p->gift_settled;
    p->gift_settled = due_back;
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_given *given = kit_section(w->k, p->no, TB_ORDER_GIVEN);
    for (uint32_t i = 0; i < b->n[TB_ORDER_GIVEN]; i++) {
        if (given[i].effect != effect)
            continue;
        for (uint32_t k = 0; k < w->coupon_n; k++) {
            struct held_coupon *c = &w->coupon[k];
            if (c->lot != given[i].lot || c->gone)
                continue;
            bool has = !c->used && c->due_ms > w->k->f->now_ms;
            assert_int_equal(given[i].withdrawn, now && has);
            c->gone = given[i].withdrawn;
        }
    }
}

static void effect_back(struct world *w, struct plain *p, uint32_t e, bool all)
{
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_effect *effect =
        (const struct tb_order_effect *)kit_section(w->k, p->no, TB_ORDER_EFFECT) + e;
    const struct tb_order_share *share = kit_section(w->k, p->no, TB_ORDER_SHARE);
    uint32_t c = campaign_of(w, effect->offer);
    int64_t kept = 0;
    for (uint32_t s = 0; s < b->n[TB_ORDER_SHARE]; s++)
        for (int64_t j = share[s].first; share[s].effect == e && j < share[s].first + share[s].n; j++)
            kept += j >= p->back[share[s].line] ? share[s].each : 0;
    int64_t still = effect->saving - effect->saving_back;
    if (!p->anew) {
        assert_int_equal(still, kept);
        assert_int_equal(effect->ended, all || (effect->saving > 0 && kept == 0));
    }
    assert_true(still >= 0 && (!all || (still == 0 && effect->ended)));
    for (uint32_t i = 0; i < w->coupon_n && effect->coupon != 0; i++)
        if (w->coupon[i].lot == effect->coupon && p->coupon_set >> i & 1) {
            w->coupon[i].used = !effect->ended;
            p->coupon_set &= ~(effect->ended ? 1u << i : 0u);
        }
    if (effect->coupon == 0) {
        p->out[c] = still;
        p->counted[c] = !effect->ended;
    }
    if (c == GIVING)
        gifts_back(w, p, e, effect->gifts_settled > 0);
}

void model_after_return(struct world *w, struct plain *p)
{
    struct tb_block *b = kit_order(w->k, p->no);
    const struct tb_order_payment *payment = kit_section(w->k, p->no, TB_ORDER_PAYMENT);
    const struct tb_order_earn *earn = kit_section(w->k, p->no, TB_ORDER_EARN);
    bool all = true;
    for (uint32_t i = 0; i < p->line_n; i++)
        all = all && p->back[i] == p->pieces[i];
    for (uint32_t e = 0; e < b->n[TB_ORDER_EFFECT]; e++)
        effect_back(w, p, e, all);
    int64_t tenders = 0;
    for (uint32_t i = 0; i < b->n[TB_ORDER_PAYMENT]; i++) {
        tenders += payment[i].back;
        assert_true(payment[i].back <= payment[i].amount && payment[i].units_back <= payment[i].units);
        if (all)
            assert_true(payment[i].back == payment[i].amount && payment[i].units_back == payment[i].units);
    }
    assert_int_equal(tenders, p->refunded + (all ? p->shipping : 0));
    assert_true(tenders <= p->payable && (!all || tenders == p->payable));
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++) {
        assert_true(earn[i].clawed <= earn[i].amount && (!all || earn[i].clawed == earn[i].amount));
        w->shortfall += all ? earn[i].shortfall : 0; /* spent elsewhere when it should have been taken back */
    }
    if (all)
        p->placed = false;
    w->backs++;
}

/* ---- the ends -------------------------------------------------------------------------------------------- */

void model_begin(struct world *w)
{
    const uint32_t unit[4] = {w->unit[0], w->unit[1], w->unit[2], w->budget_unit};
    for (uint32_t u = 0; u < 4; u++)
        for (uint32_t a = 0; a < TB_TENANT_ACCOUNTS; a++)
            w->book[u][a] = model_book(w, unit[u], (enum tb_tenant_account)a);
}

static int64_t hers(struct world *w, uint32_t unit)
{
    return balance(w, 0, unit) + (w->joined ? 0 : balance(w, 1, unit));
}

/* issued = redeemed + expired + taken back + outstanding, of every unit, since the sequence began. */
static void books_add_up(struct world *w)
{
    const uint32_t unit[3] = {w->unit[0], w->unit[1], w->unit[2]};
    for (uint32_t u = 0; u < 3; u++) {
        int64_t sum = 0;
        for (uint32_t a = 0; a < TB_TENANT_ACCOUNTS; a++)
            sum += model_book(w, unit[u], (enum tb_tenant_account)a) - w->book[u][a];
        assert_int_equal(sum + hers(w, unit[u]), 0);
        assert_int_equal(model_book(w, unit[u], TB_ACCOUNT_SPENT), w->book[u][TB_ACCOUNT_SPENT]);
        assert_int_equal(model_book(w, unit[u], TB_ACCOUNT_CLEARING), w->book[u][TB_ACCOUNT_CLEARING]);
    }
    for (uint32_t a = 0; a < TB_TENANT_ACCOUNTS; a++)
        assert_int_equal(model_book(w, w->budget_unit, (enum tb_tenant_account)a), w->book[3][a]);
}

void model_end(struct world *w)
{
    struct fx *f = w->k->f;
    for (uint32_t i = 0; i < 2; i++) { /* what is due is booked */
        struct tb_cmd_fire fire = {.kind = TB_KIND_PERSON, .id = fx_person_no(f, w->profile[i])};
        fx_done(f, TB_OP_FIRE, &fire);
    }
    model_stands(w);
    assert_int_equal(model_left(w, FUNDED, 0, NULL), BUDGET);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        const struct tb_campaign *head = head_of(w, c);
        assert_true(head->uses == 0 && head->amount == 0 && head->pieces == 0);
    }
    assert_int_equal(hers(w, w->unit[0]), w->given + w->shortfall);
    int64_t left[2] = {0, 0};
    for (uint32_t i = 0; i < w->coupon_n; i++) {
        assert_false(w->coupon[i].used);
        left[w->coupon[i].campaign == NEXT] += !w->coupon[i].gone && w->coupon[i].due_ms > f->now_ms;
    }
    assert_int_equal(hers(w, w->unit[1]), left[0]);
    assert_int_equal(hers(w, w->unit[2]), left[1]);
    books_add_up(w);
}
