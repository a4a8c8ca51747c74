// SPDX-License-Identifier: Apache-2.0
#include "engine/idem.h"

#include <stdlib.h>
#include <string.h>

#include "engine/heap.h"

#define CHUNK_BYTES ((size_t)256 << 10)
#define TIDY_KEYS 4096u /* in one go */
#define TIDY_LANES 256u

struct tb_idem_chunk {
    struct tb_idem_chunk *next; /* newer */
    uint32_t used;
    uint32_t rows;
    uint8_t bytes[];
};

struct tb_idem_cold {
    uint64_t map_key;
    uint32_t at_s;
    uint32_t seq_low; /* tells an older entry of the same key from a newer one */
};

static uint64_t map_key(uint32_t tenant, uint64_t key)
{
    uint64_t k = tb_mix(key ^ tb_mix(tenant + UINT64_C(0x9e3779b97f4a7c15)));
    return k ? k : 1;
}

void tb_idem_init(struct tb_idem *m, struct tb_pool *pool, uint64_t rows_max, uint32_t tenant_max,
                  uint32_t keep_s)
{
    tb_assert(tenant_max > 0 && tenant_max <= 1u << 30);
    memset(m, 0, sizeof *m);
    m->pool = pool;
    tb_map_init(&m->map, pool);
    m->rows_max = rows_max;
    m->keep_s = keep_s;
    m->lane_max = tenant_max;
}

void tb_idem_deinit(struct tb_idem *m)
{
    while (m->oldest != NULL) {
        struct tb_idem_chunk *c = m->oldest;
        m->oldest = c->next;
        free(c);
    }
    free(m->spare);
    for (uint32_t i = 0; i < m->lanes; i++)
        free(m->lane[i].cold);
    free(m->lane);
    m->spare = NULL;
    m->lane = NULL;
    m->lanes = 0;
}

enum tb_idem_found tb_idem_find(const struct tb_idem *m, uint32_t tenant, uint64_t key,
                                const struct tb_idem_row **row, uint64_t *seq)
{
    uint64_t v;
    if (!tb_map_get(&m->map, map_key(tenant, key), &v))
        return TB_IDEM_NEW;
    if (v & 1) {
        *seq = v >> 1;
        return TB_IDEM_COLD;
    }
    *row = (const struct tb_idem_row *)(uintptr_t)v;
    return (*row)->key == key && (*row)->tenant == tenant ? TB_IDEM_ROW : TB_IDEM_NEW;
}

void tb_idem_prefetch(const struct tb_idem *m, uint32_t tenant, uint64_t key)
{
    tb_map_prefetch(&m->map, map_key(tenant, key));
}

static size_t row_bytes(const struct tb_idem_row *r)
{
    return (sizeof *r + r->answer_n + r->field_n + 7) / 8 * 8;
}

void tb_idem_add(struct tb_idem *m, const struct tb_idem_row *head, struct tb_str answer,
                 struct tb_str field)
{
    struct tb_idem_row r = *head;
    tb_assert(answer.n <= UINT16_MAX && field.n <= UINT16_MAX);
    r.answer_n = (uint16_t)answer.n;
    r.field_n = field.n;
    size_t bytes = row_bytes(&r);
    tb_assert(bytes <= CHUNK_BYTES);
    if (m->newest == NULL || CHUNK_BYTES - m->newest->used < bytes) {
        struct tb_idem_chunk *c = m->spare ? m->spare : tb_heap_take(sizeof *c + CHUNK_BYTES);
        m->spare = NULL;
        *c = (struct tb_idem_chunk){0};
        if (m->newest != NULL)
            m->newest->next = c;
        else
            m->oldest = c;
        m->newest = c;
    }
    struct tb_idem_row *to = (struct tb_idem_row *)(void *)(m->newest->bytes + m->newest->used);
    *to = r;
    char *text = (char *)(to + 1);
    if (answer.n > 0)
        memcpy(text, answer.p, answer.n);
    if (field.n > 0)
        memcpy(text + answer.n, field.p, field.n);
    m->newest->used += (uint32_t)bytes;
    m->newest->rows++;
    m->rows++;
    tb_map_put(&m->map, map_key(r.tenant, r.key), (uintptr_t)to);
}

