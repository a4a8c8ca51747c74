// SPDX-License-Identifier: Apache-2.0
#include "http/route.h"

#include <string.h>

static int order(struct tb_str s, const struct tb_route_literal *l)
{
    if (s.n != l->n)
        return s.n < l->n ? -1 : 1;
    return memcmp(s.p, l->text, s.n);
}

/* The node behind a literal child; 0 when there is none (the root is nobody's child). */
static uint16_t literal_child(const struct tb_route_node *node, struct tb_str s)
{
    uint32_t lo = node->literal_first;
    uint32_t hi = lo + node->literal_n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = order(s, &tb_route_literals[mid]);
        if (c == 0)
            return tb_route_literals[mid].node;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return 0;
}

struct tb_route tb_route_find(const struct tb_request *req)
{
    struct tb_route route = {.op = TB_API_NONE};
    const struct tb_route_node *node = &tb_route_nodes[0];
    uint32_t param_n = 0;
    for (uint32_t i = 0; i < req->segment_n; i++) {
        struct tb_str s = req->segment[i];
        uint16_t next = literal_child(node, s);
        if (next == 0 && node->param != 0 && s.n > 0 && param_n < TB_PARAMS_MAX) {
            next = node->param;
            route.param[param_n++] = s;
        }
        if (next == 0)
            return route;
        node = &tb_route_nodes[next];
    }
    for (uint32_t m = 0; m < TB_HTTP_METHOD_N; m++)
        if (node->op[m] != TB_API_NONE)
            route.methods |= 1u << m;
    route.op = (enum tb_api)node->op[req->method];
    return route;
}
