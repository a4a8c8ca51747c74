// SPDX-License-Identifier: Apache-2.0
/* Groups of rows that are one order. See orders.h.
 *
 * Invariant: every open group has exactly one newest entry in the ring; entries that a later
 * row outdated are passed over when they come to the front.                              */
#include <stdlib.h>
#include <string.h>

#include "cli/import/orders.h"

static void *resize(void *p, size_t n)
{
    void *q = realloc(p, n);
    tb_assert(q != NULL); /* an import that has no memory left ends here; it can be repeated */
    return q;
}

static void grow_slots(struct tb_groups *all)
{
    uint32_t cap = all->cap ? all->cap * 2 : 1024;
    struct tb_group **slot = calloc(cap, sizeof(struct tb_group *));
    tb_assert(slot != NULL);
    for (uint32_t i = 0; i < all->cap; i++) {
        if (all->slot[i] == NULL)
            continue;
        uint32_t at = (uint32_t)all->slot[i]->hash & (cap - 1);
        while (slot[at] != NULL)
            at = (at + 1) & (cap - 1);
        slot[at] = all->slot[i];
    }
    free(all->slot);
    all->slot = slot;
    all->cap = cap;
}

struct tb_group *tb_groups_open(struct tb_groups *all, struct tb_str key, uint64_t hash, bool *fresh)
{
    if (all->n * 2 >= all->cap)
        grow_slots(all);
    uint32_t at = (uint32_t)hash & (all->cap - 1);
    *fresh = false;
    for (; all->slot[at] != NULL; at = (at + 1) & (all->cap - 1))
        if (all->slot[at]->hash == hash && tb_str_eq(tb_group_key(all->slot[at]), key))
            return all->slot[at];
    struct tb_group *g = calloc(1, sizeof *g);
    tb_assert(g != NULL);
    g->hash = hash;
    g->key_n = tb_group_put(g, key).n;
    all->slot[at] = g;
    all->n++;
    *fresh = true;
    return g;
}

static void remove_slot(struct tb_groups *all, const struct tb_group *g)
{
    uint32_t mask = all->cap - 1;
    uint32_t at = (uint32_t)g->hash & mask;
    while (all->slot[at] != g)
        at = (at + 1) & mask;
    /* backward shift keeps every probe sequence whole */
    for (uint32_t next = (at + 1) & mask; all->slot[next] != NULL; next = (next + 1) & mask) {
        uint32_t home = (uint32_t)all->slot[next]->hash & mask;
        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        all->slot[at] = all->slot[next];
        at = next;
    }
    all->slot[at] = NULL;
    all->n--;
}

void tb_groups_touch(struct tb_groups *all, struct tb_group *g, int64_t row)
{
    if (all->age_n == all->age_cap) {
        uint32_t cap = all->age_cap ? all->age_cap * 2 : 4096;
        struct tb_group **age = calloc(cap, sizeof(struct tb_group *));
        int64_t *age_row = calloc(cap, sizeof *age_row);
        tb_assert(age != NULL && age_row != NULL);
        for (uint32_t i = 0; i < all->age_n; i++) {
            age[i] = all->age[(all->age_first + i) % all->age_cap];
            age_row[i] = all->age_row[(all->age_first + i) % all->age_cap];
        }
        free(all->age);
        free(all->age_row);
        all->age = age;
        all->age_row = age_row;
        all->age_cap = cap;
        all->age_first = 0;
    }
    uint32_t at = (all->age_first + all->age_n++) % all->age_cap;
    all->age[at] = g;
    all->age_row[at] = row;
    g->last_row = row;
}

struct tb_group *tb_groups_close(struct tb_groups *all, int64_t row)
{
    while (all->age_n > 0) {
        struct tb_group *g = all->age[all->age_first];
        int64_t at = all->age_row[all->age_first];
        if (g != NULL && at >= row)
            return NULL;
        all->age_first = (all->age_first + 1) % all->age_cap;
        all->age_n--;
        if (g == NULL || g->last_row != at)
            continue; /* a later row of the same group stands further back */
        remove_slot(all, g);
        g->number = all->closed++;
        return g;
    }
    return NULL;
}

void tb_groups_free(struct tb_groups *all)
{
    for (uint32_t i = 0; i < all->cap; i++)
        tb_group_free(all->slot[i]);
    free(all->slot);
    free(all->age);
    free(all->age_row);
}

void tb_group_free(struct tb_group *g)
{
    if (g == NULL)
        return;
    free(g->bytes);
    free(g->line);
    free(g);
}

struct tb_text tb_group_put(struct tb_group *g, struct tb_str s)
{
    while (g->bytes_cap - g->bytes_n < s.n) {
        g->bytes_cap = g->bytes_cap ? g->bytes_cap * 2 : 256;
        g->bytes = resize(g->bytes, g->bytes_cap);
    }
    struct tb_text t = {g->bytes_n, s.n};
    if (s.n > 0)
        memcpy(g->bytes + g->bytes_n, s.p, s.n);
    g->bytes_n += s.n;
    return t;
}

struct tb_sale_line *tb_group_line(struct tb_group *g)
{
    if (g->line_n == g->line_cap) {
        g->line_cap = g->line_cap ? g->line_cap * 2 : 8;
        g->line = resize(g->line, g->line_cap * sizeof *g->line);
    }
    g->line[g->line_n] = (struct tb_sale_line){0};
    return &g->line[g->line_n++];
}

void tb_groups_drop(struct tb_groups *all, struct tb_group *g)
{
    tb_assert(g->line_n == 0); /* never touched: the ring does not know it */
    remove_slot(all, g);
    tb_group_free(g);
}
