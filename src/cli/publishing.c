// SPDX-License-Identifier: Apache-2.0
/* Without published tables: the engine's own (record, history, feed_mark) are all. */
#include "cli/publishing.h"

struct tb_node_publishing *tb_node_publishing_open(struct tb_node *n)
{
    (void)n;
    return NULL;
}

const struct tb_publisher *tb_node_publisher(const struct tb_node_publishing *p)
{
    (void)p;
    return NULL;
}

void tb_node_publishing_close(struct tb_node_publishing *p)
{
    (void)p;
}
