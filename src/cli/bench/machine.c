// SPDX-License-Identifier: Apache-2.0
/* How fast this machine is today, so that figures of different days compare: a chain of integer
 * steps (tb_mix, each needs the one before: two multiplications, three shifts), and a chain of
 * loads, one line each, in one cycle through 64 MiB in the order of a fixed shuffle, and eight
 * chains of integer steps side by side. A neighbour on the other half of a core leaves a chain
 * its pace, and takes up to half of what goes side by side, as most of a program does. Processor
 * time of this thread; the best of the rounds is the machine's, the middle one what it gave while
 * others used it. No figure of the engine is corrected by these.                             */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "cli/bench/bench.h"

#define ROUNDS 9u
#define STEPS 2000000u
#define CHAINS 8u
#define LINES (1u << 20) /* of 64 bytes */
#define HUGE_BYTES ((size_t)2 << 20)

struct line {
    uint32_t next;
    uint32_t fill[15];
};
_Static_assert(sizeof(struct line) == 64, "one line of the cache each");

static double cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t integers(const struct line *unused, uint64_t x)
{
    (void)unused;
    for (uint32_t i = 0; i < STEPS; i++)
        x = tb_mix(x + 1);
    return x;
}

static uint64_t side_by_side(const struct line *unused, uint64_t x)
{
    (void)unused;
    uint64_t chain[CHAINS];
    for (uint32_t k = 0; k < CHAINS; k++)
        chain[k] = x + k;
    for (uint32_t i = 0; i < STEPS / CHAINS; i++)
        for (uint32_t k = 0; k < CHAINS; k++)
            chain[k] = tb_mix(chain[k] + 1);
    for (uint32_t k = 1; k < CHAINS; k++)
        chain[0] ^= chain[k];
    return chain[0];
}

static uint64_t loads(const struct line *line, uint64_t at)
{
    uint32_t i = (uint32_t)at & (LINES - 1);
    for (uint32_t k = 0; k < STEPS; k++)
        i = line[i].next;
    return i;
}

/* Nanoseconds a step of each round, sorted. */
static void measure(uint64_t (*work)(const struct line *, uint64_t), const struct line *line, double ns[ROUNDS])
{
    volatile uint64_t at = 1; /* what a round came to is where the next one begins: none can be left out */
    for (uint32_t i = 0; i < ROUNDS; i++) {
        double from = cpu_ns();
        at = work(line, at);
        ns[i] = (cpu_ns() - from) / STEPS;
    }
    qsort(ns, ROUNDS, sizeof *ns, by_size);
}

/* Sattolo's shuffle: one cycle through all lines. */
static void shuffle(struct line *line)
{
    for (uint32_t i = 0; i < LINES; i++)
        line[i].next = i;
    for (uint32_t i = LINES - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(tb_mix(i) % i);
        uint32_t t = line[i].next;
        line[i].next = line[k].next;
        line[k].next = t;
    }
}

void tb_bench_machine(FILE *out)
{
    double integer[ROUNDS];
    double wide[ROUNDS];
    double load[ROUNDS];
    struct line *line = aligned_alloc(HUGE_BYTES, LINES * sizeof *line);
    if (line == NULL)
        return;
    (void)madvise(line, LINES * sizeof *line, MADV_HUGEPAGE); /* as the store's memory */
    shuffle(line);
    measure(integers, line, integer);
    measure(side_by_side, line, wide);
    measure(loads, line, load);
    free(line);
    (void)fprintf(out,
                  "machine: an integer step %.2f ns (middle of %u rounds %.2f), of %u side by side %.2f ns (%.2f), "
                  "a load of a chain over 64 MiB %.1f ns (%.1f)\n",
                  integer[0], ROUNDS, integer[ROUNDS / 2], CHAINS, wide[0], wide[ROUNDS / 2], load[0],
                  load[ROUNDS / 2]);
}
