// SPDX-License-Identifier: Apache-2.0
/* Random histories of checkouts against a plain model (checkout_model.h).
 *
 * One sequence is two profiles, a member or two, who get points and coupons, then quote, open and release
 * baskets, confirm, bring back pieces and cancel in random order in two stores, while seconds and days pass, coupons
 * and baskets lapse, and the two become one person and part again. Checked, by the invariants of
 * promotion-facts section 4:
 *   1  nets, shares and tenders add up both ways           6, 2  all comes back in any order: paid = paid back
 *   3  points taken back                                    7  quote = confirm; the least of all sets (a part of them)
 *   5  limits and budget at every step, open baskets too    8  a quote, a return's quote change no byte (a part)
 *   9, 4  every tenth cell is replayed and loaded besides, and the audit runs over lots, debts and books
 *   10 issued = redeemed + expired + taken back + outstanding, of every unit
 * and at the end every account that was touched is where it was.
 *
 *   checkout_random [--sequences N] [--seed S] [--all 1/N]   a failure prints the command that repeats it     */
#include "checkout_model.h"

#include <signal.h>

#define PER_CELL 500
#define WEEK_MS (7 * TB_DAY_MS)

static uint64_t seed;
static uint64_t one_in = 3; /* quotes that are compared with all sets */

static uint64_t dice(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* ---- baskets ----------------------------------------------------------------------------------------- */

static void fill_basket(struct world *w, const struct plain *p)
{
    struct checkout_kit *k = w->k;
    kit_clear(k);
    k->in.quote.order.identifier_n = 0;
    k->in.quote.order.profile = w->profile[p->by];
    k->in.quote.order.store = tb_str_of(store_code[p->store]);
    for (uint32_t i = 0; i < p->line_n; i++)
        kit_line(k, p->pieces[i], p->list[i]);
    k->in.quote.shipping = p->shipping;
    k->in.quote.best_of_mine = true;
    k->in.quote.policy = p->anew ? TB_RETURN_REEVALUATE : TB_RETURN_KEEP_SHARE;
}

static void basket_of(struct world *w, struct plain *p)
{
    *p = (struct plain){.line_n = 1 + (uint32_t)dice(LINES), .by = (uint32_t)dice(2), .store = (uint32_t)dice(2)};
    for (uint32_t i = 0; i < p->line_n; i++) {
        p->pieces[i] = 1 + (int64_t)dice(dice(3) ? 2 : PIECES);
        p->list[i] = (int64_t)dice(8000) + (dice(8) == 0 ? 0 : p->pieces[i]);
    }
    p->shipping = dice(4) ? 0 : (int64_t)dice(900);
    p->anew = dice(4) == 0;
    fill_basket(w, p);
    if (dice(3) == 0) { /* by who she is, as a till knows her */
        w->k->in.quote.order.profile = 0;
        w->k->in.quote.order.identifier_n = 1;
        w->k->id = fx_id(w->k->f, p->by ? "phone" : "unionid", w->who[p->by], true);
    }
}

/* What a quote may not touch. */
static uint64_t untouched(struct world *w)
{
    struct tb_store *s = &w->k->f->core.store;
    struct tb_hash_key key = {1, 2};
    uint64_t h = 0;
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        struct tb_str packed = fx_packed(s, tb_store_get(s, TB_KIND_CAMPAIGN, w->campaign[c]));
        key.k0 ^= h;
        h = tb_siphash(&key, packed.p, packed.n);
        free((void *)(uintptr_t)packed.p);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct tb_str packed = fx_packed(s, fx_person(w->k->f, w->profile[i]));
        key.k0 ^= h;
        h = tb_siphash(&key, packed.p, packed.n);
        free((void *)(uintptr_t)packed.p);
    }
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        h = h * 31 + s->counter[i];
    return h;
}

/* The price without points; the best there is. */
static void quote(struct world *w, struct plain *p)
{
    bool dry = dice(8) == 0;
    uint64_t before = dry ? untouched(w) : 0;
    p->payable = kit_quote(w->k);
    if (dry)
        assert_int_equal(untouched(w), before);
    w->dry += dry;
    assert_int_equal(fx_uint(w->k->f, 7, 0), 1); /* proven */
    if (dice(one_in) == 0)
        assert_int_equal(p->payable, model_best(w, p));
    w->quotes++;
}

