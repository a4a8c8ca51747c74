// SPDX-License-Identifier: Apache-2.0
/* http/op_mall.c - the points mall: declaring goods, what a member may have, exchanges and their way.
 *
 * Not here: what may happen to an exchange (core/mall), product texts and addresses.                 */
#include "base/num.h"
#include "core/mall/mall.h"
#include "http/app_int.h"

static const char *const states[TB_EXCHANGE_STATES] = {
    NULL, "ordered", "ready", "shipped", "collected", "done", "cancelled"};

/* ---- declaring ------------------------------------------------------------------------------------ */

static void read_tiers(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_mall_put *in)
{
    struct tb_json_array list;
    if (!tb_json_may_array(o, TB_STR("tiers"), 0, TB_TIERS_MAX, &list))
        return;
    struct tb_str *tier = TB_NEW_ARRAY(w->arena, struct tb_str, list.n + 1);
    in->tier = tier;
    while (tier != NULL && tb_json_next_str(&list, 1, TB_CODE_MAX, &tier[in->tier_n]))
        in->tier_n++;
}

static void put_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_put *in = w->input;
    uint32_t period = 0;
    tb_read_put(w, o, &in->put);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->unit = tb_may_str(o, "unit", TB_CODE_MAX);
    in->points = tb_may_i64(o, "points", 0, TB_AMOUNT_MAX, 0);
    in->cash = tb_may_i64(o, "cash", 0, TB_AMOUNT_MAX, 0);
    in->stock = tb_may_i64(o, "stock", 0, TB_AMOUNT_MAX, 0);
    in->scheme = tb_may_str(o, "scheme", TB_CODE_MAX);
    read_tiers(w, o, in);
    (void)tb_json_may_time(o, TB_STR("from"), &in->from_ms);
    (void)tb_json_may_time(o, TB_STR("until"), &in->until_ms);
    in->per_member = tb_may_i64(o, "per_member", 0, UINT32_MAX, 0);
    (void)tb_json_may_enum(o, TB_STR("period"), tb_words_period, TB_CAP_PERIODS, &period);
    in->period = period;
    in->product = tb_may_str(o, "product", TB_CODE_MAX);
    in->gives = tb_may_str(o, "gives", TB_CODE_MAX);
    in->flags = (tb_may_bool(o, "members_only") ? TB_GOODS_MEMBERS_ONLY : 0u) |
                (tb_may_bool(o, "closed") ? TB_GOODS_CLOSED : 0u);
}

/* ---- goods ------------------------------------------------------------------------------------------ */

static void out_tiers(struct tb_work *w, struct tb_json_out *o, const struct tb_goods *g)
{
    const struct tb_known *scheme = tb_work_object(w, TB_KIND_TIER_SCHEME, g->scheme);
    tb_json_out_key_open(o, "tiers", '[');
    for (uint32_t i = 0; scheme != NULL && i < scheme->part_n && i < 128; i++)
        if (g->tiers[i / 64] >> i % 64 & 1)
            tb_json_out_str(o, scheme->part[i]);
    tb_json_out_close(o, ']');
}

static void out_goods(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_goods *g = v->head;
    tb_json_out_key_str(o, "code", tb_view_text(v, g->c.code));
    tb_json_out_key_i64(o, "version", g->c.version);
    tb_out_text(o, "name", tb_view_text(v, g->c.name));
    tb_out_code(w, o, "unit", TB_KIND_UNIT, g->unit);
    tb_json_out_key_i64(o, "points", g->points);
    tb_json_out_key_i64(o, "cash", g->cash);
    tb_json_out_key_i64(o, "stock", g->stock);
    if (g->scheme != 0) {
        tb_out_code(w, o, "scheme", TB_KIND_TIER_SCHEME, g->scheme);
        out_tiers(w, o, g);
    }
    tb_out_time(o, "from", g->from_ms);
    tb_out_time(o, "until", g->until_ms);
    tb_json_out_key_i64(o, "per_member", g->per_member);
    tb_out_word(o, "period", tb_words_period, TB_CAP_PERIODS, g->period);
    tb_out_code(w, o, "product", TB_KIND_PRODUCT, g->product);
    tb_out_code(w, o, "gives", TB_KIND_UNIT, g->gives);
    tb_json_out_key_bool(o, "members_only", (g->flags & TB_GOODS_MEMBERS_ONLY) != 0);
    tb_json_out_key_bool(o, "closed", (g->flags & TB_GOODS_CLOSED) != 0);
}

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_object(w, o, TB_KIND_GOODS);
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view v;
    struct tb_str object = tb_wire_str(tb_work_answer(w), 1);
    if (!tb_view_read(TB_KIND_GOODS, tb_wire_str(object, 2), w->arena, &v)) {
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
        return;
    }
    tb_json_out_open(o, '{');
    out_goods(w, o, &v);
    tb_json_out_close(o, '}');
}

