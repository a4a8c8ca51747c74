// SPDX-License-Identifier: Apache-2.0
/* Random histories of checkouts against a plain model.
 *
 * One sequence is a member who gets points and coupons, then quotes, opens and releases baskets, confirms, brings
 * back pieces and cancels in random order, with time passing. The model knows the six campaigns as plain offers,
 * counts coupons, uses and budget by itself, tries every set of open offers with the part-by-part evaluator of
 * core/price/proof.h, and keeps the price of every piece. Checked at every step: payable is the least there is;
 * quote = confirm; nets, shares and tenders add up both ways; a refund is what its pieces were sold for;
 * budget, uses, coupons and points stand where the model has them. At the end everything comes back, and
 * every account that was touched is where it began (promotion-facts section 4).
 *
 *   checkout_random [--sequences N] [--seed S]        a failure prints the seed that repeats it          */
#include "checkout_kit.h"

#include "core/price/proof.h"

#include <signal.h>

#define YUAN(x) (INT64_C(100) * (x))
#define ORDERS 6
#define COUPONS 2
#define OFFERS 7 /* five rules, then the coupons */
#define BUDGET YUAN(40)
#define GIFT_POINTS 4000
#define PIECES 12
#define PER_CELL 500

static uint64_t seed;

static uint64_t dice(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* A confirmed order or an open basket, as the model has it. */
struct plain {
    bool open;   /* a basket */
    bool placed; /* an order */
    uint64_t no;
    char key[24];
    uint32_t line_n;
    int64_t list[4];
    int64_t pieces[4];
    int64_t back[4];
    int64_t net[4][PIECES];
    int64_t payable;
    int64_t refunded;
    int64_t points;        /* spent */
    uint64_t coupon_set;   /* bits of coupons that it uses */
    bool counted;          /* the limited offer is in force */
    int64_t budget;        /* of the budget's saving, still out */
    int64_t deadline_ms;
    bool anew; /* its policy is to re-evaluate: what a return pays is asked, not known */
};

struct world {
    struct checkout_kit *k;
    uint32_t offer[OFFERS];
    uint32_t budget_unit;
    char who[24];
    uint64_t lot[COUPONS];
    bool used[COUPONS]; /* or locked */
    int64_t uses;
    int64_t budget_left;
    struct plain order[ORDERS];
    uint32_t order_n;
    uint64_t sequence;
    uint32_t returns;
    int64_t shortfall;
    void *region;
    size_t region_bytes;
    uint64_t quotes;
    uint64_t orders;
    uint64_t backs;
};

static void campaigns(struct world *w)
{
    struct checkout_kit *k = w->k;
    struct tb_cmd_campaign_put put = kit_campaign("cheapest", TB_PRICE_CHEAPEST);
    put.level = TB_PRICE_ITEM;
    put.need = 3;
    put.get = 1;
    put.ppm = 1000000;
    w->offer[0] = kit_live(k, &put);
    put = kit_campaign("ten", TB_PRICE_PERCENT);
    put.ppm = 100000;
    put.sequence = 1;
    w->offer[1] = kit_live(k, &put);
    put = kit_campaign("twenty", TB_PRICE_AMOUNT);
    put.amount = YUAN(20);
    put.min_amount = YUAN(100);
    put.sequence = 2;
    w->offer[2] = kit_live(k, &put);
    put = kit_campaign("budget", TB_PRICE_AMOUNT);
    put.amount = YUAN(8);
    put.min_amount = YUAN(50);
    put.sequence = 3;
    put.budget_amount = BUDGET;
    put.budget_rule = TB_PRICE_BUDGET_PARTIAL;
    w->offer[3] = kit_live(k, &put);
    struct tb_offer_limit thrice = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 2};
    put = kit_campaign("twice", TB_PRICE_AMOUNT);
    put.amount = YUAN(5);
    put.sequence = 4;
    put.limit = &thrice;
    put.limit_n = 1;
    w->offer[4] = kit_live(k, &put);
    struct tb_cmd_unit_put unit = {.put.code = S("c15"), .kind = TB_UNIT_COUPON};
    fx_done(k->f, TB_OP_UNIT_PUT, &unit);
    put = kit_campaign("coupon", TB_PRICE_AMOUNT);
    put.amount = YUAN(15);
    put.min_amount = YUAN(60);
    put.sequence = 5;
    put.coupon = S("c15");
    w->offer[5] = w->offer[6] = kit_live(k, &put);
    struct tb_block *b = tb_store_get(&k->f->core.store, TB_KIND_CAMPAIGN, fx_code(k->f, TB_KIND_CAMPAIGN, "budget"));
    w->budget_unit = ((const struct tb_campaign *)tb_block_head_const(b))->budget;
    assert_int_not_equal(w->budget_unit, 0);
}

