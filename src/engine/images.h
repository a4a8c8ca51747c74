// SPDX-License-Identifier: Apache-2.0
/* engine/images.h - after-images of blocks, the newest of each, until they are in SQL.
 *
 * A set covers a row of batches. Putting an image replaces the older one of the same
 * (kind, id), so a set holds what the state is at its last batch. Images stand one after the
 * other in the order in which their blocks first came; a hash table of (tag, place) leads to
 * them, small enough to stay in a core's own cache.
 * Threads  a set is one thread's at a time; struct tb_image_spare is anybody's.            */
#ifndef TB_ENGINE_IMAGES_H
#define TB_ENGINE_IMAGES_H

#include <pthread.h>

#include "core/store/store.h"
#include "engine/port_state.h"

#define TB_IMAGE_DROPPED UINT32_MAX

struct tb_image {
    uint64_t id;
    uint64_t batch;
    uint8_t *p;
    uint32_t n; /* TB_IMAGE_DROPPED: the block is gone */
    uint32_t cap;
    uint32_t tenant;
    uint8_t kind;
};

/* In a list, a fact (core/store/store.h) stands among the images with this kind. */
#define TB_IMAGE_FACT 255u

struct tb_image_chunk {
    struct tb_image_chunk *next;
    size_t size; /* of bytes */
    uint8_t bytes[];
};

/* Memory of sets that are gone, for the ones to come: its pages are there already. Sets hold
 * hundreds of megabytes; taking them from the system costs as much as filling them.         */
struct tb_image_spare {
    pthread_mutex_t lock;
    struct tb_image_chunk *chunk;
    uint32_t n;
    uint32_t max; /* chunks of 2 MiB kept */
};
void tb_image_spare_init(struct tb_image_spare *s, uint64_t bytes);
/* No set may be left. */
void tb_image_spare_deinit(struct tb_image_spare *s);

/* place 0 = free, else the image's number + 1; tag: of the key's hash. */
struct tb_image_slot {
    uint32_t place;
    uint32_t tag;
};
#define TB_IMAGE_PAGE_BITS 12u

struct tb_image_set {
    struct tb_image_set *next; /* the owner's: newer */
    struct tb_image_spare *spare; /* may be NULL */
    struct tb_image_slot *slot;
    uint32_t cap; /* a power of two */
    uint32_t n;
    struct tb_image **page; /* image i: page[i >> TB_IMAGE_PAGE_BITS][i & ...] */
    uint32_t pages_cap;
    struct tb_image_chunk *chunk;
    size_t used; /* of the newest chunk */
    struct tb_fact *fact; /* new ones, in order */
    uint64_t fact_n;
    uint64_t fact_cap;
    uint64_t bytes; /* of memory that is in use */
    /* what it covers; batches 0 = nothing yet */
    uint64_t batches;
    uint64_t entries;
    struct tb_checkpoint last;
    uint64_t last_seq;
    int64_t first_at_ms;
};

/* spare: outlives the set; NULL = none. */
struct tb_image_set *tb_images_create(struct tb_image_spare *spare);
/* The same with its spare, after a set whose size tells what is to come. */
struct tb_image_set *tb_images_create_after(const struct tb_image_set *before);
void tb_images_destroy(struct tb_image_set *s);
/* Copies the bytes. */
void tb_images_put(struct tb_image_set *s, uint8_t kind, uint64_t id, uint32_t tenant,
                   uint64_t batch, const uint8_t *bytes, uint32_t n);
/* NULL when the set does not know it. Valid until the next put. */
const struct tb_image *tb_images_get(const struct tb_image_set *s, uint8_t kind, uint64_t id);
/* All images in (kind, id) order, the order of the SQL table; n = s->n pointers, malloc'd. */
struct tb_image **tb_images_sorted(const struct tb_image_set *s);

/* A plain sequence of images, as a batch hands them over. Grows, is reused. */
struct tb_image_list {
    uint8_t *p;
    size_t n;
    size_t cap;
};
struct tb_image_head {
    uint64_t id;
    uint32_t n;
    uint32_t tenant;
    uint8_t kind;
    bool block; /* the bytes are a block as it lies in memory: it is packed on its way into a set */
    uint8_t fill[6];
};
/* Room for n bytes behind a head; returns where they go. */
uint8_t *tb_image_list_add(struct tb_image_list *l, uint8_t kind, uint64_t id, uint32_t tenant,
                           uint32_t n);
/* A copy of the block's memory; packing it is left to the thread that puts it into a set. */
void tb_image_list_add_block(struct tb_image_list *l, const struct tb_block *b, uint32_t tenant);
void tb_image_list_add_fact(struct tb_image_list *l, const struct tb_fact *f);
/* shape: of the blocks, by kind. Packs blocks where they lie: the list's bytes stay as they are. */
void tb_image_list_put_all(const struct tb_image_list *l, const struct tb_shape *shape,
                           struct tb_image_set *s, uint64_t batch);

#endif
