// SPDX-License-Identifier: Apache-2.0
/* A purchase of two lines, as a till sends it: recognised by phone, earning by one rule. */
#include <stdatomic.h>

#include "cli/bench/bench.h"
#include "core/ops.h"

struct purchase {
    struct tb_cmd_order order;
    struct tb_identifier id;
    struct tb_order_line_input line[2];
    struct tb_order_tender_input tender;
    char key[24];
};

static bool fill(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct purchase *p = area;
    tb_bench_key(v->member, 0, p->id.key);
    p->id.ns = w->phone[v->t];
    uint64_t no = atomic_fetch_add(&w->orders, 1) + 1;
    struct tb_buf key;
    tb_buf_init(&key, p->key, sizeof p->key);
    tb_buf_byte(&key, 'B');
    tb_buf_i64(&key, (int64_t)no);
    int64_t a = 100 + (int64_t)(v->chance % 9900);
    int64_t b = 100 + (int64_t)((v->chance >> 32) % 9900);
    p->line[0] = (struct tb_order_line_input){.sku = TB_STR("6901234567892"), .quantity = 1000, .net = a};
    p->line[1] = (struct tb_order_line_input){.sku = TB_STR("6909876543210"), .quantity = 2000, .net = b};
    p->tender = (struct tb_order_tender_input){.kind = 3, .amount = a + b};
    p->order = (struct tb_cmd_order){.key = tb_buf_as_str(&key),
                                     .identifier = &p->id,
                                     .identifier_n = 1,
                                     .store = TB_STR("S1"),
                                     .occurred_ms = v->now_ms,
                                     .line = p->line,
                                     .line_n = 2,
                                     .tender = &p->tender,
                                     .tender_n = 1,
                                     .input_hash = tb_mix(no)};
    out->op = TB_OP_ORDER;
    out->input = &p->order;
    return true;
}

const struct tb_bench_kind tb_bench_purchase = {.what = "burst",
                                                .things = "purchases",
                                                .area_bytes = (sizeof(struct purchase) + 15) / 16 * 16,
                                                .answer_bytes = TB_ANSWER_BYTES_MAX,
                                                .slots = 16384,
                                                .fill = fill};