/* The same campaigns in plain words. */
static uint32_t plain_offers(const struct world *w, struct tb_offer *o, uint32_t *which)
{
    uint32_t n = 0;
    const struct tb_offer all[OFFERS] = {
        {.mechanic = TB_PRICE_CHEAPEST, .level = TB_PRICE_ITEM, .need = 3, .get = 1, .ppm = 1000000},
        {.mechanic = TB_PRICE_PERCENT, .ppm = 100000},
        {.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(20), .min_amount = YUAN(100)},
        {.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(8), .min_amount = YUAN(50),
         .budget_rule = TB_PRICE_BUDGET_PARTIAL, .budget = w->budget_left},
        {.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(5)},
        {.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(15), .min_amount = YUAN(60), .coupon = TB_PRICE_JOINT,
         .expires_ms = INT64_MAX},
        {.mechanic = TB_PRICE_AMOUNT, .amount = YUAN(15), .min_amount = YUAN(60), .coupon = TB_PRICE_JOINT,
         .expires_ms = INT64_MAX},
    };
    for (uint32_t i = 0; i < OFFERS; i++) {
        if ((i == 3 && w->budget_left == 0) || (i == 4 && w->uses >= 2) || (i >= 5 && w->used[i - 5]))
            continue;
        o[n] = all[i];
        o[n].rounding = TB_ROUND_HALF_UP;
        o[n].sequence = i < 5 ? (int32_t)i : 5;
        o[n].group = i;
        if (i > 0)
            o[n].level = TB_PRICE_ORDER;
        which[n++] = i;
    }
    return n;
}

struct best {
    int64_t payable;
    uint32_t which[OFFERS];
    uint32_t n;
    struct tb_offer offer[OFFERS];
    struct tb_basket basket;
    struct tb_basket_line line[4];
    struct tb_price_work work;
};

static void plain_best(struct world *w, const struct plain *p, struct best *b)
{
    b->work = (struct tb_price_work){w->region, w->region_bytes};
    for (uint32_t i = 0; i < p->line_n; i++)
        b->line[i] = (struct tb_basket_line){.quantity = p->pieces[i] * 1000, .amount = p->list[i], .cost = -1};
    b->basket = (struct tb_basket){.line = b->line, .line_n = p->line_n};
    b->n = plain_offers(w, b->offer, b->which);
    b->payable = INT64_MAX;
    for (uint64_t set = 0; set < UINT64_C(1) << b->n; set++) {
        struct tb_plain_price price;
        assert_int_equal(tb_price_plain(&b->work, &b->basket, b->offer, b->n, set, &price), TB_PROOF_HOLDS);
        if (price.legal && price.payable < b->payable)
            b->payable = price.payable;
    }
}

/* ---- checks ------------------------------------------------------------------------------------- */

static int64_t budget_of(const struct world *w, enum tb_tenant_account account)
{
    struct tb_block *b = tb_store_get(&w->k->f->core.store, TB_KIND_UNIT_BOOK, w->budget_unit);
    const struct tb_unit_book *book = tb_block_head_const(b);
    return book->account[account].credits - book->account[account].debits;
}

static int64_t points_of(struct world *w)
{
    return kit_balance(w->k, w->who, "points");
}

