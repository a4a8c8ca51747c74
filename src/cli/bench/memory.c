// SPDX-License-Identifier: Apache-2.0
/* Where the store's bytes are, for each member: walks all blocks between two batches. Every byte
 * that the pool has taken is in one of the classes; what is left of the regions' newest slab has
 * no memory behind it yet and is not counted (engine/host.h).                                 */
#include "cli/bench/bench.h"

struct sum {
    uint64_t person;   /* blocks, rounded to their size classes */
    uint64_t person_n;
    uint64_t asked;    /* by persons, before rounding */
    uint64_t cold;     /* blocks of sparse kinds: orders, transfers */
    uint64_t other;    /* blocks of other kinds */
    uint64_t index;    /* maps */
    uint64_t index_n;  /* entries */
    uint64_t directory;
    uint64_t used;  /* by all these and what undo needs */
    uint64_t taken; /* from the system */
};

static void count(struct sum *sum, uint32_t kind, bool sparse, const struct tb_block *b)
{
    uint64_t bytes = tb_pool_size(b->bytes);
    if (kind == TB_KIND_PERSON) {
        sum->person += bytes;
        sum->asked += b->bytes;
        sum->person_n++;
    } else if (sparse) {
        sum->cold += bytes;
    } else {
        sum->other += bytes;
    }
}

static void walk_dense(struct sum *sum, const struct tb_store *s, uint32_t kind)
{
    const struct tb_directory *d = &s->dense[kind];
    for (uint64_t i = 0; i < (uint64_t)d->pages << TB_STORE_PAGE_BITS; i++) {
        const struct tb_block *b = tb_store_get(s, kind, i);
        if (b != NULL)
            count(sum, kind, false, b);
    }
    for (uint32_t i = 0; i < d->pages; i++)
        sum->directory += d->page[i] != NULL ? TB_STORE_PAGE_ENTRIES * sizeof **d->page : 0;
}

static void walk_sparse(struct sum *sum, const struct tb_store *s, uint32_t kind)
{
    uint64_t at = 0;
    const struct tb_block *b;
    while ((b = tb_store_next_sparse(s, kind, &at)) != NULL)
        count(sum, kind, true, b);
}

static void walk(struct tb_core *core, void *user)
{
    struct sum *sum = user;
    const struct tb_store *s = &core->store;
    for (uint32_t kind = 1; kind < s->kinds; kind++)
        if (s->shape[kind].name != NULL)
            (s->shape[kind].sparse ? walk_sparse : walk_dense)(sum, s, kind);
    for (uint32_t i = 0; i < TB_MAPS_MAX; i++)
        for (uint32_t k = 0; k < TB_MAP_PARTS; k++) {
            const struct tb_map_part *p = &s->map[i].part[k];
            sum->index += p->cap ? tb_pool_size(p->cap * sizeof *p->slot) : 0;
            sum->index_n += p->n;
        }
    for (uint32_t i = 0; i < TB_COLUMNS_MAX; i++)
        for (uint32_t k = 0; k < s->column[i].pages_cap; k++)
            sum->directory += s->column[i].page[k] != NULL ? TB_STORE_PAGE_ENTRIES * sizeof **s->column[i].page : 0;
    sum->used = s->pool.used_bytes;
    sum->taken = s->pool.taken_bytes;
}

void tb_bench_memory(struct tb_node *node, FILE *out)
{
    struct sum s = {0};
    if (!tb_cell_call(node->cell, walk, &s) || s.person_n == 0)
        return;
    double n = (double)s.person_n;
    uint64_t named = s.person + s.cold + s.other + s.index + s.directory;
    (void)fprintf(out,
                  "  of it for each of %llu members: person %.1f (%.1f without rounding), index %.1f (%.2f entries), "
                  "directory and columns %.1f, orders and transfers %.1f, other %.1f, free in the pool %.1f\n",
                  (unsigned long long)s.person_n, (double)s.person / n, (double)s.asked / n, (double)s.index / n,
                  (double)s.index_n / n, (double)s.directory / n, (double)s.cold / n,
                  (double)(s.other + s.used - named) / n, (double)(s.taken - s.used) / n);
}