/* {1 number, 2 packed, 3 left, 4 code, 5 left of her limit + 1} */
static bool out_row(struct tb_work *w, struct tb_json_out *o, struct tb_str row)
{
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    struct tb_wire f = tb_wire_of(row);
    uint64_t code = 0;
    if (!tb_view_read(TB_KIND_GOODS, tb_wire_str(row, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return false;
    }
    tb_json_out_open(o, '{');
    out_goods(w, o, &v);
    while (tb_wire_step(&f)) {
        if (f.field == 3)
            tb_json_out_key_i64(o, "left", (int64_t)f.v);
        else if (f.field == 4)
            code = f.v;
        else if (f.field == 5)
            tb_json_out_key_i64(o, "left_for_member", (int64_t)f.v - 1);
    }
    /* "ok", or the code of the refusal that she would get */
    tb_out_lower(o, "state", code < TB_CODE_COUNT ? tb_code_name((enum tb_code)code) : NULL);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
    return true;
}

static void read_page(struct tb_work *w, struct tb_cmd_mall_list *in)
{
    in->after = (uint64_t)tb_call_query_i64(w->call, TB_STR("after"), 0, TB_AMOUNT_MAX, 0);
    in->limit = (uint32_t)tb_call_query_i64(w->call, TB_STR("limit"), 1, TB_MALL_LIST_MAX, 50);
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    read_page(w, w->input);
}

static void mall_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_list *in = w->input;
    tb_path_who(w, o, &in->who);
    read_page(w, in);
}

/* A page whose rows stand in `field`. */
static void out_page(struct tb_work *w, struct tb_json_out *o, uint32_t field,
                     bool (*row)(struct tb_work *w, struct tb_json_out *o, struct tb_str row))
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    uint64_t next = tb_wire_u64(tb_work_answer(w), 3);
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "items", '[');
    while (tb_wire_step(&f))
        if (f.field == field && !row(w, o, f.s))
            return;
    tb_json_out_close(o, ']');
    if (next != 0)
        tb_json_out_key_i64(o, "next", (int64_t)next);
    tb_json_out_close(o, '}');
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    out_page(w, o, 1, out_row);
}

/* ---- exchanges ------------------------------------------------------------------------------------- */

static void read_exchange(struct tb_json_object *o, struct tb_cmd_mall_exchange *in)
{
    in->goods = tb_json_need_str(o, TB_STR("goods"), 1, TB_CODE_MAX);
    in->quantity = tb_may_i64(o, "quantity", 1, TB_EXCHANGE_PIECES_MAX, 1);
    in->store = tb_may_str(o, "store", TB_CODE_MAX);
    in->stored = tb_may_i64(o, "stored_value", 0, TB_AMOUNT_MAX, 0);
}

static void exchange_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_exchange *in = w->input;
    tb_read_who(w, o, TB_STR("member"), &in->who);
    read_exchange(o, in);
    (void)tb_json_may_enum(o, TB_STR("tender"), tb_words_tender, TB_TENDER_KINDS, &in->tender);
    in->paid = tb_may_i64(o, "paid", 0, TB_AMOUNT_MAX, 0);
}

/* By a member who is signed in: herself; money is not hers to say. */
static void my_exchange_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_exchange *in = w->input;
    tb_path_who(w, o, &in->who);
    read_exchange(o, in);
}

static void out_coupons(struct tb_work *w, struct tb_json_out *o, const uint64_t *lot, uint32_t n)
{
    char id[TB_ID_BYTES];
    tb_json_out_key_open(o, "coupons", '[');
    for (uint32_t i = 0; i < n; i++) {
        tb_id_print(&w->app->hash_key, TB_ID_COUPON, w->tenant, lot[i], id);
        tb_json_out_str(o, (struct tb_str){id, sizeof id});
    }
    tb_json_out_close(o, ']');
}

static void exchange_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    uint64_t lot[TB_EXCHANGE_COUPONS_MAX];
    uint32_t lots = 0;
    struct tb_str body = tb_work_answer(w);
    struct tb_wire f = tb_wire_of(body);
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    while (tb_wire_step(&f))
        if (f.field == 7 && lots < TB_COUNT_OF(lot))
            lot[lots++] = f.v;
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "exchange", TB_ID_EXCHANGE, v[1]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_out_code(w, o, "goods", TB_KIND_GOODS, v[8]);
    tb_out_word(o, "state", states, TB_EXCHANGE_STATES, v[2]);
    tb_json_out_key_i64(o, "points", (int64_t)v[3]);
    tb_json_out_key_i64(o, "cash", (int64_t)v[4]);
    tb_json_out_key_i64(o, "due", (int64_t)v[5]);
    tb_json_out_key_i64(o, "balance", tb_unzigzag(v[6]));
    out_coupons(w, o, lot, lots);
    tb_json_out_close(o, '}');
}

static void move_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_move *in = w->input;
    uint32_t state = 0;
    in->exchange = tb_path_id(w, o, TB_STR("exchange"), TB_ID_EXCHANGE, TB_CODE_UNKNOWN_EXCHANGE);
    if (tb_json_may_enum(o, TB_STR("state"), states + 1, TB_EXCHANGE_STATES - 1, &state))
        in->state = state + 1;
    (void)tb_json_may_enum(o, TB_STR("tender"), tb_words_tender, TB_TENDER_KINDS, &in->tender);
    in->paid = tb_may_i64(o, "paid", 0, TB_AMOUNT_MAX, 0);
    in->stored = tb_may_i64(o, "stored_value", 0, TB_AMOUNT_MAX, 0);
    in->reference = tb_may_str(o, "reference", TB_EXCHANGE_REFERENCE_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
    in->goods_back = tb_may_bool(o, "goods_back");
}

