// SPDX-License-Identifier: Apache-2.0
/* cli/webhooks.h - the webhooks of a node that is served: channel/webhook over its feed. */
#ifndef TB_CLI_WEBHOOKS_H
#define TB_CLI_WEBHOOKS_H

#include "cli/node.h"

struct tb_app;
struct tb_node_webhooks;

/* loopback: receivers on this machine are allowed. NULL with *fault. Between tb_app_start and
 * tb_app_stop.                                                                            */
TB_MUST_USE struct tb_node_webhooks *tb_node_webhooks_open(struct tb_node *n, struct tb_app *app,
                                                           bool loopback, struct tb_fault *fault);
/* For tb_app_start; valid as long as the node. */
struct tb_app_letters;
void tb_node_letters(struct tb_node *n, struct tb_app_letters *out);
void tb_node_webhooks_close(struct tb_node_webhooks *w); /* NULL is fine */

#endif
