// SPDX-License-Identifier: Apache-2.0
/* core/code/runs.c - ranges of serials that were treated alike, in pages of runs.
 *
 * The first page is a leaf. When it is full a root of (first serial, leaf) stands above the
 * leaves; there is never more than one level. Invariant: the first run of the first leaf
 * begins at 0, a leaf's first run where its root says, neighbours within a leaf differ.
 * Not here: who may change what.                                                        */
#include "core/code/code_int.h"

/* Last element whose from (the first field) is <= serial. */
static uint32_t last_not_above(const void *base, uint32_t n, uint32_t size, uint64_t serial)
{
    uint32_t low = 0;
    while (n - low > 1) {
        uint32_t middle = (low + n) / 2;
        const uint32_t *from = (const uint32_t *)((const uint8_t *)base + (size_t)middle * size);
        if (*from <= serial)
            low = middle;
        else
            n = middle;
    }
    return low;
}

struct place {
    uint32_t leaf;
    uint32_t i;     /* of the run in the leaf */
    uint32_t child; /* of the leaf in the root, when there is one */
    uint64_t until; /* the next run's first serial, or the batch's count */
    struct tb_code_run run;
};

static struct place find(const struct tb_txn *t, const struct tb_code_batch *batch, uint64_t serial)
{
    struct place p = {.leaf = batch->root, .until = batch->count};
    struct tb_block *page = tb_read(t, TB_KIND_CODE_PAGE, p.leaf);
    tb_assert(page != NULL);
    uint32_t children = page->n[TB_CODE_PAGE_CHILD];
    if (children > 0) {
        const struct tb_code_child *child = tb_section(t, page, TB_CODE_PAGE_CHILD);
        p.child = last_not_above(child, children, sizeof *child, serial);
        p.leaf = child[p.child].page;
        if (p.child + 1 < children)
            p.until = child[p.child + 1].from;
        page = tb_read(t, TB_KIND_CODE_PAGE, p.leaf);
        tb_assert(page != NULL);
    }
    const struct tb_code_run *run = tb_section(t, page, TB_CODE_PAGE_RUN);
    uint32_t n = page->n[TB_CODE_PAGE_RUN];
    p.i = last_not_above(run, n, sizeof *run, serial);
    p.run = run[p.i];
    if (p.i + 1 < n)
        p.until = run[p.i + 1].from;
    tb_assert(p.run.from <= serial && serial < p.until);
    return p;
}

struct tb_code_span tb_code_span_at(const struct tb_txn *t, struct tb_block *batch, uint64_t serial)
{
    const struct tb_code_batch *head = tb_code_batch_head(batch);
    tb_assert(serial < head->count);
    if (head->root == 0)
        return (struct tb_code_span){.from = 0, .until = head->count};
    struct place p = find(t, head, serial);
    return (struct tb_code_span){.from = p.run.from, .until = p.until, .run = p.run};
}

/* ---- changing: apply alone ---------------------------------------------------------------- */

static const struct tb_code_batch *batch_of(const struct tb_txn *t, uint32_t batch)
{
    return tb_code_batch_head(tb_read(t, TB_KIND_CODE_BATCH, batch));
}

static uint32_t new_page(struct tb_txn *t, uint32_t batch, const uint16_t *n)
{
    uint32_t id = (uint32_t)tb_counter_next(t, TB_COUNTER_CODE_PAGE);
    tb_counter_used(t, TB_COUNTER_CODE_PAGE, id);
    struct tb_code_page *page = tb_block_head(tb_create_sized(t, TB_KIND_CODE_PAGE, id, n));
    page->batch = batch;
    return id;
}

static void set_root(struct tb_txn *t, uint32_t batch, uint32_t root, uint32_t more)
{
    struct tb_code_batch *head = tb_block_head(tb_write(t, TB_KIND_CODE_BATCH, batch));
    head->root = root;
    head->pages += more;
}

