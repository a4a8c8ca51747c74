// SPDX-License-Identifier: Apache-2.0
/* http/op_stock.c - what single stores have of a campaign's gifts (core/promotion/stock.c). */
#include "core/promotion/commands.h"
#include "http/app_int.h"

#define PIECES_MAX INT64_C(1000000000)
#define PAGE_MAX 200

static void stock_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_stock *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->store = tb_json_need_str(o, TB_STR("store"), 1, TB_CODE_MAX);
    in->set = tb_json_has(o, TB_STR("set"));
    if (in->set == tb_json_has(o, TB_STR("add")))
        tb_refusal_set(w->refusal, in->set ? TB_PROBLEM_INVALID_VALUE : TB_PROBLEM_MISSING_FIELD, "add",
                       "Either add or set.");
    int64_t add = tb_may_i64(o, "add", -PIECES_MAX, PIECES_MAX, 0);
    int64_t set = tb_may_i64(o, "set", 0, PIECES_MAX, 0);
    in->pieces = in->set ? set : add;
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

/* {1 store, 2 added (zigzag), 3 handed out, 4 left (zigzag)} */
static void out_row(struct tb_work *w, struct tb_json_out *o, struct tb_str row)
{
    uint64_t v[5];
    tb_wire_numbers(row, v, TB_COUNT_OF(v));
    tb_out_code(w, o, "store", TB_KIND_STORE, v[1]);
    tb_json_out_key_i64(o, "added", tb_unzigzag(v[2]));
    tb_json_out_key_i64(o, "handed_out", (int64_t)v[3]);
    tb_json_out_key_i64(o, "left", tb_unzigzag(v[4]));
}

static void stock_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    out_row(w, o, tb_wire_str(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

static void stocks_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_stocks *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->after = (uint64_t)tb_call_query_i64(w->call, TB_STR("after"), 0, TB_AMOUNT_MAX, 0);
    in->limit = (uint32_t)tb_call_query_i64(w->call, TB_STR("limit"), 1, PAGE_MAX, 100);
}

static void stocks_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_wire f = tb_wire_of(body);
    uint64_t next = tb_wire_u64(body, 5);
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "each_store", (int64_t)tb_wire_u64(body, 3));
    tb_json_out_key_open(o, "items", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 2)
            continue;
        tb_json_out_open(o, '{');
        out_row(w, o, f.s);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    if (next != 0)
        tb_json_out_key_i64(o, "next", (int64_t)next);
    tb_json_out_close(o, '}');
}

TB_WORK(campaign_stock, TB_OP_CAMPAIGN_STOCK, tb_cmd_campaign_stock, stock_read, stock_write);
TB_WORK(campaign_stocks, TB_OP_CAMPAIGN_STOCKS, tb_cmd_campaign_stocks, stocks_read, stocks_write);
