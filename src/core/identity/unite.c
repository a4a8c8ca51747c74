// SPDX-License-Identifier: Apache-2.0
/* Uniting tenures to persons: edges in canonical order, each taken unless a rule forbids
 * what it would make (Kruskal's scheme with constraints). The order names no arrival. */
#include "core/identity/graph_int.h"

static const struct tb_graph_value *value_of(const struct tb_graph *g, uint32_t tenure)
{
    return &g->value[g->group[g->tenure[tenure].group].value];
}

static bool join_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_join *x = &g->join[a];
    const struct tb_graph_join *y = &g->join[b];
    if (x->by_hand != y->by_hand)
        return x->by_hand;
    if (x->high != y->high)
        return x->high < y->high;
    if (x->low != y->low)
        return x->low < y->low;
    if (x->verified != y->verified)
        return x->verified;
    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms;
    if (x->a != y->a) /* tenures are numbered by namespace, key and time */
        return x->a < y->a;
    return x->b < y->b;
}

static void add_join(struct tb_graph *g, uint32_t a, uint32_t b, struct tb_graph_join j)
{
    uint32_t pa = g->ns[value_of(g, a)->ns].priority;
    uint32_t pb = g->ns[value_of(g, b)->ns].priority;
    j.a = a < b ? a : b;
    j.b = a < b ? b : a;
    j.high = pa < pb ? pa : pb;
    j.low = pa < pb ? pb : pa;
    g->join[g->join_n++] = j;
}

static bool make_joins(struct tb_graph *g)
{
    g->join = TB_NEW_ARRAY(g->arena, struct tb_graph_join, g->link_n + g->edge_n + 1);
    if (g->join == NULL)
        return false;
    for (uint32_t i = 0; i < g->link_n; i++) {
        const struct tb_graph_link *l = &g->link[i];
        uint32_t va = g->group[l->a].value;
        uint32_t vb = g->group[l->b].value;
        bool needs = g->ns[g->value[va].ns].needs_verification ||
                     g->ns[g->value[vb].ns].needs_verification;
        if (g->value[va].hot || g->value[vb].hot || (needs && l->verified_ms == 0))
            continue;
        add_join(g, tb_graph_of_group(g, l->a, vb, l->first_ms),
                 tb_graph_of_group(g, l->b, va, l->first_ms),
                 (struct tb_graph_join){.first_ms = l->first_ms,
                                        .verified = l->verified_ms != 0});
    }
    for (uint32_t i = 0; i < g->edge_n; i++)
        if (g->edge[i].flags & TB_EDGE_ALWAYS)
            add_join(g, g->element[g->edge[i].a].tenure, g->element[g->edge[i].b].tenure,
                     (struct tb_graph_join){.by_hand = true});
    return true;
}

static uint32_t root_of(struct tb_graph *g, uint32_t tenure)
{
    uint32_t r = tenure;
    while (g->tenure[r].root != r)
        r = g->tenure[r].root;
    for (uint32_t x = tenure; x != r;) {
        uint32_t up = g->tenure[x].root;
        g->tenure[x].root = r;
        x = up;
    }
    return r;
}

static bool parted_by_hand(struct tb_graph *g, uint32_t ra, uint32_t rb)
{
    for (uint32_t i = 0; i < g->edge_n; i++) {
        if (!(g->edge[i].flags & TB_EDGE_NEVER))
            continue;
        uint32_t x = root_of(g, g->element[g->edge[i].a].tenure);
        uint32_t y = root_of(g, g->element[g->edge[i].b].tenure);
        if ((x == ra && y == rb) || (x == rb && y == ra))
            return true;
    }
    return false;
}

static bool unique_breaks(const struct tb_graph *g, uint32_t ra, uint32_t rb)
{
    for (uint32_t x = ra; x != TB_GRAPH_NONE; x = g->tenure[x].next) {
        const struct tb_graph_value *vx = value_of(g, x);
        if (!g->ns[vx->ns].unique)
            continue;
        for (uint32_t y = rb; y != TB_GRAPH_NONE; y = g->tenure[y].next) {
            const struct tb_graph_value *vy = value_of(g, y);
            if (vx->ns == vy->ns && vx != vy)
                return true;
        }
    }
    return false;
}

