// SPDX-License-Identifier: Apache-2.0
/* core/mall/check.c - the room's invariants: pieces ordered are HELD, pieces that left are SPENT. */
#include "core/mall/mall_int.h"

static int64_t book(const struct tb_audit *a, uint32_t unit, enum tb_tenant_account account)
{
    const struct tb_block *b = tb_store_get(&a->core->store, TB_KIND_UNIT_BOOK, unit);
    if (b == NULL)
        return 0;
    const struct tb_unit_book *k = tb_block_head_const(b);
    return k->account[account].credits - k->account[account].debits;
}

/* Sums by the goods' stock unit: ordered in `held`, gone in `spent`. */
static void add(struct tb_map *map, uint32_t unit, int64_t n)
{
    uint64_t sum = 0;
    (void)tb_map_get(map, tb_mix(unit), &sum);
    tb_map_put(map, tb_mix(unit), sum + (uint64_t)n);
}

static void check_exchange(struct tb_audit *a, const struct tb_block *b, struct tb_map *held, struct tb_map *spent)
{
    const struct tb_exchange *x = tb_block_head_const(b);
    const struct tb_block *goods = tb_store_get(&a->core->store, TB_KIND_GOODS, x->goods);
    if (goods == NULL) {
        tb_audit_broken(a, "exchange", b->id, "has no goods");
        return;
    }
    const struct tb_goods *g = tb_block_head_const(goods);
    bool waits = x->state == TB_EXCHANGE_ORDERED || x->state == TB_EXCHANGE_READY;
    if (x->left)
        add(spent, g->stock_unit, x->quantity);
    else if (waits)
        add(held, g->stock_unit, x->quantity);
    if (waits && x->left)
        tb_audit_broken(a, "exchange", b->id, "waits though its goods have left");
    int64_t drawn = 0;
    const struct tb_exchange_draw *d = tb_block_section(&tb_shapes[TB_KIND_EXCHANGE], (struct tb_block *)(uintptr_t)b,
                                                        TB_EXCHANGE_DRAW);
    for (uint32_t i = 0; i < b->n[TB_EXCHANGE_DRAW]; i++)
        drawn += d[i].amount;
    if (x->drawn != drawn)
        tb_audit_broken(a, "exchange", b->id, "what it drew of stored value and its sum differ");
    if (x->paid < 0 || drawn < 0 || x->paid + drawn > x->cash)
        tb_audit_broken(a, "exchange", b->id, "more was paid than it costs");
    if (!waits && x->state != TB_EXCHANGE_CANCELLED && !g->gives && x->paid + drawn != x->cash)
        tb_audit_broken(a, "exchange", b->id, "its goods have left unpaid");
    if (tb_store_column(&a->core->store, TB_COLUMN_PROFILE_PERSON, x->profile) == 0)
        tb_audit_broken(a, "exchange", b->id, "has no person");
}

static void check_goods(struct tb_audit *a, const struct tb_block *b, const struct tb_map *held,
                        const struct tb_map *spent)
{
    const struct tb_goods *g = tb_block_head_const(b);
    uint64_t ordered = 0;
    uint64_t gone = 0;
    (void)tb_map_get(held, tb_mix(g->stock_unit), &ordered);
    (void)tb_map_get(spent, tb_mix(g->stock_unit), &gone);
    if (book(a, g->stock_unit, TB_ACCOUNT_HELD) != (int64_t)ordered)
        tb_audit_broken(a, "goods", b->id, "pieces held and pieces ordered differ");
    if (book(a, g->stock_unit, TB_ACCOUNT_SPENT) != (int64_t)gone)
        tb_audit_broken(a, "goods", b->id, "pieces that left and exchanges differ");
    if (g->stock && -book(a, g->stock_unit, TB_ACCOUNT_ISSUER) != g->stock)
        tb_audit_broken(a, "goods", b->id, "its stock is not what was granted");
}

void tb_mall_check(struct tb_audit *a)
{
    struct tb_store *s = &a->core->store;
    struct tb_map *sum = tb_pool_alloc(&s->pool, 2 * sizeof *sum); /* held, spent */
    const struct tb_block *b;
    tb_map_init(&sum[0], &s->pool);
    tb_map_init(&sum[1], &s->pool);
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_EXCHANGE]; id++)
        if ((b = tb_store_get(s, TB_KIND_EXCHANGE, id)) != NULL)
            check_exchange(a, b, &sum[0], &sum[1]);
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CONFIG]; id++)
        if ((b = tb_store_get(s, TB_KIND_GOODS, id)) != NULL)
            check_goods(a, b, &sum[0], &sum[1]);
    tb_map_deinit(&sum[0]);
    tb_map_deinit(&sum[1]);
    tb_pool_free(&s->pool, sum, 2 * sizeof *sum);
}