static struct tb_idem_lane *lane_of(struct tb_idem *m, uint32_t tenant)
{
    if (tenant >= m->lanes) {
        uint32_t n = tenant < 32 ? 64 : tenant * 2;
        m->lane = tb_heap_resize(m->lane, n * sizeof *m->lane);
        memset(m->lane + m->lanes, 0, (n - m->lanes) * sizeof *m->lane);
        m->lanes = n;
    }
    return &m->lane[tenant];
}

/* The lane's oldest key. A newer entry of the same key stays. */
static void forget(struct tb_idem *m, struct tb_idem_lane *l)
{
    const struct tb_idem_cold *c = &l->cold[l->head];
    uint64_t v;
    if (tb_map_get(&m->map, c->map_key, &v) && (v & 1) && (uint32_t)(v >> 1) == c->seq_low)
        (void)tb_map_remove(&m->map, c->map_key);
    l->head = (l->head + 1) & (l->cap - 1);
    if (--l->n > 0)
        return;
    free(l->cold);
    *l = (struct tb_idem_lane){0};
}

static void grow(struct tb_idem_lane *l)
{
    uint32_t cap = l->cap ? l->cap * 2 : 64;
    struct tb_idem_cold *fresh = tb_heap_take(cap * sizeof *fresh);
    for (uint32_t i = 0; i < l->n; i++)
        fresh[i] = l->cold[(l->head + i) & (l->cap - 1)];
    free(l->cold);
    l->cold = fresh;
    l->head = 0;
    l->cap = cap;
}

static void cool(struct tb_idem *m, uint64_t key, const struct tb_idem_row *r)
{
    struct tb_idem_lane *l = lane_of(m, r->tenant);
    if (l->n == m->lane_max)
        forget(m, l);
    if (l->n == l->cap)
        grow(l);
    l->cold[(l->head + l->n++) & (l->cap - 1)] = (struct tb_idem_cold){key, r->at_s, (uint32_t)r->seq};
    tb_map_put(&m->map, key, r->seq << 1 | 1);
}

/* Takes the oldest chunk apart; rows that are still young enough stay as cold keys. */
static void drop_chunk(struct tb_idem *m, uint32_t now_s)
{
    struct tb_idem_chunk *c = m->oldest;
    uint32_t at = 0;
    for (uint32_t i = 0; i < c->rows; i++) {
        const struct tb_idem_row *r = (const struct tb_idem_row *)(void *)(c->bytes + at);
        uint64_t key = map_key(r->tenant, r->key);
        uint64_t v;
        if (tb_map_get(&m->map, key, &v) && v == (uintptr_t)r) {
            if ((uint64_t)r->at_s + m->keep_s < now_s)
                (void)tb_map_remove(&m->map, key);
            else
                cool(m, key, r);
        }
        at += (uint32_t)row_bytes(r);
    }
    m->rows -= c->rows;
    m->oldest = c->next;
    if (m->oldest == NULL)
        m->newest = NULL;
    free(m->spare);
    m->spare = c;
}

void tb_idem_tidy(struct tb_idem *m, uint32_t now_s)
{
    /* The newest chunk stays: answers of this batch may point into it. */
    if (m->oldest != NULL && m->oldest != m->newest && m->oldest->rows > 0) {
        const struct tb_idem_row *first = (const struct tb_idem_row *)(void *)m->oldest->bytes;
        if (m->rows > m->rows_max || (uint64_t)first->at_s + m->keep_s < now_s)
            drop_chunk(m, now_s);
    }
    uint32_t forgotten = 0;
    for (uint32_t i = 0; i < TIDY_LANES && i < m->lanes && forgotten < TIDY_KEYS; i++) {
        m->tidy_at = m->tidy_at + 1 < m->lanes ? m->tidy_at + 1 : 0;
        struct tb_idem_lane *l = &m->lane[m->tidy_at];
        while (l->n > 0 && forgotten < TIDY_KEYS && (uint64_t)l->cold[l->head].at_s + m->keep_s < now_s) {
            forget(m, l);
            forgotten++;
        }
    }
}
