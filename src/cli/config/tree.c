// SPDX-License-Identifier: Apache-2.0
/* cli/config/tree.c - see tree.h. */
#include "cli/config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tb_tree_load(struct tb_tree *t, const char *bytes, size_t n, char *why, size_t cap)
{
    struct tb_refusal refusal = {0};
    struct tb_arena arena;
    size_t room = n * 12 + (64u << 10);
    struct tb_json_index *x = tb_json_index_create();
    *t = (struct tb_tree){.bytes = malloc(n + 1), .region = malloc(room)};
    bool ok = x != NULL && t->bytes != NULL && t->region != NULL;
    if (!ok) {
        (void)snprintf(why, cap, "no memory");
    } else {
        memcpy(t->bytes, bytes, n);
        t->bytes[n] = 0;
        tb_arena_init(&arena, t->region, room);
        ok = n <= TB_JSON_BYTES_MAX &&
             tb_json_parse(x, (struct tb_str){t->bytes, (uint32_t)n}, TB_JSON_BYTES_MAX, &arena, &t->doc, &refusal);
        const char *title = refusal.problem ? tb_problem_title(refusal.problem) : "It is too large.";
        if (!ok)
            (void)snprintf(why, cap, "%s %s %s", title, refusal.detail, refusal.field);
    }
    if (x != NULL)
        tb_json_index_destroy(x);
    return ok;
}

void tb_tree_free(struct tb_tree *t)
{
    free(t->bytes);
    free(t->region);
    *t = (struct tb_tree){0};
}

struct tb_place tb_place_member(struct tb_place p, struct tb_str name)
{
    struct tb_place child = {p.tree, TB_TREE_NONE};
    struct tb_str key;
    if (!tb_place_is(p) || tb_place_node(p)->kind != TB_JSON_OBJECT)
        return (struct tb_place){p.tree, TB_TREE_NONE};
    while (tb_place_next(p, &key, &child))
        if (tb_str_eq(key, name))
            return child;
    return (struct tb_place){p.tree, TB_TREE_NONE};
}

bool tb_place_next(struct tb_place p, struct tb_str *key, struct tb_place *child)
{
    const struct tb_json_node *node = p.tree->doc.node;
    bool object = node[p.at].kind == TB_JSON_OBJECT;
    if (!object && node[p.at].kind != TB_JSON_ARRAY)
        return false;
    uint32_t at = child->at == TB_TREE_NONE ? p.at + 1 : node[child->at].end;
    if (at >= node[p.at].end)
        return false;
    *key = TB_STR_NONE;
    if (object) {
        *key = (struct tb_str){node[at].text, node[at].n};
        at++;
    }
    *child = (struct tb_place){p.tree, at};
    return true;
}

struct tb_str tb_place_text(struct tb_place p)
{
    const struct tb_json_node *n = tb_place_is(p) ? tb_place_node(p) : NULL;
    return n != NULL && n->kind == TB_JSON_STRING ? (struct tb_str){n->text, n->n} : TB_STR_NONE;
}

static void write_leaf(const struct tb_json_node *n, struct tb_json_out *o)
{
    struct tb_str text = {n->text, n->n};
    switch ((enum tb_json_kind)n->kind) {
    case TB_JSON_FALSE:
    case TB_JSON_TRUE:
        tb_json_out_bool(o, n->kind == TB_JSON_TRUE);
        break;
    case TB_JSON_INT:
        tb_json_out_i64(o, n->i);
        break;
    case TB_JSON_NUMBER:
        tb_json_out_raw(o, text);
        break;
    case TB_JSON_STRING:
        tb_json_out_str(o, text);
        break;
    case TB_JSON_KEY:
        tb_json_out_key_escaped(o, text);
        break;
    case TB_JSON_NULL:
    case TB_JSON_ARRAY:
    case TB_JSON_OBJECT:
        tb_json_out_null(o);
        break;
    }
}

/* The tape is in document order: what is open is a stack of ends. */
void tb_place_write(struct tb_place p, struct tb_json_out *o)
{
    const struct tb_json_node *node = p.tree->doc.node;
    struct {
        uint32_t end;
        char bracket;
    } open[TB_TREE_DEPTH + 1];
    uint32_t depth = 0;
    for (uint32_t at = p.at; at < node[p.at].end;) {
        while (depth > 0 && at >= open[depth - 1].end)
            tb_json_out_close(o, open[--depth].bracket);
        bool object = node[at].kind == TB_JSON_OBJECT;
        if (object || node[at].kind == TB_JSON_ARRAY) {
            tb_assert(depth <= TB_TREE_DEPTH);
            tb_json_out_open(o, object ? '{' : '[');
            open[depth].end = node[at].end;
            open[depth++].bracket = object ? '}' : ']';
        } else {
            write_leaf(&node[at], o);
        }
        at++;
    }
    while (depth > 0)
        tb_json_out_close(o, open[--depth].bracket);
}
