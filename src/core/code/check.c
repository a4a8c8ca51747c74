// SPDX-License-Identifier: Apache-2.0
/* core/code/check.c - the room's invariants, proved over everything in memory. */
#include "core/code/code_int.h"

struct audit {
    struct tb_txn t;
    struct tb_audit *all;
};

static void tell(struct audit *x, const char *what, uint64_t a, uint64_t b)
{
    tb_audit_found(x->all, "codes: %s (%llu, %llu)", what, (unsigned long long)a, (unsigned long long)b);
}

/* One leaf: begins where its root says, ascends, neighbours differ; children of packages. */
static void audit_leaf(struct audit *x, const struct tb_block *batch, uint32_t page, uint64_t from, uint64_t until)
{
    struct tb_block *leaf = tb_read(&x->t, TB_KIND_CODE_PAGE, page);
    uint32_t n = leaf ? leaf->n[TB_CODE_PAGE_RUN] : 0;
    if (n == 0 || ((const struct tb_code_page *)tb_block_head_const(leaf))->batch != batch->id) {
        tell(x, "a page of runs is missing or another batch's", batch->id, page);
        return;
    }
    const struct tb_code_run *run = tb_section(&x->t, leaf, TB_CODE_PAGE_RUN);
    if (run[0].from != from || run[n - 1].from >= until)
        tell(x, "a page of runs is not where its root says", batch->id, page);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && run[i].from <= run[i - 1].from)
            tell(x, "runs do not ascend", batch->id, run[i].from);
        if (i > 0 && run[i].binding == run[i - 1].binding && run[i].package == run[i - 1].package &&
            run[i].state == run[i - 1].state && run[i].marks == run[i - 1].marks)
            tell(x, "two neighbouring runs are alike", batch->id, run[i].from);
        if ((run[i].state == TB_CODE_IS_BLANK) != (run[i].binding == 0))
            tell(x, "state and binding disagree", batch->id, run[i].from);
    }
}

static void audit_batch(struct audit *x, const struct tb_block *batch)
{
    const struct tb_code_batch *head = tb_code_batch_head(batch);
    if (head->root == 0)
        return;
    struct tb_block *root = tb_read(&x->t, TB_KIND_CODE_PAGE, head->root);
    uint32_t n = root ? root->n[TB_CODE_PAGE_CHILD] : 0;
    if (n == 0) {
        audit_leaf(x, batch, head->root, 0, head->count);
        return;
    }
    if (head->pages != n + 1)
        tell(x, "pages are counted wrong", batch->id, head->pages);
    const struct tb_code_child *child = tb_section(&x->t, root, TB_CODE_PAGE_CHILD);
    for (uint32_t i = 0; i < n; i++)
        audit_leaf(x, batch, child[i].page, child[i].from, i + 1 < n ? child[i + 1].from : head->count);
}

/* What a package holds says so itself, and lies deeper. */
static uint64_t audit_package(struct audit *x, struct tb_block *b)
{
    const struct tb_code_package *p = tb_block_head_const(b);
    const struct tb_code_children *c = b->n[0] ? tb_section(&x->t, b, TB_CODE_PACKAGE_CHILD) : NULL;
    uint64_t codes = 0;
    for (uint32_t i = 0; i < b->n[TB_CODE_PACKAGE_CHILD]; i++) {
        struct tb_block *batch = tb_read(&x->t, TB_KIND_CODE_BATCH, c[i].batch);
        if (batch == NULL || tb_code_batch_head(batch)->level >= p->level) {
            tell(x, "a package holds what is not below it", b->id, c[i].batch);
            continue;
        }
        codes += c[i].n;
        uint64_t until = (uint64_t)c[i].from + c[i].n;
        for (uint64_t at = c[i].from; at < until;) {
            struct tb_code_span span = tb_code_span_at(&x->t, batch, at);
            if (span.run.package != b->id)
                tell(x, "a package's content does not know it", b->id, at);
            at = span.until;
        }
    }
    return codes;
}

/* Codes that say they are packed, over a batch. */
static uint64_t packed_in(struct audit *x, struct tb_block *batch)
{
    uint64_t n = 0;
    for (uint64_t at = 0; at < tb_code_batch_head(batch)->count;) {
        struct tb_code_span span = tb_code_span_at(&x->t, batch, at);
        if (span.run.package)
            n += span.until - span.from;
        at = span.until;
    }
    return n;
}

