// SPDX-License-Identifier: Apache-2.0
#include "engine/images.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/store/map.h"
#include "engine/heap.h"

#define CHUNK_BYTES ((size_t)2 << 20) /* one huge page */
#define ROOM_MAX (CHUNK_BYTES / 4)     /* larger ones get a chunk of their own */
#define FIRST_SLOTS 1024u
#define PAGE_IMAGES (1u << TB_IMAGE_PAGE_BITS)

static size_t standard(void)
{
    return CHUNK_BYTES - sizeof(struct tb_image_chunk);
}

void tb_image_spare_init(struct tb_image_spare *s, uint64_t bytes)
{
    *s = (struct tb_image_spare){.max = (uint32_t)(bytes / CHUNK_BYTES)};
    pthread_mutex_init(&s->lock, NULL);
}

static void free_chunks(struct tb_image_chunk *c)
{
    while (c != NULL) {
        struct tb_image_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void tb_image_spare_deinit(struct tb_image_spare *s)
{
    free_chunks(s->chunk);
    pthread_mutex_destroy(&s->lock);
}

static struct tb_image_chunk *chunk_take(struct tb_image_spare *s)
{
    struct tb_image_chunk *c = NULL;
    if (s != NULL) {
        pthread_mutex_lock(&s->lock);
        c = s->chunk;
        if (c != NULL) {
            s->chunk = c->next;
            s->n--;
        }
        pthread_mutex_unlock(&s->lock);
    }
    if (c != NULL)
        return c;
    c = aligned_alloc(CHUNK_BYTES, CHUNK_BYTES);
    tb_assert(c != NULL);
    (void)madvise(c, CHUNK_BYTES, MADV_HUGEPAGE);
    c->size = standard();
    return c;
}

/* Keeps what fits into the spare and frees the rest. */
static void chunks_give(struct tb_image_spare *s, struct tb_image_chunk *c)
{
    struct tb_image_chunk *rest = NULL;
    if (s != NULL)
        pthread_mutex_lock(&s->lock);
    while (c != NULL) {
        struct tb_image_chunk *next = c->next;
        bool keep = s != NULL && s->n < s->max && c->size == standard();
        struct tb_image_chunk **to = keep ? &s->chunk : &rest;
        c->next = *to;
        *to = c;
        if (keep)
            s->n++;
        c = next;
    }
    if (s != NULL)
        pthread_mutex_unlock(&s->lock);
    free_chunks(rest);
}

static struct tb_image_set *create(struct tb_image_spare *spare, uint32_t cap)
{
    struct tb_image_set *s = tb_heap_zeroed(sizeof *s);
    s->spare = spare;
    s->cap = cap;
    s->slot = tb_heap_zeroed(cap * sizeof *s->slot);
    s->bytes = (uint64_t)(cap - FIRST_SLOTS) * sizeof *s->slot;
    return s;
}

struct tb_image_set *tb_images_create(struct tb_image_spare *spare)
{
    return create(spare, FIRST_SLOTS);
}

struct tb_image_set *tb_images_create_after(const struct tb_image_set *before)
{
    return create(before->spare, before->cap / 2 > FIRST_SLOTS ? before->cap / 2 : FIRST_SLOTS);
}

void tb_images_destroy(struct tb_image_set *s)
{
    if (s == NULL)
        return;
    chunks_give(s->spare, s->chunk);
    free(s->page);
    free(s->slot);
    free(s->fact);
    free(s);
}

static uint32_t tag_of(uint8_t kind, uint64_t id)
{
    return (uint32_t)tb_mix(id ^ (uint64_t)kind << 56);
}

static struct tb_image *image_at(const struct tb_image_set *s, uint32_t i)
{
    return &s->page[i >> TB_IMAGE_PAGE_BITS][i & (PAGE_IMAGES - 1)];
}

static bool is(const struct tb_image *i, uint8_t kind, uint64_t id)
{
    return i->id == id && i->kind == kind;
}

/* The slot of the key, or the free one where it would go. */
static struct tb_image_slot *find(const struct tb_image_set *s, uint32_t tag, uint8_t kind, uint64_t id)
{
    uint32_t i = tag & (s->cap - 1);
    while (s->slot[i].place != 0 &&
           (s->slot[i].tag != tag || !is(image_at(s, s->slot[i].place - 1), kind, id)))
        i = (i + 1) & (s->cap - 1);
    return &s->slot[i];
}

static void grow(struct tb_image_set *s)
{
    struct tb_image_slot *old = s->slot;
    uint32_t n = s->cap;
    s->cap *= 2;
    s->slot = tb_heap_zeroed(s->cap * sizeof *s->slot);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = old[k].tag & (s->cap - 1);
        if (old[k].place == 0)
            continue;
        while (s->slot[i].place != 0)
            i = (i + 1) & (s->cap - 1);
        s->slot[i] = old[k];
    }
    free(old);
    s->bytes += (uint64_t)n * sizeof *old;
}

/* n bytes, aligned to 8. */
static void *room(struct tb_image_set *s, size_t n)
{
    n = (n + 7) / 8 * 8;
    s->bytes += n;
    if (n > ROOM_MAX) {
        struct tb_image_chunk *own = tb_heap_take(sizeof *own + n);
        *own = (struct tb_image_chunk){.size = n, .next = s->chunk != NULL ? s->chunk->next : NULL};
        if (s->chunk == NULL) {
            s->chunk = own;
            s->used = n;
        } else {
            s->chunk->next = own;
        }
        return own->bytes;
    }
    if (s->chunk == NULL || s->chunk->size - s->used < n) {
        struct tb_image_chunk *c = chunk_take(s->spare);
        c->next = s->chunk;
        s->chunk = c;
        s->used = 0;
    }
    s->used += n;
    return s->chunk->bytes + s->used - n;
}

static struct tb_image *add(struct tb_image_set *s, uint8_t kind, uint64_t id)
{
    uint32_t i = s->n++;
    if (i >> TB_IMAGE_PAGE_BITS >= s->pages_cap) {
        s->pages_cap = s->pages_cap ? s->pages_cap * 2 : 8;
        s->page = tb_heap_resize(s->page, s->pages_cap * sizeof *s->page);
    }
    if (i % PAGE_IMAGES == 0)
        s->page[i >> TB_IMAGE_PAGE_BITS] = room(s, PAGE_IMAGES * sizeof **s->page);
    struct tb_image *image = image_at(s, i);
    *image = (struct tb_image){.id = id, .kind = kind};
    return image;
}

/* The key's image, a new one when it has none. */
static struct tb_image *image_of(struct tb_image_set *s, uint32_t tag, uint8_t kind, uint64_t id)
{
    if ((uint64_t)(s->n + 1) * 3 > (uint64_t)s->cap * 2)
        grow(s);
    struct tb_image_slot *slot = find(s, tag, kind, id);
    if (slot->place != 0)
        return image_at(s, slot->place - 1);
    struct tb_image *i = add(s, kind, id);
    *slot = (struct tb_image_slot){.place = s->n, .tag = tag};
    return i;
}

/* Where the n bytes of the newest image go; NULL for one that is dropped. slack: of what grows
 * again and again, so that it is moved rarely.                                               */
static uint8_t *place(struct tb_image_set *s, struct tb_image *i, uint32_t tenant, uint64_t batch, uint32_t n,
                      bool slack)
{
    i->tenant = tenant;
    i->batch = batch;
    i->n = n;
    if (n == TB_IMAGE_DROPPED)
        return NULL;
    if (n > i->cap) {
        i->cap = (n + (slack ? n / 8 : 0) + 7) / 8 * 8;
        i->p = room(s, i->cap);
    }
    return i->p;
}

static void put_bytes(struct tb_image_set *s, struct tb_image *i, uint32_t tenant, uint64_t batch,
                      const uint8_t *bytes, uint32_t n)
{
    uint8_t *to = place(s, i, tenant, batch, n, true);
    if (to != NULL && n > 0)
        memcpy(to, bytes, n);
}

void tb_images_put(struct tb_image_set *s, uint8_t kind, uint64_t id, uint32_t tenant,
                   uint64_t batch, const uint8_t *bytes, uint32_t n)
{
    put_bytes(s, image_of(s, tag_of(kind, id), kind, id), tenant, batch, bytes, n);
}

static void put_block(struct tb_image_set *s, struct tb_image *i, const struct tb_shape *shape,
                      const struct tb_image_head *h, uint64_t batch)
{
    struct tb_block *b = (struct tb_block *)(uintptr_t)(h + 1); /* read alone */
    tb_assert(b->id == h->id && b->kind == h->kind && b->bytes == h->n);
    size_t n = tb_block_packed_size(shape, b);
    struct tb_buf out;
    tb_buf_init(&out, place(s, i, h->tenant, batch, (uint32_t)n, !shape->sparse), n);
    tb_block_pack(shape, b, &out);
    tb_assert(out.n == n && !out.overflowed);
}

const struct tb_image *tb_images_get(const struct tb_image_set *s, uint8_t kind, uint64_t id)
{
    const struct tb_image_slot *slot = find(s, tag_of(kind, id), kind, id);
    return slot->place != 0 ? image_at(s, slot->place - 1) : NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct tb_image *x = *(struct tb_image *const *)a;
    const struct tb_image *y = *(struct tb_image *const *)b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

struct tb_image **tb_images_sorted(const struct tb_image_set *s)
{
    struct tb_image **v = tb_heap_take((s->n + 1) * sizeof *v);
    for (uint32_t i = 0; i < s->n; i++)
        v[i] = image_at(s, i);
    qsort(v, s->n, sizeof *v, by_key);
    return v;
}

uint8_t *tb_image_list_add(struct tb_image_list *l, uint8_t kind, uint64_t id, uint32_t tenant,
                           uint32_t n)
{
    size_t bytes = n == TB_IMAGE_DROPPED ? 0 : (n + 7) / 8 * 8;
    size_t need = l->n + sizeof(struct tb_image_head) + bytes;
    if (need > l->cap) {
        l->cap = need * 2 > 65536 ? need * 2 : 65536;
        l->p = tb_heap_resize(l->p, l->cap);
    }
    struct tb_image_head *h = (struct tb_image_head *)(void *)(l->p + l->n);
    *h = (struct tb_image_head){.id = id, .n = n, .tenant = tenant, .kind = kind};
    l->n = need;
    return (uint8_t *)(h + 1);
}

void tb_image_list_add_block(struct tb_image_list *l, const struct tb_block *b, uint32_t tenant)
{
    uint8_t *p = tb_image_list_add(l, b->kind, b->id, tenant, b->bytes);
    ((struct tb_image_head *)(void *)p - 1)->block = true;
    memcpy(p, b, b->bytes);
}

void tb_image_list_add_fact(struct tb_image_list *l, const struct tb_fact *f)
{
    uint8_t *p = tb_image_list_add(l, TB_IMAGE_FACT, f->key, f->map, sizeof f->value);
    memcpy(p, &f->value, sizeof f->value);
}

static void put_fact(struct tb_image_set *s, const struct tb_image_head *h)
{
    if (s->fact_n == s->fact_cap) {
        uint64_t more = s->fact_cap ? s->fact_cap : 256;
        s->fact_cap += more;
        s->bytes += more * sizeof *s->fact;
        s->fact = tb_heap_resize(s->fact, s->fact_cap * sizeof *s->fact);
    }
    struct tb_fact *f = &s->fact[s->fact_n++];
    *f = (struct tb_fact){.map = h->tenant, .key = h->id};
    memcpy(&f->value, h + 1, sizeof f->value);
}

static const struct tb_image_head *next_of(const struct tb_image_list *l, size_t *at)
{
    if (*at >= l->n)
        return NULL;
    const struct tb_image_head *h = (const struct tb_image_head *)(const void *)(l->p + *at);
    *at += sizeof *h + (h->n == TB_IMAGE_DROPPED ? 0 : (h->n + 7) / 8 * 8);
    return h;
}

/* A set is far larger than any cache, and the list was written by another core: what is needed is
 * fetched in steps, the list's bytes first, then the slot, the image that it names, and the place
 * where the new bytes go.                                                                      */
#define AHEAD 24u /* of the slots */
#define IMAGES_AHEAD 16u
#define PLACES_AHEAD 6u
#define LIST_AHEAD ((size_t)4096) /* bytes beyond the slots */
#define LINES_MAX 24u
#define RING 32u
_Static_assert(AHEAD < RING, "what is carried lasts until it is used");

struct coming {
    const struct tb_image_head *h; /* NULL: the list's end */
    uint32_t tag;
    struct tb_image *image; /* perhaps; known to be it once its place was fetched */
};

struct walk {
    const struct tb_image_list *l;
    struct tb_image_set *s;
    size_t at;      /* of the next head */
    size_t fetched; /* bytes of the list */
    struct coming ring[RING];
};

static bool is_image(const struct coming *c)
{
    return c->h != NULL && c->h->kind != TB_IMAGE_FACT;
}

static void fetch_slot(struct walk *w, uint32_t k)
{
    struct coming *c = &w->ring[k % RING];
    for (; w->fetched < w->at + LIST_AHEAD && w->fetched < w->l->n; w->fetched += 64)
        __builtin_prefetch(w->l->p + w->fetched);
    *c = (struct coming){.h = next_of(w->l, &w->at)};
    if (!is_image(c))
        return;
    c->tag = tag_of(c->h->kind, c->h->id);
    __builtin_prefetch(&w->s->slot[c->tag & (w->s->cap - 1)]);
}

static void fetch_image(struct walk *w, uint32_t k)
{
    struct coming *c = &w->ring[k % RING];
    const struct tb_image_set *s = w->s;
    if (!is_image(c))
        return;
    uint32_t i = c->tag & (s->cap - 1);
    while (s->slot[i].place != 0 && s->slot[i].tag != c->tag)
        i = (i + 1) & (s->cap - 1);
    if (s->slot[i].place == 0)
        return;
    c->image = image_at(s, s->slot[i].place - 1);
    __builtin_prefetch(c->image, 1);
    __builtin_prefetch((const char *)(c->image + 1) - 1, 1);
}

static void fetch_place(struct walk *w, uint32_t k)
{
    struct coming *c = &w->ring[k % RING];
    if (c->image == NULL)
        return;
    if (!is(c->image, c->h->kind, c->h->id)) {
        c->image = NULL;
        return;
    }
    if (c->h->n == TB_IMAGE_DROPPED || c->image->cap < c->h->n)
        return;
    uint32_t lines = (c->h->n + 63) / 64;
    for (uint32_t i = 0; i < lines && i < LINES_MAX; i++)
        __builtin_prefetch(c->image->p + (size_t)i * 64, 1);
}

static void put(struct walk *w, uint32_t k, const struct tb_shape *shape, uint64_t batch)
{
    const struct coming *c = &w->ring[k % RING];
    const struct tb_image_head *h = c->h;
    if (h->kind == TB_IMAGE_FACT) {
        put_fact(w->s, h);
        return;
    }
    struct tb_image *i = c->image != NULL ? c->image : image_of(w->s, c->tag, h->kind, h->id);
    if (h->block)
        put_block(w->s, i, &shape[h->kind], h, batch);
    else
        put_bytes(w->s, i, h->tenant, batch, (const uint8_t *)(h + 1), h->n);
}

void tb_image_list_put_all(const struct tb_image_list *l, const struct tb_shape *shape,
                           struct tb_image_set *s, uint64_t batch)
{
    struct walk w = {.l = l, .s = s};
    for (uint32_t k = 0; k < AHEAD; k++)
        fetch_slot(&w, k);
    for (uint32_t k = 0; k < IMAGES_AHEAD; k++)
        fetch_image(&w, k);
    for (uint32_t k = 0; k < PLACES_AHEAD; k++)
        fetch_place(&w, k);
    for (uint32_t k = 0; w.ring[k % RING].h != NULL; k++) {
        fetch_slot(&w, k + AHEAD);
        fetch_image(&w, k + IMAGES_AHEAD);
        fetch_place(&w, k + PLACES_AHEAD);
        put(&w, k, shape, batch);
    }
}
