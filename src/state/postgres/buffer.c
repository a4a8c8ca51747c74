// SPDX-License-Identifier: Apache-2.0
/* Pending changes of one transaction, one a key, and their binary arrays. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "state/postgres/inside.h"

static void *must_alloc(void *p)
{
    tb_assert(p != NULL);
    return p;
}

/* FNV-1a over the key; it only spreads, equal keys are compared. */
static uint64_t key_hash(const struct tb_table *t, const struct tb_value *key)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < t->key_n; i++) {
        const uint8_t *p = (const uint8_t *)&key[i].i64;
        uint32_t n = sizeof key[i].i64;
        if (t->column[i].type != TB_COLUMN_I64) {
            p = (const uint8_t *)key[i].str.p;
            n = key[i].str.n;
        }
        for (uint32_t k = 0; k < n; k++)
            h = (h ^ p[k]) * UINT64_C(1099511628211);
        h = (h ^ n) * UINT64_C(1099511628211);
    }
    return h ^ h >> 32;
}

static bool same_key(const struct tb_table *t, const struct tb_value *a, const struct tb_value *b)
{
    for (uint32_t i = 0; i < t->key_n; i++)
        if (t->column[i].type == TB_COLUMN_I64 ? a[i].i64 != b[i].i64
                                               : !tb_str_eq(a[i].str, b[i].str))
            return false;
    return true;
}

/* The slot that holds the key, or the free one where it would go. */
static uint32_t *find_slot(const struct tb_table_buffer *b, const struct tb_table *t,
                           const struct tb_value *key, uint64_t hash)
{
    uint32_t mask = b->slot_cap - 1;
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        uint32_t held = b->slot[i];
        if (held == 0)
            return &b->slot[i];
        const struct tb_pending *p = &b->row[held - 1];
        if (p->hash == hash && same_key(t, &b->value[p->value], key))
            return &b->slot[i];
    }
}

static void grow_slots(struct tb_table_buffer *b)
{
    if (b->slot_cap > 0 && b->row_n < b->slot_cap / 2)
        return;
    uint32_t cap = b->slot_cap ? b->slot_cap * 2 : 1024;
    free(b->slot);
    b->slot = must_alloc(calloc(cap, sizeof *b->slot));
    b->slot_cap = cap;
    for (uint32_t r = 0; r < b->row_n; r++) {
        uint32_t i = (uint32_t)b->row[r].hash & (cap - 1);
        while (b->slot[i] != 0)
            i = (i + 1) & (cap - 1);
        b->slot[i] = r + 1;
    }
}

/* The pending change of the key, made when there is none (*fresh). */
static struct tb_pending *pending_of(struct tb_table_buffer *b, const struct tb_table *t,
                                     const struct tb_value *key, bool *fresh)
{
    grow_slots(b);
    uint64_t hash = key_hash(t, key);
    uint32_t *slot = find_slot(b, t, key, hash);
    *fresh = *slot == 0;
    if (!*fresh)
        return &b->row[*slot - 1];
    if (b->row_n == b->row_cap) {
        b->row_cap = b->row_cap ? b->row_cap * 2 : 512;
        b->row = must_alloc(realloc(b->row, b->row_cap * sizeof *b->row));
    }
    if (b->value_n + t->column_n > b->value_cap) {
        b->value_cap = (b->value_cap + t->column_n) * 2;
        b->value = must_alloc(realloc(b->value, b->value_cap * sizeof *b->value));
    }
    struct tb_pending *p = &b->row[b->row_n++];
    *p = (struct tb_pending){.hash = hash, .value = b->value_n};
    b->value_n += t->column_n;
    *slot = b->row_n;
    return p;
}

void tb_buffer_put(struct tb_table_buffer *b, const struct tb_table *t, const struct tb_value *v)
{
    bool fresh;
    struct tb_pending *p = pending_of(b, t, v, &fresh);
    if (!fresh && t->insert_only) {
        tb_assert(!p->drop); /* the caller sends drops of such tables first */
        return;
    }
    p->drop = false;
    memcpy(&b->value[p->value], v, t->column_n * sizeof *v);
    for (uint32_t i = 0; i < t->column_n; i++)
        b->bytes += t->column[i].type == TB_COLUMN_I64 ? 12 : 4 + (uint64_t)v[i].str.n;
}

void tb_buffer_drop(struct tb_table_buffer *b, const struct tb_table *t,
                    const struct tb_value *key)
{
    bool fresh;
    struct tb_pending *p = pending_of(b, t, key, &fresh);
    p->drop = true;
    memcpy(&b->value[p->value], key, t->key_n * sizeof *key);
    b->bytes += 64;
}

bool tb_buffer_drops(const struct tb_table_buffer *b, const struct tb_table *t,
                     const struct tb_value *key)
{
    if (b->row_n == 0)
        return false;
    uint32_t held = *find_slot(b, t, key, key_hash(t, key));
    return held != 0 && b->row[held - 1].drop;
}

void tb_buffer_clear(struct tb_table_buffer *b)
{
    if (b->row_n > 0)
        memset(b->slot, 0, b->slot_cap * sizeof *b->slot);
    b->row_n = 0;
    b->value_n = 0;
    b->bytes = 0;
}

void tb_buffer_free(struct tb_table_buffer *b)
{
    free(b->row);
    free(b->value);
    free(b->slot);
    memset(b, 0, sizeof *b);
}

static void array_put(struct tb_array *a, const void *p, size_t n)
{
    if (a->n + n > a->cap) {
        a->cap = (a->n + n) * 2;
        a->p = must_alloc(realloc(a->p, a->cap));
    }
    if (n > 0)
        memcpy(a->p + a->n, p, n);
    a->n += n;
}

static void array_u32(struct tb_array *a, uint32_t v)
{
    v = htobe32(v);
    array_put(a, &v, sizeof v);
}

/* array_send of PostgreSQL: dimensions, has nulls, element type, length, lower bound,
 * then length (-1: null) and bytes of each element.                                   */
uint32_t tb_buffer_encode(const struct tb_table_buffer *b, const struct tb_table *t, uint32_t c,
                          bool drops, struct tb_array *out)
{
    static const unsigned int element[] = {
        [TB_COLUMN_I64] = 20, [TB_COLUMN_TEXT] = 25, [TB_COLUMN_BLOB] = 17};
    uint32_t n = 0;
    for (uint32_t r = 0; r < b->row_n; r++)
        n += b->row[r].drop == drops;
    out->n = 0;
    array_u32(out, 1);
    array_u32(out, 1);
    array_u32(out, element[t->column[c].type]);
    array_u32(out, n);
    array_u32(out, 1);
    for (uint32_t r = 0; r < b->row_n; r++) {
        if (b->row[r].drop != drops)
            continue;
        const struct tb_value *v = &b->value[b->row[r].value + c];
        if (v->null) {
            array_u32(out, UINT32_MAX);
        } else if (t->column[c].type == TB_COLUMN_I64) {
            uint64_t be = htobe64((uint64_t)v->i64);
            array_u32(out, 8);
            array_put(out, &be, 8);
        } else {
            array_u32(out, v->str.n);
            array_put(out, v->str.p, v->str.n);
        }
    }
    return n;
}
