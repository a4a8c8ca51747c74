// SPDX-License-Identifier: Apache-2.0
/* core/promotion/scope.c - which lines of a basket an offer is about.
 *
 * A line is in scope when an including row names it (no including row in the slot: every line) and no
 * excluding row does; an exclusion of slot 0 counts for every slot. Goods that are never promoted, and
 * goods that the catalog does not know where rows name products, categories or brands, are not. */
#include "core/promotion/campaign.h"

struct line_facts {
    struct tb_block *block; /* NULL: not in the catalog */
    const struct tb_product *product;
};

static bool row_names(const struct tb_txn *t, struct tb_block *offer, const struct tb_offer_scope *row,
                      const struct line_facts *f)
{
    if (row->by == TB_SCOPE_ALL)
        return true;
    if (f->product == NULL)
        return false;
    if (row->by == TB_SCOPE_PRODUCT)
        return f->block->id == row->product;
    struct tb_str text = tb_config_text(t, offer, row->text);
    if (row->by == TB_SCOPE_CATEGORY)
        return tb_category_within(tb_config_text(t, f->block, f->product->category), text);
    return tb_str_eq(tb_config_text(t, f->block, f->product->brand), text);
}

static bool line_in(const struct tb_txn *t, struct tb_block *offer, uint32_t slot, const struct line_facts *f)
{
    const struct tb_offer_scope *row = tb_section(t, offer, TB_OFFER_SCOPE);
    uint32_t n = offer->n[TB_OFFER_SCOPE];
    bool any = false;
    bool in = false;
    if (f->product != NULL && f->product->never_promoted)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (row[i].excluded ? row[i].slot != slot && row[i].slot != TB_SCOPE_SLOT_X : row[i].slot != slot)
            continue;
        if (!row[i].excluded && in)
            continue;
        any = any || !row[i].excluded;
        if (!row_names(t, offer, &row[i], f))
            continue;
        if (row[i].excluded)
            return false;
        in = true;
    }
    return in || !any;
}

bool tb_offer_has_slot(const struct tb_txn *t, struct tb_block *offer, uint32_t slot)
{
    const struct tb_offer_scope *row = tb_section(t, offer, TB_OFFER_SCOPE);
    for (uint32_t i = 0; i < offer->n[TB_OFFER_SCOPE]; i++)
        if (row[i].slot == slot)
            return true;
    return false;
}

bool tb_offer_scope_bits(struct tb_txn *t, struct tb_block *offer, uint32_t slot, const uint32_t *product,
                         uint32_t line_n, uint64_t *bits)
{
    bool some = false;
    for (uint32_t i = 0; i < line_n; i++) {
        struct line_facts f = {.block = product[i] ? tb_read(t, TB_KIND_PRODUCT, product[i]) : NULL};
        if (f.block != NULL)
            f.product = tb_block_head_const(f.block);
        if (!line_in(t, offer, slot, &f))
            continue;
        bits[i / 64] |= (uint64_t)1 << (i % 64);
        some = true;
    }
    return some;
}
