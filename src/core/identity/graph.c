// SPDX-License-Identifier: Apache-2.0
/* Values, runs, groups and tenures. Uniting them to persons is in unite.c. */
#include "core/identity/graph_int.h"

static int32_t day_of(int64_t ms)
{
    return (int32_t)(ms >= 0 ? ms / TB_DAY_MS : -((-ms + TB_DAY_MS - 1) / TB_DAY_MS));
}

static void sift(const struct tb_graph *g, uint32_t *index, uint32_t at, uint32_t n,
                 tb_graph_before before)
{
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= n)
            return;
        if (child + 1 < n && before(g, index[child], index[child + 1]))
            child++;
        if (!before(g, index[at], index[child]))
            return;
        uint32_t keep = index[at];
        index[at] = index[child];
        index[child] = keep;
        at = child;
    }
}

void tb_graph_sort(const struct tb_graph *g, uint32_t *index, uint32_t n, tb_graph_before before)
{
    if (n <= 12) {
        for (uint32_t i = 1; i < n; i++) {
            uint32_t x = index[i];
            uint32_t k = i;
            for (; k > 0 && before(g, x, index[k - 1]); k--)
                index[k] = index[k - 1];
            index[k] = x;
        }
        return;
    }
    for (uint32_t i = n / 2; i-- > 0;)
        sift(g, index, i, n, before);
    for (uint32_t end = n; end-- > 1;) {
        uint32_t keep = index[0];
        index[0] = index[end];
        index[end] = keep;
        sift(g, index, 0, end, before);
    }
}

static bool same_value(const struct tb_graph_element *x, const struct tb_graph_element *y)
{
    return x->ns == y->ns && x->key[0] == y->key[0] && x->key[1] == y->key[1];
}

/* By value, then time. */
static bool element_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_element *x = &g->element[a];
    const struct tb_graph_element *y = &g->element[b];
    if (x->ns != y->ns)
        return g->ns[x->ns].id < g->ns[y->ns].id;
    if (x->key[0] != y->key[0])
        return x->key[0] < y->key[0];
    if (x->key[1] != y->key[1])
        return x->key[1] < y->key[1];
    if (x->since_ms != y->since_ms)
        return x->since_ms < y->since_ms;
    if (x->wall != y->wall)
        return y->wall; /* evidence of that very instant is before it */
    return x->profile < y->profile;
}

/* The run that begins at place i of order[]: returns its end. */
static uint32_t run_from(const struct tb_graph *g, uint32_t i, uint32_t to, uint32_t gap,
                         bool *verified)
{
    int32_t end_day = g->element[g->order[i]].last_day;
    *verified = g->element[g->order[i]].verified;
    for (i++; i < to; i++) {
        const struct tb_graph_element *e = &g->element[g->order[i]];
        if (e->wall || (gap != 0 && (int64_t)day_of(e->since_ms) - end_day > gap))
            break;
        end_day = e->last_day > end_day ? e->last_day : end_day;
        *verified |= e->verified;
    }
    return i;
}

/* Splits one value's elements (sorted by time) into runs, and runs into groups. */
static void split_value(struct tb_graph *g, uint32_t from, uint32_t to)
{
    uint32_t v = g->value_n++;
    struct tb_graph_value *value = &g->value[v];
    *value = (struct tb_graph_value){.element = from, .element_n = to - from, .group = g->group_n,
                                     .ns = g->element[g->order[from]].ns};
    uint32_t gap = g->ns[value->ns].gap_days;
    bool fresh = true; /* the next run begins a group */
    for (uint32_t i = from; i < to;) {
        struct tb_graph_element *first = &g->element[g->order[i]];
        if (first->wall) {
            first->value = v;
            first->run = g->run_n++;
            g->group_of[g->order[i]] = g->group_n > value->group ? g->group_n - 1 : value->group;
            fresh = true;
            i++;
            continue;
        }
        bool verified;
        uint32_t end = run_from(g, i, to, gap, &verified);
        if (fresh || verified)
            g->group[g->group_n++] = (struct tb_graph_group){.value = v, .start_ms = first->since_ms};
        fresh = false;
        for (; i < end; i++) {
            struct tb_graph_element *e = &g->element[g->order[i]];
            e->value = v;
            e->run = g->run_n;
            g->group_of[g->order[i]] = g->group_n - 1;
            value->hot |= e->hot;
        }
        g->run_n++;
    }
    value->group_n = g->group_n - value->group;
    tb_assert(value->group_n > 0); /* walls stand only where there is evidence */
}

