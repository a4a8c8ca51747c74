// SPDX-License-Identifier: Apache-2.0
/* The tables of engine/publish.h over a node's cell. */
#include "cli/publishing.h"

#include <stdlib.h>

#include "engine/publish_check.h"
#include "http/names.h"

struct tb_node_publishing {
    struct tb_publish *publish;
    struct tb_names *names;
};

struct tb_node_publishing *tb_node_publishing_open(struct tb_node *n)
{
    struct tb_node_publishing *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->names = tb_names_open(n->keys);
    struct tb_publish_options o = {.host = n->cell_options.host,
                                   .names = p->names ? tb_names_port(p->names) : NULL,
                                   .names_again = n->restored};
    p->publish = tb_publish_create(&o);
    return p;
}

const struct tb_publisher *tb_node_publisher(const struct tb_node_publishing *p)
{
    return p ? tb_publish_of(p->publish) : NULL;
}

bool tb_node_publishing_check(const struct tb_node *n, void (*found)(void *user, const char *sentence), void *user,
                              struct tb_publish_checked *out, struct tb_fault *fault)
{
    return tb_publish_check(n->publishing->publish, n->state, 0, found, user, out, fault);
}

void tb_node_publishing_close(struct tb_node_publishing *p)
{
    if (p == NULL)
        return;
    tb_publish_destroy(p->publish);
    tb_names_close(p->names);
    free(p);
}
