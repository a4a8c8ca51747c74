// SPDX-License-Identifier: Apache-2.0
/* core/promotion/scope.c - which lines of a basket an offer is about.
 *
 * A line is in scope when an including row names it (no including row in the slot: every line) and no
 * excluding row does; an exclusion of slot 0 counts for every slot. Goods that are never promoted, and
 * goods that the catalog does not know where rows name products, categories or brands, are not.
 *
 * In which of the live offers a product is, is remembered (core/cache.h): a function of the product as it was put
 * last and of the offers, which never change; both are named by the entry. */
#include "core/promotion/campaign.h"

_Static_assert(TB_CACHE_SLOTS == TB_SCOPE_SLOTS, "a bit for each slot");

struct line_facts {
    struct tb_block *block; /* NULL: not in the catalog */
    const struct tb_product *product;
    struct tb_str category;
    struct tb_str brand;
};

/* The rows of an offer, and their texts. */
struct rows {
    const struct tb_offer_scope *at;
    uint32_t n;
    const char *bytes;
};

static struct rows rows_of(const struct tb_txn *t, struct tb_block *offer)
{
    uint32_t n = offer->n[TB_OFFER_SCOPE];
    return (struct rows){.at = n ? tb_section(t, offer, TB_OFFER_SCOPE) : NULL,
                         .n = n,
                         .bytes = tb_section(t, offer, TB_OFFER_BYTES)};
}

/* texts: some row may ask for them. */
static struct line_facts facts_of(const struct tb_txn *t, uint32_t product, bool texts)
{
    struct line_facts f = {.block = product ? tb_read(t, TB_KIND_PRODUCT, product) : NULL};
    if (f.block == NULL)
        return f;
    f.product = tb_block_head_const(f.block);
    if (!texts)
        return f;
    f.category = tb_config_text(t, f.block, f.product->category);
    f.brand = tb_config_text(t, f.block, f.product->brand);
    return f;
}

static bool row_names(const struct rows *r, const struct tb_offer_scope *row, const struct line_facts *f)
{
    if (row->by == TB_SCOPE_ALL)
        return true;
    if (f->product == NULL)
        return false;
    if (row->by == TB_SCOPE_PRODUCT)
        return f->block->id == row->product;
    struct tb_str text = {r->bytes + row->text.at, row->text.n};
    return row->by == TB_SCOPE_CATEGORY ? tb_category_within(f->category, text) : tb_str_eq(f->brand, text);
}

static bool line_in(const struct rows *r, uint32_t slot, const struct line_facts *f)
{
    bool any = false;
    bool in = false;
    if (f->product != NULL && f->product->never_promoted)
        return false;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct tb_offer_scope *row = &r->at[i];
        if (row->excluded ? row->slot != slot && row->slot != TB_SCOPE_SLOT_X : row->slot != slot)
            continue;
        if (!row->excluded && in)
            continue;
        any = any || !row->excluded;
        if (!row_names(r, row, f))
            continue;
        if (row->excluded)
            return false;
        in = true;
    }
    return in || !any;
}

bool tb_offer_has_slot(const struct tb_txn *t, struct tb_block *offer, uint32_t slot)
{
    struct rows r = rows_of(t, offer);
    for (uint32_t i = 0; i < r.n; i++)
        if (r.at[i].slot == slot)
            return true;
    return false;
}

bool tb_offer_scope_bits(struct tb_txn *t, struct tb_block *offer, uint32_t slot, const uint32_t *product,
                         uint32_t line_n, uint64_t *bits)
{
    struct rows r = rows_of(t, offer);
    bool some = false;
    for (uint32_t i = 0; i < line_n; i++) {
        struct line_facts f = facts_of(t, product[i], r.n != 0);
        if (!line_in(&r, slot, &f))
            continue;
        bits[i / 64] |= (uint64_t)1 << (i % 64);
        some = true;
    }
    return some;
}

/* ---- of all live offers ------------------------------------------------------------------------ */

uint64_t tb_offer_scope_mark(struct tb_block *const *offer, uint32_t n)
{
    uint64_t mark = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_offer_version *v = tb_block_head_const(offer[i]);
        mark = tb_mix(mark ^ (offer[i]->id << 32 | offer[i]->written_command)) + (uint64_t)v->made_ms;
    }
    return mark ? mark : 1;
}

/* What each slot that the offer has says of the line; bit: the offer's. */
static void ask_offer(const struct tb_txn *t, struct tb_block *offer, const struct line_facts *f, uint64_t bit,
                      uint64_t *in)
{
    const struct tb_offer_version *v = tb_block_head_const(offer);
    struct rows r = rows_of(t, offer);
    uint32_t first = v->mechanic == TB_PRICE_BUNDLE ? TB_SCOPE_SLOT_BUNDLE : TB_SCOPE_SLOT_X;
    uint32_t last = v->mechanic == TB_PRICE_BUNDLE    ? TB_SCOPE_SLOT_BUNDLE + v->slots
                    : v->mechanic == TB_PRICE_BUY_GET ? TB_SCOPE_SLOT_Y + 1
                                                      : TB_SCOPE_SLOT_X + 1;
    tb_assert(last <= TB_SCOPE_SLOTS);
    for (uint32_t slot = first; slot < last; slot++)
        in[slot] |= line_in(&r, slot, f) ? bit : 0;
}

void tb_offer_scope_row(const struct tb_txn *t, struct tb_block *const *offer, uint32_t n, uint64_t mark,
                        uint32_t product, uint64_t *in)
{
    struct tb_core *core = t->core;
    struct tb_block *b = product ? tb_read(t, TB_KIND_PRODUCT, product) : NULL;
    uint64_t content = b != NULL ? tb_config_of(b)->content : 0;
    tb_assert(n <= 64 && mark != 0);
    struct tb_cached_scope *c = core ? &core->cache.scope[(product ^ mark >> 40) % TB_CACHE_SCOPES] : NULL;
    if (c != NULL && c->mark == mark && c->product == product && c->content == content) {
        for (uint32_t slot = 0; slot < TB_SCOPE_SLOTS; slot++)
            in[slot] = c->in[slot];
        return;
    }
    struct line_facts f = facts_of(t, product, true);
    for (uint32_t slot = 0; slot < TB_SCOPE_SLOTS; slot++)
        in[slot] = 0;
    for (uint32_t i = 0; i < n; i++)
        ask_offer(t, offer[i], &f, UINT64_C(1) << i, in);
    if (c == NULL)
        return;
    *c = (struct tb_cached_scope){.mark = mark, .content = content, .product = product};
    for (uint32_t slot = 0; slot < TB_SCOPE_SLOTS; slot++)
        c->in[slot] = in[slot];
}
