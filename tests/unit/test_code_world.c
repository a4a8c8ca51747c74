// SPDX-License-Identifier: Apache-2.0
/* Items printed, packed and sold; a fifth is scanned, in random order: by buyers, by buyers
 * again, by others from photos, by guessers, some cartons in the wrong region. What must hold is
 * exact; how well alarms tell diverted cartons is printed and has a floor.
 * TB_LONG=1: a million items, otherwise 48,000.                                            */
#include <time.h>

#include "border/code/serial.h"
#include "code_kit.h"

#define REGIONS 8u
#define PER_CARTON 24u

enum kind { BUYER, AGAIN, PHOTO };

struct visit {
    uint32_t item;
    uint32_t person;
    uint8_t kind;
    uint8_t region;
};

struct world {
    struct fx *f;
    uint32_t items;
    uint32_t cartons;
    uint32_t people;
    uint32_t item_batch;
    uint32_t carton_batch;
    uint64_t rng;
    uint8_t *sold_in;  /* [carton] */
    bool *alarmed;     /* [carton] */
    uint8_t *scanned;  /* [item] */
    struct visit *visit;
    uint32_t n;
    uint64_t verdicts[7];
    uint64_t photos;       /* that met OTHERS */
    uint64_t photos_first; /* that were before the buyer */
    uint64_t photos_own;   /* of who had scanned the code first herself */
    uint64_t buyers_late;  /* buyers who met OTHERS */
};

static uint32_t pick(struct world *w, uint32_t n)
{
    return (uint32_t)((kit_rng(&w->rng) >> 32) * n >> 32);
}

static const char *region_store(uint32_t r)
{
    static const char *const name[REGIONS] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    return name[r];
}

static uint32_t bound_in(const struct world *w, uint32_t carton)
{
    return (uint32_t)((uint64_t)carton * REGIONS / w->cartons);
}

/* Cartons go out region by region; two in a hundred are sold somewhere else. */
static void ship(struct world *w)
{
    for (uint32_t r = 0; r < REGIONS; r++) {
        char text[16];
        snprintf(text, sizeof text, "cn/%u", r);
        struct tb_cmd_store_put put = {
            .put.code = tb_str_of(region_store(r)), .name = S("Shop"), .region = tb_str_of(text)};
        fx_done(w->f, TB_OP_STORE_PUT, &put);
    }
    for (uint32_t c = 0; c < w->cartons; c++)
        kit_pack(w->f, (struct tb_code_ref){w->carton_batch, c},
                 (struct tb_code_ref){w->item_batch, c * PER_CARTON}, PER_CARTON);
    for (uint32_t r = 0, from = 0; r < REGIONS; r++) {
        char text[16];
        snprintf(text, sizeof text, "cn/%u", r);
        uint32_t until = from;
        while (until < w->cartons && bound_in(w, until) == r)
            until++;
        for (uint32_t at = from; at < until; at += 2000) { /* a command reaches 4,000 runs */
            uint32_t n = until - at < 2000 ? until - at : 2000;
            struct tb_cmd_codes_bind in = kit_bind("item", (uint64_t)at * PER_CARTON, (uint64_t)n * PER_CARTON);
            in.region = tb_str_of(text);
            in.activate = true;
            fx_done(w->f, TB_OP_CODES_BIND, &in);
        }
        from = until;
    }
    for (uint32_t c = 0; c < w->cartons; c++)
        w->sold_in[c] = (uint8_t)(pick(w, 100) < 2 ? (bound_in(w, c) + 1 + pick(w, REGIONS - 1)) % REGIONS
                                                   : bound_in(w, c));
}

static void add(struct world *w, uint32_t item, uint32_t person, enum kind kind, uint32_t region)
{
    w->visit[w->n++] = (struct visit){item, person, (uint8_t)kind, (uint8_t)region};
}

static void plan(struct world *w)
{
    for (uint32_t i = 0; i < w->items; i++) {
        if (pick(w, 100) >= 20)
            continue;
        uint32_t sold = w->sold_in[i / PER_CARTON];
        uint32_t buyer = pick(w, w->people);
        uint32_t at = pick(w, 100) < 3 ? pick(w, REGIONS) : sold; /* some travel */
        add(w, i, buyer, BUYER, at);
        if (pick(w, 100) < 10)
            add(w, i, buyer, AGAIN, at);
        for (uint32_t k = 0; pick(w, 1000) < 5 && k < 5; k++)
            add(w, i, pick(w, w->people), PHOTO, pick(w, REGIONS));
    }
    for (uint32_t i = w->n; i > 1; i--) {
        uint32_t k = pick(w, i);
        struct visit t = w->visit[i - 1];
        w->visit[i - 1] = w->visit[k];
        w->visit[k] = t;
    }
}

static void visit(struct world *w, const struct visit *v, const struct tb_identifier *who)
{
    struct tb_cmd_code_scan in = kit_scan(w->f, (struct tb_code_ref){w->item_batch, v->item}, who);
    in.store = tb_str_of(region_store(v->region));
    in.caller = v->person + 1;
    w->f->now_ms += 1000;
    in.occurred_ms = w->f->now_ms;
    fx_done(w->f, TB_OP_CODE_SCAN, &in);
    uint64_t verdict = fx_uint(w->f, 1, 0);
    assert_int_equal(verdict == TB_SCAN_FIRST, w->scanned[v->item] == 0);
    w->scanned[v->item] = 1;
    w->verdicts[verdict]++;
    w->photos += v->kind == PHOTO && verdict == TB_SCAN_OTHERS;
    w->photos_first += v->kind == PHOTO && verdict == TB_SCAN_FIRST;
    w->photos_own += v->kind == PHOTO && verdict == TB_SCAN_AGAIN;
    w->buyers_late += v->kind == BUYER && verdict == TB_SCAN_OTHERS;
    if (fx_uint(w->f, 16, 0))
        w->alarmed[v->item / PER_CARTON] = true;
}