static void audit_firsts(struct audit *x, const struct tb_code_set *set, const struct tb_bits *a,
                         const struct tb_bits *b)
{
    for (uint32_t k = 0; k < 16; k++) {
        uint32_t from = k << TB_CODE_FIRSTS_BITS;
        uint32_t last = from + (1u << TB_CODE_FIRSTS_BITS) - 1;
        bool any = tb_bits_meets(a, from, last) || tb_bits_meets(b, from, last);
        if (any != (set->first[k] != 0))
            tell(x, "first scans and the set disagree", set->batch, set->piece * 16 + k);
        struct tb_block *firsts = set->first[k] ? tb_read(&x->t, TB_KIND_CODE_FIRST, set->first[k]) : NULL;
        const struct tb_code_first *scan = firsts ? tb_section(&x->t, firsts, TB_CODE_FIRSTS_SCAN) : NULL;
        for (uint32_t i = 0; firsts != NULL && i < firsts->n[TB_CODE_FIRSTS_SCAN]; i++)
            if (!tb_bits_has(a, from + scan[i].serial) && !tb_bits_has(b, from + scan[i].serial))
                tell(x, "a first scan is in no set", set->batch, scan[i].serial);
    }
}

static void audit_set(struct audit *x, struct tb_block *b, struct tb_map *scanned, struct tb_map *redeemed)
{
    const struct tb_code_set *set = tb_block_head_const(b);
    struct tb_bits s = tb_code_bits(&x->t, b, TB_CODE_SET_SCANNED);
    struct tb_bits r = tb_code_bits(&x->t, b, TB_CODE_SET_REDEEMED);
    if (!tb_bits_sound(&s) || !tb_bits_sound(&r)) {
        tell(x, "a set is not sound", set->batch, set->piece);
        return;
    }
    for (uint32_t v = 0; v < TB_BITS_RANGE; v++)
        if (tb_bits_has(&s, v) && tb_bits_has(&r, v))
            tell(x, "a code is scanned and redeemed at once", set->batch, v);
    audit_firsts(x, set, &s, &r);
    uint64_t n = 0;
    (void)tb_map_get(scanned, tb_mix(set->batch), &n);
    tb_map_put(scanned, tb_mix(set->batch), n + s.n + r.n);
    n = 0;
    (void)tb_map_get(redeemed, tb_mix(set->batch), &n);
    tb_map_put(redeemed, tb_mix(set->batch), n + r.n);
}

static void audit_totals(struct audit *x, const struct tb_block *batch, const struct tb_map *scanned,
                         const struct tb_map *redeemed)
{
    const struct tb_code_batch *head = tb_code_batch_head(batch);
    uint64_t s = 0;
    uint64_t r = 0;
    (void)tb_map_get(scanned, tb_mix(batch->id), &s);
    (void)tb_map_get(redeemed, tb_mix(batch->id), &r);
    if (s != head->firsts)
        tell(x, "scanned codes are counted wrong", batch->id, s);
    if (r != head->redeemed)
        tell(x, "redeemed codes are counted wrong", batch->id, r);
}

void tb_code_check(struct tb_audit *a)
{
    struct tb_core *c = a->core;
    struct tb_store *s = &c->store;
    struct audit x = {.t = {.store = s, .env = &c->env, .core = c}, .all = a};
    struct tb_map *sums = tb_pool_alloc(&s->pool, 2 * sizeof *sums);
    tb_map_init(&sums[0], &s->pool);
    tb_map_init(&sums[1], &s->pool);
    uint64_t packed = 0;
    uint64_t held = 0;
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CODE_SET]; id++)
        audit_set(&x, tb_store_get(s, TB_KIND_CODE_SET, id), &sums[0], &sums[1]);
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CONFIG]; id++) {
        struct tb_block *b = tb_store_get(s, TB_KIND_CODE_BATCH, id);
        if (b == NULL)
            continue;
        x.t.tenant = tb_config_of(b)->tenant;
        audit_batch(&x, b);
        audit_totals(&x, b, &sums[0], &sums[1]);
        packed += packed_in(&x, b);
    }
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CODE_PACKAGE]; id++)
        held += audit_package(&x, tb_store_get(s, TB_KIND_CODE_PACKAGE, id));
    if (packed != held)
        tell(&x, "packed codes and packages disagree", packed, held);
    tb_map_deinit(&sums[0]);
    tb_map_deinit(&sums[1]);
    tb_pool_free(&s->pool, sums, 2 * sizeof *sums);
}