/* Points as money: at most so many, in steps, between floor and ceiling. */
static void offer_points(struct world *w, struct plain *p)
{
    struct checkout_kit *k = w->k;
    int64_t asked = 1 + (int64_t)dice(2500);
    if (dice(2) || asked > model_points(w, p->by))
        return;
    int64_t most = p->payable * PAY_SHARE_PPM / 1000000;
    int64_t units = most < asked ? most : asked;
    units -= units % PAY_STEP;
    k->tender[0] = (struct tb_quote_tender){.kind = TB_TENDER_POINTS, .unit = S("points"), .units = asked};
    k->in.quote.tender_n = 1;
    if (p->payable > 0 && units < PAY_MIN) {
        fx_refused(k->f, TB_OP_QUOTE, &k->in.quote, TB_CODE_CAP_EXCEEDED, "tenders/0");
        k->in.quote.tender_n = 0;
        w->refusals++;
        return;
    }
    assert_int_equal(kit_quote(k), p->payable);
    assert_int_equal(fx_uint(k->f, 10, 0), p->payable - units);
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
    quote(w, p);
    offer_points(w, p);
    snprintf(p->key, sizeof p->key, "o%llu-%u", (unsigned long long)w->sequence, w->order_n++);
    w->k->in.payable = p->payable;
    p->no = kit_confirm(w->k, p->key);
    model_take_order(w, p);
    if (dice(6) == 0) { /* said again */
        assert_int_equal(kit_confirm(w->k, p->key), p->no);
        assert_int_equal(fx_uint(w->k->f, 3, 0), 1);
        assert_int_equal(fx_uint(w->k->f, 10, 0), p->payable);
    }
}

static void act_checkout(struct world *w)
{
    struct plain *p = new_order(w);
    if (p == NULL)
        return;
    basket_of(w, p);
    quote(w, p);
    offer_points(w, p);
    p->no = kit_checkout(w->k);
    assert_int_equal((int64_t)fx_uint(w->k->f, 2, 0), p->payable);
    p->deadline_ms = (int64_t)fx_uint(w->k->f, 4, 0);
    w->order_n++;
    model_take_basket(w, p);
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
        model_give_back(w, p);
        w->lapses++;
    }
}

static void release(struct world *w, struct plain *p)
{
    struct tb_cmd_basket_release in = {.basket = p->no};
    fx_done(w->k->f, TB_OP_BASKET_RELEASE, &in);
    model_give_back(w, p);
}

/* Limits are judged again: another day, or another half of her, may have used them up. */
static bool used_up(const struct world *w, const struct plain *p)
{
    return (p->counted[TWICE] && model_left(w, TWICE, p->by, p) < 1) ||
           (p->counted[DAILY] && model_left(w, DAILY, p->by, p) < 1) ||
           (p->counted[WEEKLY] && model_left(w, WEEKLY, p->by, p) < p->out[WEEKLY]);
}

static void confirm_basket(struct world *w, struct plain *p, uint32_t i)
{
    snprintf(p->key, sizeof p->key, "b%llu-%u", (unsigned long long)w->sequence, i);
    if (used_up(w, p)) {
        struct tb_cmd_confirm in = {.basket = p->no, .payable = -1};
        in.quote.order.key = tb_str_of(p->key);
        in.quote.order.input_hash = 1;
        fx_refused(w->k->f, TB_OP_CONFIRM, &in, TB_CODE_QUOTE_CHANGED, "offers");
        w->refusals++;
        return;
    }
    uint64_t no = kit_confirm_basket(w->k, p->no, p->key);
    model_give_back(w, p);
    p->no = no;
    model_take_order(w, p);
}

/* The basket has lapsed and its timer has not fired: judged afresh when all of it is told again. */
static void confirm_late(struct world *w, struct plain *p, uint32_t i)
{
    w->k->f->now_ms = p->deadline_ms;
    fill_basket(w, p);
    for (uint32_t k = 0; k < w->order_n; k++) /* the timers of the others do fire */
        if (&w->order[k] != p && w->order[k].open && w->order[k].deadline_ms <= w->k->f->now_ms) {
            struct tb_cmd_fire fire = {.kind = TB_KIND_BASKET, .id = w->order[k].no};
            fx_done(w->k->f, TB_OP_FIRE, &fire);
            model_give_back(w, &w->order[k]);
        }
    snprintf(p->key, sizeof p->key, "b%llu-%u", (unsigned long long)w->sequence, i);
    w->k->in.basket = p->no;
    uint64_t no = kit_confirm(w->k, p->key);
    p->payable = (int64_t)fx_uint(w->k->f, 10, 0);
    model_give_back(w, p);
    if (dice(one_in) == 0)
        assert_int_equal(p->payable, model_best(w, p));
    p->no = no;
    model_take_order(w, p);
}

