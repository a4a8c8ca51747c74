// SPDX-License-Identifier: Apache-2.0
/* core/mall/read.c - what there is for a member, and what she has taken; filling the maps at start-up. */
#include "core/mall/mall_int.h"

#define LIST_WORK_MAX 200000u /* numbers that one list looks at */
#define LIST_BYTES 512u       /* kept free for what follows a row */

static void *row_region(struct tb_txn *t, struct tb_block *b, size_t *size)
{
    *size = tb_block_packed_size(&tb_shapes[b->kind], b) + 128;
    return tb_arena_alloc(t->scratch, *size);
}

/* {1 number, 2 packed}; false: it does not fit any more. */
static bool begin_row(struct tb_txn *t, struct tb_buf *row, struct tb_block *b)
{
    size_t size;
    void *region = row_region(t, b, &size);
    void *inner = tb_arena_alloc(t->scratch, size);
    struct tb_buf packed;
    if (region == NULL || inner == NULL)
        return false;
    tb_buf_init(row, region, size);
    tb_buf_init(&packed, inner, size);
    tb_block_pack(&tb_shapes[b->kind], b, &packed);
    tb_wire_put_uint(row, 1, b->id);
    tb_wire_put_bytes(row, 2, tb_buf_as_str(&packed));
    return true;
}

static bool end_row(struct tb_answer *a, uint32_t field, struct tb_buf *row)
{
    if (row->overflowed || a->body.cap - a->body.n < row->n + LIST_BYTES)
        return false;
    tb_wire_put_bytes(&a->body, field, tb_buf_as_str(row));
    return true;
}

static bool goods_row(struct tb_txn *t, struct tb_block *b, struct tb_block *person, struct tb_answer *a)
{
    const struct tb_goods *g = tb_block_head_const(b);
    struct tb_buf row;
    int64_t left;
    int64_t stock = tb_mall_left(t, g);
    enum tb_code code = tb_mall_open(t, g, b->id, person, 1, &left);
    bool short_of = person != NULL && g->unit != 0 && code == TB_CODE_OK &&
                    tb_ledger_balance(t, person, g->unit, t->now_ms).available < g->points;
    if (!begin_row(t, &row, b))
        return false;
    if (stock != INT64_MAX)
        tb_wire_put_uint(&row, 3, (uint64_t)stock);
    tb_wire_put_uint(&row, 4, short_of ? TB_CODE_INSUFFICIENT : code);
    if (left != INT64_MAX)
        tb_wire_put_uint(&row, 5, (uint64_t)left + 1);
    return end_row(a, 1, &row);
}

static void list_goods(struct tb_txn *t, const struct tb_cmd_mall_list *in, struct tb_block *person,
                       struct tb_answer *a)
{
    uint64_t last = t->store->counter[TB_COUNTER_CONFIG];
    uint32_t n = 0;
    for (uint64_t id = in->after + 1; id <= last && in->after < last; id++) {
        struct tb_block *b = tb_read(t, TB_KIND_GOODS, id);
        bool hers = b != NULL && ((const struct tb_goods *)tb_block_head_const(b))->c.tenant == t->tenant;
        bool full = hers && (n == in->limit || !goods_row(t, b, person, a));
        if (full || id - in->after > LIST_WORK_MAX) {
            tb_wire_put_uint(&a->body, 3, id - 1);
            return;
        }
        n += hers;
    }
}

/* Her newest exchange below `below`, over all her profiles. */
static struct tb_block *next_taken(const struct tb_txn *t, struct tb_block *person, uint64_t *at, uint32_t *which)
{
    uint64_t best = 0;
    for (uint32_t i = 0; i < person->n[TB_PERSON_PROFILE]; i++)
        if (at[i] > best) {
            best = at[i];
            *which = i;
        }
    return best ? tb_read(t, TB_KIND_EXCHANGE, best) : NULL;
}

static void list_taken(struct tb_txn *t, const struct tb_cmd_mall_list *in, struct tb_block *person,
                       struct tb_answer *a)
{
    const struct tb_profile *profile = tb_section(t, person, TB_PERSON_PROFILE);
    uint64_t *at = TB_NEW_ARRAY(t->scratch, uint64_t, person->n[TB_PERSON_PROFILE] + 1u);
    tb_assert(at != NULL);
    for (uint32_t i = 0; i < person->n[TB_PERSON_PROFILE]; i++)
        (void)tb_map_find(t, TB_MAP_EXCHANGE, tb_mall_key(t->tenant, profile[i].no), &at[i]);
    uint32_t n = 0;
    uint64_t told = 0;
    for (;;) {
        uint32_t which = 0;
        struct tb_block *b = next_taken(t, person, at, &which);
        if (b == NULL)
            return;
        at[which] = ((const struct tb_exchange *)tb_block_head_const(b))->prev;
        if (in->after != 0 && b->id >= in->after)
            continue;
        struct tb_buf row;
        if (n == in->limit || !begin_row(t, &row, b) || !end_row(a, 2, &row)) {
            tb_wire_put_uint(&a->body, 3, told);
            return;
        }
        told = b->id;
        n++;
    }
}

static enum tb_outcome list_one(struct tb_txn *t, uint64_t exchange, struct tb_answer *a)
{
    struct tb_block *b = tb_mall_find(t, exchange);
    struct tb_buf row;
    if (b == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    return begin_row(t, &row, b) && end_row(a, 2, &row) ? TB_DONE : tb_refuse(a, TB_CODE_TOO_LARGE, "");
}

enum tb_outcome tb_mall_list(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_mall_list *in = cmd->input;
    struct tb_block *person = NULL;
    if (in->exchange != 0)
        return list_one(t, in->exchange, a);
    if (in->who.profile != 0 || in->who.identifier.ns != 0 || in->taken) {
        uint32_t profile = tb_member_find(t, &in->who, "member", a);
        if (profile == 0)
            return TB_REFUSED;
        person = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    }
    if (in->limit < 1 || in->limit > TB_MALL_LIST_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "limit");
    if (person != NULL)
        tb_wire_put_uint(&a->body, 12, tb_person_id(person));
    if (in->taken)
        list_taken(t, in, person, a);
    else
        list_goods(t, in, person, a);
    return TB_DONE;
}

/* ---- start-up --------------------------------------------------------------------------------- */

void tb_mall_index(struct tb_core *c, struct tb_block *b)
{
    const struct tb_exchange *x = tb_block_head_const(b);
    struct tb_map *map = &c->store.map[TB_MAP_EXCHANGE];
    uint64_t key = tb_mall_key(x->tenant, x->profile);
    uint64_t newest = 0;
    if (c->store.counter[TB_COUNTER_EXCHANGE] < b->id)
        c->store.counter[TB_COUNTER_EXCHANGE] = b->id;
    if (!tb_map_get(map, key, &newest) || newest < b->id)
        tb_map_put(map, key, b->id);
}
