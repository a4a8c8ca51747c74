// SPDX-License-Identifier: Apache-2.0
/* What is still to come, by time: a binary heap. Equal times go by serial number, so the
 * order of a wave never depends on the order of pushing.                                  */
#include "sim/world.h"

#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->serial < b->serial;
}

bool sim_push(struct tb_sim *s, const struct sim_event *e)
{
    struct sim_heap *h = &s->heap;
    if (h->n == h->cap) {
        uint32_t cap = h->cap ? h->cap * 2 : 8192;
        struct sim_event *more = realloc(h->e, cap * sizeof *more);
        if (more == NULL) {
            s->no_memory = true;
            return false;
        }
        h->e = more;
        h->cap = cap;
    }
    struct sim_event put = *e;
    put.serial = ++s->serial;
    uint32_t at = h->n++;
    while (at > 0 && before(&put, &h->e[(at - 1) / 2])) {
        h->e[at] = h->e[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->e[at] = put;
    return true;
}

bool sim_pop(struct tb_sim *s, int64_t before_ms, struct sim_event *out)
{
    struct sim_heap *h = &s->heap;
    if (h->n == 0 || h->e[0].at_ms >= before_ms)
        return false;
    *out = h->e[0];
    struct sim_event last = h->e[--h->n];
    uint32_t at = 0;
    for (uint32_t child = 1; child < h->n; child = 2 * at + 1) {
        if (child + 1 < h->n && before(&h->e[child + 1], &h->e[child]))
            child++;
        if (!before(&h->e[child], &last))
            break;
        h->e[at] = h->e[child];
        at = child;
    }
    if (h->n > 0)
        h->e[at] = last;
    return true;
}