static void act_basket_end(struct world *w)
{
    for (uint32_t i = 0; i < w->order_n; i++) {
        struct plain *p = &w->order[i];
        if (!p->open || dice(2))
            continue;
        uint64_t what = dice(8);
        if (what < 2) {
            release(w, p);
        } else if (what < 3) {
            w->k->f->now_ms = p->deadline_ms;
            fire_due(w);
        } else if (what < 4) {
            confirm_late(w, p, i);
        } else {
            confirm_basket(w, p, i);
        }
        return;
    }
}

/* ---- what comes back ------------------------------------------------------------------------------------- */

static void bring_back(struct world *w, struct plain *p, uint32_t i, int64_t n)
{
    int64_t want = 0;
    for (int64_t j = p->back[i]; j < p->back[i] + n; j++)
        want += p->net[i][j];
    bool dry = dice(8) == 0;
    uint64_t before = dry ? untouched(w) : 0;
    if (p->anew)
        want = kit_return_quote(w->k, p->key, i, n);
    else if (dry)
        assert_int_equal(kit_return_quote(w->k, p->key, i, n), want);
    if (dry)
        assert_int_equal(untouched(w), before);
    char key[32];
    snprintf(key, sizeof key, "r%llu-%u", (unsigned long long)w->sequence, w->returns++);
    assert_int_equal(kit_return(w->k, p->key, key, i, n), want);
    p->back[i] += n;
    p->refunded += want;
    assert_true(want >= 0);
    model_after_return(w, p);
    if (dice(16))
        return;
    struct tb_return_line_input l = {
        .line = i, .quantity = (p->pieces[i] - p->back[i] + 1) * 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return more = {.order = tb_str_of(p->key), .key = S("never"), .line = &l, .line_n = 1};
    fx_refused(w->k->f, TB_OP_RETURN, &more, TB_CODE_RETURN_EXCEEDS, "lines/0");
    w->refusals++;
}

static void act_return(struct world *w)
{
    struct plain *p = w->order_n ? &w->order[dice(w->order_n)] : NULL;
    if (p == NULL || !p->placed)
        return;
    uint32_t i = (uint32_t)dice(p->line_n);
    int64_t left = p->pieces[i] - p->back[i];
    if (left > 0)
        bring_back(w, p, i, 1 + (int64_t)dice((uint64_t)left));
}

static void cancel(struct world *w, struct plain *p)
{
    kit_cancel(w->k, p->key);
    for (uint32_t i = 0; i < p->line_n; i++)
        p->back[i] = p->pieces[i];
    p->refunded = p->payable - p->shipping;
    model_after_return(w, p);
}

/* ---- one person or two -------------------------------------------------------------------------------------- */

static bool any_open(const struct world *w)
{
    bool any = false;
    for (uint32_t i = 0; i < w->order_n; i++)
        any = any || w->order[i].open;
    return any;
}

static void act_person(struct world *w)
{
    struct fx *f = w->k->f;
    if (w->parted)
        return;
    if (!w->joined) {
        struct tb_identifier both[2] = {fx_id(f, "unionid", w->who[0], true), fx_id(f, "phone", w->who[1], true)};
        (void)fx_contact(f, both, 2, f->now_ms);
        assert_int_equal(fx_person_no(f, w->profile[0]), fx_person_no(f, w->profile[1]));
        w->joined = true;
        w->joins++;
        return;
    }
    if (any_open(w)) /* what a basket holds may lie on the other side */
        return;
    uint64_t leaving = w->profile[1];
    struct tb_cmd_unmerge part = {{.profile = w->profile[0]}, &leaving, 1, S("two people")};
    fx_done(f, TB_OP_UNMERGE, &part);
    w->joined = false;
    w->parted = true;
}

/* ---- sequences ------------------------------------------------------------------------------------------------- */

/* Everything comes back: piece by piece in any order, or at once. */
static void end_all(struct world *w)
{
    for (uint32_t i = 0; i < w->order_n; i++)
        if (w->order[i].open)
            release(w, &w->order[i]);
    uint32_t left = w->order_n;
    while (left > 0) {
        struct plain *p = &w->order[dice(w->order_n)];
        if (dice(3))
            act_return(w);
        else if (p->placed)
            cancel(w, p);
        left = 0;
        for (uint32_t i = 0; i < w->order_n; i++)
            left += w->order[i].placed;
    }
    model_end(w);
}

static void give(struct world *w, uint32_t by)
{
    struct fx *f = w->k->f;
    struct tb_cmd_adjust in = {
        .member.profile = w->profile[by], .unit = S("points"), .amount = GIFT_POINTS, .reason = S("test")};
    fx_done(f, TB_OP_ADJUST, &in);
    w->given += GIFT_POINTS;
    struct tb_cmd_coupon_issue issue = {.member.profile = w->profile[by], .unit = S("c15"), .reason = S("test")};
    fx_done(f, TB_OP_COUPON_ISSUE, &issue);
    w->coupon[w->coupon_n++] = (struct held_coupon){
        .lot = fx_uint(f, 1, 0), .due_ms = (int64_t)fx_uint(f, 3, 0), .owner = by, .campaign = COUPON};
}

static void begin(struct world *w)
{
    struct fx *f = w->k->f;
    f->now_ms += WEEK_MS - (f->now_ms - FX_NOW) % WEEK_MS; /* so that a seed alone says what happens */
    f->now_ms += (int64_t)dice(WEEK_MS);
    w->order_n = w->coupon_n = w->returns = 0;
    w->shortfall = w->given = 0;
    w->joined = w->parted = false;
    memset(w->order, 0, sizeof w->order);
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(w->who[i], sizeof w->who[i], "%s-%llu", i ? "138" : "member", (unsigned long long)w->sequence);
        struct tb_identifier id = fx_id(f, i ? "phone" : "unionid", w->who[i], true);
        w->profile[i] = fx_contact(f, &id, 1, f->now_ms);
    }
    model_begin(w);
    give(w, 0);
    if (dice(2))
        give(w, 0);
    give(w, 1);
}

