// SPDX-License-Identifier: Apache-2.0
/* The best set on real baskets: invoices of online_retail in a shop with 30 rules and 10 coupons (price_shop.h),
 * another shop every 100 invoices. Prints how many optima were proven, the gap of the others, CPU time of the
 * thread a quote, what greedy would have cost, and how many certificates held; then quotes a second of tills:
 * the first ten lines of each invoice with 20 of the offers.
 *
 * usage: bench_price [--data FILE] [--baskets N] [--steps N] [--proofs 0|1] [--dense 0|1] [--seed S] [--till 0|1]
 * Without the data it says so and ends well.                                                            */
#include "border/csv.h"
#include "border/source.h"
#include "core/price/proof.h"
#include "price_shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BULK_PIECES 200 /* from here on a line is one part: cartons, not pieces */
#define INVOICES_MAX 30000
#define LINES_MAX 600000

struct invoice {
    uint32_t first;
    uint32_t n;
};

struct data {
    struct tb_basket_line *line;
    struct shop_item *item;
    struct invoice *invoice;
    uint32_t line_n;
    uint32_t invoice_n;
};

struct figures {
    uint32_t n, proven, held, wrong, greedy_worse, lines, in_force;
    int64_t saving, greedy_loss;
    uint64_t proof_bytes;
    double *us;
    double *gap;
    uint32_t *steps;
};

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint64_t hash_of(struct tb_str s)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

