// SPDX-License-Identifier: Apache-2.0
/* engine/keep.c - what is durable and not yet in SQL: bodies in a tail, images in sets.
 *
 * Invariant: the tail holds every body with entries after tail_dropped_batch; the sets
 * (flushing, then oldest .. newest) hold the newest image of every block that changed
 * after the checkpoint.                                                                */
#include <stdlib.h>
#include <string.h>

#include "engine/inside.h"

/* A set is closed when it is that large: one transaction writes it. */
#define SET_IMAGES 250000u
#define SET_BYTES ((uint64_t)256 << 20)
#define SPARE_PART 8u /* of pending_bytes, at most a set's: stays with us between sets */

void tb_keep_init(struct tb_cell *c)
{
    pthread_mutex_init(&c->store.lock, NULL);
    uint64_t spare = c->o.pending_bytes / SPARE_PART;
    tb_image_spare_init(&c->store.spare, spare < SET_BYTES ? spare : SET_BYTES);
    c->store.oldest = c->store.newest = tb_images_create(&c->store.spare);
}

void tb_keep_deinit(struct tb_cell *c)
{
    struct tb_store_side *s = &c->store;
    while (s->oldest != NULL) {
        struct tb_image_set *set = s->oldest;
        s->oldest = set->next;
        tb_images_destroy(set);
    }
    tb_images_destroy(s->flushing);
    tb_image_spare_deinit(&s->spare);
    while (s->tail_first != NULL) {
        struct tb_tail *t = s->tail_first;
        s->tail_first = t->next;
        free(t);
    }
    pthread_mutex_destroy(&s->lock);
}

static void drop_first(struct tb_store_side *s)
{
    struct tb_tail *t = s->tail_first;
    s->tail_first = t->next;
    if (s->tail_first == NULL)
        s->tail_last = NULL;
    s->tail_bytes -= t->n;
    s->tail_dropped_batch = t->batch;
    s->tail_dropped_seq = t->last_seq;
    if (--t->refs == 0)
        free(t);
}

void tb_keep_body(struct tb_cell *c, const struct tb_batch *b, uint64_t first_seq,
                  uint64_t last_seq)
{
    struct tb_store_side *s = &c->store;
    if (b->body.n == 0)
        return;
    struct tb_tail *t = tb_heap_take(sizeof *t + b->body.n);
    *t = (struct tb_tail){.refs = 1, .kept = true, .n = b->body.n, .batch = b->number,
                          .first_seq = first_seq, .last_seq = last_seq};
    memcpy(t->bytes, b->body.p, b->body.n);
    pthread_mutex_lock(&s->lock);
    if (s->tail_last != NULL)
        s->tail_last->next = t;
    else
        s->tail_first = t;
    s->tail_last = t;
    s->tail_bytes += t->n;
    /* The flusher reads what it misses from the journal; the newest stays for the feed. */
    while (s->tail_bytes > c->o.tail_bytes && s->tail_first != s->tail_last)
        drop_first(s);
    pthread_mutex_unlock(&s->lock);
}

void tb_keep_note(struct tb_cell *c)
{
    struct tb_store_side *s = &c->store;
    uint64_t bytes = 0;
    uint64_t entries = 0;
    int64_t since = 0;
    for (const struct tb_image_set *i = s->oldest; i != NULL; i = i->next) {
        bytes += i->bytes;
        entries += i->entries;
        if (since == 0)
            since = i->first_at_ms;
    }
    if (s->flushing != NULL) {
        bytes += s->flushing->bytes;
        entries += s->flushing->entries;
        if (s->flushing->first_at_ms != 0)
            since = s->flushing->first_at_ms;
    }
    atomic_store(&c->pending_bytes, bytes);
    atomic_store(&c->pending_since_ms, since);
    bool was = atomic_load(&c->lagging);
    uint64_t part = was ? 8 : 10; /* of ten: it must fall clearly before it is over */
    bool lagging = bytes * 10 > c->o.pending_bytes * part ||
                   entries * 10 > c->o.replay_entries * part;
    if (lagging != was) {
        atomic_store(&c->lagging, lagging);
        tb_cell_log(c, lagging ? "the SQL state is too far behind: new writes are refused"
                               : "the SQL state has caught up: writes are taken again");
        tb_bell_ring(&c->engine_bell);
    }
}

