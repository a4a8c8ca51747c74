// SPDX-License-Identifier: Apache-2.0
/* Purchases that a later cancellation may take back. See orders.h.
 *
 * A chain holds the purchases of one (customer, product), found by a 64-bit fingerprint:
 * among a hundred million of them two different ones meet with a chance of 1 in 4,000.   */
#include <stdlib.h>
#include <string.h>

#include "cli/import/orders.h"

static const struct tb_hash_key pair_key = {0x746f6e6762616f21, 0x6d61746368657321};

static uint64_t fingerprint(uint64_t customer, struct tb_str sku)
{
    return (tb_siphash(&pair_key, sku.p, sku.n) ^ (customer * 0x9e3779b97f4a7c15u)) | 1;
}

static void *resize(void *p, size_t n)
{
    void *q = realloc(p, n);
    tb_assert(q != NULL);
    return q;
}

uint32_t tb_purchases_key(struct tb_purchases *all, struct tb_str key)
{
    while (all->keys_cap - all->keys_n < key.n) {
        all->keys_cap = all->keys_cap ? all->keys_cap * 2 : 4096;
        all->keys = resize(all->keys, all->keys_cap);
    }
    memcpy(all->keys + all->keys_n, key.p, key.n);
    all->keys_n += key.n;
    return all->keys_n - key.n;
}

/* The slot of that fingerprint, or the free one where it belongs. */
static uint32_t slot_of(const struct tb_purchases *all, uint64_t pair)
{
    uint32_t at = (uint32_t)(pair >> 17) & (all->slots - 1);
    while (all->slot_key[at] != 0 && all->slot_key[at] != pair)
        at = (at + 1) & (all->slots - 1);
    return at;
}

static void grow(struct tb_purchases *all)
{
    struct tb_purchases old = *all;
    all->slots = old.slots ? old.slots * 2 : 4096;
    all->slot_key = calloc(all->slots, sizeof *all->slot_key);
    all->slot_first = calloc(all->slots, sizeof *all->slot_first);
    tb_assert(all->slot_key != NULL && all->slot_first != NULL);
    for (uint32_t i = 0; i < old.slots; i++) {
        if (old.slot_key[i] == 0)
            continue;
        uint32_t at = slot_of(all, old.slot_key[i]);
        all->slot_key[at] = old.slot_key[i];
        all->slot_first[at] = old.slot_first[i];
    }
    free(old.slot_key);
    free(old.slot_first);
}

void tb_purchases_add(struct tb_purchases *all, uint64_t customer, struct tb_str sku,
                      const struct tb_purchase *p)
{
    if (all->used * 2 >= all->slots)
        grow(all);
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 4096;
        all->p = resize(all->p, all->cap * sizeof *all->p);
    }
    uint64_t pair = fingerprint(customer, sku);
    uint32_t at = slot_of(all, pair);
    all->used += all->slot_key[at] == 0;
    all->slot_key[at] = pair;
    all->p[all->n] = *p;
    all->p[all->n].next = all->slot_first[at];
    all->slot_first[at] = ++all->n;
}

struct tb_purchase *tb_purchases_newest(struct tb_purchases *all, uint64_t customer, struct tb_str sku,
                                        int64_t at_ms)
{
    struct tb_purchase *best = NULL;
    if (all->slots == 0)
        return NULL;
    /* the chain leads from the one added last: at equal times that one is the newer */
    for (uint32_t i = all->slot_first[slot_of(all, fingerprint(customer, sku))]; i != 0;) {
        struct tb_purchase *p = &all->p[i - 1];
        if (p->milli_left > 0 && p->at_ms <= at_ms && (best == NULL || p->at_ms > best->at_ms))
            best = p;
        i = p->next;
    }
    return best;
}

void tb_purchases_free(struct tb_purchases *all)
{
    free(all->p);
    free(all->slot_key);
    free(all->slot_first);
    free(all->keys);
}
