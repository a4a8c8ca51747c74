// SPDX-License-Identifier: Apache-2.0
/* Replay = live, packed = unpacked, and core's own audit. */
#include "cell_int.h"

static void found(void *user, const char *sentence)
{
    struct cell *c = user;
    char text[200];
    snprintf(text, sizeof text, "audit: %.170s", sentence);
    cell_trouble(c, text);
}

bool cell_audit(struct cell *c)
{
    if (tb_core_check(&c->live.core, found, c) != 0)
        cell_trouble(c, "audit: a break without a sentence");
    return c->trouble[0] == 0;
}

static struct tb_str packed(const struct tb_store *s, struct tb_block *b)
{
    const struct tb_shape *shape = &s->shape[b->kind];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf out;
    tb_buf_init(&out, malloc(size + 1), size);
    tb_block_pack(shape, b, &out);
    tb_assert(!out.overflowed && out.n == size);
    return tb_buf_as_str(&out);
}

static void same_block(struct cell *c, struct core_side *other, uint32_t kind, uint64_t id)
{
    struct tb_block *a = tb_store_get(&c->live.core.store, kind, id);
    struct tb_block *b = tb_store_get(&other->core.store, kind, id);
    char text[100];
    snprintf(text, sizeof text, "replay: %s %llu ", tb_shapes[kind].name, (unsigned long long)id);
    if ((a == NULL) != (b == NULL)) {
        strcat(text, "is on one side only");
        cell_trouble(c, text);
    }
    if (a == NULL || b == NULL)
        return;
    struct tb_str pa = packed(&c->live.core.store, a);
    struct tb_str pb = packed(&other->core.store, b);
    if (!tb_str_eq(pa, pb)) {
        strcat(text, "differs");
        cell_trouble(c, text);
    }
    struct tb_block *again = tb_block_unpack(&other->core.store.pool, &tb_shapes[kind],
                                             (uint8_t)kind, id, pa);
    struct tb_str pc = again ? packed(&other->core.store, again) : TB_STR_NONE;
    if (!tb_str_eq(pa, pc)) {
        strcat(text, "changes when it is unpacked");
        cell_trouble(c, text);
    }
    free((void *)(uintptr_t)pa.p);
    free((void *)(uintptr_t)pb.p);
    free((void *)(uintptr_t)pc.p);
}

static void same_maps(struct cell *c, struct core_side *other)
{
    for (uint32_t i = 0; i < TB_MAPS; i++) {
        uint64_t at = 0, key, value, there;
        if (c->live.core.store.map[i].n != other->core.store.map[i].n)
            cell_trouble(c, "replay: a map has another number of entries");
        while (tb_map_next(&c->live.core.store.map[i], &at, &key, &value))
            if (!tb_map_get(&other->core.store.map[i], key, &there) || there != value)
                cell_trouble(c, "replay: a map differs");
    }
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        if (c->live.core.store.counter[i] != other->core.store.counter[i])
            cell_trouble(c, "replay: a counter differs");
}

static void replay(struct cell *c, struct core_side *fresh)
{
    for (uint32_t i = 0; i < c->log_n; i++) {
        const struct entry *e = &c->log[i];
        struct tb_str list = {(const char *)e->p, e->n}, body;
        uint32_t type;
        bool bad = false;
        tb_txn_begin(&fresh->txn, e->tenant, e->now_ms, e->seq, NULL);
        fresh->txn.replaying = true;
        while (tb_event_next(&list, &type, &body, &bad)) {
            if (!tb_core_replay(&fresh->core, &fresh->txn, type, body))
                cell_trouble(c, "replay: an event is refused");
            tb_arena_reset(&fresh->scratch);
        }
        if (bad)
            cell_trouble(c, "replay: an entry does not parse");
        tb_txn_commit(&fresh->txn);
        tb_store_batch_done(&fresh->core.store);
    }
}

bool cell_prove(struct cell *c)
{
    while (c->cold_n)
        if (!cell_thaw(c, c->cold[0].kind, c->cold[0].id))
            cell_trouble(c, "a cold row does not unpack");
    struct core_side fresh = {0};
    cell_side_open(&fresh);
    replay(c, &fresh);
    uint64_t top = 64;
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        top = c->live.core.store.counter[i] > top ? c->live.core.store.counter[i] : top;
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; tb_shapes[kind].name != NULL && id <= top; id++)
            same_block(c, &fresh, kind, id);
    same_maps(c, &fresh);
    cell_side_close(&fresh);
    return cell_audit(c);
}
