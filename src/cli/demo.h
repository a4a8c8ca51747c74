// SPDX-License-Identifier: Apache-2.0
/* cli/demo.h - the demonstration retailer in a data folder: what was loaded, and its life
 * afterwards.
 *
 *   DATA/demo.world   "seed end_ms divide": which world the folder holds, one line
 *
 * The live shoppers are a thread of their own that submits like any client and stops with
 * the cell. Not here: the world itself (sim/).                                            */
#ifndef TB_CLI_DEMO_H
#define TB_CLI_DEMO_H

#include "cli/node.h"
#include "sim/sim.h"

TB_MUST_USE bool tb_demo_remember(const struct tb_node *n, const struct tb_sim_options *o,
                                  struct tb_fault *fault);
/* False: the folder holds no demonstration. */
bool tb_demo_recall(const struct tb_node *n, struct tb_sim_options *o);

struct tb_live;
/* Shoppers a second of that world. NULL: no thread or no memory, or no demonstration. */
struct tb_live *tb_live_start(struct tb_node *n, uint32_t shoppers, struct tb_fault *fault);
void tb_live_stop(struct tb_live *l); /* NULL is fine */

#endif
