// SPDX-License-Identifier: Apache-2.0
#include "core/store/store.h"

#include <string.h>

#define PAGE_BITS TB_STORE_PAGE_BITS
#define PAGE_ENTRIES TB_STORE_PAGE_ENTRIES

void tb_store_init(struct tb_store *s, struct tb_mem mem, const struct tb_shape *shape,
                   uint32_t kinds)
{
    tb_assert(kinds <= TB_KINDS_MAX);
    memset(s, 0, sizeof *s);
    tb_pool_init(&s->pool, mem);
    s->shape = shape;
    s->kinds = kinds;
    s->batch = 1;
    for (uint32_t i = 0; i < TB_MAPS_MAX; i++)
        tb_map_init(&s->map[i], &s->pool);
}

static struct tb_block **slot_of(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    const struct tb_directory *d = &s->dense[kind];
    tb_assert(id <= UINT32_MAX);
    uint32_t page = (uint32_t)(id >> PAGE_BITS);
    if (page >= d->pages || d->page[page] == NULL)
        return NULL;
    return &d->page[page][id & (PAGE_ENTRIES - 1)];
}

static struct tb_branch *branch_of(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    uint64_t i = id >> (TB_LEAF_BITS + TB_BRANCH_BITS);
    return i < s->sparse[kind].cap ? s->sparse[kind].branch[i] : NULL;
}

static uint32_t leaf_no(uint64_t id)
{
    return (uint32_t)(id >> TB_LEAF_BITS) & (TB_BRANCH_ENTRIES - 1);
}

/* Where the block's pointer stands; NULL when there is no leaf for it. */
static struct tb_block **sparse_slot(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    const struct tb_branch *branch = branch_of(s, kind, id);
    struct tb_leaf *leaf = branch != NULL ? branch->leaf[leaf_no(id)] : NULL;
    return leaf != NULL ? &leaf->block[id & (TB_LEAF_ENTRIES - 1)] : NULL;
}

struct tb_block *tb_store_get_other(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    tb_assert(kind < s->kinds);
    if (!s->shape[kind].sparse)
        return NULL;
    struct tb_block **slot = sparse_slot(s, kind, id);
    if (slot != NULL && *slot != NULL)
        return *slot;
    return s->fetch != NULL ? s->fetch(s->fetch_user, kind, id) : NULL;
}

struct tb_block *tb_store_next_sparse(const struct tb_store *s, uint32_t kind, uint64_t *at)
{
    const uint64_t span = (uint64_t)1 << (TB_LEAF_BITS + TB_BRANCH_BITS);
    uint64_t end = s->sparse[kind].cap * span;
    uint64_t id = *at;
    while (id < end) {
        const struct tb_branch *branch = branch_of(s, kind, id);
        if (branch == NULL) {
            id = (id / span + 1) * span;
            continue;
        }
        const struct tb_leaf *leaf = branch->leaf[leaf_no(id)];
        if (leaf == NULL) {
            id = (id / TB_LEAF_ENTRIES + 1) * TB_LEAF_ENTRIES;
            continue;
        }
        struct tb_block *b = leaf->block[id & (TB_LEAF_ENTRIES - 1)];
        id++;
        if (b != NULL) {
            *at = id;
            return b;
        }
    }
    *at = id;
    return NULL;
}

/* The leaf's slot, made when it is missing. */
static struct tb_block **make_sparse(struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_sparse *d = &s->sparse[kind];
    uint64_t i = id >> (TB_LEAF_BITS + TB_BRANCH_BITS);
    tb_assert(i < UINT32_MAX / 4);
    if (i >= d->cap) {
        uint32_t cap = d->cap ? d->cap : 16;
        while (cap <= i)
            cap *= 2;
        struct tb_branch **fresh = tb_pool_alloc(&s->pool, cap * sizeof *fresh);
        memset(fresh, 0, cap * sizeof *fresh);
        if (d->cap) {
            memcpy(fresh, d->branch, d->cap * sizeof *fresh);
            tb_pool_free(&s->pool, d->branch, d->cap * sizeof *fresh);
        }
        d->branch = fresh;
        d->cap = cap;
    }
    struct tb_branch *branch = d->branch[i];
    if (branch == NULL) {
        branch = d->branch[i] = tb_pool_alloc(&s->pool, sizeof *branch);
        memset(branch, 0, sizeof *branch);
    }
    struct tb_leaf **leaf = &branch->leaf[leaf_no(id)];
    if (*leaf == NULL) {
        *leaf = tb_pool_alloc(&s->pool, sizeof **leaf);
        memset(*leaf, 0, sizeof **leaf);
        branch->leaves++;
    }
    return &(*leaf)->block[id & (TB_LEAF_ENTRIES - 1)];
}

