// SPDX-License-Identifier: Apache-2.0
/* cli/config/tree.h - a JSON document as a whole, for comparing: the tape of http/json.h with its own memory.
 *
 * A place is a document and a node's index; TB_TREE_NONE stands for what is not there. Places live as long as
 * their tree. Not here: what members mean (compare.c). */
#ifndef TB_CLI_CONFIG_TREE_H
#define TB_CLI_CONFIG_TREE_H

#include "http/json.h"

#define TB_TREE_NONE UINT32_MAX
#define TB_TREE_DEPTH 32u

struct tb_tree {
    struct tb_json_doc doc;
    char *bytes; /* its own copy */
    void *region;
};

struct tb_place {
    const struct tb_tree *tree;
    uint32_t at;
};

/* False: why says what is wrong. Free it in either case; free of zeroes is fine. */
TB_MUST_USE bool tb_tree_load(struct tb_tree *t, const char *bytes, size_t n, char *why, size_t cap);
void tb_tree_free(struct tb_tree *t);

static inline bool tb_place_is(struct tb_place p)
{
    return p.at != TB_TREE_NONE;
}
static inline const struct tb_json_node *tb_place_node(struct tb_place p)
{
    return &p.tree->doc.node[p.at];
}
static inline struct tb_place tb_tree_root(const struct tb_tree *t)
{
    return (struct tb_place){t, t->doc.n ? 0 : TB_TREE_NONE};
}
/* The member's value; none when p is no object or has no such member. */
struct tb_place tb_place_member(struct tb_place p, struct tb_str name);
/* Children of an object or array in order: *at begins with TB_TREE_NONE. False: no more. key: of an object. */
bool tb_place_next(struct tb_place p, struct tb_str *key, struct tb_place *child);
/* Text of a string; empty for anything else. */
struct tb_str tb_place_text(struct tb_place p);
/* Writes the value as it stands. depth: of the writer's own. */
void tb_place_write(struct tb_place p, struct tb_json_out *o);

#endif