static void split_values(struct tb_graph *g)
{
    for (uint32_t i = 0; i < g->element_n; i++)
        g->order[i] = i;
    tb_graph_sort(g, g->order, g->element_n, element_before);
    for (uint32_t i = 0; i < g->element_n;) {
        uint32_t k = i + 1;
        while (k < g->element_n &&
               same_value(&g->element[g->order[i]], &g->element[g->order[k]]))
            k++;
        split_value(g, i, k);
        i = k;
    }
}

static bool link_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_link *x = &g->link[a];
    const struct tb_graph_link *y = &g->link[b];
    if (x->a != y->a)
        return x->a < y->a;
    return x->b < y->b;
}

/* One link per pair of groups: the oldest evidence, the oldest verified evidence. */
static bool make_links(struct tb_graph *g)
{
    uint32_t *index = TB_NEW_ARRAY(g->arena, uint32_t, g->edge_n + 1);
    g->link = TB_NEW_ARRAY(g->arena, struct tb_graph_link, g->edge_n * 2 + 1);
    if (index == NULL || g->link == NULL)
        return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->edge_n; i++) {
        const struct tb_graph_edge *e = &g->edge[i];
        uint32_t a = g->group_of[e->a];
        uint32_t b = g->group_of[e->b];
        if (!(e->flags & TB_EDGE_SEEN) || g->group[a].value == g->group[b].value)
            continue;
        g->link[n] = (struct tb_graph_link){.a = a < b ? a : b, .b = a < b ? b : a,
                                            .first_ms = e->first_ms,
                                            .verified_ms = e->verified_ms};
        index[n] = n;
        n++;
    }
    tb_graph_sort(g, index, n, link_before);
    struct tb_graph_link *out = g->link + g->edge_n;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_graph_link *l = &g->link[index[i]];
        struct tb_graph_link *last = g->link_n ? &out[g->link_n - 1] : NULL;
        if (last == NULL || last->a != l->a || last->b != l->b) {
            out[g->link_n++] = *l;
            continue;
        }
        if (l->first_ms < last->first_ms)
            last->first_ms = l->first_ms;
        if (l->verified_ms != 0 && (last->verified_ms == 0 || l->verified_ms < last->verified_ms))
            last->verified_ms = l->verified_ms;
    }
    g->link = out;
    return true;
}

/* By value that is tied, namespace of the partner by priority, partner, time. */
static bool tie_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_tie *x = &g->tie[a];
    const struct tb_graph_tie *y = &g->tie[b];
    if (x->group != y->group)
        return x->group < y->group;
    const struct tb_graph_ns *nx = &g->ns[g->value[x->partner].ns];
    const struct tb_graph_ns *ny = &g->ns[g->value[y->partner].ns];
    if (nx->priority != ny->priority)
        return nx->priority < ny->priority;
    if (nx->id != ny->id)
        return nx->id < ny->id;
    if (x->partner != y->partner)
        return x->partner < y->partner;
    return x->verified_ms < y->verified_ms;
}

static void add_tie(struct tb_graph *g, uint32_t strong, uint32_t unique, int64_t verified_ms)
{
    const struct tb_graph_value *v = &g->value[g->group[strong].value];
    const struct tb_graph_value *u = &g->value[g->group[unique].value];
    if (!g->ns[v->ns].unique && g->ns[u->ns].unique)
        g->tie[g->tie_n++] = (struct tb_graph_tie){strong, g->group[unique].value, verified_ms};
}

static bool partner_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    uint32_t va = g->group[g->tie[a].group].value;
    uint32_t vb = g->group[g->tie[b].group].value;
    if (va != vb)
        return va < vb;
    return g->tie[a].partner < g->tie[b].partner; /* values of a namespace stand together */
}

