// SPDX-License-Identifier: Apache-2.0
/* A back-test's figures for people. See backtest.h; report_json.c prints the same for programs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backtest/report.h"

const char *const tb_bt_fates[TB_BT_FATES] = {"not_judged", "refused", "held_out", "closed", "no_effect", "in_force"};

const char *const tb_bt_whys[TB_PROMOTION_WHYS] = {
    [TB_PROMOTION_NOT_LIVE] = "not_live",
    [TB_PROMOTION_NOT_YET] = "not_yet",
    [TB_PROMOTION_OVER] = "over",
    [TB_PROMOTION_CHANNEL] = "channel",
    [TB_PROMOTION_STORE] = "store",
    [TB_PROMOTION_TOUCHPOINT] = "touchpoint",
    [TB_PROMOTION_TIME_OF_WEEK] = "time_of_week",
    [TB_PROMOTION_BLACK_OUT] = "black_out",
    [TB_PROMOTION_NO_COUPON] = "no_coupon",
    [TB_PROMOTION_COUPON_UNKNOWN] = "coupon_unknown",
    [TB_PROMOTION_COUPON_LOCKED] = "coupon_locked",
    [TB_PROMOTION_COUPON_EXPIRED] = "coupon_expired",
    [TB_PROMOTION_COUPON_EARLY] = "coupon_early",
    [TB_PROMOTION_COUPON_NO_OFFER] = "coupon_no_offer",
    [TB_PROMOTION_MEMBERS_ONLY] = "members_only",
    [TB_PROMOTION_FIRST_ORDER] = "first_order",
    [TB_PROMOTION_SCOPE] = "scope",
    [TB_PROMOTION_AUDIENCE] = "audience",
    [TB_PROMOTION_CONDITION] = "condition",
    [TB_PROMOTION_LIMIT_MEMBER] = "limit_member",
    [TB_PROMOTION_LIMIT_DEVICE] = "limit_device",
    [TB_PROMOTION_LIMIT_STORE] = "limit_store",
    [TB_PROMOTION_LIMIT_CAMPAIGN] = "limit_campaign",
    [TB_PROMOTION_BUDGET] = "budget",
    [TB_PROMOTION_HELD_OUT] = "held_out",
    [TB_PROMOTION_LEFT_OUT] = "left_out",
};

const char *const tb_bt_price_whys[TB_PRICE_DEARER + 1] = {
    "in_force",  "nothing_in_scope", "below_amount", "below_pieces", "budget_short",
    "no_saving", "not_first",        "conflict",     "no_effect",    "dearer"};

/* ---- baskets -------------------------------------------------------------------------------------------- */