static void my_cancel_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_move *in = w->input;
    struct tb_str id = tb_json_need_str(o, TB_STR("exchange"), 1, 32);
    if (id.n > 0 && !tb_id_parse(&w->app->hash_key, TB_ID_EXCHANGE, w->tenant, id, &in->exchange))
        tb_work_no(w, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    in->state = TB_EXCHANGE_CANCELLED;
    in->by_owner = true;
    tb_path_who(w, o, &in->owner);
}

static void move_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "exchange", TB_ID_EXCHANGE, v[1]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_out_word(o, "state", states, TB_EXCHANGE_STATES, v[2]);
    tb_json_out_key_i64(o, "points_back", (int64_t)v[3]);
    tb_json_out_key_i64(o, "money_back", (int64_t)v[4]);
    tb_json_out_key_i64(o, "stored_value_back", (int64_t)v[6]);
    tb_json_out_key_i64(o, "due", (int64_t)v[5]);
    tb_json_out_close(o, '}');
}

/* {1 number, 2 packed} */
static bool out_exchange(struct tb_work *w, struct tb_json_out *o, struct tb_str row)
{
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    if (!tb_view_read(TB_KIND_EXCHANGE, tb_wire_str(row, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return false;
    }
    const struct tb_exchange *x = v.head;
    bool over = x->state == TB_EXCHANGE_CANCELLED;
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "exchange", TB_ID_EXCHANGE, tb_wire_u64(row, 1));
    tb_out_id(w, o, "member", TB_ID_MEMBER, x->profile);
    tb_out_code(w, o, "goods", TB_KIND_GOODS, x->goods);
    tb_out_word(o, "state", states, TB_EXCHANGE_STATES, x->state);
    tb_json_out_key_i64(o, "quantity", x->quantity);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, x->unit);
    tb_json_out_key_i64(o, "points", x->points);
    tb_json_out_key_i64(o, "cash", x->cash);
    tb_json_out_key_i64(o, "paid", x->paid);
    tb_json_out_key_i64(o, "stored_value", x->drawn);
    tb_json_out_key_i64(o, "due", over ? 0 : x->cash - x->paid - x->drawn);
    tb_out_code(w, o, "store", TB_KIND_STORE, x->store);
    if (x->reference_n > 0)
        tb_json_out_key_str(o, "reference",
                            (struct tb_str){(const char *)v.section[TB_EXCHANGE_BYTES] + x->reference_at,
                                            x->reference_n});
    out_coupons(w, o, v.section[TB_EXCHANGE_COUPON], v.n[TB_EXCHANGE_COUPON]);
    tb_out_time(o, "made_at", x->made_ms);
    tb_out_time(o, "moved_at", x->moved_ms);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
    return true;
}

static void taken_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_list *in = w->input;
    mall_read(w, o);
    in->taken = true;
}

static void taken_write(struct tb_work *w, struct tb_json_out *o)
{
    out_page(w, o, 2, out_exchange);
}

static void one_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_mall_list *in = w->input;
    in->exchange = tb_path_id(w, o, TB_STR("exchange"), TB_ID_EXCHANGE, TB_CODE_UNKNOWN_EXCHANGE);
    in->limit = 1;
}

static void one_write(struct tb_work *w, struct tb_json_out *o)
{
    (void)out_exchange(w, o, tb_wire_str(tb_work_answer(w), 2));
}

TB_WORK(goods_put, TB_OP_MALL_PUT, tb_cmd_mall_put, put_read, tb_work_out_put);
TB_WORK(goods_get, TB_OP_OBJECT_GET, tb_cmd_object_get, get_read, get_write);
TB_WORK(goods_list, TB_OP_MALL_LIST, tb_cmd_mall_list, list_read, list_write);
TB_WORK(member_mall, TB_OP_MALL_LIST, tb_cmd_mall_list, mall_read, list_write);
TB_WORK(exchange, TB_OP_MALL_EXCHANGE, tb_cmd_mall_exchange, exchange_read, exchange_write);
TB_WORK(my_exchange, TB_OP_MALL_EXCHANGE, tb_cmd_mall_exchange, my_exchange_read, exchange_write);
TB_WORK(exchange_move, TB_OP_MALL_MOVE, tb_cmd_mall_move, move_read, move_write);
TB_WORK(my_exchange_cancel, TB_OP_MALL_MOVE, tb_cmd_mall_move, my_cancel_read, move_write);
TB_WORK(exchange_list, TB_OP_MALL_LIST, tb_cmd_mall_list, taken_read, taken_write);
TB_WORK(exchange_get, TB_OP_MALL_LIST, tb_cmd_mall_list, one_read, one_write);
