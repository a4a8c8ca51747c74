// SPDX-License-Identifier: Apache-2.0
/* core/store/store.h - all blocks and maps of one cell.
 *
 * A block is named by (kind, id); ids are given by counters, so they are dense and are
 * never used again. Kinds marked sparse (orders) have only some of their blocks in
 * memory. Maps lead from outside keys to ids; they hold nothing that cannot be rebuilt
 * from the blocks.
 *
 * Only struct tb_txn changes a store. Not thread-safe: the cell's thread alone.       */
#ifndef TB_CORE_STORE_STORE_H
#define TB_CORE_STORE_STORE_H

#include "core/store/block.h"
#include "core/store/map.h"

#define TB_KINDS_MAX 68
#define TB_MAPS_MAX 24
#define TB_COUNTERS_MAX 24

struct tb_directory {
    struct tb_block ***page; /* page[id >> 12][id & 4095] */
    uint32_t pages;
    uint32_t pages_cap;
};

/* Few ids of many: leaves that are given back when their last block leaves. */
#define TB_LEAF_BITS 5u
#define TB_LEAF_ENTRIES (1u << TB_LEAF_BITS)
#define TB_BRANCH_BITS 10u
#define TB_BRANCH_ENTRIES (1u << TB_BRANCH_BITS)
struct tb_leaf {
    struct tb_block *block[TB_LEAF_ENTRIES];
};
struct tb_branch {
    struct tb_leaf *leaf[TB_BRANCH_ENTRIES];
    uint8_t n[TB_BRANCH_ENTRIES]; /* blocks in the leaf */
    uint32_t leaves;
};
struct tb_sparse {
    struct tb_branch **branch; /* [id >> 15] */
    uint32_t cap;
};

/* A dense array of 32-bit numbers, 0 = none: profile -> person. */
struct tb_column_u32 {
    uint32_t **page;
    uint32_t pages_cap;
};
#define TB_COLUMNS_MAX 2

/* What the flusher must copy after the batch. */
struct tb_dirty {
    uint8_t kind;
    uint64_t id;
};

/* A key that stays taken for ever though its block may leave memory (an order's key). The
 * engine keeps these as narrow rows and puts them back with tb_store_fact at start.     */
struct tb_fact {
    uint32_t map;
    uint64_t key;
    uint64_t value;
};

struct tb_store {
    struct tb_pool pool;
    const struct tb_shape *shape; /* [kind], name NULL = no such kind */
    uint32_t kinds;
    struct tb_directory dense[TB_KINDS_MAX];
    struct tb_sparse sparse[TB_KINDS_MAX];
    struct tb_map map[TB_MAPS_MAX];
    struct tb_column_u32 column[TB_COLUMNS_MAX];
    uint64_t counter[TB_COUNTERS_MAX]; /* last number given */
    uint64_t blocks[TB_KINDS_MAX];     /* in memory now */

    /* Replay: brings a sparse block that is not in memory; NULL = there is none. Not set
     * while commands run: they ask with tb_txn_need.                                    */
    struct tb_block *(*fetch)(void *user, uint32_t kind, uint64_t id);
    void *fetch_user;

    struct tb_saved *saved; /* struct tb_txn's: what blocks were before this command */

    uint32_t command; /* stamp of the running command */
    uint32_t batch;   /* stamp of the running batch */
    struct tb_dirty *dirty;
    uint32_t dirty_n;
    uint32_t dirty_cap;

    uint32_t fact_maps; /* bit per map whose entries are facts */
    struct tb_fact *fact; /* of the running batch */
    uint32_t fact_n;
    uint32_t fact_cap;
};

/* shape must outlive the store. */
void tb_store_init(struct tb_store *s, struct tb_mem mem, const struct tb_shape *shape,
                   uint32_t kinds);