static void stands(struct world *w)
{
    int64_t out = 0;
    for (uint32_t i = 0; i < w->order_n; i++)
        out += w->order[i].open || w->order[i].placed ? w->order[i].budget : 0;
    assert_int_equal(budget_of(w, TB_ACCOUNT_FUND), w->budget_left);
    assert_int_equal(w->budget_left + out, BUDGET);
    assert_true(w->budget_left >= 0 && w->uses >= 0 && w->uses <= 2);
}

/* Reads what the order did, checks that it adds up, and takes it into the model. */
static void take_order(struct world *w, struct plain *p)
{
    struct checkout_kit *k = w->k;
    struct tb_block *b = kit_order(k, p->no);
    const struct tb_order_line *line = kit_section(k, p->no, TB_ORDER_LINE);
    const struct tb_order_share *share = kit_section(k, p->no, TB_ORDER_SHARE);
    const struct tb_order_effect *effect = kit_section(k, p->no, TB_ORDER_EFFECT);
    const struct tb_order_payment *payment = kit_section(k, p->no, TB_ORDER_PAYMENT);
    int64_t saving = 0;
    int64_t shares = 0;
    int64_t nets = 0;
    int64_t tenders = 0;
    int64_t lists = 0;
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
        nets += line[i].net;
        lists += p->list[i];
    }
    p->budget = 0;
    p->coupon_set = 0;
    p->counted = false;
    for (uint32_t e = 0; e < b->n[TB_ORDER_EFFECT]; e++) {
        saving += effect[e].saving;
        p->budget += effect[e].offer == w->offer[3] ? effect[e].saving : 0;
        p->counted = p->counted || effect[e].offer == w->offer[4];
        for (uint32_t c = 0; c < COUPONS; c++)
            p->coupon_set |= effect[e].coupon == w->lot[c] ? 1u << c : 0;
        assert_true((effect[e].coupon != 0) == (effect[e].offer == w->offer[5]));
    }
    for (uint32_t s = 0; s < b->n[TB_ORDER_SHARE]; s++)
        shares += share[s].each * share[s].n;
    for (uint32_t i = 0; i < b->n[TB_ORDER_PAYMENT]; i++)
        tenders += payment[i].amount;
    assert_int_equal(saving, shares);
    assert_int_equal(lists - saving, nets);
    assert_int_equal(nets, tenders);
    assert_int_equal(nets, p->payable);
    assert_int_equal(((const struct tb_order *)tb_block_head_const(b))->net, nets);
}

static void take_uses(struct world *w, const struct plain *p, int sign)
{
    for (uint32_t c = 0; c < COUPONS; c++)
        if (p->coupon_set >> c & 1) {
            assert_int_equal(w->used[c], sign < 0);
            w->used[c] = sign > 0;
        }
    w->uses += p->counted ? sign : 0;
    w->budget_left -= sign * p->budget;
}

/* ---- acts ----------------------------------------------------------------------------------------- */

static void basket_of(struct world *w, struct plain *p)
{
    struct checkout_kit *k = w->k;
    kit_clear(k);
    kit_as(k, w->who);
    *p = (struct plain){.line_n = 1 + (uint32_t)dice(4)};
    for (uint32_t i = 0; i < p->line_n; i++) {
        p->pieces[i] = 1 + (int64_t)dice(dice(3) ? 2 : PIECES);
        p->list[i] = (int64_t)dice(8000) + (dice(8) == 0 ? 0 : p->pieces[i]);
        kit_line(k, p->pieces[i], p->list[i]);
    }
    k->in.quote.best_of_mine = true;
    p->anew = dice(4) == 0;
    k->in.quote.policy = p->anew ? TB_RETURN_REEVALUATE : TB_RETURN_KEEP_SHARE;
    if (dice(2)) {
        p->points = (int64_t)dice(2000);
        k->tender[0] = (struct tb_quote_tender){.kind = TB_TENDER_POINTS, .unit = S("points"), .units = p->points};
        k->in.quote.tender_n = p->points > 0;
    }
}

