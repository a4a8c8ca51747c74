// SPDX-License-Identifier: Apache-2.0
/* core/code/reach.c - which codes a command means: a range, or a package with its contents. */
#include "core/code/code_int.h"

struct tb_block *tb_code_batch_of(const struct tb_txn *t, struct tb_code_ref ref)
{
    struct tb_block *b = ref.batch ? tb_read(t, TB_KIND_CODE_BATCH, ref.batch) : NULL;
    if (b == NULL || tb_config_of(b)->tenant != t->tenant || ref.serial >= tb_code_batch_head(b)->count)
        return NULL;
    return b;
}

uint64_t tb_code_key(struct tb_code_ref ref)
{
    return tb_key_number(1, (uint64_t)ref.batch << 32 | ref.serial);
}

uint64_t tb_code_piece_key(struct tb_code_ref ref)
{
    return tb_key_number(2, (uint64_t)ref.batch << 32 | ref.serial >> TB_CODE_PIECE_BITS);
}

struct tb_block *tb_code_package_of(const struct tb_txn *t, struct tb_code_ref ref)
{
    uint64_t id;
    if (!tb_map_find(t, TB_MAP_CODE_PACKAGE, tb_code_key(ref), &id))
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_CODE_PACKAGE, id);
    tb_assert(b != NULL);
    const struct tb_code_package *p = tb_block_head_const(b);
    return p->batch == ref.batch && p->serial == ref.serial ? b : NULL;
}

bool tb_code_room_for(const struct tb_code_batch *batch, uint32_t runs)
{
    /* a change cuts a run in three at most, and a page holds half of its runs at least */
    return batch->pages + 2u * runs / (TB_CODE_PAGE_RUNS / 2) + 2u <= TB_CODE_PAGES_MAX;
}

/* Adds the ranges in each package whose outside lies in the range. */
static enum tb_code add_contents(struct tb_txn *t, struct tb_code_reach *r, uint32_t of)
{
    struct tb_code_children range = r->range[of];
    struct tb_block *batch = tb_read(t, TB_KIND_CODE_BATCH, range.batch);
    if (tb_code_batch_head(batch)->level == 0)
        return TB_CODE_OK;
    if (range.n > 10u * TB_CODE_RUNS_MAX)
        return TB_CODE_TOO_MANY;
    for (uint32_t i = 0; i < range.n; i++) {
        struct tb_block *p =
            tb_code_package_of(t, (struct tb_code_ref){range.batch, range.from + i});
        uint32_t n = p ? p->n[TB_CODE_PACKAGE_CHILD] : 0;
        if (r->n + n > TB_CODE_RUNS_MAX)
            return TB_CODE_TOO_MANY;
        if (n > 0)
            memcpy(r->range + r->n, tb_section(t, p, TB_CODE_PACKAGE_CHILD), n * sizeof *r->range);
        r->n += n;
    }
    return TB_CODE_OK;
}

/* Counts codes and the runs that they have now. */
static enum tb_code measure(struct tb_txn *t, struct tb_code_reach *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        const struct tb_code_children *range = &r->range[i];
        struct tb_block *batch = tb_read(t, TB_KIND_CODE_BATCH, range->batch);
        uint64_t until = (uint64_t)range->from + range->n;
        for (uint64_t at = range->from; at < until; r->runs++) {
            if (r->runs >= TB_CODE_RUNS_MAX)
                return TB_CODE_TOO_MANY;
            at = tb_code_span_at(t, batch, at).until;
        }
        if (!tb_code_room_for(tb_code_batch_head(batch), r->runs))
            return TB_CODE_TOO_MANY;
        r->codes += range->n;
    }
    return TB_CODE_OK;
}

enum tb_code tb_code_reach(struct tb_txn *t, const struct tb_code_target *target,
                           struct tb_code_reach *out, const char **field)
{
    *out = (struct tb_code_reach){.range = TB_NEW_ARRAY(t->scratch, struct tb_code_children,
                                                        TB_CODE_RUNS_MAX + 1)};
    tb_assert(out->range != NULL);
    struct tb_code_ref first = target->parent;
    uint64_t n = 1;
    if (target->n > 0) {
        *field = "batch";
        first.batch = tb_find_code(t, TB_KIND_CODE_BATCH, target->batch);
        if (first.batch == 0)
            return TB_CODE_NOT_FOUND;
        *field = "n";
        n = target->n;
        if (target->from >= TB_CODE_SERIALS_MAX || n > TB_CODE_SERIALS_MAX)
            return TB_CODE_UNKNOWN_CODE;
        first.serial = (uint32_t)target->from;
    } else {
        *field = "parent";
    }
    struct tb_block *batch = tb_code_batch_of(t, first);
    if (batch == NULL || first.serial + n > tb_code_batch_head(batch)->count)
        return TB_CODE_UNKNOWN_CODE;
    out->range[0] = (struct tb_code_children){first.batch, first.serial, (uint32_t)n, 0};
    out->n = 1;
    for (uint32_t i = 0; target->n == 0 && i < out->n; i++)
        if (add_contents(t, out, i) != TB_CODE_OK)
            return TB_CODE_TOO_MANY;
    return measure(t, out);
}

enum tb_code tb_code_test(const struct tb_txn *t, const struct tb_code_reach *r, tb_code_test_fn test)
{
    for (uint32_t i = 0; i < r->n; i++) {
        const struct tb_code_children *range = &r->range[i];
        struct tb_block *batch = tb_read(t, TB_KIND_CODE_BATCH, range->batch);
        uint64_t until = (uint64_t)range->from + range->n;
        for (uint64_t at = range->from; at < until;) {
            struct tb_code_span span = tb_code_span_at(t, batch, at);
            enum tb_code code = test(&span.run);
            if (code != TB_CODE_OK)
                return code;
            at = span.until;
        }
    }
    return TB_CODE_OK;
}
