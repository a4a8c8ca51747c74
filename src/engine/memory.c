// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/host.h"

/* The pool's chunks are cut from slabs, so that they lie in huge pages. */
#define CHUNK_BYTES ((size_t)1 << 20)
#define SLAB_BYTES ((size_t)64 << 20)
#define HUGE_BYTES ((size_t)2 << 20)

/* In front of what it describes, one cache line. */
struct tb_region {
    struct tb_region *next;
    struct tb_region **link; /* what points to it */
    size_t bytes;
    uint8_t fill[40];
};
_Static_assert(sizeof(struct tb_region) == 64, "keeps regions 64-byte aligned");

void tb_regions_init(struct tb_regions *r)
{
    *r = (struct tb_regions){0};
}

static void *map(struct tb_regions *r, size_t bytes)
{
    bytes = (bytes + sizeof(struct tb_region) + 4095) / 4096 * 4096;
    struct tb_region *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
        fprintf(stderr, "tongbao: out of memory (%zu bytes held, %zu wanted)\n", r->bytes, bytes);
        exit(71);
    }
    if (bytes >= HUGE_BYTES)
        (void)madvise(region, bytes, MADV_HUGEPAGE);
    *region = (struct tb_region){.next = r->list, .link = &r->list, .bytes = bytes};
    if (r->list != NULL)
        r->list->link = &region->next;
    r->list = region;
    r->bytes += bytes;
    return region + 1;
}

static void *take(void *user, size_t size)
{
    struct tb_regions *r = user;
    if (size != CHUNK_BYTES) /* a growing table: goes back when it has grown */
        return map(r, size);
    if (r->slab_left < size) {
        r->slab = map(r, SLAB_BYTES);
        r->slab_left = SLAB_BYTES;
    }
    void *p = r->slab;
    r->slab += size;
    r->slab_left -= size;
    return p;
}

static void give(void *user, void *p, size_t size)
{
    struct tb_regions *r = user;
    tb_assert(size != CHUNK_BYTES); /* the pool keeps its chunks */
    struct tb_region *i = (struct tb_region *)p - 1;
    *i->link = i->next;
    if (i->next != NULL)
        i->next->link = i->link;
    r->bytes -= i->bytes;
    (void)munmap(i, i->bytes);
}

void tb_regions_deinit(struct tb_regions *r)
{
    while (r->list != NULL) {
        struct tb_region *i = r->list;
        r->list = i->next;
        (void)munmap(i, i->bytes);
    }
    *r = (struct tb_regions){0};
}

struct tb_mem tb_regions_mem(struct tb_regions *r)
{
    return (struct tb_mem){r, take, give};
}