static void quote(struct world *w, struct plain *p, bool exhaustive)
{
    struct best best;
    if (exhaustive)
        plain_best(w, p, &best);
    p->payable = kit_quote(w->k);
    assert_int_equal(fx_uint(w->k->f, 7, 0), 1); /* proven */
    if (exhaustive)
        assert_int_equal(p->payable, best.payable);
    w->quotes++;
}

static struct plain *new_order(struct world *w)
{
    return w->order_n < ORDERS ? &w->order[w->order_n] : NULL;
}

static void act_confirm(struct world *w)
{
    struct plain *p = new_order(w);
    if (p == NULL)
        return;
    basket_of(w, p);
    int64_t before = points_of(w);
    if (p->points > before)
        w->k->in.quote.tender_n = 0;
    quote(w, p, dice(3) == 0);
    snprintf(p->key, sizeof p->key, "o%llu-%u", (unsigned long long)w->sequence, w->order_n++);
    w->k->in.payable = p->payable;
    p->no = kit_confirm(w->k, p->key);
    p->placed = true;
    take_order(w, p);
    take_uses(w, p, 1);
    w->orders++;
}

static void act_checkout(struct world *w)
{
    struct plain *p = new_order(w);
    if (p == NULL)
        return;
    basket_of(w, p);
    if (p->points > points_of(w))
        w->k->in.quote.tender_n = 0;
    quote(w, p, false);
    p->no = kit_checkout(w->k);
    assert_int_equal((int64_t)fx_uint(w->k->f, 2, 0), p->payable);
    w->order_n++;
    p->open = true;
    p->deadline_ms = (int64_t)fx_uint(w->k->f, 4, 0);
    struct tb_block *b = tb_store_get(&w->k->f->core.store, TB_KIND_BASKET, p->no);
    const struct tb_basket_offer *o = tb_block_section(&tb_shapes[TB_KIND_BASKET], b, TB_BASKET_OFFER);
    for (uint32_t i = 0; i < b->n[TB_BASKET_OFFER]; i++) {
        p->budget += o[i].offer == w->offer[3] ? o[i].saving : 0;
        p->counted = p->counted || o[i].offer == w->offer[4];
        for (uint32_t c = 0; c < COUPONS; c++)
            p->coupon_set |= o[i].coupon == w->lot[c] ? 1u << c : 0;
    }
    take_uses(w, p, 1);
}

/* What the engine's timers do. */
static void fire_due(struct world *w)
{
    for (uint32_t i = 0; i < w->order_n; i++) {
        struct plain *p = &w->order[i];
        if (!p->open || p->deadline_ms > w->k->f->now_ms)
            continue;
        struct tb_cmd_fire fire = {.kind = TB_KIND_BASKET, .id = p->no};
        fx_done(w->k->f, TB_OP_FIRE, &fire);
        take_uses(w, p, -1);
        p->open = false;
    }
}

static void act_basket_end(struct world *w)
{
    for (uint32_t i = 0; i < w->order_n; i++) {
        struct plain *p = &w->order[i];
        if (!p->open || dice(2))
            continue;
        p->open = false;
        if (dice(3) == 0) {
            struct tb_cmd_basket_release in = {.basket = p->no};
            fx_done(w->k->f, TB_OP_BASKET_RELEASE, &in);
            take_uses(w, p, -1);
            return;
        }
        if (dice(4) == 0) { /* lapses */
            w->k->f->now_ms = p->deadline_ms;
            p->open = true;
            fire_due(w);
            return;
        }
        take_uses(w, p, -1);
        snprintf(p->key, sizeof p->key, "b%llu-%u", (unsigned long long)w->sequence, i);
        p->no = kit_confirm_basket(w->k, p->no, p->key);
        p->placed = true;
        take_order(w, p);
        take_uses(w, p, 1);
        w->orders++;
        return;
    }
}