/* Made-up codes through the real cipher; callers change, so that no limit helps. */
static uint64_t guesses(struct world *w, uint32_t n)
{
    static const uint8_t key[TB_SERIAL_KEY_BYTES] = {9, 8, 7};
    struct tb_serial_coder coder;
    struct tb_fault fault;
    uint64_t hits = 0;
    assert_true(tb_serial_open(&coder, key, 1, &fault));
    for (uint32_t i = 0; i < n; i++) {
        char text[1][TB_SERIAL_SYMBOLS];
        char spelt[TB_SERIAL_SYMBOLS];
        struct tb_serial out;
        do
            for (uint32_t k = 0; k < TB_SERIAL_SYMBOLS; k++)
                text[0][k] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[pick(w, 32)];
        while (tb_serial_spell((struct tb_str){text[0], TB_SERIAL_SYMBOLS}, spelt) != TB_SERIAL_READ);
        tb_serial_decode(&coder, (const char(*)[TB_SERIAL_SYMBOLS])text, 1, &out);
        struct tb_cmd_code_scan in = kit_scan(w->f, (struct tb_code_ref){out.batch, out.serial}, NULL);
        in.caller = kit_rng(&w->rng);
        w->f->now_ms += 1000; /* below the tenant's limit */
        in.occurred_ms = w->f->now_ms;
        assert_int_equal(fx_run(w->f, TB_OP_CODE_SCAN, &in), TB_DONE);
        hits += w->f->a.code == TB_CODE_OK;
    }
    tb_serial_close(&coder);
    return hits;
}

static void report(struct world *w, uint64_t hits, uint32_t guessed, double us)
{
    uint64_t diverted = 0;
    uint64_t caught = 0;
    uint64_t alarms = 0;
    for (uint32_t c = 0; c < w->cartons; c++) {
        bool wrong = w->sold_in[c] != bound_in(w, c);
        diverted += wrong;
        caught += wrong && w->alarmed[c];
        alarms += w->alarmed[c];
    }
    printf("%u items, %u scans (%.2f us CPU each, new persons included), %u guesses: %llu hits\n", w->items,
           w->n, us, guessed, (unsigned long long)hits);
    printf("first %llu, again by the same %llu, by others %llu; photos told %llu, photos before the buyer %llu, "
           "buyers who met a photo %llu\n",
           (unsigned long long)w->verdicts[TB_SCAN_FIRST], (unsigned long long)w->verdicts[TB_SCAN_AGAIN],
           (unsigned long long)w->verdicts[TB_SCAN_OTHERS], (unsigned long long)w->photos,
           (unsigned long long)w->photos_first, (unsigned long long)w->buyers_late);
    uint64_t told = w->verdicts[TB_SCAN_OTHERS];
    uint64_t photos = w->photos + w->photos_first + w->photos_own;
    printf("\"seen by others\" as an alarm of copies: %llu alarms, precision %.3f, recall %.3f\n",
           (unsigned long long)told, (double)w->photos / (double)told, (double)w->photos / (double)photos);
    printf("diversion: %llu cartons diverted, %llu alarms, precision %.3f, recall %.3f\n",
           (unsigned long long)diverted, (unsigned long long)alarms, (double)caught / (double)alarms,
           (double)caught / (double)diverted);
    assert_int_equal(hits, 0);
    assert_true(caught * 100 >= alarms * 90);
    assert_true(caught * 100 >= diverted * 70); /* 24 items at 20 %: one in nine has under 3 scans */
}

static double cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void test_world(void **state)
{
    (void)state;
    const char *v = getenv("TB_LONG");
    bool is_long = v != NULL && v[0] == '1';
    struct world w = {.items = is_long ? 1000000 / PER_CARTON * PER_CARTON : 48000, .rng = 7};
    w.f = kit_new(!is_long); /* short: with the second cell */
    w.cartons = w.items / PER_CARTON;
    w.people = w.items / 20;
    w.sold_in = calloc(w.cartons, 1);
    w.alarmed = calloc(w.cartons, sizeof *w.alarmed);
    w.scanned = calloc(w.items, 1);
    w.visit = calloc((size_t)w.items * 2, sizeof *w.visit);
    w.item_batch = kit_batch(w.f, "item", 0, w.items);
    w.carton_batch = kit_batch(w.f, "carton", 1, w.cartons);
    ship(&w);
    plan(&w);
    struct tb_identifier *who = calloc(w.people, sizeof *who);
    char(*text)[24] = calloc(w.people, sizeof *text);
    for (uint32_t i = 0; i < w.people; i++) {
        snprintf(text[i], sizeof text[i], "+86139%08u", i);
        who[i] = fx_id(w.f, "phone", text[i], true);
    }
    double start = cpu_us();
    for (uint32_t i = 0; i < w.n; i++)
        visit(&w, &w.visit[i], &who[w.visit[i].person]);
    double us = (cpu_us() - start) / w.n;
    uint32_t guessed = is_long ? 100000 : 5000;
    uint64_t hits = guesses(&w, guessed);
    uint64_t distinct = 0;
    for (uint32_t i = 0; i < w.items; i++)
        distinct += w.scanned[i];
    assert_int_equal(w.verdicts[TB_SCAN_FIRST], distinct); /* one first scan a code, no more */
    report(&w, hits, guessed, us);
    free(w.sold_in);
    free(w.alarmed);
    free(w.scanned);
    free(w.visit);
    free(who);
    free(text);
    fx_free(w.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_world)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