void tb_keep_images(struct tb_cell *c, const struct tb_batch *b, const struct tb_image_list *images,
                    uint64_t entries, uint64_t last_seq)
{
    struct tb_store_side *s = &c->store;
    pthread_mutex_lock(&s->lock);
    struct tb_image_set *set = s->newest;
    if (set->n >= SET_IMAGES || set->bytes >= SET_BYTES) {
        struct tb_image_set *fresh = tb_images_create_after(set);
        set->next = fresh;
        s->newest = set = fresh;
    }
    if (images != NULL)
        tb_image_list_put_all(images, c->core.store.shape, set, b->number);
    if (set->entries == 0 && entries > 0)
        set->first_at_ms = b->at_ms;
    set->entries += entries;
    set->batches++;
    set->last = (struct tb_checkpoint){.epoch = b->epoch, .batch = b->number, .at_ms = b->at_ms};
    memcpy(set->last.hash, b->hash, TB_HASH_BYTES);
    set->last_seq = last_seq;
    tb_keep_note(c);
    pthread_mutex_unlock(&s->lock);
}

static int copy_of(const struct tb_image_set *set, uint8_t kind, uint64_t id, uint8_t **p,
                   uint32_t *n)
{
    const struct tb_image *i = tb_images_get(set, kind, id);
    if (i == NULL)
        return 0;
    if (i->n == TB_IMAGE_DROPPED)
        return -1;
    *p = tb_heap_take(i->n + 1);
    if (i->n > 0)
        memcpy(*p, i->p, i->n);
    *n = i->n;
    return 1;
}

int tb_keep_find(struct tb_cell *c, uint8_t kind, uint64_t id, uint8_t **p, uint32_t *n)
{
    struct tb_store_side *s = &c->store;
    int found = 0;
    pthread_mutex_lock(&s->lock);
    if (s->flushing != NULL)
        found = copy_of(s->flushing, kind, id, p, n);
    for (const struct tb_image_set *i = s->oldest; i != NULL; i = i->next) {
        uint8_t *newer = NULL;
        int f = copy_of(i, kind, id, &newer, n);
        if (f == 0)
            continue;
        if (found == 1)
            free(*p);
        found = f;
        *p = newer;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

struct tb_tail *tb_tail_after_batch(struct tb_cell *c, uint64_t batch, const struct tb_tail *near,
                                    bool *dropped)
{
    struct tb_store_side *s = &c->store;
    pthread_mutex_lock(&s->lock);
    *dropped = s->tail_dropped_batch > batch;
    struct tb_tail *t = s->tail_first;
    if (near != NULL && near->batch <= batch && near->batch > s->tail_dropped_batch)
        t = near->next; /* still in the list */
    while (t != NULL && t->batch <= batch)
        t = t->next;
    if (*dropped)
        t = NULL;
    if (t != NULL)
        t->refs++;
    pthread_mutex_unlock(&s->lock);
    return t;
}

struct tb_tail *tb_tail_holding_seq(struct tb_cell *c, uint64_t seq, bool *dropped)
{
    struct tb_store_side *s = &c->store;
    pthread_mutex_lock(&s->lock);
    *dropped = s->tail_dropped_seq >= seq;
    struct tb_tail *t = s->tail_first;
    while (t != NULL && t->last_seq < seq)
        t = t->next;
    if (*dropped)
        t = NULL;
    if (t != NULL)
        t->refs++;
    pthread_mutex_unlock(&s->lock);
    return t;
}

void tb_tail_release(struct tb_cell *c, struct tb_tail *t)
{
    pthread_mutex_lock(&c->store.lock);
    bool last = --t->refs == 0;
    pthread_mutex_unlock(&c->store.lock);
    if (last)
        free(t);
}
