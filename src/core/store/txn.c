// SPDX-License-Identifier: Apache-2.0
#include "core/store/txn.h"

#include <string.h>

void tb_txn_init(struct tb_txn *t, struct tb_store *s, struct tb_arena *scratch,
                 void *events_region)
{
    memset(t, 0, sizeof *t);
    t->store = s;
    t->scratch = scratch;
    tb_buf_init(&t->events, events_region, TB_ENTRY_BYTES_MAX);
}

void tb_txn_begin(struct tb_txn *t, uint32_t tenant, int64_t now_ms, uint64_t seq,
                  const uint8_t *entropy)
{
    tb_assert(t->undo_n == 0);
    t->tenant = tenant;
    t->now_ms = now_ms;
    t->seq = seq;
    t->entropy = entropy;
    t->drew = false;
    t->need_n = 0;
    t->member = 0;
    t->member_prev_seq = 0;
    t->events.n = 0;
    t->events.overflowed = false;
    tb_store_next_command(t->store);
}

static void remember(struct tb_txn *t, struct tb_undo u)
{
    if (t->undo_n == t->undo_cap) {
        uint32_t cap = t->undo_cap ? t->undo_cap * 2 : 64;
        struct tb_undo *fresh = tb_pool_alloc(&t->store->pool, cap * sizeof *fresh);
        if (t->undo_cap) {
            memcpy(fresh, t->undo, t->undo_n * sizeof *fresh);
            tb_pool_free(&t->store->pool, t->undo, t->undo_cap * sizeof *fresh);
        }
        t->undo = fresh;
        t->undo_cap = cap;
    }
    t->undo[t->undo_n++] = u;
}

/* What blocks were before the command: one after the other, freed all at once. */
struct tb_saved {
    struct tb_saved *next; /* older */
    size_t used;
    size_t size;
    uint64_t bytes[];
};
#define SAVED_BYTES ((size_t)64 << 10)

static struct tb_block *save(struct tb_store *s, const struct tb_block *b)
{
    struct tb_saved *c = s->saved;
    if (TB_UNLIKELY(c == NULL || c->size - c->used < b->bytes)) {
        size_t size = SAVED_BYTES - sizeof *c;
        if (b->bytes > size)
            size = b->bytes;
        c = tb_pool_alloc(&s->pool, sizeof *c + size);
        *c = (struct tb_saved){.next = s->saved, .size = size};
        s->saved = c;
    }
    tb_assert(b->bytes % 8 == 0);
    struct tb_block *copy = (struct tb_block *)(void *)((uint8_t *)c->bytes + c->used);
    memcpy(copy, b, b->bytes);
    c->used += b->bytes;
    return copy;
}

/* The first chunk stays for the next command. */
static void forget_saved(struct tb_store *s)
{
    struct tb_saved *c = s->saved;
    if (c == NULL)
        return;
    while (c->next != NULL || c->size > SAVED_BYTES) {
        s->saved = c->next;
        tb_pool_free(&s->pool, c, sizeof *c + c->size);
        c = s->saved;
        if (c == NULL)
            return;
    }
    c->used = 0;
}

static void destroy(struct tb_store *s, struct tb_block *b)
{
    if (b != NULL)
        tb_block_destroy(&s->pool, &s->shape[b->kind], b);
}

static void commit_block(struct tb_store *s, const struct tb_undo *u)
{
    struct tb_block *b = tb_store_get(s, u->kind, u->id);
    if (b != NULL && b->written_batch == s->batch)
        return;
    if (b != NULL)
        b->written_batch = s->batch;
    tb_store_mark_dirty(s, u->kind, u->id);
}

