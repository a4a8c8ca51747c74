// SPDX-License-Identifier: Apache-2.0
/* core/store/txn.h - one command at work: reads, writes with undo, events.
 *
 * A command is a series of steps. Each step reads the state, decides, and emits events
 * (tb_emit_<event>, made from api/events.proto); emitting appends the event to the
 * command's list and applies it at once, so the next step sees it. When a step refuses,
 * the whole command is undone: blocks, maps and counters are as before, byte for byte.
 *
 * Rules for apply functions: they change state only through this interface, search
 * nothing that the event could name, read no clock, and never refuse.
 *
 * A block is changed in its place; the first write of a command copies it to where undo
 * finds it. While journaled events are replayed nothing is copied.
 *
 * Pointers returned by tb_read/tb_write/tb_push are valid until the next tb_write,
 * tb_push, tb_cut or tb_create of the same block.                                     */
#ifndef TB_CORE_STORE_TXN_H
#define TB_CORE_STORE_TXN_H

#include "core/store/store.h"

#define TB_ENTRY_EVENT_FIELD 15                            /* Entry.event in api/events.proto */
#define TB_ENTRY_EVENT_TAG (TB_ENTRY_EVENT_FIELD << 3 | 2) /* one byte on the wire */
#define TB_ENTRY_BYTES_MAX (256u << 10)
#define TB_ENTROPY_BYTES 32

enum tb_undo_what {
    TB_UNDO_BLOCK,   /* old = a copy of the block before (NULL: there was none) */
    TB_UNDO_MAP,     /* key, old value; existed tells whether it was there */
    TB_UNDO_COUNTER, /* id = counter, key = old value */
    TB_UNDO_COLUMN,  /* id = place, key = old value */
    TB_UNDO_DROP,    /* old = the block itself, taken out */
};

struct tb_undo {
    uint8_t what;
    uint8_t kind; /* or the map */
    bool existed;
    uint64_t id;
    uint64_t key;
    uint64_t value;
    struct tb_block *old;
};

/* A cold row that the command cannot go on without: the engine loads it and runs the
 * command again, in the member's order. */
struct tb_need {
    uint8_t kind;
    uint64_t id;
};
#define TB_NEEDS_MAX 16

struct tb_txn {
    struct tb_store *store;
    struct tb_arena *scratch; /* reset by the engine after each command */
    int64_t now_ms;
    uint64_t seq;    /* cell-wide number of this command */
    uint32_t tenant; /* 0 = the cell itself */
    bool replaying;  /* apply alone runs; no undo is kept */
    const uint8_t *entropy; /* TB_ENTROPY_BYTES, nobody has seen them: tb_txn_entropy */
    bool drew;              /* the command has looked at them */
    struct tb_buf events;
    struct tb_undo *undo;
    uint32_t undo_n;
    uint32_t undo_cap;
    uint32_t need_n;
    struct tb_need need[TB_NEEDS_MAX];
    const struct tb_core_env *env; /* what the engine lends: zones, sealing (core/env.h) */
    void *core;                    /* struct tb_core; the rooms' derived caches */
    uint32_t member;               /* profile whose timeline the command belongs to, 0 = none */
    uint64_t member_prev_seq;      /* that person's entry before this one */
};

/* events_region holds TB_ENTRY_BYTES_MAX. */
void tb_txn_init(struct tb_txn *t, struct tb_store *s, struct tb_arena *scratch,
                 void *events_region);
void tb_txn_begin(struct tb_txn *t, uint32_t tenant, int64_t now_ms, uint64_t seq,
                  const uint8_t *entropy);
void tb_txn_commit(struct tb_txn *t);
void tb_txn_undo(struct tb_txn *t);
static inline struct tb_buf *tb_txn_events(struct tb_txn *t)
{
    return &t->events;
}
/* TB_ENTROPY_BYTES for this command alone: what a command has looked at, no later one gets. */
static inline const uint8_t *tb_txn_entropy(struct tb_txn *t)
{
    t->drew = true;
    return t->entropy;
}
/* Asks for a cold row; the command must then return its NEED answer. */
void tb_txn_need(struct tb_txn *t, uint32_t kind, uint64_t id);

/* NULL when absent. Never change through it. */
static inline struct tb_block *tb_read(const struct tb_txn *t, uint32_t kind, uint64_t id)
{
    return tb_store_get(t->store, kind, id);
}
static inline void *tb_section(const struct tb_txn *t, struct tb_block *b, uint32_t section)
{
    return tb_block_section(&t->store->shape[b->kind], b, section);
}
/* For writing: the block must exist (asserted). */
struct tb_block *tb_write(struct tb_txn *t, uint32_t kind, uint64_t id);
/* A zeroed new block with that id, which must be free (asserted). */
struct tb_block *tb_create(struct tb_txn *t, uint32_t kind, uint64_t id);
/* The same with n[i] zeroed elements in section i. */
struct tb_block *tb_create_sized(struct tb_txn *t, uint32_t kind, uint64_t id, const uint16_t *n);
void tb_drop(struct tb_txn *t, uint32_t kind, uint64_t id);
/* Inserts a copy of elem (NULL: zeros) at index at; returns the element. */
void *tb_push_at(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
                 const void *elem);
/* At the end. */
void *tb_push(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, const void *elem);
/* more[i] zeroed elements (or bytes) at the end of section i: one layout instead of one per push. */
struct tb_block *tb_extend(struct tb_txn *t, uint32_t kind, uint64_t id, const uint16_t *more);
/* Bytes at the end of a byte section; returns their offset. */
uint32_t tb_push_bytes(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section,
                       struct tb_str bytes);
void tb_cut(struct tb_txn *t, uint32_t kind, uint64_t id, uint32_t section, uint32_t at,
            uint32_t count);

bool tb_map_find(const struct tb_txn *t, uint32_t map, uint64_t key, uint64_t *value);
void tb_map_set(struct tb_txn *t, uint32_t map, uint64_t key, uint64_t value);
void tb_map_unset(struct tb_txn *t, uint32_t map, uint64_t key);

static inline uint32_t tb_column_get(const struct tb_txn *t, uint32_t column, uint64_t at)
{
    return tb_store_column(t->store, column, at);
}
void tb_column_set(struct tb_txn *t, uint32_t column, uint64_t at, uint32_t v);

/* The next number of a counter, without taking it: decide names it in the event. */
uint64_t tb_counter_next(const struct tb_txn *t, uint32_t counter);
/* apply: the event has used number n. */
void tb_counter_used(struct tb_txn *t, uint32_t counter, uint64_t n);

#endif