/* Over all of a value's groups: the count never falls as evidence comes in. */
static void mark_hot(struct tb_graph *g, uint32_t *index)
{
    if (g->tie_n <= TB_HOT_PARTNERS)
        return;
    for (uint32_t i = 0; i < g->tie_n; i++)
        index[i] = i;
    tb_graph_sort(g, index, g->tie_n, partner_before);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < g->tie_n; i++) {
        const struct tb_graph_tie *x = &g->tie[index[i]];
        const struct tb_graph_tie *p = i ? &g->tie[index[i - 1]] : NULL;
        uint32_t value = g->group[x->group].value;
        bool same = p != NULL && g->group[p->group].value == value &&
                    g->value[p->partner].ns == g->value[x->partner].ns;
        distinct = same ? distinct + (p->partner != x->partner) : 1;
        if (distinct > TB_HOT_PARTNERS)
            g->value[value].hot = true;
    }
}

/* Which unique values a strong one is tied to; too many in one namespace make it hot. */
static bool make_ties(struct tb_graph *g)
{
    g->tie = TB_NEW_ARRAY(g->arena, struct tb_graph_tie, g->link_n * 2 + 1);
    uint32_t *index = TB_NEW_ARRAY(g->arena, uint32_t, g->link_n * 2 + 1);
    if (g->tie == NULL || index == NULL)
        return false;
    for (uint32_t i = 0; i < g->link_n; i++) {
        add_tie(g, g->link[i].a, g->link[i].b, g->link[i].verified_ms);
        add_tie(g, g->link[i].b, g->link[i].a, g->link[i].verified_ms);
    }
    for (uint32_t i = 0; i < g->tie_n; i++)
        index[i] = i;
    tb_graph_sort(g, index, g->tie_n, tie_before);
    struct tb_graph_tie *sorted = g->tie + g->link_n; /* a link is a tie at most once */
    for (uint32_t i = 0; i < g->tie_n; i++)
        sorted[i] = g->tie[index[i]];
    g->tie = sorted;
    mark_hot(g, index);
    return true;
}

static bool tenure_tie_before(const struct tb_graph *g, uint32_t a, uint32_t b)
{
    const struct tb_graph_tie *x = &g->tie[a];
    const struct tb_graph_tie *y = &g->tie[b];
    if (x->verified_ms != y->verified_ms)
        return x->verified_ms < y->verified_ms;
    return x->partner < y->partner; /* values are numbered in canonical order */
}

/* The group's ties in [from, to) that are verified and of the first namespace with two
 * partners; their places go to index[]. Returns how many: 0 = no split. */
static uint32_t anchors_of(const struct tb_graph *g, uint32_t from, uint32_t to, uint32_t *index)
{
    for (uint32_t i = from; i < to;) {
        uint16_t ns = g->value[g->tie[i].partner].ns;
        uint32_t n = 0;
        for (; i < to && g->value[g->tie[i].partner].ns == ns; i++) {
            const struct tb_graph_tie *x = &g->tie[i];
            if (x->verified_ms == 0)
                continue;
            if (n > 0 && g->tie[index[n - 1]].partner == x->partner)
                continue;
            index[n++] = i;
        }
        if (n >= 2)
            return n;
    }
    return 0;
}

static bool make_tenures(struct tb_graph *g)
{
    uint32_t *index = TB_NEW_ARRAY(g->arena, uint32_t, g->tie_n + 1);
    g->tenure = TB_NEW_ARRAY(g->arena, struct tb_graph_tenure, g->group_n + g->tie_n);
    if (index == NULL || g->tenure == NULL)
        return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < g->group_n; i++) {
        struct tb_graph_group *group = &g->group[i];
        uint32_t from = at;
        while (at < g->tie_n && g->tie[at].group == i)
            at++;
        uint32_t n = g->value[group->value].hot ? 0 : anchors_of(g, from, at, index);
        tb_graph_sort(g, index, n, tenure_tie_before);
        group->tenure = g->tenure_n;
        group->tenure_n = n ? n : 1;
        for (uint32_t k = 0; k < group->tenure_n; k++)
            g->tenure[g->tenure_n++] = (struct tb_graph_tenure){
                .group = i,
                .anchor = n ? g->tie[index[k]].partner : TB_GRAPH_NONE,
                .start_ms = k ? g->tie[index[k]].verified_ms : group->start_ms};
    }
    return true;
}

