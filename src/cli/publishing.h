// SPDX-License-Identifier: Apache-2.0
/* cli/publishing.h - the published tables of a node, when this build has them. */
#ifndef TB_CLI_PUBLISHING_H
#define TB_CLI_PUBLISHING_H

#include "cli/node.h"

struct tb_node_publishing;

/* NULL when there is nothing to publish. */
struct tb_node_publishing *tb_node_publishing_open(struct tb_node *n);
const struct tb_publisher *tb_node_publisher(const struct tb_node_publishing *p);
/* See engine/publish_check.h. The node has publishing, and its cell has begun. */
struct tb_publish_checked;
TB_MUST_USE bool tb_node_publishing_check(const struct tb_node *n, void (*found)(void *user, const char *sentence),
                                          void *user, struct tb_publish_checked *out, struct tb_fault *fault);
void tb_node_publishing_close(struct tb_node_publishing *p); /* NULL is fine */

#endif
