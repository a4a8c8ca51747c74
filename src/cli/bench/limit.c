// SPDX-License-Identifier: Apache-2.0
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
