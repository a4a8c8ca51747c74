// SPDX-License-Identifier: Apache-2.0
#include "engine/images.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/store/map.h"
#include "engine/heap.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define HUGE_BYTES ((size_t)2 << 20) /* chunks behind the first: one page each */
#define FIRST_SLOTS 1024u

static size_t slots_bytes(uint32_t cap)
{
    size_t bytes = (size_t)cap * sizeof(struct tb_image);
    return bytes < HUGE_BYTES ? bytes : (bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
}

static struct tb_image *slots_take(uint32_t cap)
{
    size_t bytes = slots_bytes(cap);
    if (bytes < HUGE_BYTES)
        return tb_heap_zeroed(bytes);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tb_assert(p != MAP_FAILED);
    (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

static void slots_give(struct tb_image *slot, uint32_t cap)
{
    if (slots_bytes(cap) < HUGE_BYTES)
        free(slot);
    else
        (void)munmap(slot, slots_bytes(cap));
}

static struct tb_image_set *create(uint32_t cap)
{
    struct tb_image_set *s = tb_heap_zeroed(sizeof *s);
    s->cap = cap;
    s->slot = slots_take(cap);
    s->bytes = (uint64_t)(cap - FIRST_SLOTS) * sizeof *s->slot;
    return s;
}

struct tb_image_set *tb_images_create(void)
{
    return create(FIRST_SLOTS);
}

struct tb_image_set *tb_images_create_after(const struct tb_image_set *before)
{
    return create(before->cap / 2 > FIRST_SLOTS ? before->cap / 2 : FIRST_SLOTS);
}

void tb_images_destroy(struct tb_image_set *s)
{
    if (s == NULL)
        return;
    while (s->chunk != NULL) {
        struct tb_image_chunk *c = s->chunk;
        s->chunk = c->next;
        free(c);
    }
    slots_give(s->slot, s->cap);
    free(s->fact);
    free(s);
}

static uint32_t home(const struct tb_image_set *s, uint8_t kind, uint64_t id)
{
    return (uint32_t)tb_mix(id ^ (uint64_t)kind << 56) & (s->cap - 1);
}

static struct tb_image *find(const struct tb_image_set *s, uint8_t kind, uint64_t id)
{
    uint32_t i = home(s, kind, id);
    while (s->slot[i].used && (s->slot[i].id != id || s->slot[i].kind != kind))
        i = (i + 1) & (s->cap - 1);
    return &s->slot[i];
}

static void grow(struct tb_image_set *s)
{
    struct tb_image *old = s->slot;
    uint32_t n = s->cap;
    s->cap *= 2;
    s->slot = slots_take(s->cap);
    for (uint32_t i = 0; i < n; i++)
        if (old[i].used)
            *find(s, old[i].kind, old[i].id) = old[i];
    slots_give(old, n);
    s->bytes += (uint64_t)n * sizeof *old;
}

/* A set of a busy second is hundreds of megabytes: page by page they cost more than filling them. */
static struct tb_image_chunk *huge_chunk(size_t *size)
{
    struct tb_image_chunk *c = aligned_alloc(HUGE_BYTES, HUGE_BYTES);
    *size = (c != NULL ? HUGE_BYTES : CHUNK_BYTES) - sizeof *c;
    if (c == NULL)
        return tb_heap_take(CHUNK_BYTES);
    (void)madvise(c, HUGE_BYTES, MADV_HUGEPAGE);
    return c;
}

static uint8_t *room(struct tb_image_set *s, size_t n)
{
    if (s->chunk == NULL || s->chunk->size - s->chunk->used < n) {
        size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
        struct tb_image_chunk *c = s->chunk != NULL && n < CHUNK_BYTES ? huge_chunk(&size)
                                                                       : tb_heap_take(sizeof *c + size);
        c->next = s->chunk;
        c->used = 0;
        c->size = size;
        s->chunk = c;
        s->bytes += size;
    }
    uint8_t *p = s->chunk->bytes + s->chunk->used;
    s->chunk->used += n;
    return p;
}

/* Where the n bytes of the newest image go; NULL for one that is dropped. */
static uint8_t *place(struct tb_image_set *s, uint8_t kind, uint64_t id, uint32_t tenant,
                      uint64_t batch, uint32_t n)
{
    if ((uint64_t)(s->n + 1) * 3 > (uint64_t)s->cap * 2)
        grow(s);
    struct tb_image *i = find(s, kind, id);
    if (!i->used) {
        *i = (struct tb_image){.id = id, .kind = kind, .used = true};
        s->n++;
    }
    i->tenant = tenant;
    i->batch = batch;
    i->n = n;
    if (n == TB_IMAGE_DROPPED)
        return NULL;
    if (n > i->cap) { /* with some slack, so that a growing block is moved rarely */
        i->cap = (n + n / 8 + 63) / 64 * 64;
        i->p = room(s, i->cap);
    }
    return i->p;
}

void tb_images_put(struct tb_image_set *s, uint8_t kind, uint64_t id, uint32_t tenant,
                   uint64_t batch, const uint8_t *bytes, uint32_t n)
{
    uint8_t *to = place(s, kind, id, tenant, batch, n);
    if (to != NULL && n > 0)
        memcpy(to, bytes, n);
}

static void put_block(struct tb_image_set *s, const struct tb_shape *shape,
                      const struct tb_image_head *h, uint64_t batch)
{
    struct tb_block *b = (struct tb_block *)(uintptr_t)(h + 1); /* read alone */
    tb_assert(b->id == h->id && b->kind == h->kind && b->bytes == h->n);
    size_t n = tb_block_packed_size(shape, b);
    struct tb_buf out;
    tb_buf_init(&out, place(s, h->kind, h->id, h->tenant, batch, (uint32_t)n), n);
    tb_block_pack(shape, b, &out);
    tb_assert(out.n == n && !out.overflowed);
}

const struct tb_image *tb_images_get(const struct tb_image_set *s, uint8_t kind, uint64_t id)
{
    const struct tb_image *i = find(s, kind, id);
    return i->used ? i : NULL;
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
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->cap; i++)
        if (s->slot[i].used)
            v[n++] = &s->slot[i];
    tb_assert(n == s->n);
    qsort(v, n, sizeof *v, by_key);
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

/* A set is far larger than any cache: first the slots are fetched, then what they point to. */
#define SLOTS_AHEAD 12u
#define PLACES_AHEAD 6u
#define LINES_MAX 24u

static void fetch_slot(const struct tb_image_set *s, const struct tb_image_head *h)
{
    if (h != NULL && h->kind != TB_IMAGE_FACT)
        __builtin_prefetch(&s->slot[home(s, h->kind, h->id)], 1);
}

/* The slot at the key's home is its own, or a neighbour's: then this one waits for memory. */
static void fetch_place(const struct tb_image_set *s, const struct tb_image_head *h)
{
    if (h == NULL || h->kind == TB_IMAGE_FACT || h->n == TB_IMAGE_DROPPED)
        return;
    const struct tb_image *i = &s->slot[home(s, h->kind, h->id)];
    if (i->id != h->id || i->kind != h->kind || i->cap < h->n)
        return;
    uint32_t lines = (h->n + 63) / 64;
    for (uint32_t k = 0; k < lines && k < LINES_MAX; k++)
        __builtin_prefetch(i->p + (size_t)k * 64, 1);
}

void tb_image_list_put_all(const struct tb_image_list *l, const struct tb_shape *shape,
                           struct tb_image_set *s, uint64_t batch)
{
    size_t slots = 0;
    size_t places = 0;
    for (uint32_t i = 0; i < SLOTS_AHEAD; i++)
        fetch_slot(s, next_of(l, &slots));
    for (uint32_t i = 0; i < PLACES_AHEAD; i++)
        fetch_place(s, next_of(l, &places));
    const struct tb_image_head *h;
    for (size_t at = 0; (h = next_of(l, &at)) != NULL;) {
        fetch_slot(s, next_of(l, &slots));
        fetch_place(s, next_of(l, &places));
        if (h->kind == TB_IMAGE_FACT)
            put_fact(s, h);
        else if (h->block)
            put_block(s, &shape[h->kind], h, batch);
        else
            tb_images_put(s, h->kind, h->id, h->tenant, batch, (const uint8_t *)(h + 1), h->n);
    }
}
