// SPDX-License-Identifier: Apache-2.0
/* core/store/pool.h - size-classed memory from regions that the engine gives.
 *
 * Core allocates nothing of its own: the pool carves blocks out of regions obtained
 * through struct tb_mem, keeps freed blocks on a list per size class and gives no
 * region back that it cut. Sizes are rounded up to a class (16-byte steps to 1 KiB, then four
 * classes a doubling: under a quarter is lost). Freed blocks above 4 KiB are cut up before a
 * new region is taken; blocks above 256 KiB are regions of their own and do go back. Not
 * thread-safe: the cell's thread alone. Running out of memory is the end of the process:
 * mem->take must not return NULL (the engine checks limits before).                     */
#ifndef TB_CORE_STORE_POOL_H
#define TB_CORE_STORE_POOL_H

#include "base/assert.h"

struct tb_mem {
    void *user;
    /* A zeroed region of at least size bytes, 64-byte aligned; never NULL. */
    void *(*take)(void *user, size_t size);
    void (*give)(void *user, void *region, size_t size);
};

#define TB_POOL_CLASSES 128

struct tb_pool {
    struct tb_mem mem;
    uint8_t *chunk;
    size_t chunk_left;
    void *free[TB_POOL_CLASSES];
    size_t taken_bytes; /* from mem */
    size_t used_bytes;  /* handed out, rounded to classes */
};

void tb_pool_init(struct tb_pool *p, struct tb_mem mem);
/* Not zeroed. size >= 1. */
void *tb_pool_alloc(struct tb_pool *p, size_t size);
/* size as it was asked for. */
void tb_pool_free(struct tb_pool *p, void *block, size_t size);
/* The rounded size. */
size_t tb_pool_size(size_t size);

#endif
