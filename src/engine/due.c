// SPDX-License-Identifier: Apache-2.0
#include "engine/due.h"

#include <stdlib.h>

#include "engine/heap.h"

static uint64_t key_of(const struct tb_due *d)
{
    uint64_t k = tb_mix(d->id ^ (uint64_t)d->kind << 56);
    return k ? k : 1;
}

void tb_due_init(struct tb_due_queue *q, struct tb_pool *pool)
{
    *q = (struct tb_due_queue){0};
    tb_map_init(&q->armed, pool);
}

void tb_due_deinit(struct tb_due_queue *q)
{
    free(q->heap);
    q->heap = NULL;
}

/* Ties by (kind, id), so that the order never depends on how the heap came about. */
static bool before(const struct tb_due *a, const struct tb_due *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->id < b->id;
}

static void swap(struct tb_due *a, struct tb_due *b)
{
    struct tb_due t = *a;
    *a = *b;
    *b = t;
}

void tb_due_arm(struct tb_due_queue *q, const struct tb_due *d)
{
    uint64_t key = key_of(d);
    uint64_t armed;
    if (tb_map_get(&q->armed, key, &armed) && (int64_t)armed <= d->at_ms)
        return;
    tb_map_put(&q->armed, key, (uint64_t)d->at_ms);
    if (q->n == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 256;
        q->heap = tb_heap_resize(q->heap, q->cap * sizeof *q->heap);
    }
    uint32_t i = q->n++;
    q->heap[i] = *d;
    while (i > 0 && before(&q->heap[i], &q->heap[(i - 1) / 2])) {
        swap(&q->heap[i], &q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void remove_top(struct tb_due_queue *q)
{
    q->heap[0] = q->heap[--q->n];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->n; child++)
            if (before(&q->heap[child], &q->heap[least]))
                least = child;
        if (least == i)
            return;
        swap(&q->heap[i], &q->heap[least]);
        i = least;
    }
}

bool tb_due_pop(struct tb_due_queue *q, int64_t now_ms, struct tb_due *out)
{
    while (q->n > 0 && q->heap[0].at_ms <= now_ms) {
        *out = q->heap[0];
        remove_top(q);
        uint64_t key = key_of(out);
        uint64_t armed;
        if (!tb_map_get(&q->armed, key, &armed) || (int64_t)armed != out->at_ms)
            continue; /* an earlier instant took its place */
        (void)tb_map_remove(&q->armed, key);
        return true;
    }
    return false;
}

int64_t tb_due_next_ms(const struct tb_due_queue *q)
{
    return q->n > 0 ? q->heap[0].at_ms : INT64_MAX;
}
