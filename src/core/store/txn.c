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
    t->need_n = 0;
    t->member = 0;
    t->member_prev_seq = 0;
    t->events.n = 0;
    t->events.overflowed = false;
    t->store->command++;
    if (t->store->command == 0)
        t->store->command = 1;
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

static void destroy(struct tb_store *s, struct tb_block *b)
{
    if (b != NULL)
        tb_block_destroy(&s->pool, &s->shape[b->kind], b);
}

void tb_txn_commit(struct tb_txn *t)
{
    struct tb_store *s = t->store;
    for (uint32_t i = 0; i < t->undo_n; i++) {
        struct tb_undo *u = &t->undo[i];
        uint64_t value;
        if (u->what == TB_UNDO_MAP && s->fact_maps & 1u << u->kind &&
            tb_map_get(&s->map[u->kind], u->key, &value))
            tb_store_mark_fact(s, &(struct tb_fact){u->kind, u->key, value});
        if (u->what != TB_UNDO_BLOCK)
            continue;
        destroy(s, u->old);
        struct tb_block *b = tb_store_get(s, u->kind, u->id);
        if (b != NULL && b->written_batch == s->batch)
            continue;
        if (b != NULL)
            b->written_batch = s->batch;
        tb_store_mark_dirty(s, u->kind, u->id);
    }
    t->undo_n = 0;
}

void tb_txn_undo(struct tb_txn *t)
{
    struct tb_store *s = t->store;
    tb_assert(!t->replaying);
    while (t->undo_n > 0) {
        struct tb_undo *u = &t->undo[--t->undo_n];
        switch ((enum tb_undo_what)u->what) {
        case TB_UNDO_BLOCK:
            destroy(s, tb_store_get(s, u->kind, u->id));
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

struct tb_block *tb_write(struct tb_txn *t, uint32_t kind, uint64_t id)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_store_get(s, kind, id);
    tb_assert(b != NULL);
    if (b->written_command == s->command)
        return b;
    struct tb_block *copy = tb_block_copy(&s->pool, &s->shape[kind], b);
    copy->written_command = s->command;
    tb_store_set(s, kind, id, copy);
    remember(t, (struct tb_undo){.what = TB_UNDO_BLOCK, .kind = (uint8_t)kind, .id = id, .old = b});
    return copy;
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
    remember(t, (struct tb_undo){.what = TB_UNDO_BLOCK, .kind = (uint8_t)kind, .id = id, .old = b});
}

void *tb_push_at(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
                 const void *elem)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_write(t, kind, id);
    b = tb_block_insert(&s->pool, &s->shape[kind], b, section, at, elem, 1);
    tb_store_set(s, kind, id, b);
    uint8_t *base = tb_block_section(&s->shape[kind], b, section);
    return base + (size_t)at * s->shape[kind].elem_bytes[section];
}

void *tb_push(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, const void *elem)
{
    struct tb_block *b = tb_store_get(t->store, kind, id);
    tb_assert(b != NULL);
    return tb_push_at(t, kind, id, section, b->n[section], elem);
}

uint32_t tb_push_bytes(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section,
                       struct tb_str bytes)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_write(t, kind, id);
    tb_assert(s->shape[kind].elem_bytes[section] == 1);
    uint32_t at = b->n[section];
    if (bytes.n) {
        b = tb_block_insert(&s->pool, &s->shape[kind], b, section, at, bytes.p, bytes.n);
        tb_store_set(s, kind, id, b);
    }
    return at;
}

void tb_cut(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
            uint32_t count)
{
    struct tb_store *s = t->store;
    struct tb_block *b = tb_write(t, kind, id);
    b = tb_block_remove(&s->pool, &s->shape[kind], b, section, at, count);
    tb_store_set(s, kind, id, b);
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

uint32_t tb_column_get(const struct tb_txn *t, uint32_t column, uint64_t at)
{
    return tb_store_column(t->store, column, at);
}

void tb_column_set(struct tb_txn *t, uint32_t column, uint64_t at, uint32_t v)
{
    remember(t, (struct tb_undo){.what = TB_UNDO_COLUMN, .kind = (uint8_t)column, .id = at,
                                 .key = tb_store_column(t->store, column, at)});
    tb_store_column_set(t->store, column, at, v);
}