static void pass_time(struct world *w)
{
    w->k->f->now_ms += dice(10) ? (int64_t)dice(1000) : (int64_t)dice(5 * TB_DAY_MS);
    fire_due(w);
}

static void sequence(struct world *w)
{
    begin(w);
    uint32_t acts = dice(4) ? 1 + (uint32_t)dice(4) : 4 + (uint32_t)dice(9);
    for (uint32_t i = 0; i < acts; i++) {
        uint64_t what = dice(24);
        if (what < 7)
            act_confirm(w);
        else if (what < 12)
            act_checkout(w);
        else if (what < 15)
            act_basket_end(w);
        else if (what < 16)
            act_person(w);
        else
            act_return(w);
        model_stands(w);
        pass_time(w);
    }
    end_all(w);
}

static uint64_t running; /* seed of the sequence under way, 0 = none */

static void say_seed(void)
{
    if (running != 0)
        fprintf(stderr, "repeat with: checkout_random --seed %llu --sequences 1 --all %llu\n",
                (unsigned long long)running, (unsigned long long)one_in);
    running = 0;
}

static void aborted(int signal_no)
{
    (void)signal_no;
    say_seed();
}

static void audited(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "audit: %s\n", sentence);
}

static void end_cell(struct world *w)
{
    assert_int_equal(tb_core_check(&w->k->f->core, audited, NULL), 0);
    kit_free(w->k);
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
        else if (strcmp(argv[i], "--all") == 0)
            one_in = strtoull(argv[i + 1], NULL, 10);
    }
    struct world w = {0};
    w.region_bytes = tb_proof_work_bytes(LINES, LINES * PIECES, OFFERS_MAX);
    w.region = aligned_alloc(16, (w.region_bytes + 15) & ~(size_t)15);
    for (uint64_t s = 0; s < sequences; s++) {
        running = first + s;
        if (s % PER_CELL == 0) {
            w.k = kit_make(s % (PER_CELL * 10) == 0); /* every tenth cell is replayed and loaded besides */
            model_shop(&w);
        }
        w.sequence = first + s;
        seed = (first + s) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        sequence(&w);
        if (s % PER_CELL == PER_CELL - 1 || s + 1 == sequences)
            end_cell(&w);
        running = 0;
    }
    printf("%llu sequences: %llu quotes (%llu against every set), %llu orders, %llu returns, %llu refusals, "
           "%llu lapses, %llu joins, %llu quotes to the byte: as the model has it\n",
           (unsigned long long)sequences, (unsigned long long)w.quotes, (unsigned long long)w.exhaustive,
           (unsigned long long)w.orders, (unsigned long long)w.backs, (unsigned long long)w.refusals,
           (unsigned long long)w.lapses, (unsigned long long)w.joins, (unsigned long long)w.dry);
    free(w.region);
    return 0;
}