/* What tb_store_get does not find at once: a block of a sparse kind, or none. */
struct tb_block *tb_store_get_other(const struct tb_store *s, uint32_t kind, uint64_t id);
#define TB_STORE_PAGE_BITS 12u
#define TB_STORE_PAGE_ENTRIES (1u << TB_STORE_PAGE_BITS)

/* NULL when it is not there, or of a sparse kind: those have no pages. */
static inline struct tb_block *tb_store_get_dense(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    tb_assert(kind < TB_KINDS_MAX);
    const struct tb_directory *d = &s->dense[kind];
    uint64_t page = id >> TB_STORE_PAGE_BITS;
    if (TB_UNLIKELY(page >= d->pages || d->page[page] == NULL))
        return NULL;
    return d->page[page][id & (TB_STORE_PAGE_ENTRIES - 1)];
}
/* NULL when it is not there (or, sparse, not in memory). */
static inline struct tb_block *tb_store_get(const struct tb_store *s, uint32_t kind, uint64_t id)
{
    struct tb_block *b = tb_store_get_dense(s, kind, id);
    return TB_LIKELY(b != NULL) ? b : tb_store_get_other(s, kind, id);
}
/* Blocks of a sparse kind that are in memory, in the order of their ids; *at starts at 0 and
 * is the id to look from. NULL at the end. The walk stands any change between two calls. */
struct tb_block *tb_store_next_sparse(const struct tb_store *s, uint32_t kind, uint64_t *at);
/* Towards a dense block in steps: the directory's slot, then the block itself. */
void tb_store_prefetch_slot(const struct tb_store *s, uint32_t kind, uint64_t id);
void tb_store_prefetch(const struct tb_store *s, uint32_t kind, uint64_t id);
/* What of the block lies beyond what the step before has touched. */
void tb_store_prefetch_rest(const struct tb_store *s, uint32_t kind, uint64_t id);
void tb_store_prefetch_column(const struct tb_store *s, uint32_t column, uint64_t at);
/* Puts a block that came from the SQL state; the caller indexes it. Replaces nothing:
 * the id must be free (asserted). */
void tb_store_load(struct tb_store *s, struct tb_block *b);
/* Takes a clean sparse block out of memory (it is in the SQL state). */
void tb_store_evict(struct tb_store *s, uint32_t kind, uint64_t id);
/* Start-up: a fact that came from the SQL state; prefetching fetches where it will lie. */
void tb_store_fact(struct tb_store *s, const struct tb_fact *f);
static inline void tb_store_fact_prefetch(const struct tb_store *s, const struct tb_fact *f)
{
    if (f->map < TB_MAPS_MAX)
        tb_map_prefetch(&s->map[f->map], f->key);
}
/* The next command starts: what blocks carry of earlier ones is not its stamp. */
void tb_store_next_command(struct tb_store *s);
/* Forgets the dirty list and the facts; the next batch starts. */
void tb_store_batch_done(struct tb_store *s);

static inline uint32_t tb_store_column(const struct tb_store *s, uint32_t column, uint64_t at)
{
    const struct tb_column_u32 *c = &s->column[column];
    uint64_t page = at >> TB_STORE_PAGE_BITS;
    if (TB_UNLIKELY(page >= c->pages_cap || c->page[page] == NULL))
        return 0;
    return c->page[page][at & (TB_STORE_PAGE_ENTRIES - 1)];
}

/* Used by struct tb_txn (and at load). */
void tb_store_column_set(struct tb_store *s, uint32_t column, uint64_t at, uint32_t v);
/* Used by struct tb_txn alone. NULL takes the block away. */
void tb_store_set(struct tb_store *s, uint32_t kind, uint64_t id, struct tb_block *b);
/* The block has moved: b takes the place of the one with its kind and id. */
void tb_store_moved(struct tb_store *s, struct tb_block *b);
void tb_store_mark_dirty(struct tb_store *s, uint32_t kind, uint64_t id);
void tb_store_mark_fact(struct tb_store *s, const struct tb_fact *f);

#endif