void tb_txn_commit(struct tb_txn *t)
{
    struct tb_store *s = t->store;
    for (uint32_t i = 0; i < t->undo_n; i++) {
        struct tb_undo *u = &t->undo[i];
        uint64_t value;
        switch ((enum tb_undo_what)u->what) {
        case TB_UNDO_DROP:
            destroy(s, u->old);
            commit_block(s, u);
            break;
        case TB_UNDO_BLOCK:
            commit_block(s, u);
            break;
        case TB_UNDO_MAP:
            if (s->fact_maps & 1u << u->kind && tb_map_get(&s->map[u->kind], u->key, &value))
                tb_store_mark_fact(s, &(struct tb_fact){u->kind, u->key, value});
            break;
        case TB_UNDO_COUNTER:
        case TB_UNDO_COLUMN:
            break;
        }
    }
    t->undo_n = 0;
    forget_saved(s);
}

/* The block as it was, in its place when it still fits there. */
static void restore(struct tb_store *s, const struct tb_undo *u)
{
    struct tb_block *b = tb_store_get(s, u->kind, u->id);
    tb_assert(b != NULL);
    if (u->old == NULL) {
        tb_store_set(s, u->kind, u->id, NULL);
        destroy(s, b);
        return;
    }
    struct tb_block *to = b;
    if (tb_pool_size(b->bytes) != tb_pool_size(u->old->bytes)) {
        to = tb_pool_alloc(&s->pool, u->old->bytes);
        destroy(s, b);
    }
    memcpy(to, u->old, u->old->bytes);
    if (to != b)
        tb_store_moved(s, to);
}

void tb_txn_undo(struct tb_txn *t)
{
    struct tb_store *s = t->store;
    tb_assert(!t->replaying);
    while (t->undo_n > 0) {
        struct tb_undo *u = &t->undo[--t->undo_n];
        switch ((enum tb_undo_what)u->what) {
        case TB_UNDO_BLOCK:
            restore(s, u);
            break;
        case TB_UNDO_DROP:
            tb_store_set(s, u->kind, u->id, u->old);
            break;
        case TB_UNDO_MAP:
            if (u->existed)
                tb_map_put(&s->map[u->kind], u->key, u->value);
            else
                (void)tb_map_remove(&s->map[u->kind], u->key);
            break;
        case TB_UNDO_COUNTER:
            s->counter[u->id] = u->key;
            break;
        case TB_UNDO_COLUMN:
            tb_store_column_set(s, u->kind, u->id, (uint32_t)u->key);
            break;
        }
    }
    forget_saved(s);
    t->events.n = 0;
    t->events.overflowed = false;
}

void tb_txn_need(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    for (uint32_t i = 0; i < t->need_n; i++)
        if (t->need[i].kind == kind && t->need[i].id == id)
            return;
    tb_assert(t->need_n < TB_NEEDS_MAX);
    t->need[t->need_n++] = (struct tb_need){(uint8_t)kind, id};
}

static void first_write(struct tb_txn *t, struct tb_block *b)
{
    struct tb_store *s = t->store;
    remember(t, (struct tb_undo){.what = TB_UNDO_BLOCK, .kind = b->kind, .id = b->id,
                                 .old = t->replaying ? NULL : save(s, b)});
    b->written_command = s->command;
}

/* -DTB_TXN_MOVES: every first write moves the block and spoils where it was, so that a room
 * that goes on with an old pointer is seen by any test.                                   */
static struct tb_block *moved(struct tb_store *s, struct tb_block *b)
{
#ifdef TB_TXN_MOVES
    struct tb_block *to = tb_pool_alloc(&s->pool, b->bytes);
    memcpy(to, b, b->bytes);
    tb_store_moved(s, to);
    memset(b, 0xdd, to->bytes);
    tb_pool_free(&s->pool, b, to->bytes);
    return to;
#else
    (void)s;
    return b;
#endif
}

/* Of a sparse kind, or the first write. */
static __attribute__((noinline)) struct tb_block *write_other(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    struct tb_block *b = tb_store_get(t->store, kind, id);
    tb_assert(b != NULL);
    if (b->written_command == t->store->command)
        return b;
    first_write(t, b);
    return moved(t->store, b);
}

struct tb_block *tb_write(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    struct tb_block *b = tb_store_get_dense(t->store, kind, id);
    if (TB_LIKELY(b != NULL && b->written_command == t->store->command))
        return b;
    return write_other(t, kind, id);
}

