// SPDX-License-Identifier: Apache-2.0
#include "engine/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void tb_bell_ring(struct tb_bell *b)
{
    atomic_fetch_add(&b->rings, 1);
    if (atomic_load(&b->sleepers) > 0)
        (void)syscall(SYS_futex, &b->rings, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

void tb_bell_wait(struct tb_bell *b, uint32_t ticket, int64_t timeout_ns)
{
    if (timeout_ns <= 0)
        return;
    struct timespec t = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    atomic_fetch_add(&b->sleepers, 1);
    (void)syscall(SYS_futex, &b->rings, FUTEX_WAIT_PRIVATE, ticket, &t, NULL, 0);
    atomic_fetch_sub(&b->sleepers, 1);
}
