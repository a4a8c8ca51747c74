// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>
#include <time.h>

#include "engine/host.h"

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    int r = clock_gettime(id, &t);
    tb_assert(r == 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t real_now_ms(void *user)
{
    (void)user;
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

static int64_t real_mono_ns(void *user)
{
    (void)user;
    return clock_ns(CLOCK_MONOTONIC);
}

static int64_t real_boot_ns(void *user)
{
    (void)user;
    return clock_ns(CLOCK_BOOTTIME);
}

static void real_entropy(void *user, void *out, size_t n)
{
    (void)user;
    uint8_t *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

const struct tb_host tb_host_real = {
    .now_ms = real_now_ms,
    .mono_ns = real_mono_ns,
    .boot_ns = real_boot_ns,
    .entropy = real_entropy,
};