static bool start_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    if (g->tenure[a].start_ms != g->tenure[b].start_ms)
        return g->tenure[a].start_ms < g->tenure[b].start_ms;
    return a < b;
}

/* Adds the person's tenures of one namespace to index[], one (the oldest) a value. */
static uint32_t collect(const struct tb_graph *g, uint32_t root, uint16_t ns, uint32_t *index,
                        uint32_t n)
{
    for (uint32_t x = root; x != TB_GRAPH_NONE; x = g->tenure[x].next) {
        const struct tb_graph_value *v = value_of(g, x);
        if (v->ns != ns)
            continue;
        uint32_t k = 0;
        while (k < n && value_of(g, index[k]) != v)
            k++;
        if (k == n)
            index[n++] = x;
        else if (start_before(g, x, index[k]))
            index[k] = x;
    }
    return n;
}

static bool has_ns(const struct tb_graph *g, uint32_t root, uint16_t ns)
{
    for (uint32_t x = root; x != TB_GRAPH_NONE; x = g->tenure[x].next)
        if (value_of(g, x)->ns == ns)
            return true;
    return false;
}

/* More values than the limit whose first evidence lies within one window. */
static bool limit_breaks(const struct tb_graph *g, uint32_t ra, uint32_t rb, uint32_t *index)
{
    for (uint16_t ns = 0; ns < g->ns_n; ns++) {
        uint32_t limit = g->ns[ns].limit;
        if (limit == 0 || !has_ns(g, ra, ns) || !has_ns(g, rb, ns))
            continue;
        uint32_t n = collect(g, rb, ns, index, collect(g, ra, ns, index, 0));
        if (n <= limit)
            continue;
        if (g->ns[ns].window_days == 0)
            return true;
        tb_graph_sort(g, index, n, start_before);
        int64_t window_ms = (int64_t)g->ns[ns].window_days * TB_DAY_MS;
        for (uint32_t i = 0; i + limit < n; i++)
            if (g->tenure[index[i + limit]].start_ms - g->tenure[index[i]].start_ms < window_ms)
                return true;
    }
    return false;
}

static void append(struct tb_graph *g, uint32_t ra, uint32_t rb)
{
    g->tenure[rb].root = ra;
    g->tenure[g->tenure[ra].tail].next = rb;
    g->tenure[ra].tail = g->tenure[rb].tail;
    g->tenure[ra].size += g->tenure[rb].size;
}

bool tb_graph_unite(struct tb_graph *g)
{
    if (!make_joins(g))
        return false;
    uint32_t *index = TB_NEW_ARRAY(g->arena, uint32_t, g->join_n + 1);
    uint32_t *work = TB_NEW_ARRAY(g->arena, uint32_t, g->tenure_n + 1);
    if (index == NULL || work == NULL)
        return false;
    for (uint32_t i = 0; i < g->tenure_n; i++) {
        g->tenure[i].root = g->tenure[i].tail = i;
        g->tenure[i].next = TB_GRAPH_NONE;
        g->tenure[i].size = 1;
    }
    for (uint32_t i = 0; i < g->join_n; i++)
        index[i] = i;
    tb_graph_sort(g, index, g->join_n, join_before);
    for (uint32_t i = 0; i < g->join_n; i++) {
        uint32_t ra = root_of(g, g->join[index[i]].a);
        uint32_t rb = root_of(g, g->join[index[i]].b);
        if (ra == rb || unique_breaks(g, ra, rb) || limit_breaks(g, ra, rb, work) ||
            parted_by_hand(g, ra, rb))
            continue;
        append(g, ra, rb);
    }
    for (uint32_t i = 0; i < g->tenure_n; i++)
        g->tenure[i].root = root_of(g, i);
    return true;
}