static int by_saving(const void *x, const void *y)
{
    const struct tb_bt_order *a = *(const struct tb_bt_order *const *)x;
    const struct tb_bt_order *b = *(const struct tb_bt_order *const *)y;
    if (a->saving != b->saving)
        return a->saving > b->saving ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

void tb_bt_baskets(const struct tb_backtest *b, struct tb_bt_baskets *out)
{
    *out = (struct tb_bt_baskets){0};
    const struct tb_bt_order **all = malloc(((size_t)b->order_n + 1) * sizeof(*all));
    tb_assert(all != NULL);
    for (uint32_t i = 0; i < b->order_n; i++)
        all[i] = &b->order[i];
    qsort(all, b->order_n, sizeof(*all), by_saving);
    for (uint32_t i = 0; i < b->order_n && i < TB_BT_BASKETS; i++)
        out->worst[out->worst_n++] = all[i];
    uint32_t half = TB_BT_BASKETS / 2;
    uint32_t middle = b->order_n / 2;
    uint32_t from = middle > half ? middle - half : 0;
    for (uint32_t i = from; i < b->order_n && out->typical_n < TB_BT_BASKETS; i++)
        out->typical[out->typical_n++] = all[i];
    if (b->order_n > 0) {
        out->median = all[middle]->saving;
        out->p90 = all[b->order_n / 10]->saving;
        out->largest = all[0]->saving;
    }
    free(all);
}

/* ---- text ------------------------------------------------------------------------------------------------ */

struct text {
    const struct tb_backtest *b;
    const struct tb_bt_print *p;
    FILE *out;
};

/* 1,234,567.89 */
static const char *grouped(int64_t v, uint32_t digits, char room[48])
{
    char plain[24];
    uint64_t scale = 1;
    for (uint32_t i = 0; i < digits; i++)
        scale *= 10;
    uint64_t u = v < 0 ? (uint64_t)-v : (uint64_t)v;
    int n = snprintf(plain, sizeof plain, "%" PRIu64, u / scale);
    char *to = room;
    if (v < 0)
        *to++ = '-';
    for (int i = 0; i < n; i++) {
        *to++ = plain[i];
        if ((n - i) % 3 == 1 && i + 1 < n)
            *to++ = ',';
    }
    *to = 0;
    if (digits > 0)
        (void)snprintf(to, 16, ".%0*" PRIu64, (int)digits, u % scale);
    return room;
}

static void row(const struct text *x, const char *name, int64_t v, uint32_t digits)
{
    char room[48];
    fprintf(x->out, "%-28s %18s", name, grouped(v, digits, room));
}

static void money(const struct text *x, const char *name, int64_t v)
{
    row(x, name, v, x->p->digits);
}

static void count(const struct text *x, const char *name, int64_t v)
{
    row(x, name, v, 0);
}

static void share(const struct text *x, int64_t part, int64_t of)
{
    if (of > 0)
        fprintf(x->out, "   %5.1f %%", 100.0 * (double)part / (double)of);
}

static void line(const struct text *x)
{
    (void)fputc('\n', x->out);
}

static void words(const struct text *x, const int64_t *n, const char *const *word, uint32_t words_n)
{
    for (uint32_t i = 0; i < words_n; i++) {
        char name[48];
        if (n[i] == 0)
            continue;
        (void)snprintf(name, sizeof name, "    %s", word[i] ? word[i] : "?");
        count(x, name, n[i]);
        line(x);
    }
}

static void print_fates(const struct text *x)
{
    const struct tb_bt_figures *f = &x->b->f;
    count(x, "orders in the window", f->orders);
    char room[48];
    fprintf(x->out, "   paid %s", grouped(f->all_net, x->p->digits, room));
    line(x);
    static const char *const name[TB_BT_FATES] = {"  not judged",       "  refused by the checkout", "  held out",
                                                  "  not open",         "  open, without effect",    "  in force"};
    for (uint32_t i = TB_BT_FATES; i-- > 0;) {
        if (f->fate[i] == 0 && i != TB_BT_IN_FORCE)
            continue;
        count(x, name[i], f->fate[i]);
        share(x, f->fate[i], f->orders);
        line(x);
        if (i == TB_BT_CLOSED)
            words(x, f->why, tb_bt_whys, TB_PROMOTION_WHYS);
        if (i == TB_BT_NO_EFFECT)
            words(x, f->price_why, tb_bt_price_whys, TB_PRICE_DEARER + 1);
        for (uint32_t k = 0; i == TB_BT_REFUSED && k < TB_CODE_COUNT; k++)
            if (f->refused[k] > 0)
                fprintf(x->out, "    %-24s %18" PRId64 "\n", tb_code_name((enum tb_code)k), f->refused[k]);
        if (i == TB_BT_NOT_JUDGED)
            fprintf(x->out, "    the draft could not be put before: %s %s\n", tb_code_name(x->b->draft[0].not_put),
                    x->b->draft[0].not_put_field);
    }
    count(x, "members touched", f->members);
    if (f->anonymous > 0)
        fprintf(x->out, "   and %" PRId64 " orders of nobody", f->anonymous);
    line(x);
}

static void print_cost(const struct text *x)
{
    const struct tb_bt_figures *f = &x->b->f;
    char room[48];
    money(x, "discount of the draft", f->saving);
    share(x, f->saving, f->before);
    fprintf(x->out, " of %s paid without it\n", grouped(f->before, x->p->digits, room));
    if (f->back > 0) {
        money(x, "  came back with returns", f->back);
        line(x);
    }
    if (f->others_before != 0 || f->others_after != 0) {
        money(x, "discount of others, before", f->others_before);
        fprintf(x->out, "   with the draft %s\n", grouped(f->others_after, x->p->digits, room));
    }
    money(x, "cost: paid less in all", f->before - f->after);
    line(x);
    if (f->cost_known > 0) {
        money(x, "margin before", f->margin_before);
        fprintf(x->out, "   on lines worth %s whose cost is known\n", grouped(f->cost_known, x->p->digits, room));
        money(x, "margin after", f->margin_after);
        line(x);
    } else {
        fprintf(x->out, "margin                                   unknown: no product that it touched has a cost\n");
    }
    if (f->gift_pieces > 0) {
        count(x, "goods given", f->gift_pieces);
        fprintf(x->out, "   list value %s\n", grouped(f->gift_value, x->p->digits, room));
    }
}

struct tb_str tb_bt_code(const struct tb_backtest *b, enum tb_kind kind, uint32_t id)
{
    struct tb_block *block = tb_read(&b->txn, kind, id);
    const struct tb_config *c = block ? tb_block_head_const(block) : NULL;
    return c ? tb_config_text(&b->txn, block, c->code) : TB_STR("?");
}

static const char *name_of(const struct tb_backtest *b, enum tb_kind kind, uint32_t id, char *room, size_t cap)
{
    struct tb_str s = tb_bt_code(b, kind, id);
    (void)snprintf(room, cap, "%.*s", (int)s.n, s.p);
    return room;
}

int64_t tb_bt_points_worth(const struct tb_backtest *b, const struct tb_bt_unit *u)
{
    struct tb_block *block = tb_read(&b->txn, TB_KIND_UNIT, u->unit);
    const struct tb_unit *unit = block ? tb_block_head_const(block) : NULL;
    int64_t more = u->after - u->before + u->coupons;
    int64_t worth = 0;
    if (unit == NULL || !tb_mul_div(more, unit->face_ppm, TB_PPM_ALL, TB_ROUND_HALF_EVEN, &worth))
        return 0;
    return worth;
}

static void print_drafts(const struct text *x)
{
    for (uint32_t i = 0; i < x->b->o.campaign_n && x->b->o.campaign_n > 1; i++) {
        const struct tb_bt_draft *d = &x->b->draft[i];
        char room[48];
        fprintf(x->out, "    %-36.*s %8" PRId64 " orders, discount %s", (int)d->put->put.code.n, d->put->put.code.p,
                d->orders, grouped(d->saving, x->p->digits, room));
        if (d->gifts > 0)
            fprintf(x->out, ", %" PRId64 " units given", d->gifts);
        if (d->campaign == 0)
            fprintf(x->out, ", never put: %s %s", tb_code_name(d->not_put), d->not_put_field);
        line(x);
    }
}

static void print_points(const struct text *x)
{
    for (uint32_t i = 0; i < x->b->unit_n; i++) {
        const struct tb_bt_unit *u = &x->b->unit[i];
        char name[80];
        char room[48];
        char title[96];
        (void)snprintf(title, sizeof title, "%.26s", name_of(x->b, TB_KIND_UNIT, u->unit, name, sizeof name));
        count(x, title, u->after - u->before + u->coupons);
        fprintf(x->out, "   units more to owe, worth %s", grouped(tb_bt_points_worth(x->b, u), x->p->digits, room));
        if (u->coupons == 0)
            fprintf(x->out, " (%" PRId64 " -> %" PRId64 ")", u->before, u->after);
        line(x);
    }
    if (x->b->f.coupons > 0) {
        count(x, "coupons used", x->b->f.coupons);
        fprintf(x->out, "   as if she had claimed one whenever the template lets her\n");
    }
}

static void print_surprises(const struct text *x)
{
    const struct tb_bt_figures *f = &x->b->f;
    fprintf(x->out, "surprises\n");
    count(x, "  below cost, lines", f->below_cost);
    line(x);
    count(x, "  over half of the price", f->deep);
    line(x);
    count(x, "  together with others", f->stacked);
    line(x);
    for (uint32_t i = 0; i < x->b->other_n; i++) {
        const struct tb_bt_other *o = &x->b->other[i];
        char name[80];
        char room[48];
        fprintf(x->out, "    %-40s beside it %" PRId64 ", displaced %" PRId64 " worth %s\n",
                name_of(x->b, TB_KIND_CAMPAIGN, o->campaign, name, sizeof name), o->together, o->displaced,
                grouped(o->lost, x->p->digits, room));
    }
    if (f->unproven > 0) {
        count(x, "  best set not proven", f->unproven);
        line(x);
    }
}

static int by_day_saving(const void *x, const void *y)
{
    const struct tb_bt_day *a = *(const struct tb_bt_day *const *)x;
    const struct tb_bt_day *b = *(const struct tb_bt_day *const *)y;
    return a->saving > b->saving ? -1 : a->saving < b->saving;
}

static void print_days(const struct text *x)
{
    const struct tb_backtest *b = x->b;
    const struct tb_bt_day **day = malloc((b->day_n + 1) * sizeof(*day));
    uint32_t n = 0;
    tb_assert(day != NULL);
    for (uint32_t i = 0; i < b->day_n; i++)
        if (b->day[i].orders > 0)
            day[n++] = &b->day[i];
    qsort(day, n, sizeof(*day), by_day_saving);
    fprintf(x->out, "days with orders %u; discount a day:", n);
    char room[48];
    if (n > 0)
        fprintf(x->out, " least %s", grouped(day[n - 1]->saving, x->p->digits, room));
    if (n > 0)
        fprintf(x->out, ", median %s", grouped(day[n / 2]->saving, x->p->digits, room));
    if (n > 0)
        fprintf(x->out, ", most %s", grouped(day[0]->saving, x->p->digits, room));
    line(x);
    for (uint32_t i = 0; i < n && i < 5; i++) {
        char date[16];
        struct tb_buf buf;
        tb_buf_init(&buf, date, sizeof date);
        tb_date_print(&buf, b->day_first + (int32_t)(day[i] - b->day));
        fprintf(x->out, "    %.*s %8" PRId64 " of %" PRId64 " orders, %s\n", (int)buf.n, date, day[i]->in_force,
                day[i]->orders, grouped(day[i]->saving, x->p->digits, room));
    }
    free(day);
}

static void print_basket(const struct text *x, const struct tb_bt_order *o)
{
    char a[48];
    char c[48];
    char d[48];
    char date[16];
    struct tb_buf buf;
    tb_buf_init(&buf, date, sizeof date);
    tb_date_print(&buf, o->day);
    fprintf(x->out, "    %.*s %-20.*s %14s -> %14s, discount %s%s\n", (int)buf.n, date, (int)o->key_n,
            x->b->text + o->key_at, grouped(o->before, x->p->digits, a), grouped(o->after, x->p->digits, c),
            grouped(o->saving, x->p->digits, d), o->below_cost > 0 ? ", below cost" : "");
}

void tb_backtest_print(struct tb_backtest *b, const struct tb_bt_print *p, FILE *out)
{
    struct text x = {b, p, out};
    struct tb_bt_baskets baskets;
    char from[16];
    char to[16];
    struct tb_buf f;
    struct tb_buf t;
    tb_buf_init(&f, from, sizeof from);
    tb_buf_init(&t, to, sizeof to);
    tb_date_print(&f, b->day_first);
    tb_date_print(&t, b->day_first + (int32_t)b->day_n);
    fprintf(out, "%s over the orders of %.*s, %.*s up to %.*s, amounts in %.*s; each order sees %s\n", p->campaign,
            (int)p->tenant.n, p->tenant.p, (int)f.n, from, (int)t.n, to, (int)p->currency.n, p->currency.p,
            b->o.today ? "the state of today" : "the state as of itself");
    print_fates(&x);
    print_drafts(&x);
    print_cost(&x);
    print_points(&x);
    print_surprises(&x);
    print_days(&x);
    tb_bt_baskets(b, &baskets);
    fprintf(out, "baskets that cost the most\n");
    for (uint32_t i = 0; i < baskets.worst_n; i++)
        print_basket(&x, baskets.worst[i]);
    fprintf(out, "the most typical baskets\n");
    for (uint32_t i = 0; i < baskets.typical_n; i++)
        print_basket(&x, baskets.typical[i]);
}