static void set_sparse(struct tb_store *s, uint32_t kind, uint64_t id, struct tb_block *b)
{
    struct tb_block **slot = b != NULL ? make_sparse(s, kind, id) : sparse_slot(s, kind, id);
    if (slot == NULL)
        return;
    struct tb_branch *branch = branch_of(s, kind, id);
    uint32_t i = leaf_no(id);
    uint32_t n = branch->n[i] + (b != NULL) - (*slot != NULL);
    s->blocks[kind] += (uint64_t)(b != NULL) - (uint64_t)(*slot != NULL);
    *slot = b;
    branch->n[i] = (uint8_t)n;
    if (n > 0)
        return;
    tb_pool_free(&s->pool, branch->leaf[i], sizeof *branch->leaf[i]);
    branch->leaf[i] = NULL;
    if (--branch->leaves > 0)
        return;
    s->sparse[kind].branch[id >> (TB_LEAF_BITS + TB_BRANCH_BITS)] = NULL;
    tb_pool_free(&s->pool, branch, sizeof *branch);
}

void tb_store_prefetch_slot(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_block **slot = slot_of(s, kind, id);
    if (slot != NULL)
        __builtin_prefetch(slot);
}

void tb_store_prefetch_column(const struct tb_store *s, uint32_t column, uint64_t at)
{
    const struct tb_column_u32 *c = &s->column[column];
    uint64_t page = at >> PAGE_BITS;
    if (page < c->pages_cap && c->page[page] != NULL)
        __builtin_prefetch(&c->page[page][at & (PAGE_ENTRIES - 1)]);
}

#define LINE_BYTES 64u
#define FIRST_LINES 6u
#define LINES_MAX 24u

/* Of the lines that the block touches: it may begin in the middle of one. */
static void prefetch_lines(const struct tb_block *b, uint32_t from, uint32_t to)
{
    const char *first = (const char *)((uintptr_t)b & ~(uintptr_t)(LINE_BYTES - 1));
    for (uint32_t i = from; i < to; i++)
        __builtin_prefetch(first + (size_t)i * LINE_BYTES, 1);
}

void tb_store_prefetch(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_block **slot = slot_of(s, kind, id);
    if (slot != NULL && *slot != NULL)
        prefetch_lines(*slot, 0, FIRST_LINES);
}

void tb_store_prefetch_rest(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_block **slot = slot_of(s, kind, id);
    if (slot == NULL || *slot == NULL)
        return;
    uint32_t before = (uint32_t)(uintptr_t)*slot & (LINE_BYTES - 1);
    uint32_t lines = (before + (*slot)->bytes + LINE_BYTES - 1) / LINE_BYTES;
    prefetch_lines(*slot, FIRST_LINES, lines < LINES_MAX ? lines : LINES_MAX);
}

static void add_page(struct tb_store *s, struct tb_directory *d, uint32_t page)
{
    if (page >= d->pages_cap) {
        uint32_t cap = d->pages_cap ? d->pages_cap * 2 : 16;
        while (cap <= page)
            cap *= 2;
        struct tb_block ***fresh = tb_pool_alloc(&s->pool, cap * sizeof *fresh);
        memset(fresh, 0, cap * sizeof *fresh);
        if (d->pages_cap) {
            memcpy(fresh, d->page, d->pages * sizeof *fresh);
            tb_pool_free(&s->pool, d->page, d->pages_cap * sizeof *fresh);
        }
        d->page = fresh;
        d->pages_cap = cap;
    }
    if (page >= d->pages)
        d->pages = page + 1;
    if (d->page[page] == NULL) {
        d->page[page] = tb_pool_alloc(&s->pool, PAGE_ENTRIES * sizeof **d->page);
        memset(d->page[page], 0, PAGE_ENTRIES * sizeof **d->page);
    }
}

void tb_store_set(struct tb_store *s, uint32_t kind, uint64_t id, struct tb_block *b)
{
    tb_assert(kind < s->kinds && id != 0);
    if (s->shape[kind].sparse) {
        set_sparse(s, kind, id, b);
        return;
    }
    struct tb_block **slot = slot_of(s, kind, id);
    if (slot == NULL) {
        add_page(s, &s->dense[kind], (uint32_t)(id >> PAGE_BITS));
        slot = slot_of(s, kind, id);
    }
    tb_assert(slot != NULL);
    s->blocks[kind] += (uint64_t)(b != NULL) - (uint64_t)(*slot != NULL);
    *slot = b;
}

void tb_store_moved(struct tb_store *s, struct tb_block *b)
{
    struct tb_block **slot =
        s->shape[b->kind].sparse ? sparse_slot(s, b->kind, b->id) : slot_of(s, b->kind, b->id);
    tb_assert(slot != NULL && *slot != NULL);
    *slot = b;
}