/* A tenure of the group by its anchor, NONE when the value is none of its anchors. */
static uint32_t by_anchor(const struct tb_graph *g, const struct tb_graph_group *group,
                          uint32_t value)
{
    if (value == TB_GRAPH_NONE)
        return TB_GRAPH_NONE;
    for (uint32_t i = group->tenure; i < group->tenure + group->tenure_n; i++)
        if (g->tenure[i].anchor == value)
            return i;
    return TB_GRAPH_NONE;
}

uint32_t tb_graph_of_group(const struct tb_graph *g, uint32_t group_no, uint32_t partner,
                           int64_t at_ms)
{
    const struct tb_graph_group *group = &g->group[group_no];
    uint32_t found = by_anchor(g, group, partner);
    if (found != TB_GRAPH_NONE || group->tenure_n == 1)
        return found != TB_GRAPH_NONE ? found : group->tenure;
    found = group->tenure;
    for (uint32_t i = group->tenure + 1; i < group->tenure + group->tenure_n; i++)
        if (g->tenure[i].start_ms <= at_ms)
            found = i;
    return found;
}

uint32_t tb_graph_tenure_at(const struct tb_graph *g, uint32_t element, uint32_t partner,
                            int64_t at_ms)
{
    return tb_graph_of_group(g, g->group_of[element], partner, at_ms);
}

/* The anchor of the group that is in the same person block as the element. */
static uint32_t anchor_beside(const struct tb_graph *g, const struct tb_graph_group *group,
                              uint32_t person)
{
    for (uint32_t i = 0; person != 0 && i < group->tenure_n; i++) {
        const struct tb_graph_value *v = &g->value[g->tenure[group->tenure + i].anchor];
        for (uint32_t k = v->element; k < v->element + v->element_n; k++)
            if (g->element[g->order[k]].person == person)
                return group->tenure + i;
    }
    return TB_GRAPH_NONE;
}

/* What was booked stays: a profile keeps the tenure it was recorded for; when the group is
 * split for the first time, that of the anchor in its person; else time decides. */
static void place_elements(struct tb_graph *g)
{
    for (uint32_t i = 0; i < g->element_n; i++) {
        struct tb_graph_element *e = &g->element[i];
        const struct tb_graph_group *group = &g->group[g->group_of[i]];
        e->tenure = group->tenure;
        if (group->tenure_n == 1)
            continue;
        uint32_t found = TB_GRAPH_NONE;
        for (uint32_t k = 0; e->label != 0 && k < g->element_n; k++)
            if (g->element[k].profile == e->label)
                found = by_anchor(g, group, g->element[k].value);
        if (found == TB_GRAPH_NONE)
            found = anchor_beside(g, group, e->person);
        e->tenure = found != TB_GRAPH_NONE
                        ? found
                        : tb_graph_of_group(g, g->group_of[i], TB_GRAPH_NONE, e->since_ms);
    }
}

bool tb_graph_solve(struct tb_graph *g)
{
    uint32_t n = g->element_n + 1;
    g->order = TB_NEW_ARRAY(g->arena, uint32_t, n);
    g->group_of = TB_NEW_ARRAY(g->arena, uint32_t, n);
    g->value = TB_NEW_ARRAY(g->arena, struct tb_graph_value, n);
    g->group = TB_NEW_ARRAY(g->arena, struct tb_graph_group, n);
    if (g->order == NULL || g->group_of == NULL || g->value == NULL || g->group == NULL)
        return false;
    g->value_n = g->run_n = g->group_n = g->tenure_n = g->link_n = g->tie_n = g->join_n = 0;
    split_values(g);
    if (!make_links(g) || !make_ties(g) || !make_tenures(g))
        return false;
    place_elements(g);
    return tb_graph_unite(g);
}
