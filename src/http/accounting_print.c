// SPDX-License-Identifier: Apache-2.0
/* The books as JSON. See accounting.h. */
#include "http/accounting.h"

static const enum tb_books_account chart[] = {
#define CHART(number, name, text) TB_BOOKS_##name,
    TB_BOOKS_ACCOUNTS(CHART)
#undef CHART
};

void tb_accounting_cohort(struct tb_buf *b, int32_t month)
{
    if (month == TB_BOOKS_DEBT) {
        tb_buf_c(b, "debt");
        return;
    }
    struct tb_date d = tb_date_from_days(month);
    tb_buf_printf(b, "%04d-%02d", d.year, d.month);
}

const char *const tb_accounting_origins[TB_BOOKS_ORIGINS] = {"sale", "grant", "card"};

void tb_accounting_number(struct tb_buf *b, int32_t first, int32_t last, const struct tb_books_entry *e)
{
    bool origin = tb_accounting_by_origin(e);
    tb_date_print(b, first);
    tb_buf_c(b, "/");
    tb_date_print(b, last);
    tb_buf_printf(b, "/%u/", e->cohort->unit);
    tb_accounting_cohort(b, e->cohort->month);
    tb_buf_printf(b, "/%s%s%s", tb_books_reasons[e->reason], origin ? "/" : "",
                  origin ? tb_accounting_origins[e->origin] : "");
}

struct printing {
    struct tb_json_out *o;
    int64_t debit[TB_COUNT_OF(chart)];
    int64_t credit[TB_COUNT_OF(chart)];
    int32_t to_day;
    int32_t today;
};

static void key_date(struct tb_json_out *o, const char *key, int32_t day)
{
    tb_json_out_key(o, key);
    tb_json_out_date(o, day);
}

static void key_cohort(struct tb_json_out *o, int32_t month)
{
    char text[16];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_accounting_cohort(&b, month);
    tb_json_out_key_str(o, "cohort", tb_buf_as_str(&b));
}

static void key_unit(struct tb_json_out *o, const struct tb_books_unit *u)
{
    tb_json_out_key_str(o, "unit", tb_str_of(u ? u->code : ""));
}

static void count(struct printing *p, const struct tb_books_entry *e)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(chart); i++) {
        p->debit[i] += chart[i] == e->debit ? e->amount : 0;
        p->credit[i] += chart[i] == e->credit ? e->amount : 0;
    }
}

static void print_entry(void *user, int32_t first, int32_t last, const struct tb_books_entry *e)
{
    struct printing *p = user;
    struct tb_json_out *o = p->o;
    char text[96];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_accounting_number(&b, first, last, e);
    count(p, e);
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "number", tb_buf_as_str(&b));
    key_date(o, "date", last);
    key_unit(o, e->unit);
    key_cohort(o, e->cohort->month);
    tb_json_out_key_str(o, "reason", tb_str_of(tb_books_reasons[e->reason]));
    if (tb_accounting_by_origin(e))
        tb_json_out_key_str(o, "origin", tb_str_of(tb_accounting_origins[e->origin]));
    tb_json_out_key_i64(o, "debit", e->debit);
    tb_json_out_key_i64(o, "credit", e->credit);
    tb_json_out_key_i64(o, "amount", e->amount);
    tb_json_out_key_bool(o, "final", last < p->today);
    tb_json_out_close(o, '}');
}

static void print_cohort(struct tb_json_out *o, const struct tb_books *b, const struct tb_cohort *c)
{
    const struct tb_books_unit *u = tb_books_unit(b, c->unit);
    const struct tb_books_value *v = &c->booked;
    int64_t deferred = 0;
    for (uint32_t i = 0; i < TB_BOOKS_ORIGINS; i++)
        deferred += v->deferred[i] - v->taken_back[i];
    tb_json_out_open(o, '{');
    key_unit(o, u);
    key_cohort(o, c->month);
    tb_json_out_key_i64(o, "issued", c->issued);
    tb_json_out_key_i64(o, "redeemed", c->redeemed);
    tb_json_out_key_i64(o, "expired", c->expired);
    tb_json_out_key_i64(o, "clawed", c->clawed);
    tb_json_out_key_i64(o, "outstanding", c->left);
    tb_json_out_key_i64(o, "expected_ppm", u ? u->expected_ppm : 0);
    tb_json_out_key_i64(o, "deferred", deferred);
    tb_json_out_key_i64(o, "released", v->redeemed + v->breakage);
    tb_json_out_key_i64(o, "liability", v->liability);
    tb_json_out_close(o, '}');
}

static void print_accounts(struct printing *p)
{
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "accounts", '[');
    for (uint32_t i = 0; i < TB_COUNT_OF(chart); i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "account", chart[i]);
        tb_json_out_key_str(o, "name", tb_str_of(tb_books_account_text(chart[i])));
        tb_json_out_key_i64(o, "debit", p->debit[i]);
        tb_json_out_key_i64(o, "credit", p->credit[i]);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* Behind the last period: the list of entries ends, and what stands then is told. */
static void print_end(void *user, int32_t first, int32_t last, const struct tb_books *b)
{
    struct printing *p = user;
    struct tb_json_out *o = p->o;
    int64_t liability = 0;
    (void)first;
    if (last + 1 < p->to_day)
        return;
    tb_json_out_close(o, ']');
    print_accounts(p);
    tb_json_out_key_open(o, "cohorts", '[');
    for (uint32_t i = 0; i < b->cohort_n; i++) {
        print_cohort(o, b, &b->cohort[i]);
        liability += b->cohort[i].booked.liability;
    }
    tb_json_out_close(o, ']');
    tb_json_out_key_i64(o, "liability", liability);
    tb_json_out_key_i64(o, "breaks", tb_books_breaks(b));
}

enum tb_accounting_answer tb_accounting_report(struct tb_cell *cell, const struct tb_accounting *a,
                                               struct tb_str currency, struct tb_json_out *o, struct tb_fault *fault)
{
    struct printing p = {.o = o, .to_day = a->to_day, .today = a->today};
    struct tb_accounting run = *a;
    uint64_t seq;
    run.entry = print_entry;
    run.period = print_end;
    run.user = &p;
    tb_json_out_open(o, '{');
    key_date(o, "from", a->from_day);
    key_date(o, "to", a->to_day);
    tb_json_out_key_str(o, "currency", currency);
    tb_json_out_key_open(o, "entries", '[');
    enum tb_accounting_answer answer = tb_accounting_run(cell, &run, &seq, fault);
    if (answer != TB_ACCOUNTING_DONE)
        return answer;
    tb_json_out_key_i64(o, "as_of", (int64_t)seq);
    tb_json_out_close(o, '}');
    return answer;
}
