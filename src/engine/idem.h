// SPDX-License-Identifier: Apache-2.0
/* engine/idem.h - which Idempotency-Keys were used, and what was answered.
 *
 * Rows stand in a ring of chunks in the order of their entries; a map leads from the key
 * to the row. When the ring is over its bound the oldest rows lose their answer and stay
 * as (key -> seq of their entry): the answer is then read from the history in SQL. After
 * the time of options.idem_hours a key is forgotten.
 * Bound  a tenant has options.idem_tenant such cold keys (about 40 bytes each); beyond, its
 *        own oldest is forgotten early, whatever other tenants do. A request that comes again
 *        after that is decided anew: business facts (an order's number) still hold.
 * Cell's thread alone.                                                                   */
#ifndef TB_ENGINE_IDEM_H
#define TB_ENGINE_IDEM_H

#include "base/text.h"
#include "core/store/map.h"

struct tb_idem_row {
    uint64_t key; /* as given */
    uint64_t input;
    uint64_t seq;
    uint64_t tenant_seq;
    uint32_t tenant;
    uint32_t at_s; /* seconds since 1970 */
    uint16_t code;
    uint16_t answer_n;
    uint32_t field_n;
    /* answer, field; padded to 8 */
};
_Static_assert(sizeof(struct tb_idem_row) == 48, "rows are packed one after the other");

struct tb_idem_chunk;

struct tb_idem {
    struct tb_pool *pool;
    struct tb_map map; /* -> row, or seq << 1 | 1 when the row is cold */
    struct tb_idem_chunk *oldest;
    struct tb_idem_chunk *newest;
    struct tb_idem_chunk *spare;
    uint64_t rows; /* with their answer in memory */
    uint64_t rows_max;
    uint32_t keep_s;
    /* a tenant's cold keys in the order of their time */
    struct tb_idem_lane {
        struct tb_idem_cold *cold;
        uint32_t head;
        uint32_t n;
        uint32_t cap; /* a power of two; 0 = nothing is kept */
    } *lane; /* by tenant */
    uint32_t lanes;
    uint32_t lane_max; /* cold keys of a tenant */
    uint32_t tidy_at;  /* lane */
};

enum tb_idem_found {
    TB_IDEM_NEW = 0,
    TB_IDEM_ROW,  /* *row */
    TB_IDEM_COLD, /* *seq: look into the history */
};

void tb_idem_init(struct tb_idem *m, struct tb_pool *pool, uint64_t rows_max, uint32_t tenant_max,
                  uint32_t keep_s);
void tb_idem_deinit(struct tb_idem *m);
enum tb_idem_found tb_idem_find(const struct tb_idem *m, uint32_t tenant, uint64_t key,
                                const struct tb_idem_row **row, uint64_t *seq);
void tb_idem_prefetch(const struct tb_idem *m, uint32_t tenant, uint64_t key);
/* A key that is not known, or whose cold entry was of other content (then it is replaced). */
void tb_idem_add(struct tb_idem *m, const struct tb_idem_row *head, struct tb_str answer,
                 struct tb_str field);
/* Forgets what is older than keep_s and cools what is over the bound; a little each call. */
void tb_idem_tidy(struct tb_idem *m, uint32_t now_s);

static inline struct tb_str tb_idem_answer(const struct tb_idem_row *r)
{
    return (struct tb_str){(const char *)(r + 1), r->answer_n};
}
static inline struct tb_str tb_idem_field(const struct tb_idem_row *r)
{
    return (struct tb_str){(const char *)(r + 1) + r->answer_n, r->field_n};
}

#endif
