// SPDX-License-Identifier: Apache-2.0
/* tests/model/run_model - random histories on core and on the plain model, side by side.
 *
 *   run_model --ops 300000            as many steps, seed after seed (default)
 *   run_model --seeds 1..200 --year   simulated years, a sweep of the due-queue every day
 *   run_model --seed N [--stop K]     one history again, told step by step with --verbose
 *
 * Compared: every answer with its amounts; every few steps, and at the end, all balances,
 * lots, holds, orders, tiers, the tenant's accounts and the days' roll-forward. At the end the
 * events are replayed into a fresh core, byte for byte, and core's own audit runs.
 * On a difference the history is shrunk by dropping steps while it still differs.        */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cell.h"
#include "compare.h"
#include "history.h"
#include "model.h"



struct options {
    uint64_t ops, first, last;
    uint32_t stop, every;
    bool year, verbose, one, eager;
};

struct outcome {
    uint32_t at; /* index of the step that differed; steps run when none did */
    bool differs;
    char text[400];
};

/* A failed assertion is a difference too: it is shrunk like any other. */
static sigjmp_buf crashed;

static void on_abort(int no)
{
    (void)no;
    siglongjmp(crashed, 1);
}

static void run_steps(struct history *h, struct pair *p, const struct step *step, uint32_t n,
                      const struct options *o, struct outcome *out)
{
    for (uint32_t i = 0; i < n && !out->differs; i++) {
        out->at = i;
        struct step s = step ? step[i] : history_next(h, p, i);
        if (step == NULL)
            h->step[i] = s;
        bool good = pair_step(p, &s, o->verbose);
        if (good && (i % o->every == o->every - 1 || i + 1 == n))
            good = pair_compare(p);
        out->differs = !good;
    }
    if (!out->differs)
        out->differs = !pair_finish(p);
    snprintf(out->text, sizeof out->text, "%s", p->text);
}

/* step NULL: drawn as they run. */
static void run_one(struct history *h, const struct step *step, uint32_t n, const struct options *o,
                    struct outcome *out)
{
    static struct pair p;
    memset(out, 0, sizeof *out);
    pair_open(&p, &h->def, h->start_ms);
    signal(SIGABRT, on_abort);
    if (sigsetjmp(crashed, 1) == 0) {
        run_steps(h, &p, step, n, o, out);
    } else {
        out->differs = true;
        snprintf(out->text, sizeof out->text, "an assertion failed");
    }
    signal(SIGABRT, SIG_DFL);
    h->loads += p.cell->loads;
    for (uint32_t i = 0; step == NULL && i < STEPS; i++) {
        h->tried[i] += p.tried[i];
        h->done[i] += p.done[i];
    }
    pair_close(&p);
}

/* Drops runs of steps, halves first, as long as something still differs. */
static uint32_t shrink(struct history *h, uint32_t n, struct outcome *best)
{
    struct options o = {.every = 1};
    struct step *now = malloc(n * sizeof *now), *less = malloc(n * sizeof *now);
    memcpy(now, h->step, n * sizeof *now);
    struct outcome out;
    run_one(h, now, n, &o, &out);
    if (!out.differs) { /* only with the original intervals */
        free(now);
        free(less);
        return n;
    }
    n = out.at + 1;
    *best = out;
    for (uint32_t size = n / 2; size > 0; size /= 2)
        for (uint32_t from = 0; from + size <= n;) {
            memcpy(less, now, from * sizeof *now);
            memcpy(less + from, now + from + size, (n - from - size) * sizeof *now);
            run_one(h, less, n - size, &o, &out);
            if (out.differs) {
                n = out.at + 1;
                memcpy(now, less, n * sizeof *now);
                *best = out;
            } else {
                from += size;
            }
        }
    memcpy(h->step, now, n * sizeof *now);
    free(now);
    free(less);
    return n;
}

static void report(struct history *h, const char *self, const struct options *o,
                   struct outcome *out)
{
    printf("DIFFERENCE seed %llu, step %u\n%s\n", (unsigned long long)h->seed, out->at, out->text);
    printf("repeat: %s --seed %llu --stop %u%s --verbose\n", self, (unsigned long long)h->seed,
           out->at + 1, o->year ? " --year" : "");
    struct outcome small = *out;
    uint32_t n = shrink(h, out->at + 1, &small);
    catalog_print(&h->def);
    printf("shrunk to %u steps:\n", n);
    for (uint32_t i = 0; i < n && i < 60; i++)
        step_print(&h->step[i]);
    printf("%s\n", small.text);
    fflush(stdout);
}

static bool number(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return end != text;
}

static bool parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.ops = 300000, .first = 1, .last = UINT32_MAX, .every = 16};
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        uint64_t v = 0;
        if (strcmp(argv[i], "--year") == 0) {
            o->year = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            o->verbose = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && number(next, &o->first) &&
                   strstr(next, "..") != NULL && number(strstr(next, "..") + 2, &o->last)) {
            o->ops = UINT64_MAX;
            i++;
        } else if (number(next, &v) && strcmp(argv[i], "--ops") == 0) {
            o->ops = v;
            i++;
        } else if (number(next, &v) && strcmp(argv[i], "--seed") == 0) {
            o->first = o->last = v;
            o->ops = UINT64_MAX;
            o->one = true;
            i++;
        } else if (number(next, &v) && strcmp(argv[i], "--every") == 0 && v > 0) {
            o->every = (uint32_t)v;
            i++;
        } else if (number(next, &v) && strcmp(argv[i], "--stop") == 0) {
            o->stop = (uint32_t)v;
            i++;
        } else {
            fprintf(stderr, "usage: %s [--ops N] [--seeds A..B] [--seed N [--stop K]] [--year] "
                            "[--every K] [--verbose]\n", argv[0]);
            return false;
        }
    }
    return true;
}

/* A sixth is enough where time is short (./check fast) or every step is watched. */
static bool in_short(void)
{
#ifdef __SANITIZE_ADDRESS__
    return true;
#endif
    const char *check = getenv("TB_CHECK");
    return check != NULL && strcmp(check, "fast") == 0;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!parse(argc, argv, &o))
        return 2;
    if (in_short() && o.ops != UINT64_MAX)
        o.ops /= 6;
    if (in_short() && o.last != UINT32_MAX && !o.one)
        o.last = o.first + (o.last - o.first) / 6;
    struct history *h = calloc(1, sizeof *h);
    uint64_t ops = 0, seeds = 0, differ = 0;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (uint64_t seed = o.first; seed <= o.last && ops < o.ops && differ < 5; seed++) {
        struct outcome out;
        uint32_t n = history_start(h, seed, o.year);
        if (o.stop && o.stop < n)
            n = o.stop;
        run_one(h, NULL, n, &o, &out);
        ops += out.at + 1;
        seeds++;
        if (out.differs) {
            differ++;
            report(h, argv[0], &o, &out);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    for (uint32_t i = 0; i < STEPS; i++)
        printf("  %-10s %9llu, done %9llu\n", step_name((enum step_op)i),
               (unsigned long long)h->tried[i], (unsigned long long)h->done[i]);
    printf("%llu steps in %llu histories, %llu cold rows loaded, %.1f s, %llu differences\n",
           (unsigned long long)ops, (unsigned long long)seeds, (unsigned long long)h->loads, s,
           (unsigned long long)differ);
    free(h);
    return differ ? 1 : 0;
}
