// SPDX-License-Identifier: Apache-2.0
/* What this machine gives to a program that does nothing else: its disk, and how long it leaves a thread alone. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bench/bench.h"

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define PAUSES 65536u
#define PAUSE_MIN_S 20e-6

/* How long a request that needs nothing waits that comes at any time: in a pause it waits for what is left of it. The
 * share of the time in which more than `wait` is left. */
static double share_above(const double *pause, uint32_t n, double wait, double took)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += pause[i] > wait ? pause[i] - wait : 0;
    return sum / took;
}

double tb_bench_pause_p99_ms(double seconds)
{
    double *pause = calloc(PAUSES, sizeof *pause);
    uint32_t n = 0;
    double start = now_s();
    double last = start;
    while (pause != NULL && last - start < seconds && n < PAUSES) {
        double t = now_s();
        if (t - last > PAUSE_MIN_S)
            pause[n++] = t - last;
        last = t;
    }
    double low = 0;
    double high = last - start;
    for (uint32_t i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (share_above(pause, n, middle, last - start) > .01)
            low = middle;
        else
            high = middle;
    }
    free(pause);
    return high * 1e3;
}

double tb_bench_limit(const char *path, double bytes_each, uint32_t seconds)
{
    size_t n = (size_t)(bytes_each * 256);
    char *block = malloc(n ? n : 1);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || block == NULL) {
        free(block);
        return 0;
    }
    memset(block, 'x', n);
    double start = now_s();
    uint64_t turns = 0;
    while (now_s() - start < seconds) {
        if (write(fd, block, n) != (ssize_t)n || fdatasync(fd) != 0)
            break;
        turns++;
    }
    double took = now_s() - start;
    (void)close(fd);
    (void)unlink(path);
    free(block);
    return (double)turns * 256 / took;
}
