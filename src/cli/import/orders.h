// SPDX-License-Identifier: Apache-2.0
/* cli/import/orders.h - rows become orders and returns: the parts of one import.
 *
 *   group.c   rows with one key gather in a group; a group that got no row for a while
 *             closes, in the order of its last row
 *   match.c   a cancellation finds the purchases that it takes back: same customer, same
 *             product, not later, newest first
 *   orders.c  closed groups become commands, in waves
 *
 * Memory    open groups, and about 80 bytes a line of a known customer where the map has
 *           cancellations.                                                               */
#ifndef TB_CLI_IMPORT_ORDERS_H
#define TB_CLI_IMPORT_ORDERS_H

#include "cli/import/import.h"
#include "core/order/order.h"

struct tb_sale_line {
    int64_t row;
    int64_t line;
    uint32_t sku_at; /* in the group's bytes */
    uint32_t sku_n;
    int64_t milli;  /* above 0, also of a cancellation */
    int64_t micro;  /* price of one, when the map has prices */
    tb_nano nano;   /* exact value, above or equal 0 */
    int64_t net;    /* rounded, minor units */
    /* a cancellation's: */
    int64_t matched; /* thousandths that found a purchase */
    tb_nano back;    /* value of the purchases taken back */
    bool refused;
    uint8_t code; /* enum tb_code, of the refusal */
    char field[48];
};

struct tb_group {
    struct tb_group *next; /* of the closed ones */
    uint64_t hash;         /* of the key */
    int64_t number;        /* closed as the n-th */
    int64_t last_row;
    bool cancels;
    bool reported; /* nothing of it is sent or counted: an earlier run did */
    char *bytes;
    uint32_t bytes_n;
    uint32_t bytes_cap;
    struct tb_sale_line *line;
    uint32_t line_n;
    uint32_t line_cap;
    uint32_t key_n; /* bytes[0 .. key_n) */
    struct tb_text store, associate, touchpoint, receipt, till;
    int64_t occurred_ms;
    struct tb_identifier identifier[TB_MAP_IDENTIFIERS_MAX];
    char plain[TB_MAP_IDENTIFIERS_MAX * 256];
    uint32_t identifier_n;
    uint64_t customer; /* fingerprint of the first identifier, 0 = none */
    bool enrols;
    int64_t enrol_ms;
    uint32_t match_from; /* of a cancellation, while it is in the batch */
    uint32_t match_to;
};

static inline struct tb_str tb_group_key(const struct tb_group *g)
{
    return (struct tb_str){g->bytes, g->key_n};
}

/* ---- group.c ------------------------------------------------------------------------------ */

struct tb_groups {
    struct tb_group **slot; /* open ones by hash; linear probing */
    uint32_t cap;
    uint32_t n;
    struct tb_group **age; /* ring: candidates in the order of their last row */
    int64_t *age_row;
    uint32_t age_cap;
    uint32_t age_first;
    uint32_t age_n;
    int64_t closed;
};
struct tb_group *tb_groups_open(struct tb_groups *all, struct tb_str key, uint64_t hash, bool *fresh);
/* The group has its row: it is the youngest now. */
void tb_groups_touch(struct tb_groups *all, struct tb_group *g, int64_t row);
/* The oldest open group whose last row is before `row`, taken out; NULL: none. */
struct tb_group *tb_groups_close(struct tb_groups *all, int64_t row);
/* Takes a group that has no row yet out again. */
void tb_groups_drop(struct tb_groups *all, struct tb_group *g);
void tb_groups_free(struct tb_groups *all);
void tb_group_free(struct tb_group *g);
struct tb_text tb_group_put(struct tb_group *g, struct tb_str s);
struct tb_sale_line *tb_group_line(struct tb_group *g);

/* ---- match.c -------------------------------------------------------------------------------- */

struct tb_purchase {
    uint32_t next; /* index + 1 */
    uint32_t line; /* within its order */
    uint32_t key_at; /* of the order's key in the pool */
    uint32_t key_n;
    int64_t milli_left;
    int64_t net_left;
    int64_t at_ms;
};
struct tb_purchases {
    struct tb_purchase *p;
    uint32_t n;
    uint32_t cap;
    uint64_t *slot_key; /* fingerprint of (customer, product) */
    uint32_t *slot_first;
    uint32_t slots;
    uint32_t used;
    char *keys;
    uint32_t keys_n;
    uint32_t keys_cap;
};
struct tb_match {
    uint32_t purchase; /* index */
    uint32_t line;     /* of the cancelling group */
    int64_t milli;
    int64_t net;
    tb_nano nano; /* exact value at the price of the cancellation */
};
uint32_t tb_purchases_key(struct tb_purchases *all, struct tb_str key);
void tb_purchases_add(struct tb_purchases *all, uint64_t customer, struct tb_str sku,
                      const struct tb_purchase *p);
/* The newest purchase not later than at_ms that has something left; NULL: none. */
struct tb_purchase *tb_purchases_newest(struct tb_purchases *all, uint64_t customer, struct tb_str sku,
                                        int64_t at_ms);
static inline struct tb_str tb_purchase_key(const struct tb_purchases *all, const struct tb_purchase *p)
{
    return (struct tb_str){all->keys + p->key_at, p->key_n};
}
void tb_purchases_free(struct tb_purchases *all);

#endif
