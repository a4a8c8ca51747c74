// SPDX-License-Identifier: Apache-2.0
/* engine/heap.h - the engine's own small memory: malloc that cannot fail.
 *
 * The engine's structures are bounded by options; when the system has no memory left the
 * process ends with a message and recovers at its next start. Released with free().      */
#ifndef TB_ENGINE_HEAP_H
#define TB_ENGINE_HEAP_H

#include <stdlib.h>

#include "base/assert.h"

static inline void *tb_heap_take(size_t n)
{
    void *p = malloc(n);
    tb_assert(p != NULL);
    return p;
}

static inline void *tb_heap_zeroed(size_t n)
{
    void *p = calloc(1, n);
    tb_assert(p != NULL);
    return p;
}

static inline void *tb_heap_resize(void *old, size_t n)
{
    void *p = realloc(old, n);
    tb_assert(p != NULL);
    return p;
}

#endif