/* What is left of an effect's saving stands on pieces that she keeps. */
static void after_return(struct world *w, struct plain *p)
{
    const struct tb_order_effect *effect = kit_section(w->k, p->no, TB_ORDER_EFFECT);
    const struct tb_order_share *share = kit_section(w->k, p->no, TB_ORDER_SHARE);
    const struct tb_order_payment *payment = kit_section(w->k, p->no, TB_ORDER_PAYMENT);
    struct tb_block *b = kit_order(w->k, p->no);
    bool all = true;
    for (uint32_t i = 0; i < p->line_n; i++)
        all = all && p->back[i] == p->pieces[i];
    for (uint32_t e = 0; e < b->n[TB_ORDER_EFFECT]; e++) {
        int64_t kept = 0;
        for (uint32_t s = 0; s < b->n[TB_ORDER_SHARE]; s++)
            for (int64_t j = share[s].first; share[s].effect == e && j < share[s].first + share[s].n; j++)
                kept += j >= p->back[share[s].line] ? share[s].each : 0;
        bool ended = p->anew ? effect[e].ended : all || kept == 0;
        if (p->anew)
            kept = effect[e].saving - effect[e].saving_back;
        assert_int_equal(effect[e].saving - effect[e].saving_back, kept);
        assert_int_equal(effect[e].ended, ended);
        if (effect[e].offer == w->offer[3]) {
            w->budget_left += p->budget - kept;
            p->budget = kept;
        }
        if (effect[e].offer == w->offer[4] && ended && p->counted) {
            p->counted = false;
            w->uses--;
        }
        for (uint32_t c = 0; c < COUPONS; c++)
            if (effect[e].coupon == w->lot[c] && ended && p->coupon_set >> c & 1) {
                p->coupon_set &= ~(UINT64_C(1) << c);
                w->used[c] = false;
            }
    }
    int64_t tenders = 0;
    for (uint32_t i = 0; i < b->n[TB_ORDER_PAYMENT]; i++) {
        tenders += payment[i].back;
        assert_true(payment[i].back <= payment[i].amount);
        if (all)
            assert_true(payment[i].back == payment[i].amount && payment[i].units_back == payment[i].units);
    }
    assert_int_equal(tenders, p->refunded);
    const struct tb_order_earn *earn = kit_section(w->k, p->no, TB_ORDER_EARN);
    for (uint32_t i = 0; i < b->n[TB_ORDER_EARN]; i++)
        assert_true(earn[i].clawed <= earn[i].amount && (!all || earn[i].clawed == earn[i].amount));
    w->backs++;
}

static void act_return(struct world *w)
{
    struct plain *p = w->order_n ? &w->order[dice(w->order_n)] : NULL;
    if (p == NULL || !p->placed)
        return;
    uint32_t i = (uint32_t)dice(p->line_n);
    int64_t left = p->pieces[i] - p->back[i];
    if (left == 0)
        return;
    int64_t n = 1 + (int64_t)dice((uint64_t)left);
    int64_t want = 0;
    for (int64_t j = p->back[i]; j < p->back[i] + n; j++)
        want += p->net[i][j];
    if (p->anew)
        want = kit_return_quote(w->k, p->key, i, n);
    else if (dice(3) == 0)
        assert_int_equal(kit_return_quote(w->k, p->key, i, n), want);
    char key[32];
    snprintf(key, sizeof key, "r%llu-%u", (unsigned long long)w->sequence, w->returns++);
    assert_int_equal(kit_return(w->k, p->key, key, i, n), want);
    p->back[i] += n;
    p->refunded += want;
    assert_true(want >= 0 && p->refunded <= p->payable);
    after_return(w, p);
}

static void cancel(struct world *w, struct plain *p)
{
    kit_cancel(w->k, p->key);
    for (uint32_t i = 0; i < p->line_n; i++)
        p->back[i] = p->pieces[i];
    p->refunded = p->payable;
    after_return(w, p);
    p->placed = false;
    const struct tb_order_earn *earn = kit_section(w->k, p->no, TB_ORDER_EARN);
    for (uint32_t i = 0; i < kit_order(w->k, p->no)->n[TB_ORDER_EARN]; i++)
        w->shortfall += earn[i].shortfall; /* spent elsewhere when it should have been taken back */
}

