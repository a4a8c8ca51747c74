// SPDX-License-Identifier: Apache-2.0
/* core/promotion/versions.c - what CAMPAIGN_GET tells beside the packed blocks: which versions there
 * are, and the codes of everything that one names. Reads only. */
#include "core/promotion/commands.h"

static void put_version(struct tb_txn *t, struct tb_answer *a, uint32_t offer)
{
    const struct tb_offer_version *v = tb_block_head_const(tb_read(t, TB_KIND_OFFER, offer));
    uint64_t until = v->until_ms == INT64_MAX ? 0 : (uint64_t)v->until_ms;
    const uint64_t field[] = {offer, v->version, (uint64_t)v->made_ms, (uint64_t)v->from_ms, until, v->was_live,
                              v->mechanic};
    uint8_t region[TB_COUNT_OF(field) * 12];
    struct tb_buf row;
    tb_buf_init(&row, region, sizeof region);
    for (uint32_t i = 0; i < TB_COUNT_OF(field); i++)
        tb_wire_put_uint(&row, i + 1, field[i]);
    tb_assert(!row.overflowed);
    tb_wire_put_bytes(&a->body, 8, tb_buf_as_str(&row));
}

/* Runs take the newest version of their time, so a version's runs are neighbours. */
void tb_campaign_tell_versions(struct tb_txn *t, struct tb_block *campaign, struct tb_answer *a)
{
    const struct tb_campaign *c = tb_block_head_const(campaign);
    const struct tb_campaign_run *run = tb_section(t, campaign, TB_CAMPAIGN_RUN);
    uint32_t told = 0;
    for (uint32_t i = 0; i < campaign->n[TB_CAMPAIGN_RUN]; i++) {
        if (run[i].offer != told)
            put_version(t, a, run[i].offer);
        told = run[i].offer;
    }
    if (c->newest != told)
        put_version(t, a, c->newest);
}

static void put_name(struct tb_txn *t, struct tb_answer *a, uint32_t section, enum tb_kind kind, uint64_t id)
{
    struct tb_block *b = tb_read(t, kind, id);
    uint8_t region[TB_CODE_MAX + 16];
    struct tb_buf row;
    tb_assert(b != NULL); /* configuration is never removed */
    tb_buf_init(&row, region, sizeof region);
    tb_wire_put_uint(&row, 1, section);
    tb_wire_put_bytes(&row, 2, tb_config_text(t, b, tb_config_of(b)->code));
    tb_assert(!row.overflowed);
    tb_wire_put_bytes(&a->body, 9, tb_buf_as_str(&row));
}

void tb_offer_tell_names(struct tb_txn *t, struct tb_block *offer, struct tb_answer *a)
{
    const struct tb_offer_scope *scope = tb_section(t, offer, TB_OFFER_SCOPE);
    const struct tb_offer_place *place = tb_section(t, offer, TB_OFFER_PLACE);
    const struct tb_offer_price *price = tb_section(t, offer, TB_OFFER_PRICE);
    for (uint32_t i = 0; i < offer->n[TB_OFFER_SCOPE]; i++)
        if (scope[i].by == TB_SCOPE_PRODUCT)
            put_name(t, a, TB_OFFER_SCOPE, TB_KIND_PRODUCT, scope[i].product);
    for (uint32_t i = 0; i < offer->n[TB_OFFER_PLACE]; i++)
        if (place[i].by != TB_PLACE_CHANNEL)
            put_name(t, a, TB_OFFER_PLACE, place[i].by == TB_PLACE_STORE ? TB_KIND_STORE : TB_KIND_TOUCHPOINT,
                     place[i].id);
    for (uint32_t i = 0; i < offer->n[TB_OFFER_PRICE]; i++)
        put_name(t, a, TB_OFFER_PRICE, TB_KIND_PRODUCT, price[i].product);
}
