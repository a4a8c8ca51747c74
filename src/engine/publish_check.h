// SPDX-License-Identifier: Apache-2.0
/* engine/publish_check.h - are the published rows what the records and the history give?
 *
 * Every row is derived anew by the very functions that publish it, as if nothing were there, and compared with
 * what the tables hold, both at one instant of the SQL state. So a figure that people read is either what the
 * checkpoint says or it is named here.
 *
 * How       rows are not kept: each adds its hash to one of BUCKETS sums of its table, each row that is read
 *           takes its hash away again, and what is not zero then is looked at a second time, row by row. Rows that
 *           events write again and again (coupons, their locks) are the exception: of these the last one counts,
 *           so hashes are kept by key, in as many passes over the history as they need.
 * Invariant reads alone; the sums' order does not matter, so a state under repair is not described by its order.
 * Memory    about 5 MB, and 48 MB at most for coupons, whatever the tables hold.
 * Threads   any, with a reader of its own; the cell may go on.
 * Not here  whether the records themselves are right (cli/cmd_check.c compares them with the journal); table
 *           `published`, which says how new the others are.                                                      */
#ifndef TB_ENGINE_PUBLISH_CHECK_H
#define TB_ENGINE_PUBLISH_CHECK_H

#include "engine/publish.h"

struct tb_publish_checked {
    uint64_t rows;      /* in the tables */
    uint32_t tables;
    uint64_t different; /* rows that are wrong, missing or too many; at least, when there are very many */
    bool behind;        /* nothing was compared: rows are put off. After a flush they are not, for a moment */
};

/* One sentence for each row that differs, 100 at most. */
typedef void (*tb_publish_found_fn)(void *user, const char *sentence);

/* like: the publisher of a running cell, for its tables (they never change). keys_max: coupons looked for in one
 * pass; 0: 1,048,576. A state that cannot hold an instant (memory) must not change meanwhile. False: *fault. */
TB_MUST_USE bool tb_publish_check(const struct tb_publish *like, struct tb_state *state, uint32_t keys_max,
                                  tb_publish_found_fn found, void *user, struct tb_publish_checked *out,
                                  struct tb_fault *fault);

#endif