struct tb_block *tb_create(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    static const uint16_t none[TB_SECTIONS_MAX];
    return tb_create_sized(t, kind, id, none);
}

struct tb_block *tb_create_sized(struct tb_txn *t, uint32_t kind, uint64_t id, const uint16_t *n)
{
    struct tb_store *s = t->store;
    tb_assert(tb_store_get(s, kind, id) == NULL);
    struct tb_block *b = tb_block_create_sized(&s->pool, &s->shape[kind], (uint8_t)kind, id, n);
    b->written_command = s->command;
    tb_store_set(s, kind, id, b);
    remember(t, (struct tb_undo){.what = TB_UNDO_BLOCK, .kind = (uint8_t)kind, .id = id});
    return b;
}

void tb_drop(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_store_get(s, kind, id);
    tb_assert(b != NULL);
    tb_store_set(s, kind, id, NULL);
    remember(t, (struct tb_undo){.what = TB_UNDO_DROP, .kind = (uint8_t)kind, .id = id, .old = b});
}

/* count elements into a block that this command writes. */
static void *push(struct tb_txn *t, struct tb_block *b, uint32_t section, uint32_t at,
                  const void *elems, uint32_t count)
{
    struct tb_store *s = t->store;
    void *place;
    struct tb_block *now = tb_block_insert(&s->pool, &s->shape[b->kind], b, section, at, elems,
                                           count, &place);
    if (now != b)
        tb_store_moved(s, now);
    return place;
}

void *tb_push_at(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
                 const void *elem)
{
    return push(t, tb_write(t, kind, id), section, at, elem, 1);
}

void *tb_push(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, const void *elem)
{
    struct tb_block *b = tb_write(t, kind, id);
    return push(t, b, section, b->n[section], elem, 1);
}

uint32_t tb_push_bytes(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section,
                       struct tb_str bytes)
{
    struct tb_block *b = tb_write(t, kind, id);
    tb_assert(t->store->shape[kind].elem_bytes[section] == 1);
    uint32_t at = b->n[section];
    if (bytes.n)
        (void)push(t, b, section, at, bytes.p, bytes.n);
    return at;
}

void tb_cut(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
            uint32_t count)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_write(t, kind, id);
    struct tb_block *now = tb_block_remove(&s->pool, &s->shape[kind], b, section, at, count);
    if (now != b)
        tb_store_moved(s, now);
}

bool tb_map_find(const struct tb_txn *t, uint32_t map, uint64_t key, uint64_t *value)
{
    return tb_map_get(&t->store->map[map], key, value);
}

static void remember_map(struct tb_txn *t, uint32_t map, uint64_t key)
{
    struct tb_undo u = {.what = TB_UNDO_MAP, .kind = (uint8_t)map, .key = key};
    u.existed = tb_map_get(&t->store->map[map], key, &u.value);
    remember(t, u);
}

void tb_map_set(struct tb_txn *t, uint32_t map, uint64_t key, uint64_t value)
{
    remember_map(t, map, key);
    tb_map_put(&t->store->map[map], key, value);
}

void tb_map_unset(struct tb_txn *t, uint32_t map, uint64_t key)
{
    remember_map(t, map, key);
    (void)tb_map_remove(&t->store->map[map], key);
}

uint64_t tb_counter_next(const struct tb_txn *t, uint32_t counter)
{
    return t->store->counter[counter] + 1;
}

void tb_counter_used(struct tb_txn *t, uint32_t counter, uint64_t n)
{
    if (n <= t->store->counter[counter])
        return;
    remember(t, (struct tb_undo){.what = TB_UNDO_COUNTER, .id = counter,
                                 .key = t->store->counter[counter]});
    t->store->counter[counter] = n;
}

void tb_column_set(struct tb_txn *t, uint32_t column, uint64_t at, uint32_t v)
{
    remember(t, (struct tb_undo){.what = TB_UNDO_COLUMN, .kind = (uint8_t)column, .id = at,
                                 .key = tb_store_column(t->store, column, at)});
    tb_store_column_set(t->store, column, at, v);
}