/* The upper half of a full leaf goes to a leaf of its own. */
static void split(struct tb_txn *t, uint32_t batch, const struct place *p)
{
    struct tb_block *leaf = tb_read(t, TB_KIND_CODE_PAGE, p->leaf);
    uint32_t n = leaf->n[TB_CODE_PAGE_RUN];
    uint32_t keep = n / 2;
    uint16_t sized[TB_SECTIONS_MAX] = {[TB_CODE_PAGE_RUN] = (uint16_t)(n - keep)};
    uint32_t upper = new_page(t, batch, sized);
    const struct tb_code_run *from = tb_section(t, tb_read(t, TB_KIND_CODE_PAGE, p->leaf), TB_CODE_PAGE_RUN);
    struct tb_code_run *to = tb_section(t, tb_read(t, TB_KIND_CODE_PAGE, upper), TB_CODE_PAGE_RUN);
    memcpy(to, from + keep, (n - keep) * sizeof *to);
    struct tb_code_child child = {to[0].from, upper};
    tb_cut(t, TB_KIND_CODE_PAGE, p->leaf, TB_CODE_PAGE_RUN, keep, n - keep);
    uint32_t root = batch_of(t, batch)->root;
    if (root == p->leaf) {
        uint16_t two[TB_SECTIONS_MAX] = {[TB_CODE_PAGE_CHILD] = 2};
        root = new_page(t, batch, two);
        struct tb_code_child *c = tb_section(t, tb_read(t, TB_KIND_CODE_PAGE, root), TB_CODE_PAGE_CHILD);
        c[0] = (struct tb_code_child){0, p->leaf};
        c[1] = child;
        set_root(t, batch, root, 2);
        return;
    }
    (void)tb_push_at(t, TB_KIND_CODE_PAGE, root, TB_CODE_PAGE_CHILD, p->child + 1, &child);
    set_root(t, batch, root, 1);
}

/* Makes a run begin at serial. */
static void cut_at(struct tb_txn *t, uint32_t batch, uint64_t serial)
{
    if (serial >= batch_of(t, batch)->count)
        return;
    struct place p = find(t, batch_of(t, batch), serial);
    if (p.run.from == serial)
        return;
    if (tb_read(t, TB_KIND_CODE_PAGE, p.leaf)->n[TB_CODE_PAGE_RUN] >= TB_CODE_PAGE_RUNS) {
        split(t, batch, &p);
        p = find(t, batch_of(t, batch), serial);
    }
    p.run.from = (uint32_t)serial;
    (void)tb_push_at(t, TB_KIND_CODE_PAGE, p.leaf, TB_CODE_PAGE_RUN, p.i + 1, &p.run);
}

static bool alike(const struct tb_code_run *a, const struct tb_code_run *b)
{
    return a->binding == b->binding && a->package == b->package && a->state == b->state &&
           a->marks == b->marks;
}

/* Joins the run that begins at serial with the one before it, within a leaf. */
static void join_at(struct tb_txn *t, uint32_t batch, uint64_t serial)
{
    if (serial == 0 || serial >= batch_of(t, batch)->count)
        return;
    struct place p = find(t, batch_of(t, batch), serial);
    if (p.run.from != serial || p.i == 0)
        return;
    const struct tb_code_run *run = tb_section(t, tb_read(t, TB_KIND_CODE_PAGE, p.leaf), TB_CODE_PAGE_RUN);
    if (alike(&run[p.i - 1], &run[p.i]))
        tb_cut(t, TB_KIND_CODE_PAGE, p.leaf, TB_CODE_PAGE_RUN, p.i, 1);
}

static void change_run(struct tb_code_run *run, const struct tb_code_change *c)
{
    if (c->what & TB_CODE_SET_BINDING)
        run->binding = c->to.binding;
    if (c->what & TB_CODE_SET_PACKAGE)
        run->package = c->to.package;
    if (c->what & TB_CODE_SET_STATE)
        run->state = c->to.state;
    if (c->what & TB_CODE_ADD_MARKS)
        run->marks |= c->to.marks;
    if (c->what & TB_CODE_CUT_MARKS)
        run->marks = (uint8_t)(run->marks & ~c->to.marks);
}

void tb_code_runs_change(struct tb_txn *t, const struct tb_code_change *c)
{
    tb_assert(c->from < c->until && c->until <= batch_of(t, c->batch)->count);
    if (batch_of(t, c->batch)->root == 0) {
        uint16_t one[TB_SECTIONS_MAX] = {[TB_CODE_PAGE_RUN] = 1};
        set_root(t, c->batch, new_page(t, c->batch, one), 1);
    }
    cut_at(t, c->batch, c->from);
    cut_at(t, c->batch, c->until);
    for (uint64_t at = c->from; at < c->until;) {
        struct place p = find(t, batch_of(t, c->batch), at);
        tb_assert(p.run.from == at && p.until <= c->until);
        struct tb_block *leaf = tb_write(t, TB_KIND_CODE_PAGE, p.leaf);
        change_run((struct tb_code_run *)tb_section(t, leaf, TB_CODE_PAGE_RUN) + p.i, c);
        join_at(t, c->batch, at);
        at = p.until;
    }
    join_at(t, c->batch, c->until);
}
