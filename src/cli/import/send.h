// SPDX-License-Identifier: Apache-2.0
/* cli/import/send.h - the commands of closed groups, and what their answers mean. Of the
 * import of orders alone.                                                                */
#ifndef TB_CLI_IMPORT_SEND_H
#define TB_CLI_IMPORT_SEND_H

#include "cli/import/orders.h"
#include "core/store/pool.h"

enum tb_sent_kind { TB_SENT_SALE = 0, TB_SENT_RETURN, TB_SENT_ENROL, TB_SENT_CONTACT, TB_SENT_ENROL_AGAIN };

struct tb_sent {
    enum tb_sent_kind kind;
    struct tb_group *group;
    uint32_t from; /* lines of a sale, matches of a return */
    uint32_t to;
    uint64_t input_hash; /* of a sale, for a dry run */
};

struct tb_orders {
    struct tb_groups open;
    struct tb_group *done; /* closed, sent, not yet counted; newest first */
    uint32_t done_n;
    uint32_t done_lines;
    struct tb_purchases purchases;
    struct tb_seen customers;
    struct tb_match *match; /* of the groups in done */
    uint32_t match_n;
    uint32_t match_cap;
    struct tb_sent sent[TB_IMPORT_WAVE]; /* beside the wave's requests */
    void *batch_memory;
    struct tb_arena batch; /* inputs of the groups in done */
    struct tb_regions *regions; /* dry run: blocks that answers carry */
    struct tb_pool *pool;
};

bool tb_send_open(struct tb_import *imp);
void tb_send_close(struct tb_import *imp);
/* Lines [from, from + n) of a group as one order. False: the import ends, imp->fault. */
bool tb_send_order(struct tb_import *imp, struct tb_group *g, uint32_t from, uint32_t n, struct tb_str key,
                   uint32_t part);
/* Matches [from, to), all of one order. */
bool tb_send_return(struct tb_import *imp, struct tb_group *g, uint32_t from, uint32_t to, uint32_t part);
bool tb_send_enrol(struct tb_import *imp, struct tb_group *g);
/* Runs what waits, counts the closed groups, frees them, remembers how far. */
bool tb_send_finish(struct tb_import *imp);

/* orders.c */
tb_nano tb_orders_minor_nano(const struct tb_import *imp, int64_t minor);

/* "KEY", "KEY#2", "KEY#3" ... in the batch's arena. */
struct tb_str tb_orders_part_key(struct tb_import *imp, const struct tb_group *g, uint32_t part);
void tb_matches_add(struct tb_orders *o, const struct tb_match *m);

#endif