static void end_all(struct world *w)
{
    for (uint32_t i = 0; i < w->order_n; i++) {
        struct plain *p = &w->order[i];
        if (p->open) {
            struct tb_cmd_basket_release in = {.basket = p->no};
            fx_done(w->k->f, TB_OP_BASKET_RELEASE, &in);
            take_uses(w, p, -1);
            p->open = false;
        }
        if (p->placed)
            cancel(w, p);
    }
    stands(w);
    assert_int_equal(w->budget_left, BUDGET);
    assert_int_equal(budget_of(w, TB_ACCOUNT_HELD), 0);
    assert_int_equal(w->uses, 0);
    assert_int_equal(points_of(w), GIFT_POINTS + w->shortfall);
    for (uint32_t c = 0; c < COUPONS; c++)
        assert_false(w->used[c]);
}

static void sequence(struct world *w)
{
    struct fx *f = w->k->f;
    snprintf(w->who, sizeof w->who, "member-%llu", (unsigned long long)w->sequence);
    w->order_n = 0;
    w->returns = 0;
    w->shortfall = 0;
    memset(w->order, 0, sizeof w->order);
    kit_give(w->k, w->who, "points", GIFT_POINTS);
    for (uint32_t c = 0; c < COUPONS; c++) {
        struct tb_cmd_coupon_issue in = {
            .member.identifier = fx_id(f, "unionid", w->who, true), .unit = S("c15"), .reason = S("test")};
        fx_done(f, TB_OP_COUPON_ISSUE, &in);
        w->lot[c] = fx_uint(f, 1, 0);
        w->used[c] = false;
    }
    uint32_t acts = 2 + (uint32_t)dice(10);
    for (uint32_t i = 0; i < acts; i++) {
        uint64_t what = dice(10);
        if (what < 3)
            act_confirm(w);
        else if (what < 5)
            act_checkout(w);
        else if (what < 6)
            act_basket_end(w);
        else
            act_return(w);
        stands(w);
        f->now_ms += (int64_t)dice(1000);
        fire_due(w);
    }
    end_all(w);
}

static uint64_t running; /* seed of the sequence under way, 0 = none */

static void say_seed(void)
{
    if (running != 0)
        fprintf(stderr, "repeat with: checkout_random --seed %llu --sequences 1\n", (unsigned long long)running);
    running = 0;
}

static void aborted(int signal_no)
{
    (void)signal_no;
    say_seed();
}

int main(int argc, char **argv)
{
    (void)atexit(say_seed);
    (void)signal(SIGABRT, aborted);
    uint64_t sequences = 20000;
    uint64_t first = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--sequences") == 0)
            sequences = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            first = strtoull(argv[i + 1], NULL, 10);
    }
    struct world w = {.budget_left = BUDGET};
    w.region_bytes = tb_proof_work_bytes(4, 4 * PIECES, OFFERS);
    w.region = aligned_alloc(16, (w.region_bytes + 15) & ~(size_t)15);
    for (uint64_t s = 0; s < sequences; s++) {
        if (s % PER_CELL == 0) {
            w.k = kit_make(s % (PER_CELL * 10) == 0); /* every tenth cell is replayed and loaded besides */
            campaigns(&w);
        }
        w.sequence = first + s;
        seed = (first + s) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        running = first + s;
        sequence(&w);
        running = 0;
        if (s % PER_CELL == PER_CELL - 1 || s + 1 == sequences)
            kit_free(w.k);
    }
    printf("%llu sequences: %llu quotes, %llu orders, %llu returns: as the model has it\n",
           (unsigned long long)sequences, (unsigned long long)w.quotes, (unsigned long long)w.orders,
           (unsigned long long)w.backs);
    free(w.region);
    return 0;
}