/* Decimal text to thousandths; < 0 when it is none or negative. */
static int64_t thousandths(struct tb_str s)
{
    int64_t v = 0;
    int digits = -1;
    for (size_t i = 0; i < s.n && digits < 3; i++) {
        if (s.p[i] == '.') {
            digits = 0;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        v = v * 10 + (s.p[i] - '0');
        digits += digits >= 0;
    }
    for (int i = digits < 0 ? 0 : digits; i < 3; i++)
        v *= 10;
    return v;
}

static void add_row(struct data *d, const struct tb_csv_row *row, uint64_t *invoice)
{
    if (row->n < 6 || d->line_n == LINES_MAX)
        return;
    int64_t quantity = thousandths(row->field[3]);
    int64_t price = thousandths(row->field[5]);
    if (quantity <= 0 || price < 10 || row->field[0].n == 0 || row->field[0].p[0] == 'C')
        return;
    uint64_t number = hash_of(row->field[0]);
    if (d->invoice_n == 0 || number != *invoice) {
        if (d->invoice_n == INVOICES_MAX)
            return;
        d->invoice[d->invoice_n++] = (struct invoice){.first = d->line_n};
        *invoice = number;
    }
    struct invoice *now = &d->invoice[d->invoice_n - 1];
    if (now->n == TB_PRICE_LINES_MAX)
        return;
    struct tb_str code = row->field[1];
    uint32_t family = 0;
    for (size_t i = 0; i < 3 && i < code.n && code.p[i] >= '0' && code.p[i] <= '9'; i++)
        family = family * 10 + (uint32_t)(code.p[i] - '0');
    d->line[d->line_n] = (struct tb_basket_line){.quantity = quantity,
                                                 .amount = (quantity / 1000 * price + 5) / 10,
                                                 .cost = -1,
                                                 .whole = quantity >= BULK_PIECES * 1000};
    d->item[d->line_n++] = (struct shop_item){hash_of(code), family};
    now->n++;
}

static bool load(struct data *d, const char *path)
{
    struct tb_source *source;
    struct tb_fault fault;
    if (tb_source_open(path, &source, &fault) != TB_SOURCE_DONE)
        return false;
    d->line = calloc(LINES_MAX, sizeof *d->line);
    d->item = calloc(LINES_MAX, sizeof *d->item);
    d->invoice = calloc(INVOICES_MAX, sizeof *d->invoice);
    void *memory = aligned_alloc(64, (tb_csv_memory_bytes(&tb_csv_usual) + 63) / 64 * 64);
    if (d->line == NULL || d->item == NULL || d->invoice == NULL || memory == NULL)
        abort();
    struct tb_csv csv;
    tb_csv_init(&csv, &tb_csv_usual, memory, tb_source_pull, source);
    struct tb_csv_row row;
    uint64_t invoice = 0;
    for (;;) {
        enum tb_csv_answer a = tb_csv_next(&csv, &row, &fault);
        if (a == TB_CSV_END || a == TB_CSV_FAULT)
            break;
        if (a == TB_CSV_ROW && row.number > 1)
            add_row(d, &row, &invoice);
    }
    free(memory);
    tb_source_close(source);
    return d->invoice_n > 0;
}

static void unload(struct data *d)
{
    free(d->line);
    free(d->item);
    free(d->invoice);
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_steps(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct tills {
    struct tb_price_work work;
    struct tb_price_work proof_work;
    uint8_t *proof;
    uint32_t proof_max;
    uint32_t steps;
    bool proofs;
    bool dense;
    struct shop shop;
};

static void one_quote(struct tills *t, const struct tb_basket *basket, struct figures *f)
{
    struct tb_price_search search = {.steps_max = t->steps, .proof = t->proof, .proof_max = t->proof_max};
    static struct tb_price_result r;
    double start = cpu_us();
    enum tb_price_answer a = tb_price_best(&t->work, basket, t->shop.offer, SHOP_OFFERS, &search, &r);
    f->us[f->n] = cpu_us() - start;
    if (a != TB_PRICE_DONE) {
        printf("bench_price: refused, answer %d at %u\n", (int)a, r.at);
        exit(1);
    }
    f->gap[f->n] = r.bound > r.value ? 100.0 * (double)(r.bound - r.value) / (double)r.bound : 0;
    f->steps[f->n] = r.steps;
    f->proven += r.proven;
    f->lines += basket->line_n;
    f->in_force += r.use_n;
    f->saving += r.value;
    f->proof_bytes += r.proof_n;
    if (t->proofs && r.proven) {
        struct tb_proof_claim claim = {r.set, r.payable, t->proof, r.proof_n};
        uint32_t at;
        bool held = r.proof_n > 0 && tb_price_proof_check(&t->proof_work, basket, t->shop.offer, SHOP_OFFERS, &claim,
                                                          &at) == TB_PROOF_HOLDS;
        f->held += held;
        f->wrong += !held;
    }
    int64_t value = r.value;
    if (tb_price_greedy(&t->work, basket, t->shop.offer, SHOP_OFFERS, &r) == TB_PRICE_DONE && r.value < value) {
        f->greedy_worse++;
        f->greedy_loss += value - r.value;
    }
    f->n++;
}

static void report(struct figures *f, const struct tills *t)
{
    uint32_t p50 = f->n / 2;
    uint32_t p99 = (uint32_t)((uint64_t)f->n * 99 / 100);
    qsort(f->us, f->n, sizeof *f->us, by_double);
    qsort(f->gap, f->n, sizeof *f->gap, by_double);
    qsort(f->steps, f->n, sizeof *f->steps, by_steps);
    printf("%u invoices, %.1f lines and %.1f offers in force each; %d rules, %d coupons, %u steps at most\n", f->n,
           (double)f->lines / f->n, (double)f->in_force / f->n, SHOP_RULES, SHOP_COUPONS, t->steps);
    uint32_t wide = 0;
    for (uint32_t i = 0; i < f->n; i++)
        wide += f->gap[i] > 1;
    printf("proven optimal %.2f %%; gap p99 %.3f %%, worst %.3f %%; over 1 %%: %.2f %% of invoices\n",
           100.0 * f->proven / f->n, f->gap[p99], f->gap[f->n - 1], 100.0 * wide / f->n);
    printf("CPU of a quote: p50 %.1f us, p99 %.1f us, worst %.1f us; steps p50 %u, p99 %u, worst %u\n", f->us[p50],
           f->us[p99], f->us[f->n - 1], f->steps[p50], f->steps[p99], f->steps[f->n - 1]);
    printf("greedy worse on %.2f %% of invoices; members would lose %.2f %% of their savings\n",
           100.0 * f->greedy_worse / f->n, 100.0 * (double)f->greedy_loss / (double)(f->saving > 0 ? f->saving : 1));
    if (t->proofs)
        printf("certificates: %u hold, %u do not; %.0f bytes each\n", f->held, f->wrong,
               (double)f->proof_bytes / (f->proven > 0 ? f->proven : 1));
}

/* Ten lines, twenty offers: every second of the shop's, so of all kinds. */
static void till(struct tills *t, const struct data *d, uint64_t seed)
{
    struct tb_offer some[SHOP_OFFERS / 2];
    struct tb_price_search search = {.steps_max = t->steps};
    static struct tb_price_result r;
    uint32_t quotes = 0;
    uint32_t proven = 0;
    uint32_t worst = 0;
    double spent = 0;
    shop_open(&t->shop, seed, t->dense);
    for (uint32_t i = 0; i < d->invoice_n; i++) {
        const struct invoice *v = &d->invoice[i];
        if (v->n < 10)
            continue;
        if (quotes % 100 == 0)
            shop_open(&t->shop, seed + quotes, t->dense);
        struct tb_basket basket = {.line = d->line + v->first, .line_n = 10, .shipping = 595};
        shop_serve(&t->shop, &basket, d->item + v->first);
        for (uint32_t k = 0; k < SHOP_OFFERS / 2; k++)
            some[k] = t->shop.offer[2 * k];
        double start = cpu_us();
        for (int again = 0; again < 8; again++)
            if (tb_price_best(&t->work, &basket, some, SHOP_OFFERS / 2, &search, &r) != TB_PRICE_DONE)
                exit(1);
        spent += cpu_us() - start;
        quotes++;
        proven += r.proven;
        worst = r.steps > worst ? r.steps : worst;
    }
    if (quotes > 0)
        printf("till: 10 lines, 20 offers: %.2f us a quote, %.0f quotes/s a core, %.2f %% proven, worst %u steps\n",
               spent / quotes / 8, 8e6 * quotes / spent, 100.0 * proven / quotes, worst);
}

int main(int argc, char **argv)
{
    const char *path = "../shared/data/online_retail.tar.zst:online_retail/online_retail.csv";
    static struct tills t = {.steps = 4500, .proofs = true};
    uint32_t baskets = 10000;
    uint64_t seed = 1;
    bool tills = true;
    for (int i = 1; i + 1 < argc; i += 2) {
        path = strcmp(argv[i], "--data") == 0 ? argv[i + 1] : path;
        baskets = strcmp(argv[i], "--baskets") == 0 ? (uint32_t)strtoul(argv[i + 1], NULL, 10) : baskets;
        t.steps = strcmp(argv[i], "--steps") == 0 ? (uint32_t)strtoul(argv[i + 1], NULL, 10) : t.steps;
        t.proofs = strcmp(argv[i], "--proofs") == 0 ? argv[i + 1][0] != '0' : t.proofs;
        t.dense = strcmp(argv[i], "--dense") == 0 ? argv[i + 1][0] != '0' : t.dense;
        tills = strcmp(argv[i], "--till") == 0 ? argv[i + 1][0] != '0' : tills;
        seed = strcmp(argv[i], "--seed") == 0 ? strtoull(argv[i + 1], NULL, 10) : seed;
    }
    struct data d = {0};
    if (!load(&d, path)) {
        printf("bench_price: no data at %s: skipped\n", path);
        unload(&d);
        return 0;
    }
    t.work.size = tb_price_work_bytes(TB_PRICE_LINES_MAX, TB_PRICE_PARTS_MAX, SHOP_OFFERS);
    t.work.region = aligned_alloc(16, (t.work.size + 15) / 16 * 16);
    t.proof_work.size = tb_proof_work_bytes(TB_PRICE_LINES_MAX, TB_PRICE_PARTS_MAX, SHOP_OFFERS);
    t.proof_work.region = aligned_alloc(16, t.proof_work.size);
    t.proof_max = 1 << 22;
    t.proof = malloc(t.proof_max);
    struct figures f = {.us = calloc(baskets + 1, sizeof(double)),
                        .gap = calloc(baskets + 1, sizeof(double)),
                        .steps = calloc(baskets + 1, sizeof(uint32_t))};
    if (!t.work.region || !t.proof_work.region || !t.proof || !f.us || !f.gap || !f.steps)
        return 1;
    uint32_t stride = d.invoice_n > baskets ? d.invoice_n / baskets : 1;
    for (uint32_t i = 0; i < d.invoice_n && f.n < baskets; i += stride) {
        if (f.n % 100 == 0)
            shop_open(&t.shop, seed + f.n, t.dense);
        const struct invoice *v = &d.invoice[i];
        struct tb_basket basket = {.line = d.line + v->first, .line_n = v->n, .shipping = 595};
        shop_serve(&t.shop, &basket, d.item + v->first);
        one_quote(&t, &basket, &f);
    }
    report(&f, &t);
    if (tills)
        till(&t, &d, seed);
    free(f.steps);
    free(f.gap);
    free(f.us);
    free(t.proof);
    free(t.proof_work.region);
    free(t.work.region);
    unload(&d);
    return f.wrong != 0;
}