void tb_store_load(struct tb_store *s, struct tb_block *b)
{
    tb_assert(tb_store_get(s, b->kind, b->id) == NULL);
    tb_store_set(s, b->kind, b->id, b);
}

void tb_store_evict(struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_block *b = tb_store_get(s, kind, id);
    tb_assert(s->shape[kind].sparse && b != NULL);
    tb_assert(b->written_batch != s->batch);
    tb_store_set(s, kind, id, NULL);
    tb_block_destroy(&s->pool, &s->shape[kind], b);
}

/* A full list in twice the room. */
static void *larger_list(struct tb_store *s, void *list, uint32_t *cap, size_t size)
{
    uint32_t twice = *cap ? *cap * 2 : 1024;
    void *fresh = tb_pool_alloc(&s->pool, twice * size);
    if (*cap) {
        memcpy(fresh, list, *cap * size);
        tb_pool_free(&s->pool, list, *cap * size);
    }
    *cap = twice;
    return fresh;
}

void tb_store_mark_dirty(struct tb_store *s, uint32_t kind, uint64_t id)
{
    if (s->dirty_n == s->dirty_cap)
        s->dirty = larger_list(s, s->dirty, &s->dirty_cap, sizeof *s->dirty);
    s->dirty[s->dirty_n++] = (struct tb_dirty){(uint8_t)kind, id};
}

void tb_store_mark_fact(struct tb_store *s, const struct tb_fact *f)
{
    if (s->fact_n == s->fact_cap)
        s->fact = larger_list(s, s->fact, &s->fact_cap, sizeof *s->fact);
    s->fact[s->fact_n++] = *f;
}

void tb_store_fact(struct tb_store *s, const struct tb_fact *f)
{
    tb_assert(f->map < TB_MAPS_MAX && s->fact_maps & 1u << f->map);
    tb_map_put(&s->map[f->map], f->key, f->value);
}

/* Stamps have 32 bits. When one begins again no block keeps one of the round before: it would look written just now,
 * get no copy for undo or not go to SQL. A walk over all blocks, once in four thousand million commands or batches. */
static void forget_stamps(struct tb_store *s, void (*forget)(struct tb_block *b))
{
    for (uint32_t kind = 0; kind < TB_KINDS_MAX; kind++) {
        const struct tb_directory *d = &s->dense[kind];
        for (uint64_t i = 0; i < (uint64_t)d->pages * PAGE_ENTRIES; i++) {
            struct tb_block **page = d->page[i / PAGE_ENTRIES];
            if (page != NULL && page[i % PAGE_ENTRIES] != NULL)
                forget(page[i % PAGE_ENTRIES]);
        }
        uint64_t at = 0;
        for (struct tb_block *b; (b = tb_store_next_sparse(s, kind, &at)) != NULL;)
            forget(b);
    }
}

static void forget_command(struct tb_block *b)
{
    b->written_command = 0;
}

/* For a few batches all look as if they had been written lately: none of those that were is evicted. */
static void forget_batch(struct tb_block *b)
{
    b->written_batch = 0;
}

void tb_store_next_command(struct tb_store *s)
{
    if (++s->command != 0)
        return;
    s->command = 1;
    forget_stamps(s, forget_command);
}

void tb_store_batch_done(struct tb_store *s)
{
    s->dirty_n = 0;
    s->fact_n = 0;
    if (++s->batch != 0)
        return;
    s->batch = 1;
    forget_stamps(s, forget_batch);
}

void tb_store_column_set(struct tb_store *s, uint32_t column, uint64_t at, uint32_t v)
{
    struct tb_column_u32 *c = &s->column[column];
    uint64_t page = at >> PAGE_BITS;
    tb_assert(at <= UINT32_MAX);
    if (page >= c->pages_cap) {
        uint32_t cap = c->pages_cap ? c->pages_cap * 2 : 16;
        while (cap <= page)
            cap *= 2;
        uint32_t **fresh = tb_pool_alloc(&s->pool, cap * sizeof *fresh);
        memset(fresh, 0, cap * sizeof *fresh);
        if (c->pages_cap) {
            memcpy(fresh, c->page, c->pages_cap * sizeof *fresh);
            tb_pool_free(&s->pool, c->page, c->pages_cap * sizeof *fresh);
        }
        c->page = fresh;
        c->pages_cap = cap;
    }
    if (c->page[page] == NULL) {
        c->page[page] = tb_pool_alloc(&s->pool, PAGE_ENTRIES * sizeof **c->page);
        memset(c->page[page], 0, PAGE_ENTRIES * sizeof **c->page);
    }
    c->page[page][at & (PAGE_ENTRIES - 1)] = v;
}
