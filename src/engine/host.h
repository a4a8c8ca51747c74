// SPDX-License-Identifier: Apache-2.0
/* engine/host.h - what the engine takes from the machine: clocks, chance, memory.
 *
 * The real ones are in clock.c and memory.c; a simulation passes its own, and then the
 * same seed gives the same run. Every function may be called from any thread.          */
#ifndef TB_ENGINE_HOST_H
#define TB_ENGINE_HOST_H

#include "core/store/pool.h"

struct tb_host {
    void *user;
    int64_t (*now_ms)(void *user);  /* wall clock, milliseconds since 1970 */
    int64_t (*mono_ns)(void *user); /* never goes back; stands still in suspension */
    int64_t (*boot_ns)(void *user); /* never goes back; runs on in suspension: leases */
    void (*entropy)(void *user, void *out, size_t n);
};

/* CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, getrandom(2). */
extern const struct tb_host tb_host_real;

/* Regions for struct tb_mem, in huge pages where the kernel gives them; all of them go
 * back to the system with tb_regions_deinit. One thread. take never returns NULL: when
 * the system has no memory left the process ends with a message.                       */
struct tb_region;
struct tb_regions {
    struct tb_region *list;
    uint8_t *slab;
    size_t slab_left;
    size_t bytes; /* taken from the system */
};
void tb_regions_init(struct tb_regions *r);
void tb_regions_deinit(struct tb_regions *r);
struct tb_mem tb_regions_mem(struct tb_regions *r);
/* Bytes that were handed out: what is left of the newest slab has no memory behind it yet. */
static inline size_t tb_regions_used(const struct tb_regions *r)
{
    return r->bytes - r->slab_left;
}

#endif
